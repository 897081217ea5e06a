/**
 * @file cli/command.h
 * @brief What every command of `weir` is, and what they share.
 */
#ifndef WEIR_CLI_COMMAND_H
#define WEIR_CLI_COMMAND_H

#include "cli/options.h"
#include "pravega/client.h"
#include "weir/host.h"

#define CLI_VERSION "0.1.0"
#define CLI_OPTIONS_MAX 32
#define CLI_ARGS_SIZE 512

struct cli_command {
    const char *words;    /**< "stream create": how it is called */
    const char *operands; /**< "SCOPE/STREAM" */
    const char *summary;  /**< one line */
    const char *details;  /**< more of it for --help, or "" */
    /** Sets `args` (CLI_ARGS_SIZE zeroed bytes, the command's own struct) to the defaults and fills the option table
     * with targets in it; returns how many options there are. */
    size_t (*options)(struct cli_option *table, void *args);
    /** argv[1..] are the operands. Returns a weir_exit_code. */
    int (*run)(int argc, char **argv, const void *args);
};

extern const struct cli_command cli_store_command, cli_store_check_command, cli_store_passwd_command, cli_run_command,
    cli_scope_create_command, cli_scope_list_command, cli_scope_delete_command, cli_stream_create_command,
    cli_stream_list_command, cli_stream_delete_command, cli_stream_write_command, cli_stream_read_command,
    cli_checkpoint_inspect_command, cli_stream_describe_command, cli_stream_update_command, cli_stream_seal_command,
    cli_stream_truncate_command, cli_stream_scale_command;

/** Prints "weir: message" on standard error; returns the exit code of the status. */
int cli_failed(const struct weir_error *err);
/** Prints what is wrong with the command line and how it goes; returns WEIR_EXIT_USAGE. */
int cli_usage(const struct cli_command *command, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** A host, a loop and a client of the cluster at --controller: what a command that talks to one needs. */
struct cli_session {
    struct weir_host *host;
    struct weir_loop *loop;
    struct pravega_client *client;
    struct weir_error error; /**< how the call in hand ended; status OK if well */
};

/** @param controller NULL: PRAVEGA_CONTROLLER_URI, then the default @return a weir_exit_code; 0: it is open */
int cli_session_open(struct cli_session *session, const char *controller);
void cli_session_close(struct cli_session *session);
/** A pravega_done_fn with the session as its arg: keeps the outcome and ends cli_session_wait. */
void cli_session_done(void *session, enum weir_status status, const struct weir_error *why);
/** Runs the loop until something called cli_session_done. Returns the exit code, after printing a failure. */
int cli_session_wait(struct cli_session *session);

/** The option that every one of those has; `controller` is its target. */
#define CLI_CONTROLLER_OPTION(variable)                                                                                \
    (struct cli_option)                                                                                                \
    {                                                                                                                  \
        "--controller", "URI", "the controller (default: PRAVEGA_CONTROLLER_URI, or tcp://localhost:9090)", CLI_TEXT,  \
            &(variable), 0, 0                                                                                          \
    }

#endif
