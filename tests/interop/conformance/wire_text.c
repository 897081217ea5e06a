/*
 * wire_text.c - wire commands as text: two walks over the table of pravega/wire.h, and a reader and a writer for each
 * kind of field.
 */
#include "wire_text.h"

#include <stdio.h>
#include <stdlib.h>

#define HEX "0123456789abcdef"
#define VALUES_MAX 16

/* A request's memory: strings and lists that the command's views point at. */
struct memory {
    struct weir_buf values[VALUES_MAX];
    size_t count;
    size_t cut_len;       /* bytes to leave out at the end */
    struct weir_buf more; /* bytes behind it */
};

static struct weir_buf *new_value(struct cursor *in, struct memory *memory)
{
    struct weir_buf *value = &memory->values[memory->count < VALUES_MAX - 1 ? memory->count++ : VALUES_MAX - 1];

    if (memory->count == VALUES_MAX - 1)
        mistake(in, "too many strings");
    weir_buf_init(value, LINE_MAX_LEN);
    return value;
}

/* --- Readers of each kind ----------------------------------------------------------------------------------------- */

static struct weir_view take_text(struct cursor *in, struct memory *memory)
{
    struct weir_buf *value = new_value(in, memory);

    take_string(in, value);
    return weir_buf_view(value);
}

#define take_I8(in, memory, to) (*(to) = (int8_t)take_number(in))
#define take_I32(in, memory, to) (*(to) = (int32_t)take_number(in))
#define take_I64(in, memory, to) (*(to) = take_number(in))
#define take_ID take_I64
#define take_BOOL(in, memory, to) (*(to) = take_number(in) != 0)
#define take_UUID(in, memory, to) (*(to) = take_uuid(in))
#define take_STR(in, memory, to) (*(to) = take_text(in, memory))
#define take_BUF take_STR
#define take_REST take_STR
#define take_EVENT take_STR

/* The list's bytes, which grow with each item: they are the newest value, so that a later item of another one is a
 * mistake in the transcript. */
static struct weir_buf *list_of(struct cursor *in, struct memory *memory, struct pravega_wire_list *list)
{
    if (list->count++ == 0)
        return new_value(in, memory);
    return &memory->values[memory->count - 1];
}

static void take_NAMES(struct cursor *in, struct memory *memory, struct pravega_wire_list *list)
{
    struct weir_buf *items = list_of(in, memory, list), name;

    weir_buf_init(&name, LINE_MAX_LEN);
    take_string(in, &name);
    pravega_wire_put_name(items, weir_buf_view(&name));
    weir_buf_fini(&name);
    list->items = weir_buf_view(items);
}

static void open_item(struct cursor *in)
{
    if (!take_char(in, '('))
        mistake(in, "an item begins with (");
}

static void close_item(struct cursor *in)
{
    if (!take_char(in, ')'))
        mistake(in, "an item ends with )");
}

static void take_UPDATES(struct cursor *in, struct memory *memory, struct pravega_wire_list *list)
{
    struct weir_buf *items = list_of(in, memory, list);
    struct pravega_wire_update update;

    open_item(in);
    update.attribute_id = take_uuid(in);
    update.update_type = (int8_t)take_number(in);
    update.new_value = take_number(in);
    update.old_value = take_number(in);
    close_item(in);
    pravega_wire_put_update(items, &update);
    list->items = weir_buf_view(items);
}

static void take_KEYS(struct cursor *in, struct memory *memory, struct pravega_wire_list *list)
{
    struct weir_buf *items = list_of(in, memory, list), key;
    struct pravega_wire_key item;

    weir_buf_init(&key, LINE_MAX_LEN);
    open_item(in);
    take_string(in, &key);
    item = (struct pravega_wire_key){weir_buf_view(&key), take_number(in)};
    close_item(in);
    pravega_wire_put_key(items, &item);
    weir_buf_fini(&key);
    list->items = weir_buf_view(items);
}

static void take_ENTRIES(struct cursor *in, struct memory *memory, struct pravega_wire_list *list)
{
    struct weir_buf *items = list_of(in, memory, list), key, value;
    struct pravega_wire_entry item;

    weir_buf_init(&key, LINE_MAX_LEN);
    weir_buf_init(&value, LINE_MAX_LEN);
    open_item(in);
    take_string(in, &key);
    item.key = (struct pravega_wire_key){weir_buf_view(&key), take_number(in)};
    take_string(in, &value);
    item.value = weir_buf_view(&value);
    close_item(in);
    pravega_wire_put_entry(items, &item);
    weir_buf_fini(&key);
    weir_buf_fini(&value);
    list->items = weir_buf_view(items);
}

