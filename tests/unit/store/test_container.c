/*
 * test_container.c - what the container promises to the server above it, on a machine without faults.
 */
#include "store/segments/segment_merge.h"
#include "store_fixture.h"
#include "weir/endian.h"

static struct machine m;

/* Most tests are about this segment. */
static void start(uint64_t seed)
{
    machine_init(&m, seed, 0);
    ck_assert_int_eq(create(&m, "s"), WEIR_OK);
}

static void setup(void)
{
    start(7);
}

static void teardown(void)
{
    machine_fini(&m);
}

static const struct weir_uuid writer_a = {1, 2}, writer_b = {3, 4};

/* Goal: an append and its writer's state are one, and survive a restart; numbers that were used are refused. */
START_TEST(an_append_carries_its_writer_state)
{
    struct waiter w;

    begin_append(&m, "s", writer_a, 5, weir_view_str("hello"), &w);
    ck_assert(!w.done);
    ck_assert_int_eq(await(&m, &w), WEIR_OK);
    ck_assert_int_eq(w.op.value, 5);
    begin_append(&m, "s", writer_a, 5, weir_view_str("again"), &w);
    ck_assert_int_eq(await(&m, &w), WEIR_E_EXISTS);
    ck_assert_int_eq(w.op.value, 5);
    begin_append(&m, "s", writer_b, 1, weir_view_str(" world"), &w);
    ck_assert_int_eq(await(&m, &w), WEIR_OK);

    for (int restart = 0; restart < 2; restart++) {
        assert_content(&m, "s", "hello world");
        ck_assert_int_eq(weir_segment_attribute(segment(&m, "s"), writer_a), 5);
        ck_assert_int_eq(weir_segment_attribute(segment(&m, "s"), writer_b), 1);
        ck_assert_int_eq(weir_segment_attribute(segment(&m, "s"), (struct weir_uuid){9, 9}), WEIR_ATTRIBUTE_NONE);
        ck_assert_int_eq(weir_segment_attribute(segment(&m, "s"), WEIR_ATTRIBUTE_EVENT_COUNT), 2);
        machine_reopen(&m);
    }
}
END_TEST

START_TEST(an_append_at_an_expected_offset)
{
    struct iovec iov[2] = {{"ab", 2}, {"cd", 2}};
    struct weir_append append_at = {.event_number = WEIR_ATTRIBUTE_NONE, .iov = iov, .iov_count = 2};
    struct waiter first = waiter(), second = waiter(), third = waiter();

    weir_segment_append(segment(&m, "s"), &append_at, &first.op);
    weir_segment_append(segment(&m, "s"), &append_at, &second.op); /* expects 0 once more */
    append_at.expected_offset = 4;
    weir_segment_append(segment(&m, "s"), &append_at, &third.op);
    ck_assert_int_eq(await(&m, &first), WEIR_OK);
    ck_assert_int_eq(await(&m, &second), WEIR_E_CONFLICT);
    ck_assert_int_eq(second.op.value, 4);
    ck_assert_int_eq(await(&m, &third), WEIR_OK);
    assert_content(&m, "s", "abcdabcd");
}
END_TEST

struct ordered {
    struct waiter w;
    int *counter, place;
};

static void ordered_done(struct weir_store_op *op)
{
    struct ordered *o = (struct ordered *)op;

    o->place = (*o->counter)++;
    o->w.done = true;
}

/* Goal: refusals come in their order too, after what they rest on is durable, and never from inside the call. */
START_TEST(outcomes_come_in_the_order_of_the_calls)
{
    struct ordered o[40];
    struct iovec iov = {"x", 1};
    int counter = 0;

    for (int i = 0; i < 40; i++) {
        o[i] = (struct ordered){.w.op.done = ordered_done, .counter = &counter};
        weir_segment_append(segment(&m, "s"),
                            &(struct weir_append){.event_number = WEIR_ATTRIBUTE_NONE,
                                                  .expected_offset = i % 3 == 0 ? 9999 : WEIR_APPEND_ANYWHERE,
                                                  .iov = &iov,
                                                  .iov_count = 1},
                            &o[i].w.op);
        ck_assert_int_eq(counter, 0);
    }
    ck_assert_int_eq(barrier(&m), WEIR_OK);
    for (int i = 0; i < 40; i++) {
        ck_assert_int_eq(o[i].place, i);
        ck_assert_int_eq(o[i].w.op.status, i % 3 == 0 ? WEIR_E_CONFLICT : WEIR_OK);
    }
}
END_TEST

