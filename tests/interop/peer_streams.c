/*
 * peer_streams.c - the verbs on streams, stream cuts and batches.
 *
 * A configuration is a list of words: "scale=fixed:3", "scale=events|kbytes:RATE:FACTOR:MIN",
 * "keep=time|size:MIN[:MAX]", "tag=NAME", "aggregate=MS", "rollover=BYTES". A cut is "text=..." or "bytes=..."
 * (hexadecimal), or "-" for none.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer.h"

#define WORDS_MAX 16
#define SEGMENTS_MAX 64

/* ---- configurations */

struct parsed_config {
    struct pravega_stream_config config;
    const char *tags[WORDS_MAX];
};

static const char *after(const char *word, const char *prefix)
{
    size_t len = strlen(prefix);

    return strncmp(word, prefix, len) == 0 ? word + len : NULL;
}

static bool parse_word(const char *word, struct parsed_config *out)
{
    struct pravega_stream_config *config = &out->config;
    const char *rest;
    int found = 0;

    if ((rest = after(word, "scale=fixed:")) != NULL)
        return sscanf(rest, "%" SCNd32, &config->min_segments) == 1;
    if ((rest = after(word, "scale=events:")) != NULL)
        config->scale_type = PRAVEGA_SCALE_BY_EVENTS;
    else if ((rest = after(word, "scale=kbytes:")) != NULL)
        config->scale_type = PRAVEGA_SCALE_BY_KBYTES;
    if (rest != NULL)
        return sscanf(rest, "%" SCNd32 ":%" SCNd32 ":%" SCNd32, &config->target_rate, &config->scale_factor,
                      &config->min_segments) == 3;
    if ((rest = after(word, "keep=time:")) != NULL)
        config->retention_type = PRAVEGA_RETENTION_TIME;
    else if ((rest = after(word, "keep=size:")) != NULL)
        config->retention_type = PRAVEGA_RETENTION_SIZE;
    if (rest != NULL)
        found = sscanf(rest, "%" SCNd64 ":%" SCNd64, &config->retention_min, &config->retention_max);
    else if ((rest = after(word, "tag=")) != NULL)
        out->tags[found = 1, config->tag_count++] = rest;
    else if ((rest = after(word, "aggregate=")) != NULL)
        found = sscanf(rest, "%" SCNd64, &config->timestamp_aggregation_timeout_ms);
    else if ((rest = after(word, "rollover=")) != NULL)
        found = sscanf(rest, "%" SCNd64, &config->rollover_bytes);
    return found >= 1;
}

static bool parse_config(char **words, int count, struct parsed_config *out)
{
    *out = (struct parsed_config){0};
    out->config.tags = out->tags;
    for (int i = 0; i < count; i++)
        if (!parse_word(words[i], out)) {
            fprintf(stderr, "peer: %s is no part of a configuration\n", words[i]);
            return false;
        }
    return true;
}

static void print_config(const struct pravega_stream_config *config)
{
    if (config->scale_type == PRAVEGA_SCALE_FIXED)
        printf("scale=fixed:%" PRId32, config->min_segments);
    else
        printf("scale=%s:%" PRId32 ":%" PRId32 ":%" PRId32,
               config->scale_type == PRAVEGA_SCALE_BY_EVENTS ? "events" : "kbytes", config->target_rate,
               config->scale_factor, config->min_segments);
    if (config->retention_type != PRAVEGA_RETENTION_NONE)
        printf(" keep=%s:%" PRId64, config->retention_type == PRAVEGA_RETENTION_TIME ? "time" : "size",
               config->retention_min);
    if (config->retention_type != PRAVEGA_RETENTION_NONE && config->retention_max != 0)
        printf(":%" PRId64, config->retention_max);
    for (size_t i = 0; i < config->tag_count; i++)
        printf(" tag=%s", config->tags[i]);
    printf(" aggregate=%" PRId64 " rollover=%" PRId64, config->timestamp_aggregation_timeout_ms,
           config->rollover_bytes);
}

/* ---- cuts */

