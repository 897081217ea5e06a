package weir.interop;

import io.pravega.client.EventStreamClientFactory;
import io.pravega.client.admin.ReaderGroupManager;
import io.pravega.client.stream.EventPointer;
import io.pravega.client.stream.EventRead;
import io.pravega.client.stream.EventStreamReader;
import io.pravega.client.stream.EventStreamWriter;
import io.pravega.client.stream.EventWriterConfig;
import io.pravega.client.stream.ReaderConfig;
import io.pravega.client.stream.ReaderGroupConfig;
import io.pravega.client.stream.Serializer;
import io.pravega.client.stream.Stream;
import io.pravega.client.stream.TimeWindow;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The verbs on events, their sizes, times and places, which the C peer has, too. */
final class EventPeer {
    private static final Serializer<byte[]> BYTES = new Serializer<>() {
        @Override
        public ByteBuffer serialize(byte[] value) {
            return ByteBuffer.wrap(value);
        }

        @Override
        public byte[] deserialize(ByteBuffer bytes) {
            byte[] copy = new byte[bytes.remaining()];
            bytes.get(copy);
            return copy;
        }
    };
    private static final int LARGE_LEN = 20 * 1024 * 1024 + 17;
    private static final long IDLE_MS_MAX = Server.WAIT_S * 1000;
    private static final long LOOK_MS = 500;
    private static final int LOOKS_AT_AN_EVENT = 4; /* in the right part of the stream */
    private static final Map<Stream, EventStreamWriter<String>> WRITERS = new HashMap<>(); /* for the times they note */

    private final Server server;
    private final Stream stream;

    private EventPeer(Server server, Stream stream) {
        this.server = server;
        this.stream = stream;
    }

    /** Runs "events-VERB SCOPE/STREAM ..."; false: there is no such verb. */
    static boolean run(Server server, String[] args) throws Exception {
        if (args.length < 3 || !args[1].startsWith("events-")) {
            return false;
        }
        EventPeer peer = new EventPeer(server, Stream.of(args[2]));
        List<String> rest = List.of(args).subList(3, args.length);
        switch (args[1] + "/" + rest.size()) {
            case "events-mix/1" -> peer.mix(Integer.parseInt(rest.get(0)));
            case "events-digest/1" -> peer.digest(Integer.parseInt(rest.get(0)));
            case "events-note/3" -> peer.note(Integer.parseInt(rest.get(0)), Integer.parseInt(rest.get(1)),
                    Long.parseLong(rest.get(2)));
            case "events-window/3" -> peer.window(Integer.parseInt(rest.get(0)), rest.get(1) + " " + rest.get(2));
            case "events-pointers/1" -> peer.pointers(Integer.parseInt(rest.get(0)));
            default -> {
                if (!args[1].equals("events-fetch")) {
                    return false;
                }
                peer.fetch(rest);
            }
        }
        return true;
    }

    /* ---- large events and batches: a line for each event, its length and hash. FNV-1a, 64 bits */

    private static void print(byte[] event) {
        long hash = 0xcbf29ce484222325L;
        for (byte each : event) {
            hash = (hash ^ each & 0xff) * 0x100000001b3L;
        }
        System.out.printf("%d %016x%n", event.length, hash);
    }

    private static byte[] filled(int len, int seed) {
        byte[] event = new byte[len];
        for (int i = 0; i < len; i++) {
            event[i] = (byte) (i * 31 + i / 997 + seed);
        }
        print(event);
        return event;
    }

    /** Small ones, a large one, a batch, the empty one and small ones again. Prints what it writes. */
    private void mix(int seed) {
        try (EventStreamClientFactory clients = server.clients(stream.getScope());
             EventStreamWriter<byte[]> writer = clients.createEventWriter(stream.getStreamName(), BYTES,
                     EventWriterConfig.builder().enableLargeEvents(true).build())) {
            for (int i = 0; i < 20; i++) {
                writer.writeEvent("key", filled(10 + i, seed));
            }
            writer.writeEvent("key", filled(LARGE_LEN, seed)).join();
            writer.writeEvents("key", List.of(filled(1000, seed), filled(1, seed), filled(70000, seed)));
            writer.writeEvent("key", filled(0, seed));
            writer.writeEvent("key", filled(8 * 1024 * 1024 - 8, seed));
            for (int i = 0; i < 20; i++) {
                writer.writeEvent("key", filled(2000 + i, seed));
            }
            writer.flush();
        }
    }

