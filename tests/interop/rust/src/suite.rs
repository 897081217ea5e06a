//! Named checks, run one after the other, each in a task of its own, so that a panic of the client fails one check.

use crate::server::Server;
use futures::future::BoxFuture;
use std::future::Future;
use std::io::Write;
use std::time::{Duration, Instant};

/// A check passes when it returns; the error says why it does not.
pub type Outcome = Result<(), String>;

type Check = Box<dyn Fn(&'static Server) -> BoxFuture<'static, Outcome>>;

const TIME_MAX: Duration = Duration::from_secs(600); // only a hang takes so long, on any machine

pub struct Suite {
    server: &'static Server,
    checks: Vec<(String, Check)>,
}

impl Suite {
    pub fn new(server: &'static Server) -> Self {
        Suite { server, checks: Vec::new() }
    }

    pub fn add<F, T>(&mut self, name: &str, check: F)
    where
        F: Fn(&'static Server) -> T + 'static,
        T: Future<Output = Outcome> + Send + 'static,
    {
        self.checks.push((format!("rust: {name}"), Box::new(move |server| Box::pin(check(server)))));
    }

    /// Runs the checks whose names contain what was asked for; returns how many failed.
    pub fn run(&self, wanted: &str) -> usize {
        self.checks.iter().filter(|(name, _)| name.contains(wanted)).map(|(name, check)| self.run_one(name, check)).sum()
    }

    fn run_one(&self, name: &str, check: &Check) -> usize {
        let start = Instant::now();
        let outcome = self.outcome(check);
        let result = if outcome.is_ok() { "ok" } else { "FAILED" };
        let why = outcome.err().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
        println!("{result}\t{}\t{name}\t{why}", start.elapsed().as_millis());
        std::io::stdout().flush().expect("standard output takes the line");
        usize::from(result != "ok")
    }

    fn outcome(&self, check: &Check) -> Outcome {
        let runtime = self.server.clients.runtime();
        let task = runtime.spawn(check(self.server));
        match runtime.block_on(async { tokio::time::timeout(TIME_MAX, task).await }) {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(panic)) => Err(words_of(panic)),
            Err(_) => Err(format!("not done after {} s", TIME_MAX.as_secs())),
        }
    }
}

fn words_of(panic: tokio::task::JoinError) -> String {
    let what = panic.into_panic();
    match (what.downcast_ref::<String>(), what.downcast_ref::<&str>()) {
        (Some(words), _) => words.clone(),
        (_, Some(words)) => words.to_string(),
        _ => "it panicked".to_owned(),
    }
}

/// Fails the check unless the condition holds.
macro_rules! require {
    ($holds:expr, $($words:tt)+) => {
        if !$holds {
            return Err(format!($($words)+));
        }
    };
}
pub(crate) use require;

/// What a call failed with, as the reason of a check.
pub fn why<E: std::fmt::Debug>(what: &'static str) -> impl Fn(E) -> String {
    move |error| format!("{what}: {error:?}")
}
