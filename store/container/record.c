/*
 * record.c - frames of the store's files.
 *
 * All integers big-endian. A file header, 40 bytes, in every file of every format version:
 *
 *      0  u8[8]  magic: "weirlog\n", "weirckp\n", "weirchk\n" or "weirrch\n"
 *      8  u32    format version
 *     12  u32    store: random, the same in all files of a folder; 0 in chunks
 *     16  u64    number: first LSN (log), last LSN contained (checkpoint), id (chunk), an LSN (reached)
 *     24  u64    salt: random, the seed of the file's checksums; 0 (reached)
 *     32  u64    XXH3 of bytes 0..31
 *
 * A record, a multiple of 8 bytes:
 *
 *      0  u64    XXH3, seeded with the salt, of everything that follows, padding included
 *      8  u32    payload length
 *     12  u16    type: 1 operations, 2 end
 *     14  u16    0
 *     16  u64    LSN: counts records, without a gap, over all log files
 *     24  u64    file offset at which the group of this record starts
 *     32  ...    payload, then zeros up to a multiple of 8
 *
 * A group is what one write put into the log. It is written only after the group before it was synced. Hence the rule
 * that tells a torn tail from damage: if a right record of a later group stands behind a wrong one, the wrong one had
 * been synced, and so it was damaged since.
 */
#include "store/container/record.h"

#include "base/hash.h"
#include "weir/endian.h"

static const char magics[][9] = {"weirlog\n", "weirckp\n", "weirchk\n", "weirrch\n"};
static const char *const kind_names[] = {"log", "checkpoint", "chunk", "reached"};

#define CHECKED_HEADER_LEN 32u

void weir_file_header_put(uint8_t out[WEIR_FILE_HEADER_LEN], enum weir_file_kind kind,
                          const struct weir_file_header *header)
{
    memcpy(out, magics[kind], 8);
    weir_put_u32be(out + 8, WEIR_STORE_FORMAT_VERSION);
    weir_put_u32be(out + 12, header->store);
    weir_put_u64be(out + 16, header->number);
    weir_put_u64be(out + 24, header->salt);
    weir_put_u64be(out + 32, weir_hash64(weir_view(out, CHECKED_HEADER_LEN), 0));
}

enum weir_status weir_file_header_get(struct weir_view file, enum weir_file_kind kind, const char *path,
                                      struct weir_file_header *out, struct weir_error *err)
{
    const uint8_t *at = file.ptr;

    if (file.len < WEIR_FILE_HEADER_LEN)
        return weir_fail(err, WEIR_E_DAMAGED, "%s is damaged at offset %zu: the file header ends early", path,
                         file.len);
    if (memcmp(at, magics[kind], 8) != 0)
        return weir_fail(err, WEIR_E_DAMAGED, "%s is damaged at offset 0: not a %s file of Weir", path,
                         kind_names[kind]);
    if (weir_get_u64be(at + 32) != weir_hash64(weir_view(at, CHECKED_HEADER_LEN), 0))
        return weir_fail(err, WEIR_E_DAMAGED, "%s is damaged at offset 8: wrong checksum of the file header", path);
    if (weir_get_u32be(at + 8) != WEIR_STORE_FORMAT_VERSION)
        return weir_fail(
            err, WEIR_E_UNSUPPORTED,
            "%s has format version %u, and this program reads version %u: open it with the Weir that wrote it", path,
            weir_get_u32be(at + 8), WEIR_STORE_FORMAT_VERSION);
    *out = (struct weir_file_header){
        .store = weir_get_u32be(at + 12), .number = weir_get_u64be(at + 16), .salt = weir_get_u64be(at + 24)};
    return WEIR_OK;
}

enum weir_status weir_file_header_join(const struct weir_file_header *header, const char *path, uint32_t *store,
                                       struct weir_error *err)
{
    if (*store == 0)
        *store = header->store;
    if (*store == header->store)
        return WEIR_OK;
    return weir_fail(err, WEIR_E_DAMAGED, "%s is damaged at offset 12: it is a file of another store", path);
}

void weir_record_seal(uint8_t *at, enum weir_record_type type, uint64_t lsn, uint64_t group, size_t payload_len,
                      uint64_t salt)
{
    size_t len = weir_record_len(payload_len);

    memset(at + WEIR_RECORD_HEADER_LEN + payload_len, 0, len - WEIR_RECORD_HEADER_LEN - payload_len);
    weir_put_u32be(at + 8, (uint32_t)payload_len);
    weir_put_u16be(at + 12, (uint16_t)type);
    weir_put_u16be(at + 14, 0);
    weir_put_u64be(at + 16, lsn);
    weir_put_u64be(at + 24, group);
    weir_put_u64be(at, weir_hash64(weir_view(at + 8, len - 8), salt));
}

void weir_record_reader_init(struct weir_record_reader *reader, struct weir_view file, uint64_t salt,
                             uint64_t first_lsn)
{
    *reader =
        (struct weir_record_reader){.file = file, .salt = salt, .offset = WEIR_FILE_HEADER_LEN, .next_lsn = first_lsn};
}

/* A whole record with a right checksum at `offset`; its place in the order is not looked at. */
static bool parse(const struct weir_record_reader *reader, uint64_t offset, struct weir_record *out)
{
    const uint8_t *at = reader->file.ptr + offset;
    uint64_t left = reader->file.len - offset;
    uint64_t payload_len, len;

    if (left < WEIR_RECORD_HEADER_LEN)
        return false;
    payload_len = weir_get_u32be(at + 8);
    if (payload_len > WEIR_RECORD_PAYLOAD_LEN_MAX)
        return false;
    len = weir_record_len(payload_len);
    *out = (struct weir_record){.type = (enum weir_record_type)weir_get_u16be(at + 12),
                                .lsn = weir_get_u64be(at + 16),
                                .group = weir_get_u64be(at + 24),
                                .offset = offset,
                                .payload = weir_view(at + WEIR_RECORD_HEADER_LEN, payload_len)};
    if (len > left || (out->type != WEIR_RECORD_OPS && out->type != WEIR_RECORD_END) || out->group > offset ||
        out->lsn < reader->next_lsn || out->lsn - reader->next_lsn > reader->file.len / WEIR_RECORD_HEADER_LEN)
        return false; /* cheap looks first: the scan for later groups asks at every eighth byte */
    return weir_get_u64be(at) == weir_hash64(weir_view(at + 8, len - 8), reader->salt);
}

enum weir_status weir_record_next(struct weir_record_reader *reader, struct weir_record *out)
{
    if (reader->offset >= reader->file.len)
        return WEIR_E_END;
    if (!parse(reader, reader->offset, out) || out->lsn != reader->next_lsn)
        return WEIR_E_DAMAGED;
    if (out->group != reader->group && out->group != out->offset)
        return WEIR_E_DAMAGED;
    reader->group = out->group;
    reader->offset += weir_record_len(out->payload.len);
    reader->next_lsn++;
    return WEIR_OK;
}

bool weir_record_tail_is_torn(const struct weir_record_reader *reader)
{
    struct weir_record later;

    for (uint64_t offset = reader->offset + 8; offset < reader->file.len; offset += 8)
        if (parse(reader, offset, &later) && later.group > reader->offset)
            return false;
    return true;
}

bool weir_record_pass_damage(struct weir_record_reader *reader)
{
    struct weir_record later;

    for (uint64_t offset = reader->offset + 8; offset < reader->file.len; offset += 8) {
        if (!parse(reader, offset, &later))
            continue;
        reader->offset = offset;
        reader->next_lsn = later.lsn;
        reader->group = later.group;
        return true;
    }
    return false;
}
