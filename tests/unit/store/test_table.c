/*
 * test_table.c - table segments: conditions, versions, order, compaction, and what is left after restarts and crashes.
 */
#include "store/container/table.h"

#include "store/container/checkpoint.h"
#include "store_fixture.h"

#define FIXED "sc/f_kvtable/0.#epoch.0" /* keys of 4 bytes */
#define HASH "sc/h_kvtable/0.#epoch.0"

static struct machine m;

static void setup(void)
{
    machine_init(&m, 1, 100000);
    ck_assert_int_eq(create_table(&m, FIXED, 4), WEIR_OK);
    ck_assert_int_eq(create_table(&m, HASH, 0), WEIR_OK);
}

static void teardown(void)
{
    machine_fini(&m);
}

static struct weir_table_item item(const char *key, const char *value, int64_t version)
{
    return (struct weir_table_item){weir_view_str(key), weir_view_str(value), version};
}

static enum weir_status put_all(const char *table, const struct weir_table_item *items, size_t count, struct waiter *w)
{
    *w = waiter();
    weir_table_update(segment(&m, table), items, count, WEIR_TABLE_ANY_LENGTH, &w->op);
    return await(&m, w);
}

/* @return the version */
static int64_t put(const char *table, const char *key, const char *value)
{
    struct weir_table_item one = item(key, value, WEIR_TABLE_NO_VERSION);
    struct waiter w;

    ck_assert_int_eq(put_all(table, &one, 1, &w), WEIR_OK);
    return w.op.value;
}

static enum weir_status put_if(const char *table, const char *key, const char *value, int64_t version, struct waiter *w)
{
    struct weir_table_item one = item(key, value, version);

    return put_all(table, &one, 1, w);
}

static enum weir_status remove_if(const char *table, const char *key, int64_t version, struct waiter *w)
{
    struct weir_table_item one = item(key, "", version);

    *w = waiter();
    weir_table_remove(segment(&m, table), &one, 1, WEIR_TABLE_ANY_LENGTH, &w->op);
    return await(&m, w);
}

static int64_t version_of(const char *table, const char *key)
{
    struct weir_table_place place;

    return weir_table_get(segment(&m, table), weir_view_str(key), &place) ? place.version : WEIR_TABLE_NOT_EXISTS;
}

static void assert_value(const char *table, const char *key, const char *value)
{
    struct weir_table_place place;
    uint8_t bytes[4096];

    ck_assert_msg(weir_table_get(segment(&m, table), weir_view_str(key), &place), "%s is not there", key);
    ck_assert_uint_eq(place.value_len, strlen(value));
    read_value(&m, segment(&m, table), strlen(key), &place, bytes);
    ck_assert_mem_eq(bytes, value, strlen(value));
}

static const char *const both[] = {FIXED, HASH};

/* --- Updates and removals --------------------------------------------------------------------------------------- */

START_TEST(versions_are_offsets)
{
    struct weir_table_item items[] = {item("key1", "val1", WEIR_TABLE_NO_VERSION),
                                      item("key2", "", WEIR_TABLE_NOT_EXISTS)};
    struct waiter w;

    ck_assert_int_eq(put_all(both[_i], items, 2, &w), WEIR_OK);
    ck_assert_int_eq(w.op.value, 0);
    ck_assert_int_eq(version_of(both[_i], "key1"), 0);
    ck_assert_int_eq(version_of(both[_i], "key2"), 25);
    ck_assert_int_eq(put(both[_i], "key1", "other"), 46);
    ck_assert_int_eq(info_of(&m, both[_i]).length, 46 + 17 + 4 + 5);
    assert_value(both[_i], "key1", "other");
    assert_value(both[_i], "key2", "");
}
END_TEST

