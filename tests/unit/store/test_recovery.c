/*
 * test_recovery.c - what is left of a container after a crash, a damaged byte, a full or failing disk.
 *
 * A workload of every kind of change runs against a model (container_model.h). After each step the model's digest is
 * kept. Whatever the container recovers to has to be the state after some step, not before the last
 * acknowledged one.
 */
#include "base/hash.h"
#include "container_model.h"

#define STEPS 80

/* --- The workload: the same steps for the same seed, whatever happens to the disk --- */

struct run {
    struct machine m;
    struct model model;
    struct weir_rng rng;
    uint64_t digests[STEPS + 1];
    struct waiter waiters[STEPS + 1];
    int issued; /* steps that were made */
};

static void step_append(struct run *run, int i)
{
    struct model_segment *seg = &run->model.segments[i];
    size_t len = 1 + weir_rng_below(&run->rng, weir_rng_below(&run->rng, 8) == 0 ? 9000 : 300);
    uint8_t bytes[9001];
    char name[8];

    for (size_t at = 0; at < len; at++)
        bytes[at] = (uint8_t)weir_rng_next(&run->rng);
    memcpy(seg->bytes + seg->length, bytes, len);
    seg->length += (int64_t)len;
    seg->last_event = seg->last_event == WEIR_ATTRIBUTE_NONE ? 1 : seg->last_event + 1;
    segment_name(i, name);
    begin_append(&run->m, name, model_writer, seg->last_event, weir_view(bytes, len), &run->waiters[run->issued]);
}

/* A change of segment i, always with a put to the map in the same record. */
static void step_change(struct run *run, int i)
{
    struct model_segment *seg = &run->model.segments[i];
    int j = (i + 1 + (int)weir_rng_below(&run->rng, SEGMENTS - 1)) % SEGMENTS;
    struct model_segment *source = &run->model.segments[j];
    uint8_t key = (uint8_t)weir_rng_below(&run->rng, KEYS), value[8];
    char name[8], source_name[8];
    struct weir_change changes[2] = {{.kind = WEIR_CHANGE_SEAL}, {.kind = WEIR_CHANGE_PUT, .name = {&key, 1}}};

    segment_name(i, name);
    segment_name(j, source_name);
    changes[0].name = weir_view_str(name);
    if (!seg->exists) {
        changes[0].kind = WEIR_CHANGE_CREATE;
        *seg = (struct model_segment){.exists = true, .last_event = WEIR_ATTRIBUTE_NONE};
    } else if (seg->sealed || weir_rng_below(&run->rng, 8) == 0) {
        changes[0].kind = WEIR_CHANGE_DELETE;
        seg->exists = false;
    } else if (source->exists && weir_rng_below(&run->rng, 2) == 0 &&
               seg->length + source->length - source->start < MODEL_LEN_MAX - 10000) {
        changes[0].kind = WEIR_CHANGE_MERGE;
        changes[0].source = weir_view_str(source_name);
        memcpy(seg->bytes + seg->length, source->bytes + source->start, (size_t)(source->length - source->start));
        seg->length += source->length - source->start;
        source->exists = false;
    } else if (weir_rng_below(&run->rng, 4) > 0) {
        changes[0].kind = WEIR_CHANGE_TRUNCATE;
        seg->start += (int64_t)weir_rng_below(&run->rng, (uint64_t)(seg->length - seg->start) + 1);
        changes[0].offset = seg->start;
    } else {
        seg->sealed = true;
    }
    run->model.keys[key] = run->issued + 1;
    weir_put_u64be(value, (uint64_t)run->model.keys[key]);
    changes[1].value = weir_view(value, 8);
    begin_changes(&run->m, changes, 2, &run->waiters[run->issued]);
}

