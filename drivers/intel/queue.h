// SPDX-License-Identifier: BSD-3-Clause
/*
 * intel/queue.h - queues of Intel's gigabit controllers: their life, and the hot paths but
 * for what a chip says of a frame, or must be told.
 *
 * Positions in a ring run free and wrap.
 *
 * Of a receive queue [taken, posted) is the device's, or done and not looked at yet; it
 * never is the whole ring, for head equal to tail means an empty one (82574 7.1.8). What
 * was taken is refilled in handfuls at the next burst, when the application has freed what
 * it does not keep, or in this one, if frames took many or there are no more; one write to
 * the tail tells of all of them.
 *
 * Of a transmit queue [clean, next) is the device's. It reports status (RS) for the last
 * descriptor of a burst, and at least every INTEL_REPORT descriptors; where, is kept in a
 * queue of positions, so that cleaning looks at nothing else.
 *
 * A driver writes burst functions that call intel_rx_burst() and intel_tx_burst() with a
 * constant kind: the compiler makes one loop of both, without a call by pointer in it.
 * Bursts, news and what they call belong to the queue's thread, the rest to the control
 * thread.
 */
#ifndef INTEL_QUEUE_H
#define INTEL_QUEUE_H

#include "desc.h"
#include "hw.h"

#include <leat/barrier.h>
#include <leat/driver/irqs.h>

#include <string.h>

#define INTEL_FRAME_MIN	 14		/* bytes to send: the device pads to 60 */
#define INTEL_SEGS_MAX	 32		/* of one packet to send */
#define INTEL_TSO_MAX	 0xffff		/* bytes of one to be cut */
#define INTEL_FILL_MAX	 64		/* buffers posted at a time, and told of by one doorbell */
#define INTEL_REPORT	 32		/* descriptors between two reports, at most */

/* So that a constant kind is one: always. */
#define INTEL_INLINE static inline __attribute__((always_inline))

/* What makes a packet more than bytes to send. */
#define INTEL_TX_ODD (LEAT_PKT_CSUM_PARTIAL | LEAT_PKT_TSO | LEAT_PKT_VLAN)

/* Registers of a queue, from its first one on. */
enum intel_queue_reg {
	INTEL_QUEUE_BAL = 0x00, INTEL_QUEUE_BAH = 0x04, INTEL_QUEUE_LEN = 0x08,
	INTEL_QUEUE_HEAD = 0x10, INTEL_QUEUE_TAIL = 0x18, INTEL_QUEUE_DCTL = 0x28,
};

/* What the queues of a port have in common. In the driver's port, filled in by its configure. */
struct intel_queues {
	const struct leat_pci_irqs *irqs;
	/*
	 * Windows of their doorbells: where those are mapped and others not, a store would
	 * overtake a write by message, so all that is a queue's goes by them.
	 */
	const struct leat_mmio *rx_regs, *tx_regs;
	uint32_t	rx_at, tx_at;	/* queue 0's first register there */
	uint32_t	stride;		/* from there to the next queue's */
	uint32_t	piece_max;	/* bytes that one descriptor to send can carry */
	uint32_t	rx_room;	/* bytes of a buffer that the device may fill */
	uint32_t	frame_max;	/* bytes of the longest frame to send, without CRC */
};

/* ---- rings ---- */

struct intel_ring {
	const struct leat_mmio *regs;
	uint32_t	at;		/* its first register there */
	uint16_t	mask;
	struct leat_mem	mem;		/* of the descriptors */
};

static inline uint32_t intel_ring_read(const struct intel_ring *r, uint32_t reg)
{
	return leat_mmio_read32(r->regs, r->at + reg);
}

static inline void intel_ring_write(const struct intel_ring *r, uint32_t reg, uint32_t val)
{
	leat_mmio_write32(r->regs, r->at + reg, val);
}

/* Where it is, how long, and empty. */
void leat_intel_ring_program(const struct intel_ring *r);

/* ---- receive ---- */

