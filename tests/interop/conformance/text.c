/*
 * text.c - the text of the transcripts.
 */
#include "text.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"

#define SHOWN_MAX 400 /* bytes of a string that are printed; a longer one is a hash */

/* --- Labels ------------------------------------------------------------------------------------------------------- */

static void label_add(struct labels *labels, const char *name, const char *value, size_t len, bool folded)
{
    struct label *label = &labels->items[labels->count];

    if (labels->count == LABELS_MAX)
        return;
    snprintf(label->name, sizeof(label->name), "%s", name);
    label->value = strndup(value, len);
    label->folded = folded;
    labels->count += label->value != NULL;
}

/* Letters only, so that it can be a part of any name. */
void labels_init(struct labels *labels, uint64_t random)
{
    memset(labels, 0, sizeof(*labels));
    for (int i = 0; i < 10; i++, random /= 26)
        labels->run[i] = (char)('a' + random % 26);
    label_add(labels, "@", labels->run, 10, true);
}

void labels_fini(struct labels *labels)
{
    for (size_t i = 0; i < labels->count; i++)
        free(labels->items[i].value);
}

const char *label_of_txn(struct labels *labels, int64_t high_bits, int64_t low_bits)
{
    char value[40], hex[40], name[24];
    int len = snprintf(value, sizeof(value), "%" PRId64, low_bits);

    for (size_t i = 0; i < labels->count; i++) {
        if (strncmp(labels->items[i].name, "$txn", 4) == 0 && strcmp(labels->items[i].value, value) == 0)
            return labels->items[i].name;
    }
    snprintf(hex, sizeof(hex), "%016" PRIx64 "%016" PRIx64, (uint64_t)high_bits, (uint64_t)low_bits);
    snprintf(name, sizeof(name), "$hex%d", ++labels->txn_count);
    label_add(labels, name, hex, 32, true);
    snprintf(name, sizeof(name), "$txn%d", labels->txn_count);
    label_add(labels, name, value, (size_t)len, false);
    return labels->items[labels->count - 1].name;
}

static bool is_known(const struct labels *labels, struct weir_view value)
{
    for (size_t i = 0; i < labels->count; i++) {
        if (weir_view_equal(weir_view_str(labels->items[i].value), value))
            return true;
    }
    return false;
}

void label_token(struct labels *labels, struct weir_view token)
{
    char name[24];

    if (token.len == 0)
        return;
    snprintf(name, sizeof(name), "$token%d", ++labels->token_count); /* the newest is the last page's */
    label_add(labels, name, (const char *)token.ptr, token.len, false);
}

void label_transient(struct labels *labels, struct weir_view segment)
{
    static const char mark[] = "#transient.";
    const uint8_t *at = memmem(segment.ptr, segment.len, mark, sizeof(mark) - 1);
    size_t head = sizeof(mark) - 1 + 33;
    char name[24];

    if (at == NULL || (size_t)(segment.ptr + segment.len - at) != head + 32 ||
        is_known(labels, weir_view(at + head, 32)))
        return;
    snprintf(name, sizeof(name), "$random%d", ++labels->random_count);
    label_add(labels, name, (const char *)at + head, 32, true);
}

/* Those that a transcript chooses are no random ones: their version is not 4. */
void label_id(struct labels *labels, struct weir_view id)
{
    char name[24];

    if (id.len != WEIR_UUID_TEXT_LEN || id.ptr[14] != '4' || is_known(labels, id))
        return;
    snprintf(name, sizeof(name), "$id%d", ++labels->id_count);
    label_add(labels, name, (const char *)id.ptr, id.len, true);
}

/* The label whose name begins `text`, the longest one. */
static const struct label *label_at(const struct labels *labels, const char *text)
{
    const struct label *found = NULL;

    for (size_t i = 0; i < labels->count; i++) {
        size_t len = strlen(labels->items[i].name);

        if (strncmp(text, labels->items[i].name, len) == 0 && (found == NULL || len > strlen(found->name)))
            found = &labels->items[i];
    }
    return found;
}

