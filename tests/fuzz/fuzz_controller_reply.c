/*
 * fuzz_controller_reply.c - what a controller can answer, through the whole way to the callback.
 *
 * Byte 0 picks the call, the rest is the reply's message. Property: the callback comes once, with a status that has
 * words unless it is OK, and what it is lent keeps the promises of pravega/controller.h. Each input has a world of its
 * own, in virtual time, so that nothing is carried over.
 */
#include <stdint.h>
#include <stdlib.h>

#include "pravega/client_int.h"
#include "pravega/controller.h"
#include "weir/host.h"
#include "weir/sim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            abort();                                                                                                   \
    } while (0)

static const struct pravega_stream_name stream = {"s", "t"};

struct fuzz {
    struct pravega_client *client;
    struct pravega_call call;
    struct weir_view reply;
    int ends;
};

/* ---- callbacks */

static void end(struct fuzz *fuzz, enum weir_status status, size_t count, const struct weir_error *why)
{
    MUST(++fuzz->ends == 1);
    if (status == WEIR_OK)
        return;
    MUST(count == 0);
    MUST(status == WEIR_E_AGAIN || (why->status == status && why->message[0] != '\0'));
}

static void on_done(void *arg, enum weir_status status, const struct weir_error *why)
{
    end(arg, status, 0, why);
}

static void on_exists(void *arg, enum weir_status status, bool exists, const struct weir_error *why)
{
    end(arg, status, exists, why);
}

static void on_config(void *arg, enum weir_status status, const struct pravega_stream_config *config,
                      const struct weir_error *why)
{
    MUST((config != NULL) == (status == WEIR_OK));
    for (size_t i = 0; config != NULL && i < config->tag_count; i++)
        MUST(strlen(config->tags[i]) < SIZE_MAX);
    end(arg, status, 0, why);
}

static void on_page(void *arg, enum weir_status status, const char *const *names, size_t count, const char *token,
                    const struct weir_error *why)
{
    MUST((token != NULL) == (status == WEIR_OK));
    for (size_t i = 0; i < count; i++)
        MUST(strlen(names[i]) < SIZE_MAX);
    end(arg, status, count, why);
}

static void check_range(const struct pravega_segment_range *range)
{
    MUST(range->min_key >= 0 && range->min_key <= range->max_key && range->max_key <= 1);
}

static void on_ranges(void *arg, enum weir_status status, const struct pravega_segment_range *segments, size_t count,
                      const struct weir_error *why)
{
    for (size_t i = 0; i < count; i++) {
        check_range(&segments[i]);
        MUST(i == 0 || segments[i - 1].min_key <= segments[i].min_key);
    }
    end(arg, status, count, why);
}

static void on_cut(void *arg, enum weir_status status, const struct pravega_segment_offset *cut, size_t count,
                   const struct weir_error *why)
{
    for (size_t i = 0; i < count; i++)
        MUST(cut[i].offset >= 0 && (i == 0 || cut[i - 1].id <= cut[i].id));
    end(arg, status, count, why);
}

static void on_successors(void *arg, enum weir_status status, const struct pravega_successor *successors, size_t count,
                          const struct weir_error *why)
{
    int64_t sum = 0;

    for (size_t i = 0; i < count; i++) {
        check_range(&successors[i].range);
        for (size_t j = 0; j < successors[i].predecessor_count; j++)
            sum ^= successors[i].predecessors[j]; /* all of them can be read */
    }
    (void)sum;
    end(arg, status, count, why);
}

static void on_ids(void *arg, enum weir_status status, const pravega_segment_id *ids, size_t count,
                   const struct weir_error *why)
{
    for (size_t i = 1; i < count; i++)
        MUST(ids[i - 1] <= ids[i]);
    end(arg, status, count, why);
}

static void on_endpoint(void *arg, enum weir_status status, const char *host, uint16_t port,
                        const struct weir_error *why)
{
    MUST(status != WEIR_OK || (host[0] != '\0' && port != 0));
    end(arg, status, 0, why);
}

static void on_scale(void *arg, enum weir_status status, int32_t epoch, const struct pravega_segment_range *segments,
                     size_t count, const struct weir_error *why)
{
    (void)epoch;
    on_ranges(arg, status, segments, count, why);
}

static void on_token(void *arg, enum weir_status status, const char *token, const struct weir_error *why)
{
    MUST((token != NULL) == (status == WEIR_OK));
    end(arg, status, 0, why);
}

static void on_created(void *arg, enum weir_status status, struct pravega_txn_id txn,
                       const struct pravega_segment_range *segments, size_t count, const struct weir_error *why)
{
    (void)txn;
    on_ranges(arg, status, segments, count, why);
}

static void on_state(void *arg, enum weir_status status, enum pravega_txn_status state, const struct weir_error *why)
{
    MUST(pravega_txn_status_name(state)[0] != '?');
    end(arg, status, 0, why);
}

