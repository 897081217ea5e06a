/**
 * @file ledger.h
 * @brief What a store was asked to keep and what it promised, and the check of what it shows against that.
 *
 * Every event has a number of its own. Rules, for each look at the stream:
 *   1. An event that was acknowledged before the look is there, unless it lies before a cut that truncation was asked
 * at.
 *   2. No event stands there twice, nor moves, nor changes; none is there that was not written. (If it is cut off
 *      before it is acknowledged, it may come again: no segment is left that could tell its writer, which goes on in
 *      the successors with all that was not acknowledged. Upstream's does so too.)
 *   3. Of a transaction nothing is there before its commit was asked for; once the commit is acknowledged, all is
 * there. In each segment its events stand together.
 *   4. Nothing lies before a cut whose truncation was acknowledged.
 *   5. Events of one writer and key are in the order of their numbers, over all segments that had the key in turn.
 * And when everybody is at rest:
 *   6. A transaction whose commit was asked for is there whole or not at all.
 */
#ifndef WEIR_TEST_LEDGER_H
#define WEIR_TEST_LEDGER_H

#include "world.h"

#define LEDGER_EVENTS_MAX 20000
#define LEDGER_TXNS_MAX 600
#define LEDGER_WRITERS_MAX 256
#define LEDGER_KEYS 4
#define LEDGER_NO_TXN (-1)

struct ledger_event {
    pravega_segment_id segment;
    int64_t offset;    /* -1: not found yet */
    int64_t seen_look; /* the last look that found it */
    int txn;           /* LEDGER_NO_TXN */
    int writer;
    uint8_t key;
    bool acked, due; /* due: acknowledged when the look began */
    bool adrift;     /* it lay before a cut, and was not acknowledged yet */
};

struct ledger_txn {
    int event_count;
    bool commit_asked, committed, due;
    int found; /* in this look, or known to be truncated */
    /* Where it was met last. A look reads one segment after the other. */
    int64_t met_look;
    pravega_segment_id met_segment;
};

struct ledger {
    struct seed_run *run;
    struct ledger_event events[LEDGER_EVENTS_MAX];
    int64_t event_count;
    struct ledger_txn txns[LEDGER_TXNS_MAX];
    int txn_count;
    int writer_count;
    /* Each truncation lies behind the one before: the newest that was asked for or is done is all there is to know. */
    struct stream_cut cut_asked, cut_done, cut_due;
    /* The look in hand. */
    int64_t look;
    int64_t last[LEDGER_WRITERS_MAX][LEDGER_KEYS];
    pravega_segment_id segment; /* that is being read, and the transaction of the event before in it */
    int last_txn;
    uint64_t found_count;
};

void ledger_init(struct ledger *ledger, struct seed_run *run);
/** One life of a writer; -1: there is no room for more. */
int ledger_writer(struct ledger *ledger);
int ledger_txn(struct ledger *ledger);
/** Fills `bytes` (LEDGER_EVENT_LEN) with the next event; ledger_written() books it, if it was taken. */
#define LEDGER_EVENT_LEN 60
bool ledger_next(const struct ledger *ledger, uint8_t bytes[LEDGER_EVENT_LEN]);
int64_t ledger_written(struct ledger *ledger, int writer, int key, int txn);

void ledger_look_begin(struct ledger *ledger);
/** For read_stream(). */
void ledger_look_at(void *ledger, pravega_segment_id segment, const struct pravega_event *event);
/** @param at_rest nothing is under way: rule 6 holds too */
void ledger_look_end(struct ledger *ledger, bool at_rest);

/**
 * The next truncation: a cut through the segments of `tail`, at events that the last look found there, not before the
 * one that was asked for last. It is booked as asked for.
 * @param tail the stream's tail in a look that is not older than the one from which the last cut was made
 */
void ledger_cut(struct ledger *ledger, const struct world *world, const struct stream_cut *tail);

#endif
