// SPDX-License-Identifier: BSD-3-Clause
/*
 * bits.h - bits and fields as datasheets write them.
 *
 * A field is one shifted mask, LEAT_MASK(high, low); LEAT_GET and LEAT_PUT
 * take the field's value out of a word and make a word of it.
 */
#ifndef LEAT_BITS_H
#define LEAT_BITS_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/compiler.h>

#define LEAT_BIT(n)	   (UINT32_C(1) << (n))
#define LEAT_BIT64(n)	   (UINT64_C(1) << (n))
#define LEAT_MASK(hi, lo)  ((UINT32_MAX >> (31 - (hi))) & (UINT32_MAX << (lo)))
#define LEAT_GET(mask, w)  (((w) & (mask)) / ((mask) & -(mask)))
#define LEAT_PUT(mask, v)  (((v) * ((mask) & -(mask))) & (mask))

/* @align is a power of two. */
#define LEAT_ALIGN_UP(x, align)	  (((x) + ((align) - 1)) & ~((__typeof__(x))(align) - 1))
#define LEAT_ALIGN_DOWN(x, align) ((x) & ~((__typeof__(x))(align) - 1))

#define LEAT_MIN(a, b) ((a) < (b) ? (a) : (b))
#define LEAT_MAX(a, b) ((a) > (b) ? (a) : (b))

LEAT_BEGIN_DECLS

LEAT_INLINE bool leat_is_pow2(uint64_t x)
{
	return x && !(x & (x - 1));
}

LEAT_END_DECLS

#endif
