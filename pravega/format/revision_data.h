/**
 * @file pravega/format/revision_data.h
 * @brief The binary form of what Java clients and this one share: upstream's RevisionDataOutput and RevisionDataInput,
 *        and VersionedSerializer's envelope around each object.
 *
 *     u8 0 | [u8 type id] | u8 version | u8 revision count | per revision: u8 number | i32 length | its fields
 *
 * A later revision only adds fields: a reader takes the revisions that it knows in their order, leaves what is missing
 * at its default, and skips revisions that it does not know and bytes that it did not read. All is big-endian.
 *
 * Writers append to a weir_buf, readers take from a pravega_in; both keep their first failure, so that an object is
 * written or read straight down and checked once at the end. Objects nest by nesting the calls:
 *
 *     void put_thing(struct weir_buf *out, const struct thing *thing)
 *     {
 *         size_t revision;
 *
 *         pravega_put_version(out, 0, 1);
 *         revision = pravega_put_revision(out, 0);
 *         pravega_put_str(out, thing->name);
 *         pravega_put_count(out, thing->part_count);
 *         for (size_t i = 0; i < thing->part_count; i++)
 *             put_part(out, &thing->parts[i]);
 *         pravega_end_revision(out, revision);
 *     }
 *
 *     void get_thing(struct pravega_in *in, struct thing *thing)     // zeroed before, and the
 *     {                                                               // caller's to finish in any case
 *         struct pravega_version version;
 *         void *items;
 *
 *         pravega_get_version(in, 0, &version);
 *         if (pravega_get_revision(&version)) {
 *             thing->name = pravega_get_str(in);
 *             thing->part_count = pravega_get_items(in, PART_LEN_MIN, sizeof(*thing->parts), &items);
 *             thing->parts = items;
 *             for (size_t i = 0; i < thing->part_count && pravega_get_more(in); i++)
 *                 get_part(in, &thing->parts[i]);
 *         }
 *         pravega_end_version(&version);
 *     }
 *
 * Once a reader has failed it has no bytes left: numbers are 0, views empty, counts 0, strings NULL.
 */
#ifndef PRAVEGA_FORMAT_REVISION_DATA_H
#define PRAVEGA_FORMAT_REVISION_DATA_H

#include "base/uuid.h"
#include "pravega/names.h"
#include "weir/buf.h"

#define PRAVEGA_CINT_MAX ((INT32_C(1) << 30) - 2)
#define PRAVEGA_CLONG_MAX ((INT64_C(1) << 62) - 2)
#define PRAVEGA_CSLONG_MIN (-((INT64_C(1) << 61) - 1))
#define PRAVEGA_CSLONG_MAX ((INT64_C(1) << 61) - 2)

/* ---- writing. A value that its encoding cannot hold leaves out->status at WEIR_E_LIMIT. */

static inline void pravega_put_bool(struct weir_buf *out, bool value)
{
    weir_buf_u8(out, value);
}
static inline void pravega_put_i32(struct weir_buf *out, int32_t value)
{
    weir_buf_u32be(out, (uint32_t)value);
}
static inline void pravega_put_i64(struct weir_buf *out, int64_t value)
{
    weir_buf_u64be(out, (uint64_t)value);
}
static inline void pravega_put_double(struct weir_buf *out, double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    weir_buf_u64be(out, bits);
}
static inline void pravega_put_uuid(struct weir_buf *out, struct weir_uuid value)
{
    weir_buf_u64be(out, value.msb);
    weir_buf_u64be(out, value.lsb);
}
/** Compact int: 1, 2 or 4 bytes; 0..PRAVEGA_CINT_MAX. */
void pravega_put_cint(struct weir_buf *out, int64_t value);
/** Compact long: 1, 2, 4 or 8 bytes; 0..PRAVEGA_CLONG_MAX. */
void pravega_put_clong(struct weir_buf *out, int64_t value);
/** Compact signed long: 1, 2, 4 or 8 bytes; PRAVEGA_CSLONG_MIN..PRAVEGA_CSLONG_MAX. */
void pravega_put_cslong(struct weir_buf *out, int64_t value);
/** How many elements of a collection, or entries of a map, follow. */
static inline void pravega_put_count(struct weir_buf *out, size_t count)
{
    pravega_put_cint(out, count <= (size_t)PRAVEGA_CINT_MAX ? (int64_t)count : INT64_MAX);
}
/** Java's writeUTF of UTF-8 text: at most 65535 bytes of it, characters beyond U+FFFF as two surrogates. */
void pravega_put_utf(struct weir_buf *out, struct weir_view utf8);
static inline void pravega_put_str(struct weir_buf *out, const char *utf8)
{
    pravega_put_utf(out, weir_view_str(utf8));
}
/** A segment's qualified name as utf. */
void pravega_put_segment(struct weir_buf *out, const struct pravega_stream_name *stream, pravega_segment_id id);
/** "scope/stream" as utf. */
void pravega_put_stream(struct weir_buf *out, const struct pravega_stream_name *stream);
/** A range of keys, or of none: -1, -1. */
static inline void pravega_put_key_range(struct weir_buf *out, double min_key, double max_key)
{
    pravega_put_double(out, min_key);
    pravega_put_double(out, max_key);
}
/** A byte array: its length as compact int, then the bytes. */
void pravega_put_bytes(struct weir_buf *out, struct weir_view bytes);
/** A byte array of what is appended from here to pravega_end_bytes(), which is given what this returns. */
size_t pravega_put_bytes_begin(struct weir_buf *out);
void pravega_end_bytes(struct weir_buf *out, size_t begin);

