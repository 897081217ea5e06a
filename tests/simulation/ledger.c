/*
 * ledger.c - the rules of ledger.h.
 */
#include "ledger.h"

#include <inttypes.h>
#include <string.h>

#include "weir/endian.h"

/* A segment in a message: its number alone is not its name, a rolled transaction brings it back in another epoch. */
#define SEGMENT "segment %d of epoch %d"
#define SEGMENT_OF(id) pravega_segment_number(id), pravega_segment_epoch(id)

void ledger_init(struct ledger *ledger, struct seed_run *run)
{
    ledger->run = run;
}

int ledger_writer(struct ledger *ledger)
{
    return ledger->writer_count < LEDGER_WRITERS_MAX ? ledger->writer_count++ : -1;
}

int ledger_txn(struct ledger *ledger)
{
    return ledger->txn_count < LEDGER_TXNS_MAX ? ledger->txn_count++ : -1;
}

static void event_bytes(int64_t number, uint8_t bytes[LEDGER_EVENT_LEN])
{
    weir_put_u64be(bytes, (uint64_t)number);
    for (size_t i = 8; i < LEDGER_EVENT_LEN; i++)
        bytes[i] = (uint8_t)((uint64_t)number * 37 + i);
}

bool ledger_next(const struct ledger *ledger, uint8_t bytes[LEDGER_EVENT_LEN])
{
    event_bytes(ledger->event_count, bytes);
    return ledger->event_count < LEDGER_EVENTS_MAX;
}

int64_t ledger_written(struct ledger *ledger, int writer, int key, int txn)
{
    ledger->events[ledger->event_count] =
        (struct ledger_event){.offset = -1, .txn = txn, .writer = writer, .key = (uint8_t)key};
    if (txn != LEDGER_NO_TXN)
        ledger->txns[txn].event_count++;
    return ledger->event_count++;
}

/* --- cuts ------------------------------------------------------------------------------------------------------- */

/* Whether a place lies before a cut, which goes through all segments of an epoch: what is not among them and not newer
 * ended before they began. */
static bool is_past(const struct stream_cut *cut, pravega_segment_id segment, int64_t offset)
{
    int32_t epoch = -1;

    for (size_t i = 0; i < cut->count; i++) {
        if (cut->at[i].id == segment)
            return offset < cut->at[i].offset;
        if (pravega_segment_epoch(cut->at[i].id) > epoch)
            epoch = pravega_segment_epoch(cut->at[i].id);
    }
    return pravega_segment_epoch(segment) <= epoch;
}

static struct pravega_segment_offset *find_in(struct stream_cut *cut, pravega_segment_id segment)
{
    for (size_t i = 0; i < cut->count; i++) {
        if (cut->at[i].id == segment)
            return &cut->at[i];
    }
    return NULL;
}

static void note_adrift(struct ledger *ledger)
{
    for (int64_t i = 0; i < ledger->event_count; i++) {
        struct ledger_event *event = &ledger->events[i];

        if (event->txn == LEDGER_NO_TXN && !event->acked && event->offset >= 0 &&
            is_past(&ledger->cut_asked, event->segment, event->offset))
            event->adrift = true;
    }
}

/* Not beyond the tail as it was: the segments may have changed since, then all of them have an event behind. */
void ledger_cut(struct ledger *ledger, const struct world *world, const struct stream_cut *tail)
{
    struct stream_cut cut = *tail;

    for (size_t i = 0; i < cut.count; i++) {
        const struct pravega_segment_offset *before = find_in(&ledger->cut_asked, cut.at[i].id);

        cut.at[i].offset = before != NULL ? before->offset : 0;
    }
    for (int tries = 0; tries < 12 && ledger->event_count > 0; tries++) {
        const struct ledger_event *event = &ledger->events[pick(world, (uint64_t)ledger->event_count)];
        struct pravega_segment_offset *at = find_in(&cut, event->segment);

        if (event->seen_look == ledger->look && at != NULL && event->offset > at->offset)
            at->offset = event->offset;
    }
    ledger->cut_asked = cut;
    note_adrift(ledger);
}

/* --- a look ----------------------------------------------------------------------------------------------------- */

void ledger_look_begin(struct ledger *ledger)
{
    ledger->look++;
    ledger->found_count = 0;
    memset(ledger->last, -1, sizeof(ledger->last));
    ledger->segment = -1;
    ledger->cut_due = ledger->cut_done;
    for (int64_t i = 0; i < ledger->event_count; i++)
        ledger->events[i].due = ledger->events[i].acked;
    for (int t = 0; t < ledger->txn_count; t++) {
        ledger->txns[t].due = ledger->txns[t].committed;
        ledger->txns[t].found = 0;
    }
}

