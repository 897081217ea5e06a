package weir.interop;

import io.pravega.client.EventStreamClientFactory;
import io.pravega.client.admin.ReaderGroupManager;
import io.pravega.client.admin.StreamInfo;
import io.pravega.client.segment.impl.Segment;
import io.pravega.client.stream.EventRead;
import io.pravega.client.stream.EventStreamReader;
import io.pravega.client.stream.EventStreamWriter;
import io.pravega.client.stream.EventWriterConfig;
import io.pravega.client.stream.ReaderConfig;
import io.pravega.client.stream.ReaderGroupConfig;
import io.pravega.client.stream.Stream;
import io.pravega.client.stream.StreamCut;
import io.pravega.client.stream.Transaction;
import io.pravega.client.stream.TransactionalEventStreamWriter;
import io.pravega.client.stream.impl.PositionImpl;
import io.pravega.client.stream.impl.UTF8StringSerializer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** Writing and reading whole streams of numbered events. */
final class Io {
    static final UTF8StringSerializer TEXT = new UTF8StringSerializer();
    private static final long IDLE_MS_MAX = Server.WAIT_S * 1000;
    private static final long CHECKPOINT_MS = 200; /* a reader is done with a segment only after a checkpoint */

    private Io() { }

    static EventWriterConfig writerConfig() {
        return EventWriterConfig.builder().build();
    }

    /** Writes numbers from..to-1, each with its key; returns when all are acknowledged. */
    static void write(Server server, Stream stream, int from, int to) {
        try (EventStreamClientFactory clients = server.clients(stream.getScope());
             EventStreamWriter<String> writer = clients.createEventWriter(stream.getStreamName(), TEXT,
                     writerConfig())) {
            write(writer, from, to);
        }
    }

    static void write(EventStreamWriter<String> writer, int from, int to) {
        List<CompletableFuture<Void>> acknowledged = new ArrayList<>();
        for (int number = from; number < to; number++) {
            acknowledged.add(writer.writeEvent(Numbered.key(number), Numbered.event(number)));
        }
        writer.flush();
        for (CompletableFuture<Void> each : acknowledged) {
            each.join();
        }
    }

    static void write(Transaction<String> transaction, int from, int to) throws Exception {
        for (int number = from; number < to; number++) {
            transaction.writeEvent(Numbered.key(number), Numbered.event(number));
        }
        transaction.flush();
    }

    static TransactionalEventStreamWriter<String> transactions(EventStreamClientFactory clients, Stream stream) {
        return clients.createTransactionalEventWriter(stream.getStreamName(), TEXT, writerConfig());
    }

    /** Waits until a transaction has ended in one way or the other. */
    static Transaction.Status outcome(Transaction<?> transaction) throws InterruptedException {
        for (;;) {
            Transaction.Status status = transaction.checkStatus();
            if (status == Transaction.Status.COMMITTED || status == Transaction.Status.ABORTED) {
                return status;
            }
            Thread.sleep(50);
        }
    }

    /** Every event from the head to the tail as of now, read by one reader of a group of its own. */
    static List<String> readAll(Server server, Stream stream) throws Exception {
        return readAll(server, stream, 1);
    }

    /** The same, by several readers that share the segments. */
    static List<String> readAll(Server server, Stream stream, int readers) throws Exception {
        List<String> events = Collections.synchronizedList(new ArrayList<>());
        readBetween(server, stream, StreamCut.UNBOUNDED, end(server, stream), readers, events::add);
        return events;
    }

    /** Where a stream ends now: its tail, or unbounded if it is sealed, since it has no open segments to name then. */
    private static StreamCut end(Server server, Stream stream) throws Exception {
        StreamInfo info = server.info(stream);
        return info.isSealed() ? StreamCut.UNBOUNDED : info.getTailStreamCut();
    }

    static void readBetween(Server server, Stream stream, StreamCut from, StreamCut to, int readers,
            Consumer<String> consumer) throws Exception {
        String group = server.fresh("all");
        try (ReaderGroupManager groups = server.groups(stream.getScope());
             EventStreamClientFactory clients = server.clients(stream.getScope())) {
            groups.createReaderGroup(group, ReaderGroupConfig.builder().stream(stream, from, to)
                    .automaticCheckpointIntervalMillis(CHECKPOINT_MS).groupRefreshTimeMillis(CHECKPOINT_MS).build());
            Progress progress = new Progress(to);
            List<CompletableFuture<Void>> all = new ArrayList<>();
            for (int i = 0; i < readers; i++) {
                String reader = "reader-" + i;
                all.add(CompletableFuture.runAsync(() -> readToEnd(clients, group, reader, progress, consumer),
                        Threads::start));
            }
            for (CompletableFuture<Void> each : all) {
                each.get();
            }
            groups.deleteReaderGroup(group);
        }
    }

    /**
     * How far the readers of a group have come on the way to a stream cut. The client itself sees that end only if
     * more was written behind it, or if the segments are sealed: it asks the server for bytes that never come.
     */
    private static final class Progress {
        private final Map<Segment, Long> left = new HashMap<>();
        private boolean ended;

        Progress(StreamCut to) {
            if (!to.equals(StreamCut.UNBOUNDED)) {
                left.putAll(to.asImpl().getPositions());
            }
        }

        /** Says if all of it is read now. */
        synchronized boolean add(EventRead<String> read) {
            boolean bounded = !left.isEmpty();
            Map<Segment, Long> at = ((PositionImpl) read.getPosition()).getOwnedSegmentsWithOffsets();
            at.forEach((segment, offset) -> left.computeIfPresent(segment, (s, end) -> offset < end ? end : null));
            ended |= read.isReadCompleted() || bounded && left.isEmpty();
            return ended;
        }
    }

    private static void readToEnd(EventStreamClientFactory clients, String group, String name, Progress progress,
            Consumer<String> consumer) {
        try (EventStreamReader<String> reader = clients.createReader(name, group, TEXT,
                ReaderConfig.builder().build())) {
            long deadline = System.currentTimeMillis() + IDLE_MS_MAX;
            for (boolean done = false; !done;) {
                EventRead<String> read = reader.readNextEvent(200);
                if (read.getEvent() != null) {
                    consumer.accept(read.getEvent());
                    deadline = System.currentTimeMillis() + IDLE_MS_MAX;
                }
                done = progress.add(read);
                Numbered.require(System.currentTimeMillis() < deadline, "%s got no event and no end in %d s", name,
                        IDLE_MS_MAX / 1000);
            }
        }
    }

    /** The next count events of a reader. */
    static List<String> next(EventStreamReader<String> reader, int count) {
        List<String> events = new ArrayList<>();
        while (events.size() < count) {
            events.add(nextRead(reader).getEvent());
        }
        return events;
    }

    /** The next event of a reader; null reads, as at a checkpoint, don't count. */
    static EventRead<String> nextRead(EventStreamReader<String> reader) {
        long deadline = System.currentTimeMillis() + IDLE_MS_MAX;
        for (;;) {
            EventRead<String> read = reader.readNextEvent(200);
            if (read.getEvent() != null) {
                return read;
            }
            Numbered.require(System.currentTimeMillis() < deadline, "no event came in %d s", IDLE_MS_MAX / 1000);
        }
    }
}
