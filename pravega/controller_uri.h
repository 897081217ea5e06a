/**
 * @file pravega/controller_uri.h
 * @brief "tcp://host:port[,host:port...]": where controllers are, whether TLS is spoken with them, whether they are
 * all.
 */
#ifndef PRAVEGA_CONTROLLER_URI_H
#define PRAVEGA_CONTROLLER_URI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "weir/error.h"

#define PRAVEGA_CONTROLLERS_MAX 16 /* in one URI */
#define PRAVEGA_HOST_LEN_MAX 253   /* of a DNS name, in bytes */
#define PRAVEGA_CONTROLLER_URI_DEFAULT "tcp://localhost:9090"

struct pravega_controller_uri {
    bool tls;
    bool discover; /**< these controllers know the others */
    size_t count;  /**< 1 or more */
    struct pravega_controller_address {
        char host[PRAVEGA_HOST_LEN_MAX + 1]; /**< an IPv6 address without its brackets */
        uint16_t port;
    } at[PRAVEGA_CONTROLLERS_MAX];
};

/** @retval WEIR_E_INVAL it is none; the message says what is wrong and shows what it should look like */
enum weir_status pravega_controller_uri_parse(const char *text, struct pravega_controller_uri *out,
                                              struct weir_error *err);

/** An address that a controller gave; false if it cannot be one. */
bool pravega_controller_address_make(const char *host, int64_t port, struct pravega_controller_address *out);

#endif
