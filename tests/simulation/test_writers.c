/*
 * test_writers.c - a writer and transactions on a stream that is scaled all the while, as network and store fail at
 * moments that the seed picks.
 *
 * Every event that was written is in the stream once, those of a key in their order, over all the splits and merges; a
 * batch stands together; a transaction is there whole if its commit was a success, and not at all if it failed or was
 * aborted.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "play.h"
#include "pravega/streams.h"
#include "pravega/transaction.h"
#include "pravega/writer.h"
#include "scaler.h"
#include "weir/endian.h"

#define STREAM "scaled"
#define KEY_COUNT 8
#define EVENT_COUNT 600
#define TXN_COUNT 5
#define TXN_EVENTS 24
#define SCALES_MAX 12
#define LARGE_LEN ((size_t)PRAVEGA_EVENT_LEN_MAX + 100)
#define DOWN_MAX_NS (2 * WEIR_NS_PER_S)

/* An event: whose it is (a key's or a transaction's), and its number there. */
#define OF_KEY 1
#define OF_TXN 2
#define EVENT_LEN 12

static const struct pravega_stream_name stream = {SCOPE, STREAM};

struct trial {
    struct world world;
    struct process process;
    struct scaler scaler;

    struct pravega_writer *writer;
    struct weir_timer write_timer;
    uint32_t next[KEY_COUNT]; /* of each key */
    uint32_t total;
    uint8_t *large;
    bool large_written, written;

    struct pravega_txn *txn;
    struct pravega_txn_id txn_id;
    struct weir_timer txn_timer;
    int txn_number; /* from 1 */
    bool txns_over;
    bool committed[TXN_COUNT + 1];

    uint32_t seen[KEY_COUNT]; /* while reading */
    uint32_t seen_of_txn[TXN_COUNT + 1];
    bool large_seen;
};

static void put_event(uint8_t event[EVENT_LEN], uint32_t kind, uint32_t whose, uint32_t number)
{
    weir_put_u32be(event, kind);
    weir_put_u32be(event + 4, whose);
    weir_put_u32be(event + 8, number);
}

/* --- the writer --------------------------------------------------------------------------------------------------- */

static void on_written(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct trial *trial = arg;

    if (status != WEIR_OK)
        seed_fail(trial->world.run, "flushing: %s: %s", weir_status_name(status), why->message);
    trial->written = true;
}

/* One to four events of a key, as a batch. */
static enum weir_status write_some(struct trial *trial, uint32_t key, uint32_t count)
{
    uint8_t bytes[4][EVENT_LEN];
    struct weir_view events[4], key_view = weir_view(&key, 1);
    struct weir_error err = {0};
    enum weir_status status;

    for (uint32_t i = 0; i < count; i++) {
        put_event(bytes[i], OF_KEY, key, trial->next[key] + i);
        events[i] = weir_view(bytes[i], EVENT_LEN);
    }
    status = count == 1 ? pravega_writer_write(trial->writer, &key_view, events[0], NULL, NULL, &err)
                        : pravega_writer_write_batch(trial->writer, &key_view, events, count, NULL, NULL, &err);
    if (status == WEIR_OK) {
        trial->next[key] += count;
        trial->total += count;
    } else if (status != WEIR_E_AGAIN) {
        seed_fail(trial->world.run, "writing: %s: %s", weir_status_name(status), err.message);
    }
    return status;
}

static enum weir_status write_large(struct trial *trial)
{
    uint32_t key = 0;
    struct weir_view key_view = weir_view(&key, 1);
    enum weir_status status;

    put_event(trial->large, OF_KEY, key, trial->next[key]);
    status = pravega_writer_write(trial->writer, &key_view, weir_view(trial->large, LARGE_LEN), NULL, NULL, NULL);
    if (status == WEIR_OK) {
        trial->large_written = true;
        trial->next[key]++;
        trial->total++;
    }
    return status;
}

static void write_on(void *arg)
{
    struct trial *trial = arg;
    struct world *world = &trial->world;

    for (uint64_t burst = pick(world, 20); burst > 0 && trial->total < EVENT_COUNT; burst--) {
        bool is_large = !trial->large_written && trial->total >= EVENT_COUNT / 2 && world->run->seed % 4 == 0;
        uint32_t key = (uint32_t)pick(world, KEY_COUNT), count = 1 + (uint32_t)pick(world, 4);

        if ((is_large ? write_large(trial) : write_some(trial, key, count)) == WEIR_E_AGAIN)
            break; /* room comes with time as well as with on_ready */
    }
    if (seed_failed(world->run))
        return;
    if (trial->total < EVENT_COUNT)
        weir_timer_start(trial->process.loop, &trial->write_timer, (int64_t)pick(world, 40) * WEIR_NS_PER_MS);
    else
        pravega_writer_flush(trial->writer, on_written, trial);
}

