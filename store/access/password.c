/*
 * password.c - upstream's password hashes: read, compared, made.
 */
#include "store/access/password.h"

#include "base/secret.h"
#include "store/access/parts.h"

#define SALT_LEN 32
#define TEXT_LEN_MAX 1024 /* of the inner text: a number, two colons, salt and hash in hex */

static int nibble_of(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* False if it is no hex, or does not fit. */
static bool from_hex(struct weir_view hex, uint8_t *out, size_t cap, size_t *len)
{
    if (hex.len % 2 != 0 || hex.len / 2 > cap)
        return false;
    for (size_t i = 0; i < hex.len; i += 2) {
        int high = nibble_of(hex.ptr[i]), low = nibble_of(hex.ptr[i + 1]);

        if (high < 0 || low < 0)
            return false;
        out[i / 2] = (uint8_t)(high << 4 | low);
    }
    *len = hex.len / 2;
    return true;
}

static void append_hex(struct weir_buf *out, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        weir_buf_printf(out, "%02x", bytes[i]);
}

static bool number_of(struct weir_view digits, uint32_t *out)
{
    uint32_t value = 0;

    if (digits.len == 0 || digits.len > 7)
        return false;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
            return false;
        value = value * 10 + (uint32_t)(digits.ptr[i] - '0');
    }
    *out = value;
    return value >= 1 && value <= WEIR_PASSWORD_ITERATIONS_MAX;
}

enum weir_status weir_password_parse(struct weir_view text, struct weir_password *out, struct weir_error *err)
{
    uint8_t inner[TEXT_LEN_MAX];
    struct weir_view left = weir_view(inner, 0);
    size_t hash_len = 0;

    if (!from_hex(text, inner, sizeof(inner), &left.len) || left.len == 0)
        return weir_fail(err, WEIR_E_INVAL, "has a hash that is no hexadecimal text");
    if (!number_of(weir_part_next(&left, ':'), &out->iterations))
        return weir_fail(err, WEIR_E_INVAL, "has a hash whose iterations are not a number from 1 to %d",
                         WEIR_PASSWORD_ITERATIONS_MAX);
    if (!from_hex(weir_part_next(&left, ':'), out->salt, sizeof(out->salt), &out->salt_len))
        return weir_fail(err, WEIR_E_INVAL, "has a hash whose salt is not up to %d bytes in hexadecimal",
                         WEIR_PASSWORD_SALT_LEN_MAX);
    if (!from_hex(weir_part_next(&left, ':'), out->hash, sizeof(out->hash), &hash_len) ||
        hash_len != WEIR_PASSWORD_HASH_LEN)
        return weir_fail(err, WEIR_E_INVAL, "has a hash whose key is not %d bytes in hexadecimal",
                         WEIR_PASSWORD_HASH_LEN);
    return WEIR_OK;
}

bool weir_password_matches(const struct weir_password *password, struct weir_view given)
{
    uint8_t hash[WEIR_PASSWORD_HASH_LEN];

    return weir_pbkdf2_sha256(given, weir_view(password->salt, password->salt_len), password->iterations, hash,
                              sizeof(hash)) == WEIR_OK &&
           weir_secret_equal(hash, password->hash, sizeof(hash));
}

enum weir_status weir_password_make(struct weir_view given, struct weir_buf *out, struct weir_error *err)
{
    uint8_t salt[SALT_LEN], hash[WEIR_PASSWORD_HASH_LEN];
    struct weir_buf inner;
    enum weir_status status = weir_secret_random(salt, sizeof(salt), err);

    if (status != WEIR_OK)
        return status;
    if (weir_pbkdf2_sha256(given, weir_view(salt, sizeof(salt)), WEIR_PASSWORD_ITERATIONS, hash, sizeof(hash)) !=
        WEIR_OK)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for a password's hash");
    weir_buf_init(&inner, TEXT_LEN_MAX);
    weir_buf_printf(&inner, "%d:", WEIR_PASSWORD_ITERATIONS);
    append_hex(&inner, salt, sizeof(salt));
    weir_buf_u8(&inner, ':');
    append_hex(&inner, hash, sizeof(hash));
    append_hex(out, inner.ptr, inner.len);
    status = inner.status != WEIR_OK ? inner.status : out->status;
    weir_buf_fini(&inner);
    return status == WEIR_OK ? status : weir_fail(err, status, "no memory for a password's hash");
}
