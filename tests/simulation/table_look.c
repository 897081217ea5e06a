/*
 * table_look.c - the driver reads a table and holds it against the ledger.
 *
 * A row is asked for in one command, which the store answers as of one moment; so a batch that is half there shows.
 */
#include <assert.h>
#include <string.h>

#include "table_keeper.h"

#define PAGE_SIZE 7

const struct pravega_table_name table_name = {SCOPE, "table"};

struct pravega_table *table_make(struct world *world)
{
    struct pravega_table *table;
    struct outcome made = {0};
    enum weir_status status;

    pravega_table_create(world->client, &table_name, &table_config, outcome_done, &made);
    if (!world_await_made(world, &made, "making the table"))
        return NULL;
    status = pravega_table_new(world->client, &table_name, NULL, &table, NULL);
    assert(status == WEIR_OK);
    (void)status;
    return table;
}

/* --- rows --------------------------------------------------------------------------------------------------------- */

struct row_look {
    struct table_ledger *ledger;
    int row;
    struct table_row_mark since;
    struct outcome outcome;
};

static void on_row(void *arg, enum weir_status status, const struct pravega_table_entry *entries, size_t count,
                   const struct weir_error *why)
{
    struct row_look *look = arg;

    if (status == WEIR_OK)
        table_row_seen(look->ledger, look->row, look->since, entries, count);
    outcome_done(&look->outcome, status, why);
}

static void ask_row(struct row_look *look, struct pravega_table *table)
{
    struct table_key_bytes bytes[TABLE_SLOTS];
    struct pravega_table_key keys[TABLE_SLOTS];

    for (int s = 0; s < TABLE_SLOTS; s++)
        keys[s] = table_key(&bytes[s], look->row, s);
    look->since = table_row_mark(look->ledger, look->row);
    pravega_table_get_all(table, keys, TABLE_SLOTS, on_row, look);
}

struct count_look {
    struct table_ledger *ledger;
    uint64_t from;
    struct outcome outcome;
};

static void on_count(void *arg, enum weir_status status, const struct pravega_table_entry *entry,
                     const struct weir_error *why)
{
    struct count_look *look = arg;

    if (status == WEIR_OK)
        table_count_seen(look->ledger, look->from, entry);
    outcome_done(&look->outcome, status, why);
}

void table_look(struct world *world, struct table_ledger *ledger, struct pravega_table *table)
{
    struct row_look rows[TABLE_ROWS_MAX];
    struct count_look count = {.ledger = ledger, .from = ledger->count};
    struct table_key_bytes bytes;
    struct pravega_table_key key = table_key(&bytes, TABLE_COUNT_ROW, 0);
    int row_count = ledger->row_count;

    for (int r = 0; r < row_count; r++) {
        rows[r] = (struct row_look){.ledger = ledger, .row = r};
        ask_row(&rows[r], table);
    }
    pravega_table_get(table, &key, on_count, &count);
    for (int r = 0; r < row_count && !seed_failed(world->run); r++)
        world_await_ok(world, &rows[r].outcome, "reading a row of the table");
    if (!seed_failed(world->run))
        world_await_ok(world, &count.outcome, "reading the count of the table");
}

/* --- a walk ------------------------------------------------------------------------------------------------------- */

struct walk {
    struct table_ledger *ledger;
    struct outcome outcome;
    size_t page_count, entry_count;
    uint8_t last[5]; /* the key before */
};

static void check_entry(struct walk *walk, const struct pravega_table_entry *entry)
{
    uint8_t key[sizeof(walk->last)];

    if (entry->key.primary.len != 4 || entry->key.secondary.len != 1) {
        seed_fail(walk->ledger->run, "the table has a key of %zu and %zu bytes", entry->key.primary.len,
                  entry->key.secondary.len);
        return;
    }
    memcpy(key, entry->key.primary.ptr, 4);
    key[4] = *entry->key.secondary.ptr;
    if (memcmp(key, walk->last, sizeof(key)) <= 0)
        seed_fail(walk->ledger->run, "a walk comes to key %.5s after %.5s", (const char *)key,
                  (const char *)walk->last);
    memcpy(walk->last, key, sizeof(key));
    walk->entry_count++;
}

static void on_page(void *arg, enum weir_status status, const struct pravega_table_entry *entries, size_t count,
                    struct weir_view continuation, const struct weir_error *why)
{
    struct walk *walk = arg;

    (void)continuation;
    walk->page_count = count;
    for (size_t i = 0; status == WEIR_OK && i < count; i++)
        check_entry(walk, &entries[i]);
    outcome_done(&walk->outcome, status, why);
}

/* What is settled is what a look has just seen. */
static size_t settled_count(const struct table_ledger *ledger)
{
    size_t count = ledger->count > 0;

    for (int r = 0; r < ledger->row_count; r++)
        for (int s = 0; s < TABLE_SLOTS; s++)
            count += ledger->rows[r].states[ledger->rows[r].progress.settled][s].value != 0;
    return count;
}

void table_walk(struct world *world, struct table_ledger *ledger, struct pravega_table *table)
{
    const struct pravega_table_range all = pravega_table_all();
    const struct pravega_table_iterator_options options = {.page_size = PAGE_SIZE};
    struct pravega_table_iterator *iterator;
    struct walk walk = {.ledger = ledger};
    enum weir_status status = pravega_table_iterator_new(table, &all, &options, &iterator, NULL);

    assert(status == WEIR_OK);
    (void)status;
    do {
        walk.outcome = (struct outcome){0};
        pravega_table_iterator_next(iterator, on_page, &walk);
    } while (world_await_ok(world, &walk.outcome, "walking over the table") && walk.page_count > 0 &&
             !seed_failed(world->run));
    pravega_table_iterator_free(iterator);
    if (!seed_failed(world->run) && walk.entry_count != settled_count(ledger))
        seed_fail(world->run, "a walk comes to %zu entries, the rows have %zu", walk.entry_count,
                  settled_count(ledger));
}
