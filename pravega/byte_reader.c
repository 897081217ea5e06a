/*
 * byte_reader.c - the bytes of a stream's one segment, read ahead into a ring.
 *
 *     FINDING --the segment is known--> OPEN --end of a sealed segment--> ENDED
 *                                            --data below the start--> TRUNCATED --read() said so--> OPEN
 *     any --no such segment, no access--> FAILED (final)        ENDED, TRUNCATED --seek--> OPEN
 *
 * One READ_SEGMENT is under way at a time, and answers are told apart by their offset: after a seek the answer to an
 * older question is dropped, unless it is just what is due.
 *
 *     ring  |....|- held -|-- buffered ---->|........|     offset: of the first buffered byte; fetch_offset: after the
 *                         at                              last one
 */
#include <inttypes.h>
#include <stdlib.h>

#include "pravega/byte_segment.h"
#include "pravega/client_int.h"

#define BUFFER_BYTES_DEFAULT ((size_t)1 << 20)
#define BUFFER_BYTES_MIN ((size_t)1 << 10)
#define BUFFER_BYTES_MAX ((size_t)10 << 20)
#define ASK_BYTES_MIN ((size_t)256 << 10) /* upstream's; or the whole buffer, if that is less */
#define ASK_BYTES_MAX ((size_t)2 << 20)   /* the store's own limit */

enum byte_reader_state { READER_FINDING, READER_OPEN, READER_ENDED, READER_TRUNCATED, READER_FAILED };

struct pravega_byte_reader {
    struct pravega_byte_segment segment;
    struct pravega_client *client;
    struct pravega_segment_link link; /* from OPEN on */
    enum byte_reader_state state;
    struct weir_error why; /* in FAILED */
    uint8_t *ring;
    size_t cap, at, len;
    size_t held; /* bytes before `at` that were handed out last, and stay as they are until the next call */
    int64_t offset, fetch_offset;
    int64_t truncated_to; /* in TRUNCATED */
    bool from_head;       /* nothing is lost if what is before the head is gone */
    bool asked;           /* a READ_SEGMENT at fetch_offset is under way */
    bool waiting;         /* AGAIN was said */
    void (*on_ready)(void *arg);
    void *arg;
};

/* ---- the ring ---- */

static void put(struct pravega_byte_reader *reader, struct weir_view data)
{
    size_t end = (reader->at + reader->len) % reader->cap, part = reader->cap - end;

    if (part > data.len)
        part = data.len;
    if (part > 0)
        memcpy(reader->ring + end, data.ptr, part);
    if (data.len > part)
        memcpy(reader->ring, data.ptr + part, data.len - part);
    reader->len += data.len;
    reader->fetch_offset += (int64_t)data.len;
}

static struct weir_view take(struct pravega_byte_reader *reader, size_t len_max)
{
    size_t len = reader->cap - reader->at;
    struct weir_view bytes;

    if (len > reader->len)
        len = reader->len;
    if (len > len_max)
        len = len_max;
    bytes = weir_view(reader->ring + reader->at, len);
    reader->at = (reader->at + len) % reader->cap;
    reader->len -= len;
    reader->offset += (int64_t)len;
    return bytes;
}

/* ---- asking for more ---- */

static size_t room_of(const struct pravega_byte_reader *reader)
{
    return reader->cap - reader->len - reader->held;
}

static void ask(struct pravega_byte_reader *reader)
{
    struct pravega_segment_link *link = &reader->link;
    size_t room = room_of(reader), step = reader->cap < ASK_BYTES_MIN ? reader->cap : ASK_BYTES_MIN;

    if (reader->asked || reader->state != READER_OPEN || !pravega_segment_link_is_up(link) || room < step)
        return;
    if (room > ASK_BYTES_MAX)
        room = ASK_BYTES_MAX;
    pravega_wire_encode_read_segment(
        pravega_connection_begin(link->flow.connection),
        &(struct pravega_wire_read_segment){weir_view_str(link->segment_name), reader->fetch_offset, (int32_t)room,
                                            weir_buf_view(&link->token), link->flow.request_id});
    pravega_connection_send(link->flow.connection);
    reader->asked = true;
}

/* Always last: the application may free the reader. */
static void tell(struct pravega_byte_reader *reader)
{
    if (!reader->waiting || (reader->len == 0 && reader->state == READER_OPEN))
        return;
    reader->waiting = false;
    if (reader->on_ready != NULL)
        reader->on_ready(reader->arg);
}

/* ---- what the store says ---- */

static void retry(struct pravega_byte_reader *reader, const char *what)
{
    struct weir_error why = {0};

    weir_fail(&why, WEIR_E_PROTO, "the segment store answered a read at %" PRId64 " with %s", reader->fetch_offset,
              what);
    reader->asked = false;
    pravega_segment_link_retry(&reader->link, &why);
}