START_TEST(conditions_hold_or_nothing_changes)
{
    struct weir_table_item items[] = {item("aaaa", "new", WEIR_TABLE_NO_VERSION), item("bbbb", "new", 7),
                                      item("cccc", "new", 9)};
    const char *table = both[_i];
    int64_t version = put(table, "bbbb", "old");
    struct waiter w;

    ck_assert_int_eq(put_if(table, "bbbb", "new", WEIR_TABLE_NOT_EXISTS, &w), WEIR_E_CONFLICT);
    ck_assert_int_eq(w.op.value, version);
    ck_assert_int_eq(put_if(table, "bbbb", "new", version + 1, &w), WEIR_E_CONFLICT);
    ck_assert_int_eq(put_all(table, items, 2, &w), WEIR_E_CONFLICT);
    ck_assert_uint_eq(w.op.refused_index, 1);
    ck_assert_int_eq(w.op.value, version);
    ck_assert_int_eq(put_all(table, items, 3, &w), WEIR_E_CONFLICT); /* the missing one comes first */
    ck_assert_uint_eq(w.op.refused_index, 2);
    ck_assert_int_eq(w.op.value, WEIR_TABLE_NOT_EXISTS);
    ck_assert_int_eq(version_of(table, "aaaa"), WEIR_TABLE_NOT_EXISTS);
    assert_value(table, "bbbb", "old");
    ck_assert_int_eq(put_if(table, "bbbb", "newer", version, &w), WEIR_OK);
    assert_value(table, "bbbb", "newer");
    ck_assert_int_eq(put_if(table, "aaaa", "first", WEIR_TABLE_NOT_EXISTS, &w), WEIR_OK);
}
END_TEST

START_TEST(keys_are_removed)
{
    const char *table = both[_i];
    int64_t version = put(table, "aaaa", "x"), length = info_of(&m, table).length;
    struct weir_table_info info;
    struct waiter w;

    ck_assert_int_eq(remove_if(table, "aaaa", version + 1, &w), WEIR_E_CONFLICT);
    ck_assert_int_eq(remove_if(table, "aaaa", WEIR_TABLE_NOT_EXISTS, &w), WEIR_E_CONFLICT);
    ck_assert_int_eq(remove_if(table, "bbbb", WEIR_TABLE_NOT_EXISTS, &w), WEIR_OK);
    ck_assert_int_eq(remove_if(table, "bbbb", 3, &w), WEIR_E_CONFLICT);
    ck_assert_int_eq(w.op.value, WEIR_TABLE_NOT_EXISTS);
    ck_assert_int_eq(remove_if(table, "aaaa", version, &w), WEIR_OK);
    ck_assert_int_eq(version_of(table, "aaaa"), WEIR_TABLE_NOT_EXISTS);
    ck_assert_int_eq(remove_if(table, "aaaa", WEIR_TABLE_NO_VERSION, &w), WEIR_OK);
    ck_assert(weir_table_info(segment(&m, table), &info));
    ck_assert_uint_eq(info.entry_count, 0);
    /* Removals are in the log of a hash table, for its deltas. */
    ck_assert_int_eq(info_of(&m, table).length, table == both[0] ? length : length + 3 * (17 + 4));
}
END_TEST

