// SPDX-License-Identifier: BSD-3-Clause
/*
 * sleep.c - waiting for packets instead of polling for them.
 *
 * The order that loses no wake-up: what was signalled is forgotten first, then
 * the device is asked for interrupts, then the ring is looked at. A packet that
 * came before the last step is seen by it, one that comes later interrupts.
 */
#include "core/port/sleep.h"

#include <leat/driver/core.h>

#include <errno.h>

static void drain(struct leat_rxq *q)
{
	if (q->fd == q->event)
		leat_eventfd_drain(q->fd);
	else
		leat_eventfd_tap_drain(q->fd);
}

int leat_rxq_arm(struct leat_rxq *q)
{
	int news;

	if (leat_port_gone(q->port))
		return -ENODEV;
	if (!q->port->started)
		return -EINVAL;
	if (leat_rxq_fd(q) < 0)
		return -ENOTSUP;
	drain(q);
	news = q->port->drv->rxq_arm(q);
	/* Gone meanwhile: who noticed may have signalled before the drain. */
	if (news > 0 || leat_port_gone(q->port))
		leat_eventfd_signal(q->event);
	return news < 0 ? news : 0;
}

void leat_rxq_disarm(struct leat_rxq *q)
{
	if (leat_rxq_fd(q) >= 0)
		q->port->drv->rxq_disarm(q);
}

int leat_rxq_fd(const struct leat_rxq *q)
{
	return q->port->drv->rxq_arm && q->fd >= 0 ? q->fd : -ENOTSUP;
}

void leat_port_wake_sleepers(struct leat_port *port)
{
	for (unsigned int i = 0; i < LEAT_PORT_QUEUES_MAX; i++)
		if (port->rxq[i] && leat_rxq_fd(port->rxq[i]) >= 0)
			leat_eventfd_signal(port->rxq[i]->event);
}
