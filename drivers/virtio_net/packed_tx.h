// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/packed_tx.h - a transmit burst by a packed virtqueue, for each data path
 * to make its own by naming how it gives the device plain packets.
 */
#ifndef LEAT_VIRTIO_PACKED_TX_H
#define LEAT_VIRTIO_PACKED_TX_H

#include "packed.h"

#include <leat/bits.h>

/* The lines of the ring that @n packets go to, called in while they are put together. */
static inline void packed_tx_ahead(const struct virtio_packed_txq *t, uint16_t n)
{
	n = LEAT_MIN(n, PACKED_CHUNK);
	for (uint16_t i = 0; i < n; i += PACKED_LINE)
		leat_prefetch_write(packed_desc(&t->p, (uint16_t)(t->q.next + i)));
}

static VIRTIO_ALWAYS_INLINE uint16_t packed_tx_burst(struct leat_txq *base, struct leat_pkt **pkts,
						     uint16_t n, virtio_tx_run_fn *run)
{
	struct virtio_packed_txq *t = packed_txq_of(base);
	struct virtio_txq *q = &t->q;
	uint16_t before = q->next, want = LEAT_MIN(LEAT_MAX(n, VIRTIO_TX_AHEAD), q->size);
	uint16_t sent, plain;

	if (LEAT_UNLIKELY(!n)) {
		q->ops->clean(q, q->size);
		leat_virtio_tx_cleaned(q);
		return 0;
	}
	leat_prefetch(packed_desc(&t->p, t->p.taken));
	if (leat_virtio_tx_room(q) < n)
		q->ops->clean(q, LEAT_MIN(n, q->size));
	leat_virtio_tx_cleaned(q);
	packed_tx_ahead(t, LEAT_MIN(n, leat_virtio_tx_room(q)));
	if (LEAT_UNLIKELY(q->broken))
		return 0;
	sent = leat_virtio_tx_packets(q, pkts, n, run, &plain);
	if (q->next != before && !q->broken)
		packed_wake(&t->p, before, q->next);
	for (uint16_t i = 0; q->demote && i < plain; i++)	/* not before the barrier: it waits */
		leat_virtio_tx_demote(pkts[i]);
	if (leat_virtio_tx_room(q) < want)
		q->ops->clean(q, want);
	return sent;
}

/*
 * At most PACKED_CHUNK packets, into @c and the queue's books, as far as they are plain and
 * the ring does not end. A head's id is its position @in_order, or else the next that is
 * free.
 */
static VIRTIO_ALWAYS_INLINE uint16_t packed_tx_compose(struct virtio_packed_txq *t,
						       struct leat_pkt **pkts, uint16_t n,
						       struct packed_chunk *c, uint64_t *bytes,
						       bool in_order)
{
	const uint16_t mask = (uint16_t)(t->p.size - 1), at = t->q.next & mask;
	const uint64_t flags = packed_flags(packed_avail(t->p.size, t->q.next));
	const uint32_t frame_max = t->q.frame_max;
	const uint16_t hdr_len = t->q.hdr_len;
	const uint32_t zero = t->q.hdr_zero;
	struct leat_pkt **sw = t->q.pkt;
	uint16_t *len = t->q.len, i;

	for (i = 0; i < n; i++) {
		struct leat_pkt *pkt = pkts[i];
		uint16_t id;

		if (LEAT_UNLIKELY(!leat_virtio_tx_plain(pkt, hdr_len, frame_max)))
			break;
		id = in_order ? (uint16_t)(at + i) : t->ids[t->id_next++ & mask];
		leat_virtio_tx_clear(leat_virtio_tx_hdr(pkt, hdr_len), hdr_len, zero);
		packed_compose(c, i, leat_pkt_iova(pkt) - hdr_len,
			       ((uint32_t)pkt->len + hdr_len) | (uint64_t)id << 32 | flags);
		sw[id] = pkt;
		len[id] = 1;
		*bytes += pkt->len;
	}
	return i;
}

static VIRTIO_ALWAYS_INLINE uint16_t packed_tx_run_any(struct virtio_packed_txq *t,
						       struct leat_pkt **pkts, uint16_t n,
						       uint64_t *bytes, bool in_order)
{
	struct packed_chunk c;
	uint16_t done = 0;

	n = LEAT_MIN(n, leat_virtio_tx_room(&t->q));
	while (done < n) {
		uint16_t most = packed_chunk_room(&t->p, t->q.next, (uint16_t)(n - done)), m;

		m = packed_tx_compose(t, pkts + done, most, &c, bytes, in_order);
		packed_copy(packed_desc(&t->p, t->q.next), &c, m);
		t->q.next = (uint16_t)(t->q.next + m);
		done = (uint16_t)(done + m);
		if (m < most)
			break;
	}
	return done;
}

#endif
