/*
 * container.c - opening and closing, outcomes in their order, and questions.
 *
 *     a change is made in memory and recorded (change.c) --> its operation waits in ctr->ops
 *     the log acknowledges up to some LSN --> readers see it, reads that waited go on, operations up to it are done
 *
 * Nothing is delivered from inside a call of the container: everything comes from the log's callback or from the end of
 * a turn.
 */
#include "store/container/container.h"

#include <assert.h>
#include <stdlib.h>

#include "base/log.h"
#include "store/container/container_int.h"
#include "store/container/paths.h"

#define FLUSH_BYTES_DEFAULT (UINT64_C(64) << 20)

/* --- Delivery --- */

void weir_container_deliver_soon(struct weir_container *ctr)
{
    weir_loop_defer(ctr->loop, &ctr->deliver);
}

static void show_effects(struct weir_container *ctr)
{
    struct weir_effect effect;

    while (weir_state_take_effect(&ctr->state, weir_store_log_acked(ctr->log), &effect)) {
        struct weir_segment *seg = effect.seg;

        if (effect.length > seg->durable_length)
            seg->durable_length = effect.length;
        seg->durable_sealed |= effect.kind == WEIR_EFFECT_SEALED;
        if (seg->waiting != NULL)
            weir_segment_wake(seg);
        weir_segment_unref(seg);
    }
}

static void end_op(struct weir_store_op **ring)
{
    struct weir_store_op *op = weir_store_op_take(ring);

    op->done(op);
}

static void deliver_ops(struct weir_container *ctr)
{
    struct weir_store_op *last = ctr->at_once != NULL ? ctr->at_once->prev : NULL;

    while (ctr->ops != NULL && ctr->ops->lsn <= weir_store_log_acked(ctr->log))
        end_op(&ctr->ops);
    while (last != NULL && ctr->at_once != NULL) { /* those refused meanwhile wait a turn, or this might never end */
        bool ends = ctr->at_once == last;

        end_op(&ctr->at_once);
        if (ends)
            break;
    }
}

static void fail_waiting(void *arg, struct weir_segment *seg)
{
    (void)arg;
    weir_segment_fail_waiting(seg);
}

static void fail_ops(struct weir_store_op **ring)
{
    while (*ring != NULL) {
        struct weir_store_op *op = weir_store_op_take(ring);

        op->status = WEIR_E_IO;
        op->done(op);
    }
}

/* What was acknowledged before the end has been delivered; the rest ends here. */
static void deliver_failure(struct weir_container *ctr)
{
    struct weir_effect effect;

    while (weir_state_take_effect(&ctr->state, UINT64_MAX, &effect)) {
        weir_segment_fail_waiting(effect.seg);
        weir_segment_unref(effect.seg);
    }
    weir_state_each(&ctr->state, fail_waiting, NULL);
    weir_container_deliver_reads(ctr);
    fail_ops(&ctr->ops);
    fail_ops(&ctr->flush_ops);
    fail_ops(&ctr->next_flush_ops);
    if (!ctr->failure_told) {
        ctr->failure_told = true;
        if (ctr->options.on_failed != NULL)
            ctr->options.on_failed(ctr->options.arg, &ctr->failure);
    }
}

static void deliver(void *arg)
{
    struct weir_container *ctr = arg;

    ctr->delivering = true;
    show_effects(ctr);
    weir_container_deliver_reads(ctr);
    deliver_ops(ctr);
    if (ctr->failed)
        deliver_failure(ctr);
    else
        weir_flush_step(ctr);
    ctr->delivering = false;
    if (ctr->at_once != NULL)
        weir_container_deliver_soon(ctr);
}

void weir_container_fail(struct weir_container *ctr, const struct weir_error *why)
{
    if (ctr->failed)
        return;
    ctr->failed = true;
    ctr->failure = *why;
    weir_container_deliver_soon(ctr);
}

static void log_failed(void *arg, const struct weir_error *why)
{
    weir_container_fail(arg, why);
}

/* --- Operations --- */

static void refuse_at_once(struct weir_container *ctr, struct weir_store_op *op, enum weir_status status)
{
    op->status = status;
    op->lsn = 0;
    weir_store_op_queue(&ctr->at_once, op);
    weir_container_deliver_soon(ctr);
}

uint64_t weir_container_unflushed(const struct weir_container *ctr)
{
    return ctr->log_base + weir_store_log_bytes(ctr->log) - ctr->log_flushed;
}

bool weir_container_takes(struct weir_container *ctr, struct weir_store_op *op)
{
    op->value = 0;
    op->refused_index = 0;
    if (ctr->failed)
        refuse_at_once(ctr, op, WEIR_E_IO);
    else if (weir_container_full(ctr))
        refuse_at_once(ctr, op, WEIR_E_FULL);
    else
        return true;
    return false;
}

