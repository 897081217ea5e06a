/*
 * catalog.c - what the controller keeps in the container's metadata map.
 *
 * Encoders and decoders stand in pairs, field by field in the same order. Decoders trust nothing: counts are held
 * against the bytes that are left before anything is allocated.
 */
#include "store/controller/catalog.h"

#include <stdlib.h>
#include <string.h>

#include "store/container/container.h"

#define RECORD_VERSION 1
#define WRITER_VERSION 2 /* 1 had no `gone` */
#define STREAM_VERSION 2 /* 1 had no times of epochs */
#define CUT_ENTRY_LEN 16
#define RANGE_LEN 24
#define CONFIG_LEN_MAX (4u << 20)

static void put_version(struct weir_buf *out)
{
    weir_buf_u8(out, RECORD_VERSION);
}

/* The version is at most `newest`. */
static enum weir_status take_version_until(struct weir_in *in, uint8_t newest, uint8_t *version)
{
    *version = weir_in_u8(in);
    if (in->bad || *version == 0)
        return WEIR_E_DAMAGED;
    return *version <= newest ? WEIR_OK : WEIR_E_UNSUPPORTED;
}

static enum weir_status take_version(struct weir_in *in)
{
    uint8_t version;

    return take_version_until(in, RECORD_VERSION, &version);
}

static enum weir_status ended(const struct weir_in *in)
{
    return in->bad || weir_in_left(in) != 0 ? WEIR_E_DAMAGED : WEIR_OK;
}

static enum weir_status take_bytes(struct weir_in *in, struct weir_buf *out)
{
    struct weir_view view = weir_in_view(in);

    if (in->bad)
        return WEIR_E_DAMAGED;
    weir_buf_init(out, CONFIG_LEN_MAX);
    weir_buf_append(out, view.ptr, view.len);
    return out->status;
}

static void put_double(struct weir_buf *out, double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    weir_buf_u64be(out, bits);
}

