/*
 * state.c - all segments, the map and the chunks, and how operations change them.
 */
#include "store/container/state.h"

#include <assert.h>
#include <stdlib.h>

#include "base/hash.h"

#define TABLE_CAP_FIRST 64u

static uint64_t name_hash(const struct weir_state *state, struct weir_view name)
{
    return weir_hash64(name, state->seed);
}

enum weir_status weir_state_init(struct weir_state *state, struct weir_container *ctr, uint64_t seed)
{
    *state = (struct weir_state){.ctr = ctr, .seed = seed, .next_segment_id = 1, .table_cap = TABLE_CAP_FIRST};
    state->chunks.next_id = 1;
    weir_metadata_init(&state->map, seed);
    state->by_name = calloc(state->table_cap, sizeof(struct weir_segment *));
    state->by_id = calloc(state->table_cap, sizeof(struct weir_segment *));
    return state->by_name != NULL && state->by_id != NULL ? WEIR_OK : WEIR_E_NOMEM;
}

static void forget(struct weir_state *state, struct weir_segment *seg)
{
    weir_segment_drop(seg, &state->chunks);
    seg->ctr = NULL;
    weir_segment_unref(seg);
}

void weir_state_fini(struct weir_state *state)
{
    struct weir_effect effect;

    while (weir_state_take_effect(state, UINT64_MAX, &effect))
        weir_segment_unref(effect.seg);
    for (size_t i = 0; state->by_id != NULL && i < state->table_cap; i++) {
        struct weir_segment *next;

        for (struct weir_segment *seg = state->by_id[i]; seg != NULL; seg = next) {
            next = seg->by_id_next;
            forget(state, seg);
        }
    }
    free(state->by_name);
    free(state->by_id);
    free(state->effects);
    weir_metadata_fini(&state->map);
    weir_chunk_set_fini(&state->chunks);
    *state = (struct weir_state){0};
}

/* --- The tables --- */

static struct weir_segment **name_link(const struct weir_state *state, struct weir_view name, uint64_t hash)
{
    struct weir_segment **link = &state->by_name[hash & (state->table_cap - 1)];

    while (*link != NULL && ((*link)->name_hash != hash || !weir_view_equal(weir_segment_name(*link), name)))
        link = &(*link)->by_name_next;
    return link;
}

static struct weir_segment **id_link(const struct weir_state *state, uint64_t id)
{
    struct weir_segment **link = &state->by_id[id & (state->table_cap - 1)];

    while (*link != NULL && (*link)->id != id)
        link = &(*link)->by_id_next;
    return link;
}

struct weir_segment *weir_state_find(const struct weir_state *state, struct weir_view name)
{
    return *name_link(state, name, name_hash(state, name));
}

struct weir_segment *weir_state_by_id(const struct weir_state *state, uint64_t id)
{
    return *id_link(state, id);
}

static void insert(struct weir_state *state, struct weir_segment *seg)
{
    size_t mask = state->table_cap - 1;

    seg->by_name_next = state->by_name[seg->name_hash & mask];
    state->by_name[seg->name_hash & mask] = seg;
    seg->by_id_next = state->by_id[seg->id & mask];
    state->by_id[seg->id & mask] = seg;
}

/* Failing is harmless: the chains get longer. */
static void grow_tables(struct weir_state *state)
{
    size_t old_cap = state->table_cap, cap = old_cap * 2;
    struct weir_segment **old_ids = state->by_id, **old_names = state->by_name;
    struct weir_segment **by_name = calloc(cap, sizeof(struct weir_segment *));
    struct weir_segment **by_id = calloc(cap, sizeof(struct weir_segment *));

    if (by_name == NULL || by_id == NULL) {
        free(by_name);
        free(by_id);
        return;
    }
    state->by_name = by_name;
    state->by_id = by_id;
    state->table_cap = cap;
    for (size_t i = 0; i < old_cap; i++) {
        struct weir_segment *next;

        for (struct weir_segment *seg = old_ids[i]; seg != NULL; seg = next) {
            next = seg->by_id_next;
            insert(state, seg);
        }
    }
    free(old_ids);
    free(old_names);
}

