/*
 * store_connections.c - connections, fitted to the limit on open files.
 */
#include "cli/store_connections.h"

static uint64_t connection_count(const struct cli_store_connections *connections)
{
    return connections->segment + connections->controller + connections->rest;
}

uint64_t cli_store_files_needed(const struct cli_store_connections *connections)
{
    return connection_count(connections) + CLI_STORE_FILES;
}

/* Rounded down, and one at least. */
static uint64_t share(uint64_t asked, uint64_t left, uint64_t wanted)
{
    uint64_t count = asked * left / wanted;

    return count > 0 ? count : 1;
}

bool cli_store_connections_fit(struct cli_store_connections *connections, uint64_t files_max)
{
    uint64_t wanted = connection_count(connections);
    uint64_t left = files_max > CLI_STORE_FILES ? files_max - CLI_STORE_FILES : 0;

    if (wanted <= left)
        return false;
    connections->segment = share(connections->segment, left, wanted);
    connections->controller = share(connections->controller, left, wanted);
    connections->rest = share(connections->rest, left, wanted);
    return true;
}
