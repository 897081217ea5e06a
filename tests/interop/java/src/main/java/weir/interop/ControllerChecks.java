package weir.interop;

import static weir.interop.Numbered.require;
import static weir.interop.Numbered.requireOnce;

import io.pravega.client.admin.ReaderGroupManager;
import io.pravega.client.control.impl.Controller;
import io.pravega.client.control.impl.ControllerImpl;
import io.pravega.client.control.impl.ControllerImplConfig;
import io.pravega.client.segment.impl.Segment;
import io.pravega.client.stream.ReaderGroup;
import io.pravega.client.stream.ReaderGroupConfig;
import io.pravega.client.stream.ScalingPolicy;
import io.pravega.client.stream.Stream;
import io.pravega.client.stream.StreamConfiguration;
import io.pravega.client.stream.StreamCut;
import io.pravega.client.stream.impl.StreamCutImpl;
import io.pravega.client.stream.impl.WriterPosition;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/** The controller's calls: repeated, refused, asked for what was and what is; subscribers, tags, whole scopes. */
final class ControllerChecks {
    private final Server server;
    private final Controller controller;
    private final List<String> others = new ArrayList<>(); /* outcomes that were not the expected ones */

    ControllerChecks(Server server) {
        this.server = server;
        this.controller = new ControllerImpl(ControllerImplConfig.builder().clientConfig(server.config).build(),
                server.executor);
    }

    void addTo(Suite suite) {
        suite.add("controller: calls that are repeated", () -> all(this::repeated));
        suite.add("controller: scales that are refused", () -> all(this::scaleRefused));
        suite.add("controller: names and configurations that are refused", () -> all(this::namesRefused));
        suite.add("controller: cuts that are refused", () -> all(this::cutsRefused));
        suite.add("controller: segments of epochs and of cuts", () -> all(this::segments));
        suite.add("controller: successors and their predecessors, over splits and merges", () -> all(this::successors));
        suite.add("controller: a scale is begun, and asked for", () -> all(this::scaleBegun));
        suite.add("controller: subscribers come, move on and go", () -> all(this::subscribers));
        suite.add("controller: subscribers' positions, and those of others", () -> all(this::positions));
        suite.add("controller: a group's configuration and its generations", () -> all(this::generations));
        suite.add("controller: times that writers note, writers that go", () -> all(this::writers));
        suite.add("controller: tags over updates and the end of a stream", () -> all(this::tags));
        suite.add("controller: a scope with all that is in it", () -> all(this::recursive));
    }

    /** What a call comes to, as a word: its result, or what it fails with. */
    static String word(CompletableFuture<?> call) throws Exception {
        try {
            return String.valueOf(call.get(Server.WAIT_S, TimeUnit.SECONDS));
        } catch (ExecutionException why) {
            Throwable root = why;
            while (root.getCause() != null) {
                root = root.getCause();
            }
            return root.getClass().getSimpleName();
        }
    }

    /** Runs a check to its end, and then tells all that was not as expected. */
    private void all(Suite.Check check) throws Exception {
        others.clear();
        check.run();
        require(others.isEmpty(), "%s", String.join("; ", others));
    }

    private void is(String expected, CompletableFuture<?> call, String what) throws Exception {
        String found = word(call);
        if (!found.equals(expected)) {
            others.add(what + " comes to " + found + ", not " + expected);
        }
    }

    private static <T> T wait(CompletableFuture<T> call) throws Exception {
        return call.get(Server.WAIT_S, TimeUnit.SECONDS);
    }

    private static List<Long> ids(Collection<Segment> segments) {
        return segments.stream().map(Segment::getSegmentId).sorted().toList();
    }

    private List<Long> current(Stream stream) throws Exception {
        return ids(wait(controller.getCurrentSegments(stream.getScope(), stream.getStreamName())).getSegments());
    }

    /** New segments have their numbers in the order in which their ranges are sent. */
    private CompletableFuture<Boolean> scale(Stream stream, List<Long> sealed, Map<Double, Double> ranges) {
        return controller.scaleStream(stream, sealed, new TreeMap<>(ranges), server.executor).getFuture();
    }

