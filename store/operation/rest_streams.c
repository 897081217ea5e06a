/*
 * rest_streams.c - /v1/scopes/{scope}/streams and what is below it.
 */
#include <string.h>

#include "store/operation/rest_config.h"
#include "store/operation/rest_int.h"
#include "store/rules/names.h"

#define TAG_CAP (WEIR_STREAM_TAG_LEN_MAX + 1)

static struct weir_held_scope *scope_of(const struct weir_rest_call *call)
{
    return weir_directory_scope(&call->rest->parts.ctl->dir, weir_view_str(call->names[0]));
}

/* The stored configuration; to be freed. NULL: it cannot be read. */
static Pravega__StreamConfig *config_of(const struct weir_held_stream *stream)
{
    ProtobufCMessage *message = NULL;

    pravega_proto_unpack(&pravega__stream_config__descriptor, weir_buf_view(&stream->rec.config), &message, NULL);
    return (Pravega__StreamConfig *)message;
}

static json_t *stream_property(const struct weir_held_stream *stream)
{
    Pravega__StreamConfig *config = config_of(stream);
    json_t *out = config != NULL ? weir_rest_config_write(stream->scope->name, stream->name, config) : NULL;

    pravega_proto_free((ProtobufCMessage *)config);
    return out;
}

/* --- The list ----------------------------------------------------------------------------------------------------- */

static bool has_tag(const struct weir_held_stream *stream, const char *tag)
{
    Pravega__StreamConfig *config = config_of(stream);
    bool found = false;

    for (size_t i = 0; config != NULL && config->tags != NULL && i < config->tags->n_tag && !found; i++)
        found = strcmp(config->tags->tag[i], tag) == 0;
    pravega_proto_free((ProtobufCMessage *)config);
    return found;
}

void weir_rest_list_streams(struct weir_rest_call *call)
{
    struct weir_held_scope *scope = scope_of(call);
    char filter[32] = "", tag[TAG_CAP] = "";
    bool internal, by_tag;
    json_t *list;

    if (scope == NULL) {
        weir_rest_refuse(call, WEIR_HTTP_NOT_FOUND, "no such scope");
        return;
    }
    weir_rest_query(call, "filter_type", filter, sizeof(filter));
    internal = strcmp(filter, "showInternalStreams") == 0;
    by_tag = strcmp(filter, "tag") == 0 && weir_rest_query(call, "filter_value", tag, sizeof(tag));
    list = json_array();
    for (size_t i = 0; i < scope->streams.count; i++) {
        const struct weir_held_stream *stream = scope->streams.items[i];

        if ((by_tag ? has_tag(stream, tag) : internal == (stream->name[0] == '_')) &&
            weir_rest_sees(call, WEIR_RESOURCE_STREAM, scope->name, stream->name))
            json_array_append_new(list, stream_property(stream));
    }
    weir_rest_answer(call, WEIR_HTTP_OK, json_pack("{s:o}", "streams", list));
}

/* --- One stream --------------------------------------------------------------------------------------------------- */

void weir_rest_create_stream(struct weir_rest_call *call)
{
    static const enum weir_http_status outcomes[] = {
        [PRAVEGA__CREATE_STREAM_STATUS__STATUS__SUCCESS] = WEIR_HTTP_CREATED,
        [PRAVEGA__CREATE_STREAM_STATUS__STATUS__FAILURE] = WEIR_HTTP_INTERNAL_SERVER_ERROR,
        [PRAVEGA__CREATE_STREAM_STATUS__STATUS__STREAM_EXISTS] = WEIR_HTTP_CONFLICT,
        [PRAVEGA__CREATE_STREAM_STATUS__STATUS__SCOPE_NOT_FOUND] = WEIR_HTTP_NOT_FOUND,
        [PRAVEGA__CREATE_STREAM_STATUS__STATUS__INVALID_STREAM_NAME] = WEIR_HTTP_BAD_REQUEST,
    };
    const char *name = json_string_value(json_object_get(call->in, "streamName")), *wrong;
    struct weir_rest_config config = {0};

    if (name == NULL || !weir_name_valid_for_user(weir_view_str(name), strlen(WEIR_MARK_PREFIX))) {
        weir_rest_refuse(call, WEIR_HTTP_BAD_REQUEST,
                         "streamName has to be of letters, digits, '.' and '-', 250 at most");
        return;
    }
    wrong = weir_rest_config_read(call->in, call->names[0], name, &config);
    if (wrong != NULL)
        weir_rest_refuse(call, WEIR_HTTP_BAD_REQUEST, wrong);
    else
        weir_rest_change(call, "createStream", &config.config, outcomes, sizeof(outcomes) / sizeof(outcomes[0]),
                         weir_rest_config_write(call->names[0], name, &config.config));
}

