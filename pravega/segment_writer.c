/*
 * segment_writer.c - see the states in the header.
 *
 *     events --> open --full, end of turn, flush--> sent (one frame each, lent to the connection) --ack--> owner
 */
#include "pravega/segment_writer.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "pravega/client_int.h"

#define UNDER_WAY_MAX 2        /* blocks, before the open one waits to grow */
#define UNDER_WAY_FORCED_MAX 8 /* and before it waits even so for an acknowledgement */
#define LINGER_NS (20 * WEIR_NS_PER_MS)

enum segment_writer_state {
    WRITER_IDLE,
    WRITER_CONNECTING,
    WRITER_PROBING,
    WRITER_READY,
    WRITER_SEALED,
    WRITER_FAILED
};

struct pravega_segment_writer {
    struct pravega_segment_writer_node node;
    struct pravega_client *client;
    struct pravega_segment_link link;
    struct pravega_block_pool *pool;
    const struct pravega_segment_writer_handler *handler;
    void *arg;
    enum segment_writer_state state;
    struct weir_uuid writer_id;
    int64_t last_number;               /* of the last event taken */
    int64_t write_offset;              /* the segment's length as far as known; -1: unknown */
    struct pravega_append_block *open; /* NULL, or holds one event at least */
    struct pravega_block_list sent;    /* closed, not acknowledged; sent: in READY all of them, in PROBING the first */
    bool hurry;                        /* the open block has waited long enough, or is flushed */
    bool lingering;                    /* it waits, and the timer runs */
    struct weir_deferred turn_end;
    struct weir_timer linger;
};

static struct pravega_connection *connection_of(struct pravega_segment_writer *w)
{
    return w->link.flow.connection;
}

/* ---- sending ---- */

static void send_block(struct pravega_segment_writer *w, struct pravega_append_block *block)
{
    pravega_connection_lend(connection_of(w), pravega_block_frame(block, w->writer_id, w->link.flow.request_id));
    block->sent_end = pravega_connection_queued_count(connection_of(w));
}

static void close_open_block(struct pravega_segment_writer *w)
{
    struct pravega_append_block *block = w->open;

    w->open = NULL;
    w->hurry = false;
    if (w->lingering) {
        w->lingering = false;
        weir_timer_stop(w->client->loop, &w->linger);
    }
    block->last_number = w->last_number;
    pravega_block_list_push(&w->sent, block);
    if (w->state == WRITER_READY)
        send_block(w, block);
}

static void send_if_due(struct pravega_segment_writer *w)
{
    if (w->state == WRITER_READY && w->open != NULL &&
        w->sent.count < (w->hurry ? UNDER_WAY_FORCED_MAX : UNDER_WAY_MAX))
        close_open_block(w);
}

static void on_turn_end(void *arg)
{
    struct pravega_segment_writer *w = arg;

    send_if_due(w);
    if (w->open == NULL || w->hurry || w->lingering || w->state != WRITER_READY)
        return;
    w->lingering = true;
    weir_timer_start(w->client->loop, &w->linger, LINGER_NS);
}

static void on_linger(void *arg)
{
    struct pravega_segment_writer *w = arg;

    w->lingering = false;
    w->hurry = w->open != NULL;
    send_if_due(w);
}

static enum weir_status open_block(struct pravega_segment_writer *w, size_t len)
{
    if (w->open != NULL && !pravega_block_fits(w->open, len))
        close_open_block(w);
    if (w->open == NULL)
        w->open = pravega_block_new(w->pool, len);
    return w->open != NULL ? WEIR_OK : WEIR_E_NOMEM;
}

/* An open block without an event is none. */
static void drop_empty_block(struct pravega_segment_writer *w)
{
    if (w->open->event_count > 0)
        return;
    pravega_block_recycle(w->pool, w->open);
    w->open = NULL;
}

enum weir_status pravega_segment_writer_append(struct pravega_segment_writer *w, const struct pravega_outgoing *event)
{
    enum weir_status status = open_block(w, event->len);

    if (status != WEIR_OK)
        return status;
    if (!pravega_block_append(w->open, event)) {
        drop_empty_block(w);
        return WEIR_E_NOMEM;
    }
    w->last_number += event->count;
    if (w->open->data_len >= w->pool->block_bytes)
        close_open_block(w);
    else
        weir_loop_defer(w->client->loop, &w->turn_end);
    if (w->state == WRITER_IDLE)
        pravega_segment_writer_start(w);
    return WEIR_OK;
}

void pravega_segment_writer_flush(struct pravega_segment_writer *w)
{
    w->hurry = w->open != NULL;
    send_if_due(w);
}

/* ---- acknowledgements ---- */