    private void repeated() throws Exception {
        Stream stream = server.newStream("repeated", 1);
        String scope = stream.getScope();
        String name = stream.getStreamName();
        is("false", controller.createStream(scope, name, Server.fixed(1)), "createStream of an old one");
        for (int i = 0; i < 2; i++) {
            is("true", controller.updateStream(scope, name, Server.fixed(1)), "updateStream to the same");
        }
        Io.write(server, stream, 0, 50);
        StreamCut cut = server.tail(stream);
        is("true", controller.truncateStream(scope, name, cut), "truncateStream");
        is("true", controller.truncateStream(scope, name, cut), "truncateStream to the same cut");
        java.util.UUID first = wait(controller.createTransaction(stream, 60_000)).getTxnId();
        java.util.UUID second = wait(controller.createTransaction(stream, 60_000)).getTxnId();
        require(!first.equals(second), "two transactions have one id");
        for (int i = 0; i < 2; i++) {
            is("null", controller.commitTransaction(stream, "writer", null, first), "commitTransaction");
            is("null", controller.abortTransaction(stream, second), "abortTransaction");
        }
        awaitStatus(stream, first, "COMMITTED");
        awaitStatus(stream, second, "ABORTED");
        is("null", controller.commitTransaction(stream, "writer", null, first), "commitTransaction of a committed one");
        is("TxnFailedException", controller.commitTransaction(stream, "writer", null, second), "commit of an aborted one");
        is("RuntimeException", controller.abortTransaction(stream, first), "abortTransaction of a committed one");
        for (int i = 0; i < 2; i++) {
            is("true", controller.sealStream(scope, name), "sealStream");
        }
        is("true", controller.deleteStream(scope, name), "deleteStream");
        is("false", controller.deleteStream(scope, name), "deleteStream of none");
    }

    private void awaitStatus(Stream stream, java.util.UUID transaction, String status) throws Exception {
        String found = "";
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(Server.WAIT_S);
        while (!found.equals(status)) {
            require(System.nanoTime() < deadline, "the transaction is %s, not %s", found, status);
            found = word(controller.checkTransactionStatus(stream, transaction));
            Thread.sleep(25);
        }
    }

    private void scaleRefused() throws Exception {
        Stream stream = server.newStream("scale-refused", 2);
        is("ControllerFailureException", scale(stream, List.of(0L), Map.of(0.0, 0.6)), "a range that is too wide");
        is("ControllerFailureException", scale(stream, List.of(0L), Map.of(0.0, 0.2, 0.3, 0.5)), "ranges with a gap");
        is("ControllerFailureException", scale(stream, List.of(0L, 1L), Map.of(0.0, 0.6, 0.5, 1.0)), "ranges that overlap");
        is("false", scale(stream, List.of(7L), Map.of(0.0, 0.5)), "a segment that is not there");
        require(current(stream).equals(List.of(0L, 1L)), "it has the segments %s", current(stream));
        is("true", scale(stream, List.of(0L), Map.of(0.0, 0.25, 0.25, 0.5)), "a right one");
        is("false", scale(stream, List.of(0L), Map.of(0.0, 0.5)), "a segment that is sealed");
        is("true", controller.checkScaleStatus(stream, 0), "checkScaleStatus of the past");
        is("false", controller.checkScaleStatus(stream, 1), "checkScaleStatus of now");
        require(current(stream).equals(List.of(1L, (1L << 32) + 2, (1L << 32) + 3)), "then it has %s", current(stream));
        server.streams.sealStream(stream.getScope(), stream.getStreamName());
        is("ControllerFailureException", scale(stream, List.of(1L), Map.of(0.5, 1.0)), "a stream that is sealed");
    }

    private void namesRefused() throws Exception {
        String scope = "interop";
        server.streams.createScope(scope);
        is("IllegalArgumentException", controller.createScope("with blank"), "a scope with a blank");
        is("IllegalArgumentException", controller.createStream(scope, "with blank", Server.fixed(1)), "a name with a blank");
        is("IllegalArgumentException", controller.createStream("none-" + server.fresh("s"), "s", Server.fixed(1)),
                "a scope that is not there");
        is("IllegalArgumentException", controller.updateStream(scope, server.fresh("none"), Server.fixed(1)),
                "updateStream of none");
        is("InvalidStreamException", controller.sealStream(scope, server.fresh("none")), "sealStream of none");
        is("NoSuchScopeException", collect(controller.listStreams(server.fresh("none")).asIterator()), "listStreams of none");
        Stream none = Stream.of(scope, server.fresh("none"));
        is("false", controller.checkStreamExists(scope, none.getStreamName()), "checkStreamExists of none");
    }

