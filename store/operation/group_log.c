/*
 * group_log.c - a reader group's state out of the bytes of its stream.
 */
#include "store/operation/group_log.h"

#include <string.h>

#include "pravega/sync/update_or_init.h"
#include "pravega/types.h"
#include "pravega/wire.h"

/* An event that is not whole yet, and what a slice brought behind it. */
#define REST_LEN_MAX ((size_t)PRAVEGA_EVENT_HEADER_LEN + PRAVEGA_EVENT_LEN_MAX + ((size_t)4 << 20))

void weir_group_log_init(struct weir_group_log *log)
{
    log->state = NULL;
    weir_buf_init(&log->rest, REST_LEN_MAX);
}

void weir_group_log_fini(struct weir_group_log *log)
{
    pravega_group_state_free(log->state);
    weir_buf_fini(&log->rest);
    log->state = NULL;
}

static enum weir_status take_updates(struct weir_group_log *log, struct weir_view body)
{
    struct weir_view update;
    enum weir_status status = WEIR_OK;

    while (status == WEIR_OK && log->state != NULL && pravega_sync_update_next(&body, &update))
        status = pravega_group_state_apply(log->state, update, NULL);
    return status;
}

static enum weir_status take_entry(struct weir_group_log *log, struct weir_view bytes)
{
    struct pravega_sync_entry entry;
    struct pravega_group_state *state = NULL;
    enum weir_status status = pravega_sync_entry_parse(bytes, &entry, NULL);

    if (status != WEIR_OK)
        return status;
    if (entry.kind == PRAVEGA_SYNC_UPDATES)
        return take_updates(log, entry.body);
    status = pravega_group_state_new(entry.body, &state, NULL);
    if (status == WEIR_OK) {
        pravega_group_state_free(log->state);
        log->state = state;
    }
    return status;
}

enum weir_status weir_group_log_take(struct weir_group_log *log, struct weir_view bytes)
{
    enum weir_status status = WEIR_OK;
    size_t taken = 0;

    weir_buf_append(&log->rest, bytes.ptr, bytes.len);
    if (log->rest.status != WEIR_OK)
        return log->rest.status;
    while (status == WEIR_OK && log->rest.len - taken >= PRAVEGA_EVENT_HEADER_LEN) {
        const uint8_t *header = log->rest.ptr + taken;
        uint32_t len = weir_get_u32be(header + 4);

        if (weir_get_u32be(header) != PRAVEGA_WIRE_EVENT || len > PRAVEGA_EVENT_LEN_MAX)
            return WEIR_E_DAMAGED;
        if (log->rest.len - taken - PRAVEGA_EVENT_HEADER_LEN < len)
            break;
        status = take_entry(log, weir_view(header + PRAVEGA_EVENT_HEADER_LEN, len));
        taken += PRAVEGA_EVENT_HEADER_LEN + len;
    }
    weir_buf_consume(&log->rest, taken);
    return status;
}

bool weir_group_log_is_whole(const struct weir_group_log *log)
{
    return log->rest.len == 0;
}
