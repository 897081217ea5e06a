/*
 * process.h - other programs, for tests: started, waited for, killed; and an embedded store as one of them.
 *
 * A helper that can't do its part ends the test with a line that says why: no test goes on without it.
 */
#ifndef WEIR_TESTS_SYSTEM_PROCESS_H
#define WEIR_TESTS_SYSTEM_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PATH_LEN_MAX 4096
#define RUNNING (-1)
#define KILLED(signo) (256 + (signo))

void die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

/** A folder of the test's own. Removed with all it holds by folder_remove(). */
void folder_make(char path[PATH_LEN_MAX]);
void folder_remove(const char *path);
/** "folder/name" in static memory: the last eight are good. */
const char *path_in(const char *folder, const char *name);
/** The whole file, NUL-terminated; empty if it is not there. The caller frees it. */
char *file_text(const char *path);
void file_write(const char *path, const char *text);

struct process {
    pid_t pid;
    int code; /**< RUNNING, the exit code, or KILLED(signo) */
};

/** Starts argv[0]; its standard streams are these files (NULL: /dev/null for input, ours for the others). */
void process_start(struct process *process, const char *const *argv, const char *in, const char *out, const char *err);
/** Waits until it ends, at most so long (-1: for good). Returns its code, or RUNNING. */
int process_wait(struct process *process, int64_t timeout_ms);
/** Sends the signal and waits for the end. Nothing if it has ended. */
void process_kill(struct process *process, int signo);
/** Runs it to its end. A test that hangs is ended by its own time limit. */
int process_run(const char *const *argv, const char *in, const char *out, const char *err);

/** `weir store` in a folder of its own, on ports that it keeps over restarts. */
struct store_process {
    struct process process;
    const char *weir;
    const char *data;      /**< NULL: "data" in the folder */
    const char *advertise; /**< what it is named to clients; NULL: 127.0.0.1 */
    const char *const *more; /**< further options, NULL ends them; NULL: none */
    char folder[PATH_LEN_MAX];
    char uri[128], controller_port[8], segment_port[8];
};

/** Starts it (again) and waits until it serves. @param weir the program */
void store_start(struct store_process *store, const char *weir, const char *folder);
/** SIGTERM: an orderly end, which has to have code 0; or any other signal. */
void store_stop(struct store_process *store, int signo);

#endif
