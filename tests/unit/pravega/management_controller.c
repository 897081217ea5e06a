/*
 * management_controller.c - checks of the controller's calls that other parts of the client stand on: not public ones,
 * whose public forms have tests of their own.
 */
#include "management_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pravega/controller.h"

/* One call at a time, on a call of their own. */
#define CONTROLLER(status, function, on, out, ...)                                                                     \
    do {                                                                                                               \
        struct pravega_call call_ = {0};                                                                               \
        struct pravega_await *await_ = pravega_await_begin(session, out);                                              \
        pravega_controller_##function(&call_, pravega_session_client(session), __VA_ARGS__, on, await_);               \
        MUST(pravega_await_end(session, await_, why) == (status));                                                     \
    } while (0)

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

bool the_controller_keeps_reader_groups(struct pravega_session *session, const char *scope, struct weir_error *why)
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

bool the_controller_knows_valid_cuts(struct pravega_session *session, const char *scope, struct weir_error *why)
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
bool the_controller_keeps_tables(struct pravega_session *session, const char *scope, struct weir_error *why)
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

bool ended_transactions_are_listed(struct pravega_session *session, const char *scope, struct weir_error *why)
{
    struct pravega_stream_name stream = {scope, "s"};
    struct pravega_txn *txn;

    OK(pravega_await_scope_create(session, scope, why));
    OK(pravega_await_stream_create(session, &stream, ONE_SEGMENT, why));
    OK(pravega_await_txn_begin(session, &stream, NULL, &txn, why));
    OK(pravega_await_txn_commit_id(session, &stream, pravega_txn_id(txn), why));
    pravega_txn_free(txn);
    CONTROLLER(WEIR_OK, completed_txns, on_txns, NULL, &stream);
    OK(pravega_await_scope_delete_recursive(session, scope, why));
    return true;
}
