/*
 * scopes.c - the calls about scopes.
 */
#include <string.h>

#include "store/controller/controller_int.h"
#include "store/rules/names.h"

/* Every cluster has this scope for itself, and clients find it in the list. It stays empty here. */
static const char own_scope[] = "_system";

enum weir_status weir_scopes_begin(struct weir_controller *ctl)
{
    struct weir_held_scope *scope;
    struct weir_batch batch;
    enum weir_status status;

    if (weir_directory_scope(&ctl->dir, weir_view_str(own_scope)) != NULL)
        return WEIR_OK;
    scope = weir_held_scope_new(weir_view_str(own_scope));
    status = scope != NULL ? weir_name_table_insert(&ctl->dir.scopes, scope) : WEIR_E_NOMEM;
    if (status != WEIR_OK) {
        weir_held_scope_free(scope, ctl->loop);
        return status;
    }
    weir_batch_init(&batch);
    weir_batch_put_scope(&batch, own_scope);
    status = weir_batch_commit_unasked(&batch, ctl->ctr);
    weir_batch_fini(&batch);
    return status;
}

static bool is_own(const struct weir_held_scope *scope)
{
    return strcmp(scope->name, own_scope) == 0;
}

void weir_rpc_create_scope(struct weir_call *call, const void *message)
{
    const Pravega__ScopeInfo *in = message;
    Pravega__CreateScopeStatus reply = PRAVEGA__CREATE_SCOPE_STATUS__INIT;
    struct weir_view name = weir_view_str(in->scope);
    struct weir_held_scope *scope = NULL;

    if (name.len == 0) {
        weir_call_refuse(call, WEIR_GRPC_INTERNAL, "a scope needs a name");
        return;
    }
    if (!weir_name_valid(name)) {
        reply.status = PRAVEGA__CREATE_SCOPE_STATUS__STATUS__INVALID_SCOPE_NAME;
    } else if (weir_directory_scope(&call->ctl->dir, name) != NULL) {
        reply.status = PRAVEGA__CREATE_SCOPE_STATUS__STATUS__SCOPE_EXISTS;
    } else {
        weir_batch_put_scope(&call->batch, in->scope);
        scope = weir_held_scope_new(name);
        if (scope == NULL || weir_name_table_insert(&call->ctl->dir.scopes, scope) != WEIR_OK) {
            call->batch.status = WEIR_E_NOMEM;
            weir_held_scope_free(scope, call->ctl->loop);
        } else if (weir_call_commit(call) != WEIR_OK) {
            reply.status = PRAVEGA__CREATE_SCOPE_STATUS__STATUS__FAILURE;
            weir_name_table_remove(&call->ctl->dir.scopes, scope);
            weir_held_scope_free(scope, call->ctl->loop);
        }
    }
    weir_call_answer(call, &reply.base);
}

/* Commits what the batch removes already, and the scope. */
static int remove_scope(struct weir_call *call, struct weir_held_scope *scope)
{
    weir_batch_remove_scope(&call->batch, scope->name);
    if (weir_call_commit(call) != WEIR_OK)
        return PRAVEGA__DELETE_SCOPE_STATUS__STATUS__FAILURE;
    weir_name_table_remove(&call->ctl->dir.scopes, scope);
    weir_held_scope_free(scope, call->ctl->loop);
    return PRAVEGA__DELETE_SCOPE_STATUS__STATUS__SUCCESS;
}

void weir_rpc_delete_scope(struct weir_call *call, const void *message)
{
    const Pravega__ScopeInfo *in = message;
    Pravega__DeleteScopeStatus reply = PRAVEGA__DELETE_SCOPE_STATUS__INIT;
    struct weir_held_scope *scope = weir_directory_scope(&call->ctl->dir, weir_view_str(in->scope));

    if (scope == NULL) {
        reply.status = PRAVEGA__DELETE_SCOPE_STATUS__STATUS__SCOPE_NOT_FOUND;
    } else if (scope->streams.count > 0 || scope->groups.count > 0 || scope->kvts.count > 0 || is_own(scope)) {
        reply.status = PRAVEGA__DELETE_SCOPE_STATUS__STATUS__SCOPE_NOT_EMPTY;
    } else {
        reply.status = remove_scope(call, scope);
    }
    weir_call_answer(call, &reply.base);
}

/* Ends what is open in the scope's streams, so that nothing of theirs stands outside their records. */
static bool finish_streams(struct weir_controller *ctl, struct weir_held_scope *scope)
{
    for (size_t i = 0; i < scope->streams.count; i++) {
        if (!weir_txns_finish(ctl, scope->streams.items[i]))
            return false;
    }
    return true;
}

void weir_rpc_delete_scope_recursive(struct weir_call *call, const void *message)
{
    const Pravega__ScopeInfo *in = message;
    Pravega__DeleteScopeStatus reply = PRAVEGA__DELETE_SCOPE_STATUS__INIT; /* SUCCESS if it is gone already */
    struct weir_held_scope *scope = weir_directory_scope(&call->ctl->dir, weir_view_str(in->scope));

    if (scope != NULL && (is_own(scope) || !finish_streams(call->ctl, scope))) {
        reply.status = PRAVEGA__DELETE_SCOPE_STATUS__STATUS__FAILURE;
    } else if (scope != NULL) {
        for (size_t i = 0; i < scope->streams.count; i++)
            weir_stream_remove_alone(&call->batch, scope->streams.items[i]);
        for (size_t i = 0; i < scope->groups.count; i++)
            weir_batch_remove_group(&call->batch, scope->name,
                                    ((struct weir_held_group *)scope->groups.items[i])->name);
        for (size_t i = 0; i < scope->kvts.count; i++)
            weir_kvt_remove(&call->batch, scope, scope->kvts.items[i]);
        reply.status = remove_scope(call, scope);
    }
    weir_call_answer(call, &reply.base);
}

void weir_rpc_check_scope_exists(struct weir_call *call, const void *message)
{
    const Pravega__ScopeInfo *in = message;
    Pravega__ExistsResponse reply = PRAVEGA__EXISTS_RESPONSE__INIT;

    reply.exists = weir_directory_scope(&call->ctl->dir, weir_view_str(in->scope)) != NULL;
    weir_call_answer(call, &reply.base);
}