static void check_cut(const struct pravega_stream_cut *cut)
{
    for (size_t i = 0; cut != NULL && i < cut->position_count; i++)
        MUST(cut->positions[i].offset >= PRAVEGA_OFFSET_COMPLETED &&
             (i == 0 || cut->positions[i - 1].id <= cut->positions[i].id));
}

static void on_record(void *arg, enum weir_status status, const struct pravega_group_record *record,
                      const struct weir_error *why)
{
    MUST((record != NULL) == (status == WEIR_OK));
    for (size_t i = 0; record != NULL && i < record->config.stream_count; i++) {
        const struct pravega_group_stream *at = &record->config.streams[i];

        MUST(at->stream.scope[0] != '\0' && at->stream.stream[0] != '\0');
        check_cut(at->from);
        check_cut(at->to);
    }
    end(arg, status, 0, why);
}

static void on_generation(void *arg, enum weir_status status, int64_t generation, const struct weir_error *why)
{
    (void)generation;
    end(arg, status, 0, why);
}

static void on_names(void *arg, enum weir_status status, const char *const *names, size_t count,
                     const struct weir_error *why)
{
    for (size_t i = 0; i < count; i++)
        MUST(strlen(names[i]) < SIZE_MAX);
    end(arg, status, count, why);
}

static void on_table_config(void *arg, enum weir_status status, const struct pravega_table_config *config,
                            const struct weir_error *why)
{
    MUST((config != NULL) == (status == WEIR_OK));
    MUST(config == NULL || (config->partition_count > 0 && config->primary_key_len > 0));
    end(arg, status, 0, why);
}

static void on_txns(void *arg, enum weir_status status, const struct pravega_txn_info *txns, size_t count,
                    const struct weir_error *why)
{
    for (size_t i = 0; i < count; i++)
        MUST(txns[i].status == PRAVEGA_TXN_COMMITTED || txns[i].status == PRAVEGA_TXN_ABORTED);
    end(arg, status, count, why);
}

static void on_endpoints(void *arg, enum weir_status status, const struct pravega_endpoint *endpoints, size_t count,
                         const struct weir_error *why)
{
    for (size_t i = 0; i < count; i++)
        MUST(endpoints[i].host[0] != '\0' && endpoints[i].port != 0);
    end(arg, status, count, why);
}

/* ---- the calls */

#define OLD_CALLS 22 /* inputs of the corpus name the calls by their numbers */
#define NEW_CALLS 17

static void start_new(struct fuzz *fuzz, uint8_t which)
{
    static const struct pravega_group_name group = {"s", "g"};
    static const struct pravega_group_record record;
    static const struct pravega_table_config table = {.partition_count = 1, .primary_key_len = 1};
    static const struct pravega_txn_id id = {1, 2};
    struct pravega_client *client = fuzz->client;
    struct pravega_call *call = &fuzz->call;

    switch (which) {
    case 0:
        pravega_controller_create_group(call, client, &group, &record, on_record, fuzz);
        break;
    case 1:
        pravega_controller_get_group(call, client, &group, on_record, fuzz);
        break;
    case 2:
        pravega_controller_update_group(call, client, &group, &record, on_generation, fuzz);
        break;
    case 3:
        pravega_controller_delete_group(call, client, &group, id, on_done, fuzz);
        break;
    case 4:
        pravega_controller_list_subscribers(call, client, &stream, on_names, fuzz);
        break;
    case 5:
        pravega_controller_update_subscriber_cut(call, client, &stream, &group, id, 0, NULL, 0, on_done, fuzz);
        break;
    case 6:
        pravega_controller_create_table(call, client, &stream, &table, on_done, fuzz);
        break;
    case 7:
        pravega_controller_delete_table(call, client, &stream, on_done, fuzz);
        break;
    case 8:
        pravega_controller_table_config(call, client, &stream, on_table_config, fuzz);
        break;
    case 9:
        pravega_controller_table_segments(call, client, &stream, on_ranges, fuzz);
        break;
    case 10:
        pravega_controller_list_tables(call, client, "s", "", on_page, fuzz);
        break;
    case 11:
        pravega_controller_list_tagged(call, client, "s", "tag", "", on_page, fuzz);
        break;
    case 12:
        pravega_controller_delete_scope_recursive(call, client, "s", on_done, fuzz);
        break;
    case 13:
        pravega_controller_completed_txns(call, client, &stream, on_txns, fuzz);
        break;
    case 14:
        pravega_controller_server_list(call, client, on_endpoints, fuzz);
        break;
    case 15:
        pravega_controller_cut_valid(call, client, &stream, NULL, 0, on_exists, fuzz);
        break;
    case 16:
        pravega_controller_segment_valid(call, client, &stream, 0, on_exists, fuzz);
        break;
    }
}

