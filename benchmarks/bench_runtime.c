/*
 * bench_runtime.c - the engine alone, over generated records of fixed size: what a record costs on its way.
 *
 *   bench_runtime mode=map|rebalance|keyby|wordcount|window p=N records=N [keys=N] [interval=MS state=DIR]
 *
 * The records are those of Flink's measured runs beside it (Tuple2<Long, Long>): a key out of `keys`, and a number.
 */
#include "benchmarks/bench.h"
#include "weir/connectors.h"

struct record {
    int64_t key;
    int64_t count;
};

static const struct weir_field record_fields[] = {WEIR_FIELD(struct record, key, LONG),
                                                  WEIR_FIELD(struct record, count, LONG)};
static const struct weir_type record_type = WEIR_STRUCT_TYPE(struct record, record_fields, true);

/* Spreads the keys as a multiplicative hash does, so that neighbours are no neighbours. */
static void generate(void *arg, int64_t index, void *element)
{
    struct record *record = element;
    uint64_t key_count = *(const uint64_t *)arg;

    record->key = (int64_t)((uint64_t)index * UINT64_C(2654435761) % key_count);
    record->count = 1;
}

/* 100,000 records of each second of event time, as the peer's. */
static int64_t time_of(void *arg, int64_t index)
{
    (void)arg;
    return index / 100;
}

static enum weir_status increment(void *arg, const void *in, void *out, struct weir_error *err)
{
    const struct record *record = in;

    (void)arg;
    (void)err;
    *(struct record *)out = (struct record){record->key, record->count + 1};
    return WEIR_OK;
}

/* What stands behind a keyBy and keeps no state: the exchange and one call. */
static enum weir_status pass_on_record(struct weir_operator *op, const void *element, int64_t timestamp_ms,
                                       struct weir_error *err)
{
    struct record record;

    increment(NULL, element, &record, err);
    op->out->timestamp_ms = timestamp_ms;
    return weir_collect(op->out, &record, err);
}

static void pass_free(struct weir_operator *op)
{
    free(op);
}

static enum weir_status pass_create(const struct weir_operator_factory *factory, struct weir_context *ctx,
                                    struct weir_operator **out, struct weir_error *err)
{
    static const struct weir_operator_ops pass_ops = {.name = "map", .on_record = pass_on_record, .free = pass_free};
    struct weir_operator *op = calloc(1, sizeof(*op));

    (void)factory;
    if (op == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for an operator");
    *op = (struct weir_operator){.ops = &pass_ops, .ctx = ctx};
    *out = op;
    return WEIR_OK;
}

static void pass_factory_free(struct weir_operator_factory *factory)
{
    free(factory);
}

static weir_stream *keyed_map(weir_keyed *in)
{
    struct weir_operator_factory *factory = calloc(1, sizeof(*factory));

    if (factory == NULL)
        abort();
    *factory = (struct weir_operator_factory){pass_create, pass_factory_free};
    return weir_keyed_transform(in, &record_type, factory, "map");
}

static void build(weir_env *env, const char *mode, int64_t records, uint64_t *key_count)
{
    struct weir_generator_options options = {.type = &record_type,
                                             .generate = generate,
                                             .timestamp = strcmp(mode, "window") == 0 ? time_of : NULL,
                                             .arg = key_count,
                                             .count = records};
    struct weir_watermark_strategy strategy = {.kind = WEIR_WATERMARK_BOUNDED, .bound_ms = 1000};
    weir_stream *stream = weir_env_add_source(env, weir_generator(env, &options),
                                              options.timestamp != NULL ? &strategy : NULL, "generator");

    if (strcmp(mode, "map") == 0) {
        stream = weir_map(stream, &record_type, increment, NULL, "map 1");
        stream = weir_map(stream, &record_type, increment, NULL, "map 2");
    } else if (strcmp(mode, "keyby") == 0) {
        stream = keyed_map(weir_key_by_field(stream, "key"));
    } else if (strcmp(mode, "rebalance") == 0) {
        stream = weir_map(weir_rebalance(stream), &record_type, increment, NULL, "map");
    } else if (strcmp(mode, "wordcount") == 0) {
        stream = weir_sum(weir_key_by_field(stream, "key"), "count");
    } else {
        stream =
            weir_window_sum(weir_window(weir_key_by_field(stream, "key"), weir_tumbling_event_time(1000)), "count");
    }
    weir_add_sink(stream, weir_blackhole_sink(env, &record_type), "blackhole");
}

int main(int argc, char **argv)
{
    const char *mode = bench_text(argc, argv, "mode", "wordcount");
    int64_t records = bench_number(argc, argv, "records", 20000000);
    uint64_t key_count = (uint64_t)bench_number(argc, argv, "keys", 10000);
    struct weir_env_options options = {.parallelism = (int)bench_number(argc, argv, "p", 1),
                                       .checkpoint_interval_ms = bench_number(argc, argv, "interval", 0),
                                       .checkpoints_dir = bench_text(argc, argv, "state", NULL)};
    weir_env *env = weir_env_new(&options);
    struct weir_job_result result = {0};
    struct weir_error err = {0};

    build(env, mode, records, &key_count);
    if (weir_env_execute(env, mode, &result, &err) != WEIR_OK) {
        fprintf(stderr, "bench_runtime: %s\n", err.message);
        weir_env_free(env);
        return EXIT_FAILURE;
    }
    printf("{\"bench\":\"runtime_%s\",\"parallelism\":%d,\"records\":%" PRIu64
           ",\"seconds\":%.3f,\"records_per_s\":%.0f,"
           "\"records_per_cpu_s\":%.0f,\"checkpoints\":%" PRIu64 ",\"last_checkpoint_ms\":%" PRId64
           ",\"last_checkpoint_bytes\":%" PRId64 ",\"peak_mib\":%.1f}\n",
           mode, options.parallelism, result.records_in, (double)result.runtime_ns / 1e9,
           (double)result.records_in * 1e9 / (double)result.runtime_ns, (double)result.records_in / bench_cpu_s(),
           result.checkpoints_completed, result.last_checkpoint_duration_ms, result.last_checkpoint_bytes,
           bench_peak_mib());
    weir_env_free(env);
    return EXIT_SUCCESS;
}
