/*
 * test_catalog.c - the controller's records: what is written is read back, and nothing else is.
 */
#include "store/controller/catalog.h"

#include <check.h>
#include <stdlib.h>

static struct weir_buf bytes;

static void setup(void)
{
    weir_buf_init(&bytes, WEIR_CATALOG_RECORD_LEN_MAX);
}

static void teardown(void)
{
    weir_buf_fini(&bytes);
}

static void set_bytes(struct weir_buf *buf, const char *text)
{
    weir_buf_init(buf, 1024);
    weir_buf_append(buf, text, strlen(text));
}

static void make_stream(struct weir_stream_record *rec)
{
    static const struct weir_cut_entry head[] = {{0, 17}, {1, 0}};
    int64_t sealed = 1;
    struct weir_segment_range range = {0, 0.5, 1.0};

    *rec = (struct weir_stream_record){.state = WEIR_STREAM_SEALED, .created_ms = 1234567890123};
    set_bytes(&rec->config, "config");
    rec->head = (struct weir_cut){malloc(sizeof(head)), 2};
    memcpy(rec->head.entries, head, sizeof(head));
    ck_assert_int_eq(weir_epochs_init(&rec->epochs, 2, 0, rec->created_ms), WEIR_OK);
    ck_assert_int_eq(weir_epochs_scale(&rec->epochs, &sealed, 1, &range, 1, rec->created_ms + 7), WEIR_OK);
}

static struct weir_cut cut_of_two(int64_t one, int64_t other)
{
    struct weir_cut cut = {malloc(2 * sizeof(struct weir_cut_entry)), 2};

    ck_assert_ptr_nonnull(cut.entries);
    cut.entries[0] = (struct weir_cut_entry){0, one};
    cut.entries[1] = (struct weir_cut_entry){1, other};
    return cut;
}

/* Goal: what the controller keeps of its own doings comes back; a writer's record of the version before does, too. */
START_TEST(marks_cuts_and_writers_come_back)
{
    struct weir_mark_record mark = {.mark = {-7, 9, cut_of_two(5, 6)}, .segment_id = 3, .offset = 77}, mark_back = {0};
    struct weir_retention_cut cut = {.size = 1234, .cut = cut_of_two(7, 8)}, cut_back = {0};
    struct weir_writer_record writer = {.timestamp = -1, .position = cut_of_two(-1, 2), .gone = true},
                              writer_back = {0};
    int64_t time;

    weir_mark_record_encode(&bytes, &mark);
    ck_assert_int_eq(weir_mark_record_decode(weir_buf_view(&bytes), &mark_back), WEIR_OK);
    ck_assert_int_eq(mark_back.mark.lower, -7);
    ck_assert_int_eq(mark_back.mark.upper, 9);
    ck_assert_int_eq(mark_back.segment_id, 3);
    ck_assert_int_eq(mark_back.offset, 77);
    ck_assert(weir_cut_equal(&mark_back.mark.cut, &mark.mark.cut));
    bytes.len = 0;
    weir_retention_record_encode(&bytes, &cut);
    ck_assert_int_eq(weir_retention_record_decode(weir_buf_view(&bytes), &cut_back), WEIR_OK);
    ck_assert_int_eq(cut_back.size, 1234);
    ck_assert(weir_cut_equal(&cut_back.cut, &cut.cut));
    weir_cut_fini(&cut_back.cut);
    ck_assert_int_eq(weir_retention_record_decode(weir_view(bytes.ptr, bytes.len - 1), &cut_back), WEIR_E_DAMAGED);
    bytes.len = 0;
    weir_writer_record_encode(&bytes, &writer);
    ck_assert_int_eq(weir_writer_record_decode(weir_buf_view(&bytes), &writer_back), WEIR_OK);
    ck_assert(writer_back.gone);
    ck_assert(weir_cut_equal(&writer_back.position, &writer.position));
    weir_writer_record_fini(&writer_back);
    bytes.ptr[0] = 1;
    ck_assert_int_eq(weir_writer_record_decode(weir_view(bytes.ptr, bytes.len - 1), &writer_back), WEIR_OK);
    ck_assert(!writer_back.gone);
    ck_assert(weir_catalog_time_parse(weir_view("000000000000000f", 16), &time) && time == 15);
    ck_assert(!weir_catalog_time_parse(weir_view("00000000000000g0", 16), &time));
    ck_assert(!weir_catalog_time_parse(weir_view("f00000000000000f", 16), &time));
    weir_mark_record_fini(&mark);
    weir_mark_record_fini(&mark_back);
    weir_cut_fini(&cut.cut);
    weir_writer_record_fini(&writer);
    weir_writer_record_fini(&writer_back);
}
END_TEST

