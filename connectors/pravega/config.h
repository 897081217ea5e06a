/**
 * @file connectors/pravega/config.h
 * @brief The effective PravegaConfig of one reader or writer: arguments over environment over defaults, copied.
 */
#ifndef WEIR_CONNECTORS_PRAVEGA_CONFIG_H
#define WEIR_CONNECTORS_PRAVEGA_CONFIG_H

#include "pravega/types.h"
#include "weir/pravega.h"

/** "scope/stream" taken apart. */
struct weir_pravega_stream {
    char scope[PRAVEGA_NAME_LEN_MAX + 1];
    char stream[PRAVEGA_NAME_LEN_MAX + 1];
};

static inline struct pravega_stream_name weir_pravega_stream_name(const struct weir_pravega_stream *stream)
{
    return (struct pravega_stream_name){stream->scope, stream->stream};
}

/** Fills what is NULL in `config` (which may be NULL itself) from the environment; strings are borrowed from both. */
struct weir_pravega_config weir_pravega_config_resolve(const struct weir_pravega_config *config);
/** @retval WEIR_E_INVAL no such name, or no scope: the message says how to give one */
enum weir_status weir_pravega_resolve_stream(const struct weir_pravega_config *config, const char *text,
                                             struct weir_pravega_stream *out, struct weir_error *err);
/** A client of its own for one subtask. */
enum weir_status weir_pravega_connect(const struct weir_pravega_config *config, struct weir_loop *loop,
                                      struct pravega_client **out, struct weir_error *err);

#endif
