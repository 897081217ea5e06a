/*
 * reader.c - the Pravega reader: segments of streams as splits of a source.
 *
 * Each subtask reads the segments whose number falls to it. At the start it asks the controller for each stream's head,
 * and for its tail if the reading is bounded; what a checkpoint knows of a segment goes before that.
 *
 *     DISCOVERING --heads (and tails) of all streams known--> READING --every segment at its end--> poll says END
 *
 * A checkpoint taken while DISCOVERING holds the segments that were restored, where they were; the restored reader
 * discovers again, and segments that the checkpoint does not know begin at the head. So no order of events between
 * subtasks loses a segment, or reads one twice.
 */
#include "weir/pravega.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/pravega/config.h"
#include "connectors/pravega/segment_state.h"
#include "pravega/segment_reader.h"
#include "pravega/streams.h"

#define STATE_NAME "segments" /* stands in checkpoints: segment_state.h */

struct pravega_source {
    struct weir_source base;
    struct weir_pravega_config config;
    struct weir_pravega_reader_options options;
    struct weir_pravega_stream streams[WEIR_PRAVEGA_STREAMS_MAX];
    int stream_count;
};

/* One segment of this subtask. */
struct split {
    int stream;
    struct weir_segment_state state; /* offset is kept in the segment reader while there is one */
    struct pravega_segment_reader *reader;
    int output_split; /* -1: not added yet, or removed */
    bool done;
};

/* The question whether a stream goes on after one of its segments ended. */
struct stream_end {
    struct pravega_source_reader *reader;
    int stream;
};

struct pravega_source_reader {
    struct weir_source_reader base;
    const struct pravega_source *source;
    struct pravega_client *client;
    struct split *splits;
    size_t split_count, split_cap;
    struct weir_segment_state *restored; /* of all subtasks; streams by name */
    char (*restored_streams)[WEIR_SEGMENT_STREAM_LEN_MAX + 1];
    size_t restored_count;
    int discovering; /* the stream that is being asked about; stream_count when done */
    size_t next_split;
    struct stream_end ends[WEIR_PRAVEGA_STREAMS_MAX]; /* what the answer comes back to */
    int ends_asked, ends_checked; /* sealed segments whose stream was asked whether it goes on, and answered */
};

static struct pravega_source_reader *source_reader(struct weir_source_reader *reader)
{
    return (struct pravega_source_reader *)reader;
}

static void discover_next(struct pravega_source_reader *reader);

static void fail_task(struct pravega_source_reader *reader, enum weir_status status, const struct weir_error *why)
{
    const struct weir_pravega_stream *stream = &reader->source->streams[reader->discovering];
    struct weir_error err = {0};

    if (status == WEIR_E_NOT_FOUND)
        weir_fail(&err, status, "stream %s/%s does not exist: create it with \"weir stream create %s/%s --segments N\"",
                  stream->scope, stream->stream, stream->scope, stream->stream);
    else
        weir_fail(&err, status, "cannot read stream %s/%s: %s", stream->scope, stream->stream, why->message);
    weir_context_fail(reader->base.ctx, &err);
}

/* Successors would have to wait for predecessors that other subtasks read: that takes a reader group. */
static void fail_scaled(struct pravega_source_reader *reader, int stream)
{
    const struct weir_pravega_stream *name = &reader->source->streams[stream];
    struct weir_error err = {0};

    weir_fail(&err, WEIR_E_UNSUPPORTED,
              "stream %s/%s was scaled: this reader reads streams of fixed segments; nothing was lost, the checkpoint "
              "holds where it was",
              name->scope, name->stream);
    weir_context_fail(reader->base.ctx, &err);
}

static bool is_of_stream(const struct pravega_source_reader *reader, size_t restored, int stream)
{
    const struct weir_pravega_stream *name = &reader->source->streams[stream];
    char scoped[WEIR_SEGMENT_STREAM_LEN_MAX + 1];

    snprintf(scoped, sizeof(scoped), "%s/%s", name->scope, name->stream);
    return strcmp(reader->restored_streams[restored], scoped) == 0;
}

