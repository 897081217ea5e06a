/*
 * formats.c - reads what the Java client wrote of stream cuts, positions, event pointers, checkpoints and groups'
 * configurations, says what it is, and writes the same objects itself.
 *
 *     formats <LINES >LINES       a line: kind, description, bytes in hexadecimal, text or nothing; tabs between them
 *
 * Each description has to be the one that came with the bytes (java/.../Formats.java makes them).
 * Exit status: 0, or 1 with the line that differs on standard error.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "pravega/format/group_config.h"
#include "pravega/position.h"

#define LINE_LEN_MAX ((size_t)1 << 20)

/* What is written for one line. */
struct answer {
    struct weir_buf description, bytes, text;
};

/* ---- one function for each kind: from bytes (and text) to what it is, and to bytes (and text) again */

static bool is_text(const char *text)
{
    return text[0] != '\0';
}

static enum weir_status answer_cut(struct weir_view bytes, const char *text, struct answer *answer,
                                   struct weir_error *err)
{
    struct pravega_stream_cut cut, from_text;
    enum weir_status status;
    char *packed = NULL;

    status = pravega_stream_cut_from_bytes(bytes, &cut, err);
    if (status != WEIR_OK)
        return status;
    pravega_stream_cut_print(&cut, &answer->description);
    pravega_stream_cut_to_bytes(&cut, &answer->bytes);
    if (is_text(text)) {
        status = pravega_stream_cut_from_text(text, &from_text, err);
        if (status == WEIR_OK && !pravega_stream_cut_equal(&cut, &from_text))
            status = weir_fail(err, WEIR_E_INVAL, "the text is another cut than the bytes");
        if (status == WEIR_OK)
            status = pravega_stream_cut_to_text(&from_text, &packed, err);
        pravega_stream_cut_fini(&from_text);
    }
    if (packed != NULL)
        weir_buf_append(&answer->text, packed, strlen(packed));
    free(packed);
    pravega_stream_cut_fini(&cut);
    return status;
}

