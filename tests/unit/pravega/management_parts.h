/**
 * @file management_parts.h
 * @brief What the files of management checks share: how a check says what was not so, events to read, and their list.
 */
#ifndef PRAVEGA_TESTS_MANAGEMENT_PARTS_H
#define PRAVEGA_TESTS_MANAGEMENT_PARTS_H

#include "management_checks.h"

#define ONE_SEGMENT (&(struct pravega_stream_config){.min_segments = 1})

#define MUST(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            struct weir_error was_ = *why;                                                                             \
            weir_fail(why, WEIR_E_STATE, "line %d: not so: %s (%.80s)", __LINE__, #condition, was_.message);           \
            return false;                                                                                              \
        }                                                                                                              \
    } while (0)
#define OK(call) MUST((call) == WEIR_OK)

#define EVENT_LEN 16 /* "event 0000000042" */
#define WHOLE_LEN (EVENT_LEN + PRAVEGA_EVENT_HEADER_LEN)

/** Each is in the file of its theme. */
#define MANAGEMENT_CHECKS(X)                                                                                           \
    X(scopes_come_and_go)                                                                                              \
    X(a_scope_goes_with_all_that_is_in_it)                                                                             \
    X(a_configuration_is_what_was_given)                                                                               \
    X(streams_are_found_by_tag)                                                                                        \
    X(pages_lead_to_the_last)                                                                                          \
    X(a_sealed_stream_has_no_tail)                                                                                     \
    X(a_stream_scales)                                                                                                 \
    X(truncation_moves_the_head)                                                                                       \
    X(a_batch_reads_between_cuts)                                                                                      \
    X(a_batch_to_a_cut_before_the_head_is_truncated)                                                                   \
    X(a_batch_tells_of_truncation)                                                                                     \
    X(transactions_block_until_they_are_over)                                                                          \
    X(a_reader_waits_for_what_comes)                                                                                   \
    X(a_group_is_read_and_told_about)                                                                                  \
    X(the_controller_keeps_reader_groups)                                                                              \
    X(the_controller_knows_valid_cuts)                                                                                 \
    X(the_controller_keeps_tables)                                                                                     \
    X(ended_transactions_are_listed)

#define DECLARE(function) bool function(struct pravega_session *session, const char *scope, struct weir_error *why);
MANAGEMENT_CHECKS(DECLARE)
#undef DECLARE

bool has_name(const struct pravega_names *names, const char *name);
/** Events first..last-1, with keys that go to every segment. */
enum weir_status write_events(struct pravega_session *session, const struct pravega_stream_name *stream, int first,
                              int last, struct weir_error *why);
/** Splits the only segment of a stream. */
enum weir_status split(struct pravega_session *session, const struct pravega_stream_name *stream,
                       pravega_segment_id segment, struct pravega_ranges **segments, struct weir_error *why);

/** A page, for which there is no blocking form: how a caller waits for any call. */
struct page {
    char token[256];
    size_t count;
    bool last;
};
/** A pravega_page_fn and a pravega_name_page_fn; `arg` is an await of a page. */
void on_page(void *arg, enum weir_status status, const char *const *names, size_t count, const char *token,
             const struct weir_error *why);

#endif
