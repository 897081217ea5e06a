/*
 * proxy.c - pairs of connections, a buffer each way, and the harm that is done in between.
 *
 * A pair reads from one side only while the buffer towards the other is empty, so that a slow side holds the fast one
 * back as a wire would.
 *     CONNECTING --to the server--> FORWARDING <--> STALLED
 *     any of these --cut, or one side ended and its bytes are passed on--> freed
 */
#include "proxy.h"

#include <stdlib.h>
#include <string.h>

#define BUFFER_LEN 16384
#define STALL_MS_MAX 200

struct side {
    struct pair *pair;
    struct side *other;
    struct weir_conn *conn;
    uint8_t bytes[BUFFER_LEN]; /* for this side, read from the other */
    size_t at, len;
    bool ended; /* nothing more will be read from it */
};

struct pair {
    struct proxy *proxy;
    struct pair *next, **link;
    struct side client, server;
    struct weir_timer stall;
    bool open;
};

struct proxy {
    struct weir_loop *loop;
    struct weir_listener *listener;
    struct weir_target to;
    struct harm *harm;
    struct pair *pairs;
};

/* ---- harm */

static void next_harm(struct harm *harm)
{
    harm->left_bytes = 1 + weir_rng_below(&harm->rng, 2 * harm->gap_bytes);
}

void harm_begin(struct harm *harm, uint64_t gap_bytes, uint32_t cuts)
{
    harm->gap_bytes = gap_bytes;
    harm->cuts_wanted = cuts;
    harm->cut_count = harm->truncate_count = harm->stall_count = 0;
    if (gap_bytes > 0)
        next_harm(harm);
}

uint32_t harm_cuts(const struct harm *harm)
{
    return harm->cut_count + harm->truncate_count;
}

enum kind { NONE, CUT, TRUNCATE, STALL };

/* What happens to the `len` bytes that were just read. */
static enum kind harm_for(struct harm *harm, size_t len)
{
    enum kind kind;

    if (harm->gap_bytes == 0 || harm_cuts(harm) >= harm->cuts_wanted)
        return NONE;
    if (harm->left_bytes > len) {
        harm->left_bytes -= len;
        return NONE;
    }
    next_harm(harm);
    kind = (enum kind)(CUT + weir_rng_below(&harm->rng, 3));
    harm->cut_count += kind == CUT;
    harm->truncate_count += kind == TRUNCATE;
    harm->stall_count += kind == STALL;
    return kind;
}

/* ---- one pair */

static void pair_free(struct pair *pair)
{
    *pair->link = pair->next;
    if (pair->next != NULL)
        pair->next->link = pair->link;
    weir_timer_stop(pair->proxy->loop, &pair->stall);
    weir_conn_close(pair->client.conn);
    weir_conn_close(pair->server.conn);
    free(pair);
}

/* What each side may do now. */
static void set_reading(struct pair *pair)
{
    bool flows = pair->open && !weir_timer_armed(&pair->stall);

    weir_conn_want_read(pair->client.conn, flows && pair->server.len == 0);
    weir_conn_want_read(pair->server.conn, flows && pair->client.len == 0);
}

/* Passes on what the side has in its buffer. False: the pair is gone. */
static bool flush(struct side *side)
{
    struct iovec iov = {side->bytes + side->at, side->len};
    size_t taken = 0;

    if (side->len > 0 && weir_conn_writev(side->conn, &iov, 1, &taken, NULL) != WEIR_OK) {
        pair_free(side->pair);
        return false;
    }
    side->at += taken;
    side->len -= taken;
    if (side->len == 0 && side->other->ended) {
        pair_free(side->pair);
        return false;
    }
    set_reading(side->pair);
    return true;
}

/* Bytes have come for `side`; harms them if their time has come, then passes them on. */
static void pass_on(struct side *side)
{
    struct pair *pair = side->pair;
    struct harm *harm = pair->proxy->harm;

    switch (harm_for(harm, side->len)) {
    case NONE:
        flush(side);
        break;
    case CUT:
        pair_free(pair);
        break;
    case TRUNCATE:
        side->len = weir_rng_below(&harm->rng, side->len);
        side->other->ended = true;
        flush(side);
        break;
    case STALL:
        weir_timer_start(pair->proxy->loop, &pair->stall,
                         (int64_t)(1 + weir_rng_below(&harm->rng, STALL_MS_MAX)) * WEIR_NS_PER_MS);
        set_reading(pair);
        break;
    }
}

static void on_stall_over(void *arg)
{
    struct pair *pair = arg;

    if (flush(&pair->client))
        flush(&pair->server);
}

static void on_open(void *arg)
{
    struct side *side = arg;

    side->pair->open = true;
    set_reading(side->pair);
}

static void on_readable(void *arg)
{
    struct side *side = arg, *to = side->other;

    if (to->len > 0 || side->ended ||
        weir_conn_read(side->conn, to->bytes, sizeof(to->bytes), &to->len, NULL) != WEIR_OK)
        return; /* an end shows as on_error */
    to->at = 0;
    pass_on(to);
}

static void on_writable(void *arg)
{
    struct side *side = arg;

    if (!weir_timer_armed(&side->pair->stall))
        flush(side);
}

static void on_error(void *arg, const struct weir_error *why)
{
    struct side *side = arg;

    (void)why;
    side->ended = true;
    if (side->other->len == 0 || !side->pair->open)
        pair_free(side->pair);
}

static const struct weir_conn_handler handler = {on_open, on_readable, on_writable, on_error};

static void on_accept(void *arg, struct weir_conn *conn)
{
    struct proxy *proxy = arg;
    struct pair *pair = calloc(1, sizeof(*pair));

    if (pair == NULL ||
        weir_net_connect(proxy->loop, &proxy->to, &handler, &pair->server, &pair->server.conn, NULL) != WEIR_OK) {
        free(pair);
        weir_conn_close(conn);
        return;
    }
    pair->proxy = proxy;
    pair->client = (struct side){.pair = pair, .other = &pair->server, .conn = conn};
    pair->server.pair = pair;
    pair->server.other = &pair->client;
    pair->stall = (struct weir_timer){.fn = on_stall_over, .arg = pair};
    weir_conn_set_handler(conn, &handler, &pair->client);
    weir_conn_want_read(conn, false);
    pair->next = proxy->pairs;
    pair->link = &proxy->pairs;
    if (pair->next != NULL)
        pair->next->link = &pair->next;
    proxy->pairs = pair;
}

/* ---- the proxy */

enum weir_status proxy_new(struct weir_loop *loop, const struct weir_target *at, const struct weir_target *to,
                           struct harm *harm, struct proxy **out, struct weir_error *err)
{
    struct proxy *proxy = calloc(1, sizeof(*proxy));
    enum weir_status status;

    if (proxy == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for a proxy");
    proxy->loop = loop;
    proxy->to = *to;
    proxy->harm = harm;
    status = weir_net_listen(loop, at, on_accept, proxy, &proxy->listener, err);
    if (status != WEIR_OK) {
        free(proxy);
        return status;
    }
    *out = proxy;
    return WEIR_OK;
}

uint16_t proxy_port(const struct proxy *proxy)
{
    return weir_listener_port(proxy->listener);
}

void proxy_free(struct proxy *proxy)
{
    if (proxy == NULL)
        return;
    while (proxy->pairs != NULL)
        pair_free(proxy->pairs);
    weir_listener_close(proxy->listener);
    free(proxy);
}
