/**
 * @file store/access/token_claims.h
 * @brief The JSON inside of web tokens: one flat object, member by member, without copies. Pure.
 */
#ifndef WEIR_STORE_TOKEN_CLAIMS_H
#define WEIR_STORE_TOKEN_CLAIMS_H

#include "weir/view.h"

struct weir_token_member {
    struct weir_view name;  /**< between the quotes, as it stands there */
    struct weir_view value; /**< of a text: the same; else the digits of a number, or true, false, null */
    bool is_text;
};

struct weir_token_members {
    struct weir_view left;
    enum { WEIR_MEMBERS_BEGIN, WEIR_MEMBERS_WITHIN, WEIR_MEMBERS_END, WEIR_MEMBERS_BAD } state;
};

static inline struct weir_token_members weir_token_members(struct weir_view json)
{
    return (struct weir_token_members){.left = json, .state = WEIR_MEMBERS_BEGIN};
}

/** The next member; false at the end of the object, or where it is none: `state` says which. Nested values are none. */
bool weir_token_member_next(struct weir_token_members *members, struct weir_token_member *out);

/** A number in whole seconds. False if it is none. */
bool weir_token_seconds(const struct weir_token_member *member, int64_t *out);

/**
 * Whether a claim of that name speaks of the segment, by upstream's rule: without "prn::", "/scope:" and "stream:" it
 * is the segment's name, the beginning of it up to a slash, or "*".
 */
bool weir_token_claim_covers(struct weir_view claim, struct weir_view segment);

#endif
