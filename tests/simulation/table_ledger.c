/*
 * table_ledger.c - the rules of table_ledger.h.
 */
#include "table_ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "weir/endian.h"

const struct pravega_table_config table_config = {
    .partition_count = 2, .primary_key_len = 4, .secondary_key_len = 1};

void table_ledger_init(struct table_ledger *ledger, struct seed_run *run)
{
    ledger->run = run;
}

int table_ledger_row(struct table_ledger *ledger)
{
    return ledger->row_count < TABLE_ROWS_MAX ? ledger->row_count++ : -1;
}

uint64_t table_ledger_value(struct table_ledger *ledger)
{
    return ++ledger->value_count;
}

/* --- bytes ------------------------------------------------------------------------------------------------------ */

struct pravega_table_key table_key(struct table_key_bytes *bytes, int row, int slot)
{
    char text[16];

    snprintf(text, sizeof(text), "r%03d", row % 1000);
    memcpy(bytes->primary, text, sizeof(bytes->primary));
    bytes->secondary[0] = (uint8_t)('a' + slot);
    return (struct pravega_table_key){weir_view(bytes->primary, sizeof(bytes->primary)),
                                      weir_view(bytes->secondary, sizeof(bytes->secondary))};
}

size_t table_value_bytes(uint64_t value, uint64_t count, uint8_t bytes[TABLE_VALUE_LEN_MAX])
{
    size_t len = 16 + value * 37 % (TABLE_VALUE_LEN_MAX - 15);

    weir_put_u64be(bytes, value);
    weir_put_u64be(bytes + 8, count);
    for (size_t i = 16; i < len; i++)
        bytes[i] = (uint8_t)(value * 31 + i);
    return len;
}

/* The value and the count behind it; false: nobody put such an entry. */
static bool take_value(struct table_ledger *ledger, const struct pravega_table_entry *entry, uint64_t *value,
                       uint64_t *count)
{
    uint8_t want[TABLE_VALUE_LEN_MAX];
    bool good = entry->value.len >= 16;

    if (good) {
        *value = weir_get_u64be(entry->value.ptr);
        *count = weir_get_u64be(entry->value.ptr + 8);
        good = *value > 0 && *value <= ledger->value_count &&
               entry->value.len == table_value_bytes(*value, *count, want) &&
               memcmp(entry->value.ptr, want, entry->value.len) == 0;
    }
    if (!good)
        seed_fail(ledger->run, "the table has an entry of %zu bytes that nobody put", entry->value.len);
    return good;
}

/* --- rows ------------------------------------------------------------------------------------------------------- */

const struct table_slot *table_row_now(const struct table_ledger *ledger, int row)
{
    return ledger->rows[row].states[ledger->rows[row].progress.asked];
}

bool table_row_ask(struct table_ledger *ledger, int row, const struct table_slot next[TABLE_SLOTS], bool conditional)
{
    struct progress *progress = &ledger->rows[row].progress;

    if (progress->asked + 2 >= TABLE_STATES_MAX) /* one more, if it is not carried out */
        return false;
    memcpy(ledger->rows[row].states[++progress->asked], next, sizeof(ledger->rows[row].states[0]));
    ledger->rows[row].unconditional[progress->asked] = !conditional;
    return true;
}

static bool same_version(struct pravega_table_version a, struct pravega_table_version b)
{
    return a.segment == b.segment && a.version == b.version;
}

static void learn_version(struct table_slot *slot, struct pravega_table_version version)
{
    slot->version = version;
    slot->version_known = true;
}

void table_row_acked(struct table_ledger *ledger, int row, const struct pravega_table_version *versions,
                     const int *slots, size_t count)
{
    struct table_row *own = &ledger->rows[row];

    for (size_t i = 0; i < count; i++) {
        struct table_slot *slot = &own->states[own->progress.asked][slots[i]];

        if (slot->version_known && !same_version(slot->version, versions[i])) /* a look has seen it already */
            seed_fail(ledger->run, "row %d, slot %d: the answer has version %" PRId64 ", seen was %" PRId64, row,
                      slots[i], versions[i].version, slot->version.version);
        learn_version(slot, versions[i]);
    }
    own->answered = own->progress.asked;
    progress_settle(&own->progress, own->progress.asked);
}

static bool is_state(const struct table_slot *state, const struct table_slot *seen, bool any_version)
{
    bool same = true;

    for (int s = 0; s < TABLE_SLOTS && same; s++)
        same = state[s].value == seen[s].value && (state[s].value == 0 || !state[s].version_known ||
                                                   any_version || same_version(state[s].version, seen[s].version));
    return same;
}

