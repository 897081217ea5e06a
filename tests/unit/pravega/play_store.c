/*
 * play_store.c - see play_store.h.
 */
#include "play_store.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "pravega/proto.h"
#include "pravega/wire_inbox.h"

#define CONTROLLER_PORT 9090

struct play_read { /* waits at a segment's tail */
    struct play_read *next;
    struct play_segment *segment;
    int64_t offset, request_id;
    int32_t len;
};

struct play_setup { /* a writer of this connection */
    struct play_setup *next;
    struct play_writer *writer;
    int64_t unacked_previous, unacked_number, unacked_request;
    uint64_t unacked_count;
    size_t unacked_bytes;
};

struct play_late {
    struct play_writer *writer;
    int64_t number, offset;
    struct weir_buf event;
};

struct play_conn {
    struct play_conn *next;
    struct play_store *store;
    struct weir_conn *conn;
    struct pravega_wire_inbox inbox;
    struct weir_buf out;
    struct play_read *reads;
    struct play_setup *setups;
    struct weir_buf refusal; /* of an append, held back for a moment: see store->late_refusals */
    struct weir_timer refuse, acknowledge_rest;
    bool cut;
};

/* ---- connections ---- */

/* Those that this connection made. */
static void drop_transients(struct play_conn *conn)
{
    for (struct play_setup *setup = conn->setups; setup != NULL; setup = setup->next)
        if (setup->writer->segment->transient)
            setup->writer->segment->gone = true;
}

static void conn_free(struct play_conn *conn)
{
    struct play_conn **at = &conn->store->conns;

    while (*at != conn)
        at = &(*at)->next;
    *at = conn->next;
    if (conn->store->drop_transients)
        drop_transients(conn);
    while (conn->reads != NULL) {
        struct play_read *read = conn->reads;

        conn->reads = read->next;
        free(read);
    }
    while (conn->setups != NULL) {
        struct play_setup *setup = conn->setups;

        conn->setups = setup->next;
        free(setup);
    }
    weir_timer_stop(conn->store->loop, &conn->refuse);
    weir_timer_stop(conn->store->loop, &conn->acknowledge_rest);
    weir_buf_fini(&conn->refusal);
    weir_conn_close(conn->conn);
    pravega_wire_inbox_fini(&conn->inbox);
    weir_buf_fini(&conn->out);
    free(conn);
}

static void write_out(struct play_conn *conn)
{
    struct iovec iov = {conn->out.ptr, conn->out.len};
    size_t taken;

    if (conn->out.len == 0 || weir_conn_writev(conn->conn, &iov, 1, &taken, NULL) != WEIR_OK)
        return; /* on_error follows */
    weir_buf_consume(&conn->out, taken);
}

void play_store_cut(struct play_store *store)
{
    while (store->conns != NULL)
        conn_free(store->conns);
}

/* ---- segments ---- */

struct play_segment *play_store_segment(struct play_store *store, pravega_segment_id id, double min_key, double max_key)
{
    struct play_segment *segment = &store->segments[store->segment_count++];
    struct pravega_stream_name stream = {PLAY_SCOPE, PLAY_STREAM};

    ck_assert_uint_le(store->segment_count, PLAY_SEGMENTS_MAX);
    *segment = (struct play_segment){.id = id, .min_key = min_key, .max_key = max_key, .current = true};
    pravega_segment_name(&stream, id, segment->name, sizeof(segment->name));
    weir_buf_init(&segment->data, SIZE_MAX);
    return segment;
}

struct play_segment *play_store_find(struct play_store *store, pravega_segment_id id)
{
    for (size_t i = 0; i < store->segment_count; i++)
        if (store->segments[i].id == id)
            return &store->segments[i];
    return NULL;
}

/* By name; a transaction's shadow segment is made when it is first named. */
static struct play_segment *find_name(struct play_store *store, struct weir_view name)
{
    struct play_segment *made;

