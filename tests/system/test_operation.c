/*
 * test_operation.c - a store as its operator meets it: where it serves, who else wants its folder, HTTP, the service
 * manager, and an orderly end under load.
 *
 *     test_operation WEIR DOCS/STORE.MD
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "pravega/segment_reader.h"
#include "pravega/writer.h"
#include "store_case.h"
#include "store_client.h"
#include "weir/endian.h"

#define ANSWER_LIMIT_S 250 /* only a hang takes so long, on any machine */

static const char *doc;
static struct store_case at;

static void setup(void)
{
    store_case_begin(&at);
    store_case_start(&at, NULL);
}

static void teardown(void)
{
    store_case_end(&at);
}

/* --- HTTP ------------------------------------------------------------------------------------------------------- */

/* What the store says to a request, all of it; to be freed. */
static char *http(const char *request_line, const char *body)
{
    int fd = store_case_connect((uint16_t)atoi(store_case_ready_line(&at, "rest http://127.0.0.1:")), ANSWER_LIMIT_S);
    FILE *stream = fdopen(fd, "r+");
    char *said = NULL;
    size_t cap = 0;

    ck_assert_ptr_nonnull(stream);
    fprintf(stream,
            "%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
            "Content-Length: %zu\r\n\r\n%s",
            request_line, strlen(body), body);
    fflush(stream);
    ck_assert_int_gt(getdelim(&said, &cap, '\0', stream), 0);
    fclose(stream);
    return said;
}

static void ck_says(const char *request_line, const char *body, const char *expected)
{
    char *said = http(request_line, body);

    ck_assert_msg(strstr(said, expected) != NULL, "to %s it said %s", request_line, said);
    free(said);
}

/* --- Where it serves -------------------------------------------------------------------------------------------- */

START_TEST(the_ready_file_says_where)
{
    const char *const list[] = {at.weir, "scope", "list", "--controller", at.store.uri, NULL};
    char *text = file_text(path_in(at.folder, "ready")), *said;

    ck_assert_int_eq(strncmp(text, at.store.uri, strlen(at.store.uri)), 0);
    ck_assert_int_eq(text[strlen(at.store.uri)], '\n');
    ck_assert_str_eq(store_case_ready_line(&at, "segments 127.0.0.1:"), at.store.segment_port);
    ck_says("GET /v1/health/readiness", "", "\r\n\r\ntrue");
    ck_says("POST /v1/scopes", "{\"scopeName\":\"by-http\"}", "HTTP/1.1 201 ");
    ck_assert_int_eq(process_run(list, NULL, path_in(at.folder, "list.out"), NULL), 0);
    said = file_text(path_in(at.folder, "list.out"));
    ck_assert_msg(strstr(said, "by-http") != NULL, "the scopes are %s", said);
    free(said);
    free(text);
}
END_TEST

START_TEST(a_folder_belongs_to_one)
{
    const char *const argv[] = {
        at.weir, "store", "--data", path_in(at.folder, "data"), "--controller-port", "0", "--segment-port", "0", NULL};
    char *said;

    ck_assert_int_eq(process_run(argv, NULL, NULL, path_in(at.folder, "second.err")), 5);
    said = file_text(path_in(at.folder, "second.err"));
    ck_assert_msg(strstr(said, "is held by process ") != NULL && strstr(said, at.folder) != NULL,
                  "it said %s", said);
    free(said);
    ck_says("GET /v1/health/readiness", "", "\r\n\r\ntrue"); /* the first one goes on */
}
END_TEST

START_TEST(a_port_belongs_to_one)
{
    const char *port = store_case_ready_line(&at, "rest http://127.0.0.1:");
    const char *const argv[] = {at.weir, "store",          "--data", path_in(at.folder, "other"), "--controller-port",
                                "0",  "--segment-port", "0",      "--rest-port",            port,
                                NULL};
    char *said;

    ck_assert_int_eq(process_run(argv, NULL, NULL, path_in(at.folder, "second.err")), 5);
    said = file_text(path_in(at.folder, "second.err"));
    ck_assert_msg(strstr(said, "choose another port") != NULL && strstr(said, port) != NULL, "it said %s", said);
    free(said);
}
END_TEST

/* --- Metrics and their page ------------------------------------------------------------------------------------- */

/* Goal: docs/store.md lists every metric there is, and no other one. */
START_TEST(every_metric_is_documented)
{
    char *said = http("GET /prometheus", ""), *page = file_text(doc), *row_at;
    char name[200], row[220];
    size_t metric_count = 0, row_count = 0;

    for (row_at = said; (row_at = strstr(row_at, "# TYPE ")) != NULL; metric_count++) {
        row_at += strlen("# TYPE ");
        snprintf(name, sizeof(name), "%.*s", (int)strcspn(row_at, " "), row_at);
        snprintf(row, sizeof(row), "| `%s` |", name);
        ck_assert_msg(strstr(page, row) != NULL, "docs/store.md has no row of %s", name);
    }
    for (row_at = page; (row_at = strstr(row_at, "\n| `")) != NULL; row_at += 4) {
        const char *metric = row_at + 4;

        row_count += strncmp(metric, "pravega_", 8) == 0 || strncmp(metric, "weir_", 5) == 0 ||
                     strncmp(metric, "process_", 8) == 0;
    }
    ck_assert_uint_eq(row_count, metric_count);
    free(said);
    free(page);
}
END_TEST

