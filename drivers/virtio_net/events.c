// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/events.c - what a running device says of itself: its link (5.1.4.2), that
 * the network behind it changed (5.1.6.5.4), DEVICE_NEEDS_RESET (2.1.2), and, by its
 * silence, a reset that was not ours.
 *
 * An interrupt asks for a look. So does the clock, where there is no interrupt for
 * changes of configuration, and where a look costs nothing because the registers
 * are mapped. Control thread.
 */
#include "virtio_net.h"

#define LOOK_NS UINT64_C(500000000)

/* What a running device's status says against it, or NULL. */
static const char *virtio_net_trouble(uint8_t status)
{
	if (status == UINT8_MAX)
		return "the device reads as all ones: it was taken away, or its memory decoding is "
		       "off";
	if (status & VIRTIO_STATUS_NEEDS_RESET)
		return "the device met an error that it cannot recover from (DEVICE_NEEDS_RESET)";
	if (!(status & VIRTIO_STATUS_DRIVER_OK))
		return "somebody else reset the device, which knows its queues no more";
	return NULL;
}

/* 5.1.6.5.4: the device asks again until it has the driver's word. */
static void virtio_net_heed(struct virtio_net *net, uint16_t status)
{
	bool up = status & VIRTIO_NET_S_LINK_UP;

	if (up != net->link_up)
		leat_port_notify(&net->port, LEAT_EVENT_LINK);
	net->link_up = up;
	if ((status & VIRTIO_NET_S_ANNOUNCE) && !net->ctrl.lost &&
	    (net->vd->features & VIRTIO_NET_F_GUEST_ANNOUNCE) &&
	    !leat_virtio_ctrl(net, VIRTIO_NET_CTRL_ANNOUNCE, VIRTIO_NET_CTRL_ANNOUNCE_ACK, NULL, 0,
			      "announce"))
		leat_port_notify(&net->port, LEAT_EVENT_ANNOUNCE);
}

static void virtio_net_look(struct virtio_net *net)
{
	struct leat_port *port = &net->port;
	const char *trouble = virtio_net_trouble(net->vd->ops->status_get(net->vd));

	if (leat_load_relaxed(&port->dev->dead) || net->error_told)
		return;
	if (trouble) {
		net->error_told = true;
		leat_log(port->ctx, LEAT_LOG_ERROR, "%s: %s: stop and start the port", port->name,
			 trouble);
		leat_port_notify(port, LEAT_EVENT_ERROR);
		return;
	}
	virtio_net_heed(net, leat_virtio_net_status(net));
}

static void virtio_net_interrupt(struct leat_watch *w)
{
	struct virtio_net *net = LEAT_CONTAINER_OF(w, struct virtio_net, watch);

	leat_eventfd_drain(w->fd);
	virtio_net_look(net);
}

static void virtio_net_tick(struct leat_watch *w)
{
	virtio_net_look(LEAT_CONTAINER_OF(w, struct virtio_net, watch));
}

int leat_virtio_watch(struct virtio_net *net)
{
	net->watch = (struct leat_watch){ .fd = net->config_fd };
	if (net->config_fd >= 0)
		net->watch.ready = virtio_net_interrupt;
	if (net->config_fd < 0 || net->pci.common.base) {
		net->watch.tick = virtio_net_tick;
		net->watch.period_ns = LOOK_NS;
	}
	net->link_up = leat_virtio_net_status(net) & VIRTIO_NET_S_LINK_UP;
	return leat_watch_add(net->port.ctx, &net->watch);
}

void leat_virtio_unwatch(struct virtio_net *net)
{
	leat_watch_remove(net->port.ctx, &net->watch);
}
