/*
 * test_job_run.c - the exit code of a job that is a program.
 */
#include <check.h>
#include <stdlib.h>

#include "weir/env.h"
#include "weir/exit_codes.h"

static enum weir_status job(int argc, char **argv, struct weir_error *err)
{
    weir_env *env = weir_env_from_args(NULL, &argc, argv);
    enum weir_status status = weir_env_execute(env, "job", NULL, err);

    weir_env_free(env);
    return status;
}

static enum weir_status missing(int argc, char **argv, struct weir_error *err)
{
    (void)argc;
    (void)argv;
    return weir_fail(err, WEIR_E_NOT_FOUND, "file x does not exist");
}

static enum weir_status fine(int argc, char **argv, struct weir_error *err)
{
    (void)argc;
    (void)argv;
    (void)err;
    return WEIR_OK;
}

START_TEST(the_code_says_of_what_it_failed)
{
    char *number[] = {"job", "--parallelism", "many", NULL}, *key[] = {"job", "-D", "no.such.key=1", NULL};
    char *value[] = {"job", "--checkpoint-dir", NULL}, *nothing[] = {"job", NULL};

    ck_assert_int_eq(weir_job_run(job, 3, number), WEIR_EXIT_USAGE);
    ck_assert_int_eq(weir_job_run(job, 3, key), WEIR_EXIT_USAGE);
    ck_assert_int_eq(weir_job_run(job, 2, value), WEIR_EXIT_USAGE);
    ck_assert_int_eq(weir_job_run(job, 1, nothing), WEIR_EXIT_USAGE); /* a pipeline without operators */
    ck_assert_int_eq(weir_job_run(missing, 1, nothing), WEIR_EXIT_NOT_FOUND);
    ck_assert_int_eq(weir_job_run(fine, 1, nothing), WEIR_EXIT_OK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("job_run");
    TCase *tc = tcase_create("job_run");
    SRunner *runner;
    int failed;

    tcase_add_test(tc, the_code_says_of_what_it_failed);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
