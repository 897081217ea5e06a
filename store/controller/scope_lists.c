/*
 * scope_lists.c - the calls that list scopes and streams, page by page.
 *
 * An empty page is the last one. A list goes by name, and its token is the last name that it told: what the caller may
 * not see is in no token either, and is passed over again. Those of a tag go as upstream's index of tags does, part by
 * part (store/rules/upstream_order.h) and by name within a part: there the token is the part and the name.
 */
#include <stdio.h>
#include <string.h>

#include "pravega/names.h"
#include "store/controller/controller_int.h"
#include "store/rules/upstream_order.h"

static struct weir_view token_of(const Pravega__ContinuationToken *token)
{
    return weir_view_str(token != NULL ? token->token : "");
}

void weir_rpc_list_scopes(struct weir_call *call, const void *message)
{
    const Pravega__ScopesRequest *in = message;
    Pravega__ScopesResponse reply = PRAVEGA__SCOPES_RESPONSE__INIT;
    Pravega__ContinuationToken token = PRAVEGA__CONTINUATION_TOKEN__INIT;
    const struct weir_name_table *scopes = &call->ctl->dir.scopes;
    char **names = weir_call_alloc(call, WEIR_LIST_PAGE, sizeof(*names));
    size_t at = weir_name_table_after(scopes, token_of(in->continuationtoken));

    token.token = in->continuationtoken != NULL ? in->continuationtoken->token : token.token;
    for (; names != NULL && at < scopes->count && reply.n_scopes < WEIR_LIST_PAGE; at++) {
        char *name = ((struct weir_held_scope *)scopes->items[at])->name;

        if (weir_call_sees_scope(call, name))
            token.token = names[reply.n_scopes++] = name;
    }
    reply.scopes = names;
    reply.continuationtoken = &token;
    weir_call_answer(call, &reply.base);
}

static struct weir_held_scope *scope_of(const struct weir_call *call, const Pravega__ScopeInfo *info)
{
    return info != NULL ? weir_directory_scope(&call->ctl->dir, weir_view_str(info->scope)) : NULL;
}

static void answer_page(struct weir_call *call, Pravega__StreamsInScopeResponse *reply,
                        const struct weir_held_scope *scope, Pravega__ContinuationToken *token)
{
    reply->continuationtoken = scope != NULL ? token : NULL;
    if (scope == NULL)
        reply->status = PRAVEGA__STREAMS_IN_SCOPE_RESPONSE__STATUS__SCOPE_NOT_FOUND;
    weir_call_answer(call, &reply->base);
}

void weir_rpc_list_streams(struct weir_call *call, const void *message)
{
    const Pravega__StreamsInScopeRequest *in = message;
    Pravega__StreamsInScopeResponse reply = PRAVEGA__STREAMS_IN_SCOPE_RESPONSE__INIT;
    Pravega__ContinuationToken token = PRAVEGA__CONTINUATION_TOKEN__INIT;
    struct weir_held_scope *scope = scope_of(call, in->scope);
    size_t at = scope != NULL ? weir_name_table_after(&scope->streams, token_of(in->continuationtoken)) : 0;

    token.token = in->continuationtoken != NULL ? in->continuationtoken->token : token.token;
    reply.streams = weir_call_alloc(call, WEIR_LIST_PAGE, sizeof(*reply.streams));
    for (; scope != NULL && reply.streams != NULL && at < scope->streams.count && reply.n_streams < WEIR_LIST_PAGE;
         at++) {
        struct weir_held_stream *stream = scope->streams.items[at];

        if (!weir_call_sees_stream(call, scope->name, stream->name))
            continue;
        reply.streams[reply.n_streams++] = weir_call_stream_info(call, stream);
        token.token = stream->name;
    }
    answer_page(call, &reply, scope, &token);
}

/* --- By tag ----------------------------------------------------------------------------------------------------- */

static bool has_tag(const struct weir_held_stream *stream, const char *tag)
{
    ProtobufCMessage *message = NULL;
    bool found = false;

    if (pravega_proto_unpack(&pravega__stream_config__descriptor, weir_buf_view(&stream->rec.config), &message, NULL) ==
        WEIR_OK) {
        const Pravega__StreamConfig *config = (const Pravega__StreamConfig *)message;

        for (size_t i = 0; config->tags != NULL && i < config->tags->n_tag && !found; i++)
            found = strcmp(config->tags->tag[i], tag) == 0;
    }
    pravega_proto_free(message);
    return found;
}

/* Where a page by tag begins: behind this name in this part, then the parts that follow. */
struct tag_place {
    int part;
    struct weir_view name;
};

static struct tag_place place_of(struct weir_view token)
{
    struct tag_place place = {0, weir_view_str("")};
    int64_t part;

    if (token.len >= 2 && pravega_digits_parse(weir_view(token.ptr, 2), WEIR_TAG_PARTS, &part)) {
        place.part = (int)part;
        place.name = weir_view(token.ptr + 2, token.len - 2);
    }
    return place;
}

/* From the call's memory; behind the last stream that was looked at. */
static char *token_text(struct weir_call *call, int part, const char *name)
{
    size_t len = strlen(name) + 3; /* two digits and a NUL */
    char *text = weir_call_alloc(call, len, 1);

    if (text != NULL)
        snprintf(text, len, "%02d%s", part, name);
    return text;
}

/* The part of each of the scope's streams, from the call's memory. */
static uint8_t *parts_of(struct weir_call *call, const struct weir_name_table *streams)
{
    uint8_t *parts = weir_call_alloc(call, streams->count + 1, sizeof(*parts));

    for (size_t i = 0; parts != NULL && i < streams->count; i++)
        parts[i] = (uint8_t)weir_tag_part(weir_view_str(((struct weir_held_stream *)streams->items[i])->name));
    return parts;
}

void weir_rpc_list_streams_for_tag(struct weir_call *call, const void *message)
{
    const Pravega__StreamsInScopeWithTagRequest *in = message;
    Pravega__StreamsInScopeResponse reply = PRAVEGA__STREAMS_IN_SCOPE_RESPONSE__INIT;
    Pravega__ContinuationToken token = PRAVEGA__CONTINUATION_TOKEN__INIT;
    struct weir_held_scope *scope = scope_of(call, in->scope);
    struct tag_place at = place_of(token_of(in->continuationtoken));
    const uint8_t *parts = scope != NULL ? parts_of(call, &scope->streams) : NULL;

    reply.streams = weir_call_alloc(call, WEIR_LIST_PAGE, sizeof(*reply.streams));
    while (parts != NULL && reply.streams != NULL && at.part < WEIR_TAG_PARTS && reply.n_streams < WEIR_LIST_PAGE) {
        size_t i = weir_name_table_after(&scope->streams, at.name);

        for (; i < scope->streams.count && reply.n_streams < WEIR_LIST_PAGE; i++) {
            struct weir_held_stream *stream = scope->streams.items[i];

            if (parts[i] != at.part || !has_tag(stream, in->tag) ||
                !weir_call_sees_stream(call, scope->name, stream->name))
                continue;
            reply.streams[reply.n_streams++] = weir_call_stream_info(call, stream);
            at.name = weir_view_str(stream->name);
        }
        if (i == scope->streams.count)
            at = (struct tag_place){at.part + 1, weir_view_str("")};
    }
    token.token = token_text(call, at.part, (const char *)at.name.ptr);
    answer_page(call, &reply, scope, &token);
}