START_TEST(a_cancelled_operation_is_not_called)
{
    struct waiter w;

    begin_append(&m, "s", writer_a, 1, weir_view_str("kept"), &w);
    weir_store_op_cancel(&w.op);
    ck_assert_int_eq(barrier(&m), WEIR_OK);
    ck_assert(!w.done);
    assert_content(&m, "s", "kept");
}
END_TEST

/* --- Reads at the tail --- */

START_TEST(a_read_at_the_tail_waits_for_acknowledged_bytes)
{
    struct reading r, beyond;
    struct waiter w;

    begin_read(segment(&m, "s"), 0, 100, true, &r);
    begin_read(segment(&m, "s"), 2, 100, true, &beyond);
    ck_assert_int_eq(barrier(&m), WEIR_OK);
    ck_assert(!r.done && !beyond.done);
    begin_append(&m, "s", writer_a, 1, weir_view_str("data"), &w);
    ck_assert_int_eq(await(&m, &w), WEIR_OK);
    ck_assert_int_eq(await_read(&m, &r), WEIR_OK);
    ck_assert_int_eq(await_read(&m, &beyond), WEIR_OK);
    ck_assert_uint_eq(r.read.data.len, 4);
    ck_assert(r.read.at_tail && !r.read.end_of_segment);
    ck_assert_mem_eq(beyond.read.data.ptr, "ta", 2);
    weir_segment_read_release(&r.read);
    weir_segment_read_release(&beyond.read);
}
END_TEST

START_TEST(nobody_reads_what_is_not_acknowledged)
{
    struct reading r, waiting;
    struct waiter w;

    begin_append(&m, "s", writer_a, 1, weir_view_str("data"), &w);
    begin_read(segment(&m, "s"), 0, 100, false, &r);
    begin_read(segment(&m, "s"), 0, 100, true, &waiting);
    ck_assert_int_eq(await_read(&m, &r), WEIR_OK);
    ck_assert_uint_eq(r.read.data.len, 0);
    ck_assert(!w.done && !waiting.done);
    ck_assert_int_eq(await_read(&m, &waiting), WEIR_OK);
    ck_assert_uint_eq(waiting.read.data.len, 4);
    weir_segment_read_release(&r.read);
    weir_segment_read_release(&waiting.read);
    ck_assert_int_eq(await(&m, &w), WEIR_OK);
}
END_TEST

static enum weir_status end_by(enum weir_change_kind kind)
{
    struct reading r;
    enum weir_status status;

    begin_read(segment(&m, "s"), 0, 100, true, &r);
    ck_assert_int_eq(change(&m, (struct weir_change){.kind = kind, .name = weir_view_str("s")}), WEIR_OK);
    status = await_read(&m, &r);
    weir_segment_read_release(&r.read);
    return status;
}

START_TEST(a_waiting_read_ends_with_the_seal)
{
    ck_assert_int_eq(end_by(WEIR_CHANGE_SEAL), WEIR_E_SEALED);
}
END_TEST

START_TEST(a_waiting_read_ends_with_the_deletion)
{
    ck_assert_int_eq(end_by(WEIR_CHANGE_DELETE), WEIR_E_NOT_FOUND);
}
END_TEST

START_TEST(a_cancelled_read_is_not_called)
{
    struct reading waiting, ready;

    ck_assert_int_eq(append(&m, "s", "x"), WEIR_OK);
    begin_read(segment(&m, "s"), 1, 100, true, &waiting);
    begin_read(segment(&m, "s"), 0, 100, true, &ready);
    weir_segment_read_cancel(&waiting.read);
    weir_segment_read_cancel(&ready.read);
    ck_assert_int_eq(append(&m, "s", "y"), WEIR_OK);
    ck_assert(!waiting.done && !ready.done);
}
END_TEST

