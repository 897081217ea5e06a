/*
 * check_chunks.c - every page of live data, read and checked; of what is damaged, the bytes of which segment it was.
 *
 * Extents are looked at in the order in which they stand in the files, so each file is opened once and read forward.
 * Pages that no live extent touches are not looked at: nothing will ever read them.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "store/container/check_int.h"

/* A run of live bytes in a chunk. */
struct live {
    const struct weir_extent *extent;
    const struct weir_segment *seg;
};

struct live_list {
    struct live *items;
    size_t count, cap;
    bool failed;
};

/* The chunk in hand. */
struct chunk_check {
    struct weir_check *check;
    const struct weir_chunk *chunk;
    struct weir_file *file;
    char path[WEIR_STORE_PATH_LEN_MAX];
    uint8_t *page;
    uint64_t page_count, damage_count, range_count;
    uint64_t checked_run, checked_page; /* the last one that was read, and whether it was good */
    bool checked_good;
};

static void note_live(void *arg, struct weir_segment *seg)
{
    struct live_list *list = arg;

    for (size_t i = seg->extent_first; i < seg->extent_end; i++) {
        if (seg->extents[i]->chunk == NULL)
            continue;
        if (list->count == list->cap) {
            size_t cap = list->cap > 0 ? list->cap * 2 : 256;
            struct live *items = realloc(list->items, cap * sizeof(*items));

            list->failed |= items == NULL;
            if (items == NULL)
                return;
            list->items = items;
            list->cap = cap;
        }
        list->items[list->count++] = (struct live){seg->extents[i], seg};
    }
}

static int by_place(const void *a, const void *b)
{
    const struct weir_extent *x = ((const struct live *)a)->extent, *y = ((const struct live *)b)->extent;

    if (x->chunk != y->chunk)
        return x->chunk->id < y->chunk->id ? -1 : 1;
    if (x->run_offset != y->run_offset)
        return x->run_offset < y->run_offset ? -1 : 1;
    return x->skip < y->skip ? -1 : x->skip > y->skip;
}

/* Tells which bytes of the segment the page had. */
static void say_range(struct chunk_check *chunk, const struct live *live, uint64_t page)
{
    const struct weir_extent *extent = live->extent;
    uint64_t page_begin = page * WEIR_CHUNK_PAGE_LEN, page_end = page_begin + WEIR_CHUNK_PAGE_LEN;
    uint64_t begin = page_begin > extent->skip ? page_begin : extent->skip;
    uint64_t end = page_end < extent->skip + extent->len ? page_end : extent->skip + extent->len;
    int64_t from = extent->offset + (int64_t)(begin - extent->skip);

    if (from < live->seg->start_offset)
        from = live->seg->start_offset;
    if (++chunk->range_count > WEIR_CHECK_FEW && !chunk->check->options->verbose)
        return;
    weir_check_say(chunk->check, "           not readable: bytes %" PRId64 " to %" PRId64 " of %.*s", from,
                   extent->offset + (int64_t)(end - extent->skip), (int)live->seg->name_len, live->seg->name);
}

static bool page_is_good(struct chunk_check *chunk, const struct weir_chunk_place *place, uint64_t page)
{
    struct weir_error why = {0};
    size_t data_len;

    if (chunk->checked_run == place->run_offset && chunk->checked_page == page)
        return chunk->checked_good; /* two extents may share one */
    chunk->page_count++;
    chunk->checked_run = place->run_offset;
    chunk->checked_page = page;
    chunk->checked_good =
        weir_chunk_read_page(chunk->file, chunk->path, place, page, chunk->page, &data_len, &why) == WEIR_OK;
    if (!chunk->checked_good && (++chunk->damage_count <= WEIR_CHECK_FEW || chunk->check->options->verbose))
        weir_check_say(chunk->check, "  DAMAGED  %s", why.message);
    return chunk->checked_good;
}

static void check_extent(struct chunk_check *chunk, const struct live *live)
{
    const struct weir_extent *extent = live->extent;
    struct weir_chunk_place place = {.chunk_id = chunk->chunk->id,
                                     .salt = chunk->chunk->salt,
                                     .run_offset = extent->run_offset,
                                     .run_len = extent->run_len};
    int64_t truncated = live->seg->start_offset - extent->offset; /* of the first extent: nobody reads these */
    uint64_t first = (extent->skip + (truncated > 0 ? (uint64_t)truncated : 0)) / WEIR_CHUNK_PAGE_LEN;
    uint64_t last = (extent->skip + extent->len - 1) / WEIR_CHUNK_PAGE_LEN;

    for (uint64_t page = first; page <= last; page++)
        if (!page_is_good(chunk, &place, page))
            say_range(chunk, live, page);
}

