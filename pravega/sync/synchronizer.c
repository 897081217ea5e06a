/*
 * synchronizer.c - a state that many processes keep the same copy of; the algorithms are upstream's
 * StateSynchronizerImpl.
 *
 * Calls wait in a queue and are carried out one by one. Each is a chain of steps over the revisioned stream:
 *
 *     initialize   oldest -> write the object there -> stored: apply it;  conflict: fetch
 *     fetch        with a state: read after its revision;  without: from the mark, or the oldest revision
 *                  truncated: from the mark up to the first init object, then fetch again
 *     update       (fetch, without a state) -> propose -> write after the state's revision -> stored: apply it;
 *                  conflict: fetch -> propose ...
 *     compact      as update, with an init object, which is not applied -> move the mark to where it begins -> drop
 *                  what is before the mark that was
 *
 * A step that ends the call goes through end_call(), which is the last thing that it does: the callback may free the
 * synchronizer. The next call starts in a later turn.
 */
#include "pravega/state_synchronizer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "pravega/client_int.h"
#include "pravega/sync/update_or_init.h"

#define LOOKS_MAX 50 /* for an object that another process is writing */
#define LOOK_INTERVAL_MS 100
#define TRUNCATED_MAX 100 /* times that a fetch begins anew because others truncate faster than it reads */

enum call_kind { CALL_INITIALIZE, CALL_FETCH, CALL_UPDATE, CALL_UPDATE_ANYHOW, CALL_COMPACT, CALL_BYTES };

struct sync_call {
    struct sync_call *next;
    enum call_kind kind;
    pravega_propose_fn *propose;
    pravega_snapshot_fn *snapshot;
    pravega_bytes_fn *bytes_done;
    pravega_done_fn *done; /* unless there is a bytes_done */
    void *arg;
    size_t entry_len;
    uint8_t entry[]; /* what to initialize with, or to write anyhow; a whole entry */
};

struct pravega_updates {
    struct weir_buf entry;
};

struct pravega_synchronizer {
    struct pravega_client *client;
    struct pravega_revisioned_stream *log;
    const struct pravega_state_type *type;
    void *arg;
    void *state; /* NULL: none */
    struct pravega_revision revision;
    struct pravega_updates proposal; /* the entry to write */
    struct weir_buf object;          /* of a compaction */
    /* The fetch under way. */
    void (*fetched)(struct pravega_synchronizer *sync);
    bool to_first_init; /* after a truncation: what is before an init object says nothing */
    uint32_t truncated_count;
    struct weir_error why; /* why an entry could not be taken */
    /* The compaction under way. */
    struct pravega_revision old_mark, new_mark;
    bool has_old_mark;
    struct sync_call *running, *first, **end;
    struct weir_timer next;
    /* The initialization under way. */
    struct weir_timer look_again;
    int look_count;
};

static void fetch(struct pravega_synchronizer *sync, void (*then)(struct pravega_synchronizer *sync));
static void read_from(struct pravega_synchronizer *sync, const struct pravega_revision *from);

/* ---- the end of a call: the last thing that a function does ---- */

/* `why` is not looked at if status is WEIR_OK. */
static void end_with(struct pravega_synchronizer *sync, enum weir_status status, int64_t bytes,
                     const struct weir_error *why)
{
    struct sync_call *call = sync->running;
    struct weir_error copy = status != WEIR_OK ? *why : (struct weir_error){0};

    sync->running = NULL;
    if (sync->first != NULL)
        weir_timer_start(sync->client->loop, &sync->next, 0);
    if (call->bytes_done != NULL)
        call->bytes_done(call->arg, status, bytes, &copy);
    else
        call->done(call->arg, status, &copy);
    free(call);
}

static void end_call(struct pravega_synchronizer *sync, enum weir_status status, const struct weir_error *why)
{
    end_with(sync, status, 0, why);
}

static void end_ok(struct pravega_synchronizer *sync)
{
    end_with(sync, WEIR_OK, 0, NULL);
}

/* ---- the copy ---- */

static void drop_state(struct pravega_synchronizer *sync)
{
    if (sync->state != NULL)
        sync->type->free(sync->arg, sync->state);
    sync->state = NULL;
}

static bool is_newer(const struct pravega_synchronizer *sync, const struct pravega_revision *revision)
{
    return sync->state == NULL || pravega_revision_compare(revision, &sync->revision) > 0;
}

