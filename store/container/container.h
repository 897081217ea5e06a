/**
 * @file store/container/container.h
 * @brief The durable heart of the store: segments and an ordered map of metadata, kept in one write-ahead log.
 *
 * A *segment* is a named run of bytes that grows at its end, with *attributes* (128-bit id -> i64). The *map* takes
 * byte keys to byte values. A *record* of the log is one append or one batch of changes; it happens as a whole or not
 * at all.
 *
 * How to use it:
 *  - A call that changes something takes effect at once, in memory: a query right after it sees the change, and calls
 *    take effect in the order in which they are made.
 *  - Its outcome is told later, through the caller's `weir_store_op`: `done` is called when the change, and everything
 *    that it or its refusal rests on, is as durable as the container was asked to be. Outcomes come in the order of the
 *    calls, from the loop, never from inside the call.
 *  - Queries (find, info, attribute, map) are answered at once, from memory, and may show what is not durable yet. Who
 *    tells a peer what a query said first waits for weir_container_barrier(); e.g. a writer's last event number counts
 *    as an acknowledgement, so it leaves the house only after a barrier. `info.durable_length` and reads need no
 *    barrier: they show acknowledged bytes only.
 *
 * When the disk is full, the log keeps what it has already taken (their outcomes stay open), tries again until there is
 * space, and refuses new changes with WEIR_E_FULL at once, out of order. When a write or sync fails otherwise, nobody
 * can know what is on the disk: the container stops, every open and later operation ends with WEIR_E_IO, and only
 * opening it anew (which reads what is really there) helps.
 *
 * Thread: everything on the container's loop.
 */
#ifndef WEIR_STORE_CONTAINER_H
#define WEIR_STORE_CONTAINER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/uuid.h"
#include "weir/loop.h"
#include "weir/store.h"
#include "weir/view.h"

#define WEIR_SEGMENT_NAME_LEN_MAX 640
#define WEIR_APPEND_LEN_MAX (32u << 20) /**< bytes of one append */
#define WEIR_BATCH_LEN_MAX (64u << 20)  /**< encoded bytes of one batch of changes */
#define WEIR_MAP_KEY_LEN_MAX 65535u
#define WEIR_MAP_VALUE_LEN_MAX (16u << 20)
#define WEIR_ATTRIBUTE_NONE INT64_MIN /**< the value of an attribute that is not set */

struct weir_container; /* opaque */
struct weir_store_figures;
struct weir_segment;   /* opaque */

struct weir_container_options {
    enum weir_durability durability;
    uint64_t flush_bytes; /**< log bytes between two checkpoints; 0 means 64 MiB */
    /** The container stopped (see above). Called once, from the loop. May be NULL. */
    void (*on_failed)(void *arg, const struct weir_error *why);
    void *arg;
    struct weir_store_figures *figures; /**< what is measured as it goes (store/container/figures.h); NULL: nothing */
};

/**
 * Opens the container in the folder `dir` (made with its parents if missing) and recovers what was acknowledged.
 * Blocks while it reads. @param options NULL means all defaults
 * @retval WEIR_E_BUSY         another process holds the folder; the message names it
 * @retval WEIR_E_DAMAGED      a file is damaged elsewhere than at the torn end of the newest log file: file and offset
 * @retval WEIR_E_UNSUPPORTED  a file has another format version: file and version
 * @retval WEIR_E_FULL, WEIR_E_DENIED, WEIR_E_IO, WEIR_E_NOMEM
 */
enum weir_status weir_container_open(struct weir_loop *loop, const char *dir,
                                     const struct weir_container_options *options, struct weir_container **out,
                                     struct weir_error *err);
/**
 * Writes and syncs what is open, releases the folder and frees the container. Blocks. On the loop's thread or after it.
 * Open operations and reads are forgotten without a call of `done`. Segments still referenced stay allocated until
 * their unref, but every other call on them is forbidden. NULL is fine.
 * @retval WEIR_OK      everything is in the log
 * @retval WEIR_E_FULL, WEIR_E_IO  what was not acknowledged may be missing at the next open; it is freed all the same
 */
