/*
 * test_opening.c - a store that is opened with what cannot be, and where it says that it is.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "weir/fs.h"
#include "weir/store.h"

static char dir[64];
static struct weir_host *host;
static struct weir_loop *loop;
static struct weir_store *store;
static struct weir_error err;
static FILE *log_file;

static void setup(void)
{
    struct weir_host_options options = {.log_level = WEIR_LOG_INFO};

    snprintf(dir, sizeof(dir), "/tmp/weir-opening-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    log_file = tmpfile();
    ck_assert_ptr_nonnull(log_file);
    options.log_fd = fileno(log_file);
    ck_assert_int_eq(weir_host_new(&options, &host, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_new(host, "test", &loop, NULL), WEIR_OK);
}

static void teardown(void)
{
    char command[100];

    weir_store_close(store);
    store = NULL;
    weir_loop_free(loop);
    weir_host_free(host);
    fclose(log_file);
    snprintf(command, sizeof(command), "rm -r %s", dir);
    ck_assert_int_eq(system(command), 0);
}

static enum weir_status open_with(const struct weir_store_options *options)
{
    struct weir_store_options with = *options;
    static char data[80];

    snprintf(data, sizeof(data), "%s/data", dir);
    with.data_dir = data;
    err = (struct weir_error){0};
    return weir_store_open(loop, &with, &store, &err);
}

/* It is refused with these words, and nothing was made. */
static void expect_no_store(const struct weir_store_options *options, const char *words)
{
    char data[80];

    ck_assert_int_ne(open_with(options), WEIR_OK);
    ck_assert_msg(strstr(err.message, words) != NULL, "%s", err.message);
    snprintf(data, sizeof(data), "%s/data", dir);
    ck_assert(!weir_fs_exists(weir_host_fs(host), data));
}

static bool log_says(const char *words)
{
    char text[8192];
    size_t len;

    rewind(log_file);
    len = fread(text, 1, sizeof(text) - 1, log_file);
    text[len] = '\0';
    return strstr(text, words) != NULL;
}

/* Goal: what clients could not connect to is not told to them, and never longer than a name can be. */
START_TEST(hosts_that_nobody_could_use)
{
    static const char *const hosts[] = {"", "bad host", "[::1]", "store:9090", "tcp://store", "a/b", "\xc3\xa9"};
    char longest[301];

    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
        expect_no_store(&(struct weir_store_options){.advertised_host = hosts[i]}, "cannot be told to clients");
    memset(longest, 'a', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    expect_no_store(&(struct weir_store_options){.advertised_host = longest}, "cannot be told to clients");
    expect_no_store(&(struct weir_store_options){.listen_host = "[::1]"}, "without brackets");
}
END_TEST

/* Goal: the URI of an IPv6 address is one that clients take. */
START_TEST(an_address_of_ipv6_has_brackets)
{
    struct weir_store_options options = {.advertised_host = "::1"};

    ck_assert_msg(open_with(&options) == WEIR_OK, "%s", err.message);
    ck_assert_msg(strncmp(weir_store_uri(store), "tcp://[::1]:", 12) == 0, "%s", weir_store_uri(store));
    ck_assert(!log_says("--advertise"));
}
END_TEST

/* Goal: who listens everywhere is told that clients elsewhere cannot connect to everywhere. */
START_TEST(everywhere_is_no_place_to_connect_to)
{
    struct weir_store_options options = {.listen_host = "0.0.0.0"};

    ck_assert_msg(open_with(&options) == WEIR_OK, "%s", err.message);
    ck_assert(log_says("--advertise"));
}
END_TEST

/* Goal: who shares the machine reads neither the events nor the key of tokens, which lies in the folder. */
START_TEST(its_folder_is_its_own)
{
    struct weir_store_options options = {0};
    struct stat found;
    char data[80];

    ck_assert_msg(open_with(&options) == WEIR_OK, "%s", err.message);
    snprintf(data, sizeof(data), "%s/data", dir);
    ck_assert_int_eq(stat(data, &found), 0);
    ck_assert_uint_eq(found.st_mode & 077, 0);
}
END_TEST

/* Goal: options that would guard it are not passed over in silence, and wrong ones are refused before anything is
 * made. */
START_TEST(what_would_guard_it_has_to_be_whole)
{
    expect_no_store(&(struct weir_store_options){.auth_signing_key = "/nowhere/key"}, "accounts");
    expect_no_store(&(struct weir_store_options){.tls_certificate = "/nowhere/certificate"}, "private key is missing");
    expect_no_store(&(struct weir_store_options){.auth_accounts = "/nowhere/accounts"}, "/nowhere/accounts");
    expect_no_store(&(struct weir_store_options){.auth_accounts = "/dev/null", .auth_signing_key = "/nowhere/key"},
                    "/nowhere/key");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("opening");
    TCase *tc = tcase_create("opening");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, hosts_that_nobody_could_use);
    tcase_add_test(tc, an_address_of_ipv6_has_brackets);
    tcase_add_test(tc, everywhere_is_no_place_to_connect_to);
    tcase_add_test(tc, its_folder_is_its_own);
    tcase_add_test(tc, what_would_guard_it_has_to_be_whole);
    tcase_set_timeout(tc, 300);
    suite_add_tcase(suite, tc);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
