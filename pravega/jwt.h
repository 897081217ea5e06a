/**
 * @file pravega/jwt.h
 * @brief When a delegation token ends: the `exp` of a JSON web token. Its signature is the segment store's to check.
 */
#ifndef PRAVEGA_JWT_H
#define PRAVEGA_JWT_H

#include <stdbool.h>
#include <stdint.h>

#include "weir/view.h"

/**
 * @param expires_s seconds since 1970; untouched unless true
 * @return false if it does not say: it is no JWT (three parts with dots between), its second part is no base64, or that
 *         has no "exp" with a number; such a token is taken as good for ever, as upstream does
 */
bool pravega_jwt_expiry(struct weir_view token, int64_t *expires_s);

#endif
