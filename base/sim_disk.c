/*
 * sim_disk.c - the bytes and names of a simulated disk, and what a crash makes of them.
 *
 * Changes of names are kept in order. One that becomes durable takes with it the earlier ones of the same place (folder
 * and name), so that what is durable is a state the disk could have had: a name is never lost by a rename, whichever
 * of its two folders is synced. At a crash each change that is not durable is lost, or, when the world tears writes,
 * each survives or not by the seed: a write as a whole, as its beginning, or as a part from its midst.
 */
#include "base/sim_disk.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* One change of names: `node` leaves `from` and appears in `to`. Either may be missing (made, removed). */
struct sim_move {
    TAILQ_ENTRY(sim_move) in_disk;
    struct sim_node *from_dir, *to_dir, *node; /* referenced */
    char *from_name, *to_name;
};

/* Bytes */

static void bytes_resize(struct sim_bytes *bytes, uint64_t len)
{
    if (len > bytes->cap) {
        bytes->cap = bytes->cap > 0 ? bytes->cap : 64;
        while (bytes->cap < len)
            bytes->cap *= 2;
        bytes->ptr = weir_sim_realloc(bytes->ptr, bytes->cap);
    }
    if (len > bytes->len)
        memset(bytes->ptr + bytes->len, 0, len - bytes->len);
    bytes->len = len;
}

static void bytes_write(struct sim_bytes *bytes, const uint8_t *ptr, size_t len, uint64_t offset)
{
    if (offset + len > bytes->len)
        bytes_resize(bytes, offset + len);
    if (len > 0)
        memcpy(bytes->ptr + offset, ptr, len);
}

static void bytes_copy(struct sim_bytes *to, const struct sim_bytes *from)
{
    bytes_resize(to, 0);
    bytes_write(to, from->ptr, from->len, 0);
}

/* Names */

static size_t entry_find(const struct sim_entries *entries, struct weir_view name, bool *found)
{
    size_t low = 0, high = entries->count;

    while (low < high) {
        size_t mid = (low + high) / 2;
        const char *other = entries->list[mid].name;
        size_t other_len = strlen(other);
        int order = memcmp(other, name.ptr, other_len < name.len ? other_len : name.len);

        if (order == 0 && other_len == name.len) {
            *found = true;
            return mid;
        }
        if (order < 0 || (order == 0 && other_len < name.len))
            low = mid + 1;
        else
            high = mid;
    }
    *found = false;
    return low;
}

static void entry_remove(struct sim_entries *entries, const char *name)
{
    bool found;
    size_t at = entry_find(entries, weir_view_str(name), &found);
    struct sim_entry entry;

    if (!found)
        return;
    entry = entries->list[at];
    entries->count--;
    memmove(&entries->list[at], &entries->list[at + 1], (entries->count - at) * sizeof(entry));
    free(entry.name);
    weir_sim_node_unref(entry.node);
}

static void entry_set(struct sim_entries *entries, const char *name, struct sim_node *node)
{
    bool found;
    size_t at;

    node->refs++;
    entry_remove(entries, name);
    at = entry_find(entries, weir_view_str(name), &found);
    if (entries->count == entries->cap) {
        entries->cap = entries->cap > 0 ? 2 * entries->cap : 8;
        entries->list = weir_sim_realloc(entries->list, entries->cap * sizeof(*entries->list));
    }
    memmove(&entries->list[at + 1], &entries->list[at], (entries->count - at) * sizeof(*entries->list));
    entries->list[at] = (struct sim_entry){weir_sim_strdup(name), node};
    entries->count++;
}

void weir_sim_entries_clear(struct sim_entries *entries)
{
    while (entries->count > 0)
        entry_remove(entries, entries->list[entries->count - 1].name);
    free(entries->list);
    *entries = (struct sim_entries){0};
}

void weir_sim_entries_copy(struct sim_entries *to, const struct sim_entries *from)
{
    weir_sim_entries_clear(to);
    for (size_t i = 0; i < from->count; i++)
        entry_set(to, from->list[i].name, from->list[i].node);
}

/* Nodes */

struct sim_node *weir_sim_node_new(struct sim_disk *disk, bool is_dir)
{
    struct sim_node *node = weir_sim_alloc(sizeof(*node));

    node->disk = disk;
    node->refs = 1;
    node->is_dir = is_dir;
    TAILQ_INIT(&node->changes);
    TAILQ_INSERT_TAIL(&disk->nodes, node, in_disk);
    return node;
}

static void count_used(struct sim_node *node, uint64_t len_before, uint64_t len_after)
{
    if (!node->unlinked)
        node->disk->used += len_after - len_before; /* wraps as it should when that is negative */
}