    private static <T> CompletableFuture<List<T>> collect(Iterator<T> iterator) {
        return CompletableFuture.supplyAsync(() -> {
            List<T> all = new ArrayList<>();
            iterator.forEachRemaining(all::add);
            return all;
        });
    }

    private void cutsRefused() throws Exception {
        Stream stream = server.newStream("cuts-refused", 2);
        Io.write(server, stream, 0, 100);
        StreamCut early = server.tail(stream);
        Io.write(server, stream, 100, 200);
        StreamCut late = server.tail(stream);
        String name = stream.getStreamName();
        is("true", controller.truncateStream("interop", name, late), "truncateStream");
        is("ControllerFailureException", controller.truncateStream("interop", name, early), "a cut before the head");
        is("ControllerFailureException", controller.truncateStream("interop", name,
                new StreamCutImpl(stream, Map.of(new Segment("interop", name, 0), 0L))), "half of the keys");
        is("ControllerFailureException", controller.truncateStream("interop", name,
                new StreamCutImpl(stream, Map.of(new Segment("interop", name, 77), 0L))), "a segment that is not there");
        Io.write(server, stream, 200, 300);
        requireOnce(Io.readAll(server, stream), 200, 300);
    }

    private void segments() throws Exception {
        Stream stream = server.newStream("segments", 1);
        Io.write(server, stream, 0, 100);
        StreamCut from = server.tail(stream);
        is("true", scale(stream, List.of(0L), Map.of(0.0, 0.5, 0.5, 1.0)), "a scale");
        Io.write(server, stream, 100, 200);
        StreamCut to = server.tail(stream);
        List<Long> all = List.of(0L, (1L << 32) + 1, (1L << 32) + 2);
        require(ids(wait(controller.getSegments(from, to)).getSegments()).equals(all), "between the cuts are %s",
                ids(wait(controller.getSegments(from, to)).getSegments()));
        require(ids(wait(controller.getSuccessors(from)).getSegments()).equals(all), "after the first cut are %s",
                ids(wait(controller.getSuccessors(from)).getSegments()));
        require(ids(wait(controller.getSuccessors(to)).getSegments()).equals(all.subList(1, 3)), "after the second are %s",
                ids(wait(controller.getSuccessors(to)).getSegments()));
        require(ids(wait(controller.getEpochSegments("interop", stream.getStreamName(), 0)).getSegments())
                .equals(all.subList(0, 1)), "the first epoch has others");
        require(ids(wait(controller.getSegmentsAtTime(stream, 0)).keySet()).equals(all.subList(0, 1)), "at time 0 it has %s",
                wait(controller.getSegmentsAtTime(stream, 0)));
        is("false", controller.isSegmentOpen(new Segment("interop", stream.getStreamName(), 0)), "isSegmentOpen of a sealed one");
        is("true", controller.isSegmentOpen(new Segment("interop", stream.getStreamName(), all.get(2))), "isSegmentOpen");
        require(wait(controller.getSuccessors(new Segment("interop", stream.getStreamName(), 0)))
                .getSegmentToPredecessor().size() == 2, "the first segment has other successors");
        require(wait(controller.getEndpointForSegment("interop/" + stream.getStreamName() + "/0.#epoch.0")).getPort() > 0,
                "the segment is nowhere");
    }

    private String successorsOf(Stream stream, long segment) throws Exception {
        Map<Long, List<Long>> found = new TreeMap<>();
        wait(controller.getSuccessors(new Segment("interop", stream.getStreamName(), segment))).getSegmentToPredecessor()
                .forEach((each, before) -> found.put(each.getSegment().getSegmentId(), before.stream().sorted().toList()));
        return text(found);
    }

    private static String text(Map<Long, List<Long>> successors) {
        return new TreeMap<>(successors).toString();
    }

