/*
 * ledger.c - the rules of ledger.h.
 */
#include "ledger.h"

#include <inttypes.h>
#include <string.h>

#include "weir/endian.h"

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

/* --- a look ----------------------------------------------------------------------------------------------------- */

void ledger_look_begin(struct ledger *ledger)
{
    ledger->look++;
    ledger->found_count = 0;
    memset(ledger->last, -1, sizeof(ledger->last));
    for (int s = 0; s < LEDGER_SEGMENTS_MAX; s++) {
        ledger->last_txn[s] = LEDGER_NO_TXN;
        ledger->cut_due[s] = ledger->cut_done[s];
    }
    for (int64_t i = 0; i < ledger->event_count; i++)
        ledger->events[i].due = ledger->events[i].acked;
    for (int t = 0; t < ledger->txn_count; t++) {
        ledger->txns[t].due = ledger->txns[t].committed;
        ledger->txns[t].found = 0;
    }
}

static bool truncated(const struct ledger *ledger, const struct ledger_event *event)
{
    return event->offset >= 0 && event->offset < ledger->cut_asked[event->segment];
}

/* Rule 2. */
static void check_place(struct ledger *ledger, struct ledger_event *event, int64_t number, int segment, int64_t offset)
{
    if (event->seen_look == ledger->look)
        seed_fail(ledger->run,
                  "event %" PRId64 " is there twice: in segment %d at %" PRId64 " and in segment %d at %" PRId64,
                  number, event->segment, event->offset, segment, offset);
    else if (event->offset >= 0 && (event->segment != segment || event->offset != offset))
        seed_fail(ledger->run, "event %" PRId64 " was in segment %d at %" PRId64 ", and is in segment %d at %" PRId64,
                  number, event->segment, event->offset, segment, offset);
    else if (offset < ledger->cut_due[segment])
        seed_fail(ledger->run, "event %" PRId64 " lies at %" PRId64 ", before the cut at %" PRId64, number, offset,
                  ledger->cut_due[segment]);
    event->seen_look = ledger->look;
    event->segment = (uint8_t)segment;
    event->offset = offset;
}

/* Rule 3, as far as one event shows it. */
static void check_txn(struct ledger *ledger, const struct ledger_event *event, int64_t number, int segment)
{
    struct ledger_txn *txn;

    if (event->txn == LEDGER_NO_TXN)
        return;
    txn = &ledger->txns[event->txn];
    txn->found++;
    if (!txn->commit_asked)
        seed_fail(ledger->run, "event %" PRId64 " is of transaction %d, whose commit nobody asked for", number,
                  event->txn);
    if (txn->in_segment[segment] == ledger->look && ledger->last_txn[segment] != event->txn)
        seed_fail(ledger->run, "event %" PRId64 " of transaction %d stands apart from the others in segment %d", number,
                  event->txn, segment);
    txn->in_segment[segment] = ledger->look;
}

/* Rule 5. */
static void check_order(struct ledger *ledger, const struct ledger_event *event, int64_t number)
{
    int64_t *last = &ledger->last[event->writer][event->key];

    if (number < *last)
        seed_fail(ledger->run, "event %" PRId64 " comes after %" PRId64 " of the same writer and key", number, *last);
    *last = number;
}

void ledger_look_at(void *arg, int segment, const struct pravega_event *found)
{
    struct ledger *ledger = arg;
    uint8_t want[LEDGER_EVENT_LEN];
    struct ledger_event *event;
    uint64_t number;

    if (segment >= LEDGER_SEGMENTS_MAX || found->payload.len != LEDGER_EVENT_LEN) {
        seed_fail(ledger->run, "segment %d has an event of %zu bytes at %" PRId64, segment, found->payload.len,
                  found->offset);
        return;
    }
    number = weir_get_u64be(found->payload.ptr);
    event_bytes((int64_t)number, want);
    if (number >= (uint64_t)ledger->event_count || memcmp(want, found->payload.ptr, LEDGER_EVENT_LEN) != 0) {
        seed_fail(ledger->run, "segment %d has at %" PRId64 " an event that nobody wrote", segment, found->offset);
        return;
    }
    event = &ledger->events[number];
    ledger->found_count++;
    check_place(ledger, event, (int64_t)number, segment, found->offset);
    check_txn(ledger, event, (int64_t)number, segment);
    if (event->txn == LEDGER_NO_TXN)
        check_order(ledger, event, (int64_t)number);
    ledger->last_txn[segment] = event->txn;
}

void ledger_look_end(struct ledger *ledger, bool at_rest)
{
    for (int64_t i = 0; i < ledger->event_count; i++) {
        struct ledger_event *event = &ledger->events[i];
        bool gone = event->seen_look != ledger->look;

        if (gone && truncated(ledger, event)) {
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
