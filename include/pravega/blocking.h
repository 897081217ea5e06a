/**
 * @file pravega/blocking.h
 * @brief Blocking forms of this library's calls, for tools and tests: each one starts a call and runs the loop until it
 *        has ended.
 *
 *     struct pravega_session *session;
 *     if (pravega_session_open(NULL, &options, &session, &err) == WEIR_OK &&
 *         pravega_await_stream_create(session, &stream, &config, &err) == WEIR_OK) ...
 *
 * A session is a loop and a client. While a call blocks everything else of the client goes on (acknowledgements,
 * pings, reading ahead), and callbacks of calls that were begun without waiting run; they must not block themselves.
 *
 * Every pravega_await_ call returns what its asynchronous form ends with, and besides: WEIR_E_TIMEOUT if it took longer
 * than the session's timeout (what was begun may still happen), WEIR_E_CANCELLED after pravega_session_interrupt().
 * Results that come as a pointer are one block of memory, the caller's, to be freed with free(3); they are NULL unless
 * the status is WEIR_OK.
 *
 * Thread: the one that opened the session, but for pravega_session_interrupt().
 */
#ifndef PRAVEGA_BLOCKING_H
#define PRAVEGA_BLOCKING_H

#include "pravega/batch.h"
#include "pravega/client.h"
#include "pravega/event_reader.h"
#include "pravega/key_value_table.h"
#include "pravega/reader_group.h"
#include "pravega/segment_reader.h"
#include "pravega/streams.h"
#include "pravega/transaction.h"
#include "pravega/writer.h"
#include "weir/host.h"

