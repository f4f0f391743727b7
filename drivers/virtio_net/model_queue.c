// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_queue.c - a virtqueue's life as the device sees it (virtio 1.2, 2.6 to 2.8), and
 * what its two kinds have in common.
 *
 * The driver's areas are found when it is ready and each time its DMA map
 * changes. If we can point into all three, the queue is polled and the driver
 * told not to notify. Otherwise it works by doorbell, each word a message.
 */
#include "model_window.h"

#include <errno.h>
#include <string.h>

#define FIRST_LAP 0x8000	/* wrap counters begin at 1 (2.8.1) */

void vnet_queue_reset(struct vnet *v, struct vnet_queue *q)
{
	uint16_t index = (uint16_t)(q - v->q);

	memset(q, 0, sizeof(*q));
	q->index = index;
	q->size = v->queue_size;
	q->vector = VIRTIO_MSI_NO_VECTOR;
}

/* ---- where the areas lie ---- */

/* Is all of it in memory that the device may reach, by whatever way? */
static bool covered(const struct leat_mdev *mdev, uint64_t iova, uint64_t len, bool write)
{
	for (unsigned int i = 0; i < mdev->ndma && len; i++) {
		const struct leat_mdma *m = &mdev->dma[i];
		uint64_t off = iova - m->iova, part;

		if (iova < m->iova || off >= m->len)
			continue;
		if (!(write ? m->write : m->read))
			return false;
		part = LEAT_MIN(len, m->len - off);
		iova += part;
		len -= part;
	}
	return !len;
}

/* Bytes of the three areas. Without EVENT_IDX a split ring's last words are never touched. */
struct lengths {
	uint64_t	desc, driver, device;
};

static struct lengths lengths_of(const struct vnet_queue *q)
{
	uint64_t events = q->event_idx ? 0 : 2;

	if (q->packed)
		return (struct lengths){ VIRTIO_DESC_BYTES(q->size), VIRTIO_PACKED_EVENT_BYTES,
					 VIRTIO_PACKED_EVENT_BYTES };
	return (struct lengths){ VIRTIO_DESC_BYTES(q->size), VIRTIO_AVAIL_BYTES(q->size) - events,
				 VIRTIO_USED_BYTES(q->size) - events };
}

/* How the addresses of the areas must be aligned (2.7, 2.8). */
static uint64_t driver_align(const struct vnet_queue *q)
{
	return q->packed ? VIRTIO_PACKED_EVENT_ALIGN : VIRTIO_AVAIL_ALIGN;
}

static uint64_t device_align(const struct vnet_queue *q)
{
	return q->packed ? VIRTIO_PACKED_EVENT_ALIGN : VIRTIO_USED_ALIGN;
}

/* A stretch may be mapped where its words lie askew: then they are copied, as by messages. */
static bool in_whole_words(const struct vnet_queue *q)
{
	return q->desc && q->avail && q->used && !((uintptr_t)q->desc % sizeof(uint64_t)) &&
	       !((uintptr_t)q->avail % driver_align(q)) && !((uintptr_t)q->used % device_align(q));
}

static bool find_areas(struct vnet *v, struct vnet_queue *q)
{
	struct lengths len = lengths_of(q);
	struct leat_mdev *m = &v->mdev;

	q->desc = leat_mdev_ptr(m, q->desc_iova, len.desc, q->packed);
	q->avail = leat_mdev_ptr(m, q->avail_iova, len.driver, false);
	q->used = leat_mdev_ptr(m, q->used_iova, len.device, true);
	q->map_len = 0;
	vnet_window_from(q, q->next, q->at);

	if (in_whole_words(q)) {
		vnet_mute(q);
		return true;
	}
	q->desc = NULL;
	q->kicked = true;
	return covered(m, q->desc_iova, len.desc, q->packed) &&
	       covered(m, q->avail_iova, len.driver, false) &&
	       covered(m, q->used_iova, len.device, true);
}

/* 5.1.2: behind the last pair, but without several pairs behind the first. */
static uint16_t control_index(const struct vnet *v)
{
	if (!(v->accepted & VIRTIO_NET_F_CTRL_VQ))
		return UINT16_MAX;
	return v->accepted & (VIRTIO_NET_F_MQ | VIRTIO_NET_F_RSS) ? (uint16_t)(2 * v->pairs) : 2;
}

/* What was agreed on. */
static void negotiated(const struct vnet *v, struct vnet_queue *q)
{
	q->packed = v->accepted & VIRTIO_F_RING_PACKED;
	q->in_order = v->accepted & VIRTIO_F_IN_ORDER;
	q->event_idx = v->accepted & VIRTIO_F_EVENT_IDX;
	q->hdr_len = v->accepted & VIRTIO_NET_F_HASH_REPORT ? VIRTIO_NET_HDR_LEN_HASH :
							      VIRTIO_NET_HDR_LEN;
	q->control = q->index == control_index(v);
	q->access = q->control || (q->index & 1) ? 0 : VIRTIO_DESC_F_WRITE;
	q->mask = (uint16_t)(q->size - 1);
	q->at = q->packed ? FIRST_LAP : 0;
	q->cap_max = LEAT_FRAME_MAX;
	/* 5.1.4.1: no frames longer than the MTU, but for the Ethernet header and two tags. */
	if (q->access && (v->accepted & VIRTIO_NET_F_MTU))
		q->cap_max = LEAT_MIN(q->cap_max, v->mtu + 22u);
}

