/**
 * @file base/host_int.h
 * @brief What a host implementation provides. Used by base/ only.
 */
#ifndef WEIR_BASE_HOST_INT_H
#define WEIR_BASE_HOST_INT_H

#include "weir/host.h"

struct weir_host_ops {
    void (*free)(struct weir_host *host);
    enum weir_status (*loop_new)(struct weir_host *host, const char *name, struct weir_loop **out,
                                 struct weir_error *err);
    void (*submit)(struct weir_host *host, struct weir_job *job);
    bool (*cancel)(struct weir_host *host, struct weir_job *job);
    uint64_t (*random)(struct weir_host *host);
    int (*cores)(struct weir_host *host);
    const char *(*env)(struct weir_host *host, const char *name);
};

/** First member of every implementation's host. */
struct weir_host {
    const struct weir_host_ops *ops;
    struct weir_fs *fs;
    struct weir_log *log;
};

#endif
