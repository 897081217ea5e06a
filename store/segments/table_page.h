/**
 * @file store/segments/table_page.h
 * @brief The keys or entries of one reply, in wire form: first laid out from the index, then filled with values.
 *
 * The index knows each value's length, so a reply has its whole size before anything is read. Values that lie close
 * together are read at once, whatever order the keys have.
 */
#ifndef WEIR_STORE_TABLE_PAGE_H
#define WEIR_STORE_TABLE_PAGE_H

#include "store/container/fetch.h"
#include "weir/buf.h"

struct weir_table_gap {
    int64_t offset; /**< of the value in the segment */
    uint32_t len;
    size_t at; /**< where it goes in `items` */
};

struct weir_table_page {
    /** Set by the owner: all values are there, or `status` says why not. From the loop, never from inside a call. */
    void (*done)(struct weir_table_page *page);
    enum weir_status status; /**< OK · TRUNCATED (the table was compacted: lay it out again) · as weir_segment_fetch */
    struct weir_buf items;   /**< its status: LIMIT if there is more than a frame holds, NOMEM */
    int32_t count;
    /* Private. */
    struct weir_segment *seg;
    struct weir_table_gap *gaps;
    size_t gap_count, gap_cap;
    size_t gap_at, run_end; /* gaps before gap_at are filled; those up to run_end are being read */
    uint8_t *run;           /* their bytes and what lies between them; NULL: one value, read to where it goes */
    struct weir_segment_fetch fetch;
};

/** An empty page of `seg`, which is referenced. */
void weir_table_page_init(struct weir_table_page *page, struct weir_segment *seg,
                          void (*done)(struct weir_table_page *page));
/** Stops what is under way and frees; a zeroed page is fine. */
void weir_table_page_fini(struct weir_table_page *page);
/** Forgets what was laid out, and stops the filling. */
void weir_table_page_reset(struct weir_table_page *page);

/* One item more. Failures stick in items.status. */
void weir_table_page_key(struct weir_table_page *page, struct weir_view key, int64_t version);
void weir_table_page_entry(struct weir_table_page *page, struct weir_view key, const struct weir_table_place *place);
void weir_table_page_missing(struct weir_table_page *page, struct weir_view key);

/** Begins to read the values. @return true if there is nothing to read: `done` will not be called */
bool weir_table_page_fill(struct weir_table_page *page);

#endif
