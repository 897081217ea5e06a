/*
 * fuzz_msgpack.c - any bytes end in OK or DAMAGED, and what was taken can be written and read again unchanged.
 */
#include "weir/schema.h"

#include <assert.h>

struct every {
    struct weir_view text, bytes;
    int64_t number;
    double real;
    int32_t small;
    bool flag;
};

static const struct weir_field every_fields[] = {
    WEIR_FIELD(struct every, text, STRING), WEIR_FIELD(struct every, bytes, BYTES),
    WEIR_FIELD(struct every, number, LONG), WEIR_FIELD(struct every, real, DOUBLE),
    WEIR_FIELD(struct every, small, INT),   WEIR_FIELD(struct every, flag, BOOL),
};
static const struct weir_type every_type = WEIR_STRUCT_TYPE(struct every, every_fields, false);

struct checker {
    struct weir_collector collector;
    const struct every *expected; /* NULL: the first pass */
};

static enum weir_status write_and_read(struct weir_collector *out, const void *element, struct weir_error *err)
{
    struct weir_serialization_schema writer = weir_msgpack_serialization(&every_type);
    struct weir_deserialization_schema reader = weir_msgpack_deserialization(&every_type);
    struct checker *checker = (struct checker *)out;
    struct checker again = {.collector = {.collect = write_and_read}, .expected = element};
    struct weir_buf buf;

    if (checker->expected != NULL) {
        assert(weir_type_equal(&every_type, checker->expected, element));
        return WEIR_OK;
    }
    weir_buf_init(&buf, 1 << 20);
    assert(writer.serialize(&writer, element, &buf, err) == WEIR_OK);
    assert(reader.deserialize(&reader, weir_buf_view(&buf), &again.collector, err) == WEIR_OK);
    weir_buf_fini(&buf);
    return WEIR_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weir_deserialization_schema reader = weir_msgpack_deserialization(&every_type);
    struct checker checker = {.collector = {.collect = write_and_read}};
    enum weir_status status = reader.deserialize(&reader, weir_view(data, size), &checker.collector, NULL);

    assert(status == WEIR_OK || status == WEIR_E_DAMAGED);
    return 0;
}
