// SPDX-License-Identifier: BSD-3-Clause
/*
 * setup.c - a port's queues made and freed: their caches, their counts by size, and
 * what drivers do not fill in themselves.
 */
#include "core/port/config.h"

#include "core/stats/sizes.h"

#include <leat/bits.h>

#include <errno.h>
#include <stdio.h>

static int own_cache(struct leat_port *port, struct leat_pool_cache **asked,
		     struct leat_pool_cache **own)
{
	int err;

	if (*asked)
		return 0;
	err = leat_pool_cache_create(port->cfg.pool, 0, own);
	if (!err)
		*asked = *own;
	return err;
}

static int own_sizes(struct leat_port *port, struct leat_sizes **sizes)
{
	return port->cfg.size_stats && !*sizes ? leat_sizes_create(port, sizes) : 0;
}

int leat_port_setup_rxq(struct leat_port *port, unsigned int id)
{
	struct leat_rxq *q;
	int err = own_cache(port, &port->cfg.rx_cache[id], &port->own_rx_cache[id]);

	if (!err)
		err = own_sizes(port, &port->rx_sizes[id]);
	if (!err)
		err = port->drv->rxq_setup(port, id, &q);
	if (err)
		return err;
	q->port = port;
	q->cache = port->cfg.rx_cache[id];
	q->id = (uint16_t)id;
	q->ndesc = port->cfg.rx_desc;
	q->burst = leat_rx_nothing;
	port->rxq[id] = q;
	return 0;
}

int leat_port_setup_txq(struct leat_port *port, unsigned int id)
{
	struct leat_txq *q;
	int err = own_cache(port, &port->cfg.tx_cache[id], &port->own_tx_cache[id]);

	if (!err)
		err = own_sizes(port, &port->tx_sizes[id]);
	if (!err)
		err = port->drv->txq_setup(port, id, &q);
	if (err)
		return err;
	q->port = port;
	q->cache = port->cfg.tx_cache[id];
	q->id = (uint16_t)id;
	q->ndesc = port->cfg.tx_desc;
	q->burst = leat_tx_nothing;
	port->txq[id] = q;
	return 0;
}

static void free_rxq(struct leat_port *port, unsigned int id)
{
	if (port->rxq[id]) {
		leat_port_past_rxq(port, port->rxq[id]);
		port->drv->rxq_free(port->rxq[id]);
	}
	port->rxq[id] = NULL;
	leat_pool_cache_destroy(port->own_rx_cache[id]);
	port->own_rx_cache[id] = NULL;
	leat_sizes_destroy(port->rx_sizes[id]);
	port->rx_sizes[id] = NULL;
}

static void free_txq(struct leat_port *port, unsigned int id)
{
	if (port->txq[id]) {
		leat_port_past_txq(port, port->txq[id]);
		port->drv->txq_free(port->txq[id]);
	}
	port->txq[id] = NULL;
	leat_pool_cache_destroy(port->own_tx_cache[id]);
	port->own_tx_cache[id] = NULL;
	leat_sizes_destroy(port->tx_sizes[id]);
	port->tx_sizes[id] = NULL;
}

void leat_port_free_queues(struct leat_port *port)
{
	for (unsigned int i = 0; i < LEAT_PORT_QUEUES_MAX; i++) {
		free_rxq(port, i);
		free_txq(port, i);
	}
}

/* ---- another size ---- */

static int check_resize(struct leat_port *port, const char *dir, unsigned int id, uint32_t off,
			uint16_t *ndesc, unsigned int least)
{
	char what[48];

	if (port->started && !(off & LEAT_BIT(id)))
		return leat_fail(port->ctx, -EBUSY, "%s: %s queue %u: resize: it runs; stop it",
				 port->name, dir, id);
	if (*ndesc && *ndesc < least)
		return leat_fail(port->ctx, -EINVAL, "%s: %s queue %u: resize: %u descriptors "
				 "asked, what the port is configured for needs %u", port->name, dir,
				 id, *ndesc, least);
	snprintf(what, sizeof(what), "%s queue %u: descriptors", dir, id);
	return leat_port_check_desc(port, what, ndesc);
}

int leat_rxq_resize(struct leat_rxq **q, uint16_t ndesc)
{
	struct leat_rxq *old = *q, *fresh;
	struct leat_port *port = old->port;
	const unsigned int id = old->id;
	const uint16_t usual = port->cfg.rx_desc;
	int err = check_resize(port, "receive", id, port->rxqs_off, &ndesc, 0);

	if (err)
		return err;
	port->cfg.rx_desc = ndesc;
	err = leat_port_setup_rxq(port, id);
	port->cfg.rx_desc = usual;
	if (err)
		return err;
	fresh = port->rxq[id];
	fresh->packets = old->packets;
	fresh->bytes = old->bytes;
	fresh->errors = old->errors;
	fresh->nobuf = old->nobuf;
	port->drv->rxq_free(old);
	*q = fresh;
	return 0;
}

/* A packet of as many segments as the port takes has to fit in. */
int leat_txq_resize(struct leat_txq **q, uint16_t ndesc)
{
	struct leat_txq *old = *q, *fresh;
	struct leat_port *port = old->port;
	const unsigned int id = old->id;
	const uint16_t usual = port->cfg.tx_desc;
	int err = check_resize(port, "transmit", id, port->txqs_off, &ndesc,
			       LEAT_MIN(port->caps.max_segs + 1u, usual));

	if (err)
		return err;
	port->cfg.tx_desc = ndesc;
	err = leat_port_setup_txq(port, id);
	port->cfg.tx_desc = usual;
	if (err)
		return err;
	fresh = port->txq[id];
	fresh->packets = old->packets;
	fresh->bytes = old->bytes;
	fresh->errors = old->errors;
	fresh->drop_full = old->drop_full;
	fresh->drop_gone = old->drop_gone;
	port->drv->txq_free(old);
	*q = fresh;
	return 0;
}
