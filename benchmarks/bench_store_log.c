/*
 * bench_store_log.c - how fast the container takes appends: bench_store_log FOLDER [MIB] [APPEND_KIB].
 *
 * One writer keeps 8 MiB of appends under way, as a client would, until MIB are acknowledged (durability sync). Events
 * of 100 bytes (108 with their header) are counted, not parsed. Prints one JSON line. The folder should be on the disk
 * to be measured, and empty.
 */
#include <stdio.h>
#include <stdlib.h>

#include "store/container/container.h"

#define FLIGHT_BYTES (8u << 20)
#define EVENT_LEN 108u

struct bench {
    struct weir_loop *loop;
    struct weir_container *ctr;
    struct weir_segment *seg;
    uint8_t *bytes;
    size_t append_len;
    uint64_t begun, ended, total; /* appends */
    int64_t number;
};

struct slot {
    struct weir_store_op op;
    struct bench *bench;
};

static void begin(struct slot *slot);

static void appended(struct weir_store_op *op)
{
    struct slot *slot = (struct slot *)op;
    struct bench *bench = slot->bench;

    if (op->status != WEIR_OK) {
        fprintf(stderr, "append: %s\n", weir_status_text(op->status));
        exit(EXIT_FAILURE);
    }
    if (++bench->ended == bench->total)
        weir_loop_stop(bench->loop);
    begin(slot);
}

static void begin(struct slot *slot)
{
    struct bench *bench = slot->bench;
    struct iovec iov = {bench->bytes, bench->append_len};
    int64_t events = (int64_t)(bench->append_len / EVENT_LEN);

    if (bench->begun == bench->total)
        return;
    bench->begun++;
    bench->number += events;
    weir_segment_append(bench->seg,
                        &(struct weir_append){.writer = {1, 1},
                                              .event_number = bench->number,
                                              .event_count = events,
                                              .expected_offset = WEIR_APPEND_ANYWHERE,
                                              .iov = &iov,
                                              .iov_count = 1},
                        &slot->op);
}

static void created(struct weir_store_op *op)
{
    weir_loop_stop(((struct slot *)op)->bench->loop);
}

static void run(struct bench *bench)
{
    size_t slot_count = FLIGHT_BYTES / bench->append_len + 1;
    struct slot *slots = calloc(slot_count, sizeof(*slots));
    struct weir_container_stats stats;
    int64_t start_ns, elapsed_ns;

    slots[0] = (struct slot){.op.done = created, .bench = bench};
    weir_container_change(bench->ctr,
                          &(struct weir_change){.kind = WEIR_CHANGE_CREATE, .name = weir_view_str("scope/stream/0")}, 1,
                          &slots[0].op);
    weir_loop_run(bench->loop);
    bench->seg = weir_segment_find(bench->ctr, weir_view_str("scope/stream/0"));
    start_ns = weir_loop_now_ns(bench->loop);
    for (size_t i = 0; i < slot_count; i++) {
        slots[i] = (struct slot){.op.done = appended, .bench = bench};
        begin(&slots[i]);
    }
    weir_loop_run(bench->loop);
    elapsed_ns = weir_loop_now_ns(bench->loop) - start_ns;
    weir_container_stats(bench->ctr, &stats);
    printf("{\"bench\":\"store_log\",\"append_kib\":%zu,\"append_count\":%llu,\"sync_count\":%llu,\"flush_count\":%llu,"
           "\"mib_per_s\":%.1f,\"events_per_s\":%.0f}\n",
           bench->append_len >> 10, (unsigned long long)stats.append_count, (unsigned long long)stats.sync_count,
           (unsigned long long)stats.flush_count, (double)stats.append_bytes / 1048576 * 1e9 / (double)elapsed_ns,
           (double)stats.event_count * 1e9 / (double)elapsed_ns);
    weir_segment_unref(bench->seg);
    free(slots);
}

int main(int argc, char **argv)
{
    struct bench bench = {.append_len = (size_t)(argc > 3 ? atoi(argv[3]) : 256) << 10};
    uint64_t mib = argc > 2 ? (uint64_t)atoi(argv[2]) : 512;
    struct weir_host *host;
    struct weir_error err = {0};
    enum weir_status status;

    if (argc < 2 || bench.append_len == 0 || mib == 0) {
        fprintf(stderr, "usage: bench_store_log FOLDER [MIB] [APPEND_KIB]\n");
        return EXIT_FAILURE;
    }
    bench.total = (mib << 20) / bench.append_len;
    bench.bytes = calloc(1, bench.append_len);
    status = weir_host_new(NULL, &host, &err);
    if (status == WEIR_OK)
        status = weir_loop_new(host, "bench", &bench.loop, &err);
    if (status == WEIR_OK)
        status = weir_container_open(bench.loop, argv[1], NULL, &bench.ctr, &err);
    if (status == WEIR_OK) {
        run(&bench);
        status = weir_container_close(bench.ctr, &err);
        weir_loop_free(bench.loop);
        weir_host_free(host);
    }
    if (status != WEIR_OK)
        fprintf(stderr, "%s\n", err.message);
    free(bench.bytes);
    return status == WEIR_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
