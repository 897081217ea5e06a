package weir.interop;

import static weir.interop.Numbered.require;
import static weir.interop.Numbered.requireOnce;
import static weir.interop.Numbered.requireOrderByKey;

import io.pravega.client.BatchClientFactory;
import io.pravega.client.EventStreamClientFactory;
import io.pravega.client.admin.ReaderGroupManager;
import io.pravega.client.batch.SegmentIterator;
import io.pravega.client.batch.SegmentRange;
import io.pravega.client.stream.Checkpoint;
import io.pravega.client.stream.EventPointer;
import io.pravega.client.stream.EventRead;
import io.pravega.client.stream.EventStreamReader;
import io.pravega.client.stream.EventStreamWriter;
import io.pravega.client.stream.EventWriterConfig;
import io.pravega.client.stream.ReaderConfig;
import io.pravega.client.stream.ReaderGroup;
import io.pravega.client.stream.ReaderGroupConfig;
import io.pravega.client.stream.Stream;
import io.pravega.client.stream.StreamCut;
import io.pravega.client.stream.TruncatedDataException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Reading what changes meanwhile: truncated, scaled, sealed; several streams, pointers, cuts; lists of events. */
final class ReadChecks {
    private final Server server;

    ReadChecks(Server server) {
        this.server = server;
    }

    void addTo(Suite suite) {
        suite.add("reading: a stream that is truncated under its reader", this::truncated);
        suite.add("reading: two readers over scales, each key in order", this::overScales);
        suite.add("reading: two streams in one group", this::twoStreams);
        suite.add("reading: cuts of a group while it reads", this::cuts);
        suite.add("reading: to the end of a sealed stream, and no further", this::sealed);
        suite.add("reading: pointers over scales and truncation", this::pointers);
        suite.add("reading: batches over scales, and of what is truncated", this::batches);
        suite.add("events: lists, each in one piece", this::lists);
        suite.add("events: many writers over few connections", this::pooled);
    }

    private static ReaderGroupConfig.ReaderGroupConfigBuilder config(Stream... streams) {
        ReaderGroupConfig.ReaderGroupConfigBuilder config = ReaderGroupConfig.builder().disableAutomaticCheckpoints()
                .groupRefreshTimeMillis(200);
        for (Stream stream : streams) {
            config.stream(stream);
        }
        return config;
    }

    private interface Work {
        void with(ReaderGroup group, EventStreamReader<String> reader) throws Exception;
    }

    private void read(ReaderGroupConfig config, Work work) throws Exception {
        String name = server.fresh("reading");
        try (ReaderGroupManager groups = server.groups("interop");
             EventStreamClientFactory clients = server.clients("interop")) {
            require(groups.createReaderGroup(name, config), "createReaderGroup says false");
            try (ReaderGroup group = groups.getReaderGroup(name);
                 EventStreamReader<String> reader = clients.createReader("r", name, Io.TEXT,
                         ReaderConfig.builder().build())) {
                work.with(group, reader);
            }
            groups.deleteReaderGroup(name);
        }
    }

    /** The first event from the new head. Before it the reader is told: once, or again if it asked in vain where that is. */
    private static String afterTold(EventStreamReader<String> reader) {
        boolean told = false;
        for (;;) {
            try {
                String event = reader.readNextEvent(5000).getEvent();
                require(event == null || told, "nobody said that events are missing");
                if (event != null) {
                    return event;
                }
            } catch (TruncatedDataException expected) {
                told = true;
            }
        }
    }

    /** It is told, and goes on at the new head. */
    private void truncated() throws Exception {
        Stream stream = server.newStream("truncated", 1);
        Io.write(server, stream, 0, 100);
        StreamCut cut = server.tail(stream);
        ReaderGroupConfig atHead = config(stream).startFromStreamCuts(Map.of(stream, server.head(stream))).build();
        Io.write(server, stream, 100, 150);
        require(server.streams.truncateStream("interop", stream.getStreamName(), cut), "truncateStream says false");
        read(atHead, (group, reader) -> {
            List<String> events = new ArrayList<>(List.of(afterTold(reader)));
            events.addAll(Io.next(reader, 49));
            requireOnce(events, 100, 150);
        });
    }

