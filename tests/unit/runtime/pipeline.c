/*
 * pipeline.c - the source and the sink of pipeline.h.
 */
#include "pipeline.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* --- source --------------------------------------------------------------------------------------------------------
 */

struct number_source {
    struct weir_source base;
    const struct number_source_spec *spec;
};

struct number_split {
    int64_t next;
    int output; /* its number in the source output */
    bool mine, added;
};

struct number_reader {
    struct weir_source_reader base;
    const struct number_source_spec *spec;
    struct number_split splits[NUMBER_SPLITS];
    int turn; /* whose it is */
    int again_left;
    struct weir_timer timer;
};

struct split_state {
    int64_t split, next;
};

static void reader_wake(void *arg)
{
    struct number_reader *reader = arg;

    weir_context_wake(reader->base.ctx);
}

static enum weir_status reader_restore(struct weir_source_reader *base, const struct weir_restored *entry,
                                       struct weir_error *err)
{
    struct number_reader *reader = (struct number_reader *)base;
    struct split_state state;

    (void)err;
    assert(entry->kind == WEIR_STATE_UNION && entry->bytes.len == sizeof(state));
    memcpy(&state, entry->bytes.ptr, sizeof(state));
    reader->splits[state.split].next = state.next;
    return WEIR_OK;
}

static enum weir_status reader_start(struct weir_source_reader *base, bool restored, struct weir_error *err)
{
    struct number_reader *reader = (struct number_reader *)base;

    (void)err;
    (void)restored;
    for (int s = 0; s < NUMBER_SPLITS; s++)
        reader->splits[s].mine = s % weir_context_parallelism(base->ctx) == weir_context_subtask_index(base->ctx);
    reader->timer = (struct weir_timer){.fn = reader_wake, .arg = reader};
    return WEIR_OK;
}

static bool held(const struct number_reader *reader, const struct number_split *split)
{
    const struct number_source_spec *spec = reader->spec;

    return spec->hold_at > 0 && split->next >= spec->hold_at &&
           (spec->released == NULL || !atomic_load(spec->released));
}

/* The next split in turn with a number to emit. WEIR_E_AGAIN: all are held; WEIR_E_END: all are at their end. */
static enum weir_status next_split(struct number_reader *reader, struct number_split **out)
{
    bool any = false;

    for (int i = 0; i < NUMBER_SPLITS; i++) {
        struct number_split *split = &reader->splits[reader->turn];

        reader->turn = (reader->turn + 1) % NUMBER_SPLITS;
        if (!split->mine || split->next >= reader->spec->count)
            continue;
        any = true;
        if (!held(reader, split)) {
            *out = split;
            return WEIR_OK;
        }
    }
    return any ? WEIR_E_AGAIN : WEIR_E_END;
}

static enum weir_status emit(struct number_reader *reader, struct weir_source_output *out, struct number_split *split,
                             struct weir_error *err)
{
    int64_t number = split->next;

    if (!split->added) {
        split->output = weir_source_output_add_split(out);
        split->added = true;
    }
    split->next += NUMBER_SPLITS;
    return weir_source_emit(out, split->output, &number, reader->spec->timestamps ? number : WEIR_NO_TIMESTAMP, err);
}

static enum weir_status reader_poll(struct weir_source_reader *base, struct weir_source_output *out, int budget,
                                    struct weir_error *err)
{
    struct number_reader *reader = (struct number_reader *)base;
    enum weir_status status = WEIR_OK;

    if (reader->spec->per_poll > 0) {
        budget = (int)reader->spec->per_poll;
        weir_timer_start(weir_context_loop(base->ctx), &reader->timer, WEIR_NS_PER_MS);
    }
    for (; budget > 0 && status == WEIR_OK; budget--) {
        struct number_split *split;

        status = next_split(reader, &split);
        if (status == WEIR_OK)
            status = emit(reader, out, split, err);
    }
    if (status == WEIR_E_AGAIN)
        weir_timer_start(weir_context_loop(base->ctx), &reader->timer, WEIR_NS_PER_MS);
    return status == WEIR_OK && reader->spec->per_poll > 0 ? WEIR_E_AGAIN : status;
}

static enum weir_status reader_prepare(struct weir_source_reader *base, int64_t checkpoint_id, struct weir_error *err)
{
    struct number_reader *reader = (struct number_reader *)base;

    (void)checkpoint_id;
    (void)err;
    if (reader->again_left > 0) {
        reader->again_left--;
        weir_context_wake(base->ctx);
        return WEIR_E_AGAIN;
    }
    reader->again_left = reader->spec->again_prepare;
    return WEIR_OK;
}

