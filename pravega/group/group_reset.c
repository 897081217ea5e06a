/*
 * group_reset.c - a group begins anew: with another configuration, or from a checkpoint.
 *
 * The controller's record and the state both have the configuration, and other processes may reset the group, too. So
 * each reset first marks the state, then replaces the record, which only succeeds for the generation that it knows,
 * then begins the state anew:
 *
 *     MARK (updating_config) --> RECORD --new generation--> INIT (the state, unless it has this generation already)
 *       ^                          `--another was first--> FOLLOW: the state takes the record's configuration --.
 *       `-------------------------------------------------------------------------------------------------------'
 *
 * A process that dies after RECORD leaves the mark: readers look at the record then, and follow it.
 */
#include "pravega/reader_group.h"

#include <stdlib.h>
#include <string.h>

#include "pravega/group/reader_group_int.h"

struct reset_op {
    struct group_op op; /* first */
    bool has_config;    /* false: from the last checkpoint, with the present configuration */
    bool has_checkpoint;
    struct pravega_checkpoint checkpoint;
    struct pravega_group_config wanted;   /* with the id and the generation of the record once that is replaced */
    struct pravega_group_config marked;   /* the state's, that this reset replaces */
    struct pravega_group_config followed; /* the record's, where another reset was first */
    bool is_marked;
    struct pravega_call call;
    struct pravega_group_start start;
    struct weir_buf init;
    int64_t init_generation;
};

static void mark(struct reset_op *reset);

static void fini_reset(struct group_op *op)
{
    struct reset_op *reset = (struct reset_op *)op;

    pravega_call_cancel(&reset->call);
    pravega_group_start_cancel(&reset->start);
    pravega_checkpoint_fini(&reset->checkpoint);
    pravega_group_config_fini(&reset->wanted);
    pravega_group_config_fini(&reset->marked);
    pravega_group_config_fini(&reset->followed);
    weir_buf_fini(&reset->init);
}

static void fail_no_memory(struct reset_op *reset)
{
    group_op_failed(&reset->op, WEIR_E_NOMEM, &(struct weir_error){.message = "out of memory"});
}

/* ---- INIT, and FOLLOW's end: the state begins anew unless it has as new a configuration already */

static enum weir_status propose_init(void *arg, const void *state, struct pravega_updates *updates,
                                     struct weir_error *err)
{
    const struct reset_op *reset = arg;
    const struct pravega_group_state *group = state;

    (void)err;
    if (group->config.generation < reset->init_generation)
        pravega_updates_add(updates, weir_buf_view(&reset->init));
    return WEIR_OK;
}

static void on_start(void *arg, enum weir_status status, struct weir_view init, const struct weir_error *why,
                     pravega_done_fn *done)
{
    struct reset_op *reset = arg;

    if (status != WEIR_OK) {
        group_op_failed(&reset->op, status, why);
        return;
    }
    weir_buf_reset(&reset->init);
    weir_buf_append(&reset->init, init.ptr, init.len);
    if (reset->init.status != WEIR_OK)
        fail_no_memory(reset);
    else
        pravega_synchronizer_update(reset->op.group->sync, propose_init, done, reset);
}

static void on_wanted_start(void *arg, enum weir_status status, struct weir_view init, const struct weir_error *why)
{
    on_start(arg, status, init, why, group_op_last_step);
}

/* ---- FOLLOW */

static void on_followed(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct reset_op *reset = arg;

    if (status != WEIR_OK)
        group_op_failed(&reset->op, status, why);
    else
        mark(reset);
}

static void on_followed_start(void *arg, enum weir_status status, struct weir_view init, const struct weir_error *why)
{
    on_start(arg, status, init, why, on_followed);
}

static void on_record(void *arg, enum weir_status status, const struct pravega_group_record *record,
                      const struct weir_error *why)
{
    struct reset_op *reset = arg;
    struct weir_error words;

    if (status != WEIR_OK) {
        group_op_failed(&reset->op, status, why);
        return;
    }
    if (record->generation <= reset->marked.generation) {
        group_op_failed(
            &reset->op, WEIR_E_CONFLICT,
            &(struct weir_error){.message = "the controller knows another group of this name: open it anew"});
        return;
    }
    pravega_group_config_fini(&reset->followed);
    status = pravega_group_config_from_user(&reset->followed, &record->config, &words);
    if (status != WEIR_OK) {
        group_op_failed(&reset->op, status, &words);
        return;
    }
    reset->followed.id = (struct weir_uuid){record->id.msb, record->id.lsb};
    reset->followed.generation = reset->init_generation = record->generation;
    pravega_group_start(&reset->start, reset->op.group->client, &reset->followed, on_followed_start, reset);
}

