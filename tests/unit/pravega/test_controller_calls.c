/*
 * test_controller_calls.c - the typed calls: what they ask, byte for byte as Java does, and what they make of the
 * answer.
 *
 * Requests and replies are the vectors of test_proto.c (real Pravega 0.13.0); the wrong replies are ours.
 */
#include "pravega/controller.h"

#include "scripted_controller.h"

static const struct pravega_stream_name s1 = {"specscope", "s1"}, scale1 = {"specscope", "scale1"};

#define HALF "000000000000e03f"
#define ONE "000000000000f03f"
#define S1 "0a0f0a097370656373636f706512027331"
#define SCALE1 "0a130a097370656373636f706512067363616c6531"

static struct world *answering(const char *hex)
{
    struct world *world = world_new(&(struct pravega_client_options){.auth_method = "Basic", .auth_token = "a:b"});

    SCRIPT(world, {WEIR_GRPC_OK, hex, NULL, false});
    return world;
}

/* The one request that was sent. */
static void assert_request(const struct world *world, const char *rpc, const char *hex)
{
    uint8_t bytes[BYTES_MAX];
    size_t len = unhex(hex, bytes, sizeof(bytes));

    ck_assert_uint_eq(world->seen_count, 1);
    assert_seen(world, 0, rpc);
    ck_assert_uint_eq(world->seen[0].len, len);
    ck_assert_mem_eq(world->seen[0].bytes, bytes, len);
}

/* ---- calls that only succeed */

START_TEST(create_scope_asks_as_java)
{
    struct world *world = answering("");
    struct pravega_call call = {0};
    struct result result = {0};

    pravega_controller_create_scope(&call, world->client, "specscope", on_done, &result);
    world_await(world, &result);
    assert_request(world, "createScope", "0a097370656373636f7065");
    ck_assert_int_eq(result.status, WEIR_OK);
    world_free(world);
}
END_TEST

START_TEST(create_stream_asks_as_java)
{
    static const char *const tags[] = {"alpha", "beta"};
    struct pravega_stream_config config = {.min_segments = 2,
                                           .retention_type = PRAVEGA_RETENTION_SIZE,
                                           .retention_min = 1000000,
                                           .tags = tags,
                                           .tag_count = 2};
    struct world *world = answering("");
    struct pravega_call call = {0};
    struct result result = {0};

    pravega_controller_create_stream(&call, world->client, &s1, &config, on_done, &result);
    world_await(world, &result);
    assert_request(world, "createStream",
                   S1 "120220021a10080210c0843d18ffffffffffffffff7f220d0a05616c7068610a0462657461");
    world_free(world);
}
END_TEST

START_TEST(truncate_and_note_send_their_cuts)
{
    struct pravega_segment_offset cut[] = {{0, 2415}, {1, 3276}}, position[] = {{0, 30}, {1, 45}};
    struct world *world = answering("");
    struct pravega_call call = {0};
    struct result result = {0};

    pravega_controller_truncate_stream(&call, world->client, &s1, cut, 2, on_done, &result);
    world_await(world, &result);
    assert_request(world, "truncateStream", S1 "120310ef12 1205080110cc19");
    world_free(world);

    world = answering("");
    result = (struct result){0};
    pravega_controller_note_timestamp(&call, world->client, &s1, "w1", position, 2, 1000000, on_done, &result);
    world_await(world, &result);
    assert_request(world, "noteTimestampFromWriter", "0a027731121b" S1 "1202101e12040801102d18c0843d");
    world_free(world);
}
END_TEST

START_TEST(commit_sends_writer_and_time_or_neither)
{
    struct world *world = answering("");
    struct pravega_call call = {0};
    struct result result = {0};

    pravega_controller_commit_txn(&call, world->client, &s1, (struct pravega_txn_id){0, 1}, "tw1", 2000000, on_done,
                                  &result);
    world_await(world, &result);
    assert_request(world, "commitTransaction", S1 "120210011a037477312080897a");
    world_free(world);

    world = answering("");
    result = (struct result){0};
    pravega_controller_commit_txn(&call, world->client, &s1, (struct pravega_txn_id){0, 1}, NULL, 7, on_done, &result);
    world_await(world, &result);
    assert_request(world, "commitTransaction", S1 "120210012080808080808080808001");
    world_free(world);
}
END_TEST

/* ---- segments */

struct ranges_result {
    struct result result; /* first */
    struct pravega_segment_range ranges[8];
    size_t count;
    int32_t epoch;
};