START_TEST(reads_of_a_sealed_segment)
{
    struct weir_change again = {.kind = WEIR_CHANGE_SEAL, .name = weir_view_str("s"), .lenient = true};
    struct reading r;
    struct waiter w;

    ck_assert_int_eq(append(&m, "s", "abc"), WEIR_OK);
    ck_assert_int_eq(seal(&m, "s"), WEIR_OK);
    ck_assert_int_eq(seal(&m, "s"), WEIR_E_SEALED);
    ck_assert_int_eq(change(&m, again), WEIR_OK);
    begin_read(segment(&m, "s"), 1, 100, true, &r);
    ck_assert_int_eq(await_read(&m, &r), WEIR_OK);
    ck_assert_uint_eq(r.read.data.len, 2);
    ck_assert(r.read.at_tail && r.read.end_of_segment);
    weir_segment_read_release(&r.read);
    begin_read(segment(&m, "s"), 3, 100, true, &r);
    ck_assert_int_eq(await_read(&m, &r), WEIR_OK);
    ck_assert(r.read.data.len == 0 && r.read.end_of_segment);
    begin_read(segment(&m, "s"), 4, 100, true, &r);
    ck_assert_int_eq(await_read(&m, &r), WEIR_E_INVAL);
    begin_append(&m, "s", writer_a, 1, weir_view_str("x"), &w);
    ck_assert_int_eq(await(&m, &w), WEIR_E_SEALED);
}
END_TEST

/* --- Changes --- */

START_TEST(truncation)
{
    struct reading r;

    ck_assert_int_eq(append(&m, "s", "abc"), WEIR_OK);
    ck_assert_int_eq(append(&m, "s", "defg"), WEIR_OK);
    ck_assert_int_eq(truncate_at(&m, "s", 4), WEIR_OK);
    ck_assert_int_eq(truncate_at(&m, "s", 3), WEIR_E_TRUNCATED);
    ck_assert_int_eq(truncate_at(&m, "s", 8), WEIR_E_TRUNCATED);
    for (int restart = 0; restart < 2; restart++) {
        ck_assert_int_eq(info_of(&m, "s").start_offset, 4);
        ck_assert_int_eq(info_of(&m, "s").length, 7);
        assert_content(&m, "s", "efg");
        begin_read(segment(&m, "s"), 3, 100, false, &r);
        ck_assert_int_eq(await_read(&m, &r), WEIR_E_TRUNCATED);
        ck_assert_int_eq(r.read.start_offset, 4);
        ck_assert_int_eq(flush(&m), WEIR_OK);
        machine_reopen(&m);
    }
}
END_TEST

/* Goal: a commit of several transactions and its note in the map are one record; a missing source is fine if
 * lenient. */
START_TEST(merges_and_puts_are_one)
{
    struct weir_change commit[] = {
        {.kind = WEIR_CHANGE_MERGE, .name = weir_view_str("s"), .source = weir_view_str("t1")},
        {.kind = WEIR_CHANGE_MERGE, .name = weir_view_str("s"), .source = weir_view_str("gone"), .lenient = true},
        {.kind = WEIR_CHANGE_MERGE, .name = weir_view_str("s"), .source = weir_view_str("t2")},
        {.kind = WEIR_CHANGE_PUT, .name = weir_view_str("txn"), .value = weir_view_str("committed")},
    };
    struct weir_view value;
    struct waiter w;

    ck_assert_int_eq(create(&m, "t1"), WEIR_OK);
    ck_assert_int_eq(create(&m, "t2"), WEIR_OK);
    ck_assert_int_eq(append(&m, "s", "base."), WEIR_OK);
    ck_assert_int_eq(append(&m, "t2", "two."), WEIR_OK);
    ck_assert_int_eq(append(&m, "t1", "one."), WEIR_OK);
    begin_changes(&m, commit, 4, &w);
    ck_assert_int_eq(await(&m, &w), WEIR_OK);
    ck_assert_int_eq(commit[0].result, 9);
    ck_assert_int_eq(commit[1].result, 9);
    ck_assert_int_eq(commit[2].result, 13);
    for (int restart = 0; restart < 2; restart++) {
        assert_content(&m, "s", "base.one.two.");
        ck_assert_ptr_null(segment(&m, "t1"));
        ck_assert_ptr_null(segment(&m, "t2"));
        ck_assert_int_eq(weir_segment_attribute(segment(&m, "s"), WEIR_ATTRIBUTE_EVENT_COUNT), 3);
        ck_assert(weir_map_get(m.ctr, weir_view_str("txn"), &value));
        ck_assert(weir_view_equal(value, weir_view_str("committed")));
        machine_reopen(&m);
    }
}
END_TEST

