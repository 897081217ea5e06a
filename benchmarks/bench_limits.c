/*
 * bench_limits.c - what the disk under a folder does at best: the limit that synced figures are held against.
 *
 *   bench_limits FOLDER
 *
 * Appends groups of a size and syncs each, as a log with group commit does; 4 KiB shows the sync, 4 MiB the disk.
 */
#include "benchmarks/bench.h"
#include "weir/fs.h"
#include "weir/host.h"

static void append_synced(struct weir_host *host, struct weir_loop *loop, const char *path, size_t group_len,
                          int groups)
{
    uint8_t *bytes = calloc(1, group_len);
    struct iovec iov = {bytes, group_len};
    struct weir_error err = {0};
    struct weir_file *file = NULL;
    enum weir_status status;
    int64_t start_ns;

    (void)loop;
    if (bytes == NULL)
        exit(EXIT_FAILURE);
    memset(bytes, 'x', group_len);
    status = weir_fs_open(weir_host_fs(host), path, WEIR_OPEN_WRITE | WEIR_OPEN_CREATE | WEIR_OPEN_TRUNC, &file, &err);
    start_ns = weir_loop_now_ns(loop);
    for (int i = 0; i < groups && status == WEIR_OK; i++) {
        status = weir_file_write_at(file, &iov, 1, (uint64_t)i * group_len, &err);
        if (status == WEIR_OK)
            status = weir_file_sync(file, &err);
    }
    if (status == WEIR_OK) {
        double seconds = (double)(weir_loop_now_ns(loop) - start_ns) / 1e9;

        printf("{\"bench\":\"limit_append_and_sync\",\"group_bytes\":%zu,\"syncs_per_s\":%.0f,\"mb_per_s\":%.1f}\n",
               group_len, groups / seconds, (double)groups * (double)group_len / seconds / 1e6);
    } else {
        fprintf(stderr, "bench_limits: %s\n", err.message);
    }
    weir_file_close(file);
    weir_fs_remove(weir_host_fs(host), path, NULL);
    free(bytes);
}

int main(int argc, char **argv)
{
    struct weir_host *host = NULL;
    struct weir_loop *loop = NULL;
    struct weir_error err = {0};
    char path[4096];

    if (argc != 2 || weir_host_new(NULL, &host, &err) != WEIR_OK ||
        weir_loop_new(host, "limits", &loop, &err) != WEIR_OK) {
        fprintf(stderr, "usage: bench_limits FOLDER\n");
        return EXIT_FAILURE;
    }
    snprintf(path, sizeof(path), "%s/limits.tmp", argv[1]);
    append_synced(host, loop, path, 4096, 500);
    append_synced(host, loop, path, 262144, 400);
    append_synced(host, loop, path, 4194304, 50);
    weir_loop_free(loop);
    weir_host_free(host);
    return EXIT_SUCCESS;
}
