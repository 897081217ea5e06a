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
#include "pravega/byte_stream.h"
#include "pravega/client.h"
#include "pravega/event_reader.h"
#include "pravega/key_value_table.h"
#include "pravega/reader_group.h"
#include "pravega/revisioned_stream.h"
#include "pravega/segment_reader.h"
#include "pravega/state_synchronizer.h"
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

/** A page of a list. */
struct pravega_name_page {
    const char *token; /**< asks for what follows */
    size_t count;
    const char *names[];
};
/** @param token of the page before, NULL for the first. The last page has a NULL token */
enum weir_status pravega_await_scope_list_page(struct pravega_session *session, const char *token,
                                               struct pravega_name_page **page, struct weir_error *err);
enum weir_status pravega_await_stream_list_page(struct pravega_session *session, const char *scope, const char *token,
                                                struct pravega_name_page **page, struct weir_error *err);
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
enum weir_status pravega_await_note_time(struct pravega_session *session, struct pravega_writer *writer,
                                         int64_t timestamp_ms, struct weir_error *err);
/** Flushes. The writer is freed whatever the status; but after WEIR_E_TIMEOUT or WEIR_E_CANCELLED only once the flush
 *  has ended, or by pravega_writer_free(). */
enum weir_status pravega_await_writer_close(struct pravega_session *session, struct pravega_writer *writer,
                                            struct weir_error *err);

/** One that is begun after its time was up is aborted. @param options its on_ready and arg are not looked at */
enum weir_status pravega_await_txn_begin(struct pravega_session *session, const struct pravega_stream_name *stream,
                                         const struct pravega_txn_options *options, struct pravega_txn **out,
                                         struct weir_error *err);
enum weir_status pravega_await_txn_resume(struct pravega_session *session, const struct pravega_stream_name *stream,
                                          struct pravega_txn_id id, const struct pravega_txn_options *options,
                                          struct pravega_txn **out, struct weir_error *err);
enum weir_status pravega_await_txn_write(struct pravega_session *session, struct pravega_txn *txn,
                                         const struct weir_view *key, struct weir_view event, struct weir_error *err);
enum weir_status pravega_await_txn_flush(struct pravega_session *session, struct pravega_txn *txn,
                                         struct weir_error *err);
/** @param timestamp_ms NULL: no time is noted */
enum weir_status pravega_await_txn_commit(struct pravega_session *session, struct pravega_txn *txn,
                                          const int64_t *timestamp_ms, struct weir_error *err);
enum weir_status pravega_await_txn_abort(struct pravega_session *session, struct pravega_txn *txn,
                                         struct weir_error *err);
/** By its id, from any process: what was written is flushed before. */
enum weir_status pravega_await_txn_commit_id(struct pravega_session *session, const struct pravega_stream_name *stream,
                                             struct pravega_txn_id id, struct weir_error *err);
