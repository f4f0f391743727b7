// SPDX-License-Identifier: BSD-3-Clause
/*
 * frame.c - the heads of generated frames: RFC 791, RFC 768; addresses from
 * the range for benchmarks, RFC 2544.
 */
#include "frame.h"

#include "csum.h"

#include <leat/endian.h>

#include <string.h>

#define IP  14
#define UDP 34

static void set_size(uint8_t *h, uint32_t size)
{
	uint16_t sum;

	leat_put_be16(h + IP + 2, size - IP);
	leat_put_be16(h + UDP + 4, size - UDP);
	leat_put_be16(h + IP + 10, 0);
	sum = (uint16_t)~csum_sum(h + IP, 20);
	memcpy(h + IP + 10, &sum, 2);
}

static void to_words(const uint8_t *bytes, uint64_t head[FRAME_WORDS])
{
	for (unsigned int i = 0; i < FRAME_WORDS; i++)
		head[i] = frame_load(bytes + 8 * i);
}

/* As it would be stored: the words are little-endian, the fields are not. */
static uint64_t swapped(uint32_t v)
{
	return (v >> 8 & 0xff) | (v & 0xff) << 8;
}

/* Three fields depend on the size; the checksum follows as in RFC 1624. */
void frame_head(const struct stream *s, uint32_t size, uint64_t head[FRAME_WORDS])
{
	uint64_t old = s->head[2] & 0xffff, now = swapped(size - IP);
	uint64_t sum = (~s->head[3] & 0xffff) + (~old & 0xffff) + now;

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	memcpy(head, s->head, sizeof(s->head));
	head[2] = head[2] - old + now;
	head[3] = (head[3] & ~UINT64_C(0xffff)) | (~sum & 0xffff);
	head[4] = (head[4] << 16 >> 16) | swapped(size - UDP) << 48;
}

/* Spread the bits of a small number (splitmix64). */
static uint64_t spread(uint64_t x)
{
	x += FRAME_MIX;
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

void frame_stream_init(struct stream *s, unsigned int id, uint32_t key, uint64_t seed,
		       uint32_t lo, uint32_t hi)
{
	uint8_t h[8 * FRAME_WORDS] = {
		0x02, 'l', 'e', 'a', 't', 0xff, 0x02, 'l', 'e', 'a', 0, 0, 0x08, 0x00,
		0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 17, 0, 0, 198, 18, 0, 0, 198, 19, 0, 1,
		0, 0, 0, 9,
	};

	leat_put_be16(h + 10, id);
	leat_put_be16(h + IP + 14, id);
	leat_put_be16(h + UDP, 49152 + id % 16384);
	h[42] = (uint8_t)id;
	h[43] = (uint8_t)(id >> 8);
	for (unsigned int i = 0; i < 4; i++)
		h[44 + i] = (uint8_t)(key >> (8 * i));

	s->salt = spread(spread(seed) + id);
	s->size = lo ? lo : frame_imix[0];
	s->span = lo ? hi - lo + 1 : 0;
	set_size(h, s->size);
	to_words(h, s->head);
}