enum weir_status weir_state_add(struct weir_state *state, uint64_t id, struct weir_view name, struct weir_segment **out)
{
    struct weir_segment *seg = weir_segment_new(id, name, name_hash(state, name));

    if (seg == NULL)
        return WEIR_E_NOMEM;
    if (state->segment_count >= state->table_cap)
        grow_tables(state);
    seg->ctr = state->ctr;
    insert(state, seg);
    state->segment_count++;
    if (id >= state->next_segment_id)
        state->next_segment_id = id + 1;
    *out = seg;
    return WEIR_OK;
}

/* Takes the segment out of the tables and lets go of its bytes and of the state's reference. */
static void take_out(struct weir_state *state, struct weir_segment *seg)
{
    *name_link(state, weir_segment_name(seg), seg->name_hash) = seg->by_name_next;
    *id_link(state, seg->id) = seg->by_id_next;
    state->segment_count--;
    seg->deleted = true;
    weir_segment_drop(seg, &state->chunks);
    weir_segment_unref(seg);
}

void weir_state_each(const struct weir_state *state, void (*each)(void *arg, struct weir_segment *seg), void *arg)
{
    for (size_t i = 0; i < state->table_cap; i++)
        for (struct weir_segment *seg = state->by_id[i]; seg != NULL; seg = seg->by_id_next)
            each(arg, seg);
}

/* --- Effects --- */

static enum weir_status add_effect(struct weir_state *state, enum weir_effect_kind kind, struct weir_segment *seg,
                                   uint64_t lsn)
{
    if (state->effect_count == state->effect_cap) {
        size_t cap = state->effect_cap > 0 ? state->effect_cap * 2 : 64;
        struct weir_effect *effects = malloc(cap * sizeof(*effects));

        if (effects == NULL)
            return WEIR_E_NOMEM;
        for (size_t i = 0; i < state->effect_count; i++)
            effects[i] = state->effects[(state->effect_first + i) % state->effect_cap];
        free(state->effects);
        state->effects = effects;
        state->effect_first = 0;
        state->effect_cap = cap;
    }
    state->effects[(state->effect_first + state->effect_count++) % state->effect_cap] =
        (struct weir_effect){.kind = kind, .lsn = lsn, .seg = weir_segment_ref(seg), .length = seg->length};
    return WEIR_OK;
}

bool weir_state_take_effect(struct weir_state *state, uint64_t lsn, struct weir_effect *out)
{
    if (state->effect_count == 0 || state->effects[state->effect_first].lsn > lsn)
        return false;
    *out = state->effects[state->effect_first];
    state->effect_first = (state->effect_first + 1) % state->effect_cap;
    state->effect_count--;
    return true;
}

/* --- Operations --- */

static enum weir_status set_attributes(struct weir_segment *seg, const struct weir_op *op)
{
    enum weir_status status = WEIR_OK;

    for (size_t i = 0; i < weir_op_attribute_count(op) && status == WEIR_OK; i++) {
        struct weir_uuid id;
        int64_t value = weir_op_attribute_at(op, i, &id);

        if (weir_uuid_equal(id, WEIR_ATTRIBUTE_EVENT_COUNT))
            seg->event_count = value == WEIR_ATTRIBUTE_NONE ? 0 : value;
        else
            status = weir_attribute_set(&seg->attributes, id, value);
    }
    return status;
}

static void tell_grown(struct weir_segment *seg)
{
    struct weir_segment_watch *watch = seg->watch;

    if (watch == NULL)
        return;
    weir_segment_unwatch(watch);
    watch->grown(watch);
}

