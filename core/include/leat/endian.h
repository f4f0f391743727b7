// SPDX-License-Identifier: BSD-3-Clause
/*
 * endian.h - little-endian words in memory shared with devices and peers, and the
 * big-endian ones of frames.
 *
 * The types name the byte order; sparse (__CHECKER__) finds a missing
 * conversion. leat_cpu_to_le16() and its kin convert on every machine.
 */
#ifndef LEAT_ENDIAN_H
#define LEAT_ENDIAN_H

#include <stdint.h>

#include <leat/compiler.h>

#ifdef __CHECKER__
#define LEAT_BITWISE __attribute__((bitwise))
#define LEAT_FORCE   __attribute__((force))
#else
#define LEAT_BITWISE
#define LEAT_FORCE
#endif

typedef uint16_t LEAT_BITWISE leat_le16;
typedef uint32_t LEAT_BITWISE leat_le32;
typedef uint64_t LEAT_BITWISE leat_le64;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define LEAT_SWAP16(x) (x)
#define LEAT_SWAP32(x) (x)
#define LEAT_SWAP64(x) (x)
#else
#define LEAT_SWAP16(x) __builtin_bswap16(x)
#define LEAT_SWAP32(x) __builtin_bswap32(x)
#define LEAT_SWAP64(x) __builtin_bswap64(x)
#endif

LEAT_BEGIN_DECLS

LEAT_INLINE leat_le16 leat_cpu_to_le16(uint16_t v)
{
	return (LEAT_FORCE leat_le16)LEAT_SWAP16(v);
}

LEAT_INLINE leat_le32 leat_cpu_to_le32(uint32_t v)
{
	return (LEAT_FORCE leat_le32)LEAT_SWAP32(v);
}

LEAT_INLINE leat_le64 leat_cpu_to_le64(uint64_t v)
{
	return (LEAT_FORCE leat_le64)LEAT_SWAP64(v);
}

LEAT_INLINE uint16_t leat_le16_to_cpu(leat_le16 v)
{
	return LEAT_SWAP16((LEAT_FORCE uint16_t)v);
}

LEAT_INLINE uint32_t leat_le32_to_cpu(leat_le32 v)
{
	return LEAT_SWAP32((LEAT_FORCE uint32_t)v);
}

LEAT_INLINE uint64_t leat_le64_to_cpu(leat_le64 v)
{
	return LEAT_SWAP64((LEAT_FORCE uint64_t)v);
}

/* Network byte order, at any address. */

LEAT_INLINE uint16_t leat_get_be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

LEAT_INLINE uint32_t leat_get_be32(const uint8_t *p)
{
	return (uint32_t)leat_get_be16(p) << 16 | leat_get_be16(p + 2);
}

LEAT_INLINE void leat_put_be16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

LEAT_INLINE void leat_put_be32(uint8_t *p, uint32_t v)
{
	leat_put_be16(p, v >> 16);
	leat_put_be16(p + 2, v);
}

LEAT_END_DECLS

#endif
