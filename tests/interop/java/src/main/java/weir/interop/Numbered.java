package weir.interop;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Numbered events, "k3 17": event 17, of key k3. Number n has key n mod KEYS, so that whoever reads them can tell
 * whether each came once, with its key, and whether those of one key came in order.
 */
final class Numbered {
    static final int KEYS = 10;

    private Numbered() { }

    static String key(long number) {
        return "k" + number % KEYS;
    }

    static String event(long number) {
        return key(number) + " " + number;
    }

    static long number(String event) {
        int space = event.indexOf(' ');
        require(space > 0, "\"%s\" is no numbered event", event);
        long number = Long.parseLong(event.substring(space + 1));
        require(event.equals(event(number)), "\"%s\" has a key that is not its own", event);
        return number;
    }

    /** Fails unless the events are the numbers of from..to-1, each once. */
    static void requireOnce(List<String> events, int from, int to) {
        BitSet seen = new BitSet(to);
        for (String event : events) {
            int number = (int) number(event);
            require(number >= from && number < to, "event %d is none of %d..%d", number, from, to - 1);
            require(!seen.get(number), "event %d came twice", number);
            seen.set(number);
        }
        int missing = from + (to - from) - seen.cardinality();
        require(missing == from, "%d of %d events came, the first that did not is %d", seen.cardinality(), to - from,
                seen.nextClearBit(from));
    }

    /** Fails unless the events of each key came in the order of their numbers. */
    static void requireOrderByKey(List<String> events) {
        Map<String, Long> last = new HashMap<>();
        for (String event : events) {
            long number = number(event);
            Long before = last.put(key(number), number);
            require(before == null || before < number, "of key %s, event %d came after event %d", key(number), number,
                    before);
        }
    }

    static List<String> events(int from, int to) {
        List<String> events = new ArrayList<>();
        for (int number = from; number < to; number++) {
            events.add(event(number));
        }
        return events;
    }

    static void require(boolean holds, String format, Object... args) {
        if (!holds) {
            throw new AssertionError(String.format(format, args));
        }
    }
}
