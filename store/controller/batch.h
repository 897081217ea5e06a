/**
 * @file store/controller/batch.h
 * @brief The controller's changes to the container, gathered into one that happens as a whole.
 *
 * Keys, values and segment names are made here and live until weir_batch_fini(). A failure (no memory) sticks; commit
 * then refuses with it.
 */
#ifndef WEIR_STORE_BATCH_H
#define WEIR_STORE_BATCH_H

#include "store/container/container.h"
#include "store/controller/directory.h"

struct weir_batch_block;

struct weir_batch {
    struct weir_change *changes;
    size_t count, cap;
    struct weir_batch_block *blocks;
    enum weir_status status;
};

void weir_batch_init(struct weir_batch *batch);
void weir_batch_fini(struct weir_batch *batch);
/** Memory that lives as long as the batch, zeroed; NULL (and status set) if there is none. */
void *weir_batch_alloc(struct weir_batch *batch, size_t size);
/** A copy that lives as long, with a zero behind it. */
struct weir_view weir_batch_keep(struct weir_batch *batch, struct weir_view view);

/* Segments of a stream. Lenient ones do not mind what is so already (see struct weir_change). */
void weir_batch_create_segment(struct weir_batch *batch, const struct weir_held_stream *stream, int64_t id);
void weir_batch_seal_segment(struct weir_batch *batch, const struct weir_held_stream *stream, int64_t id);
void weir_batch_delete_segment(struct weir_batch *batch, const struct weir_held_stream *stream, int64_t id);
void weir_batch_truncate_segment(struct weir_batch *batch, const struct weir_held_stream *stream, int64_t id,
                                 int64_t offset);
/* Shadow segments of a transaction; `number` is the segment's number in the transaction's epoch. */
void weir_batch_create_shadow(struct weir_batch *batch, const struct weir_held_stream *stream, struct weir_uuid txn,
                              int32_t number);
void weir_batch_delete_shadow(struct weir_batch *batch, const struct weir_held_stream *stream, struct weir_uuid txn,
                              int32_t number);
void weir_batch_merge_shadow(struct weir_batch *batch, const struct weir_held_stream *stream, struct weir_uuid txn,
                             int32_t number, int64_t target);

/** Sets an attribute of a segment of the stream. */
void weir_batch_set_attribute(struct weir_batch *batch, const struct weir_held_stream *stream, int64_t id,
                              struct weir_uuid attribute, int64_t value);

/* Segments of a key-value table; deletion is lenient. */
void weir_batch_create_kvt_segment(struct weir_batch *batch, const char *scope, const struct weir_held_kvt *kvt,
                                   int32_t number);
void weir_batch_delete_kvt_segment(struct weir_batch *batch, const char *scope, const struct weir_held_kvt *kvt,
                                   int32_t number);

/* Records of the catalog, as they stand in the objects now. */
void weir_batch_put_scope(struct weir_batch *batch, const char *scope);
void weir_batch_put_stream(struct weir_batch *batch, const struct weir_held_stream *stream);
void weir_batch_put_txn(struct weir_batch *batch, const struct weir_held_txn *txn);
void weir_batch_put_txn_counter(struct weir_batch *batch, uint32_t high, uint64_t low);
void weir_batch_put_writer(struct weir_batch *batch, const struct weir_held_stream *stream, const char *writer,
                           const struct weir_writer_record *rec);
void weir_batch_put_mark(struct weir_batch *batch, const struct weir_held_stream *stream,
                         const struct weir_mark_record *rec);
void weir_batch_put_retention(struct weir_batch *batch, const struct weir_held_stream *stream,
                              const struct weir_retention_cut *rec);
void weir_batch_put_group(struct weir_batch *batch, const char *scope, const char *group,
                          const struct weir_group_record *rec);
void weir_batch_put_subscriber(struct weir_batch *batch, const struct weir_held_stream *stream, const char *subscriber,
                               const struct weir_subscriber_record *rec);
void weir_batch_put_dead_stream(struct weir_batch *batch, const struct weir_held_stream *stream, int32_t next_number);
void weir_batch_put_kvt(struct weir_batch *batch, const char *scope, const struct weir_held_kvt *kvt);
/** Where the numbers of a table of that name go on once it is gone. */
void weir_batch_put_dead_kvt(struct weir_batch *batch, const char *scope, const struct weir_held_kvt *kvt);
void weir_batch_put_format(struct weir_batch *batch);
void weir_batch_remove_scope(struct weir_batch *batch, const char *scope);
void weir_batch_remove_mark(struct weir_batch *batch, const struct weir_held_stream *stream);
void weir_batch_remove_retention(struct weir_batch *batch, const struct weir_held_stream *stream, int64_t time_ms);
/** The stream with its transactions, writers, subscribers and upkeep; not its segments. */
void weir_batch_remove_stream(struct weir_batch *batch, const struct weir_held_stream *stream);
void weir_batch_remove_txn(struct weir_batch *batch, const struct weir_held_txn *txn);
void weir_batch_remove_writer(struct weir_batch *batch, const struct weir_held_stream *stream, const char *writer);
void weir_batch_remove_group(struct weir_batch *batch, const char *scope, const char *group);
void weir_batch_remove_kvt(struct weir_batch *batch, const char *scope, const struct weir_held_kvt *kvt);
void weir_batch_remove_subscriber(struct weir_batch *batch, const struct weir_held_stream *stream,
                                  const char *subscriber);

/**
 * Hands the changes to the container: they are made at once or refused; `op->done` tells when that is durable.
 * @return the outcome, known at once though not to be told; if the batch itself failed, `op` is not begun
 */
enum weir_status weir_batch_commit(struct weir_batch *batch, struct weir_container *ctr, struct weir_store_op *op);
/** The same when nobody waits for it. */
enum weir_status weir_batch_commit_unasked(struct weir_batch *batch, struct weir_container *ctr);

#endif
