/**
 * @file pravega/key_value_table.h
 * @brief Key-value tables: managing them, and reading, writing and walking over their entries. Mirrors upstream's
 *        KeyValueTableManager, KeyValueTable, TableKey, TableEntry, Version and KeyValueTableIterator.
 *
 * A key has a *primary* part, which says in which of the table's segments (its partitions) the entry lies, and may have
 * a *secondary* part; the lengths of both are fixed for a table. Each entry has a *version*, which changes with every
 * update; an update or removal may name the version that it expects. What is updated together has one primary key and
 * is updated all or not at all.
 *
 * Everything is used on the client's loop; results come to a callback in a later turn, once, and that may free the
 * table (but for a WEIR_E_NOMEM where there is no memory to remember the callback: that comes from within the call).
 * Views that are passed in are copied; views in callbacks live until the callback returns. Calls on the same key
 * are carried out in the order that they were made, unless a connection is lost in between.
 *
 * Failures that every call of a table can end with: WEIR_E_NOT_FOUND (no such table), WEIR_E_AUTH, WEIR_E_DENIED,
 * WEIR_E_NOMEM, WEIR_E_PROTO, those of a lost connection after the attempts of `retry`, and what each call names.
 */
#ifndef PRAVEGA_KEY_VALUE_TABLE_H
#define PRAVEGA_KEY_VALUE_TABLE_H

#include "pravega/client.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PRAVEGA_TABLE_KEY_LEN_MAX 8192                             /**< primary and secondary together */
#define PRAVEGA_TABLE_VALUE_LEN_MAX (1024 * 1024 - 8192)           /**< of one value */
#define PRAVEGA_TABLE_UPDATE_COUNT_MAX 256                         /**< keys that are updated together */
#define PRAVEGA_TABLE_UPDATE_LEN_MAX (16 * 1024 * 1024 - 1 - 8192) /**< bytes of their keys and values */

/** Both NUL-terminated and borrowed. */
struct pravega_table_name {
    const char *scope;
    const char *table;
};

/* ---- managing tables: KeyValueTableManager ---- */

/** Upstream's KeyValueTableConfiguration. Nothing has a default here. */
struct pravega_table_config {
    int32_t partition_count;   /**< 1 or more; stays as it is for the table's life */
    int32_t primary_key_len;   /**< bytes, 1 or more */
    int32_t secondary_key_len; /**< bytes, 0 or more */
    int64_t rollover_bytes;    /**< of a segment's chunk in long-term storage; 0: the store's choice */
};

/** WEIR_E_EXISTS; WEIR_E_NOT_FOUND: no such scope; WEIR_E_INVAL: a name or a number that upstream refuses. */
void pravega_table_create(struct pravega_client *client, const struct pravega_table_name *name,
                          const struct pravega_table_config *config, pravega_done_fn *done, void *arg);
/** Its entries go with it. WEIR_E_NOT_FOUND. */
void pravega_table_delete(struct pravega_client *client, const struct pravega_table_name *name, pravega_done_fn *done,
                          void *arg);

/** `config` is borrowed for the call; NULL unless status is WEIR_OK. WEIR_E_NOT_FOUND. */
typedef void pravega_table_config_fn(void *arg, enum weir_status status, const struct pravega_table_config *config,
                                     const struct weir_error *why);
void pravega_table_fetch_config(struct pravega_client *client, const struct pravega_table_name *name,
                                pravega_table_config_fn *done, void *arg);

/** `names` and `continuation` (an opaque text that asks for the next page) are borrowed for the call. An empty page is
 *  the last. */
typedef void pravega_table_names_fn(void *arg, enum weir_status status, const char *const *names, size_t count,
                                    const char *continuation, const struct weir_error *why);
/** The tables of a scope, a page at a time. WEIR_E_NOT_FOUND: no such scope. @param continuation NULL for the first */
void pravega_table_list(struct pravega_client *client, const char *scope, const char *continuation,
                        pravega_table_names_fn *done, void *arg);

