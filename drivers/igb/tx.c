// SPDX-License-Identifier: BSD-3-Clause
/*
 * igb/tx.c - sending by advanced data and context descriptors (82576 section 7.2).
 *
 * Ring positions run free and wrap; [clean, next) is the device's. It reports
 * status (RS) for the last descriptor of a burst, and at least every REPORT
 * descriptors; where, is kept in a queue of positions, so that cleaning looks at
 * nothing else. The device keeps two contexts a queue: one is for packets to be cut,
 * the other for the rest, and each is sent only when it is not the last one sent.
 */
#include "igb.h"

#include <leat/barrier.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define REPORT	  32		/* descriptors between two reports, at most */
#define CLEAN_MAX 64		/* packets freed at a time */
#define TAIL_USEC 10000		/* until what was given is sent, when a queue stops */

/* What makes a packet more than bytes to send. */
#define ODD_FLAGS (LEAT_PKT_CSUM_PARTIAL | LEAT_PKT_TSO | LEAT_PKT_VLAN)

struct txq {
	struct leat_txq	base;
	struct igb_txd	*ring;
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
	struct igb_txc	context[2];	/* the last ones sent; zero: none */
	struct leat_mem	mem;
};

static struct txq *txq_of(struct leat_txq *base)
{
	return LEAT_CONTAINER_OF(base, struct txq, base);
}

/* One descriptor is never used: a full ring would look empty. */
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
		      IGB_TXD_DONE))
			return;
		q->report_clean++;
		tx_free(q, last);
	}
}

/* ---- descriptors ---- */

static inline void tx_put(struct txq *q, leat_iova_t addr, uint32_t cmd, uint32_t status)
{
	struct igb_txd *d = &q->ring[q->next++ & q->mask];

	d->addr = leat_cpu_to_le64(addr);
	d->cmd = leat_cpu_to_le32(cmd);
	d->status = leat_cpu_to_le32(status);
	q->unreported++;
}

/* Have the last descriptor written report. */
static inline void tx_report(struct txq *q)
{
	uint16_t last = (uint16_t)(q->next - 1);
	struct igb_txd *d = &q->ring[last & q->mask];

	d->cmd = leat_cpu_to_le32(leat_le32_to_cpu(d->cmd) | IGB_TXD_RS);
	q->report[q->report_next++ & q->mask] = last;
	q->unreported = 0;
}

static void tx_put_context(struct txq *q, const struct igb_txc *c, unsigned int index)
{
	memcpy(&q->ring[q->next++ & q->mask], c, sizeof(*c));
	q->unreported++;
	q->context[index] = *c;
}

/* ---- what a packet asks for ---- */

/* How it is to be sent. */
struct plan {
	uint32_t	cmd, status;	/* of its data descriptors */
	unsigned int	index;		/* of its context */
	struct igb_txc	context;
	bool		fresh;		/* send the context first */
};

static void plan_context(const struct leat_pkt *pkt, uint16_t l3, uint16_t l4, uint32_t cmd,
			 uint32_t mss, struct plan *p)
{
	uint32_t tag = pkt->flags & LEAT_PKT_VLAN ? pkt->vlan : 0;

	p->context = (struct igb_txc){
		.lens = leat_cpu_to_le32(LEAT_PUT(IGB_TXC_VLAN, tag) |
					 LEAT_PUT(IGB_TXC_MAC_LEN, (uint32_t)l3) |
					 LEAT_PUT(IGB_TXC_IP_LEN, (uint32_t)(l4 - l3))),
		.cmd = leat_cpu_to_le32(IGB_TXC | cmd),
		.mss = leat_cpu_to_le32(mss),
	};
}

/* By protocol: where its sum stands is all that may be asked for. */
static const struct {
	uint8_t		protocol, csum_off, size;
	uint8_t		l4;
	uint32_t	flag;		/* that the packet has for it, of CSUM_CRC32C */
	uint32_t	cap;
} sums[] = {
	{ 6, 16, 2, IGB_TXC_TCP, 0, LEAT_CAP_TX_CSUM },
	{ 17, 6, 2, IGB_TXC_UDP, 0, LEAT_CAP_TX_CSUM },
	{ 132, 8, 4, IGB_TXC_SCTP, LEAT_PKT_CSUM_CRC32C, LEAT_CAP_TX_SCTP_CSUM },
};

