/*
 * blocking_logs.c - the blocking forms of byte streams, revisioned streams and state synchronizers.
 */
#include "pravega/blocking.h"

/* ---- byte streams */

enum weir_status pravega_await_byte_writer_new(struct pravega_session *session,
                                               const struct pravega_stream_name *stream,
                                               const struct pravega_byte_writer_options *options,
                                               struct pravega_byte_writer **out, struct weir_error *err)
{
    struct pravega_byte_writer_options ours = options != NULL ? *options : (struct pravega_byte_writer_options){0};

    ours.on_ready = pravega_session_ready;
    ours.arg = session;
    return pravega_byte_writer_new(pravega_session_client(session), stream, &ours, out, err);
}

enum weir_status pravega_await_byte_write(struct pravega_session *session, struct pravega_byte_writer *writer,
                                          struct weir_view bytes, struct weir_error *err)
{
    int64_t deadline_ns = 0;
    enum weir_status status;

    while ((status = pravega_byte_writer_write(writer, bytes, err)) == WEIR_E_AGAIN) {
        status = pravega_await_ready(session, pravega_session_timeout(session), &deadline_ns, err);
        if (status != WEIR_OK)
            return status;
    }
    return status;
}

enum weir_status pravega_await_byte_flush(struct pravega_session *session, struct pravega_byte_writer *writer,
                                          struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, NULL);

    if (await != NULL)
        pravega_byte_writer_flush(writer, pravega_await_done, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_byte_close_and_seal(struct pravega_session *session, struct pravega_byte_writer *writer,
                                                   struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, NULL);

    if (await != NULL)
        pravega_byte_writer_close_and_seal(writer, pravega_await_done, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_byte_truncate_before(struct pravega_session *session, struct pravega_byte_writer *writer,
                                                    int64_t offset, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, NULL);

    if (await != NULL)
        pravega_byte_writer_truncate_before(writer, offset, pravega_await_done, await);
    return pravega_await_end(session, await, err);
}

static void on_offset(void *arg, enum weir_status status, int64_t offset, const struct weir_error *why)
{
    int64_t *out = pravega_await_out(arg);

    if (out != NULL)
        *out = offset;
    pravega_await_done(arg, status, why);
}

enum weir_status pravega_await_byte_writer_head(struct pravega_session *session, struct pravega_byte_writer *writer,
                                                int64_t *offset, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, offset);

    if (await != NULL)
        pravega_byte_writer_fetch_head(writer, on_offset, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_byte_writer_tail(struct pravega_session *session, struct pravega_byte_writer *writer,
                                                int64_t *offset, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, offset);

    if (await != NULL)
        pravega_byte_writer_fetch_tail(writer, on_offset, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_byte_reader_new(struct pravega_session *session,
                                               const struct pravega_stream_name *stream,
                                               const struct pravega_byte_reader_options *options,
                                               struct pravega_byte_reader **out, struct weir_error *err)
{
    struct pravega_byte_reader_options ours = options != NULL ? *options : (struct pravega_byte_reader_options){0};

    ours.on_ready = pravega_session_ready;
    ours.arg = session;
    return pravega_byte_reader_new(pravega_session_client(session), stream, &ours, out, err);
}

enum weir_status pravega_await_byte_read(struct pravega_session *session, struct pravega_byte_reader *reader,
                                         size_t len_max, int64_t timeout_ms, struct weir_view *bytes,
                                         struct weir_error *err)
{
    int64_t deadline_ns = 0;
    enum weir_status status;

    while ((status = pravega_byte_reader_read(reader, len_max, bytes, err)) == WEIR_E_AGAIN) {
        status = pravega_await_ready(session, timeout_ms, &deadline_ns, err);
        if (status != WEIR_OK)
            return status;
    }
    return status;
}

enum weir_status pravega_await_byte_reader_head(struct pravega_session *session, struct pravega_byte_reader *reader,
                                                int64_t *offset, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, offset);

    if (await != NULL)
        pravega_byte_reader_fetch_head(reader, on_offset, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_byte_reader_tail(struct pravega_session *session, struct pravega_byte_reader *reader,
                                                int64_t *offset, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, offset);

    if (await != NULL)
        pravega_byte_reader_fetch_tail(reader, on_offset, await);
    return pravega_await_end(session, await, err);
}

/* ---- revisioned streams */

static void on_revision(void *arg, enum weir_status status, const struct pravega_revision *revision,
                        const struct weir_error *why)
{
    struct pravega_revision *out = pravega_await_out(arg);

    if (status == WEIR_OK && out != NULL)
        *out = *revision;
    pravega_await_done(arg, status, why);
}

enum weir_status pravega_await_revisioned_oldest(struct pravega_session *session, struct pravega_revisioned_stream *log,
                                                 struct pravega_revision *revision, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, revision);

    if (await != NULL)
        pravega_revisioned_stream_oldest(log, on_revision, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_revisioned_latest(struct pravega_session *session, struct pravega_revisioned_stream *log,
                                                 struct pravega_revision *revision, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, revision);

    if (await != NULL)
        pravega_revisioned_stream_latest(log, on_revision, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_revisioned_write_conditionally(struct pravega_session *session,
                                                              struct pravega_revisioned_stream *log,
                                                              const struct pravega_revision *after,
                                                              struct weir_view entry, struct pravega_revision *revision,
                                                              struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, revision);

    if (await != NULL)
        pravega_revisioned_stream_write_conditionally(log, after, entry, on_revision, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_revisioned_write(struct pravega_session *session, struct pravega_revisioned_stream *log,
                                                struct weir_view entry, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, NULL);

    if (await != NULL)
        pravega_revisioned_stream_write_unconditionally(log, entry, pravega_await_done, await);
    return pravega_await_end(session, await, err);
}

/* Whom entries are for, while the call waits. */
struct entries_out {
    pravega_entry_fn *on_entry;
    void *arg;
};

static bool on_entry(void *await, const struct pravega_revision *revision, struct weir_view entry)
{
    struct entries_out *out = pravega_await_out(await);

    return out != NULL && out->on_entry(out->arg, revision, entry);
}

enum weir_status pravega_await_revisioned_read(struct pravega_session *session, struct pravega_revisioned_stream *log,
                                               const struct pravega_revision *from, pravega_entry_fn *fn, void *arg,
                                               struct weir_error *err)
{
    struct entries_out out = {fn, arg};
    struct pravega_await *await = pravega_await_begin(session, &out);

    if (await != NULL)
        pravega_revisioned_stream_read(log, from, on_entry, pravega_await_done, await);
    return pravega_await_end(session, await, err);
}

struct mark_out {
    struct pravega_revision *mark;
    bool *is_set;
};

static void on_mark(void *arg, enum weir_status status, const struct pravega_revision *mark,
                    const struct weir_error *why)
{
    struct mark_out *out = pravega_await_out(arg);

    if (status == WEIR_OK && out != NULL) {
        *out->is_set = mark != NULL;
        if (mark != NULL)
            *out->mark = *mark;
    }
    pravega_await_done(arg, status, why);
}

enum weir_status pravega_await_revisioned_mark(struct pravega_session *session, struct pravega_revisioned_stream *log,
                                               struct pravega_revision *mark, bool *is_set, struct weir_error *err)
{
    struct mark_out out = {mark, is_set};
    struct pravega_await *await = pravega_await_begin(session, &out);

    if (await != NULL)
        pravega_revisioned_stream_mark(log, on_mark, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_revisioned_set_mark(struct pravega_session *session,
                                                   struct pravega_revisioned_stream *log,
                                                   const struct pravega_revision *expected,
                                                   const struct pravega_revision *mark, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, NULL);

    if (await != NULL)
        pravega_revisioned_stream_set_mark(log, expected, mark, pravega_await_done, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_revisioned_truncate(struct pravega_session *session,
                                                   struct pravega_revisioned_stream *log,
                                                   const struct pravega_revision *revision, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, NULL);

    if (await != NULL)
        pravega_revisioned_stream_truncate(log, revision, pravega_await_done, await);
    return pravega_await_end(session, await, err);
}

/* ---- state synchronizers */

enum weir_status pravega_await_synchronizer_initialize(struct pravega_session *session,
                                                       struct pravega_synchronizer *sync, struct weir_view object,
                                                       struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, NULL);

    if (await != NULL)
        pravega_synchronizer_initialize(sync, object, pravega_await_done, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_synchronizer_fetch(struct pravega_session *session, struct pravega_synchronizer *sync,
                                                  struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, NULL);

    if (await != NULL)
        pravega_synchronizer_fetch(sync, pravega_await_done, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_synchronizer_update_unconditionally(struct pravega_session *session,
                                                                   struct pravega_synchronizer *sync,
                                                                   struct weir_view update, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, NULL);

    if (await != NULL)
        pravega_synchronizer_update_unconditionally(sync, update, pravega_await_done, await);
    return pravega_await_end(session, await, err);
}

struct update_out {
    pravega_propose_fn *propose;
    void *arg;
};

static enum weir_status on_propose(void *await, const void *state, struct pravega_updates *updates,
                                   struct weir_error *err)
{
    struct update_out *out = pravega_await_out(await);

    return out != NULL ? out->propose(out->arg, state, updates, err)
                       : weir_fail(err, WEIR_E_CANCELLED, "nobody waits for the update any more");
}

enum weir_status pravega_await_synchronizer_update(struct pravega_session *session, struct pravega_synchronizer *sync,
                                                   pravega_propose_fn *propose, void *arg, struct weir_error *err)
{
    struct update_out out = {propose, arg};
    struct pravega_await *await = pravega_await_begin(session, &out);

    if (await != NULL)
        pravega_synchronizer_update(sync, on_propose, pravega_await_done, await);
    return pravega_await_end(session, await, err);
}

struct compact_out {
    pravega_snapshot_fn *snapshot;
    void *arg;
};

static enum weir_status on_snapshot(void *await, const void *state, struct weir_buf *object, struct weir_error *err)
{
    struct compact_out *out = pravega_await_out(await);

    return out != NULL ? out->snapshot(out->arg, state, object, err)
                       : weir_fail(err, WEIR_E_CANCELLED, "nobody waits for the compact any more");
}

enum weir_status pravega_await_synchronizer_compact(struct pravega_session *session, struct pravega_synchronizer *sync,
                                                    pravega_snapshot_fn *snapshot, void *arg, struct weir_error *err)
{
    struct compact_out out = {snapshot, arg};
    struct pravega_await *await = pravega_await_begin(session, &out);

    if (await != NULL)
        pravega_synchronizer_compact(sync, on_snapshot, pravega_await_done, await);
    return pravega_await_end(session, await, err);
}
