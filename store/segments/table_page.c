/*
 * table_page.c - the keys or entries of one reply.
 *
 * A gap is a value that is still to come. Sorted by their offsets, gaps that have little between them make a *run*,
 * which is one read: a walk through many small values then costs one look at a chunk for a lot of them.
 */
#include "store/segments/table_page.h"

#include <stdlib.h>

#include "pravega/wire.h"
#include "store/container/table.h"

#define HEAD_LEN_MAX 2048u       /* of a reply around its items: a segment's name, a token */
#define SKIP_LEN_MAX 4096        /* bytes between two values that are read for nothing */
#define RUN_LEN_MAX (512u << 10) /* of more than one value */

void weir_table_page_init(struct weir_table_page *page, struct weir_segment *seg,
                          void (*done)(struct weir_table_page *page))
{
    *page = (struct weir_table_page){.done = done, .seg = weir_segment_ref(seg)};
    weir_buf_init(&page->items, PRAVEGA_WIRE_FRAME_LEN_MAX - HEAD_LEN_MAX);
}

void weir_table_page_reset(struct weir_table_page *page)
{
    weir_segment_fetch_cancel(&page->fetch);
    free(page->run);
    page->run = NULL;
    weir_buf_reset(&page->items);
    page->count = 0;
    page->gap_count = page->gap_at = 0;
}

void weir_table_page_fini(struct weir_table_page *page)
{
    weir_table_page_reset(page);
    weir_buf_fini(&page->items);
    free(page->gaps);
    weir_segment_unref(page->seg);
}

/* --- Laying out --- */

void weir_table_page_key(struct weir_table_page *page, struct weir_view key, int64_t version)
{
    pravega_wire_put_key(&page->items, &(struct pravega_wire_key){key, version});
    page->count++;
}

void weir_table_page_missing(struct weir_table_page *page, struct weir_view key)
{
    pravega_wire_put_entry(&page->items,
                           &(struct pravega_wire_entry){.key = {key, PRAVEGA_WIRE_NOT_EXISTS}, .value = {NULL, 0}});
    page->count++;
}

static bool make_room(struct weir_table_page *page)
{
    size_t cap = page->gap_cap > 0 ? page->gap_cap * 2 : 8;
    struct weir_table_gap *gaps;

    if (page->gap_count < page->gap_cap)
        return true;
    gaps = realloc(page->gaps, cap * sizeof(*gaps));
    if (gaps == NULL)
        return false;
    page->gaps = gaps;
    page->gap_cap = cap;
    return true;
}

void weir_table_page_entry(struct weir_table_page *page, struct weir_view key, const struct weir_table_place *place)
{
    uint8_t *value;

    if (!make_room(page))
        page->items.status = WEIR_E_NOMEM;
    if (page->items.status != WEIR_OK)
        return;
    value =
        pravega_wire_put_entry_room(&page->items, &(struct pravega_wire_key){key, place->version}, place->value_len);
    page->count++;
    if (value == NULL || place->value_len == 0)
        return;
    page->gaps[page->gap_count++] =
        (struct weir_table_gap){.offset = place->offset + (int64_t)(WEIR_TABLE_ENTRY_HEAD_LEN + key.len),
                                .len = place->value_len,
                                .at = (size_t)(value - page->items.ptr)};
}

/* --- Filling --- */

static int by_offset(const void *a, const void *b)
{
    int64_t left = ((const struct weir_table_gap *)a)->offset, right = ((const struct weir_table_gap *)b)->offset;

    return (left > right) - (left < right);
}

/* Finds how far the run that begins at gap_at goes; @return its bytes */
static size_t find_run(struct weir_table_page *page)
{
    int64_t begin = page->gaps[page->gap_at].offset, end = begin + page->gaps[page->gap_at].len;

    for (page->run_end = page->gap_at + 1; page->run_end < page->gap_count; page->run_end++) {
        const struct weir_table_gap *next = &page->gaps[page->run_end];

        if (next->offset > end + SKIP_LEN_MAX || next->offset + next->len > begin + RUN_LEN_MAX)
            break;
        if (next->offset + next->len > end) /* not so where a key was asked for twice */
            end = next->offset + next->len;
    }
    return (size_t)(end - begin);
}

static void read_run(struct weir_table_page *page);

static void take_run(struct weir_table_page *page)
{
    int64_t begin = page->gaps[page->gap_at].offset;

    for (size_t i = page->gap_at; i < page->run_end && page->run != NULL; i++)
        memcpy(page->items.ptr + page->gaps[i].at, page->run + (page->gaps[i].offset - begin), page->gaps[i].len);
    free(page->run);
    page->run = NULL;
    page->gap_at = page->run_end;
}

static void run_read(struct weir_segment_fetch *fetch)
{
    struct weir_table_page *page = (struct weir_table_page *)((char *)fetch - offsetof(struct weir_table_page, fetch));

    page->status = fetch->status;
    if (page->status == WEIR_OK)
        take_run(page);
    if (page->status != WEIR_OK || page->gap_at == page->gap_count)
        page->done(page);
    else
        read_run(page);
}

static void read_run(struct weir_table_page *page)
{
    const struct weir_table_gap *first = &page->gaps[page->gap_at];
    size_t len = find_run(page);

    page->run = page->run_end > page->gap_at + 1 ? malloc(len) : NULL;
    if (page->run == NULL) { /* for lack of memory, too: then one after the other */
        page->run_end = page->gap_at + 1;
        len = first->len;
    }
    page->fetch = (struct weir_segment_fetch){.done = run_read,
                                              .offset = first->offset,
                                              .to = page->run != NULL ? page->run : page->items.ptr + first->at,
                                              .len = len};
    weir_segment_fetch(page->seg, &page->fetch);
}

bool weir_table_page_fill(struct weir_table_page *page)
{
    page->status = WEIR_OK;
    if (page->gap_count == 0)
        return true;
    qsort(page->gaps, page->gap_count, sizeof(*page->gaps), by_offset);
    read_run(page);
    return false;
}
