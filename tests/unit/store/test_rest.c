/*
 * test_rest.c - the store over HTTP: the management API with the statuses of Pravega's own, health and metrics.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "group_events.h"
#include "serve_fixture.h"

#define JSON "Content-Type: application/json\r\n"
#define FIXED(n) "\"scalingPolicy\":{\"type\":\"FIXED_NUM_SEGMENTS\",\"minSegments\":" #n "}"

static struct served *served;
static struct weir_buf answer;

static void setup(void)
{
    served = served_new();
    weir_buf_init(&answer, (size_t)16 << 20);
}

static void teardown(void)
{
    weir_buf_fini(&answer);
    served_free(served);
}

static const char *text(void)
{
    return (const char *)answer.ptr;
}

static int ask(const char *method_and_path, const char *body)
{
    return http(served, method_and_path, body != NULL ? JSON : "", body, &answer);
}

/* The answer has to be this JSON, whatever the order of its keys. */
static void ck_is(const char *expected)
{
    json_t *want = json_loads(expected, JSON_DECODE_ANY, NULL), *got = json_loads(text(), JSON_DECODE_ANY, NULL);

    ck_assert_ptr_nonnull(want);
    ck_assert_msg(json_equal(want, got), "it said %s", text());
    json_decref(want);
    json_decref(got);
}

/* --- Scopes ----------------------------------------------------------------------------------------------------- */

START_TEST(scopes)
{
    ck_assert_int_eq(ask("GET /v1/scopes", NULL), 200);
    ck_is("{\"scopes\":[{\"scopeName\":\"_system\"}]}");
    ck_assert_int_eq(ask("POST /v1/scopes", "{\"scopeName\":\"sc\",\"unknown\":1}"), 201);
    ck_is("{\"scopeName\":\"sc\"}");
    ck_assert_int_eq(ask("POST /v1/scopes", "{\"scopeName\":\"sc\"}"), 409);
    ck_assert_int_eq(ask("POST /v1/scopes", "{\"scopeName\":\"s c\"}"), 400);
    ck_assert_int_eq(ask("POST /v1/scopes", "{\"scopeName\":\"_sc\"}"), 400);
    ck_assert_int_eq(ask("POST /v1/scopes", "{\"scopeName\":7}"), 400);
    ck_assert_int_eq(ask("POST /v1/scopes", "{}"), 400);
    ck_assert_int_eq(ask("GET /v1/scopes/sc", NULL), 200);
    ck_is("{\"scopeName\":\"sc\"}");
    ck_assert_int_eq(ask("GET /v1/scopes/%73c", NULL), 200);
    ck_assert_int_eq(ask("GET /v1/scopes/none", NULL), 404);
    ck_assert_int_eq(ask("GET /v1/scopes/none/streams", NULL), 404);
    ck_assert_int_eq(ask("DELETE /v1/scopes/none", NULL), 404);
    make_stream(served, "sc", "st", 1);
    ck_assert_int_eq(ask("DELETE /v1/scopes/sc", NULL), 412);
    served_restart(served);
    ck_assert_int_eq(ask("GET /v1/scopes", NULL), 200);
    ck_is("{\"scopes\":[{\"scopeName\":\"_system\"},{\"scopeName\":\"sc\"}]}");
    ck_assert_int_eq(ask("PUT /v1/scopes/sc/streams/st/state", "{\"streamState\":\"SEALED\"}"), 200);
    ck_assert_int_eq(ask("DELETE /v1/scopes/sc/streams/st", NULL), 204);
    ck_assert_int_eq(ask("DELETE /v1/scopes/sc", NULL), 204);
    ck_assert_str_eq(text(), "");
    ck_assert_int_eq(ask("GET /v1/scopes/sc", NULL), 404);
}
END_TEST

/* --- Streams ---------------------------------------------------------------------------------------------------- */

#define MOST                                                                                                           \
    "\"timestampAggregationTimeout\":5000,\"rolloverSizeBytes\":1048576,\"scalingPolicy\":"                            \
    "{\"type\":\"BY_RATE_IN_EVENTS_PER_SEC\",\"targetRate\":100,\"scaleFactor\":2,\"minSegments\":3}"

