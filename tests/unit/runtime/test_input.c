/*
 * test_input.c - the rules of a task's input, with channels filled by hand: watermarks, idleness, barriers, the end.
 *
 * The chain behind the input is one operator that writes down what reaches it: "r5" a record, "w7" a watermark.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/input.h"
#include "weir/sim.h"

#define CHANNELS 3

static struct weir_sim *sim;
static struct weir_host *host;
static struct weir_loop *loop;
static struct weir_channel *channels[CHANNELS];
static struct weir_sender senders[CHANNELS];
static struct weir_waker waker;
static struct weir_deferred nothing;
static struct weir_input input;
static struct weir_chain *chain;
static char notes[4096];
static int64_t idle_count;
static bool outbox_full, not_ready;

static enum weir_status note_record(struct weir_operator *op, const void *element, int64_t timestamp_ms,
                                    struct weir_error *err)
{
    int64_t number;

    (void)op;
    (void)err;
    memcpy(&number, element, sizeof(number));
    ck_assert(timestamp_ms == WEIR_NO_TIMESTAMP || timestamp_ms == number);
    snprintf(notes + strlen(notes), sizeof(notes) - strlen(notes), "r%lld ", (long long)number);
    return WEIR_OK;
}

static enum weir_status note_watermark(struct weir_operator *op, int64_t watermark_ms, struct weir_error *err)
{
    (void)op;
    (void)err;
    if (watermark_ms == INT64_MAX)
        strcat(notes, "wmax ");
    else
        snprintf(notes + strlen(notes), sizeof(notes) - strlen(notes), "w%lld ", (long long)watermark_ms);
    return WEIR_OK;
}

static bool is_ready(struct weir_operator *op)
{
    (void)op;
    return !not_ready;
}

static void note_free(struct weir_operator *op)
{
    free(op);
}

static const struct weir_operator_ops note_ops = {
    .name = "note", .on_record = note_record, .on_watermark = note_watermark, .ready = is_ready, .free = note_free};

static enum weir_status note_create(const struct weir_operator_factory *factory, struct weir_context *ctx,
                                    struct weir_operator **out, struct weir_error *err)
{
    (void)factory;
    (void)ctx;
    (void)err;
    *out = calloc(1, sizeof(**out));
    (*out)->ops = &note_ops;
    return WEIR_OK;
}

static enum weir_status ignore_element(struct weir_collector *out, const void *element, struct weir_error *err)
{
    (void)out;
    (void)element;
    (void)err;
    return WEIR_OK;
}

static enum weir_status ignore_watermark(struct weir_chain_output *out, int64_t watermark_ms, struct weir_error *err)
{
    (void)out;
    (void)watermark_ms;
    (void)err;
    return WEIR_OK;
}

static enum weir_status count_idle(struct weir_chain_output *out, bool idle, struct weir_error *err)
{
    (void)out;
    (void)err;
    strcat(notes, idle ? "idle " : "active ");
    idle_count++;
    return WEIR_OK;
}

static struct weir_chain_output sink = {{ignore_element, 0}, ignore_watermark, count_idle};

static void never(void *arg)
{
    (void)arg;
}

static void start(bool exactly_once)
{
    static struct weir_operator_factory factory = {note_create, NULL};
    static struct weir_node node = {.name = (char *)"note", .uid = (char *)"note", .factory = &factory};
    static struct weir_vertex_link link = {&node, -1};
    static const struct weir_vertex vertex = {.parallelism = 1, .links = &link, .link_count = 1};
    struct weir_input_options options = {channels, CHANNELS, loop, weir_long_type(), 1024, exactly_once};
    struct weir_chain_host chain_host = {.loop = loop, .parallelism = 1, .max_parallelism = 16};
    struct weir_chain_exit exit = {0, &sink};

    ck_assert_int_eq(weir_input_init(&input, &options, NULL), WEIR_OK);
    ck_assert_int_eq(weir_chain_new(&vertex, &chain_host, &exit, 1, &chain, NULL), WEIR_OK);
}

static void setup(void)
{
    struct weir_sim_options options = {.seed = 3};

    ck_assert_int_eq(weir_sim_new(&options, &sim, NULL), WEIR_OK);
    ck_assert_int_eq(weir_sim_host_new(sim, "host", "disk", &host, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_new(host, "task", &loop, NULL), WEIR_OK);
    nothing = (struct weir_deferred){.fn = never};
    weir_waker_init(&waker, loop, &nothing);
    for (int i = 0; i < CHANNELS; i++) {
        channels[i] = aligned_alloc(_Alignof(struct weir_channel), sizeof(*channels[i]));
        memset(channels[i], 0, sizeof(*channels[i]));
        ck_assert_int_eq(weir_channel_init(channels[i], 16, NULL), WEIR_OK);
        channels[i]->producer = channels[i]->consumer = &waker;
        weir_sender_init(&senders[i], channels[i], loop, 1024);
    }
    notes[0] = '\0';
    outbox_full = not_ready = false;
}

static void teardown(void)
{
    weir_chain_free(chain);
    weir_input_fini(&input);
    for (int i = 0; i < CHANNELS; i++) {
        weir_sender_fini(&senders[i]);
        weir_channel_fini(channels[i]);
        free(channels[i]);
    }
    weir_deferred_cancel(loop, &nothing);
    weir_loop_free(loop);
    weir_host_free(host);
    weir_sim_free(sim);
}

static void send_number(int channel, int64_t number)
{
    uint8_t *at = weir_sender_room(&senders[channel], 32);

    at = weir_element_put_header(at, number % 2 == 0 ? number : WEIR_NO_TIMESTAMP, &senders[channel].last_ms);
    memcpy(at, &number, sizeof(number));
    senders[channel].at = at + sizeof(number);
}

static void send_control(int channel, enum weir_control control, int64_t value)
{
    uint8_t *at = weir_sender_room(&senders[channel], WEIR_CONTROL_LEN);

    weir_element_put_control(at, control, value);
    senders[channel].at = at + WEIR_CONTROL_LEN;
}

/* Reads what there is; the notes made by it. */
static const char *read_all(enum weir_status want)
{
    int budget = 1000;

    notes[0] = '\0';
    for (int i = 0; i < CHANNELS; i++)
        weir_sender_flush(&senders[i]);
    ck_assert_int_eq(weir_input_read(&input, chain, &outbox_full, &budget, NULL), want);
    return notes;
}

