// SPDX-License-Identifier: BSD-3-Clause
/*
 * e1000e/tx.c - sending by data and context descriptors (82574 section 7.2): what packets
 * ask for, and how a queue is programmed. intel/queue.h has the rest.
 *
 * A context holds until another one is sent: checksums of one kind need one descriptor
 * once. At most one cut packet is in a context, which tells its length, so each of those
 * brings its own.
 */
#include "e1000e.h"

#include <time.h>

#define DRY_MS	500u		/* 4096 of the longest frames take 300 at 1 Gbit/s */
#define DATA	(E1000E_TXD_DATA | INTEL_TXD_IFCS)

/* ---- what a packet asks for ---- */

static void plan_csum(const struct intel_txq *q, const struct leat_pkt *pkt,
		      struct intel_tx_plan *p)
{
	const struct e1000e_txc context = {
		.l4_start = (uint8_t)pkt->csum_start,
		.l4_sum = (uint8_t)(pkt->csum_start + pkt->csum_off),
		.cmd = leat_cpu_to_le32(E1000E_TXC_DEXT | E1000E_TXC_TCP),
	};

	p->status |= INTEL_TXD_TXSM;
	intel_tx_context(q, &context, p);
}

static bool plan_tso(const struct intel_txq *q, struct leat_pkt *pkt, struct intel_tx_plan *p)
{
	struct intel_tso tso;
	struct e1000e_txc context;

	if (!leat_intel_tso(pkt, &tso) ||
	    !(q->offloads & (tso.ipv6 ? LEAT_CAP_TX_TSO6 : LEAT_CAP_TX_TSO4)) ||
	    tso.hdr_len + pkt->gso_size > q->frame_max)
		return false;
	p->cmd |= E1000E_TXD_TSE;
	p->status |= INTEL_TXD_TXSM | (tso.ipv6 ? 0 : INTEL_TXD_IXSM);
	context = (struct e1000e_txc){
		.ip_start = (uint8_t)tso.l3, .ip_sum = (uint8_t)(tso.l3 + (tso.ipv6 ? 0 : 10)),
		.ip_end = leat_cpu_to_le16((uint16_t)(tso.l4 - 1)),
		.l4_start = (uint8_t)tso.l4, .l4_sum = (uint8_t)(tso.l4 + 16),
		.hdr_len = (uint8_t)tso.hdr_len, .mss = leat_cpu_to_le16(pkt->gso_size),
		.cmd = leat_cpu_to_le32((pkt->total - tso.hdr_len) | E1000E_TXC_DEXT |
					E1000E_TXC_TSE | E1000E_TXC_TCP |
					(tso.ipv6 ? 0 : E1000E_TXC_IPV4)),
	};
	intel_tx_context(q, &context, p);
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
static bool tx_plan(const struct intel_txq *q, struct leat_pkt *pkt, struct intel_tx_plan *p)
{
	if (pkt->flags & LEAT_PKT_VLAN) {
		if (q->offloads & LEAT_CAP_RX_VLAN) {	/* VME is for both ways (10.2.2.1) */
			p->cmd |= INTEL_TXD_VLE;
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

static __attribute__((noinline)) int tx_odd(struct intel_txq *q, struct leat_pkt *pkt)
{
	struct intel_tx_plan p = { .cmd = DATA };

	if (!leat_intel_tx_possible(q, pkt) || !tx_plan(q, pkt, &p))
		return leat_intel_tx_drop(q, pkt);
	return leat_intel_tx_planned(q, pkt, &p);
}

static uint16_t tx_burst(struct leat_txq *base, struct leat_pkt **pkts, uint16_t n)
{
	static const struct intel_tx_kind kind = { .cmd = DATA, .odd = tx_odd };

	return intel_tx_burst(base, pkts, n, &kind);
}

/* ---- the queue's life ---- */

int leat_e1000e_txq_setup(struct leat_port *port, unsigned int id, struct leat_txq **out)
{
	return leat_intel_txq_setup(&e1000e_of(port)->queues, port, id, tx_burst, out);
}

int leat_e1000e_txq_start(struct leat_txq *base)
{
	struct intel_txq *q = intel_txq_of(base);

	leat_intel_txq_clear(q);
	leat_intel_ring_program(&q->ring);
	intel_ring_write(&q->ring, INTEL_QUEUE_DCTL, E1000E_TXDCTL_COUNT | E1000E_DCTL_GRAN |
			 LEAT_PUT(E1000E_DCTL_PTHRESH, 31u) | LEAT_PUT(E1000E_DCTL_HTHRESH, 1u));
	return 0;
}

/* ---- a queue of a running port ---- */

/* Has the device sent all? */
static bool tx_idle(struct intel_txq *q)
{
	leat_intel_tx_clean(q, q->ring.mask);
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
	struct intel_txq *q = intel_txq_of(base);

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
