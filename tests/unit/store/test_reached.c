/*
 * test_reached.c - files of a folder that are gone, cut, older than the others or of another store are never taken for
 * what a store left.
 */
#include "store/container/check.h"
#include "store_fixture.h"

#define APPENDS 6

static struct machine m;

/* A checkpoint with its chunk, and two logs behind it; of the newest, each append is a group of its own. The store is
 * down, in order or by a crash. */
static void fill_with(uint64_t seed, const char *byte, bool crash)
{
    machine_init(&m, seed, 1 << 20);
    ck_assert_int_eq(create(&m, "s"), WEIR_OK);
    ck_assert_int_eq(append(&m, "s", byte), WEIR_OK);
    ck_assert_int_eq(flush(&m), WEIR_OK);
    ck_assert_int_eq(append(&m, "s", byte), WEIR_OK);
    machine_recover(&m);
    for (int i = 2; i < APPENDS; i++)
        ck_assert_int_eq(append(&m, "s", byte), WEIR_OK);
    (crash ? machine_crash_and_boot : machine_reboot)(&m);
}

static void fill(bool crash)
{
    fill_with(1, "a", crash);
}

static void teardown(void)
{
    machine_fini(&m);
}

static void ignore(void *arg, const char *line)
{
    (void)arg, (void)line;
}

/* Opens, and closes by force: nothing is written in an end. What opens has `count_min` to `count_max` of the appends,
 * and the check says the same as the start. */
static enum weir_status look(int count_min, int count_max)
{
    struct weir_check_options options = {.line = ignore};
    struct weir_check_result result = {0};
    enum weir_status status;

    ck_assert_int_eq(weir_store_check(machine_fs(&m), DIR, &options, &result, &m.err), WEIR_OK);
    status = machine_open(&m);
    ck_assert_msg(result.refused == (status == WEIR_E_DAMAGED), "open says %s, the check %s", m.err.message,
                  result.refused ? "refused" : "good");
    if (status == WEIR_OK) {
        ck_assert_ptr_nonnull(segment(&m, "s"));
        ck_assert_int_ge(info_of(&m, "s").length, count_min);
        ck_assert_int_le(info_of(&m, "s").length, count_max);
        ck_assert_int_eq(read_through(&m, "s"), WEIR_OK);
    } else {
        ck_assert_int_eq(status, WEIR_E_DAMAGED);
        ck_assert_msg(strstr(m.err.message, "weir store check") != NULL, "%s", m.err.message);
    }
    machine_crash_and_boot(&m);
    return status;
}

/* Goal: whichever files are gone (a copy that stopped, a hand that slipped), nothing is opened with less than all, and
 * what is left is left alone.
 * Method: every set of files but all of them. */
START_TEST(no_set_of_files_is_missed_unnoticed)
{
    struct files files, left;
    uint8_t *bytes[8];
    size_t lens[8];

    fill(_i == 1);
    list_files(&m, &files);
    ck_assert_int_eq(files.count, 5); /* checkpoint, chunk, two logs, reached */
    for (int i = 0; i < files.count; i++)
        bytes[i] = load_file(&m, files.paths[i], &lens[i]);
    for (int gone = 1; gone < (1 << files.count) - 1; gone++) {
        int gone_count = 0;

        for (int i = 0; i < files.count; i++) {
            if ((gone >> i & 1) == 0)
                continue;
            remove_file(&m, files.paths[i]);
            gone_count++;
        }
        ck_assert_msg(look(0, APPENDS) == WEIR_E_DAMAGED, "it opened without the files of %x", (unsigned)gone);
        list_files(&m, &left);
        ck_assert_int_eq(left.count, files.count - gone_count);
        for (int i = 0; i < files.count; i++)
            save_file(&m, files.paths[i], bytes[i], lens[i]);
    }
    ck_assert_int_eq(look(APPENDS, APPENDS), WEIR_OK);
    for (int i = 0; i < files.count; i++)
        free(bytes[i]);
}
END_TEST

static const char *newest_log(void)
{
    static char path[80];
    struct files files;

    list_files(&m, &files);
    for (int i = 0; i < files.count; i++)
        if (strncmp(files.names[i], "log-", 4) == 0)
            strcpy(path, files.paths[i]);
    return path;
}

/* Goal: after an orderly end, a newest log that ends early is never taken for torn, nor cut further.
 * Method: cut it at every length; the same with zeros behind. What goes with the mark of the end is nothing. */
