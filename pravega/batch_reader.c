/*
 * batch_reader.c - an iterator over one range: a segment reader whose end is the range's, and to which every failure is
 * final.
 *
 *     READING --end of the range--> ENDED (a range of nothing begins here)
 *             --data is gone, the segment ends too early, what the segment reader fails of--> FAILED
 */
#include "pravega/batch.h"

#include <inttypes.h>
#include <stdlib.h>

struct pravega_batch_reader {
    struct pravega_segment_reader *segment; /* NULL in ENDED and FAILED */
    int64_t offset, end_offset;
    struct weir_error why; /* in FAILED; its status is OK in the others */
};

enum weir_status pravega_batch_reader_new(struct pravega_client *client, const struct pravega_stream_name *stream,
                                          const struct pravega_batch_range *range,
                                          const struct pravega_batch_reader_options *options,
                                          struct pravega_batch_reader **out, struct weir_error *err)
{
    struct pravega_segment_reader_options segment_options = {.start_offset = range->start_offset,
                                                             .end_offset = range->end_offset};
    struct pravega_batch_reader *reader;
    enum weir_status status = WEIR_OK;

    if (range->start_offset < 0 || range->end_offset < range->start_offset)
        return weir_fail(err, WEIR_E_INVAL, "%" PRId64 "..%" PRId64 " is no range of a segment", range->start_offset,
                         range->end_offset);
    reader = calloc(1, sizeof(*reader));
    if (reader == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for a reader of stream %s/%s", stream->scope, stream->stream);
    if (options != NULL) {
        segment_options.buffer_bytes = options->buffer_bytes;
        segment_options.event_len_max = options->event_len_max;
        segment_options.on_ready = options->on_ready;
        segment_options.arg = options->arg;
    }
    reader->offset = range->start_offset;
    reader->end_offset = range->end_offset;
    if (range->start_offset < range->end_offset)
        status = pravega_segment_reader_new(client, stream, range->segment, &segment_options, &reader->segment, err);
    if (status != WEIR_OK) {
        free(reader);
        return status;
    }
    *out = reader;
    return WEIR_OK;
}

void pravega_batch_reader_free(struct pravega_batch_reader *reader)
{
    if (reader == NULL)
        return;
    pravega_segment_reader_free(reader->segment);
    free(reader);
}

/* Why the segment reader's status ends the iteration: in reader->why. */
static void set_why(struct pravega_batch_reader *reader, enum weir_status status, const struct weir_error *why)
{
    if (status == WEIR_E_END && reader->offset < reader->end_offset)
        weir_fail(&reader->why, WEIR_E_INVAL, "the segment ends at %" PRId64 ", before the range does at %" PRId64,
                  reader->offset, reader->end_offset);
    else if (status == WEIR_E_NOT_FOUND)
        weir_fail(&reader->why, WEIR_E_TRUNCATED, "%s: the stream is truncated", why->message);
    else if (status != WEIR_E_END)
        reader->why = *why;
}

enum weir_status pravega_batch_reader_next(struct pravega_batch_reader *reader, struct pravega_event *event,
                                           struct weir_error *err)
{
    struct weir_error why = {0};
    enum weir_status status;

    if (reader->segment != NULL) {
        status = pravega_segment_reader_next(reader->segment, event, &why);
        if (status == WEIR_OK)
            reader->offset = event->next_offset;
        if (status == WEIR_OK || status == WEIR_E_AGAIN)
            return status;
        set_why(reader, status, &why);
        pravega_segment_reader_free(reader->segment);
        reader->segment = NULL;
    }
    if (reader->why.status == WEIR_OK)
        return WEIR_E_END;
    if (err != NULL)
        *err = reader->why;
    return reader->why.status;
}

int64_t pravega_batch_reader_offset(const struct pravega_batch_reader *reader)
{
    return reader->offset;
}
