// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/packed_vector.h - runs of a packed virtqueue with IN_ORDER, four packets at a
 * time: a line of the ring. Each file that includes this brings the three functions below in
 * its CPU's instructions, and is a data path; what is not four plain packets in one line goes
 * by packed_in_order.h.
 */
#ifndef LEAT_VIRTIO_PACKED_VECTOR_H
#define LEAT_VIRTIO_PACKED_VECTOR_H

#include "packed_in_order.h"

#define VEC PACKED_LINE

/* The part of a packet that says how long it is, in one piece. */
#define VEC_PKT_FROM offsetof(struct leat_pkt, off)
LEAT_STATIC_ASSERT(offsetof(struct leat_pkt, off) % 16 == 0, "aligned");
LEAT_STATIC_ASSERT(offsetof(struct leat_pkt, len) == VEC_PKT_FROM + 2, "vectors know the order");
LEAT_STATIC_ASSERT(offsetof(struct leat_pkt, nsegs) == VEC_PKT_FROM + 6, "");
LEAT_STATIC_ASSERT(offsetof(struct leat_pkt, refs) == VEC_PKT_FROM + 7, "");
LEAT_STATIC_ASSERT(offsetof(struct leat_pkt, total) == VEC_PKT_FROM + 8, "");
LEAT_STATIC_ASSERT(offsetof(struct leat_pkt, flags) == VEC_PKT_FROM + 12, "");

/* What does not change while frames are received. */
struct vec_rx {
	uint64_t	word;		/* of a used descriptor in slot 0: flags, and id 0 */
	uint32_t	least, most;	/* bytes, header included */
	uint16_t	hdr_len;
	const struct leat_pkt *fresh;	/* a plain frame of no bytes */
};

/* And while packets are sent. */
struct vec_tx {
	uint64_t	word;		/* of an available one in slot 0, of hdr_len bytes */
	uint32_t	frame_max;
	uint16_t	hdr_len;
};

/*
 * The four descriptors at @d, slots from @at on: if all are used, in order and of a sane
 * length, make plain frames of @pkts. Their bytes, or 0.
 */
static VIRTIO_ALWAYS_INLINE uint32_t vec_rx4(const virtio_packed_word *d, const struct vec_rx *k,
					     uint16_t at, struct leat_pkt *const *pkts);

/* Descriptors for @pkts, slots from @at on, to @to, if all are plain. Their bytes, or 0. */
static VIRTIO_ALWAYS_INLINE uint32_t vec_tx4(struct leat_pkt *const *pkts, const struct vec_tx *k,
					     uint16_t at, uint64_t *to);

/* Four descriptors into a line of the ring. */
static VIRTIO_ALWAYS_INLINE void vec_copy4(virtio_packed_word *d, const uint64_t *from);

/* ---- receive ---- */

static VIRTIO_ALWAYS_INLINE uint16_t vec_rx_lines(struct virtio_packed_rxq *r,
						  struct leat_pkt **pkts, uint16_t n,
						  uint64_t *bytes, bool look)
{
	const uint16_t hdr_len = r->q.hdr_len, mask = (uint16_t)(r->p.size - 1);
	const uint16_t one = r->q.one_buffer, buffers = r->q.buffers_mask;
	const struct vec_rx k = {
		.word = packed_flags(packed_used(r->p.size, r->p.taken)),
		.least = (uint32_t)hdr_len + VIRTIO_NET_ETH_LEN, .most = r->q.room,
		.hdr_len = hdr_len, .fresh = &r->q.fresh,
	};
	const bool hashed = look && leat_virtio_rx_hashed(&r->q);
	uint16_t at = r->p.taken & mask, done = 0;

	for (; done + VEC <= n && at + VEC <= r->p.size; done += VEC, at += VEC) {
		struct virtio_slot *slot = &r->q.slot[at];
		struct leat_pkt *four[VEC];
		uint32_t len;

		for (unsigned int i = 0; i < VEC; i++) {
			four[i] = slot[i].pkt;
			if (look && !leat_virtio_rx_empty_hdr(slot[i].hdr, one, buffers))
				goto out;
		}
		len = vec_rx4(packed_desc(&r->p, at), &k, at, four);
		if (!len)
			break;
		for (unsigned int i = 0; i < VEC; i++) {
			pkts[done + i] = four[i];
			slot[i].pkt = NULL;
			if (hashed)
				leat_virtio_rx_hash(four[i], slot[i].hdr);
		}
		*bytes += len;
	}
out:
	r->p.taken = (uint16_t)(r->p.taken + done);
	return done;
}

