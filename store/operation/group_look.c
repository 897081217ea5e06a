/*
 * group_look.c - one read of the group's segment after the other, up to what was acknowledged at the beginning.
 *
 * Members that compact their state truncate the segment behind it. Where that happens under our hands, we begin anew:
 * the state that they kept is further on.
 */
#include "store/operation/group_look.h"

#include <stddef.h>

#include "pravega/wire.h"

#define READ_LEN_MAX ((size_t)1 << 20)
#define LOOK_LEN_MAX ((uint64_t)64 << 20) /* members compact after some 10 KiB; nobody has that much */

static void read_done(struct weir_segment_read *read);

static void end_look(struct weir_group_look *look, enum weir_status status)
{
    weir_segment_unref(look->seg);
    look->seg = NULL;
    look->status = status;
    look->done(look);
}

static void read_on(struct weir_group_look *look)
{
    int64_t left = look->end - look->at;

    look->read = (struct weir_segment_read){.done = read_done, .offset = look->at, .len_max = READ_LEN_MAX};
    if (left > 0 && left < (int64_t)READ_LEN_MAX)
        look->read.len_max = (size_t)left;
    weir_segment_read(look->seg, &look->read);
}

static void begin(struct weir_group_look *look)
{
    int64_t mark = weir_segment_attribute(look->seg, PRAVEGA_WIRE_LOG_MARK);
    struct weir_segment_info info;

    weir_segment_info(look->seg, &info);
    look->at = mark > info.start_offset && mark <= info.durable_length ? mark : info.start_offset;
    look->end = info.durable_length;
    weir_group_log_fini(&look->log);
    weir_group_log_init(&look->log);
    read_on(look);
}

/* What came of a read that went well; true: there is more to read. */
static bool take(struct weir_group_look *look, struct weir_view data, enum weir_status *status)
{
    if ((int64_t)data.len > look->end - look->at)
        data.len = (size_t)(look->end - look->at);
    look->at += (int64_t)data.len;
    look->got_len += data.len;
    *status = look->got_len > LOOK_LEN_MAX ? WEIR_E_LIMIT : weir_group_log_take(&look->log, data);
    if (*status != WEIR_OK)
        return false;
    if (data.len > 0 && look->at < look->end)
        return true;
    *status = weir_group_log_is_whole(&look->log) ? WEIR_OK : WEIR_E_DAMAGED;
    return false;
}

static void read_done(struct weir_segment_read *read)
{
    struct weir_group_look *look = (struct weir_group_look *)((char *)read - offsetof(struct weir_group_look, read));
    enum weir_status status = read->status;
    bool more = status == WEIR_OK && take(look, read->data, &status);

    weir_segment_read_release(read);
    if (more)
        read_on(look);
    else if (status == WEIR_E_TRUNCATED)
        begin(look);
    else
        end_look(look, status);
}

void weir_group_look_start(struct weir_group_look *look, struct weir_segment *seg)
{
    look->seg = weir_segment_ref(seg);
    look->got_len = 0;
    begin(look);
}

void weir_group_look_fini(struct weir_group_look *look)
{
    if (look->seg != NULL) {
        weir_segment_read_cancel(&look->read);
        weir_segment_unref(look->seg);
    }
    look->seg = NULL;
    weir_group_log_fini(&look->log);
}
