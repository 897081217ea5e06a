/**
 * @file tests/sim_client.h
 * @brief Machines of a simulated world, the time that passes there, and a client that says bytes and keeps what comes.
 *
 * For tests and fuzz targets of whatever serves connections. A client speaks no protocol: what it says are bytes, and
 * what it does not do (read, fetch, end) is what most tests are about. What only a mistake of the test makes fail
 * aborts.
 */
#ifndef WEIR_TESTS_SIM_CLIENT_H
#define WEIR_TESTS_SIM_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "weir/buf.h"
#include "weir/net.h"
#include "weir/sim.h"

/** A machine with a disk of its name and one loop, which runs. */
void sim_machine_begin(struct weir_sim *sim, const char *name, struct weir_host **host, struct weir_loop **loop);
/** Ends it in order. What lives on its loop was freed before. */
void sim_machine_end(struct weir_host *host, struct weir_loop *loop);
/** Lets so much time pass, whatever happens in it. */
void sim_pass(struct weir_sim *sim, int64_t ns);

/** Begins all zero; sim_client_close() leaves it so. It must not move while it is open. */
struct sim_client {
    struct weir_conn *conn; /**< NULL: not open */
    struct weir_buf out;    /**< said, and not taken yet */
    struct weir_buf in;     /**< what has come */
    uint64_t got;           /**< how much has come, kept or not */
    bool drops; /**< it keeps nothing of what comes. Set by whoever opens it, before or after, as the next one */
    bool deaf;              /**< it takes nothing of what comes */
    bool ended;             /**< the other side has ended the connection */
};

/** Begins to connect; what is said meanwhile is sent when it is through. @param len_max of each of its buffers,
 * bytes */
void sim_client_open(struct sim_client *client, struct weir_loop *loop, const struct weir_target *to, size_t len_max);
/** Nothing if it is not open. */
void sim_client_close(struct sim_client *client);
/** Sends what can be sent of `out`, which tests may also append to themselves. */
void sim_client_push(struct sim_client *client);
void sim_client_say(struct sim_client *client, struct weir_view bytes);
/** How often the text stands in what has come. */
size_t sim_client_count(const struct sim_client *client, const char *text);
/** For weir_sim_run(): the client that is its argument was ended. */
bool sim_client_ended(void *client);

#endif