START_TEST(a_refused_batch_changes_nothing)
{
    struct weir_change batch[] = {
        {.kind = WEIR_CHANGE_CREATE, .name = weir_view_str("new")},
        {.kind = WEIR_CHANGE_PUT, .name = weir_view_str("key"), .value = weir_view_str("value")},
        {.kind = WEIR_CHANGE_DELETE, .name = weir_view_str("nowhere")},
    };
    struct weir_change twice[] = {
        {.kind = WEIR_CHANGE_SEAL, .name = weir_view_str("s")},
        {.kind = WEIR_CHANGE_DELETE, .name = weir_view_str("s")},
    };
    struct weir_view value;
    struct waiter w;

    begin_changes(&m, batch, 3, &w);
    ck_assert_int_eq(await(&m, &w), WEIR_E_NOT_FOUND);
    ck_assert_uint_eq(w.op.refused_index, 2);
    ck_assert_ptr_null(segment(&m, "new"));
    ck_assert(!weir_map_get(m.ctr, weir_view_str("key"), &value));
    begin_changes(&m, twice, 2, &w);
    ck_assert_int_eq(await(&m, &w), WEIR_E_INVAL);
    ck_assert_int_eq(create(&m, "s"), WEIR_E_EXISTS);
    ck_assert_int_eq(change(&m, twice[0]), WEIR_OK); /* the check left no marks */
    ck_assert_int_eq(change(&m, twice[1]), WEIR_OK);
}
END_TEST

START_TEST(attribute_updates)
{
    static const struct {
        enum weir_attribute_update_type type;
        int64_t value, expected;
        enum weir_status status;
        int64_t after;
    } steps[] = {
        {WEIR_ATTRIBUTE_REPLACE_IF_EQUALS, 5, 4, WEIR_E_CONFLICT, WEIR_ATTRIBUTE_NONE},
        {WEIR_ATTRIBUTE_REPLACE_IF_EQUALS, 5, WEIR_ATTRIBUTE_NONE, WEIR_OK, 5},
        {WEIR_ATTRIBUTE_SET_NEW, 6, 0, WEIR_E_CONFLICT, 5},
        {WEIR_ATTRIBUTE_ACCUMULATE, 6, 0, WEIR_OK, 11},
        {WEIR_ATTRIBUTE_REPLACE_IF_GREATER, 11, 0, WEIR_E_CONFLICT, 11},
        {WEIR_ATTRIBUTE_REPLACE_IF_GREATER, 12, 0, WEIR_OK, 12},
        {WEIR_ATTRIBUTE_REPLACE, WEIR_ATTRIBUTE_NONE, 0, WEIR_OK, WEIR_ATTRIBUTE_NONE},
        {WEIR_ATTRIBUTE_SET_NEW, 1, 0, WEIR_OK, 1},
    };
    struct weir_uuid id = {77, 88};

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct weir_attribute_update update = {id, steps[i].type, steps[i].value, steps[i].expected};
        struct weir_change one = {
            .kind = WEIR_CHANGE_ATTRIBUTES, .name = weir_view_str("s"), .updates = &update, .update_count = 1};

        ck_assert_int_eq(change(&m, one), steps[i].status);
        machine_reopen(&m);
        ck_assert_int_eq(weir_segment_attribute(segment(&m, "s"), id), steps[i].after);
    }
}
END_TEST

/* Goal: many attributes, set and unset in turn, are found right (the table moves slots when one goes). */
START_TEST(many_attributes)
{
    for (uint64_t i = 0; i < 3000; i++) {
        struct weir_attribute_update updates[2] = {
            {.id = {i, i * 7}, .type = WEIR_ATTRIBUTE_REPLACE, .value = (int64_t)i},
            {.id = {i / 2, i / 2 * 7}, .type = WEIR_ATTRIBUTE_REPLACE, .value = WEIR_ATTRIBUTE_NONE}};
        struct weir_change one = {
            .kind = WEIR_CHANGE_ATTRIBUTES, .name = weir_view_str("s"), .updates = updates, .update_count = 2};
        struct waiter w;

        begin_changes(&m, &one, 1, &w);
        weir_store_op_cancel(&w.op);
    }
    ck_assert_int_eq(flush(&m), WEIR_OK);
    machine_reopen(&m);
    for (uint64_t i = 0; i < 3000; i++)
        ck_assert_int_eq(weir_segment_attribute(segment(&m, "s"), (struct weir_uuid){i, i * 7}),
                         i < 1500 ? WEIR_ATTRIBUTE_NONE : (int64_t)i);
}
END_TEST

