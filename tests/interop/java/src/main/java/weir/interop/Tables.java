package weir.interop;

import static weir.interop.Numbered.require;

import io.pravega.client.KeyValueTableFactory;
import io.pravega.client.admin.KeyValueTableManager;
import io.pravega.client.stream.Stream;
import io.pravega.client.tables.BadKeyVersionException;
import io.pravega.client.tables.IteratorItem;
import io.pravega.client.tables.KeyValueTable;
import io.pravega.client.tables.KeyValueTableClientConfiguration;
import io.pravega.client.tables.KeyValueTableConfiguration;
import io.pravega.client.tables.Put;
import io.pravega.client.tables.TableEntry;
import io.pravega.client.tables.TableKey;
import io.pravega.client.tables.TableModification;
import io.pravega.client.tables.Version;
import io.pravega.common.util.AsyncIterator;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

/**
 * Key-value tables: what Java writes and another client reads, and the other way round. Entry n has the primary key of
 * its group, "p007" for all n / 20 = 7, the secondary key "0147" and the value "v147".
 */
final class Tables implements AutoCloseable {
    private static final int GROUP = 20;
    private static final int TOGETHER = 200; /* getAll takes 256 keys of a segment */

    private final Server server;
    private final Stream name;
    private final KeyValueTableFactory factory;
    private KeyValueTable table;

    Tables(Server server, Stream name) {
        this.server = server;
        this.name = name;
        factory = KeyValueTableFactory.withScope(name.getScope(), server.config);
    }

    private KeyValueTable table() {
        if (table == null) {
            table = factory.forKeyValueTable(name.getStreamName(), KeyValueTableClientConfiguration.builder().build());
        }
        return table;
    }

    int create(int partitions) {
        server.streams.createScope(name.getScope());
        try (KeyValueTableManager tables = KeyValueTableManager.create(server.config)) {
            return tables.createKeyValueTable(name.getScope(), name.getStreamName(),
                    KeyValueTableConfiguration.builder().partitionCount(partitions).primaryKeyLength(4)
                            .secondaryKeyLength(4).build()) ? 0 : 1;
        }
    }

    /** Whether the scope has the table, by its list. */
    int list() {
        try (KeyValueTableManager tables = KeyValueTableManager.create(server.config)) {
            boolean[] found = new boolean[1];
            tables.listKeyValueTables(name.getScope()).forEachRemaining(each ->
                    found[0] |= each.getKeyValueTableName().equals(name.getStreamName()));
            return found[0] ? 0 : 1;
        }
    }

    int put(int from, int to) throws Exception {
        List<TableModification> group = new ArrayList<>();
        for (int n = from; n < to; n++) {
            group.add(new Put(key(primary(n), secondary(n)), bytes("v" + n)));
            if (n + 1 == to || (n + 1) % GROUP == 0) {
                table().update(group).get();
                group.clear();
            }
        }
        return 0;
    }

    /** By key and by walking: exactly these entries, in order. */
    int verify(int from, int to) throws Exception {
        List<TableEntry> entries = new ArrayList<>();
        for (int first = from; first < to; first += TOGETHER) {
            List<TableKey> keys = new ArrayList<>();
            for (int n = first; n < Math.min(to, first + TOGETHER); n++) {
                keys.add(key(primary(n), secondary(n)));
            }
            entries.addAll(table().getAll(keys).get());
        }
        List<TableEntry> walked = all();
        require(walked.size() == to - from, walked.size() + " entries instead of " + (to - from));
        for (int n = from; n < to; n++) {
            TableEntry entry = entries.get(n - from);
            require(entry != null, "entry " + n + " is missing");
            require(text(entry.getValue()).equals("v" + n), "entry " + n + " has the value " + text(entry.getValue()));
            require(walked.get(n - from).equals(entry), "entry " + n + " is not the one at its place");
        }
        return 0;
    }

    int get(String primary, String secondary) throws Exception {
        TableEntry entry = table().get(key(primary, secondary)).get();
        if (entry == null) {
            return 3;
        }
        System.out.println(primary + "\t" + secondary + "\t" + entry.getVersion() + "\t" + text(entry.getValue()));
        return 0;
    }

    /** Prints the new version, or returns 4 if the old one is not there. */
    int replace(String primary, String secondary, String value, String version) throws Exception {
        try {
            System.out.println(table().update(new Put(key(primary, secondary), bytes(value),
                    Version.fromString(version))).get());
            return 0;
        } catch (ExecutionException | CompletionException why) {
            if (why.getCause() instanceof BadKeyVersionException) {
                return 4;
            }
            throw why;
        }
    }

    private List<TableEntry> all() throws Exception {
        AsyncIterator<IteratorItem<TableEntry>> pages = table().iterator().maxIterationSize(7).all().entries();
        List<TableEntry> entries = new ArrayList<>();
        for (IteratorItem<TableEntry> page = pages.getNext().get(); page != null; page = pages.getNext().get()) {
            Iterator<TableEntry> each = page.getItems().iterator();
            each.forEachRemaining(entries::add);
        }
        return entries;
    }

    private static String primary(int n) {
        return String.format("p%03d", n / GROUP);
    }

    private static String secondary(int n) {
        return String.format("%04d", n);
    }

    private static TableKey key(String primary, String secondary) {
        return new TableKey(bytes(primary), bytes(secondary));
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String text(ByteBuffer bytes) {
        return StandardCharsets.UTF_8.decode(bytes.duplicate()).toString();
    }

    @Override
    public void close() {
        if (table != null) {
            table.close();
        }
        factory.close();
    }
}
