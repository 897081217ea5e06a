/*
 * event_reader.c - events and checkpoints to a reader's user.
 *
 * next() looks at flags and takes from the ring of ready segments; it never looks at the group's state, which the round
 * (event_reader_round.c) does between timers. The user is told once (on_ready) when there is something to say again.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "pravega/group/event_reader_int.h"

/* ---- telling ---- */

static bool has_news(const struct pravega_event_reader *reader)
{
    if (reader->stage != READER_ONLINE || reader->checkpoint_is == CHECKPOINT_TO_GIVE)
        return true;
    if (reader->checkpoint_is == CHECKPOINT_RECORDING)
        return false;
    return pravega_owned_is_ready(&reader->owned) || (reader->end_of_data && !reader->said_end);
}

void pravega_event_reader_tell(struct pravega_event_reader *reader)
{
    if (reader->waiting && has_news(reader))
        weir_loop_defer(reader->loop, &reader->telling);
}

void pravega_event_reader_on_tell(void *arg)
{
    struct pravega_event_reader *reader = arg;

    if (!reader->waiting || !has_news(reader))
        return;
    reader->waiting = false;
    if (reader->on_ready != NULL)
        reader->on_ready(reader->arg);
}

void pravega_event_reader_stop(struct pravega_event_reader *reader, enum weir_status status, const char *words)
{
    weir_fail(&reader->why, status, "reader %s of group %s/%s: %s", reader->id, reader->scope, reader->group, words);
    reader->stage = READER_STOPPED;
    weir_timer_stop(reader->loop, &reader->timer);
    pravega_event_reader_cancel_act(reader);
    pravega_publisher_cancel(&reader->publisher);
    pravega_event_reader_tell(reader);
}

/* ---- next ---- */

static enum weir_status stopped(const struct pravega_event_reader *reader, struct weir_error *err)
{
    if (err != NULL)
        *err = reader->why;
    return reader->why.status;
}

static enum weir_status nothing_now(struct pravega_event_reader *reader)
{
    reader->waiting = true;
    if (!reader->end_of_data || reader->checkpoint_is != CHECKPOINT_NONE)
        return WEIR_E_AGAIN;
    reader->said_end = true;
    return WEIR_E_END;
}

static enum weir_status give_checkpoint(struct pravega_event_reader *reader, struct pravega_event_read *event)
{
    reader->checkpoint_is = CHECKPOINT_GIVEN;
    *event = (struct pravega_event_read){.kind = PRAVEGA_READ_CHECKPOINT, .checkpoint = reader->checkpoint};
    return WEIR_OK;
}

static void record_checkpoint(struct pravega_event_reader *reader)
{
    reader->checkpoint_is = CHECKPOINT_RECORDING;
    pravega_upkeep_begin_checkpoint(&reader->upkeep);
    /* The round begins in a turn of its own, so that it may call the user. One that is under way goes on with it. */
    weir_timer_start(reader->loop, &reader->timer, 0);
}

static void fill_event(const struct pravega_owned_segment *from, const struct pravega_event *read,
                       struct pravega_event_read *event)
{
    event->kind = PRAVEGA_READ_EVENT;
    event->payload = read->payload;
    event->checkpoint = NULL;
    event->pointer = (struct pravega_event_pointer){{from->place.scope, from->place.stream},
                                                    from->place.segment,
                                                    read->offset,
                                                    (int32_t)(read->next_offset - read->offset)};
}

static enum weir_status next_event(struct pravega_event_reader *reader, struct pravega_event_read *event,
                                   struct weir_error *err)
{
    const struct pravega_owned_segment *from = NULL;
    struct pravega_event read;
    enum weir_status status = pravega_owned_next(&reader->owned, &read, &from, err);

    switch (status) {
    case WEIR_OK:
        fill_event(from, &read, event);
        return WEIR_OK;
    case WEIR_E_AGAIN:
        return nothing_now(reader);
    case WEIR_E_TRUNCATED:
        return status;
    default:
        if (err != NULL)
            reader->why = *err;
        else
            weir_fail(&reader->why, status, "a segment of stream %s/%s cannot be read", from->place.scope,
                      from->place.stream);
        reader->stage = READER_STOPPED;
        weir_timer_stop(reader->loop, &reader->timer);
        return status;
    }
}

enum weir_status pravega_event_reader_next(struct pravega_event_reader *reader, struct pravega_event_read *event,
                                           struct weir_error *err)
{
    if (reader->stage != READER_ONLINE)
        return stopped(reader, err);
    switch (reader->checkpoint_is) {
    case CHECKPOINT_NONE:
        return next_event(reader, event, err);
    case CHECKPOINT_TO_GIVE:
        return give_checkpoint(reader, event);
    case CHECKPOINT_GIVEN:
        record_checkpoint(reader);
        return nothing_now(reader);
    case CHECKPOINT_RECORDING:
        break;
    }
    return nothing_now(reader);
}

/* ---- where it is ---- */

enum weir_status pravega_event_reader_position(const struct pravega_event_reader *reader,
                                               struct pravega_position *position, struct weir_error *err)
{
    struct pravega_position borrowed = {pravega_owned_places(&reader->owned), reader->owned.count};
    enum weir_status status;

    if (borrowed.entries == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for the position of reader %s", reader->id);
    status = pravega_position_copy(position, &borrowed, err);
    free(borrowed.entries);
    return status;
}

size_t pravega_event_reader_segment_count(const struct pravega_event_reader *reader)
{
    return reader->owned.count;
}

enum weir_status pravega_event_reader_time_window(const struct pravega_event_reader *reader,
                                                  const struct pravega_stream_name *stream,
                                                  struct pravega_time_window *window, struct weir_error *err)
{
    *window = (struct pravega_time_window){0};
    for (size_t i = 0; i < reader->mark_count; i++) {
        const struct pravega_mark_reader *marks = &reader->marks[i];

        if (strcmp(marks->scope, stream->scope) == 0 && strcmp(marks->stream, stream->stream) == 0) {
            *window = pravega_time_track_window(&marks->track);
            return WEIR_OK;
        }
    }
    if (reader->disable_time_windows)
        return WEIR_OK;
    return weir_fail(err, WEIR_E_NOT_FOUND, "group %s/%s does not read stream %s/%s", reader->scope, reader->group,
                     stream->scope, stream->stream);
}
