/*
 * management_events.c - checks of batches, transactions, readers and groups, by their blocking calls.
 */
#include "management_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- batch */

#define EVENTS 200

/* Reads a range, and counts its events in `seen`. */
static enum weir_status read_range(struct pravega_session *session, const struct pravega_stream_name *stream,
                                   const struct pravega_batch_range *range, int *seen, struct weir_error *why)
{
    struct pravega_batch_reader *reader;
    struct pravega_event event;
    enum weir_status status = pravega_await_batch_reader_new(session, stream, range, NULL, &reader, why);

    if (status != WEIR_OK)
        return status;
    while ((status = pravega_await_batch_next(session, reader, 10000, &event, why)) == WEIR_OK) {
        char text[EVENT_LEN + 1] = "";

        if (event.payload.len == EVENT_LEN)
            memcpy(text, event.payload.ptr, EVENT_LEN);
        seen[atoi(text + strlen("event ")) % EVENTS]++;
    }
    if (status == WEIR_E_END && pravega_batch_reader_offset(reader) != range->end_offset)
        status = weir_fail(why, WEIR_E_STATE, "it ends at %lld", (long long)pravega_batch_reader_offset(reader));
    pravega_batch_reader_free(reader);
    return status;
}

/* All ranges between two cuts. Each event first..last-1 once, and no other. */
static bool batch_has(struct pravega_session *session, const struct pravega_stream_name *stream,
                      const struct pravega_stream_cut *from, const struct pravega_stream_cut *to, int first, int last,
                      struct weir_error *why)
{
    struct pravega_batch_segments *segments;
    int seen[EVENTS] = {0};

    OK(pravega_await_batch_segments(session, stream, from, to, &segments, why));
    MUST(!pravega_stream_cut_is_unbounded(segments->from) && !pravega_stream_cut_is_unbounded(segments->to));
    for (size_t i = 0; i < segments->range_count; i++) {
        MUST(i == 0 || segments->ranges[i - 1].segment < segments->ranges[i].segment);
        MUST(read_range(session, stream, &segments->ranges[i], seen, why) == WEIR_E_END);
    }
    free(segments);
    for (int i = 0; i < EVENTS; i++)
        MUST(seen[i] == (i >= first && i < last));
    return true;
}

bool a_batch_reads_between_cuts(struct pravega_session *session, const char *scope, struct weir_error *why)
{
    struct pravega_stream_name stream = {scope, "s"}, other = {scope, "t"};
    struct pravega_stream_info *middle, *scaled, *end;
    struct pravega_batch_segments *segments;
    struct pravega_ranges *made;

    OK(pravega_await_scope_create(session, scope, why));
    OK(pravega_await_stream_create(session, &stream, ONE_SEGMENT, why));
    MUST(batch_has(session, &stream, NULL, NULL, 0, 0, why));
    OK(write_events(session, &stream, 0, 50, why));
    OK(pravega_await_stream_info(session, &stream, &middle, why));
    OK(write_events(session, &stream, 50, 100, why));
    OK(split(session, &stream, 0, &made, why));
    free(made);
    OK(pravega_await_stream_info(session, &stream, &scaled, why));
    OK(write_events(session, &stream, 100, EVENTS, why));
    OK(pravega_await_stream_info(session, &stream, &end, why));
    MUST(batch_has(session, &stream, NULL, NULL, 0, EVENTS, why));
    MUST(batch_has(session, &stream, &(struct pravega_stream_cut){0}, middle->tail, 0, 50, why));
    MUST(batch_has(session, &stream, middle->tail, scaled->tail, 50, 100, why));
    MUST(batch_has(session, &stream, middle->tail, NULL, 50, EVENTS, why));
    MUST(batch_has(session, &stream, scaled->tail, end->tail, 100, EVENTS, why));
    MUST(batch_has(session, &stream, end->tail, end->tail, 0, 0, why));
    MUST(pravega_await_batch_segments(session, &stream, end->tail, scaled->tail, &segments, why) == WEIR_E_INVAL);
    MUST(pravega_await_batch_segments(session, &other, NULL, middle->tail, &segments, why) == WEIR_E_INVAL);
    MUST(pravega_await_batch_segments(session, &other, NULL, NULL, &segments, why) == WEIR_E_NOT_FOUND);
    OK(pravega_await_stream_seal(session, &stream, why));
    MUST(batch_has(session, &stream, NULL, NULL, 0, EVENTS, why));
    MUST(batch_has(session, &stream, middle->tail, NULL, 50, EVENTS, why));
    free(middle);
    free(scaled);
    free(end);
    OK(pravega_await_scope_delete_recursive(session, scope, why));
    return true;
}

