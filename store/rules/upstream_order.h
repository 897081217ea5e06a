/**
 * @file store/rules/upstream_order.h
 * @brief The order in which upstream's controller tells what it keeps in hash maps and by hash.
 *
 * Nothing in the protocol asks for it, but it is the same each time, and programs that were tried on a cluster compare
 * lists. Pure.
 */
#ifndef WEIR_STORE_UPSTREAM_ORDER_H
#define WEIR_STORE_UPSTREAM_ORDER_H

#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"
#include "weir/view.h"

#define WEIR_TAG_PARTS 25

/** The part of upstream's index of tags that a stream is in, 0..WEIR_TAG_PARTS - 1; lists go from part to part. */
int weir_tag_part(struct weir_view stream);

/** Where a transaction stands in a list of `count` of them; of equal places, the one that completed later is first. */
uint32_t weir_txn_list_place(struct weir_uuid txn, size_t count);

/**
 * Where a range that begins at `start` stands among the `count` ranges of a scale, whose segments are numbered in this
 * order; of equal places, the one that was asked for first is first.
 */
uint32_t weir_range_place(double start, size_t count);

#endif
