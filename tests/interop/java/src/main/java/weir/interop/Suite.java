package weir.interop;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Named checks, run one after the other; prints a line for each: "ok|FAILED <tab> milliseconds <tab> name <tab> why". */
final class Suite {
    private static final long SECONDS_MAX = 300;

    /** A check passes when it returns. */
    interface Check {
        void run() throws Exception;
    }

    private record Named(String name, Check check) { }

    private final List<Named> checks = new ArrayList<>();
    private int failed;

    void add(String name, Check check) {
        checks.add(new Named(name, check));
    }

    /** Runs the checks whose names contain what was asked for; returns how many failed. */
    int run(String wanted) {
        for (Named each : checks) {
            if (each.name.contains(wanted)) {
                run(each);
            }
        }
        return failed;
    }

    private void run(Named each) {
        long start = System.nanoTime();
        String why = outcome(each.check);
        long elapsed = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
        failed += why == null ? 0 : 1;
        System.out.printf("%s\t%d\t%s\t%s%n", why == null ? "ok" : "FAILED", elapsed, each.name,
                why == null ? "" : why);
        System.out.flush();
    }

    /** Null if the check passes, or why it does not: one line, and on standard error the place. */
    private static String outcome(Check check) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        Threads.start(() -> {
            try {
                check.run();
                done.complete(null);
            } catch (Throwable why) {
                done.completeExceptionally(why);
            }
        });
        try {
            done.get(SECONDS_MAX, TimeUnit.SECONDS);
            return null;
        } catch (TimeoutException late) {
            return "not done after " + SECONDS_MAX + " s";
        } catch (ExecutionException failure) {
            failure.getCause().printStackTrace();
            return why(failure);
        } catch (InterruptedException stop) {
            return "interrupted";
        }
    }

    /** In one line. */
    static String why(Throwable why) {
        return oneLine(root(why));
    }

    private static Throwable root(Throwable why) {
        return why instanceof ExecutionException || why instanceof CompletionException ? root(why.getCause()) : why;
    }

    private static String oneLine(Throwable why) {
        String text = why instanceof AssertionError ? why.getMessage() : why.toString();
        return String.valueOf(text).replaceAll("\\s+", " ");
    }
}
