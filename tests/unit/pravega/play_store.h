/*
 * play_store.h - a Pravega in memory for the tests of the client's data plane: a controller that speaks gRPC and a
 * segment store that speaks wire commands, on one simulated host, with faults at chosen points.
 *
 * It keeps the bytes of each segment and each writer's last event number, answers as the protocol says, and breaks off
 * where the test tells it to.
 */
#ifndef PLAY_STORE_H
#define PLAY_STORE_H

#include "base/grpc.h"
#include "pravega/client_int.h"
#include "pravega/proto.h"
#include "pravega/types.h"
#include "pravega/wire.h"
#include "weir/sim.h"

#define PLAY_SEGMENTS_MAX 64
#define PLAY_WRITERS_MAX 512
#define PLAY_NOTES_MAX 16
#define PLAY_CONNECTS_MAX 16
#define PLAY_TXN_EPOCH 3 /* of the transaction's id 00000003-0000-0000-0000-000000000007 */
#define PLAY_ATTRIBUTES_MAX 4

struct play_attribute {
    struct weir_uuid id;
    int64_t value;
};

struct play_segment {
    char name[128];
    pravega_segment_id id;
    double min_key, max_key;
    struct weir_buf data;
    int64_t start_offset;
    bool sealed, current, gone;
    bool transient; /* of a large event */
    bool merged;    /* and merged: gone, and remembered */
    pravega_segment_id successors[4];
    size_t successor_count;
    struct play_attribute attributes[PLAY_ATTRIBUTES_MAX];
    size_t attribute_count;
};

struct play_writer { /* the last number of one writer in one segment */
    struct weir_uuid id;
    struct play_segment *segment;
    int64_t last_number;
};

struct play_note { /* a writer's time */
    char writer[64];
    int64_t timestamp_ms;
    size_t position_count;
    struct pravega_segment_offset position[PLAY_SEGMENTS_MAX];
    int64_t at_ns;
};

struct play_conn;
struct play_late; /* an append on its way */

struct play_store {
    struct weir_sim *sim;
    struct weir_host *host, *client_host;
    struct weir_loop *loop, *client_loop;
    struct weir_grpc_server *controller;
    struct weir_listener *listener;
    struct play_conn *conns;
    struct play_segment segments[PLAY_SEGMENTS_MAX];
    size_t segment_count;
    struct play_writer writers[PLAY_WRITERS_MAX];
    size_t writer_count;
    bool stream_missing;
    uint64_t seed; /* for what the test draws */

    /* Script. */
    uint64_t cut_at_frame;  /* the connection that receives this frame (counted over all, from 1) is cut; 0: none */
    bool cut_after_storing; /* the frame is carried out first, but not answered */
    uint64_t cut_every;     /* and again so many frames later; 0: once */
    uint64_t ack_every;     /* appends that one acknowledgement covers, fewer after 5 ms; 0 and 1: each has its own */
    int64_t ack_less;       /* one of several says so many events less than are stored, which no store does */
    bool stalled;           /* appends are stored, not acknowledged */
    uint64_t late_at_conditional; /* this conditional append (counted from 1) loses its connection, and is stored only
                                   * when the writer sends it again on another one; 0: never */
    struct play_late *late;
    uint64_t
        refused_conditional; /* this one is refused whatever it expects, as if an entry were on its way; 0: never */
    void (*on_conditional)(struct play_store *store, uint64_t number); /* before each conditional append */
    bool late_refusals; /* a refused append is answered 5 ms later, and a further one of its writer on that connection
                         * breaks it before, as 0.13 does: the answer is lost */
    uint64_t scale_at_append; /* the segment of this append (counted from 1) is scaled before it is stored; 0: never */
    uint64_t scale_at_merge;  /* likewise the target of this merge */
    void (*on_scale)(struct play_store *store, struct play_segment *segment);
    /** Called before an append is stored; may seal segments. */
    void (*on_append)(struct play_store *store, struct play_segment *segment,
                      const struct pravega_wire_append_block_end *append);
    int wrong_host_count;      /* so many requests are refused with WRONG_HOST */
    enum weir_status token;    /* WEIR_E_AUTH: every request is refused */
    const char *expired_token; /* requests that show it are refused for that; NULL: none are */
    size_t read_len_max;       /* of one answer; 0: what is asked for */
    bool hold_reads;           /* reads are not answered */
    int txn_ping;              /* Pravega__PingTxnStatus__Status that pings get */
    int txn_state;         /* Pravega__TxnState__State of the transaction; a commit or abort changes an open one's */
    int committing_checks; /* so many questions find a commit still under way */
    bool drop_transients;  /* transient segments end with their connection, at once; else they stay */

    /* What the play store does not know itself is another's: false, if that does not know it either. */
    bool (*other_command)(struct play_store *store, const struct pravega_wire_command *cmd, struct weir_buf *out);
    bool (*other_call)(struct play_store *store, const char *method, const ProtobufCMessage *ask,
                       struct weir_grpc_request *request);
    void *other;

    /* What happened. */
    uint64_t frame_count, append_count, conditional_count, endpoint_count, connection_count, keep_alive_count,
        ping_count;
    struct play_note notes[PLAY_NOTES_MAX];
    size_t note_count;
    size_t create_count, commit_count, abort_count, check_count; /* of transactions */
    char commit_writer[64];
    int64_t commit_timestamp_ms;
    size_t transient_count, merge_count;
    int64_t connected_ns[PLAY_CONNECTS_MAX]; /* when, for the first connections */
    uint64_t repeated_count;   /* appends that came with a number that was there already: the client may never do so */
    size_t read_bytes;         /* of data in answers to reads */
    size_t received_bytes_max; /* of appends not acknowledged, at once */
};

#define PLAY_STORE_PORT 6000
#define PLAY_SCOPE "scope"
#define PLAY_STREAM "stream"

/** Starts hosts and servers, and a client loop. */
void play_store_open(struct play_store *store, const struct weir_sim_options *options);
/** All clients are freed. */
void play_store_close(struct play_store *store);
/** A client of it, on store->client_loop. */
struct pravega_client *play_store_client(struct play_store *store, const struct pravega_retry *retry);
/** Adds a segment that takes writes. */
struct play_segment *play_store_segment(struct play_store *store, pravega_segment_id id, double min_key,
                                        double max_key);
struct play_segment *play_store_find(struct play_store *store, pravega_segment_id id);
/** Puts an event at a segment's end, as a writer would, and answers reads that wait for it. */
void play_store_put(struct play_store *store, struct play_segment *segment, struct weir_view event);
void play_store_put_raw(struct play_store *store, struct play_segment *segment, struct weir_view bytes);
/** Seals it, without successors; reads that wait there end. */
void play_store_seal(struct play_store *store, struct play_segment *segment);
/** Seals it, with two halves of epoch 1 in its place; may be on_scale. */
void play_store_split(struct play_store *store, struct play_segment *segment);
/** What lies before `offset` is gone. */
void play_store_truncate(struct play_segment *segment, int64_t offset);
/** The controller's answers: a weir_grpc_serve_fn. */
void play_store_serve(void *arg, struct weir_grpc_request *request, const char *path, const char *authorization,
                      struct weir_view message);
/** Answers a call of the controller. */
void play_store_answer(struct weir_grpc_request *request, const ProtobufCMessage *message);
/** Cuts all connections of the segment store. */
void play_store_cut(struct play_store *store);

#endif
