/*
 * fuzz_checkpoint.c - any bytes as a manifest and as a state file are refused or taken, and nothing else happens.
 *
 * The checksum would keep a fuzzer out, so the manifest's is put right first, and what is not a state file's header is
 * also tried as the entries that such a file holds.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/hash.h"
#include "runtime/manifest.h"
#include "runtime/snapshot.h"

static void try_manifest(const uint8_t *data, size_t size)
{
    uint8_t *bytes = malloc(size + 16);
    struct weir_manifest manifest;
    enum weir_status status;

    memcpy(bytes, "WEIRCHKP", 8);
    memcpy(bytes + 16, data, size);
    weir_put_u64be(bytes + 8, weir_hash64(weir_view(bytes + 16, size), 0));
    status = weir_manifest_read(weir_view(bytes, size + 16), &manifest, NULL);
    assert(status == WEIR_OK || status == WEIR_E_DAMAGED);
    if (status == WEIR_OK)
        weir_manifest_fini(&manifest);
    free(bytes);
}

static void try_entries(struct weir_view bytes)
{
    struct weir_snapshot_cursor cursor = weir_snapshot_cursor(bytes);
    struct weir_restored entry;
    enum weir_status status;
    char name[128];

    while ((status = weir_snapshot_next(&cursor, &entry, name)) == WEIR_OK)
        assert(entry.bytes.len <= bytes.len && strlen(entry.state_name) < sizeof(name));
    assert(status == WEIR_E_END || status == WEIR_E_DAMAGED);
}

static void try_state_file(const uint8_t *data, size_t size)
{
    struct weir_buf entries;
    enum weir_status status;

    weir_buf_init(&entries, 1 << 24);
    status = weir_snapshot_unpack(weir_view(data, size), &entries, NULL);
    assert(status == WEIR_OK || status == WEIR_E_DAMAGED || status == WEIR_E_LIMIT);
    if (status == WEIR_OK)
        try_entries(weir_buf_view(&entries));
    weir_buf_fini(&entries);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_manifest(data, size);
    try_state_file(data, size);
    try_entries(weir_view(data, size));
    return 0;
}