/* ---- keys, versions, entries ---- */

/** Both parts have the lengths that the table was created with; `secondary` is empty in a table without. */
struct pravega_table_key {
    struct weir_view primary, secondary;
};

/** Upstream's Version: of one key, in the segment where the key lies. */
struct pravega_table_version {
    pravega_segment_id segment; /**< PRAVEGA_TABLE_NO_SEGMENT for the two special ones */
    int64_t version;
};
#define PRAVEGA_TABLE_NO_SEGMENT INT64_MIN
/** Version.NO_VERSION: no condition. */
#define PRAVEGA_TABLE_NO_VERSION ((struct pravega_table_version){PRAVEGA_TABLE_NO_SEGMENT, INT64_MIN})
/** Version.NOT_EXISTS: the key must not exist; and in what was read, it does not. */
#define PRAVEGA_TABLE_NOT_EXISTS ((struct pravega_table_version){PRAVEGA_TABLE_NO_SEGMENT, -1})

/** "segment:version", upstream's Version.toString(). */
#define PRAVEGA_TABLE_VERSION_TEXT_CAP 42
void pravega_table_version_text(struct pravega_table_version version, char out[PRAVEGA_TABLE_VERSION_TEXT_CAP]);
/** Upstream's Version.fromString(). @retval WEIR_E_INVAL not two decimal numbers with a ':' between them */
enum weir_status pravega_table_version_parse(struct weir_view text, struct pravega_table_version *out,
                                             struct weir_error *err);
/** The number of a version as upstream's TableSegmentKeyVersion.toBytes(), which leaves out the segment; no bytes for
 *  NOT_EXISTS. Returns the length. */
#define PRAVEGA_TABLE_VERSION_BYTES_CAP 16
size_t pravega_table_version_bytes(struct pravega_table_version version, uint8_t out[PRAVEGA_TABLE_VERSION_BYTES_CAP]);
/** TableSegmentKeyVersion.fromBytes(), for a key of `segment`. @retval WEIR_E_INVAL not such bytes */
enum weir_status pravega_table_version_from_bytes(struct weir_view bytes, pravega_segment_id segment,
                                                  struct pravega_table_version *out, struct weir_error *err);

struct pravega_table_entry {
    struct pravega_table_key key;
    struct weir_view value; /**< empty where only keys were asked for */
    struct pravega_table_version version;
};

/* ---- one table ---- */

struct pravega_table; /* opaque */

/** Zero means the default. */
struct pravega_table_options {
    struct pravega_retry retry; /**< KeyValueTableClientConfiguration: 10 ms, 30000 ms, 10 attempts, x4 */
};

/**
 * The table may be used at once; calls wait until its configuration and segments are known. A missing table shows as
 * WEIR_E_NOT_FOUND from these, and stays so for this object.
 * @param options NULL means the defaults
 */
enum weir_status pravega_table_new(struct pravega_client *client, const struct pravega_table_name *name,
                                   const struct pravega_table_options *options, struct pravega_table **out,
                                   struct weir_error *err);
/** Its iterators are freed already. Callbacks do not run; what is under way may be carried out or not. NULL is fine. */
void pravega_table_free(struct pravega_table *table);

/** `entry` is NULL with WEIR_OK if the table has no such key. */
typedef void pravega_table_entry_fn(void *arg, enum weir_status status, const struct pravega_table_entry *entry,
                                    const struct weir_error *why);
/** WEIR_E_INVAL: the key's parts don't have the table's lengths (so for all that follow). */
void pravega_table_get(struct pravega_table *table, const struct pravega_table_key *key, pravega_table_entry_fn *done,
                       void *arg);

/** One entry for each key asked for, in that order; a missing one has the version PRAVEGA_TABLE_NOT_EXISTS. */
typedef void pravega_table_entries_fn(void *arg, enum weir_status status, const struct pravega_table_entry *entries,
                                      size_t count, const struct weir_error *why);