static void on_ranges(void *arg, enum weir_status status, const struct pravega_segment_range *segments, size_t count,
                      const struct weir_error *why)
{
    struct ranges_result *result = arg;

    ck_assert_uint_le(count, 8);
    for (size_t i = 0; i < count; i++)
        result->ranges[i] = segments[i];
    result->count = count;
    result_set(&result->result, status, why);
}

static void on_scale(void *arg, enum weir_status status, int32_t epoch, const struct pravega_segment_range *segments,
                     size_t count, const struct weir_error *why)
{
    ((struct ranges_result *)arg)->epoch = epoch;
    on_ranges(arg, status, segments, count, why);
}

static void assert_range(struct pravega_segment_range range, pravega_segment_id id, double min_key, double max_key)
{
    ck_assert_int_eq(range.id, id);
    ck_assert(range.min_key == min_key && range.max_key == max_key);
}

START_TEST(current_segments_are_sorted_by_key)
{
    /* The vector's two segments, the upper one first. */
    struct world *world = answering("0a270a130a0f0a097370656373636f706512027331100111" HALF "19" ONE
                                    "0a1c0a110a0f0a097370656373636f70651202733119" HALF);
    struct ranges_result result = {0};
    struct pravega_call call = {0};

    pravega_controller_current_segments(&call, world->client, &s1, on_ranges, &result);
    world_await(world, &result.result);
    assert_request(world, "getCurrentSegments", "0a097370656373636f7065120273311801");
    ck_assert_uint_eq(result.count, 2);
    assert_range(result.ranges[0], 0, 0, 0.5);
    assert_range(result.ranges[1], 1, 0.5, 1);
    world_free(world);
}
END_TEST

START_TEST(epoch_segments_ask_for_the_epoch)
{
    struct world *world = answering("");
    struct ranges_result result = {0};
    struct pravega_call call = {0};

    pravega_controller_epoch_segments(&call, world->client, &s1, 7, on_ranges, &result);
    world_await(world, &result.result);
    assert_request(world, "getEpochSegments", S1 "1007");
    ck_assert_uint_eq(result.count, 0);
    world_free(world);
}
END_TEST

START_TEST(segments_without_id_or_range_break_the_protocol)
{
    static const char *const replies[] = {
        "0a0919" HALF,                      /* no id */
        "0a0b0a0019000000000000f8ff",       /* to NaN */
        "0a0b0a00190000000000000040",       /* to 2.0 */
        "0a0b0a001100000000000000c0",       /* from -2.0 */
        "0a140a0011" ONE "19" HALF,         /* from 1 to 0.5 */
        "0a140a0011000000000000f8ff19" ONE, /* from NaN */
    };
    struct world *world = answering(replies[_i]);
    struct ranges_result result = {0};
    struct pravega_call call = {0};

    pravega_controller_current_segments(&call, world->client, &s1, on_ranges, &result);
    world_await(world, &result.result);
    ck_assert_int_eq(result.result.status, WEIR_E_PROTO);
    ck_assert_uint_eq(result.count, 0);
    world_free(world);
}
END_TEST

struct cut_result {
    struct result result; /* first */
    struct pravega_segment_offset cut[8];
    size_t count;
};

static void on_cut(void *arg, enum weir_status status, const struct pravega_segment_offset *cut, size_t count,
                   const struct weir_error *why)
{
    struct cut_result *result = arg;

    ck_assert_uint_le(count, 8);
    for (size_t i = 0; i < count; i++)
        result->cut[i] = cut[i];
    result->count = count;
    result_set(&result->result, status, why);
}

START_TEST(head_is_a_cut_sorted_by_id)
{
    struct world *world = answering("0a060a0210021064 0a040a001007");
    struct cut_result result = {0};
    struct pravega_call call = {0};

    pravega_controller_head_segments(&call, world->client, &s1, on_cut, &result);
    world_await(world, &result.result);
    assert_request(world, "getSegments", "0a110a097370656373636f7065120273311801");
    ck_assert_uint_eq(result.count, 2);
    ck_assert_int_eq(result.cut[0].id, 0);
    ck_assert_int_eq(result.cut[0].offset, 7);
    ck_assert_int_eq(result.cut[1].id, 2);
    ck_assert_int_eq(result.cut[1].offset, 100);
    world_free(world);
}
END_TEST

