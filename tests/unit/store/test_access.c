/*
 * test_access.c - credentials that are checked on the pool: told once, together, and no more than so many at a time.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/base64.h"
#include "store/access/access.h"
#include "weir/host.h"
#include "weir/store.h"

#define GUARD_NS (60 * WEIR_NS_PER_S)

static struct weir_host *host;
static struct weir_loop *loop;
static struct weir_access *gate;
static struct weir_timer guard;
static char path[] = "/tmp/weir-accounts-XXXXXX";
static int told_count, waited_for;

struct asked {
    struct weir_login login; /* first */
    struct asked *cancels;
    int told;
};

static void on_guard(void *arg)
{
    (void)arg;
    ck_abort_msg("nobody was told");
}

static void on_told(struct weir_login *login)
{
    struct asked *asked = (struct asked *)login;

    asked->told++;
    if (asked->cancels != NULL)
        weir_access_cancel(&asked->cancels->login);
    if (++told_count == waited_for)
        weir_loop_stop(loop);
}

static void write_accounts(const char *user)
{
    struct weir_buf text;
    FILE *file = fopen(path, "w");

    weir_buf_init(&text, 1 << 16);
    ck_assert_int_eq(weir_store_account_line(weir_view_str(user), weir_view_str("pw"),
                                             weir_view_str("prn::/,READ_UPDATE"), &text, NULL),
                     WEIR_OK);
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text.ptr, 1, text.len, file), text.len);
    ck_assert_int_eq(fclose(file), 0);
    weir_buf_fini(&text);
}

static void setup(void)
{
    int fd = mkstemp(strcpy(path, "/tmp/weir-accounts-XXXXXX"));

    ck_assert_int_ge(fd, 0);
    close(fd);
    write_accounts("ada");
    ck_assert_int_eq(weir_host_new(NULL, &host, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_new(host, "test", &loop, NULL), WEIR_OK);
    ck_assert_int_eq(weir_access_new(loop, path, &gate, NULL), WEIR_OK);
    guard = (struct weir_timer){.fn = on_guard};
    weir_timer_start(loop, &guard, GUARD_NS);
    told_count = waited_for = 0;
}

static void teardown(void)
{
    weir_access_free(gate);
    weir_timer_stop(loop, &guard);
    weir_loop_free(loop);
    weir_host_free(host);
    unlink(path);
}

static enum weir_status ask(struct asked *asked, const char *plain)
{
    struct weir_buf header;
    enum weir_status status;

    *asked = (struct asked){.login.done = on_told};
    weir_buf_init(&header, 1024);
    weir_buf_printf(&header, "Basic ");
    weir_base64_append(&header, weir_view_str(plain));
    weir_buf_u8(&header, '\0');
    status = weir_access_login(gate, (char *)header.ptr, &asked->login);
    weir_buf_fini(&header);
    return status;
}

static void await(int count)
{
    waited_for = count;
    weir_loop_run(loop);
}

/* Goal: a hash is made once for all that show the same; then it is known at once, also that it is wrong. */
START_TEST(the_same_credentials_are_told_together)
{
    struct asked right[3], wrong[2], stranger;

    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(ask(&right[i], "ada:pw"), WEIR_E_AGAIN);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(ask(&wrong[i], "ada:other"), WEIR_E_AGAIN);
    ck_assert_int_eq(ask(&stranger, "eve:pw"), WEIR_E_AGAIN);
    await(6);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(right[i].login.status, WEIR_OK);
        ck_assert_int_eq(right[i].told, 1);
    }
    ck_assert_int_eq(wrong[1].login.status, WEIR_E_AUTH);
    ck_assert_int_eq(stranger.login.status, WEIR_E_AUTH);
    ck_assert_int_eq(ask(&right[0], "ada:pw"), WEIR_OK);
    ck_assert_int_eq(weir_access_permission(right[0].login.account, weir_view_str("prn::/")),
                     WEIR_PERMISSION_READ_UPDATE);
    ck_assert_int_eq(ask(&wrong[0], "ada:other"), WEIR_E_AUTH);
    ck_assert_int_eq(ask(&stranger, "eve:pw"), WEIR_E_AUTH);
}
END_TEST

