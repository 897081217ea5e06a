/*
 * fuzz_watermark.c - what a mark stream can hold.
 *
 * Property: bytes are refused, or become a mark whose segments are sorted and whose own bytes are understood to the
 * same mark again; comparing it with a place ends, and is what it is in whatever order the places are given.
 */
#include <stdint.h>
#include <stdlib.h>

#include "pravega/group/time_window.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            abort();                                                                                                   \
    } while (0)

static void check_bytes(const struct pravega_watermark *mark)
{
    struct pravega_watermark again;
    struct weir_buf bytes;

    weir_buf_init(&bytes, (size_t)64 << 20);
    pravega_watermark_to_bytes(mark, &bytes);
    MUST(bytes.status == WEIR_OK);
    MUST(pravega_watermark_from_bytes(weir_buf_view(&bytes), &again, NULL) == WEIR_OK);
    MUST(again.lower == mark->lower && again.upper == mark->upper && again.segment_count == mark->segment_count);
    for (size_t i = 0; i < mark->segment_count; i++) {
        MUST(again.segments[i].range.id == mark->segments[i].range.id ||
             (i > 0 && mark->segments[i - 1].range.id == mark->segments[i].range.id));
        MUST(i == 0 || mark->segments[i - 1].range.id <= mark->segments[i].range.id);
    }
    pravega_watermark_fini(&again);
    weir_buf_fini(&bytes);
}

static void check_places(const struct pravega_watermark *mark)
{
    struct pravega_time_place places[] = {{{0, 0, 0.5}, 100}, {{INT64_C(1) << 32 | 2, 0.5, 1}, -1}};
    struct pravega_time_place turned[] = {places[1], places[0]};

    MUST(pravega_time_compare(places, 2, mark) == pravega_time_compare(turned, 2, mark));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pravega_watermark mark;

    if (pravega_watermark_from_bytes(weir_view(data, size), &mark, NULL) == WEIR_OK) {
        check_bytes(&mark);
        check_places(&mark);
    } else {
        MUST(mark.segments == NULL);
    }
    pravega_watermark_fini(&mark);
    return 0;
}
