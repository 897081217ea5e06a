/*
 * counter.c - a number that Java and C programs share through a state synchronizer; the verb `counter` of the Java peer
 * is the same program.
 *
 *     counter SCOPE/STREAM race COUNT AMOUNT URI     initializes it with 0, raises it COUNT times by AMOUNT, and
 *                                                    compacts now and then
 *     counter SCOPE/STREAM value URI                 prints the number and the revision that it stands at
 *
 * Objects and updates are 8 bytes, big-endian: the number, and what to add. Credentials and trust come from the
 * environment.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pravega/client.h"
#include "pravega/state_synchronizer.h"
#include "weir/endian.h"
#include "weir/host.h"
#include "weir/loop.h"

#define COMPACT_EVERY 16

struct counter {
    struct weir_loop *loop;
    struct pravega_stream_name stream;
    struct pravega_synchronizer *sync;
    long raises_left;
    int64_t amount;
    bool compacted;
    int failed;
};

/* ---- the state ---- */

static enum weir_status take(struct weir_view bytes, int64_t *out, struct weir_error *err)
{
    if (bytes.len != 8)
        return weir_fail(err, WEIR_E_PROTO, "%zu bytes are not a number", bytes.len);
    *out = (int64_t)weir_get_u64be(bytes.ptr);
    return WEIR_OK;
}

static enum weir_status number_init(void *arg, struct weir_view object, void **state, struct weir_error *err)
{
    int64_t *number = malloc(sizeof(*number));
    enum weir_status status;

    (void)arg;
    if (number == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for a number");
    status = take(object, number, err);
    if (status == WEIR_OK)
        *state = number;
    else
        free(number);
    return status;
}

static enum weir_status number_apply(void *arg, void *state, struct weir_view update, struct weir_error *err)
{
    int64_t amount = 0;
    enum weir_status status = take(update, &amount, err);

    (void)arg;
    *(int64_t *)state += amount;
    return status;
}

static void number_free(void *arg, void *state)
{
    (void)arg;
    free(state);
}

static const struct pravega_state_type number_type = {number_init, number_apply, number_free};

static enum weir_status propose(void *arg, const void *state, struct pravega_updates *updates, struct weir_error *err)
{
    const struct counter *counter = arg;
    uint8_t bytes[8];

    (void)state;
    (void)err;
    weir_put_u64be(bytes, (uint64_t)counter->amount);
    pravega_updates_add(updates, weir_view(bytes, sizeof(bytes)));
    return WEIR_OK;
}

static enum weir_status snapshot(void *arg, const void *state, struct weir_buf *object, struct weir_error *err)
{
    int64_t number = *(const int64_t *)state;

    (void)arg;
    (void)err;
    weir_buf_u64be(object, (uint64_t)number);
    return WEIR_OK;
}

/* ---- verbs ---- */

static void end_badly(struct counter *counter, const struct weir_error *why)
{
    fprintf(stderr, "counter: %s: %s\n", weir_status_name(why->status), why->message);
    counter->failed = 1;
    weir_loop_stop(counter->loop);
}

static void on_raised(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct counter *counter = arg;

    if (status != WEIR_OK) {
        end_badly(counter, why);
    } else if (counter->raises_left == 0) {
        weir_loop_stop(counter->loop);
    } else if (counter->raises_left % COMPACT_EVERY == 0 && !counter->compacted) {
        counter->compacted = true;
        pravega_synchronizer_compact(counter->sync, snapshot, on_raised, counter);
    } else {
        counter->compacted = false;
        counter->raises_left--;
        pravega_synchronizer_update(counter->sync, propose, on_raised, counter);
    }
}

static void on_fetched(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct counter *counter = arg;
    const int64_t *number = pravega_synchronizer_state(counter->sync);
    char text[PRAVEGA_SEGMENT_NAME_LEN_MAX + 40];

    if (status != WEIR_OK) {
        end_badly(counter, why);
        return;
    }
    if (number != NULL) {
        pravega_revision_text(&counter->stream, pravega_synchronizer_revision(counter->sync), text, sizeof(text));
        printf("%" PRId64 " %s\n", *number, text);
    }
    weir_loop_stop(counter->loop);
}

/* Begins what the arguments say. */
static int begin(struct counter *counter, int argc, char **argv)
{
    static const uint8_t zero[8] = {0};

    if (argc == 6 && strcmp(argv[2], "race") == 0) {
        counter->raises_left = atol(argv[3]);
        counter->amount = atoll(argv[4]);
        pravega_synchronizer_initialize(counter->sync, weir_view(zero, sizeof(zero)), on_raised, counter);
        return 0;
    }
    if (argc == 4 && strcmp(argv[2], "value") == 0) {
        pravega_synchronizer_fetch(counter->sync, on_fetched, counter);
        return 0;
    }
    fprintf(stderr, "usage: counter SCOPE/STREAM race COUNT AMOUNT URI | counter SCOPE/STREAM value URI\n");
    return 2;
}

int main(int argc, char **argv)
{
    char scope[PRAVEGA_NAME_LEN_MAX + 1], name[PRAVEGA_NAME_LEN_MAX + 1];
    struct pravega_client_options options = {.controller_uri = argv[argc - 1]};
    struct counter counter = {.stream = {scope, name}};
    struct pravega_client *client = NULL;
    struct weir_host *host = NULL;
    struct weir_error err = {0};
    int status = 1;

    if (argc < 4 || pravega_stream_parse(argv[1], NULL, scope, name, &err) != WEIR_OK ||
        weir_host_new(NULL, &host, &err) != WEIR_OK || weir_loop_new(host, "counter", &counter.loop, &err) != WEIR_OK ||
        pravega_client_options_from_environment(host, &options, &err) != WEIR_OK ||
        pravega_client_new(counter.loop, &options, &client, &err) != WEIR_OK ||
        pravega_synchronizer_new(client, &counter.stream, &number_type, NULL, &counter.sync, &err) != WEIR_OK) {
        fprintf(stderr, "counter: %s\n", err.message);
    } else {
        status = begin(&counter, argc, argv);
        if (status == 0) {
            weir_loop_run(counter.loop);
            status = counter.failed;
        }
    }
    pravega_synchronizer_free(counter.sync);
    pravega_client_free(client);
    weir_loop_free(counter.loop);
    weir_host_free(host);
    return status;
}
