/*
 * reader_groups.c - the calls about reader groups, and about the streams' subscribers that they are.
 *
 * The state of a group is in its own stream, "_RG<group>", and is its readers' business. Here is its configuration,
 * with a generation that counts updates, and the place up to which a group has released a stream's data.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/uuid.h"
#include "store/controller/controller_int.h"
#include "store/controller/stream_config.h"
#include "store/rules/names.h"
#include "weir/host.h"

#define GROUP_STREAM_ROLLOVER_BYTES (INT64_C(4) << 20)
#define RETENTION_NONE 0

struct subscriber_name {
    char text[2 * (PRAVEGA_NAME_LEN_MAX + 1)];
};

static struct weir_view subscriber_name(struct subscriber_name *out, const char *scope, const char *group)
{
    int len = snprintf(out->text, sizeof(out->text), "%s/%s", scope, group);

    return weir_view(out->text, len > 0 && (size_t)len < sizeof(out->text) ? (size_t)len : 0);
}

/* Refuses a call about what is in a scope that is not there. */
static bool scope_found(struct weir_call *call, const char *scope)
{
    if (weir_directory_scope(&call->ctl->dir, weir_view_str(scope)) != NULL)
        return true;
    weir_call_refuse(call, WEIR_GRPC_NOT_FOUND, "no such scope");
    return false;
}

/* Refuses a call about a group without a name, or in a scope that is not there. */
static bool group_named(struct weir_call *call, const char *scope, const char *group)
{
    if (!scope_found(call, scope))
        return false;
    if (group[0] != '\0')
        return true;
    weir_call_refuse(call, WEIR_GRPC_UNKNOWN, "a reader group has a name");
    return false;
}

/* An id that is none is looked at only where there is something to compare it with. */
static bool id_readable(struct weir_call *call, const char *id)
{
    struct weir_uuid out;

    if (weir_uuid_parse(weir_view_str(id), &out))
        return true;
    weir_call_refuse(call, WEIR_GRPC_UNKNOWN, "that is no id of a reader group");
    return false;
}

static Pravega__ReaderGroupConfiguration *config_of(const struct weir_group_record *rec)
{
    ProtobufCMessage *message = NULL;

    if (pravega_proto_unpack(&pravega__reader_group_configuration__descriptor, weir_buf_view(&rec->config), &message,
                             NULL) != WEIR_OK)
        return NULL;
    ((Pravega__ReaderGroupConfiguration *)message)->generation = rec->generation;
    return (Pravega__ReaderGroupConfiguration *)message;
}

static bool same_id(const char *a, const char *b)
{
    struct weir_uuid x, y;

    return weir_uuid_parse(weir_view_str(a), &x) && weir_uuid_parse(weir_view_str(b), &y) && weir_uuid_equal(x, y);
}

/* What is kept of a request: a group's stream has a rollover size of its own, whatever is asked for. */
static Pravega__ReaderGroupConfiguration kept_form(const Pravega__ReaderGroupConfiguration *in, int64_t generation)
{
    Pravega__ReaderGroupConfiguration kept = *in;

    kept.generation = generation;
    kept.rolloversizebytes = 0;
    return kept;
}

static enum weir_status record_take(struct weir_group_record *rec, const Pravega__ReaderGroupConfiguration *config,
                                    int64_t generation)
{
    size_t len = pravega__reader_group_configuration__get_packed_size(config);

    *rec = (struct weir_group_record){.generation = generation};
    weir_buf_init(&rec->config, WEIR_CATALOG_RECORD_LEN_MAX);
    if (weir_buf_reserve(&rec->config, len) != NULL)
        rec->config.len += pravega__reader_group_configuration__pack(config, rec->config.ptr);
    return rec->config.status;
}

/* --- Subscribers ------------------------------------------------------------------------------------------------ */

/* The streams that a configuration names. Unbounded groups name theirs too, with an empty cut. */
static struct weir_held_stream *subscribed(const struct weir_call *call,
                                           const Pravega__ReaderGroupConfiguration *config, size_t i)
{
    return weir_call_stream(call, config->startingstreamcuts[i]->streaminfo);
}

