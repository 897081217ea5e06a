/*
 * scripted_controller.h - a client in a simulated world, and a gRPC server there that answers from a script.
 *
 * The server notes each request, and gives the next answer of the script; the last one repeats. Time is virtual, so
 * that twenty seconds of backoff cost nothing and the times of requests are exact but for the network's delay.
 */
#ifndef PRAVEGA_TESTS_SCRIPTED_CONTROLLER_H
#define PRAVEGA_TESTS_SCRIPTED_CONTROLLER_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/grpc.h"
#include "pravega/client_int.h"
#include "pravega/controller.h"
#include "pravega/proto.h"
#include "weir/host.h"
#include "weir/sim.h"

#define SCRIPT_MAX 32
#define SEEN_MAX 64
#define BYTES_MAX 1024

/* What the server answers. With `silent` it never does. */
struct answer {
    enum weir_grpc_code code;
    const char *hex; /* of the message; NULL: empty */
    const char *words;
    bool silent;
};

struct seen {
    char rpc[64];
    char authorization[128];
    uint8_t bytes[BYTES_MAX];
    size_t len;
    int64_t at_ms; /* since the world began */
};

struct world {
    struct weir_sim *sim;
    struct weir_host *client_host, *server_host;
    struct weir_loop *client_loop, *server_loop;
    struct weir_grpc_server *server;
    struct weir_grpc_request *unanswered[SEEN_MAX];
    struct pravega_client *client;
    struct answer script[SCRIPT_MAX];
    size_t script_len, script_at;
    struct seen seen[SEEN_MAX];
    size_t seen_count, unanswered_count;
    int64_t start_ns;
};

/* How a call ended. */
struct result {
    int calls;
    enum weir_status status;
    char words[WEIR_ERROR_MESSAGE_LEN_MAX];
};

static inline size_t unhex(const char *hex, uint8_t *out, size_t cap)
{
    size_t len = 0;

    for (; hex != NULL && *hex != '\0'; hex += *hex == ' ' ? 1 : 2) {
        unsigned byte;

        if (*hex == ' ')
            continue;
        ck_assert(len < cap && sscanf(hex, "%2x", &byte) == 1);
        out[len++] = (uint8_t)byte;
    }
    return len;
}

/* Since the world began. */
static inline int64_t world_now_ms(struct world *world)
{
    return (weir_sim_now_ns(world->sim) - world->start_ns) / WEIR_NS_PER_MS;
}

static inline void world_serve(void *arg, struct weir_grpc_request *request, const char *path,
                               const char *authorization, struct weir_view message)
{
    struct world *world = arg;
    const ProtobufCMethodDescriptor *method = pravega_proto_method(path);
    struct seen *seen = &world->seen[world->seen_count++];
    const struct answer *answer;
    uint8_t bytes[BYTES_MAX];

    ck_assert(world->seen_count <= SEEN_MAX && method != NULL && message.len <= BYTES_MAX);
    snprintf(seen->rpc, sizeof(seen->rpc), "%s", method->name);
    snprintf(seen->authorization, sizeof(seen->authorization), "%s", authorization != NULL ? authorization : "");
    if (message.len > 0)
        memcpy(seen->bytes, message.ptr, message.len);
    seen->len = message.len;
    seen->at_ms = world_now_ms(world);
    ck_assert_uint_gt(world->script_len, 0);
    answer = &world->script[world->script_at];
    if (world->script_at + 1 < world->script_len)
        world->script_at++;
    if (answer->silent)
        world->unanswered[world->unanswered_count++] = request;
    else
        weir_grpc_answer(request, answer->code, weir_view(bytes, unhex(answer->hex, bytes, sizeof(bytes))),
                         answer->words);
}

static inline void world_script(struct world *world, const struct answer *answers, size_t count)
{
    ck_assert_uint_le(count, SCRIPT_MAX);
    memcpy(world->script, answers, count * sizeof(*answers));
    world->script_len = count;
    world->script_at = 0;
    world->seen_count = 0;
}
#define SCRIPT(world, ...)                                                                                             \
    world_script(world, (const struct answer[]){__VA_ARGS__},                                                          \
                 sizeof((const struct answer[]){__VA_ARGS__}) / sizeof(struct answer))