static void changes_clear(struct sim_node *node)
{
    struct sim_change *change;

    while ((change = TAILQ_FIRST(&node->changes)) != NULL) {
        TAILQ_REMOVE(&node->changes, change, in_node);
        free(change);
    }
}

void weir_sim_node_unref(struct sim_node *node)
{
    if (--node->refs > 0)
        return;
    weir_sim_entries_clear(&node->names_now);
    weir_sim_entries_clear(&node->names_durable);
    changes_clear(node);
    count_used(node, node->now.len, 0);
    TAILQ_REMOVE(&node->disk->nodes, node, in_disk);
    free(node->now.ptr);
    free(node->durable.ptr);
    free(node);
}

struct sim_node *weir_sim_node_find(const struct sim_node *dir, struct weir_view name)
{
    bool found;
    size_t at = entry_find(&dir->names_now, name, &found);

    return found ? dir->names_now.list[at].node : NULL;
}

static struct sim_change *change_add(struct sim_node *node, bool resize, uint64_t offset, const uint8_t *ptr,
                                     size_t len)
{
    struct sim_change *change = weir_sim_alloc(sizeof(*change) + len);

    change->resize = resize;
    change->offset = offset;
    change->len = len;
    if (len > 0)
        memcpy(change->bytes, ptr, len);
    TAILQ_INSERT_TAIL(&node->changes, change, in_node);
    return change;
}

static uint64_t room(const struct sim_disk *disk)
{
    if (disk->capacity == 0)
        return UINT64_MAX;
    return disk->capacity > disk->used ? disk->capacity - disk->used : 0;
}

size_t weir_sim_node_write(struct sim_node *node, const uint8_t *ptr, size_t len, uint64_t offset)
{
    struct sim_disk *disk = node->disk;
    uint64_t len_before = node->now.len, end_max = len_before;

    end_max = room(disk) > UINT64_MAX - end_max ? UINT64_MAX : end_max + room(disk);
    if (offset >= end_max)
        return 0;
    if (len > end_max - offset)
        len = (size_t)(end_max - offset);
    change_add(node, false, offset, ptr, len);
    bytes_write(&node->now, ptr, len, offset);
    count_used(node, len_before, node->now.len);
    weir_sim_note(disk->sim, offset, weir_view(ptr, len));
    return len;
}

bool weir_sim_node_resize(struct sim_node *node, uint64_t size)
{
    struct sim_disk *disk = node->disk;

    if (size > node->now.len && size - node->now.len > room(disk))
        return false;
    change_add(node, true, size, NULL, 0);
    count_used(node, node->now.len, size);
    bytes_resize(&node->now, size);
    return true;
}

static void change_apply(struct sim_node *node, const struct sim_change *change)
{
    if (change->resize)
        bytes_resize(&node->durable, change->offset);
    else
        bytes_write(&node->durable, change->bytes, change->len, change->offset);
}

void weir_sim_node_sync(struct sim_node *node, bool fails)
{
    struct sim_change *change = TAILQ_FIRST(&node->changes);

    while (change != NULL) {
        struct sim_change *next = TAILQ_NEXT(change, in_node);

        if (fails) {
            change->lost = true;
        } else if (!change->lost) {
            change_apply(node, change);
            TAILQ_REMOVE(&node->changes, change, in_node);
            free(change);
        }
        change = next;
    }
}

/* Changes of names */

static struct sim_node *ref(struct sim_node *node)
{
    if (node != NULL)
        node->refs++;
    return node;
}

static void unref(struct sim_node *node)
{
    if (node != NULL)
        weir_sim_node_unref(node);
}

static void forget_from(struct sim_move *move)
{
    unref(move->from_dir);
    free(move->from_name);
    move->from_dir = NULL;
    move->from_name = NULL;
}

static void forget_to(struct sim_move *move)
{
    unref(move->to_dir);
    free(move->to_name);
    move->to_dir = NULL;
    move->to_name = NULL;
}

static void move_free(struct sim_disk *disk, struct sim_move *move)
{
    TAILQ_REMOVE(&disk->moves, move, in_disk);
    forget_from(move);
    forget_to(move);
    weir_sim_node_unref(move->node);
    free(move);
}

static void unlink_now(struct sim_node *dir, const char *name)
{
    struct sim_node *node = weir_sim_node_find(dir, weir_view_str(name));

    if (node == NULL)
        return;
    count_used(node, node->now.len, 0);
    node->unlinked = true;
    entry_remove(&dir->names_now, name);
}

