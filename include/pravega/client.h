/**
 * @file pravega/client.h
 * @brief A client of one Pravega cluster on one loop: the controller's channel and the connections to segment stores.
 *
 * Mirrors upstream's ClientConfig and the connection side of ClientFactory. Everything made from a client belongs to
 * the client's loop, is used on its thread and is freed before it. Calls do not block: results come to a callback, never
 * from within the call that asked, but for a WEIR_E_NOMEM where there is no memory to remember the callback. A program
 * without a loop of its own runs one with weir_loop_run() and stops it in the callback (see examples/).
 */
#ifndef PRAVEGA_CLIENT_H
#define PRAVEGA_CLIENT_H

#include "pravega/types.h"
#include "weir/loop.h"

#ifdef __cplusplus
extern "C" {
#endif

struct pravega_client; /* opaque */

/** Upstream's EventWriterConfig retry settings; zero means upstream's default. */
struct pravega_retry {
    int32_t initial_backoff_ms;  /**< 1 */
    int32_t max_backoff_ms;      /**< 20000 */
    int32_t retry_attempts;      /**< 10; each success starts the count anew */
    int32_t backoff_multiple;    /**< 10 */
};

/** Zero means the default; strings are copied. */
struct pravega_client_options {
    /** "tcp://host:port[,host:port]", "pravega://" likewise; "tls://", "ssl://" and "pravegas://" speak TLS.
     *  NULL means "tcp://localhost:9090", upstream's default. */
    const char *controller_uri;
    const char *trust_store;        /**< PEM file; NULL means the system's authorities */
    bool skip_hostname_validation;  /**< upstream's validateHostName = false */
    const char *auth_method;        /**< "Basic", "Bearer"; NULL means none */
    const char *auth_token;         /**< what follows the method in the authorization header; for Basic also plain
                                     *   "user:password" */
    struct pravega_retry retry;
    int64_t rpc_timeout_ms;         /**< of one controller call and its retries together; 0 means 120000 */
};

/** @retval WEIR_E_INVAL the URI is not one; the message shows what it should look like @retval WEIR_E_NOMEM */
enum weir_status pravega_client_new(struct weir_loop *loop, const struct pravega_client_options *options,
                                    struct pravega_client **out, struct weir_error *err);
/** Everything made from it is freed already. Calls under way end without their callback. NULL is fine. */
void pravega_client_free(struct pravega_client *client);
struct weir_loop *pravega_client_loop(struct pravega_client *client);
/** As given, or the default. */
const char *pravega_client_uri(const struct pravega_client *client);

/** How an asynchronous call ended; `why` has words unless status is WEIR_OK and is borrowed for the call. */
typedef void pravega_done_fn(void *arg, enum weir_status status, const struct weir_error *why);

#ifdef __cplusplus
}
#endif

#endif
