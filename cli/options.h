/**
 * @file cli/options.h
 * @brief The options of one command: one table that parses, and that --help prints.
 */
#ifndef WEIR_CLI_OPTIONS_H
#define WEIR_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "weir/error.h"

enum cli_option_kind { CLI_TEXT, CLI_NUMBER, CLI_FLAG, CLI_TEXTS };

/** What an option that may be given several times has collected. */
#define CLI_TEXTS_MAX 16
struct cli_texts {
    const char *items[CLI_TEXTS_MAX + 1]; /**< NULL ends them */
};

struct cli_option {
    const char *name;  /**< "--data" */
    const char *value; /**< what --help calls its value: "DIR"; NULL for a flag */
    const char *help;
    enum cli_option_kind kind;
    void *target;     /**< const char *, int64_t, bool or struct cli_texts */
    int64_t min, max; /**< of a number */
};

/**
 * Takes the options out of argv (argc is updated; argv[0] stays); "--" ends them. "--name=value" is the same as
 * "--name value". @retval WEIR_E_INVAL the message says what is wrong
 */
enum weir_status cli_parse(const struct cli_option *options, size_t count, int *argc, char **argv,
                           struct weir_error *err);

#endif
