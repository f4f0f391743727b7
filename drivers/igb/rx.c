// SPDX-License-Identifier: BSD-3-Clause
/*
 * igb/rx.c - receiving by advanced descriptors of one buffer (82576 section 7.1).
 *
 * Ring positions run free and wrap. [taken, posted) is the device's, or done and
 * not looked at yet; it never is the whole ring, for head equal to tail means an
 * empty one. What was taken is refilled in handfuls at the next burst, when the
 * application has freed what it does not keep, and one write to RDT tells of all
 * of them.
 */
#include "igb.h"

#include <leat/barrier.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FILL	  32		/* buffers posted at a time */
#define SCTP_ODD  60		/* bytes: the erratum's, see rx_csum() */

struct rxq {
	struct leat_rxq	base;
	union igb_rxd	*ring;
	struct leat_pkt	**slot;		/* NULL: none posted there */
	const struct leat_mmio *regs;
	uint32_t	tail;		/* its doorbell */
	uint16_t	mask, fill;
	uint16_t	taken, posted;
	uint32_t	room;		/* bytes of a buffer that are the device's */
	bool		csum, vlan, hash;
	struct leat_mem	mem;
};

static struct rxq *rxq_of(struct leat_rxq *base)
{
	return LEAT_CONTAINER_OF(base, struct rxq, base);
}

static inline uint32_t rx_status(const struct rxq *q, uint16_t pos)
{
	return leat_le32_to_cpu(LEAT_READ_ONCE(q->ring[pos & q->mask].done.status));
}

static LEAT_COLD void rx_break(struct rxq *q, const char *what, unsigned int value)
{
	struct leat_port *port = q->base.port;

	q->base.burst = leat_rx_nothing;
	leat_log(port->ctx, LEAT_LOG_ERROR,
		 "%s: receive queue %u stopped: the device %s (%u): stop and start the port",
		 port->name, q->base.id, what, value);
	leat_port_notify(port, LEAT_EVENT_ERROR);
}

/* ---- refill ---- */

static void rx_post(struct rxq *q, struct leat_pkt *const *pkts, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		uint16_t at = q->posted++ & q->mask;

		q->slot[at] = pkts[i];
		q->ring[at].read.addr = leat_cpu_to_le64(leat_pkt_iova(pkts[i]));
		q->ring[at].read.header = leat_cpu_to_le64(0);
	}
}

static uint16_t rx_missing(const struct rxq *q)
{
	return (uint16_t)(q->mask - (uint16_t)(q->posted - q->taken));
}

/* The pool is almost empty: what there is, in ever smaller handfuls. */
static LEAT_COLD unsigned int rx_alloc_scarce(struct rxq *q, struct leat_pkt **pkts)
{
	unsigned int n = q->fill / 2;

	leat_store_relaxed(&q->base.nobuf, q->base.nobuf + 1);
	while (n && !leat_pkt_alloc(q->base.cache, pkts, n))
		n /= 2;
	return n;
}

static void rx_fill(struct rxq *q)
{
	struct leat_pkt *pkts[FILL];

	while (rx_missing(q) >= q->fill) {
		if (LEAT_UNLIKELY(!leat_pkt_alloc(q->base.cache, pkts, q->fill))) {
			rx_post(q, pkts, rx_alloc_scarce(q, pkts));
			break;
		}
		rx_post(q, pkts, q->fill);
	}
}

static inline void rx_doorbell(const struct rxq *q)
{
	leat_mmio_write32(q->regs, q->tail, q->posted & q->mask);
}

/* ---- frames ---- */

/* Specification update: L4E of SCTP frames without padding means nothing. */
static inline void rx_csum(struct leat_pkt *pkt, uint32_t info, uint32_t status)
{
	if (LEAT_LIKELY(!(status & (IGB_RXD_L4E | IGB_RXD_IPE)))) {
		if (status & IGB_RXD_L4CS)
			pkt->flags |= LEAT_PKT_CSUM_GOOD;
		return;
	}
	if (!(info & IGB_RXD_SCTP) || pkt->total != SCTP_ODD || (status & IGB_RXD_IPE))
		pkt->flags |= LEAT_PKT_CSUM_BAD;
}

