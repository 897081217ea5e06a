/*
 * rest_scopes.c - /v1/scopes and /v1/scopes/{scope}.
 */
#include "store/operation/rest_int.h"

#include "store/rules/names.h"

static json_t *scope_property(const char *name)
{
    return json_pack("{s:s}", "scopeName", name);
}

void weir_rest_list_scopes(struct weir_rest_call *call)
{
    const struct weir_name_table *scopes = &call->rest->parts.ctl->dir.scopes;
    json_t *list = json_array();

    for (size_t i = 0; i < scopes->count; i++) {
        const char *name = ((struct weir_held_scope *)scopes->items[i])->name;

        if (weir_rest_sees(call, WEIR_RESOURCE_SCOPE, name, ""))
            json_array_append_new(list, scope_property(name));
    }
    weir_rest_answer(call, WEIR_HTTP_OK, json_pack("{s:o}", "scopes", list));
}

void weir_rest_create_scope(struct weir_rest_call *call)
{
    static const enum weir_http_status outcomes[] = {
        [PRAVEGA__CREATE_SCOPE_STATUS__STATUS__SUCCESS] = WEIR_HTTP_CREATED,
        [PRAVEGA__CREATE_SCOPE_STATUS__STATUS__FAILURE] = WEIR_HTTP_INTERNAL_SERVER_ERROR,
        [PRAVEGA__CREATE_SCOPE_STATUS__STATUS__SCOPE_EXISTS] = WEIR_HTTP_CONFLICT,
        [PRAVEGA__CREATE_SCOPE_STATUS__STATUS__INVALID_SCOPE_NAME] = WEIR_HTTP_BAD_REQUEST,
    };
    const char *name = json_string_value(json_object_get(call->in, "scopeName"));
    Pravega__ScopeInfo info = PRAVEGA__SCOPE_INFO__INIT;

    if (name == NULL || !weir_name_valid_for_user(weir_view_str(name), 0)) {
        weir_rest_refuse(call, WEIR_HTTP_BAD_REQUEST,
                         "scopeName has to be of letters, digits, '.' and '-', 255 at most");
        return;
    }
    info.scope = pravega_proto_str(name);
    weir_rest_change(call, "createScope", &info, outcomes, sizeof(outcomes) / sizeof(outcomes[0]),
                     scope_property(name));
}

void weir_rest_get_scope(struct weir_rest_call *call)
{
    if (weir_directory_scope(&call->rest->parts.ctl->dir, weir_view_str(call->names[0])) == NULL)
        weir_rest_refuse(call, WEIR_HTTP_NOT_FOUND, "no such scope");
    else
        weir_rest_answer(call, WEIR_HTTP_OK, scope_property(call->names[0]));
}

void weir_rest_delete_scope(struct weir_rest_call *call)
{
    static const enum weir_http_status outcomes[] = {
        [PRAVEGA__DELETE_SCOPE_STATUS__STATUS__SUCCESS] = WEIR_HTTP_NO_CONTENT,
        [PRAVEGA__DELETE_SCOPE_STATUS__STATUS__FAILURE] = WEIR_HTTP_INTERNAL_SERVER_ERROR,
        [PRAVEGA__DELETE_SCOPE_STATUS__STATUS__SCOPE_NOT_FOUND] = WEIR_HTTP_NOT_FOUND,
        [PRAVEGA__DELETE_SCOPE_STATUS__STATUS__SCOPE_NOT_EMPTY] = WEIR_HTTP_PRECONDITION_FAILED,
    };
    Pravega__ScopeInfo info = PRAVEGA__SCOPE_INFO__INIT;

    info.scope = call->names[0];
    weir_rest_change(call, "deleteScope", &info, outcomes, sizeof(outcomes) / sizeof(outcomes[0]), NULL);
}
