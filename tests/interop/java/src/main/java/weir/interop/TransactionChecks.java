package weir.interop;

import static weir.interop.Numbered.require;
import static weir.interop.Numbered.requireOnce;
import static weir.interop.Numbered.requireOrderByKey;

import io.pravega.client.EventStreamClientFactory;
import io.pravega.client.control.impl.Controller;
import io.pravega.client.control.impl.ControllerImpl;
import io.pravega.client.control.impl.ControllerImplConfig;
import io.pravega.client.stream.EventStreamWriter;
import io.pravega.client.stream.EventWriterConfig;
import io.pravega.client.stream.Stream;
import io.pravega.client.stream.Transaction;
import io.pravega.client.stream.TransactionalEventStreamWriter;
import io.pravega.client.stream.TxnFailedException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/** Transactions: invisible until committed, then whole and in order; gone when aborted, by hand or by their lease. */
final class TransactionChecks {
    private static final long LEASE_MS_MIN = 10_000; /* the least that a controller grants */
    private static final long LEASE_MS = 20_000; /* pinged every 4.5 s: a busy machine is not late by more than the rest */
    private final Server server;
    private Stream abandonedStream;
    private UUID abandoned;
    private EventStreamClientFactory holders;
    private TransactionalEventStreamWriter<String> holder;
    private Transaction<String> held;
    private Stream heldStream;
    private long since; /* both were begun */

    TransactionChecks(Server server) {
        this.server = server;
    }

    /** Leaves one transaction alone as early as possible: the last check looks at what became of it. */
    void addFirstTo(Suite suite) {
        suite.add("transactions: one left alone with a lease of 20 s", this::abandon);
        suite.add("transactions: one that its writer pings beyond its lease of 20 s", this::hold);
    }

    void addTo(Suite suite) {
        suite.add("transactions: nothing to see before the commit, all after it", this::commit);
        suite.add("transactions: nothing to see after an abort", this::abort);
        suite.add("transactions: several at once, each in one piece", this::several);
        suite.add("transactions: committed by another client, by its id", this::byAnother);
        suite.add("transactions: an empty one commits", this::empty);
        suite.add("transactions: of two epochs, committed after a scale", this::overScales);
        suite.add("transactions: of three epochs, committed in another order", this::overThreeEpochs);
        suite.add("transactions: leases that are refused", this::leases);
        suite.add("transactions: an event of nearly 8 MiB in one", this::large);
        suite.add("transactions: open ones end with a sealed stream", this::sealed);
    }

    void addLastTo(Suite suite) {
        suite.add("transactions: the one left alone was aborted", this::expired);
        suite.add("transactions: the one that was pinged is open, and commits", this::held);
    }

    private void commit() throws Exception {
        Stream stream = server.newStream("commit", 3);
        try (EventStreamClientFactory clients = server.clients(stream.getScope());
             TransactionalEventStreamWriter<String> writer = Io.transactions(clients, stream)) {
            Transaction<String> transaction = writer.beginTxn();
            Io.write(transaction, 0, 500);
            require(transaction.checkStatus() == Transaction.Status.OPEN, "it is %s", transaction.checkStatus());
            require(Io.readAll(server, stream).isEmpty(), "its events are seen before the commit");
            transaction.commit();
            require(Io.outcome(transaction) == Transaction.Status.COMMITTED, "it ended aborted");
        }
        List<String> events = Io.readAll(server, stream);
        requireOnce(events, 0, 500);
        requireOrderByKey(events);
    }

    private void abort() throws Exception {
        Stream stream = server.newStream("abort", 2);
        try (EventStreamClientFactory clients = server.clients(stream.getScope());
             TransactionalEventStreamWriter<String> writer = Io.transactions(clients, stream)) {
            Transaction<String> transaction = writer.beginTxn();
            Io.write(transaction, 0, 100);
            transaction.abort();
            require(Io.outcome(transaction) == Transaction.Status.ABORTED, "it ended committed");
            boolean refused = false;
            try {
                writer.getTxn(transaction.getTxnId()).commit();
            } catch (TxnFailedException expected) {
                refused = true;
            }
            require(refused, "an aborted transaction was committed");
        }
        Io.write(server, stream, 100, 150);
        requireOnce(Io.readAll(server, stream), 100, 150);
    }

