/*
 * task.c - the turns of a task, its checkpoints and its end.
 *
 * A turn, in this order:
 *     overflow of the outbox -> commits that are due -> the checkpoint in hand -> the end in hand -> input
 * While a checkpoint is being prepared no input is taken (unless it is the source reader itself that waits for its
 * sign), so that the snapshot is of the moment of the barrier. After the snapshot the barrier is sent at once.
 *
 * When a turn could not use up its budget the task is idle: it flushes its outbox, tells the rings that it sleeps, and
 * looks once more. While it is busy a timer flushes what is partly filled after the buffer timeout.
 */
#include "runtime/task.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define TURN_BUDGET 8192            /* elements */
#define CLOSE_WAIT_NS WEIR_NS_PER_S /* operators may take that long to give up what is open elsewhere */
#define POLL_BUDGET 256             /* elements a reader emits before the outbox is looked at again */

static bool runs(const struct weir_task *task)
{
    return task->state == WEIR_TASK_RUNNING;
}

static void schedule(struct weir_task *task)
{
    weir_loop_defer(task->loop, &task->turn);
}

/* --- talking to the coordinator ------------------------------------------------------------------------------------
 */

static void report(struct weir_task *task, enum weir_report_kind kind, int64_t checkpoint_id)
{
    weir_postbox_send(task->reports, &weir_report_new(task, kind, checkpoint_id)->letter);
}

static void stop_timers(struct weir_task *task)
{
    weir_timer_stop(task->loop, &task->flush_timer);
    weir_timer_stop(task->loop, &task->watermark_timer);
    weir_timer_stop(task->loop, &task->close_timer);
    weir_deferred_cancel(task->loop, &task->turn);
}

static void fail(struct weir_task *task, enum weir_status status, const struct weir_error *why)
{
    struct weir_report *failed;

    if (task->state >= WEIR_TASK_FAILED)
        return;
    task->state = WEIR_TASK_FAILED;
    stop_timers(task);
    failed = weir_report_new(task, WEIR_REPORT_FAILED, 0);
    failed->error = *why;
    /* Flow control is no reason to fail: an operator that returned it where it may not has broken its contract. */
    failed->error.status = status == WEIR_E_AGAIN || status == WEIR_E_END ? WEIR_E_USER : status;
    weir_chain_explain(task->chain, &failed->error);
    weir_postbox_send(task->reports, &failed->letter);
}

static void wake_from_operator(void *arg)
{
    struct weir_task *task = arg;

    if (runs(task) || task->state == WEIR_TASK_CLOSING)
        schedule(task);
}

static void fail_from_operator(void *arg, const struct weir_error *why)
{
    fail(arg, why->status != WEIR_OK ? why->status : WEIR_E_USER, why);
}

/* --- checkpoints ---------------------------------------------------------------------------------------------------
 */

static enum weir_status snapshot(struct weir_task *task, struct weir_error *err)
{
    struct weir_report *taken = weir_report_new(task, WEIR_REPORT_SNAPSHOT, task->checkpoint_id);
    enum weir_status status;

    weir_snapshot_init(&taken->snapshot);
    status = weir_chain_snapshot(task->chain, task->checkpoint_id, &taken->snapshot, err);
    if (status != WEIR_OK) {
        weir_report_free(&taken->letter);
        return status;
    }
    weir_postbox_send(task->reports, &taken->letter);
    return WEIR_OK;
}

/* Goes on with the checkpoint in hand. WEIR_E_AGAIN: an operator is not prepared yet. */
static enum weir_status go_on_checkpoint(struct weir_task *task, struct weir_error *err)
{
    enum weir_status status = weir_chain_prepare(task->chain, task->checkpoint_id, err);

    if (status == WEIR_OK)
        status = snapshot(task, err);
    if (status == WEIR_OK)
        status = weir_outbox_control(&task->outbox, WEIR_CONTROL_BARRIER, task->checkpoint_id, err);
    if (status != WEIR_OK)
        return status;
    weir_outbox_flush(&task->outbox);
    task->checkpoint_id = 0;
    return WEIR_OK;
}

