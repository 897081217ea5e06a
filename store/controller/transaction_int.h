/**
 * @file store/controller/transaction_int.h
 * @brief What the files of transactions share: transactions.c (the calls, leases, ends) and transaction_merge.c.
 */
#ifndef WEIR_STORE_TRANSACTION_INT_H
#define WEIR_STORE_TRANSACTION_INT_H

#include "store/controller/controller_int.h"

/** How soon the sweep comes after a refused merge. */
#define WEIR_TXN_MERGE_AGAIN_NS (WEIR_NS_PER_S / 5)

/** The epoch that a transaction belongs to. */
static inline int32_t weir_txn_epoch(const struct weir_held_txn *txn)
{
    return (int32_t)(txn->id.msb >> 32);
}

/* transactions.c */
/** The only way a state changes; a refused batch takes its step back. */
void weir_txn_become(struct weir_held_txn *txn, enum weir_txn_state state);

/* transaction_merge.c */
/** Merges all of the stream that is to be committed. False if the container refused; then the sweep tries again. */
bool weir_txns_merge(struct weir_controller *ctl, struct weir_held_stream *stream);
/** The same after a start or a refusal: first seals what a roll may have left open. */
void weir_txns_merge_again(struct weir_controller *ctl, struct weir_held_stream *stream);

#endif