enum weir_status weir_container_close(struct weir_container *ctr, struct weir_error *err);
/** Why the container stopped; NULL while it works. */
const struct weir_error *weir_container_failure(const struct weir_container *ctr);
/** Changes are refused with WEIR_E_FULL until there is space on the disk. */
bool weir_container_full(const struct weir_container *ctr);

/* --- Operations ------------------------------------------------------------------------------------------------- */

/**
 * One open operation, embedded in the caller's struct. Set `done` and hand it to one call. The container keeps a
 * pointer until `done` is called (it may free or reuse the struct) or weir_store_op_cancel().
 */
struct weir_store_op {
    void (*done)(struct weir_store_op *op);
    enum weir_status status; /**< decided during the call, to be told no one before `done`; may still become IO */
    int64_t value;           /**< of an append: the segment's length after it; where CONFLICT or EXISTS: see there */
    size_t refused_index;    /**< of a refused batch: which change */
    /* Private. */
    struct weir_store_op **ring, *next, *prev;
    uint64_t lsn;
};

/** Forgets who asked: `done` will not be called. The change itself stays made. Nothing happens if it is not open. */
void weir_store_op_cancel(struct weir_store_op *op);

/** Ends with WEIR_OK once everything done before this call is durable. */
void weir_container_barrier(struct weir_container *ctr, struct weir_store_op *op);

/* --- Segments --------------------------------------------------------------------------------------------------- */

/** The segment of that name, with a reference for the caller; NULL if there is none. */
struct weir_segment *weir_segment_find(struct weir_container *ctr, struct weir_view name);
/** The same without a reference: valid until the next change. */
struct weir_segment *weir_segment_peek(struct weir_container *ctr, struct weir_view name);
struct weir_segment *weir_segment_ref(struct weir_segment *seg);
void weir_segment_unref(struct weir_segment *seg); /**< NULL is fine */
/** Lives as long as the segment. */
struct weir_view weir_segment_name(const struct weir_segment *seg);

struct weir_segment_info {
    int64_t start_offset;     /**< bytes below are truncated away */
    int64_t length;           /**< where the next append goes (truncated bytes count) */
    int64_t durable_length;   /**< the acknowledged part of it */
    int64_t last_modified_ms; /**< wall clock of the last change */
    bool sealed, deleted;
};
void weir_segment_info(const struct weir_segment *seg, struct weir_segment_info *out);

/** Attribute `id`, or WEIR_ATTRIBUTE_NONE. A writer's state is the attribute of its id: its last event number. */
int64_t weir_segment_attribute(const struct weir_segment *seg, struct weir_uuid id);

/** Tells its owner that a segment has grown; embedded in the owner's struct, zeroed, `grown` set. */
struct weir_segment_watch {
    void (*grown)(struct weir_segment_watch *watch);
    struct weir_segment *seg; /**< private: referenced while it is set */
};

/**
 * `grown` will be called once, from inside the next append or merge that goes into the segment, after it took effect;
 * it must not change the container. A segment has one watch at most, a watch one segment.
 */
void weir_segment_watch(struct weir_segment *seg, struct weir_segment_watch *watch);
/** No call will follow. Nothing happens if it is not set. */
void weir_segment_unwatch(struct weir_segment_watch *watch);

/** Core attributes (msb of the id): creation time and event count are kept by the container. */
#define WEIR_ATTRIBUTE_CORE_MSB UINT64_C(0x8000000000000000)
#define WEIR_ATTRIBUTE_CREATION_TIME ((struct weir_uuid){WEIR_ATTRIBUTE_CORE_MSB, 0}) /**< ms */
#define WEIR_ATTRIBUTE_EVENT_COUNT                                                                                     \
    ((struct weir_uuid){WEIR_ATTRIBUTE_CORE_MSB, 1}) /**< events, merged ones included                                 \
                                                      */