struct intel_rxq {
	struct leat_rxq	base;
	union intel_rxd	*desc;
	struct leat_pkt	**slot;		/* NULL: none posted there */
	uint16_t	taken, posted;
	uint16_t	fill;		/* buffers posted at a time */
	bool		csum, vlan, hash;
	uint32_t	room;		/* intel_queues.rx_room, as it was at start */
	struct intel_ring ring;
	const struct intel_queues *all;
};

/* What differs: bits of status of frames that are none, and what is said of the others. */
struct intel_rx_kind {
	uint32_t	bad;
	void		(*meta)(const struct intel_rxq *q, struct leat_pkt *pkt,
				const struct intel_rxd_done *d, uint32_t status);
};

static inline struct intel_rxq *intel_rxq_of(struct leat_rxq *base)
{
	return LEAT_CONTAINER_OF(base, struct intel_rxq, base);
}

/* As leat_driver.rxq_setup, with the burst function. */
int leat_intel_rxq_setup(const struct intel_queues *all, struct leat_port *port, unsigned int id,
			 uint16_t (*burst)(struct leat_rxq *, struct leat_pkt **, uint16_t),
			 struct leat_rxq **out);
void leat_intel_rxq_free(struct leat_rxq *base);
/* Empty, as the port is configured now; to be done before the device knows of it. */
void leat_intel_rxq_clear(struct intel_rxq *q);
/*
 * The first fill, by the control thread; the doorbell is not written. 0; -ENOMEM, logged:
 * the pool is empty.
 */
int leat_intel_rxq_fill(struct intel_rxq *q);
/* All buffers back to the pool; the device no longer has them. */
void leat_intel_rxq_stop(struct leat_rxq *base);
/* Is there something to take? */
bool leat_intel_rxq_news(struct leat_rxq *base);
/* As leat_driver.rxq_descs. */
void leat_intel_rxq_descs(struct leat_rxq *base, struct leat_descs *out);

/* Fresh buffers, as far as there are; and the doorbell, if there were any. */
void leat_intel_rx_refill(struct intel_rxq *q);
/* The device does what it must not: log it, stop the queue. */
void leat_intel_rx_break(struct intel_rxq *q, const char *what, unsigned int value);
/* Free a frame that is none, and count it. NULL. */
struct leat_pkt *leat_intel_rx_discard(struct intel_rxq *q, struct leat_pkt *pkt);
/*
 * leat_intel_rx_chain - the next frame, if it is more than one buffer without errors; *@d
 * is its last descriptor, *@status the bits of all of them. NULL: its end is not there yet,
 * or the queue broke.
 */
struct leat_pkt *leat_intel_rx_chain(struct intel_rxq *q, struct intel_rxd_done *d,
				     uint32_t *status);

static inline uint32_t intel_rx_status(const struct intel_rxq *q, uint16_t pos)
{
	return leat_le32_to_cpu(LEAT_READ_ONCE(q->desc[pos & q->ring.mask].done.status));
}

static inline uint16_t intel_rx_missing(const struct intel_rxq *q)
{
	return (uint16_t)(q->ring.mask - (uint16_t)(q->posted - q->taken));
}

static inline void intel_rx_doorbell(const struct intel_rxq *q)
{
	intel_ring_write(&q->ring, INTEL_QUEUE_TAIL, q->posted & q->ring.mask);
}

/* The next buffer, with what the device says it put there. NULL: it lies; the queue is broken. */
static inline struct leat_pkt *intel_rx_take(struct intel_rxq *q, struct intel_rxd_done *d)
{
	uint16_t at = q->taken & q->ring.mask, len;
	struct leat_pkt *pkt = q->slot[at];

	/* Copied, then checked, then used: the ring stays the device's to write. */
	memcpy(d, &q->desc[at].done, sizeof(*d));
	len = leat_le16_to_cpu(d->len);
	if (LEAT_UNLIKELY(len > q->room)) {
		leat_intel_rx_break(q, "says that a buffer holds more than fits", len);
		return NULL;
	}
	q->slot[at] = NULL;
	q->taken++;
	pkt->len = len;
	pkt->total = len;
	return pkt;
}

