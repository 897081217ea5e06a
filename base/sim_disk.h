/**
 * @file base/sim_disk.h
 * @brief A simulated disk: what stands in it now, and what of it a crash leaves. Used by base/ only.
 *
 * A file has its bytes as they are read and its bytes as they are durable, and between the two the list of changes that
 * no sync has made durable. A folder has its names twice likewise; changes of names are one list for the whole disk.
 * A file's sync covers its bytes, not its name.
 */
#ifndef WEIR_BASE_SIM_DISK_H
#define WEIR_BASE_SIM_DISK_H

#include "base/sim_int.h"

struct sim_bytes {
    uint8_t *ptr;
    uint64_t len, cap;
};

struct sim_entry {
    char *name;
    struct sim_node *node; /* referenced */
};

struct sim_entries { /* in byte order of the names */
    struct sim_entry *list;
    size_t count, cap;
};

/** A change of a file's bytes that is not durable: a write, or a new size if `resize`. */
struct sim_change {
    TAILQ_ENTRY(sim_change) in_node;
    bool resize;
    bool lost; /* a sync of it failed: no later sync makes it durable */
    uint64_t offset;
    size_t len;
    uint8_t bytes[];
};

struct sim_node {
    struct sim_disk *disk;
    TAILQ_ENTRY(sim_node) in_disk;
    unsigned refs; /* names, changes of names, open files */
    bool is_dir;
    bool locked;
    bool unlinked; /* without a name: its bytes no longer count as used */
    struct sim_bytes now, durable;
    TAILQ_HEAD(sim_changes, sim_change) changes;
    struct sim_entries names_now, names_durable;
};

struct sim_fault {
    bool armed;
    uint64_t after;
    enum weir_status status;
};

struct sim_disk {
    struct weir_sim *sim;
    char *name;
    TAILQ_ENTRY(sim_disk) in_sim;
    struct sim_node *root;
    TAILQ_HEAD(, sim_node) nodes;
    TAILQ_HEAD(, sim_move) moves; /* changes of names that are not durable, in order */
    unsigned host_count;          /* alive on it */
    uint64_t capacity, used;      /* bytes; capacity 0 is unlimited */
    uint64_t sync_count;
    struct sim_fault write_fault, sync_fault;
};

/** A host begins on the disk; made if missing. */
struct sim_disk *weir_sim_disk_join(struct weir_sim *sim, const char *name);
/** A host ends on it. The last one to crash takes what is not durable with it. */
void weir_sim_disk_leave(struct sim_disk *disk, bool crashed);
void weir_sim_disks_free(struct weir_sim *sim);
/** WEIR_OK, or the fault that falls on this call. */
enum weir_status weir_sim_fault_take(struct sim_fault *fault);

struct sim_node *weir_sim_node_new(struct sim_disk *disk, bool is_dir);
void weir_sim_node_unref(struct sim_node *node);
/** The entry of that name in the folder as it is now, or NULL. */
struct sim_node *weir_sim_node_find(const struct sim_node *dir, struct weir_view name);

void weir_sim_entries_copy(struct sim_entries *to, const struct sim_entries *from); /**< and references the nodes */
void weir_sim_entries_clear(struct sim_entries *entries);

/** Writes what fits; returns how much that was. */
size_t weir_sim_node_write(struct sim_node *node, const uint8_t *ptr, size_t len, uint64_t offset);
/** False if it does not fit. */
bool weir_sim_node_resize(struct sim_node *node, uint64_t size);
/** Makes the bytes durable, or, if the sync fails, lost at the next crash whatever is synced later. */
void weir_sim_node_sync(struct sim_node *node, bool fails);

/* Changes of names: `to` and `from` are folders, either may be NULL. */
struct sim_place {
    struct sim_node *dir;
    const char *name;
};
/** Takes `node` out of `from` and puts it in `to`, in place of what is there. */
void weir_sim_disk_move(struct sim_disk *disk, struct sim_place from, struct sim_place to, struct sim_node *node);
/** Makes the folder's names durable. */
void weir_sim_disk_sync_dir(struct sim_disk *disk, struct sim_node *dir);

#endif
