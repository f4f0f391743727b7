// SPDX-License-Identifier: BSD-3-Clause
/*
 * intel/rxq.c - receive queues: their life, refilling, frames of several buffers.
 */
#include "queue.h"

#include <errno.h>
#include <stdlib.h>

/* ---- a device that lies ---- */

LEAT_COLD void leat_intel_rx_break(struct intel_rxq *q, const char *what, unsigned int value)
{
	struct leat_port *port = q->base.port;

	q->base.burst = leat_rx_nothing;
	leat_log(port->ctx, LEAT_LOG_ERROR,
		 "%s: receive queue %u stopped: the device %s (%u): stop and start the port",
		 port->name, q->base.id, what, value);
	leat_port_notify(port, LEAT_EVENT_ERROR);
}

/* ---- refill ---- */

static void post(struct intel_rxq *q, struct leat_pkt *const *pkts, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		uint16_t at = q->posted++ & q->ring.mask;

		q->slot[at] = pkts[i];
		q->desc[at].read.addr = leat_cpu_to_le64(leat_pkt_iova(pkts[i]));
		q->desc[at].read.zero = leat_cpu_to_le64(0);
	}
}

/* The pool is almost empty: what there is, in ever smaller handfuls. */
static LEAT_COLD unsigned int alloc_scarce(struct intel_rxq *q, struct leat_pkt **pkts)
{
	unsigned int n = q->fill / 2;

	leat_store_relaxed(&q->base.nobuf, q->base.nobuf + 1);
	while (n && !leat_pkt_alloc(q->base.cache, pkts, n))
		n /= 2;
	return n;
}

static void fill(struct intel_rxq *q)
{
	struct leat_pkt *pkts[INTEL_FILL_MAX];

	while (intel_rx_missing(q) >= q->fill) {
		if (LEAT_UNLIKELY(!leat_pkt_alloc(q->base.cache, pkts, q->fill))) {
			post(q, pkts, alloc_scarce(q, pkts));
			break;
		}
		post(q, pkts, q->fill);
	}
}

void leat_intel_rx_refill(struct intel_rxq *q)
{
	uint16_t before = q->posted;

	fill(q);
	if (LEAT_LIKELY(q->posted != before))
		intel_rx_doorbell(q);
}

/* The queue's own cache is another thread's. */
int leat_intel_rxq_fill(struct intel_rxq *q)
{
	struct leat_port *port = q->base.port;
	struct leat_pool_cache *cache, *own = q->base.cache;
	int err = leat_pool_cache_create(port->cfg.pool, 0, &cache);

	if (err)
		return err;
	q->base.cache = cache;
	fill(q);
	q->base.cache = own;
	leat_pool_cache_destroy(cache);
	if (q->posted)
		return 0;
	return leat_fail(port->ctx, -ENOMEM, "%s: receive queue %u: none of the pool's %u packets "
			 "is free: make the pool larger", port->name, q->base.id,
			 leat_pool_count(port->cfg.pool));
}

/* ---- frames ---- */

/* How many descriptors make up the next frame; 0: its end is not there yet. */
static unsigned int span(struct intel_rxq *q)
{
	uint16_t pos = q->taken;

	for (unsigned int n = 1; pos != q->posted; n++) {
		uint32_t status = intel_rx_status(q, pos++);

		if (!(status & INTEL_RXD_DD))
			return 0;
		if (status & INTEL_RXD_EOP)
			return n;
	}
	if (intel_rx_missing(q) < q->fill)	/* the whole ring, and no end */
		leat_intel_rx_break(q, "began a frame that has no end",
				    (uint16_t)(q->posted - q->taken));
	return 0;
}

struct leat_pkt *leat_intel_rx_discard(struct intel_rxq *q, struct leat_pkt *pkt)
{
	leat_store_relaxed(&q->base.errors, q->base.errors + 1);
	leat_pkt_free_to(q->base.cache, &pkt, 1);
	return NULL;
}

static void append(struct leat_pkt *head, struct leat_pkt **last, struct leat_pkt *pkt)
{
	(*last)->next = pkt;
	*last = pkt;
	head->nsegs++;
	head->total += pkt->len;
}

