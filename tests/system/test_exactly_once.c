/*
 * test_exactly_once.c - Goal: every event comes out once, whatever gets killed. Method: a pipeline over numbered events
 * is killed with SIGKILL at random moments and restarted from its latest checkpoint, then the store is killed the same
 * way; the output is read by `weir stream read` and every number counted. Keys show that the order per key holds as
 * well.
 *
 *     test_exactly_once --weir PROGRAM --job FILE [--mode exactly-once|at-least-once] [--seed N] [--events N]
 *                       [--job-kills N] [--store-kills N] [--controller URI]
 *
 * In at-least-once mode it passes if there are duplicates and nothing is missing: that proves that it can see them.
 * With
 * --controller it uses that cluster, and kills no store. The job is held back until all kills were made; however slow
 * the machine is, most runs of it are killed when they have passed events.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "process.h"

#define KEY_COUNT 100
#define KILL_SOON_MS 40 /* of the start: while it restores; of its first events: before they are in a checkpoint */
#define KILL_WITHIN_MS 250    /* of its first events, or of the store's start */
#define WORK_MS_PER_KILL 260  /* the job's pace is such that it is hardly done before the last kill */
#define PASSED_LOOK_MS 2
#define END_TIMEOUT_MS 250000 /* for the job's last run; it takes seconds */
#define CHECKPOINT_INTERVAL_MS "50"

struct test {
    const char *weir, *job, *mode, *controller;
    uint64_t seed, random;
    int event_count, job_kills, store_kills, run_count;
    char folder[PATH_LEN_MAX], input[64], output[64], pace[16];
    struct store_process store;
    struct process pipeline;
};

/* splitmix64: the kill moments follow from the seed alone. */
static int random_below(struct test *test, int below)
{
    uint64_t mixed = test->random += 0x9e3779b97f4a7c15;

    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
    return (int)((mixed ^ mixed >> 31) % (uint64_t)below);
}

/* Runs `weir WORDS... --controller URI`, which has to succeed. */
static void weir(struct test *test, const char *words, const char *operand, const char *in, const char *out)
{
    char copy[128];
    const char *argv[12] = {test->weir};
    int argc = 1;

    snprintf(copy, sizeof(copy), "%s", words);
    for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " "))
        argv[argc++] = word;
    argv[argc++] = operand;
    argv[argc++] = "--controller";
    argv[argc++] = test->controller;
    if (process_run(argv, in, out, path_in(test->folder, "weir.err")) != 0)
        die("weir %s %s failed: %s", words, operand, file_text(path_in(test->folder, "weir.err")));
}

static void write_numbers(struct test *test)
{
    const char *path = path_in(test->folder, "numbers");
    FILE *file = fopen(path, "w");

    for (int i = 0; file != NULL && i < test->event_count; i++)
        fprintf(file, "%d %d\n", i % KEY_COUNT, i);
    if (file == NULL || fclose(file) != 0)
        die("cannot write %s", path);
    weir(test, "stream write --key-field 1", test->input, path, NULL);
}

/* A scope of its own, so that a shared cluster can be used again and again. */
static void set_up(struct test *test)
{
    char scope[40];

    folder_make(test->folder);
    if (test->controller == NULL) {
        store_start(&test->store, test->weir, test->folder);
        test->controller = test->store.uri;
    }
    snprintf(scope, sizeof(scope), "once-%016" PRIx64, test->seed);
    snprintf(test->input, sizeof(test->input), "%s/numbers", scope);
    snprintf(test->output, sizeof(test->output), "%s/events", scope);
    snprintf(test->pace, sizeof(test->pace), "%d",
             1 + test->event_count * 1000 / (WORK_MS_PER_KILL * (test->job_kills + test->store_kills)));
    weir(test, "scope create", scope, NULL, NULL);
    weir(test, "stream create --segments 2", test->input, NULL, NULL);
    weir(test, "stream create --segments 2", test->output, NULL, NULL);
    write_numbers(test);
    file_write(path_in(test->folder, "hold"), "");
}

static void start_job(struct test *test)
{
    char hold_from[16];
    const char *const argv[] = {test->weir,
                                "run",
                                test->job,
                                "--controller",
                                test->controller,
                                "--checkpoint-dir",
                                path_in(test->folder, "checkpoints"),
                                "--checkpoint-interval",
                                CHECKPOINT_INTERVAL_MS,
                                "--from-checkpoint",
                                "latest",
                                "-D",
                                "restart-strategy.fixed-delay.delay=50 ms",
                                "-D",
                                "execution.checkpointing.tolerable-failed-checkpoints=1000",
                                test->mode,
                                test->pace,
                                test->input,
                                test->output,
                                path_in(test->folder, "passed"),
                                path_in(test->folder, "hold"),
                                hold_from,
                                NULL};

    snprintf(hold_from, sizeof(hold_from), "%d", test->event_count - test->event_count / 4);
    unlink(path_in(test->folder, "passed"));
    process_start(&test->pipeline, argv, NULL, NULL, path_in(test->folder, "job.err"));
    test->run_count++;
}

static void job_ended(struct test *test, const char *when)
{
    die("the job ended with %d %s: %s", test->pipeline.code, when, file_text(path_in(test->folder, "job.err")));
}

/* It goes on for so long. */
static void let_job_run(struct test *test, int ms, const char *until)
{
    if (process_wait(&test->pipeline, ms) != RUNNING)
        job_ended(test, until);
}

static void await_first_event(struct test *test)
{
    while (access(path_in(test->folder, "passed"), F_OK) != 0)
        let_job_run(test, PASSED_LOOK_MS, "before an event had passed");
}