static void retry(struct pravega_segment_writer *w, const char *what, int64_t number)
{
    struct weir_error why = {0};

    weir_fail(&why, WEIR_E_PROTO, "the segment store %s, number %" PRId64, what, number);
    w->state = WRITER_CONNECTING;
    pravega_segment_link_retry(&w->link, &why);
}

/* Blocks whose events are all <= number. False if one is so in part only: appends are atomic, so that cannot be. */
static bool pop_acked(struct pravega_segment_writer *w, int64_t number, struct pravega_block_list *acked)
{
    while (w->sent.first != NULL && w->sent.first->last_number <= number)
        pravega_block_list_push(acked, pravega_block_list_pop(&w->sent));
    return w->sent.first == NULL || w->sent.first->last_number - w->sent.first->event_count >= number;
}

static void hand_over(struct pravega_segment_writer *w, struct pravega_block_list *acked)
{
    if (acked->first != NULL)
        w->handler->on_acked(w->arg, acked);
}

/* Whether the store can know this number: the network has taken the block that it lies in. */
static bool is_written(struct pravega_segment_writer *w, int64_t number)
{
    const struct pravega_append_block *block = w->sent.first;

    if (w->state == WRITER_PROBING && number > block->last_number)
        return false;
    while (block != NULL && block->last_number < number) /* over those that the acknowledgement takes away */
        block = block->next;
    return block != NULL && block->sent_end <= pravega_connection_written_count(connection_of(w));
}

/* The segment takes appends: what was held back goes out. */
static void become_ready(struct pravega_segment_writer *w)
{
    w->state = WRITER_READY;
    for (struct pravega_append_block *block = w->sent.first; block != NULL; block = block->next)
        send_block(w, block);
}

static void on_data_appended(struct pravega_segment_writer *w, const struct pravega_wire_data_appended *ack)
{
    struct pravega_block_list acked = {0};
    struct pravega_append_block *first = w->sent.first;
    bool sending = w->state == WRITER_READY || w->state == WRITER_PROBING;

    if (!sending || !weir_uuid_equal(ack->writer_id, w->writer_id) || ack->previous_event_number >= ack->event_number ||
        first == NULL || first->last_number <= ack->previous_event_number || !is_written(w, ack->event_number)) {
        retry(w, "acknowledged events that were not awaited", ack->event_number);
        return;
    }
    if (!pop_acked(w, ack->event_number, &acked)) {
        retry(w, "acknowledged an append in part", ack->event_number);
    } else {
        pravega_segment_link_works(&w->link);
        pravega_segment_writer_set_write_offset(w, ack->write_offset);
        if (w->state == WRITER_PROBING && acked.first != NULL)
            become_ready(w);
        send_if_due(w);
    }
    hand_over(w, &acked);
}

/* One block, and nothing behind it until it is answered. A store that refuses an append breaks the connection if
 * another one follows, and if that is there already, before the refusal has left: then it is never heard of, attempt
 * after attempt. */
static void probe(struct pravega_segment_writer *w)
{
    w->state = WRITER_PROBING;
    send_block(w, w->sent.first);
}

/* Everything up to the store's last number is durable; what is after it has not arrived, and goes out again. */
static void on_append_setup(struct pravega_segment_writer *w, const struct pravega_wire_append_setup *setup)
{
    struct pravega_block_list acked = {0};

    if (w->state != WRITER_CONNECTING || !weir_uuid_equal(setup->writer_id, w->writer_id) ||
        setup->last_event_number > w->last_number) {
        retry(w, "set up another append than asked for", setup->last_event_number);
        return;
    }
    if (!pop_acked(w, setup->last_event_number, &acked)) {
        retry(w, "has an append in part", setup->last_event_number);
    } else {
        if (acked.first != NULL || w->sent.first == NULL)
            pravega_segment_link_works(&w->link);
        if (w->sent.first != NULL)
            probe(w);
        else
            w->state = WRITER_READY;
        send_if_due(w);
    }
    hand_over(w, &acked);
}

/* ---- the link ---- */

static void on_up(void *arg)
{
    struct pravega_segment_writer *w = arg;
    struct pravega_wire_setup_append setup = {w->link.flow.request_id, w->writer_id,
                                              weir_view_str(w->link.segment_name), weir_buf_view(&w->link.token)};

    pravega_wire_encode_setup_append(pravega_connection_begin(connection_of(w)), &setup);
    pravega_connection_send(connection_of(w));
}

/* Without anything to write there is nothing to connect for, and no attempts to use up. */
static void on_lost(void *arg)
{
    struct pravega_segment_writer *w = arg;

    if (w->open != NULL || w->sent.first != NULL) {
        w->state = WRITER_CONNECTING;
        return;
    }
    pravega_segment_link_stop(&w->link, false);
    w->state = WRITER_IDLE;
}

static void on_failed(void *arg, const struct weir_error *why)
{
    struct pravega_segment_writer *w = arg;

    w->state = WRITER_FAILED;
    w->handler->on_failed(w->arg, w, why);
}

