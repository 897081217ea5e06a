/*
 * test_synchronizers.c - several processes raise one counter through state synchronizers, compacting now and then,
 * while the network and the store fail at moments that the seed picks.
 *
 * Every raise ends in success, and has then happened once: in the end all copies, and one that is made anew, hold the
 * sum of the raises; and so it is after the store was killed once more.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "play.h"
#include "pravega/state_synchronizer.h"
#include "weir/endian.h"

#define CLIENTS 3
#define RAISES 25
#define STREAM "counter"
#define DOWN_MAX_NS (2 * WEIR_NS_PER_S)

static const struct pravega_stream_name stream = {SCOPE, STREAM};

/* --- the state: a number ---------------------------------------------------------------------------------------- */

static enum weir_status number_init(void *arg, struct weir_view object, void **state, struct weir_error *err)
{
    int64_t *number = malloc(sizeof(*number));

    (void)arg;
    (void)err;
    assert(number != NULL && object.len == 8);
    *number = (int64_t)weir_get_u64be(object.ptr);
    *state = number;
    return WEIR_OK;
}

static enum weir_status number_apply(void *arg, void *state, struct weir_view update, struct weir_error *err)
{
    (void)arg;
    (void)err;
    assert(update.len == 8);
    *(int64_t *)state += (int64_t)weir_get_u64be(update.ptr);
    return WEIR_OK;
}

static void number_free(void *arg, void *state)
{
    (void)arg;
    free(state);
}

static const struct pravega_state_type number_type = {number_init, number_apply, number_free};

/* --- those who raise it ----------------------------------------------------------------------------------------- */

struct raiser {
    struct trial *trial;
    struct process process;
    struct pravega_synchronizer *sync;
    struct weir_timer timer; /* a pause between two calls */
    char name[16], disk[16];
    int64_t amount, raised;
    int raises_left;
    int proposal_count;
    bool raising, over;
    bool initialized;
};

struct trial {
    struct world world;
    struct raiser raisers[CLIENTS];
};

static enum weir_status propose(void *arg, const void *state, struct pravega_updates *updates, struct weir_error *err)
{
    struct raiser *raiser = arg;
    uint8_t bytes[8];

    (void)state;
    (void)err;
    if (++raiser->proposal_count > 1)
        raiser->trial->world.run->sightings++; /* another one was faster */
    weir_put_u64be(bytes, (uint64_t)raiser->amount);
    pravega_updates_add(updates, weir_view(bytes, sizeof(bytes)));
    return WEIR_OK;
}

static enum weir_status snapshot(void *arg, const void *state, struct weir_buf *object, struct weir_error *err)
{
    (void)arg;
    (void)err;
    weir_buf_u64be(object, (uint64_t) * (const int64_t *)state);
    return WEIR_OK;
}

static void initialize(struct raiser *raiser);

/* A client that has not seen a controller yet gives up soon. */
static bool begins_again(struct raiser *raiser, enum weir_status status)
{
    if (raiser->initialized || status != WEIR_E_REFUSED)
        return false;
    initialize(raiser);
    return true;
}

static void on_done(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct raiser *raiser = arg;
    struct world *world = &raiser->trial->world;

    if (begins_again(raiser, status))
        return;
    if (status != WEIR_OK)
        seed_fail(world->run, "%s: %s: %s", raiser->name, weir_status_name(status), why->message);
    if (raiser->raising)
        raiser->raised += raiser->amount;
    raiser->raising = false;
    raiser->initialized = true;
    raiser->over = raiser->raises_left == 0 || status != WEIR_OK;
    if (!raiser->over)
        weir_timer_start(raiser->process.loop, &raiser->timer, (int64_t)pick(world, 20) * WEIR_NS_PER_MS);
}

static void initialize(struct raiser *raiser)
{
    static const uint8_t zero[8] = {0};

    pravega_synchronizer_initialize(raiser->sync, weir_view(zero, sizeof(zero)), on_done, raiser);
}

