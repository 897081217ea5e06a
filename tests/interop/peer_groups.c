/*
 * peer_groups.c - the verbs on reader groups.
 */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer.h"
#include "pravega/event_reader.h"

#define STREAMS_MAX 16
#define SURPLUS_MS 500

/* ---- calls on a group, awaited. What a callback shows it shows at once. */

struct asked {
    struct pravega_session *session;
    struct pravega_reader_group *group;
    struct peer_name room;
    struct pravega_group_name name;
};

static void opened(void *arg, enum weir_status status, struct pravega_reader_group *group, const struct weir_error *why)
{
    struct asked *asked = pravega_await_out(arg);

    if (asked != NULL)
        asked->group = group;
    else
        pravega_reader_group_free(group);
    pravega_await_done(arg, status, why);
}

static enum weir_status open_group(struct pravega_session *session, const char *text, struct asked *asked,
                                   struct weir_error *err)
{
    struct pravega_await *await;

    *asked = (struct asked){.session = session};
    if (!peer_group(text, &asked->room, &asked->name))
        return weir_fail(err, WEIR_E_INVAL, "%s is no reader group", text);
    await = pravega_await_begin(session, asked);
    if (await != NULL)
        pravega_reader_group_open(pravega_session_client(session), &asked->name, opened, await);
    return pravega_await_end(session, await, err);
}

/* Opens a group, runs `run` on it, frees it. */
static int on_group(struct pravega_session *session, char **arguments, int count,
                    enum weir_status (*run)(struct asked *asked, char **arguments, int count, struct weir_error *err))
{
    struct weir_error err = {0};
    struct asked asked;
    enum weir_status status = open_group(session, arguments[0], &asked, &err);

    if (status == WEIR_OK)
        status = run(&asked, arguments + 1, count - 1, &err);
    pravega_reader_group_free(asked.group);
    return peer_end(status, &err);
}

/* ---- create, reset, delete */

/* The streams named by the arguments, from their heads on, without automatic checkpoints. */
static bool fill_config(char **arguments, int count, struct peer_name *rooms, struct pravega_group_stream *streams,
                        struct pravega_reader_group_config *config)
{
    *config = (struct pravega_reader_group_config){
        .streams = streams,
        .stream_count = (size_t)count,
        .automatic_checkpoint_interval_ms = PRAVEGA_CHECKPOINT_INTERVAL_DISABLED,
    };
    for (int i = 0; i < count; i++) {
        streams[i] = (struct pravega_group_stream){0};
        if (!peer_stream(arguments[i], &rooms[i], &streams[i].stream))
            return false;
    }
    return true;
}

static int create_kept(struct pravega_session *session, const char *group, char **arguments, int count,
                       enum pravega_data_retention retention)
{
    struct peer_name room, rooms[STREAMS_MAX];
    struct pravega_group_stream streams[STREAMS_MAX];
    struct pravega_reader_group_config config;
    struct pravega_group_name name;
    struct pravega_await *await;
    struct weir_error err = {0};

    if (!peer_group(group, &room, &name) || !fill_config(arguments, count, rooms, streams, &config))
        return 2;
    config.retention_type = retention;
    await = pravega_await_begin(session, NULL);
    if (await != NULL)
        pravega_reader_group_create(pravega_session_client(session), &name, &config, pravega_await_done, await);
    return peer_end(pravega_await_end(session, await, &err), &err);
}

static int create(struct pravega_session *session, char **arguments, int count)
{
    return create_kept(session, arguments[0], arguments + 1, count - 1, PRAVEGA_DATA_RETENTION_NONE);
}

static int subscribe(struct pravega_session *session, char **arguments, int count)
{
    return create_kept(session, arguments[0], arguments + 2, count - 2,
                       strcmp(arguments[1], "manual") == 0
                           ? PRAVEGA_DATA_RETENTION_MANUAL_RELEASE_AT_USER_STREAMCUT
                           : PRAVEGA_DATA_RETENTION_AUTOMATIC_RELEASE_AT_LAST_CHECKPOINT);
}

static int delete (struct pravega_session *session, char **arguments, int count)
{
    struct peer_name room;
    struct pravega_group_name name;
    struct pravega_await *await;
    struct weir_error err = {0};

    (void)count;
    if (!peer_group(arguments[0], &room, &name))
        return 2;
    await = pravega_await_begin(session, NULL);
    if (await != NULL)
        pravega_reader_group_delete(pravega_session_client(session), &name, pravega_await_done, await);
    return peer_end(pravega_await_end(session, await, &err), &err);
}

