/*
 * scaler.c - the driver scales a stream.
 *
 *     step --> CHOOSING: current segments --> SCALING --done--> rest
 *                 ^                             |  ^ `--no answer that says so--> the same again, after a while
 *                 `-- not a shape it can have   |
 *                                               `--a segment is not current--> current segments: it was carried out
 *                                                  before, or a transaction has rolled in between: then it was not
 */
#include "scaler.h"

#include <stdio.h>
#include <string.h>

#include "store/rules/upstream_order.h"

#define AGAIN_NS (20 * WEIR_NS_PER_MS)

static void go_on(void *arg);

void scaler_init(struct scaler *scaler, struct world *world, const struct pravega_stream_name *stream, size_t segments)
{
    struct scaler_shape *shape = &scaler->shapes[0];
    double share = 1.0 / (double)segments;

    *scaler = (struct scaler){.world = world, .stream = stream, .piece_count_min = segments, .resting = true};
    scaler->timer = (struct weir_timer){.fn = go_on, .arg = scaler};
    shape->count = segments;
    shape->next_number = (int32_t)segments;
    for (size_t i = 0; i < segments; i++)
        shape->pieces[i] = (struct scaler_piece){(int32_t)i, (double)i * share, (double)(i + 1) * share};
}

void scaler_fini(struct scaler *scaler)
{
    if (scaler->world != NULL)
        weir_timer_stop(scaler->world->driver_loop, &scaler->timer);
}

static void wait(struct scaler *scaler, int64_t ns)
{
    weir_timer_start(scaler->world->driver_loop, &scaler->timer, ns);
}

/* --- shapes ----------------------------------------------------------------------------------------------------- */

static bool has_shape(const struct scaler_shape *shape, const struct pravega_segment_range *segments, size_t count)
{
    bool same = count == shape->count;

    for (size_t i = 0; i < count && same; i++) {
        const struct scaler_piece *piece = &shape->pieces[i];

        same = pravega_segment_number(segments[i].id) == piece->number && segments[i].min_key == piece->min_key &&
               segments[i].max_key == piece->max_key;
    }
    return same;
}

static void fail_shape(const struct scaler *scaler, const struct pravega_segment_range *segments, size_t count)
{
    char text[300] = "";
    size_t len = 0;

    for (size_t i = 0; i < count && len + 40 < sizeof(text); i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, " %d from %g to %g,",
                                pravega_segment_number(segments[i].id), segments[i].min_key, segments[i].max_key);
    seed_fail(scaler->world->run, "after %d to %d scales stream %s has the segments%s that none of them leaves",
              scaler->progress.settled, scaler->progress.asked, scaler->stream->stream, text);
}

static void note_epochs(struct scaler *scaler, const struct pravega_segment_range *segments, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        pravega_segment_id *seen = &scaler->seen[pravega_segment_number(segments[i].id)];

        if (*seen > segments[i].id)
            seed_fail(scaler->world->run, "segment %d is back in epoch %d, after %d",
                      pravega_segment_number(segments[i].id), pravega_segment_epoch(segments[i].id),
                      pravega_segment_epoch(*seen));
        scaler->rolled = scaler->rolled || (*seen != 0 && *seen != segments[i].id);
        *seen = segments[i].id;
    }
}

/* Settles which of the shapes since `from` the stream has. */
static bool find_shape(struct scaler *scaler, int from, const struct pravega_segment_range *segments, size_t count)
{
    for (int at = from; at <= scaler->progress.asked; at++) {
        if (has_shape(&scaler->shapes[at], segments, count)) {
            progress_settle(&scaler->progress, at);
            note_epochs(scaler, segments, count);
            return true;
        }
    }
    fail_shape(scaler, segments, count);
    return false;
}

/* --- one scale -------------------------------------------------------------------------------------------------- */

