// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/features.c - which features are negotiated, what the port can do by
 * them, and their names for people (virtio 1.2, 5.1.3 and 6).
 *
 * One row a feature: what of the configuration asks for it, which features it does
 * nothing without (5.1.3.1), and whether it is seen in the rings or before frames, so
 * that it is only for ring formats whose paths know it.
 */
#include "virtio_net.h"

#include <errno.h>
#include <stdio.h>

/* The header before a frame lies beside it, or there would be a descriptor more for each. */
#define REQUIRED	VIRTIO_F_VERSION_1
#define REQUIRED_LEGACY	VIRTIO_F_ANY_LAYOUT

#define CTRL	 VIRTIO_NET_F_CTRL_VQ
#define CSUM	 VIRTIO_NET_F_CSUM
#define GCSUM	 VIRTIO_NET_F_GUEST_CSUM
#define LRO	 LEAT_CAP_RX_LRO

enum where { RINGS, CONTROL };		/* who has to know it */
enum want { OFFERED, ASKED, NEVER };	/* when: if offered, for an offload, named only */

/*
 * A device that offers ACCESS_PLATFORM may refuse to work without (6.1), and one that offers
 * ORDER_PLATFORM needs the barriers that the driver has in any case.
 */
static const struct feature {
	uint64_t	bit;
	const char	*name;
	enum want	want;
	enum where	where;
	uint32_t	offload;	/* LEAT_CAP_*, if asked for */
	uint64_t	needs;		/* all of these */
} features[] = {
	{ VIRTIO_F_VERSION_1, "VERSION_1", OFFERED, CONTROL, 0, 0 },
	{ VIRTIO_F_ANY_LAYOUT, "ANY_LAYOUT", OFFERED, CONTROL, 0, 0 },
	{ VIRTIO_F_ACCESS_PLATFORM, "ACCESS_PLATFORM", OFFERED, CONTROL, 0, 0 },
	{ VIRTIO_F_ORDER_PLATFORM, "ORDER_PLATFORM", OFFERED, CONTROL, 0, 0 },
	{ VIRTIO_F_RING_RESET, "RING_RESET", OFFERED, CONTROL, 0, 0 },
	{ VIRTIO_NET_F_MAC, "MAC", OFFERED, CONTROL, 0, 0 },
	{ VIRTIO_NET_F_STATUS, "STATUS", OFFERED, CONTROL, 0, 0 },
	{ VIRTIO_NET_F_MTU, "MTU", OFFERED, CONTROL, 0, 0 },
	{ VIRTIO_NET_F_SPEED_DUPLEX, "SPEED_DUPLEX", OFFERED, CONTROL, 0, 0 },
	{ VIRTIO_NET_F_CTRL_VQ, "CTRL_VQ", OFFERED, CONTROL, 0, 0 },
	{ VIRTIO_NET_F_CTRL_RX, "CTRL_RX", OFFERED, CONTROL, 0, CTRL },
	{ VIRTIO_NET_F_CTRL_VLAN, "CTRL_VLAN", OFFERED, CONTROL, 0, CTRL },
	{ VIRTIO_NET_F_CTRL_MAC_ADDR, "CTRL_MAC_ADDR", OFFERED, CONTROL, 0, CTRL },
	{ VIRTIO_NET_F_GUEST_ANNOUNCE, "GUEST_ANNOUNCE", OFFERED, CONTROL, 0,
	  CTRL | VIRTIO_NET_F_STATUS },
	{ VIRTIO_NET_F_CTRL_GUEST_OFFLOADS, "CTRL_GUEST_OFFLOADS", OFFERED, CONTROL, 0, CTRL },
	{ VIRTIO_NET_F_MQ, "MQ", OFFERED, CONTROL, 0, 0 },
	{ VIRTIO_NET_F_RSS, "RSS", OFFERED, CONTROL, 0, CTRL },
	{ VIRTIO_NET_F_HASH_REPORT, "HASH_REPORT", ASKED, RINGS, LEAT_CAP_RX_HASH, CTRL },
	{ VIRTIO_F_RING_PACKED, "RING_PACKED", OFFERED, RINGS, 0, 0 },
	{ VIRTIO_F_IN_ORDER, "IN_ORDER", OFFERED, RINGS, 0, 0 },
	{ VIRTIO_F_INDIRECT_DESC, "INDIRECT_DESC", OFFERED, RINGS, 0, 0 },
	{ VIRTIO_F_EVENT_IDX, "EVENT_IDX", OFFERED, RINGS, 0, 0 },
	{ VIRTIO_F_NOTIFICATION_DATA, "NOTIFICATION_DATA", OFFERED, RINGS, 0, 0 },
	{ VIRTIO_NET_F_MRG_RXBUF, "MRG_RXBUF", OFFERED, RINGS, 0, 0 },
	{ VIRTIO_NET_F_CSUM, "CSUM", ASKED, RINGS, LEAT_CAP_TX_CSUM, 0 },
	{ VIRTIO_NET_F_HOST_TSO4, "HOST_TSO4", ASKED, RINGS, LEAT_CAP_TX_TSO4, CSUM },
	{ VIRTIO_NET_F_HOST_TSO6, "HOST_TSO6", ASKED, RINGS, LEAT_CAP_TX_TSO6, CSUM },
	{ VIRTIO_NET_F_HOST_ECN, "HOST_ECN", ASKED, RINGS, LEAT_CAP_TX_TSO4 | LEAT_CAP_TX_TSO6,
	  CSUM },
	{ VIRTIO_NET_F_HOST_USO, "HOST_USO", ASKED, RINGS, LEAT_CAP_TX_USO, CSUM },
	{ VIRTIO_NET_F_GUEST_CSUM, "GUEST_CSUM", ASKED, RINGS, LEAT_CAP_RX_CSUM, 0 },
	{ VIRTIO_NET_F_GUEST_TSO4, "GUEST_TSO4", ASKED, RINGS, LRO, GCSUM },
	{ VIRTIO_NET_F_GUEST_TSO6, "GUEST_TSO6", ASKED, RINGS, LRO, GCSUM },
	{ VIRTIO_NET_F_GUEST_ECN, "GUEST_ECN", ASKED, RINGS, LRO, GCSUM },
	{ VIRTIO_NET_F_GUEST_USO4, "GUEST_USO4", ASKED, RINGS, LRO, GCSUM },
	{ VIRTIO_NET_F_GUEST_USO6, "GUEST_USO6", ASKED, RINGS, LRO, GCSUM },
	{ VIRTIO_NET_F_GUEST_UFO, "GUEST_UFO", NEVER, RINGS, 0, 0 },
	{ VIRTIO_NET_F_HOST_UFO, "HOST_UFO", NEVER, RINGS, 0, 0 },
	{ VIRTIO_NET_F_CTRL_RX_EXTRA, "CTRL_RX_EXTRA", NEVER, CONTROL, 0, 0 },
	{ VIRTIO_NET_F_NOTF_COAL, "NOTF_COAL", NEVER, CONTROL, 0, 0 },
	{ VIRTIO_NET_F_GUEST_HDRLEN, "GUEST_HDRLEN", NEVER, CONTROL, 0, 0 },
	{ VIRTIO_NET_F_RSC_EXT, "RSC_EXT", NEVER, RINGS, 0, 0 },
	{ VIRTIO_NET_F_STANDBY, "STANDBY", NEVER, CONTROL, 0, 0 },
	{ VIRTIO_F_SR_IOV, "SR_IOV", NEVER, CONTROL, 0, 0 },
	{ VIRTIO_F_NOTIF_CONFIG_DATA, "NOTIF_CONFIG_DATA", NEVER, CONTROL, 0, 0 },
};

