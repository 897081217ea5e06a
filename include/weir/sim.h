/**
 * @file weir/sim.h
 * @brief A simulated world: hosts, network, disks and time in one thread, repeatable from one seed.
 *
 * A simulation plays several processes. Each has a weir_host, to which everything else in the tree is indifferent. Time
 * moves only when nothing is left to do now. Bytes between hosts take seeded delays; connections can stall and be cut;
 * a crash of a host ends its loops and connections at once and makes its disk forget what was not synced.
 */
#ifndef WEIR_SIM_H
#define WEIR_SIM_H

#include "weir/fs.h"
#include "weir/host.h"

#ifdef __cplusplus
extern "C" {
#endif

struct weir_sim;

struct weir_sim_options {
    uint64_t seed;
    enum weir_log_level log_level;
    int log_fd;                                   /**< 0 means standard error, -1 that nobody hears */
    int64_t net_delay_min_ns, net_delay_max_ns;   /**< of each chunk one way; 0, 0 means 20 us to 500 us */
    int64_t sync_delay_min_ns, sync_delay_max_ns; /**< of a pool job; 0, 0 means 50 us to 2 ms */
    uint32_t cut_per_million;                     /**< chance that a chunk's delivery cuts its connection instead */
    uint32_t stall_per_million;                   /**< chance that a chunk waits up to 2 s */
    uint32_t torn_per_million;                    /**< chance, at a crash, that an unsynced write survives in part */
};

enum weir_status weir_sim_new(const struct weir_sim_options *options, struct weir_sim **out, struct weir_error *err);
/** All hosts must be crashed or freed. */
void weir_sim_free(struct weir_sim *sim);
/** A process on a machine with the disk `disk_name`, which outlives it: start again with the same name to recover. */
enum weir_status weir_sim_host_new(struct weir_sim *sim, const char *name, const char *disk_name,
                                   struct weir_host **out, struct weir_error *err);
/** Sets a variable of the host's environment, which begins empty; a NULL value takes it out. Strings are copied. */
void weir_sim_host_set_env(struct weir_host *host, const char *name, const char *value);
/**
 * kill -9: no callback of this host runs again, its peers see their connections break, unsynced changes are lost.
 * The objects that lived in the process are abandoned, as at a real kill: their memory came from malloc and stays
 * allocated until weir_sim_free() unless their owner frees them; free them first with weir_sim_host_silence().
 */
void weir_sim_host_crash(struct weir_host *host);
/**
 * First half of a crash, and the instant of it: no callback runs from now on, the disk forgets, peers see connections
 * break. The owner may then free its objects in any order without effect: file calls fail with WEIR_E_IO, connections
 * take bytes and drop them, timers and mail are not accepted. weir_sim_host_crash() or weir_host_free() ends the host.
 * (Of several hosts on one disk, the last to crash makes it forget.)
 */
void weir_sim_host_silence(struct weir_host *host);

/** Runs until `until(arg)` is true or `limit_ns` of virtual time have passed; returns whether it became true. */
bool weir_sim_run(struct weir_sim *sim, bool (*until)(void *arg), void *arg, int64_t limit_ns);
int64_t weir_sim_now_ns(struct weir_sim *sim);
/** A seeded number below `bound` (> 0), for the test's own choices. */
uint64_t weir_sim_below(struct weir_sim *sim, uint64_t bound);

/** From now on the network neither cuts nor stalls; bytes still take their time. */
void weir_sim_net_calm(struct weir_sim *sim);

/** A digest of all that has happened: every turn, every byte sent or written. Two runs of one seed agree on it. */
uint64_t weir_sim_trace(struct weir_sim *sim);

/**
 * Faults on one disk: one call fails. `after` counts calls from now; 0 is the next one. A write that fails may leave a
 * part of itself in the file. What a failed sync did not make durable is lost at a crash, whatever is synced later.
 * Syncs are those of files and of folders.
 */
void weir_sim_disk_fail_write(struct weir_sim *sim, const char *disk_name, uint64_t after, enum weir_status status);
void weir_sim_disk_fail_sync(struct weir_sim *sim, const char *disk_name, uint64_t after, enum weir_status status);
void weir_sim_disk_capacity(struct weir_sim *sim, const char *disk_name, uint64_t bytes); /**< 0 means unlimited */
uint64_t weir_sim_disk_sync_count(struct weir_sim *sim, const char *disk_name);

#ifdef __cplusplus
}
#endif

#endif
