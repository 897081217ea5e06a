/*
 * store_command.c - `weir store`: the embedded store in a process of its own.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/console.h"
#include "base/log.h"
#include "base/open_files.h"
#include "base/service.h"
#include "base/signals.h"
#include "cli/command.h"
#include "cli/store_connections.h"
#include "weir/exit_codes.h"
#include "weir/fs.h"
#include "weir/store.h"

#define CONTROLLER_PORT 9090
#define REST_PORT 9091
#define REST_PORT_UNSET (-1)
#define TOKEN_TTL_S 600

struct store_args {
    const char *data, *listen, *advertise, *ready_file, *durability, *log;
    const char *tls_certificate, *tls_key, *auth_accounts, *auth_signing_key;
    struct cli_texts settings;
    int64_t controller_port, segment_port, rest_port, auth_token_ttl_s;
    int64_t max_connections, max_controller_connections, max_rest_connections, connection_memory_mib, call_memory_mib;
    bool no_rest;
};

static size_t options(struct cli_option *table, void *to)
{
    struct store_args *args = to;
    const struct cli_option all[] = {
        {"--data", "DIR", "where everything is kept (default: weir-data)", CLI_TEXT, &args->data, 0, 0},
        {"--controller-port", "N", "0 picks a free one (default: 9090)", CLI_NUMBER, &args->controller_port, 0, 65535},
        {"--segment-port", "N", "0 picks a free one (default: 6000)", CLI_NUMBER, &args->segment_port, 0, 65535},
        {"--rest-port", "N",
         "HTTP: management, health, metrics; 0 picks a free one (default: 9091; with another --controller-port, 0)",
         CLI_NUMBER, &args->rest_port, 0, 65535},
        {"--no-rest", NULL, "no HTTP", CLI_FLAG, &args->no_rest, 0, 0},
        {"--listen", "HOST", "address to listen on (default: 127.0.0.1)", CLI_TEXT, &args->listen, 0, 0},
        {"--advertise", "HOST", "what clients are told to connect to (default: that of --listen)", CLI_TEXT,
         &args->advertise, 0, 0},
        {"--ready-file", "FILE",
         "when it serves, gets the lines tcp://HOST:PORT (tls://...), segments HOST:PORT, rest http://HOST:PORT",
         CLI_TEXT, &args->ready_file, 0, 0},
        {"--durability", "MODE", "sync (default), os or none: what an acknowledgement promises", CLI_TEXT,
         &args->durability, 0, 0},
        {"--tls-certificate", "FILE", "PEM chain: speak TLS on all ports", CLI_TEXT, &args->tls_certificate, 0, 0},
        {"--tls-key", "FILE", "the certificate's private key, PEM", CLI_TEXT, &args->tls_key, 0, 0},
        {"--auth-accounts", "FILE", "lines USER:HASH:RIGHTS: who may do what (see weir store passwd)", CLI_TEXT,
         &args->auth_accounts, 0, 0},
        {"--auth-signing-key", "FILE", "a secret text that signs delegation tokens (default: one of its own)", CLI_TEXT,
         &args->auth_signing_key, 0, 0},
        {"--auth-token-ttl", "SECONDS", "how long a delegation token lasts (default: 600; -1: for ever)", CLI_NUMBER,
         &args->auth_token_ttl_s, -1, 31536000},
        {"--max-connections", "N", "to the segment service; those beyond are closed (default: 16384)", CLI_NUMBER,
         &args->max_connections, 1, 1000000},
        {"--max-controller-connections", "N",
         "one more takes the place of the one that is idle longest (default: 2048)", CLI_NUMBER,
         &args->max_controller_connections, 1, 1000000},
        {"--max-rest-connections", "N", "of HTTP; likewise (default: 256)", CLI_NUMBER, &args->max_rest_connections, 1,
         1000000},
        {"--call-memory", "MIB", "what these two kinds may hold together (default: 64; at least 16)", CLI_NUMBER,
         &args->call_memory_mib, 16, 1048576},
        {"--connection-memory", "MIB",
         "what those to the segment service may hold together (default: 256; at least 64)", CLI_NUMBER,
         &args->connection_memory_mib, 64, 1048576},
        {"--conf", "KEY=VALUE", "one of the settings above; can be given several times", CLI_TEXTS, &args->settings, 0,
         0},
        {"--log", "LEVEL", "error, warn, info (default) or debug, on standard error", CLI_TEXT, &args->log, 0, 0},
    };

    args->data = "weir-data";
    args->rest_port = REST_PORT_UNSET;
    args->controller_port = CONTROLLER_PORT;
    args->segment_port = 6000;
    args->auth_token_ttl_s = TOKEN_TTL_S;
    args->max_connections = WEIR_STORE_CONNECTIONS_DEFAULT;
    args->max_controller_connections = WEIR_STORE_CONTROLLER_CONNECTIONS_DEFAULT;
    args->max_rest_connections = WEIR_STORE_REST_CONNECTIONS_DEFAULT;
    args->call_memory_mib = WEIR_STORE_CALL_BYTES_DEFAULT >> 20;
    args->connection_memory_mib = WEIR_STORE_CONNECTION_BYTES_DEFAULT >> 20;
    memcpy(table, all, sizeof(all));
    return sizeof(all) / sizeof(all[0]);
}

/* The number of `word` in a list of words, the first if it is NULL, -1 if it is none of them. */
static int choice(const char *word, const char *const *words)
{
    for (int i = 0; words[i] != NULL; i++) {
        if (word == NULL || strcmp(word, words[i]) == 0)
            return i;
    }
    return -1;
}