/* Lists that only servers send. */
#define take_NUMBERS(in, memory, to) mistake(in, "no client sends this")
#define take_MERGED take_NUMBERS
#define take_CHUNKS take_NUMBERS

/* --- From text ---------------------------------------------------------------------------------------------------- */

static bool take_pseudo_field(struct cursor *in, struct memory *memory, const char *name)
{
    if (strcmp(name, "cut") == 0)
        memory->cut_len = (size_t)take_number(in);
    else if (strcmp(name, "more") == 0)
        take_string(in, &memory->more);
    else
        return false;
    return true;
}

/* take_fields_hello(), ...: the rest of the line into that command. */
#define FIELD(kind, field)                                                                                             \
    if (strcmp(word, #field) == 0) {                                                                                   \
        take_##kind(in, memory, &cmd->field);                                                                          \
        continue;                                                                                                      \
    }
#define TAIL(kind, field, fallback) FIELD(kind, field)
#define X(NAME, name, code, direction, ...)                                                                            \
    static void take_fields_##name(struct cursor *in, struct memory *memory, struct pravega_wire_##name *cmd)          \
    {                                                                                                                  \
        char word[64];                                                                                                 \
                                                                                                                       \
        (void)cmd;                                                                                                     \
        while (in->why[0] == '\0' && take_word(in, word, sizeof(word))) {                                              \
            if (!take_char(in, ':'))                                                                                   \
                mistake(in, "%s needs a value", word);                                                                 \
            __VA_ARGS__                                                                                                \
            if (!take_pseudo_field(in, memory, word))                                                                  \
                mistake(in, "%s has no %s", #NAME, word);                                                              \
        }                                                                                                              \
    }
PRAVEGA_WIRE_COMMANDS(X)
#undef X
#undef TAIL
#undef FIELD

static bool take_known(struct cursor *in, struct memory *memory, const char *word, struct pravega_wire_command *cmd)
{
#define X(NAME, name, code, direction, ...)                                                                            \
    if (strcmp(word, #NAME) == 0) {                                                                                    \
        cmd->type = PRAVEGA_WIRE_##NAME;                                                                               \
        take_fields_##name(in, memory, &cmd->name);                                                                    \
        return true;                                                                                                   \
    }
    PRAVEGA_WIRE_COMMANDS(X)
#undef X
    return false;
}

static void take_raw(struct cursor *in, struct weir_buf *out)
{
    for (skip_blanks(in); *in->at != '\0' && in->why[0] == '\0'; skip_blanks(in)) {
        const char *high = memchr(HEX, *in->at, 16), *low = memchr(HEX, in->at[1], 16);

        if (*in->at == '"') {
            take_string(in, out);
        } else if (high != NULL && low != NULL) {
            weir_buf_u8(out, (uint8_t)((high - HEX) * 16 + (low - HEX)));
            in->at += 2;
        } else {
            mistake(in, "neither two hex digits nor a string");
        }
    }
}

static void put_frame(struct weir_buf *out, const struct pravega_wire_command *cmd, const struct memory *memory)
{
    size_t start = out->len;

    pravega_wire_encode(out, cmd);
    if (out->status != WEIR_OK)
        return;
    out->len -= memory->cut_len;
    weir_buf_append(out, memory->more.ptr, memory->more.len);
    weir_put_u32be(out->ptr + start + 4, (uint32_t)(out->len - start - PRAVEGA_WIRE_HEADER_LEN));
}

void take_command(struct cursor *in, struct weir_buf *out)
{
    struct pravega_wire_command cmd = {0};
    struct memory memory = {0};
    char word[64];

    weir_buf_init(&memory.more, LINE_MAX_LEN);
    take_word(in, word, sizeof(word));
    if (strcmp(word, "raw") == 0)
        take_raw(in, out);
    else if (take_known(in, &memory, word, &cmd))
        put_frame(out, &cmd, &memory);
    else
        mistake(in, "there is no command %s", word);
    for (size_t i = 0; i < memory.count; i++)
        weir_buf_fini(&memory.values[i]);
    weir_buf_fini(&memory.more);
}

/* --- To text ------------------------------------------------------------------------------------------------------ */

#define put_I8(out, value) weir_buf_printf(out, "%d", *(value))
#define put_I32(out, value) weir_buf_printf(out, "%" PRId32, *(value))
#define put_I64(out, value) put_number(out, *(value))
#define put_ID put_I64
#define put_BOOL(out, value) weir_buf_printf(out, *(value) ? "1" : "0")
#define put_UUID(out, value) put_uuid(out, *(value))
#define put_STR(out, value) put_string(out, *(value))
#define put_BUF put_STR
#define put_REST put_STR
#define put_EVENT put_STR

static void put_NAMES(struct weir_buf *out, const struct pravega_wire_list *list)
{
    struct weir_in items = pravega_wire_items(list);

    for (int32_t i = 0; i < list->count; i++)
        put_string(out, pravega_wire_name_next(&items));
}

static void put_NUMBERS(struct weir_buf *out, const struct pravega_wire_list *list)
{
    struct weir_in items = pravega_wire_items(list);

    for (int32_t i = 0; i < list->count; i++) {
        weir_buf_printf(out, "(");
        put_number(out, pravega_wire_number_next(&items));
        weir_buf_printf(out, ")");
    }
}

static void put_key(struct weir_buf *out, const struct pravega_wire_key *key)
{
    put_string(out, key->key);
    weir_buf_printf(out, " ");
    put_number(out, key->version);
}

static void put_KEYS(struct weir_buf *out, const struct pravega_wire_list *list)
{
    struct weir_in items = pravega_wire_items(list);

    for (int32_t i = 0; i < list->count; i++) {
        struct pravega_wire_key key = pravega_wire_key_next(&items);

        weir_buf_printf(out, "(");
        put_key(out, &key);
        weir_buf_printf(out, ")");
    }
}

static void put_ENTRIES(struct weir_buf *out, const struct pravega_wire_list *list)
{
    struct weir_in items = pravega_wire_items(list);

    for (int32_t i = 0; i < list->count; i++) {
        struct pravega_wire_entry entry = pravega_wire_entry_next(&items);

        weir_buf_printf(out, "(");
        put_key(out, &entry.key);
        weir_buf_printf(out, " ");
        put_string(out, entry.value);
        weir_buf_printf(out, ")");
    }
}

static void put_MERGED(struct weir_buf *out, const struct pravega_wire_list *list)
{
    struct weir_in items = pravega_wire_items(list);

    for (int32_t i = 0; i < list->count; i++) {
        struct pravega_wire_merged merged = pravega_wire_merged_next(&items);

        weir_buf_printf(out, "(");
        put_string(out, merged.source);
        weir_buf_printf(out, " %" PRId64 ")", merged.target_write_offset);
    }
}

/* Lists that no answer here has. */
#define put_UPDATES(out, value) weir_buf_printf(out, "%" PRId32 " items", (value)->count)
#define put_CHUNKS put_UPDATES

/* Whether a field is to be seen: a stack trace is not, and of a time only that there is one. */
static bool is_shown(const char *field)
{
    return strcmp(field, "stack_trace") != 0 && strcmp(field, "last_modified_ms") != 0 && strcmp(field, "message") != 0;
}

#define FIELD(kind, field)                                                                                             \
    if (is_shown(#field)) {                                                                                            \
        weir_buf_printf(out, " %s:", #field);                                                                          \
        put_##kind(out, &cmd->field);                                                                                  \
    }
#define TAIL(kind, field, fallback) FIELD(kind, field)
#define X(NAME, name, code, direction, ...)                                                                            \
    static void put_fields_##name(struct weir_buf *out, const struct pravega_wire_##name *cmd)                         \
    {                                                                                                                  \
        (void)out;                                                                                                     \
        (void)cmd;                                                                                                     \
        __VA_ARGS__                                                                                                    \
    }
PRAVEGA_WIRE_COMMANDS(X)
#undef X
#undef TAIL
#undef FIELD

/* Data that reaches the end may say so or not, as it suits the server's cache; a reader that asks on is told. */
static void put_data(struct weir_buf *out, const struct pravega_wire_segment_read *cmd)
{
    weir_buf_printf(out, "SEGMENT_READ segment:");
    put_string(out, cmd->segment);
    weir_buf_printf(out, " offset:%" PRId64 " data:", cmd->offset);
    put_string(out, cmd->data);
    weir_buf_printf(out, " request_id:%" PRId64, cmd->request_id);
}

void put_command(struct weir_buf *out, const struct pravega_wire_command *cmd, struct labels *labels)
{
    if (cmd->type == PRAVEGA_WIRE_SEGMENT_CREATED)
        label_transient(labels, cmd->segment_created.segment);
    if (cmd->type == PRAVEGA_WIRE_SEGMENT_READ && cmd->segment_read.data.len > 0) {
        put_data(out, &cmd->segment_read);
        return;
    }
    weir_buf_printf(out, "%s", pravega_wire_name(cmd->type));
    switch (cmd->type) {
#define X(NAME, name, code, direction, ...)                                                                            \
    case PRAVEGA_WIRE_##NAME:                                                                                          \
        put_fields_##name(out, &cmd->name);                                                                            \
        break;
        PRAVEGA_WIRE_COMMANDS(X)
#undef X
    }
}
