/*
 * test_faults.c - events written and read through a proxy that cuts, truncates and stalls: none lost, doubled or
 * reordered.
 *
 *     test_faults --weir PROGRAM [options]                       against a store of its own
 *     test_faults --controller tcp://IP:PORT --segment-port PORT against a server that listens on 127.0.0.1 with its
 *                                                                segment store, and names it 0.0.0.0
 *     --events N (1000000)  --cuts N (200, of the writing and again of the reading)  --seed N (from the kernel)
 *
 * The client is led to the proxy, not told of it: a segment store that is named 0.0.0.0 is looked for where the
 * controller is, and that is, to the client, the proxy's address 127.0.0.2. An event is the number of its key and how
 * many of that key came before it, so that one look at it tells whether it is the next of its key.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "pravega/segment_reader.h"
#include "pravega/writer.h"
#include "process.h"
#include "proxy.h"
#include "store_client.h"
#include "weir/endian.h"

#define KEY_COUNT 1000
#define SEGMENT_COUNT 4
#define EVENT_LEN 64
#define WIRE_LEN (EVENT_LEN + PRAVEGA_EVENT_HEADER_LEN)
#define PROXY_HOST "127.0.0.2"

/* What is under way at once is well below what passes between two cuts, so that connections get something done. */
#define WINDOW_BYTES (64 * 1024)
#define BLOCK_BYTES (8 * 1024)
#define READ_BYTES (16 * 1024)

struct test {
    const char *weir, *controller;
    uint16_t segment_port;
    uint32_t event_count, cuts;
    uint64_t seed;
    struct store_process store;
    char folder[PATH_LEN_MAX];
    struct store_client client;
    struct harm harm;
    struct proxy *controller_proxy, *store_proxy;
    struct pravega_writer *writer;
    uint32_t written;
    struct pravega_segment_reader *readers[SEGMENT_COUNT];
    size_t reader_count;
    uint32_t read_count;
    uint32_t next_of_key[KEY_COUNT]; /* of those written, then of those read */
};

static const struct pravega_stream_name stream = {"faults", "numbers"};

static void check(enum weir_status status, const struct weir_error *why)
{
    if (status != WEIR_OK)
        die("%s: %s", weir_status_name(status), why->message);
}

/* ---- set-up */

static uint16_t port_of(const char *uri)
{
    const char *colon = strrchr(uri, ':');
    long port = colon != NULL ? strtol(colon + 1, NULL, 10) : 0;

    if (port < 1 || port > UINT16_MAX)
        die("%s: that is no URI with a port", uri);
    return (uint16_t)port;
}

static void start_proxies(struct test *test)
{
    struct weir_target server = {"127.0.0.1", port_of(test->controller), NULL}, any = {PROXY_HOST, 0, NULL};
    struct weir_target store = {"127.0.0.1", test->segment_port, NULL};
    struct weir_target same_port = {PROXY_HOST, test->segment_port, NULL};
    struct weir_error err = {0};

    check(proxy_new(test->client.loop, &any, &server, &test->harm, &test->controller_proxy, &err), &err);
    check(proxy_new(test->client.loop, &same_port, &store, &test->harm, &test->store_proxy, &err), &err);
}

static void start_client(struct test *test)
{
    char uri[64];

    snprintf(uri, sizeof(uri), "tcp://%s:%u", PROXY_HOST, proxy_port(test->controller_proxy));
    store_client_connect(&test->client, uri);
    store_client_make_stream(&test->client, &stream, SEGMENT_COUNT);
}

/* ---- writing */

static void on_flushed(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct test *test = arg;

    check(status, why);
    weir_loop_stop(test->client.loop);
}

static void write_on(void *arg)
{
    struct test *test = arg;
    struct weir_error err = {0};

    while (test->written < test->event_count) {
        uint32_t key = test->written * 7919u % KEY_COUNT;
        uint8_t bytes[EVENT_LEN] = {0};
        char name[16];
        struct weir_view routing_key = weir_view(name, (size_t)snprintf(name, sizeof(name), "key-%u", key));
        enum weir_status status;

        weir_put_u32be(bytes, key);
        weir_put_u32be(bytes + 4, test->next_of_key[key]);
        status = pravega_writer_write(test->writer, &routing_key, weir_view(bytes, sizeof(bytes)), NULL, NULL, &err);
        if (status == WEIR_E_AGAIN)
            return;
        check(status, &err);
        test->next_of_key[key]++;
        if (++test->written == test->event_count)
            pravega_writer_flush(test->writer, on_flushed, test);
    }
}

static void report(const struct test *test, const char *what)
{
    printf("%s %u events through %u cuts, %u truncations, %u stalls\n", what, test->event_count, test->harm.cut_count,
           test->harm.truncate_count, test->harm.stall_count);
    fflush(stdout);
    if (harm_cuts(&test->harm) < test->cuts)
        die("only %u of %u cuts had their moment: more events are needed", harm_cuts(&test->harm), test->cuts);
}

static void write_all(struct test *test)
{
    struct pravega_writer_options options = {
        .window_bytes = WINDOW_BYTES, .block_bytes = BLOCK_BYTES, .on_ready = write_on, .arg = test};
    struct weir_error err = {0};

    harm_begin(&test->harm, (uint64_t)test->event_count * WIRE_LEN / (test->cuts * 2), test->cuts);
    check(pravega_writer_new(test->client.client, &stream, &options, &test->writer, &err), &err);
    write_on(test);
    weir_loop_run(test->client.loop);
    pravega_writer_free(test->writer);
    report(test, "wrote");
}

