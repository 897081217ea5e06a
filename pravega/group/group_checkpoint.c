/*
 * group_checkpoint.c - checkpoints begun and awaited; stream cuts of now, which are a checkpoint that users do not see.
 *
 *     BEGIN --written--> WAIT --the state's stream has grown--> fetch --complete--> done, what is before it is cleared
 *                          ^---------------------------- not yet ----'
 *
 * Upstream looks at the state every 500 ms. Here a tail read on the state's stream says when it grew, so that a
 * checkpoint ends one round trip after its last reader's answer; where that read fails, the timer is left.
 */
#include "pravega/reader_group.h"

#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "pravega/group/reader_group_int.h"
#include "pravega/segment_reader.h"

#define CHECKPOINT_NAME_LEN_MAX ((size_t)1024)
#define POLL_MS INT64_C(500)
#define POLL_WATCHED_MS INT64_C(5000)
#define WATCH_BUFFER_BYTES ((size_t)4096)
#define SILENT_ID_RANDOM_LEN ((size_t)32)

struct checkpoint_op {
    struct group_op op; /* first */
    char *id;
    bool silent;
    struct pravega_segment_reader *watch; /* of the state's stream; NULL: there is only the timer */
    bool fetching, grown;                 /* a fetch is under way; the stream grew since it began */
};

static void look(struct checkpoint_op *checkpoint);

static void fini_checkpoint(struct group_op *op)
{
    struct checkpoint_op *checkpoint = (struct checkpoint_op *)op;

    pravega_segment_reader_free(checkpoint->watch);
    free(checkpoint->id);
}

static void end_checkpoint(struct group_op *op, enum weir_status status, const struct weir_error *why)
{
    pravega_checkpoint_fn *done = (pravega_checkpoint_fn *)op->done;
    void *arg = op->arg;

    group_op_end(op);
    done(arg, status, NULL, why);
}

/* ---- it is complete */

static void forget_outcome(void *arg, enum weir_status status, const struct weir_error *why)
{
    (void)arg, (void)status, (void)why;
}

/* What is before it is of no use any more. Nobody waits for this; if it is lost, the next checkpoint does it. */
static void clear_before(struct checkpoint_op *checkpoint)
{
    struct weir_buf update;

    weir_buf_init(&update, PRAVEGA_EVENT_LEN_MAX);
    pravega_group_update_to_bytes(
        &(struct pravega_group_update){.kind = PRAVEGA_GROUP_CLEAR_CHECKPOINTS_BEFORE, .checkpoint = checkpoint->id},
        &update);
    if (update.status == WEIR_OK)
        pravega_synchronizer_update_unconditionally(checkpoint->op.group->sync, weir_buf_view(&update), forget_outcome,
                                                    NULL);
    weir_buf_fini(&update);
}

/* Hands over the cuts, which stay the caller's. */
static void end_with_cuts(struct checkpoint_op *checkpoint, struct pravega_stream_cut *cuts, size_t count)
{
    void (*done)(void) = checkpoint->op.done;
    void *arg = checkpoint->op.arg;
    struct pravega_checkpoint taken = {checkpoint->id, cuts, count};
    bool silent = checkpoint->silent;

    checkpoint->id = NULL;
    group_op_end(&checkpoint->op);
    if (silent)
        ((pravega_stream_cuts_fn *)done)(arg, WEIR_OK, cuts, count, &(struct weir_error){0});
    else
        ((pravega_checkpoint_fn *)done)(arg, WEIR_OK, &taken, &(struct weir_error){0});
    free(taken.name);
}

static void complete(struct checkpoint_op *checkpoint, const struct pravega_group_state *state)
{
    const struct pravega_segment_map *positions = pravega_group_state_checkpoint_positions(state, checkpoint->id);
    struct pravega_stream_cut *cuts = NULL;
    size_t count = 0;
    struct weir_error why;
    enum weir_status status;

    if (positions == NULL) {
        status = weir_fail(&why, WEIR_E_CONFLICT,
                           "checkpoint %s of reader group %s/%s was cancelled, or the group was reset, before it was "
                           "complete: begin another one",
                           checkpoint->id, checkpoint->op.group->scope, checkpoint->op.group->name);
        checkpoint->op.fail(&checkpoint->op, status, &why);
        return;
    }
    status = pravega_segment_map_cuts(positions, &cuts, &count, &why);
    if (status != WEIR_OK) {
        group_op_failed(&checkpoint->op, status, &why);
        return;
    }
    clear_before(checkpoint);
    end_with_cuts(checkpoint, cuts, count);
    pravega_stream_cuts_free(cuts, count);
}

/* ---- it is awaited */

static void looked(struct group_op *op, const struct pravega_group_state *state)
{
    struct checkpoint_op *checkpoint = (struct checkpoint_op *)op;
    bool grown = checkpoint->grown;

    checkpoint->fetching = checkpoint->grown = false;
    if (pravega_group_state_checkpoint_is_complete(state, checkpoint->id))
        complete(checkpoint, state);
    else if (grown)
        look(checkpoint);
    else
        weir_timer_start(op->group->client->loop, &op->timer,
                         (checkpoint->watch != NULL ? POLL_WATCHED_MS : POLL_MS) * WEIR_NS_PER_MS);
}

static void look(struct checkpoint_op *checkpoint)
{
    weir_timer_stop(checkpoint->op.group->client->loop, &checkpoint->op.timer);
    checkpoint->grown = checkpoint->fetching;
    if (checkpoint->fetching)
        return;
    checkpoint->fetching = true;
    group_op_fetch(&checkpoint->op, looked);
}

static void on_timer(void *arg)
{
    look(arg);
}

