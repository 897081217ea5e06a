/**
 * @file serve_fixture.h
 * @brief A store on a real loop in a folder of its own, and peers that talk raw wire frames and gRPC to it, on the same
 * loop. A call that waits turns the loop until its answer is there; a test that waits in vain aborts. What the store
 * does by itself is waited for by the line of the log that tells of it.
 */
#ifndef WEIR_TEST_SERVE_FIXTURE_H
#define WEIR_TEST_SERVE_FIXTURE_H

#include <check.h>

#include "base/grpc.h"
#include "pravega/proto.h"
#include "pravega/wire.h"
#include "weir/buf.h"
#include "weir/store.h"

struct served; /* the store, its loop and its host */

/** A new folder and a store in it, ready. */
struct served *served_new(void);
/**
 * The same with more options. The strings are borrowed as long as it lives; data_dir is set here.
 * @param tls what peers trust, where the options have a certificate; NULL: they speak plain. Borrowed
 */
struct served *served_new_with(const struct weir_store_options *options, struct weir_tls *tls);
/** The same as served_new_with(options, NULL); what goes wrong is logged to this file descriptor. */
struct served *served_new_logging(const struct weir_store_options *options, int log_fd);
/** What rpc() shows from now on ("Basic ..."), NULL for nothing. */
void served_show(struct served *served, const char *authorization);
/** Closes the store and opens it again on the same folder. */
void served_restart(struct served *served);
/** The two halves of a restart, for a test that looks at the folder in between. */
void served_stop(struct served *served);
void served_start(struct served *served);
const char *served_dir(const struct served *served);
/** Closes it and removes the folder. */
void served_free(struct served *served);
struct weir_store *served_store(struct served *served);
struct weir_loop *served_loop(struct served *served);
/** Turns the loop until the log has a line with these words, behind the line that the call before waited for. Not of
 *  served_new_logging(). */
void served_await_line(struct served *served, const char *words);

/* --- Wire ------------------------------------------------------------------------------------------------------- */

struct peer; /* a connection to the segment service */

struct peer *peer_new(struct served *served);
/** With other certificates than the served ones' to trust. */
struct peer *peer_new_trusting(struct served *served, struct weir_tls *tls);
/** Whether it was let in; with TLS the handshake may have failed. */
bool peer_is_open(const struct peer *peer);
void peer_free(struct peer *peer);
void peer_send_bytes(struct peer *peer, const void *bytes, size_t len);
void peer_send(struct peer *peer, const struct pravega_wire_command *cmd);
/** The next frame, decoded; it lives until the next call on this peer. Fails the test if the store closed instead. */
const struct pravega_wire_command *peer_next(struct peer *peer);
/** The same, NULL if the store closed instead. */
const struct pravega_wire_command *peer_take(struct peer *peer);
/** As peer_next(), and it must be of that type. */
const struct pravega_wire_command *peer_expect(struct peer *peer, enum pravega_wire_type type);
/** The store must end the connection, without another frame. */
void peer_expect_end(struct peer *peer);

/** A literal of a command: peer_say(p, SETUP_APPEND, setup_append, .writer_id = ...). */
#define peer_say(peer, TYPE, member, ...)                                                                              \
    peer_send(peer, &(struct pravega_wire_command){.type = PRAVEGA_WIRE_##TYPE, .member = {__VA_ARGS__}})

/* --- HTTP ------------------------------------------------------------------------------------------------------- */

/**
 * One request on a connection of its own: "GET /v1/scopes", header lines each with its CRLF, a body or NULL.
 * @param answer receives the answer's body, NUL-terminated @return the answer's status
 */
int http(struct served *served, const char *method_and_path, const char *headers, const char *body,
         struct weir_buf *answer);

/* --- gRPC ------------------------------------------------------------------------------------------------------- */

/** Calls; the reply lives until the next call of rpc(). NULL unless the code is OK; *code may be NULL: then OK is due.
 */
const void *rpc(struct served *served, const char *name, const void *request, enum weir_grpc_code *code);

/* What most tests begin with. */
void make_scope(struct served *served, const char *scope);
void make_stream(struct served *served, const char *scope, const char *stream, int32_t segments);
Pravega__StreamInfo stream_info(const char *scope, const char *stream);

#endif
