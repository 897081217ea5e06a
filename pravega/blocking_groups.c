/*
 * blocking_groups.c - the blocking forms of reader groups and event readers.
 *
 * What is the caller's when its call was left alone (a group, a reader) is freed as soon as it comes.
 */
#include <stdlib.h>

#include "pravega/blocking_int.h"

/* ---- groups */

enum weir_status pravega_await_reader_group_create(struct pravega_session *session,
                                                   const struct pravega_group_name *name,
                                                   const struct pravega_reader_group_config *config,
                                                   struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, NULL);

    if (await != NULL)
        pravega_reader_group_create(pravega_session_client(session), name, config, pravega_await_done, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_reader_group_delete(struct pravega_session *session,
                                                   const struct pravega_group_name *name, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, NULL);

    if (await != NULL)
        pravega_reader_group_delete(pravega_session_client(session), name, pravega_await_done, await);
    return pravega_await_end(session, await, err);
}

static void on_group(void *arg, enum weir_status status, struct pravega_reader_group *group,
                     const struct weir_error *why)
{
    struct pravega_reader_group **out = pravega_await_out(arg);

    if (out != NULL)
        *out = group;
    else
        pravega_reader_group_free(group);
    pravega_await_done(arg, status, why);
}

enum weir_status pravega_await_reader_group_open(struct pravega_session *session, const struct pravega_group_name *name,
                                                 struct pravega_reader_group **out, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, out);

    *out = NULL;
    if (await != NULL)
        pravega_reader_group_open(pravega_session_client(session), name, on_group, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_reader_group_online_readers(struct pravega_session *session,
                                                           struct pravega_reader_group *group,
                                                           struct pravega_names **ids, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, ids);

    *ids = NULL;
    if (await != NULL)
        pravega_reader_group_online_readers(group, pravega_await_on_names, await);
    return pravega_await_end(session, await, err);
}

static void on_bytes(void *arg, enum weir_status status, int64_t bytes, const struct weir_error *why)
{
    int64_t *out = pravega_await_out(arg);

    if (out != NULL)
        *out = bytes;
    pravega_await_done(arg, status, why);
}

enum weir_status pravega_await_reader_group_unread_bytes(struct pravega_session *session,
                                                         struct pravega_reader_group *group, int64_t *bytes,
                                                         struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, bytes);

    if (await != NULL)
        pravega_reader_group_unread_bytes(group, on_bytes, await);
    return pravega_await_end(session, await, err);
}

static void on_checkpoint(void *arg, enum weir_status status, const struct pravega_checkpoint *checkpoint,
                          const struct weir_error *why)
{
    struct pravega_checkpoint *out = pravega_await_out(arg);
    struct weir_error err = {0};

    if (status != WEIR_OK || out == NULL) {
        pravega_await_done(arg, status, why);
        return;
    }
    status = pravega_checkpoint_copy(out, checkpoint, &err);
    pravega_await_done(arg, status, &err);
}