START_TEST(stream_comes_back)
{
    struct weir_stream_record rec, back = {0};

    make_stream(&rec);
    weir_stream_record_encode(&bytes, &rec);
    ck_assert_int_eq(weir_stream_record_decode(weir_buf_view(&bytes), &back), WEIR_OK);
    ck_assert_int_eq(back.state, WEIR_STREAM_SEALED);
    ck_assert_int_eq(back.created_ms, rec.created_ms);
    ck_assert(weir_view_equal(weir_buf_view(&back.config), weir_buf_view(&rec.config)));
    ck_assert_uint_eq(back.head.count, 2);
    ck_assert_int_eq(back.head.entries[0].offset, 17);
    ck_assert_uint_eq(back.epochs.count, 2);
    for (size_t e = 0; e < 2; e++) {
        ck_assert_int_eq(back.epochs.list[e].created_ms, rec.epochs.list[e].created_ms);
        ck_assert_uint_eq(back.epochs.list[e].segment_count, rec.epochs.list[e].segment_count);
        ck_assert_mem_eq(back.epochs.list[e].segments, rec.epochs.list[e].segments,
                         rec.epochs.list[e].segment_count * sizeof(struct weir_segment_range));
    }
    weir_stream_record_fini(&rec);
    weir_stream_record_fini(&back);
}
END_TEST

/* Goal: a record of the version before, which has no times of epochs, is read; theirs begin with the stream's. */
START_TEST(stream_of_the_version_before)
{
    struct weir_stream_record rec, back = {0};
    uint8_t time[8];
    size_t kept = 0;

    make_stream(&rec);
    weir_stream_record_encode(&bytes, &rec);
    for (size_t e = 0; e < 2; e++) { /* the times are cut out */
        weir_put_u64be(time, (uint64_t)rec.epochs.list[e].created_ms);
        for (kept = 10; memcmp(bytes.ptr + kept, time, 8) != 0; kept++)
            ck_assert_uint_lt(kept + 8, bytes.len);
        memmove(bytes.ptr + kept, bytes.ptr + kept + 8, bytes.len - kept - 8);
        bytes.len -= 8;
    }
    bytes.ptr[0] = 1;
    ck_assert_int_eq(weir_stream_record_decode(weir_buf_view(&bytes), &back), WEIR_OK);
    ck_assert_uint_eq(back.epochs.count, 2);
    ck_assert_int_eq(back.epochs.list[0].created_ms, rec.created_ms);
    ck_assert_int_eq(back.epochs.list[1].created_ms, rec.created_ms + 1);
    ck_assert_mem_eq(back.epochs.list[1].segments, rec.epochs.list[1].segments,
                     rec.epochs.list[1].segment_count * sizeof(struct weir_segment_range));
    weir_stream_record_fini(&rec);
    weir_stream_record_fini(&back);
}
END_TEST

