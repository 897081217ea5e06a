/*
 * peer_events.c - the verbs on events: large ones and batches, the times that writers note, pointers.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer.h"

#define LARGE_LEN ((size_t)20 * 1024 * 1024 + 17)
#define EVENT_WAIT_MS 120000
#define LOOK_MS 500
#define LOOKS_AT_AN_EVENT 4 /* in the right part of the stream */

/* ---- numbered events, as Java's Numbered */

struct weir_view peer_event(int number, struct peer_event *event)
{
    snprintf(event->key, sizeof(event->key), "k%d", number % 10);
    snprintf(event->text, sizeof(event->text), "k%d %d", number % 10, number);
    return weir_view_str(event->key);
}

/* ---- large events and batches: a line for each event, its length and hash (FNV-1a, 64 bits) */

static void print_event(struct weir_view event)
{
    uint64_t hash = 0xcbf29ce484222325;

    for (size_t i = 0; i < event.len; i++)
        hash = (hash ^ event.ptr[i]) * 0x100000001b3;
    printf("%zu %016" PRIx64 "\n", event.len, hash);
}

/* One of the contents that Java's EventPeer has for a length and a seed; in `room`. Printed. */
static struct weir_view fill(uint8_t *room, size_t len, int seed)
{
    for (size_t i = 0; i < len; i++)
        room[i] = (uint8_t)(i * 31 + i / 997 + (size_t)seed);
    print_event(weir_view(room, len));
    return weir_view(room, len);
}

static enum weir_status write_batch(struct pravega_session *session, struct pravega_writer *writer, uint8_t *room,
                                    int seed, struct weir_error *err)
{
    struct weir_view key = weir_view_str("key"), events[3];
    struct pravega_await *await = pravega_await_begin(session, NULL);
    enum weir_status status;

    if (await == NULL)
        return WEIR_E_NOMEM;
    events[0] = fill(room, 1000, seed);
    events[1] = fill(room + 1000, 1, seed);
    events[2] = fill(room + 1001, 70000, seed);
    status = pravega_writer_write_batch(writer, &key, events, 3, pravega_await_done, await, err);
    if (status != WEIR_OK)
        pravega_await_done(await, status, err);
    return pravega_await_end(session, await, err);
}

/* Small ones, a large one, a batch, the empty one, the longest that is not large, small ones again. */
static enum weir_status write_mix(struct pravega_session *session, struct pravega_writer *writer, uint8_t *room,
                                  int seed, struct weir_error *err)
{
    struct weir_view key = weir_view_str("key");
    enum weir_status status = WEIR_OK;

    for (size_t i = 0; i < 20 && status == WEIR_OK; i++)
        status = pravega_await_write(session, writer, &key, fill(room, 10 + i, seed), err);
    if (status == WEIR_OK)
        status = pravega_await_write(session, writer, &key, fill(room, LARGE_LEN, seed), err);
    if (status == WEIR_OK) /* a batch does not wait by itself for the large event before it */
        status = pravega_await_flush(session, writer, err);
    if (status == WEIR_OK)
        status = write_batch(session, writer, room, seed, err);
    if (status == WEIR_OK)
        status = pravega_await_write(session, writer, &key, fill(room, 0, seed), err);
    if (status == WEIR_OK)
        status = pravega_await_write(session, writer, &key, fill(room, PRAVEGA_EVENT_LEN_MAX - 8, seed), err);
    for (size_t i = 0; i < 20 && status == WEIR_OK; i++)
        status = pravega_await_write(session, writer, &key, fill(room, 2000 + i, seed), err);
    return status;
}

static int events_mix(struct pravega_session *session, char **arguments, int count)
{
    struct pravega_writer_options options = {.enable_large_events = true};
    uint8_t *room = malloc(LARGE_LEN);
    struct pravega_writer *writer = NULL;
    struct pravega_stream_name stream;
    struct peer_name names;
    struct weir_error err = {0};
    enum weir_status status = WEIR_E_NOMEM;

    (void)count;
    if (room != NULL && peer_stream(arguments[0], &names, &stream))
        status = pravega_await_writer_new(session, &stream, &options, &writer, &err);
    if (status == WEIR_OK) {
        status = write_mix(session, writer, room, atoi(arguments[1]), &err);
        if (status == WEIR_OK)
            status = pravega_await_writer_close(session, writer, &err);
        else
            pravega_writer_free(writer);
    }
    free(room);
    return peer_end(status, &err);
}

/* ---- readers of groups of their own */

typedef enum weir_status on_reader_fn(struct pravega_session *session, struct pravega_event_reader *reader,
                                      const struct pravega_stream_name *stream, char **arguments,
                                      struct weir_error *err);