    for (size_t i = 0; i < store->segment_count; i++)
        if (!store->segments[i].gone && weir_view_equal(weir_view_str(store->segments[i].name), name))
            return &store->segments[i];
    if (memmem(name.ptr, name.len, "#transaction.", 13) == NULL || store->stream_missing)
        return NULL;
    made = play_store_segment(store, -1 - (pravega_segment_id)store->segment_count, 0, 0);
    made->current = false;
    memcpy(made->name, name.ptr, name.len);
    made->name[name.len] = '\0';
    return made;
}

static void answer_read(struct play_conn *conn, const struct play_read *read)
{
    struct play_segment *segment = read->segment;
    size_t left = segment->data.len - (size_t)read->offset, len = (size_t)read->len < left ? (size_t)read->len : left;
    struct pravega_wire_segment_read reply = {.segment = weir_view_str(segment->name), .offset = read->offset};

    if (conn->store->read_len_max > 0 && len > conn->store->read_len_max)
        len = conn->store->read_len_max;
    reply.data = len > 0 ? weir_view(segment->data.ptr + read->offset, len) : weir_view(NULL, 0);
    reply.at_tail = len == left;
    reply.end_of_segment = segment->sealed && len == left;
    reply.request_id = read->request_id;
    conn->store->read_bytes += len;
    pravega_wire_encode_segment_read(&conn->out, &reply);
}

static void answer_waiting(struct play_store *store, struct play_segment *segment)
{
    for (struct play_conn *conn = store->conns; conn != NULL; conn = conn->next) {
        struct play_read **at = &conn->reads;

        while (*at != NULL) {
            struct play_read *read = *at;

            if (read->segment != segment || (read->offset >= (int64_t)segment->data.len && !segment->sealed)) {
                at = &read->next;
                continue;
            }
            if (read->offset < (int64_t)segment->data.len)
                answer_read(conn, read);
            else
                pravega_wire_encode_segment_is_sealed(
                    &conn->out, &(struct pravega_wire_segment_is_sealed){read->request_id, weir_view_str(segment->name),
                                                                         weir_view_str(""), read->offset});
            *at = read->next;
            free(read);
        }
        write_out(conn);
    }
}

void play_store_put_raw(struct play_store *store, struct play_segment *segment, struct weir_view bytes)
{
    weir_buf_append(&segment->data, bytes.ptr, bytes.len);
    answer_waiting(store, segment);
}

void play_store_put(struct play_store *store, struct play_segment *segment, struct weir_view event)
{
    weir_buf_u32be(&segment->data, 0);
    weir_buf_u32be(&segment->data, (uint32_t)event.len);
    play_store_put_raw(store, segment, event);
}

void play_store_seal(struct play_store *store, struct play_segment *segment)
{
    segment->sealed = true;
    segment->current = false;
    answer_waiting(store, segment);
}

void play_store_split(struct play_store *store, struct play_segment *segment)
{
    pravega_segment_id next = (pravega_segment_id)1 << 32 | (pravega_segment_id)store->segment_count;
    double middle = (segment->min_key + segment->max_key) / 2;

    play_store_segment(store, next, segment->min_key, middle);
    play_store_segment(store, next + 1, middle, segment->max_key);
    segment->successors[segment->successor_count++] = next;
    segment->successors[segment->successor_count++] = next + 1;
    play_store_seal(store, segment);
}

/* ---- appending ---- */

static struct play_writer *writer_of(struct play_store *store, struct weir_uuid id, struct play_segment *segment)
{
    for (size_t i = 0; i < store->writer_count; i++)
        if (weir_uuid_equal(store->writers[i].id, id) && store->writers[i].segment == segment)
            return &store->writers[i];
    ck_assert_uint_lt(store->writer_count, PLAY_WRITERS_MAX);
    store->writers[store->writer_count] = (struct play_writer){id, segment, PRAVEGA_WIRE_NEVER_WROTE};
    return &store->writers[store->writer_count++];
}