/* Rule 2. */
static void check_place(struct ledger *ledger, struct ledger_event *event, int64_t number, pravega_segment_id segment,
                        int64_t offset)
{
    if (event->seen_look == ledger->look)
        seed_fail(ledger->run,
                  "event %" PRId64 " is there twice: in " SEGMENT " at %" PRId64 " and in " SEGMENT " at %" PRId64,
                  number, SEGMENT_OF(event->segment), event->offset, SEGMENT_OF(segment), offset);
    else if (event->offset >= 0 && (event->segment != segment || event->offset != offset) && !event->adrift)
        seed_fail(ledger->run,
                  "event %" PRId64 " was in " SEGMENT " at %" PRId64 ", and is in " SEGMENT " at %" PRId64, number,
                  SEGMENT_OF(event->segment), event->offset, SEGMENT_OF(segment), offset);
    else if (is_past(&ledger->cut_due, segment, offset))
        seed_fail(ledger->run, "event %" PRId64 " lies in " SEGMENT " at %" PRId64 ", before the cut", number,
                  SEGMENT_OF(segment), offset);
    event->seen_look = ledger->look;
    event->segment = segment;
    event->offset = offset;
}

/* Rule 3, as far as one event shows it. */
static void check_txn(struct ledger *ledger, const struct ledger_event *event, int64_t number)
{
    struct ledger_txn *txn;

    if (event->txn == LEDGER_NO_TXN)
        return;
    txn = &ledger->txns[event->txn];
    txn->found++;
    if (!txn->commit_asked)
        seed_fail(ledger->run, "event %" PRId64 " is of transaction %d, whose commit nobody asked for", number,
                  event->txn);
    if (txn->met_look == ledger->look && txn->met_segment == event->segment && ledger->last_txn != event->txn)
        seed_fail(ledger->run, "event %" PRId64 " of transaction %d stands apart from the others in " SEGMENT, number,
                  event->txn, SEGMENT_OF(event->segment));
    txn->met_look = ledger->look;
    txn->met_segment = event->segment;
}

/* Rule 5. */
static void check_order(struct ledger *ledger, const struct ledger_event *event, int64_t number)
{
    int64_t *last = &ledger->last[event->writer][event->key];

    if (number < *last)
        seed_fail(ledger->run, "event %" PRId64 " comes after %" PRId64 " of the same writer and key", number, *last);
    *last = number;
}

void ledger_look_at(void *arg, pravega_segment_id segment, const struct pravega_event *found)
{
    struct ledger *ledger = arg;
    uint8_t want[LEDGER_EVENT_LEN];
    struct ledger_event *event;
    uint64_t number;

    if (found->payload.len != LEDGER_EVENT_LEN) {
        seed_fail(ledger->run, SEGMENT " has an event of %zu bytes at %" PRId64, SEGMENT_OF(segment),
                  found->payload.len, found->offset);
        return;
    }
    number = weir_get_u64be(found->payload.ptr);
    event_bytes((int64_t)number, want);
    if (number >= (uint64_t)ledger->event_count || memcmp(want, found->payload.ptr, LEDGER_EVENT_LEN) != 0) {
        seed_fail(ledger->run, SEGMENT " has at %" PRId64 " an event that nobody wrote", SEGMENT_OF(segment),
                  found->offset);
        return;
    }
    event = &ledger->events[number];
    ledger->found_count++;
    if (segment != ledger->segment)
        ledger->last_txn = LEDGER_NO_TXN;
    ledger->segment = segment;
    check_place(ledger, event, (int64_t)number, segment, found->offset);
    check_txn(ledger, event, (int64_t)number);
    if (event->txn == LEDGER_NO_TXN)
        check_order(ledger, event, (int64_t)number);
    ledger->last_txn = event->txn;
}

void ledger_look_end(struct ledger *ledger, bool at_rest)
{
    for (int64_t i = 0; i < ledger->event_count; i++) {
        struct ledger_event *event = &ledger->events[i];
        bool gone = event->seen_look != ledger->look;

        if (gone && event->offset >= 0 && is_past(&ledger->cut_asked, event->segment, event->offset)) {
            if (event->txn != LEDGER_NO_TXN)
                ledger->txns[event->txn].found++;
        } else if (gone && (event->due || event->offset >= 0)) {
            seed_fail(ledger->run, "event %" PRId64 " is gone: it %s", i,
                      event->due ? "was acknowledged" : "had been there before");
        }
    }
    for (int t = 0; t < ledger->txn_count; t++) {
        const struct ledger_txn *txn = &ledger->txns[t];

        if (txn->found != txn->event_count && (txn->due || (at_rest && txn->found > 0)))
            seed_fail(ledger->run, "%d of the %d events of transaction %d are there%s", txn->found, txn->event_count, t,
                      txn->due ? ", which was committed" : "");
    }
}
