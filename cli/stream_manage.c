/*
 * stream_manage.c - `weir stream describe|update|seal|truncate|scale`: blocking calls, one after the other.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/console.h"
#include "cli/command.h"
#include "pravega/blocking.h"
#include "weir/buf.h"
#include "weir/exit_codes.h"

struct manage_args {
    const char *controller;
    const char *scaling, *retention; /* NULL: as it is */
    int64_t segments, target_rate, scale_factor;
    int64_t keep_min, keep_max;
};

/* The stream of the first operand, and a session. */
struct managed {
    struct weir_host *host;
    struct pravega_session *session;
    char scope[PRAVEGA_NAME_LEN_MAX + 1], stream[PRAVEGA_NAME_LEN_MAX + 1];
    struct pravega_stream_name name;
};

static size_t options(struct cli_option *table, void *to)
{
    struct manage_args *args = to;

    table[0] = CLI_CONTROLLER_OPTION(args->controller);
    return 1;
}

static size_t scale_options(struct cli_option *table, void *to)
{
    struct manage_args *args = to;

    table[1] = (struct cli_option){
        "--segments", "N", "how many segments, of equal key ranges", CLI_NUMBER, &args->segments, 1, 100000};
    return options(table, to) + 1;
}

static size_t update_options(struct cli_option *table, void *to)
{
    struct manage_args *args = to;

    args->keep_min = args->keep_max = -1;
    table[1] = (struct cli_option){"--scaling", "fixed|events|kbytes", "how it scales", CLI_TEXT, &args->scaling, 0, 0};
    table[2] = (struct cli_option){
        "--target-rate", "N", "events/s or KB/s of a segment", CLI_NUMBER, &args->target_rate, 1, INT32_MAX};
    table[3] = (struct cli_option){
        "--scale-factor", "N", "into how many a segment is split", CLI_NUMBER, &args->scale_factor, 1, 1000};
    table[4] =
        (struct cli_option){"--segments", "N", "at least so many segments", CLI_NUMBER, &args->segments, 1, 100000};
    table[5] = (struct cli_option){
        "--retention", "none|time|size", "what is kept is bounded by", CLI_TEXT, &args->retention, 0, 0};
    table[6] =
        (struct cli_option){"--keep-min", "N", "ms or bytes kept at least", CLI_NUMBER, &args->keep_min, 0, INT64_MAX};
    table[7] = (struct cli_option){
        "--keep-max", "N", "ms or bytes kept at most; 0: no bound", CLI_NUMBER, &args->keep_max, 0, INT64_MAX};
    return options(table, to) + 7;
}

static void managed_close(struct managed *managed)
{
    pravega_session_close(managed->session);
    weir_host_free(managed->host);
}

static int managed_open(struct managed *managed, const struct cli_command *command, int argc, char **argv,
                        int operand_count, const struct manage_args *args)
{
    struct pravega_client_options client = {.controller_uri = args->controller};
    struct weir_error err = {0};

    *managed = (struct managed){0};
    if (argc != operand_count + 1)
        return cli_usage(command, argc < 2 ? "which stream? it is named SCOPE/STREAM" : "it takes %s",
                         command->operands);
    if (pravega_stream_parse(argv[1], NULL, managed->scope, managed->stream, &err) != WEIR_OK)
        return cli_usage(command, "%s", err.message);
    managed->name = (struct pravega_stream_name){managed->scope, managed->stream};
    if (weir_host_new(&(struct weir_host_options){.log_level = WEIR_LOG_ERROR}, &managed->host, &err) == WEIR_OK &&
        pravega_client_options_from_environment(managed->host, &client, &err) == WEIR_OK &&
        pravega_session_open(managed->host, &client, &managed->session, &err) == WEIR_OK)
        return WEIR_EXIT_OK;
    managed_close(managed);
    return cli_failed(&err);
}

/* The end of a command. */
static int finish(struct managed *managed, enum weir_status status, const struct weir_error *err)
{
    managed_close(managed);
    return status == WEIR_OK ? WEIR_EXIT_OK : cli_failed(err);
}

/* ---- describe */

static const char *const scale_names[] = {
    [PRAVEGA_SCALE_FIXED] = "fixed", [PRAVEGA_SCALE_BY_KBYTES] = "kbytes", [PRAVEGA_SCALE_BY_EVENTS] = "events"};
static const char *const retention_names[] = {
    [PRAVEGA_RETENTION_NONE] = "none", [PRAVEGA_RETENTION_TIME] = "time", [PRAVEGA_RETENTION_SIZE] = "size"};