/* Begins what was triggered or has been aligned, and goes on with it. */
static enum weir_status checkpoint(struct weir_task *task, struct weir_error *err)
{
    if (task->checkpoint_id == 0) {
        int64_t *next = task->is_source ? &task->requested_id : &task->input.aligned_id;

        task->checkpoint_id = *next;
        *next = 0;
    }
    return task->checkpoint_id != 0 ? go_on_checkpoint(task, err) : WEIR_OK;
}

static void abort_checkpoint(struct weir_task *task, int64_t checkpoint_id)
{
    if (task->requested_id != 0 && task->requested_id <= checkpoint_id)
        task->requested_id = 0;
    if (task->checkpoint_id != 0 && task->checkpoint_id <= checkpoint_id)
        task->checkpoint_id = 0;
    if (!task->is_source)
        weir_input_abort(&task->input, checkpoint_id);
    weir_chain_abort(task->chain, checkpoint_id);
}

static void push_commit(struct weir_task *task, int64_t checkpoint_id)
{
    if (task->commit_count == task->commit_cap) {
        size_t cap = task->commit_cap != 0 ? task->commit_cap * 2 : 4;
        int64_t *commits = realloc(task->commits, cap * sizeof(*commits));

        if (commits == NULL)
            abort(); /* as weir_report_new() */
        task->commits = commits;
        task->commit_cap = cap;
    }
    task->commits[task->commit_count++] = checkpoint_id;
}

static enum weir_status commit(struct weir_task *task, struct weir_error *err)
{
    while (task->commit_count > 0) {
        enum weir_status status = weir_chain_commit(task->chain, task->commits[0], err);

        if (status != WEIR_OK)
            return status;
        report(task, WEIR_REPORT_COMMITTED, task->commits[0]);
        memmove(task->commits, task->commits + 1, --task->commit_count * sizeof(*task->commits));
    }
    return WEIR_OK;
}

/* --- input ---------------------------------------------------------------------------------------------------------
 */

static enum weir_status end_input(struct weir_task *task, struct weir_error *err)
{
    enum weir_status status = weir_chain_end_input(task->chain, err);

    if (status == WEIR_OK)
        status = weir_outbox_control(&task->outbox, WEIR_CONTROL_END, 0, err);
    if (status != WEIR_OK)
        return status;
    weir_outbox_flush(&task->outbox);
    task->ended = true;
    report(task, WEIR_REPORT_ENDED, 0);
    return WEIR_OK;
}

static enum weir_status poll_source(struct weir_task *task, int *budget, struct weir_error *err)
{
    struct weir_source_reader *reader = task->chain->links[0].reader;
    uint64_t before = task->source.record_count;
    enum weir_status status = reader->ops->poll(reader, &task->source, POLL_BUDGET, err);
    uint64_t emitted = task->source.record_count - before;

    *budget -= emitted > 0 ? (int)(emitted < TURN_BUDGET ? emitted : TURN_BUDGET) : POLL_BUDGET / 4;
    if (before == 0 && emitted > 0)
        atomic_store_explicit(&task->figures.first_record_ns, weir_loop_now_ns(task->loop), memory_order_relaxed);
    if (status != WEIR_OK && status != WEIR_E_AGAIN && status != WEIR_E_END && task->chain->failed == NULL)
        task->chain->failed = &task->chain->links[0];
    return status;
}

static enum weir_status end_source(struct weir_task *task, struct weir_error *err)
{
    weir_timer_stop(task->loop, &task->watermark_timer);
    task->source_done = true;
    task->ending = true;
    return weir_source_output_end(&task->source, err);
}

static enum weir_status read_source(struct weir_task *task, int *budget, struct weir_error *err)
{
    enum weir_status status = WEIR_OK;

    if (task->source_done)
        return WEIR_E_AGAIN;
    if (task->watermark_due) {
        task->watermark_due = false;
        status = weir_source_output_tick(&task->source, weir_loop_now_ns(task->loop), err);
    }
    while (status == WEIR_OK && *budget > 0 && !task->outbox.full && weir_chain_ready(task->chain)) {
        status = poll_source(task, budget, err);
        if (task->checkpoint_id != 0) /* the reader may have met its sign */
            break;
    }
    if (status == WEIR_E_END && task->chain->failed == NULL)
        return end_source(task, err);
    return status;
}

