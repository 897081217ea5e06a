/*
 * segment_reader.c - the events of one segment, read ahead.
 *
 *     OPEN --end of a sealed segment--> ENDED      --data below the start--> TRUNCATED --next() said so--> OPEN
 *          --no such segment, attempts used up, no event's bytes--> FAILED (final, as ENDED)
 *
 * Bytes wait in pieces, one for each answer: long answers stay in the connection's receive area and are only counted,
 * short ones are gathered in pieces of our own, so that a few bytes don't hold a whole area. An event that lies in one
 * piece is handed out where it lies; one that two pieces share is joined in a buffer. An event longer than the buffer
 * is gathered there from the moment on that next() asked for it, answer by answer, so that it is held once; what is
 * read ahead before that stays within buffer_bytes. The joined buffer is given back once it is longer than
 * buffer_bytes.
 *
 *     offset (next event)            fetch_offset (asked for next)      end_offset
 *       |--------- buffered ------------|--------- to be read ------------|
 */
#include "pravega/segment_reader.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "pravega/segment_link.h"
#include "pravega/segment_reader_int.h"
#include "weir/endian.h"

#define BUFFER_BYTES_DEFAULT ((size_t)1 << 20)
#define BUFFER_BYTES_MIN ((size_t)1 << 10)
#define BUFFER_BYTES_MAX ((size_t)10 << 20)
#define ASK_BYTES_MIN ((size_t)256 << 10) /* upstream's; or the whole buffer, if that is less */
#define ASK_BYTES_MAX ((size_t)2 << 20)   /* the store's own limit */
#define COPY_BYTES_MAX ((size_t)16 << 10) /* answers up to this are copied out of the receive area */
#define AREA_PARTS_MAX 4                  /* and those that are less than this part of it */
#define OWN_PIECE_BYTES ((size_t)32 << 10)

enum reader_state { READER_OPEN, READER_ENDED, READER_TRUNCATED, READER_FAILED };

struct piece {
    struct piece *next;
    const uint8_t *ptr; /* what is left of it */
    size_t len;
    struct pravega_wire_area *area; /* NULL: the bytes are our own */
    size_t own_used, own_cap;       /* 0: it is lent */
    uint8_t own[];
};

struct pravega_segment_reader {
    struct weir_loop *loop;
    struct pravega_segment_link link;
    enum reader_state state;
    struct weir_error why;
    int64_t offset, fetch_offset, end_offset;
    int64_t truncated_to; /* in TRUNCATED */
    size_t buffer_bytes, event_len_max;
    size_t buffered; /* in the pieces, and of the event that is gathered */
    struct piece *first, *last;
    struct weir_buf joined;
    size_t gathering; /* length, header and all, of the event that is gathered in `joined`; 0: none is */
    bool joined_lent; /* the event handed out last lies in `joined` */
    bool asked;       /* a READ_SEGMENT is under way */
    bool at_tail;
    bool waiting; /* AGAIN was said */
    void (*on_ready)(void *arg);
    void *arg;
};

/* ---- what is buffered ---- */

static void free_piece(struct piece *piece)
{
    pravega_wire_area_unref(piece->area);
    free(piece);
}

static void drop_pieces(struct pravega_segment_reader *reader)
{
    while (reader->first != NULL) {
        struct piece *piece = reader->first;

        reader->first = piece->next;
        free_piece(piece);
    }
    reader->last = NULL;
    reader->buffered = 0;
    reader->gathering = 0;
}

/* Forgets what was joined, and gives its memory back if it is much. */
static void drop_joined(struct pravega_segment_reader *reader)
{
    reader->joined_lent = false;
    if (reader->joined.cap > reader->buffer_bytes)
        weir_buf_fini(&reader->joined);
    else
        weir_buf_reset(&reader->joined);
}