void weir_store_op_settle(struct weir_container *ctr, struct weir_store_op *op, enum weir_status status)
{
    if (ctr->failed) {
        refuse_at_once(ctr, op, WEIR_E_IO);
        return;
    }
    op->status = status;
    op->lsn = weir_store_log_last_lsn(ctr->log);
    weir_store_op_queue(&ctr->ops, op);
    if (op->lsn <= weir_store_log_acked(ctr->log))
        weir_container_deliver_soon(ctr);
}

void weir_store_op_cancel(struct weir_store_op *op)
{
    if (op->ring == NULL)
        return;
    weir_op_ring_remove(op->ring, op);
    op->ring = NULL;
}

void weir_container_barrier(struct weir_container *ctr, struct weir_store_op *op)
{
    op->value = 0;
    op->refused_index = 0;
    weir_store_op_settle(ctr, op, WEIR_OK);
}

/* --- Life --- */

static enum weir_status take_folder(struct weir_container *ctr, struct weir_error *err)
{
    char path[WEIR_STORE_PATH_LEN_MAX];
    bool is_new = !weir_fs_exists(ctr->fs, ctr->dir);
    enum weir_status status = weir_fs_mkdir_private(ctr->fs, ctr->dir, err);

    if (status == WEIR_OK && is_new)
        status = weir_fs_sync_parents(ctr->fs, ctr->dir, err);
    if (status != WEIR_OK)
        return status;
    weir_store_path_named(path, ctr->dir, "lock");
    return weir_fs_lock(ctr->fs, path, &ctr->lock, err); /* names the process that has it */
}

static void on_acked(void *arg)
{
    deliver(arg);
}

static enum weir_status open_log(struct weir_container *ctr, uint64_t next_lsn, struct weir_error *err)
{
    struct weir_store_log_options options = {.loop = ctr->loop,
                                             .dir = ctr->dir,
                                             .durability = ctr->options.durability,
                                             .store = ctr->state.store,
                                             .next_lsn = next_lsn,
                                             .file_len_max = ctr->options.flush_bytes,
                                             .figures = ctr->options.figures,
                                             .arg = ctr,
                                             .on_acked = on_acked,
                                             .on_failed = log_failed};
    enum weir_status status = weir_store_log_new(&options, &ctr->log);

    return status == WEIR_OK ? status : weir_fail(err, status, "out of memory to open %s", ctr->dir);
}

static void forget_ops(struct weir_store_op **ring)
{
    while (*ring != NULL)
        weir_store_op_take(ring);
}

static void forget_waiting(void *arg, struct weir_segment *seg)
{
    (void)arg;
    weir_segment_forget_waiting(seg);
}

static void container_free(struct weir_container *ctr)
{
    struct weir_effect effect;

    weir_deferred_cancel(ctr->loop, &ctr->deliver);
    weir_flush_stop(ctr);
    weir_sweep_stop(ctr);
    weir_table_compact_stop(ctr);
    weir_container_forget_reads(ctr);
    while (weir_state_take_effect(&ctr->state, UINT64_MAX, &effect)) {
        weir_segment_forget_waiting(effect.seg);
        weir_segment_unref(effect.seg);
    }
    if (ctr->state.by_id != NULL)
        weir_state_each(&ctr->state, forget_waiting, NULL);
    forget_ops(&ctr->ops);
    forget_ops(&ctr->at_once);
    forget_ops(&ctr->flush_ops);
    forget_ops(&ctr->next_flush_ops);
    weir_store_log_free(ctr->log);
    weir_state_fini(&ctr->state);
    weir_fs_unlock(ctr->lock);
    weir_buf_fini(&ctr->scratch);
    free(ctr->dir);
    free(ctr);
}

/* What was found, and how long it took. */
static void tell_recovery(struct weir_container *ctr, int64_t began_ms, uint64_t next_lsn)
{
    struct weir_container_stats *stats = &ctr->stats;

    stats->recovery_ms = weir_loop_wall_ms(ctr->loop) - began_ms;
    stats->recovered_records = next_lsn - 1 - ctr->published_lsn;
    stats->published_ns = weir_loop_now_ns(ctr->loop);
    weir_log_info(weir_loop_log(ctr->loop), "store",
                  "%s is open after %lld ms: checkpoint at LSN %llu, %llu records (%llu bytes) of the log behind it, "
                  "%zu segments, %llu live bytes in %zu chunks",
                  ctr->dir, (long long)stats->recovery_ms, (unsigned long long)ctr->published_lsn,
                  (unsigned long long)stats->recovered_records, (unsigned long long)ctr->log_base,
                  (size_t)ctr->state.segment_count, (unsigned long long)ctr->state.chunks.live_len,
                  (size_t)ctr->state.chunks.count);
}

enum weir_status weir_container_open(struct weir_loop *loop, const char *dir,
                                     const struct weir_container_options *options, struct weir_container **out,
                                     struct weir_error *err)
{
    struct weir_container *ctr = calloc(1, sizeof(*ctr));
    int64_t began_ms = weir_loop_wall_ms(loop);
    uint64_t next_lsn = 1;
    enum weir_status status = WEIR_E_NOMEM;