static enum weir_status apply_append(struct weir_state *state, struct weir_segment *seg, const struct weir_op *op,
                                     struct weir_block *block, uint64_t lsn)
{
    enum weir_status status = WEIR_OK;

    if (op->offset != seg->length || seg->sealed || seg->table != NULL)
        return WEIR_E_DAMAGED;
    if (op->event_number != WEIR_ATTRIBUTE_NONE)
        status = weir_attribute_set(&seg->attributes, op->writer, op->event_number);
    if (status == WEIR_OK)
        status = weir_segment_push_block(seg, block, op->data);
    if (status != WEIR_OK)
        return status;
    seg->event_count = (int64_t)((uint64_t)seg->event_count + (uint64_t)op->event_count);
    seg->last_modified_ms = op->time_ms;
    tell_grown(seg);
    return add_effect(state, WEIR_EFFECT_LENGTH, seg, lsn);
}

enum weir_status weir_state_make_table(struct weir_state *state, struct weir_segment *seg, int64_t key_len)
{
    if (key_len < 0 || key_len > WEIR_TABLE_FIXED_KEY_LEN_MAX || seg->table != NULL)
        return WEIR_E_DAMAGED;
    seg->table = weir_table_new((uint32_t)key_len, state->seed);
    return seg->table != NULL ? WEIR_OK : WEIR_E_NOMEM;
}

static enum weir_status apply_create(struct weir_state *state, const struct weir_op *op)
{
    struct weir_segment *seg;
    enum weir_status status;

    if (weir_state_find(state, op->name) != NULL || weir_state_by_id(state, op->segment) != NULL ||
        op->name.len > WEIR_SEGMENT_NAME_LEN_MAX)
        return WEIR_E_DAMAGED;
    status = weir_state_add(state, op->segment, op->name, &seg);
    if (status == WEIR_OK && op->code == WEIR_OP_TABLE_CREATE)
        status = weir_state_make_table(state, seg, op->length);
    if (status != WEIR_OK)
        return status;
    seg->last_modified_ms = op->time_ms;
    status = weir_attribute_set(&seg->attributes, WEIR_ATTRIBUTE_CREATION_TIME, op->time_ms);
    return status == WEIR_OK ? set_attributes(seg, op) : status;
}

static enum weir_status apply_merge(struct weir_state *state, struct weir_segment *seg, const struct weir_op *op,
                                    uint64_t lsn)
{
    struct weir_segment *source = weir_state_by_id(state, op->source);
    enum weir_status status;

    if (source == NULL || source == seg || seg->sealed || seg->table != NULL || source->table != NULL)
        return WEIR_E_DAMAGED;
    status = set_attributes(seg, op);
    if (status == WEIR_OK)
        status = weir_segment_take(seg, source, &state->chunks);
    if (status == WEIR_OK)
        status = add_effect(state, WEIR_EFFECT_LENGTH, seg, lsn);
    if (status == WEIR_OK)
        status = add_effect(state, WEIR_EFFECT_DELETED, source, lsn);
    if (status != WEIR_OK)
        return status;
    seg->event_count = (int64_t)((uint64_t)seg->event_count + (uint64_t)source->event_count);
    seg->last_modified_ms = op->time_ms;
    source->sealed = true; /* as whoever waits at its end is to be told */
    take_out(state, source);
    tell_grown(seg);
    return WEIR_OK;
}

static enum weir_status apply_table_update(struct weir_state *state, struct weir_segment *seg, const struct weir_op *op,
                                           struct weir_block *block, uint64_t lsn)
{
    struct weir_in in = weir_in(op->data);
    enum weir_status status = WEIR_OK;

