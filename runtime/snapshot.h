/**
 * @file runtime/snapshot.h
 * @brief What one task's operators wrote at a barrier: in memory, as a file's bytes, and back.
 *
 * A snapshot is a row of sections, one for each operator of the chain, each a row of entries. It is filled on the
 * task's worker and packed on a pool thread. The file is a header, one zstd frame and the frame's own checksum; its
 * length and XXH3 stand in the manifest as well, so that a file of another checkpoint is not taken for this one's.
 */
#ifndef WEIR_RUNTIME_SNAPSHOT_H
#define WEIR_RUNTIME_SNAPSHOT_H

#include "weir/buf.h"
#include "weir/operator.h"

struct weir_snapshot {
    struct weir_buf entries;
    uint64_t entry_count;
};

/** A task's snapshot may have up to this many bytes before compression. */
#define WEIR_SNAPSHOT_LEN_MAX ((size_t)4 << 30)

void weir_snapshot_init(struct weir_snapshot *snapshot);
void weir_snapshot_fini(struct weir_snapshot *snapshot);
/** Entries added from now on belong to the operator `uid`. */
void weir_snapshot_begin_operator(struct weir_snapshot *snapshot, const char *uid);
/** Lets the checkpoint fail with `status`: an operator could not write its state. The first one sticks. */
void weir_snapshot_fail(struct weir_snapshot *snapshot, enum weir_status status);
/** WEIR_OK, or what an entry could not be added for. */
enum weir_status weir_snapshot_status(const struct weir_snapshot *snapshot);

/** Appends the file's bytes to `file`. Blocking work for a pool thread. @retval WEIR_E_NOMEM, WEIR_E_LIMIT */
enum weir_status weir_snapshot_pack(const struct weir_snapshot *snapshot, struct weir_buf *file,
                                    struct weir_error *err);
/**
 * Appends the entries of a file's bytes to `entries`.
 * @retval WEIR_E_DAMAGED not such a file, torn or changed; the words say which, without the file's name
 */
enum weir_status weir_snapshot_unpack(struct weir_view file, struct weir_buf *entries, struct weir_error *err);

/** Walks over entries; `uid` is the section's operator. */
struct weir_snapshot_cursor {
    struct weir_in in;
    struct weir_view uid;
};

static inline struct weir_snapshot_cursor weir_snapshot_cursor(struct weir_view entries)
{
    return (struct weir_snapshot_cursor){.in = weir_in(entries)};
}
/**
 * @param name receives the NUL-terminated state name that entry->state_name points to
 * @retval WEIR_OK @retval WEIR_E_END no more @retval WEIR_E_DAMAGED entries that nobody wrote
 */
enum weir_status weir_snapshot_next(struct weir_snapshot_cursor *cursor, struct weir_restored *entry, char name[128]);

#endif
