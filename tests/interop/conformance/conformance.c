/*
 * conformance.c - asks a server what a transcript asks, and compares the answers with those in the transcript.
 *
 *     conformance --as real|store URI FILE...            exit status 0 if every answer is the one that is written
 *     conformance --as real|store --record URI FILE...   writes the answers into the files
 *
 * A transcript:
 *
 *     # words for whoever reads it
 *     > createScope scope:"a@"                a call to the controller; its answer stands below
 *       status:SUCCESS
 *     > A HELLO high_version:16               a command on connection A; below is what has come when all of it is there
 *       A HELLO high_version:16 low_version:5
 *     >> A KEEP_ALIVE                         is sent without awaiting anything; the next > tells what came
 *     >~ checkTransactionState ...            asks again until this is the answer
 *     >* listStreamsInScope ...               all pages, by the tokens that come, up to an empty one; a line for each
 *     >! A                                    this side closes connection A
 *     >store deleteScope ...                  is only asked of the store (>real: of the real one); say why above
 *       store| status:SCOPE_NOT_EMPTY         an answer that only the store (real|) gives; say why above
 */
#include <stdio.h>
#include <stdlib.h>

#include "proto_text.h"
#include "talk.h"
#include "wire_text.h"

#define WAIT_NS (60 * WEIR_NS_PER_S)            /* for an answer that is due */
#define WAIT_AFTER_NS WEIR_NS_PER_S             /* the same once an answer was wrong: more will be */
#define QUIET_NS (700 * WEIR_NS_PER_MS)         /* nothing more is coming, when recording */
#define AGAIN_NS (40 * WEIR_NS_PER_MS)
#define AGAIN_COUNT 1500
#define ITEMS_MAX 1000

struct run {
    const char *side; /* "real", "store" */
    bool record;
    struct labels labels;
    struct talk *talk;
    int failed_count, block_count;
};

/* A request with what is written below it. */
struct block {
    const char *file;
    int line;
    char how;               /* ' ', '>' without waiting, '~' again and again, '*' all pages, '!' hang up */
    bool mine;              /* of this side */
    const char *request;    /* behind the mark */
    struct weir_buf due;    /* this side's answer */
    struct weir_buf others; /* lines of the other side, as they stand in the file */
    bool split;             /* the sides' answers differ: lines have their side's name */
};

/* --- Asking ------------------------------------------------------------------------------------------------------- */

static bool is_connection(const char *request)
{
    return request[0] >= 'A' && request[0] <= 'Z' && (request[1] == ' ' || request[1] == '\0');
}

static void ask_controller(struct run *run, struct cursor *in, struct weir_buf *answer)
{
    char path[160], name[64];
    const ProtobufCMethodDescriptor *method;
    struct weir_buf message;

    take_word(in, name, sizeof(name));
    snprintf(path, sizeof(path), "%s%s", PRAVEGA_CONTROLLER_PATH, name);
    method = pravega_proto_method(path);
    if (method == NULL) {
        mistake(in, "there is no call %s", name);
        return;
    }
    weir_buf_init(&message, LINE_MAX_LEN);
    take_message(in, method->input, &message);
    if (in->why[0] == '\0' && *in->at == '\0')
        talk_call(run->talk, method, weir_buf_view(&message), answer);
    else
        mistake(in, "this is no field");
    weir_buf_fini(&message);
}

static void ask_segments(struct run *run, struct cursor *in)
{
    char name = *in->at++;
    struct weir_buf frame;

    weir_buf_init(&frame, LINE_MAX_LEN);
    take_command(in, &frame);
    skip_blanks(in);
    if (*in->at != '\0')
        mistake(in, "this is no field");
    if (in->why[0] == '\0')
        talk_send(run->talk, name, weir_buf_view(&frame));
    weir_buf_fini(&frame);
}

/* Sends the request; a controller's answer is there afterwards. */
static void ask(struct run *run, const struct block *block, struct weir_buf *answer)
{
    char *expanded = labels_expand(&run->labels, block->request);
    struct cursor in = {.at = expanded};

    if (block->how == '!')
        talk_hang_up(run->talk, block->request[0]);
    else if (is_connection(expanded))
        ask_segments(run, &in);
    else
        ask_controller(run, &in, answer);
    if (in.why[0] != '\0') {
        fprintf(stderr, "%s:%d: %s\n", block->file, block->line, in.why);
        exit(2);
    }
    free(expanded);
}

/* --- Listening ---------------------------------------------------------------------------------------------------- */

static bool is_due(const struct block *block, const struct weir_buf *answer)
{
    return weir_view_equal(weir_buf_view(&block->due), weir_buf_view(answer));
}

