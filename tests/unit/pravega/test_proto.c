/*
 * test_proto.c - the controller's messages against bytes that real Pravega 0.13.0 sent.
 *
 * Unpacked and packed again, each gives the same bytes, and says what was recorded of it.
 */
#include "pravega/proto.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "controller_vectors.h"
#include "weir/buf.h"

#define PREFIX_LEN 5

static const struct vector {
    const char *rpc;
    const char *request, *reply; /* hexadecimal, prefix included */
    const char *packed_request;  /* without prefix; NULL: the same */
    const char *request_says, *reply_says;
} vectors[] = {CONTROLLER_VECTORS};
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

/* ---- a message in words: "name: value" of each field that is set */

static void show_message(struct weir_buf *out, const ProtobufCMessage *message);

static void show_value(struct weir_buf *out, const ProtobufCFieldDescriptor *field, const void *at)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
        weir_buf_printf(out, "%d", *(const int32_t *)at);
        break;
    case PROTOBUF_C_TYPE_INT64:
        weir_buf_printf(out, "%lld", (long long)*(const int64_t *)at);
        break;
    case PROTOBUF_C_TYPE_DOUBLE:
        weir_buf_printf(out, "%g", *(const double *)at);
        break;
    case PROTOBUF_C_TYPE_BOOL:
        weir_buf_printf(out, "%s", *(const protobuf_c_boolean *)at ? "true" : "false");
        break;
    case PROTOBUF_C_TYPE_ENUM:
        weir_buf_printf(out, "%s", protobuf_c_enum_descriptor_get_value(field->descriptor, *(const int *)at)->name);
        break;
    case PROTOBUF_C_TYPE_STRING:
        weir_buf_printf(out, "'%s'", *(char *const *)at);
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        show_message(out, *(ProtobufCMessage *const *)at);
        break;
    default:
        ck_abort_msg("a field of a type that no controller's message has: %s", field->name);
    }
}

static size_t size_of(const ProtobufCFieldDescriptor *field)
{
    return field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE ? sizeof(void *)
           : field->type == PROTOBUF_C_TYPE_INT64 || field->type == PROTOBUF_C_TYPE_DOUBLE ? 8
                                                                                           : 4;
}

/* A message, a text, a number: proto3 does not tell a zero from one that was not sent. */
static bool is_set(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, const void *at)
{
    static const uint8_t zeroes[8];

    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0)
        return *(const uint32_t *)((const char *)message + field->quantifier_offset) == field->id;
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return *(void *const *)at != NULL;
    if (field->type == PROTOBUF_C_TYPE_STRING)
        return (*(char *const *)at)[0] != '\0';
    return memcmp(at, zeroes, size_of(field)) != 0;
}

static void show_field(struct weir_buf *out, const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    const char *at = (const char *)message + field->offset;
    bool is_list = field->label == PROTOBUF_C_LABEL_REPEATED;
    size_t count = is_list ? *(const size_t *)((const char *)message + field->quantifier_offset) : 1;

    if (is_list ? count == 0 : !is_set(message, field, at))
        return;
    weir_buf_printf(out, "%s%s: %s", out->ptr[out->len - 1] == '{' ? "" : ", ", field->name, is_list ? "[" : "");
    for (size_t i = 0; i < count; i++) {
        weir_buf_printf(out, "%s", i > 0 ? ", " : "");
        show_value(out, field, is_list ? *(char *const *)at + i * size_of(field) : at);
    }
    weir_buf_printf(out, "%s", is_list ? "]" : "");
}

static void show_message(struct weir_buf *out, const ProtobufCMessage *message)
{
    weir_buf_printf(out, "{");
    for (unsigned i = 0; i < message->descriptor->n_fields; i++)
        show_field(out, message, &message->descriptor->fields[i]);
    weir_buf_printf(out, "}");
}

static void assert_says(const ProtobufCMessageDescriptor *type, const char *hex, const char *expected)
{
    uint8_t bytes[512];
    ProtobufCMessage *message;
    struct weir_buf shown;

    weir_buf_init(&shown, 1 << 16);
    ck_assert_int_eq(pravega_proto_unpack(type, message_of(hex, bytes, sizeof(bytes)), &message, NULL), WEIR_OK);
    show_message(&shown, message);
    weir_buf_u8(&shown, '\0');
    ck_assert_msg(expected != NULL && strcmp((char *)shown.ptr, expected) == 0, "is %s", (char *)shown.ptr);
    pravega_proto_free(message);
    weir_buf_fini(&shown);
}

/* Goal: each field holds what was recorded: our controller.proto is upstream's. */
START_TEST(vectors_say_what_they_say)
{
    const struct vector *vector = &vectors[_i];
    const ProtobufCMethodDescriptor *method = method_of(vector->rpc);

    assert_says(method->input, vector->request, vector->request_says);
    assert_says(method->output, vector->reply, vector->reply_says);
}
END_TEST

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
    tcase_add_loop_test(tc, vectors_say_what_they_say, 0, VECTOR_COUNT);
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