/* What the descriptors of all have in common to say. */
INTEL_INLINE void intel_rx_hash_vlan(const struct intel_rxq *q, struct leat_pkt *pkt,
				     const struct intel_rxd_done *d, uint32_t status)
{
	if (q->hash && (leat_le32_to_cpu(d->info) & INTEL_RXD_RSS_TYPE)) {
		pkt->hash = leat_le32_to_cpu(d->hash);
		pkt->flags |= LEAT_PKT_HASH;
	}
	if (q->vlan && (status & INTEL_RXD_VP)) {
		pkt->vlan = leat_le16_to_cpu(d->vlan);
		pkt->flags |= LEAT_PKT_VLAN;
	}
}

/* The next frame. False: there is none. *@out NULL: there was one, and it is no more. */
INTEL_INLINE bool intel_rx_frame(struct intel_rxq *q, struct leat_pkt **out,
				 const struct intel_rx_kind *kind)
{
	const uint32_t plain = INTEL_RXD_DD | INTEL_RXD_EOP;
	struct intel_rxd_done d;
	struct leat_pkt *pkt;
	uint32_t status;

	if (q->taken == q->posted)
		return false;
	status = intel_rx_status(q, q->taken);
	if (!(status & INTEL_RXD_DD))
		return false;
	leat_dma_rmb();		/* DD before everything that it vouches for */
	if (LEAT_LIKELY((status & (plain | kind->bad)) == plain))
		pkt = intel_rx_take(q, &d);
	else
		pkt = leat_intel_rx_chain(q, &d, &status);
	if (LEAT_UNLIKELY(!pkt))
		return false;
	if (LEAT_UNLIKELY((status & kind->bad) || pkt->total < INTEL_FRAME_MIN))
		pkt = leat_intel_rx_discard(q, pkt);
	else
		kind->meta(q, pkt, &d, status);
	*out = pkt;
	return true;
}

/* As many frames as are there, at most @n; *@bytes grows by theirs. */
INTEL_INLINE uint16_t intel_rx_frames(struct intel_rxq *q, struct leat_pkt **pkts, uint16_t n,
				      uint64_t *bytes, const struct intel_rx_kind *kind)
{
	uint16_t got = 0;

	while (got < n && intel_rx_frame(q, &pkts[got], kind)) {
		leat_prefetch(&q->desc[(q->taken + 4) & q->ring.mask]);
		if (LEAT_UNLIKELY(!pkts[got]))
			continue;
		*bytes += pkts[got++]->total;
	}
	return got;
}

/*
 * leat_rxq.burst, for the driver's.
 *
 * Buffers that come due with the last of the frames are given at once, and what the device
 * receives meanwhile belongs to this burst. It may have waited for them; and QEMU's does what
 * it can while a virtual CPU waits for the doorbell, so that the burst ends full instead of
 * with the first frame after a silence.
 */
INTEL_INLINE uint16_t intel_rx_burst(struct leat_rxq *base, struct leat_pkt **pkts, uint16_t n,
				     const struct intel_rx_kind *kind)
{
	struct intel_rxq *q = intel_rxq_of(base);
	bool due = intel_rx_missing(q) >= q->fill;
	uint64_t bytes = 0;
	uint16_t got;

	if (due)
		leat_intel_rx_refill(q);
	got = intel_rx_frames(q, pkts, n, &bytes, kind);
	if (LEAT_UNLIKELY(!due && got < n && intel_rx_missing(q) >= q->fill &&
			  !leat_intel_rxq_news(base))) {
		leat_intel_rx_refill(q);
		got += intel_rx_frames(q, pkts + got, (uint16_t)(n - got), &bytes, kind);
	} else if (LEAT_UNLIKELY(intel_rx_missing(q) >= q->fill + LEAT_MIN(n, q->fill))) {
		/* Frames of many buffers have left few, too few to wait for the next burst. */
		leat_intel_rx_refill(q);
	}
	leat_store_relaxed(&base->packets, base->packets + got);
	leat_store_relaxed(&base->bytes, base->bytes + bytes);
	return got;
}

