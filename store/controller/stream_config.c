/*
 * stream_config.c - a stream's configuration as it is kept and shown.
 */
#include "store/controller/stream_config.h"

#include <stdlib.h>
#include <string.h>

#include "store/rules/names.h"

static int tag_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorts the tags and leaves out what is there twice. */
static void tidy(Pravega__Tags *tags)
{
    size_t kept = 0;

    if (tags->n_tag > 1)
        qsort(tags->tag, tags->n_tag, sizeof(*tags->tag), tag_compare);
    for (size_t i = 0; i < tags->n_tag; i++) {
        if (kept == 0 || strcmp(tags->tag[kept - 1], tags->tag[i]) != 0)
            tags->tag[kept++] = tags->tag[i];
    }
    tags->n_tag = kept;
}

static enum weir_status pack(struct weir_buf *out, const Pravega__StreamConfig *config)
{
    size_t len = pravega__stream_config__get_packed_size(config);

    if (weir_buf_reserve(out, len) != NULL)
        out->len += pravega__stream_config__pack(config, out->ptr + out->len);
    return out->status;
}

enum weir_status weir_stream_config_pack(struct weir_buf *out, const Pravega__StreamConfig *config)
{
    Pravega__StreamConfig kept = *config;
    Pravega__StreamInfo info = *config->streaminfo;
    Pravega__Tags tags = PRAVEGA__TAGS__INIT;
    enum weir_status status;

    info.accessoperation = PRAVEGA__STREAM_INFO__ACCESS_OPERATION__UNSPECIFIED;
    kept.streaminfo = &info;
    if (config->retentionpolicy != NULL &&
        config->retentionpolicy->retentiontype == PRAVEGA__RETENTION_POLICY__RETENTION_POLICY_TYPE__UNKNOWN)
        kept.retentionpolicy = NULL;
    if (config->tags != NULL && config->tags->n_tag > 0) {
        tags.n_tag = config->tags->n_tag;
        tags.tag = malloc(tags.n_tag * sizeof(*tags.tag));
        if (tags.tag == NULL)
            return out->status = WEIR_E_NOMEM;
        memcpy(tags.tag, config->tags->tag, tags.n_tag * sizeof(*tags.tag));
        tidy(&tags);
    }
    kept.tags = &tags;
    status = pack(out, &kept);
    free(tags.tag);
    return status;
}

enum weir_status weir_stream_config_fixed(struct weir_buf *out, const char *scope, struct weir_view stream,
                                          int32_t segment_count, int64_t rollover_bytes)
{
    Pravega__StreamConfig config = PRAVEGA__STREAM_CONFIG__INIT;
    Pravega__StreamInfo info = PRAVEGA__STREAM_INFO__INIT;
    Pravega__ScalingPolicy scaling = PRAVEGA__SCALING_POLICY__INIT;
    char name[PRAVEGA_NAME_LEN_MAX + 16];

    if (stream.len >= sizeof(name))
        return WEIR_E_LIMIT;
    memcpy(name, stream.ptr, stream.len);
    name[stream.len] = '\0';
    info.scope = pravega_proto_str(scope);
    info.stream = name;
    scaling.minnumsegments = segment_count;
    config.streaminfo = &info;
    config.scalingpolicy = &scaling;
    config.rolloversizebytes = rollover_bytes;
    return weir_stream_config_pack(out, &config);
}
