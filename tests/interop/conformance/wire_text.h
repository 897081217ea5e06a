/**
 * @file wire_text.h
 * @brief Wire commands as text, from the table of pravega/wire.h.
 *
 *     SETUP_APPEND request_id:1 writer_id:7 segment:"a/b/0.#epoch.0"
 *
 * Fields that are not named are 0 or empty. Items of lists are written one by one: sources:"x" sources:"y",
 * updates:(attribute type new old), keys:("k" version), entries:("k" version "value"). "cut:N" leaves out the last N
 * bytes of the payload, as older peers do; "more:"x"" puts bytes behind it.
 */
#ifndef CONFORMANCE_WIRE_TEXT_H
#define CONFORMANCE_WIRE_TEXT_H

#include "pravega/wire.h"
#include "text.h"

/** The rest of the line, encoded as one frame and appended. `raw` instead of a command: hex digits and strings. */
void take_command(struct cursor *in, struct weir_buf *out);
/** Appended. Times and stack traces are left out. */
void put_command(struct weir_buf *out, const struct pravega_wire_command *cmd, struct labels *labels);

#endif
