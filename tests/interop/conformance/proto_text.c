/*
 * proto_text.c - the controller's messages as text, by their descriptors.
 */
#include "proto_text.h"

#include <stdlib.h>

#define FIXED64 1
#define DELIMITED 2

/* --- To bytes ----------------------------------------------------------------------------------------------------- */

static void put_tag(struct weir_buf *out, uint32_t id, int wire_type)
{
    weir_buf_varint(out, id << 3 | (uint32_t)wire_type);
}

static void put_bytes(struct weir_buf *out, uint32_t id, struct weir_buf *bytes)
{
    put_tag(out, id, DELIMITED);
    weir_buf_varint(out, bytes->len);
    weir_buf_append(out, bytes->ptr, bytes->len);
    weir_buf_fini(bytes);
}

static int64_t take_enum(struct cursor *in, const ProtobufCEnumDescriptor *type)
{
    const ProtobufCEnumValue *value;
    char word[64];

    skip_blanks(in);
    if (*in->at == '-' || (*in->at >= '0' && *in->at <= '9'))
        return take_number(in);
    take_word(in, word, sizeof(word));
    value = protobuf_c_enum_descriptor_get_value_by_name(type, word);
    if (value == NULL)
        mistake(in, "%s has no %s", type->short_name, word);
    return value != NULL ? value->value : 0;
}

static void take_submessage(struct cursor *in, const ProtobufCFieldDescriptor *field, struct weir_buf *out)
{
    struct weir_buf bytes;

    weir_buf_init(&bytes, LINE_MAX_LEN);
    if (!take_char(in, '{'))
        mistake(in, "%s is a message", field->name);
    take_message(in, field->descriptor, &bytes);
    if (!take_char(in, '}'))
        mistake(in, "%s has no end", field->name);
    put_bytes(out, field->id, &bytes);
}

static void take_value(struct cursor *in, const ProtobufCFieldDescriptor *field, struct weir_buf *out)
{
    struct weir_buf bytes;
    double real;
    uint64_t bits;

    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        take_submessage(in, field, out);
        return;
    }
    if (!take_char(in, ':'))
        mistake(in, "%s needs a value", field->name);
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        weir_buf_init(&bytes, LINE_MAX_LEN);
        take_string(in, &bytes);
        put_bytes(out, field->id, &bytes);
        return;
    case PROTOBUF_C_TYPE_DOUBLE:
        real = take_real(in);
        memcpy(&bits, &real, sizeof(bits));
        put_tag(out, field->id, FIXED64);
        for (int i = 0; i < 8; i++)
            weir_buf_u8(out, (uint8_t)(bits >> (8 * i)));
        return;
    default: /* every other type of ours is a varint */
        put_tag(out, field->id, 0);
        weir_buf_varint(out, (uint64_t)(field->type == PROTOBUF_C_TYPE_ENUM ? take_enum(in, field->descriptor)
                                                                            : take_number(in)));
        return;
    }
}

void take_message(struct cursor *in, const ProtobufCMessageDescriptor *type, struct weir_buf *out)
{
    char name[64];

    while (in->why[0] == '\0' && take_word(in, name, sizeof(name))) {
        const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(type, name);

        if (field == NULL)
            mistake(in, "%s has no %s", type->short_name, name);
        else
            take_value(in, field, out);
    }
}

/* --- To text ------------------------------------------------------------------------------------------------------ */

static const void *member(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    return (const char *)message + field->offset;
}

static size_t size_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_ENUM:
        return sizeof(int32_t);
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    default:
        return sizeof(int64_t);
    }
}

static bool is_default(const ProtobufCFieldDescriptor *field, const void *value)
{
    static const char zeros[8];

    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return *(const void *const *)value == NULL;
    if (field->type == PROTOBUF_C_TYPE_STRING)
        return **(const char *const *)value == '\0';
    return memcmp(value, zeros, size_of(field->type)) == 0;
}

static void put_fields(struct weir_buf *out, const ProtobufCMessage *message, struct labels *labels, bool outermost);

static void put_text(struct weir_buf *out, const ProtobufCFieldDescriptor *field, struct weir_view text,
                     struct labels *labels)
{
    if (strcmp(field->name, "token") == 0) {
        label_token(labels, text);
        weir_buf_printf(out, ":(a token)"); /* opaque; how many pages there are is all that counts */
        return;
    }
    if (strcmp(field->name, "readerGroupId") == 0)
        label_id(labels, text);
    weir_buf_printf(out, ":");
    put_string(out, text);
}

static void put_value(struct weir_buf *out, const ProtobufCFieldDescriptor *field, const void *value,
                      struct labels *labels)
{
    const ProtobufCEnumValue *name;