static const struct weir_segment_state *restored_state(const struct pravega_source_reader *reader, int stream,
                                                       pravega_segment_id segment)
{
    for (size_t i = 0; i < reader->restored_count; i++) {
        if (reader->restored[i].segment == segment && is_of_stream(reader, i, stream))
            return &reader->restored[i];
    }
    return NULL;
}

static struct split *find_split(const struct pravega_source_reader *reader, int stream, pravega_segment_id segment)
{
    for (size_t i = 0; i < reader->split_count; i++) {
        if (reader->splits[i].stream == stream && reader->splits[i].state.segment == segment)
            return &reader->splits[i];
    }
    return NULL;
}

/* By the segment's number, so that every subtask agrees without asking the others. */
static bool is_mine(const struct pravega_source_reader *reader, int stream, pravega_segment_id segment)
{
    return (pravega_segment_number(segment) + stream) % weir_context_parallelism(reader->base.ctx) ==
           weir_context_subtask_index(reader->base.ctx);
}

static bool add_split(struct pravega_source_reader *reader, int stream, struct weir_segment_state state)
{
    const struct weir_segment_state *restored = restored_state(reader, stream, state.segment);

    if (!is_mine(reader, stream, state.segment))
        return true;
    if (reader->split_count == reader->split_cap) {
        size_t cap = reader->split_cap > 0 ? 2 * reader->split_cap : 8;
        struct split *splits = realloc(reader->splits, cap * sizeof(*splits));

        if (splits == NULL)
            return false;
        reader->splits = splits;
        reader->split_cap = cap;
    }
    if (restored != NULL)
        state = *restored;
    if (reader->source->options.end == WEIR_PRAVEGA_UNBOUNDED) /* also where a bounded run left off */
        state.end_offset = PRAVEGA_OFFSET_UNBOUNDED;
    reader->splits[reader->split_count++] = (struct split){.stream = stream, .state = state, .output_split = -1};
    return true;
}

static void on_segment_ready(void *arg)
{
    struct pravega_source_reader *reader = arg;

    weir_context_wake(reader->base.ctx);
}

static enum weir_status open_split(struct pravega_source_reader *reader, struct split *split, struct weir_error *err)
{
    struct pravega_stream_name name = weir_pravega_stream_name(&reader->source->streams[split->stream]);
    struct pravega_segment_reader_options options = {.start_offset = split->state.offset,
                                                     .end_offset = split->state.end_offset,
                                                     .buffer_bytes = reader->source->options.buffer_bytes,
                                                     .on_ready = on_segment_ready,
                                                     .arg = reader};

    split->done = split->state.offset >= split->state.end_offset;
    if (split->done)
        return WEIR_OK;
    return pravega_segment_reader_new(reader->client, &name, split->state.segment, &options, &split->reader, err);
}

static enum weir_status open_splits(struct pravega_source_reader *reader, struct weir_error *err)
{
    enum weir_status status = WEIR_OK;

    for (size_t i = 0; i < reader->split_count && status == WEIR_OK; i++)
        status = open_split(reader, &reader->splits[i], err);
    return status;
}

static void stream_known(struct pravega_source_reader *reader)
{
    reader->discovering++;
    discover_next(reader);
}

static void on_tail(void *arg, enum weir_status status, const struct pravega_segment_offset *cut, size_t count,
                    const struct weir_error *why)
{
    struct pravega_source_reader *reader = arg;
    struct split *split;

    if (status != WEIR_OK) {
        fail_task(reader, status, why);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        split = find_split(reader, reader->discovering, cut[i].id);
        if (split == NULL && is_mine(reader, reader->discovering, cut[i].id)) {
            fail_scaled(reader, reader->discovering);
            return;
        }
        if (split != NULL && split->state.end_offset == PRAVEGA_OFFSET_UNBOUNDED)
            split->state.end_offset = cut[i].offset;
    }
    stream_known(reader);
}

