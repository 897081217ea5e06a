/*
 * acl.c - lists of rights: read, and asked.
 */
#include "store/access/acl.h"

#include <stdlib.h>
#include <string.h>

#include "store/access/parts.h"

static const char *const names[] = {"NONE", "READ", "READ_UPDATE"};

const char *weir_permission_name(enum weir_permission permission)
{
    return names[permission];
}

bool weir_permission_parse(struct weir_view name, enum weir_permission *out)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (weir_view_equal(name, weir_view_str(names[i]))) {
            *out = (enum weir_permission)i;
            return true;
        }
    }
    return false;
}

/* Upstream's resources are Java's regular expressions. No name has one of these characters: an entry with one is an
 * expression that would not mean here what its author meant. */
static bool is_expression(struct weir_view resource)
{
    for (size_t i = 0; i < resource.len; i++) {
        if (strchr("[](){}+?^$|\\", resource.ptr[i]) != NULL)
            return true;
    }
    return false;
}

/* False: it says nothing. */
static bool parse_entry(struct weir_view text, struct weir_acl_entry *out)
{
    struct weir_view resource = weir_part_next(&text, ','), permission = weir_part_next(&text, ',');

    out->resource = weir_part_trim(resource);
    return out->resource.len > 0 && text.len == 0 &&
           weir_permission_parse(weir_part_trim(permission), &out->permission);
}

static size_t count_entries(struct weir_view text)
{
    size_t count = 1;

    for (size_t i = 0; i < text.len; i++)
        count += text.ptr[i] == ';';
    return count;
}

enum weir_status weir_acl_parse(struct weir_view text, struct weir_acl *out, size_t *ignored_count,
                                struct weir_error *err)
{
    *out = (struct weir_acl){.entries = calloc(count_entries(text), sizeof(*out->entries))};
    if (out->entries == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for access rights");
    while (text.len > 0) {
        struct weir_view part = weir_part_trim(weir_part_next(&text, ';'));
        struct weir_acl_entry *entry = &out->entries[out->count];

        if (part.len == 0)
            continue;
        if (!parse_entry(part, entry)) {
            ++*ignored_count;
            continue;
        }
        if (is_expression(entry->resource)) {
            struct weir_view resource = entry->resource;

            weir_acl_fini(out);
            return weir_fail(err, WEIR_E_INVAL,
                             "has the resource \"%.*s\": of expressions, only * and . are understood",
                             (int)(resource.len < 80 ? resource.len : 80), resource.ptr);
        }
        out->count++;
    }
    return WEIR_OK;
}

void weir_acl_fini(struct weir_acl *acl)
{
    free(acl->entries);
    *acl = (struct weir_acl){0};
}

/* Goes back to the last star only, which is enough: an earlier one could take no more than that one can. */
static bool fits(struct weir_view pattern, struct weir_view resource)
{
    size_t at = 0, in = 0, star = SIZE_MAX, star_in = 0;

    while (in < resource.len) {
        if (at < pattern.len && pattern.ptr[at] == '*') {
            star = at++;
            star_in = in;
        } else if (at < pattern.len && (pattern.ptr[at] == '.' || pattern.ptr[at] == resource.ptr[in])) {
            at++;
            in++;
        } else if (star != SIZE_MAX) {
            at = star + 1;
            in = ++star_in;
        } else {
            return false;
        }
    }
    while (at < pattern.len && pattern.ptr[at] == '*')
        at++;
    return at == pattern.len;
}

/* Upstream passes over entries of other domains, "*" alone among them. */
static bool is_ours(struct weir_view pattern)
{
    return pattern.len >= 3 && memcmp(pattern.ptr, "prn", 3) == 0;
}

enum weir_permission weir_acl_permission(const struct weir_acl *acl, struct weir_view resource)
{
    for (size_t i = 0; i < acl->count; i++) {
        if (is_ours(acl->entries[i].resource) && fits(acl->entries[i].resource, resource))
            return acl->entries[i].permission;
    }
    return WEIR_PERMISSION_NONE;
}