static inline void rx_meta(const struct rxq *q, struct leat_pkt *pkt, const struct igb_rxd_done *d,
			   uint32_t status)
{
	uint32_t info = leat_le32_to_cpu(d->info);

	if (q->csum)
		rx_csum(pkt, info, status);
	if (q->hash && (info & IGB_RXD_RSS_TYPE)) {
		pkt->hash = leat_le32_to_cpu(d->hash);
		pkt->flags |= LEAT_PKT_HASH;
	}
	if (q->vlan && (status & IGB_RXD_VP)) {
		pkt->vlan = leat_le16_to_cpu(d->vlan);
		pkt->flags |= LEAT_PKT_VLAN;
	}
}

/* The next buffer, with what the device says it put there. NULL: it lies; the queue is broken. */
static inline struct leat_pkt *rx_take(struct rxq *q, struct igb_rxd_done *d)
{
	uint16_t at = q->taken & q->mask, len;
	struct leat_pkt *pkt = q->slot[at];

	/* Copied, then checked, then used: the ring stays the device's to write. */
	memcpy(d, &q->ring[at].done, sizeof(*d));
	len = leat_le16_to_cpu(d->len);
	if (LEAT_UNLIKELY(len > q->room)) {
		rx_break(q, "says that a buffer holds more than fits", len);
		return NULL;
	}
	q->slot[at] = NULL;
	q->taken++;
	pkt->len = len;
	pkt->total = len;
	return pkt;
}

/* How many descriptors from @pos on make up a frame; 0: its end is not there yet. */
static unsigned int rx_span(struct rxq *q, uint16_t pos)
{
	for (unsigned int n = 1; pos != q->posted; n++) {
		uint32_t status = rx_status(q, pos++);

		if (!(status & IGB_RXD_DD))
			return 0;
		if (status & IGB_RXD_EOP)
			return n;
	}
	if (rx_missing(q) < q->fill)		/* the whole ring, and no end */
		rx_break(q, "began a frame that has no end", (uint16_t)(q->posted - q->taken));
	return 0;
}

static struct leat_pkt *rx_discard(struct rxq *q, struct leat_pkt *pkt)
{
	leat_store_relaxed(&q->base.errors, q->base.errors + 1);
	leat_pkt_free_to(q->base.cache, &pkt, 1);
	return NULL;
}

static void rx_append(struct leat_pkt *head, struct leat_pkt **last, struct leat_pkt *pkt)
{
	(*last)->next = pkt;
	*last = pkt;
	head->nsegs++;
	head->total += pkt->len;
}

/* A frame of @n buffers, or one with errors, as rx_frame(). */
static __attribute__((noinline)) bool rx_odd(struct rxq *q, unsigned int n, struct leat_pkt **out)
{
	struct leat_pkt *head, *last;
	struct igb_rxd_done d;
	uint32_t status;

	if (n > UINT8_MAX) {
		rx_break(q, "uses more buffers for a frame than a packet has segments", n);
		return false;
	}
	head = last = rx_take(q, &d);
	if (!head)
		return false;
	status = leat_le32_to_cpu(d.status);
	while (--n) {
		struct leat_pkt *pkt = rx_take(q, &d);

		if (!pkt) {
			rx_discard(q, head);
			return false;
		}
		status |= leat_le32_to_cpu(d.status);
		rx_append(head, &last, pkt);
	}
	if ((status & IGB_RXD_RXE) || head->total < IGB_FRAME_MIN)
		head = rx_discard(q, head);
	else
		rx_meta(q, head, &d, status);
	*out = head;
	return true;
}

