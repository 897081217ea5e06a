/*
 * event_reader_join.c - how a reader becomes a member of its group, and how it leaves.
 *
 *     new: fetch the state, add the reader --> one mark reader for each stream --> the round begins, the user has it
 *     close: remove the reader, with its position, so that others go on there
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pravega/group/event_reader_int.h"

#define READER_ID_LEN_MAX 255
#define DELAY_MAX_MS (INT64_C(365) * 24 * 3600 * 1000)
#define GROUP_PREFIX "_RG"
#define BUFFER_BYTES_MIN ((size_t)1 << 10)
#define BUFFER_BYTES_MAX ((size_t)10 << 20)
#define INIT_BYTES_MAX ((size_t)PRAVEGA_EVENT_LEN_MAX)

/* ---- the object ---- */

void pravega_event_reader_fini(struct pravega_event_reader *reader)
{
    weir_timer_stop(reader->loop, &reader->timer);
    weir_deferred_cancel(reader->loop, &reader->telling);
    pravega_event_reader_cancel_act(reader);
    pravega_publisher_cancel(&reader->publisher);
    pravega_event_reader_drop_successors(reader);
    for (size_t i = 0; i < reader->mark_count; i++)
        pravega_mark_reader_fini(&reader->marks[i]);
    free(reader->marks);
    pravega_owned_fini(&reader->owned);
    pravega_synchronizer_free(reader->sync);
    pravega_position_fini(&reader->leave_position);
    weir_buf_fini(&reader->init);
    free(reader->checkpoint);
    free(reader->id);
    free(reader->scope);
    free(reader->group);
    free(reader);
}

static void free_joining(struct pravega_op *op)
{
    pravega_event_reader_fini((struct pravega_event_reader *)op);
}

void pravega_event_reader_free(struct pravega_event_reader *reader)
{
    if (reader != NULL)
        pravega_event_reader_fini(reader);
}

/* ---- joining ---- */

static void join_failed(struct pravega_event_reader *reader, const struct weir_error *why)
{
    struct weir_error kept = *why;
    pravega_event_reader_fn *joined = reader->joined;
    void *arg = reader->joined_arg;

    pravega_op_end(&reader->op);
    pravega_event_reader_fini(reader);
    joined(arg, kept.status, NULL, &kept);
}

static enum weir_status read_marks(struct pravega_event_reader *reader, struct weir_error *err)
{
    const struct pravega_group_config *config = &reader_state(reader)->config;

    if (reader->disable_time_windows)
        return WEIR_OK;
    reader->marks = calloc(config->stream_count, sizeof(*reader->marks));
    if (reader->marks == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for reader %s", reader->id);
    for (size_t i = 0; i < config->stream_count; i++) {
        struct pravega_stream_name stream = {config->streams[i].scope, config->streams[i].stream};
        enum weir_status status = pravega_mark_reader_init(&reader->marks[i], reader->client, &stream, err);

        if (status != WEIR_OK)
            return status;
        reader->mark_count++;
    }
    return WEIR_OK;
}

static int64_t acquire_delay_ns(struct pravega_event_reader *reader)
{
    int64_t refresh_ms = reader_state(reader)->config.group_refresh_time_ms;
    int64_t spread_ms = reader->allocation_delay_ms < refresh_ms ? reader->allocation_delay_ms : refresh_ms;

    return (int64_t)(((double)reader->allocation_delay_ms + weir_rng_double(&reader->client->rng) * (double)spread_ms) *
                     (double)WEIR_NS_PER_MS);
}

static void on_joined(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct pravega_event_reader *reader = arg;
    struct weir_error err = *why;

    if (status == WEIR_E_STATE || status == WEIR_E_NOT_FOUND || status == WEIR_E_SEALED)
        status = weir_fail(&err, WEIR_E_NOT_FOUND, "reader group %s/%s does not exist", reader->scope, reader->group);
    else if (status == WEIR_OK && reader->is_member_already)
        status = weir_fail(&err, WEIR_E_EXISTS,
                           "reader %s is in group %s/%s already: if it is dead, declare it offline first", reader->id,
                           reader->scope, reader->group);
    if (status == WEIR_OK)
        status = read_marks(reader, &err);
    if (status != WEIR_OK) {
        join_failed(reader, &err);
        return;
    }
    pravega_op_end(&reader->op);
    reader->stage = READER_ONLINE;
    reader->generation = reader_state(reader)->config.generation;
    pravega_upkeep_init(&reader->upkeep, weir_loop_now_ns(reader->loop), acquire_delay_ns(reader));
    weir_timer_start(reader->loop, &reader->timer, 0);
    reader->joined(reader->joined_arg, WEIR_OK, reader, why);
}

static enum weir_status propose_reader(void *arg, const void *state, struct pravega_updates *updates,
                                       struct weir_error *err)
{
    struct pravega_event_reader *reader = arg;
    struct pravega_group_update update = {.kind = PRAVEGA_GROUP_ADD_READER, .reader = reader->id};