/* --- transactions ------------------------------------------------------------------------------------------------- */

static void begin_next(struct trial *trial);

static void next_later(struct trial *trial)
{
    weir_timer_start(trial->process.loop, &trial->txn_timer, (int64_t)pick(&trial->world, 200) * WEIR_NS_PER_MS);
}

static void end_txn(struct trial *trial, bool committed)
{
    trial->committed[trial->txn_number] = committed;
    pravega_txn_free(trial->txn);
    trial->txn = NULL;
    if (trial->txn_number == TXN_COUNT)
        trial->txns_over = true;
    else
        next_later(trial);
}

static void on_status(void *arg, enum weir_status status, enum pravega_txn_status txn_status,
                      const struct weir_error *why)
{
    struct trial *trial = arg;

    (void)why;
    if (status != WEIR_OK || txn_status == PRAVEGA_TXN_COMMITTING) /* ask until it is known */
        pravega_txn_status_id(trial->process.client, &stream, trial->txn_id, on_status, trial);
    else if (txn_status == PRAVEGA_TXN_OPEN)
        seed_fail(trial->world.run, "transaction %d is open after its end", trial->txn_number);
    else
        end_txn(trial, txn_status == PRAVEGA_TXN_COMMITTED);
}

static void on_ended(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct trial *trial = arg;

    (void)why;
    (void)status;
    trial->world.run->sightings += status == WEIR_OK; /* an abort; a commit does not come here */
    pravega_txn_status_id(trial->process.client, &stream, trial->txn_id, on_status, trial);
}

static void on_committed(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct trial *trial = arg;

    if (status == WEIR_OK)
        end_txn(trial, true);
    else if (status == WEIR_E_TXN_FAILED)
        end_txn(trial, false);
    else
        on_ended(trial, status, why);
}

static void on_txn_timer(void *arg)
{
    struct trial *trial = arg;
    struct world *world = &trial->world;

    if (trial->txn == NULL)
        begin_next(trial);
    else if (pick(world, 4) == 0)
        pravega_txn_abort(trial->txn, on_ended, trial);
    else
        pravega_txn_commit(trial->txn, NULL, on_committed, trial);
}

static void on_begun(void *arg, enum weir_status status, struct pravega_txn *txn, const struct weir_error *why)
{
    struct trial *trial = arg;
    uint8_t event[EVENT_LEN];

    (void)why;
    if (status != WEIR_OK) { /* the store is away, or in the midst of a scale */
        trial->txn_number--;
        next_later(trial);
        return;
    }
    trial->txn = txn;
    trial->txn_id = pravega_txn_id(txn);
    for (uint32_t i = 0; i < TXN_EVENTS; i++) {
        struct weir_view key = weir_view(&i, 1);

        put_event(event, OF_TXN, (uint32_t)trial->txn_number, i);
        must(pravega_txn_write(txn, &key, weir_view(event, EVENT_LEN), NULL));
    }
    next_later(trial);
}

static void begin_next(struct trial *trial)
{
    trial->txn_number++;
    pravega_txn_begin(trial->process.client, &stream, NULL, on_begun, trial);
}

/* --- looking ------------------------------------------------------------------------------------------------------ */

static void look_at(void *arg, pravega_segment_id segment, const struct pravega_event *event)
{
    struct trial *trial = arg;
    uint32_t kind, whose, number, *seen;

    assert(event->payload.len == EVENT_LEN || event->payload.len == LARGE_LEN);
    kind = weir_get_u32be(event->payload.ptr);
    whose = weir_get_u32be(event->payload.ptr + 4);
    number = weir_get_u32be(event->payload.ptr + 8);
    if (event->payload.len == LARGE_LEN) {
        trial->large_seen = true;
        if (memcmp(event->payload.ptr, trial->large, LARGE_LEN) != 0)
            seed_fail(trial->world.run, "the large event is not what was written");
    }
    if (kind == OF_TXN) { /* each of its keys has one */
        if (trial->seen_of_txn[whose] & 1u << number)
            seed_fail(trial->world.run, "transaction %" PRIu32 " has its event %" PRIu32 " twice", whose, number);
        trial->seen_of_txn[whose] |= 1u << number;
        return;
    }
    seen = &trial->seen[whose];
    if (number != *seen)
        seed_fail(trial->world.run, "event %" PRIu32 " of key %" PRIu32 " comes in segment %d instead of %" PRIu32,
                  number, whose, pravega_segment_number(segment), *seen);
    *seen = number + 1;
}