START_TEST(txn_comes_back)
{
    struct weir_txn_record rec = {.state = WEIR_TXN_COMMITTING,
                                  .created_ms = 1,
                                  .lease_ms = 30000,
                                  .max_expiry_ms = 99,
                                  .completed_ms = 7,
                                  .commit_number = UINT64_MAX,
                                  .timestamp = WEIR_TXN_NO_TIMESTAMP};
    struct weir_txn_record back = {0};

    set_bytes(&rec.writer, "writer/with/slashes");
    weir_txn_record_encode(&bytes, &rec);
    ck_assert_int_eq(weir_txn_record_decode(weir_buf_view(&bytes), &back), WEIR_OK);
    ck_assert_int_eq(back.state, rec.state);
    ck_assert_int_eq(back.lease_ms, 30000);
    ck_assert_int_eq(back.max_expiry_ms, 99);
    ck_assert_int_eq(back.completed_ms, 7);
    ck_assert_uint_eq(back.commit_number, UINT64_MAX);
    ck_assert_int_eq(back.timestamp, WEIR_TXN_NO_TIMESTAMP);
    ck_assert(weir_view_equal(weir_buf_view(&back.writer), weir_view_str("writer/with/slashes")));
    weir_txn_record_fini(&rec);
    weir_txn_record_fini(&back);
}
END_TEST

START_TEST(small_records_come_back)
{
    struct weir_cut_entry entries[] = {{3, 4}};
    struct weir_writer_record writer = {.timestamp = -5, .position = {entries, 1}}, writer_back = {0};
    struct weir_group_record group = {.generation = 2}, group_back = {0};
    struct weir_subscriber_record sub = {.generation = 9, .cut = {entries, 1}}, sub_back = {0};

    weir_writer_record_encode(&bytes, &writer);
    ck_assert_int_eq(weir_writer_record_decode(weir_buf_view(&bytes), &writer_back), WEIR_OK);
    ck_assert_int_eq(writer_back.timestamp, -5);
    ck_assert_int_eq(writer_back.position.entries[0].offset, 4);
    weir_writer_record_fini(&writer_back);
    weir_buf_reset(&bytes);
    set_bytes(&group.config, "g");
    weir_group_record_encode(&bytes, &group);
    ck_assert_int_eq(weir_group_record_decode(weir_buf_view(&bytes), &group_back), WEIR_OK);
    ck_assert_int_eq(group_back.generation, 2);
    weir_group_record_fini(&group);
    weir_group_record_fini(&group_back);
    weir_buf_reset(&bytes);
    set_bytes(&sub.group_id, "id");
    weir_subscriber_record_encode(&bytes, &sub);
    ck_assert_int_eq(weir_subscriber_record_decode(weir_buf_view(&bytes), &sub_back), WEIR_OK);
    ck_assert_int_eq(sub_back.generation, 9);
    ck_assert_uint_eq(sub_back.cut.count, 1);
    weir_buf_fini(&sub.group_id);
    weir_subscriber_record_fini(&sub_back);
    weir_buf_reset(&bytes);
    weir_scope_record_encode(&bytes);
    ck_assert_int_eq(weir_scope_record_decode(weir_buf_view(&bytes)), WEIR_OK);
}
END_TEST

START_TEST(kvt_comes_back)
{
    struct weir_kvt_record rec = {.created_ms = 5,
                                  .first_number = 7,
                                  .segment_count = 3,
                                  .primary_key_len = 200,
                                  .secondary_key_len = 56,
                                  .rollover_bytes = 9};
    struct weir_kvt_record back = {0};

    weir_kvt_record_encode(&bytes, &rec);
    ck_assert_int_eq(weir_kvt_record_decode(weir_buf_view(&bytes), &back), WEIR_OK);
    ck_assert_mem_eq(&back, &rec, sizeof(rec));
    for (size_t len = 0; len < bytes.len; len++)
        ck_assert_int_eq(weir_kvt_record_decode(weir_view(bytes.ptr, len), &back), WEIR_E_DAMAGED);
    weir_buf_reset(&bytes);
    rec.secondary_key_len++; /* a key that is too long */
    weir_kvt_record_encode(&bytes, &rec);
    ck_assert_int_eq(weir_kvt_record_decode(weir_buf_view(&bytes), &back), WEIR_E_DAMAGED);
}
END_TEST

