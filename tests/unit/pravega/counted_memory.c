/*
 * counted_memory.c - allocations of the watched loop are kept in a hash table (open addressing), with their lengths.
 */
#include "counted_memory.h"

#include <assert.h>
#include <string.h>

#include "base/sim_int.h"

#define SLOT_COUNT ((size_t)1 << 18)

void *__real_malloc(size_t len);
void *__real_calloc(size_t count, size_t len);
void *__real_realloc(void *ptr, size_t len);
void __real_free(void *ptr);
void __real_weir_sim_loop_turn(struct sim_loop *loop);
void *__wrap_malloc(size_t len);
void *__wrap_calloc(size_t count, size_t len);
void *__wrap_realloc(void *ptr, size_t len);
void __wrap_free(void *ptr);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t len);
void __wrap_weir_sim_loop_turn(struct sim_loop *loop);

static struct {
    const void *ptr;
    size_t len;
} slots[SLOT_COUNT];
static size_t slot_count, held, peak;
static uint64_t calls;
static const struct weir_loop *watched;
static bool paused;
static bool elsewhere; /* in a turn of a loop that is not watched */

static size_t place_of(const void *ptr)
{
    return (size_t)(((uintptr_t)ptr >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 40) % SLOT_COUNT;
}

static size_t slot_of(const void *ptr)
{
    size_t at = place_of(ptr);

    while (slots[at].ptr != NULL && slots[at].ptr != ptr)
        at = (at + 1) % SLOT_COUNT;
    return at;
}

static void note(const void *ptr, size_t len)
{
    size_t at;

    if (watched == NULL || paused || elsewhere || ptr == NULL)
        return;
    assert(slot_count < SLOT_COUNT / 2);
    at = slot_of(ptr);
    slots[at].ptr = ptr;
    slots[at].len = len;
    slot_count++;
    calls++;
    held += len;
    if (held > peak)
        peak = held;
}

/* What follows in the same run of slots moves up. */
static void close_gap(size_t gap)
{
    for (size_t at = (gap + 1) % SLOT_COUNT; slots[at].ptr != NULL; at = (at + 1) % SLOT_COUNT) {
        size_t home = place_of(slots[at].ptr);

        if ((at - home) % SLOT_COUNT < (at - gap) % SLOT_COUNT)
            continue;
        slots[gap] = slots[at];
        gap = at;
    }
    slots[gap].ptr = NULL;
}

static void forget(const void *ptr)
{
    size_t at = slot_of(ptr);

    if (ptr == NULL || slots[at].ptr == NULL)
        return;
    held -= slots[at].len;
    slot_count--;
    close_gap(at);
}

void *__wrap_malloc(size_t len)
{
    void *ptr = __real_malloc(len);

    note(ptr, len);
    return ptr;
}

void *__wrap_calloc(size_t count, size_t len)
{
    void *ptr = __real_calloc(count, len);

    note(ptr, count * len);
    return ptr;
}

void *__wrap_realloc(void *ptr, size_t len)
{
    void *moved;

    forget(ptr);
    moved = __real_realloc(ptr, len);
    note(moved, len);
    return moved;
}

void __wrap_free(void *ptr)
{
    forget(ptr);
    __real_free(ptr);
}

char *__wrap_strndup(const char *text, size_t len)
{
    size_t text_len = strnlen(text, len);
    char *copy = __wrap_malloc(text_len + 1);

    if (copy == NULL)
        return NULL;
    memcpy(copy, text, text_len);
    copy[text_len] = '\0';
    return copy;
}

char *__wrap_strdup(const char *text)
{
    return __wrap_strndup(text, strlen(text));
}

void __wrap_weir_sim_loop_turn(struct sim_loop *loop)
{
    elsewhere = watched != NULL && (const void *)loop != (const void *)watched;
    __real_weir_sim_loop_turn(loop);
    elsewhere = false;
}

void counted_memory_watch(const struct weir_loop *loop)
{
    memset(slots, 0, sizeof(slots));
    slot_count = held = peak = 0;
    calls = 0;
    watched = loop;
}

void counted_memory_pause(bool pause)
{
    paused = pause;
}

size_t counted_memory_held(void)
{
    return held;
}

size_t counted_memory_peak(void)
{
    return peak;
}

uint64_t counted_memory_calls(void)
{
    return calls;
}
