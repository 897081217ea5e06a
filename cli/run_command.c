/*
 * run_command.c - `weir run`: a job that is a shared object, or a program.
 */
#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "weir/env.h"
#include "weir/exit_codes.h"

static size_t options(struct cli_option *table, void *args)
{
    static const struct cli_option shown[] = {
        {"--parallelism", "N", "subtasks of each operator (parallelism.default)", CLI_TEXT, NULL, 0, 0},
        {"--checkpoint-dir", "DIR", "where checkpoints go (state.checkpoints.dir)", CLI_TEXT, NULL, 0, 0},
        {"--checkpoint-interval", "MS", "execution.checkpointing.interval", CLI_TEXT, NULL, 0, 0},
        {"--from-checkpoint", "latest|DIR", "go on from there (execution.savepoint.path)", CLI_TEXT, NULL, 0, 0},
        {"--controller", "URI", "for jobs that take weir_pravega_config_from_args()", CLI_TEXT, NULL, 0, 0},
        {"-D", "KEY=VALUE", "any of Flink's configuration keys that Weir knows", CLI_TEXT, NULL, 0, 0},
    };

    (void)args;
    memcpy(table, shown, sizeof(shown));
    return sizeof(shown) / sizeof(shown[0]);
}

/* A program runs itself: WEIR_JOB_MAIN gave it the same arguments and exit codes. */
static int run_program(const char *path, char **argv)
{
    struct weir_error err = {0};

    execv(path, argv);
    weir_fail_sys(&err, errno == ENOENT ? WEIR_E_NOT_FOUND : WEIR_E_INVAL, errno, "cannot run job %s", path);
    return cli_failed(&err);
}

static int run_object(const char *path, int argc, char **argv)
{
    struct weir_error err = {0};
    weir_job_fn *job;
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    int code;

    if (object == NULL) {
        weir_fail(&err, access(path, F_OK) == 0 ? WEIR_E_INVAL : WEIR_E_NOT_FOUND, "cannot load job %s", dlerror());
        return cli_failed(&err);
    }
    *(void **)&job = dlsym(object, "weir_job_main");
    if (job == NULL) {
        weir_fail(&err, WEIR_E_INVAL, "%s is no job: it has no weir_job_main; end it with WEIR_JOB_MAIN(your_job)",
                  path);
        code = cli_failed(&err);
    } else {
        code = weir_job_run(job, argc, argv);
    }
    dlclose(object);
    return code;
}

static int run(int argc, char **argv, const void *args)
{
    char path[4096];
    size_t len;

    (void)args;
    if (argc < 2)
        return cli_usage(&cli_run_command, "which job?");
    len = strlen(argv[1]);
    if (len >= sizeof(path) - 2)
        return cli_usage(&cli_run_command, "the job's path is too long");
    strcpy(path, strchr(argv[1], '/') != NULL ? "" : "./"); /* a job is a file, not a program of PATH */
    strcat(path, argv[1]);
    if (len > 3 && strcmp(argv[1] + len - 3, ".so") == 0)
        return run_object(path, argc - 1, argv + 1);
    return run_program(path, argv + 1);
}

const struct cli_command cli_run_command = {
    .words = "run",
    .operands = "JOB",
    .summary = "run a pipeline: a shared object (*.so) or a program made with WEIR_JOB_MAIN",
    .details = "What follows JOB goes to the job. Ctrl-C cancels it in order.",
    .options = options,
    .run = run,
};
