/*
 * group_start.c - where a group begins: the heads of its streams, or its configured cuts, as the Init of its state.
 *
 * Streams are asked one after the other. Ranges of segments are not known here, as upstream leaves them out, too.
 */
#include "pravega/group/group_start.h"

#include <stdlib.h>
#include <string.h>

#include "pravega/client_int.h"

static void next_stream(struct pravega_group_start *start);

static void clean(struct pravega_group_start *start)
{
    pravega_call_cancel(&start->call);
    pravega_group_config_fini(&start->config);
    pravega_segment_map_fini(&start->segments);
    pravega_stream_names_fini(&start->names);
    start->client = NULL;
}

void pravega_group_start_cancel(struct pravega_group_start *start)
{
    if (start->client == NULL)
        return;
    weir_timer_stop(start->client->loop, &start->timer);
    clean(start);
}

/* The last thing that a function does. */
static void end(struct pravega_group_start *start, enum weir_status status, const struct weir_buf *init,
                const struct weir_error *why)
{
    clean(start);
    start->done(start->arg, status, init != NULL ? weir_buf_view(init) : weir_view(NULL, 0), why);
}

static void on_timer(void *arg)
{
    struct pravega_group_start *start = arg;
    struct weir_error why = start->why;

    if (why.status == WEIR_OK)
        next_stream(start);
    else
        end(start, why.status, NULL, &why);
}

static enum weir_status add(struct pravega_segment_map *map, struct pravega_stream_names *names,
                            const struct pravega_group_config_stream *stream, pravega_segment_id id, int64_t offset)
{
    struct pravega_position_entry entry;

    if (pravega_segment_entry(names, weir_view_str(stream->scope), weir_view_str(stream->stream), id, &entry) !=
        WEIR_OK)
        return WEIR_E_NOMEM;
    entry.offset = offset;
    return pravega_segment_map_put(map, &entry);
}

/* What an end cut says of a segment that is to be read to its end: as far as there is. */
static int64_t end_offset(int64_t offset)
{
    return offset == PRAVEGA_OFFSET_COMPLETED ? INT64_MAX : offset;
}

static enum weir_status ends_of(const struct pravega_group_config *config, struct pravega_stream_names *names,
                                struct pravega_segment_map *ends)
{
    enum weir_status status = WEIR_OK;

    for (size_t i = 0; i < config->stream_count; i++) {
        const struct pravega_stream_cut *to = &config->streams[i].to;

        for (size_t j = 0; j < to->position_count && status == WEIR_OK; j++)
            status = add(ends, names, &config->streams[i], to->positions[j].id, end_offset(to->positions[j].offset));
    }
    return status;
}

/* All starts are known. */
static void finish(struct pravega_group_start *start)
{
    struct pravega_segment_map ends = {0};
    struct weir_error why = {0};
    struct weir_buf init;
    enum weir_status status;

    weir_buf_init(&init, PRAVEGA_EVENT_LEN_MAX);
    if (start->segments.count == 0) {
        status = weir_fail(&why, WEIR_E_INVAL, "there is no segment to start at: the streams, or the cuts, are empty");
    } else if (ends_of(&start->config, &start->names, &ends) != WEIR_OK) {
        status = weir_fail(&why, WEIR_E_NOMEM, "no memory for the state of a reader group");
    } else {
        pravega_group_init_to_bytes(&start->config, &start->segments, &ends, false, &init);
        status = init.status;
        if (status != WEIR_OK)
            weir_fail(&why, status, "the state of a reader group of %zu segments: %s", start->segments.count,
                      weir_status_text(status));
    }
    pravega_segment_map_fini(&ends);
    end(start, status, status == WEIR_OK ? &init : NULL, &why);
    weir_buf_fini(&init);
}

static void fail_no_memory(struct pravega_group_start *start)
{
    struct weir_error why;

    weir_fail(&why, WEIR_E_NOMEM, "no memory for the state of a reader group");
    end(start, WEIR_E_NOMEM, NULL, &why);
}

static void on_head(void *arg, enum weir_status status, const struct pravega_segment_offset *cut, size_t count,
                    const struct weir_error *why)
{
    struct pravega_group_start *start = arg;
    const struct pravega_group_config_stream *stream = &start->config.streams[start->at];

    if (status != WEIR_OK) {
        end(start, status, NULL, why);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (add(&start->segments, &start->names, stream, cut[i].id, cut[i].offset) != WEIR_OK) {
            fail_no_memory(start);
            return;
        }
    }
    start->at++;
    next_stream(start);
}

static void next_stream(struct pravega_group_start *start)
{
    while (start->at < start->config.stream_count) {
        const struct pravega_group_config_stream *stream = &start->config.streams[start->at];

        if (pravega_stream_cut_is_unbounded(&stream->from)) {
            pravega_controller_head_segments(&start->call, start->client,
                                             &(struct pravega_stream_name){stream->scope, stream->stream}, on_head,
                                             start);
            return;
        }
        for (size_t i = 0; i < stream->from.position_count; i++) {
            if (add(&start->segments, &start->names, stream, stream->from.positions[i].id,
                    stream->from.positions[i].offset) != WEIR_OK) {
                fail_no_memory(start);
                return;
            }
        }
        start->at++;
    }
    finish(start);
}

void pravega_group_start(struct pravega_group_start *start, struct pravega_client *client,
                         const struct pravega_group_config *config, pravega_group_start_fn *done, void *arg)
{
    *start = (struct pravega_group_start){.client = client, .done = done, .arg = arg};
    start->timer.fn = on_timer;
    start->timer.arg = start;
    (void)pravega_group_config_copy(&start->config, config, &start->why);
    weir_timer_start(client->loop, &start->timer, 0);
}
