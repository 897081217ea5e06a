/*
 * test_store_crash.c - several clients write, commit, abort and change a table, and the driver scales, truncates and
 * seals, while the store, the clients and the network between them fail at moments that the seed picks.
 *
 * What the store was asked to keep and what it promised is in ledgers: of the events (ledger.h, with the rules), of the
 * table (table_ledger.h), of the stream's segments (scaler.h). The driver reads stream and table now and then, after
 * each recovery above all, and looks whether they are what the ledgers say. In the end everybody comes to rest, all is
 * read, the store is killed once more and all read again.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ledger.h"
#include "play.h"
#include "pravega/controller.h"
#include "pravega/streams.h"
#include "pravega/transaction.h"
#include "pravega/writer.h"
#include "scaler.h"
#include "table_keeper.h"

#define CLIENTS 2
#define TXNS_PER_CLIENT 2
#define SEGMENTS_MAX 4
#define SCALES_MAX 14
#define TAILS_MAX 64
#define STREAM "events"
#define PLAY_NS (3 * WEIR_NS_PER_S)
#define REST_NS (1200 * WEIR_NS_PER_S)

static const struct pravega_stream_name stream = {SCOPE, STREAM};

/* --- actors ----------------------------------------------------------------------------------------------------- */

struct trial;

/* Writes events with keys, each acknowledged by itself. */
struct appender {
    struct trial *trial;
    struct client *client;
    struct pravega_writer *writer;
    int id; /* in the ledger; -1: it has written enough */
    struct weir_timer timer;
    uint64_t pending;
};

/* What an event's acknowledgement carries: it outlives the client that crashes. */
struct receipt {
    struct appender *appender;
    int64_t number;
};

/* Makes one transaction after the other, and commits, aborts or forgets it. */
struct transactor {
    struct trial *trial;
    struct client *client;
    struct pravega_txn *txn;
    struct pravega_txn_id id;
    int number; /* in the ledger */
    bool flushed;
    struct weir_timer timer;
    enum { TXN_IDLE, TXN_BEGINNING, TXN_FLUSHING, TXN_OPEN, TXN_COMMITTING, TXN_ABORTING } state;
};

struct client {
    struct process process;
    struct appender appender;
    struct transactor transactors[TXNS_PER_CLIENT];
    struct table_keeper keeper;
    struct fate fate;
    char name[16], disk[16];
};

struct trial {
    struct world world;
    struct ledger ledger;
    struct scaler scaler;
    struct table_ledger table_ledger;
    struct pravega_table *table; /* the driver's */
    struct receipt receipts[LEDGER_EVENTS_MAX];
    struct client clients[CLIENTS];
    bool stopping; /* nobody begins anything new */
    int64_t next_look_ns;
    struct pravega_call truncation;
    bool truncating, truncated;
    struct stream_cut tails[TAILS_MAX]; /* of the looks, the newest last; a truncation goes to one of them */
    size_t tail_count;
};

static struct weir_view key_text(int key)
{
    static const char texts[LEDGER_KEYS][2] = {"a", "b", "c", "d"};

    return weir_view(texts[key], 1);
}

static void after(struct client *client, struct weir_timer *timer, int64_t within_ns)
{
    weir_timer_start(client->process.loop, timer, (int64_t)pick(&client->appender.trial->world, (uint64_t)within_ns));
}

/* --- appending -------------------------------------------------------------------------------------------------- */

static void append_some(void *arg);

static void on_acked(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct receipt *receipt = arg;

    (void)why;
    receipt->appender->pending--;
    if (status == WEIR_OK)
        receipt->appender->trial->ledger.events[receipt->number].acked = true;
}

static void writer_open(struct appender *appender)
{
    struct pravega_writer_options options = {.block_bytes = 1 + pick(&appender->trial->world, 2000)};
    enum weir_status status;

    appender->id = ledger_writer(&appender->trial->ledger);
    status = pravega_writer_new(appender->client->process.client, &stream, &options, &appender->writer, NULL);
    assert(status == WEIR_OK);
    (void)status;
}

