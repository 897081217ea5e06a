/*
 * large_event.c - see the states in the header.
 *
 * The events with their headers are one string of bytes, cut into chunks wherever a chunk is full:
 *
 *     | head | chunk 0 | tail | head | chunk 1 | tail | ...      (a CONDITIONAL_BLOCK_END frame each)
 *
 * Chunk n has event number n and is expected at the offset n * PRAVEGA_LARGE_CHUNK_LEN of the transient segment. All
 * are sent at once. Only the request id in the tails differs from one connection to the next.
 */
#include "pravega/large_event.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "pravega/client_int.h"
#include "weir/endian.h"

enum large_state { LARGE_IDLE, LARGE_CREATING, LARGE_SETTING_UP, LARGE_APPENDING, LARGE_MERGING };

struct pravega_large_event {
    struct pravega_client *client;
    struct pravega_segment_link link; /* to the parent: the transient segment is where that is */
    enum large_state state;
    bool may_be_merged; /* a merge was sent on an earlier connection, and not answered */
    char transient[PRAVEGA_SEGMENT_NAME_LEN_MAX + 1];
    struct weir_uuid writer_id;
    size_t data_len, chunk_count;
    pravega_large_event_fn *done;
    void *arg;
    uint8_t frames[];
};

/* ---- the frames ---- */

#define AROUND_LEN (PRAVEGA_WIRE_CONDITIONAL_HEAD_LEN + PRAVEGA_WIRE_CONDITIONAL_TAIL_LEN)

static uint8_t *frame_at(struct pravega_large_event *large, size_t chunk)
{
    return large->frames + chunk * (PRAVEGA_LARGE_CHUNK_LEN + AROUND_LEN);
}

static size_t chunk_len(const struct pravega_large_event *large, size_t chunk)
{
    size_t left = large->data_len - chunk * PRAVEGA_LARGE_CHUNK_LEN;

    return left < PRAVEGA_LARGE_CHUNK_LEN ? left : PRAVEGA_LARGE_CHUNK_LEN;
}

/* Copies to offset `at` of the string of bytes; where it goes on. */
static size_t put(struct pravega_large_event *large, size_t at, const uint8_t *from, size_t len)
{
    while (len > 0) {
        size_t within = at % PRAVEGA_LARGE_CHUNK_LEN, room = PRAVEGA_LARGE_CHUNK_LEN - within;
        size_t part = len < room ? len : room;

        memcpy(frame_at(large, at / PRAVEGA_LARGE_CHUNK_LEN) + PRAVEGA_WIRE_CONDITIONAL_HEAD_LEN + within, from, part);
        at += part;
        from += part;
        len -= part;
    }
    return at;
}

static void put_events(struct pravega_large_event *large, const struct weir_view *payloads, size_t count)
{
    size_t at = 0;

    for (size_t i = 0; i < count; i++) {
        uint8_t header[PRAVEGA_EVENT_HEADER_LEN];

        weir_put_u32be(header, PRAVEGA_WIRE_EVENT);
        weir_put_u32be(header + 4, (uint32_t)payloads[i].len);
        at = put(large, at, header, sizeof(header));
        at = put(large, at, payloads[i].ptr, payloads[i].len);
    }
    assert(at == large->data_len);
}

static struct pravega_connection *connection_of(struct pravega_large_event *large)
{
    return large->link.flow.connection;
}

static void send_chunk(struct pravega_large_event *large, size_t chunk)
{
    uint8_t *frame = frame_at(large, chunk), *data = frame + PRAVEGA_WIRE_CONDITIONAL_HEAD_LEN;
    size_t len = chunk_len(large, chunk);
    struct pravega_wire_conditional_block_end append = {large->writer_id, (int64_t)chunk,
                                                        (int64_t)(chunk * PRAVEGA_LARGE_CHUNK_LEN),
                                                        weir_view(data, len), large->link.flow.request_id};

    pravega_wire_conditional_block_end_around(&append, frame, data + len);
    pravega_connection_lend(connection_of(large), weir_view(frame, AROUND_LEN + len));
}

/* ---- steps ---- */

static void create(struct pravega_large_event *large)
{
    struct pravega_segment_link *link = &large->link;

    large->state = LARGE_CREATING;
    pravega_wire_encode_create_transient_segment(
        pravega_connection_begin(connection_of(large)),
        &(struct pravega_wire_create_transient_segment){
            link->flow.request_id, large->writer_id, weir_view_str(link->segment_name), weir_buf_view(&link->token)});
    pravega_connection_send(connection_of(large));
}