static void on_head(void *arg, enum weir_status status, const struct pravega_segment_offset *cut, size_t count,
                    const struct weir_error *why)
{
    struct pravega_source_reader *reader = arg;
    struct pravega_stream_name name;

    for (size_t i = 0; status == WEIR_OK && i < count; i++) {
        struct weir_segment_state state = {cut[i].id, cut[i].offset, PRAVEGA_OFFSET_UNBOUNDED};

        if (!add_split(reader, reader->discovering, state))
            status = WEIR_E_NOMEM;
    }
    if (status != WEIR_OK) {
        fail_task(reader, status, why);
        return;
    }
    if (reader->source->options.end == WEIR_PRAVEGA_UNBOUNDED) {
        stream_known(reader);
        return;
    }
    name = weir_pravega_stream_name(&reader->source->streams[reader->discovering]);
    pravega_stream_tail(reader->client, &name, on_tail, reader);
}

static void discover_next(struct pravega_source_reader *reader)
{
    struct pravega_stream_name name;
    struct weir_error err = {0};

    if (reader->discovering < reader->source->stream_count) {
        name = weir_pravega_stream_name(&reader->source->streams[reader->discovering]);
        pravega_stream_head(reader->client, &name, on_head, reader);
        return;
    }
    if (open_splits(reader, &err) != WEIR_OK)
        weir_context_fail(reader->base.ctx, &err);
    weir_context_wake(reader->base.ctx);
}

static enum weir_status reader_start(struct weir_source_reader *base, bool restored, struct weir_error *err)
{
    struct pravega_source_reader *reader = source_reader(base);
    enum weir_status status =
        weir_pravega_connect(&reader->source->config, weir_context_loop(base->ctx), &reader->client, err);

    (void)restored;
    if (status == WEIR_OK)
        discover_next(reader);
    return status;
}

static enum weir_status reader_restore(struct weir_source_reader *base, const struct weir_restored *entry,
                                       struct weir_error *err)
{
    struct pravega_source_reader *reader = source_reader(base);
    size_t count = reader->restored_count;
    void *states = realloc(reader->restored, (count + 1) * sizeof(*reader->restored));
    void *streams;

    if (states != NULL)
        reader->restored = states;
    streams = realloc(reader->restored_streams, (count + 1) * sizeof(*reader->restored_streams));
    if (streams != NULL)
        reader->restored_streams = streams;
    if (states == NULL || streams == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory to restore %zu segments", count + 1);
    if (strcmp(entry->state_name, STATE_NAME) != 0 ||
        !weir_segment_state_read(entry->bytes, reader->restored_streams[count], &reader->restored[count]))
        return weir_fail(err, WEIR_E_DAMAGED, "restored state \"%s\" is not a Pravega reader's segment",
                         entry->state_name);
    reader->restored_count++;
    return WEIR_OK;
}

/* Tells a message that the schema refuses from an operator behind it that fails with the same status. */
struct watched_collector {
    struct weir_collector base;
    struct weir_collector *into;
    bool failed;
};

static enum weir_status collect_watched(struct weir_collector *collector, const void *element, struct weir_error *err)
{
    struct watched_collector *watched = (struct watched_collector *)collector;
    enum weir_status status;

    watched->into->timestamp_ms = collector->timestamp_ms;
    status = weir_collect(watched->into, element, err);
    watched->failed |= status != WEIR_OK;
    return status;
}

/* Passes one event on. @retval WEIR_OK also for a malformed one that is to be skipped */
static enum weir_status emit_event(struct pravega_source_reader *reader, struct split *split,
                                   struct weir_source_output *out, const struct pravega_event *event,
                                   struct weir_error *err)
{
    const struct weir_deserialization_schema *schema = &reader->source->options.deserialization_schema;
    const struct weir_pravega_stream *stream = &reader->source->streams[split->stream];
    struct watched_collector watched = {.base = {collect_watched, WEIR_NO_TIMESTAMP},
                                        .into = weir_source_collector(out, split->output_split, WEIR_NO_TIMESTAMP)};
    struct weir_error why;
    enum weir_status status;

