/**
 * @file base/grpc_message.h
 * @brief gRPC's bytes: message framing, timeouts, percent-encoded words, status codes. Bytes in, bytes out.
 */
#ifndef WEIR_BASE_GRPC_MESSAGE_H
#define WEIR_BASE_GRPC_MESSAGE_H

#include <stdbool.h>

#include "base/grpc.h"
#include "weir/buf.h"

#define WEIR_GRPC_PREFIX_LEN 5u /**< compressed flag, int32 length */
#define WEIR_GRPC_TIMEOUT_LEN_MAX 10u

/** Assembles the one message of a unary call from DATA frames cut anywhere. */
struct weir_grpc_inbox {
    uint8_t prefix[WEIR_GRPC_PREFIX_LEN];
    size_t prefix_len;       /**< of prefix[], so far */
    size_t message_len;      /**< as the prefix says, once it is whole */
    struct weir_buf message; /**< what has come of it */
};

void weir_grpc_inbox_init(struct weir_grpc_inbox *inbox);
void weir_grpc_inbox_fini(struct weir_grpc_inbox *inbox);
/**
 * @retval WEIR_GRPC_OK all of `data` was used
 * @return otherwise the code that refuses the call: compressed, too long, more than one message, no memory
 */
enum weir_grpc_code weir_grpc_inbox_feed(struct weir_grpc_inbox *inbox, struct weir_view data, struct weir_error *why);
/** A whole message is there. */
bool weir_grpc_inbox_whole(const struct weir_grpc_inbox *inbox);

/** Prefix and message, appended. */
void weir_grpc_frame(struct weir_buf *out, struct weir_view message);

/** "299999m" to nanoseconds; a time beyond a year is a year. @return false unless 1 to 8 digits and one of HMSmun */
bool weir_grpc_timeout_parse(struct weir_view text, int64_t *timeout_ns);
/** The same back, rounded up. @return the length; no NUL */
size_t weir_grpc_timeout_format(int64_t timeout_ns, char out[WEIR_GRPC_TIMEOUT_LEN_MAX]);

/** grpc-message's encoding: all but printable ASCII, and '%', as %XX. @return the length, cut to cap; no NUL */
size_t weir_grpc_words_encode(const char *words, char *out, size_t cap);
/** And back; a broken escape stays as it is; cut to cap, NUL included. */
void weir_grpc_words_decode(struct weir_view text, char *out, size_t cap);

/** "NOT_FOUND"; "?" for a number that is no code. Static. */
const char *weir_grpc_code_name(enum weir_grpc_code code);
/** The status that callers branch on. */
enum weir_status weir_grpc_code_status(enum weir_grpc_code code);
/** What grpc-status says; UNKNOWN for what is no code. */
enum weir_grpc_code weir_grpc_code_parse(struct weir_view text);
/** For replies that carry no grpc-status. */
enum weir_grpc_code weir_grpc_code_of_http(int http_status);
/** For streams that ended with this HTTP/2 error code. */
enum weir_grpc_code weir_grpc_code_of_reset(uint32_t http2_code);

#endif
