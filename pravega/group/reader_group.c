/*
 * reader_group.c - a view of a reader group: opened, freed, and the life of the calls on it.
 */
#include "pravega/reader_group.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pravega/group/reader_group_int.h"

#define GROUP_NAME_LEN_MAX ((size_t)250)

static bool name_char_fits(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
}

enum weir_status pravega_group_stream(const struct pravega_group_name *name, char out[PRAVEGA_NAME_LEN_MAX + 1],
                                      struct weir_error *err)
{
    size_t len = name->group != NULL ? strlen(name->group) : 0;

    for (size_t i = 0; i < len; i++)
        if (!name_char_fits(name->group[i]))
            return weir_fail(err, WEIR_E_INVAL, "reader group \"%s\": names take letters, digits, '.' and '-'",
                             name->group);
    if (len == 0 || len > GROUP_NAME_LEN_MAX || name->scope == NULL || name->scope[0] == '\0' ||
        strlen(name->scope) > PRAVEGA_NAME_LEN_MAX)
        return weir_fail(err, WEIR_E_INVAL, "a reader group needs a scope, and a name of 1 to %zu bytes",
                         GROUP_NAME_LEN_MAX);
    (void)snprintf(out, PRAVEGA_NAME_LEN_MAX + 1, "_RG%s", name->group);
    return WEIR_OK;
}

/* ---- ops */

static void on_rejected(void *arg)
{
    struct group_op *op = arg;
    struct weir_error why = op->why;

    op->fail(op, why.status, &why);
}

void *group_op_new(struct pravega_reader_group *group, size_t size, void (*done)(void), void *arg,
                   void (*fail)(struct group_op *op, enum weir_status status, const struct weir_error *why),
                   struct weir_error *why)
{
    struct group_op *op = calloc(1, size);

    if (op == NULL) {
        (void)weir_fail(why, WEIR_E_NOMEM, "no memory for a call on reader group %s/%s", group->scope, group->name);
        return NULL;
    }
    op->group = group;
    op->done = done;
    op->arg = arg;
    op->fail = fail;
    op->timer = (struct weir_timer){.fn = on_rejected, .arg = op};
    op->next = group->ops;
    op->link = &group->ops;
    if (op->next != NULL)
        op->next->link = &op->next;
    group->ops = op;
    return op;
}

void group_op_reject(struct group_op *op)
{
    weir_timer_start(op->group->client->loop, &op->timer, 0);
}

void group_op_end(struct group_op *op)
{
    *op->link = op->next;
    if (op->next != NULL)
        op->next->link = op->link;
    weir_timer_stop(op->group->client->loop, &op->timer);
    if (op->fini != NULL)
        op->fini(op);
    free(op);
}

const struct pravega_group_state *group_state(const struct group_op *op)
{
    return pravega_synchronizer_state(op->group->sync);
}

void group_op_failed(struct group_op *op, enum weir_status status, const struct weir_error *why)
{
    struct weir_error words;

    if (status == WEIR_E_NOT_FOUND)
        (void)weir_fail(&words, status, "reader group %s/%s does not exist", op->group->scope, op->group->name);
    else
        (void)weir_fail(&words, status, "reader group %s/%s: %s", op->group->scope, op->group->name, why->message);
    op->fail(op, status, &words);
}

static void on_fetched(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct group_op *op = arg;
    struct weir_error words;

    if (status != WEIR_OK) {
        group_op_failed(op, status, why);
    } else if (group_state(op) == NULL) {
        (void)weir_fail(&words, WEIR_E_NOT_FOUND,
                        "reader group %s/%s was not created to the end: create it again, with the same configuration",
                        op->group->scope, op->group->name);
        op->fail(op, WEIR_E_NOT_FOUND, &words);
    } else {
        op->fetched(op, group_state(op));
    }
}

void group_op_fetch(struct group_op *op, void (*fetched)(struct group_op *op, const struct pravega_group_state *state))
{
    op->fetched = fetched;
    pravega_synchronizer_fetch(op->group->sync, on_fetched, op);
}

void group_op_end_done(struct group_op *op, enum weir_status status, const struct weir_error *why)
{
    pravega_done_fn *done = (pravega_done_fn *)op->done;
    void *arg = op->arg;

    group_op_end(op);
    done(arg, status, why);
}