static enum weir_status reset_group(struct asked *asked, char **arguments, int count, struct weir_error *err)
{
    struct peer_name rooms[STREAMS_MAX];
    struct pravega_group_stream streams[STREAMS_MAX];
    struct pravega_reader_group_config config;
    struct pravega_await *await;

    if (!fill_config(arguments, count, rooms, streams, &config))
        return weir_fail(err, WEIR_E_INVAL, "no streams");
    await = pravega_await_begin(asked->session, NULL);
    if (await != NULL)
        pravega_reader_group_reset(asked->group, count > 0 ? &config : NULL, pravega_await_done, await);
    return pravega_await_end(asked->session, await, err);
}

static int reset(struct pravega_session *session, char **arguments, int count)
{
    return on_group(session, arguments, count, reset_group);
}

static enum weir_status reset_group_to(struct asked *asked, char **arguments, int count, struct weir_error *err)
{
    struct pravega_checkpoint checkpoint = {0};
    struct pravega_await *await = NULL;
    struct weir_buf bytes;
    enum weir_status status;

    (void)count;
    weir_buf_init(&bytes, 1 << 20);
    if (peer_read_hex(arguments[0], &bytes))
        status = pravega_checkpoint_from_bytes(weir_buf_view(&bytes), &checkpoint, err);
    else
        status = weir_fail(err, WEIR_E_INVAL, "no hexadecimal digits");
    if (status == WEIR_OK) {
        await = pravega_await_begin(asked->session, NULL);
        if (await != NULL)
            pravega_reader_group_reset_to_checkpoint(asked->group, &checkpoint, pravega_await_done, await);
        status = pravega_await_end(asked->session, await, err);
    }
    pravega_checkpoint_fini(&checkpoint);
    weir_buf_fini(&bytes);
    return status;
}

static int reset_to(struct pravega_session *session, char **arguments, int count)
{
    return on_group(session, arguments, count, reset_group_to);
}

/* ---- what it is */

static const char *cut_or(const struct pravega_stream_cut *cut, const char *unbounded)
{
    return cut == NULL || pravega_stream_cut_is_unbounded(cut) ? unbounded : "a cut";
}

static void show_config(void *arg, enum weir_status status, const struct pravega_reader_group_config *config,
                        const struct weir_error *why)
{
    for (size_t i = 0; status == WEIR_OK && i < config->stream_count; i++)
        printf("stream %s/%s from %s to %s\n", config->streams[i].stream.scope, config->streams[i].stream.stream,
               cut_or(config->streams[i].from, "its head"), cut_or(config->streams[i].to, "no end"));
    if (status == WEIR_OK)
        printf("checkpoints every %" PRId64 " ms, %" PRId32 " at a time; looked at every %" PRId64
               " ms; retention %d\n",
               config->automatic_checkpoint_interval_ms, config->max_outstanding_checkpoint_request,
               config->group_refresh_time_ms, config->retention_type);
    pravega_await_done(arg, status, why);
}

static void show_readers(void *arg, enum weir_status status, const char *const *names, size_t count,
                         const struct weir_error *why)
{
    for (size_t i = 0; i < count; i++)
        printf("reader %s\n", names[i]);
    pravega_await_done(arg, status, why);
}

static void show_streams(void *arg, enum weir_status status, const char *const *names, size_t count,
                         const struct weir_error *why)
{
    for (size_t i = 0; i < count; i++)
        printf("reads %s\n", names[i]);
    pravega_await_done(arg, status, why);
}

static void show_cuts(void *arg, enum weir_status status, const struct pravega_stream_cut *cuts, size_t count,
                      const struct weir_error *why)
{
    for (size_t i = 0; i < count; i++) {
        printf("cut %s/%s", cuts[i].scope, cuts[i].stream);
        for (size_t j = 0; j < cuts[i].position_count; j++)
            printf(" %" PRId64 "=%" PRId64, cuts[i].positions[j].id, cuts[i].positions[j].offset);
        printf("\n");
    }
    pravega_await_done(arg, status, why);
}

static void show_bytes(void *arg, enum weir_status status, int64_t bytes, const struct weir_error *why)
{
    if (status == WEIR_OK)
        printf("%" PRId64 "\n", bytes);
    pravega_await_done(arg, status, why);
}

static enum weir_status show_group(struct asked *asked, char **arguments, int count, struct weir_error *err)
{
    enum weir_status status = WEIR_OK;

