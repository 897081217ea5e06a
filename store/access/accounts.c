/*
 * accounts.c - the accounts file, read.
 */
#include "store/access/accounts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/access/parts.h"
#include "weir/store.h"

struct weir_accounts {
    unsigned refs;
    uint8_t *text; /* what names and resources are views of */
    size_t text_len;
    struct weir_account *list;
    size_t count, cap;
    size_t ignored_count, ignored_line; /* entries of rights without meaning; the line of the first */
    size_t unread_line;                 /* of the empty line that something follows; 0: none does */
    char remark[200];
};

static enum weir_status fail_line(struct weir_error *err, size_t line, struct weir_view name, enum weir_status status,
                                  const struct weir_error *why)
{
    return weir_fail(err, status, "line %zu: user \"%.*s\" %s", line, (int)(name.len < 40 ? name.len : 40),
                     name.len > 0 ? (const char *)name.ptr : "", why->message);
}

static struct weir_account *new_account(struct weir_accounts *accounts)
{
    size_t cap = accounts->cap > 0 ? accounts->cap * 2 : 16;
    struct weir_account *list;

    if (accounts->count == accounts->cap) {
        list = realloc(accounts->list, cap * sizeof(*list));
        if (list == NULL)
            return NULL;
        accounts->list = list;
        accounts->cap = cap;
    }
    accounts->list[accounts->count] = (struct weir_account){0};
    return &accounts->list[accounts->count++];
}

static enum weir_status parse_line(struct weir_accounts *accounts, struct weir_view text, size_t line,
                                   struct weir_error *err)
{
    struct weir_view name = weir_part_next(&text, ':'), hash = weir_part_next(&text, ':');
    size_t ignored_before = accounts->ignored_count;
    struct weir_account *account;
    struct weir_error why = {0};
    enum weir_status status;

    if (name.len == 0 || name.len > WEIR_ACCOUNT_NAME_LEN_MAX || hash.len == 0)
        return weir_fail(err, WEIR_E_INVAL,
                         "line %zu: it is not USER:HASH:RIGHTS (\"weir store passwd\" makes such lines)", line);
    account = new_account(accounts);
    if (account == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for accounts");
    account->name = name;
    status = weir_password_parse(weir_part_trim(hash), &account->password, &why);
    if (status == WEIR_OK)
        status = weir_acl_parse(weir_part_trim(text), &account->acl, &accounts->ignored_count, &why);
    if (ignored_before == 0 && accounts->ignored_count > 0)
        accounts->ignored_line = line;
    return status == WEIR_OK ? WEIR_OK : fail_line(err, line, name, status, &why);
}

static void make_remark(struct weir_accounts *accounts)
{
    int len = 0;

    if (accounts->ignored_count > 0)
        len = snprintf(accounts->remark, sizeof(accounts->remark),
                       "%zu entries of rights are not RESOURCE,PERMISSION and give none, the first in line %zu",
                       accounts->ignored_count, accounts->ignored_line);
    if (accounts->unread_line > 0)
        snprintf(accounts->remark + len, sizeof(accounts->remark) - (size_t)len,
                 "%sline %zu is empty and ends the list: what follows is not read", len > 0 ? "; " : "",
                 accounts->unread_line);
}

static enum weir_status parse_lines(struct weir_accounts *accounts, struct weir_error *err)
{
    struct weir_view left = weir_view(accounts->text, accounts->text_len);

    for (size_t line = 1; left.len > 0; line++) {
        struct weir_view text = weir_part_next(&left, '\n');
        enum weir_status status;

        if (weir_part_trim(text).len == 0) {
            accounts->unread_line = left.len > 0 ? line : 0;
            break;
        }
        if (text.ptr[0] == '#')
            continue;
        status = parse_line(accounts, text, line, err);
        if (status != WEIR_OK)
            return status;
    }
    make_remark(accounts);
    return WEIR_OK;
}

enum weir_status weir_accounts_parse(struct weir_view text, struct weir_accounts **out, struct weir_error *err)
{
    struct weir_accounts *accounts;
    enum weir_status status;

