/*
 * stream_lists.c - lists of scopes and streams for users: page by page, or put together from their pages.
 *
 * The controller's pages have internal names, which go, and end with an empty one. A list that is put together is
 * sorted and has each name once: what changes between its pages can be in two of them.
 */
#include "pravega/streams.h"

#include <stdlib.h>
#include <string.h>

#include "pravega/user_call.h"

#define LISTED_NAMES_MAX 1000000u              /* what a list of pages without end may grow to */
#define SEEN_NAMES_MAX (4u * LISTED_NAMES_MAX) /* with internal ones: a stream can have one, a reader group has */

struct list {
    struct pravega_user_call user; /* first */
    char *scope;                   /* NULL: the list of scopes */
    char *tag;                     /* NULL: of all streams */
    char **names;
    size_t count, cap;
    size_t seen_count; /* internal ones, too */
};

static void list_fini(struct pravega_user_call *user)
{
    struct list *list = (struct list *)user;

    for (size_t i = 0; i < list->count; i++)
        free(list->names[i]);
    free(list->names);
    free(list->scope);
    free(list->tag);
}

static void ask_page(struct list *list, const char *token, pravega_page_fn *on_page)
{
    struct pravega_call *call = &list->user.call;

    if (list->tag != NULL)
        pravega_controller_list_tagged(call, list->user.client, list->scope, list->tag, token, on_page, list);
    else if (list->scope != NULL)
        pravega_controller_list_streams(call, list->user.client, list->scope, token, on_page, list);
    else
        pravega_controller_list_scopes(call, list->user.client, token, on_page, list);
}

/* NULL: out of memory. @param scope NULL lists scopes @param tag NULL lists all streams */
static struct list *list_new(struct pravega_client *client, const char *scope, const char *tag, void (*done)(void),
                             void *arg, struct weir_error *why)
{
    struct list *list = pravega_user_call_new(client, sizeof(*list), NULL, done, arg, list_fini, why);

    if (list == NULL)
        return NULL;
    list->scope = scope != NULL ? strdup(scope) : NULL;
    list->tag = tag != NULL ? strdup(tag) : NULL;
    if ((scope == NULL || list->scope != NULL) && (tag == NULL || list->tag != NULL))
        return list;
    pravega_user_call_free(&list->user);
    weir_fail(why, WEIR_E_NOMEM, "out of memory for a call to the controller");
    return NULL;
}

/* ---- put together */

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

    pravega_user_call_end(&list->user);
    sort_names(list);
    done(list->user.arg, status, status == WEIR_OK ? (const char *const *)list->names : NULL,
         status == WEIR_OK ? list->count : 0, why);
    pravega_user_call_free(&list->user);
}

static enum weir_status list_add(struct list *list, const char *name, struct weir_error *err)
{
    if (++list->seen_count > SEEN_NAMES_MAX)
        return weir_fail(err, WEIR_E_LIMIT, "more than %u names, internal ones included, from the controller",
                         SEEN_NAMES_MAX);
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
                    const struct weir_error *why)
{
    struct list *list = arg;
    struct weir_error err = *why;

    for (size_t i = 0; i < count && status == WEIR_OK; i++)
        status = list_add(list, names[i], &err);
    if (status != WEIR_OK || count == 0)
        list_end(list, status, &err);
    else
        ask_page(list, token, on_page);
}

static void list_start(struct pravega_client *client, const char *scope, const char *tag, pravega_names_fn *done,
                       void *arg)
{
    struct weir_error why;
    struct list *list = list_new(client, scope, tag, (void (*)(void))done, arg, &why);

    if (list != NULL)
        ask_page(list, "", on_page);
    else
        done(arg, why.status, NULL, 0, &why);
}

void pravega_scope_list(struct pravega_client *client, pravega_names_fn *done, void *arg)
{
    list_start(client, NULL, NULL, done, arg);
}

void pravega_stream_list(struct pravega_client *client, const char *scope, pravega_names_fn *done, void *arg)
{
    list_start(client, scope != NULL ? scope : "", NULL, done, arg);
}

void pravega_stream_list_tagged(struct pravega_client *client, const char *scope, const char *tag,
                                pravega_names_fn *done, void *arg)
{
    list_start(client, scope != NULL ? scope : "", tag != NULL ? tag : "", done, arg);
}

/* ---- page by page */

static void on_one_page(void *arg, enum weir_status status, const char *const *names, size_t count, const char *token,
                        const struct weir_error *why)
{
    struct list *list = arg;
    const char **shown = calloc(count + 1, sizeof(*shown));
    struct weir_error err = *why;
    size_t shown_count = 0;

    if (shown == NULL)
        status = weir_fail(&err, WEIR_E_NOMEM, "out of memory for %zu names", count);
    for (size_t i = 0; i < count && shown != NULL; i++)
        if (names[i][0] != '_')
            shown[shown_count++] = names[i];
    pravega_user_call_end(&list->user);
    ((pravega_name_page_fn *)list->user.done)(list->user.arg, status, status == WEIR_OK ? shown : NULL, shown_count,
                                              status == WEIR_OK && count != 0 ? token : NULL, &err);
    pravega_user_call_free(&list->user);
    free(shown);
}

static void page_start(struct pravega_client *client, const char *scope, const char *token, pravega_name_page_fn *done,
                       void *arg)
{
    struct weir_error why;
    struct list *list = list_new(client, scope, NULL, (void (*)(void))done, arg, &why);

    if (list != NULL)
        ask_page(list, token != NULL ? token : "", on_one_page);
    else
        done(arg, why.status, NULL, 0, NULL, &why);
}

void pravega_scope_list_page(struct pravega_client *client, const char *token, pravega_name_page_fn *done, void *arg)
{
    page_start(client, NULL, token, done, arg);
}

void pravega_stream_list_page(struct pravega_client *client, const char *scope, const char *token,
                              pravega_name_page_fn *done, void *arg)
{
    page_start(client, scope != NULL ? scope : "", token, done, arg);
}
