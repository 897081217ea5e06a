/*
 * test_sim_world.c - loops, timers, mail and jobs in virtual time, and the end of a host.
 */
#include <check.h>
#include <stdlib.h>

#include "weir/sim.h"

static struct weir_sim *sim;
static struct weir_host *host;
static struct weir_loop *loop;

static void open_world(uint64_t seed)
{
    struct weir_sim_options options = {.seed = seed};

    ck_assert_int_eq(weir_sim_new(&options, &sim, NULL), WEIR_OK);
    ck_assert_int_eq(weir_sim_host_new(sim, "host", "disk", &host, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_new(host, "loop", &loop, NULL), WEIR_OK);
}

static void close_world(void)
{
    weir_loop_free(loop);
    weir_host_free(host);
    weir_sim_free(sim);
}

/* What happened, as letters. */
static char story[200];
static size_t story_len;

static void tell(char what)
{
    ck_assert_uint_lt(story_len, sizeof(story) - 1);
    story[story_len++] = what;
    story[story_len] = '\0';
}

static void story_begin(void)
{
    story_len = 0;
    story[0] = '\0';
}

struct actor {
    char letter;
    struct weir_timer timer;
    struct weir_mail mail;
    struct weir_deferred deferred;
    struct weir_job job;
};

static void act(void *arg)
{
    tell(((struct actor *)arg)->letter);
}

static void act_and_stop(void *arg)
{
    act(arg);
    weir_loop_stop(loop);
}

static void mail_act(struct weir_mail *mail)
{
    tell(((struct actor *)(void *)((char *)mail - offsetof(struct actor, mail)))->letter);
}

static void actor_init(struct actor *actor, char letter)
{
    *actor = (struct actor){.letter = letter};
    actor->timer.fn = act;
    actor->deferred.fn = act;
    actor->timer.arg = actor->deferred.arg = actor;
    actor->mail.fn = mail_act;
}

START_TEST(timers_fire_in_order_at_their_instant)
{
    struct actor a, b, c, end;
    int64_t start_ns;

    open_world(1);
    story_begin();
    actor_init(&a, 'a');
    actor_init(&b, 'b');
    actor_init(&c, 'c');
    actor_init(&end, '.');
    end.timer.fn = act_and_stop;
    start_ns = weir_loop_now_ns(loop);
    weir_timer_start(loop, &end.timer, 3600 * WEIR_NS_PER_S);
    weir_timer_start(loop, &c.timer, 20);
    weir_timer_start(loop, &b.timer, 10);
    weir_timer_start(loop, &a.timer, 10);
    weir_timer_start(loop, &c.timer, 5);
    weir_loop_run(loop);
    ck_assert_str_eq(story, "cba.");
    ck_assert_int_eq(weir_loop_now_ns(loop) - start_ns, 3600 * WEIR_NS_PER_S);
    close_world();
}
END_TEST

START_TEST(a_turn_does_timers_then_mail_then_deferred_work)
{
    struct actor timer, mail, deferred, cancelled;

    open_world(1);
    story_begin();
    actor_init(&timer, 't');
    actor_init(&mail, 'm');
    actor_init(&deferred, 'd');
    actor_init(&cancelled, 'x');
    weir_loop_defer(loop, &cancelled.deferred);
    weir_loop_defer(loop, &deferred.deferred);
    weir_loop_defer(loop, &deferred.deferred);
    weir_deferred_cancel(loop, &cancelled.deferred);
    weir_loop_post(loop, &mail.mail);
    weir_timer_start(loop, &timer.timer, 0);
    ck_assert(!weir_sim_run(sim, NULL, NULL, WEIR_NS_PER_S)); /* it does not run yet */
    ck_assert_str_eq(story, "");
    ck_assert_int_eq(weir_loop_start(loop, NULL), WEIR_OK);
    weir_sim_run(sim, NULL, NULL, WEIR_NS_PER_S);
    ck_assert_str_eq(story, "tmd");
    weir_loop_defer(loop, &deferred.deferred); /* from outside any turn */
    weir_sim_run(sim, NULL, NULL, 0);
    ck_assert_str_eq(story, "tmdd");
    weir_loop_stop(loop);
    weir_loop_join(loop);
    close_world();
}
END_TEST

static bool told_three(void *arg)
{
    (void)arg;
    return story_len >= 3;
}

START_TEST(run_ends_at_its_goal_or_its_limit)
{
    struct actor actor;
    int64_t start_ns;

    open_world(1);
    story_begin();
    actor_init(&actor, 'x');
    ck_assert_int_eq(weir_loop_start(loop, NULL), WEIR_OK);
    start_ns = weir_sim_now_ns(sim);
    ck_assert(!weir_sim_run(sim, told_three, NULL, 1000));
    ck_assert_int_eq(weir_sim_now_ns(sim) - start_ns, 1000);
    for (int i = 0; i < 3; i++) {
        weir_timer_start(loop, &actor.timer, 10);
        ck_assert(weir_sim_run(sim, told_three, NULL, 10) == (i == 2));
    }
    ck_assert_int_eq(weir_sim_now_ns(sim) - start_ns, 1030);
    weir_loop_stop(loop);
    weir_loop_join(loop);
    close_world();
}
END_TEST

START_TEST(the_seed_picks_among_runnable_loops)
{
    bool first_seen[2] = {false, false};

    for (uint64_t seed = 0; seed < 20; seed++) {
        struct weir_loop *other;
        struct actor a, b;

        open_world(seed);
        story_begin();
        actor_init(&a, 'a');
        actor_init(&b, 'b');
        ck_assert_int_eq(weir_loop_new(host, "other", &other, NULL), WEIR_OK);
        ck_assert_int_eq(weir_loop_start(loop, NULL), WEIR_OK);
        ck_assert_int_eq(weir_loop_start(other, NULL), WEIR_OK);
        weir_loop_post(loop, &a.mail);
        weir_loop_post(other, &b.mail);
        weir_sim_run(sim, NULL, NULL, 0);
        ck_assert_uint_eq(story_len, 2);
        first_seen[story[0] - 'a'] = true;
        weir_loop_stop(other);
        weir_loop_join(other);
        weir_loop_free(other);
        weir_loop_stop(loop);
        weir_loop_join(loop);
        close_world();
    }
    ck_assert(first_seen[0] && first_seen[1]);
}
END_TEST

static void spin(void *arg)
{
    weir_loop_defer(loop, &((struct actor *)arg)->deferred);
}

START_TEST(a_loop_without_rest_does_not_stop_time)
{
    struct actor spinner, timer;

    open_world(1);
    story_begin();
    actor_init(&spinner, 's');
    actor_init(&timer, 't');
    spinner.deferred.fn = spin;
    timer.timer.fn = act_and_stop;
    weir_loop_defer(loop, &spinner.deferred);
    weir_timer_start(loop, &timer.timer, 5 * WEIR_NS_PER_MS + 1);
    weir_loop_run(loop);
    ck_assert_str_eq(story, "t");
    weir_deferred_cancel(loop, &spinner.deferred);
    close_world();
}
END_TEST

static void job_work(struct weir_job *job)
{
    (void)job;
    tell('w');
}

static void job_done(struct weir_job *job)
{
    (void)job;
    tell('d');
}

START_TEST(jobs_take_time_and_report_to_their_loop)
{
    struct actor actor;
    int64_t start_ns;

    open_world((uint64_t)_i);
    story_begin();
    actor_init(&actor, 'x');
    actor.job = (struct weir_job){.work = job_work, .done = job_done, .loop = loop};
    ck_assert_int_eq(weir_loop_start(loop, NULL), WEIR_OK);
    start_ns = weir_sim_now_ns(sim);
    weir_host_submit(host, &actor.job);
    weir_sim_run(sim, NULL, NULL, 49999);
    ck_assert_str_eq(story, "");
    weir_sim_run(sim, NULL, NULL, start_ns + 2 * WEIR_NS_PER_MS - weir_sim_now_ns(sim));
    ck_assert_str_eq(story, "wd");
    weir_loop_stop(loop);
    weir_loop_join(loop);
    close_world();
}
END_TEST

/* A job taken back is not heard of again, whether its work was done or not; both happen. */
START_TEST(jobs_can_be_taken_back)
{
    bool seen[2] = {false, false};

    for (uint64_t seed = 0; seed < 20; seed++) {
        struct actor actor;
        bool done;

        open_world(seed);
        story_begin();
        actor_init(&actor, 'x');
        actor.job = (struct weir_job){.work = job_work, .done = job_done, .loop = loop};
        weir_host_submit(host, &actor.job);
        if (seed % 4 == 0) /* its mail waits at a loop that does not run */
            weir_sim_run(sim, NULL, NULL, 2 * WEIR_NS_PER_MS);
        done = weir_host_cancel(host, &actor.job);
        seen[done] = true;
        ck_assert(done || seed % 4 != 0);
        ck_assert_str_eq(story, done ? "w" : "");
        weir_loop_post(loop, &actor.mail); /* the queue is in order */
        ck_assert_int_eq(weir_loop_start(loop, NULL), WEIR_OK);
        weir_sim_run(sim, NULL, NULL, WEIR_NS_PER_S);
        ck_assert_str_eq(story, done ? "wx" : "x");
        weir_loop_stop(loop);
        weir_loop_join(loop);
        close_world();
    }
    ck_assert(seen[0] && seen[1]);
}
END_TEST

/* Silence ends all that was under way; the owner frees what it has, in any order, without effect. */
START_TEST(nothing_runs_after_silence)
{
    struct actor actor;

    open_world(1);
    story_begin();
    actor_init(&actor, 'x');
    actor.job = (struct weir_job){.work = job_work, .done = job_done, .loop = loop};
    ck_assert_int_eq(weir_loop_start(loop, NULL), WEIR_OK);
    weir_timer_start(loop, &actor.timer, 10);
    weir_loop_defer(loop, &actor.deferred);
    weir_loop_post(loop, &actor.mail);
    weir_host_submit(host, &actor.job);
    weir_sim_host_silence(host);
    ck_assert(!weir_timer_armed(&actor.timer));
    weir_timer_start(loop, &actor.timer, 10);
    weir_loop_defer(loop, &actor.deferred);
    weir_loop_post(loop, &actor.mail);
    weir_host_submit(host, &actor.job);
    weir_sim_run(sim, NULL, NULL, WEIR_NS_PER_S);
    ck_assert_str_eq(story, "");
    weir_timer_stop(loop, &actor.timer);
    weir_deferred_cancel(loop, &actor.deferred);
    weir_loop_stop(loop);
    weir_loop_join(loop);
    weir_loop_run(loop);
    ck_assert(!weir_host_cancel(host, &actor.job));
    if (_i == 0) {
        weir_loop_free(loop);
        weir_sim_host_crash(host);
    } else if (_i == 1) {
        weir_sim_host_crash(host);
        weir_loop_free(loop);
    } else {
        weir_sim_host_crash(host); /* abandoned */
    }
    weir_sim_free(sim);
}
END_TEST

static void crash_and_free(void *arg)
{
    act(arg);
    weir_sim_host_silence(host);
    weir_loop_free(loop);
    weir_sim_host_crash(host);
}

/* The killing blow may come from the host's own callback: nothing after it runs. */
START_TEST(a_host_may_end_in_its_own_turn)
{
    struct actor first, second;

    open_world(1);
    story_begin();
    actor_init(&first, '1');
    actor_init(&second, '2');
    first.timer.fn = first.deferred.fn = crash_and_free;
    if (_i == 0) {
        weir_timer_start(loop, &first.timer, 1);
        weir_timer_start(loop, &second.timer, 1);
    } else {
        weir_loop_defer(loop, &first.deferred);
        weir_loop_defer(loop, &second.deferred);
    }
    weir_loop_run(loop);
    weir_sim_run(sim, NULL, NULL, WEIR_NS_PER_S);
    ck_assert_str_eq(story, "1");
    weir_sim_free(sim);
}
END_TEST

START_TEST(seeds_and_choices_repeat)
{
    uint64_t random[2], choice[2];

    for (int i = 0; i < 2; i++) {
        open_world(42);
        random[i] = weir_host_random(host);
        ck_assert_uint_ne(random[i], weir_host_random(host));
        choice[i] = weir_sim_below(sim, UINT64_MAX);
        close_world();
    }
    ck_assert_uint_eq(random[0], random[1]);
    ck_assert_uint_eq(choice[0], choice[1]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sim_world");
    TCase *tc = tcase_create("sim_world");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, timers_fire_in_order_at_their_instant);
    tcase_add_test(tc, a_turn_does_timers_then_mail_then_deferred_work);
    tcase_add_test(tc, run_ends_at_its_goal_or_its_limit);
    tcase_add_test(tc, the_seed_picks_among_runnable_loops);
    tcase_add_test(tc, a_loop_without_rest_does_not_stop_time);
    tcase_add_loop_test(tc, jobs_take_time_and_report_to_their_loop, 0, 10);
    tcase_add_test(tc, jobs_can_be_taken_back);
    tcase_add_loop_test(tc, nothing_runs_after_silence, 0, 3);
    tcase_add_loop_test(tc, a_host_may_end_in_its_own_turn, 0, 2);
    tcase_add_test(tc, seeds_and_choices_repeat);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
