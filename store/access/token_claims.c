/*
 * token_claims.c - the members of a token's JSON, and what they speak of.
 */
#include "store/access/token_claims.h"

static uint8_t peek(const struct weir_token_members *members)
{
    return members->left.len > 0 ? members->left.ptr[0] : '\0';
}

static void drop(struct weir_token_members *members, size_t len)
{
    members->left = weir_view(members->left.ptr + len, members->left.len - len);
}

static void skip_space(struct weir_token_members *members)
{
    while (members->left.len > 0 && strchr(" \t\r\n", members->left.ptr[0]) != NULL && members->left.ptr[0] != '\0')
        drop(members, 1);
}

static bool take(struct weir_token_members *members, char c)
{
    skip_space(members);
    if (peek(members) != (uint8_t)c)
        return false;
    drop(members, 1);
    return true;
}

/* A text without its quotes; escapes stay as they are, and fit no name. */
static bool take_text(struct weir_token_members *members, struct weir_view *out)
{
    size_t len = 0;

    if (!take(members, '"'))
        return false;
    while (len < members->left.len && members->left.ptr[len] != '"')
        len += members->left.ptr[len] == '\\' ? 2 : 1;
    if (len >= members->left.len)
        return false;
    *out = weir_view(members->left.ptr, len);
    drop(members, len + 1);
    return true;
}

static bool take_word(struct weir_token_members *members, struct weir_view *out)
{
    size_t len = 0;

    skip_space(members);
    while (len < members->left.len && strchr("+-.0123456789aefnlrstuE", members->left.ptr[len]) != NULL &&
           members->left.ptr[len] != '\0')
        len++;
    *out = weir_view(members->left.ptr, len);
    drop(members, len);
    return len > 0;
}

static bool take_member(struct weir_token_members *members, struct weir_token_member *out)
{
    if (!take_text(members, &out->name) || !take(members, ':'))
        return false;
    skip_space(members);
    out->is_text = peek(members) == '"';
    return out->is_text ? take_text(members, &out->value) : take_word(members, &out->value);
}

/* After the closing brace nothing but blanks may stand. */
static bool end(struct weir_token_members *members)
{
    skip_space(members);
    members->state = members->left.len == 0 ? WEIR_MEMBERS_END : WEIR_MEMBERS_BAD;
    return false;
}

bool weir_token_member_next(struct weir_token_members *members, struct weir_token_member *out)
{
    bool is_first = members->state == WEIR_MEMBERS_BEGIN;

    if (members->state == WEIR_MEMBERS_END || members->state == WEIR_MEMBERS_BAD)
        return false;
    members->state = WEIR_MEMBERS_BAD; /* until it is seen to be well */
    if (is_first && !take(members, '{'))
        return false;
    if (take(members, '}'))
        return end(members);
    if ((!is_first && !take(members, ',')) || !take_member(members, out))
        return false;
    members->state = WEIR_MEMBERS_WITHIN;
    return true;
}

bool weir_token_seconds(const struct weir_token_member *member, int64_t *out)
{
    int64_t value = 0;

    if (member->is_text || member->value.len == 0 || member->value.len > 15)
        return false;
    for (size_t i = 0; i < member->value.len; i++) {
        uint8_t c = member->value.ptr[i];

        if (c < '0' || c > '9')
            return false;
        value = value * 10 + (c - '0');
    }
    *out = value;
    return true;
}

/* The length of what upstream leaves out at the front of `text`; 0 if it begins with none of it. */
static size_t left_out(struct weir_view text)
{
    static const char *const words[] = {"prn::", "/scope:", "stream:"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t len = strlen(words[i]);

        if (text.len >= len && memcmp(text.ptr, words[i], len) == 0)
            return len;
    }
    return 0;
}

/* Takes from the front of `segment` what the claim says; false where they differ. Sets the last character taken. */
static bool take_claim(struct weir_view claim, struct weir_view *segment, uint8_t *last)
{
    while (claim.len > 0) {
        size_t skipped = left_out(claim);

        if (skipped == 0) {
            if (segment->len == 0 || segment->ptr[0] != claim.ptr[0])
                return false;
            *last = claim.ptr[0];
            *segment = weir_view(segment->ptr + 1, segment->len - 1);
            skipped = 1;
        }
        claim = weir_view(claim.ptr + skipped, claim.len - skipped);
    }
    return true;
}

bool weir_token_claim_covers(struct weir_view claim, struct weir_view segment)
{
    struct weir_view left = segment;
    uint8_t last = '\0';

    if (weir_view_equal(claim, weir_view_str("*")))
        return true;
    if (!take_claim(claim, &left, &last) || last == '\0')
        return false;
    return left.len == 0 || last == '/' || left.ptr[0] == '/';
}
