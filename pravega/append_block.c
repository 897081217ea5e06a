/*
 * append_block.c - blocks of events, and the lists they stand in.
 */
#include "pravega/append_block.h"

#include <stdlib.h>

#include "weir/endian.h"

#define SPARE_MIN 8
#define IDLE_NS WEIR_NS_PER_S
#define ARRAY_CAP_MIN 64

void pravega_block_list_push(struct pravega_block_list *list, struct pravega_append_block *block)
{
    block->next = NULL;
    if (list->last != NULL)
        list->last->next = block;
    else
        list->first = block;
    list->last = block;
    list->count++;
}

struct pravega_append_block *pravega_block_list_pop(struct pravega_block_list *list)
{
    struct pravega_append_block *block = list->first;

    if (block == NULL)
        return NULL;
    list->first = block->next;
    if (list->first == NULL)
        list->last = NULL;
    list->count--;
    block->next = NULL;
    return block;
}

void pravega_block_list_move(struct pravega_block_list *to, struct pravega_block_list *from)
{
    if (from->first == NULL)
        return;
    if (to->last != NULL)
        to->last->next = from->first;
    else
        to->first = from->first;
    to->last = from->last;
    to->count += from->count;
    *from = (struct pravega_block_list){0};
}

static void destroy(struct pravega_append_block *block)
{
    free(block->positions);
    free(block->completions);
    free(block);
}

static void trim(struct pravega_block_pool *pool, size_t spare_max)
{
    while (pool->spare.count > spare_max)
        destroy(pravega_block_list_pop(&pool->spare));
}

/* Nothing has been written for a while, or something is being written just now. */
static void on_idle(void *arg)
{
    struct pravega_block_pool *pool = arg;

    if (pool->lent_count == 0)
        trim(pool, SPARE_MIN);
}

void pravega_block_pool_init(struct pravega_block_pool *pool, struct weir_loop *loop, size_t block_bytes)
{
    *pool = (struct pravega_block_pool){.loop = loop, .block_bytes = block_bytes, .idle = {.fn = on_idle, .arg = pool}};
}

void pravega_block_pool_fini(struct pravega_block_pool *pool)
{
    weir_timer_stop(pool->loop, &pool->idle);
    trim(pool, 0);
}

struct pravega_append_block *pravega_block_new(struct pravega_block_pool *pool, size_t len)
{
    size_t cap = len > pool->block_bytes ? len : pool->block_bytes;
    struct pravega_append_block *block = len <= pool->block_bytes ? pravega_block_list_pop(&pool->spare) : NULL;

    if (block == NULL) {
        block = malloc(sizeof(*block) + PRAVEGA_WIRE_APPEND_HEAD_LEN + cap + PRAVEGA_WIRE_APPEND_TAIL_LEN);
        if (block == NULL)
            return NULL;
        *block = (struct pravega_append_block){.data_cap = cap};
    }
    pool->lent_count++;
    return block;
}

static size_t arrays_memory(const struct pravega_append_block *block)
{
    return block->position_cap * sizeof(*block->positions) + block->completion_cap * sizeof(*block->completions);
}

/* Arrays that many tiny events made long would be more than what is charged for the events to come. */
static void drop_long_arrays(struct pravega_append_block *block)
{
    if (arrays_memory(block) <= block->data_cap / 2)
        return;
    free(block->positions);
    free(block->completions);
    block->positions = NULL;
    block->completions = NULL;
    block->position_cap = block->completion_cap = 0;
}

void pravega_block_recycle(struct pravega_block_pool *pool, struct pravega_append_block *block)
{
    pool->lent_count--;
    if (block->data_cap != pool->block_bytes) {
        destroy(block);
    } else {
        block->event_count = 0;
        block->data_len = 0;
        block->completion_count = 0;
        drop_long_arrays(block);
        pravega_block_list_push(&pool->spare, block);
    }
    if (pool->lent_count == 0 && pool->spare.count > SPARE_MIN && !weir_timer_armed(&pool->idle))
        weir_timer_start(pool->loop, &pool->idle, IDLE_NS);
}

void pravega_block_list_recycle(struct pravega_block_pool *pool, struct pravega_block_list *list)
{
    struct pravega_append_block *block;

    while ((block = pravega_block_list_pop(list)) != NULL)
        pravega_block_recycle(pool, block);
}

size_t pravega_block_memory(const struct pravega_append_block *block)
{
    return sizeof(*block) + PRAVEGA_WIRE_APPEND_HEAD_LEN + block->data_cap + PRAVEGA_WIRE_APPEND_TAIL_LEN +
           arrays_memory(block);
}

