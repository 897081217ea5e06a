/*
 * key_value_tables.c - the calls about key-value tables: some table segments of fixed-length keys, over which clients
 * spread primary keys as events over a stream's segments. They never scale.
 *
 * A table that is made again under an old name numbers its segments on, as a stream does.
 */
#include <stdlib.h>

#include "store/controller/controller_int.h"
#include "store/rules/names.h"

static struct weir_held_kvt *find(const struct weir_call *call, const Pravega__KeyValueTableInfo *in)
{
    return weir_directory_kvt(&call->ctl->dir, weir_view_str(in->scope), weir_view_str(in->kvtname));
}

/* Where the numbers of a table of that name go on. */
static int32_t first_number(struct weir_controller *ctl, const char *scope, const char *name)
{
    struct weir_view value;
    struct weir_buf key;
    int32_t first = 0;

    weir_buf_init(&key, WEIR_MAP_KEY_LEN_MAX);
    weir_buf_printf(&key, WEIR_CATALOG_DEAD_TABLE "%s/%s", scope, name);
    if (key.status == WEIR_OK && weir_map_get(ctl->ctr, weir_buf_view(&key), &value) && value.len == 4)
        first = (int32_t)weir_get_u32be(value.ptr);
    weir_buf_fini(&key);
    return first;
}

/* --- Making and removing ---------------------------------------------------------------------------------------- */

static int create(struct weir_call *call, struct weir_held_scope *scope, const char *name,
                  const struct weir_kvt_record *rec)
{
    struct weir_held_kvt *kvt = weir_held_kvt_new(weir_view_str(name));

    if (kvt == NULL || weir_name_table_insert(&scope->kvts, kvt) != WEIR_OK) {
        call->batch.status = WEIR_E_NOMEM;
        weir_held_kvt_free(kvt);
        return PRAVEGA__CREATE_KEY_VALUE_TABLE_STATUS__STATUS__FAILURE;
    }
    kvt->rec = *rec;
    for (int32_t i = 0; i < rec->segment_count; i++)
        weir_batch_create_kvt_segment(&call->batch, scope->name, kvt, rec->first_number + i);
    weir_batch_put_kvt(&call->batch, scope->name, kvt);
    if (weir_call_commit(call) == WEIR_OK)
        return PRAVEGA__CREATE_KEY_VALUE_TABLE_STATUS__STATUS__SUCCESS;
    weir_name_table_remove(&scope->kvts, kvt);
    weir_held_kvt_free(kvt);
    return PRAVEGA__CREATE_KEY_VALUE_TABLE_STATUS__STATUS__FAILURE;
}

/* What is looked at before names are. */
static bool is_sound(const Pravega__KeyValueTableConfig *config)
{
    return config->partitioncount >= 1 && config->primarykeylength >= 1 && config->secondarykeylength >= 0 &&
           config->rolloversizebytes >= 0;
}

static void refuse_sizes(struct weir_call *call)
{
    weir_call_refuse(call, WEIR_GRPC_INTERNAL,
                     "a table has 1 to 10000 partitions, and keys of 1 to 256 bytes, of which 1 or more are primary");
}

