// SPDX-License-Identifier: BSD-3-Clause
/*
 * intel/queue.c - what receive and transmit queues have in common.
 */
#include "queue.h"

#include <errno.h>
#include <stdio.h>

void leat_intel_ring_program(const struct intel_ring *r)
{
	intel_ring_write(r, INTEL_QUEUE_BAL, (uint32_t)r->mem.iova);
	intel_ring_write(r, INTEL_QUEUE_BAH, (uint32_t)(r->mem.iova >> 32));
	intel_ring_write(r, INTEL_QUEUE_LEN, (r->mask + 1u) * (uint32_t)sizeof(union intel_rxd));
	intel_ring_write(r, INTEL_QUEUE_HEAD, 0);
	intel_ring_write(r, INTEL_QUEUE_TAIL, 0);
}

int leat_intel_queues_check(const struct leat_port *port, const struct intel_queues *all,
			    unsigned int least)
{
	if (all->rx_room)
		return 0;
	return leat_fail(port->ctx, -EINVAL, "%s: the pool's buffers have %u bytes; use one with %u at "
			 "least, best 2048", port->name, leat_pool_buf_size(port->cfg.pool), least);
}

void leat_intel_queues_tell(struct leat_port *port, const struct intel_queues *all,
			    const char *what)
{
	const struct leat_port_config *cfg = &port->cfg;

	snprintf(port->info, sizeof(port->info), "%s descriptors %u/%u, buffers of %u, %s%s%s%s", what,
		 cfg->rx_desc, cfg->tx_desc, all->rx_room, leat_pci_irqs_name(all->irqs->kind),
		 cfg->offloads & (LEAT_CAP_RX_CSUM | LEAT_CAP_TX_CSUM) ? ", csum" : "",
		 cfg->offloads & (LEAT_CAP_TX_TSO4 | LEAT_CAP_TX_TSO6) ? ", TSO" : "",
		 port->rss.types ? ", RSS" : "");
}

static void stop_some(struct leat_port *port, unsigned int rxqs, unsigned int txqs)
{
	for (unsigned int i = 0; i < rxqs; i++)
		leat_intel_rxq_stop(port->rxq[i]);
	for (unsigned int i = 0; i < txqs; i++)
		leat_intel_txq_stop(port->txq[i]);
}

int leat_intel_queues_start(struct leat_port *port, int (*rx)(struct leat_rxq *),
			    int (*tx)(struct leat_txq *))
{
	unsigned int rxqs = 0, txqs = 0;
	int err = 0;

	while (!err && txqs < port->cfg.txqs)
		err = tx(port->txq[txqs++]);
	while (!err && rxqs < port->cfg.rxqs)
		err = rx(port->rxq[rxqs++]);
	if (err)
		stop_some(port, rxqs, txqs);
	return err;
}

void leat_intel_queues_stop(struct leat_port *port)
{
	stop_some(port, port->cfg.rxqs, port->cfg.txqs);
}