static size_t line_count(const struct weir_buf *text)
{
    size_t count = 0;

    for (size_t i = 0; i < text->len; i++)
        count += text->ptr[i] == '\n';
    return count;
}

static void heard(struct run *run, struct weir_buf *answer)
{
    weir_buf_reset(answer);
    talk_heard(run->talk, answer);
    labels_fold(&run->labels, answer);
}

/* Until all of it is there, or more, or nothing else comes. */
static void listen(struct run *run, const struct block *block, struct weir_buf *answer)
{
    int64_t patience = run->record ? QUIET_NS : run->failed_count > 0 ? WAIT_AFTER_NS : WAIT_NS;

    for (heard(run, answer); run->record || !is_due(block, answer); heard(run, answer)) {
        if ((!run->record && line_count(answer) > line_count(&block->due)) || !talk_wait(run->talk, patience))
            break;
    }
    talk_take(run->talk);
}

/* Asks until the answer is what it should become; recording, until it stays the same for long. */
static void ask_again(struct run *run, const struct block *block, struct weir_buf *answer)
{
    for (int i = 0; i < (run->record || run->failed_count > 0 ? 60 : AGAIN_COUNT); i++) {
        weir_buf_reset(answer);
        ask(run, block, answer);
        labels_fold(&run->labels, answer);
        if (is_due(block, answer))
            return;
        talk_wait(run->talk, AGAIN_NS);
    }
}

static int line_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The items of one page, "streams{...}" or the like, added to the list. */
static size_t take_items(const char *page, char **items, size_t count)
{
    const char *at = page;

    while ((at = strstr(at, "s{")) != NULL && count < ITEMS_MAX) {
        const char *start = at, *end = strchr(at, '}');

        while (start > page && start[-1] != ' ')
            start--;
        items[count++] = strndup(start, (size_t)(end + 1 - start));
        at = end;
    }
    return count;
}

/* Asks for one page after the other, until one is empty. */
static void ask_all_pages(struct run *run, const struct block *block, struct weir_buf *answer)
{
    char *items[ITEMS_MAX];
    size_t count = 0, before;
    struct block page = *block;
    char request[1024];

    do {
        before = count;
        weir_buf_reset(answer);
        ask(run, &page, answer);
        labels_fold(&run->labels, answer);
        weir_buf_u8(answer, '\0');
        count = take_items((const char *)answer->ptr, items, count);
        snprintf(request, sizeof(request), "%s continuationToken{token:\"$token%d\"}", block->request,
                 run->labels.token_count);
        page.request = request;
    } while (count > before && run->labels.token_count > 0);
    qsort(items, count, sizeof(*items), line_compare);
    weir_buf_reset(answer);
    for (size_t i = 0; i < count; i++) {
        weir_buf_printf(answer, "%s\n", items[i]);
        free(items[i]);
    }
}

static void answer_block(struct run *run, const struct block *block, struct weir_buf *answer)
{
    weir_buf_init(answer, LINE_MAX_LEN);
    if (block->how == '~') {
        ask_again(run, block, answer);
        return;
    }
    if (block->how == '*') {
        ask_all_pages(run, block, answer);
        return;
    }
    ask(run, block, answer);
    if (block->how != ' ')
        return;
    if (is_connection(block->request))
        listen(run, block, answer);
    else
        labels_fold(&run->labels, answer);
}

/* --- Transcripts -------------------------------------------------------------------------------------------------- */

static void print_indented(FILE *to, const char *side, const struct weir_buf *lines)
{
    const char *at = (const char *)lines->ptr, *end = at + lines->len;

    while (at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));

        fprintf(to, "  %s%s%.*s\n", side, *side != '\0' ? "| " : "", (int)(line_end - at), at);
        at = line_end + 1;
    }
}

static void complain(struct run *run, const struct block *block, const struct weir_buf *answer)
{
    run->failed_count++;
    printf("FAILED %s:%d: > %s\n due:\n", block->file, block->line, block->request);
    print_indented(stdout, "", &block->due);
    printf(" the answer:\n");
    print_indented(stdout, "", answer);
}

static void end_block(struct run *run, struct block *block, FILE *recording)
{
    struct weir_buf answer;

    if (block->request == NULL)
        return;
    if (block->mine) {
        run->block_count++;
        answer_block(run, block, &answer);
        if (recording == NULL && !is_due(block, &answer) && block->how != '>')
            complain(run, block, &answer);
        if (recording != NULL)
            print_indented(recording, block->split ? run->side : "", &answer);
        weir_buf_fini(&answer);
    } else if (recording != NULL) {
        print_indented(recording, "", &block->due);
    }
    if (recording != NULL)
        fwrite(block->others.ptr, 1, block->others.len, recording);
    weir_buf_fini(&block->due);
    weir_buf_fini(&block->others);
    block->request = NULL;
}