char *labels_expand(const struct labels *labels, const char *request)
{
    struct weir_buf out;

    weir_buf_init(&out, LINE_MAX_LEN);
    while (*request != '\0') {
        const struct label *label = label_at(labels, request);

        if (label == NULL) {
            weir_buf_append(&out, request++, 1);
            continue;
        }
        request += strlen(label->name);
        for (const char *c = label->value; *c != '\0'; c++) {
            if (*c == '"' || *c == '\\')
                weir_buf_printf(&out, "\\%02x", (unsigned)*c);
            else
                weir_buf_append(&out, c, 1);
        }
    }
    weir_buf_u8(&out, '\0');
    return (char *)out.ptr;
}

void labels_fold(const struct labels *labels, struct weir_buf *answer)
{
    struct weir_buf out;
    size_t at = 0;

    weir_buf_init(&out, LINE_MAX_LEN);
    while (at < answer->len) {
        const struct label *found = NULL;

        for (size_t i = 0; i < labels->count && found == NULL; i++) {
            size_t len = strlen(labels->items[i].value);

            if (labels->items[i].folded && answer->len - at >= len &&
                memcmp(answer->ptr + at, labels->items[i].value, len) == 0)
                found = &labels->items[i];
        }
        weir_buf_append(&out, found != NULL ? found->name : (const char *)answer->ptr + at,
                        found != NULL ? strlen(found->name) : 1);
        at += found != NULL ? strlen(found->value) : 1;
    }
    weir_buf_fini(answer);
    *answer = out;
}

/* --- Reading ------------------------------------------------------------------------------------------------------ */

void mistake(struct cursor *in, const char *fmt, ...)
{
    va_list args;
    int len;

    if (in->why[0] != '\0')
        return;
    va_start(args, fmt);
    len = vsnprintf(in->why, sizeof(in->why), fmt, args);
    va_end(args);
    if (len >= 0 && (size_t)len < sizeof(in->why))
        snprintf(in->why + len, sizeof(in->why) - (size_t)len, ", at \"%.30s\"", in->at);
}

void skip_blanks(struct cursor *in)
{
    while (*in->at == ' ')
        in->at++;
}

bool take_char(struct cursor *in, char c)
{
    skip_blanks(in);
    if (*in->at != c)
        return false;
    in->at++;
    return true;
}

bool take_word(struct cursor *in, char *out, size_t size)
{
    size_t len = 0;

    skip_blanks(in);
    while (isalnum((unsigned char)*in->at) || *in->at == '_') {
        if (len + 1 < size)
            out[len++] = *in->at;
        in->at++;
    }
    out[len] = '\0';
    return len > 0;
}

int64_t take_number(struct cursor *in)
{
    char *end;
    long long number;

    skip_blanks(in);
    if (strncmp(in->at, "min", 3) == 0 || strncmp(in->at, "max", 3) == 0) {
        in->at += 3;
        return in->at[-1] == 'n' ? INT64_MIN : INT64_MAX;
    }
    number = strtoll(in->at, &end, 10);
    if (end == in->at)
        mistake(in, "a number was due");
    in->at = end;
    if (strncmp(in->at, ".#epoch.", 8) == 0) {
        long long epoch = strtoll(in->at + 8, &end, 10);

        in->at = end;
        number |= (long long)((unsigned long long)epoch << 32);
    }
    return number;
}