/* One by one to a line's begin, lines as long as they last, and one by one again. */
static VIRTIO_ALWAYS_INLINE uint16_t vec_rx_run_any(struct virtio_packed_rxq *r,
						    struct leat_pkt **pkts, uint16_t n,
						    uint64_t *bytes, bool look)
{
	uint16_t done = 0, want = (uint16_t)-r->p.taken % VEC;

	n = LEAT_MIN(n, (uint16_t)(r->next - r->p.taken));
	want = LEAT_MIN(want, n);
	if (want)
		done = packed_rx_run_one(r, pkts, want, bytes, look);
	if (done == want)
		done = (uint16_t)(done + vec_rx_lines(r, pkts + done, (uint16_t)(n - done), bytes,
						      look));
	if (done < n)
		done = (uint16_t)(done + packed_rx_run_one(r, pkts + done, (uint16_t)(n - done),
							   bytes, look));
	return done;
}

static VIRTIO_ALWAYS_INLINE uint16_t vec_rx_run_blind(struct virtio_packed_rxq *r,
						      struct leat_pkt **pkts, uint16_t n,
						      uint64_t *bytes)
{
	return vec_rx_run_any(r, pkts, n, bytes, false);
}

static VIRTIO_ALWAYS_INLINE uint16_t vec_rx_run(struct virtio_packed_rxq *r,
						struct leat_pkt **pkts, uint16_t n,
						uint64_t *bytes)
{
	n = packed_rx_ahead(r, n);
	return vec_rx_run_any(r, pkts, n, bytes, true);
}

/* ---- transmit ---- */

static VIRTIO_ALWAYS_INLINE void vec_copy(virtio_packed_word *d, const struct packed_chunk *c,
					  unsigned int n)
{
	while (n % VEC) {
		n--;
		d[2 * n] = c->word[2 * n];
		leat_dma_wmb();		/* V7 */
		LEAT_WRITE_ONCE(d[2 * n + 1], c->word[2 * n + 1]);
	}
	while (n) {
		n -= VEC;
		vec_copy4(d + 2 * n, &c->word[2 * n]);
	}
}

/* As packed_tx_compose(), lines first. */
static VIRTIO_ALWAYS_INLINE uint16_t vec_tx_compose(struct virtio_packed_txq *t,
						    struct leat_pkt **pkts, uint16_t n,
						    struct packed_chunk *c, uint64_t *bytes)
{
	const uint16_t hdr_len = t->q.hdr_len, at = t->q.next & (uint16_t)(t->p.size - 1);
	const struct vec_tx k = {
		.word = packed_flags(packed_avail(t->p.size, t->q.next)) | hdr_len,
		.frame_max = t->q.frame_max, .hdr_len = hdr_len,
	};
	struct leat_pkt **sw = &t->q.pkt[at];
	uint16_t *len = &t->q.len[at], done = 0;
	const uint32_t zero = t->q.hdr_zero;

	for (; done + VEC <= n; done += VEC) {
		uint32_t sum = vec_tx4(pkts + done, &k, (uint16_t)(at + done), &c->word[2 * done]);

		if (LEAT_UNLIKELY(!sum))
			break;
		for (unsigned int i = 0; i < VEC; i++) {
			leat_virtio_tx_clear(leat_virtio_tx_hdr(pkts[done + i], hdr_len), hdr_len,
					     zero);
			sw[done + i] = pkts[done + i];
			len[done + i] = 1;
		}
		*bytes += sum;
	}
	return done;
}

static VIRTIO_ALWAYS_INLINE uint16_t vec_tx_run(struct virtio_txq *q, struct leat_pkt **pkts,
						uint16_t n, uint64_t *bytes)
{
	struct virtio_packed_txq *t = packed_txq_of(&q->base);
	struct packed_chunk c;
	uint16_t done = 0;

	n = LEAT_MIN(n, leat_virtio_tx_room(&t->q));
	while (done < n) {
		uint16_t edge = (uint16_t)-t->q.next % VEC, most, m;

		most = packed_chunk_room(&t->p, t->q.next, (uint16_t)(n - done));
		if (edge || most < VEC) {
			most = edge ? LEAT_MIN(most, edge) : most;
			m = packed_tx_compose(t, pkts + done, most, &c, bytes, true);
		} else {
			m = vec_tx_compose(t, pkts + done, most, &c, bytes);
			most &= (uint16_t)~(VEC - 1);
			if (m < most && !m)	/* where the line is that is not plain */
				m = packed_tx_compose(t, pkts + done, VEC, &c, bytes, true);
			else
				most = m;
		}
		vec_copy(packed_desc(&t->p, t->q.next), &c, m);
		t->q.next = (uint16_t)(t->q.next + m);
		done = (uint16_t)(done + m);
		if (m < most)
			break;
	}
	return done;
}

/* ---- the data path ---- */

static uint16_t rx(struct leat_rxq *base, struct leat_pkt **pkts, uint16_t n)
{
	return packed_rx_burst(base, pkts, n, vec_rx_run);
}

static uint16_t rx_blind(struct leat_rxq *base, struct leat_pkt **pkts, uint16_t n)
{
	return packed_rx_burst(base, pkts, n, vec_rx_run_blind);
}

static uint16_t tx(struct leat_txq *base, struct leat_pkt **pkts, uint16_t n)
{
	return packed_tx_burst(base, pkts, n, vec_tx_run);
}

#endif
