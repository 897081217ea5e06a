/*
 * resources.c - the names of things in lists of rights.
 */
#include "store/access/resources.h"

#include "store/rules/names.h"

static bool is_name_char(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_';
}

static void append(struct weir_resource *out, const char *words)
{
    size_t len = strlen(words);

    memcpy(out->text + out->len, words, len);
    out->len += len;
}

/* False if it is empty or too long. */
static bool append_name(struct weir_resource *out, struct weir_view name)
{
    if (name.len == 0 || name.len > WEIR_RESOURCE_NAME_LEN_MAX)
        return false;
    for (size_t i = 0; i < name.len; i++)
        out->text[out->len++] = is_name_char(name.ptr[i]) ? (char)name.ptr[i] : '?';
    return true;
}

static bool without_prefix(struct weir_view *name, const char *prefix)
{
    size_t len = strlen(prefix);

    if (!weir_view_starts_with(*name, prefix))
        return false;
    *name = weir_view(name->ptr + len, name->len - len);
    return true;
}

static const char *tag_of(enum weir_resource_kind kind)
{
    switch (kind) {
    case WEIR_RESOURCE_READER_GROUP:
        return "/reader-group:";
    case WEIR_RESOURCE_TABLE:
        return "/key-value-table:";
    default:
        return "/stream:";
    }
}

bool weir_resource_make(struct weir_resource *out, enum weir_resource_kind kind, struct weir_view scope,
                        struct weir_view name)
{
    out->len = 0;
    append(out, "prn::/");
    if (kind == WEIR_RESOURCE_ROOT)
        return true;
    append(out, "scope:");
    if (!append_name(out, scope))
        return false;
    if (kind == WEIR_RESOURCE_SCOPE)
        return true;
    if (kind == WEIR_RESOURCE_STREAM_OWNER && without_prefix(&name, WEIR_GROUP_PREFIX))
        kind = WEIR_RESOURCE_READER_GROUP;
    else if (kind == WEIR_RESOURCE_STREAM_OWNER)
        without_prefix(&name, WEIR_MARK_PREFIX);
    append(out, tag_of(kind));
    return append_name(out, name);
}
