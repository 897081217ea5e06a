/*
 * group_manage.c - groups are created and deleted.
 *
 *     create: CHECK (where it begins: are there such streams?) --> RECORD --new--> INITIALIZE --> done
 *                                                  there already, equal, never reset --^
 *                                                  there already, equal, reset --> done
 *
 * Whoever dies between RECORD and INITIALIZE leaves a group without a state; creating it again goes on from there.
 */
#include "pravega/reader_group.h"

#include <stdlib.h>
#include <string.h>

#include "pravega/client_int.h"
#include "pravega/group/reader_group_int.h"

struct manage_op {
    struct pravega_op op; /* first */
    struct pravega_client *client;
    char *scope, *group;
    char stream[PRAVEGA_NAME_LEN_MAX + 1];
    pravega_done_fn *done;
    void *arg;
    struct pravega_group_config config;
    struct pravega_call call;
    struct pravega_group_start start;
    struct weir_buf init;
    struct pravega_synchronizer *sync;
    struct weir_timer timer;
    struct weir_error why;
};

static void manage_op_free(struct pravega_op *op)
{
    struct manage_op *manage = (struct manage_op *)op;

    weir_timer_stop(manage->client->loop, &manage->timer);
    pravega_call_cancel(&manage->call);
    pravega_group_start_cancel(&manage->start);
    pravega_synchronizer_free(manage->sync);
    pravega_group_config_fini(&manage->config);
    weir_buf_fini(&manage->init);
    free(manage->scope);
    free(manage->group);
    free(manage);
}

/* The last thing that a function does. `why` may be what the op has. */
static void end(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct manage_op *manage = arg;
    pravega_done_fn *done = manage->done;
    void *done_arg = manage->arg;
    struct weir_error copy = status != WEIR_OK ? *why : (struct weir_error){0};

    pravega_op_end(&manage->op);
    manage_op_free(&manage->op);
    done(done_arg, status, &copy);
}

static void on_timer(void *arg)
{
    struct manage_op *manage = arg;

    end(manage, manage->why.status, &manage->why);
}

static struct pravega_group_name name_of(const struct manage_op *manage)
{
    return (struct pravega_group_name){manage->scope, manage->group};
}

/* NULL: no memory at all, and `done` has been told. Otherwise manage->why says whether it can begin. */
static struct manage_op *manage_new(struct pravega_client *client, const struct pravega_group_name *name,
                                    pravega_done_fn *done, void *arg)
{
    struct manage_op *manage = calloc(1, sizeof(*manage));
    struct weir_error why;

    if (manage == NULL) {
        (void)weir_fail(&why, WEIR_E_NOMEM, "no memory for a reader group");
        done(arg, WEIR_E_NOMEM, &why);
        return NULL;
    }
    *manage = (struct manage_op){.op.free = manage_op_free, .client = client, .done = done, .arg = arg};
    manage->timer = (struct weir_timer){.fn = on_timer, .arg = manage};
    weir_buf_init(&manage->init, PRAVEGA_EVENT_LEN_MAX);
    pravega_op_start(client, &manage->op);
    if (pravega_group_stream(name, manage->stream, &manage->why) != WEIR_OK)
        return manage;
    manage->scope = strdup(name->scope);
    manage->group = strdup(name->group);
    if (manage->scope == NULL || manage->group == NULL)
        (void)weir_fail(&manage->why, WEIR_E_NOMEM, "no memory for a reader group");
    return manage;
}

static bool can_begin(struct manage_op *manage)
{
    if (manage->why.status == WEIR_OK)
        return true;
    weir_timer_start(manage->client->loop, &manage->timer, 0);
    return false;
}

/* ---- create */

static void initialize(struct manage_op *manage)
{
    if (pravega_synchronizer_new(manage->client, &(struct pravega_stream_name){manage->scope, manage->stream},
                                 &pravega_group_state_type, NULL, &manage->sync, &manage->why) != WEIR_OK)
        end(manage, manage->why.status, &manage->why);
    else
        pravega_synchronizer_initialize(manage->sync, weir_buf_view(&manage->init), end, manage);
}

static bool keep_init(struct manage_op *manage, struct weir_view init)
{
    weir_buf_reset(&manage->init);
    weir_buf_append(&manage->init, init.ptr, init.len);
    return manage->init.status == WEIR_OK;
}