static void say_chunk(struct chunk_check *chunk)
{
    struct weir_check *check = chunk->check;

    check->result.damaged_count += chunk->damage_count > 0;
    if (chunk->damage_count == 0)
        weir_check_say(check, "  good     %s: %" PRIu64 " pages, %" PRIu64 " bytes alive",
                       weir_check_name(check, chunk->path), chunk->page_count, chunk->chunk->live_len);
    else
        weir_check_say(check, "  DAMAGED  %s: %" PRIu64 " of %" PRIu64 " pages", weir_check_name(check, chunk->path),
                       chunk->damage_count, chunk->page_count);
    if (chunk->range_count > WEIR_CHECK_FEW && !check->options->verbose)
        weir_check_say(check, "           %" PRIu64 " more such ranges (--verbose lists all)",
                       chunk->range_count - WEIR_CHECK_FEW);
}

/* The whole chunk is gone: so is all that lived there. */
static void say_chunk_lost(struct weir_check *check, const struct live *lives, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i >= WEIR_CHECK_FEW && !check->options->verbose) {
            weir_check_say(check, "           %zu more such ranges (--verbose lists all)", count - i);
            return;
        }
        weir_check_say(check, "           not readable: bytes %" PRId64 " to %" PRId64 " of %.*s",
                       lives[i].extent->offset, lives[i].extent->offset + (int64_t)lives[i].extent->len,
                       (int)lives[i].seg->name_len, lives[i].seg->name);
    }
}

/* @param lives what lives in one chunk, in the order of its places */
static enum weir_status check_chunk(struct weir_check *check, const struct live *lives, size_t count, uint8_t *page,
                                    struct weir_error *err)
{
    struct chunk_check chunk = {.check = check, .chunk = lives[0].extent->chunk, .page = page};
    struct weir_error why = {0};
    enum weir_status status = weir_chunk_check(check->fs, check->dir, chunk.chunk, &why);

    check->result.file_count++;
    weir_store_path(chunk.path, check->dir, WEIR_PATH_CHUNK, chunk.chunk->id);
    if (status == WEIR_OK)
        status = weir_fs_open(check->fs, chunk.path, WEIR_OPEN_READ, &chunk.file, &why);
    if (status == WEIR_E_NOMEM || status == WEIR_E_UNSUPPORTED) {
        if (err != NULL)
            *err = why;
        return status;
    }
    if (status != WEIR_OK) {
        check->result.refused = true;
        weir_check_damaged(check, &why);
        say_chunk_lost(check, lives, count);
        return WEIR_OK;
    }
    for (size_t i = 0; i < count; i++)
        check_extent(&chunk, &lives[i]);
    weir_file_close(chunk.file);
    say_chunk(&chunk);
    return WEIR_OK;
}

static enum weir_status check_all(struct weir_check *check, const struct live_list *list, uint8_t *page,
                                  struct weir_error *err)
{
    enum weir_status status = WEIR_OK;

    for (size_t first = 0, end; first < list->count && status == WEIR_OK; first = end) {
        for (end = first; end < list->count && list->items[end].extent->chunk == list->items[first].extent->chunk;)
            end++;
        status = check_chunk(check, &list->items[first], end - first, page, err);
    }
    return status;
}

enum weir_status weir_check_chunks(struct weir_check *check, struct weir_error *err)
{
    uint8_t *page = malloc(WEIR_CHUNK_PAGE_FILE_LEN);
    struct live_list list = {0};
    enum weir_status status;

    weir_state_each(&check->state, note_live, &list);
    if (list.failed || page == NULL) {
        status = weir_fail(err, WEIR_E_NOMEM, "out of memory to check the chunks of %s", check->dir);
    } else {
        if (list.count > 0)
            qsort(list.items, list.count, sizeof(*list.items), by_place);
        status = check_all(check, &list, page, err);
    }
    free(list.items);
    free(page);
    return status;
}