/* Goal: what is set over HTTP is what gRPC tells, and the other way round. */
START_TEST(streams)
{
    Pravega__StreamInfo info = stream_info("sc", "st");
    const Pravega__StreamConfig *config;

    make_scope(served, "sc");
    ck_assert_int_eq(ask("POST /v1/scopes/sc/streams",
                         "{\"streamName\":\"st\"," MOST ",\"streamTags\":[\"a\",\"b\"],"
                         "\"retentionPolicy\":{\"type\":\"LIMITED_SIZE_MB\",\"value\":10,\"maxValue\":20}}"),
                     201);
    ck_is("{\"scopeName\":\"sc\",\"streamName\":\"st\"," MOST ",\"tags\":[\"a\",\"b\"],"
          "\"retentionPolicy\":{\"type\":\"LIMITED_SIZE_MB\",\"value\":10}}");
    config = rpc(served, "getStreamConfiguration", &info, NULL);
    ck_assert_int_eq(config->scalingpolicy->scaletype,
                     PRAVEGA__SCALING_POLICY__SCALING_POLICY_TYPE__BY_RATE_IN_EVENTS_PER_SEC);
    ck_assert_int_eq(config->scalingpolicy->targetrate, 100);
    ck_assert_int_eq(config->scalingpolicy->minnumsegments, 3);
    ck_assert_int_eq(config->retentionpolicy->retentiontype,
                     PRAVEGA__RETENTION_POLICY__RETENTION_POLICY_TYPE__SIZE);
    ck_assert(config->retentionpolicy->retentionparam == 10 << 20 && config->retentionpolicy->retentionmax == 20 << 20);
    ck_assert(config->tags->n_tag == 2 && strcmp(config->tags->tag[1], "b") == 0);
    ck_assert(config->timestampaggregationtimeout == 5000 && config->rolloversizebytes == 1 << 20);
    ck_assert_uint_eq(((const Pravega__SegmentRanges *)rpc(served, "getCurrentSegments", &info, NULL))->n_segmentranges,
                      3);
    ck_assert_int_eq(ask("GET /v1/scopes/sc/streams/st", NULL), 200);
    ck_is("{\"scopeName\":\"sc\",\"streamName\":\"st\"," MOST ",\"tags\":[\"a\",\"b\"],"
          "\"retentionPolicy\":{\"type\":\"LIMITED_SIZE_MB\",\"value\":10}}");
    ck_assert_int_eq(ask("PUT /v1/scopes/sc/streams/st", "{" FIXED(1) "}"), 200);
    ck_assert_int_eq(ask("GET /v1/scopes/sc/streams/st", NULL), 200);
    ck_is("{\"scopeName\":\"sc\",\"streamName\":\"st\"," FIXED(1) ",\"tags\":[],\"timestampAggregationTimeout\":0,"
          "\"rolloverSizeBytes\":0}");
}
END_TEST

