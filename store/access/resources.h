/**
 * @file store/access/resources.h
 * @brief The names by which rights speak of things: "prn::/scope:s/stream:t" and so on, as upstream makes them. Pure.
 */
#ifndef WEIR_STORE_RESOURCES_H
#define WEIR_STORE_RESOURCES_H

#include "weir/view.h"

enum weir_resource_kind {
    WEIR_RESOURCE_ROOT,   /**< prn::/, what scopes are made and listed in */
    WEIR_RESOURCE_SCOPE,  /**< prn::/scope:s, what streams, groups and tables are made and listed in */
    WEIR_RESOURCE_STREAM, /**< prn::/scope:s/stream:t */
    /** The same, but a stream of the store's own is what it belongs to: "_RGg" prn::/scope:s/reader-group:g, "_MARKt"
     *  prn::/scope:s/stream:t. */
    WEIR_RESOURCE_STREAM_OWNER,
    WEIR_RESOURCE_READER_GROUP, /**< prn::/scope:s/reader-group:g */
    WEIR_RESOURCE_TABLE,        /**< prn::/scope:s/key-value-table:k */
};

#define WEIR_RESOURCE_NAME_LEN_MAX 300 /* of a scope or of what is in it: a user's name, and what the store adds */

/** A value: built on the stack. */
struct weir_resource {
    size_t len;
    char text[2 * WEIR_RESOURCE_NAME_LEN_MAX + 40];
};

static inline struct weir_view weir_resource_view(const struct weir_resource *resource)
{
    return weir_view(resource->text, resource->len);
}

/**
 * Characters that no name has become question marks, which no list of rights can spell out: so no name, with a slash or
 * a colon in it, poses as another resource, nor, with a quote, as something else in a token.
 * @param scope, name as far as the kind has them; else ignored
 * @return false if one is empty or too long
 */
bool weir_resource_make(struct weir_resource *out, enum weir_resource_kind kind, struct weir_view scope,
                        struct weir_view name);

#endif