/* How many of the new segments are numbered before this one. */
static int32_t rank(const struct scaler *scaler, size_t which)
{
    uint32_t place = weir_range_place(scaler->ranges[which].min_key, scaler->range_count);
    int32_t before = 0;

    for (size_t i = 0; i < scaler->range_count; i++) {
        uint32_t other = weir_range_place(scaler->ranges[i].min_key, scaler->range_count);

        before += other < place || (other == place && i < which);
    }
    return before;
}

/* The shape that the scale under way makes, of pieces [at, at + sealed_count). */
static void push_shape(struct scaler *scaler, size_t at)
{
    const struct scaler_shape *now = &scaler->shapes[scaler->progress.asked];
    struct scaler_shape *next = &scaler->shapes[++scaler->progress.asked];
    size_t behind = at + scaler->sealed_count;

    *next = (struct scaler_shape){.count = at, .next_number = now->next_number + (int32_t)scaler->range_count};
    memcpy(next->pieces, now->pieces, at * sizeof(now->pieces[0]));
    for (size_t i = 0; i < scaler->range_count; i++)
        next->pieces[next->count++] = (struct scaler_piece){now->next_number + rank(scaler, i),
                                                            scaler->ranges[i].min_key, scaler->ranges[i].max_key};
    memcpy(&next->pieces[next->count], &now->pieces[behind], (now->count - behind) * sizeof(now->pieces[0]));
    next->count += now->count - behind;
}

static void rest(struct scaler *scaler)
{
    scaler->asked = false;
    scaler->resting = scaler->scales_left == 0 || scaler->progress.asked + 2 >= SCALER_SHAPES_MAX;
    scaler->pausing = !scaler->resting;
    if (scaler->pausing)
        wait(scaler, (int64_t)pick(scaler->world, (uint64_t)scaler->pause_max_ns));
}

static void carried_out(struct scaler *scaler)
{
    bool split = scaler->range_count > scaler->sealed_count;

    seed_tell(scaler->world->run, world_now(scaler->world), "scale %d is done", scaler->progress.asked);
    scaler->splits += split;
    scaler->merges += !split;
    progress_settle(&scaler->progress, scaler->progress.asked);
    rest(scaler);
}

/* The latest shape is that before it once more. */
static void not_carried_out(struct scaler *scaler)
{
    int asked = scaler->progress.asked++;

    seed_tell(scaler->world->run, world_now(scaler->world), "scale %d is not done", asked);
    scaler->shapes[asked + 1] = scaler->shapes[asked - 1];
    progress_settle(&scaler->progress, asked + 1);
    rest(scaler);
}

/* Whether the scale that was answered with a segment that is not current had been carried out. */
static void on_found(void *arg, enum weir_status status, const struct pravega_segment_range *segments, size_t count,
                     const struct weir_error *why)
{
    struct scaler *scaler = arg;

    (void)why;
    if (status != WEIR_OK)
        wait(scaler, AGAIN_NS); /* then the scale once more */
    else if (!find_shape(scaler, scaler->progress.settled, segments, count))
        rest(scaler);
    else if (scaler->progress.settled == scaler->progress.asked)
        carried_out(scaler);
    else
        not_carried_out(scaler);
}

/* New segments are answered as they will be seen. */
static void check_answer(const struct scaler *scaler, const struct pravega_segment_range *segments, size_t count)
{
    const struct scaler_shape *before = &scaler->shapes[scaler->progress.asked - 1];
    bool good = count == scaler->range_count;

    for (size_t i = 0; i < count && good; i++)
        good = pravega_segment_number(segments[i].id) == before->next_number + rank(scaler, i) &&
               segments[i].min_key == scaler->ranges[i].min_key && segments[i].max_key == scaler->ranges[i].max_key;
    if (!good)
        fail_shape(scaler, segments, count);
}

static void on_scaled(void *arg, enum weir_status status, int32_t epoch, const struct pravega_segment_range *segments,
                      size_t count, const struct weir_error *why)
{
    struct scaler *scaler = arg;

    (void)epoch;
    (void)why;
    if (status == WEIR_OK) {
        check_answer(scaler, segments, count);
        carried_out(scaler);
    } else if (status == WEIR_E_CONFLICT) {
        pravega_stream_current_segments(scaler->world->client, scaler->stream, on_found, scaler);
    } else {
        wait(scaler, AGAIN_NS);
    }
}

