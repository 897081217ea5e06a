/*
 * proto.c - the controller's messages packed and unpacked, with bounds.
 *
 * protobuf-c reads no further than the bytes that it is given, and no message type of ours contains itself, so its
 * depth is bounded too. What is left is growth: two bytes of an empty submessage become some hundred bytes of memory.
 * The allocator below counts, and refuses what is over the budget.
 */
#include "pravega/proto.h"

#include <stdlib.h>
#include <string.h>

struct budget {
    size_t left;
    bool spent;  /* something was refused for being over the budget */
    bool failed; /* something was refused by malloc */
};

static void *budget_alloc(void *data, size_t size)
{
    struct budget *budget = data;
    void *ptr;

    if (size > budget->left) {
        budget->spent = true;
        return NULL;
    }
    budget->left -= size;
    ptr = malloc(size);
    budget->failed |= ptr == NULL;
    return ptr;
}

static void budget_free(void *data, void *ptr)
{
    (void)data; /* the budget counts what was asked for in all, freed or not */
    free(ptr);
}

const ProtobufCMethodDescriptor *pravega_proto_method(const char *path)
{
    size_t prefix_len = sizeof(PRAVEGA_CONTROLLER_PATH) - 1;

    if (strncmp(path, PRAVEGA_CONTROLLER_PATH, prefix_len) != 0)
        return NULL;
    return protobuf_c_service_descriptor_get_method_by_name(&pravega__controller_service__descriptor,
                                                            path + prefix_len);
}

enum weir_status pravega_proto_unpack(const ProtobufCMessageDescriptor *type, struct weir_view bytes,
                                      ProtobufCMessage **out, struct weir_error *err)
{
    struct budget budget = {.left = PRAVEGA_PROTO_UNPACKED_MAX};
    ProtobufCAllocator alloc = {budget_alloc, budget_free, &budget};
    ProtobufCMessage *message = protobuf_c_message_unpack(type, &alloc, bytes.len, bytes.ptr);

    if (message == NULL && budget.failed)
        return weir_fail(err, WEIR_E_NOMEM, "out of memory for a %s of %zu bytes", type->short_name, bytes.len);
    if (message == NULL && budget.spent)
        return weir_fail(err, WEIR_E_PROTO, "a %s of %zu bytes unpacks to more than %u MiB", type->short_name,
                         bytes.len, PRAVEGA_PROTO_UNPACKED_MAX >> 20);
    if (message == NULL)
        return weir_fail(err, WEIR_E_PROTO, "%zu bytes are not a %s", bytes.len, type->short_name);
    *out = message;
    return WEIR_OK;
}

void pravega_proto_free(ProtobufCMessage *message)
{
    protobuf_c_message_free_unpacked(message, NULL); /* NULL: free(3), as budget_free */
}

enum weir_status pravega_proto_pack(const ProtobufCMessage *message, uint8_t **out, size_t *len, struct weir_error *err)
{
    size_t packed_len = protobuf_c_message_get_packed_size(message);
    uint8_t *ptr = malloc(packed_len + 1);

    if (ptr == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "out of memory for a %s of %zu bytes", message->descriptor->short_name,
                         packed_len);
    *len = protobuf_c_message_pack(message, ptr);
    *out = ptr;
    return WEIR_OK;
}
