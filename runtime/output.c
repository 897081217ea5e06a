/*
 * output.c - partitioners. Each writes the element once, into the buffer of the channel that it chose (BROADCAST: of
 * each). A partitioner that has one channel only does not choose.
 */
#include "runtime/output.h"

#include <stdlib.h>
#include <string.h>

#define ELEMENT_LEN_MAX ((size_t)1 << 30)

static enum weir_status out_of_memory(struct weir_error *err)
{
    return weir_fail(err, WEIR_E_NOMEM, "out of memory for an output buffer");
}

static void sent(struct weir_output *output, struct weir_sender *sender)
{
    if (output->outbox->flush_always)
        weir_sender_flush(sender);
    if (weir_sender_blocked(sender))
        output->outbox->full = true;
}

static enum weir_status put_fixed(struct weir_output *output, struct weir_sender *sender, const void *element,
                                  struct weir_error *err)
{
    size_t size = output->type->size;
    uint8_t *at = weir_sender_room(sender, WEIR_ELEMENT_HEADER_MAX + size);

    if (at == NULL)
        return out_of_memory(err);
    at = weir_element_put_header(at, output->base.collector.timestamp_ms, &sender->last_ms);
    weir_element_copy(at, element, size);
    sender->at = at + size;
    sent(output, sender);
    return WEIR_OK;
}

/* Serializes straight into the sender's buffer. False: it does not fit. */
static bool serialize_in_place(struct weir_output *output, struct weir_sender *sender, const void *element)
{
    int64_t last_ms = sender->last_ms;
    uint8_t *at = weir_element_put_header(sender->at, output->base.collector.timestamp_ms, &last_ms);
    size_t room = (size_t)(sender->end - at);
    struct weir_buf buf = {.ptr = at, .cap = room, .len_max = room}; /* cannot grow: it would need len_max for that */

    weir_type_serialize(output->type, element, &buf);
    if (buf.status != WEIR_OK)
        return false;
    sender->last_ms = last_ms;
    sender->at = at + buf.len;
    return true;
}

/* An element that is longer than a buffer gets one of its own. */
static enum weir_status put_long(struct weir_output *output, struct weir_sender *sender, const void *element,
                                 struct weir_error *err)
{
    struct weir_buf buf;
    enum weir_status status;
    uint8_t *at;

    weir_buf_init(&buf, ELEMENT_LEN_MAX);
    weir_type_serialize(output->type, element, &buf);
    status = buf.status;
    if (status != WEIR_OK) {
        weir_buf_fini(&buf);
        return weir_fail(err, status, "cannot pass on an element of type %s: %s", output->type->name,
                         status == WEIR_E_LIMIT ? "it has more than 1 GiB" : weir_status_text(status));
    }
    at = weir_sender_turn_over(sender, WEIR_ELEMENT_HEADER_MAX + buf.len);
    if (at != NULL) {
        at = weir_element_put_header(at, output->base.collector.timestamp_ms, &sender->last_ms);
        memcpy(at, buf.ptr, buf.len);
        sender->at = at + buf.len;
    }
    weir_buf_fini(&buf);
    return at != NULL ? WEIR_OK : out_of_memory(err);
}

static enum weir_status put(struct weir_output *output, struct weir_sender *sender, const void *element,
                            struct weir_error *err)
{
    enum weir_status status = WEIR_OK;

    if (output->type->fixed)
        return put_fixed(output, sender, element, err);
    if (weir_sender_room(sender, WEIR_ELEMENT_HEADER_MAX + 1) == NULL)
        return out_of_memory(err);
    if (!serialize_in_place(output, sender, element)) {
        if (weir_sender_partial(sender) && weir_sender_turn_over(sender, sender->buffer_len) == NULL)
            return out_of_memory(err);
        if (!serialize_in_place(output, sender, element))
            status = put_long(output, sender, element, err);
    }
    sent(output, sender);
    return status;
}

static enum weir_status collect_first(struct weir_collector *out, const void *element, struct weir_error *err)
{
    struct weir_output *output = (struct weir_output *)out;

    return put(output, &output->senders[0], element, err);
}

static enum weir_status collect_rebalance(struct weir_collector *out, const void *element, struct weir_error *err)
{
    struct weir_output *output = (struct weir_output *)out;
    struct weir_sender *sender = &output->senders[output->next];

    output->next = output->next + 1 == output->sender_count ? 0 : output->next + 1;
    return put(output, sender, element, err);
}

static enum weir_status collect_hash(struct weir_collector *out, const void *element, struct weir_error *err)
{
    struct weir_output *output = (struct weir_output *)out;
    const void *key = weir_key_of(output->selector, element, output->key_room);
    int group = weir_key_group(output->selector->type, key, output->max_parallelism);

    return put(output, &output->senders[output->sender_of_group[group]], element, err);
}

static enum weir_status collect_broadcast(struct weir_collector *out, const void *element, struct weir_error *err)
{
    struct weir_output *output = (struct weir_output *)out;
    enum weir_status status = WEIR_OK;

    for (int i = 0; i < output->sender_count && status == WEIR_OK; i++)
        status = put(output, &output->senders[i], element, err);
    return status;
}

static enum weir_status control(struct weir_output *output, enum weir_control control, int64_t value,
                                struct weir_error *err)
{
    for (int i = 0; i < output->sender_count; i++) {
        struct weir_sender *sender = &output->senders[i];
        uint8_t *at = weir_sender_room(sender, WEIR_CONTROL_LEN);

        if (at == NULL)
            return out_of_memory(err);
        weir_element_put_control(at, control, value);
        sender->at = at + WEIR_CONTROL_LEN;
        sent(output, sender);
    }
    return WEIR_OK;
}

