/*
 * segment_stores.c - the pool of connections, and the cache of where segments are.
 *
 * The cache is a table of fixed size in which a newer segment replaces an older one of the same slot: losing an entry
 * costs one question to the controller.
 */
#include "pravega/segment_stores.h"

#include <stdlib.h>

#include "base/hash.h"

#define CACHE_SLOTS 256
#define ATTACH_COUNT_MAX 1000 /* segment stores keep a little of each writer until its connection ends */

struct place {
    char *scope, *stream; /* NULL: an empty slot */
    int64_t segment;
    char *host;
    uint16_t port;
    int64_t found_ns;
};

struct pooled {
    struct pooled *next;
    struct pravega_connection *connection;
    char *host;
    uint16_t port;
};

struct pravega_segment_stores {
    struct pravega_client *client;
    struct pooled *connections;
    struct place places[CACHE_SLOTS];
};

enum weir_status pravega_segment_stores_new(struct pravega_client *client, struct pravega_segment_stores **out,
                                            struct weir_error *err)
{
    struct pravega_segment_stores *stores = calloc(1, sizeof(*stores));

    if (stores == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for the connections to segment stores");
    stores->client = client;
    *out = stores;
    return WEIR_OK;
}

static void empty_place(struct place *place)
{
    free(place->scope);
    free(place->stream);
    free(place->host);
    *place = (struct place){0};
}

static void free_pooled(struct pooled *pooled)
{
    free(pooled->host);
    free(pooled);
}

void pravega_segment_stores_free(struct pravega_segment_stores *stores)
{
    if (stores == NULL)
        return;
    while (stores->connections != NULL) {
        struct pooled *pooled = stores->connections;

        stores->connections = pooled->next;
        pravega_connection_free(pooled->connection);
        free_pooled(pooled);
    }
    for (size_t i = 0; i < CACHE_SLOTS; i++)
        empty_place(&stores->places[i]);
    free(stores);
}

/* ---- connections ---- */

static void drop(struct pravega_segment_stores *stores, const struct pravega_connection *connection)
{
    struct pooled **at = &stores->connections;

    while (*at != NULL && (*at)->connection != connection)
        at = &(*at)->next;
    if (*at != NULL) {
        struct pooled *pooled = *at;

        *at = pooled->next;
        free_pooled(pooled);
    }
}

static void on_gone(void *arg, struct pravega_connection *connection)
{
    drop(arg, connection);
}

static const struct pravega_connection_owner owner = {on_gone};

static enum weir_status open_one(struct pravega_segment_stores *stores, const char *host, uint16_t port,
                                 struct pravega_connection **out, struct weir_error *err)
{
    struct weir_target target = {host, port, stores->client->tls};
    struct pooled *pooled = calloc(1, sizeof(*pooled));
    enum weir_status status = WEIR_E_NOMEM;

    if (pooled == NULL || (pooled->host = strdup(host)) == NULL)
        weir_fail(err, status, "no memory for a connection to segment store %s", host);
    else
        status = pravega_connection_new(stores->client->loop, &target, &owner, stores, &pooled->connection, err);
    if (status != WEIR_OK) {
        if (pooled != NULL)
            free_pooled(pooled);
        return status;
    }
    pooled->port = port;
    pooled->next = stores->connections;
    stores->connections = pooled;
    *out = pooled->connection;
    return WEIR_OK;
}

/* The one with the fewest flows that `exclusive` allows; `*shared_count` of them may be shared. */
static struct pravega_connection *find_one(struct pravega_segment_stores *stores, const char *host, uint16_t port,
                                           bool exclusive, size_t *shared_count)
{
    struct pravega_connection *best = NULL;

    *shared_count = 0;
    for (struct pooled *pooled = stores->connections; pooled != NULL; pooled = pooled->next) {
        struct pravega_connection *connection = pooled->connection;
        size_t flow_count = pravega_connection_flow_count(connection);

        if (pooled->port != port || strcmp(pooled->host, host) != 0 || !pravega_connection_is_usable(connection) ||
            pravega_connection_is_exclusive(connection))
            continue;
        ++*shared_count;
        if ((!exclusive || flow_count == 0) && (best == NULL || flow_count < pravega_connection_flow_count(best)))
            best = connection;
    }
    return best;
}

enum weir_status pravega_segment_stores_attach(struct pravega_segment_stores *stores, const char *host, uint16_t port,
                                               bool exclusive, struct pravega_flow *flow, struct weir_error *err)
{
    size_t shared_count;
    struct pravega_connection *connection = find_one(stores, host, port, exclusive, &shared_count);
    bool another = connection == NULL ||
                   (pravega_connection_flow_count(connection) > 0 && shared_count < PRAVEGA_SHARED_CONNECTIONS_MAX);

    if (another) {
        enum weir_status status = open_one(stores, host, port, &connection, err);

        if (status != WEIR_OK)
            return status;
    }
    pravega_connection_attach(connection, flow, exclusive);
    return WEIR_OK;
}

void pravega_segment_stores_detach(struct pravega_segment_stores *stores, struct pravega_flow *flow, bool clean)
{
    struct pravega_connection *connection = flow->connection;
    bool exclusive;

    if (connection == NULL)
        return;
    exclusive = pravega_connection_is_exclusive(connection);
    pravega_connection_detach(flow);
    if (exclusive &&
        (!clean || pravega_connection_queued_count(connection) != pravega_connection_written_count(connection) ||
         pravega_connection_attach_count(connection) >= ATTACH_COUNT_MAX)) {
        drop(stores, connection);
        pravega_connection_free(connection);
    }
}

/* ---- where segments are ---- */

static struct place *slot_of(struct pravega_segment_stores *stores, const char *scope, const char *stream,
                             int64_t segment)
{
    uint64_t hash = weir_hash64(weir_view_str(scope), (uint64_t)segment);

    return &stores->places[weir_hash64(weir_view_str(stream), hash) % CACHE_SLOTS];
}

static bool is_of(const struct place *place, const char *scope, const char *stream, int64_t segment)
{
    return place->scope != NULL && place->segment == segment && strcmp(place->scope, scope) == 0 &&
           strcmp(place->stream, stream) == 0;
}

bool pravega_segment_stores_endpoint(struct pravega_segment_stores *stores, const char *scope, const char *stream,
                                     int64_t segment, const char **host, uint16_t *port)
{
    struct place *place = slot_of(stores, scope, stream, segment);
    int64_t age_ns = weir_loop_now_ns(stores->client->loop) - place->found_ns;

    if (!is_of(place, scope, stream, segment) || age_ns >= PRAVEGA_ENDPOINT_AGE_MAX_MS * WEIR_NS_PER_MS)
        return false;
    *host = place->host;
    *port = place->port;
    return true;
}

void pravega_segment_stores_remember(struct pravega_segment_stores *stores, const char *scope, const char *stream,
                                     int64_t segment, const char *host, uint16_t port)
{
    struct place *place = slot_of(stores, scope, stream, segment);
    struct place fresh = {strdup(scope), strdup(stream), segment,
                          strdup(host),  port,           weir_loop_now_ns(stores->client->loop)};

    empty_place(place);
    if (fresh.scope != NULL && fresh.stream != NULL && fresh.host != NULL)
        *place = fresh;
    else
        empty_place(&fresh);
}

void pravega_segment_stores_forget(struct pravega_segment_stores *stores, const char *scope, const char *stream,
                                   int64_t segment)
{
    struct place *place = slot_of(stores, scope, stream, segment);

    if (is_of(place, scope, stream, segment))
        empty_place(place);
}