    /** Three open transactions and plain events in turn; committed in another order than begun. */
    private void several() throws Exception {
        Stream stream = server.newStream("several", 1);
        try (EventStreamClientFactory clients = server.clients(stream.getScope());
             EventStreamWriter<String> plain = clients.createEventWriter(stream.getStreamName(), Io.TEXT,
                     Io.writerConfig());
             TransactionalEventStreamWriter<String> writer = Io.transactions(clients, stream)) {
            List<Transaction<String>> open = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                open.add(writer.beginTxn());
            }
            for (int round = 0; round < 10; round++) {
                for (int i = 0; i < 3; i++) {
                    Io.write(open.get(i), 100 * i + 10 * round, 100 * i + 10 * round + 10);
                }
                Io.write(plain, 300 + round, 301 + round);
            }
            for (int i : new int[] {2, 0, 1}) {
                open.get(i).commit();
                require(Io.outcome(open.get(i)) == Transaction.Status.COMMITTED, "the one begun as %d aborted", i);
            }
        }
        List<String> expected = new ArrayList<>(Numbered.events(300, 310));
        expected.addAll(Numbered.events(200, 300));
        expected.addAll(Numbered.events(0, 100));
        expected.addAll(Numbered.events(100, 200));
        require(Io.readAll(server, stream).equals(expected), "the events are not in the order of the commits");
    }

    private void byAnother() throws Exception {
        Stream stream = server.newStream("by-another", 2);
        UUID id;
        try (EventStreamClientFactory clients = server.clients(stream.getScope());
             TransactionalEventStreamWriter<String> writer = Io.transactions(clients, stream)) {
            Transaction<String> transaction = writer.beginTxn();
            Io.write(transaction, 0, 60);
            id = transaction.getTxnId();
        }
        try (EventStreamClientFactory clients = server.clients(stream.getScope());
             TransactionalEventStreamWriter<String> writer = Io.transactions(clients, stream)) {
            Transaction<String> transaction = writer.getTxn(id);
            Io.write(transaction, 60, 80);
            transaction.commit();
            require(Io.outcome(transaction) == Transaction.Status.COMMITTED, "it ended aborted");
        }
        requireOnce(Io.readAll(server, stream), 0, 80);
    }

    private void empty() throws Exception {
        Stream stream = server.newStream("empty", 2);
        try (EventStreamClientFactory clients = server.clients(stream.getScope());
             TransactionalEventStreamWriter<String> writer = Io.transactions(clients, stream)) {
            Transaction<String> transaction = writer.beginTxn();
            transaction.commit();
            require(Io.outcome(transaction) == Transaction.Status.COMMITTED, "it ended aborted");
        }
        require(Io.readAll(server, stream).isEmpty(), "there are events");
    }

    /** A transaction's segments are those of its epoch: if they are sealed at the commit, the stream rolls over. */
    private void overScales() throws Exception {
        Stream stream = server.newStream("rolling", 1);
        try (Controller controller = controller();
             EventStreamClientFactory clients = server.clients(stream.getScope());
             EventStreamWriter<String> plain = clients.createEventWriter(stream.getStreamName(), Io.TEXT,
                     Io.writerConfig());
             TransactionalEventStreamWriter<String> writer = Io.transactions(clients, stream)) {
            Transaction<String> first = writer.beginTxn();
            Io.write(first, 0, 100);
            scale(controller, stream, List.of(0L), Map.of(0.0, 0.5, 0.5, 1.0));
            Io.write(plain, 100, 150);
            Transaction<String> second = writer.beginTxn();
            Io.write(second, 150, 250);
            Io.write(first, 250, 260);
            second.commit();
            require(Io.outcome(second) == Transaction.Status.COMMITTED, "that of the second epoch aborted");
            first.commit();
            require(Io.outcome(first) == Transaction.Status.COMMITTED, "that of the first epoch aborted");
            Io.write(plain, 260, 300);
        }
        requireOnce(Io.readAll(server, stream), 0, 300);
        require(server.tail(stream).asImpl().getPositions().size() == 2, "it has other segments than after its scale");
    }

    /** Merged and split under open transactions: each rolls over by itself, and the stream stays as it was scaled last. */
    private void overThreeEpochs() throws Exception {
        Stream stream = server.newStream("rolls-twice", 1);
        StreamChecks scales = new StreamChecks(server);
        try (EventStreamClientFactory clients = server.clients(stream.getScope());
             TransactionalEventStreamWriter<String> writer = Io.transactions(clients, stream)) {
            List<Transaction<String>> open = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                scales.scaleAll(stream, new int[] {2, 1, 3}[i]);
                open.add(writer.beginTxn());
                Io.write(open.get(i), 100 * i, 100 * i + 100);
            }
            for (int i : new int[] {1, 2, 0}) {
                open.get(i).commit();
                require(Io.outcome(open.get(i)) == Transaction.Status.COMMITTED, "the one begun as %d aborted", i);
                Io.write(server, stream, 300 + 10 * i, 310 + 10 * i);
            }
        }
        require(server.tail(stream).asImpl().getPositions().size() == 3, "it has %s for segments", server.tail(stream));
        List<String> events = Io.readAll(server, stream);
        requireOnce(events, 0, 330);
        for (int i : new int[] {0, 1, 2}) { /* what was written after a commit comes after it */
            for (int number = 300 + 10 * i; number < 310 + 10 * i; number++) {
                require(events.indexOf(Numbered.event(number)) > events.indexOf(Numbered.event(100 * i + number % 10)),
                        "event %d came before its key's of transaction %d", number, i);
            }
        }
    }

    private Controller controller() {
        return new ControllerImpl(ControllerImplConfig.builder().clientConfig(server.config).build(), server.executor);
    }

    private void scale(Controller controller, Stream stream, List<Long> sealed, Map<Double, Double> ranges)
            throws Exception {
        require(controller.scaleStream(stream, sealed, ranges, server.executor).getFuture().get(Server.WAIT_S, TimeUnit.SECONDS),
                "scaling %s says false", sealed);
    }

    private void leases() throws Exception {
        Stream stream = server.newStream("leases", 1);
        try (Controller controller = new ControllerImpl(ControllerImplConfig.builder().clientConfig(server.config)
                .retryAttempts(2).build(), server.executor)) {
            for (long lease : new long[] {LEASE_MS_MIN - 1, 10_000_000_000L}) {
                String word = ControllerChecks.word(controller.createTransaction(stream, lease));
                require(word.equals("StatusRuntimeException"), "with a lease of %d ms it comes to %s", lease, word);
            }
            UUID id = controller.createTransaction(stream, 60_000).get(Server.WAIT_S, TimeUnit.SECONDS).getTxnId();
            String word = ControllerChecks.word(controller.pingTransaction(stream, id, 10_000_000_000L));
            require(word.equals("PingFailedException"), "a ping for too long comes to %s", word);
            require(ControllerChecks.word(controller.pingTransaction(stream, id, 60_000)).equals("OPEN"),
                    "a right ping comes to something else");
            controller.abortTransaction(stream, id).get(Server.WAIT_S, TimeUnit.SECONDS);
        }
    }

    private void large() throws Exception {
        Stream stream = server.newStream("large-transaction", 1);
        List<String> written = List.of("first", "y".repeat((8 << 20) - 100), "last");
        try (EventStreamClientFactory clients = server.clients(stream.getScope());
             TransactionalEventStreamWriter<String> writer = Io.transactions(clients, stream)) {
            Transaction<String> transaction = writer.beginTxn();
            for (String event : written) {
                transaction.writeEvent("key", event);
            }
            transaction.commit();
            require(Io.outcome(transaction) == Transaction.Status.COMMITTED, "it ended aborted");
        }
        require(Io.readAll(server, stream).equals(written), "what was read is not what was written");
    }

    /** Sealing a stream aborts what is open. */
    private void sealed() throws Exception {
        Stream stream = server.newStream("sealed-over", 1);
        try (EventStreamClientFactory clients = server.clients(stream.getScope());
             TransactionalEventStreamWriter<String> writer = Io.transactions(clients, stream)) {
            Transaction<String> transaction = writer.beginTxn();
            Io.write(transaction, 0, 10);
            writer.beginTxn();
            require(server.streams.sealStream(stream.getScope(), stream.getStreamName()), "sealStream says false");
            require(Io.outcome(transaction) == Transaction.Status.ABORTED, "it ended committed");
        }
        require(Io.readAll(server, stream).isEmpty(), "its events are there");
    }

    private void abandon() throws Exception {
        abandonedStream = server.newStream("lease", 1);
        try (EventStreamClientFactory clients = server.clients(abandonedStream.getScope());
             TransactionalEventStreamWriter<String> writer = clients.createTransactionalEventWriter(
                     abandonedStream.getStreamName(), Io.TEXT,
                     EventWriterConfig.builder().transactionTimeoutTime(LEASE_MS).build())) {
            Transaction<String> transaction = writer.beginTxn();
            Io.write(transaction, 0, 10);
            abandoned = transaction.getTxnId();
            since = System.nanoTime();
        } /* a closed writer pings no more */
    }

    private void hold() throws Exception {
        heldStream = server.newStream("pinged", 1);
        holders = server.clients(heldStream.getScope());
        holder = holders.createTransactionalEventWriter(heldStream.getStreamName(), Io.TEXT,
                EventWriterConfig.builder().transactionTimeoutTime(LEASE_MS).build());
        held = holder.beginTxn();
        since = System.nanoTime();
        Io.write(held, 0, 10);
    }

    private void sleepBeyondLease() throws InterruptedException {
        long age = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - since);
        Thread.sleep(Math.max(0, LEASE_MS + LEASE_MS / 2 - age));
    }

    private void held() throws Exception {
        sleepBeyondLease();
        require(held.checkStatus() == Transaction.Status.OPEN, "it is %s", held.checkStatus());
        Io.write(held, 10, 20);
        held.commit();
        require(Io.outcome(held) == Transaction.Status.COMMITTED, "it ended aborted");
        requireOnce(Io.readAll(server, heldStream), 0, 20);
        holder.close();
        holders.close();
    }

    private void expired() throws Exception {
        sleepBeyondLease();
        try (Controller controller = controller()) { /* a writer would ping it, and it would live on */
            for (String status = ""; !status.equals("ABORTED"); Thread.sleep(50)) {
                status = ControllerChecks.word(controller.checkTransactionStatus(abandonedStream, abandoned));
                require(!status.startsWith("COMMIT"), "it is %s", status);
            }
        }
        require(Io.readAll(server, abandonedStream).isEmpty(), "its events are there");
    }
}
