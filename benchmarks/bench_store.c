/*
 * bench_store.c - a Pravega cluster through the native client: how fast events go in and come out, and how long an
 * acknowledgement takes.
 *
 *   bench_store mode=write|read|group|latency controller=URI stream=SCOPE/STREAM events=N size=BYTES
 *
 * write: events with one of 1000 routing keys, until everything is acknowledged.
 * read: all segments side by side from the head, until `events` have come.
 * group: the same through the one reader of a new reader group, from its first event on.
 * latency: `rate` events a second, one at a time, from the write to its acknowledgement.
 */
#include "benchmarks/bench.h"
#include "pravega/event_reader.h"
#include "pravega/segment_reader.h"
#include "pravega/streams.h"
#include "pravega/writer.h"
#include "weir/host.h"

#define KEY_COUNT 1000
#define SEGMENTS_MAX 256

struct bench {
    struct weir_loop *loop;
    struct pravega_client *client;
    struct pravega_stream_name name;
    char scope[PRAVEGA_NAME_LEN_MAX + 1], stream[PRAVEGA_NAME_LEN_MAX + 1];
    int64_t events, size, rate;
    int64_t done;
    int64_t start_ns;
    int failed;
    uint8_t *event;
    char keys[KEY_COUNT][16]; /* made before, so that their making is not measured */
    struct pravega_writer *writer;
    struct weir_deferred turn;
    struct weir_timer timer;
    struct pravega_segment_reader *readers[SEGMENTS_MAX];
    size_t reader_count;
    struct pravega_event_reader *group_reader;
    char group[32];
    int64_t *sent_ns, *latency_ns; /* of each event of a latency run */
    int64_t acked;
};

static void end(struct bench *bench, enum weir_status status, const struct weir_error *why)
{
    if (status != WEIR_OK) {
        fprintf(stderr, "bench_store: %s\n", why->message);
        bench->failed = 1;
    }
    weir_loop_stop(bench->loop);
}

static void on_flushed(void *arg, enum weir_status status, const struct weir_error *why)
{
    end(arg, status, why);
}

static void write_more(void *arg)
{
    struct bench *bench = arg;
    struct weir_error err = {0};
    enum weir_status status = WEIR_OK;

    for (int i = 0; i < 1024 && bench->done < bench->events && status == WEIR_OK; i++) {
        struct weir_view key = weir_view_str(bench->keys[bench->done % KEY_COUNT]);

        status =
            pravega_writer_write(bench->writer, &key, weir_view(bench->event, (size_t)bench->size), NULL, NULL, &err);
        bench->done += status == WEIR_OK;
    }
    if (status == WEIR_E_AGAIN)
        return; /* on_ready calls again */
    if (status != WEIR_OK)
        end(bench, status, &err);
    else if (bench->done == bench->events)
        pravega_writer_flush(bench->writer, on_flushed, bench);
    else
        weir_loop_defer(bench->loop, &bench->turn);
}

static void on_room(void *arg)
{
    struct bench *bench = arg;

    weir_loop_defer(bench->loop, &bench->turn);
}

static void read_more(void *arg)
{
    struct bench *bench = arg;
    enum weir_status status;
    struct pravega_event event;
    struct weir_error err = {0};
    int more = 0;

    for (size_t r = 0; r < bench->reader_count; r++) {
        status = WEIR_OK;
        for (int i = 0; i < 4096 && status == WEIR_OK; i++) {
            status = pravega_segment_reader_next(bench->readers[r], &event, &err);
            bench->done += status == WEIR_OK;
        }
        if (status != WEIR_OK && status != WEIR_E_AGAIN) {
            end(bench, status, &err);
            return;
        }
        more |= status == WEIR_OK;
    }
    if (bench->done >= bench->events)
        end(bench, WEIR_OK, NULL);
    else if (more)
        weir_loop_defer(bench->loop, &bench->turn);
}

