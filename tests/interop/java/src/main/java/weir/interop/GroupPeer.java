package weir.interop;

import io.pravega.client.EventStreamClientFactory;
import io.pravega.client.admin.ReaderGroupManager;
import io.pravega.client.segment.impl.Segment;
import io.pravega.client.stream.Checkpoint;
import io.pravega.client.stream.EventRead;
import io.pravega.client.stream.EventStreamReader;
import io.pravega.client.stream.Position;
import io.pravega.client.stream.ReaderConfig;
import io.pravega.client.stream.ReaderGroup;
import io.pravega.client.stream.ReaderGroupConfig;
import io.pravega.client.stream.Stream;
import io.pravega.client.stream.StreamCut;
import io.pravega.client.stream.impl.CheckpointImpl;
import io.pravega.client.stream.impl.ReaderGroupImpl;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;

/** The verbs on reader groups, which the C peer has, too; both print the same of the same group. */
final class GroupPeer {
    private static final int SURPLUS_MS = 500;
    private final Server server;
    private final String scope;
    private final String name;

    private GroupPeer(Server server, Stream group) {
        this.server = server;
        this.scope = group.getScope();
        this.name = group.getStreamName();
    }

    /** Runs "group-VERB SCOPE/GROUP ..."; false: there is no such verb. */
    static boolean run(Server server, String[] args) throws Exception {
        if (args.length < 3) {
            return false;
        }
        GroupPeer peer = new GroupPeer(server, Stream.of(args[2]));
        List<String> rest = List.of(args).subList(3, args.length);
        switch (args[1]) {
            case "group-create" -> peer.create(rest);
            case "group-delete" -> peer.delete();
            case "group-show" -> peer.with(peer::show);
            case "group-unread" -> peer.with(group -> System.out.println(group.getMetrics().unreadBytes()));
            case "group-checkpoint" -> peer.with(group -> peer.checkpoint(group, rest.get(0)));
            case "group-cuts" -> peer.with(group -> printCuts(group.generateStreamCuts(server.executor)
                    .get(Server.WAIT_S, TimeUnit.SECONDS)));
            case "group-cancel" -> peer.with(ReaderGroup::cancelOutstandingCheckpoints);
            case "group-reset" -> peer.with(group -> peer.reset(group, rest));
            case "group-reset-to" -> peer.with(group -> peer.resetTo(group, rest.get(0)));
            case "group-offline" -> peer.with(group -> group.readerOffline(rest.get(0), rest.size() == 1 ? null
                    : Position.fromBytes(ByteBuffer.wrap(HexFormat.of().parseHex(rest.get(1))))));
            case "group-subscribe" -> peer.subscribe(rest.get(0), rest.subList(1, rest.size()));
            case "group-release" -> peer.with(group -> peer.release(group, StreamPeer.parseCut(rest.get(0))));
            case "group-take" -> peer.take(rest.get(0), Integer.parseInt(rest.get(1)));
            case "group-read", "group-read-and-die" -> peer.read(rest.get(0), Long.parseLong(rest.get(1)),
                    rest.size() > 2 ? Integer.parseInt(rest.get(2)) : Integer.MAX_VALUE, args[1].equals("group-read"));
            default -> {
                return false;
            }
        }
        return true;
    }

    private interface Work {
        void on(ReaderGroup group) throws Exception;
    }

    private void with(Work work) throws Exception {
        try (ReaderGroupManager groups = server.groups(scope); ReaderGroup group = groups.getReaderGroup(name)) {
            work.on(group);
        }
    }

    private static ReaderGroupConfig.ReaderGroupConfigBuilder config(List<String> streams) {
        ReaderGroupConfig.ReaderGroupConfigBuilder config = ReaderGroupConfig.builder().disableAutomaticCheckpoints();
        streams.forEach(config::stream);
        return config;
    }

    private void create(List<String> streams) {
        try (ReaderGroupManager groups = server.groups(scope)) {
            groups.createReaderGroup(name, config(streams).build());
        }
    }

    /** A group whose retention is of this type. */
    private void subscribe(String retention, List<String> streams) {
        try (ReaderGroupManager groups = server.groups(scope)) {
            groups.createReaderGroup(name, config(streams).retentionType(retention.equals("manual")
                    ? ReaderGroupConfig.StreamDataRetention.MANUAL_RELEASE_AT_USER_STREAMCUT
                    : ReaderGroupConfig.StreamDataRetention.AUTOMATIC_RELEASE_AT_LAST_CHECKPOINT).build());
        }
    }

    private void release(ReaderGroup group, StreamCut cut) {
        group.updateRetentionStreamCut(Map.of(cut.asImpl().getStream(), cut));
    }

    private void delete() {
        try (ReaderGroupManager groups = server.groups(scope)) {
            groups.deleteReaderGroup(name);
        }
    }