START_TEST(what_does_not_fit_is_refused)
{
    static char text[WEIR_TABLE_ENTRY_LEN_MAX + 1];
    struct waiter w;

    memset(text, 'v', WEIR_TABLE_ENTRY_LEN_MAX);
    ck_assert_int_eq(put_if(FIXED, "aaa", "", WEIR_TABLE_NO_VERSION, &w), WEIR_E_INVAL);
    ck_assert_int_eq(put_if(FIXED, "aaaaa", "", WEIR_TABLE_NO_VERSION, &w), WEIR_E_INVAL);
    ck_assert_int_eq(put_if(HASH, "", "", WEIR_TABLE_NO_VERSION, &w), WEIR_E_INVAL);
    ck_assert_int_eq(put_if(HASH, "aaaa", "", -2, &w), WEIR_E_INVAL);
    text[WEIR_TABLE_ENTRY_LEN_MAX - 17 - 4 + 1] = '\0';
    ck_assert_int_eq(put_if(FIXED, "aaaa", text, WEIR_TABLE_NO_VERSION, &w), WEIR_E_LIMIT);
    text[WEIR_TABLE_ENTRY_LEN_MAX - 17 - 4] = '\0';
    ck_assert_int_eq(put_if(FIXED, "aaaa", text, WEIR_TABLE_NO_VERSION, &w), WEIR_OK);
    text[WEIR_TABLE_KEY_LEN_MAX + 1] = '\0';
    ck_assert_int_eq(put_if(HASH, text, "", WEIR_TABLE_NO_VERSION, &w), WEIR_E_LIMIT);
    text[WEIR_TABLE_KEY_LEN_MAX] = '\0';
    ck_assert_int_eq(put_if(HASH, text, "", WEIR_TABLE_NO_VERSION, &w), WEIR_OK);
    ck_assert_int_eq(create_table(&m, "t", 257), WEIR_E_INVAL);
    ck_assert_int_eq(create_table(&m, "t", 256), WEIR_OK);
    ck_assert_int_eq(create_table(&m, "t", 0), WEIR_E_EXISTS);
}
END_TEST

START_TEST(the_length_can_be_expected)
{
    struct weir_table_item one = item("aaaa", "x", WEIR_TABLE_NO_VERSION);
    const char *table = both[_i];
    struct waiter w = waiter();

    weir_table_update(segment(&m, table), &one, 1, 3, &w.op);
    ck_assert_int_eq(await(&m, &w), WEIR_E_TRUNCATED);
    ck_assert_int_eq(w.op.value, 0);
    w = waiter();
    weir_table_update(segment(&m, table), &one, 1, 0, &w.op);
    ck_assert_int_eq(await(&m, &w), WEIR_OK);
    w = waiter();
    weir_table_remove(segment(&m, table), &one, 1, 0, &w.op);
    ck_assert_int_eq(await(&m, &w), WEIR_E_TRUNCATED);
    ck_assert_int_eq(w.op.value, 22);
}
END_TEST

/* Goal: bytes come into a table by its own calls only, and leave it by compaction only. */
START_TEST(a_table_is_no_stream_segment)
{
    struct waiter w;

    ck_assert_int_eq(create(&m, "stream"), WEIR_OK);
    put(FIXED, "aaaa", "x");
    ck_assert_int_eq(append(&m, FIXED, "bytes"), WEIR_E_INVAL);
    ck_assert_int_eq(truncate_at(&m, FIXED, 22), WEIR_E_INVAL);
    ck_assert_int_eq(merge(&m, FIXED, "stream"), WEIR_E_INVAL);
    ck_assert_int_eq(merge(&m, "stream", FIXED), WEIR_E_INVAL);
    assert_value(FIXED, "aaaa", "x");
    ck_assert_int_eq(seal(&m, FIXED), WEIR_OK);
    ck_assert_int_eq(put_if(FIXED, "aaaa", "y", WEIR_TABLE_NO_VERSION, &w), WEIR_E_SEALED);
    ck_assert_int_eq(remove_if(FIXED, "aaaa", WEIR_TABLE_NO_VERSION, &w), WEIR_E_SEALED);
    ck_assert_int_eq(delete_segment(&m, FIXED), WEIR_OK);
    ck_assert_ptr_null(segment(&m, FIXED));
}
END_TEST

/* --- Order ------------------------------------------------------------------------------------------------------ */

static void assert_walk(const char *table, struct weir_view from, const char *keys)
{
    struct weir_table_cursor cursor;
    char seen[256] = "";

    for (weir_table_seek(segment(&m, table), from, &cursor); cursor.at != NULL;
         weir_table_next(segment(&m, table), &cursor)) {
        strncat(seen, (const char *)cursor.key.ptr, cursor.key.len);
        strcat(seen, " ");
    }
    ck_assert_str_eq(seen, keys);
}

