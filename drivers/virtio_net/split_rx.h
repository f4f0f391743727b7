// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/split_rx.h - a receive burst by a split virtqueue, for each data path to
 * make its own by naming how it takes plain frames.
 */
#ifndef LEAT_VIRTIO_SPLIT_RX_H
#define LEAT_VIRTIO_SPLIT_RX_H

#include "split.h"

#include <leat/bits.h>

/*
 * A run: plain frames out of the used entries known, as long as they last, at most @n, and
 * their bytes added to @bytes. What it read and found to be no plain frame it has not used.
 */
typedef uint16_t split_rx_run_fn(struct virtio_split_rxq *r, struct leat_pkt **pkts, uint16_t n,
				 uint64_t *bytes);

static VIRTIO_ALWAYS_INLINE uint16_t split_rx_frames(struct virtio_split_rxq *r,
						     struct leat_pkt **pkts, uint16_t n,
						     split_rx_run_fn *run)
{
	uint64_t bytes = 0;
	uint16_t got = 0;

	while (got < n && split_have(&r->s) && !r->q.broken) {
		uint16_t most = LEAT_MIN((uint16_t)(n - got), split_have(&r->s));
		uint16_t plain = r->batch ? 0 : run(r, pkts + got, most, &bytes);
		struct leat_pkt *pkt;

		got = (uint16_t)(got + plain);
		if (LEAT_LIKELY(plain == most))
			continue;
		pkt = leat_virtio_rx_frame(&r->q);
		if (!pkt)
			continue;
		pkts[got++] = pkt;
		bytes += pkt->total;
	}
	leat_store_relaxed(&r->q.base.packets, r->q.base.packets + got);
	leat_store_relaxed(&r->q.base.bytes, r->q.base.bytes + bytes);
	return got;
}

static VIRTIO_ALWAYS_INLINE uint16_t split_rx_burst(struct leat_rxq *base, struct leat_pkt **pkts,
						    uint16_t n, split_rx_run_fn *run)
{
	struct virtio_split_rxq *r = split_rxq_of(base);
	uint16_t got = 0;
	bool filled;

	leat_prefetch(r->s.used);
	filled = r->q.ops->fill(&r->q);
	if (split_have(&r->s) < n && LEAT_UNLIKELY(!split_look(&r->s))) {
		leat_virtio_rx_break(&r->q, "moved used->idx too far", r->s.taken);
		return 0;
	}
	if (split_have(&r->s))
		got = split_rx_frames(r, pkts, n, run);
	split_ahead(&r->s, r->s.next, got);
	if (filled && !r->q.broken) {
		split_expose(&r->s);
		split_wake(&r->s);
	}
	return got;
}

/*
 * One by one, in registers, because the compiler must think that each store to the ring
 * could change the queue. @in_order: an id is its slot.
 */
static VIRTIO_ALWAYS_INLINE uint16_t split_rx_run(struct virtio_split_rxq *r,
						  struct leat_pkt **pkts, uint16_t n,
						  uint64_t *bytes, bool in_order, bool look)
{
	const uint32_t least = r->q.hdr_len + VIRTIO_NET_ETH_LEN, most = r->q.room - least;
	const uint16_t hdr_len = r->q.hdr_len, off = (uint16_t)(r->q.hdr_off + hdr_len);
	const uint16_t one = r->q.one_buffer, buffers = r->q.buffers_mask;
	const bool hashed = look && leat_virtio_rx_hashed(&r->q);
	struct virtio_split s = r->s;
	struct virtio_slot *slots = r->q.slot;
	uint16_t i, *ids = r->q.id;
	uint64_t sum = 0;

	for (i = 0; i < n; i++) {
		uint16_t at = s.taken & s.mask;
		uint64_t used = split_take(&s);
		uint32_t id = (uint32_t)used, len = (uint32_t)(used >> 32);
		struct virtio_slot *slot = &slots[in_order ? at : id & s.mask];
		struct leat_pkt *pkt = slot->pkt;

		if (LEAT_UNLIKELY(len - least > most))
			break;
		if (LEAT_UNLIKELY(in_order ? id != at : id > s.mask || !pkt))
			break;
		if (look && LEAT_UNLIKELY(!leat_virtio_rx_empty_hdr(slot->hdr, one, buffers)))
			break;
		if (!in_order)
			ids[at] = (uint16_t)id;
		slot->pkt = NULL;
		leat_virtio_rx_plain(pkt, len, hdr_len, off);
		if (hashed)
			leat_virtio_rx_hash(pkt, slot->hdr);
		pkts[i] = pkt;
		sum += pkt->total;
	}
	r->s.taken = (uint16_t)(r->s.taken + i);
	*bytes += sum;
	return i;
}

/* Call in the headers of the next @n frames, where a device that works in order puts them. */
static inline void split_rx_ahead(const struct virtio_split_rxq *r, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		leat_prefetch(r->q.slot[r->q.id[(r->s.taken + i) & r->s.mask]].hdr);
}

#endif