/* One event; false: not now. */
static bool append_one(struct appender *appender)
{
    struct trial *trial = appender->trial;
    struct receipt *receipt = &trial->receipts[trial->ledger.event_count];
    int key = (int)pick(&trial->world, LEDGER_KEYS);
    struct weir_view text = key_text(key);
    uint8_t bytes[LEDGER_EVENT_LEN];
    struct weir_error err = {0};
    enum weir_status status;

    if (appender->id < 0 || !ledger_next(&trial->ledger, bytes))
        return false;
    *receipt = (struct receipt){appender, trial->ledger.event_count};
    status = pravega_writer_write(appender->writer, &text, weir_view(bytes, sizeof(bytes)), on_acked, receipt, &err);
    if (status == WEIR_OK) {
        appender->pending++;
        ledger_written(&trial->ledger, appender->id, key, LEDGER_NO_TXN);
    } else if (status == WEIR_E_REFUSED) {
        appender->id = -1; /* a client that has never met its controller gives up after a while */
    } else if (status != WEIR_E_AGAIN) {
        seed_fail(trial->world.run, "a writer failed: %s: %s", weir_status_name(status), err.message);
    }
    return status == WEIR_OK;
}

static void append_some(void *arg)
{
    struct appender *appender = arg;

    if (appender->trial->stopping)
        return;
    for (uint64_t left = pick(&appender->trial->world, 12); left > 0 && append_one(appender); left--)
        ;
    after(appender->client, &appender->timer, 8 * WEIR_NS_PER_MS);
}

/* --- transactions ----------------------------------------------------------------------------------------------- */

static void transact(void *arg);
static void commit(struct transactor *transactor);
static void end_txn(struct transactor *transactor);

static void rest(struct transactor *transactor)
{
    pravega_txn_free(transactor->txn);
    transactor->txn = NULL;
    transactor->state = TXN_IDLE;
    if (!transactor->trial->stopping)
        after(transactor->client, &transactor->timer, 20 * WEIR_NS_PER_MS);
}

static void on_committed(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct transactor *transactor = arg;

    if (status == WEIR_OK) {
        transactor->trial->ledger.txns[transactor->number].committed = true;
        rest(transactor);
    } else if (status == WEIR_E_TXN_FAILED) {
        seed_fail(transactor->trial->world.run, "transaction %d cannot be committed: %s", transactor->number,
                  why->message);
    } else {
        commit(transactor); /* the outcome is not known */
    }
}

static void commit(struct transactor *transactor)
{
    transactor->state = TXN_COMMITTING;
    transactor->trial->ledger.txns[transactor->number].commit_asked = true;
    pravega_txn_commit_id(transactor->client->process.client, &stream, transactor->id, on_committed, transactor);
}

static void on_aborted(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct transactor *transactor = arg;

    if (status == WEIR_E_STATE)
        seed_fail(transactor->trial->world.run, "transaction %d cannot be aborted: %s", transactor->number,
                  why->message);
    rest(transactor);
}

/* It stays open for a while: the stream may be scaled meanwhile, and then it rolls. */
static void on_flushed(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct transactor *transactor = arg;

    (void)why;
    transactor->flushed = status == WEIR_OK;
    transactor->state = TXN_OPEN;
    if (pick(&transactor->trial->world, 2) == 0)
        end_txn(transactor);
    else
        after(transactor->client, &transactor->timer, 120 * WEIR_NS_PER_MS);
}

static void end_txn(struct transactor *transactor)
{
    uint64_t choice = pick(&transactor->trial->world, 10);

    if (transactor->flushed && choice < 6) {
        commit(transactor);
    } else if (choice < 9) {
        transactor->state = TXN_ABORTING;
        pravega_txn_abort_id(transactor->client->process.client, &stream, transactor->id, on_aborted, transactor);
    } else {
        rest(transactor); /* it ends with its lease */
    }
}

static void write_txn(struct transactor *transactor)
{
    struct trial *trial = transactor->trial;
    uint8_t bytes[LEDGER_EVENT_LEN];

    for (uint64_t left = 1 + pick(&trial->world, 30); left > 0 && ledger_next(&trial->ledger, bytes); left--) {
        int key = (int)pick(&trial->world, LEDGER_KEYS);
        struct weir_view text = key_text(key);

        if (pravega_txn_write(transactor->txn, &text, weir_view(bytes, sizeof(bytes)), NULL) != WEIR_OK)
            return;
        ledger_written(&trial->ledger, 0, key, transactor->number);
    }
}

