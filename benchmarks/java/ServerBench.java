import io.pravega.client.EventStreamClientFactory;
import io.pravega.client.admin.ReaderGroupManager;
import io.pravega.client.stream.EventRead;
import io.pravega.client.stream.EventStreamReader;
import io.pravega.client.stream.EventStreamWriter;
import io.pravega.client.stream.EventWriterConfig;
import io.pravega.client.stream.ReaderConfig;
import io.pravega.client.stream.ReaderGroupConfig;
import io.pravega.client.stream.impl.ByteArraySerializer;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * One server under the load of Pravega's own Java client: whichever server the URI names.
 *
 * <pre>ServerBench mode=tail|latency|fill|catchup controller=URI stream=SCOPE/STREAM events=N size=BYTES
 *     [writers=N] [readers=N] [rate=N] [server=PID] [pooled=0|1]</pre>
 *
 * <p>{@code tail}: so many writers write all events while a reader group reads them at the tail; after as many that are
 * not counted, in which the JIT compiles the client. {@code latency}: one writer at a rate, from writeEvent() to its
 * acknowledgement and to the reader. {@code fill} writes, at a rate if one is given; {@code catchup} reads from the head. Rates run from the start of
 * writing, or the first event read, to the last. {@code server}: the server's process id, for what it uses of the processors.
 */
public final class ServerBench extends Bench {
    private final AtomicInteger readCount = new AtomicInteger();
    private final AtomicLong firstReadNanos = new AtomicLong();
    private final AtomicLong lastReadNanos = new AtomicLong();
    private final CountDownLatch warm = new CountDownLatch(1);
    private int warmUp; /* events before those that are counted */
    private long[] endToEndNanos;

    private ServerBench(String[] args) {
        super(args);
    }

    public static void main(String[] args) throws Exception {
        ServerBench bench = new ServerBench(args);
        String mode = bench.text("mode", "tail");
        switch (mode) {
            case "tail" -> bench.tail();
            case "latency" -> bench.latency(bench.number("rate", 1000));
            case "fill" -> bench.fill();
            case "catchup" -> bench.catchUp();
            default -> throw new IllegalArgumentException("mode=" + mode);
        }
        System.out.flush();
        System.exit(0); /* the client's threads would go on */
    }

    private interface Work {
        void run() throws Exception;
    }

    private static Thread begin(Work work) {
        Thread thread = new Thread(() -> {
            try {
                work.run();
            } catch (Exception e) {
                e.printStackTrace();
                Runtime.getRuntime().halt(1);
            }
        });
        thread.start();
        return thread;
    }

    private static void end(List<Thread> threads) throws Exception {
        for (Thread thread : threads) {
            thread.join();
        }
    }

    /* Which event it is, and when it was sent, for latencies. */
    private void read(EventStreamClientFactory clients, String group, int number, CountDownLatch ready) {
        try (EventStreamReader<byte[]> reader = clients.createReader("reader" + number, group,
                new ByteArraySerializer(), ReaderConfig.builder().build())) {
            ready.countDown();
            while (readCount.get() < warmUp + events) {
                EventRead<byte[]> read = reader.readNextEvent(100);
                if (read.getEvent() == null) {
                    continue;
                }
                long now = System.nanoTime();
                int count = readCount.incrementAndGet();
                firstReadNanos.compareAndSet(0, now);
                if (count == warmUp) {
                    warm.countDown();
                }
                if (count == warmUp + events) {
                    lastReadNanos.set(now);
                }
                if (endToEndNanos != null) {
                    ByteBuffer event = ByteBuffer.wrap(read.getEvent());
                    endToEndNanos[event.getInt()] = now - event.getLong();
                }
            }
        }
    }

    private List<Thread> beginReaders(EventStreamClientFactory clients, ReaderGroupManager groups) throws Exception {
        String group = UUID.randomUUID().toString().replace("-", "");
        int count = number("readers", 1);
        CountDownLatch ready = new CountDownLatch(count);
        List<Thread> readers = new ArrayList<>();
        groups.createReaderGroup(group, ReaderGroupConfig.builder().stream(scope + "/" + stream)
                .groupRefreshTimeMillis(500).disableAutomaticCheckpoints().build());
        for (int i = 0; i < count; i++) {
            int number = i;
            readers.add(begin(() -> read(clients, group, number, ready)));
        }
        ready.await();
        return readers;
    }

