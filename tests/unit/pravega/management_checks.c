/*
 * management_checks.c - see management_checks.h. Everything goes through public headers but for the reader-group and
 * subscriber calls, whose public forms have tests of their own.
 */
#include "management_checks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pravega/controller.h"

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

/* ---- scopes and streams */

static bool has_name(const struct pravega_names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->names[i], name) == 0)
            return true;
    return false;
}

static bool scopes_come_and_go(struct pravega_session *session, const char *scope, struct weir_error *why)
{
    struct pravega_stream_name stream = {scope, "s"};
    struct pravega_names *names;
    bool exists;

    OK(pravega_await_scope_exists(session, scope, &exists, why));
    MUST(!exists);
    OK(pravega_await_scope_create(session, scope, why));
    MUST(pravega_await_scope_create(session, scope, why) == WEIR_E_EXISTS);
    MUST(pravega_await_scope_create(session, "not_a_name", why) == WEIR_E_INVAL);
    OK(pravega_await_scope_exists(session, scope, &exists, why));
    MUST(exists);
    OK(pravega_await_scope_list(session, &names, why));
    MUST(has_name(names, scope) && !has_name(names, "_system"));
    free(names);
    OK(pravega_await_stream_create(session, &stream, ONE_SEGMENT, why));
    MUST(pravega_await_scope_delete(session, scope, why) == WEIR_E_STATE);
    OK(pravega_await_stream_seal(session, &stream, why));
    OK(pravega_await_stream_delete(session, &stream, why));
    OK(pravega_await_scope_delete(session, scope, why));
    MUST(pravega_await_scope_delete(session, scope, why) == WEIR_E_NOT_FOUND);
    return true;
}

static bool a_scope_goes_with_all_that_is_in_it(struct pravega_session *session, const char *scope,
                                                struct weir_error *why)
{
    struct pravega_stream_name open = {scope, "open"}, sealed = {scope, "sealed"};
    bool exists;

    OK(pravega_await_scope_create(session, scope, why));
    OK(pravega_await_stream_create(session, &open, ONE_SEGMENT, why));
    OK(pravega_await_stream_create(session, &sealed, ONE_SEGMENT, why));
    OK(pravega_await_stream_seal(session, &sealed, why));
    OK(pravega_await_scope_delete_recursive(session, scope, why));
    OK(pravega_await_scope_exists(session, scope, &exists, why));
    MUST(!exists);
    OK(pravega_await_scope_delete_recursive(session, scope, why));
    return true;
}

static bool same_config(const struct pravega_stream_config *a, const struct pravega_stream_config *b)
{
    if (a->scale_type != b->scale_type || a->target_rate != b->target_rate || a->scale_factor != b->scale_factor ||
        a->min_segments != b->min_segments || a->retention_type != b->retention_type ||
        a->retention_min != b->retention_min || a->retention_max != b->retention_max || a->tag_count != b->tag_count ||
        a->timestamp_aggregation_timeout_ms != b->timestamp_aggregation_timeout_ms ||
        a->rollover_bytes != b->rollover_bytes)
        return false;
    for (size_t i = 0; i < a->tag_count; i++) {
        bool found = false;

        for (size_t j = 0; j < b->tag_count; j++)
            found |= strcmp(a->tags[i], b->tags[j]) == 0;
        if (!found)
            return false;
    }
    return true;
}

static const char *const two_tags[] = {"beta", "alpha"}, *const one_tag[] = {"gamma"};
static const struct pravega_stream_config first_config = {.scale_type = PRAVEGA_SCALE_BY_EVENTS,
                                                          .target_rate = 100,
                                                          .scale_factor = 2,
                                                          .min_segments = 2,
                                                          .retention_type = PRAVEGA_RETENTION_TIME,
                                                          .retention_min = 3600000,
                                                          .retention_max = 7200000,
                                                          .tags = two_tags,
                                                          .tag_count = 2,
                                                          .timestamp_aggregation_timeout_ms = 5000,
                                                          .rollover_bytes = 1 << 20};
