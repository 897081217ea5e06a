/*
 * process.c - programs as a test's children. Waiting is poll(2) on a pidfd: no signal handler, no sleep.
 */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kept_port.h"

#define READY_TIMEOUT_MS 250000 /* only a hang takes so long, on any machine */
#define ARGS_MAX 64

void die(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

void folder_make(char path[PATH_LEN_MAX])
{
    const char *tmp = getenv("TMPDIR");

    snprintf(path, PATH_LEN_MAX, "%s/weir-test.XXXXXX", tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(path) == NULL)
        die("cannot make %s: %s", path, strerror(errno));
}

void folder_remove(const char *path)
{
    const char *const argv[] = {"rm", "-rf", path, NULL};

    process_run(argv, NULL, NULL, NULL);
}

const char *path_in(const char *folder, const char *name)
{
    static char paths[8][PATH_LEN_MAX];
    static unsigned next;
    char *path = paths[next++ % 8];

    if (snprintf(path, PATH_LEN_MAX, "%s/%s", folder, name) >= PATH_LEN_MAX)
        die("%s/%s: the path is too long", folder, name);
    return path;
}

char *file_text(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = NULL;
    size_t cap = 0;
    ssize_t len = file != NULL ? getdelim(&text, &cap, '\0', file) : -1;

    if (file != NULL)
        fclose(file);
    if (len < 0) {
        free(text);
        text = calloc(1, 1);
    }
    return text;
}

void file_write(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
        die("cannot write %s: %s", path, strerror(errno));
}

static void become(int fd, const char *path, int flags)
{
    int opened = path != NULL ? open(path, flags, 0644) : -1;

    if (path != NULL && (opened < 0 || dup2(opened, fd) < 0)) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        _exit(126);
    }
}

/* The child dies with us, whatever ends us. */
void process_start(struct process *process, const char *const *argv, const char *in, const char *out, const char *err)
{
    process->code = RUNNING;
    process->pid = fork();
    if (process->pid < 0)
        die("cannot fork: %s", strerror(errno));
    if (process->pid > 0)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    become(STDIN_FILENO, in != NULL ? in : "/dev/null", O_RDONLY);
    become(STDOUT_FILENO, out, O_WRONLY | O_CREAT | O_TRUNC);
    become(STDERR_FILENO, err, O_WRONLY | O_CREAT | O_APPEND);
    execvp(argv[0], (char *const *)argv);
    fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
    _exit(127);
}

int process_wait(struct process *process, int64_t timeout_ms)
{
    struct pollfd ended = {.events = POLLIN};
    int status;

    if (process->code != RUNNING)
        return process->code;
    ended.fd = (int)syscall(SYS_pidfd_open, process->pid, 0);
    if (ended.fd < 0)
        die("cannot watch process %d: %s", (int)process->pid, strerror(errno));
    while (poll(&ended, 1, (int)timeout_ms) < 0 && errno == EINTR)
        ;
    close(ended.fd);
    if (ended.revents == 0)
        return RUNNING;
    if (waitpid(process->pid, &status, 0) != process->pid)
        die("cannot wait for process %d: %s", (int)process->pid, strerror(errno));
    process->code = WIFEXITED(status) ? WEXITSTATUS(status) : KILLED(WTERMSIG(status));
    return process->code;
}

void process_kill(struct process *process, int signo)
{
    if (process->code != RUNNING)
        return;
    kill(process->pid, signo);
    process_wait(process, -1);
}

int process_run(const char *const *argv, const char *in, const char *out, const char *err)
{
    struct process process;

    process_start(&process, argv, in, out, err);
    return process_wait(&process, -1);
}

/* "weir store: serving at tcp://127.0.0.1:9090, segments on port 6000, data in ..." */
static void learn_ports(struct store_process *store)
{
    char *said = file_text(path_in(store->folder, "store.out"));
    const char *segments = strstr(said, "segments on port ");

    if (sscanf(said, "weir store: serving at %127[^,]", store->uri) != 1 || segments == NULL ||
        sscanf(segments, "segments on port %7[0-9]", store->segment_port) != 1)
        die("the store said: %s", said);
    free(said);
}

static void choose_port(char text[8])
{
    uint16_t port;

    kept_port(&port); /* for good: the store comes again there, whoever else looks for a port meanwhile */
    snprintf(text, 8, "%u", port);
}

void store_start(struct store_process *store, const char *weir, const char *folder)
{
    const char *ready = path_in(folder, "ready"), *log = path_in(folder, "store.err");
    const char *argv[ARGS_MAX] = {weir,
                                  "store",
                                  "--data",
                                  store->data != NULL ? store->data : path_in(folder, "data"),
                                  "--ready-file",
                                  ready,
                                  "--controller-port",
                                  store->controller_port,
                                  "--segment-port",
                                  store->segment_port,
                                  "--advertise",
                                  store->advertise != NULL ? store->advertise : "127.0.0.1",
                                  NULL};
    size_t count = 0;

    if (store->controller_port[0] == '\0') {
        choose_port(store->controller_port);
        choose_port(store->segment_port);
    }
    store->weir = weir;
    snprintf(store->folder, sizeof(store->folder), "%s", folder);
    while (argv[count] != NULL)
        count++;
    for (size_t i = 0; store->more != NULL && store->more[i] != NULL && count < ARGS_MAX - 1; i++)
        argv[count++] = store->more[i];
    unlink(ready);
    process_start(&store->process, argv, NULL, path_in(folder, "store.out"), log);
    for (int waited_ms = 0; access(ready, F_OK) != 0; waited_ms += 2) {
        if (process_wait(&store->process, 2) != RUNNING || waited_ms > READY_TIMEOUT_MS)
            die("the store did not come up (code %d): %s", store->process.code, file_text(log));
    }
    learn_ports(store);
}

void store_stop(struct store_process *store, int signo)
{
    process_kill(&store->process, signo);
    if (signo == SIGTERM && store->process.code != 0)
        die("the store ended with %d: %s", store->process.code, file_text(path_in(store->folder, "store.err")));
}
