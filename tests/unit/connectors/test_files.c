/*
 * test_files.c - lines go from files to files exactly once, whatever fails in between. On a simulated disk.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    tcase_add_test(tc, a_line_without_end_is_refused);
    tcase_add_test(tc, the_generator_makes_each_number_once);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
