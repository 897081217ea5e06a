/**
 * @file base/signals.h
 * @brief SIGINT and SIGTERM as a call on a loop, so that Ctrl-C stops a program in order; SIGHUP as another one.
 *
 * Thread: the loop's. One watcher at a time in a process. A simulated loop takes a watcher and never calls it.
 */
#ifndef WEIR_BASE_SIGNALS_H
#define WEIR_BASE_SIGNALS_H

#include "weir/loop.h"

struct weir_signals;

/** Calls `fn` for each SIGINT or SIGTERM; the second one within the program ends it at once, as without a watcher. */
enum weir_status weir_signals_watch(struct weir_loop *loop, void (*fn)(void *arg, int signo), void *arg,
                                    struct weir_signals **out, struct weir_error *err);
/**
 * Calls `fn` for each SIGHUP from now on: a service manager's word for "read your files anew". Without it, SIGHUP ends
 * the program. Once for a watcher.
 */
enum weir_status weir_signals_on_hangup(struct weir_signals *signals, void (*fn)(void *arg), void *arg,
                                        struct weir_error *err);
/** The signals do again what they did before. NULL is fine. */
void weir_signals_free(struct weir_signals *signals);

#endif
