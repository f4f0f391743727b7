// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/hdr.h - the device's header before each frame, to a packet's fields
 * and back (virtio 1.2, 5.1.6.2, 5.1.6.4). The same for both ring formats.
 */
#ifndef LEAT_VIRTIO_HDR_H
#define LEAT_VIRTIO_HDR_H

#include "virtio_net.h"

/* What a header can say of a received frame beyond the number of its buffers. */
#define VIRTIO_NET_HDR_RX (VIRTIO_NET_F_GUEST_CSUM | VIRTIO_NET_F_GUEST_TSO4 |	\
			   VIRTIO_NET_F_GUEST_TSO6 | VIRTIO_NET_F_GUEST_USO4 |	\
			   VIRTIO_NET_F_GUEST_USO6 | VIRTIO_NET_F_HASH_REPORT)

/*
 * The header that @pkt needs with @features negotiated, at @hdr: of VIRTIO_NET_HDR_LEN_MAX
 * bytes, all that are not said are 0. Completes in software the sums that the device
 * cannot. False: what the packet asks for cannot be.
 */
bool leat_virtio_hdr_tx(uint64_t features, struct leat_pkt *pkt, struct virtio_net_hdr_hash *hdr);

/*
 * What @hdr, a copy of the device's, says of @pkt, all segments of which are there, into
 * its fields. False: it says what was not negotiated, or cannot be.
 */
bool leat_virtio_hdr_rx(uint64_t features, struct leat_pkt *pkt,
			const struct virtio_net_hdr_hash *hdr);

#endif