bool peer_cut(const char *text, struct pravega_stream_cut *cut, struct weir_error *err)
{
    const char *rest;
    struct weir_buf bytes;
    enum weir_status status = WEIR_E_INVAL;

    *cut = (struct pravega_stream_cut){0};
    if (strcmp(text, "-") == 0)
        return true;
    weir_buf_init(&bytes, 1 << 20);
    if ((rest = after(text, "text=")) != NULL)
        status = pravega_stream_cut_from_text(rest, cut, err);
    else if ((rest = after(text, "bytes=")) != NULL && peer_read_hex(rest, &bytes))
        status = pravega_stream_cut_from_bytes(weir_buf_view(&bytes), cut, err);
    else
        weir_fail(err, WEIR_E_INVAL, "%s is no cut", text);
    weir_buf_fini(&bytes);
    return status == WEIR_OK;
}

static int print_cut(const struct pravega_stream_cut *cut, const char *form, struct weir_error *err)
{
    char *text = NULL;
    struct weir_buf bytes;
    enum weir_status status = WEIR_OK;

    if (strcmp(form, "text") == 0) {
        status = pravega_stream_cut_to_text(cut, &text, err);
        if (status == WEIR_OK)
            printf("text=%s\n", text);
        free(text);
    } else {
        weir_buf_init(&bytes, 1 << 20);
        pravega_stream_cut_to_bytes(cut, &bytes);
        printf("bytes=");
        peer_print_hex(weir_buf_view(&bytes));
        weir_buf_fini(&bytes);
    }
    return peer_end(status, err);
}

static void print_offsets(const char *name, const struct pravega_stream_cut *cut)
{
    printf("%s", name);
    for (size_t i = 0; i < cut->position_count; i++)
        printf(" %" PRId64 "=%" PRId64, cut->positions[i].id, cut->positions[i].offset);
    printf("\n");
}

/* ---- verbs */

static int stream_create(struct pravega_session *session, char **arguments, int count)
{
    struct parsed_config parsed;
    struct pravega_stream_name stream;
    struct peer_name room;
    struct weir_error err = {0};
    enum weir_status status;

    if (!peer_stream(arguments[0], &room, &stream) || !parse_config(arguments + 1, count - 1, &parsed))
        return 2;
    status = pravega_await_scope_create(session, stream.scope, &err);
    if (status == WEIR_OK || status == WEIR_E_EXISTS)
        status = pravega_await_stream_create(session, &stream, &parsed.config, &err);
    return peer_end(status, &err);
}

static int stream_update(struct pravega_session *session, char **arguments, int count)
{
    struct parsed_config parsed;
    struct pravega_stream_name stream;
    struct peer_name room;
    struct weir_error err = {0};

    if (!peer_stream(arguments[0], &room, &stream) || !parse_config(arguments + 1, count - 1, &parsed))
        return 2;
    return peer_end(pravega_await_stream_update(session, &stream, &parsed.config, &err), &err);
}

static int stream_show(struct pravega_session *session, char **arguments, int count)
{
    struct pravega_stream_name stream;
    struct pravega_stream_info *info;
    struct peer_name room;
    struct weir_error err = {0};

    (void)count;
    if (!peer_stream(arguments[0], &room, &stream))
        return 2;
    if (pravega_await_stream_info(session, &stream, &info, &err) != WEIR_OK)
        return peer_fail(&err);
    print_config(info->config);
    printf("%s\n", info->sealed ? " sealed" : "");
    print_offsets("head", info->head);
    print_offsets("tail", info->tail);
    free(info);
    return 0;
}

static int stream_seal(struct pravega_session *session, char **arguments, int count)
{
    struct pravega_stream_name stream;
    struct peer_name room;
    struct weir_error err = {0};

    (void)count;
    if (!peer_stream(arguments[0], &room, &stream))
        return 2;
    return peer_end(pravega_await_stream_seal(session, &stream, &err), &err);
}

static int stream_list(struct pravega_session *session, char **arguments, int count)
{
    struct pravega_names *names;
    struct weir_error err = {0};
    enum weir_status status = count == 1
                                  ? pravega_await_stream_list(session, arguments[0], &names, &err)
                                  : pravega_await_stream_list_tagged(session, arguments[0], arguments[1], &names, &err);

    if (status != WEIR_OK)
        return peer_fail(&err);
    for (size_t i = 0; i < names->count; i++)
        printf("%s\n", names->names[i]);
    free(names);
    return 0;
}

