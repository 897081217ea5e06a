/*
 * snapshot.c - the entries of one task's snapshot, and the file that holds them.
 *
 * Entries, one after the other (varints are LEB128):
 *     0                    kind of a section's head
 *     varint len, uid      the operator that the following entries belong to
 *     1 + weir_state_kind  kind of an entry
 *     varint len, name     of the state
 *     varint key group
 *     varint len, bytes
 *
 * File, big-endian:
 *     0  "WEIRSNAP"
 *     8  u32 format version (1)
 *    12  u64 length of the entries
 *    20  one zstd frame with its checksum: the entries
 */
#include "runtime/snapshot.h"

#include <zstd.h>

#define MAGIC "WEIRSNAP"
#define FORMAT_VERSION 1u
#define HEADER_LEN 20
#define SECTION_HEAD 0
#define STATE_NAME_LEN_MAX 127
#define COMPRESSION_LEVEL 1 /* snapshots are taken often and read rarely */

void weir_snapshot_init(struct weir_snapshot *snapshot)
{
    weir_buf_init(&snapshot->entries, WEIR_SNAPSHOT_LEN_MAX);
    snapshot->entry_count = 0;
}

void weir_snapshot_fini(struct weir_snapshot *snapshot)
{
    weir_buf_fini(&snapshot->entries);
}

void weir_snapshot_begin_operator(struct weir_snapshot *snapshot, const char *uid)
{
    weir_buf_u8(&snapshot->entries, SECTION_HEAD);
    weir_buf_view_append(&snapshot->entries, weir_view_str(uid));
}

void weir_snapshot_add(struct weir_snapshot *snapshot, enum weir_state_kind kind, const char *state_name, int key_group,
                       struct weir_view bytes)
{
    weir_buf_u8(&snapshot->entries, (uint8_t)(1 + kind));
    weir_buf_view_append(&snapshot->entries, weir_view_str(state_name));
    weir_buf_varint(&snapshot->entries, (uint64_t)key_group);
    weir_buf_view_append(&snapshot->entries, bytes);
    snapshot->entry_count++;
}

void weir_snapshot_fail(struct weir_snapshot *snapshot, enum weir_status status)
{
    if (snapshot->entries.status == WEIR_OK)
        snapshot->entries.status = status;
}

enum weir_status weir_snapshot_status(const struct weir_snapshot *snapshot)
{
    return snapshot->entries.status;
}

enum weir_status weir_snapshot_pack(const struct weir_snapshot *snapshot, struct weir_buf *file, struct weir_error *err)
{
    size_t bound = ZSTD_compressBound(snapshot->entries.len), packed_len;
    ZSTD_CCtx *cctx;
    uint8_t *room;

    weir_buf_append(file, MAGIC, 8);
    weir_buf_u32be(file, FORMAT_VERSION);
    weir_buf_u64be(file, snapshot->entries.len);
    room = weir_buf_reserve(file, bound);
    if (room == NULL)
        return weir_fail(err, file->status, "no memory to pack a snapshot of %zu bytes", snapshot->entries.len);
    cctx = ZSTD_createCCtx();
    if (cctx == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory to pack a snapshot of %zu bytes", snapshot->entries.len);
    ZSTD_CCtx_setParameter(cctx, ZSTD_c_compressionLevel, COMPRESSION_LEVEL);
    ZSTD_CCtx_setParameter(cctx, ZSTD_c_checksumFlag, 1);
    packed_len = ZSTD_compress2(cctx, room, bound, snapshot->entries.ptr, snapshot->entries.len);
    ZSTD_freeCCtx(cctx);
    if (ZSTD_isError(packed_len))
        return weir_fail(err, WEIR_E_NOMEM, "cannot pack a snapshot of %zu bytes: %s", snapshot->entries.len,
                         ZSTD_getErrorName(packed_len));
    weir_buf_extend(file, packed_len);
    return file->status;
}

/* The length in the header is not believed: room is made for what comes out, a piece at a time. */
static enum weir_status unpack_frame(ZSTD_DCtx *dctx, struct weir_view frame, uint64_t entries_len,
                                     struct weir_buf *entries, struct weir_error *err)
{
    ZSTD_inBuffer in = {frame.ptr, frame.len, 0};
    uint64_t unpacked_len = 0;
    size_t left = 1;

