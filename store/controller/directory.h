/**
 * @file store/controller/directory.h
 * @brief Scopes, streams, transactions, reader groups and key-value tables as they stand in memory: the catalog,
 * decoded.
 *
 * Only a structure: it stores nothing. Who changes it also puts the record into a change (store/controller/batch.h).
 * Everything of one kind is in one sorted table, so that lists can be paged by name. Thread: the store's loop.
 */
#ifndef WEIR_STORE_DIRECTORY_H
#define WEIR_STORE_DIRECTORY_H

#include "store/controller/catalog.h"
#include "weir/loop.h"

/** Objects by name; each begins with its `char *name`. Does not own them. */
struct weir_name_table {
    void **items; /**< by name, bytewise */
    size_t count, cap;
};

void weir_name_table_fini(struct weir_name_table *table); /**< The table only */
void *weir_name_table_find(const struct weir_name_table *table, struct weir_view name);
/** @retval WEIR_E_EXISTS, WEIR_E_NOMEM the object stays outside */
enum weir_status weir_name_table_insert(struct weir_name_table *table, void *object);
void weir_name_table_remove(struct weir_name_table *table, const void *object);
/** Index of the first object whose name is greater than `name`: where the page after it begins. */
size_t weir_name_table_after(const struct weir_name_table *table, struct weir_view name);

/** A writer that noted its time. */
struct weir_held_writer {
    char *name;
    struct weir_writer_record rec;
    int64_t idle_since_ns; /**< its time was found to hold back the watermark; 0: it does not */
};

/** A reader group's claim on a stream's data. */
struct weir_held_subscriber {
    char *name; /**< "scope/group" */
    struct weir_subscriber_record rec;
};

struct weir_held_stream;

struct weir_controller;
struct weir_upkeep;

struct weir_held_txn {
    struct weir_held_stream *stream;
    struct weir_controller *ctl; /**< set by whoever starts the lease */
    struct weir_uuid id;
    struct weir_txn_record rec;
    struct weir_timer lease; /**< armed while OPEN */
};

struct weir_held_stream {
    char *name;
    struct weir_held_scope *scope;
    struct weir_stream_record rec;
    struct weir_name_table writers;
    struct weir_name_table subscribers;
    struct weir_held_txn **txns; /**< by number, which only grows */
    size_t txn_count, txn_cap;
    size_t committing_count; /**< of them, COMMITTING; the others may be many, and are of no interest to a commit */
    struct weir_stream_policy policy; /**< as rec.config says */
    struct weir_upkeep *upkeep;       /**< what the controller does for it by itself (upkeep.h), or NULL */
};

struct weir_held_group {
    char *name;
    struct weir_group_record rec;
};

/** A key-value table. */
struct weir_held_kvt {
    char *name;
    struct weir_kvt_record rec;
};

struct weir_held_scope {
    char *name;
    struct weir_name_table streams;
    struct weir_name_table groups;
    struct weir_name_table kvts;
};

struct weir_directory {
    struct weir_name_table scopes;
};

void weir_directory_fini(struct weir_directory *dir, struct weir_loop *loop);

struct weir_held_scope *weir_directory_scope(const struct weir_directory *dir, struct weir_view scope);
struct weir_held_stream *weir_directory_stream(const struct weir_directory *dir, struct weir_view scope,
                                               struct weir_view stream);
struct weir_held_group *weir_directory_group(const struct weir_directory *dir, struct weir_view scope,
                                             struct weir_view group);
struct weir_held_kvt *weir_directory_kvt(const struct weir_directory *dir, struct weir_view scope,
                                         struct weir_view kvt);

/* Makers: NULL if out of memory; the record is zeroed and the object stands outside its table. */
struct weir_held_scope *weir_held_scope_new(struct weir_view name);
struct weir_held_stream *weir_held_stream_new(struct weir_held_scope *scope, struct weir_view name);
struct weir_held_group *weir_held_group_new(struct weir_view name);
struct weir_held_kvt *weir_held_kvt_new(struct weir_view name);
struct weir_held_writer *weir_held_writer_new(struct weir_view name);
struct weir_held_subscriber *weir_held_subscriber_new(struct weir_view name);
/** @param loop stops the leases of transactions */
void weir_held_scope_free(struct weir_held_scope *scope, struct weir_loop *loop);
void weir_held_stream_free(struct weir_held_stream *stream, struct weir_loop *loop);
void weir_held_group_free(struct weir_held_group *group);
void weir_held_kvt_free(struct weir_held_kvt *kvt);
void weir_held_writer_free(struct weir_held_writer *writer);
void weir_held_subscriber_free(struct weir_held_subscriber *subscriber);

/** A zeroed transaction, in the stream's list. @return NULL if out of memory or if the id is there already */
struct weir_held_txn *weir_held_stream_add_txn(struct weir_held_stream *stream, struct weir_uuid id);
struct weir_held_txn *weir_held_stream_txn(const struct weir_held_stream *stream, struct weir_uuid id);
/** Removes and frees it. */
void weir_held_stream_drop_txn(struct weir_held_txn *txn, struct weir_loop *loop);

#endif
