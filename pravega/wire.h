/**
 * @file pravega/wire.h
 * @brief The wire commands between a client and a segment store: one table, and the codec made from it.
 *
 * Frame, big-endian: int32 type | int32 payload_len | payload. Both sides use this codec: the client, and the embedded
 * store as the server. It does no I/O and reads no clock: bytes go in, commands come out, and the other way round.
 * Decoded strings, buffers and lists are views into the payload. Bytes after the known fields are ignored: newer peers
 * only ever append fields. Fields that older peers leave out (TAIL) get their default.
 */
#ifndef PRAVEGA_WIRE_H
#define PRAVEGA_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/uuid.h"
#include "weir/buf.h"
#include "weir/error.h"
#include "weir/view.h"

#define PRAVEGA_WIRE_HEADER_LEN 8
#define PRAVEGA_WIRE_FRAME_LEN_MAX 0x00ffffff /**< header included */
#define PRAVEGA_WIRE_EVENT 0 /**< type of an event's header in a segment's data; never a frame of its own */
#define PRAVEGA_WIRE_VERSION_HIGH 16
#define PRAVEGA_WIRE_VERSION_LOW 5
#define PRAVEGA_WIRE_NEVER_WROTE INT64_MIN  /**< AppendSetup.last_event_number of a new writer; an absent attribute */
/** The attribute of a log's mark, an offset: MurmurHash3_x64_128 of upstream's name RevisionStreamClientMark. */
#define PRAVEGA_WIRE_LOG_MARK ((struct weir_uuid){UINT64_C(0x7df9a874246cc9d6), UINT64_C(0x9397cdd19ead68c5)})
#define PRAVEGA_WIRE_NO_VERSION INT64_MIN   /**< table key: unconditional */
#define PRAVEGA_WIRE_NOT_EXISTS INT64_C(-1) /**< table key: must not exist; in a reply: is missing */

/** AuthTokenCheckFailed.error_code, ErrorMessage.error_code */
#define PRAVEGA_WIRE_AUTH_CHECK_FAILED 0
#define PRAVEGA_WIRE_AUTH_EXPIRED 1
#define PRAVEGA_WIRE_ERROR_UNSPECIFIED (-1)
#define PRAVEGA_WIRE_ERROR_ILLEGAL_ARGUMENT 0

/** Items of a list as they lie on the wire; take them with pravega_wire_*_next(), write them with pravega_wire_put_*().
 */
struct pravega_wire_list {
    int32_t count;
    struct weir_view items;
};

/*
 * The table. X(NAME, name, code, direction, fields); direction C is sent by clients, S by servers, CS by both.
 * Define FIELD(kind, name) and TAIL(kind, name, default) before expanding it. Kinds:
 *   I32 I64 I8 BOOL  integers              ID     the request id, an I64
 *   UUID             16 bytes              STR    u16 length and modified UTF-8
 *   BUF              i32 length and bytes  REST   all that is left
 *   EVENT            i32 0, i32 length and bytes
 *   NAMES            i32 n, n STR          NUMBERS  i32 n, n I64
 *   KEYS             i32 n, n table keys   ENTRIES  i32 n, n (table key, table value)
 *   MERGED           i32 n, n (STR, I64)   UPDATES  i32 n, n attribute updates   CHUNKS  i32 n, n storage chunks
 */
