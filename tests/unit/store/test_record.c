/*
 * test_record.c - frames of the store's files: what is put is got, and what was changed since is noticed.
 */
#include <check.h>
#include <stdlib.h>

#include "store/container/ops.h"
#include "store/container/record.h"
#include "weir/buf.h"

#define SALT 99u

/* A log of groups: group g has counts[g] records of 20 bytes each. */
static void build(struct weir_buf *file, const int *counts, size_t group_count)
{
    struct weir_file_header header = {.number = 1, .salt = SALT};
    uint64_t lsn = 1;

    weir_buf_init(file, 1 << 20);
    weir_file_header_put(weir_buf_extend(file, WEIR_FILE_HEADER_LEN), WEIR_FILE_LOG, &header);
    for (size_t g = 0; g < group_count; g++) {
        uint64_t group = file->len;

        for (int i = 0; i < counts[g]; i++) {
            uint8_t *at = weir_buf_extend(file, weir_record_len(20));

            memset(at + WEIR_RECORD_HEADER_LEN, (int)lsn, 20);
            weir_record_seal(at, WEIR_RECORD_OPS, lsn++, group, 20, SALT);
        }
    }
}

static enum weir_status read_all(struct weir_buf *file, struct weir_record_reader *reader, int *count)
{
    struct weir_record record;
    enum weir_status status;

    *count = 0;
    weir_record_reader_init(reader, weir_buf_view(file), SALT, 1);
    while ((status = weir_record_next(reader, &record)) == WEIR_OK) {
        ++*count;
        ck_assert_uint_eq(record.lsn, (uint64_t)*count);
        ck_assert_uint_eq(record.payload.len, 20);
        ck_assert_uint_eq(record.payload.ptr[19], (uint8_t)*count);
    }
    return status;
}

static const int counts[] = {2, 3, 1, 4};

START_TEST(records_are_read_back)
{
    struct weir_record_reader reader;
    struct weir_file_header header;
    struct weir_buf file;
    int count;

    build(&file, counts, 4);
    ck_assert_int_eq(weir_file_header_get(weir_buf_view(&file), WEIR_FILE_LOG, "f", &header, NULL), WEIR_OK);
    ck_assert_uint_eq(header.salt, SALT);
    ck_assert_int_eq(weir_file_header_get(weir_buf_view(&file), WEIR_FILE_CHUNK, "f", &header, NULL), WEIR_E_DAMAGED);
    ck_assert_int_eq(read_all(&file, &reader, &count), WEIR_E_END);
    ck_assert_int_eq(count, 10);
    weir_buf_fini(&file);
}
END_TEST

/* Goal: a changed byte stops the reader at its record, and counts as damage unless it is in the last group. */
START_TEST(a_changed_byte_is_noticed_at_every_offset)
{
    struct weir_record_reader reader;
    struct weir_buf file;
    uint64_t record, last_group;
    int count;

    build(&file, counts, 4);
    last_group = WEIR_FILE_HEADER_LEN + 6 * weir_record_len(20);
    record = ((uint64_t)_i - WEIR_FILE_HEADER_LEN) / weir_record_len(20);
    file.ptr[_i] ^= 1;
    ck_assert_int_eq(read_all(&file, &reader, &count), WEIR_E_DAMAGED);
    ck_assert_int_eq(count, (int)record);
    ck_assert_uint_eq(reader.offset, WEIR_FILE_HEADER_LEN + record * weir_record_len(20));
    ck_assert_int_eq(weir_record_tail_is_torn(&reader), (uint64_t)_i >= last_group);
    weir_buf_fini(&file);
}
END_TEST

START_TEST(a_changed_file_header_is_noticed_at_every_offset)
{
    struct weir_file_header header;
    struct weir_error err = {0};
    struct weir_buf file;

    build(&file, counts, 1);
    file.ptr[_i] ^= 1;
    ck_assert_int_eq(weir_file_header_get(weir_buf_view(&file), WEIR_FILE_LOG, "f", &header, &err), WEIR_E_DAMAGED);
    ck_assert_ptr_nonnull(strstr(err.message, "offset"));
    weir_buf_fini(&file);
}
END_TEST