/* Whether the stream grew. What it has is for the synchronizer to read. */
static bool has_grown(struct checkpoint_op *checkpoint)
{
    struct pravega_event event;
    struct weir_error why;
    enum weir_status status;
    bool grown = false;

    while ((status = pravega_segment_reader_next(checkpoint->watch, &event, &why)) == WEIR_OK)
        grown = true;
    if (status != WEIR_E_AGAIN) {
        pravega_segment_reader_free(checkpoint->watch);
        checkpoint->watch = NULL;
        grown = true; /* the timer is shorter from now on */
    }
    return grown;
}

static void on_watch(void *arg)
{
    if (has_grown(arg))
        look(arg);
}

static void begin_to_watch(struct checkpoint_op *checkpoint)
{
    struct pravega_reader_group *group = checkpoint->op.group;
    const struct pravega_revision *revision = pravega_synchronizer_revision(group->sync);
    const struct pravega_segment_reader_options options = {
        .start_offset = revision->offset, .buffer_bytes = WATCH_BUFFER_BYTES, .on_ready = on_watch, .arg = checkpoint};
    struct weir_error why;

    if (pravega_segment_reader_new(group->client, &(struct pravega_stream_name){group->scope, group->stream},
                                   revision->segment, &options, &checkpoint->watch, &why) == WEIR_OK)
        (void)has_grown(checkpoint); /* asks for the first time; a look follows anyway */
}

static void on_begun(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct checkpoint_op *checkpoint = arg;
    const struct pravega_group_state *state = group_state(&checkpoint->op);

    if (status != WEIR_OK) {
        group_op_failed(&checkpoint->op, status, why);
    } else if (pravega_group_state_checkpoint_is_complete(state, checkpoint->id)) {
        complete(checkpoint, state);
    } else {
        checkpoint->op.timer.fn = on_timer;
        begin_to_watch(checkpoint);
        look(checkpoint);
    }
}

/* ---- it begins */

static enum weir_status propose(void *arg, const void *state, struct pravega_updates *updates, struct weir_error *err)
{
    const struct checkpoint_op *checkpoint = arg;
    const struct pravega_group_state *group = state;
    size_t outstanding = pravega_group_state_outstanding_checkpoints(group);

    if (!checkpoint->silent && outstanding >= (size_t)group->config.max_outstanding_checkpoint_request)
        return weir_fail(err, WEIR_E_LIMIT, "%zu checkpoints are under way, as many as its configuration allows",
                         outstanding);
    return pravega_group_propose(
        updates, &(struct pravega_group_update){.kind = PRAVEGA_GROUP_CREATE_CHECKPOINT, .checkpoint = checkpoint->id},
        err);
}

static void begin(struct group_op *op, const struct pravega_group_state *state)
{
    (void)state;
    pravega_synchronizer_update(op->group->sync, propose, on_begun, op);
}

/* `checkpoint` is NULL, or has no id, for want of memory. */
static void start(struct checkpoint_op *checkpoint)
{
    checkpoint->op.fini = fini_checkpoint;
    if (checkpoint->id == NULL && checkpoint->op.why.status == WEIR_OK)
        (void)weir_fail(&checkpoint->op.why, WEIR_E_NOMEM, "no memory for a checkpoint");
    if (checkpoint->op.why.status != WEIR_OK)
        group_op_reject(&checkpoint->op);
    else
        group_op_fetch(&checkpoint->op, begin);
}

void pravega_reader_group_initiate_checkpoint(struct pravega_reader_group *group, const char *name,
                                              pravega_checkpoint_fn *done, void *arg)
{
    struct weir_error why;
    struct checkpoint_op *checkpoint =
        group_op_new(group, sizeof(*checkpoint), (void (*)(void))done, arg, end_checkpoint, &why);

    if (checkpoint == NULL) {
        done(arg, why.status, NULL, &why);
        return;
    }
    if (name == NULL || name[0] == '\0' || strlen(name) > CHECKPOINT_NAME_LEN_MAX)
        (void)weir_fail(&checkpoint->op.why, WEIR_E_INVAL, "a checkpoint needs a name of 1 to %zu bytes",
                        CHECKPOINT_NAME_LEN_MAX);
    else if (pravega_checkpoint_is_silent(name))
        (void)weir_fail(&checkpoint->op.why, WEIR_E_INVAL,
                        "checkpoint %.64s: names with " PRAVEGA_CHECKPOINT_SILENT " are the client's own", name);
    else
        checkpoint->id = strdup(name);
    start(checkpoint);
}

/* Upstream's: random bytes in base64 and a suffix. Digits do as well, nobody reads them. */
static char *silent_id(struct weir_rng *rng)
{
    static const char digits[] = "0123456789abcdef";
    size_t len = 2 * SILENT_ID_RANDOM_LEN;
    char *id = malloc(len + sizeof(PRAVEGA_CHECKPOINT_SILENT));

    if (id == NULL)
        return NULL;
    for (size_t i = 0; i < len; i++)
        id[i] = digits[weir_rng_below(rng, 16)];
    memcpy(id + len, PRAVEGA_CHECKPOINT_SILENT, sizeof(PRAVEGA_CHECKPOINT_SILENT));
    return id;
}

void pravega_reader_group_generate_stream_cuts(struct pravega_reader_group *group, pravega_stream_cuts_fn *done,
                                               void *arg)
{
    struct weir_error why;
    struct checkpoint_op *checkpoint =
        group_op_new(group, sizeof(*checkpoint), (void (*)(void))done, arg, group_op_end_cuts, &why);

    if (checkpoint == NULL) {
        done(arg, why.status, NULL, 0, &why);
        return;
    }
    checkpoint->silent = true;
    checkpoint->id = silent_id(&group->client->rng);
    start(checkpoint);
}
