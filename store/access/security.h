/**
 * @file store/access/security.h
 * @brief What guards the store's services: certificates, accounts and the key of tokens; and their files, looked at
 * again and again. All that listens takes its TLS and its accounts from here. Thread: the store's loop.
 */
#ifndef WEIR_STORE_SECURITY_H
#define WEIR_STORE_SECURITY_H

#include "store/access/access.h"
#include "store/access/tokens.h"
#include "store/container/container.h"
#include "weir/net.h"
#include "weir/store.h"

struct weir_security; /* opaque */

/**
 * Reads what the options name; blocks. Nothing is guarded that they do not name. Before anything else of the store is
 * made: what is wrong here leaves nothing behind.
 * @retval WEIR_E_INVAL a file is missing, is not what it should be, or out of its time; the message names it; a key of
 *                      tokens without accounts
 * @retval WEIR_E_NOT_FOUND, WEIR_E_DENIED, WEIR_E_LIMIT, WEIR_E_IO, WEIR_E_NOMEM
 */
enum weir_status weir_security_new(struct weir_loop *loop, const struct weir_store_options *options,
                                   struct weir_security **out, struct weir_error *err);
/**
 * Accounts need a key of tokens: where none was given, the one that is kept in the container, or a new one. Before
 * weir_security_token_key(); nothing without accounts.
 * @param ctr outlives it
 * @retval WEIR_E_FULL, WEIR_E_IO, WEIR_E_NOMEM
 */
enum weir_status weir_security_keep_key(struct weir_security *security, struct weir_container *ctr,
                                        struct weir_error *err);
void weir_security_free(struct weir_security *security); /**< NULL is fine */

/** Reads certificates and accounts anew, as if they had changed; what comes of it is logged, soon. */
void weir_security_reload(struct weir_security *security);
/** For listeners; NULL: plain. New connections get new certificates, nothing is to be done for it. */
struct weir_tls *weir_security_tls(const struct weir_security *security);
/** Who may do what; NULL: everybody everything. */
struct weir_access *weir_security_access(const struct weir_security *security);
/** The key of tokens, its bytes borrowed; NULL where there are no accounts. */
const struct weir_token_key *weir_security_token_key(const struct weir_security *security);

#endif
