package weir.interop;

import static weir.interop.Numbered.require;
import static weir.interop.Numbered.requireOnce;
import static weir.interop.Numbered.requireOrderByKey;

import io.pravega.client.BatchClientFactory;
import io.pravega.client.ByteStreamClientFactory;
import io.pravega.client.EventStreamClientFactory;
import io.pravega.client.admin.ReaderGroupManager;
import io.pravega.client.batch.SegmentIterator;
import io.pravega.client.batch.SegmentRange;
import io.pravega.client.byteStream.ByteStreamReader;
import io.pravega.client.byteStream.ByteStreamWriter;
import io.pravega.client.segment.impl.SegmentTruncatedException;
import io.pravega.client.stream.EventRead;
import io.pravega.client.stream.EventStreamReader;
import io.pravega.client.stream.EventStreamWriter;
import io.pravega.client.stream.ReaderConfig;
import io.pravega.client.stream.ReaderGroupConfig;
import io.pravega.client.stream.Stream;
import io.pravega.client.stream.StreamCut;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Events in and out: keys and order, sizes, the tail, single events, batches, plain bytes. */
final class EventChecks {
    private final Server server;

    EventChecks(Server server) {
        this.server = server;
    }

    void addTo(Suite suite) {
        suite.add("events: each once, those of a key in order", this::keyed);
        suite.add("events: without a key", this::unkeyed);
        suite.add("events: empty, of 1 MiB, of all characters", this::sizes);
        suite.add("events: two writers at once", this::twoWriters);
        suite.add("events: a reader waits at the tail", this::tail);
        suite.add("events: one by its pointer", this::pointer);
        suite.add("events: a batch of segment ranges", this::batch);
        suite.add("bytes: written, sought, read", this::bytes);
        suite.add("bytes: a reader waits at the tail", this::bytesAtTail);
        suite.add("bytes: 12 MiB in pieces of all sizes; what is before the head", this::manyBytes);
    }

    private void keyed() throws Exception {
        Stream stream = server.newStream("keyed", 3);
        Io.write(server, stream, 0, 5000);
        Io.write(server, stream, 5000, 6000);
        List<String> events = Io.readAll(server, stream);
        requireOnce(events, 0, 6000);
        requireOrderByKey(events);
    }

    private void unkeyed() throws Exception {
        Stream stream = server.newStream("unkeyed", 3);
        try (EventStreamClientFactory clients = server.clients(stream.getScope());
             EventStreamWriter<String> writer = clients.createEventWriter(stream.getStreamName(), Io.TEXT,
                     Io.writerConfig())) {
            for (int number = 0; number < 1000; number++) {
                writer.writeEvent(Numbered.event(number));
            }
            writer.flush();
        }
        requireOnce(Io.readAll(server, stream), 0, 1000);
    }

    private void sizes() throws Exception {
        Stream stream = server.newStream("sizes", 1);
        List<String> written = List.of("", "x".repeat(1 << 20), "", "wehr, \u00e9cluse, \u5830, \ud83c\udf0a\n", "y");
        try (EventStreamClientFactory clients = server.clients(stream.getScope());
             EventStreamWriter<String> writer = clients.createEventWriter(stream.getStreamName(), Io.TEXT,
                     Io.writerConfig())) {
            for (String event : written) {
                writer.writeEvent("key", event).get(Server.WAIT_S, TimeUnit.SECONDS);
            }
        }
        require(Io.readAll(server, stream).equals(written), "what was read is not what was written");
    }

