/*
 * test_upstream_order.c - the order of lists that upstream's controller tells by hash. The expected values are those of
 * upstream's HashHelper and of a java.util.HashMap of UUIDs.
 */
#include <check.h>
#include <stdlib.h>

#include "store/rules/upstream_order.h"

START_TEST(parts_of_the_index_of_tags_are_upstreams)
{
    static const struct {
        const char *stream;
        int part;
    } cases[] = {{"st", 15}, {"st2", 3}, {"s1", 15},      {"s2", 2},        {"s3", 6},        {"a", 4},
                 {"b", 11},  {"c", 3},   {"stream", 16}, {"readings", 17}, {"x-1.y_2", 6}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        ck_assert_msg(weir_tag_part(weir_view_str(cases[i].stream)) == cases[i].part, "%s", cases[i].stream);
}
END_TEST

/* Goal: ids as a controller counts them, some of epoch 1, come in the order of Java's map, whose size counts.
 * Method: Java walks 14 of them in this order. */
START_TEST(transactions_come_in_the_order_of_javas_map)
{
    static const uint64_t order[] = {7, 9, 8, 10, 11, 13, 12, 15, 14, 16, 17, 19, 18, 20};
    size_t count = sizeof(order) / sizeof(order[0]);
    uint32_t last = 0;

    for (size_t i = 0; i < count; i++) {
        struct weir_uuid id = {order[i] % 3 == 0 ? UINT64_C(1) << 32 : 0, order[i]};
        uint32_t place = weir_txn_list_place(id, count);

        ck_assert_uint_ge(place, last);
        last = place;
    }
    ck_assert_uint_eq(weir_txn_list_place((struct weir_uuid){0, 16}, 2), 0); /* begins anew in a small map */
}
END_TEST

/* Goal: ranges come in the order of Java's map of doubles. Method: as the real controller numbered these five. */
START_TEST(ranges_come_in_the_order_of_javas_map)
{
    static const double order[] = {0.7, 0, 0.3, 0.8, 0.1};
    size_t count = sizeof(order) / sizeof(order[0]);

    for (size_t i = 1; i < count; i++)
        ck_assert_uint_ge(weir_range_place(order[i], count), weir_range_place(order[i - 1], count));
    ck_assert_uint_eq(weir_range_place(0.0, 2), weir_range_place(0.5, 2)); /* they stay as they were asked for */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("upstream_order");
    TCase *tc = tcase_create("upstream_order");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tc, parts_of_the_index_of_tags_are_upstreams);
    tcase_add_test(tc, transactions_come_in_the_order_of_javas_map);
    tcase_add_test(tc, ranges_come_in_the_order_of_javas_map);
    suite_add_tcase(suite, tc);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
