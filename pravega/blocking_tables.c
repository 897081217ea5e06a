/*
 * blocking_tables.c - the blocking forms of key-value tables.
 */
#include "pravega/blocking.h"

enum weir_status pravega_await_table_create(struct pravega_session *session, const struct pravega_table_name *name,
                                            const struct pravega_table_config *config, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, NULL);

    if (await != NULL)
        pravega_table_create(pravega_session_client(session), name, config, pravega_await_done, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_table_delete(struct pravega_session *session, const struct pravega_table_name *name,
                                            struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, NULL);

    if (await != NULL)
        pravega_table_delete(pravega_session_client(session), name, pravega_await_done, await);
    return pravega_await_end(session, await, err);
}

/* Where an entry goes. */
struct entry_out {
    struct weir_buf *value;
    struct pravega_table_version *version; /* or NULL */
};

static enum weir_status keep_entry(struct entry_out *out, const struct pravega_table_entry *entry,
                                   struct weir_error *err)
{
    if (entry == NULL)
        return weir_fail(err, WEIR_E_NOT_FOUND, "the table has no such key");
    if (out->version != NULL)
        *out->version = entry->version;
    weir_buf_append(out->value, entry->value.ptr, entry->value.len);
    if (out->value->status != WEIR_OK)
        return weir_fail(err, out->value->status, "no room for a value of %zu bytes", entry->value.len);
    return WEIR_OK;
}

static void on_entry(void *arg, enum weir_status status, const struct pravega_table_entry *entry,
                     const struct weir_error *why)
{
    struct entry_out *out = pravega_await_out(arg);
    struct weir_error err = {0};

    if (status != WEIR_OK || out == NULL) {
        pravega_await_done(arg, status, why);
        return;
    }
    status = keep_entry(out, entry, &err);
    pravega_await_done(arg, status, &err);
}

enum weir_status pravega_await_table_get(struct pravega_session *session, struct pravega_table *table,
                                         const struct pravega_table_key *key, struct weir_buf *value,
                                         struct pravega_table_version *version, struct weir_error *err)
{
    struct entry_out out = {value, version};
    struct pravega_await *await = pravega_await_begin(session, &out);

    if (await != NULL)
        pravega_table_get(table, key, on_entry, await);
    return pravega_await_end(session, await, err);
}

static void on_versions(void *arg, enum weir_status status, const struct pravega_table_version *versions, size_t count,
                        const struct weir_error *why)
{
    struct pravega_table_version *out = pravega_await_out(arg);

    if (out != NULL && count > 0)
        *out = versions[0];
    pravega_await_done(arg, status, why);
}

enum weir_status pravega_await_table_put(struct pravega_session *session, struct pravega_table *table,
                                         const struct pravega_table_key *key, struct weir_view value,
                                         struct pravega_table_version *version, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, version);

    if (await != NULL)
        pravega_table_put(table, key, value, on_versions, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_table_remove(struct pravega_session *session, struct pravega_table *table,
                                            const struct pravega_table_key *key, struct pravega_table_version version,
                                            struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, NULL);

    if (await != NULL)
        pravega_table_remove(table, key, version, on_versions, await);
    return pravega_await_end(session, await, err);
}
