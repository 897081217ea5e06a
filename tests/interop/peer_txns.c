/*
 * peer_txns.c - the verbs on transactions. None is held longer than its verb, but by txn-hold.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer.h"

static bool parse_id(const char *text, struct pravega_txn_id *id)
{
    uint64_t part[5];
    int len = 0;

    if (sscanf(text, "%8" SCNx64 "-%4" SCNx64 "-%4" SCNx64 "-%4" SCNx64 "-%12" SCNx64 "%n", &part[0], &part[1],
               &part[2], &part[3], &part[4], &len) != 5 ||
        len != 36 || text[36] != '\0') {
        fprintf(stderr, "peer: %s is no id\n", text);
        return false;
    }
    *id = (struct pravega_txn_id){part[0] << 32 | part[1] << 16 | part[2], part[3] << 48 | part[4]};
    return true;
}

static enum weir_status begin_and_print(struct pravega_session *session, char **arguments, struct pravega_txn **txn,
                                        struct weir_error *err)
{
    struct pravega_txn_options options = {.lease_ms = atoll(arguments[1])};
    struct pravega_stream_name stream;
    struct peer_name room;
    char text[37];
    enum weir_status status;

    if (!peer_stream(arguments[0], &room, &stream))
        return weir_fail(err, WEIR_E_INVAL, "%s is no stream", arguments[0]);
    status = pravega_await_txn_begin(session, &stream, &options, txn, err);
    if (status != WEIR_OK)
        return status;
    pravega_txn_id_text(pravega_txn_id(*txn), text);
    printf("%s\n", text);
    fflush(stdout);
    return WEIR_OK;
}

static int begin(struct pravega_session *session, char **arguments, int count)
{
    struct pravega_txn *txn = NULL;
    struct weir_error err = {0};
    enum weir_status status = begin_and_print(session, arguments, &txn, &err);

    (void)count;
    pravega_txn_free(txn);
    return peer_end(status, &err);
}

/* Keeps it alive for so long. */
static int hold(struct pravega_session *session, char **arguments, int count)
{
    struct pravega_txn *txn = NULL;
    struct weir_error err = {0};
    enum weir_status status = begin_and_print(session, arguments, &txn, &err);
    int64_t deadline_ns = 0;

    (void)count;
    if (status == WEIR_OK)
        pravega_await_ready(session, atoll(arguments[2]), &deadline_ns, &err);
    pravega_txn_free(txn);
    return peer_end(status, &err);
}

/* Numbered events into a transaction that somebody else began. */
static enum weir_status write_numbers(struct pravega_session *session, struct pravega_txn *txn, int from, int to,
                                      struct weir_error *err)
{
    enum weir_status status = WEIR_OK;

    for (int number = from; number < to && status == WEIR_OK; number++) {
        struct peer_event event;
        struct weir_view key = peer_event(number, &event);

        status = pravega_await_txn_write(session, txn, &key, weir_view_str(event.text), err);
    }
    return status == WEIR_OK ? pravega_await_txn_flush(session, txn, err) : status;
}

static int write_into(struct pravega_session *session, char **arguments, int count)
{
    struct pravega_txn *txn = NULL;
    struct pravega_stream_name stream;
    struct pravega_txn_id id;
    struct peer_name room;
    struct weir_error err = {0};
    enum weir_status status;

    (void)count;
    if (!peer_stream(arguments[0], &room, &stream) || !parse_id(arguments[1], &id))
        return 2;
    status = pravega_await_txn_resume(session, &stream, id, NULL, &txn, &err);
    if (status == WEIR_OK)
        status = write_numbers(session, txn, atoi(arguments[2]), atoi(arguments[3]), &err);
    pravega_txn_free(txn);
    return peer_end(status, &err);
}

static int commit(struct pravega_session *session, char **arguments, int count)
{
    struct pravega_stream_name stream;
    struct pravega_txn_id id;
    struct peer_name room;
    struct weir_error err = {0};

    (void)count;
    if (!peer_stream(arguments[0], &room, &stream) || !parse_id(arguments[1], &id))
        return 2;
    return peer_end(pravega_await_txn_commit_id(session, &stream, id, &err), &err);
}

static int abort_it(struct pravega_session *session, char **arguments, int count)
{
    struct pravega_stream_name stream;
    struct pravega_txn_id id;
    struct peer_name room;
    struct weir_error err = {0};

    (void)count;
    if (!peer_stream(arguments[0], &room, &stream) || !parse_id(arguments[1], &id))
        return 2;
    return peer_end(pravega_await_txn_abort_id(session, &stream, id, &err), &err);
}

static int show_status(struct pravega_session *session, char **arguments, int count)
{
    enum pravega_txn_status txn_status;
    struct pravega_stream_name stream;
    struct pravega_txn_id id;
    struct peer_name room;
    struct weir_error err = {0};

    (void)count;
    if (!peer_stream(arguments[0], &room, &stream) || !parse_id(arguments[1], &id))
        return 2;
    if (pravega_await_txn_status(session, &stream, id, &txn_status, &err) != WEIR_OK)
        return peer_fail(&err);
    printf("%s\n", pravega_txn_status_name(txn_status));
    return 0;
}

static void show_infos(void *arg, enum weir_status status, const struct pravega_txn_info *txns, size_t count,
                       const struct weir_error *why)
{
    char text[37];

    for (size_t i = 0; i < count; i++) {
        pravega_txn_id_text(txns[i].id, text);
        printf("%s %s\n", text, pravega_txn_status_name(txns[i].status));
    }
    pravega_await_done(arg, status, why);
}

static int list(struct pravega_session *session, char **arguments, int count)
{
    struct pravega_stream_name stream;
    struct pravega_await *await;
    struct peer_name room;
    struct weir_error err = {0};

    (void)count;
    if (!peer_stream(arguments[0], &room, &stream))
        return 2;
    await = pravega_await_begin(session, NULL);
    if (await != NULL)
        pravega_txn_list_completed(pravega_session_client(session), &stream, show_infos, await);
    return peer_end(pravega_await_end(session, await, &err), &err);
}

const struct peer_verb peer_txn_verbs[] = {
    {"txn-begin", "SCOPE/STREAM LEASE-MS             its id; nobody pings it", 2, 2, begin},
    {"txn-hold", "SCOPE/STREAM LEASE-MS MS           its id; pinged for so long", 3, 3, hold},
    {"txn-write", "SCOPE/STREAM ID FROM TO           numbered events", 4, 4, write_into},
    {"txn-commit", "SCOPE/STREAM ID", 2, 2, commit},
    {"txn-abort", "SCOPE/STREAM ID", 2, 2, abort_it},
    {"txn-status", "SCOPE/STREAM ID", 2, 2, show_status},
    {"txn-list", "SCOPE/STREAM                       those that ended most lately", 1, 1, list},
    {0},
};