/** Asks each segment for up to 15 keys at a time, 5 times in parallel. All values are in memory at once. */
void pravega_table_get_all(struct pravega_table *table, const struct pravega_table_key *keys, size_t count,
                           pravega_table_entries_fn *done, void *arg);

typedef void pravega_table_exists_fn(void *arg, enum weir_status status, bool exists, const struct weir_error *why);
/** Whether the key is there, without reading its value. As upstream it needs the right to write. */
void pravega_table_exists(struct pravega_table *table, const struct pravega_table_key *key,
                          pravega_table_exists_fn *done, void *arg);

/** Upstream's TableModification. */
struct pravega_table_update {
    struct pravega_table_key key;
    struct weir_view value;               /**< not looked at in a removal */
    struct pravega_table_version version; /**< what the key must have now */
    bool is_removal;
};

static inline struct pravega_table_update pravega_table_put_of(struct pravega_table_key key, struct weir_view value)
{
    return (struct pravega_table_update){key, value, PRAVEGA_TABLE_NO_VERSION, false};
}
static inline struct pravega_table_update pravega_table_insert_of(struct pravega_table_key key, struct weir_view value)
{
    return (struct pravega_table_update){key, value, PRAVEGA_TABLE_NOT_EXISTS, false};
}
static inline struct pravega_table_update pravega_table_replace_of(struct pravega_table_key key, struct weir_view value,
                                                                   struct pravega_table_version version)
{
    return (struct pravega_table_update){key, value, version, false};
}
/** @param version PRAVEGA_TABLE_NO_VERSION to remove whatever is there, or nothing */
static inline struct pravega_table_update pravega_table_remove_of(struct pravega_table_key key,
                                                                  struct pravega_table_version version)
{
    return (struct pravega_table_update){key, {NULL, 0}, version, true};
}

/** The new versions, in the order of the updates; none after removals. */
typedef void pravega_table_versions_fn(void *arg, enum weir_status status, const struct pravega_table_version *versions,
                                       size_t count, const struct weir_error *why);
/**
 * Carries out all of them or none: they have one primary key and are all removals, or none is.
 *
 * WEIR_E_CONFLICT: a condition does not hold; the message says whether the key has another version (or is missing:
 * "has not version ..."), exists ("exists already") or, in several updates, that it is one of them.
 * WEIR_E_CLOSED: the connection was lost while a conditional update was under way and, asked again, its condition did
 * not hold: either it was carried out the first time, or somebody else was faster; read the key to know.
 * WEIR_E_INVAL: wrong key lengths, several primary keys, updates and removals mixed, a version of another
 * segment. WEIR_E_LIMIT: a value, the number of updates or their bytes.
 */
void pravega_table_update(struct pravega_table *table, const struct pravega_table_update *updates, size_t count,
                          pravega_table_versions_fn *done, void *arg);

/* One update each; the callback gets one version, or none for a removal. */
/** Whatever is there. */
void pravega_table_put(struct pravega_table *table, const struct pravega_table_key *key, struct weir_view value,
                       pravega_table_versions_fn *done, void *arg);
/** If it is not there. WEIR_E_CONFLICT */
void pravega_table_insert(struct pravega_table *table, const struct pravega_table_key *key, struct weir_view value,
                          pravega_table_versions_fn *done, void *arg);
/** If it has this version. WEIR_E_CONFLICT */
void pravega_table_replace(struct pravega_table *table, const struct pravega_table_key *key, struct weir_view value,
                           struct pravega_table_version version, pravega_table_versions_fn *done, void *arg);
/** With PRAVEGA_TABLE_NO_VERSION whatever is there, or nothing; otherwise if it has this version. WEIR_E_CONFLICT */
void pravega_table_remove(struct pravega_table *table, const struct pravega_table_key *key,
                          struct pravega_table_version version, pravega_table_versions_fn *done, void *arg);

