/*
 * checkpoint.c - the whole state as records.
 *
 * A file header, then records (record.c) numbered from 1, all of group WEIR_FILE_HEADER_LEN: operations BEGIN, CHUNK*,
 * (SEGMENT ATTRIBUTES* (TABLE TABLE_KEY*)? EXTENT*)*, PUT*, about 64 KiB of them in a record; then a record of type
 * END. A file that stops before END was never renamed to its name, so one that does is damaged.
 */
#include "store/container/checkpoint.h"

#include <stdlib.h>

#define RECORD_FILL 65536u
#define FILE_LEN_MAX ((size_t)64 << 30)
#define ATTRIBUTES_PER_OP 1024u

/* --- Writing --- */

static void begin_record(struct weir_checkpoint_writer *writer)
{
    writer->record_at = writer->bytes.len;
    weir_buf_extend(&writer->bytes, WEIR_RECORD_HEADER_LEN);
}

static void end_record(struct weir_checkpoint_writer *writer, enum weir_record_type type)
{
    size_t payload_len = writer->bytes.len - writer->record_at - WEIR_RECORD_HEADER_LEN;
    size_t padding = weir_record_len(payload_len) - WEIR_RECORD_HEADER_LEN - payload_len;

    if (writer->bytes.status != WEIR_OK)
        return;
    if (payload_len > WEIR_RECORD_PAYLOAD_LEN_MAX) {
        writer->bytes.status = WEIR_E_LIMIT;
        return;
    }
    if (padding > 0 && weir_buf_extend(&writer->bytes, padding) == NULL)
        return;
    weir_record_seal(writer->bytes.ptr + writer->record_at, type, ++writer->record_count, WEIR_FILE_HEADER_LEN,
                     payload_len, writer->salt);
}

void weir_checkpoint_begin(struct weir_checkpoint_writer *writer, uint32_t store, uint64_t lsn, uint64_t salt)
{
    struct weir_file_header header = {.store = store, .number = lsn, .salt = salt};
    uint8_t *head;

    *writer = (struct weir_checkpoint_writer){.salt = salt};
    weir_buf_init(&writer->bytes, FILE_LEN_MAX);
    head = weir_buf_extend(&writer->bytes, WEIR_FILE_HEADER_LEN);
    if (head != NULL)
        weir_file_header_put(head, WEIR_FILE_CHECKPOINT, &header);
    begin_record(writer);
}

void weir_checkpoint_op(struct weir_checkpoint_writer *writer, const struct weir_op *op)
{
    if (writer->bytes.len - writer->record_at > RECORD_FILL) {
        end_record(writer, WEIR_RECORD_OPS);
        begin_record(writer);
    }
    weir_op_put(&writer->bytes, op);
}

static void put_attributes(struct weir_checkpoint_writer *writer, const struct weir_segment *seg)
{
    uint8_t bytes[ATTRIBUTES_PER_OP * WEIR_OP_ATTRIBUTE_LEN];
    struct weir_op op = {.code = WEIR_OP_ATTRIBUTES, .segment = seg->id, .time_ms = seg->last_modified_ms};
    size_t len = 0;

    for (size_t i = 0; i < seg->attributes.cap; i++) {
        const struct weir_attribute *attribute = &seg->attributes.slots[i];

        if (attribute->value == WEIR_ATTRIBUTE_NONE)
            continue;
        weir_put_u64be(bytes + len, attribute->id.msb);
        weir_put_u64be(bytes + len + 8, attribute->id.lsb);
        weir_put_u64be(bytes + len + 16, (uint64_t)attribute->value);
        len += WEIR_OP_ATTRIBUTE_LEN;
        if (len == sizeof(bytes)) {
            op.attributes = weir_view(bytes, len);
            weir_checkpoint_op(writer, &op);
            len = 0;
        }
    }
    op.attributes = weir_view(bytes, len);
    if (len > 0)
        weir_checkpoint_op(writer, &op);
}

static void put_table(struct weir_checkpoint_writer *writer, const struct weir_segment *seg)
{
    const struct weir_table *table = seg->table;

    weir_checkpoint_op(writer, &(struct weir_op){.code = WEIR_OP_TABLE,
                                                 .segment = seg->id,
                                                 .length = table->key_len,
                                                 .event_count = (int64_t)table->index.count});
    for (const struct weir_metadata_entry *entry = weir_metadata_seek(&table->index, weir_view(NULL, 0), false);
         entry != NULL; entry = weir_metadata_next(entry)) {
        struct weir_table_place place = weir_table_index_place(entry);

        weir_checkpoint_op(writer, &(struct weir_op){.code = WEIR_OP_TABLE_KEY,
                                                     .segment = seg->id,
                                                     .offset = place.offset,
                                                     .event_number = place.version,
                                                     .length = place.value_len,
                                                     .name = weir_table_index_key(table, entry)});
    }
}

