/*
 * transaction.c - writes events that appear all at once, or never.
 *
 *   transaction SCOPE/STREAM commit|abort MESSAGE...
 */
#include "example.h"

int main(int argc, char **argv)
{
    struct example_session example;
    struct pravega_stream_name_room room;
    struct pravega_stream_name stream;
    struct pravega_txn *txn;
    struct weir_error err = {0};
    char id[37];
    int commit;

    usage_unless(argc > 3 && (strcmp(argv[2], "commit") == 0 || strcmp(argv[2], "abort") == 0),
                 "transaction SCOPE/STREAM commit|abort MESSAGE...");
    commit = strcmp(argv[2], "commit") == 0;
    example = open_session();
    stream = make_stream(example.session, argv[1], &room, 1);

    check(pravega_await_txn_begin(example.session, &stream, NULL, &txn, &err), &err);
    pravega_txn_id_text(pravega_txn_id(txn), id);
    for (int i = 3; i < argc; i++)
        check(pravega_await_txn_write(example.session, txn, NULL, weir_view_str(argv[i]), &err), &err);
    check(pravega_await_txn_flush(example.session, txn, &err), &err);

    /* From here on its id is enough: it could be kept in a file, and another process could commit. */
    if (commit)
        check(pravega_await_txn_commit_id(example.session, &stream, pravega_txn_id(txn), &err), &err);
    else
        check(pravega_await_txn_abort_id(example.session, &stream, pravega_txn_id(txn), &err), &err);
    printf("transaction %s: %d events %s\n", id, argc - 3, commit ? "committed" : "given up");
    pravega_txn_free(txn);
    close_session(&example);
    return 0;
}
