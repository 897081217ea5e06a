/*
 * session.c - what the commands share: words on standard error, and a client on a loop that runs until a call has
 * ended.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/console.h"
#include "cli/command.h"
#include "weir/exit_codes.h"

static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *fmt, ...)
{
    char text[1024];
    va_list args;
    int len;

    va_start(args, fmt);
    len = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    weir_console_err(weir_view(text, len < (int)sizeof(text) ? (size_t)len : sizeof(text) - 1));
}

int cli_failed(const struct weir_error *err)
{
    say("weir: %s\n", err->message);
    return weir_exit_code(err->status);
}

int cli_usage(const struct cli_command *command, const char *fmt, ...)
{
    char words[512];
    va_list args;

    va_start(args, fmt);
    vsnprintf(words, sizeof(words), fmt, args);
    va_end(args);
    say("weir: %s\nusage: weir %s%s%s [options]   (weir %s --help)\n", words, command->words,
        command->operands[0] != '\0' ? " " : "", command->operands, command->words);
    return WEIR_EXIT_USAGE;
}

int cli_session_open(struct cli_session *session, const char *controller)
{
    struct pravega_client_options options = {.controller_uri = controller};
    struct weir_host_options host_options = {.log_level = WEIR_LOG_ERROR};
    struct weir_error err = {0};

    *session = (struct cli_session){0};
    if (weir_host_new(&host_options, &session->host, &err) == WEIR_OK &&
        pravega_client_options_from_environment(session->host, &options, &err) == WEIR_OK &&
        weir_loop_new(session->host, "weir", &session->loop, &err) == WEIR_OK &&
        pravega_client_new(session->loop, &options, &session->client, &err) == WEIR_OK)
        return WEIR_EXIT_OK;
    cli_session_close(session);
    return cli_failed(&err);
}

void cli_session_close(struct cli_session *session)
{
    pravega_client_free(session->client);
    weir_loop_free(session->loop);
    weir_host_free(session->host);
    *session = (struct cli_session){0};
}

void cli_session_done(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct cli_session *session = arg;

    session->error.status = WEIR_OK;
    if (status != WEIR_OK)
        session->error = *why;
    weir_loop_stop(session->loop);
}

int cli_session_wait(struct cli_session *session)
{
    weir_loop_run(session->loop);
    return session->error.status == WEIR_OK ? WEIR_EXIT_OK : cli_failed(&session->error);
}
