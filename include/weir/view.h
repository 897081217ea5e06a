/**
 * @file weir/view.h
 * @brief A borrowed run of bytes.
 */
#ifndef WEIR_VIEW_H
#define WEIR_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** `len` bytes at `ptr`, owned by somebody else; how long it lives is said where one is handed out. */
struct weir_view {
    const uint8_t *ptr;
    size_t len;
};

static inline struct weir_view weir_view(const void *ptr, size_t len)
{
    return (struct weir_view){(const uint8_t *)ptr, len};
}

/** The bytes of a C string, without its NUL; NULL gives the empty view. */
static inline struct weir_view weir_view_str(const char *str)
{
    return (struct weir_view){(const uint8_t *)str, str != NULL ? strlen(str) : 0};
}

static inline bool weir_view_equal(struct weir_view a, struct weir_view b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/** Below, at or above 0, as `a` comes before, at or behind `b`: by unsigned bytes, a beginning before what it begins. */
static inline int weir_view_compare(struct weir_view a, struct weir_view b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len > 0 ? memcmp(a.ptr, b.ptr, len) : 0;

    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static inline bool weir_view_starts_with(struct weir_view view, const char *prefix)
{
    size_t len = strlen(prefix);

    return view.len >= len && (len == 0 || memcmp(view.ptr, prefix, len) == 0);
}

#endif
