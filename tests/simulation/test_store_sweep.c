/*
 * test_store_sweep.c - the store crashes at its 1st sync, at its 2nd, ..., until a workload is done without.
 *
 * The workload is the same each time: events that are acknowledged one by one, transactions that are committed, aborted
 * and left, and one that rolls over a split, batches of a table, splits and a merge, truncations, a stream that comes
 * and goes, a seal; with a small log, so that flushes, checkpoints and compaction are among the syncs. Right after each
 * recovery, and in the end, stream, segments and table are held against the ledgers (ledger.h, scaler.h,
 * table_ledger.h). The first attempt to recover meets a failing sync, or is followed by another crash: see world.c.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ledger.h"
#include "pravega/controller.h"
#include "pravega/streams.h"
#include "pravega/transaction.h"
#include "pravega/writer.h"
#include "scaler.h"
#include "table_keeper.h"

#define STREAM "swept"
#define LIMIT_NS (600 * WEIR_NS_PER_S)
#define TRIES 50
#define SYNCS_MAX 5000 /* only a workload that never ends has so many */

static const struct pravega_stream_name stream = {SCOPE, STREAM}, passing = {SCOPE, "passing"};

#define EVENTS_MAX 400

/* What an acknowledgement carries. */
struct receipt {
    struct trial *trial;
    int64_t number;
};

struct trial {
    struct receipt receipts[EVENTS_MAX];
    struct world world;
    struct ledger ledger;
    struct pravega_writer *writer;
    int writer_id;
    uint64_t pending;
    bool all_acked;
    bool looking;
    bool sealing; /* from here on the stream may have no segments */
    struct scaler scaler;
    struct table_ledger table_ledger;
    struct table_keeper keeper;
    struct pravega_table *table; /* for looking at it */
    struct stream_cut tail;      /* of the last look */
    struct pravega_call truncation;
};

static bool failed(const struct trial *trial)
{
    return seed_failed(trial->world.run);
}

static struct weir_view key_text(int key)
{
    static const char texts[LEDGER_KEYS][2] = {"a", "b", "c", "d"};

    return weir_view(texts[key], 1);
}

/* --- looks ------------------------------------------------------------------------------------------------------ */

static void look(struct trial *trial, bool at_rest)
{
    trial->looking = true;
    ledger_look_begin(&trial->ledger);
    read_scaled_stream(&trial->world, STREAM, ledger_look_at, &trial->ledger, &trial->tail);
    if (!failed(trial))
        ledger_look_end(&trial->ledger, at_rest);
    trial->looking = false;
    trial->world.run->sightings += trial->ledger.found_count;
}

/* Before the stream is known to exist there is nothing to look at. */
static void on_recovered(void *arg)
{
    struct trial *trial = arg;

    if (trial->writer != NULL && !trial->looking)
        look(trial, false);
    if (trial->scaler.world != NULL && !trial->sealing && !failed(trial))
        scaler_look(&trial->scaler);
    if (trial->table != NULL && !failed(trial))
        table_look(&trial->world, &trial->table_ledger, trial->table);
}

/* --- steps ------------------------------------------------------------------------------------------------------ */

/* Awaits a call; false if it has to be made again: its outcome is not known, or it met the store's end. */
static bool went_well(struct trial *trial, struct outcome *outcome, const char *what)
{
    return world_await(&trial->world, &outcome->over, LIMIT_NS, what) && outcome->status == WEIR_OK;
}

static void on_acked(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct receipt *receipt = arg;
    struct trial *trial = receipt->trial;

    if (status == WEIR_OK)
        trial->ledger.events[receipt->number].acked = true;
    else
        seed_fail(trial->world.run, "event %" PRId64 " was not written: %s", receipt->number, why->message);
    trial->all_acked = --trial->pending == 0;
}

static void write_events(struct trial *trial, int count)
{
    for (int i = 0; i < count; i++) {
        struct receipt *receipt = &trial->receipts[trial->ledger.event_count];
        struct weir_view text = key_text(i % LEDGER_KEYS);
        uint8_t bytes[LEDGER_EVENT_LEN];
        struct weir_error err = {0};

        assert(trial->ledger.event_count < EVENTS_MAX);
        *receipt = (struct receipt){trial, trial->ledger.event_count};
        ledger_next(&trial->ledger, bytes);
        if (pravega_writer_write(trial->writer, &text, weir_view(bytes, sizeof(bytes)), on_acked, receipt, &err) !=
            WEIR_OK) {
            seed_fail(trial->world.run, "the writer takes no event: %s", err.message);
            return;
        }
        trial->pending++;
        ledger_written(&trial->ledger, trial->writer_id, i % LEDGER_KEYS, LEDGER_NO_TXN);
    }
    trial->all_acked = trial->pending == 0;
}

static void await_acks(struct trial *trial)
{
    if (!failed(trial) && trial->pending > 0)
        world_await(&trial->world, &trial->all_acked, LIMIT_NS, "writing events");
}

