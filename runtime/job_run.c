/*
 * job_run.c - a job as a program: one line on standard error if it fails, and an exit code that says of what.
 */
#include <stdio.h>
#include <string.h>

#include "weir/env.h"
#include "weir/exit_codes.h"

int weir_job_run(weir_job_fn *job, int argc, char **argv)
{
    struct weir_error err = {0};
    enum weir_status status = job(argc, argv, &err);
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
    const char *program = slash != NULL ? slash + 1 : argc > 0 ? argv[0] : "job";

    if (status == WEIR_OK)
        return WEIR_EXIT_OK;
    fprintf(stderr, "%s: %s\n", program, err.message[0] != '\0' ? err.message : weir_status_text(status));
    return (int)weir_exit_code(status);
}