    reader->is_member_already = pravega_group_state_reader(state, reader->id) != NULL;
    return reader->is_member_already ? WEIR_OK : pravega_group_propose(updates, &update, err);
}

/* For what new() found wrong: the timer brings it in a later turn. */
static void on_refused(void *arg)
{
    struct pravega_event_reader *reader = arg;

    join_failed(reader, &reader->why);
}

static enum weir_status check(const char *reader_id, const struct pravega_event_reader_options *options,
                              struct weir_error *err)
{
    size_t id_len = strlen(reader_id);

    if (id_len == 0 || id_len > READER_ID_LEN_MAX)
        return weir_fail(err, WEIR_E_INVAL, "a reader's id has 1 to %d bytes, not %zu", READER_ID_LEN_MAX, id_len);
    if (options->initial_allocation_delay_ms < 0 || options->initial_allocation_delay_ms > DELAY_MAX_MS)
        return weir_fail(err, WEIR_E_INVAL, "a reader's initial allocation delay is 0 to %" PRId64 " ms, not %" PRId64,
                         DELAY_MAX_MS, options->initial_allocation_delay_ms);
    if (options->buffer_bytes != 0 &&
        (options->buffer_bytes < BUFFER_BYTES_MIN || options->buffer_bytes > BUFFER_BYTES_MAX))
        return weir_fail(err, WEIR_E_INVAL, "a reader's buffer has %zu to %zu bytes, not %zu", BUFFER_BYTES_MIN,
                         BUFFER_BYTES_MAX, options->buffer_bytes);
    if (options->event_len_max > PRAVEGA_LARGE_EVENT_LEN_MAX)
        return weir_fail(err, WEIR_E_INVAL, "a reader's events have at most %d bytes, not %zu",
                         PRAVEGA_LARGE_EVENT_LEN_MAX, options->event_len_max);
    return WEIR_OK;
}

static enum weir_status open_state(struct pravega_event_reader *reader, struct weir_error *err)
{
    char stream[sizeof(GROUP_PREFIX) + PRAVEGA_NAME_LEN_MAX];
    int len = snprintf(stream, sizeof(stream), GROUP_PREFIX "%s", reader->group);

