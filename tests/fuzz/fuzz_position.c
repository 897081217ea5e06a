/*
 * fuzz_position.c - any bytes as a position, an event pointer (bytes and text), a checkpoint and a group's
 * configuration are refused, or an object that is the same once it is written and read again.
 */
#include <assert.h>
#include <stdlib.h>

#include "pravega/format/group_config.h"
#include "pravega/position.h"

#define WRITTEN_LEN_MAX ((size_t)1 << 26)

static bool same(const struct weir_buf *a, const struct weir_buf *b)
{
    return a->status == WEIR_OK && b->status == WEIR_OK && weir_view_equal(weir_buf_view(a), weir_buf_view(b));
}

/* read, written, read and written again: `first` and `second` are equal. A first that could not be written (an offset
 * that only the old form of a stream cut holds) ends it. */
#define CHECK(type, bytes)                                                                                             \
    do {                                                                                                               \
        enum weir_status status;                                                                                       \
        struct pravega_##type object;                                                                                  \
        struct weir_buf first, second;                                                                                 \
                                                                                                                       \
        status = pravega_##type##_from_bytes(bytes, &object, NULL);                                                    \
        assert(status == WEIR_OK || status == WEIR_E_INVAL);                                                           \
        if (status != WEIR_OK)                                                                                         \
            break;                                                                                                     \
        weir_buf_init(&first, WRITTEN_LEN_MAX);                                                                        \
        weir_buf_init(&second, WRITTEN_LEN_MAX);                                                                       \
        pravega_##type##_to_bytes(&object, &first);                                                                    \
        pravega_##type##_fini(&object);                                                                                \
        if (first.status == WEIR_OK) {                                                                                 \
            assert(pravega_##type##_from_bytes(weir_buf_view(&first), &object, NULL) == WEIR_OK);                      \
            pravega_##type##_to_bytes(&object, &second);                                                               \
            pravega_##type##_fini(&object);                                                                            \
            assert(same(&first, &second));                                                                             \
        }                                                                                                              \
        assert(first.status == WEIR_OK || first.status == WEIR_E_LIMIT);                                               \
        weir_buf_fini(&first);                                                                                         \
        weir_buf_fini(&second);                                                                                        \
    } while (0)

static bool same_pointer(const struct pravega_event_pointer *a, const struct pravega_event_pointer *b)
{
    return strcmp(a->stream.scope, b->stream.scope) == 0 && strcmp(a->stream.stream, b->stream.stream) == 0 &&
           a->segment == b->segment && a->offset == b->offset && a->length == b->length;
}

static void check_pointer(const struct pravega_event_pointer *pointer)
{
    struct pravega_event_pointer again;
    struct pravega_stream_name_room room;
    struct weir_buf out;

    weir_buf_init(&out, 4096);
    pravega_event_pointer_to_text(pointer, &out);
    weir_buf_u8(&out, '\0');
    assert(pravega_event_pointer_from_text((char *)out.ptr, &again, &room, NULL) == WEIR_OK);
    assert(same_pointer(pointer, &again));
    weir_buf_reset(&out);
    pravega_event_pointer_to_bytes(pointer, &out);
    if (out.status == WEIR_OK) {
        assert(pravega_event_pointer_from_bytes(weir_buf_view(&out), &again, &room, NULL) == WEIR_OK);
        assert(same_pointer(pointer, &again));
    }
    assert(out.status == WEIR_OK || out.status == WEIR_E_LIMIT); /* of the text's larger numbers */
    weir_buf_fini(&out);
}

static void try_pointer(struct weir_view bytes)
{
    struct pravega_event_pointer pointer;
    struct pravega_stream_name_room room;
    char *text = malloc(bytes.len + 1);

    if (pravega_event_pointer_from_bytes(bytes, &pointer, &room, NULL) == WEIR_OK)
        check_pointer(&pointer);
    memcpy(text, bytes.ptr, bytes.len);
    text[bytes.len] = '\0';
    if (pravega_event_pointer_from_text(text, &pointer, &room, NULL) == WEIR_OK)
        check_pointer(&pointer);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weir_view bytes = weir_view(data, size);

    CHECK(position, bytes);
    CHECK(checkpoint, bytes);
    CHECK(group_config, bytes);
    try_pointer(bytes);
    return 0;
}
