/*
 * writer_large.c - the writer's large event, of which there is one at a time.
 *
 *     taken --everything before it durable, its segment known and not sealed--> busy --merged--> ended --> callback
 *                       ^------- its segment is sealed: so it is for the others, too -----|
 *
 * Events after it are refused until then, so that none overtakes it.
 */
#include <stdlib.h>

#include "pravega/client_int.h"
#include "pravega/writer_int.h"

enum weir_status pravega_writer_take_large(struct pravega_writer *writer, double position,
                                           const struct weir_view *payloads, size_t count, pravega_written_fn *done,
                                           void *arg, struct weir_error *err)
{
    enum weir_status status = pravega_large_event_new(writer->client, payloads, count, &writer->large, err);

    if (status != WEIR_OK)
        return status;
    writer->large_position = position;
    writer->large_ordinal = writer->next_ordinal++;
    writer->large_done = done;
    writer->large_arg = arg;
    writer->pending_bytes += pravega_large_event_len(writer->large);
    for (struct pravega_segment_writer *w = writer->segment_writers; w != NULL;
         w = pravega_segment_writer_node(w)->next)
        pravega_segment_writer_flush(w);
    pravega_writer_settle_later(writer);
    return WEIR_OK;
}

static void on_written(void *arg, enum weir_status status, int64_t write_offset, const struct weir_error *why)
{
    struct pravega_writer *writer = arg;
    struct pravega_segment_writer *w = pravega_writer_find(writer, writer->large_segment);

    writer->large_busy = false;
    if (status == WEIR_OK) {
        writer->large_ended = true;
        if (!writer->failed) /* else nothing is pending already */
            writer->pending_bytes -= pravega_large_event_len(writer->large);
        if (w != NULL)
            pravega_segment_writer_set_write_offset(w, write_offset);
    } else if (status != WEIR_E_SEALED && status != WEIR_E_NOT_FOUND) {
        pravega_writer_fail(writer, status, why);
    } else if (w != NULL) { /* else it has been replaced meanwhile */
        pravega_segment_writer_seal(w, status == WEIR_E_NOT_FOUND);
    }
    pravega_writer_settle_later(writer);
}

void pravega_writer_go_on_large(struct pravega_writer *writer)
{
    struct pravega_stream_name stream = {writer->scope, writer->stream};
    struct weir_error why = {0};

    if (writer->large == NULL || writer->large_busy || writer->large_ended || writer->failed ||
        writer->route_count == 0 || writer->sealed != NULL || pravega_writer_oldest(writer, true) != UINT64_MAX)
        return;
    writer->large_segment = pravega_segment_writer_segment(pravega_writer_route(writer, writer->large_position));
    writer->large_busy = true;
    if (pravega_large_event_write(writer->large, &stream, writer->large_segment, &writer->retry, on_written, writer,
                                  &why) != WEIR_OK)
        pravega_writer_fail(writer, why.status, &why);
}

void pravega_writer_settle_large(struct pravega_writer *writer)
{
    static const struct weir_error nothing_wrong;
    pravega_written_fn *done = writer->large_done;
    bool lost = writer->failed && !writer->large_ended;

    if (writer->large == NULL || !(writer->failed || writer->large_ended))
        return;
    pravega_large_event_free(writer->large);
    writer->large = NULL;
    writer->large_busy = writer->large_ended = false;
    if (done != NULL)
        done(writer->large_arg, lost ? writer->why.status : WEIR_OK, lost ? &writer->why : &nothing_wrong);
}
