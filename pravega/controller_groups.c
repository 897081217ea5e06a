/*
 * controller_groups.c - the controller's calls on reader groups, and on their subscriptions to streams.
 *
 * A configuration crosses in both directions: `struct config_message` is one on its way out, with the memory of its
 * cuts; `struct record_copy` is one that came in, whose strings are lent from the reply.
 */
#include "pravega/controller_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/uuid.h"
#include "pravega/format/objects.h"

#define MISSING "it does not exist"
#define FAILED "the controller failed"

/* Upstream's ReaderGroupConfig. */
#define GROUP_REFRESH_MS 3000
#define AUTOMATIC_CHECKPOINT_INTERVAL_MS 30000
#define OUTSTANDING_CHECKPOINTS_MAX 3

static const struct pravega_outcome create_outcomes[] = {
    [PRAVEGA__CREATE_READER_GROUP_RESPONSE__STATUS__SUCCESS] = {WEIR_OK, NULL},
    [PRAVEGA__CREATE_READER_GROUP_RESPONSE__STATUS__FAILURE] = {WEIR_E_IO, FAILED},
    [PRAVEGA__CREATE_READER_GROUP_RESPONSE__STATUS__SCOPE_NOT_FOUND] = {WEIR_E_NOT_FOUND, "there is no such scope"},
    [PRAVEGA__CREATE_READER_GROUP_RESPONSE__STATUS__INVALID_RG_NAME] = {WEIR_E_INVAL,
                                                                        "names take letters, digits, '.' and '-'"},
};
static const struct pravega_outcome get_outcomes[] = {
    [PRAVEGA__READER_GROUP_CONFIG_RESPONSE__STATUS__SUCCESS] = {WEIR_OK, NULL},
    [PRAVEGA__READER_GROUP_CONFIG_RESPONSE__STATUS__FAILURE] = {WEIR_E_IO, FAILED},
    [PRAVEGA__READER_GROUP_CONFIG_RESPONSE__STATUS__RG_NOT_FOUND] = {WEIR_E_NOT_FOUND, MISSING},
};
static const struct pravega_outcome update_outcomes[] = {
    [PRAVEGA__UPDATE_READER_GROUP_RESPONSE__STATUS__SUCCESS] = {WEIR_OK, NULL},
    [PRAVEGA__UPDATE_READER_GROUP_RESPONSE__STATUS__FAILURE] = {WEIR_E_BUSY, "another update of it is under way"},
    [PRAVEGA__UPDATE_READER_GROUP_RESPONSE__STATUS__RG_NOT_FOUND] = {WEIR_E_NOT_FOUND, MISSING},
    [PRAVEGA__UPDATE_READER_GROUP_RESPONSE__STATUS__INVALID_CONFIG] = {WEIR_E_CONFLICT,
                                                                       "it has another id, or was updated meanwhile"},
};
static const struct pravega_outcome delete_outcomes[] = {
    [PRAVEGA__DELETE_READER_GROUP_STATUS__STATUS__SUCCESS] = {WEIR_OK, NULL},
    [PRAVEGA__DELETE_READER_GROUP_STATUS__STATUS__FAILURE] = {WEIR_E_IO, FAILED},
    [PRAVEGA__DELETE_READER_GROUP_STATUS__STATUS__RG_NOT_FOUND] = {WEIR_E_NOT_FOUND, MISSING},
};
static const struct pravega_outcome subscribers_outcomes[] = {
    [PRAVEGA__SUBSCRIBERS_RESPONSE__STATUS__SUCCESS] = {WEIR_OK, NULL},
    [PRAVEGA__SUBSCRIBERS_RESPONSE__STATUS__FAILURE] = {WEIR_E_IO, FAILED},
    [PRAVEGA__SUBSCRIBERS_RESPONSE__STATUS__STREAM_NOT_FOUND] = {WEIR_E_NOT_FOUND, MISSING},
};
static const struct pravega_outcome subscriber_outcomes[] = {
    [PRAVEGA__UPDATE_SUBSCRIBER_STATUS__STATUS__SUCCESS] = {WEIR_OK, NULL},
    [PRAVEGA__UPDATE_SUBSCRIBER_STATUS__STATUS__FAILURE] = {WEIR_E_IO, FAILED},
    [PRAVEGA__UPDATE_SUBSCRIBER_STATUS__STATUS__STREAM_NOT_FOUND] = {WEIR_E_NOT_FOUND, MISSING},
    [PRAVEGA__UPDATE_SUBSCRIBER_STATUS__STATUS__SUBSCRIBER_NOT_FOUND] = {WEIR_E_NOT_FOUND,
                                                                         "the group is no subscriber of it"},
    [PRAVEGA__UPDATE_SUBSCRIBER_STATUS__STATUS__STREAM_CUT_NOT_VALID] = {WEIR_E_INVAL,
                                                                         "no stream cut at or after the one before"},
    [PRAVEGA__UPDATE_SUBSCRIBER_STATUS__STATUS__GENERATION_MISMATCH] = {WEIR_E_CONFLICT,
                                                                        "the group was updated meanwhile"},
};