/* Goal: the map is ordered, whatever the order of the puts, and a scan of a prefix survives changes. */
START_TEST(the_map_is_ordered)
{
    struct weir_view key = {NULL, 0}, value;
    char last[16] = "";
    int count = 0;

    for (int i = 0; i < 1000; i++) {
        char name[16];
        struct waiter w;

        snprintf(name, sizeof(name), "%c/%03d", 'a' + i % 3, i * 617 % 1000);
        begin_changes(&m, &(struct weir_change){.kind = WEIR_CHANGE_PUT, .name = weir_view_str(name), .value = key}, 1,
                      &w);
        weir_store_op_cancel(&w.op);
    }
    machine_reopen(&m);
    while (weir_map_next(m.ctr, weir_view_str("b/"), weir_view_str(last), &key, &value)) {
        char now[16] = "";

        memcpy(now, key.ptr, key.len);
        ck_assert_int_gt(strcmp(now, last), 0);
        memcpy(last, now, sizeof(last));
        ck_assert_int_eq(change(&m, (struct weir_change){.kind = WEIR_CHANGE_REMOVE, .name = weir_view_str(last)}),
                         WEIR_OK);
        count++;
    }
    ck_assert_int_eq(count, 333);
    ck_assert(weir_map_next(m.ctr, weir_view_str("c/"), weir_view(NULL, 0), &key, &value));
}
END_TEST

/* --- Flush --- */

static uint8_t pattern(uint8_t first, size_t i)
{
    return (uint8_t)(first + i * 31 + (i >> 8));
}

/* bytes[0..len) are the pattern from `skip` on. */
static bool is_pattern(const uint8_t *bytes, uint8_t first, size_t skip, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (bytes[i] != pattern(first, skip + i))
            return false;
    return true;
}

static void append_pattern(const char *name, size_t len, uint8_t first)
{
    uint8_t *bytes = malloc(len);

    for (size_t i = 0; i < len; i++)
        bytes[i] = pattern(first, i);
    ck_assert_int_eq(append_bytes(&m, name, weir_view(bytes, len)), WEIR_OK);
    free(bytes);
}

static void assert_pattern(const char *name, size_t skip, size_t len, uint8_t first)
{
    size_t got;
    uint8_t *bytes = read_all(&m, segment(&m, name), &got);

    ck_assert_uint_ge(got, skip + len);
    ck_assert(is_pattern(bytes + skip, first, 0, len));
    free(bytes);
}

/* Goal: data that was flushed is read from its chunk, across pages and from any offset, and a merge moves it. */
START_TEST(flushed_data_is_read_back)
{
    struct weir_container_stats stats;

    ck_assert_int_eq(create(&m, "t"), WEIR_OK);
    append_pattern("s", 200000, 1);
    append_pattern("t", 70000, 2);
    ck_assert_int_eq(flush(&m), WEIR_OK);
    append_pattern("t", 100, 3);
    ck_assert_int_eq(merge(&m, "s", "t"), WEIR_OK);
    for (int restart = 0; restart < 3; restart++) {
        struct reading r;

        assert_pattern("s", 0, 200000, 1);
        assert_pattern("s", 200000, 70000, 2);
        assert_pattern("s", 270000, 100, 3);
        begin_read(segment(&m, "s"), 65535, 3, false, &r);
        ck_assert_int_eq(await_read(&m, &r), WEIR_OK);
        ck_assert(r.read.data.len == 3 && is_pattern(r.read.data.ptr, 1, 65535, 3));
        weir_segment_read_release(&r.read);
        if (restart == 1)
            ck_assert_int_eq(flush(&m), WEIR_OK);
        weir_container_stats(m.ctr, &stats);
        ck_assert_uint_gt(stats.cold_read_count, 0);
        machine_reopen(&m);
    }
}
END_TEST

static size_t read_once(int64_t offset, size_t len_max)
{
    struct reading r;
    size_t len;

    begin_read(segment(&m, "s"), offset, len_max, false, &r);
    ck_assert_int_eq(await_read(&m, &r), WEIR_OK);
    ck_assert(is_pattern(r.read.data.ptr, 7, (size_t)offset % 50000, 50000 - (size_t)offset % 50000));
    len = r.read.data.len;
    weir_segment_read_release(&r.read);
    return len;
}

