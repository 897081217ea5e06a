/**
 * @file base/service.h
 * @brief Words for the service manager that started the program: systemd's, if the environment names its socket.
 */
#ifndef WEIR_BASE_SERVICE_H
#define WEIR_BASE_SERVICE_H

#include "weir/host.h"

/**
 * Sends a line such as "READY=1" or "STOPPING=1" (sd_notify(3)) to $NOTIFY_SOCKET. Without one, nothing happens; a
 * manager that does not listen is its own trouble, not the program's.
 */
void weir_service_notify(struct weir_host *host, const char *words);

#endif