void weir_checkpoint_segment(struct weir_checkpoint_writer *writer, const struct weir_segment *seg)
{
    weir_checkpoint_op(writer, &(struct weir_op){.code = WEIR_OP_SEGMENT,
                                                 .segment = seg->id,
                                                 .offset = seg->start_offset,
                                                 .length = seg->length,
                                                 .time_ms = seg->last_modified_ms,
                                                 .event_count = seg->event_count,
                                                 .sealed = seg->sealed,
                                                 .name = weir_segment_name(seg)});
    put_attributes(writer, seg);
    if (seg->table != NULL)
        put_table(writer, seg);
}

void weir_checkpoint_map(struct weir_checkpoint_writer *writer, const struct weir_metadata *map)
{
    for (const struct weir_metadata_entry *entry = weir_metadata_seek(map, weir_view(NULL, 0), false); entry != NULL;
         entry = weir_metadata_next(entry))
        weir_checkpoint_op(writer, &(struct weir_op){.code = WEIR_OP_PUT, .name = entry->key, .data = entry->value});
}

void weir_checkpoint_end(struct weir_checkpoint_writer *writer)
{
    end_record(writer, WEIR_RECORD_OPS);
    begin_record(writer);
    end_record(writer, WEIR_RECORD_END);
}

/* --- Reading --- */

struct loader {
    struct weir_state *state;
    struct weir_segment *seg; /* whose extents may follow */
    int64_t seg_length;       /* what its extents have to add up to */
    int64_t seg_keys;         /* how many keys it has, if it is a table */
    uint64_t segments, chunks;
    struct weir_op begin;
    bool begun;
};

static bool segment_complete(const struct loader *loader)
{
    const struct weir_segment *seg = loader->seg;

    return seg == NULL || (seg->length == loader->seg_length &&
                           (seg->table == NULL || seg->table->index.count == (uint64_t)loader->seg_keys));
}

static enum weir_status load_segment(struct loader *loader, const struct weir_op *op)
{
    struct weir_state *state = loader->state;
    enum weir_status status;

    if (!segment_complete(loader) || op->offset < 0 || op->length < op->offset ||
        op->name.len > WEIR_SEGMENT_NAME_LEN_MAX || weir_state_find(state, op->name) != NULL ||
        weir_state_by_id(state, op->segment) != NULL || op->segment >= loader->begin.segment)
        return WEIR_E_DAMAGED;
    status = weir_state_add(state, op->segment, op->name, &loader->seg);
    if (status != WEIR_OK)
        return status;
    loader->seg->start_offset = loader->seg->length = op->offset;
    loader->seg->event_count = op->event_count;
    loader->seg->last_modified_ms = op->time_ms;
    loader->seg->sealed = op->sealed;
    loader->seg_length = op->length;
    loader->segments++;
    return WEIR_OK;
}

static enum weir_status load_extent(struct loader *loader, const struct weir_op *op)
{
    struct weir_segment *seg = loader->seg;
    struct weir_chunk *chunk = weir_chunk_set_find(&loader->state->chunks, op->chunk);
    struct weir_chunk_place place = {.run_offset = op->run_offset, .run_len = op->run_len, .skip = op->skip};
    bool first = seg != NULL && seg->extent_first == seg->extent_end;

    if (seg == NULL || seg->id != op->segment || chunk == NULL || op->length <= 0 || op->offset < 0)
        return WEIR_E_DAMAGED;
    if (op->offset > seg->length || (!first && op->offset != seg->length) || op->length > loader->seg_length ||
        op->offset > loader->seg_length - op->length || op->offset + op->length <= seg->start_offset)
        return WEIR_E_DAMAGED;
    if (op->run_len > chunk->file_len || op->run_offset > chunk->file_len ||
        weir_chunk_run_file_len(op->run_len) > chunk->file_len - op->run_offset || op->skip > op->run_len ||
        (uint64_t)op->length > op->run_len - op->skip)
        return WEIR_E_DAMAGED;
    seg->length = op->offset; /* the first may begin below the start: a truncation cut it in two */
    return weir_segment_push_chunk(seg, &loader->state->chunks, chunk, &place, (uint64_t)op->length);
}

static enum weir_status load_chunk(struct loader *loader, const struct weir_op *op)
{
    struct weir_chunk *chunk;
    enum weir_status status;

    if (op->chunk >= loader->begin.chunk || op->length < (int64_t)WEIR_FILE_HEADER_LEN ||
        weir_chunk_set_find(&loader->state->chunks, op->chunk) != NULL)
        return WEIR_E_DAMAGED;
    loader->chunks++;
    status = weir_chunk_set_add(&loader->state->chunks, op->chunk, op->run_offset, (uint64_t)op->length, &chunk);
    if (status == WEIR_OK)
        weir_chunk_set_publish(&loader->state->chunks, chunk);
    return status;
}

