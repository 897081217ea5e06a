/*
 * test_proto.c - the controller's messages against bytes that real Pravega 0.13.0 sent.
 *
 * Each vector is a gRPC message (5 bytes of prefix, then protobuf). Unpacked and packed again it gives the same bytes,
 * but where Java writes the zero key of a map entry, which proto3 lets us leave out: there `packed` is what we write.
 */
#include "pravega/proto.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define PREFIX_LEN 5

static const struct vector {
    const char *rpc;
    const char *request, *reply; /* hexadecimal, prefix included */
    const char *packed_request;  /* without prefix; NULL: the same */
} vectors[] = {
    {"createScope", "000000000b0a097370656373636f7065", "0000000000", NULL},
    {"createStream",
     "00000000360a0f0a097370656373636f706512027331120220021a10080210c0843d18ffffffffffffffff7f220d0a05616c7068610a0462"
     "657461",
     "0000000000", NULL},
    {"getCurrentSegments", "00000000110a097370656373636f7065120273311801",
     "00000000470a1c0a110a0f0a097370656373636f70651202733119000000000000e03f0a270a130a0f0a097370656373636f706512027331"
     "100111000000000000e03f19000000000000f03f",
     NULL},
    {"getURI", "00000000110a0f0a097370656373636f706512027331", "000000000c0a07302e302e302e3010f02e", NULL},
    {"getDelegationToken", "00000000110a097370656373636f7065120273311803", "0000000000", NULL},
    {"createTransaction", "00000000150a0f0a097370656373636f70651202733110b0ea01",
     "000000004b0a021001121c0a110a0f0a097370656373636f70651202733119000000000000e03f12270a130a0f0a097370656373636f7065"
     "12027331100111000000000000e03f19000000000000f03f",
     NULL},
    {"pingTransaction", "00000000190a0f0a097370656373636f7065120273311202100118b0ea01", "0000000000", NULL},
    {"commitTransaction", "000000001e0a0f0a097370656373636f706512027331120210011a037477312080897a", "0000000000", NULL},
    {"noteTimestampFromWriter",
     "00000000270a027731121d0a0f0a097370656373636f70651202733112040800101e12040801102d18c0843d", "0000000000",
     "0a027731121b0a0f0a097370656373636f7065120273311202101e12040801102d18c0843d"},
    {"getSegmentsImmediatelyFollowing", "00000000150a130a097370656373636f706512067363616c6531",
     "00000000630a2b0a260a1b0a130a097370656373636f706512067363616c653110818080801019000000000000e03f1201000a340a2f0a1b"
     "0a130a097370656373636f706512067363616c653110828080801011000000000000e03f19000000000000f03f120100",
     NULL},
    {"truncateStream", "000000001f0a0f0a097370656373636f7065120273311205080010ef121205080110cc19", "0000000000",
     "0a0f0a097370656373636f70651202733112 0310ef12 1205080110cc19"},
    {"scale",
     "000000003e0a130a097370656373636f706512067363616c65311201001a0911000000000000e03f1a1209000000000000e03f1100000000"
     "0000f03f20b0c0cfa8a034",
     "000000005912260a1b0a130a097370656373636f706512067363616c653110818080801019000000000000e03f122f0a1b0a130a09737065"
     "6373636f706512067363616c653110828080801011000000000000e03f19000000000000f03f",
     NULL},
    {"createReaderGroup",
     "00000000650a097370656373636f7065120372673118b81720b0ea012803422461316331353262372d363563632d343330332d613834392d"
     "3236333561333934373161384a110a0f0a097370656373636f70651202733152110a0f0a097370656373636f706512027331",
     "000000006712650a097370656373636f7065120372673118b81720b0ea012803422461316331353262372d363563632d343330332d613834"
     "392d3236333561333934373161384a110a0f0a097370656373636f70651202733152110a0f0a097370656373636f706512027331",
     NULL},
    {"updateSubscriberStreamCut",
     "000000005b0a0d7370656373636f70652f7267321a2436323832363762372d663735372d343437362d396430302d63346535333833646432"
     "303022240a130a097370656373636f706512067363616c6531120d080010ffffffffffffffffff01",
     "00000000020801",
     "0a0d7370656373636f70652f7267321a2436323832363762372d663735372d343437362d396430302d6334653533383364643230302222"
     "0a130a097370656373636f706512067363616c6531120b10ffffffffffffffffff01"},
    {"createKeyValueTable", "00000000150a097370656373636f706512027431180220042802", "0000000000", NULL},
};
#define VECTOR_COUNT (sizeof(vectors) / sizeof(vectors[0]))