static void finish_created(struct pravega_end *end, const ProtobufCMessage *reply);
static void finish_record(struct pravega_end *end, const ProtobufCMessage *reply);
static void finish_updated(struct pravega_end *end, const ProtobufCMessage *reply);
static void finish_subscribers(struct pravega_end *end, const ProtobufCMessage *reply);

static const struct pravega_rpc create_rpc = {"createReaderGroup", "create", PRAVEGA_OUTCOMES(create_outcomes),
                                              .finish = finish_created};
static const struct pravega_rpc get_rpc = {"getReaderGroupConfig", "get the configuration of",
                                           PRAVEGA_OUTCOMES(get_outcomes), .finish = finish_record};
static const struct pravega_rpc update_rpc = {"updateReaderGroup", "update", PRAVEGA_OUTCOMES(update_outcomes),
                                              .finish = finish_updated};
static const struct pravega_rpc delete_rpc = {"deleteReaderGroup", "delete", PRAVEGA_OUTCOMES(delete_outcomes),
                                              .finish = pravega_finish_done};
static const struct pravega_rpc subscribers_rpc = {
    "listSubscribers", "list the subscribers of", PRAVEGA_OUTCOMES(subscribers_outcomes), .finish = finish_subscribers};
static const struct pravega_rpc subscriber_rpc = {"updateSubscriberStreamCut", "set a subscriber's cut of",
                                                  PRAVEGA_OUTCOMES(subscriber_outcomes), .finish = pravega_finish_done};

static void start_group(struct pravega_call *call, struct pravega_client *client, const struct pravega_rpc *rpc,
                        const struct pravega_group_name *name, const ProtobufCMessage *request, void (*done)(void),
                        void *arg)
{
    struct pravega_stream_name scoped = {name->scope, name->group};

    pravega_call_start_named(call, client, rpc, "reader group", &scoped, NULL, request, done, arg);
}

/* ---- a configuration that goes out */

struct cut_message {
    Pravega__StreamCut cut;
    Pravega__StreamInfo info;
    struct pravega_cut_map map;
};

static void cut_message_fini(struct cut_message *message)
{
    pravega_cut_map_fini(&message->map);
}

/* Without positions it is the controller's UNBOUNDED. */
static enum weir_status cut_message_init(struct cut_message *message, const struct pravega_stream_name *stream,
                                         const struct pravega_segment_offset *positions, size_t count,
                                         struct weir_error *err)
{
    enum weir_status status = pravega_cut_map_init(&message->map, positions, count, err);