// clang-format off
#define PRAVEGA_WIRE_COMMANDS(X) \
    /* connection */ \
    X(HELLO, hello, -127, CS, FIELD(I32, high_version) FIELD(I32, low_version)) \
    X(KEEP_ALIVE, keep_alive, 100, CS, ) \
    /* what went wrong */ \
    X(WRONG_HOST, wrong_host, 50, S, \
        FIELD(ID, request_id) FIELD(STR, segment) FIELD(STR, correct_host) TAIL(STR, stack_trace, NOTHING)) \
    X(SEGMENT_IS_SEALED, segment_is_sealed, 51, S, \
        FIELD(ID, request_id) FIELD(STR, segment) TAIL(STR, stack_trace, NOTHING) TAIL(I64, offset, -1)) \
    X(SEGMENT_ALREADY_EXISTS, segment_already_exists, 52, S, \
        FIELD(ID, request_id) FIELD(STR, segment) TAIL(STR, stack_trace, NOTHING)) \
    X(NO_SUCH_SEGMENT, no_such_segment, 53, S, \
        FIELD(ID, request_id) FIELD(STR, segment) TAIL(STR, stack_trace, NOTHING) TAIL(I64, offset, -1)) \
    X(INVALID_EVENT_NUMBER, invalid_event_number, 55, S, \
        FIELD(UUID, writer_id) FIELD(ID, request_id) TAIL(STR, stack_trace, NOTHING) TAIL(I64, event_number, -1)) \
    X(SEGMENT_IS_TRUNCATED, segment_is_truncated, 56, S, \
        FIELD(ID, request_id) FIELD(STR, segment) FIELD(I64, start_offset) TAIL(STR, stack_trace, NOTHING) \
        TAIL(I64, offset, -1)) \
    X(OPERATION_UNSUPPORTED, operation_unsupported, 57, S, \
        FIELD(ID, request_id) FIELD(STR, operation) TAIL(STR, stack_trace, NOTHING)) \
    X(AUTH_TOKEN_CHECK_FAILED, auth_token_check_failed, 60, S, \
        FIELD(ID, request_id) TAIL(STR, stack_trace, NOTHING) TAIL(I32, error_code, -1)) \
    X(ERROR_MESSAGE, error_message, 61, S, \
        FIELD(ID, request_id) FIELD(STR, segment) FIELD(STR, message) FIELD(I32, error_code)) \
    X(TABLE_SEGMENT_NOT_EMPTY, table_segment_not_empty, 80, S, \
        FIELD(ID, request_id) FIELD(STR, segment) FIELD(STR, stack_trace)) \
    X(TABLE_KEY_DOES_NOT_EXIST, table_key_does_not_exist, 81, S, \
        FIELD(ID, request_id) FIELD(STR, segment) FIELD(STR, stack_trace)) \
    X(TABLE_KEY_BAD_VERSION, table_key_bad_version, 82, S, \
        FIELD(ID, request_id) FIELD(STR, segment) FIELD(STR, stack_trace)) \
    /* append */ \
    X(PADDING, padding, -1, C, FIELD(REST, data)) \
    X(PARTIAL_EVENT, partial_event, -2, C, FIELD(REST, data)) \
    X(SETUP_APPEND, setup_append, 1, C, \
        FIELD(ID, request_id) FIELD(UUID, writer_id) FIELD(STR, segment) FIELD(STR, token)) \
    X(APPEND_SETUP, append_setup, 2, S, \
        FIELD(ID, request_id) FIELD(STR, segment) FIELD(UUID, writer_id) FIELD(I64, last_event_number)) \
    X(APPEND_BLOCK, append_block, 3, C, FIELD(UUID, writer_id) FIELD(REST, data)) \
    X(APPEND_BLOCK_END, append_block_end, 4, C, \
        FIELD(UUID, writer_id) FIELD(I32, whole_len) FIELD(BUF, data) FIELD(I32, event_count) \
        FIELD(I64, last_event_number) TAIL(ID, request_id, -1)) \
    X(CONDITIONAL_APPEND, conditional_append, 5, C, \
        FIELD(UUID, writer_id) FIELD(I64, event_number) FIELD(I64, expected_offset) FIELD(EVENT, event) \
        TAIL(ID, request_id, -1)) \
    X(DATA_APPENDED, data_appended, 7, S, \
        FIELD(UUID, writer_id) FIELD(I64, event_number) TAIL(I64, previous_event_number, -1) \
        TAIL(ID, request_id, -1) TAIL(I64, write_offset, -1)) \
    X(CONDITIONAL_CHECK_FAILED, conditional_check_failed, 8, S, \
        FIELD(UUID, writer_id) FIELD(I64, event_number) TAIL(ID, request_id, -1)) \
    X(CONDITIONAL_BLOCK_END, conditional_block_end, 89, C, \
        FIELD(UUID, writer_id) FIELD(I64, event_number) FIELD(I64, expected_offset) FIELD(BUF, data) \
        FIELD(ID, request_id)) \
    /* read and metadata */ \
    X(READ_SEGMENT, read_segment, 9, C, \
        FIELD(STR, segment) FIELD(I64, offset) FIELD(I32, suggested_len) FIELD(STR, token) TAIL(ID, request_id, -1)) \
    X(SEGMENT_READ, segment_read, 10, S, \
        FIELD(STR, segment) FIELD(I64, offset) FIELD(BOOL, at_tail) FIELD(BOOL, end_of_segment) FIELD(BUF, data) \
        TAIL(ID, request_id, -1)) \
    X(GET_STREAM_SEGMENT_INFO, get_stream_segment_info, 11, C, \
        FIELD(ID, request_id) FIELD(STR, segment) FIELD(STR, token)) \
    X(STREAM_SEGMENT_INFO, stream_segment_info, 12, S, \
        FIELD(ID, request_id) FIELD(STR, segment) FIELD(BOOL, exists) FIELD(BOOL, is_sealed) FIELD(BOOL, is_deleted) \
        FIELD(I64, last_modified_ms) FIELD(I64, write_offset) TAIL(I64, start_offset, 0)) \
    X(GET_SEGMENT_ATTRIBUTE, get_segment_attribute, 34, C, \
        FIELD(ID, request_id) FIELD(STR, segment) FIELD(UUID, attribute_id) FIELD(STR, token)) \
    X(SEGMENT_ATTRIBUTE, segment_attribute, 35, S, FIELD(ID, request_id) FIELD(I64, value)) \
    X(UPDATE_SEGMENT_ATTRIBUTE, update_segment_attribute, 36, C, \
        FIELD(ID, request_id) FIELD(STR, segment) FIELD(UUID, attribute_id) FIELD(I64, new_value) \
        FIELD(I64, expected_value) FIELD(STR, token)) \
    X(SEGMENT_ATTRIBUTE_UPDATED, segment_attribute_updated, 37, S, FIELD(ID, request_id) FIELD(BOOL, success)) \
    X(TRUNCATE_SEGMENT, truncate_segment, 38, C, \
        FIELD(ID, request_id) FIELD(STR, segment) FIELD(I64, truncation_offset) FIELD(STR, token)) \
    X(SEGMENT_TRUNCATED, segment_truncated, 39, S, FIELD(ID, request_id) FIELD(STR, segment)) \
    /* life of a segment */ \
    X(CREATE_SEGMENT, create_segment, 20, C, \
        FIELD(ID, request_id) FIELD(STR, segment) FIELD(I32, target_rate) FIELD(I8, scale_type) FIELD(STR, token) \
        TAIL(I64, rollover_bytes, 0)) \
    X(SEGMENT_CREATED, segment_created, 21, S, FIELD(ID, request_id) FIELD(STR, segment)) \
    X(SEAL_SEGMENT, seal_segment, 28, C, FIELD(ID, request_id) FIELD(STR, segment) FIELD(STR, token)) \
    X(SEGMENT_SEALED, segment_sealed, 29, S, FIELD(ID, request_id) FIELD(STR, segment)) \
    X(DELETE_SEGMENT, delete_segment, 30, C, FIELD(ID, request_id) FIELD(STR, segment) FIELD(STR, token)) \
    X(SEGMENT_DELETED, segment_deleted, 31, S, FIELD(ID, request_id) FIELD(STR, segment)) \
    X(UPDATE_SEGMENT_POLICY, update_segment_policy, 32, C, \
        FIELD(ID, request_id) FIELD(STR, segment) FIELD(I32, target_rate) FIELD(I8, scale_type) FIELD(STR, token)) \
    X(SEGMENT_POLICY_UPDATED, segment_policy_updated, 33, S, FIELD(ID, request_id) FIELD(STR, segment)) \
    X(CREATE_TRANSIENT_SEGMENT, create_transient_segment, 40, C, \
        FIELD(ID, request_id) FIELD(UUID, writer_id) FIELD(STR, parent) FIELD(STR, token)) \
    X(MERGE_SEGMENTS, merge_segments, 58, C, \
        FIELD(ID, request_id) FIELD(STR, target) FIELD(STR, source) FIELD(STR, token) TAIL(UPDATES, updates, NO_ITEMS)) \
    X(SEGMENTS_MERGED, segments_merged, 59, S, \
        FIELD(ID, request_id) FIELD(STR, target) FIELD(STR, source) TAIL(I64, target_write_offset, -1)) \
    X(MERGE_SEGMENTS_BATCH, merge_segments_batch, 90, C, \
        FIELD(ID, request_id) FIELD(STR, target) FIELD(NAMES, sources) FIELD(STR, token)) \
    X(SEGMENTS_BATCH_MERGED, segments_batch_merged, 91, S, \
        FIELD(ID, request_id) FIELD(STR, target) FIELD(MERGED, merged)) \
    /* table segments */ \
    X(GET_TABLE_SEGMENT_INFO, get_table_segment_info, 68, C, \
        FIELD(ID, request_id) FIELD(STR, segment) FIELD(STR, token)) \
    X(TABLE_SEGMENT_INFO, table_segment_info, 69, S, \
        FIELD(ID, request_id) FIELD(STR, segment) FIELD(I64, start_offset) FIELD(I64, length) FIELD(I64, entry_count) \
        FIELD(I32, key_len)) \
    X(CREATE_TABLE_SEGMENT, create_table_segment, 70, C, \
        FIELD(ID, request_id) FIELD(STR, segment) FIELD(STR, token) TAIL(BOOL, sorted, false) TAIL(I32, key_len, 0) \
        TAIL(I64, rollover_bytes, 0)) \
    X(DELETE_TABLE_SEGMENT, delete_table_segment, 71, C, \
        FIELD(ID, request_id) FIELD(STR, segment) FIELD(BOOL, must_be_empty) FIELD(STR, token)) \
    X(UPDATE_TABLE_ENTRIES, update_table_entries, 74, C, \
        FIELD(ID, request_id) FIELD(STR, segment) FIELD(STR, token) FIELD(ENTRIES, entries) \
        TAIL(I64, table_segment_offset, -1)) \
    X(TABLE_ENTRIES_UPDATED, table_entries_updated, 75, S, FIELD(ID, request_id) FIELD(NUMBERS, versions)) \
    X(REMOVE_TABLE_KEYS, remove_table_keys, 76, C, \
        FIELD(ID, request_id) FIELD(STR, segment) FIELD(STR, token) FIELD(KEYS, keys) \
        TAIL(I64, table_segment_offset, -1)) \
    X(TABLE_KEYS_REMOVED, table_keys_removed, 77, S, FIELD(ID, request_id) FIELD(STR, segment)) \
    X(READ_TABLE, read_table, 78, C, FIELD(ID, request_id) FIELD(STR, segment) FIELD(STR, token) FIELD(KEYS, keys)) \
    X(TABLE_READ, table_read, 79, S, FIELD(ID, request_id) FIELD(STR, segment) FIELD(ENTRIES, entries)) \
    X(READ_TABLE_KEYS, read_table_keys, 83, C, \
        FIELD(ID, request_id) FIELD(STR, segment) FIELD(STR, token) FIELD(I32, suggested_count) \
        TAIL(BUF, continuation, NOTHING) TAIL(BUF, prefix, NOTHING) TAIL(BUF, from_key, NOTHING) \
        TAIL(BUF, to_key, NOTHING)) \
    X(TABLE_KEYS_READ, table_keys_read, 84, S, \
        FIELD(ID, request_id) FIELD(STR, segment) FIELD(KEYS, keys) FIELD(BUF, continuation)) \
    X(READ_TABLE_ENTRIES, read_table_entries, 85, C, \
        FIELD(ID, request_id) FIELD(STR, segment) FIELD(STR, token) FIELD(I32, suggested_count) \
        TAIL(BUF, continuation, NOTHING) TAIL(BUF, prefix, NOTHING) TAIL(BUF, from_key, NOTHING) \
        TAIL(BUF, to_key, NOTHING)) \
    X(TABLE_ENTRIES_READ, table_entries_read, 86, S, \
        FIELD(ID, request_id) FIELD(STR, segment) FIELD(ENTRIES, entries) FIELD(BUF, continuation)) \
    X(TABLE_ENTRIES_DELTA_READ, table_entries_delta_read, 87, S, \
        FIELD(ID, request_id) FIELD(STR, segment) FIELD(ENTRIES, entries) FIELD(BOOL, should_clear) \
        FIELD(BOOL, reached_end) FIELD(I64, last_position)) \
    X(READ_TABLE_ENTRIES_DELTA, read_table_entries_delta, 88, C, \
        FIELD(ID, request_id) FIELD(STR, segment) FIELD(STR, token) FIELD(I64, from_position) \
        FIELD(I32, suggested_count)) \
    /* admin gateway */ \
    X(FLUSH_TO_STORAGE, flush_to_storage, -3, C, FIELD(I32, container_id) FIELD(STR, token) FIELD(ID, request_id)) \
    X(FLUSHED_TO_STORAGE, flushed_to_storage, -4, S, FIELD(ID, request_id)) \
    X(LIST_STORAGE_CHUNKS, list_storage_chunks, -5, C, FIELD(STR, segment) FIELD(STR, token) FIELD(ID, request_id)) \
    X(STORAGE_CHUNKS_LISTED, storage_chunks_listed, -6, S, FIELD(ID, request_id) FIELD(CHUNKS, chunks))
