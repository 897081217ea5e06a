/*
 * mark_reader.c - fetches watermarks while the group is at or behind the last one that is known.
 *
 *     idle --a mark is wanted--> oldest revision (the first time) --> read --enough, or all read--> idle
 */
#include "pravega/group/mark_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARK_PREFIX "_MARK"
#define RETRY_NS (30 * WEIR_NS_PER_S)

enum weir_status pravega_mark_reader_init(struct pravega_mark_reader *reader, struct pravega_client *client,
                                          const struct pravega_stream_name *stream, struct weir_error *err)
{
    char marks[sizeof(MARK_PREFIX) + PRAVEGA_NAME_LEN_MAX];
    enum weir_status status = WEIR_E_NOMEM;

    *reader = (struct pravega_mark_reader){.loop = pravega_client_loop(client)};
    snprintf(marks, sizeof(marks), MARK_PREFIX "%s", stream->stream);
    reader->scope = strdup(stream->scope);
    reader->stream = strdup(stream->stream);
    if (reader->scope != NULL && reader->stream != NULL)
        status = pravega_revisioned_stream_new(client, &(struct pravega_stream_name){stream->scope, marks},
                                               &reader->log, err);
    if (status == WEIR_OK)
        return WEIR_OK;
    pravega_mark_reader_fini(reader);
    return weir_fail(err, status, "no memory for the time marks of stream %s/%s", stream->scope, stream->stream);
}

void pravega_mark_reader_fini(struct pravega_mark_reader *reader)
{
    pravega_revisioned_stream_free(reader->log);
    pravega_time_track_fini(&reader->track);
    free(reader->places);
    free(reader->scope);
    free(reader->stream);
    *reader = (struct pravega_mark_reader){0};
}

/* ---- reading ---- */

static bool on_entry(void *arg, const struct pravega_revision *revision, struct weir_view entry)
{
    struct pravega_mark_reader *reader = arg;
    struct pravega_watermark mark;

    reader->revision = *revision;
    if (pravega_watermark_from_bytes(entry, &mark, NULL) != WEIR_OK)
        return true;
    return pravega_time_track_add(&reader->track, reader->places, reader->place_count, &mark);
}

static void on_read(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct pravega_mark_reader *reader = arg;

    (void)why;
    reader->reading = false;
    if (status == WEIR_OK || status == WEIR_E_CANCELLED)
        return;
    if (status == WEIR_E_TRUNCATED)
        reader->has_revision = false;
    else
        reader->retry_ns = weir_loop_now_ns(reader->loop) + RETRY_NS;
}

static void read_on(struct pravega_mark_reader *reader)
{
    pravega_revisioned_stream_read(reader->log, &reader->revision, on_entry, on_read, reader);
}

static void on_oldest(void *arg, enum weir_status status, const struct pravega_revision *revision,
                      const struct weir_error *why)
{
    struct pravega_mark_reader *reader = arg;

    if (status != WEIR_OK) {
        on_read(reader, status, why);
        return;
    }
    reader->revision = *revision;
    reader->has_revision = true;
    read_on(reader);
}

/* ---- where the group is ---- */

static bool take_places(struct pravega_mark_reader *reader, const struct pravega_group_state *state)
{
    if (reader->place_cap < state->last_read.count) {
        size_t cap = 2 * state->last_read.count;
        struct pravega_time_place *places = realloc(reader->places, cap * sizeof(*places));

        if (places == NULL)
            return false;
        reader->places = places;
        reader->place_cap = cap;
    }
    reader->place_count = 0;
    for (size_t i = 0; i < state->last_read.count; i++) {
        const struct pravega_position_entry *entry = &state->last_read.entries[i];

        if (strcmp(entry->scope, reader->scope) == 0 && strcmp(entry->stream, reader->stream) == 0)
            reader->places[reader->place_count++] =
                (struct pravega_time_place){{entry->segment, entry->min_key, entry->max_key}, entry->offset};
    }
    return true;
}

void pravega_mark_reader_advance(struct pravega_mark_reader *reader, const struct pravega_group_state *state)
{
    if (!take_places(reader, state) || reader->place_count == 0)
        return;
    if (!pravega_time_track_advance(&reader->track, reader->places, reader->place_count) || reader->reading ||
        weir_loop_now_ns(reader->loop) < reader->retry_ns)
        return;
    reader->reading = true;
    if (reader->has_revision)
        read_on(reader);
    else
        pravega_revisioned_stream_oldest(reader->log, on_oldest, reader);
}
