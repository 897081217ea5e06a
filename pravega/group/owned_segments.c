/*
 * owned_segments.c - reads the segments of one reader in turn.
 *
 * The ring of ready segments is a queue: the first one gives an event and goes to its end, or has nothing more and
 * leaves; its segment reader brings it back. So each ready segment gives one event in turn, as upstream's Orderer has
 * it, and one that is not ready costs nothing.
 */
#include "pravega/group/owned_segments.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- the lists ---- */

static void link_into(struct pravega_owned_segment **list, struct pravega_owned_segment *segment)
{
    segment->next = *list;
    segment->link = list;
    if (segment->next != NULL)
        segment->next->link = &segment->next;
    *list = segment;
}

static void unlink_segment(struct pravega_owned_segment *segment)
{
    *segment->link = segment->next;
    if (segment->next != NULL)
        segment->next->link = segment->link;
}

static void push_ready(struct pravega_owned_segment *segment)
{
    struct pravega_owned_segments *set = segment->set;

    segment->ready_next = NULL;
    segment->ready_link = set->ready_end;
    *set->ready_end = segment;
    set->ready_end = &segment->ready_next;
}

static void drop_ready(struct pravega_owned_segment *segment)
{
    if (segment->ready_link == NULL)
        return;
    *segment->ready_link = segment->ready_next;
    if (segment->ready_next != NULL)
        segment->ready_next->ready_link = segment->ready_link;
    else
        segment->set->ready_end = segment->ready_link;
    segment->ready_link = NULL;
}

/* ---- life ---- */

void pravega_owned_init(struct pravega_owned_segments *set, struct pravega_client *client, size_t buffer_bytes,
                        size_t event_len_max, void (*on_ready)(void *arg), void *arg)
{
    *set = (struct pravega_owned_segments){.client = client,
                                           .buffer_bytes = buffer_bytes,
                                           .event_len_max = event_len_max,
                                           .on_ready = on_ready,
                                           .arg = arg};
    set->ready_end = &set->ready;
}

static void free_segment(struct pravega_owned_segment *segment)
{
    pravega_segment_reader_free(segment->reader);
    free(segment->place.scope);
    free(segment->place.stream);
    free(segment);
}

void pravega_owned_remove(struct pravega_owned_segment *segment)
{
    struct pravega_owned_segments *set = segment->set;

    drop_ready(segment);
    unlink_segment(segment);
    set->count--;
    if (segment->reader == NULL)
        set->sealed_count--;
    free_segment(segment);
}

void pravega_owned_clear(struct pravega_owned_segments *set)
{
    while (set->open != NULL)
        pravega_owned_remove(set->open);
    while (set->sealed != NULL)
        pravega_owned_remove(set->sealed);
}

void pravega_owned_fini(struct pravega_owned_segments *set)
{
    pravega_owned_clear(set);
}

/* ---- adding and ending ---- */

static void on_segment_ready(void *arg)
{
    struct pravega_owned_segment *segment = arg;
    struct pravega_owned_segments *set = segment->set;

    if (segment->ready_link == NULL)
        push_ready(segment);
    set->on_ready(set->arg);
}

static enum weir_status start_reading(struct pravega_owned_segment *segment, struct weir_error *err)
{
    struct pravega_owned_segments *set = segment->set;
    struct pravega_stream_name stream = {segment->place.scope, segment->place.stream};
    struct pravega_segment_reader_options options = {.start_offset = segment->place.offset,
                                                     .end_offset = segment->end_offset,
                                                     .buffer_bytes = set->buffer_bytes,
                                                     .event_len_max = set->event_len_max,
                                                     .on_ready = on_segment_ready,
                                                     .arg = segment};
    enum weir_status status =
        pravega_segment_reader_new(set->client, &stream, segment->place.segment, &options, &segment->reader, err);

    if (status == WEIR_OK)
        push_ready(segment); /* so that it is asked once, and says when it is ready from then on */
    return status;
}

