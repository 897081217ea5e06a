/*
 * transaction_list.c - asks for the transactions that ended lately.
 */
#include <stdlib.h>

#include "pravega/client_int.h"
#include "pravega/controller.h"

struct list {
    struct pravega_op op; /* first */
    struct pravega_call call;
    pravega_txn_infos_fn *done;
    void *arg;
};

static void free_list(struct pravega_op *op)
{
    struct list *list = (struct list *)op;

    pravega_call_cancel(&list->call);
    free(list);
}

static void on_listed(void *arg, enum weir_status status, const struct pravega_txn_info *txns, size_t count,
                      const struct weir_error *why)
{
    struct list *list = arg;
    pravega_txn_infos_fn *done = list->done;
    void *done_arg = list->arg;

    pravega_op_end(&list->op);
    free_list(&list->op);
    done(done_arg, status, txns, count, why);
}

void pravega_txn_list_completed(struct pravega_client *client, const struct pravega_stream_name *stream,
                                pravega_txn_infos_fn *done, void *arg)
{
    struct list *list = calloc(1, sizeof(*list));
    struct weir_error why = {0};

    if (list == NULL) {
        weir_fail(&why, WEIR_E_NOMEM, "out of memory for a call to the controller");
        done(arg, why.status, NULL, 0, &why);
        return;
    }
    list->op.free = free_list;
    list->done = done;
    list->arg = arg;
    pravega_op_start(client, &list->op);
    pravega_controller_list_completed_txns(&list->call, client, stream, on_listed, list);
}
