/*
 * bench_pipeline.c - the whole way: Pravega reader, parse, key, 1 s tumbling window, sum, Pravega writer, exactly once.
 *
 *   bench_pipeline mode=fill controller=URI in=SCOPE/STREAM events=N [size=100]
 *   bench_pipeline mode=run controller=URI in=S/T out=S/T [p=2] [interval=1000] [state=DIR] [exec_ns=T]
 *   bench_pipeline mode=read ...        (reader and a sink that keeps nothing)
 *
 * An event is "kKKKKKK,TTTTTTTTTTTTT,VVVVVVVV,xxx...": a key out of 1000, an event time in ms (1 s for each 100,000
 * events), a value, padding; it is what the peer's jobs read and write. `exec_ns` is CLOCK_MONOTONIC just before this
 * program was executed: the time to the first record counts from there.
 */
#include <time.h>

#include "benchmarks/bench.h"
#include "weir/connectors.h"
#include "weir/pravega.h"

#define KEY_COUNT 1000
#define EVENTS_PER_SECOND 100000
#define LAG_MS 15000 /* segments of one reader may be so far apart */

struct reading {
    int64_t key;
    int64_t time_ms;
    int64_t value;
};

static const struct weir_field reading_fields[] = {WEIR_FIELD(struct reading, key, LONG),
                                                   WEIR_FIELD(struct reading, time_ms, LONG),
                                                   WEIR_FIELD(struct reading, value, LONG)};
static const struct weir_type reading_type = WEIR_STRUCT_TYPE(struct reading, reading_fields, true);

static int64_t digits(const uint8_t *at, int count)
{
    int64_t number = 0;

    for (int i = 0; i < count; i++)
        number = 10 * number + (at[i] - '0');
    return number;
}

static enum weir_status parse(const struct weir_deserialization_schema *schema, struct weir_view message,
                              struct weir_collector *out, struct weir_error *err)
{
    struct reading reading;

    (void)schema;
    if (message.len < 31 || message.ptr[0] != 'k')
        return weir_fail(err, WEIR_E_DAMAGED, "message of %zu bytes is not an event of this benchmark", message.len);
    reading = (struct reading){digits(message.ptr + 1, 6), digits(message.ptr + 8, 13), digits(message.ptr + 22, 8)};
    return weir_collect(out, &reading, err);
}

static enum weir_status print(const struct weir_serialization_schema *schema, const void *element, struct weir_buf *out,
                              struct weir_error *err)
{
    const struct reading *reading = element;

    (void)schema;
    (void)err;
    weir_buf_printf(out, "k%06d,%013" PRId64 ",%08" PRId64 ",", (int)reading->key, reading->time_ms, reading->value);
    return out->status;
}

static int64_t time_of(void *arg, const void *element, int64_t source_timestamp_ms)
{
    (void)arg;
    (void)source_timestamp_ms;
    return ((const struct reading *)element)->time_ms;
}

static void text_of(void *arg, int64_t index, void *element)
{
    struct weir_view *view = element;
    static __thread char text[1 << 17];
    size_t size = *(const size_t *)arg;
    int len = snprintf(text, sizeof(text), "k%06d,%013" PRId64 ",%08d,", (int)(index % KEY_COUNT),
                       INT64_C(1700000000000) + index * 1000 / EVENTS_PER_SECOND, (int)(index % 100));

    if (text[len + 1] != 'x')
        memset(text + len, 'x', sizeof(text) - (size_t)len);
    text[len] = 'x';
    *view = weir_view(text, size);
}

static struct weir_view route_text(void *arg, const void *element)
{
    (void)arg;
    return weir_view(((const struct weir_view *)element)->ptr, 7);
}

static struct weir_view route_reading(void *arg, const void *element)
{
    static __thread char key[16];

    (void)arg;
    return weir_view(key, (size_t)snprintf(key, sizeof(key), "k%06d", (int)((const struct reading *)element)->key));
}