/* What a real controller answered of a stream cut off at {0: 13} and two segments after it, with -1. */
START_TEST(a_head_leaves_out_segments_that_have_not_begun)
{
    struct world *world = answering("0a130a06108280808010 10ffffffffffffffffff01"
                                    "0a130a06108180808010 10ffffffffffffffffff01 0a040a00100d");
    struct cut_result result = {0};
    struct pravega_call call = {0};

    pravega_controller_head_segments(&call, world->client, &s1, on_cut, &result);
    world_await(world, &result.result);
    ck_assert_int_eq(result.result.status, WEIR_OK);
    ck_assert_uint_eq(result.count, 1);
    ck_assert_int_eq(result.cut[0].id, 0);
    ck_assert_int_eq(result.cut[0].offset, 13);
    world_free(world);
}
END_TEST

static const char *const no_heads[] = {
    "0a0d0a0010feffffffffffffffff01",      /* an offset of -2 */
    "0a021005",                            /* no segment */
    "0a040a001007 0a040a001008",           /* a segment twice */
    "0a0f0a0b10ffffffffffffffffff01 1005", /* segment -1 */
};

START_TEST(a_head_that_is_no_cut_breaks_the_protocol)
{
    struct world *world = answering(no_heads[_i]);
    struct cut_result result = {0};
    struct pravega_call call = {0};

    pravega_controller_head_segments(&call, world->client, &s1, on_cut, &result);
    world_await(world, &result.result);
    ck_assert_int_eq(result.result.status, WEIR_E_PROTO);
    world_free(world);
}
END_TEST

static void on_successors(void *arg, enum weir_status status, const struct pravega_successor *successors, size_t count,
                          const struct weir_error *why)
{
    ck_assert_int_eq(status, WEIR_OK);
    ck_assert_uint_eq(count, 2);
    assert_range(successors[0].range, (INT64_C(1) << 32) + 1, 0, 0.5);
    assert_range(successors[1].range, (INT64_C(1) << 32) + 2, 0.5, 1);
    for (int i = 0; i < 2; i++) {
        ck_assert_uint_eq(successors[i].predecessor_count, 1);
        ck_assert_int_eq(successors[i].predecessors[0], 0);
    }
    result_set(arg, status, why);
}

START_TEST(successors_come_with_their_predecessors)
{
    struct world *world = answering("0a2b0a260a1b" SCALE1 "10818080801019" HALF "120100"
                                    "0a340a2f0a1b" SCALE1 "10828080801011" HALF "19" ONE "120100");
    struct pravega_call call = {0};
    struct result result = {0};

    pravega_controller_successors(&call, world->client, &scale1, 0, on_successors, &result);
    world_await(world, &result);
    assert_request(world, "getSegmentsImmediatelyFollowing", SCALE1);
    world_free(world);
}
END_TEST

static void on_ids(void *arg, enum weir_status status, const pravega_segment_id *ids, size_t count,
                   const struct weir_error *why)
{
    ck_assert_uint_eq(count, 3);
    ck_assert(ids[0] == 0 && ids[1] == 1 && ids[2] == 5);
    result_set(arg, status, why);
}

START_TEST(segments_between_two_cuts_are_sorted_ids)
{
    struct pravega_segment_offset from[] = {{1, 2}}, to[] = {{3, 4}};
    struct world *world = answering("0a0210050a000a021001");
    struct pravega_call call = {0};
    struct result result = {0};

    pravega_controller_segments_between(&call, world->client, &s1, from, 1, to, 1, on_ids, &result);
    world_await(world, &result);
    assert_request(world, "getSegmentsBetween", S1 "1204080110021a0408031004");
    world_free(world);
}
END_TEST

START_TEST(scale_names_old_segments_and_new_ranges)
{
    struct pravega_segment_range ranges[] = {{0, 0, 0.5}, {0, 0.5, 1}};
    pravega_segment_id sealed[] = {0};
    struct world *world =
        answering("12260a1b" SCALE1 "10818080801019" HALF "122f0a1b" SCALE1 "10828080801011" HALF "19" ONE "1803");
    struct ranges_result result = {0};
    struct pravega_call call = {0};
    uint8_t bytes[BYTES_MAX];
    size_t len = unhex(SCALE1 "1201001a0911" HALF "1a1209" HALF "11" ONE "20", bytes, sizeof(bytes));

    pravega_controller_scale(&call, world->client, &scale1, sealed, 1, ranges, 2, on_scale, &result);
    world_await(world, &result.result);
    assert_seen(world, 0, "scale");
    ck_assert_mem_eq(world->seen[0].bytes, bytes, len); /* the time follows */
    ck_assert_int_eq(result.epoch, 3);
    ck_assert_uint_eq(result.count, 2);
    assert_range(result.ranges[1], (INT64_C(1) << 32) + 2, 0.5, 1);
    world_free(world);
}
END_TEST