/* From the head, wherever that is, to a cut that lies before it: what was between them is gone. */
bool a_batch_to_a_cut_before_the_head_is_truncated(struct pravega_session *session, const char *scope,
                                                   struct weir_error *why)
{
    struct pravega_stream_name stream = {scope, "s"};
    struct pravega_segment_offset middle = {0, 4 * WHOLE_LEN}, early = {0, WHOLE_LEN};
    struct pravega_stream_cut cut = {(char *)scope, (char *)"s", &middle, 1};
    struct pravega_stream_cut before = {(char *)scope, (char *)"s", &early, 1};
    struct pravega_batch_segments *segments;
    struct pravega_stream_info *info;
    struct pravega_ranges *made;

    OK(pravega_await_scope_create(session, scope, why));
    OK(pravega_await_stream_create(session, &stream, ONE_SEGMENT, why));
    OK(write_events(session, &stream, 0, 10, why));
    OK(pravega_await_stream_truncate(session, &stream, &cut, why));
    MUST(pravega_await_batch_segments(session, &stream, NULL, &before, &segments, why) == WEIR_E_TRUNCATED);
    MUST(batch_has(session, &stream, NULL, &cut, 0, 0, why));
    OK(split(session, &stream, 0, &made, why)); /* and now its segment goes, too */
    free(made);
    OK(write_events(session, &stream, 10, 20, why));
    OK(pravega_await_stream_info(session, &stream, &info, why));
    OK(pravega_await_stream_truncate(session, &stream, info->tail, why));
    MUST(pravega_await_batch_segments(session, &stream, NULL, &before, &segments, why) == WEIR_E_TRUNCATED);
    MUST(pravega_await_batch_segments(session, &stream, info->tail, &before, &segments, why) == WEIR_E_INVAL);
    free(info);
    OK(pravega_await_scope_delete_recursive(session, scope, why));
    return true;
}

bool a_batch_tells_of_truncation(struct pravega_session *session, const char *scope, struct weir_error *why)
{
    struct pravega_stream_name stream = {scope, "s"};
    struct pravega_batch_segments *whole, *segments;
    struct pravega_segment_offset at = {0, 10 * WHOLE_LEN};
    struct pravega_stream_cut cut = {(char *)scope, (char *)"s", &at, 1};
    struct pravega_stream_info *info;
    struct pravega_ranges *made;
    int seen[EVENTS] = {0};

    OK(pravega_await_scope_create(session, scope, why));
    OK(pravega_await_stream_create(session, &stream, ONE_SEGMENT, why));
    OK(write_events(session, &stream, 0, 20, why));
    OK(pravega_await_batch_segments(session, &stream, NULL, NULL, &whole, why));
    OK(pravega_await_stream_truncate(session, &stream, &cut, why));
    MUST(read_range(session, &stream, &whole->ranges[0], seen, why) == WEIR_E_TRUNCATED);
    MUST(batch_has(session, &stream, NULL, NULL, 10, 20, why));
    MUST(batch_has(session, &stream, &cut, NULL, 10, 20, why));
    OK(split(session, &stream, 0, &made, why));
    free(made);
    OK(pravega_await_stream_info(session, &stream, &info, why));
    OK(pravega_await_stream_truncate(session, &stream, info->tail, why)); /* the first segment goes */
    MUST(read_range(session, &stream, &whole->ranges[0], seen, why) == WEIR_E_TRUNCATED);
    MUST(pravega_await_batch_segments(session, &stream, &cut, NULL, &segments, why) == WEIR_E_TRUNCATED);
    MUST(batch_has(session, &stream, NULL, NULL, 0, 0, why));
    free(info);
    free(whole);
    OK(pravega_await_scope_delete_recursive(session, scope, why));
    return true;
}

/* ---- the other blocking calls */

