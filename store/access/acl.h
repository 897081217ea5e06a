/**
 * @file store/access/acl.h
 * @brief What one user may do: upstream's lists of "resource,PERMISSION", separated by semicolons. Pure.
 *
 *     prn::*,READ_UPDATE                                       everything
 *     prn::/scope:s,READ;prn::/scope:s/stream:t,READ_UPDATE    the scope is seen, one of its streams written
 *
 * The first entry whose resource fits decides. As upstream reads them, `*` stands for any run of characters, slashes
 * included, and `.` for any one character.
 */
#ifndef WEIR_STORE_ACL_H
#define WEIR_STORE_ACL_H

#include "weir/error.h"
#include "weir/view.h"

enum weir_permission { WEIR_PERMISSION_NONE, WEIR_PERMISSION_READ, WEIR_PERMISSION_READ_UPDATE };

/** "READ_UPDATE" */
const char *weir_permission_name(enum weir_permission permission);
/** False if it is the name of none. */
bool weir_permission_parse(struct weir_view name, enum weir_permission *out);

struct weir_acl_entry {
    struct weir_view resource; /**< borrowed from the parsed text */
    enum weir_permission permission;
};

struct weir_acl {
    struct weir_acl_entry *entries; /**< owned */
    size_t count;
};

/**
 * @param text borrowed as long as `out` lives
 * @param ignored_count entries that say nothing (no permission, an unknown one): they are left out, as upstream does
 * @retval WEIR_E_INVAL the message goes on after a name: "has the resource ... "
 * @retval WEIR_E_NOMEM
 */
enum weir_status weir_acl_parse(struct weir_view text, struct weir_acl *out, size_t *ignored_count,
                                struct weir_error *err);
void weir_acl_fini(struct weir_acl *acl);
enum weir_permission weir_acl_permission(const struct weir_acl *acl, struct weir_view resource);

#endif
