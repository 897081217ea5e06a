/*
 * table_keys.c - see table_keys.h.
 */
#include "pravega/kvt/table_keys.h"

#include "base/hash.h"

#define ROUTING_SEED UINT64_C(0xffffffff8795aee5) /* String.hashCode("KeyValueTableRouter"), sign-extended */
#define WALK_FORMAT 1
#define WALK_HEAD_LEN 4

enum weir_status pravega_table_key_check(const struct pravega_table_config *config, size_t primary_len,
                                         size_t secondary_len, struct weir_error *err)
{
    if (primary_len != (size_t)config->primary_key_len)
        return weir_fail(err, WEIR_E_INVAL, "a primary key has %zu bytes; in this table it has %d", primary_len,
                         (int)config->primary_key_len);
    if (secondary_len != (size_t)config->secondary_key_len)
        return weir_fail(err, WEIR_E_INVAL, "a secondary key has %zu bytes; in this table it has %d", secondary_len,
                         (int)config->secondary_key_len);
    return WEIR_OK;
}

double pravega_table_hash(struct weir_view primary)
{
    uint64_t hash[2];

    weir_murmur3_x64_128(primary, ROUTING_SEED, hash);
    return (double)(hash[0] >> 12) / (double)(UINT64_C(1) << 52);
}

bool pravega_table_key_increment(uint8_t *key, size_t len)
{
    while (len > 0)
        if (++key[--len] != 0)
            return true;
    return false;
}

/* ---- walks ---- */

static void walk_init(struct pravega_table_walk *walk)
{
    pravega_table_walk_fini(walk);
    weir_buf_init(&walk->from, PRAVEGA_TABLE_KEY_LEN_MAX);
    weir_buf_init(&walk->to, PRAVEGA_TABLE_KEY_LEN_MAX);
    walk->is_over = false;
}

void pravega_table_walk_fini(struct pravega_table_walk *walk)
{
    weir_buf_fini(&walk->from);
    weir_buf_fini(&walk->to);
}

/* `part`, made up to `len` bytes by `filler`. */
static void put_padded(struct weir_buf *key, struct weir_view part, size_t len, uint8_t filler)
{
    uint8_t *at = weir_buf_extend(key, len);

    if (at == NULL)
        return;
    memset(at, filler, len);
    if (part.len > 0)
        memcpy(at, part.ptr, part.len);
}

static void put_bounds(struct pravega_table_walk *walk, struct weir_view from, struct weir_view to, size_t len)
{
    put_padded(&walk->from, from, len, 0);
    put_padded(&walk->to, to, len, UINT8_MAX);
}

/* An end of a range is a whole part, or open. */
static enum weir_status check_part(const char *what, struct weir_view part, size_t len, bool is_whole,
                                   struct weir_error *err)
{
    if (is_whole && part.len != 0 && part.len != len)
        return weir_fail(err, WEIR_E_INVAL, "%s of the range has %zu bytes; in this table it has %zu", what, part.len,
                         len);
    if (part.len > len)
        return weir_fail(err, WEIR_E_INVAL, "%s of the range has %zu bytes; in this table it has at most %zu", what,
                         part.len, len);
    return WEIR_OK;
}

static enum weir_status check_range(const struct pravega_table_config *config, const struct pravega_table_range *range,
                                    struct weir_error *err)
{
    bool of_primary = range->kind == PRAVEGA_TABLE_PRIMARY || range->kind == PRAVEGA_TABLE_PRIMARY_PREFIX;
    bool is_whole = range->kind == PRAVEGA_TABLE_PRIMARY || range->kind == PRAVEGA_TABLE_BETWEEN;
    size_t len = (size_t)(of_primary ? config->secondary_key_len : config->primary_key_len);
    const char *what = of_primary ? "a secondary key" : "a primary key";
    enum weir_status status;

    if (of_primary && range->primary.len != (size_t)config->primary_key_len)
        return weir_fail(err, WEIR_E_INVAL, "the primary key of the range has %zu bytes; in this table it has %d",
                         range->primary.len, (int)config->primary_key_len);
    status = check_part(what, range->from, len, is_whole, err);
    return status != WEIR_OK ? status : check_part(what, range->to, len, is_whole, err);
}

static void look_whether_over(struct pravega_table_walk *walk)
{
    if (memcmp(walk->from.ptr, walk->to.ptr, walk->from.len) > 0)
        walk->is_over = true;
}

