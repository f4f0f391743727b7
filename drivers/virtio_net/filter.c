// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/filter.c - which frames come in: receive modes, addresses, VLANs
 * (virtio 1.2, 5.1.6.5.1 to 5.1.6.5.3). Commands of the control queue, control thread.
 */
#include "virtio_net.h"

#include <leat/bits.h>

#include <errno.h>
#include <string.h>

static int virtio_net_mode(struct virtio_net *net, uint8_t cmd, bool on, const char *what)
{
	const uint8_t data = on;

	return leat_virtio_ctrl(net, VIRTIO_NET_CTRL_RX, cmd, &data, sizeof(data), what);
}

static uint8_t *put_addresses(uint8_t *to, const uint8_t (*from)[6], unsigned int n,
			      const uint8_t *another)
{
	leat_le32 count = leat_cpu_to_le32(n + (another != NULL));

	memcpy(to, &count, sizeof(count));
	to += sizeof(count);
	memcpy(to, from, 6 * (size_t)n);
	to += 6 * (size_t)n;
	if (another)
		memcpy(to, another, 6);
	return to + (another ? 6 : 0);
}

/* The port's own address goes along where the device has none that could be set. */
static int virtio_net_addresses(struct virtio_net *net)
{
	const struct leat_filter *f = &net->port.filter;
	bool own = !(net->offered & VIRTIO_NET_F_MAC);
	uint8_t data[VIRTIO_CTRL_DATA_MAX], *end;

	LEAT_STATIC_ASSERT(8 + 6 * (LEAT_FILTER_MACS + 1 + LEAT_FILTER_MCASTS) <= sizeof(data),
			   "all addresses fit");
	end = put_addresses(data, f->mac, f->nmacs, own ? net->port.mac : NULL);
	end = put_addresses(end, f->mcast, f->nmcasts, NULL);
	return leat_virtio_ctrl(net, VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, data,
				(size_t)(end - data), "addresses");
}

/* The device keeps an address that it was told over no reset: each start tells it again. */
static int virtio_net_own_address(struct virtio_net *net)
{
	if (!(net->offered & VIRTIO_NET_F_MAC) ||
	    !memcmp(net->told_mac, net->port.mac, sizeof(net->told_mac)))
		return 0;
	if (!(net->vd->features & VIRTIO_NET_F_CTRL_MAC_ADDR) && net->vd->legacy)
		return net->vd->ops->config_write(net->vd, offsetof(struct virtio_net_config, mac),
						  net->port.mac, sizeof(net->port.mac));
	if (!(net->vd->features & VIRTIO_NET_F_CTRL_MAC_ADDR))
		return leat_fail(net->port.ctx, -ENOTSUP,
				 "%s: change its address: the device does not offer CTRL_MAC_ADDR: "
				 "give it the address where it is made", net->port.name);
	memcpy(net->told_mac, net->port.mac, sizeof(net->told_mac));
	return leat_virtio_ctrl(net, VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET,
				net->port.mac, sizeof(net->port.mac), "change its address");
}

static int virtio_net_vid(struct virtio_net *net, unsigned int vid, bool on)
{
	const leat_le16 data = leat_cpu_to_le16((uint16_t)vid);
	int err = leat_virtio_ctrl(net, VIRTIO_NET_CTRL_VLAN,
				   on ? VIRTIO_NET_CTRL_VLAN_ADD : VIRTIO_NET_CTRL_VLAN_DEL, &data,
				   sizeof(data), "filter by VLAN");

	if (!err)
		net->told_vids[vid / 64] ^= LEAT_BIT64(vid % 64);
	return err;
}

/* Only differences are told: there is one command for each VLAN. */
static int virtio_net_vids(struct virtio_net *net)
{
	const struct leat_filter *f = &net->port.filter;
	int err = 0;

	for (unsigned int vid = 0; vid < 4096 && !err; vid++) {
		uint64_t bit = LEAT_BIT64(vid % 64);
		uint64_t want = f->vlan ? f->vids[vid / 64] & bit : bit;

		if (want != (net->told_vids[vid / 64] & bit))
			err = virtio_net_vid(net, vid, want);
	}
	return err;
}

static int virtio_net_vlans(struct virtio_net *net)
{
	if (net->vd->features & VIRTIO_NET_F_CTRL_VLAN)
		return virtio_net_vids(net);
	if (net->port.filter.vlan)
		return leat_fail(net->port.ctx, -EBUSY,
				 "%s: filter by VLAN: virtio devices do it from their start or not "
				 "at all: stop the port, set the filter, start it", net->port.name);
	return 0;
}

int leat_virtio_filter(struct leat_port *port)
{
	struct virtio_net *net = virtio_net_of(port);
	const struct leat_filter *f = &port->filter;
	int err = 0;

	if (net->vd->features & VIRTIO_NET_F_CTRL_RX) {
		err = virtio_net_mode(net, VIRTIO_NET_CTRL_RX_PROMISC, f->promisc,
				      "promiscuous mode");
		if (!err)
			err = virtio_net_mode(net, VIRTIO_NET_CTRL_RX_ALLMULTI, f->allmulti,
					      "all multicasts");
		if (!err)
			err = virtio_net_addresses(net);
	}
	if (!err)
		err = virtio_net_own_address(net);
	return err ? err : virtio_net_vlans(net);
}

int leat_virtio_filter_start(struct virtio_net *net)
{
	memcpy(net->told_mac, net->device_mac, sizeof(net->told_mac));
	memset(net->told_vids, 0, sizeof(net->told_vids));
	return leat_virtio_filter(&net->port);
}
