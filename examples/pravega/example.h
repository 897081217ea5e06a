/*
 * example.h - what the examples share: a session with the cluster that the environment names, and an end with the
 * reason.
 */
#ifndef PRAVEGA_EXAMPLE_H
#define PRAVEGA_EXAMPLE_H

#include <pravega/blocking.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weir/exit_codes.h>

/* Ends the program if a call has failed; its words say of what. */
static inline void check(enum weir_status status, const struct weir_error *err)
{
    if (status == WEIR_OK)
        return;
    fprintf(stderr, "%s\n", err->message);
    exit(weir_exit_code(status));
}

/* PRAVEGA_CONTROLLER_URI says where the controller is (tcp://localhost:9090 by default); see pravega/client.h for
 * PRAVEGA_TRUST_STORE and the credentials. Ended by close_session(). */
struct example_session {
    struct weir_host *host;
    struct pravega_session *session;
};

static inline struct example_session open_session(void)
{
    struct example_session example = {0};
    struct pravega_client_options options = {0};
    struct weir_error err = {0};

    check(weir_host_new(NULL, &example.host, &err), &err);
    check(pravega_client_options_from_environment(example.host, &options, &err), &err);
    check(pravega_session_open(example.host, &options, &example.session, &err), &err);
    return example;
}

static inline void close_session(struct example_session *example)
{
    pravega_session_close(example->session);
    weir_host_free(example->host);
}

/* The scope and the stream, made if they are not there. `room` holds the names. */
static inline struct pravega_stream_name make_stream(struct pravega_session *session, const char *text,
                                                     struct pravega_stream_name_room *room, int segments)
{
    struct pravega_stream_name stream = {room->scope, room->stream};
    struct pravega_stream_config config = {.scale_type = PRAVEGA_SCALE_FIXED, .min_segments = segments};
    struct weir_error err = {0};
    enum weir_status status;

    check(pravega_stream_parse(text, NULL, room->scope, room->stream, &err), &err);
    status = pravega_await_scope_create(session, stream.scope, &err);
    if (status != WEIR_E_EXISTS)
        check(status, &err);
    status = pravega_await_stream_create(session, &stream, &config, &err);
    if (status != WEIR_E_EXISTS)
        check(status, &err);
    return stream;
}

/* Usage is the program's first words in its source, too. */
static inline void usage_unless(int fits, const char *usage)
{
    if (fits)
        return;
    fprintf(stderr, "usage: %s\n", usage);
    exit(WEIR_EXIT_USAGE);
}

#endif
