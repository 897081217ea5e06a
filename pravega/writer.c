/*
 * writer.c - takes events, and tells when they are durable.
 *
 *     write --> waiting (segments not known yet) or a segment writer --> acked or lost --> callbacks
 *
 * Callbacks of the application run from one place only, settle(), at the end of a loop turn: everything below it may
 * rely on the writer not being freed under its feet. An event is numbered as it is taken (its ordinal); a flush ends
 * when no block holds an event older than the flush, in whichever segment the event is by then.
 */
#include <stdlib.h>

#include "pravega/client_int.h"
#include "pravega/writer_int.h"

#define WINDOW_BYTES_DEFAULT ((size_t)16 << 20)
#define BLOCK_BYTES_DEFAULT ((size_t)256 << 10)
#define BLOCK_BYTES_MAX ((size_t)PRAVEGA_EVENT_LEN_MAX)

/* ---- callbacks ---- */

static const struct weir_error nothing_wrong; /* what callbacks get with WEIR_OK */

/* Blocks leave the list before their callbacks run, which may fail the writer and so lengthen the list. */
static void complete(struct pravega_writer *writer, struct pravega_block_list *list, enum weir_status status,
                     const struct weir_error *why)
{
    struct pravega_append_block *block;

    while (!writer->freed && (block = pravega_block_list_pop(list)) != NULL) {
        for (size_t i = 0; i < block->completion_count && !writer->freed; i++)
            block->completions[i].done(block->completions[i].arg, status, why);
        pravega_block_recycle(&writer->pool, block);
    }
}

/* The oldest one, taken out. */
static struct pravega_flush *pop_flush(struct pravega_writer *writer)
{
    struct pravega_flush *flush = writer->flushes;

    writer->flushes = flush->next;
    if (writer->flushes == NULL)
        writer->flushes_end = &writer->flushes;
    return flush;
}

static void free_flush(struct pravega_writer *writer, struct pravega_flush *flush)
{
    if (flush != &writer->close_flush)
        free(flush);
}

static void end_flushes(struct pravega_writer *writer)
{
    uint64_t oldest = writer->flushes != NULL ? pravega_writer_oldest(writer, true) : 0;

    if (writer->large != NULL && writer->large_ordinal < oldest)
        oldest = writer->large_ordinal;
    while (!writer->freed && writer->flushes != NULL && (writer->failed || writer->flushes->mark <= oldest)) {
        struct pravega_flush *flush = pop_flush(writer);

        if (flush->close)
            pravega_writer_free(writer); /* in name: settle() is not through with it */
        flush->done(flush->arg, writer->failed ? writer->why.status : WEIR_OK,
                    writer->failed ? &writer->why : &nothing_wrong);
        free_flush(writer, flush);
    }
}

static bool has_room_again(const struct pravega_writer *writer)
{
    return writer->failed || (writer->large == NULL && writer->charged_bytes <= writer->window_bytes / 4 * 3);
}

static void destroy(struct pravega_writer *writer)
{
    pravega_block_list_recycle(&writer->pool, &writer->acked);
    pravega_block_list_recycle(&writer->pool, &writer->lost);
    pravega_block_pool_fini(&writer->pool);
    while (writer->flushes != NULL)
        free_flush(writer, pop_flush(writer));
    pravega_large_event_free(writer->large);
    free(writer->writer_id);
    free(writer->routes);
    free(writer->scope);
    free(writer->stream);
    free(writer);
}

static void settle(void *arg)
{
    struct pravega_writer *writer = arg;

    writer->settling = true;
    complete(writer, &writer->acked, WEIR_OK, &nothing_wrong);
    complete(writer, &writer->lost, writer->why.status, &writer->why);
    if (!writer->freed)
        pravega_writer_settle_large(writer);
    if (!writer->freed)
        end_flushes(writer);
    if (!writer->freed)
        pravega_writer_settle_notes(writer);
    if (!writer->freed && writer->wants_ready && has_room_again(writer)) {
        writer->wants_ready = false;
        if (writer->on_ready != NULL)
            writer->on_ready(writer->arg);
    }
    if (!writer->freed)
        pravega_writer_go_on_large(writer);
    writer->settling = false;
    if (writer->freed)
        destroy(writer);
}