void weir_rpc_create_kvt(struct weir_call *call, const void *message)
{
    const Pravega__KeyValueTableConfig *in = message;
    Pravega__CreateKeyValueTableStatus reply = PRAVEGA__CREATE_KEY_VALUE_TABLE_STATUS__INIT;
    struct weir_held_scope *scope = weir_directory_scope(&call->ctl->dir, weir_view_str(in->scope));
    struct weir_kvt_record rec = {.created_ms = weir_loop_wall_ms(call->ctl->loop),
                                  .segment_count = in->partitioncount,
                                  .primary_key_len = in->primarykeylength,
                                  .secondary_key_len = in->secondarykeylength,
                                  .rollover_bytes = in->rolloversizebytes};

    if (!is_sound(in)) {
        refuse_sizes(call);
        return;
    }
    if (!weir_name_valid_for_user(weir_view_str(in->kvtname), strlen(WEIR_KVT_SUFFIX)))
        reply.status = PRAVEGA__CREATE_KEY_VALUE_TABLE_STATUS__STATUS__INVALID_TABLE_NAME;
    else if (scope == NULL)
        reply.status = PRAVEGA__CREATE_KEY_VALUE_TABLE_STATUS__STATUS__SCOPE_NOT_FOUND;
    else if (weir_name_table_find(&scope->kvts, weir_view_str(in->kvtname)) != NULL)
        reply.status = PRAVEGA__CREATE_KEY_VALUE_TABLE_STATUS__STATUS__TABLE_EXISTS;
    else if (!weir_kvt_record_valid(&rec)) { /* too much of it: the real one tries for ever */
        refuse_sizes(call);
        return;
    } else {
        rec.first_number = first_number(call->ctl, scope->name, in->kvtname);
        reply.status = weir_kvt_record_valid(&rec) ? create(call, scope, in->kvtname, &rec)
                                                   : PRAVEGA__CREATE_KEY_VALUE_TABLE_STATUS__STATUS__FAILURE;
    }
    weir_call_answer(call, &reply.base);
}

void weir_kvt_remove(struct weir_batch *batch, const struct weir_held_scope *scope, const struct weir_held_kvt *kvt)
{
    for (int32_t i = 0; i < kvt->rec.segment_count; i++)
        weir_batch_delete_kvt_segment(batch, scope->name, kvt, kvt->rec.first_number + i);
    weir_batch_remove_kvt(batch, scope->name, kvt);
    weir_batch_put_dead_kvt(batch, scope->name, kvt);
}

void weir_rpc_delete_kvt(struct weir_call *call, const void *message)
{
    const Pravega__KeyValueTableInfo *in = message;
    Pravega__DeleteKVTableStatus reply = PRAVEGA__DELETE_KVTABLE_STATUS__INIT;
    struct weir_held_scope *scope = weir_directory_scope(&call->ctl->dir, weir_view_str(in->scope));
    struct weir_held_kvt *kvt = find(call, in);

    if (kvt == NULL) {
        reply.status = PRAVEGA__DELETE_KVTABLE_STATUS__STATUS__TABLE_NOT_FOUND;
    } else {
        weir_kvt_remove(&call->batch, scope, kvt);
        if (weir_call_commit(call) == WEIR_OK) {
            weir_name_table_remove(&scope->kvts, kvt);
            weir_held_kvt_free(kvt);
        } else {
            reply.status = PRAVEGA__DELETE_KVTABLE_STATUS__STATUS__FAILURE;
        }
    }
    weir_call_answer(call, &reply.base);
}

/* --- Questions -------------------------------------------------------------------------------------------------- */

void weir_rpc_get_kvt_configuration(struct weir_call *call, const void *message)
{
    const Pravega__KeyValueTableInfo *in = message;
    Pravega__KeyValueTableConfigResponse reply = PRAVEGA__KEY_VALUE_TABLE_CONFIG_RESPONSE__INIT;
    Pravega__KeyValueTableConfig config = PRAVEGA__KEY_VALUE_TABLE_CONFIG__INIT;
    const struct weir_held_kvt *kvt = find(call, in);

    if (kvt == NULL) {
        reply.status = PRAVEGA__KEY_VALUE_TABLE_CONFIG_RESPONSE__STATUS__TABLE_NOT_FOUND;
    } else {
        config.scope = in->scope;
        config.kvtname = in->kvtname;
        config.partitioncount = kvt->rec.segment_count;
        config.primarykeylength = kvt->rec.primary_key_len;
        config.secondarykeylength = kvt->rec.secondary_key_len;
        reply.config = &config; /* without the rollover size: upstream answers 0, whatever it was */
    }
    weir_call_answer(call, &reply.base);
}