    if (status != WEIR_OK)
        return status;
    pravega__stream_cut__init(&message->cut);
    pravega_stream_info(&message->info, stream);
    message->cut.streaminfo = &message->info;
    message->cut.cut = message->map.entries;
    message->cut.n_cut = count;
    return WEIR_OK;
}

/* One end of each stream of a group, as a repeated field. */
struct cut_list {
    struct cut_message *messages;
    Pravega__StreamCut **cuts;
    size_t count; /* how many messages are made */
};

static void cut_list_fini(struct cut_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        cut_message_fini(&list->messages[i]);
    free(list->messages);
    free(list->cuts);
}

static enum weir_status cut_list_alloc(struct cut_list *list, size_t count, struct weir_error *err)
{
    list->messages = calloc(count + 1, sizeof(*list->messages));
    list->cuts = calloc(count + 1, sizeof(*list->cuts));
    if (list->messages == NULL || list->cuts == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "out of memory for the stream cuts of %zu streams", count);
    return WEIR_OK;
}

/* @param cut NULL: UNBOUNDED */
static enum weir_status cut_list_add(struct cut_list *list, const struct pravega_stream_name *stream,
                                     const struct pravega_stream_cut *cut, struct weir_error *err)
{
    struct cut_message *message = &list->messages[list->count];
    enum weir_status status = cut_message_init(message, stream, cut != NULL ? cut->positions : NULL,
                                               cut != NULL ? cut->position_count : 0, err);

    if (status == WEIR_OK)
        list->cuts[list->count++] = &message->cut;
    return status;
}

struct config_message {
    Pravega__ReaderGroupConfiguration config;
    char id[WEIR_UUID_TEXT_LEN + 1];
    struct cut_list starting, ending;
};

static void config_message_fini(struct config_message *message)
{
    cut_list_fini(&message->starting);
    cut_list_fini(&message->ending);
}

static int64_t or_default(int64_t value, int64_t if_zero)
{
    return value != 0 ? value : if_zero;
}

static void config_message_fill(struct config_message *message, const struct pravega_group_name *name,
                                const struct pravega_group_record *record)
{
    const struct pravega_reader_group_config *from = &record->config;
    Pravega__ReaderGroupConfiguration *to = &message->config;

    pravega__reader_group_configuration__init(to);
    pravega_txn_id_text(record->id, message->id);
    to->scope = pravega_proto_str(name->scope);
    to->readergroupname = pravega_proto_str(name->group);
    to->grouprefreshtimemillis = or_default(from->group_refresh_time_ms, GROUP_REFRESH_MS);
    to->automaticcheckpointintervalmillis =
        or_default(from->automatic_checkpoint_interval_ms, AUTOMATIC_CHECKPOINT_INTERVAL_MS);
    to->maxoutstandingcheckpointrequest =
        (int32_t)or_default(from->max_outstanding_checkpoint_request, OUTSTANDING_CHECKPOINTS_MAX);
    to->retentiontype = (int32_t)from->retention_type;
    to->generation = record->generation;
    to->readergroupid = message->id;
    to->startingstreamcuts = message->starting.cuts;
    to->n_startingstreamcuts = message->starting.count;
    to->endingstreamcuts = message->ending.cuts;
    to->n_endingstreamcuts = message->ending.count;
}

/* Fini is due whatever happens. */
static enum weir_status config_message_init(struct config_message *message, const struct pravega_group_name *name,
                                            const struct pravega_group_record *record, struct weir_error *err)
{
    const struct pravega_reader_group_config *from = &record->config;
    enum weir_status status;

    *message = (struct config_message){0};
    status = cut_list_alloc(&message->starting, from->stream_count, err);
    if (status == WEIR_OK)
        status = cut_list_alloc(&message->ending, from->stream_count, err);
    for (size_t i = 0; i < from->stream_count && status == WEIR_OK; i++) {
        status = cut_list_add(&message->starting, &from->streams[i].stream, from->streams[i].from, err);
        if (status == WEIR_OK)
            status = cut_list_add(&message->ending, &from->streams[i].stream, from->streams[i].to, err);
    }
    if (status == WEIR_OK)
        config_message_fill(message, name, record);
    return status;
}

