/*
 * streams.c - scopes and streams for users: each call is one piece of work that frees itself after its callback.
 *
 * The calls themselves are controller_streams.c and controller_segments.c. Here is what users see on top: names checked
 * as upstream checks those that users give, and lists put together from pages, sorted, without internal names.
 */
#include "pravega/streams.h"

#include <stdlib.h>
#include <string.h>

#include "pravega/controller_int.h"

#define USER_STREAM_LEN_MAX 250   /* upstream adds prefixes of its own */
#define LISTED_NAMES_MAX 1000000u /* what a list of pages without end may grow to */

/* One call for a user. */
struct user_call {
    struct pravega_op op; /* first */
    struct pravega_call call;
    void (*done)(void); /* the user's callback, cast to its type where it is called */
    void *arg;
};

static void user_call_free(struct pravega_op *op)
{
    struct user_call *user = (struct user_call *)op;

    pravega_call_cancel(&user->call);
    free(user);
}

/* NULL if there is no memory; `why` has the words. */
static struct user_call *user_call_new(struct pravega_client *client, void (*done)(void), void *arg,
                                       struct weir_error *why)
{
    struct user_call *user = calloc(1, sizeof(*user));

    if (user == NULL) {
        weir_fail(why, WEIR_E_NOMEM, "out of memory for a call to the controller");
        return NULL;
    }
    user->op.free = user_call_free;
    user->done = done;
    user->arg = arg;
    pravega_op_start(client, &user->op);
    return user;
}

/* It ends, and its callback can do as it likes with the client. */
static void user_call_end(struct user_call *user, void (**done)(void), void **arg)
{
    *done = user->done;
    *arg = user->arg;
    pravega_op_end(&user->op);
    free(user);
}

/* ---- calls that only succeed or fail */

static void on_done(void *user, enum weir_status status, const struct weir_error *why)
{
    void (*done)(void);
    void *arg;

    user_call_end(user, &done, &arg);
    ((pravega_done_fn *)done)(arg, status, why);
}

static struct user_call *start_done(struct pravega_client *client, pravega_done_fn *done, void *arg)
{
    struct weir_error why;
    struct user_call *user = user_call_new(client, (void (*)(void))done, arg, &why);

    if (user == NULL)
        done(arg, why.status, &why);
    return user;
}

static bool user_name(const char *name, size_t len_max)
{
    size_t len = name != NULL ? strlen(name) : 0;

    return len > 0 && len <= len_max &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-") == len;
}

static const struct pravega_rpc refused_name = {"createStream", "create", .finish = pravega_finish_done};

static void refuse_name(struct user_call *user, struct pravega_client *client, const char *kind, const char *name,
                        size_t len_max)
{
    struct weir_error why;

    weir_fail(&why, WEIR_E_INVAL, "cannot create %s \"%s\": names take 1 to %zu letters, digits, '.' and '-'", kind,
              name != NULL ? name : "", len_max);
    pravega_call_reject(&user->call, client, &refused_name, &why, (void (*)(void))on_done, user);
}

void pravega_scope_create(struct pravega_client *client, const char *scope, pravega_done_fn *done, void *arg)
{
    struct user_call *user = start_done(client, done, arg);

    if (user == NULL)
        return;
    if (user_name(scope, PRAVEGA_NAME_LEN_MAX))
        pravega_controller_create_scope(&user->call, client, scope, on_done, user);
    else
        refuse_name(user, client, "scope", scope, PRAVEGA_NAME_LEN_MAX);
}

void pravega_scope_delete(struct pravega_client *client, const char *scope, pravega_done_fn *done, void *arg)
{
    struct user_call *user = start_done(client, done, arg);

    if (user != NULL)
        pravega_controller_delete_scope(&user->call, client, scope, on_done, user);
}

void pravega_stream_create(struct pravega_client *client, const struct pravega_stream_name *stream,
                           const struct pravega_stream_config *config, pravega_done_fn *done, void *arg)
{
    struct user_call *user = start_done(client, done, arg);

    if (user == NULL)
        return;
    if (user_name(stream->stream, USER_STREAM_LEN_MAX))
        pravega_controller_create_stream(&user->call, client, stream, config, on_done, user);
    else
        refuse_name(user, client, "stream", stream->stream, USER_STREAM_LEN_MAX);
}

void pravega_stream_seal(struct pravega_client *client, const struct pravega_stream_name *stream, pravega_done_fn *done,
                         void *arg)
{
    struct user_call *user = start_done(client, done, arg);

    if (user != NULL)
        pravega_controller_seal_stream(&user->call, client, stream, on_done, user);
}

void pravega_stream_delete(struct pravega_client *client, const struct pravega_stream_name *stream,
                           pravega_done_fn *done, void *arg)
{
    struct user_call *user = start_done(client, done, arg);

    if (user != NULL)
        pravega_controller_delete_stream(&user->call, client, stream, on_done, user);
}

/* ---- segments */

static void on_ranges(void *user, enum weir_status status, const struct pravega_segment_range *segments, size_t count,
                      const struct weir_error *why)
{
    void (*done)(void);
    void *arg;

    user_call_end(user, &done, &arg);
    ((pravega_ranges_fn *)done)(arg, status, segments, count, why);
}