    weir_error_init(&why);
    status = schema->deserialize(schema, event->payload, &watched.base, &why);
    if (status == WEIR_OK)
        return WEIR_OK;
    if (status == WEIR_E_DAMAGED && !watched.failed && reader->source->options.skip_malformed) {
        weir_context_count(reader->base.ctx, "numRecordsInErrors", 1);
        return WEIR_OK;
    }
    if (status != WEIR_E_DAMAGED || watched.failed) {
        if (err != NULL)
            *err = why;
        return status;
    }
    return weir_fail(err, status,
                     "event of %s/%s, segment %d.#epoch.%d, offset %" PRId64
                     ": %s; mend the schema, or set skip_malformed to leave such events out",
                     stream->scope, stream->stream, pravega_segment_number(split->state.segment),
                     pravega_segment_epoch(split->state.segment), event->offset, why.message);
}

static void on_segments_after_end(void *arg, enum weir_status status, const struct pravega_segment_range *segments,
                                  size_t count, const struct weir_error *why)
{
    const struct stream_end *end = arg;
    struct pravega_source_reader *reader = end->reader;

    (void)segments;
    reader->ends_checked++;
    if (status != WEIR_OK)
        weir_context_fail(reader->base.ctx, why);
    else if (count > 0)
        fail_scaled(reader, end->stream);
    weir_context_wake(reader->base.ctx);
}

/* A segment without a set end has ended: the stream is sealed, or it was scaled. */
static void check_end(struct pravega_source_reader *reader, const struct split *split)
{
    struct pravega_stream_name name = weir_pravega_stream_name(&reader->source->streams[split->stream]);
    struct stream_end *end = &reader->ends[split->stream];

    *end = (struct stream_end){reader, split->stream};
    reader->ends_asked++;
    pravega_stream_current_segments(reader->client, &name, on_segments_after_end, end);
}

static void finish_split(struct split *split, struct weir_source_output *out)
{
    split->state.offset = pravega_segment_reader_offset(split->reader);
    pravega_segment_reader_free(split->reader);
    split->reader = NULL;
    split->done = true;
    weir_source_output_remove_split(out, split->output_split);
    split->output_split = -1;
}

/* Up to `budget` events of one segment; what it counts down is what is left. */
static enum weir_status poll_split(struct pravega_source_reader *reader, struct split *split,
                                   struct weir_source_output *out, int *budget, struct weir_error *err)
{
    enum weir_status status = WEIR_OK;
    struct pravega_event event;

    if (split->output_split < 0)
        split->output_split = weir_source_output_add_split(out);
    while (*budget > 0 && status == WEIR_OK) {
        status = pravega_segment_reader_next(split->reader, &event, err);
        if (status == WEIR_OK)
            status = emit_event(reader, split, out, &event, err);
        else if (status == WEIR_E_TRUNCATED) {
            weir_context_count(reader->base.ctx, "numTruncations", 1);
            status = WEIR_OK;
        }
        (*budget)--;
    }
    if (status != WEIR_E_END)
        return status;
    finish_split(split, out);
    if (split->state.end_offset == PRAVEGA_OFFSET_UNBOUNDED)
        check_end(reader, split);
    return WEIR_OK;
}

static bool all_done(const struct pravega_source_reader *reader)
{
    for (size_t i = 0; i < reader->split_count; i++) {
        if (!reader->splits[i].done)
            return false;
    }
    return reader->ends_checked == reader->ends_asked &&
           (reader->split_count > 0 || reader->source->options.end != WEIR_PRAVEGA_UNBOUNDED);
}

static enum weir_status reader_poll(struct weir_source_reader *base, struct weir_source_output *out, int budget,
                                    struct weir_error *err)
{
    struct pravega_source_reader *reader = source_reader(base);
    enum weir_status status = WEIR_E_AGAIN;