// clang-format on

enum pravega_wire_type {
#define X(NAME, name, code, direction, ...) PRAVEGA_WIRE_##NAME = code,
    PRAVEGA_WIRE_COMMANDS(X)
#undef X
};

#define PRAVEGA_WIRE_C_I8 int8_t
#define PRAVEGA_WIRE_C_BOOL bool
#define PRAVEGA_WIRE_C_I32 int32_t
#define PRAVEGA_WIRE_C_I64 int64_t
#define PRAVEGA_WIRE_C_ID int64_t
#define PRAVEGA_WIRE_C_UUID struct weir_uuid
#define PRAVEGA_WIRE_C_STR struct weir_view
#define PRAVEGA_WIRE_C_BUF struct weir_view
#define PRAVEGA_WIRE_C_REST struct weir_view
#define PRAVEGA_WIRE_C_EVENT struct weir_view
#define PRAVEGA_WIRE_C_NAMES struct pravega_wire_list
#define PRAVEGA_WIRE_C_NUMBERS struct pravega_wire_list
#define PRAVEGA_WIRE_C_KEYS struct pravega_wire_list
#define PRAVEGA_WIRE_C_ENTRIES struct pravega_wire_list
#define PRAVEGA_WIRE_C_MERGED struct pravega_wire_list
#define PRAVEGA_WIRE_C_UPDATES struct pravega_wire_list
#define PRAVEGA_WIRE_C_CHUNKS struct pravega_wire_list

