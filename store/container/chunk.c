/*
 * chunk.c - chunk files and the account of what is alive in them.
 *
 * A file header (record.c), then runs without gaps. A run of n bytes is ceil(n / 65536) pages:
 *
 *      0  u64         XXH3 of the rest of this page, seeded with salt ^ file offset of the page
 *      8  u32         m: 65536, less in the last page of a run
 *     12  u8[m]       data
 *
 * Where the runs start is known from the checkpoint only. The seed ties a page to its file and its place. Reads know m;
 * it is there for who looks at pages of runs that no checkpoint knows any more.
 */
#include "store/container/chunk.h"

#include <stdlib.h>

#include "base/hash.h"
#include "store/container/paths.h"
#include "weir/endian.h"

#define CHECKSUM_LEN 8u
#define PAGE_HEADER_LEN WEIR_CHUNK_PAGE_HEADER_LEN
#define STAGING_PAGES 16u

/* --- The set --- */

void weir_chunk_set_fini(struct weir_chunk_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        free(set->items[i]);
    free(set->items);
    *set = (struct weir_chunk_set){0};
}

/* The index of the first chunk whose id is `id` or above. */
static size_t position(const struct weir_chunk_set *set, uint64_t id)
{
    size_t low = 0, high = set->count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (set->items[mid]->id < id)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

enum weir_status weir_chunk_set_add(struct weir_chunk_set *set, uint64_t id, uint64_t salt, uint64_t file_len,
                                    struct weir_chunk **out)
{
    struct weir_chunk *chunk = calloc(1, sizeof(*chunk));
    size_t at = position(set, id);

    if (chunk == NULL)
        return WEIR_E_NOMEM;
    if (set->count == set->cap) {
        size_t cap = set->cap > 0 ? set->cap * 2 : 16;
        struct weir_chunk **items = realloc(set->items, cap * sizeof(struct weir_chunk *));

        if (items == NULL) {
            free(chunk);
            return WEIR_E_NOMEM;
        }
        set->items = items;
        set->cap = cap;
    }
    memmove(set->items + at + 1, set->items + at, (set->count - at) * sizeof(struct weir_chunk *));
    set->items[at] = chunk;
    set->count++;
    *chunk = (struct weir_chunk){.id = id, .salt = salt, .file_len = file_len};
    set->file_len += file_len;
    if (id >= set->next_id)
        set->next_id = id + 1;
    *out = chunk;
    return WEIR_OK;
}

struct weir_chunk *weir_chunk_set_find(const struct weir_chunk_set *set, uint64_t id)
{
    size_t at = position(set, id);

    return at < set->count && set->items[at]->id == id ? set->items[at] : NULL;
}

void weir_chunk_set_remove(struct weir_chunk_set *set, struct weir_chunk *chunk)
{
    size_t at = position(set, chunk->id);

    if (chunk->published && chunk->live_len == 0)
        set->dead_count--;
    set->file_len -= chunk->file_len;
    set->live_len -= chunk->live_len;
    memmove(set->items + at, set->items + at + 1, (set->count - at - 1) * sizeof(struct weir_chunk *));
    set->count--;
    free(chunk);
}

void weir_chunk_set_publish(struct weir_chunk_set *set, struct weir_chunk *chunk)
{
    chunk->published = true;
    chunk->dead_lsn = set->lsn;
    if (chunk->live_len == 0)
        set->dead_count++;
}

void weir_chunk_live_add(struct weir_chunk_set *set, struct weir_chunk *chunk, uint64_t len)
{
    if (chunk->published && chunk->live_len == 0 && len > 0)
        set->dead_count--;
    chunk->live_len += len;
    set->live_len += len;
}

void weir_chunk_live_sub(struct weir_chunk_set *set, struct weir_chunk *chunk, uint64_t len)
{
    chunk->live_len -= len;
    set->live_len -= len;
    if (chunk->live_len == 0 && len > 0) {
        chunk->dead_lsn = set->lsn;
        if (chunk->published)
            set->dead_count++;
    }
}

/* --- Reading --- */

/* What the checksum of a page in `buf` has to be. */
static uint64_t page_checksum(const uint8_t *buf, size_t data_len, uint64_t salt, uint64_t offset)
{
    return weir_hash64(weir_view(buf + CHECKSUM_LEN, PAGE_HEADER_LEN - CHECKSUM_LEN + data_len), salt ^ offset);
}

static enum weir_status read_page(struct weir_file *file, const char *path, uint64_t salt, uint64_t offset,
                                  size_t data_len, uint8_t *buf, struct weir_error *err)
{
    size_t got;
    enum weir_status status = weir_file_read_at(file, buf, PAGE_HEADER_LEN + data_len, offset, &got, err);

    if (status != WEIR_OK)
        return status;
    if (got < PAGE_HEADER_LEN + data_len)
        return weir_fail(err, WEIR_E_DAMAGED, "%s is damaged at offset %llu: it ends early", path,
                         (unsigned long long)(offset + got));
    if (weir_get_u32be(buf + CHECKSUM_LEN) != data_len ||
        weir_get_u64be(buf) != page_checksum(buf, data_len, salt, offset))
        return weir_fail(err, WEIR_E_DAMAGED, "%s is damaged at offset %llu: wrong checksum of a page", path,
                         (unsigned long long)offset);
    return WEIR_OK;
}

enum weir_status weir_chunk_read_page(struct weir_file *file, const char *path, const struct weir_chunk_place *place,
                                      uint64_t page, uint8_t *buf, size_t *data_len, struct weir_error *err)
{
    uint64_t offset = place->run_offset + page * WEIR_CHUNK_PAGE_FILE_LEN;
    uint64_t left = place->run_len - page * WEIR_CHUNK_PAGE_LEN;

    *data_len = left < WEIR_CHUNK_PAGE_LEN ? (size_t)left : WEIR_CHUNK_PAGE_LEN;
    return read_page(file, path, place->salt, offset, *data_len, buf, err);
}

enum weir_status weir_chunk_read_page_at(struct weir_file *file, const char *path, uint64_t salt, uint64_t offset,
                                         uint64_t end, uint8_t *buf, uint64_t *next, struct weir_error *err)
{
    uint32_t data_len;
    size_t got;
    enum weir_status status = weir_file_read_at(file, buf, PAGE_HEADER_LEN, offset, &got, err);

    *next = end;
    if (status != WEIR_OK)
        return status;
    data_len = got == PAGE_HEADER_LEN ? weir_get_u32be(buf + CHECKSUM_LEN) : 0;
    if (data_len == 0 || data_len > WEIR_CHUNK_PAGE_LEN || end - offset < PAGE_HEADER_LEN + data_len)
        return weir_fail(err, WEIR_E_DAMAGED,
                         "%s is damaged at offset %llu: no page has the length there, what follows up to %llu "
                         "cannot be told",
                         path, (unsigned long long)offset, (unsigned long long)end);
    *next = offset + PAGE_HEADER_LEN + data_len;
    return read_page(file, path, salt, offset, data_len, buf, err);
}

static enum weir_status read_pages(struct weir_file *file, const char *path, const struct weir_chunk_place *place,
                                   uint8_t *out, size_t len, size_t *good_len, uint8_t *buf, struct weir_error *err)
{
    while (*good_len < len) {
        uint64_t at = place->skip + *good_len;
        uint64_t page = at / WEIR_CHUNK_PAGE_LEN;
        size_t skip = (size_t)(at % WEIR_CHUNK_PAGE_LEN), data_len, take;
        enum weir_status status = weir_chunk_read_page(file, path, place, page, buf, &data_len, err);

        if (status != WEIR_OK)
            return status;
        take = data_len - skip < len - *good_len ? data_len - skip : len - *good_len;
        memcpy(out + *good_len, buf + PAGE_HEADER_LEN + skip, take);
        *good_len += take;
    }
    return WEIR_OK;
}

enum weir_status weir_chunk_read(struct weir_fs *fs, const char *dir, const struct weir_chunk_place *place, void *buf,
                                 size_t len, size_t *good_len, struct weir_error *err)
{
    char path[WEIR_STORE_PATH_LEN_MAX];
    struct weir_file *file = NULL;
    uint8_t *page;
    enum weir_status status;

    *good_len = 0;
    if (place->skip > place->run_len || len > place->run_len - place->skip)
        return weir_fail(err, WEIR_E_INVAL, "read beyond a run of %s", dir);
    page = malloc(WEIR_CHUNK_PAGE_FILE_LEN);
    if (page == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "out of memory for a page of %s", dir);
    weir_store_path(path, dir, WEIR_PATH_CHUNK, place->chunk_id);
    status = weir_fs_open(fs, path, WEIR_OPEN_READ, &file, err);
    if (status == WEIR_OK)
        status = read_pages(file, path, place, buf, len, good_len, page, err);
    weir_file_close(file);
    free(page);
    return status;
}

enum weir_status weir_chunk_check(struct weir_fs *fs, const char *dir, const struct weir_chunk *chunk,
                                  struct weir_error *err)
{
    uint8_t bytes[WEIR_FILE_HEADER_LEN];
    char path[WEIR_STORE_PATH_LEN_MAX];
    struct weir_file_header header;
    struct weir_file *file = NULL;
    uint64_t size = 0;
    size_t got = 0;
    enum weir_status status;

    weir_store_path(path, dir, WEIR_PATH_CHUNK, chunk->id);
    status = weir_fs_open(fs, path, WEIR_OPEN_READ, &file, err);
    if (status == WEIR_E_NOT_FOUND)
        return weir_fail(err, WEIR_E_DAMAGED, "%s is missing, and segments have data in it", path);
    if (status == WEIR_OK)
        status = weir_file_size(file, &size, err);
    if (status == WEIR_OK)
        status = weir_file_read_at(file, bytes, sizeof(bytes), 0, &got, err);
    weir_file_close(file);
    if (status != WEIR_OK)
        return status;
    status = weir_file_header_get(weir_view(bytes, got), WEIR_FILE_CHUNK, path, &header, err);
    if (status != WEIR_OK)
        return status;
    if (header.number != chunk->id || header.salt != chunk->salt)
        return weir_fail(err, WEIR_E_DAMAGED, "%s is damaged at offset 16: it belongs to another chunk", path);
    if (size < chunk->file_len)
        return weir_fail(err, WEIR_E_DAMAGED, "%s is damaged at offset %llu: it ends early", path,
                         (unsigned long long)size);
    return WEIR_OK;
}

/* --- Writing --- */

enum weir_status weir_chunk_writer_open(struct weir_chunk_writer *writer, struct weir_fs *fs, const char *path,
                                        uint64_t id, uint64_t salt, struct weir_error *err)
{
    struct weir_file_header header = {.number = id, .salt = salt};
    enum weir_status status;

    *writer = (struct weir_chunk_writer){.salt = salt};
    writer->staging = malloc(STAGING_PAGES * WEIR_CHUNK_PAGE_FILE_LEN);
    if (writer->staging == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "out of memory to write %s", path);
    status = weir_fs_open(fs, path, WEIR_OPEN_WRITE | WEIR_OPEN_CREATE | WEIR_OPEN_TRUNC, &writer->file, err);
    if (status != WEIR_OK)
        return status;
    weir_file_header_put(writer->staging, WEIR_FILE_CHUNK, &header);
    status = weir_file_write_at(writer->file, &(struct iovec){writer->staging, WEIR_FILE_HEADER_LEN}, 1, 0, err);
    writer->offset = WEIR_FILE_HEADER_LEN;
    return status;
}

static enum weir_status write_staging(struct weir_chunk_writer *writer, struct weir_error *err)
{
    struct iovec iov = {writer->staging, writer->staging_len};
    enum weir_status status = WEIR_OK;

    if (writer->staging_len > 0)
        status = weir_file_write_at(writer->file, &iov, 1, writer->offset, err);
    writer->offset += writer->staging_len;
    writer->staging_len = 0;
    return status;
}

static enum weir_status end_page(struct weir_chunk_writer *writer, struct weir_error *err)
{
    uint8_t *page = writer->staging + writer->staging_len;
    uint64_t offset = writer->offset + writer->staging_len;

    weir_put_u32be(page + CHECKSUM_LEN, (uint32_t)writer->page_len);
    weir_put_u64be(page, page_checksum(page, writer->page_len, writer->salt, offset));
    writer->staging_len += PAGE_HEADER_LEN + writer->page_len;
    writer->page_len = 0;
    if (writer->staging_len + WEIR_CHUNK_PAGE_FILE_LEN > STAGING_PAGES * WEIR_CHUNK_PAGE_FILE_LEN)
        return write_staging(writer, err);
    return WEIR_OK;
}

enum weir_status weir_chunk_writer_put(struct weir_chunk_writer *writer, struct weir_view data, struct weir_error *err)
{
    while (data.len > 0) {
        size_t room = WEIR_CHUNK_PAGE_LEN - writer->page_len;
        size_t take = data.len < room ? data.len : room;

        memcpy(writer->staging + writer->staging_len + PAGE_HEADER_LEN + writer->page_len, data.ptr, take);
        writer->page_len += take;
        data = weir_view(data.ptr + take, data.len - take);
        if (writer->page_len == WEIR_CHUNK_PAGE_LEN) {
            enum weir_status status = end_page(writer, err);

            if (status != WEIR_OK)
                return status;
        }
    }
    return WEIR_OK;
}

enum weir_status weir_chunk_writer_end_run(struct weir_chunk_writer *writer, struct weir_error *err)
{
    return writer->page_len > 0 ? end_page(writer, err) : WEIR_OK;
}

enum weir_status weir_chunk_writer_sync(struct weir_chunk_writer *writer, struct weir_error *err)
{
    enum weir_status status = write_staging(writer, err);

    return status == WEIR_OK ? weir_file_sync(writer->file, err) : status;
}

void weir_chunk_writer_close(struct weir_chunk_writer *writer)
{
    weir_file_close(writer->file);
    free(writer->staging);
    *writer = (struct weir_chunk_writer){0};
}
