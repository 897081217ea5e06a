package weir.interop;

import static weir.interop.Numbered.require;
import static weir.interop.Numbered.requireOnce;
import static weir.interop.Numbered.requireOrderByKey;

import io.pravega.client.EventStreamClientFactory;
import io.pravega.client.admin.StreamInfo;
import io.pravega.client.control.impl.Controller;
import io.pravega.client.control.impl.ControllerImpl;
import io.pravega.client.control.impl.ControllerImplConfig;
import io.pravega.client.stream.EventStreamWriter;
import io.pravega.client.stream.ScalingPolicy;
import io.pravega.client.stream.Stream;
import io.pravega.client.stream.StreamConfiguration;
import io.pravega.client.stream.StreamCut;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;

/** Scopes and the life of a stream: create, configure, seal, truncate, scale, delete. */
final class StreamChecks {
    private final Server server;

    StreamChecks(Server server) {
        this.server = server;
    }

    void addTo(Suite suite) {
        suite.add("scope: create, list, delete", this::scope);
        suite.add("scope: one with streams is not deleted", this::scopeInUse);
        suite.add("stream: create, list, configuration", this::create);
        suite.add("stream: update its configuration and tags", this::update);
        suite.add("stream: seal", this::seal);
        suite.add("stream: truncate", this::truncate);
        suite.add("stream: delete, and create anew", this::delete);
        suite.add("stream: scale from 1 to 3 and to 2 segments", this::scale);
    }

    private static <T> List<T> list(Iterator<T> iterator) {
        List<T> all = new ArrayList<>();
        iterator.forEachRemaining(all::add);
        return all;
    }

    private boolean listed(Stream stream) {
        return list(server.streams.listStreams(stream.getScope())).contains(stream);
    }

    private void scope() {
        String scope = server.fresh("scope");
        require(!server.streams.checkScopeExists(scope), "the scope exists before it is made");
        require(server.streams.createScope(scope), "createScope of a new one says false");
        require(!server.streams.createScope(scope), "createScope of an old one says true");
        require(server.streams.checkScopeExists(scope), "checkScopeExists says false");
        require(list(server.streams.listScopes()).contains(scope), "listScopes leaves it out");
        require(list(server.streams.listStreams(scope)).isEmpty(), "a new scope has streams");
        require(server.streams.deleteScope(scope), "deleteScope says false");
        require(!server.streams.deleteScope(scope), "deleteScope of none says true");
        require(!list(server.streams.listScopes()).contains(scope), "listScopes has it still");
    }

    private void scopeInUse() {
        Stream stream = server.create(Stream.of(server.fresh("scope"), "s"), 1);
        try {
            server.streams.deleteScope(stream.getScope());
        } catch (RuntimeException expected) {
            require(listed(stream), "the stream is gone");
            return;
        }
        throw new AssertionError("deleteScope of a scope with a stream did not fail");
    }

    private void create() throws Exception {
        Stream stream = Stream.of("interop", server.fresh("create"));
        String scope = stream.getScope();
        String name = stream.getStreamName();
        server.streams.createScope(scope);
        require(!server.streams.checkStreamExists(scope, name), "the stream exists before it is made");
        require(server.streams.createStream(scope, name, Server.fixed(3)), "createStream of a new one says false");
        require(!server.streams.createStream(scope, name, Server.fixed(3)), "createStream of an old one says true");
        require(server.streams.checkStreamExists(scope, name), "checkStreamExists says false");
        require(listed(stream), "listStreams leaves it out");
        StreamInfo info = server.info(stream);
        require(info.getStreamConfiguration().getScalingPolicy().equals(ScalingPolicy.fixed(3)),
                "its configuration came back as %s", info.getStreamConfiguration());
        require(!info.isSealed(), "a new stream is sealed");
        require(info.getHeadStreamCut().asImpl().getPositions().size() == 3, "it has %s for segments",
                info.getHeadStreamCut());
        require(info.getHeadStreamCut().equals(info.getTailStreamCut()), "a new stream is not empty");
    }

    private void update() {
        Stream stream = server.newStream("update", 2);
        String scope = stream.getScope();
        String name = stream.getStreamName();
        String tag = server.fresh("tag");
        StreamConfiguration tagged = StreamConfiguration.builder().scalingPolicy(ScalingPolicy.fixed(2)).tag(tag)
                .tag("blue").build();
        require(server.streams.updateStream(scope, name, tagged), "updateStream says false");
        require(new TreeSet<>(server.streams.getStreamTags(scope, name)).equals(new TreeSet<>(Set.of(tag, "blue"))),
                "its tags are %s", server.streams.getStreamTags(scope, name));
        require(list(server.streams.listStreams(scope, tag)).equals(List.of(stream)), "listed for its tag is %s",
                list(server.streams.listStreams(scope, tag)));
    }

