/**
 * @file store/segments/wire_server_int.h
 * @brief A connection of the wire server, as its own files see it.
 *
 *     SERVING --protocol broken, command refused--> ENDING --what is queued was sent--> freed
 *     SERVING, ENDING --connection broken--> BROKEN --end of the turn--> freed
 *
 * A connection is freed only by its deferred work at the end of a turn, so a command may end it at any depth. A command
 * that has to wait is a *job*: it stands in the connection's list and is cancelled with it. How much all connections
 * may hold is wire_bounds.c's.
 */
#ifndef WEIR_STORE_WIRE_SERVER_INT_H
#define WEIR_STORE_WIRE_SERVER_INT_H

#include <sys/queue.h>

#include "base/arrival.h"
#include "base/rng.h"
#include "pravega/wire.h"
#include "pravega/wire_inbox.h"
#include "store/segments/wire_outbox.h"
#include "store/segments/wire_server.h"

enum weir_wire_state { WEIR_WIRE_SERVING, WEIR_WIRE_ENDING, WEIR_WIRE_BROKEN };

struct weir_wire_conn;

/** Something under way for a connection; the first member of its struct. */
struct weir_wire_job {
    void (*cancel)(struct weir_wire_job *job); /**< the connection goes: withdraw it and free the struct */
    struct weir_wire_conn *conn;
    struct weir_wire_job *next, **link;
};

#define WEIR_SESSION_BUCKETS 64
struct weir_append_session;

/** A read of a table that waits until it may gather its reply; table_commands.c. */
struct weir_table_wait {
    void (*go_on)(struct weir_table_wait *wait); /**< it is out of the list */
    struct weir_wire_conn *conn;                 /**< NULL: it does not wait */
    struct weir_table_wait *next;
};

/** The appending half of a connection: writers by id, and the block that waits for its end. */
struct weir_appends {
    struct weir_append_session *buckets[WEIR_SESSION_BUCKETS];
    size_t session_count;
    struct weir_append_session *recent;  /**< the last one used: most frames come in runs of one writer */
    struct weir_append_session *unacked; /**< those with an acknowledgement that leaves at the end of the turn */
    struct weir_uuid block_writer;
    struct weir_view block;         /**< content of an open block */
    struct pravega_wire_area *area; /**< where it lies, held; NULL: no open block */
    size_t waiting_bytes;           /**< of appends that are not durable */
};

struct weir_wire_conn {
    struct weir_wire_server *server;
    struct weir_conn *conn;
    enum weir_wire_state state;
    bool paused; /**< does not read: see over_bounds() */
    bool waits_for_writable;
    struct pravega_wire_inbox inbox;
    struct weir_wire_outbox outbox;
    struct weir_deferred turn_end;
    struct weir_wire_job *jobs;
    size_t job_count;
    struct weir_appends appends;
    struct weir_timer token_end; /* of the writer's token that ends first */
    int64_t token_ends_ms;       /* while it is armed */
    struct weir_read_job *parked, **parked_tail; /* reads put off until replies have gone; read_session.c */
    /* wire_bounds.c */
    size_t taken, owed; /* its part of the server's sums */
    int64_t moved_ns;   /* the last time that a byte came, or went */
    uint64_t got_bytes; /* so far */
    struct weir_arrival arrival; /* of a frame, or an append block, of which more is to come */
    bool queued;
    TAILQ_ENTRY(weir_wire_conn) in_queue;
    size_t table_bytes; /* of updates of tables that are not durable, and of replies that are being gathered */
    struct weir_table_wait *table_waits, **table_waits_tail; /* reads of tables that have not begun */
    struct weir_wire_conn *next, **link;
};

struct weir_wire_server {
    struct weir_loop *loop;
    struct weir_container *ctr;
    struct weir_listener *listener;
    bool checks_tokens;
    struct weir_token_key token_key;
    struct weir_rng rng;
    struct weir_wire_conn *conns;
    uint64_t conn_count, accepted_count;
    struct weir_wire_limits limits;
    size_t taken, owed, held_max, job_count;
    uint64_t refused_count, stuck_count, late_count;
    int64_t refused_ns;
    TAILQ_HEAD(, weir_wire_conn) queue; /* those who wait for memory, in order */
    size_t queue_len;
    struct weir_deferred relief;
    struct weir_timer look;
    int64_t merges_forgotten_ms; /* wall clock of the last time; segment_merge.c */
};

