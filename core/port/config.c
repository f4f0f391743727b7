// SPDX-License-Identifier: BSD-3-Clause
/*
 * config.c - from what the application asked to what the device will do.
 */
#include "core/port/config.h"

#include "core/ctx.h"
#include "core/pool/pool.h"

#include <leat/bits.h>

#include <errno.h>

#define DEFAULT_DESC 256

static int refuse(struct leat_port *port, int err, const char *what, unsigned int asked,
		  unsigned int least, unsigned int most)
{
	return leat_fail(port->ctx, err, "%s: %s: %u asked, the device can do %u to %u", port->name,
			 what, asked, least, most);
}

static int queues(struct leat_port *port, const char *what, uint16_t *n, uint16_t max)
{
	unsigned int most = LEAT_MIN(max, LEAT_PORT_QUEUES_MAX);

	if (!*n)
		*n = 1;
	return *n > most ? refuse(port, -ENOTSUP, what, *n, 1, most) : 0;
}

int leat_port_check_desc(struct leat_port *port, const char *what, uint16_t *n)
{
	const struct leat_caps *caps = &port->caps;

	if (!*n)
		*n = (uint16_t)LEAT_MAX(LEAT_MIN(DEFAULT_DESC, caps->max_desc), caps->min_desc);
	if (*n < caps->min_desc || *n > caps->max_desc)
		return refuse(port, -EINVAL, what, *n, caps->min_desc, caps->max_desc);
	if (caps->pow2_desc && !leat_is_pow2(*n))
		return leat_fail(port->ctx, -EINVAL, "%s: %s: %u asked, the device wants a power of two",
				 port->name, what, *n);
	return 0;
}

static int mtu(struct leat_port *port, uint16_t *n)
{
	if (!*n)
		*n = port->mtu;
	if (*n < 68 || *n > port->caps.max_mtu)
		return refuse(port, -EINVAL, "MTU", *n, 68, port->caps.max_mtu);
	return 0;
}

static int offloads(struct leat_port *port, uint32_t *asked)
{
	const uint32_t can = port->caps.flags & LEAT_OFFLOADS;

	if (*asked == LEAT_OFFLOADS_NONE)
		*asked = 0;
	else if (!*asked)
		*asked = can & LEAT_OFFLOADS_USUAL;
	if (*asked & ~can)
		return leat_fail(port->ctx, -ENOTSUP,
				 "%s: offloads: 0x%x asked (LEAT_CAP_*), the device offers 0x%x",
				 port->name, *asked, can);
	return 0;
}

static int link(struct leat_port *port, const struct leat_port_config *cfg)
{
	if (cfg->speed && !(port->caps.flags & LEAT_CAP_LINK_SET))
		return leat_fail(port->ctx, -ENOTSUP, "%s: %u Mbit/s asked: the device's speed "
				 "cannot be forced; leave speed at 0", port->name, cfg->speed);
	if (cfg->flow_ctrl > LEAT_FLOW_FULL)
		return leat_fail(port->ctx, -EINVAL, "%s: flow control: %d is no kind of it: use "
				 "enum leat_flow_ctrl", port->name, (int)cfg->flow_ctrl);
	if (cfg->flow_ctrl > LEAT_FLOW_NONE && !(port->caps.flags & LEAT_CAP_FLOW_CTRL))
		return leat_fail(port->ctx, -ENOTSUP, "%s: flow control: the device has none; leave "
				 "flow_ctrl at 0", port->name);
	return 0;
}

static int intr(struct leat_port *port, enum leat_intr asked)
{
	if (asked > LEAT_INTR_NONE)
		return leat_fail(port->ctx, -EINVAL, "%s: interrupts: %d is no kind of them: use "
				 "enum leat_intr", port->name, (int)asked);
	if (asked != LEAT_INTR_AUTO && asked != LEAT_INTR_NONE && !port->drv->rxq_arm)
		return leat_fail(port->ctx, -ENOTSUP, "%s: interrupts: the driver %s uses none: "
				 "leave intr at LEAT_INTR_AUTO and poll", port->name,
				 port->drv->name);
	return 0;
}

static int pool(struct leat_port *port, struct leat_port_config *cfg)
{
	if (!cfg->pool) {
		int err = leat_ctx_own_pool(port, &cfg->pool);

		if (err)
			return err;
	}
	if (leat_mem_read_only(&cfg->pool->mem))
		return leat_fail(port->ctx, -EINVAL, "%s: its pool lies in memory that devices may "
				 "only read: such packets can be sent; receive into another pool",
				 port->name);
	for (unsigned int i = 0; i < LEAT_PORT_QUEUES_MAX; i++)
		if (cfg->rx_cache[i] && cfg->rx_cache[i]->pool != cfg->pool)
			return leat_fail(port->ctx, -EINVAL,
					 "%s: the cache for receive queue %u is of another pool than "
					 "the port's", port->name, i);
	return 0;
}

int leat_port_resolve(struct leat_port *port, const struct leat_port_config *asked)
{
	struct leat_port_config cfg = *asked;
	int err = queues(port, "receive queues", &cfg.rxqs, port->caps.max_rxqs);

	if (!err)
		err = queues(port, "transmit queues", &cfg.txqs, port->caps.max_txqs);
	if (!err)
		err = leat_port_check_desc(port, "receive descriptors", &cfg.rx_desc);
	if (!err)
		err = leat_port_check_desc(port, "transmit descriptors", &cfg.tx_desc);
	if (!err)
		err = mtu(port, &cfg.mtu);
	if (!err)
		err = offloads(port, &cfg.offloads);
	if (!err)
		err = link(port, &cfg);
	if (!err)
		err = intr(port, cfg.intr);
	if (!err)
		err = pool(port, &cfg);
	if (err)
		return err;
	port->cfg = cfg;
	return leat_port_resolve_rss(port);
}

/* Those that change and those that the device can change while it runs. */
static int live_offloads(struct leat_port *port, uint32_t asked)
{
	uint32_t fixed = (asked ^ port->cfg.offloads) & ~port->caps.live_offloads;

	if (!port->started)
		return leat_fail(port->ctx, -EINVAL, "%s: offloads: the port does not run: "
				 "reconfigure it with other ones", port->name);
	if (fixed)
		return leat_fail(port->ctx, -ENOTSUP, "%s: offloads: 0x%x would change (LEAT_CAP_*), "
				 "of which the device switches 0x%x while it runs: stop the port and "
				 "reconfigure it", port->name, asked ^ port->cfg.offloads,
				 port->caps.live_offloads);
	return 0;
}

int leat_port_offloads(struct leat_port *port, uint32_t asked)
{
	uint32_t old = port->cfg.offloads;
	int err = offloads(port, &asked);

	if (!err)
		err = live_offloads(port, asked);
	if (err || asked == old)
		return err;
	port->cfg.offloads = asked;
	err = port->drv->offloads(port);
	if (err) {
		port->cfg.offloads = old;
		(void)port->drv->offloads(port);
	}
	return err;
}
