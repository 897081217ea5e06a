/*
 * group_change.c - changes of a group that are one update of its state, or calls of the controller alone.
 */
#include "pravega/reader_group.h"

#include <stdlib.h>
#include <string.h>

#include "pravega/group/reader_group_int.h"

/* ---- no more checkpoints */

static enum weir_status propose_cancel(void *arg, const void *state, struct pravega_updates *updates,
                                       struct weir_error *err)
{
    (void)arg;
    if (pravega_group_state_outstanding_checkpoints(state) == 0)
        return WEIR_OK;
    return pravega_group_propose(
        updates, &(struct pravega_group_update){.kind = PRAVEGA_GROUP_REMOVE_OUTSTANDING_CHECKPOINTS}, err);
}

static void cancel(struct group_op *op, const struct pravega_group_state *state)
{
    (void)state;
    pravega_synchronizer_update(op->group->sync, propose_cancel, group_op_last_step, op);
}

void pravega_reader_group_cancel_outstanding_checkpoints(struct pravega_reader_group *group, pravega_done_fn *done,
                                                         void *arg)
{
    struct weir_error why;
    struct group_op *op = group_op_new(group, sizeof(*op), (void (*)(void))done, arg, group_op_end_done, &why);

    if (op == NULL)
        done(arg, why.status, &why);
    else
        group_op_fetch(op, cancel);
}

/* ---- a reader less */

struct offline_op {
    struct group_op op; /* first */
    char *reader;
    struct pravega_position position;
};

static void fini_offline(struct group_op *op)
{
    struct offline_op *offline = (struct offline_op *)op;

    free(offline->reader);
    pravega_position_fini(&offline->position);
}

static enum weir_status propose_offline(void *arg, const void *state, struct pravega_updates *updates,
                                        struct weir_error *err)
{
    const struct offline_op *offline = arg;
    const struct pravega_group_update update = {.kind = PRAVEGA_GROUP_REMOVE_READER,
                                                .reader = offline->reader,
                                                .positions = offline->position.entries,
                                                .position_count = offline->position.entry_count};

    return pravega_group_state_reader(state, offline->reader) != NULL ? pravega_group_propose(updates, &update, err)
                                                                      : WEIR_OK;
}

static void declare_offline(struct group_op *op, const struct pravega_group_state *state)
{
    (void)state;
    pravega_synchronizer_update(op->group->sync, propose_offline, group_op_last_step, op);
}

void pravega_reader_group_reader_offline(struct pravega_reader_group *group, const char *reader_id,
                                         const struct pravega_position *position, pravega_done_fn *done, void *arg)
{
    struct weir_error why;
    struct offline_op *offline =
        group_op_new(group, sizeof(*offline), (void (*)(void))done, arg, group_op_end_done, &why);

    if (offline == NULL) {
        done(arg, why.status, &why);
        return;
    }
    offline->op.fini = fini_offline;
    offline->reader = strdup(reader_id);
    if (offline->reader == NULL ||
        (position != NULL && pravega_position_copy(&offline->position, position, NULL) != WEIR_OK)) {
        (void)weir_fail(&offline->op.why, WEIR_E_NOMEM, "no memory to declare reader %s offline", reader_id);
        group_op_reject(&offline->op);
    } else {
        group_op_fetch(&offline->op, declare_offline);
    }
}

/* ---- what retention may drop */

struct retention_op {
    struct group_op op; /* first */
    struct pravega_stream_cut *cuts;
    size_t count, at;
    struct pravega_call call;
};

static void fini_retention(struct group_op *op)
{
    struct retention_op *retention = (struct retention_op *)op;

    pravega_call_cancel(&retention->call);
    pravega_stream_cuts_free(retention->cuts, retention->count);
}

static void update_next_cut(struct retention_op *retention, const struct pravega_group_state *state);

static void on_cut_updated(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct retention_op *retention = arg;

    if (status != WEIR_OK) {
        group_op_end_done(&retention->op, status, why);
        return;
    }
    retention->at++;
    update_next_cut(retention, group_state(&retention->op));
}

static void update_next_cut(struct retention_op *retention, const struct pravega_group_state *state)
{
    struct pravega_reader_group *group = retention->op.group;
    const struct pravega_stream_cut *cut = &retention->cuts[retention->at];

    if (retention->at == retention->count) {
        group_op_end_done(&retention->op, WEIR_OK, &(struct weir_error){0});
    } else if (state == NULL) {
        group_op_failed(&retention->op, WEIR_E_CLOSED, &(struct weir_error){.message = "its state was lost"});
    } else {
        pravega_controller_update_subscriber_cut(
            &retention->call, group->client, &(struct pravega_stream_name){cut->scope, cut->stream},
            &(struct pravega_group_name){group->scope, group->name},
            (struct pravega_txn_id){state->config.id.msb, state->config.id.lsb}, state->config.generation,
            cut->positions, cut->position_count, on_cut_updated, retention);
    }
}

static void begin_retention(struct group_op *op, const struct pravega_group_state *state)
{
    struct weir_error why;

    if (state->config.retention_type == PRAVEGA_DATA_RETENTION_MANUAL_RELEASE_AT_USER_STREAMCUT) {
        update_next_cut((struct retention_op *)op, state);
        return;
    }
    (void)weir_fail(&why, WEIR_E_STATE,
                    "reader group %s/%s does not leave retention to stream cuts of its user: create it with "
                    "PRAVEGA_DATA_RETENTION_MANUAL_RELEASE_AT_USER_STREAMCUT",
                    op->group->scope, op->group->name);
    group_op_end_done(op, why.status, &why);
}

static enum weir_status copy_cuts(struct retention_op *retention, const struct pravega_stream_cut *cuts, size_t count,
                                  struct weir_error *err)
{
    retention->cuts = calloc(count + 1, sizeof(*retention->cuts));
    if (retention->cuts == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for %zu stream cuts", count);
    for (size_t i = 0; i < count; i++) {
        enum weir_status status;

        if (pravega_stream_cut_is_unbounded(&cuts[i]))
            return weir_fail(err, WEIR_E_INVAL, "an unbounded stream cut is of no use to retention");
        status = pravega_stream_cut_copy(&retention->cuts[i], &cuts[i], err);
        if (status != WEIR_OK)
            return status;
        retention->count++;
    }
    return WEIR_OK;
}

void pravega_reader_group_update_retention_stream_cut(struct pravega_reader_group *group,
                                                      const struct pravega_stream_cut *cuts, size_t count,
                                                      pravega_done_fn *done, void *arg)
{
    struct weir_error why;
    struct retention_op *retention =
        group_op_new(group, sizeof(*retention), (void (*)(void))done, arg, group_op_end_done, &why);

    if (retention == NULL) {
        done(arg, why.status, &why);
        return;
    }
    retention->op.fini = fini_retention;
    if (copy_cuts(retention, cuts, count, &retention->op.why) != WEIR_OK)
        group_op_reject(&retention->op);
    else
        group_op_fetch(&retention->op, begin_retention);
}