/** The buffer to encode replies into; they leave at the end of the turn. */
struct weir_buf *weir_wire_reply(struct weir_wire_conn *conn);
/** Sends what is queued, then closes. `why` is logged. */
void weir_wire_conn_end(struct weir_wire_conn *conn, const char *why);
/** Closes without sending anything more. `why` is logged. */
void weir_wire_conn_break(struct weir_wire_conn *conn, const char *why);
/** Puts a job into the list / takes it out. */
void weir_wire_job_begin(struct weir_wire_conn *conn, struct weir_wire_job *job);
void weir_wire_job_end(struct weir_wire_job *job);

/* wire_access.c */
/** Whether the command's delegation token allows it; else it is answered, or ends the connection. */
bool weir_wire_allowed(struct weir_wire_conn *conn, const struct pravega_wire_command *cmd);

/* append_session.c */
void weir_appends_fini(struct weir_wire_conn *conn);
/** Encodes the acknowledgements that were gathered in this turn. */
void weir_appends_flush_acks(struct weir_wire_conn *conn);
void weir_wire_setup_append(struct weir_wire_conn *conn, const struct pravega_wire_setup_append *cmd);
/** @param area where the command's bytes lie */
void weir_wire_append_block(struct weir_wire_conn *conn, const struct pravega_wire_append_block *cmd,
                            struct pravega_wire_area *area);
void weir_wire_append_block_end(struct weir_wire_conn *conn, const struct pravega_wire_append_block_end *cmd);
void weir_wire_conditional_append(struct weir_wire_conn *conn, const struct pravega_wire_conditional_append *cmd);
void weir_wire_conditional_block_end(struct weir_wire_conn *conn, const struct pravega_wire_conditional_block_end *cmd);
/** Whether a block is open, which only its end may follow among the commands that append. */
static inline bool weir_appends_block_open(const struct weir_wire_conn *conn)
{
    return conn->appends.area != NULL;
}

/* wire_bounds.c */
void weir_wire_bounds_init(struct weir_wire_server *server, const struct weir_wire_limits *limits);
void weir_wire_bounds_fini(struct weir_wire_server *server);
/** Whether another connection may be open; a refusal is logged. */
bool weir_wire_admit(struct weir_wire_server *server, struct weir_conn *accepted);
/** Brings the connection's part of the sums up to date. */
void weir_wire_count(struct weir_wire_conn *conn);
/** Bytes came. */
void weir_wire_moved(struct weir_wire_conn *conn);
/** What it has begun is looked at from now on, until it is whole. */
void weir_wire_watch(struct weir_wire_conn *conn);
/** Whether the next frame may be received and served; if others have to let go first, it waits in the queue.
 *  @param divisor of its own bounds: 1; 2 to go on after a pause */
bool weir_wire_may_serve(struct weir_wire_conn *conn, size_t divisor);
/** Whether bulk data may be added to what it has to send; likewise. */
bool weir_wire_may_reply(struct weir_wire_conn *conn);
/** Whether another reply may be gathered in memory; likewise. */
bool weir_wire_may_gather(struct weir_wire_conn *conn);
void weir_wire_queue(struct weir_wire_conn *conn);
void weir_wire_unqueue(struct weir_wire_conn *conn);

/* read_session.c */
/** Takes up reads that were put off, as far as replies have gone. */
void weir_wire_reads_go_on(struct weir_wire_conn *conn);
void weir_wire_read_segment(struct weir_wire_conn *conn, const struct pravega_wire_read_segment *cmd);

/* table_commands.c, table_reads.c, table_delta.c: what is asked of table segments. False: not such a command. */
bool weir_wire_table_command(struct weir_wire_conn *conn, const struct pravega_wire_command *cmd);
/** Takes up reads of tables that wait, as far as others have let go. */
void weir_wire_tables_go_on(struct weir_wire_conn *conn);

/* segment_ops.c: everything else. False: not a command that it serves. */
bool weir_wire_segment_command(struct weir_wire_conn *conn, const struct pravega_wire_command *cmd);

#endif
