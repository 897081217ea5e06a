/*
 * sim_store.h - a store in a simulated world of its own, for targets that speak to it or spoil its files.
 */
#ifndef WEIR_FUZZ_SIM_STORE_H
#define WEIR_FUZZ_SIM_STORE_H

#include <assert.h>
#include <stdlib.h>

#include "tests/sim_client.h"
#include "weir/store.h"

#define SIM_STORE_DIR "/store"

struct sim_store {
    struct weir_sim *sim;
    struct weir_host *host, *peer_host;
    struct weir_loop *loop, *peer_loop;
    struct weir_store *store;
};

static inline void sim_store_up(struct sim_store *s)
{
    struct weir_store_options options = {
        .data_dir = SIM_STORE_DIR, .controller_port = 9090, .segment_port = 6000, .flush_bytes = 20000};
    struct weir_error err = {0};
    enum weir_status status;

    sim_machine_begin(s->sim, "store", &s->host, &s->loop);
    status = weir_store_open(s->loop, &options, &s->store, &err);
    if (status != WEIR_OK)
        abort(); /* whatever it was told, it comes up again */
}

static inline void sim_store_down(struct sim_store *s)
{
    weir_store_close(s->store);
    sim_machine_end(s->host, s->loop);
}

static inline void sim_store_init(struct sim_store *s)
{
    struct weir_sim_options options = {.seed = 1, .log_fd = -1, .net_delay_max_ns = 1000, .sync_delay_max_ns = 1000};
    enum weir_status status = weir_sim_new(&options, &s->sim, NULL);

    assert(status == WEIR_OK);
    sim_store_up(s);
    sim_machine_begin(s->sim, "peer", &s->peer_host, &s->peer_loop);
}

/* At last it is started once more, on what it was told. */
static inline void sim_store_fini(struct sim_store *s)
{
    sim_machine_end(s->peer_host, s->peer_loop);
    sim_store_down(s);
    sim_store_up(s);
    sim_store_down(s);
    weir_sim_free(s->sim);
}

#endif