bool transactions_block_until_they_are_over(struct pravega_session *session, const char *scope, struct weir_error *why)
{
    struct pravega_stream_name stream = {scope, "s"};
    struct weir_view key = weir_view_str("k");
    enum pravega_txn_status state;
    struct pravega_txn *txn;

    OK(pravega_await_scope_create(session, scope, why));
    OK(pravega_await_stream_create(session, &stream, ONE_SEGMENT, why));
    OK(pravega_await_txn_begin(session, &stream, NULL, &txn, why));
    OK(pravega_await_txn_write(session, txn, &key, weir_view_str("event 0000000007"), why));
    OK(pravega_await_txn_flush(session, txn, why));
    MUST(batch_has(session, &stream, NULL, NULL, 0, 0, why));
    OK(pravega_await_txn_status(session, &stream, pravega_txn_id(txn), &state, why));
    MUST(state == PRAVEGA_TXN_OPEN);
    OK(pravega_await_txn_commit_id(session, &stream, pravega_txn_id(txn), why));
    OK(pravega_await_txn_status(session, &stream, pravega_txn_id(txn), &state, why));
    MUST(state == PRAVEGA_TXN_COMMITTED);
    pravega_txn_free(txn);
    MUST(batch_has(session, &stream, NULL, NULL, 7, 8, why));
    OK(pravega_await_txn_begin(session, &stream, NULL, &txn, why));
    OK(pravega_await_txn_abort_id(session, &stream, pravega_txn_id(txn), why));
    MUST(pravega_await_txn_commit_id(session, &stream, pravega_txn_id(txn), why) == WEIR_E_TXN_FAILED);
    pravega_txn_free(txn);
    OK(pravega_await_scope_delete_recursive(session, scope, why));
    return true;
}

bool a_reader_waits_for_what_comes(struct pravega_session *session, const char *scope, struct weir_error *why)
{
    struct pravega_stream_name stream = {scope, "s"};
    struct pravega_segment_reader_options options = {0};
    struct pravega_segment_reader *reader;
    struct pravega_event event;

    OK(pravega_await_scope_create(session, scope, why));
    OK(pravega_await_stream_create(session, &stream, ONE_SEGMENT, why));
    OK(pravega_await_segment_reader_new(session, &stream, 0, &options, &reader, why));
    MUST(pravega_await_segment_next(session, reader, 50, &event, why) == WEIR_E_TIMEOUT);
    OK(write_events(session, &stream, 0, 1, why));
    OK(pravega_await_segment_next(session, reader, 10000, &event, why));
    MUST(event.payload.len == EVENT_LEN && event.next_offset == WHOLE_LEN);
    OK(pravega_await_stream_seal(session, &stream, why));
    MUST(pravega_await_segment_next(session, reader, 10000, &event, why) == WEIR_E_END);
    pravega_segment_reader_free(reader);
    OK(pravega_await_scope_delete_recursive(session, scope, why));
    return true;
}

/* A group read by one reader, all in one thread. */
bool a_group_is_read_and_told_about(struct pravega_session *session, const char *scope, struct weir_error *why)
{
    struct pravega_stream_name stream = {scope, "s"};
    struct pravega_group_stream read = {stream, NULL, NULL};
    struct pravega_reader_group_config config = {.streams = &read, .stream_count = 1};
    struct pravega_group_name name = {scope, "g"};
    struct pravega_event_reader *reader;
    struct pravega_reader_group *group;
    struct pravega_event_read event;
    struct pravega_names *ids;
    int64_t unread = -1;

    OK(pravega_await_scope_create(session, scope, why));
    OK(pravega_await_stream_create(session, &stream, ONE_SEGMENT, why));
    OK(write_events(session, &stream, 0, 10, why));
    OK(pravega_await_reader_group_create(session, &name, &config, why));
    OK(pravega_await_reader_group_open(session, &name, &group, why));
    OK(pravega_await_reader_group_unread_bytes(session, group, &unread, why));
    MUST(unread == 10 * WHOLE_LEN);
    OK(pravega_await_event_reader_new(session, &name, "reader", NULL, &reader, why));
    OK(pravega_await_reader_group_online_readers(session, group, &ids, why));
    MUST(ids->count == 1 && has_name(ids, "reader"));
    free(ids);
    for (int i = 0; i < 10; i++) {
        OK(pravega_await_event_next(session, reader, 20000, &event, why));
        MUST(event.kind == PRAVEGA_READ_EVENT && event.payload.len == EVENT_LEN);
    }
    MUST(pravega_await_event_next(session, reader, 100, &event, why) == WEIR_E_TIMEOUT);
    OK(pravega_await_event_reader_close(session, reader, NULL, why));
    pravega_event_reader_free(reader);
    OK(pravega_await_reader_group_online_readers(session, group, &ids, why));
    MUST(ids->count == 0);
    free(ids);
    pravega_reader_group_free(group);
    OK(pravega_await_reader_group_delete(session, &name, why));
    MUST(pravega_await_reader_group_open(session, &name, &group, why) == WEIR_E_NOT_FOUND && group == NULL);
    OK(pravega_await_scope_delete_recursive(session, scope, why));
    return true;
}
