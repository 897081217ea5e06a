package weir.interop;

import io.pravega.client.segment.impl.Segment;
import io.pravega.client.stream.Checkpoint;
import io.pravega.client.stream.EventPointer;
import io.pravega.client.stream.Position;
import io.pravega.client.stream.ReaderGroupConfig;
import io.pravega.client.stream.Stream;
import io.pravega.client.stream.StreamCut;
import io.pravega.client.stream.impl.CheckpointImpl;
import io.pravega.client.stream.impl.EventPointerImpl;
import io.pravega.client.stream.impl.PositionImpl;
import io.pravega.client.stream.impl.SegmentWithRange;
import io.pravega.client.stream.impl.StreamCutImpl;
import java.io.BufferedReader;
import java.io.PrintStream;
import java.lang.reflect.Constructor;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * Random objects that processes store and exchange: written as the client's own classes write them, with a description
 * of what they are; and another program's bytes and texts of the same objects, read by these classes.
 *
 * <p>A line is: kind, description, bytes in hexadecimal, text if it has one; tabs between them. Object i of a seed is the
 * same one in every run.
 */
final class Formats {
    private static final String NAME_CHARS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
    private static final long[] OFFSETS = {0, 1, 31, 32, 63, 64, 8191, 8192, 16383, 16384, (1L << 29) - 1, 1L << 29,
        (1L << 30) - 1, 1L << 30, 1L << 40, 1L << 60};

    /** "a/z" before "a-b/c": by scope, then by stream. */
    private static final Comparator<String> BY_SCOPE = Comparator.comparing(name -> name.replace('/', '\0'));

    private interface Made {
        /** Bytes and text of another program are this object. */
        boolean is(ByteBuffer bytes, String text) throws Exception;
    }

    private record Line(String kind, String description, ByteBuffer bytes, String text, Made made) { }

    private record Cut(StreamCut cut, String description) { }

    private final Random random;

    private Formats(long seed) {
        random = new Random(seed);
    }

    static int write(long seed, int count, PrintStream out) throws Exception {
        Formats formats = new Formats(seed);
        for (int i = 0; i < count; i++) {
            Line line = formats.next(i);
            out.println(String.join("\t", line.kind, line.description, hex(line.bytes), line.text));
        }
        out.flush();
        return 0;
    }

    static int read(long seed, int count, BufferedReader in) throws Exception {
        Formats formats = new Formats(seed);
        for (int i = 0; i < count; i++) {
            Line line = formats.next(i);
            String got = in.readLine();
            if (got == null) {
                throw new AssertionError("line " + (i + 1) + " is missing");
            }
            String[] fields = got.split("\t", -1);
            ByteBuffer bytes = ByteBuffer.wrap(HexFormat.of().parseHex(fields[2]));
            if (!fields[0].equals(line.kind) || !fields[1].equals(line.description) || !line.made.is(bytes, fields[3])) {
                throw new AssertionError("line " + (i + 1) + " is not the " + line.kind + " " + line.description);
            }
        }
        return 0;
    }

    private Line next(int i) throws Exception {
        return switch (i % 5) {
            case 0 -> cutLine();
            case 1 -> positionLine();
            case 2 -> pointerLine();
            case 3 -> checkpointLine();
            default -> configLine();
        };
    }

    private Line cutLine() {
        Cut cut = random.nextInt(20) == 0 ? unbounded() : cut(Stream.of(name(), name()));
        String text = cut.description.endsWith(":") ? "" : cut.cut.asText(); /* Java cannot read that of an empty cut */
        return new Line("cut", cut.description, cut.cut.toBytes(), text, (bytes, again) ->
                StreamCut.fromBytes(bytes).equals(cut.cut) && (text.isEmpty() || StreamCut.from(again).equals(cut.cut)));
    }

    private Line positionLine() {
        Map<SegmentWithRange, Long> offsets = new HashMap<>();
        Map<String, String> described = new TreeMap<>();
        Stream stream = Stream.of(name(), name());
        for (int n = random.nextInt(6); n > 0; n--) {
            Segment segment = new Segment(stream.getScope(), stream.getStreamName(), segmentId());
            if (described.containsKey(segment.getScopedName())) {
                continue;
            }
            boolean known = random.nextBoolean();
            double low = random.nextInt(100) / 128.0;
            double high = low + random.nextDouble() / 8;
            long offset = offset(true);
            offsets.put(known ? new SegmentWithRange(segment, low, high) : new SegmentWithRange(segment, null), offset);
            described.put(segment.getScopedName(), String.format("%016x %016x %d",
                    Double.doubleToLongBits(known ? low : -1), Double.doubleToLongBits(known ? high : -1), offset));
        }
        Position position = new PositionImpl(offsets);
        return new Line("position", joined(described), position.toBytes(), "",
                (bytes, text) -> Position.fromBytes(bytes).equals(position));
    }

    private Line pointerLine() {
        Segment segment = new Segment(name(), name(), segmentId());
        EventPointer pointer = EventPointerImpl.fromString(
                segment.getScopedName() + ":" + offset(false) + "-" + (8 + random.nextInt(8 << 20)));
        return new Line("pointer", pointer.toString(), pointer.toBytes(), pointer.toString(), (bytes, text) ->
                EventPointer.fromBytes(bytes).equals(pointer) && EventPointerImpl.fromString(text).equals(pointer));
    }

