// SPDX-License-Identifier: BSD-3-Clause
/*
 * port.c - the life of a port: attach, set up, start, stop, reconfigure, close.
 *
 * Drivers do the work; this file keeps the order they may rely on.
 */
#include "core/ctx.h"
#include "core/port/config.h"
#include "core/port/sleep.h"

#include <leat/barrier.h>
#include <leat/driver/driver.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int leat_port_start(struct leat_port *port)
{
	int err;

	if (port->started)
		return 0;
	if (leat_port_gone(port))
		return leat_fail(port->ctx, -ENODEV, "%s: start: the device is gone; close the port",
				 port->name);
	if (port->suspended)
		return leat_fail(port->ctx, -EINVAL, "%s: start: the device sleeps; resume the port",
				 port->name);
	if (!port->rxq[0])
		return leat_fail(port->ctx, -EINVAL,
				 "%s: start: no queues since a reconfiguration failed; reconfigure it",
				 port->name);
	err = port->drv->start(port);
	if (err)
		return err;
	port->started = true;
	leat_port_show_bursts(port);
	return 0;
}

void leat_port_stop(struct leat_port *port)
{
	if (!port->started)
		return;
	leat_port_hide_bursts(port);
	port->started = false;
	port->drv->stop(port);
}

/* Settle @cfg and make the queues of it; on failure there are none. */
static int setup(struct leat_port *port, const struct leat_port_config *cfg)
{
	int err = leat_port_resolve(port, cfg);

	if (!err && port->cfg.promisc)
		err = leat_port_promisc(port, true);
	if (!err && port->drv->configure)
		err = port->drv->configure(port);
	for (unsigned int i = 0; !err && i < port->cfg.rxqs; i++)
		err = leat_port_setup_rxq(port, i);
	for (unsigned int i = 0; !err && i < port->cfg.txqs; i++)
		err = leat_port_setup_txq(port, i);
	if (err)
		leat_port_free_queues(port);
	return err;
}

int leat_port_reconfigure(struct leat_port *port, const struct leat_port_config *cfg)
{
	struct leat_port_config old = port->cfg, defaults = { 0 };
	struct leat_rss rss = port->rss;
	int err;

	if (port->started)
		return leat_fail(port->ctx, -EBUSY, "%s: reconfigure: stop the port first",
				 port->name);
	if (port->suspended)
		return leat_fail(port->ctx, -EBUSY, "%s: reconfigure: resume the port first",
				 port->name);
	for (unsigned int i = 0; i < LEAT_PORT_QUEUES_MAX; i++) {
		if (port->own_rx_cache[i])
			old.rx_cache[i] = NULL;
		if (port->own_tx_cache[i])
			old.tx_cache[i] = NULL;
	}
	old.rss = rss.types ? &rss : NULL;
	leat_port_free_queues(port);
	err = setup(port, cfg ? cfg : &defaults);
	if (err)
		(void)setup(port, &old);	/* its failure shows at start: no queues */
	return err;
}

static void enlist(struct leat_port *port)
{
	port->next = port->ctx->ports;
	port->ctx->ports = port;
}

static void unlist(struct leat_port *port)
{
	struct leat_port **p = &port->ctx->ports;

	while (*p && *p != port)
		p = &(*p)->next;
	if (*p)
		*p = port->next;
}

static struct leat_port *new_port(struct leat_ctx *ctx, const struct leat_driver *drv,
				  const char *name)
{
	struct leat_port *port = calloc(1, drv->port_size);

	if (!port)
		return NULL;
	port->name = strdup(name);
	if (!port->name) {
		free(port);
		return NULL;
	}
	port->ctx = ctx;
	port->drv = drv;
	return port;
}

static void free_port(struct leat_port *port)
{
	free(port->name);
	free(port);
}

static struct leat_aspace *aspace(const struct leat_port *port)
{
	return port->end->aspace ? port->end->aspace(port->dev) : NULL;
}

/* Rings come from the node of the first port that uses the space. */
static void settle_near(const struct leat_port *port)
{
	struct leat_aspace *as = aspace(port);

	if (as && !as->near)
		as->near = (unsigned int)(leat_port_node(port) + 1);
}

static int settle_width(const struct leat_port *port)
{
	struct leat_aspace *as = aspace(port);

	return as ? leat_aspace_narrow(as, port->caps.dma_bits) : 0;
}