    private void overScales() throws Exception {
        Stream stream = server.newStream("read-over", 1);
        StreamChecks scales = new StreamChecks(server);
        CompletableFuture<Void> writer = CompletableFuture.runAsync(() -> {
            try {
                Io.write(server, stream, 0, 600);
                scales.scaleAll(stream, 3);
                Io.write(server, stream, 600, 1200);
                scales.scaleAll(stream, 1);
                Io.write(server, stream, 1200, 1800);
            } catch (Exception why) {
                throw new IllegalStateException(why);
            }
        }, Threads::start);
        writer.get(Server.WAIT_S, TimeUnit.SECONDS);
        List<String> events = Io.readAll(server, stream, 2);
        requireOnce(events, 0, 1800);
        events = Io.readAll(server, stream);
        requireOnce(events, 0, 1800);
        requireOrderByKey(events);
    }

    private void twoStreams() throws Exception {
        Stream one = server.newStream("one", 1);
        Stream two = server.newStream("two", 2);
        Io.write(server, one, 0, 100);
        Io.write(server, two, 100, 300);
        read(config(one, two).build(), (group, reader) -> {
            requireOnce(Io.next(reader, 300), 0, 300);
            require(group.getStreamNames().equals(java.util.Set.of(one.getScopedName(), two.getScopedName())),
                    "its streams are %s", group.getStreamNames());
        });
    }

    /** The cuts that a group generates lie between what was read and what is there. */
    private void cuts() throws Exception {
        Stream stream = server.newStream("cuts-of-group", 2);
        Io.write(server, stream, 0, 200);
        read(config(stream).build(), (group, reader) -> {
            List<String> events = new ArrayList<>(Io.next(reader, 100));
            CompletableFuture<Map<Stream, StreamCut>> cuts = group.generateStreamCuts(server.executor);
            while (!cuts.isDone()) {
                String event = reader.readNextEvent(100).getEvent();
                if (event != null) {
                    events.add(event);
                }
            }
            List<String> before = new ArrayList<>();
            Io.readBetween(server, stream, StreamCut.UNBOUNDED, cuts.get().get(stream), 1, before::add);
            require(events.containsAll(before) && before.size() <= events.size(), "the cut has %d events, %d were read",
                    before.size(), events.size());
            require(group.getMetrics().unreadBytes() >= 0, "unread are %d bytes", group.getMetrics().unreadBytes());
        });
    }

    private void sealed() throws Exception {
        Stream stream = server.newStream("read-sealed", 2);
        Io.write(server, stream, 0, 100);
        server.streams.sealStream("interop", stream.getStreamName());
        read(config(stream).build(), (group, reader) -> {
            requireOnce(Io.next(reader, 100), 0, 100);
            // A reader gives up an ended segment at the checkpoint after it met the end: one raised sooner passes it by.
            CompletableFuture<Checkpoint> checkpoint = group.initiateCheckpoint("c", server.executor);
            boolean ended = false;
            for (int tries = 0; tries < 300 && !ended; tries++) {
                EventRead<String> read = reader.readNextEvent(200);
                require(read.getEvent() == null, "event \"%s\" came behind the end", read.getEvent());
                ended = read.isReadCompleted();
                if (checkpoint.isDone()) {
                    checkpoint = group.initiateCheckpoint("c" + tries, server.executor);
                }
            }
            require(ended, "the reader does not say that it is done");
        });
    }