static void set_up(struct pravega_large_event *large)
{
    struct pravega_segment_link *link = &large->link;

    large->state = LARGE_SETTING_UP;
    pravega_wire_encode_setup_append(pravega_connection_begin(connection_of(large)),
                                     &(struct pravega_wire_setup_append){link->flow.request_id, large->writer_id,
                                                                         weir_view_str(large->transient),
                                                                         weir_buf_view(&link->token)});
    pravega_connection_send(connection_of(large));
}

static void append(struct pravega_large_event *large)
{
    large->state = LARGE_APPENDING;
    for (size_t chunk = 0; chunk < large->chunk_count; chunk++)
        send_chunk(large, chunk);
}

static void merge(struct pravega_large_event *large)
{
    struct pravega_segment_link *link = &large->link;

    large->state = LARGE_MERGING;
    pravega_wire_encode_merge_segments(
        pravega_connection_begin(connection_of(large)),
        &(struct pravega_wire_merge_segments){.request_id = link->flow.request_id,
                                              .target = weir_view_str(link->segment_name),
                                              .source = weir_view_str(large->transient),
                                              .token = weir_buf_view(&link->token)});
    pravega_connection_send(connection_of(large));
}

/* ---- the end ---- */

static void finish(struct pravega_large_event *large, enum weir_status status, int64_t write_offset,
                   const struct weir_error *why)
{
    pravega_large_event_fn *done = large->done;
    struct weir_error kept = *why;

    pravega_segment_link_stop(&large->link, status == WEIR_OK);
    large->state = LARGE_IDLE;
    large->may_be_merged = false;
    large->done = NULL;
    done(large->arg, status, write_offset, &kept);
}

/* The parent takes no more. */
static void finish_sealed(struct pravega_large_event *large, bool missing)
{
    struct weir_error why = {0};

    weir_fail(&why, missing ? WEIR_E_NOT_FOUND : WEIR_E_SEALED, "segment %s %s", large->link.segment_name,
              missing ? "does not exist" : "is sealed");
    finish(large, why.status, -1, &why);
}

static void retry(struct pravega_large_event *large, int32_t type)
{
    struct weir_error why = {0};

    weir_fail(&why, WEIR_E_PROTO, "the segment store answered %s while a large event was written",
              pravega_wire_name(type));
    large->state = LARGE_CREATING;
    large->may_be_merged = false;
    pravega_segment_link_retry(&large->link, &why);
}

/* ---- what the store says ---- */

static void on_created(struct pravega_large_event *large, const struct pravega_wire_segment_created *created)
{
    if (large->state != LARGE_CREATING || created->segment.len == 0 ||
        created->segment.len > PRAVEGA_SEGMENT_NAME_LEN_MAX) {
        retry(large, PRAVEGA_WIRE_SEGMENT_CREATED);
        return;
    }
    memcpy(large->transient, created->segment.ptr, created->segment.len);
    large->transient[created->segment.len] = '\0';
    set_up(large);
}

static void on_append_setup(struct pravega_large_event *large, const struct pravega_wire_append_setup *setup)
{
    if (large->state != LARGE_SETTING_UP || !weir_uuid_equal(setup->writer_id, large->writer_id) ||
        setup->last_event_number != PRAVEGA_WIRE_NEVER_WROTE)
        retry(large, PRAVEGA_WIRE_APPEND_SETUP);
    else
        append(large);
}

static void on_data_appended(struct pravega_large_event *large, const struct pravega_wire_data_appended *ack)
{
    int64_t last = (int64_t)large->chunk_count - 1;

    if (large->state != LARGE_APPENDING || !weir_uuid_equal(ack->writer_id, large->writer_id) ||
        ack->event_number < 0 || ack->event_number > last)
        retry(large, PRAVEGA_WIRE_DATA_APPENDED);
    else if (ack->event_number == last)
        merge(large);
}

static void on_merged(struct pravega_large_event *large, const struct pravega_wire_segments_merged *merged)
{
    struct weir_error nothing = {0};

    if (large->state != LARGE_MERGING)
        retry(large, PRAVEGA_WIRE_SEGMENTS_MERGED);
    else
        finish(large, WEIR_OK, merged->target_write_offset, &nothing);
}