static enum weir_status apply_init(struct pravega_synchronizer *sync, const struct pravega_revision *revision,
                                   struct weir_view object, struct weir_error *err)
{
    void *state = NULL;
    enum weir_status status;

    if (!is_newer(sync, revision))
        return WEIR_OK;
    status = sync->type->init(sync->arg, object, &state, err);
    drop_state(sync);
    if (status != WEIR_OK)
        return status;
    sync->state = state;
    sync->revision = *revision;
    return WEIR_OK;
}

/* Updates before the first init object are of a state that nobody knows. */
static enum weir_status apply_updates(struct pravega_synchronizer *sync, const struct pravega_revision *revision,
                                      struct weir_view body, struct weir_error *err)
{
    struct pravega_revision at = *revision;
    struct weir_view update;

    if (sync->state == NULL)
        return WEIR_OK;
    for (at.event_index = 0; pravega_sync_update_next(&body, &update); at.event_index++) {
        enum weir_status status;

        if (!is_newer(sync, &at))
            continue;
        status = sync->type->apply(sync->arg, sync->state, update, err);
        if (status != WEIR_OK) {
            drop_state(sync);
            return status;
        }
        sync->revision = at;
    }
    return WEIR_OK;
}

static enum weir_status apply_entry(struct pravega_synchronizer *sync, const struct pravega_revision *revision,
                                    const struct pravega_sync_entry *entry, struct weir_error *err)
{
    return entry->kind == PRAVEGA_SYNC_INIT ? apply_init(sync, revision, entry->body, err)
                                            : apply_updates(sync, revision, entry->body, err);
}

/* What this process has written itself. */
static void apply_own(struct pravega_synchronizer *sync, const struct pravega_revision *revision,
                      struct weir_view bytes)
{
    struct pravega_sync_entry entry;
    struct weir_error why = {0};
    enum weir_status status = pravega_sync_entry_parse(bytes, &entry, &why);

    if (status == WEIR_OK)
        status = apply_entry(sync, revision, &entry, &why);
    end_call(sync, status, &why);
}

/* ---- fetching ---- */

static bool on_entry(void *arg, const struct pravega_revision *revision, struct weir_view bytes)
{
    struct pravega_synchronizer *sync = arg;
    struct pravega_sync_entry entry;

    if (pravega_sync_entry_parse(bytes, &entry, &sync->why) != WEIR_OK)
        return false;
    if (sync->to_first_init && entry.kind != PRAVEGA_SYNC_INIT)
        return true;
    if (apply_entry(sync, revision, &entry, &sync->why) != WEIR_OK || sync->to_first_init) {
        sync->to_first_init = false;
        return false;
    }
    return true;
}

static void on_start(void *arg, enum weir_status status, const struct pravega_revision *revision,
                     const struct weir_error *why)
{
    struct pravega_synchronizer *sync = arg;

    if (status != WEIR_OK)
        end_call(sync, status, why);
    else if (revision == NULL) /* there is no mark */
        pravega_revisioned_stream_oldest(sync->log, on_start, sync);
    else
        read_from(sync, revision);
}

static void read_from_mark(struct pravega_synchronizer *sync)
{
    pravega_revisioned_stream_mark(sync->log, on_start, sync);
}

static void read_on(struct pravega_synchronizer *sync)
{
    if (sync->state != NULL)
        read_from(sync, &sync->revision);
    else
        read_from_mark(sync);
}

static void on_read(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct pravega_synchronizer *sync = arg;
    struct weir_error lost = {0};

    if (sync->why.status != WEIR_OK) {
        end_call(sync, sync->why.status, &sync->why);
    } else if (status == WEIR_E_CANCELLED) { /* the first init object is found */
        read_on(sync);
    } else if (status == WEIR_E_TRUNCATED && ++sync->truncated_count < TRUNCATED_MAX) {
        sync->to_first_init = true;
        read_from_mark(sync);
    } else if (status == WEIR_OK && sync->to_first_init) {
        weir_fail(&lost, WEIR_E_TRUNCATED, "the stream was truncated, and nothing after it makes a state anew");
        end_call(sync, lost.status, &lost);
    } else if (status != WEIR_OK) {
        end_call(sync, status, why);
    } else {
        sync->fetched(sync);
    }
}

static void read_from(struct pravega_synchronizer *sync, const struct pravega_revision *from)
{
    pravega_revisioned_stream_read(sync->log, from, on_entry, on_read, sync);
}

