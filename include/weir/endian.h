/**
 * @file weir/endian.h
 * @brief Integers at any address in a given byte order.
 */
#ifndef WEIR_ENDIAN_H
#define WEIR_ENDIAN_H

#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define WEIR_SWAP_be(bits, value) __builtin_bswap##bits(value)
#define WEIR_SWAP_le(bits, value) (value)
#else
#define WEIR_SWAP_be(bits, value) (value)
#define WEIR_SWAP_le(bits, value) __builtin_bswap##bits(value)
#endif

#define WEIR_ENDIAN(bits, order)                                                                                       \
    static inline uint##bits##_t weir_get_u##bits##order(const void *ptr)                                              \
    {                                                                                                                  \
        uint##bits##_t raw;                                                                                            \
                                                                                                                       \
        memcpy(&raw, ptr, sizeof(raw));                                                                                \
        return WEIR_SWAP_##order(bits, raw);                                                                           \
    }                                                                                                                  \
    static inline void weir_put_u##bits##order(void *ptr, uint##bits##_t value)                                        \
    {                                                                                                                  \
        uint##bits##_t raw = WEIR_SWAP_##order(bits, value);                                                           \
                                                                                                                       \
        memcpy(ptr, &raw, sizeof(raw));                                                                                \
    }

WEIR_ENDIAN(16, be)
WEIR_ENDIAN(32, be)
WEIR_ENDIAN(64, be)
WEIR_ENDIAN(16, le)
WEIR_ENDIAN(32, le)
WEIR_ENDIAN(64, le)

#undef WEIR_ENDIAN
#undef WEIR_SWAP_be
#undef WEIR_SWAP_le

#endif