void pravega_writer_settle_later(struct pravega_writer *writer)
{
    weir_loop_defer(writer->client->loop, &writer->settle);
}

/* ---- failing ---- */

enum weir_status pravega_writer_failure(const struct pravega_writer *writer, struct weir_error *err)
{
    if (!writer->failed)
        return WEIR_OK;
    if (err != NULL)
        *err = writer->why;
    return writer->why.status;
}

void pravega_writer_fail(struct pravega_writer *writer, enum weir_status status, const struct weir_error *why)
{
    if (writer->failed)
        return;
    writer->failed = true;
    writer->why = *why;
    writer->why.status = status;
    writer->wants_ready = true; /* failing is news even to those who did not wait */
    for (struct pravega_segment_writer *w = writer->segment_writers; w != NULL;
         w = pravega_segment_writer_node(w)->next)
        pravega_segment_writer_take(w, &writer->lost);
    pravega_block_list_move(&writer->lost, &writer->waiting);
    pravega_call_cancel(&writer->call);
    writer->pending_bytes = 0;
    writer->charged_bytes = 0;
    pravega_writer_settle_later(writer);
}

/* ---- what segment writers say ---- */

static void on_acked(void *arg, struct pravega_block_list *blocks)
{
    struct pravega_writer *writer = arg;

    /* What is said last may fail the writer as well: then nothing is pending already. */
    for (const struct pravega_append_block *block = blocks->first; block != NULL && !writer->failed;
         block = block->next) {
        writer->pending_bytes -= block->data_len;
        writer->charged_bytes -= pravega_block_charge(block);
    }
    pravega_block_list_move(&writer->acked, blocks);
    pravega_writer_go_on_sealed(writer);
    pravega_writer_settle_later(writer);
}

static void on_sealed(void *arg, struct pravega_segment_writer *segment_writer, bool missing)
{
    struct pravega_writer *writer = arg;
    struct pravega_segment_writer **last = &writer->sealed;
    struct weir_error why = {0};

    if (writer->is_txn) {
        weir_fail(&why, WEIR_E_TXN_FAILED, "transaction is no longer open: segment %s %s",
                  pravega_segment_writer_name(segment_writer), missing ? "is gone" : "is sealed");
        pravega_writer_fail(writer, why.status, &why);
        return;
    }
    while (*last != NULL)
        last = &pravega_segment_writer_node(*last)->next_sealed;
    *last = segment_writer;
    pravega_writer_go_on_sealed(writer);
}

static void on_failed(void *arg, struct pravega_segment_writer *segment_writer, const struct weir_error *why)
{
    (void)segment_writer;
    pravega_writer_fail(arg, why->status, why);
}

const struct pravega_segment_writer_handler pravega_writer_handler = {on_acked, on_sealed, on_failed};

/* ---- taking events ---- */

static enum weir_status wait_for_segments(struct pravega_writer *writer, const struct pravega_outgoing *event)
{
    struct pravega_append_block *block = writer->waiting.last;

    if (block != NULL && pravega_block_fits(block, event->len))
        return pravega_block_append(block, event) ? WEIR_OK : WEIR_E_NOMEM;
    block = pravega_block_new(&writer->pool, event->len);
    if (block == NULL)
        return WEIR_E_NOMEM;
    if (!pravega_block_append(block, event)) {
        pravega_block_recycle(&writer->pool, block);
        return WEIR_E_NOMEM;
    }
    pravega_block_list_push(&writer->waiting, block);
    return WEIR_OK;
}

static double position_of(struct pravega_writer *writer, const struct weir_view *key)
{
    char text[37];

    if (key != NULL)
        return pravega_routing_hash(*key);
    if (!writer->is_txn)
        return weir_rng_double(&writer->client->rng);
    pravega_txn_id_text(writer->txn, text);
    return pravega_routing_hash(weir_view(text, 36));
}

