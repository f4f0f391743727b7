// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/hdr.c - what the header before a frame says (virtio 1.2, 5.1.6.2, 5.1.6.4).
 *
 * To send segments, the device must be told their kind, which the packet does not
 * say: the headers do, up to csum_start, where TCP or UDP begins.
 */
#include "hdr.h"

#include <string.h>

#define ETH_LEN	  VIRTIO_NET_ETH_LEN
#define TAG_LEN	  4
#define UDP_LEN	  8
#define TCP_MIN	  20
#define TCP_SUM	  16	/* csum_off of TCP... */
#define UDP_SUM	  6	/* ...and of UDP */
#define TCP_FLAGS 13
#define TCP_CWR	  0x80

enum { TYPE_IPV4 = 0x0800, TYPE_IPV6 = 0x86dd, TYPE_VLAN = 0x8100, TYPE_QINQ = 0x88a8 };

/* The type of what lies behind Ethernet and its tags. 0: the first segment does not say. */
static uint16_t ethertype(const struct leat_pkt *pkt)
{
	const uint8_t *data = leat_pkt_data(pkt);
	uint32_t end = ETH_LEN;

	while (end <= pkt->len) {
		uint16_t type = leat_get_be16(data + end - 2);

		if (type != TYPE_VLAN && type != TYPE_QINQ)
			return type;
		end += TAG_LEN;
	}
	return 0;
}

/* GSO type and header length of a packet of TCP segments; GSO_NONE: the device cannot. */
static uint8_t gso_tcp(uint64_t features, const struct leat_pkt *pkt, uint32_t *len)
{
	const uint8_t *tcp = (const uint8_t *)leat_pkt_data(pkt) + pkt->csum_start;
	uint16_t type = ethertype(pkt);
	uint8_t gso = VIRTIO_NET_HDR_GSO_NONE;

	if (pkt->len < (uint32_t)pkt->csum_start + TCP_MIN)
		return VIRTIO_NET_HDR_GSO_NONE;
	if (type == TYPE_IPV4 && (features & VIRTIO_NET_F_HOST_TSO4))
		gso = VIRTIO_NET_HDR_GSO_TCPV4;
	if (type == TYPE_IPV6 && (features & VIRTIO_NET_F_HOST_TSO6))
		gso = VIRTIO_NET_HDR_GSO_TCPV6;
	*len = pkt->csum_start + (tcp[TCP_FLAGS - 1] >> 4) * 4u;
	if (gso && (tcp[TCP_FLAGS] & TCP_CWR)) {
		if (!(features & VIRTIO_NET_F_HOST_ECN))
			return VIRTIO_NET_HDR_GSO_NONE;	/* it would repeat CWR in each segment */
		gso |= VIRTIO_NET_HDR_GSO_ECN;
	}
	return gso;
}

static uint8_t gso_udp(uint64_t features, const struct leat_pkt *pkt, uint32_t *len)
{
	uint16_t type = ethertype(pkt);

	*len = (uint32_t)pkt->csum_start + UDP_LEN;
	if (!(features & VIRTIO_NET_F_HOST_USO) || (type != TYPE_IPV4 && type != TYPE_IPV6))
		return VIRTIO_NET_HDR_GSO_NONE;
	return VIRTIO_NET_HDR_GSO_UDP_L4;
}

/* A packet to be cut into segments; its sum is partial (5.1.6.2.1). */
static bool tx_gso(uint64_t features, const struct leat_pkt *pkt, struct virtio_net_hdr *hdr)
{
	uint32_t len = 0;

	if (!pkt->gso_size || !(pkt->flags & LEAT_PKT_CSUM_PARTIAL))
		return false;
	if (pkt->csum_off == TCP_SUM)
		hdr->gso_type = gso_tcp(features, pkt, &len);
	else if (pkt->csum_off == UDP_SUM)
		hdr->gso_type = gso_udp(features, pkt, &len);
	hdr->gso_size = leat_cpu_to_le16(pkt->gso_size);
	hdr->hdr_len = leat_cpu_to_le16((uint16_t)len);
	return hdr->gso_type != VIRTIO_NET_HDR_GSO_NONE && len < pkt->total && len <= UINT16_MAX;
}

bool leat_virtio_hdr_tx(uint64_t features, struct leat_pkt *pkt, struct virtio_net_hdr_hash *out)
{
	struct virtio_net_hdr *hdr = &out->hdr;

	memset(out, 0, sizeof(*out));
	if ((pkt->flags & LEAT_PKT_VLAN) && leat_pkt_vlan_insert(pkt))
		return false;
	if ((pkt->flags & LEAT_PKT_TSO) && !tx_gso(features, pkt, hdr))
		return false;
	if (!(pkt->flags & LEAT_PKT_CSUM_PARTIAL))
		return true;
	if (!(features & VIRTIO_NET_F_CSUM) || (pkt->flags & LEAT_PKT_CSUM_CRC32C))
		return !hdr->gso_type && !leat_pkt_csum_finish(pkt);
	hdr->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	hdr->csum_start = leat_cpu_to_le16(pkt->csum_start);
	hdr->csum_offset = leat_cpu_to_le16(pkt->csum_off);
	return (uint32_t)pkt->csum_start + pkt->csum_off + 2 <= pkt->total;
}

/* ---- received ---- */

/* The features that allow a device to hand over several segments as one (5.1.6.4). */
static uint64_t gso_needs(uint8_t gso_type)
{
	switch (gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_TCPV4:
		return VIRTIO_NET_F_GUEST_TSO4;
	case VIRTIO_NET_HDR_GSO_TCPV6:
		return VIRTIO_NET_F_GUEST_TSO6;
	case VIRTIO_NET_HDR_GSO_UDP_L4:
		return VIRTIO_NET_F_GUEST_USO4 | VIRTIO_NET_F_GUEST_USO6;
	default:
		return 0;
	}
}

static bool rx_gso(uint64_t features, struct leat_pkt *pkt, const struct virtio_net_hdr *hdr)
{
	pkt->gso_size = leat_le16_to_cpu(hdr->gso_size);
	pkt->flags |= LEAT_PKT_TSO;
	return (features & gso_needs(hdr->gso_type)) && pkt->gso_size;
}

static bool rx_csum(struct leat_pkt *pkt, const struct virtio_net_hdr *hdr)
{
	if (hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
		pkt->csum_start = leat_le16_to_cpu(hdr->csum_start);
		pkt->csum_off = leat_le16_to_cpu(hdr->csum_offset);
		pkt->flags |= LEAT_PKT_CSUM_PARTIAL;
		return (uint32_t)pkt->csum_start + pkt->csum_off + 2 <= pkt->total;
	}
	if (hdr->flags & VIRTIO_NET_HDR_F_DATA_VALID)
		pkt->flags |= LEAT_PKT_CSUM_GOOD;
	return true;
}

bool leat_virtio_hdr_rx(uint64_t features, struct leat_pkt *pkt,
			const struct virtio_net_hdr_hash *hdr)
{
	if (pkt->total < ETH_LEN)
		return false;
	if (hdr->hdr.gso_type && !rx_gso(features, pkt, &hdr->hdr))
		return false;
	if ((features & VIRTIO_NET_F_GUEST_CSUM) && !rx_csum(pkt, &hdr->hdr))
		return false;
	if ((features & VIRTIO_NET_F_HASH_REPORT) &&
	    leat_le16_to_cpu(hdr->report) != VIRTIO_NET_HASH_REPORT_NONE) {
		pkt->hash = leat_le32_to_cpu(hdr->value);
		pkt->flags |= LEAT_PKT_HASH;
	}
	return true;
}
