/*
 * generator.c - elements made from their numbers.
 *
 * Numbers are dealt out in strides: subtask i of p makes i, i + p, i + 2p, ... A stride is a split of its own, with its
 * next number as the state; restored with another parallelism, each stride goes on in whichever subtask it falls to.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "weir/connectors.h"

#define STATE_NAME "strides" /* stands in checkpoints: i64 next, i64 stride */

struct generator_source {
    struct weir_source base;
    struct weir_generator_options options;
};

struct stride {
    int64_t next, step;
    int output_split; /* -1: not added, or at its end */
};

struct generator_reader {
    struct weir_source_reader base;
    const struct generator_source *source;
    struct stride *strides;
    size_t stride_count, current;
    void *element;
    struct weir_timer timer; /* wakes a reader that is ahead of its rate */
    int64_t started_ns, emitted;
};

static struct generator_reader *generator_reader(struct weir_source_reader *reader)
{
    return (struct generator_reader *)reader;
}

static enum weir_status add_stride(struct generator_reader *reader, int64_t next, int64_t step, struct weir_error *err)
{
    struct stride *strides = realloc(reader->strides, (reader->stride_count + 1) * sizeof(*strides));

    if (strides == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for a generator");
    reader->strides = strides;
    strides[reader->stride_count++] = (struct stride){next, step, -1};
    return WEIR_OK;
}

static enum weir_status generator_restore(struct weir_source_reader *base, const struct weir_restored *entry,
                                          struct weir_error *err)
{
    struct weir_in in = weir_in(entry->bytes);
    int64_t next = (int64_t)weir_in_u64be(&in), step = (int64_t)weir_in_u64be(&in);

    if (strcmp(entry->state_name, STATE_NAME) != 0 || in.bad || next < 0 || step < 1)
        return weir_fail(err, WEIR_E_DAMAGED, "restored state \"%s\" is not a generator's", entry->state_name);
    return add_stride(generator_reader(base), next, step, err);
}

static void on_timer(void *arg)
{
    struct generator_reader *reader = arg;

    weir_context_wake(reader->base.ctx);
}

static enum weir_status generator_start(struct weir_source_reader *base, bool restored, struct weir_error *err)
{
    struct generator_reader *reader = generator_reader(base);

    reader->timer = (struct weir_timer){.fn = on_timer, .arg = reader};
    reader->started_ns = weir_loop_now_ns(weir_context_loop(base->ctx));
    if (restored)
        return WEIR_OK;
    return add_stride(reader, weir_context_subtask_index(base->ctx), weir_context_parallelism(base->ctx), err);
}

/* How many elements this subtask may make now; at 0 the timer is set for the next one. */
static int64_t allowance(struct generator_reader *reader, int64_t budget)
{
    int64_t rate = reader->source->options.events_per_second, parallelism = weir_context_parallelism(reader->base.ctx);
    struct weir_loop *loop = weir_context_loop(reader->base.ctx);
    double ns_per_element, elapsed_ns;
    int64_t due;

    if (rate == 0)
        return budget;
    ns_per_element = (double)WEIR_NS_PER_S * (double)parallelism / (double)rate;
    elapsed_ns = (double)(weir_loop_now_ns(loop) - reader->started_ns);
    due = (int64_t)(elapsed_ns / ns_per_element) + 1 - reader->emitted;
    if (due <= 0)
        weir_timer_start(loop, &reader->timer, (int64_t)(ns_per_element * (double)reader->emitted - elapsed_ns) + 1);
    return due < budget ? due : budget;
}

static enum weir_status emit_stride(struct generator_reader *reader, struct stride *stride, int64_t count,
                                    struct weir_source_output *out, struct weir_error *err)
{
    const struct weir_generator_options *options = &reader->source->options;
    enum weir_status status = WEIR_OK;

