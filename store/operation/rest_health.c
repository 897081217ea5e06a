/*
 * rest_health.c - /v1/health: whether the store is up, as a whole and by its parts, in the words of Pravega's API.
 *
 *     GET /v1/health[/{part}]                                           everything
 *     GET /v1/health/{status|readiness|liveness|details}[/{part}]       one answer
 *
 * As there, the HTTP status is 200 whatever the answer says. A full disk makes the log not ready; what has failed is
 * not alive, and only a restart helps.
 */
#include <string.h>

#include "store/operation/rest_int.h"

enum health_state { HEALTH_UP, HEALTH_STARTING, HEALTH_FAILED };

static const char *const state_names[] = {
    [HEALTH_UP] = "UP", [HEALTH_STARTING] = "STARTING", [HEALTH_FAILED] = "FAILED"};

static enum health_state log_state(const struct weir_rest_call *call)
{
    const struct weir_container *ctr = call->rest->parts.ctr;

    if (weir_container_failure(ctr) != NULL)
        return HEALTH_FAILED;
    return weir_container_full(ctr) ? HEALTH_STARTING : HEALTH_UP;
}

/* What serves is up: it could not answer otherwise. */
static const char *const parts[] = {"GRPCServer", "segmentStore", "log"};
#define PART_COUNT (sizeof(parts) / sizeof(parts[0]))

static enum health_state part_state(const struct weir_rest_call *call, size_t part)
{
    return strcmp(parts[part], "log") == 0 ? log_state(call) : HEALTH_UP;
}

/* These ask for a right, where there are accounts: no other answer has them. */
static json_t *details_answer(const struct weir_rest_call *call, size_t part)
{
    const struct weir_error *failure = weir_container_failure(call->rest->parts.ctr);

    if (part == PART_COUNT || strcmp(parts[part], "log") != 0)
        return json_object();
    if (failure != NULL)
        return json_pack("{s:s}", "failure", failure->message);
    if (weir_container_full(call->rest->parts.ctr))
        return json_pack("{s:s}", "waiting", "no space left on the disk");
    return json_object();
}

/* One answer about a part, or about the whole if it is PART_COUNT; NULL: there is no such one for everybody. */
static json_t *health_answer(const struct weir_rest_call *call, const char *what, size_t part)
{
    enum health_state state = part < PART_COUNT ? part_state(call, part) : log_state(call);

    if (strcmp(what, "status") == 0)
        return json_string(state_names[state]);
    if (strcmp(what, "readiness") == 0)
        return json_boolean(state == HEALTH_UP);
    if (strcmp(what, "liveness") == 0)
        return json_boolean(state != HEALTH_FAILED);
    return NULL;
}

/* The whole is for everybody: details are not, where there are accounts. */
static json_t *health_of(const struct weir_rest_call *call, size_t part)
{
    static const char *const keys[] = {"status", "readiness", "liveness"};
    json_t *out = json_pack("{s:s}", "name", part < PART_COUNT ? parts[part] : ""), *children = json_object();

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        json_object_set_new(out, keys[i], health_answer(call, keys[i], part));
    json_object_set_new(out, "details", call->rest->parts.access == NULL ? details_answer(call, part) : json_object());
    for (size_t i = 0; part == PART_COUNT && i < PART_COUNT; i++)
        json_object_set_new(children, parts[i], health_of(call, i));
    json_object_set_new(out, "children", children);
    return out;
}

#define NO_PART (PART_COUNT + 1)

/* The whole, which is PART_COUNT, has no name, as in Pravega. */
static size_t part_of(const char *name)
{
    for (size_t i = 0; i < PART_COUNT; i++) {
        if (strcmp(parts[i], name) == 0)
            return i;
    }
    return name[0] == '\0' ? PART_COUNT : NO_PART;
}

/* Health is told at once: a log that has failed, or waits for space, answers no barrier. */
static void tell(struct weir_rest_call *call, json_t *out)
{
    if (out != NULL)
        weir_rest_answer_now(call, WEIR_HTTP_OK, out);
    else
        weir_rest_refuse(call, WEIR_HTTP_NOT_FOUND, "no such part of the store");
}

void weir_rest_health(struct weir_rest_call *call)
{
    tell(call, health_of(call, PART_COUNT));
}

void weir_rest_health_part(struct weir_rest_call *call)
{
    size_t part = part_of(call->names[1]);
    json_t *out = part != NO_PART ? health_answer(call, call->names[0], part) : NULL;

    if (out == NULL && part == PART_COUNT && part_of(call->names[0]) != NO_PART)
        out = health_of(call, part_of(call->names[0]));
    tell(call, out);
}

void weir_rest_health_details(struct weir_rest_call *call)
{
    size_t part = part_of(call->names[0]);

    tell(call, part != NO_PART ? details_answer(call, part) : NULL);
}
