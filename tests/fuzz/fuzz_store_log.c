/*
 * fuzz_store_log.c - the parsers of the store's files: log records and their operations, and checkpoints.
 *
 * Random bytes have no right checksums, so the input is the payload of records that this target seals itself: byte 0
 * picks log or checkpoint, then each record is a 16-bit length and its bytes. Properties: a log's operations apply or
 * are refused and the state stays sound enough to be torn down (and read, with sanitizers); a checkpoint loads or is
 * refused; the raw bytes as a file are refused or end, whatever they are.
 */
#include <assert.h>
#include <stdlib.h>

#include "store/container/checkpoint.h"
#include "store/container/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint64_t salt = 42;

/* The input's records as a file of `kind`, sealed. */
static void build_file(struct weir_buf *file, enum weir_file_kind kind, struct weir_in in)
{
    struct weir_file_header header = {.number = 1, .salt = salt};
    uint64_t lsn = 0;
    uint8_t *at = weir_buf_extend(file, WEIR_FILE_HEADER_LEN);

    weir_file_header_put(at, kind, &header);
    while (weir_in_left(&in) > 2) {
        size_t len = weir_in_u16be(&in);
        struct weir_view payload = weir_in_take(&in, len < weir_in_left(&in) ? len : weir_in_left(&in));

        at = weir_buf_extend(file, weir_record_len(payload.len));
        if (payload.len > 0)
            memcpy(at + WEIR_RECORD_HEADER_LEN, payload.ptr, payload.len);
        weir_record_seal(at, WEIR_RECORD_OPS, ++lsn, WEIR_FILE_HEADER_LEN, payload.len, salt);
    }
    at = weir_buf_extend(file, weir_record_len(0));
    weir_record_seal(at, WEIR_RECORD_END, ++lsn, WEIR_FILE_HEADER_LEN, 0, salt);
}

static void replay(struct weir_state *state, struct weir_block *block)
{
    struct weir_record_reader reader;
    struct weir_record record;
    enum weir_status status;

    weir_record_reader_init(&reader, weir_view(block->bytes, block->len), salt, 1);
    while ((status = weir_record_next(&reader, &record)) == WEIR_OK) {
        struct weir_in in = weir_in(record.payload);
        struct weir_op op;

        while (weir_in_left(&in) > 0)
            if (!weir_op_get(&in, &op) || weir_state_apply(state, &op, block, record.lsn) != WEIR_OK)
                return;
    }
    assert(status == WEIR_E_END); /* we sealed it ourselves */
}

static void parse_raw(struct weir_view bytes)
{
    struct weir_record_reader reader;
    struct weir_record record;
    enum weir_status status;

    if (bytes.len < WEIR_FILE_HEADER_LEN)
        return;
    weir_record_reader_init(&reader, bytes, salt, 1);
    while ((status = weir_record_next(&reader, &record)) == WEIR_OK)
        ;
    assert(status == WEIR_E_END || status == WEIR_E_DAMAGED);
    weir_record_tail_is_torn(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weir_buf file;
    struct weir_state state;
    struct weir_block *block;
    uint64_t lsn;

    parse_raw(weir_view(data, size));
    if (size < 1 || weir_state_init(&state, NULL, 1) != WEIR_OK)
        return 0;
    weir_buf_init(&file, 64 << 20);
    build_file(&file, data[0] & 1 ? WEIR_FILE_CHECKPOINT : WEIR_FILE_LOG, weir_in(weir_view(data + 1, size - 1)));
    block = weir_block_new(file.len); /* of exactly that size: reading beyond it shows */
    memcpy(block->bytes, file.ptr, file.len);
    block->len = file.len;
    if (data[0] & 1)
        weir_checkpoint_load(&state, weir_view(block->bytes, block->len), "fuzz", &lsn, NULL);
    else
        replay(&state, block);
    weir_state_fini(&state);
    weir_block_unref(block);
    weir_buf_fini(&file);
    return 0;
}