/* ---- one segment's store, tokens */

struct text_result {
    struct result result; /* first */
    char text[64];
    uint16_t port;
};

static void on_endpoint(void *arg, enum weir_status status, const char *host, uint16_t port,
                        const struct weir_error *why)
{
    struct text_result *result = arg;

    snprintf(result->text, sizeof(result->text), "%s", host != NULL ? host : "");
    result->port = port;
    result_set(&result->result, status, why);
}

START_TEST(a_segment_lives_at_an_endpoint)
{
    struct world *world = answering("0a07302e302e302e3010f02e");
    struct text_result result = {0};
    struct pravega_call call = {0};

    pravega_controller_segment_endpoint(&call, world->client, &s1, 0, on_endpoint, &result);
    world_await(world, &result.result);
    assert_request(world, "getURI", S1);
    ck_assert_str_eq(result.text, "0.0.0.0");
    ck_assert_uint_eq(result.port, 6000);
    world_free(world);
}
END_TEST

START_TEST(an_endpoint_without_host_or_port_breaks_the_protocol)
{
    static const char *const replies[] = {"", "0a0161", "10f02e", "0a016110808004", "0a016110ffffffffffffffffff01"};
    struct world *world = answering(replies[_i]);
    struct text_result result = {0};
    struct pravega_call call = {0};

    pravega_controller_segment_endpoint(&call, world->client, &s1, 0, on_endpoint, &result);
    world_await(world, &result.result);
    ck_assert_int_eq(result.result.status, WEIR_E_PROTO);
    world_free(world);
}
END_TEST

static void on_token(void *arg, enum weir_status status, const char *token, const struct weir_error *why)
{
    struct text_result *result = arg;

    ck_assert_int_eq(token != NULL, status == WEIR_OK);
    snprintf(result->text, sizeof(result->text), "%s", token != NULL ? token : "");
    result_set(&result->result, status, why);
}

START_TEST(a_token_is_asked_for_with_credentials)
{
    struct world *world = answering("0a03612e62");
    struct text_result result = {0};
    struct pravega_call call = {0};

    pravega_controller_delegation_token(&call, world->client, &s1, PRAVEGA_ACCESS_READ, on_token, &result);
    world_await(world, &result.result);
    assert_request(world, "getDelegationToken", "0a097370656373636f7065120273311803");
    ck_assert_str_eq(world->seen[0].authorization, "Basic YTpi");
    ck_assert_str_eq(result.text, "a.b");
    world_free(world);
}
END_TEST

START_TEST(without_credentials_the_token_is_empty_and_nobody_is_asked)
{
    struct world *world = world_new(NULL);
    struct text_result result = {0};
    struct pravega_call call = {0};

    pravega_controller_delegation_token(&call, world->client, &s1, PRAVEGA_ACCESS_WRITE, on_token, &result);
    ck_assert_int_eq(result.result.calls, 0);
    world_await(world, &result.result);
    ck_assert_int_eq(result.result.status, WEIR_OK);
    ck_assert_str_eq(result.text, "");
    ck_assert_uint_eq(world->seen_count, 0);
    world_free(world);
}
END_TEST

/* ---- transactions */

static void on_created(void *arg, enum weir_status status, struct pravega_txn_id txn,
                       const struct pravega_segment_range *segments, size_t count, const struct weir_error *why)
{
    if (status == WEIR_OK) {
        ck_assert(txn.msb == 0 && txn.lsb == 1);
        ck_assert_uint_eq(count, 2);
        assert_range(segments[0], 0, 0, 0.5);
        assert_range(segments[1], 1, 0.5, 1);
    }
    result_set(arg, status, why);
}

START_TEST(a_transaction_begins_with_its_segments)
{
    struct world *world = answering("0a021001121c0a11" S1 "19" HALF "12270a13" S1 "100111" HALF "19" ONE);
    struct pravega_call call = {0};
    struct result result = {0};

    pravega_controller_create_txn(&call, world->client, &s1, 30000, on_created, &result);
    world_await(world, &result);
    assert_request(world, "createTransaction", S1 "10b0ea01");
    ck_assert_int_eq(result.status, WEIR_OK);
    world_free(world);
}
END_TEST

