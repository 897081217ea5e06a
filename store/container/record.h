/**
 * @file store/container/record.h
 * @brief The frame of everything the store writes: a file header, and records with length, type, number and checksum.
 *
 * Bytes in, bytes out; the layout is drawn in record.c. Log and checkpoint files are a header and records; a chunk file
 * has the same header, and pages (chunk.h).
 */
#ifndef WEIR_STORE_RECORD_H
#define WEIR_STORE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "weir/error.h"
#include "weir/view.h"

#define WEIR_STORE_FORMAT_VERSION 3u
#define WEIR_FILE_HEADER_LEN 40u
#define WEIR_RECORD_HEADER_LEN 32u
#define WEIR_RECORD_PAYLOAD_LEN_MAX (128u << 20)

enum weir_file_kind { WEIR_FILE_LOG, WEIR_FILE_CHECKPOINT, WEIR_FILE_CHUNK, WEIR_FILE_REACHED };

struct weir_file_header {
    uint32_t store;  /**< random; the same in all files of a folder but chunks, whose salts the checkpoint has */
    uint64_t number; /**< log: its first LSN; checkpoint: the last LSN it contains; chunk: its id; reached.h */
    uint64_t salt;   /**< random; seeds every checksum of the file, so that stored bytes can't pose as records */
};

void weir_file_header_put(uint8_t out[WEIR_FILE_HEADER_LEN], enum weir_file_kind kind,
                          const struct weir_file_header *header);
/** @retval WEIR_E_DAMAGED, WEIR_E_UNSUPPORTED (another version) the message names `path` */
enum weir_status weir_file_header_get(struct weir_view file, enum weir_file_kind kind, const char *path,
                                      struct weir_file_header *out, struct weir_error *err);

/**
 * Whether the file is of the store whose files were looked at before.
 * @param store  that store; 0: none was, and it receives that of this one
 * @retval WEIR_E_DAMAGED it is of another
 */
enum weir_status weir_file_header_join(const struct weir_file_header *header, const char *path, uint32_t *store,
                                       struct weir_error *err);

enum weir_record_type {
    WEIR_RECORD_OPS = 1, /**< payload: operations (ops.h) that happen together */
    WEIR_RECORD_END = 2, /**< empty; a log was closed in order, a checkpoint is complete */
};

struct weir_record {
    enum weir_record_type type;
    uint64_t lsn;
    uint64_t group;  /**< file offset of the first record that was written together with this one */
    uint64_t offset; /**< file offset of this record */
    struct weir_view payload;
};

/** Bytes of a whole record. */
static inline size_t weir_record_len(size_t payload_len)
{
    return WEIR_RECORD_HEADER_LEN + ((payload_len + 7u) & ~(size_t)7u);
}
/** Completes the record at `at`, whose payload already stands at at + WEIR_RECORD_HEADER_LEN. */
void weir_record_seal(uint8_t *at, enum weir_record_type type, uint64_t lsn, uint64_t group, size_t payload_len,
                      uint64_t salt);

/** Takes records from the front of a file that is in memory. */
struct weir_record_reader {
    struct weir_view file;
    uint64_t salt;
    uint64_t offset;   /**< of the next record; after a failure: of the damage */
    uint64_t next_lsn; /**< what the next record must have */
    uint64_t group;    /**< of the record before */
};

void weir_record_reader_init(struct weir_record_reader *reader, struct weir_view file, uint64_t salt,
                             uint64_t first_lsn);
/** @retval WEIR_E_END nothing is left @retval WEIR_E_DAMAGED no whole, right record stands at reader->offset */
enum weir_status weir_record_next(struct weir_record_reader *reader, struct weir_record *out);
/**
 * After WEIR_E_DAMAGED: true if the damage can be a write that a crash cut short, i.e. no group was written after the
 * damaged one (a group is written only when the one before it is synced).
 */
bool weir_record_tail_is_torn(const struct weir_record_reader *reader);
/** After WEIR_E_DAMAGED: goes on at the next right record behind the damage. False: there is none. */
bool weir_record_pass_damage(struct weir_record_reader *reader);

#endif