static void on_begun(void *arg, enum weir_status status, struct pravega_txn *txn, const struct weir_error *why)
{
    struct transactor *transactor = arg;

    (void)why;
    if (status != WEIR_OK) {
        rest(transactor);
        return;
    }
    transactor->txn = txn;
    transactor->id = pravega_txn_id(txn);
    transactor->state = TXN_FLUSHING;
    write_txn(transactor);
    pravega_txn_flush(txn, on_flushed, transactor);
}

static void transact(void *arg)
{
    struct transactor *transactor = arg;
    struct pravega_txn_options options = {0};

    if (transactor->state == TXN_OPEN) {
        end_txn(transactor);
        return;
    }
    if (transactor->trial->stopping)
        return;
    transactor->number = ledger_txn(&transactor->trial->ledger);
    if (transactor->number < 0)
        return;
    transactor->state = TXN_BEGINNING;
    pravega_txn_begin(transactor->client->process.client, &stream, &options, on_begun, transactor);
}

/* --- clients ---------------------------------------------------------------------------------------------------- */

static void keeper_start(struct trial *trial, struct client *client)
{
    struct pravega_table_options options = {.retry = {.max_backoff_ms = 300, .retry_attempts = 1000}};
    struct pravega_table *table;
    enum weir_status status = pravega_table_new(client->process.client, &table_name, &options, &table, NULL);

    assert(status == WEIR_OK);
    (void)status;
    table_keeper_init(&client->keeper, &trial->world, &trial->table_ledger, client->process.loop, table);
    table_keeper_play(&client->keeper, 20 * WEIR_NS_PER_MS);
}

static void client_start(struct trial *trial, struct client *client)
{
    seed_tell(trial->world.run, world_now(&trial->world), "%s starts", client->name);
    process_start(&client->process, &trial->world, client->name, client->disk);
    client->appender = (struct appender){.trial = trial, .client = client};
    client->appender.timer = (struct weir_timer){.fn = append_some, .arg = &client->appender};
    writer_open(&client->appender);
    append_some(&client->appender);
    for (int i = 0; i < TXNS_PER_CLIENT; i++) {
        struct transactor *transactor = &client->transactors[i];

        *transactor = (struct transactor){.trial = trial, .client = client};
        transactor->timer = (struct weir_timer){.fn = transact, .arg = transactor};
        rest(transactor);
    }
    keeper_start(trial, client);
}

static void client_crash(struct trial *trial, struct client *client)
{
    seed_tell(trial->world.run, world_now(&trial->world), "%s crashes", client->name);
    process_silence(&client->process);
    weir_timer_stop(client->process.loop, &client->appender.timer);
    pravega_writer_free(client->appender.writer);
    for (int i = 0; i < TXNS_PER_CLIENT; i++) {
        weir_timer_stop(client->process.loop, &client->transactors[i].timer);
        pravega_txn_free(client->transactors[i].txn);
    }
    table_keeper_fini(&client->keeper);
    process_crash(&client->process);
}

static bool client_rests(const struct client *client)
{
    for (int i = 0; i < TXNS_PER_CLIENT; i++) {
        if (client->process.host != NULL && client->transactors[i].state != TXN_IDLE)
            return false;
    }
    return client->process.host == NULL || (client->appender.pending == 0 && client->keeper.resting);
}

/* --- fate ------------------------------------------------------------------------------------------------------- */

static bool anything_due(void *arg)
{
    const struct trial *trial = arg;
    bool due = seed_failed(trial->world.run) || world_now(&trial->world) >= trial->next_look_ns ||
               fate_due(&trial->world, &trial->world.store_fate, trial->world.store_host != NULL);

    for (int i = 0; i < CLIENTS; i++)
        due = due || fate_due(&trial->world, &trial->clients[i].fate, trial->clients[i].process.host != NULL);
    return due;
}

static int64_t next_turn_ns(const struct trial *trial)
{
    int64_t next_ns = trial->next_look_ns;

    if (trial->world.store_fate.next_ns < next_ns)
        next_ns = trial->world.store_fate.next_ns;
    for (int i = 0; i < CLIENTS; i++) {
        if (trial->clients[i].fate.next_ns < next_ns)
            next_ns = trial->clients[i].fate.next_ns;
    }
    return next_ns;
}