/* Goal: a read gets as much as it asks for, though it came in many appends: from memory, and as soon as it is flushed.
 * (A client has one read under way for each segment: with small answers it is slow.) */
START_TEST(many_appends_are_read_at_once)
{
    for (int i = 0; i < 30; i++)
        append_pattern("s", 50000, 7);
    ck_assert_uint_eq(read_once(10, 1 << 20), 1 << 20);
    ck_assert_int_eq(flush(&m), WEIR_OK);
    ck_assert_uint_eq(read_once(10, 1 << 20), 1 << 20);
    append_pattern("s", 50000, 7);
    ck_assert_uint_eq(read_once(1500000, 1 << 20), 50000);
    ck_assert_int_eq(flush(&m), WEIR_OK);
    ck_assert_uint_eq(read_once(1000000, 1 << 20), 500000); /* another chunk's are another read's */
}
END_TEST

static bool chunks_gone(void *arg)
{
    struct weir_container_stats stats;

    (void)arg;
    weir_container_stats(m.ctr, &stats);
    return stats.chunk_count == 0;
}

static int chunk_files(void)
{
    struct files files;
    int count = 0;

    list_files(&m, &files);
    for (int i = 0; i < files.count; i++)
        count += is_chunk(files.names[i]);
    return count;
}

START_TEST(a_deleted_segment_gives_its_space_back)
{
    append_pattern("s", 200000, 1);
    ck_assert_int_eq(flush(&m), WEIR_OK);
    ck_assert_int_eq(chunk_files(), 1);
    ck_assert_int_eq(delete_segment(&m, "s"), WEIR_OK);
    ck_assert(weir_sim_run(m.sim, chunks_gone, NULL, WAIT_NS));
    ck_assert_int_eq(barrier(&m), WEIR_OK);
    machine_reopen(&m);
    ck_assert_int_eq(chunk_files(), 0);
}
END_TEST

static bool no_chunk_files(void *arg)
{
    (void)arg;
    return chunk_files() == 0;
}

/* Goal: a chunk is not removed before the record that ended its data is durable, or a crash would miss it.
 * Method: an acknowledgement comes between the deletion and its own; several seeds decide which pool job is first. */
START_TEST(a_chunk_outlives_the_deletion_until_it_is_durable)
{
    struct waiter before, deletion;

    teardown();
    start((uint64_t)_i + 1);
    ck_assert_int_eq(create(&m, "other"), WEIR_OK);
    append_pattern("s", 1000, 1);
    ck_assert_int_eq(flush(&m), WEIR_OK);
    begin_append(&m, "other", writer_a, 1, weir_view_str("x"), &before);
    weir_sim_run(m.sim, NULL, NULL, 0); /* it is on its way */
    begin_changes(&m, &(struct weir_change){.kind = WEIR_CHANGE_DELETE, .name = weir_view_str("s")}, 1, &deletion);
    ck_assert(weir_sim_run(m.sim, no_chunk_files, NULL, WAIT_NS));
    ck_assert(deletion.done);
}
END_TEST

/* Goal: a chunk that is mostly dead is copied over, and reads of what lives in it stay right meanwhile and after. */
START_TEST(a_mostly_dead_chunk_is_compacted)
{
    struct weir_container_stats before, after;

    ck_assert_int_eq(create(&m, "dies"), WEIR_OK);
    ck_assert_int_eq(create(&m, "lives"), WEIR_OK);
    append_pattern("dies", 500000, 1);
    append_pattern("lives", 100000, 2);
    ck_assert_int_eq(flush(&m), WEIR_OK);
    ck_assert_int_eq(delete_segment(&m, "dies"), WEIR_OK);
    ck_assert_int_eq(truncate_at(&m, "lives", 10), WEIR_OK);
    weir_container_stats(m.ctr, &before);
    ck_assert_int_eq(flush(&m), WEIR_OK);
    weir_container_stats(m.ctr, &after);
    ck_assert_uint_gt(before.chunk_bytes, 600000);
    ck_assert_uint_lt(after.chunk_bytes, 110000);
    for (int restart = 0; restart < 2; restart++) {
        size_t len;
        uint8_t *bytes = read_all(&m, segment(&m, "lives"), &len);

        ck_assert_uint_eq(len, 99990);
        ck_assert(is_pattern(bytes, 2, 10, len));
        free(bytes);
        machine_reopen(&m);
        ck_assert_int_eq(chunk_files(), 1);
    }
}
END_TEST

