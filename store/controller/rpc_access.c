/*
 * rpc_access.c - whether a caller may make a call, and the delegation token that it gets, as upstream's controller has
 * it: UNAUTHENTICATED for nobody, PERMISSION_DENIED for somebody who may not, INTERNAL for what cannot be asked.
 */
#include "store/controller/rpc_access.h"

#include <stdio.h>

#include "store/access/resources.h"
#include "store/access/tokens.h"
#include "store/controller/controller_int.h"
#include "store/rules/names.h"

/* What a message speaks of. */
struct subject {
    struct weir_view scope, name;
    int access; /* Pravega__StreamInfo__AccessOperation; UNSPECIFIED unless there is a StreamInfo */
};

/* --- What a message speaks of ----------------------------------------------------------------------------------- */

static const void *field_of(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    return (const char *)message + field->offset;
}

static struct weir_view text_of(const ProtobufCMessage *message, const char *name)
{
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);

    if (field == NULL || field->type != PROTOBUF_C_TYPE_STRING || field->label == PROTOBUF_C_LABEL_REPEATED)
        return weir_view(NULL, 0);
    return weir_view_str(*(char *const *)field_of(message, field));
}

/* The message, or the one within it, that has a "scope" of text: a ScopeInfo, StreamInfo, table or group. Every call
 * has one at most, whatever its other fields are called. Messages nest three deep. */
static const ProtobufCMessage *message_with_scope(const ProtobufCMessage *message)
{
    const ProtobufCMessageDescriptor *type = message->descriptor;
    const ProtobufCFieldDescriptor *scope = protobuf_c_message_descriptor_get_field_by_name(type, "scope");

    if (scope != NULL && scope->type == PROTOBUF_C_TYPE_STRING)
        return message;
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        const ProtobufCMessage *within, *found;

        if (field->type != PROTOBUF_C_TYPE_MESSAGE || field->label == PROTOBUF_C_LABEL_REPEATED)
            continue;
        within = *(ProtobufCMessage *const *)field_of(message, field);
        found = within != NULL ? message_with_scope(within) : NULL;
        if (found != NULL)
            return found;
    }
    return NULL;
}

static struct subject subject_of(const ProtobufCMessage *message)
{
    const ProtobufCMessage *named = message_with_scope(message);
    struct subject subject = {.access = PRAVEGA__STREAM_INFO__ACCESS_OPERATION__UNSPECIFIED};

    if (named == NULL)
        return subject;
    subject.scope = text_of(named, "scope");
    subject.name = text_of(named, "stream");
    if (subject.name.len == 0)
        subject.name = text_of(named, "kvtName");
    if (named->descriptor == &pravega__stream_info__descriptor)
        subject.access = (int)((const Pravega__StreamInfo *)named)->accessoperation;
    return subject;
}

/* --- Rights ----------------------------------------------------------------------------------------------------- */

static bool may(const struct weir_call *call, const struct weir_resource *resource, enum weir_permission needed)
{
    return weir_access_permission(call->login.account, weir_resource_view(resource)) >= needed;
}

static int refuse(const struct weir_call *call, const char **words)
{
    bool is_somebody = call->login.account != NULL;

    *words = is_somebody ? "Authorization failed" : "Authentication failed"; /* upstream's words */
    return is_somebody ? WEIR_GRPC_PERMISSION_DENIED : WEIR_GRPC_UNAUTHENTICATED;
}

static int refuse_names(const char **words)
{
    *words = "the request names no scope, or nothing in it";
    return WEIR_GRPC_INTERNAL;
}

static struct weir_view without_table_suffix(struct weir_view name)
{
    size_t len = strlen(WEIR_KVT_SUFFIX);

    if (name.len > len && memcmp(name.ptr + name.len - len, WEIR_KVT_SUFFIX, len) == 0)
        name.len -= len;
    return name;
}

/* Readers write to the streams of their group, and whoever reads a stream may make its marks. */
static enum weir_permission needed_to_write(struct weir_view stream)
{
    return weir_view_starts_with(stream, WEIR_GROUP_PREFIX) || weir_view_starts_with(stream, WEIR_MARK_PREFIX)
               ? WEIR_PERMISSION_READ
               : WEIR_PERMISSION_READ_UPDATE;
}