static void fate_turns(struct trial *trial)
{
    struct world *world = &trial->world;

    if (fate_due(world, &trial->world.store_fate, world->store_host != NULL)) {
        store_turn(world, 400 * WEIR_NS_PER_MS);
        if (world->store_host != NULL)
            trial->next_look_ns = world_now(world) + (int64_t)pick(world, 30 * WEIR_NS_PER_MS);
    }
    for (int i = 0; i < CLIENTS; i++) {
        struct client *client = &trial->clients[i];

        if (!fate_due(world, &client->fate, client->process.host != NULL))
            continue;
        if (client->process.host == NULL) {
            client_start(trial, client);
            fate_up(world, &client->fate);
        } else {
            client_crash(trial, client);
            fate_down(world, &client->fate, 200 * WEIR_NS_PER_MS);
        }
    }
}

/* --- looks and truncation --------------------------------------------------------------------------------------- */

static void keep_tail(struct trial *trial, const struct stream_cut *tail)
{
    if (trial->tail_count == TAILS_MAX) {
        trial->tail_count--;
        memmove(&trial->tails[0], &trial->tails[1], trial->tail_count * sizeof(*tail));
    }
    trial->tails[trial->tail_count++] = *tail;
}

static void look_at_stream(struct trial *trial, bool at_rest)
{
    struct stream_cut tail = {0};

    ledger_look_begin(&trial->ledger);
    read_scaled_stream(&trial->world, STREAM, ledger_look_at, &trial->ledger, &tail);
    if (seed_failed(trial->world.run))
        return;
    ledger_look_end(&trial->ledger, at_rest);
    keep_tail(trial, &tail);
    seed_tell(trial->world.run, world_now(&trial->world), "look %" PRId64 ": %" PRIu64 " of %" PRId64 " events",
              trial->ledger.look, trial->ledger.found_count, trial->ledger.event_count);
}

static void look(struct trial *trial, bool at_rest)
{
    look_at_stream(trial, at_rest);
    if (!seed_failed(trial->world.run))
        table_look(&trial->world, &trial->table_ledger, trial->table);
    if (!seed_failed(trial->world.run) && at_rest)
        table_walk(&trial->world, &trial->table_ledger, trial->table);
}

static void on_truncated(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct trial *trial = arg;

    trial->truncating = false;
    if (status == WEIR_OK)
        trial->ledger.cut_done = trial->ledger.cut_asked;
    else if (status == WEIR_E_CONFLICT || status == WEIR_E_SEALED)
        seed_fail(trial->world.run, "truncation: %s", why->message);
    trial->truncated = trial->truncated || status == WEIR_OK;
}

/* Up to the tail of one of the last looks, and to events that the last one found there. No later truncation goes to an
 * older tail. */
static void truncate_some(struct trial *trial)
{
    size_t at = pick(&trial->world, trial->tail_count);
    const struct stream_cut *cut = &trial->ledger.cut_asked;

    if (trial->truncating)
        return;
    ledger_cut(&trial->ledger, &trial->world, &trial->tails[at]);
    trial->tail_count -= at;
    memmove(&trial->tails[0], &trial->tails[at], trial->tail_count * sizeof(trial->tails[0]));
    trial->truncating = true;
    seed_tell(trial->world.run, world_now(&trial->world), "truncation");
    pravega_controller_truncate_stream(&trial->truncation, trial->world.client, &stream, cut->at, cut->count,
                                       on_truncated, trial);
}

static void look_turn(struct trial *trial)
{
    if (world_now(&trial->world) < trial->next_look_ns)
        return;
    trial->next_look_ns = world_now(&trial->world) + (int64_t)pick(&trial->world, 400 * WEIR_NS_PER_MS);
    if (trial->world.store_host == NULL || trial->world.store_fate.disk_hurt)
        return;
    look(trial, false);
    if (!seed_failed(trial->world.run))
        scaler_look(&trial->scaler);
    if (!seed_failed(trial->world.run) && pick(&trial->world, 3) == 0)
        truncate_some(trial);
}

/* --- the play --------------------------------------------------------------------------------------------------- */

static bool all_at_rest(void *arg)
{
    const struct trial *trial = arg;
    bool rests = !trial->truncating && trial->scaler.resting;

    for (int i = 0; i < CLIENTS; i++)
        rests = rests && client_rests(&trial->clients[i]);
    return rests || seed_failed(trial->world.run);
}

