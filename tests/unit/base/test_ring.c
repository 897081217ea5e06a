/*
 * test_ring.c - the ring on one thread and between two.
 */
#include <check.h>
#include <pthread.h>
#include <stdint.h>

#include "base/ring.h"

#define ITEM_COUNT 200000

static struct weir_ring ring;

static void *item(uintptr_t number)
{
    return (void *)number; /* the ring never looks at what it carries */
}

START_TEST(items_come_out_in_order_up_to_the_capacity)
{
    size_t capacity = (size_t)1 << _i;
    uintptr_t next_in = 1, next_out = 1;

    ck_assert_int_eq(weir_ring_init(&ring, capacity, NULL), WEIR_OK);
    for (int round = 0; round < 5; round++) {
        ck_assert(weir_ring_empty(&ring));
        ck_assert_ptr_null(weir_ring_pop(&ring));
        for (size_t i = 0; i < capacity; i++) {
            ck_assert(!weir_ring_full(&ring));
            ck_assert(weir_ring_push(&ring, item(next_in++)));
        }
        ck_assert(weir_ring_full(&ring));
        ck_assert(!weir_ring_push(&ring, item(next_in)));
        for (size_t i = 0; i < capacity; i++)
            ck_assert_ptr_eq(weir_ring_pop(&ring), item(next_out++));
        ck_assert(weir_ring_push(&ring, item(next_in++))); /* shifts the slots of the next round */
        ck_assert_ptr_eq(weir_ring_pop(&ring), item(next_out++));
    }
    weir_ring_fini(&ring);
}
END_TEST

START_TEST(each_side_is_told_once)
{
    ck_assert_int_eq(weir_ring_init(&ring, 2, NULL), WEIR_OK);
    ck_assert(!weir_ring_take_consumer_wait(&ring));
    ck_assert(weir_ring_wait_items(&ring));
    ck_assert(weir_ring_push(&ring, item(1)));
    ck_assert(weir_ring_take_consumer_wait(&ring));
    ck_assert(!weir_ring_take_consumer_wait(&ring));
    ck_assert(!weir_ring_wait_items(&ring)); /* not empty */
    ck_assert(!weir_ring_take_consumer_wait(&ring));
    ck_assert(!weir_ring_wait_space(&ring)); /* not full */
    ck_assert(weir_ring_push(&ring, item(2)));
    ck_assert(weir_ring_wait_space(&ring));
    ck_assert(!weir_ring_take_consumer_wait(&ring));
    ck_assert_ptr_eq(weir_ring_pop(&ring), item(1));
    ck_assert(weir_ring_take_producer_wait(&ring));
    ck_assert(!weir_ring_take_producer_wait(&ring));
    weir_ring_fini(&ring);
}
END_TEST

/* Goal: between two threads nothing is lost or reordered, and no wake-up is lost, or this would hang.
 * Method: each side sleeps on a semaphore of its own as soon as the protocol says that it will be woken. */
struct sleeper {
    pthread_mutex_t lock;
    pthread_cond_t cond;
    bool woken;
};

static struct sleeper consumer = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};
static struct sleeper producer = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};

static void sleep_until_woken(struct sleeper *sleeper)
{
    pthread_mutex_lock(&sleeper->lock);
    while (!sleeper->woken)
        pthread_cond_wait(&sleeper->cond, &sleeper->lock);
    sleeper->woken = false;
    pthread_mutex_unlock(&sleeper->lock);
}

static void wake(struct sleeper *sleeper)
{
    pthread_mutex_lock(&sleeper->lock);
    sleeper->woken = true;
    pthread_cond_signal(&sleeper->cond);
    pthread_mutex_unlock(&sleeper->lock);
}

static void *produce(void *arg)
{
    (void)arg;
    for (uintptr_t i = 1; i <= ITEM_COUNT; i++) {
        while (!weir_ring_push(&ring, item(i)))
            if (weir_ring_wait_space(&ring))
                sleep_until_woken(&producer);
        if (weir_ring_take_consumer_wait(&ring))
            wake(&consumer);
    }
    return NULL;
}

START_TEST(two_threads_lose_neither_items_nor_wakeups)
{
    pthread_t thread;

    ck_assert_int_eq(weir_ring_init(&ring, (size_t)2 << (3 * _i), NULL), WEIR_OK);
    ck_assert_int_eq(pthread_create(&thread, NULL, produce, NULL), 0);
    for (uintptr_t i = 1; i <= ITEM_COUNT; i++) {
        void *got;

        while ((got = weir_ring_pop(&ring)) == NULL)
            if (weir_ring_wait_items(&ring))
                sleep_until_woken(&consumer);
        if (weir_ring_take_producer_wait(&ring))
            wake(&producer);
        if (got != item(i))
            ck_abort_msg("item %zu came out of order", (size_t)i);
    }
    pthread_join(thread, NULL);
    ck_assert(weir_ring_empty(&ring));
    weir_ring_fini(&ring);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ring");
    TCase *tc = tcase_create("ring");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, items_come_out_in_order_up_to_the_capacity, 1, 6);
    tcase_add_test(tc, each_side_is_told_once);
    tcase_add_loop_test(tc, two_threads_lose_neither_items_nor_wakeups, 0, 3);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