/* Empty pieces in front were kept for the event handed out last, or it was joined. */
static void drop_used(struct pravega_segment_reader *reader)
{
    if (reader->joined_lent)
        drop_joined(reader);
    while (reader->first != NULL && reader->first->len == 0) {
        struct piece *piece = reader->first;

        reader->first = piece->next;
        free_piece(piece);
    }
    if (reader->first == NULL)
        reader->last = NULL;
}

static struct piece *push_piece(struct pravega_segment_reader *reader, size_t own_cap)
{
    struct piece *piece = malloc(sizeof(*piece) + own_cap);

    if (piece == NULL)
        return NULL;
    *piece = (struct piece){.ptr = piece->own, .own_cap = own_cap};
    if (reader->last != NULL)
        reader->last->next = piece;
    else
        reader->first = piece;
    reader->last = piece;
    return piece;
}

static bool copy_data(struct pravega_segment_reader *reader, struct weir_view data)
{
    size_t cap = reader->buffer_bytes < OWN_PIECE_BYTES ? reader->buffer_bytes : OWN_PIECE_BYTES;
    struct piece *piece = reader->last;

    if (piece == NULL || piece->own_cap - piece->own_used < data.len)
        piece = push_piece(reader, cap < data.len ? data.len : cap);
    if (piece == NULL)
        return false;
    memcpy(piece->own + piece->own_used, data.ptr, data.len);
    piece->own_used += data.len;
    piece->len += data.len;
    return true;
}

/* What of `data` belongs to the event that is gathered. Room was made when that began. */
static size_t gather(struct pravega_segment_reader *reader, struct weir_view data)
{
    size_t missing = reader->gathering > 0 ? reader->gathering - reader->joined.len : 0;
    size_t len = data.len < missing ? data.len : missing;

    if (len > 0)
        weir_buf_append(&reader->joined, data.ptr, len);
    return len;
}

/* What is kept of an area keeps all of it, and another segment's long answer may have made it long. */
static bool is_worth_its_area(struct weir_view data, const struct pravega_wire_area *area)
{
    return data.len > COPY_BYTES_MAX && data.len >= area->cap / AREA_PARTS_MAX;
}

static bool keep_data(struct pravega_segment_reader *reader, struct weir_view data, struct pravega_wire_area *area)
{
    size_t gathered = gather(reader, data);
    struct piece *piece;

    reader->buffered += gathered;
    reader->fetch_offset += (int64_t)gathered;
    if (data.len == gathered)
        return true;
    data = weir_view(data.ptr + gathered, data.len - gathered);
    if (!is_worth_its_area(data, area)) {
        if (!copy_data(reader, data))
            return false;
    } else {
        piece = push_piece(reader, 0);
        if (piece == NULL)
            return false;
        piece->area = pravega_wire_area_ref(area);
        piece->ptr = data.ptr;
        piece->len = data.len;
    }
    reader->buffered += data.len;
    reader->fetch_offset += (int64_t)data.len;
    return true;
}

/* The first `len` buffered bytes, which are there, without taking them. */
static void peek(const struct pravega_segment_reader *reader, uint8_t *out, size_t len)
{
    for (const struct piece *piece = reader->first; len > 0; piece = piece->next) {
        size_t part = len < piece->len ? len : piece->len;

        memcpy(out, piece->ptr, part);
        out += part;
        len -= part;
    }
}

static void take(struct pravega_segment_reader *reader, size_t len)
{
    reader->buffered -= len;
    reader->offset += (int64_t)len;
    for (struct piece *piece = reader->first; len > 0; piece = piece->next) {
        size_t part = len < piece->len ? len : piece->len;

        piece->ptr += part;
        piece->len -= part;
        len -= part;
    }
}

static void take_gathered(struct pravega_segment_reader *reader)
{
    reader->buffered -= reader->gathering;
    reader->offset += (int64_t)reader->gathering;
    reader->gathering = 0;
}