static void on_segment_read(struct pravega_byte_reader *reader, const struct pravega_wire_segment_read *read)
{
    if (!reader->asked || read->offset != reader->fetch_offset)
        return; /* of a place that was left */
    if (read->data.len > room_of(reader)) {
        retry(reader, "more bytes than asked for");
        return;
    }
    reader->asked = false;
    pravega_segment_link_works(&reader->link);
    put(reader, read->data);
    if (read->end_of_segment)
        reader->state = READER_ENDED;
    ask(reader);
    tell(reader);
}

static void on_truncated(struct pravega_byte_reader *reader, const struct pravega_wire_segment_is_truncated *reply)
{
    if (!reader->asked || (reply->offset >= 0 && reply->offset != reader->fetch_offset))
        return;
    if (reply->start_offset <= reader->fetch_offset) {
        retry(reader, "a start before it");
        return;
    }
    reader->asked = false;
    reader->truncated_to = reply->start_offset;
    reader->state = READER_TRUNCATED;
    if (reader->from_head && reader->len == 0) {
        reader->offset = reader->fetch_offset = reader->truncated_to;
        reader->state = READER_OPEN;
        ask(reader);
    }
    tell(reader);
}

static void on_sealed(struct pravega_byte_reader *reader, int64_t offset)
{
    if (!reader->asked || (offset >= 0 && offset != reader->fetch_offset))
        return;
    reader->asked = false;
    reader->state = READER_ENDED;
    tell(reader);
}

static void fail(struct pravega_byte_reader *reader, const struct weir_error *why)
{
    reader->asked = false;
    reader->why = *why;
    reader->state = READER_FAILED;
    pravega_segment_link_fini(&reader->link);
    tell(reader);
}

static void on_reply(void *arg, const struct pravega_wire_command *reply, const struct pravega_wire_frame *frame)
{
    struct pravega_byte_reader *reader = arg;
    struct weir_error why = {0};

    (void)frame;
    switch (reply->type) {
    case PRAVEGA_WIRE_SEGMENT_READ:
        on_segment_read(reader, &reply->segment_read);
        break;
    case PRAVEGA_WIRE_SEGMENT_IS_SEALED: /* while the read waited at the tail */
        on_sealed(reader, reply->segment_is_sealed.offset);
        break;
    case PRAVEGA_WIRE_SEGMENT_IS_TRUNCATED:
        on_truncated(reader, &reply->segment_is_truncated);
        break;
    case PRAVEGA_WIRE_NO_SUCH_SEGMENT:
        weir_fail(&why, WEIR_E_NOT_FOUND, "segment %s does not exist", reader->link.segment_name);
        fail(reader, &why);
        break;
    default:
        retry(reader, pravega_wire_name(reply->type));
    }
}

static void on_up(void *arg)
{
    ask(arg);
}

static void on_lost(void *arg)
{
    struct pravega_byte_reader *reader = arg;

    reader->asked = false;
}

static void on_failed(void *arg, const struct weir_error *why)
{
    struct weir_error kept = *why;

    fail(arg, &kept);
}

static const struct pravega_segment_link_handler link_handler = {on_up, on_reply, on_lost, on_failed};

static void on_found(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct pravega_byte_reader *reader = arg;
    struct pravega_stream_name stream = {reader->segment.scope, reader->segment.stream};
    struct weir_error bad = *why;

    if (status == WEIR_OK)
        status = pravega_segment_link_init(&reader->link, reader->client, &stream, reader->segment.id, NULL,
                                           PRAVEGA_ACCESS_READ, false, &link_handler, reader, &bad);
    if (status != WEIR_OK) {
        fail(reader, &bad);
        return;
    }
    reader->link.retry = &reader->segment.retry;
    if (reader->from_head)
        reader->offset = reader->fetch_offset = reader->segment.head_offset;
    reader->state = READER_OPEN;
    pravega_segment_link_start(&reader->link);
}

/* ---- reading ---- */

static enum weir_status go_on_at_head(struct pravega_byte_reader *reader, struct weir_error *err)
{
    weir_fail(err, WEIR_E_TRUNCATED, "stream %s/%s is truncated: reading goes on at %" PRId64 " instead of %" PRId64,
              reader->segment.scope, reader->segment.stream, reader->truncated_to, reader->offset);
    reader->offset = reader->fetch_offset = reader->truncated_to;
    reader->state = READER_OPEN;
    ask(reader);
    return WEIR_E_TRUNCATED;
}

