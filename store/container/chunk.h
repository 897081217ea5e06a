/**
 * @file store/container/chunk.h
 * @brief Chunk files: where segment data rests after a flush, and how much of each is still alive.
 *
 * A flush writes one chunk file, once, with *runs* of several segments; it never changes again. A run is cut into pages
 * of 64 KiB, each behind a checksum and its length: any part of it can be read and checked without the rest, and all of
 * it without knowing the runs. A chunk of which nothing is alive is removed; one of which little is alive is copied
 * over by the next flush (flush_plan.c).
 *
 * The set of chunks belongs to the loop's thread. The writer and weir_chunk_read work on pool threads.
 */
#ifndef WEIR_STORE_CHUNK_H
#define WEIR_STORE_CHUNK_H

#include "store/container/record.h"
#include "weir/fs.h"

#define WEIR_CHUNK_PAGE_LEN 65536u
#define WEIR_CHUNK_PAGE_HEADER_LEN 12u /**< checksum and length */
#define WEIR_CHUNK_PAGE_FILE_LEN (WEIR_CHUNK_PAGE_HEADER_LEN + WEIR_CHUNK_PAGE_LEN)

struct weir_chunk {
    uint64_t id, salt;
    uint64_t file_len;
    uint64_t live_len; /**< data bytes that extents refer to */
    uint64_t dead_lsn; /**< of the record that killed the last of them */
    uint32_t readers;  /**< reads and copies in flight: the file must stay */
    bool published;    /**< false while its flush is under way: nothing refers to it yet */
    bool moving;       /**< the flush under way copies what is alive to its own chunk */
    bool stays;        /**< could not be copied because it is damaged: not tried again */
};

/** All chunks, in the order of their ids. */
struct weir_chunk_set {
    struct weir_chunk **items;
    size_t count, cap;
    uint64_t next_id;
    uint64_t lsn;                /**< of the record that is being applied: stamps chunks that die of it */
    size_t dead_count;           /**< published chunks without live data: worth a look */
    uint64_t file_len, live_len; /**< sums */
};

void weir_chunk_set_fini(struct weir_chunk_set *set);
/** @retval WEIR_E_NOMEM */
enum weir_status weir_chunk_set_add(struct weir_chunk_set *set, uint64_t id, uint64_t salt, uint64_t file_len,
                                    struct weir_chunk **out);
struct weir_chunk *weir_chunk_set_find(const struct weir_chunk_set *set, uint64_t id);
void weir_chunk_set_remove(struct weir_chunk_set *set, struct weir_chunk *chunk); /**< frees it */
void weir_chunk_set_publish(struct weir_chunk_set *set, struct weir_chunk *chunk);
void weir_chunk_live_add(struct weir_chunk_set *set, struct weir_chunk *chunk, uint64_t len);
void weir_chunk_live_sub(struct weir_chunk_set *set, struct weir_chunk *chunk, uint64_t len);

/** Bytes that a run of `run_len` data bytes takes in the file. */
static inline uint64_t weir_chunk_run_file_len(uint64_t run_len)
{
    return run_len + (run_len + WEIR_CHUNK_PAGE_LEN - 1) / WEIR_CHUNK_PAGE_LEN * WEIR_CHUNK_PAGE_HEADER_LEN;
}

/** Where bytes of a run stand. */
struct weir_chunk_place {
    uint64_t chunk_id, salt;
    uint64_t run_offset; /**< file offset of the run's first page */
    uint64_t run_len;    /**< data bytes of the run */
    uint64_t skip;       /**< data bytes of the run before the wanted ones */
};

/**
 * Reads and checks `len` bytes. Blocks.
 * @param good_len  receives how many bytes at the front of `buf` were read and are good, whatever the status
 * @retval WEIR_E_DAMAGED names file and offset @retval WEIR_E_IO, WEIR_E_NOMEM
 */
enum weir_status weir_chunk_read(struct weir_fs *fs, const char *dir, const struct weir_chunk_place *place, void *buf,
                                 size_t len, size_t *good_len, struct weir_error *err);
/**
 * Reads page number `page` of a run into `buf` (WEIR_CHUNK_PAGE_FILE_LEN bytes) and checks it; `*data_len` data bytes
 * stand behind its header. @param path of the open file, to be named @retval as weir_chunk_read()
 */
enum weir_status weir_chunk_read_page(struct weir_file *file, const char *path, const struct weir_chunk_place *place,
                                      uint64_t page, uint8_t *buf, size_t *data_len, struct weir_error *err);
/**
 * The same of a page of which only the place is known: its header says how long it is.
 * @param end   file offset up to which there are pages
 * @param next  receives the offset behind the page, of a damaged one by what its header says; `end` if that can't be
 */
enum weir_status weir_chunk_read_page_at(struct weir_file *file, const char *path, uint64_t salt, uint64_t offset,
                                         uint64_t end, uint8_t *buf, uint64_t *next, struct weir_error *err);
/** Checks that the file is there, is of this chunk, and is long enough. */
enum weir_status weir_chunk_check(struct weir_fs *fs, const char *dir, const struct weir_chunk *chunk,
                                  struct weir_error *err);

/** Writes one chunk file from its beginning. */
struct weir_chunk_writer {
    struct weir_file *file;
    uint64_t salt;
    uint64_t offset;    /**< in the file, of staging[0] */
    uint8_t *staging;   /**< pages that are not written yet */
    size_t staging_len; /**< whole pages in it */
    size_t page_len;    /**< data bytes in the page after them */
};

/** Makes or overwrites the file. */
enum weir_status weir_chunk_writer_open(struct weir_chunk_writer *writer, struct weir_fs *fs, const char *path,
                                        uint64_t id, uint64_t salt, struct weir_error *err);
enum weir_status weir_chunk_writer_put(struct weir_chunk_writer *writer, struct weir_view data, struct weir_error *err);
enum weir_status weir_chunk_writer_end_run(struct weir_chunk_writer *writer, struct weir_error *err);
enum weir_status weir_chunk_writer_sync(struct weir_chunk_writer *writer, struct weir_error *err);
void weir_chunk_writer_close(struct weir_chunk_writer *writer); /**< a zeroed one is fine */

#endif
