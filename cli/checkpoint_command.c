/*
 * checkpoint_command.c - `weir checkpoint inspect`: what is in a checkpoint, for people.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/console.h"
#include "cli/command.h"
#include "runtime/checkpoint_storage.h"
#include "weir/exit_codes.h"

#define STATES_MAX 64

/* The entries of one state of one operator, added up. */
struct state_sum {
    char uid[WEIR_UID_LEN_MAX + 1];
    char name[128];
    enum weir_state_kind kind;
    uint64_t entry_count, bytes;
};

struct inspection {
    struct weir_fs *fs;
    struct weir_buf text;
    struct state_sum states[STATES_MAX];
    size_t state_count;
};

static size_t options(struct cli_option *table, void *args)
{
    (void)table;
    (void)args;
    return 0;
}

static void add_entry(struct inspection *inspection, struct weir_view uid, const struct weir_restored *entry)
{
    struct state_sum *state = inspection->states, *end = state + inspection->state_count;

    for (; state < end; state++) {
        if (weir_view_equal(weir_view_str(state->uid), uid) && strcmp(state->name, entry->state_name) == 0)
            break;
    }
    if (state == end) {
        if (inspection->state_count == STATES_MAX || uid.len > WEIR_UID_LEN_MAX)
            return;
        inspection->state_count++;
        memcpy(state->uid, uid.ptr, uid.len);
        strcpy(state->name, entry->state_name);
        state->kind = entry->kind;
    }
    state->entry_count++;
    state->bytes += entry->bytes.len;
}

static enum weir_status add_file(struct inspection *inspection, const char *path, const struct weir_state_file *file,
                                 struct weir_error *err)
{
    struct weir_snapshot_cursor cursor;
    struct weir_restored entry;
    struct weir_buf entries;
    enum weir_status status;
    char name[128];

    weir_buf_init(&entries, WEIR_SNAPSHOT_LEN_MAX);
    status = weir_checkpoint_read(inspection->fs, path, file, &entries, err);
    cursor = weir_snapshot_cursor(weir_buf_view(&entries));
    while (status == WEIR_OK) {
        status = weir_snapshot_next(&cursor, &entry, name);
        if (status == WEIR_OK)
            add_entry(inspection, cursor.uid, &entry);
    }
    if (status == WEIR_E_END)
        status = WEIR_OK;
    else if (err->status == WEIR_OK)
        weir_fail(err, status, "state file %s/%s has entries that nobody wrote", path, file->name);
    weir_buf_fini(&entries);
    return status;
}

static void print_time(struct weir_buf *text, int64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm parts;
    char words[32];

    gmtime_r(&seconds, &parts);
    strftime(words, sizeof(words), "%Y-%m-%dT%H:%M:%S", &parts);
    weir_buf_printf(text, "%s.%03dZ", words, (int)(ms % 1000));
}

static void print_operator(struct inspection *inspection, const struct weir_manifest_operator *op)
{
    static const char *const kinds[] = {"keyed", "list", "union list"};

    weir_buf_printf(&inspection->text, "  operator %s  (uid %s, parallelism %d)\n", op->name, op->uid, op->parallelism);
    for (size_t i = 0; i < inspection->state_count; i++) {
        const struct state_sum *state = &inspection->states[i];

        if (strcmp(state->uid, op->uid) == 0)
            weir_buf_printf(&inspection->text, "    state %-18s %-10s %8" PRIu64 " entries %10" PRIu64 " bytes\n",
                            state->name, kinds[state->kind], state->entry_count, state->bytes);
    }
}

static void print_manifest(struct inspection *inspection, const char *path, const struct weir_manifest *manifest)
{
    struct weir_buf *text = &inspection->text;
    uint64_t bytes = 0;

    for (size_t i = 0; i < manifest->file_count; i++)
        bytes += manifest->files[i].len;
    weir_buf_printf(text, "checkpoint %" PRId64 " of job \"%s\"  (%s)\n", manifest->checkpoint_id, manifest->job_name,
                    path);
    weir_buf_printf(text, "  triggered ");
    print_time(text, manifest->triggered_ms);
    weir_buf_printf(text, ", complete after %" PRId64 " ms; max parallelism %d; %zu state files, %" PRIu64 " bytes\n",
                    manifest->completed_ms - manifest->triggered_ms, manifest->max_parallelism, manifest->file_count,
                    bytes);
    for (size_t i = 0; i < manifest->operator_count; i++)
        print_operator(inspection, &manifest->operators[i]);
    for (size_t i = 0; i < manifest->file_count; i++)
        weir_buf_printf(text, "  file %-12s vertex %d subtask %d  %10" PRIu64 " bytes  xxh3 %016" PRIx64 "\n",
                        manifest->files[i].name, manifest->files[i].vertex, manifest->files[i].subtask,
                        manifest->files[i].len, manifest->files[i].hash);
}

static enum weir_status inspect(struct inspection *inspection, const char *path, struct weir_error *err)
{
    struct weir_manifest manifest;
    enum weir_status status = weir_checkpoint_open(inspection->fs, path, &manifest, err);

    inspection->state_count = 0;
    memset(inspection->states, 0, sizeof(inspection->states));
    if (status != WEIR_OK)
        return status;
    for (size_t i = 0; i < manifest.file_count && status == WEIR_OK; i++)
        status = add_file(inspection, path, &manifest.files[i], err);
    if (status == WEIR_OK)
        print_manifest(inspection, path, &manifest);
    weir_manifest_fini(&manifest);
    return status;
}

static void on_refused(void *arg, const char *path, const struct weir_error *why)
{
    struct inspection *inspection = arg;

    weir_buf_printf(&inspection->text, "refused: %s: %s\n", path, why->message);
}

/* A chk-N folder, or the folder of several: then the one that a restart would take, and which ones it would not. */
static enum weir_status inspect_dir(struct inspection *inspection, const char *dir, struct weir_error *err)
{
    char path[WEIR_PATH_LEN_MAX], metadata[WEIR_PATH_LEN_MAX];
    enum weir_status status;

    if (!weir_fs_exists(inspection->fs, dir))
        return weir_fail(err, WEIR_E_NOT_FOUND, "there is no folder %s", dir);
    snprintf(metadata, sizeof(metadata), "%s/_metadata", dir);
    if (weir_fs_exists(inspection->fs, metadata))
        return inspect(inspection, dir, err);
    status = weir_checkpoint_latest(inspection->fs, dir, on_refused, inspection, path, err);
    return status == WEIR_OK ? inspect(inspection, path, err) : status;
}

static int run(int argc, char **argv, const void *args)
{
    struct weir_host *host = NULL;
    struct inspection inspection = {0};
    struct weir_error err = {0};
    enum weir_status status;

    (void)args;
    if (argc != 2)
        return cli_usage(&cli_checkpoint_inspect_command, "which folder?");
    if (weir_host_new(NULL, &host, &err) != WEIR_OK)
        return cli_failed(&err);
    inspection.fs = weir_host_fs(host);
    weir_buf_init(&inspection.text, (size_t)64 << 20);
    status = inspect_dir(&inspection, argv[1], &err);
    weir_console_out(weir_buf_view(&inspection.text), NULL);
    weir_buf_fini(&inspection.text);
    weir_host_free(host);
    return status == WEIR_OK ? WEIR_EXIT_OK : cli_failed(&err);
}

const struct cli_command cli_checkpoint_inspect_command = {
    .words = "checkpoint inspect",
    .operands = "DIR",
    .summary = "print what is in a checkpoint: a chk-N folder, or the newest whole one of a folder of them",
    .details = "",
    .options = options,
    .run = run,
};