static void on_setup_append(struct play_conn *conn, const struct pravega_wire_setup_append *ask)
{
    struct play_segment *segment = find_name(conn->store, ask->segment);
    struct play_setup *setup;

    if (segment == NULL) {
        pravega_wire_encode_no_such_segment(
            &conn->out, &(struct pravega_wire_no_such_segment){ask->request_id, ask->segment, weir_view_str(""), -1});
        return;
    }
    setup = calloc(1, sizeof(*setup));
    setup->writer = writer_of(conn->store, ask->writer_id, segment);
    setup->next = conn->setups;
    conn->setups = setup;
    pravega_wire_encode_append_setup(
        &conn->out,
        &(struct pravega_wire_append_setup){ask->request_id, ask->segment, ask->writer_id, setup->writer->last_number});
}

static void acknowledge(struct play_conn *conn, struct play_setup *setup)
{
    struct play_writer *writer = setup->writer;
    int64_t less = setup->unacked_count > 1 ? conn->store->ack_less : 0;

    if (setup->unacked_count == 0)
        return;
    pravega_wire_encode_data_appended(&conn->out, &(struct pravega_wire_data_appended){
                                                      writer->id, setup->unacked_number - less, setup->unacked_previous,
                                                      setup->unacked_request, (int64_t)writer->segment->data.len});
    setup->unacked_count = 0;
    setup->unacked_bytes = 0;
}

static struct play_setup *setup_of(struct play_conn *conn, struct weir_uuid id)
{
    struct play_setup *setup = conn->setups;

    while (setup != NULL && !weir_uuid_equal(setup->writer->id, id))
        setup = setup->next;
    return setup;
}

static void store_append(struct play_conn *conn, struct play_setup *setup,
                         const struct pravega_wire_append_block_end *append)
{
    struct play_writer *writer = setup->writer;
    struct play_store *store = conn->store;

    if (append->last_event_number <= writer->last_number)
        store->repeated_count++;
    ck_assert_int_eq(append->whole_len, 0);
    if (setup->unacked_count++ == 0)
        setup->unacked_previous = writer->last_number;
    setup->unacked_number = append->last_event_number;
    setup->unacked_request = append->request_id;
    setup->unacked_bytes += append->data.len;
    if (setup->unacked_bytes > store->received_bytes_max)
        store->received_bytes_max = setup->unacked_bytes;
    writer->last_number = append->last_event_number;
    weir_buf_append(&writer->segment->data, append->data.ptr, append->data.len);
    ck_assert_int_eq(writer->segment->data.status, WEIR_OK);
    answer_waiting(store, writer->segment);
    if (store->stalled)
        return;
    if (setup->unacked_count >= store->ack_every)
        acknowledge(conn, setup);
    else if (!weir_timer_armed(&conn->acknowledge_rest))
        weir_timer_start(store->loop, &conn->acknowledge_rest, 5 * WEIR_NS_PER_MS);
}

/* What no further append comes for is acknowledged all the same. */
static void on_acknowledge_rest(void *arg)
{
    struct play_conn *conn = arg;

    for (struct play_setup *setup = conn->setups; setup != NULL; setup = setup->next)
        acknowledge(conn, setup);
    write_out(conn);
}

static void on_refuse(void *arg)
{
    struct play_conn *conn = arg;

    weir_buf_append(&conn->out, conn->refusal.ptr, conn->refusal.len);
    weir_buf_reset(&conn->refusal);
    write_out(conn);
}

/* Where the refusal of an append goes: what the writer sends before it has left breaks the connection. */
static struct weir_buf *refusal_of(struct play_conn *conn)
{
    if (!conn->store->late_refusals)
        return &conn->out;
    weir_timer_start(conn->store->loop, &conn->refuse, 5 * WEIR_NS_PER_MS);
    return &conn->refusal;
}