#define WEIR_ATTRIBUTE_SCALE_TYPE ((struct weir_uuid){WEIR_ATTRIBUTE_CORE_MSB, 2})
#define WEIR_ATTRIBUTE_SCALE_RATE ((struct weir_uuid){WEIR_ATTRIBUTE_CORE_MSB, 3})
#define WEIR_ATTRIBUTE_ROLLOVER_SIZE ((struct weir_uuid){WEIR_ATTRIBUTE_CORE_MSB, 4})
#define WEIR_ATTRIBUTE_SEGMENT_TYPE ((struct weir_uuid){WEIR_ATTRIBUTE_CORE_MSB, 9})
/* Those of tables are what the table is, not what was set. */
#define WEIR_ATTRIBUTE_KEY_LENGTH ((struct weir_uuid){WEIR_ATTRIBUTE_CORE_MSB, 12})
#define WEIR_SEGMENT_TYPE_HASH_TABLE 1
#define WEIR_SEGMENT_TYPE_FIXED_TABLE 5

#define WEIR_APPEND_ANYWHERE INT64_C(-1)

struct weir_append {
    struct weir_uuid writer;
    int64_t event_number; /**< of the last event; above the writer's last one. WEIR_ATTRIBUTE_NONE: no writer state */
    int64_t event_count;  /**< 0 or more; adds to the event count */
    int64_t
        expected_offset; /**< append only if the segment's length is this; WEIR_APPEND_ANYWHERE if it is all the same */
    const struct iovec *iov; /**< the bytes, copied during the call; 0 bytes are legal */
    int iov_count;
};

/**
 * Appends; writer state and event count change with it, atomically. Outcomes:
 *  WEIR_OK (value = length after it) · SEALED · NOT_FOUND (deleted) · CONFLICT (expected_offset; value = the length) ·
 *  EXISTS (event_number is not above the writer's last, value = that last; nothing appended) · LIMIT · INVAL (a
 *  table) · FULL · IO
 */
void weir_segment_append(struct weir_segment *seg, const struct weir_append *append, struct weir_store_op *op);

/* --- Reads ------------------------------------------------------------------------------------------------------ */

/** One read, embedded in the caller's struct: set the first group, get the second in `done`. */
struct weir_segment_read {
    void (*done)(struct weir_segment_read *read); /**< from the loop, never from inside the call */
    int64_t offset;
    size_t len_max; /**< 1 or more; capped at 2 MiB */
    bool wait; /**< at or beyond the tail: for bytes, the seal, a merge or the deletion; else 0 bytes come at once */
    /** Asked before memory is spent on it, or the disk read: false ends it with AGAIN. NULL: it is wanted. */
    bool (*wanted)(struct weir_segment_read *read);

    /**
     * OK (0 or more bytes) · AGAIN (not wanted any more) · TRUNCATED (offset < start_offset) · NOT_FOUND (deleted) ·
     * SEALED (became sealed, or the source of a merge, while this read waited, and no byte came) · INVAL (beyond the
     * end of a sealed segment) · DAMAGED, IO, NOMEM
     */
    enum weir_status status;
    struct weir_view data; /**< valid until weir_segment_read_release(); may be fewer bytes than there are */
    int64_t start_offset;  /**< of the segment, now */
    bool at_tail;          /**< the data reaches the acknowledged end */
    bool end_of_segment;   /**< the data reaches the end, and the segment is sealed */
    /* Private. */
    struct weir_segment *seg;
    struct weir_segment_read *next, *prev;
    void *hold, *job;
    size_t counted; /* bytes copied together for it, counted until it is done */
    int state;
};

/** Begins a read of acknowledged bytes. The container keeps a reference to the segment meanwhile. Reads that need
 * memory of their own (from chunks, or of many small pieces) take turns once they have 64 MiB of it. */
void weir_segment_read(struct weir_segment *seg, struct weir_segment_read *read);
/** No `done` will follow. Nothing happens if it is not open. */
void weir_segment_read_cancel(struct weir_segment_read *read);
/** Lets go of `data`. To be called once for every `done`, at any time after it (before weir_container_close). */
void weir_segment_read_release(struct weir_segment_read *read);

/* --- Changes ---------------------------------------------------------------------------------------------------- */

/** As on the wire. */
enum weir_attribute_update_type {
    WEIR_ATTRIBUTE_SET_NEW = 0, /**< if it is not set */
    WEIR_ATTRIBUTE_REPLACE = 1,
    WEIR_ATTRIBUTE_REPLACE_IF_GREATER = 2,
    WEIR_ATTRIBUTE_ACCUMULATE = 3,        /**< adds; absent counts as 0 */
    WEIR_ATTRIBUTE_REPLACE_IF_EQUALS = 4, /**< if it is `expected` (WEIR_ATTRIBUTE_NONE: not set) */
};

