/**
 * @file pravega/client.h
 * @brief A client of one Pravega cluster on one loop: the controller's channel and the connections to segment stores.
 *
 * Mirrors upstream's ClientConfig and the connection side of ClientFactory. Everything made from a client belongs to
 * the client's loop, is used on its thread and is freed before it. Calls do not block: results come to a callback,
 * never from within the call that asked, but for a WEIR_E_NOMEM where there is no memory to remember the callback. A
 * program without a loop of its own runs one with weir_loop_run() and stops it in the callback (see examples/).
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
    int32_t initial_backoff_ms; /**< 1 */
    int32_t max_backoff_ms;     /**< 20000 */
    int32_t retry_attempts;     /**< 10; each success starts the count anew */
    int32_t backoff_multiple;   /**< 10 */
};

/**
 * The token anew: upstream's Credentials.getAuthenticationToken(). Called on the client's loop before each call to the
 * controller, so that a bearer token can be replaced while it is still good; it must not block and not free the client.
 * @param refused NULL; or the token that the controller has just refused. A token that differs from it is tried at
 *                once, one time; the same one, or NULL, ends the call with WEIR_E_AUTH
 * @return borrowed until the next call; NULL: there is none, which ends the call with WEIR_E_AUTH
 */
typedef const char *pravega_auth_token_fn(void *arg, const char *refused);

/** Zero means the default; strings are copied. */
struct pravega_client_options {
    /** "tcp://host:port[,host:port]": these controllers, in turn. "pravega://": those that these ones name
     *  (getControllerServerList), asked again every two minutes. "tls://" or "ssl://" and "pravegas://": the same over
     *  TLS, with segment stores too. NULL means "tcp://localhost:9090", upstream's default. */
    const char *controller_uri;
    const char *trust_store;       /**< PEM file, or a folder of such as openssl-rehash(1) makes it; NULL means the
                                    *   system's authorities */
    bool skip_hostname_validation; /**< upstream's validateHostName = false: a certificate may name another host */
    const char *auth_method;       /**< "Basic", "Bearer"; NULL means none */
    const char *auth_token;        /**< what follows the method in the authorization header; for Basic also plain
                                    *   "user:password" */
    pravega_auth_token_fn *auth_token_of; /**< instead of auth_token; NULL means that auth_token stays good */
    void *auth_arg;                       /**< of auth_token_of */
    struct pravega_retry retry;
    int64_t rpc_timeout_ms; /**< of one controller call and its retries together; 0 means 120000 */
};

/**
 * Fills what is not set yet (NULL, false) from the environment of the host's process:
 *
 *     PRAVEGA_CONTROLLER_URI                    controller_uri
 *     PRAVEGA_TRUST_STORE                       trust_store
 *     PRAVEGA_VALIDATE_HOST_NAME=false          skip_hostname_validation
 *     pravega.client.auth.method, .token        auth_method, auth_token: upstream's system properties, here variables
 *                                               of these names, as env(1) can set them; they win over
 *     pravega_client_auth_method, ..._token     upstream's environment variables
 *
 * As upstream does it, credentials come from one place as a whole: from `options` if they hold any part of them, else
 * from the first pair whose method is set. An empty variable counts as none. The strings are not copied: they are the
 * environment's, and pravega_client_new() copies them.
 * @retval WEIR_E_INVAL        PRAVEGA_VALIDATE_HOST_NAME is neither "true" nor "false", or a method has no token
 * @retval WEIR_E_UNSUPPORTED  loadDynamic is "true" there: that asks for a Java class; give auth_token_of instead
 */
enum weir_status pravega_client_options_from_environment(struct weir_host *host, struct pravega_client_options *options,
                                                         struct weir_error *err);

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
