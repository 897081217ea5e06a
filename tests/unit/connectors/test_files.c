/*
 * test_files.c - lines go from files to files exactly once, whatever fails in between. On a simulated disk.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/context.h"
#include "runtime/snapshot.h"
#include "weir/connectors.h"
#include "weir/fs.h"
#include "weir/sim.h"

#define LINE_COUNT 60000

static struct weir_sim *sim;
static struct weir_host *host;

static void setup(void)
{
    struct weir_sim_options options = {.seed = 11};

    ck_assert_int_eq(weir_sim_new(&options, &sim, NULL), WEIR_OK);
    ck_assert_int_eq(weir_sim_host_new(sim, "host", "disk", &host, NULL), WEIR_OK);
}

static void teardown(void)
{
    weir_host_free(host);
    weir_sim_free(sim);
}

static void write_file(const char *path, struct weir_view bytes)
{
    struct iovec iov = {(void *)bytes.ptr, bytes.len};
    struct weir_file *file;

    ck_assert_int_eq(weir_fs_open(weir_host_fs(host), path, WEIR_OPEN_WRITE | WEIR_OPEN_CREATE, &file, NULL), WEIR_OK);
    ck_assert_int_eq(weir_file_write_at(file, &iov, 1, 0, NULL), WEIR_OK);
    weir_file_close(file);
}

static struct weir_buf read_file(const char *path)
{
    struct weir_file *file;
    struct weir_buf bytes;
    uint64_t size;
    size_t got;

    weir_buf_init(&bytes, 1 << 28);
    ck_assert_int_eq(weir_fs_open(weir_host_fs(host), path, WEIR_OPEN_READ, &file, NULL), WEIR_OK);
    ck_assert_int_eq(weir_file_size(file, &size, NULL), WEIR_OK);
    ck_assert_int_eq(weir_file_read_at(file, weir_buf_extend(&bytes, (size_t)size + 1), (size_t)size, 0, &got, NULL),
                     WEIR_OK);
    weir_file_close(file);
    bytes.len = (size_t)size;
    bytes.ptr[size] = '\0';
    return bytes;
}

/* Lines "0".."LINE_COUNT - 1" in one file; every other one ends as on another system. */
static void write_numbers(const char *path)
{
    struct weir_buf bytes;

    weir_buf_init(&bytes, 1 << 24);
    for (int i = 0; i < LINE_COUNT; i++)
        weir_buf_printf(&bytes, "%d%s", i, i == LINE_COUNT - 1 ? "" : i % 2 == 0 ? "\n" : "\r\n");
    write_file(path, weir_buf_view(&bytes));
    weir_buf_fini(&bytes);
}

/* Passes lines on and fails at every `every`-th call, `times` times. */
struct failing_map {
    int64_t calls, every, times;
};

static enum weir_status pass_or_fail(void *arg, const void *in, void *out, struct weir_error *err)
{
    struct failing_map *map = arg;

    if (++map->calls % map->every == 0 && map->times > 0) {
        map->times--;
        return weir_fail(err, WEIR_E_USER, "failed on purpose");
    }
    *(struct weir_view *)out = *(const struct weir_view *)in;
    return WEIR_OK;
}

static enum weir_status copy_lines(const char *const *paths, size_t count, const char *to, struct failing_map *map,
                                   struct weir_job_result *result, struct weir_error *err)
{
    struct weir_env_options options = {
        .host = host, .checkpoint_interval_ms = 2, .checkpoints_dir = "chk", .restart_delay_ms = -1};
    struct weir_file_source_options source = {.paths = paths, .path_count = count};
    struct weir_file_sink_options sink = {.path = to, .serialization_schema = weir_string_serialization()};
    weir_env *env = weir_env_new(&options);
    weir_stream *lines = weir_env_add_source(env, weir_file_source(env, &source), NULL, "lines");
    enum weir_status status;

    lines = weir_map(lines, weir_string_type(), pass_or_fail, map, "pass");
    weir_add_sink(lines, weir_file_sink(env, &sink), "out");
    status = weir_env_execute(env, "copy", result, err);
    weir_env_free(env);
    return status;
}

