// SPDX-License-Identifier: BSD-3-Clause
/*
 * e1000e/rx.c - receiving by extended descriptors (82574 sections 7.1.4 to 7.1.8).
 *
 * Ring positions run free and wrap. [taken, posted) is the device's, or done and
 * not looked at yet; it never is the whole ring, for head equal to tail means an
 * empty one (7.1.8). What was taken is refilled in handfuls at the next burst,
 * when the application has freed what it does not keep, and one write to RDT
 * tells of all of them.
 */
#include "e1000e.h"

#include <leat/barrier.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FILL 32			/* buffers posted at a time */

struct rxq {
	struct leat_rxq	base;
	union e1000e_rxd *ring;
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
		q->ring[at].read.zero = leat_cpu_to_le64(0);
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

/* Fresh buffers, as far as there are; then the doorbell, once. */
static void rx_fill(struct rxq *q)
{
	struct leat_pkt *pkts[FILL];
	uint16_t before = q->posted;

	while (rx_missing(q) >= q->fill) {
		if (LEAT_UNLIKELY(!leat_pkt_alloc(q->base.cache, pkts, q->fill))) {
			rx_post(q, pkts, rx_alloc_scarce(q, pkts));
			break;
		}
		rx_post(q, pkts, q->fill);
	}
	if (q->posted != before)
		leat_mmio_write32(q->regs, q->tail, q->posted & q->mask);
}

/* ---- frames ---- */

static inline void rx_meta(const struct rxq *q, struct leat_pkt *pkt,
			   const struct e1000e_rxd_done *d, uint32_t status)
{
	if (q->csum && (status & (E1000E_RXD_TCPCS | E1000E_RXD_IXSM)) == E1000E_RXD_TCPCS)
		pkt->flags |= status & (E1000E_RXD_TCPE | E1000E_RXD_IPE) ? LEAT_PKT_CSUM_BAD :
									  LEAT_PKT_CSUM_GOOD;
	if (q->hash && (leat_le32_to_cpu(d->mrq) & E1000E_MRQ_TYPE)) {
		pkt->hash = leat_le32_to_cpu(d->hash);
		pkt->flags |= LEAT_PKT_HASH;
	}
	if (q->vlan && (status & E1000E_RXD_VP)) {
		pkt->vlan = leat_le16_to_cpu(d->vlan);
		pkt->flags |= LEAT_PKT_VLAN;
	}
}

/* The next buffer, with what the device says it put there. NULL: it lies; the queue is broken. */
static inline struct leat_pkt *rx_take(struct rxq *q, struct e1000e_rxd_done *d)
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

		if (!(status & E1000E_RXD_DD))
			return 0;
		if (status & E1000E_RXD_EOP)
			return n;
	}
	if (rx_missing(q) < q->fill)		/* the whole ring, and no end */
		rx_break(q, "began a frame that has no end", q->posted - q->taken);
	return 0;
}

static struct leat_pkt *rx_discard(struct rxq *q, struct leat_pkt *pkt)
{
	leat_store_relaxed(&q->base.errors, q->base.errors + 1);
	leat_pkt_free_to(q->base.cache, &pkt, 1);
	return NULL;
}

/* A frame of @n buffers, or one with errors; *@out NULL: no frame of it. False: the queue is broken. */
static __attribute__((noinline)) bool rx_odd(struct rxq *q, unsigned int n, struct leat_pkt **out)
{
	struct leat_pkt *head = NULL, *last = NULL, *pkt;
	struct e1000e_rxd_done d;
	unsigned int left = n;
	uint32_t status = 0;

	do {
		pkt = rx_take(q, &d);
		if (!pkt)
			goto broken;
		status |= leat_le32_to_cpu(d.status);
		if (!head) {
			head = last = pkt;
			continue;
		}
		last->next = pkt;
		last = pkt;
		head->nsegs++;
		head->total += pkt->len;
	} while (--left);
	*out = head;
	if ((status & E1000E_RXD_BAD) || n > UINT8_MAX || head->total < E1000E_FRAME_MIN)
		*out = rx_discard(q, head);
	else
		rx_meta(q, head, &d, status);
	return true;

broken:
	if (head)
		rx_discard(q, head);
	return false;
}

