/*
 * group_world.c - see group_world.h.
 */
#include "group_world.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pravega/writer.h"

struct weir_sim *sim;
struct process store_process, first, second;
struct weir_store *store;
const struct pravega_group_name group_name = {SCOPE, "group"};
struct pravega_group_stream streams[2] = {{.stream = {SCOPE, "one"}}, {.stream = {SCOPE, "two"}}};
const struct pravega_reader_group_config both_config = {
    .streams = streams, .stream_count = 2, .automatic_checkpoint_interval_ms = PRAVEGA_CHECKPOINT_INTERVAL_DISABLED};
const struct pravega_reader_group_config one_config = {
    .streams = streams, .stream_count = 1, .automatic_checkpoint_interval_ms = PRAVEGA_CHECKPOINT_INTERVAL_DISABLED};
const struct pravega_reader_group_config two_config = {
    .streams = &streams[1], .stream_count = 1, .automatic_checkpoint_interval_ms = 5000};

/* ---- the world */

void start_process(struct process *process, const char *name)
{
    const struct pravega_client_options options = {.controller_uri = "tcp://store:9090"};
    char disk[32];

    snprintf(disk, sizeof(disk), "%s-disk", name);
    ck_assert_int_eq(weir_sim_host_new(sim, name, disk, &process->host, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_new(process->host, name, &process->loop, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_start(process->loop, NULL), WEIR_OK);
    ck_assert_int_eq(pravega_client_new(process->loop, &options, &process->client, NULL), WEIR_OK);
}

void stop_process(struct process *process)
{
    if (process->host == NULL)
        return;
    pravega_client_free(process->client);
    weir_loop_stop(process->loop);
    weir_loop_join(process->loop);
    weir_loop_free(process->loop);
    weir_host_free(process->host);
    *process = (struct process){0};
}

/* kill -9. What it had is freed without effect. */
void kill_process(struct process *process)
{
    weir_sim_host_silence(process->host);
    pravega_client_free(process->client);
    weir_loop_free(process->loop);
    weir_sim_host_crash(process->host);
    *process = (struct process){0};
}

static bool is_over(void *arg)
{
    return ((struct answer *)arg)->over;
}

void await(struct answer *answer)
{
    ck_assert_msg(weir_sim_run(sim, is_over, answer, LIMIT_NS), "a call does not end");
}

static bool never(void *arg)
{
    (void)arg;
    return false;
}

void run_for(int64_t ns)
{
    (void)weir_sim_run(sim, never, NULL, ns);
}

void on_done(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct answer *answer = arg;

    ck_assert(!answer->over);
    answer->over = true;
    answer->status = status;
    if (status != WEIR_OK) {
        ck_assert_msg(why->message[0] != '\0', "no words for %s", weir_status_name(status));
        snprintf(answer->why, sizeof(answer->why), "%s", why->message);
    }
}

void must(struct answer *answer)
{
    await(answer);
    ck_assert_msg(answer->status == WEIR_OK, "%s: %s", weir_status_name(answer->status), answer->why);
}

void make_stream(const struct pravega_stream_name *stream, int segments)
{
    const struct pravega_stream_config config = {.min_segments = segments};
    struct answer answer = {0};

    pravega_stream_create(first.client, stream, &config, on_done, &answer);
    must(&answer);
}

void write_events(const struct pravega_stream_name *stream, int count)
{
    struct pravega_writer *writer;
    struct answer answer = {0};

    ck_assert_int_eq(pravega_writer_new(first.client, stream, NULL, &writer, NULL), WEIR_OK);
    for (int i = 0; i < count; i++)
        while (pravega_writer_write(writer, NULL, weir_view("12345678", 8), NULL, NULL, NULL) == WEIR_E_AGAIN)
            run_for(WEIR_NS_PER_MS);
    pravega_writer_flush(writer, on_done, &answer);
    must(&answer);
    pravega_writer_free(writer);
}

void open_store(void)
{
    const struct weir_store_options options = {
        .data_dir = "store", .advertised_host = "store", .controller_port = 9090, .segment_port = 12345};

    ck_assert_int_eq(weir_store_open(store_process.loop, &options, &store, NULL), WEIR_OK);
}

void close_store(void)
{
    weir_store_close(store);
    store = NULL;
}

void setup(void)
{
    const struct weir_sim_options options = {.seed = 7, .log_level = WEIR_LOG_ERROR, .log_fd = -1};
    struct answer answer = {0};

    ck_assert_int_eq(weir_sim_new(&options, &sim, NULL), WEIR_OK);
    ck_assert_int_eq(weir_sim_host_new(sim, "store", "store-disk", &store_process.host, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_new(store_process.host, "store", &store_process.loop, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_start(store_process.loop, NULL), WEIR_OK);
    open_store();
    start_process(&first, "first");
    start_process(&second, "second");
    pravega_scope_create(first.client, SCOPE, on_done, &answer);
    must(&answer);
    make_stream(&streams[0].stream, 2);
    make_stream(&streams[1].stream, 1);
}

void teardown(void)
{
    stop_process(&first);
    stop_process(&second);
    weir_store_close(store);
    stop_process(&store_process);
    weir_sim_free(sim);
}

/* ---- the calls, awaited */

void on_group(void *arg, enum weir_status status, struct pravega_reader_group *group, const struct weir_error *why)
{
    struct answer *answer = arg;

    ck_assert((group != NULL) == (status == WEIR_OK));
    answer->group = group;
    on_done(arg, status, why);
}

enum weir_status create(struct process *process, const struct pravega_reader_group_config *config)
{
    struct answer answer = {0};

    pravega_reader_group_create(process->client, &group_name, config, on_done, &answer);
    await(&answer);
    return answer.status;
}

struct pravega_reader_group *open_group(struct process *process)
{
    struct answer answer = {0};

    pravega_reader_group_open(process->client, &group_name, on_group, &answer);
    must(&answer);
    return answer.group;
}

struct pravega_reader_group *make_group(const struct pravega_reader_group_config *config)
{
    ck_assert_int_eq(create(&first, config), WEIR_OK);
    return open_group(&first);
}

void on_checkpoint(void *arg, enum weir_status status, const struct pravega_checkpoint *checkpoint,
                   const struct weir_error *why)
{
    struct answer *answer = arg;

    if (status == WEIR_OK)
        ck_assert_int_eq(pravega_checkpoint_copy(&answer->checkpoint, checkpoint, NULL), WEIR_OK);
    on_done(arg, status, why);
}

void on_cuts(void *arg, enum weir_status status, const struct pravega_stream_cut *cuts, size_t count,
             const struct weir_error *why)
{
    struct answer *answer = arg;

    for (; answer->count < count; answer->count++)
        ck_assert_int_eq(pravega_stream_cut_copy(&answer->cuts[answer->count], &cuts[answer->count], NULL), WEIR_OK);
    on_done(arg, status, why);
}

void on_names(void *arg, enum weir_status status, const char *const *names, size_t count, const struct weir_error *why)
{
    struct answer *answer = arg;

    for (; answer->count < count; answer->count++)
        snprintf(answer->names[answer->count], sizeof(answer->names[0]), "%s", names[answer->count]);
    on_done(arg, status, why);
}

void on_bytes(void *arg, enum weir_status status, int64_t bytes, const struct weir_error *why)
{
    ((struct answer *)arg)->bytes = bytes;
    on_done(arg, status, why);
}

void on_config(void *arg, enum weir_status status, const struct pravega_reader_group_config *config,
               const struct weir_error *why)
{
    if (status == WEIR_OK)
        ((struct answer *)arg)->config = *config;
    on_done(arg, status, why);
}

void on_reader(void *arg, enum weir_status status, struct pravega_event_reader *reader, const struct weir_error *why)
{
    ((struct answer *)arg)->reader = reader;
    on_done(arg, status, why);
}

void finish(struct answer *answer)
{
    pravega_checkpoint_fini(&answer->checkpoint);
    for (size_t i = 0; i < answer->count; i++)
        pravega_stream_cut_fini(&answer->cuts[i]);
    *answer = (struct answer){0};
}

size_t stream_count(struct pravega_reader_group *group)
{
    struct answer answer = {0};

    pravega_reader_group_get_config(group, on_config, &answer);
    must(&answer);
    return answer.config.stream_count;
}

int64_t unread(struct pravega_reader_group *group)
{
    struct answer answer = {0};

    pravega_reader_group_unread_bytes(group, on_bytes, &answer);
    must(&answer);
    return answer.bytes;
}

struct pravega_event_reader *join(struct process *process, const char *id)
{
    struct answer answer = {0};

    pravega_event_reader_new(process->client, &group_name, id, NULL, on_reader, &answer);
    must(&answer);
    return answer.reader;
}

/* Calls next() now and then until `answer` is over; the events that came. */
int read_until(struct pravega_event_reader *reader, struct answer *answer)
{
    struct pravega_event_read read;
    int count = 0;

    for (int i = 0; !answer->over; i++) {
        enum weir_status status = pravega_event_reader_next(reader, &read, NULL);

        ck_assert_int_lt(i, 100000);
        ck_assert(status == WEIR_OK || status == WEIR_E_AGAIN || status == WEIR_E_END);
        count += status == WEIR_OK && read.kind == PRAVEGA_READ_EVENT;
        if (status != WEIR_OK)
            run_for(20 * WEIR_NS_PER_MS);
    }
    return count;
}

enum weir_status next_until_bad(struct pravega_event_reader *reader)
{
    struct pravega_event_read read;

    for (int i = 0; i < 10000; i++) {
        enum weir_status status = pravega_event_reader_next(reader, &read, NULL);

        if (status != WEIR_OK && status != WEIR_E_AGAIN)
            return status;
        run_for(20 * WEIR_NS_PER_MS);
    }
    return WEIR_OK;
}

/* ---- the record */

static void on_record(void *arg, enum weir_status status, const struct pravega_group_record *record,
                      const struct weir_error *why)
{
    struct record *out = arg;

    if (status == WEIR_OK) {
        out->id = record->id;
        out->generation = record->generation;
    }
    on_done(&out->answer, status, why);
}

struct record record_of_group(void)
{
    struct pravega_call call = {0};
    struct record record = {0};

    pravega_controller_get_group(&call, first.client, &group_name, on_record, &record);
    must(&record.answer);
    return record;
}

/* ---- the tests */

int run_in_worlds(const char *name, void (*add_tests)(TCase *tc))
{
    Suite *suite = suite_create(name);
    TCase *tc = tcase_create(name);
    SRunner *sr = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    add_tests(tc);
    suite_add_tcase(suite, tc);
    srunner_set_fork_status(sr, CK_NOFORK);
    srunner_run_all(sr, CK_NORMAL);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
