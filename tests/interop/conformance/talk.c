/*
 * talk.c - one server, spoken to.
 *
 * A connection's frames are decoded as they come and kept as text. A connection that the server closed says "A closed"
 * once, and stays silent.
 */
#include "talk.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/grpc_message.h"
#include "pravega/wire_inbox.h"
#include "proto_text.h"
#include "weir/net.h"
#include "wire_text.h"

#define CALL_DEADLINE_MS 120000
#define NAMES_COUNT 26

struct link {
    struct talk *talk;
    char name;
    struct weir_conn *conn; /* NULL: not in use */
    struct pravega_wire_inbox inbox;
    struct weir_buf out;   /* not sent yet */
    struct weir_buf heard; /* lines */
    bool open, ended, told;
    bool acked; /* the last line is an acknowledgement: */
    struct pravega_wire_data_appended ack;
    size_t ack_start; /* where its line begins */
};

struct talk {
    struct weir_host *host;
    struct weir_loop *loop;
    struct weir_grpc_channel *channel;
    struct weir_timer timer;
    bool time_up;
    struct labels *labels;
    char address[256];
    uint16_t segment_port;
    struct link links[NAMES_COUNT];
};

/* --- Waiting ------------------------------------------------------------------------------------------------------ */

static void time_is_up(void *arg)
{
    struct talk *talk = arg;

    talk->time_up = true;
    weir_loop_stop(talk->loop);
}

bool talk_wait(struct talk *talk, int64_t time_ns)
{
    talk->time_up = false;
    weir_timer_start(talk->loop, &talk->timer, time_ns);
    weir_loop_run(talk->loop);
    weir_timer_stop(talk->loop, &talk->timer);
    return !talk->time_up;
}

/* --- Calls -------------------------------------------------------------------------------------------------------- */

struct outcome {
    struct talk *talk;
    const ProtobufCMessageDescriptor *type;
    ProtobufCMessage *reply;
    enum weir_grpc_code code;
    bool over;
};

static void call_done(void *arg, enum weir_grpc_code code, struct weir_view reply, const struct weir_error *why)
{
    struct outcome *outcome = arg;

    (void)why;
    outcome->code = code;
    outcome->over = true;
    if (code == WEIR_GRPC_OK)
        pravega_proto_unpack(outcome->type, reply, &outcome->reply, NULL);
    weir_loop_stop(outcome->talk->loop);
}

static struct outcome call(struct talk *talk, const ProtobufCMethodDescriptor *method, struct weir_view message)
{
    struct outcome outcome = {.talk = talk, .type = method->output, .code = WEIR_GRPC_UNAVAILABLE};
    char path[160];

    snprintf(path, sizeof(path), "%s%s", PRAVEGA_CONTROLLER_PATH, method->name);
    if (weir_grpc_call(talk->channel, path, message, CALL_DEADLINE_MS, call_done, &outcome, NULL, NULL) != WEIR_OK)
        return outcome;
    while (!outcome.over)
        talk_wait(talk, WEIR_NS_PER_S);
    return outcome;
}

void talk_call(struct talk *talk, const ProtobufCMethodDescriptor *method, struct weir_view message,
               struct weir_buf *answer)
{
    struct outcome outcome = call(talk, method, message);

    if (outcome.reply != NULL)
        put_message(answer, outcome.reply, talk->labels);
    else
        weir_buf_printf(answer, "%s",
                        outcome.code != WEIR_GRPC_OK ? weir_grpc_code_name(outcome.code) : "(no message)");
    weir_buf_printf(answer, "\n");
    pravega_proto_free(outcome.reply);
}

/* --- Connections -------------------------------------------------------------------------------------------------- */

static void send_more(struct link *link)
{
    struct iovec iov = {link->out.ptr, link->out.len};
    size_t taken = 0;

    if (link->open && link->out.len > 0 && weir_conn_writev(link->conn, &iov, 1, &taken, NULL) == WEIR_OK)
        weir_buf_consume(&link->out, taken);
}

static void on_open(void *arg)
{
    ((struct link *)arg)->open = true;
    send_more(arg);
}

static void on_writable(void *arg)
{
    send_more(arg);
}

static void ended(struct link *link)
{
    link->ended = true;
    if (!link->told)
        weir_buf_printf(&link->heard, "%c closed\n", link->name);
    link->told = true;
    weir_conn_want_read(link->conn, false);
    weir_loop_stop(link->talk->loop);
}

/* One acknowledgement may stand for several; so may several lines. */
static bool goes_on(const struct link *link, const struct pravega_wire_data_appended *ack)
{
    return link->acked && weir_uuid_equal(link->ack.writer_id, ack->writer_id) &&
           link->ack.request_id == ack->request_id && link->ack.event_number == ack->previous_event_number;
}

static void heard(struct link *link, struct pravega_wire_command *cmd)
{
    if (cmd->type == PRAVEGA_WIRE_DATA_APPENDED && goes_on(link, &cmd->data_appended)) {
        cmd->data_appended.previous_event_number = link->ack.previous_event_number;
        link->heard.len = link->ack_start;
    }
    link->acked = cmd->type == PRAVEGA_WIRE_DATA_APPENDED;
    link->ack_start = link->heard.len;
    if (link->acked)
        link->ack = cmd->data_appended;
    weir_buf_printf(&link->heard, "%c ", link->name);
    put_command(&link->heard, cmd, link->talk->labels);
    weir_buf_printf(&link->heard, "\n");
}

