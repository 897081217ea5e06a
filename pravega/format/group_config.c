/*
 * group_config.c - a reader group's configuration: what a user gave, what is kept, and its bytes.
 *
 *     envelope of version 0
 *         revision 0: i64 automatic checkpoint interval | i64 refresh time
 *                     | map { utf "scope/stream" : bytes of the cut to begin at } | the same of the cuts to end at
 *         revision 1: all of revision 0 again | i32 most outstanding checkpoints
 *         revision 2: cint retention | i64 generation | uuid of the group
 */
#include "pravega/format/group_config.h"

#include <stdlib.h>

#include "pravega/format/objects.h"

#define CHECKPOINT_INTERVAL_MS_DEFAULT 30000
#define REFRESH_TIME_MS_DEFAULT 3000
#define OUTSTANDING_CHECKPOINTS_DEFAULT 3
#define ENTRY_LEN_MIN 6 /* "a/b", and no bytes: UNBOUNDED */

static void free_streams(struct pravega_group_config *config)
{
    for (size_t i = 0; i < config->stream_count; i++) {
        struct pravega_group_config_stream *stream = &config->streams[i];

        free(stream->scope);
        free(stream->stream);
        pravega_stream_cut_fini(&stream->from);
        pravega_stream_cut_fini(&stream->to);
    }
    free(config->streams);
    config->streams = NULL;
    config->stream_count = 0;
}

void pravega_group_config_fini(struct pravega_group_config *config)
{
    free_streams(config);
    *config = (struct pravega_group_config){0};
}

static int compare_streams(const void *a, const void *b)
{
    const struct pravega_group_config_stream *left = a, *right = b;

    return pravega_stream_compare(left->scope, left->stream, right->scope, right->stream);
}

/* Sorts them; one that is there twice, NULL if none is. */
static const struct pravega_group_config_stream *arrange(struct pravega_group_config *config)
{
    if (config->stream_count > 0)
        qsort(config->streams, config->stream_count, sizeof(*config->streams), compare_streams);
    for (size_t i = 1; i < config->stream_count; i++)
        if (compare_streams(&config->streams[i - 1], &config->streams[i]) == 0)
            return &config->streams[i];
    return NULL;
}

/* ---- what a user gives, and sees */

static enum weir_status take_cut(struct pravega_stream_cut *cut, const struct pravega_stream_cut *from,
                                 const struct pravega_stream_name *stream, struct weir_error *err)
{
    static const struct pravega_stream_cut unbounded;

    if (from != NULL && !pravega_stream_cut_is_unbounded(from) &&
        !pravega_stream_cut_is_of(from, stream->scope, stream->stream))
        return weir_fail(err, WEIR_E_INVAL, "a reader group's stream cut of %s/%s is given for %s/%s", from->scope,
                         from->stream, stream->scope, stream->stream);
    return pravega_stream_cut_copy(cut, from != NULL ? from : &unbounded, err);
}

/* Upstream's rule: no segment of both begins behind its end, and neither the oldest nor the newest segment of the start
 * is newer than that of the end. Without segments there is nothing to compare: a sealed stream's end. */
static bool precedes(const struct pravega_stream_cut *from, const struct pravega_stream_cut *to)
{
    if (pravega_stream_cut_is_unbounded(from) || pravega_stream_cut_is_unbounded(to) || from->position_count == 0 ||
        to->position_count == 0)
        return true;
    for (size_t i = 0; i < from->position_count; i++) {
        const struct pravega_segment_offset *at = &from->positions[i], *end = pravega_stream_cut_find(to, at->id);

        if (end == NULL || end->offset == PRAVEGA_OFFSET_COMPLETED)
            continue;
        if (at->offset == PRAVEGA_OFFSET_COMPLETED || at->offset > end->offset)
            return false;
    }
    return from->positions[0].id <= to->positions[0].id &&
           from->positions[from->position_count - 1].id <= to->positions[to->position_count - 1].id;
}

static enum weir_status take_stream(struct pravega_group_config_stream *stream, const struct pravega_group_stream *user,
                                    struct weir_error *err)
{
    const struct pravega_stream_name *name = &user->stream;
    enum weir_status status;

