/*
 * event_pointer.c - where an event is, as bytes and as text.
 *
 *     envelope of version 0: utf qualified segment | clong offset | cint length, header included
 *     text: "scope/stream/0.#epoch.0:1024-108"
 */
#include "pravega/position.h"

#include <inttypes.h>

#include "pravega/format/objects.h"

static void copy_name(char *to, struct weir_view name)
{
    memcpy(to, name.ptr, name.len); /* name.len is at most PRAVEGA_NAME_LEN_MAX: pravega_name_fits() */
    to[name.len] = '\0';
}

static void set_segment(struct pravega_event_pointer *pointer, const struct pravega_segment_ref *segment,
                        struct pravega_stream_name_room *room)
{
    copy_name(room->scope, segment->scope);
    copy_name(room->stream, segment->stream);
    pointer->stream = (struct pravega_stream_name){room->scope, room->stream};
    pointer->segment = segment->id;
}

void pravega_event_pointer_to_bytes(const struct pravega_event_pointer *pointer, struct weir_buf *out)
{
    size_t revision;

    pravega_put_version(out, 0, 1);
    revision = pravega_put_revision(out, 0);
    pravega_put_segment(out, &pointer->stream, pointer->segment);
    pravega_put_clong(out, pointer->offset);
    pravega_put_cint(out, pointer->length);
    pravega_end_revision(out, revision);
}

enum weir_status pravega_event_pointer_from_bytes(struct weir_view bytes, struct pravega_event_pointer *pointer,
                                                  struct pravega_stream_name_room *room, struct weir_error *err)
{
    struct pravega_in in = pravega_in(bytes);
    struct pravega_segment_ref segment = {0};
    struct pravega_version version;
    enum weir_status status;

    *pointer = (struct pravega_event_pointer){0};
    pravega_get_version(&in, 0, &version);
    if (pravega_get_revision(&version)) {
        segment = pravega_get_segment(&in);
        pointer->offset = pravega_get_clong(&in);
        pointer->length = pravega_get_cint(&in);
    }
    pravega_end_version(&version);
    if (segment.scope.ptr == NULL)
        pravega_in_refuse(&in);
    status = pravega_in_finish(&in, bytes.len, "event pointer", err);
    if (status == WEIR_OK)
        set_segment(pointer, &segment, room);
    return status;
}

void pravega_event_pointer_to_text(const struct pravega_event_pointer *pointer, struct weir_buf *out)
{
    weir_buf_printf(out, "%s/%s/%" PRId32 ".#epoch.%" PRId32 ":%" PRId64 "-%" PRId32, pointer->stream.scope,
                    pointer->stream.stream, pravega_segment_number(pointer->segment),
                    pravega_segment_epoch(pointer->segment), pointer->offset, pointer->length);
}

enum weir_status pravega_event_pointer_from_text(const char *text, struct pravega_event_pointer *pointer,
                                                 struct pravega_stream_name_room *room, struct weir_error *err)
{
    const char *colon = strrchr(text, ':'), *dash = colon != NULL ? strchr(colon, '-') : NULL;
    struct pravega_segment_ref segment;
    int64_t offset, length;

    *pointer = (struct pravega_event_pointer){0};
    if (dash == NULL || !pravega_segment_parse(weir_view(text, (size_t)(colon - text)), &segment) ||
        !pravega_digits_parse(weir_view(colon + 1, (size_t)(dash - colon - 1)), INT64_MAX, &offset) ||
        !pravega_digits_parse(weir_view_str(dash + 1), INT32_MAX, &length))
        return weir_fail(err, WEIR_E_INVAL,
                         "\"%.200s\" is no event pointer: scope/stream/<number>.#epoch.<epoch>:<offset>-<length>",
                         text);
    *pointer = (struct pravega_event_pointer){.offset = offset, .length = (int32_t)length};
    set_segment(pointer, &segment, room);
    return WEIR_OK;
}
