/*
 * options.c - parses a command's options by its table.
 */
#include "cli/options.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const struct cli_option *find(const struct cli_option *options, size_t count, const char *arg, size_t len)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(options[i].name) == len && memcmp(options[i].name, arg, len) == 0)
            return &options[i];
    }
    return NULL;
}

static enum weir_status set_number(const struct cli_option *option, const char *value, struct weir_error *err)
{
    char *end;
    long long number;

    errno = 0;
    number = strtoll(value, &end, 10);
    if (errno != 0 || end == value || *end != '\0' || number < option->min || number > option->max)
        return weir_fail(err, WEIR_E_INVAL, "%s %s: it has to be a number from %" PRId64 " to %" PRId64, option->name,
                         value, option->min, option->max);
    *(int64_t *)option->target = number;
    return WEIR_OK;
}

static enum weir_status add_text(const struct cli_option *option, const char *value, struct weir_error *err)
{
    struct cli_texts *texts = option->target;
    size_t count = 0;

    while (texts->items[count] != NULL)
        count++;
    if (count == CLI_TEXTS_MAX)
        return weir_fail(err, WEIR_E_INVAL, "%s: it can be given %d times at most", option->name, CLI_TEXTS_MAX);
    texts->items[count] = value;
    return WEIR_OK;
}

static enum weir_status set(const struct cli_option *option, const char *value, struct weir_error *err)
{
    switch (option->kind) {
    case CLI_FLAG:
        *(bool *)option->target = true;
        return WEIR_OK;
    case CLI_TEXT:
        *(const char **)option->target = value;
        return WEIR_OK;
    case CLI_NUMBER:
        return set_number(option, value, err);
    case CLI_TEXTS:
        return add_text(option, value, err);
    }
    return WEIR_OK;
}

/* Handles the option at argv[*at] and moves on; what is no option is kept at argv[*kept]. */
static enum weir_status parse_one(const struct cli_option *options, size_t count, int argc, char **argv, int *at,
                                  struct weir_error *err)
{
    const char *arg = argv[*at], *equals = strchr(arg, '=');
    const struct cli_option *option = find(options, count, arg, equals != NULL ? (size_t)(equals - arg) : strlen(arg));
    const char *value = equals != NULL ? equals + 1 : NULL;

    if (option == NULL)
        return weir_fail(err, WEIR_E_INVAL, "%s is no option here; --help lists them", arg);
    if (option->kind == CLI_FLAG && value != NULL)
        return weir_fail(err, WEIR_E_INVAL, "%s takes no value", option->name);
    if (option->kind != CLI_FLAG && value == NULL) {
        if (*at + 1 >= argc)
            return weir_fail(err, WEIR_E_INVAL, "%s needs a value: %s %s", option->name, option->name, option->value);
        value = argv[++*at];
    }
    ++*at;
    return set(option, value, err);
}

enum weir_status cli_parse(const struct cli_option *options, size_t count, int *argc, char **argv,
                           struct weir_error *err)
{
    enum weir_status status = WEIR_OK;
    int at = 1, kept = 1;

    while (at < *argc && status == WEIR_OK) {
        if (strcmp(argv[at], "--") == 0) {
            at++;
            break;
        }
        if (argv[at][0] == '-' && argv[at][1] == '-')
            status = parse_one(options, count, *argc, argv, &at, err);
        else
            argv[kept++] = argv[at++];
    }
    while (at < *argc)
        argv[kept++] = argv[at++];
    argv[kept] = NULL;
    *argc = kept;
    return status;
}