static void fetch(struct pravega_synchronizer *sync, void (*then)(struct pravega_synchronizer *sync))
{
    sync->fetched = then;
    sync->to_first_init = false;
    sync->truncated_count = 0;
    sync->why = (struct weir_error){0};
    read_on(sync);
}

/* ---- initialize ---- */

/* A store refuses on account of an entry that it does not show yet: the other one's object, still on its way. */
static void end_if_found(struct pravega_synchronizer *sync)
{
    struct weir_error why = {0};

    if (sync->state != NULL) {
        end_ok(sync);
    } else if (++sync->look_count < LOOKS_MAX) {
        weir_timer_start(sync->client->loop, &sync->look_again, LOOK_INTERVAL_MS * WEIR_NS_PER_MS);
    } else {
        weir_fail(&why, WEIR_E_STATE, "the stream has entries, but none that makes a state");
        end_call(sync, why.status, &why);
    }
}

static void on_look_again(void *arg)
{
    fetch(arg, end_if_found);
}

static void on_initialized(void *arg, enum weir_status status, const struct pravega_revision *revision,
                           const struct weir_error *why)
{
    struct pravega_synchronizer *sync = arg;

    if (status == WEIR_E_CONFLICT)
        fetch(sync, end_if_found);
    else if (status != WEIR_OK)
        end_call(sync, status, why);
    else
        apply_own(sync, revision, weir_view(sync->running->entry, sync->running->entry_len));
}

static void on_oldest(void *arg, enum weir_status status, const struct pravega_revision *revision,
                      const struct weir_error *why)
{
    struct pravega_synchronizer *sync = arg;

    if (status != WEIR_OK)
        end_call(sync, status, why);
    else
        pravega_revisioned_stream_write_conditionally(
            sync->log, revision, weir_view(sync->running->entry, sync->running->entry_len), on_initialized, sync);
}

/* ---- writing on a condition: updates, and the object of a compaction ---- */

static void propose(struct pravega_synchronizer *sync);
static void move_mark(struct pravega_synchronizer *sync);

static void on_written(void *arg, enum weir_status status, const struct pravega_revision *revision,
                       const struct weir_error *why)
{
    struct pravega_synchronizer *sync = arg;

    if (status == WEIR_E_CONFLICT)
        fetch(sync, propose);
    else if (status != WEIR_OK)
        end_call(sync, status, why);
    else if (sync->running->kind == CALL_COMPACT)
        move_mark(sync);
    else
        apply_own(sync, revision, weir_buf_view(&sync->proposal.entry));
}

/* Fills the entry to write; it stays without content if nothing is to be written. */
static enum weir_status fill_proposal(struct pravega_synchronizer *sync, struct weir_error *err)
{
    struct sync_call *call = sync->running;
    struct weir_buf *entry = &sync->proposal.entry;
    enum weir_status status;

    if (call->kind == CALL_COMPACT) {
        weir_buf_reset(&sync->object);
        status = call->snapshot(call->arg, sync->state, &sync->object, err);
        pravega_sync_entry_begin(entry, PRAVEGA_SYNC_INIT);
        weir_buf_append(entry, sync->object.ptr, sync->object.len);
        if (sync->object.status != WEIR_OK)
            entry->status = sync->object.status;
    } else {
        pravega_sync_entry_begin(entry, PRAVEGA_SYNC_UPDATES);
        status = call->propose(call->arg, sync->state, &sync->proposal, err);
    }
    if (status == WEIR_OK && entry->status != WEIR_OK)
        return weir_fail(err, entry->status, "what is to be written is over %d bytes, or memory is out",
                         PRAVEGA_EVENT_LEN_MAX);
    return status;
}

static void propose(struct pravega_synchronizer *sync)
{
    struct weir_error why = {0};
    enum weir_status status;

    if (sync->state == NULL) {
        weir_fail(&why, WEIR_E_STATE, "the state is not initialized");
        end_call(sync, why.status, &why);
        return;
    }
    status = fill_proposal(sync, &why);
    if (status != WEIR_OK) {
        end_call(sync, status, &why);
    } else if (sync->proposal.entry.len <= PRAVEGA_SYNC_ENTRY_HEAD_LEN) {
        end_ok(sync);
    } else {
        sync->new_mark = sync->revision;
        pravega_revisioned_stream_write_conditionally(sync->log, &sync->revision, weir_buf_view(&sync->proposal.entry),
                                                      on_written, sync);
    }
}

/* ---- the mark after a compaction ---- */

static void on_dropped(void *arg, enum weir_status status, const struct weir_error *why)
{
    end_call(arg, status, why);
}