static void start_with_config(struct pravega_call *call, struct pravega_client *client, const struct pravega_rpc *rpc,
                              const struct pravega_group_name *name, const struct pravega_group_record *record,
                              void (*done)(void), void *arg)
{
    struct config_message message;
    struct weir_error why;

    if (config_message_init(&message, name, record, &why) == WEIR_OK)
        start_group(call, client, rpc, name, &message.config.base, done, arg);
    else
        pravega_call_reject(call, client, rpc, &why, done, arg);
    config_message_fini(&message);
}

void pravega_controller_create_group(struct pravega_call *call, struct pravega_client *client,
                                     const struct pravega_group_name *name, const struct pravega_group_record *record,
                                     pravega_group_record_fn *done, void *arg)
{
    start_with_config(call, client, &create_rpc, name, record, (void (*)(void))done, arg);
}

void pravega_controller_update_group(struct pravega_call *call, struct pravega_client *client,
                                     const struct pravega_group_name *name, const struct pravega_group_record *record,
                                     pravega_generation_fn *done, void *arg)
{
    start_with_config(call, client, &update_rpc, name, record, (void (*)(void))done, arg);
}

static void finish_updated(struct pravega_end *end, const ProtobufCMessage *reply)
{
    const Pravega__UpdateReaderGroupResponse *updated = (const Pravega__UpdateReaderGroupResponse *)reply;

    ((pravega_generation_fn *)end->done)(end->arg, end->status, updated != NULL ? updated->generation : 0, &end->why);
}

/* ---- a configuration that comes in */

struct record_copy {
    struct pravega_group_record record;
    struct pravega_group_stream *streams;
    struct pravega_stream_cut *starting, *ending; /* sorted by stream */
    struct pravega_segment_offset *positions;     /* of all cuts, one after the other */
    size_t position_count;
};

static void record_copy_fini(struct record_copy *copy)
{
    free(copy->streams);
    free(copy->starting);
    free(copy->ending);
    free(copy->positions);
}

static size_t positions_in(Pravega__StreamCut *const *cuts, size_t count)
{
    size_t sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += cuts[i]->n_cut;
    return sum;
}

static enum weir_status record_copy_alloc(struct record_copy *copy, const Pravega__ReaderGroupConfiguration *from,
                                          struct weir_error *err)
{
    size_t starting = from->n_startingstreamcuts, ending = from->n_endingstreamcuts;
    size_t positions = positions_in(from->startingstreamcuts, starting) + positions_in(from->endingstreamcuts, ending);

    copy->streams = calloc(starting + 1, sizeof(*copy->streams));
    copy->starting = calloc(starting + 1, sizeof(*copy->starting));
    copy->ending = calloc(ending + 1, sizeof(*copy->ending));
    copy->positions = calloc(positions + 1, sizeof(*copy->positions));
    if (copy->streams == NULL || copy->starting == NULL || copy->ending == NULL || copy->positions == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "out of memory for the stream cuts of %zu streams", starting + ending);
    return WEIR_OK;
}

/* One of the reply's cuts, its positions in copy->positions; false if it names no stream, or is no cut. */
static bool copy_cut(struct record_copy *copy, const Pravega__StreamCut *from, struct pravega_stream_cut *to)
{
    struct pravega_segment_offset *positions = &copy->positions[copy->position_count];

    if (from->streaminfo == NULL || from->streaminfo->scope[0] == '\0' || from->streaminfo->stream[0] == '\0')
        return false;
    for (size_t i = 0; i < from->n_cut; i++)
        positions[i] = (struct pravega_segment_offset){from->cut[i]->key, from->cut[i]->value};
    copy->position_count += from->n_cut;
    *to = (struct pravega_stream_cut){from->streaminfo->scope, from->streaminfo->stream, positions, from->n_cut};
    return pravega_stream_cut_arrange(to);
}