/* Two stores on one machine: the second one has ports of its own choice, or free ones, and none of ours. */
static uint16_t rest_port(const struct store_args *args)
{
    if (args->rest_port != REST_PORT_UNSET)
        return (uint16_t)args->rest_port;
    return args->controller_port == CONTROLLER_PORT ? REST_PORT : 0;
}

/* A port of the host that clients are told to connect to, with `before` in front and `after` behind. Empty for 0. */
static int port_text(char *out, size_t cap, const struct store_args *args, const char *before, int port,
                     const char *after)
{
    const char *host = args->advertise != NULL ? args->advertise : args->listen != NULL ? args->listen : "127.0.0.1";
    const char *fmt = strchr(host, ':') != NULL ? "%s[%s]:%d%s" : "%s%s:%d%s";

    out[0] = '\0';
    return port != 0 ? snprintf(out, cap, fmt, before, host, port, after) : 0;
}

/* The controller's URI stands alone in the first line, for scripts that want only that. The file appears whole: it is
 * written aside and renamed. */
static enum weir_status write_ready_file(struct weir_fs *fs, const struct store_args *args,
                                         const struct weir_store *store, struct weir_error *err)
{
    const char *path = args->ready_file;
    char text[1024], segments[300], rest[300], *aside; /* a host has 253 bytes at most: weir/store.h */
    struct iovec iov = {text, 0};
    struct weir_file *file = NULL;
    enum weir_status status;

    if (asprintf(&aside, "%s.new", path) < 0)
        return weir_fail(err, WEIR_E_NOMEM, "no memory to write %s", path);
    port_text(segments, sizeof(segments), args, "segments ", weir_store_segment_port(store), "\n");
    port_text(rest, sizeof(rest), args, args->tls_certificate != NULL ? "rest https://" : "rest http://",
              weir_store_rest_port(store), "\n");
    iov.iov_len = (size_t)snprintf(text, sizeof(text), "%s\n%s%s", weir_store_uri(store), segments, rest);
    status = weir_fs_open(fs, aside, WEIR_OPEN_WRITE | WEIR_OPEN_CREATE | WEIR_OPEN_TRUNC, &file, err);
    if (status == WEIR_OK)
        status = weir_file_write_at(file, &iov, 1, 0, err);
    weir_file_close(file);
    if (status == WEIR_OK)
        status = weir_fs_rename(fs, aside, path, err);
    free(aside);
    return status;
}

static void on_signal(void *arg, int signo)
{
    struct weir_loop *loop = arg;

    weir_log_info(weir_loop_log(loop), "store", "stopping, on signal %d; a second one ends it at once", signo);
    weir_service_notify(weir_loop_host(loop), "STOPPING=1");
    weir_loop_stop(loop);
}

static void on_hangup(void *arg)
{
    struct weir_store *store = arg;

    weir_store_reload(store);
}

static enum weir_status announce(struct weir_host *host, const struct weir_store *store, const struct store_args *args,
                                 struct weir_error *err)
{
    char *line, rest[300];
    enum weir_status status = WEIR_OK;

    port_text(rest, sizeof(rest), args, args->tls_certificate != NULL ? ", https://" : ", http://",
              weir_store_rest_port(store), "");
    if (asprintf(&line, "weir store: serving at %s, segments on port %d%s, data in %s\n", weir_store_uri(store),
                 weir_store_segment_port(store), rest, args->data) < 0)
        return weir_fail(err, WEIR_E_NOMEM, "no memory to say where the store serves");
    weir_console_out(weir_view_str(line), NULL); /* serving does not depend on being read about */
    free(line);
    if (args->ready_file != NULL)
        status = write_ready_file(weir_host_fs(host), args, store, err);
    if (status == WEIR_OK)
        weir_service_notify(host, "READY=1");
    return status;
}

static const char *const promises[] = {[WEIR_DURABILITY_SYNC] = "synced",
                                       [WEIR_DURABILITY_OS] = "handed to the system",
                                       [WEIR_DURABILITY_NONE] = "in memory"};

