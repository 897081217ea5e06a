/*
 * fuzz_store_calls.c - any sequence of gRPC messages to a store's controller.
 *
 * Each piece of the input: a byte (which call), a 16-bit length, the message. Properties: each call is answered, with
 * whatever code; the store comes up again on the catalog that came of it.
 */
#include <stdio.h>

#include "base/grpc.h"
#include "pravega/proto.h"
#include "sim_store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_over;

static void on_done(void *arg, enum weir_grpc_code code, struct weir_view reply, const struct weir_error *why)
{
    (void)arg, (void)code, (void)reply, (void)why;
    is_over = true;
}

static bool over(void *arg)
{
    (void)arg;
    return is_over;
}

static void call(struct sim_store *s, struct weir_grpc_channel *channel, uint8_t which, struct weir_view message)
{
    const ProtobufCServiceDescriptor *service = &pravega__controller_service__descriptor;
    char path[300];

    snprintf(path, sizeof(path), PRAVEGA_CONTROLLER_PATH "%s", service->methods[which % service->n_methods].name);
    is_over = false;
    if (weir_grpc_call(channel, path, message, 2000, on_done, NULL, NULL, NULL) != WEIR_OK)
        return;
    if (!weir_sim_run(s->sim, over, NULL, 10 * WEIR_NS_PER_S))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weir_target to = {.host = "store", .port = 9090};
    struct weir_in in = weir_in(weir_view(data, size));
    struct weir_grpc_channel *channel = NULL;
    struct sim_store s;
    enum weir_status status;

    sim_store_init(&s);
    status = weir_grpc_channel_new(s.peer_loop, &to, NULL, &channel, NULL);
    assert(status == WEIR_OK);
    (void)status;
    while (weir_in_left(&in) > 3) {
        uint8_t which = weir_in_u8(&in);
        size_t len = weir_in_u16be(&in), left = weir_in_left(&in);

        call(&s, channel, which, weir_in_take(&in, len < left ? len : left));
    }
    weir_grpc_channel_free(channel);
    sim_store_fini(&s);
    return 0;
}
