/*
 * store.c - the embedded store: a container, the controller's service and the segment service on it, on one loop.
 */
#include "weir/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "pravega/controller_uri.h"
#include "store/access/security.h"
#include "store/container/container.h"
#include "store/controller/controller.h"
#include "store/operation/rest_server.h"
#include "store/operation/store_metrics.h"
#include "store/segments/segment_merge.h"
#include "store/segments/wire_server.h"

struct weir_store {
    struct weir_loop *loop;
    struct weir_container *ctr;
    struct weir_security *security;
    struct weir_wire_server *wire;
    struct weir_controller *ctl;
    struct weir_room call_room; /* of the connections of the controller and of HTTP */
    struct weir_store_metrics *metrics; /* and rest: NULL without HTTP */
    struct weir_rest_server *rest;
    char *uri;
};

static void on_failed(void *arg, const struct weir_error *why)
{
    struct weir_store *store = arg;

    weir_log_error(weir_loop_log(store->loop), "store", "stopped, start it again: %s", why->message);
}

static uint64_t or_default(uint64_t value, uint64_t otherwise)
{
    return value != 0 ? value : otherwise;
}

static enum weir_status take_settings(struct weir_store_settings *settings, const char *const *assignments,
                                      struct weir_error *err)
{
    enum weir_status status = WEIR_OK;

    weir_store_settings_init(settings);
    for (; assignments != NULL && *assignments != NULL && status == WEIR_OK; assignments++)
        status = weir_store_settings_set(settings, *assignments, err);
    return status;
}

/* HTTP, of what is there by now. */
static enum weir_status open_rest(struct weir_store *store, const char *host, const struct weir_store_options *options,
                                  struct weir_error *err)
{
    struct weir_target at = {.host = host, .port = options->rest_port, .tls = weir_security_tls(store->security)};
    struct weir_rest_parts parts = {.ctr = store->ctr,
                                    .ctl = store->ctl,
                                    .metrics = store->metrics,
                                    .access = weir_security_access(store->security),
                                    .connection_max = or_default(options->rest_connections_max,
                                                                    WEIR_STORE_REST_CONNECTIONS_DEFAULT),
                                    .room = &store->call_room};
    struct weir_metric_sources sources = {.loop = store->loop, .ctr = store->ctr, .wire = store->wire};
    enum weir_status status = weir_rest_server_new(store->loop, &at, &parts, &store->rest, err);

    sources.rest = store->rest;
    sources.ctl = store->ctl;
    sources.call_room = &store->call_room;
    weir_store_metrics_sources(store->metrics, &sources);
    return status;
}

static void size_call_room(struct weir_room *room, const struct weir_store_options *options)
{
    room->bytes_max = or_default(options->call_bytes_max, WEIR_STORE_CALL_BYTES_DEFAULT);
    if (room->bytes_max < WEIR_STORE_CALL_BYTES_LEAST)
        room->bytes_max = WEIR_STORE_CALL_BYTES_LEAST; /* the longest message has to fit */
}

static bool is_loopback(const char *host)
{
    return strncmp(host, "127.", 4) == 0 || strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0;
}

/* --- Where it is -------------------------------------------------------------------------------------------------- */

static const char *listen_host(const struct weir_store_options *options)
{
    return options->listen_host != NULL ? options->listen_host : "127.0.0.1";
}

static const char *advertised_host(const struct weir_store_options *options)
{
    return options->advertised_host != NULL ? options->advertised_host : listen_host(options);
}

/* Whether it is what clients take for a host, in a URI and by itself. */
static enum weir_status check_advertised(struct weir_store *store, const char *host, struct weir_error *err)
{
    struct pravega_controller_address address;

    if (!pravega_controller_address_make(host, 1, &address))
        return weir_fail(err, WEIR_E_INVAL,
                         "\"%.80s\" cannot be told to clients as the host to connect to: it has to be a name or an "
                         "address, without brackets or a port",
                         host);
    if (strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0)
        weir_log_warn(weir_loop_log(store->loop), "store",
                      "clients are told to connect to %s, which works on this machine alone: give the others its name "
                      "(--advertise)",
                      host);
    return WEIR_OK;
}

static enum weir_status make_uri(struct weir_store *store, const char *host, struct weir_error *err)
{
    const char *scheme = weir_security_tls(store->security) != NULL ? "tls" : "tcp";
    const char *fmt = strchr(host, ':') != NULL ? "%s://[%s]:%u" : "%s://%s:%u";

    if (asprintf(&store->uri, fmt, scheme, host, weir_controller_port(store->ctl)) >= 0)
        return WEIR_OK;
    store->uri = NULL;
    return weir_fail(err, WEIR_E_NOMEM, "no memory for the store");
}

/* --- Opening ------------------------------------------------------------------------------------------------------ */

/* Guards what listens on `host`. */
static enum weir_status open_security(struct weir_store *store, const struct weir_store_options *options,
                                      const char *host, struct weir_error *err)
{
    enum weir_status status = weir_security_new(store->loop, options, &store->security, err);

    if (status == WEIR_OK && weir_security_access(store->security) != NULL &&
        weir_security_tls(store->security) == NULL && !is_loopback(host))
        weir_log_warn(weir_loop_log(store->loop), "store",
                      "passwords and tokens reach %s in plain text: give it a certificate, too", host);
    return status;
}