    if (stride->output_split < 0)
        stride->output_split = weir_source_output_add_split(out);
    for (; count > 0 && status == WEIR_OK; count--) {
        int64_t index = stride->next;

        if (options->count > 0 && index >= options->count) {
            weir_source_output_remove_split(out, stride->output_split);
            stride->output_split = -1;
            return WEIR_E_END;
        }
        memset(reader->element, 0, options->type->size);
        options->generate(options->arg, index, reader->element);
        status = weir_source_emit(
            out, stride->output_split, reader->element,
            options->timestamp != NULL ? options->timestamp(options->arg, index) : WEIR_NO_TIMESTAMP, err);
        stride->next += stride->step;
        reader->emitted++;
    }
    return status;
}

static enum weir_status generator_poll(struct weir_source_reader *base, struct weir_source_output *out, int budget,
                                       struct weir_error *err)
{
    struct generator_reader *reader = generator_reader(base);
    int64_t count = allowance(reader, budget);
    enum weir_status status;

    if (count <= 0)
        return WEIR_E_AGAIN;
    for (size_t tried = 0; tried < reader->stride_count; tried++) {
        status = emit_stride(reader, &reader->strides[reader->current++ % reader->stride_count], count, out, err);
        if (status != WEIR_E_END)
            return status;
    }
    return WEIR_E_END;
}

static enum weir_status generator_snapshot(struct weir_source_reader *base, int64_t checkpoint_id,
                                           struct weir_snapshot *out, struct weir_error *err)
{
    struct generator_reader *reader = generator_reader(base);
    uint8_t bytes[16];

    (void)checkpoint_id;
    (void)err;
    for (size_t i = 0; i < reader->stride_count; i++) {
        weir_put_u64be(bytes, (uint64_t)reader->strides[i].next);
        weir_put_u64be(bytes + 8, (uint64_t)reader->strides[i].step);
        weir_snapshot_add(out, WEIR_STATE_LIST, STATE_NAME, 0, weir_view(bytes, sizeof(bytes)));
    }
    return WEIR_OK;
}

static void generator_free(struct weir_source_reader *base)
{
    struct generator_reader *reader = generator_reader(base);

    weir_timer_stop(weir_context_loop(base->ctx), &reader->timer);
    free(reader->strides);
    free(reader->element);
    free(reader);
}

static const struct weir_source_reader_ops generator_ops = {.restore = generator_restore,
                                                            .start = generator_start,
                                                            .poll = generator_poll,
                                                            .snapshot = generator_snapshot,
                                                            .free = generator_free};

static enum weir_status create_reader(const struct weir_source *source, struct weir_context *ctx,
                                      struct weir_source_reader **out, struct weir_error *err)
{
    struct generator_reader *reader = calloc(1, sizeof(*reader));
    void *element = aligned_alloc(16, (source->type->size + 15) / 16 * 16);

    if (reader == NULL || element == NULL) {
        free(reader);
        free(element);
        return weir_fail(err, WEIR_E_NOMEM, "no memory for a generator");
    }
    reader->base = (struct weir_source_reader){&generator_ops, ctx};
    reader->source = (const struct generator_source *)source;
    reader->element = element;
    *out = &reader->base;
    return WEIR_OK;
}

static void source_free(struct weir_source *source)
{
    free(source);
}

struct weir_source *weir_generator(weir_env *env, const struct weir_generator_options *options)
{
    struct generator_source *source = calloc(1, sizeof(*source));
    struct weir_error err = {0};

    if (source == NULL)
        weir_fail(&err, WEIR_E_NOMEM, "no memory for a generator");
    else if (options->type == NULL || options->generate == NULL)
        weir_fail(&err, WEIR_E_INVAL, "Generator: a type and a generate function must be supplied");
    else if (options->count < 0 || options->events_per_second < 0)
        weir_fail(&err, WEIR_E_INVAL,
                  "Generator: count %" PRId64 " and events_per_second %" PRId64 " must not be negative", options->count,
                  options->events_per_second);
    if (err.status != WEIR_OK) {
        weir_env_fail(env, &err);
        free(source);
        return NULL;
    }
    source->options = *options;
    source->base = (struct weir_source){
        .type = options->type, .name = "Generator", .create_reader = create_reader, .free = source_free};
    return &source->base;
}
