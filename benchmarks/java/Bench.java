import io.pravega.client.ClientConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.locks.LockSupport;

/** What the benchmarks by Pravega's own Java client share: arguments, events and keys, the clock, figures. */
class Bench {
    static final int KEYS = 1000;

    final ClientConfig config;
    final String scope;
    final String stream;
    final int events;
    final int size;
    private final String[] args;
    private final String server; /* its process id; empty: not known */
    long startNanos;
    private long startCpuNanos;
    private double startServerCpu;

    Bench(String[] args) {
        this.args = args;
        String[] name = text("stream", "bench/bench").split("/");
        config = ClientConfig.builder().controllerURI(URI.create(text("controller", "tcp://localhost:9090"))).build();
        scope = name[0];
        stream = name[1];
        events = number("events", 1000000);
        size = number("size", 100);
        server = text("server", "");
    }

    final String text(String name, String otherwise) {
        for (String arg : args) {
            if (arg.startsWith(name + "=")) {
                return arg.substring(name.length() + 1);
            }
        }
        return otherwise;
    }

    final int number(String name, int otherwise) {
        return Integer.parseInt(text(name, Integer.toString(otherwise)));
    }

    static String[] keys() {
        String[] keys = new String[KEYS];
        for (int i = 0; i < KEYS; i++) {
            keys[i] = "key-" + i;
        }
        return keys;
    }

    final byte[] event() {
        byte[] event = new byte[size];
        Arrays.fill(event, (byte) 'x');
        return event;
    }

    private static long cpuNanos() {
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                .getProcessCpuTime();
    }

    /* User and system time of the server; in /proc a second has 100 ticks. */
    private double serverCpu() {
        if (server.isEmpty()) {
            return 0;
        }
        try {
            String stat = Files.readString(Path.of("/proc", server, "stat"));
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / 100.0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    final void start() {
        startServerCpu = serverCpu();
        startCpuNanos = cpuNanos();
        startNanos = System.nanoTime();
    }

    final double seconds() {
        return (System.nanoTime() - startNanos) / 1e9;
    }

    final double cpuSeconds() {
        return (cpuNanos() - startCpuNanos) / 1e9;
    }

    /** Fields of a JSON line: what client and server have used of the processors since start(). */
    final String processors() {
        return String.format(",\"client_cpu_s\":%.2f,\"server_cpu_s\":%.2f", cpuSeconds(), serverCpu() - startServerCpu);
    }

    static double peakMib() throws Exception {
        return Integer.parseInt(Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("VmHWM")).findFirst().orElseThrow().replaceAll("[^0-9]", "")) / 1024.0;
    }

    static void waitUntil(long nanos) {
        for (long wait = nanos - System.nanoTime(); wait > 0; wait = nanos - System.nanoTime()) {
            LockSupport.parkNanos(wait);
        }
    }

    /** Fields of a JSON line, in microseconds. */
    static String percentiles(String name, long[] nanos) {
        Arrays.sort(nanos);
        return String.format(",\"%s_p50_us\":%d,\"%s_p99_us\":%d,\"%s_p999_us\":%d",
                name, nanos[nanos.length / 2] / 1000, name, nanos[(int) (nanos.length * 99L / 100)] / 1000,
                name, nanos[(int) (nanos.length * 999L / 1000)] / 1000);
    }
}
