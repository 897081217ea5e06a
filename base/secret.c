/*
 * secret.c - keyed digests and keys out of passwords.
 */
#include "base/secret.h"

#include <limits.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

/* OpenSSL takes no NULL, not even for nothing. */
static const uint8_t *bytes_of(struct weir_view view)
{
    static const uint8_t nothing[1];

    return view.len > 0 ? view.ptr : nothing;
}

enum weir_status weir_hmac_sha512(struct weir_view key, struct weir_view bytes, uint8_t out[WEIR_HMAC_SHA512_LEN])
{
    if (key.len > INT_MAX ||
        HMAC(EVP_sha512(), bytes_of(key), (int)key.len, bytes_of(bytes), bytes.len, out, NULL) == NULL)
        return WEIR_E_NOMEM;
    return WEIR_OK;
}

enum weir_status weir_pbkdf2_sha256(struct weir_view password, struct weir_view salt, uint32_t iterations, uint8_t *out,
                                    size_t out_len)
{
    if (password.len > INT_MAX || salt.len > INT_MAX || iterations > INT_MAX || out_len > INT_MAX ||
        PKCS5_PBKDF2_HMAC((const char *)bytes_of(password), (int)password.len, bytes_of(salt), (int)salt.len,
                          (int)iterations, EVP_sha256(), (int)out_len, out) != 1)
        return WEIR_E_NOMEM;
    return WEIR_OK;
}

bool weir_secret_equal(const uint8_t *one, const uint8_t *other, size_t len)
{
    return CRYPTO_memcmp(one, other, len) == 0;
}

enum weir_status weir_secret_random(uint8_t *out, size_t len, struct weir_error *err)
{
    if (len > INT_MAX || RAND_priv_bytes(out, (int)len) != 1)
        return weir_fail(err, WEIR_E_IO, "the system has no random bytes for a secret");
    return WEIR_OK;
}