static enum weir_status walk_status(const struct pravega_table_walk *walk, struct weir_error *err)
{
    if (walk->from.status == WEIR_OK && walk->to.status == WEIR_OK)
        return WEIR_OK;
    return weir_fail(err, WEIR_E_NOMEM, "no memory for a range of keys");
}

enum weir_status pravega_table_walk_begin(struct pravega_table_walk *walk, const struct pravega_table_config *config,
                                          const struct pravega_table_range *range, struct weir_error *err)
{
    size_t primary_len = (size_t)config->primary_key_len, secondary_len = (size_t)config->secondary_key_len;
    struct weir_view open = {NULL, 0};
    enum weir_status status = check_range(config, range, err);

    if (status != WEIR_OK)
        return status;
    walk_init(walk);
    switch (range->kind) {
    case PRAVEGA_TABLE_ALL:
        put_bounds(walk, open, open, primary_len + secondary_len);
        break;
    case PRAVEGA_TABLE_PRIMARY:
        put_bounds(walk, range->primary, range->primary, primary_len);
        put_bounds(walk, range->from, range->to, secondary_len);
        break;
    case PRAVEGA_TABLE_PRIMARY_PREFIX:
        put_bounds(walk, range->primary, range->primary, primary_len);
        put_bounds(walk, range->from, range->from, secondary_len);
        break;
    case PRAVEGA_TABLE_BETWEEN:
        put_bounds(walk, range->from, range->to, primary_len);
        put_bounds(walk, open, open, secondary_len);
        break;
    case PRAVEGA_TABLE_PREFIX:
        put_bounds(walk, range->from, range->from, primary_len);
        put_bounds(walk, open, open, secondary_len);
        break;
    }
    status = walk_status(walk, err);
    if (status == WEIR_OK)
        look_whether_over(walk);
    return status;
}

void pravega_table_walk_after(struct pravega_table_walk *walk, struct weir_view last)
{
    memcpy(walk->from.ptr, last.ptr, last.len);
    if (pravega_table_key_increment(walk->from.ptr, walk->from.len))
        look_whether_over(walk);
    else
        walk->is_over = true;
}

bool pravega_table_walk_is_single(const struct pravega_table_walk *walk, const struct pravega_table_config *config)
{
    return memcmp(walk->from.ptr, walk->to.ptr, (size_t)config->primary_key_len) == 0;
}

void pravega_table_walk_put(const struct pravega_table_walk *walk, struct weir_buf *out)
{
    weir_buf_u8(out, WALK_FORMAT);
    weir_buf_u8(out, walk->is_over);
    weir_buf_u16be(out, walk->is_over ? 0 : (uint16_t)walk->from.len);
    if (walk->is_over)
        return;
    weir_buf_append(out, walk->from.ptr, walk->from.len);
    weir_buf_append(out, walk->to.ptr, walk->to.len);
}

enum weir_status pravega_table_walk_get(struct pravega_table_walk *walk, struct weir_view bytes, struct weir_error *err)
{
    struct weir_in in = weir_in(bytes);
    uint8_t format = weir_in_u8(&in), is_over = weir_in_u8(&in);
    size_t len = weir_in_u16be(&in);
    struct weir_view from = weir_in_take(&in, len), to = weir_in_take(&in, len);

    if (in.bad || weir_in_left(&in) > 0 || format != WALK_FORMAT || is_over > 1 || (len == 0) != is_over ||
        len > PRAVEGA_TABLE_KEY_LEN_MAX || (len > 0 && memcmp(from.ptr, to.ptr, len) > 0))
        return weir_fail(err, WEIR_E_INVAL, "%zu bytes that are no continuation of a walk over a table", bytes.len);
    walk_init(walk);
    walk->is_over = is_over;
    if (len > 0)
        put_bounds(walk, from, to, len);
    return walk_status(walk, err);
}

enum weir_status pravega_table_walk_check(const struct pravega_table_walk *walk,
                                          const struct pravega_table_config *config, struct weir_error *err)
{
    if (walk->is_over || walk->from.len == pravega_table_key_len(config))
        return WEIR_OK;
    return weir_fail(err, WEIR_E_INVAL,
                     "the continuation is of a table with keys of %zu bytes; this table's keys have %zu",
                     walk->from.len, pravega_table_key_len(config));
}