/* ---- transmit ---- */

/* A context descriptor; what is in it is the family's. */
struct intel_tx_context {
	leat_le32	word[4];
};
LEAT_STATIC_ASSERT(sizeof(struct intel_tx_context) == sizeof(struct intel_txd), "hardware layout");

struct intel_txq {
	struct leat_txq	base;
	struct intel_txd *desc;
	struct leat_pkt	**pkt;		/* at the last descriptor of each packet */
	uint16_t	*report;	/* positions that report, oldest first; as long as the ring */
	uint16_t	next, clean;
	uint16_t	report_next, report_clean;
	uint16_t	unreported;	/* descriptors since the last report */
	uint16_t	max_segs;
	uint32_t	frame_max;	/* intel_queues.frame_max, as it was at start */
	uint32_t	offloads;
	uint64_t	page_mask;	/* leat_intel_page_mask() */
	struct intel_ring ring;
	const struct intel_queues *all;
	struct intel_tx_context context[2];	/* the last ones sent, by number; zero: none */
};

/* How a packet is to be sent. */
struct intel_tx_plan {
	uint32_t	cmd, status;	/* of its data descriptors */
	unsigned int	index;		/* of its context */
	bool		fresh;		/* send the context first */
	struct intel_tx_context context;
};

/* What differs: the words of a plain packet, and what is done for the others. */
struct intel_tx_kind {
	uint32_t	cmd;
	uint32_t	len_mask;	/* where status has the bytes of the packet; 0: nowhere */
	/* 1: on its way. 0: impossible, freed and counted. -EAGAIN: no descriptors for it now. */
	int		(*odd)(struct intel_txq *q, struct leat_pkt *pkt);
};

static inline struct intel_txq *intel_txq_of(struct leat_txq *base)
{
	return LEAT_CONTAINER_OF(base, struct intel_txq, base);
}

/* As leat_driver.txq_setup, with the burst function. */
int leat_intel_txq_setup(const struct intel_queues *all, struct leat_port *port, unsigned int id,
			 uint16_t (*burst)(struct leat_txq *, struct leat_pkt **, uint16_t),
			 struct leat_txq **out);
void leat_intel_txq_free(struct leat_txq *base);
/* As leat_driver.txq_descs. */
void leat_intel_txq_descs(struct leat_txq *base, struct leat_descs *out);
/* Empty, as the port is configured now; to be done before the device knows of it. */
void leat_intel_txq_clear(struct intel_txq *q);
/* All packets back to their pools; the device no longer has them. */
void leat_intel_txq_stop(struct leat_txq *base);

/* Free what was sent, until @want descriptors are free, or the device has reported no more. */
void leat_intel_tx_clean(struct intel_txq *q, uint16_t want);
/* Could a packet be sent at all? */
bool leat_intel_tx_possible(const struct intel_txq *q, const struct leat_pkt *pkt);
/* By plan, and as intel_tx_kind.odd; and without one: 0. */
int leat_intel_tx_planned(struct intel_txq *q, struct leat_pkt *pkt,
			  const struct intel_tx_plan *p);
int leat_intel_tx_drop(struct intel_txq *q, struct leat_pkt *pkt);

/* The context that @p needs, number p->index: sent if it is not the last one that was. */
static inline void intel_tx_context(const struct intel_txq *q, const void *descriptor,
				    struct intel_tx_plan *p)
{
	memcpy(&p->context, descriptor, sizeof(p->context));
	p->fresh = memcmp(&p->context, &q->context[p->index], sizeof(p->context));
}

/* One descriptor is never used: a full ring would look empty (82574 7.2.9). */
static inline uint16_t intel_tx_room(const struct intel_txq *q)
{
	return (uint16_t)(q->ring.mask - (uint16_t)(q->next - q->clean));
}