START_TEST(fixed_keys_are_sorted_as_bytes)
{
    put(FIXED, "\xff\xff\xff\xff", "");
    put(FIXED, "bbbb", "");
    put(FIXED, "aaaa", "");
    put(FIXED, "bbba", "");
    assert_walk(FIXED, weir_view(NULL, 0), "aaaa bbba bbbb \xff\xff\xff\xff ");
    assert_walk(FIXED, weir_view_str("bbba"), "bbba bbbb \xff\xff\xff\xff ");
    assert_walk(FIXED, weir_view_str("bbbc"), "\xff\xff\xff\xff ");
}
END_TEST

/* The order of a Pravega 0.13.0 server. */
START_TEST(hash_tables_have_upstream_s_order)
{
    for (int i = 0; i < 10; i++) {
        char key[8];

        snprintf(key, sizeof(key), "k%d", i);
        put(HASH, key, "");
    }
    assert_walk(HASH, weir_view(NULL, 0), "k5 k4 k9 k0 k7 k2 k6 k3 k8 k1 ");
}
END_TEST

/* --- What lasts ------------------------------------------------------------------------------------------------- */

/* Goal: a table is the same after a restart, from the log, from a checkpoint, and from both. */
START_TEST(tables_come_back)
{
    const char *table = both[_i];
    int64_t a = put(table, "aaaa", "first"), b = put(table, "bbbb", "second");
    struct waiter w;

    machine_reopen(&m);
    assert_value(table, "aaaa", "first");
    ck_assert_int_eq(flush(&m), WEIR_OK);
    assert_value(table, "aaaa", "first"); /* from its chunk */
    machine_reopen(&m);
    ck_assert_int_eq(version_of(table, "aaaa"), a);
    ck_assert_int_eq(version_of(table, "bbbb"), b);
    assert_value(table, "bbbb", "second");
    ck_assert_int_eq(remove_if(table, "aaaa", a, &w), WEIR_OK);
    ck_assert_int_eq(put_if(table, "bbbb", "third", b, &w), WEIR_OK);
    machine_reopen(&m);
    ck_assert_int_eq(version_of(table, "aaaa"), WEIR_TABLE_NOT_EXISTS);
    assert_value(table, "bbbb", "third");
    ck_assert_int_eq(flush(&m), WEIR_OK);
    machine_reopen(&m);
    ck_assert_int_eq(version_of(table, "aaaa"), WEIR_TABLE_NOT_EXISTS);
    assert_value(table, "bbbb", "third");
    ck_assert_int_eq(weir_segment_attribute(segment(&m, table), WEIR_ATTRIBUTE_SEGMENT_TYPE), table == both[0] ? 5 : 1);
}
END_TEST

/* --- Compaction ------------------------------------------------------------------------------------------------- */

static void overwrite(const char *table, int rounds)
{
    char value[1000];

    memset(value, 'v', sizeof(value));
    value[sizeof(value) - 1] = '\0';
    for (int i = 0; i < rounds; i++) {
        char key[8];

        snprintf(key, sizeof(key), "o%03d", i % 7);
        put(table, key, value);
    }
}

/* Goal: a table does not grow with what was overwritten, and nothing that lives changes.
 * Method: one key is put once, others again and again; in memory, and with all of it flushed in between. */
START_TEST(the_dead_are_given_back)
{
    const char *table = both[_i % 2];
    int64_t version = put(table, "stay", "put");
    struct weir_segment_info info;
    struct waiter w;

    for (int i = 0; i < 20; i++) {
        overwrite(table, 20);
        if (_i >= 2)
            ck_assert_int_eq(flush(&m), WEIR_OK);
    }
    weir_sim_run(m.sim, NULL, NULL, WEIR_NS_PER_S);
    info = info_of(&m, table);
    ck_assert_int_gt(info.start_offset, 0);
    ck_assert_int_lt(info.length - info.start_offset, 40000);
    ck_assert_int_eq(version_of(table, "stay"), version);
    assert_value(table, "stay", "put");
    ck_assert_int_eq(put_if(table, "stay", "again", version, &w), WEIR_OK);
    machine_reopen(&m);
    assert_value(table, "stay", "again");
    ck_assert_int_eq(flush(&m), WEIR_OK);
    machine_reopen(&m);
    assert_value(table, "stay", "again");
    ck_assert_int_eq(info_of(&m, table).start_offset, info.start_offset);
}
END_TEST

