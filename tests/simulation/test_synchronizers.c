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

#include "pravega/state_synchronizer.h"
#include "weir/endian.h"
#include "world.h"

#define CLIENTS 3
#define RAISES 25
#define STREAM "counter"
#define DOWN_MAX_NS (2 * WEIR_NS_PER_S)
#define PLAY_LIMIT_NS (1200 * WEIR_NS_PER_S)

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
    struct weir_host *host;
    struct weir_loop *loop;
    struct pravega_client *client;
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
        weir_timer_start(raiser->loop, &raiser->timer, (int64_t)pick(world, 20) * WEIR_NS_PER_MS);
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

static void must(enum weir_status status)
{
    assert(status == WEIR_OK);
    (void)status;
}

static void raiser_start(struct trial *trial, int number)
{
    struct raiser *raiser = &trial->raisers[number];
    struct pravega_client_options options = {.controller_uri = STORE_URI, .retry = {.retry_attempts = 1000}};

    options.retry.max_backoff_ms = 500;
    *raiser = (struct raiser){.trial = trial, .amount = INT64_C(1) << (20 * number), .raises_left = RAISES};
    snprintf(raiser->name, sizeof(raiser->name), "raiser-%d", number);
    snprintf(raiser->disk, sizeof(raiser->disk), "disk-%d", number);
    raiser->timer = (struct weir_timer){.fn = go_on, .arg = raiser};
    must(weir_sim_host_new(trial->world.sim, raiser->name, raiser->disk, &raiser->host, NULL));
    must(weir_loop_new(raiser->host, raiser->name, &raiser->loop, NULL));
    must(weir_loop_start(raiser->loop, NULL));
    must(pravega_client_new(raiser->loop, &options, &raiser->client, NULL));
    must(pravega_synchronizer_new(raiser->client, &stream, &number_type, NULL, &raiser->sync, NULL));
    initialize(raiser);
}

static void raiser_stop(struct raiser *raiser)
{
    if (raiser->host == NULL)
        return;
    weir_sim_host_silence(raiser->host);
    weir_timer_stop(raiser->loop, &raiser->timer);
    pravega_synchronizer_free(raiser->sync);
    pravega_client_free(raiser->client);
    weir_loop_stop(raiser->loop);
    weir_loop_join(raiser->loop);
    weir_loop_free(raiser->loop);
    weir_host_free(raiser->host);
}

/* --- the play --------------------------------------------------------------------------------------------------- */

static bool all_over(const struct trial *trial)
{
    bool over = true;

    for (int i = 0; i < CLIENTS; i++)
        over = over && trial->raisers[i].over;
    return over || seed_failed(trial->world.run);
}

static bool over_or_due(void *arg)
{
    struct trial *trial = arg;

    return all_over(trial) || fate_due(&trial->world, &trial->world.store_fate, trial->world.store_host != NULL);
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

static void play_trial(struct trial *trial)
{
    struct world *world = &trial->world;
    int64_t end_ns;

    make_scope(world);
    make_stream(world, STREAM, 1);
    if (seed_failed(world->run))
        return;
    world->store_fate.crashes_left = (int)pick(world, 8);
    fate_up(world, &world->store_fate);
    for (int i = 0; i < CLIENTS; i++)
        raiser_start(trial, i);
    end_ns = world_now(world) + PLAY_LIMIT_NS;
    while (!all_over(trial) && world_now(world) < end_ns) {
        int64_t until_ns = world->store_fate.next_ns < end_ns ? world->store_fate.next_ns : end_ns;

        weir_sim_run(world->sim, over_or_due, trial, until_ns - world_now(world));
        if (fate_due(world, &world->store_fate, world->store_host != NULL))
            store_turn(world, DOWN_MAX_NS);
    }
    if (!all_over(trial))
        seed_fail(world->run, "the raisers do not come to an end");
    world_calm(world);
    for (int i = 0; i < CLIENTS; i++)
        look(trial, trial->raisers[i].sync, trial->raisers[i].name);
    look_anew(trial);
    store_crash(world);
    store_start(world);
    look_anew(trial);
}

static void play(struct seed_run *run)
{
    struct trial *trial = calloc(1, sizeof(*trial));

    assert(trial != NULL);
    world_open(&trial->world, run);
    if (!seed_failed(run))
        play_trial(trial);
    for (int i = 0; i < CLIENTS; i++)
        raiser_stop(&trial->raisers[i]);
    world_close(&trial->world);
    free(trial);
}

static const struct scenario scenarios[] = {
    {.name = "synchronizers", .play = play, .every = 1, .must_see = "conflicts"},
    {0},
};

int main(int argc, char **argv)
{
    return seeds_main(argc, argv, scenarios, 100);
}
