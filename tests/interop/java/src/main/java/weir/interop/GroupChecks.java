package weir.interop;

import static weir.interop.Numbered.require;
import static weir.interop.Numbered.requireOnce;

import io.pravega.client.EventStreamClientFactory;
import io.pravega.client.admin.ReaderGroupManager;
import io.pravega.client.stream.Checkpoint;
import io.pravega.client.stream.EventRead;
import io.pravega.client.stream.EventStreamReader;
import io.pravega.client.stream.Position;
import io.pravega.client.stream.ReaderConfig;
import io.pravega.client.stream.ReaderGroup;
import io.pravega.client.stream.ReaderGroupConfig;
import io.pravega.client.stream.ReaderGroupNotFoundException;
import io.pravega.client.stream.ReaderSegmentDistribution;
import io.pravega.client.stream.Stream;
import io.pravega.client.stream.StreamCut;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** Reader groups: sharing, checkpoints and resets, readers that die, stream cuts. */
final class GroupChecks {
    private final Server server;

    GroupChecks(Server server) {
        this.server = server;
    }

    void addTo(Suite suite) {
        suite.add("groups: three readers share four segments", this::share);
        suite.add("groups: a checkpoint, and back to it", this::checkpoint);
        suite.add("groups: another reader goes on where one died", this::offline);
        suite.add("groups: from one stream cut to another", this::cuts);
        suite.add("groups: two readers come to have two segments each", this::spread);
        suite.add("groups: a checkpoint that is called off", this::calledOff);
        suite.add("groups: a reader closes at a position, another goes on there", this::closedAt);
        suite.add("groups: between cuts of two streams", this::cutsOfTwo);
        suite.add("groups: deleted", this::delete);
    }

    private static ReaderGroupConfig config(Stream stream) {
        return ReaderGroupConfig.builder().stream(stream).disableAutomaticCheckpoints().build();
    }

    private static EventStreamReader<String> reader(EventStreamClientFactory clients, ReaderGroup group, String name) {
        return clients.createReader(name, group.getGroupName(), Io.TEXT, ReaderConfig.builder().build());
    }

    private void share() throws Exception {
        Stream stream = server.newStream("share", 4);
        Io.write(server, stream, 0, 2000);
        requireOnce(Io.readAll(server, stream, 3), 0, 2000);
    }

    /** What was read after the checkpoint comes again after the reset, and nothing else. */
    private void checkpoint() throws Exception {
        Stream stream = server.newStream("checkpoint", 2);
        Io.write(server, stream, 0, 300);
        try (ReaderGroupManager groups = server.groups(stream.getScope());
             EventStreamClientFactory clients = server.clients(stream.getScope())) {
            String name = server.fresh("checkpoint");
            groups.createReaderGroup(name, config(stream));
            try (ReaderGroup group = groups.getReaderGroup(name)) {
                List<String> before = new ArrayList<>();
                List<String> after = new ArrayList<>();
                Checkpoint checkpoint;
                try (EventStreamReader<String> reader = reader(clients, group, "first")) {
                    before.addAll(Io.next(reader, 100));
                    checkpoint = readOverCheckpoint(group, reader, before, after);
                    after.addAll(Io.next(reader, 300 - before.size() - after.size()));
                }
                List<String> all = new ArrayList<>(before);
                all.addAll(after);
                requireOnce(all, 0, 300);
                group.resetReaderGroup(ReaderGroupConfig.builder().startFromCheckpoint(checkpoint)
                        .disableAutomaticCheckpoints().build());
                try (EventStreamReader<String> reader = reader(clients, group, "second")) {
                    all = new ArrayList<>(before);
                    all.addAll(Io.next(reader, after.size()));
                    requireOnce(all, 0, 300);
                    require(reader.readNextEvent(300).getEvent() == null, "more than what followed the checkpoint came");
                }
            }
        }
    }

