/**
 * @file table_keeper.h
 * @brief A client's life with a table: batches of puts and removals in a row of its own, with conditions and without,
 *        conditions that do not hold, and raises of the common count.
 *
 * What it asks for and is answered goes into the table's ledger (table_ledger.h, with the rules). What it needs to know
 * of its row it knows from its own answers; only after one that is lost it reads.
 */
#ifndef WEIR_TEST_TABLE_KEEPER_H
#define WEIR_TEST_TABLE_KEEPER_H

#include "table_ledger.h"
#include "world.h"

struct table_keeper {
    const struct world *world;
    struct table_ledger *ledger;
    struct weir_loop *loop;
    struct pravega_table *table;
    struct weir_timer timer;
    bool playing; /* it goes on by itself */
    bool resting; /* nothing is under way */
    int64_t pause_max_ns;
    int row; /* -1: it has changed enough */
    /* The batch under way. */
    int slots[TABLE_SLOTS];
    size_t count;
    bool is_removal;
    bool hopeless; /* a condition of it does not hold */
    uint64_t raise_to, raise_value;
};

/** @param table the keeper's from here on, and `ledger` borrowed */
void table_keeper_init(struct table_keeper *keeper, const struct world *world, struct table_ledger *ledger,
                       struct weir_loop *loop, struct pravega_table *table);
/** One change: `resting` is false until its outcome is known. */
void table_keeper_step(struct table_keeper *keeper);
/** On and on, with pauses, until `playing` is set to false, and then until it rests. */
void table_keeper_play(struct table_keeper *keeper, int64_t pause_max_ns);
/** The client may be dead. */
void table_keeper_fini(struct table_keeper *keeper);

/** Makes the table that keepers use, by the driver's client, and the driver's own access to it. */
extern const struct pravega_table_name table_name;
struct pravega_table *table_make(struct world *world);
/** The driver reads all rows and the count, each at once. */
void table_look(struct world *world, struct table_ledger *ledger, struct pravega_table *table);
/** Walks over all entries, while nothing is under way: they are those that a look has just seen, once, and in order. */
void table_walk(struct world *world, struct table_ledger *ledger, struct pravega_table *table);

#endif
