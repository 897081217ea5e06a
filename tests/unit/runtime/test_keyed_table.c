/*
 * test_keyed_table.c - values by key, and their way through a snapshot, whatever the type of the key.
 */
#include "runtime/keyed_table.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/key.h"
#include "runtime/snapshot.h"

#define KEY_COUNT 20000
#define MAX_PARALLELISM 128

/* Key groups [first, end) of a subtask, as Flink's computeKeyGroupRangeForOperatorIndex says them. */
struct key_range {
    int first, end;
};

static struct key_range key_range_of(int subtask, int parallelism, int max_parallelism)
{
    return (struct key_range){(subtask * max_parallelism + parallelism - 1) / parallelism,
                              ((subtask + 1) * max_parallelism + parallelism - 1) / parallelism};
}

/* The i-th key of a type, as a value in `key`; text lives in `text`. */
static void make_key(const struct weir_type *type, int i, void *key, char text[16])
{
    int64_t number = (int64_t)i * 7919;

    if (type == weir_string_type())
        *(struct weir_view *)key = weir_view(text, (size_t)snprintf(text, 16, "key-%d", i));
    else
        memcpy(key, &number, type->size);
}

static const struct weir_type *key_type_of(int index)
{
    return index == 0 ? weir_long_type() : index == 1 ? weir_int_type() : weir_string_type();
}

static void fill(struct weir_keyed_table *table)
{
    _Alignas(16) uint8_t key[WEIR_KEY_SIZE_MAX];
    char text[16];
    bool added;

    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < KEY_COUNT; i++) {
            int64_t *value;

            make_key(table->key_type, i, key, text);
            value = weir_keyed_table_get(table, key, &added);
            ck_assert_int_eq(added, round == 0);
            *value += i;
        }
    }
    ck_assert_uint_eq(table->entry_count, KEY_COUNT);
}

/* Goal: each key has its own value. Method: as many keys as make every part grow, each added twice. */
START_TEST(each_key_has_its_value)
{
    struct weir_keyed_table table;
    char text[16];
    _Alignas(16) uint8_t key[WEIR_KEY_SIZE_MAX];
    bool added;

    weir_keyed_table_init(&table, key_type_of(_i), weir_long_type());
    fill(&table);
    for (int i = 0; i < KEY_COUNT; i++) {
        make_key(table.key_type, i, key, text);
        ck_assert_int_eq(*(int64_t *)weir_keyed_table_get(&table, key, &added), 2 * (int64_t)i);
        ck_assert(!added);
        ck_assert(weir_type_equal(table.key_type, weir_keyed_table_key(&table, (uint32_t)i), key));
    }
    weir_keyed_table_fini(&table);
}
END_TEST

/* Goal: a snapshot holds every key once, in its own key group. Method: restored into three tables by range of groups,
 * as a job with parallelism 3 does; together they have all. */
START_TEST(a_snapshot_splits_by_key_group)
{
    struct weir_snapshot_cursor cursor;
    struct weir_keyed_table table, parts[3];
    struct weir_snapshot snapshot;
    struct weir_restored entry;
    uint32_t count = 0;
    char name[128];

    weir_keyed_table_init(&table, key_type_of(_i), weir_long_type());
    fill(&table);
    weir_snapshot_init(&snapshot);
    weir_snapshot_begin_operator(&snapshot, "uid");
    weir_keyed_table_snapshot(&table, "state", weir_view("H", 1), MAX_PARALLELISM, &snapshot);
    ck_assert_int_eq(weir_snapshot_status(&snapshot), WEIR_OK);
    for (int p = 0; p < 3; p++)
        weir_keyed_table_init(&parts[p], table.key_type, weir_long_type());
    cursor = weir_snapshot_cursor(weir_buf_view(&snapshot.entries));
    while (weir_snapshot_next(&cursor, &entry, name) == WEIR_OK) {
        struct weir_in in = weir_in(entry.bytes);

        ck_assert_int_eq(weir_in_u8(&in), 'H');
        ck_assert_int_eq(
            weir_keyed_table_restore(&parts[weir_subtask_of_group(entry.key_group, MAX_PARALLELISM, 3)], &in, NULL),
            WEIR_OK);
    }
    for (int p = 0; p < 3; p++) {
        struct key_range range = key_range_of(p, 3, MAX_PARALLELISM);

        for (uint32_t i = 0; i < parts[p].entry_count; i++) {
            const void *key = weir_keyed_table_key(&parts[p], i);
            int group = weir_key_group(table.key_type, key, MAX_PARALLELISM);
            bool added;

            ck_assert(group >= range.first && group < range.end);
            ck_assert_int_eq(*(int64_t *)weir_keyed_table_value(&parts[p], i),
                             *(int64_t *)weir_keyed_table_get(&table, key, &added));
            ck_assert(!added);
        }
        ck_assert_uint_gt(parts[p].entry_count, KEY_COUNT / 5);
        count += parts[p].entry_count;
        weir_keyed_table_fini(&parts[p]);
    }
    ck_assert_uint_eq(count, KEY_COUNT);
    weir_snapshot_fini(&snapshot);
    weir_keyed_table_fini(&table);
}
END_TEST

/* Flink's own assignment: KeyGroupRangeAssignment.computeKeyGroupRangeForOperatorIndex tiles 0..127. */
START_TEST(ranges_tile_the_key_groups)
{
    for (int parallelism = 1; parallelism <= MAX_PARALLELISM; parallelism++) {
        int next = 0;

        for (int subtask = 0; subtask < parallelism; subtask++) {
            struct key_range range = key_range_of(subtask, parallelism, MAX_PARALLELISM);

            ck_assert_int_eq(range.first, next);
            for (int group = range.first; group < range.end; group++)
                ck_assert_int_eq(weir_subtask_of_group(group, MAX_PARALLELISM, parallelism), subtask);
            next = range.end;
        }
        ck_assert_int_eq(next, MAX_PARALLELISM);
    }
}
END_TEST

START_TEST(foreign_state_is_refused)
{
    struct weir_keyed_table table;
    struct weir_error err = {0};
    struct weir_in in = weir_in(weir_view("123456789", 9));

    weir_keyed_table_init(&table, weir_long_type(), weir_long_type());
    ck_assert_int_eq(weir_keyed_table_restore(&table, &in, &err), WEIR_E_DAMAGED);
    ck_assert_ptr_nonnull(strstr(err.message, "key type LONG"));
    weir_keyed_table_fini(&table);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keyed_table");
    TCase *tc = tcase_create("keyed_table");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(tc, each_key_has_its_value, 0, 3);
    tcase_add_loop_test(tc, a_snapshot_splits_by_key_group, 0, 3);
    tcase_add_test(tc, ranges_tile_the_key_groups);
    tcase_add_test(tc, foreign_state_is_refused);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