double take_real(struct cursor *in)
{
    char *end;
    double number;

    skip_blanks(in);
    number = strtod(in->at, &end);
    if (end == in->at)
        mistake(in, "a number was due");
    in->at = end;
    return number;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One pair of quotes, and how often. */
static void take_quoted(struct cursor *in, struct weir_buf *out)
{
    size_t start = out->len, len, count;

    for (in->at++; *in->at != '"' && *in->at != '\0'; in->at++) {
        if (*in->at == '\\' && hex_digit(in->at[1]) >= 0 && hex_digit(in->at[2]) >= 0) {
            weir_buf_u8(out, (uint8_t)(hex_digit(in->at[1]) * 16 + hex_digit(in->at[2])));
            in->at += 2;
        } else {
            weir_buf_append(out, in->at, 1);
        }
    }
    if (*in->at != '"') {
        mistake(in, "a string has no end");
        return;
    }
    if (*++in->at != '*')
        return;
    in->at++;
    count = (size_t)take_number(in);
    len = out->len - start;
    if (count == 0 || weir_buf_reserve(out, len * count) == NULL) {
        mistake(in, "a string is too long, or nothing");
        return;
    }
    for (size_t i = 1; i < count; i++)
        weir_buf_append(out, out->ptr + start, len);
}

void take_string(struct cursor *in, struct weir_buf *out)
{
    skip_blanks(in);
    if (*in->at != '"')
        mistake(in, "a string was due");
    while (*in->at == '"' && in->why[0] == '\0')
        take_quoted(in, out);
}

struct weir_uuid take_uuid(struct cursor *in)
{
    bool core = false;

    skip_blanks(in);
    if (strncmp(in->at, "core.", 5) == 0) {
        core = true;
        in->at += 5;
    }
    return (struct weir_uuid){core ? (uint64_t)1 << 63 : 0, (uint64_t)take_number(in)};
}

/* --- Writing ------------------------------------------------------------------------------------------------------ */

void put_number(struct weir_buf *out, int64_t number)
{
    int64_t epoch = number >> 32, low = number & UINT32_MAX;

    if (number == INT64_MIN || number == INT64_MAX)
        weir_buf_printf(out, number == INT64_MIN ? "min" : "max");
    else if (epoch > 0 && epoch < 1000 && low < 1000)
        weir_buf_printf(out, "%" PRId64 ".#epoch.%" PRId64, low, epoch);
    else
        weir_buf_printf(out, "%" PRId64, number);
}

/* The fewest digits that mean the same number. */
void put_real(struct weir_buf *out, double number)
{
    char text[40];
    int digits = 1;

    do {
        snprintf(text, sizeof(text), "%.*g", digits++, number);
    } while (digits <= 17 && strtod(text, NULL) != number && !isnan(number));
    weir_buf_printf(out, "%s", text);
}

static bool is_one_byte(struct weir_view bytes)
{
    for (size_t i = 1; i < bytes.len; i++) {
        if (bytes.ptr[i] != bytes.ptr[0])
            return false;
    }
    return true;
}

void put_string(struct weir_buf *out, struct weir_view bytes)
{
    bool repeated = bytes.len > 8 && is_one_byte(bytes);
    size_t shown = repeated ? 1 : bytes.len;

    if (shown > SHOWN_MAX) {
        weir_buf_printf(out, "(%zu bytes, %016" PRIx64 ")", bytes.len, weir_hash64(bytes, 0));
        return;
    }
    weir_buf_printf(out, "\"");
    for (size_t i = 0; i < shown; i++) {
        if (bytes.ptr[i] < ' ' || bytes.ptr[i] > '~' || bytes.ptr[i] == '"' || bytes.ptr[i] == '\\')
            weir_buf_printf(out, "\\%02x", bytes.ptr[i]);
        else
            weir_buf_append(out, &bytes.ptr[i], 1);
    }
    weir_buf_printf(out, "\"");
    if (repeated)
        weir_buf_printf(out, "*%zu", bytes.len);
}

void put_uuid(struct weir_buf *out, struct weir_uuid uuid)
{
    char text[WEIR_UUID_TEXT_LEN + 1];

    weir_uuid_text(uuid, text);
    if (uuid.msb == 0)
        weir_buf_printf(out, "%" PRId64, (int64_t)uuid.lsb);
    else if (uuid.msb == (uint64_t)1 << 63)
        weir_buf_printf(out, "core.%" PRId64, (int64_t)uuid.lsb);
    else
        weir_buf_printf(out, "%s", text);
}