START_TEST(the_least_watermark_counts)
{
    start(true);
    send_control(0, WEIR_CONTROL_WATERMARK, 10);
    send_control(1, WEIR_CONTROL_WATERMARK, 20);
    ck_assert_str_eq(read_all(WEIR_E_AGAIN), "");
    send_control(2, WEIR_CONTROL_WATERMARK, 5);
    ck_assert_str_eq(read_all(WEIR_E_AGAIN), "w5 ");
    send_control(2, WEIR_CONTROL_WATERMARK, 30);
    ck_assert_str_eq(read_all(WEIR_E_AGAIN), "w10 ");
    send_control(0, WEIR_CONTROL_WATERMARK, 9); /* never back */
    ck_assert_str_eq(read_all(WEIR_E_AGAIN), "");
}
END_TEST

START_TEST(an_idle_channel_holds_nobody_back)
{
    start(true);
    send_control(0, WEIR_CONTROL_WATERMARK, 10);
    send_control(1, WEIR_CONTROL_WATERMARK, 20);
    send_control(2, WEIR_CONTROL_IDLE, 1);
    ck_assert_str_eq(read_all(WEIR_E_AGAIN), "w10 ");
    send_control(0, WEIR_CONTROL_IDLE, 1);
    ck_assert_str_eq(read_all(WEIR_E_AGAIN), "w20 ");
    /* Active again and behind: it neither holds back nor takes back until it has caught up. */
    send_control(2, WEIR_CONTROL_IDLE, 0);
    send_control(1, WEIR_CONTROL_WATERMARK, 25);
    ck_assert_str_eq(read_all(WEIR_E_AGAIN), "w25 ");
    send_control(2, WEIR_CONTROL_WATERMARK, 26);
    ck_assert_str_eq(read_all(WEIR_E_AGAIN), "");
    send_control(1, WEIR_CONTROL_WATERMARK, 40);
    ck_assert_str_eq(read_all(WEIR_E_AGAIN), "w26 ");
    send_control(2, WEIR_CONTROL_IDLE, 1);
    send_control(1, WEIR_CONTROL_IDLE, 1);
    ck_assert_str_eq(read_all(WEIR_E_AGAIN), "w40 idle ");
    send_control(0, WEIR_CONTROL_IDLE, 0);
    ck_assert_str_eq(read_all(WEIR_E_AGAIN), "active ");
}
END_TEST

