/*
 * test_bad_input.c - Goal: what is wrong outside is said in one line that names it and the remedy, ends in the exit
 * code that is documented, and loses nothing. Method: `weir run` and a store in processes of their own, and one wrong
 * thing each; afterwards the streams still hold what they held, and the job runs once the thing is right.
 *
 *     test_bad_input WEIR JOB     (the program, and numbers_job.so)
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store_case.h"
#include "weir/exit_codes.h"

#define EVENT_COUNT 1000
#define WAIT_MS 250000 /* only a hang takes so long, on any machine */
#define SMALL_DISK "size=4m"
#define LARGE_DISK "size=256m"
#define NO_RESTART "restart-strategy.fixed-delay.attempts=0"

static const char *job;
static struct store_case at;

/* Runs `weir ARGS... --controller URI`; what it says on standard error is in the file "said". */
static int weir_run(const char *in, const char *out, const char *const *args)
{
    const char *argv[32] = {at.weir};
    int argc = 1;

    while (*args != NULL)
        argv[argc++] = *args++;
    argv[argc++] = "--controller";
    argv[argc++] = at.store.uri;
    unlink(path_in(at.folder, "said"));
    return process_run(argv, in, out, path_in(at.folder, "said"));
}
#define WEIR(in, out, ...) weir_run(in, out, (const char *const[]){__VA_ARGS__, NULL})

/* The job over a/in and a/out; `args` go before its own. */
#define JOB(checkpoints, ...)                                                                                          \
    WEIR(NULL, NULL, "run", job, "--checkpoint-interval", "20", "--checkpoint-dir", checkpoints, "-D", NO_RESTART,     \
         __VA_ARGS__, "exactly-once", "1000000", "a/in", "a/out")

static void write_events(const char *path, int count, const char *rest)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    for (int i = 0; i < count; i++)
        fprintf(file, "%d %d%s\n", i % 10, i, rest);
    ck_assert_int_eq(fclose(file), 0);
}

static int count_events(const char *stream)
{
    const char *path = path_in(at.folder, "read");
    int count = 0;
    char *text;

    ck_assert_int_eq(WEIR(NULL, path, "stream", "read", stream), WEIR_EXIT_OK);
    text = file_text(path);
    for (const char *end = text; (end = strchr(end, '\n')) != NULL; end++)
        count++;
    free(text);
    return count;
}

/* The last line of what was said (warnings may stand before it) has all of these in it; nothing follows it. */
static void check_said(const char *const *parts)
{
    char *said = file_text(path_in(at.folder, "said"));
    size_t len = strlen(said);
    const char *line;

    ck_assert_msg(len > 1 && said[len - 1] == '\n', "nothing was said");
    said[len - 1] = '\0';
    line = strrchr(said, '\n') != NULL ? strrchr(said, '\n') + 1 : said;
    for (; *parts != NULL; parts++)
        ck_assert_msg(strstr(line, *parts) != NULL, "\"%s\" is not in: %s", *parts, line);
    free(said);
}
#define CHECK_SAID(...) check_said((const char *const[]){__VA_ARGS__, NULL})

static void set_up(void)
{
    store_case_begin(&at);
    store_case_start(&at, NULL);
    write_events(path_in(at.folder, "events"), EVENT_COUNT, "");
    ck_assert_int_eq(WEIR(NULL, NULL, "scope", "create", "a"), WEIR_EXIT_OK);
    ck_assert_int_eq(WEIR(NULL, NULL, "stream", "create", "a/in", "--segments", "2"), WEIR_EXIT_OK);
    ck_assert_int_eq(WEIR(NULL, NULL, "stream", "create", "a/out"), WEIR_EXIT_OK);
    ck_assert_int_eq(WEIR(path_in(at.folder, "events"), NULL, "stream", "write", "a/in"), WEIR_EXIT_OK);
}

static void tear_down(void)
{
    store_stop(&at.store, SIGTERM);
    umount2(path_in(at.folder, "small"), MNT_DETACH); /* if there is one */
    folder_remove(at.folder);
}

/* The thing is right again: the job takes every event, once. */
static void check_nothing_lost(void)
{
    ck_assert_int_eq(JOB(path_in(at.folder, "good"), "--from-checkpoint", "latest"), WEIR_EXIT_OK);
    ck_assert_int_eq(count_events("a/in"), EVENT_COUNT);
    ck_assert_int_eq(count_events("a/out"), EVENT_COUNT);
}

START_TEST(a_wrong_uri)
{
    const char *const list[] = {at.weir, "stream", "list", "a", "--controller", "localhost:9090", NULL};
    const char *const run[] = {at.weir,
                               "run",
                               job,
                               "--controller",
                               "localhost:9090",
                               "--checkpoint-interval",
                               "20",
                               "--checkpoint-dir",
                               path_in(at.folder, "good"),
                               "exactly-once",
                               "1000",
                               "a/in",
                               "a/out",
                               NULL};

    ck_assert_int_eq(process_run(list, NULL, NULL, path_in(at.folder, "said")), WEIR_EXIT_USAGE);
    CHECK_SAID("localhost:9090", "tcp://");
    ck_assert_int_eq(process_run(run, NULL, NULL, path_in(at.folder, "said")), WEIR_EXIT_USAGE);
    CHECK_SAID("localhost:9090", "tcp://");
}
END_TEST