static void on_append(struct play_conn *conn, const struct pravega_wire_append_block_end *append)
{
    struct play_store *store = conn->store;
    struct play_setup *setup = setup_of(conn, append->writer_id);

    if (setup == NULL) { /* as a segment store does */
        conn->cut = true;
        return;
    }
    if (++store->append_count == store->scale_at_append)
        store->on_scale(store, setup->writer->segment);
    if (store->on_append != NULL)
        store->on_append(store, setup->writer->segment, append);
    if (setup->writer->segment->sealed || setup->writer->segment->gone) {
        struct weir_view name = weir_view_str(setup->writer->segment->name);

        acknowledge(conn, setup); /* errors come after what was stored before them */
        if (setup->writer->segment->gone)
            pravega_wire_encode_no_such_segment(refusal_of(conn), &(struct pravega_wire_no_such_segment){
                                                                      append->request_id, name, weir_view_str(""), -1});
        else
            pravega_wire_encode_segment_is_sealed(
                refusal_of(conn), &(struct pravega_wire_segment_is_sealed){append->request_id, name, weir_view_str(""),
                                                                           append->last_event_number});
        setup->writer = writer_of(store, (struct weir_uuid){~0ull, 0}, setup->writer->segment); /* forgotten */
        return;
    }
    store_append(conn, setup, append);
}

/* ---- conditional appends ---- */

/* False: the segment does not end at `offset`. */
static bool store_conditional(struct play_store *store, struct play_writer *writer, int64_t number, int64_t offset,
                              struct weir_view event)
{
    if ((int64_t)writer->segment->data.len != offset)
        return false;
    if (number <= writer->last_number)
        store->repeated_count++;
    writer->last_number = number;
    play_store_put(store, writer->segment, event);
    return true;
}

static void hold_back(struct play_conn *conn, struct play_writer *writer,
                      const struct pravega_wire_conditional_append *append)
{
    struct play_late *late = calloc(1, sizeof(*late));

    late->writer = writer;
    late->number = append->event_number;
    late->offset = append->expected_offset;
    weir_buf_init(&late->event, SIZE_MAX);
    weir_buf_append(&late->event, append->event.ptr, append->event.len);
    conn->store->late = late;
    conn->cut = true;
}

static void let_late_one_in(struct play_store *store)
{
    struct play_late *late = store->late;

    if (late == NULL)
        return;
    store->late = NULL;
    store_conditional(store, late->writer, late->number, late->offset, weir_buf_view(&late->event));
    weir_buf_fini(&late->event);
    free(late);
}

static void on_conditional_append(struct play_conn *conn, const struct pravega_wire_conditional_append *append)
{
    struct play_store *store = conn->store;
    struct play_setup *setup = setup_of(conn, append->writer_id);

    if (setup == NULL) {
        conn->cut = true;
        return;
    }
    store->conditional_count++;
    if (store->on_conditional != NULL)
        store->on_conditional(store, store->conditional_count);
    if (store->conditional_count == store->late_at_conditional) {
        hold_back(conn, setup->writer, append);
        return;
    }
    let_late_one_in(store);
    if (setup->writer->segment->sealed)
        pravega_wire_encode_segment_is_sealed(
            &conn->out, &(struct pravega_wire_segment_is_sealed){
                            append->request_id, weir_view_str(setup->writer->segment->name), weir_view_str(""), -1});
    else if (store->conditional_count != store->refused_conditional &&
             store_conditional(store, setup->writer, append->event_number, append->expected_offset, append->event))
        pravega_wire_encode_data_appended(
            &conn->out,
            &(struct pravega_wire_data_appended){append->writer_id, append->event_number, append->event_number - 1,
                                                 append->request_id, (int64_t)setup->writer->segment->data.len});
    else
        pravega_wire_encode_conditional_check_failed(
            &conn->out, &(struct pravega_wire_conditional_check_failed){append->writer_id, append->event_number,
                                                                        append->request_id});
}

/* ---- attributes and truncation ---- */

static void no_such_segment(struct play_conn *conn, int64_t request_id, struct weir_view segment)
{
    pravega_wire_encode_no_such_segment(
        &conn->out, &(struct pravega_wire_no_such_segment){request_id, segment, weir_view_str(""), -1});
}

static int64_t *attribute_of(struct play_segment *segment, struct weir_uuid id)
{
    for (size_t i = 0; i < segment->attribute_count; i++)
        if (weir_uuid_equal(segment->attributes[i].id, id))
            return &segment->attributes[i].value;
    ck_assert_uint_lt(segment->attribute_count, PLAY_ATTRIBUTES_MAX);
    segment->attributes[segment->attribute_count] = (struct play_attribute){id, INT64_MIN};
    return &segment->attributes[segment->attribute_count++].value;
}