/* A put or a removal of a few keys, half of them on conditions that hold; all in one record. */
static void step_table_keys(struct run *run, int i)
{
    struct model_table *table = &run->model.tables[i];
    struct weir_table_item items[4] = {0};
    struct weir_store_op *op = &run->waiters[run->issued].op;
    char name[8], keys[4][8];
    uint8_t values[4][TABLE_VALUE_LEN_MAX];
    int first = (int)weir_rng_below(&run->rng, TABLE_KEYS), count = 1 + (int)weir_rng_below(&run->rng, 4);
    bool removes = weir_rng_below(&run->rng, 4) == 0;
    int64_t version;

    table_name(i, name);
    for (int k = 0; k < count; k++) {
        struct model_entry *entry = &table->entries[(first + k) % TABLE_KEYS];

        items[k] = (struct weir_table_item){.key = table_key((first + k) % TABLE_KEYS, keys[k]),
                                            .value = {values[k], weir_rng_below(&run->rng, TABLE_VALUE_LEN_MAX)},
                                            .version = WEIR_TABLE_NO_VERSION};
        if (removes)
            items[k].value.len = 0;
        if (weir_rng_below(&run->rng, 2) == 0)
            items[k].version = entry->version;
        for (size_t at = 0; at < items[k].value.len; at++)
            values[k][at] = (uint8_t)weir_rng_next(&run->rng);
    }
    run->waiters[run->issued] = waiter();
    (removes ? weir_table_remove : weir_table_update)(segment(&run->m, name), items, (size_t)count,
                                                      WEIR_TABLE_ANY_LENGTH, op);
    version = op->value;
    for (int k = 0; k < count; k++) {
        struct model_entry *entry = &table->entries[(first + k) % TABLE_KEYS];

        entry->version = removes ? WEIR_TABLE_NOT_EXISTS : version;
        entry->len = items[k].value.len;
        memcpy(entry->value, values[k], entry->len);
        version += (int64_t)(17 + 4 + entry->len);
    }
}

static void step_table(struct run *run, int i)
{
    struct model_table *table = &run->model.tables[i];
    struct weir_change one = {.kind = WEIR_CHANGE_CREATE, .table = true, .key_len = i == 0 ? 4 : 0};
    char name[8];

    if (table->exists && weir_rng_below(&run->rng, 16) > 0) {
        step_table_keys(run, i);
        return;
    }
    if (table->exists)
        one = (struct weir_change){.kind = WEIR_CHANGE_DELETE};
    table_name(i, name);
    one.name = weir_view_str(name);
    table->exists = !table->exists;
    for (int k = 0; k < TABLE_KEYS; k++)
        table->entries[k].version = WEIR_TABLE_NOT_EXISTS;
    begin_changes(&run->m, &one, 1, &run->waiters[run->issued]);
}

static void step(struct run *run)
{
    int i = (int)weir_rng_below(&run->rng, SEGMENTS + TABLES);
    const struct model_segment *seg = &run->model.segments[i % SEGMENTS];

    if (i >= SEGMENTS)
        step_table(run, i - SEGMENTS);
    else if (seg->exists && !seg->sealed && seg->length < MODEL_LEN_MAX - 10000 && weir_rng_below(&run->rng, 3) > 0)
        step_append(run, i);
    else
        step_change(run, i);
    ck_assert_int_eq(run->waiters[run->issued].op.status, WEIR_OK);
    run->issued++;
    run->digests[run->issued] = model_digest(&run->model);
}

static struct run *run_new(uint64_t seed, uint64_t flush_bytes)
{
    struct run *run = calloc(1, sizeof(*run));

    machine_init(&run->m, seed, flush_bytes);
    weir_rng_init(&run->rng, seed);
    run->digests[0] = model_digest(&run->model);
    return run;
}

static void run_free(struct run *run)
{
    machine_fini(&run->m);
    free(run);
}

static int acknowledged(const struct run *run)
{
    int count = 0;

    while (count < run->issued && run->waiters[count].done && run->waiters[count].op.status == WEIR_OK)
        count++;
    for (int i = count; i < run->issued; i++)
        ck_assert_msg(!run->waiters[i].done || run->waiters[i].op.status != WEIR_OK, "step %d overtook another", i);
    return count;
}

/* The state is that of a step between the last acknowledged and the last made. */
static void assert_recovered(struct run *run, int acked)
{
    uint64_t digest = container_digest(&run->m);

    for (int i = acked; i <= run->issued; i++)
        if (run->digests[i] == digest)
            return;
    ck_abort_msg("after %d acknowledged of %d steps, the state is that of no step", acked, run->issued);
}

/* --- Crash at every sync --- */

