package weir.interop;

import io.pravega.client.SynchronizerClientFactory;
import io.pravega.client.state.Revision;
import io.pravega.client.state.RevisionedStreamClient;
import io.pravega.client.state.SynchronizerConfig;
import io.pravega.client.stream.Stream;
import java.util.Iterator;
import java.util.Map;

/** The verbs on revisioned streams, which the C peer has, too; revisions are in their text form. */
final class LogPeer {
    private LogPeer() { }

    /** Runs "log-VERB SCOPE/STREAM ..."; false: there is no such verb. */
    static boolean run(Server server, String[] args) {
        if (args.length < 3 || !args[1].startsWith("log-")) {
            return false;
        }
        Stream stream = Stream.of(args[2]);
        try (SynchronizerClientFactory clients = SynchronizerClientFactory.withScope(stream.getScope(), server.config);
             RevisionedStreamClient<String> log = clients.createRevisionedStreamClient(stream.getStreamName(), Io.TEXT,
                     SynchronizerConfig.builder().build())) {
            switch (args[1] + "/" + (args.length - 3)) {
                case "log-append/1" -> log.writeUnconditionally(args[3]);
                case "log-append/2" -> System.out.println(text(log.writeConditionally(revision(args[3]), args[4]),
                        "conflict"));
                case "log-read/1" -> read(log, args[3].equals("-") ? log.fetchOldestRevision() : revision(args[3]));
                case "log-bounds/0" -> System.out.println(log.fetchOldestRevision() + " " + log.fetchLatestRevision());
                case "log-mark/0" -> System.out.println(text(log.getMark(), "-"));
                case "log-mark/2" -> System.out.println(log.compareAndSetMark(revision(args[3]), revision(args[4]))
                        ? "set" : "conflict");
                case "log-truncate/1" -> log.truncateToRevision(revision(args[3]));
                default -> {
                    return false;
                }
            }
        }
        return true;
    }

    private static Revision revision(String text) {
        return text.equals("-") ? null : Revision.fromString(text);
    }

    private static String text(Revision revision, String none) {
        return revision == null ? none : revision.toString();
    }

    private static void read(RevisionedStreamClient<String> log, Revision from) {
        Iterator<Map.Entry<Revision, String>> entries = log.readFrom(from);
        while (entries.hasNext()) {
            Map.Entry<Revision, String> entry = entries.next();
            System.out.println(entry.getKey() + " " + entry.getValue());
        }
    }
}
