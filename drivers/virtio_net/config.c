// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/config.c - what the device says of itself: features, addresses, queues
 * (virtio 1.2, 5.1.4), and the capabilities that follow. Control thread.
 */
#include "virtio_net.h"

#include <errno.h>
#include <string.h>

int leat_virtio_config16(struct virtio_net *net, size_t off, uint16_t *out)
{
	leat_le16 v;
	int err = net->vd->ops->config_read(net->vd, (uint32_t)off, &v, sizeof(v));

	if (!err)
		*out = leat_le16_to_cpu(v);
	return err;
}

static int virtio_net_read_mac(struct virtio_net *net)
{
	int err = 0;

	if (net->offered & VIRTIO_NET_F_MAC)
		err = net->vd->ops->config_read(net->vd, offsetof(struct virtio_net_config, mac),
						net->port.mac, sizeof(net->port.mac));
	else
		leat_mac_random(net->port.mac);	/* any will do, 5.1.5 */
	memcpy(net->device_mac, net->port.mac, sizeof(net->device_mac));
	return err;
}

static int virtio_net_read_mtu(struct virtio_net *net)
{
	struct leat_port *port = &net->port;
	int err;

	port->mtu = VIRTIO_NET_MTU_ETH;
	port->caps.max_mtu = VIRTIO_NET_MTU_MAX;
	if (!(net->offered & VIRTIO_NET_F_MTU))
		return 0;
	err = leat_virtio_config16(net, offsetof(struct virtio_net_config, mtu), &net->device_mtu);
	if (err)
		return err;
	if (net->device_mtu < VIRTIO_NET_MTU_MIN)
		return leat_fail(port->ctx, -EPROTO,
				 "%s: the device says that its MTU is %u, under the least there "
				 "can be, %u (5.1.4.1)", port->name, net->device_mtu,
				 VIRTIO_NET_MTU_MIN);
	port->mtu = LEAT_MIN(net->device_mtu, VIRTIO_NET_MTU_MAX);
	port->caps.max_mtu = port->mtu;
	return 0;
}

static uint16_t virtio_net_pow2_down(uint16_t n)
{
	while (n & (n - 1))
		n &= (uint16_t)(n - 1);
	return n;
}

/* How long the shorter of the queues can be (4.1.5.1.3). */
static int virtio_net_read_queues(struct virtio_net *net)
{
	struct leat_virtio *vd = net->vd;
	uint16_t rx = vd->ops->queue_max(vd, VIRTIO_NET_RXQ(0));
	uint16_t tx = vd->ops->queue_max(vd, VIRTIO_NET_TXQ(0));
	uint16_t max = virtio_net_pow2_down(LEAT_MIN(rx, tx));

	if (max < VIRTIO_NET_DESC_MIN || max > VIRTIO_QUEUE_SIZE_MAX)
		return leat_fail(net->port.ctx, -ENOTSUP,
				 "%s: the device's queues can have %u (receive) and %u (transmit) "
				 "descriptors; the driver needs %u to %u of each", net->port.name,
				 rx, tx, VIRTIO_NET_DESC_MIN, VIRTIO_QUEUE_SIZE_MAX);
	net->port.caps.max_desc = max;
	return 0;
}

/* ---- link ---- */

uint16_t leat_virtio_net_status(struct virtio_net *net)
{
	uint16_t status;

	if (!(net->offered & VIRTIO_NET_F_STATUS))
		return VIRTIO_NET_S_LINK_UP;
	if (leat_virtio_config16(net, offsetof(struct virtio_net_config, status), &status))
		return 0;
	return status;
}

static uint32_t virtio_net_speed(struct virtio_net *net)
{
	leat_le32 speed;

	if (net->vd->ops->config_read(net->vd, offsetof(struct virtio_net_config, speed), &speed,
				      sizeof(speed)) ||
	    leat_le32_to_cpu(speed) > VIRTIO_NET_SPEED_MAX)
		return 0;
	return leat_le32_to_cpu(speed);
}

static bool virtio_net_half_duplex(struct virtio_net *net)
{
	uint8_t duplex;

	return !net->vd->ops->config_read(net->vd, offsetof(struct virtio_net_config, duplex),
					  &duplex, 1) && duplex == 0;
}

void leat_virtio_link(struct leat_port *port, struct leat_link *out)
{
	struct virtio_net *net = virtio_net_of(port);
	bool tells = net->offered & VIRTIO_NET_F_SPEED_DUPLEX;

	out->up = leat_virtio_net_status(net) & VIRTIO_NET_S_LINK_UP;
	if (!out->up)
		return;
	out->speed = tells ? virtio_net_speed(net) : 0;
	out->full_duplex = !tells || !virtio_net_half_duplex(net);
}

/* ---- all of it ---- */

static void virtio_net_fill_caps(struct virtio_net *net)
{
	struct leat_caps *caps = &net->port.caps;
	bool filters;

	caps->flags = LEAT_CAP_TX_SEGS | leat_virtio_features_caps(net);
	filters = caps->flags & LEAT_CAP_FILTER;
	caps->max_macs = filters ? LEAT_FILTER_MACS : 0;
	caps->max_mcasts = filters ? LEAT_FILTER_MCASTS : 0;
	caps->min_desc = net->vd->legacy ? caps->max_desc : VIRTIO_NET_DESC_MIN;
	caps->pow2_desc = true;
	caps->max_segs = (uint16_t)LEAT_MIN(VIRTIO_NET_SEGS_MAX, caps->max_desc - 1);
	caps->rx_headroom = caps->flags & LEAT_CAP_RX_HASH ? VIRTIO_NET_HDR_LEN_HASH :
							     VIRTIO_NET_HDR_LEN;
	caps->dma_bits = net->vd->legacy ? VIRTIO_LEGACY_BITS : 64;
	if (leat_virtio_features_possible(net) & VIRTIO_NET_F_CTRL_GUEST_OFFLOADS)
		caps->live_offloads = caps->flags & (LEAT_CAP_RX_CSUM | LEAT_CAP_RX_LRO);
	net->port.queues_together = !(net->offered & VIRTIO_F_RING_RESET);
}

/* The first that the device's offer has what it takes for. */
static const struct {
	uint64_t	needs;
	const struct virtio_rings *rings;
} formats[] = {
	{ VIRTIO_F_RING_PACKED, &leat_virtio_packed },
	{ 0, &leat_virtio_split },
};

static const struct virtio_rings *virtio_net_format(uint64_t offered)
{
	size_t i = 0;

	while (formats[i].needs & ~offered)
		i++;
	return formats[i].rings;
}

int leat_virtio_read_offer(struct virtio_net *net)
{
	int err;

	net->offered = net->vd->ops->features_get(net->vd);
	net->rings = virtio_net_format(net->offered);
	err = leat_virtio_features_check(net);
	if (!err)
		err = virtio_net_read_mac(net);
	if (!err)
		err = virtio_net_read_mtu(net);
	if (!err)
		err = virtio_net_read_queues(net);
	if (!err)
		err = leat_virtio_steer_read(net);
	if (!err)
		virtio_net_fill_caps(net);
	return err;
}
