/*
 * test_request_rules.c - requests that the controller refuses before it looks at anything.
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "store/rules/request_rules.h"

static Pravega__StreamInfo stream = PRAVEGA__STREAM_INFO__INIT;

static void setup(void)
{
    stream.scope = pravega_proto_str("sc");
    stream.stream = pravega_proto_str("st");
}

/* Goal: a request that names nothing is refused, whatever the call, but for lists and what names nothing at all. */
START_TEST(an_empty_request_is_refused)
{
    static const char *const without_names[] = {"getControllerServerList", "listScopes", "getDelegationToken",
                                                "createKeyValueTable" /* has its own checks */};
    const ProtobufCServiceDescriptor *service = &pravega__controller_service__descriptor;

    for (unsigned i = 0; i < service->n_methods; i++) {
        const ProtobufCMethodDescriptor *method = &service->methods[i];
        ProtobufCMessage *message = NULL;
        bool has_names = true;

        for (size_t k = 0; k < sizeof(without_names) / sizeof(without_names[0]); k++)
            has_names = has_names && strcmp(method->name, without_names[k]) != 0;
        ck_assert_int_eq(pravega_proto_unpack(method->input, weir_view(NULL, 0), &message, NULL), WEIR_OK);
        if (has_names)
            ck_assert_msg(weir_request_check(method->name, message) != WEIR_GRPC_OK, "%s", method->name);
        pravega_proto_free(message);
    }
}
END_TEST

START_TEST(what_throws_elsewhere_ends_elsewhere)
{
    Pravega__StreamInfo none = PRAVEGA__STREAM_INFO__INIT;

    ck_assert_int_eq(weir_request_check("getCurrentSegments", &none.base), WEIR_GRPC_UNKNOWN);
    ck_assert_int_eq(weir_request_check("getStreamConfiguration", &none.base), WEIR_GRPC_INTERNAL);
    ck_assert_int_eq(weir_request_check("getStreamConfiguration", &stream.base), WEIR_GRPC_OK);
    none.scope = pravega_proto_str("sc");
    ck_assert_int_eq(weir_request_check("getStreamConfiguration", &none.base), WEIR_GRPC_INTERNAL);
}
END_TEST

START_TEST(configurations_of_streams)
{
    Pravega__StreamConfig config = PRAVEGA__STREAM_CONFIG__INIT;
    Pravega__ScalingPolicy scaling = PRAVEGA__SCALING_POLICY__INIT;
    Pravega__Tags tags = PRAVEGA__TAGS__INIT;
    Pravega__RetentionPolicy retention = PRAVEGA__RETENTION_POLICY__INIT;
    char long_tag[257], accents[2 * 255 + 1] = "", *list[] = {long_tag}, *many[128];

    config.streaminfo = &stream;
    config.scalingpolicy = &scaling;
    config.tags = &tags;
    for (size_t i = 0; i < 128; i++)
        many[i] = accents;
    memset(long_tag, 'x', sizeof(long_tag));
    long_tag[255] = '\0';
    tags.n_tag = 1;
    tags.tag = list;
    ck_assert_int_eq(weir_request_check("createStream", &config.base), WEIR_GRPC_OK);
    long_tag[255] = 'x';
    long_tag[256] = '\0';
    ck_assert_int_eq(weir_request_check("createStream", &config.base), WEIR_GRPC_INTERNAL);
    for (int i = 0; i < 255; i++) /* each is one of UTF-16 */
        memcpy(accents + 2 * i, "\xc3\xa9", 2);
    list[0] = accents;
    ck_assert_int_eq(weir_request_check("createStream", &config.base), WEIR_GRPC_OK);
    tags.n_tag = 128;
    tags.tag = many;
    ck_assert_int_eq(weir_request_check("createStream", &config.base), WEIR_GRPC_INTERNAL);
    tags.n_tag = 127;
    ck_assert_int_eq(weir_request_check("createStream", &config.base), WEIR_GRPC_OK);
    tags.n_tag = 0;
    config.rolloversizebytes = -1;
    ck_assert_int_eq(weir_request_check("updateStream", &config.base), WEIR_GRPC_INTERNAL);
    config.rolloversizebytes = 0;
    scaling.scaletype = (Pravega__ScalingPolicy__ScalingPolicyType)7;
    ck_assert_int_eq(weir_request_check("updateStream", &config.base), WEIR_GRPC_INTERNAL);
    scaling.scaletype = PRAVEGA__SCALING_POLICY__SCALING_POLICY_TYPE__FIXED_NUM_SEGMENTS;
    config.retentionpolicy = &retention;
    ck_assert_int_eq(weir_request_check("updateStream", &config.base), WEIR_GRPC_OK);
    retention.retentiontype = (Pravega__RetentionPolicy__RetentionPolicyType)5;
    ck_assert_int_eq(weir_request_check("updateStream", &config.base), WEIR_GRPC_INTERNAL);
}
END_TEST