/* Another mark than expected: someone else compacted, too, and moved it on. */
static void on_mark_moved(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct pravega_synchronizer *sync = arg;

    if (status != WEIR_OK && status != WEIR_E_CONFLICT)
        end_call(sync, status, why);
    else if (sync->has_old_mark)
        pravega_revisioned_stream_truncate(sync->log, &sync->old_mark, on_dropped, sync);
    else
        end_ok(sync);
}

static void on_old_mark(void *arg, enum weir_status status, const struct pravega_revision *mark,
                        const struct weir_error *why)
{
    struct pravega_synchronizer *sync = arg;

    if (status != WEIR_OK) {
        end_call(sync, status, why);
        return;
    }
    sync->new_mark.event_index = 0;
    sync->has_old_mark = mark != NULL;
    if (mark != NULL)
        sync->old_mark = *mark;
    if (mark == NULL || pravega_revision_compare(mark, &sync->new_mark) < 0)
        pravega_revisioned_stream_set_mark(sync->log, mark, &sync->new_mark, on_mark_moved, sync);
    else
        on_mark_moved(sync, WEIR_OK, NULL);
}

static void move_mark(struct pravega_synchronizer *sync)
{
    pravega_revisioned_stream_mark(sync->log, on_old_mark, sync);
}

/* ---- the other calls ---- */

static void on_written_anyhow(void *arg, enum weir_status status, const struct weir_error *why)
{
    end_call(arg, status, why);
}

static void on_mark_for_bytes(void *arg, enum weir_status status, const struct pravega_revision *mark,
                              const struct weir_error *why)
{
    struct pravega_synchronizer *sync = arg;
    int64_t from = mark != NULL ? mark->offset : 0, to = sync->state != NULL ? sync->revision.offset : 0;

    end_with(sync, status, status == WEIR_OK && to > from ? to - from : 0, why);
}

static void on_next(void *arg)
{
    struct pravega_synchronizer *sync = arg;
    struct sync_call *call = sync->first;

    assert(sync->running == NULL && call != NULL);
    sync->running = call;
    sync->first = call->next;
    if (sync->first == NULL)
        sync->end = &sync->first;
    switch (call->kind) {
    case CALL_INITIALIZE:
        sync->look_count = 0;
        pravega_revisioned_stream_oldest(sync->log, on_oldest, sync);
        break;
    case CALL_FETCH:
        fetch(sync, end_ok);
        break;
    case CALL_UPDATE:
    case CALL_COMPACT:
        if (sync->state != NULL)
            propose(sync);
        else
            fetch(sync, propose);
        break;
    case CALL_UPDATE_ANYHOW:
        pravega_revisioned_stream_write_unconditionally(sync->log, weir_view(call->entry, call->entry_len),
                                                        on_written_anyhow, sync);
        break;
    case CALL_BYTES:
        pravega_revisioned_stream_mark(sync->log, on_mark_for_bytes, sync);
        break;
    }
}

/* ---- calls ---- */

static void make_call(struct pravega_synchronizer *sync, const struct sync_call *ask, struct weir_view entry)
{
    struct sync_call *call = malloc(sizeof(*call) + entry.len);

    if (call == NULL) {
        struct weir_error why = {0};

        weir_fail(&why, WEIR_E_NOMEM, "out of memory for a call on a state synchronizer");
        if (ask->bytes_done != NULL)
            ask->bytes_done(ask->arg, why.status, 0, &why);
        else
            ask->done(ask->arg, why.status, &why);
        return;
    }
    *call = *ask;
    call->entry_len = entry.len;
    if (entry.len > 0)
        memcpy(call->entry, entry.ptr, entry.len);
    *sync->end = call;
    sync->end = &call->next;
    if (sync->running == NULL && !weir_timer_armed(&sync->next))
        weir_timer_start(sync->client->loop, &sync->next, 0);
}

/* The entry is put together first. */
static void make_write(struct pravega_synchronizer *sync, const struct sync_call *ask,
                       enum pravega_sync_entry_kind kind, struct weir_view bytes)
{
    struct weir_buf entry;

    weir_buf_init(&entry, SIZE_MAX); /* the revisioned stream refuses what is too long */
    pravega_sync_entry_begin(&entry, kind);
    if (kind == PRAVEGA_SYNC_UPDATES)
        pravega_sync_update_put(&entry, bytes);
    else
        weir_buf_append(&entry, bytes.ptr, bytes.len);
    if (entry.status == WEIR_OK) {
        make_call(sync, ask, weir_buf_view(&entry));
    } else {
        struct weir_error why = {0};

        weir_fail(&why, WEIR_E_NOMEM, "out of memory for a call on a state synchronizer");
        ask->done(ask->arg, why.status, &why);
    }
    weir_buf_fini(&entry);
}