static enum weir_status output_watermark(struct weir_chain_output *out, int64_t watermark_ms, struct weir_error *err)
{
    return control((struct weir_output *)out, WEIR_CONTROL_WATERMARK, watermark_ms, err);
}

static enum weir_status output_idle(struct weir_chain_output *out, bool idle, struct weir_error *err)
{
    return control((struct weir_output *)out, WEIR_CONTROL_IDLE, idle, err);
}

enum weir_status weir_outbox_init(struct weir_outbox *outbox, size_t output_count, struct weir_loop *loop,
                                  bool flush_always, struct weir_error *err)
{
    *outbox = (struct weir_outbox){.output_count = output_count, .loop = loop, .flush_always = flush_always};
    if (output_count == 0)
        return WEIR_OK;
    outbox->outputs = aligned_alloc(_Alignof(struct weir_output), output_count * sizeof(*outbox->outputs));
    if (outbox->outputs == NULL) {
        outbox->output_count = 0;
        return out_of_memory(err);
    }
    memset(outbox->outputs, 0, output_count * sizeof(*outbox->outputs));
    return WEIR_OK;
}

void weir_outbox_fini(struct weir_outbox *outbox)
{
    for (size_t i = 0; i < outbox->output_count; i++) {
        struct weir_output *output = &outbox->outputs[i];

        for (int k = 0; k < output->sender_count; k++)
            weir_sender_fini(&output->senders[k]);
        free(output->senders);
        free(output->sender_of_group);
    }
    free(outbox->outputs);
    *outbox = (struct weir_outbox){0};
}

static enum weir_status (*collect_of(const struct weir_output *output,
                                     enum weir_partition partition))(struct weir_collector *out, const void *element,
                                                                     struct weir_error *err)
{
    if (output->sender_count == 1)
        return collect_first;
    switch (partition) {
    case WEIR_PARTITION_DEFAULT:
    case WEIR_PARTITION_FORWARD:
    case WEIR_PARTITION_GLOBAL:
        return collect_first;
    case WEIR_PARTITION_REBALANCE:
        return collect_rebalance;
    case WEIR_PARTITION_HASH:
        return collect_hash;
    case WEIR_PARTITION_BROADCAST:
        return collect_broadcast;
    }
    return collect_first;
}

enum weir_status weir_output_init(struct weir_outbox *outbox, size_t index, const struct weir_output_options *options,
                                  struct weir_error *err)
{
    struct weir_output *output = &outbox->outputs[index];

    output->outbox = outbox;
    output->type = options->edge->type;
    output->selector = options->edge->selector;
    output->max_parallelism = options->max_parallelism;
    output->senders = calloc((size_t)options->channel_count, sizeof(*output->senders));
    output->sender_of_group = calloc((size_t)options->max_parallelism, sizeof(*output->sender_of_group));
    if (output->senders == NULL || output->sender_of_group == NULL)
        return out_of_memory(err);
    output->sender_count = options->channel_count;
    output->next = options->first % options->channel_count;
    for (int i = 0; i < options->channel_count; i++)
        weir_sender_init(&output->senders[i], options->channels[i], outbox->loop, options->buffer_len);
    for (int i = 0; i < options->max_parallelism; i++)
        output->sender_of_group[i] =
            (uint16_t)weir_subtask_of_group(i, options->max_parallelism, options->channel_count);
    output->base = (struct weir_chain_output){
        .collector = {.collect = collect_of(output, options->edge->partition), .timestamp_ms = WEIR_NO_TIMESTAMP},
        .watermark = output_watermark,
        .idle = output_idle,
    };
    return WEIR_OK;
}

enum weir_status weir_outbox_control(struct weir_outbox *outbox, enum weir_control kind, int64_t value,
                                     struct weir_error *err)
{
    enum weir_status status = WEIR_OK;

    for (size_t i = 0; i < outbox->output_count && status == WEIR_OK; i++)
        status = control(&outbox->outputs[i], kind, value, err);
    return status;
}

void weir_outbox_flush(struct weir_outbox *outbox)
{
    for (size_t i = 0; i < outbox->output_count; i++) {
        struct weir_output *output = &outbox->outputs[i];

        for (int k = 0; k < output->sender_count; k++) {
            weir_sender_flush(&output->senders[k]);
            if (weir_sender_blocked(&output->senders[k]))
                outbox->full = true;
        }
    }
}

bool weir_outbox_partial(const struct weir_outbox *outbox)
{
    for (size_t i = 0; i < outbox->output_count; i++) {
        for (int k = 0; k < outbox->outputs[i].sender_count; k++) {
            if (weir_sender_partial(&outbox->outputs[i].senders[k]))
                return true;
        }
    }
    return false;
}

bool weir_outbox_drain(struct weir_outbox *outbox)
{
    bool full = false;

    if (!outbox->full)
        return true;
    for (size_t i = 0; i < outbox->output_count; i++) {
        for (int k = 0; k < outbox->outputs[i].sender_count; k++)
            full |= !weir_sender_drain(&outbox->outputs[i].senders[k]);
    }
    outbox->full = full;
    return !full;
}

bool weir_outbox_wait(struct weir_outbox *outbox)
{
    bool waits = true;

    for (size_t i = 0; i < outbox->output_count; i++) {
        for (int k = 0; k < outbox->outputs[i].sender_count; k++) {
            if (weir_sender_blocked(&outbox->outputs[i].senders[k]))
                waits &= weir_sender_wait(&outbox->outputs[i].senders[k]);
        }
    }
    return waits;
}
