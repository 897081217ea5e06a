/*
 * management_streams.c - checks of scopes, streams, scaling and cuts.
 */
#include "management_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- scopes and streams */

bool scopes_come_and_go(struct pravega_session *session, const char *scope, struct weir_error *why)
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

bool a_scope_goes_with_all_that_is_in_it(struct pravega_session *session, const char *scope, struct weir_error *why)
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

bool a_configuration_is_what_was_given(struct pravega_session *session, const char *scope, struct weir_error *why)
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

bool streams_are_found_by_tag(struct pravega_session *session, const char *scope, struct weir_error *why)
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

bool pages_lead_to_the_last(struct pravega_session *session, const char *scope, struct weir_error *why)
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

bool a_sealed_stream_has_no_tail(struct pravega_session *session, const char *scope, struct weir_error *why)
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

bool a_stream_scales(struct pravega_session *session, const char *scope, struct weir_error *why)
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

bool truncation_moves_the_head(struct pravega_session *session, const char *scope, struct weir_error *why)
{
    struct pravega_stream_name stream = {scope, "s"};
    struct pravega_segment_offset middle = {0, 4 * WHOLE_LEN}, before = {0, WHOLE_LEN}, future = {0, -1};
    struct pravega_stream_cut cut = {(char *)scope, (char *)"s", &middle, 1};
    struct pravega_stream_cut back = {(char *)scope, (char *)"s", &before, 1};
    struct pravega_stream_cut other = {(char *)scope, (char *)"t", &middle, 1};
    struct pravega_stream_cut minus = {(char *)scope, (char *)"s", &future, 1};
    struct pravega_stream_info *info;
    struct pravega_ranges *made;

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
    OK(write_events(session, &stream, 10, 20, why));
    OK(split(session, &stream, 0, &made, why));
    free(made);
    OK(pravega_await_stream_truncate(session, &stream, &minus, why)); /* now it has an end: that is meant */
    OK(pravega_await_stream_info(session, &stream, &info, why));
    MUST(info->head->positions[0].id == 0 ? info->head->positions[0].offset == 20 * WHOLE_LEN
                                          : info->head->position_count == 2);
    OK(pravega_await_stream_truncate(session, &stream, info->tail, why)); /* and others can follow */
    free(info);
    OK(pravega_await_scope_delete_recursive(session, scope, why));
    return true;
}
