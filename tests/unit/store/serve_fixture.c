/*
 * serve_fixture.c - a store on a real loop, and peers that talk to it.
 */
#include "serve_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "pravega/wire_inbox.h"
#include "weir/fs.h"
#include "weir/host.h"

#define CALL_LIMIT_MS 200000
#define GIVE_UP_NS (100 * WEIR_NS_PER_S) /* only a hang takes so long, on any machine */
#define LOOK_NS WEIR_NS_PER_MS          /* at the log */

struct served {
    struct weir_host *host;
    struct weir_loop *loop;
    struct weir_store *store;
    struct weir_grpc_channel *channel;
    struct weir_timer give_up, look;
    FILE *log; /* its own; NULL: the test's */
    off_t log_at; /* behind the last line that was waited for */
    struct weir_store_options options;
    struct weir_tls *tls;
    char dir[64], *authorization;
    ProtobufCMessage *reply;
};

static void gave_up(void *arg)
{
    (void)arg;
    ck_abort_msg("the store did not answer");
}

static void stop_loop(void *arg)
{
    struct served *served = arg;

    weir_loop_stop(served->loop);
}

/* Turns the loop until somebody stops it. */
static void wait_on(struct served *served)
{
    weir_timer_start(served->loop, &served->give_up, GIVE_UP_NS);
    weir_loop_run(served->loop);
    weir_timer_stop(served->loop, &served->give_up);
}

void served_start(struct served *served)
{
    struct weir_target at = {.host = "127.0.0.1", .tls = served->tls};
    struct weir_error err = {0};

    ck_assert_msg(weir_store_open(served->loop, &served->options, &served->store, &err) == WEIR_OK, "%s", err.message);
    at.port = weir_store_controller_port(served->store);
    ck_assert_int_eq(weir_grpc_channel_new(served->loop, &at, served->authorization, &served->channel, &err), WEIR_OK);
}

void served_show(struct served *served, const char *authorization)
{
    free(served->authorization);
    served->authorization = authorization != NULL ? strdup(authorization) : NULL;
    ck_assert_int_eq(weir_grpc_channel_authorize(served->channel, authorization, NULL), WEIR_OK);
}

void served_stop(struct served *served)
{
    weir_grpc_channel_free(served->channel);
    weir_store_close(served->store);
}

struct served *served_new(void)
{
    return served_new_with(&(struct weir_store_options){0}, NULL);
}

static struct served *new_on(const struct weir_host_options *host_options, const struct weir_store_options *options,
                             struct weir_tls *tls)
{
    struct served *served = calloc(1, sizeof(*served));

