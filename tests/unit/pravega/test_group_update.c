/*
 * test_group_update.c - each update of a group's state against the bytes of the Java client, both ways.
 */
#include "pravega/group/group_update.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "group_vectors.h"
#include "hex.h"

#define STREAM .scope = "scope", .stream = "stream"

static const struct pravega_position_entry at_5 = {STREAM, 0, -1, -1, 5};
static const struct pravega_position_entry at_7 = {STREAM, 0, 0, 0.5, 7};
static const int64_t predecessors[] = {0, 1};
static const struct pravega_successor successor = {{INT64_C(1) << 32 | 2, 0, 1}, predecessors, 2};

static const struct {
    const char *hex;
    struct pravega_group_update update;
} vectors[] = {
    {ADD_READER_HEX, {.kind = PRAVEGA_GROUP_ADD_READER, .reader = "r1"}},
    {REMOVE_READER_HEX, {.kind = PRAVEGA_GROUP_REMOVE_READER, .reader = "r1", .positions = &at_5, .position_count = 1}},
    {RELEASE_SEGMENT_HEX,
     {.kind = PRAVEGA_GROUP_RELEASE_SEGMENT, .reader = "r1", .segment = {STREAM, .segment = 0, .offset = 300}}},
    {ACQUIRE_SEGMENT_HEX, {.kind = PRAVEGA_GROUP_ACQUIRE_SEGMENT, .reader = "r1", .segment = {STREAM, .segment = 0}}},
    {UPDATE_DISTANCE_TO_TAIL_HEX,
     {.kind = PRAVEGA_GROUP_UPDATE_DISTANCE_TO_TAIL,
      .reader = "r1",
      .distance_ms = 12345,
      .positions = &at_7,
      .position_count = 1}},
    {SEGMENT_COMPLETED_HEX,
     {.kind = PRAVEGA_GROUP_SEGMENT_COMPLETED,
      .reader = "r1",
      .segment = {STREAM, 0, 0, 0.5, 0},
      .successors = &successor,
      .successor_count = 1}},
    {CHECKPOINT_READER_HEX,
     {.kind = PRAVEGA_GROUP_CHECKPOINT_READER,
      .checkpoint = "cp",
      .reader = "r1",
      .positions = &at_5,
      .position_count = 1}},
    {CREATE_CHECKPOINT_HEX, {.kind = PRAVEGA_GROUP_CREATE_CHECKPOINT, .checkpoint = "cp"}},
    {CLEAR_CHECKPOINTS_BEFORE_HEX, {.kind = PRAVEGA_GROUP_CLEAR_CHECKPOINTS_BEFORE, .checkpoint = "cp"}},
    {UPDATE_CHECKPOINT_PUBLISHED_HEX, {.kind = PRAVEGA_GROUP_UPDATE_CHECKPOINT_PUBLISHED, .flag = true}},
    {UPDATING_CONFIG_HEX, {.kind = PRAVEGA_GROUP_UPDATING_CONFIG, .flag = true}},
    {REMOVE_OUTSTANDING_CHECKPOINTS_HEX, {.kind = PRAVEGA_GROUP_REMOVE_OUTSTANDING_CHECKPOINTS}},
    /* As live readers wrote them. */
    {"0008000100000000 2f 0003 637032 0002 7232 01 001b 7370656373636f70652f7363616c65312f302e2365706f63682e30"
     "ffffffffffffffff",
     {.kind = PRAVEGA_GROUP_CHECKPOINT_READER,
      .checkpoint = "cp2",
      .reader = "r2",
      .positions = &(const struct pravega_position_entry){"specscope", "scale1", 0, -1, -1, -1},
      .position_count = 1}},
    {"00060002 00 0000000c 0002 7232 0000000000000000 01 00000001 00",
     {.kind = PRAVEGA_GROUP_UPDATE_DISTANCE_TO_TAIL, .reader = "r2"}},
    {"00030001 00 00000047 0002 7231 02 0017 7370656373636f70652f73312f302e2365706f63682e30 000000000000096f"
     "0017 7370656373636f70652f73312f312e2365706f63682e30 0000000000000ccc",
     {.kind = PRAVEGA_GROUP_REMOVE_READER,
      .reader = "r1",
      .positions = (const struct pravega_position_entry[]){{"specscope", "s1", 0, -1, -1, 2415},
                                                           {"specscope", "s1", 1, -1, -1, 3276}},
      .position_count = 2}},
};
#define VECTOR_COUNT ((int)(sizeof(vectors) / sizeof(vectors[0])))

START_TEST(writes_what_java_writes)
{
    struct weir_buf out;

    weir_buf_init(&out, 4096);
    pravega_group_update_to_bytes(&vectors[_i].update, &out);
    ck_assert_int_eq(out.status, WEIR_OK);
    assert_hex(&out, vectors[_i].hex);
    weir_buf_fini(&out);
}
END_TEST