static uint64_t bits_of(double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

/* "segment low high offset", as Java sorts them: by the segment's name. */
static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void describe_position(const struct pravega_position *position, struct weir_buf *out)
{
    char **lines = calloc(position->entry_count + 1, sizeof(*lines));

    for (size_t i = 0; i < position->entry_count; i++) {
        const struct pravega_position_entry *entry = &position->entries[i];
        struct pravega_stream_name name = {entry->scope, entry->stream};
        char segment[PRAVEGA_SEGMENT_NAME_LEN_MAX];

        pravega_segment_name(&name, entry->segment, segment, sizeof(segment));
        if (asprintf(&lines[i], "%s %016" PRIx64 " %016" PRIx64 " %" PRId64, segment, bits_of(entry->min_key),
                     bits_of(entry->max_key), entry->offset) < 0)
            abort();
    }
    if (position->entry_count > 0)
        qsort(lines, position->entry_count, sizeof(*lines), compare_lines);
    for (size_t i = 0; i < position->entry_count; i++) {
        weir_buf_printf(out, "%s%s", i > 0 ? "; " : "", lines[i]);
        free(lines[i]);
    }
    free(lines);
}

static enum weir_status answer_position(struct weir_view bytes, const char *text, struct answer *answer,
                                        struct weir_error *err)
{
    struct pravega_position position;
    enum weir_status status = pravega_position_from_bytes(bytes, &position, err);

    (void)text;
    if (status != WEIR_OK)
        return status;
    describe_position(&position, &answer->description);
    pravega_position_to_bytes(&position, &answer->bytes);
    pravega_position_fini(&position);
    return WEIR_OK;
}

static enum weir_status answer_pointer(struct weir_view bytes, const char *text, struct answer *answer,
                                       struct weir_error *err)
{
    struct pravega_event_pointer pointer, from_text;
    struct pravega_stream_name_room room, text_room;
    enum weir_status status = pravega_event_pointer_from_bytes(bytes, &pointer, &room, err);

    if (status == WEIR_OK)
        status = pravega_event_pointer_from_text(text, &from_text, &text_room, err);
    if (status != WEIR_OK)
        return status;
    pravega_event_pointer_to_text(&pointer, &answer->description);
    pravega_event_pointer_to_bytes(&pointer, &answer->bytes);
    pravega_event_pointer_to_text(&from_text, &answer->text);
    return WEIR_OK;
}

static enum weir_status answer_checkpoint(struct weir_view bytes, const char *text, struct answer *answer,
                                          struct weir_error *err)
{
    struct pravega_checkpoint checkpoint;
    enum weir_status status = pravega_checkpoint_from_bytes(bytes, &checkpoint, err);

    (void)text;
    if (status != WEIR_OK)
        return status;
    for (const char *at = checkpoint.name; *at != '\0'; at++)
        weir_buf_printf(&answer->description, "%02x", (uint8_t)*at);
    weir_buf_printf(&answer->description, "; ");
    for (size_t i = 0; i < checkpoint.cut_count; i++) {
        weir_buf_printf(&answer->description, "%s", i > 0 ? "; " : "");
        pravega_stream_cut_print(&checkpoint.cuts[i], &answer->description);
    }
    pravega_checkpoint_to_bytes(&checkpoint, &answer->bytes);
    pravega_checkpoint_fini(&checkpoint);
    return WEIR_OK;
}

static enum weir_status answer_config(struct weir_view bytes, const char *text, struct answer *answer,
                                      struct weir_error *err)
{
    struct weir_buf *out = &answer->description;
    struct pravega_group_config config;
    enum weir_status status = pravega_group_config_from_bytes(bytes, &config, err);
    char id[WEIR_UUID_TEXT_LEN + 1];

    (void)text;
    if (status != WEIR_OK)
        return status;
    weir_uuid_text(config.id, id);
    weir_buf_printf(out, "%" PRId64 " %" PRId64 " %" PRId32 " %d %" PRId64 " %s",
                    config.automatic_checkpoint_interval_ms, config.group_refresh_time_ms,
                    config.max_outstanding_checkpoint_request, (int)config.retention_type, config.generation, id);
    for (size_t i = 0; i < config.stream_count; i++) {
        weir_buf_printf(out, "; %s/%s ", config.streams[i].scope, config.streams[i].stream);
        pravega_stream_cut_print(&config.streams[i].from, out);
        weir_buf_printf(out, " to ");
        pravega_stream_cut_print(&config.streams[i].to, out);
    }
    pravega_group_config_to_bytes(&config, &answer->bytes);
    pravega_group_config_fini(&config);
    return WEIR_OK;
}

static const struct kind {
    const char *name;
    enum weir_status (*answer)(struct weir_view bytes, const char *text, struct answer *answer, struct weir_error *err);
} kinds[] = {
    {"cut", answer_cut},         {"position", answer_position},
    {"pointer", answer_pointer}, {"checkpoint", answer_checkpoint},
    {"config", answer_config},
};

/* ---- lines */

static bool unhex(const char *hex, struct weir_buf *out)
{
    unsigned byte;

    for (; hex[0] != '\0' && hex[1] != '\0'; hex += 2) {
        if (sscanf(hex, "%2x", &byte) != 1)
            return false;
        weir_buf_u8(out, (uint8_t)byte);
    }
    return hex[0] == '\0' && out->status == WEIR_OK;
}

static enum weir_status answer_fields(char *const fields[4], struct answer *answer, struct weir_error *err)
{
    const struct kind *kind = NULL;
    enum weir_status status;
    struct weir_buf bytes;

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i].name, fields[0]) == 0)
            kind = &kinds[i];
    if (kind == NULL)
        return weir_fail(err, WEIR_E_INVAL, "no kind \"%s\"", fields[0]);
    weir_buf_init(&bytes, LINE_LEN_MAX);
    status = unhex(fields[2], &bytes) ? kind->answer(weir_buf_view(&bytes), fields[3], answer, err)
                                      : weir_fail(err, WEIR_E_INVAL, "no hexadecimal digits");
    weir_buf_fini(&bytes);
    if (status == WEIR_OK && !weir_view_equal(weir_buf_view(&answer->description), weir_view_str(fields[1])))
        return weir_fail(err, WEIR_E_INVAL, "read as \"%.*s\"", (int)answer->description.len,
                         (const char *)answer->description.ptr);
    return status;
}

static void print_answer(const char *kind, const struct answer *answer)
{
    printf("%s\t%.*s\t", kind, (int)answer->description.len, (const char *)answer->description.ptr);
    for (size_t i = 0; i < answer->bytes.len; i++)
        printf("%02x", answer->bytes.ptr[i]);
    printf("\t%.*s\n", (int)answer->text.len, (const char *)answer->text.ptr);
}

static enum weir_status answer_line(char *line, struct weir_error *err)
{
    enum weir_status status = WEIR_OK;
    struct answer answer;
    char *fields[4];

    weir_buf_init(&answer.description, LINE_LEN_MAX);
    weir_buf_init(&answer.bytes, LINE_LEN_MAX);
    weir_buf_init(&answer.text, LINE_LEN_MAX);
    line[strcspn(line, "\n")] = '\0';
    for (int i = 0; i < 4; i++) {
        fields[i] = strsep(&line, "\t");
        if (fields[i] == NULL)
            status = weir_fail(err, WEIR_E_INVAL, "%d fields, not 4", i);
        if (status != WEIR_OK)
            break;
    }
    if (status == WEIR_OK)
        status = answer_fields(fields, &answer, err);
    if (status == WEIR_OK)
        print_answer(fields[0], &answer);
    weir_buf_fini(&answer.description);
    weir_buf_fini(&answer.bytes);
    weir_buf_fini(&answer.text);
    return status;
}

int main(void)
{
    enum weir_status status = WEIR_OK;
    struct weir_error err = {0};
    char *line = NULL;
    size_t cap = 0;
    int number = 0;

    while (status == WEIR_OK && getline(&line, &cap, stdin) > 0) {
        number++;
        status = answer_line(line, &err);
    }
    free(line);
    if (status != WEIR_OK)
        fprintf(stderr, "formats: line %d: %s\n", number, err.message);
    return status == WEIR_OK && fflush(stdout) == 0 ? 0 : 1;
}