void group_op_end_names(struct group_op *op, enum weir_status status, const struct weir_error *why)
{
    pravega_names_fn *done = (pravega_names_fn *)op->done;
    void *arg = op->arg;

    group_op_end(op);
    done(arg, status, NULL, 0, why);
}

void group_op_end_cuts(struct group_op *op, enum weir_status status, const struct weir_error *why)
{
    pravega_stream_cuts_fn *done = (pravega_stream_cuts_fn *)op->done;
    void *arg = op->arg;

    group_op_end(op);
    done(arg, status, NULL, 0, why);
}

void group_op_last_step(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct group_op *op = arg;

    if (status != WEIR_OK)
        group_op_failed(op, status, why);
    else
        group_op_end_done(op, status, why);
}

/* ---- open and free */

void pravega_reader_group_free(struct pravega_reader_group *group)
{
    if (group == NULL)
        return;
    pravega_synchronizer_free(group->sync);
    while (group->ops != NULL)
        group_op_end(group->ops);
    free(group->scope);
    free(group->name);
    free(group);
}

static enum weir_status make_group(struct pravega_client *client, const struct pravega_group_name *name,
                                   struct pravega_reader_group **out, struct weir_error *err)
{
    struct pravega_reader_group *group = calloc(1, sizeof(*group));
    enum weir_status status;

    *out = group;
    if (group == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for a reader group");
    group->client = client;
    status = pravega_group_stream(name, group->stream, err);
    if (status != WEIR_OK)
        return status;
    group->scope = strdup(name->scope);
    group->name = strdup(name->group);
    if (group->scope == NULL || group->name == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for a reader group");
    return pravega_synchronizer_new(client, &(struct pravega_stream_name){group->scope, group->stream},
                                    &pravega_group_state_type, NULL, &group->sync, err);
}

/* The way to an open group: work of the client's until it is the user's. */
struct open_op {
    struct pravega_op op; /* first */
    struct pravega_reader_group *group;
    pravega_reader_group_fn *done;
    void *arg;
    struct weir_loop *loop;
    struct weir_timer timer;
    struct weir_error why;
};

static void open_op_free(struct pravega_op *op)
{
    struct open_op *open = (struct open_op *)op;

    weir_timer_stop(open->loop, &open->timer);
    pravega_reader_group_free(open->group);
    free(open);
}

/* The last thing that a function does. */
static void end_open(struct open_op *open, enum weir_status status, const struct weir_error *why)
{
    struct pravega_reader_group *group = status == WEIR_OK ? open->group : NULL;
    pravega_reader_group_fn *done = open->done;
    void *arg = open->arg;

    if (status == WEIR_OK)
        open->group = NULL;
    pravega_op_end(&open->op);
    open_op_free(&open->op);
    done(arg, status, group, why);
}

static void on_open_failed(void *arg)
{
    struct open_op *open = arg;
    struct weir_error why = open->why;

    end_open(open, why.status, &why);
}

/* The first fetch is an op of the group's like any other; it ends the opening. */
static void on_opened(void *arg, enum weir_status status, const struct weir_error *why)
{
    end_open(arg, status, why);
}

static void have_state(struct group_op *op, const struct pravega_group_state *state)
{
    (void)state;
    group_op_end_done(op, WEIR_OK, &(struct weir_error){0});
}

void pravega_reader_group_open(struct pravega_client *client, const struct pravega_group_name *name,
                               pravega_reader_group_fn *done, void *arg)
{
    struct open_op *open = calloc(1, sizeof(*open));
    struct group_op *op = NULL;
    struct weir_error why = {0};

    if (open == NULL) {
        (void)weir_fail(&why, WEIR_E_NOMEM, "no memory for a reader group");
        done(arg, WEIR_E_NOMEM, NULL, &why);
        return;
    }
    *open = (struct open_op){.op.free = open_op_free, .done = done, .arg = arg, .loop = client->loop};
    open->timer = (struct weir_timer){.fn = on_open_failed, .arg = open};
    pravega_op_start(client, &open->op);
    if (make_group(client, name, &open->group, &open->why) == WEIR_OK)
        op = group_op_new(open->group, sizeof(*op), (void (*)(void))on_opened, open, group_op_end_done, &open->why);
    if (op != NULL)
        group_op_fetch(op, have_state);
    else
        weir_timer_start(client->loop, &open->timer, 0);
}
