// SPDX-License-Identifier: BSD-3-Clause
/*
 * csum.c - the Internet checksum (RFC 1071) and SCTP's CRC32c (RFC 9260) over packets
 * of several segments.
 *
 * Sums are kept in the byte order of memory, so the result is stored as it is
 * on every machine. A segment that starts at an odd offset has its bytes in
 * the other halves of the words: its sum is swapped before it is added.
 */
#include <leat/pkt.h>
#include <leat/bits.h>

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* To 16 bits, carries brought around. */
static uint32_t fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint32_t)sum;
}

/* The sum of @len bytes, as words from an even offset; a last odd byte is padded with 0. */
static uint32_t sum_bytes(const unsigned char *p, uint32_t len)
{
	uint64_t sum = 0;
	uint16_t last = 0;

	for (; len >= 4; p += 4, len -= 4) {
		uint32_t word;

		memcpy(&word, p, 4);
		sum += word;
	}
	if (len >= 2) {
		memcpy(&last, p, 2);
		sum += last;
		p += 2;
		len -= 2;
	}
	if (len) {
		last = 0;
		memcpy(&last, p, 1);
		sum += last;
	}
	return fold(sum);
}

/* The sum of everything from @start to the end. */
static uint32_t sum_from(const struct leat_pkt *pkt, uint32_t start)
{
	uint64_t sum = 0;
	bool odd = false;

	for (; pkt; pkt = pkt->next) {
		uint32_t part;

		if (start >= pkt->len) {
			start -= pkt->len;
			continue;
		}
		part = sum_bytes((const unsigned char *)leat_pkt_data(pkt) + start,
				 pkt->len - start);
		sum += odd ? __builtin_bswap16((uint16_t)part) : part;
		odd ^= (pkt->len - start) & 1;
		start = 0;
	}
	return fold(sum);
}

/* Where byte @off is; NULL behind the end. */
static unsigned char *byte_at(const struct leat_pkt *pkt, uint32_t off)
{
	for (; pkt; pkt = pkt->next) {
		if (off < pkt->len)
			return (unsigned char *)leat_pkt_data(pkt) + off;
		off -= pkt->len;
	}
	return NULL;
}

/* Store @n bytes, 4 at most, at @off. False, and nothing stored: the packet ends before. */
static bool put_bytes(struct leat_pkt *pkt, uint32_t off, const unsigned char *bytes, uint32_t n)
{
	unsigned char *at[4];

	for (uint32_t i = 0; i < n; i++) {
		at[i] = byte_at(pkt, off + i);
		if (!at[i])
			return false;
	}
	for (uint32_t i = 0; i < n; i++)
		*at[i] = bytes[i];
	return true;
}

/* Castagnoli's polynomial, bits reversed; a bit at a time, for it is the way of last resort. */
static uint32_t crc_bytes(uint32_t crc, const unsigned char *p, uint32_t len)
{
	while (len--) {
		crc ^= *p++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0x82f63b78) : 0);
	}
	return crc;
}

/* Of everything from @start to the end. */
static uint32_t crc_from(const struct leat_pkt *pkt, uint32_t start)
{
	uint32_t crc = UINT32_MAX;

	for (; pkt; pkt = pkt->next) {
		if (start >= pkt->len) {
			start -= pkt->len;
			continue;
		}
		crc = crc_bytes(crc, (const unsigned char *)leat_pkt_data(pkt) + start,
				pkt->len - start);
		start = 0;
	}
	return ~crc;
}

static int finish_crc(struct leat_pkt *pkt, uint32_t at)
{
	uint32_t crc = crc_from(pkt, pkt->csum_start);
	unsigned char bytes[4];

	for (int i = 0; i < 4; i++)
		bytes[i] = (unsigned char)(crc >> 8 * i);
	return put_bytes(pkt, at, bytes, 4) ? 0 : -EINVAL;
}

static int finish_sum(struct leat_pkt *pkt, uint32_t at)
{
	uint16_t sum = (uint16_t)~sum_from(pkt, pkt->csum_start);
	unsigned char bytes[2];

	if (!sum)
		sum = UINT16_MAX;	/* the same number; as 0, UDP takes it for "no checksum" */
	memcpy(bytes, &sum, 2);
	return put_bytes(pkt, at, bytes, 2) ? 0 : -EINVAL;
}

int leat_pkt_csum_finish(struct leat_pkt *pkt)
{
	uint32_t at = (uint32_t)pkt->csum_start + pkt->csum_off;
	int err;

	if (!(pkt->flags & LEAT_PKT_CSUM_PARTIAL))
		return 0;
	err = pkt->flags & LEAT_PKT_CSUM_CRC32C ? finish_crc(pkt, at) : finish_sum(pkt, at);
	if (!err)
		pkt->flags &= ~(LEAT_PKT_CSUM_PARTIAL | LEAT_PKT_CSUM_CRC32C);
	return err;
}