/* Payload length by the next event's header; false if the header is not there. */
static bool next_len(const struct pravega_segment_reader *reader, int32_t *type, int32_t *len)
{
    uint8_t header[PRAVEGA_EVENT_HEADER_LEN];

    if (reader->buffered < PRAVEGA_EVENT_HEADER_LEN)
        return false;
    if (reader->gathering > 0)
        memcpy(header, reader->joined.ptr, sizeof(header));
    else
        peek(reader, header, sizeof(header));
    *type = (int32_t)weir_get_u32be(header);
    *len = (int32_t)weir_get_u32be(header + 4);
    return true;
}

static bool header_fits(const struct pravega_segment_reader *reader, int32_t type, int32_t len)
{
    return type == PRAVEGA_WIRE_EVENT && len >= 0 && (size_t)len <= reader->event_len_max;
}

/* Bytes that the next event needs beyond those buffered; 0: it is whole, or none at all. */
static size_t missing_bytes(const struct pravega_segment_reader *reader)
{
    int32_t type, len;

    if (!next_len(reader, &type, &len))
        return PRAVEGA_EVENT_HEADER_LEN - reader->buffered;
    if (!header_fits(reader, type, len) || reader->buffered >= PRAVEGA_EVENT_HEADER_LEN + (size_t)len)
        return 0;
    return PRAVEGA_EVENT_HEADER_LEN + (size_t)len - reader->buffered;
}

/* Whether next() would say something else than AGAIN. */
static bool has_news(const struct pravega_segment_reader *reader)
{
    return reader->state != READER_OPEN || missing_bytes(reader) == 0 || reader->fetch_offset >= reader->end_offset;
}

/* ---- joining ---- */

static enum weir_status no_memory(const struct pravega_segment_reader *reader, struct weir_error *err)
{
    int32_t type = 0, len = 0;

    next_len(reader, &type, &len);
    return weir_fail(err, WEIR_E_NOMEM, "segment %s, offset %" PRId64 ": no memory for an event of %" PRId32 " bytes",
                     reader->link.segment_name, reader->offset, len);
}

/* Room for `whole` bytes in `joined`, and hardly more; nothing is lent out. False: out of memory. */
static bool make_joined(struct pravega_segment_reader *reader, size_t whole)
{
    drop_joined(reader);
    if (reader->joined.cap < whole)
        weir_buf_fini(&reader->joined); /* there is nothing in it to copy */
    reader->joined.len_max = whole > reader->buffer_bytes ? whole : reader->buffer_bytes;
    return weir_buf_reserve(&reader->joined, whole) != NULL;
}

/* The next `len` bytes, which are there, in `joined`, which has room for them. */
static void join(struct pravega_segment_reader *reader, size_t len)
{
    peek(reader, weir_buf_extend(&reader->joined, len), len);
}

/* If the next event is known to be longer than the buffer: from now on its bytes come to one place. Nothing is lent
 * out: next() has said AGAIN, or is about to. */
static enum weir_status begin_gathering(struct pravega_segment_reader *reader, struct weir_error *err)
{
    size_t missing = missing_bytes(reader), here = reader->buffered;

    if (reader->gathering > 0 || missing == 0 || here < PRAVEGA_EVENT_HEADER_LEN ||
        here + missing <= reader->buffer_bytes)
        return WEIR_OK;
    if (!make_joined(reader, here + missing))
        return no_memory(reader, err);
    join(reader, here);
    drop_pieces(reader);
    reader->buffered = here;
    reader->gathering = here + missing;
    return WEIR_OK;
}

/* ---- asking for more ---- */

/* 0: there is no room, or nothing more to ask for. */
static size_t bytes_to_ask(const struct pravega_segment_reader *reader)
{
    size_t step = reader->buffer_bytes < ASK_BYTES_MIN ? reader->buffer_bytes : ASK_BYTES_MIN;
    size_t room = reader->buffered < reader->buffer_bytes ? reader->buffer_bytes - reader->buffered : 0;
    size_t missing = missing_bytes(reader);
    size_t ask = room >= step ? room : 0;

    if (reader->fetch_offset >= reader->end_offset) /* past it, if the start was, or data is truncated so far */
        return 0;
    if (reader->gathering == 0 && reader->buffered + missing > reader->buffer_bytes)
        missing = 0; /* longer than the buffer: next() has to ask for it */
    if (missing > 0 && ask < step)
        ask = step;
    if (ask < missing)
        ask = missing;
    if (ask > ASK_BYTES_MAX)
        ask = ASK_BYTES_MAX;
    if ((int64_t)ask > reader->end_offset - reader->fetch_offset)
        ask = (size_t)(reader->end_offset - reader->fetch_offset);
    return ask;
}

