/*
 * play_table.h - a key-value table in memory behind the play store: fixed-key table segments as the protocol's notes
 * have them.
 */
#ifndef PLAY_TABLE_H
#define PLAY_TABLE_H

#include "play_store.h"
#include "pravega/key_value_table.h"

#define PLAY_TABLE_SEGMENTS_MAX 8
#define PLAY_TABLE_ENTRIES_MAX 4096
#define PLAY_TABLE "table"

struct play_table_entry {
    uint8_t key[32];
    struct weir_buf value;
    int64_t version;
};

struct play_table_segment {
    char name[128];
    struct play_table_entry *entries; /* sorted by key */
    size_t count;
    int64_t length; /* the next version */
};

struct play_table {
    struct play_store *store;
    struct pravega_table_config config; /* partition_count 0: there is no such table */
    struct play_table_segment segments[PLAY_TABLE_SEGMENTS_MAX];
    size_t page_count_max; /* of entries in an answer, whatever was asked for; 0: no limit */
    enum { PLAY_HONEST, PLAY_OTHER_KEY, PLAY_FEWER_ENTRIES, PLAY_REPEATED, PLAY_FEWER_VERSIONS } lie;

    /* What happened. */
    uint64_t update_count; /* commands carried out that changed something */
    size_t read_keys_max;  /* of one READ_TABLE */
    int64_t read_ns[PLAY_TABLE_SEGMENTS_MAX];
    size_t reads_at_once[PLAY_TABLE_SEGMENTS_MAX], reads_at_once_max;
};

void play_table_open(struct play_table *table, struct play_store *store, const struct pravega_table_config *config);
void play_table_close(struct play_table *table);
/** All of its segments. */
size_t play_table_count(const struct play_table *table);

#endif
