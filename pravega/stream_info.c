/*
 * stream_info.c - all about a stream in one call: configuration, head and tail are asked for at once, and the callback
 * comes when all three are there, or with what the first of them failed of.
 */
#include "pravega/streams.h"

#include <stdlib.h>
#include <string.h>

#include "pravega/user_call.h"

struct info {
    struct pravega_user_call user; /* first; its call asks for the configuration */
    struct pravega_stream_config config;
    char **tags;
    struct pravega_segment_offset *head, *tail;
    size_t head_count, tail_count;
    int awaited; /* answers */
    struct weir_error why;
};

static void info_fini(struct pravega_user_call *user)
{
    struct info *info = (struct info *)user;

    for (size_t i = 0; i < info->config.tag_count && info->tags != NULL; i++)
        free(info->tags[i]);
    free(info->tags);
    free(info->head);
    free(info->tail);
}

static void info_end(struct info *info)
{
    struct pravega_stream_cut head = {info->user.scope, info->user.stream, info->head, info->head_count};
    struct pravega_stream_cut tail = {info->user.scope, info->user.stream, info->tail, info->tail_count};
    struct pravega_stream_info result = {&info->config, &head, &tail, info->tail_count == 0};
    enum weir_status status = info->why.status;

    pravega_user_call_end(&info->user);
    ((pravega_stream_info_fn *)info->user.done)(info->user.arg, status, status == WEIR_OK ? &result : NULL, &info->why);
    pravega_user_call_free(&info->user);
}

/* One of the three is there. */
static void on_part(struct info *info, enum weir_status status, const struct weir_error *why)
{
    if (info->why.status == WEIR_OK && status != WEIR_OK)
        info->why = *why;
    if (--info->awaited == 0)
        info_end(info);
}

static enum weir_status keep_config(struct info *info, const struct pravega_stream_config *config,
                                    struct weir_error *err)
{
    info->config = *config;
    info->tags = calloc(config->tag_count + 1, sizeof(*info->tags));
    if (info->tags == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "out of memory for %zu tags", config->tag_count);
    info->config.tags = (const char *const *)info->tags;
    for (size_t i = 0; i < config->tag_count; i++) {
        info->tags[i] = strdup(config->tags[i]);
        if (info->tags[i] == NULL)
            return weir_fail(err, WEIR_E_NOMEM, "out of memory for %zu tags", config->tag_count);
    }
    return WEIR_OK;
}

static void on_config(void *arg, enum weir_status status, const struct pravega_stream_config *config,
                      const struct weir_error *why)
{
    struct info *info = arg;
    struct weir_error err = *why;

    if (status == WEIR_OK)
        status = keep_config(info, config, &err);
    on_part(info, status, &err);
}

static enum weir_status keep_cut(const struct pravega_segment_offset *cut, size_t count,
                                 struct pravega_segment_offset **copy, size_t *copy_count, struct weir_error *err)
{
    *copy = calloc(count + 1, sizeof(**copy));
    if (*copy == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "out of memory for a stream cut of %zu segments", count);
    for (size_t i = 0; i < count; i++)
        (*copy)[i] = cut[i];
    *copy_count = count;
    return WEIR_OK;
}

static void on_head(void *arg, enum weir_status status, const struct pravega_segment_offset *cut, size_t count,
                    const struct weir_error *why)
{
    struct info *info = arg;
    struct weir_error err = *why;

    if (status == WEIR_OK)
        status = keep_cut(cut, count, &info->head, &info->head_count, &err);
    on_part(info, status, &err);
}

static void on_tail(void *arg, enum weir_status status, const struct pravega_segment_offset *cut, size_t count,
                    const struct weir_error *why)
{
    struct info *info = arg;
    struct weir_error err = *why;

    if (status == WEIR_OK)
        status = keep_cut(cut, count, &info->tail, &info->tail_count, &err);
    on_part(info, status, &err);
}

void pravega_stream_fetch_info(struct pravega_client *client, const struct pravega_stream_name *stream,
                               pravega_stream_info_fn *done, void *arg)
{
    struct weir_error why;
    struct info *info =
        pravega_user_call_new(client, sizeof(*info), stream, (void (*)(void))done, arg, info_fini, &why);

    if (info == NULL) {
        done(arg, why.status, NULL, &why);
        return;
    }
    info->awaited = 3;
    pravega_controller_stream_config(&info->user.call, client, stream, on_config, info);
    pravega_stream_head(client, stream, on_head, info);
    pravega_stream_tail(client, stream, on_tail, info);
}