void weir_rest_get_stream(struct weir_rest_call *call)
{
    const struct weir_held_stream *stream = weir_directory_stream(
        &call->rest->parts.ctl->dir, weir_view_str(call->names[0]), weir_view_str(call->names[1]));

    if (stream == NULL)
        weir_rest_refuse(call, WEIR_HTTP_NOT_FOUND, "no such stream");
    else
        weir_rest_answer(call, WEIR_HTTP_OK, stream_property(stream));
}

/* Pravega's own answers what is sealed with 500. */
static const enum weir_http_status update_outcomes[] = {
    [PRAVEGA__UPDATE_STREAM_STATUS__STATUS__SUCCESS] = WEIR_HTTP_OK,
    [PRAVEGA__UPDATE_STREAM_STATUS__STATUS__FAILURE] = WEIR_HTTP_INTERNAL_SERVER_ERROR,
    [PRAVEGA__UPDATE_STREAM_STATUS__STATUS__STREAM_NOT_FOUND] = WEIR_HTTP_NOT_FOUND,
    [PRAVEGA__UPDATE_STREAM_STATUS__STATUS__SCOPE_NOT_FOUND] = WEIR_HTTP_NOT_FOUND,
};
#define UPDATE_OUTCOME_COUNT (sizeof(update_outcomes) / sizeof(update_outcomes[0]))

void weir_rest_update_stream(struct weir_rest_call *call)
{
    struct weir_rest_config config = {0};
    const char *wrong = weir_rest_config_read(call->in, call->names[0], call->names[1], &config);

    if (wrong != NULL)
        weir_rest_refuse(call, WEIR_HTTP_BAD_REQUEST, wrong);
    else
        weir_rest_change(call, "updateStream", &config.config, update_outcomes, UPDATE_OUTCOME_COUNT,
                         weir_rest_config_write(call->names[0], call->names[1], &config.config));
}

static Pravega__StreamInfo info_of(struct weir_rest_call *call)
{
    Pravega__StreamInfo info = PRAVEGA__STREAM_INFO__INIT;

    info.scope = call->names[0];
    info.stream = call->names[1];
    return info;
}

/* SEALED is the only state that can be asked for. */
void weir_rest_update_stream_state(struct weir_rest_call *call)
{
    const char *state = json_string_value(json_object_get(call->in, "streamState"));
    Pravega__StreamInfo info = info_of(call);

    if (state == NULL || strcmp(state, "SEALED") != 0)
        weir_rest_refuse(call, WEIR_HTTP_BAD_REQUEST, "streamState can only become SEALED");
    else
        weir_rest_change(call, "sealStream", &info, update_outcomes, UPDATE_OUTCOME_COUNT,
                         json_pack("{s:s}", "streamState", "SEALED"));
}

void weir_rest_delete_stream(struct weir_rest_call *call)
{
    static const enum weir_http_status outcomes[] = {
        [PRAVEGA__DELETE_STREAM_STATUS__STATUS__SUCCESS] = WEIR_HTTP_NO_CONTENT,
        [PRAVEGA__DELETE_STREAM_STATUS__STATUS__FAILURE] = WEIR_HTTP_INTERNAL_SERVER_ERROR,
        [PRAVEGA__DELETE_STREAM_STATUS__STATUS__STREAM_NOT_FOUND] = WEIR_HTTP_NOT_FOUND,
        [PRAVEGA__DELETE_STREAM_STATUS__STATUS__STREAM_NOT_SEALED] = WEIR_HTTP_PRECONDITION_FAILED,
    };
    Pravega__StreamInfo info = info_of(call);

    weir_rest_change(call, "deleteStream", &info, outcomes, sizeof(outcomes) / sizeof(outcomes[0]), NULL);
}