START_TEST(streams_that_cannot_be)
{
    static const char *const bodies[] = {
        "{" FIXED(1) "}",
        "{\"streamName\":\"_x\"," FIXED(1) "}",
        "{\"streamName\":\"x/y\"," FIXED(1) "}",
        "{\"streamName\":\"x\"}",
        "{\"streamName\":\"x\"," FIXED(0) "}",
        "{\"streamName\":\"x\"," FIXED(-1) "}",
        "{\"streamName\":\"x\"," FIXED(1.5) "}",
        "{\"streamName\":\"x\"," FIXED(4294967297) "}",
        "{\"streamName\":\"x\"," FIXED(10001) "}",
        "{\"streamName\":\"x\",\"scalingPolicy\":{\"type\":\"BY_MOON\",\"minSegments\":1}}",
        "{\"streamName\":\"x\",\"scalingPolicy\":{\"type\":\"BY_RATE_IN_EVENTS_PER_SEC\",\"minSegments\":1}}",
        "{\"streamName\":\"x\",\"scalingPolicy\":[]," FIXED(1) "}x",
        "{\"streamName\":\"x\"," FIXED(1) ",\"retentionPolicy\":{\"value\":1}}",
        "{\"streamName\":\"x\"," FIXED(1) ","
        "\"retentionPolicy\":{\"type\":\"LIMITED_SIZE_MB\",\"value\":99999999999999}}",
        "{\"streamName\":\"x\"," FIXED(1) ",\"retentionPolicy\":{\"type\":\"LIMITED_DAYS\",\"value\":-1}}",
        "{\"streamName\":\"x\"," FIXED(1) ",\"retentionPolicy\":{\"type\":\"LIMITED_SIZE_MB\"}}",
        "{\"streamName\":\"x\"," FIXED(1) ",\"retentionPolicy\":{\"type\":\"LIMITED_SIZE_MB\",\"value\":0}}",
        "{\"streamName\":\"x\"," FIXED(1) ",\"retentionPolicy\":{\"type\":\"LIMITED_DAYS\",\"maxValue\":1}}",
        "{\"streamName\":\"x\"," FIXED(1) ",\"retentionPolicy\":{\"type\":\"LIMITED_DAYS\",\"timeBasedRetention\":[]}}",
        "{\"streamName\":\"x\"," FIXED(1) ",\"streamTags\":\"a\"}",
        "{\"streamName\":\"x\"," FIXED(1) ",\"streamTags\":[1]}",
        "{\"streamName\":\"x\"," FIXED(1) ",\"rolloverSizeBytes\":\"1\"}",
        "[]",
        "{",
        "\"x\"",
    };

    make_scope(served, "sc");
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        ck_assert_msg(ask("POST /v1/scopes/sc/streams", bodies[i]) == 400, "taken: %s", bodies[i]);
    ck_assert_int_eq(ask("POST /v1/scopes/none/streams", "{\"streamName\":\"x\"," FIXED(1) "}"), 404);
    ck_assert_int_eq(ask("POST /v1/scopes/sc/streams", "{\"streamName\":\"x\"," FIXED(1) "}"), 201);
    ck_assert_int_eq(ask("POST /v1/scopes/sc/streams", "{\"streamName\":\"x\"," FIXED(1) "}"), 409);
    ck_assert_int_eq(ask("PUT /v1/scopes/sc/streams/none", "{" FIXED(1) "}"), 404);
    ck_assert_int_eq(ask("GET /v1/scopes/sc/streams/none", NULL), 404);
    ck_assert_int_eq(ask("PUT /v1/scopes/sc/streams/none/state", "{\"streamState\":\"SEALED\"}"), 404);
    ck_assert_int_eq(ask("PUT /v1/scopes/sc/streams/x/state", "{\"streamState\":\"OPEN\"}"), 400);
    ck_assert_int_eq(ask("DELETE /v1/scopes/sc/streams/none", NULL), 404);
    ck_assert_int_eq(ask("DELETE /v1/scopes/sc/streams/x", NULL), 412);
}
END_TEST

START_TEST(retention_by_time)
{
    static const struct {
        const char *set, *told;
        int64_t ms;
    } policies[] = {
        {"\"value\":2", "\"value\":2,\"timeBasedRetention\":{\"days\":2,\"hours\":0,\"minutes\":0}", 172800000},
        {"\"value\":0,\"timeBasedRetention\":{\"days\":1,\"hours\":2,\"minutes\":3}",
         "\"value\":0,\"timeBasedRetention\":{\"days\":1,\"hours\":2,\"minutes\":3}", 93780000},
        {"\"timeBasedRetention\":{\"hours\":48}",
         "\"value\":2,\"timeBasedRetention\":{\"days\":2,\"hours\":0,\"minutes\":0}", 172800000},
    };
    Pravega__StreamInfo info = stream_info("sc", "st");

    make_scope(served, "sc");
    make_stream(served, "sc", "st", 1);
    for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
        const Pravega__StreamConfig *config;
        char body[512], told[512];

        snprintf(body, sizeof(body), "{" FIXED(1) ",\"retentionPolicy\":{\"type\":\"LIMITED_DAYS\",%s}}",
                 policies[i].set);
        ck_assert_int_eq(ask("PUT /v1/scopes/sc/streams/st", body), 200);
        snprintf(told, sizeof(told),
                 "{\"scopeName\":\"sc\",\"streamName\":\"st\"," FIXED(1) ",\"tags\":[],\"rolloverSizeBytes\":0,"
                 "\"timestampAggregationTimeout\":0,\"retentionPolicy\":{\"type\":\"LIMITED_DAYS\",%s}}",
                 policies[i].told);
        ck_is(told);
        config = rpc(served, "getStreamConfiguration", &info, NULL);
        ck_assert_int_eq(config->retentionpolicy->retentionparam, policies[i].ms);
    }
}
END_TEST

