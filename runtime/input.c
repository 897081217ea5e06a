/*
 * input.c - reads channels buffer by buffer, in turn, and keeps the rules of watermarks, barriers and the end.
 *
 * Alignment of checkpoint N:
 *     NONE --first barrier N--> ALIGNING --barriers N of all others--> aligned_id = N, NONE
 *     ALIGNING --barrier M > N, or abort(N)--> N is settled without a snapshot
 */
#include "runtime/input.h"

#include <assert.h>
#include <stdlib.h>

enum weir_status weir_input_init(struct weir_input *input, const struct weir_input_options *options,
                                 struct weir_error *err)
{
    *input = (struct weir_input){.loop = options->loop,
                                 .type = options->type,
                                 .buffer_len = options->buffer_len,
                                 .exactly_once = options->exactly_once,
                                 .watermark_ms = INT64_MIN};
    input->receivers = calloc((size_t)options->channel_count, sizeof(*input->receivers));
    input->element = calloc(1, options->type->size + 1);
    if (input->receivers == NULL || input->element == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "out of memory for %d input channels", options->channel_count);
    input->receiver_count = options->channel_count;
    for (int i = 0; i < options->channel_count; i++) {
        input->receivers[i].channel = options->channels[i];
        input->receivers[i].watermark_ms = INT64_MIN;
    }
    return WEIR_OK;
}

void weir_input_fini(struct weir_input *input)
{
    for (int i = 0; i < input->receiver_count; i++)
        free(input->receivers[i].buffer);
    free(input->receivers);
    free(input->element);
    *input = (struct weir_input){0};
}

/* It has said its last: no record of it comes any more, so it says nothing of the time of the others'. */
static bool is_over(const struct weir_receiver *rec)
{
    return rec->watermark_ms == INT64_MAX;
}

/* The least watermark of those that count; false if none does. */
static bool least_watermark(const struct weir_input *input, int64_t *least_ms)
{
    bool any = false;

    *least_ms = INT64_MIN;
    for (int i = 0; i < input->receiver_count; i++) {
        const struct weir_receiver *rec = &input->receivers[i];

        if (rec->idle || rec->behind || is_over(rec))
            continue;
        if (!any || rec->watermark_ms < *least_ms)
            *least_ms = rec->watermark_ms;
        any = true;
    }
    return any;
}

/* Looks at those that are not over: how many they are, whether all are idle, and what the fastest said. */
static int look_at_rest(const struct weir_input *input, bool *all_idle, int64_t *greatest_ms)
{
    int count = 0;

    *all_idle = true;
    *greatest_ms = INT64_MIN;
    for (int i = 0; i < input->receiver_count; i++) {
        const struct weir_receiver *rec = &input->receivers[i];

        if (is_over(rec))
            continue;
        count++;
        *all_idle &= rec->idle;
        if (rec->watermark_ms > *greatest_ms)
            *greatest_ms = rec->watermark_ms;
    }
    return count;
}

static enum weir_status advance(struct weir_input *input, struct weir_chain *chain, int64_t watermark_ms,
                                struct weir_error *err)
{
    if (watermark_ms <= input->watermark_ms)
        return WEIR_OK;
    input->watermark_ms = watermark_ms;
    return weir_chain_watermark(chain, watermark_ms, err);
}

static enum weir_status tell_idle(struct weir_input *input, struct weir_chain *chain, bool idle, struct weir_error *err)
{
    if (input->idle == idle)
        return WEIR_OK;
    input->idle = idle;
    return weir_chain_idle(chain, idle, err);
}

/* A channel's watermark has grown, or it turned idle: what is the task's time now? */
static enum weir_status combine(struct weir_input *input, struct weir_chain *chain, struct weir_error *err)
{
    enum weir_status status = WEIR_OK;
    int64_t least_ms, greatest_ms;
    bool all_idle;

    if (least_watermark(input, &least_ms))
        return advance(input, chain, least_ms, err);
    if (look_at_rest(input, &all_idle, &greatest_ms) == 0) {
        status = tell_idle(input, chain, false, err);
        return status == WEIR_OK ? advance(input, chain, INT64_MAX, err) : status;
    }
    if (!all_idle)
        return WEIR_OK;
    /* As Flink: when the last channel turns idle, what the fastest said holds. */
    status = advance(input, chain, greatest_ms, err);
    return status == WEIR_OK ? tell_idle(input, chain, true, err) : status;
}

static enum weir_status on_watermark(struct weir_input *input, struct weir_receiver *rec, struct weir_chain *chain,
                                     int64_t watermark_ms, struct weir_error *err)
{
    if (watermark_ms <= rec->watermark_ms)
        return WEIR_OK;
    rec->watermark_ms = watermark_ms;
    if (rec->behind && watermark_ms >= input->watermark_ms)
        rec->behind = false;
    return combine(input, chain, err);
}

static enum weir_status on_idle(struct weir_input *input, struct weir_receiver *rec, struct weir_chain *chain,
                                bool idle, struct weir_error *err)
{
    if (rec->idle == idle || is_over(rec))
        return WEIR_OK;
    rec->idle = idle;
    if (idle)
        return combine(input, chain, err);
    rec->behind = rec->watermark_ms < input->watermark_ms;
    return tell_idle(input, chain, false, err);
}

static void settle(struct weir_input *input, int64_t checkpoint_id)
{
    input->aligning_id = 0;
    input->arrived_count = 0;
    input->settled_id = checkpoint_id;
    for (int i = 0; i < input->receiver_count; i++)
        input->receivers[i].blocked = false;
}

