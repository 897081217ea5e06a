package weir.interop;

import io.pravega.client.BatchClientFactory;
import io.pravega.client.admin.StreamInfo;
import io.pravega.client.batch.SegmentIterator;
import io.pravega.client.batch.SegmentRange;
import io.pravega.client.control.impl.Controller;
import io.pravega.client.control.impl.ControllerImpl;
import io.pravega.client.control.impl.ControllerImplConfig;
import io.pravega.client.control.impl.SegmentCollection;
import io.pravega.client.stream.RetentionPolicy;
import io.pravega.client.stream.ScalingPolicy;
import io.pravega.client.stream.Stream;
import io.pravega.client.stream.StreamConfiguration;
import io.pravega.client.stream.StreamCut;
import io.pravega.client.stream.impl.SegmentWithRange;
import java.lang.reflect.Field;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;

/** The verbs on streams, stream cuts and batches, which the C peer has, too; both print the same of the same stream. */
final class StreamPeer {
    private final Server server;
    private final Stream stream;

    private StreamPeer(Server server, Stream stream) {
        this.server = server;
        this.stream = stream;
    }

    /** Runs "stream-VERB SCOPE/STREAM ..."; false: there is no such verb. */
    static boolean run(Server server, String[] args) throws Exception {
        if (args.length < 3) {
            return false;
        }
        List<String> rest = List.of(args).subList(3, args.length);
        if (args[1].equals("stream-list")) {
            list(server, args[2], rest);
            return true;
        }
        StreamPeer peer = new StreamPeer(server, Stream.of(args[2]));
        switch (args[1]) {
            case "stream-create" -> peer.create(rest);
            case "stream-update" -> peer.update(rest);
            case "stream-show" -> peer.show();
            case "stream-seal" -> Numbered.require(server.streams.sealStream(peer.stream.getScope(),
                    peer.stream.getStreamName()), "sealStream says false");
            case "stream-segments" -> peer.segments(rest);
            case "stream-scale" -> peer.scale(Integer.parseInt(rest.get(0)));
            case "stream-cut" -> peer.cut(rest.get(0), rest.get(1));
            case "stream-truncate" -> Numbered.require(server.streams.truncateStream(peer.stream.getScope(),
                    peer.stream.getStreamName(), parseCut(rest.get(0))), "truncateStream says false");
            case "stream-ranges" -> peer.ranges(parseCut(rest.get(0)), parseCut(rest.get(1)));
            case "stream-read" -> Io.readBetween(server, peer.stream, parseCut(rest.get(0)), parseCut(rest.get(1)), 1,
                    System.out::println);
            case "stream-subscribers" -> peer.subscribers();
            default -> {
                return false;
            }
        }
        return true;
    }

    /** Of a scope, or those with a tag. */
    private static void list(Server server, String scope, List<String> tag) {
        Iterator<Stream> streams = tag.isEmpty() ? server.streams.listStreams(scope)
                : server.streams.listStreams(scope, tag.get(0));
        TreeSet<String> names = new TreeSet<>();
        while (streams.hasNext()) {
            String name = streams.next().getStreamName();
            if (!name.startsWith("_")) {
                Numbered.require(names.add(name), "%s is listed twice", name);
            }
        }
        names.forEach(System.out::println);
    }

    /* "scale=fixed:3", "scale=events|kbytes:RATE:FACTOR:MIN", "keep=time|size:MIN[:MAX]", "tag=NAME",
     * "aggregate=MS", "rollover=BYTES" */
    private static StreamConfiguration config(List<String> words) {
        StreamConfiguration.StreamConfigurationBuilder config = StreamConfiguration.builder();
        for (String word : words) {
            String[] parts = word.substring(word.indexOf('=') + 1).split(":");
            switch (word.substring(0, word.indexOf('='))) {
                case "scale" -> config.scalingPolicy(scaling(parts));
                case "keep" -> config.retentionPolicy(retention(parts));
                case "tag" -> config.tag(parts[0]);
                case "aggregate" -> config.timestampAggregationTimeout(Long.parseLong(parts[0]));
                case "rollover" -> config.rolloverSizeBytes(Long.parseLong(parts[0]));
                default -> throw new IllegalArgumentException(word);
            }
        }
        return config.build();
    }