START_TEST(barriers_are_aligned)
{
    start(true);
    send_number(0, 1);
    send_control(0, WEIR_CONTROL_BARRIER, 7);
    send_number(0, 100);
    send_number(1, 2);
    send_control(1, WEIR_CONTROL_BARRIER, 7);
    send_number(1, 101);
    send_number(2, 3);
    ck_assert_str_eq(read_all(WEIR_E_AGAIN), "r1 r2 r3 ");
    send_number(2, 4);
    send_control(2, WEIR_CONTROL_BARRIER, 7);
    send_number(2, 102);
    ck_assert_str_eq(read_all(WEIR_OK), "r4 ");
    ck_assert_int_eq(input.aligned_id, 7);
    ck_assert_str_eq(read_all(WEIR_OK), ""); /* until the task has taken its snapshot */
    input.aligned_id = 0;
    read_all(WEIR_E_AGAIN);
    ck_assert(strstr(notes, "r100 ") != NULL && strstr(notes, "r101 ") != NULL && strstr(notes, "r102 ") != NULL);
}
END_TEST

START_TEST(at_least_once_reads_on)
{
    start(false);
    send_control(0, WEIR_CONTROL_BARRIER, 7);
    send_number(0, 100);
    ck_assert_str_eq(read_all(WEIR_E_AGAIN), "r100 ");
    send_control(1, WEIR_CONTROL_BARRIER, 7);
    send_control(2, WEIR_CONTROL_BARRIER, 7);
    read_all(WEIR_OK);
    ck_assert_int_eq(input.aligned_id, 7);
}
END_TEST

START_TEST(a_given_up_barrier_holds_nothing)
{
    start(true);
    send_control(0, WEIR_CONTROL_BARRIER, 7);
    send_number(0, 100);
    ck_assert_str_eq(read_all(WEIR_E_AGAIN), "");
    weir_input_abort(&input, 7);
    ck_assert_str_eq(read_all(WEIR_E_AGAIN), "r100 ");
    send_control(1, WEIR_CONTROL_BARRIER, 7); /* too late: means nothing */
    send_number(1, 101);
    ck_assert_str_eq(read_all(WEIR_E_AGAIN), "r101 ");
}
END_TEST

START_TEST(a_newer_barrier_takes_over)
{
    start(true);
    send_control(0, WEIR_CONTROL_BARRIER, 7);
    send_control(0, WEIR_CONTROL_BARRIER, 8);
    send_control(1, WEIR_CONTROL_BARRIER, 8);
    send_control(2, WEIR_CONTROL_BARRIER, 8);
    read_all(WEIR_OK);
    ck_assert_int_eq(input.aligned_id, 8);
}
END_TEST

START_TEST(the_end_is_when_all_have_ended)
{
    start(true);
    send_control(0, WEIR_CONTROL_END, 0);
    send_control(1, WEIR_CONTROL_END, 0);
    send_number(2, 5);
    ck_assert_str_eq(read_all(WEIR_E_AGAIN), "r5 ");
    send_control(2, WEIR_CONTROL_END, 0);
    ck_assert_str_eq(read_all(WEIR_E_END), "wmax ");
    for (int i = 0; i < CHANNELS; i++) /* finished inputs still take part in checkpoints */
        send_control(i, WEIR_CONTROL_BARRIER, 9);
    read_all(WEIR_OK);
    ck_assert_int_eq(input.aligned_id, 9);
}
END_TEST

