package weir.interop;

import io.pravega.client.EventStreamClientFactory;
import io.pravega.client.stream.Stream;
import io.pravega.client.stream.Transaction;
import io.pravega.client.stream.TransactionalEventStreamWriter;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Pravega's Java client as a program: the other side of the interoperability tests.
 *
 * <p>Exit status: 0 done, 1 a check failed or the server refused, 2 wrong usage.
 */
public final class Peer {
    private static final String USAGE = """
            usage: peer CONTROLLER-URI VERB [ARGUMENT...]
              create SCOPE/STREAM SEGMENTS
              write SCOPE/STREAM FROM TO              numbered events, each with its key
              transaction SCOPE/STREAM FROM TO commit|abort
              read SCOPE/STREAM                       every event up to the tail as of now, one a line
              endure SCOPE/STREAM                     numbered events, through any failure, until standard input ends
              verify SCOPE/STREAM FROM TO             reads it: these events, each once, those of a key in order
              counter SCOPE/STREAM race COUNT AMOUNT  raises a number shared through a state synchronizer
              counter SCOPE/STREAM value              the number, and the revision that it stands at
              group-VERB SCOPE/GROUP [ARGUMENT...]    what the C peer's verbs do (GroupPeer), and group-read
              group-share SCOPE/GROUP READER          as a reader, a line for each event, until SIGTERM or offline
              table-create SCOPE/TABLE PARTITIONS
              table-list SCOPE/TABLE                  status 0: the scope lists it, 1: not
              table-put SCOPE/TABLE FROM TO           numbered entries, those of a group at once
              table-verify SCOPE/TABLE FROM TO        these entries, by key and in order, and no others
              table-get SCOPE/TABLE PRIMARY SECONDARY
              table-replace SCOPE/TABLE PRIMARY SECONDARY VALUE VERSION     status 4: another version is there
              bytes-write|bytes-read|bytes-bounds|bytes-seal SCOPE/STREAM   from and to the standard streams
              bytes-truncate SCOPE/STREAM OFFSET
              stream-VERB SCOPE/STREAM [ARGUMENT...]  streams, cuts and batches, as the C peer (StreamPeer)
              txn-VERB SCOPE/STREAM [ARGUMENT...]     transactions, by their ids (TransactionPeer)
              events-VERB SCOPE/STREAM [ARGUMENT...]  large events, times, pointers (EventPeer)
              log-VERB SCOPE/STREAM [ARGUMENT...]     revisioned streams (LogPeer)
              serve                                   verbs from standard input (Serve)
              suite [PART-OF-NAME [without-tables]]   every check, or those with such a name
                   peer formats write SEED COUNT      random objects in their portable forms, one a line
                   peer formats read SEED COUNT       the same objects, written by another program
            """;

    private Peer() { }

    public static void main(String[] args) {
        int status;
        try {
            status = run(args);
        } catch (AssertionError why) {
            System.err.println("peer: " + why.getMessage());
            status = 1;
        } catch (Throwable why) {
            why.printStackTrace();
            status = 1;
        }
        System.out.flush();
        System.exit(status); /* the client's threads would go on */
    }

    private static int run(String[] args) throws Exception {
        if (args.length < 2) {
            return usage();
        }
        if (args[0].equals("formats")) {
            return formats(args);
        }
        try (Server server = new Server(URI.create(args[0]))) {
            return args[1].equals("serve") && args.length == 2 ? Serve.serve(server, args[0]) : run(server, args);
        }
    }

    /** Runs one verb, the second of the arguments; returns the exit status. */
    static int run(Server server, String[] args) throws Exception {
        if (args[1].startsWith("table-") && args.length > 2) {
            return table(server, args);
        }
        if (args[1].startsWith("bytes-") && args.length > 2) {
            return bytes(server, args);
        }
        return switch (args[1] + "/" + (args.length - 2)) {
            case "create/2" -> create(server, Stream.of(args[2]), Integer.parseInt(args[3]));
            case "write/3" -> write(server, Stream.of(args[2]), Integer.parseInt(args[3]),
                    Integer.parseInt(args[4]));
            case "transaction/4" -> transaction(server, Stream.of(args[2]), Integer.parseInt(args[3]),
                    Integer.parseInt(args[4]), args[5].equals("commit"));
            case "read/1" -> read(server, Stream.of(args[2]));
            case "verify/3" -> verify(Io.readAll(server, Stream.of(args[2])), Integer.parseInt(args[3]),
                    Integer.parseInt(args[4]));
            case "endure/1" -> Endurance.write(server, Stream.of(args[2]));
            case "counter/4" -> {
                Counter.race(server, Stream.of(args[2]), Integer.parseInt(args[4]), Long.parseLong(args[5]));
                yield 0;
            }
            case "counter/2" -> {
                Counter.print(server, Stream.of(args[2]));
                yield 0;
            }
            case "group-share/2" -> GroupReader.read(server, Stream.of(args[2]), args[3]);
            case "suite/0" -> suite(server, "", true);
            case "suite/1" -> suite(server, args[2], true);
            case "suite/2" -> suite(server, args[2], !args[3].equals("without-tables"));
            default -> runTheme(server, args) ? 0 : usage();
        };
    }

