/*
 * checkpoint.c - a group's checkpoint in memory and as bytes.
 *
 *     envelope of version 0: utf name | map { utf "scope/stream" : stream cut, with its envelope }
 */
#include "pravega/position.h"

#include <stdlib.h>

#include "pravega/format/objects.h"

#define STREAM_LEN_MIN 5 /* "a/b" */

void pravega_checkpoint_fini(struct pravega_checkpoint *checkpoint)
{
    for (size_t i = 0; i < checkpoint->cut_count; i++)
        pravega_stream_cut_fini(&checkpoint->cuts[i]);
    free(checkpoint->cuts);
    free(checkpoint->name);
    *checkpoint = (struct pravega_checkpoint){0};
}

enum weir_status pravega_checkpoint_copy(struct pravega_checkpoint *checkpoint, const struct pravega_checkpoint *from,
                                         struct weir_error *err)
{
    enum weir_status status = WEIR_OK;

    *checkpoint = (struct pravega_checkpoint){0};
    checkpoint->name = strdup(from->name);
    if (from->cut_count > 0)
        checkpoint->cuts = calloc(from->cut_count, sizeof(*checkpoint->cuts));
    if (checkpoint->name == NULL || (from->cut_count > 0 && checkpoint->cuts == NULL)) {
        pravega_checkpoint_fini(checkpoint);
        return weir_fail(err, WEIR_E_NOMEM, "out of memory for a checkpoint of %zu streams", from->cut_count);
    }
    checkpoint->cut_count = from->cut_count;
    for (size_t i = 0; i < from->cut_count && status == WEIR_OK; i++)
        status = pravega_stream_cut_copy(&checkpoint->cuts[i], &from->cuts[i], err);
    if (status != WEIR_OK)
        pravega_checkpoint_fini(checkpoint);
    return status;
}

static int compare_cuts(const void *a, const void *b)
{
    const struct pravega_stream_cut *left = a, *right = b;

    return pravega_stream_compare(left->scope, left->stream, right->scope, right->stream);
}

const struct pravega_stream_cut *pravega_checkpoint_cut(const struct pravega_checkpoint *checkpoint,
                                                        const struct pravega_stream_name *stream)
{
    struct pravega_stream_cut key = {.scope = (char *)stream->scope, .stream = (char *)stream->stream};

    if (checkpoint->cut_count == 0)
        return NULL;
    return bsearch(&key, checkpoint->cuts, checkpoint->cut_count, sizeof(key), compare_cuts);
}

void pravega_checkpoint_to_bytes(const struct pravega_checkpoint *checkpoint, struct weir_buf *out)
{
    size_t revision;

    pravega_put_version(out, 0, 1);
    revision = pravega_put_revision(out, 0);
    pravega_put_str(out, checkpoint->name);
    pravega_put_count(out, checkpoint->cut_count);
    for (size_t i = 0; i < checkpoint->cut_count; i++) {
        struct pravega_stream_name name = {checkpoint->cuts[i].scope, checkpoint->cuts[i].stream};

        pravega_put_stream(out, &name);
        pravega_put_stream_cut(out, &checkpoint->cuts[i]);
    }
    pravega_end_revision(out, revision);
}

/* A cut and the stream that it is filed under, which has to be its own. */
static void get_cut(struct pravega_in *in, struct pravega_stream_cut *cut)
{
    struct weir_view scope, stream;

    pravega_get_stream(in, &scope, &stream);
    pravega_get_stream_cut(in, cut);
    if (pravega_get_more(in) &&
        (!weir_view_equal(scope, weir_view_str(cut->scope)) || !weir_view_equal(stream, weir_view_str(cut->stream))))
        pravega_in_refuse(in);
}

static void get_cuts(struct pravega_in *in, struct pravega_checkpoint *checkpoint)
{
    struct pravega_stream_cut *cuts;
    void *items;

    checkpoint->cut_count = pravega_get_items(in, STREAM_LEN_MIN + PRAVEGA_STREAM_CUT_LEN_MIN, sizeof(*cuts), &items);
    checkpoint->cuts = cuts = items;
    for (size_t i = 0; i < checkpoint->cut_count && pravega_get_more(in); i++)
        get_cut(in, &cuts[i]);
    if (checkpoint->cut_count == 0 || !pravega_get_more(in))
        return;
    qsort(cuts, checkpoint->cut_count, sizeof(*cuts), compare_cuts);
    for (size_t i = 1; i < checkpoint->cut_count; i++)
        if (compare_cuts(&cuts[i - 1], &cuts[i]) == 0)
            pravega_in_refuse(in);
}

enum weir_status pravega_checkpoint_from_bytes(struct weir_view bytes, struct pravega_checkpoint *checkpoint,
                                               struct weir_error *err)
{
    struct pravega_in in = pravega_in(bytes);
    struct pravega_version version;
    enum weir_status status;

    *checkpoint = (struct pravega_checkpoint){0};
    pravega_get_version(&in, 0, &version);
    if (pravega_get_revision(&version)) {
        checkpoint->name = pravega_get_str(&in);
        get_cuts(&in, checkpoint);
    }
    pravega_end_version(&version);
    if (checkpoint->name == NULL)
        pravega_in_refuse(&in);
    status = pravega_in_finish(&in, bytes.len, "checkpoint", err);
    if (status != WEIR_OK)
        pravega_checkpoint_fini(checkpoint);
    return status;
}
