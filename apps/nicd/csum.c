// SPDX-License-Identifier: BSD-3-Clause
/*
 * csum.c - the Internet checksum.
 */
#include "csum.h"

#include <string.h>

#define UDP_OFF 6	/* of the checksum in UDP's header, the one that must not be 0 */

uint16_t csum_sum(const uint8_t *data, size_t len)
{
	uint64_t sum = 0;
	uint16_t word;

	for (; len > 1; data += 2, len -= 2) {
		memcpy(&word, data, 2);
		sum += word;
	}
	if (len) {
		word = 0;
		memcpy(&word, data, 1);
		sum += word;
	}
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

void csum_complete(const struct leat_frame *f, uint8_t *copy)
{
	uint32_t start = f->csum_start, at = start + f->csum_off;
	uint16_t sum;

	if (!(f->flags & LEAT_FRAME_CSUM_PARTIAL) || start >= f->len || at + 2 > f->len)
		return;
	sum = (uint16_t)~csum_sum(copy + start, f->len - start);
	if (!sum && f->csum_off == UDP_OFF)	/* RFC 768: 0 would mean none */
		sum = 0xffff;
	memcpy(copy + at, &sum, 2);
}