/* What every write begins with: WEIR_OK if it may be taken. */
static enum weir_status admit(struct pravega_writer *writer, size_t charge, struct weir_error *err)
{
    if (writer->failed)
        return pravega_writer_failure(writer, err);
    if (writer->closing)
        return weir_fail(err, WEIR_E_STATE, "the writer of stream %s/%s is closing", writer->scope, writer->stream);
    if (writer->large != NULL || (writer->charged_bytes > 0 && writer->charged_bytes + charge > writer->window_bytes)) {
        writer->wants_ready = true;
        return WEIR_E_AGAIN;
    }
    return WEIR_OK;
}

/* An event or batch that fits into an append, admitted already. */
static enum weir_status take(struct pravega_writer *writer, struct pravega_outgoing *outgoing, size_t charge,
                             struct weir_error *err)
{
    enum weir_status status;

    outgoing->ordinal = writer->next_ordinal;
    status = writer->route_count > 0
                 ? pravega_segment_writer_append(pravega_writer_route(writer, outgoing->position), outgoing)
                 : wait_for_segments(writer, outgoing);
    if (status != WEIR_OK)
        return weir_fail(err, status, "no memory to write an event of %zu bytes", outgoing->len);
    writer->next_ordinal++;
    writer->pending_bytes += outgoing->len;
    writer->charged_bytes += charge;
    return WEIR_OK;
}

/* One or several whose payloads are longer together than an append of upstream's. */
static enum weir_status write_large(struct pravega_writer *writer, const struct weir_view *key,
                                    const struct weir_view *payloads, size_t count, pravega_written_fn *done, void *arg,
                                    struct weir_error *err)
{
    enum weir_status status = admit(writer, 0, err);

    return status == WEIR_OK
               ? pravega_writer_take_large(writer, position_of(writer, key), payloads, count, done, arg, err)
               : status;
}

static enum weir_status too_long(const struct pravega_writer *writer, size_t len, struct weir_error *err)
{
    if (writer->is_txn || writer->enable_large_events)
        return weir_fail(err, WEIR_E_LIMIT, "event of %zu bytes is longer than %d, the most that %s takes", len,
                         writer->is_txn ? PRAVEGA_EVENT_LEN_MAX : PRAVEGA_LARGE_EVENT_LEN_MAX,
                         writer->is_txn ? "a transaction" : "this client");
    return weir_fail(err, WEIR_E_LIMIT, "event of %zu bytes is longer than %d: set enable_large_events to write it",
                     len, PRAVEGA_EVENT_LEN_MAX);
}

enum weir_status pravega_writer_write(struct pravega_writer *writer, const struct weir_view *key,
                                      struct weir_view event, pravega_written_fn *done, void *arg,
                                      struct weir_error *err)
{
    size_t len = PRAVEGA_EVENT_HEADER_LEN + event.len, charge = pravega_outgoing_charge(len, 1, done != NULL);
    struct pravega_outgoing outgoing = {.payloads = &event, .count = 1, .len = len, .done = done, .arg = arg};
    enum weir_status status;

    if (event.len > PRAVEGA_EVENT_LEN_MAX) {
        if (!writer->enable_large_events || event.len > PRAVEGA_LARGE_EVENT_LEN_MAX)
            return writer->failed ? pravega_writer_failure(writer, err) : too_long(writer, event.len, err);
        return write_large(writer, key, &event, 1, done, arg, err);
    }
    status = admit(writer, charge, err);
    if (status != WEIR_OK)
        return status;
    outgoing.position = position_of(writer, key);
    return take(writer, &outgoing, charge, err);
}