static enum weir_status load_table(struct loader *loader, const struct weir_op *op)
{
    if (loader->seg == NULL || loader->seg->id != op->segment)
        return WEIR_E_DAMAGED;
    loader->seg_keys = op->event_count;
    return weir_state_make_table(loader->state, loader->seg, op->length);
}

static enum weir_status load_table_key(struct loader *loader, const struct weir_op *op)
{
    const struct weir_segment *seg = loader->seg;
    struct weir_table_place place = {
        .offset = op->offset, .version = op->event_number, .value_len = (uint32_t)op->length};
    int64_t entry_len = (int64_t)(WEIR_TABLE_ENTRY_HEAD_LEN + op->name.len) + op->length;

    if (seg == NULL || seg->id != op->segment || seg->table == NULL || op->length < 0 ||
        op->length > WEIR_TABLE_ENTRY_LEN_MAX || entry_len > WEIR_TABLE_ENTRY_LEN_MAX ||
        op->offset < seg->start_offset || op->offset > loader->seg_length - entry_len || op->event_number < 0 ||
        op->event_number > op->offset)
        return WEIR_E_DAMAGED;
    return weir_table_load(seg->table, op->name, &place);
}

static enum weir_status load_op(struct loader *loader, const struct weir_op *op)
{
    struct weir_state *state = loader->state;

    if (loader->begun != (op->code != WEIR_OP_BEGIN))
        return WEIR_E_DAMAGED;
    switch (op->code) {
    case WEIR_OP_BEGIN:
        loader->begun = true;
        loader->begin = *op;
        state->next_segment_id = op->segment;
        state->chunks.next_id = op->chunk;
        return WEIR_OK;
    case WEIR_OP_CHUNK:
        return load_chunk(loader, op);
    case WEIR_OP_SEGMENT:
        return load_segment(loader, op);
    case WEIR_OP_EXTENT:
        return load_extent(loader, op);
    case WEIR_OP_TABLE:
        return load_table(loader, op);
    case WEIR_OP_TABLE_KEY:
        return load_table_key(loader, op);
    case WEIR_OP_ATTRIBUTES:
        return weir_state_apply(state, op, NULL, 0);
    case WEIR_OP_PUT:
        return weir_state_apply(state, op, NULL, 0);
    default:
        return WEIR_E_DAMAGED;
    }
}

static enum weir_status load_record(struct loader *loader, const struct weir_record *record)
{
    struct weir_in in = weir_in(record->payload);
    struct weir_op op;
    enum weir_status status = WEIR_OK;

    while (weir_in_left(&in) > 0 && status == WEIR_OK)
        status = weir_op_get(&in, &op) ? load_op(loader, &op) : WEIR_E_DAMAGED;
    return status;
}

static bool complete(const struct loader *loader)
{
    return segment_complete(loader) && loader->begun && loader->segments == (uint64_t)loader->begin.event_count &&
           loader->chunks == (uint64_t)loader->begin.length &&
           loader->state->map.count == (uint64_t)loader->begin.offset;
}

static void count_durable(void *arg, struct weir_segment *seg)
{
    (void)arg;
    seg->durable_length = seg->length;
    seg->durable_sealed = seg->sealed;
}

enum weir_status weir_checkpoint_load(struct weir_state *state, struct weir_view file, const char *path, uint64_t *lsn,
                                      struct weir_error *err)
{
    struct loader loader = {.state = state};
    struct weir_file_header header;
    struct weir_record_reader reader;
    struct weir_record record = {.offset = WEIR_FILE_HEADER_LEN};
    enum weir_status status = weir_file_header_get(file, WEIR_FILE_CHECKPOINT, path, &header, err);

    if (status == WEIR_OK)
        status = weir_file_header_join(&header, path, &state->store, err);
    if (status != WEIR_OK)
        return status;
    weir_record_reader_init(&reader, file, header.salt, 1);
    reader.group = WEIR_FILE_HEADER_LEN;
    while ((status = weir_record_next(&reader, &record)) == WEIR_OK && record.type == WEIR_RECORD_OPS) {
        status = load_record(&loader, &record);
        if (status == WEIR_E_NOMEM)
            return weir_fail(err, status, "out of memory to read %s", path);
        if (status != WEIR_OK)
            return weir_fail(err, status, "%s is damaged at offset %llu: its records contradict each other", path,
                             (unsigned long long)record.offset);
    }
    if (status != WEIR_OK || !complete(&loader) || reader.offset != file.len)
        return weir_fail(err, WEIR_E_DAMAGED, "%s is damaged at offset %llu: %s", path,
                         (unsigned long long)reader.offset,
                         status == WEIR_E_DAMAGED ? "no whole record stands there" : "it is not complete");
    weir_state_each(state, count_durable, NULL);
    *lsn = header.number;
    return WEIR_OK;
}
