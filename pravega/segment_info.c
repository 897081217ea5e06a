/*
 * segment_info.c - asks a segment store about one segment.
 */
#include "pravega/segment_info.h"

/* The end: the callback may start the query again, or free it. */
static void finish(struct pravega_segment_query *query, enum weir_status status,
                   const struct pravega_segment_info *info, const struct weir_error *why)
{
    pravega_segment_info_fn *done = query->done;

    pravega_segment_link_fini(&query->link);
    query->done = NULL;
    done(query->arg, status, info, why);
}

static void on_up(void *arg)
{
    struct pravega_segment_query *query = arg;
    struct pravega_segment_link *link = &query->link;
    struct pravega_wire_get_stream_segment_info ask = {link->flow.request_id, weir_view_str(link->segment_name),
                                                       weir_buf_view(&link->token)};

    pravega_wire_encode_get_stream_segment_info(pravega_connection_begin(link->flow.connection), &ask);
    pravega_connection_send(link->flow.connection);
}

static void on_reply(void *arg, const struct pravega_wire_command *reply, const struct pravega_wire_frame *frame)
{
    struct pravega_segment_query *query = arg;
    struct weir_error why = {0};

    (void)frame;
    if (reply->type == PRAVEGA_WIRE_STREAM_SEGMENT_INFO && reply->stream_segment_info.exists) {
        struct pravega_segment_info info = {reply->stream_segment_info.start_offset,
                                            reply->stream_segment_info.write_offset,
                                            reply->stream_segment_info.is_sealed};

        finish(query, WEIR_OK, &info, &why);
    } else if (reply->type == PRAVEGA_WIRE_NO_SUCH_SEGMENT || reply->type == PRAVEGA_WIRE_STREAM_SEGMENT_INFO) {
        weir_fail(&why, WEIR_E_NOT_FOUND, "segment %s does not exist", query->link.segment_name);
        finish(query, why.status, NULL, &why);
    } else {
        weir_fail(&why, WEIR_E_PROTO, "segment %s: the store answered %s to a question for its length",
                  query->link.segment_name, pravega_wire_name(reply->type));
        finish(query, why.status, NULL, &why);
    }
}

static void on_failed(void *arg, const struct weir_error *why)
{
    struct weir_error kept = *why;

    finish(arg, kept.status, NULL, &kept);
}

static const struct pravega_segment_link_handler handler = {on_up, on_reply, NULL, on_failed};

static void on_not_started(void *arg)
{
    struct pravega_segment_query *query = arg;
    struct weir_error why = query->why;

    finish(query, why.status, NULL, &why);
}

void pravega_segment_query_start(struct pravega_segment_query *query, struct pravega_client *client,
                                 const struct pravega_stream_name *stream, pravega_segment_id segment,
                                 pravega_segment_info_fn *done, void *arg)
{
    enum weir_status status;

    query->done = done;
    query->arg = arg;
    query->loop = pravega_client_loop(client);
    query->why = (struct weir_error){0};
    query->timer = (struct weir_timer){.fn = on_not_started, .arg = query};
    status = pravega_segment_link_init(&query->link, client, stream, segment, NULL, PRAVEGA_ACCESS_READ, false,
                                       &handler, query, &query->why);
    if (status == WEIR_OK)
        pravega_segment_link_start(&query->link);
    else
        weir_timer_start(query->loop, &query->timer, 0);
}

void pravega_segment_query_cancel(struct pravega_segment_query *query)
{
    if (query->done == NULL)
        return;
    weir_timer_stop(query->loop, &query->timer);
    pravega_segment_link_fini(&query->link);
    query->done = NULL;
}
