/*
 * wire_outbox.c - what a connection has to send.
 *
 * The frames form one stream of bytes with positions counted from birth. A loan stands at a position in it; the bytes
 * of the loan go out when the frames before that position have gone.
 */
#include "store/segments/wire_outbox.h"

#include <assert.h>
#include <stdlib.h>

#define IOV_MAX_PER_WRITE 64
#define KEEP_CAP_MAX ((size_t)256 * 1024) /* a larger empty buffer is given back */

void weir_wire_outbox_init(struct weir_wire_outbox *outbox, size_t frames_len_max)
{
    *outbox = (struct weir_wire_outbox){0};
    weir_buf_init(&outbox->frames, frames_len_max);
    outbox->last = &outbox->first;
}

static void return_first(struct weir_wire_outbox *outbox)
{
    struct weir_wire_outbox_loan *loan = outbox->first;

    outbox->first = loan->next;
    if (outbox->first == NULL)
        outbox->last = &outbox->first;
    outbox->loan_bytes -= loan->bytes.len - outbox->loan_taken;
    outbox->loan_taken = 0;
    loan->returned(loan);
}

void weir_wire_outbox_fini(struct weir_wire_outbox *outbox)
{
    while (outbox->first != NULL)
        return_first(outbox);
    weir_buf_fini(&outbox->frames);
    *outbox = (struct weir_wire_outbox){0};
}

void weir_wire_outbox_lend(struct weir_wire_outbox *outbox, struct weir_wire_outbox_loan *loan)
{
    loan->next = NULL;
    loan->after = outbox->frames_dropped + outbox->frames.len;
    *outbox->last = loan;
    outbox->last = &loan->next;
    outbox->loan_bytes += loan->bytes.len;
}

size_t weir_wire_outbox_len(const struct weir_wire_outbox *outbox)
{
    return outbox->frames.len - outbox->frames_taken + outbox->loan_bytes;
}

/* Fills iov with what comes next, in order; returns how many. */
static int gather(const struct weir_wire_outbox *outbox, struct iovec *iov, size_t *total)
{
    size_t at = outbox->frames_taken, loan_taken = outbox->loan_taken;
    const struct weir_wire_outbox_loan *loan = outbox->first;
    int count = 0;

    *total = 0;
    while (count + 1 < IOV_MAX_PER_WRITE) {
        size_t end = loan != NULL ? loan->after - outbox->frames_dropped : outbox->frames.len;

        if (end > at) {
            iov[count++] = (struct iovec){outbox->frames.ptr + at, end - at};
            *total += end - at;
            at = end;
        }
        if (loan == NULL)
            break;
        if (loan->bytes.len > loan_taken) {
            iov[count++] =
                (struct iovec){(void *)(uintptr_t)(loan->bytes.ptr + loan_taken), loan->bytes.len - loan_taken};
            *total += loan->bytes.len - loan_taken;
        }
        loan_taken = 0;
        loan = loan->next;
    }
    return count;
}

/* Counts `taken` bytes as sent; returns loans that are done, empty ones too. */
static void advance(struct weir_wire_outbox *outbox, size_t taken)
{
    for (;;) {
        struct weir_wire_outbox_loan *loan = outbox->first;
        size_t end = loan != NULL ? loan->after - outbox->frames_dropped : outbox->frames.len;
        size_t frames = end - outbox->frames_taken < taken ? end - outbox->frames_taken : taken;
        size_t rest;

        outbox->frames_taken += frames;
        taken -= frames;
        if (loan == NULL || outbox->frames_taken < end)
            break;
        rest = loan->bytes.len - outbox->loan_taken;
        if (taken < rest) {
            outbox->loan_taken += taken;
            outbox->loan_bytes -= taken;
            return;
        }
        taken -= rest;
        return_first(outbox);
    }
    assert(taken == 0);
}

/* Drops sent frames from the buffer when that is cheap: all of them, or more than half. */
static void drop_sent(struct weir_wire_outbox *outbox)
{
    if (outbox->frames_taken < outbox->frames.len && outbox->frames_taken < outbox->frames.cap / 2)
        return;
    outbox->frames_dropped += outbox->frames_taken;
    weir_buf_consume(&outbox->frames, outbox->frames_taken);
    outbox->frames_taken = 0;
    if (outbox->frames.len == 0 && outbox->frames.cap > KEEP_CAP_MAX) {
        size_t len_max = outbox->frames.len_max;

        weir_buf_fini(&outbox->frames);
        weir_buf_init(&outbox->frames, len_max);
    }
}

enum weir_status weir_wire_outbox_flush(struct weir_wire_outbox *outbox, struct weir_conn *conn, struct weir_error *err)
{
    for (;;) {
        struct iovec iov[IOV_MAX_PER_WRITE];
        size_t total, taken = 0;
        int count = gather(outbox, iov, &total);
        enum weir_status status;

        if (count == 0) {
            advance(outbox, 0);
            drop_sent(outbox);
            return WEIR_OK;
        }
        status = weir_conn_writev(conn, iov, count, &taken, err);
        if (status != WEIR_OK)
            return status;
        advance(outbox, taken);
        drop_sent(outbox);
        if (taken < total)
            return WEIR_E_AGAIN;
    }
}
