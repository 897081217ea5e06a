/**
 * @file store/controller/catalog.h
 * @brief What the controller keeps in the container's metadata map: keys, records, and their bytes.
 *
 * Names hold no '/', so it separates the parts of a key:
 *     catalog/format                           version of this layout
 *     catalog/txn-counter                      u32, u64: the last transaction's number, of 96 bits
 *     scope/<scope>                            scope record
 *     stream/<scope>/<stream>                  stream record
 *     dead/<scope>/<stream>                    u32: a deleted stream's next segment number, so that no id comes twice
 *     txn/<scope>/<stream>/<32 hex>            transaction record
 *     writer/<scope>/<stream>/<writer>         writer record (its noted time)
 *     mark/<scope>/<stream>                    mark record (the last watermark)
 *     retention/<scope>/<stream>/<16 hex>      retention record: a cut at the tail, and when it was taken (ms)
 *     group/<scope>/<group>                    reader-group record
 *     subscriber/<scope>/<stream>/<scope>/<group>  subscriber record
 *     table/<scope>/<table>                    key-value table's record
 *     deadtable/<scope>/<table>                u32: a deleted table's next segment number
 * A record is a version byte, then fixed fields big-endian, counts as LEB128. Records of versions before are read (of a
 * stream: 2 has the time of each epoch, 1 had none; of a writer: 2 has `gone`). Configurations are kept as the protobuf
 * message that the client sent, which carries its own evolution.
 */
#ifndef WEIR_STORE_CATALOG_H
#define WEIR_STORE_CATALOG_H

#include "base/uuid.h"
#include "store/rules/epochs.h"
#include "store/rules/retention_rules.h"
#include "store/rules/watermark_rules.h"
#include "weir/buf.h"

#define WEIR_CATALOG_FORMAT 1
#define WEIR_CATALOG_RECORD_LEN_MAX (8u << 20)

#define WEIR_CATALOG_FORMAT_KEY "catalog/format"
#define WEIR_CATALOG_TXN_COUNTER_KEY "catalog/txn-counter"
#define WEIR_CATALOG_SCOPE "scope/"
#define WEIR_CATALOG_STREAM "stream/"
#define WEIR_CATALOG_DEAD "dead/"
#define WEIR_CATALOG_TXN "txn/"
#define WEIR_CATALOG_WRITER "writer/"
#define WEIR_CATALOG_MARK "mark/"
#define WEIR_CATALOG_RETENTION "retention/"
#define WEIR_CATALOG_GROUP "group/"
#define WEIR_CATALOG_SUBSCRIBER "subscriber/"
#define WEIR_CATALOG_TABLE "table/"
#define WEIR_CATALOG_DEAD_TABLE "deadtable/"

enum weir_stream_state {
    WEIR_STREAM_ACTIVE = 1,
    WEIR_STREAM_SEALED = 2,
};

struct weir_stream_record {
    enum weir_stream_state state;
    int64_t created_ms;
    struct weir_buf config; /**< a packed StreamConfig */
    struct weir_cut head;   /**< where the last truncation cut; empty if there was none */
    struct weir_epochs epochs;
};

enum weir_txn_state {
    WEIR_TXN_OPEN = 1,
    WEIR_TXN_COMMITTING = 2,
    WEIR_TXN_COMMITTED = 3,
    WEIR_TXN_ABORTED = 5, /**< numbers are those of Pravega's TxnState; an abort is one step here, so 4 is not used */
};

#define WEIR_TXN_NO_TIMESTAMP INT64_MIN

struct weir_txn_record {
    enum weir_txn_state state;
    int64_t created_ms;     /**< wall clock, as all times here */
    int64_t lease_ms;       /**< the one it was created with: a restart of the store gives it anew */
    int64_t max_expiry_ms;  /**< no ping moves the end beyond this */
    int64_t completed_ms;   /**< when it became COMMITTED or ABORTED, else 0 */
    uint64_t commit_number; /**< order of the commit requests of the whole store, 0 before */
    int64_t timestamp;      /**< the commit's, or WEIR_TXN_NO_TIMESTAMP */
    struct weir_buf writer; /**< the commit's writer id, empty if none */
};