/* While creating it is the parent that is meant. In answer to a merge 0.13 always names the source, and means whichever
 * is not there: after a merge that got no answer that is the source, which was deleted with its connection. */
static void on_missing(struct pravega_large_event *large)
{
    if (large->state == LARGE_MERGING && large->may_be_merged) {
        large->may_be_merged = false;
        create(large);
    } else if (large->state == LARGE_CREATING || large->state == LARGE_MERGING) {
        finish_sealed(large, true);
    } else {
        retry(large, PRAVEGA_WIRE_NO_SUCH_SEGMENT);
    }
}

static void on_reply(void *arg, const struct pravega_wire_command *reply, const struct pravega_wire_frame *frame)
{
    struct pravega_large_event *large = arg;

    (void)frame;
    switch (reply->type) {
    case PRAVEGA_WIRE_SEGMENT_CREATED:
        on_created(large, &reply->segment_created);
        break;
    case PRAVEGA_WIRE_APPEND_SETUP:
        on_append_setup(large, &reply->append_setup);
        break;
    case PRAVEGA_WIRE_DATA_APPENDED:
        on_data_appended(large, &reply->data_appended);
        break;
    case PRAVEGA_WIRE_SEGMENTS_MERGED:
        on_merged(large, &reply->segments_merged);
        break;
    case PRAVEGA_WIRE_NO_SUCH_SEGMENT:
        on_missing(large);
        break;
    case PRAVEGA_WIRE_SEGMENT_IS_SEALED:
        if (large->state == LARGE_CREATING || large->state == LARGE_MERGING)
            finish_sealed(large, false);
        else
            retry(large, reply->type);
        break;
    default:
        retry(large, reply->type);
    }
}

static void on_up(void *arg)
{
    struct pravega_large_event *large = arg;

    if (large->may_be_merged)
        merge(large);
    else
        create(large);
}

static void on_lost(void *arg)
{
    struct pravega_large_event *large = arg;

    large->may_be_merged |= large->state == LARGE_MERGING;
    large->state = LARGE_CREATING;
}

static void on_failed(void *arg, const struct weir_error *why)
{
    finish(arg, why->status, -1, why);
}

static const struct pravega_segment_link_handler link_handler = {on_up, on_reply, on_lost, on_failed};

/* ---- life ---- */

enum weir_status pravega_large_event_new(struct pravega_client *client, const struct weir_view *payloads, size_t count,
                                         struct pravega_large_event **out, struct weir_error *err)
{
    struct pravega_large_event *large;
    size_t data_len = 0, chunk_count;

    for (size_t i = 0; i < count; i++)
        data_len += PRAVEGA_EVENT_HEADER_LEN + payloads[i].len;
    chunk_count = (data_len + PRAVEGA_LARGE_CHUNK_LEN - 1) / PRAVEGA_LARGE_CHUNK_LEN;
    large = malloc(sizeof(*large) + data_len + chunk_count * AROUND_LEN);
    if (large == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for a large event of %zu bytes", data_len);
    *large = (struct pravega_large_event){.client = client, .data_len = data_len, .chunk_count = chunk_count};
    large->writer_id = weir_uuid_random(&client->rng);
    put_events(large, payloads, count);
    *out = large;
    return WEIR_OK;
}

void pravega_large_event_free(struct pravega_large_event *large)
{
    if (large == NULL)
        return;
    pravega_segment_link_fini(&large->link);
    free(large);
}

enum weir_status pravega_large_event_write(struct pravega_large_event *large, const struct pravega_stream_name *stream,
                                           pravega_segment_id segment, const struct pravega_retry *retry_policy,
                                           pravega_large_event_fn *done, void *arg, struct weir_error *err)
{
    enum weir_status status;

    assert(large->done == NULL);
    pravega_segment_link_fini(&large->link);
    status = pravega_segment_link_init(&large->link, large->client, stream, segment, NULL, PRAVEGA_ACCESS_WRITE, true,
                                       &link_handler, large, err);
    if (status != WEIR_OK)
        return status;
    large->link.retry = retry_policy;
    large->done = done;
    large->arg = arg;
    large->state = LARGE_CREATING;
    pravega_segment_link_start(&large->link);
    return WEIR_OK;
}

size_t pravega_large_event_len(const struct pravega_large_event *large)
{
    return large->data_len;
}