static const struct pravega_stream_config second_config = {.scale_type = PRAVEGA_SCALE_BY_KBYTES,
                                                           .target_rate = 10,
                                                           .scale_factor = 3,
                                                           .min_segments = 1,
                                                           .retention_type = PRAVEGA_RETENTION_SIZE,
                                                           .retention_min = 1000,
                                                           .tags = one_tag,
                                                           .tag_count = 1};

static bool a_configuration_is_what_was_given(struct pravega_session *session, const char *scope,
                                              struct weir_error *why)
{
    struct pravega_stream_name stream = {scope, "s"}, none = {scope, "none"};
    struct pravega_stream_info *info;
    struct pravega_names *names;

    OK(pravega_await_scope_create(session, scope, why));
    OK(pravega_await_stream_create(session, &stream, &first_config, why));
    MUST(pravega_await_stream_create(session, &stream, &first_config, why) == WEIR_E_EXISTS);
    OK(pravega_await_stream_info(session, &stream, &info, why));
    MUST(same_config(info->config, &first_config) && !info->sealed);
    MUST(info->head->position_count == 2 && info->tail->position_count == 2 && info->tail->positions[1].id == 1);
    free(info);
    OK(pravega_await_stream_get_tags(session, &stream, &names, why));
    MUST(names->count == 2 && strcmp(names->names[0], "alpha") == 0 && strcmp(names->names[1], "beta") == 0);
    free(names);
    OK(pravega_await_stream_update(session, &stream, &second_config, why));
    OK(pravega_await_stream_info(session, &stream, &info, why));
    MUST(same_config(info->config, &second_config));
    free(info);
    MUST(pravega_await_stream_update(session, &none, &second_config, why) == WEIR_E_NOT_FOUND);
    MUST(pravega_await_stream_info(session, &none, &info, why) == WEIR_E_NOT_FOUND && info == NULL);
    MUST(pravega_await_stream_get_tags(session, &none, &names, why) == WEIR_E_NOT_FOUND);
    OK(pravega_await_scope_delete_recursive(session, scope, why));
    return true;
}

static bool streams_are_found_by_tag(struct pravega_session *session, const char *scope, struct weir_error *why)
{
    struct pravega_stream_name a = {scope, "a"}, b = {scope, "b"};
    struct pravega_names *names;

    OK(pravega_await_scope_create(session, scope, why));
    OK(pravega_await_stream_create(session, &b, &first_config, why));
    OK(pravega_await_stream_create(session, &a, &second_config, why));
    OK(pravega_await_stream_list(session, scope, &names, why));
    MUST(names->count == 2 && strcmp(names->names[0], "a") == 0 && strcmp(names->names[1], "b") == 0);
    free(names);
    OK(pravega_await_stream_list_tagged(session, scope, "alpha", &names, why));
    MUST(names->count == 1 && strcmp(names->names[0], "b") == 0);
    free(names);
    OK(pravega_await_stream_update(session, &a, &first_config, why)); /* changes hands: "gamma" goes, "alpha" comes */
    OK(pravega_await_stream_list_tagged(session, scope, "alpha", &names, why));
    MUST(names->count == 2);
    free(names);
    OK(pravega_await_stream_list_tagged(session, scope, "gamma", &names, why));
    MUST(names->count == 0);
    free(names);
    OK(pravega_await_scope_delete_recursive(session, scope, why));
    MUST(pravega_await_stream_list(session, scope, &names, why) == WEIR_E_NOT_FOUND);
    return true;
}

/* A page, for which there is no blocking form: how a caller waits for any call. */
struct page {
    char token[256];
    size_t count;
    bool last;
};

