// SPDX-License-Identifier: BSD-3-Clause
/*
 * e1000e/tx.c - sending by data and context descriptors (82574 section 7.2).
 *
 * Ring positions run free and wrap; [clean, next) is the device's. It reports
 * status (RS) for the last descriptor of a burst, and at least every REPORT
 * descriptors; where, is kept in a queue of positions, so that cleaning looks at
 * nothing else. A context holds until another one is sent: checksums of one kind
 * need one descriptor once. At most one cut packet is in a context, which tells
 * its length, so each of those brings its own.
 */
#include "e1000e.h"

#include <leat/barrier.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REPORT	  32		/* descriptors between two reports, at most */
#define CLEAN_MAX 64		/* packets freed at a time */
#define DRY_MS	  500u		/* 4096 of the longest frames take 300 at 1 Gbit/s */

/* What makes a packet more than bytes to send. */
#define ODD_FLAGS (LEAT_PKT_CSUM_PARTIAL | LEAT_PKT_TSO | LEAT_PKT_VLAN)

struct txq {
	struct leat_txq	base;
	struct e1000e_txd *ring;
	struct leat_pkt	**pkt;		/* at the last descriptor of each packet */
	uint16_t	*report;	/* positions that report, oldest first; as long as the ring */
	const struct leat_mmio *regs;
	uint32_t	tail;		/* its doorbell */
	uint16_t	mask;
	uint16_t	next, clean;
	uint16_t	report_next, report_clean;
	uint16_t	unreported;	/* descriptors since the last report */
	uint16_t	max_segs;
	uint32_t	frame_max;
	uint64_t	page_mask;	/* leat_intel_page_mask() */
	uint32_t	offloads;
	bool		vlan;
	struct e1000e_txc context;	/* the last one sent; zero: none */
	struct leat_mem	mem;
};

static struct txq *txq_of(struct leat_txq *base)
{
	return LEAT_CONTAINER_OF(base, struct txq, base);
}

/* One descriptor is never used: a full ring would look empty (7.2.9). */
static uint16_t tx_room(const struct txq *q)
{
	return (uint16_t)(q->mask - (uint16_t)(q->next - q->clean));
}

/* ---- what was sent ---- */

