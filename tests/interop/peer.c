/*
 * peer.c - this library as a program: the C side of the interoperability tests, with verbs like those of the Java one.
 *
 * Built on the public headers of libpravega alone. Each verb is a row of the table at the end: its name, what it takes,
 * a function. Results go to standard output, in a form that both programs share; what went wrong to standard error.
 * Exit status: 0 done, 1 refused or failed, 2 wrong usage.
 */
#include "peer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALL_TIMEOUT_MS 120000

int peer_fail(const struct weir_error *err)
{
    fprintf(stderr, "peer: %s: %s\n", weir_status_name(err->status), err->message);
    return 1;
}

int peer_end(enum weir_status status, const struct weir_error *err)
{
    return status == WEIR_OK ? 0 : peer_fail(err);
}

/* "scope/name" of any kind, in two strings; false: it is none. */
static bool split_name(const char *text, char scope[PRAVEGA_NAME_LEN_MAX + 1], char name[PRAVEGA_NAME_LEN_MAX + 1])
{
    struct weir_error err = {0};

    if (pravega_stream_parse(text, NULL, scope, name, &err) == WEIR_OK)
        return true;
    fprintf(stderr, "peer: %s\n", err.message);
    return false;
}

bool peer_stream(const char *text, struct peer_name *room, struct pravega_stream_name *stream)
{
    *stream = (struct pravega_stream_name){room->scope, room->name};
    return split_name(text, room->scope, room->name);
}

bool peer_group(const char *text, struct peer_name *room, struct pravega_group_name *group)
{
    *group = (struct pravega_group_name){room->scope, room->name};
    return split_name(text, room->scope, room->name);
}

void peer_fresh_name(struct pravega_session *session, const char *prefix, char out[40])
{
    struct weir_host *host = weir_loop_host(pravega_session_loop(session));

    snprintf(out, 40, "%.8s-%016" PRIx64, prefix, weir_host_random(host));
}

void peer_print_hex(struct weir_view bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        printf("%02x", bytes.ptr[i]);
    printf("\n");
}

bool peer_read_hex(const char *text, struct weir_buf *bytes)
{
    unsigned byte;

    for (; text[0] != '\0' && text[1] != '\0'; text += 2) {
        if (sscanf(text, "%2x", &byte) != 1)
            return false;
        weir_buf_u8(bytes, (uint8_t)byte);
    }
    return text[0] == '\0';
}

static const struct peer_verb *const tables[] = {peer_stream_verbs, peer_event_verbs, peer_txn_verbs,
                                                 peer_log_verbs,    peer_group_verbs, peer_reader_verbs};

static int usage(void)
{
    fprintf(stderr, "usage: peer CONTROLLER-URI VERB [ARGUMENT...]\n");
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        for (const struct peer_verb *verb = tables[i]; verb->name != NULL; verb++)
            fprintf(stderr, "  %s %s\n", verb->name, verb->takes);
    return 2;
}

static const struct peer_verb *find_verb(const char *name, int count)
{
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        for (const struct peer_verb *verb = tables[i]; verb->name != NULL; verb++)
            if (strcmp(verb->name, name) == 0 && count >= verb->count_min && count <= verb->count_max)
                return verb;
    return NULL;
}

int main(int argc, char **argv)
{
    const struct peer_verb *verb = argc < 3 ? NULL : find_verb(argv[2], argc - 3);
    struct pravega_client_options options = {0};
    struct pravega_session *session;
    struct weir_host *host = NULL;
    struct weir_error err = {0};
    int status;

    if (verb == NULL)
        return usage();
    options.controller_uri = argv[1];
    if (weir_host_new(NULL, &host, &err) != WEIR_OK ||
        pravega_client_options_from_environment(host, &options, &err) != WEIR_OK ||
        pravega_session_open(host, &options, &session, &err) != WEIR_OK) {
        status = peer_fail(&err);
    } else {
        pravega_session_set_timeout(session, CALL_TIMEOUT_MS);
        status = verb->run(session, argv + 3, argc - 3);
        pravega_session_close(session);
    }
    weir_host_free(host);
    return status;
}
