/**
 * @file base/real_conn.h
 * @brief A connection over a socket, as connecting and accepting make it. Used by base/real_*.c only.
 */
#ifndef WEIR_BASE_REAL_CONN_H
#define WEIR_BASE_REAL_CONN_H

#include <netdb.h>

#include "base/real_int.h"

#define WEIR_PEER_TEXT_LEN_MAX 272 /* a DNS name of 255 bytes, brackets, a port */

enum weir_real_conn_state {
    WEIR_REAL_RESOLVING,  /* the name is being looked up on the pool */
    WEIR_REAL_CONNECTING, /* addresses are tried one after the other */
    WEIR_REAL_OPEN,
    WEIR_REAL_REFUSED, /* never was open; the owner is told, or about to be */
};

struct weir_real_conn {
    struct weir_conn base;
    struct weir_real_loop *loop;
    const struct weir_conn_handler *handler;
    void *arg;
    enum weir_real_conn_state state;
    int fd;                       /* -1 while there is none */
    struct event readable_event;  /* stays registered, level-triggered, unless reading is not wanted */
    struct event writable_event;  /* one shot: while connecting, and after a short write */
    struct weir_deferred visit;   /* in the loop's `ready` */
    bool readable;                /* bytes or the end may wait; cleared by a read that got less than it could take */
    bool want_read;               /* by the owner */
    bool want_write;              /* the last write was short, and the owner waits for on_writable */
    bool writable;                /* the event came since */
    bool announce;                /* on_open is due */
    bool told;                    /* on_error was called */
    bool *gone;                   /* set to true by a close from within a callback */
    enum weir_status read_end;    /* OK while reads go on, else CLOSED or IO */
    enum weir_status write_end;   /* OK while writes go on */
    struct weir_error why;        /* of the first end */
    struct weir_resolve *resolve; /* while RESOLVING */
    struct addrinfo *addresses, *address; /* while CONNECTING: all, and the one being tried */
    char peer[WEIR_PEER_TEXT_LEN_MAX];
};

/** A connection without a socket. NULL if memory is short. */
struct weir_real_conn *weir_real_conn_new(struct weir_real_loop *loop, const struct weir_conn_handler *handler,
                                          void *arg);
/** Gives the connection its socket, which it owns from now on. */
void weir_real_conn_watch(struct weir_real_conn *conn, int fd);
/** Closes the socket, if there is one. */
void weir_real_conn_unwatch(struct weir_real_conn *conn);
/** The socket is connected: OPEN from now on. */
void weir_real_conn_opened(struct weir_real_conn *conn);
/** Has the connection looked at in this turn or the next. */
void weir_real_conn_touch(struct weir_real_conn *conn);

/** "1.2.3.4:9090", "[::1]:9090", "name:9090". */
void weir_real_peer_text(char out[WEIR_PEER_TEXT_LEN_MAX], const char *host, unsigned port);

/** The steps to OPEN, in real_connect.c. */
void weir_real_connect_progress(struct weir_real_conn *conn);
/** Gives up what the connection still has of them. */
void weir_real_connect_abandon(struct weir_real_conn *conn);

#endif