/* --- transactions --- */

struct begin {
    struct outcome outcome;
    struct pravega_txn *txn;
};

static void on_begun(void *arg, enum weir_status status, struct pravega_txn *txn, const struct weir_error *why)
{
    struct begin *begin = arg;

    begin->txn = txn;
    outcome_done(&begin->outcome, status, why);
}

/* A transaction with events in it, flushed. NULL: the store's end came between; that one ends with its lease. */
static struct pravega_txn *filled_txn(struct trial *trial, int *number)
{
    struct begin begin = {0};
    struct outcome flushed = {0};

    pravega_txn_begin(trial->world.client, &stream, NULL, on_begun, &begin);
    if (!went_well(trial, &begin.outcome, "beginning a transaction"))
        return NULL;
    *number = ledger_txn(&trial->ledger);
    for (int i = 0; i < 12; i++) {
        struct weir_view text = key_text(i % LEDGER_KEYS);
        uint8_t bytes[LEDGER_EVENT_LEN];

        ledger_next(&trial->ledger, bytes);
        if (pravega_txn_write(begin.txn, &text, weir_view(bytes, sizeof(bytes)), NULL) == WEIR_OK)
            ledger_written(&trial->ledger, trial->writer_id, i % LEDGER_KEYS, *number);
    }
    pravega_txn_flush(begin.txn, outcome_done, &flushed);
    if (went_well(trial, &flushed, "flushing a transaction"))
        return begin.txn;
    pravega_txn_free(begin.txn);
    return NULL;
}

enum txn_end { TXN_COMMIT, TXN_ABORT, TXN_LEAVE };

/* Ends a transaction, asking until it is known to have ended. */
static void end_txn(struct trial *trial, struct pravega_txn *txn, int number, enum txn_end end)
{
    struct pravega_txn_id id = pravega_txn_id(txn);

    trial->ledger.txns[number].commit_asked = end == TXN_COMMIT;
    for (int tries = 0; tries < TRIES && end != TXN_LEAVE && !failed(trial); tries++) {
        struct outcome ended = {0};

        if (end == TXN_COMMIT)
            pravega_txn_commit_id(trial->world.client, &stream, id, outcome_done, &ended);
        else
            pravega_txn_abort_id(trial->world.client, &stream, id, outcome_done, &ended);
        if (went_well(trial, &ended, "ending a transaction")) {
            trial->ledger.txns[number].committed = end == TXN_COMMIT;
            return;
        }
        if (ended.status == WEIR_E_TXN_FAILED || ended.status == WEIR_E_STATE)
            seed_fail(trial->world.run, "transaction %d does not end: %s", number, ended.why);
    }
    if (end != TXN_LEAVE && !failed(trial))
        seed_fail(trial->world.run, "transaction %d does not end", number);
}

static void play_txn(struct trial *trial, enum txn_end end)
{
    for (int tries = 0; tries < TRIES && !failed(trial); tries++) {
        int number = 0;
        struct pravega_txn *txn = filled_txn(trial, &number);

        if (txn == NULL)
            continue;
        end_txn(trial, txn, number, end);
        pravega_txn_free(txn);
        return;
    }
}

/* --- the shape of the stream --- */

static void scale(struct trial *trial, enum scaler_wish wish)
{
    if (failed(trial))
        return;
    scaler_step(&trial->scaler, wish);
    world_await(&trial->world, &trial->scaler.resting, LIMIT_NS, "scaling");
}

/* A transaction that is open while its segments are replaced. */
static void play_rolling_txn(struct trial *trial)
{
    int number = 0;
    struct pravega_txn *txn = NULL;

    for (int tries = 0; tries < TRIES && txn == NULL && !failed(trial); tries++)
        txn = filled_txn(trial, &number);
    scale(trial, SCALER_SPLIT);
    write_events(trial, 10);
    await_acks(trial);
    if (txn != NULL && !failed(trial))
        end_txn(trial, txn, number, TXN_COMMIT);
    pravega_txn_free(txn);
}

/* At events in the midst of its segments, which also drops the segments before them. */
static void truncate_stream(struct trial *trial)
{
    struct ledger *ledger = &trial->ledger;

    look(trial, false);
    if (!failed(trial))
        ledger_cut(ledger, &trial->world, &trial->tail);
    for (int tries = 0; tries < TRIES && !failed(trial); tries++) {
        struct outcome cut = {0};

        pravega_controller_truncate_stream(&trial->truncation, trial->world.client, &stream, ledger->cut_asked.at,
                                           ledger->cut_asked.count, outcome_done, &cut);
        if (went_well(trial, &cut, "truncating")) {
            ledger->cut_done = ledger->cut_asked;
            return;
        }
    }
}