static void on_get_attribute(struct play_conn *conn, const struct pravega_wire_get_segment_attribute *ask)
{
    struct play_segment *segment = find_name(conn->store, ask->segment);

    if (segment == NULL)
        no_such_segment(conn, ask->request_id, ask->segment);
    else
        pravega_wire_encode_segment_attribute(
            &conn->out,
            &(struct pravega_wire_segment_attribute){ask->request_id, *attribute_of(segment, ask->attribute_id)});
}

static void on_update_attribute(struct play_conn *conn, const struct pravega_wire_update_segment_attribute *ask)
{
    struct play_segment *segment = find_name(conn->store, ask->segment);
    int64_t *value = segment != NULL ? attribute_of(segment, ask->attribute_id) : NULL;
    bool success = value != NULL && *value == ask->expected_value;

    if (segment == NULL) {
        no_such_segment(conn, ask->request_id, ask->segment);
        return;
    }
    if (success)
        *value = ask->new_value;
    pravega_wire_encode_segment_attribute_updated(
        &conn->out, &(struct pravega_wire_segment_attribute_updated){ask->request_id, success});
}

void play_store_truncate(struct play_segment *segment, int64_t offset)
{
    if (offset > segment->start_offset)
        segment->start_offset = offset;
}

static void on_truncate(struct play_conn *conn, const struct pravega_wire_truncate_segment *ask)
{
    struct play_segment *segment = find_name(conn->store, ask->segment);

    if (segment == NULL) {
        no_such_segment(conn, ask->request_id, ask->segment);
    } else if (ask->truncation_offset < segment->start_offset || ask->truncation_offset > (int64_t)segment->data.len) {
        pravega_wire_encode_segment_is_truncated(&conn->out, &(struct pravega_wire_segment_is_truncated){
                                                                 ask->request_id, ask->segment, segment->start_offset,
                                                                 weir_view_str(""), ask->truncation_offset});
    } else {
        play_store_truncate(segment, ask->truncation_offset);
        pravega_wire_encode_segment_truncated(&conn->out,
                                              &(struct pravega_wire_segment_truncated){ask->request_id, ask->segment});
    }
}

/* ---- large events ---- */

static void answer_missing(struct play_conn *conn, int64_t request_id, struct weir_view name)
{
    pravega_wire_encode_no_such_segment(
        &conn->out, &(struct pravega_wire_no_such_segment){request_id, name, weir_view_str(""), -1});
}

static void on_create_transient(struct play_conn *conn, const struct pravega_wire_create_transient_segment *ask)
{
    struct play_store *store = conn->store;
    struct play_segment *parent = find_name(store, ask->parent), *made;

    if (parent == NULL) {
        answer_missing(conn, ask->request_id, ask->parent);
        return;
    }
    made = play_store_segment(store, -1 - (pravega_segment_id)store->segment_count, 0, 0);
    made->current = false;
    made->transient = true;
    snprintf(made->name, sizeof(made->name), "%.100s#transient.%zu", parent->name, ++store->transient_count);
    pravega_wire_encode_segment_created(
        &conn->out, &(struct pravega_wire_segment_created){ask->request_id, weir_view_str(made->name)});
}

static void on_conditional(struct play_conn *conn, const struct pravega_wire_conditional_block_end *append)
{
    struct play_setup *setup = setup_of(conn, append->writer_id);
    struct play_writer *writer;

    ck_assert_ptr_nonnull(setup);
    writer = setup->writer;
    ck_assert_int_eq(append->expected_offset, (int64_t)writer->segment->data.len);
    ck_assert_int_gt(append->event_number, writer->last_number);
    weir_buf_append(&writer->segment->data, append->data.ptr, append->data.len);
    pravega_wire_encode_data_appended(
        &conn->out, &(struct pravega_wire_data_appended){append->writer_id, append->event_number, writer->last_number,
                                                         append->request_id, (int64_t)writer->segment->data.len});
    writer->last_number = append->event_number;
}