static uint64_t flush_count(void)
{
    struct weir_container_stats stats;

    weir_container_stats(m.ctr, &stats);
    return stats.flush_count;
}

/* Goal: what cannot be moved, since it is damaged, stays where it is, and is not tried again with each write; nothing
 * is left of the attempt. Method: a chunk that is dead but for a damaged page; so much more is dead than alive that a
 * flush is due. */
START_TEST(a_damaged_chunk_stays)
{
    char path[80];
    uint64_t count;

    teardown();
    machine_init(&m, 7, 20000);
    ck_assert_int_eq(create(&m, "lives"), WEIR_OK);
    ck_assert_int_eq(create(&m, "dies"), WEIR_OK);
    append_pattern("lives", 1000, 1);
    append_pattern("dies", 200000, 2);
    ck_assert_int_eq(flush(&m), WEIR_OK);
    flip(&m, file_path(&m, "chunk-", path), 100, 1);
    ck_assert_int_eq(delete_segment(&m, "dies"), WEIR_OK);
    ck_assert_int_eq(flush(&m), WEIR_OK);
    ck_assert_int_eq(chunk_files(), 1);
    count = flush_count();
    for (int i = 0; i < 50; i++)
        append_pattern("lives", 100, 3);
    ck_assert_uint_le(flush_count() - count, 1);
    append_pattern("lives", 20000, 4);
    ck_assert_int_eq(flush(&m), WEIR_OK);
    ck_assert_int_eq(read_through(&m, "lives"), WEIR_E_DAMAGED);
    ck_assert(weir_fs_exists(machine_fs(&m), path));
    ck_assert_int_eq(delete_segment(&m, "lives"), WEIR_OK);
    ck_assert(weir_sim_run(m.sim, no_chunk_files, NULL, WAIT_NS));
}
END_TEST

/* Goal: a flush changes extents over wherever they have gone while it ran. */
START_TEST(changes_during_a_flush)
{
    struct waiter flushing = waiter();

    ck_assert_int_eq(create(&m, "t"), WEIR_OK);
    ck_assert_int_eq(create(&m, "u"), WEIR_OK);
    append_pattern("s", 1000, 1);
    append_pattern("t", 70000, 2);
    append_pattern("u", 5000, 3);
    weir_container_flush(m.ctr, &flushing.op);
    ck_assert_int_eq(truncate_at(&m, "t", 69000), WEIR_OK);
    ck_assert_int_eq(merge(&m, "s", "t"), WEIR_OK);
    ck_assert_int_eq(delete_segment(&m, "u"), WEIR_OK);
    append_pattern("s", 10, 4);
    ck_assert_int_eq(await(&m, &flushing), WEIR_OK);
    for (int restart = 0; restart < 3; restart++) {
        size_t len;
        uint8_t *bytes = read_all(&m, segment(&m, "s"), &len);

        ck_assert_uint_eq(len, 2010);
        ck_assert(is_pattern(bytes + 1000, 2, 69000, 1000));
        free(bytes);
        assert_pattern("s", 0, 1000, 1);
        assert_pattern("s", 2000, 10, 4);
        if (restart == 1)
            ck_assert_int_eq(flush(&m), WEIR_OK);
        machine_reopen(&m);
    }
}
END_TEST

/* --- The folder --- */

START_TEST(a_folder_has_one_holder)
{
    struct weir_container *other;
    struct weir_error err = {0};

    ck_assert_int_eq(weir_container_open(m.loop, DIR, NULL, &other, &err), WEIR_E_BUSY);
    ck_assert_msg(strstr(err.message, DIR) != NULL, "%s", err.message);
}
END_TEST

START_TEST(every_durability_survives_an_orderly_end)
{
    m.options.durability = (enum weir_durability)_i;
    machine_reopen(&m);
    ck_assert_int_eq(append(&m, "s", "text"), WEIR_OK);
    ck_assert_int_eq(flush(&m), WEIR_OK);
    ck_assert_int_eq(append(&m, "s", " more"), WEIR_OK);
    machine_reopen(&m);
    assert_content(&m, "s", "text more");
}
END_TEST

