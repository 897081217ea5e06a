/**
 * @file sim_store.h
 * @brief A simulated world with two machines: on one a whole store, on the other a client's session with it.
 */
#ifndef WEIR_TEST_SIM_STORE_H
#define WEIR_TEST_SIM_STORE_H

#include "pravega/blocking.h"
#include "tests/sim_client.h"
#include "weir/store.h"

struct sim_store {
    struct weir_sim *sim;
    struct weir_host *host, *client_host;
    struct weir_loop *loop;
    struct weir_store *store;
    struct pravega_session *session;
    struct weir_store_options options;
    struct weir_error err; /**< for the session's calls, too */
};

/**
 * @param world NULL: seeded, with ordinary delays, and nobody hears the log
 * @param options NULL: none but what is set here: folder, host name ("store") and ports (9090, 12345). What they point
 * to is borrowed
 */
void sim_store_begin(struct sim_store *w, const struct weir_sim_options *world,
                     const struct weir_store_options *options);
/** kill -9 of the store, and another start. */
void sim_store_crash(struct sim_store *w);
void sim_store_end(struct sim_store *w);

#endif
