/**
 * @file world.h
 * @brief The hosts that every scenario has: a store that crashes and recovers, and a driver, which is the test itself
 * as a client that never crashes.
 */
#ifndef WEIR_TEST_WORLD_H
#define WEIR_TEST_WORLD_H

#include "pravega/segment_reader.h"
#include "seeds.h"
#include "weir/sim.h"
#include "weir/store.h"

#define STORE_DISK "store-disk"
#define STORE_URI "tcp://store:9090"
#define SCOPE "scope"

/* When a process dies next, and when it comes again. */
struct fate {
    const char *disk;
    int crashes_left;
    int64_t next_ns;      /* it crashes or starts then */
    bool disk_hurt;       /* a call of its disk failed, or will */
    uint64_t crash_syncs; /* or it crashes as soon as its disk has seen so many syncs; 0: no such moment */
};

struct world {
    struct seed_run *run;
    struct weir_sim *sim;
    int64_t net_delay_max_ns;     /* one way, without stalls */
    struct weir_host *store_host; /* NULL: the store is down */
    struct weir_loop *store_loop;
    struct weir_store *store;
    struct fate store_fate;
    uint64_t flush_bytes; /* of the store's options; set before world_open(), which keeps it */
    const char *const *store_settings; /* likewise: of every store (weir/store.h); NULL: its defaults */
    /* The store crashes when its disk has seen so many syncs, and comes up again at once; 0: no such moment. It is felt
     * while somebody awaits something, and then told. */
    uint64_t crash_at_sync;
    void (*on_recovered)(void *arg);
    void *recovered_arg;
    struct weir_host *driver_host;
    struct weir_loop *driver_loop;
    struct pravega_client *client; /* the driver's */
};

/** A world with faults that the seed picks, the store up and the driver connected. */
void world_open(struct world *world, struct seed_run *run);
/** Leaves the trace in the run. The store may be up or down. */
void world_close(struct world *world);
int64_t world_now(const struct world *world);
/** A seeded choice. */
uint64_t pick(const struct world *world, uint64_t bound);

/** A store that does not come up fails the run, unless its disk was hurt: then it is down. */
void store_start(struct world *world);
void store_crash(struct world *world);
/** Its fate's moment has come: down if it is up, up if it is down. */
void store_turn(struct world *world, int64_t down_max_ns);
/** From here on neither the network nor the store fails any more; the store is up. */
void world_calm(struct world *world);

/** What can only fail if the test itself is wrong, or out of memory. */
void must(enum weir_status status);

/** Runs until *flag or a failure; `limit_ns` without it is a failure, worded with `what`. Returns *flag. */
bool world_await(struct world *world, const bool *flag, int64_t limit_ns, const char *what);

/** A call of the client, for pravega_done_fn. */
struct outcome {
    bool over;
    enum weir_status status;
    char why[WEIR_ERROR_MESSAGE_LEN_MAX];
};
void outcome_done(void *arg, enum weir_status status, const struct weir_error *why);
/** Awaits it; a status other than OK fails the run. */
bool world_await_ok(struct world *world, const struct outcome *outcome, const char *what);
/** The same of a call that makes something: if its answer was lost with its connection, the client repeats it, and then
 *  finds what it made itself. */
bool world_await_made(struct world *world, const struct outcome *outcome, const char *what);

void make_scope(struct world *world);
void make_stream(struct world *world, const char *name, int segments);

typedef void stream_event_fn(void *arg, pravega_segment_id segment, const struct pravega_event *event);
/** Reads a stream from its head to its tail, one segment after the other. `each` is called with the events of one
 *  segment in their order. */
void read_stream(struct world *world, const char *name, stream_event_fn *each, void *arg);

/** A position in each of the segments that share the keys among them. */
#define STREAM_CUT_MAX 16
struct stream_cut {
    struct pravega_segment_offset at[STREAM_CUT_MAX];
    size_t count;
};
/** The same of a stream that was scaled: segments in the order of their ids, those of sealed epochs included, so that
 *  each key's events come in their order. Events may be large. A truncation may overtake it.
 *  @param tail if not NULL: up to where it was read */
void read_scaled_stream(struct world *world, const char *name, stream_event_fn *each, void *arg,
                        struct stream_cut *tail);

/** The next crash of a process that has just come up; before it, now and then, a call of its disk that fails. */
void fate_up(const struct world *world, struct fate *fate);
/** Its return; `down_max_ns` from now at the latest. */
void fate_down(const struct world *world, struct fate *fate, int64_t down_max_ns);
/** No more crashes after this, nor failures of its disk. */
void fate_heal(const struct world *world, struct fate *fate);
/** Whether its moment has come. */
bool fate_due(const struct world *world, const struct fate *fate, bool up);

#endif