static void check_numbers(const char *path)
{
    struct weir_buf bytes = read_file(path);
    char *at = (char *)bytes.ptr;

    for (int i = 0; i < LINE_COUNT; i++) {
        ck_assert_int_eq(strtol(at, &at, 10), i);
        ck_assert_int_eq(*at++, '\n');
    }
    ck_assert_int_eq(*at, '\0');
    weir_buf_fini(&bytes);
}

START_TEST(lines_are_copied)
{
    const char *paths[] = {"numbers"};
    struct failing_map map = {.every = INT64_MAX};
    struct weir_job_result result;
    struct weir_error err = {0};

    write_numbers("numbers");
    ck_assert_msg(copy_lines(paths, 1, "out", &map, &result, &err) == WEIR_OK, "%s", err.message);
    ck_assert_uint_eq(result.records_out, LINE_COUNT);
    check_numbers("out-0");
}
END_TEST

/* Method: the map fails 15 times on the way; the job restarts from its checkpoints. The output has each line once and
 * in order, and some restarts did begin at a checkpoint, not at the start. */
START_TEST(every_line_once_through_failures)
{
    const char *paths[] = {"numbers"};
    struct failing_map map = {.every = 9973, .times = 15};
    struct weir_job_result result;
    struct weir_error err = {0};

    write_numbers("numbers");
    ck_assert_msg(copy_lines(paths, 1, "out", &map, &result, &err) == WEIR_OK, "%s", err.message);
    ck_assert_uint_eq(result.restarts, 15);
    ck_assert_int_gt(map.calls, LINE_COUNT);
    ck_assert_int_lt(map.calls, (int64_t)15 * LINE_COUNT);
    check_numbers("out-0");
}
END_TEST

START_TEST(a_missing_file_is_named)
{
    const char *paths[] = {"nowhere"};
    struct failing_map map = {.every = INT64_MAX};
    struct weir_env_options options = {.host = host, .restart_attempts = -1};
    struct weir_file_source_options source = {.paths = paths, .path_count = 1};
    weir_env *env = weir_env_new(&options);
    struct weir_error err = {0};

    (void)map;
    weir_add_sink(weir_env_add_source(env, weir_file_source(env, &source), NULL, "lines"),
                  weir_blackhole_sink(env, weir_string_type()), "out");
    ck_assert_int_eq(weir_env_execute(env, "copy", NULL, &err), WEIR_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(err.message, "nowhere"));
    weir_env_free(env);
}
END_TEST

START_TEST(a_path_given_twice_is_refused)
{
    const char *paths[] = {"numbers", "others", "numbers"};
    struct failing_map map = {.every = INT64_MAX};
    struct weir_error err = {0};

    write_numbers("numbers");
    write_numbers("others");
    ck_assert_int_eq(copy_lines(paths, 3, "out", &map, NULL, &err), WEIR_E_INVAL);
    ck_assert_ptr_nonnull(strstr(err.message, "numbers is given twice"));
}
END_TEST

START_TEST(a_line_without_end_is_refused)
{
    const char *paths[] = {"endless"};
    struct weir_env_options options = {.host = host, .restart_attempts = -1};
    struct weir_file_source_options source = {.paths = paths, .path_count = 1, .line_len_max = 1000};
    weir_env *env = weir_env_new(&options);
    struct weir_error err = {0};
    struct weir_buf bytes;

    weir_buf_init(&bytes, 1 << 24);
    memset(weir_buf_extend(&bytes, 3 << 20), 'x', 3 << 20);
    write_file("endless", weir_buf_view(&bytes));
    weir_buf_fini(&bytes);
    weir_add_sink(weir_env_add_source(env, weir_file_source(env, &source), NULL, "lines"),
                  weir_blackhole_sink(env, weir_string_type()), "out");
    ck_assert_int_eq(weir_env_execute(env, "copy", NULL, &err), WEIR_E_LIMIT);
    ck_assert_ptr_nonnull(strstr(err.message, "endless"));
    weir_env_free(env);
}
END_TEST

static void number_of(void *arg, int64_t index, void *element)
{
    (void)arg;
    *(int64_t *)element = index;
}

struct seen {
    int counts[1000];
    int fail_at;
};

