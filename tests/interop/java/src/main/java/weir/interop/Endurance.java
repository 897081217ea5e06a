package weir.interop;

import io.pravega.client.EventStreamClientFactory;
import io.pravega.client.stream.EventStreamWriter;
import io.pravega.client.stream.EventWriterConfig;
import io.pravega.client.stream.Stream;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Writers that go on whatever becomes of the server: numbered events until standard input ends, a line with the count of
 * acknowledged ones now and then. In the end all that was written is acknowledged, and the last line says how many there
 * are. A key belongs to one writer, so that its events have an order.
 */
final class Endurance {
    private static final int WRITERS = 2; /* divides Numbered.KEYS */
    private static final int OPEN_MAX = 200;
    private static final int SAY_MS = 50;

    private final AtomicLong acknowledged = new AtomicLong();
    private final AtomicLong highest = new AtomicLong();
    private volatile boolean stopping;
    private volatile Throwable failure;

    private Endurance() { }

    static int write(Server server, Stream stream) throws Exception {
        return new Endurance().run(server, stream);
    }

    private int run(Server server, Stream stream) throws Exception {
        EventWriterConfig config = EventWriterConfig.builder().initialBackoffMillis(5).maxBackoffMillis(100)
                .backoffMultiple(2).retryAttempts(10_000).build();
        try (EventStreamClientFactory clients = server.clients(stream.getScope())) {
            Thread[] threads = new Thread[WRITERS];
            for (int i = 0; i < WRITERS; i++) {
                EventStreamWriter<String> writer = clients.createEventWriter("writer-" + i, stream.getStreamName(),
                        Io.TEXT, config);
                int first = i;
                threads[i] = new Thread(() -> endure(writer, first));
                threads[i].start();
            }
            sayUntilInputEnds();
            stopping = true;
            for (Thread thread : threads) {
                thread.join();
            }
        }
        if (failure != null) {
            throw new AssertionError("a writer failed: " + failure);
        }
        System.out.println("wrote " + highest.get());
        return 0;
    }

    private void sayUntilInputEnds() throws IOException, InterruptedException {
        Thread input = new Thread(() -> {
            try {
                while (System.in.read() >= 0) { }
            } catch (IOException ended) {
                /* as well */
            }
        });
        input.setDaemon(true);
        input.start();
        while (input.isAlive() && failure == null) {
            System.out.println("acknowledged " + acknowledged.get());
            System.out.flush();
            Thread.sleep(SAY_MS);
        }
    }

    /* Numbers first, first + WRITERS, ...; when it is time, up to where the one that is farthest has come. */
    private void endure(EventStreamWriter<String> writer, int first) {
        Deque<CompletableFuture<Void>> open = new ArrayDeque<>();
        try (writer) {
            for (long number = first; !stopping || number < highest.get(); number += WRITERS) {
                open.add(writer.writeEvent(Numbered.key(number), Numbered.event(number)));
                long end = (number / WRITERS + 1) * WRITERS;
                highest.accumulateAndGet(end, Math::max);
                while (open.size() > OPEN_MAX || !open.isEmpty() && open.peek().isDone()) {
                    open.remove().join();
                    acknowledged.incrementAndGet();
                }
                Thread.sleep(number % 8 < WRITERS ? 1 : 0); /* some thousands a second are load enough */
            }
            writer.flush();
            for (CompletableFuture<Void> each : open) {
                each.join();
            }
        } catch (Throwable why) {
            failure = why;
        }
    }
}
