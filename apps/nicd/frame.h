// SPDX-License-Identifier: BSD-3-Clause
/*
 * frame.h - the frames that generators make and checkers know: valid
 * Ethernet, IPv4 and UDP, every byte of which follows from stream and number.
 *
 *  0  Ethernet, 14  IPv4, 34  UDP (to port 9, discard; no checksum)
 * 42  stream, 16 bits    44  key of the run, 32 bits
 * 48  number in the stream, 64 bits
 * 56  content, 64-bit words: the first from number and salt, each next one a
 *     step higher, the last cut to the frame's length
 *
 * All little-endian, in words that lie at multiples of 8: with one size, two
 * stores make a 64-byte frame of the one before, and eight loads check it.
 * Both sides share these inlines; bench programs may, too.
 */
#ifndef NICD_FRAME_H
#define NICD_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/compiler.h>
#include <leat/endian.h>

#define FRAME_MIN   60
#define FRAME_WORDS 6		/* words that do not depend on the number */
#define FRAME_SEQ   48
#define FRAME_DATA  56
#define FRAME_SLACK 8		/* bytes behind a frame that writing it may touch */

#define FRAME_MIX  UINT64_C(0x9e3779b97f4a7c15)
#define FRAME_STEP UINT64_C(0xd1342543de82ef95)

/* Simple IMIX, 7:4:1 of 64, 594 and 1518 bytes on the wire, without FCS. */
static const uint16_t frame_imix[12] = {
	60, 590, 60, 590, 60, 1514, 60, 590, 60, 590, 60, 60,
};

/* What is the same in all frames of a stream: one cache line. */
struct stream {
	LEAT_ALIGNED(LEAT_CACHELINE) uint64_t head[FRAME_WORDS];	/* of a frame of @size */
	uint64_t	salt;
	uint32_t	size, span;	/* sizes [size, size + span); span 0: IMIX */
};
LEAT_STATIC_ASSERT(sizeof(struct stream) == LEAT_CACHELINE, "one line per stream");

typedef uint64_t frame_word __attribute__((may_alias, aligned(1)));

LEAT_INLINE uint64_t frame_load(const uint8_t *p)
{
	return LEAT_SWAP64(*(const frame_word *)p);
}

/* One read of memory that a driver may be writing: what is checked is what is used. */
LEAT_INLINE uint64_t frame_load_once(const uint8_t *p)
{
	return LEAT_SWAP64(*(const volatile frame_word *)p);
}

LEAT_INLINE void frame_store(uint8_t *p, uint64_t v)
{
	*(frame_word *)p = LEAT_SWAP64(v);
}

LEAT_INLINE unsigned int frame_stream(uint64_t word5)
{
	return (unsigned int)(word5 >> 16) & 0xffff;
}

LEAT_INLINE uint32_t frame_key(uint64_t word5)
{
	return (uint32_t)(word5 >> 32);
}

/* The first content word of frame @seq. */
LEAT_INLINE uint64_t frame_content(const struct stream *s, uint64_t seq)
{
	return (seq ^ s->salt) * FRAME_MIX;
}

LEAT_INLINE uint32_t frame_size(const struct stream *s, uint64_t content)
{
	uint64_t luck = content >> 32;

	if (LEAT_LIKELY(s->span == 1))
		return s->size;
	if (s->span)
		return s->size + (uint32_t)((luck * s->span) >> 32);
	return frame_imix[(luck * LEAT_ARRAY_LEN(frame_imix)) >> 32];
}

LEAT_INLINE void frame_write_head(uint8_t *to, const uint64_t head[FRAME_WORDS])
{
	for (unsigned int i = 0; i < FRAME_WORDS; i++)
		frame_store(to + 8 * i, head[i]);
}

/* Number and content, behind a head that is there. */
LEAT_INLINE void frame_write_body(uint8_t *to, uint64_t seq, uint64_t content, uint32_t size)
{
	frame_store(to + FRAME_SEQ, seq);
	for (uint32_t at = FRAME_DATA; at < size; at += 8, content += FRAME_STEP)
		frame_store(to + at, content);
}

/* Not 0 if the content is not what it should be. */
LEAT_INLINE uint64_t frame_body_differs(const uint8_t *p, uint64_t content, uint32_t size)
{
	uint32_t words = (size - FRAME_DATA) / 8, rest = size % 8;
	uint64_t bad = 0;

	for (uint32_t i = 0; i < words; i++)
		bad |= frame_load(p + FRAME_DATA + 8 * i) ^ (content + i * FRAME_STEP);
	if (rest) {	/* the last 8 bytes, shifted so that @rest of them are left */
		content += words * FRAME_STEP;
		bad |= (frame_load(p + size - 8) ^ (content << (8 * (8 - rest)))) >>
		       (8 * (8 - rest));
	}
	return bad;
}

/* The head for a frame of @size, which is not the stream's first. */
void frame_head(const struct stream *s, uint32_t size, uint64_t head[FRAME_WORDS]);

/* Stream @id of a run with @key: frames of [@lo, @hi] bytes, or IMIX (@lo 0). */
void frame_stream_init(struct stream *s, unsigned int id, uint32_t key, uint64_t seed,
		       uint32_t lo, uint32_t hi);

#endif
