/*
 * scope_commands.c - `weir scope` and the short ones of `weir stream`: each is one call to the controller.
 */
#include <stdio.h>
#include <string.h>

#include "base/console.h"
#include "cli/command.h"
#include "pravega/streams.h"
#include "weir/buf.h"
#include "weir/exit_codes.h"

struct scope_args {
    const char *controller;
    int64_t segments;
};

static size_t options(struct cli_option *table, void *to)
{
    struct scope_args *args = to;

    table[0] = CLI_CONTROLLER_OPTION(args->controller);
    return 1;
}

static size_t create_options(struct cli_option *table, void *to)
{
    struct scope_args *args = to;

    args->segments = 1;
    table[1] = (struct cli_option){
        "--segments", "N", "how many segments, fixed (default: 1)", CLI_NUMBER, &args->segments, 1, 100000};
    return options(table, to) + 1;
}

static int finish(struct cli_session *session)
{
    int code = cli_session_wait(session);

    cli_session_close(session);
    return code;
}

static int scope_create(int argc, char **argv, const void *from)
{
    const struct scope_args *args = from;
    struct cli_session session;
    int code;

    if (argc != 2)
        return cli_usage(&cli_scope_create_command, "which scope?");
    code = cli_session_open(&session, args->controller);
    if (code != WEIR_EXIT_OK)
        return code;
    pravega_scope_create(session.client, argv[1], cli_session_done, &session);
    return finish(&session);
}

static int scope_delete(int argc, char **argv, const void *from)
{
    const struct scope_args *args = from;
    struct cli_session session;
    int code;

    if (argc != 2)
        return cli_usage(&cli_scope_delete_command, "which scope?");
    code = cli_session_open(&session, args->controller);
    if (code != WEIR_EXIT_OK)
        return code;
    pravega_scope_delete(session.client, argv[1], cli_session_done, &session);
    return finish(&session);
}

static void print_names(void *arg, enum weir_status status, const char *const *names, size_t count,
                        const struct weir_error *why)
{
    struct weir_error err = {0};
    struct weir_buf lines;

    weir_buf_init(&lines, SIZE_MAX / 2);
    for (size_t i = 0; i < count; i++)
        weir_buf_printf(&lines, "%s\n", names[i]);
    if (status == WEIR_OK && count > 0) {
        status = weir_console_out(weir_buf_view(&lines), &err);
        why = &err;
    }
    weir_buf_fini(&lines);
    cli_session_done(arg, status, why);
}

static int scope_list(int argc, char **argv, const void *from)
{
    const struct scope_args *args = from;
    struct cli_session session;
    int code;

    if (argc != 1)
        return cli_usage(&cli_scope_list_command, "\"%s\": it takes no operands", argv[1]);
    code = cli_session_open(&session, args->controller);
    if (code != WEIR_EXIT_OK)
        return code;
    pravega_scope_list(session.client, print_names, &session);
    return finish(&session);
}

static int stream_list(int argc, char **argv, const void *from)
{
    const struct scope_args *args = from;
    struct cli_session session;
    int code;

    if (argc != 2)
        return cli_usage(&cli_stream_list_command, "streams of which scope?");
    code = cli_session_open(&session, args->controller);
    if (code != WEIR_EXIT_OK)
        return code;
    pravega_stream_list(session.client, argv[1], print_names, &session);
    return finish(&session);
}

/* The stream of the one operand, and an open session. */
struct stream_call {
    struct cli_session session;
    char scope[PRAVEGA_NAME_LEN_MAX + 1], stream[PRAVEGA_NAME_LEN_MAX + 1];
    struct pravega_stream_name name;
};

static int stream_call_open(struct stream_call *call, const struct cli_command *command, int argc, char **argv,
                            const struct scope_args *args)
{
    struct weir_error err = {0};

    if (argc != 2)
        return cli_usage(command, "which stream? it is named SCOPE/STREAM");
    if (pravega_stream_parse(argv[1], NULL, call->scope, call->stream, &err) != WEIR_OK)
        return cli_usage(command, "%s", err.message);
    call->name = (struct pravega_stream_name){call->scope, call->stream};
    return cli_session_open(&call->session, args->controller);
}

static int stream_create(int argc, char **argv, const void *from)
{
    const struct scope_args *args = from;
    struct stream_call call;
    struct pravega_stream_config config = {.min_segments = (int32_t)args->segments};
    int code = stream_call_open(&call, &cli_stream_create_command, argc, argv, args);

    if (code != WEIR_EXIT_OK)
        return code;
    pravega_stream_create(call.session.client, &call.name, &config, cli_session_done, &call.session);
    return finish(&call.session);
}

static void on_sealed(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct stream_call *call = arg;

    if (status != WEIR_OK)
        cli_session_done(&call->session, status, why);
    else
        pravega_stream_delete(call->session.client, &call->name, cli_session_done, &call->session);
}

static int stream_delete(int argc, char **argv, const void *from)
{
    const struct scope_args *args = from;
    struct stream_call call;
    int code = stream_call_open(&call, &cli_stream_delete_command, argc, argv, args);

    if (code != WEIR_EXIT_OK)
        return code;
    pravega_stream_seal(call.session.client, &call.name, on_sealed, &call);
    return finish(&call.session);
}

const struct cli_command cli_scope_create_command = {"scope create", "SCOPE",     "create a scope", "",
                                                     options,        scope_create};
const struct cli_command cli_scope_list_command = {"scope list", "",      "list the scopes, one a line",
                                                   "",           options, scope_list};
const struct cli_command cli_scope_delete_command = {
    "scope delete", "SCOPE", "delete a scope, which has to be empty", "", options, scope_delete};
const struct cli_command cli_stream_create_command = {
    "stream create", "SCOPE/STREAM", "create a stream of fixed segments", "", create_options, stream_create};
const struct cli_command cli_stream_list_command = {
    "stream list", "SCOPE", "list the streams of a scope, one a line", "", options, stream_list};
const struct cli_command cli_stream_delete_command = {
    "stream delete", "SCOPE/STREAM", "seal and delete a stream with all its events", "", options, stream_delete};