    ck_assert_ptr_nonnull(served);
    served->options = *options;
    served->options.data_dir = served->dir;
    served->options.rest = true;
    served->tls = tls;
    snprintf(served->dir, sizeof(served->dir), "/tmp/weir-serve-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(served->dir));
    ck_assert_int_eq(weir_host_new(host_options, &served->host, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_new(served->host, "test", &served->loop, NULL), WEIR_OK);
    served->give_up = (struct weir_timer){.fn = gave_up};
    served->look = (struct weir_timer){.fn = stop_loop, .arg = served};
    served_start(served);
    return served;
}

struct served *served_new_with(const struct weir_store_options *options, struct weir_tls *tls)
{
    FILE *log = tmpfile();
    struct served *served;

    ck_assert_ptr_nonnull(log);
    served = new_on(&(struct weir_host_options){.log_level = WEIR_LOG_INFO, .log_fd = fileno(log)}, options, tls);
    served->log = log;
    return served;
}

struct served *served_new_logging(const struct weir_store_options *options, int log_fd)
{
    return new_on(&(struct weir_host_options){.log_fd = log_fd}, options, NULL);
}

void served_restart(struct served *served)
{
    served_stop(served);
    served_start(served);
}

static enum weir_status remove_one(void *arg, const char *name, bool is_dir)
{
    struct served *served = arg;
    char path[512];

    (void)is_dir;
    snprintf(path, sizeof(path), "%s/%s", served->dir, name);
    return weir_fs_remove(weir_host_fs(served->host), path, NULL);
}

void served_free(struct served *served)
{
    served_stop(served);
    pravega_proto_free(served->reply);
    weir_fs_list(weir_host_fs(served->host), served->dir, remove_one, served, NULL);
    ck_assert_int_eq(weir_fs_remove(weir_host_fs(served->host), served->dir, NULL), WEIR_OK);
    weir_loop_free(served->loop);
    weir_host_free(served->host);
    if (served->log != NULL)
        fclose(served->log);
    free(served->authorization);
    free(served);
}

const char *served_dir(const struct served *served)
{
    return served->dir;
}

struct weir_store *served_store(struct served *served)
{
    return served->store;
}

struct weir_loop *served_loop(struct served *served)
{
    return served->loop;
}

/* --- The log ---------------------------------------------------------------------------------------------------- */

/* The next line that the log has; false if all of them were read. */
static bool next_line(struct served *served, char *line, size_t cap)
{
    ssize_t got = pread(fileno(served->log), line, cap - 1, served->log_at);
    char *end;

    ck_assert_int_ge(got, 0);
    end = memchr(line, '\n', (size_t)got);
    if (end == NULL)
        return false;
    *end = '\0';
    served->log_at += end + 1 - line;
    return true;
}

void served_await_line(struct served *served, const char *words)
{
    char line[2048];

    weir_timer_start(served->loop, &served->give_up, GIVE_UP_NS);
    do {
        while (!next_line(served, line, sizeof(line))) {
            weir_timer_start(served->loop, &served->look, LOOK_NS);
            weir_loop_run(served->loop);
        }
    } while (strstr(line, words) == NULL);
    weir_timer_stop(served->loop, &served->give_up);
}

/* --- Wire ------------------------------------------------------------------------------------------------------- */

struct peer {
    struct served *served;
    struct weir_conn *conn;
    struct pravega_wire_inbox inbox;
    struct weir_buf out;
    struct pravega_wire_command cmd;
    struct pravega_wire_area *area; /* where cmd lies */
    bool open, ended;
};

static void send_more(struct peer *peer)
{
    struct iovec iov = {peer->out.ptr, peer->out.len};
    size_t taken = 0;

    if (!peer->open || peer->out.len == 0 || weir_conn_writev(peer->conn, &iov, 1, &taken, NULL) != WEIR_OK)
        return;
    weir_buf_consume(&peer->out, taken);
}

static void peer_open(void *arg)
{
    struct peer *peer = arg;

    peer->open = true;
    send_more(peer);
    weir_loop_stop(peer->served->loop);
}

static void peer_readable(void *arg)
{
    struct peer *peer = arg;
    size_t cap, got = 0;
    uint8_t *room = pravega_wire_inbox_room(&peer->inbox, &cap);
    enum weir_status status = weir_conn_read(peer->conn, room, cap, &got, NULL);

    if (status == WEIR_OK)
        pravega_wire_inbox_filled(&peer->inbox, got);
    else if (status != WEIR_E_AGAIN)
        peer->ended = true;
    weir_loop_stop(peer->served->loop);
}

static void peer_writable(void *arg)
{
    send_more(arg);
}

static void peer_error(void *arg, const struct weir_error *why)
{
    struct peer *peer = arg;

    (void)why;
    peer->ended = true;
    weir_loop_stop(peer->served->loop);
}

static const struct weir_conn_handler peer_handler = {peer_open, peer_readable, peer_writable, peer_error};

struct peer *peer_new(struct served *served)
{
    return peer_new_trusting(served, served->tls);
}

struct peer *peer_new_trusting(struct served *served, struct weir_tls *tls)
{
    struct weir_target to = {.host = "127.0.0.1", .port = weir_store_segment_port(served->store), .tls = tls};
    struct peer *peer = calloc(1, sizeof(*peer));

    ck_assert_ptr_nonnull(peer);
    peer->served = served;
    pravega_wire_inbox_init(&peer->inbox);
    weir_buf_init(&peer->out, (size_t)256 << 20);
    ck_assert_int_eq(weir_net_connect(served->loop, &to, &peer_handler, peer, &peer->conn, NULL), WEIR_OK);
    while (!peer->open && !peer->ended)
        wait_on(served);
    return peer;
}

bool peer_is_open(const struct peer *peer)
{
    return peer->open;
}

void peer_free(struct peer *peer)
{
    weir_conn_close(peer->conn);
    pravega_wire_area_unref(peer->area);
    pravega_wire_inbox_fini(&peer->inbox);
    weir_buf_fini(&peer->out);
    free(peer);
}

void peer_send_bytes(struct peer *peer, const void *bytes, size_t len)
{
    weir_buf_append(&peer->out, bytes, len);
    ck_assert_int_eq(peer->out.status, WEIR_OK);
    send_more(peer);
}

void peer_send(struct peer *peer, const struct pravega_wire_command *cmd)
{
    pravega_wire_encode(&peer->out, cmd);
    ck_assert_int_eq(peer->out.status, WEIR_OK);
    send_more(peer);
}

/* False: the connection ended first. */
static bool take_frame(struct peer *peer)
{
    for (;;) {
        struct pravega_wire_frame frame;
        enum weir_status status = pravega_wire_inbox_next(&peer->inbox, &frame, NULL);

        if (status == WEIR_OK) {
            pravega_wire_area_unref(peer->area);
            peer->area = pravega_wire_area_ref(frame.area);
            ck_assert_int_eq(pravega_wire_decode(frame.type, frame.payload, &peer->cmd, NULL), WEIR_OK);
            return true;
        }
        ck_assert_int_eq(status, WEIR_E_AGAIN);
        if (peer->ended)
            return false;
        wait_on(peer->served);
    }
}

const struct pravega_wire_command *peer_next(struct peer *peer)
{
    ck_assert_msg(take_frame(peer), "the store closed the connection");
    return &peer->cmd;
}

const struct pravega_wire_command *peer_take(struct peer *peer)
{
    return take_frame(peer) ? &peer->cmd : NULL;
}

const struct pravega_wire_command *peer_expect(struct peer *peer, enum pravega_wire_type type)
{
    peer_next(peer);
    ck_assert_msg(peer->cmd.type == type, "%s came where %s was due", pravega_wire_name(peer->cmd.type),
                  pravega_wire_name(type));
    return &peer->cmd;
}

void peer_expect_end(struct peer *peer)
{
    if (take_frame(peer))
        ck_abort_msg("%s came where the end was due", pravega_wire_name(peer->cmd.type));
}

/* --- HTTP ------------------------------------------------------------------------------------------------------- */

struct http_client {
    struct served *served;
    struct weir_conn *conn;
    struct weir_buf out, *in;
    bool ended;
};

static void http_send(struct http_client *client)
{
    struct iovec iov = {client->out.ptr, client->out.len};
    size_t taken = 0;

    if (client->out.len > 0 && weir_conn_writev(client->conn, &iov, 1, &taken, NULL) == WEIR_OK)
        weir_buf_consume(&client->out, taken);
}

static void http_writable(void *arg)
{
    http_send(arg);
}

static void http_readable(void *arg)
{
    struct http_client *client = arg;
    uint8_t *room = weir_buf_reserve(client->in, 65536);
    size_t got = 0;

    ck_assert_ptr_nonnull(room);
    if (weir_conn_read(client->conn, room, 65536, &got, NULL) == WEIR_OK)
        client->in->len += got;
}

static void http_over(void *arg, const struct weir_error *why)
{
    struct http_client *client = arg;

    (void)why;
    client->ended = true;
    weir_loop_stop(client->served->loop);
}

static const struct weir_conn_handler http_handler = {http_writable, http_readable, http_writable, http_over};

int http(struct served *served, const char *method_and_path, const char *headers, const char *body,
         struct weir_buf *answer)
{
    struct weir_target to = {.host = "127.0.0.1", .port = weir_store_rest_port(served->store), .tls = served->tls};
    struct http_client client = {.served = served, .in = answer};
    int status = 0;
    const char *text;

    weir_buf_reset(answer);
    weir_buf_init(&client.out, 1 << 20);
    weir_buf_printf(&client.out, "%s HTTP/1.1\r\nHost: here\r\nConnection: close\r\n%s", method_and_path, headers);
    if (body != NULL)
        weir_buf_printf(&client.out, "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
    else
        weir_buf_printf(&client.out, "\r\n");
    ck_assert_int_eq(weir_net_connect(served->loop, &to, &http_handler, &client, &client.conn, NULL), WEIR_OK);
    while (!client.ended)
        wait_on(served);
    weir_conn_close(client.conn);
    weir_buf_fini(&client.out);
    weir_buf_u8(answer, 0);
    text = (const char *)answer->ptr;
    ck_assert_msg(sscanf(text, "HTTP/1.1 %d ", &status) == 1 && strstr(text, "\r\n\r\n") != NULL, "%s", text);
    weir_buf_consume(answer, (size_t)(strstr(text, "\r\n\r\n") + 4 - text));
    return status;
}

/* --- gRPC ------------------------------------------------------------------------------------------------------- */

struct outcome {
    struct served *served;
    const ProtobufCMessageDescriptor *type;
    enum weir_grpc_code code;
    bool over;
};

static void rpc_done(void *arg, enum weir_grpc_code code, struct weir_view reply, const struct weir_error *why)
{
    struct outcome *outcome = arg;

    (void)why;
    outcome->code = code;
    outcome->over = true;
    if (code == WEIR_GRPC_OK)
        ck_assert_int_eq(pravega_proto_unpack(outcome->type, reply, &outcome->served->reply, NULL), WEIR_OK);
    weir_loop_stop(outcome->served->loop);
}

const void *rpc(struct served *served, const char *name, const void *request, enum weir_grpc_code *code)
{
    struct outcome outcome = {.served = served};
    struct weir_grpc_call *call;
    char path[256];
    uint8_t *packed;
    size_t len;

    snprintf(path, sizeof(path), "%s%s", PRAVEGA_CONTROLLER_PATH, name);
    ck_assert_ptr_nonnull(pravega_proto_method(path));
    outcome.type = pravega_proto_method(path)->output;
    pravega_proto_free(served->reply);
    served->reply = NULL;
    ck_assert_int_eq(pravega_proto_pack(request, &packed, &len, NULL), WEIR_OK);
    ck_assert_int_eq(
        weir_grpc_call(served->channel, path, weir_view(packed, len), CALL_LIMIT_MS, rpc_done, &outcome, &call, NULL),
        WEIR_OK);
    free(packed);
    while (!outcome.over)
        wait_on(served);
    if (code != NULL)
        *code = outcome.code;
    else
        ck_assert_msg(outcome.code == WEIR_GRPC_OK, "%s: gRPC code %d", name, outcome.code);
    return served->reply;
}

Pravega__StreamInfo stream_info(const char *scope, const char *stream)
{
    Pravega__StreamInfo info = PRAVEGA__STREAM_INFO__INIT;

    info.scope = pravega_proto_str(scope);
    info.stream = pravega_proto_str(stream);
    return info;
}

void make_scope(struct served *served, const char *scope)
{
    Pravega__ScopeInfo info = PRAVEGA__SCOPE_INFO__INIT;
    const Pravega__CreateScopeStatus *reply;

    info.scope = pravega_proto_str(scope);
    reply = rpc(served, "createScope", &info, NULL);
    ck_assert_int_eq(reply->status, PRAVEGA__CREATE_SCOPE_STATUS__STATUS__SUCCESS);
}

void make_stream(struct served *served, const char *scope, const char *stream, int32_t segments)
{
    Pravega__StreamConfig config = PRAVEGA__STREAM_CONFIG__INIT;
    Pravega__StreamInfo info = stream_info(scope, stream);
    Pravega__ScalingPolicy scaling = PRAVEGA__SCALING_POLICY__INIT;
    const Pravega__CreateStreamStatus *reply;

    scaling.minnumsegments = segments;
    config.streaminfo = &info;
    config.scalingpolicy = &scaling;
    reply = rpc(served, "createStream", &config, NULL);
    ck_assert_int_eq(reply->status, PRAVEGA__CREATE_STREAM_STATUS__STATUS__SUCCESS);
}