    (void)arguments, (void)count;
    for (int i = 0; i < 4 && status == WEIR_OK; i++) {
        struct pravega_await *await = pravega_await_begin(asked->session, NULL);

        if (await != NULL && i == 0)
            pravega_reader_group_get_config(asked->group, show_config, await);
        else if (await != NULL && i == 1)
            pravega_reader_group_online_readers(asked->group, show_readers, await);
        else if (await != NULL && i == 2)
            pravega_reader_group_stream_names(asked->group, show_streams, await);
        else if (await != NULL)
            pravega_reader_group_stream_cuts(asked->group, show_cuts, await);
        status = pravega_await_end(asked->session, await, err);
    }
    return status;
}

static int show(struct pravega_session *session, char **arguments, int count)
{
    return on_group(session, arguments, count, show_group);
}

static enum weir_status unread_of_group(struct asked *asked, char **arguments, int count, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(asked->session, NULL);

    (void)arguments, (void)count;
    if (await != NULL)
        pravega_reader_group_unread_bytes(asked->group, show_bytes, await);
    return pravega_await_end(asked->session, await, err);
}

static int unread(struct pravega_session *session, char **arguments, int count)
{
    return on_group(session, arguments, count, unread_of_group);
}

/* ---- checkpoints and readers */

static void show_checkpoint(void *arg, enum weir_status status, const struct pravega_checkpoint *checkpoint,
                            const struct weir_error *why)
{
    struct weir_buf bytes;

    weir_buf_init(&bytes, 1 << 20);
    if (status == WEIR_OK) {
        pravega_checkpoint_to_bytes(checkpoint, &bytes);
        peer_print_hex(weir_buf_view(&bytes));
    }
    weir_buf_fini(&bytes);
    pravega_await_done(arg, status, why);
}

static enum weir_status checkpoint_group(struct asked *asked, char **arguments, int count, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(asked->session, NULL);

    (void)count;
    if (await != NULL)
        pravega_reader_group_initiate_checkpoint(asked->group, arguments[0], show_checkpoint, await);
    return pravega_await_end(asked->session, await, err);
}

static int checkpoint(struct pravega_session *session, char **arguments, int count)
{
    return on_group(session, arguments, count, checkpoint_group);
}

static enum weir_status cut_group(struct asked *asked, char **arguments, int count, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(asked->session, NULL);

    (void)arguments, (void)count;
    if (await != NULL)
        pravega_reader_group_generate_stream_cuts(asked->group, show_cuts, await);
    return pravega_await_end(asked->session, await, err);
}

static int cuts(struct pravega_session *session, char **arguments, int count)
{
    return on_group(session, arguments, count, cut_group);
}

static enum weir_status cancel_group(struct asked *asked, char **arguments, int count, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(asked->session, NULL);

    (void)arguments, (void)count;
    if (await != NULL)
        pravega_reader_group_cancel_outstanding_checkpoints(asked->group, pravega_await_done, await);
    return pravega_await_end(asked->session, await, err);
}

static int cancel(struct pravega_session *session, char **arguments, int count)
{
    return on_group(session, arguments, count, cancel_group);
}

static enum weir_status offline_of_group(struct asked *asked, char **arguments, int count, struct weir_error *err)
{
    struct pravega_position position = {0};
    enum weir_status status = WEIR_OK;
    struct weir_buf bytes;

    weir_buf_init(&bytes, 1 << 20);
    if (count == 2)
        status = peer_read_hex(arguments[1], &bytes)
                     ? pravega_position_from_bytes(weir_buf_view(&bytes), &position, err)
                     : weir_fail(err, WEIR_E_INVAL, "no hexadecimal digits");
    if (status == WEIR_OK)
        status = pravega_await_reader_group_reader_offline(asked->session, asked->group, arguments[0],
                                                           count == 2 ? &position : NULL, err);
    pravega_position_fini(&position);
    weir_buf_fini(&bytes);
    return status;
}

static int offline(struct pravega_session *session, char **arguments, int count)
{
    return on_group(session, arguments, count, offline_of_group);
}

/* ---- retention, and a reader's place */

static enum weir_status release_of_group(struct asked *asked, char **arguments, int count, struct weir_error *err)
{
    struct pravega_stream_cut cut;
    enum weir_status status;

    (void)count;
    if (!peer_cut(arguments[0], &cut, err))
        return err->status;
    status = pravega_await_reader_group_update_retention_stream_cut(asked->session, asked->group, &cut, 1, err);
    pravega_stream_cut_fini(&cut);
    return status;
}

static int release(struct pravega_session *session, char **arguments, int count)
{
    return on_group(session, arguments, count, release_of_group);
}

static enum weir_status take_events(struct pravega_session *session, struct pravega_event_reader *reader, int left,
                                    struct weir_error *err)
{
    struct pravega_event_read event;
    enum weir_status status = WEIR_OK;

