/**
 * @file container_model.h
 * @brief What a container holds, as plain arrays: the state that a workload must have led to.
 *
 * A model and a container of the same content have the same digest, so that what a container recovers to can be looked
 * up among the states that there were.
 */
#ifndef CONTAINER_MODEL_H
#define CONTAINER_MODEL_H

#include "store_fixture.h"

#define SEGMENTS 5
#define TABLES 2 /**< the first has keys of a fixed length, the second is a hash table */
#define TABLE_KEYS 12
#define TABLE_VALUE_LEN_MAX 400
#define KEYS 4
#define MODEL_LEN_MAX 60000

struct model_segment {
    bool exists, sealed;
    int64_t start, length, last_event;
    uint8_t bytes[MODEL_LEN_MAX];
};

struct model_entry {
    int64_t version; /* WEIR_TABLE_NOT_EXISTS: not there */
    size_t len;
    uint8_t value[TABLE_VALUE_LEN_MAX];
};

struct model_table {
    bool exists;
    struct model_entry entries[TABLE_KEYS];
};

struct model {
    struct model_segment segments[SEGMENTS];
    struct model_table tables[TABLES];
    int64_t keys[KEYS]; /* 0: not there */
};

/** Appends all of its events. */
static const struct weir_uuid model_writer = {0xabc, 0xdef};

/* The names that the parts of the model have in the container. */
void segment_name(int i, char out[8]);
void table_name(int i, char out[8]);
struct weir_view table_key(int i, char out[8]); /**< in `out` */

uint64_t model_digest(const struct model *model);
/** Of all that is there by the names above, every byte of it read. */
uint64_t container_digest(struct machine *m);

#endif
