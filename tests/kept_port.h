/**
 * @file tests/kept_port.h
 * @brief A port of 127.0.0.1 at which nobody listens, and that nobody else is given.
 *
 * For a test that wants a connection refused, or a server that comes again where it was: a port that was only let go
 * may be another test's a moment later. Whoever keeps it may have it listened at (SO_REUSEADDR), as often as it likes.
 */
#ifndef WEIR_TESTS_KEPT_PORT_H
#define WEIR_TESTS_KEPT_PORT_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

/** Returns what is to be closed when it is needed no more. */
static inline int kept_port(uint16_t *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    socklen_t len = sizeof(at);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        bind(fd, (struct sockaddr *)&at, len) != 0 || getsockname(fd, (struct sockaddr *)&at, &len) != 0) {
        perror("cannot keep a port");
        exit(1);
    }
    *port = ntohs(at.sin_port);
    return fd;
}

#endif
