/*
 * group_state_type.c - a group's state as a state synchronizer keeps it.
 */
#include "pravega/group/group_state.h"
#include "pravega/state_synchronizer.h"

static enum weir_status init(void *arg, struct weir_view object, void **state, struct weir_error *err)
{
    struct pravega_group_state *made = NULL;
    enum weir_status status = pravega_group_state_new(object, &made, err);

    (void)arg;
    *state = made;
    return status;
}

static enum weir_status apply(void *arg, void *state, struct weir_view update, struct weir_error *err)
{
    (void)arg;
    return pravega_group_state_apply(state, update, err);
}

static void free_state(void *arg, void *state)
{
    (void)arg;
    pravega_group_state_free(state);
}

const struct pravega_state_type pravega_group_state_type = {.init = init, .apply = apply, .free = free_state};

enum weir_status pravega_group_propose(struct pravega_updates *updates, const struct pravega_group_update *update,
                                       struct weir_error *err)
{
    struct weir_buf bytes;
    enum weir_status status;

    weir_buf_init(&bytes, PRAVEGA_EVENT_LEN_MAX);
    pravega_group_update_to_bytes(update, &bytes);
    status = bytes.status;
    if (status == WEIR_OK)
        pravega_updates_add(updates, weir_buf_view(&bytes));
    else
        (void)weir_fail(err, status, "cannot write an update of a reader group's state: %s", weir_status_text(status));
    weir_buf_fini(&bytes);
    return status;
}