/* One segment of the equal parts that they have. NULL if out of memory. */
static Pravega__SegmentRange *range_of(struct weir_call *call, const struct weir_kvt_record *rec,
                                       Pravega__StreamInfo *info, int32_t i)
{
    Pravega__SegmentRange *range = weir_call_alloc(call, 1, sizeof(*range));
    Pravega__SegmentId *id = weir_call_alloc(call, 1, sizeof(*id));
    double part = 1.0 / rec->segment_count;

    if (range == NULL || id == NULL)
        return NULL;
    pravega__segment_range__init(range);
    pravega__segment_id__init(id);
    id->streaminfo = info;
    id->segmentid = weir_segment_id(0, rec->first_number + i);
    range->segmentid = id;
    range->minkey = i * part;
    range->maxkey = (i + 1) * part;
    return range;
}

void weir_rpc_get_kvt_segments(struct weir_call *call, const void *message)
{
    const Pravega__KeyValueTableInfo *in = message;
    Pravega__SegmentRanges reply = PRAVEGA__SEGMENT_RANGES__INIT;
    Pravega__StreamInfo info = PRAVEGA__STREAM_INFO__INIT;
    const struct weir_held_kvt *kvt = find(call, in);

    if (kvt == NULL) {
        weir_call_refuse(call, WEIR_GRPC_NOT_FOUND, "no such key-value table");
        return;
    }
    info.scope = in->scope;
    info.stream = in->kvtname;
    reply.delegationtoken = call->token;
    reply.n_segmentranges = (size_t)kvt->rec.segment_count;
    reply.segmentranges = weir_call_alloc(call, reply.n_segmentranges, sizeof(*reply.segmentranges));
    for (int32_t i = 0; i < kvt->rec.segment_count && reply.segmentranges != NULL; i++)
        reply.segmentranges[i] = range_of(call, &kvt->rec, &info, i);
    weir_call_answer(call, &reply.base);
}

/* A page of the scope's tables. An empty page is the last one; the token is the last name told (scope_lists.c). */
void weir_rpc_list_kvts(struct weir_call *call, const void *message)
{
    const Pravega__KVTablesInScopeRequest *in = message;
    Pravega__KVTablesInScopeResponse reply = PRAVEGA__KVTABLES_IN_SCOPE_RESPONSE__INIT;
    Pravega__ContinuationToken token = PRAVEGA__CONTINUATION_TOKEN__INIT;
    const struct weir_held_scope *scope =
        in->scope != NULL ? weir_directory_scope(&call->ctl->dir, weir_view_str(in->scope->scope)) : NULL;
    Pravega__KeyValueTableInfo **pointers = weir_call_alloc(call, WEIR_LIST_PAGE, sizeof(*pointers));
    Pravega__KeyValueTableInfo *infos = weir_call_alloc(call, WEIR_LIST_PAGE, sizeof(*infos));

    token.token = in->continuationtoken != NULL ? in->continuationtoken->token : token.token;
    if (scope == NULL)
        reply.status = PRAVEGA__KVTABLES_IN_SCOPE_RESPONSE__STATUS__SCOPE_NOT_FOUND;
    for (size_t at = scope != NULL ? weir_name_table_after(&scope->kvts, weir_view_str(token.token)) : 0;
         scope != NULL && pointers != NULL && infos != NULL && at < scope->kvts.count &&
         reply.n_kvtables < WEIR_LIST_PAGE;
         at++) {
        Pravega__KeyValueTableInfo *info = &infos[reply.n_kvtables];
        char *name = ((struct weir_held_kvt *)scope->kvts.items[at])->name;

        if (!weir_call_sees_table(call, scope->name, name))
            continue;
        pravega__key_value_table_info__init(info);
        info->scope = scope->name;
        info->kvtname = token.token = name;
        pointers[reply.n_kvtables++] = info;
    }
    reply.kvtables = pointers;
    reply.continuationtoken = scope != NULL ? &token : NULL;
    weir_call_answer(call, &reply.base);
}
