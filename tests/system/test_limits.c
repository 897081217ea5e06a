/*
 * test_limits.c - a store in the middle of those who only cost: ten thousand connections to the segment port and some
 * thousands to the other ports that ask for nothing, a client that asks and never reads, clients that send wrong sizes.
 * Others are served, memory stays below a bound, and nobody keeps the processor busy. Then SIGHUP.
 *
 *     test_limits WEIR
 *
 * Each connection is an open file, here and in the store: where the limit is too low, there are as many as it lets be.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "pravega/segment_reader.h"
#include "pravega/wire.h"
#include "pravega/writer.h"
#include "store_case.h"
#include "store_client.h"

#define SEGMENT_IDLE 10000u
#define CONTROLLER_IDLE 3000u
#define REST_IDLE 1000u
#define FILES_SPARE 500u /* for what else the two processes open */
#define EVENTS 20000u    /* of 100 bytes, before and after */
#define ANSWER_LIMIT_S 60
#define SLEEP_LOOKS 60
/* What the store may take: itself and its log 48 MiB, one deaf client 8 MiB, and each idle connection what
 * docs/store.md says, and half as much again. */
#define FIXED_KIB (56u * 1024)
#define SEGMENT_KIB 8u
#define CONTROLLER_KIB 21u
#define REST_KIB 35u

static struct store_case at;
static const struct pravega_stream_name stream = {"limits", "numbers"};

/* --- The crowd ---------------------------------------------------------------------------------------------------- */

static int connect_to(uint16_t port)
{
    return store_case_connect(port, ANSWER_LIMIT_S);
}

struct crowd {
    int *fds;
    size_t count;
};

/* `count` connections that say `hello` and nothing since; each is in, since it has its answer. */
static void gather(struct crowd *crowd, size_t count, uint16_t port, const void *hello, size_t len, size_t answer_len)
{
    char answer[64];

    for (size_t i = 0; i < count; i++) {
        int fd = connect_to(port);

        ck_assert_int_eq(send(fd, hello, len, MSG_NOSIGNAL), (ssize_t)len);
        ck_assert_int_eq(recv(fd, answer, answer_len, MSG_WAITALL), (ssize_t)answer_len);
        crowd->fds[crowd->count++] = fd;
    }
}

static void disperse(struct crowd *crowd)
{
    for (size_t i = 0; i < crowd->count; i++)
        close(crowd->fds[i]);
    free(crowd->fds);
}

static uint16_t rest_port(void)
{
    return (uint16_t)atoi(store_case_ready_line(&at, "rest http://127.0.0.1:"));
}

/* --- Who is served ------------------------------------------------------------------------------------------------ */

struct writing {
    struct store_client client;
    struct pravega_writer *writer;
    uint32_t written, acked;
};

static void on_written(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct writing *writing = arg;

    ck_assert_msg(status == WEIR_OK, "%s", why->message);
    if (++writing->acked == EVENTS)
        weir_loop_stop(writing->client.loop);
}

static void write_on(void *arg)
{
    static const uint8_t event[100];
    struct writing *writing = arg;

    while (writing->written < EVENTS && pravega_writer_write(writing->writer, NULL, weir_view(event, sizeof(event)),
                                                             on_written, writing, NULL) == WEIR_OK)
        writing->written++;
}

/* A client of its own makes the stream, or finds it, and has all of its events acknowledged. */
static void write_events(void)
{
    struct writing writing = {0};
    struct pravega_writer_options options = {.window_bytes = 1 << 20, .on_ready = write_on, .arg = &writing};

    store_client_init(&writing.client, 0);
    store_client_connect(&writing.client, at.store.uri);
    store_client_make_stream(&writing.client, &stream, 1);
    ck_assert_int_eq(pravega_writer_new(writing.client.client, &stream, &options, &writing.writer, NULL), WEIR_OK);
    write_on(&writing);
    weir_loop_run(writing.client.loop);
    ck_assert_uint_eq(writing.acked, EVENTS);
    pravega_writer_free(writing.writer);
    store_client_fini(&writing.client);
}

