/*
 * main.c - the `weir` program: finds the command, prints help, runs it.
 */
#include <stdio.h>
#include <string.h>

#include "base/console.h"
#include "cli/command.h"
#include "weir/buf.h"
#include "weir/exit_codes.h"

static const struct cli_command *const commands[] = {
    &cli_store_command,           &cli_store_check_command,
    &cli_store_passwd_command,    &cli_run_command,
    &cli_scope_create_command,    &cli_scope_list_command,
    &cli_scope_delete_command,    &cli_stream_create_command,
    &cli_stream_list_command,     &cli_stream_delete_command,
    &cli_stream_describe_command, &cli_stream_update_command,
    &cli_stream_scale_command,    &cli_stream_truncate_command,
    &cli_stream_seal_command,     &cli_stream_write_command,
    &cli_stream_read_command,     &cli_checkpoint_inspect_command,
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static int print(struct weir_buf *text)
{
    enum weir_status status = weir_console_out(weir_buf_view(text), NULL);

    weir_buf_fini(text);
    return weir_exit_code(status);
}

/* The commands whose name begins with the word `group`; all of them if it is NULL. Returns how many there are. */
static size_t list_commands(const char *group, struct weir_buf *text)
{
    size_t len = group != NULL ? strlen(group) : 0, count = 0;

    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        const char *words = commands[i]->words;

        if (group != NULL && (strncmp(words, group, len) != 0 || words[len] != ' '))
            continue;
        weir_buf_printf(text, "  %-20s %s\n", words, commands[i]->summary);
        count++;
    }
    return count;
}

static int print_help(void)
{
    struct weir_buf text;

    weir_buf_init(&text, 1 << 16);
    weir_buf_printf(&text, "weir: a streaming runtime with native Pravega sources and sinks, and a store of its own\n\n"
                           "usage: weir COMMAND ...   (weir COMMAND --help says more)\n\n");
    list_commands(NULL, &text);
    weir_buf_printf(&text,
                    "\nenvironment: PRAVEGA_CONTROLLER_URI, PRAVEGA_TRUST_STORE (PEM), PRAVEGA_VALIDATE_HOST_NAME,\n"
                    "             pravega_client_auth_method (Basic, Bearer), pravega_client_auth_token\n"
                    "\nexit codes: 0 done, 1 failed, 2 wrong usage, 3 nobody answers, 4 not found, 5 exists or is "
                    "held,\n            6 damaged data, 7 disk full, 130 interrupted\n");
    return print(&text);
}

static int print_command_help(const struct cli_command *command)
{
    _Alignas(16) uint8_t args[CLI_ARGS_SIZE] = {0};
    struct cli_option options[CLI_OPTIONS_MAX];
    size_t count = command->options(options, args);
    struct weir_buf text;
    char left[64];

    weir_buf_init(&text, 1 << 16);
    weir_buf_printf(&text, "usage: weir %s%s%s [options]\n\n%s\n", command->words,
                    command->operands[0] != '\0' ? " " : "", command->operands, command->summary);
    if (command->details[0] != '\0')
        weir_buf_printf(&text, "\n%s\n", command->details);
    weir_buf_printf(&text, "\noptions:\n");
    for (size_t i = 0; i < count; i++) {
        snprintf(left, sizeof(left), "%s %s", options[i].name, options[i].value != NULL ? options[i].value : "");
        weir_buf_printf(&text, "  %-26s %s\n", left, options[i].help);
    }
    weir_buf_printf(&text, "  %-26s %s\n", "--help", "this text");
    return print(&text);
}

/* How many words of argv the command's name takes; 0 if it is another's. */
static int words_of(const struct cli_command *command, int argc, char **argv)
{
    char given[64];

    if (argc > 1 && strcmp(command->words, argv[1]) == 0)
        return 1;
    if (argc > 2 && snprintf(given, sizeof(given), "%s %s", argv[1], argv[2]) < (int)sizeof(given) &&
        strcmp(command->words, given) == 0)
        return 2;
    return 0;
}

static bool asks_for_help(int argc, char **argv)
{
    return argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0);
}

static int run_command(const struct cli_command *command, int argc, char **argv)
{
    _Alignas(16) uint8_t args[CLI_ARGS_SIZE] = {0};
    struct cli_option options[CLI_OPTIONS_MAX];
    size_t count = command->options(options, args);
    struct weir_error err = {0};

    if (asks_for_help(argc, argv))
        return print_command_help(command);
    /* A job's options are its own: `weir run` takes none of them away. */
    if (command != &cli_run_command && cli_parse(options, count, &argc, argv, &err) != WEIR_OK)
        return cli_usage(command, "%s", err.message);
    return command->run(argc, argv, args);
}

/* The first word of commands, or a word that is none. */
static int no_command(int argc, char **argv)
{
    bool helps = argc > 2 && asks_for_help(argc - 1, argv + 1);
    struct weir_buf text;

    weir_buf_init(&text, 1 << 16);
    if (list_commands(argv[1], &text) > 0 && helps)
        return print(&text);
    if (text.len > 0)
        weir_console_err(weir_view_str("weir: which one?\n"));
    else
        weir_buf_printf(&text, "weir: \"%s\" is no command; weir --help lists them\n", argv[1]);
    weir_console_err(weir_buf_view(&text));
    weir_buf_fini(&text);
    return WEIR_EXIT_USAGE;
}

int main(int argc, char **argv)
{
    if (argc < 2 || asks_for_help(argc, argv))
        return print_help();
    if (strcmp(argv[1], "--version") == 0)
        return weir_exit_code(weir_console_out(weir_view_str("weir " CLI_VERSION "\n"), NULL));
    for (int words = 2; words > 0; words--) { /* "store check" before "store" */
        for (size_t i = 0; i < COMMAND_COUNT; i++)
            if (words_of(commands[i], argc, argv) == words)
                return run_command(commands[i], argc - words, argv + words);
    }
    return no_command(argc, argv);
}