static void on_head(void *arg, enum weir_status status, const struct pravega_segment_offset *cut, size_t count,
                    const struct weir_error *why)
{
    struct bench *bench = arg;
    struct weir_error err = {0};

    for (size_t i = 0; status == WEIR_OK && i < count && i < SEGMENTS_MAX; i++) {
        struct pravega_segment_reader_options options = {
            .start_offset = cut[i].offset, .on_ready = on_room, .arg = bench};

        status = pravega_segment_reader_new(bench->client, &bench->name, cut[i].id, &options,
                                            &bench->readers[bench->reader_count++], &err);
        why = &err;
    }
    if (status != WEIR_OK)
        end(bench, status, why);
    else
        weir_loop_defer(bench->loop, &bench->turn);
}

/* ---- through a reader group */

static void read_group(void *arg)
{
    struct bench *bench = arg;
    struct pravega_event_read read;
    struct weir_error err = {0};
    enum weir_status status = WEIR_OK;

    for (int i = 0; i < 4096 && bench->done < bench->events && status == WEIR_OK; i++) {
        status = pravega_event_reader_next(bench->group_reader, &read, &err);
        if (status == WEIR_OK && read.kind == PRAVEGA_READ_EVENT && bench->done++ == 0)
            bench->start_ns = weir_loop_now_ns(bench->loop);
    }
    if (bench->done == bench->events)
        end(bench, WEIR_OK, NULL);
    else if (status == WEIR_OK)
        weir_loop_defer(bench->loop, &bench->turn);
    else if (status != WEIR_E_AGAIN)
        end(bench, status, &err);
}

static void on_joined(void *arg, enum weir_status status, struct pravega_event_reader *reader,
                      const struct weir_error *why)
{
    struct bench *bench = arg;

    bench->group_reader = reader;
    if (status == WEIR_OK)
        weir_loop_defer(bench->loop, &bench->turn);
    else
        end(bench, status, why);
}

static void on_group(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct bench *bench = arg;
    struct pravega_group_name group = {bench->scope, bench->group};
    struct pravega_event_reader_options options = {.on_ready = on_room, .arg = bench};

    if (status == WEIR_OK)
        pravega_event_reader_new(bench->client, &group, "reader", &options, on_joined, bench);
    else
        end(bench, status, why);
}

static void begin_group(struct bench *bench)
{
    struct pravega_group_stream stream = {.stream = bench->name};
    struct pravega_reader_group_config config = {.streams = &stream,
                                                 .stream_count = 1,
                                                 .automatic_checkpoint_interval_ms =
                                                     PRAVEGA_CHECKPOINT_INTERVAL_DISABLED};
    struct pravega_group_name group = {bench->scope, bench->group};

    snprintf(bench->group, sizeof(bench->group), "bench-%016" PRIx64, weir_host_random(weir_loop_host(bench->loop)));
    pravega_reader_group_create(bench->client, &group, &config, on_group, bench);
}

static void on_acked(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct bench *bench = arg;

    if (status != WEIR_OK) {
        end(bench, status, why);
        return;
    }
    bench->latency_ns[bench->acked] = weir_loop_now_ns(bench->loop) - bench->sent_ns[bench->acked];
    if (++bench->acked == bench->events)
        end(bench, WEIR_OK, NULL);
}

static void write_one(void *arg)
{
    struct bench *bench = arg;
    struct weir_view key = weir_view_str("key");
    struct weir_error err = {0};
    enum weir_status status;

    bench->sent_ns[bench->done] = weir_loop_now_ns(bench->loop);
    status =
        pravega_writer_write(bench->writer, &key, weir_view(bench->event, (size_t)bench->size), on_acked, bench, &err);
    if (status != WEIR_OK)
        end(bench, status, &err);
    if (++bench->done < bench->events)
        weir_timer_start(bench->loop, &bench->timer,
                         bench->start_ns + bench->done * WEIR_NS_PER_S / bench->rate - weir_loop_now_ns(bench->loop));
}

static int by_value(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

    return (left > right) - (left < right);
}

static void begin(struct bench *bench, const char *mode, struct weir_error *err)
{
    struct pravega_writer_options options = {.on_ready = on_room, .arg = bench};
    bool reads = strcmp(mode, "read") == 0, in_group = strcmp(mode, "group") == 0;

    bench->turn = (struct weir_deferred){.fn = reads ? read_more : in_group ? read_group : write_more, .arg = bench};
    bench->timer = (struct weir_timer){.fn = write_one, .arg = bench};
    if (in_group)
        begin_group(bench);
    else if (reads)
        pravega_stream_head(bench->client, &bench->name, on_head, bench);
    else if (pravega_writer_new(bench->client, &bench->name, &options, &bench->writer, err) != WEIR_OK)
        return;
    else if (strcmp(mode, "write") == 0)
        weir_loop_defer(bench->loop, &bench->turn);
    else
        weir_timer_start(bench->loop, &bench->timer, 0);
}