enum weir_status pravega_writer_write_batch(struct pravega_writer *writer, const struct weir_view *key,
                                            const struct weir_view *events, size_t event_count,
                                            pravega_written_fn *done, void *arg, struct weir_error *err)
{
    struct pravega_outgoing outgoing = {.payloads = events, .done = done, .arg = arg};
    size_t len_max = writer->enable_large_events ? PRAVEGA_LARGE_EVENT_LEN_MAX : PRAVEGA_BATCH_LEN_MAX, charge;
    enum weir_status status;

    if (key == NULL || event_count == 0)
        return weir_fail(err, WEIR_E_INVAL, "a batch needs a routing key and one event at least");
    for (size_t i = 0; i < event_count; i++) {
        if (events[i].len > PRAVEGA_EVENT_LEN_MAX && !writer->enable_large_events)
            return too_long(writer, events[i].len, err);
        if (events[i].len > len_max || outgoing.len + PRAVEGA_EVENT_HEADER_LEN + events[i].len > len_max)
            return weir_fail(err, WEIR_E_LIMIT, "batch of %zu events is longer than %zu bytes, the most that %s",
                             event_count, len_max,
                             writer->enable_large_events ? "this client takes" : "is written without large events");
        outgoing.len += PRAVEGA_EVENT_HEADER_LEN + events[i].len;
    }
    if (outgoing.len > PRAVEGA_BATCH_LEN_MAX ||
        (writer->enable_large_events && outgoing.len - event_count * PRAVEGA_EVENT_HEADER_LEN > PRAVEGA_EVENT_LEN_MAX))
        return write_large(writer, key, events, event_count, done, arg, err);
    outgoing.count = (uint32_t)event_count;
    charge = pravega_outgoing_charge(outgoing.len, event_count, done != NULL);
    status = admit(writer, charge, err);
    if (status != WEIR_OK)
        return status;
    outgoing.position = position_of(writer, key);
    return take(writer, &outgoing, charge, err);
}

/* Closing needs no memory: its callback says that the writer is freed, so it has to be. */
static void flush(struct pravega_writer *writer, bool close, pravega_done_fn *done, void *arg)
{
    struct pravega_flush *made = close && !writer->closing ? &writer->close_flush : malloc(sizeof(*made));

    if (made == NULL) {
        struct weir_error why = {0};

        weir_fail(&why, WEIR_E_NOMEM, "stream %s/%s: no memory to flush", writer->scope, writer->stream);
        done(arg, why.status, &why);
        return;
    }
    *made = (struct pravega_flush){NULL, writer->next_ordinal, close, done, arg};
    *writer->flushes_end = made;
    writer->flushes_end = &made->next;
    writer->closing |= close;
    for (struct pravega_segment_writer *w = writer->segment_writers; w != NULL;
         w = pravega_segment_writer_node(w)->next)
        pravega_segment_writer_flush(w);
    pravega_writer_settle_later(writer);
}

void pravega_writer_flush(struct pravega_writer *writer, pravega_done_fn *done, void *arg)
{
    flush(writer, false, done, arg);
}

void pravega_writer_close(struct pravega_writer *writer, pravega_done_fn *done, void *arg)
{
    flush(writer, true, done, arg);
}

size_t pravega_writer_pending_bytes(const struct pravega_writer *writer)
{
    return writer->pending_bytes;
}

size_t pravega_writer_memory(const struct pravega_writer *writer)
{
    size_t bytes = pravega_block_list_memory(&writer->waiting) + pravega_block_list_memory(&writer->pool.spare) +
                   pravega_block_list_memory(&writer->acked) + pravega_block_list_memory(&writer->lost);

    for (struct pravega_segment_writer *w = writer->segment_writers; w != NULL;
         w = pravega_segment_writer_node(w)->next)
        bytes += pravega_segment_writer_memory(w);
    return bytes;
}

/* ---- life ---- */

/* What `own` leaves open is the client's. */
static struct pravega_retry retry_of(const struct pravega_client *client, const struct pravega_retry *own)
{
    struct pravega_retry retry = client->retry;

    if (own->initial_backoff_ms > 0)
        retry.initial_backoff_ms = own->initial_backoff_ms;
    if (own->max_backoff_ms > 0)
        retry.max_backoff_ms = own->max_backoff_ms;
    if (own->retry_attempts > 0)
        retry.retry_attempts = own->retry_attempts;
    if (own->backoff_multiple > 0)
        retry.backoff_multiple = own->backoff_multiple;
    return retry;
}