void weir_sim_disk_move(struct sim_disk *disk, struct sim_place from, struct sim_place to, struct sim_node *node)
{
    struct sim_move *move = weir_sim_alloc(sizeof(*move));

    move->node = ref(node);
    move->from_dir = ref(from.dir);
    move->to_dir = ref(to.dir);
    move->from_name = from.dir != NULL ? weir_sim_strdup(from.name) : NULL;
    move->to_name = to.dir != NULL ? weir_sim_strdup(to.name) : NULL;
    TAILQ_INSERT_TAIL(&disk->moves, move, in_disk);
    if (to.dir != NULL)
        unlink_now(to.dir, to.name);
    if (from.dir != NULL && to.dir == NULL)
        unlink_now(from.dir, from.name);
    else if (from.dir != NULL)
        entry_remove(&from.dir->names_now, from.name);
    if (to.dir != NULL)
        entry_set(&to.dir->names_now, to.name, node);
}

static bool same_place(const struct sim_node *a_dir, const char *a_name, const struct sim_node *b_dir,
                       const char *b_name)
{
    return a_dir != NULL && a_dir == b_dir && strcmp(a_name, b_name) == 0;
}

static bool touches(const struct sim_move *move, const struct sim_node *dir, const char *name)
{
    return same_place(move->from_dir, move->from_name, dir, name) || same_place(move->to_dir, move->to_name, dir, name);
}

static void move_commit(struct sim_disk *disk, struct sim_move *move);

/* Commits what happened to that place before `move`. */
static void commit_earlier(struct sim_disk *disk, const struct sim_move *move, const struct sim_node *dir,
                           const char *name)
{
    struct sim_move *earlier = TAILQ_FIRST(&disk->moves);

    while (dir != NULL && earlier != move) {
        if (touches(earlier, dir, name)) {
            move_commit(disk, earlier);
            earlier = TAILQ_FIRST(&disk->moves);
        } else {
            earlier = TAILQ_NEXT(earlier, in_disk);
        }
    }
}

/* A folder that moves takes all before it with it, or folders might end up within each other. */
static void move_commit(struct sim_disk *disk, struct sim_move *move)
{
    while (move->node->is_dir && move->from_dir != NULL && TAILQ_FIRST(&disk->moves) != move)
        move_commit(disk, TAILQ_FIRST(&disk->moves));
    commit_earlier(disk, move, move->from_dir, move->from_name);
    commit_earlier(disk, move, move->to_dir, move->to_name);
    if (move->from_dir != NULL)
        entry_remove(&move->from_dir->names_durable, move->from_name);
    if (move->to_dir != NULL)
        entry_set(&move->to_dir->names_durable, move->to_name, move->node);
    move_free(disk, move);
}

/* Only the new name of a file is durable: a crash may leave the old one beside it. */
static void move_commit_to(struct sim_disk *disk, struct sim_move *move)
{
    commit_earlier(disk, move, move->to_dir, move->to_name);
    entry_set(&move->to_dir->names_durable, move->to_name, move->node);
    forget_to(move);
}

void weir_sim_disk_sync_dir(struct sim_disk *disk, struct sim_node *dir)
{
    struct sim_move *move = TAILQ_FIRST(&disk->moves);

    while (move != NULL) {
        struct sim_move *next = TAILQ_NEXT(move, in_disk);

        if (move->from_dir == dir || (move->to_dir == dir && (move->from_dir == NULL || move->node->is_dir))) {
            move_commit(disk, move);
        } else if (move->to_dir == dir) {
            move_commit_to(disk, move);
        }
        move = next; /* what was committed meanwhile stood before `move` */
    }
}

/* Crash */

static void survive_in_part(struct sim_node *node, struct sim_change *change)
{
    struct weir_rng *rng = &node->disk->sim->rng;
    size_t begin = 0, end = change->len;

    switch (change->len > 0 ? weir_rng_below(rng, 3) : 0) {
    case 0: /* all of it, though never synced */
        break;
    case 1:
        end = (size_t)weir_rng_below(rng, end);
        break;
    default:
        begin = (size_t)weir_rng_below(rng, end);
        end = begin + 1 + (size_t)weir_rng_below(rng, end - begin);
    }
    if (change->resize)
        change_apply(node, change);
    else if (end > begin)
        bytes_write(&node->durable, change->bytes + begin, end - begin, change->offset + begin);
}

static void crash_bytes(struct sim_node *node)
{
    struct sim_disk *disk = node->disk;
    struct sim_change *change;

    if (TAILQ_EMPTY(&node->changes))
        return;
    TAILQ_FOREACH (change, &node->changes, in_node)
        if (weir_sim_chance(disk->sim, disk->sim->options.torn_per_million))
            survive_in_part(node, change);
    changes_clear(node);
    bytes_copy(&node->now, &node->durable);
}