static int serve(struct weir_host *host, const struct weir_store_options *store_options, const struct store_args *args)
{
    struct weir_loop *loop = NULL;
    struct weir_store *store = NULL;
    struct weir_signals *signals = NULL;
    struct weir_error err = {0};
    bool closes;

    weir_log_info(weir_host_log(host), "store", "weir " CLI_VERSION " opens %s, with acknowledgements that are %s",
                  args->data, promises[store_options->durability]);
    if (weir_loop_new(host, "store", &loop, &err) == WEIR_OK &&
        weir_signals_watch(loop, on_signal, loop, &signals, &err) == WEIR_OK &&
        weir_store_open(loop, store_options, &store, &err) == WEIR_OK &&
        weir_signals_on_hangup(signals, on_hangup, store, &err) == WEIR_OK &&
        announce(host, store, args, &err) == WEIR_OK)
        weir_loop_run(loop);
    closes = store != NULL;
    weir_store_close(store);
    if (closes)
        weir_log_info(weir_host_log(host), "store", "stopped");
    weir_signals_free(signals);
    weir_loop_free(loop);
    return err.status == WEIR_OK ? WEIR_EXIT_OK : cli_failed(&err);
}

/* As many as were asked for, or as the process may have open files for. Without HTTP it has none of HTTP's. */
static void set_connections(struct weir_host *host, const struct store_args *args, struct weir_store_options *options)
{
    struct cli_store_connections most = {.segment = (uint64_t)args->max_connections,
                                         .controller = (uint64_t)args->max_controller_connections,
                                         .rest = args->no_rest ? 0 : (uint64_t)args->max_rest_connections};
    uint64_t files_max = weir_open_files_raise(), needed = cli_store_files_needed(&most);

    if (cli_store_connections_fit(&most, files_max))
        weir_log_warn(weir_host_log(host), "store",
                      "the limit on open files is %" PRIu64 ", and the connections that are allowed need %" PRIu64
                      ": it takes %" PRIu64 " to the segment service, %" PRIu64 " to the controller and %" PRIu64
                      " over HTTP (raise the hard limit: ulimit -Hn, LimitNOFILE=)",
                      files_max, needed, most.segment, most.controller, most.rest);
    options->connections_max = (uint32_t)most.segment;
    options->controller_connections_max = (uint32_t)most.controller;
    options->rest_connections_max = (uint32_t)most.rest;
}

static int run(int argc, char **argv, const void *from)
{
    const struct store_args *args = from;
    static const char *const durabilities[] = {"sync", "os", "none", NULL};
    static const char *const levels[] = {"info", "error", "warn", "debug", NULL};
    static const enum weir_log_level level_of[] = {WEIR_LOG_INFO, WEIR_LOG_ERROR, WEIR_LOG_WARN, WEIR_LOG_DEBUG};
    int durability = choice(args->durability, durabilities), level = choice(args->log, levels), code;
    struct weir_store_options store_options = {.data_dir = args->data,
                                               .listen_host = args->listen,
                                               .advertised_host = args->advertise,
                                               .controller_port = (uint16_t)args->controller_port,
                                               .segment_port = (uint16_t)args->segment_port,
                                               .connection_bytes_max = (uint64_t)args->connection_memory_mib << 20,
                                               .call_bytes_max = (uint64_t)args->call_memory_mib << 20,
                                               .durability = (enum weir_durability)durability,
                                               .tls_certificate = args->tls_certificate,
                                               .tls_private_key = args->tls_key,
                                               .auth_accounts = args->auth_accounts,
                                               .auth_signing_key = args->auth_signing_key,
                                               .auth_token_ttl_s = args->auth_token_ttl_s,
                                               .settings = args->settings.items,
                                               .rest = !args->no_rest,
                                               .rest_port = rest_port(args)};
    struct weir_host_options host_options = {0};
    struct weir_host *host = NULL;
    struct weir_error err = {0};

    if (argc > 1)
        return cli_usage(&cli_store_command, "\"%s\": the store takes no operands", argv[1]);
    if (durability < 0 || level < 0)
        return cli_usage(&cli_store_command, "--durability is sync, os or none; --log is error, warn, info or debug");
    if (args->auth_token_ttl_s == 0)
        return cli_usage(&cli_store_command,
                         "--auth-token-ttl is a number of seconds, or -1: no token lasts for 0 of them");
    host_options.log_level = level_of[level];
    if (weir_host_new(&host_options, &host, &err) != WEIR_OK)
        return cli_failed(&err);
    set_connections(host, args, &store_options);
    code = serve(host, &store_options, args);
    weir_host_free(host);
    return code;
}

#define SETTING_LINE(key, field, unit, least, most, value, help) "\n  " key ": " help SETTING_DEFAULT(value)
#define SETTING_DEFAULT(value) SETTING_DEFAULT_(value)
#define SETTING_DEFAULT_(value) " [" #value "]"

const struct cli_command cli_store_command = {
    .words = "store",
    .operands = "",
    .summary = "serve the embedded, durable, Pravega-compatible store until Ctrl-C",
    .details =
        "Any Pravega 0.13 client takes it for a cluster of one node. After kill -9 it comes back to exactly what it\n"
        "acknowledged. A data folder belongs to one process at a time.\n\n"
        "With --tls-certificate and --tls-key it speaks TLS 1.2 and 1.3 only; with --auth-accounts callers show a user\n"
        "and a password and may do what the accounts say. These files are read anew when they change, and on SIGHUP.\n\n"
        "What it does by itself can be set, as far as upstream has them by upstream's names:" WEIR_STORE_SETTINGS_MAP(
            SETTING_LINE),
    .options = options,
    .run = run,
};