    switch (field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        weir_buf_printf(out, "{");
        put_fields(out, *(const ProtobufCMessage *const *)value, labels, false);
        weir_buf_printf(out, "}");
        return;
    case PROTOBUF_C_TYPE_STRING:
        put_text(out, field, weir_view_str(*(const char *const *)value), labels);
        return;
    case PROTOBUF_C_TYPE_DOUBLE:
        weir_buf_printf(out, ":");
        put_real(out, *(const double *)value);
        return;
    case PROTOBUF_C_TYPE_ENUM:
        name = protobuf_c_enum_descriptor_get_value(field->descriptor, *(const int32_t *)value);
        weir_buf_printf(out, name != NULL ? ":%s" : ":(no value of the enum)", name != NULL ? name->name : "");
        return;
    case PROTOBUF_C_TYPE_BOOL:
        weir_buf_printf(out, *(const protobuf_c_boolean *)value ? ":true" : ":false");
        return;
    case PROTOBUF_C_TYPE_INT32:
        weir_buf_printf(out, ":%" PRId32, *(const int32_t *)value);
        return;
    default:
        weir_buf_printf(out, ":");
        put_number(out, *(const int64_t *)value);
        return;
    }
}

static void put_field(struct weir_buf *out, const ProtobufCFieldDescriptor *field, const void *value,
                      struct labels *labels)
{
    if (out->len > 0 && out->ptr[out->len - 1] != '{')
        weir_buf_printf(out, " ");
    weir_buf_printf(out, "%s", field->name);
    put_value(out, field, value, labels);
}

static int text_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A list of all scopes has those of others, too. */
static bool is_ours(const ProtobufCFieldDescriptor *field, const char *item, const struct labels *labels)
{
    return strcmp(field->name, "scopes") != 0 || strstr(item, labels->run) != NULL;
}

static void put_repeated(struct weir_buf *out, const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                         struct labels *labels)
{
    size_t count = *(const size_t *)((const char *)message + field->quantifier_offset);
    const char *items = *(const char *const *)member(message, field);
    char **texts = calloc(count + 1, sizeof(*texts));

    for (size_t i = 0; texts != NULL && i < count; i++) {
        struct weir_buf text;

        weir_buf_init(&text, LINE_MAX_LEN);
        put_field(&text, field, items + i * size_of(field->type), labels);
        weir_buf_u8(&text, '\0');
        texts[i] = (char *)text.ptr;
    }
    if (texts != NULL)
        qsort(texts, count, sizeof(*texts), text_compare);
    for (size_t i = 0; texts != NULL && i < count; i++) {
        if (is_ours(field, texts[i], labels))
            weir_buf_printf(out, "%s%s", out->len > 0 && out->ptr[out->len - 1] != '{' ? " " : "", texts[i]);
        free(texts[i]);
    }
    free(texts);
}

/* Where the store is differs, and so does a transaction's number. True: it was printed. */
static bool put_special(struct weir_buf *out, const ProtobufCMessage *message, struct labels *labels)
{
    if (message->descriptor == &pravega__node_uri__descriptor) {
        weir_buf_printf(out, "(a server)");
        return true;
    }
    if (message->descriptor == &pravega__txn_id__descriptor) {
        const Pravega__TxnId *id = (const Pravega__TxnId *)message;

        weir_buf_printf(out, "highBits:");
        put_number(out, id->highbits);
        weir_buf_printf(out, " lowBits:%s", label_of_txn(labels, id->highbits, id->lowbits));
        return true;
    }
    return false;
}

/* What is not there is left out, but for the outcome of a call. */
static void put_fields(struct weir_buf *out, const ProtobufCMessage *message, struct labels *labels, bool outermost)
{
    if (put_special(out, message, labels))
        return;
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        bool is_outcome = outermost && (field->type == PROTOBUF_C_TYPE_ENUM || field->type == PROTOBUF_C_TYPE_BOOL);

        if (field->label == PROTOBUF_C_LABEL_REPEATED)
            put_repeated(out, message, field, labels);
        else if (is_outcome || !is_default(field, member(message, field)))
            put_field(out, field, member(message, field), labels);
    }
}

void put_message(struct weir_buf *out, const ProtobufCMessage *message, struct labels *labels)
{
    struct weir_buf text;

    weir_buf_init(&text, LINE_MAX_LEN);
    put_fields(&text, message, labels, true);
    if (text.len == 0)
        weir_buf_printf(&text, "(empty)");
    weir_buf_append(out, text.ptr, text.len);
    weir_buf_fini(&text);
}