/* Goal: a table that was removed to the last key gives everything back, too. */
START_TEST(an_emptied_table_is_compacted)
{
    struct waiter w;

    overwrite(FIXED, 7);
    for (int i = 0; i < 7; i++) {
        char key[8];

        snprintf(key, sizeof(key), "o%03d", i);
        ck_assert_int_eq(remove_if(FIXED, key, WEIR_TABLE_NO_VERSION, &w), WEIR_OK);
    }
    weir_sim_run(m.sim, NULL, NULL, WEIR_NS_PER_S);
    ck_assert_int_eq(info_of(&m, FIXED).start_offset, info_of(&m, FIXED).length);
}
END_TEST

START_TEST(a_table_is_deleted_while_it_is_compacted)
{
    struct waiter ws[40];
    char value[1000];
    struct weir_change gone = {.kind = WEIR_CHANGE_DELETE, .name = weir_view_str(HASH)};
    struct waiter w;

    memset(value, 'v', sizeof(value));
    value[sizeof(value) - 1] = '\0';
    for (int i = 0; i < 40; i++) {
        struct weir_table_item one = item("same", value, WEIR_TABLE_NO_VERSION);

        ws[i] = waiter();
        weir_table_update(segment(&m, HASH), &one, 1, WEIR_TABLE_ANY_LENGTH, &ws[i].op);
    }
    begin_changes(&m, &gone, 1, &w);
    ck_assert_int_eq(await(&m, &w), WEIR_OK);
    ck_assert_int_eq(create_table(&m, HASH, 0), WEIR_OK);
    put(HASH, "same", "new");
    machine_reopen(&m);
    assert_value(HASH, "same", "new");
}
END_TEST

/* --- Crashes ---------------------------------------------------------------------------------------------------- */

#define KEY_COUNT 6
#define ROUNDS 70

struct sweep {
    int64_t numbers[KEY_COUNT][ROUNDS + 1]; /* by round: of each key's value, -1: not there */
    struct waiter waiters[ROUNDS];
    int issued;
};

/* A round puts its number under two keys at once and removes a third one sometimes. */
static void play_round(struct sweep *sweep, const char *table, struct weir_rng *rng)
{
    int n = sweep->issued, a = (int)weir_rng_below(rng, KEY_COUNT), b = (a + 1) % KEY_COUNT;
    bool removes = weir_rng_below(rng, 5) == 0;
    char keys[2][8], value[600];
    struct weir_table_item items[2];

    snprintf(value, sizeof(value), "%d %*s", n, 100 + (int)weir_rng_below(rng, 400), "");
    snprintf(keys[0], 8, "k%03d", a);
    snprintf(keys[1], 8, "k%03d", b);
    for (int i = 0; i < 2; i++)
        items[i] = item(keys[i], removes ? "" : value, WEIR_TABLE_NO_VERSION);
    sweep->waiters[n] = waiter();
    (removes ? weir_table_remove : weir_table_update)(segment(&m, table), items, 2, WEIR_TABLE_ANY_LENGTH,
                                                      &sweep->waiters[n].op);
    ck_assert_int_eq(sweep->waiters[n].op.status, WEIR_OK);
    for (int k = 0; k < KEY_COUNT; k++)
        sweep->numbers[k][n + 1] = k == a || k == b ? (removes ? -1 : n) : sweep->numbers[k][n];
    sweep->issued++;
}