void pravega_segment_writer_seal(struct pravega_segment_writer *w, bool missing)
{
    if (w->state == WRITER_SEALED)
        return;
    pravega_segment_link_stop(&w->link, false);
    w->state = WRITER_SEALED;
    w->handler->on_sealed(w->arg, w, missing);
}

static void on_reply(void *arg, const struct pravega_wire_command *reply, const struct pravega_wire_frame *frame)
{
    struct pravega_segment_writer *w = arg;

    (void)frame;
    switch (reply->type) {
    case PRAVEGA_WIRE_APPEND_SETUP:
        on_append_setup(w, &reply->append_setup);
        break;
    case PRAVEGA_WIRE_DATA_APPENDED:
        on_data_appended(w, &reply->data_appended);
        break;
    case PRAVEGA_WIRE_SEGMENT_IS_SEALED:
    case PRAVEGA_WIRE_NO_SUCH_SEGMENT:
        pravega_segment_writer_seal(w, reply->type == PRAVEGA_WIRE_NO_SUCH_SEGMENT);
        break;
    default:
        retry(w, pravega_wire_name(reply->type), reply->type);
    }
}

static const struct pravega_segment_link_handler link_handler = {on_up, on_reply, on_lost, on_failed};

/* ---- life ---- */

enum weir_status pravega_segment_writer_new(struct pravega_client *client,
                                            const struct pravega_segment_writer_options *options,
                                            struct pravega_segment_writer **out, struct weir_error *err)
{
    struct pravega_segment_writer *w = calloc(1, sizeof(*w));
    enum weir_status status;

    if (w == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for a writer of stream %s/%s", options->stream->scope,
                         options->stream->stream);
    status = pravega_segment_link_init(&w->link, client, options->stream, options->segment, options->txn,
                                       PRAVEGA_ACCESS_WRITE, true, &link_handler, w, err);
    if (status != WEIR_OK) {
        free(w);
        return status;
    }
    w->client = client;
    w->pool = options->pool;
    w->handler = options->handler;
    w->arg = options->arg;
    w->writer_id = weir_uuid_random(&client->rng);
    w->link.retry = options->retry;
    w->write_offset = -1;
    w->turn_end = (struct weir_deferred){.fn = on_turn_end, .arg = w};
    w->linger = (struct weir_timer){.fn = on_linger, .arg = w};
    *out = w;
    return WEIR_OK;
}

void pravega_segment_writer_free(struct pravega_segment_writer *w)
{
    struct pravega_block_list left = {0};

    if (w == NULL)
        return;
    pravega_segment_writer_take(w, &left);
    pravega_block_list_recycle(w->pool, &left);
    pravega_segment_link_fini(&w->link);
    free(w);
}

void pravega_segment_writer_start(struct pravega_segment_writer *w)
{
    if (w->state != WRITER_IDLE)
        return;
    w->state = WRITER_CONNECTING;
    pravega_segment_link_start(&w->link);
}

void pravega_segment_writer_take(struct pravega_segment_writer *w, struct pravega_block_list *out)
{
    pravega_segment_link_stop(&w->link, w->state == WRITER_READY && w->sent.first == NULL);
    weir_deferred_cancel(w->client->loop, &w->turn_end);
    w->state = WRITER_FAILED; /* closing the block stops its timer */
    if (w->open != NULL)
        close_open_block(w);
    pravega_block_list_move(out, &w->sent);
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t pravega_segment_writer_oldest(const struct pravega_segment_writer *w)
{
    uint64_t oldest = w->open != NULL ? w->open->oldest : UINT64_MAX;

    for (const struct pravega_append_block *block = w->sent.first; block != NULL; block = block->next)
        oldest = min_u64(oldest, block->oldest);
    return oldest;
}

int64_t pravega_segment_writer_write_offset(const struct pravega_segment_writer *w)
{
    return w->write_offset;
}

void pravega_segment_writer_set_write_offset(struct pravega_segment_writer *w, int64_t offset)
{
    if (offset > w->write_offset)
        w->write_offset = offset;
}

size_t pravega_segment_writer_memory(const struct pravega_segment_writer *w)
{
    return sizeof(*w) + pravega_block_list_memory(&w->sent) + (w->open != NULL ? pravega_block_memory(w->open) : 0);
}

pravega_segment_id pravega_segment_writer_segment(const struct pravega_segment_writer *w)
{
    return w->link.segment;
}

const char *pravega_segment_writer_name(const struct pravega_segment_writer *w)
{
    return w->link.segment_name;
}

bool pravega_segment_writer_is_sealed(const struct pravega_segment_writer *w)
{
    return w->state == WRITER_SEALED;
}

struct pravega_segment_writer_node *pravega_segment_writer_node(struct pravega_segment_writer *w)
{
    return &w->node;
}
