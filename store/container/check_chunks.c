/*
 * check_chunks.c - which chunk files there are to look at, and what is said of each; their pages are check_pages.c.
 *
 * Chunks are looked at in the order of their names, so each file is opened once and read forward. A chunk without live
 * data is left over, and nothing will ever read it: it is looked at only where it isn't known what lives, after damage
 * to the checkpoint or the log, since it may be worth keeping then.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "store/container/check_int.h"

struct live_list {
    struct weir_check_live *items;
    size_t count, cap;
    bool failed;
};

static void note_live(void *arg, struct weir_segment *seg)
{
    struct live_list *list = arg;

    for (size_t i = seg->extent_first; i < seg->extent_end; i++) {
        if (seg->extents[i]->chunk == NULL)
            continue;
        if (list->count == list->cap) {
            size_t cap = list->cap > 0 ? list->cap * 2 : 256;
            struct weir_check_live *items = realloc(list->items, cap * sizeof(*items));

            list->failed |= items == NULL;
            if (items == NULL)
                return;
            list->items = items;
            list->cap = cap;
        }
        list->items[list->count++] = (struct weir_check_live){seg->extents[i], seg};
    }
}

static int by_place(const void *a, const void *b)
{
    const struct weir_extent *x = ((const struct weir_check_live *)a)->extent;
    const struct weir_extent *y = ((const struct weir_check_live *)b)->extent;

    if (x->chunk != y->chunk)
        return x->chunk->id < y->chunk->id ? -1 : 1;
    if (x->run_offset != y->run_offset)
        return x->run_offset < y->run_offset ? -1 : 1;
    if (x->run_len != y->run_len) /* no store of ours writes such */
        return x->run_len < y->run_len ? -1 : 1;
    return x->skip < y->skip ? -1 : x->skip > y->skip;
}

static void say_chunk(struct weir_check_chunk *chunk, uint64_t live_len)
{
    struct weir_check *check = chunk->check;
    const char *name = weir_check_name(check, chunk->path);

    check->result.damaged_count += chunk->damage_count > 0;
    check->result.dead_count += chunk->damage_count == 0 && chunk->dead_count > 0;
    if (chunk->damage_count + chunk->dead_count == 0)
        weir_check_say(check, "  good     %s: %" PRIu64 " pages, %" PRIu64 " bytes alive", name, chunk->page_count,
                       live_len);
    else
        weir_check_say(check, "  DAMAGED  %s: %" PRIu64 " of %" PRIu64 " pages, %" PRIu64 " of them with live data",
                       name, chunk->damage_count + chunk->dead_count, chunk->page_count, chunk->damage_count);
    if (chunk->range_count > WEIR_CHECK_FEW && !check->options->verbose)
        weir_check_say(check, "           %" PRIu64 " more such ranges (--verbose lists all)",
                       chunk->range_count - WEIR_CHECK_FEW);
}

/* The whole chunk is gone: so is all that lived there. */
static void say_chunk_lost(struct weir_check *check, const struct weir_check_live *lives, size_t count)
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
static enum weir_status check_chunk(struct weir_check *check, const struct weir_check_live *lives, size_t count,
                                    uint8_t *page, struct weir_error *err)
{
    const struct weir_chunk *of = lives[0].extent->chunk;
    char path[WEIR_STORE_PATH_LEN_MAX];
    struct weir_check_chunk chunk = {
        .check = check, .path = path, .salt = of->salt, .end = of->file_len, .page = page};
    struct weir_error why = {0};
    enum weir_status status = weir_chunk_check(check->fs, check->dir, of, &why);

    check->result.file_count++;
    weir_store_path(path, check->dir, WEIR_PATH_CHUNK, of->id);
    if (status == WEIR_OK)
        status = weir_fs_open(check->fs, path, WEIR_OPEN_READ, &chunk.file, &why);
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
    weir_check_pages(&chunk, lives, count);
    weir_file_close(chunk.file);
    say_chunk(&chunk, of->live_len);
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

/* --- Chunks of which nobody knows what lives there --- */

static enum weir_status open_unknown(struct weir_check_chunk *chunk, uint64_t id, struct weir_error *why)
{
    uint8_t bytes[WEIR_FILE_HEADER_LEN];
    struct weir_file_header header = {0};
    size_t got = 0;
    enum weir_status status = weir_fs_open(chunk->check->fs, chunk->path, WEIR_OPEN_READ, &chunk->file, why);

    if (status == WEIR_OK)
        status = weir_file_size(chunk->file, &chunk->end, why);
    if (status == WEIR_OK)
        status = weir_file_read_at(chunk->file, bytes, sizeof(bytes), 0, &got, why);
    if (status == WEIR_OK)
        status = weir_file_header_get(weir_view(bytes, got), WEIR_FILE_CHUNK, chunk->path, &header, why);
    if (status == WEIR_OK && header.number != id)
        status =
            weir_fail(why, WEIR_E_DAMAGED, "%s is damaged at offset 16: it belongs to another chunk", chunk->path);
    chunk->salt = header.salt;
    return status;
}

static void check_unknown(struct weir_check *check, uint64_t id, uint8_t *page)
{
    char path[WEIR_STORE_PATH_LEN_MAX];
    struct weir_check_chunk chunk = {.check = check, .path = path, .page = page};
    struct weir_error why = {0};

    check->result.file_count++;
    weir_store_path(path, check->dir, WEIR_PATH_CHUNK, id);
    if (open_unknown(&chunk, id, &why) == WEIR_OK) {
        weir_check_pages(&chunk, NULL, 0);
        say_chunk(&chunk, 0);
    } else {
        weir_check_damaged(check, &why);
    }
    weir_file_close(chunk.file);
}

static void check_all_unknown(struct weir_check *check, uint8_t *page)
{
    const struct weir_file_numbers *numbers = &check->folder.kinds[WEIR_PATH_CHUNK];

    for (size_t i = 0; i < numbers->count; i++) {
        const struct weir_chunk *chunk = weir_chunk_set_find(&check->state.chunks, numbers->items[i]);

        if (chunk == NULL || chunk->live_len == 0)
            check_unknown(check, numbers->items[i], page);
    }
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
    if (status == WEIR_OK && !check->state_whole)
        check_all_unknown(check, page);
    free(list.items);
    free(page);
    return status;
}
