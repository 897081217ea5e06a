/*
 * writer_times.c - the times that writers note: how far each has come, in its own time and in the stream.
 *
 * They are kept for whoever makes watermarks of them.
 */
#include <stdlib.h>

#include "store/controller_int.h"

enum weir_status weir_writer_note(struct weir_batch *batch, struct weir_held_stream *stream, struct weir_view writer,
                                  struct weir_writer_record *rec)
{
    struct weir_held_writer *held = weir_name_table_find(&stream->writers, writer);
    enum weir_status status;

    if (held == NULL) {
        held = weir_held_writer_new(writer);
        if (held == NULL)
            return WEIR_E_NOMEM;
        status = weir_name_table_insert(&stream->writers, held);
        if (status != WEIR_OK) {
            weir_held_writer_free(held);
            return status;
        }
    }
    weir_batch_put_writer(batch, stream, held->name, rec);
    weir_writer_record_fini(&held->rec);
    held->rec = *rec;
    *rec = (struct weir_writer_record){0};
    return WEIR_OK;
}

static bool goes_backwards(const struct weir_cut *from, const struct weir_cut *to)
{
    for (size_t i = 0; i < to->count; i++) {
        const struct weir_cut_entry *before = weir_cut_find(from, to->entries[i].segment_id);

        if (before != NULL && to->entries[i].offset < before->offset)
            return true;
    }
    return false;
}

static int note(struct weir_call *call, struct weir_held_stream *stream, const Pravega__TimestampFromWriter *in)
{
    struct weir_view writer = weir_view_str(in->writer);
    const struct weir_held_writer *held = weir_name_table_find(&stream->writers, writer);
    struct weir_writer_record rec = {.timestamp = in->timestamp};
    int result = PRAVEGA__TIMESTAMP_RESPONSE__STATUS__SUCCESS;

    if (weir_cut_take(&rec.position, in->position->cut, in->position->n_cut) != WEIR_OK)
        call->batch.status = WEIR_E_NOMEM;
    if (held != NULL && in->timestamp < held->rec.timestamp)
        result = PRAVEGA__TIMESTAMP_RESPONSE__STATUS__INVALID_TIME;
    else if (held != NULL && goes_backwards(&held->rec.position, &rec.position))
        result = PRAVEGA__TIMESTAMP_RESPONSE__STATUS__INVALID_POSITION;
    else if (weir_writer_note(&call->batch, stream, writer, &rec) != WEIR_OK || weir_call_commit(call) != WEIR_OK)
        result = PRAVEGA__TIMESTAMP_RESPONSE__STATUS__INTERNAL_ERROR;
    weir_writer_record_fini(&rec);
    return result;
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
    reply.result = note(call, stream, in);
    weir_call_answer(call, &reply.base);
}

void weir_rpc_remove_writer(struct weir_call *call, const void *message)
{
    const Pravega__RemoveWriterRequest *in = message;
    Pravega__RemoveWriterResponse reply = PRAVEGA__REMOVE_WRITER_RESPONSE__INIT;
    struct weir_held_stream *stream = weir_call_stream(call, in->stream);
    struct weir_held_writer *held =
        stream != NULL ? weir_name_table_find(&stream->writers, weir_view_str(in->writer)) : NULL;

    if (stream == NULL) {
        reply.result = PRAVEGA__REMOVE_WRITER_RESPONSE__STATUS__STREAM_DOES_NOT_EXIST;
    } else if (held == NULL) {
        reply.result = PRAVEGA__REMOVE_WRITER_RESPONSE__STATUS__UNKNOWN_WRITER;
    } else {
        weir_batch_remove_writer(&call->batch, stream, held->name);
        if (weir_call_commit(call) != WEIR_OK) {
            reply.result = PRAVEGA__REMOVE_WRITER_RESPONSE__STATUS__INTERNAL_ERROR;
        } else {
            weir_name_table_remove(&stream->writers, held);
            weir_held_writer_free(held);
        }
    }
    weir_call_answer(call, &reply.base);
}