/* The next frame. False: there is none. *@pkt NULL: there was one, and it is no more. */
static inline bool rx_frame(struct rxq *q, struct leat_pkt **pkt)
{
	const uint32_t plain = IGB_RXD_DD | IGB_RXD_EOP;
	struct igb_rxd_done d;
	uint32_t status;
	unsigned int n;

	if (q->taken == q->posted)
		return false;
	status = rx_status(q, q->taken);
	if (!(status & IGB_RXD_DD))
		return false;
	leat_dma_rmb();		/* DD before everything that it vouches for */
	if (LEAT_LIKELY((status & (plain | IGB_RXD_RXE)) == plain)) {
		*pkt = rx_take(q, &d);
		if (LEAT_UNLIKELY(!*pkt))
			return false;
		if (LEAT_UNLIKELY((*pkt)->len < IGB_FRAME_MIN))
			*pkt = rx_discard(q, *pkt);
		else
			rx_meta(q, *pkt, &d, status);
		return true;
	}
	n = rx_span(q, q->taken);
	if (!n)
		return false;
	leat_dma_rmb();		/* of all of them */
	return rx_odd(q, n, pkt);
}

static uint16_t rx_burst(struct leat_rxq *base, struct leat_pkt **pkts, uint16_t n)
{
	struct rxq *q = rxq_of(base);
	uint16_t got = 0, before = q->posted;
	uint64_t bytes = 0;

	rx_fill(q);
	if (q->posted != before)
		rx_doorbell(q);
	while (got < n && rx_frame(q, &pkts[got])) {
		leat_prefetch(&q->ring[(q->taken + 4) & q->mask]);
		if (LEAT_UNLIKELY(!pkts[got]))
			continue;
		bytes += pkts[got++]->total;
	}
	leat_store_relaxed(&q->base.packets, q->base.packets + got);
	leat_store_relaxed(&q->base.bytes, q->base.bytes + bytes);
	return got;
}

bool leat_igb_rxq_news(struct leat_rxq *base)
{
	const struct rxq *q = rxq_of(base);

	return q->taken != q->posted && (rx_status(q, q->taken) & IGB_RXD_DD);
}

/* ---- the queue's life ---- */

int leat_igb_rxq_setup(struct leat_port *port, unsigned int id, struct leat_rxq **out)
{
	struct igb *g = igb_of(port);
	uint16_t size = port->cfg.rx_desc;
	struct rxq *q = calloc(1, sizeof(*q));
	int err = -ENOMEM;

	if (!q)
		goto fail;
	q->slot = calloc(size, sizeof(struct leat_pkt *));
	if (!q->slot)
		goto free_queue;
	err = leat_aspace_alloc(port->dev->as, size * sizeof(*q->ring), 128, &q->mem);
	if (err)
		goto free_slots;
	q->ring = q->mem.va;
	q->mask = (uint16_t)(size - 1);
	q->fill = (uint16_t)LEAT_MIN(FILL, size / 4);
	q->regs = &g->rxqs;
	q->tail = IGB_QUEUE(IGB_RDT, id) - IGB_RXQ_PAGE;
	q->base.event = leat_pci_irqs_event(&g->irqs, id);
	q->base.fd = leat_pci_irqs_fd(&g->irqs, id);
	q->base.direct = rx_burst;
	*out = &q->base;
	return 0;

free_slots:
	free(q->slot);
free_queue:
	free(q);
fail:
	if (err == -ENOMEM)
		leat_log(port->ctx, LEAT_LOG_ERROR, "%s: receive queue %u: no memory for %u "
			 "descriptors", port->name, id, size);
	return err;
}

void leat_igb_rxq_free(struct leat_rxq *base)
{
	struct rxq *q = rxq_of(base);

	leat_aspace_free(base->port->dev->as, &q->mem);
	free(q->slot);
	free(q);
}