    if (text.len > WEIR_ACCOUNTS_LEN_MAX)
        return weir_fail(err, WEIR_E_LIMIT, "it is longer than %zu bytes", WEIR_ACCOUNTS_LEN_MAX);
    accounts = calloc(1, sizeof(*accounts));
    if (accounts == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for accounts");
    accounts->refs = 1;
    accounts->text_len = text.len;
    accounts->text = malloc(text.len + 1);
    if (accounts->text == NULL) {
        weir_accounts_unref(accounts);
        return weir_fail(err, WEIR_E_NOMEM, "no memory for accounts");
    }
    if (text.len > 0)
        memcpy(accounts->text, text.ptr, text.len);
    status = parse_lines(accounts, err);
    if (status != WEIR_OK) {
        weir_accounts_unref(accounts);
        return status;
    }
    *out = accounts;
    return WEIR_OK;
}

struct weir_accounts *weir_accounts_ref(struct weir_accounts *accounts)
{
    accounts->refs++;
    return accounts;
}

void weir_accounts_unref(struct weir_accounts *accounts)
{
    if (accounts == NULL || --accounts->refs > 0)
        return;
    for (size_t i = 0; i < accounts->count; i++)
        weir_acl_fini(&accounts->list[i].acl);
    if (accounts->list != NULL)
        explicit_bzero(accounts->list, accounts->cap * sizeof(*accounts->list));
    if (accounts->text != NULL)
        explicit_bzero(accounts->text, accounts->text_len);
    free(accounts->list);
    free(accounts->text);
    free(accounts);
}

const struct weir_account *weir_accounts_find(const struct weir_accounts *accounts, struct weir_view name)
{
    for (size_t i = accounts->count; i > 0; i--) {
        if (weir_view_equal(accounts->list[i - 1].name, name))
            return &accounts->list[i - 1];
    }
    return NULL;
}

size_t weir_accounts_count(const struct weir_accounts *accounts)
{
    return accounts->count;
}

const char *weir_accounts_remark(const struct weir_accounts *accounts)
{
    return accounts->remark;
}

/* --- A line of it ----------------------------------------------------------------------------------------------- */

static bool is_user_name(struct weir_view name)
{
    if (name.len == 0 || name.len > WEIR_ACCOUNT_NAME_LEN_MAX || name.ptr[0] == '#' ||
        weir_part_trim(name).len != name.len)
        return false;
    return memchr(name.ptr, ':', name.len) == NULL && memchr(name.ptr, '\n', name.len) == NULL;
}

static enum weir_status check_rights(struct weir_view rights, struct weir_error *err)
{
    struct weir_error why = {0};
    struct weir_acl acl;
    size_t ignored_count = 0;
    enum weir_status status = weir_acl_parse(rights, &acl, &ignored_count, &why);

    if (status != WEIR_OK)
        return weir_fail(err, status, "the list of rights %s", why.message);
    weir_acl_fini(&acl);
    if (ignored_count > 0 || (rights.len > 0 && memchr(rights.ptr, '\n', rights.len) != NULL))
        return weir_fail(err, WEIR_E_INVAL,
                         "rights are RESOURCE,PERMISSION with semicolons between them: \"prn::*,READ_UPDATE\"");
    return WEIR_OK;
}

enum weir_status weir_store_account_line(struct weir_view user, struct weir_view password, struct weir_view rights,
                                         struct weir_buf *out, struct weir_error *err)
{
    enum weir_status status;

    if (!is_user_name(user))
        return weir_fail(err, WEIR_E_INVAL, "a user's name has no colon, no blank at its ends and no # in front");
    status = check_rights(rights, err);
    if (status != WEIR_OK)
        return status;
    weir_buf_append(out, user.ptr, user.len);
    weir_buf_u8(out, ':');
    status = weir_password_make(password, out, err);
    if (status != WEIR_OK)
        return status;
    weir_buf_printf(out, ":%.*s\n", (int)rights.len, rights.len > 0 ? (const char *)rights.ptr : "");
    return out->status == WEIR_OK ? WEIR_OK : weir_fail(err, out->status, "no memory for an account");
}