static void on_barrier(struct weir_input *input, struct weir_receiver *rec, int64_t checkpoint_id)
{
    if (checkpoint_id <= input->settled_id || checkpoint_id < input->aligning_id || checkpoint_id == rec->barrier_id)
        return;
    if (input->aligning_id != 0 && checkpoint_id > input->aligning_id)
        settle(input, input->aligning_id);
    input->aligning_id = checkpoint_id;
    rec->barrier_id = checkpoint_id;
    rec->blocked = input->exactly_once;
    if (++input->arrived_count == input->receiver_count) {
        settle(input, checkpoint_id);
        input->aligned_id = checkpoint_id;
    }
}

void weir_input_abort(struct weir_input *input, int64_t checkpoint_id)
{
    if (input->aligned_id != 0 && input->aligned_id <= checkpoint_id)
        input->aligned_id = 0;
    if (checkpoint_id <= input->settled_id)
        return;
    if (input->aligning_id > checkpoint_id)
        input->settled_id = checkpoint_id;
    else
        settle(input, checkpoint_id);
}

/* WEIR_E_END when this was the last channel. */
static enum weir_status on_end(struct weir_input *input, struct weir_receiver *rec, struct weir_chain *chain,
                               struct weir_error *err)
{
    enum weir_status status = on_watermark(input, rec, chain, INT64_MAX, err);

    assert(!rec->ended);
    rec->ended = true;
    input->ended_count++;
    if (status != WEIR_OK)
        return status;
    return input->ended_count == input->receiver_count ? WEIR_E_END : WEIR_OK;
}

static enum weir_status on_control(struct weir_input *input, struct weir_receiver *rec, struct weir_chain *chain,
                                   struct weir_error *err)
{
    int64_t value;

    switch (weir_element_control(&rec->at, &value)) {
    case WEIR_CONTROL_WATERMARK:
        return on_watermark(input, rec, chain, value, err);
    case WEIR_CONTROL_BARRIER:
        on_barrier(input, rec, value);
        return WEIR_OK;
    case WEIR_CONTROL_IDLE:
        return on_idle(input, rec, chain, value != 0, err);
    case WEIR_CONTROL_END:
        return on_end(input, rec, chain, err);
    }
    return WEIR_OK;
}

static inline void take_element(struct weir_input *input, struct weir_receiver *rec)
{
    struct weir_in in;

    if (input->type->fixed) {
        weir_element_copy(input->element, rec->at, input->type->size);
        rec->at += input->type->size;
        return;
    }
    in = (struct weir_in){rec->at, rec->end, false};
    weir_type_deserialize(input->type, &in, input->element);
    assert(!in.bad);
    rec->at = in.ptr;
}

/* Reads on in the current buffer. */
static enum weir_status read_buffer(struct weir_input *input, struct weir_receiver *rec, struct weir_chain *chain,
                                    const bool *outbox_full, int *budget, struct weir_error *err)
{
    enum weir_status status = WEIR_OK;
    bool may_pause = chain->pauser_count > 0;
    int left = *budget;

    while (rec->at != rec->end && left > 0 && !*outbox_full && status == WEIR_OK) {
        uint64_t code;
        int64_t timestamp_ms;

        if (may_pause && !weir_chain_ready(chain))
            break;
        code = weir_element_code(&rec->at);
        left--;
        if (code == WEIR_CODE_CONTROL) {
            status = on_control(input, rec, chain, err);
            if (rec->blocked || input->aligned_id != 0)
                break;
            continue;
        }
        timestamp_ms = weir_element_timestamp(code, &rec->at, &rec->last_ms);
        take_element(input, rec);
        status = weir_chain_element(chain, input->element, timestamp_ms, err);
    }
    *budget = left;
    return status;
}

/* The next receiver, from the current one on, with something to read; NULL if there is none. */
static struct weir_receiver *next_receiver(struct weir_input *input)
{
    for (int i = 0; i < input->receiver_count; i++) {
        struct weir_receiver *rec = &input->receivers[input->current];

        if (!rec->blocked) {
            if (rec->buffer != NULL)
                return rec;
            rec->buffer = weir_channel_receive(rec->channel, input->loop);
            if (rec->buffer != NULL) {
                rec->at = rec->buffer->bytes;
                rec->end = rec->at + rec->buffer->len;
                return rec;
            }
        }
        input->current = input->current + 1 == input->receiver_count ? 0 : input->current + 1;
    }
    return NULL;
}

enum weir_status weir_input_read(struct weir_input *input, struct weir_chain *chain, const bool *outbox_full,
                                 int *budget, struct weir_error *err)
{
    while (*budget > 0 && !*outbox_full && input->aligned_id == 0) {
        struct weir_receiver *rec = next_receiver(input);
        enum weir_status status;
        const uint8_t *before;

        if (rec == NULL)
            return WEIR_E_AGAIN;
        before = rec->at;
        status = read_buffer(input, rec, chain, outbox_full, budget, err);
        if (rec->at == rec->end) {
            weir_channel_recycle(rec->channel, rec->buffer, input->buffer_len);
            rec->buffer = NULL;
            input->current = input->current + 1 == input->receiver_count ? 0 : input->current + 1;
        }
        if (status != WEIR_OK)
            return status;
        if (rec->at == before && rec->buffer != NULL)
            return WEIR_OK; /* an operator is not ready */
    }
    return WEIR_OK;
}

bool weir_input_wait(struct weir_input *input)
{
    bool waits = true;

    for (int i = 0; i < input->receiver_count; i++) {
        struct weir_receiver *rec = &input->receivers[i];

        if (rec->blocked)
            continue;
        waits &= rec->buffer == NULL && weir_ring_wait_items(&rec->channel->full);
    }
    return waits;
}
