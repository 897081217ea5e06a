/*
 * manage.c - the checks of stream management, batch reading and blocking calls (tests/unit/pravega/management_checks.h)
 * against the Pravega at a URI.
 *
 *     manage URI [CHECK...]    a line for each check; exit status 0 if all of them passed
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/pravega/management_checks.h"

static bool is_wanted(const char *name, int argc, char **argv)
{
    for (int i = 2; i < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return true;
    return argc <= 2;
}

int main(int argc, char **argv)
{
    struct pravega_client_options options = {.controller_uri = argc > 1 ? argv[1] : NULL, .rpc_timeout_ms = 120000};
    struct pravega_session *session;
    struct weir_host *host = NULL;
    struct weir_error err = {0};
    int failed = 0;

    if (weir_host_new(NULL, &host, &err) != WEIR_OK ||
        pravega_client_options_from_environment(host, &options, &err) != WEIR_OK ||
        pravega_session_open(host, &options, &session, &err) != WEIR_OK) {
        fprintf(stderr, "manage: %s\n", err.message);
        weir_host_free(host);
        return 1;
    }
    pravega_session_set_timeout(session, 120000);
    for (size_t i = 0; i < management_check_count; i++) {
        char scope[32];
        bool passed;

        if (!is_wanted(management_checks[i].name, argc, argv))
            continue;
        /* A stream that is made again goes on with its old segment numbers, so each run has scopes of its own. */
        snprintf(scope, sizeof(scope), "manage%d.%zu", (int)getpid(), i);
        err = (struct weir_error){0};
        passed = management_checks[i].run(session, scope, &err);
        printf("%s %s%s%s\n", passed ? "ok" : "FAILED", management_checks[i].name, passed ? "" : ": ",
               passed ? "" : err.message);
        fflush(stdout);
        failed += !passed;
    }
    pravega_session_close(session);
    weir_host_free(host);
    return failed == 0 ? 0 : 1;
}