static enum weir_status read_channels(struct weir_task *task, int *budget, struct weir_error *err)
{
    enum weir_status status = weir_input_read(&task->input, task->chain, &task->outbox.full, budget, err);

    if (status == WEIR_E_END && task->chain->failed == NULL) {
        task->ending = true;
        return WEIR_OK;
    }
    return status;
}

/* Why a turn ended. */
enum pause {
    PAUSE_NONE,     /* the budget is spent: there is more */
    PAUSE_INPUT,    /* nothing to read */
    PAUSE_OUTPUT,   /* the outbox is full */
    PAUSE_OPERATOR, /* an operator will wake us */
};

/* WEIR_E_AGAIN in a step means: not now. Everything else that is not OK is a failure. */
static bool is_failure(const struct weir_task *task, enum weir_status status)
{
    return status != WEIR_OK && (status != WEIR_E_AGAIN || task->chain->failed != NULL);
}

static enum weir_status take_input(struct weir_task *task, int *budget, enum pause *pause, struct weir_error *err)
{
    enum weir_status status;

    if (task->outbox.full) {
        *pause = PAUSE_OUTPUT;
        return WEIR_OK;
    }
    status = task->is_source ? read_source(task, budget, err) : read_channels(task, budget, err);
    if (is_failure(task, status))
        return status;
    if (status == WEIR_E_AGAIN)
        *pause = PAUSE_INPUT;
    else if (task->outbox.full)
        *pause = PAUSE_OUTPUT;
    else if (!weir_chain_ready(task->chain))
        *pause = PAUSE_OPERATOR;
    return WEIR_OK;
}

/* One round of a turn. */
static enum weir_status step(struct weir_task *task, int *budget, enum pause *pause, struct weir_error *err)
{
    enum weir_status status;

    weir_outbox_drain(&task->outbox);
    status = commit(task, err);
    if (is_failure(task, status))
        return status;
    status = checkpoint(task, err);
    if (is_failure(task, status))
        return status;
    if (status == WEIR_E_AGAIN && !weir_chain_reader_prepares(task->chain)) {
        *pause = PAUSE_OPERATOR;
        return WEIR_OK;
    }
    if (task->ending && !task->ended) {
        status = end_input(task, err);
        if (is_failure(task, status))
            return status;
    }
    return take_input(task, budget, pause, err);
}

/* --- turns ---------------------------------------------------------------------------------------------------------
 */

static uint64_t late_records(const struct weir_chain *chain)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < chain->link_count; i++) {
        const struct weir_context *ctx = &chain->links[i].ctx;
        int count = atomic_load_explicit(&ctx->counter_count, memory_order_relaxed);

        for (int k = 0; k < count; k++) {
            if (strcmp(ctx->counters[k].name, "numLateRecordsDropped") == 0)
                sum += (uint64_t)atomic_load_explicit(&ctx->counters[k].value, memory_order_relaxed);
        }
    }
    return sum;
}

static void publish(struct weir_task *task)
{
    uint64_t sunk = 0;

    for (size_t i = 0; i < task->chain->link_count; i++) {
        if (task->chain->links[i].node->is_sink)
            sunk += task->chain->links[i].record_count;
    }
    atomic_store_explicit(&task->figures.records_out, sunk, memory_order_relaxed);
    atomic_store_explicit(&task->figures.records_in, task->source.record_count, memory_order_relaxed);
    atomic_store_explicit(&task->figures.late_records, late_records(task->chain), memory_order_relaxed);
    atomic_store_explicit(&task->figures.input_watermark_ms, task->chain->watermark_ms, memory_order_relaxed);
}

/* Nothing more can be done now: sends what is there. False if meanwhile there is something to do after all. */
static bool sleep_well(struct weir_task *task, enum pause pause)
{
    weir_outbox_flush(&task->outbox);
    weir_timer_stop(task->loop, &task->flush_timer);
    if (task->outbox.full && !weir_outbox_wait(&task->outbox))
        return false;
    return pause != PAUSE_INPUT || task->is_source || weir_input_wait(&task->input);
}