    /** 0 becomes 1 and 2, they become 3, which becomes 4 and 5; then 5 alone becomes 6, 7 and 8. */
    private void successors() throws Exception {
        Stream stream = server.newStream("successors", 1);
        long one = (1L << 32) + 1;
        long three = (2L << 32) + 3;
        long four = (3L << 32) + 4;
        long six = (4L << 32) + 6;
        is("true", scale(stream, List.of(0L), Map.of(0.0, 0.6, 0.6, 1.0)), "a split");
        is("true", scale(stream, List.of(one, one + 1), Map.of(0.0, 1.0)), "a merge");
        is("true", scale(stream, List.of(three), Map.of(0.0, 0.3, 0.3, 1.0)), "another split");
        is("true", scale(stream, List.of(four + 1), Map.of(0.3, 0.4, 0.4, 0.7, 0.7, 1.0)), "a split of one of two");
        String[][] expected = {{"0", text(Map.of(one, List.of(0L), one + 1, List.of(0L)))},
            {"" + one, text(Map.of(three, List.of(one, one + 1)))}, {"" + (one + 1), text(Map.of(three, List.of(one, one + 1)))},
            {"" + three, text(Map.of(four, List.of(three), four + 1, List.of(three)))}, {"" + four, "{}"},
            {"" + (four + 1), text(Map.of(six, List.of(four + 1), six + 1, List.of(four + 1), six + 2, List.of(four + 1)))}};
        for (String[] each : expected) {
            String found = successorsOf(stream, Long.parseLong(each[0]));
            require(found.equals(each[1]), "the successors of %s are %s", each[0], found);
        }
        require(current(stream).equals(List.of(four, six, six + 1, six + 2)), "then it has %s", current(stream));
        for (int epoch = 0; epoch < 5; epoch++) {
            int count = wait(controller.getEpochSegments("interop", stream.getStreamName(), epoch)).getSegments().size();
            require(count == new int[] {1, 2, 1, 2, 4}[epoch], "epoch %d has %d segments", epoch, count);
        }
        Stream two = server.newStream("successors", 2);
        is("false", scale(two, List.of(0L, 1L), Map.of(0.0, 1.0)), "a merge to less than the policy's least");
    }

    private void scaleBegun() throws Exception {
        Stream stream = server.newStream("scale-begun", 1);
        is("true", controller.startScale(stream, List.of(0L), Map.of(0.0, 0.5, 0.5, 1.0)), "startScale");
        String done = "false";
        while (!done.equals("true")) {
            done = word(controller.checkScaleStatus(stream, 0));
            require(done.equals("true") || done.equals("false"), "checkScaleStatus comes to %s", done);
        }
        require(current(stream).equals(List.of((1L << 32) + 1, (1L << 32) + 2)), "then it has %s", current(stream));
        is("false", controller.startScale(stream, List.of(0L), Map.of(0.0, 1.0)), "startScale of what is sealed");
    }

    private void subscribers() throws Exception {
        Stream stream = server.newStream("subscribed", 1);
        String name = stream.getStreamName();
        String group = server.fresh("subscriber");
        Io.write(server, stream, 0, 10);
        StreamCut cut = server.tail(stream);
        try (ReaderGroupManager groups = server.groups("interop")) {
            is("[]", controller.listSubscribers("interop", name), "listSubscribers before");
            groups.createReaderGroup(group, config(stream).retentionType(
                    ReaderGroupConfig.StreamDataRetention.MANUAL_RELEASE_AT_USER_STREAMCUT).build());
            is("[interop/" + group + "]", controller.listSubscribers("interop", name), "listSubscribers");
            try (ReaderGroup subscriber = groups.getReaderGroup(group)) {
                subscriber.updateRetentionStreamCut(Map.of(stream, cut));
                subscriber.updateRetentionStreamCut(Map.of(stream, cut));
                subscriber.resetReaderGroup(config(stream).build());
                is("[]", controller.listSubscribers("interop", name), "listSubscribers once it is none");
                subscriber.resetReaderGroup(config(stream).retentionType(
                        ReaderGroupConfig.StreamDataRetention.AUTOMATIC_RELEASE_AT_LAST_CHECKPOINT).build());
                is("[interop/" + group + "]", controller.listSubscribers("interop", name), "listSubscribers again");
            }
            groups.deleteReaderGroup(group);
            is("[]", controller.listSubscribers("interop", name), "listSubscribers once it is deleted");
        }
    }