static void build_fill(weir_env *env, const struct weir_pravega_config *config, const char *to, int64_t events,
                       size_t *size)
{
    struct weir_generator_options source = {
        .type = weir_bytes_type(), .generate = text_of, .arg = size, .count = events};
    struct weir_pravega_writer_options sink = {
        .config = config, .stream = to, .serialization_schema = weir_bytes_serialization(), .event_router = route_text};
    weir_stream *events_stream = weir_env_add_source(env, weir_generator(env, &source), NULL, "events");

    weir_add_sink(events_stream, weir_pravega_writer(env, &sink), "fill");
}

static void build_run(weir_env *env, const struct weir_pravega_config *config, const char *from, const char *to)
{
    struct weir_pravega_reader_options source = {
        .config = config,
        .streams = {from},
        .end = WEIR_PRAVEGA_TAIL,
        .deserialization_schema = {.type = &reading_type, .deserialize = parse}};
    struct weir_pravega_writer_options sink = {.config = config,
                                               .stream = to,
                                               .writer_mode = WEIR_PRAVEGA_EXACTLY_ONCE,
                                               .serialization_schema = {.type = &reading_type, .serialize = print},
                                               .event_router = route_reading};
    struct weir_watermark_strategy strategy = {
        .kind = WEIR_WATERMARK_BOUNDED, .bound_ms = LAG_MS, .timestamp = time_of};
    weir_stream *readings = weir_env_add_source(env, weir_pravega_reader(env, &source), &strategy, "readings");

    if (to == NULL) {
        weir_add_sink(readings, weir_blackhole_sink(env, &reading_type), "nothing");
        return;
    }
    readings =
        weir_window_sum(weir_window(weir_key_by_field(readings, "key"), weir_tumbling_event_time(1000)), "value");
    weir_add_sink(readings, weir_pravega_writer(env, &sink), "sums");
}

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

int main(int argc, char **argv)
{
    const char *mode = bench_text(argc, argv, "mode", "run");
    bool fills = strcmp(mode, "fill") == 0, reads = strcmp(mode, "read") == 0;
    size_t size = (size_t)bench_number(argc, argv, "size", 100);
    struct weir_pravega_config config = {.controller_uri = bench_text(argc, argv, "controller", NULL)};
    struct weir_env_options options = {.parallelism = (int)bench_number(argc, argv, "p", 2),
                                       .checkpoint_interval_ms = fills ? 0 : bench_number(argc, argv, "interval", 1000),
                                       .checkpoints_dir = bench_text(argc, argv, "state", NULL)};
    const char *from = bench_text(argc, argv, "in", "bench/in");
    weir_env *env = weir_env_new(&options);
    struct weir_job_result result = {0};
    struct weir_error err = {0};
    int64_t start_ns = now_ns(), exec_ns = bench_number(argc, argv, "exec_ns", start_ns);

    if (fills)
        build_fill(env, &config, from, bench_number(argc, argv, "events", 1000000), &size);
    else
        build_run(env, &config, from, reads ? NULL : bench_text(argc, argv, "out", "bench/out"));
    if (weir_env_execute(env, mode, &result, &err) != WEIR_OK) {
        fprintf(stderr, "bench_pipeline: %s\n", err.message);
        weir_env_free(env);
        return EXIT_FAILURE;
    }
    printf("{\"bench\":\"pipeline_%s\",\"parallelism\":%d,\"events\":%" PRIu64 ",\"results\":%" PRIu64
           ",\"late\":%" PRIu64 ",\"seconds\":%.3f,\"events_per_s\":%.0f,\"job_cpu_s\":%.2f,\"checkpoints\":%" PRIu64
           ",\"last_checkpoint_ms\":%" PRId64 ",\"exec_to_first_record_ms\":%.1f,\"peak_mib\":%.1f}\n",
           mode, options.parallelism, result.records_in, result.records_out, result.late_records_dropped,
           (double)result.runtime_ns / 1e9, (double)result.records_in * 1e9 / (double)result.runtime_ns, bench_cpu_s(),
           result.checkpoints_completed, result.last_checkpoint_duration_ms,
           (double)(start_ns - exec_ns + result.first_record_ns) / 1e6, bench_peak_mib());
    weir_env_free(env);
    return EXIT_SUCCESS;
}
