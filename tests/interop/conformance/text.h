/**
 * @file text.h
 * @brief The text of the transcripts: lines built and read piece by piece, and names for what differs from run to run.
 *
 * A *label* stands for such a thing: "@" for the run itself (scopes end with it), "$txn1", "$token1", "$id1" and so on
 * for what a server chose, in the order in which it came. Requests are expanded before they are read, answers are
 * folded before they are compared.
 */
#ifndef CONFORMANCE_TEXT_H
#define CONFORMANCE_TEXT_H

#include <inttypes.h>

#include "base/uuid.h"
#include "weir/buf.h"

#define LABELS_MAX 256
#define LINE_MAX_LEN (32u << 20)

struct label {
    char name[24];
    char *value;
    bool folded; /* also found in answers; false: whoever prints such a value looks for it */
};

struct labels {
    char run[12];
    struct label items[LABELS_MAX];
    size_t count;
    int txn_count, random_count, token_count, id_count;
};

void labels_init(struct labels *labels, uint64_t random);
void labels_fini(struct labels *labels);
/** The label of a transaction, by its number's low bits; made if it is new. */
const char *label_of_txn(struct labels *labels, int64_t high_bits, int64_t low_bits);
/** Makes one for a page's token, for the random half of a transient segment's name, and for an id that is a random
 * UUID. */
void label_token(struct labels *labels, struct weir_view token);
void label_id(struct labels *labels, struct weir_view id);
void label_transient(struct labels *labels, struct weir_view segment);
/** A request with its labels replaced; a NUL-terminated string that is the caller's. */
char *labels_expand(const struct labels *labels, const char *request);
/** The same back, in place. */
void labels_fold(const struct labels *labels, struct weir_buf *answer);

/** A place in a request. The first mistake sticks in `why`. */
struct cursor {
    const char *at;
    char why[160];
};

void skip_blanks(struct cursor *in);
bool take_char(struct cursor *in, char c); /**< after blanks */
/** The next run of letters, digits and underscores; false if there is none. */
bool take_word(struct cursor *in, char *out, size_t size);
/** 5, -5, min, max, 2.#epoch.1. */
int64_t take_number(struct cursor *in);
double take_real(struct cursor *in);
/** "text", "x"*1000, with \22 for any byte; "a""b"*3 is one string. Appended. */
void take_string(struct cursor *in, struct weir_buf *out);
/** 7, or core.7 for an attribute of the store's own. */
struct weir_uuid take_uuid(struct cursor *in);
void mistake(struct cursor *in, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void put_number(struct weir_buf *out, int64_t number);
void put_real(struct weir_buf *out, double number);
void put_string(struct weir_buf *out, struct weir_view bytes);
void put_uuid(struct weir_buf *out, struct weir_uuid uuid);

#endif