static void come_to_rest(struct trial *trial)
{
    world_calm(&trial->world);
    trial->stopping = true;
    scaler_stop(&trial->scaler);
    for (int i = 0; i < CLIENTS; i++)
        trial->clients[i].keeper.playing = false;
    if (!seed_failed(trial->world.run) && !weir_sim_run(trial->world.sim, all_at_rest, trial, REST_NS))
        seed_fail(trial->world.run, "the clients do not come to rest");
}

static bool seal(struct trial *trial)
{
    struct outcome sealed = {0};

    pravega_stream_seal(trial->world.client, &stream, outcome_done, &sealed);
    return world_await_ok(&trial->world, &sealed, "sealing the stream");
}

static void make(struct trial *trial)
{
    struct world *world = &trial->world;
    size_t segments = 1 + pick(world, SEGMENTS_MAX);

    make_scope(world);
    make_stream(world, STREAM, (int)segments);
    scaler_init(&trial->scaler, world, &stream, segments);
    if (!seed_failed(world->run))
        trial->table = table_make(world);
}

/* A run that has had all that a store must get over, besides crashes. */
static bool saw_all(const struct trial *trial)
{
    return trial->truncated && trial->scaler.splits > 0 && trial->scaler.merges > 0 && trial->scaler.rolled &&
           trial->table_ledger.count > 0;
}

static void body(void *arg)
{
    struct trial *trial = arg;
    struct world *world = &trial->world;
    int64_t end_ns;

    make(trial);
    if (seed_failed(world->run))
        return;
    world->store_fate.crashes_left = 2 + (int)pick(world, 8);
    fate_up(world, &trial->world.store_fate);
    for (int i = 0; i < CLIENTS; i++) {
        struct client *client = &trial->clients[i];

        snprintf(client->name, sizeof(client->name), "client-%d", i);
        snprintf(client->disk, sizeof(client->disk), "disk-%d", i);
        client->fate = (struct fate){.disk = client->disk, .crashes_left = (int)pick(world, 4)};
        client_start(trial, client);
        fate_up(world, &client->fate);
    }
    scaler_play(&trial->scaler, (int)pick(world, SCALES_MAX), 400 * WEIR_NS_PER_MS);
    end_ns = world_now(world) + PLAY_NS;
    trial->next_look_ns = world_now(world) + (int64_t)pick(world, 100 * WEIR_NS_PER_MS);
    while (world_now(world) < end_ns && !seed_failed(world->run)) {
        int64_t next_ns = next_turn_ns(trial);

        weir_sim_run(world->sim, anything_due, trial, (next_ns < end_ns ? next_ns : end_ns) - world_now(world));
        fate_turns(trial);
        look_turn(trial);
    }
    come_to_rest(trial);
    if (!seed_failed(world->run))
        look(trial, true);
    if (!seed_failed(world->run))
        scaler_look(&trial->scaler);
    if (seed_failed(world->run) || !seal(trial))
        return;
    store_crash(world);
    store_start(world);
    if (!seed_failed(world->run))
        look(trial, true);
    world->run->sightings += saw_all(trial);
}

static void open_ledgers(void *arg)
{
    static const char *const scales_at_once[] = {"weir.scale.quiet.milliseconds=0", NULL};
    struct trial *trial = arg;
    uint64_t seed = trial->world.run->seed;

    ledger_init(&trial->ledger, trial->world.run);
    table_ledger_init(&trial->table_ledger, trial->world.run);
    trial->world.flush_bytes = seed % 2 == 0 ? 0 : 30000; /* half of the seeds flush all the while */
    if (seed % 4 < 2)
        trial->world.store_settings = scales_at_once; /* so that there are many of them, and others that wait */
}

static void stop(void *arg)
{
    struct trial *trial = arg;

    pravega_call_cancel(&trial->truncation);
    scaler_fini(&trial->scaler);
    pravega_table_free(trial->table);
    for (int i = 0; i < CLIENTS; i++) {
        if (trial->clients[i].process.host != NULL)
            client_crash(trial, &trial->clients[i]);
    }
}

static void play(struct seed_run *run)
{
    static const struct play crash = {
        .trial_size = sizeof(struct trial), .open = open_ledgers, .body = body, .stop = stop};

    play_trial(run, &crash);
}

static const struct scenario scenarios[] = {
    {.name = "store-crash", .play = play, .every = 1,
     .must_see = "runs with splits, merges, rolled transactions, truncations and raised counts"},
    {0},
};

int main(int argc, char **argv)
{
    return seeds_main(argc, argv, scenarios, 300);
}
