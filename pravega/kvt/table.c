/*
 * table.c - one table: finds its configuration and its segments, and begins what was asked for; see table_int.h.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "pravega/client_int.h"
#include "pravega/controller.h"
#include "pravega/kvt/table_int.h"

static const struct pravega_retry default_retry = {10, 30000, 10, 4}; /* KeyValueTableClientConfiguration's */

/* ---- tasks ---- */

static struct pravega_table_task *pop_waiting(struct pravega_table *table)
{
    struct pravega_table_task *task = table->waiting;

    if (task == NULL)
        return NULL;
    table->waiting = task->next_waiting;
    if (table->waiting == NULL)
        table->waiting_end = &table->waiting;
    task->is_waiting = false;
    return task;
}

static void drop_waiting(struct pravega_table *table, struct pravega_table_task *task)
{
    struct pravega_table_task **at = &table->waiting;

    while (*at != task)
        at = &(*at)->next_waiting;
    *at = task->next_waiting;
    if (*at == NULL)
        table->waiting_end = at;
    task->is_waiting = false;
}

void pravega_table_task_start(struct pravega_table *table, struct pravega_table_task *task,
                              const struct pravega_table_task_ops *ops)
{
    *task = (struct pravega_table_task){.ops = ops, .table = table, .next = table->tasks, .at = &table->tasks};
    if (task->next != NULL)
        task->next->at = &task->next;
    table->tasks = task;
    task->is_waiting = true;
    *table->waiting_end = task;
    table->waiting_end = &task->next_waiting;
    if (table->state != TABLE_OPENING)
        weir_loop_defer(table->client->loop, &table->settle);
}

void pravega_table_task_end(struct pravega_table_task *task)
{
    if (task->is_waiting)
        drop_waiting(task->table, task);
    *task->at = task->next;
    if (task->next != NULL)
        task->next->at = task->at;
    task->at = NULL;
}

static void destroy(struct pravega_table *table)
{
    free(table->segments);
    free(table->scope);
    free(table->name);
    free(table);
}

static void settle(void *arg)
{
    struct pravega_table *table = arg;
    struct pravega_table_task *task;

    table->settling = true;
    while (!table->freed && (task = pop_waiting(table)) != NULL) {
        if (table->state == TABLE_OPEN) {
            task->ops->begin(task);
        } else {
            struct weir_error why = table->why;

            pravega_table_task_end(task);
            task->ops->fail(task, &why);
        }
    }
    table->settling = false;
    if (table->freed)
        destroy(table);
}

/* ---- opening ---- */

static void opened(struct pravega_table *table, enum weir_status status, const struct weir_error *why)
{
    table->state = status == WEIR_OK ? TABLE_OPEN : TABLE_FAILED;
    if (status != WEIR_OK)
        table->why = *why;
    weir_loop_defer(table->client->loop, &table->settle);
}

/* Segments that cover the key space, as many as the table has partitions. */
static bool segments_fit(const struct pravega_table *table, const struct pravega_segment_range *ranges, size_t count)
{
    if (count != (size_t)table->config.partition_count || ranges[0].min_key != 0 || ranges[count - 1].max_key != 1)
        return false;
    for (size_t i = 1; i < count; i++)
        if (ranges[i].min_key != ranges[i - 1].max_key)
            return false;
    return true;
}

static void on_segments(void *arg, enum weir_status status, const struct pravega_segment_range *ranges, size_t count,
                        const struct weir_error *why)
{
    struct pravega_table *table = arg;
    char stream[PRAVEGA_NAME_LEN_MAX + sizeof("_kvtable")];
    struct pravega_stream_name name = {table->scope, stream};
    struct weir_error bad = {0};

    snprintf(stream, sizeof(stream), "%s_kvtable", table->name);
    if (status != WEIR_OK) {
        opened(table, status, why);
        return;
    }
    if (!segments_fit(table, ranges, count)) {
        status = weir_fail(&bad, WEIR_E_PROTO, "key-value table %s/%s: its %zu segments are not its %d partitions",
                           table->scope, table->name, count, (int)table->config.partition_count);
        opened(table, status, &bad);
        return;
    }
    table->segments = calloc(count, sizeof(*table->segments));
    if (table->segments == NULL) {
        status = weir_fail(&bad, WEIR_E_NOMEM, "key-value table %s/%s: no memory for its %zu segments", table->scope,
                           table->name, count);
        opened(table, status, &bad);
        return;
    }
    table->segment_count = count;
    for (size_t i = 0; i < count; i++) {
        table->segments[i].id = ranges[i].id;
        table->segments[i].max_key = ranges[i].max_key;
        pravega_segment_line_init(&table->segments[i].line, table->client, &name, ranges[i].id,
                                  PRAVEGA_ACCESS_READ_WRITE);
        table->segments[i].line.link.retry = &table->retry;
    }
    opened(table, WEIR_OK, NULL);
}