/* struct pravega_wire_hello, struct pravega_wire_setup_append, ... */
#define FIELD(kind, name) PRAVEGA_WIRE_C_##kind name;
#define TAIL(kind, name, fallback) PRAVEGA_WIRE_C_##kind name;
#define X(NAME, name, code, direction, ...)                                                                            \
    struct pravega_wire_##name {                                                                                       \
        __VA_ARGS__                                                                                                    \
    };
PRAVEGA_WIRE_COMMANDS(X)
#undef X
#undef TAIL
#undef FIELD

/** Any command. */
struct pravega_wire_command {
    enum pravega_wire_type type;
    union {
#define X(NAME, name, code, direction, ...) struct pravega_wire_##name name;
        PRAVEGA_WIRE_COMMANDS(X)
#undef X
    };
};

/** "SETUP_APPEND"; "?" for a code outside the table. Static string. */
const char *pravega_wire_name(int32_t type);
bool pravega_wire_sent_by_client(int32_t type); /**< false for codes outside the table, too */
bool pravega_wire_sent_by_server(int32_t type);
/** The command's request id; 0 if it has none. */
int64_t pravega_wire_request_id(const struct pravega_wire_command *cmd);

/*
 * pravega_wire_encode_hello(buf, &hello), ...: append one whole frame. A failure sticks in buf->status as usual: LIMIT
 * for a string over 65535 bytes or a frame over PRAVEGA_WIRE_FRAME_LEN_MAX; nothing is appended then.
 */
