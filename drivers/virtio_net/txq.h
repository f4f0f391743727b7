// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/txq.h - what transmit queues of both ring formats have in common
 * (virtio 1.2, 5.1.6.2).
 *
 * A plain packet is one descriptor, the header in its headroom. What was sent is freed
 * late and in bulk: just enough descriptors for the next burst, whose packets the
 * application then takes from its cache and sends by those very descriptors.
 *
 * Positions run free and wrap at 65536. [clean, next) are in use, one position for each
 * descriptor; the first of a packet, or its only one, is its head.
 *
 * A packet in a table of descriptors has one position and many buffers. A queue holds no
 * more buffers than it has descriptors all the same: whoever sized a pool by its queues
 * would find it empty, and receive nothing that made the sender clean.
 */
#ifndef LEAT_VIRTIO_TXQ_H
#define LEAT_VIRTIO_TXQ_H

#include "virtio_net.h"

#include <leat/barrier.h>
#include <leat/bits.h>

#include <string.h>

#define VIRTIO_TX_AHEAD	 32	/* descriptors kept free for the next burst, at least */
#define VIRTIO_TX_FREE	 64	/* packets freed at a time */

/* Nothing that a plain packet has. */
#define VIRTIO_TX_ODD (LEAT_PKT_CSUM_PARTIAL | LEAT_PKT_TSO | LEAT_PKT_VLAN)

/* Descriptors in a table of its own, with INDIRECT_DESC: for packets of three and more. */
#define VIRTIO_TX_TABLE	 16
#define VIRTIO_TX_DIRECT 2

/* What a head has besides its descriptor, in memory that the device can read. */
struct virtio_tx_extra {
	struct virtio_net_hdr_hash hdr;	/* for packets without room for it */
	uint8_t		padding[12];
};

/* A packet in a table, until the queue is cleaned past @pos. */
struct virtio_tx_held {
	uint16_t	pos, beyond;
};

struct virtio_txq {
	struct leat_txq	base;		/* first */
	struct leat_pkt	**pkt;		/* by id */
	uint16_t	*len;		/* by id: descriptors; 0: the device does not have it */
	const struct virtio_txq_ops *ops;
	uint64_t	features;	/* negotiated */
	uint32_t	frame_max;
	uint16_t	size;		/* of the ring */
	uint16_t	hdr_len;
	uint32_t	hdr_zero;	/* bits of csum_offset and num_buffers that are 0 in a plain header */
	uint16_t	max_segs;
	uint16_t	next, clean;
	bool		broken;
	bool		demote;		/* struct leat_virtio's */

	/* packets in tables: a queue of them, with the buffers that they have beyond one */
	struct virtio_tx_held *held;
	uint16_t	held_next, held_clean;
	uint16_t	beyond;		/* the sum of those in it */

	/* by position of the head */
	struct virtio_tx_extra *extra;
	leat_iova_t	extra_iova;
	void		*table;		/* VIRTIO_TX_TABLE descriptors each; NULL: none */
	leat_iova_t	table_iova;
};

/* One piece of a packet: a descriptor's worth. */
struct virtio_piece {
	leat_iova_t	iova;
	uint32_t	len;
};

/* What the formats do differently. */
struct virtio_txq_ops {
	/* Until there is room for @want, or the device has done no more. See below. */
	void (*clean)(struct virtio_txq *q, uint16_t want);
	/* A packet of @n pieces; there is room: n descriptors, or one if @indirect. */
	void (*push)(struct virtio_txq *q, struct leat_pkt *pkt, const struct virtio_piece *pieces,
		     uint16_t n, bool indirect);
};

static inline struct virtio_txq *leat_virtio_txq_of(struct leat_txq *base)
{
	return LEAT_CONTAINER_OF(base, struct virtio_txq, base);
}

static inline uint16_t leat_virtio_tx_room(const struct virtio_txq *q)
{
	return (uint16_t)(q->size - (uint16_t)(q->next - q->clean) - q->beyond);
}

/* Forget the packets in tables that were sent. */
void leat_virtio_tx_forget(struct virtio_txq *q);

static inline void leat_virtio_tx_cleaned(struct virtio_txq *q)
{
	if (LEAT_UNLIKELY(q->beyond))
		leat_virtio_tx_forget(q);
}

/* ---- plain packets ---- */

static inline char *leat_virtio_tx_hdr(const struct leat_pkt *pkt, uint16_t hdr_len)
{
	return (char *)leat_pkt_data(pkt) - hdr_len;
}

/* One segment that is ours alone, with headroom, nothing asked for, of a sane length? */
static inline bool leat_virtio_tx_plain(const struct leat_pkt *pkt, uint16_t hdr_len,
					uint32_t frame_max)
{
	return (pkt->nsegs == 1) & (leat_load_acquire(&pkt->refs) == 1) &
	       !(pkt->flags & VIRTIO_TX_ODD) & (pkt->off >= hdr_len) &
	       ((uint32_t)pkt->len - VIRTIO_NET_ETH_LEN <= frame_max - VIRTIO_NET_ETH_LEN);
}

