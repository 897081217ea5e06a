/*
 * sim_client.c - clients and their machines in a simulated world.
 */
#include "sim_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define READ_LEN 16384

static void must(enum weir_status status, const char *what)
{
    if (status == WEIR_OK)
        return;
    fprintf(stderr, "sim_client: %s: %s\n", what, weir_status_name(status));
    abort();
}

/* --- Machines and time ------------------------------------------------------------------------------------------ */

void sim_machine_begin(struct weir_sim *sim, const char *name, struct weir_host **host, struct weir_loop **loop)
{
    must(weir_sim_host_new(sim, name, name, host, NULL), "a machine");
    must(weir_loop_new(*host, name, loop, NULL), "a loop");
    must(weir_loop_start(*loop, NULL), "starting a loop");
}

void sim_machine_end(struct weir_host *host, struct weir_loop *loop)
{
    weir_loop_stop(loop);
    weir_loop_join(loop);
    weir_loop_free(loop);
    weir_host_free(host);
}

static bool never(void *arg)
{
    (void)arg;
    return false;
}

void sim_pass(struct weir_sim *sim, int64_t ns)
{
    weir_sim_run(sim, never, NULL, ns);
}

/* --- Clients ---------------------------------------------------------------------------------------------------- */

void sim_client_push(struct sim_client *client)
{
    struct iovec iov = {client->out.ptr, client->out.len};
    size_t taken = 0;

    if (client->out.len > 0 && weir_conn_writev(client->conn, &iov, 1, &taken, NULL) == WEIR_OK)
        weir_buf_consume(&client->out, taken);
}

static void on_writable(void *arg)
{
    sim_client_push(arg);
}

static void on_readable(void *arg)
{
    struct sim_client *client = arg;
    enum weir_status status = WEIR_OK;
    uint8_t bytes[READ_LEN];

    while (!client->deaf && status == WEIR_OK) {
        size_t got = 0;

        status = weir_conn_read(client->conn, bytes, sizeof(bytes), &got, NULL);
        client->got += got;
        if (!client->drops)
            weir_buf_append(&client->in, bytes, got);
    }
    client->ended = client->ended || (status != WEIR_OK && status != WEIR_E_AGAIN);
}

static void on_error(void *arg, const struct weir_error *why)
{
    (void)why;
    ((struct sim_client *)arg)->ended = true;
}

static const struct weir_conn_handler handler = {on_writable, on_readable, on_writable, on_error};

void sim_client_open(struct sim_client *client, struct weir_loop *loop, const struct weir_target *to, size_t len_max)
{
    weir_buf_init(&client->out, len_max);
    weir_buf_init(&client->in, len_max);
    must(weir_net_connect(loop, to, &handler, client, &client->conn, NULL), "connecting");
}

void sim_client_close(struct sim_client *client)
{
    weir_conn_close(client->conn);
    weir_buf_fini(&client->out);
    weir_buf_fini(&client->in);
    *client = (struct sim_client){0};
}

void sim_client_say(struct sim_client *client, struct weir_view bytes)
{
    weir_buf_append(&client->out, bytes.ptr, bytes.len);
    must(client->out.status, "saying so much");
    sim_client_push(client);
}

size_t sim_client_count(const struct sim_client *client, const char *text)
{
    const char *at = (const char *)client->in.ptr, *end = at + client->in.len;
    size_t count = 0;

    while (client->in.len > 0 && (at = memmem(at, (size_t)(end - at), text, strlen(text))) != NULL) {
        count++;
        at++;
    }
    return count;
}

bool sim_client_ended(void *client)
{
    return ((const struct sim_client *)client)->ended;
}
