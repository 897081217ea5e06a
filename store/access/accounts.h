/**
 * @file store/access/accounts.h
 * @brief Upstream's accounts file: who may come in, by which password, and what for. Pure.
 *
 * Lines "user:hash:rights" (store/access/password.h, store/access/acl.h); lines that begin with '#' are comments; the
 * first empty line ends the list, as upstream has it. Of two lines for one user the later one counts.
 */
#ifndef WEIR_STORE_ACCOUNTS_H
#define WEIR_STORE_ACCOUNTS_H

#include "store/access/acl.h"
#include "store/access/password.h"

#define WEIR_ACCOUNTS_LEN_MAX ((size_t)16 << 20) /**< bytes of a file */
#define WEIR_ACCOUNT_NAME_LEN_MAX 1024

struct weir_account {
    struct weir_view name;
    struct weir_password password;
    struct weir_acl acl;
};

struct weir_accounts; /* opaque: what one reading of the file found; it does not change */

/**
 * @param text copied
 * @retval WEIR_E_INVAL a line is none; the message begins with its number: "line 3: user ... "
 * @retval WEIR_E_LIMIT longer than WEIR_ACCOUNTS_LEN_MAX @retval WEIR_E_NOMEM
 */
enum weir_status weir_accounts_parse(struct weir_view text, struct weir_accounts **out, struct weir_error *err);
/** Shared by who looks users up and by questions under way. */
struct weir_accounts *weir_accounts_ref(struct weir_accounts *accounts);
void weir_accounts_unref(struct weir_accounts *accounts); /**< NULL is fine */
/** NULL if there is no such user; lives as long as the accounts. */
const struct weir_account *weir_accounts_find(const struct weir_accounts *accounts, struct weir_view name);
size_t weir_accounts_count(const struct weir_accounts *accounts);
/** What upstream would pass over in silence, in words for the log; "" if there is nothing. */
const char *weir_accounts_remark(const struct weir_accounts *accounts);

#endif
