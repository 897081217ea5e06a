/*
 * compactor.c - compacts the state of a reader group, as one of its readers does now and then.
 *
 *     compactor CONTROLLER-URI SCOPE GROUP            credentials as the environment says
 */
#include <stdio.h>
#include <stdlib.h>

#include "pravega/blocking.h"
#include "pravega/group/group_state.h"
#include "pravega/state_synchronizer.h"

#define CALL_TIMEOUT_MS 120000

static enum weir_status snapshot(void *arg, const void *state, struct weir_buf *object, struct weir_error *err)
{
    (void)arg;
    (void)err;
    pravega_group_state_snapshot(state, object);
    return WEIR_OK;
}

static enum weir_status compact(struct pravega_session *session, const char *scope, const char *group,
                                struct weir_error *err)
{
    struct pravega_synchronizer *sync;
    struct pravega_await *await;
    enum weir_status status;
    char log[300];

    snprintf(log, sizeof(log), "_RG%s", group);
    status = pravega_synchronizer_new(pravega_session_client(session), &(struct pravega_stream_name){scope, log},
                                      &pravega_group_state_type, NULL, &sync, err);
    if (status != WEIR_OK)
        return status;
    await = pravega_await_begin(session, NULL);
    if (await != NULL)
        pravega_synchronizer_compact(sync, snapshot, pravega_await_done, await);
    status = pravega_await_end(session, await, err);
    pravega_synchronizer_free(sync);
    return status;
}

int main(int argc, char **argv)
{
    struct pravega_client_options options = {0};
    struct pravega_session *session;
    struct weir_host *host = NULL;
    struct weir_error err = {0};
    enum weir_status status;

    if (argc != 4) {
        fprintf(stderr, "usage: compactor CONTROLLER-URI SCOPE GROUP\n");
        return EXIT_FAILURE;
    }
    options.controller_uri = argv[1];
    status = weir_host_new(NULL, &host, &err);
    if (status == WEIR_OK)
        status = pravega_client_options_from_environment(host, &options, &err);
    if (status == WEIR_OK)
        status = pravega_session_open(host, &options, &session, &err);
    if (status == WEIR_OK) {
        pravega_session_set_timeout(session, CALL_TIMEOUT_MS);
        status = compact(session, argv[2], argv[3], &err);
        pravega_session_close(session);
    }
    weir_host_free(host);
    if (status != WEIR_OK)
        fprintf(stderr, "compactor: %s\n", err.message);
    return status == WEIR_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