static int with_reader(struct pravega_session *session, char **arguments, on_reader_fn *run)
{
    struct pravega_event_reader_options options = {.event_len_max = PRAVEGA_LARGE_EVENT_LEN_MAX};
    struct pravega_group_stream streams[1] = {{.from = NULL}};
    struct pravega_reader_group_config config = {.streams = streams,
                                                 .stream_count = 1,
                                                 .automatic_checkpoint_interval_ms = LOOK_MS,
                                                 .group_refresh_time_ms = LOOK_MS};
    struct pravega_event_reader *reader = NULL;
    struct pravega_group_name group;
    char name[40];
    struct peer_name room;
    struct weir_error err = {0}, ignored = {0};
    enum weir_status status;

    if (!peer_stream(arguments[0], &room, &streams[0].stream))
        return 2;
    peer_fresh_name(session, "events", name);
    group = (struct pravega_group_name){room.scope, name};
    status = pravega_await_reader_group_create(session, &group, &config, &err);
    if (status != WEIR_OK)
        return peer_fail(&err);
    status = pravega_await_event_reader_new(session, &group, "r", &options, &reader, &err);
    if (status == WEIR_OK)
        status = run(session, reader, &streams[0].stream, arguments + 1, &err);
    pravega_event_reader_free(reader);
    pravega_await_reader_group_delete(session, &group, &ignored);
    return peer_end(status, &err);
}

/* The next event; checkpoints are passed over. */
static enum weir_status next_event(struct pravega_session *session, struct pravega_event_reader *reader,
                                   int64_t timeout_ms, struct pravega_event_read *event, struct weir_error *err)
{
    enum weir_status status;

    do
        status = pravega_await_event_next(session, reader, timeout_ms, event, err);
    while (status == WEIR_OK && event->kind != PRAVEGA_READ_EVENT);
    return status;
}

static enum weir_status digest(struct pravega_session *session, struct pravega_event_reader *reader,
                               const struct pravega_stream_name *stream, char **arguments, struct weir_error *err)
{
    struct pravega_event_read event;
    enum weir_status status = WEIR_OK;

    (void)stream;
    for (int left = atoi(arguments[0]); left > 0 && status == WEIR_OK; left--) {
        status = next_event(session, reader, EVENT_WAIT_MS, &event, err);
        if (status == WEIR_OK)
            print_event(event.payload);
    }
    return status;
}

static int events_digest(struct pravega_session *session, char **arguments, int count)
{
    (void)count;
    return with_reader(session, arguments, digest);
}

/* ---- times */

static enum weir_status note(struct pravega_session *session, struct pravega_writer *writer, char **arguments,
                             struct weir_error *err)
{
    enum weir_status status = WEIR_OK;

    for (int number = atoi(arguments[0]); number < atoi(arguments[1]) && status == WEIR_OK; number++) {
        struct peer_event event;
        struct weir_view key = peer_event(number, &event);

        status = pravega_await_write(session, writer, &key, weir_view_str(event.text), err);
    }
    if (status == WEIR_OK)
        status = pravega_await_flush(session, writer, err);
    if (status != WEIR_OK)
        return status;
    return pravega_await_note_time(session, writer, atoll(arguments[2]), err);
}

/* Writes numbered events and notes a time, under the same writer's name as the last time. */
static int events_note(struct pravega_session *session, char **arguments, int count)
{
    struct pravega_writer_options options = {.writer_id = "peer"};
    struct pravega_writer *writer = NULL;
    struct pravega_stream_name stream;
    struct peer_name room;
    struct weir_error err = {0};
    enum weir_status status;

    (void)count;
    if (!peer_stream(arguments[0], &room, &stream))
        return 2;
    status = pravega_await_writer_new(session, &stream, &options, &writer, &err);
    if (status == WEIR_OK)
        status = note(session, writer, arguments + 1, &err);
    pravega_writer_free(writer);
    return peer_end(status, &err);
}

static void bound_text(bool has, int64_t bound, char *out, size_t cap)
{
    snprintf(out, cap, "%s", "-");
    if (has)
        snprintf(out, cap, "%" PRId64, bound);
}

static bool is_window(const struct pravega_time_window *window, char **wanted, bool *begins, struct weir_error *err)
{
    char lower[24], upper[24];

    bound_text(window->has_lower, window->lower, lower, sizeof(lower));
    bound_text(window->has_upper, window->upper, upper, sizeof(upper));
    weir_fail(err, WEIR_E_TIMEOUT, "the window is %s %s, not %s %s", lower, upper, wanted[0], wanted[1]);
    *begins = strcmp(lower, wanted[0]) == 0;
    return *begins && strcmp(upper, wanted[1]) == 0;
}

