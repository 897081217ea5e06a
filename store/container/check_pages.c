/*
 * check_pages.c - every page of one chunk file, read in the order of the file and checked; of what is damaged, which
 * bytes of which segment it was, or that nothing refers to it.
 *
 *     header | run with live data | ... gap ... | run with live data | ... gap ... |
 *
 * Runs with live data are known by their extents, so their pages are where they have to be. What lies between them is
 * runs that nothing refers to any more: there each page's header says where the next one begins.
 */
#include <inttypes.h>

#include "store/container/check_int.h"

static bool may_say(const struct weir_check_chunk *chunk, uint64_t count)
{
    return count <= WEIR_CHECK_FEW || chunk->check->options->verbose;
}

/* --- Gaps --- */

static void dead_damage(struct weir_check_chunk *chunk, const struct weir_error *why)
{
    if (may_say(chunk, ++chunk->dead_count))
        weir_check_say(chunk->check, "  DAMAGED  %s. Nothing %srefers to it", why->message,
                       chunk->check->state_whole ? "" : "that is known ");
}

static void check_gap(struct weir_check_chunk *chunk, uint64_t from, uint64_t to)
{
    for (uint64_t at = from, next; at < to; at = next) {
        struct weir_error why = {0};

        chunk->page_count++;
        if (weir_chunk_read_page_at(chunk->file, chunk->path, chunk->salt, at, to, chunk->page, &next, &why) != WEIR_OK)
            dead_damage(chunk, &why);
    }
}

/* --- Runs with live data --- */

/* Data bytes of the run that are alive: the first extent of a segment may have been cut in two by a truncation. */
static uint64_t live_begin(const struct weir_check_live *live)
{
    int64_t truncated = live->seg->start_offset - live->extent->offset;

    return live->extent->skip + (truncated > 0 ? (uint64_t)truncated : 0);
}

static uint64_t live_end(const struct weir_check_live *live)
{
    return live->extent->skip + live->extent->len;
}

static bool is_touched(const struct weir_check_live *live, uint64_t page)
{
    uint64_t begin = page * WEIR_CHUNK_PAGE_LEN;

    return live_begin(live) < begin + WEIR_CHUNK_PAGE_LEN && live_end(live) > begin;
}

/* Tells which bytes of the segment the page had. */
static void say_range(struct weir_check_chunk *chunk, const struct weir_check_live *live, uint64_t page)
{
    uint64_t begin = page * WEIR_CHUNK_PAGE_LEN, end = begin + WEIR_CHUNK_PAGE_LEN;
    int64_t offset = live->extent->offset - (int64_t)live->extent->skip; /* in the segment, of the run's first byte */

    if (begin < live_begin(live))
        begin = live_begin(live);
    if (end > live_end(live))
        end = live_end(live);
    if (may_say(chunk, ++chunk->range_count))
        weir_check_say(chunk->check, "           not readable: bytes %" PRId64 " to %" PRId64 " of %.*s",
                       offset + (int64_t)begin, offset + (int64_t)end, (int)live->seg->name_len, live->seg->name);
}

static void run_damage(struct weir_check_chunk *chunk, const struct weir_check_live *lives, size_t count, uint64_t page,
                       const struct weir_error *why)
{
    bool alive = false;

    for (size_t i = 0; i < count && !alive; i++)
        alive = is_touched(&lives[i], page);
    if (!alive) {
        dead_damage(chunk, why);
        return;
    }
    if (may_say(chunk, ++chunk->damage_count))
        weir_check_say(chunk->check, "  DAMAGED  %s", why->message);
    for (size_t i = 0; i < count; i++)
        if (is_touched(&lives[i], page))
            say_range(chunk, &lives[i], page);
}

/* @param lives what lives in the run */
static void check_run(struct weir_check_chunk *chunk, const struct weir_check_live *lives, size_t count)
{
    struct weir_chunk_place place = {.salt = chunk->salt,
                                     .run_offset = lives->extent->run_offset,
                                     .run_len = lives->extent->run_len};

    for (uint64_t page = 0; page * WEIR_CHUNK_PAGE_LEN < place.run_len; page++) {
        struct weir_error why = {0};
        size_t data_len;

        chunk->page_count++;
        if (weir_chunk_read_page(chunk->file, chunk->path, &place, page, chunk->page, &data_len, &why) != WEIR_OK)
            run_damage(chunk, lives, count, page, &why);
    }
}

/* --- The file --- */

static bool same_run(const struct weir_check_live *a, const struct weir_check_live *b)
{
    return a->extent->run_offset == b->extent->run_offset && a->extent->run_len == b->extent->run_len;
}

void weir_check_pages(struct weir_check_chunk *chunk, const struct weir_check_live *lives, size_t count)
{
    uint64_t at = WEIR_FILE_HEADER_LEN;

    for (size_t first = 0, end; first < count; first = end) {
        const struct weir_extent *extent = lives[first].extent;

        for (end = first + 1; end < count && same_run(&lives[first], &lives[end]);)
            end++;
        check_gap(chunk, at, extent->run_offset);
        check_run(chunk, &lives[first], end - first);
        if (at < extent->run_offset + weir_chunk_run_file_len(extent->run_len))
            at = extent->run_offset + weir_chunk_run_file_len(extent->run_len);
    }
    check_gap(chunk, at, chunk->end);
}