    /** Reads until the checkpoint is complete: first what comes before the reader meets it, then what follows. */
    private Checkpoint readOverCheckpoint(ReaderGroup group, EventStreamReader<String> reader, List<String> before,
            List<String> after) throws Exception {
        CompletableFuture<Checkpoint> done = group.initiateCheckpoint(server.fresh("c"), server.executor);
        List<String> events = before;
        while (!done.isDone()) { /* a reader has passed a checkpoint when it reads on */
            EventRead<String> read = reader.readNextEvent(200);
            if (read.isCheckpoint()) {
                events = after;
            } else if (read.getEvent() != null) {
                events.add(read.getEvent());
            }
        }
        return done.get();
    }

    private void offline() throws Exception {
        Stream stream = server.newStream("offline", 2);
        Io.write(server, stream, 0, 400);
        try (ReaderGroupManager groups = server.groups(stream.getScope());
             EventStreamClientFactory clients = server.clients(stream.getScope());
             EventStreamClientFactory others = server.clients(stream.getScope())) {
            String name = server.fresh("offline");
            groups.createReaderGroup(name, config(stream));
            try (ReaderGroup group = groups.getReaderGroup(name)) {
                EventStreamReader<String> first = reader(clients, group, "first"); /* never closed: it dies */
                List<String> events = new ArrayList<>();
                EventRead<String> last = null;
                while (events.size() < 150) {
                    EventRead<String> read = first.readNextEvent(200);
                    if (read.getEvent() != null) {
                        events.add(read.getEvent());
                        last = read;
                    }
                }
                group.readerOffline("first", last.getPosition());
                require(group.getOnlineReaders().isEmpty(), "online are %s", group.getOnlineReaders());
                try (EventStreamReader<String> second = reader(others, group, "second")) {
                    events.addAll(Io.next(second, 250));
                }
                requireOnce(events, 0, 400);
            }
        }
    }

    private void cuts() throws Exception {
        Stream stream = server.newStream("cuts", 3);
        Io.write(server, stream, 0, 100);
        StreamCut from = server.tail(stream);
        Io.write(server, stream, 100, 200);
        StreamCut to = server.tail(stream);
        Io.write(server, stream, 200, 300);
        List<String> events = new ArrayList<>();
        Io.readBetween(server, stream, StreamCut.from(from.asText()), to, 1, events::add);
        requireOnce(events, 100, 200);
        try (ReaderGroupManager groups = server.groups(stream.getScope())) {
            String name = server.fresh("cuts");
            groups.createReaderGroup(name, ReaderGroupConfig.builder().stream(stream, from)
                    .disableAutomaticCheckpoints().build());
            try (ReaderGroup group = groups.getReaderGroup(name)) {
                require(group.getStreamCuts().equals(Map.of(stream, from)), "its cuts are %s", group.getStreamCuts());
                require(group.getMetrics().unreadBytes() > 0, "it has nothing left to read");
            }
        }
    }

    private void spread() throws Exception {
        Stream stream = server.newStream("spread", 4);
        try (ReaderGroupManager groups = server.groups(stream.getScope());
             EventStreamClientFactory clients = server.clients(stream.getScope())) {
            String name = server.fresh("spread");
            groups.createReaderGroup(name, ReaderGroupConfig.builder().stream(stream).disableAutomaticCheckpoints()
                    .groupRefreshTimeMillis(200).build());
            try (ReaderGroup group = groups.getReaderGroup(name);
                 EventStreamReader<String> one = reader(clients, group, "one");
                 EventStreamReader<String> two = reader(clients, group, "two")) {
                ReaderSegmentDistribution spread = group.getReaderSegmentDistribution();
                while (!spread.getReaderSegmentDistribution().equals(Map.of("one", 2, "two", 2))) {
                    one.readNextEvent(100);
                    two.readNextEvent(100);
                    spread = group.getReaderSegmentDistribution();
                }
                require(spread.getUnassignedSegments() == 0, "%d segments are nobody's", spread.getUnassignedSegments());
            }
            groups.deleteReaderGroup(name);
        }
    }