/* Goal: close lets go of everything that is open: operations, waiting, ready and cold reads, a flush. */
START_TEST(close_with_everything_open)
{
    struct weir_segment *held;
    struct waiter appended, flushed = waiter();
    struct reading waiting, cold, ready, on_deleted;

    ck_assert_int_eq(create(&m, "gone"), WEIR_OK);
    append_pattern("s", 1000, 1);
    ck_assert_int_eq(flush(&m), WEIR_OK);
    held = weir_segment_find(m.ctr, weir_view_str("s"));
    append_pattern("s", 1000, 1);
    begin_read(held, 2000, 10, true, &waiting);
    begin_read(segment(&m, "gone"), 0, 10, true, &on_deleted);
    begin_read(held, 0, 10, true, &cold);
    begin_read(held, 1000, 10, true, &ready);
    weir_container_flush(m.ctr, &flushed.op);
    begin_append(&m, "s", writer_a, 1, weir_view_str("x"), &appended);
    begin_changes(&m, &(struct weir_change){.kind = WEIR_CHANGE_DELETE, .name = weir_view_str("gone")}, 1, &appended);
    machine_reopen(&m);
    weir_segment_unref(held);
    ck_assert(!waiting.done && !ready.done && !appended.done && !flushed.done);
    ck_assert_ptr_null(segment(&m, "gone")); /* not acknowledged, but written by the close */
}
END_TEST

/* --- What the services remember there --- */

static void remember_merge(int i, int64_t wall_ms)
{
    char name[32];
    uint8_t when[8];

    snprintf(name, sizeof(name), "merged/source-%d", i);
    weir_put_u64be(when, (uint64_t)wall_ms);
    ck_assert_int_eq(put_key(&m, name, weir_view(when, sizeof(when))), WEIR_OK);
}

/* Goal: merges of long ago are forgotten, in as many changes as it takes; those of late are not. */
START_TEST(old_merges_are_forgotten)
{
    int64_t now_ms = INT64_C(100) * 3600 * 1000;
    struct weir_container_stats stats;

    for (int i = 0; i < 700; i++)
        remember_merge(i, i % 7 == 0 ? now_ms : 1);
    weir_segment_merge_forget(m.ctr, now_ms);
    ck_assert_int_eq(barrier(&m), WEIR_OK);
    weir_container_stats(m.ctr, &stats);
    ck_assert_uint_eq(stats.map_count, 100);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("container");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, an_append_carries_its_writer_state);
    tcase_add_test(tc, an_append_at_an_expected_offset);
    tcase_add_test(tc, outcomes_come_in_the_order_of_the_calls);
    tcase_add_test(tc, a_cancelled_operation_is_not_called);
    tcase_add_test(tc, a_read_at_the_tail_waits_for_acknowledged_bytes);
    tcase_add_test(tc, nobody_reads_what_is_not_acknowledged);
    tcase_add_test(tc, a_waiting_read_ends_with_the_seal);
    tcase_add_test(tc, a_waiting_read_ends_with_the_deletion);
    tcase_add_test(tc, a_cancelled_read_is_not_called);
    tcase_add_test(tc, reads_of_a_sealed_segment);
    tcase_add_test(tc, truncation);
    tcase_add_test(tc, merges_and_puts_are_one);
    tcase_add_test(tc, a_refused_batch_changes_nothing);
    tcase_add_test(tc, attribute_updates);
    tcase_add_test(tc, many_attributes);
    tcase_add_test(tc, the_map_is_ordered);
    tcase_add_test(tc, flushed_data_is_read_back);
    tcase_add_test(tc, many_appends_are_read_at_once);
    tcase_add_test(tc, a_deleted_segment_gives_its_space_back);
    tcase_add_loop_test(tc, a_chunk_outlives_the_deletion_until_it_is_durable, 0, 20);
    tcase_add_test(tc, a_mostly_dead_chunk_is_compacted);
    tcase_add_test(tc, a_damaged_chunk_stays);
    tcase_add_test(tc, changes_during_a_flush);
    tcase_add_test(tc, a_folder_has_one_holder);
    tcase_add_loop_test(tc, every_durability_survives_an_orderly_end, 0, 3);
    tcase_add_test(tc, close_with_everything_open);
    tcase_add_test(tc, old_merges_are_forgotten);
    return run_suite("container", tc);
}