/* Reads so many events, and then goes on slowly until the window is the one that is waited for. Where it begins as it
 * should there may be no time to its end yet: the reader is not to come there before. */
static enum weir_status await_window(struct pravega_session *session, struct pravega_event_reader *reader,
                                     const struct pravega_stream_name *stream, char **arguments, struct weir_error *err)
{
    struct pravega_event_read event;
    struct pravega_time_window window;
    struct weir_error ignored = {0};
    enum weir_status status = WEIR_OK;
    int64_t deadline_ns;
    bool begins;

    for (int left = atoi(arguments[0]); left > 0 && status == WEIR_OK; left--)
        status = next_event(session, reader, EVENT_WAIT_MS, &event, err);
    for (int looks = 0; looks < 2 * EVENT_WAIT_MS / LOOK_MS && status == WEIR_OK; looks++) {
        status = pravega_event_reader_time_window(reader, stream, &window, err);
        if (status != WEIR_OK || is_window(&window, arguments + 1, &begins, err))
            return status;
        if (!begins || looks % LOOKS_AT_AN_EVENT == 0)
            status = next_event(session, reader, LOOK_MS, &event, &ignored);
        if (status == WEIR_E_TIMEOUT)
            status = WEIR_OK;
        deadline_ns = 0;
        pravega_await_ready(session, LOOK_MS, &deadline_ns, &ignored);
    }
    return status == WEIR_OK ? err->status : status;
}

static int events_window(struct pravega_session *session, char **arguments, int count)
{
    (void)count;
    return with_reader(session, arguments, await_window);
}

/* ---- pointers */

static enum weir_status print_pointers(struct pravega_session *session, struct pravega_event_reader *reader,
                                       const struct pravega_stream_name *stream, char **arguments,
                                       struct weir_error *err)
{
    struct pravega_event_read event;
    enum weir_status status = WEIR_OK;

    (void)stream;
    for (int left = atoi(arguments[0]); left > 0 && status == WEIR_OK; left--) {
        struct weir_buf bytes;

        status = next_event(session, reader, EVENT_WAIT_MS, &event, err);
        if (status != WEIR_OK)
            break;
        weir_buf_init(&bytes, 4096);
        pravega_event_pointer_to_bytes(&event.pointer, &bytes);
        for (size_t i = 0; i < bytes.len; i++)
            printf("%02x", bytes.ptr[i]);
        printf(" %.*s\n", (int)event.payload.len, (const char *)event.payload.ptr);
        weir_buf_fini(&bytes);
    }
    return status;
}

static int events_pointers(struct pravega_session *session, char **arguments, int count)
{
    (void)count;
    return with_reader(session, arguments, print_pointers);
}

static enum weir_status fetch(struct pravega_session *session, const char *hex, struct weir_error *err)
{
    struct pravega_event_pointer pointer;
    struct pravega_stream_name_room room;
    struct weir_buf bytes, event;
    enum weir_status status = WEIR_E_INVAL;

    weir_buf_init(&bytes, 4096);
    weir_buf_init(&event, 1 << 20);
    if (peer_read_hex(hex, &bytes))
        status = pravega_event_pointer_from_bytes(weir_buf_view(&bytes), &pointer, &room, err);
    if (status == WEIR_OK)
        status = pravega_await_event_fetch(session, &pointer, &event, err);
    if (status == WEIR_OK)
        printf("%s %.*s\n", hex, (int)event.len, (const char *)event.ptr);
    weir_buf_fini(&bytes);
    weir_buf_fini(&event);
    return status;
}

static int events_fetch(struct pravega_session *session, char **arguments, int count)
{
    struct weir_error err = {0};
    enum weir_status status = WEIR_OK;

    for (int i = 1; i < count && status == WEIR_OK; i++)
        status = fetch(session, arguments[i], &err);
    return peer_end(status, &err);
}

const struct peer_verb peer_event_verbs[] = {
    {"events-mix", "SCOPE/STREAM SEED                large ones and a batch: length and hash of each", 2, 2,
     events_mix},
    {"events-digest", "SCOPE/STREAM COUNT            length and hash of each", 2, 2, events_digest},
    {"events-note", "SCOPE/STREAM FROM TO TIME       numbered events, and then a time", 4, 4, events_note},
    {"events-window", "SCOPE/STREAM COUNT LOWER UPPER   reads so many, and waits for this time window", 4, 4,
     events_window},
    {"events-pointers", "SCOPE/STREAM COUNT          pointer and text of each", 2, 2, events_pointers},
    {"events-fetch", "SCOPE/STREAM POINTER...        the same", 1, 100, events_fetch},
    {0},
};
