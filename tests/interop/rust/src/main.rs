//! Pravega's Rust client as a program: the checks that it makes of a server.
//!
//!     rust-peer CONTROLLER-URI [PART-OF-NAME]
//!
//! A line for each check, as those of the Java program: "ok|FAILED <tab> milliseconds <tab> name <tab> why".
//! What certificates to trust and which credentials to show come from the environment, under the Java program's names.
//! Exit status: 0 all passed, 1 one failed, 2 wrong usage.

mod bytes;
mod events;
mod groups;
mod server;
mod streams;
mod suite;
mod tables;
mod transactions;
mod wire;

use server::Server;
use suite::Suite;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.is_empty() || args.len() > 2 {
        eprintln!("usage: rust-peer CONTROLLER-URI [PART-OF-NAME]");
        std::process::exit(2);
    }
    let server = Server::leaked(&args[0]);
    let mut suite = Suite::new(server);
    transactions::add_first_to(&mut suite);
    streams::add_to(&mut suite);
    events::add_to(&mut suite);
    transactions::add_to(&mut suite);
    bytes::add_to(&mut suite);
    wire::add_to(&mut suite);
    tables::add_to(&mut suite);
    groups::add_to(&mut suite); // their state is in tables
    transactions::add_last_to(&mut suite);
    let wanted = args.get(1).map_or("", String::as_str);
    let failed = suite.run(wanted);
    std::process::exit(i32::from(failed > 0)); // the client's runtime would wait for its tasks
}