/* False: the device cannot. It sums from where it takes L4 to be, to the frame's end. */
static bool plan_csum(const struct txq *q, const struct leat_pkt *pkt, struct plan *p)
{
	struct intel_headers h;
	size_t i = 0;

	if (!leat_intel_headers(pkt, &h) || h.l4 != pkt->csum_start || h.end != pkt->total)
		return false;
	while (i < LEAT_ARRAY_LEN(sums) && sums[i].protocol != h.protocol)
		i++;
	if (i == LEAT_ARRAY_LEN(sums) || sums[i].csum_off != pkt->csum_off ||
	    (pkt->flags & LEAT_PKT_CSUM_CRC32C) != sums[i].flag || !(q->offloads & sums[i].cap) ||
	    (uint32_t)h.l4 + sums[i].csum_off + sums[i].size > pkt->total)
		return false;
	p->status |= IGB_TXD_TXSM;
	plan_context(pkt, h.l3, h.l4, LEAT_PUT(IGB_TXC_L4, (uint32_t)sums[i].l4) |
		     (h.ipv6 ? 0 : IGB_TXC_IPV4), 0, p);
	return true;
}

static bool plan_tso(const struct txq *q, struct leat_pkt *pkt, struct plan *p)
{
	struct intel_tso tso;

	if (!leat_intel_tso(pkt, &tso) ||
	    !(q->offloads & (tso.ipv6 ? LEAT_CAP_TX_TSO6 : LEAT_CAP_TX_TSO4)) ||
	    (uint32_t)tso.hdr_len + pkt->gso_size > q->frame_max)
		return false;
	p->index = 1;
	p->cmd |= IGB_TXD_TSE;
	p->status = IGB_TXD_TXSM | (tso.ipv6 ? 0 : IGB_TXD_IXSM) | IGB_TXD_INDEX |
		    LEAT_PUT(IGB_TXD_PAYLEN, pkt->total - tso.hdr_len);
	plan_context(pkt, tso.l3, tso.l4, LEAT_PUT(IGB_TXC_L4, IGB_TXC_TCP) |
		     (tso.ipv6 ? 0 : IGB_TXC_IPV4), IGB_TXC_INDEX |
		     LEAT_PUT(IGB_TXC_L4_LEN, (uint32_t)(tso.hdr_len - tso.l4)) |
		     LEAT_PUT(IGB_TXC_MSS, (uint32_t)pkt->gso_size), p);
	return true;
}

/* False: what it asks for cannot be. */
static bool tx_plan(const struct txq *q, struct leat_pkt *pkt, struct plan *p)
{
	if ((pkt->flags & LEAT_PKT_VLAN) && !(q->offloads & LEAT_CAP_TX_VLAN) &&
	    leat_pkt_vlan_insert(pkt))
		return false;
	p->cmd = IGB_TXD_DATA | IGB_TXD_IFCS | (pkt->flags & LEAT_PKT_VLAN ? IGB_TXD_VLE : 0);
	p->status = LEAT_PUT(IGB_TXD_PAYLEN, pkt->total);
	if (pkt->flags & LEAT_PKT_TSO) {
		if (!plan_tso(q, pkt, p))
			return false;
	} else if (!(pkt->flags & LEAT_PKT_CSUM_PARTIAL) || !plan_csum(q, pkt, p)) {
		if (leat_pkt_csum_finish(pkt))
			return false;
		if (!(pkt->flags & LEAT_PKT_VLAN))
			return true;
		plan_context(pkt, IGB_FRAME_MIN, IGB_FRAME_MIN, 0, 0, p);
	}
	p->fresh = memcmp(&p->context, &q->context[p->index], sizeof(p->context));
	return true;
}

static bool tx_possible(const struct txq *q, const struct leat_pkt *pkt)
{
	if (pkt->total < IGB_FRAME_MIN || pkt->nsegs > q->max_segs)
		return false;
	return pkt->total <= (pkt->flags & LEAT_PKT_TSO ? (uint32_t)IGB_TSO_MAX : q->frame_max);
}

/* ---- sending ---- */

/* What one descriptor can carry of the @len bytes from @iova on. */
static uint32_t tx_piece(const struct txq *q, leat_iova_t iova, uint32_t len)
{
	uint64_t page = q->page_mask - (iova & q->page_mask);	/* bytes to its end, less one */

	len = LEAT_MIN(len, (uint32_t)IGB_TXD_LEN_MAX);
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
	q->ring[last].cmd |= leat_cpu_to_le32(IGB_TXD_EOP);
}