static int by_stream(const void *a, const void *b)
{
    const struct pravega_stream_cut *left = a, *right = b;
    int order = strcmp(left->scope, right->scope);

    return order != 0 ? order : strcmp(left->stream, right->stream);
}

static bool copy_cuts(struct record_copy *copy, Pravega__StreamCut *const *from, size_t count,
                      struct pravega_stream_cut *to)
{
    for (size_t i = 0; i < count; i++)
        if (!copy_cut(copy, from[i], &to[i]))
            return false;
    if (count != 0)
        qsort(to, count, sizeof(*to), by_stream);
    return true;
}

/* The streams are those with a start; false for an end without one, and for a stream twice. */
static bool join_cuts(struct record_copy *copy, size_t starting, size_t ending)
{
    size_t next = 0;

    for (size_t i = 0; i < starting; i++) {
        struct pravega_stream_cut *from = &copy->starting[i], *to = &copy->ending[next];

        if (i > 0 && by_stream(from - 1, from) == 0)
            return false;
        copy->streams[i].stream = (struct pravega_stream_name){from->scope, from->stream};
        if (from->position_count != 0)
            copy->streams[i].from = from;
        if (next == ending || by_stream(from, to) != 0)
            continue;
        if (to->position_count != 0)
            copy->streams[i].to = to;
        next++;
    }
    return next == ending;
}

/* What is not a cut. False for no UUID, or a retention that is none. */
static bool copy_plain(struct pravega_group_record *to, const Pravega__ReaderGroupConfiguration *from)
{
    struct weir_uuid id;

    if (!weir_uuid_parse(weir_view_str(from->readergroupid), &id) || from->retentiontype < 0 ||
        from->retentiontype > PRAVEGA_DATA_RETENTION_AUTOMATIC_RELEASE_AT_LAST_CHECKPOINT)
        return false;
    to->id = (struct pravega_txn_id){id.msb, id.lsb};
    to->generation = from->generation;
    to->config.group_refresh_time_ms = from->grouprefreshtimemillis;
    to->config.automatic_checkpoint_interval_ms = from->automaticcheckpointintervalmillis;
    to->config.max_outstanding_checkpoint_request = from->maxoutstandingcheckpointrequest;
    to->config.retention_type = (enum pravega_data_retention)from->retentiontype;
    return true;
}

/* Fini is due whatever happens. */
static enum weir_status record_copy_init(struct record_copy *copy, const Pravega__ReaderGroupConfiguration *from,
                                         struct weir_error *err)
{
    size_t starting = from->n_startingstreamcuts, ending = from->n_endingstreamcuts;
    enum weir_status status = record_copy_alloc(copy, from, err);

    if (status != WEIR_OK)
        return status;
    if (!copy_plain(&copy->record, from) || !copy_cuts(copy, from->startingstreamcuts, starting, copy->starting) ||
        !copy_cuts(copy, from->endingstreamcuts, ending, copy->ending) || !join_cuts(copy, starting, ending))
        return weir_fail(err, WEIR_E_PROTO, "the controller answered with the configuration of no reader group");
    copy->record.config.streams = copy->streams;
    copy->record.config.stream_count = starting;
    return WEIR_OK;
}

static void end_with_record(struct pravega_end *end, const Pravega__ReaderGroupConfiguration *from)
{
    struct record_copy copy = {0};

    if (end->status == WEIR_OK && from == NULL)
        end->status = weir_fail(&end->why, WEIR_E_PROTO, "the controller answered without a configuration");
    else if (end->status == WEIR_OK)
        end->status = record_copy_init(&copy, from, &end->why);
    ((pravega_group_record_fn *)end->done)(end->arg, end->status, end->status == WEIR_OK ? &copy.record : NULL,
                                           &end->why);
    record_copy_fini(&copy);
}

