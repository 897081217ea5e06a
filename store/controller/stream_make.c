/*
 * stream_make.c - a stream comes and goes: its record and its segments, as parts of a batch.
 *
 * Every stream has a companion, "_MARK<stream>", that readers open for its watermarks; it comes and goes with it. A
 * stream that is made again under an old name numbers its segments on, so that no client takes an old one for a new
 * one.
 */
#include <string.h>

#include "store/controller/controller_int.h"
#include "store/controller/stream_config.h"
#include "store/rules/names.h"

/* Where the numbers of a stream of that name go on. */
static int32_t first_number(struct weir_controller *ctl, const struct weir_held_stream *stream)
{
    struct weir_view value;
    struct weir_buf key;
    int32_t first = 0;

    weir_buf_init(&key, WEIR_MAP_KEY_LEN_MAX);
    weir_buf_printf(&key, WEIR_CATALOG_DEAD "%s/%s", stream->scope->name, stream->name);
    if (key.status == WEIR_OK && weir_map_get(ctl->ctr, weir_buf_view(&key), &value) && value.len == 4)
        first = (int32_t)weir_get_u32be(value.ptr);
    weir_buf_fini(&key);
    return first;
}

/* One stream without its companion. */
static struct weir_held_stream *make_one(struct weir_controller *ctl, struct weir_batch *batch,
                                         struct weir_held_scope *scope, struct weir_view name, struct weir_view config,
                                         int32_t segment_count)
{
    struct weir_held_stream *stream = weir_held_stream_new(scope, name);

    if (stream == NULL)
        return NULL;
    stream->rec.state = WEIR_STREAM_ACTIVE;
    stream->rec.created_ms = weir_loop_wall_ms(ctl->loop);
    weir_buf_init(&stream->rec.config, WEIR_CATALOG_RECORD_LEN_MAX);
    weir_buf_append(&stream->rec.config, config.ptr, config.len);
    weir_stream_policy_read(&stream->policy, config);
    if (stream->rec.config.status != WEIR_OK ||
        weir_epochs_init(&stream->rec.epochs, segment_count, first_number(ctl, stream), stream->rec.created_ms) !=
            WEIR_OK ||
        weir_name_table_insert(&scope->streams, stream) != WEIR_OK) {
        weir_held_stream_free(stream, ctl->loop);
        return NULL;
    }
    for (size_t i = 0; i < stream->rec.epochs.list[0].segment_count; i++)
        weir_batch_create_segment(batch, stream, stream->rec.epochs.list[0].segments[i].id);
    weir_batch_put_stream(batch, stream);
    return stream;
}

/* The companion's name; "" for a companion's own. */
static struct weir_view mark_name(struct weir_view stream, char out[PRAVEGA_NAME_LEN_MAX + 16])
{
    size_t prefix_len = strlen(WEIR_MARK_PREFIX);

    if (weir_view_starts_with(stream, WEIR_MARK_PREFIX) || stream.len > PRAVEGA_NAME_LEN_MAX)
        return weir_view(out, 0);
    memcpy(out, WEIR_MARK_PREFIX, prefix_len);
    memcpy(out + prefix_len, stream.ptr, stream.len);
    return weir_view(out, prefix_len + stream.len);
}

struct weir_held_stream *weir_stream_mark(const struct weir_held_stream *stream)
{
    char text[PRAVEGA_NAME_LEN_MAX + 16];
    struct weir_view name = mark_name(weir_view_str(stream->name), text);

    return name.len > 0 ? weir_name_table_find(&stream->scope->streams, name) : NULL;
}

/* False if out of memory; a companion that is there already is fine. */
static bool make_mark(struct weir_controller *ctl, struct weir_batch *batch, struct weir_held_stream *stream)
{
    char text[PRAVEGA_NAME_LEN_MAX + 16];
    struct weir_view name = mark_name(weir_view_str(stream->name), text);
    struct weir_buf config;
    bool made;

    if (name.len == 0 || weir_name_table_find(&stream->scope->streams, name) != NULL)
        return true;
    weir_buf_init(&config, WEIR_CATALOG_RECORD_LEN_MAX);
    made = weir_stream_config_fixed(&config, stream->scope->name, name, 1, 0) == WEIR_OK &&
           make_one(ctl, batch, stream->scope, name, weir_buf_view(&config), 1) != NULL;
    weir_buf_fini(&config);
    return made;
}

struct weir_held_stream *weir_stream_make(struct weir_controller *ctl, struct weir_batch *batch,
                                          struct weir_held_scope *scope, struct weir_view name, struct weir_view config,
                                          int32_t segment_count)
{
    struct weir_held_stream *stream = make_one(ctl, batch, scope, name, config, segment_count);

    if (stream != NULL && !make_mark(ctl, batch, stream)) {
        weir_stream_drop(ctl, stream);
        stream = NULL;
    }
    if (stream == NULL)
        batch->status = WEIR_E_NOMEM;
    return stream;
}

void weir_stream_drop(struct weir_controller *ctl, struct weir_held_stream *stream)
{
    struct weir_held_stream *mark = weir_stream_mark(stream);

    if (mark != NULL) {
        weir_name_table_remove(&stream->scope->streams, mark);
        weir_held_stream_free(mark, ctl->loop);
    }
    weir_name_table_remove(&stream->scope->streams, stream);
    weir_held_stream_free(stream, ctl->loop);
}

struct removal {
    struct weir_batch *batch;
    const struct weir_held_stream *stream;
};

static void remove_segment(void *arg, const struct weir_segment_range *segment)
{
    struct removal *removal = arg;

    weir_batch_delete_segment(removal->batch, removal->stream, segment->id);
}

void weir_stream_remove_alone(struct weir_batch *batch, const struct weir_held_stream *stream)
{
    struct removal removal = {batch, stream};

    weir_epochs_each(&stream->rec.epochs, remove_segment, &removal);
    weir_batch_remove_stream(batch, stream);
    weir_batch_put_dead_stream(batch, stream, weir_epochs_next_number(&stream->rec.epochs));
}

void weir_stream_remove(struct weir_batch *batch, const struct weir_held_stream *stream)
{
    const struct weir_held_stream *mark = weir_stream_mark(stream);

    weir_stream_remove_alone(batch, stream);
    if (mark != NULL)
        weir_stream_remove_alone(batch, mark);
}
