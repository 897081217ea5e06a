/*
 * tokens.c - delegation tokens: header.claims.signature, each part base64 for URLs.
 */
#include "store/access/tokens.h"

#include <inttypes.h>

#include "base/base64.h"
#include "base/secret.h"
#include "store/access/parts.h"
#include "store/access/token_claims.h"

#define HEADER "{\"alg\":\"HS512\"}"
#define JSON_LEN_MAX (WEIR_TOKEN_LEN_MAX / 4 * 3)

/* --- Made ------------------------------------------------------------------------------------------------------- */

static void append_claims(struct weir_buf *json, const struct weir_token_key *key,
                          const struct weir_token_claim *claims, size_t count, int64_t now_s)
{
    weir_buf_printf(json, "{\"sub\":\"segmentstoreresource\",\"aud\":\"segmentstore\",\"iat\":%" PRId64, now_s);
    for (size_t i = 0; i < count; i++)
        weir_buf_printf(json, ",\"%.*s\":\"%s\"", (int)claims[i].resource.len, claims[i].resource.ptr,
                        weir_permission_name(claims[i].permission));
    if (key->ttl_s >= 0)
        weir_buf_printf(json, ",\"exp\":%" PRId64, now_s + key->ttl_s);
    weir_buf_u8(json, '}');
}

enum weir_status weir_token_issue(const struct weir_token_key *key, const struct weir_token_claim *claims, size_t count,
                                  int64_t now_ms, struct weir_buf *out)
{
    uint8_t signature[WEIR_HMAC_SHA512_LEN];
    size_t begin = out->len;
    struct weir_buf json;

    weir_buf_init(&json, JSON_LEN_MAX);
    append_claims(&json, key, claims, count, now_ms / 1000);
    weir_base64_append_url(out, weir_view_str(HEADER));
    weir_buf_u8(out, '.');
    weir_base64_append_url(out, weir_buf_view(&json));
    if (json.status == WEIR_OK && out->status == WEIR_OK)
        json.status = weir_hmac_sha512(key->bytes, weir_view(out->ptr + begin, out->len - begin), signature);
    if (json.status == WEIR_OK) {
        weir_buf_u8(out, '.');
        weir_base64_append_url(out, weir_view(signature, sizeof(signature)));
    } else if (out->status == WEIR_OK) {
        out->status = json.status;
    }
    weir_buf_fini(&json);
    return out->status;
}

/* --- Checked ---------------------------------------------------------------------------------------------------- */

/* False if it is no base64, or longer than `cap` bytes. */
static bool decode(struct weir_view text, uint8_t *out, size_t cap, size_t *len)
{
    *len = 0;
    for (size_t at = 0; at < text.len; at += 4) {
        size_t count = text.len - at < 4 ? text.len - at : 4;
        uint8_t bytes[3];

        if (count == 1 || *len + count - 1 > cap ||
            weir_base64_group(text.ptr + at, count, true, bytes) < count)
            return false;
        memcpy(out + *len, bytes, count - 1);
        *len += count - 1;
    }
    return true;
}

static bool is_signed(const struct weir_token_key *key, struct weir_view signed_text, struct weir_view signature)
{
    uint8_t given[WEIR_HMAC_SHA512_LEN], right[WEIR_HMAC_SHA512_LEN];
    size_t len;

    return decode(signature, given, sizeof(given), &len) && len == sizeof(given) &&
           weir_hmac_sha512(key->bytes, signed_text, right) == WEIR_OK &&
           weir_secret_equal(given, right, sizeof(right));
}

/* The only way of signing that this store takes part in: a token says itself how it is signed, and must not choose. */
static bool says_hs512(struct weir_view header)
{
    uint8_t json[256];
    struct weir_view view = weir_view(json, 0);
    struct weir_token_members members;
    struct weir_token_member member;
    bool found = false;

    if (!decode(header, json, sizeof(json), &view.len))
        return false;
    members = weir_token_members(view);
    while (weir_token_member_next(&members, &member)) {
        if (weir_view_equal(member.name, weir_view_str("alg")))
            found = member.is_text && weir_view_equal(member.value, weir_view_str("HS512"));
    }
    return found && members.state == WEIR_MEMBERS_END;
}

static bool is_standard(struct weir_view name)
{
    static const char *const names[] = {"sub", "aud", "iat", "exp"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (weir_view_equal(name, weir_view_str(names[i])))
            return true;
    }
    return false;
}

static bool grants(const struct weir_token_member *member, struct weir_view segment, enum weir_permission needed)
{
    enum weir_permission permission;

    return member->is_text && !is_standard(member->name) && weir_permission_parse(member->value, &permission) &&
           permission >= needed && weir_token_claim_covers(member->name, segment);
}

static enum weir_token_verdict judge(struct weir_view claims, struct weir_view segment, enum weir_permission needed,
                                     int64_t now_ms, int64_t *ends_ms)
{
    struct weir_token_members members = weir_token_members(claims);
    struct weir_token_member member;
    int64_t until_ms = WEIR_TOKEN_NEVER_ENDS, seconds = 0;
    bool granted = false;

    while (weir_token_member_next(&members, &member)) {
        if (weir_view_equal(member.name, weir_view_str("exp"))) {
            if (!weir_token_seconds(&member, &seconds))
                return WEIR_TOKEN_REFUSED;
            until_ms = seconds * 1000;
        }
        granted = granted || grants(&member, segment, needed);
    }
    if (members.state != WEIR_MEMBERS_END)
        return WEIR_TOKEN_REFUSED;
    if (now_ms > until_ms)
        return WEIR_TOKEN_EXPIRED; /* also of one that lacks the right, as upstream: a new one will tell */
    if (!granted)
        return WEIR_TOKEN_REFUSED;
    *ends_ms = until_ms;
    return WEIR_TOKEN_GOOD;
}

enum weir_token_verdict weir_token_check(const struct weir_token_key *key, struct weir_view token,
                                         struct weir_view segment, enum weir_permission needed, int64_t now_ms,
                                         int64_t *ends_ms)
{
    uint8_t json[JSON_LEN_MAX];
    struct weir_view left = token, claims = weir_view(json, 0);
    struct weir_view header = weir_part_next(&left, '.'), body = weir_part_next(&left, '.');

    if (token.len > WEIR_TOKEN_LEN_MAX || body.len == 0 || left.len == 0)
        return WEIR_TOKEN_REFUSED;
    if (!is_signed(key, weir_view(token.ptr, header.len + 1 + body.len), left) || !says_hs512(header) ||
        !decode(body, json, sizeof(json), &claims.len))
        return WEIR_TOKEN_REFUSED;
    return judge(claims, segment, needed, now_ms, ends_ms);
}
