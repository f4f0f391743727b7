// SPDX-License-Identifier: BSD-3-Clause
/*
 * pkt.h - a packet: one or more segments of DMA memory.
 */
#ifndef LEAT_PKT_H
#define LEAT_PKT_H

#include <stdint.h>

#include <leat/compiler.h>
#include <leat/mem.h>

LEAT_BEGIN_DECLS

struct leat_pool;

/* Room before the data of a fresh packet, for headers yet to come. */
#define LEAT_PKT_HEADROOM 128

/*
 * Flags, in the first segment. The same words both ways, so that a packet
 * received can be sent as it is:
 *
 * CSUM_PARTIAL  the sum over [csum_start, end) is still to be stored at
 *               csum_start + csum_off; the field holds the pseudo header's sum
 *               (virtio 1.2, 5.1.6.2 NEEDS_CSUM; Linux CHECKSUM_PARTIAL)
 * CSUM_CRC32C   with CSUM_PARTIAL: what is to be stored is not that sum but the
 *               CRC32c over the same bytes (SCTP, RFC 9260), the field holding 0
 * CSUM_GOOD     receive only: the device checked the transport checksum
 */
#define LEAT_PKT_CSUM_PARTIAL	(UINT32_C(1) << 0)
#define LEAT_PKT_CSUM_GOOD	(UINT32_C(1) << 1)
#define LEAT_PKT_HASH		(UINT32_C(1) << 2)	/* hash is valid */
#define LEAT_PKT_VLAN		(UINT32_C(1) << 3)	/* vlan is valid (rx), to insert (tx) */
#define LEAT_PKT_TSO		(UINT32_C(1) << 4)	/* gso_size is valid */
#define LEAT_PKT_CSUM_BAD	(UINT32_C(1) << 5)	/* receive only: the device found a sum wrong */
#define LEAT_PKT_CSUM_CRC32C	(UINT32_C(1) << 6)	/* the sum that is partial is SCTP's */

/*
 * struct leat_pkt - one segment of one packet.
 *
 * Exactly one owner at a time: the pool, a queue, or the application. The
 * descriptor lives in plain memory beside the buffers, where no device can
 * scribble on it, and fills one cache line; nothing else belongs in it.
 * The layout is ABI. Fields marked (1) mean something in the first segment only.
 */
struct leat_pkt {
	void		*buf;		/* start of the buffer, CPU side; the pool's */
	leat_iova_t	iova;		/* the same byte, device side; the pool's */
	struct leat_pool *pool;		/* where it goes back to */
	struct leat_pkt	*next;		/* next segment, or NULL */
	uint16_t	off;		/* first data byte, from @buf */
	uint16_t	len;		/* data bytes in this segment */
	uint16_t	cap;		/* bytes in the buffer; the pool's */
	uint8_t		nsegs;		/* (1) segments, this one included */
	uint8_t		refs;		/* (1) owners; 1 but for captures and multicast */
	uint32_t	total;		/* (1) data bytes in all segments */
	uint32_t	flags;		/* (1) LEAT_PKT_* */
	uint32_t	hash;		/* (1) RSS hash, if LEAT_PKT_HASH */
	uint16_t	csum_start;	/* (1) from the first data byte, if CSUM_PARTIAL */
	uint16_t	csum_off;	/* (1) from csum_start, if CSUM_PARTIAL */
	uint16_t	gso_size;	/* (1) payload per segment, if LEAT_PKT_TSO */
	uint16_t	vlan;		/* (1) tag, if LEAT_PKT_VLAN */
	uint32_t	user;		/* the application's; never ours, never cleared */
};
LEAT_STATIC_ASSERT(sizeof(struct leat_pkt) <= LEAT_CACHELINE, "one line per packet");

/* The first data byte, CPU side and device side. */
LEAT_INLINE void *leat_pkt_data(const struct leat_pkt *pkt)
{
	return (char *)pkt->buf + pkt->off;
}

LEAT_INLINE leat_iova_t leat_pkt_iova(const struct leat_pkt *pkt)
{
	return pkt->iova + pkt->off;
}

/* Bytes that leat_pkt_append() can still add to this segment. */
LEAT_INLINE uint16_t leat_pkt_tailroom(const struct leat_pkt *pkt)
{
	return (uint16_t)(pkt->cap - pkt->off - pkt->len);
}

/*
 * leat_pkt_append - @n more data bytes at the end of a packet of one segment.
 * Returns where they start, or NULL if the buffer has no room for them.
 */
LEAT_INLINE void *leat_pkt_append(struct leat_pkt *pkt, uint16_t n)
{
	char *end = (char *)leat_pkt_data(pkt) + pkt->len;

	if (n > leat_pkt_tailroom(pkt))
		return NULL;
	pkt->len = (uint16_t)(pkt->len + n);
	pkt->total += n;
	return end;
}

/* @n more data bytes before the first; NULL if the headroom is smaller. */
LEAT_INLINE void *leat_pkt_prepend(struct leat_pkt *pkt, uint16_t n)
{
	if (n > pkt->off)
		return NULL;
	pkt->off = (uint16_t)(pkt->off - n);
	pkt->len = (uint16_t)(pkt->len + n);
	pkt->total += n;
	return leat_pkt_data(pkt);
}

/*
 * leat_pkt_chain - hang @tail (a packet) behind @head (a packet), which takes
 * it over. Returns 0, or -EINVAL if that makes more than 255 segments.
 */
LEAT_API int leat_pkt_chain(struct leat_pkt *head, struct leat_pkt *tail);

/*
 * leat_pkt_read - copy @len data bytes from @off on, across segments, to @dst.
 * Returns the bytes copied: fewer where the packet ends.
 */
LEAT_API uint32_t leat_pkt_read(const struct leat_pkt *pkt, uint32_t off, void *dst, uint32_t len);

/*
 * leat_pkt_csum_finish - do in software what LEAT_PKT_CSUM_PARTIAL asks for and
 * clear the flags. Returns 0, or -EINVAL (packet unchanged) if the offsets lie
 * outside the packet.
 */
LEAT_API int leat_pkt_csum_finish(struct leat_pkt *pkt);

/*
 * leat_pkt_vlan_insert - do in software what LEAT_PKT_VLAN asks for and clear the
 * flag. 0; -ENOSPC without four bytes of headroom; -EINVAL shared, or no frame.
 */
LEAT_API int leat_pkt_vlan_insert(struct leat_pkt *pkt);

/*
 * leat_pkt_free - give packets back to their pools, through no cache. From any
 * thread; the way home for whoever has no queue or cache at hand.
 */
LEAT_API void leat_pkt_free(struct leat_pkt **pkts, unsigned int n);

LEAT_END_DECLS

#endif