    private static ScalingPolicy scaling(String[] parts) {
        int first = Integer.parseInt(parts[1]);
        return switch (parts[0]) {
            case "fixed" -> ScalingPolicy.fixed(first);
            case "events" -> ScalingPolicy.byEventRate(first, Integer.parseInt(parts[2]), Integer.parseInt(parts[3]));
            case "kbytes" -> ScalingPolicy.byDataRate(first, Integer.parseInt(parts[2]), Integer.parseInt(parts[3]));
            default -> throw new IllegalArgumentException(parts[0]);
        };
    }

    private static RetentionPolicy retention(String[] parts) {
        long min = Long.parseLong(parts[1]);
        if (parts.length == 2) {
            return parts[0].equals("time") ? RetentionPolicy.byTime(Duration.ofMillis(min))
                    : RetentionPolicy.bySizeBytes(min);
        }
        long max = Long.parseLong(parts[2]);
        return parts[0].equals("time") ? RetentionPolicy.byTime(Duration.ofMillis(min), Duration.ofMillis(max))
                : RetentionPolicy.bySizeBytes(min, max);
    }

    /* StreamManager leaves some fields of a configuration out: the controller is asked itself. */
    private void create(List<String> words) throws Exception {
        server.streams.createScope(stream.getScope());
        try (Controller controller = controller()) {
            Numbered.require(controller.createStream(stream.getScope(), stream.getStreamName(), config(words))
                    .get(Server.WAIT_S, TimeUnit.SECONDS), "createStream says false");
        }
    }

    private void update(List<String> words) throws Exception {
        try (Controller controller = controller()) {
            Numbered.require(controller.updateStream(stream.getScope(), stream.getStreamName(), config(words))
                    .get(Server.WAIT_S, TimeUnit.SECONDS), "updateStream says false");
        }
    }

    private void show() throws Exception {
        StreamInfo info = server.info(stream);
        StreamConfiguration config = info.getStreamConfiguration();
        ScalingPolicy scaling = config.getScalingPolicy();
        RetentionPolicy retention = config.getRetentionPolicy();
        StringBuilder line = new StringBuilder(switch (scaling.getScaleType()) {
            case FIXED_NUM_SEGMENTS -> "scale=fixed:" + scaling.getMinNumSegments();
            case BY_RATE_IN_EVENTS_PER_SEC -> "scale=events:" + rates(scaling);
            case BY_RATE_IN_KBYTES_PER_SEC -> "scale=kbytes:" + rates(scaling);
        });
        if (retention != null) {
            line.append(retention.getRetentionType() == RetentionPolicy.RetentionType.TIME ? " keep=time:" : " keep=size:")
                    .append(retention.getRetentionParam());
            /* Its way to say that there is no bound. */
            if (retention.getRetentionMax() != Long.MAX_VALUE) {
                line.append(":").append(retention.getRetentionMax());
            }
        }
        new TreeSet<>(config.getTags()).forEach(tag -> line.append(" tag=").append(tag));
        line.append(" aggregate=").append(config.getTimestampAggregationTimeout());
        line.append(" rollover=").append(config.getRolloverSizeBytes());
        System.out.println(line + (info.isSealed() ? " sealed" : ""));
        printCut("head", info.getHeadStreamCut());
        printCut("tail", info.getTailStreamCut());
    }

    private static String rates(ScalingPolicy scaling) {
        return scaling.getTargetRate() + ":" + scaling.getScaleFactor() + ":" + scaling.getMinNumSegments();
    }

    private static void printCut(String name, StreamCut cut) {
        StringBuilder line = new StringBuilder(name);
        Map<Long, Long> offsets = new TreeMap<>();
        cut.asImpl().getPositions().forEach((segment, offset) -> offsets.put(segment.getSegmentId(), offset));
        offsets.forEach((segment, offset) -> line.append(" ").append(segment).append("=").append(offset));
        System.out.println(line);
    }

