/*
 * gzip.c - zlib's deflate and inflate over buffers, a chunk at a time, so that what does not fit ends early.
 */
#include "pravega/format/gzip.h"

#include <zlib.h>

#define CHUNK_LEN ((size_t)16 << 10)
#define GZIP_WINDOW (MAX_WBITS + 16) /* a gzip header around deflate's data, not zlib's */
#define MEM_LEVEL_DEFAULT 8
#define OS_UNKNOWN 255

/* The next chunk of `bytes`: avail_in is an unsigned int. */
static void feed(z_stream *z, struct weir_view bytes, size_t *fed)
{
    size_t len = bytes.len - *fed < CHUNK_LEN ? bytes.len - *fed : CHUNK_LEN;

    if (z->avail_in > 0 || len == 0)
        return;
    z->next_in = (Bytef *)bytes.ptr + *fed;
    z->avail_in = (unsigned)len;
    *fed += len;
}

/* Room for the next output: a chunk, or what is left up to the cap; false if there is none. */
static bool give_room(z_stream *z, struct weir_buf *out)
{
    size_t left = out->len_max - out->len, len = left < CHUNK_LEN ? left : CHUNK_LEN;

    z->next_out = weir_buf_reserve(out, len > 0 ? len : 1);
    z->avail_out = (unsigned)len;
    return z->next_out != NULL;
}

/* The header says that the operating system is not known, as Java's does: equal texts give equal bytes, on any system.
 */
enum weir_status pravega_gzip(struct weir_view bytes, struct weir_buf *out)
{
    gz_header header = {.os = OS_UNKNOWN};
    z_stream z = {0};
    size_t fed = 0;
    int result = Z_OK;

    if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, MEM_LEVEL_DEFAULT, Z_DEFAULT_STRATEGY) != Z_OK)
        out->status = WEIR_E_NOMEM;
    deflateSetHeader(&z, &header);
    while (out->status == WEIR_OK && result != Z_STREAM_END && give_room(&z, out)) {
        size_t room = z.avail_out;

        feed(&z, bytes, &fed);
        result = deflate(&z, fed == bytes.len ? Z_FINISH : Z_NO_FLUSH);
        out->len += room - z.avail_out;
    }
    deflateEnd(&z);
    return out->status;
}

static enum weir_status status_of(int result)
{
    return result == Z_OK || result == Z_STREAM_END ? WEIR_OK : result == Z_MEM_ERROR ? WEIR_E_NOMEM : WEIR_E_INVAL;
}

/* One step; members may follow one another. */
static enum weir_status inflate_chunk(z_stream *z, struct weir_view bytes, size_t *fed, struct weir_buf *out,
                                      bool *ended)
{
    size_t room;
    int result;

    if (!give_room(z, out))
        return out->status;
    room = z->avail_out;
    feed(z, bytes, fed);
    result = inflate(z, Z_NO_FLUSH);
    out->len += room - z->avail_out;
    if (result == Z_STREAM_END && (z->avail_in > 0 || *fed < bytes.len))
        result = inflateReset(z);
    else
        *ended = result == Z_STREAM_END;
    return status_of(result);
}

enum weir_status pravega_gunzip(struct weir_view bytes, struct weir_buf *out)
{
    enum weir_status status = WEIR_OK;
    bool ended = false;
    z_stream z = {0};
    size_t fed = 0;

    if (inflateInit2(&z, GZIP_WINDOW) != Z_OK)
        return WEIR_E_NOMEM;
    while (status == WEIR_OK && !ended)
        status = inflate_chunk(&z, bytes, &fed, out, &ended);
    inflateEnd(&z);
    return status;
}
