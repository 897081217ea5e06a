/*
 * fuzz_stream_cut.c - any bytes, as a stream cut's bytes and as its text, are refused or a cut that survives both
 * forms.
 *
 * Base64 and the checksum of gzip would keep a fuzzer out, so the input is also tried as what a text holds.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/base64.h"
#include "pravega/format/gzip.h"
#include "pravega/stream_cut.h"

static void check_bytes(const struct pravega_stream_cut *cut)
{
    struct pravega_stream_cut again;
    struct weir_buf bytes;

    weir_buf_init(&bytes, 1 << 26);
    pravega_stream_cut_to_bytes(cut, &bytes);
    if (bytes.status == WEIR_OK) {
        assert(pravega_stream_cut_from_bytes(weir_buf_view(&bytes), &again, NULL) == WEIR_OK);
        assert(pravega_stream_cut_equal(cut, &again));
        pravega_stream_cut_fini(&again);
    }
    assert(bytes.status == WEIR_OK || bytes.status == WEIR_E_LIMIT); /* an offset that has no short form */
    weir_buf_fini(&bytes);
}

static void check_text(const struct pravega_stream_cut *cut)
{
    struct pravega_stream_cut again;
    char *text;

    assert(pravega_stream_cut_to_text(cut, &text, NULL) == WEIR_OK);
    assert(pravega_stream_cut_from_text(text, &again, NULL) == WEIR_OK);
    assert(pravega_stream_cut_equal(cut, &again));
    pravega_stream_cut_fini(&again);
    free(text);
}

static void check(enum weir_status status, struct pravega_stream_cut *cut)
{
    assert(status == WEIR_OK || status == WEIR_E_INVAL || status == WEIR_E_LIMIT);
    if (status != WEIR_OK)
        return;
    check_bytes(cut);
    check_text(cut);
    pravega_stream_cut_fini(cut);
}

static void try_packed(struct weir_view plain)
{
    struct pravega_stream_cut cut;
    struct weir_buf gzip, text;

    weir_buf_init(&gzip, 1 << 26);
    weir_buf_init(&text, 1 << 27);
    assert(pravega_gzip(plain, &gzip) == WEIR_OK);
    weir_base64_append(&text, weir_buf_view(&gzip));
    weir_buf_u8(&text, '\0');
    check(pravega_stream_cut_from_text((char *)text.ptr, &cut, NULL), &cut);
    weir_buf_fini(&gzip);
    weir_buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct pravega_stream_cut cut;

    memcpy(text, data, size);
    text[size] = '\0';
    check(pravega_stream_cut_from_text(text, &cut, NULL), &cut);
    free(text);
    check(pravega_stream_cut_from_bytes(weir_view(data, size), &cut, NULL), &cut);
    try_packed(weir_view(data, size));
    return 0;
}
