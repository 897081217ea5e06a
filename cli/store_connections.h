/**
 * @file cli/store_connections.h
 * @brief How many connections a store can have of those that it is to have: each is an open file.
 */
#ifndef WEIR_CLI_STORE_CONNECTIONS_H
#define WEIR_CLI_STORE_CONNECTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define CLI_STORE_FILES 128u /**< what else a store opens: its log, chunks, sockets, its loop */

/** The most there may be, of each port. */
struct cli_store_connections {
    uint64_t segment, controller, rest;
};

/** The open files that these need. */
uint64_t cli_store_files_needed(const struct cli_store_connections *connections);
/**
 * Takes from each in proportion, so that connections never take the files that the store itself needs: it would have to
 * stop for want of them. One of each is left.
 * @param files_max what may be open @return whether fewer are left than were asked for
 */
bool cli_store_connections_fit(struct cli_store_connections *connections, uint64_t files_max);

#endif