void vnet_queue_start(struct vnet *v, struct vnet_queue *q)
{
	negotiated(v, q);
	if (q->desc_iova % VIRTIO_DESC_ALIGN || q->avail_iova % driver_align(q) ||
	    q->used_iova % device_align(q))
		vnet_break(v, "queue %u: its areas are not aligned (2.7)", q->index);
	else if (!q->packed && !leat_is_pow2(q->size))
		vnet_break(v, "queue %u: its size of %u is no power of two (2.7)", q->index, q->size);
	else if (find_areas(v, q))
		q->running = true;
	else
		vnet_break(v, "queue %u: its areas are not in memory that the device may reach",
			   q->index);
}

void vnet_queue_remap(struct vnet *v, struct vnet_queue *q)
{
	if (q->enabled && (v->status & VIRTIO_STATUS_DRIVER_OK) &&
	    !(v->status & (VIRTIO_STATUS_NEEDS_RESET | VIRTIO_STATUS_FAILED)))
		q->running = find_areas(v, q);
}

/* ---- buffers ---- */

int vnet_driver_read(struct vnet *v, struct vnet_queue *q, size_t off, void *buf, size_t len)
{
	int err = leat_mdev_read(&v->mdev, q->avail_iova + off, buf, len);

	if (err && err != -EAGAIN)
		return vnet_break(v, "queue %u: its driver area cannot be read", q->index);
	return err;
}

int vnet_device_write(struct vnet *v, struct vnet_queue *q, size_t off, const void *buf,
		      size_t len)
{
	if (leat_mdev_write(&v->mdev, q->used_iova + off, buf, len))
		return vnet_break(v, "queue %u: its device area cannot be written", q->index);
	return 0;
}

char *vnet_map_slow(struct vnet *v, struct vnet_queue *q, uint64_t iova, uint64_t len, bool write)
{
	struct leat_mdev *m = &v->mdev;
	char *va = leat_mdev_ptr(m, iova, len, write);

	if (va) {
		q->map_iova = m->dma[m->dma_last].iova;
		q->map_len = m->dma[m->dma_last].len;
		q->map_va = m->dma[m->dma_last].va;
	}
	return va;
}

void vnet_window_from(struct vnet_queue *q, uint16_t pos, uint16_t at)
{
	q->parsed = pos;
	q->read = at;
	if (q->packed)
		q->seen = pos;
}

void vnet_window_fill(struct vnet *v, struct vnet_queue *q, uint16_t pos)
{
	uint16_t most = q->access ? VNET_RX_AHEAD : VNET_TX_AHEAD;

	if (!q->packed)
		most = LEAT_MIN(most, (uint16_t)(q->seen - pos));
	if ((uint16_t)(q->parsed - pos) >= most)
		return;
	if (q->packed)
		vnet_packed_fill(v, q, (uint16_t)(pos + most));
	else
		vnet_split_fill(v, q, (uint16_t)(pos + most));
}

bool vnet_queue_look(struct vnet *v, struct vnet_queue *q)
{
	return q->packed || vnet_split_look(v, q);	/* a packed ring is looked at when filling */
}

bool vnet_queue_more(struct vnet *v, struct vnet_queue *q, const struct vnet_take *t)
{
	uint16_t pos = (uint16_t)(q->next + t->ahead);

	if (q->packed)
		return (int16_t)(q->parsed - pos) > 0 || vnet_packed_there(v, q, t->at);
	return pos != q->seen || (vnet_split_look(v, q) && pos != q->seen);
}

int vnet_used_put(struct vnet *v, struct vnet_queue *q, const struct vnet_done *d)
{
	return q->packed ? vnet_packed_used(v, q, d) : vnet_split_used(v, q, d);
}

void vnet_used_publish(struct vnet *v, struct vnet_queue *q, const struct vnet_take *t)
{
	uint16_t n = q->packed ? vnet_place_sub(q, t->at, q->at) : t->ahead;

	q->next = (uint16_t)(q->next + t->ahead);
	q->used_idx = (uint16_t)(q->used_idx + t->ahead);
	q->at = t->at;
	if (LEAT_UNLIKELY((int16_t)(q->parsed - q->next) < 0))
		vnet_window_from(q, q->next, q->at);
	if (q->packed)
		vnet_packed_publish(v, q);
	else
		vnet_split_publish(v, q);
	if (LEAT_LIKELY(q->running))
		vnet_queue_tell(v, q, n);
}