enum weir_status pravega_owned_add(struct pravega_owned_segments *set, const struct pravega_position_entry *place,
                                   int64_t end_offset, struct weir_error *err)
{
    struct pravega_owned_segment *segment = calloc(1, sizeof(*segment));
    bool at_end = place->offset < 0 || place->offset >= end_offset;
    enum weir_status status = WEIR_OK;

    if (segment == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory to read a segment of stream %s/%s", place->scope, place->stream);
    segment->set = set;
    segment->place = *place;
    segment->place.scope = strdup(place->scope);
    segment->place.stream = strdup(place->stream);
    segment->end_offset = end_offset;
    segment->caught_up_ns = weir_loop_now_ns(pravega_client_loop(set->client));
    if (segment->place.scope == NULL || segment->place.stream == NULL)
        status =
            weir_fail(err, WEIR_E_NOMEM, "no memory to read a segment of stream %s/%s", place->scope, place->stream);
    else if (!at_end)
        status = start_reading(segment, err);
    if (status != WEIR_OK) {
        free_segment(segment);
        return status;
    }
    link_into(at_end ? &set->sealed : &set->open, segment);
    set->count++;
    set->sealed_count += at_end;
    return WEIR_OK;
}

/* It is read to `offset`, and there is no more of it. */
static void seal(struct pravega_owned_segment *segment, int64_t offset)
{
    drop_ready(segment);
    unlink_segment(segment);
    link_into(&segment->set->sealed, segment);
    segment->set->sealed_count++;
    pravega_segment_reader_free(segment->reader);
    segment->reader = NULL;
    segment->place.offset = offset;
}

static struct pravega_owned_segment *find_in(struct pravega_owned_segment *list,
                                             const struct pravega_position_entry *place)
{
    for (struct pravega_owned_segment *segment = list; segment != NULL; segment = segment->next) {
        if (segment->place.segment == place->segment && strcmp(segment->place.stream, place->stream) == 0 &&
            strcmp(segment->place.scope, place->scope) == 0)
            return segment;
    }
    return NULL;
}

struct pravega_owned_segment *pravega_owned_find(const struct pravega_owned_segments *set,
                                                 const struct pravega_position_entry *place)
{
    struct pravega_owned_segment *segment = find_in(set->open, place);

    return segment != NULL ? segment : find_in(set->sealed, place);
}

/* ---- events ---- */

/* The end of a segment, or the one that the group's end cut says. */
static int64_t end_of(const struct pravega_owned_segment *segment)
{
    int64_t offset = pravega_segment_reader_offset(segment->reader);

    return offset >= segment->end_offset ? offset : PRAVEGA_OFFSET_COMPLETED;
}

enum weir_status pravega_owned_next(struct pravega_owned_segments *set, struct pravega_event *event,
                                    const struct pravega_owned_segment **from, struct weir_error *err)
{
    struct pravega_owned_segment *segment;

    while ((segment = set->ready) != NULL) {
        enum weir_status status = pravega_segment_reader_next(segment->reader, event, err);

        *from = segment;
        switch (status) {
        case WEIR_E_AGAIN:
            drop_ready(segment);
            break;
        case WEIR_E_END:
            seal(segment, end_of(segment));
            break;
        case WEIR_E_NOT_FOUND: /* it was truncated as a whole: what it had is gone, its successors go on */
            seal(segment, PRAVEGA_OFFSET_COMPLETED);
            return WEIR_E_TRUNCATED;
        default:
            drop_ready(segment);
            push_ready(segment);
            return status;
        }
    }
    return WEIR_E_AGAIN;
}

/* ---- places ---- */

struct pravega_position_entry pravega_owned_place(const struct pravega_owned_segment *segment)
{
    struct pravega_position_entry place = segment->place;

    if (segment->reader != NULL)
        place.offset = pravega_segment_reader_offset(segment->reader);
    return place;
}

struct pravega_position_entry *pravega_owned_places(const struct pravega_owned_segments *set)
{
    struct pravega_position_entry *places = malloc((set->count + 1) * sizeof(*places));
    size_t count = 0;

    if (places == NULL)
        return NULL;
    for (const struct pravega_owned_segment *segment = set->open; segment != NULL; segment = segment->next)
        places[count++] = pravega_owned_place(segment);
    for (const struct pravega_owned_segment *segment = set->sealed; segment != NULL; segment = segment->next)
        places[count++] = pravega_owned_place(segment);
    assert(count == set->count);
    return places;
}

int64_t pravega_owned_lag_ms(struct pravega_owned_segments *set, int64_t now_ns)
{
    int64_t oldest_ns = now_ns;

    for (struct pravega_owned_segment *segment = set->open; segment != NULL; segment = segment->next) {
        if (segment->ready_link == NULL && pravega_segment_reader_at_tail(segment->reader))
            segment->caught_up_ns = now_ns;
        if (segment->caught_up_ns < oldest_ns)
            oldest_ns = segment->caught_up_ns;
    }
    return (now_ns - oldest_ns) / WEIR_NS_PER_MS;
}
