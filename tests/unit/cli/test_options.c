/*
 * test_options.c - a command's options are taken out of its arguments, wherever they stand, and bad ones are named.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"

struct values {
    const char *text;
    int64_t number;
    bool flag;
    struct cli_texts texts;
};

static enum weir_status parse(struct values *values, int *argc, char **argv, struct weir_error *err)
{
    const struct cli_option options[] = {
        {"--text", "T", "", CLI_TEXT, &values->text, 0, 0},
        {"--number", "N", "", CLI_NUMBER, &values->number, -5, 100},
        {"--flag", NULL, "", CLI_FLAG, &values->flag, 0, 0},
        {"--of-many", "M", "", CLI_TEXTS, &values->texts, 0, 0},
    };

    return cli_parse(options, 4, argc, argv, err);
}

START_TEST(options_stand_anywhere)
{
    char *argv[] = {"x", "one", "--text", "a b", "two", "--number=-5", "--flag", "three", NULL};
    struct values values = {0};
    int argc = 8;

    ck_assert_int_eq(parse(&values, &argc, argv, NULL), WEIR_OK);
    ck_assert_int_eq(argc, 4);
    ck_assert_str_eq(argv[1], "one");
    ck_assert_str_eq(argv[2], "two");
    ck_assert_str_eq(argv[3], "three");
    ck_assert_ptr_null(argv[4]);
    ck_assert_str_eq(values.text, "a b");
    ck_assert_int_eq(values.number, -5);
    ck_assert(values.flag);
}
END_TEST

START_TEST(some_options_may_come_several_times)
{
    char *argv[2 * CLI_TEXTS_MAX + 4] = {"x", "--of-many", "a=1", "--of-many=b=2", NULL};
    struct values values = {0};
    struct weir_error err = {0};
    int argc = 4;

    ck_assert_int_eq(parse(&values, &argc, argv, NULL), WEIR_OK);
    ck_assert_int_eq(argc, 1);
    ck_assert_str_eq(values.texts.items[0], "a=1");
    ck_assert_str_eq(values.texts.items[1], "b=2");
    ck_assert_ptr_null(values.texts.items[2]);
    for (argc = 1; argc <= CLI_TEXTS_MAX - 1; argc++) /* one too many with those two */
        argv[argc] = "--of-many=c";
    argv[argc] = NULL;
    ck_assert_int_eq(parse(&values, &argc, argv, &err), WEIR_E_INVAL);
    ck_assert_str_eq(err.message, "--of-many: it can be given 16 times at most");
}
END_TEST

START_TEST(two_dashes_end_the_options)
{
    char *argv[] = {"x", "--flag", "--", "--text", "-1", NULL};
    struct values values = {0};
    int argc = 5;

    ck_assert_int_eq(parse(&values, &argc, argv, NULL), WEIR_OK);
    ck_assert_int_eq(argc, 3);
    ck_assert_str_eq(argv[1], "--text");
    ck_assert_str_eq(argv[2], "-1");
    ck_assert_ptr_null(values.text);
}
END_TEST

static const struct {
    const char *args[3];
    const char *words;
} bad[] = {
    {{"--nothing"}, "--nothing is no option here; --help lists them"},
    {{"--text"}, "--text needs a value: --text T"},
    {{"--flag=1"}, "--flag takes no value"},
    {{"--number", "101"}, "--number 101: it has to be a number from -5 to 100"},
    {{"--number", "7x"}, "--number 7x: it has to be a number from -5 to 100"},
    {{"--number", ""}, "--number : it has to be a number from -5 to 100"},
    {{"--number", "99999999999999999999"}, "--number 99999999999999999999: it has to be a number from -5 to 100"},
};

START_TEST(bad_ones_are_named)
{
    char *argv[] = {"x", (char *)bad[_i].args[0], (char *)bad[_i].args[1], NULL};
    struct weir_error err = {0};
    struct values values = {0};
    int argc = bad[_i].args[1] != NULL ? 3 : 2;

    ck_assert_int_eq(parse(&values, &argc, argv, &err), WEIR_E_INVAL);
    ck_assert_str_eq(err.message, bad[_i].words);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("options");
    TCase *tc = tcase_create("options");
    SRunner *runner;
    int failed;

    tcase_add_test(tc, options_stand_anywhere);
    tcase_add_test(tc, some_options_may_come_several_times);
    tcase_add_test(tc, two_dashes_end_the_options);
    tcase_add_loop_test(tc, bad_ones_are_named, 0, sizeof(bad) / sizeof(bad[0]));
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
