/*
 * sim_world.c - the scheduler of a simulated world: a virtual clock, a schedule of events, a list of runnable loops.
 *
 * One step is one turn of a loop, picked by the seed among those that are runnable, or, when none is, one event, which
 * moves the clock to its instant. So time stands still while there is something to do; only a loop that never comes to
 * rest makes it creep, as it would on a real machine.
 */
#include "base/sim_int.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "base/sim_disk.h"

#define TURNS_PER_INSTANT_MAX 1000
#define CREEP_NS WEIR_NS_PER_MS /* what that many turns cost at least */
#define START_NS WEIR_NS_PER_S  /* so that 0 can mean never */

static void *or_die(void *ptr)
{
    if (ptr == NULL) {
        fputs("simulation: out of memory\n", stderr);
        abort();
    }
    return ptr;
}

void *weir_sim_alloc(size_t size)
{
    return or_die(calloc(1, size));
}

void *weir_sim_realloc(void *ptr, size_t size)
{
    return or_die(realloc(ptr, size));
}

char *weir_sim_strdup(const char *str)
{
    return or_die(strdup(str));
}

/* The schedule: a binary heap whose events know their slots. */

static bool before(const struct sim_slot *a, const struct sim_slot *b)
{
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->seq < b->seq;
}

static void place(struct weir_sim *sim, size_t at, struct sim_slot slot)
{
    sim->slots[at] = slot;
    slot.event->slot = at + 1;
}

