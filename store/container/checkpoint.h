/**
 * @file store/container/checkpoint.h
 * @brief A checkpoint: the whole state as records, from which recovery starts. Bytes in, bytes out.
 */
#ifndef WEIR_STORE_CHECKPOINT_H
#define WEIR_STORE_CHECKPOINT_H

#include "store/container/state.h"
#include "weir/buf.h"

/** Builds the bytes of a checkpoint file. The first failure sticks in bytes.status. */
struct weir_checkpoint_writer {
    struct weir_buf bytes;
    uint64_t salt, record_count;
    size_t record_at; /**< of the record that is being filled */
};

/** @param lsn the last record that the state contains */
void weir_checkpoint_begin(struct weir_checkpoint_writer *writer, uint32_t store, uint64_t lsn, uint64_t salt);
void weir_checkpoint_op(struct weir_checkpoint_writer *writer, const struct weir_op *op);
/** The segment's own numbers and its attributes; its extents follow, in order. */
void weir_checkpoint_segment(struct weir_checkpoint_writer *writer, const struct weir_segment *seg);
void weir_checkpoint_map(struct weir_checkpoint_writer *writer, const struct weir_metadata *map);
void weir_checkpoint_end(struct weir_checkpoint_writer *writer);

/**
 * Builds `state`, which is empty, from the bytes of a checkpoint file.
 * @param lsn receives the last record that it contains @retval WEIR_E_DAMAGED, WEIR_E_UNSUPPORTED, WEIR_E_NOMEM
 */
enum weir_status weir_checkpoint_load(struct weir_state *state, struct weir_view file, const char *path, uint64_t *lsn,
                                      struct weir_error *err);

#endif
