/**
 * @file runtime/output.h
 * @brief Where a task's elements leave it: a partitioner in front of a sender for each channel.
 *
 * A task has one outbox, which holds the outputs of all its edges. Thread: the task's worker.
 */
#ifndef WEIR_RUNTIME_OUTPUT_H
#define WEIR_RUNTIME_OUTPUT_H

#include "runtime/chain.h"
#include "runtime/element.h"
#include "runtime/exchange.h"

struct weir_output {
    struct weir_chain_output base; /* collecting here is sending */
    const struct weir_type *type;
    const struct weir_key_selector *selector;
    struct weir_outbox *outbox;
    struct weir_sender *senders;
    int sender_count, next; /* next: whose turn it is when rebalancing */
    int max_parallelism;
    uint16_t *sender_of_group; /* of HASH */
    _Alignas(16) uint8_t key_room[WEIR_KEY_SIZE_MAX];
};

struct weir_outbox {
    struct weir_output *outputs;
    size_t output_count;
    struct weir_loop *loop;
    bool flush_always; /* buffer timeout 0 */
    bool full;         /* a sender has an overflow */
};

/** Makes room for `output_count` outputs, which weir_output_init() fills. */
enum weir_status weir_outbox_init(struct weir_outbox *outbox, size_t output_count, struct weir_loop *loop,
                                  bool flush_always, struct weir_error *err);
void weir_outbox_fini(struct weir_outbox *outbox); /**< A zeroed one is fine */

struct weir_output_options {
    const struct weir_plan_edge *edge;
    struct weir_channel **channels; /* one for each receiving subtask, or the one of a pointwise edge */
    int channel_count;
    int first; /* where rebalancing begins */
    int max_parallelism;
    uint32_t buffer_len;
};
enum weir_status weir_output_init(struct weir_outbox *outbox, size_t index, const struct weir_output_options *options,
                                  struct weir_error *err);

/** Writes a control element to every channel of every output. */
enum weir_status weir_outbox_control(struct weir_outbox *outbox, enum weir_control control, int64_t value,
                                     struct weir_error *err);
/** Sends every partly filled buffer. */
void weir_outbox_flush(struct weir_outbox *outbox);
/** True if a flush would send something. */
bool weir_outbox_partial(const struct weir_outbox *outbox);
/** Sends from the overflows; true if all are empty now. */
bool weir_outbox_drain(struct weir_outbox *outbox);
/** Before the task sleeps with a full outbox: false if there is room by now. */
bool weir_outbox_wait(struct weir_outbox *outbox);

#endif
