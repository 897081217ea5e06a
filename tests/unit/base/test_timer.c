/*
 * test_timer.c - the timer heap, and timers on a real loop.
 */
#include <check.h>
#include <stdlib.h>

#include "base/rng.h"
#include "base/timer_heap.h"
#include "weir/host.h"

#define TIMER_COUNT 500

static struct weir_timer_heap heap;

struct probe {
    struct weir_timer timer;
    int64_t deadline_ns; /* 0 while stopped */
    uint64_t start;      /* the how-many-eth start it was */
    void (*then)(struct probe *probe);
};

static struct probe *fired[4 * TIMER_COUNT];
static int fired_count;

static void fire(void *arg)
{
    struct probe *probe = arg;

    fired[fired_count++] = probe;
    if (probe->then != NULL)
        probe->then(probe);
}

static void setup(void)
{
    heap = (struct weir_timer_heap){0};
    fired_count = 0;
}

static struct probe probe_new(struct probe *at)
{
    return (struct probe){.timer = {.fn = fire, .arg = at}};
}

static int by_deadline_and_start(const void *a, const void *b)
{
    const struct probe *x = *(struct probe *const *)a, *y = *(struct probe *const *)b;

    if (x->deadline_ns != y->deadline_ns)
        return x->deadline_ns < y->deadline_ns ? -1 : 1;
    return x->start < y->start ? -1 : 1;
}

/* Goal: whatever was started, moved and stopped before, what is due fires in order of deadline, then of start.
 * Method: random operations against a sorted model; few distinct deadlines, so that ties are common. */
START_TEST(random_operations_fire_in_the_models_order)
{
    static struct probe probes[TIMER_COUNT];
    struct probe *due[TIMER_COUNT];
    struct weir_rng rng;
    int due_count = 0;

    weir_rng_init(&rng, (uint64_t)_i);
    for (int i = 0; i < TIMER_COUNT; i++)
        probes[i] = probe_new(&probes[i]);
    for (uint64_t op = 1; op <= 4 * TIMER_COUNT; op++) {
        struct probe *probe = &probes[weir_rng_below(&rng, TIMER_COUNT)];

        if (weir_rng_below(&rng, 3) == 0) {
            weir_timer_heap_stop(&heap, &probe->timer);
            probe->deadline_ns = 0;
        } else {
            probe->deadline_ns = 1 + (int64_t)weir_rng_below(&rng, 40);
            probe->start = op;
            weir_timer_heap_start(&heap, &probe->timer, probe->deadline_ns);
        }
        ck_assert_int_eq(weir_timer_armed(&probe->timer), probe->deadline_ns != 0);
    }
    for (int i = 0; i < TIMER_COUNT; i++)
        if (probes[i].deadline_ns != 0 && probes[i].deadline_ns <= 30)
            due[due_count++] = &probes[i];
    qsort(due, (size_t)due_count, sizeof(due[0]), by_deadline_and_start);
    weir_timer_heap_fire(&heap, 30);
    ck_assert_int_eq(fired_count, due_count);
    for (int i = 0; i < due_count; i++)
        ck_assert_ptr_eq(fired[i], due[i]);
    weir_timer_heap_clear(&heap);
    for (int i = 0; i < TIMER_COUNT; i++)
        ck_assert(!weir_timer_armed(&probes[i].timer));
}
END_TEST

static struct probe a, b, c;

static void stop_b(struct probe *probe)
{
    (void)probe;
    weir_timer_heap_stop(&heap, &b.timer);
}

static void start_again(struct probe *probe)
{
    weir_timer_heap_start(&heap, &probe->timer, 5);
}

START_TEST(timer_stopped_by_another_does_not_fire)
{
    a = probe_new(&a);
    b = probe_new(&b);
    c = probe_new(&c);
    a.then = stop_b;
    weir_timer_heap_start(&heap, &a.timer, 5);
    weir_timer_heap_start(&heap, &b.timer, 5);
    weir_timer_heap_start(&heap, &c.timer, 5);
    weir_timer_heap_fire(&heap, 5);
    ck_assert_int_eq(fired_count, 2);
    ck_assert_ptr_eq(fired[0], &a);
    ck_assert_ptr_eq(fired[1], &c);
}
END_TEST