/* Goal: what Java wrote is understood: written again it has the same bytes. */
START_TEST(reads_what_java_writes)
{
    struct weir_buf bytes = hex_bytes(vectors[_i].hex), out;
    struct pravega_stream_names names = {0};
    struct pravega_group_update update;
    struct weir_error err = {0};

    ck_assert_int_eq(pravega_group_update_from_bytes(weir_buf_view(&bytes), &names, &update, &err), WEIR_OK);
    ck_assert_int_eq(update.kind, vectors[_i].update.kind);
    weir_buf_init(&out, 4096);
    pravega_group_update_to_bytes(&update, &out);
    assert_hex(&out, vectors[_i].hex);
    pravega_group_update_fini(&update);
    pravega_stream_names_fini(&names);
    weir_buf_fini(&out);
    weir_buf_fini(&bytes);
}
END_TEST

/* Goal: bytes that end early are refused, wherever they end. */
START_TEST(refuses_what_is_cut_off)
{
    struct weir_buf bytes = hex_bytes(vectors[_i].hex);
    struct pravega_stream_names names = {0};

    for (size_t len = 0; len < bytes.len; len++) {
        struct pravega_group_update update;
        struct weir_error err = {0};

        ck_assert_int_eq(pravega_group_update_from_bytes(weir_view(bytes.ptr, len), &names, &update, &err),
                         WEIR_E_INVAL);
        ck_assert_ptr_null(update.reader);
        ck_assert(err.message[0] != '\0');
    }
    pravega_stream_names_fini(&names);
    weir_buf_fini(&bytes);
}
END_TEST

/* Goal: a later revision than ours is skipped; ranges that an old process did not write are not known. */
START_TEST(takes_other_revisions)
{
    struct weir_buf newer = hex_bytes("000200020000000004000272310100000003aabbcc");
    struct weir_buf older = hex_bytes("00060001000000000c000272310000000000003039");
    struct weir_buf backwards = hex_bytes("00020001010000000400027231"); /* revision 1 is the first */
    struct pravega_stream_names names = {0};
    struct pravega_group_update update;

    ck_assert_int_eq(pravega_group_update_from_bytes(weir_buf_view(&newer), &names, &update, NULL), WEIR_OK);
    ck_assert_str_eq(update.reader, "r1");
    pravega_group_update_fini(&update);
    ck_assert_int_eq(pravega_group_update_from_bytes(weir_buf_view(&older), &names, &update, NULL), WEIR_OK);
    ck_assert_int_eq(update.distance_ms, 12345);
    ck_assert_uint_eq(update.position_count, 0);
    pravega_group_update_fini(&update);
    ck_assert_int_eq(pravega_group_update_from_bytes(weir_buf_view(&backwards), &names, &update, NULL), WEIR_E_INVAL);
    pravega_stream_names_fini(&names);
    weir_buf_fini(&newer);
    weir_buf_fini(&older);
    weir_buf_fini(&backwards);
}
END_TEST

/* The last place where `from` stands becomes `to`, of the same length. */
static void replace_last(struct weir_buf *bytes, const char *from, const char *to)
{
    size_t len = strlen(from), at = bytes->len - len;

    while (memcmp(bytes->ptr + at, from, len) != 0)
        at--;
    memcpy(bytes->ptr + at, to, len);
}

/* Goal: what no Java client can have written is refused: another format, a version or a type that there is none of, a
 * range that ends before it begins, a successor of another stream. */
START_TEST(refuses_what_java_does_not_write)
{
    struct weir_buf bad[] = {
        hex_bytes("01020001000000000400027231"), hex_bytes("00020101000000000400027231"),
        hex_bytes("000e0001000000000400027231"), hex_bytes(UPDATE_DISTANCE_TO_TAIL_HEX),
        hex_bytes(SEGMENT_COMPLETED_HEX),
    };
    struct pravega_stream_names names = {0};

    memcpy(bad[3].ptr + bad[3].len - 24, bad[3].ptr + bad[3].len - 16, 8); /* low = high = 0.5 */
    memset(bad[3].ptr + bad[3].len - 16, 0, 8);                            /* high = 0 */
    replace_last(&bad[4], "stream/2", "strexm/2");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct pravega_group_update update;

        ck_assert_int_eq(pravega_group_update_from_bytes(weir_buf_view(&bad[i]), &names, &update, NULL), WEIR_E_INVAL);
        weir_buf_fini(&bad[i]);
    }
    pravega_stream_names_fini(&names);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("group_update");
    TCase *tc = tcase_create("group_update");
    SRunner *sr = srunner_create(suite);
    int failed;

    tcase_add_loop_test(tc, writes_what_java_writes, 0, VECTOR_COUNT);
    tcase_add_loop_test(tc, reads_what_java_writes, 0, VECTOR_COUNT);
    tcase_add_loop_test(tc, refuses_what_is_cut_off, 0, VECTOR_COUNT);
    tcase_add_test(tc, takes_other_revisions);
    tcase_add_test(tc, refuses_what_java_does_not_write);
    suite_add_tcase(suite, tc);
    srunner_set_fork_status(sr, CK_NOFORK);
    srunner_run_all(sr, CK_NORMAL);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
