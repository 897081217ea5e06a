/*
 * entry_writer.c - appends entries to one segment, one at a time; see the states in the header.
 */
#include "pravega/sync/entry_writer.h"

#include <assert.h>
#include <inttypes.h>

#include "pravega/client_int.h"

/* ---- the end of a write: the last thing that a function does ---- */

static void finish(struct pravega_entry_writer *writer, enum weir_status status, const struct weir_error *why)
{
    pravega_done_fn *done = writer->done;

    writer->done = NULL;
    done(writer->arg, status, why);
}

static void finish_stored(struct pravega_entry_writer *writer)
{
    struct weir_error none = {0};

    finish(writer, WEIR_OK, &none);
}

static void finish_refused(struct pravega_entry_writer *writer)
{
    struct weir_error why = {0};

    weir_fail(&why, WEIR_E_CONFLICT, "segment %s does not end at %" PRId64 " any more", writer->link.segment_name,
              writer->expected_offset);
    finish(writer, why.status, &why);
}

/* The store has forgotten the writer with it. */
static void finish_unusable(struct pravega_entry_writer *writer, enum weir_status status, const char *what)
{
    struct weir_error why = {0};

    weir_fail(&why, status, "segment %s %s", writer->link.segment_name, what);
    pravega_segment_link_stop(&writer->link, false);
    writer->state = PRAVEGA_ENTRY_WRITER_IDLE;
    if (writer->done != NULL)
        finish(writer, status, &why);
}

/* ---- sending ---- */

static void send_setup(struct pravega_entry_writer *writer)
{
    struct pravega_segment_link *link = &writer->link;
    struct pravega_wire_setup_append setup = {link->flow.request_id, writer->writer_id,
                                              weir_view_str(link->segment_name), weir_buf_view(&link->token)};

    writer->state = PRAVEGA_ENTRY_WRITER_SETTING_UP;
    pravega_wire_encode_setup_append(pravega_connection_begin(link->flow.connection), &setup);
    pravega_connection_send(link->flow.connection);
}

static void send_event(struct pravega_entry_writer *writer)
{
    struct pravega_flow *flow = &writer->link.flow;
    struct weir_buf *out = pravega_connection_begin(flow->connection);
    struct weir_view payload =
        weir_view(writer->event.ptr + PRAVEGA_EVENT_HEADER_LEN, writer->event.len - PRAVEGA_EVENT_HEADER_LEN);

    writer->sent_count++;
    if (writer->expected_offset == PRAVEGA_ENTRY_UNCONDITIONAL)
        pravega_wire_encode_append_block_end(
            out, &(struct pravega_wire_append_block_end){.writer_id = writer->writer_id,
                                                         .data = writer->event,
                                                         .event_count = 1,
                                                         .last_event_number = writer->number,
                                                         .request_id = flow->request_id});
    else
        pravega_wire_encode_conditional_append(
            out, &(struct pravega_wire_conditional_append){writer->writer_id, writer->number, writer->expected_offset,
                                                           payload, flow->request_id});
    pravega_connection_send(flow->connection);
}

/* ---- answers ---- */

static void retry(struct pravega_entry_writer *writer, const char *what, int64_t number)
{
    struct weir_error why = {0};

    weir_fail(&why, WEIR_E_PROTO, "the segment store %s, number %" PRId64, what, number);
    writer->state = PRAVEGA_ENTRY_WRITER_SETTING_UP;
    pravega_segment_link_retry(&writer->link, &why);
}

static void on_append_setup(struct pravega_entry_writer *writer, const struct pravega_wire_append_setup *setup)
{
    if (writer->state != PRAVEGA_ENTRY_WRITER_SETTING_UP || !weir_uuid_equal(setup->writer_id, writer->writer_id) ||
        setup->last_event_number > writer->number) {
        retry(writer, "set up another append than asked for", setup->last_event_number);
        return;
    }
    writer->state = PRAVEGA_ENTRY_WRITER_READY;
    if (writer->done == NULL)
        return;
    if (setup->last_event_number == writer->number) {
        pravega_segment_link_works(&writer->link);
        finish_stored(writer);
    } else if (writer->refused) {
        pravega_segment_link_works(&writer->link);
        finish_refused(writer);
    } else {
        send_event(writer);
    }
}

/* Whether an answer is to the write under way. */
static bool is_awaited(const struct pravega_entry_writer *writer, struct weir_uuid writer_id, int64_t number)
{
    return writer->state == PRAVEGA_ENTRY_WRITER_READY && writer->done != NULL && number == writer->number &&
           weir_uuid_equal(writer_id, writer->writer_id);
}

