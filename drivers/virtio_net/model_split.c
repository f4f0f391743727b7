// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_split.c - a split virtqueue as the device sees it (virtio 1.2, 2.7).
 */
#include "model_window.h"

#include <errno.h>

#define QUIET_SPAN 0x4000	/* buffers before avail_event is moved on: well below a lap of 65536 */

/* ---- avail ---- */

/* With EVENT_IDX: to hear of the next buffer. False: broken. */
static bool ask_to_hear(struct vnet *v, struct vnet_queue *q)
{
	leat_le16 word = leat_cpu_to_le16(q->seen);
	size_t off = offsetof(struct virtio_used, ring) +
		     sizeof(struct virtio_used_elem) * q->size;

	if (!q->event_idx || q->quiet == q->seen)
		return true;
	q->quiet = q->seen;
	return !vnet_device_write(v, q, off, &word, sizeof(word));
}

/* By message, if there may be news. False: broken. */
static bool ask_avail_idx(struct vnet *v, struct vnet_queue *q, leat_le16 *idx)
{
	leat_le16 word;
	int err;

	*idx = leat_cpu_to_le16(q->seen);
	if (!q->kicked)
		return true;
	/* First, so that who adds a buffer after our look sees it and rings. */
	if (!ask_to_hear(v, q))
		return false;
	err = vnet_driver_read(v, q, offsetof(struct virtio_avail, idx), &word, sizeof(word));
	/* Asked to hear of the one that came meanwhile: ask again, of those behind it. */
	q->kicked = err == -EAGAIN || (!err && q->event_idx && leat_le16_to_cpu(word) != q->seen);
	leat_dma_rmb();		/* the area may be mapped after all, the others not */
	if (!err)
		*idx = word;
	return !err || err == -EAGAIN;
}

/* Nothing is to be heard of; but the index passes what was written, some day. */
static void stay_quiet(struct vnet_queue *q, uint16_t idx)
{
	if (LEAT_LIKELY((uint16_t)(idx - q->quiet) < QUIET_SPAN))
		return;
	q->quiet = (uint16_t)(idx - 1);
	LEAT_WRITE_ONCE(*VIRTIO_AVAIL_EVENT(q->used, q->size), leat_cpu_to_le16(q->quiet));
}

static bool avail_idx(struct vnet *v, struct vnet_queue *q, leat_le16 *idx)
{
	if (LEAT_LIKELY(q->desc != NULL)) {
		*idx = LEAT_READ_ONCE(q->avail->idx);
		if (q->event_idx)
			stay_quiet(q, leat_le16_to_cpu(*idx));
		else
			vnet_silenced(q);	/* in the same line */
		leat_dma_rmb();		/* the index before the entries that it vouches for */
		return true;
	}
	return ask_avail_idx(v, q, idx);
}

bool vnet_split_look(struct vnet *v, struct vnet_queue *q)
{
	leat_le16 word;
	uint16_t idx, waiting;

	if (!avail_idx(v, q, &word))
		return false;
	idx = leat_le16_to_cpu(word);
	waiting = (uint16_t)(idx - q->next);
	if (LEAT_UNLIKELY(waiting > q->size || waiting < (uint16_t)(q->seen - q->next))) {
		vnet_break(v, "queue %u: avail index jumps from %u to %u in a queue of %u",
			   q->index, q->seen, idx, q->size);
		return false;
	}
	q->seen = idx;
	return true;
}

/* The two ordinary shapes. False: another, or wrong; the slow way finds out. */
static __attribute__((noinline)) bool parse(struct vnet *v, struct vnet_queue *q, uint16_t pos,
					    struct vnet_slot *s, uint16_t access)
{
	uint16_t head = leat_le16_to_cpu(LEAT_READ_ONCE(q->avail->ring[pos & q->mask]));
	struct vnet_desc d, data;

	if (head >= q->size)
		return false;
	s->head = head;
	d = vnet_desc_read(&q->desc[head]);
	if (d.flags == access)
		return vnet_shape_far(v, q, s, d.addr, d.len, access);
	if (d.flags != (access | VIRTIO_DESC_F_NEXT) || d.next >= q->size)
		return false;
	data = vnet_desc_read(&q->desc[d.next]);
	return data.flags == access && vnet_shape_two(v, q, s, &d, &data, access);
}

/* Buffers of one descriptor within reach, as long as they last. */
VNET_INLINE void fill_ordinary(struct vnet_queue *q, uint16_t end, uint16_t access)
{
	const struct vnet_reach reach = vnet_reach(q);
	const struct virtio_avail *avail = q->avail;
	const struct virtio_desc *desc = q->desc;
	const uint16_t mask = q->mask;
	uint16_t pos;

	for (pos = q->parsed; pos != end; pos++) {
		uint16_t head = leat_le16_to_cpu(LEAT_READ_ONCE(avail->ring[pos & mask]));
		struct vnet_slot *s = vnet_slot(q, pos);
		struct vnet_desc d;

		if (head > mask)
			break;
		d = vnet_desc_read(&desc[head]);
		if (d.flags != access || !vnet_shape_one(s, &reach, d.addr, d.len, access))
			break;
		s->head = head;
	}
	q->parsed = pos;
}

VNET_INLINE void fill(struct vnet *v, struct vnet_queue *q, uint16_t end, uint16_t access)
{
	for (fill_ordinary(q, end, access); q->parsed != end; fill_ordinary(q, end, access)) {
		struct vnet_slot *s = vnet_slot(q, q->parsed);

		if (!parse(v, q, q->parsed, s, access))
			s->cap = 0;
		q->parsed++;
	}
}

void vnet_split_fill(struct vnet *v, struct vnet_queue *q, uint16_t end)
{
	if (LEAT_UNLIKELY(!q->desc))
		for (; q->parsed != end; q->parsed++)
			vnet_slot(q, q->parsed)->cap = 0;
	else if (q->access)
		fill(v, q, end, VIRTIO_DESC_F_WRITE);
	else
		fill(v, q, end, 0);
	q->parsed = end;
}

/* ---- used ---- */

int vnet_split_used(struct vnet *v, struct vnet_queue *q, const struct vnet_done *d)
{
	struct virtio_used_elem e = { leat_cpu_to_le32(d->head), leat_cpu_to_le32(d->len) };

	if (!q->desc)
		return vnet_device_write(v, q, offsetof(struct virtio_used, ring) +
					 sizeof(e) * ((q->used_idx + d->ahead) & q->mask),
					 &e, sizeof(e));
	vnet_split_used_fast(q, d->ahead, d->head, d->len);
	return 0;
}

void vnet_split_publish(struct vnet *v, struct vnet_queue *q)
{
	leat_le16 word = leat_cpu_to_le16(q->used_idx);

	leat_dma_wmb();		/* entries and data before the index that vouches for them */
	if (q->desc)
		LEAT_WRITE_ONCE(q->used->idx, word);
	else	/* messages are in order */
		(void)vnet_device_write(v, q, offsetof(struct virtio_used, idx), &word, sizeof(word));
}
