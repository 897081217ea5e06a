/**
 * @file group_world.h
 * @brief A simulated world with the embedded store, two streams, and two processes that use the same reader group;
 * calls of pravega/reader_group.h that are awaited there. Time is virtual.
 */
#ifndef WEIR_TEST_GROUP_WORLD_H
#define WEIR_TEST_GROUP_WORLD_H

#include <check.h>

#include "pravega/controller.h"
#include "pravega/event_reader.h"
#include "pravega/streams.h"
#include "weir/sim.h"
#include "weir/store.h"

#define LIMIT_NS (600 * WEIR_NS_PER_S)
#define SCOPE "scope"

struct process {
    struct weir_host *host;
    struct weir_loop *loop;
    struct pravega_client *client;
};

/* How a call ended, and what it answered. */
struct answer {
    bool over;
    enum weir_status status;
    char why[WEIR_ERROR_MESSAGE_LEN_MAX];
    struct pravega_reader_group *group;
    struct pravega_event_reader *reader;
    struct pravega_checkpoint checkpoint;
    struct pravega_stream_cut cuts[4];
    size_t count;
    char names[4][64];
    int64_t bytes;
    struct pravega_reader_group_config config; /* its streams are not to be looked at, but for their number */
};

/* What the controller knows of the group. */
struct record {
    struct answer answer;
    struct pravega_txn_id id;
    int64_t generation;
};

extern struct weir_sim *sim;
extern struct process store_process, first, second;
extern struct weir_store *store;
extern const struct pravega_group_name group_name;
extern struct pravega_group_stream streams[2];
extern const struct pravega_reader_group_config both_config;
extern const struct pravega_reader_group_config one_config;
extern const struct pravega_reader_group_config two_config;

void start_process(struct process *process, const char *name);
void stop_process(struct process *process);
void kill_process(struct process *process);
void await(struct answer *answer);
void run_for(int64_t ns);
void on_done(void *arg, enum weir_status status, const struct weir_error *why);
void must(struct answer *answer);
void make_stream(const struct pravega_stream_name *stream, int segments);
void write_events(const struct pravega_stream_name *stream, int count);
void open_store(void);
void close_store(void);
void setup(void);
void teardown(void);
void on_group(void *arg, enum weir_status status, struct pravega_reader_group *group, const struct weir_error *why);
enum weir_status create(struct process *process, const struct pravega_reader_group_config *config);
struct pravega_reader_group *open_group(struct process *process);
struct pravega_reader_group *make_group(const struct pravega_reader_group_config *config);
void on_checkpoint(void *arg, enum weir_status status, const struct pravega_checkpoint *checkpoint,
                   const struct weir_error *why);
void on_cuts(void *arg, enum weir_status status, const struct pravega_stream_cut *cuts, size_t count,
             const struct weir_error *why);
void on_names(void *arg, enum weir_status status, const char *const *names, size_t count, const struct weir_error *why);
void on_bytes(void *arg, enum weir_status status, int64_t bytes, const struct weir_error *why);
void on_config(void *arg, enum weir_status status, const struct pravega_reader_group_config *config,
               const struct weir_error *why);
void on_reader(void *arg, enum weir_status status, struct pravega_event_reader *reader, const struct weir_error *why);
struct record record_of_group(void);
void finish(struct answer *answer);
size_t stream_count(struct pravega_reader_group *group);
int64_t unread(struct pravega_reader_group *group);
struct pravega_event_reader *join(struct process *process, const char *id);
int read_until(struct pravega_event_reader *reader, struct answer *answer);
enum weir_status next_until_bad(struct pravega_event_reader *reader);
/* Runs the tests, each in a world of its own, as a suite of this name. Returns what main() has to. */
int run_in_worlds(const char *name, void (*add_tests)(TCase *tc));

#endif