static void on_config(void *arg, enum weir_status status, const struct pravega_table_config *config,
                      const struct weir_error *why)
{
    struct pravega_table *table = arg;
    struct pravega_stream_name name = {table->scope, table->name};
    struct weir_error bad = {0};

    if (status != WEIR_OK) {
        opened(table, status, why);
        return;
    }
    table->config = *config;
    if (config->primary_key_len > PRAVEGA_TABLE_KEY_LEN_MAX ||
        config->secondary_key_len > PRAVEGA_TABLE_KEY_LEN_MAX - config->primary_key_len) {
        status = weir_fail(&bad, WEIR_E_UNSUPPORTED, "key-value table %s/%s: its keys are longer than %d bytes",
                           table->scope, table->name, PRAVEGA_TABLE_KEY_LEN_MAX);
        opened(table, status, &bad);
        return;
    }
    pravega_controller_table_segments(&table->call, table->client, &name, on_segments, table);
}

struct pravega_table_segment *pravega_table_segment_of(struct pravega_table *table, struct weir_view primary)
{
    double at = pravega_table_hash(primary);
    size_t low = 0, high = table->segment_count - 1;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (at <= table->segments[middle].max_key)
            high = middle;
        else
            low = middle + 1;
    }
    return &table->segments[low];
}

/* ---- life ---- */

static void set_retry(struct pravega_table *table, const struct pravega_table_options *options)
{
    struct pravega_retry given = options != NULL ? options->retry : (struct pravega_retry){0};

    table->retry = default_retry;
    if (given.initial_backoff_ms > 0)
        table->retry.initial_backoff_ms = given.initial_backoff_ms;
    if (given.max_backoff_ms > 0)
        table->retry.max_backoff_ms = given.max_backoff_ms;
    if (given.retry_attempts > 0)
        table->retry.retry_attempts = given.retry_attempts;
    if (given.backoff_multiple > 0)
        table->retry.backoff_multiple = given.backoff_multiple;
}

enum weir_status pravega_table_new(struct pravega_client *client, const struct pravega_table_name *name,
                                   const struct pravega_table_options *options, struct pravega_table **out,
                                   struct weir_error *err)
{
    struct pravega_stream_name stream = {name->scope, name->table};
    struct pravega_table *table = calloc(1, sizeof(*table));

    if (table == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for key-value table %s/%s", name->scope, name->table);
    table->client = client;
    table->scope = strdup(name->scope);
    table->name = strdup(name->table);
    table->waiting_end = &table->waiting;
    table->settle = (struct weir_deferred){.fn = settle, .arg = table};
    set_retry(table, options);
    if (table->scope == NULL || table->name == NULL) {
        destroy(table);
        return weir_fail(err, WEIR_E_NOMEM, "no memory for key-value table %s/%s", name->scope, name->table);
    }
    pravega_controller_table_config(&table->call, client, &stream, on_config, table);
    *out = table;
    return WEIR_OK;
}

void pravega_table_free(struct pravega_table *table)
{
    if (table == NULL)
        return;
    pravega_call_cancel(&table->call);
    weir_deferred_cancel(table->client->loop, &table->settle);
    while (table->tasks != NULL) {
        struct pravega_table_task *task = table->tasks;

        pravega_table_task_end(task);
        task->ops->free(task);
    }
    for (size_t i = 0; i < table->segment_count; i++)
        pravega_segment_line_fini(&table->segments[i].line);
    table->freed = true;
    if (!table->settling)
        destroy(table);
}