/* Goal: a record that is cut anywhere, or has a byte too many, is damage and leaves nothing behind. */
START_TEST(cut_records_are_refused)
{
    struct weir_stream_record rec, back = {0};
    struct weir_txn_record txn = {.state = WEIR_TXN_OPEN}, txn_back = {0};
    struct weir_buf txn_bytes;

    make_stream(&rec);
    weir_stream_record_encode(&bytes, &rec);
    for (size_t len = 0; len < bytes.len; len++)
        ck_assert_int_eq(weir_stream_record_decode(weir_view(bytes.ptr, len), &back), WEIR_E_DAMAGED);
    weir_buf_u8(&bytes, 0);
    ck_assert_int_eq(weir_stream_record_decode(weir_buf_view(&bytes), &back), WEIR_E_DAMAGED);
    ck_assert_ptr_null(back.epochs.list);
    weir_stream_record_fini(&rec);
    weir_buf_init(&txn_bytes, 1024);
    weir_txn_record_encode(&txn_bytes, &txn);
    for (size_t len = 0; len < txn_bytes.len; len++)
        ck_assert_int_eq(weir_txn_record_decode(weir_view(txn_bytes.ptr, len), &txn_back), WEIR_E_DAMAGED);
    weir_buf_fini(&txn_bytes);
}
END_TEST

/* Goal: no byte of a record can make the decoder do harm. Method: every byte set to every value. */
START_TEST(changed_bytes_do_no_harm)
{
    struct weir_stream_record rec, back = {0};
    uint8_t value = (uint8_t)_i;

    make_stream(&rec);
    weir_stream_record_encode(&bytes, &rec);
    for (size_t at = 0; at < bytes.len; at++) {
        uint8_t was = bytes.ptr[at];

        bytes.ptr[at] = value;
        weir_stream_record_decode(weir_buf_view(&bytes), &back);
        weir_stream_record_fini(&back);
        bytes.ptr[at] = was;
    }
    weir_stream_record_fini(&rec);
}
END_TEST

START_TEST(newer_records_are_named_so)
{
    struct weir_stream_record rec, back = {0};

    make_stream(&rec);
    weir_stream_record_encode(&bytes, &rec);
    bytes.ptr[0] = 3;
    ck_assert_int_eq(weir_stream_record_decode(weir_buf_view(&bytes), &back), WEIR_E_UNSUPPORTED);
    weir_stream_record_fini(&rec);
}
END_TEST

START_TEST(keys_split)
{
    struct weir_view parts[3];
    struct weir_uuid id;

    ck_assert(weir_catalog_key_split(weir_view_str("writer/s/t/a/b"), WEIR_CATALOG_WRITER, parts, 3));
    ck_assert(weir_view_equal(parts[0], weir_view_str("s")));
    ck_assert(weir_view_equal(parts[1], weir_view_str("t")));
    ck_assert(weir_view_equal(parts[2], weir_view_str("a/b")));
    ck_assert(!weir_catalog_key_split(weir_view_str("writer/s"), WEIR_CATALOG_WRITER, parts, 3));
    ck_assert(!weir_catalog_key_split(weir_view_str("stream/s/t"), WEIR_CATALOG_WRITER, parts, 3));
    ck_assert(weir_catalog_txn_parse(weir_view_str("00000001000000000000000000000abc"), &id));
    ck_assert_uint_eq(id.msb, 0x100000000);
    ck_assert_uint_eq(id.lsb, 0xabc);
    ck_assert(!weir_catalog_txn_parse(weir_view_str("00000001000000000000000000000ab"), &id));
    ck_assert(!weir_catalog_txn_parse(weir_view_str("0000000100000000000000000000Xabc"), &id));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("catalog");
    TCase *tc = tcase_create("catalog");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, marks_cuts_and_writers_come_back);
    tcase_add_test(tc, stream_comes_back);
    tcase_add_test(tc, stream_of_the_version_before);
    tcase_add_test(tc, txn_comes_back);
    tcase_add_test(tc, small_records_come_back);
    tcase_add_test(tc, kvt_comes_back);
    tcase_add_test(tc, cut_records_are_refused);
    tcase_add_loop_test(tc, changed_bytes_do_no_harm, 0, 256);
    tcase_add_test(tc, newer_records_are_named_so);
    tcase_add_test(tc, keys_split);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