/* Goal: time does not jump to its end while a channel is only quiet, and its records are not late afterwards. */
START_TEST(an_ended_channel_says_no_time_while_others_are_idle)
{
    start(true);
    for (int i = 0; i < CHANNELS; i++)
        send_control(i, WEIR_CONTROL_WATERMARK, 5 + i);
    ck_assert_str_eq(read_all(WEIR_E_AGAIN), "w5 ");
    send_control(0, WEIR_CONTROL_END, 0);
    ck_assert_str_eq(read_all(WEIR_E_AGAIN), "w6 ");
    send_control(1, WEIR_CONTROL_IDLE, 1);
    ck_assert_str_eq(read_all(WEIR_E_AGAIN), "w7 ");
    send_control(2, WEIR_CONTROL_IDLE, 1);
    ck_assert_str_eq(read_all(WEIR_E_AGAIN), "idle ");
    send_control(1, WEIR_CONTROL_END, 0);
    ck_assert_str_eq(read_all(WEIR_E_AGAIN), "");
    send_control(2, WEIR_CONTROL_IDLE, 0);
    send_control(2, WEIR_CONTROL_WATERMARK, 9);
    ck_assert_str_eq(read_all(WEIR_E_AGAIN), "active w9 ");
    send_control(2, WEIR_CONTROL_END, 0);
    ck_assert_str_eq(read_all(WEIR_E_END), "wmax ");
}
END_TEST

/* Goal: when the last channel that is not idle ends, the idle ones do not keep what the fastest has said back. */
START_TEST(the_rest_is_idle_when_the_active_one_ends)
{
    start(true);
    for (int i = 0; i < CHANNELS; i++)
        send_control(i, WEIR_CONTROL_WATERMARK, 5 + i);
    send_control(1, WEIR_CONTROL_IDLE, 1);
    send_control(2, WEIR_CONTROL_IDLE, 1);
    ck_assert_str_eq(read_all(WEIR_E_AGAIN), "w5 ");
    send_control(0, WEIR_CONTROL_END, 0);
    ck_assert_str_eq(read_all(WEIR_E_AGAIN), "w7 idle ");
    send_control(1, WEIR_CONTROL_END, 0);
    send_control(2, WEIR_CONTROL_END, 0);
    ck_assert_str_eq(read_all(WEIR_E_END), "active wmax ");
}
END_TEST

START_TEST(an_operator_that_is_not_ready_gets_nothing)
{
    start(true);
    not_ready = true;
    send_number(0, 1);
    ck_assert_str_eq(read_all(WEIR_OK), "");
    not_ready = false;
    ck_assert_str_eq(read_all(WEIR_E_AGAIN), "r1 ");
}
END_TEST

/* Goal: timestamps come through as they went in, whatever the difference to the one before. */
START_TEST(timestamps_survive_the_way)
{
    static const int64_t times[] = {
        0,         1,        -1,           63,        64,        INT64_MAX,         INT64_MIN + 1,
        INT64_MAX, 1u << 31, -(1ll << 55), 1ll << 55, 1ll << 62, WEIR_NO_TIMESTAMP, 5};
    uint8_t bytes[sizeof(times) / sizeof(times[0]) * WEIR_ELEMENT_HEADER_MAX], *end = bytes;
    const uint8_t *at = bytes;
    int64_t sent_ms = 0, got_ms = 0;

    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        uint8_t *before = end;

        end = weir_element_put_header(end, times[i], &sent_ms);
        ck_assert_int_le(end - before, WEIR_ELEMENT_HEADER_MAX);
    }
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        uint64_t code = weir_element_code(&at);

        ck_assert_uint_ne(code, WEIR_CODE_CONTROL);
        ck_assert_int_eq(weir_element_timestamp(code, &at, &got_ms), times[i]);
    }
    ck_assert_ptr_eq(at, end);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("input");
    TCase *tc = tcase_create("input"), *bytes = tcase_create("elements");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, the_least_watermark_counts);
    tcase_add_test(tc, an_idle_channel_holds_nobody_back);
    tcase_add_test(tc, barriers_are_aligned);
    tcase_add_test(tc, at_least_once_reads_on);
    tcase_add_test(tc, a_given_up_barrier_holds_nothing);
    tcase_add_test(tc, a_newer_barrier_takes_over);
    tcase_add_test(tc, the_end_is_when_all_have_ended);
    tcase_add_test(tc, an_ended_channel_says_no_time_while_others_are_idle);
    tcase_add_test(tc, the_rest_is_idle_when_the_active_one_ends);
    tcase_add_test(tc, an_operator_that_is_not_ready_gets_nothing);
    tcase_add_test(bytes, timestamps_survive_the_way);
    suite_add_tcase(suite, tc);
    suite_add_tcase(suite, bytes);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
