// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/packed_rx.h - a receive burst by a packed virtqueue, for each data path
 * to make its own by naming how it takes plain frames.
 */
#ifndef LEAT_VIRTIO_PACKED_RX_H
#define LEAT_VIRTIO_PACKED_RX_H

#include "packed.h"

#include <leat/bits.h>

/*
 * A run: plain frames as long as they last, at most @n, and their bytes added to @bytes.
 * What it read and found to be no plain frame it has not used.
 */
typedef uint16_t packed_rx_run_fn(struct virtio_packed_rxq *r, struct leat_pkt **pkts, uint16_t n,
				  uint64_t *bytes);

/* Does the device have anything for us? */
static inline bool packed_rx_waits(const struct virtio_packed_rxq *r)
{
	return r->batch || packed_is_used(&r->p, r->p.taken, packed_read(&r->p, r->p.taken));
}

static VIRTIO_ALWAYS_INLINE uint16_t packed_rx_frames(struct virtio_packed_rxq *r,
						      struct leat_pkt **pkts, uint16_t n,
						      packed_rx_run_fn *run)
{
	uint64_t bytes = 0;
	uint16_t got = run(r, pkts, n, &bytes);

	while (got < n && packed_rx_waits(r)) {
		struct leat_pkt *pkt = leat_virtio_rx_frame(&r->q);

		if (r->q.broken)
			break;
		if (!pkt)
			continue;
		pkts[got++] = pkt;
		bytes += pkt->total;
		if (!r->batch)
			got = (uint16_t)(got + run(r, pkts + got, (uint16_t)(n - got), &bytes));
	}
	leat_store_relaxed(&r->q.base.packets, r->q.base.packets + got);
	leat_store_relaxed(&r->q.base.bytes, r->q.base.bytes + bytes);
	return got;
}

static VIRTIO_ALWAYS_INLINE uint16_t packed_rx_burst(struct leat_rxq *base, struct leat_pkt **pkts,
						     uint16_t n, packed_rx_run_fn *run)
{
	struct virtio_packed_rxq *r = packed_rxq_of(base);
	uint16_t before = r->next, got = 0;
	bool filled = r->q.ops->fill(&r->q);

	if (packed_rx_waits(r))
		got = packed_rx_frames(r, pkts, n, run);
	if (filled && !r->q.broken)
		packed_wake(&r->p, before, r->next);
	return got;
}

/* ---- one by one, in any order ---- */

/* In registers, because the compiler must think that each store could change the queue. */
static VIRTIO_ALWAYS_INLINE uint16_t packed_rx_run_any(struct virtio_packed_rxq *r,
						       struct leat_pkt **pkts, uint16_t n,
						       uint64_t *bytes, bool look)
{
	const uint32_t least = r->q.hdr_len + VIRTIO_NET_ETH_LEN, most = r->q.room - least;
	const uint16_t hdr_len = r->q.hdr_len, off = (uint16_t)(r->q.hdr_off + hdr_len);
	const uint16_t one = r->q.one_buffer, buffers = r->q.buffers_mask;
	const bool hashed = look && leat_virtio_rx_hashed(&r->q);
	const struct virtio_packed p = r->p;
	struct virtio_slot *slots = r->q.slot;
	uint16_t i, *ids = r->q.id;
	uint64_t sum = 0;

	for (i = 0; i < n; i++) {
		uint16_t pos = (uint16_t)(p.taken + i);
		uint64_t word = packed_read(&p, pos);
		uint16_t id = packed_id(word);
		uint32_t len = (uint32_t)word;
		struct virtio_slot *slot = &slots[id & (p.size - 1)];
		struct leat_pkt *pkt = slot->pkt;

		if (!packed_is_used(&p, pos, word))
			break;
		if (LEAT_UNLIKELY(id >= p.size || !pkt || len - least > most))
			break;
		if (look && LEAT_UNLIKELY(!leat_virtio_rx_empty_hdr(slot->hdr, one, buffers)))
			break;
		ids[pos & (p.size - 1)] = id;
		slot->pkt = NULL;
		leat_virtio_rx_plain(pkt, len, hdr_len, off);
		if (hashed)
			leat_virtio_rx_hash(pkt, slot->hdr);
		pkts[i] = pkt;
		sum += pkt->total;
	}
	r->p.taken = (uint16_t)(r->p.taken + i);
	*bytes += sum;
	return i;
}

static VIRTIO_ALWAYS_INLINE uint16_t packed_rx_run_blind(struct virtio_packed_rxq *r,
							 struct leat_pkt **pkts, uint16_t n,
							 uint64_t *bytes)
{
	return packed_rx_run_any(r, pkts, n, bytes, false);
}

/* Used descriptors from here on, at most @n. */
static inline uint16_t packed_rx_count(const struct virtio_packed *p, uint16_t n)
{
	uint16_t i;

	for (i = 0; i < n; i++)
		if (!packed_is_used(p, (uint16_t)(p->taken + i),
				    packed_read(p, (uint16_t)(p->taken + i))))
			break;
	return i;
}

/* As many, their headers called in from where a device that works in order puts them. */
static inline uint16_t packed_rx_ahead(const struct virtio_packed_rxq *r, uint16_t n)
{
	n = packed_rx_count(&r->p, n);
	for (uint16_t i = 0; i < n; i++) {
		uint16_t slot = (uint16_t)(r->p.taken + i) & (uint16_t)(r->p.size - 1);

		leat_prefetch(r->q.slot[r->q.id[slot]].hdr);
	}
	return n;
}

static VIRTIO_ALWAYS_INLINE uint16_t packed_rx_run_looking(struct virtio_packed_rxq *r,
							   struct leat_pkt **pkts, uint16_t n,
							   uint64_t *bytes)
{
	n = packed_rx_ahead(r, n);
	return packed_rx_run_any(r, pkts, n, bytes, true);
}

#endif