static void ck_served(void)
{
    const char *const list[] = {at.weir, "scope", "list", "--controller", at.store.uri, NULL};
    char said[512] = "";
    int fd = connect_to(rest_port());
    static const char ask[] = "GET /v1/health/readiness HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

    ck_assert_int_eq(send(fd, ask, strlen(ask), MSG_NOSIGNAL), (ssize_t)strlen(ask));
    ck_assert_int_gt(recv(fd, said, sizeof(said) - 1, MSG_WAITALL), 0);
    ck_assert_msg(strstr(said, "\r\n\r\ntrue") != NULL, "it said %s", said);
    close(fd);
    ck_assert_int_eq(process_run(list, NULL, path_in(at.folder, "list.out"), NULL), 0);
    write_events();
}

/* --- Who is hostile ----------------------------------------------------------------------------------------------- */

/* Asks for much more than its socket holds, and never reads. */
static int deaf_reader(uint16_t port)
{
    struct weir_buf out;
    int fd = connect_to(port);

    weir_buf_init(&out, 1 << 20);
    for (int i = 0; i < 500; i++)
        pravega_wire_encode(&out, &(struct pravega_wire_command){
                                      .type = PRAVEGA_WIRE_READ_SEGMENT,
                                      .read_segment = {.segment = weir_view_str("limits/numbers/0.#epoch.0"),
                                                       .suggested_len = 1 << 20,
                                                       .request_id = i + 1}});
    ck_assert_int_eq(out.status, WEIR_OK);
    ck_assert_int_eq(send(fd, out.ptr, out.len, MSG_NOSIGNAL), (ssize_t)out.len);
    weir_buf_fini(&out);
    return fd;
}

/* The store has to end the connection, whatever it says before. */
static void ck_ended(uint16_t port, const void *bytes, size_t len)
{
    char said[4096];
    ssize_t got;
    int fd = connect_to(port);

    ck_assert_int_eq(send(fd, bytes, len, MSG_NOSIGNAL), (ssize_t)len);
    while ((got = recv(fd, said, sizeof(said), 0)) > 0)
        ;
    ck_assert_msg(got == 0 || errno == ECONNRESET, "it does not end: %s", strerror(errno));
    close(fd);
}

static void wrong_sizes(uint16_t segments, uint16_t controller, uint16_t rest)
{
    static const uint8_t frames[][12] = {
        {0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff},        /* -1 bytes */
        {0, 0, 0, 1, 0x7f, 0xff, 0xff, 0xff},        /* 2 GiB */
        {0, 0, 0, 9, 0, 0, 0, 4, 0xff, 0xff, 0xff, 0xff}, /* too short for what it is */
    };
    static const uint8_t http2[33] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\4\0\0\0\0";
    static const char http[] = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n";

    for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++)
        ck_ended(segments, frames[i], sizeof(frames[i]));
    ck_ended(controller, http2, sizeof(http2));
    ck_ended(controller, "no HTTP/2 at all, and long enough to tell", 41);
    ck_ended(rest, http, strlen(http));
}

/* --- What it costs ------------------------------------------------------------------------------------------------ */

static uint64_t status_of(const char *field)
{
    char path[64];
    char *text, *found;
    uint64_t value;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)at.store.process.pid);
    text = file_text(path);
    found = strstr(text, field);
    ck_assert_ptr_nonnull(found);
    value = strtoull(found + strlen(field), NULL, 10);
    free(text);
    return value;
}

/* Milliseconds of processor time so far. */
static int64_t processor_ms(void)
{
    char path[64];
    char *text;
    unsigned long user = 0, system = 0;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)at.store.process.pid);
    text = file_text(path);
    ck_assert_int_eq(
        sscanf(strrchr(text, ')'), ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system), 2);
    free(text);
    return (int64_t)(user + system) * 1000 / sysconf(_SC_CLK_TCK);
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Whether it hardly does anything for a second: a tenth of the time is far more than it takes, and a spinning loop
 * takes all of it. */
