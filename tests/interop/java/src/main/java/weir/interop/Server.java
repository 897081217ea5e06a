package weir.interop;

import io.pravega.client.ClientConfig;
import io.pravega.client.EventStreamClientFactory;
import io.pravega.client.admin.ReaderGroupManager;
import io.pravega.client.admin.StreamInfo;
import io.pravega.client.admin.StreamManager;
import io.pravega.client.stream.ScalingPolicy;
import io.pravega.client.stream.Stream;
import io.pravega.client.stream.StreamConfiguration;
import io.pravega.client.stream.StreamCut;
import java.net.URI;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** One Pravega, real or not, seen through the Java client; what the checks do to it most often. */
final class Server implements AutoCloseable {
    /** For what is done at once, unless the machine is busy: nobody waits so long when all is well. */
    static final long WAIT_S = 120;

    final ClientConfig config;
    final StreamManager streams;
    final ScheduledExecutorService executor = Executors.newScheduledThreadPool(2, Server::daemon);
    private final AtomicInteger names = new AtomicInteger();

    Server(URI controller) {
        /* Credentials come from the environment by themselves; what certificates to trust does not. */
        config = ClientConfig.builder().controllerURI(controller).trustStore(System.getenv("PRAVEGA_TRUST_STORE"))
                .build();
        streams = StreamManager.create(config);
    }

    private static Thread daemon(Runnable work) {
        Thread thread = new Thread(work, "peer-executor");
        thread.setDaemon(true);
        return thread;
    }

    /** A name that nothing else on the server has. */
    String fresh(String prefix) {
        return prefix + "-" + Long.toString(System.currentTimeMillis(), 36) + "-" + names.incrementAndGet();
    }

    static StreamConfiguration fixed(int segments) {
        return StreamConfiguration.builder().scalingPolicy(ScalingPolicy.fixed(segments)).build();
    }

    Stream create(Stream stream, int segments) {
        streams.createScope(stream.getScope());
        streams.createStream(stream.getScope(), stream.getStreamName(), fixed(segments));
        return stream;
    }

    /** A new stream, in a scope that the checks share. */
    Stream newStream(String prefix, int segments) {
        return create(Stream.of("interop", fresh(prefix)), segments);
    }

    EventStreamClientFactory clients(String scope) {
        return EventStreamClientFactory.withScope(scope, config);
    }

    ReaderGroupManager groups(String scope) {
        return ReaderGroupManager.withScope(scope, config);
    }

    StreamInfo info(Stream stream) throws Exception {
        return streams.fetchStreamInfo(stream.getScope(), stream.getStreamName()).get(WAIT_S, TimeUnit.SECONDS);
    }

    StreamCut head(Stream stream) throws Exception {
        return info(stream).getHeadStreamCut();
    }

    StreamCut tail(Stream stream) throws Exception {
        return info(stream).getTailStreamCut();
    }

    @Override
    public void close() {
        streams.close();
        executor.shutdownNow();
    }
}