    private static boolean runTheme(Server server, String[] args) throws Exception {
        return StreamPeer.run(server, args) || GroupPeer.run(server, args) || TransactionPeer.run(server, args)
                || EventPeer.run(server, args) || LogPeer.run(server, args);
    }

    private static int table(Server server, String[] args) throws Exception {
        try (Tables table = new Tables(server, Stream.of(args[2]))) {
            return switch (args[1] + "/" + (args.length - 3)) {
                case "table-create/1" -> table.create(Integer.parseInt(args[3]));
                case "table-list/0" -> table.list();
                case "table-put/2" -> table.put(Integer.parseInt(args[3]), Integer.parseInt(args[4]));
                case "table-verify/2" -> table.verify(Integer.parseInt(args[3]), Integer.parseInt(args[4]));
                case "table-get/2" -> table.get(args[3], args[4]);
                case "table-replace/4" -> table.replace(args[3], args[4], args[5], args[6]);
                default -> usage();
            };
        }
    }

    private static int bytes(Server server, String[] args) throws Exception {
        Stream stream = Stream.of(args[2]);
        return switch (args[1] + "/" + (args.length - 3)) {
            case "bytes-write/0" -> Bytes.write(server, stream);
            case "bytes-read/0" -> Bytes.read(server, stream);
            case "bytes-bounds/0" -> Bytes.bounds(server, stream);
            case "bytes-seal/0" -> Bytes.seal(server, stream);
            case "bytes-truncate/1" -> Bytes.truncate(server, stream, Long.parseLong(args[3]));
            default -> usage();
        };
    }

    private static int usage() {
        System.err.print(USAGE);
        return 2;
    }

    private static int formats(String[] args) throws Exception {
        return switch (args[1] + "/" + (args.length - 2)) {
            case "write/2" -> Formats.write(Long.parseLong(args[2]), Integer.parseInt(args[3]),
                    new PrintStream(System.out, false, StandardCharsets.UTF_8));
            case "read/2" -> Formats.read(Long.parseLong(args[2]), Integer.parseInt(args[3]),
                    new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)));
            default -> usage();
        };
    }

    private static int create(Server server, Stream stream, int segments) {
        server.create(stream, segments);
        return 0;
    }

    private static int write(Server server, Stream stream, int from, int to) {
        Io.write(server, stream, from, to);
        return 0;
    }

    private static int transaction(Server server, Stream stream, int from, int to, boolean commits) throws Exception {
        try (EventStreamClientFactory clients = server.clients(stream.getScope());
             TransactionalEventStreamWriter<String> writer = Io.transactions(clients, stream)) {
            Transaction<String> transaction = writer.beginTxn();
            Io.write(transaction, from, to);
            if (commits) {
                transaction.commit();
            } else {
                transaction.abort();
            }
            Transaction.Status expected = commits ? Transaction.Status.COMMITTED : Transaction.Status.ABORTED;
            return Io.outcome(transaction) == expected ? 0 : 1;
        }
    }

    private static int read(Server server, Stream stream) throws Exception {
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        Io.readAll(server, stream).forEach(out::println);
        out.flush();
        return 0;
    }

    private static int verify(List<String> events, int from, int to) {
        Numbered.requireOnce(events, from, to);
        Numbered.requireOrderByKey(events);
        return 0;
    }

    private static int suite(Server server, String wanted, boolean withTables) {
        Suite suite = new Suite();
        TransactionChecks transactions = new TransactionChecks(server);
        transactions.addFirstTo(suite);
        new StreamChecks(server).addTo(suite);
        new EventChecks(server).addTo(suite);
        transactions.addTo(suite);
        new ControllerChecks(server).addTo(suite);
        new ReadChecks(server).addTo(suite);
        new GroupChecks(server).addTo(suite);
        if (withTables) {
            new TableChecks(server).addTo(suite);
        }
        transactions.addLastTo(suite);
        return suite.run(wanted) == 0 ? 0 : 1;
    }
}
