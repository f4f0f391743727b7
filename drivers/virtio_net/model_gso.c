// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_gso.c - checksums left open and frames to be segmented: between the header before
 * a frame (virtio 1.2, 5.1.6) and what wires know of it, by what was agreed on.
 */
#include "model.h"

/* What each kind needs, of the driver that sends and of the one that receives. */
static const struct {
	uint8_t		type;
	uint64_t	host, guest;
} kinds[] = {
	{ VIRTIO_NET_HDR_GSO_TCPV4, VIRTIO_NET_F_HOST_TSO4, VIRTIO_NET_F_GUEST_TSO4 },
	{ VIRTIO_NET_HDR_GSO_TCPV6, VIRTIO_NET_F_HOST_TSO6, VIRTIO_NET_F_GUEST_TSO6 },
	{ VIRTIO_NET_HDR_GSO_UDP_L4, VIRTIO_NET_F_HOST_USO, VNET_GUEST_USO },
};

static bool agreed(uint8_t type, uint64_t features, bool guest)
{
	bool ecn = type & VIRTIO_NET_HDR_GSO_ECN;

	type &= (uint8_t)~VIRTIO_NET_HDR_GSO_ECN;
	if (ecn && !(features & (guest ? VIRTIO_NET_F_GUEST_ECN : VIRTIO_NET_F_HOST_ECN)))
		return false;
	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(kinds); i++) {
		uint64_t need = guest ? kinds[i].guest : kinds[i].host;

		if (kinds[i].type == type)
			return (features & need) == need;
	}
	return false;
}

bool vnet_header_read(const struct vnet *v, const struct virtio_net_hdr *h, struct leat_frame *f)
{
	uint16_t start = leat_le16_to_cpu(h->csum_start);
	uint16_t off = leat_le16_to_cpu(h->csum_offset);
	uint32_t hdr_len = leat_le16_to_cpu(h->hdr_len);
	bool sum = h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM;

	if (sum && (!(v->accepted & VIRTIO_NET_F_CSUM) || (uint32_t)start + off + 2 > f->len))
		return false;
	if (sum) {
		f->flags = LEAT_FRAME_CSUM_PARTIAL;
		f->csum_start = start;
		f->csum_off = off;
	}
	if (h->gso_type == VIRTIO_NET_HDR_GSO_NONE)
		return f->len <= LEAT_FRAME_MAX;
	/* 5.1.6.2.1: only together with a checksum. */
	if (!sum || !agreed(h->gso_type, v->accepted, false))
		return false;
	f->gso_size = leat_le16_to_cpu(h->gso_size);
	f->gso_type = h->gso_type;
	f->hdr_len = (uint8_t)LEAT_MIN(hdr_len, (uint32_t)UINT8_MAX);
	return f->gso_size;
}

bool vnet_header_write(const struct vnet *v, const struct leat_frame *f, struct virtio_net_hdr *h)
{
	bool takes = v->guest & VIRTIO_NET_F_GUEST_CSUM;

	if (f->gso_size) {
		if (!takes || !agreed(f->gso_type, v->guest, true))
			return false;
		h->gso_type = f->gso_type;
		h->gso_size = leat_cpu_to_le16(f->gso_size);
		h->hdr_len = leat_cpu_to_le16(f->hdr_len);
	}
	if (!takes)
		return !(f->flags & LEAT_FRAME_CSUM_PARTIAL);
	if (f->flags & LEAT_FRAME_CSUM_PARTIAL) {
		h->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		h->csum_start = leat_cpu_to_le16(f->csum_start);
		h->csum_offset = leat_cpu_to_le16(f->csum_off);
	} else if (f->flags & LEAT_FRAME_CSUM_GOOD) {
		h->flags = VIRTIO_NET_HDR_F_DATA_VALID;
	}
	return true;
}
