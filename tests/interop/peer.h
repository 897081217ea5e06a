/**
 * @file peer.h
 * @brief What the verbs of the C peer share.
 */
#ifndef WEIR_INTEROP_PEER_H
#define WEIR_INTEROP_PEER_H

#include "pravega/blocking.h"
#include "pravega/reader_group.h"

struct peer_verb {
    const char *name, *takes;
    int count_min, count_max;                                                 /* of its arguments */
    int (*run)(struct pravega_session *session, char **arguments, int count); /* the exit status */
};
/* Each ends with a nameless one. */
extern const struct peer_verb peer_event_verbs[];
extern const struct peer_verb peer_group_verbs[];
extern const struct peer_verb peer_log_verbs[];
extern const struct peer_verb peer_reader_verbs[];
extern const struct peer_verb peer_stream_verbs[];
extern const struct peer_verb peer_txn_verbs[];

/* Prints it; 1. */
int peer_fail(const struct weir_error *err);
/* The exit status of a call's end. */
int peer_end(enum weir_status status, const struct weir_error *err);

struct peer_name {
    char scope[PRAVEGA_NAME_LEN_MAX + 1], name[PRAVEGA_NAME_LEN_MAX + 1];
};
/* "scope/name" in `room`; false, and said, if it is none. */
bool peer_stream(const char *text, struct peer_name *room, struct pravega_stream_name *stream);
bool peer_group(const char *text, struct peer_name *room, struct pravega_group_name *group);
/* "text=..." or "bytes=..." (hexadecimal), or "-" for UNBOUNDED; to be finished by the caller. False, and said. */
bool peer_cut(const char *text, struct pravega_stream_cut *cut, struct weir_error *err);
/* A name that nothing else on the server has, in 40 bytes. */
void peer_fresh_name(struct pravega_session *session, const char *prefix, char out[40]);

/* A numbered event, "k3 17"; its key is returned. */
struct peer_event {
    char key[16], text[32];
};
struct weir_view peer_event(int number, struct peer_event *event);

void peer_print_hex(struct weir_view bytes);
bool peer_read_hex(const char *text, struct weir_buf *bytes);

#endif
