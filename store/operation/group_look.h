/**
 * @file store/operation/group_look.h
 * @brief Reads what the members of a reader group have acknowledged in the group's stream, and makes the group's state.
 *
 * Begins where the members' last whole state is, as far as the segment's mark tells. Thread: the store's loop.
 */
#ifndef WEIR_STORE_GROUP_LOOK_H
#define WEIR_STORE_GROUP_LOOK_H

#include "store/container/container.h"
#include "store/operation/group_log.h"

/** Embedded in the caller's struct, zeroed; set `done`. */
struct weir_group_look {
    void (*done)(struct weir_group_look *look); /**< from the loop, never from inside the call; may free it */
    /** OK · NOT_FOUND (deleted) · LIMIT (more than 64 MiB) · DAMAGED, INVAL, STATE (no group's state) · IO, NOMEM */
    enum weir_status status;
    struct weir_group_log log; /**< its state is there, or NULL, if the status is OK */
    /* Private. */
    struct weir_segment *seg;
    struct weir_segment_read read;
    int64_t at, end;
    uint64_t got_len; /* all in all */
};

/** @param seg the segment of the group's stream; referenced meanwhile */
void weir_group_look_start(struct weir_group_look *look, struct weir_segment *seg);
/** Cleans up; no `done` will follow. Fine for a zeroed one. */
void weir_group_look_fini(struct weir_group_look *look);

#endif
