/*
 * writer_time.c - tells the controller up to which time a writer has written, and how far that is in each segment.
 *
 * One note after the other, so that none overtakes another. The position is taken when the note goes out: the length of
 * each segment as an acknowledgement said it last, -1 where none did.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/log.h"
#include "pravega/client_int.h"
#include "pravega/writer_int.h"

#define AUTOMATIC_NS (5 * WEIR_NS_PER_S)

/* ---- telling ---- */

static void end_first(struct pravega_writer *writer, enum weir_status status, const struct weir_error *why)
{
    writer->notes->ended = true;
    writer->notes->why = *why;
    writer->notes->why.status = status;
    pravega_writer_settle_later(writer);
}

static void on_noted(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct pravega_writer *writer = arg;

    if (status != WEIR_OK && writer->notes->done == NULL)
        weir_log_warn(weir_loop_log(writer->client->loop), "pravega", "%s", why->message);
    end_first(writer, status, why);
}

static size_t segment_count(const struct pravega_writer *writer)
{
    size_t count = 0;

    for (struct pravega_segment_writer *w = writer->segment_writers; w != NULL;
         w = pravega_segment_writer_node(w)->next)
        count++;
    return count;
}

void pravega_writer_go_on_notes(struct pravega_writer *writer)
{
    struct pravega_stream_name stream = {writer->scope, writer->stream};
    struct pravega_segment_offset *position;
    struct weir_error why = {0};
    size_t count = 0;

    if (writer->notes == NULL || writer->notes->ended || pravega_call_busy(&writer->note_call))
        return;
    if (writer->failed) {
        end_first(writer, writer->why.status, &writer->why);
        return;
    }
    if (writer->route_count == 0)
        return;
    position = calloc(segment_count(writer), sizeof(*position));
    if (position == NULL) {
        weir_fail(&why, WEIR_E_NOMEM, "stream %s/%s: no memory to note time", writer->scope, writer->stream);
        end_first(writer, why.status, &why);
        return;
    }
    for (struct pravega_segment_writer *w = writer->segment_writers; w != NULL;
         w = pravega_segment_writer_node(w)->next)
        position[count++] =
            (struct pravega_segment_offset){pravega_segment_writer_segment(w), pravega_segment_writer_write_offset(w)};
    pravega_controller_note_timestamp(&writer->note_call, writer->client, &stream, writer->writer_id, position, count,
                                      writer->notes->timestamp_ms, on_noted, writer);
    free(position);
}

void pravega_writer_settle_notes(struct pravega_writer *writer)
{
    pravega_writer_go_on_notes(writer);
    while (!writer->freed && writer->notes != NULL && writer->notes->ended) {
        struct pravega_note *note = writer->notes;

        writer->notes = note->next;
        if (note->done != NULL)
            note->done(note->arg, note->why.status, &note->why);
        free(note);
        if (!writer->freed)
            pravega_writer_go_on_notes(writer);
    }
}

/* ---- asking ---- */

/* False: out of memory. */
static bool push(struct pravega_writer *writer, int64_t timestamp_ms, const struct weir_error *refused,
                 pravega_done_fn *done, void *arg)
{
    struct pravega_note *note = malloc(sizeof(*note));

    if (note == NULL)
        return false;
    *note = (struct pravega_note){.timestamp_ms = timestamp_ms, .done = done, .arg = arg};
    note->ended = refused->status != WEIR_OK;
    note->why = *refused;
    if (writer->notes != NULL)
        writer->last_note->next = note;
    else
        writer->notes = note;
    writer->last_note = note;
    pravega_writer_settle_later(writer);
    return true;
}

void pravega_writer_note_time(struct pravega_writer *writer, int64_t timestamp_ms, pravega_done_fn *done, void *arg)
{
    struct weir_error why = {0};

    if (writer->automatically_note_time)
        weir_fail(&why, WEIR_E_STATE, "time %" PRId64 " is not noted: automatically_note_time is on", timestamp_ms);
    if (push(writer, timestamp_ms, &why, done, arg))
        return;
    weir_fail(&why, WEIR_E_NOMEM, "stream %s/%s: no memory to note time", writer->scope, writer->stream);
    if (done != NULL)
        done(arg, why.status, &why);
}

static void on_automatic(void *arg)
{
    struct pravega_writer *writer = arg;
    struct weir_error nothing = {0};

    if (writer->notes == NULL && !writer->failed) /* a controller that is gone for long finds one waiting, not many */
        push(writer, weir_loop_wall_ms(writer->client->loop), &nothing, NULL, NULL);
    weir_timer_start(writer->client->loop, &writer->note_timer, AUTOMATIC_NS);
}

void pravega_writer_start_noting_time(struct pravega_writer *writer)
{
    if (!writer->automatically_note_time)
        return;
    writer->note_timer = (struct weir_timer){.fn = on_automatic, .arg = writer};
    weir_timer_start(writer->client->loop, &writer->note_timer, AUTOMATIC_NS);
}

void pravega_writer_drop_notes(struct pravega_writer *writer)
{
    pravega_call_cancel(&writer->note_call);
    weir_timer_stop(writer->client->loop, &writer->note_timer);
    while (writer->notes != NULL) {
        struct pravega_note *note = writer->notes;

        writer->notes = note->next;
        free(note);
    }
}

const char *pravega_writer_id(const struct pravega_writer *writer)
{
    return writer->writer_id;
}