static enum weir_status reader_snapshot(struct weir_source_reader *base, int64_t checkpoint_id,
                                        struct weir_snapshot *out, struct weir_error *err)
{
    struct number_reader *reader = (struct number_reader *)base;

    (void)checkpoint_id;
    (void)err;
    for (int64_t i = 0; i < NUMBER_SPLITS; i++) {
        struct split_state state = {i, reader->splits[i].next};

        if (reader->splits[i].mine)
            weir_snapshot_add(out, WEIR_STATE_UNION, "splits", 0, weir_view(&state, sizeof(state)));
    }
    return WEIR_OK;
}

static void reader_free(struct weir_source_reader *base)
{
    struct number_reader *reader = (struct number_reader *)base;

    weir_timer_stop(weir_context_loop(base->ctx), &reader->timer);
    free(reader);
}

static const struct weir_source_reader_ops reader_ops = {.restore = reader_restore,
                                                         .start = reader_start,
                                                         .poll = reader_poll,
                                                         .prepare = reader_prepare,
                                                         .snapshot = reader_snapshot,
                                                         .free = reader_free};

static enum weir_status create_reader(const struct weir_source *base, struct weir_context *ctx,
                                      struct weir_source_reader **out, struct weir_error *err)
{
    const struct number_source *source = (const struct number_source *)base;
    struct number_reader *reader = calloc(1, sizeof(*reader));

    (void)ctx;
    (void)err;
    reader->base.ops = &reader_ops;
    reader->spec = source->spec;
    for (int i = 0; i < NUMBER_SPLITS; i++)
        reader->splits[i].next = i;
    reader->again_left = source->spec->again_prepare;
    *out = &reader->base;
    return WEIR_OK;
}

static void source_free(struct weir_source *source)
{
    free(source);
}

struct weir_source *number_source(const struct number_source_spec *spec)
{
    struct number_source *source = calloc(1, sizeof(*source));

    source->base = (struct weir_source){weir_long_type(), "Numbers", create_reader, source_free};
    source->spec = spec;
    return &source->base;
}

/* --- sink ----------------------------------------------------------------------------------------------------------
 */

struct number_sink {
    struct weir_sink base;
    struct number_sink_spec *spec;
};

/* What was seen since the last barrier, and what waits for the commit of a checkpoint. */
struct numbers {
    int64_t checkpoint_id;
    int64_t *list;
    size_t count, cap;
};

#define PENDING_MAX 64

struct number_writer {
    struct weir_operator base;
    struct number_sink_spec *spec;
    struct numbers open, pending[PENDING_MAX];
    size_t pending_count;
    int again_prepare, again_committed, again_end;
};

static enum weir_status writer_on_record(struct weir_operator *op, const void *element, int64_t timestamp_ms,
                                         struct weir_error *err)
{
    struct number_writer *writer = (struct number_writer *)op;
    int64_t number;

    (void)timestamp_ms;
    memcpy(&number, element, sizeof(number));
    if (number < 0 || number >= SINK_NUMBERS_MAX)
        return weir_fail(err, WEIR_E_INVAL, "number %lld is out of range", (long long)number);
    atomic_fetch_add(&writer->spec->seen[number], 1);
    atomic_fetch_add(&writer->spec->total, 1);
    if (writer->open.count == writer->open.cap) {
        writer->open.cap = writer->open.cap != 0 ? writer->open.cap * 2 : 64;
        writer->open.list = realloc(writer->open.list, writer->open.cap * sizeof(number));
    }
    writer->open.list[writer->open.count++] = number;
    return WEIR_OK;
}

static enum weir_status writer_on_watermark(struct weir_operator *op, int64_t watermark_ms, struct weir_error *err)
{
    struct number_writer *writer = (struct number_writer *)op;

    (void)err;
    atomic_store(&writer->spec->watermark_ms, watermark_ms);
    return WEIR_OK;
}

/* AGAIN `*left` times, waking itself; then OK and armed anew. */
static enum weir_status again(struct weir_operator *op, int *left, int times)
{
    if (*left > 0) {
        --*left;
        weir_context_wake(op->ctx);
        return WEIR_E_AGAIN;
    }
    *left = times;
    return WEIR_OK;
}

static enum weir_status writer_prepare(struct weir_operator *op, int64_t checkpoint_id, struct weir_error *err)
{
    struct number_writer *writer = (struct number_writer *)op;

    (void)checkpoint_id;
    (void)err;
    atomic_fetch_add(&writer->spec->prepare_calls, 1);
    return again(op, &writer->again_prepare, writer->spec->again_prepare);
}