START_TEST(after_an_orderly_end_no_tail_is_torn)
{
    const char *path;
    uint8_t *bytes, *cut;
    size_t len;

    fill(false);
    path = newest_log();
    bytes = load_file(&m, path, &len);
    for (size_t at = 0; at < len; at++) {
        size_t cut_len, left_len;

        cut = calloc(1, len);
        memcpy(cut, bytes, at);
        cut_len = _i == 1 ? len : at;
        save_file(&m, path, cut, cut_len);
        free(cut);
        if (look(APPENDS, APPENDS) == WEIR_OK) {
            ck_assert_uint_ge(at + 8, len - 32); /* the mark, and zeros that fill up before it */
            continue;
        }
        ck_assert(strstr(m.err.message, "offset") != NULL || at == 0);
        free(load_file(&m, path, &left_len));
        ck_assert_uint_eq(left_len, cut_len);
    }
    free(bytes);
}
END_TEST

/* Goal: after a crash the first group of the newest log is known to have been acknowledged, from then on. */
START_TEST(after_a_crash_a_log_that_began_has_to_be_there)
{
    const char *path;
    uint8_t *bytes;
    size_t len, opened = 0;

    fill(true);
    path = newest_log();
    bytes = load_file(&m, path, &len);
    for (size_t at = 0; at < len; at++) {
        save_file(&m, path, bytes, at);
        opened += look(3, APPENDS) == WEIR_OK; /* two of before, one that is known to be needed */
    }
    ck_assert_uint_gt(opened, len / 4);
    save_file(&m, path, bytes, len);
    free(bytes);
    ck_assert_int_eq(look(APPENDS, APPENDS), WEIR_OK);
}
END_TEST

/* Goal: `reached` itself may be older than the rest, but neither short nor wrong. */
START_TEST(reached_is_old_or_damaged)
{
    char path[80];
    uint8_t *bytes, *old;
    size_t len;

    fill(true);
    old = load_file(&m, file_path(&m, "reached", path), &len);
    machine_must_open(&m);
    machine_reopen(&m);
    ck_assert_int_eq(append(&m, "s", "z"), WEIR_OK);
    machine_reboot(&m);
    bytes = load_file(&m, path, &len);
    ck_assert(memcmp(bytes, old, len) != 0);
    for (size_t at = 0; at < len; at++) {
        save_file(&m, path, bytes, at);
        ck_assert_int_eq(look(0, APPENDS + 1), WEIR_E_DAMAGED);
        save_file(&m, path, bytes, len);
        flip(&m, path, at, 0x04);
        ck_assert_int_eq(look(0, APPENDS + 1), WEIR_E_DAMAGED);
        ck_assert_msg(strstr(m.err.message, "reached is damaged at offset") != NULL, "%s", m.err.message);
    }
    save_file(&m, path, old, len);
    ck_assert_int_eq(look(APPENDS + 1, APPENDS + 1), WEIR_OK);
    free(bytes);
    free(old);
}
END_TEST

/* Goal: a file of the same name from another store's folder is known, though it is whole and its LSNs join.
 * Method: two stores of the same steps with other data; each file of the one in the folder of the other. */
START_TEST(a_file_of_another_store_is_refused)
{
    struct files files;
    uint8_t *others[8];
    size_t lens[8];

    fill_with(2, "z", false);
    list_files(&m, &files);
    for (int i = 0; i < files.count; i++)
        others[i] = load_file(&m, files.paths[i], &lens[i]);
    machine_fini(&m);
    fill(false);
    for (int i = 0; i < files.count; i++) {
        size_t len;
        uint8_t *bytes = load_file(&m, files.paths[i], &len);

        save_file(&m, files.paths[i], others[i], lens[i]);
        ck_assert_msg(look(0, APPENDS) == WEIR_E_DAMAGED, "%s is taken", files.names[i]);
        ck_assert(strstr(m.err.message, "another") != NULL);
        save_file(&m, files.paths[i], bytes, len);
        free(bytes);
        free(others[i]);
    }
    ck_assert_int_eq(look(APPENDS, APPENDS), WEIR_OK);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("reached");

    tcase_add_checked_fixture(tc, NULL, teardown);
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, no_set_of_files_is_missed_unnoticed, 0, 2);
    tcase_add_loop_test(tc, after_an_orderly_end_no_tail_is_torn, 0, 2);
    tcase_add_test(tc, after_a_crash_a_log_that_began_has_to_be_there);
    tcase_add_test(tc, reached_is_old_or_damaged);
    tcase_add_test(tc, a_file_of_another_store_is_refused);
    return run_suite("reached", tc);
}
