package weir.interop;

import static weir.interop.Numbered.require;

import io.pravega.client.KeyValueTableFactory;
import io.pravega.client.admin.KeyValueTableManager;
import io.pravega.client.control.impl.Controller;
import io.pravega.client.control.impl.ControllerImpl;
import io.pravega.client.control.impl.ControllerImplConfig;
import io.pravega.client.stream.Stream;
import io.pravega.client.tables.Insert;
import io.pravega.client.tables.IteratorItem;
import io.pravega.client.tables.KeyValueTable;
import io.pravega.client.tables.KeyValueTableClientConfiguration;
import io.pravega.client.tables.KeyValueTableConfiguration;
import io.pravega.client.tables.KeyValueTableIterator;
import io.pravega.client.tables.Put;
import io.pravega.client.tables.Remove;
import io.pravega.client.tables.TableEntry;
import io.pravega.client.tables.TableKey;
import io.pravega.client.tables.TableModification;
import io.pravega.client.tables.Version;
import io.pravega.common.util.AsyncIterator;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.IntStream;

/** Key-value tables: their life, conditions, several entries at once, walks, sizes, two clients at one entry. */
final class TableChecks {
    private static final int PARTITIONS = 3;
    private static final int KEY_LENGTH = 2; /* of primary and secondary keys alike */

    private final Server server;

    TableChecks(Server server) {
        this.server = server;
    }

    void addTo(Suite suite) {
        suite.add("tables: made, listed, described, deleted, made anew", this::life);
        suite.add("tables: inserted, replaced and removed on conditions", () -> with("conditions", this::conditions));
        suite.add("tables: several entries of one key, all or none", () -> with("several", this::several));
        suite.add("tables: walked by key, range and prefix, in pages", () -> with("walks", this::walks));
        suite.add("tables: values from nothing to the most there can be", () -> with("sizes", this::sizes));
        suite.add("tables: two clients count in one entry", () -> with("race", this::race));
    }

    private interface Work {
        void with(KeyValueTable table, Stream name) throws Exception;
    }

    private static KeyValueTableConfiguration config() {
        return KeyValueTableConfiguration.builder().partitionCount(PARTITIONS).primaryKeyLength(KEY_LENGTH)
                .secondaryKeyLength(KEY_LENGTH).build();
    }

    private KeyValueTableFactory factory() {
        return KeyValueTableFactory.withScope("interop", server.config);
    }

    private static KeyValueTable open(KeyValueTableFactory factory, Stream name) {
        return factory.forKeyValueTable(name.getStreamName(), KeyValueTableClientConfiguration.builder().build());
    }

