/**
 * @file store_case.h
 * @brief What the programs of this folder that are suites of Check begin with: a folder, a store in it as a process of
 * its own, what its ready file says, and how the tests are run.
 */
#ifndef WEIR_TESTS_SYSTEM_STORE_CASE_H
#define WEIR_TESTS_SYSTEM_STORE_CASE_H

#include <check.h>

#include "process.h"

struct store_case {
    const char *weir; /**< the program; set by main() */
    char folder[PATH_LEN_MAX];
    struct store_process store;
};

/** A folder of the test's own; the store is not started. */
void store_case_begin(struct store_case *at);
/** Starts the store, with further options (NULL ends them; NULL: none). */
void store_case_start(struct store_case *at, const char *const *more);
/** The store's end in order; the folder is gone. */
void store_case_end(struct store_case *at);

/** The line of the ready file that begins so, without its beginning; in static memory. */
const char *store_case_ready_line(const struct store_case *at, const char *beginning);
/** Connects to a port of this machine; a read that waits for longer than limit_s fails. Returns the socket. */
int store_case_connect(uint16_t port, int limit_s);

/** Runs the tests of a case, each between the two, as a suite of its name. Returns what main() has to. */
int store_case_run(const char *name, void (*setup)(void), void (*teardown)(void), void (*add_tests)(TCase *tc));

#endif
