/*
 * client.c - a client of one cluster: its options, credentials and connections, and the work that ends with it.
 */
#include "pravega/client.h"

#include <stdlib.h>
#include <string.h>

#include "pravega/client_int.h"
#include "pravega/segment_stores.h"
#include "pravega/tokens.h"
#include "weir/host.h"

/* Upstream's EventWriterConfig. */
#define RETRY_INITIAL_BACKOFF_MS 1
#define RETRY_MAX_BACKOFF_MS 20000
#define RETRY_ATTEMPTS 10
#define RETRY_BACKOFF_MULTIPLE 10

#define RPC_TIMEOUT_MS 120000

static void take_numbers(struct pravega_client *client, const struct pravega_client_options *options)
{
    client->retry = options->retry;
    if (client->retry.initial_backoff_ms == 0)
        client->retry.initial_backoff_ms = RETRY_INITIAL_BACKOFF_MS;
    if (client->retry.max_backoff_ms == 0)
        client->retry.max_backoff_ms = RETRY_MAX_BACKOFF_MS;
    if (client->retry.retry_attempts == 0)
        client->retry.retry_attempts = RETRY_ATTEMPTS;
    if (client->retry.backoff_multiple == 0)
        client->retry.backoff_multiple = RETRY_BACKOFF_MULTIPLE;
    client->rpc_timeout_ms = options->rpc_timeout_ms != 0 ? options->rpc_timeout_ms : RPC_TIMEOUT_MS;
}

static enum weir_status check_numbers(const struct pravega_client *client, struct weir_error *err)
{
    const struct pravega_retry *retry = &client->retry;

    if (retry->initial_backoff_ms < 0 || retry->max_backoff_ms < retry->initial_backoff_ms ||
        retry->retry_attempts < 0 || retry->backoff_multiple < 1)
        return weir_fail(err, WEIR_E_INVAL,
                         "retry settings of a Pravega client must be positive, and max_backoff_ms not below "
                         "initial_backoff_ms (they are %d, %d, %d, %d)",
                         retry->initial_backoff_ms, retry->max_backoff_ms, retry->retry_attempts,
                         retry->backoff_multiple);
    if (client->rpc_timeout_ms < 0 || client->rpc_timeout_ms > INT64_MAX / WEIR_NS_PER_S)
        return weir_fail(err, WEIR_E_INVAL, "rpc_timeout_ms of a Pravega client is out of range (%lld)",
                         (long long)client->rpc_timeout_ms);
    return WEIR_OK;
}

/* ---- connections */

static enum weir_status make_tls(struct pravega_client *client, const struct pravega_client_options *options,
                                 struct weir_error *err)
{
    struct weir_tls_options tls = {.trust_store = options->trust_store,
                                   .skip_hostname_check = options->skip_hostname_validation};

    return weir_tls_new(&tls, &client->tls, err);
}

static enum weir_status open_client(struct pravega_client *client, const struct pravega_client_options *options,
                                    struct weir_error *err)
{
    const char *text = options->controller_uri != NULL ? options->controller_uri : PRAVEGA_CONTROLLER_URI_DEFAULT;
    struct pravega_controller_uri uri;
    enum weir_status status;

    status = pravega_controller_uri_parse(text, &uri, err);
    if (status != WEIR_OK)
        return status;
    client->uri = strdup(text);
    if (client->uri == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "out of memory for a Pravega client");
    take_numbers(client, options);
    status = check_numbers(client, err);
    if (status == WEIR_OK)
        status = pravega_credentials_init(&client->credentials, options, err);
    if (status == WEIR_OK && uri.tls)
        status = make_tls(client, options, err);
    if (status == WEIR_OK)
        status = pravega_controllers_new(client, &uri, &client->controllers, err);
    if (status == WEIR_OK)
        status = pravega_segment_stores_new(client, &client->stores, err);
    if (status == WEIR_OK)
        status = pravega_tokens_new(client, &client->tokens, err);
    return status;
}

enum weir_status pravega_client_new(struct weir_loop *loop, const struct pravega_client_options *options,
                                    struct pravega_client **out, struct weir_error *err)
{
    static const struct pravega_client_options defaults;
    struct pravega_client *client = calloc(1, sizeof(*client));
    enum weir_status status;

    if (client == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "out of memory for a Pravega client");
    client->loop = loop;
    weir_rng_init(&client->rng, weir_host_random(weir_loop_host(loop)));
    status = open_client(client, options != NULL ? options : &defaults, err);
    if (status != WEIR_OK) {
        pravega_client_free(client);
        return status;
    }
    *out = client;
    return WEIR_OK;
}

void pravega_client_free(struct pravega_client *client)
{
    if (client == NULL)
        return;
    while (client->ops != NULL) {
        struct pravega_op *op = client->ops;

        pravega_op_end(op);
        op->free(op);
    }
    pravega_segment_stores_free(client->stores);
    pravega_tokens_free(client->tokens);
    pravega_controllers_free(client->controllers);
    weir_tls_unref(client->tls);
    pravega_credentials_fini(&client->credentials);
    free(client->uri);
    free(client);
}

struct weir_loop *pravega_client_loop(struct pravega_client *client)
{
    return client->loop;
}

const char *pravega_client_uri(const struct pravega_client *client)
{
    return client->uri;
}

/* ---- work that ends with the client */

void pravega_op_start(struct pravega_client *client, struct pravega_op *op)
{
    op->next = client->ops;
    op->link = &client->ops;
    if (op->next != NULL)
        op->next->link = &op->next;
    client->ops = op;
}

void pravega_op_end(struct pravega_op *op)
{
    *op->link = op->next;
    if (op->next != NULL)
        op->next->link = op->link;
    op->next = NULL;
    op->link = NULL;
}
