/*
 * controllers.c - a ring of channels, and the question which ones belong into it.
 *
 *     ASKING --answer--> WAITING (120 s) --timer--> ASKING
 *     ASKING --failure--> WAITING (10 s)
 *
 * A controller that is no longer named leaves the ring at once and goes with the last call that is under way on it.
 */
#include "pravega/controllers.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "pravega/controller_int.h"

/* Upstream's ControllerResolverFactory. */
#define ASK_EVERY_NS (120 * WEIR_NS_PER_S)
#define ASK_AGAIN_NS (10 * WEIR_NS_PER_S)

struct pravega_controller {
    struct pravega_controllers *owner;
    struct weir_grpc_channel *channel;
    struct pravega_controller_address at;
    size_t call_count;
    bool listed; /* in the ring */
};

struct pravega_controllers {
    struct pravega_client *client;
    struct pravega_controller_uri uri;
    struct pravega_controller *ring[PRAVEGA_CONTROLLERS_MAX];
    size_t count, front;
    struct pravega_call call; /* ASKING while it is busy */
    struct weir_timer timer;
    int64_t asked_ns, due_ns; /* the last time, and the next */
};

/* ---- the ring */

static bool same(const struct pravega_controller_address *a, const struct pravega_controller_address *b)
{
    return a->port == b->port && strcasecmp(a->host, b->host) == 0;
}

static void controller_free(struct pravega_controller *controller)
{
    weir_grpc_channel_free(controller->channel);
    free(controller);
}

static enum weir_status controller_new(struct pravega_controllers *owner, const struct pravega_controller_address *at,
                                       struct pravega_controller **out, struct weir_error *err)
{
    struct weir_target target = {at->host, at->port, owner->client->tls};
    struct pravega_controller *controller = calloc(1, sizeof(*controller));
    enum weir_status status;

    if (controller == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "out of memory for a controller's address");
    status = weir_grpc_channel_new(owner->client->loop, &target, NULL, &controller->channel, err);
    if (status != WEIR_OK) {
        free(controller);
        return status;
    }
    controller->owner = owner;
    controller->at = *at;
    controller->listed = true;
    *out = controller;
    return WEIR_OK;
}

static void unlist(struct pravega_controller *controller)
{
    controller->listed = false;
    if (controller->call_count == 0)
        controller_free(controller);
}

/* Takes the channel to `at` out of the ring, where there is one. */
static struct pravega_controller *pick(struct pravega_controllers *controllers,
                                       const struct pravega_controller_address *at)
{
    for (size_t i = 0; i < controllers->count; i++) {
        struct pravega_controller *controller = controllers->ring[i];

        if (controller != NULL && same(&controller->at, at)) {
            controllers->ring[i] = NULL;
            return controller;
        }
    }
    return NULL;
}

/* Makes the ring that of `at`. Channels stay where they can; the one in front stays in front. */
static enum weir_status adopt(struct pravega_controllers *controllers, const struct pravega_controller_address *at,
                              size_t count, struct weir_error *err)
{
    struct pravega_controller *ring[PRAVEGA_CONTROLLERS_MAX] = {0};
    struct pravega_controller *in_front = controllers->count > 0 ? controllers->ring[controllers->front] : NULL;
    enum weir_status status = WEIR_OK;
    size_t kept = 0, front = 0;

    for (size_t i = 0; i < count && status == WEIR_OK; i++) {
        ring[kept] = pick(controllers, &at[i]);
        if (ring[kept] == NULL)
            status = controller_new(controllers, &at[i], &ring[kept], err);
        if (status != WEIR_OK)
            break;
        if (ring[kept] == in_front)
            front = kept;
        kept++;
    }
    if (kept == 0)
        return status; /* what there is stays */
    for (size_t i = 0; i < controllers->count; i++)
        if (controllers->ring[i] != NULL)
            unlist(controllers->ring[i]);
    memcpy(controllers->ring, ring, sizeof(ring));
    controllers->count = kept;
    controllers->front = front;
    return status;
}

/* ---- who else is there */

static void ask_in(struct pravega_controllers *controllers, int64_t delay_ns)
{
    controllers->due_ns = weir_loop_now_ns(controllers->client->loop) + delay_ns;
    weir_timer_start(controllers->client->loop, &controllers->timer, delay_ns);
}

static void on_list(struct pravega_controllers *controllers, enum weir_status status,
                    const struct pravega_controller_address *at, size_t count, const struct weir_error *why)
{
    struct pravega_client *client = controllers->client;
    struct weir_error err = {0};

    controllers->asked_ns = weir_loop_now_ns(client->loop);
    if (status == WEIR_OK && count > 0)
        status = adopt(controllers, at, count, &err);
    else if (status == WEIR_E_REFUSED || status == WEIR_E_CLOSED || status == WEIR_E_TIMEOUT)
        adopt(controllers, controllers->uri.at, controllers->uri.count, &err);
    if (status != WEIR_OK)
        weir_log_info(weir_loop_log(client->loop), "pravega", "the controllers of %s are not known anew: %s",
                      client->uri, why->status != WEIR_OK ? why->message : err.message);
    ask_in(controllers, status == WEIR_OK ? ASK_EVERY_NS : ASK_AGAIN_NS);
}

