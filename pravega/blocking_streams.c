/*
 * blocking_streams.c - the blocking forms of pravega/streams.h and of the batch's segments.
 *
 * Each is pravega_await_begin(), the call, pravega_await_end(). A callback with a result copies it into one block of
 * memory: the struct, then its arrays, then strings.
 */
#include "pravega/blocking_int.h"

#include <stdlib.h>
#include <string.h>

void pravega_await_on_exists(void *arg, enum weir_status status, bool exists, const struct weir_error *why)
{
    bool *out = pravega_await_out(arg);

    if (out != NULL)
        *out = exists;
    pravega_await_done(arg, status, why);
}

static void on_ranges(void *arg, enum weir_status status, const struct pravega_segment_range *segments, size_t count,
                      const struct weir_error *why)
{
    struct pravega_ranges **out = pravega_await_out(arg);
    struct pravega_ranges *copy;

    if (out == NULL || status != WEIR_OK) {
        pravega_await_done(arg, status, why);
        return;
    }
    copy = malloc(sizeof(*copy) + count * sizeof(copy->ranges[0]));
    if (copy == NULL) {
        pravega_await_nomem(arg);
        return;
    }
    copy->count = count;
    for (size_t i = 0; i < count; i++)
        copy->ranges[i] = segments[i];
    *out = copy;
    pravega_await_done(arg, status, why);
}

static void on_scaled(void *arg, enum weir_status status, int32_t epoch, const struct pravega_segment_range *segments,
                      size_t count, const struct weir_error *why)
{
    (void)epoch;
    on_ranges(arg, status, segments, count, why);
}

static size_t cut_len(const struct pravega_stream_cut *cut)
{
    return pravega_result_len(sizeof(*cut)) + pravega_result_cut_len(cut);
}

static struct pravega_stream_cut *put_cut(char **at, const struct pravega_stream_cut *cut)
{
    struct pravega_stream_cut *copy = pravega_result_take(at, sizeof(*copy));

    pravega_result_cut(at, cut, copy);
    return copy;
}

static size_t config_len(const struct pravega_stream_config *config)
{
    size_t len = pravega_result_len(sizeof(*config)) + pravega_result_len(config->tag_count * sizeof(config->tags[0]));

    for (size_t i = 0; i < config->tag_count; i++)
        len += pravega_result_len(strlen(config->tags[i]) + 1);
    return len;
}

static struct pravega_stream_config *put_config(char **at, const struct pravega_stream_config *config)
{
    struct pravega_stream_config *copy = pravega_result_take(at, sizeof(*copy));
    const char **tags = pravega_result_take(at, config->tag_count * sizeof(*tags));

    *copy = *config;
    copy->tags = tags;
    for (size_t i = 0; i < config->tag_count; i++)
        tags[i] = pravega_result_text(at, config->tags[i]);
    return copy;
}

static void on_info(void *arg, enum weir_status status, const struct pravega_stream_info *info,
                    const struct weir_error *why)
{
    struct pravega_stream_info **out = pravega_await_out(arg);
    struct pravega_stream_info *copy;
    char *at;

    if (out == NULL || status != WEIR_OK) {
        pravega_await_done(arg, status, why);
        return;
    }
    at = malloc(pravega_result_len(sizeof(*copy)) + config_len(info->config) + cut_len(info->head) +
                cut_len(info->tail));
    if (at == NULL) {
        pravega_await_nomem(arg);
        return;
    }
    copy = pravega_result_take(&at, sizeof(*copy));
    copy->config = put_config(&at, info->config);
    copy->head = put_cut(&at, info->head);
    copy->tail = put_cut(&at, info->tail);
    copy->sealed = info->sealed;
    *out = copy;
    pravega_await_done(arg, status, why);
}

static void on_batch_segments(void *arg, enum weir_status status, const struct pravega_batch_segments *segments,
                              const struct weir_error *why)
{
    struct pravega_batch_segments **out = pravega_await_out(arg);
    struct pravega_batch_segments *copy;
    struct pravega_batch_range *ranges;
    size_t ranges_len;
    char *at;

    if (out == NULL || status != WEIR_OK) {
        pravega_await_done(arg, status, why);
        return;
    }
    ranges_len = segments->range_count * sizeof(segments->ranges[0]);
    at = malloc(pravega_result_len(sizeof(*copy)) + pravega_result_len(ranges_len) + cut_len(segments->from) +
                cut_len(segments->to));
    if (at == NULL) {
        pravega_await_nomem(arg);
        return;
    }
    copy = pravega_result_take(&at, sizeof(*copy));
    ranges = pravega_result_take(&at, ranges_len);
    for (size_t i = 0; i < segments->range_count; i++)
        ranges[i] = segments->ranges[i];
    copy->ranges = ranges;
    copy->range_count = segments->range_count;
    copy->from = put_cut(&at, segments->from);
    copy->to = put_cut(&at, segments->to);
    *out = copy;
    pravega_await_done(arg, status, why);
}

/* ---- scopes */