    if (!pravega_name_fits(weir_view_str(name->scope)) || !pravega_name_fits(weir_view_str(name->stream)))
        return weir_fail(err, WEIR_E_INVAL, "a reader group's stream \"%s/%s\" is no name of one",
                         name->scope != NULL ? name->scope : "", name->stream != NULL ? name->stream : "");
    stream->scope = strdup(name->scope);
    stream->stream = strdup(name->stream);
    if (stream->scope == NULL || stream->stream == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "out of memory for a reader group's configuration");
    status = take_cut(&stream->from, user->from, name, err);
    if (status == WEIR_OK)
        status = take_cut(&stream->to, user->to, name, err);
    if (status == WEIR_OK && !precedes(&stream->from, &stream->to))
        status = weir_fail(err, WEIR_E_INVAL, "a reader group's end in %s/%s is before its start", name->scope,
                           name->stream);
    return status;
}

static enum weir_status take_streams(struct pravega_group_config *config,
                                     const struct pravega_reader_group_config *user, struct weir_error *err)
{
    const struct pravega_group_config_stream *twice;
    enum weir_status status = WEIR_OK;

    if (user->stream_count == 0)
        return weir_fail(err, WEIR_E_INVAL, "a reader group needs a stream");
    config->streams = calloc(user->stream_count, sizeof(*config->streams));
    if (config->streams == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "out of memory for a reader group's configuration");
    for (size_t i = 0; i < user->stream_count && status == WEIR_OK; i++) {
        config->stream_count++;
        status = take_stream(&config->streams[i], &user->streams[i], err);
    }
    if (status != WEIR_OK)
        return status;
    twice = arrange(config);
    if (twice != NULL)
        return weir_fail(err, WEIR_E_INVAL, "a reader group has the stream %s/%s twice", twice->scope, twice->stream);
    return WEIR_OK;
}

static enum weir_status take_numbers(struct pravega_group_config *config,
                                     const struct pravega_reader_group_config *user, struct weir_error *err)
{
    config->automatic_checkpoint_interval_ms = user->automatic_checkpoint_interval_ms != 0
                                                   ? user->automatic_checkpoint_interval_ms
                                                   : CHECKPOINT_INTERVAL_MS_DEFAULT;
    config->group_refresh_time_ms =
        user->group_refresh_time_ms != 0 ? user->group_refresh_time_ms : REFRESH_TIME_MS_DEFAULT;
    config->max_outstanding_checkpoint_request = user->max_outstanding_checkpoint_request != 0
                                                     ? user->max_outstanding_checkpoint_request
                                                     : OUTSTANDING_CHECKPOINTS_DEFAULT;
    config->retention_type = user->retention_type;
    config->generation = -1;
    if (config->automatic_checkpoint_interval_ms < PRAVEGA_CHECKPOINT_INTERVAL_DISABLED ||
        config->group_refresh_time_ms < 0 || config->max_outstanding_checkpoint_request < 0)
        return weir_fail(err, WEIR_E_INVAL,
                         "times and numbers of a reader group must not be negative (they are %lld, %lld, %d); only "
                         "automatic_checkpoint_interval_ms may be -1: none",
                         (long long)user->automatic_checkpoint_interval_ms, (long long)user->group_refresh_time_ms,
                         user->max_outstanding_checkpoint_request);
    if (config->retention_type > PRAVEGA_DATA_RETENTION_AUTOMATIC_RELEASE_AT_LAST_CHECKPOINT)
        return weir_fail(err, WEIR_E_INVAL, "retention type %d of a reader group: 0, 1 or 2",
                         (int)config->retention_type);
    return WEIR_OK;
}

enum weir_status pravega_group_config_from_user(struct pravega_group_config *config,
                                                const struct pravega_reader_group_config *user, struct weir_error *err)
{
    enum weir_status status;

    *config = (struct pravega_group_config){0};
    status = take_numbers(config, user, err);
    if (status == WEIR_OK)
        status = take_streams(config, user, err);
    if (status != WEIR_OK)
        pravega_group_config_fini(config);
    return status;
}