    private Controller controller() {
        return new ControllerImpl(ControllerImplConfig.builder().clientConfig(server.config).build(), server.executor);
    }

    /** By their keys. The ranges are there, but only for the client itself. */
    private static List<SegmentWithRange> withRanges(SegmentCollection collection) throws Exception {
        Field segments = SegmentCollection.class.getDeclaredField("segments");
        segments.setAccessible(true);
        Map<?, ?> byHighKey = (Map<?, ?>) segments.get(collection);
        return byHighKey.values().stream().map(SegmentWithRange.class::cast).toList();
    }

    private List<SegmentWithRange> current(Controller controller) throws Exception {
        return withRanges(controller.getCurrentSegments(stream.getScope(), stream.getStreamName())
                .get(Server.WAIT_S, TimeUnit.SECONDS));
    }

    /** Those that take writes now, or those of an epoch. */
    private void segments(List<String> epoch) throws Exception {
        try (Controller controller = controller()) {
            List<SegmentWithRange> segments = epoch.isEmpty() ? current(controller)
                    : withRanges(controller.getEpochSegments(stream.getScope(), stream.getStreamName(),
                            Integer.parseInt(epoch.get(0))).get(Server.WAIT_S, TimeUnit.SECONDS));
            for (SegmentWithRange each : segments) {
                System.out.printf("%d %.6f %.6f%n", each.getSegment().getSegmentId(), each.getRange().getLow(),
                        each.getRange().getHigh());
            }
        }
    }

    /** All segments are replaced by so many of equal shares. */
    private void scale(int count) throws Exception {
        try (Controller controller = controller()) {
            List<Long> sealed = new ArrayList<>();
            Map<Double, Double> ranges = new TreeMap<>();
            current(controller).forEach(each -> sealed.add(each.getSegment().getSegmentId()));
            for (int i = 0; i < count; i++) {
                ranges.put((double) i / count, (double) (i + 1) / count);
            }
            Numbered.require(controller.scaleStream(stream, sealed, ranges, server.executor).getFuture()
                    .get(Server.WAIT_S, TimeUnit.SECONDS), "scaleStream says false");
        }
    }

    /** "text=..." or "bytes=..." as `cut` prints them, or "-". */
    static StreamCut parseCut(String text) {
        if (text.equals("-")) {
            return StreamCut.UNBOUNDED;
        }
        return text.startsWith("text=") ? StreamCut.from(text.substring(5))
                : StreamCut.fromBytes(ByteBuffer.wrap(HexFormat.of().parseHex(text.substring(6))));
    }

    static String hex(ByteBuffer bytes) {
        byte[] copy = new byte[bytes.remaining()];
        bytes.duplicate().get(copy);
        return HexFormat.of().formatHex(copy);
    }

    private void cut(String which, String form) throws Exception {
        StreamCut cut = which.equals("head") ? server.head(stream) : server.tail(stream);
        System.out.println(form.equals("text") ? "text=" + cut.asText() : "bytes=" + hex(cut.toBytes()));
    }

    /** Each segment's range between the cuts, and how many events are in it. */
    private void ranges(StreamCut from, StreamCut to) {
        try (BatchClientFactory batches = BatchClientFactory.withScope(stream.getScope(), server.config)) {
            Map<Long, String> lines = new TreeMap<>();
            Iterator<SegmentRange> ranges = batches.getSegments(stream, from, to).getIterator();
            while (ranges.hasNext()) {
                SegmentRange range = ranges.next();
                int count = 0;
                try (SegmentIterator<String> events = batches.readSegment(range, Io.TEXT)) {
                    for (; events.hasNext(); events.next()) {
                        count++;
                    }
                }
                lines.put(range.getSegmentId(), range.getSegmentId() + " " + range.getStartOffset() + ".."
                        + range.getEndOffset() + " " + count);
            }
            lines.values().forEach(System.out::println);
        }
    }

    private void subscribers() throws Exception {
        try (Controller controller = controller()) {
            new TreeSet<>(controller.listSubscribers(stream.getScope(), stream.getStreamName())
                    .get(Server.WAIT_S, TimeUnit.SECONDS)).forEach(System.out::println);
        }
    }
}
