/*
 * revision.c - revisions: their order, and their text as upstream's RevisionImpl writes it.
 *
 *     scope/stream/<number>.#epoch.<epoch>:<offset>:<index>
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pravega/revisioned_stream.h"

static int sign_of(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

int pravega_revision_compare(const struct pravega_revision *a, const struct pravega_revision *b)
{
    int by_segment = sign_of(a->segment, b->segment), by_offset = sign_of(a->offset, b->offset);

    if (by_segment != 0)
        return by_segment;
    return by_offset != 0 ? by_offset : sign_of(a->event_index, b->event_index);
}

int pravega_revision_text(const struct pravega_stream_name *stream, const struct pravega_revision *revision, char *out,
                          size_t cap)
{
    int name_len = pravega_segment_name(stream, revision->segment, out, cap);
    int len;

    if (name_len < 0)
        return -1;
    len = snprintf(out + name_len, cap - (size_t)name_len, ":%" PRId64 ":%" PRId32, revision->offset,
                   revision->event_index);
    return len >= 0 && (size_t)len < cap - (size_t)name_len ? name_len + len : -1;
}

static bool take_text(const char **at, const char *text)
{
    size_t len = strlen(text);

    if (strncmp(*at, text, len) != 0)
        return false;
    *at += len;
    return true;
}

/* Digits up to `max`, which is at most INT64_MAX. */
static bool take_number(const char **at, int64_t max, int64_t *out)
{
    const char *from = *at;
    int64_t number = 0;

    for (; **at >= '0' && **at <= '9'; ++*at) {
        int64_t digit = **at - '0';

        if (number > (max - digit) / 10)
            return false;
        number = number * 10 + digit;
    }
    *out = number;
    return *at != from;
}

enum weir_status pravega_revision_parse(const char *text, const struct pravega_stream_name *stream,
                                        struct pravega_revision *out, struct weir_error *err)
{
    const char *at = text;
    int64_t number, epoch, offset, index;

    if (!take_text(&at, stream->scope) || !take_text(&at, "/") || !take_text(&at, stream->stream) ||
        !take_text(&at, "/"))
        return weir_fail(err, WEIR_E_INVAL, "\"%.300s\" is not a revision of stream %s/%s", text, stream->scope,
                         stream->stream);
    if (!take_number(&at, INT32_MAX, &number) || !take_text(&at, ".#epoch.") || !take_number(&at, INT32_MAX, &epoch) ||
        !take_text(&at, ":") || !take_number(&at, INT64_MAX, &offset) || !take_text(&at, ":") ||
        !take_number(&at, INT32_MAX, &index) || *at != '\0')
        return weir_fail(err, WEIR_E_INVAL, "\"%.300s\" is not a revision: <segment>:<offset>:<index>", text);
    *out = (struct pravega_revision){epoch << 32 | number, offset, (int32_t)index};
    return WEIR_OK;
}