static size_t listed(const char *path)
{
    json_t *got;
    size_t count;

    ck_assert_int_eq(ask(path, NULL), 200);
    got = json_loads(text(), 0, NULL);
    count = json_array_size(json_object_get(got, "streams"));
    json_decref(got);
    return count;
}

START_TEST(lists_of_streams)
{
    make_scope(served, "sc");
    ck_assert_uint_eq(listed("GET /v1/scopes/sc/streams"), 0);
    make_stream(served, "sc", "plain", 1);
    ck_assert_int_eq(ask("POST /v1/scopes/sc/streams",
                         "{\"streamName\":\"tagged\"," FIXED(1) ",\"streamTags\":[\"a b\",\"c\"]}"),
                     201);
    ck_assert_uint_eq(listed("GET /v1/scopes/sc/streams"), 2);
    ck_assert_uint_eq(listed("GET /v1/scopes/sc/streams?filter_type=showInternalStreams"), 2); /* their marks */
    ck_assert_uint_eq(listed("GET /v1/scopes/sc/streams?filter_type=tag&filter_value=a+b"), 1);
    ck_assert_ptr_nonnull(strstr(text(), "\"tagged\""));
    ck_assert_uint_eq(listed("GET /v1/scopes/sc/streams?filter_type=tag&filter_value=b"), 0);
}
END_TEST

#define GROUP "{\"scopeName\":\"sc\",\"readerGroupName\":\"rg\",\"streamList\":[\"sc/st\"],\"onlineReaderIds\":"

static void make_group(const char *name)
{
    Pravega__ReaderGroupConfiguration group = PRAVEGA__READER_GROUP_CONFIGURATION__INIT;
    Pravega__StreamCut cut = PRAVEGA__STREAM_CUT__INIT, *cuts[] = {&cut};
    Pravega__StreamInfo info = stream_info("sc", "st");

    group.scope = pravega_proto_str("sc");
    group.readergroupname = pravega_proto_str(name);
    group.readergroupid = pravega_proto_str("00000000-0000-0000-0000-000000000001");
    group.maxoutstandingcheckpointrequest = 3;
    cut.streaminfo = &info;
    group.n_startingstreamcuts = group.n_endingstreamcuts = 1;
    group.startingstreamcuts = group.endingstreamcuts = cuts;
    rpc(served, "createReaderGroup", &group, NULL);
}

START_TEST(reader_groups)
{
    make_scope(served, "sc");
    make_stream(served, "sc", "st", 1);
    ck_assert_int_eq(ask("GET /v1/scopes/sc/readergroups", NULL), 200);
    ck_is("{\"readerGroups\":[]}");
    make_group("rg");
    ck_assert_int_eq(ask("GET /v1/scopes/sc/readergroups", NULL), 200);
    ck_is("{\"readerGroups\":[{\"readerGroupName\":\"rg\"}]}");
    ck_assert_int_eq(ask("GET /v1/scopes/sc/readergroups/rg", NULL), 200);
    ck_is(GROUP "[]}"); /* nobody has written its state yet */
    ck_assert_int_eq(ask("GET /v1/scopes/sc/readergroups/none", NULL), 404);
    ck_assert_int_eq(ask("GET /v1/scopes/none/readergroups", NULL), 404);
    ck_assert_int_eq(ask("DELETE /v1/scopes/sc/readergroups/none", NULL), 404);
    ck_assert_int_eq(ask("DELETE /v1/scopes/sc/readergroups/rg", NULL), 204);
    ck_assert_int_eq(ask("GET /v1/scopes/sc/readergroups", NULL), 200);
    ck_is("{\"readerGroups\":[]}");
}
END_TEST

