/*
 * store_check.c - `weir store check`: what is good in a store's folder, and what is damaged.
 */
#include <string.h>

#include "base/console.h"
#include "cli/command.h"
#include "store/container/check.h"
#include "weir/exit_codes.h"

struct check_args {
    bool verbose;
};

static size_t options(struct cli_option *table, void *to)
{
    struct check_args *args = to;

    table[0] = (struct cli_option){"--verbose", NULL, "every file, segment and damaged range", CLI_FLAG, &args->verbose,
                                   0, 0};
    return 1;
}

/* Whether anybody reads it does not change the result. */
static void print_line(void *arg, const char *text)
{
    (void)arg;
    weir_console_out(weir_view_str(text), NULL);
    weir_console_out(weir_view_str("\n"), NULL);
}

static int check(struct weir_host *host, const char *dir, bool verbose)
{
    struct weir_check_options check_options = {.verbose = verbose, .line = print_line};
    struct weir_check_result result;
    struct weir_error err = {0};

    if (weir_store_check(weir_host_fs(host), dir, &check_options, &result, &err) != WEIR_OK)
        return cli_failed(&err);
    return result.damaged_count + result.dead_count == 0 ? WEIR_EXIT_OK : WEIR_EXIT_DAMAGED;
}

static int run(int argc, char **argv, const void *from)
{
    const struct check_args *args = from;
    struct weir_host *host = NULL;
    struct weir_error err = {0};
    size_t len;
    int code;

    if (argc != 2)
        return cli_usage(&cli_store_check_command, "which folder?");
    if (weir_host_new(NULL, &host, &err) != WEIR_OK)
        return cli_failed(&err);
    len = strlen(argv[1]);
    while (len > 1 && argv[1][len - 1] == '/') /* so that files are named with one */
        argv[1][--len] = '\0';
    code = check(host, argv[1], args->verbose);
    weir_host_free(host);
    return code;
}

const struct cli_command cli_store_check_command = {
    .words = "store check",
    .operands = "DIR",
    .summary = "look a store's folder over: what is good, what is damaged, and which bytes of which segments",
    .details =
        "The store must not run on it. Every file that a restart needs is read, and every page of the chunks; nothing is\n"
        "written. Exit status: 0 all is good, 6 something is damaged (the last line says whether anything refers to it),\n"
        "5 a process has the folder open.",
    .options = options,
    .run = run,
};