    private void show(ReaderGroup group) {
        group.getOnlineReaders(); /* fetches the state */
        ReaderGroupConfig config = ((ReaderGroupImpl) group).getSynchronizer().getState().getConfig();
        for (Stream stream : new TreeMap<>(byName(config.getStartingStreamCuts())).values()) {
            System.out.printf("stream %s from %s to %s%n", stream.getScopedName(),
                    isCut(config.getStartingStreamCuts().get(stream)) ? "a cut" : "its head",
                    isCut(config.getEndingStreamCuts().get(stream)) ? "a cut" : "no end");
        }
        System.out.printf("checkpoints every %d ms, %d at a time; looked at every %d ms; retention %d%n",
                config.getAutomaticCheckpointIntervalMillis(), config.getMaxOutstandingCheckpointRequest(),
                config.getGroupRefreshTimeMillis(), config.getRetentionType().ordinal());
        new TreeSet<>(group.getOnlineReaders()).forEach(reader -> System.out.println("reader " + reader));
        new TreeSet<>(group.getStreamNames()).forEach(stream -> System.out.println("reads " + stream));
        printCuts(group.getStreamCuts());
    }

    private static boolean isCut(StreamCut cut) {
        return cut != null && !cut.equals(StreamCut.UNBOUNDED);
    }

    private static Map<String, Stream> byName(Map<Stream, StreamCut> cuts) {
        Map<String, Stream> streams = new TreeMap<>();
        cuts.keySet().forEach(stream -> streams.put(stream.getScopedName(), stream));
        return streams;
    }

    private static void printCuts(Map<Stream, StreamCut> cuts) {
        byName(cuts).forEach((name, stream) -> {
            StringBuilder line = new StringBuilder("cut " + name);
            Map<Long, Long> offsets = new TreeMap<>();
            for (Map.Entry<Segment, Long> each : cuts.get(stream).asImpl().getPositions().entrySet()) {
                offsets.put(each.getKey().getSegmentId(), each.getValue());
            }
            offsets.forEach((segment, offset) -> line.append(" ").append(segment).append("=").append(offset));
            System.out.println(line);
        });
    }

    private void checkpoint(ReaderGroup group, String id) throws Exception {
        Checkpoint checkpoint = group.initiateCheckpoint(id, server.executor).get(Server.WAIT_S, TimeUnit.SECONDS);
        ByteBuffer bytes = checkpoint.toBytes();
        byte[] copy = new byte[bytes.remaining()];
        bytes.get(copy);
        System.out.println(HexFormat.of().formatHex(copy));
    }

    private void reset(ReaderGroup group, List<String> streams) {
        if (streams.isEmpty()) {
            group.resetReaderGroup();
        } else {
            group.resetReaderGroup(config(streams).build());
        }
    }

    private void resetTo(ReaderGroup group, String hex) {
        Checkpoint checkpoint = CheckpointImpl.fromBytes(ByteBuffer.wrap(HexFormat.of().parseHex(hex)));
        group.resetReaderGroup(config(new ArrayList<>()).startFromCheckpoint(checkpoint).build());
    }

    /** Prints so many events, and where the reader is then: it goes no further, and stays a member. */
    private void take(String reader, int count) {
        EventStreamReader<String> events = server.clients(scope).createReader(reader, name, Io.TEXT,
                ReaderConfig.builder().build());
        Position position = null;
        for (int left = count; left > 0;) {
            EventRead<String> read = events.readNextEvent(Server.WAIT_S * 1000);
            Numbered.require(read.getEvent() != null || read.isCheckpoint(), "no event in %d s", Server.WAIT_S);
            if (read.getEvent() != null) {
                System.out.println(read.getEvent());
                position = read.getPosition();
                left--;
            }
        }
        System.out.println("position " + StreamPeer.hex(position.toBytes()));
    }

    /**
     * Prints events, and the names of the checkpoints among them, until none comes for so long; once there were so many,
     * a moment is long enough.
     */
    private void read(String reader, long idleMs, int count, boolean closes) {
        try (EventStreamClientFactory clients = server.clients(scope)) {
            EventStreamReader<String> events = clients.createReader(reader, name, Io.TEXT,
                    ReaderConfig.builder().build());
            long deadline = System.currentTimeMillis() + idleMs;
            int left = count;
            while (System.currentTimeMillis() < deadline) {
                EventRead<String> read = events.readNextEvent(100);
                if (read.isCheckpoint()) {
                    System.out.println("checkpoint " + read.getCheckpointName());
                } else if (read.getEvent() != null) {
                    System.out.println(read.getEvent());
                    deadline = System.currentTimeMillis() + (--left > 0 ? idleMs : SURPLUS_MS);
                }
                System.out.flush();
            }
            if (!closes) {
                Runtime.getRuntime().halt(0);
            }
            events.close();
        }
    }
}