#define STATE_SEGMENT "sc/_RGrg/0.#epoch.0"

static int64_t append_events(struct peer *peer, const struct weir_buf *events, int64_t number)
{
    struct weir_uuid writer = {1, 2};
    const struct pravega_wire_command *info;

    peer_say(peer, SETUP_APPEND, setup_append, .writer_id = writer, .segment = weir_view_str(STATE_SEGMENT));
    peer_expect(peer, PRAVEGA_WIRE_APPEND_SETUP);
    peer_say(peer, APPEND_BLOCK_END, append_block_end, .writer_id = writer, .data = weir_buf_view(events),
             .event_count = 1, .last_event_number = number);
    peer_expect(peer, PRAVEGA_WIRE_DATA_APPENDED);
    peer_say(peer, GET_STREAM_SEGMENT_INFO, get_stream_segment_info, 1, weir_view_str(STATE_SEGMENT));
    info = peer_expect(peer, PRAVEGA_WIRE_STREAM_SEGMENT_INFO);
    return info->stream_segment_info.write_offset;
}

/* Goal: who is online is what the group's members would see, before and after they compact their state. */
START_TEST(readers_online)
{
    struct weir_buf events;
    struct peer *peer = peer_new(served);
    int64_t mark;

    make_scope(served, "sc");
    make_stream(served, "sc", "st", 1);
    make_group("rg");
    weir_buf_init(&events, 1 << 20);
    put_state_event(&events);
    put_join(&events, "r1");
    put_join(&events, "r2");
    mark = append_events(peer, &events, 1);
    ck_assert_int_eq(ask("GET /v1/scopes/sc/readergroups/rg", NULL), 200);
    ck_is(GROUP "[\"r1\",\"r2\"]}");
    weir_buf_reset(&events);
    put_state_event(&events);
    put_join(&events, "r3");
    append_events(peer, &events, 2);
    weir_buf_reset(&events); /* a reset to another stream, of which the controller has not heard yet */
    put_state_event_of(&events, (char *)"other");
    append_events(peer, &events, 3);
    ck_assert_int_eq(ask("GET /v1/scopes/sc/readergroups/rg", NULL), 200);
    ck_is("{\"scopeName\":\"sc\",\"readerGroupName\":\"rg\",\"streamList\":[\"sc/other\"],\"onlineReaderIds\":[]}");
    weir_buf_reset(&events);
    put_state_event(&events);
    put_join(&events, "r3");
    append_events(peer, &events, 4);
    peer_say(peer, UPDATE_SEGMENT_ATTRIBUTE, update_segment_attribute, 1, weir_view_str(STATE_SEGMENT),
             PRAVEGA_WIRE_LOG_MARK, mark, PRAVEGA_WIRE_NEVER_WROTE);
    ck_assert(peer_expect(peer, PRAVEGA_WIRE_SEGMENT_ATTRIBUTE_UPDATED)->segment_attribute_updated.success);
    ck_assert_int_eq(ask("GET /v1/scopes/sc/readergroups/rg", NULL), 200);
    ck_is(GROUP "[\"r3\"]}");
    peer_say(peer, TRUNCATE_SEGMENT, truncate_segment, 1, weir_view_str(STATE_SEGMENT), mark);
    peer_expect(peer, PRAVEGA_WIRE_SEGMENT_TRUNCATED);
    peer_free(peer);
    served_restart(served);
    ck_assert_int_eq(ask("GET /v1/scopes/sc/readergroups/rg", NULL), 200);
    ck_is(GROUP "[\"r3\"]}");
    peer = peer_new(served);
    put_join(&events, "r3"); /* who is there already: not what a member writes */
    append_events(peer, &events, 5);
    ck_assert_int_eq(ask("GET /v1/scopes/sc/readergroups/rg", NULL), 500);
    peer_free(peer);
    weir_buf_fini(&events);
}
END_TEST

