/*
 * test_real.c - the container on the machine's own files, clock and threads: what the simulation cannot show.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/container/container.h"
#include "weir/fs.h"

#define APPENDS 400
#define APPEND_LEN 3000

static char dir[] = "/tmp/weir-store-XXXXXX";
static struct weir_host *host;
static struct weir_loop *loop;
static struct weir_container *ctr;

static void setup(void)
{
    struct weir_container_options options = {.flush_bytes = 200000};
    struct weir_error err = {0};

    ck_assert_int_eq(weir_host_new(NULL, &host, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_new(host, "store", &loop, NULL), WEIR_OK);
    ck_assert_msg(weir_container_open(loop, dir, &options, &ctr, &err) == WEIR_OK, "%s", err.message);
}

static void teardown(void)
{
    ck_assert_int_eq(weir_container_close(ctr, NULL), WEIR_OK);
    weir_loop_free(loop);
    weir_host_free(host);
}

struct appender {
    struct weir_store_op op;
    int *left;
};

static void appended(struct weir_store_op *op)
{
    struct appender *appender = (struct appender *)op;

    ck_assert_int_eq(op->status, WEIR_OK);
    if (--*appender->left == 0)
        weir_loop_stop(loop);
}

static void begin_append(struct weir_segment *seg, int i, struct appender *appender)
{
    uint8_t bytes[APPEND_LEN];
    struct iovec iov = {bytes, sizeof(bytes)};

    memset(bytes, i, sizeof(bytes));
    appender->op.done = appended;
    weir_segment_append(seg,
                        &(struct weir_append){.writer = {1, 1},
                                              .event_number = i + 1,
                                              .event_count = 1,
                                              .expected_offset = WEIR_APPEND_ANYWHERE,
                                              .iov = &iov,
                                              .iov_count = 1},
                        &appender->op);
}

static void read_done(struct weir_segment_read *read)
{
    ck_assert_int_eq(read->status, WEIR_OK);
    weir_loop_stop(loop);
}

static void assert_bytes(struct weir_segment *seg)
{
    struct weir_segment_info info;

    weir_segment_info(seg, &info);
    ck_assert_int_eq(info.length, (int64_t)APPENDS * APPEND_LEN);
    for (int64_t at = 0; at < info.length;) {
        struct weir_segment_read read = {.done = read_done, .offset = at, .len_max = 100000};
        bool right = true;

        weir_segment_read(seg, &read);
        weir_loop_run(loop);
        for (size_t i = 0; i < read.data.len; i++)
            right &= read.data.ptr[i] == (uint8_t)((at + (int64_t)i) / APPEND_LEN);
        ck_assert(right && read.data.len > 0);
        at += (int64_t)read.data.len;
        weir_segment_read_release(&read);
    }
}

/* Goal: appends, flushes on the pool and a close with work in flight, then everything is there. */
START_TEST(appends_flushes_and_a_close_in_between)
{
    static struct appender appenders[APPENDS];
    struct weir_change create = {.kind = WEIR_CHANGE_CREATE, .name = weir_view_str("s")};
    int left = 1;
    struct appender creation = {.op.done = appended, .left = &left};
    struct weir_segment *seg;

    weir_container_change(ctr, &create, 1, &creation.op);
    weir_loop_run(loop);
    seg = weir_segment_peek(ctr, weir_view_str("s"));
    left = APPENDS / 2;
    for (int i = 0; i < APPENDS; i++) {
        appenders[i].left = &left;
        begin_append(seg, i, &appenders[i]);
        if (i == APPENDS / 2 - 1) {
            weir_loop_run(loop);
            left = APPENDS;
        }
    }
    teardown(); /* half of it is open */
    setup();
    assert_bytes(weir_segment_peek(ctr, weir_view_str("s")));
}
END_TEST

START_TEST(a_folder_has_one_holder)
{
    struct weir_container *other;
    struct weir_error err = {0};

    ck_assert_int_eq(weir_container_open(loop, dir, NULL, &other, &err), WEIR_E_BUSY);
    ck_assert_ptr_nonnull(strstr(err.message, dir));
}
END_TEST

static enum weir_status remove_name(void *arg, const char *name, bool is_dir)
{
    char path[200];

    (void)is_dir;
    snprintf(path, sizeof(path), "%s/%s", (const char *)arg, name);
    unlink(path);
    return WEIR_OK;
}

static void clean(void)
{
    if (weir_host_new(NULL, &host, NULL) != WEIR_OK)
        return;
    weir_fs_list(weir_host_fs(host), dir, remove_name, dir, NULL);
    weir_host_free(host);
    rmdir(dir);
}

int main(void)
{
    Suite *suite = suite_create("real");
    TCase *tc = tcase_create("real");
    SRunner *sr;
    int failed;

    if (mkdtemp(dir) == NULL)
        return EXIT_FAILURE;
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, appends_flushes_and_a_close_in_between);
    tcase_add_test(tc, a_folder_has_one_holder);
    suite_add_tcase(suite, tc);
    sr = srunner_create(suite);
    srunner_set_fork_status(sr, CK_NOFORK);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    clean();
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
