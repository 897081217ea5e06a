/**
 * @file base/http2.h
 * @brief One HTTP/2 connection (nghttp2 over a weir_conn), what gRPC's client and server have in common.
 *
 * Bytes that arrive are fed to nghttp2, frames that it makes are sent once a turn, within what the connection takes.
 * A stream belongs to its owner, who embeds a weir_http2_stream in it. All callbacks but on_lost run inside nghttp2:
 * they may submit and reset, but not free the connection; owners put work off to a deferred of their own.
 */
#ifndef WEIR_BASE_HTTP2_H
#define WEIR_BASE_HTTP2_H

#include <nghttp2/nghttp2.h>

#include "weir/loop.h"
#include "weir/net.h"
#include "weir/view.h"

#define WEIR_HTTP2_HEADERS_LEN_MAX 8192u    /**< of one header list, counted as RFC 9113 does */
#define WEIR_HTTP2_WINDOW_LEN (1u << 20)    /**< of a stream and of the connection, as Pravega's */
#define WEIR_HTTP2_SERVER_STREAMS_MAX 1000u /**< open at once on a connection to a server */

struct weir_http2;

/** What HTTP/2 knows of a stream. Zeroed by its owner, and embedded in the owner's own struct. */
struct weir_http2_stream {
    int32_t id;
    size_t headers_len;         /**< of the header lists so far */
    struct weir_view body;      /**< left to send; borrowed from the owner until the stream is closed or detached */
    const nghttp2_nv *trailers; /**< static; sent after the body, or NULL */
    size_t trailer_count;
};

struct weir_http2_ops {
    /** Server: a request begins. NULL refuses it (REFUSED_STREAM), as what was never processed. */
    struct weir_http2_stream *(*on_begin)(void *arg);
    void (*on_header)(void *arg, struct weir_http2_stream *stream, struct weir_view name, struct weir_view value);
    /** A header list is complete. @param too_large it went past the limit and is not all known */
    void (*on_headers)(void *arg, struct weir_http2_stream *stream, bool too_large);
    void (*on_data)(void *arg, struct weir_http2_stream *stream, struct weir_view data);
    /** The peer has said all. */
    void (*on_end)(void *arg, struct weir_http2_stream *stream);
    /** The stream is over: HTTP/2 does not know it any more. @param code an NGHTTP2_ error code, 0 for a good end */
    void (*on_close)(void *arg, struct weir_http2_stream *stream, uint32_t code);
    /** The peer's settings are here: it does speak HTTP/2. */
    void (*on_settings)(void *arg);
    /** The peer takes no more streams. */
    void (*on_goaway)(void *arg);
    /** The connection is over; streams do not get an on_close. Last callback; the owner frees. */
    void (*on_lost)(void *arg, const struct weir_error *why);
    /** NULL, or: bytes were sent, or could not be: weir_http2_unsent() is another. Not to free the connection. */
    void (*on_sent)(void *arg);
};

/**
 * Speaks HTTP/2 over `conn`, which is open (a TLS server's may still be in its handshake).
 * @param conn owned from here on; still the caller's after a failure
 * @param ops  static
 */
enum weir_status weir_http2_new(struct weir_loop *loop, struct weir_conn *conn, bool is_server,
                                const struct weir_http2_ops *ops, void *arg, struct weir_http2 **out,
                                struct weir_error *err);
/** Closes the connection; what was submitted is still tried to send, a GOAWAY last. No callback. NULL is fine. */
void weir_http2_free(struct weir_http2 *h2);

/**
 * Client: begins a stream with these headers and stream->body. @param headers borrowed for the call
 * @retval WEIR_E_CLOSED the connection takes no more streams: use another
 */
enum weir_status weir_http2_request(struct weir_http2 *h2, struct weir_http2_stream *stream, const nghttp2_nv *headers,
                                    size_t count);
/** Server: answers a stream with headers, stream->body and trailers; without a body, the headers end the stream. */
enum weir_status weir_http2_respond(struct weir_http2 *h2, struct weir_http2_stream *stream, const nghttp2_nv *headers,
                                    size_t count);
/** Forgets the stream's struct, whose memory may go; resets the stream with `code`. No on_close follows. */
void weir_http2_detach(struct weir_http2 *h2, struct weir_http2_stream *stream, uint32_t code);

/** Asks the peer for a sign of life; on_lost follows if none comes in 20 s. For owners who wait in vain. */
void weir_http2_probe(struct weir_http2 *h2);

/** Memory of frames that the connection has not taken, beside the bodies that streams have left. */
size_t weir_http2_unsent(const struct weir_http2 *h2);
/** A number that is another one whenever bytes of bodies have come or gone: pings alone do not change it. */
uint64_t weir_http2_progress(const struct weir_http2 *h2);

static inline nghttp2_nv weir_http2_nv(struct weir_view name, struct weir_view value)
{
    return (nghttp2_nv){(uint8_t *)name.ptr, (uint8_t *)value.ptr, name.len, value.len, NGHTTP2_NV_FLAG_NONE};
}

#endif