START_TEST(a_refused_connection)
{
    const char *const argv[] = {at.weir,
                                "run",
                                job,
                                "--controller",
                                "tcp://127.0.0.1:1",
                                "--checkpoint-interval",
                                "20",
                                "--checkpoint-dir",
                                path_in(at.folder, "good"),
                                "-D",
                                NO_RESTART,
                                "exactly-once",
                                "1000",
                                "a/in",
                                "a/out",
                                NULL};

    ck_assert_int_eq(process_run(argv, NULL, NULL, path_in(at.folder, "said")), WEIR_EXIT_UNREACHABLE);
    CHECK_SAID("tcp://127.0.0.1:1", "refused", "weir store", "--controller");
}
END_TEST

/* Not even with restarts: only a change of the job or the cluster can help. */
START_TEST(a_missing_stream)
{
    ck_assert_int_eq(WEIR(NULL, NULL, "run", job, "--checkpoint-interval", "20", "--checkpoint-dir",
                          path_in(at.folder, "checkpoints"), "exactly-once", "1000", "a/none", "a/out"),
                     WEIR_EXIT_NOT_FOUND);
    CHECK_SAID("a/none", "weir stream create a/none");
    ck_assert_int_eq(WEIR(NULL, NULL, "run", job, "--checkpoint-interval", "20", "--checkpoint-dir",
                          path_in(at.folder, "checkpoints"), "exactly-once", "1000", "a/in", "a/none"),
                     WEIR_EXIT_NOT_FOUND);
    CHECK_SAID("a/none", "weir stream create a/none");
    ck_assert_int_eq(WEIR(path_in(at.folder, "events"), NULL, "stream", "write", "a/none"), WEIR_EXIT_NOT_FOUND);
    CHECK_SAID("a/none");
    check_nothing_lost();
}
END_TEST

START_TEST(a_malformed_event)
{
    file_write(path_in(at.folder, "malformed"), "1 \xff\xfe\n");
    ck_assert_int_eq(WEIR(path_in(at.folder, "malformed"), NULL, "stream", "write", "a/in"), WEIR_EXIT_OK);
    for (int attempt = 0; attempt < 2; attempt++) {
        ck_assert_int_eq(JOB(path_in(at.folder, "checkpoints"), "--from-checkpoint", "latest"), WEIR_EXIT_DAMAGED);
        CHECK_SAID("a/in", "segment", "offset", "UTF-8", "skip_malformed");
    }
    ck_assert_int_eq(count_events("a/in"), EVENT_COUNT + 1);
}
END_TEST

/* Root may write anywhere; nobody can make a folder below a file. */
START_TEST(a_checkpoint_folder_that_cannot_be_written)
{
    const char *checkpoints = path_in(path_in(at.folder, "events"), "checkpoints");

    ck_assert_int_ne(JOB(checkpoints, "--parallelism", "2"), WEIR_EXIT_OK);
    CHECK_SAID(checkpoints, "Not a directory", "state.checkpoints.dir");
    ck_assert_int_eq(count_events("a/out"), 0);
    check_nothing_lost();
}
END_TEST

static void damage(const char *path)
{
    FILE *file = fopen(path, "r+");

    ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
    ck_assert_int_eq(fseek(file, -10, SEEK_END), 0);
    ck_assert_int_ne(fputs("damage", file), EOF);
    ck_assert_int_eq(fclose(file), 0);
}

static void run_until_checkpointed(char path[PATH_LEN_MAX])
{
    char pattern[PATH_LEN_MAX];
    const char *const argv[] = {"sh", "-c", pattern, NULL};
    char *found;

    ck_assert_int_eq(JOB(path_in(at.folder, "checkpoints"), "--from-checkpoint", "latest"), WEIR_EXIT_OK);
    ck_assert_int_lt(snprintf(pattern, sizeof(pattern), "ls -d %s/chk-*", path_in(at.folder, "checkpoints")),
                     PATH_LEN_MAX);
    ck_assert_int_eq(process_run(argv, NULL, path_in(at.folder, "found"), NULL), 0);
    found = file_text(path_in(at.folder, "found"));
    snprintf(path, PATH_LEN_MAX, "%.*s", (int)strcspn(found, "\n"), found);
    free(found);
}

/* To begin anew instead would write everything again. */
START_TEST(a_damaged_checkpoint)
{
    static const char *const files[] = {"_metadata", "0-0"};
    char checkpoint[PATH_LEN_MAX];

    run_until_checkpointed(checkpoint);
    ck_assert_int_eq(count_events("a/out"), EVENT_COUNT);
    damage(path_in(checkpoint, files[_i]));
    ck_assert_int_eq(JOB(path_in(at.folder, "checkpoints"), "--from-checkpoint", "latest"), WEIR_EXIT_DAMAGED);
    CHECK_SAID(path_in(checkpoint, files[_i]));
    ck_assert_int_eq(JOB(path_in(at.folder, "checkpoints"), "--from-checkpoint", checkpoint), WEIR_EXIT_DAMAGED);
    CHECK_SAID(path_in(checkpoint, files[_i]));
    ck_assert_int_eq(count_events("a/out"), EVENT_COUNT);
}
END_TEST

