// SPDX-License-Identifier: BSD-3-Clause
/*
 * igb/tx.c - sending by advanced data and context descriptors (82576 section 7.2): what
 * packets ask for, and how a queue is programmed. intel/queue.h has the rest.
 *
 * The device keeps two contexts a queue: one is for packets to be cut, the other for the
 * rest, and each is sent only when it is not the last one sent.
 */
#include "igb.h"

#define TAIL_USEC 10000		/* until what was given is sent, when a queue stops */
#define DATA	  (IGB_TXD_DATA | INTEL_TXD_IFCS)

/* ---- what a packet asks for ---- */

static void plan_context(const struct intel_txq *q, const struct leat_pkt *pkt, uint16_t l3,
			 uint16_t l4, uint32_t cmd, uint32_t mss, struct intel_tx_plan *p)
{
	uint32_t tag = pkt->flags & LEAT_PKT_VLAN ? pkt->vlan : 0;
	const struct igb_txc context = {
		.lens = leat_cpu_to_le32(LEAT_PUT(IGB_TXC_VLAN, tag) |
					 LEAT_PUT(IGB_TXC_MAC_LEN, (uint32_t)l3) |
					 LEAT_PUT(IGB_TXC_IP_LEN, (uint32_t)(l4 - l3))),
		.cmd = leat_cpu_to_le32(IGB_TXC | cmd),
		.mss = leat_cpu_to_le32(mss),
	};

	intel_tx_context(q, &context, p);
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
static bool plan_csum(const struct intel_txq *q, const struct leat_pkt *pkt, struct intel_tx_plan *p)
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
	p->status |= INTEL_TXD_TXSM;
	plan_context(q, pkt, h.l3, h.l4, LEAT_PUT(IGB_TXC_L4, (uint32_t)sums[i].l4) |
		     (h.ipv6 ? 0 : IGB_TXC_IPV4), 0, p);
	return true;
}

static bool plan_tso(const struct intel_txq *q, struct leat_pkt *pkt, struct intel_tx_plan *p)
{
	struct intel_tso tso;

	if (!leat_intel_tso(pkt, &tso) ||
	    !(q->offloads & (tso.ipv6 ? LEAT_CAP_TX_TSO6 : LEAT_CAP_TX_TSO4)) ||
	    (uint32_t)tso.hdr_len + pkt->gso_size > q->frame_max)
		return false;
	p->index = 1;
	p->cmd |= IGB_TXD_TSE;
	p->status = INTEL_TXD_TXSM | (tso.ipv6 ? 0 : INTEL_TXD_IXSM) | IGB_TXD_INDEX |
		    LEAT_PUT(IGB_TXD_PAYLEN, pkt->total - tso.hdr_len);
	plan_context(q, pkt, tso.l3, tso.l4, LEAT_PUT(IGB_TXC_L4, IGB_TXC_TCP) |
		     (tso.ipv6 ? 0 : IGB_TXC_IPV4), IGB_TXC_INDEX |
		     LEAT_PUT(IGB_TXC_L4_LEN, (uint32_t)(tso.hdr_len - tso.l4)) |
		     LEAT_PUT(IGB_TXC_MSS, (uint32_t)pkt->gso_size), p);
	return true;
}

/* False: what it asks for cannot be. */
static bool tx_plan(const struct intel_txq *q, struct leat_pkt *pkt, struct intel_tx_plan *p)
{
	if ((pkt->flags & LEAT_PKT_VLAN) && !(q->offloads & LEAT_CAP_TX_VLAN) &&
	    leat_pkt_vlan_insert(pkt))
		return false;
	p->cmd = DATA | (pkt->flags & LEAT_PKT_VLAN ? INTEL_TXD_VLE : 0);
	p->status = LEAT_PUT(IGB_TXD_PAYLEN, pkt->total);
	if (pkt->flags & LEAT_PKT_TSO) {
		if (!plan_tso(q, pkt, p))
			return false;
	} else if (!(pkt->flags & LEAT_PKT_CSUM_PARTIAL) || !plan_csum(q, pkt, p)) {
		if (leat_pkt_csum_finish(pkt))
			return false;
		if (!(pkt->flags & LEAT_PKT_VLAN))
			return true;
		plan_context(q, pkt, INTEL_FRAME_MIN, INTEL_FRAME_MIN, 0, 0, p);
	}
	return true;
}

static __attribute__((noinline)) int tx_odd(struct intel_txq *q, struct leat_pkt *pkt)
{
	struct intel_tx_plan p = { 0 };

	if (!leat_intel_tx_possible(q, pkt) || !tx_plan(q, pkt, &p))
		return leat_intel_tx_drop(q, pkt);
	return leat_intel_tx_planned(q, pkt, &p);
}

static uint16_t tx_burst(struct leat_txq *base, struct leat_pkt **pkts, uint16_t n)
{
	static const struct intel_tx_kind kind = {
		.cmd = DATA, .len_mask = IGB_TXD_PAYLEN, .odd = tx_odd,
	};

	return intel_tx_burst(base, pkts, n, &kind);
}

/* ---- the queue's life ---- */

int leat_igb_txq_setup(struct leat_port *port, unsigned int id, struct leat_txq **out)
{
	return leat_intel_txq_setup(&igb_of(port)->queues, port, id, tx_burst, out);
}

/* 4.6.10 */
int leat_igb_txq_start(struct leat_txq *base)
{
	struct intel_txq *q = intel_txq_of(base);

	leat_intel_txq_clear(q);
	intel_ring_write(&q->ring, INTEL_QUEUE_DCTL, 0);
	leat_intel_ring_program(&q->ring);
	/* No head written back, but descriptors. */
	intel_ring_write(&q->ring, IGB_QUEUE_TDWBAL, 0);
	intel_ring_write(&q->ring, IGB_QUEUE_TDWBAH, 0);
	intel_ring_write(&q->ring, INTEL_QUEUE_DCTL, IGB_DCTL_ENABLE |
			 LEAT_PUT(IGB_DCTL_PTHRESH, 8u) | LEAT_PUT(IGB_DCTL_HTHRESH, 1u) |
			 LEAT_PUT(IGB_DCTL_WTHRESH, 1u));
	return 0;
}

int leat_igb_txq_resume(struct leat_txq *base)
{
	leat_igb_txq_start(base);
	return leat_igb_ring_on(base->port, &intel_txq_of(base)->ring, "transmit", base->id);
}

/* 4.6.10.1: what was given goes out, as long as the link lets it. */
void leat_igb_txq_suspend(struct leat_txq *base)
{
	const struct intel_txq *q = intel_txq_of(base);

	(void)leat_mmio_wait32(q->ring.regs, q->ring.at + INTEL_QUEUE_HEAD, UINT16_MAX,
			       q->next & q->ring.mask, TAIL_USEC);
	leat_igb_ring_off(&q->ring);
	leat_intel_txq_stop(base);
}
