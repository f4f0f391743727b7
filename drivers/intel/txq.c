// SPDX-License-Identifier: BSD-3-Clause
/*
 * intel/txq.c - transmit queues: their life, cleaning, packets of several descriptors.
 */
#include "queue.h"

#include <errno.h>
#include <stdlib.h>

#define CLEAN_MAX 64		/* packets freed at a time */

/* ---- what was sent ---- */

/* Free the packets up to and with position @last. */
static void free_until(struct intel_txq *q, uint16_t last)
{
	struct leat_pkt *pkts[CLEAN_MAX];
	unsigned int n = 0;

	while (q->clean != (uint16_t)(last + 1)) {
		struct leat_pkt **slot = &q->pkt[q->clean++ & q->ring.mask];

		if (!*slot)
			continue;		/* a context, or not a packet's last one */
		pkts[n++] = *slot;
		*slot = NULL;
		if (n == CLEAN_MAX) {
			leat_pkt_free_to(q->base.cache, pkts, n);
			n = 0;
		}
	}
	leat_pkt_free_to(q->base.cache, pkts, n);
}

void leat_intel_tx_clean(struct intel_txq *q, uint16_t want)
{
	while (intel_tx_room(q) < want && q->report_clean != q->report_next) {
		uint16_t last = q->report[q->report_clean & q->ring.mask];
		const struct intel_txd *d = &q->desc[last & q->ring.mask];

		if (!(leat_le32_to_cpu(LEAT_READ_ONCE(d->status)) & INTEL_TXD_DONE))
			return;
		q->report_clean++;
		free_until(q, last);
	}
}

/* ---- packets that are more than a descriptor ---- */

bool leat_intel_tx_possible(const struct intel_txq *q, const struct leat_pkt *pkt)
{
	if (pkt->total < INTEL_FRAME_MIN || pkt->nsegs > q->max_segs)
		return false;
	return pkt->total <= (pkt->flags & LEAT_PKT_TSO ? (uint32_t)INTEL_TSO_MAX : q->frame_max);
}

/* What one descriptor can carry of the @len bytes from @iova on. */
static uint32_t piece(const struct intel_txq *q, leat_iova_t iova, uint32_t len)
{
	uint64_t page = q->page_mask - (iova & q->page_mask);	/* bytes to its end, less one */

	len = LEAT_MIN(len, q->all->piece_max);
	return page < len ? (uint32_t)page + 1 : len;
}

/* Descriptors that the segments of @pkt take. */
static unsigned int need_of(const struct intel_txq *q, const struct leat_pkt *pkt)
{
	unsigned int n = 0;

	for (; pkt; pkt = pkt->next)
		for (uint32_t off = 0; off < pkt->len; n++)
			off += piece(q, leat_pkt_iova(pkt) + off, pkt->len - off);
	return n;
}

static void put_context(struct intel_txq *q, const struct intel_tx_plan *p)
{
	memcpy(&q->desc[q->next++ & q->ring.mask], &p->context, sizeof(p->context));
	q->unreported++;
	q->context[p->index] = p->context;
}

static void put_segs(struct intel_txq *q, struct leat_pkt *pkt, const struct intel_tx_plan *p)
{
	uint16_t last;

	for (const struct leat_pkt *seg = pkt; seg; seg = seg->next) {
		uint32_t len;

		for (uint32_t off = 0; off < seg->len; off += len) {
			len = piece(q, leat_pkt_iova(seg) + off, seg->len - off);
			intel_tx_put(q, leat_pkt_iova(seg) + off, p->cmd | len, p->status);
		}
	}
	last = (uint16_t)(q->next - 1) & q->ring.mask;
	q->desc[last].cmd |= leat_cpu_to_le32(INTEL_TXD_EOP);
	q->pkt[last] = pkt;
}

int leat_intel_tx_planned(struct intel_txq *q, struct leat_pkt *pkt,
			  const struct intel_tx_plan *p)
{
	unsigned int need = need_of(q, pkt) + p->fresh;

	if (need > q->ring.mask)
		return leat_intel_tx_drop(q, pkt);
	if (intel_tx_room(q) < need)
		leat_intel_tx_clean(q, (uint16_t)need);
	if (intel_tx_room(q) < need)
		return -EAGAIN;
	if (p->fresh)
		put_context(q, p);
	put_segs(q, pkt, p);
	return 1;
}

int leat_intel_tx_drop(struct intel_txq *q, struct leat_pkt *pkt)
{
	leat_store_relaxed(&q->base.errors, q->base.errors + 1);
	leat_pkt_free_to(q->base.cache, &pkt, 1);
	return 0;
}

/* ---- life ---- */

int leat_intel_txq_setup(const struct intel_queues *all, struct leat_port *port, unsigned int id,
			 uint16_t (*burst)(struct leat_txq *, struct leat_pkt **, uint16_t),
			 struct leat_txq **out)
{
	uint16_t size = port->cfg.tx_desc;
	struct intel_txq *q = calloc(1, sizeof(*q));
	int err = -ENOMEM;

	if (!q)
		goto fail;
	q->pkt = calloc(size, sizeof(struct leat_pkt *));
	q->report = calloc(size, sizeof(*q->report));
	if (!q->pkt || !q->report)
		goto free_queue;
	err = leat_aspace_alloc(port->dev->as, size * sizeof(*q->desc), 128, &q->ring.mem);
	if (err)
		goto free_queue;
	q->desc = q->ring.mem.va;
	q->ring.mask = (uint16_t)(size - 1);
	q->ring.regs = all->tx_regs;
	q->ring.at = all->tx_at + id * all->stride;
	q->all = all;
	q->base.direct = burst;
	*out = &q->base;
	return 0;

free_queue:
	free(q->report);
	free(q->pkt);
	free(q);
fail:
	if (err == -ENOMEM)
		leat_log(port->ctx, LEAT_LOG_ERROR, "%s: transmit queue %u: no memory for %u "
			 "descriptors", port->name, id, size);
	return err;
}

void leat_intel_txq_descs(struct leat_txq *base, struct leat_descs *out)
{
	const struct intel_txq *q = intel_txq_of(base);

	out->device = (uint16_t)(q->next - q->clean);
}

void leat_intel_txq_free(struct leat_txq *base)
{
	struct intel_txq *q = intel_txq_of(base);

	leat_aspace_free(base->port->dev->as, &q->ring.mem);
	free(q->report);
	free(q->pkt);
	free(q);
}

void leat_intel_txq_clear(struct intel_txq *q)
{
	const struct leat_port *port = q->base.port;

	memset(q->ring.mem.va, 0, q->ring.mem.len);
	memset(q->context, 0, sizeof(q->context));
	q->next = q->clean = 0;
	q->report_next = q->report_clean = q->unreported = 0;
	q->max_segs = port->caps.max_segs;
	q->frame_max = q->all->frame_max;
	q->page_mask = leat_intel_page_mask(port);
	q->offloads = port->cfg.offloads;
}

void leat_intel_txq_stop(struct leat_txq *base)
{
	struct intel_txq *q = intel_txq_of(base);

	for (unsigned int i = 0; i <= q->ring.mask; i++) {
		if (q->pkt[i])
			leat_pkt_free(&q->pkt[i], 1);
		q->pkt[i] = NULL;
	}
}
