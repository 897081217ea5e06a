/*
 * streams.c - scopes and streams for users: the calls that are one question to the controller each.
 *
 * The questions themselves are controller_streams.c and controller_segments.c. Here names, configurations and cuts are
 * checked as upstream checks those that users give. Lists are in stream_lists.c, those that take several questions in
 * stream_info.c, stream_tail.c and stream_scale.c.
 */
#include "pravega/streams.h"

#include <stdlib.h>
#include <string.h>

#include "pravega/user_call.h"

#define USER_STREAM_LEN_MAX 250 /* upstream adds prefixes of its own */

/* ---- calls that only succeed or fail */

static void on_done(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct pravega_user_call *user = arg;

    pravega_user_call_end(user);
    ((pravega_done_fn *)user->done)(user->arg, status, why);
    pravega_user_call_free(user);
}

static struct pravega_user_call *start_done(struct pravega_client *client, pravega_done_fn *done, void *arg)
{
    struct weir_error why;
    struct pravega_user_call *user =
        pravega_user_call_new(client, sizeof(*user), NULL, (void (*)(void))done, arg, NULL, &why);

    if (user == NULL)
        done(arg, why.status, &why);
    return user;
}

static bool user_name(const char *name, size_t len_max)
{
    size_t len = name != NULL ? strlen(name) : 0;

    return len > 0 && len <= len_max &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-") == len;
}

static enum weir_status check_name(const char *kind, const char *name, size_t len_max, struct weir_error *err)
{
    if (user_name(name, len_max))
        return WEIR_OK;
    return weir_fail(err, WEIR_E_INVAL, "cannot create %s \"%s\": names take 1 to %zu letters, digits, '.' and '-'",
                     kind, name != NULL ? name : "", len_max);
}

/* What upstream's builders of policies and of StreamConfiguration refuse. */
static enum weir_status check_config(const char *verb, const struct pravega_stream_name *stream,
                                     const struct pravega_stream_config *config, struct weir_error *err)
{
    const char *what = NULL;

    if (config->min_segments < 0)
        what = "it needs 1 segment or more";
    else if (config->scale_type != PRAVEGA_SCALE_FIXED && (config->target_rate < 1 || config->scale_factor < 1))
        what = "scaling by rate takes a target rate and a scale factor of 1 or more";
    else if (config->retention_type != PRAVEGA_RETENTION_NONE && config->retention_min < 0)
        what = "retention keeps 0 or more";
    else if (config->retention_max != 0 && config->retention_max < config->retention_min)
        what = "retention keeps at most less than at least";
    else if (config->timestamp_aggregation_timeout_ms < 0 || config->rollover_bytes < 0)
        what = "the timestamp aggregation timeout and the rollover size are not negative";
    else if (config->tag_count > PRAVEGA_TAGS_MAX)
        what = "it has more than 127 tags";
    for (size_t i = 0; i < config->tag_count && what == NULL; i++)
        if (strlen(config->tags[i]) > PRAVEGA_TAG_LEN_MAX)
            what = "a tag has more than 255 bytes";
    if (what == NULL)
        return WEIR_OK;
    return weir_fail(err, WEIR_E_INVAL, "cannot %s stream %s/%s: %s", verb, stream->scope, stream->stream, what);
}

void pravega_scope_create(struct pravega_client *client, const char *scope, pravega_done_fn *done, void *arg)
{
    struct pravega_user_call *user = start_done(client, done, arg);
    struct weir_error why;

    if (user == NULL)
        return;
    if (check_name("scope", scope, PRAVEGA_NAME_LEN_MAX, &why) == WEIR_OK)
        pravega_controller_create_scope(&user->call, client, scope, on_done, user);
    else
        pravega_user_call_later(user, &why, on_done);
}

