/*
 * table_keeper.c - one client's changes of a table.
 *
 *     RESTING --step--> a batch of its row --answered--> RESTING
 *                       `--the answer is lost--> it reads its row --carried out, or not--> RESTING
 *             --step--> it reads the count --> raises it, if it is still what it was --> RESTING
 */
#include "table_keeper.h"

#include <string.h>

static void step_on(void *arg);
static void read_back(struct table_keeper *keeper);

void table_keeper_init(struct table_keeper *keeper, const struct world *world, struct table_ledger *ledger,
                       struct weir_loop *loop, struct pravega_table *table)
{
    *keeper = (struct table_keeper){.world = world, .ledger = ledger, .loop = loop, .table = table, .resting = true};
    keeper->timer = (struct weir_timer){.fn = step_on, .arg = keeper};
    keeper->row = table_ledger_row(ledger);
}

void table_keeper_fini(struct table_keeper *keeper)
{
    if (keeper->loop != NULL)
        weir_timer_stop(keeper->loop, &keeper->timer);
    pravega_table_free(keeper->table);
    keeper->table = NULL;
}

static void rest(struct table_keeper *keeper)
{
    keeper->resting = true;
    if (keeper->playing && keeper->row >= 0)
        weir_timer_start(keeper->loop, &keeper->timer,
                         (int64_t)pick(keeper->world, (uint64_t)keeper->pause_max_ns));
}

/* A client that has never met its controller gives up after a while. */
static bool gave_up(struct table_keeper *keeper, enum weir_status status)
{
    if (status != WEIR_E_REFUSED)
        return false;
    keeper->row = -1;
    rest(keeper);
    return true;
}

/* --- an answer that was lost -------------------------------------------------------------------------------------- */

static void on_read_back(void *arg, enum weir_status status, const struct pravega_table_entry *entries, size_t count,
                         const struct weir_error *why)
{
    struct table_keeper *keeper = arg;

    (void)why;
    if (status != WEIR_OK) {
        if (!gave_up(keeper, status))
            read_back(keeper);
        return;
    }
    table_row_read_back(keeper->ledger, keeper->row, entries, count);
    rest(keeper);
}

static void read_back(struct table_keeper *keeper)
{
    struct table_key_bytes bytes[TABLE_SLOTS];
    struct pravega_table_key keys[TABLE_SLOTS];

    for (int s = 0; s < TABLE_SLOTS; s++)
        keys[s] = table_key(&bytes[s], keeper->row, s);
    pravega_table_get_all(keeper->table, keys, TABLE_SLOTS, on_read_back, keeper);
}

/* --- batches ------------------------------------------------------------------------------------------------------ */

/* Rule 3 of the ledger. After a lost answer a look would show that such a batch was carried out. */
static void on_hopeless(struct table_keeper *keeper, enum weir_status status)
{
    if (status == WEIR_OK)
        seed_fail(keeper->world->run, "row %d was changed by a batch whose condition did not hold", keeper->row);
    if (!gave_up(keeper, status))
        rest(keeper);
}

static void on_changed(void *arg, enum weir_status status, const struct pravega_table_version *versions, size_t count,
                       const struct weir_error *why)
{
    struct table_keeper *keeper = arg;

    if (keeper->hopeless) {
        on_hopeless(keeper, status);
    } else if (status == WEIR_OK) {
        if (count != (keeper->is_removal ? 0 : keeper->count))
            seed_fail(keeper->world->run, "%zu keys were put, and %zu versions answered", keeper->count, count);
        else
            table_row_acked(keeper->ledger, keeper->row, versions, keeper->slots, count);
        rest(keeper);
    } else if (status == WEIR_E_CONFLICT || status == WEIR_E_NOT_FOUND) {
        seed_fail(keeper->world->run, "row %d: a change whose conditions hold is refused: %s", keeper->row,
                  why->message);
        rest(keeper);
    } else if (!gave_up(keeper, status)) {
        read_back(keeper);
    }
}

struct batch {
    struct pravega_table_update updates[TABLE_SLOTS];
    struct table_key_bytes keys[TABLE_SLOTS];
    struct table_slot next[TABLE_SLOTS]; /* the row, if it is carried out */
    uint8_t bytes[TABLE_VALUE_LEN_MAX];
    uint64_t value;
    size_t value_len;
    bool conditional;
};

static void add_put(struct table_keeper *keeper, struct batch *batch, int slot, const struct table_slot *now)
{
    struct pravega_table_key key = table_key(&batch->keys[keeper->count], keeper->row, slot);
    struct pravega_table_version expected = PRAVEGA_TABLE_NO_VERSION;

    if (batch->conditional)
        expected = now->value == 0 ? PRAVEGA_TABLE_NOT_EXISTS : now->version;
    batch->updates[keeper->count] =
        pravega_table_replace_of(key, weir_view(batch->bytes, batch->value_len), expected);
    batch->next[slot] = (struct table_slot){.value = batch->value};
    keeper->slots[keeper->count++] = slot;
}