START_TEST(a_checkpoint_that_is_not_there)
{
    ck_assert_int_eq(JOB(path_in(at.folder, "checkpoints"), "--from-checkpoint", path_in(at.folder, "none")),
                     WEIR_EXIT_NOT_FOUND);
    CHECK_SAID(path_in(at.folder, "none"));
    check_nothing_lost();
}
END_TEST

/* False, with the reason, if we may not mount. */
static bool mount_small_disk(void)
{
    const char *path = path_in(at.folder, "small");

    ck_assert_int_eq(mkdir(path, 0700), 0);
    if (mount("none", path, "tmpfs", 0, SMALL_DISK) == 0)
        return true;
    printf("SKIPPED: cannot mount a small disk at %s: %s\n", path, strerror(errno));
    return false;
}

START_TEST(a_full_disk_below_the_checkpoints)
{
    const char *fill = path_in(at.folder, "small/fill");
    const char *const dd[] = {"dd", "if=/dev/zero", "bs=65536", "of=/dev/stdout", NULL};

    if (!mount_small_disk())
        return;
    ck_assert_int_ne(process_run(dd, NULL, fill, "/dev/null"), 0); /* until it is full */
    ck_assert_int_eq(JOB(path_in(at.folder, "small/checkpoints"), "--parallelism", "2"), WEIR_EXIT_FULL);
    CHECK_SAID(path_in(at.folder, "small/checkpoints"), "No space left", "free some space");
    ck_assert_int_eq(count_events("a/out"), 0);
    check_nothing_lost();
}
END_TEST

static void wait_for_store_to_say(const char *words)
{
    for (int waited_ms = 0; waited_ms < WAIT_MS; waited_ms += 5) {
        char *said = file_text(path_in(at.folder, "store.err"));
        bool found = strstr(said, words) != NULL;

        free(said);
        if (found)
            return;
        ck_assert_int_eq(process_wait(&at.store.process, 5), RUNNING);
    }
    ck_abort_msg("the store never said \"%s\"", words);
}

/* The store says so and waits; what it acknowledged stays, and with space the writer goes on as if nothing had been. */
START_TEST(a_full_disk_below_the_store)
{
    const char *const write_argv[] = {at.weir, "stream", "write", "a/in", "--controller", at.store.uri, NULL};
    struct process writer;
    char data[PATH_LEN_MAX];
    int count = 100 * EVENT_COUNT;

    store_stop(&at.store, SIGTERM);
    if (mount_small_disk()) {
        snprintf(data, sizeof(data), "%s", path_in(at.folder, "small/data"));
        at.store.data = data;
    }
    store_case_start(&at, NULL);
    if (at.store.data == NULL)
        return;
    ck_assert_int_eq(WEIR(NULL, NULL, "scope", "create", "a"), WEIR_EXIT_OK);
    ck_assert_int_eq(WEIR(NULL, NULL, "stream", "create", "a/in", "--segments", "2"), WEIR_EXIT_OK);
    write_events(path_in(at.folder, "many"), count, " and then some more, so that a small disk is full before long");
    process_start(&writer, write_argv, path_in(at.folder, "many"), NULL, path_in(at.folder, "writer.err"));
    wait_for_store_to_say("free some space");
    ck_assert_int_eq(process_wait(&writer, 0), RUNNING);
    ck_assert_int_eq(mount("none", path_in(at.folder, "small"), "tmpfs", MS_REMOUNT, LARGE_DISK), 0);
    ck_assert_int_eq(process_wait(&writer, WAIT_MS), WEIR_EXIT_OK);
    ck_assert_int_eq(count_events("a/in"), count);
    store_stop(&at.store, SIGKILL);
    store_case_start(&at, NULL);
    ck_assert_int_eq(count_events("a/in"), count);
}
END_TEST

static void add_tests(TCase *tc)
{
    tcase_add_test(tc, a_wrong_uri);
    tcase_add_test(tc, a_refused_connection);
    tcase_add_test(tc, a_missing_stream);
    tcase_add_test(tc, a_malformed_event);
    tcase_add_test(tc, a_checkpoint_folder_that_cannot_be_written);
    tcase_add_loop_test(tc, a_damaged_checkpoint, 0, 2);
    tcase_add_test(tc, a_checkpoint_that_is_not_there);
    tcase_add_test(tc, a_full_disk_below_the_checkpoints);
    tcase_add_test(tc, a_full_disk_below_the_store);
}

int main(int argc, char **argv)
{
    int status;

    if (argc != 3)
        die("usage: test_bad_input WEIR JOB");
    at.weir = realpath(argv[1], NULL);
    job = realpath(argv[2], NULL);
    status = store_case_run("bad_input", set_up, tear_down, add_tests);
    free((void *)at.weir);
    free((void *)job);
    return status;
}