static void finish_created(struct pravega_end *end, const ProtobufCMessage *reply)
{
    end_with_record(end, reply != NULL ? ((const Pravega__CreateReaderGroupResponse *)reply)->config : NULL);
}

static void finish_record(struct pravega_end *end, const ProtobufCMessage *reply)
{
    end_with_record(end, reply != NULL ? ((const Pravega__ReaderGroupConfigResponse *)reply)->config : NULL);
}

/* ---- calls with a group's name */

void pravega_controller_get_group(struct pravega_call *call, struct pravega_client *client,
                                  const struct pravega_group_name *name, pravega_group_record_fn *done, void *arg)
{
    Pravega__ReaderGroupInfo request = PRAVEGA__READER_GROUP_INFO__INIT;

    request.scope = pravega_proto_str(name->scope);
    request.readergroup = pravega_proto_str(name->group);
    start_group(call, client, &get_rpc, name, &request.base, (void (*)(void))done, arg);
}

void pravega_controller_delete_group(struct pravega_call *call, struct pravega_client *client,
                                     const struct pravega_group_name *name, struct pravega_txn_id id,
                                     pravega_done_fn *done, void *arg)
{
    Pravega__ReaderGroupInfo request = PRAVEGA__READER_GROUP_INFO__INIT;
    char text[WEIR_UUID_TEXT_LEN + 1];

    pravega_txn_id_text(id, text);
    request.scope = pravega_proto_str(name->scope);
    request.readergroup = pravega_proto_str(name->group);
    request.readergroupid = text;
    start_group(call, client, &delete_rpc, name, &request.base, (void (*)(void))done, arg);
}

/* ---- subscriptions */

void pravega_controller_list_subscribers(struct pravega_call *call, struct pravega_client *client,
                                         const struct pravega_stream_name *stream, pravega_names_fn *done, void *arg)
{
    Pravega__StreamInfo request;

    pravega_stream_info(&request, stream);
    pravega_call_start_stream(call, client, &subscribers_rpc, stream, NULL, &request.base, (void (*)(void))done, arg);
}

static void finish_subscribers(struct pravega_end *end, const ProtobufCMessage *reply)
{
    const Pravega__SubscribersResponse *list = (const Pravega__SubscribersResponse *)reply;

    ((pravega_names_fn *)end->done)(end->arg, end->status, list != NULL ? (const char *const *)list->subscribers : NULL,
                                    list != NULL ? list->n_subscribers : 0, &end->why);
}

void pravega_controller_update_subscriber_cut(struct pravega_call *call, struct pravega_client *client,
                                              const struct pravega_stream_name *stream,
                                              const struct pravega_group_name *name, struct pravega_txn_id id,
                                              int64_t generation, const struct pravega_segment_offset *cut,
                                              size_t count, pravega_done_fn *done, void *arg)
{
    Pravega__SubscriberStreamCut request = PRAVEGA__SUBSCRIBER_STREAM_CUT__INIT;
    char subscriber[2 * PRAVEGA_NAME_LEN_MAX + 2], text[WEIR_UUID_TEXT_LEN + 1];
    struct cut_message message;
    struct weir_error why;

    if (cut_message_init(&message, stream, cut, count, &why) != WEIR_OK) {
        pravega_call_reject(call, client, &subscriber_rpc, &why, (void (*)(void))done, arg);
        return;
    }
    snprintf(subscriber, sizeof(subscriber), "%s/%s", name->scope, name->group);
    pravega_txn_id_text(id, text);
    request.subscriber = subscriber;
    request.generation = generation;
    request.readergroupid = text;
    request.streamcut = &message.cut;
    pravega_call_start_stream(call, client, &subscriber_rpc, stream, NULL, &request.base, (void (*)(void))done, arg);
    cut_message_fini(&message);
}