int leat_port_attach(struct leat_ctx *ctx, const struct leat_driver *drv, struct leat_dev *dev,
		     const char *name, const struct leat_dev_end *end, bool stepped,
		     const struct leat_port_config *cfg, struct leat_port **out)
{
	const struct leat_port_config defaults = { 0 };
	struct leat_port *port = new_port(ctx, drv, name);
	int err;

	if (!port) {
		err = leat_fail(ctx, -ENOMEM, "%s: open: out of memory", name);
		goto close_dev;
	}
	port->dev = dev;
	port->end = end;
	port->stepped = stepped;
	enlist(port);
	settle_near(port);
	err = drv->attach(port);
	if (err)
		goto free_port;
	err = settle_width(port);
	if (!err)
		err = setup(port, cfg ? cfg : &defaults);
	if (err)
		goto detach;
	if (!port->cfg.no_start)
		err = leat_port_start(port);
	if (err)
		goto free_queues;
	*out = port;
	return 0;

free_queues:
	leat_port_free_queues(port);
detach:
	drv->detach(port);
free_port:
	unlist(port);
	free_port(port);
close_dev:
	end->close(dev);
	return err;
}

void leat_port_close(struct leat_port *port)
{
	if (!port)
		return;
	leat_port_stop(port);
	(void)leat_port_resume(port);	/* the driver's last words are for an awake device */
	leat_port_free_queues(port);
	port->drv->detach(port);
	unlist(port);
	port->end->close(port->dev);
	free_port(port);
}

void leat_port_close_all(struct leat_ctx *ctx)
{
	while (ctx->ports)
		leat_port_close(ctx->ports);
}

void leat_port_forget_all(struct leat_ctx *ctx)
{
	while (ctx->ports) {
		struct leat_port *port = ctx->ports;

		ctx->ports = port->next;
		if (aspace(port))
			leat_aspace_forget(aspace(port));
		if (port->drv->forget)
			port->drv->forget(port);
		if (port->end->forget)
			port->end->forget(port->dev);
		free_port(port);
	}
}

void leat_port_notify(struct leat_port *port, enum leat_event event)
{
	if (event == LEAT_EVENT_GONE)
		leat_store_relaxed(&port->gone, true);
	__atomic_fetch_or(&port->pending, UINT32_C(1) << event, __ATOMIC_RELEASE);
	leat_ctx_wake(port->ctx);
	if (event != LEAT_EVENT_LINK && event != LEAT_EVENT_ANNOUNCE)
		leat_port_wake_sleepers(port);
}

static int deliver(struct leat_port *port)
{
	uint32_t pending = __atomic_exchange_n(&port->pending, 0, __ATOMIC_ACQUIRE);

	for (int event = LEAT_EVENT_LINK; event <= LEAT_EVENT_GONE; event++)
		if ((pending & (UINT32_C(1) << event)) && port->cfg.event)
			port->cfg.event(port->cfg.event_arg, port, (enum leat_event)event);
	return (pending & (UINT32_C(1) << LEAT_EVENT_GONE)) && !port->cfg.event ? -ENODEV : 0;
}

int leat_port_deliver_all(struct leat_ctx *ctx)
{
	int err = 0;

	for (struct leat_port *port = ctx->ports; port; port = port->next)
		if (leat_load_relaxed(&port->pending) && deliver(port))
			err = -ENODEV;
	return err;
}

int leat_sigbus(struct leat_ctx *ctx, void *addr)
{
	for (struct leat_port *port = ctx->ports; port; port = port->next)
		if (port->end->sigbus && port->end->sigbus(port->dev, addr))
			return 1;
	return 0;
}

void leat_port_link(struct leat_port *port, struct leat_link *out)
{
	memset(out, 0, sizeof(*out));
	if (!leat_port_gone(port) && !port->suspended && port->drv->link)
		port->drv->link(port, out);
}

void leat_port_mac(const struct leat_port *port, uint8_t mac[6])
{
	memcpy(mac, port->mac, sizeof(port->mac));
}

uint16_t leat_port_mtu(const struct leat_port *port)
{
	return port->cfg.mtu;
}

void leat_port_caps(const struct leat_port *port, struct leat_caps *out)
{
	*out = port->caps;
}

int leat_port_node(const struct leat_port *port)
{
	return port->end->node ? port->end->node(port->dev) : -1;
}

bool leat_port_gone(const struct leat_port *port)
{
	return leat_load_relaxed(&port->gone);
}

const char *leat_port_name(const struct leat_port *port)
{
	return port->name;
}

const char *leat_port_driver(const struct leat_port *port)
{
	return port->drv->name;
}

const char *leat_port_info(const struct leat_port *port)
{
	return port->info;
}

struct leat_rxq *leat_port_rxq(struct leat_port *port, unsigned int id)
{
	return id < LEAT_PORT_QUEUES_MAX ? port->rxq[id] : NULL;
}

struct leat_txq *leat_port_txq(struct leat_port *port, unsigned int id)
{
	return id < LEAT_PORT_QUEUES_MAX ? port->txq[id] : NULL;
}

void leat_drop(struct leat_txq *q, struct leat_pkt **pkts, uint16_t n)
{
	if (!n)
		return;
	if (leat_port_gone(q->port))
		q->drop_gone += n;
	else
		q->drop_full += n;
	leat_pkt_free_to(q->cache, pkts, n);
}
