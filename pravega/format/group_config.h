/**
 * @file pravega/format/group_config.h
 * @brief A reader group's configuration as the controller and the group's state carry it: upstream's ReaderGroupConfig
 *        with its generation and the group's id.
 *
 * Owns its memory; zeroed it is empty. Thread: any.
 */
#ifndef PRAVEGA_FORMAT_GROUP_CONFIG_H
#define PRAVEGA_FORMAT_GROUP_CONFIG_H

#include "base/uuid.h"
#include "pravega/reader_group.h"

struct pravega_group_config_stream {
    char *scope, *stream;
    struct pravega_stream_cut from, to; /**< UNBOUNDED, or of this stream */
};

struct pravega_group_config {
    struct pravega_group_config_stream *streams; /**< sorted by scope and stream */
    size_t stream_count;
    int64_t automatic_checkpoint_interval_ms; /**< -1: none */
    int64_t group_refresh_time_ms;
    int32_t max_outstanding_checkpoint_request;
    enum pravega_data_retention retention_type;
    int64_t generation;  /**< -1 before the controller has given it one */
    struct weir_uuid id; /**< zero before the group is created */
};

/** Copies what a user gave, with defaults filled in. `config` is overwritten.
 *  @retval WEIR_E_INVAL no streams, one twice, a cut of another stream, a bad interval; `config` is zeroed then */
enum weir_status pravega_group_config_from_user(struct pravega_group_config *config,
                                                const struct pravega_reader_group_config *user, struct weir_error *err);
/** What a user sees of it: points into `config`. `streams` is room for config->stream_count entries. */
void pravega_group_config_to_user(const struct pravega_group_config *config, struct pravega_group_stream *streams,
                                  struct pravega_reader_group_config *user);
enum weir_status pravega_group_config_copy(struct pravega_group_config *config, const struct pravega_group_config *from,
                                           struct weir_error *err);
void pravega_group_config_fini(struct pravega_group_config *config);
/** As upstream's equals(): generation and id are not looked at. */
bool pravega_group_config_equal(const struct pravega_group_config *a, const struct pravega_group_config *b);
/** Appends ReaderGroupConfig.toBytes(). */
void pravega_group_config_to_bytes(const struct pravega_group_config *config, struct weir_buf *out);
/** The end of a stream that is not read is left out. Within other objects: pravega/format/objects.h.
 *  @retval WEIR_E_INVAL the bytes are none @retval WEIR_E_NOMEM; `config` is zeroed then */
enum weir_status pravega_group_config_from_bytes(struct weir_view bytes, struct pravega_group_config *config,
                                                 struct weir_error *err);

#endif