static enum weir_status count_number(void *arg, const void *in, void *out, struct weir_error *err)
{
    struct seen *seen = arg;
    int64_t number = *(const int64_t *)in;

    (void)err;
    seen->counts[number]++;
    *(int64_t *)out = number;
    return WEIR_OK;
}

START_TEST(the_generator_makes_each_number_once)
{
    struct weir_generator_options options = {.type = weir_long_type(), .generate = number_of, .count = 1000};
    struct weir_env_options env_options = {.host = host, .parallelism = 3};
    weir_env *env = weir_env_new(&env_options);
    struct weir_job_result result;
    struct seen seen = {0};
    weir_stream *numbers = weir_env_add_source(env, weir_generator(env, &options), NULL, "numbers");

    weir_add_sink(weir_map(numbers, weir_long_type(), count_number, &seen, "count"),
                  weir_blackhole_sink(env, weir_long_type()), "out");
    ck_assert_int_eq(weir_env_execute(env, "numbers", &result, NULL), WEIR_OK);
    ck_assert_uint_eq(result.records_in, 1000);
    for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(seen.counts[i], 1);
    weir_env_free(env);
}
END_TEST

/* --- a sink driven by hand -----------------------------------------------------------------------------------------
 */

static struct weir_loop *loop;

static void on_wake(void *arg)
{
    (void)arg;
    weir_loop_stop(loop);
}

static void on_fail(void *arg, const struct weir_error *why)
{
    (void)arg;
    ck_abort_msg("%s", why->message);
}

/* One subtask's sink. */
struct driven {
    struct weir_chain_host chain_host;
    struct weir_context ctx;
    weir_env *env;
    struct weir_sink *sink;
    struct weir_operator *op;
};

static void driven_new(struct driven *driven, int subtask, int parallelism)
{
    struct weir_file_sink_options options = {.path = "out", .serialization_schema = weir_string_serialization()};

    *driven = (struct driven){
        .chain_host = {.loop = loop, .subtask = subtask, .parallelism = parallelism, .wake = on_wake, .fail = on_fail}};
    driven->ctx.host = &driven->chain_host;
    driven->env = weir_env_new(&(struct weir_env_options){.host = host});
    driven->sink = weir_file_sink(driven->env, &options);
    ck_assert_int_eq(driven->sink->factory.create(&driven->sink->factory, &driven->ctx, &driven->op, NULL), WEIR_OK);
    driven->op->ctx = &driven->ctx;
}

static void driven_free(struct driven *driven)
{
    driven->op->ops->free(driven->op);
    driven->sink->factory.free(&driven->sink->factory);
    weir_env_free(driven->env);
}

static void driven_prepare(struct driven *driven)
{
    enum weir_status status = driven->op->ops->prepare(driven->op, 1, NULL);

    while (status == WEIR_E_AGAIN) {
        weir_loop_run(loop);
        status = driven->op->ops->prepare(driven->op, 1, NULL);
    }
    ck_assert_int_eq(status, WEIR_OK);
}

static void driven_snapshot(struct driven *driven, struct weir_snapshot *out)
{
    driven_prepare(driven);
    ck_assert_int_eq(driven->op->ops->snapshot(driven->op, 1, out, NULL), WEIR_OK);
}

/* Everything of a snapshot: the sink's entries are union state. */
static void driven_restore(struct driven *driven, const struct weir_snapshot *from)
{
    struct weir_snapshot_cursor cursor = weir_snapshot_cursor(weir_buf_view(&from->entries));
    struct weir_restored entry;
    char name[128];

    while (weir_snapshot_next(&cursor, &entry, name) == WEIR_OK)
        ck_assert_int_eq(driven->op->ops->restore(driven->op, &entry, NULL), WEIR_OK);
    ck_assert_int_eq(driven->op->ops->open(driven->op, NULL), WEIR_OK);
}

static void write_line(struct driven *driven, const char *text)
{
    struct weir_view line = weir_view_str(text);

    ck_assert_int_eq(driven->op->ops->on_record(driven->op, &line, WEIR_NO_TIMESTAMP, NULL), WEIR_OK);
}

static void check_text(const char *path, const char *want)
{
    struct weir_buf bytes = read_file(path);

    ck_assert_str_eq((const char *)bytes.ptr, want);
    weir_buf_fini(&bytes);
}