#ifdef __cplusplus
extern "C" {
#endif

struct pravega_session; /* opaque */

/**
 * @param host    borrowed, outlives the session; NULL: one of its own that logs errors only. With a simulated host
 *                (weir/sim.h) each call runs the whole simulation
 * @param options NULL: all defaults
 * @retval WEIR_E_INVAL, WEIR_E_NOMEM, WEIR_E_IO nothing was opened. Nothing is asked of the cluster yet
 */
enum weir_status pravega_session_open(struct weir_host *host, const struct pravega_client_options *options,
                                      struct pravega_session **out, struct weir_error *err);
/** What was made with the session's client is freed before. NULL is fine. */
void pravega_session_close(struct pravega_session *session);
struct pravega_client *pravega_session_client(struct pravega_session *session);
struct weir_loop *pravega_session_loop(struct pravega_session *session);
/** How long each call from now on may take. @param timeout_ms 0: as long as it takes, as at the beginning */
void pravega_session_set_timeout(struct pravega_session *session, int64_t timeout_ms);
/** As set, or -1: as a `timeout_ms` of the calls below. */
int64_t pravega_session_timeout(const struct pravega_session *session);
/** The call that blocks, or else the next one, ends with WEIR_E_CANCELLED. Thread: any. */
void pravega_session_interrupt(struct pravega_session *session);

/* ---- waiting for any call: how the forms below are made
 *
 *     enum weir_status pravega_await_scope_create(struct pravega_session *session, const char *scope, ...err)
 *     {
 *         struct pravega_await *await = pravega_await_begin(session, NULL);
 *
 *         if (await != NULL)
 *             pravega_scope_create(pravega_session_client(session), scope, pravega_await_done, await);
 *         return pravega_await_end(session, await, err);
 *     }
 *
 * A callback with a result keeps it in what pravega_await_out() gives, if it gives anything, and then calls
 * pravega_await_done().
 */

struct pravega_await; /* opaque; one call that is waited for */

/** @param out for the callback's result, or NULL @return NULL: out of memory */
struct pravega_await *pravega_await_begin(struct pravega_session *session, void *out);
/** In the callback: `out`, where to put the result. NULL: nobody waits any more (what is the caller's is to be freed),
 *  or there was none. */
void *pravega_await_out(struct pravega_await *await);
/** The call has ended: a pravega_done_fn whose argument is the await. Once, and `await` is gone after it. */
void pravega_await_done(void *await, enum weir_status status, const struct weir_error *why);
/** Runs the loop until it has. @param await NULL: WEIR_E_NOMEM */
enum weir_status pravega_await_end(struct pravega_session *session, struct pravega_await *await,
                                   struct weir_error *err);

/** For objects whose calls say WEIR_E_AGAIN: their on_ready, with the session as its argument. */
void pravega_session_ready(void *session);
/** Runs the loop until an on_ready has come since the last wait. `*deadline_ns` is of the loop's clock, or 0: it is set
 *  from `timeout_ms` (< 0: no limit), so that several waits share it. @retval WEIR_E_TIMEOUT, WEIR_E_CANCELLED */
enum weir_status pravega_await_ready(struct pravega_session *session, int64_t timeout_ms, int64_t *deadline_ns,
                                     struct weir_error *err);

/* ---- scopes and streams: pravega/streams.h */

/** Names, and then the strings that they point to. */
struct pravega_names {
    size_t count;
    const char *names[];
};

enum weir_status pravega_await_scope_create(struct pravega_session *session, const char *scope, struct weir_error *err);
enum weir_status pravega_await_scope_delete(struct pravega_session *session, const char *scope, struct weir_error *err);
enum weir_status pravega_await_scope_delete_recursive(struct pravega_session *session, const char *scope,
                                                      struct weir_error *err);
enum weir_status pravega_await_scope_exists(struct pravega_session *session, const char *scope, bool *exists,
                                            struct weir_error *err);
enum weir_status pravega_await_scope_list(struct pravega_session *session, struct pravega_names **names,
                                          struct weir_error *err);
enum weir_status pravega_await_stream_list(struct pravega_session *session, const char *scope,
                                           struct pravega_names **names, struct weir_error *err);
enum weir_status pravega_await_stream_list_tagged(struct pravega_session *session, const char *scope, const char *tag,
                                                  struct pravega_names **names, struct weir_error *err);
enum weir_status pravega_await_stream_exists(struct pravega_session *session, const struct pravega_stream_name *stream,
                                             bool *exists, struct weir_error *err);
enum weir_status pravega_await_stream_create(struct pravega_session *session, const struct pravega_stream_name *stream,
                                             const struct pravega_stream_config *config, struct weir_error *err);
enum weir_status pravega_await_stream_update(struct pravega_session *session, const struct pravega_stream_name *stream,
                                             const struct pravega_stream_config *config, struct weir_error *err);
enum weir_status pravega_await_stream_get_tags(struct pravega_session *session,
                                               const struct pravega_stream_name *stream, struct pravega_names **tags,
                                               struct weir_error *err);
enum weir_status pravega_await_stream_truncate(struct pravega_session *session,
                                               const struct pravega_stream_name *stream,
                                               const struct pravega_stream_cut *cut, struct weir_error *err);
enum weir_status pravega_await_stream_seal(struct pravega_session *session, const struct pravega_stream_name *stream,
                                           struct weir_error *err);
enum weir_status pravega_await_stream_delete(struct pravega_session *session, const struct pravega_stream_name *stream,
                                             struct weir_error *err);
/** The configuration is in it. */
enum weir_status pravega_await_stream_info(struct pravega_session *session, const struct pravega_stream_name *stream,
                                           struct pravega_stream_info **info, struct weir_error *err);

struct pravega_ranges {
    size_t count;
    struct pravega_segment_range ranges[];
};
enum weir_status pravega_await_current_segments(struct pravega_session *session,
                                                const struct pravega_stream_name *stream,
                                                struct pravega_ranges **segments, struct weir_error *err);
/** @param segments the new ones; NULL: not wanted */
enum weir_status pravega_await_stream_scale(struct pravega_session *session, const struct pravega_stream_name *stream,
                                            const struct pravega_scale *scale, struct pravega_ranges **segments,
                                            struct weir_error *err);

/* ---- writing: pravega/writer.h, pravega/transaction.h. The objects are made here, so that their on_ready is the
 * session's, and freed by their own _free. */

/** @param options its on_ready and arg are not looked at */
enum weir_status pravega_await_writer_new(struct pravega_session *session, const struct pravega_stream_name *stream,
                                          const struct pravega_writer_options *options, struct pravega_writer **out,
                                          struct weir_error *err);
/** Waits while the window is full. The event is durable after a flush. */
enum weir_status pravega_await_write(struct pravega_session *session, struct pravega_writer *writer,
                                     const struct weir_view *key, struct weir_view event, struct weir_error *err);
enum weir_status pravega_await_flush(struct pravega_session *session, struct pravega_writer *writer,
                                     struct weir_error *err);

/** @param options its on_ready and arg are not looked at */
enum weir_status pravega_await_txn_begin(struct pravega_session *session, const struct pravega_stream_name *stream,
                                         const struct pravega_txn_options *options, struct pravega_txn **out,
                                         struct weir_error *err);
enum weir_status pravega_await_txn_write(struct pravega_session *session, struct pravega_txn *txn,
                                         const struct weir_view *key, struct weir_view event, struct weir_error *err);
enum weir_status pravega_await_txn_flush(struct pravega_session *session, struct pravega_txn *txn,
                                         struct weir_error *err);
/** As pravega_txn_commit_id(): flush first. */
enum weir_status pravega_await_txn_commit(struct pravega_session *session, const struct pravega_stream_name *stream,
                                          struct pravega_txn_id id, struct weir_error *err);
enum weir_status pravega_await_txn_abort(struct pravega_session *session, const struct pravega_stream_name *stream,
                                         struct pravega_txn_id id, struct weir_error *err);
enum weir_status pravega_await_txn_status(struct pravega_session *session, const struct pravega_stream_name *stream,
                                          struct pravega_txn_id id, enum pravega_txn_status *txn_status,
                                          struct weir_error *err);

/* ---- reading: pravega/segment_reader.h, pravega/batch.h */

/** @param options its on_ready and arg are not looked at */
enum weir_status pravega_await_segment_reader_new(struct pravega_session *session,
                                                  const struct pravega_stream_name *stream, pravega_segment_id segment,
                                                  const struct pravega_segment_reader_options *options,
                                                  struct pravega_segment_reader **out, struct weir_error *err);
/** @param timeout_ms how long to wait for an event; < 0: for ever. @retval WEIR_E_TIMEOUT no event came in time */
enum weir_status pravega_await_segment_next(struct pravega_session *session, struct pravega_segment_reader *reader,
                                            int64_t timeout_ms, struct pravega_event *event, struct weir_error *err);

enum weir_status pravega_await_batch_segments(struct pravega_session *session, const struct pravega_stream_name *stream,
                                              const struct pravega_stream_cut *from,
                                              const struct pravega_stream_cut *to,
                                              struct pravega_batch_segments **segments, struct weir_error *err);
/** @param options its on_ready and arg are not looked at */
enum weir_status pravega_await_batch_reader_new(struct pravega_session *session,
                                                const struct pravega_stream_name *stream,
                                                const struct pravega_batch_range *range,
                                                const struct pravega_batch_reader_options *options,
                                                struct pravega_batch_reader **out, struct weir_error *err);
enum weir_status pravega_await_batch_next(struct pravega_session *session, struct pravega_batch_reader *reader,
                                          int64_t timeout_ms, struct pravega_event *event, struct weir_error *err);

/* ---- reader groups: pravega/reader_group.h, pravega/event_reader.h */

enum weir_status pravega_await_reader_group_create(struct pravega_session *session,
                                                   const struct pravega_group_name *name,
                                                   const struct pravega_reader_group_config *config,
                                                   struct weir_error *err);
enum weir_status pravega_await_reader_group_delete(struct pravega_session *session,
                                                   const struct pravega_group_name *name, struct weir_error *err);
/** Freed by pravega_reader_group_free(). */
enum weir_status pravega_await_reader_group_open(struct pravega_session *session, const struct pravega_group_name *name,
                                                 struct pravega_reader_group **out, struct weir_error *err);
enum weir_status pravega_await_reader_group_online_readers(struct pravega_session *session,
                                                           struct pravega_reader_group *group,
                                                           struct pravega_names **ids, struct weir_error *err);
enum weir_status pravega_await_reader_group_unread_bytes(struct pravega_session *session,
                                                         struct pravega_reader_group *group, int64_t *bytes,
                                                         struct weir_error *err);
/** Readers take part only while somebody calls their next(): readers of this session do not, meanwhile.
 *  @param checkpoint zeroed, or finished before; finished by the caller after WEIR_OK */
enum weir_status pravega_await_reader_group_checkpoint(struct pravega_session *session,
                                                       struct pravega_reader_group *group, const char *name,
                                                       struct pravega_checkpoint *checkpoint, struct weir_error *err);
/** @param config NULL: from the last checkpoint on */
enum weir_status pravega_await_reader_group_reset(struct pravega_session *session, struct pravega_reader_group *group,
                                                  const struct pravega_reader_group_config *config,
                                                  struct weir_error *err);
enum weir_status pravega_await_reader_group_reset_to_checkpoint(struct pravega_session *session,
                                                                struct pravega_reader_group *group,
                                                                const struct pravega_checkpoint *checkpoint,
                                                                struct weir_error *err);
enum weir_status pravega_await_reader_group_reader_offline(struct pravega_session *session,
                                                           struct pravega_reader_group *group, const char *reader_id,
                                                           const struct pravega_position *position,
                                                           struct weir_error *err);

/** @param options its on_ready and arg are not looked at */
enum weir_status pravega_await_event_reader_new(struct pravega_session *session, const struct pravega_group_name *group,
                                                const char *reader_id,
                                                const struct pravega_event_reader_options *options,
                                                struct pravega_event_reader **out, struct weir_error *err);
/** Upstream's readNextEvent(timeout). */
enum weir_status pravega_await_event_next(struct pravega_session *session, struct pravega_event_reader *reader,
                                          int64_t timeout_ms, struct pravega_event_read *event, struct weir_error *err);
enum weir_status pravega_await_event_reader_close(struct pravega_session *session, struct pravega_event_reader *reader,
                                                  const struct pravega_position *position, struct weir_error *err);
/** Appends the event's payload to `out`. */
enum weir_status pravega_await_event_fetch(struct pravega_session *session, const struct pravega_event_pointer *pointer,
                                           struct weir_buf *out, struct weir_error *err);

/* ---- key-value tables: pravega/key_value_table.h */

enum weir_status pravega_await_table_create(struct pravega_session *session, const struct pravega_table_name *name,
                                            const struct pravega_table_config *config, struct weir_error *err);
enum weir_status pravega_await_table_delete(struct pravega_session *session, const struct pravega_table_name *name,
                                            struct weir_error *err);
/** Appends the value to `value`. WEIR_E_NOT_FOUND: no such table, or no such key. @param version NULL: not wanted */
enum weir_status pravega_await_table_get(struct pravega_session *session, struct pravega_table *table,
                                         const struct pravega_table_key *key, struct weir_buf *value,
                                         struct pravega_table_version *version, struct weir_error *err);
/** @param version of the new entry; NULL: not wanted */
enum weir_status pravega_await_table_put(struct pravega_session *session, struct pravega_table *table,
                                         const struct pravega_table_key *key, struct weir_view value,
                                         struct pravega_table_version *version, struct weir_error *err);
enum weir_status pravega_await_table_remove(struct pravega_session *session, struct pravega_table *table,
                                            const struct pravega_table_key *key, struct pravega_table_version version,
                                            struct weir_error *err);

#ifdef __cplusplus
}
#endif

#endif
