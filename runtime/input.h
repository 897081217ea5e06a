/**
 * @file runtime/input.h
 * @brief Where elements come into a task: its channels, read in turn, with their watermarks combined and barriers
 * aligned.
 *
 * - Watermark: the least of the channels that are not idle; it never goes back. A channel that has said its last
 *   watermark does not count any more: the task's last one comes when all have said theirs.
 * - Barrier N: with exactly-once, a channel that has delivered it is not read until all have. At-least-once reads on.
 * - The end: when all channels have delivered it. Barriers may follow, records do not.
 * Thread: the task's worker.
 */
#ifndef WEIR_RUNTIME_INPUT_H
#define WEIR_RUNTIME_INPUT_H

#include "runtime/chain.h"
#include "runtime/element.h"
#include "runtime/exchange.h"

/** One channel's end, as its task sees it. */
struct weir_receiver {
    const uint8_t *at, *end; /* what is left of the current buffer */
    struct weir_buffer *buffer;
    int64_t last_ms; /* of the elements' timestamps */
    struct weir_channel *channel;
    int64_t watermark_ms;
    int64_t barrier_id; /* the last one it delivered */
    bool idle, ended;
    bool behind;  /* active again, with a watermark older than the task's: it holds nobody back until it caught up */
    bool blocked; /* waits for the others' barriers */
};

struct weir_input {
    struct weir_receiver *receivers;
    int receiver_count;
    int current; /* whose turn it is */
    struct weir_loop *loop;
    const struct weir_type *type;
    void *element; /* room for one */
    uint32_t buffer_len;
    bool exactly_once;

    int64_t watermark_ms; /* combined, as told to the chain */
    bool idle;            /* all of them */
    int ended_count;

    int64_t aligning_id; /* the checkpoint whose barriers are awaited; 0: none */
    int arrived_count;   /* channels that delivered it */
    int64_t settled_id;  /* the latest that was aligned or given up: its barriers mean nothing any more */
    int64_t aligned_id;  /* set when all have delivered: the task takes it (and zeroes this) before it reads on */
};

struct weir_input_options {
    struct weir_channel **channels;
    int channel_count;
    struct weir_loop *loop;
    const struct weir_type *type;
    uint32_t buffer_len;
    bool exactly_once;
};

enum weir_status weir_input_init(struct weir_input *input, const struct weir_input_options *options,
                                 struct weir_error *err);
void weir_input_fini(struct weir_input *input); /**< A zeroed one is fine */

/**
 * Reads up to `*budget` elements into the chain; `*budget` is what remains.
 * @retval WEIR_OK        stopped: by the budget, a full outbox, an operator that is not ready, or an aligned barrier
 * @retval WEIR_E_AGAIN   the channels have nothing (that may be read) now
 * @retval WEIR_E_END     every channel has ended, for the first time: the caller ends the chain's input
 * @retval others         the chain's failure
 */
enum weir_status weir_input_read(struct weir_input *input, struct weir_chain *chain, const bool *outbox_full,
                                 int *budget, struct weir_error *err);
/** Before the task sleeps: false if a channel that may be read has something by now. */
bool weir_input_wait(struct weir_input *input);
/** Checkpoint `checkpoint_id` and those before it are given up: their barriers hold nothing any more. */
void weir_input_abort(struct weir_input *input, int64_t checkpoint_id);

#endif
