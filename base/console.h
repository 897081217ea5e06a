/**
 * @file base/console.h
 * @brief The standard streams of a program: results out, lines in. Calls block.
 *
 * Data goes through here, log lines through base/log.h. Thread: any; one write is one write(2) as far as the kernel
 * lets it.
 */
#ifndef WEIR_BASE_CONSOLE_H
#define WEIR_BASE_CONSOLE_H

#include "weir/error.h"
#include "weir/view.h"

/** Writes all of `text` to standard output. @retval WEIR_E_CLOSED nobody reads it any more @retval WEIR_E_IO,
 * WEIR_E_FULL */
enum weir_status weir_console_out(struct weir_view text, struct weir_error *err);
/** Writes to standard error; failures have nowhere to go. */
void weir_console_err(struct weir_view text);
/** Reads up to `cap` bytes of standard input. @retval WEIR_E_END it has ended @retval WEIR_E_IO */
enum weir_status weir_console_in(void *buf, size_t cap, size_t *got, struct weir_error *err);

#endif