static void on_page(void *arg, enum weir_status status, const char *const *names, size_t count, const char *token,
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

static bool pages_lead_to_the_last(struct pravega_session *session, const char *scope, struct weir_error *why)
{
    struct page page = {.token = ""};
    int turns = 0;

    OK(pravega_await_scope_create(session, scope, why));
    for (int i = 0; i < 3; i++) {
        char name[8];
        struct pravega_stream_name stream = {scope, name};

        snprintf(name, sizeof(name), "s%d", i);
        OK(pravega_await_stream_create(session, &stream, ONE_SEGMENT, why));
    }
    while (!page.last) {
        struct pravega_await *await = pravega_await_begin(session, &page);

        MUST(await != NULL && ++turns < 10);
        pravega_stream_list_page(pravega_session_client(session), scope, page.token, on_page, await);
        OK(pravega_await_end(session, await, why));
    }
    MUST(page.count == 3);
    OK(pravega_await_scope_delete_recursive(session, scope, why));
    return true;
}

static bool a_sealed_stream_has_no_tail(struct pravega_session *session, const char *scope, struct weir_error *why)
{
    struct pravega_stream_name stream = {scope, "s"};
    struct pravega_stream_info *info;
    struct pravega_ranges *segments;
    bool exists;

    OK(pravega_await_scope_create(session, scope, why));
    OK(pravega_await_stream_create(session, &stream, ONE_SEGMENT, why));
    MUST(pravega_await_stream_delete(session, &stream, why) == WEIR_E_STATE);
    OK(pravega_await_stream_seal(session, &stream, why));
    OK(pravega_await_stream_seal(session, &stream, why));
    OK(pravega_await_stream_info(session, &stream, &info, why));
    MUST(info->sealed && info->tail->position_count == 0 && info->head->position_count == 1);
    MUST(!pravega_stream_cut_is_unbounded(info->tail));
    free(info);
    OK(pravega_await_current_segments(session, &stream, &segments, why));
    MUST(segments->count == 0);
    free(segments);
    MUST(pravega_await_stream_update(session, &stream, &second_config, why) == WEIR_E_SEALED);
    OK(pravega_await_stream_exists(session, &stream, &exists, why));
    MUST(exists);
    OK(pravega_await_stream_delete(session, &stream, why));
    OK(pravega_await_stream_exists(session, &stream, &exists, why));
    MUST(!exists);
    MUST(pravega_await_stream_seal(session, &stream, why) == WEIR_E_NOT_FOUND);
    OK(pravega_await_scope_delete(session, scope, why));
    return true;
}

/* ---- scaling and cuts */

#define EVENT_LEN 16 /* "event 0000000042" */
#define WHOLE_LEN (EVENT_LEN + PRAVEGA_EVENT_HEADER_LEN)

/* Events first..last-1, with keys that go to every segment. */
static enum weir_status write_events(struct pravega_session *session, const struct pravega_stream_name *stream,
                                     int first, int last, struct weir_error *why)
{
    struct pravega_writer *writer = NULL;
    enum weir_status status = pravega_await_writer_new(session, stream, NULL, &writer, why);

    for (int i = first; i < last && status == WEIR_OK; i++) {
        char text[EVENT_LEN + 1], key_text[16];
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

/* Splits the only segment of a stream. */
static enum weir_status split(struct pravega_session *session, const struct pravega_stream_name *stream,
                              pravega_segment_id segment, struct pravega_ranges **segments, struct weir_error *why)
{
    static const struct pravega_segment_range halves[] = {{0, 0, 0.5}, {0, 0.5, 1}};
    struct pravega_scale scale = {&segment, 1, halves, 2};

    return pravega_await_stream_scale(session, stream, &scale, segments, why);
}

static bool a_stream_scales(struct pravega_session *session, const char *scope, struct weir_error *why)
{
    static const struct pravega_segment_range whole = {0, 0, 1}, half = {0, 0, 0.5};
    struct pravega_stream_name stream = {scope, "s"};
    struct pravega_ranges *made, *current;
    pravega_segment_id both[2];
    struct pravega_scale merge = {both, 2, &whole, 1}, short_merge = {both, 2, &half, 1};

    OK(pravega_await_scope_create(session, scope, why));
    OK(pravega_await_stream_create(session, &stream, ONE_SEGMENT, why));
    OK(split(session, &stream, 0, &made, why));
    OK(pravega_await_current_segments(session, &stream, &current, why));
    MUST(made->count == 2 && current->count == 2);
    for (size_t i = 0; i < 2; i++) {
        MUST(made->ranges[i].id == current->ranges[i].id && pravega_segment_epoch(made->ranges[i].id) == 1);
        MUST(made->ranges[i].min_key == current->ranges[i].min_key);
        both[i] = made->ranges[i].id;
    }
    free(made);
    free(current);
    MUST(split(session, &stream, 0, &made, why) == WEIR_E_CONFLICT && made == NULL);
    MUST(pravega_await_stream_scale(session, &stream, &short_merge, NULL, why) == WEIR_E_INVAL);
    OK(pravega_await_stream_scale(session, &stream, &merge, NULL, why));
    OK(pravega_await_current_segments(session, &stream, &current, why));
    MUST(current->count == 1 && pravega_segment_epoch(current->ranges[0].id) == 2);
    free(current);
    OK(pravega_await_scope_delete_recursive(session, scope, why));
    return true;
}

static bool truncation_moves_the_head(struct pravega_session *session, const char *scope, struct weir_error *why)
{
    struct pravega_stream_name stream = {scope, "s"};
    struct pravega_segment_offset middle = {0, 4 * WHOLE_LEN}, before = {0, WHOLE_LEN}, future = {0, -1};
    struct pravega_stream_cut cut = {(char *)scope, (char *)"s", &middle, 1};
    struct pravega_stream_cut back = {(char *)scope, (char *)"s", &before, 1};
    struct pravega_stream_cut other = {(char *)scope, (char *)"t", &middle, 1};
    struct pravega_stream_cut minus = {(char *)scope, (char *)"s", &future, 1};
    struct pravega_stream_info *info;

    OK(pravega_await_scope_create(session, scope, why));
    OK(pravega_await_stream_create(session, &stream, ONE_SEGMENT, why));
    OK(write_events(session, &stream, 0, 10, why));
    OK(pravega_await_stream_truncate(session, &stream, &cut, why));
    OK(pravega_await_stream_info(session, &stream, &info, why));
    MUST(info->head->position_count == 1 && info->head->positions[0].offset == 4 * WHOLE_LEN);
    MUST(info->tail->position_count == 1 && info->tail->positions[0].offset == 10 * WHOLE_LEN);
    MUST(pravega_await_stream_truncate(session, &stream, &back, why) == WEIR_E_CONFLICT);
    MUST(pravega_await_stream_truncate(session, &stream, &other, why) == WEIR_E_INVAL);
    MUST(pravega_await_stream_truncate(session, &stream, &minus, why) == WEIR_E_INVAL);
    MUST(pravega_await_stream_truncate(session, &stream, &(struct pravega_stream_cut){0}, why) == WEIR_E_INVAL);
    OK(pravega_await_stream_truncate(session, &stream, info->tail, why));
    free(info);
    OK(pravega_await_stream_info(session, &stream, &info, why));
    MUST(info->head->positions[0].offset == 10 * WHOLE_LEN);
    free(info);
    OK(pravega_await_scope_delete_recursive(session, scope, why));
    return true;
}

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

static bool a_batch_reads_between_cuts(struct pravega_session *session, const char *scope, struct weir_error *why)
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

static bool a_batch_tells_of_truncation(struct pravega_session *session, const char *scope, struct weir_error *why)
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

static bool transactions_block_until_they_are_over(struct pravega_session *session, const char *scope,
                                                   struct weir_error *why)
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
    OK(pravega_await_txn_commit(session, &stream, pravega_txn_id(txn), why));
    OK(pravega_await_txn_status(session, &stream, pravega_txn_id(txn), &state, why));
    MUST(state == PRAVEGA_TXN_COMMITTED);
    pravega_txn_free(txn);
    MUST(batch_has(session, &stream, NULL, NULL, 7, 8, why));
    OK(pravega_await_txn_begin(session, &stream, NULL, &txn, why));
    OK(pravega_await_txn_abort(session, &stream, pravega_txn_id(txn), why));
    MUST(pravega_await_txn_commit(session, &stream, pravega_txn_id(txn), why) == WEIR_E_TXN_FAILED);
    pravega_txn_free(txn);
    OK(pravega_await_scope_delete_recursive(session, scope, why));
    return true;
}

static bool a_reader_waits_for_what_comes(struct pravega_session *session, const char *scope, struct weir_error *why)
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
static bool a_group_is_read_and_told_about(struct pravega_session *session, const char *scope, struct weir_error *why)
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

/* ---- the controller's calls that other parts of the client stand on */

struct record {
    int64_t generation;
    struct pravega_txn_id id;
    struct pravega_reader_group_config config; /* without its streams */
    size_t from_count, to_count;               /* positions of the first stream's cuts */
};

static void on_record(void *arg, enum weir_status status, const struct pravega_group_record *record,
                      const struct weir_error *why)
{
    struct record *out = pravega_await_out(arg);

    if (out != NULL && record != NULL) {
        const struct pravega_group_stream *stream = record->config.streams;

        *out = (struct record){record->generation, record->id, record->config, 0, 0};
        out->from_count = stream != NULL && stream->from != NULL ? stream->from->position_count : 0;
        out->to_count = stream != NULL && stream->to != NULL ? stream->to->position_count : 0;
    }
    pravega_await_done(arg, status, why);
}

static void on_generation(void *arg, enum weir_status status, int64_t generation, const struct weir_error *why)
{
    int64_t *out = pravega_await_out(arg);

    if (out != NULL)
        *out = generation;
    pravega_await_done(arg, status, why);
}

static void on_subscribers(void *arg, enum weir_status status, const char *const *names, size_t count,
                           const struct weir_error *why)
{
    char *out = pravega_await_out(arg);

    if (out != NULL && status == WEIR_OK)
        snprintf(out, 64, "%zu %s", count, count > 0 ? names[0] : "");
    pravega_await_done(arg, status, why);
}

/* One call at a time, on a call of their own. */
#define CONTROLLER(status, function, on, out, ...)                                                                     \
    do {                                                                                                               \
        struct pravega_call call_ = {0};                                                                               \
        struct pravega_await *await_ = pravega_await_begin(session, out);                                              \
        pravega_controller_##function(&call_, pravega_session_client(session), __VA_ARGS__, on, await_);               \
        MUST(pravega_await_end(session, await_, why) == (status));                                                     \
    } while (0)

static bool the_controller_keeps_reader_groups(struct pravega_session *session, const char *scope,
                                               struct weir_error *why)
{
    struct pravega_stream_name stream = {scope, "s"};
    struct pravega_group_name name = {scope, "g"}, none = {scope, "none"};
    struct pravega_segment_offset at = {0, 0};
    struct pravega_stream_cut cut = {(char *)scope, (char *)"s", &at, 1};
    struct pravega_group_stream read = {stream, &cut, NULL};
    struct pravega_group_record record = {
        .config = {&read, 1, 20000, 1000, 2, PRAVEGA_DATA_RETENTION_MANUAL_RELEASE_AT_USER_STREAMCUT}, .id = {1, 2}};
    struct record stored = {0};
    char subscribers[64] = "", expected[64];
    int64_t generation = 0;

    OK(pravega_await_scope_create(session, scope, why));
    OK(pravega_await_stream_create(session, &stream, ONE_SEGMENT, why));
    OK(write_events(session, &stream, 0, 4, why));
    CONTROLLER(WEIR_E_NOT_FOUND, get_group, on_record, &stored, &none);
    CONTROLLER(WEIR_OK, create_group, on_record, &stored, &name, &record);
    MUST(stored.id.msb == 1 && stored.id.lsb == 2 && stored.generation == 0 && stored.from_count == 1);
    record.id.lsb = 3; /* it exists: its own record comes back */
    CONTROLLER(WEIR_OK, create_group, on_record, &stored, &name, &record);
    MUST(stored.id.lsb == 2);
    stored = (struct record){0};
    CONTROLLER(WEIR_OK, get_group, on_record, &stored, &name);
    MUST(stored.config.group_refresh_time_ms == 1000 && stored.config.automatic_checkpoint_interval_ms == 20000);
    MUST(stored.config.max_outstanding_checkpoint_request == 2 && stored.config.stream_count == 1);
    MUST(stored.config.retention_type == PRAVEGA_DATA_RETENTION_MANUAL_RELEASE_AT_USER_STREAMCUT);
    MUST(stored.from_count == 1 && stored.to_count == 0);
    CONTROLLER(WEIR_OK, list_subscribers, on_subscribers, subscribers, &stream);
    snprintf(expected, sizeof(expected), "1 %s/g", scope);
    MUST(strcmp(subscribers, expected) == 0);
    CONTROLLER(WEIR_E_CONFLICT, update_group, on_generation, &generation, &name, &record); /* another id */
    record.id = stored.id;
    CONTROLLER(WEIR_OK, update_group, on_generation, &generation, &name, &record);
    MUST(generation == 1);
    at.offset = 2 * WHOLE_LEN;
    CONTROLLER(WEIR_E_CONFLICT, update_subscriber_cut, pravega_await_done, NULL, &stream, &name, record.id, 0, &at, 1);
    CONTROLLER(WEIR_OK, update_subscriber_cut, pravega_await_done, NULL, &stream, &name, record.id, 1, &at, 1);
    at.offset = WHOLE_LEN;
    CONTROLLER(WEIR_E_INVAL, update_subscriber_cut, pravega_await_done, NULL, &stream, &name, record.id, 1, &at, 1);
    CONTROLLER(WEIR_E_NOT_FOUND, update_subscriber_cut, pravega_await_done, NULL, &stream, &none, record.id, 1, &at, 1);
    CONTROLLER(WEIR_E_NOT_FOUND, delete_group, pravega_await_done, NULL, &name, ((struct pravega_txn_id){9, 9}));
    CONTROLLER(WEIR_OK, delete_group, pravega_await_done, NULL, &name, record.id);
    CONTROLLER(WEIR_OK, list_subscribers, on_subscribers, subscribers, &stream);
    MUST(strcmp(subscribers, "0 ") == 0);
    OK(pravega_await_scope_delete_recursive(session, scope, why));
    return true;
}

static void on_valid(void *arg, enum weir_status status, bool valid, const struct weir_error *why)
{
    bool *out = pravega_await_out(arg);

    if (out != NULL)
        *out = valid;
    pravega_await_done(arg, status, why);
}

static bool the_controller_knows_valid_cuts(struct pravega_session *session, const char *scope, struct weir_error *why)
{
    struct pravega_stream_name stream = {scope, "s"};
    struct pravega_segment_offset cut[] = {{0, 0}, {0, 0}};
    struct pravega_ranges *made;
    bool valid = false;

    OK(pravega_await_scope_create(session, scope, why));
    OK(pravega_await_stream_create(session, &stream, ONE_SEGMENT, why));
    OK(split(session, &stream, 0, &made, why));
    CONTROLLER(WEIR_OK, cut_valid, on_valid, &valid, &stream, cut, 1);
    MUST(valid);
    cut[0].id = made->ranges[0].id;
    cut[1].id = made->ranges[1].id;
    CONTROLLER(WEIR_OK, cut_valid, on_valid, &valid, &stream, cut, 1);
    MUST(!valid);
    CONTROLLER(WEIR_OK, cut_valid, on_valid, &valid, &stream, cut, 2);
    MUST(valid);
    CONTROLLER(WEIR_OK, segment_valid, on_valid, &valid, &stream, 0);
    MUST(!valid);
    CONTROLLER(WEIR_OK, segment_valid, on_valid, &valid, &stream, made->ranges[0].id);
    MUST(valid);
    free(made);
    OK(pravega_await_scope_delete_recursive(session, scope, why));
    return true;
}

static void on_table_config(void *arg, enum weir_status status, const struct pravega_table_config *config,
                            const struct weir_error *why)
{
    struct pravega_table_config *out = pravega_await_out(arg);

    if (out != NULL && config != NULL)
        *out = *config;
    pravega_await_done(arg, status, why);
}

static void on_table_segments(void *arg, enum weir_status status, const struct pravega_segment_range *segments,
                              size_t count, const struct weir_error *why)
{
    size_t *out = pravega_await_out(arg);

    (void)segments;
    if (out != NULL)
        *out = count;
    pravega_await_done(arg, status, why);
}

/* The embedded store has none: it says so. */
static bool the_controller_keeps_tables(struct pravega_session *session, const char *scope, struct weir_error *why)
{
    struct pravega_table_config config = {2, 4, 8, 1 << 20}, zero = {0}, stored;
    struct pravega_stream_name table = {scope, "t"}, none = {scope, "none"};
    struct page page = {.token = ""};
    struct pravega_call call = {0};
    struct pravega_await *await;
    enum weir_status status;
    size_t segments = 0;

    OK(pravega_await_scope_create(session, scope, why));
    CONTROLLER(WEIR_E_INVAL, create_table, pravega_await_done, NULL, &table, &zero);
    await = pravega_await_begin(session, NULL);
    pravega_controller_create_table(&call, pravega_session_client(session), &table, &config, pravega_await_done, await);
    status = pravega_await_end(session, await, why);
    if (status == WEIR_E_UNSUPPORTED)
        return pravega_await_scope_delete(session, scope, why) == WEIR_OK;
    OK(status);
    CONTROLLER(WEIR_E_EXISTS, create_table, pravega_await_done, NULL, &table, &config);
    CONTROLLER(WEIR_OK, table_config, on_table_config, &stored, &table);
    /* A controller of 0.13 does not tell the rollover size. */
    MUST(stored.partition_count == 2 && stored.primary_key_len == 4 && stored.secondary_key_len == 8);
    CONTROLLER(WEIR_E_NOT_FOUND, table_config, on_table_config, &stored, &none);
    CONTROLLER(WEIR_OK, table_segments, on_table_segments, &segments, &table);
    MUST(segments == 2);
    CONTROLLER(WEIR_OK, list_tables, on_page, &page, scope, "");
    MUST(page.count == 1);
    CONTROLLER(WEIR_OK, list_tables, on_page, &page, scope, page.token);
    MUST(page.count == 1); /* an empty page is the last */
    CONTROLLER(WEIR_OK, delete_table, pravega_await_done, NULL, &table);
    CONTROLLER(WEIR_E_NOT_FOUND, delete_table, pravega_await_done, NULL, &table);
    OK(pravega_await_scope_delete(session, scope, why));
    return true;
}

static void on_txns(void *arg, enum weir_status status, const struct pravega_txn_info *txns, size_t count,
                    const struct weir_error *why)
{
    (void)txns;
    (void)count; /* 0.13 forgets them within seconds */
    pravega_await_done(arg, status, why);
}

static bool ended_transactions_are_listed(struct pravega_session *session, const char *scope, struct weir_error *why)
{
    struct pravega_stream_name stream = {scope, "s"};
    struct pravega_txn *txn;

    OK(pravega_await_scope_create(session, scope, why));
    OK(pravega_await_stream_create(session, &stream, ONE_SEGMENT, why));
    OK(pravega_await_txn_begin(session, &stream, NULL, &txn, why));
    OK(pravega_await_txn_commit(session, &stream, pravega_txn_id(txn), why));
    pravega_txn_free(txn);
    CONTROLLER(WEIR_OK, completed_txns, on_txns, NULL, &stream);
    OK(pravega_await_scope_delete_recursive(session, scope, why));
    return true;
}

#define CHECK(function)                                                                                                \
    {                                                                                                                  \
#function, function                                                                                            \
    }
const struct management_check management_checks[] = {
    CHECK(scopes_come_and_go),
    CHECK(a_scope_goes_with_all_that_is_in_it),
    CHECK(a_configuration_is_what_was_given),
    CHECK(streams_are_found_by_tag),
    CHECK(pages_lead_to_the_last),
    CHECK(a_sealed_stream_has_no_tail),
    CHECK(a_stream_scales),
    CHECK(truncation_moves_the_head),
    CHECK(a_batch_reads_between_cuts),
    CHECK(a_batch_tells_of_truncation),
    CHECK(transactions_block_until_they_are_over),
    CHECK(a_reader_waits_for_what_comes),
    CHECK(a_group_is_read_and_told_about),
    CHECK(the_controller_keeps_reader_groups),
    CHECK(the_controller_knows_valid_cuts),
    CHECK(the_controller_keeps_tables),
    CHECK(ended_transactions_are_listed),
};
const size_t management_check_count = sizeof(management_checks) / sizeof(management_checks[0]);