static bool is_subscribed(const struct weir_call *call, const Pravega__ReaderGroupConfiguration *config,
                          const struct weir_held_stream *stream)
{
    for (size_t i = 0; config->retentiontype != RETENTION_NONE && i < config->n_startingstreamcuts; i++) {
        if (subscribed(call, config, i) == stream)
            return true;
    }
    return false;
}

/* A change of subscriptions is first put into the batch, and made in memory when the batch was taken. */
enum step { INTO_BATCH, INTO_MEMORY };

/* Ends the subscriptions of `config` that `next` (NULL: none) does not go on with. */
static void unsubscribe(struct weir_call *call, const Pravega__ReaderGroupConfiguration *config,
                        const Pravega__ReaderGroupConfiguration *next, struct weir_view subscriber, enum step step)
{
    for (size_t i = 0; i < config->n_startingstreamcuts; i++) {
        struct weir_held_stream *stream = subscribed(call, config, i);
        struct weir_held_subscriber *held =
            stream != NULL ? weir_name_table_find(&stream->subscribers, subscriber) : NULL;

        if (held == NULL || (next != NULL && is_subscribed(call, next, stream)))
            continue;
        if (step == INTO_BATCH) {
            weir_batch_remove_subscriber(&call->batch, stream, held->name);
        } else {
            weir_name_table_remove(&stream->subscribers, held);
            weir_held_subscriber_free(held);
        }
    }
}

/* The subscriber in the stream's table, made if it is missing; NULL if out of memory. */
static struct weir_held_subscriber *subscriber_make(struct weir_held_stream *stream, struct weir_view name,
                                                    const char *group_id)
{
    struct weir_held_subscriber *held = weir_name_table_find(&stream->subscribers, name);

    if (held != NULL)
        return held;
    held = weir_held_subscriber_new(name);
    if (held == NULL)
        return NULL;
    weir_buf_init(&held->rec.group_id, WEIR_CATALOG_RECORD_LEN_MAX);
    weir_buf_append(&held->rec.group_id, group_id, strlen(group_id));
    if (held->rec.group_id.status != WEIR_OK || weir_name_table_insert(&stream->subscribers, held) != WEIR_OK) {
        weir_held_subscriber_free(held);
        return NULL;
    }
    return held;
}

static void put_subscriber(struct weir_call *call, struct weir_held_stream *stream, struct weir_view name,
                           const char *group_id, int64_t generation)
{
    const struct weir_held_subscriber *held = weir_name_table_find(&stream->subscribers, name);
    struct weir_subscriber_record rec = {.generation = generation};

    weir_buf_init(&rec.group_id, WEIR_CATALOG_RECORD_LEN_MAX);
    weir_buf_append(&rec.group_id, group_id, strlen(group_id));
    if (held != NULL)
        rec.cut = held->rec.cut; /* lent */
    weir_batch_put_subscriber(&call->batch, stream, (const char *)name.ptr, &rec);
    weir_buf_fini(&rec.group_id);
}

/* Registers the group with its streams, if it releases data at all. */
static void subscribe(struct weir_call *call, const Pravega__ReaderGroupConfiguration *config,
                      struct weir_view subscriber, int64_t generation, enum step step)
{
    for (size_t i = 0; config->retentiontype != RETENTION_NONE && i < config->n_startingstreamcuts; i++) {
        struct weir_held_stream *stream = subscribed(call, config, i);
        struct weir_held_subscriber *held;

        if (stream == NULL)
            continue;
        if (step == INTO_BATCH) {
            put_subscriber(call, stream, subscriber, config->readergroupid, generation);
        } else {
            held = subscriber_make(stream, subscriber, config->readergroupid);
            if (held != NULL) /* else it is known from the next start on */
                held->rec.generation = generation;
        }
    }
}

/* --- Making ----------------------------------------------------------------------------------------------------- */

static void answer_created(struct weir_call *call, int status, Pravega__ReaderGroupConfiguration *config)
{
    Pravega__CreateReaderGroupResponse reply = PRAVEGA__CREATE_READER_GROUP_RESPONSE__INIT;

    reply.status = status;
    reply.config = config;
    weir_call_answer(call, &reply.base);
}

