// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/model_window.h - buffers read ahead, of split and packed rings alike: their
 * addresses translated, the ordinary shapes recognised, their lines called in. Each ring has
 * a loop for buffers of one descriptor in the map where the last one was, which is nearly all
 * of them; it writes to the slots themselves, for whoever puts one together aside and copies
 * it waits for its halves to be stored.
 *
 * @access is a constant at each call: one copy for receive queues, one for transmit.
 */
#ifndef LEAT_VIRTIO_NET_MODEL_WINDOW_H
#define LEAT_VIRTIO_NET_MODEL_WINDOW_H

#include "model.h"

/* A copy for each value of its constants. */
#define VNET_INLINE static inline __attribute__((always_inline))

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
LEAT_INLINE bool vnet_fit(struct vnet_slot *s, uint32_t most, uint32_t len, uint16_t access)
{
	s->cap = LEAT_MIN(len, most);
	return access || (len == s->cap && len >= VNET_FRAME_MIN);
}

/*
 * The lines of the first 64 bytes of data; of frames to be written the header's, too, though it
 * seldom is. Where it is only read it is here already, for who sends leaves it as it was.
 */
LEAT_INLINE void vnet_call_in(const struct vnet_slot *s, uint16_t access)
{
	bool two = (uintptr_t)s->data % LEAT_CACHELINE;
	const char *last = s->data + LEAT_CACHELINE - 1;

	if (access) {
		leat_prefetch_write(s->data);
		if (two)
			leat_prefetch_write(last);
		if (vnet_header_apart(s))
			leat_prefetch(s->hdr);
	} else {
		leat_prefetch_later(s->data);
		if (two)
			leat_prefetch_later(last);
	}
}

/*
 * What does not change while slots are filled in: in registers, because the compiler must
 * think that each store to a slot could change the queue.
 */
struct vnet_reach {
	uint64_t	iova, len;	/* the map that the last buffer was found in */
	char		*va;
	uint32_t	hdr_len, cap_max;
};

LEAT_INLINE struct vnet_reach vnet_reach(const struct vnet_queue *q)
{
	return (struct vnet_reach){ q->map_iova, q->map_len, q->map_va, q->hdr_len, q->cap_max };
}

/* Header and frame in one descriptor, within reach. False: another shape, elsewhere, or wrong. */
LEAT_INLINE bool vnet_shape_one(struct vnet_slot *s, const struct vnet_reach *r, uint64_t addr,
				uint32_t len, uint16_t access)
{
	uint64_t off = addr - r->iova;

	if (LEAT_UNLIKELY(off >= r->len || len > r->len - off || len <= r->hdr_len))
		return false;
	s->hdr = r->va + off;
	s->data = s->hdr + r->hdr_len;
	if (LEAT_UNLIKELY(!vnet_fit(s, r->cap_max, len - r->hdr_len, access)))
		return false;
	vnet_call_in(s, access);
	return true;
}

/* The same, wherever it is. False: another shape, or wrong; the slow way finds out. */
LEAT_INLINE bool vnet_shape_far(struct vnet *v, struct vnet_queue *q, struct vnet_slot *s,
				uint64_t addr, uint32_t len, uint16_t access)
{
	const char *found = vnet_map(v, q, addr, len, access);
	struct vnet_reach reach = vnet_reach(q);

	return found && vnet_shape_one(s, &reach, addr, len, access);
}

/* Header and data apart. */
LEAT_INLINE bool vnet_shape_two(struct vnet *v, struct vnet_queue *q, struct vnet_slot *s,
				const struct vnet_desc *hdr, const struct vnet_desc *data,
				uint16_t access)
{
	if (hdr->len != q->hdr_len)
		return false;
	s->hdr = vnet_map(v, q, hdr->addr, hdr->len, access);
	s->data = vnet_map(v, q, data->addr, data->len, access);
	if (!s->hdr || !s->data || !vnet_fit(s, q->cap_max, data->len, access))
		return false;
	vnet_call_in(s, access);
	return true;
}

#endif
