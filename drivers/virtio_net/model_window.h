// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/model_window.h - buffers read ahead, of split and packed rings alike: their
 * addresses translated, the ordinary shapes recognised, their lines called in.
 *
 * @access is a constant at each call: one copy for receive queues, one for transmit.
 */
#ifndef LEAT_VIRTIO_NET_MODEL_WINDOW_H
#define LEAT_VIRTIO_NET_MODEL_WINDOW_H

#include "model.h"

/* model_queue.c: look the address up, and keep the map it was found in. */
char *vnet_map_slow(struct vnet *v, struct vnet_queue *q, uint64_t iova, uint64_t len, bool write);

LEAT_INLINE char *vnet_map(struct vnet *v, struct vnet_queue *q, uint64_t iova, uint64_t len,
			   bool write)
{
	uint64_t off = iova - q->map_iova;

	if (LEAT_LIKELY(off < q->map_len && len <= q->map_len - off))
		return q->map_va + off;
	return vnet_map_slow(v, q, iova, len, write);
}

/* What a slot may carry; a frame to send that is longer than any wire takes goes the slow way. */
LEAT_INLINE bool vnet_fit(const struct vnet_queue *q, struct vnet_slot *s, uint32_t len,
			  uint16_t access)
{
	s->cap = LEAT_MIN(len, q->cap_max);
	return access || (len == s->cap && len >= VNET_FRAME_MIN);
}

/* Header and frame in one descriptor. False: another shape, or wrong; the slow way finds out. */
LEAT_INLINE bool vnet_shape_one(struct vnet *v, struct vnet_queue *q, struct vnet_slot *s,
				uint64_t addr, uint32_t len, uint16_t access)
{
	s->hdr = vnet_map(v, q, addr, len, access);
	if (LEAT_UNLIKELY(!s->hdr || len <= q->hdr_len))
		return false;
	s->data = s->hdr + q->hdr_len;
	return vnet_fit(q, s, len - q->hdr_len, access);
}

/* The lines of the first 64 bytes of data, and the header's, which seldom is written. */
LEAT_INLINE void vnet_call_in(const struct vnet_slot *s, uint16_t access)
{
	if (access) {
		leat_prefetch_write(s->data);
		if ((uintptr_t)s->data % LEAT_CACHELINE)
			leat_prefetch_write(s->data + LEAT_CACHELINE - 1);
	} else {
		leat_prefetch(s->data);
		if ((uintptr_t)s->data % LEAT_CACHELINE)
			leat_prefetch(s->data + LEAT_CACHELINE - 1);
	}
	if (vnet_header_apart(s))
		leat_prefetch(s->hdr);
}

#endif