    private Line checkpointLine() throws Exception {
        Map<Segment, Long> positions = new HashMap<>();
        Map<String, String> described = new TreeMap<>(BY_SCOPE);
        String name = checkpointName();
        for (int n = 1 + random.nextInt(4); n > 0; n--) {
            Stream stream = Stream.of(name(), name());
            Map<Segment, Long> offsets = offsets(stream);
            if (offsets.isEmpty()) {
                continue;
            }
            positions.putAll(offsets);
            described.put(stream.getScopedName(), described(stream, offsets));
        }
        Constructor<CheckpointImpl> constructor = CheckpointImpl.class.getDeclaredConstructor(String.class, Map.class);
        constructor.setAccessible(true);
        Checkpoint checkpoint = constructor.newInstance(name, positions);
        String nameHex = HexFormat.of().formatHex(name.getBytes(StandardCharsets.UTF_8));
        return new Line("checkpoint", nameHex + "; " + String.join("; ", described.values()), checkpoint.toBytes(), "",
                (bytes, text) -> Checkpoint.fromBytes(bytes).equals(checkpoint));
    }

    private Line configLine() {
        ReaderGroupConfig.ReaderGroupConfigBuilder builder = ReaderGroupConfig.builder();
        Map<String, String> described = new TreeMap<>(BY_SCOPE);
        ReaderGroupConfig.StreamDataRetention retention = ReaderGroupConfig.StreamDataRetention.values()[random.nextInt(3)];
        long interval = random.nextInt(4) == 0 ? -1 : 1 + random.nextInt(100000);
        int refresh = 1 + random.nextInt(100000);
        int outstanding = 1 + random.nextInt(10);
        for (int n = 1 + random.nextInt(4); n > 0; n--) {
            Stream stream = Stream.of(name(), name());
            Cut from = random.nextBoolean() ? unbounded() : cut(stream);
            Cut to = from.cut != StreamCut.UNBOUNDED || random.nextBoolean() ? unbounded() : cut(stream);
            builder.stream(stream, from.cut, to.cut);
            described.put(stream.getScopedName(), from.description + " to " + to.description);
        }
        long generation = random.nextInt(1000) - 1;
        UUID id = new UUID(random.nextLong(), random.nextLong());
        ReaderGroupConfig config = ReaderGroupConfig.cloneConfig(builder.automaticCheckpointIntervalMillis(interval)
                .groupRefreshTimeMillis(refresh).maxOutstandingCheckpointRequest(outstanding).retentionType(retention)
                .build(), id, generation);
        String description = interval + " " + refresh + " " + outstanding + " " + retention.ordinal() + " " + generation
                + " " + id + "; " + joined(described);
        return new Line("config", description, config.toBytes(), "", (bytes, text) -> {
            ReaderGroupConfig again = ReaderGroupConfig.fromBytes(bytes);
            return again.equals(config) && again.getGeneration() == generation && again.getReaderGroupId().equals(id);
        });
    }

    private static Cut unbounded() {
        return new Cut(StreamCut.UNBOUNDED, "UNBOUNDED");
    }

    private Cut cut(Stream stream) {
        Map<Segment, Long> offsets = offsets(stream);
        return new Cut(new StreamCutImpl(stream, offsets), described(stream, offsets));
    }

    private Map<Segment, Long> offsets(Stream stream) {
        Map<Segment, Long> offsets = new HashMap<>();
        for (int n = random.nextInt(8); n > 0; n--) {
            offsets.put(new Segment(stream.getScope(), stream.getStreamName(), segmentId()), offset(true));
        }
        return offsets;
    }

    private static String described(Stream stream, Map<Segment, Long> offsets) {
        Map<Long, Long> sorted = new TreeMap<>();
        offsets.forEach((segment, offset) -> sorted.put(segment.getSegmentId(), offset));
        return stream.getScopedName() + ":" + sorted.entrySet().stream().map(at -> at.getKey() + "=" + at.getValue())
                .collect(Collectors.joining(", "));
    }

    private static String joined(Map<String, String> described) {
        return described.entrySet().stream().map(at -> at.getKey() + " " + at.getValue())
                .collect(Collectors.joining("; "));
    }

    private String name() {
        StringBuilder name = new StringBuilder();
        for (int n = 1 + random.nextInt(random.nextInt(10) == 0 ? 200 : 12); n > 0; n--) {
            name.append(NAME_CHARS.charAt(random.nextInt(NAME_CHARS.length())));
        }
        return name.toString();
    }

    /** Any text but NUL, beyond the basic plane too. */
    private String checkpointName() {
        StringBuilder name = new StringBuilder();
        for (int n = random.nextInt(20); n > 0; n--) {
            int[] ranges = {0x20, 0x80, 0x400, 0x4e00, 0x1f600};
            name.appendCodePoint(ranges[random.nextInt(ranges.length)] + random.nextInt(64));
        }
        return name.toString();
    }

    private long segmentId() {
        long epoch = random.nextInt(4) == 0 ? random.nextInt(1 << 20) : 0;
        return epoch << 32 | random.nextInt(random.nextInt(4) == 0 ? 1 << 30 : 10);
    }

    private long offset(boolean orCompleted) {
        int kind = random.nextInt(4);
        return orCompleted && kind == 0 ? -1 : kind == 1 ? random.nextInt() & 0x7fffffff
                : OFFSETS[random.nextInt(OFFSETS.length)];
    }

    private static String hex(ByteBuffer bytes) {
        byte[] copy = new byte[bytes.remaining()];
        bytes.duplicate().get(copy);
        return HexFormat.of().formatHex(copy);
    }
}