/* ---- RECORD */

static void on_replaced(void *arg, enum weir_status status, int64_t generation, const struct weir_error *why)
{
    struct reset_op *reset = arg;
    struct pravega_reader_group *group = reset->op.group;

    if (status == WEIR_OK) {
        reset->wanted.generation = reset->init_generation = generation;
        pravega_group_start(&reset->start, group->client, &reset->wanted, on_wanted_start, reset);
    } else if (status == WEIR_E_CONFLICT) {
        pravega_controller_get_group(&reset->call, group->client,
                                     &(struct pravega_group_name){group->scope, group->name}, on_record, reset);
    } else {
        group_op_failed(&reset->op, status, why);
    }
}

static void replace_record(struct reset_op *reset)
{
    struct pravega_reader_group *group = reset->op.group;
    struct pravega_group_stream *streams = calloc(reset->wanted.stream_count, sizeof(*streams));
    struct pravega_group_record record = {
        .id = {reset->marked.id.msb, reset->marked.id.lsb},
        .generation = reset->marked.generation,
    };

    if (streams == NULL) {
        fail_no_memory(reset);
        return;
    }
    reset->wanted.id = reset->marked.id;
    pravega_group_config_to_user(&reset->wanted, streams, &record.config);
    pravega_controller_update_group(&reset->call, group->client,
                                    &(struct pravega_group_name){group->scope, group->name}, &record, on_replaced,
                                    reset);
    free(streams);
}

/* ---- MARK */

static enum weir_status propose_mark(void *arg, const void *state, struct pravega_updates *updates,
                                     struct weir_error *err)
{
    struct reset_op *reset = arg;
    const struct pravega_group_state *group = state;

    reset->is_marked = pravega_group_config_equal(&group->config, &reset->marked) &&
                       group->config.generation == reset->marked.generation;
    if (!reset->is_marked)
        return WEIR_OK;
    return pravega_group_propose(
        updates, &(struct pravega_group_update){.kind = PRAVEGA_GROUP_UPDATING_CONFIG, .flag = true}, err);
}

static void on_marked(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct reset_op *reset = arg;

    if (status != WEIR_OK)
        group_op_failed(&reset->op, status, why);
    else if (reset->is_marked)
        replace_record(reset);
    else
        mark(reset);
}

static void mark(struct reset_op *reset)
{
    const struct pravega_group_state *state = group_state(&reset->op);

    pravega_group_config_fini(&reset->marked);
    if (state == NULL) {
        group_op_failed(&reset->op, WEIR_E_CLOSED, &(struct weir_error){.message = "its state was lost"});
    } else if (weir_uuid_equal(state->config.id, (struct weir_uuid){0, 0})) {
        group_op_failed(&reset->op, WEIR_E_UNSUPPORTED,
                        &(struct weir_error){.message = "it is of a Pravega before 0.9, and not in the controller's "
                                                        "care yet: reset it once with a Java client"});
    } else if (pravega_group_config_copy(&reset->marked, &state->config, NULL) != WEIR_OK) {
        fail_no_memory(reset);
    } else {
        pravega_synchronizer_update(reset->op.group->sync, propose_mark, on_marked, reset);
    }
}

/* ---- what is wanted */

static const struct pravega_stream_cut *cut_of(const struct pravega_stream_cut *cuts, size_t count,
                                               const struct pravega_group_config_stream *stream)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(cuts[i].scope, stream->scope) == 0 && strcmp(cuts[i].stream, stream->stream) == 0)
            return &cuts[i];
    return NULL;
}

/* The state's configuration, but starting at the cuts. A stream that has none was read to its end: it is left out, as
 * upstream does. */
