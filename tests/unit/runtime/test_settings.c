/*
 * test_settings.c - the page of settings says what the table of settings says.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/settings.h"

START_TEST(the_page_is_made_from_the_table)
{
    FILE *file = fopen(DOCS "/configuration.md", "r");
    static char page[1 << 16];
    struct weir_buf table;

    ck_assert_ptr_nonnull(file);
    page[fread(page, 1, sizeof(page) - 1, file)] = '\0';
    fclose(file);
    weir_buf_init(&table, sizeof(page));
    weir_settings_document(&table);
    weir_buf_u8(&table, '\0');
    ck_assert_msg(strstr(page, (const char *)table.ptr) != NULL, "docs/configuration.md should have this table:\n%s",
                  (const char *)table.ptr);
    weir_buf_fini(&table);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("settings");
    TCase *tc = tcase_create("settings");
    SRunner *runner;
    int failed;

    tcase_add_test(tc, the_page_is_made_from_the_table);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
