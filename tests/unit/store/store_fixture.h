/**
 * @file store_fixture.h
 * @brief A simulated machine with one container on it, calls that wait for their outcome, and the files of its folder.
 *
 * What must work, and does not, fails the test; what a test may want to see refused returns its status.
 */
#ifndef STORE_FIXTURE_H
#define STORE_FIXTURE_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/container/container.h"
#include "store/container/fetch.h"
#include "weir/fs.h"
#include "weir/sim.h"

#define DISK "disk"
#define DIR "/var/store"
#define WAIT_NS (60 * WEIR_NS_PER_S)

/** Runs the test case as a suite of its name, in this process. @return what main() has to */
int run_suite(const char *name, TCase *tc);

/* --- The machine ------------------------------------------------------------------------------------------------ */

struct machine {
    struct weir_sim *sim;
    struct weir_host *host;
    struct weir_loop *loop;
    struct weir_container *ctr; /**< NULL: it is down */
    struct weir_container_options options;
    struct weir_error err; /**< of the last open, close or check */
};

/** A new world, and the container open in it. */
void machine_init(struct machine *m, uint64_t seed, uint64_t flush_bytes);
void machine_fini(struct machine *m);
struct weir_fs *machine_fs(struct machine *m);

/** The process anew, without a container; then the container. */
void machine_boot(struct machine *m);
enum weir_status machine_open(struct machine *m);
/** It must open. */
void machine_must_open(struct machine *m);
/** The end in order; the same, and a process anew; the same, and open. */
void machine_shut_down(struct machine *m);
void machine_reboot(struct machine *m);
void machine_reopen(struct machine *m);
/** kill -9, and the machine loses power. Then a process anew, or open, too. */
void machine_crash(struct machine *m);
void machine_crash_and_boot(struct machine *m);
void machine_recover(struct machine *m);

/* --- Calls that wait -------------------------------------------------------------------------------------------- */

struct waiter {
    struct weir_store_op op;
    bool done;
};

struct waiter waiter(void);
enum weir_status await(struct machine *m, struct waiter *w);
bool is_true(void *arg); /**< a condition for weir_sim_run(): of a bool */

void begin_changes(struct machine *m, struct weir_change *changes, size_t count, struct waiter *w);
enum weir_status change(struct machine *m, struct weir_change one);
enum weir_status create(struct machine *m, const char *name);
/** @param key_len 0: a hash table */
enum weir_status create_table(struct machine *m, const char *name, uint32_t key_len);
enum weir_status seal(struct machine *m, const char *name);
enum weir_status truncate_at(struct machine *m, const char *name, int64_t offset);
enum weir_status merge(struct machine *m, const char *target, const char *source);
enum weir_status delete_segment(struct machine *m, const char *name);
enum weir_status put_key(struct machine *m, const char *key, struct weir_view value); /**< to the map */
enum weir_status barrier(struct machine *m);
enum weir_status flush(struct machine *m);

/** NULL: there is none of that name. */
struct weir_segment *segment(struct machine *m, const char *name);
struct weir_segment_info info_of(struct machine *m, const char *name);

/** As one event. */
void begin_append(struct machine *m, const char *name, struct weir_uuid writer, int64_t number, struct weir_view data,
                  struct waiter *w);
enum weir_status append(struct machine *m, const char *name, const char *text);
/** By nobody: without a number. */
enum weir_status append_bytes(struct machine *m, const char *name, struct weir_view data);

struct reading {
    struct weir_segment_read read;
    bool done;
};

void begin_read(struct weir_segment *seg, int64_t offset, size_t len_max, bool wait, struct reading *r);
enum weir_status await_read(struct machine *m, struct reading *r);
/** Reads on to the segment's end, looking at nothing. @return of the first read that failed */
enum weir_status read_through(struct machine *m, const char *name);
/** All acknowledged bytes of a segment, malloc'ed, with a NUL behind them. */
uint8_t *read_all(struct machine *m, struct weir_segment *seg, size_t *len);
void assert_content(struct machine *m, const char *name, const char *expected);
/** The value at `place` of a table, where keys have key_len bytes. */
void read_value(struct machine *m, struct weir_segment *seg, size_t key_len, const struct weir_table_place *place,
                uint8_t *out);

/* --- The files of its folder, while it is down ------------------------------------------------------------------ */

struct files {
    char names[64][40]; /**< without the lock */
    char paths[64][80];
    int count;
};

void list_files(struct machine *m, struct files *files);
bool is_chunk(const char *name);
/** The first file whose name begins so. */
const char *file_path(struct machine *m, const char *begin, char path[80]);
/** Its bytes, malloc'ed. */
uint8_t *load_file(struct machine *m, const char *path, size_t *len);
/** Makes or replaces it, durably. */
void save_file(struct machine *m, const char *path, const void *bytes, size_t len);
/** Turns some bits over, durably; once more turns them back. */
void flip(struct machine *m, const char *path, uint64_t offset, uint8_t bits);
void remove_file(struct machine *m, const char *path); /**< durably */

#endif
