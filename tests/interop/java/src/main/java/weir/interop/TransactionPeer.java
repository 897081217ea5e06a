package weir.interop;

import io.pravega.client.EventStreamClientFactory;
import io.pravega.client.admin.StreamManager;
import io.pravega.client.stream.EventWriterConfig;
import io.pravega.client.stream.Stream;
import io.pravega.client.stream.Transaction;
import io.pravega.client.stream.TransactionInfo;
import io.pravega.client.stream.TransactionalEventStreamWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** The verbs on transactions, which the C peer has, too. */
final class TransactionPeer {
    private static final List<AutoCloseable> OPEN = new ArrayList<>(); /* they go on pinging */

    private TransactionPeer() { }

    private interface Work {
        void on(Transaction<String> transaction) throws Exception;
    }

    /** Runs "txn-VERB SCOPE/STREAM ..."; false: there is no such verb. */
    static boolean run(Server server, String[] args) throws Exception {
        if (args.length < 3) {
            return false;
        }
        Stream stream = Stream.of(args[2]);
        switch (args[1] + "/" + (args.length - 3)) {
            case "txn-begin/1" -> begin(server, stream, Long.parseLong(args[3]));
            case "txn-write/3" -> with(server, stream, args[3], transaction -> Io.write(transaction,
                    Integer.parseInt(args[4]), Integer.parseInt(args[5])));
            case "txn-commit/1" -> with(server, stream, args[3], transaction -> {
                transaction.commit();
                require(Io.outcome(transaction), Transaction.Status.COMMITTED);
            });
            case "txn-abort/1" -> with(server, stream, args[3], transaction -> {
                transaction.abort();
                require(Io.outcome(transaction), Transaction.Status.ABORTED);
            });
            case "txn-status/1" -> with(server, stream, args[3], transaction ->
                    System.out.println(transaction.checkStatus()));
            case "txn-list/0" -> list(server.streams, stream);
            default -> {
                return false;
            }
        }
        return true;
    }

    private static void require(Transaction.Status status, Transaction.Status expected) {
        Numbered.require(status == expected, "the transaction ended as %s", status);
    }

    /** Prints its id. It stays open, and this client pings it, as long as the program runs. */
    private static void begin(Server server, Stream stream, long leaseMs) {
        EventStreamClientFactory clients = server.clients(stream.getScope());
        TransactionalEventStreamWriter<String> writer = clients.createTransactionalEventWriter(stream.getStreamName(),
                Io.TEXT, EventWriterConfig.builder().transactionTimeoutTime(leaseMs).build());
        OPEN.add(clients);
        OPEN.add(writer);
        System.out.println(writer.beginTxn().getTxnId());
    }

    /** Whoever began it. */
    private static void with(Server server, Stream stream, String id, Work work) throws Exception {
        try (EventStreamClientFactory clients = server.clients(stream.getScope());
             TransactionalEventStreamWriter<String> writer = Io.transactions(clients, stream)) {
            work.on(writer.getTxn(UUID.fromString(id)));
        }
    }

    private static void list(StreamManager streams, Stream stream) {
        List<String> lines = new ArrayList<>();
        for (TransactionInfo each : streams.listCompletedTransactions(stream)) {
            lines.add(each.getTransactionId() + " " + each.getTransactionStatus());
        }
        lines.stream().sorted().forEach(System.out::println);
    }
}