size_t pravega_block_list_memory(const struct pravega_block_list *list)
{
    size_t bytes = 0;

    for (const struct pravega_append_block *block = list->first; block != NULL; block = block->next)
        bytes += pravega_block_memory(block);
    return bytes;
}

/* Room for `count` items in all; arrays double. */
static bool make_room(void **array, size_t *cap, size_t count, size_t item_size)
{
    size_t more = *cap > 0 ? *cap : ARRAY_CAP_MIN;
    void *bigger;

    if (count <= *cap)
        return true;
    while (more < count)
        more *= 2;
    bigger = realloc(*array, more * item_size);
    if (bigger == NULL)
        return false;
    *array = bigger;
    *cap = more;
    return true;
}

static uint8_t *data_of(struct pravega_append_block *block)
{
    return block->frame + PRAVEGA_WIRE_APPEND_HEAD_LEN;
}

static void put_events(uint8_t *at, const struct weir_view *payloads, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        weir_put_u32be(at, PRAVEGA_WIRE_EVENT);
        weir_put_u32be(at + 4, (uint32_t)payloads[i].len);
        if (payloads[i].len > 0)
            memcpy(at + PRAVEGA_EVENT_HEADER_LEN, payloads[i].ptr, payloads[i].len);
        at += PRAVEGA_EVENT_HEADER_LEN + payloads[i].len;
    }
}

/* Room beside the data for what append() adds. */
static bool make_rooms(struct pravega_append_block *block, const struct pravega_outgoing *event)
{
    return make_room((void **)&block->positions, &block->position_cap, (size_t)block->event_count + event->count,
                     sizeof(*block->positions)) &&
           (event->done == NULL || make_room((void **)&block->completions, &block->completion_cap,
                                             block->completion_count + 1, sizeof(*block->completions)));
}

bool pravega_block_append(struct pravega_append_block *block, const struct pravega_outgoing *event)
{
    uint8_t *at = data_of(block) + block->data_len;

    if (!make_rooms(block, event))
        return false;
    if (event->done != NULL)
        block->completions[block->completion_count++] =
            (struct pravega_completion){block->event_count, event->done, event->arg};
    if (block->event_count == 0 || event->ordinal < block->oldest)
        block->oldest = event->ordinal;
    block->positions[block->event_count++] = event->position;
    for (uint32_t i = 1; i < event->count; i++)
        block->positions[block->event_count++] = PRAVEGA_SAME_BATCH;
    if (event->payloads != NULL)
        put_events(at, event->payloads, event->count);
    else
        memcpy(at, event->framed.ptr, event->framed.len);
    block->data_len += event->len;
    return true;
}

struct weir_view pravega_block_frame(struct pravega_append_block *block, struct weir_uuid writer_id, int64_t request_id)
{
    struct pravega_wire_append_block_end end = {
        writer_id,          0,          weir_view(data_of(block), block->data_len), (int32_t)block->event_count,
        block->last_number, request_id,
    };

    pravega_wire_append_block_end_around(&end, block->frame, data_of(block) + block->data_len);
    return weir_view(block->frame, PRAVEGA_WIRE_APPEND_HEAD_LEN + block->data_len + PRAVEGA_WIRE_APPEND_TAIL_LEN);
}

bool pravega_block_next(struct pravega_block_cursor *cursor, struct pravega_outgoing *event)
{
    const struct pravega_append_block *block = cursor->block;
    const uint8_t *from = block->frame + PRAVEGA_WIRE_APPEND_HEAD_LEN + cursor->at;

    if (cursor->index == block->event_count)
        return false;
    cursor->last = cursor->index;
    *event = (struct pravega_outgoing){.position = block->positions[cursor->index], .ordinal = block->oldest};
    do {
        event->len += PRAVEGA_EVENT_HEADER_LEN + weir_get_u32be(from + event->len + 4);
        event->count++;
        cursor->index++;
    } while (cursor->index < block->event_count && block->positions[cursor->index] == PRAVEGA_SAME_BATCH);
    event->framed = weir_view(from, event->len);
    if (cursor->completion < block->completion_count && block->completions[cursor->completion].index == cursor->last) {
        event->done = block->completions[cursor->completion].done;
        event->arg = block->completions[cursor->completion].arg;
        cursor->completion++;
    }
    cursor->at += event->len;
    return true;
}

void pravega_block_forget(struct pravega_append_block *block, const struct pravega_block_cursor *cursor)
{
    size_t gone = 0;

    while (gone < block->completion_count && block->completions[gone].index < cursor->last)
        gone++;
    block->completion_count -= gone;
    memmove(block->completions, block->completions + gone, block->completion_count * sizeof(*block->completions));
}