static int64_t number_at(const char *table, int k)
{
    struct weir_table_place place;
    char key[8];
    uint8_t value[600];

    snprintf(key, sizeof(key), "k%03u", (unsigned)k % 1000);
    if (!weir_table_get(segment(&m, table), weir_view_str(key), &place))
        return -1;
    read_value(&m, segment(&m, table), 4, &place, value);
    return atoi((const char *)value);
}

/* The table is as after some round between the last acknowledged and the last made. */
static void assert_some_round(const struct sweep *sweep, const char *table, int acked)
{
    int64_t now[KEY_COUNT];

    for (int k = 0; k < KEY_COUNT; k++)
        now[k] = number_at(table, k);
    for (int n = acked; n <= sweep->issued; n++) {
        bool same = true;

        for (int k = 0; k < KEY_COUNT && same; k++)
            same = sweep->numbers[k][n] == now[k];
        if (same)
            return;
    }
    ck_abort_msg("after %d acknowledged of %d rounds, the table is that of no round", acked, sweep->issued);
}

struct until {
    uint64_t sync_count;
};

static bool synced(void *arg)
{
    return weir_sim_disk_sync_count(m.sim, DISK) >= ((struct until *)arg)->sync_count;
}

/* Goal: whichever sync was the last, a table is whole: updates of two keys happen together or not, and compaction
 * loses and brings back nothing.
 * Method: the same updates, crashed after the 1st sync, the 2nd, ...; with a compaction every few of them. */
START_TEST(crash_at_every_sync)
{
    const char *table = both[_i % 2];
    bool reached = true;
    int compacted = 0;

    for (uint64_t crash_at = 3; reached; crash_at++) {
        struct sweep *sweep = calloc(1, sizeof(*sweep));
        struct until until = {crash_at};
        struct weir_rng rng;
        int acked = 0;

        machine_fini(&m);
        machine_init(&m, (uint64_t)_i + 1, 30000);
        ck_assert_int_eq(create_table(&m, table, table == both[0] ? 4 : 0), WEIR_OK);
        weir_rng_init(&rng, (uint64_t)_i + 1);
        for (int k = 0; k < KEY_COUNT; k++)
            sweep->numbers[k][0] = -1;
        for (reached = false; sweep->issued < ROUNDS && !reached;) {
            play_round(sweep, table, &rng);
            if (weir_rng_below(&rng, 3) > 0)
                reached = weir_sim_run(m.sim, synced, &until, (int64_t)weir_sim_below(m.sim, 2 * WEIR_NS_PER_MS));
        }
        compacted += info_of(&m, table).start_offset > 0;
        while (acked < sweep->issued && sweep->waiters[acked].done)
            acked++;
        machine_recover(&m);
        assert_some_round(sweep, table, acked);
        machine_recover(&m);
        assert_some_round(sweep, table, acked);
        free(sweep);
    }
    ck_assert_int_gt(compacted, 5);
}
END_TEST

/* --- Bytes of entries ------------------------------------------------------------------------------------------- */

START_TEST(entries_that_are_none_are_refused)
{
    struct weir_table_entry entry = {
        .key = {(const uint8_t *)"key", 3}, .value = {(const uint8_t *)"value", 5}, .version = 9};
    uint8_t bytes[64], *end = weir_table_entry_put(bytes, &entry);
    struct weir_table_entry back;
    struct weir_in in = weir_in(weir_view(bytes, 25));

    ck_assert_ptr_eq(end, bytes + 25);
    ck_assert_int_eq(weir_table_entry_get(&in, &back), WEIR_OK);
    ck_assert_int_eq(back.version, 9);
    ck_assert(weir_view_equal(back.value, entry.value) && !back.removal);
    for (size_t len = 0; len < 25; len++) {
        in = weir_in(weir_view(bytes, len));
        ck_assert_int_eq(weir_table_entry_get(&in, &back), WEIR_E_AGAIN);
        ck_assert_uint_eq(weir_in_left(&in), len);
    }
    for (size_t at = 0; at < 10; at++) { /* format, lengths, sign of the version */
        uint8_t kept = bytes[at];

        bytes[at] = 0x80;
        in = weir_in(weir_view(bytes, 25));
        if (at != 4 && at != 7 && at != 8) /* lengths that could be */
            ck_assert_int_eq(weir_table_entry_get(&in, &back), WEIR_E_DAMAGED);
        bytes[at] = kept;
    }
    memset(bytes + 1, 0, 4); /* no key */
    in = weir_in(weir_view(bytes, 25));
    ck_assert_int_eq(weir_table_entry_get(&in, &back), WEIR_E_DAMAGED);
}
END_TEST