    private void seal() throws Exception {
        Stream stream = server.newStream("seal", 2);
        Io.write(server, stream, 0, 100);
        require(server.streams.sealStream(stream.getScope(), stream.getStreamName()), "sealStream says false");
        require(server.info(stream).isSealed(), "fetchStreamInfo does not say sealed");
        requireOnce(Io.readAll(server, stream), 0, 100);
        try {
            Io.write(server, stream, 100, 101);
        } catch (RuntimeException expected) {
            requireOnce(Io.readAll(server, stream), 0, 100);
            return;
        }
        throw new AssertionError("a sealed stream took an event");
    }

    private void truncate() throws Exception {
        Stream stream = server.newStream("truncate", 3);
        Io.write(server, stream, 0, 200);
        StreamCut cut = server.tail(stream);
        Io.write(server, stream, 200, 300);
        require(server.streams.truncateStream(stream.getScope(), stream.getStreamName(), cut),
                "truncateStream says false");
        require(server.head(stream).equals(cut), "the head is %s, not %s", server.head(stream), cut);
        requireOnce(Io.readAll(server, stream), 200, 300);
    }

    private void delete() throws Exception {
        Stream stream = server.newStream("delete", 2);
        String scope = stream.getScope();
        String name = stream.getStreamName();
        Io.write(server, stream, 0, 50);
        boolean refused = false;
        try {
            server.streams.deleteStream(scope, name);
        } catch (RuntimeException expected) {
            refused = true;
        }
        require(refused, "a stream that is not sealed was deleted");
        require(server.streams.sealStream(scope, name), "sealStream says false");
        require(server.streams.deleteStream(scope, name), "deleteStream says false");
        require(!server.streams.deleteStream(scope, name), "deleteStream of none says true");
        require(!listed(stream), "listStreams has it still");
        require(server.streams.createStream(scope, name, Server.fixed(1)), "it can't be created anew");
        Io.write(server, stream, 50, 80);
        requireOnce(Io.readAll(server, stream), 50, 80);
    }

    /** One writer goes on over both changes, and readers find the order of each key. */
    private void scale() throws Exception {
        Stream stream = server.newStream("scale", 1);
        try (Controller controller = new ControllerImpl(ControllerImplConfig.builder().clientConfig(server.config)
                     .build(), server.executor);
             EventStreamClientFactory clients = server.clients(stream.getScope());
             EventStreamWriter<String> writer = clients.createEventWriter(stream.getStreamName(), Io.TEXT,
                     Io.writerConfig())) {
            Io.write(writer, 0, 100);
            scale(controller, stream, List.of(0L), Map.of(0.0, 0.3, 0.3, 0.6, 0.6, 1.0));
            Io.write(writer, 100, 200);
            List<Long> segments = new ArrayList<>();
            server.tail(stream).asImpl().getPositions().keySet().forEach(each -> segments.add(each.getSegmentId()));
            require(segments.size() == 3, "it has %d segments, not 3", segments.size());
            scale(controller, stream, segments, Map.of(0.0, 0.5, 0.5, 1.0));
            Io.write(writer, 200, 300);
        }
        List<String> events = Io.readAll(server, stream);
        requireOnce(events, 0, 300);
        requireOrderByKey(events);
    }

    /** All segments of a stream are replaced by so many of equal shares. */
    void scaleAll(Stream stream, int count) throws Exception {
        List<Long> sealed = new ArrayList<>();
        Map<Double, Double> ranges = new TreeMap<>();
        for (int i = 0; i < count; i++) {
            ranges.put((double) i / count, (double) (i + 1) / count);
        }
        try (Controller controller = new ControllerImpl(ControllerImplConfig.builder().clientConfig(server.config)
                     .build(), server.executor)) {
            controller.getCurrentSegments(stream.getScope(), stream.getStreamName()).get(Server.WAIT_S, TimeUnit.SECONDS)
                    .getSegments().forEach(segment -> sealed.add(segment.getSegmentId()));
            scale(controller, stream, sealed, ranges);
        }
    }

    private void scale(Controller controller, Stream stream, List<Long> sealed, Map<Double, Double> ranges)
            throws Exception {
        require(controller.scaleStream(stream, sealed, ranges, server.executor).getFuture().get(Server.WAIT_S, TimeUnit.SECONDS),
                "scaling %s says false", sealed);
    }
}