START_TEST(a_transaction_without_id_breaks_the_protocol)
{
    struct world *world = answering("");
    struct pravega_call call = {0};
    struct result result = {0};

    pravega_controller_create_txn(&call, world->client, &s1, 30000, on_created, &result);
    world_await(world, &result);
    ck_assert_int_eq(result.status, WEIR_E_PROTO);
    world_free(world);
}
END_TEST

/* What 0.13 says of a sealed stream: retried, it would take more than a minute to tell. */
START_TEST(a_transaction_that_the_controller_fails_is_not_tried_again)
{
    struct world *world = world_new(NULL);
    struct pravega_call call = {0};
    struct result result = {0};

    SCRIPT(world, {WEIR_GRPC_INTERNAL, NULL, "script", false});
    pravega_controller_create_txn(&call, world->client, &s1, 30000, on_created, &result);
    world_await(world, &result);
    ck_assert_int_eq(result.status, WEIR_E_IO);
    ck_assert_uint_eq(world->seen_count, 1);
    world_free(world);
}
END_TEST

struct state_result {
    struct result result; /* first */
    enum pravega_txn_status state;
};

static void on_state(void *arg, enum weir_status status, enum pravega_txn_status state, const struct weir_error *why)
{
    struct state_result *result = arg;

    result->state = state;
    result_set(&result->result, status, why);
}

static const struct {
    const char *hex;
    enum weir_status status;
    enum pravega_txn_status state;
} pings[] = {
    {"", WEIR_OK, PRAVEGA_TXN_OPEN},
    {"0801", WEIR_E_INVAL, PRAVEGA_TXN_UNKNOWN},
    {"0802", WEIR_E_LIMIT, PRAVEGA_TXN_UNKNOWN},
    {"0803", WEIR_E_LIMIT, PRAVEGA_TXN_UNKNOWN},
    {"0804", WEIR_E_CLOSED, PRAVEGA_TXN_UNKNOWN},
    {"0805", WEIR_OK, PRAVEGA_TXN_COMMITTED},
    {"0806", WEIR_OK, PRAVEGA_TXN_ABORTED},
    {"0807", WEIR_OK, PRAVEGA_TXN_UNKNOWN},
    {"0808", WEIR_E_PROTO, PRAVEGA_TXN_UNKNOWN},
};

START_TEST(a_ping_tells_the_state)
{
    struct world *world = answering(pings[_i].hex);
    struct state_result result = {0};
    struct pravega_call call = {0};

    pravega_controller_ping_txn(&call, world->client, &s1, (struct pravega_txn_id){0, 1}, 30000, on_state, &result);
    world_await(world, &result.result);
    assert_request(world, "pingTransaction", S1 "1202100118b0ea01");
    ck_assert_int_eq(result.result.status, pings[_i].status);
    ck_assert_int_eq(result.state, pings[_i].state);
    world_free(world);
}
END_TEST

static const struct {
    const char *hex;
    enum weir_status status;
    enum pravega_txn_status state;
} states[] = {
    {"", WEIR_OK, PRAVEGA_TXN_UNKNOWN},          {"0801", WEIR_OK, PRAVEGA_TXN_OPEN},
    {"0802", WEIR_OK, PRAVEGA_TXN_COMMITTING},   {"0803", WEIR_OK, PRAVEGA_TXN_COMMITTED},
    {"0804", WEIR_OK, PRAVEGA_TXN_ABORTING},     {"0805", WEIR_OK, PRAVEGA_TXN_ABORTED},
    {"0806", WEIR_E_PROTO, PRAVEGA_TXN_UNKNOWN}, {"08ffffffffffffffffff01", WEIR_E_PROTO, PRAVEGA_TXN_UNKNOWN},
};

START_TEST(a_check_tells_the_state)
{
    struct world *world = answering(states[_i].hex);
    struct state_result result = {0};
    struct pravega_call call = {0};

    pravega_controller_check_txn(&call, world->client, &s1, (struct pravega_txn_id){UINT64_MAX, 1}, on_state, &result);
    world_await(world, &result.result);
    assert_request(world, "checkTransactionState", S1 "120d08ffffffffffffffffff011001");
    ck_assert_int_eq(result.result.status, states[_i].status);
    ck_assert_int_eq(result.state, states[_i].state);
    world_free(world);
}
END_TEST

/* ---- configuration, existence */

