/**
 * @file store/access/tokens.h
 * @brief Delegation tokens, as upstream's controllers sign them and its segment stores check them. Pure.
 *
 * A JSON web token, HS512, whose claims are, besides sub, aud, iat and exp, names of resources with permissions:
 * {"sub":"segmentstoreresource","aud":"segmentstore","iat":1,"prn::/scope:s/stream:t":"READ","exp":601}
 */
#ifndef WEIR_STORE_TOKENS_H
#define WEIR_STORE_TOKENS_H

#include "store/access/acl.h"
#include "weir/buf.h"

#define WEIR_TOKEN_LEN_MAX 4096
#define WEIR_TOKEN_NEVER_ENDS INT64_MAX

/** What signs and checks. */
struct weir_token_key {
    struct weir_view bytes; /**< borrowed, secret */
    int64_t ttl_s;          /**< of new tokens; -1: they never end */
};

struct weir_token_claim {
    struct weir_view resource; /**< of weir_resource_make(): without characters that JSON would have to escape */
    enum weir_permission permission;
};

/** Appends a token. @retval WEIR_E_NOMEM, WEIR_E_LIMIT */
enum weir_status weir_token_issue(const struct weir_token_key *key, const struct weir_token_claim *claims, size_t count,
                                  int64_t now_ms, struct weir_buf *out);

enum weir_token_verdict {
    WEIR_TOKEN_GOOD,
    WEIR_TOKEN_EXPIRED, /**< signed by the key, and over */
    WEIR_TOKEN_REFUSED, /**< no token, not signed by the key, or without the right that is needed */
};

/**
 * Whether the bearer may do it to the segment.
 * @param ends_ms by the wall clock, WEIR_TOKEN_NEVER_ENDS; untouched unless it is good
 */
enum weir_token_verdict weir_token_check(const struct weir_token_key *key, struct weir_view token,
                                         struct weir_view segment, enum weir_permission needed, int64_t now_ms,
                                         int64_t *ends_ms);

#endif
