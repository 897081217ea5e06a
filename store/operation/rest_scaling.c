/*
 * rest_scaling.c - /v1/scopes/{scope}/streams/{stream}/scaling-events: how a stream was scaled over time.
 *
 * An event is an epoch: when it began, its segments, and how many splits and merges led to it. Told are the epochs that
 * began from..to (milliseconds, both inclusive) and, before them, the one that was active at `from`, which shows what
 * they started from: of the first one told, splits and merges are 0.
 */
#include "store/operation/rest_int.h"

#define TIME_CAP 32

/* What Java's Long takes; false for anything else. */
static bool parse_time(const char *text, int64_t *out)
{
    bool negative = *text == '-';
    uint64_t limit = (uint64_t)INT64_MAX + negative, value = 0;

    text += *text == '-' || *text == '+';
    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        unsigned digit = (unsigned)(*text - '0');

        if (*text < '0' || *text > '9' || value > (limit - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *out = negative ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

/* A parameter of the query, `absent` if it is not there or empty. False: it is no number. */
static bool take_time(const struct weir_rest_call *call, const char *name, bool *absent, int64_t *out)
{
    struct weir_view value;
    char text[TIME_CAP];

    if (!weir_http_query_find(weir_http_request_message(call->request)->query, name, &value) || value.len == 0) {
        *absent = true;
        return true;
    }
    return weir_rest_query(call, name, text, sizeof(text)) && parse_time(text, out);
}

/* The interval that is asked for. False, and it is refused with the statuses of Pravega's own. */
static bool take_interval(struct weir_rest_call *call, int64_t *from_ms, int64_t *to_ms)
{
    bool absent = false;

    *from_ms = *to_ms = 0;
    if (!take_time(call, "from", &absent, from_ms) || !take_time(call, "to", &absent, to_ms))
        weir_rest_refuse(call, WEIR_HTTP_NOT_FOUND, "from and to have to be whole numbers");
    else if (absent)
        weir_rest_refuse(call, WEIR_HTTP_BAD_REQUEST, "from and to have to be there, in milliseconds since 1970");
    else if (*from_ms < 0 || *to_ms < *from_ms)
        weir_rest_refuse(call, WEIR_HTTP_BAD_REQUEST, "from has to be 0 or more, and to not before it");
    else
        return true;
    return false;
}

static json_t *segments_json(const struct weir_epochs *epochs, const struct weir_epoch *epoch)
{
    json_t *list = json_array();

    for (size_t i = 0; i < epoch->segment_count; i++) {
        const struct weir_segment_range *segment = &epoch->segments[i];
        int32_t created = weir_segment_epoch(segment->id);

        json_array_append_new(list,
                              json_pack("{s:i, s:i, s:I, s:f, s:f}", "number", (int)weir_segment_number(segment->id),
                                        "epoch", (int)created, "start", (json_int_t)epochs->list[created].created_ms,
                                        "keyStart", segment->min_key, "keyEnd", segment->max_key));
    }
    return list;
}

static json_t *event_json(const struct weir_epochs *epochs, int32_t number, bool first)
{
    const struct weir_epoch *epoch = &epochs->list[number], *before = first ? epoch : epoch - 1;

    return json_pack("{s:I, s:o, s:I, s:I}", "timestamp", (json_int_t)epoch->created_ms, "segments",
                     segments_json(epochs, epoch), "splits", (json_int_t)weir_epoch_splits(before, epoch), "merges",
                     (json_int_t)weir_epoch_splits(epoch, before));
}

void weir_rest_get_scaling_events(struct weir_rest_call *call)
{
    const struct weir_held_stream *stream = weir_directory_stream(
        &call->rest->parts.ctl->dir, weir_view_str(call->names[0]), weir_view_str(call->names[1]));
    int64_t from_ms, to_ms;
    int32_t first, last;
    json_t *list;

    if (!take_interval(call, &from_ms, &to_ms))
        return;
    if (stream == NULL) {
        weir_rest_refuse(call, WEIR_HTTP_NOT_FOUND, "no such stream");
        return;
    }
    first = weir_epochs_at(&stream->rec.epochs, from_ms);
    last = weir_epochs_at(&stream->rec.epochs, to_ms);
    list = json_array();
    for (int32_t e = first; e <= last && stream->rec.epochs.list[e].created_ms <= to_ms; e++)
        json_array_append_new(list, event_json(&stream->rec.epochs, e, e == first));
    weir_rest_answer(call, WEIR_HTTP_OK, list);
}