static void look(struct trial *trial)
{
    struct seed_run *run = trial->world.run;

    memset(trial->seen, 0, sizeof(trial->seen));
    memset(trial->seen_of_txn, 0, sizeof(trial->seen_of_txn));
    trial->large_seen = false;
    read_scaled_stream(&trial->world, STREAM, look_at, trial, NULL);
    for (int key = 0; key < KEY_COUNT; key++)
        if (trial->seen[key] != trial->next[key])
            seed_fail(run, "key %d has %" PRIu32 " events instead of %" PRIu32, key, trial->seen[key],
                      trial->next[key]);
    for (int t = 1; t <= TXN_COUNT; t++)
        if (trial->seen_of_txn[t] != (trial->committed[t] ? (1u << TXN_EVENTS) - 1 : 0))
            seed_fail(run, "transaction %d %s, and the stream has %08x of it", t,
                      trial->committed[t] ? "was committed" : "was not committed", trial->seen_of_txn[t]);
    if (trial->large_seen != trial->large_written)
        seed_fail(run, "the large event is %s", trial->large_seen ? "there, and was not written" : "missing");
}

/* --- the play ----------------------------------------------------------------------------------------------------- */

static void on_reached(void *arg)
{
    struct pravega_writer_options options = {.enable_large_events = true, .window_bytes = 20000, .block_bytes = 500};
    struct trial *trial = arg;

    must(pravega_writer_new(trial->process.client, &stream, &options, &trial->writer, NULL));
    write_on(trial);
    begin_next(trial);
}

static void start(struct trial *trial)
{
    trial->large = calloc(1, LARGE_LEN);
    assert(trial->large != NULL);
    for (size_t i = EVENT_LEN; i < LARGE_LEN; i += 4096)
        trial->large[i] = (uint8_t)(i >> 12);
    trial->write_timer = (struct weir_timer){.fn = write_on, .arg = trial};
    trial->txn_timer = (struct weir_timer){.fn = on_txn_timer, .arg = trial};
    process_start(&trial->process, &trial->world, "writer", "writer-disk");
    process_reach(&trial->process, &stream, on_reached, trial);
    scaler_play(&trial->scaler, SCALES_MAX, 300 * WEIR_NS_PER_MS);
}

static void stop(void *arg)
{
    struct trial *trial = arg;

    scaler_fini(&trial->scaler);
    free(trial->large);
    if (trial->process.host == NULL)
        return;
    process_silence(&trial->process);
    weir_timer_stop(trial->process.loop, &trial->write_timer);
    weir_timer_stop(trial->process.loop, &trial->txn_timer);
    pravega_writer_free(trial->writer);
    pravega_txn_free(trial->txn);
    process_end(&trial->process);
}

static bool all_over(const void *arg)
{
    const struct trial *trial = arg;

    return trial->written && trial->txns_over && trial->scaler.resting;
}

static void body(void *arg)
{
    struct trial *trial = arg;
    struct world *world = &trial->world;

    make_scope(world);
    make_stream(world, STREAM, 1);
    if (seed_failed(world->run))
        return;
    scaler_init(&trial->scaler, world, &stream, 1);
    start(trial);
    play_through_crashes(world, (int)pick(world, 6), DOWN_MAX_NS, all_over, trial,
                         "writing, transactions and scaling");
    if (seed_failed(world->run))
        return;
    look(trial);
    store_crash(world);
    store_start(world);
    if (!seed_failed(world->run))
        look(trial);
    if (!seed_failed(world->run))
        scaler_look(&trial->scaler);
}

static void play(struct seed_run *run)
{
    static const struct play writers = {.trial_size = sizeof(struct trial), .body = body, .stop = stop};

    play_trial(run, &writers);
}

static const struct scenario scenarios[] = {
    {.name = "writers", .play = play, .every = 1, .must_see = "aborts"},
    {0},
};

int main(int argc, char **argv)
{
    return seeds_main(argc, argv, scenarios, 60);
}