/* The stream of the group's state; one that is there already is kept. */
static struct weir_held_stream *make_group_stream(struct weir_call *call, struct weir_held_scope *scope,
                                                  const char *group, bool *made)
{
    struct weir_held_stream *stream;
    struct weir_buf name, config;

    weir_buf_init(&name, PRAVEGA_NAME_LEN_MAX + 16);
    weir_buf_init(&config, WEIR_CATALOG_RECORD_LEN_MAX);
    weir_buf_printf(&name, WEIR_GROUP_PREFIX "%s", group);
    stream = weir_name_table_find(&scope->streams, weir_buf_view(&name));
    *made = stream == NULL;
    if (*made &&
        weir_stream_config_fixed(&config, scope->name, weir_buf_view(&name), 1, GROUP_STREAM_ROLLOVER_BYTES) == WEIR_OK)
        stream = weir_stream_make(call->ctl, &call->batch, scope, weir_buf_view(&name), weir_buf_view(&config), 1);
    weir_buf_fini(&name);
    weir_buf_fini(&config);
    return stream;
}

/* A group that is asked for without an id, which is all zeros, gets one by chance. */
static void give_id(struct weir_call *call, Pravega__ReaderGroupConfiguration *config,
                    char text[WEIR_UUID_TEXT_LEN + 1])
{
    struct weir_rng rng;

    if (!same_id(config->readergroupid, "00000000-0000-0000-0000-000000000000"))
        return;
    weir_rng_init(&rng, weir_host_random(weir_loop_host(call->ctl->loop)));
    weir_uuid_text(weir_uuid_random(&rng), text);
    config->readergroupid = text;
}

static void create_group(struct weir_call *call, struct weir_held_scope *scope,
                         const Pravega__ReaderGroupConfiguration *in)
{
    struct weir_held_group *group = weir_held_group_new(weir_view_str(in->readergroupname));
    Pravega__ReaderGroupConfiguration stored = kept_form(in, 0);
    struct weir_held_stream *stream;
    struct subscriber_name text;
    struct weir_view subscriber = subscriber_name(&text, in->scope, in->readergroupname);
    char id[WEIR_UUID_TEXT_LEN + 1];
    bool made = false;

    give_id(call, &stored, id);
    if (group == NULL || record_take(&group->rec, &stored, 0) != WEIR_OK ||
        weir_name_table_insert(&scope->groups, group) != WEIR_OK) {
        weir_held_group_free(group);
        weir_call_refuse(call, WEIR_GRPC_RESOURCE_EXHAUSTED, "the store is out of memory");
        return;
    }
    stream = make_group_stream(call, scope, in->readergroupname, &made);
    weir_batch_put_group(&call->batch, scope->name, group->name, &group->rec);
    subscribe(call, &stored, subscriber, 0, INTO_BATCH);
    if (weir_call_commit(call) == WEIR_OK) {
        subscribe(call, &stored, subscriber, 0, INTO_MEMORY);
        answer_created(call, PRAVEGA__CREATE_READER_GROUP_RESPONSE__STATUS__SUCCESS, &stored);
        return;
    }
    if (stream != NULL && made)
        weir_stream_drop(call->ctl, stream);
    weir_name_table_remove(&scope->groups, group);
    weir_held_group_free(group);
    answer_created(call, PRAVEGA__CREATE_READER_GROUP_RESPONSE__STATUS__FAILURE, NULL);
}

/* Whether all streams are there that the group is to subscribe to: upstream tries again and again, and times out. */
static bool streams_there(const struct weir_call *call, const Pravega__ReaderGroupConfiguration *config)
{
    for (size_t i = 0; config->retentiontype != RETENTION_NONE && i < config->n_startingstreamcuts; i++) {
        if (subscribed(call, config, i) == NULL)
            return false;
    }
    return true;
}

