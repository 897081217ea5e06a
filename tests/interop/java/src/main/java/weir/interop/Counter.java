package weir.interop;

import io.pravega.client.SynchronizerClientFactory;
import io.pravega.client.state.InitialUpdate;
import io.pravega.client.state.Revision;
import io.pravega.client.state.Revisioned;
import io.pravega.client.state.StateSynchronizer;
import io.pravega.client.state.SynchronizerConfig;
import io.pravega.client.state.Update;
import io.pravega.client.stream.Serializer;
import io.pravega.client.stream.Stream;
import java.nio.ByteBuffer;
import java.util.function.Function;
import java.util.function.ToLongFunction;

/**
 * A number that Java and C programs share through a state synchronizer; tests/interop/counter.c is the same program.
 * Objects and updates are 8 bytes, big-endian: the number, and what to add.
 */
final class Counter {
    private static final int COMPACT_EVERY = 16;

    private Counter() { }

    private record Value(String getScopedStreamName, Revision getRevision, long number) implements Revisioned {
        @Override
        public String getScopedStreamName() {
            return getScopedStreamName;
        }

        @Override
        public Revision getRevision() {
            return getRevision;
        }
    }

    private record Init(long number) implements InitialUpdate<Value> {
        @Override
        public Value create(String scopedStreamName, Revision revision) {
            return new Value(scopedStreamName, revision, number);
        }
    }

    private record Raise(long amount) implements Update<Value> {
        @Override
        public Value applyTo(Value old, Revision newRevision) {
            return new Value(old.getScopedStreamName(), newRevision, old.number() + amount);
        }
    }

    private record AsLong<T>(ToLongFunction<T> from, Function<Long, T> to) implements Serializer<T> {
        @Override
        public ByteBuffer serialize(T value) {
            return ByteBuffer.allocate(8).putLong(0, from.applyAsLong(value));
        }

        @Override
        public T deserialize(ByteBuffer bytes) {
            return to.apply(bytes.getLong());
        }
    }

    private static StateSynchronizer<Value> open(SynchronizerClientFactory clients, Stream stream) {
        return clients.createStateSynchronizer(stream.getStreamName(), new AsLong<Update<Value>>(
                update -> ((Raise) update).amount(), Raise::new), new AsLong<InitialUpdate<Value>>(
                init -> ((Init) init).number(), Init::new), SynchronizerConfig.builder().build());
    }

    static void race(Server server, Stream stream, int count, long amount) {
        try (SynchronizerClientFactory clients = SynchronizerClientFactory.withScope(stream.getScope(), server.config);
             StateSynchronizer<Value> value = open(clients, stream)) {
            value.initialize(new Init(0));
            for (int i = 0; i < count; i++) {
                if (i % COMPACT_EVERY == 0) {
                    value.compact(state -> new Init(state.number()));
                }
                value.updateState((state, updates) -> { /* a block: the method that returns nothing */
                    updates.add(new Raise(amount));
                });
            }
        }
    }

    static void print(Server server, Stream stream) {
        try (SynchronizerClientFactory clients = SynchronizerClientFactory.withScope(stream.getScope(), server.config);
             StateSynchronizer<Value> value = open(clients, stream)) {
            value.fetchUpdates();
            if (value.getState() != null) {
                System.out.println(value.getState().number() + " " + value.getState().getRevision());
            }
        }
    }
}
