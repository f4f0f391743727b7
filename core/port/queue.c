// SPDX-License-Identifier: BSD-3-Clause
/*
 * queue.c - what a queue's burst is, and one queue stopped while its port runs.
 *
 * A burst moves nothing unless port and queue run. A device that runs only when
 * its user polls is stepped by the poll.
 */
#include "core/port/config.h"

#include "core/stats/sizes.h"

#include <leat/barrier.h>
#include <leat/bits.h>

#include <errno.h>

uint16_t leat_rx_nothing(struct leat_rxq *q, struct leat_pkt **pkts, uint16_t n)
{
	(void)q;
	(void)pkts;
	(void)n;
	return 0;
}

uint16_t leat_tx_nothing(struct leat_txq *q, struct leat_pkt **pkts, uint16_t n)
{
	(void)q;
	(void)pkts;
	(void)n;
	return 0;
}

static uint16_t rx_stepped(struct leat_rxq *q, struct leat_pkt **pkts, uint16_t n)
{
	q->port->end->step(q->port->dev);
	return q->direct(q, pkts, n);
}

static uint16_t tx_stepped(struct leat_txq *q, struct leat_pkt **pkts, uint16_t n)
{
	uint16_t sent = q->direct(q, pkts, n);

	q->port->end->step(q->port->dev);
	return sent;
}

static uint16_t rx_counted(struct leat_rxq *q, struct leat_pkt **pkts, uint16_t n)
{
	uint16_t got = q->port->stepped ? rx_stepped(q, pkts, n) : q->direct(q, pkts, n);

	leat_sizes_count(q->port->rx_sizes[q->id], pkts, got);
	return got;
}

/* What is taken is somebody else's at once: looked at before, counted after. */
static uint16_t tx_counted(struct leat_txq *q, struct leat_pkt **pkts, uint16_t n)
{
	struct leat_sizes_seen seen[LEAT_SIZES_BURST];
	uint16_t sent = 0, part, took;

	do {
		part = (uint16_t)LEAT_MIN(n - sent, LEAT_SIZES_BURST);
		leat_sizes_look(seen, pkts + sent, part);
		took = q->port->stepped ? tx_stepped(q, pkts + sent, part) :
					  q->direct(q, pkts + sent, part);
		leat_sizes_add(q->port->tx_sizes[q->id], seen, took);
		sent = (uint16_t)(sent + took);
	} while (took == part && sent < n);
	return sent;
}

static void show_rxq(struct leat_rxq *q)
{
	q->burst = q->port->rx_sizes[q->id] ? rx_counted : q->port->stepped ? rx_stepped : q->direct;
}

static void show_txq(struct leat_txq *q)
{
	q->burst = q->port->tx_sizes[q->id] ? tx_counted : q->port->stepped ? tx_stepped : q->direct;
}

void leat_port_show_bursts(struct leat_port *port)
{
	port->rxqs_off = port->txqs_off = 0;
	for (unsigned int i = 0; i < port->cfg.rxqs; i++)
		show_rxq(port->rxq[i]);
	for (unsigned int i = 0; i < port->cfg.txqs; i++)
		show_txq(port->txq[i]);
}

void leat_port_hide_bursts(struct leat_port *port)
{
	for (unsigned int i = 0; i < port->cfg.rxqs; i++)
		port->rxq[i]->burst = leat_rx_nothing;
	for (unsigned int i = 0; i < port->cfg.txqs; i++)
		port->txq[i]->burst = leat_tx_nothing;
}

static int check(struct leat_port *port, const char *dir, unsigned int id, bool can)
{
	if (!can || port->queues_together)
		return leat_fail(port->ctx, -ENOTSUP, "%s: %s queue %u: the driver %s, or the "
				 "device, starts and stops ports only", port->name, dir, id, port->drv->name);
	if (leat_port_gone(port))
		return -ENODEV;
	if (!port->started)
		return leat_fail(port->ctx, -EINVAL, "%s: %s queue %u: its port does not run; start "
				 "that", port->name, dir, id);
	return 0;
}

int leat_rxq_stop(struct leat_rxq *q)
{
	struct leat_port *port = q->port;
	int err = check(port, "receive", q->id, port->drv->rxq_stop);
	uint32_t bit = LEAT_BIT(q->id);

	if (err || port->rxqs_off & bit)
		return err;
	q->burst = leat_rx_nothing;
	port->drv->rxq_stop(q);
	port->rxqs_off |= bit;
	return 0;
}

int leat_rxq_start(struct leat_rxq *q)
{
	struct leat_port *port = q->port;
	int err = check(port, "receive", q->id, port->drv->rxq_start);
	uint32_t bit = LEAT_BIT(q->id);

	if (err || !(port->rxqs_off & bit))
		return err;
	err = port->drv->rxq_start(q);
	if (err)
		return err;
	port->rxqs_off &= ~bit;
	show_rxq(q);
	return 0;
}

int leat_txq_stop(struct leat_txq *q)
{
	struct leat_port *port = q->port;
	int err = check(port, "transmit", q->id, port->drv->txq_stop);
	uint32_t bit = LEAT_BIT(q->id);

	if (err || port->txqs_off & bit)
		return err;
	q->burst = leat_tx_nothing;
	port->drv->txq_stop(q);
	port->txqs_off |= bit;
	return 0;
}

int leat_txq_start(struct leat_txq *q)
{
	struct leat_port *port = q->port;
	int err = check(port, "transmit", q->id, port->drv->txq_start);
	uint32_t bit = LEAT_BIT(q->id);

	if (err || !(port->txqs_off & bit))
		return err;
	err = port->drv->txq_start(q);
	if (err)
		return err;
	port->txqs_off &= ~bit;
	show_txq(q);
	return 0;
}

/* ---- whose the descriptors are ---- */

int leat_rxq_descs(struct leat_rxq *q, struct leat_descs *out)
{
	*out = (struct leat_descs){ .driver = q->ndesc };
	if (!q->port->drv->rxq_descs)
		return -ENOTSUP;
	if (q->burst == leat_rx_nothing)
		return 0;
	q->port->drv->rxq_descs(q, out);
	out->driver = (uint16_t)(q->ndesc - out->done - out->device);
	return 0;
}

int leat_txq_descs(struct leat_txq *q, struct leat_descs *out)
{
	*out = (struct leat_descs){ .driver = q->ndesc };
	if (!q->port->drv->txq_descs)
		return -ENOTSUP;
	if (q->burst == leat_tx_nothing)
		return 0;
	(void)leat_tx(q, NULL, 0);
	q->port->drv->txq_descs(q, out);
	out->driver = (uint16_t)(q->ndesc - out->done - out->device);
	return 0;
}