static bool sleeps_for_a_second(void)
{
    int64_t began_ms = now_ms(), busy_ms = processor_ms(), passed_ms;
    uint64_t woken = status_of("\nvoluntary_ctxt_switches:");

    ck_assert_int_eq(process_wait(&at.store.process, 1000), RUNNING);
    busy_ms = processor_ms() - busy_ms;
    woken = status_of("\nvoluntary_ctxt_switches:") - woken;
    passed_ms = now_ms() - began_ms;
    printf("idle: %" PRId64 " ms of %" PRId64 " ms, woken %" PRIu64 " times\n", busy_ms, passed_ms, woken);
    return busy_ms <= passed_ms / 10 && (int64_t)woken <= passed_ms / 10;
}

/* While nobody asks for anything, it sleeps; on a slow machine what was asked for before may go on for a while. */
static void ck_sleeps(void)
{
    int looks = 0;

    while (!sleeps_for_a_second())
        ck_assert_msg(++looks < SLEEP_LOOKS, "it never sleeps");
}

static void ck_memory(size_t segment, size_t controller, size_t rest)
{
    uint64_t bound = FIXED_KIB + segment * SEGMENT_KIB + controller * CONTROLLER_KIB + rest * REST_KIB;
    uint64_t resident = status_of("VmRSS:");

    printf("memory: %" PRIu64 " KiB, at most %" PRIu64 "\n", resident, bound);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* theirs is another matter */
    ck_assert_uint_le(resident, bound);
#endif
}

/* --- Tests -------------------------------------------------------------------------------------------------------- */

static void setup(void)
{
    store_case_begin(&at);
}

static void teardown(void)
{
    store_case_end(&at);
}

static void open_store(void)
{
    static const char *const more[] = {"--max-connections",      "11000", "--max-controller-connections", "4000",
                                       "--max-rest-connections", "1500",  NULL};

    store_case_start(&at, more);
}

/* Its log has the line, now or soon. */
static void await_log(const char *words)
{
    char *log;

    while (strstr(log = file_text(path_in(at.folder, "store.err")), words) == NULL) {
        ck_assert_msg(process_wait(&at.store.process, 5) == RUNNING, "it has ended and said %s", log);
        free(log);
    }
    free(log);
}

/* How many of `wanted` there are, so that all of them fit in. */
static size_t share(size_t wanted, size_t files)
{
    const char *scale = getenv("WEIR_TEST_SCALE");
    size_t all = SEGMENT_IDLE + CONTROLLER_IDLE + REST_IDLE;

    if (scale != NULL && strcmp(scale, "small") == 0)
        wanted /= 10;
    return files >= all ? wanted : wanted * files / all;
}

/* What both may open. */
static size_t files_there_are(void)
{
    struct rlimit limit;
    size_t all = SEGMENT_IDLE + CONTROLLER_IDLE + REST_IDLE, files;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    files = limit.rlim_max > 2 * FILES_SPARE ? (size_t)limit.rlim_max - 2 * FILES_SPARE : FILES_SPARE / 2;
    files = files * 4 / 5; /* the store gives each port its part of what it may have */
    if (files < all)
        printf("the limit on open files is %llu: %zu connections instead of %zu\n", (unsigned long long)limit.rlim_max,
               files, all);
    return files;
}

