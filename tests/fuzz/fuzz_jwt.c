/*
 * fuzz_jwt.c - any bytes as a delegation token. Property: it says when it ends, never before 1970, or that it does not
 * say; and a token of three parts cannot become one of two by what follows.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "pravega/jwt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int64_t expires_s = -1;
    bool says = pravega_jwt_expiry(weir_view(data, size), &expires_s);

    assert(says == (expires_s >= 0));
    return 0;
}