static void seal(struct trial *trial, const struct pravega_stream_name *which)
{
    for (int tries = 0; tries < TRIES && !failed(trial); tries++) {
        struct outcome sealed = {0};

        pravega_stream_seal(trial->world.client, which, outcome_done, &sealed);
        if (went_well(trial, &sealed, "sealing"))
            return;
    }
}

/* A stream that comes and goes. */
static void pass(struct trial *trial)
{
    make_stream(&trial->world, passing.stream, 2);
    seal(trial, &passing);
    for (int tries = 0; tries < TRIES && !failed(trial); tries++) {
        struct outcome deleted = {0};

        pravega_stream_delete(trial->world.client, &passing, outcome_done, &deleted);
        if (went_well(trial, &deleted, "deleting") || deleted.status == WEIR_E_NOT_FOUND)
            return;
    }
}

static void make_table(struct trial *trial)
{
    struct pravega_table *table;
    enum weir_status status;

    trial->table = table_make(&trial->world);
    if (failed(trial))
        return;
    status = pravega_table_new(trial->world.client, &table_name, NULL, &table, NULL);
    assert(status == WEIR_OK);
    (void)status;
    table_keeper_init(&trial->keeper, &trial->world, &trial->table_ledger, trial->world.driver_loop, table);
}

static void change_table(struct trial *trial, int count)
{
    for (int i = 0; i < count && !failed(trial); i++) {
        table_keeper_step(&trial->keeper);
        world_await(&trial->world, &trial->keeper.resting, LIMIT_NS, "changing the table");
    }
}

/* --- the play --------------------------------------------------------------------------------------------------- */

static void workload(struct trial *trial)
{
    struct pravega_writer_options options = {.block_bytes = 400};

    make_scope(&trial->world);
    make_stream(&trial->world, STREAM, 2);
    if (failed(trial) || pravega_writer_new(trial->world.client, &stream, &options, &trial->writer, NULL) != WEIR_OK)
        return;
    trial->writer_id = ledger_writer(&trial->ledger);
    scaler_init(&trial->scaler, &trial->world, &stream, 2);
    write_events(trial, 30);
    play_txn(trial, TXN_COMMIT);
    await_acks(trial);
    make_table(trial);
    change_table(trial, 12);
    write_events(trial, 20);
    scale(trial, SCALER_SPLIT);
    await_acks(trial);
    play_txn(trial, TXN_ABORT);
    write_events(trial, 20);
    play_rolling_txn(trial);
    truncate_stream(trial);
    scale(trial, SCALER_MERGE);
    play_txn(trial, TXN_LEAVE);
    pass(trial);
    change_table(trial, 12);
    write_events(trial, 20);
    await_acks(trial);
    truncate_stream(trial);
    if (!failed(trial))
        look(trial, true);
    trial->sealing = true;
    seal(trial, &stream);
}

/* @return whether the workload came to sync number `at` of those that it makes */
static bool play_to_sync(struct seed_run *run, uint64_t at)
{
    struct trial *trial = calloc(1, sizeof(*trial));
    bool reached = true;

    assert(trial != NULL);
    ledger_init(&trial->ledger, run);
    table_ledger_init(&trial->table_ledger, run);
    trial->world.flush_bytes = 6000;
    world_open(&trial->world, run);
    trial->world.on_recovered = on_recovered;
    trial->world.recovered_arg = trial;
    trial->world.crash_at_sync = weir_sim_disk_sync_count(trial->world.sim, STORE_DISK) + at;
    seed_tell(run, 0, "--- crash at sync %" PRIu64, at);
    if (!seed_failed(run))
        workload(trial);
    if (!seed_failed(run)) {
        reached = trial->world.crash_at_sync == 0;
        trial->world.crash_at_sync = 0;
        store_crash(&trial->world);
        store_start(&trial->world);
        if (!seed_failed(run))
            look(trial, true);
        if (!seed_failed(run))
            table_look(&trial->world, &trial->table_ledger, trial->table);
        if (!seed_failed(run))
            table_walk(&trial->world, &trial->table_ledger, trial->table);
    }
    scaler_fini(&trial->scaler);
    table_keeper_fini(&trial->keeper);
    pravega_table_free(trial->table);
    pravega_call_cancel(&trial->truncation);
    pravega_writer_free(trial->writer);
    world_close(&trial->world);
    free(trial);
    return reached;
}

static void play(struct seed_run *run)
{
    bool reached = true;

    for (uint64_t at = 1; reached && !seed_failed(run); at++) {
        reached = play_to_sync(run, at);
        if (at > SYNCS_MAX)
            seed_fail(run, "the workload does not end");
        if (!reached)
            seed_tell(run, 0, "%" PRIu64 " syncs", at - 1);
        if (seed_failed(run))
            seed_tell(run, 0, "crash at sync %" PRIu64, at);
    }
}

static const struct scenario scenarios[] = {
    {.name = "store-sweep", .play = play, .every = 50, .must_see = "events read"},
    {0},
};

int main(int argc, char **argv)
{
    return seeds_main(argc, argv, scenarios, 150);
}