    private void with(String prefix, Work work) throws Exception {
        Stream name = Stream.of("interop", server.fresh(prefix));
        server.streams.createScope("interop");
        try (KeyValueTableManager tables = KeyValueTableManager.create(server.config)) {
            require(tables.createKeyValueTable("interop", name.getStreamName(), config()), "createKeyValueTable says false");
            try (KeyValueTableFactory factory = factory(); KeyValueTable table = open(factory, name)) {
                work.with(table, name);
            }
            require(tables.deleteKeyValueTable("interop", name.getStreamName()), "deleteKeyValueTable says false");
        }
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String text(ByteBuffer bytes) {
        return StandardCharsets.UTF_8.decode(bytes.duplicate()).toString();
    }

    /** "p0s1" has the primary key "p0". */
    private static TableKey key(String both) {
        return new TableKey(bytes(both.substring(0, KEY_LENGTH)), bytes(both.substring(KEY_LENGTH)));
    }

    private static <T> T wait(CompletableFuture<T> call) throws Exception {
        return call.get(Server.WAIT_S, TimeUnit.SECONDS);
    }

    /** What an update comes to: "ok", or the name of its failure. */
    private static String word(CompletableFuture<?> call) throws Exception {
        return ControllerChecks.word(call.thenApply(done -> "ok"));
    }

    private static void is(String expected, CompletableFuture<?> call, String what) throws Exception {
        String found = word(call);
        require(found.equals(expected), "%s comes to %s, not %s", what, found, expected);
    }

    /** Its value, or null. */
    private static String value(KeyValueTable table, String key) throws Exception {
        TableEntry entry = wait(table.get(key(key)));
        require((entry != null) == wait(table.exists(key(key))), "exists and get disagree on %s", key);
        return entry == null ? null : text(entry.getValue());
    }

    private static void holds(KeyValueTable table, String key, String value) throws Exception {
        String found = value(table, key);
        require(String.valueOf(found).equals(String.valueOf(value)), "%s has the value %s, not %s", key, found, value);
    }

    private static boolean isListed(KeyValueTableManager tables, String name) {
        boolean[] found = new boolean[1];
        tables.listKeyValueTables("interop").forEachRemaining(each -> found[0] |= each.getKeyValueTableName().equals(name));
        return found[0];
    }

    private void life() throws Exception {
        Stream name = Stream.of("interop", server.fresh("life"));
        String table = name.getStreamName();
        server.streams.createScope("interop");
        try (KeyValueTableManager tables = KeyValueTableManager.create(server.config);
             Controller controller = new ControllerImpl(ControllerImplConfig.builder().clientConfig(server.config).build(),
                     server.executor)) {
            require(!isListed(tables, table), "it is listed before it is made");
            require(tables.createKeyValueTable("interop", table, config()), "createKeyValueTable of a new one says false");
            require(!tables.createKeyValueTable("interop", table, config()), "createKeyValueTable of an old one says true");
            require(isListed(tables, table), "it is not listed");
            KeyValueTableConfiguration found = wait(controller.getKeyValueTableConfiguration("interop", table));
            require(found.equals(config()), "its configuration came back as %s", found);
            int segments = wait(controller.getCurrentSegmentsForKeyValueTable("interop", table)).getSegments().size();
            require(segments == PARTITIONS, "it has %d segments", segments);
            fillAndDelete(tables, name);
            require(!tables.deleteKeyValueTable("interop", table), "deleteKeyValueTable of none says true");
            require(!isListed(tables, table), "it is listed once it is deleted");
            require(tables.createKeyValueTable("interop", table, config()), "it can't be made anew");
            try (KeyValueTableFactory factory = factory(); KeyValueTable anew = open(factory, name)) {
                holds(anew, "p0s0", null);
            }
            require(tables.deleteKeyValueTable("interop", table), "deleteKeyValueTable says false");
        }
    }

    private void fillAndDelete(KeyValueTableManager tables, Stream name) throws Exception {
        try (KeyValueTableFactory factory = factory(); KeyValueTable table = open(factory, name)) {
            wait(table.update(new Insert(key("p0s0"), bytes("old"))));
            holds(table, "p0s0", "old");
        }
        require(tables.deleteKeyValueTable("interop", name.getStreamName()), "deleteKeyValueTable says false");
    }

    private void conditions(KeyValueTable table, Stream name) throws Exception {
        TableKey key = key("p0s0");
        holds(table, "p0s0", null);
        Version first = wait(table.update(new Insert(key, bytes("one"))));
        is("BadKeyVersionException", table.update(new Insert(key, bytes("two"))), "a second insertion");
        holds(table, "p0s0", "one");
        Version second = wait(table.update(new Put(key, bytes("two"), first)));
        require(!second.equals(first), "an entry keeps its version over an update");
        is("BadKeyVersionException", table.update(new Put(key, bytes("three"), first)), "a replacement of what is gone");
        require(wait(table.get(key)).getVersion().equals(second), "it is read with another version than it was written with");
        Version third = wait(table.update(new Put(key, bytes("three"))));
        is("BadKeyVersionException", table.update(new Remove(key, second)), "a removal of what is gone");
        holds(table, "p0s0", "three");
        is("ok", table.update(new Remove(key, third)), "a removal by version");
        holds(table, "p0s0", null);
        is("BadKeyVersionException", table.update(new Put(key, bytes("four"), third)), "a replacement of none");
        is("ok", table.update(new Remove(key)), "a removal of none");
        is("ok", table.update(new Insert(key, bytes("five"))), "an insertion after a removal");
        holds(table, "p0s0", "five");
    }

    private void several(KeyValueTable table, Stream name) throws Exception {
        List<Version> versions = wait(table.update(List.<TableModification>of(new Insert(key("p0s0"), bytes("a")),
                new Put(key("p0s1"), bytes("b")), new Put(key("p0s2"), bytes("c")))));
        List<TableEntry> entries = wait(table.getAll(List.of(key("p0s2"), key("p9s9"), key("p0s0"))));
        require(entries.size() == 3 && entries.get(1) == null, "of three keys, one of which is not there, came %s", entries);
        require(entries.get(0).getVersion().equals(versions.get(2)) && entries.get(2).getVersion().equals(versions.get(0)),
                "the versions are not in the order of the updates");
        is("BadKeyVersionException", table.update(List.<TableModification>of(new Put(key("p0s1"), bytes("B")),
                new Insert(key("p0s3"), bytes("d")), new Put(key("p0s2"), bytes("C"), versions.get(0)))), "one bad of three");
        holds(table, "p0s1", "b");
        holds(table, "p0s3", null);
        is("ok", table.update(List.<TableModification>of(new Remove(key("p0s0"), versions.get(0)), new Remove(key("p0s1")),
                new Remove(key("p0s9")))), "three removals, one of none");
        holds(table, "p0s0", null);
        holds(table, "p0s1", null);
        holds(table, "p0s2", "c");
        boolean refused = false;
        try {
            refused = !word(table.update(List.<TableModification>of(new Put(key("p0s0"), bytes("x")),
                    new Put(key("p1s0"), bytes("y"))))).equals("ok");
        } catch (IllegalArgumentException expected) {
            refused = true;
        }
        require(refused, "entries of two primary keys were updated at once");
    }

    /** All that comes, page by page. (A page of the real server may have some more than was asked for.) */
    private static <T> List<String> walk(AsyncIterator<IteratorItem<T>> pages, Function<T, String> name)
            throws Exception {
        List<String> all = new ArrayList<>();
        for (IteratorItem<T> page = wait(pages.getNext()); page != null; page = wait(pages.getNext())) {
            page.getItems().forEach(each -> all.add(name.apply(each)));
        }
        return all;
    }

    private static String name(TableKey key) {
        return text(key.getPrimaryKey()) + text(key.getSecondaryKey());
    }

    private static void finds(KeyValueTable table, Function<KeyValueTableIterator.Builder, KeyValueTableIterator> choice,
            String what, List<String> expected) throws Exception {
        List<String> keys = walk(choice.apply(table.iterator().maxIterationSize(3)).keys(), TableChecks::name);
        List<String> entries = walk(choice.apply(table.iterator().maxIterationSize(4)).entries(), entry -> {
            require(text(entry.getValue()).equals("v" + name(entry.getKey())), "%s has another's value",
                    name(entry.getKey()));
            return name(entry.getKey());
        });
        require(keys.equals(expected), "keys %s are %s, not %s", what, keys, expected);
        require(entries.equals(expected), "entries %s are %s", what, entries);
    }

    /** Eight primary keys, a0 to a3 and b0 to b3, with the secondary keys s0 to s4 each. */
    private void walks(KeyValueTable table, Stream name) throws Exception {
        List<String> all = IntStream.range(0, 40).mapToObj(n -> (n < 20 ? "a" : "b") + n / 5 % 4 + "s" + n % 5).toList();
        for (String each : all) {
            wait(table.update(new Put(key(each), bytes("v" + each))));
        }
        finds(table, KeyValueTableIterator.Builder::all, "in all", all);
        finds(table, walk -> walk.forPrimaryKey(bytes("a2")), "of a2", all.subList(10, 15));
        finds(table, walk -> walk.forPrimaryKey(bytes("a2"), bytes("s1"), bytes("s3")), "of a2, s1 to s3",
                all.subList(11, 14));
        finds(table, walk -> walk.forPrimaryKey(bytes("a2"), bytes("s")), "of a2 with s", all.subList(10, 15));
        finds(table, walk -> walk.forPrimaryKey(bytes("a2"), bytes("s4")), "of a2 with s4", all.subList(14, 15));
        finds(table, walk -> walk.forPrimaryKey(bytes("c0")), "of c0", List.of());
        finds(table, walk -> walk.forRange(bytes("a3"), bytes("b0")), "from a3 to b0", all.subList(15, 25));
        finds(table, walk -> walk.forRange(null, bytes("a0")), "up to a0", all.subList(0, 5));
        finds(table, walk -> walk.forRange(bytes("b3"), null), "from b3 on", all.subList(35, 40));
        finds(table, walk -> walk.forPrefix(bytes("b")), "with b", all.subList(20, 40));
        for (String each : all.subList(0, 39)) {
            wait(table.update(new Remove(key(each))));
        }
        finds(table, KeyValueTableIterator.Builder::all, "that are left", all.subList(39, 40));
    }

    private void sizes(KeyValueTable table, Stream name) throws Exception {
        for (int size : new int[] {0, 1, 1000, KeyValueTable.MAXIMUM_VALUE_LENGTH}) {
            String value = "v".repeat(size);
            wait(table.update(new Put(key("p0s0"), bytes(value))));
            require(value.equals(value(table, "p0s0")), "a value of %d bytes came back as another", size);
        }
        boolean refused = false;
        try {
            refused = !word(table.update(new Put(key("p0s0"), bytes("v".repeat(KeyValueTable.MAXIMUM_VALUE_LENGTH + 1)))))
                    .equals("ok");
        } catch (IllegalArgumentException expected) {
            refused = true;
        }
        require(refused, "a value of more than the most was taken");
    }

    private void count(Stream name, int times) throws Exception {
        try (KeyValueTableFactory factory = factory(); KeyValueTable table = open(factory, name)) {
            for (int done = 0; done < times;) {
                TableEntry entry = wait(table.get(key("p0s0")));
                TableModification next = entry == null ? new Insert(key("p0s0"), bytes("1")) : new Put(key("p0s0"),
                        bytes(String.valueOf(Integer.parseInt(text(entry.getValue())) + 1)), entry.getVersion());
                String word = word(table.update(next));
                require(word.equals("ok") || word.equals("BadKeyVersionException"), "an update comes to %s", word);
                done += word.equals("ok") ? 1 : 0;
            }
        }
    }

    private void race(KeyValueTable table, Stream name) throws Exception {
        List<CompletableFuture<Void>> clients = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            clients.add(CompletableFuture.runAsync(() -> {
                try {
                    count(name, 50);
                } catch (Exception why) {
                    throw new IllegalStateException(why);
                }
            }, Threads::start));
        }
        for (CompletableFuture<Void> each : clients) {
            wait(each);
        }
        holds(table, "p0s0", "100");
    }
}