/* 1: on its way. 0: impossible, freed and counted. -EAGAIN: no descriptors for it now. */
static __attribute__((noinline)) int tx_odd(struct txq *q, struct leat_pkt *pkt)
{
	struct plan p = { 0 };
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
		tx_put_context(q, &p.context, p.index);
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
	       ((uint32_t)pkt->len - IGB_FRAME_MIN <= q->frame_max - IGB_FRAME_MIN) &
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
			tx_put(q, leat_pkt_iova(pkt), IGB_TXD_DATA | IGB_TXD_IFCS |
			       IGB_TXD_EOP | pkt->len, LEAT_PUT(IGB_TXD_PAYLEN, total));
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

int leat_igb_txq_setup(struct leat_port *port, unsigned int id, struct leat_txq **out)
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
	q->regs = &igb_of(port)->txqs;
	q->tail = IGB_QUEUE(IGB_TDT, id) - IGB_TXQ_PAGE;
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

void leat_igb_txq_free(struct leat_txq *base)
{
	struct txq *q = txq_of(base);

	leat_aspace_free(base->port->dev->as, &q->mem);
	free(q->report);
	free(q->pkt);
	free(q);
}

/* 4.6.10 */
static void tx_program(struct txq *q)
{
	const struct igb *g = igb_of(q->base.port);
	unsigned int id = q->base.id;

	igb_queue_write(g, IGB_TXDCTL, id, 0);
	igb_queue_write(g, IGB_TDBAL, id, (uint32_t)q->mem.iova);
	igb_queue_write(g, IGB_TDBAH, id, (uint32_t)(q->mem.iova >> 32));
	igb_queue_write(g, IGB_TDLEN, id, (uint32_t)((q->mask + 1u) * sizeof(*q->ring)));
	igb_queue_write(g, IGB_TDWBAL, id, 0);	/* no head written back, but descriptors */
	igb_queue_write(g, IGB_TDWBAH, id, 0);
	igb_queue_write(g, IGB_TDH, id, 0);
	igb_queue_write(g, IGB_TDT, id, 0);
	igb_queue_write(g, IGB_TXDCTL, id, IGB_DCTL_ENABLE |
		    LEAT_PUT(IGB_DCTL_PTHRESH, 8u) | LEAT_PUT(IGB_DCTL_HTHRESH, 1u) |
		    LEAT_PUT(IGB_DCTL_WTHRESH, 1u));
}

int leat_igb_txq_start(struct leat_txq *base)
{
	struct txq *q = txq_of(base);
	struct igb *g = igb_of(base->port);

	memset(q->mem.va, 0, q->mem.len);
	memset(q->context, 0, sizeof(q->context));
	q->next = q->clean = 0;
	q->report_next = q->report_clean = q->unreported = 0;
	q->max_segs = base->port->caps.max_segs;
	q->frame_max = g->frame_max;
	q->page_mask = leat_intel_page_mask(base->port);
	q->offloads = igb_offloads(g);
	tx_program(q);
	return 0;
}

void leat_igb_txq_stop(struct leat_txq *base)
{
	struct txq *q = txq_of(base);

	for (unsigned int i = 0; i <= q->mask; i++) {
		if (q->pkt[i])
			leat_pkt_free(&q->pkt[i], 1);
		q->pkt[i] = NULL;
	}
}

int leat_igb_txq_resume(struct leat_txq *base)
{
	leat_igb_txq_start(base);
	return leat_igb_queue_on(igb_of(base->port), IGB_TXDCTL, base->id);
}

/* 4.6.10.1: what was given goes out, as long as the link lets it. */
void leat_igb_txq_suspend(struct leat_txq *base)
{
	struct txq *q = txq_of(base);
	struct igb *g = igb_of(base->port);

	(void)leat_mmio_wait32(q->regs, IGB_QUEUE(IGB_TDH, base->id) - IGB_TXQ_PAGE, UINT16_MAX,
			       q->next & q->mask, TAIL_USEC);
	leat_igb_queue_off(g, IGB_TXDCTL, base->id);
	leat_igb_txq_stop(base);
}