/* ---- walking over a table: KeyValueTableIterator ---- */

enum pravega_table_range_kind {
    PRAVEGA_TABLE_ALL,
    PRAVEGA_TABLE_PRIMARY,        /**< from..to: secondary keys of `primary` */
    PRAVEGA_TABLE_PRIMARY_PREFIX, /**< `from`: a prefix of the secondary keys of `primary` */
    PRAVEGA_TABLE_BETWEEN,        /**< from..to: primary keys */
    PRAVEGA_TABLE_PREFIX,         /**< `from`: a prefix of primary keys */
};
/** Which keys: made by the functions below. Both ends belong to it; an empty end is open. */
struct pravega_table_range {
    enum pravega_table_range_kind kind;
    struct weir_view primary, from, to;
};
/** Builder.all() */
static inline struct pravega_table_range pravega_table_all(void)
{
    return (struct pravega_table_range){PRAVEGA_TABLE_ALL, {NULL, 0}, {NULL, 0}, {NULL, 0}};
}
/** Builder.forPrimaryKey(primary, from, to): one segment is asked. */
static inline struct pravega_table_range pravega_table_of_primary(struct weir_view primary, struct weir_view from,
                                                                  struct weir_view to)
{
    return (struct pravega_table_range){PRAVEGA_TABLE_PRIMARY, primary, from, to};
}
/** Builder.forPrimaryKey(primary, prefix) */
static inline struct pravega_table_range pravega_table_of_primary_prefix(struct weir_view primary,
                                                                         struct weir_view prefix)
{
    return (struct pravega_table_range){PRAVEGA_TABLE_PRIMARY_PREFIX, primary, prefix, {NULL, 0}};
}
/** Builder.forRange(from, to) */
static inline struct pravega_table_range pravega_table_between(struct weir_view from, struct weir_view to)
{
    return (struct pravega_table_range){PRAVEGA_TABLE_BETWEEN, {NULL, 0}, from, to};
}
/** Builder.forPrefix(prefix) */
static inline struct pravega_table_range pravega_table_prefix(struct weir_view prefix)
{
    return (struct pravega_table_range){PRAVEGA_TABLE_PREFIX, {NULL, 0}, prefix, {NULL, 0}};
}

/** Zero means the default. */
struct pravega_table_iterator_options {
    int32_t page_size; /**< entries, 1 or more; 0 means 10, as upstream */
    bool keys_only;
    /** Of a page of an earlier iterator over this table, in this process or another: goes on there, and the range is
     *  not looked at. Empty means none. */
    struct weir_view continuation;
};

struct pravega_table_iterator; /* opaque */

/**
 * Entries in the ascending order of their keys' unsigned bytes, primary before secondary, of all segments together.
 * What is changed while it walks may or may not be seen.
 * @retval WEIR_E_INVAL a page size below 0, or bytes that are no continuation
 */
enum weir_status pravega_table_iterator_new(struct pravega_table *table, const struct pravega_table_range *range,
                                            const struct pravega_table_iterator_options *options,
                                            struct pravega_table_iterator **out, struct weir_error *err);
/** A callback that waits does not run. NULL is fine. */
void pravega_table_iterator_free(struct pravega_table_iterator *iterator);

/** `continuation` goes on after this page. A page may be short; one without entries is the end. */
typedef void pravega_table_page_fn(void *arg, enum weir_status status, const struct pravega_table_entry *entries,
                                   size_t count, struct weir_view continuation, const struct weir_error *why);
/**
 * The next page; one at a time: the callback of the one before has run, or is running. After a failure it may be asked
 * for again. WEIR_E_INVAL: the range's parts, or the continuation, don't have the table's lengths.
 */
void pravega_table_iterator_next(struct pravega_table_iterator *iterator, pravega_table_page_fn *done, void *arg);

#ifdef __cplusplus
}
#endif

#endif
