/**
 * @file store/operation/rest_int.h
 * @brief A request to the management API, and what its files share.
 *
 * How every request goes: a route is found by method and path, who asks is let in, the handler looks at the directory
 * or makes a call of the controller (the same that gRPC makes), and what is to be said waits until it may be told.
 */
#ifndef WEIR_STORE_REST_INT_H
#define WEIR_STORE_REST_INT_H

#include <jansson.h>

#include "base/http_server.h"
#include "pravega/types.h"
#include "store/access/access.h"
#include "store/access/resources.h"
#include "store/controller/controller_int.h"
#include "store/operation/rest_server.h"

#define WEIR_REST_PART_MAX 2 /* names in a path: scope, and stream or group */

struct weir_rest_server {
    struct weir_loop *loop;
    struct weir_rest_parts parts;
    struct weir_http_server *http;
    struct weir_rest_call *calls;
    size_t look_count; /* of groups' states, under way */
};

struct weir_rest_route;

struct weir_rest_call {
    struct weir_store_op op; /**< first: the barrier that a query waits for */
    struct weir_rest_server *rest;
    struct weir_http_request *request;
    const struct weir_rest_route *route;
    struct weir_login login; /**< who asks; told before the handler is called, good while it runs */
    char names[WEIR_REST_PART_MAX][PRAVEGA_NAME_LEN_MAX + 1]; /**< decoded, of the path */
    json_t *in;                                               /**< the request's body, an object; or NULL */
    json_t *out;                                              /**< what to answer with; or NULL */
    enum weir_http_status status;
    const char *reply;                     /**< of a change: name of the call it makes */
    const enum weir_http_status *outcomes; /**< of a change: what its reply's status means */
    size_t outcome_count;
    void *work; /**< what else it waits for; NULL: nothing */
    void (*drop_work)(void *work);
    struct weir_rest_call *next, **link;
};

typedef void weir_rest_fn(struct weir_rest_call *call);

/* rest_server.c */
/** Answers at once, with a line that says why. @param words static, or NULL */
void weir_rest_refuse(struct weir_rest_call *call, enum weir_http_status status, const char *words);
/** Answers with `out` (taken; NULL: out of memory), once everything up to now is durable. */
void weir_rest_answer(struct weir_rest_call *call, enum weir_http_status status, json_t *out);
/** The same of what rests on nothing that is stored: at once. */
void weir_rest_answer_now(struct weir_rest_call *call, enum weir_http_status status, json_t *out);
/**
 * Makes the change `name` of the controller. A reply whose status is 0 is answered with outcomes[0] and `out` (taken;
 * NULL for 204), another one with its outcome; what is not in the list is 500.
 */
void weir_rest_change(struct weir_rest_call *call, const char *name, const void *message,
                      const enum weir_http_status *outcomes, size_t outcome_count, json_t *out);
/** Whether lists show it to who asks. All is shown where there are no accounts. */
bool weir_rest_sees(const struct weir_rest_call *call, enum weir_resource_kind kind, const char *scope,
                    const char *name);
/** The value of a parameter of the query, decoded; false if it is missing or too long. */
bool weir_rest_query(const struct weir_rest_call *call, const char *name, char *out, size_t cap);

/* rest_scopes.c, rest_streams.c, rest_scaling.c, rest_groups.c, rest_health.c: the handlers, by their names in
 * Pravega's API */
weir_rest_fn weir_rest_list_scopes, weir_rest_create_scope, weir_rest_get_scope, weir_rest_delete_scope;
weir_rest_fn weir_rest_list_streams, weir_rest_create_stream, weir_rest_get_stream, weir_rest_update_stream,
    weir_rest_delete_stream, weir_rest_update_stream_state, weir_rest_get_scaling_events;
weir_rest_fn weir_rest_list_reader_groups, weir_rest_get_reader_group, weir_rest_delete_reader_group;
weir_rest_fn weir_rest_health, weir_rest_health_part, weir_rest_health_details;

#endif