static void sift_up(struct weir_sim *sim, size_t at, struct sim_slot slot)
{
    while (at > 0 && before(&slot, &sim->slots[(at - 1) / 2])) {
        place(sim, at, sim->slots[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    place(sim, at, slot);
}

static void sift_down(struct weir_sim *sim, size_t at, struct sim_slot slot)
{
    for (;;) {
        size_t child = 2 * at + 1;

        if (child + 1 < sim->slot_count && before(&sim->slots[child + 1], &sim->slots[child]))
            child++;
        if (child >= sim->slot_count || !before(&sim->slots[child], &slot))
            break;
        place(sim, at, sim->slots[child]);
        at = child;
    }
    place(sim, at, slot);
}

void weir_sim_event_start(struct weir_sim *sim, struct sim_event *event, int64_t at_ns)
{
    struct sim_slot slot = {at_ns, ++sim->event_seq, event};

    weir_sim_event_stop(sim, event);
    if (sim->slot_count == sim->slot_cap) {
        sim->slot_cap = sim->slot_cap > 0 ? 2 * sim->slot_cap : 64;
        sim->slots = weir_sim_realloc(sim->slots, sim->slot_cap * sizeof(*sim->slots));
    }
    sift_up(sim, sim->slot_count++, slot);
}

void weir_sim_event_stop(struct weir_sim *sim, struct sim_event *event)
{
    size_t at = event->slot - 1;
    struct sim_slot last;

    if (event->slot == 0)
        return;
    event->slot = 0;
    last = sim->slots[--sim->slot_count];
    if (last.event == event)
        return;
    if (at > 0 && before(&last, &sim->slots[(at - 1) / 2]))
        sift_up(sim, at, last);
    else
        sift_down(sim, at, last);
}

static void fire_next(struct weir_sim *sim)
{
    struct sim_slot next = sim->slots[0];

    if (next.at_ns > sim->now_ns) {
        sim->now_ns = next.at_ns;
        sim->turn_count = 0;
    }
    weir_sim_event_stop(sim, next.event);
    next.event->fn(next.event);
}

/* Runnable loops. */

void weir_sim_loop_ready(struct sim_loop *loop)
{
    struct weir_sim *sim = loop->sim;

    if (!loop->active || loop->runnable || loop->in_turn)
        return;
    if (sim->runnable_count == sim->runnable_cap) {
        sim->runnable_cap = sim->runnable_cap > 0 ? 2 * sim->runnable_cap : 16;
        sim->runnable = weir_sim_realloc(sim->runnable, sim->runnable_cap * sizeof(*sim->runnable));
    }
    sim->runnable[sim->runnable_count++] = loop;
    loop->runnable = true;
}

static struct sim_loop *take_runnable(struct weir_sim *sim, size_t at)
{
    struct sim_loop *loop = sim->runnable[at];

    sim->runnable[at] = sim->runnable[--sim->runnable_count];
    loop->runnable = false;
    return loop;
}

void weir_sim_loop_unready(struct sim_loop *loop)
{
    struct weir_sim *sim = loop->sim;

    for (size_t i = 0; loop->runnable; i++) {
        assert(i < sim->runnable_count);
        if (sim->runnable[i] == loop)
            take_runnable(sim, i);
    }
}

static void turn_one(struct weir_sim *sim)
{
    size_t pick = sim->runnable_count > 1 ? (size_t)weir_rng_below(&sim->rng, sim->runnable_count) : 0;
    struct sim_loop *loop = take_runnable(sim, pick);

    sim->turn_count++;
    weir_sim_note(sim, loop->id, weir_view(&sim->now_ns, sizeof(sim->now_ns)));
    weir_sim_loop_turn(loop);
}

/* Loops that never rest make time pass: to the next event, but not far. */
static void creep(struct weir_sim *sim)
{
    int64_t to_ns = sim->now_ns + CREEP_NS;

    sim->turn_count = 0;
    if (sim->slot_count > 0 && sim->slots[0].at_ns <= to_ns)
        fire_next(sim);
    else
        sim->now_ns = to_ns;
}

bool weir_sim_step(struct weir_sim *sim, int64_t end_ns)
{
    if (sim->now_ns > end_ns)
        return false;
    if (sim->runnable_count > 0 && sim->turn_count < TURNS_PER_INSTANT_MAX)
        turn_one(sim);
    else if (sim->runnable_count > 0)
        creep(sim);
    else if (sim->slot_count > 0 && sim->slots[0].at_ns <= end_ns)
        fire_next(sim);
    else
        return false;
    return true;
}

bool weir_sim_run(struct weir_sim *sim, bool (*until)(void *arg), void *arg, int64_t limit_ns)
{
    int64_t end_ns = weir_timer_deadline(sim->now_ns, limit_ns);

    do {
        if (until != NULL && until(arg))
            return true;
    } while (weir_sim_step(sim, end_ns));
    if (sim->now_ns < end_ns) {
        sim->now_ns = end_ns;
        sim->turn_count = 0;
    }
    return until != NULL && until(arg);
}

int64_t weir_sim_now_ns(struct weir_sim *sim)
{
    return sim->now_ns;
}

/* Chance and trace. */

uint64_t weir_sim_below(struct weir_sim *sim, uint64_t bound)
{
    return weir_rng_below(&sim->choices, bound);
}

int64_t weir_sim_between(struct weir_sim *sim, int64_t min, int64_t max)
{
    return min + (int64_t)weir_rng_below(&sim->rng, (uint64_t)(max - min) + 1);
}

bool weir_sim_chance(struct weir_sim *sim, uint32_t per_million)
{
    return per_million > 0 && weir_rng_below(&sim->rng, 1000000) < per_million;
}

void weir_sim_note(struct weir_sim *sim, uint64_t what, struct weir_view bytes)
{
    sim->trace = XXH3_64bits_withSeed(bytes.ptr, bytes.len, sim->trace + what);
}

uint64_t weir_sim_trace(struct weir_sim *sim)
{
    return sim->trace;
}

/* Birth and end. */

static void default_range(int64_t *min_ns, int64_t *max_ns, int64_t default_min_ns, int64_t default_max_ns)
{
    if (*min_ns == 0 && *max_ns == 0) {
        *min_ns = default_min_ns;
        *max_ns = default_max_ns;
    }
}

enum weir_status weir_sim_new(const struct weir_sim_options *options, struct weir_sim **out, struct weir_error *err)
{
    struct weir_sim *sim;

    if (options->net_delay_min_ns < 0 || options->net_delay_min_ns > options->net_delay_max_ns)
        return weir_fail(err, WEIR_E_INVAL, "simulation: net_delay_min_ns must be 0..net_delay_max_ns");
    if (options->sync_delay_min_ns < 0 || options->sync_delay_min_ns > options->sync_delay_max_ns)
        return weir_fail(err, WEIR_E_INVAL, "simulation: sync_delay_min_ns must be 0..sync_delay_max_ns");
    sim = weir_sim_alloc(sizeof(*sim));
    sim->options = *options;
    default_range(&sim->options.net_delay_min_ns, &sim->options.net_delay_max_ns, 20000, 500000);
    default_range(&sim->options.sync_delay_min_ns, &sim->options.sync_delay_max_ns, 50000, 2 * WEIR_NS_PER_MS);
    weir_rng_init(&sim->rng, options->seed);
    weir_rng_init(&sim->choices, weir_rng_next(&sim->rng));
    sim->now_ns = START_NS;
    TAILQ_INIT(&sim->hosts);
    TAILQ_INIT(&sim->disks);
    TAILQ_INIT(&sim->listeners);
    *out = sim;
    return WEIR_OK;
}

void weir_sim_free(struct weir_sim *sim)
{
    struct sim_host *host;

    if (sim == NULL)
        return;
    while ((host = TAILQ_FIRST(&sim->hosts)) != NULL) {
        assert(host->gone && "crash or free every host before its world");
        weir_sim_host_destroy(host);
    }
    weir_sim_disks_free(sim);
    assert(sim->slot_count == 0);
    free(sim->slots);
    free(sim->runnable);
    free(sim);
}
