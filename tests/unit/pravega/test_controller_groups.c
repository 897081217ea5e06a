/*
 * test_controller_groups.c - the controller's calls on reader groups, subscribers, key-value tables and ended
 * transactions: what they ask, byte for byte as Java does, and what they make of the answer.
 *
 * Requests and replies are recorded ones of real Pravega 0.13.0 where it says so; the wrong replies are ours.
 */
#include "pravega/controller.h"

#include "scripted_controller.h"

static const struct pravega_stream_name s1 = {"specscope", "s1"}, scale1 = {"specscope", "scale1"};
static const struct pravega_group_name rg1 = {"specscope", "rg1"}, rg2 = {"specscope", "rg2"};
static const struct pravega_stream_name t1 = {"specscope", "t1"};

#define S1 "0a0f0a097370656373636f706512027331"
#define SCALE1 "0a130a097370656373636f706512067363616c6531"
/* Recorded: specscope/rg1 reads s1 from its head for ever. */
#define RG1_ID "42 24 61316331353262372d363563632d343330332d613834392d323633356133393437316138"
#define RG1 "0a097370656373636f706512037267 3118b81720b0ea012803" RG1_ID "4a11" S1 "5211" S1

static struct world *answering(const char *hex)
{
    struct world *world = world_new(NULL);

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

/* ---- reader groups */

#define STREAMS_MAX 4

struct record_result {
    struct result result; /* first */
    struct pravega_group_record record;
    char names[64]; /* of the streams, with blanks between */
    size_t from_count[STREAMS_MAX], to_count[STREAMS_MAX];
};

static void on_record(void *arg, enum weir_status status, const struct pravega_group_record *record,
                      const struct weir_error *why)
{
    struct record_result *result = arg;

    ck_assert_int_eq(record != NULL, status == WEIR_OK);
    for (size_t i = 0; record != NULL && i < record->config.stream_count; i++) {
        const struct pravega_group_stream *stream = &record->config.streams[i];

        ck_assert_uint_lt(i, STREAMS_MAX);
        strcat(strcat(result->names, stream->stream.stream), " ");
        result->from_count[i] = stream->from != NULL ? stream->from->position_count : 0;
        result->to_count[i] = stream->to != NULL ? stream->to->position_count : 0;
        for (size_t j = 1; j < result->from_count[i]; j++)
            ck_assert_int_lt(stream->from->positions[j - 1].id, stream->from->positions[j].id);
    }
    if (record != NULL)
        result->record = *record;
    result_set(&result->result, status, why);
}

static const struct pravega_group_stream reads_s1 = {{"specscope", "s1"}, NULL, NULL};
static const struct pravega_group_record rg1_record = {
    .config = {.streams = &reads_s1, .stream_count = 1},
    .id = {UINT64_C(0xa1c152b765cc4303), UINT64_C(0xa8492635a39471a8)}};

START_TEST(a_group_is_created_as_by_java)
{
    struct world *world = answering("1265" RG1);
    struct record_result result = {0};
    struct pravega_call call = {0};

    pravega_controller_create_group(&call, world->client, &rg1, &rg1_record, on_record, &result);
    world_await(world, &result.result);
    assert_request(world, "createReaderGroup", RG1);
    ck_assert_int_eq(result.result.status, WEIR_OK);
    ck_assert(result.record.id.msb == rg1_record.id.msb && result.record.id.lsb == rg1_record.id.lsb);
    ck_assert_int_eq(result.record.generation, 0);
    ck_assert_int_eq(result.record.config.group_refresh_time_ms, 3000);
    ck_assert_int_eq(result.record.config.automatic_checkpoint_interval_ms, 30000);
    ck_assert_int_eq(result.record.config.max_outstanding_checkpoint_request, 3);
    ck_assert_int_eq(result.record.config.retention_type, PRAVEGA_DATA_RETENTION_NONE);
    ck_assert_str_eq(result.names, "s1 ");
    ck_assert_uint_eq(result.from_count[0] + result.to_count[0], 0);
    world_free(world);
}
END_TEST

START_TEST(a_group_is_asked_for_by_its_name)
{
    struct world *world = answering("0a65" RG1);
    struct record_result result = {0};
    struct pravega_call call = {0};

    pravega_controller_get_group(&call, world->client, &rg1, on_record, &result);
    world_await(world, &result.result);
    assert_request(world, "getReaderGroupConfig", "0a097370656373636f70651203726731");
    ck_assert_str_eq(result.names, "s1 ");
    world_free(world);
}
END_TEST

/* Two streams, "b" with a start {2: -1, 1: 5} and "a" with an end {0: 9}, in different orders. */
START_TEST(cuts_come_sorted_and_with_their_stream)
{
    struct world *world = answering("0a61" RG1_ID "3002 3801"
                                    "4a1d 0a060a0173120162 120d080210ffffffffffffffffff01 120408011005"
                                    "4a08 0a060a0173120161 520c 0a060a0173120161 12021009");
    struct record_result result = {0};
    struct pravega_call call = {0};

    pravega_controller_get_group(&call, world->client, &rg1, on_record, &result);
    world_await(world, &result.result);
    ck_assert_msg(result.result.status == WEIR_OK, "%s", result.result.words);
    ck_assert_str_eq(result.names, "a b ");
    ck_assert_uint_eq(result.to_count[0], 1);
    ck_assert_uint_eq(result.from_count[1], 2);
    ck_assert_uint_eq(result.to_count[1], 0);
    ck_assert_int_eq(result.record.generation, 1);
    world_free(world);
}
END_TEST

/* No id; a bad one; a cut without a stream; a retention that is none; an offset of -2; a stream twice; an end without a
 * start; no config. */
static const char *const bad_records[] = {
    "0a00",
    "0a03420161",
    "0a28" RG1_ID "4a00",
    "0a28" RG1_ID "3007",
    "0a3f" RG1_ID "4a17 0a060a0173120161 120d080010feffffffffffffffff01",
    "0a3a" RG1_ID "4a08 0a060a0173120161 4a08 0a060a0173120161",
    "0a30" RG1_ID "5208 0a060a0173120161",
    "",
};

START_TEST(a_configuration_that_cannot_be_breaks_the_protocol)
{
    struct world *world = answering(bad_records[_i]);
    struct record_result result = {0};
    struct pravega_call call = {0};

    pravega_controller_get_group(&call, world->client, &rg1, on_record, &result);
    world_await(world, &result.result);
    ck_assert_int_eq(result.result.status, WEIR_E_PROTO);
    ck_assert_ptr_nonnull(strstr(result.result.words, "configuration"));
    world_free(world);
}
END_TEST

struct generation_result {
    struct result result; /* first */
    int64_t generation;
};

static void on_generation(void *arg, enum weir_status status, int64_t generation, const struct weir_error *why)
{
    struct generation_result *result = arg;

    result->generation = generation;
    result_set(&result->result, status, why);
}

/* Replies: success with generation 5; and each refusal. */
static const struct {
    const char *reply;
    enum weir_status status;
    const char *words;
} updates[] = {
    {"1005", WEIR_OK, ""},
    {"0801", WEIR_E_BUSY, "cannot update reader group specscope/rg1: another update of it is under way"},
    {"0802", WEIR_E_NOT_FOUND, "cannot update reader group specscope/rg1: it does not exist"},
    {"08031004", WEIR_E_CONFLICT,
     "cannot update reader group specscope/rg1: it has another id, or was updated meanwhile"},
    {"0804", WEIR_E_PROTO, "cannot update reader group specscope/rg1: the controller answered status 4, which is none"},
};

START_TEST(an_update_answers_with_the_generation)
{
    struct world *world = answering(updates[_i].reply);
    struct generation_result result = {0};
    struct pravega_call call = {0};

    pravega_controller_update_group(&call, world->client, &rg1, &rg1_record, on_generation, &result);
    world_await(world, &result.result);
    assert_request(world, "updateReaderGroup", RG1);
    ck_assert_int_eq(result.result.status, updates[_i].status);
    ck_assert_str_eq(result.result.words, updates[_i].words);
    ck_assert_int_eq(result.generation, updates[_i].status == WEIR_OK ? 5 : 0);
    world_free(world);
}
END_TEST

START_TEST(a_group_is_deleted_by_its_id)
{
    struct world *world = answering("");
    struct pravega_call call = {0};
    struct result result = {0};

    pravega_controller_delete_group(&call, world->client, &rg1, rg1_record.id, on_done, &result);
    world_await(world, &result);
    assert_request(world, "deleteReaderGroup",
                   "0a097370656373636f70651203726731"
                   "1a2461316331353262372d363563632d343330332d613834392d323633356133393437316138");
    ck_assert_int_eq(result.status, WEIR_OK);
    world_free(world);
}
END_TEST

START_TEST(a_group_needs_a_name)
{
    struct pravega_group_name nameless = {"specscope", ""};
    struct world *world = answering("");
    struct record_result result = {0};
    struct pravega_call call = {0};

    pravega_controller_get_group(&call, world->client, &nameless, on_record, &result);
    world_await(world, &result.result);
    ck_assert_int_eq(result.result.status, WEIR_E_INVAL);
    ck_assert_uint_eq(world->seen_count, 0);
    world_free(world);
}
END_TEST

/* ---- subscribers */

static void on_names(void *arg, enum weir_status status, const char *const *names, size_t count,
                     const struct weir_error *why)
{
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(names[0], "s/a");
    ck_assert_str_eq(names[1], "s/b");
    result_set(arg, status, why);
}

START_TEST(subscribers_are_listed)
{
    struct world *world = answering("0a03732f610a03732f62");
    struct pravega_call call = {0};
    struct result result = {0};

    pravega_controller_list_subscribers(&call, world->client, &s1, on_names, &result);
    world_await(world, &result);
    assert_request(world, "listSubscribers", "0a097370656373636f706512027331");
    world_free(world);
}
END_TEST

/* Recorded, but that Java writes a map's key of 0 out. */
START_TEST(a_subscriber_sends_its_cut)
{
    struct pravega_txn_id id = {UINT64_C(0x682867b7f7574476), UINT64_C(0x9d00c4e5383dd200)};
    struct pravega_segment_offset cut = {0, -1};
    struct world *world = answering("0801");
    struct pravega_call call = {0};
    struct result result = {0};

    pravega_controller_update_subscriber_cut(&call, world->client, &scale1, &rg2, id, 0, &cut, 1, on_done, &result);
    world_await(world, &result);
    assert_request(world, "updateSubscriberStreamCut",
                   "0a0d7370656373636f70652f726732"
                   "1a2436383238363762372d663735372d343437362d396430302d633465353338336464323030"
                   "2222" SCALE1 "120b10ffffffffffffffffff01");
    ck_assert_int_eq(result.status, WEIR_E_IO);
    world_free(world);
}
END_TEST

/* ---- key-value tables */

START_TEST(a_table_is_created_as_by_java)
{
    struct pravega_table_config config = {.partition_count = 2, .primary_key_len = 4, .secondary_key_len = 2};
    struct world *world = answering("");
    struct pravega_call call = {0};
    struct result result = {0};

    pravega_controller_create_table(&call, world->client, &t1, &config, on_done, &result);
    world_await(world, &result);
    assert_request(world, "createKeyValueTable", "0a097370656373636f706512027431180220042802");
    ck_assert_int_eq(result.status, WEIR_OK);
    world_free(world);
}
END_TEST

static void on_table(void *arg, enum weir_status status, const struct pravega_table_config *config,
                     const struct weir_error *why)
{
    ck_assert_int_eq(config != NULL, status == WEIR_OK);
    if (config != NULL)
        ck_assert(config->partition_count == 2 && config->primary_key_len == 4 && config->secondary_key_len == 2);
    result_set(arg, status, why);
}

/* A configuration; none; one without partitions; a table that is not there. */
static const struct {
    const char *reply;
    enum weir_status status;
} tables[] = {
    {"0a06180220042802", WEIR_OK}, {"", WEIR_E_PROTO}, {"0a0420042802", WEIR_E_PROTO}, {"0a001002", WEIR_E_NOT_FOUND}};

START_TEST(a_table_has_a_configuration)
{
    struct world *world = answering(tables[_i].reply);
    struct pravega_call call = {0};
    struct result result = {0};

    pravega_controller_table_config(&call, world->client, &t1, on_table, &result);
    world_await(world, &result);
    assert_request(world, "getKeyValueTableConfiguration", "0a097370656373636f706512027431");
    ck_assert_int_eq(result.status, tables[_i].status);
    world_free(world);
}
END_TEST

/* ---- the rest */

static void on_txns(void *arg, enum weir_status status, const struct pravega_txn_info *txns, size_t count,
                    const struct weir_error *why)
{
    ck_assert_uint_eq(count, status == WEIR_OK ? 2 : 0);
    if (count != 0) {
        ck_assert(txns[0].id.lsb == 7 && txns[0].status == PRAVEGA_TXN_COMMITTED);
        ck_assert(txns[1].id.msb == 1 && txns[1].status == PRAVEGA_TXN_ABORTED);
    }
    result_set(arg, status, why);
}

START_TEST(ended_transactions_are_listed)
{
    struct world *world = answering("12040a02 1007 12060a0208011001");
    struct pravega_call call = {0};
    struct result result = {0};

    pravega_controller_completed_txns(&call, world->client, &s1, on_txns, &result);
    world_await(world, &result);
    assert_request(world, "listCompletedTransactions", S1);
    ck_assert_int_eq(result.status, WEIR_OK);
    world_free(world);

    world = answering("12021001"); /* without an id */
    result = (struct result){0};
    pravega_controller_completed_txns(&call, world->client, &s1, on_txns, &result);
    world_await(world, &result);
    ck_assert_int_eq(result.status, WEIR_E_PROTO);
    world_free(world);
}
END_TEST

static void on_endpoints(void *arg, enum weir_status status, const struct pravega_endpoint *endpoints, size_t count,
                         const struct weir_error *why)
{
    ck_assert_uint_eq(count, status == WEIR_OK ? 1 : 0);
    if (count != 0) {
        ck_assert_str_eq(endpoints[0].host, "c1");
        ck_assert_uint_eq(endpoints[0].port, 9090);
    }
    result_set(arg, status, why);
}

START_TEST(controllers_are_listed_or_at_once_not)
{
    struct world *world = answering("0a070a0263311082 47");
    struct pravega_call call = {0};
    struct result result = {0};

    pravega_controller_server_list(&call, world->client, on_endpoints, &result);
    world_await(world, &result);
    assert_request(world, "getControllerServerList", "");
    ck_assert_int_eq(result.status, WEIR_OK);

    SCRIPT(world, {WEIR_GRPC_UNKNOWN, NULL, "Controller cluster not initialized", false});
    result = (struct result){0};
    pravega_controller_server_list(&call, world->client, on_endpoints, &result);
    world_await(world, &result);
    ck_assert_uint_eq(world->seen_count, 1);
    ck_assert_int_eq(result.status, WEIR_E_IO);
    world_free(world);
}
END_TEST

static void add_cases(TCase *tc)
{
    tcase_add_test(tc, a_group_is_created_as_by_java);
    tcase_add_test(tc, a_group_is_asked_for_by_its_name);
    tcase_add_test(tc, cuts_come_sorted_and_with_their_stream);
    tcase_add_loop_test(tc, a_configuration_that_cannot_be_breaks_the_protocol, 0,
                        sizeof(bad_records) / sizeof(bad_records[0]));
    tcase_add_loop_test(tc, an_update_answers_with_the_generation, 0, sizeof(updates) / sizeof(updates[0]));
    tcase_add_test(tc, a_group_is_deleted_by_its_id);
    tcase_add_test(tc, a_group_needs_a_name);
    tcase_add_test(tc, subscribers_are_listed);
    tcase_add_test(tc, a_subscriber_sends_its_cut);
    tcase_add_test(tc, a_table_is_created_as_by_java);
    tcase_add_loop_test(tc, a_table_has_a_configuration, 0, sizeof(tables) / sizeof(tables[0]));
    tcase_add_test(tc, ended_transactions_are_listed);
    tcase_add_test(tc, controllers_are_listed_or_at_once_not);
}

int main(void)
{
    return run_cases("controller_groups", add_cases);
}
