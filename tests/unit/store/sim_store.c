/*
 * sim_store.c - a simulated world with a store and a client's session.
 */
#include "sim_store.h"

#include <check.h>

#define must(call) ck_assert_msg((call) == WEIR_OK, "%s", w->err.message)

static void store_open(struct sim_store *w)
{
    sim_machine_begin(w->sim, "store", &w->host, &w->loop);
    must(weir_store_open(w->loop, &w->options, &w->store, &w->err));
}

void sim_store_begin(struct sim_store *w, const struct weir_sim_options *world,
                     const struct weir_store_options *options)
{
    const struct weir_sim_options plain = {.seed = 7, .log_fd = -1};
    const struct pravega_client_options client = {.controller_uri = "tcp://store:9090"};

    *w = (struct sim_store){0};
    if (options != NULL)
        w->options = *options;
    w->options.data_dir = "store";
    w->options.advertised_host = "store";
    w->options.controller_port = 9090;
    w->options.segment_port = 12345;
    must(weir_sim_new(world != NULL ? world : &plain, &w->sim, &w->err));
    store_open(w);
    must(weir_sim_host_new(w->sim, "client", "client-disk", &w->client_host, &w->err));
    must(pravega_session_open(w->client_host, &client, &w->session, &w->err));
}

void sim_store_crash(struct sim_store *w)
{
    weir_sim_host_silence(w->host);
    weir_store_close(w->store);
    weir_loop_free(w->loop);
    weir_sim_host_crash(w->host);
    store_open(w);
}

void sim_store_end(struct sim_store *w)
{
    pravega_session_close(w->session);
    weir_store_close(w->store);
    sim_machine_end(w->host, w->loop);
    weir_host_free(w->client_host);
    weir_sim_free(w->sim);
}
