/*
 * fuzz_group_state.c - fuzz target: the state of a reader group, from an Init or a Compact and the updates after it.
 *
 * The input is what a state synchronizer would hand over: pieces of a 2-byte length each, the first a state, the others
 * updates. Property: any bytes are refused or understood; an update that is refused changes nothing; a state that is
 * written is read again, and that one written and read is equal to it; every question has an answer.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "pravega/group/group_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct weir_view next_piece(struct weir_in *in)
{
    size_t len = weir_in_u16be(in);

    return weir_in_take(in, len < weir_in_left(in) ? len : weir_in_left(in));
}

static void ask(const struct pravega_group_state *state)
{
    struct pravega_segment_map positions = {0};
    struct pravega_stream_cut *cuts = NULL;
    size_t count = 0;

    for (size_t i = 0; i < state->reader_count; i++) {
        int rank = pravega_group_state_ranking(state, state->readers[i].id);

        assert(rank >= 0 && (size_t)rank < state->reader_count);
        (void)pravega_group_state_pending_checkpoint(state, state->readers[i].id);
    }
    assert(pravega_group_state_outstanding_checkpoints(state) <= state->checkpoints.known_count);
    if (pravega_group_state_positions(state, &positions) == WEIR_OK)
        (void)pravega_segment_map_cuts(&positions, &cuts, &count, NULL);
    pravega_stream_cuts_free(cuts, count);
    pravega_segment_map_fini(&positions);
}

/* The state that is read from what `state` writes; NULL: its configuration cannot be written. */
static struct pravega_group_state *copy_of(const struct pravega_group_state *state)
{
    struct pravega_group_state *copy = NULL;
    struct weir_buf bytes;

    weir_buf_init(&bytes, 1 << 26);
    pravega_group_state_snapshot(state, &bytes);
    if (bytes.status == WEIR_OK) {
        enum weir_status status = pravega_group_state_new(weir_buf_view(&bytes), &copy, NULL);

        assert(status == WEIR_OK);
    }
    weir_buf_fini(&bytes);
    return copy;
}

/* A segment that is in two places with two ranges, which only made-up updates achieve, has one range when it is read:
 * so it is the copy whose copy has to be equal. */
static void write_and_read(const struct pravega_group_state *state)
{
    struct pravega_group_state *copy = copy_of(state), *again = copy != NULL ? copy_of(copy) : NULL;

    assert(again == NULL || pravega_group_state_equal(copy, again));
    pravega_group_state_free(again);
    pravega_group_state_free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weir_in in = weir_in(weir_view(data, size));
    struct pravega_group_state *state = NULL;

    if (pravega_group_state_new(next_piece(&in), &state, NULL) != WEIR_OK)
        return 0;
    while (weir_in_left(&in) > 0 && !in.bad) {
        enum weir_status status = pravega_group_state_apply(state, next_piece(&in), NULL);

        assert(status == WEIR_OK || status == WEIR_E_INVAL || status == WEIR_E_STATE);
    }
    ask(state);
    write_and_read(state);
    pravega_group_state_free(state);
    return 0;
}