struct until_sync {
    struct run *run;
    uint64_t sync_count;
};

static bool synced(void *arg)
{
    struct until_sync *until = arg;

    return weir_sim_disk_sync_count(until->run->m.sim, DISK) >= until->sync_count;
}

/* Runs the workload until `crash_at` syncs have happened; @return whether it got there. */
static bool run_until_sync(struct run *run, uint64_t crash_at)
{
    struct until_sync until = {run, crash_at};

    while (run->issued < STEPS) {
        step(run);
        if (weir_rng_below(&run->rng, 3) == 0) /* several steps make a group */
            continue;
        if (weir_sim_run(run->m.sim, synced, &until, (int64_t)weir_sim_below(run->m.sim, 3 * WEIR_NS_PER_MS)))
            return true;
    }
    return weir_sim_run(run->m.sim, synced, &until, WEIR_NS_PER_S);
}

/* Goal: everything acknowledged is there once, nothing half, whichever sync was the last.
 * Method: the same workload, crashed after the 1st sync, the 2nd, ...; flushes, merges and deletions included. A second
 * crash right after the recovery must change nothing. */
START_TEST(crash_at_every_sync)
{
    bool reached = true;
    uint64_t crash_at;

    for (crash_at = 1; reached; crash_at++) {
        struct run *run = run_new((uint64_t)_i + 1, 20000);
        int acked;

        reached = run_until_sync(run, crash_at);
        acked = acknowledged(run);
        machine_recover(&run->m);
        assert_recovered(run, acked);
        machine_recover(&run->m);
        assert_recovered(run, acked);
        ck_assert_int_eq(create(&run->m, "later"), WEIR_OK);
        machine_reopen(&run->m);
        ck_assert_ptr_nonnull(segment(&run->m, "later"));
        run_free(run);
    }
    ck_assert_uint_gt(crash_at, 30);
}
END_TEST

/* Goal: crash after crash on the same disk, in the middle of anything. */
START_TEST(many_crashes)
{
    struct run *run = run_new((uint64_t)_i + 100, 9000);

    for (int crash = 0; crash < 25; crash++) {
        uint64_t digest;
        int at, acked;

        for (int i = 0; i < 2 && run->issued < STEPS; i++) {
            step(run);
            weir_sim_run(run->m.sim, NULL, NULL, (int64_t)weir_sim_below(run->m.sim, 3 * WEIR_NS_PER_MS));
        }
        acked = acknowledged(run);
        machine_recover(&run->m);
        assert_recovered(run, acked);
        digest = container_digest(&run->m);
        for (at = run->issued; run->digests[at] != digest; at--)
            ;
        if (at < run->issued)
            break; /* the model is ahead now: enough for this seed */
        for (int i = 0; i < run->issued; i++)
            run->waiters[i].done = true; /* told by the recovery, if not before the crash */
    }
    run_free(run);
}
END_TEST

/* --- Damage --- */

/* Whether all data can be read; if not, the reads say DAMAGED. */
static bool all_readable(struct machine *m)
{
    enum weir_status status = WEIR_OK;

    for (int i = 0; i < SEGMENTS + TABLES && status == WEIR_OK; i++) {
        char name[8];

        if (i < SEGMENTS)
            segment_name(i, name);
        else
            table_name(i - SEGMENTS, name);
        if (segment(m, name) != NULL)
            status = read_through(m, name);
    }
    ck_assert(status == WEIR_OK || status == WEIR_E_DAMAGED);
    return status == WEIR_OK;
}

/* With one byte of the file wrong: @retval WEIR_E_DAMAGED the folder is refused @retval WEIR_E_AGAIN a read is
 * @retval WEIR_OK everything is there */
static enum weir_status look(struct machine *m, const char *name, uint64_t digest)
{
    enum weir_status status = machine_open(m);

    if (status != WEIR_OK) {
        ck_assert_int_eq(status, WEIR_E_DAMAGED);
        ck_assert_msg(strstr(m->err.message, name) != NULL, "%s", m->err.message);
        ck_assert_msg(strstr(m->err.message, "offset") != NULL, "%s", m->err.message);
        return status;
    }
    if (!all_readable(m))
        status = WEIR_E_AGAIN;
    else
        ck_assert_msg(container_digest(m) == digest, "damage of %s went unnoticed", name);
    machine_crash_and_boot(m); /* and not an orderly end, which would write */
    return status;
}