static void report(struct bench *bench, const char *mode, int64_t elapsed_ns)
{
    double seconds = (double)elapsed_ns / 1e9;

    printf("{\"bench\":\"store_%s\",\"events\":%" PRId64 ",\"size\":%" PRId64 ",\"seconds\":%.3f,\"events_per_s\":%.0f,"
           "\"mb_per_s\":%.1f,\"client_cpu_s_per_million\":%.3f,\"client_peak_mib\":%.1f",
           mode, bench->done, bench->size, seconds, (double)bench->done / seconds,
           (double)bench->done * (double)bench->size / seconds / 1e6, bench_cpu_s() * 1e6 / (double)bench->done,
           bench_peak_mib());
    if (bench->acked > 0) {
        qsort(bench->latency_ns, (size_t)bench->acked, sizeof(int64_t), by_value);
        printf(",\"ack_p50_us\":%.0f,\"ack_p99_us\":%.0f,\"ack_p999_us\":%.0f",
               (double)bench->latency_ns[bench->acked / 2] / 1e3,
               (double)bench->latency_ns[bench->acked * 99 / 100] / 1e3,
               (double)bench->latency_ns[bench->acked * 999 / 1000] / 1e3);
    }
    printf("}\n");
}

int main(int argc, char **argv)
{
    struct bench bench = {.events = bench_number(argc, argv, "events", 1000000),
                          .size = bench_number(argc, argv, "size", 100),
                          .rate = bench_number(argc, argv, "rate", 1000)};
    struct pravega_client_options options = {.controller_uri = bench_text(argc, argv, "controller", NULL)};
    const char *mode = bench_text(argc, argv, "mode", "write");
    struct weir_host *host = NULL;
    struct weir_error err = {0};

    bench.event = calloc(1, (size_t)bench.size + 1);
    bench.sent_ns = calloc((size_t)bench.events, sizeof(int64_t));
    bench.latency_ns = calloc((size_t)bench.events, sizeof(int64_t));
    if (bench.event == NULL || bench.sent_ns == NULL || bench.latency_ns == NULL)
        return EXIT_FAILURE;
    memset(bench.event, 'x', (size_t)bench.size);
    for (int i = 0; i < KEY_COUNT; i++)
        snprintf(bench.keys[i], sizeof(bench.keys[i]), "key-%d", i);
    if (pravega_stream_parse(bench_text(argc, argv, "stream", "bench/bench"), NULL, bench.scope, bench.stream, &err) ==
            WEIR_OK &&
        weir_host_new(NULL, &host, &err) == WEIR_OK && weir_loop_new(host, "bench", &bench.loop, &err) == WEIR_OK &&
        pravega_client_new(bench.loop, &options, &bench.client, &err) == WEIR_OK) {
        bench.name = (struct pravega_stream_name){bench.scope, bench.stream};
        bench.start_ns = weir_loop_now_ns(bench.loop);
        begin(&bench, mode, &err);
        if (err.status == WEIR_OK)
            weir_loop_run(bench.loop);
        if (err.status == WEIR_OK && !bench.failed)
            report(&bench, mode, weir_loop_now_ns(bench.loop) - bench.start_ns);
    }
    if (err.status != WEIR_OK)
        fprintf(stderr, "bench_store: %s\n", err.message);
    pravega_writer_free(bench.writer);
    pravega_event_reader_free(bench.group_reader);
    for (size_t i = 0; i < bench.reader_count; i++)
        pravega_segment_reader_free(bench.readers[i]);
    pravega_client_free(bench.client);
    weir_loop_free(bench.loop);
    weir_host_free(host);
    free(bench.event);
    free(bench.sent_ns);
    free(bench.latency_ns);
    return err.status == WEIR_OK && !bench.failed ? EXIT_SUCCESS : EXIT_FAILURE;
}