void pravega_scope_delete(struct pravega_client *client, const char *scope, pravega_done_fn *done, void *arg)
{
    struct pravega_user_call *user = start_done(client, done, arg);

    if (user != NULL)
        pravega_controller_delete_scope(&user->call, client, scope, on_done, user);
}

void pravega_scope_delete_recursive(struct pravega_client *client, const char *scope, pravega_done_fn *done, void *arg)
{
    struct pravega_user_call *user = start_done(client, done, arg);

    if (user != NULL)
        pravega_controller_delete_scope_recursive(&user->call, client, scope, on_done, user);
}

void pravega_stream_create(struct pravega_client *client, const struct pravega_stream_name *stream,
                           const struct pravega_stream_config *config, pravega_done_fn *done, void *arg)
{
    struct pravega_user_call *user = start_done(client, done, arg);
    struct weir_error why;

    if (user == NULL)
        return;
    if (check_name("stream", stream->stream, USER_STREAM_LEN_MAX, &why) == WEIR_OK &&
        check_config("create", stream, config, &why) == WEIR_OK)
        pravega_controller_create_stream(&user->call, client, stream, config, on_done, user);
    else
        pravega_user_call_later(user, &why, on_done);
}

void pravega_stream_update(struct pravega_client *client, const struct pravega_stream_name *stream,
                           const struct pravega_stream_config *config, pravega_done_fn *done, void *arg)
{
    struct pravega_user_call *user = start_done(client, done, arg);
    struct weir_error why;

    if (user == NULL)
        return;
    if (check_config("update", stream, config, &why) == WEIR_OK)
        pravega_controller_update_stream(&user->call, client, stream, config, on_done, user);
    else
        pravega_user_call_later(user, &why, on_done);
}

void pravega_stream_seal(struct pravega_client *client, const struct pravega_stream_name *stream, pravega_done_fn *done,
                         void *arg)
{
    struct pravega_user_call *user = start_done(client, done, arg);

    if (user != NULL)
        pravega_controller_seal_stream(&user->call, client, stream, on_done, user);
}

void pravega_stream_delete(struct pravega_client *client, const struct pravega_stream_name *stream,
                           pravega_done_fn *done, void *arg)
{
    struct pravega_user_call *user = start_done(client, done, arg);

    if (user != NULL)
        pravega_controller_delete_stream(&user->call, client, stream, on_done, user);
}

void pravega_stream_check_scale(struct pravega_client *client, const struct pravega_stream_name *stream, int32_t epoch,
                                pravega_done_fn *done, void *arg)
{
    struct pravega_user_call *user = start_done(client, done, arg);

    if (user != NULL)
        pravega_controller_check_scale(&user->call, client, stream, epoch, on_done, user);
}

/* ---- yes or no */

static void on_exists(void *arg, enum weir_status status, bool exists, const struct weir_error *why)
{
    struct pravega_user_call *user = arg;

    pravega_user_call_end(user);
    ((pravega_exists_fn *)user->done)(user->arg, status, exists, why);
    pravega_user_call_free(user);
}

void pravega_scope_exists(struct pravega_client *client, const char *scope, pravega_exists_fn *done, void *arg)
{
    struct weir_error why;
    struct pravega_user_call *user =
        pravega_user_call_new(client, sizeof(*user), NULL, (void (*)(void))done, arg, NULL, &why);

    if (user != NULL)
        pravega_controller_scope_exists(&user->call, client, scope, on_exists, user);
    else
        done(arg, why.status, false, &why);
}

void pravega_stream_exists(struct pravega_client *client, const struct pravega_stream_name *stream,
                           pravega_exists_fn *done, void *arg)
{
    struct weir_error why;
    struct pravega_user_call *user =
        pravega_user_call_new(client, sizeof(*user), NULL, (void (*)(void))done, arg, NULL, &why);

    if (user != NULL)
        pravega_controller_stream_exists(&user->call, client, stream, on_exists, user);
    else
        done(arg, why.status, false, &why);
}

/* ---- the configuration */