enum weir_status pravega_await_scope_create(struct pravega_session *session, const char *scope, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, NULL);

    if (await != NULL)
        pravega_scope_create(pravega_session_client(session), scope, pravega_await_done, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_scope_delete(struct pravega_session *session, const char *scope, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, NULL);

    if (await != NULL)
        pravega_scope_delete(pravega_session_client(session), scope, pravega_await_done, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_scope_delete_recursive(struct pravega_session *session, const char *scope,
                                                      struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, NULL);

    if (await != NULL)
        pravega_scope_delete_recursive(pravega_session_client(session), scope, pravega_await_done, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_scope_exists(struct pravega_session *session, const char *scope, bool *exists,
                                            struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, exists);

    *exists = false;
    if (await != NULL)
        pravega_scope_exists(pravega_session_client(session), scope, pravega_await_on_exists, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_scope_list(struct pravega_session *session, struct pravega_names **names,
                                          struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, names);

    *names = NULL;
    if (await != NULL)
        pravega_scope_list(pravega_session_client(session), pravega_await_on_names, await);
    return pravega_await_end(session, await, err);
}

/* ---- streams */

enum weir_status pravega_await_stream_list(struct pravega_session *session, const char *scope,
                                           struct pravega_names **names, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, names);

    *names = NULL;
    if (await != NULL)
        pravega_stream_list(pravega_session_client(session), scope, pravega_await_on_names, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_stream_list_tagged(struct pravega_session *session, const char *scope, const char *tag,
                                                  struct pravega_names **names, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, names);

    *names = NULL;
    if (await != NULL)
        pravega_stream_list_tagged(pravega_session_client(session), scope, tag, pravega_await_on_names, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_stream_exists(struct pravega_session *session, const struct pravega_stream_name *stream,
                                             bool *exists, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, exists);

    *exists = false;
    if (await != NULL)
        pravega_stream_exists(pravega_session_client(session), stream, pravega_await_on_exists, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_stream_create(struct pravega_session *session, const struct pravega_stream_name *stream,
                                             const struct pravega_stream_config *config, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, NULL);

    if (await != NULL)
        pravega_stream_create(pravega_session_client(session), stream, config, pravega_await_done, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_stream_update(struct pravega_session *session, const struct pravega_stream_name *stream,
                                             const struct pravega_stream_config *config, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, NULL);

    if (await != NULL)
        pravega_stream_update(pravega_session_client(session), stream, config, pravega_await_done, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_stream_get_tags(struct pravega_session *session,
                                               const struct pravega_stream_name *stream, struct pravega_names **tags,
                                               struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, tags);

    *tags = NULL;
    if (await != NULL)
        pravega_stream_get_tags(pravega_session_client(session), stream, pravega_await_on_names, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_stream_truncate(struct pravega_session *session,
                                               const struct pravega_stream_name *stream,
                                               const struct pravega_stream_cut *cut, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, NULL);

    if (await != NULL)
        pravega_stream_truncate(pravega_session_client(session), stream, cut, pravega_await_done, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_stream_seal(struct pravega_session *session, const struct pravega_stream_name *stream,
                                           struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, NULL);

    if (await != NULL)
        pravega_stream_seal(pravega_session_client(session), stream, pravega_await_done, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_stream_delete(struct pravega_session *session, const struct pravega_stream_name *stream,
                                             struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, NULL);

    if (await != NULL)
        pravega_stream_delete(pravega_session_client(session), stream, pravega_await_done, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_stream_info(struct pravega_session *session, const struct pravega_stream_name *stream,
                                           struct pravega_stream_info **info, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, info);

    *info = NULL;
    if (await != NULL)
        pravega_stream_fetch_info(pravega_session_client(session), stream, on_info, await);
    return pravega_await_end(session, await, err);
}

/* ---- segments */

enum weir_status pravega_await_current_segments(struct pravega_session *session,
                                                const struct pravega_stream_name *stream,
                                                struct pravega_ranges **segments, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, segments);

    *segments = NULL;
    if (await != NULL)
        pravega_stream_current_segments(pravega_session_client(session), stream, on_ranges, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_stream_scale(struct pravega_session *session, const struct pravega_stream_name *stream,
                                            const struct pravega_scale *scale, struct pravega_ranges **segments,
                                            struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, segments);

    if (segments != NULL)
        *segments = NULL;
    if (await != NULL)
        pravega_stream_scale(pravega_session_client(session), stream, scale, on_scaled, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_batch_segments(struct pravega_session *session, const struct pravega_stream_name *stream,
                                              const struct pravega_stream_cut *from,
                                              const struct pravega_stream_cut *to,
                                              struct pravega_batch_segments **segments, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, segments);

    *segments = NULL;
    if (await != NULL)
        pravega_batch_segments(pravega_session_client(session), stream, from, to, on_batch_segments, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_scope_list_page(struct pravega_session *session, const char *token,
                                               struct pravega_name_page **page, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, page);

    *page = NULL;
    if (await != NULL)
        pravega_scope_list_page(pravega_session_client(session), token, pravega_await_on_page, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_stream_list_page(struct pravega_session *session, const char *scope, const char *token,
                                                struct pravega_name_page **page, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, page);

    *page = NULL;
    if (await != NULL)
        pravega_stream_list_page(pravega_session_client(session), scope, token, pravega_await_on_page, await);
    return pravega_await_end(session, await, err);
}