enum weir_status pravega_byte_reader_read(struct pravega_byte_reader *reader, size_t len_max, struct weir_view *bytes,
                                          struct weir_error *err)
{
    reader->held = 0;
    ask(reader);
    if (reader->len > 0) {
        reader->from_head = false;
        *bytes = take(reader, len_max);
        reader->held = bytes->len;
        return WEIR_OK;
    }
    switch (reader->state) {
    case READER_ENDED:
        return WEIR_E_END;
    case READER_TRUNCATED:
        return go_on_at_head(reader, err);
    case READER_FAILED:
        if (err != NULL)
            *err = reader->why;
        return reader->why.status;
    case READER_FINDING:
    case READER_OPEN:
        break;
    }
    reader->waiting = true;
    return WEIR_E_AGAIN;
}

enum weir_status pravega_byte_reader_seek(struct pravega_byte_reader *reader, int64_t offset, struct weir_error *err)
{
    if (offset < 0)
        return weir_fail(err, WEIR_E_INVAL, "stream %s/%s has no offset %" PRId64, reader->segment.scope,
                         reader->segment.stream, offset);
    reader->from_head = false;
    reader->held = 0;
    if (offset >= reader->offset && offset <= reader->fetch_offset) { /* forward, over what is here */
        while (reader->offset < offset)
            take(reader, (size_t)(offset - reader->offset));
        if (reader->state == READER_OPEN)
            ask(reader);
        return WEIR_OK;
    }
    reader->at = reader->len = 0;
    reader->offset = reader->fetch_offset = offset;
    reader->asked = false;
    if (reader->state == READER_ENDED || reader->state == READER_TRUNCATED)
        reader->state = READER_OPEN;
    ask(reader);
    return WEIR_OK;
}

int64_t pravega_byte_reader_offset(const struct pravega_byte_reader *reader)
{
    return reader->offset;
}

size_t pravega_byte_reader_available(const struct pravega_byte_reader *reader)
{
    return reader->len;
}

void pravega_byte_reader_fetch_head(struct pravega_byte_reader *reader, pravega_offset_fn *done, void *arg)
{
    pravega_byte_segment_ask(&reader->segment, PRAVEGA_BYTES_HEAD, 0, (void (*)(void))done, arg);
}

void pravega_byte_reader_fetch_tail(struct pravega_byte_reader *reader, pravega_offset_fn *done, void *arg)
{
    pravega_byte_segment_ask(&reader->segment, PRAVEGA_BYTES_TAIL, 0, (void (*)(void))done, arg);
}

/* ---- life ---- */

static enum weir_status check(const struct pravega_byte_reader_options *options, struct weir_error *err)
{
    if (options->start_offset < 0)
        return weir_fail(err, WEIR_E_INVAL, "the offset to read from is negative (%" PRId64 ")", options->start_offset);
    if (options->buffer_bytes != 0 &&
        (options->buffer_bytes < BUFFER_BYTES_MIN || options->buffer_bytes > BUFFER_BYTES_MAX))
        return weir_fail(err, WEIR_E_INVAL, "buffer_bytes %zu is not %zu..%zu", options->buffer_bytes, BUFFER_BYTES_MIN,
                         BUFFER_BYTES_MAX);
    return WEIR_OK;
}

enum weir_status pravega_byte_reader_new(struct pravega_client *client, const struct pravega_stream_name *stream,
                                         const struct pravega_byte_reader_options *options,
                                         struct pravega_byte_reader **out, struct weir_error *err)
{
    static const struct pravega_byte_reader_options defaults;
    struct pravega_byte_reader *reader;
    enum weir_status status;

    options = options != NULL ? options : &defaults;
    status = check(options, err);
    if (status != WEIR_OK)
        return status;
    reader = calloc(1, sizeof(*reader));
    if (reader == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for a reader of stream %s/%s", stream->scope, stream->stream);
    reader->client = client;
    reader->cap = options->buffer_bytes > 0 ? options->buffer_bytes : BUFFER_BYTES_DEFAULT;
    reader->ring = malloc(reader->cap);
    reader->offset = reader->fetch_offset = options->start_offset;
    reader->from_head = options->start_offset == 0;
    reader->on_ready = options->on_ready;
    reader->arg = options->arg;
    if (reader->ring == NULL)
        status = weir_fail(err, WEIR_E_NOMEM, "no memory to read %zu bytes ahead", reader->cap);
    else
        status =
            pravega_byte_segment_init(&reader->segment, client, stream, PRAVEGA_ACCESS_READ, on_found, reader, err);
    if (status == WEIR_OK)
        *out = reader;
    else
        pravega_byte_reader_free(reader);
    return status;
}

void pravega_byte_reader_free(struct pravega_byte_reader *reader)
{
    if (reader == NULL)
        return;
    pravega_segment_link_fini(&reader->link);
    pravega_byte_segment_fini(&reader->segment);
    free(reader->ring);
    free(reader);
}