/* --- Scaling ---------------------------------------------------------------------------------------------------- */

#define EVENTS "GET /v1/scopes/sc/streams/st/scaling-events"

static void scale(int64_t sealed, double middle)
{
    Pravega__ScaleRequest request = PRAVEGA__SCALE_REQUEST__INIT;
    Pravega__ScaleRequest__KeyRangeEntry low, high, *both[] = {&low, &high};
    Pravega__StreamInfo info = stream_info("sc", "st");

    pravega__scale_request__key_range_entry__init(&low);
    pravega__scale_request__key_range_entry__init(&high);
    low.end = high.start = middle;
    high.end = 1.0;
    request.streaminfo = &info;
    request.n_sealedsegments = 1;
    request.sealedsegments = &sealed;
    request.n_newkeyranges = 2;
    request.newkeyranges = both;
    ck_assert_int_eq(((const Pravega__ScaleResponse *)rpc(served, "scale", &request, NULL))->status,
                     PRAVEGA__SCALE_RESPONSE__SCALE_STREAM_STATUS__STARTED);
}

/* The time of an event in the answer. */
static int64_t time_of(size_t index)
{
    json_t *list = json_loads(text(), 0, NULL);
    int64_t time = json_integer_value(json_object_get(json_array_get(list, index), "timestamp"));

    json_decref(list);
    return time;
}

static void ask_between(int64_t from, int64_t to)
{
    char request[200];

    snprintf(request, sizeof(request), EVENTS "?from=%lld&to=%lld", (long long)from, (long long)to);
    ck_assert_int_eq(ask(request, NULL), 200);
}

/* Goal: each layout is told with its time, and from when on is asked for, which was the one before; as Pravega does. */
START_TEST(scaling_events)
{
    char first[300], whole[700];
    int64_t made, split;

    make_scope(served, "sc");
    make_stream(served, "sc", "st", 1);
    ask_between(0, INT64_MAX);
    made = time_of(0);
    scale(0, 0.25);
    served_restart(served);
    ask_between(0, INT64_MAX);
    split = time_of(1);
    ck_assert_int_gt(split, made);
    snprintf(first, sizeof(first),
             "{\"timestamp\":%lld,\"segments\":[{\"number\":0,\"epoch\":0,\"start\":%lld,\"keyStart\":0.0,"
             "\"keyEnd\":1.0}],\"splits\":0,\"merges\":0}",
             (long long)made, (long long)made);
    snprintf(whole, sizeof(whole),
             "[%s,{\"timestamp\":%lld,\"segments\":[{\"number\":1,\"epoch\":1,\"start\":%lld,\"keyStart\":0.0,"
             "\"keyEnd\":0.25},{\"number\":2,\"epoch\":1,\"start\":%lld,\"keyStart\":0.25,\"keyEnd\":1.0}],"
             "\"splits\":1,\"merges\":0}]",
             first, (long long)split, (long long)split, (long long)split);
    ck_is(whole);
    ask_between(split - 1, split);
    ck_is(whole);
    ask_between(split, split);
    ck_assert_ptr_nonnull(strstr(text(), "\"splits\":0"));
    ck_assert_int_eq(time_of(0), split);
    snprintf(whole, sizeof(whole), "[%s]", first);
    ask_between(made, split - 1);
    ck_is(whole);
    ask_between(0, made - 1);
    ck_is("[]");
}
END_TEST