static const char *name_of(const char *const *names, size_t count, unsigned value)
{
    return value < count ? names[value] : "unknown";
}

static void put_config(struct weir_buf *out, const struct pravega_stream_config *config)
{
    weir_buf_printf(out, "scaling    %s", name_of(scale_names, 3, config->scale_type));
    if (config->scale_type != PRAVEGA_SCALE_FIXED)
        weir_buf_printf(out, ", target rate %" PRId32 ", factor %" PRId32, config->target_rate, config->scale_factor);
    weir_buf_printf(out, ", at least %" PRId32 " segments\nretention  %s", config->min_segments,
                    name_of(retention_names, 3, config->retention_type));
    if (config->retention_type != PRAVEGA_RETENTION_NONE)
        weir_buf_printf(out, ", at least %" PRId64, config->retention_min);
    if (config->retention_type != PRAVEGA_RETENTION_NONE && config->retention_max != 0)
        weir_buf_printf(out, ", at most %" PRId64, config->retention_max);
    weir_buf_printf(out, "\n");
    for (size_t i = 0; i < config->tag_count; i++)
        weir_buf_printf(out, "tag        %s\n", config->tags[i]);
}

/* For people, and as the text that other commands and Java take. */
static enum weir_status put_cut(struct weir_buf *out, const char *what, const struct pravega_stream_cut *cut,
                                struct weir_error *err)
{
    enum weir_status status;
    char *text;

    weir_buf_printf(out, "%-10s ", what);
    pravega_stream_cut_print(cut, out);
    status = pravega_stream_cut_to_text(cut, &text, err);
    if (status != WEIR_OK)
        return status;
    weir_buf_printf(out, "\n           %s\n", text);
    free(text);
    return WEIR_OK;
}

static int stream_describe(int argc, char **argv, const void *args)
{
    struct pravega_stream_info *info = NULL;
    struct weir_error err = {0};
    struct managed managed;
    struct weir_buf text;
    enum weir_status status;
    int code = managed_open(&managed, &cli_stream_describe_command, argc, argv, 1, args);

    if (code != WEIR_EXIT_OK)
        return code;
    weir_buf_init(&text, SIZE_MAX / 2);
    status = pravega_await_stream_info(managed.session, &managed.name, &info, &err);
    if (status == WEIR_OK) {
        weir_buf_printf(&text, "stream     %s/%s%s\n", managed.scope, managed.stream, info->sealed ? ", sealed" : "");
        put_config(&text, info->config);
        status = put_cut(&text, "head", info->head, &err);
    }
    if (status == WEIR_OK)
        status = put_cut(&text, "tail", info->tail, &err);
    if (status == WEIR_OK)
        status = weir_console_out(weir_buf_view(&text), &err);
    weir_buf_fini(&text);
    free(info);
    return finish(&managed, status, &err);
}

/* ---- update */

/* The value of a word; -1: it is none of them. */
static int value_of(const char *const *names, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], word) == 0)
            return (int)i;
    return -1;
}

static void change_config(struct pravega_stream_config *config, const struct manage_args *args)
{
    if (args->scaling != NULL)
        config->scale_type = (enum pravega_scale_type)value_of(scale_names, 3, args->scaling);
    if (args->target_rate != 0)
        config->target_rate = (int32_t)args->target_rate;
    if (args->scale_factor != 0)
        config->scale_factor = (int32_t)args->scale_factor;
    if (args->segments != 0)
        config->min_segments = (int32_t)args->segments;
    if (args->retention != NULL)
        config->retention_type = (enum pravega_retention_type)value_of(retention_names, 3, args->retention);
    if (args->keep_min >= 0)
        config->retention_min = args->keep_min;
    if (args->keep_max >= 0)
        config->retention_max = args->keep_max;
}

static int stream_update(int argc, char **argv, const void *from)
{
    const struct manage_args *args = from;
    struct pravega_stream_info *info = NULL;
    struct pravega_stream_config config;
    struct weir_error err = {0};
    struct managed managed;
    enum weir_status status;
    int code;

    if (args->scaling != NULL && value_of(scale_names, 3, args->scaling) < 0)
        return cli_usage(&cli_stream_update_command, "\"%s\": scaling is fixed, events or kbytes", args->scaling);
    if (args->retention != NULL && value_of(retention_names, 3, args->retention) < 0)
        return cli_usage(&cli_stream_update_command, "\"%s\": retention is none, time or size", args->retention);
    code = managed_open(&managed, &cli_stream_update_command, argc, argv, 1, args);
    if (code != WEIR_EXIT_OK)
        return code;
    status = pravega_await_stream_info(managed.session, &managed.name, &info, &err);
    if (status == WEIR_OK) {
        config = *info->config;
        change_config(&config, args);
        status = pravega_await_stream_update(managed.session, &managed.name, &config, &err);
    }
    free(info);
    return finish(&managed, status, &err);
}

