/*
 * test_accounts.c - passwords, lists of rights and the accounts file, as upstream has them.
 */
#include <check.h>
#include <stdio.h>

#include "store/access/accounts.h"
#include "store/access/resources.h"
#include "weir/store.h"

/* Upstream's own sample: admin, password 1111_aaaa. */
#define SAMPLE_HASH                                                                                                    \
    "353030303a633132666135376233353937356534613430383430373939343839333733616463363433616532363238653930346230333035" \
    "393666643961316264616661393a363937633062366339663434386464326266333532646365306261396533643961386430626432383963" \
    "3037626166663563613166333733653631383732353134643961303435613237653130353633633031653364366565316434626534656565" \
    "636335663666306465663064376165313765646263656638373764396361"

/* --- Passwords -------------------------------------------------------------------------------------------------- */

/* Goal: what this store makes, it knows again, and nothing else; and it is of upstream's form. */
START_TEST(a_made_hash_is_known_again)
{
    struct weir_password password;
    struct weir_buf text;

    weir_buf_init(&text, 4096);
    ck_assert_int_eq(weir_password_make(weir_view_str("s3cret"), &text, NULL), WEIR_OK);
    ck_assert_int_eq(weir_password_parse(weir_buf_view(&text), &password, NULL), WEIR_OK);
    ck_assert_uint_eq(password.iterations, 5000);
    ck_assert_uint_eq(password.salt_len, 32);
    ck_assert(weir_password_matches(&password, weir_view_str("s3cret")));
    ck_assert(!weir_password_matches(&password, weir_view_str("s3cre")));
    ck_assert(!weir_password_matches(&password, weir_view(NULL, 0)));
    weir_buf_fini(&text);
}
END_TEST

static const char *const bad_hashes[] = {"", "zz", "353", "3a", "35303030", "303a3a", "783a3a", "39393939393939393a3a"};

START_TEST(a_hash_that_is_none_is_named)
{
    struct weir_password password;
    struct weir_error err = {0};

    ck_assert_int_eq(weir_password_parse(weir_view_str(bad_hashes[_i]), &password, &err), WEIR_E_INVAL);
    ck_assert_msg(strncmp(err.message, "has a hash", 10) == 0, "%s", err.message);
}
END_TEST

/* --- Rights ----------------------------------------------------------------------------------------------------- */

static enum weir_permission ask(const char *acl_text, const char *resource)
{
    struct weir_acl acl;
    enum weir_permission permission;
    size_t ignored = 0;

    ck_assert_int_eq(weir_acl_parse(weir_view_str(acl_text), &acl, &ignored, NULL), WEIR_OK);
    permission = weir_acl_permission(&acl, weir_view_str(resource));
    weir_acl_fini(&acl);
    return permission;
}

#define NONE WEIR_PERMISSION_NONE
#define READ WEIR_PERMISSION_READ
#define UPDATE WEIR_PERMISSION_READ_UPDATE

static const struct {
    const char *acl, *resource;
    enum weir_permission permission;
} rights[] = {
    {"prn::*,READ_UPDATE", "prn::/", UPDATE},
    {"prn::*,READ_UPDATE;", "prn::/scope:s/stream:t", UPDATE},
    {"prn::/*,READ", "prn::/scope:s", READ},
    {"*,READ_UPDATE", "prn::/scope:s", NONE}, /* of no domain */
    {"", "prn::/", NONE},
    {"prn::/,READ", "prn::/", READ},
    {"prn::/,READ", "prn::/scope:s", NONE},
    {"prn::/scope:s,READ", "prn::/scope:s", READ},
    {"prn::/scope:s,READ", "prn::/scope:s/stream:t", NONE},
    {"prn::/scope:s,READ", "prn::/scope:s2", NONE},
    {"prn::/scope:s*,READ", "prn::/scope:s2/stream:t", READ},
    {"prn::/scope:s/*,READ", "prn::/scope:s/stream:t", READ},
    {"prn::/scope:s/*,READ", "prn::/scope:s", NONE},
    {"prn::/scope:s/stream:*,READ_UPDATE", "prn::/scope:s/stream:t", UPDATE},
    {"prn::/scope:s/stream:*,READ_UPDATE", "prn::/scope:s/reader-group:g", NONE},
    {"prn::/scope:*/stream:t,READ", "prn::/scope:any/stream:t", READ},
    {"prn::/scope:*/stream:t,READ", "prn::/scope:any/stream:tt", NONE},
    {"prn::/scope:a*b*c,READ", "prn::/scope:a-b-b-c", READ},
    {"prn::/scope:a*b*c,READ", "prn::/scope:a-c-b", NONE},
    {"prn::/scope:a.c,READ", "prn::/scope:abc", READ}, /* an expression's dot, as upstream */
    {"prn::/scope:s.*,READ", "prn::/scope:s", NONE},   /* upstream turns .* into ..* */
    {"prn::/scope:s.*,READ", "prn::/scope:s1", READ},
    /* the first that fits decides */
    {"prn::/scope:s/stream:t,NONE;prn::*,READ_UPDATE", "prn::/scope:s/stream:t", NONE},
    {"prn::/scope:s/stream:t,READ;prn::*,READ_UPDATE", "prn::/scope:s/stream:t", READ},
    {"prn::*,READ;prn::/scope:s/stream:t,READ_UPDATE", "prn::/scope:s/stream:t", READ},
    {" prn::/scope:s , READ ;prn::/scope:u,READ_UPDATE", "prn::/scope:s", READ},
    /* entries that say nothing are passed over */
    {"prn::/scope:s;prn::/scope:s,READ", "prn::/scope:s", READ},
    {"prn::/scope:s,WRITE;prn::/scope:s,READ", "prn::/scope:s", READ},
    {",READ;prn::/scope:s,READ_UPDATE", "prn::/scope:s", UPDATE},
};