/* A condition needs something that is there. */
static void add_removal(struct table_keeper *keeper, struct batch *batch, int slot, const struct table_slot *now)
{
    struct pravega_table_key key = table_key(&batch->keys[keeper->count], keeper->row, slot);

    if (batch->conditional && now->value == 0)
        return;
    batch->updates[keeper->count] =
        pravega_table_remove_of(key, batch->conditional ? now->version : PRAVEGA_TABLE_NO_VERSION);
    batch->next[slot] = (struct table_slot){0};
    keeper->slots[keeper->count++] = slot;
}

/* Makes one condition wrong, if there is an entry whose version can be missed. */
static void spoil(struct table_keeper *keeper, struct batch *batch, const struct table_slot *now)
{
    for (size_t i = 0; i < keeper->count; i++) {
        if (now[keeper->slots[i]].value == 0)
            continue;
        batch->updates[i].version.version++;
        keeper->hopeless = true;
        return;
    }
}

static void change_row(struct table_keeper *keeper)
{
    const struct table_slot *now = table_row_now(keeper->ledger, keeper->row);
    uint64_t mask = 1 + pick(keeper->world, (1u << TABLE_SLOTS) - 1);
    struct batch batch = {.value = table_ledger_value(keeper->ledger), .conditional = pick(keeper->world, 2) == 0};

    batch.value_len = table_value_bytes(batch.value, 0, batch.bytes);
    memcpy(batch.next, now, sizeof(batch.next));
    keeper->count = 0;
    keeper->hopeless = false;
    keeper->is_removal = pick(keeper->world, 4) == 0;
    for (int s = 0; s < TABLE_SLOTS; s++) {
        if ((mask & 1u << s) != 0)
            (keeper->is_removal ? add_removal : add_put)(keeper, &batch, s, &now[s]);
    }
    if (batch.conditional && pick(keeper->world, 4) == 0)
        spoil(keeper, &batch, now);
    if (keeper->count == 0) {
        rest(keeper);
    } else if (!keeper->hopeless && !table_row_ask(keeper->ledger, keeper->row, batch.next, batch.conditional)) {
        keeper->row = -1;
        rest(keeper);
    } else {
        pravega_table_update(keeper->table, batch.updates, keeper->count, on_changed, keeper);
    }
}

/* --- the count ---------------------------------------------------------------------------------------------------- */

/* Not OK: another one was faster, or nobody knows: then a look may see it. */
static void on_raised(void *arg, enum weir_status status, const struct pravega_table_version *versions, size_t count,
                      const struct weir_error *why)
{
    struct table_keeper *keeper = arg;

    (void)versions;
    (void)count;
    (void)why;
    if (status == WEIR_OK)
        table_count_raised(keeper->ledger, keeper->raise_to, keeper->raise_value);
    if (!gave_up(keeper, status))
        rest(keeper);
}

static void on_count(void *arg, enum weir_status status, const struct pravega_table_entry *entry,
                     const struct weir_error *why)
{
    struct table_keeper *keeper = arg;
    uint8_t bytes[TABLE_VALUE_LEN_MAX];
    struct table_key_bytes key_bytes;
    struct pravega_table_key key = table_key(&key_bytes, TABLE_COUNT_ROW, 0);
    uint64_t count;
    size_t len;

    (void)why;
    if (gave_up(keeper, status))
        return;
    if (status != WEIR_OK || !table_count_of(keeper->ledger, entry, &count)) {
        rest(keeper);
        return;
    }
    keeper->raise_to = count + 1;
    keeper->raise_value = table_ledger_value(keeper->ledger);
    len = table_value_bytes(keeper->raise_value, keeper->raise_to, bytes);
    pravega_table_replace(keeper->table, &key, weir_view(bytes, len),
                          entry != NULL ? entry->version : PRAVEGA_TABLE_NOT_EXISTS, on_raised, keeper);
}

static void raise_count(struct table_keeper *keeper)
{
    struct table_key_bytes bytes;
    struct pravega_table_key key = table_key(&bytes, TABLE_COUNT_ROW, 0);

    pravega_table_get(keeper->table, &key, on_count, keeper);
}

/* --- steps -------------------------------------------------------------------------------------------------------- */

void table_keeper_step(struct table_keeper *keeper)
{
    if (keeper->row < 0)
        return;
    keeper->resting = false;
    if (pick(keeper->world, 5) == 0)
        raise_count(keeper);
    else
        change_row(keeper);
}

static void step_on(void *arg)
{
    struct table_keeper *keeper = arg;

    if (keeper->playing)
        table_keeper_step(keeper);
}

void table_keeper_play(struct table_keeper *keeper, int64_t pause_max_ns)
{
    keeper->playing = true;
    keeper->pause_max_ns = pause_max_ns;
    rest(keeper);
}