static void on_data_appended(struct pravega_entry_writer *writer, const struct pravega_wire_data_appended *ack)
{
    if (!is_awaited(writer, ack->writer_id, ack->event_number)) {
        retry(writer, "acknowledged an append that was not awaited", ack->event_number);
        return;
    }
    pravega_segment_link_works(&writer->link);
    finish_stored(writer);
}

static void on_check_failed(struct pravega_entry_writer *writer,
                            const struct pravega_wire_conditional_check_failed *reply)
{
    if (!is_awaited(writer, reply->writer_id, reply->event_number) ||
        writer->expected_offset == PRAVEGA_ENTRY_UNCONDITIONAL) {
        retry(writer, "refused an append that was not under way", reply->event_number);
    } else if (writer->sent_count > 1) {
        writer->refused = true;
        retry(writer, "refused an append that it may have stored before", reply->event_number);
    } else {
        pravega_segment_link_works(&writer->link);
        finish_refused(writer);
    }
}

static void on_reply(void *arg, const struct pravega_wire_command *reply, const struct pravega_wire_frame *frame)
{
    struct pravega_entry_writer *writer = arg;

    (void)frame;
    switch (reply->type) {
    case PRAVEGA_WIRE_APPEND_SETUP:
        on_append_setup(writer, &reply->append_setup);
        break;
    case PRAVEGA_WIRE_DATA_APPENDED:
        on_data_appended(writer, &reply->data_appended);
        break;
    case PRAVEGA_WIRE_CONDITIONAL_CHECK_FAILED:
        on_check_failed(writer, &reply->conditional_check_failed);
        break;
    case PRAVEGA_WIRE_SEGMENT_IS_SEALED:
        finish_unusable(writer, WEIR_E_SEALED, "is sealed");
        break;
    case PRAVEGA_WIRE_NO_SUCH_SEGMENT:
        finish_unusable(writer, WEIR_E_NOT_FOUND, "does not exist");
        break;
    default:
        retry(writer, pravega_wire_name(reply->type), reply->type);
    }
}

/* ---- the link ---- */

static void on_up(void *arg)
{
    send_setup(arg);
}

/* Without a write there is nothing to reconnect for. */
static void on_lost(void *arg)
{
    struct pravega_entry_writer *writer = arg;

    writer->state = PRAVEGA_ENTRY_WRITER_SETTING_UP;
    if (writer->done != NULL)
        return;
    writer->state = PRAVEGA_ENTRY_WRITER_IDLE;
    pravega_segment_link_stop(&writer->link, false);
}

static void on_failed(void *arg, const struct weir_error *why)
{
    struct pravega_entry_writer *writer = arg;
    struct weir_error kept = *why;

    writer->state = PRAVEGA_ENTRY_WRITER_IDLE;
    if (writer->done != NULL)
        finish(writer, kept.status, &kept);
}

static const struct pravega_segment_link_handler handler = {on_up, on_reply, on_lost, on_failed};

/* ---- life ---- */

enum weir_status pravega_entry_writer_init(struct pravega_entry_writer *writer, struct pravega_client *client,
                                           const struct pravega_stream_name *stream, pravega_segment_id segment,
                                           struct weir_error *err)
{
    *writer = (struct pravega_entry_writer){.writer_id = weir_uuid_random(&client->rng)};
    return pravega_segment_link_init(&writer->link, client, stream, segment, NULL, PRAVEGA_ACCESS_READ_WRITE, false,
                                     &handler, writer, err);
}

void pravega_entry_writer_fini(struct pravega_entry_writer *writer)
{
    writer->done = NULL;
    pravega_segment_link_fini(&writer->link);
}

void pravega_entry_writer_write(struct pravega_entry_writer *writer, struct weir_view event, int64_t expected_offset,
                                pravega_done_fn *done, void *arg)
{
    assert(writer->done == NULL);
    writer->event = event;
    writer->expected_offset = expected_offset;
    writer->number++;
    writer->sent_count = 0;
    writer->refused = false;
    writer->done = done;
    writer->arg = arg;
    if (writer->state == PRAVEGA_ENTRY_WRITER_READY) {
        send_event(writer);
    } else if (writer->state == PRAVEGA_ENTRY_WRITER_IDLE) {
        writer->state = PRAVEGA_ENTRY_WRITER_SETTING_UP;
        pravega_segment_link_start(&writer->link);
    }
}