static enum weir_status open_parts(struct weir_store *store, const struct weir_store_options *options,
                                   struct weir_error *err)
{
    const char *host = listen_host(options), *advertised = advertised_host(options);
    struct weir_container_options container = {.durability = options->durability,
                                               .flush_bytes = options->flush_bytes,
                                               .on_failed = on_failed,
                                               .arg = store};
    struct weir_controller_options controller = {.listen = {.host = host, .port = options->controller_port},
                                                 .advertised_host = advertised,
                                                 .limits = {.connection_max = or_default(
                                                                options->controller_connections_max,
                                                                WEIR_STORE_CONTROLLER_CONNECTIONS_DEFAULT),
                                                            .room = &store->call_room}};
    struct weir_wire_limits limits = {.connections_max = options->connections_max,
                                      .bytes_max = options->connection_bytes_max};
    struct weir_target segments = {.host = host, .port = options->segment_port};
    enum weir_status status = take_settings(&controller.settings, options->settings, err);

    size_call_room(&store->call_room, options);
    if (status == WEIR_OK)
        status = check_advertised(store, advertised, err);
    if (status == WEIR_OK)
        status = open_security(store, options, host, err);
    if (status == WEIR_OK && options->rest)
        status = weir_store_metrics_new(store->loop, &store->metrics, err);
    if (status != WEIR_OK)
        return status;
    if (store->metrics != NULL)
        container.figures = controller.figures = weir_store_metrics_figures(store->metrics);
    status = weir_container_open(store->loop, options->data_dir != NULL ? options->data_dir : "weir-data", &container,
                                 &store->ctr, err);
    if (status != WEIR_OK)
        return status;
    weir_segment_merge_recover(store->ctr, weir_loop_wall_ms(store->loop));
    status = weir_security_keep_key(store->security, store->ctr, err);
    if (status != WEIR_OK)
        return status;
    segments.tls = controller.listen.tls = weir_security_tls(store->security);
    controller.access = weir_security_access(store->security);
    if (controller.access != NULL)
        controller.token_key = *weir_security_token_key(store->security);
    status = weir_wire_server_new(store->loop, store->ctr, &segments, weir_security_token_key(store->security), &limits,
                                  &store->wire, err);
    if (status != WEIR_OK)
        return status;
    controller.segment_port = weir_wire_server_port(store->wire);
    status = weir_controller_new(store->loop, store->ctr, &controller, &store->ctl, err);
    if (status != WEIR_OK)
        return status;
    if (options->rest) {
        status = open_rest(store, host, options, err);
        if (status != WEIR_OK)
            return status;
    }
    return make_uri(store, advertised, err);
}

enum weir_status weir_store_open(struct weir_loop *loop, const struct weir_store_options *options,
                                 struct weir_store **out, struct weir_error *err)
{
    static const struct weir_store_options defaults = {0};
    struct weir_store *store = calloc(1, sizeof(*store));
    enum weir_status status;

    if (store == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for the store");
    store->loop = loop;
    status = open_parts(store, options != NULL ? options : &defaults, err);
    if (status != WEIR_OK) {
        weir_store_close(store);
        return status;
    }
    *out = store;
    return WEIR_OK;
}

void weir_store_close(struct weir_store *store)
{
    struct weir_error err = {0};

    if (store == NULL)
        return;
    weir_controller_free(store->ctl);
    weir_rest_server_free(store->rest);
    weir_wire_server_free(store->wire);
    weir_security_free(store->security);
    if (store->ctr != NULL && weir_container_close(store->ctr, &err) != WEIR_OK)
        weir_log_error(weir_loop_log(store->loop), "store", "while closing: %s", err.message);
    weir_store_metrics_free(store->metrics);
    free(store->uri);
    free(store);
}

void weir_store_reload(struct weir_store *store)
{
    weir_security_reload(store->security);
}

uint16_t weir_store_controller_port(const struct weir_store *store)
{
    return weir_controller_port(store->ctl);
}

uint16_t weir_store_segment_port(const struct weir_store *store)
{
    return weir_wire_server_port(store->wire);
}

uint16_t weir_store_rest_port(const struct weir_store *store)
{
    return store->rest != NULL ? weir_rest_server_port(store->rest) : 0;
}

const char *weir_store_uri(const struct weir_store *store)
{
    return store->uri;
}

void weir_store_stats(const struct weir_store *store, struct weir_store_stats *out)
{
    struct weir_container_stats container;
    struct weir_wire_stats wire;
    struct weir_grpc_server_stats grpc;
    struct weir_http_server_stats http = {0};

    weir_controller_connections(store->ctl, &grpc);
    if (store->rest != NULL)
        weir_rest_server_stats(store->rest, &http);
    weir_container_stats(store->ctr, &container);
    weir_wire_server_stats(store->wire, &wire);
    *out = (struct weir_store_stats){.append_count = container.append_count,
                                     .append_bytes = container.append_bytes,
                                     .event_count = container.event_count,
                                     .sync_count = container.sync_count,
                                     .read_bytes = container.read_bytes,
                                     .connection_count = wire.connection_count,
                                     .connection_bytes = wire.held_bytes,
                                     .connection_bytes_max = wire.held_bytes_max,
                                     .refused_count = wire.refused_count,
                                     .stuck_count = wire.stuck_count,
                                     .late_count = wire.late_count + grpc.late_count,
                                     .call_connection_count = grpc.connection_count + http.connection_count,
                                     .call_bytes = store->call_room.held,
                                     .call_bytes_max = store->call_room.held_max,
                                     .call_refused_count = store->call_room.refused_count,
                                     .call_stuck_count = store->call_room.stuck_count};
}