static size_t unhex(const char *hex, uint8_t *out, size_t cap)
{
    size_t len = 0;

    for (; *hex != '\0'; hex += *hex == ' ' ? 1 : 2) {
        unsigned byte;

        if (*hex == ' ')
            continue;
        ck_assert(len < cap && sscanf(hex, "%2x", &byte) == 1);
        out[len++] = (uint8_t)byte;
    }
    return len;
}

/* The protobuf bytes of a vector, whose prefix has to tell their number. */
static struct weir_view message_of(const char *hex, uint8_t *bytes, size_t cap)
{
    size_t len = unhex(hex, bytes, cap);

    ck_assert_uint_ge(len, PREFIX_LEN);
    ck_assert_uint_eq(bytes[0], 0);
    ck_assert_uint_eq((size_t)bytes[3] << 8 | bytes[4], len - PREFIX_LEN);
    return weir_view(bytes + PREFIX_LEN, len - PREFIX_LEN);
}

static const ProtobufCMethodDescriptor *method_of(const char *rpc)
{
    char path[128];

    snprintf(path, sizeof(path), "%s%s", PRAVEGA_CONTROLLER_PATH, rpc);
    return pravega_proto_method(path);
}

static void there_and_back(const ProtobufCMessageDescriptor *type, const char *hex, const char *packed_hex)
{
    uint8_t bytes[512], expected[512], *packed;
    struct weir_view view = message_of(hex, bytes, sizeof(bytes));
    size_t expected_len = packed_hex != NULL ? unhex(packed_hex, expected, sizeof(expected)) : view.len;
    ProtobufCMessage *message;
    size_t packed_len;

    if (packed_hex == NULL)
        memcpy(expected, view.ptr, view.len);
    ck_assert_int_eq(pravega_proto_unpack(type, view, &message, NULL), WEIR_OK);
    ck_assert_int_eq(pravega_proto_pack(message, &packed, &packed_len, NULL), WEIR_OK);
    ck_assert_uint_eq(packed_len, expected_len);
    ck_assert_mem_eq(packed, expected, expected_len);
    free(packed);
    pravega_proto_free(message);
}

START_TEST(vectors_unpack_and_pack_to_the_same_bytes)
{
    const struct vector *vector = &vectors[_i];
    const ProtobufCMethodDescriptor *method = method_of(vector->rpc);

    ck_assert_ptr_nonnull(method);
    there_and_back(method->input, vector->request, vector->packed_request);
    there_and_back(method->output, vector->reply, NULL);
}
END_TEST

/* Goal: no prefix of a message is read past its end (sanitizers watch), and what unpacks also frees. */
START_TEST(vectors_cut_at_every_offset_do_no_harm)
{
    const struct vector *vector = &vectors[_i];
    const char *hexes[] = {vector->request, vector->reply};

    for (size_t side = 0; side < 2; side++) {
        const ProtobufCMethodDescriptor *method = method_of(vector->rpc);
        uint8_t bytes[512];
        struct weir_view view = message_of(hexes[side], bytes, sizeof(bytes));

        for (size_t len = 0; len < view.len; len++) {
            uint8_t *cut = malloc(len + 1); /* of its own, so that a read past it is seen */
            ProtobufCMessage *message = NULL;
            struct weir_error err = {0};
            enum weir_status status;

            memcpy(cut, view.ptr, len);
            status =
                pravega_proto_unpack(side == 0 ? method->input : method->output, weir_view(cut, len), &message, &err);
            ck_assert(status == WEIR_OK || (status == WEIR_E_PROTO && err.message[0] != '\0'));
            pravega_proto_free(message);
            free(cut);
        }
    }
}
END_TEST

