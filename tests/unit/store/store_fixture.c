/*
 * store_fixture.c - the simulated machine, the calls and the files.
 */
#include "store_fixture.h"

int run_suite(const char *name, TCase *tc)
{
    Suite *suite = suite_create(name);
    SRunner *runner;
    int failed;

    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* --- The machine ------------------------------------------------------------------------------------------------ */

void machine_init(struct machine *m, uint64_t seed, uint64_t flush_bytes)
{
    struct weir_sim_options options = {.seed = seed, .torn_per_million = 300000};

    *m = (struct machine){.options = {.flush_bytes = flush_bytes}};
    ck_assert_int_eq(weir_sim_new(&options, &m->sim, NULL), WEIR_OK);
    machine_boot(m);
    machine_must_open(m);
}

void machine_fini(struct machine *m)
{
    machine_shut_down(m);
    weir_sim_free(m->sim);
}

struct weir_fs *machine_fs(struct machine *m)
{
    return weir_host_fs(m->host);
}

void machine_boot(struct machine *m)
{
    ck_assert_int_eq(weir_sim_host_new(m->sim, "store", DISK, &m->host, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_new(m->host, "store", &m->loop, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_start(m->loop, NULL), WEIR_OK);
}

enum weir_status machine_open(struct machine *m)
{
    m->err = (struct weir_error){0};
    return weir_container_open(m->loop, DIR, &m->options, &m->ctr, &m->err);
}

void machine_must_open(struct machine *m)
{
    ck_assert_msg(machine_open(m) == WEIR_OK, "%s", m->err.message);
}

void machine_shut_down(struct machine *m)
{
    if (m->ctr != NULL)
        ck_assert_msg(weir_container_close(m->ctr, &m->err) == WEIR_OK, "%s", m->err.message);
    m->ctr = NULL;
    weir_loop_stop(m->loop);
    weir_loop_join(m->loop);
    weir_loop_free(m->loop);
    weir_host_free(m->host);
}

void machine_reboot(struct machine *m)
{
    machine_shut_down(m);
    machine_boot(m);
}

void machine_reopen(struct machine *m)
{
    machine_reboot(m);
    machine_must_open(m);
}

void machine_crash(struct machine *m)
{
    weir_sim_host_silence(m->host);
    weir_container_close(m->ctr, NULL);
    m->ctr = NULL;
    weir_loop_free(m->loop);
    weir_sim_host_crash(m->host);
}

void machine_crash_and_boot(struct machine *m)
{
    machine_crash(m);
    machine_boot(m);
}

void machine_recover(struct machine *m)
{
    machine_crash_and_boot(m);
    machine_must_open(m);
}

/* --- Changes ---------------------------------------------------------------------------------------------------- */

static void waiter_done(struct weir_store_op *op)
{
    ((struct waiter *)op)->done = true;
}

struct waiter waiter(void)
{
    return (struct waiter){.op.done = waiter_done};
}

bool is_true(void *arg)
{
    return *(bool *)arg;
}

enum weir_status await(struct machine *m, struct waiter *w)
{
    ck_assert(weir_sim_run(m->sim, is_true, &w->done, WAIT_NS));
    return w->op.status;
}

void begin_changes(struct machine *m, struct weir_change *changes, size_t count, struct waiter *w)
{
    *w = waiter();
    weir_container_change(m->ctr, changes, count, &w->op);
}

enum weir_status change(struct machine *m, struct weir_change one)
{
    struct waiter w;

    begin_changes(m, &one, 1, &w);
    return await(m, &w);
}

enum weir_status create(struct machine *m, const char *name)
{
    return change(m, (struct weir_change){.kind = WEIR_CHANGE_CREATE, .name = weir_view_str(name)});
}

enum weir_status create_table(struct machine *m, const char *name, uint32_t key_len)
{
    return change(m, (struct weir_change){
                         .kind = WEIR_CHANGE_CREATE, .table = true, .key_len = key_len, .name = weir_view_str(name)});
}

enum weir_status seal(struct machine *m, const char *name)
{
    return change(m, (struct weir_change){.kind = WEIR_CHANGE_SEAL, .name = weir_view_str(name)});
}

enum weir_status truncate_at(struct machine *m, const char *name, int64_t offset)
{
    return change(m,
                  (struct weir_change){.kind = WEIR_CHANGE_TRUNCATE, .name = weir_view_str(name), .offset = offset});
}

enum weir_status merge(struct machine *m, const char *target, const char *source)
{
    return change(m, (struct weir_change){
                         .kind = WEIR_CHANGE_MERGE, .name = weir_view_str(target), .source = weir_view_str(source)});
}

enum weir_status delete_segment(struct machine *m, const char *name)
{
    return change(m, (struct weir_change){.kind = WEIR_CHANGE_DELETE, .name = weir_view_str(name)});
}

enum weir_status put_key(struct machine *m, const char *key, struct weir_view value)
{
    return change(m, (struct weir_change){.kind = WEIR_CHANGE_PUT, .name = weir_view_str(key), .value = value});
}

enum weir_status barrier(struct machine *m)
{
    struct waiter w = waiter();

    weir_container_barrier(m->ctr, &w.op);
    return await(m, &w);
}

enum weir_status flush(struct machine *m)
{
    struct waiter w = waiter();

    weir_container_flush(m->ctr, &w.op);
    return await(m, &w);
}

struct weir_segment *segment(struct machine *m, const char *name)
{
    return weir_segment_peek(m->ctr, weir_view_str(name));
}

struct weir_segment_info info_of(struct machine *m, const char *name)
{
    struct weir_segment_info info;

    weir_segment_info(segment(m, name), &info);
    return info;
}

/* --- Appends and reads ------------------------------------------------------------------------------------------ */

void begin_append(struct machine *m, const char *name, struct weir_uuid writer, int64_t number, struct weir_view data,
                  struct waiter *w)
{
    struct iovec iov = {(void *)(uintptr_t)data.ptr, data.len};

    *w = waiter();
    weir_segment_append(segment(m, name),
                        &(struct weir_append){.writer = writer,
                                              .event_number = number,
                                              .event_count = 1,
                                              .expected_offset = WEIR_APPEND_ANYWHERE,
                                              .iov = &iov,
                                              .iov_count = 1},
                        &w->op);
}

enum weir_status append_bytes(struct machine *m, const char *name, struct weir_view data)
{
    struct waiter w;

    begin_append(m, name, (struct weir_uuid){0}, WEIR_ATTRIBUTE_NONE, data, &w);
    return await(m, &w);
}

enum weir_status append(struct machine *m, const char *name, const char *text)
{
    return append_bytes(m, name, weir_view_str(text));
}

static void reading_done(struct weir_segment_read *read)
{
    ((struct reading *)read)->done = true;
}

void begin_read(struct weir_segment *seg, int64_t offset, size_t len_max, bool wait, struct reading *r)
{
    *r = (struct reading){.read = {.done = reading_done, .offset = offset, .len_max = len_max, .wait = wait}};
    weir_segment_read(seg, &r->read);
}

enum weir_status await_read(struct machine *m, struct reading *r)
{
    ck_assert(weir_sim_run(m->sim, is_true, &r->done, WAIT_NS));
    return r->read.status;
}

/* Reads all that is acknowledged, into `out` unless it is NULL. */
static enum weir_status read_into(struct machine *m, struct weir_segment *seg, uint8_t *out)
{
    struct weir_segment_info info;
    enum weir_status status = WEIR_OK;

    weir_segment_info(seg, &info);
    for (int64_t at = info.start_offset; at < info.durable_length && status == WEIR_OK;) {
        struct reading r;

        begin_read(seg, at, 1000000, false, &r);
        status = await_read(m, &r);
        ck_assert(status != WEIR_OK || r.read.data.len > 0);
        if (out != NULL && status == WEIR_OK)
            memcpy(out + (at - info.start_offset), r.read.data.ptr, r.read.data.len);
        at += (int64_t)r.read.data.len;
        weir_segment_read_release(&r.read);
    }
    return status;
}

enum weir_status read_through(struct machine *m, const char *name)
{
    return read_into(m, segment(m, name), NULL);
}

uint8_t *read_all(struct machine *m, struct weir_segment *seg, size_t *len)
{
    struct weir_segment_info info;
    uint8_t *bytes;

    weir_segment_info(seg, &info);
    *len = (size_t)(info.durable_length - info.start_offset);
    bytes = malloc(*len + 1);
    ck_assert_int_eq(read_into(m, seg, bytes), WEIR_OK);
    bytes[*len] = '\0';
    return bytes;
}

void assert_content(struct machine *m, const char *name, const char *expected)
{
    struct weir_segment *seg = segment(m, name);
    uint8_t *bytes;
    size_t len;

    ck_assert_msg(seg != NULL, "no segment %s", name);
    bytes = read_all(m, seg, &len);
    ck_assert_str_eq((char *)bytes, expected);
    free(bytes);
}

struct fetching {
    struct weir_segment_fetch fetch;
    bool done;
};

static void fetching_done(struct weir_segment_fetch *fetch)
{
    ((struct fetching *)fetch)->done = true;
}

void read_value(struct machine *m, struct weir_segment *seg, size_t key_len, const struct weir_table_place *place,
                uint8_t *out)
{
    struct fetching f = {.fetch = {.done = fetching_done,
                                   .offset = place->offset + 17 + (int64_t)key_len,
                                   .to = out,
                                   .len = place->value_len}};

    if (place->value_len == 0)
        return;
    weir_segment_fetch(seg, &f.fetch);
    ck_assert(weir_sim_run(m->sim, is_true, &f.done, WAIT_NS));
    ck_assert_int_eq(f.fetch.status, WEIR_OK);
}

/* --- Files ------------------------------------------------------------------------------------------------------ */

static enum weir_status note_file(void *arg, const char *name, bool is_dir)
{
    struct files *files = arg;

    if (is_dir || strcmp(name, "lock") == 0)
        return WEIR_OK;
    ck_assert_int_lt(files->count, 64);
    snprintf(files->names[files->count], sizeof(files->names[0]), "%s", name);
    snprintf(files->paths[files->count], sizeof(files->paths[0]), "%s/%s", DIR, name);
    files->count++;
    return WEIR_OK;
}

void list_files(struct machine *m, struct files *files)
{
    *files = (struct files){.count = 0};
    ck_assert_int_eq(weir_fs_list(machine_fs(m), DIR, note_file, files, NULL), WEIR_OK);
}

bool is_chunk(const char *name)
{
    return strncmp(name, "chunk-", 6) == 0;
}

const char *file_path(struct machine *m, const char *begin, char path[80])
{
    struct files files;

    list_files(m, &files);
    for (int i = 0; i < files.count; i++)
        if (strncmp(files.names[i], begin, strlen(begin)) == 0)
            return strcpy(path, files.paths[i]);
    ck_abort_msg("there is no file %s*", begin);
}

static struct weir_file *open_file(struct machine *m, const char *path, unsigned flags)
{
    struct weir_file *file;

    ck_assert_int_eq(weir_fs_open(machine_fs(m), path, flags, &file, NULL), WEIR_OK);
    return file;
}

static void write_and_close(struct machine *m, struct weir_file *file, const void *bytes, size_t len, uint64_t offset)
{
    struct iovec iov = {(void *)(uintptr_t)bytes, len};

    if (len > 0)
        ck_assert_int_eq(weir_file_write_at(file, &iov, 1, offset, NULL), WEIR_OK);
    ck_assert_int_eq(weir_file_sync(file, NULL), WEIR_OK);
    weir_file_close(file);
    ck_assert_int_eq(weir_fs_sync_dir(machine_fs(m), DIR, NULL), WEIR_OK);
}

uint8_t *load_file(struct machine *m, const char *path, size_t *len)
{
    struct weir_file *file = open_file(m, path, WEIR_OPEN_READ);
    uint64_t size;
    uint8_t *bytes;

    ck_assert_int_eq(weir_file_size(file, &size, NULL), WEIR_OK);
    bytes = malloc(size + 1);
    ck_assert_int_eq(weir_file_read_at(file, bytes, size, 0, len, NULL), WEIR_OK);
    weir_file_close(file);
    return bytes;
}

void save_file(struct machine *m, const char *path, const void *bytes, size_t len)
{
    write_and_close(m, open_file(m, path, WEIR_OPEN_WRITE | WEIR_OPEN_CREATE | WEIR_OPEN_TRUNC), bytes, len, 0);
}

void flip(struct machine *m, const char *path, uint64_t offset, uint8_t bits)
{
    struct weir_file *file = open_file(m, path, WEIR_OPEN_READ | WEIR_OPEN_WRITE);
    uint8_t byte;
    size_t got;

    ck_assert_int_eq(weir_file_read_at(file, &byte, 1, offset, &got, NULL), WEIR_OK);
    ck_assert_uint_eq(got, 1);
    byte ^= bits;
    write_and_close(m, file, &byte, 1, offset);
}

void remove_file(struct machine *m, const char *path)
{
    ck_assert_int_eq(weir_fs_remove(machine_fs(m), path, NULL), WEIR_OK);
    ck_assert_int_eq(weir_fs_sync_dir(machine_fs(m), DIR, NULL), WEIR_OK);
}