START_TEST(scaling_events_that_cannot_be)
{
    static const struct {
        const char *query;
        int status;
    } queries[] = {
        {"", 400},
        {"?from=0", 400},
        {"?to=0", 400},
        {"?from=&to=1", 400},
        {"?from&to=1", 400},
        {"?from=2&to=1", 400},
        {"?from=-1&to=1", 400},
        {"?from=-9223372036854775808&to=1", 400},
        {"?from=x", 404},
        {"?to=1.5", 404},
        {"?from=0&to=9223372036854775808", 404},
        {"?from=-9223372036854775809&to=1", 404},
        {"?from=+0&to=1", 404}, /* a space */
        {"?from=-&to=1", 404},
        {"?from=%2B0&to=0000000000000000000000000000000000000001", 404},
        {"?from=%2B0&to=00001", 200},
    };
    char request[200];

    make_scope(served, "sc");
    make_stream(served, "sc", "st", 1);
    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        snprintf(request, sizeof(request), EVENTS "%s", queries[i].query);
        ck_assert_msg(ask(request, NULL) == queries[i].status, "%s", queries[i].query);
    }
    ck_assert_int_eq(ask("GET /v1/scopes/sc/streams/none/scaling-events?from=0&to=1", NULL), 404);
    ck_assert_int_eq(ask("GET /v1/scopes/none/streams/st/scaling-events?from=0&to=1", NULL), 404);
    ck_assert_int_eq(ask("GET /v1/scopes/sc/streams/none/scaling-events?from=1&to=0", NULL), 400);
    ck_assert_int_eq(ask("POST /v1/scopes/sc/streams/st/scaling-events?from=1&to=0", "{}"), 405);
}
END_TEST

/* --- Requests that are none ------------------------------------------------------------------------------------- */

START_TEST(wrong_requests)
{
    static const char *const nowhere[] = {"GET /", "GET /v1", "GET /v2/scopes", "GET /v1/scopes//streams",
                                          "GET /v1/scopes/a/b", "GET /v1/scopes/%00/streams", "GET /v1/scopes/a%",
                                          "POST /v1/scopes/a/streams/b/state/c", "GET /v1/health/x/y/z"};
    char path[600];

    for (size_t i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++)
        ck_assert_msg(ask(nowhere[i], NULL) == 404, "there is something at %s", nowhere[i]);
    memset(path, 'x', sizeof(path));
    memcpy(path, "GET /v1/scopes/", 15);
    path[sizeof(path) - 1] = '\0';
    ck_assert_int_eq(ask(path, NULL), 404);
    ck_assert_int_eq(ask("DELETE /v1/scopes", NULL), 405);
    ck_assert_int_eq(ask("OPTIONS /v1/scopes", NULL), 405);
    ck_assert_int_eq(ask("BREW /v1/scopes", NULL), 405);
    ck_assert_int_eq(http(served, "POST /v1/scopes", "", "{\"scopeName\":\"x\"}", &answer), 415);
    ck_assert_int_eq(
        http(served, "POST /v1/scopes", "Content-Type: text/plain\r\n", "{\"scopeName\":\"x\"}", &answer), 415);
    ck_assert_int_eq(http(served, "POST /v1/scopes", "Content-Type: application/JSON;charset=utf-8\r\n",
                          "{\"scopeName\":\"x\"}", &answer),
                     201);
    ck_assert_int_eq(ask("HEAD /v1/scopes/x", NULL), 200);
    ck_assert_str_eq(text(), "");
}
END_TEST

/* --- Health and metrics ----------------------------------------------------------------------------------------- */

START_TEST(health)
{
    static const struct {
        const char *path, *says;
    } answers[] = {
        {"GET /v1/health/readiness", "true"},       {"GET /v1/health/liveness", "true"},
        {"GET /v1/health/status", "\"UP\""},        {"GET /v1/health/details", "{}"},
        {"GET /v1/health/readiness/log", "true"},   {"GET /v1/health/status/GRPCServer", "\"UP\""},
        {"GET /v1/health/details/log", "{}"},       {"GET /v1/health/status/segmentStore", "\"UP\""},
        {"GET /v1/health/log", "{\"name\":\"log\",\"status\":\"UP\",\"readiness\":true,\"liveness\":true,"
                               "\"details\":{},\"children\":{}}"},
    };
    json_t *got;

    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        ck_assert_int_eq(ask(answers[i].path, NULL), 200);
        ck_is(answers[i].says);
    }
    ck_assert_int_eq(ask("GET /v1/health/none", NULL), 404);
    ck_assert_int_eq(ask("GET /v1/health/status/none", NULL), 404);
    ck_assert_int_eq(ask("GET /v1/health", NULL), 200);
    got = json_loads(text(), 0, NULL);
    ck_assert_str_eq(json_string_value(json_object_get(got, "name")), "");
    ck_assert_uint_eq(json_object_size(json_object_get(got, "children")), 3);
    json_decref(got);
    ck_assert_int_eq(ask("GET /ping", NULL), 200);
}
END_TEST