void weir_rpc_create_reader_group(struct weir_call *call, const void *message)
{
    const Pravega__ReaderGroupConfiguration *in = message;
    struct weir_view name = weir_view_str(in->readergroupname);
    struct weir_held_scope *scope = weir_directory_scope(&call->ctl->dir, weir_view_str(in->scope));
    struct weir_held_group *group = scope != NULL ? weir_name_table_find(&scope->groups, name) : NULL;

    if (!weir_name_valid_for_user(name, WEIR_PREFIX_LEN_MAX)) {
        answer_created(call, PRAVEGA__CREATE_READER_GROUP_RESPONSE__STATUS__INVALID_RG_NAME, NULL);
    } else if (scope == NULL) {
        answer_created(call, PRAVEGA__CREATE_READER_GROUP_RESPONSE__STATUS__SCOPE_NOT_FOUND, NULL);
    } else if (group == NULL && !streams_there(call, in)) {
        answer_created(call, PRAVEGA__CREATE_READER_GROUP_RESPONSE__STATUS__FAILURE, NULL);
    } else if (group == NULL) {
        create_group(call, scope, in);
    } else {
        Pravega__ReaderGroupConfiguration *stored = config_of(&group->rec);

        answer_created(call,
                       stored != NULL ? PRAVEGA__CREATE_READER_GROUP_RESPONSE__STATUS__SUCCESS
                                      : PRAVEGA__CREATE_READER_GROUP_RESPONSE__STATUS__FAILURE,
                       stored);
        pravega_proto_free(stored != NULL ? &stored->base : NULL);
    }
}

void weir_rpc_get_reader_group_config(struct weir_call *call, const void *message)
{
    const Pravega__ReaderGroupInfo *in = message;
    Pravega__ReaderGroupConfigResponse reply = PRAVEGA__READER_GROUP_CONFIG_RESPONSE__INIT;
    Pravega__ReaderGroupConfiguration none = PRAVEGA__READER_GROUP_CONFIGURATION__INIT;
    struct weir_held_group *group =
        weir_directory_group(&call->ctl->dir, weir_view_str(in->scope), weir_view_str(in->readergroup));
    Pravega__ReaderGroupConfiguration *stored = group != NULL ? config_of(&group->rec) : NULL;

    if (!group_named(call, in->scope, in->readergroup))
        return;
    reply.config = stored != NULL ? stored : &none;
    if (group == NULL)
        reply.status = PRAVEGA__READER_GROUP_CONFIG_RESPONSE__STATUS__RG_NOT_FOUND;
    else if (stored == NULL)
        reply.status = PRAVEGA__READER_GROUP_CONFIG_RESPONSE__STATUS__FAILURE;
    weir_call_answer(call, &reply.base);
    pravega_proto_free(stored != NULL ? &stored->base : NULL);
}

/* --- Updating --------------------------------------------------------------------------------------------------- */

/* Replaces the configuration; subscriptions follow it. */
static int update_group(struct weir_call *call, struct weir_held_group *group,
                        const Pravega__ReaderGroupConfiguration *in, const Pravega__ReaderGroupConfiguration *stored)
{
    int64_t generation = group->rec.generation + 1;
    Pravega__ReaderGroupConfiguration next = kept_form(in, generation);
    struct weir_group_record rec;
    struct subscriber_name text;
    struct weir_view subscriber = subscriber_name(&text, in->scope, in->readergroupname);

    if (record_take(&rec, &next, generation) != WEIR_OK)
        call->batch.status = WEIR_E_NOMEM;
    weir_batch_put_group(&call->batch, in->scope, group->name, &rec);
    unsubscribe(call, stored, in, subscriber, INTO_BATCH);
    subscribe(call, in, subscriber, generation, INTO_BATCH);
    if (weir_call_commit(call) != WEIR_OK) {
        weir_group_record_fini(&rec);
        return PRAVEGA__UPDATE_READER_GROUP_RESPONSE__STATUS__FAILURE;
    }
    weir_group_record_fini(&group->rec);
    group->rec = rec;
    unsubscribe(call, stored, in, subscriber, INTO_MEMORY);
    subscribe(call, in, subscriber, generation, INTO_MEMORY);
    return PRAVEGA__UPDATE_READER_GROUP_RESPONSE__STATUS__SUCCESS;
}