static void start(struct fuzz *fuzz, uint8_t which)
{
    static const struct pravega_stream_config config;
    static const struct pravega_txn_id txn = {1, 2};
    struct pravega_client *client = fuzz->client;
    struct pravega_call *call = &fuzz->call;

    which %= OLD_CALLS + NEW_CALLS;
    if (which >= OLD_CALLS) {
        start_new(fuzz, (uint8_t)(which - OLD_CALLS));
        return;
    }
    switch (which) {
    case 0:
        pravega_controller_create_scope(call, client, "s", on_done, fuzz);
        break;
    case 1:
        pravega_controller_delete_scope(call, client, "s", on_done, fuzz);
        break;
    case 2:
        pravega_controller_create_stream(call, client, &stream, &config, on_done, fuzz);
        break;
    case 3:
        pravega_controller_update_stream(call, client, &stream, &config, on_done, fuzz);
        break;
    case 4:
        pravega_controller_seal_stream(call, client, &stream, on_done, fuzz);
        break;
    case 5:
        pravega_controller_stream_exists(call, client, &stream, on_exists, fuzz);
        break;
    case 6:
        pravega_controller_stream_config(call, client, &stream, on_config, fuzz);
        break;
    case 7:
        pravega_controller_list_scopes(call, client, "", on_page, fuzz);
        break;
    case 8:
        pravega_controller_list_streams(call, client, "s", "", on_page, fuzz);
        break;
    case 9:
        pravega_controller_current_segments(call, client, &stream, on_ranges, fuzz);
        break;
    case 10:
        pravega_controller_head_segments(call, client, &stream, on_cut, fuzz);
        break;
    case 11:
        pravega_controller_successors(call, client, &stream, 0, on_successors, fuzz);
        break;
    case 12:
        pravega_controller_segments_between(call, client, &stream, NULL, 0, NULL, 0, on_ids, fuzz);
        break;
    case 13:
        pravega_controller_segment_endpoint(call, client, &stream, 0, on_endpoint, fuzz);
        break;
    case 14:
        pravega_controller_scale(call, client, &stream, NULL, 0, NULL, 0, on_scale, fuzz);
        break;
    case 15:
        pravega_controller_check_scale(call, client, &stream, 0, on_done, fuzz);
        break;
    case 16:
        pravega_controller_delegation_token(call, client, &stream, PRAVEGA_ACCESS_READ, on_token, fuzz);
        break;
    case 17:
        pravega_controller_note_timestamp(call, client, &stream, "w", NULL, 0, 1, on_done, fuzz);
        break;
    case 18:
        pravega_controller_create_txn(call, client, &stream, 10000, on_created, fuzz);
        break;
    case 19:
        pravega_controller_commit_txn(call, client, &stream, txn, NULL, 0, on_done, fuzz);
        break;
    case 20:
        pravega_controller_ping_txn(call, client, &stream, txn, 10000, on_state, fuzz);
        break;
    case 21:
        pravega_controller_check_txn(call, client, &stream, txn, on_state, fuzz);
        break;
    }
}

static void serve(void *arg, struct weir_grpc_request *request, const char *path, const char *authorization,
                  struct weir_view message)
{
    struct fuzz *fuzz = arg;

    (void)path;
    (void)authorization;
    (void)message;
    weir_grpc_answer(request, WEIR_GRPC_OK, fuzz->reply, NULL);
}

static bool has_ended(void *arg)
{
    return ((struct fuzz *)arg)->ends > 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pravega_client_options options = {
        .controller_uri = "tcp://server:9090", .auth_method = "Basic", .auth_token = "a:b"};
    struct weir_target at = {"server", 9090, NULL};
    struct fuzz fuzz = {0};
    struct weir_grpc_server *server;
    struct weir_sim *sim;
    struct weir_host *host;
    struct weir_loop *loop;

    if (size == 0 || size > WEIR_GRPC_MESSAGE_LEN_MAX)
        return 0;
    fuzz.reply = weir_view(data + 1, size - 1);
    MUST(weir_sim_new(&(struct weir_sim_options){.seed = 1}, &sim, NULL) == WEIR_OK);
    MUST(weir_sim_host_new(sim, "server", "disk", &host, NULL) == WEIR_OK);
    MUST(weir_loop_new(host, "loop", &loop, NULL) == WEIR_OK && weir_loop_start(loop, NULL) == WEIR_OK);
    MUST(weir_grpc_server_new(loop, &at, serve, &fuzz, &server, NULL) == WEIR_OK);
    MUST(pravega_client_new(loop, &options, &fuzz.client, NULL) == WEIR_OK);
    start(&fuzz, data[0]);
    MUST(fuzz.ends == 0);
    MUST(weir_sim_run(sim, has_ended, &fuzz, 10 * WEIR_NS_PER_S));
    MUST(!pravega_call_busy(&fuzz.call));
    pravega_client_free(fuzz.client);
    weir_grpc_server_free(server);
    weir_loop_stop(loop);
    weir_sim_run(sim, has_ended, &(struct fuzz){0}, WEIR_NS_PER_MS);
    weir_loop_free(loop);
    weir_host_free(host);
    weir_sim_free(sim);
    return 0;
}
