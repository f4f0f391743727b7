// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_queue.c - a split virtqueue as the device sees it (virtio 1.2, 2.7).
 *
 * The driver's areas are found when it is ready and each time its DMA map
 * changes. If we can point into all three, the queue is polled and the driver
 * told not to notify. Otherwise it works by doorbell, each word a message; the
 * doorbell is a word in shared memory, so a level: it is exchanged for a value
 * that no driver writes, and only then is the queue read, so no kick is lost.
 *
 * Interrupt suppression at full rate costs neither a barrier nor a line: a driver
 * that wanted none when avail->idx was last read is believed when used->idx is
 * published; the flag is looked at again with the next avail->idx and, behind a
 * full barrier, in the first round without news. A driver that turns interrupts
 * on has either seen the published index, or is seen there to have turned them on.
 */
#include "model.h"

#include <errno.h>
#include <string.h>

void vnet_queue_reset(struct vnet *v, struct vnet_queue *q)
{
	uint16_t index = (uint16_t)(q - v->q);

	memset(q, 0, sizeof(*q));
	q->index = index;
	q->size = v->queue_size;
	q->vector = VIRTIO_MSI_NO_VECTOR;
	q->access = index & 1 ? 0 : VIRTIO_DESC_F_WRITE;
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

/* A stretch may be mapped where its words lie askew: then they are copied, as by messages. */
static bool in_whole_words(const struct vnet_queue *q)
{
	return q->desc && q->avail && q->used && !((uintptr_t)q->desc % sizeof(uint64_t)) &&
	       !((uintptr_t)q->avail % VIRTIO_AVAIL_ALIGN) &&
	       !((uintptr_t)q->used % VIRTIO_USED_ALIGN);
}

/* Without EVENT_IDX the last two bytes of the driver and device areas are never touched. */
static bool find_areas(struct vnet *v, struct vnet_queue *q)
{
	uint64_t desc_len = VIRTIO_DESC_BYTES(q->size);
	uint64_t avail_len = VIRTIO_AVAIL_BYTES(q->size) - 2;
	uint64_t used_len = VIRTIO_USED_BYTES(q->size) - 2;
	struct leat_mdev *m = &v->mdev;

	q->desc = leat_mdev_ptr(m, q->desc_iova, desc_len, false);
	q->avail = leat_mdev_ptr(m, q->avail_iova, avail_len, false);
	q->used = leat_mdev_ptr(m, q->used_iova, used_len, true);
	q->map_len = 0;
	q->parsed = q->next;

	if (in_whole_words(q)) {
		LEAT_WRITE_ONCE(q->used->flags, leat_cpu_to_le16(VIRTIO_USED_F_NO_NOTIFY));
		q->muted = true;
		return true;
	}
	q->desc = NULL;
	q->kicked = true;
	return covered(m, q->desc_iova, desc_len, false) &&
	       covered(m, q->avail_iova, avail_len, false) &&
	       covered(m, q->used_iova, used_len, true);
}

void vnet_queue_start(struct vnet *v, struct vnet_queue *q)
{
	if (q->desc_iova % VIRTIO_DESC_ALIGN || q->avail_iova % VIRTIO_AVAIL_ALIGN ||
	    q->used_iova % VIRTIO_USED_ALIGN) {
		vnet_break(v, "queue %u: its areas are not aligned (2.7)", q->index);
		return;
	}
	q->mask = (uint16_t)(q->size - 1);
	q->cap_max = LEAT_FRAME_MAX;
	/* 5.1.4.1: no frames longer than the MTU, but for the Ethernet header and two tags. */
	if (q->access && (v->accepted & VIRTIO_NET_F_MTU))
		q->cap_max = LEAT_MIN(q->cap_max, v->mtu + 22u);
	if (find_areas(v, q))
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

/* ---- doorbells and interrupts ---- */

void vnet_doorbell(struct vnet *v, uint64_t off)
{
	uint64_t index = off / VNET_DOORBELL;

	/* A queue that works by doorbell finds the word in the page. */
	if (index < VNET_QUEUES && v->q[index].desc)
		v->mdev.stats.doorbells++;
}

/* The driver's word in used->flags when the queue was polled, and no longer is. */
static void unmute(struct vnet *v, struct vnet_queue *q)
{
	leat_le16 none = leat_cpu_to_le16(0);

	q->muted = false;
	if (leat_mdev_write(&v->mdev, q->used_iova + offsetof(struct virtio_used, flags), &none,
			    sizeof(none)))
		vnet_break(v, "queue %u: its device area cannot be written", q->index);
	q->kicked = true;
}

void vnet_queue_kick(struct vnet *v, struct vnet_queue *q)
{
	char *page = v->mdev.mem[VNET_BAR];
	uint16_t *bell = (uint16_t *)(void *)(page + q->index * VNET_DOORBELL);

	if (LEAT_LIKELY(q->desc || !q->running))
		return;
	if (q->muted)
		unmute(v, q);
	if (leat_load_relaxed(bell) == VNET_NO_KICK)
		return;
	__atomic_exchange_n(bell, VNET_NO_KICK, __ATOMIC_SEQ_CST);
	v->mdev.stats.doorbells++;
	q->kicked = true;
}

/* Does the driver want no interrupts? Remembered, as the line is the driver's to write. */
static bool silenced(struct vnet_queue *q)
{
	q->silent = leat_le16_to_cpu(LEAT_READ_ONCE(q->avail->flags)) & VIRTIO_AVAIL_F_NO_INTERRUPT;
	return q->silent;
}

bool vnet_queue_settle(struct vnet *v, struct vnet_queue *q)
{
	if (!q->recheck || !q->running)
		return false;
	if (LEAT_LIKELY(q->fresh)) {
		q->fresh = false;
		return true;
	}
	q->recheck = false;
	leat_dma_mb();		/* used->idx before avail->flags */
	/* No longer polled: one interrupt too many does no harm. */
	if (!q->desc || !silenced(q))
		vnet_raise(v, q->vector, VIRTIO_ISR_QUEUE);
	return false;
}

/* ---- avail ---- */

int vnet_avail_read(struct vnet *v, struct vnet_queue *q, size_t off, leat_le16 *word)
{
	int err = leat_mdev_read(&v->mdev, q->avail_iova + off, word, sizeof(*word));

	if (err && err != -EAGAIN)
		return vnet_break(v, "queue %u: its driver area cannot be read", q->index);
	return err;
}

/* By message, if there may be news. False: broken. */
static bool ask_avail_idx(struct vnet *v, struct vnet_queue *q, leat_le16 *idx)
{
	leat_le16 word;
	int err;

	*idx = leat_cpu_to_le16(q->seen);
	if (!q->kicked)
		return true;
	err = vnet_avail_read(v, q, offsetof(struct virtio_avail, idx), &word);
	q->kicked = err == -EAGAIN;
	leat_dma_rmb();		/* the area may be mapped after all, the others not */
	if (!err)
		*idx = word;
	return !err || q->kicked;
}

static bool avail_idx(struct vnet *v, struct vnet_queue *q, leat_le16 *idx)
{
	if (LEAT_LIKELY(q->desc != NULL)) {
		*idx = LEAT_READ_ONCE(q->avail->idx);
		silenced(q);		/* in the same line */
		leat_dma_rmb();		/* the index before the entries that it vouches for */
		return true;
	}
	return ask_avail_idx(v, q, idx);
}

bool vnet_queue_look(struct vnet *v, struct vnet_queue *q)
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

/* ---- the window ---- */

/* Look the address up, and keep the map it was found in. */
static char *map_slow(struct vnet *v, struct vnet_queue *q, uint64_t iova, uint64_t len, bool write)
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

static inline char *map(struct vnet *v, struct vnet_queue *q, uint64_t iova, uint64_t len,
			bool write)
{
	uint64_t off = iova - q->map_iova;

	if (LEAT_LIKELY(off < q->map_len && len <= q->map_len - off))
		return q->map_va + off;
	return map_slow(v, q, iova, len, write);
}

/*
 * What a slot may carry; a frame to send that is longer than any wire takes goes
 * the slow way. Here and below @access is a constant at each call.
 */
static inline bool fit(const struct vnet_queue *q, struct vnet_slot *s, uint32_t len,
		       uint16_t access)
{
	s->cap = LEAT_MIN(len, q->cap_max);
	return access || (len == s->cap && len >= VNET_FRAME_MIN);
}

/* The two ordinary shapes. False: another, or wrong; the slow way finds out. */
static inline bool parse(struct vnet *v, struct vnet_queue *q, uint16_t pos, struct vnet_slot *s,
			 uint16_t access)
{
	uint16_t head = leat_le16_to_cpu(LEAT_READ_ONCE(q->avail->ring[pos & q->mask]));
	struct vnet_desc d;

	if (LEAT_UNLIKELY(head >= q->size))
		return false;
	s->head = head;
	d = vnet_desc_read(&q->desc[head]);
	if (LEAT_LIKELY(d.flags == access)) {
		s->hdr = map(v, q, d.addr, d.len, access);
		if (LEAT_UNLIKELY(!s->hdr || d.len <= VIRTIO_NET_HDR_LEN))
			return false;
		s->data = s->hdr + VIRTIO_NET_HDR_LEN;
		return fit(q, s, d.len - VIRTIO_NET_HDR_LEN, access);
	}
	if (d.flags != (access | VIRTIO_DESC_F_NEXT) || d.len != VIRTIO_NET_HDR_LEN ||
	    d.next >= q->size)
		return false;
	s->hdr = map(v, q, d.addr, d.len, access);
	d = vnet_desc_read(&q->desc[d.next]);
	s->data = map(v, q, d.addr, d.len, access);
	return s->hdr && s->data && d.flags == access && fit(q, s, d.len, access);
}

/* The lines of the first 64 bytes of data, and the header's, which seldom is written. */
static inline void call_in(const struct vnet_slot *s, uint16_t access)
{
	if (access) {
		leat_prefetch_write(s->data);
		leat_prefetch_write(s->data + LEAT_CACHELINE - 1);
	} else {
		leat_prefetch(s->data);
		leat_prefetch(s->data + LEAT_CACHELINE - 1);
	}
	if (vnet_header_apart(s))
		leat_prefetch(s->hdr);
}

static inline void fill(struct vnet *v, struct vnet_queue *q, uint16_t end, uint16_t access)
{
	for (uint16_t at = q->parsed; at != end; at++) {
		struct vnet_slot s = { NULL, NULL, 0, 0 };

		if (LEAT_LIKELY(parse(v, q, at, &s, access)))
			call_in(&s, access);
		else
			s.cap = 0;
		*vnet_slot(q, at) = s;
	}
}

void vnet_window_fill(struct vnet *v, struct vnet_queue *q, uint16_t pos)
{
	uint16_t end = q->seen;

	if ((uint16_t)(end - pos) > VNET_WINDOW)
		end = (uint16_t)(pos + VNET_WINDOW);
	if (LEAT_UNLIKELY((int16_t)(q->parsed - pos) < 0))
		q->parsed = pos;	/* the slow way took several */

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

int vnet_used_put(struct vnet *v, struct vnet_queue *q, uint16_t ahead, uint16_t head,
		  uint32_t len)
{
	struct virtio_used_elem e = { leat_cpu_to_le32(head), leat_cpu_to_le32(len) };
	uint64_t off = offsetof(struct virtio_used, ring) +
		       sizeof(e) * ((q->used_idx + ahead) & q->mask);

	if (q->desc)
		vnet_used_fast(q, ahead, head, len);
	else if (leat_mdev_write(&v->mdev, q->used_iova + off, &e, sizeof(e)))
		return vnet_break(v, "queue %u: its device area cannot be written", q->index);
	return 0;
}

/*
 * The same by messages, which are in order. The driver's flag is a hint (2.7.7.2):
 * when it cannot be asked for now, one interrupt too many does no harm.
 */
static void publish_by_message(struct vnet *v, struct vnet_queue *q)
{
	leat_le16 word = leat_cpu_to_le16(q->used_idx);
	int err;

	leat_dma_wmb();		/* as below, for areas that are mapped after all */
	if (leat_mdev_write(&v->mdev, q->used_iova + offsetof(struct virtio_used, idx), &word,
			    sizeof(word))) {
		vnet_break(v, "queue %u: its device area cannot be written", q->index);
		return;
	}
	leat_dma_mb();		/* used->idx before avail->flags */
	err = vnet_avail_read(v, q, offsetof(struct virtio_avail, flags), &word);
	if (err == -EAGAIN ||
	    (!err && !(leat_le16_to_cpu(word) & VIRTIO_AVAIL_F_NO_INTERRUPT)))
		vnet_raise(v, q->vector, VIRTIO_ISR_QUEUE);
}

void vnet_used_publish(struct vnet *v, struct vnet_queue *q, uint16_t n)
{
	q->next = (uint16_t)(q->next + n);
	q->used_idx = (uint16_t)(q->used_idx + n);
	if (!q->desc) {
		publish_by_message(v, q);
		return;
	}
	leat_dma_wmb();		/* entries and data before the index that vouches for them */
	LEAT_WRITE_ONCE(q->used->idx, leat_cpu_to_le16(q->used_idx));
	q->fresh = true;
	q->recheck = q->silent || silenced(q);
	if (!q->recheck)
		vnet_raise(v, q->vector, VIRTIO_ISR_QUEUE);
}