static const char *name_of(uint64_t bit)
{
	for (size_t i = 0; i < LEAT_ARRAY_LEN(features); i++)
		if (features[i].bit == bit)
			return features[i].name;
	return NULL;
}

const char *leat_virtio_features_text(uint64_t bits, char *text)
{
	size_t len = 0;

	snprintf(text, VIRTIO_FEATURES_TEXT, "none");
	for (int i = 0; i < 64 && len < VIRTIO_FEATURES_TEXT; i++) {
		const char *name = name_of(LEAT_BIT64(i));
		const char *gap = len ? " " : "";

		if (!(bits & LEAT_BIT64(i)))
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

/* ---- what the device and we can do ---- */

/* Could it be negotiated, leaving aside what the application asks for? */
static bool possible(const struct virtio_net *net, const struct feature *f)
{
	return f->want != NEVER && (net->offered & f->bit) && !(f->needs & ~net->offered) &&
	       (f->where == CONTROL || (net->rings->features & f->bit));
}

uint64_t leat_virtio_features_possible(const struct virtio_net *net)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < LEAT_ARRAY_LEN(features); i++)
		if (possible(net, &features[i]))
			bits |= features[i].bit;
	if (!net->vd->legacy)
		bits &= ~VIRTIO_F_ANY_LAYOUT;
	/* 5.1.3.1; a transport that enables each queue by itself needs no command for that */
	if (!(bits & VIRTIO_NET_F_CTRL_VQ) && !net->vd->alone)
		bits &= ~VIRTIO_NET_F_MQ;
	/* Packets of 64 KiB come in one buffer or in many (5.1.6.3.1); ours are smaller. */
	if (!(bits & VIRTIO_NET_F_MRG_RXBUF))
		bits &= ~VIRTIO_NET_LRO;
	return bits;
}