static void ask(struct scaler *scaler)
{
    const struct pravega_scale scale = {scaler->sealed, scaler->sealed_count, scaler->ranges, scaler->range_count};

    pravega_stream_scale(scaler->world->client, scaler->stream, &scale, on_scaled, scaler);
}

/* Two neighbours become one, or one becomes two. */
static void choose(struct scaler *scaler, const struct pravega_segment_range *now, size_t count)
{
    bool can_merge = count > scaler->piece_count_min && scaler->wish != SCALER_SPLIT;
    bool can_split = count < SCALER_PIECES_MAX && scaler->wish != SCALER_MERGE;
    bool merge = can_merge && (!can_split || pick(scaler->world, 2) == 0);
    size_t at = pick(scaler->world, merge ? count - 1 : count);

    scaler->sealed_count = merge ? 2 : 1;
    scaler->range_count = merge ? 1 : 2;
    scaler->sealed[0] = now[at].id;
    scaler->ranges[0] = scaler->ranges[1] = now[at];
    if (merge) {
        scaler->sealed[1] = now[at + 1].id;
        scaler->ranges[0].max_key = now[at + 1].max_key;
    } else {
        scaler->ranges[0].max_key = scaler->ranges[1].min_key = (now[at].min_key + now[at].max_key) / 2;
    }
    push_shape(scaler, at);
    scaler->asked = true;
    seed_tell(scaler->world->run, world_now(scaler->world), "scale %d: a %s", scaler->progress.asked,
              merge ? "merge" : "split");
    ask(scaler);
}

static void on_current(void *arg, enum weir_status status, const struct pravega_segment_range *now, size_t count,
                       const struct weir_error *why)
{
    struct scaler *scaler = arg;

    (void)why;
    if (status != WEIR_OK)
        wait(scaler, AGAIN_NS);
    else if (find_shape(scaler, scaler->progress.settled, now, count))
        choose(scaler, now, count);
    else
        rest(scaler);
}

/* The timer: a pause is over, or what had no good answer is asked once more. */
static void go_on(void *arg)
{
    struct scaler *scaler = arg;

    if (scaler->pausing)
        scaler->scales_left--;
    scaler->pausing = false;
    if (scaler->asked)
        ask(scaler);
    else
        pravega_stream_current_segments(scaler->world->client, scaler->stream, on_current, scaler);
}

/* --- plays ------------------------------------------------------------------------------------------------------ */

void scaler_step(struct scaler *scaler, enum scaler_wish wish)
{
    scaler->wish = wish;
    scaler->resting = false;
    go_on(scaler);
}

void scaler_play(struct scaler *scaler, int count, int64_t pause_max_ns)
{
    scaler->wish = SCALER_ANY;
    scaler->scales_left = count;
    scaler->pause_max_ns = pause_max_ns;
    rest(scaler);
}

void scaler_stop(struct scaler *scaler)
{
    scaler->scales_left = 0;
    if (!scaler->pausing)
        return;
    weir_timer_stop(scaler->world->driver_loop, &scaler->timer);
    rest(scaler);
}

/* --- looking ---------------------------------------------------------------------------------------------------- */

struct current {
    struct scaler *scaler;
    int from; /* the shape that was settled when the look began */
    struct outcome outcome;
};

static void on_seen(void *arg, enum weir_status status, const struct pravega_segment_range *segments, size_t count,
                    const struct weir_error *why)
{
    struct current *current = arg;

    if (status == WEIR_OK)
        find_shape(current->scaler, current->from, segments, count);
    outcome_done(&current->outcome, status, why);
}

void scaler_look(struct scaler *scaler)
{
    struct current current = {.scaler = scaler, .from = scaler->progress.settled};

    pravega_stream_current_segments(scaler->world->client, scaler->stream, on_seen, &current);
    world_await_ok(scaler->world, &current.outcome, "asking for the current segments");
}