/* Goal: a write cut short anywhere is a torn tail, never damage, and no record is got in part. */
START_TEST(a_cut_is_a_torn_tail_at_every_length)
{
    struct weir_record_reader reader;
    struct weir_buf file;
    size_t whole = ((size_t)_i - WEIR_FILE_HEADER_LEN) / weir_record_len(20);
    int count;

    build(&file, counts, 4);
    file.len = (size_t)_i;
    ck_assert_int_eq(read_all(&file, &reader, &count),
                     ((size_t)_i - WEIR_FILE_HEADER_LEN) % weir_record_len(20) == 0 ? WEIR_E_END : WEIR_E_DAMAGED);
    ck_assert_int_eq(count, (int)whole);
    if (reader.offset < file.len)
        ck_assert(weir_record_tail_is_torn(&reader));
    weir_buf_fini(&file);
}
END_TEST

/* Goal: stored bytes that look like a later record of the log do not make a torn tail look like damage. */
START_TEST(payloads_cannot_pose_as_records)
{
    struct weir_record_reader reader;
    struct weir_buf file;
    uint8_t *at;
    int count;

    build(&file, counts, 1);
    at = weir_buf_extend(&file, weir_record_len(64));
    weir_record_seal(at + WEIR_RECORD_HEADER_LEN, WEIR_RECORD_OPS, 4, file.len - 64, 8, SALT + 1);
    weir_record_seal(at, WEIR_RECORD_OPS, 3, (uint64_t)(at - file.ptr), 64, SALT);
    at[0] ^= 1;
    ck_assert_int_eq(read_all(&file, &reader, &count), WEIR_E_DAMAGED);
    ck_assert(weir_record_tail_is_torn(&reader));
    weir_buf_fini(&file);
}
END_TEST

/* Goal: every operation is read back as it was written, and a cut one is refused, wherever the cut. */
START_TEST(operations_are_read_back)
{
    static const uint8_t attributes[48] = {1, 2, 3};
    struct weir_op op = {.segment = 1,
                         .source = 2,
                         .offset = 3,
                         .length = 4,
                         .event_number = 5,
                         .event_count = 6,
                         .time_ms = 7,
                         .writer = {8, 9},
                         .sealed = true,
                         .chunk = 10,
                         .run_offset = 11,
                         .run_len = 12,
                         .skip = 13,
                         .name = weir_view_str("name"),
                         .data = weir_view_str("data"),
                         .attributes = {attributes, sizeof(attributes)}};
    struct weir_buf first, second;
    struct weir_op got;
    struct weir_in in;

    op.code = (enum weir_op_code)_i;
    weir_buf_init(&first, 1000);
    weir_buf_init(&second, 1000);
    weir_op_put(&first, &op);
    in = weir_in(weir_buf_view(&first));
    if ((_i > WEIR_OP_TABLE_REMOVE && _i < WEIR_OP_BEGIN) || _i > WEIR_OP_TABLE_KEY) {
        ck_assert(!weir_op_get(&in, &got));
    } else {
        ck_assert(weir_op_get(&in, &got));
        ck_assert_uint_eq(weir_in_left(&in), 0);
        weir_op_put(&second, &got);
        ck_assert(weir_view_equal(weir_buf_view(&first), weir_buf_view(&second)));
        for (size_t len = 0; len < first.len; len++) {
            in = weir_in(weir_view(first.ptr, len));
            ck_assert(!weir_op_get(&in, &got));
        }
    }
    weir_buf_fini(&first);
    weir_buf_fini(&second);
}
END_TEST

int main(void)
{
    int file_len = (int)(WEIR_FILE_HEADER_LEN + 10 * weir_record_len(20));
    Suite *suite = suite_create("record");
    TCase *tc = tcase_create("record");
    SRunner *sr;
    int failed;

    tcase_add_test(tc, records_are_read_back);
    tcase_add_loop_test(tc, a_changed_byte_is_noticed_at_every_offset, WEIR_FILE_HEADER_LEN, file_len);
    tcase_add_loop_test(tc, a_changed_file_header_is_noticed_at_every_offset, 0, WEIR_FILE_HEADER_LEN);
    tcase_add_loop_test(tc, a_cut_is_a_torn_tail_at_every_length, WEIR_FILE_HEADER_LEN, file_len);
    tcase_add_test(tc, payloads_cannot_pose_as_records);
    tcase_add_loop_test(tc, operations_are_read_back, 1, 25);
    suite_add_tcase(suite, tc);
    sr = srunner_create(suite);
    srunner_set_fork_status(sr, CK_NOFORK);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
