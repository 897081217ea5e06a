/**
 * @file pravega/group/group_start.h
 * @brief Where a group begins: turns a configuration into the Init of its state. For create, reset, and a reader that
 *        finds the configuration changed (upstream's getSegmentsForStreams).
 *
 * A call is embedded in the struct of whoever makes it, as in controller.h: zero it, start it, and it ends in its
 * callback in a later turn, once. The callback may start it again or free the memory that it is in.
 */
#ifndef PRAVEGA_GROUP_GROUP_START_H
#define PRAVEGA_GROUP_GROUP_START_H

#include "pravega/format/group_config.h"
#include "pravega/group/group_state.h"

/** `init` is the bytes of the Init update, borrowed for the call; empty unless status is WEIR_OK. */
typedef void pravega_group_start_fn(void *arg, enum weir_status status, struct weir_view init,
                                    const struct weir_error *why);

struct pravega_group_start {
    /* Private. Idle when `client` is NULL. */
    struct pravega_client *client;
    struct pravega_group_config config;
    pravega_group_start_fn *done;
    void *arg;
    size_t at; /* the stream whose head is asked for */
    struct pravega_call call;
    struct pravega_stream_names names;
    struct pravega_segment_map segments;
    struct weir_timer timer;
    struct weir_error why;
};

/** Asks for the heads of streams that start at UNBOUNDED. `config` is copied, its id and generation go into the Init.
 *  Statuses: those of pravega_controller_head_segments(); WEIR_E_INVAL: there is nothing to read at all. */
void pravega_group_start(struct pravega_group_start *start, struct pravega_client *client,
                         const struct pravega_group_config *config, pravega_group_start_fn *done, void *arg);
/** Its callback will not run. Fine for an idle (zeroed or ended) one. */
void pravega_group_start_cancel(struct pravega_group_start *start);

#endif