static void end_closing(void *arg)
{
    struct weir_task *task = arg;

    stop_timers(task);
    task->state = WEIR_TASK_CLOSED;
    weir_chain_free(task->chain);
    task->chain = NULL;
    report(task, WEIR_REPORT_CLOSED, 0);
}

static void go_on_closing(struct weir_task *task)
{
    if (task->chain == NULL || weir_chain_close(task->chain))
        end_closing(task);
}

static void take_turn(void *arg)
{
    struct weir_task *task = arg;
    struct weir_error err = {0};
    enum pause pause = PAUSE_NONE;
    enum weir_status status = WEIR_OK;
    int budget = TURN_BUDGET;

    if (task->state == WEIR_TASK_CLOSING)
        go_on_closing(task);
    if (!runs(task))
        return;
    if (task->flush_due) {
        task->flush_due = false;
        weir_outbox_flush(&task->outbox);
    }
    while (status == WEIR_OK && pause == PAUSE_NONE && budget > 0)
        status = step(task, &budget, &pause, &err);
    publish(task);
    if (status != WEIR_OK) {
        fail(task, status, &err);
        return;
    }
    if (!runs(task)) /* an operator failed it from within */
        return;
    if (pause == PAUSE_NONE || !sleep_well(task, pause)) {
        schedule(task);
        if (!weir_timer_armed(&task->flush_timer) && weir_outbox_partial(&task->outbox))
            weir_timer_start(task->loop, &task->flush_timer, task->options->buffer_timeout_ms * WEIR_NS_PER_MS);
    }
}

static void on_flush_timer(void *arg)
{
    struct weir_task *task = arg;

    task->flush_due = true;
    schedule(task);
}

static void on_watermark_timer(void *arg)
{
    struct weir_task *task = arg;

    task->watermark_due = true;
    schedule(task);
    weir_timer_start(task->loop, &task->watermark_timer, task->host.auto_watermark_interval_ms * WEIR_NS_PER_MS);
}

/* --- orders --------------------------------------------------------------------------------------------------------
 */

static void open_task(struct weir_task *task, const struct weir_restore *restore)
{
    struct weir_error err = {0};
    enum weir_status status;

    status = weir_chain_new(task->vertex, &task->host, task->exits, task->exit_count, &task->chain, &err);
    if (status == WEIR_OK)
        status = weir_chain_open(task->chain, restore, &err);
    if (status == WEIR_OK && task->is_source) {
        weir_source_output_init(&task->source, &task->chain->links[0], &task->outbox.full);
        status = weir_chain_start_reader(task->chain, restore != NULL, &err);
    }
    if (status != WEIR_OK) {
        fail(task, status, &err);
        return;
    }
    if (task->state == WEIR_TASK_FAILED) /* an operator said so while it opened */
        return;
    task->state = WEIR_TASK_OPEN;
    report(task, WEIR_REPORT_OPENED, 0);
}

static void run_task(struct weir_task *task)
{
    if (task->state != WEIR_TASK_OPEN)
        return;
    task->state = WEIR_TASK_RUNNING;
    if (task->is_source && task->chain->links[0].node->strategy.kind != WEIR_WATERMARK_NONE &&
        task->host.auto_watermark_interval_ms > 0)
        weir_timer_start(task->loop, &task->watermark_timer, task->host.auto_watermark_interval_ms * WEIR_NS_PER_MS);
    schedule(task);
}

static void close_task(struct weir_task *task)
{
    stop_timers(task);
    task->state = WEIR_TASK_CLOSING;
    weir_timer_start(task->loop, &task->close_timer, CLOSE_WAIT_NS);
    go_on_closing(task);
}

/* Orders that concern a checkpoint; a task that failed meanwhile has none. */
static void checkpoint_order(struct weir_task *task, const struct weir_order *order)
{
    if (!runs(task))
        return;
    switch (order->kind) {
    case WEIR_ORDER_TRIGGER:
        task->requested_id = order->checkpoint_id;
        break;
    case WEIR_ORDER_COMMITTED:
        push_commit(task, order->checkpoint_id);
        break;
    case WEIR_ORDER_ABORTED:
        abort_checkpoint(task, order->checkpoint_id);
        break;
    case WEIR_ORDER_OPEN:
    case WEIR_ORDER_RUN:
    case WEIR_ORDER_CLOSE:
        return;
    }
    schedule(task);
}