/* The number behind a metric's name and labels; -1: it is not there. */
static double metric(const char *name)
{
    char line[256];
    const char *at;

    snprintf(line, sizeof(line), "\n%s ", name);
    at = strstr(text(), line);
    return at != NULL ? strtod(at + strlen(line), NULL) : -1;
}

/* Goal: the figures follow what was done. */
START_TEST(metrics)
{
    struct weir_uuid writer = {1, 2};
    struct peer *peer;

    make_scope(served, "sc");
    make_stream(served, "sc", "st", 1);
    ask("POST /v1/scopes", "{\"scopeName\":\"sc\"}"); /* refused */
    peer = peer_new(served);
    peer_say(peer, SETUP_APPEND, setup_append, .writer_id = writer, .segment = weir_view_str("sc/st/0.#epoch.0"));
    peer_expect(peer, PRAVEGA_WIRE_APPEND_SETUP);
    peer_say(peer, APPEND_BLOCK_END, append_block_end, .writer_id = writer, .data = weir_view("12345678", 8),
             .event_count = 3, .last_event_number = 3);
    peer_expect(peer, PRAVEGA_WIRE_DATA_APPENDED);
    ck_assert_int_eq(ask("GET /prometheus", NULL), 200);
    ck_assert_double_eq(metric("pravega_segmentstore_segment_write_bytes_global_total"), 8);
    ck_assert_double_eq(metric("pravega_segmentstore_segment_write_events_global_total"), 3);
    ck_assert_double_eq(metric("pravega_segmentstore_container_append_count_total{container=\"0\"}"), 1);
    ck_assert_double_eq(metric("pravega_controller_scope_created_total"), 1);
    ck_assert_double_eq(metric("pravega_controller_scope_create_failed_global_total"), 1);
    ck_assert_double_eq(metric("pravega_controller_stream_created_latency_ms_count"), 1);
    ck_assert_double_eq(metric("weir_store_connections_open"), 1);
    ck_assert_double_eq(metric("weir_store_controller_calls_total"), 3);
    ck_assert_double_eq(metric("weir_store_disk_full"), 0);
    ck_assert_double_gt(metric("weir_store_log_syncs_total"), 0);
    ck_assert_double_eq(metric("weir_store_log_syncs_total"), metric("weir_store_log_write_us_count"));
    ck_assert_double_gt(metric("weir_store_log_unflushed_bytes"), 8);
    ck_assert_double_gt(metric("process_resident_memory_bytes"), 100000);
    peer_free(peer);
    ck_assert_int_eq(ask("GET /metrics", NULL), 200);
    ck_assert_double_eq(metric("weir_store_connections_open"), 0);
    ck_assert_double_eq(metric("weir_store_http_requests_total"), 3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rest");
    TCase *tc = tcase_create("rest");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, scopes);
    tcase_add_test(tc, streams);
    tcase_add_test(tc, streams_that_cannot_be);
    tcase_add_test(tc, retention_by_time);
    tcase_add_test(tc, lists_of_streams);
    tcase_add_test(tc, reader_groups);
    tcase_add_test(tc, readers_online);
    tcase_add_test(tc, scaling_events);
    tcase_add_test(tc, scaling_events_that_cannot_be);
    tcase_add_test(tc, wrong_requests);
    tcase_add_test(tc, health);
    tcase_add_test(tc, metrics);
    suite_add_tcase(suite, tc);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