struct weir_attribute_update {
    struct weir_uuid id;
    enum weir_attribute_update_type type;
    int64_t value; /**< WEIR_ATTRIBUTE_NONE unsets */
    int64_t expected;
};

enum weir_change_kind {
    WEIR_CHANGE_CREATE =
        1,                /**< segment `name`, with `updates` as its first attributes; a table if `table`. EXISTS, LIMIT
                               (name too long), INVAL (key_len) */
    WEIR_CHANGE_DELETE,   /**< segment `name`. NOT_FOUND */
    WEIR_CHANGE_SEAL,     /**< NOT_FOUND; SEALED if it is already */
    WEIR_CHANGE_TRUNCATE, /**< to `offset`. NOT_FOUND; TRUNCATED if not start_offset <= offset <= length; INVAL (a
                               table) */
    WEIR_CHANGE_MERGE,    /**< the bytes of `source` go to the end of `name` and `source` is gone; `updates` go to
                               `name`. NOT_FOUND (either); SEALED (`name`); CONFLICT (updates); INVAL (same, a
                               table) */
    WEIR_CHANGE_ATTRIBUTES, /**< `updates` go to `name`. NOT_FOUND; SEALED; CONFLICT: nothing is changed */
    WEIR_CHANGE_PUT,        /**< map: `name` -> `value`. LIMIT */
    WEIR_CHANGE_REMOVE,     /**< map: `name` is gone; fine if it was not there */
};

struct weir_change {
    enum weir_change_kind kind;
    /** CREATE of what exists, DELETE or MERGE (source) of what does not, SEAL of what is sealed or missing: fine. */
    bool lenient;
    bool table;            /**< CREATE: a table segment */
    uint32_t key_len; /**< CREATE of a table: of all its keys, up to WEIR_TABLE_FIXED_KEY_LEN_MAX; 0: a hash table */
    struct weir_view name; /**< of the segment; MERGE: of the target; PUT, REMOVE: the key */
    struct weir_view source;
    struct weir_view value;
    int64_t offset;
    const struct weir_attribute_update *updates;
    size_t update_count;
    int64_t result; /**< set by the call: MERGE: the target's length after it; TRUNCATE refused: the start offset */
};

/**
 * Makes all `changes`, or none, in one record. Each is checked against the state before the batch; then they are
 * applied in order. One segment may be created, deleted, sealed or used as a source by one change of a batch only
 * (else INVAL), and not be a target when it is deleted or a source. Everything is borrowed for the call.
 * Outcome: WEIR_OK, or what the change [op->refused_index] was refused with (see weir_change_kind) · LIMIT · FULL · IO
 */
void weir_container_change(struct weir_container *ctr, struct weir_change *changes, size_t count,
                           struct weir_store_op *op);

/* --- Tables ----------------------------------------------------------------------------------------------------- */

/*
 * A *table segment* maps keys to values. Its bytes are a log of entries (store/container/table.h), which only calls of
 * this section append to; a key's *version* is where its entry was first appended. Other calls see a table as they see
 * any segment, but neither append to it, truncate it nor merge it. Once half of a table is dead, what lives is appended
 * again and the front is truncated: places change then, versions do not.
 */
#define WEIR_TABLE_KEY_LEN_MAX 8192u
#define WEIR_TABLE_FIXED_KEY_LEN_MAX 256u   /**< in tables whose keys have one length */
#define WEIR_TABLE_ENTRY_LEN_MAX (1u << 20) /**< head (17 bytes), key and value */
#define WEIR_TABLE_NO_VERSION INT64_MIN     /**< no condition */
#define WEIR_TABLE_NOT_EXISTS INT64_C(-1)   /**< the condition that the key is not there */
#define WEIR_TABLE_ANY_LENGTH INT64_C(-1)

struct weir_table_item {
    struct weir_view key, value; /**< no value where keys are removed */
    int64_t version;             /**< the condition: a version, NOT_EXISTS or NO_VERSION */
};