START_TEST(timer_started_while_firing_waits_for_the_next_turn)
{
    a = probe_new(&a);
    a.then = start_again;
    weir_timer_heap_start(&heap, &a.timer, 5);
    for (int turn = 1; turn <= 3; turn++) {
        weir_timer_heap_fire(&heap, 5);
        ck_assert_int_eq(fired_count, turn);
        ck_assert(weir_timer_armed(&a.timer));
    }
    weir_timer_heap_clear(&heap);
}
END_TEST

START_TEST(deadlines_do_not_overflow)
{
    ck_assert_int_eq(weir_timer_deadline(10, INT64_MAX), INT64_MAX);
    ck_assert_int_eq(weir_timer_deadline(10, -5), 10);
    ck_assert_int_eq(weir_timer_deadline(10, 5), 15);
}
END_TEST

/* On a real loop. */

static struct weir_host *host;
static struct weir_loop *loop;
static int64_t seen_ns;

static void loop_setup(void)
{
    setup();
    ck_assert_int_eq(weir_host_new(NULL, &host, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_new(host, "timers", &loop, NULL), WEIR_OK);
}

static void loop_teardown(void)
{
    weir_loop_free(loop);
    weir_host_free(host);
}

static void see_and_stop(struct probe *probe)
{
    (void)probe;
    seen_ns = weir_loop_now_ns(loop);
    weir_loop_stop(loop);
}

/* Goal: a sleeping loop wakes for the next deadline, not before it, also if it is nearer than one it slept for before.
 */
START_TEST(sleeping_loop_fires_at_the_deadline)
{
    static const int64_t delays_ns[] = {3 * WEIR_NS_PER_MS, 1000, 0, -7, 2 * WEIR_NS_PER_MS};
    struct probe far = probe_new(&far);

    weir_timer_start(loop, &far.timer, INT64_MAX);
    for (size_t i = 0; i < sizeof(delays_ns) / sizeof(delays_ns[0]); i++) {
        int64_t start_ns = weir_loop_now_ns(loop);

        a = probe_new(&a);
        a.then = see_and_stop;
        weir_timer_start(loop, &a.timer, delays_ns[i]);
        weir_loop_run(loop);
        ck_assert_int_eq(fired_count, (int)i + 1);
        ck_assert_int_ge(seen_ns, start_ns + (delays_ns[i] > 0 ? delays_ns[i] : 0));
    }
    weir_timer_stop(loop, &far.timer);
}
END_TEST

START_TEST(restart_moves_a_timer)
{
    a = probe_new(&a);
    b = probe_new(&b);
    b.then = see_and_stop;
    weir_timer_start(loop, &a.timer, 0);
    weir_timer_start(loop, &a.timer, 1000 * WEIR_NS_PER_S);
    weir_timer_start(loop, &b.timer, 1000 * WEIR_NS_PER_S);
    weir_timer_start(loop, &b.timer, WEIR_NS_PER_MS);
    weir_loop_run(loop);
    ck_assert_int_eq(fired_count, 1);
    ck_assert_ptr_eq(fired[0], &b);
    weir_timer_stop(loop, &a.timer);
    weir_timer_stop(loop, &a.timer);
    ck_assert(!weir_timer_armed(&a.timer));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("timer");
    TCase *on_heap = tcase_create("heap"), *on_loop = tcase_create("loop");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(on_heap, setup, NULL);
    tcase_add_loop_test(on_heap, random_operations_fire_in_the_models_order, 0, 50);
    tcase_add_test(on_heap, timer_stopped_by_another_does_not_fire);
    tcase_add_test(on_heap, timer_started_while_firing_waits_for_the_next_turn);
    tcase_add_test(on_heap, deadlines_do_not_overflow);
    tcase_add_checked_fixture(on_loop, loop_setup, loop_teardown);
    tcase_add_test(on_loop, sleeping_loop_fires_at_the_deadline);
    tcase_add_test(on_loop, restart_moves_a_timer);
    suite_add_tcase(suite, on_heap);
    suite_add_tcase(suite, on_loop);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
