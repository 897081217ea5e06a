/*
 * wordcount.c - counts the words of a Pravega stream in windows of a second of event time, exactly once.
 *
 *     reader -> tokenize -> key by word -> 1 s tumbling window -> sum -> writer
 *
 * Run it:  weir run wordcount [--controller URI] [--parallelism N] [--checkpoint-dir DIR] [--from-checkpoint latest]
 *          [-D key=value] [--follow] [INPUT [OUTPUT]]     (streams; demo/text and demo/counts)
 *
 * An event of the input is a line of text. "1500<tab>to be or not" has its event time in front, in milliseconds: what
 * is counted in which window is then a fact of the data, the same after every crash. A line without one is of the
 * moment it is read. Words are runs of ASCII letters, in lower case; an event of the output is a line "word count", one
 * for each word and window, routed by the word.
 *
 * No word is dropped as late: time may run back by LATENESS_MS within a segment, each segment has a watermark of its
 * own, and none is left behind for being idle, since a stalled connection is no reason to give its words up. Without
 * --follow the job reads what is there when it starts, and ends.
 */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "figures.h"
#include "weir/env.h"
#include "weir/pravega.h"

#define WINDOW_MS 1000
#define LATENESS_MS 1000
#define WORD_LEN_MAX 255 /* a longer run of letters is counted in pieces */

struct word {
    struct weir_view text;
    int64_t count;
};

static const struct weir_field word_fields[] = {WEIR_FIELD(struct word, text, STRING),
                                                WEIR_FIELD(struct word, count, LONG)};
static const struct weir_type word_type = WEIR_STRUCT_TYPE(struct word, word_fields, false);

/* The event time in front of a line, or the moment if it has none. */
static int64_t line_time(void *arg, const void *element, int64_t source_timestamp_ms)
{
    const struct weir_view *line = element;
    int64_t time_ms = 0;
    size_t at = 0;

    (void)arg, (void)source_timestamp_ms;
    while (at < line->len && at < 18 && isdigit(line->ptr[at]))
        time_ms = time_ms * 10 + (line->ptr[at++] - '0');
    return at > 0 && at < line->len && line->ptr[at] == '\t' ? time_ms : figures_now_ms();
}

static enum weir_status tokenize(void *arg, const void *element, struct weir_collector *out, struct weir_error *err)
{
    const struct weir_view *line = element;
    char lower[WORD_LEN_MAX];
    struct word word = {.text.ptr = (const uint8_t *)lower, .count = 1};
    enum weir_status status = WEIR_OK;

    (void)arg;
    for (size_t at = 0; at <= line->len && status == WEIR_OK; at++) {
        bool is_letter = at < line->len && isascii(line->ptr[at]) && isalpha(line->ptr[at]);

        if (word.text.len > 0 && (!is_letter || word.text.len == WORD_LEN_MAX)) {
            status = weir_collect(out, &word, err);
            word.text.len = 0;
        }
        if (is_letter)
            lower[word.text.len++] = (char)tolower(line->ptr[at]);
    }
    return status;
}

static enum weir_status write_word(const struct weir_serialization_schema *schema, const void *element,
                                   struct weir_buf *out, struct weir_error *err)
{
    const struct word *word = element;

    (void)schema;
    weir_buf_append(out, word->text.ptr, word->text.len);
    weir_buf_printf(out, " %" PRId64, word->count);
    return out->status == WEIR_OK ? WEIR_OK : weir_fail(err, out->status, "no room for the count of a word");
}

static struct weir_view route_by_word(void *arg, const void *element)
{
    (void)arg;
    return ((const struct word *)element)->text;
}

static void build(weir_env *env, const struct weir_pravega_config *pravega, bool follow, const char *input,
                  const char *output)
{
    struct weir_pravega_reader_options reader = {.config = pravega,
                                                 .streams = {input},
                                                 .end = follow ? WEIR_PRAVEGA_UNBOUNDED : WEIR_PRAVEGA_TAIL,
                                                 .deserialization_schema = weir_bytes_deserialization()};
    struct weir_pravega_writer_options writer = {.config = pravega,
                                                 .stream = output,
                                                 .writer_mode = WEIR_PRAVEGA_EXACTLY_ONCE,
                                                 .serialization_schema = {.type = &word_type, .serialize = write_word},
                                                 .event_router = route_by_word};
    struct weir_watermark_strategy time = {
        .kind = WEIR_WATERMARK_BOUNDED, .bound_ms = LATENESS_MS, .timestamp = line_time};

    weir_stream *lines = weir_env_add_source(env, weir_pravega_reader(env, &reader), &time, "lines");
    weir_stream *words = weir_flat_map(lines, &word_type, tokenize, NULL, "tokenize");
    weir_keyed *by_word = weir_key_by_field(words, "text");
    weir_stream *counts = weir_window_sum(weir_window(by_word, weir_tumbling_event_time(WINDOW_MS)), "count");

    weir_add_sink(counts, weir_pravega_writer(env, &writer), "counts");
}

static enum weir_status wordcount(int argc, char **argv, struct weir_error *err)
{
    struct weir_env_options defaults = {.parallelism = 2,
                                        .checkpoint_interval_ms = 500,
                                        .checkpoints_dir = "wordcount-checkpoints",
                                        .restart_attempts = 10};
    weir_env *env = weir_env_from_args(&defaults, &argc, argv);
    struct weir_pravega_config pravega = weir_pravega_config_from_args(&argc, argv);
    int follow = argc > 1 && strcmp(argv[1], "--follow") == 0;
    const char *input = argc > 1 + follow ? argv[1 + follow] : "demo/text";
    const char *output = argc > 2 + follow ? argv[2 + follow] : "demo/counts";
    enum weir_status status;

    if (env == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for an environment");
    build(env, &pravega, follow, input, output);
    status = figures_execute(env, "wordcount", err);
    weir_env_free(env);
    return status;
}

WEIR_JOB_MAIN(wordcount)
