/*
 * table_manager.c - creates, deletes, lists and describes tables: each call is one piece of work that frees itself.
 */
#include <stdlib.h>

#include "pravega/client_int.h"
#include "pravega/controller.h"

struct table_call {
    struct pravega_op op; /* first */
    struct pravega_call call;
    void (*done)(void); /* the user's callback, cast to its type where it is called */
    void *arg;
};

static void table_call_free(struct pravega_op *op)
{
    struct table_call *one = (struct table_call *)op;

    pravega_call_cancel(&one->call);
    free(one);
}

/* NULL if there is no memory; `why` has the words. */
static struct table_call *table_call_new(struct pravega_client *client, void (*done)(void), void *arg,
                                         struct weir_error *why)
{
    struct table_call *one = calloc(1, sizeof(*one));

    if (one == NULL) {
        weir_fail(why, WEIR_E_NOMEM, "out of memory for a call to the controller");
        return NULL;
    }
    one->op.free = table_call_free;
    one->done = done;
    one->arg = arg;
    pravega_op_start(client, &one->op);
    return one;
}

/* It ends, and its callback can do as it likes with the client. */
static void table_call_end(struct table_call *one, void (**done)(void), void **arg)
{
    *done = one->done;
    *arg = one->arg;
    pravega_op_end(&one->op);
    free(one);
}

static void on_done(void *arg, enum weir_status status, const struct weir_error *why)
{
    void (*done)(void);

    table_call_end(arg, &done, &arg);
    ((pravega_done_fn *)done)(arg, status, why);
}

static void on_config(void *arg, enum weir_status status, const struct pravega_table_config *config,
                      const struct weir_error *why)
{
    void (*done)(void);

    table_call_end(arg, &done, &arg);
    ((pravega_table_config_fn *)done)(arg, status, config, why);
}

static void on_page(void *arg, enum weir_status status, const char *const *names, size_t count, const char *token,
                    const struct weir_error *why)
{
    void (*done)(void);

    table_call_end(arg, &done, &arg);
    ((pravega_table_names_fn *)done)(arg, status, names, count, token, why);
}

static struct pravega_stream_name stream_of(const struct pravega_table_name *name)
{
    return (struct pravega_stream_name){name->scope, name->table};
}

void pravega_table_create(struct pravega_client *client, const struct pravega_table_name *name,
                          const struct pravega_table_config *config, pravega_done_fn *done, void *arg)
{
    struct weir_error why = {0};
    struct table_call *one = table_call_new(client, (void (*)(void))done, arg, &why);
    struct pravega_stream_name stream = stream_of(name);

    if (one != NULL)
        pravega_controller_create_table(&one->call, client, &stream, config, on_done, one);
    else
        done(arg, why.status, &why);
}

void pravega_table_delete(struct pravega_client *client, const struct pravega_table_name *name, pravega_done_fn *done,
                          void *arg)
{
    struct weir_error why = {0};
    struct table_call *one = table_call_new(client, (void (*)(void))done, arg, &why);
    struct pravega_stream_name stream = stream_of(name);

    if (one != NULL)
        pravega_controller_delete_table(&one->call, client, &stream, on_done, one);
    else
        done(arg, why.status, &why);
}

void pravega_table_fetch_config(struct pravega_client *client, const struct pravega_table_name *name,
                                pravega_table_config_fn *done, void *arg)
{
    struct weir_error why = {0};
    struct table_call *one = table_call_new(client, (void (*)(void))done, arg, &why);
    struct pravega_stream_name stream = stream_of(name);

    if (one != NULL)
        pravega_controller_table_config(&one->call, client, &stream, on_config, one);
    else
        done(arg, why.status, NULL, &why);
}

void pravega_table_list(struct pravega_client *client, const char *scope, const char *continuation,
                        pravega_table_names_fn *done, void *arg)
{
    struct weir_error why = {0};
    struct table_call *one = table_call_new(client, (void (*)(void))done, arg, &why);

    if (one != NULL)
        pravega_controller_list_tables(&one->call, client, scope, continuation != NULL ? continuation : "", on_page,
                                       one);
    else
        done(arg, why.status, NULL, 0, "", &why);
}
