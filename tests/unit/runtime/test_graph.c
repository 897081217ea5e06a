/*
 * test_graph.c - what an author can get wrong is refused with the operator's name and a remedy; what is right is
 * chained as Flink chains it; settings are read from arguments.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline.h"
#include "runtime/env_int.h"
#include "runtime/plan.h"
#include "runtime/settings.h"

static const struct number_source_spec numbers = {.count = 10};
static struct number_sink_spec *sunk;
static weir_env *env;

static void setup(void)
{
    struct weir_env_options options = {.parallelism = 2};

    env = weir_env_new(&options);
    sunk = calloc(1, sizeof(*sunk));
}

static void teardown(void)
{
    weir_env_free(env);
    free(sunk);
}

static weir_stream *source(const char *name)
{
    return weir_env_add_source(env, number_source(&numbers), NULL, name);
}

static enum weir_status same(void *arg, const void *in, void *out, struct weir_error *err)
{
    (void)arg;
    (void)err;
    memcpy(out, in, sizeof(int64_t));
    return WEIR_OK;
}

static weir_stream *map(weir_stream *in, const char *name)
{
    return weir_map(in, weir_long_type(), same, NULL, name);
}

static void expect(enum weir_status status, const char *part)
{
    struct weir_error err = {0};

    ck_assert_int_eq(weir_env_execute(env, "test", NULL, &err), status);
    ck_assert_msg(strstr(err.message, part) != NULL, "\"%s\" is not in \"%s\"", part, err.message);
}

START_TEST(an_empty_pipeline_is_refused)
{
    expect(WEIR_E_INVAL, "has no operators; begin with weir_env_add_source()");
}
END_TEST

START_TEST(the_first_error_stays)
{
    weir_set_parallelism(map(source("numbers"), "doubles"), 0);
    weir_map(source("more"), NULL, same, NULL, "later");
    expect(WEIR_E_INVAL, "operator \"doubles\": parallelism 0 is not positive");
}
END_TEST

START_TEST(more_subtasks_than_key_groups_are_refused)
{
    weir_set_parallelism(map(source("numbers"), "wide"), 129);
    expect(WEIR_E_INVAL, "operator \"wide\": parallelism 129 is above pipeline.max-parallelism 128");
}
END_TEST

START_TEST(a_sink_of_another_type_is_refused)
{
    weir_stream *text = weir_map(source("numbers"), weir_string_type(), same, NULL, "text");

    weir_add_sink(text, number_sink(sunk), "out");
    expect(WEIR_E_INVAL, "operator \"out\": the sink takes LONG but its input is of STRING");
}
END_TEST

START_TEST(a_union_of_two_types_is_refused)
{
    weir_union(weir_map(source("numbers"), weir_string_type(), same, NULL, "text"), source("more"));
    expect(WEIR_E_INVAL, "cannot unite a stream of STRING with one of LONG");
}
END_TEST

START_TEST(a_field_that_is_not_there_is_refused)
{
    weir_key_by_field(source("numbers"), "id");
    expect(WEIR_E_INVAL, "LONG has no field \"id\"; it has: none, use weir_key_by()");
}
END_TEST

START_TEST(equal_uids_are_refused)
{
    weir_uid(map(weir_uid(source("numbers"), "x"), "doubles"), "x");
    expect(WEIR_E_EXISTS, "operators \"numbers\" and \"doubles\" both have the uid \"x\"");
}
END_TEST

START_TEST(a_missing_source_is_named)
{
    weir_add_sink(map(weir_env_add_source(env, NULL, NULL, "readings"), "m"), number_sink(sunk), "out");
    expect(WEIR_E_INVAL, "operator \"readings\": the source could not be made");
}
END_TEST

START_TEST(an_uid_on_a_union_is_refused)
{
    weir_uid(weir_union(source("a"), source("b")), "u");
    expect(WEIR_E_INVAL, "weir_uid() cannot be called on a union");
}
END_TEST

static struct weir_plan *plan(void)
{
    struct weir_plan *made = NULL;

    ck_assert_int_eq(weir_graph_finish(&env->graph, &env->options, NULL), WEIR_OK);
    ck_assert_int_eq(weir_plan_new(&env->graph, &env->options, &made, NULL), WEIR_OK);
    return made;
}

START_TEST(forward_operators_are_chained)
{
    weir_stream *stream = map(source("numbers"), "a");
    struct weir_plan *made;

    weir_add_sink(map(stream, "b"), number_sink(sunk), "out");
    map(stream, "c"); /* a chain may branch */
    made = plan();
    ck_assert_uint_eq(made->vertex_count, 1);
    ck_assert_str_eq(made->vertices[0].name, "numbers -> a -> b -> out -> c");
    ck_assert_int_eq(made->vertices[0].links[4].parent, 1);
    weir_plan_free(made);
}
END_TEST