/* 4.6.9: the ring, its buffers' size; full, it drops, if others wait behind it. */
static void rx_program(struct rxq *q)
{
	struct leat_port *port = q->base.port;
	const struct igb *g = igb_of(port);
	unsigned int id = q->base.id;

	igb_queue_write(g, IGB_RXDCTL, id, 0);
	igb_queue_write(g, IGB_RDBAL, id, (uint32_t)q->mem.iova);
	igb_queue_write(g, IGB_RDBAH, id, (uint32_t)(q->mem.iova >> 32));
	igb_queue_write(g, IGB_RDLEN, id, (uint32_t)((q->mask + 1u) * sizeof(*q->ring)));
	igb_queue_write(g, IGB_SRRCTL, id,
			LEAT_PUT(IGB_SRRCTL_DESCTYPE, IGB_SRRCTL_ONE_BUFFER) |
		    LEAT_PUT(IGB_SRRCTL_PACKET, q->room >> 10) |
		    (port->cfg.rxqs > 1 ? IGB_SRRCTL_DROP : 0));
	igb_queue_write(g, IGB_RDH, id, 0);
	igb_queue_write(g, IGB_RDT, id, 0);
	igb_queue_write(g, IGB_RXDCTL, id, IGB_DCTL_ENABLE |
		    LEAT_PUT(IGB_DCTL_PTHRESH, 8u) | LEAT_PUT(IGB_DCTL_HTHRESH, 8u) |
		    LEAT_PUT(IGB_DCTL_WTHRESH, 1u));
}

/* The first fill, on the control thread: the queue's cache is another thread's. */
static int rx_fill_first(struct rxq *q)
{
	struct leat_port *port = q->base.port;
	struct leat_pool_cache *cache, *own = q->base.cache;
	int err = leat_pool_cache_create(port->cfg.pool, 0, &cache);

	if (err)
		return err;
	q->base.cache = cache;
	rx_fill(q);
	q->base.cache = own;
	leat_pool_cache_destroy(cache);
	if (q->posted)
		return 0;
	return leat_fail(port->ctx, -ENOMEM, "%s: receive queue %u: none of the pool's %u packets "
			 "is free: make the pool larger", port->name, q->base.id,
			 leat_pool_count(port->cfg.pool));
}

int leat_igb_rxq_start(struct leat_rxq *base)
{
	struct rxq *q = rxq_of(base);
	struct igb *g = igb_of(base->port);
	int err;

	memset(q->mem.va, 0, q->mem.len);
	q->taken = q->posted = 0;
	q->room = g->rx_room;
	q->csum = igb_offloads(g) & LEAT_CAP_RX_CSUM;
	q->vlan = igb_offloads(g) & LEAT_CAP_RX_VLAN;
	q->hash = base->port->rss.types && (igb_offloads(g) & LEAT_CAP_RX_HASH);
	rx_program(q);
	err = rx_fill_first(q);
	if (err)
		leat_igb_rxq_stop(base);
	return err;
}

void leat_igb_rxq_offer(struct leat_rxq *base)
{
	rx_doorbell(rxq_of(base));
}

void leat_igb_rxq_stop(struct leat_rxq *base)
{
	struct rxq *q = rxq_of(base);

	for (unsigned int i = 0; i <= q->mask; i++) {
		if (q->slot[i])
			leat_pkt_free(&q->slot[i], 1);
		q->slot[i] = NULL;
	}
}

int leat_igb_rxq_resume(struct leat_rxq *base)
{
	int err = leat_igb_rxq_start(base);

	if (err)
		return err;
	err = leat_igb_queue_on(igb_of(base->port), IGB_RXDCTL, base->id);
	if (err) {
		leat_igb_rxq_suspend(base);
		return err;
	}
	leat_igb_rxq_offer(base);
	return 0;
}

void leat_igb_rxq_suspend(struct leat_rxq *base)
{
	leat_igb_queue_off(igb_of(base->port), IGB_RXDCTL, base->id);
	leat_igb_rxq_stop(base);
}
