/*
 * test_format_memory.c - the portable objects when memory runs out: the first allocation fails, then the second, and so
 * on until the call succeeds; each failure says so, leaves nothing behind (the leak checker looks) and an empty object.
 */
#include <stdlib.h>

#include "format_vectors.h"
#include "hex.h"
#include "pravega/format/group_config.h"
#include "pravega/position.h"

/* The linker sends the allocations of the objects under test here (--wrap in meson.build). */
void *__real_malloc(size_t len);
void *__real_calloc(size_t count, size_t len);
void *__real_realloc(void *ptr, size_t len);
void *__wrap_malloc(size_t len);
void *__wrap_calloc(size_t count, size_t len);
void *__wrap_realloc(void *ptr, size_t len);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t len);

static int until_failure = -1; /* that many succeed; below 0: all do */

static bool fails(void)
{
    return until_failure >= 0 && until_failure-- == 0;
}
void *__wrap_malloc(size_t len)
{
    return fails() ? NULL : __real_malloc(len);
}
void *__wrap_calloc(size_t count, size_t len)
{
    return fails() ? NULL : __real_calloc(count, len);
}
void *__wrap_realloc(void *ptr, size_t len)
{
    return fails() ? NULL : __real_realloc(ptr, len);
}
char *__wrap_strndup(const char *text, size_t len)
{
    char *copy = fails() ? NULL : __real_malloc(len + 1);

    if (copy == NULL)
        return NULL;
    memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}
char *__wrap_strdup(const char *text)
{
    return __wrap_strndup(text, strlen(text));
}

/* ---- what is called, given recorded bytes; WEIR_E_NOMEM has to leave `is_empty` */

struct outcome {
    enum weir_status status;
    bool is_empty;
};

static struct outcome read_cut(struct weir_view bytes, struct weir_error *err)
{
    struct pravega_stream_cut cut;
    struct outcome outcome = {pravega_stream_cut_from_bytes(bytes, &cut, err), false};

    outcome.is_empty = cut.scope == NULL && cut.positions == NULL;
    pravega_stream_cut_fini(&cut);
    return outcome;
}

static struct outcome read_text(struct weir_view bytes, struct weir_error *err)
{
    struct pravega_stream_cut cut;
    struct outcome outcome = {pravega_stream_cut_from_text(CUT_B_TEXT, &cut, err), false};

    (void)bytes;
    outcome.is_empty = cut.scope == NULL && cut.positions == NULL;
    pravega_stream_cut_fini(&cut);
    return outcome;
}

static struct outcome write_text(struct weir_view bytes, struct weir_error *err)
{
    int left = until_failure;
    struct pravega_stream_cut cut;
    struct outcome outcome;
    char *text = NULL;

    until_failure = -1;
    ck_assert_int_eq(pravega_stream_cut_from_bytes(bytes, &cut, NULL), WEIR_OK);
    until_failure = left;
    outcome.status = pravega_stream_cut_to_text(&cut, &text, err);
    outcome.is_empty = text == NULL;
    free(text);
    pravega_stream_cut_fini(&cut);
    return outcome;
}

static struct outcome read_position(struct weir_view bytes, struct weir_error *err)
{
    struct pravega_position position, copy = {0};
    struct outcome outcome = {pravega_position_from_bytes(bytes, &position, err), false};

    if (outcome.status == WEIR_OK)
        outcome.status = pravega_position_copy(&copy, &position, err);
    outcome.is_empty = copy.entries == NULL;
    pravega_position_fini(&copy);
    pravega_position_fini(&position);
    return outcome;
}

static struct outcome read_checkpoint(struct weir_view bytes, struct weir_error *err)
{
    struct pravega_checkpoint checkpoint, copy = {0};
    struct outcome outcome = {pravega_checkpoint_from_bytes(bytes, &checkpoint, err), false};

    if (outcome.status == WEIR_OK)
        outcome.status = pravega_checkpoint_copy(&copy, &checkpoint, err);
    outcome.is_empty = copy.name == NULL && copy.cuts == NULL;
    pravega_checkpoint_fini(&copy);
    pravega_checkpoint_fini(&checkpoint);
    return outcome;
}

static struct outcome read_config(struct weir_view bytes, struct weir_error *err)
{
    struct pravega_group_config config, copy = {0}, from_user = {0};
    struct pravega_reader_group_config user;
    struct pravega_group_stream stream;
    struct outcome outcome = {pravega_group_config_from_bytes(bytes, &config, err), false};

    if (outcome.status == WEIR_OK)
        outcome.status = pravega_group_config_copy(&copy, &config, err);
    if (outcome.status == WEIR_OK) {
        pravega_group_config_to_user(&copy, &stream, &user);
        outcome.status = pravega_group_config_from_user(&from_user, &user, err);
    }
    outcome.is_empty = from_user.streams == NULL;
    pravega_group_config_fini(&from_user);
    pravega_group_config_fini(&copy);
    pravega_group_config_fini(&config);
    return outcome;
}

static const struct {
    struct outcome (*call)(struct weir_view bytes, struct weir_error *err);
    const char *hex;
    int allocations_min; /* the sweep has seen that many failures at least */
} calls[] = {
    {read_cut, CUT_B_HEX, 3},
    {read_text, "", 5},
    {write_text, CUT_B_HEX, 3},
    {read_position, POSITION_A_HEX, 10},
    {read_checkpoint, CHECKPOINT_AB_HEX, 16},
    {read_config, CONFIG_A_HEX, 20},
};
#define CALL_COUNT ((int)(sizeof(calls) / sizeof(calls[0])))

START_TEST(a_failure_of_any_allocation_is_told)
{
    struct weir_buf bytes = hex_bytes(calls[_i].hex);
    int failures = 0;

    for (;; failures++) {
        struct weir_error err = {0};
        struct outcome outcome;

        until_failure = failures;
        outcome = calls[_i].call(weir_buf_view(&bytes), &err);
        if (until_failure >= 0) {
            until_failure = -1;
            ck_assert_int_eq(outcome.status, WEIR_OK);
            break;
        }
        ck_assert_int_eq(outcome.status, WEIR_E_NOMEM);
        ck_assert(outcome.is_empty && strstr(err.message, "memory") != NULL);
    }
    ck_assert_int_ge(failures, calls[_i].allocations_min);
    weir_buf_fini(&bytes);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("format_memory");
    TCase *tc = tcase_create("format_memory");
    SRunner *sr = srunner_create(suite);
    int failed;

    tcase_add_loop_test(tc, a_failure_of_any_allocation_is_told, 0, CALL_COUNT);
    suite_add_tcase(suite, tc);
    srunner_set_fork_status(sr, CK_NOFORK);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? 0 : 1;
}
