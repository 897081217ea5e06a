/**
 * @file management_checks.h
 * @brief What stream management, batch reading and the blocking calls do, as checks that any Pravega must pass: the
 *        embedded store in a simulated world (test_management.c), and the real one (tests/interop/manage.c).
 */
#ifndef PRAVEGA_TESTS_MANAGEMENT_CHECKS_H
#define PRAVEGA_TESTS_MANAGEMENT_CHECKS_H

#include "pravega/blocking.h"

struct management_check {
    const char *name;
    /** Works in a scope of its own, which it makes and deletes. False: `why` says what was not so. */
    bool (*run)(struct pravega_session *session, const char *scope, struct weir_error *why);
};

extern const struct management_check management_checks[];
extern const size_t management_check_count;

#endif
