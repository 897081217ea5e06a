/*
 * container_model.c - digests of a model and of the container that must be like it.
 */
#include "container_model.h"

#include "base/hash.h"
#include "weir/buf.h"

void segment_name(int i, char out[8])
{
    snprintf(out, 8, "seg%u", (unsigned)i % 10);
}

void table_name(int i, char out[8])
{
    snprintf(out, 8, "tab%u", (unsigned)i % 10);
}

struct weir_view table_key(int i, char out[8])
{
    snprintf(out, 8, "k%03u", (unsigned)i % 1000);
    return weir_view(out, 4);
}

static void digest_entry(struct weir_buf *buf, int i, int64_t version, struct weir_view value)
{
    weir_buf_u64be(buf, (uint64_t)i);
    weir_buf_u64be(buf, (uint64_t)version);
    weir_buf_u64be(buf, value.len);
    weir_buf_append(buf, value.ptr, value.len);
}

static void digest_head(struct weir_buf *buf, int i, int64_t start, int64_t length, bool sealed, int64_t last_event)
{
    weir_buf_u64be(buf, (uint64_t)i);
    weir_buf_u64be(buf, (uint64_t)start);
    weir_buf_u64be(buf, (uint64_t)length);
    weir_buf_u64be(buf, (uint64_t)last_event);
    weir_buf_u8(buf, sealed);
}

static uint64_t digest_end(struct weir_buf *buf)
{
    uint64_t digest = weir_hash64(weir_buf_view(buf), 1);

    ck_assert_int_eq(buf->status, WEIR_OK);
    weir_buf_fini(buf);
    return digest;
}

uint64_t model_digest(const struct model *model)
{
    struct weir_buf buf;

    weir_buf_init(&buf, 1 << 24);
    for (int i = 0; i < SEGMENTS; i++) {
        const struct model_segment *seg = &model->segments[i];

        if (!seg->exists)
            continue;
        digest_head(&buf, i, seg->start, seg->length, seg->sealed, seg->last_event);
        weir_buf_append(&buf, seg->bytes + seg->start, (size_t)(seg->length - seg->start));
    }
    for (int i = 0; i < TABLES; i++) {
        weir_buf_u8(&buf, model->tables[i].exists);
        for (int k = 0; k < TABLE_KEYS && model->tables[i].exists; k++) {
            const struct model_entry *entry = &model->tables[i].entries[k];

            if (entry->version != WEIR_TABLE_NOT_EXISTS)
                digest_entry(&buf, k, entry->version, weir_view(entry->value, entry->len));
        }
    }
    for (int i = 0; i < KEYS; i++)
        weir_buf_u64be(&buf, (uint64_t)model->keys[i]);
    return digest_end(&buf);
}

/* Through the index, and every value from where it stands. */
static void digest_table(struct machine *m, struct weir_buf *buf, struct weir_segment *seg)
{
    struct weir_table_info info;
    uint64_t count = 0;

    ck_assert(weir_table_info(seg, &info));
    for (int k = 0; k < TABLE_KEYS; k++) {
        struct weir_table_place place;
        uint8_t value[TABLE_VALUE_LEN_MAX];
        char key[8];

        if (!weir_table_get(seg, table_key(k, key), &place))
            continue;
        read_value(m, seg, 4, &place, value);
        digest_entry(buf, k, place.version, weir_view(value, place.value_len));
        count++;
    }
    ck_assert_uint_eq(info.entry_count, count);
}

uint64_t container_digest(struct machine *m)
{
    struct weir_buf buf;

    weir_buf_init(&buf, 1 << 24);
    for (int i = 0; i < SEGMENTS; i++) {
        char name[8];
        struct weir_segment *seg;
        struct weir_segment_info info;
        uint8_t *bytes;
        size_t len;

        segment_name(i, name);
        seg = segment(m, name);
        if (seg == NULL)
            continue;
        weir_segment_info(seg, &info);
        ck_assert_int_eq(info.length, info.durable_length);
        digest_head(&buf, i, info.start_offset, info.length, info.sealed, weir_segment_attribute(seg, model_writer));
        bytes = read_all(m, seg, &len);
        weir_buf_append(&buf, bytes, len);
        free(bytes);
    }
    for (int i = 0; i < TABLES; i++) {
        char name[8];

        table_name(i, name);
        weir_buf_u8(&buf, segment(m, name) != NULL);
        if (segment(m, name) != NULL)
            digest_table(m, &buf, segment(m, name));
    }
    for (int i = 0; i < KEYS; i++) {
        uint8_t key = (uint8_t)i;
        struct weir_view value;

        weir_buf_u64be(&buf, weir_map_get(m->ctr, weir_view(&key, 1), &value) ? weir_get_u64be(value.ptr) : 0);
    }
    return digest_end(&buf);
}