static void fail_row(const struct table_ledger *ledger, int row, int from, const struct table_slot *seen)
{
    const struct table_row *own = &ledger->rows[row];
    char text[400] = "";
    size_t len = 0;

    for (int s = 0; s < TABLE_SLOTS; s++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, " %" PRIu64 "@%" PRId64 " (%" PRIu64 "@%" PRId64 ")",
                                seen[s].value, seen[s].version.version, own->states[own->progress.asked][s].value,
                                own->states[own->progress.asked][s].version.version);
    seed_fail(ledger->run, "row %d is not as after any of its changes %d to %d: it has (the last one left)%s", row,
              from, own->progress.asked, text);
}

/* A view of the answer as a state. */
static bool take_slots(struct table_ledger *ledger, const struct pravega_table_entry *entries, size_t count,
                       struct table_slot seen[TABLE_SLOTS])
{
    bool good = count == TABLE_SLOTS;

    if (!good)
        seed_fail(ledger->run, "%zu entries were answered for %d keys", count, TABLE_SLOTS);
    for (size_t s = 0; s < count && good; s++) {
        uint64_t no_count;

        seen[s] = (struct table_slot){.version = entries[s].version};
        if (!same_version(entries[s].version, PRAVEGA_TABLE_NOT_EXISTS))
            good = take_value(ledger, &entries[s], &seen[s].value, &no_count);
    }
    return good;
}

struct table_row_mark table_row_mark(const struct table_ledger *ledger, int row)
{
    const struct table_row *own = &ledger->rows[row];

    return (struct table_row_mark){own->progress.settled, own->answered};
}

void table_row_seen(struct table_ledger *ledger, int row, struct table_row_mark since,
                    const struct pravega_table_entry *entries, size_t count)
{
    struct table_row *own = &ledger->rows[row];
    struct table_slot seen[TABLE_SLOTS];

    if (!take_slots(ledger, entries, count, seen))
        return;
    for (int at = since.settled; at <= own->progress.asked; at++) {
        bool any_version = own->unconditional[at] && at > since.answered; /* also if it was answered since */

        if (!is_state(own->states[at], seen, any_version))
            continue;
        for (int s = 0; s < TABLE_SLOTS; s++)
            if (seen[s].value != 0 && !any_version)
                learn_version(&own->states[at][s], seen[s].version);
        progress_settle(&own->progress, at);
        return;
    }
    fail_row(ledger, row, since.settled, seen);
}

void table_row_read_back(struct table_ledger *ledger, int row, const struct pravega_table_entry *entries, size_t count)
{
    struct table_row *own = &ledger->rows[row];
    int asked = own->progress.asked;

    table_row_seen(ledger, row, (struct table_row_mark){own->progress.settled, asked}, entries, count);
    own->answered = asked;
    if (own->progress.settled == asked)
        return;
    memcpy(own->states[asked + 1], own->states[asked - 1], sizeof(own->states[0]));
    own->progress = (struct progress){asked + 1, asked + 1};
    own->answered = asked + 1;
}

/* --- the count -------------------------------------------------------------------------------------------------- */

bool table_count_of(struct table_ledger *ledger, const struct pravega_table_entry *entry, uint64_t *count)
{
    uint64_t value;

    *count = 0;
    return entry == NULL || take_value(ledger, entry, &value, count);
}

static void reached(struct table_ledger *ledger, uint64_t count, uint64_t value)
{
    if (count == 0 || count >= TABLE_RAISES_MAX)
        return;
    if (ledger->raises[count] != 0 && ledger->raises[count] != value)
        seed_fail(ledger->run, "the count was raised to %" PRIu64 " twice, with the values %" PRIu64 " and %" PRIu64,
                  count, ledger->raises[count], value);
    ledger->raises[count] = value;
    if (count > ledger->count)
        ledger->count = count;
}

void table_count_raised(struct table_ledger *ledger, uint64_t count, uint64_t value)
{
    reached(ledger, count, value);
}

void table_count_seen(struct table_ledger *ledger, uint64_t from, const struct pravega_table_entry *entry)
{
    uint64_t value = 0, count = 0;

    if (entry != NULL && !take_value(ledger, entry, &value, &count))
        return;
    if (count < from)
        seed_fail(ledger->run, "the count is %" PRIu64 ", after it was %" PRIu64, count, from);
    reached(ledger, count, value);
}
