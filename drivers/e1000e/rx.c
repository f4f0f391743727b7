// SPDX-License-Identifier: BSD-3-Clause
/*
 * e1000e/rx.c - receiving by extended descriptors (82574 sections 7.1.4 to 7.1.8): what
 * they say of a frame, and how a queue is programmed. intel/queue.h has the rest.
 */
#include "e1000e.h"

/* ---- frames ---- */

INTEL_INLINE void rx_meta(const struct intel_rxq *q, struct leat_pkt *pkt,
			  const struct intel_rxd_done *d, uint32_t status)
{
	if (q->csum && !(status & E1000E_RXD_IXSM))
		pkt->flags |= status & (INTEL_RXD_L4E | INTEL_RXD_IPE) ? LEAT_PKT_CSUM_BAD :
			      status & INTEL_RXD_L4CS ? LEAT_PKT_CSUM_GOOD : 0;
	intel_rx_hash_vlan(q, pkt, d, status);
}

static uint16_t rx_burst(struct leat_rxq *base, struct leat_pkt **pkts, uint16_t n)
{
	static const struct intel_rx_kind kind = { .bad = E1000E_RXD_BAD, .meta = rx_meta };

	return intel_rx_burst(base, pkts, n, &kind);
}

/* ---- the queue's life ---- */

int leat_e1000e_rxq_setup(struct leat_port *port, unsigned int id, struct leat_rxq **out)
{
	return leat_intel_rxq_setup(&e1000e_of(port)->queues, port, id, rx_burst, out);
}

/* 4.6.5.1: the ring, then the queue. */
int leat_e1000e_rxq_start(struct leat_rxq *base)
{
	struct intel_rxq *q = intel_rxq_of(base);
	int err;

	leat_intel_rxq_clear(q);
	leat_intel_ring_program(&q->ring);
	intel_ring_write(&q->ring, INTEL_QUEUE_DCTL, E1000E_DCTL_GRAN |
			 LEAT_PUT(E1000E_DCTL_PTHRESH, 32u) | LEAT_PUT(E1000E_DCTL_HTHRESH, 4u) |
			 LEAT_PUT(E1000E_DCTL_WTHRESH, 1u));
	err = leat_intel_rxq_fill(q);
	if (!err)
		intel_rx_doorbell(q);
	return err;
}