#define X(NAME, name, code, direction, ...)                                                                            \
    void pravega_wire_encode_##name(struct weir_buf *buf, const struct pravega_wire_##name *cmd);
PRAVEGA_WIRE_COMMANDS(X)
#undef X
void pravega_wire_encode(struct weir_buf *buf, const struct pravega_wire_command *cmd);

/**
 * The commands that carry bulk data, as what stands before and after `cmd->data`, so that the data itself can go
 * out by writev from where it is. Only data.len is looked at.
 */
#define PRAVEGA_WIRE_APPEND_HEAD_LEN 32
#define PRAVEGA_WIRE_APPEND_TAIL_LEN 20
void pravega_wire_append_block_end_around(const struct pravega_wire_append_block_end *cmd,
                                          uint8_t head[PRAVEGA_WIRE_APPEND_HEAD_LEN],
                                          uint8_t tail[PRAVEGA_WIRE_APPEND_TAIL_LEN]);
#define PRAVEGA_WIRE_CONDITIONAL_HEAD_LEN 44
#define PRAVEGA_WIRE_CONDITIONAL_TAIL_LEN 8
void pravega_wire_conditional_block_end_around(const struct pravega_wire_conditional_block_end *cmd,
                                               uint8_t head[PRAVEGA_WIRE_CONDITIONAL_HEAD_LEN],
                                               uint8_t tail[PRAVEGA_WIRE_CONDITIONAL_TAIL_LEN]);
