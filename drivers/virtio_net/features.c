// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/features.c - which features are negotiated, and their names for
 * people (virtio 1.2, 5.1.3 and 6).
 */
#include "virtio_net.h"

#include <errno.h>
#include <stdio.h>

/*
 * What the driver cannot do without, and what it takes when it is offered. A device
 * that offers ACCESS_PLATFORM may refuse to work without (6.1), and one that offers
 * ORDER_PLATFORM needs the barriers that the driver has in any case.
 */
#define REQUIRED VIRTIO_F_VERSION_1
#define ALWAYS	 (VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM | VIRTIO_F_ORDER_PLATFORM | \
		  VIRTIO_NET_F_MAC | VIRTIO_NET_F_STATUS | VIRTIO_NET_F_MRG_RXBUF)

static const struct {
	uint64_t	bit;
	const char	*name;
} names[] = {
	{ VIRTIO_NET_F_CSUM, "CSUM" },
	{ VIRTIO_NET_F_GUEST_CSUM, "GUEST_CSUM" },
	{ VIRTIO_NET_F_MTU, "MTU" },
	{ VIRTIO_NET_F_MAC, "MAC" },
	{ VIRTIO_NET_F_MRG_RXBUF, "MRG_RXBUF" },
	{ VIRTIO_NET_F_STATUS, "STATUS" },
	{ VIRTIO_NET_F_CTRL_VQ, "CTRL_VQ" },
	{ VIRTIO_NET_F_MQ, "MQ" },
	{ VIRTIO_F_INDIRECT_DESC, "INDIRECT_DESC" },
	{ VIRTIO_F_EVENT_IDX, "EVENT_IDX" },
	{ VIRTIO_F_VERSION_1, "VERSION_1" },
	{ VIRTIO_F_ACCESS_PLATFORM, "ACCESS_PLATFORM" },
	{ VIRTIO_F_RING_PACKED, "RING_PACKED" },
	{ VIRTIO_F_IN_ORDER, "IN_ORDER" },
	{ VIRTIO_F_ORDER_PLATFORM, "ORDER_PLATFORM" },
};

static const char *name_of(uint64_t bit)
{
	for (size_t i = 0; i < LEAT_ARRAY_LEN(names); i++)
		if (names[i].bit == bit)
			return names[i].name;
	return NULL;
}

const char *leat_virtio_features_text(uint64_t features, char *text)
{
	size_t len = 0;

	snprintf(text, VIRTIO_FEATURES_TEXT, "none");
	for (int i = 0; i < 64 && len < VIRTIO_FEATURES_TEXT; i++) {
		const char *name = name_of(LEAT_BIT64(i));
		const char *gap = len ? " " : "";

		if (!(features & LEAT_BIT64(i)))
			continue;
		if (name)
			len += (size_t)snprintf(text + len, VIRTIO_FEATURES_TEXT - len, "%s%s", gap,
						name);
		else
			len += (size_t)snprintf(text + len, VIRTIO_FEATURES_TEXT - len, "%sbit %d",
						gap, i);
	}
	return text;
}

/*
 * A driver that negotiates MTU must have buffers for such frames (5.1.4.2), which
 * mergeable ones always are.
 */
static bool can_take_mtu(const struct virtio_net *net)
{
	return (net->offered & VIRTIO_NET_F_MRG_RXBUF) ||
	       net->rx_room >= VIRTIO_NET_HDR_LEN + VIRTIO_NET_ETH_LEN + (uint32_t)net->device_mtu;
}

uint64_t leat_virtio_features_wanted(const struct virtio_net *net)
{
	uint64_t wanted = ALWAYS;

	if (net->port.cfg.offloads & LEAT_CAP_TX_CSUM)
		wanted |= VIRTIO_NET_F_CSUM;
	if (net->port.cfg.offloads & LEAT_CAP_RX_CSUM)
		wanted |= VIRTIO_NET_F_GUEST_CSUM;
	if (net->device_mtu && can_take_mtu(net))
		wanted |= VIRTIO_NET_F_MTU;
	return wanted & net->offered;
}

int leat_virtio_features_check(const struct virtio_net *net)
{
	char missing[VIRTIO_FEATURES_TEXT], offered[VIRTIO_FEATURES_TEXT];

	/* It would use bus addresses as if they were the machine's own (2.2.3, 6). */
	if (net->port.dev->translated && !(net->offered & VIRTIO_F_ACCESS_PLATFORM))
		return leat_fail(net->port.ctx, -ENOTSUP,
				 "%s: the device does not offer ACCESS_PLATFORM, so its DMA would "
				 "bypass the IOMMU and hit other memory: start it with "
				 "iommu_platform=on,disable-legacy=on (QEMU), or open it as noiommu:",
				 net->port.name);
	if (!(REQUIRED & ~net->offered))
		return 0;
	return leat_fail(net->port.ctx, -ENOTSUP,
			 "%s: the device does not offer %s, which the driver needs; it offers: %s",
			 net->port.name,
			 leat_virtio_features_text(REQUIRED & ~net->offered, missing),
			 leat_virtio_features_text(net->offered, offered));
}
