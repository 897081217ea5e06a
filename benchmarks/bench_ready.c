/*
 * bench_ready.c - executes a server and writes one event to it: the time from exec to the acknowledgement.
 *
 *   bench_ready port=N PROGRAM [ARGUMENT...]      the server's controller will be at 127.0.0.1:N
 *
 * It connects every half millisecond until somebody listens; the client does the rest. The server is killed at the end.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "benchmarks/bench.h"
#include "pravega/blocking.h"

#define PATIENCE_S 120

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static pid_t execute(char **args)
{
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    if (dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO) >= 0)
        execvp(args[0], args);
    perror(args[0]);
    _exit(127);
}

static bool listens(uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool connected = fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0;

    if (fd >= 0)
        close(fd);
    return connected;
}

static enum weir_status write_one(struct pravega_session *session, struct weir_error *err)
{
    static const struct pravega_stream_name stream = {"ready", "first"};
    struct pravega_writer *writer;
    enum weir_status status = pravega_await_scope_create(session, stream.scope, err);

    if (status == WEIR_OK)
        status = pravega_await_stream_create(session, &stream, &(struct pravega_stream_config){.min_segments = 1}, err);
    if (status == WEIR_OK)
        status = pravega_await_writer_new(session, &stream, NULL, &writer, err);
    if (status == WEIR_OK)
        status = pravega_await_write(session, writer, NULL, weir_view_str("first"), err);
    return status == WEIR_OK ? pravega_await_flush(session, writer, err) : status;
}

/* The host exists before the server does, so that its own making is not in the figure. */
static enum weir_status first_ack(struct weir_host *host, uint16_t port, pid_t server, int64_t *listening_ns,
                                  struct weir_error *err)
{
    const struct timespec pause = {0, 500000};
    struct pravega_session *session;
    char uri[64];
    int64_t patience_ns = now_ns() + PATIENCE_S * INT64_C(1000000000);
    enum weir_status status;

    while (!listens(port)) {
        if (now_ns() > patience_ns || waitpid(server, NULL, WNOHANG) != 0)
            return weir_fail(err, WEIR_E_TIMEOUT, "nobody listens on port %u", (unsigned)port);
        nanosleep(&pause, NULL);
    }
    *listening_ns = now_ns();
    snprintf(uri, sizeof(uri), "tcp://127.0.0.1:%u", (unsigned)port);
    status = pravega_session_open(host, &(struct pravega_client_options){.controller_uri = uri}, &session, err);
    if (status != WEIR_OK)
        return status;
    pravega_session_set_timeout(session, PATIENCE_S * 1000);
    status = write_one(session, err);
    pravega_session_close(session);
    return status;
}

int main(int argc, char **argv)
{
    uint16_t port = (uint16_t)bench_number(argc, argv, "port", 0);
    struct weir_host *host = NULL;
    struct weir_error err = {0};
    int64_t exec_ns, listening_ns = 0, acked_ns;
    enum weir_status status;
    pid_t server;

    if (argc < 3 || port == 0) {
        fprintf(stderr, "usage: bench_ready port=N PROGRAM [ARGUMENT...]\n");
        return EXIT_FAILURE;
    }
    status = weir_host_new(NULL, &host, &err);
    exec_ns = now_ns();
    server = execute(argv + 2);
    if (status == WEIR_OK)
        status = first_ack(host, port, server, &listening_ns, &err);
    acked_ns = now_ns();
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    weir_host_free(host);
    if (status != WEIR_OK) {
        fprintf(stderr, "bench_ready: %s\n", err.message);
        return EXIT_FAILURE;
    }
    printf("{\"listening_ms\":%.1f,\"first_ack_ms\":%.1f}\n", (double)(listening_ns - exec_ns) / 1e6,
           (double)(acked_ns - exec_ns) / 1e6);
    return EXIT_SUCCESS;
}