    private void digest(int count) throws Exception {
        withReader(BYTES, reader -> next(reader, count).forEach(read -> print(read.getEvent())));
    }

    /* ---- readers of groups of their own */

    private interface Work<T> {
        void on(EventStreamReader<T> reader) throws Exception;
    }

    /* Without automatic checkpoints: a reader that meets one at each call does not come to tell the group where it is. */
    private <T> void withReader(Serializer<T> serializer, Work<T> work) throws Exception {
        String group = server.fresh("events");
        try (ReaderGroupManager groups = server.groups(stream.getScope());
             EventStreamClientFactory clients = server.clients(stream.getScope())) {
            groups.createReaderGroup(group, ReaderGroupConfig.builder().stream(stream)
                    .disableAutomaticCheckpoints().groupRefreshTimeMillis(LOOK_MS).build());
            try (EventStreamReader<T> reader = clients.createReader("r", group, serializer,
                    ReaderConfig.builder().build())) {
                work.on(reader);
            }
            groups.deleteReaderGroup(group);
        }
    }

    private static <T> List<EventRead<T>> next(EventStreamReader<T> reader, int count) {
        List<EventRead<T>> events = new ArrayList<>();
        long deadline = System.currentTimeMillis() + IDLE_MS_MAX;
        while (events.size() < count) {
            EventRead<T> read = reader.readNextEvent(200);
            if (read.getEvent() != null) {
                events.add(read);
                deadline = System.currentTimeMillis() + IDLE_MS_MAX;
            }
            Numbered.require(System.currentTimeMillis() < deadline, "only %d of %d events came", events.size(), count);
        }
        return events;
    }

    /* ---- times */

    /** Writes numbered events and notes a time, by the same writer as the last time. */
    private void note(int from, int to, long time) {
        EventStreamWriter<String> writer = WRITERS.computeIfAbsent(stream, missing -> server.clients(stream.getScope())
                .createEventWriter(stream.getStreamName(), Io.TEXT, Io.writerConfig()));
        Io.write(writer, from, to);
        writer.noteTime(time);
    }

    /**
     * Reads so many events, and then goes on slowly until the window is the one that is waited for, "LOWER UPPER". Where
     * it begins as it should there may be no time to its end yet: the reader is not to come there before.
     */
    private void window(int count, String wanted) throws Exception {
        withReader(Io.TEXT, reader -> {
            long deadline = System.currentTimeMillis() + 2 * IDLE_MS_MAX;
            next(reader, count);
            for (int looks = 0;; looks++) {
                TimeWindow window = reader.getCurrentTimeWindow(stream);
                String lower = text(window.getLowerTimeBound());
                String is = lower + " " + text(window.getUpperTimeBound());
                if (is.equals(wanted)) {
                    return;
                }
                Numbered.require(System.currentTimeMillis() < deadline, "the window is %s, not %s", is, wanted);
                if (!wanted.startsWith(lower + " ") || looks % LOOKS_AT_AN_EVENT == 0) {
                    reader.readNextEvent(LOOK_MS);
                }
                TimeUnit.MILLISECONDS.sleep(LOOK_MS);
            }
        });
    }

    private static String text(Long bound) {
        return bound == null ? "-" : bound.toString();
    }

    /* ---- pointers */

    /** Pointer and text of so many events. */
    private void pointers(int count) throws Exception {
        withReader(Io.TEXT, reader -> next(reader, count).forEach(read -> System.out.println(
                StreamPeer.hex(read.getEventPointer().toBytes()) + " " + read.getEvent())));
    }

    private void fetch(List<String> pointers) throws Exception {
        for (String pointer : pointers) {
            System.out.println(pointer + " " + server.streams.fetchEvent(EventPointer.fromBytes(ByteBuffer.wrap(
                    HexFormat.of().parseHex(pointer))), Io.TEXT).get(IDLE_MS_MAX, TimeUnit.MILLISECONDS));
        }
    }
}
