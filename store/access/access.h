/**
 * @file store/access/access.h
 * @brief Who comes in, and what for: credentials checked against the accounts file, rights asked for by resource.
 *
 * The controller's calls and the management interface ask here. A question costs a password's slow hash once: it runs
 * on the pool, one at a time whoever asks, and its outcome is kept (as a keyed digest of the credentials) until the
 * accounts change. A stranger's guesses so cost one thread at most, and keep out nobody who was in already.
 *
 *     asked --known--> told at once
 *     asked --new--> QUEUED --turn comes--> HASHING (pool) --> told, kept
 *
 * Thread: the loop's.
 */
#ifndef WEIR_STORE_ACCESS_H
#define WEIR_STORE_ACCESS_H

#include <sys/queue.h>

#include "store/access/accounts.h"
#include "weir/loop.h"

#define WEIR_LOGINS_MAX 256 /**< credentials that wait for their hash; more are told to try again */

struct weir_access; /* opaque */
struct weir_login_check;

/** A question, embedded in the asker's struct. */
struct weir_login {
    void (*done)(struct weir_login *login); /**< not called for what was told at once; may cancel others */
    enum weir_status status;                /**< told: OK, AUTH or LIMIT, see weir_access_login() */
    /** Who it is; NULL is nobody: no credentials, or such as this store does not know. Borrowed until the callback
     *  returns or, told at once, until the turn ends. */
    const struct weir_account *account;
    /* Private. */
    struct weir_login_check *check;
    TAILQ_ENTRY(weir_login) entry;
};

/**
 * Reads the accounts; blocks. @param path copied
 * @retval WEIR_E_INVAL a line is wrong: the message has the file and the number @retval WEIR_E_NOT_FOUND,
 * WEIR_E_DENIED, WEIR_E_LIMIT, WEIR_E_IO, WEIR_E_NOMEM
 */
enum weir_status weir_access_new(struct weir_loop *loop, const char *path, struct weir_access **out,
                                 struct weir_error *err);
/** Questions that wait are not answered any more. NULL is fine. */
void weir_access_free(struct weir_access *access);
/** Reads the accounts anew, blocking; if anything is wrong with them the old ones stay. As weir_access_new(). */
enum weir_status weir_access_reload(struct weir_access *access, struct weir_error *err);

/**
 * Who shows these credentials?
 * @param authorization the header's value, "Basic <base64 of user:password>"; NULL or of another method: nobody
 * @retval WEIR_OK      login->account says who
 * @retval WEIR_E_AUTH  the user or the password is wrong
 * @retval WEIR_E_AGAIN done() will say
 * @retval WEIR_E_LIMIT too many wait already; ask again later
 * @retval WEIR_E_NOMEM
 */
enum weir_status weir_access_login(struct weir_access *access, const char *authorization, struct weir_login *login);
/** Takes the question back; fine for one that was told or never asked (zeroed). */
void weir_access_cancel(struct weir_login *login);

/** What the account may do to a resource (store/access/resources.h); NULL may do nothing. */
enum weir_permission weir_access_permission(const struct weir_account *account, struct weir_view resource);

#endif
