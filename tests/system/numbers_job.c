/*
 * numbers_job.c - the job that gets killed: reader -> mark -> pace -> writer, slow enough to be killed many times.
 *
 *     numbers_job exactly-once|at-least-once EVENTS-PER-SECOND INPUT OUTPUT [PASSED HOLD HOLD-FROM]
 *
 * The event "7 1007" (a key, a number) becomes "7 1007 seen", routed by its key. The pace is shared out to the
 * subtasks. PASSED is a file that appears when the first event has passed. While there is a file HOLD, no subtask goes
 * on that has passed a number of HOLD-FROM or more: whoever kills the job has all the time it needs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "weir/env.h"
#include "weir/pravega.h"

#define PARALLELISM 2
#define NS_PER_SECOND 1000000000
#define HELD_LOOK_NS (10 * WEIR_NS_PER_MS) /* whether it is still held */

static enum weir_status mark(void *arg, const void *in, void *out, struct weir_error *err)
{
    static _Thread_local char text[64];
    const struct weir_view *number = in;
    struct weir_view *event = out;
    int len = snprintf(text, sizeof(text), "%.*s seen", (int)number->len, (const char *)number->ptr);

    (void)arg;
    if (len >= (int)sizeof(text))
        return weir_fail(err, WEIR_E_USER, "an event of %zu bytes is no number", number->len);
    *event = weir_view(text, (size_t)len);
    return WEIR_OK;
}

/* What the killer and the job tell each other by files; without paths, nothing. */
struct signals {
    const char *passed, *hold;
    long hold_from;
};

/* Passes on what comes, and is not ready for more until its time has come. */
struct pace {
    struct weir_operator base;
    struct weir_timer timer;
    const struct signals *signals;
    int64_t interval_ns;
    int64_t due_ns; /* of the next record */
    bool told, held;
};

/* The second word of the event. */
static long number_of(const struct weir_view *event)
{
    long number = 0;
    size_t at = 0;

    while (at < event->len && event->ptr[at] != ' ')
        at++;
    for (at++; at < event->len && event->ptr[at] >= '0' && event->ptr[at] <= '9'; at++)
        number = number * 10 + event->ptr[at] - '0';
    return number;
}

static void signal_passed(struct pace *pace, const struct weir_view *event)
{
    FILE *file;

    if (pace->signals->passed == NULL)
        return;
    if (!pace->told && (file = fopen(pace->signals->passed, "w")) != NULL)
        fclose(file);
    pace->told = true;
    pace->held = pace->held || number_of(event) >= pace->signals->hold_from;
}

static enum weir_status pace_on_record(struct weir_operator *op, const void *element, int64_t timestamp_ms,
                                       struct weir_error *err)
{
    struct pace *pace = (struct pace *)op;
    int64_t now_ns = weir_loop_now_ns(weir_context_loop(op->ctx));

    (void)timestamp_ms;
    pace->due_ns = (pace->due_ns > now_ns ? pace->due_ns : now_ns) + pace->interval_ns;
    signal_passed(pace, element);
    return weir_collect(op->out, element, err);
}

static void pace_on_timer(void *arg)
{
    weir_context_wake(((struct pace *)arg)->base.ctx);
}

static bool pace_ready(struct weir_operator *op)
{
    struct pace *pace = (struct pace *)op;
    struct weir_loop *loop = weir_context_loop(op->ctx);
    int64_t wait_ns = pace->due_ns - weir_loop_now_ns(loop);

    pace->held = pace->held && access(pace->signals->hold, F_OK) == 0;
    if (pace->held && wait_ns < HELD_LOOK_NS)
        wait_ns = HELD_LOOK_NS;
    if (wait_ns > 0 && !weir_timer_armed(&pace->timer))
        weir_timer_start(loop, &pace->timer, wait_ns);
    return wait_ns <= 0;
}

static void pace_free(struct weir_operator *op)
{
    struct pace *pace = (struct pace *)op;

    weir_timer_stop(weir_context_loop(op->ctx), &pace->timer);
    free(pace);
}