/* The next frame. False: there is none. *@pkt NULL: there was one, and it is no more. */
static inline bool rx_frame(struct rxq *q, struct leat_pkt **pkt)
{
	const uint32_t plain = E1000E_RXD_DD | E1000E_RXD_EOP;
	struct e1000e_rxd_done d;
	uint32_t status;
	unsigned int n;

	if (q->taken == q->posted)
		return false;
	status = rx_status(q, q->taken);
	if (!(status & E1000E_RXD_DD))
		return false;
	leat_dma_rmb();		/* DD before everything that it vouches for */
	if (LEAT_LIKELY((status & (plain | E1000E_RXD_BAD)) == plain)) {
		*pkt = rx_take(q, &d);
		if (LEAT_UNLIKELY(!*pkt))
			return false;
		if (LEAT_UNLIKELY((*pkt)->len < E1000E_FRAME_MIN))
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
	uint64_t bytes = 0;
	uint16_t got = 0;

	rx_fill(q);
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

bool leat_e1000e_rxq_news(struct leat_rxq *base)
{
	const struct rxq *q = rxq_of(base);

	return q->taken != q->posted && (rx_status(q, q->taken) & E1000E_RXD_DD);
}

/* ---- the queue's life ---- */

int leat_e1000e_rxq_setup(struct leat_port *port, unsigned int id, struct leat_rxq **out)
{
	struct e1000e *e = e1000e_of(port);
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
	q->regs = &e->queues;
	q->tail = E1000E_QUEUE(E1000E_RDT, id) - E1000E_QUEUE_PAGES;
	q->base.event = leat_pci_irqs_event(&e->irqs, id);
	q->base.fd = leat_pci_irqs_fd(&e->irqs, id);
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

void leat_e1000e_rxq_free(struct leat_rxq *base)
{
	struct rxq *q = rxq_of(base);

	leat_aspace_free(base->port->dev->as, &q->mem);
	free(q->slot);
	free(q);
}

/* 4.6.5.1: the ring, then the queue. */
static void rx_program(struct rxq *q)
{
	const struct e1000e *e = e1000e_of(q->base.port);
	unsigned int id = q->base.id;

	e1000e_queue_write(e, E1000E_RDBAL, id, (uint32_t)q->mem.iova);
	e1000e_queue_write(e, E1000E_RDBAH, id, (uint32_t)(q->mem.iova >> 32));
	e1000e_queue_write(e, E1000E_RDLEN, id, (uint32_t)((q->mask + 1u) * sizeof(*q->ring)));
	e1000e_queue_write(e, E1000E_RDH, id, 0);
	e1000e_queue_write(e, E1000E_RDT, id, 0);
	e1000e_queue_write(e, E1000E_RXDCTL, id, E1000E_DCTL_GRAN |
			   LEAT_PUT(E1000E_DCTL_PTHRESH, 32u) | LEAT_PUT(E1000E_DCTL_HTHRESH, 4u) |
			   LEAT_PUT(E1000E_DCTL_WTHRESH, 1u));
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

int leat_e1000e_rxq_start(struct leat_rxq *base)
{
	struct rxq *q = rxq_of(base);
	struct e1000e *e = e1000e_of(base->port);
	int err;

	memset(q->mem.va, 0, q->mem.len);
	q->taken = q->posted = 0;
	q->room = e->rx_room;
	q->csum = e1000e_offloads(e) & LEAT_CAP_RX_CSUM;
	q->vlan = e->vlan;
	q->hash = base->port->rss.types && (e1000e_offloads(e) & LEAT_CAP_RX_HASH);
	rx_program(q);
	err = rx_fill_first(q);
	if (err)
		leat_e1000e_rxq_stop(base);
	return err;
}

void leat_e1000e_rxq_stop(struct leat_rxq *base)
{
	struct rxq *q = rxq_of(base);

	for (unsigned int i = 0; i <= q->mask; i++) {
		if (q->slot[i])
			leat_pkt_free(&q->slot[i], 1);
		q->slot[i] = NULL;
	}
}