static inline void intel_tx_put(struct intel_txq *q, leat_iova_t addr, uint32_t cmd,
				uint32_t status)
{
	struct intel_txd *d = &q->desc[q->next++ & q->ring.mask];

	d->addr = leat_cpu_to_le64(addr);
	d->cmd = leat_cpu_to_le32(cmd);
	d->status = leat_cpu_to_le32(status);
	q->unreported++;
}

/* Have the last descriptor written report. */
static inline void intel_tx_report(struct intel_txq *q)
{
	uint16_t last = (uint16_t)(q->next - 1);
	struct intel_txd *d = &q->desc[last & q->ring.mask];

	d->cmd = leat_cpu_to_le32(leat_le32_to_cpu(d->cmd) | INTEL_TXD_RS);
	q->report[q->report_next++ & q->ring.mask] = last;
	q->unreported = 0;
}

static inline bool intel_tx_plain(const struct intel_txq *q, const struct leat_pkt *pkt)
{
	return (pkt->nsegs == 1) & !(pkt->flags & INTEL_TX_ODD) &
	       ((uint32_t)pkt->len - INTEL_FRAME_MIN <= q->frame_max - INTEL_FRAME_MIN) &
	       !intel_crosses(q->page_mask, leat_pkt_iova(pkt), pkt->len);
}

INTEL_INLINE uint16_t intel_tx_packets(struct intel_txq *q, struct leat_pkt **pkts, uint16_t n,
				       const struct intel_tx_kind *kind)
{
	uint64_t bytes = 0, sent = 0;
	uint16_t i;

	for (i = 0; i < n; i++) {
		struct leat_pkt *pkt = pkts[i];
		uint32_t total = pkt->total;
		int done = 1;

		if (LEAT_LIKELY(intel_tx_plain(q, pkt) && intel_tx_room(q))) {
			q->pkt[q->next & q->ring.mask] = pkt;
			intel_tx_put(q, leat_pkt_iova(pkt), kind->cmd | INTEL_TXD_EOP | pkt->len,
				     LEAT_PUT(kind->len_mask, total));
		} else {
			done = kind->odd(q, pkt);
		}
		if (done < 0)
			break;
		sent += (unsigned int)done;
		bytes += done ? total : 0;
		if (q->unreported >= INTEL_REPORT)
			intel_tx_report(q);
	}
	leat_store_relaxed(&q->base.packets, q->base.packets + sent);
	leat_store_relaxed(&q->base.bytes, q->base.bytes + bytes);
	return i;
}

/* leat_txq.burst, for the driver's. */
INTEL_INLINE uint16_t intel_tx_burst(struct leat_txq *base, struct leat_pkt **pkts, uint16_t n,
				     const struct intel_tx_kind *kind)
{
	struct intel_txq *q = intel_txq_of(base);
	uint16_t mask = q->ring.mask, before = q->next, sent;

	leat_intel_tx_clean(q, n ? LEAT_MIN(LEAT_MAX(n, INTEL_REPORT), mask) : mask);
	if (!n)
		return 0;
	sent = intel_tx_packets(q, pkts, n, kind);
	if (q->next != before) {
		if (q->unreported)
			intel_tx_report(q);
		intel_ring_write(&q->ring, INTEL_QUEUE_TAIL, q->next & mask);
	}
	return sent;
}

/* ---- those of a port ---- */

/* -EINVAL, logged: the pool's buffers have less than @least bytes, and so rx_room is 0. */
int leat_intel_queues_check(const struct leat_port *port, const struct intel_queues *all,
			    unsigned int least);
/* port->info: @what ("extended"), then sizes, interrupts, offloads. */
void leat_intel_queues_tell(struct leat_port *port, const struct intel_queues *all,
			    const char *what);

/* Start all by the driver's functions; if one fails, none is, and that is the answer. */
int leat_intel_queues_start(struct leat_port *port, int (*rx)(struct leat_rxq *),
			    int (*tx)(struct leat_txq *));
/* The device has let go of them. */
void leat_intel_queues_stop(struct leat_port *port);

#endif
