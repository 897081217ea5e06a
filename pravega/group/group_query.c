/*
 * group_query.c - what a group is: its configuration, its readers, its streams, where it is. Each fetches the state and
 * answers from it.
 */
#include "pravega/reader_group.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pravega/group/reader_group_int.h"

static void out_of_memory(struct group_op *op)
{
    struct weir_error why;

    (void)weir_fail(&why, WEIR_E_NOMEM, "no memory for an answer of reader group %s/%s", op->group->scope,
                    op->group->name);
    op->fail(op, WEIR_E_NOMEM, &why);
}

/* ---- the configuration */

static void end_config(struct group_op *op, enum weir_status status, const struct weir_error *why)
{
    pravega_reader_group_config_fn *done = (pravega_reader_group_config_fn *)op->done;
    void *arg = op->arg;

    group_op_end(op);
    done(arg, status, NULL, why);
}

static void have_config(struct group_op *op, const struct pravega_group_state *state)
{
    pravega_reader_group_config_fn *done = (pravega_reader_group_config_fn *)op->done;
    void *arg = op->arg;
    struct pravega_group_config config = {0};
    struct pravega_group_stream *streams = calloc(state->config.stream_count + 1, sizeof(*streams));
    struct pravega_reader_group_config user;

    /* A copy: the callback may free the group, and the state with it. */
    if (streams == NULL || pravega_group_config_copy(&config, &state->config, NULL) != WEIR_OK) {
        free(streams);
        out_of_memory(op);
        return;
    }
    pravega_group_config_to_user(&config, streams, &user);
    group_op_end(op);
    done(arg, WEIR_OK, &user, &(struct weir_error){0});
    pravega_group_config_fini(&config);
    free(streams);
}

void pravega_reader_group_get_config(struct pravega_reader_group *group, pravega_reader_group_config_fn *done,
                                     void *arg)
{
    struct weir_error why;
    struct group_op *op = group_op_new(group, sizeof(*op), (void (*)(void))done, arg, end_config, &why);

    if (op == NULL)
        done(arg, why.status, NULL, &why);
    else
        group_op_fetch(op, have_config);
}

/* ---- names */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void free_names(char **names, size_t count)
{
    for (size_t i = 0; names != NULL && i < count; i++)
        free(names[i]);
    free(names);
}

/* Sorts, and ends the op with them; takes them. */
static void end_with_names(struct group_op *op, char **names, size_t count)
{
    pravega_names_fn *done = (pravega_names_fn *)op->done;
    void *arg = op->arg;

    if (count > 0)
        qsort(names, count, sizeof(*names), by_text);
    group_op_end(op);
    done(arg, WEIR_OK, (const char *const *)names, count, &(struct weir_error){0});
    free_names(names, count);
}

static void have_readers(struct group_op *op, const struct pravega_group_state *state)
{
    char **names = calloc(state->reader_count + 1, sizeof(*names));
    size_t count = 0;

    while (names != NULL && count < state->reader_count) {
        names[count] = strdup(state->readers[count].id);
        if (names[count] == NULL)
            break;
        count++;
    }
    if (names != NULL && count == state->reader_count) {
        end_with_names(op, names, count);
    } else {
        free_names(names, count);
        out_of_memory(op);
    }
}

static void get_names(struct pravega_reader_group *group,
                      void (*fetched)(struct group_op *op, const struct pravega_group_state *state),
                      pravega_names_fn *done, void *arg)
{
    struct weir_error why;
    struct group_op *op = group_op_new(group, sizeof(*op), (void (*)(void))done, arg, group_op_end_names, &why);

    if (op == NULL)
        done(arg, why.status, NULL, 0, &why);
    else
        group_op_fetch(op, fetched);
}

void pravega_reader_group_online_readers(struct pravega_reader_group *group, pravega_names_fn *done, void *arg)
{
    get_names(group, have_readers, done, arg);
}

/* ---- streams and where the group is in them */

/* False: no memory. */
static bool present_cuts(const struct pravega_group_state *state, struct pravega_stream_cut **cuts, size_t *count)
{
    struct pravega_segment_map positions = {0};
    bool made = pravega_group_state_positions(state, &positions) == WEIR_OK &&
                pravega_segment_map_cuts(&positions, cuts, count, NULL) == WEIR_OK;

    pravega_segment_map_fini(&positions);
    return made;
}

static void have_streams(struct group_op *op, const struct pravega_group_state *state)
{
    struct pravega_stream_cut *cuts = NULL;
    size_t cut_count = 0, count = 0;
    char **names = NULL;

    if (present_cuts(state, &cuts, &cut_count))
        names = calloc(cut_count + 1, sizeof(*names));
    while (names != NULL && count < cut_count) {
        size_t len = strlen(cuts[count].scope) + strlen(cuts[count].stream) + 2;

        names[count] = malloc(len);
        if (names[count] == NULL)
            break;
        (void)snprintf(names[count], len, "%s/%s", cuts[count].scope, cuts[count].stream);
        count++;
    }
    if (names != NULL && count == cut_count) {
        end_with_names(op, names, count);
    } else {
        free_names(names, count);
        out_of_memory(op);
    }
    pravega_stream_cuts_free(cuts, cut_count);
}

void pravega_reader_group_stream_names(struct pravega_reader_group *group, pravega_names_fn *done, void *arg)
{
    get_names(group, have_streams, done, arg);
}

static void have_cuts(struct group_op *op, const struct pravega_group_state *state)
{
    pravega_stream_cuts_fn *done = (pravega_stream_cuts_fn *)op->done;
    void *arg = op->arg;
    struct pravega_stream_cut *cuts = NULL;
    size_t count = 0;

    if (!present_cuts(state, &cuts, &count)) {
        out_of_memory(op);
        return;
    }
    group_op_end(op);
    done(arg, WEIR_OK, cuts, count, &(struct weir_error){0});
    pravega_stream_cuts_free(cuts, count);
}

void pravega_reader_group_stream_cuts(struct pravega_reader_group *group, pravega_stream_cuts_fn *done, void *arg)
{
    struct weir_error why;
    struct group_op *op = group_op_new(group, sizeof(*op), (void (*)(void))done, arg, group_op_end_cuts, &why);

    if (op == NULL)
        done(arg, why.status, NULL, 0, &why);
    else
        group_op_fetch(op, have_cuts);
}