    while (left != 0) {
        ZSTD_outBuffer out = {weir_buf_reserve(entries, ZSTD_DStreamOutSize()), ZSTD_DStreamOutSize(), 0};

        if (out.dst == NULL)
            return weir_fail(err, entries->status, "no memory to read a snapshot of %llu bytes",
                             (unsigned long long)entries_len);
        left = ZSTD_decompressStream(dctx, &out, &in);
        if (ZSTD_isError(left))
            return weir_fail(err, WEIR_E_DAMAGED, "damaged at byte %zu: %s", HEADER_LEN + in.pos,
                             ZSTD_getErrorName(left));
        unpacked_len += out.pos;
        if (unpacked_len > entries_len)
            return weir_fail(err, WEIR_E_DAMAGED, "holds more than the %llu bytes that it says",
                             (unsigned long long)entries_len);
        weir_buf_extend(entries, out.pos);
        if (left != 0 && in.pos == in.size && out.pos == 0)
            return weir_fail(err, WEIR_E_DAMAGED, "ends too early, at byte %zu", HEADER_LEN + frame.len);
    }
    if (unpacked_len != entries_len || in.pos != in.size)
        return weir_fail(err, WEIR_E_DAMAGED, "holds %llu bytes where it says %llu", (unsigned long long)unpacked_len,
                         (unsigned long long)entries_len);
    return WEIR_OK;
}

enum weir_status weir_snapshot_unpack(struct weir_view file, struct weir_buf *entries, struct weir_error *err)
{
    struct weir_in in = weir_in(file);
    struct weir_view magic = weir_in_take(&in, 8);
    uint32_t version = weir_in_u32be(&in);
    uint64_t entries_len = weir_in_u64be(&in);
    enum weir_status status;
    ZSTD_DCtx *dctx;

    if (in.bad || memcmp(magic.ptr, MAGIC, 8) != 0)
        return weir_fail(err, WEIR_E_DAMAGED, "not a state file of Weir: it does not begin with " MAGIC);
    if (version != FORMAT_VERSION)
        return weir_fail(err, WEIR_E_DAMAGED, "has format version %u, this Weir reads %u", version, FORMAT_VERSION);
    dctx = ZSTD_createDCtx();
    if (dctx == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory to read a snapshot");
    status = unpack_frame(dctx, weir_view(in.ptr, weir_in_left(&in)), entries_len, entries, err);
    ZSTD_freeDCtx(dctx);
    return status;
}

static bool copy_name(struct weir_view from, char name[STATE_NAME_LEN_MAX + 1])
{
    if (from.ptr == NULL || from.len > STATE_NAME_LEN_MAX)
        return false;
    memcpy(name, from.ptr, from.len);
    name[from.len] = '\0';
    return true;
}

enum weir_status weir_snapshot_next(struct weir_snapshot_cursor *cursor, struct weir_restored *entry,
                                    char name[STATE_NAME_LEN_MAX + 1])
{
    uint8_t kind = SECTION_HEAD;
    uint64_t key_group;

    while (weir_in_left(&cursor->in) > 0) {
        kind = weir_in_u8(&cursor->in);
        if (kind != SECTION_HEAD)
            break;
        cursor->uid = weir_in_view(&cursor->in);
    }
    if (kind == SECTION_HEAD)
        return cursor->in.bad ? WEIR_E_DAMAGED : WEIR_E_END;
    if (kind > 1 + WEIR_STATE_UNION || !copy_name(weir_in_view(&cursor->in), name))
        return WEIR_E_DAMAGED;
    key_group = weir_in_varint(&cursor->in);
    entry->kind = (enum weir_state_kind)(kind - 1);
    entry->state_name = name;
    entry->key_group = (int)key_group;
    entry->bytes = weir_in_view(&cursor->in);
    return cursor->in.bad || key_group > INT32_MAX ? WEIR_E_DAMAGED : WEIR_OK;
}