enum weir_status pravega_await_txn_abort_id(struct pravega_session *session, const struct pravega_stream_name *stream,
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
enum weir_status pravega_await_reader_group_stream_names(struct pravega_session *session,
                                                         struct pravega_reader_group *group,
                                                         struct pravega_names **names, struct weir_error *err);
/** One for each stream, in one block. */
struct pravega_stream_cuts {
    size_t count;
    struct pravega_stream_cut cuts[];
};
enum weir_status pravega_await_reader_group_stream_cuts(struct pravega_session *session,
                                                        struct pravega_reader_group *group,
                                                        struct pravega_stream_cuts **cuts, struct weir_error *err);
/** As of a checkpoint: readers take part only while somebody calls their next(). */
enum weir_status pravega_await_reader_group_generate_stream_cuts(struct pravega_session *session,
                                                                 struct pravega_reader_group *group,
                                                                 struct pravega_stream_cuts **cuts,
                                                                 struct weir_error *err);
enum weir_status pravega_await_reader_group_cancel_outstanding_checkpoints(struct pravega_session *session,
                                                                           struct pravega_reader_group *group,
                                                                           struct weir_error *err);
enum weir_status pravega_await_reader_group_update_retention_stream_cut(struct pravega_session *session,
                                                                        struct pravega_reader_group *group,
                                                                        const struct pravega_stream_cut *cuts,
                                                                        size_t count, struct weir_error *err);
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

/** @param versions room for `count`, or NULL: not wanted. Removals leave it alone */
enum weir_status pravega_await_table_update(struct pravega_session *session, struct pravega_table *table,
                                            const struct pravega_table_update *updates, size_t count,
                                            struct pravega_table_version *versions, struct weir_error *err);
enum weir_status pravega_await_table_exists(struct pravega_session *session, struct pravega_table *table,
                                            const struct pravega_table_key *key, bool *exists, struct weir_error *err);
enum weir_status pravega_await_table_fetch_config(struct pravega_session *session,
                                                  const struct pravega_table_name *name,
                                                  struct pravega_table_config *config, struct weir_error *err);
/** An empty page is the last. */
enum weir_status pravega_await_table_list_page(struct pravega_session *session, const char *scope,
                                               const char *continuation, struct pravega_name_page **page,
                                               struct weir_error *err);
struct pravega_table_page {
    struct weir_view continuation;
    size_t count;
    struct pravega_table_entry entries[];
};
/** One entry for each key: pravega_table_get_all(). No continuation. */
enum weir_status pravega_await_table_get_all(struct pravega_session *session, struct pravega_table *table,
                                             const struct pravega_table_key *keys, size_t count,
                                             struct pravega_table_page **page, struct weir_error *err);
/** An empty page is the end. */
enum weir_status pravega_await_table_iterator_next(struct pravega_session *session,
                                                   struct pravega_table_iterator *iterator,
                                                   struct pravega_table_page **page, struct weir_error *err);

/* ---- byte streams: pravega/byte_stream.h */

/** @param options its on_ready and arg are not looked at; so for the reader */
enum weir_status pravega_await_byte_writer_new(struct pravega_session *session,
                                               const struct pravega_stream_name *stream,
                                               const struct pravega_byte_writer_options *options,
                                               struct pravega_byte_writer **out, struct weir_error *err);
/** Waits while the window is full. */
enum weir_status pravega_await_byte_write(struct pravega_session *session, struct pravega_byte_writer *writer,
                                          struct weir_view bytes, struct weir_error *err);
enum weir_status pravega_await_byte_flush(struct pravega_session *session, struct pravega_byte_writer *writer,
                                          struct weir_error *err);
enum weir_status pravega_await_byte_close_and_seal(struct pravega_session *session, struct pravega_byte_writer *writer,
                                                   struct weir_error *err);
enum weir_status pravega_await_byte_truncate_before(struct pravega_session *session, struct pravega_byte_writer *writer,
                                                    int64_t offset, struct weir_error *err);
enum weir_status pravega_await_byte_writer_head(struct pravega_session *session, struct pravega_byte_writer *writer,
                                                int64_t *offset, struct weir_error *err);
enum weir_status pravega_await_byte_writer_tail(struct pravega_session *session, struct pravega_byte_writer *writer,
                                                int64_t *offset, struct weir_error *err);
enum weir_status pravega_await_byte_reader_head(struct pravega_session *session, struct pravega_byte_reader *reader,
                                                int64_t *offset, struct weir_error *err);
enum weir_status pravega_await_byte_reader_tail(struct pravega_session *session, struct pravega_byte_reader *reader,
                                                int64_t *offset, struct weir_error *err);
enum weir_status pravega_await_byte_reader_new(struct pravega_session *session,
                                               const struct pravega_stream_name *stream,
                                               const struct pravega_byte_reader_options *options,
                                               struct pravega_byte_reader **out, struct weir_error *err);
/** @param timeout_ms < 0: for ever. @retval WEIR_E_TIMEOUT no byte came in time */
enum weir_status pravega_await_byte_read(struct pravega_session *session, struct pravega_byte_reader *reader,
                                         size_t len_max, int64_t timeout_ms, struct weir_view *bytes,
                                         struct weir_error *err);

/* ---- revisioned streams: pravega/revisioned_stream.h */

enum weir_status pravega_await_revisioned_oldest(struct pravega_session *session, struct pravega_revisioned_stream *log,
                                                 struct pravega_revision *revision, struct weir_error *err);
enum weir_status pravega_await_revisioned_latest(struct pravega_session *session, struct pravega_revisioned_stream *log,
                                                 struct pravega_revision *revision, struct weir_error *err);
enum weir_status pravega_await_revisioned_write_conditionally(struct pravega_session *session,
                                                              struct pravega_revisioned_stream *log,
                                                              const struct pravega_revision *after,
                                                              struct weir_view entry, struct pravega_revision *revision,
                                                              struct weir_error *err);
enum weir_status pravega_await_revisioned_write(struct pravega_session *session, struct pravega_revisioned_stream *log,
                                                struct weir_view entry, struct weir_error *err);
/** `fn` runs while this call blocks. */
enum weir_status pravega_await_revisioned_read(struct pravega_session *session, struct pravega_revisioned_stream *log,
                                               const struct pravega_revision *from, pravega_entry_fn *fn, void *arg,
                                               struct weir_error *err);
/** @param mark set if `*is_set` */
enum weir_status pravega_await_revisioned_mark(struct pravega_session *session, struct pravega_revisioned_stream *log,
                                               struct pravega_revision *mark, bool *is_set, struct weir_error *err);
enum weir_status pravega_await_revisioned_set_mark(struct pravega_session *session,
                                                   struct pravega_revisioned_stream *log,
                                                   const struct pravega_revision *expected,
                                                   const struct pravega_revision *mark, struct weir_error *err);
enum weir_status pravega_await_revisioned_truncate(struct pravega_session *session,
                                                   struct pravega_revisioned_stream *log,
                                                   const struct pravega_revision *revision, struct weir_error *err);

/* ---- state synchronizers: pravega/state_synchronizer.h */

enum weir_status pravega_await_synchronizer_initialize(struct pravega_session *session,
                                                       struct pravega_synchronizer *sync, struct weir_view object,
                                                       struct weir_error *err);
enum weir_status pravega_await_synchronizer_fetch(struct pravega_session *session, struct pravega_synchronizer *sync,
                                                  struct weir_error *err);
enum weir_status pravega_await_synchronizer_update_unconditionally(struct pravega_session *session,
                                                                   struct pravega_synchronizer *sync,
                                                                   struct weir_view update, struct weir_error *err);
/** `propose` runs while this call blocks; so does `snapshot`. */
enum weir_status pravega_await_synchronizer_update(struct pravega_session *session, struct pravega_synchronizer *sync,
                                                   pravega_propose_fn *propose, void *arg, struct weir_error *err);
enum weir_status pravega_await_synchronizer_compact(struct pravega_session *session, struct pravega_synchronizer *sync,
                                                    pravega_snapshot_fn *snapshot, void *arg, struct weir_error *err);

#ifdef __cplusplus
}
#endif

#endif