/* Goal: no damaged byte goes unnoticed: the folder is refused, naming file and offset, or (chunk data) its reads are,
 * or nothing is missing (data of deleted segments; the mark of an orderly end).
 * Method: flip a byte at every 5th offset of log and checkpoint, every 31st of chunks; open, look, flip it back. */
START_TEST(every_damaged_byte_is_noticed)
{
    struct run *run = run_new(5, 20000);
    struct machine *m = &run->m;
    struct files files;
    uint64_t digest, refused = 0, unreadable = 0, harmless = 0;

    while (run->issued < STEPS) {
        step(run);
        ck_assert_int_eq(barrier(m), WEIR_OK);
    }
    digest = container_digest(m);
    ck_assert_uint_eq(digest, run->digests[STEPS]);
    weir_sim_run(m->sim, NULL, NULL, WEIR_NS_PER_S); /* no compaction is left to do: the files stay as they are */
    machine_reboot(m);
    list_files(m, &files);
    for (int i = 0; i < files.count; i++) {
        size_t size;
        uint8_t *bytes = load_file(m, files.paths[i], &size);

        for (uint64_t offset = 0; offset < size; offset += is_chunk(files.names[i]) ? 31 : 5) {
            enum weir_status status;

            flip(m, files.paths[i], offset, 0x20);
            status = look(m, files.names[i], digest);
            refused += status == WEIR_E_DAMAGED;
            unreadable += status == WEIR_E_AGAIN;
            harmless += status == WEIR_OK && !is_chunk(files.names[i]); /* else data of a deleted segment */
            ck_assert(weir_fs_exists(machine_fs(m), files.paths[i]));
            save_file(m, files.paths[i], bytes, size); /* the open may have cut a torn tail */
        }
        free(bytes);
    }
    ck_assert_uint_gt(refused, 50);
    ck_assert_uint_gt(unreadable, 50);
    ck_assert_uint_le(harmless, 32 / 5 + 1); /* the END record */
    machine_must_open(m);
    ck_assert_uint_eq(container_digest(m), digest);
    run_free(run);
}
END_TEST

/* Goal: a torn tail of the newest log file is cut, and what remains is a state that was.
 * Method: one log file, cut at every 13th length; the same with zeros instead of the missing bytes. */
START_TEST(a_torn_tail_is_cut)
{
    struct run *run = run_new(6, 1 << 20);
    struct machine *m = &run->m;
    struct files files;
    uint8_t *bytes;
    size_t size;

    while (run->issued < 20)
        step(run);
    ck_assert_int_eq(barrier(m), WEIR_OK); /* one group: all of it may be torn */
    machine_crash_and_boot(m);
    list_files(m, &files);
    ck_assert_int_eq(files.count, 2);
    remove_file(m, files.paths[1]); /* `reached`, which came only when the group was there */
    bytes = load_file(m, files.paths[0], &size);
    for (size_t len = 0; len < size; len += 13) {
        uint8_t *torn = calloc(1, size);

        memcpy(torn, bytes, len);
        if (len == 0 || len > 40) { /* a file with records has its header */
            save_file(m, files.paths[0], torn, len > 40 && _i == 1 ? size : len);
            ck_assert_msg(machine_open(m) == WEIR_OK, "at %zu: %s", len, m->err.message);
            assert_recovered(run, 0);
            machine_crash_and_boot(m);
        }
        free(torn);
    }
    save_file(m, files.paths[0], bytes, size);
    free(bytes);
    machine_must_open(m);
    assert_recovered(run, 20);
    run_free(run);
}
END_TEST

START_TEST(an_unknown_format_version_is_named)
{
    struct run *run = run_new(8, 1 << 20);
    uint8_t header[40];
    struct files files;

    ck_assert_int_eq(create(&run->m, "s"), WEIR_OK);
    machine_reboot(&run->m);
    list_files(&run->m, &files);
    memcpy(header, "weirlog\n\0\0\0\7\0\0\0\0\0\0\0\0\0\0\0\1", 24);
    memset(header + 24, 0, 8);
    weir_put_u64be(header + 32, weir_hash64(weir_view(header, 32), 0));
    save_file(&run->m, files.paths[0], header, sizeof(header));
    ck_assert_int_eq(machine_open(&run->m), WEIR_E_UNSUPPORTED);
    ck_assert_msg(strstr(run->m.err.message, "version 7") != NULL, "%s", run->m.err.message);
    run_free(run);
}
END_TEST

