/*
 * blocking_tables.c - the blocking forms of key-value tables.
 */
#include <stdlib.h>
#include <string.h>

#include "pravega/blocking_int.h"

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

/* Where versions go: one for each update, or none after removals. */
struct versions_out {
    struct pravega_table_version *versions; /* or NULL */
    size_t cap;
};

static void on_versions(void *arg, enum weir_status status, const struct pravega_table_version *versions, size_t count,
                        const struct weir_error *why)
{
    struct versions_out *out = pravega_await_out(arg);

    for (size_t i = 0; status == WEIR_OK && out != NULL && out->versions != NULL && i < count && i < out->cap; i++)
        out->versions[i] = versions[i];
    pravega_await_done(arg, status, why);
}

enum weir_status pravega_await_table_update(struct pravega_session *session, struct pravega_table *table,
                                            const struct pravega_table_update *updates, size_t count,
                                            struct pravega_table_version *versions, struct weir_error *err)
{
    struct versions_out out = {versions, count};
    struct pravega_await *await = pravega_await_begin(session, &out);

    if (await != NULL)
        pravega_table_update(table, updates, count, on_versions, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_table_put(struct pravega_session *session, struct pravega_table *table,
                                         const struct pravega_table_key *key, struct weir_view value,
                                         struct pravega_table_version *version, struct weir_error *err)
{
    struct pravega_table_update update = pravega_table_put_of(*key, value);

    return pravega_await_table_update(session, table, &update, 1, version, err);
}

enum weir_status pravega_await_table_remove(struct pravega_session *session, struct pravega_table *table,
                                            const struct pravega_table_key *key, struct pravega_table_version version,
                                            struct weir_error *err)
{
    struct pravega_table_update update = pravega_table_remove_of(*key, version);

    return pravega_await_table_update(session, table, &update, 1, NULL, err);
}

enum weir_status pravega_await_table_exists(struct pravega_session *session, struct pravega_table *table,
                                            const struct pravega_table_key *key, bool *exists, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, exists);

    if (await != NULL)
        pravega_table_exists(table, key, pravega_await_on_exists, await);
    return pravega_await_end(session, await, err);
}

static void on_config(void *arg, enum weir_status status, const struct pravega_table_config *config,
                      const struct weir_error *why)
{
    struct pravega_table_config *out = pravega_await_out(arg);

    if (status == WEIR_OK && out != NULL)
        *out = *config;
    pravega_await_done(arg, status, why);
}

enum weir_status pravega_await_table_fetch_config(struct pravega_session *session,
                                                  const struct pravega_table_name *name,
                                                  struct pravega_table_config *config, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, config);

    if (await != NULL)
        pravega_table_fetch_config(pravega_session_client(session), name, on_config, await);
    return pravega_await_end(session, await, err);
}

enum weir_status pravega_await_table_list_page(struct pravega_session *session, const char *scope,
                                               const char *continuation, struct pravega_name_page **page,
                                               struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, page);

    *page = NULL;
    if (await != NULL)
        pravega_table_list(pravega_session_client(session), scope, continuation, pravega_await_on_page, await);
    return pravega_await_end(session, await, err);
}

/* ---- many entries */

static size_t entry_len(const struct pravega_table_entry *entry)
{
    return entry->key.primary.len + entry->key.secondary.len + entry->value.len;
}

static struct weir_view put_bytes(char **at, struct weir_view bytes)
{
    char *copy = *at;

    if (bytes.len > 0)
        memcpy(copy, bytes.ptr, bytes.len);
    *at += bytes.len;
    return weir_view(copy, bytes.len);
}

static void on_page(void *arg, enum weir_status status, const struct pravega_table_entry *entries, size_t count,
                    struct weir_view continuation, const struct weir_error *why)
{
    struct pravega_table_page **out = pravega_await_out(arg);
    struct pravega_table_page *page;
    size_t len = continuation.len;
    char *at;

    if (out == NULL || status != WEIR_OK) {
        pravega_await_done(arg, status, why);
        return;
    }
    for (size_t i = 0; i < count; i++)
        len += entry_len(&entries[i]);
    page = malloc(sizeof(*page) + count * sizeof(page->entries[0]) + len);
    if (page == NULL) {
        pravega_await_nomem(arg);
        return;
    }
    page->count = count;
    at = (char *)&page->entries[count];
    for (size_t i = 0; i < count; i++)
        page->entries[i] = (struct pravega_table_entry){
            {put_bytes(&at, entries[i].key.primary), put_bytes(&at, entries[i].key.secondary)},
            put_bytes(&at, entries[i].value),
            entries[i].version};
    page->continuation = put_bytes(&at, continuation);
    *out = page;
    pravega_await_done(arg, status, why);
}

enum weir_status pravega_await_table_iterator_next(struct pravega_session *session,
                                                   struct pravega_table_iterator *iterator,
                                                   struct pravega_table_page **page, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, page);

    *page = NULL;
    if (await != NULL)
        pravega_table_iterator_next(iterator, on_page, await);
    return pravega_await_end(session, await, err);
}

static void on_entries(void *arg, enum weir_status status, const struct pravega_table_entry *entries, size_t count,
                       const struct weir_error *why)
{
    on_page(arg, status, entries, count, weir_view(NULL, 0), why);
}

enum weir_status pravega_await_table_get_all(struct pravega_session *session, struct pravega_table *table,
                                             const struct pravega_table_key *keys, size_t count,
                                             struct pravega_table_page **page, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(session, page);

    *page = NULL;
    if (await != NULL)
        pravega_table_get_all(table, keys, count, on_entries, await);
    return pravega_await_end(session, await, err);
}
