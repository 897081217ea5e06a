/*
 * blocking_results.c - results of blocking calls: a struct, its arrays and then its strings, in one block of memory.
 */
#include <stdlib.h>
#include <string.h>

#include "pravega/blocking_int.h"

size_t pravega_result_len(size_t len)
{
    return (len + 15) & ~(size_t)15;
}

void *pravega_result_take(char **at, size_t len)
{
    void *ptr = *at;

    *at += pravega_result_len(len);
    return ptr;
}

char *pravega_result_text(char **at, const char *text)
{
    size_t len = strlen(text) + 1;

    return memcpy(pravega_result_take(at, len), text, len);
}

size_t pravega_result_cut_len(const struct pravega_stream_cut *cut)
{
    return pravega_result_len(strlen(cut->scope) + 1) + pravega_result_len(strlen(cut->stream) + 1) +
           pravega_result_len(cut->position_count * sizeof(cut->positions[0]));
}

void pravega_result_cut(char **at, const struct pravega_stream_cut *cut, struct pravega_stream_cut *copy)
{
    copy->scope = pravega_result_text(at, cut->scope);
    copy->stream = pravega_result_text(at, cut->stream);
    copy->position_count = cut->position_count;
    copy->positions = pravega_result_take(at, cut->position_count * sizeof(cut->positions[0]));
    for (size_t i = 0; i < cut->position_count; i++)
        copy->positions[i] = cut->positions[i];
}

void pravega_await_nomem(struct pravega_await *await)
{
    struct weir_error err;

    weir_fail(&err, WEIR_E_NOMEM, "no memory for the result");
    pravega_await_done(await, err.status, &err);
}

void pravega_await_on_names(void *arg, enum weir_status status, const char *const *names, size_t count,
                            const struct weir_error *why)
{
    struct pravega_names **out = pravega_await_out(arg);
    struct pravega_names *copy;
    size_t len = pravega_result_len(sizeof(*copy) + count * sizeof(copy->names[0]));
    char *at;

    if (out == NULL || status != WEIR_OK) {
        pravega_await_done(arg, status, why);
        return;
    }
    for (size_t i = 0; i < count; i++)
        len += pravega_result_len(strlen(names[i]) + 1);
    at = malloc(len);
    if (at == NULL) {
        pravega_await_nomem(arg);
        return;
    }
    copy = pravega_result_take(&at, sizeof(*copy) + count * sizeof(copy->names[0]));
    copy->count = count;
    for (size_t i = 0; i < count; i++)
        copy->names[i] = pravega_result_text(&at, names[i]);
    *out = copy;
    pravega_await_done(arg, status, why);
}

void pravega_await_on_page(void *arg, enum weir_status status, const char *const *names, size_t count,
                           const char *token, const struct weir_error *why)
{
    struct pravega_name_page **out = pravega_await_out(arg);
    struct pravega_name_page *copy;
    size_t len = pravega_result_len(sizeof(*copy) + count * sizeof(copy->names[0]));
    char *at;

    if (out == NULL || status != WEIR_OK) {
        pravega_await_done(arg, status, why);
        return;
    }
    for (size_t i = 0; i < count; i++)
        len += pravega_result_len(strlen(names[i]) + 1);
    at = malloc(len + (token != NULL ? pravega_result_len(strlen(token) + 1) : 0));
    if (at == NULL) {
        pravega_await_nomem(arg);
        return;
    }
    copy = pravega_result_take(&at, sizeof(*copy) + count * sizeof(copy->names[0]));
    copy->count = count;
    for (size_t i = 0; i < count; i++)
        copy->names[i] = pravega_result_text(&at, names[i]);
    copy->token = token != NULL ? pravega_result_text(&at, token) : NULL;
    *out = copy;
    pravega_await_done(arg, status, why);
}