static void fail_no_memory(struct manage_op *manage)
{
    (void)weir_fail(&manage->why, WEIR_E_NOMEM, "no memory for reader group %s/%s", manage->scope, manage->group);
    end(manage, WEIR_E_NOMEM, &manage->why);
}

/* Where the group of another creator begins. */
static void on_their_start(void *arg, enum weir_status status, struct weir_view init, const struct weir_error *why)
{
    struct manage_op *manage = arg;

    if (status != WEIR_OK)
        end(manage, status, why);
    else if (!keep_init(manage, init))
        fail_no_memory(manage);
    else
        initialize(manage);
}

static void on_record(void *arg, enum weir_status status, const struct pravega_group_record *record,
                      const struct weir_error *why)
{
    struct manage_op *manage = arg;
    struct pravega_group_config stored = {0};
    bool is_ours, is_equal;

    if (status != WEIR_OK) {
        end(manage, status, why);
        return;
    }
    status = pravega_group_config_from_user(&stored, &record->config, &manage->why);
    if (status != WEIR_OK) {
        end(manage, status, &manage->why);
        return;
    }
    stored.id = (struct weir_uuid){record->id.msb, record->id.lsb};
    stored.generation = record->generation;
    is_equal = pravega_group_config_equal(&stored, &manage->config);
    is_ours = weir_uuid_equal(stored.id, manage->config.id);
    pravega_group_config_fini(&manage->config);
    manage->config = stored;
    if (!is_equal) {
        (void)weir_fail(&manage->why, WEIR_E_CONFLICT,
                        "reader group %s/%s exists with another configuration: reset it, or delete it first",
                        manage->scope, manage->group);
        end(manage, WEIR_E_CONFLICT, &manage->why);
    } else if (is_ours) {
        initialize(manage);
    } else if (stored.generation > 0) {
        end(manage, WEIR_OK, &manage->why);
    } else {
        pravega_group_start(&manage->start, manage->client, &manage->config, on_their_start, manage);
    }
}

/* There are such streams: the controller may know the group. */
static void on_our_start(void *arg, enum weir_status status, struct weir_view init, const struct weir_error *why)
{
    struct manage_op *manage = arg;
    struct pravega_group_stream *streams = calloc(manage->config.stream_count, sizeof(*streams));
    const struct pravega_group_name name = name_of(manage);
    struct pravega_group_record record = {.id = {manage->config.id.msb, manage->config.id.lsb},
                                          .generation = manage->config.generation};

    if (status != WEIR_OK) {
        end(manage, status, why);
    } else if (streams == NULL || !keep_init(manage, init)) {
        fail_no_memory(manage);
    } else {
        pravega_group_config_to_user(&manage->config, streams, &record.config);
        pravega_controller_create_group(&manage->call, manage->client, &name, &record, on_record, manage);
    }
    free(streams);
}

void pravega_reader_group_create(struct pravega_client *client, const struct pravega_group_name *name,
                                 const struct pravega_reader_group_config *config, pravega_done_fn *done, void *arg)
{
    struct manage_op *manage = manage_new(client, name, done, arg);

    if (manage == NULL)
        return;
    if (manage->why.status == WEIR_OK)
        (void)pravega_group_config_from_user(&manage->config, config, &manage->why);
    if (!can_begin(manage))
        return;
    manage->config.id = weir_uuid_random(&client->rng);
    manage->config.generation = 0;
    pravega_group_start(&manage->start, client, &manage->config, on_our_start, manage);
}

/* ---- delete */

static void on_doomed(void *arg, enum weir_status status, const struct pravega_group_record *record,
                      const struct weir_error *why)
{
    struct manage_op *manage = arg;
    const struct pravega_group_name name = name_of(manage);

    if (status != WEIR_OK)
        end(manage, status, why);
    else
        pravega_controller_delete_group(&manage->call, manage->client, &name, record->id, end, manage);
}

void pravega_reader_group_delete(struct pravega_client *client, const struct pravega_group_name *name,
                                 pravega_done_fn *done, void *arg)
{
    struct manage_op *manage = manage_new(client, name, done, arg);

    if (manage == NULL || !can_begin(manage))
        return;
    pravega_controller_get_group(&manage->call, client, name, on_doomed, manage);
}
