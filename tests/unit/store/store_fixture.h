/*
 * store_fixture.h - a simulated machine with one container on it, and calls that wait for their outcome.
 */
#ifndef STORE_FIXTURE_H
#define STORE_FIXTURE_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/container/container.h"
#include "store/container/fetch.h"
#include "weir/sim.h"

#define DISK "disk"
#define DIR "/var/store"
#define WAIT_NS (60 * WEIR_NS_PER_S)

struct machine {
    struct weir_sim *sim;
    struct weir_host *host;
    struct weir_loop *loop;
    struct weir_container *ctr;
    struct weir_container_options options;
    struct weir_error err;
};

static inline void machine_boot(struct machine *m)
{
    ck_assert_int_eq(weir_sim_host_new(m->sim, "store", DISK, &m->host, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_new(m->host, "store", &m->loop, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_start(m->loop, NULL), WEIR_OK);
}

static inline enum weir_status machine_open(struct machine *m)
{
    m->err = (struct weir_error){0};
    return weir_container_open(m->loop, DIR, &m->options, &m->ctr, &m->err);
}

static inline void machine_init(struct machine *m, uint64_t seed, uint64_t flush_bytes)
{
    struct weir_sim_options options = {.seed = seed, .torn_per_million = 300000};

    *m = (struct machine){.options = {.flush_bytes = flush_bytes}};
    ck_assert_int_eq(weir_sim_new(&options, &m->sim, NULL), WEIR_OK);
    machine_boot(m);
    ck_assert_msg(machine_open(m) == WEIR_OK, "%s", m->err.message);
}

/* kill -9, and the machine loses power. */
static inline void machine_crash(struct machine *m)
{
    weir_sim_host_silence(m->host);
    weir_container_close(m->ctr, NULL);
    m->ctr = NULL;
    weir_loop_free(m->loop);
    weir_sim_host_crash(m->host);
}

static inline void machine_shut_down(struct machine *m)
{
    if (m->ctr != NULL)
        ck_assert_msg(weir_container_close(m->ctr, &m->err) == WEIR_OK, "%s", m->err.message);
    m->ctr = NULL;
    weir_loop_stop(m->loop);
    weir_loop_join(m->loop);
    weir_loop_free(m->loop);
    weir_host_free(m->host);
}

static inline void machine_fini(struct machine *m)
{
    machine_shut_down(m);
    weir_sim_free(m->sim);
}

static inline void machine_reopen(struct machine *m)
{
    machine_shut_down(m);
    machine_boot(m);
    ck_assert_msg(machine_open(m) == WEIR_OK, "%s", m->err.message);
}

/* --- Calls that wait --- */

struct waiter {
    struct weir_store_op op;
    bool done;
};

static inline void waiter_done(struct weir_store_op *op)
{
    ((struct waiter *)op)->done = true;
}

static inline bool is_true(void *arg)
{
    return *(bool *)arg;
}

static inline enum weir_status await(struct machine *m, struct waiter *w)
{
    ck_assert(weir_sim_run(m->sim, is_true, &w->done, WAIT_NS));
    return w->op.status;
}

static inline struct waiter waiter(void)
{
    return (struct waiter){.op.done = waiter_done};
}

static inline void begin_changes(struct machine *m, struct weir_change *changes, size_t count, struct waiter *w)
{
    *w = waiter();
    weir_container_change(m->ctr, changes, count, &w->op);
}

static inline enum weir_status change(struct machine *m, struct weir_change one)
{
    struct waiter w;

    begin_changes(m, &one, 1, &w);
    return await(m, &w);
}

static inline enum weir_status create(struct machine *m, const char *name)
{
    return change(m, (struct weir_change){.kind = WEIR_CHANGE_CREATE, .name = weir_view_str(name)});
}

static inline struct weir_segment *segment(struct machine *m, const char *name)
{
    return weir_segment_peek(m->ctr, weir_view_str(name));
}

static inline void begin_append(struct machine *m, const char *name, struct weir_uuid writer, int64_t number,
                                struct weir_view data, struct waiter *w)
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

static inline enum weir_status append(struct machine *m, const char *name, const char *text)
{
    struct waiter w;

    begin_append(m, name, (struct weir_uuid){0}, WEIR_ATTRIBUTE_NONE, weir_view_str(text), &w);
    return await(m, &w);
}

static inline enum weir_status barrier(struct machine *m)
{
    struct waiter w = waiter();

    weir_container_barrier(m->ctr, &w.op);
    return await(m, &w);
}

static inline enum weir_status flush(struct machine *m)
{
    struct waiter w = waiter();

    weir_container_flush(m->ctr, &w.op);
    return await(m, &w);
}

struct reading {
    struct weir_segment_read read;
    bool done;
};

static inline void reading_done(struct weir_segment_read *read)
{
    ((struct reading *)read)->done = true;
}

static inline void begin_read(struct weir_segment *seg, int64_t offset, size_t len_max, bool wait, struct reading *r)
{
    *r = (struct reading){.read = {.done = reading_done, .offset = offset, .len_max = len_max, .wait = wait}};
    weir_segment_read(seg, &r->read);
}

static inline enum weir_status await_read(struct machine *m, struct reading *r)
{
    ck_assert(weir_sim_run(m->sim, is_true, &r->done, WAIT_NS));
    return r->read.status;
}

/* The value at `place` of a table, where keys have key_len bytes. */
struct fetching {
    struct weir_segment_fetch fetch;
    bool done;
};

static inline void fetching_done(struct weir_segment_fetch *fetch)
{
    ((struct fetching *)fetch)->done = true;
}

static inline void read_value(struct machine *m, struct weir_segment *seg, size_t key_len,
                              const struct weir_table_place *place, uint8_t *out)
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

/* All acknowledged bytes of a segment, malloc'ed. */
static inline uint8_t *read_all(struct machine *m, struct weir_segment *seg, size_t *len)
{
    struct weir_segment_info info;
    uint8_t *bytes;
    int64_t at;

    weir_segment_info(seg, &info);
    *len = (size_t)(info.durable_length - info.start_offset);
    bytes = malloc(*len + 1);
    for (at = info.start_offset; at < info.durable_length;) {
        struct reading r;

        begin_read(seg, at, 1000000, false, &r);
        ck_assert_int_eq(await_read(m, &r), WEIR_OK);
        ck_assert_uint_gt(r.read.data.len, 0);
        memcpy(bytes + (at - info.start_offset), r.read.data.ptr, r.read.data.len);
        at += (int64_t)r.read.data.len;
        weir_segment_read_release(&r.read);
    }
    bytes[*len] = '\0';
    return bytes;
}

static inline void assert_content(struct machine *m, const char *name, const char *expected)
{
    struct weir_segment *seg = segment(m, name);
    uint8_t *bytes;
    size_t len;

    ck_assert_msg(seg != NULL, "no segment %s", name);
    bytes = read_all(m, seg, &len);
    ck_assert_str_eq((char *)bytes, expected);
    free(bytes);
}

#endif