/* A source that is merged is remembered. */
static void on_merge(struct play_conn *conn, const struct pravega_wire_merge_segments *ask)
{
    struct play_store *store = conn->store;
    struct play_segment *target = find_name(store, ask->target), *source = NULL;

    for (size_t i = 0; i < store->segment_count; i++)
        if (weir_view_equal(weir_view_str(store->segments[i].name), ask->source))
            source = &store->segments[i];
    ck_assert_ptr_nonnull(source);
    if (++store->merge_count == store->scale_at_merge && target != NULL)
        store->on_scale(store, target);
    if (target == NULL || (source->gone && !source->merged)) {
        answer_missing(conn, ask->request_id, ask->source); /* whichever it is */
        return;
    }
    if (!source->merged && target->sealed) {
        pravega_wire_encode_segment_is_sealed(
            &conn->out, &(struct pravega_wire_segment_is_sealed){ask->request_id, ask->source, weir_view_str(""), -1});
        return;
    }
    if (!source->merged) {
        weir_buf_append(&target->data, source->data.ptr, source->data.len);
        weir_buf_reset(&source->data);
        source->merged = source->gone = true;
    }
    pravega_wire_encode_segments_merged(
        &conn->out,
        &(struct pravega_wire_segments_merged){ask->request_id, ask->target, ask->source, (int64_t)target->data.len});
}

/* ---- reading ---- */

static void on_read(struct play_conn *conn, const struct pravega_wire_read_segment *ask)
{
    struct play_segment *segment = find_name(conn->store, ask->segment);
    struct play_read read = {NULL, segment, ask->offset, ask->request_id,
                             ask->suggested_len < 8 ? 8 : ask->suggested_len};

    ck_assert_int_gt(ask->suggested_len, 0);
    if (segment == NULL) {
        pravega_wire_encode_no_such_segment(
            &conn->out,
            &(struct pravega_wire_no_such_segment){ask->request_id, ask->segment, weir_view_str(""), ask->offset});
    } else if (ask->offset < segment->start_offset) {
        pravega_wire_encode_segment_is_truncated(
            &conn->out, &(struct pravega_wire_segment_is_truncated){
                            ask->request_id, ask->segment, segment->start_offset, weir_view_str(""), ask->offset});
    } else if (!conn->store->hold_reads && (ask->offset < (int64_t)segment->data.len || segment->sealed)) {
        ck_assert_int_le(ask->offset, (int64_t)segment->data.len);
        answer_read(conn, &read);
    } else {
        struct play_read *waiting = malloc(sizeof(*waiting));

        *waiting = read;
        waiting->next = conn->reads;
        conn->reads = waiting;
    }
}

static void on_info(struct play_conn *conn, const struct pravega_wire_get_stream_segment_info *ask)
{
    struct play_segment *segment = find_name(conn->store, ask->segment);

    if (segment == NULL)
        pravega_wire_encode_no_such_segment(
            &conn->out, &(struct pravega_wire_no_such_segment){ask->request_id, ask->segment, weir_view_str(""), -1});
    else
        pravega_wire_encode_stream_segment_info(
            &conn->out,
            &(struct pravega_wire_stream_segment_info){ask->request_id, ask->segment, true, segment->sealed, false, 0,
                                                       (int64_t)segment->data.len, segment->start_offset});
}

/* ---- frames ---- */

/* The delegation token in what carries one out of a test of tokens. */
static struct weir_view token_of(const struct pravega_wire_command *cmd)
{
    switch (cmd->type) {
    case PRAVEGA_WIRE_SETUP_APPEND:
        return cmd->setup_append.token;
    case PRAVEGA_WIRE_READ_SEGMENT:
        return cmd->read_segment.token;
    case PRAVEGA_WIRE_GET_STREAM_SEGMENT_INFO:
        return cmd->get_stream_segment_info.token;
    default:
        return weir_view(NULL, 0);
    }
}