/* Goal: with another parallelism, too, each line stands once. Method: two subtasks, then one, then two again; each time
 * something is written after the checkpoint, which the restore has to take back. */
START_TEST(files_are_cut_whatever_the_parallelism)
{
    struct weir_snapshot two, one;
    struct driven a, b;

    ck_assert_int_eq(weir_loop_new(host, "test", &loop, NULL), WEIR_OK);
    weir_snapshot_init(&two);
    weir_snapshot_init(&one);
    weir_snapshot_begin_operator(&two, "out");
    weir_snapshot_begin_operator(&one, "out");
    driven_new(&a, 0, 2);
    driven_new(&b, 1, 2);
    driven_restore(&a, &one);
    driven_restore(&b, &one);
    write_line(&a, "a");
    write_line(&b, "b");
    driven_snapshot(&a, &two);
    driven_snapshot(&b, &two);
    write_line(&b, "late");
    driven_prepare(&b);
    driven_free(&a);
    driven_free(&b);
    check_text("out-1", "b\nlate\n");
    driven_new(&a, 0, 1);
    driven_restore(&a, &two);
    check_text("out-1", "b\n");
    write_line(&a, "c");
    driven_snapshot(&a, &one);
    driven_free(&a);
    driven_new(&a, 0, 2);
    driven_new(&b, 1, 2);
    driven_restore(&a, &one);
    driven_restore(&b, &one);
    check_text("out-0", "a\nc\n");
    check_text("out-1", "b\n");
    driven_free(&a);
    driven_free(&b);
    weir_snapshot_fini(&two);
    weir_snapshot_fini(&one);
    weir_loop_free(loop);
}
END_TEST

START_TEST(a_checkpoint_covers_the_name_of_a_new_file)
{
    struct weir_snapshot none;
    struct driven a;

    ck_assert_int_eq(weir_loop_new(host, "test", &loop, NULL), WEIR_OK);
    weir_snapshot_init(&none);
    driven_new(&a, 0, 1);
    driven_restore(&a, &none);
    write_line(&a, "a");
    driven_prepare(&a);
    weir_sim_host_silence(host);
    driven_free(&a);
    weir_loop_free(loop);
    weir_sim_host_crash(host);
    ck_assert_int_eq(weir_sim_host_new(sim, "host", "disk", &host, NULL), WEIR_OK);
    check_text("out-0", "a\n");
    weir_snapshot_fini(&none);
}
END_TEST

/* Goal: what one call emits is taken, however much. 80 MB come in one. */
START_TEST(a_flood_of_lines_is_taken)
{
    static char text[1 << 20];
    struct weir_snapshot none;
    struct driven a;
    uint64_t size = 0;
    struct weir_file *file;

    ck_assert_int_eq(weir_loop_new(host, "test", &loop, NULL), WEIR_OK);
    weir_snapshot_init(&none);
    memset(text, 'x', sizeof(text) - 1);
    driven_new(&a, 0, 1);
    driven_restore(&a, &none);
    for (int i = 0; i < 80; i++)
        write_line(&a, text);
    driven_prepare(&a);
    driven_free(&a);
    ck_assert_int_eq(weir_fs_open(weir_host_fs(host), "out-0", WEIR_OPEN_READ, &file, NULL), WEIR_OK);
    ck_assert_int_eq(weir_file_size(file, &size, NULL), WEIR_OK);
    ck_assert_uint_eq(size, 80 * sizeof(text));
    weir_file_close(file);
    weir_snapshot_fini(&none);
    weir_loop_free(loop);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("files");
    TCase *tc = tcase_create("files");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, lines_are_copied);
    tcase_add_test(tc, every_line_once_through_failures);
    tcase_add_test(tc, a_missing_file_is_named);
    tcase_add_test(tc, a_path_given_twice_is_refused);
    tcase_add_test(tc, a_line_without_end_is_refused);
    tcase_add_test(tc, the_generator_makes_each_number_once);
    tcase_add_test(tc, files_are_cut_whatever_the_parallelism);
    tcase_add_test(tc, a_checkpoint_covers_the_name_of_a_new_file);
    tcase_add_test(tc, a_flood_of_lines_is_taken);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
