/**
 * @file weir/type.h
 * @brief What the elements of a stream are: their size in C, and how to copy, hash, compare and serialize them.
 *
 * An element is passed as a pointer to its C value and is borrowed for the call; whoever keeps it copies it through its
 * type. Mirrors upstream's TypeInformation and TypeSerializer. Types are immutable and may be shared by threads.
 */
#ifndef WEIR_TYPE_H
#define WEIR_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "weir/buf.h"
#include "weir/error.h"
#include "weir/view.h"

#ifdef __cplusplus
extern "C" {
#endif

struct weir_type;

struct weir_type_ops {
    /** Appends the value's bytes to `out`; failures stick in out->status. NULL for a fixed type: its own bytes. */
    void (*serialize)(const struct weir_type *type, const void *value, struct weir_buf *out);
    /** Takes a value from the front of `in`; views in it borrow from `in`. Sets in->bad if it is not one. NULL if
     * fixed. */
    void (*deserialize)(const struct weir_type *type, struct weir_in *in, void *value);
    /** Deep copy: `to` owns what it points to. NULL if fixed: memcpy. */
    enum weir_status (*copy)(const struct weir_type *type, void *to, const void *from);
    /** Frees what a copy owns. NULL if fixed. */
    void (*destroy)(const struct weir_type *type, void *value);
    /** Java's hashCode where Java has such a value, so that key groups are Flink's. */
    int32_t (*hash_code)(const struct weir_type *type, const void *value);
    bool (*equal)(const struct weir_type *type, const void *a, const void *b);
};

/** What a field of a struct is in C. */
enum weir_field_kind {
    WEIR_FIELD_BOOL,   /**< bool */
    WEIR_FIELD_INT,    /**< int32_t */
    WEIR_FIELD_LONG,   /**< int64_t */
    WEIR_FIELD_DOUBLE, /**< double */
    WEIR_FIELD_STRING, /**< struct weir_view of UTF-8 */
    WEIR_FIELD_BYTES,  /**< struct weir_view */
};

struct weir_field {
    const char *name;
    enum weir_field_kind kind;
    size_t offset; /**< offsetof the member */
};

struct weir_type {
    const char *name; /**< "LONG", "STRING", a struct's own name; stands in checkpoints */
    size_t size;      /**< sizeof the C value */
    bool fixed;       /**< the value is its own bytes: no pointers, and padding is zeroed by whoever makes it */
    const struct weir_type_ops *ops;
    const struct weir_field *fields; /**< of a struct type, else NULL */
    size_t field_count;
};

/* The basic types: int32_t, int64_t, double, bool, and struct weir_view (UTF-8 text, bytes). Static, never freed. */
const struct weir_type *weir_int_type(void);
const struct weir_type *weir_long_type(void);
const struct weir_type *weir_double_type(void);
const struct weir_type *weir_bool_type(void);
const struct weir_type *weir_string_type(void);
const struct weir_type *weir_bytes_type(void);

extern const struct weir_type_ops weir_struct_type_ops;

/**
 * Declares the type of a C struct from its fields, as upstream's POJO types:
 *     static const struct weir_field word_fields[] = {WEIR_FIELD(struct word, text, STRING),
 *                                                     WEIR_FIELD(struct word, count, LONG)};
 *     static const struct weir_type word_type = WEIR_STRUCT_TYPE(struct word, word_fields, false);
 * @param is_fixed true if no field is a STRING or BYTES (the struct's bytes are then its serialized form)
 */
#define WEIR_FIELD(struct_type, member, field_kind)                                                                    \
    {                                                                                                                  \
        .name = #member, .kind = WEIR_FIELD_##field_kind, .offset = offsetof(struct_type, member)                      \
    }
#define WEIR_STRUCT_TYPE(struct_type, field_table, is_fixed)                                                           \
    {                                                                                                                  \
        .name = #struct_type, .size = sizeof(struct_type), .fixed = (is_fixed), .ops = &weir_struct_type_ops,          \
        .fields = (field_table), .field_count = sizeof(field_table) / sizeof((field_table)[0])                         \
    }

/** The field called `name`, or NULL. */
const struct weir_field *weir_type_field(const struct weir_type *type, const char *name);
/** The basic type of a field's kind. */
const struct weir_type *weir_field_type(const struct weir_field *field);

/* The operations with the fixed case taken first; this is how everybody calls them. */
void weir_type_serialize(const struct weir_type *type, const void *value, struct weir_buf *out);
void weir_type_deserialize(const struct weir_type *type, struct weir_in *in, void *value);
enum weir_status weir_type_copy(const struct weir_type *type, void *to, const void *from);
void weir_type_destroy(const struct weir_type *type, void *value);
int32_t weir_type_hash_code(const struct weir_type *type, const void *value);
bool weir_type_equal(const struct weir_type *type, const void *a, const void *b);

#ifdef __cplusplus
}
#endif

#endif