    /* By itself the client has a connection, with a thread and buffers, for each segment of each writer. */
    private EventStreamWriter<byte[]> writer(EventStreamClientFactory clients) {
        return clients.createEventWriter(stream, new ByteArraySerializer(),
                EventWriterConfig.builder().enableConnectionPooling(number("pooled", 0) != 0).build());
    }

    /* Each writer its share, at its share of the rate; the clock starts when all have one event acknowledged. */
    private void write(EventStreamClientFactory clients, long rate) throws Exception {
        int writers = number("writers", 1);
        CountDownLatch connected = new CountDownLatch(writers);
        CountDownLatch go = new CountDownLatch(1);
        List<Thread> threads = new ArrayList<>();
        for (int w = 0; w < writers; w++) {
            int share = events / writers + (w < events % writers ? 1 : 0);
            threads.add(begin(() -> {
                String[] keys = keys();
                byte[] event = event();
                try (EventStreamWriter<byte[]> writer = writer(clients)) {
                    writer.writeEvent(keys[0], event).get();
                    connected.countDown();
                    go.await();
                    for (int i = 1; i < share; i++) {
                        if (rate > 0 && i % 64 == 0) {
                            waitUntil(startNanos + i * 1_000_000_000L * writers / rate);
                        }
                        writer.writeEvent(keys[i % KEYS], event);
                    }
                    writer.flush();
                }
            }));
        }
        connected.await();
        start();
        go.countDown();
        end(threads);
    }

    private void tail() throws Exception {
        try (ReaderGroupManager groups = ReaderGroupManager.withScope(scope, config);
             EventStreamClientFactory clients = EventStreamClientFactory.withScope(scope, config)) {
            warmUp = events;
            List<Thread> readers = beginReaders(clients, groups);
            write(clients, 0);
            warm.await();
            write(clients, 0);
            double seconds = seconds();
            end(readers);
            double readSeconds = (lastReadNanos.get() - startNanos) / 1e9;
            System.out.printf("{\"events\":%d,\"size\":%d,\"write_events_per_s\":%.0f,\"write_mb_per_s\":%.1f,"
                    + "\"tail_read_events_per_s\":%.0f%s}%n", events, size, events / seconds,
                    (double) events * size / seconds / 1e6, events / readSeconds, processors());
        }
    }

    private void fill() throws Exception {
        try (EventStreamClientFactory clients = EventStreamClientFactory.withScope(scope, config)) {
            write(clients, number("rate", 0));
            System.out.printf("{\"events\":%d,\"size\":%d,\"write_events_per_s\":%.0f}%n", events, size,
                    events / seconds());
        }
    }

    private void catchUp() throws Exception {
        try (ReaderGroupManager groups = ReaderGroupManager.withScope(scope, config);
             EventStreamClientFactory clients = EventStreamClientFactory.withScope(scope, config)) {
            start();
            end(beginReaders(clients, groups));
            double seconds = (lastReadNanos.get() - firstReadNanos.get()) / 1e9;
            System.out.printf("{\"events\":%d,\"size\":%d,\"catch_up_events_per_s\":%.0f,"
                    + "\"catch_up_mb_per_s\":%.1f%s}%n", events, size, events / seconds,
                    (double) events * size / seconds / 1e6, processors());
        }
    }

    /* The first third is not counted: the JIT's. */
    private void latency(int rate) throws Exception {
        long[] ackNanos = new long[events];
        CountDownLatch acks = new CountDownLatch(events);
        endToEndNanos = new long[events];
        try (ReaderGroupManager groups = ReaderGroupManager.withScope(scope, config);
             EventStreamClientFactory clients = EventStreamClientFactory.withScope(scope, config);
             EventStreamWriter<byte[]> writer = writer(clients)) {
            List<Thread> readers = beginReaders(clients, groups);
            start();
            for (int i = 0; i < events; i++) {
                int at = i;
                waitUntil(startNanos + i * 1_000_000_000L / rate);
                long sent = System.nanoTime();
                byte[] event = event();
                ByteBuffer.wrap(event).putInt(at).putLong(sent);
                writer.writeEvent("key-" + i % KEYS, event).thenRun(() -> {
                    ackNanos[at] = System.nanoTime() - sent;
                    acks.countDown();
                });
            }
            writer.flush();
            acks.await();
            end(readers);
        }
        System.out.printf("{\"events\":%d,\"size\":%d,\"rate\":%d%s%s%s}%n", events, size, rate,
                percentiles("ack", Arrays.copyOfRange(ackNanos, events / 3, events)),
                percentiles("end_to_end", Arrays.copyOfRange(endToEndNanos, events / 3, events)), processors());
    }
}