static void crash_names(struct sim_disk *disk)
{
    bool torn = disk->sim->options.torn_per_million > 0;
    struct sim_move *move = TAILQ_FIRST(&disk->moves);
    struct sim_node *node;

    if (move == NULL)
        return;
    while (move != NULL) {
        struct sim_move *next = TAILQ_NEXT(move, in_disk);

        if (torn && weir_rng_below(&disk->sim->rng, 2) == 0)
            move_commit(disk, move);
        move = next;
    }
    TAILQ_FOREACH (node, &disk->nodes, in_disk)
        node->refs++; /* none goes while they are walked */
    while ((move = TAILQ_FIRST(&disk->moves)) != NULL)
        move_free(disk, move);
    TAILQ_FOREACH (node, &disk->nodes, in_disk)
        weir_sim_entries_copy(&node->names_now, &node->names_durable);
}

static void drop_walk_refs(struct sim_disk *disk)
{
    struct sim_node *node = TAILQ_FIRST(&disk->nodes);

    while (node != NULL) {
        struct sim_node *next = TAILQ_NEXT(node, in_disk);

        /* Nodes that follow still have their own reference, so `next` stays. */
        weir_sim_node_unref(node);
        node = next;
    }
}

static void crash(struct sim_disk *disk)
{
    bool names_changed = !TAILQ_EMPTY(&disk->moves);
    struct sim_node *node;

    TAILQ_FOREACH (node, &disk->nodes, in_disk)
        crash_bytes(node);
    crash_names(disk);
    if (names_changed)
        drop_walk_refs(disk);
    disk->used = 0;
    TAILQ_FOREACH (node, &disk->nodes, in_disk) {
        node->unlinked = false;
        count_used(node, 0, node->now.len);
    }
}

/* Disks */

static struct sim_disk *find(struct weir_sim *sim, const char *name)
{
    struct sim_disk *disk;

    TAILQ_FOREACH (disk, &sim->disks, in_sim)
        if (strcmp(disk->name, name) == 0)
            return disk;
    disk = weir_sim_alloc(sizeof(*disk));
    disk->sim = sim;
    disk->name = weir_sim_strdup(name);
    TAILQ_INIT(&disk->nodes);
    TAILQ_INIT(&disk->moves);
    disk->root = weir_sim_node_new(disk, true);
    TAILQ_INSERT_TAIL(&sim->disks, disk, in_sim);
    return disk;
}

struct sim_disk *weir_sim_disk_join(struct weir_sim *sim, const char *name)
{
    struct sim_disk *disk = find(sim, name);

    disk->host_count++;
    return disk;
}

void weir_sim_disk_leave(struct sim_disk *disk, bool crashed)
{
    assert(disk->host_count > 0);
    if (--disk->host_count == 0 && crashed)
        crash(disk);
}

void weir_sim_disks_free(struct weir_sim *sim)
{
    struct sim_disk *disk;

    while ((disk = TAILQ_FIRST(&sim->disks)) != NULL) {
        struct sim_move *move;

        while ((move = TAILQ_FIRST(&disk->moves)) != NULL)
            move_free(disk, move);
        weir_sim_node_unref(disk->root);
        assert(TAILQ_EMPTY(&disk->nodes) && disk->used == 0);
        TAILQ_REMOVE(&sim->disks, disk, in_sim);
        free(disk->name);
        free(disk);
    }
}

/* Faults */

enum weir_status weir_sim_fault_take(struct sim_fault *fault)
{
    if (!fault->armed || fault->after-- > 0)
        return WEIR_OK;
    fault->armed = false;
    return fault->status;
}

void weir_sim_disk_fail_write(struct weir_sim *sim, const char *disk_name, uint64_t after, enum weir_status status)
{
    find(sim, disk_name)->write_fault = (struct sim_fault){true, after, status};
}

void weir_sim_disk_fail_sync(struct weir_sim *sim, const char *disk_name, uint64_t after, enum weir_status status)
{
    find(sim, disk_name)->sync_fault = (struct sim_fault){true, after, status};
}

void weir_sim_disk_capacity(struct weir_sim *sim, const char *disk_name, uint64_t bytes)
{
    find(sim, disk_name)->capacity = bytes;
}

uint64_t weir_sim_disk_sync_count(struct weir_sim *sim, const char *disk_name)
{
    return find(sim, disk_name)->sync_count;
}