static const struct weir_operator_ops pace_ops = {
    .name = "pace", .on_record = pace_on_record, .ready = pace_ready, .free = pace_free};

struct pace_factory {
    struct weir_operator_factory base;
    struct signals signals;
    int64_t interval_ns;
};

static enum weir_status pace_create(const struct weir_operator_factory *factory, struct weir_context *ctx,
                                    struct weir_operator **out, struct weir_error *err)
{
    struct pace *pace = calloc(1, sizeof(*pace));

    if (pace == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for an operator");
    pace->base = (struct weir_operator){.ops = &pace_ops, .ctx = ctx};
    pace->timer = (struct weir_timer){.fn = pace_on_timer, .arg = pace};
    pace->signals = &((const struct pace_factory *)factory)->signals;
    pace->interval_ns = ((const struct pace_factory *)factory)->interval_ns;
    *out = &pace->base;
    return WEIR_OK;
}

static void pace_factory_free(struct weir_operator_factory *factory)
{
    free(factory);
}

static struct weir_operator_factory *pace(int64_t events_per_second, const struct signals *signals)
{
    struct pace_factory *factory = malloc(sizeof(*factory));

    if (factory == NULL)
        abort();
    factory->base = (struct weir_operator_factory){.create = pace_create, .free = pace_factory_free};
    factory->signals = *signals;
    factory->interval_ns = NS_PER_SECOND * PARALLELISM / events_per_second;
    return &factory->base;
}

static struct weir_view key_of(void *arg, const void *element)
{
    const struct weir_view *event = element;
    const uint8_t *space = memchr(event->ptr, ' ', event->len);

    (void)arg;
    return weir_view(event->ptr, (size_t)(space - event->ptr));
}

static enum weir_status run(weir_env *env, const struct weir_pravega_config *pravega, char **args, int arg_count,
                            struct weir_error *err)
{
    struct signals signals = {0};
    struct weir_pravega_reader_options reader = {.config = pravega,
                                                 .streams = {args[2]},
                                                 .end = WEIR_PRAVEGA_TAIL,
                                                 .deserialization_schema = weir_string_deserialization()};
    struct weir_pravega_writer_options writer = {
        .config = pravega,
        .stream = args[3],
        .writer_mode = strcmp(args[0], "exactly-once") == 0 ? WEIR_PRAVEGA_EXACTLY_ONCE : WEIR_PRAVEGA_ATLEAST_ONCE,
        .serialization_schema = weir_string_serialization(),
        .event_router = key_of};
    weir_stream *numbers, *marked, *paced;

    if (arg_count == 7)
        signals = (struct signals){args[4], args[5], atol(args[6])};
    numbers = weir_env_add_source(env, weir_pravega_reader(env, &reader), NULL, "numbers");
    marked = weir_map(numbers, weir_string_type(), mark, NULL, "mark");
    paced = weir_transform(marked, weir_string_type(), pace(atol(args[1]), &signals), "pace");
    weir_add_sink(paced, weir_pravega_writer(env, &writer), "events");
    return weir_env_execute(env, "numbers", NULL, err);
}

static enum weir_status numbers(int argc, char **argv, struct weir_error *err)
{
    struct weir_env_options defaults = {.parallelism = PARALLELISM, .workers = PARALLELISM};
    weir_env *env = weir_env_from_args(&defaults, &argc, argv);
    struct weir_pravega_config pravega = weir_pravega_config_from_args(&argc, argv);
    enum weir_status status;

    if ((argc != 5 && argc != 8) || atol(argv[2]) <= 0)
        status = weir_fail(err, WEIR_E_INVAL,
                           "want: exactly-once|at-least-once EVENTS-PER-SECOND INPUT OUTPUT [PASSED HOLD HOLD-FROM]");
    else
        status = run(env, &pravega, argv + 1, argc - 1, err);
    weir_env_free(env);
    return status;
}

WEIR_JOB_MAIN(numbers)
