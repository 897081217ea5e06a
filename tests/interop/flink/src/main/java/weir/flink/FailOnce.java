package weir.flink;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.runtime.state.CheckpointListener;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;

/**
 * Passes numbered events on, and throws at one of them, once in the life of the process. It counts the events, in its
 * state too, so that it is known how many of them a completed checkpoint has.
 */
final class FailOnce extends RichMapFunction<String, String> implements CheckpointedFunction, CheckpointListener {
    private static final long serialVersionUID = 1;

    /* Of all subtasks and attempts: the cluster is in this process. */
    private static final Map<Long, Long> COUNTS = new ConcurrentHashMap<>(); /* by checkpoint, the sum over the subtasks */
    private static final AtomicInteger FAILURES = new AtomicInteger();
    private static volatile long completed;

    private final long failAt;
    private transient ListState<Long> state;
    private long count;

    /** Throws at the first event with such a number or a greater one. */
    FailOnce(long failAt) {
        this.failAt = failAt;
    }

    /** The last checkpoint that is complete. */
    static long lastCheckpoint() {
        return completed;
    }

    /** How many events it has. */
    static long countAt(long checkpoint) {
        return COUNTS.getOrDefault(checkpoint, 0L);
    }

    static int failures() {
        return FAILURES.get();
    }

    @Override
    public String map(String event) {
        long number = Long.parseLong(event.substring(event.indexOf(' ') + 1));
        if (number >= failAt && FAILURES.compareAndSet(0, 1)) {
            throw new IllegalStateException("at event " + number + ", as it was told to");
        }
        count++;
        return event;
    }

    @Override
    public void initializeState(FunctionInitializationContext context) throws Exception {
        state = context.getOperatorStateStore().getListState(new ListStateDescriptor<>("count", Long.class));
        count = 0;
        for (Long each : state.get()) {
            count += each;
        }
    }

    @Override
    public void snapshotState(FunctionSnapshotContext context) throws Exception {
        state.clear();
        state.add(count);
        COUNTS.merge(context.getCheckpointId(), count, Long::sum);
    }

    @Override
    public void notifyCheckpointComplete(long checkpoint) {
        completed = Math.max(completed, checkpoint);
    }
}