static void go_on(void *arg)
{
    struct raiser *raiser = arg;
    uint64_t choice = pick(&raiser->trial->world, 8);

    raiser->proposal_count = 0;
    if (choice == 0) {
        pravega_synchronizer_compact(raiser->sync, snapshot, on_done, raiser);
    } else if (choice == 1) {
        pravega_synchronizer_fetch(raiser->sync, on_done, raiser);
    } else {
        raiser->raises_left--;
        raiser->raising = true;
        if (choice == 2) {
            uint8_t bytes[8];

            weir_put_u64be(bytes, (uint64_t)raiser->amount);
            pravega_synchronizer_update_unconditionally(raiser->sync, weir_view(bytes, sizeof(bytes)), on_done, raiser);
        } else {
            pravega_synchronizer_update(raiser->sync, propose, on_done, raiser);
        }
    }
}

static void raiser_start(struct trial *trial, int number)
{
    struct raiser *raiser = &trial->raisers[number];

    *raiser = (struct raiser){.trial = trial, .amount = INT64_C(1) << (20 * number), .raises_left = RAISES};
    snprintf(raiser->name, sizeof(raiser->name), "raiser-%d", number);
    snprintf(raiser->disk, sizeof(raiser->disk), "disk-%d", number);
    raiser->timer = (struct weir_timer){.fn = go_on, .arg = raiser};
    process_start(&raiser->process, &trial->world, raiser->name, raiser->disk);
    must(pravega_synchronizer_new(raiser->process.client, &stream, &number_type, NULL, &raiser->sync, NULL));
    initialize(raiser);
}

static void raiser_stop(struct raiser *raiser)
{
    if (raiser->process.host == NULL)
        return;
    process_silence(&raiser->process);
    weir_timer_stop(raiser->process.loop, &raiser->timer);
    pravega_synchronizer_free(raiser->sync);
    process_end(&raiser->process);
}

/* --- the play --------------------------------------------------------------------------------------------------- */

static bool all_over(const void *arg)
{
    const struct trial *trial = arg;
    bool over = true;

    for (int i = 0; i < CLIENTS; i++)
        over = over && trial->raisers[i].over;
    return over;
}

static int64_t sum_of(const struct trial *trial)
{
    int64_t sum = 0;

    for (int i = 0; i < CLIENTS; i++)
        sum += trial->raisers[i].raised;
    return sum;
}

static void look(struct trial *trial, struct pravega_synchronizer *sync, const char *whose)
{
    struct world *world = &trial->world;
    struct outcome fetched = {0};
    const int64_t *number;

    if (seed_failed(world->run))
        return;
    pravega_synchronizer_fetch(sync, outcome_done, &fetched);
    if (!world_await_ok(world, &fetched, "fetching"))
        return;
    number = pravega_synchronizer_state(sync);
    if (number == NULL || *number != sum_of(trial))
        seed_fail(world->run, "%s holds %" PRId64 " instead of %" PRId64, whose, number != NULL ? *number : -1,
                  sum_of(trial));
}

static void look_anew(struct trial *trial)
{
    struct pravega_synchronizer *sync;

    must(pravega_synchronizer_new(trial->world.client, &stream, &number_type, NULL, &sync, NULL));
    look(trial, sync, "a copy made anew");
    pravega_synchronizer_free(sync);
}

static void body(void *arg)
{
    struct trial *trial = arg;
    struct world *world = &trial->world;

    make_scope(world);
    make_stream(world, STREAM, 1);
    if (seed_failed(world->run))
        return;
    for (int i = 0; i < CLIENTS; i++)
        raiser_start(trial, i);
    play_through_crashes(world, (int)pick(world, 8), DOWN_MAX_NS, all_over, trial, "raising");
    for (int i = 0; i < CLIENTS; i++)
        look(trial, trial->raisers[i].sync, trial->raisers[i].name);
    look_anew(trial);
    store_crash(world);
    store_start(world);
    look_anew(trial);
}

static void stop(void *arg)
{
    struct trial *trial = arg;

    for (int i = 0; i < CLIENTS; i++)
        raiser_stop(&trial->raisers[i]);
}

static void play(struct seed_run *run)
{
    static const struct play synchronizers = {.trial_size = sizeof(struct trial), .body = body, .stop = stop};

    play_trial(run, &synchronizers);
}

static const struct scenario scenarios[] = {
    {.name = "synchronizers", .play = play, .every = 1, .must_see = "conflicts"},
    {0},
};

int main(int argc, char **argv)
{
    return seeds_main(argc, argv, scenarios, 100);
}
