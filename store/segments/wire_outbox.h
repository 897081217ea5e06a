/**
 * @file store/segments/wire_outbox.h
 * @brief What a connection has to send: encoded frames, and between them read data that is sent from where it lies.
 *
 * Frames are encoded into one buffer; bulk data is lent by a holder that is told when the last byte of it has gone. One
 * flush gathers both, in order, into one writev.
 */
#ifndef WEIR_STORE_WIRE_OUTBOX_H
#define WEIR_STORE_WIRE_OUTBOX_H

#include "weir/buf.h"
#include "weir/net.h"

/** Lends bytes to an outbox; embedded in its owner's struct. */
struct weir_wire_outbox_loan {
    void (*returned)(struct weir_wire_outbox_loan *loan); /**< the bytes are not needed any more; called once */
    struct weir_view bytes;
    struct weir_wire_outbox_loan *next; /* private */
    size_t after;                       /* private: bytes of `frames`, counted from its birth, that go before it */
};

struct weir_wire_outbox {
    struct weir_buf frames; /**< append whole frames here */
    size_t frames_taken;    /* of frames.ptr: sent already */
    size_t frames_dropped;  /* sent and removed from the buffer, since birth */
    struct weir_wire_outbox_loan *first, **last;
    size_t loan_taken; /* of the first loan: sent already */
    size_t loan_bytes; /* lent and not sent */
};

void weir_wire_outbox_init(struct weir_wire_outbox *outbox, size_t frames_len_max);
void weir_wire_outbox_fini(struct weir_wire_outbox *outbox); /**< Returns every loan */
/** Sends the loan's bytes after all frames encoded so far. */
void weir_wire_outbox_lend(struct weir_wire_outbox *outbox, struct weir_wire_outbox_loan *loan);
/** Bytes that wait. */
size_t weir_wire_outbox_len(const struct weir_wire_outbox *outbox);
/**
 * Sends what the connection takes.
 * @retval WEIR_OK       all is gone
 * @retval WEIR_E_AGAIN  the rest waits for on_writable
 * @retval WEIR_E_CLOSED, WEIR_E_IO the connection is broken
 */
enum weir_status weir_wire_outbox_flush(struct weir_wire_outbox *outbox, struct weir_conn *conn,
                                        struct weir_error *err);

#endif
