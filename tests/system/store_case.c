/*
 * store_case.c - a folder, a store in it, and a suite of tests that speak to it.
 */
#include "store_case.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

void store_case_begin(struct store_case *at)
{
    at->store = (struct store_process){0};
    folder_make(at->folder);
}

void store_case_start(struct store_case *at, const char *const *more)
{
    at->store.more = more;
    store_start(&at->store, at->weir, at->folder);
}

void store_case_end(struct store_case *at)
{
    store_stop(&at->store, SIGTERM);
    folder_remove(at->folder);
}

const char *store_case_ready_line(const struct store_case *at, const char *beginning)
{
    static char line[256];
    char *text = file_text(path_in(at->folder, "ready")), *found = strstr(text, beginning);

    ck_assert_msg(found != NULL, "the ready file has no \"%s\": %s", beginning, text);
    found += strlen(beginning);
    snprintf(line, sizeof(line), "%.*s", (int)strcspn(found, "\n"), found);
    free(text);
    return line;
}

int store_case_connect(uint16_t port, int limit_s)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct timeval limit = {.tv_sec = limit_s};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)); /* a test that waits in vain fails */
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

int store_case_run(const char *name, void (*setup)(void), void (*teardown)(void), void (*add_tests)(TCase *tc))
{
    Suite *suite = suite_create(name);
    TCase *tc = tcase_create(name);
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    add_tests(tc);
    suite_add_tcase(suite, tc);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
