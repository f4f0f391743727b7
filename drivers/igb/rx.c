// SPDX-License-Identifier: BSD-3-Clause
/*
 * igb/rx.c - receiving by advanced descriptors of one buffer (82576 section 7.1): what they
 * say of a frame, and how a queue is programmed. intel/queue.h has the rest.
 */
#include "igb.h"

#define SCTP_ODD 60		/* bytes: the erratum's, see rx_csum() */

/* ---- frames ---- */

/* Specification update: L4E of SCTP frames without padding means nothing. */
INTEL_INLINE void rx_csum(struct leat_pkt *pkt, uint32_t info, uint32_t status)
{
	if (LEAT_LIKELY(!(status & (INTEL_RXD_L4E | INTEL_RXD_IPE)))) {
		if (status & INTEL_RXD_L4CS)
			pkt->flags |= LEAT_PKT_CSUM_GOOD;
		return;
	}
	if ((info & (IGB_RXD_SCTP | IGB_RXD_ETHERTYPE)) != IGB_RXD_SCTP || pkt->total != SCTP_ODD || (status & INTEL_RXD_IPE))
		pkt->flags |= LEAT_PKT_CSUM_BAD;
}

/* Pools of virtual functions take tags off, wanted or not. Without headroom it is told like one. */
static LEAT_COLD void rx_put_tag(struct leat_pkt *pkt, const struct intel_rxd_done *d)
{
	pkt->vlan = leat_le16_to_cpu(d->vlan);
	pkt->flags |= LEAT_PKT_VLAN;
	(void)leat_pkt_vlan_insert(pkt);
}

INTEL_INLINE void rx_meta(const struct intel_rxq *q, struct leat_pkt *pkt,
			  const struct intel_rxd_done *d, uint32_t status)
{
	if (q->csum)
		rx_csum(pkt, leat_le32_to_cpu(d->info), status);
	intel_rx_hash_vlan(q, pkt, d, status);
	if (LEAT_UNLIKELY((status & INTEL_RXD_VP) && !q->vlan))
		rx_put_tag(pkt, d);
}

static uint16_t rx_burst(struct leat_rxq *base, struct leat_pkt **pkts, uint16_t n)
{
	static const struct intel_rx_kind kind = { .bad = INTEL_RXD_RXE, .meta = rx_meta };

	return intel_rx_burst(base, pkts, n, &kind);
}

/* ---- the queue's life ---- */

int leat_igb_rxq_setup(struct leat_port *port, unsigned int id, struct leat_rxq **out)
{
	return leat_intel_rxq_setup(&igb_of(port)->queues, port, id, rx_burst, out);
}

/* 4.6.9: the ring, its buffers' size; full, it drops, if others wait behind it. */
static void rx_program(const struct intel_rxq *q)
{
	intel_ring_write(&q->ring, INTEL_QUEUE_DCTL, 0);
	leat_intel_ring_program(&q->ring);
	intel_ring_write(&q->ring, IGB_QUEUE_SRRCTL,
			 LEAT_PUT(IGB_SRRCTL_DESCTYPE, IGB_SRRCTL_ONE_BUFFER) |
			 LEAT_PUT(IGB_SRRCTL_PACKET, q->room >> 10) |
			 (q->base.port->cfg.rxqs > 1 ? IGB_SRRCTL_DROP : 0));
	intel_ring_write(&q->ring, INTEL_QUEUE_DCTL, IGB_DCTL_ENABLE |
			 LEAT_PUT(IGB_DCTL_PTHRESH, 8u) | LEAT_PUT(IGB_DCTL_HTHRESH, 8u) |
			 LEAT_PUT(IGB_DCTL_WTHRESH, 1u));
}

int leat_igb_rxq_start(struct leat_rxq *base)
{
	struct intel_rxq *q = intel_rxq_of(base);

	leat_intel_rxq_clear(q);
	if (igb_of(base->port)->vf)	/* whether there is one, its PF decides */
		q->hash = igb_offloads(igb_of(base->port)) & LEAT_CAP_RX_HASH;
	rx_program(q);
	return leat_intel_rxq_fill(q);
}

void leat_igb_rxq_offer(struct leat_rxq *base)
{
	intel_rx_doorbell(intel_rxq_of(base));
}

int leat_igb_rxq_resume(struct leat_rxq *base)
{
	int err = leat_igb_rxq_start(base);

	if (err)
		return err;
	err = leat_igb_ring_on(base->port, &intel_rxq_of(base)->ring, "receive", base->id);
	if (err) {
		leat_igb_rxq_suspend(base);
		return err;
	}
	leat_igb_rxq_offer(base);
	return 0;
}

void leat_igb_rxq_suspend(struct leat_rxq *base)
{
	leat_igb_ring_off(&intel_rxq_of(base)->ring);
	leat_intel_rxq_stop(base);
}