/* A line ">...": the request's mark, then the request. */
static void begin_block(struct run *run, struct block *block, char *line)
{
    line++;
    block->mine = true;
    block->split = false;
    block->how = ' ';
    for (int i = 0; i < 2; i++) {
        static const char *const sides[] = {"real", "store"};
        size_t len = strlen(sides[i]);

        if (strncmp(line, sides[i], len) == 0) {
            block->mine = strcmp(sides[i], run->side) == 0;
            line += len;
        }
    }
    if (*line != '\0' && strchr(">~*!", *line) != NULL)
        block->how = *line++;
    while (*line == ' ')
        line++;
    block->request = line;
    weir_buf_init(&block->due, LINE_MAX_LEN);
    weir_buf_init(&block->others, LINE_MAX_LEN);
}

/* A line "  ..." below a request. */
static void take_answer(struct run *run, struct block *block, const char *line)
{
    const char *text = line + 2, *bar = strstr(text, "| ");
    bool has_side = strncmp(text, "real|", 5) == 0 || strncmp(text, "store|", 6) == 0;

    if (has_side && strncmp(text, run->side, strlen(run->side)) != 0) {
        block->split = true;
        weir_buf_printf(&block->others, "%s\n", line);
        return;
    }
    block->split |= has_side;
    weir_buf_printf(&block->due, "%s\n", has_side && bar != NULL ? bar + 2 : has_side ? "" : text);
}

static void play_line(struct run *run, struct block *block, char *line, FILE *recording)
{
    if (strncmp(line, "  ", 2) == 0 && block->request != NULL) {
        take_answer(run, block, line);
        return;
    }
    end_block(run, block, recording);
    if (recording != NULL)
        fprintf(recording, "%s\n", line);
    if (line[0] == '>')
        begin_block(run, block, line);
}

static char *read_file(const char *path)
{
    FILE *in = fopen(path, "r");
    struct weir_buf text;
    char part[4096];
    size_t len;

    if (in == NULL) {
        perror(path);
        exit(2);
    }
    weir_buf_init(&text, LINE_MAX_LEN);
    while ((len = fread(part, 1, sizeof(part), in)) > 0)
        weir_buf_append(&text, part, len);
    fclose(in);
    weir_buf_u8(&text, '\0');
    return (char *)text.ptr;
}

/* What was recorded takes the transcript's place, now that all of it is there. */
static void keep(FILE *recording, const char *path)
{
    FILE *out = fopen(path, "w");
    int c;

    if (out == NULL) {
        perror(path);
        exit(2);
    }
    rewind(recording);
    while ((c = getc(recording)) != EOF)
        putc(c, out);
    fclose(out);
    fclose(recording);
}

static void play(struct run *run, const char *path)
{
    char *text = read_file(path), *next = text, *line;
    FILE *recording = run->record ? tmpfile() : NULL;
    struct block block = {.file = strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path};
    int number = 0;

    while ((line = strsep(&next, "\n")) != NULL && (next != NULL || *line != '\0')) {
        number++;
        play_line(run, &block, line, recording);
        if (line[0] == '>')
            block.line = number;
    }
    end_block(run, &block, recording);
    if (recording != NULL)
        keep(recording, path);
    free(text);
}

static int play_all(struct run *run, const char *uri, int count, char **paths)
{
    struct weir_error err = {0};

    for (int i = 0; i < count; i++) {
        if (talk_open(uri, &run->labels, &run->talk, &err) != WEIR_OK) {
            fprintf(stderr, "conformance: %s\n", err.message);
            return 2;
        }
        play(run, paths[i]);
        talk_close(run->talk);
        labels_fini(&run->labels);
    }
    printf("%d requests, %d answered otherwise\n", run->block_count, run->failed_count);
    return run->failed_count == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct run run = {0};
    int at = 1;

    if (at + 1 < argc && strcmp(argv[at], "--as") == 0) {
        run.side = argv[at + 1];
        at += 2;
    }
    if (at < argc && strcmp(argv[at], "--record") == 0) {
        run.record = true;
        at++;
    }
    if (run.side == NULL || (strcmp(run.side, "real") != 0 && strcmp(run.side, "store") != 0) || at + 1 >= argc) {
        fprintf(stderr, "usage: conformance --as real|store [--record] URI FILE...\n");
        return 2;
    }
    return play_all(&run, argv[at], argc - at - 1, argv + at + 1);
}