START_TEST(ranges_of_a_scale_begin_apart)
{
    Pravega__ScaleRequest__KeyRangeEntry ranges[2], *list[2] = {&ranges[0], &ranges[1]};
    Pravega__ScaleRequest scale = PRAVEGA__SCALE_REQUEST__INIT;

    for (int i = 0; i < 2; i++) {
        pravega__scale_request__key_range_entry__init(&ranges[i]);
        ranges[i].end = 0.5;
    }
    scale.streaminfo = &stream;
    scale.n_newkeyranges = 2;
    scale.newkeyranges = list;
    ck_assert_int_eq(weir_request_check("scale", &scale.base), WEIR_GRPC_INTERNAL);
    ranges[1].start = 0.25;
    ck_assert_int_eq(weir_request_check("scale", &scale.base), WEIR_GRPC_OK);
    ranges[1].start = -0.0; /* Java's maps tell it from 0 */
    ck_assert_int_eq(weir_request_check("scale", &scale.base), WEIR_GRPC_OK);
    ranges[0].start = ranges[1].start = NAN;
    ck_assert_int_eq(weir_request_check("scale", &scale.base), WEIR_GRPC_INTERNAL);
}
END_TEST

/* Goal: a group's end follows its start where both are bounded. */
START_TEST(configurations_of_groups)
{
    static const struct {
        int64_t start_id, start, end_id, end;
        bool sound;
    } cuts[] = {
        {0, 5, 0, 5, true},  {0, 5, 0, 4, false}, {0, 5, 0, -1, true}, {0, -1, 0, 5, false},
        {0, -1, 0, -1, true}, {0, 9, 1, 0, true},  {1, 0, 0, 9, false},
    };
    Pravega__StreamCut__CutEntry from = PRAVEGA__STREAM_CUT__CUT_ENTRY__INIT, *from_list[] = {&from};
    Pravega__StreamCut__CutEntry to = PRAVEGA__STREAM_CUT__CUT_ENTRY__INIT, *to_list[] = {&to};
    Pravega__StreamCut start = PRAVEGA__STREAM_CUT__INIT, end = PRAVEGA__STREAM_CUT__INIT;
    Pravega__StreamCut *starts[2] = {&start}, *ends[2] = {&end};
    Pravega__StreamInfo other = PRAVEGA__STREAM_INFO__INIT;
    Pravega__ReaderGroupConfiguration config = PRAVEGA__READER_GROUP_CONFIGURATION__INIT;

    other.scope = pravega_proto_str("sc");
    other.stream = pravega_proto_str("s2");
    config.scope = pravega_proto_str("sc");
    config.readergroupname = pravega_proto_str("rg");
    config.readergroupid = pravega_proto_str("00112233-4455-6677-8899-aabbccddeeff");
    config.maxoutstandingcheckpointrequest = 1;
    ck_assert_int_eq(weir_request_check("createReaderGroup", &config.base), WEIR_GRPC_INTERNAL); /* no stream */
    start.streaminfo = end.streaminfo = &stream;
    config.n_startingstreamcuts = config.n_endingstreamcuts = 1;
    config.startingstreamcuts = starts;
    config.endingstreamcuts = ends;
    ck_assert_int_eq(weir_request_check("createReaderGroup", &config.base), WEIR_GRPC_OK);
    start.n_cut = end.n_cut = 1;
    start.cut = from_list;
    end.cut = to_list;
    for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
        from.key = cuts[i].start_id;
        from.value = cuts[i].start;
        to.key = cuts[i].end_id;
        to.value = cuts[i].end;
        ck_assert_int_eq(weir_request_check("updateReaderGroup", &config.base) == WEIR_GRPC_OK, cuts[i].sound);
    }
    end.n_cut = 0;
    config.retentiontype = 3;
    ck_assert_int_eq(weir_request_check("updateReaderGroup", &config.base), WEIR_GRPC_INTERNAL);
    config.retentiontype = 2;
    ck_assert_int_eq(weir_request_check("createReaderGroup", &config.base), WEIR_GRPC_OK);
    ends[1] = &end;
    config.n_endingstreamcuts = 2; /* one stream twice */
    ck_assert_int_eq(weir_request_check("createReaderGroup", &config.base), WEIR_GRPC_INTERNAL);
    end.streaminfo = &other;
    config.n_endingstreamcuts = 1;
    starts[1] = &end;
    config.n_startingstreamcuts = 2;
    ck_assert_int_eq(weir_request_check("createReaderGroup", &config.base), WEIR_GRPC_OK);
    config.maxoutstandingcheckpointrequest = 0;
    ck_assert_int_eq(weir_request_check("updateReaderGroup", &config.base), WEIR_GRPC_INTERNAL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("request_rules");
    TCase *tc = tcase_create("request_rules");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, an_empty_request_is_refused);
    tcase_add_test(tc, what_throws_elsewhere_ends_elsewhere);
    tcase_add_test(tc, configurations_of_streams);
    tcase_add_test(tc, ranges_of_a_scale_begin_apart);
    tcase_add_test(tc, configurations_of_groups);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