    private void twoWriters() throws Exception {
        Stream stream = server.newStream("two-writers", 2);
        try (EventStreamClientFactory clients = server.clients(stream.getScope());
             EventStreamWriter<String> even = clients.createEventWriter("even", stream.getStreamName(), Io.TEXT,
                     Io.writerConfig());
             EventStreamWriter<String> odd = clients.createEventWriter("odd", stream.getStreamName(), Io.TEXT,
                     Io.writerConfig())) {
            for (int number = 0; number < 2000; number++) {
                (number % 2 == 0 ? even : odd).writeEvent(Numbered.key(number), Numbered.event(number));
            }
            even.flush();
            odd.flush();
        }
        List<String> events = Io.readAll(server, stream);
        requireOnce(events, 0, 2000);
        requireOrderByKey(events); /* the keys of even numbers are even */
    }

    private void tail() throws Exception {
        Stream stream = server.newStream("tail", 2);
        String group = server.fresh("tail");
        try (ReaderGroupManager groups = server.groups(stream.getScope());
             EventStreamClientFactory clients = server.clients(stream.getScope());
             EventStreamWriter<String> writer = clients.createEventWriter(stream.getStreamName(), Io.TEXT,
                     Io.writerConfig())) {
            groups.createReaderGroup(group, ReaderGroupConfig.builder().stream(stream).build());
            try (EventStreamReader<String> reader = clients.createReader("r", group, Io.TEXT,
                    ReaderConfig.builder().build())) {
                require(reader.readNextEvent(300).getEvent() == null, "an empty stream has an event");
                for (int number = 0; number < 20; number++) {
                    writer.writeEvent(Numbered.key(number), Numbered.event(number)).get(Server.WAIT_S, TimeUnit.SECONDS);
                    String event = Io.next(reader, 1).get(0);
                    require(event.equals(Numbered.event(number)), "event %d came as \"%s\"", number, event);
                }
            }
            groups.deleteReaderGroup(group);
        }
    }

    private void pointer() throws Exception {
        Stream stream = server.newStream("pointer", 1);
        String group = server.fresh("pointer");
        Io.write(server, stream, 0, 100);
        try (ReaderGroupManager groups = server.groups(stream.getScope());
             EventStreamClientFactory clients = server.clients(stream.getScope())) {
            groups.createReaderGroup(group, ReaderGroupConfig.builder().stream(stream).build());
            try (EventStreamReader<String> reader = clients.createReader("r", group, Io.TEXT,
                    ReaderConfig.builder().build())) {
                List<EventRead<String>> reads = new ArrayList<>();
                while (reads.size() < 100) {
                    reads.add(Io.nextRead(reader));
                }
                for (int at : new int[] {99, 0, 42}) {
                    String event = reader.fetchEvent(reads.get(at).getEventPointer());
                    require(event.equals(Numbered.event(at)), "the pointer of event %d leads to \"%s\"", at, event);
                }
            }
            groups.deleteReaderGroup(group);
        }
    }

    private void batch() throws Exception {
        Stream stream = server.newStream("batch", 3);
        Io.write(server, stream, 0, 300);
        StreamCut from = server.tail(stream);
        Io.write(server, stream, 300, 600);
        StreamCut to = server.tail(stream);
        Io.write(server, stream, 600, 700);
        List<String> events = new ArrayList<>();
        try (BatchClientFactory batches = BatchClientFactory.withScope(stream.getScope(), server.config)) {
            for (Iterator<SegmentRange> ranges = batches.getSegments(stream, from, to).getIterator();
                    ranges.hasNext();) {
                try (SegmentIterator<String> segment = batches.readSegment(ranges.next(), Io.TEXT)) {
                    segment.forEachRemaining(events::add);
                }
            }
        }
        requireOnce(events, 300, 600);
        requireOrderByKey(events);
    }