enum weir_status pravega_await_reader_group_checkpoint(struct pravega_session *session,
                                                       struct pravega_reader_group *group, const char *name,
                                                       struct pravega_checkpoint *checkpoint, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, checkpoint);

    if (await != NULL)
        pravega_reader_group_initiate_checkpoint(group, name, on_checkpoint, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_reader_group_reset(struct pravega_session *session, struct pravega_reader_group *group,
                                                  const struct pravega_reader_group_config *config,
                                                  struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, NULL);

    if (await != NULL)
        pravega_reader_group_reset(group, config, pravega_await_done, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_reader_group_reset_to_checkpoint(struct pravega_session *session,
                                                                struct pravega_reader_group *group,
                                                                const struct pravega_checkpoint *checkpoint,
                                                                struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, NULL);

    if (await != NULL)
        pravega_reader_group_reset_to_checkpoint(group, checkpoint, pravega_await_done, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_reader_group_reader_offline(struct pravega_session *session,
                                                           struct pravega_reader_group *group, const char *reader_id,
                                                           const struct pravega_position *position,
                                                           struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, NULL);

    if (await != NULL)
        pravega_reader_group_reader_offline(group, reader_id, position, pravega_await_done, await);
    return pravega_await_end(session, await, err);
}

static void on_cuts(void *arg, enum weir_status status, const struct pravega_stream_cut *cuts, size_t count,
                    const struct weir_error *why)
{
    struct pravega_stream_cuts **out = pravega_await_out(arg);
    struct pravega_stream_cuts *copy;
    size_t len = pravega_result_len(sizeof(*copy) + count * sizeof(copy->cuts[0]));
    char *at;

    if (out == NULL || status != WEIR_OK) {
        pravega_await_done(arg, status, why);
        return;
    }
    for (size_t i = 0; i < count; i++)
        len += pravega_result_cut_len(&cuts[i]);
    at = malloc(len);
    if (at == NULL) {
        pravega_await_nomem(arg);
        return;
    }
    copy = pravega_result_take(&at, sizeof(*copy) + count * sizeof(copy->cuts[0]));
    copy->count = count;
    for (size_t i = 0; i < count; i++)
        pravega_result_cut(&at, &cuts[i], &copy->cuts[i]);
    *out = copy;
    pravega_await_done(arg, status, why);
}

enum weir_status pravega_await_reader_group_stream_cuts(struct pravega_session *session,
                                                        struct pravega_reader_group *group,
                                                        struct pravega_stream_cuts **cuts, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, cuts);

    *cuts = NULL;
    if (await != NULL)
        pravega_reader_group_stream_cuts(group, on_cuts, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_reader_group_generate_stream_cuts(struct pravega_session *session,
                                                                 struct pravega_reader_group *group,
                                                                 struct pravega_stream_cuts **cuts,
                                                                 struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, cuts);

    *cuts = NULL;
    if (await != NULL)
        pravega_reader_group_generate_stream_cuts(group, on_cuts, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_reader_group_stream_names(struct pravega_session *session,
                                                         struct pravega_reader_group *group,
                                                         struct pravega_names **names, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, names);

    *names = NULL;
    if (await != NULL)
        pravega_reader_group_stream_names(group, pravega_await_on_names, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_reader_group_cancel_outstanding_checkpoints(struct pravega_session *session,
                                                                           struct pravega_reader_group *group,
                                                                           struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, NULL);

    if (await != NULL)
        pravega_reader_group_cancel_outstanding_checkpoints(group, pravega_await_done, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_reader_group_update_retention_stream_cut(struct pravega_session *session,
                                                                        struct pravega_reader_group *group,
                                                                        const struct pravega_stream_cut *cuts,
                                                                        size_t count, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, NULL);

    if (await != NULL)
        pravega_reader_group_update_retention_stream_cut(group, cuts, count, pravega_await_done, await);
    return pravega_await_end(session, await, err);
}

/* ---- readers */

static void on_reader(void *arg, enum weir_status status, struct pravega_event_reader *reader,
                      const struct weir_error *why)
{
    struct pravega_event_reader **out = pravega_await_out(arg);

    if (out != NULL)
        *out = reader;
    else
        pravega_event_reader_free(reader);
    pravega_await_done(arg, status, why);
}

enum weir_status pravega_await_event_reader_new(struct pravega_session *session, const struct pravega_group_name *group,
                                                const char *reader_id,
                                                const struct pravega_event_reader_options *options,
                                                struct pravega_event_reader **out, struct weir_error *err)
{
    struct pravega_event_reader_options ours = options != NULL ? *options : (struct pravega_event_reader_options){0};
    struct pravega_await *await = pravega_await_begin(session, out);

    *out = NULL;
    ours.on_ready = pravega_session_ready;
    ours.arg = session;
    if (await != NULL)
        pravega_event_reader_new(pravega_session_client(session), group, reader_id, &ours, on_reader, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_event_next(struct pravega_session *session, struct pravega_event_reader *reader,
                                          int64_t timeout_ms, struct pravega_event_read *event, struct weir_error *err)
{
    int64_t deadline_ns = 0;
    enum weir_status status;

    while ((status = pravega_event_reader_next(reader, event, err)) == WEIR_E_AGAIN) {
        status = pravega_await_ready(session, timeout_ms, &deadline_ns, err);
        if (status != WEIR_OK)
            return status;
    }
    return status;
}

enum weir_status pravega_await_event_reader_close(struct pravega_session *session, struct pravega_event_reader *reader,
                                                  const struct pravega_position *position, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, NULL);

    if (await != NULL)
        pravega_event_reader_close(reader, position, pravega_await_done, await);
    return pravega_await_end(session, await, err);
}

static void on_fetched(void *arg, enum weir_status status, struct weir_view payload, const struct weir_error *why)
{
    struct weir_buf *out = pravega_await_out(arg);
    struct weir_error err = *why;

    if (out != NULL && status == WEIR_OK) {
        weir_buf_append(out, payload.ptr, payload.len);
        if (out->status != WEIR_OK)
            status = weir_fail(&err, out->status, "no room for an event of %zu bytes", payload.len);
    }
    pravega_await_done(arg, status, &err);
}

enum weir_status pravega_await_event_fetch(struct pravega_session *session, const struct pravega_event_pointer *pointer,
                                           struct weir_buf *out, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, out);

    if (await != NULL)
        pravega_event_fetch(pravega_session_client(session), pointer, on_fetched, await);
    return pravega_await_end(session, await, err);
}
