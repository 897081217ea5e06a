/*
 * store_client.c - a client and its loop.
 */
#include "store_client.h"

#include "process.h"

static void check(enum weir_status status, const struct weir_error *why)
{
    if (status != WEIR_OK)
        die("%s: %s", weir_status_name(status), why->message);
}

void store_client_init(struct store_client *at, uint64_t seed)
{
    struct weir_host_options options = {.seed = seed};
    struct weir_error err = {0};

    *at = (struct store_client){0};
    check(weir_host_new(&options, &at->host, &err), &err);
    check(weir_loop_new(at->host, "client", &at->loop, &err), &err);
}

void store_client_connect(struct store_client *at, const char *uri)
{
    struct pravega_client_options options = {.controller_uri = uri};
    struct weir_error err = {0};

    check(pravega_client_new(at->loop, &options, &at->client, &err), &err);
}

static void on_made(void *arg, enum weir_status status, const struct weir_error *why)
{
    if (status != WEIR_E_EXISTS)
        check(status, why);
    weir_loop_stop(arg);
}

void store_client_make_stream(struct store_client *at, const struct pravega_stream_name *name, int segments)
{
    struct pravega_stream_config config = {.min_segments = segments};

    pravega_scope_create(at->client, name->scope, on_made, at->loop);
    weir_loop_run(at->loop);
    pravega_stream_create(at->client, name, &config, on_made, at->loop);
    weir_loop_run(at->loop);
}

void store_client_disconnect(struct store_client *at)
{
    pravega_client_free(at->client);
    at->client = NULL;
}

void store_client_fini(struct store_client *at)
{
    store_client_disconnect(at);
    weir_loop_free(at->loop);
    weir_host_free(at->host);
}