    /** A position is taken of the group as it is configured now, forward only. */
    private void positions() throws Exception {
        Stream stream = server.newStream("positions", 1);
        String name = stream.getStreamName();
        String group = server.fresh("positions");
        Io.write(server, stream, 0, 10);
        StreamCut early = server.tail(stream);
        Io.write(server, stream, 10, 20);
        StreamCut late = server.tail(stream);
        ReaderGroupConfig made = wait(controller.createReaderGroup("interop", group, ReaderGroupConfig.cloneConfig(
                config(stream).retentionType(ReaderGroupConfig.StreamDataRetention.MANUAL_RELEASE_AT_USER_STREAMCUT).build(),
                java.util.UUID.randomUUID(), 0)));
        String scoped = "interop/" + group;
        java.util.UUID id = made.getReaderGroupId();
        long generation = made.getGeneration();
        is("true", controller.updateSubscriberStreamCut("interop", name, scoped, id, generation, early), "a position");
        is("true", controller.updateSubscriberStreamCut("interop", name, scoped, id, generation, late), "a later one");
        is("IllegalArgumentException", controller.updateSubscriberStreamCut("interop", name, scoped, id, generation, early),
                "an earlier one");
        is("IllegalArgumentException", controller.updateSubscriberStreamCut("interop", name, scoped, id, generation + 1,
                late), "that of another generation");
        is("IllegalArgumentException", controller.updateSubscriberStreamCut("interop", name, "interop/none", id, generation,
                late), "that of a group that is none");
        is("true", controller.deleteReaderGroup("interop", group, id), "deleteReaderGroup");
    }

    private void generations() throws Exception {
        Stream stream = server.newStream("generations", 1);
        String group = server.fresh("generations");
        ReaderGroupConfig asked = ReaderGroupConfig.cloneConfig(config(stream).groupRefreshTimeMillis(1234).build(),
                java.util.UUID.randomUUID(), 0);
        is("ReaderGroupNotFoundException", controller.getReaderGroupConfig("interop", group), "getReaderGroupConfig of none");
        ReaderGroupConfig made = wait(controller.createReaderGroup("interop", group, asked));
        require(made.equals(asked) && made.getReaderGroupId().equals(asked.getReaderGroupId()), "it was made as %s", made);
        ReaderGroupConfig again = wait(controller.createReaderGroup("interop", group, ReaderGroupConfig.cloneConfig(asked,
                java.util.UUID.randomUUID(), 0)));
        require(again.getReaderGroupId().equals(asked.getReaderGroupId()), "a second creation made another one");
        for (long generation = 0; generation < 3; generation++) {
            ReaderGroupConfig next = ReaderGroupConfig.cloneConfig(config(stream).groupRefreshTimeMillis(2000 + generation)
                    .build(), asked.getReaderGroupId(), generation);
            is(String.valueOf(generation + 1), controller.updateReaderGroup("interop", group, next), "updateReaderGroup");
            ReaderGroupConfig found = wait(controller.getReaderGroupConfig("interop", group));
            require(found.getGeneration() == generation + 1 && found.getGroupRefreshTimeMillis() == 2000 + generation,
                    "after update %d it is %s", generation, found);
        }
        is("ReaderGroupConfigRejectedException", controller.updateReaderGroup("interop", group, asked),
                "updateReaderGroup of a generation that is past");
        is("ReaderGroupNotFoundException", controller.deleteReaderGroup("interop", group, java.util.UUID.randomUUID()),
                "deleteReaderGroup by another id");
        is("true", controller.deleteReaderGroup("interop", group, asked.getReaderGroupId()), "deleteReaderGroup");
        is("ReaderGroupNotFoundException", controller.getReaderGroupConfig("interop", group),
                "getReaderGroupConfig of a deleted one");
    }