static void on_config(void *arg, enum weir_status status, const struct pravega_stream_config *config,
                      const struct weir_error *why)
{
    struct pravega_user_call *user = arg;

    pravega_user_call_end(user);
    ((pravega_config_fn *)user->done)(user->arg, status, config, why);
    pravega_user_call_free(user);
}

void pravega_stream_get_config(struct pravega_client *client, const struct pravega_stream_name *stream,
                               pravega_config_fn *done, void *arg)
{
    struct weir_error why;
    struct pravega_user_call *user =
        pravega_user_call_new(client, sizeof(*user), NULL, (void (*)(void))done, arg, NULL, &why);

    if (user != NULL)
        pravega_controller_stream_config(&user->call, client, stream, on_config, user);
    else
        done(arg, why.status, NULL, &why);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void on_tags(void *arg, enum weir_status status, const struct pravega_stream_config *config,
                    const struct weir_error *why)
{
    struct pravega_user_call *user = arg;
    size_t count = config != NULL ? config->tag_count : 0;
    const char **tags = calloc(count + 1, sizeof(*tags));
    struct weir_error err = *why;

    if (tags == NULL)
        status = weir_fail(&err, WEIR_E_NOMEM, "out of memory for %zu tags", count);
    if (tags != NULL && count != 0) {
        memcpy(tags, config->tags, count * sizeof(*tags));
        qsort(tags, count, sizeof(*tags), by_name);
    }
    pravega_user_call_end(user);
    ((pravega_names_fn *)user->done)(user->arg, status, status == WEIR_OK ? tags : NULL, status == WEIR_OK ? count : 0,
                                     &err);
    pravega_user_call_free(user);
    free(tags);
}

void pravega_stream_get_tags(struct pravega_client *client, const struct pravega_stream_name *stream,
                             pravega_names_fn *done, void *arg)
{
    struct weir_error why;
    struct pravega_user_call *user =
        pravega_user_call_new(client, sizeof(*user), NULL, (void (*)(void))done, arg, NULL, &why);

    if (user != NULL)
        pravega_controller_stream_config(&user->call, client, stream, on_tags, user);
    else
        done(arg, why.status, NULL, 0, &why);
}

/* ---- segments */

static void on_ranges(void *arg, enum weir_status status, const struct pravega_segment_range *segments, size_t count,
                      const struct weir_error *why)
{
    struct pravega_user_call *user = arg;

    pravega_user_call_end(user);
    ((pravega_ranges_fn *)user->done)(user->arg, status, segments, count, why);
    pravega_user_call_free(user);
}

void pravega_stream_current_segments(struct pravega_client *client, const struct pravega_stream_name *stream,
                                     pravega_ranges_fn *done, void *arg)
{
    struct weir_error why;
    struct pravega_user_call *user =
        pravega_user_call_new(client, sizeof(*user), NULL, (void (*)(void))done, arg, NULL, &why);

    if (user != NULL)
        pravega_controller_current_segments(&user->call, client, stream, on_ranges, user);
    else
        done(arg, why.status, NULL, 0, &why);
}

static void on_cut(void *arg, enum weir_status status, const struct pravega_segment_offset *cut, size_t count,
                   const struct weir_error *why)
{
    struct pravega_user_call *user = arg;

    pravega_user_call_end(user);
    ((pravega_cut_fn *)user->done)(user->arg, status, cut, count, why);
    pravega_user_call_free(user);
}

void pravega_stream_head(struct pravega_client *client, const struct pravega_stream_name *stream, pravega_cut_fn *done,
                         void *arg)
{
    struct weir_error why;
    struct pravega_user_call *user =
        pravega_user_call_new(client, sizeof(*user), NULL, (void (*)(void))done, arg, NULL, &why);

    if (user != NULL)
        pravega_controller_head_segments(&user->call, client, stream, on_cut, user);
    else
        done(arg, why.status, NULL, 0, &why);
}