START_TEST(rights_are_upstreams)
{
    ck_assert_msg(ask(rights[_i].acl, rights[_i].resource) == rights[_i].permission, "%s of %s", rights[_i].resource,
                  rights[_i].acl);
}
END_TEST

START_TEST(expressions_are_refused)
{
    struct weir_acl acl;
    struct weir_error err = {0};
    size_t ignored = 0;

    ck_assert_int_eq(weir_acl_parse(weir_view_str("prn::/scope:(a|b),READ"), &acl, &ignored, &err), WEIR_E_INVAL);
    ck_assert_ptr_nonnull(strstr(err.message, "(a|b)"));
    ck_assert_int_eq(weir_acl_parse(weir_view_str("prn::/;prn::/x,ALL;prn::/y,READ"), &acl, &ignored, &err), WEIR_OK);
    ck_assert_uint_eq(ignored, 2);
    ck_assert_uint_eq(acl.count, 1);
    weir_acl_fini(&acl);
}
END_TEST

/* Goal: a pattern of many stars costs no more than its length times the resource's. */
START_TEST(many_stars_are_quick)
{
    char acl[900] = "prn::", resource[700] = "prn::";

    for (int i = 0; i < 200; i++)
        strcat(acl, "*a");
    strcat(acl, "*b,READ");
    for (int i = 0; i < 600; i++)
        strcat(resource, "a");
    ck_assert_int_eq(ask(acl, resource), NONE);
}
END_TEST

/* --- Resources -------------------------------------------------------------------------------------------------- */

static const struct {
    enum weir_resource_kind kind;
    const char *scope, *name, *text;
} resources[] = {
    {WEIR_RESOURCE_ROOT, "", "", "prn::/"},
    {WEIR_RESOURCE_SCOPE, "s", "", "prn::/scope:s"},
    {WEIR_RESOURCE_STREAM, "s", "_RGg", "prn::/scope:s/stream:_RGg"},
    {WEIR_RESOURCE_STREAM_OWNER, "s", "t", "prn::/scope:s/stream:t"},
    {WEIR_RESOURCE_STREAM_OWNER, "s", "_RGg", "prn::/scope:s/reader-group:g"},
    {WEIR_RESOURCE_STREAM_OWNER, "s", "_MARKt", "prn::/scope:s/stream:t"},
    {WEIR_RESOURCE_STREAM_OWNER, "s", "_other", "prn::/scope:s/stream:_other"},
    {WEIR_RESOURCE_READER_GROUP, "s", "g", "prn::/scope:s/reader-group:g"},
    {WEIR_RESOURCE_TABLE, "s", "k", "prn::/scope:s/key-value-table:k"},
    {WEIR_RESOURCE_STREAM, "s/stream:x", "a\",\"*", "prn::/scope:s?stream?x/stream:a????"},
    {WEIR_RESOURCE_SCOPE, "", "", NULL},
    {WEIR_RESOURCE_STREAM, "s", "", NULL},
    {WEIR_RESOURCE_STREAM_OWNER, "s", "_RG", NULL},
};

START_TEST(resources_are_upstreams)
{
    struct weir_resource resource;
    bool made = weir_resource_make(&resource, resources[_i].kind, weir_view_str(resources[_i].scope),
                                   weir_view_str(resources[_i].name));

    ck_assert_int_eq(made, resources[_i].text != NULL);
    if (made)
        ck_assert_msg(weir_view_equal(weir_resource_view(&resource), weir_view_str(resources[_i].text)), "%.*s",
                      (int)resource.len, resource.text);
}
END_TEST

/* --- The file --------------------------------------------------------------------------------------------------- */

static struct weir_accounts *parse(const char *text, struct weir_error *err)
{
    struct weir_accounts *accounts = NULL;

    weir_accounts_parse(weir_view_str(text), &accounts, err);
    return accounts;
}