START_TEST(a_crowd_costs_little_and_others_are_served)
{
    static const uint8_t wire_hello[] = {0xff, 0xff, 0xff, 0x81, 0, 0, 0, 8, 0, 0, 0, 15, 0, 0, 0, 5};
    static const uint8_t http2_hello[33] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0";
    static const char http_hello[] = "GET /ping HTTP/1.1\r\nHost: h\r\n\r\n";
    size_t files = files_there_are();
    size_t segment = share(SEGMENT_IDLE, files), controller = share(CONTROLLER_IDLE, files),
           rest = share(REST_IDLE, files);
    uint16_t segment_port, controller_port, rest_at;
    struct crowd crowd = {.fds = calloc(segment + controller + rest, sizeof(int))};
    int deaf;

    open_store();
    segment_port = (uint16_t)atoi(at.store.segment_port);
    controller_port = (uint16_t)atoi(at.store.controller_port);
    rest_at = rest_port();
    write_events();
    gather(&crowd, segment, segment_port, wire_hello, sizeof(wire_hello), sizeof(wire_hello));
    gather(&crowd, controller, controller_port, http2_hello, sizeof(http2_hello), 9);
    gather(&crowd, rest, rest_at, http_hello, strlen(http_hello), 15);
    printf("%zu idle connections to the segment port, %zu to the controller, %zu over HTTP\n", segment, controller, rest);
    deaf = deaf_reader(segment_port);
    wrong_sizes(segment_port, controller_port, rest_at);
    ck_served();
    ck_memory(segment, controller, rest);
    ck_sleeps();
    for (size_t i = 0; i < segment + controller; i += 97) { /* they are still there; over HTTP they have a minute */
        char byte;
        ssize_t got = recv(crowd.fds[i], &byte, 1, MSG_PEEK | MSG_DONTWAIT);

        ck_assert_msg(got > 0 || (got < 0 && errno == EAGAIN), "the store has ended connection %zu", i);
    }
    close(deaf);
    disperse(&crowd);
    ck_served();
}
END_TEST

/* Goal: SIGHUP reads accounts at once, changed or not; it does not end the store. */
START_TEST(a_hangup_reads_files_anew)
{
    const char *const more[] = {"--auth-accounts", path_in(at.folder, "accounts"), NULL};

    file_write(path_in(at.folder, "accounts"), "# nobody yet\n");
    store_case_start(&at, more);
    kill(at.store.process.pid, SIGHUP);
    await_log("accounts file ");
    await_log(" was read anew");
    file_write(path_in(at.folder, "accounts"), "nonsense\n");
    kill(at.store.process.pid, SIGHUP);
    await_log("the old accounts stay in use");
}
END_TEST

/* Goal: with few open files there are fewer connections, which is said, and the store keeps what it needs for its
 * data. */
START_TEST(few_open_files_are_kept_for_data)
{
    int fds[400];

    file_write(path_in(at.folder, "limited"), "#!/bin/sh\nulimit -n 300 && exec \"$WEIR_LIMITED\" \"$@\"\n");
    ck_assert_int_eq(chmod(path_in(at.folder, "limited"), 0700), 0);
    setenv("WEIR_LIMITED", at.weir, 1);
    store_start(&at.store, path_in(at.folder, "limited"), at.folder);
    await_log("the limit on open files is 300, and the connections that are allowed need ");
    for (size_t i = 0; i < 400; i++)
        fds[i] = connect_to((uint16_t)atoi(at.store.segment_port));
    await_log("refused the connection of ");
    for (size_t i = 0; i < 400; i += 2)
        close(fds[i]);
    ck_served();
    for (size_t i = 1; i < 400; i += 2)
        close(fds[i]);
}
END_TEST

static void add_tests(TCase *tc)
{
    tcase_add_test(tc, a_hangup_reads_files_anew);
    tcase_add_test(tc, few_open_files_are_kept_for_data);
    tcase_add_test(tc, a_crowd_costs_little_and_others_are_served);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        die("usage: test_limits WEIR");
    at.weir = argv[1];
    unsetenv("MALLOC_PERTURB_"); /* of the test runner: it writes to all memory, also to what the store never touches */
    return store_case_run("limits", setup, teardown, add_tests);
}
