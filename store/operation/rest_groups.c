/*
 * rest_groups.c - /v1/scopes/{scope}/readergroups and what is below it.
 *
 * Which streams a group reads and which readers are online is in the group's own stream, as the readers wrote it: the
 * state is made of it as they do. The controller's configuration differs from it while a reset is under way.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/operation/group_look.h"
#include "store/operation/rest_int.h"
#include "store/rules/names.h"

#define LOOKS_MAX 8 /* of groups' states, at a time: each may hold the largest event in memory */

/* A group is its stream: so Pravega lists them, whoever made it. */
void weir_rest_list_reader_groups(struct weir_rest_call *call)
{
    struct weir_held_scope *scope =
        weir_directory_scope(&call->rest->parts.ctl->dir, weir_view_str(call->names[0]));
    size_t prefix_len = strlen(WEIR_GROUP_PREFIX);
    json_t *list, *out;

    if (scope == NULL) {
        weir_rest_refuse(call, WEIR_HTTP_NOT_FOUND, "no such scope");
        return;
    }
    list = json_array();
    for (size_t i = 0; i < scope->streams.count; i++) {
        const char *name = ((struct weir_held_stream *)scope->streams.items[i])->name;

        if (strncmp(name, WEIR_GROUP_PREFIX, prefix_len) == 0)
            json_array_append_new(list, json_pack("{s:s}", "readerGroupName", name + prefix_len));
    }
    out = json_pack("{s:o}", "readerGroups", list);
    weir_rest_answer(call, WEIR_HTTP_OK, out);
}

/* The configuration that is stored; to be freed. NULL, and the call is answered: there is no such group. */
static Pravega__ReaderGroupConfiguration *config_of(struct weir_rest_call *call)
{
    const struct weir_held_group *group = weir_directory_group(
        &call->rest->parts.ctl->dir, weir_view_str(call->names[0]), weir_view_str(call->names[1]));
    ProtobufCMessage *message = NULL;

    if (group == NULL)
        weir_rest_refuse(call, WEIR_HTTP_NOT_FOUND, "no such reader group");
    else if (pravega_proto_unpack(&pravega__reader_group_configuration__descriptor, weir_buf_view(&group->rec.config),
                                  &message, NULL) != WEIR_OK)
        weir_rest_refuse(call, WEIR_HTTP_INTERNAL_SERVER_ERROR, "the stored configuration cannot be read");
    else
        ((Pravega__ReaderGroupConfiguration *)message)->generation = group->rec.generation;
    return (Pravega__ReaderGroupConfiguration *)message;
}

/* --- What its members have written -------------------------------------------------------------------------------- */

struct state_look {
    struct weir_group_look look; /* first */
    struct weir_rest_call *call; /* its `out` is the answer without what is in the state */
};

static void drop_look(void *work)
{
    struct state_look *asked = work;

    asked->call->rest->look_count--;
    weir_group_look_fini(&asked->look);
    free(asked);
}

static void add_streams(json_t *names, const struct pravega_segment_map *map)
{
    char name[2 * (PRAVEGA_NAME_LEN_MAX + 1)];

    for (size_t i = 0; i < map->count; i++) {
        snprintf(name, sizeof(name), "%s/%s", map->entries[i].scope, map->entries[i].stream);
        json_object_set_new(names, name, json_null());
    }
}

/* Those of the segments that are being read, or to be read now; as in Pravega, not of what comes after them. */
static json_t *streams_of_state(const struct pravega_group_state *state)
{
    json_t *names = json_object(), *list = json_array(), *value;
    const char *name;

    for (size_t i = 0; i < state->reader_count; i++)
        add_streams(names, &state->readers[i].assigned);
    add_streams(names, &state->unassigned);
    json_object_foreach(names, name, value)
    {
        json_array_append_new(list, json_string(name));
    }
    json_decref(names);
    return list;
}

static json_t *readers_of_state(const struct pravega_group_state *state)
{
    json_t *list = json_array();

    for (size_t i = 0; i < state->reader_count; i++)
        json_array_append_new(list, json_string(state->readers[i].id));
    return list;
}

/* NULL: nobody has made a state yet, or nobody ever made the stream; so nobody is online, and the streams are those
 * that the first state will be made of. */
static void answer_state(struct weir_rest_call *call, const struct pravega_group_state *state)
{
    int failed =
        json_object_set_new(call->out, "onlineReaderIds", state != NULL ? readers_of_state(state) : json_array());

    if (state != NULL)
        failed |= json_object_set_new(call->out, "streamList", streams_of_state(state));
    if (failed != 0)
        weir_rest_refuse(call, WEIR_HTTP_SERVICE_UNAVAILABLE, "the store is out of memory");
    else
        weir_rest_answer(call, WEIR_HTTP_OK, call->out);
}

