/*
 * watermark.c - the bytes of a watermark, as upstream's WatermarkSerializer writes them: one revision of
 * i64 lower | i64 upper | count | per segment: (envelope: i64 id, double low, double high) i64 offset.
 */
#include "pravega/format/watermark.h"

#include <stdlib.h>

#include "pravega/format/revision_data.h"

#define SEGMENT_LEN_MIN ((size_t)11) /* an envelope of one empty revision, and the offset */

void pravega_watermark_fini(struct pravega_watermark *mark)
{
    free(mark->segments);
    *mark = (struct pravega_watermark){0};
}

static void put_segment(struct weir_buf *out, const struct pravega_watermark_segment *segment)
{
    size_t revision;

    pravega_put_version(out, 0, 1);
    revision = pravega_put_revision(out, 0);
    pravega_put_i64(out, segment->range.id);
    pravega_put_key_range(out, segment->range.min_key, segment->range.max_key);
    pravega_end_revision(out, revision);
    pravega_put_i64(out, segment->offset);
}

void pravega_watermark_to_bytes(const struct pravega_watermark *mark, struct weir_buf *out)
{
    size_t revision;

    pravega_put_version(out, 0, 1);
    revision = pravega_put_revision(out, 0);
    pravega_put_i64(out, mark->lower);
    pravega_put_i64(out, mark->upper);
    pravega_put_count(out, mark->segment_count);
    for (size_t i = 0; i < mark->segment_count; i++)
        put_segment(out, &mark->segments[i]);
    pravega_end_revision(out, revision);
}

static void get_segment(struct pravega_in *in, struct pravega_watermark_segment *segment)
{
    struct pravega_version version;

    pravega_get_version(in, 0, &version);
    if (pravega_get_revision(&version)) {
        segment->range.id = pravega_get_i64(in);
        segment->range.min_key = pravega_get_double(in);
        segment->range.max_key = pravega_get_double(in);
    }
    pravega_end_version(&version);
    segment->offset = pravega_get_i64(in);
}

static int by_id(const void *a, const void *b)
{
    pravega_segment_id left = ((const struct pravega_watermark_segment *)a)->range.id;
    pravega_segment_id right = ((const struct pravega_watermark_segment *)b)->range.id;

    return (left > right) - (left < right);
}

enum weir_status pravega_watermark_from_bytes(struct weir_view bytes, struct pravega_watermark *mark,
                                              struct weir_error *err)
{
    struct pravega_in in = pravega_in(bytes);
    struct pravega_version version;
    enum weir_status status;
    void *items;

    *mark = (struct pravega_watermark){0};
    pravega_get_version(&in, 0, &version);
    if (pravega_get_revision(&version)) {
        mark->lower = pravega_get_i64(&in);
        mark->upper = pravega_get_i64(&in);
        mark->segment_count = pravega_get_items(&in, SEGMENT_LEN_MIN, sizeof(*mark->segments), &items);
        mark->segments = items;
        for (size_t i = 0; i < mark->segment_count && pravega_get_more(&in); i++)
            get_segment(&in, &mark->segments[i]);
    }
    pravega_end_version(&version);
    status = pravega_in_status(&in);
    if (status != WEIR_OK) {
        pravega_watermark_fini(mark);
        return weir_fail(err, status, status == WEIR_E_NOMEM ? "no memory for a watermark" : "not a watermark");
    }
    if (mark->segment_count > 1)
        qsort(mark->segments, mark->segment_count, sizeof(*mark->segments), by_id);
    return WEIR_OK;
}
