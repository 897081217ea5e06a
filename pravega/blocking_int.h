/**
 * @file pravega/blocking_int.h
 * @brief What the files of blocking forms share.
 */
#ifndef PRAVEGA_BLOCKING_INT_H
#define PRAVEGA_BLOCKING_INT_H

#include "pravega/blocking.h"

/* Results in one block: its length is the sum of the padded lengths of its parts. */
size_t pravega_result_len(size_t len); /**< padded, so that anything may follow */
/** The next `len` bytes of a block that has them. */
void *pravega_result_take(char **at, size_t len);
char *pravega_result_text(char **at, const char *text);
/** Of what is put beside a cut. */
size_t pravega_result_cut_len(const struct pravega_stream_cut *cut);
void pravega_result_cut(char **at, const struct pravega_stream_cut *cut, struct pravega_stream_cut *copy);
/** The end of a callback whose result found no memory. */
void pravega_await_nomem(struct pravega_await *await);

/** A pravega_exists_fn whose argument is an await, whose out is a bool. */
void pravega_await_on_exists(void *await, enum weir_status status, bool exists, const struct weir_error *why);
/** A pravega_name_page_fn whose argument is an await, whose out is a struct pravega_name_page **. */
void pravega_await_on_page(void *await, enum weir_status status, const char *const *names, size_t count,
                           const char *token, const struct weir_error *why);
/** A pravega_names_fn whose argument is an await, whose out is a struct pravega_names **. */
void pravega_await_on_names(void *await, enum weir_status status, const char *const *names, size_t count,
                            const struct weir_error *why);

#endif