static void looked(struct weir_group_look *look)
{
    struct weir_rest_call *call = ((struct state_look *)look)->call;

    if (look->status == WEIR_OK)
        answer_state(call, look->log.state);
    else if (look->status == WEIR_E_NOT_FOUND)
        weir_rest_refuse(call, WEIR_HTTP_NOT_FOUND, "no such reader group");
    else
        weir_rest_refuse(call, WEIR_HTTP_INTERNAL_SERVER_ERROR, "the group's state cannot be read");
}

static struct weir_segment *state_segment(const struct weir_rest_call *call)
{
    struct weir_controller *ctl = call->rest->parts.ctl;
    char name[PRAVEGA_NAME_LEN_MAX + sizeof(WEIR_GROUP_PREFIX)];
    const struct weir_held_stream *stream;

    snprintf(name, sizeof(name), WEIR_GROUP_PREFIX "%s", call->names[1]);
    stream = weir_directory_stream(&ctl->dir, weir_view_str(call->names[0]), weir_view_str(name));
    if (stream == NULL)
        return NULL;
    return weir_stream_segment(ctl, stream, weir_epochs_active(&stream->rec.epochs)->segments[0].id);
}

static void look_at_state(struct weir_rest_call *call)
{
    struct weir_segment *seg = state_segment(call);
    struct state_look *asked;

    if (seg == NULL) {
        answer_state(call, NULL);
        return;
    }
    asked = call->rest->look_count < LOOKS_MAX ? calloc(1, sizeof(*asked)) : NULL;
    if (asked == NULL) {
        weir_rest_refuse(call, WEIR_HTTP_SERVICE_UNAVAILABLE, "too many ask about groups; try again");
        return;
    }
    asked->look.done = looked;
    asked->call = call;
    call->work = asked;
    call->drop_work = drop_look;
    call->rest->look_count++;
    weir_group_look_start(&asked->look, seg);
}

static json_t *streams_of_config(const Pravega__ReaderGroupConfiguration *config)
{
    char name[2 * (PRAVEGA_NAME_LEN_MAX + 1)];
    json_t *streams = json_array();

    for (size_t i = 0; i < config->n_startingstreamcuts; i++) {
        const Pravega__StreamInfo *info = config->startingstreamcuts[i]->streaminfo;

        if (info == NULL)
            continue;
        snprintf(name, sizeof(name), "%s/%s", info->scope, info->stream);
        json_array_append_new(streams, json_string(name));
    }
    return streams;
}

void weir_rest_get_reader_group(struct weir_rest_call *call)
{
    Pravega__ReaderGroupConfiguration *config = config_of(call);

    if (config == NULL)
        return;
    call->out = json_pack("{s:s, s:s, s:o}", "scopeName", call->names[0], "readerGroupName", call->names[1],
                          "streamList", streams_of_config(config));
    pravega_proto_free((ProtobufCMessage *)config);
    if (call->out == NULL)
        weir_rest_refuse(call, WEIR_HTTP_SERVICE_UNAVAILABLE, "the store is out of memory");
    else
        look_at_state(call);
}

/* --- Deletion ----------------------------------------------------------------------------------------------------- */

void weir_rest_delete_reader_group(struct weir_rest_call *call)
{
    static const enum weir_http_status outcomes[] = {
        [PRAVEGA__DELETE_READER_GROUP_STATUS__STATUS__SUCCESS] = WEIR_HTTP_NO_CONTENT,
        [PRAVEGA__DELETE_READER_GROUP_STATUS__STATUS__FAILURE] = WEIR_HTTP_INTERNAL_SERVER_ERROR,
        [PRAVEGA__DELETE_READER_GROUP_STATUS__STATUS__RG_NOT_FOUND] = WEIR_HTTP_NOT_FOUND,
    };
    Pravega__ReaderGroupConfiguration *config = config_of(call);
    Pravega__ReaderGroupInfo info = PRAVEGA__READER_GROUP_INFO__INIT;

    if (config == NULL)
        return;
    info.scope = call->names[0];
    info.readergroup = call->names[1];
    info.readergroupid = config->readergroupid;
    info.generation = config->generation;
    weir_rest_change(call, "deleteReaderGroup", &info, outcomes, sizeof(outcomes) / sizeof(outcomes[0]), NULL);
    pravega_proto_free((ProtobufCMessage *)config);
}
