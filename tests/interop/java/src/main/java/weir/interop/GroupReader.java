package weir.interop;

import io.pravega.client.EventStreamClientFactory;
import io.pravega.client.stream.EventRead;
import io.pravega.client.stream.EventStreamReader;
import io.pravega.client.stream.ReaderConfig;
import io.pravega.client.stream.ReinitializationRequiredException;
import io.pravega.client.stream.Stream;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** A reader of a group as a process: what it is given goes to standard output, as the C peer's group-share has it. */
final class GroupReader {
    private static volatile boolean ending;

    private GroupReader() { }

    private static synchronized void say(String kind, String text) {
        System.out.println(ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now()) + " " + kind + " " + text);
        System.out.flush();
    }

    static int read(Server server, Stream group, String name) throws Exception {
        Thread main = Thread.currentThread();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            ending = true;
            try {
                main.join(20_000);
            } catch (InterruptedException why) {
                Thread.currentThread().interrupt();
            }
        }));
        try (EventStreamClientFactory clients = server.clients(group.getScope())) {
            EventStreamReader<String> reader = clients.createReader(name, group.getStreamName(), Io.TEXT,
                    ReaderConfig.builder().build());
            say("joined", name);
            readOn(reader);
            reader.close();
        } catch (ReinitializationRequiredException why) {
            say("offline", String.valueOf(why.getMessage()));
        }
        if (ending) {
            Runtime.getRuntime().halt(0); /* exit() would wait for the hook, and the hook for us */
        }
        return 0;
    }

    private static void readOn(EventStreamReader<String> reader) {
        while (!ending) {
            EventRead<String> read = reader.readNextEvent(100);
            if (read.getEvent() != null) {
                say("event", read.getEvent());
            } else if (read.isCheckpoint()) {
                say("checkpoint", read.getCheckpointName());
            }
        }
    }
}