/* ---- seal, truncate, scale */

static int stream_seal(int argc, char **argv, const void *args)
{
    struct weir_error err = {0};
    struct managed managed;
    int code = managed_open(&managed, &cli_stream_seal_command, argc, argv, 1, args);

    if (code != WEIR_EXIT_OK)
        return code;
    return finish(&managed, pravega_await_stream_seal(managed.session, &managed.name, &err), &err);
}

static int stream_truncate(int argc, char **argv, const void *args)
{
    struct pravega_stream_info *info = NULL;
    struct pravega_stream_cut cut = {0};
    struct weir_error err = {0};
    struct managed managed;
    enum weir_status status;
    int code = managed_open(&managed, &cli_stream_truncate_command, argc, argv, 2, args);

    if (code != WEIR_EXIT_OK)
        return code;
    if (strcmp(argv[2], "tail") == 0)
        status = pravega_await_stream_info(managed.session, &managed.name, &info, &err);
    else
        status = pravega_stream_cut_from_text(argv[2], &cut, &err);
    if (status == WEIR_OK)
        status = pravega_await_stream_truncate(managed.session, &managed.name, info != NULL ? info->tail : &cut, &err);
    pravega_stream_cut_fini(&cut);
    free(info);
    return finish(&managed, status, &err);
}

/* All current segments are replaced by `count` new ones. */
static enum weir_status scale_to(struct managed *managed, int64_t count, struct weir_error *err)
{
    struct pravega_segment_range *ranges = calloc((size_t)count, sizeof(*ranges));
    struct pravega_ranges *current = NULL;
    pravega_segment_id *sealed = NULL;
    enum weir_status status = pravega_await_current_segments(managed->session, &managed->name, &current, err);

    if (status == WEIR_OK)
        sealed = calloc(current->count + 1, sizeof(*sealed));
    if (status == WEIR_OK && (ranges == NULL || sealed == NULL))
        status = weir_fail(err, WEIR_E_NOMEM, "no memory for %" PRId64 " segments", count);
    if (status == WEIR_OK) {
        struct pravega_scale scale = {sealed, current->count, ranges, (size_t)count};

        for (size_t i = 0; i < current->count; i++)
            sealed[i] = current->ranges[i].id;
        for (int64_t i = 0; i < count; i++) /* a range begins exactly where the one before ends */
            ranges[i] = (struct pravega_segment_range){0, (double)i / (double)count,
                                                       i + 1 < count ? (double)(i + 1) / (double)count : 1};
        status = pravega_await_stream_scale(managed->session, &managed->name, &scale, NULL, err);
    }
    free(ranges);
    free(sealed);
    free(current);
    return status;
}

static int stream_scale(int argc, char **argv, const void *from)
{
    const struct manage_args *args = from;
    struct weir_error err = {0};
    struct managed managed;
    int code;

    if (args->segments == 0)
        return cli_usage(&cli_stream_scale_command, "to how many? --segments says");
    code = managed_open(&managed, &cli_stream_scale_command, argc, argv, 1, args);
    if (code != WEIR_EXIT_OK)
        return code;
    return finish(&managed, scale_to(&managed, args->segments, &err), &err);
}

const struct cli_command cli_stream_describe_command = {
    "stream describe",
    "SCOPE/STREAM",
    "show a stream's configuration, head and tail",
    "A stream cut is shown twice: for people, and as the text that `weir stream truncate` and Java's StreamCut.from()\n"
    "take.",
    options,
    stream_describe};
const struct cli_command cli_stream_update_command = {
    "stream update", "SCOPE/STREAM", "change a stream's scaling and retention", "What is not given stays as it is.",
    update_options,  stream_update};
const struct cli_command cli_stream_seal_command = {
    "stream seal", "SCOPE/STREAM", "end a stream: it can be read, and no longer be written", "", options, stream_seal};
const struct cli_command cli_stream_truncate_command = {
    "stream truncate",
    "SCOPE/STREAM CUT",
    "drop a stream's events before a stream cut",
    "CUT is a stream cut's text, as `weir stream describe` shows it, or \"tail\": all events so far.",
    options,
    stream_truncate};
const struct cli_command cli_stream_scale_command = {
    "stream scale", "SCOPE/STREAM", "replace a stream's segments by others of equal key ranges", "",
    scale_options,  stream_scale};