    private void bytes() throws Exception {
        Stream stream = server.newStream("bytes", 1);
        byte[] text = "The quick brown fox jumps over the lazy dog".getBytes(StandardCharsets.UTF_8);
        try (ByteStreamClientFactory clients = ByteStreamClientFactory.withScope(stream.getScope(), server.config);
             ByteStreamWriter writer = clients.createByteStreamWriter(stream.getStreamName());
             ByteStreamReader reader = clients.createByteStreamReader(stream.getStreamName())) {
            writer.write(text);
            writer.flush();
            require(writer.fetchTailOffset() == text.length, "the tail is at %d", writer.fetchTailOffset());
            reader.seekToOffset(2);
            require(reader.skip(2) == 2 && reader.getOffset() == 4, "skipping 2 of 43 bytes, it is at %d",
                    reader.getOffset());
            byte[] read = reader.readNBytes(5);
            require(new String(read, StandardCharsets.UTF_8).equals("quick"), "at 4 it has \"%s\"",
                    new String(read, StandardCharsets.UTF_8));
            writer.truncateDataBefore(10);
            require(reader.fetchHeadOffset() == 10, "after truncation the head is at %d", reader.fetchHeadOffset());
            writer.closeAndSeal();
            reader.seekToOffset(40);
            require(new String(reader.readAllBytes(), StandardCharsets.UTF_8).equals("dog"), "the end is not the end");
        }
    }

    private void bytesAtTail() throws Exception {
        Stream stream = server.newStream("bytes-tail", 1);
        try (ByteStreamClientFactory clients = ByteStreamClientFactory.withScope(stream.getScope(), server.config);
             ByteStreamWriter writer = clients.createByteStreamWriter(stream.getStreamName());
             ByteStreamReader reader = clients.createByteStreamReader(stream.getStreamName())) {
            for (int round = 0; round < 10; round++) {
                require(reader.available() == 0, "%d bytes are there before they are written", reader.available());
                CompletableFuture<Integer> some = reader.onDataAvailable();
                require(!some.isDone(), "nothing is there, and the reader does not wait");
                writer.write(new byte[] {(byte) round, 1, 2, 3});
                writer.flushAsync().get(Server.WAIT_S, TimeUnit.SECONDS);
                require(some.get(Server.WAIT_S, TimeUnit.SECONDS) > 0, "the reader was woken for nothing");
                int first = reader.read();
                require(first == round, "the byte %d came as %d", round, first);
                for (int rest = 1; rest <= 3; rest++) { /* skip would ask at this offset once more: see README.md */
                    require(reader.read() == rest, "byte %d of round %d is another one", rest, round);
                }
                require(reader.getOffset() == 4 * (round + 1), "after round %d it is at %d", round, reader.getOffset());
            }
            writer.closeAndSeal();
            require(reader.read() == -1, "a sealed stream has no end");
        }
    }

    private void manyBytes() throws Exception {
        Stream stream = server.newStream("bytes-many", 1);
        byte[] written = new byte[12 << 20];
        new Random(1).nextBytes(written);
        try (ByteStreamClientFactory clients = ByteStreamClientFactory.withScope(stream.getScope(), server.config);
             ByteStreamWriter writer = clients.createByteStreamWriter(stream.getStreamName());
             ByteStreamReader reader = clients.createByteStreamReader(stream.getStreamName())) {
            for (int at = 0, size = 1; at < written.length; at += size, size = Math.min(size * 3, written.length - at)) {
                writer.write(written, at, Math.min(size, written.length - at));
            }
            writer.flush();
            require(writer.fetchTailOffset() == written.length, "the tail is at %d", writer.fetchTailOffset());
            byte[] read = new byte[written.length];
            for (int at = 0; at < read.length;) { /* readNBytes asks for nothing at last, which waits at the tail */
                at += reader.read(read, at, read.length - at);
            }
            require(Arrays.equals(read, written), "what was read is not what was written");
            writer.truncateDataBefore(1 << 20);
            reader.seekToOffset(0);
            boolean told = false;
            try {
                reader.read();
            } catch (SegmentTruncatedException expected) {
                told = true;
            }
            require(told, "nobody said that bytes are missing");
            reader.seekToOffset(reader.fetchHeadOffset());
            require(reader.read() == (written[1 << 20] & 0xff), "at the head there is another byte");
        }
    }
}
