/*
 * window_operator.c - folds the elements of each key and tumbling event-time window; emits when the watermark passes.
 *
 *     element --its window is still wanted--> folded into (window, key)
 *             --watermark >= end - 1 + lateness--> dropped and counted (numLateRecordsDropped)
 *     watermark >= end - 1: the window FIRES: one result for each key, in the order the keys came
 *     watermark >= end - 1 + lateness: the window is forgotten
 *     element of a window that has fired: folded, and its key's result emitted again at once
 *
 * Each window has a table of its own, so that firing walks a row and forgetting frees it whole. Few windows live at a
 * time; they stand in a row sorted by their start, and the last one used is tried first.
 */
#include "runtime/keyed_operators.h"

#include <inttypes.h>
#include <stdlib.h>

#include "runtime/keyed_table.h"

#define STATE_NAME "window-contents" /* stands in checkpoints: u64 window start, u8 fired, keys and values */

struct window_factory {
    struct weir_operator_factory base;
    struct weir_window_spec spec;
    bool is_reduce;
    struct weir_reducer reducer;
    struct weir_aggregate aggregate;
};

struct open_window {
    struct weir_window span;
    bool fired;
    struct weir_keyed_table values;
};

struct window_op {
    struct weir_operator base;
    const struct window_factory *factory;
    const struct weir_type *acc_type;
    struct open_window **windows; /* sorted by start */
    size_t window_count, window_cap;
    struct open_window *last; /* the one used last, or NULL */
    int64_t watermark_ms;
    void *result; /* room for one of the aggregate's results */
};

static struct window_op *window_op(struct weir_operator *op)
{
    return (struct window_op *)op;
}