/* Free the packets up to and with position @last. */
static void tx_free(struct txq *q, uint16_t last)
{
	struct leat_pkt *pkts[CLEAN_MAX];
	unsigned int n = 0;

	while (q->clean != (uint16_t)(last + 1)) {
		struct leat_pkt **slot = &q->pkt[q->clean++ & q->mask];

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

/* Until @want descriptors are free, or the device has reported no more. */
static void tx_clean(struct txq *q, uint16_t want)
{
	while (tx_room(q) < want && q->report_clean != q->report_next) {
		uint16_t last = q->report[q->report_clean & q->mask];

		if (!(leat_le32_to_cpu(LEAT_READ_ONCE(q->ring[last & q->mask].status)) &
		      E1000E_TXD_DONE))
			return;
		q->report_clean++;
		tx_free(q, last);
	}
}

/* ---- descriptors ---- */

static inline void tx_put(struct txq *q, leat_iova_t addr, uint32_t cmd, uint32_t status)
{
	struct e1000e_txd *d = &q->ring[q->next++ & q->mask];

	d->addr = leat_cpu_to_le64(addr);
	d->cmd = leat_cpu_to_le32(cmd);
	d->status = leat_cpu_to_le32(status);
	q->unreported++;
}

/* Have the last descriptor written report. */
static inline void tx_report(struct txq *q)
{
	uint16_t last = (uint16_t)(q->next - 1);
	struct e1000e_txd *d = &q->ring[last & q->mask];

	d->cmd = leat_cpu_to_le32(leat_le32_to_cpu(d->cmd) | E1000E_TXD_RS);
	q->report[q->report_next++ & q->mask] = last;
	q->unreported = 0;
}

static void tx_put_context(struct txq *q, const struct e1000e_txc *c)
{
	memcpy(&q->ring[q->next++ & q->mask], c, sizeof(*c));
	q->unreported++;
	q->context = *c;
}

/* ---- what a packet asks for ---- */

/* How it is to be sent. */
struct plan {
	uint32_t	cmd, status;	/* of its data descriptors */
	struct e1000e_txc context;
	bool		fresh;		/* send the context first */
};

static void plan_csum(const struct txq *q, const struct leat_pkt *pkt, struct plan *p)
{
	p->status |= E1000E_TXD_TXSM;
	p->context.l4_start = (uint8_t)pkt->csum_start;
	p->context.l4_sum = (uint8_t)(pkt->csum_start + pkt->csum_off);
	p->context.cmd = leat_cpu_to_le32(E1000E_TXC_DEXT | E1000E_TXC_TCP);
	p->fresh = memcmp(&p->context, &q->context, sizeof(p->context));
}

static bool plan_tso(const struct txq *q, struct leat_pkt *pkt, struct plan *p)
{
	struct intel_tso tso;

	if (!leat_intel_tso(pkt, &tso) ||
	    !(q->offloads & (tso.ipv6 ? LEAT_CAP_TX_TSO6 : LEAT_CAP_TX_TSO4)) ||
	    tso.hdr_len + pkt->gso_size > q->frame_max)
		return false;
	p->cmd |= E1000E_TXD_TSE;
	p->status |= E1000E_TXD_TXSM | (tso.ipv6 ? 0 : E1000E_TXD_IXSM);
	p->context = (struct e1000e_txc){
		.ip_start = (uint8_t)tso.l3, .ip_sum = (uint8_t)(tso.l3 + (tso.ipv6 ? 0 : 10)),
		.ip_end = leat_cpu_to_le16((uint16_t)(tso.l4 - 1)),
		.l4_start = (uint8_t)tso.l4, .l4_sum = (uint8_t)(tso.l4 + 16),
		.hdr_len = (uint8_t)tso.hdr_len, .mss = leat_cpu_to_le16(pkt->gso_size),
		.cmd = leat_cpu_to_le32((pkt->total - tso.hdr_len) | E1000E_TXC_DEXT |
					E1000E_TXC_TSE | E1000E_TXC_TCP |
					(tso.ipv6 ? 0 : E1000E_TXC_IPV4)),
	};
	p->fresh = true;
	return true;
}

/* Could the device sum it up? It counts where in one byte, and knows no CRC. */
static bool csum_fits(const struct leat_pkt *pkt)
{
	return !(pkt->flags & LEAT_PKT_CSUM_CRC32C) &&
	       (uint32_t)pkt->csum_start + pkt->csum_off <= UINT8_MAX &&
	       (uint32_t)pkt->csum_start + pkt->csum_off + 2 <= pkt->total;
}

/* False: what it asks for cannot be. */
static bool tx_plan(const struct txq *q, struct leat_pkt *pkt, struct plan *p)
{
	if (pkt->flags & LEAT_PKT_VLAN) {
		if (q->vlan) {
			p->cmd |= E1000E_TXD_VLE;
			p->status |= LEAT_PUT(E1000E_TXD_VLAN, (uint32_t)pkt->vlan);
		} else if (leat_pkt_vlan_insert(pkt)) {
			return false;
		}
	}
	if (pkt->flags & LEAT_PKT_TSO)
		return plan_tso(q, pkt, p);
	if (!(pkt->flags & LEAT_PKT_CSUM_PARTIAL))
		return true;
	if (!(q->offloads & LEAT_CAP_TX_CSUM) || !csum_fits(pkt))
		return !leat_pkt_csum_finish(pkt);
	plan_csum(q, pkt, p);
	return true;
}

static bool tx_possible(const struct txq *q, const struct leat_pkt *pkt)
{
	if (pkt->total < E1000E_FRAME_MIN || pkt->nsegs > q->max_segs)
		return false;
	return pkt->total <= (pkt->flags & LEAT_PKT_TSO ? (uint32_t)E1000E_TSO_MAX : q->frame_max);
}

/* ---- sending ---- */

/* What one descriptor can carry of the @len bytes from @iova on. */
static uint32_t tx_piece(const struct txq *q, leat_iova_t iova, uint32_t len)
{
	uint64_t page = q->page_mask - (iova & q->page_mask);	/* bytes to its end, less one */

	len = LEAT_MIN(len, (uint32_t)E1000E_TXD_LEN_MAX);
	return page < len ? (uint32_t)page + 1 : len;
}

/* Descriptors that the segments of @pkt take. */
static unsigned int tx_need(const struct txq *q, const struct leat_pkt *pkt)
{
	unsigned int n = 0;

	for (; pkt; pkt = pkt->next)
		for (uint32_t off = 0; off < pkt->len; n++)
			off += tx_piece(q, leat_pkt_iova(pkt) + off, pkt->len - off);
	return n;
}

static void tx_segs(struct txq *q, const struct leat_pkt *pkt, const struct plan *p)
{
	uint16_t last;

	for (const struct leat_pkt *seg = pkt; seg; seg = seg->next) {
		uint32_t len;

		for (uint32_t off = 0; off < seg->len; off += len) {
			len = tx_piece(q, leat_pkt_iova(seg) + off, seg->len - off);
			tx_put(q, leat_pkt_iova(seg) + off, p->cmd | len, p->status);
		}
	}
	last = (uint16_t)(q->next - 1) & q->mask;
	q->ring[last].cmd |= leat_cpu_to_le32(E1000E_TXD_EOP);
}

/* 1: on its way. 0: impossible, freed and counted. -EAGAIN: no descriptors for it now. */
static __attribute__((noinline)) int tx_odd(struct txq *q, struct leat_pkt *pkt)
{
	struct plan p = { .cmd = E1000E_TXD_DATA | E1000E_TXD_IFCS };
	unsigned int need;

	if (!tx_possible(q, pkt) || !tx_plan(q, pkt, &p))
		goto drop;
	need = tx_need(q, pkt) + p.fresh;
	if (need > q->mask)
		goto drop;
	if (tx_room(q) < need)
		tx_clean(q, (uint16_t)need);
	if (tx_room(q) < need)
		return -EAGAIN;
	if (p.fresh)
		tx_put_context(q, &p.context);
	tx_segs(q, pkt, &p);
	q->pkt[(q->next - 1) & q->mask] = pkt;
	return 1;

drop:
	leat_store_relaxed(&q->base.errors, q->base.errors + 1);
	leat_pkt_free_to(q->base.cache, &pkt, 1);
	return 0;
}

static inline bool tx_plain(const struct txq *q, const struct leat_pkt *pkt)
{
	return (pkt->nsegs == 1) & !(pkt->flags & ODD_FLAGS) &
	       ((uint32_t)pkt->len - E1000E_FRAME_MIN <= q->frame_max - E1000E_FRAME_MIN) &
	       !intel_crosses(q->page_mask, leat_pkt_iova(pkt), pkt->len);
}

static uint16_t tx_packets(struct txq *q, struct leat_pkt **pkts, uint16_t n)
{
	uint64_t bytes = 0, sent = 0;
	uint16_t i;

	for (i = 0; i < n; i++) {
		struct leat_pkt *pkt = pkts[i];
		uint32_t total = pkt->total;
		int done = 1;

		if (LEAT_LIKELY(tx_plain(q, pkt) && tx_room(q))) {
			q->pkt[q->next & q->mask] = pkt;
			tx_put(q, leat_pkt_iova(pkt), E1000E_TXD_DATA | E1000E_TXD_IFCS |
			       E1000E_TXD_EOP | pkt->len, 0);
		} else {
			done = tx_odd(q, pkt);
		}
		if (done < 0)
			break;
		sent += (unsigned int)done;
		bytes += done ? total : 0;
		if (q->unreported >= REPORT)
			tx_report(q);
	}
	leat_store_relaxed(&q->base.packets, q->base.packets + sent);
	leat_store_relaxed(&q->base.bytes, q->base.bytes + bytes);
	return i;
}

static uint16_t tx_burst(struct leat_txq *base, struct leat_pkt **pkts, uint16_t n)
{
	struct txq *q = txq_of(base);
	uint16_t before = q->next, sent;

	tx_clean(q, n ? LEAT_MIN(LEAT_MAX(n, REPORT), q->mask) : q->mask);
	if (!n)
		return 0;
	sent = tx_packets(q, pkts, n);
	if (q->next != before) {
		if (q->unreported)
			tx_report(q);
		leat_mmio_write32(q->regs, q->tail, q->next & q->mask);
	}
	return sent;
}

/* ---- the queue's life ---- */

int leat_e1000e_txq_setup(struct leat_port *port, unsigned int id, struct leat_txq **out)
{
	uint16_t size = port->cfg.tx_desc;
	struct txq *q = calloc(1, sizeof(*q));
	int err = -ENOMEM;

	if (!q)
		goto fail;
	q->pkt = calloc(size, sizeof(struct leat_pkt *));
	q->report = calloc(size, sizeof(*q->report));
	if (!q->pkt || !q->report)
		goto free_queue;
	err = leat_aspace_alloc(port->dev->as, size * sizeof(*q->ring), 128, &q->mem);
	if (err)
		goto free_queue;
	q->ring = q->mem.va;
	q->mask = (uint16_t)(size - 1);
	q->regs = &e1000e_of(port)->queues;
	q->tail = E1000E_QUEUE(E1000E_TDT, id) - E1000E_QUEUE_PAGES;
	q->base.direct = tx_burst;
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

void leat_e1000e_txq_free(struct leat_txq *base)
{
	struct txq *q = txq_of(base);

	leat_aspace_free(base->port->dev->as, &q->mem);
	free(q->report);
	free(q->pkt);
	free(q);
}

int leat_e1000e_txq_start(struct leat_txq *base)
{
	struct txq *q = txq_of(base);
	struct e1000e *e = e1000e_of(base->port);
	unsigned int id = base->id;

	memset(q->mem.va, 0, q->mem.len);
	memset(&q->context, 0, sizeof(q->context));
	q->next = q->clean = 0;
	q->report_next = q->report_clean = q->unreported = 0;
	q->max_segs = base->port->caps.max_segs;
	q->frame_max = e->frame_max;
	q->page_mask = leat_intel_page_mask(base->port);
	q->offloads = e1000e_offloads(e);
	q->vlan = e->vlan;

	e1000e_queue_write(e, E1000E_TDBAL, id, (uint32_t)q->mem.iova);
	e1000e_queue_write(e, E1000E_TDBAH, id, (uint32_t)(q->mem.iova >> 32));
	e1000e_queue_write(e, E1000E_TDLEN, id, (uint32_t)((q->mask + 1u) * sizeof(*q->ring)));
	e1000e_queue_write(e, E1000E_TDH, id, 0);
	e1000e_queue_write(e, E1000E_TDT, id, 0);
	e1000e_queue_write(e, E1000E_TXDCTL, id, E1000E_TXDCTL_COUNT | E1000E_DCTL_GRAN |
			   LEAT_PUT(E1000E_DCTL_PTHRESH, 31u) | LEAT_PUT(E1000E_DCTL_HTHRESH, 1u));
	return 0;
}

void leat_e1000e_txq_stop(struct leat_txq *base)
{
	struct txq *q = txq_of(base);

	for (unsigned int i = 0; i <= q->mask; i++) {
		if (q->pkt[i])
			leat_pkt_free(&q->pkt[i], 1);
		q->pkt[i] = NULL;
	}
}

/* ---- a queue of a running port ---- */

/* Has the device sent all? */
static bool tx_idle(struct txq *q)
{
	tx_clean(q, q->mask);
	return q->report_clean == q->report_next;
}

/*
 * The device has no way to take a queue's descriptors back (TDH is written after resets
 * only, 10.2.6.6), but whoever has stopped filling it sees it run dry.
 */
void leat_e1000e_txq_pause(struct leat_txq *base)
{
	const struct timespec ms = { .tv_nsec = 1000000 };
	struct leat_port *port = base->port;
	struct txq *q = txq_of(base);

	for (unsigned int i = 0; i < DRY_MS && !tx_idle(q); i++) {
		if (port->stepped)
			port->end->step(port->dev);
		nanosleep(&ms, NULL);
	}
	if (q->report_clean != q->report_next)
		leat_log(port->ctx, LEAT_LOG_WARNING, "%s: transmit queue %u: the device still has "
			 "packets after %u ms; they come back when it has sent them, or the port "
			 "stops", port->name, base->id, DRY_MS);
}

int leat_e1000e_txq_resume(struct leat_txq *base)
{
	(void)base;
	return 0;
}
