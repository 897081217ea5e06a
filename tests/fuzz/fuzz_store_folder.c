/*
 * fuzz_store_folder.c - a store's folder in which anything may have changed.
 *
 * The folder is the same each time: a checkpoint, chunks, a log. Each piece of the input is a change: which file, what
 * (a byte of it, its length, or that it is gone), where, and to which value. Properties: `weir store check` and the
 * start agree on whether the folder is refused; nothing crashes; a folder that is good by the check can be read whole.
 */
#include <stdio.h>
#include <string.h>

#include "sim_store.h"
#include "store/container/check.h"
#include "store/container/container.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SEGMENTS 3

struct files {
    char names[32][40];
    size_t count;
};

static bool all_done;

static void op_done(struct weir_store_op *op)
{
    (void)op;
    all_done = true;
}

static bool is_done(void *arg)
{
    (void)arg;
    return all_done;
}

static void await(struct sim_store *s)
{
    if (!weir_sim_run(s->sim, is_done, NULL, 60 * WEIR_NS_PER_S))
        abort();
}

static struct weir_container *open_container(struct sim_store *s, enum weir_status *status)
{
    struct weir_container_options options = {.flush_bytes = 1 << 20};
    struct weir_container *ctr = NULL;

    *status = weir_container_open(s->loop, SIM_STORE_DIR, &options, &ctr, NULL);
    return ctr;
}

static void append(struct sim_store *s, struct weir_container *ctr, const char *name, int64_t number, size_t len)
{
    static uint8_t bytes[70000];
    struct iovec iov = {bytes, len};
    struct weir_store_op op = {.done = op_done};

    memset(bytes, (int)number + name[0], len);
    all_done = false;
    weir_segment_append(weir_segment_peek(ctr, weir_view_str(name)),
                        &(struct weir_append){.writer = {1, 2},
                                              .event_number = number,
                                              .event_count = 1,
                                              .expected_offset = WEIR_APPEND_ANYWHERE,
                                              .iov = &iov,
                                              .iov_count = 1},
                        &op);
    await(s);
}

static void fill(struct sim_store *s, struct weir_container *ctr)
{
    static const char names[SEGMENTS][2] = {"a", "b", "c"};
    struct weir_store_op op = {.done = op_done};

    for (int i = 0; i < SEGMENTS; i++) {
        struct weir_change create = {.kind = WEIR_CHANGE_CREATE, .name = weir_view_str(names[i])};

        all_done = false;
        weir_container_change(ctr, &create, 1, &op);
        await(s);
        append(s, ctr, names[i], 1, i == 0 ? 70000 : 300);
    }
    all_done = false;
    weir_container_flush(ctr, &op);
    await(s);
    for (int i = 0; i < SEGMENTS; i++)
        append(s, ctr, names[i], 2, 100);
}

static enum weir_status note_file(void *arg, const char *name, bool is_dir)
{
    struct files *files = arg;

    if (!is_dir && strcmp(name, "lock") != 0 && files->count < 32)
        snprintf(files->names[files->count++], 40, "%.39s", name);
    return WEIR_OK;
}

static void change_file(struct weir_fs *fs, const char *path, struct weir_in *in)
{
    uint8_t what = weir_in_u8(in);
    uint64_t at = weir_in_u32be(in), size = 0;
    uint8_t value = weir_in_u8(in);
    struct weir_file *file = NULL;

    if (what % 16 == 0) {
        weir_fs_remove(fs, path, NULL);
        return;
    }
    if (weir_fs_open(fs, path, WEIR_OPEN_READ | WEIR_OPEN_WRITE, &file, NULL) != WEIR_OK)
        return;
    weir_file_size(file, &size, NULL);
    if (what % 16 == 1)
        weir_file_truncate(file, at % (size + 64), NULL);
    else if (size > 0)
        weir_file_write_at(file, &(struct iovec){&value, 1}, 1, at % size, NULL);
    weir_file_sync(file, NULL);
    weir_file_close(file);
    weir_fs_sync_dir(fs, SIM_STORE_DIR, NULL);
}

static void hear(void *arg, const char *text)
{
    (void)arg, (void)text;
}

static void read_done(struct weir_segment_read *read)
{
    (void)read;
    all_done = true;
}

/* Whether every byte of it can be read. */
static bool readable(struct sim_store *s, struct weir_segment *seg)
{
    struct weir_segment_info info;

    weir_segment_info(seg, &info);
    for (int64_t at = info.start_offset; at < info.length;) {
        struct weir_segment_read read = {.done = read_done, .offset = at, .len_max = 1 << 20};

        all_done = false;
        weir_segment_read(seg, &read);
        await(s);
        if (read.status != WEIR_OK)
            return false;
        at += (int64_t)read.data.len;
        weir_segment_read_release(&read);
    }
    return true;
}

static void compare(struct sim_store *s)
{
    struct weir_check_options options = {.line = hear};
    struct weir_check_result result = {0};
    enum weir_status checked = weir_store_check(weir_host_fs(s->host), SIM_STORE_DIR, &options, &result, NULL), opened;
    struct weir_container *ctr = open_container(s, &opened);

    if (checked == WEIR_OK && result.refused != (opened == WEIR_E_DAMAGED))
        abort();
    if (checked != WEIR_OK && checked != WEIR_E_NOT_FOUND && opened == WEIR_OK)
        abort();
    for (int i = 0; ctr != NULL && checked == WEIR_OK && i < SEGMENTS; i++) {
        char name[2] = {(char)('a' + i), 0};
        struct weir_segment *seg = weir_segment_peek(ctr, weir_view_str(name));

        if (seg != NULL && !readable(s, seg) && result.damaged_count == 0)
            abort();
    }
    weir_container_close(ctr, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weir_sim_options options = {.seed = 1, .log_fd = -1, .sync_delay_max_ns = 1000};
    struct weir_in in = weir_in(weir_view(data, size));
    struct files files = {.count = 0};
    struct sim_store s = {0};
    struct weir_container *ctr;
    enum weir_status status = weir_sim_new(&options, &s.sim, NULL);

    assert(status == WEIR_OK);
    sim_machine_begin(s.sim, "store", &s.host, &s.loop);
    ctr = open_container(&s, &status);
    assert(status == WEIR_OK);
    fill(&s, ctr);
    weir_container_close(ctr, NULL);
    weir_fs_list(weir_host_fs(s.host), SIM_STORE_DIR, note_file, &files, NULL);
    while (weir_in_left(&in) >= 7) {
        char path[80];

        snprintf(path, sizeof(path), "%s/%s", SIM_STORE_DIR, files.names[weir_in_u8(&in) % files.count]);
        change_file(weir_host_fs(s.host), path, &in);
    }
    compare(&s);
    sim_machine_end(s.host, s.loop);
    weir_sim_free(s.sim);
    return 0;
}