struct leat_pkt *leat_intel_rx_chain(struct intel_rxq *q, struct intel_rxd_done *d,
				     uint32_t *status)
{
	struct leat_pkt *head, *last;
	unsigned int n = span(q);

	if (!n)
		return NULL;
	leat_dma_rmb();		/* DD of all of them before everything that it vouches for */
	if (n > UINT8_MAX) {
		leat_intel_rx_break(q, "uses more buffers for a frame than a packet has segments",
				    n);
		return NULL;
	}
	head = last = intel_rx_take(q, d);
	if (!head)
		return NULL;
	*status = leat_le32_to_cpu(d->status);
	while (--n) {
		struct leat_pkt *pkt = intel_rx_take(q, d);

		if (!pkt)
			return leat_intel_rx_discard(q, head);
		*status |= leat_le32_to_cpu(d->status);
		append(head, &last, pkt);
	}
	return head;
}

bool leat_intel_rxq_news(struct leat_rxq *base)
{
	const struct intel_rxq *q = intel_rxq_of(base);

	return q->taken != q->posted && (intel_rx_status(q, q->taken) & INTEL_RXD_DD);
}

void leat_intel_rxq_descs(struct leat_rxq *base, struct leat_descs *out)
{
	const struct intel_rxq *q = intel_rxq_of(base);
	uint16_t have = (uint16_t)(q->posted - q->taken), n = 0;

	while (n < have && (intel_rx_status(q, (uint16_t)(q->taken + n)) & INTEL_RXD_DD))
		n++;
	out->done = n;
	out->device = (uint16_t)(have - n);
}

/* ---- life ---- */

int leat_intel_rxq_setup(const struct intel_queues *all, struct leat_port *port, unsigned int id,
			 uint16_t (*burst)(struct leat_rxq *, struct leat_pkt **, uint16_t),
			 struct leat_rxq **out)
{
	uint16_t size = port->cfg.rx_desc;
	struct intel_rxq *q = calloc(1, sizeof(*q));
	int err = -ENOMEM;

	if (!q)
		goto fail;
	q->slot = calloc(size, sizeof(struct leat_pkt *));
	if (!q->slot)
		goto free_queue;
	err = leat_aspace_alloc(port->dev->as, size * sizeof(*q->desc), 128, &q->ring.mem);
	if (err)
		goto free_slots;
	q->desc = q->ring.mem.va;
	q->ring.mask = (uint16_t)(size - 1);
	q->ring.regs = all->rx_regs;
	q->ring.at = all->rx_at + id * all->stride;
	q->fill = (uint16_t)LEAT_MIN(INTEL_FILL_MAX, size / 4);
	q->all = all;
	q->base.event = leat_pci_irqs_event(all->irqs, id);
	q->base.fd = leat_pci_irqs_fd(all->irqs, id);
	q->base.direct = burst;
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

void leat_intel_rxq_free(struct leat_rxq *base)
{
	struct intel_rxq *q = intel_rxq_of(base);

	leat_aspace_free(base->port->dev->as, &q->ring.mem);
	free(q->slot);
	free(q);
}

void leat_intel_rxq_clear(struct intel_rxq *q)
{
	const struct leat_port *port = q->base.port;
	uint32_t offloads = port->cfg.offloads;

	memset(q->ring.mem.va, 0, q->ring.mem.len);
	q->taken = q->posted = 0;
	q->room = q->all->rx_room;
	q->csum = offloads & LEAT_CAP_RX_CSUM;
	q->vlan = offloads & LEAT_CAP_RX_VLAN;
	q->hash = port->rss.types && (offloads & LEAT_CAP_RX_HASH);
}

void leat_intel_rxq_stop(struct leat_rxq *base)
{
	struct intel_rxq *q = intel_rxq_of(base);

	for (unsigned int i = 0; i <= q->ring.mask; i++) {
		if (q->slot[i])
			leat_pkt_free(&q->slot[i], 1);
		q->slot[i] = NULL;
	}
}
