/**
 * @file store/rules/names.h
 * @brief Which names the services take, and what they call the segments that they name themselves.
 */
#ifndef WEIR_STORE_NAMES_H
#define WEIR_STORE_NAMES_H

#include <stdbool.h>

#include "base/uuid.h"
#include "pravega/types.h"

#define WEIR_MARK_PREFIX "_MARK" /**< the stream of a stream's watermarks */
#define WEIR_GROUP_PREFIX "_RG"  /**< the stream of a reader group's state */
#define WEIR_PREFIX_LEN_MAX 5    /**< what upstream keeps for such a prefix in every name that a user gives */
#define WEIR_KVT_SUFFIX "_kvtable" /**< after a key-value table's name, in those of its segments */

/** An optional leading '_', then [A-Za-z0-9.-]+, 255 bytes at most: what the controller takes for scopes and streams.
 */
bool weir_name_valid(struct weir_view name);
/** The same without the leading '_', what users may choose, with room for a prefix of `prefix_len` bytes. */
bool weir_name_valid_for_user(struct weir_view name, size_t prefix_len);

/** "<parent>#transient.<writer>.<random>", NUL-terminated; false if it does not fit. */
bool weir_transient_name(struct weir_view parent, struct weir_uuid writer, struct weir_uuid random,
                         char out[PRAVEGA_SEGMENT_NAME_LEN_MAX + 1]);

#endif
