/*
 * segment_info.c - asks a segment store where one segment begins and ends.
 */
#include "pravega/segment_info.h"

static void encode(void *arg, const struct pravega_segment_asked *asked, struct weir_buf *out)
{
    struct pravega_wire_get_stream_segment_info ask = {asked->request_id, asked->segment, asked->token};

    (void)arg;
    pravega_wire_encode_get_stream_segment_info(out, &ask);
}

const struct pravega_segment_question pravega_segment_info_question = {PRAVEGA_WIRE_STREAM_SEGMENT_INFO, true, encode};

enum weir_status pravega_segment_info_take(enum weir_status status, const struct pravega_wire_command *answer,
                                           struct pravega_segment_info *info, struct weir_error *err)
{
    const struct pravega_wire_stream_segment_info *said;

    if (status != WEIR_OK)
        return status;
    said = &answer->stream_segment_info;
    if (!said->exists)
        return weir_fail(err, WEIR_E_NOT_FOUND, "segment %.*s does not exist", (int)said->segment.len,
                         (const char *)said->segment.ptr);
    if (said->start_offset < 0 || said->write_offset < said->start_offset)
        return weir_fail(err, WEIR_E_PROTO, "segment %.*s: the store says that it ends before it begins",
                         (int)said->segment.len, (const char *)said->segment.ptr);
    *info = (struct pravega_segment_info){said->start_offset, said->write_offset, said->is_sealed};
    return WEIR_OK;
}

/* The end: the callback may start the query again, or free it. */
static void on_answer(void *arg, enum weir_status status, const struct pravega_wire_command *answer,
                      const struct weir_error *why)
{
    struct pravega_segment_query *query = arg;
    pravega_segment_info_fn *done = query->done;
    struct pravega_segment_info info;
    struct weir_error kept = *why;

    status = pravega_segment_info_take(status, answer, &info, &kept);
    pravega_segment_line_fini(&query->line);
    query->done = NULL;
    done(query->arg, status, status == WEIR_OK ? &info : NULL, &kept);
}

void pravega_segment_query_start(struct pravega_segment_query *query, struct pravega_client *client,
                                 const struct pravega_stream_name *stream, pravega_segment_id segment,
                                 pravega_segment_info_fn *done, void *arg)
{
    query->done = done;
    query->arg = arg;
    pravega_segment_line_init(&query->line, client, stream, segment, PRAVEGA_ACCESS_READ);
    pravega_segment_request_start(&query->request, &query->line, &pravega_segment_info_question, on_answer, query);
}

void pravega_segment_query_cancel(struct pravega_segment_query *query)
{
    if (query->done == NULL)
        return;
    pravega_segment_line_fini(&query->line);
    query->done = NULL;
}