void weir_rpc_update_reader_group(struct weir_call *call, const void *message)
{
    const Pravega__ReaderGroupConfiguration *in = message;
    Pravega__UpdateReaderGroupResponse reply = PRAVEGA__UPDATE_READER_GROUP_RESPONSE__INIT;
    struct weir_held_group *group =
        weir_directory_group(&call->ctl->dir, weir_view_str(in->scope), weir_view_str(in->readergroupname));
    Pravega__ReaderGroupConfiguration *stored = group != NULL ? config_of(&group->rec) : NULL;

    if (!group_named(call, in->scope, in->readergroupname))
        return;
    reply.generation = in->generation;
    if (group == NULL) {
        reply.status = PRAVEGA__UPDATE_READER_GROUP_RESPONSE__STATUS__RG_NOT_FOUND;
    } else if (stored == NULL) {
        reply.status = PRAVEGA__UPDATE_READER_GROUP_RESPONSE__STATUS__FAILURE;
    } else if (in->generation != group->rec.generation || !same_id(in->readergroupid, stored->readergroupid)) {
        reply.status = PRAVEGA__UPDATE_READER_GROUP_RESPONSE__STATUS__INVALID_CONFIG;
    } else {
        reply.status = update_group(call, group, in, stored);
        if (reply.status == PRAVEGA__UPDATE_READER_GROUP_RESPONSE__STATUS__SUCCESS)
            reply.generation = group->rec.generation;
    }
    weir_call_answer(call, &reply.base);
    pravega_proto_free(stored != NULL ? &stored->base : NULL);
}

/* --- Removing --------------------------------------------------------------------------------------------------- */

static int delete_group(struct weir_call *call, struct weir_held_scope *scope, struct weir_held_group *group,
                        const Pravega__ReaderGroupConfiguration *stored)
{
    struct weir_held_stream *stream;
    struct subscriber_name text;
    struct weir_view subscriber = subscriber_name(&text, scope->name, group->name);
    struct weir_buf name;

    weir_buf_init(&name, PRAVEGA_NAME_LEN_MAX + 16);
    weir_buf_printf(&name, WEIR_GROUP_PREFIX "%s", group->name);
    stream = weir_name_table_find(&scope->streams, weir_buf_view(&name));
    weir_buf_fini(&name);
    if (stream != NULL)
        weir_stream_remove(&call->batch, stream);
    unsubscribe(call, stored, NULL, subscriber, INTO_BATCH);
    weir_batch_remove_group(&call->batch, scope->name, group->name);
    if (weir_call_commit(call) != WEIR_OK)
        return PRAVEGA__DELETE_READER_GROUP_STATUS__STATUS__FAILURE;
    unsubscribe(call, stored, NULL, subscriber, INTO_MEMORY);
    if (stream != NULL)
        weir_stream_drop(call->ctl, stream);
    weir_name_table_remove(&scope->groups, group);
    weir_held_group_free(group);
    return PRAVEGA__DELETE_READER_GROUP_STATUS__STATUS__SUCCESS;
}

void weir_rpc_delete_reader_group(struct weir_call *call, const void *message)
{
    const Pravega__ReaderGroupInfo *in = message;
    Pravega__DeleteReaderGroupStatus reply = PRAVEGA__DELETE_READER_GROUP_STATUS__INIT;
    struct weir_held_scope *scope = weir_directory_scope(&call->ctl->dir, weir_view_str(in->scope));
    struct weir_held_group *group =
        scope != NULL ? weir_name_table_find(&scope->groups, weir_view_str(in->readergroup)) : NULL;
    Pravega__ReaderGroupConfiguration *stored = group != NULL ? config_of(&group->rec) : NULL;

    if (!group_named(call, in->scope, in->readergroup) || (group != NULL && !id_readable(call, in->readergroupid))) {
        pravega_proto_free(stored != NULL ? &stored->base : NULL);
        return;
    }
    if (group == NULL || (stored != NULL && !same_id(in->readergroupid, stored->readergroupid)))
        reply.status = PRAVEGA__DELETE_READER_GROUP_STATUS__STATUS__RG_NOT_FOUND;
    else if (stored == NULL)
        reply.status = PRAVEGA__DELETE_READER_GROUP_STATUS__STATUS__FAILURE;
    else
        reply.status = delete_group(call, scope, group, stored);
    weir_call_answer(call, &reply.base);
    pravega_proto_free(stored != NULL ? &stored->base : NULL);
}

/* --- Subscribers' calls ----------------------------------------------------------------------------------------- */