static void deliver_order(void *arg, struct weir_letter *letter)
{
    struct weir_task *task = arg;
    const struct weir_order *order = (const struct weir_order *)letter;

    switch (order->kind) {
    case WEIR_ORDER_OPEN:
        open_task(task, order->restore);
        break;
    case WEIR_ORDER_RUN:
        run_task(task);
        break;
    case WEIR_ORDER_TRIGGER:
    case WEIR_ORDER_COMMITTED:
    case WEIR_ORDER_ABORTED:
        checkpoint_order(task, order);
        break;
    case WEIR_ORDER_CLOSE:
        close_task(task);
        break;
    }
    weir_order_free(letter);
}

static struct weir_task *of_sync_mail(struct weir_mail *mail)
{
    return (struct weir_task *)((char *)mail - offsetof(struct weir_task, sync_mail));
}

static void on_sync_back(struct weir_mail *mail)
{
    struct weir_task *task = of_sync_mail(mail);

    task->synced(task);
}

static void on_sync(struct weir_mail *mail)
{
    struct weir_task *task = of_sync_mail(mail);

    weir_deferred_cancel(task->loop, &task->turn); /* a late wake-up may have queued it */
    mail->fn = on_sync_back;
    weir_loop_post(task->reports->loop, mail);
}

void weir_task_sync(struct weir_task *task, void (*synced)(struct weir_task *task))
{
    task->synced = synced;
    task->sync_mail.fn = on_sync;
    weir_loop_post(task->loop, &task->sync_mail);
}

/* --- making one ----------------------------------------------------------------------------------------------------
 */

static void init_host(struct weir_task *task, const struct weir_task_options *options)
{
    task->host = (struct weir_chain_host){
        .loop = options->loop,
        .subtask = options->subtask,
        .parallelism = options->vertex->parallelism,
        .max_parallelism = options->env->max_parallelism,
        .attempt = options->attempt,
        .checkpointing = options->env->checkpoint_interval_ms > 0,
        .auto_watermark_interval_ms = options->env->auto_watermark_interval_ms,
        .wake = wake_from_operator,
        .fail = fail_from_operator,
        .arg = task,
    };
}

enum weir_status weir_task_new(const struct weir_task_options *options, struct weir_task **out, struct weir_error *err)
{
    struct weir_task *task = aligned_alloc(_Alignof(struct weir_task), sizeof(*task));

    if (task == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "out of memory while deploying \"%s\"", options->vertex->name);
    memset(task, 0, sizeof(*task));
    task->vertex = options->vertex;
    task->options = options->env;
    task->reports = options->reports;
    task->loop = options->loop;
    weir_postbox_init(&task->orders, options->loop, deliver_order, task);
    task->is_source = options->vertex->links[0].node->source != NULL;
    task->turn = (struct weir_deferred){.fn = take_turn, .arg = task};
    task->flush_timer = (struct weir_timer){.fn = on_flush_timer, .arg = task};
    task->watermark_timer = (struct weir_timer){.fn = on_watermark_timer, .arg = task};
    task->close_timer = (struct weir_timer){.fn = end_closing, .arg = task};
    atomic_init(&task->figures.first_record_ns, -1);
    atomic_init(&task->figures.input_watermark_ms, INT64_MIN);
    weir_waker_init(&task->waker, task->loop, &task->turn);
    init_host(task, options);
    *out = task;
    return weir_outbox_init(&task->outbox, options->output_count, options->loop, options->env->buffer_timeout_ms == 0,
                            err);
}

void weir_task_free(struct weir_task *task)
{
    if (task == NULL)
        return;
    stop_timers(task);
    weir_chain_free(task->chain);
    weir_postbox_fini(&task->orders, weir_order_free);
    weir_outbox_fini(&task->outbox);
    weir_input_fini(&task->input);
    weir_source_output_fini(&task->source);
    free(task->exits);
    free(task->commits);
    free(task);
}