static int stream_segments(struct pravega_session *session, char **arguments, int count)
{
    struct pravega_stream_name stream;
    struct pravega_ranges *segments;
    struct peer_name room;
    struct weir_error err = {0};

    (void)count;
    if (!peer_stream(arguments[0], &room, &stream))
        return 2;
    if (pravega_await_current_segments(session, &stream, &segments, &err) != WEIR_OK)
        return peer_fail(&err);
    for (size_t i = 0; i < segments->count; i++)
        printf("%" PRId64 " %.6f %.6f\n", segments->ranges[i].id, segments->ranges[i].min_key,
               segments->ranges[i].max_key);
    free(segments);
    return 0;
}

/* All segments are replaced by so many of equal shares. */
static int stream_scale(struct pravega_session *session, char **arguments, int count)
{
    pravega_segment_id sealed[SEGMENTS_MAX];
    struct pravega_segment_range ranges[SEGMENTS_MAX];
    struct pravega_scale scale = {sealed, 0, ranges, (size_t)atoi(arguments[1])};
    struct pravega_stream_name stream;
    struct pravega_ranges *now;
    struct peer_name room;
    struct weir_error err = {0};

    (void)count;
    if (!peer_stream(arguments[0], &room, &stream) || scale.range_count == 0 || scale.range_count > SEGMENTS_MAX)
        return 2;
    if (pravega_await_current_segments(session, &stream, &now, &err) != WEIR_OK)
        return peer_fail(&err);
    for (; scale.sealed_count < now->count && scale.sealed_count < SEGMENTS_MAX; scale.sealed_count++)
        sealed[scale.sealed_count] = now->ranges[scale.sealed_count].id;
    free(now);
    for (size_t i = 0; i < scale.range_count; i++)
        ranges[i] = (struct pravega_segment_range){0, (double)i / (double)scale.range_count,
                                                   (double)(i + 1) / (double)scale.range_count};
    return peer_end(pravega_await_stream_scale(session, &stream, &scale, NULL, &err), &err);
}

static int stream_cut(struct pravega_session *session, char **arguments, int count)
{
    struct pravega_stream_name stream;
    struct pravega_stream_info *info;
    struct peer_name room;
    struct weir_error err = {0};
    int status;

    (void)count;
    if (!peer_stream(arguments[0], &room, &stream))
        return 2;
    if (pravega_await_stream_info(session, &stream, &info, &err) != WEIR_OK)
        return peer_fail(&err);
    status = print_cut(strcmp(arguments[1], "head") == 0 ? info->head : info->tail, arguments[2], &err);
    free(info);
    return status;
}

static int stream_truncate(struct pravega_session *session, char **arguments, int count)
{
    struct pravega_stream_name stream;
    struct pravega_stream_cut cut;
    struct peer_name room;
    struct weir_error err = {0};
    enum weir_status status;

    (void)count;
    if (!peer_stream(arguments[0], &room, &stream))
        return 2;
    if (!peer_cut(arguments[1], &cut, &err))
        return peer_fail(&err);
    status = pravega_await_stream_truncate(session, &stream, &cut, &err);
    pravega_stream_cut_fini(&cut);
    return peer_end(status, &err);
}

/* ---- batches */

static enum weir_status count_range(struct pravega_session *session, const struct pravega_stream_name *stream,
                                    const struct pravega_batch_range *range, bool shows, struct weir_error *err)
{
    struct pravega_batch_reader *reader;
    struct pravega_event event;
    int event_count = 0;
    enum weir_status status = pravega_await_batch_reader_new(session, stream, range, NULL, &reader, err);

    if (status != WEIR_OK)
        return status;
    while ((status = pravega_await_batch_next(session, reader, -1, &event, err)) == WEIR_OK) {
        event_count++;
        if (shows)
            printf("%.*s\n", (int)event.payload.len, (const char *)event.payload.ptr);
    }
    pravega_batch_reader_free(reader);
    if (status != WEIR_E_END)
        return status;
    if (!shows)
        printf("%" PRId64 " %" PRId64 "..%" PRId64 " %d\n", range->segment, range->start_offset, range->end_offset,
               event_count);
    return WEIR_OK;
}

