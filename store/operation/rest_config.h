/**
 * @file store/operation/rest_config.h
 * @brief A stream's configuration as JSON of Pravega's management API, and as the protobuf message that is stored.
 *
 * Pure: no I/O. The JSON counts retention in days or megabytes, the message in milliseconds or bytes.
 */
#ifndef WEIR_STORE_REST_CONFIG_H
#define WEIR_STORE_REST_CONFIG_H

#include <jansson.h>

#include "pravega/proto.h"

#define WEIR_STREAM_TAGS_MAX 128
#define WEIR_STREAM_TAG_LEN_MAX 256

/** A configuration with what it points to. */
struct weir_rest_config {
    Pravega__StreamConfig config; /**< of this struct: not to be moved */
    Pravega__StreamInfo info;
    Pravega__ScalingPolicy scaling;
    Pravega__RetentionPolicy retention;
    Pravega__Tags tags;
    char *tag_list[WEIR_STREAM_TAGS_MAX];
};

/**
 * Reads the body of a request that creates or updates a stream. @param out strings point into `in` and the names
 * @return NULL, or what is wrong with it (static)
 */
const char *weir_rest_config_read(const json_t *in, const char *scope, const char *stream,
                                  struct weir_rest_config *out);
/** What is answered for a stream. NULL: out of memory. */
json_t *weir_rest_config_write(const char *scope, const char *stream, const Pravega__StreamConfig *config);

#endif
