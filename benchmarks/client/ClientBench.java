import io.pravega.client.ClientConfig;
import io.pravega.client.EventStreamClientFactory;
import io.pravega.client.admin.ReaderGroupManager;
import io.pravega.client.stream.EventRead;
import io.pravega.client.stream.EventStreamReader;
import io.pravega.client.stream.EventStreamWriter;
import io.pravega.client.stream.EventWriterConfig;
import io.pravega.client.stream.ReaderConfig;
import io.pravega.client.stream.ReaderGroupConfig;
import io.pravega.client.stream.impl.ByteArraySerializer;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;

/**
 * What bench_store does, by Pravega's own Java client: the same events, keys, counts and line of JSON.
 *
 * <pre>ClientBench mode=write|group|latency controller=URI stream=SCOPE/STREAM events=N size=BYTES [rate=N]</pre>
 *
 * <p>Time and processor time run from the first event that was acknowledged or read to the last one, so that neither the
 * start of the JVM nor that of the connection is in them; what the JIT does meanwhile is.
 */
public final class ClientBench {
    private static final int KEYS = 1000;

    private final String[] args;
    private final ClientConfig config;
    private final String scope;
    private final String stream;
    private final int events;
    private final int size;
    private long startNanos;
    private long startCpuNanos;

    private ClientBench(String[] args) {
        this.args = args;
        String[] name = text("stream", "bench/bench").split("/");
        config = ClientConfig.builder().controllerURI(URI.create(text("controller", "tcp://localhost:9090"))).build();
        scope = name[0];
        stream = name[1];
        events = number("events", 1000000);
        size = number("size", 100);
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

    private String text(String name, String otherwise) {
        for (String arg : args) {
            if (arg.startsWith(name + "=")) {
                return arg.substring(name.length() + 1);
            }
        }
        return otherwise;
    }

    private int number(String name, int otherwise) {
        return Integer.parseInt(text(name, Integer.toString(otherwise)));
    }

    private static long cpuNanos() {
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                .getProcessCpuTime();
    }

    private void start() {
        startNanos = System.nanoTime();
        startCpuNanos = cpuNanos();
    }

    private void report(String mode, int count, String more) throws Exception {
        double seconds = (System.nanoTime() - startNanos) / 1e9;
        double cpu = (cpuNanos() - startCpuNanos) / 1e9;
        String peak = Files.readAllLines(Path.of("/proc/self/status")).stream().filter(line -> line.startsWith("VmHWM"))
                .findFirst().orElseThrow().replaceAll("[^0-9]", "");
        System.out.printf("{\"bench\":\"java_%s\",\"events\":%d,\"size\":%d,\"seconds\":%.3f,\"events_per_s\":%.0f,"
                + "\"mb_per_s\":%.1f,\"client_cpu_s_per_million\":%.3f,\"client_peak_mib\":%.1f%s}%n", mode, count, size,
                seconds, count / seconds, (double) count * size / seconds / 1e6, cpu * 1e6 / count,
                Integer.parseInt(peak) / 1024.0, more);
    }

    private static String[] keys() {
        String[] keys = new String[KEYS];
        for (int i = 0; i < KEYS; i++) {
            keys[i] = "key-" + i;
        }
        return keys;
    }

    private byte[] event() {
        byte[] event = new byte[size];
        Arrays.fill(event, (byte) 'x');
        return event;
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
                for (long wait = due - System.nanoTime(); wait > 0; wait = due - System.nanoTime()) {
                    LockSupport.parkNanos(wait);
                }
                long sent = System.nanoTime();
                writer.writeEvent("key", event).thenRun(() -> {
                    nanos[at] = System.nanoTime() - sent;
                    acks.countDown();
                });
            }
            writer.flush();
            acks.await();
        }
        long[] counted = Arrays.copyOfRange(nanos, warm, events);
        Arrays.sort(counted);
        report("latency", events, String.format(",\"ack_p50_us\":%d,\"ack_p99_us\":%d,\"ack_p999_us\":%d",
                counted[counted.length / 2] / 1000, counted[(int) (counted.length * 99L / 100)] / 1000,
                counted[(int) (counted.length * 999L / 1000)] / 1000));
    }
}
