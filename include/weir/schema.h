/**
 * @file weir/schema.h
 * @brief Between the bytes of an event and an element. Mirrors upstream's DeserializationSchema and
 * SerializationSchema.
 *
 * A schema is immutable and shared by the subtasks; what a subtask needs for itself is made by `open`.
 */
#ifndef WEIR_SCHEMA_H
#define WEIR_SCHEMA_H

#include "weir/collector.h"
#include "weir/type.h"

#ifdef __cplusplus
extern "C" {
#endif

struct weir_deserialization_schema {
    const struct weir_type *type;
    const void *arg;
    /** 0..n elements out of one message (borrowed for the call). @retval WEIR_E_DAMAGED the message is malformed */
    enum weir_status (*deserialize)(const struct weir_deserialization_schema *schema, struct weir_view message,
                                    struct weir_collector *out, struct weir_error *err);
    /** True for the element that ends the stream for this subtask, which is not emitted; NULL: none does. */
    bool (*is_end_of_stream)(const struct weir_deserialization_schema *schema, const void *element);
};

struct weir_serialization_schema {
    const struct weir_type *type;
    const void *arg;
    /** Appends the element's message to `out`. */
    enum weir_status (*serialize)(const struct weir_serialization_schema *schema, const void *element,
                                  struct weir_buf *out, struct weir_error *err);
};

/* Both directions of each format. `bytes` and `string` take and give struct weir_view (SimpleStringSchema: UTF-8 is
 * checked); `long`/`int` are big-endian as upstream's; `pod` is the raw bytes of a fixed struct type; `msgpack` is a
 * map from field names of a struct type (unknown fields skipped, missing ones zero). */
struct weir_deserialization_schema weir_bytes_deserialization(void);
struct weir_serialization_schema weir_bytes_serialization(void);
struct weir_deserialization_schema weir_string_deserialization(void);
struct weir_serialization_schema weir_string_serialization(void);
struct weir_deserialization_schema weir_int_deserialization(void);
struct weir_serialization_schema weir_int_serialization(void);
struct weir_deserialization_schema weir_long_deserialization(void);
struct weir_serialization_schema weir_long_serialization(void);
struct weir_deserialization_schema weir_pod_deserialization(const struct weir_type *type);
struct weir_serialization_schema weir_pod_serialization(const struct weir_type *type);
struct weir_deserialization_schema weir_msgpack_deserialization(const struct weir_type *type);
struct weir_serialization_schema weir_msgpack_serialization(const struct weir_type *type);

#ifdef __cplusplus
}
#endif

#endif
