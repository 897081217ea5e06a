/**
 * @file serde/msgpack_reader.h
 * @brief Reads MessagePack items from the front of a view: nothing is allocated, whatever the bytes claim.
 *
 * msgpack-c's unpacker makes room for as many items as an array says it has; this one believes nothing that is not
 * there.
 */
#ifndef WEIR_SERDE_MSGPACK_READER_H
#define WEIR_SERDE_MSGPACK_READER_H

#include "weir/buf.h"

enum weir_msgpack_kind {
    WEIR_MSGPACK_NIL,
    WEIR_MSGPACK_BOOL,
    WEIR_MSGPACK_INT,
    WEIR_MSGPACK_DOUBLE,
    WEIR_MSGPACK_STR,
    WEIR_MSGPACK_BIN,
    WEIR_MSGPACK_ARRAY,
    WEIR_MSGPACK_MAP,
    WEIR_MSGPACK_EXT
};

/* One item's head; arrays and maps are followed by `count` items (twice as many for a map). */
struct weir_msgpack_item {
    enum weir_msgpack_kind kind;
    int64_t integer;
    double number;
    struct weir_view bytes;
    uint32_t count;
};

/** The next item's head, with text and bytes taken; in->bad if there is none. An integer above INT64_MAX is bad too. */
struct weir_msgpack_item weir_msgpack_next(struct weir_in *in);
/** Skips what follows an item's head: the items of an array or a map, to a bounded depth. */
void weir_msgpack_skip(struct weir_in *in, struct weir_msgpack_item item);

#endif
