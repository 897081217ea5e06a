import io.pravega.client.EventStreamClientFactory;
import io.pravega.client.admin.ReaderGroupManager;
import io.pravega.client.stream.EventRead;
import io.pravega.client.stream.EventStreamReader;
import io.pravega.client.stream.EventStreamWriter;
import io.pravega.client.stream.EventWriterConfig;
import io.pravega.client.stream.ReaderConfig;
import io.pravega.client.stream.ReaderGroupConfig;
import io.pravega.client.stream.impl.ByteArraySerializer;
import java.util.Arrays;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;

/**
 * What bench_store does, by Pravega's own Java client: the same events, keys, counts and line of JSON.
 *
 * <pre>ClientBench mode=write|group|latency controller=URI stream=SCOPE/STREAM events=N size=BYTES [rate=N]</pre>
 *
 * <p>Time and processor time run from the first event that was acknowledged or read to the last one, so that neither the
 * start of the JVM nor that of the connection is in them; what the JIT does meanwhile is.
 */
public final class ClientBench extends Bench {
    private ClientBench(String[] args) {
        super(args);
    }

    public static void main(String[] args) throws Exception {
        ClientBench bench = new ClientBench(args);
        String mode = bench.text("mode", "write");
        switch (mode) {
            case "write" -> bench.write();
            case "group" -> bench.read();
            case "latency" -> bench.latency(bench.number("rate", 1000));
            default -> throw new IllegalArgumentException("mode=" + mode);
        }
        System.out.flush();
        System.exit(0); /* the client's threads would go on */
    }

    private void report(String mode, int count, String more) throws Exception {
        double seconds = seconds();
        System.out.printf("{\"bench\":\"java_%s\",\"events\":%d,\"size\":%d,\"seconds\":%.3f,\"events_per_s\":%.0f,"
                + "\"mb_per_s\":%.1f,\"client_cpu_s_per_million\":%.3f,\"client_peak_mib\":%.1f%s}%n", mode, count, size,
                seconds, count / seconds, (double) count * size / seconds / 1e6, cpuSeconds() * 1e6 / count, peakMib(),
                more);
    }

    private EventStreamWriter<byte[]> writer(EventStreamClientFactory clients) {
        return clients.createEventWriter(stream, new ByteArraySerializer(), EventWriterConfig.builder().build());
    }

    private void write() throws Exception {
        String[] keys = keys();
        byte[] event = event();
        try (EventStreamClientFactory clients = EventStreamClientFactory.withScope(scope, config);
             EventStreamWriter<byte[]> writer = writer(clients)) {
            writer.writeEvent(keys[0], event).get();
            start();
            for (int i = 1; i < events; i++) {
                writer.writeEvent(keys[i % KEYS], event);
            }
            writer.flush();
            report("write", events, "");
        }
    }

    private void read() throws Exception {
        String group = UUID.randomUUID().toString().replace("-", "");
        try (ReaderGroupManager groups = ReaderGroupManager.withScope(scope, config);
             EventStreamClientFactory clients = EventStreamClientFactory.withScope(scope, config)) {
            groups.createReaderGroup(group, ReaderGroupConfig.builder().stream(scope + "/" + stream)
                    .disableAutomaticCheckpoints().build());
            try (EventStreamReader<byte[]> reader = clients.createReader("reader", group, new ByteArraySerializer(),
                    ReaderConfig.builder().build())) {
                for (int count = 0; count < events;) {
                    EventRead<byte[]> read = reader.readNextEvent(1000);
                    if (read.getEvent() != null && ++count == 1) {
                        start();
                    }
                }
                report("group", events, "");
            }
            groups.deleteReaderGroup(group);
        }
    }

    /* The first three seconds are not counted: the JIT's. */
    private void latency(int rate) throws Exception {
        byte[] event = event();
        int warm = Math.min(3 * rate, events / 2);
        long[] nanos = new long[events];
        CountDownLatch acks = new CountDownLatch(events);
        try (EventStreamClientFactory clients = EventStreamClientFactory.withScope(scope, config);
             EventStreamWriter<byte[]> writer = writer(clients)) {
            start();
            for (int i = 0; i < events; i++) {
                final int at = i;
                long due = startNanos + i * 1_000_000_000L / rate;
                waitUntil(due);
                long sent = System.nanoTime();
                writer.writeEvent("key", event).thenRun(() -> {
                    nanos[at] = System.nanoTime() - sent;
                    acks.countDown();
                });
            }
            writer.flush();
            acks.await();
        }
        report("latency", events, percentiles("ack", Arrays.copyOfRange(nanos, warm, events)));
    }
}