static enum weir_status writer_snapshot(struct weir_operator *op, int64_t checkpoint_id, struct weir_snapshot *out,
                                        struct weir_error *err)
{
    struct number_writer *writer = (struct number_writer *)op;

    (void)err;
    assert(writer->pending_count < PENDING_MAX);
    writer->open.checkpoint_id = checkpoint_id;
    writer->pending[writer->pending_count++] = writer->open;
    writer->open = (struct numbers){0};
    for (size_t i = 0; i < writer->pending_count; i++)
        weir_snapshot_add(out, WEIR_STATE_LIST, "pending", 0,
                          weir_view(writer->pending[i].list, writer->pending[i].count * sizeof(int64_t)));
    return WEIR_OK;
}

static void commit_numbers(struct number_sink_spec *spec, const int64_t *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        atomic_fetch_add(&spec->committed[list[i]], 1);
}

static enum weir_status writer_committed(struct weir_operator *op, int64_t checkpoint_id, struct weir_error *err)
{
    struct number_writer *writer = (struct number_writer *)op;
    size_t kept = 0;

    (void)err;
    atomic_fetch_add(&writer->spec->committed_calls, 1);
    if (again(op, &writer->again_committed, writer->spec->again_committed) == WEIR_E_AGAIN)
        return WEIR_E_AGAIN;
    for (size_t i = 0; i < writer->pending_count; i++) {
        if (writer->pending[i].checkpoint_id > checkpoint_id) {
            writer->pending[kept++] = writer->pending[i];
            continue;
        }
        commit_numbers(writer->spec, writer->pending[i].list, writer->pending[i].count);
        free(writer->pending[i].list);
    }
    writer->pending_count = kept;
    atomic_store(&writer->spec->last_committed_id, checkpoint_id);
    return WEIR_OK;
}

/* What a completed checkpoint lists is committed. That it was committed before the crash is known by the counts, as a
 * transaction's state would tell. */
static enum weir_status writer_restore(struct weir_operator *op, const struct weir_restored *entry,
                                       struct weir_error *err)
{
    struct number_writer *writer = (struct number_writer *)op;

    (void)err;
    for (size_t i = 0; i < entry->bytes.len / sizeof(int64_t); i++) {
        int64_t number;
        int none = 0;

        memcpy(&number, entry->bytes.ptr + i * sizeof(number), sizeof(number));
        atomic_compare_exchange_strong(&writer->spec->committed[number], &none, 1);
    }
    return WEIR_OK;
}

static enum weir_status writer_end_input(struct weir_operator *op, struct weir_error *err)
{
    struct number_writer *writer = (struct number_writer *)op;

    (void)err;
    atomic_fetch_add(&writer->spec->end_calls, 1);
    return again(op, &writer->again_end, writer->spec->again_end);
}

static void writer_free(struct weir_operator *op)
{
    struct number_writer *writer = (struct number_writer *)op;

    for (size_t i = 0; i < writer->pending_count; i++)
        free(writer->pending[i].list);
    free(writer->open.list);
    free(writer);
}

static const struct weir_operator_ops writer_ops = {.name = "numbers",
                                                    .on_record = writer_on_record,
                                                    .on_watermark = writer_on_watermark,
                                                    .prepare = writer_prepare,
                                                    .snapshot = writer_snapshot,
                                                    .restore = writer_restore,
                                                    .committed = writer_committed,
                                                    .end_input = writer_end_input,
                                                    .free = writer_free};

static enum weir_status create_writer(const struct weir_operator_factory *factory, struct weir_context *ctx,
                                      struct weir_operator **out, struct weir_error *err)
{
    const struct number_sink *sink = (const struct number_sink *)factory;
    struct number_writer *writer = calloc(1, sizeof(*writer));

    (void)ctx;
    (void)err;
    writer->base.ops = &writer_ops;
    writer->spec = sink->spec;
    writer->again_prepare = sink->spec->again_prepare;
    writer->again_committed = sink->spec->again_committed;
    writer->again_end = sink->spec->again_end;
    *out = &writer->base;
    return WEIR_OK;
}

static void sink_free(struct weir_operator_factory *factory)
{
    free(factory);
}

struct weir_sink *number_sink(struct number_sink_spec *spec)
{
    struct number_sink *sink = calloc(1, sizeof(*sink));

    sink->base = (struct weir_sink){{create_writer, sink_free}, weir_long_type(), "Numbers"};
    sink->spec = spec;
    return &sink->base;
}

struct weir_env_options pipeline_options(struct weir_host *host, const char *dir)
{
    return (struct weir_env_options){
        .host = host, .restart_delay_ms = -1, .checkpoints_dir = dir, .max_parallelism = 16, .workers = 2};
}
