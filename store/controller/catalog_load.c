/*
 * catalog_load.c - the directory, out of the container's map.
 *
 * Kinds are read from the top down, so that every record finds its parent; one that does not is damage.
 */
#include "base/log.h"
#include "store/controller/controller_int.h"

struct load {
    struct weir_controller *ctl;
    struct weir_view key, value;
};

typedef enum weir_status load_fn(struct load *load);

static enum weir_status load_scope(struct load *load)
{
    struct weir_held_scope *scope;
    enum weir_status status;
    struct weir_view name;

    if (!weir_catalog_key_split(load->key, WEIR_CATALOG_SCOPE, &name, 1))
        return WEIR_E_DAMAGED;
    status = weir_scope_record_decode(load->value);
    if (status != WEIR_OK)
        return status;
    scope = weir_held_scope_new(name);
    status = scope != NULL ? weir_name_table_insert(&load->ctl->dir.scopes, scope) : WEIR_E_NOMEM;
    if (status != WEIR_OK)
        weir_held_scope_free(scope, load->ctl->loop);
    return status;
}

static enum weir_status load_stream(struct load *load)
{
    struct weir_held_scope *scope;
    struct weir_held_stream *stream;
    struct weir_view parts[2];
    enum weir_status status;

    if (!weir_catalog_key_split(load->key, WEIR_CATALOG_STREAM, parts, 2))
        return WEIR_E_DAMAGED;
    scope = weir_directory_scope(&load->ctl->dir, parts[0]);
    if (scope == NULL)
        return WEIR_E_DAMAGED;
    stream = weir_held_stream_new(scope, parts[1]);
    if (stream == NULL)
        return WEIR_E_NOMEM;
    status = weir_stream_record_decode(load->value, &stream->rec);
    weir_stream_policy_read(&stream->policy, weir_buf_view(&stream->rec.config));
    if (status == WEIR_OK)
        status = weir_name_table_insert(&scope->streams, stream);
    if (status != WEIR_OK)
        weir_held_stream_free(stream, load->ctl->loop);
    return status;
}

/* The stream of a key of `count` parts, of which it is the first two. */
static struct weir_held_stream *parent(struct load *load, const char *prefix, struct weir_view *parts, size_t count)
{
    return weir_catalog_key_split(load->key, prefix, parts, count)
               ? weir_directory_stream(&load->ctl->dir, parts[0], parts[1])
               : NULL;
}

static enum weir_status load_txn(struct load *load)
{
    struct weir_view parts[3];
    struct weir_held_stream *stream = parent(load, WEIR_CATALOG_TXN, parts, 3);
    struct weir_held_txn *txn;
    enum weir_status status;
    struct weir_uuid id;

    if (stream == NULL || !weir_catalog_txn_parse(parts[2], &id))
        return WEIR_E_DAMAGED;
    txn = weir_held_stream_add_txn(stream, id);
    if (txn == NULL)
        return WEIR_E_NOMEM;
    status = weir_txn_record_decode(load->value, &txn->rec);
    if (status == WEIR_OK && txn->rec.commit_number > load->ctl->commit_number)
        load->ctl->commit_number = txn->rec.commit_number;
    return status;
}

static enum weir_status load_writer(struct load *load)
{
    struct weir_view parts[3];
    struct weir_held_stream *stream = parent(load, WEIR_CATALOG_WRITER, parts, 3);
    struct weir_held_writer *writer;
    enum weir_status status;

    if (stream == NULL)
        return WEIR_E_DAMAGED;
    writer = weir_held_writer_new(parts[2]);
    if (writer == NULL)
        return WEIR_E_NOMEM;
    status = weir_writer_record_decode(load->value, &writer->rec);
    if (status == WEIR_OK)
        status = weir_name_table_insert(&stream->writers, writer);
    if (status != WEIR_OK)
        weir_held_writer_free(writer);
    return status;
}

static enum weir_status load_mark(struct load *load)
{
    struct weir_view parts[2];
    struct weir_held_stream *stream = parent(load, WEIR_CATALOG_MARK, parts, 2);
    struct weir_upkeep *upkeep = stream != NULL ? weir_upkeep_of(load->ctl, stream) : NULL;

    if (upkeep == NULL)
        return stream == NULL ? WEIR_E_DAMAGED : WEIR_E_NOMEM;
    return weir_mark_record_decode(load->value, &upkeep->last_mark);
}

static enum weir_status load_retention(struct load *load)
{
    struct weir_view parts[3];
    struct weir_held_stream *stream = parent(load, WEIR_CATALOG_RETENTION, parts, 3);
    struct weir_upkeep *upkeep = stream != NULL ? weir_upkeep_of(load->ctl, stream) : NULL;
    struct weir_retention_cut cut = {0};
    enum weir_status status;

    if (upkeep == NULL)
        return stream == NULL ? WEIR_E_DAMAGED : WEIR_E_NOMEM;
    status = weir_retention_record_decode(load->value, &cut);
    if (status == WEIR_OK && !weir_catalog_time_parse(parts[2], &cut.time_ms))
        status = WEIR_E_DAMAGED;
    if (status == WEIR_OK)
        status = weir_retention_set_add(&upkeep->cuts, &cut);
    weir_cut_fini(&cut.cut);
    return status;
}

static enum weir_status load_subscriber(struct load *load)
{
    struct weir_view parts[3];
    struct weir_held_stream *stream = parent(load, WEIR_CATALOG_SUBSCRIBER, parts, 3);
    struct weir_held_subscriber *subscriber;
    enum weir_status status;