/* --- The service manager ---------------------------------------------------------------------------------------- */

static void ck_hears(int fd, const char *words)
{
    char text[64];
    ssize_t len = recv(fd, text, sizeof(text) - 1, 0);

    ck_assert_int_gt(len, 0);
    text[len] = '\0';
    ck_assert_str_eq(text, words);
}

START_TEST(the_service_manager_is_told)
{
    struct sockaddr_un heard_at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    ck_assert_int_lt(snprintf(heard_at.sun_path, sizeof(heard_at.sun_path), "%.90s/notify", at.folder),
                     sizeof(heard_at.sun_path));
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&heard_at, sizeof(heard_at)), 0);
    store_stop(&at.store, SIGTERM);
    setenv("NOTIFY_SOCKET", heard_at.sun_path, 1);
    store_case_start(&at, NULL);
    ck_hears(fd, "READY=1");
    store_stop(&at.store, SIGTERM);
    ck_hears(fd, "STOPPING=1");
    unsetenv("NOTIFY_SOCKET");
    close(fd);
    store_case_start(&at, NULL);
}
END_TEST

/* --- An end under load ------------------------------------------------------------------------------------------ */

#define EVENTS_MAX 2000000u
#define ENOUGH 20000u

struct load {
    struct store_client client;
    struct pravega_writer *writer;
    uint32_t written, acked, read;
    bool stopped, told;
    int code; /* of the store */
};

static const struct pravega_stream_name stream = {"operation", "numbers"};

/* One segment and one writer: what is acknowledged is a beginning of what was written. */
static void on_written(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct load *load = arg;

    (void)why;
    if (status == WEIR_OK)
        load->acked++;
    if (load->acked >= ENOUGH && !load->told) { /* in the middle of it */
        load->told = true;
        kill(at.store.process.pid, SIGTERM);
    }
}

static void write_on(void *arg)
{
    struct load *load = arg;
    enum weir_status status = WEIR_OK;

    while (status == WEIR_OK && load->written < EVENTS_MAX && !load->stopped) {
        uint8_t bytes[100] = {0};

        weir_put_u32be(bytes, load->written);
        status = pravega_writer_write(load->writer, NULL, weir_view(bytes, sizeof(bytes)), on_written, load, NULL);
        load->written += status == WEIR_OK;
    }
}

/* The store has ended, or the loop looks again a little later. */
static void look_for_end(void *arg)
{
    static struct weir_timer again;
    struct load *load = arg;

    load->code = process_wait(&at.store.process, 0);
    if (load->code == RUNNING) {
        again = (struct weir_timer){.fn = look_for_end, .arg = load};
        weir_timer_start(load->client.loop, &again, 10 * WEIR_NS_PER_MS);
        return;
    }
    load->stopped = true;
    weir_loop_stop(load->client.loop);
}

static void write_until_it_ends(struct load *load)
{
    struct pravega_writer_options options = {.window_bytes = 1 << 20, .on_ready = write_on, .arg = load};

    store_client_init(&load->client, 0);
    store_client_connect(&load->client, at.store.uri);
    store_client_make_stream(&load->client, &stream, 1);
    ck_assert_int_eq(pravega_writer_new(load->client.client, &stream, &options, &load->writer, NULL), WEIR_OK);
    write_on(load);
    look_for_end(load);
    weir_loop_run(load->client.loop);
    pravega_writer_free(load->writer);
    store_client_fini(&load->client);
}

/* Goal: SIGTERM in the middle of writing ends the store with 0, and what it acknowledged is there, once and in order.
 * (What was written and not acknowledged may be there as well.) */
START_TEST(an_orderly_end_keeps_what_was_acknowledged)
{
    const char *const argv[] = {at.weir, "stream", "read", "operation/numbers", "--controller", at.store.uri, NULL};
    struct load load = {0};
    FILE *events;
    uint8_t bytes[101];

    write_until_it_ends(&load);
    ck_assert_int_eq(load.code, 0);
    ck_assert_uint_ge(load.acked, ENOUGH);
    store_case_start(&at, NULL);
    ck_assert_int_eq(process_run(argv, NULL, path_in(at.folder, "events"), NULL), 0);
    events = fopen(path_in(at.folder, "events"), "r");
    ck_assert_ptr_nonnull(events);
    for (; fread(bytes, 1, sizeof(bytes), events) == sizeof(bytes); load.read++) /* each with its line's end */
        ck_assert_uint_eq(weir_get_u32be(bytes), load.read);
    fclose(events);
    ck_assert_uint_ge(load.read, load.acked);
    ck_assert_uint_le(load.read, load.written);
    printf("%" PRIu32 " events written, %" PRIu32 " acknowledged, %" PRIu32 " there\n", load.written, load.acked,
           load.read);
}
END_TEST

static void add_tests(TCase *tc)
{
    tcase_add_test(tc, the_ready_file_says_where);
    tcase_add_test(tc, a_folder_belongs_to_one);
    tcase_add_test(tc, a_port_belongs_to_one);
    tcase_add_test(tc, every_metric_is_documented);
    tcase_add_test(tc, the_service_manager_is_told);
    tcase_add_test(tc, an_orderly_end_keeps_what_was_acknowledged);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        die("usage: test_operation WEIR DOCS/STORE.MD");
    at.weir = argv[1];
    doc = argv[2];
    return store_case_run("operation", setup, teardown, add_tests);
}