enum weir_status pravega_writer_check(const struct pravega_writer_options *options, struct weir_error *err)
{
    const struct pravega_retry *retry = &options->retry;

    if (options->block_bytes > BLOCK_BYTES_MAX)
        return weir_fail(err, WEIR_E_INVAL, "block_bytes %zu is more than %zu", options->block_bytes, BLOCK_BYTES_MAX);
    if (retry->initial_backoff_ms < 0 || retry->max_backoff_ms < 0 || retry->retry_attempts < 0 ||
        retry->backoff_multiple < 0)
        return weir_fail(err, WEIR_E_INVAL, "a writer's retry settings are 0 or more");
    if (options->writer_id != NULL &&
        (options->writer_id[0] == '\0' || strlen(options->writer_id) > PRAVEGA_NAME_LEN_MAX))
        return weir_fail(err, WEIR_E_INVAL, "writer_id is empty or longer than %d bytes", PRAVEGA_NAME_LEN_MAX);
    return WEIR_OK;
}

static char *id_or_random(struct pravega_client *client, const char *id)
{
    char text[WEIR_UUID_TEXT_LEN + 1];

    if (id != NULL)
        return strdup(id);
    weir_uuid_text(weir_uuid_random(&client->rng), text);
    return strdup(text);
}

enum weir_status pravega_writer_make(struct pravega_client *client, const struct pravega_stream_name *stream,
                                     const struct pravega_writer_options *options, struct pravega_writer **out,
                                     struct weir_error *err)
{
    struct pravega_writer *writer;
    enum weir_status status = pravega_writer_check(options, err);

    if (status != WEIR_OK)
        return status;
    writer = calloc(1, sizeof(*writer));
    if (writer == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for a writer of stream %s/%s", stream->scope, stream->stream);
    writer->client = client;
    writer->flushes_end = &writer->flushes;
    writer->scope = strdup(stream->scope);
    writer->stream = strdup(stream->stream);
    writer->writer_id = id_or_random(client, options->writer_id);
    writer->window_bytes = options->window_bytes > 0 ? options->window_bytes : WINDOW_BYTES_DEFAULT;
    pravega_block_pool_init(&writer->pool, client->loop,
                            options->block_bytes > 0 ? options->block_bytes : BLOCK_BYTES_DEFAULT);
    writer->retry = retry_of(client, &options->retry);
    writer->enable_large_events = options->enable_large_events;
    writer->automatically_note_time = options->automatically_note_time;
    writer->on_ready = options->on_ready;
    writer->arg = options->arg;
    writer->settle = (struct weir_deferred){.fn = settle, .arg = writer};
    if (writer->scope == NULL || writer->stream == NULL || writer->writer_id == NULL) {
        destroy(writer);
        return weir_fail(err, WEIR_E_NOMEM, "no memory for a writer of stream %s/%s", stream->scope, stream->stream);
    }
    *out = writer;
    return WEIR_OK;
}

enum weir_status pravega_writer_new(struct pravega_client *client, const struct pravega_stream_name *stream,
                                    const struct pravega_writer_options *options, struct pravega_writer **out,
                                    struct weir_error *err)
{
    static const struct pravega_writer_options defaults;
    enum weir_status status = pravega_writer_make(client, stream, options != NULL ? options : &defaults, out, err);

    if (status != WEIR_OK)
        return status;
    pravega_writer_find_segments(*out);
    pravega_writer_start_noting_time(*out);
    return WEIR_OK;
}

void pravega_writer_free(struct pravega_writer *writer)
{
    if (writer == NULL)
        return;
    pravega_call_cancel(&writer->call);
    pravega_writer_drop_notes(writer);
    pravega_writer_drop_segments(writer);
    pravega_large_event_free(writer->large);
    writer->large = NULL;
    weir_deferred_cancel(writer->client->loop, &writer->settle);
    writer->freed = true;
    if (!writer->settling)
        destroy(writer);
}