static inline void world_listen(struct world *world, uint16_t port)
{
    struct weir_target at = {"server", port, NULL};
    struct weir_error err = {0};

    ck_assert_msg(weir_grpc_server_new(world->server_loop, &at, world_serve, world, &world->server, &err) == WEIR_OK,
                  "%s", err.message);
}

static inline void world_deafen(struct world *world)
{
    weir_grpc_server_free(world->server);
    world->server = NULL;
    for (size_t i = 0; i < world->unanswered_count; i++)
        weir_grpc_answer(world->unanswered[i], WEIR_GRPC_OK, weir_view(NULL, 0), NULL);
    world->unanswered_count = 0;
}

/* A client of `options` (its default URI: the server's), and nobody who listens. */
static inline struct world *world_new_deaf(const struct pravega_client_options *options)
{
    struct world *world = calloc(1, sizeof(*world));
    struct pravega_client_options with_uri = options != NULL ? *options : (struct pravega_client_options){0};
    struct weir_error err = {0};

    if (with_uri.controller_uri == NULL)
        with_uri.controller_uri = "tcp://server:9090";
    ck_assert_int_eq(weir_sim_new(&(struct weir_sim_options){.seed = 1}, &world->sim, NULL), WEIR_OK);
    world->start_ns = weir_sim_now_ns(world->sim);
    ck_assert_int_eq(weir_sim_host_new(world->sim, "client", "client", &world->client_host, NULL), WEIR_OK);
    ck_assert_int_eq(weir_sim_host_new(world->sim, "server", "server", &world->server_host, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_new(world->client_host, "client", &world->client_loop, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_new(world->server_host, "server", &world->server_loop, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_start(world->client_loop, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_start(world->server_loop, NULL), WEIR_OK);
    ck_assert_msg(pravega_client_new(world->client_loop, &with_uri, &world->client, &err) == WEIR_OK, "%s",
                  err.message);
    return world;
}

static inline struct world *world_new(const struct pravega_client_options *options)
{
    struct world *world = world_new_deaf(options);

    world_listen(world, 9090);
    return world;
}

static inline bool never(void *arg)
{
    (void)arg;
    return false;
}

static inline void world_run_ms(struct world *world, int64_t ms)
{
    weir_sim_run(world->sim, never, NULL, ms * WEIR_NS_PER_MS);
}

static inline void world_free(struct world *world)
{
    world_deafen(world);
    pravega_client_free(world->client);
    weir_loop_stop(world->client_loop);
    weir_loop_stop(world->server_loop);
    world_run_ms(world, 1);
    weir_loop_free(world->client_loop);
    weir_loop_free(world->server_loop);
    weir_host_free(world->client_host);
    weir_host_free(world->server_host);
    weir_sim_free(world->sim);
    free(world);
}

static inline bool result_is_there(void *arg)
{
    return ((struct result *)arg)->calls > 0;
}

/* Runs until the call has ended. */
static inline void world_await(struct world *world, struct result *result)
{
    ck_assert(weir_sim_run(world->sim, result_is_there, result, 600 * WEIR_NS_PER_S));
    ck_assert_int_eq(result->calls, 1);
}

static inline void result_set(struct result *result, enum weir_status status, const struct weir_error *why)
{
    result->calls++;
    result->status = status;
    ck_assert_ptr_nonnull(why);
    if (status != WEIR_OK && status != WEIR_E_AGAIN) {
        ck_assert_int_eq(why->status, status);
        ck_assert_str_ne(why->message, "");
        snprintf(result->words, sizeof(result->words), "%s", why->message);
    }
}

/* A pravega_done_fn; `arg` is a struct result. */
static inline void on_done(void *arg, enum weir_status status, const struct weir_error *why)
{
    result_set(arg, status, why);
}

/* What was asked, in order: "createScope". */
static inline void assert_seen(const struct world *world, size_t at, const char *rpc)
{
    ck_assert_uint_lt(at, world->seen_count);
    ck_assert_str_eq(world->seen[at].rpc, rpc);
}

static inline int run_cases(const char *name, void (*add)(TCase *tc))
{
    Suite *suite = suite_create(name);
    TCase *tc = tcase_create(name);
    SRunner *runner;
    int failed;

    add(tc);
    tcase_set_timeout(tc, 60);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