static void ask(struct pravega_segment_reader *reader)
{
    struct pravega_segment_link *link = &reader->link;
    size_t len;

    if (reader->asked || reader->state != READER_OPEN || !pravega_segment_link_is_up(link))
        return;
    len = bytes_to_ask(reader);
    if (len == 0)
        return;
    pravega_wire_encode_read_segment(
        pravega_connection_begin(link->flow.connection),
        &(struct pravega_wire_read_segment){weir_view_str(link->segment_name), reader->fetch_offset, (int32_t)len,
                                            weir_buf_view(&link->token), link->flow.request_id});
    pravega_connection_send(link->flow.connection);
    reader->asked = true;
}

/* ---- what the store says ---- */

/* Always last: the application may free the reader. */
static void tell(struct pravega_segment_reader *reader)
{
    if (!reader->waiting || !has_news(reader))
        return;
    reader->waiting = false;
    if (reader->on_ready != NULL)
        reader->on_ready(reader->arg);
}

/* Nothing more will be read; what is buffered still is. */
static void end_reading(struct pravega_segment_reader *reader, enum reader_state state)
{
    reader->asked = false;
    reader->state = state;
    pravega_segment_link_stop(&reader->link, true);
    tell(reader);
}

static void retry(struct pravega_segment_reader *reader, const char *what)
{
    struct weir_error why = {0};

    weir_fail(&why, WEIR_E_PROTO, "the segment store answered a read at %" PRId64 " with %s", reader->fetch_offset,
              what);
    reader->asked = false;
    pravega_segment_link_retry(&reader->link, &why);
}

static void on_segment_read(struct pravega_segment_reader *reader, const struct pravega_wire_segment_read *read,
                            struct pravega_wire_area *area)
{
    struct weir_view data = read->data;

    if (!reader->asked || read->offset != reader->fetch_offset)
        return; /* of a request that was given up */
    reader->asked = false;
    reader->at_tail = read->at_tail;
    pravega_segment_link_works(&reader->link);
    if ((int64_t)data.len > reader->end_offset - reader->fetch_offset)
        data.len = (size_t)(reader->end_offset - reader->fetch_offset);
    if (!keep_data(reader, data, area)) {
        weir_fail(&reader->why, WEIR_E_NOMEM, "segment %s: no memory for what was read", reader->link.segment_name);
        end_reading(reader, READER_FAILED);
    } else if (reader->waiting && begin_gathering(reader, &reader->why) != WEIR_OK) {
        end_reading(reader, READER_FAILED);
    } else if (read->end_of_segment) {
        end_reading(reader, READER_ENDED);
    } else {
        ask(reader);
        tell(reader);
    }
}

static void on_truncated(struct pravega_segment_reader *reader, int64_t start_offset)
{
    if (start_offset <= reader->fetch_offset) {
        retry(reader, "a start before it");
        return;
    }
    reader->asked = false;
    reader->truncated_to = start_offset;
    reader->state = READER_TRUNCATED;
    tell(reader);
}