    if (len < 0 || (size_t)len > PRAVEGA_NAME_LEN_MAX)
        return weir_fail(err, WEIR_E_INVAL, "the name of reader group %s is too long", reader->group);
    return pravega_synchronizer_new(reader->client, &(struct pravega_stream_name){reader->scope, stream},
                                    &pravega_group_state_type, NULL, &reader->sync, err);
}

static void on_owned_ready(void *arg)
{
    pravega_event_reader_tell(arg);
}

static struct pravega_event_reader *make(struct pravega_client *client, const struct pravega_group_name *group,
                                         const char *reader_id, const struct pravega_event_reader_options *options)
{
    struct pravega_event_reader *reader = calloc(1, sizeof(*reader));

    if (reader == NULL)
        return NULL;
    *reader = (struct pravega_event_reader){.op = {.free = free_joining},
                                            .client = client,
                                            .loop = pravega_client_loop(client),
                                            .id = strdup(reader_id),
                                            .scope = strdup(group->scope),
                                            .group = strdup(group->group),
                                            .on_ready = options->on_ready,
                                            .arg = options->arg,
                                            .allocation_delay_ms = options->initial_allocation_delay_ms,
                                            .disable_time_windows = options->disable_time_windows,
                                            .timer = {.fn = pravega_event_reader_on_timer, .arg = reader},
                                            .telling = {.fn = pravega_event_reader_on_tell, .arg = reader}};
    weir_buf_init(&reader->init, INIT_BYTES_MAX);
    pravega_owned_init(&reader->owned, client, options->buffer_bytes, options->event_len_max, on_owned_ready, reader);
    if (reader->id != NULL && reader->scope != NULL && reader->group != NULL)
        return reader;
    pravega_event_reader_fini(reader);
    return NULL;
}

void pravega_event_reader_new(struct pravega_client *client, const struct pravega_group_name *group,
                              const char *reader_id, const struct pravega_event_reader_options *options,
                              pravega_event_reader_fn *done, void *arg)
{
    static const struct pravega_event_reader_options defaults = {0};
    struct pravega_event_reader *reader = make(client, group, reader_id, options != NULL ? options : &defaults);
    enum weir_status status;

    if (reader == NULL) {
        struct weir_error err = {0};

        weir_fail(&err, WEIR_E_NOMEM, "no memory for reader %s", reader_id);
        done(arg, err.status, NULL, &err);
        return;
    }
    reader->joined = done;
    reader->joined_arg = arg;
    pravega_op_start(client, &reader->op);
    status = check(reader_id, options != NULL ? options : &defaults, &reader->why);
    if (status == WEIR_OK)
        status = open_state(reader, &reader->why);
    if (status == WEIR_OK) {
        pravega_synchronizer_update(reader->sync, propose_reader, on_joined, reader);
    } else {
        reader->timer.fn = on_refused;
        weir_timer_start(reader->loop, &reader->timer, 0);
    }
}

/* ---- leaving ---- */

static enum weir_status propose_leave(void *arg, const void *state, struct pravega_updates *updates,
                                      struct weir_error *err)
{
    struct pravega_event_reader *reader = arg;
    struct pravega_group_update update = {.kind = PRAVEGA_GROUP_REMOVE_READER, .reader = reader->id};
    struct pravega_position_entry *places = NULL;
    enum weir_status status;

    if (reader_member(reader, state) == NULL)
        return WEIR_OK;
    update.positions = reader->leave_position.entries;
    update.position_count = reader->leave_position.entry_count;
    if (!reader->leaves_at) {
        places = pravega_owned_places(&reader->owned);
        if (places == NULL)
            return weir_fail(err, WEIR_E_NOMEM, "no memory for the position of reader %s", reader->id);
        update.positions = places;
        update.position_count = reader->owned.count;
    }
    status = pravega_group_propose(updates, &update, err);
    free(places);
    return status;
}

static void on_left(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct pravega_event_reader *reader = arg;
    pravega_done_fn *left = reader->left;

    reader->left = NULL;
    if (status == WEIR_OK) /* else it may be closed again, and be where it is still */
        pravega_owned_clear(&reader->owned);
    left(reader->left_arg, status, why);
}

/* A reader that stopped may be a member all the same: it failed to read, or its group is no more. */
static void leave_group(struct pravega_event_reader *reader)
{
    weir_timer_stop(reader->loop, &reader->timer);
    pravega_event_reader_cancel_act(reader);
    pravega_publisher_cancel(&reader->publisher);
    reader->stage = READER_CLOSED;
    reader->waiting = false;
    weir_fail(&reader->why, WEIR_E_CLOSED, "reader %s of group %s/%s is closed", reader->id, reader->scope,
              reader->group);
    pravega_synchronizer_update(reader->sync, propose_leave, on_left, reader);
}

static void on_position_lost(void *arg)
{
    struct pravega_event_reader *reader = arg;
    struct weir_error err = {0};

    weir_fail(&err, WEIR_E_NOMEM, "no memory for the position of reader %s", reader->id);
    on_left(reader, err.status, &err);
}

void pravega_event_reader_close(struct pravega_event_reader *reader, const struct pravega_position *position,
                                pravega_done_fn *done, void *arg)
{
    assert(reader->left == NULL);
    reader->left = done;
    reader->left_arg = arg;
    reader->leaves_at = position != NULL;
    pravega_position_fini(&reader->leave_position);
    if (position == NULL || pravega_position_copy(&reader->leave_position, position, NULL) == WEIR_OK) {
        leave_group(reader);
        return;
    }
    reader->stage = READER_CLOSED;
    reader->timer.fn = on_position_lost;
    weir_timer_start(reader->loop, &reader->timer, 0);
}