/*
 * The header of a plain frame is zero; more often than not it is already. @zero: hdr_zero of
 * the queue.
 */
static inline void leat_virtio_tx_clear(char *hdr, uint16_t hdr_len, uint32_t zero)
{
	uint32_t third;
	uint64_t first, hash;

	memcpy(&first, hdr, sizeof(first));
	memcpy(&third, hdr + offsetof(struct virtio_net_hdr, csum_offset), sizeof(third));
	/* the words behind, if it has them; else the first once more */
	memcpy(&hash, hdr + (hdr_len > VIRTIO_NET_HDR_LEN ? VIRTIO_NET_HDR_LEN : 0), sizeof(hash));
	if (first | (third & zero) | hash)
		memset(hdr, 0, hdr_len);
}

/* ---- the burst's parts ---- */

/* The queue stops, says why in one line, and tells the port. */
LEAT_COLD void leat_virtio_tx_break(struct virtio_txq *q, const char *what, unsigned int value);

/*
 * A packet that is not plain. Its header goes in front of the first segment if that
 * has room and nobody else reads it. 1: pushed. 0: impossible to send, freed and
 * counted. -EAGAIN: no descriptors for it now.
 */
int leat_virtio_tx_odd(struct virtio_txq *q, struct leat_pkt *pkt);

/* What a burst sent so far. */
struct virtio_tx_sum {
	uint64_t	packets, bytes;
};

/* The same, counted. False: no descriptors for it now. */
static inline bool leat_virtio_tx_one(struct virtio_txq *q, struct leat_pkt *pkt,
				      struct virtio_tx_sum *sum)
{
	uint32_t total = pkt->total;
	int err = leat_virtio_tx_odd(q, pkt);

	if (err < 0)
		return false;
	sum->packets += (unsigned int)err;
	sum->bytes += err ? total : 0;
	return true;
}

static inline void leat_virtio_tx_count(struct virtio_txq *q, const struct virtio_tx_sum *sum)
{
	leat_store_relaxed(&q->base.packets, q->base.packets + sum->packets);
	leat_store_relaxed(&q->base.bytes, q->base.bytes + sum->bytes);
}

/* A run: plain packets as long as they last, at most @n, and their bytes added to @bytes. */
typedef uint16_t virtio_tx_run_fn(struct virtio_txq *q, struct leat_pkt **pkts, uint16_t n,
				  uint64_t *bytes);

/*
 * How many of @pkts are no longer the caller's. Into @plain, if not NULL: how many @run sent
 * at once, which are in the ring until the queue is cleaned; 0 if there were others.
 */
static VIRTIO_ALWAYS_INLINE uint16_t leat_virtio_tx_packets(struct virtio_txq *q,
							    struct leat_pkt **pkts, uint16_t n,
							    virtio_tx_run_fn *run, uint16_t *plain)
{
	struct virtio_tx_sum sum = { 0, 0 };
	uint16_t i = run(q, pkts, n, &sum.bytes);

	sum.packets = i;
	if (plain)
		*plain = i == n || !leat_virtio_tx_room(q) ? i : 0;
	while (i < n && leat_virtio_tx_room(q) && leat_virtio_tx_one(q, pkts[i], &sum)) {
		uint16_t more = run(q, pkts + i + 1, (uint16_t)(n - i - 1), &sum.bytes);

		sum.packets += more;
		i = (uint16_t)(i + 1 + more);
	}
	leat_virtio_tx_count(q, &sum);
	return i;
}

/*
 * The device copies the packet next, by another CPU. Of a small frame, which is one line,
 * that saves it most of the wait.
 */
static inline void leat_virtio_tx_demote(const struct leat_pkt *pkt)
{
	if (pkt->len <= LEAT_CACHELINE)
		leat_demote(leat_pkt_data(pkt));
}

/* ---- the queue's life ---- */

/*
 * Arrays for a ring of the configured size; the rest of @q zero. @bytes gets what the queue
 * needs in the device's memory behind its ring. 0 or -ENOMEM, logged.
 */
int leat_virtio_txq_init(struct virtio_txq *q, struct virtio_net *net, unsigned int id,
			 const struct virtio_txq_ops *ops, size_t *bytes);
void leat_virtio_txq_fini(struct virtio_txq *q);

/* The state of a new queue with the features negotiated; @va, @iova: the bytes asked for. */
void leat_virtio_txq_reset(struct virtio_txq *q, const struct virtio_net *net, void *va,
			   leat_iova_t iova);

/* All packets back to their pools. */
void leat_virtio_txq_empty(struct virtio_txq *q);

#endif