    /**
     * A writer is forgotten once a watermark has taken in what it noted last, at once if it went or if the stream waits
     * for nobody. So another one, which the stream waits for, keeps watermarks from coming that far meanwhile.
     */
    private void writers() throws Exception {
        Stream stream = Stream.of("interop", server.fresh("writers"));
        server.streams.createScope("interop");
        is("true", controller.createStream("interop", stream.getStreamName(), StreamConfiguration.builder()
                .scalingPolicy(ScalingPolicy.fixed(1)).timestampAggregationTimeout(600_000).build()), "createStream");
        Segment segment = new Segment("interop", stream.getStreamName(), 0);
        WriterPosition early = new WriterPosition(Map.of(segment, 0L));
        WriterPosition late = new WriterPosition(Map.of(segment, 100L));
        is("null", controller.noteTimestampFromWriter("behind", stream, 500, early), "a time of the one that stays behind");
        is("null", controller.noteTimestampFromWriter("w", stream, 1000, early), "a time");
        is("null", controller.noteTimestampFromWriter("w", stream, 2000, late), "a later one");
        is("null", controller.noteTimestampFromWriter("w", stream, 2000, late), "the same again");
        is("RuntimeException", controller.noteTimestampFromWriter("w", stream, 1500, late), "an earlier one");
        is("RuntimeException", controller.noteTimestampFromWriter("w", stream, 3000, early), "a position before");
        is("null", controller.removeWriter("w", stream), "removeWriter");
        is("null", controller.removeWriter("w", stream), "removeWriter of one that went");
        is("RuntimeException", controller.removeWriter("none", stream), "removeWriter of one that never was");
    }

    private static ReaderGroupConfig.ReaderGroupConfigBuilder config(Stream stream) {
        return ReaderGroupConfig.builder().stream(stream).disableAutomaticCheckpoints();
    }

    private void tags() throws Exception {
        String one = server.fresh("one");
        String two = server.fresh("two");
        List<Stream> streams = new ArrayList<>();
        server.streams.createScope("interop");
        for (int i = 0; i < 12; i++) {
            Stream stream = Stream.of("interop", server.fresh("tagged"));
            is("true", controller.createStream("interop", stream.getStreamName(), tagged(one)), "createStream");
            streams.add(stream);
        }
        require(listed(one).equals(new TreeSet<>(streams.stream().map(Stream::getStreamName).toList())), "listed are %s",
                listed(one));
        Stream first = streams.remove(0);
        require(server.streams.updateStream("interop", first.getStreamName(), tagged(two)), "updateStream says false");
        Stream second = streams.remove(0);
        server.streams.sealStream("interop", second.getStreamName());
        server.streams.deleteStream("interop", second.getStreamName());
        require(listed(one).equals(new TreeSet<>(streams.stream().map(Stream::getStreamName).toList())), "then there are %s",
                listed(one));
        require(listed(two).equals(new TreeSet<>(List.of(first.getStreamName()))), "with the other tag are %s", listed(two));
        inOrder(server.fresh("tags"));
    }

    /** The index of tags has parts, by a hash of the stream's name, and lists go from part to part. */
    private void inOrder(String scope) throws Exception {
        server.streams.createScope(scope);
        for (String name : List.of("st", "c", "st2", "readings", "s3")) {
            is("true", controller.createStream(scope, name, tagged("t")), "createStream");
        }
        List<String> names = new ArrayList<>();
        server.streams.listStreams(scope, "t").forEachRemaining(stream -> names.add(stream.getStreamName()));
        require(names.equals(List.of("c", "st2", "s3", "st", "readings")), "they come as %s", names);
    }

    private static StreamConfiguration tagged(String tag) {
        return StreamConfiguration.builder().scalingPolicy(ScalingPolicy.fixed(1)).tag(tag).build();
    }

    private TreeSet<String> listed(String tag) {
        TreeSet<String> names = new TreeSet<>();
        server.streams.listStreams("interop", tag).forEachRemaining(stream -> require(names.add(stream.getStreamName()),
                "%s is listed twice", stream));
        return names;
    }

    private void recursive() throws Exception {
        String scope = server.fresh("recursive");
        for (String name : List.of("open", "sealed")) {
            Io.write(server, server.create(Stream.of(scope, name), 2), 0, 20);
        }
        server.streams.sealStream(scope, "sealed");
        try (ReaderGroupManager groups = server.groups(scope)) {
            groups.createReaderGroup("group", config(Stream.of(scope, "open")).build());
        }
        require(server.streams.deleteScopeRecursive(scope), "deleteScopeRecursive says false");
        require(!server.streams.checkScopeExists(scope), "the scope is there");
        is("false", controller.checkStreamExists(scope, "open"), "checkStreamExists");
        require(server.streams.createScope(scope), "it can't be made anew");
        requireOnce(Io.readAll(server, fresh(scope)), 0, 10);
    }

    private Stream fresh(String scope) {
        Stream stream = server.create(Stream.of(scope, "open"), 1);
        Io.write(server, stream, 0, 10);
        return stream;
    }
}