void pravega_group_config_to_user(const struct pravega_group_config *config, struct pravega_group_stream *streams,
                                  struct pravega_reader_group_config *user)
{
    for (size_t i = 0; i < config->stream_count; i++) {
        const struct pravega_group_config_stream *stream = &config->streams[i];

        streams[i] = (struct pravega_group_stream){{stream->scope, stream->stream}, &stream->from, &stream->to};
    }
    *user = (struct pravega_reader_group_config){
        .streams = streams,
        .stream_count = config->stream_count,
        .automatic_checkpoint_interval_ms = config->automatic_checkpoint_interval_ms,
        .group_refresh_time_ms = config->group_refresh_time_ms,
        .max_outstanding_checkpoint_request = config->max_outstanding_checkpoint_request,
        .retention_type = config->retention_type,
    };
}

/* ---- copies */

static enum weir_status copy_stream(struct pravega_group_config_stream *stream,
                                    const struct pravega_group_config_stream *from, struct weir_error *err)
{
    enum weir_status status;

    stream->scope = strdup(from->scope);
    stream->stream = strdup(from->stream);
    if (stream->scope == NULL || stream->stream == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "out of memory for a reader group's configuration");
    status = pravega_stream_cut_copy(&stream->from, &from->from, err);
    return status == WEIR_OK ? pravega_stream_cut_copy(&stream->to, &from->to, err) : status;
}

enum weir_status pravega_group_config_copy(struct pravega_group_config *config, const struct pravega_group_config *from,
                                           struct weir_error *err)
{
    enum weir_status status = WEIR_OK;

    *config = *from;
    config->streams = NULL;
    config->stream_count = 0;
    if (from->stream_count > 0)
        config->streams = calloc(from->stream_count, sizeof(*config->streams));
    if (from->stream_count > 0 && config->streams == NULL)
        status = weir_fail(err, WEIR_E_NOMEM, "out of memory for a reader group's configuration");
    for (size_t i = 0; i < from->stream_count && status == WEIR_OK; i++) {
        config->stream_count++;
        status = copy_stream(&config->streams[i], &from->streams[i], err);
    }
    if (status != WEIR_OK)
        pravega_group_config_fini(config);
    return status;
}

bool pravega_group_config_equal(const struct pravega_group_config *a, const struct pravega_group_config *b)
{
    if (a->stream_count != b->stream_count || a->retention_type != b->retention_type ||
        a->automatic_checkpoint_interval_ms != b->automatic_checkpoint_interval_ms ||
        a->group_refresh_time_ms != b->group_refresh_time_ms ||
        a->max_outstanding_checkpoint_request != b->max_outstanding_checkpoint_request)
        return false;
    for (size_t i = 0; i < a->stream_count; i++)
        if (compare_streams(&a->streams[i], &b->streams[i]) != 0 ||
            !pravega_stream_cut_equal(&a->streams[i].from, &b->streams[i].from) ||
            !pravega_stream_cut_equal(&a->streams[i].to, &b->streams[i].to))
            return false;
    return true;
}

/* ---- writing */

static void put_revision_0(struct weir_buf *out, const struct pravega_group_config *config)
{
    pravega_put_i64(out, config->automatic_checkpoint_interval_ms);
    pravega_put_i64(out, config->group_refresh_time_ms);
    for (int end = 0; end < 2; end++) {
        pravega_put_count(out, config->stream_count);
        for (size_t i = 0; i < config->stream_count; i++) {
            const struct pravega_group_config_stream *stream = &config->streams[i];
            struct pravega_stream_name name = {stream->scope, stream->stream};

            pravega_put_stream(out, &name);
            pravega_put_stream_cut_bytes(out, end ? &stream->to : &stream->from);
        }
    }
}

void pravega_put_group_config(struct weir_buf *out, const struct pravega_group_config *config)
{
    size_t revision;

    pravega_put_version(out, 0, 3);
    revision = pravega_put_revision(out, 0);
    put_revision_0(out, config);
    pravega_end_revision(out, revision);
    revision = pravega_put_revision(out, 1);
    put_revision_0(out, config);
    pravega_put_i32(out, config->max_outstanding_checkpoint_request);
    pravega_end_revision(out, revision);
    revision = pravega_put_revision(out, 2);
    pravega_put_cint(out, (int)config->retention_type);
    pravega_put_i64(out, config->generation);
    pravega_put_uuid(out, config->id);
    pravega_end_revision(out, revision);
}

void pravega_group_config_to_bytes(const struct pravega_group_config *config, struct weir_buf *out)
{
    pravega_put_group_config(out, config);
}