/* True if the request was refused by the script. */
static bool refused(struct play_conn *conn, const struct pravega_wire_command *cmd)
{
    struct play_store *store = conn->store;
    int64_t request_id = pravega_wire_request_id(cmd);

    if (cmd->type == PRAVEGA_WIRE_HELLO || cmd->type == PRAVEGA_WIRE_KEEP_ALIVE)
        return false;
    if (store->wrong_host_count > 0) {
        store->wrong_host_count--;
        pravega_wire_encode_wrong_host(
            &conn->out,
            &(struct pravega_wire_wrong_host){request_id, weir_view_str("x"), weir_view_str(""), weir_view_str("")});
        return true;
    }
    if (store->token == WEIR_E_AUTH) {
        pravega_wire_encode_auth_token_check_failed(
            &conn->out, &(struct pravega_wire_auth_token_check_failed){0, weir_view_str(""), 0});
        return true;
    }
    if (store->expired_token != NULL && weir_view_equal(token_of(cmd), weir_view_str(store->expired_token))) {
        pravega_wire_encode_auth_token_check_failed(
            &conn->out,
            &(struct pravega_wire_auth_token_check_failed){request_id, weir_view_str(""), PRAVEGA_WIRE_AUTH_EXPIRED});
        return true;
    }
    return false;
}

static void carry_out(struct play_conn *conn, const struct pravega_wire_command *cmd)
{
    if (refused(conn, cmd))
        return;
    switch (cmd->type) {
    case PRAVEGA_WIRE_HELLO:
        pravega_wire_encode_hello(&conn->out, &cmd->hello);
        break;
    case PRAVEGA_WIRE_KEEP_ALIVE:
        conn->store->keep_alive_count++;
        pravega_wire_encode_keep_alive(&conn->out, &cmd->keep_alive);
        break;
    case PRAVEGA_WIRE_SETUP_APPEND:
        on_setup_append(conn, &cmd->setup_append);
        break;
    case PRAVEGA_WIRE_APPEND_BLOCK_END:
        on_append(conn, &cmd->append_block_end);
        break;
    case PRAVEGA_WIRE_CONDITIONAL_APPEND:
        on_conditional_append(conn, &cmd->conditional_append);
        break;
    case PRAVEGA_WIRE_GET_SEGMENT_ATTRIBUTE:
        on_get_attribute(conn, &cmd->get_segment_attribute);
        break;
    case PRAVEGA_WIRE_UPDATE_SEGMENT_ATTRIBUTE:
        on_update_attribute(conn, &cmd->update_segment_attribute);
        break;
    case PRAVEGA_WIRE_TRUNCATE_SEGMENT:
        on_truncate(conn, &cmd->truncate_segment);
        break;
    case PRAVEGA_WIRE_CREATE_TRANSIENT_SEGMENT:
        on_create_transient(conn, &cmd->create_transient_segment);
        break;
    case PRAVEGA_WIRE_CONDITIONAL_BLOCK_END:
        on_conditional(conn, &cmd->conditional_block_end);
        break;
    case PRAVEGA_WIRE_MERGE_SEGMENTS:
        on_merge(conn, &cmd->merge_segments);
        break;
    case PRAVEGA_WIRE_READ_SEGMENT:
        on_read(conn, &cmd->read_segment);
        break;
    case PRAVEGA_WIRE_GET_STREAM_SEGMENT_INFO:
        on_info(conn, &cmd->get_stream_segment_info);
        break;
    default:
        if (conn->store->other_command == NULL || !conn->store->other_command(conn->store, cmd, &conn->out))
            ck_abort_msg("the client sent %s", pravega_wire_name(cmd->type));
    }
}

static void take_frame(struct play_conn *conn, const struct pravega_wire_frame *frame)
{
    struct play_store *store = conn->store;
    struct pravega_wire_command cmd;

    ck_assert_int_eq(pravega_wire_decode(frame->type, frame->payload, &cmd, NULL), WEIR_OK);
    ck_assert(pravega_wire_sent_by_client(frame->type));
    if (++store->frame_count == store->cut_at_frame) {
        size_t answered = conn->out.len;

        if (store->cut_after_storing) {
            carry_out(conn, &cmd);
            conn->out.len = answered;
        }
        store->cut_at_frame = store->cut_every > 0 ? store->frame_count + store->cut_every : 0;
        conn->cut = true;
        return;
    }
    carry_out(conn, &cmd);
}