static int64_t add_clamped(int64_t a, int64_t b)
{
    int64_t sum;

    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

/* The window of a time, as upstream's TimeWindow.getWindowStartWithOffset, and right for negative times too. */
static struct weir_window window_of(const struct weir_window_assigner *assigner, int64_t timestamp_ms)
{
    int64_t rest = (timestamp_ms % assigner->size_ms - assigner->offset_ms % assigner->size_ms) % assigner->size_ms;
    int64_t start;

    if (__builtin_sub_overflow(timestamp_ms, rest < 0 ? rest + assigner->size_ms : rest, &start))
        start = INT64_MIN;
    return (struct weir_window){start, add_clamped(start, assigner->size_ms)};
}

static int64_t forget_at(const struct window_op *window, const struct weir_window *span)
{
    return add_clamped(span->end_ms - 1, window->factory->spec.allowed_lateness_ms);
}

/* Where in the row the window that starts at `start_ms` is or belongs. */
static size_t window_index(const struct window_op *window, int64_t start_ms)
{
    size_t low = 0, high = window->window_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (window->windows[middle]->span.start_ms < start_ms)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct open_window *insert_window(struct window_op *window, size_t at, struct weir_window span)
{
    struct open_window *opened = calloc(1, sizeof(*opened));

    if (opened == NULL)
        return NULL;
    if (window->window_count == window->window_cap) {
        size_t cap = window->window_cap > 0 ? 2 * window->window_cap : 8;
        struct open_window **windows = realloc(window->windows, cap * sizeof(struct open_window *));

        if (windows == NULL) {
            free(opened);
            return NULL;
        }
        window->windows = windows;
        window->window_cap = cap;
    }
    memmove(window->windows + at + 1, window->windows + at, (window->window_count - at) * sizeof(struct open_window *));
    window->windows[at] = opened;
    window->window_count++;
    opened->span = span;
    weir_keyed_table_init(&opened->values, window->factory->spec.selector.type, window->acc_type);
    return opened;
}

/* The window of that span, opened if it is not yet; NULL if memory is out. */
static struct open_window *open_window(struct window_op *window, struct weir_window span)
{
    size_t at;

    if (window->last != NULL && window->last->span.start_ms == span.start_ms)
        return window->last;
    at = window_index(window, span.start_ms);
    if (at < window->window_count && window->windows[at]->span.start_ms == span.start_ms)
        window->last = window->windows[at];
    else
        window->last = insert_window(window, at, span);
    return window->last;
}

static void close_window(struct window_op *window, size_t at)
{
    struct open_window *closed = window->windows[at];

    window->window_count--;
    memmove(window->windows + at, window->windows + at + 1, (window->window_count - at) * sizeof(struct open_window *));
    weir_keyed_table_fini(&closed->values);
    free(closed);
    window->last = NULL;
}

static enum weir_status fold(const struct window_factory *factory, void *acc, bool first, const void *element)
{
    const struct weir_aggregate *aggregate = &factory->aggregate;

    if (factory->is_reduce)
        return weir_reducer_fold(&factory->reducer, acc, first, element);
    if (first && aggregate->init != NULL)
        aggregate->init(aggregate->arg, acc);
    aggregate->add(aggregate->arg, acc, element);
    return WEIR_OK;
}

static enum weir_status emit(struct window_op *window, const struct weir_window *span, const void *key, const void *acc,
                             struct weir_error *err)
{
    const struct weir_aggregate *aggregate = &window->factory->aggregate;
    const void *result = acc;

    if (!window->factory->is_reduce) {
        memset(window->result, 0, aggregate->out_type->size);
        aggregate->result(aggregate->arg, key, span, acc, window->result);
        result = window->result;
    }
    window->base.out->timestamp_ms = span->end_ms - 1;
    return weir_collect(window->base.out, result, err);
}

static enum weir_status fire(struct window_op *window, struct open_window *due, struct weir_error *err)
{
    enum weir_status status = WEIR_OK;

    due->fired = true;
    for (uint32_t i = 0; i < due->values.entry_count && status == WEIR_OK; i++)
        status = emit(window, &due->span, weir_keyed_table_key(&due->values, i),
                      weir_keyed_table_value(&due->values, i), err);
    return status;
}

static enum weir_status window_on_record(struct weir_operator *op, const void *element, int64_t timestamp_ms,
                                         struct weir_error *err)
{
    struct window_op *window = window_op(op);
    _Alignas(16) uint8_t scratch[WEIR_KEY_SIZE_MAX];
    struct weir_window span;
    struct open_window *opened;
    const void *key;
    bool first;
    void *acc;

    if (timestamp_ms == WEIR_NO_TIMESTAMP)
        return weir_fail(err, WEIR_E_STATE,
                         "a record has no timestamp, so it has no event-time window: give the source a watermark "
                         "strategy with a timestamp function, or call weir_assign_watermarks before the window");
    span = window_of(&window->factory->spec.assigner, timestamp_ms);
    if (window->watermark_ms >= forget_at(window, &span)) {
        weir_context_count(op->ctx, "numLateRecordsDropped", 1);
        return WEIR_OK;
    }
    opened = open_window(window, span);
    if (opened == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for one more of %zu windows", window->window_count);
    key = weir_key_of(&window->factory->spec.selector, element, scratch);
    acc = weir_keyed_table_get(&opened->values, key, &first);
    if (acc == NULL || fold(window->factory, acc, first, element) != WEIR_OK)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for the state of %u keys in a window",
                         opened->values.entry_count);
    return opened->fired ? emit(window, &opened->span, key, acc, err) : WEIR_OK;
}

static enum weir_status window_on_watermark(struct weir_operator *op, int64_t watermark_ms, struct weir_error *err)
{
    struct window_op *window = window_op(op);
    enum weir_status status = WEIR_OK;
    size_t at = 0;

    if (watermark_ms <= window->watermark_ms)
        return WEIR_OK;
    window->watermark_ms = watermark_ms;
    while (at < window->window_count && window->windows[at]->span.end_ms - 1 <= watermark_ms && status == WEIR_OK) {
        if (!window->windows[at]->fired)
            status = fire(window, window->windows[at], err);
        if (forget_at(window, &window->windows[at]->span) <= watermark_ms)
            close_window(window, at);
        else
            at++;
    }
    return status;
}

static enum weir_status window_snapshot(struct weir_operator *op, int64_t checkpoint_id, struct weir_snapshot *out,
                                        struct weir_error *err)
{
    struct window_op *window = window_op(op);
    uint8_t head[9];

    (void)checkpoint_id;
    (void)err;
    for (size_t i = 0; i < window->window_count; i++) {
        weir_put_u64be(head, (uint64_t)window->windows[i]->span.start_ms);
        head[8] = window->windows[i]->fired;
        weir_keyed_table_snapshot(&window->windows[i]->values, STATE_NAME, weir_view(head, sizeof(head)),
                                  weir_context_max_parallelism(op->ctx), out);
    }
    return WEIR_OK;
}

static enum weir_status window_restore(struct weir_operator *op, const struct weir_restored *entry,
                                       struct weir_error *err)
{
    struct window_op *window = window_op(op);
    struct weir_in in = weir_in(entry->bytes);
    int64_t start_ms = (int64_t)weir_in_u64be(&in);
    bool fired = weir_in_u8(&in) != 0;
    struct open_window *opened;
    size_t before = window->window_count;

    if (strcmp(entry->state_name, STATE_NAME) != 0 || in.bad)
        return weir_fail(err, WEIR_E_STATE, "the checkpoint has state \"%s\" here: was this operator something else?",
                         entry->state_name);
    opened = open_window(window,
                         (struct weir_window){start_ms, add_clamped(start_ms, window->factory->spec.assigner.size_ms)});
    if (opened == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory to restore a window");
    /* At least once, subtasks that are one now may have been apart in time: it fires again rather than not at all. */
    opened->fired = fired && (opened->fired || window->window_count > before);
    return weir_keyed_table_restore(&opened->values, &in, err);
}

static void window_free(struct weir_operator *op)
{
    struct window_op *window = window_op(op);

    while (window->window_count > 0)
        close_window(window, window->window_count - 1);
    free(window->windows);
    free(window->result);
    free(window);
}

static const struct weir_operator_ops window_ops = {.name = "window",
                                                    .on_record = window_on_record,
                                                    .on_watermark = window_on_watermark,
                                                    .snapshot = window_snapshot,
                                                    .restore = window_restore,
                                                    .free = window_free};

static enum weir_status window_create(const struct weir_operator_factory *base, struct weir_context *ctx,
                                      struct weir_operator **out, struct weir_error *err)
{
    const struct window_factory *factory = (const struct window_factory *)base;
    struct window_op *window = calloc(1, sizeof(*window));

    if (window == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for an operator");
    window->base.ops = &window_ops;
    window->base.ctx = ctx;
    window->factory = factory;
    window->acc_type = factory->is_reduce ? factory->reducer.type : factory->aggregate.acc_type;
    window->watermark_ms = INT64_MIN;
    if (!factory->is_reduce) {
        window->result = calloc(1, factory->aggregate.out_type->size);
        if (window->result == NULL) {
            free(window);
            return weir_fail(err, WEIR_E_NOMEM, "no memory for an operator");
        }
    }
    *out = &window->base;
    return WEIR_OK;
}

static void window_factory_free(struct weir_operator_factory *factory)
{
    free(factory);
}

static enum weir_status factory_new(const struct weir_window_spec *spec, struct window_factory **out,
                                    struct weir_error *err)
{
    struct window_factory *factory;

    if (spec->assigner.size_ms <= 0)
        return weir_fail(err, WEIR_E_INVAL, "a window of %" PRId64 " ms: its size has to be 1 or more",
                         spec->assigner.size_ms);
    if (spec->allowed_lateness_ms < 0)
        return weir_fail(err, WEIR_E_INVAL, "allowed lateness of %" PRId64 " ms: it has to be 0 or more",
                         spec->allowed_lateness_ms);
    factory = calloc(1, sizeof(*factory));
    if (factory == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for an operator");
    factory->base = (struct weir_operator_factory){.create = window_create, .free = window_factory_free};
    factory->spec = *spec;
    *out = factory;
    return WEIR_OK;
}

enum weir_status weir_window_aggregate_factory_new(const struct weir_window_spec *spec,
                                                   const struct weir_aggregate *aggregate,
                                                   struct weir_operator_factory **out, struct weir_error *err)
{
    struct window_factory *factory = NULL;
    enum weir_status status;

    if (aggregate->add == NULL || aggregate->result == NULL || aggregate->acc_type == NULL ||
        aggregate->out_type == NULL)
        return weir_fail(err, WEIR_E_INVAL, "an aggregate needs acc_type, out_type, add and result");
    if (!aggregate->acc_type->fixed)
        return weir_fail(err, WEIR_E_INVAL, "the accumulator type %s has text or bytes: it has to be fixed",
                         aggregate->acc_type->name);
    status = factory_new(spec, &factory, err);
    if (status != WEIR_OK)
        return status;
    factory->aggregate = *aggregate;
    *out = &factory->base;
    return WEIR_OK;
}

enum weir_status weir_window_reduce_factory_new(const struct weir_window_spec *spec, const struct weir_reducer *reducer,
                                                struct weir_operator_factory **out, struct weir_error *err)
{
    struct window_factory *factory = NULL;
    enum weir_status status = factory_new(spec, &factory, err);

    if (status != WEIR_OK)
        return status;
    factory->is_reduce = true;
    factory->reducer = *reducer;
    *out = &factory->base;
    return WEIR_OK;
}