    while (left > 0 && status == WEIR_OK) {
        status = pravega_await_event_next(session, reader, 60000, &event, err);
        if (status == WEIR_OK && event.kind == PRAVEGA_READ_EVENT) {
            printf("%.*s\n", (int)event.payload.len, (const char *)event.payload.ptr);
            left--;
        }
    }
    return status;
}

/* Prints so many events, and where the reader is then; it dies. */
static int take(struct pravega_session *session, char **arguments, int count)
{
    struct pravega_event_reader *reader = NULL;
    struct pravega_position position = {0};
    struct pravega_group_name name;
    struct peer_name room;
    struct weir_buf bytes;
    struct weir_error err = {0};
    enum weir_status status;

    (void)count;
    if (!peer_group(arguments[0], &room, &name))
        return 2;
    weir_buf_init(&bytes, 1 << 20);
    status = pravega_await_event_reader_new(session, &name, arguments[1], NULL, &reader, &err);
    if (status == WEIR_OK)
        status = take_events(session, reader, atoi(arguments[2]), &err);
    if (status == WEIR_OK)
        status = pravega_event_reader_position(reader, &position, &err);
    if (status == WEIR_OK) {
        pravega_position_to_bytes(&position, &bytes);
        printf("position ");
        peer_print_hex(weir_buf_view(&bytes));
    }
    pravega_event_reader_free(reader);
    pravega_position_fini(&position);
    weir_buf_fini(&bytes);
    return peer_end(status, &err);
}

/* Events, until none comes for so long; once there were so many, a moment is long enough. */
static int read_group(struct pravega_session *session, char **arguments, int count)
{
    struct pravega_event_reader *reader = NULL;
    struct pravega_event_read event;
    struct pravega_group_name name;
    struct peer_name room;
    struct weir_error err = {0};
    enum weir_status status;
    int left = count > 3 ? atoi(arguments[3]) : INT_MAX;

    if (!peer_group(arguments[0], &room, &name))
        return 2;
    status = pravega_await_event_reader_new(session, &name, arguments[1], NULL, &reader, &err);
    while (status == WEIR_OK) {
        status = pravega_await_event_next(session, reader, left > 0 ? atoll(arguments[2]) : SURPLUS_MS, &event, &err);
        left -= status == WEIR_OK && event.kind == PRAVEGA_READ_EVENT;
        if (status == WEIR_OK && event.kind == PRAVEGA_READ_EVENT)
            printf("%.*s\n", (int)event.payload.len, (const char *)event.payload.ptr);
        else if (status == WEIR_OK)
            printf("checkpoint %s\n", event.checkpoint);
        fflush(stdout);
    }
    if (status == WEIR_E_TIMEOUT || status == WEIR_E_END)
        status = pravega_await_event_reader_close(session, reader, NULL, &err);
    pravega_event_reader_free(reader);
    return peer_end(status, &err);
}

const struct peer_verb peer_group_verbs[] = {
    {"group-create", "SCOPE/GROUP SCOPE/STREAM...   without automatic checkpoints", 2, 1 + STREAMS_MAX, create},
    {"group-delete", "SCOPE/GROUP", 1, 1, delete},
    {"group-show", "SCOPE/GROUP                     configuration, readers, streams, cuts", 1, 1, show},
    {"group-unread", "SCOPE/GROUP                   bytes", 1, 1, unread},
    {"group-checkpoint", "SCOPE/GROUP NAME          its bytes in hexadecimal, once it is complete", 2, 2, checkpoint},
    {"group-cuts", "SCOPE/GROUP                     where it is now", 1, 1, cuts},
    {"group-cancel", "SCOPE/GROUP                   all checkpoints under way", 1, 1, cancel},
    {"group-reset", "SCOPE/GROUP [SCOPE/STREAM...]  anew, or from its last checkpoint", 1, 1 + STREAMS_MAX, reset},
    {"group-reset-to", "SCOPE/GROUP HEX             from a checkpoint", 2, 2, reset_to},
    {"group-offline", "SCOPE/GROUP READER [POSITION]", 2, 3, offline},
    {"group-subscribe", "SCOPE/GROUP manual|automatic SCOPE/STREAM...   that holds retention back", 3, 2 + STREAMS_MAX,
     subscribe},
    {"group-release", "SCOPE/GROUP CUT              what is before it may go", 2, 2, release},
    {"group-take", "SCOPE/GROUP READER COUNT        so many events, and the position then; the reader dies", 3, 3,
     take},
    {"group-read", "SCOPE/GROUP READER IDLE-MS [COUNT]   events and checkpoints, until none comes for so long", 3, 4,
     read_group},
    {0},
};