/** Begins an object of `revision_count` revisions, each to be put in its order. */
void pravega_put_version(struct weir_buf *out, uint8_t version, uint8_t revision_count);
/** The same with the type id that objects of several types (upstream's MultiType) have. */
void pravega_put_typed_version(struct weir_buf *out, uint8_t type_id, uint8_t version, uint8_t revision_count);
/** Begins a revision; what it returns goes to pravega_end_revision(). */
size_t pravega_put_revision(struct weir_buf *out, uint8_t number);
void pravega_end_revision(struct weir_buf *out, size_t begin);

/* ---- reading */

/** A reader of bytes that others wrote, and its first failure. */
struct pravega_in {
    struct weir_in bytes;    /**< bytes.bad: see pravega_in_status() */
    enum weir_status status; /**< WEIR_OK or WEIR_E_NOMEM */
};

static inline struct pravega_in pravega_in(struct weir_view view)
{
    return (struct pravega_in){weir_in(view), WEIR_OK};
}
/** Ends the reading: the bytes are not what they should be. For what a caller finds wrong with a value. */
void pravega_in_refuse(struct pravega_in *in);
/** WEIR_OK, WEIR_E_INVAL (the bytes are no such object) or WEIR_E_NOMEM. */
static inline enum weir_status pravega_in_status(const struct pravega_in *in)
{
    return in->status != WEIR_OK ? in->status : in->bytes.bad ? WEIR_E_INVAL : WEIR_OK;
}
static inline bool pravega_get_more(const struct pravega_in *in)
{
    return !in->bytes.bad;
}

static inline bool pravega_get_bool(struct pravega_in *in)
{
    return weir_in_u8(&in->bytes) != 0;
}
static inline int32_t pravega_get_i32(struct pravega_in *in)
{
    return (int32_t)weir_in_u32be(&in->bytes);
}
static inline int64_t pravega_get_i64(struct pravega_in *in)
{
    return (int64_t)weir_in_u64be(&in->bytes);
}
static inline double pravega_get_double(struct pravega_in *in)
{
    uint64_t bits = weir_in_u64be(&in->bytes);
    double value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}
static inline struct weir_uuid pravega_get_uuid(struct pravega_in *in)
{
    uint64_t msb = weir_in_u64be(&in->bytes);

    return (struct weir_uuid){msb, weir_in_u64be(&in->bytes)};
}
int32_t pravega_get_cint(struct pravega_in *in);
int64_t pravega_get_clong(struct pravega_in *in);
int64_t pravega_get_cslong(struct pravega_in *in);
/**
 * The number of elements that follow, each of `item_len_min` bytes (1 or more) at least: a number that what is left
 * cannot hold is refused, so that memory taken for so many is bounded by the bytes there are.
 */
size_t pravega_get_count(struct pravega_in *in, size_t item_len_min);
/** pravega_get_count(), and zeroed memory for so many items of `item_size` in `*items`, the caller's to free(); NULL
 *  with a count of 0. */
size_t pravega_get_items(struct pravega_in *in, size_t item_len_min, size_t item_size, void **items);
/** Text as it lies there, borrowed: Java's modified UTF-8, which is UTF-8 but for NUL and beyond U+FFFF. */
struct weir_view pravega_get_utf(struct pravega_in *in);
/** Text as UTF-8 in memory of its own, NUL-terminated (a NUL within stays in its two-byte form); NULL after a failure.
 */
char *pravega_get_str(struct pravega_in *in);
/** A segment's qualified name; borrowed. */
struct pravega_segment_ref pravega_get_segment(struct pravega_in *in);
/** "scope/stream" in its parts; borrowed. */
void pravega_get_stream(struct pravega_in *in, struct weir_view *scope, struct weir_view *stream);
/** A byte array, borrowed. */
struct weir_view pravega_get_bytes(struct pravega_in *in);
/** A copy of a view in memory of its own, NUL-terminated; NULL after a failure. */
char *pravega_in_strdup(struct pravega_in *in, struct weir_view view);

/** Enters a byte array: until pravega_leave_bytes() nothing beyond it can be read. What is not read of it is skipped.
 */
const uint8_t *pravega_enter_bytes(struct pravega_in *in);
void pravega_leave_bytes(struct pravega_in *in, const uint8_t *outer_end);

/** The place in an object's envelope. */
struct pravega_version {
    struct pravega_in *in;
    const uint8_t *outer_end;
    uint8_t type_id, version;
    uint8_t revision_count, revision_next;
    bool within; /**< a revision is entered: in's end is its end */
};

/** Begins an object whose version is in 0..version_max; others are refused. */
void pravega_get_version(struct pravega_in *in, uint8_t version_max, struct pravega_version *version);
/** The same with a type id, which is for the caller to check. */
void pravega_get_typed_version(struct pravega_in *in, uint8_t version_max, struct pravega_version *version);
/** Enters the next revision, having skipped what is left of the present one; false if there is none, or no more bytes.
 *  Until the next one, or the object's end, nothing beyond it can be read. */
bool pravega_get_revision(struct pravega_version *version);
/** Skips what is left of the object. */
void pravega_end_version(struct pravega_version *version);

#endif