/** Where a key's value stands now. */
struct weir_table_place {
    int64_t offset;  /**< of its entry in the segment; the value stands last in it */
    int64_t version;
    uint32_t value_len;
};

/**
 * Puts all the items, or removes their keys, if all conditions hold before any of it; else nothing changes. Keys that
 * are not there can be removed. Items are borrowed for the call.
 * @param expected_length  do it only if the segment's length is this; or WEIR_TABLE_ANY_LENGTH
 * Outcomes: OK (value = the version of the first item; each next one's is greater by the length of the entry before
 *  it) · NOT_FOUND (deleted) · SEALED · INVAL (no table, a key of a wrong length, a condition below -1) · LIMIT (an
 * entry or all of them are too long) · TRUNCATED (expected_length; value = the length) · CONFLICT (item refused_index;
 * value = its version, or NOT_EXISTS) · FULL · IO
 */
void weir_table_update(struct weir_segment *seg, const struct weir_table_item *items, size_t count,
                       int64_t expected_length, struct weir_store_op *op);
void weir_table_remove(struct weir_segment *seg, const struct weir_table_item *items, size_t count,
                       int64_t expected_length, struct weir_store_op *op);

struct weir_table_info {
    uint32_t key_len; /**< of all keys; 0: a hash table */
    uint64_t entry_count;
};
/** False if the segment is no table. As all queries, this may show what is not durable yet. */
bool weir_table_info(const struct weir_segment *seg, struct weir_table_info *out);
bool weir_table_get(const struct weir_segment *seg, struct weir_view key, struct weir_table_place *out);

/** A walk through a table's keys in its order; see store/container/table.h. Valid until the next change. */
struct weir_table_cursor {
    const void *at; /**< NULL: at the end */
    struct weir_view key;
    struct weir_table_place place;
};
/** To the first key whose order is not below `from`: a key, or in a hash table the beginning of a hash. */
void weir_table_seek(const struct weir_segment *seg, struct weir_view from, struct weir_table_cursor *cursor);
void weir_table_next(const struct weir_segment *seg, struct weir_table_cursor *cursor);

/* --- The map ---------------------------------------------------------------------------------------------------- */

/** @return whether `key` is there; *value is valid until the next change */
bool weir_map_get(struct weir_container *ctr, struct weir_view key, struct weir_view *value);
/**
 * The first entry whose key is at or after `from` (with `after`: strictly after) in byte order. A scan of a prefix
 * starts at the prefix, goes on after the last key, and ends at the first key without it; changes meanwhile are fine.
 * @return whether there is one; *key and *value are valid until the next change
 */
bool weir_map_seek(struct weir_container *ctr, struct weir_view from, bool after, struct weir_view *key,
                   struct weir_view *value);
/** As weir_map_seek, restricted to keys that start with `prefix`; `from` empty means its beginning. */
bool weir_map_next(struct weir_container *ctr, struct weir_view prefix, struct weir_view from, struct weir_view *key,
                   struct weir_view *value);

/* --- Figures ---------------------------------------------------------------------------------------------------- */

struct weir_container_stats {
    uint64_t append_count, append_bytes, event_count; /**< since open */
    uint64_t record_count, log_bytes, group_count, sync_count;
    uint64_t read_count, read_bytes, cold_read_count;
    uint64_t reading_bytes, reading_bytes_max; /**< memory of reads under way: now, and the most so far */
    uint64_t flush_count, flush_bytes;
    uint64_t unflushed_bytes, chunk_count, chunk_bytes, chunk_live_bytes, segment_count, map_count; /**< now */
    uint64_t unflushed_max;         /**< more than this makes writes wait for a flush */
    int64_t published_ns;           /**< loop time of the last checkpoint, or of the opening */
    int64_t recovery_ms;            /**< how long the opening took */
    uint64_t recovered_records;     /**< of the log, applied by it */
    bool full, failed;
};
void weir_container_stats(const struct weir_container *ctr, struct weir_container_stats *out);

/** Begins a flush and checkpoint now; ends with WEIR_OK when the log before it is not needed any more, or FULL, IO. */
void weir_container_flush(struct weir_container *ctr, struct weir_store_op *op);

#endif