void pravega_synchronizer_initialize(struct pravega_synchronizer *sync, struct weir_view object, pravega_done_fn *done,
                                     void *arg)
{
    make_write(sync, &(struct sync_call){.kind = CALL_INITIALIZE, .done = done, .arg = arg}, PRAVEGA_SYNC_INIT, object);
}

void pravega_synchronizer_fetch(struct pravega_synchronizer *sync, pravega_done_fn *done, void *arg)
{
    make_call(sync, &(struct sync_call){.kind = CALL_FETCH, .done = done, .arg = arg}, weir_view(NULL, 0));
}

void pravega_updates_add(struct pravega_updates *updates, struct weir_view update)
{
    pravega_sync_update_put(&updates->entry, update);
}

void pravega_synchronizer_update(struct pravega_synchronizer *sync, pravega_propose_fn *propose_fn,
                                 pravega_done_fn *done, void *arg)
{
    make_call(sync, &(struct sync_call){.kind = CALL_UPDATE, .propose = propose_fn, .done = done, .arg = arg},
              weir_view(NULL, 0));
}

void pravega_synchronizer_update_unconditionally(struct pravega_synchronizer *sync, struct weir_view update,
                                                 pravega_done_fn *done, void *arg)
{
    make_write(sync, &(struct sync_call){.kind = CALL_UPDATE_ANYHOW, .done = done, .arg = arg}, PRAVEGA_SYNC_UPDATES,
               update);
}

void pravega_synchronizer_compact(struct pravega_synchronizer *sync, pravega_snapshot_fn *snapshot,
                                  pravega_done_fn *done, void *arg)
{
    make_call(sync, &(struct sync_call){.kind = CALL_COMPACT, .snapshot = snapshot, .done = done, .arg = arg},
              weir_view(NULL, 0));
}

void pravega_synchronizer_bytes_since_compaction(struct pravega_synchronizer *sync, pravega_bytes_fn *done, void *arg)
{
    make_call(sync, &(struct sync_call){.kind = CALL_BYTES, .bytes_done = done, .arg = arg}, weir_view(NULL, 0));
}

const void *pravega_synchronizer_state(const struct pravega_synchronizer *sync)
{
    return sync->state;
}

const struct pravega_revision *pravega_synchronizer_revision(const struct pravega_synchronizer *sync)
{
    return sync->state != NULL ? &sync->revision : NULL;
}

/* ---- life ---- */

enum weir_status pravega_synchronizer_new(struct pravega_client *client, const struct pravega_stream_name *stream,
                                          const struct pravega_state_type *type, void *arg,
                                          struct pravega_synchronizer **out, struct weir_error *err)
{
    struct pravega_synchronizer *sync = calloc(1, sizeof(*sync));
    enum weir_status status;

    if (sync == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for a state synchronizer of stream %s/%s", stream->scope,
                         stream->stream);
    sync->client = client;
    sync->type = type;
    sync->arg = arg;
    sync->end = &sync->first;
    sync->next = (struct weir_timer){.fn = on_next, .arg = sync};
    sync->look_again = (struct weir_timer){.fn = on_look_again, .arg = sync};
    weir_buf_init(&sync->proposal.entry, PRAVEGA_EVENT_LEN_MAX);
    weir_buf_init(&sync->object, PRAVEGA_EVENT_LEN_MAX);
    status = pravega_revisioned_stream_new(client, stream, &sync->log, err);
    if (status != WEIR_OK) {
        pravega_synchronizer_free(sync);
        return status;
    }
    *out = sync;
    return WEIR_OK;
}

void pravega_synchronizer_free(struct pravega_synchronizer *sync)
{
    if (sync == NULL)
        return;
    weir_timer_stop(sync->client->loop, &sync->next);
    weir_timer_stop(sync->client->loop, &sync->look_again);
    pravega_revisioned_stream_free(sync->log);
    drop_state(sync);
    weir_buf_fini(&sync->proposal.entry);
    weir_buf_fini(&sync->object);
    free(sync->running);
    while (sync->first != NULL) {
        struct sync_call *call = sync->first;

        sync->first = call->next;
        free(call);
    }
    free(sync);
}
