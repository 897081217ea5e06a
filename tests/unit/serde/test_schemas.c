/*
 * test_schemas.c - each schema reads what it writes, and refuses anything else with its reason.
 */
#include "weir/schema.h"

#include <check.h>
#include <stdlib.h>

struct word {
    struct weir_view text;
    int64_t count;
    double share;
    bool common;
    int32_t rank;
};

static const struct weir_field word_fields[] = {
    WEIR_FIELD(struct word, text, STRING), WEIR_FIELD(struct word, count, LONG), WEIR_FIELD(struct word, share, DOUBLE),
    WEIR_FIELD(struct word, common, BOOL), WEIR_FIELD(struct word, rank, INT),
};
static const struct weir_type word_type = WEIR_STRUCT_TYPE(struct word, word_fields, false);

/* Keeps a copy of the last element. */
struct keeper {
    struct weir_collector collector;
    const struct weir_type *type;
    _Alignas(16) uint8_t element[256];
    int count;
};

static enum weir_status keep(struct weir_collector *out, const void *element, struct weir_error *err)
{
    struct keeper *keeper = (struct keeper *)out;

    (void)err;
    if (keeper->count++ > 0)
        weir_type_destroy(keeper->type, keeper->element);
    return weir_type_copy(keeper->type, keeper->element, element);
}

static struct keeper keeper_of(const struct weir_type *type)
{
    return (struct keeper){.collector = {.collect = keep}, .type = type};
}

static void keeper_fini(struct keeper *keeper)
{
    if (keeper->count > 0)
        weir_type_destroy(keeper->type, keeper->element);
}

static struct word sample(void)
{
    return (struct word){.text = weir_view_str("naïve"), .count = 1 << 20, .share = 0.25, .common = true, .rank = -3};
}

static void check_round_trip(struct weir_serialization_schema writer, struct weir_deserialization_schema reader,
                             const void *element)
{
    struct keeper keeper = keeper_of(reader.type);
    struct weir_error err = {0};
    struct weir_buf buf;

    weir_buf_init(&buf, 1 << 16);
    ck_assert_int_eq(writer.serialize(&writer, element, &buf, &err), WEIR_OK);
    ck_assert_int_eq(reader.deserialize(&reader, weir_buf_view(&buf), &keeper.collector, &err), WEIR_OK);
    ck_assert_int_eq(keeper.count, 1);
    ck_assert(weir_type_equal(reader.type, keeper.element, element));
    keeper_fini(&keeper);
    weir_buf_fini(&buf);
}

START_TEST(every_schema_reads_what_it_writes)
{
    int32_t small = -70000;
    int64_t large = INT64_MIN + 1;
    struct weir_view text = weir_view_str("élan"), bytes = weir_view("\xff\0\x80", 3);
    struct word word = sample();

    check_round_trip(weir_int_serialization(), weir_int_deserialization(), &small);
    check_round_trip(weir_long_serialization(), weir_long_deserialization(), &large);
    check_round_trip(weir_string_serialization(), weir_string_deserialization(), &text);
    check_round_trip(weir_bytes_serialization(), weir_bytes_deserialization(), &bytes);
    check_round_trip(weir_pod_serialization(weir_long_type()), weir_pod_deserialization(weir_long_type()), &large);
    check_round_trip(weir_msgpack_serialization(&word_type), weir_msgpack_deserialization(&word_type), &word);
}
END_TEST

static enum weir_status read_bytes(struct weir_deserialization_schema reader, const void *ptr, size_t len,
                                   struct weir_error *err)
{
    struct keeper keeper = keeper_of(reader.type);
    uint8_t *exact = malloc(len + 1); /* so that a sanitizer sees a read past the end */
    enum weir_status status;

    memcpy(exact, ptr, len);
    status = reader.deserialize(&reader, weir_view(exact, len), &keeper.collector, err);
    keeper_fini(&keeper);
    free(exact);
    return status;
}

START_TEST(malformed_messages_are_refused_with_a_reason)
{
    struct weir_error err = {0};

    ck_assert_int_eq(read_bytes(weir_long_deserialization(), "1234567", 7, &err), WEIR_E_DAMAGED);
    ck_assert_str_eq(err.message, "message of 7 bytes is not a LONG: it has to have 8");
    ck_assert_int_eq(read_bytes(weir_string_deserialization(), "ab\xc0\x80", 4, &err), WEIR_E_DAMAGED);
    ck_assert_str_eq(err.message, "message of 4 bytes is not UTF-8: bad byte 0xc0 at 2");
    ck_assert_int_eq(read_bytes(weir_pod_deserialization(weir_int_type()), "12345", 5, &err), WEIR_E_DAMAGED);
    ck_assert_int_eq(read_bytes(weir_msgpack_deserialization(&word_type), "\x93", 1, &err), WEIR_E_DAMAGED);
    ck_assert_int_eq(read_bytes(weir_msgpack_deserialization(&word_type),
                                "\x81\xa5"
                                "count\xa1x",
                                9, &err),
                     WEIR_E_DAMAGED);
    ck_assert_str_eq(err.message, "MessagePack field \"count\" of struct word is not a LONG");
}
END_TEST

START_TEST(a_msgpack_message_is_refused_at_every_cut)
{
    struct weir_serialization_schema writer = weir_msgpack_serialization(&word_type);
    struct word word = sample();
    struct weir_buf buf;

    weir_buf_init(&buf, 1 << 16);
    ck_assert_int_eq(writer.serialize(&writer, &word, &buf, NULL), WEIR_OK);
    for (size_t len = 0; len < buf.len; len++)
        ck_assert_int_eq(read_bytes(weir_msgpack_deserialization(&word_type), buf.ptr, len, NULL), WEIR_E_DAMAGED);
    weir_buf_fini(&buf);
}
END_TEST

START_TEST(unknown_fields_are_skipped_and_missing_ones_are_zero)
{
    static const char message[] = "\x83\xa1x\x92\x01\x81\xa1y\xc0\xa5"
                                  "count\x2a\xa1z\xc4\x02\x01\x02";
    struct weir_deserialization_schema reader = weir_msgpack_deserialization(&word_type);
    struct keeper keeper = keeper_of(&word_type);
    const struct word *word = (const struct word *)keeper.element;

    ck_assert_int_eq(reader.deserialize(&reader, weir_view(message, sizeof(message) - 1), &keeper.collector, NULL),
                     WEIR_OK);
    ck_assert_int_eq(word->count, 42);
    ck_assert_uint_eq(word->text.len, 0);
    keeper_fini(&keeper);
}
END_TEST

START_TEST(deep_nesting_is_refused)
{
    char message[200];

    memset(message, 0x91, sizeof(message)); /* arrays of one array of one array ... */
    message[0] = (char)0x81;
    message[1] = (char)0xa1;
    message[2] = 'x';
    ck_assert_int_eq(read_bytes(weir_msgpack_deserialization(&word_type), message, sizeof(message), NULL),
                     WEIR_E_DAMAGED);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("schemas");
    TCase *tc = tcase_create("schemas");
    SRunner *runner;
    int failed;

    tcase_add_test(tc, every_schema_reads_what_it_writes);
    tcase_add_test(tc, malformed_messages_are_refused_with_a_reason);
    tcase_add_test(tc, a_msgpack_message_is_refused_at_every_cut);
    tcase_add_test(tc, unknown_fields_are_skipped_and_missing_ones_are_zero);
    tcase_add_test(tc, deep_nesting_is_refused);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