static double take_double(struct weir_in *in)
{
    uint64_t bits = weir_in_u64be(in);
    double value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

static void put_cut(struct weir_buf *out, const struct weir_cut *cut)
{
    weir_buf_varint(out, cut->count);
    for (size_t i = 0; i < cut->count; i++) {
        weir_buf_u64be(out, (uint64_t)cut->entries[i].segment_id);
        weir_buf_u64be(out, (uint64_t)cut->entries[i].offset);
    }
}

static enum weir_status take_cut(struct weir_in *in, struct weir_cut *cut)
{
    uint64_t count = weir_in_varint(in);

    if (in->bad || count > weir_in_left(in) / CUT_ENTRY_LEN)
        return WEIR_E_DAMAGED;
    if (count == 0)
        return WEIR_OK;
    cut->entries = calloc(count, sizeof(*cut->entries));
    if (cut->entries == NULL)
        return WEIR_E_NOMEM;
    cut->count = count;
    for (size_t i = 0; i < count; i++) {
        cut->entries[i].segment_id = (int64_t)weir_in_u64be(in);
        cut->entries[i].offset = (int64_t)weir_in_u64be(in);
    }
    return WEIR_OK;
}

static void put_epochs(struct weir_buf *out, const struct weir_epochs *epochs)
{
    weir_buf_varint(out, epochs->count);
    for (size_t e = 0; e < epochs->count; e++) {
        const struct weir_epoch *epoch = &epochs->list[e];

        weir_buf_u32be(out, (uint32_t)epoch->reference);
        weir_buf_u64be(out, (uint64_t)epoch->created_ms);
        weir_buf_varint(out, epoch->segment_count);
        for (size_t i = 0; i < epoch->segment_count; i++) {
            weir_buf_u64be(out, (uint64_t)epoch->segments[i].id);
            put_double(out, epoch->segments[i].min_key);
            put_double(out, epoch->segments[i].max_key);
        }
    }
}

static enum weir_status take_epoch(struct weir_in *in, uint8_t version, struct weir_stream_record *rec)
{
    struct weir_epochs *epochs = &rec->epochs;
    int32_t reference = (int32_t)weir_in_u32be(in);
    int64_t created_ms = version < 2 ? rec->created_ms : (int64_t)weir_in_u64be(in);
    uint64_t count = weir_in_varint(in);
    struct weir_epoch *epoch;

    if (in->bad || count == 0 || count > weir_in_left(in) / RANGE_LEN || reference < 0 || created_ms < 0 ||
        (size_t)reference > epochs->count)
        return WEIR_E_DAMAGED;
    epoch = weir_epochs_append(epochs, reference, count, created_ms);
    if (epoch == NULL)
        return WEIR_E_NOMEM;
    if (version >= 2 && epoch->created_ms != created_ms) /* not after the one before it */
        return WEIR_E_DAMAGED;
    for (size_t i = 0; i < count; i++) {
        struct weir_segment_range *range = &epoch->segments[i];

        range->id = (int64_t)weir_in_u64be(in);
        range->min_key = take_double(in);
        range->max_key = take_double(in);
        if (range->id < 0 || (size_t)weir_segment_epoch(range->id) >= epochs->count ||
            !(range->min_key < range->max_key))
            return WEIR_E_DAMAGED;
    }
    return WEIR_OK;
}

static enum weir_status take_epochs(struct weir_in *in, uint8_t version, struct weir_stream_record *rec)
{
    uint64_t count = weir_in_varint(in);
    enum weir_status status = WEIR_OK;

    if (in->bad || count == 0)
        return WEIR_E_DAMAGED;
    for (uint64_t e = 0; e < count && status == WEIR_OK; e++)
        status = take_epoch(in, version, rec);
    return status;
}

void weir_scope_record_encode(struct weir_buf *out)
{
    put_version(out);
}

enum weir_status weir_scope_record_decode(struct weir_view bytes)
{
    struct weir_in in = weir_in(bytes);
    enum weir_status status = take_version(&in);

    return status == WEIR_OK ? ended(&in) : status;
}

void weir_stream_record_fini(struct weir_stream_record *rec)
{
    weir_buf_fini(&rec->config);
    weir_cut_fini(&rec->head);
    weir_epochs_fini(&rec->epochs);
    memset(rec, 0, sizeof(*rec));
}

void weir_stream_record_encode(struct weir_buf *out, const struct weir_stream_record *rec)
{
    weir_buf_u8(out, STREAM_VERSION);
    weir_buf_u8(out, (uint8_t)rec->state);
    weir_buf_u64be(out, (uint64_t)rec->created_ms);
    weir_buf_view_append(out, weir_buf_view(&rec->config));
    put_cut(out, &rec->head);
    put_epochs(out, &rec->epochs);
}

static enum weir_status stream_take(struct weir_in *in, struct weir_stream_record *rec)
{
    uint8_t version;
    enum weir_status status = take_version_until(in, STREAM_VERSION, &version);

    if (status != WEIR_OK)
        return status;
    rec->state = (enum weir_stream_state)weir_in_u8(in);
    rec->created_ms = (int64_t)weir_in_u64be(in);
    if (rec->state != WEIR_STREAM_ACTIVE && rec->state != WEIR_STREAM_SEALED)
        return WEIR_E_DAMAGED;
    status = take_bytes(in, &rec->config);
    if (status == WEIR_OK)
        status = take_cut(in, &rec->head);
    if (status == WEIR_OK)
        status = take_epochs(in, version, rec);
    return status == WEIR_OK ? ended(in) : status;
}

enum weir_status weir_stream_record_decode(struct weir_view bytes, struct weir_stream_record *rec)
{
    struct weir_in in = weir_in(bytes);
    enum weir_status status = stream_take(&in, rec);

    if (status != WEIR_OK)
        weir_stream_record_fini(rec);
    return status;
}

void weir_txn_record_fini(struct weir_txn_record *rec)
{
    weir_buf_fini(&rec->writer);
    memset(rec, 0, sizeof(*rec));
}

void weir_txn_record_encode(struct weir_buf *out, const struct weir_txn_record *rec)
{
    put_version(out);
    weir_buf_u8(out, (uint8_t)rec->state);
    weir_buf_u64be(out, (uint64_t)rec->created_ms);
    weir_buf_u64be(out, (uint64_t)rec->lease_ms);
    weir_buf_u64be(out, (uint64_t)rec->max_expiry_ms);
    weir_buf_u64be(out, (uint64_t)rec->completed_ms);
    weir_buf_u64be(out, rec->commit_number);
    weir_buf_u64be(out, (uint64_t)rec->timestamp);
    weir_buf_view_append(out, weir_buf_view(&rec->writer));
}

static enum weir_status txn_take(struct weir_in *in, struct weir_txn_record *rec)
{
    enum weir_status status = take_version(in);

    if (status != WEIR_OK)
        return status;
    rec->state = (enum weir_txn_state)weir_in_u8(in);
    rec->created_ms = (int64_t)weir_in_u64be(in);
    rec->lease_ms = (int64_t)weir_in_u64be(in);
    rec->max_expiry_ms = (int64_t)weir_in_u64be(in);
    rec->completed_ms = (int64_t)weir_in_u64be(in);
    rec->commit_number = weir_in_u64be(in);
    rec->timestamp = (int64_t)weir_in_u64be(in);
    if (rec->state < WEIR_TXN_OPEN || rec->state > WEIR_TXN_ABORTED)
        return WEIR_E_DAMAGED;
    status = take_bytes(in, &rec->writer);
    return status == WEIR_OK ? ended(in) : status;
}

enum weir_status weir_txn_record_decode(struct weir_view bytes, struct weir_txn_record *rec)
{
    struct weir_in in = weir_in(bytes);
    enum weir_status status = txn_take(&in, rec);

    if (status != WEIR_OK)
        weir_txn_record_fini(rec);
    return status;
}

void weir_writer_record_fini(struct weir_writer_record *rec)
{
    weir_cut_fini(&rec->position);
    memset(rec, 0, sizeof(*rec));
}

void weir_writer_record_encode(struct weir_buf *out, const struct weir_writer_record *rec)
{
    weir_buf_u8(out, WRITER_VERSION);
    weir_buf_u64be(out, (uint64_t)rec->timestamp);
    put_cut(out, &rec->position);
    weir_buf_u8(out, rec->gone);
}

static enum weir_status take_flag(struct weir_in *in, bool *flag)
{
    uint8_t value = weir_in_u8(in);

    *flag = value == 1;
    return in->bad || value > 1 ? WEIR_E_DAMAGED : WEIR_OK;
}

enum weir_status weir_writer_record_decode(struct weir_view bytes, struct weir_writer_record *rec)
{
    struct weir_in in = weir_in(bytes);
    uint8_t version;
    enum weir_status status = take_version_until(&in, WRITER_VERSION, &version);

    if (status == WEIR_OK) {
        rec->timestamp = (int64_t)weir_in_u64be(&in);
        status = take_cut(&in, &rec->position);
    }
    if (status == WEIR_OK && version > 1)
        status = take_flag(&in, &rec->gone);
    if (status == WEIR_OK)
        status = ended(&in);
    if (status != WEIR_OK)
        weir_writer_record_fini(rec);
    return status;
}

void weir_mark_record_fini(struct weir_mark_record *rec)
{
    weir_watermark_fini(&rec->mark);
    memset(rec, 0, sizeof(*rec));
}

void weir_mark_record_encode(struct weir_buf *out, const struct weir_mark_record *rec)
{
    put_version(out);
    weir_buf_u64be(out, (uint64_t)rec->mark.lower);
    weir_buf_u64be(out, (uint64_t)rec->mark.upper);
    put_cut(out, &rec->mark.cut);
    weir_buf_u64be(out, (uint64_t)rec->segment_id);
    weir_buf_u64be(out, (uint64_t)rec->offset);
}

enum weir_status weir_mark_record_decode(struct weir_view bytes, struct weir_mark_record *rec)
{
    struct weir_in in = weir_in(bytes);
    enum weir_status status = take_version(&in);

    if (status == WEIR_OK) {
        rec->mark.lower = (int64_t)weir_in_u64be(&in);
        rec->mark.upper = (int64_t)weir_in_u64be(&in);
        status = take_cut(&in, &rec->mark.cut);
        rec->segment_id = (int64_t)weir_in_u64be(&in);
        rec->offset = (int64_t)weir_in_u64be(&in);
    }
    if (status == WEIR_OK)
        status = rec->offset >= 0 ? ended(&in) : WEIR_E_DAMAGED;
    if (status != WEIR_OK)
        weir_mark_record_fini(rec);
    return status;
}

void weir_retention_record_encode(struct weir_buf *out, const struct weir_retention_cut *rec)
{
    put_version(out);
    weir_buf_u64be(out, (uint64_t)rec->size);
    put_cut(out, &rec->cut);
}

enum weir_status weir_retention_record_decode(struct weir_view bytes, struct weir_retention_cut *rec)
{
    struct weir_in in = weir_in(bytes);
    enum weir_status status = take_version(&in);

    if (status == WEIR_OK) {
        rec->size = (int64_t)weir_in_u64be(&in);
        status = take_cut(&in, &rec->cut);
    }
    if (status == WEIR_OK)
        status = ended(&in);
    if (status != WEIR_OK) {
        weir_cut_fini(&rec->cut);
        *rec = (struct weir_retention_cut){0};
    }
    return status;
}

void weir_group_record_fini(struct weir_group_record *rec)
{
    weir_buf_fini(&rec->config);
    memset(rec, 0, sizeof(*rec));
}

void weir_group_record_encode(struct weir_buf *out, const struct weir_group_record *rec)
{
    put_version(out);
    weir_buf_u64be(out, (uint64_t)rec->generation);
    weir_buf_view_append(out, weir_buf_view(&rec->config));
}

enum weir_status weir_group_record_decode(struct weir_view bytes, struct weir_group_record *rec)
{
    struct weir_in in = weir_in(bytes);
    enum weir_status status = take_version(&in);

    if (status == WEIR_OK) {
        rec->generation = (int64_t)weir_in_u64be(&in);
        status = take_bytes(&in, &rec->config);
    }
    if (status == WEIR_OK)
        status = ended(&in);
    if (status != WEIR_OK)
        weir_group_record_fini(rec);
    return status;
}

void weir_subscriber_record_fini(struct weir_subscriber_record *rec)
{
    weir_buf_fini(&rec->group_id);
    weir_cut_fini(&rec->cut);
    memset(rec, 0, sizeof(*rec));
}

void weir_subscriber_record_encode(struct weir_buf *out, const struct weir_subscriber_record *rec)
{
    put_version(out);
    weir_buf_u64be(out, (uint64_t)rec->generation);
    weir_buf_view_append(out, weir_buf_view(&rec->group_id));
    put_cut(out, &rec->cut);
}

enum weir_status weir_subscriber_record_decode(struct weir_view bytes, struct weir_subscriber_record *rec)
{
    struct weir_in in = weir_in(bytes);
    enum weir_status status = take_version(&in);

    if (status == WEIR_OK) {
        rec->generation = (int64_t)weir_in_u64be(&in);
        status = take_bytes(&in, &rec->group_id);
    }
    if (status == WEIR_OK)
        status = take_cut(&in, &rec->cut);
    if (status == WEIR_OK)
        status = ended(&in);
    if (status != WEIR_OK)
        weir_subscriber_record_fini(rec);
    return status;
}

bool weir_kvt_record_valid(const struct weir_kvt_record *rec)
{
    return rec->first_number >= 0 && rec->segment_count >= 1 && rec->segment_count <= WEIR_EPOCH_SEGMENTS_MAX &&
           rec->first_number <= INT32_MAX - rec->segment_count && rec->primary_key_len >= 1 &&
           rec->secondary_key_len >= 0 && rec->primary_key_len <= (int32_t)WEIR_TABLE_FIXED_KEY_LEN_MAX &&
           rec->secondary_key_len <= (int32_t)WEIR_TABLE_FIXED_KEY_LEN_MAX - rec->primary_key_len &&
           rec->rollover_bytes >= 0;
}

void weir_kvt_record_encode(struct weir_buf *out, const struct weir_kvt_record *rec)
{
    put_version(out);
    weir_buf_u64be(out, (uint64_t)rec->created_ms);
    weir_buf_u32be(out, (uint32_t)rec->first_number);
    weir_buf_u32be(out, (uint32_t)rec->segment_count);
    weir_buf_u32be(out, (uint32_t)rec->primary_key_len);
    weir_buf_u32be(out, (uint32_t)rec->secondary_key_len);
    weir_buf_u64be(out, (uint64_t)rec->rollover_bytes);
}

enum weir_status weir_kvt_record_decode(struct weir_view bytes, struct weir_kvt_record *rec)
{
    struct weir_in in = weir_in(bytes);
    enum weir_status status = take_version(&in);

    if (status == WEIR_OK) {
        rec->created_ms = (int64_t)weir_in_u64be(&in);
        rec->first_number = (int32_t)weir_in_u32be(&in);
        rec->segment_count = (int32_t)weir_in_u32be(&in);
        rec->primary_key_len = (int32_t)weir_in_u32be(&in);
        rec->secondary_key_len = (int32_t)weir_in_u32be(&in);
        rec->rollover_bytes = (int64_t)weir_in_u64be(&in);
        status = weir_kvt_record_valid(rec) ? ended(&in) : WEIR_E_DAMAGED;
    }
    if (status != WEIR_OK)
        *rec = (struct weir_kvt_record){0};
    return status;
}

bool weir_catalog_key_split(struct weir_view key, const char *prefix, struct weir_view *parts, size_t count)
{
    size_t prefix_len = strlen(prefix);

    if (!weir_view_starts_with(key, prefix))
        return false;
    key = weir_view(key.ptr + prefix_len, key.len - prefix_len);
    for (size_t i = 0; i < count; i++) {
        const uint8_t *slash = i + 1 < count && key.len > 0 ? memchr(key.ptr, '/', key.len) : NULL;
        size_t len = slash != NULL ? (size_t)(slash - key.ptr) : key.len;

        if (i + 1 < count && slash == NULL)
            return false;
        parts[i] = weir_view(key.ptr, len);
        if (slash != NULL)
            key = weir_view(slash + 1, key.len - len - 1);
    }
    return true;
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 16 digits. */
static bool hex_parse(const uint8_t *digits, uint64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < 16; i++) {
        int value = hex_value(digits[i]);

        if (value < 0)
            return false;
        *out = *out << 4 | (unsigned)value;
    }
    return true;
}

bool weir_catalog_time_parse(struct weir_view hex, int64_t *out)
{
    uint64_t bits;

    if (hex.len != 16 || !hex_parse(hex.ptr, &bits))
        return false;
    *out = (int64_t)bits;
    return *out >= 0;
}

bool weir_catalog_txn_parse(struct weir_view hex, struct weir_uuid *out)
{
    return hex.len == 32 && hex_parse(hex.ptr, &out->msb) && hex_parse(hex.ptr + 16, &out->lsb);
}
