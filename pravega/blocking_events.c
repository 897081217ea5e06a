/*
 * blocking_events.c - the blocking forms of writing, transactions and reading.
 *
 * An object that says AGAIN has the session's on_ready, and is tried again whenever anything of the session has become
 * ready.
 */
#include "pravega/blocking.h"

#include "pravega/transaction_int.h"

/* ---- writers */

enum weir_status pravega_await_writer_new(struct pravega_session *session, const struct pravega_stream_name *stream,
                                          const struct pravega_writer_options *options, struct pravega_writer **out,
                                          struct weir_error *err)
{
    struct pravega_writer_options ours = options != NULL ? *options : (struct pravega_writer_options){0};

    ours.on_ready = pravega_session_ready;
    ours.arg = session;
    return pravega_writer_new(pravega_session_client(session), stream, &ours, out, err);
}

enum weir_status pravega_await_write(struct pravega_session *session, struct pravega_writer *writer,
                                     const struct weir_view *key, struct weir_view event, struct weir_error *err)
{
    int64_t deadline_ns = 0;
    enum weir_status status;

    while ((status = pravega_writer_write(writer, key, event, NULL, NULL, err)) == WEIR_E_AGAIN) {
        status = pravega_await_ready(session, pravega_session_timeout(session), &deadline_ns, err);
        if (status != WEIR_OK)
            return status;
    }
    return status;
}