START_TEST(a_missing_file_is_named)
{
    struct run *run = run_new(9, 9000);
    struct weir_fs *fs;
    struct files files;

    while (run->issued < STEPS)
        step(run);
    ck_assert_int_eq(flush(&run->m), WEIR_OK);
    ck_assert_int_eq(create(&run->m, "s"), WEIR_OK);
    machine_reboot(&run->m);
    fs = machine_fs(&run->m);
    list_files(&run->m, &files);
    for (int i = 0; i < files.count; i++) {
        if (is_chunk(files.names[i]) || strncmp(files.names[i], "checkpoint-", 11) == 0) {
            ck_assert_int_eq(weir_fs_rename(fs, files.paths[i], "/var/aside", NULL), WEIR_OK);
            ck_assert_int_eq(machine_open(&run->m), WEIR_E_DAMAGED);
            ck_assert_int_eq(weir_fs_rename(fs, "/var/aside", files.paths[i], NULL), WEIR_OK);
        }
    }
    machine_must_open(&run->m);
    run_free(run);
}
END_TEST

/* --- A disk that is full, a disk that fails --- */

/* Goal: a full disk loses nothing, refuses at once, and goes on when there is space. */
START_TEST(a_full_disk)
{
    struct run *run = run_new(10 + (uint64_t)_i, _i % 2 == 0 ? 1 << 20 : 30000);
    struct waiter refused;
    bool full = false;

    weir_sim_disk_capacity(run->m.sim, DISK, 9000 + (uint64_t)_i * 777);
    while (!full && run->issued < STEPS) {
        char name[8];
        struct weir_change probe = {.kind = WEIR_CHANGE_REMOVE, .name = weir_view_str("no such key")};

        step(run);
        weir_sim_run(run->m.sim, is_true, &run->waiters[run->issued - 1].done, 20 * WEIR_NS_PER_MS);
        begin_changes(&run->m, &probe, 1, &refused);
        segment_name(0, name);
        full = refused.op.status == WEIR_E_FULL;
        if (full)
            ck_assert_int_eq(await(&run->m, &refused), WEIR_E_FULL);
        else
            weir_store_op_cancel(&refused.op);
    }
    ck_assert(full);
    if (_i % 4 < 2) { /* there is space again */
        weir_sim_disk_capacity(run->m.sim, DISK, 0);
        ck_assert_int_eq(barrier(&run->m), WEIR_OK);
        ck_assert_int_eq(acknowledged(run), run->issued);
        weir_sim_run(run->m.sim, NULL, NULL, 3 * WEIR_NS_PER_S); /* a flush that waited too */
        while (run->issued < STEPS)
            step(run);
        ck_assert_int_eq(barrier(&run->m), WEIR_OK);
    } else { /* it crashes full, and is opened full */
        int acked = acknowledged(run);

        machine_recover(&run->m);
        assert_recovered(run, acked);
        weir_sim_disk_capacity(run->m.sim, DISK, 0);
    }
    machine_reopen(&run->m);
    assert_recovered(run, acknowledged(run));
    run_free(run);
}
END_TEST

static int failure_count;

static void count_failure(void *arg, const struct weir_error *why)
{
    (void)arg;
    ck_assert(why->message[0] != '\0');
    failure_count++;
}

/* Goal: after a failed sync nobody is told that something is durable; opening anew shows what is.
 * Method: fail the nth sync (or write), for every n. */
