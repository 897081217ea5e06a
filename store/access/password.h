/**
 * @file store/access/password.h
 * @brief A password as the accounts file keeps it: upstream's salted, slow hash. Pure, but for the salt of a new one.
 *
 * As text: hex(iterations ":" hex(salt) ":" hex(PBKDF2-HMAC-SHA-256 of 64 bytes)).
 */
#ifndef WEIR_STORE_PASSWORD_H
#define WEIR_STORE_PASSWORD_H

#include "weir/buf.h"
#include "weir/error.h"

#define WEIR_PASSWORD_HASH_LEN 64
#define WEIR_PASSWORD_SALT_LEN_MAX 256
#define WEIR_PASSWORD_ITERATIONS 5000        /**< of new ones, as upstream */
#define WEIR_PASSWORD_ITERATIONS_MAX 1000000 /**< half a second or so: bounds what one question costs */

struct weir_password {
    uint32_t iterations;
    size_t salt_len;
    uint8_t salt[WEIR_PASSWORD_SALT_LEN_MAX];
    uint8_t hash[WEIR_PASSWORD_HASH_LEN];
};

/** @retval WEIR_E_INVAL the message goes on after a name: "has a hash that ..." */
enum weir_status weir_password_parse(struct weir_view text, struct weir_password *out, struct weir_error *err);

/** Slow on purpose: not on a loop. False also without memory. Thread: any. */
bool weir_password_matches(const struct weir_password *password, struct weir_view given);

/** Appends the text of a new hash with a salt of its own. Slow. @retval WEIR_E_IO, WEIR_E_NOMEM */
enum weir_status weir_password_make(struct weir_view given, struct weir_buf *out, struct weir_error *err);

#endif
