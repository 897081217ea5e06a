/*
 * test_loop.c - deferred work, mail, threads and pool jobs on a real loop.
 */
#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "weir/host.h"

#define SENDER_COUNT 4
#define MAIL_COUNT 5000 /* of each sender */

static struct weir_host *host;
static struct weir_loop *loop;
static char trace[64]; /* what ran, a letter each */

static void setup(void)
{
    struct weir_host_options options = {.pool_threads = 3};

    ck_assert_int_eq(weir_host_new(&options, &host, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_new(host, "test", &loop, NULL), WEIR_OK);
    memset(trace, 0, sizeof(trace));
}

static void teardown(void)
{
    weir_loop_free(loop);
    weir_host_free(host);
}

struct step {
    struct weir_deferred work;
    struct weir_timer timer;
    char letter;
    struct step *defers, *cancels; /* may be itself */
    bool stops;
};

static void step_run(void *arg)
{
    struct step *step = arg;

    trace[strlen(trace)] = step->letter;
    if (step->defers != NULL)
        weir_loop_defer(loop, &step->defers->work);
    if (step->cancels != NULL)
        weir_deferred_cancel(loop, &step->cancels->work);
    if (step->stops)
        weir_loop_stop(loop);
}

static void step_init(struct step *step, char letter)
{
    *step =
        (struct step){.work = {.fn = step_run, .arg = step}, .timer = {.fn = step_run, .arg = step}, .letter = letter};
}

/* Goal: deferred work runs in order at the end of the turn; deferred meanwhile, in the next turn. */
START_TEST(deferred_work_runs_at_the_end_of_the_turn)
{
    struct step timer, first, second, later;

    step_init(&timer, 't');
    step_init(&first, '1');
    step_init(&second, '2');
    step_init(&later, 'L');
    timer.defers = &second;
    first.defers = &later;
    later.stops = true;
    weir_loop_defer(loop, &first.work);
    weir_loop_defer(loop, &first.work); /* queued once */
    weir_timer_start(loop, &timer.timer, 0);
    weir_loop_run(loop);
    ck_assert_str_eq(trace, "t12L");
}
END_TEST

START_TEST(cancelled_work_does_not_run)
{
    struct step steps[4];

    for (int i = 0; i < 4; i++)
        step_init(&steps[i], (char)('a' + i));
    /* a cancels the last of the batch, c one that is queued for the next turn, and itself, which is running */
    steps[0].cancels = &steps[3];
    steps[1].defers = &steps[0];
    steps[2].cancels = &steps[0];
    steps[2].stops = true;
    for (int i = 0; i < 4; i++)
        weir_loop_defer(loop, &steps[i].work);
    weir_loop_run(loop);
    ck_assert_str_eq(trace, "abc");
    weir_deferred_cancel(loop, &steps[0].work);
    /* cancelling the tail leaves a queue that can be added to */
    memset(trace, 0, sizeof(trace));
    weir_loop_defer(loop, &steps[1].work);
    weir_loop_defer(loop, &steps[3].work);
    weir_deferred_cancel(loop, &steps[3].work);
    steps[1].defers = NULL;
    weir_loop_defer(loop, &steps[2].work);
    weir_loop_run(loop);
    ck_assert_str_eq(trace, "bc");
}
END_TEST

START_TEST(work_may_defer_itself)
{
    struct step step, stopper;

    step_init(&step, 's');
    step_init(&stopper, 'x');
    step.defers = &step;
    stopper.stops = true;
    weir_loop_defer(loop, &step.work);
    weir_timer_start(loop, &stopper.timer, 0);
    weir_loop_run(loop);
    ck_assert_str_eq(trace, "xs");
    weir_deferred_cancel(loop, &step.work);
    weir_deferred_cancel(loop, &step.work);
}
END_TEST

START_TEST(stop_before_run_ends_it_at_once)
{
    weir_loop_stop(loop);
    weir_loop_run(loop);
}
END_TEST

/* Goal: mail of each of several senders arrives complete and in order, whether the loop sleeps or not. */
struct letter {
    struct weir_mail mail;
    int sender, number;
};

static int arrived[SENDER_COUNT];
static int arrived_count;

static void letter_arrived(struct weir_mail *mail)
{
    struct letter *letter = (struct letter *)mail;

    ck_assert_int_eq(letter->number, arrived[letter->sender]);
    arrived[letter->sender]++;
    free(letter);
    if (++arrived_count == SENDER_COUNT * MAIL_COUNT)
        weir_loop_stop(loop);
}

static void *send_letters(void *arg)
{
    for (int i = 0; i < MAIL_COUNT; i++) {
        struct letter *letter = malloc(sizeof(*letter));

        *letter = (struct letter){{.fn = letter_arrived}, *(int *)arg, i};
        weir_loop_post(loop, &letter->mail);
    }
    return NULL;
}

START_TEST(mail_of_every_sender_arrives_in_order)
{
    pthread_t threads[SENDER_COUNT];
    int senders[SENDER_COUNT];

    memset(arrived, 0, sizeof(arrived));
    arrived_count = 0;
    ck_assert_int_eq(weir_loop_start(loop, NULL), WEIR_OK);
    for (int i = 0; i < SENDER_COUNT; i++) {
        senders[i] = i;
        ck_assert_int_eq(pthread_create(&threads[i], NULL, send_letters, &senders[i]), 0);
    }
    for (int i = 0; i < SENDER_COUNT; i++)
        pthread_join(threads[i], NULL);
    weir_loop_join(loop);
    ck_assert_int_eq(arrived_count, SENDER_COUNT * MAIL_COUNT);
}
END_TEST

/* Goal: no wake-up is lost. Method: two loops, asleep whenever it is not their turn, hand one mail to and fro. */
static struct weir_loop *other;
static struct weir_mail ball;
static int hits;

static void hit(struct weir_mail *mail)
{
    struct weir_loop *next = ++hits % 2 == 0 ? loop : other;

    if (hits == MAIL_COUNT) {
        weir_loop_stop(loop);
        weir_loop_stop(other);
        return;
    }
    weir_loop_post(next, mail);
}

START_TEST(two_sleepers_wake_each_other)
{
    hits = 0;
    ball.fn = hit;
    ck_assert_int_eq(weir_loop_new(host, "other-with-a-long-name", &other, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_start(loop, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_start(other, NULL), WEIR_OK);
    weir_loop_post(loop, &ball);
    weir_loop_join(loop);
    weir_loop_join(other);
    ck_assert_int_eq(hits, MAIL_COUNT);
    weir_loop_free(other);
}
END_TEST

struct sum_job {
    struct weir_job job;
    pthread_t worked_on;
    int value;
};

static int sum, done_count;

static void sum_work(struct weir_job *job)
{
    struct sum_job *sum_job = (struct sum_job *)job;

    sum_job->worked_on = pthread_self();
    sum_job->value *= 2;
}

static void sum_done(struct weir_job *job)
{
    struct sum_job *sum_job = (struct sum_job *)job;

    ck_assert(!pthread_equal(sum_job->worked_on, pthread_self()));
    sum += sum_job->value;
    if (++done_count == 100)
        weir_loop_stop(loop);
}

START_TEST(jobs_work_on_the_pool_and_are_done_on_the_loop)
{
    struct sum_job jobs[100];

    sum = done_count = 0;
    for (int i = 0; i < 100; i++) {
        jobs[i] = (struct sum_job){.job = {.work = sum_work, .done = sum_done, .loop = loop}, .value = i};
        weir_host_submit(host, &jobs[i].job);
    }
    weir_loop_run(loop);
    ck_assert_int_eq(sum, 9900);
}
END_TEST

/* Goal: a loop that is freed waits for its jobs, whose `done` is dropped. */
START_TEST(freeing_a_loop_waits_for_its_jobs)
{
    struct sum_job jobs[20];
    struct weir_loop *brief;

    done_count = 0;
    ck_assert_int_eq(weir_loop_new(host, "brief", &brief, NULL), WEIR_OK);
    for (int i = 0; i < 20; i++) {
        jobs[i] = (struct sum_job){.job = {.work = sum_work, .done = sum_done, .loop = brief}, .value = i};
        weir_host_submit(host, &jobs[i].job);
    }
    weir_loop_free(brief);
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(jobs[i].value, 2 * i);
    ck_assert_int_eq(done_count, 0);
}
END_TEST

/* Goal: a job that is taken back is never done on the loop, whether it was waiting, at work, or back in the mail.
 * Method: one pool thread, held at work by the first job until the test lets it go. */
struct gate_job {
    struct sum_job sum;
    pthread_mutex_t *gate;
};

static void gate_work(struct weir_job *job)
{
    struct gate_job *gate_job = (struct gate_job *)job;

    pthread_mutex_lock(gate_job->gate);
    pthread_mutex_unlock(gate_job->gate);
    sum_work(job);
}

START_TEST(cancelled_jobs_are_not_done)
{
    static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    struct weir_host_options options = {.pool_threads = 1};
    struct weir_host *narrow;
    struct weir_loop *of_narrow;
    struct sum_job waiting, last;
    struct gate_job working;

    done_count = 0;
    ck_assert_int_eq(weir_host_new(&options, &narrow, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_new(narrow, "narrow", &of_narrow, NULL), WEIR_OK);
    working = (struct gate_job){.sum = {.job = {.work = gate_work, .done = sum_done, .loop = of_narrow}, .value = 1},
                                .gate = &gate};
    waiting = (struct sum_job){.job = {.work = sum_work, .done = sum_done, .loop = of_narrow}, .value = 1};
    last = waiting;
    pthread_mutex_lock(&gate);
    weir_host_submit(narrow, &working.sum.job);
    weir_host_submit(narrow, &waiting.job);
    weir_host_submit(narrow, &last.job);
    ck_assert(!weir_host_cancel(narrow, &waiting.job)); /* behind the gate */
    ck_assert_int_eq(waiting.value, 1);
    pthread_mutex_unlock(&gate);
    ck_assert(weir_host_cancel(narrow, &last.job) == (last.value == 2)); /* waiting, at work or in the mail */
    if (weir_host_cancel(narrow, &working.sum.job))
        ck_assert_int_eq(working.sum.value, 2);
    weir_loop_stop(of_narrow);
    weir_loop_run(of_narrow);
    ck_assert_int_eq(done_count, 0);
    weir_loop_free(of_narrow);
    weir_host_free(narrow);
}
END_TEST

START_TEST(host_has_cores_a_seed_and_clocks)
{
    struct weir_host_options options = {.seed = 42}, wrong = {.pool_threads = -1};
    struct weir_host *a, *b;
    struct weir_error err = {0};

    ck_assert_int_ge(weir_host_cores(host), 1);
    ck_assert_uint_ne(weir_host_random(host), weir_host_random(host));
    ck_assert_int_eq(weir_host_new(&options, &a, NULL), WEIR_OK);
    ck_assert_int_eq(weir_host_new(&options, &b, NULL), WEIR_OK);
    for (int i = 0; i < 10; i++)
        ck_assert_uint_eq(weir_host_random(a), weir_host_random(b));
    weir_host_free(a);
    weir_host_free(b);
    ck_assert_int_eq(weir_host_new(&wrong, &a, &err), WEIR_E_INVAL);
    ck_assert_ptr_nonnull(strstr(err.message, "pool_threads"));
    ck_assert_int_gt(weir_loop_wall_ms(loop), INT64_C(1700000000000));
    ck_assert_int_ge(weir_loop_now_ns(loop), 0);
    ck_assert_ptr_eq(weir_loop_host(loop), host);
    ck_assert_str_eq(weir_loop_name(loop), "test");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("loop");
    TCase *tc = tcase_create("real");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, deferred_work_runs_at_the_end_of_the_turn);
    tcase_add_test(tc, cancelled_work_does_not_run);
    tcase_add_test(tc, work_may_defer_itself);
    tcase_add_test(tc, stop_before_run_ends_it_at_once);
    tcase_add_test(tc, mail_of_every_sender_arrives_in_order);
    tcase_add_test(tc, two_sleepers_wake_each_other);
    tcase_add_test(tc, jobs_work_on_the_pool_and_are_done_on_the_loop);
    tcase_add_test(tc, freeing_a_loop_waits_for_its_jobs);
    tcase_add_loop_test(tc, cancelled_jobs_are_not_done, 0, 50);
    tcase_add_test(tc, host_has_cores_a_seed_and_clocks);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