/* Capabilities that stand for one feature each. */
static const struct {
	uint64_t	any;		/* of these, possible */
	uint32_t	cap;
} caps_by_feature[] = {
	{ VIRTIO_NET_F_GUEST_CSUM, LEAT_CAP_RX_CSUM },
	{ VIRTIO_NET_F_CSUM, LEAT_CAP_TX_CSUM },
	{ VIRTIO_NET_F_MRG_RXBUF, LEAT_CAP_RX_SCATTER },
	{ VIRTIO_NET_F_STATUS, LEAT_CAP_LINK },
	{ VIRTIO_NET_F_HOST_TSO4, LEAT_CAP_TX_TSO4 },
	{ VIRTIO_NET_F_HOST_TSO6, LEAT_CAP_TX_TSO6 },
	{ VIRTIO_NET_F_HOST_USO, LEAT_CAP_TX_USO },
	{ VIRTIO_NET_LRO, LEAT_CAP_RX_LRO },
	{ VIRTIO_NET_F_HASH_REPORT, LEAT_CAP_RX_HASH },
	{ VIRTIO_NET_F_CTRL_RX, LEAT_CAP_FILTER },
	{ VIRTIO_NET_F_CTRL_VLAN, LEAT_CAP_VLAN_FILTER },
};

uint32_t leat_virtio_features_caps(const struct virtio_net *net)
{
	uint64_t bits = leat_virtio_features_possible(net);
	uint32_t caps = 0;

	for (size_t i = 0; i < LEAT_ARRAY_LEN(caps_by_feature); i++)
		if (bits & caps_by_feature[i].any)
			caps |= caps_by_feature[i].cap;
	return caps;
}

/* ---- what is wanted ---- */

/*
 * A driver that negotiates MTU must have buffers for such frames (5.1.4.2), which
 * mergeable ones always are.
 */
static bool can_take_mtu(const struct virtio_net *net, uint64_t wanted)
{
	return net->device_mtu &&
	       ((wanted & VIRTIO_NET_F_MRG_RXBUF) ||
		leat_pool_buf_size(net->port.cfg.pool) >=
			VIRTIO_NET_ETH_LEN + (uint32_t)net->device_mtu);
}

/*
 * Does each buffer hold the longest frame that may come? Then the header before a frame,
 * which says of how many it consists, need not be looked at.
 */
static bool fits(const struct virtio_net *net)
{
	uint32_t mtu = LEAT_MAX(net->port.cfg.mtu, LEAT_MAX(net->device_mtu, VIRTIO_NET_MTU_ETH));

	return leat_pool_buf_size(net->port.cfg.pool) >= mtu + VIRTIO_NET_FRAME_ADD;
}

uint64_t leat_virtio_features_wanted(const struct virtio_net *net)
{
	const struct leat_port_config *cfg = &net->port.cfg;
	uint64_t wanted = leat_virtio_features_possible(net);

	for (size_t i = 0; i < LEAT_ARRAY_LEN(features); i++)
		if (features[i].want == ASKED && !(cfg->offloads & features[i].offload))
			wanted &= ~features[i].bit;
	/* Without what they need they mean nothing: segments have partial sums. */
	if (!(wanted & VIRTIO_NET_F_CSUM))
		wanted &= ~VIRTIO_NET_TSO;
	if (!(wanted & VIRTIO_NET_F_GUEST_CSUM))
		wanted &= ~VIRTIO_NET_LRO;
	if (!(wanted & VIRTIO_NET_LRO) && fits(net))
		wanted &= ~VIRTIO_NET_F_MRG_RXBUF;
	if (!can_take_mtu(net, wanted))
		wanted &= ~VIRTIO_NET_F_MTU;
	/* A device that has it drops the tags of all VLANs that it was not told of. */
	if (!net->port.filter.vlan)
		wanted &= ~VIRTIO_NET_F_CTRL_VLAN;
	if (cfg->rxqs == 1 && cfg->txqs == 1)
		wanted &= ~VIRTIO_NET_F_MQ;
	if (!net->port.rss.types)
		wanted &= ~(VIRTIO_NET_F_RSS | VIRTIO_NET_F_HASH_REPORT);
	return wanted;
}

int leat_virtio_features_check(const struct virtio_net *net)
{
	const uint64_t required = net->vd->legacy ? REQUIRED_LEGACY : REQUIRED;
	char missing[VIRTIO_FEATURES_TEXT], offered[VIRTIO_FEATURES_TEXT];

	/* It would use bus addresses as if they were the machine's own (2.2.3, 6). */
	if (net->port.dev->translated && !(net->offered & VIRTIO_F_ACCESS_PLATFORM))
		return leat_fail(net->port.ctx, -ENOTSUP,
				 "%s: the device does not offer ACCESS_PLATFORM, so its DMA would "
				 "bypass the IOMMU and hit other memory: start it with "
				 "iommu_platform=on,disable-legacy=on (QEMU), or open it as noiommu:",
				 net->port.name);
	if (!(required & ~net->offered))
		return 0;
	return leat_fail(net->port.ctx, -ENOTSUP,
			 "%s: the device does not offer %s, which the driver needs; it offers: %s",
			 net->port.name,
			 leat_virtio_features_text(required & ~net->offered, missing),
			 leat_virtio_features_text(net->offered, offered));
}
