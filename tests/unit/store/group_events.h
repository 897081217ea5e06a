/**
 * @file group_events.h
 * @brief Events of a reader group's stream, as its members write them: a whole state, or one update each.
 */
#ifndef WEIR_TEST_GROUP_EVENTS_H
#define WEIR_TEST_GROUP_EVENTS_H

#include <check.h>

#include "pravega/group/group_state.h"
#include "pravega/sync/update_or_init.h"
#include "pravega/wire.h"

static inline void put_event(struct weir_buf *out, struct weir_view payload)
{
    weir_buf_u32be(out, PRAVEGA_WIRE_EVENT);
    weir_buf_u32be(out, (uint32_t)payload.len);
    weir_buf_append(out, payload.ptr, payload.len);
    ck_assert_int_eq(out->status, WEIR_OK);
}

/** A state of a group of sc/`name`, where nobody is. */
static inline void put_state_event_of(struct weir_buf *out, char *name)
{
    struct pravega_group_stream stream = {.stream = {"sc", name}};
    struct pravega_position_entry segment = {"sc", name, 0, -1, -1, 0};
    struct pravega_segment_map start = {0}, end = {0};
    struct pravega_group_config config;
    struct weir_buf entry;

    weir_buf_init(&entry, 1 << 16);
    ck_assert_int_eq(pravega_group_config_from_user(
                         &config, &(struct pravega_reader_group_config){.streams = &stream, .stream_count = 1}, NULL),
                     WEIR_OK);
    ck_assert_int_eq(pravega_segment_map_put(&start, &segment), WEIR_OK);
    pravega_sync_entry_begin(&entry, PRAVEGA_SYNC_INIT);
    pravega_group_init_to_bytes(&config, &start, &end, false, &entry);
    put_event(out, weir_buf_view(&entry));
    pravega_segment_map_fini(&start);
    pravega_group_config_fini(&config);
    weir_buf_fini(&entry);
}

static inline void put_state_event(struct weir_buf *out)
{
    put_state_event_of(out, (char *)"st");
}

static inline void put_update_event(struct weir_buf *out, enum pravega_group_update_kind kind, const char *reader)
{
    struct weir_buf entry, update;

    weir_buf_init(&entry, 1 << 16);
    weir_buf_init(&update, 1 << 16);
    pravega_group_update_to_bytes(&(struct pravega_group_update){.kind = kind, .reader = reader}, &update);
    pravega_sync_entry_begin(&entry, PRAVEGA_SYNC_UPDATES);
    pravega_sync_update_put(&entry, weir_buf_view(&update));
    put_event(out, weir_buf_view(&entry));
    weir_buf_fini(&update);
    weir_buf_fini(&entry);
}

#define put_join(out, reader) put_update_event(out, PRAVEGA_GROUP_ADD_READER, reader)
#define put_leave(out, reader) put_update_event(out, PRAVEGA_GROUP_REMOVE_READER, reader)

#endif