struct weir_writer_record {
    int64_t timestamp;
    struct weir_cut position;
    bool gone; /**< it said that it will note nothing more; what it noted still counts once */
};

struct weir_mark_record {
    struct weir_watermark mark;
    int64_t segment_id; /**< of the mark stream: where it was, or is to be, appended */
    int64_t offset;
};

struct weir_group_record {
    int64_t generation;
    struct weir_buf config; /**< a packed ReaderGroupConfiguration */
};

struct weir_subscriber_record {
    int64_t generation;
    struct weir_buf group_id; /**< the reader group's UUID text */
    struct weir_cut cut;      /**< where it released the stream; empty before */
};

/** A key-value table. Its segments are numbered from first_number on, all of epoch 0: tables do not scale. */
struct weir_kvt_record {
    int64_t created_ms;
    int32_t first_number, segment_count;
    int32_t primary_key_len, secondary_key_len; /**< together 1..WEIR_TABLE_FIXED_KEY_LEN_MAX */
    int64_t rollover_bytes;
};

/** Each frees what a record holds and zeroes it; a zeroed record is fine. */
void weir_stream_record_fini(struct weir_stream_record *rec);
void weir_txn_record_fini(struct weir_txn_record *rec);
void weir_writer_record_fini(struct weir_writer_record *rec);
void weir_mark_record_fini(struct weir_mark_record *rec);
void weir_group_record_fini(struct weir_group_record *rec);
void weir_subscriber_record_fini(struct weir_subscriber_record *rec);

/** Appends a record's bytes; a failure sticks in `out->status`. */
void weir_scope_record_encode(struct weir_buf *out);
void weir_stream_record_encode(struct weir_buf *out, const struct weir_stream_record *rec);
void weir_txn_record_encode(struct weir_buf *out, const struct weir_txn_record *rec);
void weir_writer_record_encode(struct weir_buf *out, const struct weir_writer_record *rec);
void weir_mark_record_encode(struct weir_buf *out, const struct weir_mark_record *rec);
/** Without its time, which is in the key. */
void weir_retention_record_encode(struct weir_buf *out, const struct weir_retention_cut *rec);
void weir_group_record_encode(struct weir_buf *out, const struct weir_group_record *rec);
void weir_subscriber_record_encode(struct weir_buf *out, const struct weir_subscriber_record *rec);
void weir_kvt_record_encode(struct weir_buf *out, const struct weir_kvt_record *rec);

/**
 * Reads a record into a zeroed struct; on failure the struct is zeroed again.
 * @retval WEIR_E_DAMAGED      not what the encoder writes
 * @retval WEIR_E_UNSUPPORTED  a newer version's
 * @retval WEIR_E_NOMEM
 */
enum weir_status weir_scope_record_decode(struct weir_view bytes);
enum weir_status weir_stream_record_decode(struct weir_view bytes, struct weir_stream_record *rec);
enum weir_status weir_txn_record_decode(struct weir_view bytes, struct weir_txn_record *rec);
enum weir_status weir_writer_record_decode(struct weir_view bytes, struct weir_writer_record *rec);
enum weir_status weir_mark_record_decode(struct weir_view bytes, struct weir_mark_record *rec);
enum weir_status weir_retention_record_decode(struct weir_view bytes, struct weir_retention_cut *rec);
enum weir_status weir_group_record_decode(struct weir_view bytes, struct weir_group_record *rec);
enum weir_status weir_subscriber_record_decode(struct weir_view bytes, struct weir_subscriber_record *rec);
enum weir_status weir_kvt_record_decode(struct weir_view bytes, struct weir_kvt_record *rec);
/** Whether a table may have these numbers. */
bool weir_kvt_record_valid(const struct weir_kvt_record *rec);

/** Splits a key after its prefix at '/', into exactly `count` parts; the last one may hold more of them. */
bool weir_catalog_key_split(struct weir_view key, const char *prefix, struct weir_view *parts, size_t count);
/** "<16 hex>" of a retention cut, in its key. */
bool weir_catalog_time_parse(struct weir_view hex, int64_t *out);
/** "<32 hex>" of a transaction, in its key. */
bool weir_catalog_txn_parse(struct weir_view hex, struct weir_uuid *out);

#endif
