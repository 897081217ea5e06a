/*
 * test_exchange.c - a channel with the smallest ring: nothing is lost, nothing overtakes, a full ring blocks, room
 * unblocks, and buffers are used again.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "runtime/exchange.h"
#include "weir/sim.h"

#define BUFFER_LEN 64

static struct weir_sim *sim;
static struct weir_host *host;
static struct weir_loop *loop;
static struct weir_channel *channel;
static struct weir_sender sender;
static struct weir_waker producer, consumer;
static struct weir_deferred producer_turn, consumer_turn;
static int producer_turns, consumer_turns;
static uint64_t next_in, next_out;

static void count_turn(void *arg)
{
    ++*(int *)arg;
}

static void setup(void)
{
    struct weir_sim_options options = {.seed = 5};

    ck_assert_int_eq(weir_sim_new(&options, &sim, NULL), WEIR_OK);
    ck_assert_int_eq(weir_sim_host_new(sim, "host", "disk", &host, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_new(host, "task", &loop, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_start(loop, NULL), WEIR_OK);
    producer_turn = (struct weir_deferred){.fn = count_turn, .arg = &producer_turns};
    consumer_turn = (struct weir_deferred){.fn = count_turn, .arg = &consumer_turns};
    producer_turns = consumer_turns = 0;
    weir_waker_init(&producer, loop, &producer_turn);
    weir_waker_init(&consumer, loop, &consumer_turn);
    channel = aligned_alloc(_Alignof(struct weir_channel), sizeof(*channel));
    memset(channel, 0, sizeof(*channel));
    ck_assert_int_eq(weir_channel_init(channel, 2, NULL), WEIR_OK);
    channel->producer = &producer;
    channel->consumer = &consumer;
    weir_sender_init(&sender, channel, loop, BUFFER_LEN);
    next_in = next_out = 0;
}

static bool never(void *arg)
{
    (void)arg;
    return false;
}

static void run_loop(void)
{
    weir_sim_run(sim, never, NULL, WEIR_NS_PER_MS);
}

static void teardown(void)
{
    weir_loop_stop(loop);
    weir_loop_join(loop);
    weir_sender_fini(&sender);
    weir_channel_fini(channel);
    free(channel);
    weir_loop_free(loop);
    weir_host_free(host);
    weir_sim_free(sim);
}

/* Appends the next numbers, `size` bytes in all, as one element. */
static void put(size_t size)
{
    uint8_t *at = weir_sender_room(&sender, size);

    ck_assert_ptr_nonnull(at);
    for (size_t i = 0; i < size; i += sizeof(next_in), next_in++)
        memcpy(at + i, &next_in, sizeof(next_in));
    sender.at = at + size;
}

/* Takes one buffer and checks that it goes on where the one before ended. */
static bool take(void)
{
    struct weir_buffer *buffer = weir_channel_receive(channel, loop);

    if (buffer == NULL)
        return false;
    for (size_t i = 0; i < buffer->len; i += sizeof(next_out), next_out++) {
        uint64_t number;

        memcpy(&number, buffer->bytes + i, sizeof(number));
        ck_assert_uint_eq(number, next_out);
    }
    weir_channel_recycle(channel, buffer, BUFFER_LEN);
    return true;
}

static void drain_all(void)
{
    do
        weir_sender_drain(&sender);
    while (take());
}

START_TEST(a_full_ring_blocks_and_nothing_overtakes)
{
    for (int i = 0; i < 4; i++) {
        put(8);
        weir_sender_flush(&sender);
    }
    ck_assert(weir_sender_blocked(&sender));
    ck_assert(take()); /* there is room now, but the overflow comes first */
    put(8);
    weir_sender_flush(&sender);
    ck_assert(!weir_sender_drain(&sender));
    drain_all();
    ck_assert(!weir_sender_blocked(&sender));
    ck_assert_uint_eq(next_out, 5);
}
END_TEST

START_TEST(each_side_is_woken_once)
{
    ck_assert(weir_ring_wait_items(&channel->full));
    put(8);
    weir_sender_flush(&sender);
    put(8);
    weir_sender_flush(&sender);
    run_loop();
    ck_assert_int_eq(consumer_turns, 1);
    put(8);
    weir_sender_flush(&sender);
    ck_assert(weir_sender_wait(&sender));
    ck_assert(take());
    ck_assert(take());
    run_loop();
    ck_assert_int_eq(producer_turns, 1);
    ck_assert(!weir_sender_wait(&sender)); /* there is room: no sleep */
}
END_TEST

START_TEST(an_element_longer_than_a_buffer_gets_its_own)
{
    put(8);
    put(BUFFER_LEN * 10);
    put(8);
    weir_sender_flush(&sender);
    drain_all();
    ck_assert_uint_eq(next_out, 2 + BUFFER_LEN * 10 / 8);
}
END_TEST

START_TEST(buffers_come_back)
{
    struct weir_buffer *first;

    put(8);
    first = sender.buffer;
    weir_sender_flush(&sender);
    ck_assert(take());
    put(8);
    ck_assert_ptr_eq(sender.buffer, first);
}
END_TEST

/* Method: puts, flushes, takes and drains in a random order; the seed is the loop index. */
START_TEST(any_order_of_steps_keeps_the_order)
{
    struct weir_rng rng;

    weir_rng_init(&rng, (uint64_t)_i);
    for (int i = 0; i < 5000; i++) {
        switch (weir_rng_below(&rng, 5)) {
        case 0:
        case 1:
            if (!weir_sender_blocked(&sender))
                put(8 * (1 + weir_rng_below(&rng, 12)));
            break;
        case 2:
            weir_sender_flush(&sender);
            break;
        case 3:
            take();
            break;
        case 4:
            weir_sender_drain(&sender);
            break;
        }
    }
    weir_sender_flush(&sender);
    drain_all();
    ck_assert_uint_eq(next_out, next_in);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("exchange");
    TCase *tc = tcase_create("exchange");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_full_ring_blocks_and_nothing_overtakes);
    tcase_add_test(tc, each_side_is_woken_once);
    tcase_add_test(tc, an_element_longer_than_a_buffer_gets_its_own);
    tcase_add_test(tc, buffers_come_back);
    tcase_add_loop_test(tc, any_order_of_steps_keeps_the_order, 0, 20);
    suite_add_tcase(suite, tc);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
