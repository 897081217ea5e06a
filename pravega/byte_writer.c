/*
 * byte_writer.c - bytes to the one segment of a stream, through a segment writer: each write is an "event" without a
 * header, so that its number says after a reconnect whether it is stored.
 *
 * Callbacks of the application run from settle() at the end of a loop turn, and from the questions of byte_segment.c. A
 * flush ends when the segment writer has nothing older than it; one that seals goes on to ask for that:
 *
 *     flushes --durable--> done         flushes --durable, of close_and_seal--> seals --the store's answer--> done
 */
#include <stdlib.h>

#include "pravega/byte_segment.h"
#include "pravega/client_int.h"
#include "pravega/segment_writer.h"

#define WINDOW_BYTES_DEFAULT ((size_t)16 << 20)
#define BLOCK_BYTES_DEFAULT ((size_t)256 << 10)

struct byte_flush {
    struct byte_flush *next;
    struct pravega_byte_writer *writer;
    uint64_t mark; /* ends when nothing older is left */
    bool seals;    /* and is followed by the seal, if it went well */
    pravega_done_fn *done;
    void *arg;
};

struct pravega_byte_writer {
    struct pravega_client *client;
    struct pravega_byte_segment segment;
    struct pravega_segment_writer *out; /* NULL until the segment is known */
    struct pravega_block_pool pool;
    size_t window_bytes, pending_bytes;
    uint64_t next_ordinal;
    struct byte_flush *flushes, **flushes_end; /* oldest first */
    struct byte_flush *seals;                  /* flushed; the store is asked to seal */
    size_t closing_count;                      /* of those two, that seal */
    bool closed;                               /* one of them has sealed the segment */
    void (*on_ready)(void *arg);
    void *arg;
    bool wants_ready; /* AGAIN was said */
    bool failed;
    struct weir_error why;
    struct weir_deferred settle;
    bool settling, freed;
};

/* ---- callbacks ---- */

/* A flush has to learn whether there is a stream at all. */
static bool is_flushed(const struct pravega_byte_writer *writer, uint64_t mark)
{
    return writer->failed || (writer->out != NULL && mark <= pravega_segment_writer_oldest(writer->out));
}

static void on_seal_asked(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct byte_flush *flush = arg, **at = &flush->writer->seals;
    pravega_done_fn *done = flush->done;
    void *done_arg = flush->arg;

    while (*at != flush)
        at = &(*at)->next;
    *at = flush->next;
    flush->writer->closing_count--;
    flush->writer->closed |= status == WEIR_OK;
    free(flush);
    done(done_arg, status, why);
}

static void end_flush(struct pravega_byte_writer *writer, struct byte_flush *flush)
{
    struct weir_error fine = {0};

    if (flush->seals && !writer->failed) {
        flush->next = writer->seals;
        writer->seals = flush;
        pravega_byte_segment_ask(&writer->segment, PRAVEGA_BYTES_SEAL, 0, (void (*)(void))on_seal_asked, flush);
        return;
    }
    writer->closing_count -= flush->seals;
    flush->done(flush->arg, writer->failed ? writer->why.status : WEIR_OK, writer->failed ? &writer->why : &fine);
    free(flush);
}

static void end_flushes(struct pravega_byte_writer *writer)
{
    while (!writer->freed && writer->flushes != NULL && is_flushed(writer, writer->flushes->mark)) {
        struct byte_flush *flush = writer->flushes;

        writer->flushes = flush->next;
        if (writer->flushes == NULL)
            writer->flushes_end = &writer->flushes;
        end_flush(writer, flush);
    }
}

static bool has_room_again(const struct pravega_byte_writer *writer)
{
    return writer->failed || (writer->out != NULL && writer->pending_bytes <= writer->window_bytes / 4 * 3);
}

static void free_flushes(struct byte_flush *flush)
{
    while (flush != NULL) {
        struct byte_flush *next = flush->next;

        free(flush);
        flush = next;
    }
}

static void destroy(struct pravega_byte_writer *writer)
{
    pravega_block_pool_fini(&writer->pool);
    free_flushes(writer->flushes);
    free_flushes(writer->seals);
    free(writer);
}