enum weir_status pravega_await_flush(struct pravega_session *session, struct pravega_writer *writer,
                                     struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, NULL);

    if (await != NULL)
        pravega_writer_flush(writer, pravega_await_done, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_note_time(struct pravega_session *session, struct pravega_writer *writer,
                                         int64_t timestamp_ms, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, NULL);

    if (await != NULL)
        pravega_writer_note_time(writer, timestamp_ms, pravega_await_done, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_writer_close(struct pravega_session *session, struct pravega_writer *writer,
                                            struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, NULL);

    if (await != NULL)
        pravega_writer_close(writer, pravega_await_done, await);
    else
        pravega_writer_free(writer);
    return pravega_await_end(session, await, err);
}

/* ---- transactions */

/* One that came too late would be open for its lease, and hold up scales for as long. */
static void on_begun(void *arg, enum weir_status status, struct pravega_txn *txn, const struct weir_error *why)
{
    struct pravega_txn **out = pravega_await_out(arg);

    if (out != NULL)
        *out = txn;
    else
        pravega_txn_abandon(txn);
    pravega_await_done(arg, status, why);
}

/* It was there before: whoever resumes it next finds it as it was. */
static void on_resumed(void *arg, enum weir_status status, struct pravega_txn *txn, const struct weir_error *why)
{
    struct pravega_txn **out = pravega_await_out(arg);

    if (out != NULL)
        *out = txn;
    else
        pravega_txn_free(txn);
    pravega_await_done(arg, status, why);
}

enum weir_status pravega_await_txn_begin(struct pravega_session *session, const struct pravega_stream_name *stream,
                                         const struct pravega_txn_options *options, struct pravega_txn **out,
                                         struct weir_error *err)
{
    struct pravega_txn_options ours = options != NULL ? *options : (struct pravega_txn_options){0};
    struct pravega_await *await = pravega_await_begin(session, out);

    *out = NULL;
    ours.on_ready = pravega_session_ready;
    ours.arg = session;
    if (await != NULL)
        pravega_txn_begin(pravega_session_client(session), stream, &ours, on_begun, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_txn_resume(struct pravega_session *session, const struct pravega_stream_name *stream,
                                          struct pravega_txn_id id, const struct pravega_txn_options *options,
                                          struct pravega_txn **out, struct weir_error *err)
{
    struct pravega_txn_options ours = options != NULL ? *options : (struct pravega_txn_options){0};
    struct pravega_await *await = pravega_await_begin(session, out);

    *out = NULL;
    ours.on_ready = pravega_session_ready;
    ours.arg = session;
    if (await != NULL)
        pravega_txn_resume(pravega_session_client(session), stream, id, &ours, on_resumed, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_txn_write(struct pravega_session *session, struct pravega_txn *txn,
                                         const struct weir_view *key, struct weir_view event, struct weir_error *err)
{
    int64_t deadline_ns = 0;
    enum weir_status status;

    while ((status = pravega_txn_write(txn, key, event, err)) == WEIR_E_AGAIN) {
        status = pravega_await_ready(session, pravega_session_timeout(session), &deadline_ns, err);
        if (status != WEIR_OK)
            return status;
    }
    return status;
}

enum weir_status pravega_await_txn_flush(struct pravega_session *session, struct pravega_txn *txn,
                                         struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, NULL);

    if (await != NULL)
        pravega_txn_flush(txn, pravega_await_done, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_txn_commit(struct pravega_session *session, struct pravega_txn *txn,
                                          const int64_t *timestamp_ms, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, NULL);

    if (await != NULL)
        pravega_txn_commit(txn, timestamp_ms, pravega_await_done, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_txn_abort(struct pravega_session *session, struct pravega_txn *txn,
                                         struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, NULL);

    if (await != NULL)
        pravega_txn_abort(txn, pravega_await_done, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_txn_commit_id(struct pravega_session *session, const struct pravega_stream_name *stream,
                                             struct pravega_txn_id id, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, NULL);

    if (await != NULL)
        pravega_txn_commit_id(pravega_session_client(session), stream, id, pravega_await_done, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_txn_abort_id(struct pravega_session *session, const struct pravega_stream_name *stream,
                                            struct pravega_txn_id id, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, NULL);

    if (await != NULL)
        pravega_txn_abort_id(pravega_session_client(session), stream, id, pravega_await_done, await);
    return pravega_await_end(session, await, err);
}

static void on_txn_status(void *arg, enum weir_status status, enum pravega_txn_status txn_status,
                          const struct weir_error *why)
{
    enum pravega_txn_status *out = pravega_await_out(arg);

    if (out != NULL)
        *out = txn_status;
    pravega_await_done(arg, status, why);
}

enum weir_status pravega_await_txn_status(struct pravega_session *session, const struct pravega_stream_name *stream,
                                          struct pravega_txn_id id, enum pravega_txn_status *txn_status,
                                          struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, txn_status);

    if (await != NULL)
        pravega_txn_status_id(pravega_session_client(session), stream, id, on_txn_status, await);
    return pravega_await_end(session, await, err);
}

/* ---- readers */

enum weir_status pravega_await_segment_reader_new(struct pravega_session *session,
                                                  const struct pravega_stream_name *stream, pravega_segment_id segment,
                                                  const struct pravega_segment_reader_options *options,
                                                  struct pravega_segment_reader **out, struct weir_error *err)
{
    struct pravega_segment_reader_options ours =
        options != NULL ? *options : (struct pravega_segment_reader_options){0};

    ours.on_ready = pravega_session_ready;
    ours.arg = session;
    return pravega_segment_reader_new(pravega_session_client(session), stream, segment, &ours, out, err);
}

enum weir_status pravega_await_segment_next(struct pravega_session *session, struct pravega_segment_reader *reader,
                                            int64_t timeout_ms, struct pravega_event *event, struct weir_error *err)
{
    int64_t deadline_ns = 0;
    enum weir_status status;

    while ((status = pravega_segment_reader_next(reader, event, err)) == WEIR_E_AGAIN) {
        status = pravega_await_ready(session, timeout_ms, &deadline_ns, err);
        if (status != WEIR_OK)
            return status;
    }
    return status;
}

enum weir_status pravega_await_batch_reader_new(struct pravega_session *session,
                                                const struct pravega_stream_name *stream,
                                                const struct pravega_batch_range *range,
                                                const struct pravega_batch_reader_options *options,
                                                struct pravega_batch_reader **out, struct weir_error *err)
{
    struct pravega_batch_reader_options ours = options != NULL ? *options : (struct pravega_batch_reader_options){0};

    ours.on_ready = pravega_session_ready;
    ours.arg = session;
    return pravega_batch_reader_new(pravega_session_client(session), stream, range, &ours, out, err);
}

enum weir_status pravega_await_batch_next(struct pravega_session *session, struct pravega_batch_reader *reader,
                                          int64_t timeout_ms, struct pravega_event *event, struct weir_error *err)
{
    int64_t deadline_ns = 0;
    enum weir_status status;

    while ((status = pravega_batch_reader_next(reader, event, err)) == WEIR_E_AGAIN) {
        status = pravega_await_ready(session, timeout_ms, &deadline_ns, err);
        if (status != WEIR_OK)
            return status;
    }
    return status;
}