static enum weir_status want_cuts(struct reset_op *reset, const struct pravega_group_config *config,
                                  const struct pravega_stream_cut *cuts, size_t count, struct weir_error *err)
{
    struct pravega_group_stream *streams = calloc(config->stream_count, sizeof(*streams));
    struct pravega_reader_group_config user;
    enum weir_status status;
    size_t kept = 0;

    if (streams == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "out of memory");
    pravega_group_config_to_user(config, streams, &user);
    for (size_t i = 0; i < config->stream_count; i++) {
        const struct pravega_stream_cut *cut = cut_of(cuts, count, &config->streams[i]);

        if (cut == NULL)
            continue;
        streams[kept] = streams[i];
        streams[kept++].from = cut;
    }
    user.stream_count = kept;
    if (kept != count)
        status = weir_fail(err, WEIR_E_INVAL, "the checkpoint is of streams that it does not read");
    else
        status = pravega_group_config_from_user(&reset->wanted, &user, err);
    free(streams);
    return status;
}

static enum weir_status want_last_checkpoint(struct reset_op *reset, const struct pravega_group_state *state,
                                             struct weir_error *err)
{
    const struct pravega_segment_map *last = pravega_group_state_last_checkpoint(state);
    struct pravega_stream_cut *cuts = NULL;
    size_t count = 0;
    enum weir_status status;

    if (last == NULL && pravega_group_state_is_end_of_data(state))
        return weir_fail(err, WEIR_E_STATE,
                         "all is read, and its last checkpoint has no place in any segment: reset it with a "
                         "configuration, or to a checkpoint");
    if (last == NULL)
        return pravega_group_config_copy(&reset->wanted, &state->config, err);
    status = pravega_segment_map_cuts(last, &cuts, &count, err);
    if (status == WEIR_OK)
        status = want_cuts(reset, &state->config, cuts, count, err);
    pravega_stream_cuts_free(cuts, count);
    return status;
}

/* There are such streams. Nothing is changed before that is known. */
static void on_checked(void *arg, enum weir_status status, struct weir_view init, const struct weir_error *why)
{
    struct reset_op *reset = arg;

    (void)init;
    if (status == WEIR_E_NOT_FOUND)
        group_op_end_done(&reset->op, status, why);
    else if (status != WEIR_OK)
        group_op_failed(&reset->op, status, why);
    else
        mark(reset);
}

static void have_state(struct group_op *op, const struct pravega_group_state *state)
{
    struct reset_op *reset = (struct reset_op *)op;
    struct weir_error why = {0};
    enum weir_status status = WEIR_OK;

    if (reset->has_checkpoint)
        status = want_cuts(reset, &state->config, reset->checkpoint.cuts, reset->checkpoint.cut_count, &why);
    else if (!reset->has_config)
        status = want_last_checkpoint(reset, state, &why);
    if (status != WEIR_OK)
        group_op_failed(op, status, &why);
    else
        pravega_group_start(&reset->start, op->group->client, &reset->wanted, on_checked, reset);
}

static struct reset_op *new_reset(struct pravega_reader_group *group, pravega_done_fn *done, void *arg)
{
    struct weir_error why;
    struct reset_op *reset = group_op_new(group, sizeof(*reset), (void (*)(void))done, arg, group_op_end_done, &why);

    if (reset == NULL) {
        done(arg, why.status, &why);
        return NULL;
    }
    reset->op.fini = fini_reset;
    weir_buf_init(&reset->init, PRAVEGA_EVENT_LEN_MAX);
    return reset;
}

static void begin_reset(struct reset_op *reset, enum weir_status status)
{
    if (status != WEIR_OK)
        group_op_reject(&reset->op);
    else
        group_op_fetch(&reset->op, have_state);
}

void pravega_reader_group_reset(struct pravega_reader_group *group, const struct pravega_reader_group_config *config,
                                pravega_done_fn *done, void *arg)
{
    struct reset_op *reset = new_reset(group, done, arg);

    if (reset == NULL)
        return;
    reset->has_config = config != NULL;
    begin_reset(reset,
                config != NULL ? pravega_group_config_from_user(&reset->wanted, config, &reset->op.why) : WEIR_OK);
}

void pravega_reader_group_reset_to_checkpoint(struct pravega_reader_group *group,
                                              const struct pravega_checkpoint *checkpoint, pravega_done_fn *done,
                                              void *arg)
{
    struct reset_op *reset = new_reset(group, done, arg);

    if (reset == NULL)
        return;
    reset->has_checkpoint = true;
    begin_reset(reset, pravega_checkpoint_copy(&reset->checkpoint, checkpoint, &reset->op.why));
}