static void on_config(void *arg, enum weir_status status, const struct pravega_stream_config *config,
                      const struct weir_error *why)
{
    ck_assert_ptr_nonnull(config);
    ck_assert_int_eq(config->scale_type, PRAVEGA_SCALE_BY_EVENTS);
    ck_assert_int_eq(config->target_rate, 100);
    ck_assert_int_eq(config->scale_factor, 2);
    ck_assert_int_eq(config->min_segments, 3);
    ck_assert_int_eq(config->retention_type, PRAVEGA_RETENTION_TIME);
    ck_assert_int_eq(config->retention_min, 5);
    ck_assert_int_eq(config->retention_max, 0);
    result_set(arg, status, why);
}

START_TEST(a_configuration_is_read)
{
    struct world *world = answering(S1 "1208080210641802 2003 1a0e 0801 1005 18ffffffffffffffff7f");
    struct pravega_call call = {0};
    struct result result = {0};

    pravega_controller_stream_config(&call, world->client, &s1, on_config, &result);
    world_await(world, &result);
    assert_request(world, "getStreamConfiguration", "0a097370656373636f706512027331");
    world_free(world);
}
END_TEST

static void on_no_config(void *arg, enum weir_status status, const struct pravega_stream_config *config,
                         const struct weir_error *why)
{
    ck_assert_ptr_null(config);
    result_set(arg, status, why);
}

START_TEST(a_configuration_of_unknown_kind_breaks_the_protocol)
{
    struct world *world = answering(_i == 0 ? S1 "12020803" : S1 "1a020807"); /* scaling 3, retention 7 */
    struct pravega_call call = {0};
    struct result result = {0};

    pravega_controller_stream_config(&call, world->client, &s1, on_no_config, &result);
    world_await(world, &result);
    ck_assert_int_eq(result.status, WEIR_E_PROTO);
    world_free(world);
}
END_TEST

static void on_exists(void *arg, enum weir_status status, bool exists, const struct weir_error *why)
{
    ck_assert(exists);
    result_set(arg, status, why);
}

START_TEST(existence_is_told)
{
    struct world *world = answering("0801");
    struct pravega_call call = {0};
    struct result result = {0};

    pravega_controller_stream_exists(&call, world->client, &s1, on_exists, &result);
    world_await(world, &result);
    assert_request(world, "checkStreamExists", "0a097370656373636f706512027331");
    world_free(world);
}
END_TEST

static void add_cases(TCase *tc)
{
    tcase_add_test(tc, create_scope_asks_as_java);
    tcase_add_test(tc, create_stream_asks_as_java);
    tcase_add_test(tc, truncate_and_note_send_their_cuts);
    tcase_add_test(tc, commit_sends_writer_and_time_or_neither);
    tcase_add_test(tc, current_segments_are_sorted_by_key);
    tcase_add_test(tc, epoch_segments_ask_for_the_epoch);
    tcase_add_loop_test(tc, segments_without_id_or_range_break_the_protocol, 0, 6);
    tcase_add_test(tc, head_is_a_cut_sorted_by_id);
    tcase_add_test(tc, a_head_leaves_out_segments_that_have_not_begun);
    tcase_add_loop_test(tc, a_head_that_is_no_cut_breaks_the_protocol, 0, sizeof(no_heads) / sizeof(no_heads[0]));
    tcase_add_test(tc, successors_come_with_their_predecessors);
    tcase_add_test(tc, segments_between_two_cuts_are_sorted_ids);
    tcase_add_test(tc, scale_names_old_segments_and_new_ranges);
    tcase_add_test(tc, a_segment_lives_at_an_endpoint);
    tcase_add_loop_test(tc, an_endpoint_without_host_or_port_breaks_the_protocol, 0, 5);
    tcase_add_test(tc, a_token_is_asked_for_with_credentials);
    tcase_add_test(tc, without_credentials_the_token_is_empty_and_nobody_is_asked);
    tcase_add_test(tc, a_transaction_begins_with_its_segments);
    tcase_add_test(tc, a_transaction_without_id_breaks_the_protocol);
    tcase_add_test(tc, a_transaction_that_the_controller_fails_is_not_tried_again);
    tcase_add_loop_test(tc, a_ping_tells_the_state, 0, sizeof(pings) / sizeof(pings[0]));
    tcase_add_loop_test(tc, a_check_tells_the_state, 0, sizeof(states) / sizeof(states[0]));
    tcase_add_test(tc, a_configuration_is_read);
    tcase_add_loop_test(tc, a_configuration_of_unknown_kind_breaks_the_protocol, 0, 2);
    tcase_add_test(tc, existence_is_told);
}

int main(void)
{
    return run_cases("controller_calls", add_cases);
}