START_TEST(upstreams_sample_is_understood)
{
    struct weir_error err = {0};
    struct weir_accounts *accounts = parse("# a comment\nadmin:" SAMPLE_HASH ":prn::*,READ_UPDATE;\r\n", &err);
    const struct weir_account *admin;

    ck_assert_msg(accounts != NULL, "%s", err.message);
    admin = weir_accounts_find(accounts, weir_view_str("admin"));
    ck_assert_ptr_nonnull(admin);
    ck_assert(weir_password_matches(&admin->password, weir_view_str("1111_aaaa")));
    ck_assert_int_eq(weir_acl_permission(&admin->acl, weir_view_str("prn::/")), UPDATE);
    ck_assert_str_eq(weir_accounts_remark(accounts), "");
    ck_assert_ptr_null(weir_accounts_find(accounts, weir_view_str("adm")));
    weir_accounts_unref(accounts);
}
END_TEST

START_TEST(the_file_is_read_as_upstream_reads_it)
{
    struct weir_accounts *accounts = parse("a:" SAMPLE_HASH ":prn::/,READ\na:" SAMPLE_HASH ":prn::/\nb:" SAMPLE_HASH
                                           "\n\nc:" SAMPLE_HASH ":prn::*,READ\n",
                                           NULL);
    const struct weir_account *a;

    ck_assert_ptr_nonnull(accounts);
    a = weir_accounts_find(accounts, weir_view_str("a"));
    ck_assert_int_eq(weir_acl_permission(&a->acl, weir_view_str("prn::/")), NONE); /* the later line */
    ck_assert_ptr_nonnull(weir_accounts_find(accounts, weir_view_str("b")));
    ck_assert_ptr_null(weir_accounts_find(accounts, weir_view_str("c")));
    ck_assert_ptr_nonnull(strstr(weir_accounts_remark(accounts), "1 entries of rights"));
    ck_assert_ptr_nonnull(strstr(weir_accounts_remark(accounts), "line 4 is empty"));
    weir_accounts_unref(accounts);
}
END_TEST

START_TEST(a_wrong_line_is_named_by_its_number)
{
    struct weir_error err = {0};

    ck_assert_ptr_null(parse("#\nadmin\n", &err));
    ck_assert_msg(strstr(err.message, "line 2: it is not USER:HASH:RIGHTS") != NULL, "%s", err.message);
    ck_assert_ptr_null(parse("ada:12zz:prn::*,READ\n", &err));
    ck_assert_msg(strstr(err.message, "line 1: user \"ada\" has a hash") != NULL, "%s", err.message);
    ck_assert_ptr_null(parse("ada:" SAMPLE_HASH ":prn::[x],READ\n", &err));
    ck_assert_msg(strstr(err.message, "line 1: user \"ada\" has the resource") != NULL, "%s", err.message);
}
END_TEST

START_TEST(lines_are_made_that_are_understood)
{
    struct weir_accounts *accounts;
    struct weir_buf line;

    weir_buf_init(&line, 4096);
    ck_assert_int_eq(weir_store_account_line(weir_view_str("ada"), weir_view_str("pw"), weir_view_str("prn::/,READ"),
                                             &line, NULL),
                     WEIR_OK);
    ck_assert_int_eq(weir_accounts_parse(weir_buf_view(&line), &accounts, NULL), WEIR_OK);
    ck_assert_ptr_nonnull(weir_accounts_find(accounts, weir_view_str("ada")));
    weir_accounts_unref(accounts);
    ck_assert_int_eq(weir_store_account_line(weir_view_str("a:b"), weir_view_str("pw"), weir_view_str(""), &line, NULL),
                     WEIR_E_INVAL);
    ck_assert_int_eq(
        weir_store_account_line(weir_view_str("a"), weir_view_str("pw"), weir_view_str("prn::/"), &line, NULL),
        WEIR_E_INVAL);
    weir_buf_fini(&line);
}
END_TEST

#define COUNT(list) ((int)(sizeof(list) / sizeof((list)[0])))

int main(void)
{
    Suite *suite = suite_create("accounts");
    TCase *tc = tcase_create("accounts");
    SRunner *sr = srunner_create(suite);
    int failed;

    tcase_add_test(tc, a_made_hash_is_known_again);
    tcase_add_loop_test(tc, a_hash_that_is_none_is_named, 0, COUNT(bad_hashes));
    tcase_add_loop_test(tc, rights_are_upstreams, 0, COUNT(rights));
    tcase_add_test(tc, expressions_are_refused);
    tcase_add_test(tc, many_stars_are_quick);
    tcase_add_loop_test(tc, resources_are_upstreams, 0, COUNT(resources));
    tcase_add_test(tc, upstreams_sample_is_understood);
    tcase_add_test(tc, the_file_is_read_as_upstream_reads_it);
    tcase_add_test(tc, a_wrong_line_is_named_by_its_number);
    tcase_add_test(tc, lines_are_made_that_are_understood);
    suite_add_tcase(suite, tc);
    srunner_set_fork_status(sr, CK_NOFORK);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? 0 : 1;
}
