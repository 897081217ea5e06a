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

static void end_flushes(struct pravega_writer *writer)
{
    uint64_t oldest = writer->flushes != NULL ? pravega_writer_oldest(writer, true) : 0;

    while (!writer->freed && writer->flushes != NULL && (writer->failed || writer->flushes->mark <= oldest)) {
        struct pravega_flush *flush = writer->flushes;

        writer->flushes = flush->next;
        flush->done(flush->arg, writer->failed ? writer->why.status : WEIR_OK,
                    writer->failed ? &writer->why : &nothing_wrong);
        free(flush);
    }
}

static bool has_room_again(const struct pravega_writer *writer)
{
    return writer->failed || writer->pending_bytes <= writer->window_bytes / 4 * 3;
}

static void destroy(struct pravega_writer *writer)
{
    pravega_block_list_recycle(&writer->pool, &writer->acked);
    pravega_block_list_recycle(&writer->pool, &writer->lost);
    pravega_block_pool_fini(&writer->pool);
    while (writer->flushes != NULL) {
        struct pravega_flush *flush = writer->flushes;

        writer->flushes = flush->next;
        free(flush);
    }
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
        end_flushes(writer);
    if (!writer->freed && writer->wants_ready && has_room_again(writer)) {
        writer->wants_ready = false;
        if (writer->on_ready != NULL)
            writer->on_ready(writer->arg);
    }
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
    pravega_writer_settle_later(writer);
}

/* ---- what segment writers say ---- */

static void on_acked(void *arg, struct pravega_block_list *blocks)
{
    struct pravega_writer *writer = arg;

    /* What is said last may fail the writer as well: then nothing is pending already. */
    for (const struct pravega_append_block *block = blocks->first; block != NULL && !writer->failed;
         block = block->next)
        writer->pending_bytes -= block->data_len;
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

    if (block != NULL && pravega_block_fits(block, event->payload.len))
        return pravega_block_append(block, event) ? WEIR_OK : WEIR_E_NOMEM;
    block = pravega_block_new(&writer->pool, event->payload.len);
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

enum weir_status pravega_writer_write(struct pravega_writer *writer, const struct weir_view *key,
                                      struct weir_view event, pravega_written_fn *done, void *arg,
                                      struct weir_error *err)
{
    struct pravega_outgoing outgoing = {.payload = event, .done = done, .arg = arg};
    size_t len = PRAVEGA_EVENT_HEADER_LEN + event.len;
    enum weir_status status;

    if (writer->failed)
        return pravega_writer_failure(writer, err);
    if (event.len > PRAVEGA_EVENT_LEN_MAX)
        return weir_fail(err, WEIR_E_LIMIT, "event of %zu bytes is longer than %d, the most that Pravega takes",
                         event.len, PRAVEGA_EVENT_LEN_MAX);
    if (writer->pending_bytes > 0 && writer->pending_bytes + len > writer->window_bytes) {
        writer->wants_ready = true;
        return WEIR_E_AGAIN;
    }
    outgoing.position = position_of(writer, key);
    outgoing.ordinal = writer->next_ordinal;
    status = writer->route_count > 0
                 ? pravega_segment_writer_append(pravega_writer_route(writer, outgoing.position), &outgoing)
                 : wait_for_segments(writer, &outgoing);
    if (status != WEIR_OK)
        return weir_fail(err, status, "no memory to write an event of %zu bytes", event.len);
    writer->next_ordinal++;
    writer->pending_bytes += len;
    return WEIR_OK;
}

void pravega_writer_flush(struct pravega_writer *writer, pravega_done_fn *done, void *arg)
{
    struct pravega_flush *flush = malloc(sizeof(*flush)), **last = &writer->flushes;

    if (flush == NULL) {
        struct weir_error why = {0};

        weir_fail(&why, WEIR_E_NOMEM, "stream %s/%s: no memory to flush", writer->scope, writer->stream);
        done(arg, why.status, &why);
        return;
    }
    *flush = (struct pravega_flush){NULL, writer->next_ordinal, done, arg};
    while (*last != NULL)
        last = &(*last)->next;
    *last = flush;
    for (struct pravega_segment_writer *w = writer->segment_writers; w != NULL;
         w = pravega_segment_writer_node(w)->next)
        pravega_segment_writer_flush(w);
    pravega_writer_settle_later(writer);
}

size_t pravega_writer_pending_bytes(const struct pravega_writer *writer)
{
    return writer->pending_bytes;
}

/* ---- life ---- */

enum weir_status pravega_writer_make(struct pravega_client *client, const struct pravega_stream_name *stream,
                                     const struct pravega_writer_options *options, struct pravega_writer **out,
                                     struct weir_error *err)
{
    struct pravega_writer *writer = calloc(1, sizeof(*writer));

    if (options->block_bytes > BLOCK_BYTES_MAX) {
        free(writer);
        return weir_fail(err, WEIR_E_INVAL, "block_bytes %zu is more than %zu", options->block_bytes, BLOCK_BYTES_MAX);
    }
    if (writer == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for a writer of stream %s/%s", stream->scope, stream->stream);
    writer->client = client;
    writer->scope = strdup(stream->scope);
    writer->stream = strdup(stream->stream);
    writer->window_bytes = options->window_bytes > 0 ? options->window_bytes : WINDOW_BYTES_DEFAULT;
    writer->pool.block_bytes = options->block_bytes > 0 ? options->block_bytes : BLOCK_BYTES_DEFAULT;
    writer->on_ready = options->on_ready;
    writer->arg = options->arg;
    writer->settle = (struct weir_deferred){.fn = settle, .arg = writer};
    if (writer->scope == NULL || writer->stream == NULL) {
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

    if (status == WEIR_OK)
        pravega_writer_find_segments(*out);
    return status;
}

void pravega_writer_free(struct pravega_writer *writer)
{
    if (writer == NULL)
        return;
    pravega_call_cancel(&writer->call);
    pravega_writer_drop_segments(writer);
    weir_deferred_cancel(writer->client->loop, &writer->settle);
    writer->freed = true;
    if (!writer->settling)
        destroy(writer);
}