    if (ctr == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "out of memory to open %s", dir);
    ctr->loop = loop;
    ctr->fs = weir_host_fs(weir_loop_host(loop));
    if (options != NULL)
        ctr->options = *options;
    if (ctr->options.flush_bytes == 0)
        ctr->options.flush_bytes = FLUSH_BYTES_DEFAULT;
    ctr->deliver = (struct weir_deferred){.fn = deliver, .arg = ctr};
    weir_flush_init(ctr);
    weir_buf_init(&ctr->scratch, WEIR_BATCH_LEN_MAX);
    ctr->dir = strdup(dir);
    if (ctr->dir == NULL || weir_state_init(&ctr->state, ctr, weir_host_random(weir_loop_host(loop))) != WEIR_OK)
        weir_fail(err, WEIR_E_NOMEM, "out of memory to open %s", dir);
    else if (strlen(dir) == 0 || strlen(dir) > WEIR_STORE_DIR_LEN_MAX)
        status = weir_fail(err, WEIR_E_INVAL, "the name of the store's folder has %zu bytes, not 1..%d", strlen(dir),
                           WEIR_STORE_DIR_LEN_MAX);
    else
        status = take_folder(ctr, err);
    if (status == WEIR_OK)
        status = weir_container_recover(ctr, &next_lsn, err);
    if (status == WEIR_OK)
        status = open_log(ctr, next_lsn, err);
    if (status != WEIR_OK) {
        container_free(ctr);
        return status;
    }
    tell_recovery(ctr, began_ms, next_lsn);
    weir_container_deliver_soon(ctr);
    weir_table_consider_all(ctr);
    *out = ctr;
    return WEIR_OK;
}

enum weir_status weir_container_close(struct weir_container *ctr, struct weir_error *err)
{
    enum weir_status status;

    if (ctr == NULL)
        return WEIR_OK;
    assert(!ctr->delivering && "not from inside a done: post it");
    weir_flush_stop(ctr);
    weir_sweep_stop(ctr);
    weir_table_compact_stop(ctr);
    weir_container_forget_reads(ctr);
    status = weir_store_log_finish(ctr->log, err);
    container_free(ctr);
    return status;
}

const struct weir_error *weir_container_failure(const struct weir_container *ctr)
{
    return ctr->failed ? &ctr->failure : NULL;
}

bool weir_container_full(const struct weir_container *ctr)
{
    return weir_store_log_full(ctr->log) || ctr->flush_full;
}

/* --- Questions --- */

struct weir_segment *weir_segment_peek(struct weir_container *ctr, struct weir_view name)
{
    return weir_state_find(&ctr->state, name);
}

struct weir_segment *weir_segment_find(struct weir_container *ctr, struct weir_view name)
{
    struct weir_segment *seg = weir_segment_peek(ctr, name);

    return seg != NULL ? weir_segment_ref(seg) : NULL;
}

bool weir_map_seek(struct weir_container *ctr, struct weir_view from, bool after, struct weir_view *key,
                   struct weir_view *value)
{
    const struct weir_metadata_entry *entry = weir_metadata_seek(&ctr->state.map, from, after);

    if (entry == NULL)
        return false;
    *key = entry->key;
    *value = entry->value;
    return true;
}

bool weir_map_get(struct weir_container *ctr, struct weir_view key, struct weir_view *value)
{
    struct weir_view found;

    return weir_map_seek(ctr, key, false, &found, value) && weir_view_equal(found, key);
}

bool weir_map_next(struct weir_container *ctr, struct weir_view prefix, struct weir_view from, struct weir_view *key,
                   struct weir_view *value)
{
    bool found =
        from.len == 0 ? weir_map_seek(ctr, prefix, false, key, value) : weir_map_seek(ctr, from, true, key, value);

    return found && key->len >= prefix.len && weir_view_equal(weir_view(key->ptr, prefix.len), prefix);
}

void weir_container_stats(const struct weir_container *ctr, struct weir_container_stats *out)
{
    struct weir_store_log_stats log_stats;

    weir_store_log_stats(ctr->log, &log_stats);
    *out = ctr->stats;
    out->record_count = log_stats.record_count;
    out->group_count = log_stats.group_count;
    out->sync_count = log_stats.sync_count;
    out->log_bytes = weir_store_log_bytes(ctr->log);
    out->unflushed_bytes = weir_container_unflushed(ctr);
    out->chunk_count = ctr->state.chunks.count;
    out->chunk_bytes = ctr->state.chunks.file_len;
    out->chunk_live_bytes = ctr->state.chunks.live_len;
    out->segment_count = ctr->state.segment_count;
    out->map_count = ctr->state.map.count;
    out->unflushed_max = WEIR_FLUSH_HOLD_FACTOR * ctr->options.flush_bytes;
    out->full = weir_container_full(ctr);
    out->failed = ctr->failed;
}