static void on_readable(void *arg)
{
    struct play_conn *conn = arg;
    struct pravega_wire_frame frame;
    size_t cap, got;
    uint8_t *room = pravega_wire_inbox_room(&conn->inbox, &cap);

    if (weir_conn_read(conn->conn, room, cap, &got, NULL) != WEIR_OK)
        return; /* on_error follows */
    pravega_wire_inbox_filled(&conn->inbox, got);
    while (!conn->cut && pravega_wire_inbox_next(&conn->inbox, &frame, NULL) == WEIR_OK)
        take_frame(conn, &frame);
    write_out(conn);
    if (conn->cut)
        conn_free(conn);
}

static void on_writable(void *arg)
{
    write_out(arg);
}

static void on_error(void *arg, const struct weir_error *why)
{
    (void)why;
    conn_free(arg);
}

static const struct weir_conn_handler handler = {NULL, on_readable, on_writable, on_error};

static void on_accept(void *arg, struct weir_conn *conn)
{
    struct play_store *store = arg;
    struct play_conn *made = calloc(1, sizeof(*made));

    made->store = store;
    made->conn = conn;
    pravega_wire_inbox_init(&made->inbox);
    weir_buf_init(&made->out, SIZE_MAX);
    weir_buf_init(&made->refusal, SIZE_MAX);
    made->refuse = (struct weir_timer){.fn = on_refuse, .arg = made};
    made->acknowledge_rest = (struct weir_timer){.fn = on_acknowledge_rest, .arg = made};
    made->next = store->conns;
    store->conns = made;
    if (store->connection_count < PLAY_CONNECTS_MAX)
        store->connected_ns[store->connection_count] = weir_sim_now_ns(store->sim);
    store->connection_count++;
    weir_conn_set_handler(conn, &handler, made);
}

/* ---- life ---- */

void play_store_open(struct play_store *store, const struct weir_sim_options *options)
{
    struct weir_target controller_at = {"server", CONTROLLER_PORT, NULL}, store_at = {"server", PLAY_STORE_PORT, NULL};

    *store = (struct play_store){.txn_state = PRAVEGA__TXN_STATE__STATE__OPEN};
    ck_assert_int_eq(weir_sim_new(options, &store->sim, NULL), WEIR_OK);
    ck_assert_int_eq(weir_sim_host_new(store->sim, "server", "disk-s", &store->host, NULL), WEIR_OK);
    ck_assert_int_eq(weir_sim_host_new(store->sim, "client", "disk-c", &store->client_host, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_new(store->host, "server", &store->loop, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_new(store->client_host, "client", &store->client_loop, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_start(store->loop, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_start(store->client_loop, NULL), WEIR_OK);
    ck_assert_int_eq(
        weir_grpc_server_new(store->loop, &controller_at, play_store_serve, store, &store->controller, NULL), WEIR_OK);
    ck_assert_int_eq(weir_net_listen(store->loop, &store_at, on_accept, store, &store->listener, NULL), WEIR_OK);
}

void play_store_close(struct play_store *store)
{
    weir_sim_host_silence(store->host);
    play_store_cut(store);
    weir_listener_close(store->listener);
    weir_grpc_server_free(store->controller);
    weir_loop_free(store->loop);
    weir_sim_host_silence(store->client_host);
    weir_loop_free(store->client_loop);
    weir_host_free(store->host);
    weir_host_free(store->client_host);
    weir_sim_free(store->sim);
    for (size_t i = 0; i < store->segment_count; i++)
        weir_buf_fini(&store->segments[i].data);
    if (store->late != NULL)
        weir_buf_fini(&store->late->event);
    free(store->late);
}

struct pravega_client *play_store_client(struct play_store *store, const struct pravega_retry *retry)
{
    struct pravega_client_options options = {.controller_uri = "tcp://server:9090"};
    struct pravega_client *client;

    if (retry != NULL)
        options.retry = *retry;
    ck_assert_int_eq(pravega_client_new(store->client_loop, &options, &client, NULL), WEIR_OK);
    return client;
}