void weir_rpc_list_subscribers(struct weir_call *call, const void *message)
{
    const Pravega__StreamInfo *in = message;
    Pravega__SubscribersResponse reply = PRAVEGA__SUBSCRIBERS_RESPONSE__INIT;
    struct weir_held_stream *stream = weir_call_stream(call, message);

    if (!scope_found(call, in->scope))
        return;
    if (stream == NULL) {
        reply.status = PRAVEGA__SUBSCRIBERS_RESPONSE__STATUS__STREAM_NOT_FOUND;
    } else {
        reply.subscribers = weir_call_alloc(call, stream->subscribers.count, sizeof(*reply.subscribers));
        for (size_t i = 0; i < stream->subscribers.count && reply.subscribers != NULL; i++)
            reply.subscribers[reply.n_subscribers++] =
                ((struct weir_held_subscriber *)stream->subscribers.items[i])->name;
    }
    weir_call_answer(call, &reply.base);
}

/* Whether a cut may be published: valid, and not before the last one. Only its begun segments are compared. */
static bool cut_publishable(const struct weir_held_stream *stream, const struct weir_held_subscriber *held,
                            const struct weir_cut *cut)
{
    return weir_cut_valid(&stream->rec.epochs, cut) && weir_cut_not_before(&stream->rec.epochs, cut, &held->rec.cut);
}

static int publish(struct weir_call *call, struct weir_held_stream *stream, struct weir_held_subscriber *held,
                   struct weir_cut *cut)
{
    struct weir_cut old = held->rec.cut;

    held->rec.cut = *cut;
    weir_batch_put_subscriber(&call->batch, stream, held->name, &held->rec);
    if (weir_call_commit(call) != WEIR_OK) {
        held->rec.cut = old;
        return PRAVEGA__UPDATE_SUBSCRIBER_STATUS__STATUS__FAILURE;
    }
    *cut = old;
    return PRAVEGA__UPDATE_SUBSCRIBER_STATUS__STATUS__SUCCESS;
}

void weir_rpc_update_subscriber_stream_cut(struct weir_call *call, const void *message)
{
    const Pravega__SubscriberStreamCut *in = message;
    Pravega__UpdateSubscriberStatus reply = PRAVEGA__UPDATE_SUBSCRIBER_STATUS__INIT;
    struct weir_held_stream *stream = in->streamcut != NULL ? weir_call_stream(call, in->streamcut->streaminfo) : NULL;
    struct weir_held_subscriber *held =
        stream != NULL ? weir_name_table_find(&stream->subscribers, weir_view_str(in->subscriber)) : NULL;
    struct weir_cut cut = {0};
    bool refused = false;

    if (!scope_found(call, in->streamcut->streaminfo->scope) ||
        (held != NULL && !id_readable(call, in->readergroupid)))
        return;
    if (held != NULL && weir_cut_take(&cut, in->streamcut->cut, in->streamcut->n_cut) != WEIR_OK)
        call->batch.status = WEIR_E_NOMEM;
    if (stream == NULL)
        reply.status = PRAVEGA__UPDATE_SUBSCRIBER_STATUS__STATUS__STREAM_NOT_FOUND;
    else if (held == NULL || !weir_view_equal(weir_buf_view(&held->rec.group_id), weir_view_str(in->readergroupid)))
        reply.status = PRAVEGA__UPDATE_SUBSCRIBER_STATUS__STATUS__SUBSCRIBER_NOT_FOUND;
    else if (in->generation != held->rec.generation)
        reply.status = PRAVEGA__UPDATE_SUBSCRIBER_STATUS__STATUS__GENERATION_MISMATCH;
    else if (in->streamcut->n_cut == 0)
        refused = true;
    else if (weir_cut_fault(&stream->rec.epochs, &cut) != WEIR_GRPC_OK)
        reply.status = PRAVEGA__UPDATE_SUBSCRIBER_STATUS__STATUS__FAILURE;
    else if (!cut_publishable(stream, held, &cut))
        reply.status = PRAVEGA__UPDATE_SUBSCRIBER_STATUS__STATUS__STREAM_CUT_NOT_VALID;
    else
        reply.status = publish(call, stream, held, &cut);
    if (refused)
        weir_call_refuse(call, WEIR_GRPC_UNKNOWN, "a stream cut has segments");
    else
        weir_call_answer(call, &reply.base);
    weir_cut_fini(&cut);
}
