/*
 * management_checks.c - the list of the checks, and what several of them do.
 */
#include "management_parts.h"

#include <stdio.h>
#include <string.h>

bool has_name(const struct pravega_names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->names[i], name) == 0)
            return true;
    return false;
}

enum weir_status write_events(struct pravega_session *session, const struct pravega_stream_name *stream, int first,
                              int last, struct weir_error *why)
{
    struct pravega_writer *writer = NULL;
    enum weir_status status = pravega_await_writer_new(session, stream, NULL, &writer, why);

    for (int i = first; i < last && status == WEIR_OK; i++) {
        char text[32], key_text[16];
        struct weir_view key;

        snprintf(text, sizeof(text), "event %010d", i);
        snprintf(key_text, sizeof(key_text), "key%d", i % 20);
        key = weir_view_str(key_text);
        status = pravega_await_write(session, writer, &key, weir_view_str(text), why);
    }
    if (status == WEIR_OK)
        status = pravega_await_flush(session, writer, why);
    pravega_writer_free(writer);
    return status;
}

enum weir_status split(struct pravega_session *session, const struct pravega_stream_name *stream,
                       pravega_segment_id segment, struct pravega_ranges **segments, struct weir_error *why)
{
    static const struct pravega_segment_range halves[] = {{0, 0, 0.5}, {0, 0.5, 1}};
    struct pravega_scale scale = {&segment, 1, halves, 2};

    return pravega_await_stream_scale(session, stream, &scale, segments, why);
}

void on_page(void *arg, enum weir_status status, const char *const *names, size_t count, const char *token,
             const struct weir_error *why)
{
    struct page *page = pravega_await_out(arg);

    (void)names;
    if (page != NULL) {
        page->count += count;
        page->last = token == NULL;
        snprintf(page->token, sizeof(page->token), "%s", token != NULL ? token : "");
    }
    pravega_await_done(arg, status, why);
}

#define ENTRY(function) {#function, function},
const struct management_check management_checks[] = {MANAGEMENT_CHECKS(ENTRY)};
const size_t management_check_count = sizeof(management_checks) / sizeof(management_checks[0]);