static void settle(void *arg)
{
    struct pravega_byte_writer *writer = arg;

    writer->settling = true;
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

static void settle_later(struct pravega_byte_writer *writer)
{
    weir_loop_defer(writer->client->loop, &writer->settle);
}

static void fail(struct pravega_byte_writer *writer, const struct weir_error *why)
{
    struct pravega_block_list lost = {0};

    if (writer->failed)
        return;
    writer->failed = true;
    writer->why = *why;
    writer->wants_ready = true; /* failing is news even to those who did not wait */
    if (writer->out != NULL)
        pravega_segment_writer_take(writer->out, &lost);
    pravega_block_list_recycle(&writer->pool, &lost);
    writer->pending_bytes = 0;
    settle_later(writer);
}

/* ---- what the segment writer says ---- */

static void on_acked(void *arg, struct pravega_block_list *blocks)
{
    struct pravega_byte_writer *writer = arg;

    for (const struct pravega_append_block *block = blocks->first; block != NULL && !writer->failed;
         block = block->next)
        writer->pending_bytes -= block->data_len;
    pravega_block_list_recycle(&writer->pool, blocks);
    settle_later(writer);
}

static void on_sealed(void *arg, struct pravega_segment_writer *segment_writer, bool missing)
{
    struct pravega_byte_writer *writer = arg;
    struct weir_error why = {0};

    weir_fail(&why, missing ? WEIR_E_NOT_FOUND : WEIR_E_SEALED, "segment %s %s",
              pravega_segment_writer_name(segment_writer), missing ? "does not exist" : "is sealed");
    fail(writer, &why);
}

static void on_failed(void *arg, struct pravega_segment_writer *segment_writer, const struct weir_error *why)
{
    (void)segment_writer;
    fail(arg, why);
}

static const struct pravega_segment_writer_handler handler = {on_acked, on_sealed, on_failed};

static void on_found(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct pravega_byte_writer *writer = arg;
    struct pravega_stream_name stream = {writer->segment.scope, writer->segment.stream};
    struct pravega_segment_writer_options options = {.stream = &stream,
                                                     .segment = writer->segment.id,
                                                     .pool = &writer->pool,
                                                     .retry = &writer->segment.retry,
                                                     .handler = &handler,
                                                     .arg = writer};
    struct weir_error bad = *why;

    if (status == WEIR_OK)
        status = pravega_segment_writer_new(writer->client, &options, &writer->out, &bad);
    if (status != WEIR_OK)
        fail(writer, &bad);
    settle_later(writer);
}

/* ---- writing ---- */

static enum weir_status failure(const struct pravega_byte_writer *writer, struct weir_error *err)
{
    if (err != NULL)
        *err = writer->why;
    return writer->why.status;
}

enum weir_status pravega_byte_writer_write(struct pravega_byte_writer *writer, struct weir_view bytes,
                                           struct weir_error *err)
{
    struct pravega_outgoing outgoing = {.framed = bytes, .count = 1, .len = bytes.len, .ordinal = writer->next_ordinal};
    enum weir_status status;

    if (writer->failed)
        return failure(writer, err);
    if (writer->closing_count > 0 || writer->closed)
        return weir_fail(err, WEIR_E_STATE, "stream %s/%s is being closed and sealed, or has been",
                         writer->segment.scope, writer->segment.stream);
    if (bytes.len > PRAVEGA_BYTES_LEN_MAX)
        return weir_fail(err, WEIR_E_LIMIT, "%zu bytes are more than %d, the most that Pravega stores in one piece",
                         bytes.len, PRAVEGA_BYTES_LEN_MAX);
    if (writer->out == NULL ||
        (writer->pending_bytes > 0 && writer->pending_bytes + bytes.len > writer->window_bytes)) {
        writer->wants_ready = true;
        return WEIR_E_AGAIN;
    }
    if (bytes.len == 0)
        return WEIR_OK;
    status = pravega_segment_writer_append(writer->out, &outgoing);
    if (status != WEIR_OK)
        return weir_fail(err, status, "no memory to write %zu bytes", bytes.len);
    writer->next_ordinal++;
    writer->pending_bytes += bytes.len;
    return WEIR_OK;
}

static void begin_flush(struct pravega_byte_writer *writer, bool seals, pravega_done_fn *done, void *arg)
{
    struct byte_flush *flush = malloc(sizeof(*flush));
    struct weir_error why = {0};

    if (flush == NULL) {
        weir_fail(&why, WEIR_E_NOMEM, "stream %s/%s: no memory to flush", writer->segment.scope,
                  writer->segment.stream);
        done(arg, why.status, &why);
        return;
    }
    *flush = (struct byte_flush){NULL, writer, writer->next_ordinal, seals, done, arg};
    *writer->flushes_end = flush;
    writer->flushes_end = &flush->next;
    writer->closing_count += seals;
    if (writer->out != NULL)
        pravega_segment_writer_flush(writer->out);
    settle_later(writer);
}

void pravega_byte_writer_flush(struct pravega_byte_writer *writer, pravega_done_fn *done, void *arg)
{
    begin_flush(writer, false, done, arg);
}

void pravega_byte_writer_close_and_seal(struct pravega_byte_writer *writer, pravega_done_fn *done, void *arg)
{
    begin_flush(writer, true, done, arg);
}

void pravega_byte_writer_truncate_before(struct pravega_byte_writer *writer, int64_t offset, pravega_done_fn *done,
                                         void *arg)
{
    pravega_byte_segment_ask(&writer->segment, PRAVEGA_BYTES_TRUNCATE, offset, (void (*)(void))done, arg);
}

void pravega_byte_writer_fetch_head(struct pravega_byte_writer *writer, pravega_offset_fn *done, void *arg)
{
    pravega_byte_segment_ask(&writer->segment, PRAVEGA_BYTES_HEAD, 0, (void (*)(void))done, arg);
}

void pravega_byte_writer_fetch_tail(struct pravega_byte_writer *writer, pravega_offset_fn *done, void *arg)
{
    pravega_byte_segment_ask(&writer->segment, PRAVEGA_BYTES_TAIL, 0, (void (*)(void))done, arg);
}

int64_t pravega_byte_writer_position(const struct pravega_byte_writer *writer)
{
    return writer->out != NULL ? pravega_segment_writer_write_offset(writer->out) : -1;
}

size_t pravega_byte_writer_pending_bytes(const struct pravega_byte_writer *writer)
{
    return writer->pending_bytes;
}

/* ---- life ---- */

enum weir_status pravega_byte_writer_new(struct pravega_client *client, const struct pravega_stream_name *stream,
                                         const struct pravega_byte_writer_options *options,
                                         struct pravega_byte_writer **out, struct weir_error *err)
{
    static const struct pravega_byte_writer_options defaults;
    struct pravega_byte_writer *writer;
    enum weir_status status;

    options = options != NULL ? options : &defaults;
    if (options->block_bytes > PRAVEGA_BYTES_LEN_MAX)
        return weir_fail(err, WEIR_E_INVAL, "block_bytes %zu is more than %d", options->block_bytes,
                         PRAVEGA_BYTES_LEN_MAX);
    writer = calloc(1, sizeof(*writer));
    if (writer == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for a writer of stream %s/%s", stream->scope, stream->stream);
    writer->client = client;
    writer->window_bytes = options->window_bytes > 0 ? options->window_bytes : WINDOW_BYTES_DEFAULT;
    pravega_block_pool_init(&writer->pool, client->loop,
                            options->block_bytes > 0 ? options->block_bytes : BLOCK_BYTES_DEFAULT);
    writer->on_ready = options->on_ready;
    writer->arg = options->arg;
    writer->flushes_end = &writer->flushes;
    writer->settle = (struct weir_deferred){.fn = settle, .arg = writer};
    status = pravega_byte_segment_init(&writer->segment, client, stream, PRAVEGA_ACCESS_WRITE, on_found, writer, err);
    if (status == WEIR_OK)
        *out = writer;
    else
        destroy(writer);
    return status;
}

void pravega_byte_writer_free(struct pravega_byte_writer *writer)
{
    if (writer == NULL)
        return;
    pravega_segment_writer_free(writer->out);
    writer->out = NULL;
    pravega_byte_segment_fini(&writer->segment);
    weir_deferred_cancel(writer->client->loop, &writer->settle);
    writer->freed = true;
    if (!writer->settling)
        destroy(writer);
}