static enum weir_resource_kind kind_of(enum weir_rpc_target target)
{
    switch (target) {
    case WEIR_RPC_SCOPE:
    case WEIR_RPC_NEW_STREAM:
        return WEIR_RESOURCE_SCOPE;
    case WEIR_RPC_STREAM:
        return WEIR_RESOURCE_STREAM;
    case WEIR_RPC_STREAM_OWNER:
    case WEIR_RPC_SEGMENT:
        return WEIR_RESOURCE_STREAM_OWNER;
    case WEIR_RPC_TABLE:
        return WEIR_RESOURCE_TABLE;
    default:
        return WEIR_RESOURCE_ROOT;
    }
}

/* --- Tokens ----------------------------------------------------------------------------------------------------- */

/* Puts a token into the call. */
static int give_token(struct weir_call *call, const struct weir_token_claim *claims, size_t count)
{
    struct weir_buf token;

    weir_buf_init(&token, WEIR_TOKEN_LEN_MAX);
    weir_token_issue(&call->ctl->token_key, claims, count, weir_loop_wall_ms(call->ctl->loop), &token);
    weir_buf_u8(&token, '\0');
    call->token = weir_call_alloc(call, token.len, 1);
    if (token.status != WEIR_OK)
        call->batch.status = token.status; /* then the answer is a refusal */
    else if (call->token != NULL)
        memcpy(call->token, token.ptr, token.len);
    weir_buf_fini(&token);
    if (call->token == NULL)
        call->token = pravega_proto_str("");
    return WEIR_GRPC_OK;
}

/* What a client's access operation asks of the caller, and what the token then allows. */
struct wanted {
    enum weir_permission needed, given;
};

/* False: there is no token for it. */
static bool wanted_by(const struct subject *subject, struct wanted *out)
{
    bool is_internal = weir_view_starts_with(subject->name, "_");

    switch (subject->access) {
    case PRAVEGA__STREAM_INFO__ACCESS_OPERATION__UNSPECIFIED: /* an old client: all or nothing */
        *out = (struct wanted){WEIR_PERMISSION_READ_UPDATE, WEIR_PERMISSION_READ_UPDATE};
        return true;
    case PRAVEGA__STREAM_INFO__ACCESS_OPERATION__READ:
        *out = (struct wanted){WEIR_PERMISSION_READ, WEIR_PERMISSION_READ};
        return true;
    case PRAVEGA__STREAM_INFO__ACCESS_OPERATION__NONE:
        *out = (struct wanted){WEIR_PERMISSION_READ, is_internal ? WEIR_PERMISSION_READ : WEIR_PERMISSION_NONE};
        return true;
    case PRAVEGA__STREAM_INFO__ACCESS_OPERATION__WRITE:
    case PRAVEGA__STREAM_INFO__ACCESS_OPERATION__READ_WRITE:
        *out = (struct wanted){is_internal ? needed_to_write(subject->name) : WEIR_PERMISSION_READ_UPDATE,
                               WEIR_PERMISSION_READ_UPDATE};
        return true;
    default:
        return false;
    }
}

/* The table whose segments a name may mean; empty if there is none. Java's client asks for a table's token by the
 * table's own name, ours by the one that its segments have. */
static struct weir_view table_meant(const struct weir_call *call, const struct subject *subject)
{
    struct weir_view table = without_table_suffix(subject->name);

    return weir_directory_kvt(&call->ctl->dir, subject->scope, table) != NULL ? table : weir_view(NULL, 0);
}

/* The claim on a table's segments, if the caller has the right to the table. */
static bool claim_table(const struct weir_call *call, const struct subject *subject, enum weir_permission needed,
                        struct weir_resource *out)
{
    struct weir_view table = table_meant(call, subject);
    struct weir_resource right;
    char segments[WEIR_RESOURCE_NAME_LEN_MAX + 16];

    if (table.len == 0 || !weir_resource_make(&right, WEIR_RESOURCE_TABLE, subject->scope, table) ||
        !may(call, &right, needed))
        return false;
    snprintf(segments, sizeof(segments), "%.*s" WEIR_KVT_SUFFIX, (int)table.len, table.ptr);
    return weir_resource_make(out, WEIR_RESOURCE_STREAM, subject->scope, weir_view_str(segments));
}

/* getDelegationToken. The token always names the stream itself, for the segment service; the caller's right is on what
 * it belongs to. Of a name that a stream and a table share, it names what the caller has a right to. */