START_TEST(what_forbids_chaining_ends_the_chain)
{
    struct weir_plan *made;

    weir_disable_chaining(map(source("a"), "alone"));    /* 2 vertices */
    weir_set_parallelism(map(source("b"), "wide"), 3);   /* 2 */
    map(weir_rebalance(source("c")), "rebalanced");      /* 2 */
    map(weir_union(source("d"), source("e")), "united"); /* 3 */
    made = plan();
    ck_assert_uint_eq(made->vertex_count, 9);
    ck_assert_uint_eq(made->edge_count, 5);
    ck_assert_int_eq(made->edges[0].partition, WEIR_PARTITION_FORWARD);
    ck_assert_int_eq(made->edges[1].partition, WEIR_PARTITION_REBALANCE);
    ck_assert_uint_eq(made->task_count, 2 * 8 + 3);
    weir_plan_free(made);
}
END_TEST

START_TEST(uids_are_stable_and_differ)
{
    char first[64];

    map(map(source("numbers"), "a"), "a");
    weir_plan_free(plan());
    strcpy(first, env->graph.nodes[1]->uid);
    ck_assert_str_ne(first, env->graph.nodes[2]->uid);
    teardown();
    setup();
    map(map(source("numbers"), "renamed"), "a");
    weir_plan_free(plan());
    ck_assert_str_eq(first, env->graph.nodes[1]->uid);
}
END_TEST

START_TEST(arguments_are_settings)
{
    char *argv[] = {(char *)"job",
                    (char *)"-D",
                    (char *)"execution.checkpointing.interval=10 s",
                    (char *)"in.txt",
                    (char *)"--parallelism",
                    (char *)"3",
                    (char *)"-Dexecution.buffer-timeout.interval=0",
                    (char *)"-Dtaskmanager.memory.segment-size=4kb",
                    (char *)"--from-checkpoint",
                    (char *)"latest",
                    NULL};
    int argc = 10;
    const struct weir_env_options *options;

    weir_env_free(env);
    env = weir_env_from_args(NULL, &argc, argv);
    options = weir_env_settings(env);
    ck_assert_int_eq(argc, 2);
    ck_assert_str_eq(argv[1], "in.txt");
    ck_assert_ptr_null(argv[2]);
    ck_assert_int_eq(options->checkpoint_interval_ms, 10000);
    ck_assert_int_eq(options->parallelism, 3);
    ck_assert_int_eq(options->buffer_timeout_ms, 0);
    ck_assert_int_eq(options->buffer_bytes, 4096);
    ck_assert_str_eq(options->from_checkpoint, "latest");
    ck_assert(options->cancel_on_signals);
}
END_TEST

static const char *const bad_arguments[][2] = {
    {"parallelism.defualt=3", "there is no setting \"parallelism.defualt\"; did you mean parallelism.default?"},
    {"nope=1", "there is no setting \"nope\"; docs/configuration.md lists them"},
    {"parallelism.default=three", "\"three\" is not a whole number"},
    {"execution.checkpointing.interval=10 parsecs", "is not a duration"},
    {"pipeline.operator-chaining.enabled=maybe", "is not true or false"},
    {"execution.checkpointing.mode=TWICE", "is not EXACTLY_ONCE or AT_LEAST_ONCE"},
    {"parallelism.default", "want key=value"},
};

START_TEST(bad_arguments_are_named)
{
    char *argv[] = {(char *)"job", (char *)"-D", (char *)bad_arguments[_i][0], NULL};
    int argc = 3;

    weir_env_free(env);
    env = weir_env_from_args(NULL, &argc, argv);
    expect(WEIR_E_INVAL, bad_arguments[_i][1]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("graph");
    TCase *tc = tcase_create("graph");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, an_empty_pipeline_is_refused);
    tcase_add_test(tc, the_first_error_stays);
    tcase_add_test(tc, more_subtasks_than_key_groups_are_refused);
    tcase_add_test(tc, a_sink_of_another_type_is_refused);
    tcase_add_test(tc, a_union_of_two_types_is_refused);
    tcase_add_test(tc, a_field_that_is_not_there_is_refused);
    tcase_add_test(tc, equal_uids_are_refused);
    tcase_add_test(tc, a_missing_source_is_named);
    tcase_add_test(tc, an_uid_on_a_union_is_refused);
    tcase_add_test(tc, forward_operators_are_chained);
    tcase_add_test(tc, what_forbids_chaining_ends_the_chain);
    tcase_add_test(tc, uids_are_stable_and_differ);
    tcase_add_test(tc, arguments_are_settings);
    tcase_add_loop_test(tc, bad_arguments_are_named, 0, sizeof(bad_arguments) / sizeof(bad_arguments[0]));
    suite_add_tcase(suite, tc);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
