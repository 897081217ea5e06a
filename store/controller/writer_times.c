/*
 * writer_times.c - the times that writers note: how far each has come, in its own time and in the stream.
 *
 *     (none) --noteTimestamp, commit with a time--> ALIVE --removeWriter--> GONE --noteTimestamp--> ALIVE
 *
 * watermarks.c makes watermarks of them. One that is gone counts until a watermark has taken in what it noted last.
 */
#include <stdlib.h>

#include "store/controller/controller_int.h"

#define WRITERS_MAX 10000 /* of one stream */

static bool goes_backwards(const struct weir_cut *from, const struct weir_cut *to)
{
    for (size_t i = 0; i < to->count; i++) {
        const struct weir_cut_entry *before = weir_cut_find(from, to->entries[i].segment_id);

        if (before != NULL && to->entries[i].offset < before->offset)
            return true;
    }
    return false;
}

/* The writer in the stream's table, made if it is missing. */
static enum weir_status held_of(struct weir_held_stream *stream, struct weir_view writer, struct weir_held_writer **out)
{
    enum weir_status status;

    *out = weir_name_table_find(&stream->writers, writer);
    if (*out != NULL)
        return WEIR_OK;
    if (stream->writers.count >= WRITERS_MAX)
        return WEIR_E_LIMIT;
    *out = weir_held_writer_new(writer);
    if (*out == NULL)
        return WEIR_E_NOMEM;
    (*out)->rec.timestamp = INT64_MIN;
    status = weir_name_table_insert(&stream->writers, *out);
    if (status != WEIR_OK)
        weir_held_writer_free(*out);
    return status;
}

enum weir_status weir_writer_note(struct weir_batch *batch, struct weir_held_stream *stream, struct weir_view writer,
                                  struct weir_writer_record *rec)
{
    struct weir_held_writer *held;
    enum weir_status status = held_of(stream, writer, &held);

    if (status != WEIR_OK)
        return status;
    if (rec->timestamp < held->rec.timestamp)
        return WEIR_E_INVAL;
    if (goes_backwards(&held->rec.position, &rec->position))
        return WEIR_E_STATE;
    weir_batch_put_writer(batch, stream, held->name, rec);
    weir_writer_record_fini(&held->rec);
    held->rec = *rec;
    *rec = (struct weir_writer_record){0};
    return WEIR_OK;
}

static int note(struct weir_call *call, struct weir_held_stream *stream, const Pravega__TimestampFromWriter *in)
{
    struct weir_writer_record rec = {.timestamp = in->timestamp};
    enum weir_status status;

    if (weir_cut_take(&rec.position, in->position->cut, in->position->n_cut) != WEIR_OK)
        call->batch.status = WEIR_E_NOMEM;
    status = weir_writer_note(&call->batch, stream, weir_view_str(in->writer), &rec);
    weir_writer_record_fini(&rec);
    if (status == WEIR_E_INVAL)
        return PRAVEGA__TIMESTAMP_RESPONSE__STATUS__INVALID_TIME;
    if (status == WEIR_E_STATE)
        return PRAVEGA__TIMESTAMP_RESPONSE__STATUS__INVALID_POSITION;
    if (status != WEIR_OK || weir_call_commit(call) != WEIR_OK)
        return PRAVEGA__TIMESTAMP_RESPONSE__STATUS__INTERNAL_ERROR;
    weir_watermarks_follow(call->ctl, stream);
    return PRAVEGA__TIMESTAMP_RESPONSE__STATUS__SUCCESS;
}

void weir_rpc_note_timestamp(struct weir_call *call, const void *message)
{
    const Pravega__TimestampFromWriter *in = message;
    Pravega__TimestampResponse reply = PRAVEGA__TIMESTAMP_RESPONSE__INIT;
    struct weir_held_stream *stream = in->position != NULL ? weir_call_stream(call, in->position->streaminfo) : NULL;

    if (stream == NULL) {
        weir_call_refuse(call, WEIR_GRPC_NOT_FOUND, "no such stream");
        return;
    }
    if (in->writer[0] == '\0') {
        weir_call_refuse(call, WEIR_GRPC_UNKNOWN, "a writer has a name");
        return;
    }
    reply.result = note(call, stream, in);
    weir_call_answer(call, &reply.base);
}

static int remove_writer(struct weir_call *call, struct weir_held_stream *stream, struct weir_held_writer *held)
{
    bool was_gone = held->rec.gone;

    held->rec.gone = true;
    weir_batch_put_writer(&call->batch, stream, held->name, &held->rec);
    if (weir_call_commit(call) == WEIR_OK)
        return PRAVEGA__REMOVE_WRITER_RESPONSE__STATUS__SUCCESS;
    held->rec.gone = was_gone;
    return PRAVEGA__REMOVE_WRITER_RESPONSE__STATUS__INTERNAL_ERROR;
}

void weir_rpc_remove_writer(struct weir_call *call, const void *message)
{
    const Pravega__RemoveWriterRequest *in = message;
    Pravega__RemoveWriterResponse reply = PRAVEGA__REMOVE_WRITER_RESPONSE__INIT;
    struct weir_held_stream *stream = weir_call_stream(call, in->stream);
    struct weir_held_writer *held =
        stream != NULL ? weir_name_table_find(&stream->writers, weir_view_str(in->writer)) : NULL;

    if (stream != NULL && in->writer[0] == '\0')
        reply.result = PRAVEGA__REMOVE_WRITER_RESPONSE__STATUS__INTERNAL_ERROR;
    else if (held == NULL) /* or no such stream: upstream never says which */
        reply.result = PRAVEGA__REMOVE_WRITER_RESPONSE__STATUS__UNKNOWN_WRITER;
    else
        reply.result = remove_writer(call, stream, held);
    weir_call_answer(call, &reply.base);
}
