/*
 * controller_messages.c - parts of the controller's messages, and endings of calls, that several RPCs share.
 */
#include "pravega/controller_int.h"

#include <stdlib.h>

#include "pravega/format/objects.h"

void pravega_finish_done(struct pravega_end *end, const ProtobufCMessage *reply)
{
    (void)reply;
    ((pravega_done_fn *)end->done)(end->arg, end->status, &end->why);
}

void pravega_finish_exists(struct pravega_end *end, const ProtobufCMessage *reply)
{
    const Pravega__ExistsResponse *exists = (const Pravega__ExistsResponse *)reply;

    ((pravega_exists_fn *)end->done)(end->arg, end->status, exists != NULL && exists->exists, &end->why);
}

const char *pravega_token_text(const Pravega__ContinuationToken *token)
{
    return token != NULL ? token->token : "";
}

void pravega_stream_info(Pravega__StreamInfo *info, const struct pravega_stream_name *stream)
{
    pravega__stream_info__init(info);
    info->scope = pravega_proto_str(stream->scope);
    info->stream = pravega_proto_str(stream->stream);
}

bool pravega_range_of(const Pravega__SegmentRange *segment, struct pravega_segment_range *out)
{
    if (segment == NULL || segment->segmentid == NULL)
        return false;
    *out = (struct pravega_segment_range){segment->segmentid->segmentid, segment->minkey, segment->maxkey};
    return pravega_segment_id_fits(out->id) && out->min_key >= 0 && out->min_key <= out->max_key &&
           out->max_key <= 1; /* false for NaN, too */
}

static int by_min_key(const void *a, const void *b)
{
    const struct pravega_segment_range *left = a, *right = b;

    return (left->min_key > right->min_key) - (left->min_key < right->min_key);
}

struct pravega_segment_range *pravega_ranges_of(struct pravega_end *end, Pravega__SegmentRange *const *segments,
                                                size_t count)
{
    struct pravega_segment_range *ranges = calloc(count + 1, sizeof(*ranges));

    if (ranges == NULL) {
        end->status = weir_fail(&end->why, WEIR_E_NOMEM, "out of memory for %zu segments", count);
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        if (pravega_range_of(segments[i], &ranges[i]))
            continue;
        end->status = weir_fail(&end->why, WEIR_E_PROTO, "the controller answered with a segment without id or range");
        free(ranges);
        return NULL;
    }
    qsort(ranges, count, sizeof(*ranges), by_min_key);
    return ranges;
}

void pravega_finish_ranges(struct pravega_end *end, const ProtobufCMessage *reply)
{
    const Pravega__SegmentRanges *segments = (const Pravega__SegmentRanges *)reply;
    struct pravega_segment_range *ranges = NULL;

    if (segments != NULL)
        ranges = pravega_ranges_of(end, segments->segmentranges, segments->n_segmentranges);
    ((pravega_ranges_fn *)end->done)(end->arg, end->status, ranges, ranges != NULL ? segments->n_segmentranges : 0,
                                     &end->why);
    free(ranges);
}

enum weir_status pravega_cut_map_init(struct pravega_cut_map *map, const struct pravega_segment_offset *cut,
                                      size_t count, struct weir_error *err)
{
    map->storage = calloc(count + 1, sizeof(*map->storage));
    map->entries = calloc(count + 1, sizeof(*map->entries));
    if (map->storage == NULL || map->entries == NULL) {
        pravega_cut_map_fini(map);
        return weir_fail(err, WEIR_E_NOMEM, "out of memory for a stream cut of %zu segments", count);
    }
    for (size_t i = 0; i < count; i++) {
        pravega__stream_cut__cut_entry__init(&map->storage[i]);
        map->storage[i].key = cut[i].id;
        map->storage[i].value = cut[i].offset;
        map->entries[i] = &map->storage[i];
    }
    return WEIR_OK;
}

void pravega_cut_map_fini(struct pravega_cut_map *map)
{
    free(map->storage);
    free(map->entries);
    *map = (struct pravega_cut_map){0};
}

void pravega_call_start_cut(struct pravega_call *call, struct pravega_client *client, const struct pravega_rpc *rpc,
                            const struct pravega_stream_name *stream, const struct pravega_segment_offset *cut,
                            size_t count, void (*done)(void), void *arg)
{
    Pravega__StreamCut request = PRAVEGA__STREAM_CUT__INIT;
    struct pravega_cut_map map;
    struct weir_error why;
    Pravega__StreamInfo info;

    if (pravega_cut_map_init(&map, cut, count, &why) != WEIR_OK) {
        pravega_call_reject(call, client, rpc, &why, done, arg);
        return;
    }
    pravega_stream_info(&info, stream);
    request.streaminfo = &info;
    request.cut = map.entries;
    request.n_cut = count;
    pravega_call_start_stream(call, client, rpc, stream, NULL, &request.base, done, arg);
    pravega_cut_map_fini(&map);
}