/* More than the ring can hold, or no address at all, is left out. */
static size_t addresses_of(const Pravega__ServerResponse *reply, struct pravega_controller_address *out)
{
    size_t count = 0;

    for (size_t i = 0; i < reply->n_nodeuri && count < PRAVEGA_CONTROLLERS_MAX; i++) {
        const Pravega__NodeUri *node = reply->nodeuri[i];
        bool known = false;

        if (!pravega_controller_address_make(node->endpoint, node->port, &out[count]))
            continue;
        for (size_t k = 0; k < count; k++)
            known = known || same(&out[k], &out[count]);
        count += !known;
    }
    return count;
}

static void finish_list(struct pravega_end *end, const ProtobufCMessage *message)
{
    struct pravega_controller_address at[PRAVEGA_CONTROLLERS_MAX];
    size_t count = message != NULL ? addresses_of((const Pravega__ServerResponse *)message, at) : 0;

    on_list(end->arg, end->status, at, count, &end->why);
}

/* A controller that cannot tell says so as UNKNOWN: no reason to go on asking it. */
static const struct pravega_rpc list_rpc = {"getControllerServerList", "list",
                                            .final_codes = 1u << WEIR_GRPC_UNKNOWN | 1u << WEIR_GRPC_INTERNAL,
                                            .finish = finish_list};

static void on_timer(void *arg)
{
    struct pravega_controllers *controllers = arg;
    Pravega__ServerRequest request = PRAVEGA__SERVER_REQUEST__INIT;

    pravega_call_start(&controllers->call, controllers->client, &list_rpc, &request.base, NULL, controllers,
                       "the controllers");
}

/* One of them is gone: the others may be known by now. */
static void ask_soon(struct pravega_controllers *controllers)
{
    int64_t now_ns = weir_loop_now_ns(controllers->client->loop);
    int64_t earliest_ns = controllers->asked_ns + ASK_AGAIN_NS;

    if (!controllers->uri.discover || pravega_call_busy(&controllers->call) || controllers->due_ns <= earliest_ns)
        return;
    ask_in(controllers, earliest_ns > now_ns ? earliest_ns - now_ns : 0);
}

/* ---- for calls */

struct pravega_controller *pravega_controllers_take(struct pravega_controllers *controllers)
{
    struct pravega_controller *controller = controllers->ring[controllers->front];

    controller->call_count++;
    return controller;
}

void pravega_controller_give_back(struct pravega_controller *controller)
{
    if (--controller->call_count == 0 && !controller->listed)
        controller_free(controller);
}

struct weir_grpc_channel *pravega_controller_channel(struct pravega_controller *controller)
{
    return controller->channel;
}

void pravega_controller_leave(struct pravega_controller *controller)
{
    struct pravega_controllers *controllers = controller->owner;

    if (controllers->ring[controllers->front] == controller)
        controllers->front = (controllers->front + 1) % controllers->count;
    ask_soon(controllers);
}

size_t pravega_controllers_count(const struct pravega_controllers *controllers)
{
    return controllers->count;
}

const char *pravega_controllers_host(const struct pravega_controllers *controllers)
{
    return controllers->ring[controllers->front]->at.host;
}

uint16_t pravega_controllers_port(const struct pravega_controllers *controllers)
{
    return controllers->ring[controllers->front]->at.port;
}

/* ---- life */

enum weir_status pravega_controllers_new(struct pravega_client *client, const struct pravega_controller_uri *uri,
                                         struct pravega_controllers **out, struct weir_error *err)
{
    struct pravega_controllers *controllers = calloc(1, sizeof(*controllers));
    enum weir_status status;

    if (controllers == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "out of memory for a Pravega client");
    controllers->client = client;
    controllers->uri = *uri;
    controllers->timer = (struct weir_timer){.fn = on_timer, .arg = controllers};
    status = adopt(controllers, uri->at, uri->count, err);
    if (status != WEIR_OK) {
        pravega_controllers_free(controllers);
        return status;
    }
    if (uri->discover)
        ask_in(controllers, 0);
    *out = controllers;
    return WEIR_OK;
}

void pravega_controllers_free(struct pravega_controllers *controllers)
{
    if (controllers == NULL)
        return;
    pravega_call_cancel(&controllers->call);
    weir_timer_stop(controllers->client->loop, &controllers->timer);
    for (size_t i = 0; i < controllers->count; i++)
        controller_free(controllers->ring[i]);
    free(controllers);
}