static int on_batch(struct pravega_session *session, char **arguments, bool shows)
{
    struct pravega_stream_name stream;
    struct pravega_stream_cut from = {0}, to = {0};
    struct pravega_batch_segments *segments = NULL;
    struct peer_name room;
    struct weir_error err = {0};
    enum weir_status status = WEIR_E_INVAL;

    if (!peer_stream(arguments[0], &room, &stream))
        return 2;
    if (peer_cut(arguments[1], &from, &err) && peer_cut(arguments[2], &to, &err))
        status = pravega_await_batch_segments(session, &stream, &from, &to, &segments, &err);
    for (size_t i = 0; status == WEIR_OK && i < segments->range_count; i++)
        status = count_range(session, &stream, &segments->ranges[i], shows, &err);
    free(segments);
    pravega_stream_cut_fini(&from);
    pravega_stream_cut_fini(&to);
    return peer_end(status, &err);
}

static int stream_ranges(struct pravega_session *session, char **arguments, int count)
{
    (void)count;
    return on_batch(session, arguments, false);
}

static int stream_batch(struct pravega_session *session, char **arguments, int count)
{
    (void)count;
    return on_batch(session, arguments, true);
}

/* ---- from one cut to another, by a group of one reader */

static enum weir_status read_group(struct pravega_session *session, const struct pravega_group_name *group,
                                   struct weir_error *err)
{
    struct pravega_event_reader *reader;
    struct pravega_event_read event;
    enum weir_status status = pravega_await_event_reader_new(session, group, "r", NULL, &reader, err);

    if (status != WEIR_OK)
        return status;
    while ((status = pravega_await_event_next(session, reader, 30000, &event, err)) == WEIR_OK)
        if (event.kind == PRAVEGA_READ_EVENT)
            printf("%.*s\n", (int)event.payload.len, (const char *)event.payload.ptr);
    pravega_event_reader_free(reader);
    return status == WEIR_E_END ? WEIR_OK : status;
}

static int stream_read(struct pravega_session *session, char **arguments, int count)
{
    struct pravega_group_stream streams[1] = {{.from = NULL}};
    struct pravega_reader_group_config config = {
        .streams = streams, .stream_count = 1, .automatic_checkpoint_interval_ms = 200, .group_refresh_time_ms = 200};
    struct pravega_stream_cut from = {0}, to = {0};
    struct pravega_group_name group;
    char name[40];
    struct peer_name room;
    struct weir_error err = {0};
    enum weir_status status = WEIR_E_INVAL;

    (void)count;
    if (!peer_stream(arguments[0], &room, &streams[0].stream))
        return 2;
    peer_fresh_name(session, "read", name);
    group = (struct pravega_group_name){room.scope, name};
    if (peer_cut(arguments[1], &from, &err) && peer_cut(arguments[2], &to, &err)) {
        streams[0].from = &from;
        streams[0].to = &to;
        status = pravega_await_reader_group_create(session, &group, &config, &err);
    }
    if (status == WEIR_OK) {
        struct weir_error ignored = {0};

        status = read_group(session, &group, &err);
        pravega_await_reader_group_delete(session, &group, &ignored);
    }
    pravega_stream_cut_fini(&from);
    pravega_stream_cut_fini(&to);
    return peer_end(status, &err);
}

const struct peer_verb peer_stream_verbs[] = {
    {"stream-create", "SCOPE/STREAM [CONFIGURATION...]", 1, 1 + WORDS_MAX, stream_create},
    {"stream-update", "SCOPE/STREAM [CONFIGURATION...]   all of it", 1, 1 + WORDS_MAX, stream_update},
    {"stream-show", "SCOPE/STREAM                       configuration, head, tail", 1, 1, stream_show},
    {"stream-seal", "SCOPE/STREAM", 1, 1, stream_seal},
    {"stream-list", "SCOPE [TAG]", 1, 2, stream_list},
    {"stream-segments", "SCOPE/STREAM                   that take writes now", 1, 1, stream_segments},
    {"stream-scale", "SCOPE/STREAM COUNT                into so many segments", 2, 2, stream_scale},
    {"stream-cut", "SCOPE/STREAM head|tail text|bytes", 3, 3, stream_cut},
    {"stream-truncate", "SCOPE/STREAM CUT", 2, 2, stream_truncate},
    {"stream-ranges", "SCOPE/STREAM CUT CUT             a batch: each range, and how many events it has", 3, 3,
     stream_ranges},
    {"stream-batch", "SCOPE/STREAM CUT CUT              a batch's events", 3, 3, stream_batch},
    {"stream-read", "SCOPE/STREAM CUT CUT               the events between, by a group", 3, 3, stream_read},
    {0},
};