static int authorize_token(struct weir_call *call, const struct subject *subject, const char **words)
{
    struct weir_resource owner, stream, table;
    struct weir_token_claim claims[2];
    struct wanted wanted;
    size_t count = 0;

    if (!weir_resource_make(&stream, WEIR_RESOURCE_STREAM, subject->scope, subject->name) ||
        !weir_resource_make(&owner, WEIR_RESOURCE_STREAM_OWNER, subject->scope, subject->name))
        return refuse_names(words);
    if (!wanted_by(subject, &wanted)) {
        *words = "there are no tokens for this access operation";
        return WEIR_GRPC_INTERNAL;
    }
    if (may(call, &owner, wanted.needed))
        claims[count++] = (struct weir_token_claim){weir_resource_view(&stream), wanted.given};
    if (claim_table(call, subject, wanted.needed, &table) &&
        (count == 0 || !weir_view_equal(weir_resource_view(&table), weir_resource_view(&stream))))
        claims[count++] = (struct weir_token_claim){weir_resource_view(&table), wanted.given};
    return count > 0 ? give_token(call, claims, count) : refuse(call, words);
}

/* --- Calls ------------------------------------------------------------------------------------------------------ */

/* Where a table's segments are is for those to know who may read the table. */
static bool may_find_table(const struct weir_call *call, const struct subject *subject)
{
    struct weir_view table = without_table_suffix(subject->name);
    struct weir_resource right;

    return table.len < subject->name.len &&
           weir_resource_make(&right, WEIR_RESOURCE_TABLE, subject->scope, table) &&
           may(call, &right, WEIR_PERMISSION_READ);
}

static int authorize_resource(struct weir_call *call, const struct weir_rpc_rule *rule, const struct subject *subject,
                              const char **words)
{
    bool wants_none = rule->token_if_asked && subject->access == PRAVEGA__STREAM_INFO__ACCESS_OPERATION__NONE;
    enum weir_permission needed = wants_none ? WEIR_PERMISSION_READ : rule->permission;
    struct weir_resource resource;

    if (!weir_resource_make(&resource, kind_of(rule->target), subject->scope, subject->name))
        return refuse_names(words);
    if (rule->target == WEIR_RPC_NEW_STREAM)
        needed = needed_to_write(subject->name);
    if (!may(call, &resource, needed) && !(rule->target == WEIR_RPC_SEGMENT && may_find_table(call, subject)))
        return refuse(call, words);
    if (rule->gives_token && !wants_none)
        return give_token(call, &(struct weir_token_claim){weir_resource_view(&resource), needed}, 1);
    return WEIR_GRPC_OK;
}

int weir_call_authorize(struct weir_call *call, const struct weir_rpc_rule *rule, const ProtobufCMessage *message,
                        const char **words)
{
    struct subject subject;

    if (call->ctl->access == NULL || rule->target == WEIR_RPC_OPEN)
        return WEIR_GRPC_OK;
    if (rule->target == WEIR_RPC_UNSAID) {
        *words = "the embedded store has no rule for who may make this call";
        return WEIR_GRPC_PERMISSION_DENIED;
    }
    subject = subject_of(message);
    return rule->target == WEIR_RPC_TOKEN ? authorize_token(call, &subject, words)
                                          : authorize_resource(call, rule, &subject, words);
}

/* --- Lists ------------------------------------------------------------------------------------------------------ */

static bool sees(const struct weir_call *call, enum weir_resource_kind kind, const char *scope, const char *name)
{
    struct weir_resource resource;

    return call->ctl->access == NULL ||
           (weir_resource_make(&resource, kind, weir_view_str(scope), weir_view_str(name)) &&
            may(call, &resource, WEIR_PERMISSION_READ));
}

bool weir_call_sees_scope(const struct weir_call *call, const char *scope)
{
    return sees(call, WEIR_RESOURCE_SCOPE, scope, NULL);
}

bool weir_call_sees_table(const struct weir_call *call, const char *scope, const char *table)
{
    return sees(call, WEIR_RESOURCE_TABLE, scope, table);
}

bool weir_call_sees_stream(const struct weir_call *call, const char *scope, const char *stream)
{
    return sees(call, WEIR_RESOURCE_STREAM, scope, stream);
}