static void fail_and_recover(int nth, bool write, enum weir_status fault)
{
    struct run *run = run_new(20, 20000);
    int acked;

    run->m.options.on_failed = count_failure;
    machine_reopen(&run->m);
    failure_count = 0;
    if (write)
        weir_sim_disk_fail_write(run->m.sim, DISK, (uint64_t)nth, fault);
    else
        weir_sim_disk_fail_sync(run->m.sim, DISK, (uint64_t)nth, fault);
    while (run->issued < STEPS && weir_container_failure(run->m.ctr) == NULL) {
        step(run);
        weir_sim_run(run->m.sim, NULL, NULL, 2 * WEIR_NS_PER_MS);
        if (fault == WEIR_E_FULL && nth % 2 == 0) /* let it be tried again, else FULL refuses the next step */
            weir_sim_run(run->m.sim, is_true, &run->waiters[run->issued - 1].done, WEIR_NS_PER_S);
        if (fault == WEIR_E_FULL)
            weir_sim_run(run->m.sim, NULL, NULL, WEIR_NS_PER_S);
    }
    if (fault == WEIR_E_FULL) {
        ck_assert_int_eq(barrier(&run->m), WEIR_OK);
        ck_assert_int_eq(acknowledged(run), STEPS);
    } else if (weir_container_failure(run->m.ctr) != NULL) {
        ck_assert_int_eq(barrier(&run->m), WEIR_E_IO);
        ck_assert_int_eq(create(&run->m, "late"), WEIR_E_IO);
        ck_assert_int_eq(failure_count, 1);
        for (int i = 0; i < run->issued; i++)
            ck_assert(run->waiters[i].done);
    }
    acked = acknowledged(run);
    machine_recover(&run->m);
    assert_recovered(run, acked);
    run_free(run);
}

START_TEST(every_sync_fails_once)
{
    fail_and_recover(_i, false, WEIR_E_IO);
}
END_TEST

START_TEST(every_write_fails_once)
{
    fail_and_recover(_i, true, WEIR_E_IO);
}
END_TEST

START_TEST(every_sync_finds_the_disk_full_once)
{
    fail_and_recover(_i, false, WEIR_E_FULL);
}
END_TEST

START_TEST(every_write_finds_the_disk_full_once)
{
    fail_and_recover(_i, true, WEIR_E_FULL);
}
END_TEST

/* Ends the process, but not the machine: what was written is read again, synced or not. */
static void restart_process(struct run *run)
{
    weir_container_close(run->m.ctr, NULL);
    run->m.ctr = NULL;
    machine_reopen(&run->m);
}

/* Goal: what a container shows after it was opened, a power cut does not take back. What the process before it wrote
 * last may never have been synced, or in vain.
 * Method: fail the nth sync, for every n; open anew, look, cut the power, look again. */
START_TEST(what_was_recovered_is_durable)
{
    struct run *run = run_new(30, 20000);
    uint64_t digest;
    int acked;

    weir_sim_disk_fail_sync(run->m.sim, DISK, (uint64_t)_i, WEIR_E_IO);
    while (run->issued < STEPS && weir_container_failure(run->m.ctr) == NULL) {
        step(run);
        weir_sim_run(run->m.sim, NULL, NULL, 2 * WEIR_NS_PER_MS);
    }
    acked = acknowledged(run);
    restart_process(run);
    assert_recovered(run, acked);
    digest = container_digest(&run->m);
    machine_recover(&run->m);
    ck_assert_uint_eq(container_digest(&run->m), digest);
    run_free(run);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("recovery");

    tcase_set_timeout(tc, 300);
    tcase_add_loop_test(tc, crash_at_every_sync, 0, 12);
    tcase_add_loop_test(tc, many_crashes, 0, 200);
    tcase_add_test(tc, every_damaged_byte_is_noticed);
    tcase_add_loop_test(tc, a_torn_tail_is_cut, 0, 2);
    tcase_add_test(tc, an_unknown_format_version_is_named);
    tcase_add_test(tc, a_missing_file_is_named);
    tcase_add_loop_test(tc, a_full_disk, 0, 8);
    tcase_add_loop_test(tc, every_sync_fails_once, 0, 60);
    tcase_add_loop_test(tc, every_write_fails_once, 0, 60);
    tcase_add_loop_test(tc, every_sync_finds_the_disk_full_once, 0, 60);
    tcase_add_loop_test(tc, every_write_finds_the_disk_full_once, 0, 60);
    tcase_add_loop_test(tc, what_was_recovered_is_durable, 0, 60);
    return run_suite("recovery", tc);
}