/* ---- reading */

/* UNBOUNDED, or of the stream it is filed under. */
static void get_cut(struct pravega_in *in, const char *scope, const char *stream, struct pravega_stream_cut *cut)
{
    pravega_get_stream_cut_bytes(in, cut);
    if (pravega_get_more(in) && !pravega_stream_cut_is_unbounded(cut) && !pravega_stream_cut_is_of(cut, scope, stream))
        pravega_in_refuse(in);
}

static void get_starts(struct pravega_in *in, struct pravega_group_config *config)
{
    struct pravega_group_config_stream *streams;
    void *items;

    config->stream_count = pravega_get_items(in, ENTRY_LEN_MIN, sizeof(*streams), &items);
    config->streams = streams = items;
    for (size_t i = 0; i < config->stream_count && pravega_get_more(in); i++) {
        struct weir_view scope, stream;

        pravega_get_stream(in, &scope, &stream);
        streams[i].scope = pravega_in_strdup(in, scope);
        streams[i].stream = pravega_in_strdup(in, stream);
        if (pravega_get_more(in))
            get_cut(in, streams[i].scope, streams[i].stream, &streams[i].from);
    }
    if (pravega_get_more(in) && arrange(config) != NULL)
        pravega_in_refuse(in);
}

/* The end of a stream that is not read means nothing. */
static void get_end(struct pravega_in *in, struct pravega_group_config *config)
{
    struct pravega_group_config_stream key = {0}, *stream = NULL;
    struct weir_view scope, name;

    pravega_get_stream(in, &scope, &name);
    key.scope = pravega_in_strdup(in, scope);
    key.stream = pravega_in_strdup(in, name);
    if (pravega_get_more(in)) {
        get_cut(in, key.scope, key.stream, &key.to);
        if (config->stream_count > 0)
            stream = bsearch(&key, config->streams, config->stream_count, sizeof(key), compare_streams);
    }
    if (stream != NULL) {
        pravega_stream_cut_fini(&stream->to);
        stream->to = key.to;
        key.to = (struct pravega_stream_cut){0};
    }
    pravega_stream_cut_fini(&key.to);
    free(key.scope);
    free(key.stream);
}

static void get_revision_0(struct pravega_in *in, struct pravega_group_config *config)
{
    free_streams(config);
    config->automatic_checkpoint_interval_ms = pravega_get_i64(in);
    config->group_refresh_time_ms = pravega_get_i64(in);
    get_starts(in, config);
    for (size_t count = pravega_get_count(in, ENTRY_LEN_MIN); count > 0 && pravega_get_more(in); count--)
        get_end(in, config);
}

void pravega_get_group_config(struct pravega_in *in, struct pravega_group_config *config)
{
    struct pravega_version version;
    int32_t retention;

    config->max_outstanding_checkpoint_request = OUTSTANDING_CHECKPOINTS_DEFAULT;
    config->generation = -1;
    pravega_get_version(in, 0, &version);
    if (pravega_get_revision(&version))
        get_revision_0(in, config);
    if (pravega_get_revision(&version)) {
        get_revision_0(in, config);
        config->max_outstanding_checkpoint_request = pravega_get_i32(in);
    }
    if (pravega_get_revision(&version)) {
        retention = pravega_get_cint(in);
        if (retention > PRAVEGA_DATA_RETENTION_AUTOMATIC_RELEASE_AT_LAST_CHECKPOINT)
            pravega_in_refuse(in);
        config->retention_type = (enum pravega_data_retention)retention;
        config->generation = pravega_get_i64(in);
        config->id = pravega_get_uuid(in);
    }
    pravega_end_version(&version);
    if (config->stream_count == 0 || config->max_outstanding_checkpoint_request <= 0)
        pravega_in_refuse(in);
}

enum weir_status pravega_group_config_from_bytes(struct weir_view bytes, struct pravega_group_config *config,
                                                 struct weir_error *err)
{
    struct pravega_in in = pravega_in(bytes);
    enum weir_status status;

    *config = (struct pravega_group_config){0};
    pravega_get_group_config(&in, config);
    status = pravega_in_finish(&in, bytes.len, "reader group's configuration", err);
    if (status != WEIR_OK)
        pravega_group_config_fini(config);
    return status;
}