    private void pointers() throws Exception {
        Stream stream = server.newStream("pointers", 1);
        StreamChecks scales = new StreamChecks(server);
        Io.write(server, stream, 0, 50);
        StreamCut cut = server.tail(stream);
        scales.scaleAll(stream, 2);
        Io.write(server, stream, 50, 100);
        List<EventRead<String>> reads = new ArrayList<>();
        read(config(stream).automaticCheckpointIntervalMillis(200).build(), (group, reader) -> {
            while (reads.size() < 100) {
                reads.add(Io.nextRead(reader));
            }
        });
        for (EventRead<String> read : List.of(reads.get(0), reads.get(60), reads.get(99))) {
            EventPointer pointer = EventPointer.fromBytes(read.getEventPointer().toBytes());
            String event = server.streams.fetchEvent(pointer, Io.TEXT).get(Server.WAIT_S, TimeUnit.SECONDS);
            require(event.equals(read.getEvent()), "the pointer of \"%s\" leads to \"%s\"", read.getEvent(), event);
        }
        server.streams.truncateStream("interop", stream.getStreamName(), cut);
        String word = ControllerChecks.word(server.streams.fetchEvent(reads.get(0).getEventPointer(), Io.TEXT));
        require(word.equals("NoSuchEventException"), "the pointer of a truncated event comes to %s", word);
    }

    private List<String> batch(Stream stream, StreamCut from, StreamCut to) throws Exception {
        List<String> events = new ArrayList<>();
        try (BatchClientFactory batches = BatchClientFactory.withScope("interop", server.config)) {
            for (Iterator<SegmentRange> ranges = batches.getSegments(stream, from, to).getIterator();
                    ranges.hasNext();) {
                try (SegmentIterator<String> segment = batches.readSegment(ranges.next(), Io.TEXT)) {
                    segment.forEachRemaining(events::add);
                }
            }
        }
        return events;
    }

    private void batches() throws Exception {
        Stream stream = server.newStream("batches", 1);
        StreamChecks scales = new StreamChecks(server);
        Io.write(server, stream, 0, 100);
        StreamCut first = server.tail(stream);
        scales.scaleAll(stream, 3);
        Io.write(server, stream, 100, 200);
        scales.scaleAll(stream, 1);
        Io.write(server, stream, 200, 300);
        requireOnce(batch(stream, StreamCut.UNBOUNDED, StreamCut.UNBOUNDED), 0, 300);
        requireOnce(batch(stream, first, server.tail(stream)), 100, 300);
        require(server.streams.truncateStream("interop", stream.getStreamName(), first), "truncateStream says false");
        requireOnce(batch(stream, StreamCut.UNBOUNDED, StreamCut.UNBOUNDED), 100, 300);
    }

    private void lists() throws Exception {
        Stream stream = server.newStream("lists", 1);
        List<String> written = new ArrayList<>();
        try (EventStreamClientFactory clients = server.clients("interop");
             EventStreamWriter<String> writer = clients.createEventWriter(stream.getStreamName(), Io.TEXT,
                     Io.writerConfig())) {
            for (int i = 0; i < 20; i++) {
                List<String> list = List.of("first of " + i, "", "w".repeat(1000 * i), "last");
                writer.writeEvents("key", list).get(Server.WAIT_S, TimeUnit.SECONDS);
                written.addAll(list);
            }
        }
        require(Io.readAll(server, stream).equals(written), "what was read is not what was written");
    }

    private void pooled() throws Exception {
        Stream stream = server.newStream("pooled", 4);
        EventWriterConfig pooling = EventWriterConfig.builder().enableConnectionPooling(true).build();
        List<CompletableFuture<Void>> acknowledged = new ArrayList<>();
        try (EventStreamClientFactory clients = server.clients("interop")) {
            List<EventStreamWriter<String>> writers = new ArrayList<>();
            for (int i = 0; i < Numbered.KEYS; i++) {
                writers.add(clients.createEventWriter("pooled-" + i, stream.getStreamName(), Io.TEXT, pooling));
            }
            for (int number = 0; number < 4000; number++) { /* a key has a writer of its own */
                acknowledged.add(writers.get(number % Numbered.KEYS).writeEvent(Numbered.key(number),
                        Numbered.event(number)));
            }
            writers.forEach(EventStreamWriter::close);
            acknowledged.forEach(CompletableFuture::join); /* which nobody completes after the clients are closed */
        }
        List<String> events = Io.readAll(server, stream);
        requireOnce(events, 0, 4000);
        requireOrderByKey(events);
    }
}
