/**
 * @file table_ledger.h
 * @brief What a key-value table was asked to keep and what it promised, and the check of what it shows against that.
 *
 * A *row* is the entries of one primary key, in TABLE_SLOTS slots (secondary keys). It belongs to one life of one
 * client, which changes it by one batch after the other, and waits for each. Rules, for each look:
 *   1. A row is as it was after a batch: no batch is half there. It is not older than the last one that was
 *      acknowledged before the look, or seen by an earlier one, nor newer than the last one that was asked for.
 *   2. An entry keeps the version that the batch was answered with, or, with conditions, that was seen first.
 *   3. A batch with a condition is carried out if it holds, and else not at all.
 * All clients raise one *count* with conditions:
 *   4. Each number is reached by one raise only, and the count never falls.
 */
#ifndef WEIR_TEST_TABLE_LEDGER_H
#define WEIR_TEST_TABLE_LEDGER_H

#include "pravega/key_value_table.h"
#include "progress.h"
#include "seeds.h"

#define TABLE_SLOTS 6
#define TABLE_ROWS_MAX 16
#define TABLE_STATES_MAX 400
#define TABLE_RAISES_MAX 4096
#define TABLE_VALUE_LEN_MAX 320
#define TABLE_COUNT_ROW TABLE_ROWS_MAX /* where the count lies, in slot 0 */

struct table_slot {
    uint64_t value; /* 0: no entry */
    struct pravega_table_version version;
    bool version_known;
};

struct table_row {
    struct table_slot states[TABLE_STATES_MAX][TABLE_SLOTS];
    struct progress progress; /* through the states */
    /* A batch without conditions is sent again if its connection is lost, and may be carried out twice: versions in
     * such a state are not known before the answer. */
    bool unconditional[TABLE_STATES_MAX];
    int answered; /* the last state whose client has had an answer, or has read it */
};

struct table_ledger {
    struct seed_run *run;
    struct table_row rows[TABLE_ROWS_MAX];
    int row_count;
    uint64_t value_count;
    uint64_t raises[TABLE_RAISES_MAX]; /* the value with which the count reached it; 0: not known yet */
    uint64_t count;                    /* that was acknowledged, or seen */
};

extern const struct pravega_table_config table_config;

void table_ledger_init(struct table_ledger *ledger, struct seed_run *run);
/** A row for one life; -1: there is no room for more. */
int table_ledger_row(struct table_ledger *ledger);
/** A value that was never used. */
uint64_t table_ledger_value(struct table_ledger *ledger);

/** Bytes of keys and values. */
struct table_key_bytes {
    uint8_t primary[4], secondary[1];
};
struct pravega_table_key table_key(struct table_key_bytes *bytes, int row, int slot);
/** Every value has a length and bytes of its own. */
size_t table_value_bytes(uint64_t value, uint64_t count, uint8_t bytes[TABLE_VALUE_LEN_MAX]);

/** The row as it is, once all is answered. */
const struct table_slot *table_row_now(const struct table_ledger *ledger, int row);
/** A batch that leaves the row so is asked for. False: the row has changed often enough. */
bool table_row_ask(struct table_ledger *ledger, int row, const struct table_slot next[TABLE_SLOTS], bool conditional);
/** It was acknowledged. @param slots of the `count` versions */
void table_row_acked(struct table_ledger *ledger, int row, const struct pravega_table_version *versions,
                     const int *slots, size_t count);
/** What is known of a row when it is asked for. */
struct table_row_mark {
    int settled, answered;
};
struct table_row_mark table_row_mark(const struct table_ledger *ledger, int row);
/** Rules 1 and 2, of an answer to get_all() of the row's slots. */
void table_row_seen(struct table_ledger *ledger, int row, struct table_row_mark since,
                    const struct pravega_table_entry *entries, size_t count);
/** The same for the row's own client, which had no answer: if nothing came of it, the row is what it was before. */
void table_row_read_back(struct table_ledger *ledger, int row, const struct pravega_table_entry *entries, size_t count);

/** Rule 4. */
bool table_count_of(struct table_ledger *ledger, const struct pravega_table_entry *entry, uint64_t *count);
void table_count_raised(struct table_ledger *ledger, uint64_t count, uint64_t value);
/** @param from the count that was acknowledged when it was asked */
void table_count_seen(struct table_ledger *ledger, uint64_t from, const struct pravega_table_entry *entry);

#endif