void pravega_stream_current_segments(struct pravega_client *client, const struct pravega_stream_name *stream,
                                     pravega_ranges_fn *done, void *arg)
{
    struct weir_error why;
    struct user_call *user = user_call_new(client, (void (*)(void))done, arg, &why);

    if (user != NULL)
        pravega_controller_current_segments(&user->call, client, stream, on_ranges, user);
    else
        done(arg, why.status, NULL, 0, &why);
}

static void on_cut(void *user, enum weir_status status, const struct pravega_segment_offset *cut, size_t count,
                   const struct weir_error *why)
{
    void (*done)(void);
    void *arg;

    user_call_end(user, &done, &arg);
    ((pravega_cut_fn *)done)(arg, status, cut, count, why);
}

void pravega_stream_head(struct pravega_client *client, const struct pravega_stream_name *stream, pravega_cut_fn *done,
                         void *arg)
{
    struct weir_error why;
    struct user_call *user = user_call_new(client, (void (*)(void))done, arg, &why);

    if (user != NULL)
        pravega_controller_head_segments(&user->call, client, stream, on_cut, user);
    else
        done(arg, why.status, NULL, 0, &why);
}

/* ---- lists */

struct list {
    struct user_call user; /* first */
    struct pravega_client *client;
    char *scope; /* NULL: the list of scopes */
    char **names;
    size_t count, cap;
};

static void list_fini(struct list *list)
{
    pravega_call_cancel(&list->user.call);
    for (size_t i = 0; i < list->count; i++)
        free(list->names[i]);
    free(list->names);
    free(list->scope);
}

static void list_free(struct pravega_op *op)
{
    struct list *list = (struct list *)op;

    list_fini(list);
    free(list);
}

/* Sorted, each name once: a list that changes between its pages can have one twice. */
static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_names(struct list *list)
{
    size_t kept = 0;

    if (list->count != 0)
        qsort(list->names, list->count, sizeof(*list->names), by_name);
    for (size_t i = 0; i < list->count; i++) {
        if (kept > 0 && strcmp(list->names[kept - 1], list->names[i]) == 0)
            free(list->names[i]);
        else
            list->names[kept++] = list->names[i];
    }
    list->count = kept;
}

static void list_end(struct list *list, enum weir_status status, const struct weir_error *why)
{
    pravega_names_fn *done = (pravega_names_fn *)list->user.done;
    void *arg = list->user.arg;

    pravega_op_end(&list->user.op);
    sort_names(list);
    done(arg, status, status == WEIR_OK ? (const char *const *)list->names : NULL, status == WEIR_OK ? list->count : 0,
         why);
    list_fini(list);
    free(list);
}

static enum weir_status list_add(struct list *list, const char *name, struct weir_error *err)
{
    if (name[0] == '_')
        return WEIR_OK;
    if (list->count == LISTED_NAMES_MAX)
        return weir_fail(err, WEIR_E_LIMIT, "a list of more than %u names from the controller", LISTED_NAMES_MAX);
    if (list->count == list->cap) {
        size_t cap = list->cap != 0 ? list->cap * 2 : 64;
        char **names = realloc(list->names, cap * sizeof(*names));

        if (names == NULL)
            return weir_fail(err, WEIR_E_NOMEM, "out of memory for a list of %zu names", cap);
        list->names = names;
        list->cap = cap;
    }
    list->names[list->count] = strdup(name);
    if (list->names[list->count] == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "out of memory for a list of %zu names", list->count);
    list->count++;
    return WEIR_OK;
}

static void on_page(void *arg, enum weir_status status, const char *const *names, size_t count, const char *token,
                    const struct weir_error *why);

static void ask_page(struct list *list, const char *token)
{
    if (list->scope != NULL)
        pravega_controller_list_streams(&list->user.call, list->client, list->scope, token, on_page, list);
    else
        pravega_controller_list_scopes(&list->user.call, list->client, token, on_page, list);
}

static void on_page(void *arg, enum weir_status status, const char *const *names, size_t count, const char *token,
                    const struct weir_error *why)
{
    struct list *list = arg;
    struct weir_error err = *why;

    for (size_t i = 0; i < count && status == WEIR_OK; i++)
        status = list_add(list, names[i], &err);
    if (status != WEIR_OK || count == 0)
        list_end(list, status, &err);
    else
        ask_page(list, token);
}

/* `scope`: NULL lists scopes. */
static void list_start(struct pravega_client *client, bool streams, const char *scope, pravega_names_fn *done,
                       void *arg)
{
    struct list *list = calloc(1, sizeof(*list));
    struct weir_error why;

    if (list != NULL && streams)
        list->scope = strdup(scope != NULL ? scope : "");
    if (list == NULL || (streams && list->scope == NULL)) {
        free(list);
        weir_fail(&why, WEIR_E_NOMEM, "out of memory for a call to the controller");
        done(arg, why.status, NULL, 0, &why);
        return;
    }
    list->client = client;
    list->user.op.free = list_free;
    list->user.done = (void (*)(void))done;
    list->user.arg = arg;
    pravega_op_start(client, &list->user.op);
    ask_page(list, "");
}

void pravega_scope_list(struct pravega_client *client, pravega_names_fn *done, void *arg)
{
    list_start(client, false, NULL, done, arg);
}

void pravega_stream_list(struct pravega_client *client, const char *scope, pravega_names_fn *done, void *arg)
{
    list_start(client, true, scope, done, arg);
}
