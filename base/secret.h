/**
 * @file base/secret.h
 * @brief What proves who somebody is: keyed digests, keys out of passwords, bytes that nobody guesses. OpenSSL's.
 *
 * Pure, but for weir_secret_random(). Thread: any. Memory that held a secret is wiped with base/wipe.h.
 */
#ifndef WEIR_BASE_SECRET_H
#define WEIR_BASE_SECRET_H

#include "weir/error.h"
#include "weir/view.h"

#define WEIR_HMAC_SHA512_LEN 64

/** HMAC-SHA-512 (RFC 2104, RFC 4868). @retval WEIR_E_NOMEM */
enum weir_status weir_hmac_sha512(struct weir_view key, struct weir_view bytes, uint8_t out[WEIR_HMAC_SHA512_LEN]);

/**
 * PBKDF2 with HMAC-SHA-256 (RFC 8018): slow on purpose, milliseconds for thousands of iterations; not on a loop.
 * @param iterations 1 or more @retval WEIR_E_NOMEM
 */
enum weir_status weir_pbkdf2_sha256(struct weir_view password, struct weir_view salt, uint32_t iterations, uint8_t *out,
                                    size_t out_len);

/** Whether two runs of `len` bytes are the same; how long it takes says nothing of where they differ. */
bool weir_secret_equal(const uint8_t *one, const uint8_t *other, size_t len);

/**
 * Bytes for keys and salts, from the system: not from the host's seed, which tests choose. Simulated runs have no use
 * for them. @retval WEIR_E_IO the system has none
 */
enum weir_status weir_secret_random(uint8_t *out, size_t len, struct weir_error *err);

#endif
