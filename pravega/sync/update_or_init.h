/**
 * @file pravega/sync/update_or_init.h
 * @brief The entries of a state synchronizer, as upstream's UpdateOrInitSerializer writes them. Big-endian:
 *
 *     i32 1 | init object, to the end
 *     i32 2 | (i32 len | len bytes)*, to the end
 *
 * No I/O.
 */
#ifndef PRAVEGA_SYNC_UPDATE_OR_INIT_H
#define PRAVEGA_SYNC_UPDATE_OR_INIT_H

#include <stdbool.h>

#include "weir/buf.h"
#include "weir/error.h"

#define PRAVEGA_SYNC_ENTRY_HEAD_LEN 4

enum pravega_sync_entry_kind { PRAVEGA_SYNC_INIT = 1, PRAVEGA_SYNC_UPDATES = 2 };

struct pravega_sync_entry {
    enum pravega_sync_entry_kind kind;
    struct weir_view body; /**< the init object, or what pravega_sync_update_next() takes from; borrowed */
};

/** @retval WEIR_E_DAMAGED another kind, or updates that are not all there */
enum weir_status pravega_sync_entry_parse(struct weir_view bytes, struct pravega_sync_entry *out,
                                          struct weir_error *err);
/** The next update from the front of a parsed entry's body; false at the end. */
bool pravega_sync_update_next(struct weir_view *body, struct weir_view *update);

/** Begins an entry. */
void pravega_sync_entry_begin(struct weir_buf *out, enum pravega_sync_entry_kind kind);
void pravega_sync_update_put(struct weir_buf *out, struct weir_view update);

#endif