/* ---- reading */

static void take(struct test *test, const struct pravega_event *event)
{
    const uint8_t *bytes = event->payload.ptr;
    uint32_t key, number;

    if (event->payload.len != EVENT_LEN)
        die("an event has %zu bytes, not %d", event->payload.len, EVENT_LEN);
    key = weir_get_u32be(bytes);
    number = weir_get_u32be(bytes + 4);
    if (key >= KEY_COUNT)
        die("an event of key %u, which was never written", key);
    if (number != test->next_of_key[key])
        die("of key %u event %u came where %u was next", key, number, test->next_of_key[key]);
    test->next_of_key[key]++;
    test->read_count++;
}

/* True: it has nothing more, as far as the store knows. */
static bool drain(struct test *test, struct pravega_segment_reader *reader)
{
    struct pravega_event event;
    struct weir_error err = {0};
    enum weir_status status;

    while ((status = pravega_segment_reader_next(reader, &event, &err)) == WEIR_OK)
        take(test, &event);
    if (status != WEIR_E_AGAIN)
        check(status, &err);
    return pravega_segment_reader_at_tail(reader);
}

static void read_on(void *arg)
{
    struct test *test = arg;
    bool all_at_tail = true;

    for (size_t i = 0; i < test->reader_count; i++)
        all_at_tail = drain(test, test->readers[i]) && all_at_tail;
    if (test->read_count > test->event_count)
        die("%u events were read, only %u written", test->read_count, test->event_count);
    if (all_at_tail && test->read_count == test->event_count)
        weir_loop_stop(test->client.loop);
}

static void on_segments(void *arg, enum weir_status status, const struct pravega_segment_range *segments, size_t count,
                        const struct weir_error *why)
{
    struct test *test = arg;
    struct pravega_segment_reader_options options = {.buffer_bytes = READ_BYTES, .on_ready = read_on, .arg = test};
    struct weir_error err = {0};

    check(status, why);
    if (count != SEGMENT_COUNT)
        die("the stream has %zu segments, not %d", count, SEGMENT_COUNT);
    for (size_t i = 0; i < count; i++)
        check(
            pravega_segment_reader_new(test->client.client, &stream, segments[i].id, &options, &test->readers[i], &err),
            &err);
    test->reader_count = count;
    read_on(test);
}

static void read_all(struct test *test)
{
    memset(test->next_of_key, 0, sizeof(test->next_of_key));
    harm_begin(&test->harm, (uint64_t)test->event_count * WIRE_LEN / (test->cuts * 2), test->cuts);
    pravega_stream_current_segments(test->client.client, &stream, on_segments, test);
    weir_loop_run(test->client.loop);
    for (size_t i = 0; i < test->reader_count; i++)
        pravega_segment_reader_free(test->readers[i]);
    report(test, "read");
}

/* ---- the program */

static struct test parse(int argc, char **argv)
{
    struct test test = {.event_count = 1000000, .cuts = 200};

    if (getrandom(&test.seed, sizeof(test.seed), 0) != sizeof(test.seed))
        die("no randomness for a seed");
    test.seed &= UINT32_MAX;
    for (int at = 1; at + 1 < argc; at += 2) {
        const char *name = argv[at], *value = argv[at + 1];

        if (strcmp(name, "--weir") == 0)
            test.weir = value;
        else if (strcmp(name, "--controller") == 0)
            test.controller = value;
        else if (strcmp(name, "--segment-port") == 0)
            test.segment_port = (uint16_t)atoi(value);
        else if (strcmp(name, "--events") == 0)
            test.event_count = (uint32_t)atoi(value);
        else if (strcmp(name, "--cuts") == 0)
            test.cuts = (uint32_t)atoi(value);
        else if (strcmp(name, "--seed") == 0)
            test.seed = strtoull(value, NULL, 10);
        else
            die("%s: what is that? see the top of test_faults.c", name);
    }
    if (argc % 2 == 0 || (test.weir == NULL) == (test.controller == NULL) || test.event_count == 0 || test.cuts == 0 ||
        (test.controller != NULL && test.segment_port == 0))
        die("usage: see the top of test_faults.c");
    return test;
}

static void start_own_store(struct test *test)
{
    folder_make(test->folder);
    test->store.advertise = "0.0.0.0";
    store_start(&test->store, test->weir, test->folder);
    test->controller = test->store.uri;
    test->segment_port = (uint16_t)atoi(test->store.segment_port);
}

int main(int argc, char **argv)
{
    struct test test = parse(argc, argv);

    printf("seed %" PRIu64 "\n", test.seed);
    fflush(stdout);
    if (test.weir != NULL)
        start_own_store(&test);
    weir_rng_init(&test.harm.rng, test.seed);
    store_client_init(&test.client, test.seed);
    start_proxies(&test);
    start_client(&test);
    write_all(&test);
    read_all(&test);
    store_client_disconnect(&test.client);
    proxy_free(test.controller_proxy);
    proxy_free(test.store_proxy);
    store_client_fini(&test.client);
    if (test.weir != NULL) {
        store_stop(&test.store, SIGTERM);
        folder_remove(test.folder);
    }
    return 0;
}