/* Goal: records that do not fit a table are damage, not a crash: recovery applies what it finds. */
START_TEST(records_that_do_not_fit_are_damage)
{
    struct weir_table_entry moved = {.key = {(const uint8_t *)"aaaa", 4}, .version = 5};
    struct weir_state state;
    uint8_t bytes[64];
    struct weir_op make = {.code = WEIR_OP_TABLE_CREATE, .segment = 1, .length = 4, .name = weir_view_str("t")};
    struct weir_op keys = {.code = WEIR_OP_TABLE_REMOVE, .segment = 1, .name = weir_view_str("aaaab")};
    struct weir_op update = {
        .code = WEIR_OP_TABLE_UPDATE, .segment = 1, .data = weir_view_str("no entry, nor half of one")};
    struct weir_op too_long = {.code = WEIR_OP_TABLE_CREATE, .segment = 2, .length = 257, .name = weir_view_str("u")};
    struct weir_op append_to = {.code = WEIR_OP_APPEND, .segment = 1, .event_number = WEIR_ATTRIBUTE_NONE};

    ck_assert_int_eq(weir_state_init(&state, NULL, 1), WEIR_OK);
    ck_assert_int_eq(weir_state_apply(&state, &make, NULL, 1), WEIR_OK);
    ck_assert_int_eq(weir_state_apply(&state, &too_long, NULL, 2), WEIR_E_DAMAGED);
    ck_assert_int_eq(weir_state_apply(&state, &keys, NULL, 3), WEIR_E_DAMAGED);
    ck_assert_int_eq(weir_state_apply(&state, &update, NULL, 4), WEIR_E_DAMAGED);
    ck_assert_int_eq(weir_state_apply(&state, &append_to, NULL, 5), WEIR_E_DAMAGED);
    update.data = weir_view(bytes, (size_t)(weir_table_entry_put(bytes, &moved) - bytes));
    ck_assert_int_eq(weir_state_apply(&state, &update, NULL, 6), WEIR_E_DAMAGED); /* of a version that never was */
    weir_state_fini(&state);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("table");

    tcase_set_timeout(tc, 300);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, versions_are_offsets, 0, 2);
    tcase_add_loop_test(tc, conditions_hold_or_nothing_changes, 0, 2);
    tcase_add_loop_test(tc, keys_are_removed, 0, 2);
    tcase_add_test(tc, what_does_not_fit_is_refused);
    tcase_add_loop_test(tc, the_length_can_be_expected, 0, 2);
    tcase_add_test(tc, a_table_is_no_stream_segment);
    tcase_add_test(tc, fixed_keys_are_sorted_as_bytes);
    tcase_add_test(tc, hash_tables_have_upstream_s_order);
    tcase_add_loop_test(tc, tables_come_back, 0, 2);
    tcase_add_loop_test(tc, the_dead_are_given_back, 0, 4);
    tcase_add_test(tc, an_emptied_table_is_compacted);
    tcase_add_test(tc, a_table_is_deleted_while_it_is_compacted);
    tcase_add_loop_test(tc, crash_at_every_sync, 0, 8);
    tcase_add_test(tc, entries_that_are_none_are_refused);
    tcase_add_test(tc, records_that_do_not_fit_are_damage);
    return run_suite("table", tc);
}