    /** Its reader reads nothing meanwhile, so that the checkpoint is open until then. The next one is made. */
    private void calledOff() throws Exception {
        Stream stream = server.newStream("called-off", 1);
        Io.write(server, stream, 0, 200);
        try (ReaderGroupManager groups = server.groups(stream.getScope());
             EventStreamClientFactory clients = server.clients(stream.getScope())) {
            String name = server.fresh("called-off");
            groups.createReaderGroup(name, config(stream));
            try (ReaderGroup group = groups.getReaderGroup(name);
                 EventStreamReader<String> reader = reader(clients, group, "reader")) {
                List<String> events = Io.next(reader, 50);
                CompletableFuture<Checkpoint> open = group.initiateCheckpoint("open", server.executor);
                group.cancelOutstandingCheckpoints();
                String word = ControllerChecks.word(open);
                require(word.equals("CheckpointFailedException"), "the checkpoint comes to %s", word);
                List<String> after = new ArrayList<>();
                Checkpoint next = readOverCheckpoint(group, reader, events, after);
                require(next.getName() != null, "the next one has no name");
                events.addAll(after);
                events.addAll(Io.next(reader, 200 - events.size()));
                requireOnce(events, 0, 200);
            }
            groups.deleteReaderGroup(name);
        }
    }

    /** What the first one read after that position comes again. */
    private void closedAt() throws Exception {
        Stream stream = server.newStream("closed-at", 1);
        Io.write(server, stream, 0, 200);
        try (ReaderGroupManager groups = server.groups(stream.getScope());
             EventStreamClientFactory clients = server.clients(stream.getScope())) {
            String name = server.fresh("closed-at");
            groups.createReaderGroup(name, config(stream));
            try (ReaderGroup group = groups.getReaderGroup(name)) {
                EventStreamReader<String> first = reader(clients, group, "first");
                Position position = null;
                for (int count = 0; count < 80;) {
                    EventRead<String> read = first.readNextEvent(200);
                    count += read.getEvent() != null ? 1 : 0;
                    position = count == 50 && position == null ? read.getPosition() : position;
                }
                first.closeAt(position);
                require(group.getOnlineReaders().isEmpty(), "online are %s", group.getOnlineReaders());
                try (EventStreamReader<String> second = reader(clients, group, "second")) {
                    requireOnce(Io.next(second, 150), 50, 200);
                }
            }
            groups.deleteReaderGroup(name);
        }
    }

    private void cutsOfTwo() throws Exception {
        Stream one = server.newStream("cuts-one", 1);
        Stream two = server.newStream("cuts-two", 2);
        Map<Stream, StreamCut> from = new HashMap<>();
        Map<Stream, StreamCut> to = new HashMap<>();
        for (Stream each : List.of(one, two)) {
            int base = each.equals(one) ? 0 : 300;
            Io.write(server, each, base, base + 100);
            from.put(each, server.tail(each));
            Io.write(server, each, base + 100, base + 200);
            to.put(each, server.tail(each));
            Io.write(server, each, base + 200, base + 300);
        }
        try (ReaderGroupManager groups = server.groups("interop");
             EventStreamClientFactory clients = server.clients("interop")) {
            String name = server.fresh("cuts-of-two");
            groups.createReaderGroup(name, ReaderGroupConfig.builder().stream(one).stream(two).startingStreamCuts(from)
                    .endingStreamCuts(to).disableAutomaticCheckpoints().build());
            try (ReaderGroup group = groups.getReaderGroup(name);
                 EventStreamReader<String> reader = reader(clients, group, "reader")) {
                require(group.getStreamCuts().equals(from), "it begins at %s", group.getStreamCuts());
                List<String> events = new ArrayList<>(Io.next(reader, 200));
                require(reader.readNextEvent(300).getEvent() == null, "an event came from behind the cuts");
                events.removeIf(event -> Numbered.number(event) >= 300);
                requireOnce(events, 100, 200);
            }
            groups.deleteReaderGroup(name);
        }
    }

    private void delete() throws Exception {
        Stream stream = server.newStream("group", 1);
        try (ReaderGroupManager groups = server.groups(stream.getScope())) {
            String name = server.fresh("delete");
            require(groups.createReaderGroup(name, config(stream)), "createReaderGroup says false");
            groups.getReaderGroup(name).close();
            groups.deleteReaderGroup(name);
            try {
                groups.getReaderGroup(name).close();
            } catch (ReaderGroupNotFoundException expected) {
                return;
            }
            throw new AssertionError("a deleted group is found");
        }
    }
}
