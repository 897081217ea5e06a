/**
 * @file pravega/blocking_int.h
 * @brief What the files of blocking forms share.
 */
#ifndef PRAVEGA_BLOCKING_INT_H
#define PRAVEGA_BLOCKING_INT_H

#include "pravega/blocking.h"

/** A pravega_names_fn whose argument is an await, whose out is a struct pravega_names **. */
void pravega_await_on_names(void *await, enum weir_status status, const char *const *names, size_t count,
                            const struct weir_error *why);

#endif
