/*
 * manifest.c - what a checkpoint is made of, as MessagePack.
 *
 *     0  "WEIRCHKP"
 *     8  u64 XXH3 of everything after it, big-endian
 *    16  MessagePack: [version 1, checkpoint id, triggered ms, completed ms, job name, max parallelism,
 *                      [[uid, name, vertex, parallelism], ...], [[file, vertex, subtask, length, hash], ...]]
 *
 * The checksum is verified before anything is parsed, so that a torn file is told from a foreign one.
 */
#include "runtime/manifest.h"

#include <inttypes.h>
#include <msgpack.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "serde/msgpack_reader.h"

#define MAGIC "WEIRCHKP"
#define HEADER_LEN 16
#define FORMAT_VERSION 1
#define PARTS 8
#define COUNT_MAX 1000000 /* of operators or files */

static int append(void *data, const char *bytes, size_t len)
{
    weir_buf_append(data, bytes, len);
    return 0;
}

static void pack_text(msgpack_packer *packer, const char *text)
{
    msgpack_pack_str(packer, strlen(text));
    msgpack_pack_str_body(packer, text, strlen(text));
}

static void pack_operator(msgpack_packer *packer, const struct weir_manifest_operator *op)
{
    msgpack_pack_array(packer, 4);
    pack_text(packer, op->uid);
    pack_text(packer, op->name);
    msgpack_pack_int(packer, op->vertex);
    msgpack_pack_int(packer, op->parallelism);
}

static void pack_file(msgpack_packer *packer, const struct weir_state_file *file)
{
    uint8_t hash[8];

    msgpack_pack_array(packer, 5);
    pack_text(packer, file->name);
    msgpack_pack_int(packer, file->vertex);
    msgpack_pack_int(packer, file->subtask);
    msgpack_pack_uint64(packer, file->len);
    weir_put_u64be(hash, file->hash); /* as bytes: it may be above INT64_MAX */
    msgpack_pack_bin(packer, sizeof(hash));
    msgpack_pack_bin_body(packer, hash, sizeof(hash));
}

enum weir_status weir_manifest_write(const struct weir_manifest *manifest, struct weir_buf *out, struct weir_error *err)
{
    msgpack_packer packer;

    weir_buf_append(out, MAGIC, 8);
    weir_buf_u64be(out, 0);
    msgpack_packer_init(&packer, out, append);
    msgpack_pack_array(&packer, PARTS);
    msgpack_pack_int(&packer, FORMAT_VERSION);
    msgpack_pack_int64(&packer, manifest->checkpoint_id);
    msgpack_pack_int64(&packer, manifest->triggered_ms);
    msgpack_pack_int64(&packer, manifest->completed_ms);
    pack_text(&packer, manifest->job_name);
    msgpack_pack_int(&packer, manifest->max_parallelism);
    msgpack_pack_array(&packer, manifest->operator_count);
    for (size_t i = 0; i < manifest->operator_count; i++)
        pack_operator(&packer, &manifest->operators[i]);
    msgpack_pack_array(&packer, manifest->file_count);
    for (size_t i = 0; i < manifest->file_count; i++)
        pack_file(&packer, &manifest->files[i]);
    if (out->status != WEIR_OK)
        return weir_fail(err, out->status, "no memory for the manifest of checkpoint %" PRId64,
                         manifest->checkpoint_id);
    weir_put_u64be(out->ptr + 8, weir_hash64(weir_view(out->ptr + HEADER_LEN, out->len - HEADER_LEN), 0));
    return WEIR_OK;
}

static int64_t take_int(struct weir_in *in)
{
    struct weir_msgpack_item item = weir_msgpack_next(in);

    in->bad |= item.kind != WEIR_MSGPACK_INT;
    return item.integer;
}

/* 8 bytes; zeros if they are not there. */
static const uint8_t *take_hash(struct weir_in *in)
{
    static const uint8_t none[8];
    struct weir_msgpack_item item = weir_msgpack_next(in);

    in->bad |= item.kind != WEIR_MSGPACK_BIN || item.bytes.len != sizeof(none);
    return in->bad ? none : item.bytes.ptr;
}

static int take_count(struct weir_in *in)
{
    int64_t value = take_int(in);

    in->bad |= value < 0 || value > COUNT_MAX;
    return in->bad ? 0 : (int)value;
}