    if (reader->discovering < reader->source->stream_count)
        return WEIR_E_AGAIN;
    for (size_t tried = 0; tried < reader->split_count && budget > 0; tried++) {
        struct split *split = &reader->splits[reader->next_split++ % reader->split_count];

        if (split->done)
            continue;
        status = poll_split(reader, split, out, &budget, err);
        if (status != WEIR_OK && status != WEIR_E_AGAIN)
            return status;
    }
    if (budget == 0)
        return WEIR_OK;
    return all_done(reader) ? WEIR_E_END : WEIR_E_AGAIN;
}

static void add_segment(struct weir_snapshot *out, const struct weir_pravega_stream *stream,
                        const struct weir_segment_state *state)
{
    struct weir_buf bytes;

    weir_buf_init(&bytes, 4096);
    weir_segment_state_write(stream, state, &bytes);
    weir_snapshot_add(out, WEIR_STATE_UNION, STATE_NAME, 0, weir_buf_view(&bytes));
    weir_buf_fini(&bytes);
}

/* What was restored of the streams that are not discovered yet, so that a checkpoint does not forget it. */
static void add_undiscovered(const struct pravega_source_reader *reader, struct weir_snapshot *out)
{
    for (int stream = reader->discovering; stream < reader->source->stream_count; stream++) {
        const struct weir_pravega_stream *name = &reader->source->streams[stream];

        for (size_t i = 0; i < reader->restored_count; i++) {
            if (is_mine(reader, stream, reader->restored[i].segment) && is_of_stream(reader, i, stream) &&
                find_split(reader, stream, reader->restored[i].segment) == NULL)
                add_segment(out, name, &reader->restored[i]);
        }
    }
}

static enum weir_status reader_snapshot(struct weir_source_reader *base, int64_t checkpoint_id,
                                        struct weir_snapshot *out, struct weir_error *err)
{
    struct pravega_source_reader *reader = source_reader(base);

    (void)checkpoint_id;
    (void)err;
    for (size_t i = 0; i < reader->split_count; i++) {
        struct split *split = &reader->splits[i];

        if (split->reader != NULL)
            split->state.offset = pravega_segment_reader_offset(split->reader);
        add_segment(out, &reader->source->streams[split->stream], &split->state);
    }
    add_undiscovered(reader, out);
    return WEIR_OK;
}

static void reader_free(struct weir_source_reader *base)
{
    struct pravega_source_reader *reader = source_reader(base);

    for (size_t i = 0; i < reader->split_count; i++)
        pravega_segment_reader_free(reader->splits[i].reader);
    pravega_client_free(reader->client);
    free(reader->splits);
    free(reader->restored);
    free(reader->restored_streams);
    free(reader);
}

static const struct weir_source_reader_ops reader_ops = {.restore = reader_restore,
                                                         .start = reader_start,
                                                         .poll = reader_poll,
                                                         .snapshot = reader_snapshot,
                                                         .free = reader_free};

static enum weir_status create_reader(const struct weir_source *source, struct weir_context *ctx,
                                      struct weir_source_reader **out, struct weir_error *err)
{
    struct pravega_source_reader *reader = calloc(1, sizeof(*reader));

    if (reader == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for a Pravega reader");
    reader->base = (struct weir_source_reader){&reader_ops, ctx};
    reader->source = (const struct pravega_source *)source;
    *out = &reader->base;
    return WEIR_OK;
}

static void source_free(struct weir_source *source)
{
    free(source);
}

static enum weir_status resolve_streams(struct pravega_source *source, struct weir_error *err)
{
    enum weir_status status = WEIR_OK;

    while (source->stream_count < WEIR_PRAVEGA_STREAMS_MAX && status == WEIR_OK &&
           source->options.streams[source->stream_count] != NULL) {
        status = weir_pravega_resolve_stream(&source->config, source->options.streams[source->stream_count],
                                             &source->streams[source->stream_count], err);
        source->stream_count++;
    }
    if (source->stream_count == 0)
        return weir_fail(err, WEIR_E_INVAL, "Pravega Reader: at least one stream must be supplied (.streams)");
    if (source->options.deserialization_schema.deserialize == NULL)
        return weir_fail(err, WEIR_E_INVAL, "Pravega Reader: a deserialization schema must be supplied");
    return status;
}

struct weir_source *weir_pravega_reader(weir_env *env, const struct weir_pravega_reader_options *options)
{
    struct pravega_source *source = calloc(1, sizeof(*source));
    struct weir_error err = {0};

    if (source == NULL) {
        weir_fail(&err, WEIR_E_NOMEM, "no memory for a Pravega reader");
        weir_env_fail(env, &err);
        return NULL;
    }
    source->options = *options;
    source->config = weir_pravega_config_resolve(options->config);
    source->base = (struct weir_source){.type = options->deserialization_schema.type,
                                        .name = "Pravega Reader",
                                        .create_reader = create_reader,
                                        .free = source_free};
    if (resolve_streams(source, &err) == WEIR_OK)
        return &source->base;
    weir_env_fail(env, &err);
    free(source);
    return NULL;
}
