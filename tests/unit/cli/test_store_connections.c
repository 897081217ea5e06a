/*
 * test_store_connections.c - connections never take the open files that the store itself needs.
 */
#include <check.h>
#include <stdlib.h>

#include "cli/store_connections.h"

START_TEST(what_fits_stays)
{
    struct cli_store_connections most = {1000, 200, 30};
    uint64_t needed = cli_store_files_needed(&most);

    ck_assert_uint_eq(needed, 1230 + CLI_STORE_FILES);
    ck_assert(!cli_store_connections_fit(&most, needed));
    ck_assert(!cli_store_connections_fit(&most, UINT64_MAX));
    ck_assert_uint_eq(most.segment, 1000);
    ck_assert(cli_store_connections_fit(&most, needed - 1));
    ck_assert_uint_eq(most.segment, 999);
}
END_TEST

/* Goal: whatever the limit is, all of them and the store's own files fit in, and each kind has some. */
START_TEST(each_gives_its_share)
{
    for (uint64_t files_max = 0; files_max < 21000; files_max += 7) {
        struct cli_store_connections most = {16384, 2048, 256};
        bool fewer = cli_store_connections_fit(&most, files_max);

        ck_assert_int_eq(fewer, files_max < 16384 + 2048 + 256 + CLI_STORE_FILES);
        ck_assert_uint_ge(most.rest, 1);
        ck_assert_uint_ge(most.controller, most.rest);
        ck_assert_uint_ge(most.segment, most.controller);
        if (files_max > CLI_STORE_FILES + 100)
            ck_assert_uint_le(cli_store_files_needed(&most), files_max);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store_connections");
    TCase *tc = tcase_create("fit");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tc, what_fits_stays);
    tcase_add_test(tc, each_gives_its_share);
    suite_add_tcase(suite, tc);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
