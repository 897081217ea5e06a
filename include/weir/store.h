/**
 * @file weir/store.h
 * @brief The embedded store: one node, durable, that Pravega 0.13 clients take for a cluster.
 *
 * It serves the controller's gRPC service on one port and the segment store's wire protocol on another. One loop runs
 * all of it; syncs go to the host's pool. `weir store` is this in a process of its own.
 */
#ifndef WEIR_STORE_H
#define WEIR_STORE_H

#include "weir/buf.h"
#include "weir/host.h"

#ifdef __cplusplus
extern "C" {
#endif

struct weir_store; /* opaque */

enum weir_durability {
    WEIR_DURABILITY_SYNC = 0, /**< acknowledged = written and synced (group commit) */
    WEIR_DURABILITY_OS,       /**< acknowledged = handed to the operating system; survives kill -9, not a power cut */
    WEIR_DURABILITY_NONE,     /**< acknowledged = in memory; for comparisons. Written behind */
};

/**
 * What else can be set, by upstream's names where it has them: NAME, field of the store's own struct, its unit in ms,
 * least, most, default, meaning.
 */
#define WEIR_STORE_SETTINGS_MAP(X)                                                                                     \
    X("controller.retention.frequency.minutes", retention_period_ms, 60000, 1, 525600, 30,                             \
      "between two looks at a stream's retention")                                                                     \
    X("weir.retention.frequency.milliseconds", retention_period_ms, 1, 10, 31536000000, 1800000, "the same, finer")    \
    X("controller.watermarking.frequency.seconds", watermark_period_ms, 1000, 1, 31536000, 10,                         \
      "between two watermarks of a stream")                                                                            \
    X("weir.watermarking.frequency.milliseconds", watermark_period_ms, 1, 10, 31536000000, 10000, "the same, finer")   \
    X("weir.scale.quiet.milliseconds", scale_quiet_ms, 1, 0, 60000, 100,                                               \
      "a scale that a client asks for waits until its segments have not grown for so long, or for five times that")    \
    X("autoScale.cooldown.time.seconds", scale_cooldown_ms, 1000, 0, 31536000, 600,                                    \
      "a younger segment is not scaled automatically")                                                                 \
    X("autoScale.mute.time.seconds", scale_mute_ms, 1000, 0, 31536000, 600,                                            \
      "between two attempts to scale a segment the same way")                                                          \
    X("autoScale.cache.expiry.seconds", scale_expiry_ms, 1000, 1, 31536000, 1200,                                      \
      "a segment that was silent for so long may be merged")                                                           \
    X("weir.autoScale.minute.milliseconds", scale_minute_ms, 1, 120, 60000, 60000,                                     \
      "what counts as a minute of the rates over 2, 5, 10 and 20 minutes")

/** Zero means the default; strings are copied. */
struct weir_store_options {
    const char *data_dir;        /**< NULL means "weir-data" */
    const char *listen_host;     /**< NULL means "127.0.0.1" */
    const char *advertised_host; /**< what getURI answers: a name or an address, 253 bytes at most; NULL means
                                  *   listen_host */
    uint16_t controller_port;    /**< 0 picks a free one */
    uint16_t segment_port;       /**< 0 picks a free one */
    enum weir_durability durability;
    /**
     * Bytes of the log between two checkpoints; 0 means 64 MiB. What a checkpoint does not cover is in memory, too, and
     * is what a restart replays: at most four times this, then acknowledgements wait for the flush under way.
     */
    uint64_t flush_bytes;
    /* Security; upstream's keys in brackets. All of these files but the key are looked at again and again, and used
     * anew when they change: connections under way stay as they are. What is wrong with a changed file is logged, and
     * the old content stays in use. */
    const char *tls_certificate;  /**< PEM chain: all ports speak TLS 1.2 and 1.3 [security.tls.server.certificate] */
    const char *tls_private_key;  /**< PEM, not encrypted [security.tls.server.privateKey] */
    const char *auth_accounts;    /**< lines "user:hash:rights": nobody else may do anything, and nothing but what the
                                   *   rights say [security.pwdAuthHandler.accountsDb] */
    const char *auth_signing_key; /**< a file whose text signs delegation tokens; NULL: a key that the store makes and
                                   *   keeps [security.auth.delegationToken.signingKey.basis] */
    int64_t auth_token_ttl_s;     /**< 0 means 600; -1: tokens never end [security.auth.delegationToken.ttl.seconds] */
    int64_t security_look_ms;     /**< between two looks at the files; 0 means 5000 */
    /** Connections to the segment service; those beyond are closed at once. 0 means 16384. */
    uint32_t connections_max;
    /**
     * What the segment service's connections may hold together: half of it in frames that arrive and appends that are
     * not durable, half in replies that were not sent. When a half is used up, those who ask for more of it are not
     * read until others have let go; who holds it and has not moved a byte for 10 s meanwhile is ended. Beside it, at
     * most 64 KiB for each connection in the middle of a frame and for each that has one more reply coming, 300 bytes
     * for each command under way and 150 for each writer of a connection (4096 at most). 0 means 256 MiB, at least 64
     * MiB.
     */
    uint64_t connection_bytes_max;
    /** Connections to the controller: one more takes the place of the one that has had no calls longest. 0: 2048. */
    uint32_t controller_connections_max;
    /** Connections over HTTP; likewise. 0 means 256. */
    uint32_t rest_connections_max;
    /**
     * What the connections of the controller and of HTTP may hold together: calls until they are answered, answers
     * until they are fetched. A call or a long answer that does not fit is refused as what may be tried again
     * (RESOURCE_EXHAUSTED, 503); while more than half is held, who holds some of it and has not moved a byte for 10 s
     * is ended. Beside it, each of them may always hold 64 KiB, so that others are served meanwhile, and HTTP 33 KiB to
     * read into. 0 means 64 MiB, at least 16 MiB.
     */
    uint64_t call_bytes_max;
    const char *const *settings; /**< "NAME=VALUE" each, of WEIR_STORE_SETTINGS_MAP; NULL ends them */
    bool rest;                    /**< also serve Pravega's management API, health and metrics over HTTP */
    uint16_t rest_port;           /**< 0 picks a free one */
};

#define WEIR_STORE_CONNECTIONS_DEFAULT 16384u
#define WEIR_STORE_CONNECTION_BYTES_DEFAULT (UINT64_C(256) << 20)
#define WEIR_STORE_CONTROLLER_CONNECTIONS_DEFAULT 2048u
#define WEIR_STORE_REST_CONNECTIONS_DEFAULT 256u
#define WEIR_STORE_CALL_BYTES_DEFAULT (UINT64_C(64) << 20)
#define WEIR_STORE_CALL_BYTES_LEAST (UINT64_C(16) << 20)

/**
 * Recovers `data_dir` (made if missing) and serves. Blocks while it recovers; call it on the loop's thread or before
 * the loop runs.
 * @retval WEIR_E_BUSY     another process holds the folder (the message names it), or a port is taken
 * @retval WEIR_E_DAMAGED  a file is damaged elsewhere than at its torn end: the message names file and offset
 * @retval WEIR_E_INVAL    a file of certificates, accounts or keys is not what it should be: the message names it; no
 *                         such setting, or a value out of its range; a host that clients could not connect to
 * @retval WEIR_E_NOT_FOUND, WEIR_E_FULL, WEIR_E_DENIED, WEIR_E_IO
 */
enum weir_status weir_store_open(struct weir_loop *loop, const struct weir_store_options *options,
                                 struct weir_store **out, struct weir_error *err);
/** Ends connections, syncs, releases the folder. Blocks for the last sync. On the loop's thread or after it. NULL is
 * fine. */
void weir_store_close(struct weir_store *store);

/**
 * Reads certificates and accounts anew at once, without waiting for the next look at them; what came of it is logged.
 * `weir store` does it on SIGHUP. On the loop's thread.
 */
void weir_store_reload(struct weir_store *store);

uint16_t weir_store_controller_port(const struct weir_store *store);
uint16_t weir_store_segment_port(const struct weir_store *store);
/** 0: it was not asked for. */
uint16_t weir_store_rest_port(const struct weir_store *store);
/** "tcp://127.0.0.1:9090", "tls://..." with a certificate; lives as long as the store. */
const char *weir_store_uri(const struct weir_store *store);

struct weir_store_stats {
    uint64_t append_count, append_bytes, event_count, sync_count, read_bytes, connection_count;
    uint64_t connection_bytes, connection_bytes_max; /**< held for connections: now, and the most since open */
    uint64_t refused_count; /**< connections that were not let in */
    uint64_t stuck_count;   /**< ended because others waited for what they held */
    uint64_t late_count;    /**< ended because what they began did not arrive, calls to the controller included */
    uint64_t call_connection_count;      /**< to the controller and over HTTP */
    uint64_t call_bytes, call_bytes_max; /**< held for them: now, and the most since open */
    uint64_t call_refused_count;         /**< calls and answers for which there was no room */
    uint64_t call_stuck_count;           /**< connections of theirs, ended because others needed what they held */
};
void weir_store_stats(const struct weir_store *store, struct weir_store_stats *out);

/**
 * A line for a file of accounts, with a new salt: "ada:3530...:prn::*,READ_UPDATE\n". Slow: milliseconds.
 * @param rights "RESOURCE,PERMISSION;..." or ""
 * @retval WEIR_E_INVAL a user's name has no colon, no line end, and no '#' in front; rights are of that form
 * @retval WEIR_E_IO, WEIR_E_NOMEM
 */
enum weir_status weir_store_account_line(struct weir_view user, struct weir_view password, struct weir_view rights,
                                         struct weir_buf *out, struct weir_error *err);

#ifdef __cplusplus
}
#endif

#endif