#define PRAVEGA_WIRE_READ_TAIL_LEN 8
void pravega_wire_segment_read_around(const struct pravega_wire_segment_read *cmd, struct weir_buf *head,
                                      uint8_t tail[PRAVEGA_WIRE_READ_TAIL_LEN]);

/**
 * Decodes one frame's payload; views in `out` are borrowed from it.
 * @retval WEIR_E_PROTO an unknown type, a field that is not all there, or one that cannot be
 */
enum weir_status pravega_wire_decode(int32_t type, struct weir_view payload, struct pravega_wire_command *out,
                                     struct weir_error *err);

/**
 * The bytes that an append carries: what the block before it holds (`block`, NULL for a bare end) and its own data, as
 * up to three views in order. Padding is left out.
 * @param parts borrowed from block and end; unused ones are empty
 * @retval WEIR_E_PROTO whole_len or what follows it in the block is not one of the shapes that an append may have
 */
#define PRAVEGA_WIRE_APPEND_PARTS 3
enum weir_status pravega_wire_append_parts(const struct pravega_wire_append_block *block,
                                           const struct pravega_wire_append_block_end *end,
                                           struct weir_view parts[PRAVEGA_WIRE_APPEND_PARTS], struct weir_error *err);

/* Items of lists. A decoded list was checked as a whole: its next() calls cannot fail before `count` items. */
struct pravega_wire_key {
    struct weir_view key;
    int64_t version; /**< PRAVEGA_WIRE_NO_VERSION for an empty key, which carries none */
};
struct pravega_wire_entry {
    struct pravega_wire_key key;
    struct weir_view value;
};
struct pravega_wire_merged {
    struct weir_view source;
    int64_t target_write_offset;
};
struct pravega_wire_update {
    struct weir_uuid attribute_id;
    int8_t update_type; /**< 1 replace, 4 replace if equals */
    int64_t new_value, old_value;
};
struct pravega_wire_chunk {
    int64_t len_in_metadata, len_in_storage, start_offset;
    struct weir_view name;
    bool exists_in_storage;
};

static inline struct weir_in pravega_wire_items(const struct pravega_wire_list *list)
{
    return weir_in(list->items);
}
struct weir_view pravega_wire_name_next(struct weir_in *items);
static inline int64_t pravega_wire_number_next(struct weir_in *items)
{
    return (int64_t)weir_in_u64be(items);
}
struct pravega_wire_key pravega_wire_key_next(struct weir_in *items);
struct pravega_wire_entry pravega_wire_entry_next(struct weir_in *items);
struct pravega_wire_merged pravega_wire_merged_next(struct weir_in *items);
struct pravega_wire_update pravega_wire_update_next(struct weir_in *items);
struct pravega_wire_chunk pravega_wire_chunk_next(struct weir_in *items);

void pravega_wire_put_name(struct weir_buf *items, struct weir_view name);
void pravega_wire_put_key(struct weir_buf *items, const struct pravega_wire_key *key);
void pravega_wire_put_entry(struct weir_buf *items, const struct pravega_wire_entry *entry);
/** An entry whose value is still to come: `value_len` bytes at the returned address (NULL: see items->status). */
uint8_t *pravega_wire_put_entry_room(struct weir_buf *items, const struct pravega_wire_key *key, size_t value_len);
void pravega_wire_put_merged(struct weir_buf *items, const struct pravega_wire_merged *merged);
void pravega_wire_put_update(struct weir_buf *items, const struct pravega_wire_update *update);
void pravega_wire_put_chunk(struct weir_buf *items, const struct pravega_wire_chunk *chunk);

#endif
