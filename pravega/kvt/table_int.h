/**
 * @file pravega/kvt/table_int.h
 * @brief The inside of a table: what updates, reads and walks share.
 *
 *     OPENING --configuration and segments known--> OPEN        --no such table, no access--> FAILED (final)
 *
 * Each thing that a user asked for is a *task*, embedded first in its struct. It waits in the table until the turn
 * ends and the table is no longer OPENING; then it begins, in the order of asking, or hears of the failure. From then
 * on it ends itself: pravega_table_task_end(), free, callback. Thread: the client's loop.
 */
#ifndef PRAVEGA_KVT_TABLE_INT_H
#define PRAVEGA_KVT_TABLE_INT_H

#include "pravega/kvt/table_keys.h"
#include "pravega/segment_request.h"

struct pravega_table_task;

struct pravega_table_task_ops {
    /** The table is open. May end the task, and its callback free the table. */
    void (*begin)(struct pravega_table_task *task);
    /** It cannot begin. The task has ended; frees it and calls back. */
    void (*fail)(struct pravega_table_task *task, const struct weir_error *why);
    /** The table is being freed: cancels what is under way and frees the task. No callback. */
    void (*free)(struct pravega_table_task *task);
};

struct pravega_table_task {
    const struct pravega_table_task_ops *ops;
    struct pravega_table *table;
    struct pravega_table_task *next, **at; /* all that have not ended */
    struct pravega_table_task *next_waiting;
    bool is_waiting;
};

struct pravega_table_segment {
    pravega_segment_id id;
    double max_key;
    struct pravega_segment_line line;
};

struct pravega_table {
    struct pravega_client *client;
    char *scope, *name;
    struct pravega_retry retry;
    enum { TABLE_OPENING, TABLE_OPEN, TABLE_FAILED } state;
    struct weir_error why; /* in FAILED */
    struct pravega_call call;
    struct pravega_table_config config;
    struct pravega_table_segment *segments; /* sorted by max_key */
    size_t segment_count;
    struct pravega_table_task *tasks;
    struct pravega_table_task *waiting, **waiting_end;
    struct weir_deferred settle;
    bool settling, freed;
};

/** From then on the task belongs to the table, until it ends. */
void pravega_table_task_start(struct pravega_table *table, struct pravega_table_task *task,
                              const struct pravega_table_task_ops *ops);
/** Takes it out of the table. */
void pravega_table_task_end(struct pravega_table_task *task);
/** The segment of a whole primary key; the table is OPEN. */
struct pravega_table_segment *pravega_table_segment_of(struct pravega_table *table, struct weir_view primary);

#endif