static void take_frames(struct link *link)
{
    struct pravega_wire_command cmd;
    struct pravega_wire_frame frame;
    enum weir_status status;

    while ((status = pravega_wire_inbox_next(&link->inbox, &frame, NULL)) == WEIR_OK) {
        if (pravega_wire_decode(frame.type, frame.payload, &cmd, NULL) == WEIR_OK)
            heard(link, &cmd);
        else
            weir_buf_printf(&link->heard, "%c (no command: type %" PRId32 ", %zu bytes)\n", link->name, frame.type,
                            frame.payload.len);
    }
    if (status != WEIR_E_AGAIN)
        weir_buf_printf(&link->heard, "%c (no frame)\n", link->name);
}

static void on_readable(void *arg)
{
    struct link *link = arg;
    size_t cap, got = 0;
    uint8_t *room = pravega_wire_inbox_room(&link->inbox, &cap);
    enum weir_status status = room != NULL ? weir_conn_read(link->conn, room, cap, &got, NULL) : WEIR_E_NOMEM;

    if (status == WEIR_OK) {
        pravega_wire_inbox_filled(&link->inbox, got);
        take_frames(link);
    } else if (status != WEIR_E_AGAIN) {
        ended(link);
    }
    weir_loop_stop(link->talk->loop);
}

static void on_error(void *arg, const struct weir_error *why)
{
    (void)why;
    ended(arg);
}

static const struct weir_conn_handler handler = {on_open, on_readable, on_writable, on_error};

static void hang_up(struct link *link)
{
    if (link->conn == NULL)
        return;
    weir_conn_close(link->conn);
    pravega_wire_inbox_fini(&link->inbox);
    weir_buf_fini(&link->out);
    weir_buf_fini(&link->heard);
    memset(link, 0, sizeof(*link));
}

static void dial(struct talk *talk, struct link *link, char name)
{
    struct weir_target to = {.host = talk->address, .port = talk->segment_port};

    *link = (struct link){.talk = talk, .name = name};
    pravega_wire_inbox_init(&link->inbox);
    weir_buf_init(&link->out, (size_t)256 << 20);
    weir_buf_init(&link->heard, (size_t)256 << 20);
    if (weir_net_connect(talk->loop, &to, &handler, link, &link->conn, NULL) != WEIR_OK)
        abort(); /* out of memory */
}

void talk_send(struct talk *talk, char name, struct weir_view bytes)
{
    struct link *link = &talk->links[name - 'A'];

    if (link->conn == NULL)
        dial(talk, link, name);
    if (link->ended)
        return;
    weir_buf_append(&link->out, bytes.ptr, bytes.len);
    send_more(link);
}

void talk_hang_up(struct talk *talk, char name)
{
    hang_up(&talk->links[name - 'A']);
}

void talk_heard(struct talk *talk, struct weir_buf *lines)
{
    for (size_t i = 0; i < NAMES_COUNT; i++) {
        if (talk->links[i].conn != NULL)
            weir_buf_append(lines, talk->links[i].heard.ptr, talk->links[i].heard.len);
    }
}

void talk_take(struct talk *talk)
{
    for (size_t i = 0; i < NAMES_COUNT; i++) {
        if (talk->links[i].conn != NULL)
            weir_buf_reset(&talk->links[i].heard);
        talk->links[i].acked = false;
    }
}

/* --- The server --------------------------------------------------------------------------------------------------- */

/* Where the segments are: on the controller's machine, at the port that it gives for any segment. */
static enum weir_status find_segments(struct talk *talk, struct weir_error *err)
{
    struct outcome outcome = call(talk, pravega_proto_method(PRAVEGA_CONTROLLER_PATH "getURI"),
                                  weir_view("\x0a\x06\x0a\x01"
                                            "a\x12\x01"
                                            "b",
                                            8)); /* of stream a/b */

    if (outcome.reply == NULL)
        return weir_fail(err, WEIR_E_CLOSED, "the controller does not say where its segments are (%s)",
                         weir_grpc_code_name(outcome.code));
    talk->segment_port = (uint16_t)((const Pravega__NodeUri *)outcome.reply)->port;
    pravega_proto_free(outcome.reply);
    return WEIR_OK;
}

enum weir_status talk_open(const char *uri, struct labels *labels, struct talk **out, struct weir_error *err)
{
    struct talk *talk = calloc(1, sizeof(*talk));
    struct weir_target at = {0};
    enum weir_status status;

    if (talk == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "out of memory");
    *out = talk;
    talk->labels = labels;
    talk->timer = (struct weir_timer){.fn = time_is_up, .arg = talk};
    if (sscanf(uri, "tcp://%255[^:]:%hu", talk->address, &at.port) != 2)
        return weir_fail(err, WEIR_E_INVAL, "\"%s\" is not tcp://HOST:PORT", uri);
    at.host = talk->address;
    status = weir_host_new(NULL, &talk->host, err);
    if (status == WEIR_OK)
        status = weir_loop_new(talk->host, "conformance", &talk->loop, err);
    if (status == WEIR_OK)
        status = weir_grpc_channel_new(talk->loop, &at, NULL, &talk->channel, err);
    if (status != WEIR_OK)
        return status;
    labels_init(labels, weir_host_random(talk->host));
    return find_segments(talk, err);
}

void talk_close(struct talk *talk)
{
    if (talk == NULL)
        return;
    for (size_t i = 0; i < NAMES_COUNT; i++)
        hang_up(&talk->links[i]);
    weir_grpc_channel_free(talk->channel);
    weir_loop_free(talk->loop);
    weir_host_free(talk->host);
    free(talk);
}
