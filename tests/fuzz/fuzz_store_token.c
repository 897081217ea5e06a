/*
 * fuzz_store_token.c - any bytes as a delegation token, and any bytes as the claims of one that is rightly signed.
 *
 * Byte 0 picks: even, the rest is a token; odd, the rest are claims that this target signs. Properties: nobody guesses
 * a signature; a token that is good for writing is good for reading, and at an earlier time, too; one that is good says
 * when it ends, and is not good after it.
 */
#include <assert.h>

#include "base/base64.h"
#include "base/secret.h"
#include "store/access/tokens.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW_MS INT64_C(1700000000000)

static const struct weir_token_key key = {{(const uint8_t *)"secret", 6}, 600};

static enum weir_token_verdict check(const struct weir_buf *token, enum weir_permission needed, int64_t now_ms,
                                     int64_t *ends_ms)
{
    return weir_token_check(&key, weir_buf_view(token), weir_view_str("s/t/0.#epoch.0"), needed, now_ms, ends_ms);
}

static void sign(struct weir_buf *token, struct weir_view claims)
{
    uint8_t signature[WEIR_HMAC_SHA512_LEN];

    weir_base64_append_url(token, weir_view_str("{\"alg\":\"HS512\"}"));
    weir_buf_u8(token, '.');
    weir_base64_append_url(token, claims);
    weir_hmac_sha512(key.bytes, weir_buf_view(token), signature);
    weir_buf_u8(token, '.');
    weir_base64_append_url(token, weir_view(signature, sizeof(signature)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weir_view rest;
    struct weir_buf token;
    int64_t ends_ms = -1, ignored;
    bool reads, writes;

    if (size == 0)
        return 0;
    rest = weir_view(data + 1, size - 1);
    weir_buf_init(&token, (size_t)1 << 20);
    if (data[0] % 2 == 0)
        weir_buf_append(&token, rest.ptr, rest.len);
    else
        sign(&token, rest);
    reads = check(&token, WEIR_PERMISSION_READ, NOW_MS, &ends_ms) == WEIR_TOKEN_GOOD;
    writes = check(&token, WEIR_PERMISSION_READ_UPDATE, NOW_MS, &ignored) == WEIR_TOKEN_GOOD;
    assert(!reads || data[0] % 2 == 1);
    assert(!writes || reads);
    assert(!reads || ends_ms >= NOW_MS);
    if (reads)
        assert(check(&token, WEIR_PERMISSION_READ, 0, &ignored) == WEIR_TOKEN_GOOD);
    if (reads && ends_ms < WEIR_TOKEN_NEVER_ENDS)
        assert(check(&token, WEIR_PERMISSION_READ, ends_ms + 1, &ignored) == WEIR_TOKEN_EXPIRED);
    weir_buf_fini(&token);
    return 0;
}