    if (seg->table == NULL || op->offset != seg->length || seg->sealed)
        return WEIR_E_DAMAGED;
    while (weir_in_left(&in) > 0 && status == WEIR_OK) {
        int64_t offset = op->offset + (in.ptr - op->data.ptr);
        struct weir_table_entry entry;

        status = weir_table_entry_get(&in, &entry) == WEIR_OK ? weir_table_enter(seg->table, &entry, offset)
                                                              : WEIR_E_DAMAGED;
    }
    if (status == WEIR_OK)
        status = weir_segment_push_block(seg, block, op->data);
    if (status != WEIR_OK)
        return status;
    seg->last_modified_ms = op->time_ms;
    return add_effect(state, WEIR_EFFECT_LENGTH, seg, lsn);
}

static enum weir_status apply_table_remove(struct weir_segment *seg, const struct weir_op *op)
{
    size_t key_len = seg->table != NULL ? seg->table->key_len : 0;

    if (key_len == 0 || op->name.len % key_len != 0 || seg->sealed)
        return WEIR_E_DAMAGED;
    for (size_t at = 0; at < op->name.len; at += key_len)
        weir_table_drop(seg->table, weir_view(op->name.ptr + at, key_len));
    return WEIR_OK;
}

static enum weir_status apply_to_segment(struct weir_state *state, struct weir_segment *seg, const struct weir_op *op,
                                         struct weir_block *block, uint64_t lsn)
{
    enum weir_status status = WEIR_OK;

    switch (op->code) {
    case WEIR_OP_APPEND:
        return apply_append(state, seg, op, block, lsn);
    case WEIR_OP_MERGE:
        return apply_merge(state, seg, op, lsn);
    case WEIR_OP_DELETE:
        status = add_effect(state, WEIR_EFFECT_DELETED, seg, lsn);
        if (status == WEIR_OK)
            take_out(state, seg);
        return status;
    case WEIR_OP_SEAL:
        seg->sealed = true;
        status = add_effect(state, WEIR_EFFECT_SEALED, seg, lsn);
        break;
    case WEIR_OP_TRUNCATE:
        if (op->offset < seg->start_offset || op->offset > seg->length)
            return WEIR_E_DAMAGED;
        weir_segment_cut(seg, &state->chunks, op->offset);
        break;
    case WEIR_OP_ATTRIBUTES:
        status = set_attributes(seg, op);
        break;
    case WEIR_OP_TABLE_UPDATE:
        return apply_table_update(state, seg, op, block, lsn);
    case WEIR_OP_TABLE_REMOVE:
        status = apply_table_remove(seg, op);
        break;
    default:
        return WEIR_E_DAMAGED;
    }
    seg->last_modified_ms = op->time_ms;
    return status;
}

enum weir_status weir_state_apply(struct weir_state *state, const struct weir_op *op, struct weir_block *block,
                                  uint64_t lsn)
{
    struct weir_segment *seg;

    state->chunks.lsn = lsn;
    switch (op->code) {
    case WEIR_OP_CREATE:
    case WEIR_OP_TABLE_CREATE:
        return apply_create(state, op);
    case WEIR_OP_PUT:
        return weir_metadata_put(&state->map, op->name, op->data);
    case WEIR_OP_REMOVE:
        weir_metadata_remove(&state->map, op->name);
        return WEIR_OK;
    default:
        seg = weir_state_by_id(state, op->segment);
        return seg != NULL ? apply_to_segment(state, seg, op, block, lsn) : WEIR_E_DAMAGED;
    }
}

enum weir_status weir_state_apply_record(struct weir_state *state, const struct weir_record *record,
                                         struct weir_block *block)
{
    struct weir_in in = weir_in(record->payload);
    enum weir_status status = WEIR_OK;
    struct weir_effect effect;
    struct weir_op op;

    while (weir_in_left(&in) > 0 && status == WEIR_OK)
        status = weir_op_get(&in, &op) ? weir_state_apply(state, &op, block, record->lsn) : WEIR_E_DAMAGED;
    while (weir_state_take_effect(state, UINT64_MAX, &effect)) {
        effect.seg->durable_length = effect.length;
        effect.seg->durable_sealed = effect.seg->sealed;
        weir_segment_unref(effect.seg);
    }
    return status;
}
