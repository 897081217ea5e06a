/**
 * @file runtime/element.h
 * @brief How elements and control elements lie in a buffer.
 *
 *     varint code | what the code says
 *     0           | the element's bytes; it has no timestamp
 *     1           | a control element: uint8 kind, uint64 value (this machine's byte order)
 *     2           | int64 timestamp, the element's bytes
 *     3 + z       | the element's bytes; its timestamp is the channel's last one plus unzigzag(z)
 *
 * An element's bytes are a fixed type's own, else what its type serializes. The last timestamp starts from 0 and lives
 * as long as the channel. Buffers never leave the process, so a bad byte is a bug of ours: asserted, not reported.
 */
#ifndef WEIR_RUNTIME_ELEMENT_H
#define WEIR_RUNTIME_ELEMENT_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "weir/collector.h"

#define WEIR_ELEMENT_HEADER_MAX 10
#define WEIR_CONTROL_LEN 10

enum weir_element_code {
    WEIR_CODE_NO_TIMESTAMP = 0,
    WEIR_CODE_CONTROL = 1,
    WEIR_CODE_ABSOLUTE = 2,
    WEIR_CODE_DELTA = 3,
};

enum weir_control {
    WEIR_CONTROL_WATERMARK, /* value: milliseconds */
    WEIR_CONTROL_BARRIER,   /* value: checkpoint */
    WEIR_CONTROL_IDLE,      /* value: 1 idle, 0 active */
    WEIR_CONTROL_END,       /* no record and no watermark will follow; barriers may */
};

/** Writes the header of an element (up to WEIR_ELEMENT_HEADER_MAX bytes); returns where its bytes go. */
static inline uint8_t *weir_element_put_header(uint8_t *at, int64_t timestamp_ms, int64_t *last_ms)
{
    uint64_t delta, code;

    if (timestamp_ms == WEIR_NO_TIMESTAMP) {
        *at = WEIR_CODE_NO_TIMESTAMP;
        return at + 1;
    }
    delta = (uint64_t)timestamp_ms - (uint64_t)*last_ms;
    code = ((delta << 1) ^ (uint64_t)((int64_t)delta >> 63)) + WEIR_CODE_DELTA;
    *last_ms = timestamp_ms;
    if (code >= UINT64_C(1) << 56 || code < WEIR_CODE_DELTA) { /* long, or the sum went round */
        *at = WEIR_CODE_ABSOLUTE;
        memcpy(at + 1, &timestamp_ms, sizeof(timestamp_ms));
        return at + 9;
    }
    while (code >= 0x80) {
        *at++ = (uint8_t)(code | 0x80);
        code >>= 7;
    }
    *at = (uint8_t)code;
    return at + 1;
}

/** The code at `at`; leaves `at` behind it. */
static inline uint64_t weir_element_code(const uint8_t **at)
{
    uint64_t code = *(*at)++;

    if (code < 0x80)
        return code;
    code &= 0x7f;
    for (int shift = 7;; shift += 7) {
        uint8_t byte = *(*at)++;

        code |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return code;
        assert(shift < 56);
    }
}

/** The timestamp that an element's code says; leaves `at` at its bytes. Not for CONTROL. */
static inline int64_t weir_element_timestamp(uint64_t code, const uint8_t **at, int64_t *last_ms)
{
    uint64_t zigzag;

    if (code == WEIR_CODE_NO_TIMESTAMP)
        return WEIR_NO_TIMESTAMP;
    if (code == WEIR_CODE_ABSOLUTE) {
        memcpy(last_ms, *at, sizeof(*last_ms));
        *at += sizeof(*last_ms);
        return *last_ms;
    }
    zigzag = code - WEIR_CODE_DELTA;
    *last_ms = (int64_t)((uint64_t)*last_ms + ((zigzag >> 1) ^ -(zigzag & 1)));
    return *last_ms;
}

static inline void weir_element_put_control(uint8_t *at, enum weir_control control, int64_t value)
{
    at[0] = WEIR_CODE_CONTROL;
    at[1] = (uint8_t)control;
    memcpy(at + 2, &value, sizeof(value));
}

/** What follows a CONTROL code. */
static inline enum weir_control weir_element_control(const uint8_t **at, int64_t *value)
{
    enum weir_control control = (enum weir_control) * *at;

    assert(control <= WEIR_CONTROL_END);
    memcpy(value, *at + 1, sizeof(*value));
    *at += 1 + sizeof(*value);
    return control;
}

/** memcpy of a fixed type's bytes with the usual sizes inlined. */
static inline void weir_element_copy(void *to, const void *from, size_t size)
{
    switch (size) {
    case 8:
        memcpy(to, from, 8);
        break;
    case 16:
        memcpy(to, from, 16);
        break;
    case 24:
        memcpy(to, from, 24);
        break;
    case 32:
        memcpy(to, from, 32);
        break;
    default:
        memcpy(to, from, size);
        break;
    }
}

#endif