static void take_text(struct weir_in *in, char *out, size_t cap)
{
    struct weir_msgpack_item item = weir_msgpack_next(in);

    in->bad |= item.kind != WEIR_MSGPACK_STR || item.bytes.len >= cap;
    if (in->bad)
        return;
    memcpy(out, item.bytes.ptr, item.bytes.len);
    out[item.bytes.len] = '\0';
}

/* A count that is not believed further than there are bytes: each item takes one at least. */
static size_t take_array(struct weir_in *in)
{
    struct weir_msgpack_item item = weir_msgpack_next(in);

    in->bad |= item.kind != WEIR_MSGPACK_ARRAY || item.count > COUNT_MAX || item.count > weir_in_left(in);
    return in->bad ? 0 : item.count;
}

static void expect_array(struct weir_in *in, size_t count)
{
    in->bad |= take_array(in) != count;
}

static enum weir_status read_operators(struct weir_in *in, struct weir_manifest *out)
{
    out->operator_count = take_array(in);
    out->operators = calloc(out->operator_count + 1, sizeof(*out->operators));
    if (out->operators == NULL)
        return WEIR_E_NOMEM;
    for (size_t i = 0; i < out->operator_count && !in->bad; i++) {
        struct weir_manifest_operator *op = &out->operators[i];

        expect_array(in, 4);
        take_text(in, op->uid, sizeof(op->uid));
        take_text(in, op->name, sizeof(op->name));
        op->vertex = take_count(in);
        op->parallelism = take_count(in);
    }
    return WEIR_OK;
}

static enum weir_status read_files(struct weir_in *in, struct weir_manifest *out)
{
    out->file_count = take_array(in);
    out->files = calloc(out->file_count + 1, sizeof(*out->files));
    if (out->files == NULL)
        return WEIR_E_NOMEM;
    for (size_t i = 0; i < out->file_count && !in->bad; i++) {
        struct weir_state_file *file = &out->files[i];

        expect_array(in, 5);
        take_text(in, file->name, sizeof(file->name));
        file->vertex = take_count(in);
        file->subtask = take_count(in);
        file->len = (uint64_t)take_int(in);
        file->hash = weir_get_u64be(take_hash(in));
        in->bad |= strchr(file->name, '/') != NULL; /* a file of the checkpoint's own folder */
    }
    return WEIR_OK;
}

static enum weir_status read_parts(struct weir_in *in, struct weir_manifest *out, struct weir_error *err)
{
    enum weir_status status;
    int64_t version;

    expect_array(in, PARTS);
    version = take_int(in);
    if (!in->bad && version != FORMAT_VERSION)
        return weir_fail(err, WEIR_E_DAMAGED, "has format version %" PRId64 ", this Weir reads %d", version,
                         FORMAT_VERSION);
    out->checkpoint_id = take_int(in);
    out->triggered_ms = take_int(in);
    out->completed_ms = take_int(in);
    take_text(in, out->job_name, sizeof(out->job_name));
    out->max_parallelism = take_count(in);
    status = read_operators(in, out);
    if (status == WEIR_OK)
        status = read_files(in, out);
    if (status != WEIR_OK)
        return weir_fail(err, status, "is too large for the memory");
    if (in->bad || weir_in_left(in) > 0)
        return weir_fail(err, WEIR_E_DAMAGED, "is not a manifest that Weir wrote, though its checksum is right");
    return WEIR_OK;
}

enum weir_status weir_manifest_read(struct weir_view bytes, struct weir_manifest *out, struct weir_error *err)
{
    enum weir_status status;
    struct weir_view body;
    struct weir_in in;

    *out = (struct weir_manifest){0};
    if (bytes.len < HEADER_LEN || memcmp(bytes.ptr, MAGIC, 8) != 0)
        return weir_fail(err, WEIR_E_DAMAGED, "is not a checkpoint's manifest: it does not begin with " MAGIC);
    body = weir_view(bytes.ptr + HEADER_LEN, bytes.len - HEADER_LEN);
    if (weir_get_u64be(bytes.ptr + 8) != weir_hash64(body, 0))
        return weir_fail(err, WEIR_E_DAMAGED, "is torn or was changed: its checksum is wrong");
    in = weir_in(body);
    status = read_parts(&in, out, err);
    if (status != WEIR_OK)
        weir_manifest_fini(out);
    return status;
}

void weir_manifest_fini(struct weir_manifest *manifest)
{
    free(manifest->operators);
    free(manifest->files);
    *manifest = (struct weir_manifest){0};
}
