/*
 * transaction_list.c - asks for the transactions that ended lately.
 */
#include "pravega/transaction.h"

#include "pravega/user_call.h"

static void on_listed(void *arg, enum weir_status status, const struct pravega_txn_info *txns, size_t count,
                      const struct weir_error *why)
{
    struct pravega_user_call *user = arg;

    pravega_user_call_end(user);
    ((pravega_txn_infos_fn *)user->done)(user->arg, status, txns, count, why);
    pravega_user_call_free(user);
}

void pravega_txn_list_completed(struct pravega_client *client, const struct pravega_stream_name *stream,
                                pravega_txn_infos_fn *done, void *arg)
{
    struct weir_error why;
    struct pravega_user_call *user =
        pravega_user_call_new(client, sizeof(*user), NULL, (void (*)(void))done, arg, NULL, &why);

    if (user != NULL)
        pravega_controller_completed_txns(&user->call, client, stream, on_listed, user);
    else
        done(arg, why.status, NULL, 0, &why);
}
