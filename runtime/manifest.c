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
    msgpack_pack_array(packer, 5);
    pack_text(packer, file->name);
    msgpack_pack_int(packer, file->vertex);
    msgpack_pack_int(packer, file->subtask);
    msgpack_pack_uint64(packer, file->len);
    msgpack_pack_uint64(packer, file->hash);
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

/* Walks over an array's items; the first that is not of the asked kind sets `bad`. */
struct items {
    const msgpack_object *ptr, *end;
    bool bad;
};

static struct items items_of(const msgpack_object *object, bool *bad)
{
    if (object->type != MSGPACK_OBJECT_ARRAY || object->via.array.size > COUNT_MAX) {
        *bad = true;
        return (struct items){NULL, NULL, true};
    }
    return (struct items){object->via.array.ptr, object->via.array.ptr + object->via.array.size, false};
}

static const msgpack_object *take(struct items *items)
{
    static const msgpack_object nil = {.type = MSGPACK_OBJECT_NIL};

    if (items->ptr != items->end)
        return items->ptr++;
    items->bad = true;
    return &nil;
}

static int64_t take_int(struct items *items)
{
    const msgpack_object *object = take(items);

    if (object->type == MSGPACK_OBJECT_NEGATIVE_INTEGER)
        return object->via.i64;
    if (object->type != MSGPACK_OBJECT_POSITIVE_INTEGER || object->via.u64 > INT64_MAX)
        items->bad = true;
    return (int64_t)object->via.u64;
}

static uint64_t take_u64(struct items *items)
{
    const msgpack_object *object = take(items);

    if (object->type != MSGPACK_OBJECT_POSITIVE_INTEGER)
        items->bad = true;
    return object->via.u64;
}

static int take_count(struct items *items)
{
    int64_t value = take_int(items);

    if (value < 0 || value > COUNT_MAX)
        items->bad = true;
    return (int)value;
}

static void take_text(struct items *items, char *out, size_t cap)
{
    const msgpack_object *object = take(items);

    if (object->type != MSGPACK_OBJECT_STR || object->via.str.size >= cap) {
        items->bad = true;
        return;
    }
    memcpy(out, object->via.str.ptr, object->via.str.size);
    out[object->via.str.size] = '\0';
}

static bool read_operators(struct items items, struct weir_manifest *out)
{
    out->operator_count = (size_t)(items.end - items.ptr);
    out->operators = calloc(out->operator_count + 1, sizeof(*out->operators));
    if (out->operators == NULL)
        return false;
    for (size_t i = 0; i < out->operator_count; i++) {
        struct weir_manifest_operator *op = &out->operators[i];
        struct items fields = items_of(take(&items), &items.bad);

        take_text(&fields, op->uid, sizeof(op->uid));
        take_text(&fields, op->name, sizeof(op->name));
        op->vertex = take_count(&fields);
        op->parallelism = take_count(&fields);
        items.bad |= fields.bad;
    }
    return !items.bad;
}

static bool read_files(struct items items, struct weir_manifest *out)
{
    out->file_count = (size_t)(items.end - items.ptr);
    out->files = calloc(out->file_count + 1, sizeof(*out->files));
    if (out->files == NULL)
        return false;
    for (size_t i = 0; i < out->file_count; i++) {
        struct weir_state_file *file = &out->files[i];
        struct items fields = items_of(take(&items), &items.bad);

        take_text(&fields, file->name, sizeof(file->name));
        file->vertex = take_count(&fields);
        file->subtask = take_count(&fields);
        file->len = take_u64(&fields);
        file->hash = take_u64(&fields);
        items.bad |= fields.bad || strchr(file->name, '/') != NULL;
    }
    return !items.bad;
}

static bool read_parts(const msgpack_object *root, struct weir_manifest *out)
{
    bool bad = false;
    struct items parts = items_of(root, &bad);

    take_int(&parts); /* the version, looked at by the caller */
    out->checkpoint_id = take_int(&parts);
    out->triggered_ms = take_int(&parts);
    out->completed_ms = take_int(&parts);
    take_text(&parts, out->job_name, sizeof(out->job_name));
    out->max_parallelism = take_count(&parts);
    return read_operators(items_of(take(&parts), &parts.bad), out) &&
           read_files(items_of(take(&parts), &parts.bad), out) && !bad && !parts.bad;
}

static enum weir_status read_root(const msgpack_object *root, struct weir_manifest *out, struct weir_error *err)
{
    bool bad = false;
    struct items parts = items_of(root, &bad);
    int64_t version = take_int(&parts);

    if (!bad && !parts.bad && version != FORMAT_VERSION)
        return weir_fail(err, WEIR_E_DAMAGED, "has format version %" PRId64 ", this Weir reads %d", version,
                         FORMAT_VERSION);
    if (!read_parts(root, out))
        return weir_fail(err, WEIR_E_DAMAGED, "is not a manifest that Weir wrote, though its checksum is right");
    return WEIR_OK;
}

enum weir_status weir_manifest_read(struct weir_view bytes, struct weir_manifest *out, struct weir_error *err)
{
    enum weir_status status = WEIR_E_DAMAGED;
    struct weir_view body;
    msgpack_unpacked unpacked;

    *out = (struct weir_manifest){0};
    if (bytes.len < HEADER_LEN || memcmp(bytes.ptr, MAGIC, 8) != 0)
        return weir_fail(err, WEIR_E_DAMAGED, "is not a checkpoint's manifest: it does not begin with " MAGIC);
    body = weir_view(bytes.ptr + HEADER_LEN, bytes.len - HEADER_LEN);
    if (weir_get_u64be(bytes.ptr + 8) != weir_hash64(body, 0))
        return weir_fail(err, WEIR_E_DAMAGED, "is torn or was changed: its checksum is wrong");
    msgpack_unpacked_init(&unpacked);
    if (msgpack_unpack_next(&unpacked, (const char *)body.ptr, body.len, NULL) == MSGPACK_UNPACK_SUCCESS)
        status = read_root(&unpacked.data, out, err);
    else
        weir_fail(err, status, "is not MessagePack, though its checksum is right");
    msgpack_unpacked_destroy(&unpacked);
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