/* One in three while it restores, one soon after its first events, one later. */
static void kill_job(struct test *test, int which)
{
    start_job(test);
    if (which % 3 != 0)
        await_first_event(test);
    let_job_run(test, random_below(test, which % 3 == 2 ? KILL_WITHIN_MS : KILL_SOON_MS), "before it was killed");
    process_kill(&test->pipeline, SIGKILL);
}

/* The job goes on by itself: reconnected, or restarted from its checkpoint. */
static void kill_store(struct test *test)
{
    let_job_run(test, random_below(test, random_below(test, 2) == 0 ? KILL_SOON_MS : KILL_WITHIN_MS),
                "before the store was killed");
    store_stop(&test->store, SIGKILL);
    store_start(&test->store, test->weir, test->folder);
}

static void run_and_kill(struct test *test)
{
    for (int i = 0; i < test->job_kills; i++)
        kill_job(test, i);
    start_job(test);
    for (int i = 0; i < test->store_kills; i++)
        kill_store(test);
    unlink(path_in(test->folder, "hold"));
    if (process_wait(&test->pipeline, END_TIMEOUT_MS) != 0)
        job_ended(test, "at last");
}

struct tally {
    int *times, *last_of_key;
    int events, missing, repeated, out_of_order;
};

static void count_event(const struct test *test, struct tally *tally, const char *line)
{
    int key, number, len = 0;

    if (sscanf(line, "%d %d seen%n", &key, &number, &len) != 2 || line[len] != '\n' || number < 0 ||
        number >= test->event_count || key != number % KEY_COUNT)
        die("an event that nobody wrote: %s", line);
    tally->events++;
    tally->times[number]++;
    tally->out_of_order += number < tally->last_of_key[key];
    tally->last_of_key[key] = number;
}

static struct tally count_output(struct test *test)
{
    const char *path = path_in(test->folder, "events");
    struct tally tally = {.times = calloc((size_t)test->event_count, sizeof(int)),
                          .last_of_key = calloc(KEY_COUNT, sizeof(int))};
    char line[128];
    FILE *file;

    weir(test, "stream read", test->output, NULL, path);
    file = fopen(path, "r");
    if (file == NULL || tally.times == NULL || tally.last_of_key == NULL)
        die("cannot read %s", path);
    while (fgets(line, sizeof(line), file) != NULL)
        count_event(test, &tally, line);
    fclose(file);
    for (int i = 0; i < test->event_count; i++) {
        tally.missing += tally.times[i] == 0;
        tally.repeated += tally.times[i] > 1;
    }
    free(tally.times);
    free(tally.last_of_key);
    return tally;
}

static bool judge(struct test *test)
{
    struct tally tally = count_output(test);

    printf("%s, seed %" PRIu64 ": %d events written, job killed %d times, store %d times; %d events read, %d missing, "
           "%d more than once, %d before an earlier one of their key\n",
           test->mode, test->seed, test->event_count, test->job_kills, test->store_kills, tally.events, tally.missing,
           tally.repeated, tally.out_of_order);
    if (strcmp(test->mode, "at-least-once") == 0)
        return tally.missing == 0 && tally.repeated > 0;
    return tally.missing == 0 && tally.repeated == 0 && tally.out_of_order == 0;
}

static uint64_t fresh_seed(void)
{
    uint32_t seed;

    if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
        die("no randomness for a seed");
    return seed;
}

/* WEIR_TEST_SCALE=small: under a sanitizer everything takes several times as long. */
static struct test parse(int argc, char **argv)
{
    const char *scale = getenv("WEIR_TEST_SCALE");
    bool small = scale != NULL && strcmp(scale, "small") == 0;
    struct test test = {.mode = "exactly-once",
                        .seed = fresh_seed(),
                        .event_count = small ? 20000 : 200000,
                        .job_kills = 20,
                        .store_kills = 10};

    for (int at = 1; at + 1 < argc; at += 2) {
        const char *name = argv[at], *value = argv[at + 1];

        if (strcmp(name, "--weir") == 0)
            test.weir = value;
        else if (strcmp(name, "--job") == 0)
            test.job = value;
        else if (strcmp(name, "--mode") == 0)
            test.mode = value;
        else if (strcmp(name, "--seed") == 0)
            test.seed = strtoull(value, NULL, 10);
        else if (strcmp(name, "--events") == 0)
            test.event_count = atoi(value);
        else if (strcmp(name, "--job-kills") == 0)
            test.job_kills = atoi(value);
        else if (strcmp(name, "--store-kills") == 0)
            test.store_kills = atoi(value);
        else if (strcmp(name, "--controller") == 0)
            test.controller = value;
        else
            die("%s: what is that? see the top of test_exactly_once.c", name);
    }
    if (test.controller != NULL)
        test.store_kills = 0;
    if (test.weir == NULL || test.job == NULL || argc % 2 == 0 || test.event_count < 1 || test.job_kills < 1)
        die("usage: test_exactly_once --weir PROGRAM --job FILE [options]; see the top of test_exactly_once.c");
    test.random = test.seed;
    return test;
}

int main(int argc, char **argv)
{
    struct test test = parse(argc, argv);
    bool passed;

    printf("seed %" PRIu64 "\n", test.seed);
    fflush(stdout);
    set_up(&test);
    run_and_kill(&test);
    passed = judge(&test);
    if (test.controller == test.store.uri)
        store_stop(&test.store, SIGTERM);
    if (passed)
        folder_remove(test.folder);
    else
        fprintf(stderr, "what the job said, its checkpoints and the store's data are in %s\n", test.folder);
    return passed ? 0 : 1;
}