static void on_reply(void *arg, const struct pravega_wire_command *reply, const struct pravega_wire_frame *frame)
{
    struct pravega_segment_reader *reader = arg;

    switch (reply->type) {
    case PRAVEGA_WIRE_SEGMENT_READ:
        on_segment_read(reader, &reply->segment_read, frame->area);
        break;
    case PRAVEGA_WIRE_SEGMENT_IS_SEALED: /* while the read waited at the tail */
        end_reading(reader, READER_ENDED);
        break;
    case PRAVEGA_WIRE_SEGMENT_IS_TRUNCATED:
        on_truncated(reader, reply->segment_is_truncated.start_offset);
        break;
    case PRAVEGA_WIRE_NO_SUCH_SEGMENT:
        weir_fail(&reader->why, WEIR_E_NOT_FOUND, "segment %s does not exist", reader->link.segment_name);
        end_reading(reader, READER_FAILED);
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
    struct pravega_segment_reader *reader = arg;

    reader->asked = false;
}

static void on_failed(void *arg, const struct weir_error *why)
{
    struct pravega_segment_reader *reader = arg;

    reader->why = *why;
    end_reading(reader, READER_FAILED);
}

static const struct pravega_segment_link_handler link_handler = {on_up, on_reply, on_lost, on_failed};

/* ---- handing out ---- */

static enum weir_status damaged(struct pravega_segment_reader *reader, struct weir_error *err, const char *what)
{
    weir_fail(&reader->why, WEIR_E_DAMAGED, "segment %s, offset %" PRId64 ": %s", reader->link.segment_name,
              reader->offset, what);
    reader->asked = false;
    reader->state = READER_FAILED;
    pravega_segment_link_stop(&reader->link, false);
    drop_pieces(reader);
    drop_joined(reader);
    if (err != NULL)
        *err = reader->why;
    return WEIR_E_DAMAGED;
}

/* The next event is whole: a view of it where it lies, or joined. */
static enum weir_status hand_out(struct pravega_segment_reader *reader, size_t len, struct pravega_event *event,
                                 struct weir_error *err)
{
    size_t whole = PRAVEGA_EVENT_HEADER_LEN + len;

    if (reader->gathering == 0 && reader->first->len < whole) {
        if (!make_joined(reader, whole))
            return no_memory(reader, err);
        join(reader, whole);
    }
    reader->joined_lent = reader->gathering > 0 || reader->first->len < whole;
    event->payload =
        weir_view((reader->joined_lent ? reader->joined.ptr : reader->first->ptr) + PRAVEGA_EVENT_HEADER_LEN, len);
    event->offset = reader->offset;
    event->next_offset = reader->offset + (int64_t)whole;
    if (reader->gathering > 0)
        take_gathered(reader);
    else
        take(reader, whole);
    return WEIR_OK;
}

/* Goes on at the start that the store named; events between are gone. */
static enum weir_status go_on_at_start(struct pravega_segment_reader *reader, struct weir_error *err)
{
    weir_fail(err, WEIR_E_TRUNCATED, "segment %s is truncated: reading goes on at %" PRId64 " instead of %" PRId64,
              reader->link.segment_name, reader->truncated_to, reader->offset);
    drop_pieces(reader);
    drop_joined(reader);
    reader->offset = reader->fetch_offset = reader->truncated_to;
    reader->state = READER_OPEN;
    ask(reader);
    return WEIR_E_TRUNCATED;
}

/* Less than an event is buffered. */
static enum weir_status nothing_whole(struct pravega_segment_reader *reader, struct weir_error *err)
{
    if (reader->offset >= reader->end_offset)
        return WEIR_E_END;
    switch (reader->state) {
    case READER_ENDED:
        return reader->buffered == 0 ? WEIR_E_END : damaged(reader, err, "the segment ends within an event");
    case READER_TRUNCATED:
        return go_on_at_start(reader, err);
    case READER_FAILED:
        if (err != NULL)
            *err = reader->why;
        return reader->why.status;
    case READER_OPEN:
        break;
    }
    if (reader->fetch_offset >= reader->end_offset)
        return damaged(reader, err, "the end of reading lies within an event");
    if (begin_gathering(reader, err) != WEIR_OK)
        return WEIR_E_NOMEM;
    ask(reader);
    reader->waiting = true;
    return WEIR_E_AGAIN;
}

enum weir_status pravega_segment_reader_next(struct pravega_segment_reader *reader, struct pravega_event *event,
                                             struct weir_error *err)
{
    int32_t type, len;
    enum weir_status status;

    drop_used(reader);
    if (!next_len(reader, &type, &len))
        return nothing_whole(reader, err);
    if (!header_fits(reader, type, len)) {
        char what[96];

        snprintf(what, sizeof(what), "no event begins here (type %" PRId32 ", length %" PRId32 ", at most %zu)", type,
                 len, reader->event_len_max);
        return damaged(reader, err, what);
    }
    if (reader->buffered < PRAVEGA_EVENT_HEADER_LEN + (size_t)len)
        return nothing_whole(reader, err);
    status = hand_out(reader, (size_t)len, event, err);
    ask(reader);
    return status;
}

bool pravega_segment_reader_take_joined(struct pravega_segment_reader *reader, struct weir_buf *out)
{
    if (!reader->joined_lent)
        return false;
    *out = reader->joined;
    weir_buf_init(&reader->joined, 0);
    reader->joined_lent = false;
    return true;
}

int64_t pravega_segment_reader_offset(const struct pravega_segment_reader *reader)
{
    return reader->offset;
}

bool pravega_segment_reader_at_tail(const struct pravega_segment_reader *reader)
{
    return reader->at_tail;
}

/* ---- life ---- */

static enum weir_status check(const struct pravega_segment_reader_options *options, struct weir_error *err)
{
    if (options->start_offset < 0 || options->end_offset < 0)
        return weir_fail(err, WEIR_E_INVAL, "offsets to read between are negative (%" PRId64 ", %" PRId64 ")",
                         options->start_offset, options->end_offset);
    if (options->buffer_bytes != 0 &&
        (options->buffer_bytes < BUFFER_BYTES_MIN || options->buffer_bytes > BUFFER_BYTES_MAX))
        return weir_fail(err, WEIR_E_INVAL, "buffer_bytes %zu is not %zu..%zu", options->buffer_bytes, BUFFER_BYTES_MIN,
                         BUFFER_BYTES_MAX);
    if (options->event_len_max > PRAVEGA_LARGE_EVENT_LEN_MAX)
        return weir_fail(err, WEIR_E_INVAL, "event_len_max %zu is more than %d", options->event_len_max,
                         PRAVEGA_LARGE_EVENT_LEN_MAX);
    return WEIR_OK;
}

enum weir_status pravega_segment_reader_new(struct pravega_client *client, const struct pravega_stream_name *stream,
                                            pravega_segment_id segment,
                                            const struct pravega_segment_reader_options *options,
                                            struct pravega_segment_reader **out, struct weir_error *err)
{
    struct pravega_segment_reader *reader;
    enum weir_status status = check(options, err);

    if (status != WEIR_OK)
        return status;
    reader = calloc(1, sizeof(*reader));
    if (reader == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for a reader of stream %s/%s", stream->scope, stream->stream);
    status = pravega_segment_link_init(&reader->link, client, stream, segment, NULL, PRAVEGA_ACCESS_READ, false,
                                       &link_handler, reader, err);
    if (status != WEIR_OK) {
        free(reader);
        return status;
    }
    reader->loop = pravega_client_loop(client);
    reader->offset = reader->fetch_offset = options->start_offset;
    reader->end_offset = options->end_offset > 0 ? options->end_offset : PRAVEGA_OFFSET_UNBOUNDED;
    reader->buffer_bytes = options->buffer_bytes > 0 ? options->buffer_bytes : BUFFER_BYTES_DEFAULT;
    reader->on_ready = options->on_ready;
    reader->arg = options->arg;
    reader->event_len_max = options->event_len_max > 0 ? options->event_len_max : PRAVEGA_EVENT_LEN_MAX;
    pravega_segment_link_start(&reader->link);
    *out = reader;
    return WEIR_OK;
}

void pravega_segment_reader_free(struct pravega_segment_reader *reader)
{
    if (reader == NULL)
        return;
    pravega_segment_link_fini(&reader->link);
    drop_pieces(reader);
    weir_buf_fini(&reader->joined);
    free(reader);
}
