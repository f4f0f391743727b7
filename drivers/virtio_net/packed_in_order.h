// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/packed_in_order.h - runs of a packed virtqueue with IN_ORDER, one packet at
 * a time: the data path without vectors, and what those with vectors do at the edges.
 */
#ifndef LEAT_VIRTIO_PACKED_IN_ORDER_H
#define LEAT_VIRTIO_PACKED_IN_ORDER_H

#include "packed_rx.h"
#include "packed_tx.h"

/* The frame at @pos, if it is there and plain. NULL otherwise. */
static VIRTIO_ALWAYS_INLINE struct leat_pkt *packed_rx_one(const struct virtio_rxq *q,
							   const struct virtio_packed *p,
							   uint16_t pos, bool look)
{
	const uint32_t least = q->hdr_len + VIRTIO_NET_ETH_LEN;
	uint16_t at = pos & (uint16_t)(p->size - 1);
	uint64_t word = packed_read(p, pos);
	uint32_t len = (uint32_t)word;
	struct leat_pkt *pkt;

	if (!packed_is_used(p, pos, word) ||
	    LEAT_UNLIKELY(packed_id(word) != at || len - least > q->room - least))
		return NULL;
	if (look && LEAT_UNLIKELY(!leat_virtio_rx_empty_hdr(q->slot[at].hdr, q->one_buffer,
							    q->buffers_mask)))
		return NULL;
	pkt = q->slot[at].pkt;
	q->slot[at].pkt = NULL;
	leat_virtio_rx_plain(pkt, len, q->hdr_len, (uint16_t)(q->hdr_off + q->hdr_len));
	if (look && leat_virtio_rx_hashed(q))
		leat_virtio_rx_hash(pkt, q->slot[at].hdr);
	return pkt;
}

static VIRTIO_ALWAYS_INLINE uint16_t packed_rx_run_one(struct virtio_packed_rxq *r,
						       struct leat_pkt **pkts, uint16_t n,
						       uint64_t *bytes, bool look)
{
	const struct virtio_packed p = r->p;
	const struct virtio_rxq q = r->q;
	uint64_t sum = 0;
	uint16_t i;

	n = LEAT_MIN(n, (uint16_t)(r->next - p.taken));
	for (i = 0; i < n; i++) {
		struct leat_pkt *pkt = packed_rx_one(&q, &p, (uint16_t)(p.taken + i), look);

		if (!pkt)
			break;
		pkts[i] = pkt;
		sum += pkt->total;
	}
	r->p.taken = (uint16_t)(p.taken + i);
	*bytes += sum;
	return i;
}

static VIRTIO_ALWAYS_INLINE uint16_t packed_rx_run_in_order_blind(struct virtio_packed_rxq *r,
								  struct leat_pkt **pkts,
								  uint16_t n, uint64_t *bytes)
{
	return packed_rx_run_one(r, pkts, n, bytes, false);
}

static VIRTIO_ALWAYS_INLINE uint16_t packed_rx_run_in_order(struct virtio_packed_rxq *r,
							    struct leat_pkt **pkts, uint16_t n,
							    uint64_t *bytes)
{
	n = packed_rx_ahead(r, n);
	return packed_rx_run_one(r, pkts, n, bytes, true);
}

static VIRTIO_ALWAYS_INLINE uint16_t packed_tx_run_in_order(struct virtio_txq *q,
							    struct leat_pkt **pkts, uint16_t n,
							    uint64_t *bytes)
{
	return packed_tx_run_any(packed_txq_of(&q->base), pkts, n, bytes, true);
}

#endif