    if (stream == NULL)
        return WEIR_E_DAMAGED;
    subscriber = weir_held_subscriber_new(parts[2]);
    if (subscriber == NULL)
        return WEIR_E_NOMEM;
    status = weir_subscriber_record_decode(load->value, &subscriber->rec);
    if (status == WEIR_OK)
        status = weir_name_table_insert(&stream->subscribers, subscriber);
    if (status != WEIR_OK)
        weir_held_subscriber_free(subscriber);
    return status;
}

static enum weir_status load_group(struct load *load)
{
    struct weir_held_scope *scope;
    struct weir_held_group *group;
    struct weir_view parts[2];
    enum weir_status status;

    if (!weir_catalog_key_split(load->key, WEIR_CATALOG_GROUP, parts, 2))
        return WEIR_E_DAMAGED;
    scope = weir_directory_scope(&load->ctl->dir, parts[0]);
    if (scope == NULL)
        return WEIR_E_DAMAGED;
    group = weir_held_group_new(parts[1]);
    if (group == NULL)
        return WEIR_E_NOMEM;
    status = weir_group_record_decode(load->value, &group->rec);
    if (status == WEIR_OK)
        status = weir_name_table_insert(&scope->groups, group);
    if (status != WEIR_OK)
        weir_held_group_free(group);
    return status;
}

static enum weir_status load_kvt(struct load *load)
{
    struct weir_held_scope *scope;
    struct weir_held_kvt *kvt;
    struct weir_view parts[2];
    enum weir_status status;

    if (!weir_catalog_key_split(load->key, WEIR_CATALOG_TABLE, parts, 2))
        return WEIR_E_DAMAGED;
    scope = weir_directory_scope(&load->ctl->dir, parts[0]);
    if (scope == NULL)
        return WEIR_E_DAMAGED;
    kvt = weir_held_kvt_new(parts[1]);
    if (kvt == NULL)
        return WEIR_E_NOMEM;
    status = weir_kvt_record_decode(load->value, &kvt->rec);
    if (status == WEIR_OK)
        status = weir_name_table_insert(&scope->kvts, kvt);
    if (status != WEIR_OK)
        weir_held_kvt_free(kvt);
    return status;
}

/* Loading changes nothing in the container, so keys and values stay valid all the while. */
static enum weir_status load_kind(struct weir_controller *ctl, const char *prefix, load_fn *fn, struct weir_error *err)
{
    struct load load = {.ctl = ctl, .key = weir_view(NULL, 0)};

    while (weir_map_next(ctl->ctr, weir_view_str(prefix), load.key, &load.key, &load.value)) {
        enum weir_status status = fn(&load);

        if (status != WEIR_OK)
            return weir_fail(err, status, "catalog entry \"%.*s\": %s", (int)load.key.len, (const char *)load.key.ptr,
                             status == WEIR_E_UNSUPPORTED ? "written by a newer version of the store"
                                                          : weir_status_text(status));
    }
    return WEIR_OK;
}

/* The layout's version; written at the first start. */
static enum weir_status check_format(struct weir_controller *ctl, struct weir_error *err)
{
    struct weir_view value;
    struct weir_batch batch;
    enum weir_status status;

    if (weir_map_get(ctl->ctr, weir_view_str(WEIR_CATALOG_FORMAT_KEY), &value)) {
        if (value.len != 4)
            return weir_fail(err, WEIR_E_DAMAGED, "catalog entry \"" WEIR_CATALOG_FORMAT_KEY "\" is damaged");
        if (weir_get_u32be(value.ptr) != WEIR_CATALOG_FORMAT)
            return weir_fail(err, WEIR_E_UNSUPPORTED, "the catalog has format %u, this version reads %d",
                             weir_get_u32be(value.ptr), WEIR_CATALOG_FORMAT);
        return WEIR_OK;
    }
    weir_batch_init(&batch);
    weir_batch_put_format(&batch);
    status = weir_batch_commit_unasked(&batch, ctl->ctr);
    weir_batch_fini(&batch);
    return status == WEIR_OK ? WEIR_OK : weir_fail(err, status, "the catalog's first entry could not be written");
}

enum weir_status weir_catalog_load(struct weir_controller *ctl, struct weir_error *err)
{
    static const struct {
        const char *prefix;
        load_fn *fn;
    } kinds[] = {{WEIR_CATALOG_SCOPE, load_scope}, {WEIR_CATALOG_STREAM, load_stream},
                 {WEIR_CATALOG_TXN, load_txn},     {WEIR_CATALOG_WRITER, load_writer},
                 {WEIR_CATALOG_MARK, load_mark},   {WEIR_CATALOG_RETENTION, load_retention},
                 {WEIR_CATALOG_GROUP, load_group}, {WEIR_CATALOG_SUBSCRIBER, load_subscriber},
                 {WEIR_CATALOG_TABLE, load_kvt}};
    enum weir_status status = check_format(ctl, err);
    struct weir_view value;

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && status == WEIR_OK; i++)
        status = load_kind(ctl, kinds[i].prefix, kinds[i].fn, err);
    if (status == WEIR_OK && weir_map_get(ctl->ctr, weir_view_str(WEIR_CATALOG_TXN_COUNTER_KEY), &value)) {
        if (value.len != 12)
            return weir_fail(err, WEIR_E_DAMAGED, "catalog entry \"" WEIR_CATALOG_TXN_COUNTER_KEY "\" is damaged");
        ctl->txn_counter_high = weir_get_u32be(value.ptr);
        ctl->txn_counter_low = weir_get_u64be(value.ptr + 4);
    }
    return status;
}