START_TEST(unpacked_fields_are_what_java_sent)
{
    uint8_t bytes[512];
    ProtobufCMessage *message;
    Pravega__StreamConfig *config;
    Pravega__SuccessorResponse *successors;

    ck_assert_int_eq(pravega_proto_unpack(&pravega__stream_config__descriptor,
                                          message_of(vectors[1].request, bytes, sizeof(bytes)), &message, NULL),
                     WEIR_OK);
    config = (Pravega__StreamConfig *)message;
    ck_assert_str_eq(config->streaminfo->scope, "specscope");
    ck_assert_str_eq(config->streaminfo->stream, "s1");
    ck_assert_int_eq(config->scalingpolicy->scaletype,
                     PRAVEGA__SCALING_POLICY__SCALING_POLICY_TYPE__FIXED_NUM_SEGMENTS);
    ck_assert_int_eq(config->scalingpolicy->minnumsegments, 2);
    ck_assert_int_eq(config->retentionpolicy->retentiontype, PRAVEGA__RETENTION_POLICY__RETENTION_POLICY_TYPE__SIZE);
    ck_assert_int_eq(config->retentionpolicy->retentionparam, 1000000);
    ck_assert(config->retentionpolicy->retentionmax == INT64_MAX);
    ck_assert_uint_eq(config->tags->n_tag, 2);
    ck_assert_str_eq(config->tags->tag[1], "beta");
    pravega_proto_free(message);

    ck_assert_int_eq(pravega_proto_unpack(&pravega__successor_response__descriptor,
                                          message_of(vectors[9].reply, bytes, sizeof(bytes)), &message, NULL),
                     WEIR_OK);
    successors = (Pravega__SuccessorResponse *)message;
    ck_assert_uint_eq(successors->n_segments, 2);
    ck_assert_int_eq(successors->segments[1]->segment->segmentid->segmentid, (INT64_C(1) << 32) + 2);
    ck_assert(successors->segments[1]->segment->minkey == 0.5 && successors->segments[1]->segment->maxkey == 1.0);
    ck_assert_uint_eq(successors->segments[1]->n_value, 1);
    ck_assert_int_eq(successors->segments[1]->value[0], 0);
    pravega_proto_free(message);
}
END_TEST

/* Empty submessages, two bytes each, in 4 MiB of a list: some 100 MiB unpacked, were they allowed. */
START_TEST(a_message_that_swells_is_refused)
{
    size_t len = 4 << 20;
    uint8_t *bytes = malloc(len);
    ProtobufCMessage *message = NULL;
    struct weir_error err = {0};

    for (size_t i = 0; i < len; i += 2) {
        bytes[i] = 0x0a;
        bytes[i + 1] = 0;
    }
    ck_assert_int_eq(pravega_proto_unpack(&pravega__segment_ranges__descriptor, weir_view(bytes, len), &message, &err),
                     WEIR_E_PROTO);
    ck_assert_ptr_nonnull(strstr(err.message, "SegmentRanges"));
    ck_assert_ptr_nonnull(strstr(err.message, "32 MiB"));
    ck_assert_int_eq(
        pravega_proto_unpack(&pravega__segment_ranges__descriptor, weir_view(bytes, 1 << 16), &message, NULL), WEIR_OK);
    pravega_proto_free(message);
    free(bytes);
}
END_TEST

START_TEST(the_service_has_its_46_calls_and_no_others)
{
    ck_assert_uint_eq(pravega__controller_service__descriptor.n_methods, 46);
    ck_assert_ptr_null(method_of("createScop"));
    ck_assert_ptr_null(method_of(""));
    ck_assert_ptr_null(pravega_proto_method("/other.Service/createScope"));
    ck_assert_ptr_eq(method_of("getSegmentsImmediatlyFollowing")->output,
                     method_of("getSegmentsImmediatelyFollowing")->output);
    ck_assert_str_eq(method_of("listCompletedTransactions")->output->fields[0].name, "response");
    ck_assert_uint_eq(method_of("listCompletedTransactions")->output->fields[0].id, 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("proto");
    TCase *tc = tcase_create("proto");
    SRunner *sr = srunner_create(suite);
    int failed;

    tcase_add_loop_test(tc, vectors_unpack_and_pack_to_the_same_bytes, 0, VECTOR_COUNT);
    tcase_add_loop_test(tc, vectors_cut_at_every_offset_do_no_harm, 0, VECTOR_COUNT);
    tcase_add_test(tc, unpacked_fields_are_what_java_sent);
    tcase_add_test(tc, a_message_that_swells_is_refused);
    tcase_add_test(tc, the_service_has_its_46_calls_and_no_others);
    suite_add_tcase(suite, tc);
    srunner_set_fork_status(sr, CK_NOFORK);
    srunner_run_all(sr, CK_NORMAL);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
