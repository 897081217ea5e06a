/**
 * @file store/segments/segment_job.h
 * @brief A command about whole segments that waits for its outcome. Used by segment_ops.c, segment_merge.c and
 * table_commands.c only.
 */
#ifndef WEIR_STORE_SEGMENT_JOB_H
#define WEIR_STORE_SEGMENT_JOB_H

#include "store/segments/wire_server_int.h"

struct weir_segment_job {
    struct weir_wire_job job; /* first */
    struct weir_store_op op;
    void (*finish)(struct weir_segment_job *job, struct weir_buf *out);
    int64_t request_id;
    struct weir_view segment, source; /* in `names` */
    int64_t value;                    /* of an attribute; a truncation's offset; the length that a table should have */
    struct weir_segment_info info;
    struct weir_table_info table;
    struct weir_change *changes; /* kept for their results; their views are gone */
    size_t change_count;
    struct weir_buf items; /* of a batch of merges: the list as it came; of a table's update: the new versions */
    size_t item_count;
    size_t held_bytes; /* counted in the connection's table_bytes */
    char names[];
};

/** A job in the connection's list; NULL after the connection was ended for lack of memory. */
struct weir_segment_job *weir_segment_job_new(struct weir_wire_conn *conn, int64_t request_id, struct weir_view segment,
                                              struct weir_view source,
                                              void (*finish)(struct weir_segment_job *, struct weir_buf *));
/** Takes back a job whose operation was not begun. */
void weir_segment_job_drop(struct weir_segment_job *job);
void weir_segment_reply_missing(struct weir_wire_conn *conn, int64_t request_id, struct weir_view segment,
                                int64_t offset);
/** The replies that refusals of every command share; others end the connection, as upstream does. */
void weir_segment_finish_refused(struct weir_segment_job *job, struct weir_buf *out);
void weir_segment_finish_created(struct weir_segment_job *job, struct weir_buf *out);

/* segment_merge.c */
void weir_wire_create_transient(struct weir_wire_conn *conn, const struct pravega_wire_create_transient_segment *cmd);
void weir_wire_merge(struct weir_wire_conn *conn, const struct pravega_wire_merge_segments *cmd);
void weir_wire_merge_batch(struct weir_wire_conn *conn, const struct pravega_wire_merge_segments_batch *cmd);

#endif
