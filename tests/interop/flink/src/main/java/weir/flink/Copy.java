package weir.flink;

import io.pravega.client.stream.Stream;
import io.pravega.connectors.flink.FlinkPravegaReader;
import io.pravega.connectors.flink.FlinkPravegaWriter;
import io.pravega.connectors.flink.PravegaConfig;
import io.pravega.connectors.flink.PravegaWriterMode;
import java.net.URI;
import org.apache.flink.api.common.JobStatus;
import org.apache.flink.api.common.restartstrategy.RestartStrategies;
import org.apache.flink.api.common.serialization.SimpleStringSchema;
import org.apache.flink.api.common.time.Time;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.JobManagerOptions;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.runtime.state.filesystem.FsStateBackend;
import org.apache.flink.streaming.api.CheckpointingMode;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * Flink copies one Pravega stream into another exactly once, in a cluster of its own, and fails once in the middle.
 *
 * <p>usage: Copy CONTROLLER-URI SCOPE/INPUT SCOPE/OUTPUT COUNT CHECKPOINT-URI [steady]
 *
 * <p>The input is the numbered events 0..COUNT-1, "k3 17", of which the first half is there. Once a checkpoint with all of
 * it is complete, "half" is printed, and the second half may come. In the midst of that the job throws ({@link FailOnce})
 * and goes on from its last checkpoint; "steady" leaves the harm to others. It ends when a checkpoint with all events is
 * complete and one more after it, since by then what the first one was to commit has been.
 */
public final class Copy {
    private static final long CHECKPOINT_MS = 500;
    private static final long CHECKPOINT_MS_MAX = 10_000; /* one asked for while readers register can hang */
    private static final int FAILURE_COUNT_MAX = Integer.MAX_VALUE; /* whoever starts it has a deadline */
    private static final long LEASE_MS = 300_000; /* of a transaction that its job left, to be committed once it restarted */
    private static final long REFRESH_MS = 200;
    private static final int PARALLELISM = 2;
    private static final long POLL_MS = 50;

    private Copy() { }

    public static void main(String[] args) {
        int status;
        try {
            status = run(args);
        } catch (Exception why) {
            why.printStackTrace();
            status = 1;
        }
        System.exit(status); /* the job's threads would go on */
    }

    private static int run(String[] args) throws Exception {
        boolean steady = args.length == 6 && args[5].equals("steady");
        if (args.length != 5 && !steady) {
            System.err.println("usage: Copy CONTROLLER-URI SCOPE/INPUT SCOPE/OUTPUT COUNT CHECKPOINT-URI [steady]");
            return 2;
        }
        long count = Long.parseLong(args[3]);
        Stream input = Stream.of(args[1]);
        PravegaConfig pravega = PravegaConfig.fromDefaults().withControllerURI(URI.create(args[0]))
                .withDefaultScope(input.getScope());
        StreamExecutionEnvironment env = environment(args[4]);
        env.addSource(reader(pravega, input)).uid("reader")
                .map(new FailOnce(steady ? Long.MAX_VALUE : count * 3 / 4)).uid("fail-once")
                .addSink(writer(pravega, Stream.of(args[2]))).uid("writer");
        JobClient job = env.executeAsync("copy");
        awaitCheckpoint(job, 0, count / 2);
        say("half");
        awaitCheckpoint(job, awaitCheckpoint(job, 0, count), count);
        say("done, after " + FailOnce.failures() + " failures of its own");
        return FailOnce.failures() == (steady ? 0 : 1) ? 0 : 1;
    }

    /** Waits for a checkpoint after the given one that has so many events; returns its number. */
    private static long awaitCheckpoint(JobClient job, long after, long count) throws Exception {
        long checkpoint = FailOnce.lastCheckpoint();
        while (checkpoint <= after || FailOnce.countAt(checkpoint) < count) {
            JobStatus status = job.getJobStatus().get();
            if (status.isGloballyTerminalState()) {
                throw new IllegalStateException("the job is " + status + ", " + FailOnce.countAt(checkpoint) + " of "
                        + count + " events are in its last checkpoint");
            }
            Thread.sleep(POLL_MS);
            checkpoint = FailOnce.lastCheckpoint();
        }
        return checkpoint;
    }

    private static StreamExecutionEnvironment environment(String checkpoints) {
        Configuration all = new Configuration(); /* a reader group goes back to a checkpoint as a whole: so must the tasks */
        all.set(JobManagerOptions.EXECUTION_FAILOVER_STRATEGY, "full");
        StreamExecutionEnvironment env = StreamExecutionEnvironment.createLocalEnvironment(PARALLELISM, all);
        env.enableCheckpointing(CHECKPOINT_MS, CheckpointingMode.EXACTLY_ONCE);
        env.getCheckpointConfig().setCheckpointTimeout(CHECKPOINT_MS_MAX);
        env.getCheckpointConfig().setTolerableCheckpointFailureNumber(FAILURE_COUNT_MAX);
        env.setRestartStrategy(RestartStrategies.fixedDelayRestart(FAILURE_COUNT_MAX,
                org.apache.flink.api.common.time.Time.milliseconds(REFRESH_MS)));
        env.setStateBackend(new FsStateBackend(checkpoints));
        return env;
    }

    private static FlinkPravegaReader<String> reader(PravegaConfig pravega, Stream stream) {
        return FlinkPravegaReader.<String>builder().withPravegaConfig(pravega).forStream(stream)
                .withDeserializationSchema(new SimpleStringSchema()).enableMetrics(false)
                .withReaderGroupRefreshTime(Time.milliseconds(REFRESH_MS))
                .withCheckpointInitiateTimeout(Time.milliseconds(CHECKPOINT_MS_MAX)).build();
    }

    private static FlinkPravegaWriter<String> writer(PravegaConfig pravega, Stream stream) {
        return FlinkPravegaWriter.<String>builder().withPravegaConfig(pravega).forStream(stream)
                .withSerializationSchema(new SimpleStringSchema()).enableMetrics(false)
                .withEventRouter(event -> event.substring(0, event.indexOf(' ')))
                .withTxnLeaseRenewalPeriod(Time.milliseconds(LEASE_MS))
                .withWriterMode(PravegaWriterMode.EXACTLY_ONCE).build();
    }

    private static void say(String line) {
        System.out.println(line);
        System.out.flush();
    }
}