START_TEST(what_is_no_credentials_is_said_at_once)
{
    struct asked asked;

    ck_assert_int_eq(weir_access_login(gate, NULL, &asked.login), WEIR_OK);
    ck_assert_ptr_null(asked.login.account);
    ck_assert_int_eq(weir_access_login(gate, "Bearer x", &asked.login), WEIR_OK);
    ck_assert_ptr_null(asked.login.account);
    ck_assert_int_eq(weir_access_permission(NULL, weir_view_str("prn::/")), WEIR_PERMISSION_NONE);
    ck_assert_int_eq(weir_access_login(gate, "Basic ", &asked.login), WEIR_E_AUTH);
    ck_assert_int_eq(weir_access_login(gate, "Basic **", &asked.login), WEIR_E_AUTH);
    ck_assert_int_eq(ask(&asked, "no colon"), WEIR_E_AUTH);
}
END_TEST

/* Goal: guesses are bounded, and who is in stays in. */
START_TEST(too_many_guesses_are_turned_away)
{
    static struct asked guesses[WEIR_LOGINS_MAX + 1];
    struct asked known;
    char plain[32];

    ck_assert_int_eq(ask(&known, "ada:pw"), WEIR_E_AGAIN);
    await(1);
    for (int i = 0; i < WEIR_LOGINS_MAX; i++) {
        snprintf(plain, sizeof(plain), "ada:guess%d", i);
        ck_assert_int_eq(ask(&guesses[i], plain), WEIR_E_AGAIN);
    }
    ck_assert_int_eq(ask(&guesses[WEIR_LOGINS_MAX], "ada:one more"), WEIR_E_LIMIT);
    ck_assert_int_eq(ask(&known, "ada:pw"), WEIR_OK);
    ck_assert_ptr_nonnull(known.login.account);
} /* and freed with all of them waiting */
END_TEST

START_TEST(a_question_is_taken_back)
{
    struct asked first, second, third;

    ask(&first, "ada:pw");
    ask(&second, "ada:pw");
    ask(&third, "ada:pw");
    weir_access_cancel(&third.login);
    weir_access_cancel(&third.login);
    first.cancels = &second; /* from within the first one's answer */
    await(1);
    ck_assert_int_eq(first.told, 1);
    ck_assert_int_eq(second.told + third.told, 0);
}
END_TEST

/* Goal: what was asked by old accounts is answered by the new ones. */
START_TEST(accounts_change_under_a_question)
{
    struct asked ada, bob;

    ck_assert_int_eq(ask(&ada, "ada:pw"), WEIR_E_AGAIN);
    ck_assert_int_eq(ask(&bob, "bob:pw"), WEIR_E_AGAIN);
    write_accounts("bob");
    ck_assert_int_eq(weir_access_reload(gate, NULL), WEIR_OK);
    await(2);
    ck_assert_int_eq(ada.login.status, WEIR_E_AUTH);
    ck_assert_int_eq(bob.login.status, WEIR_OK);
    write_accounts("ada");
    ck_assert_int_eq(weir_access_reload(gate, NULL), WEIR_OK);
    ck_assert_int_eq(ask(&bob, "bob:pw"), WEIR_E_AGAIN); /* nothing is remembered of before */
    await(3);
    ck_assert_int_eq(bob.login.status, WEIR_E_AUTH);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("access");
    TCase *tc = tcase_create("access");
    SRunner *sr = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, the_same_credentials_are_told_together);
    tcase_add_test(tc, what_is_no_credentials_is_said_at_once);
    tcase_add_test(tc, too_many_guesses_are_turned_away);
    tcase_add_test(tc, a_question_is_taken_back);
    tcase_add_test(tc, accounts_change_under_a_question);
    suite_add_tcase(suite, tc);
    srunner_set_fork_status(sr, CK_NOFORK);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? 0 : 1;
}
