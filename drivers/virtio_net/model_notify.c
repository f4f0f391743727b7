// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_notify.c - who wants to hear of what: doorbells, interrupts, and their suppression
 * (virtio 1.2, 2.7.7, 2.7.10, 2.8.14).
 *
 * A doorbell is a word in shared memory, so a level: it is exchanged for a value that no
 * driver writes, and only then is the queue read, so no kick is lost.
 *
 * Interrupt suppression at full rate costs neither a barrier nor a line: a driver
 * that wanted none when avail->idx was last read is believed when used->idx is
 * published; the flag is looked at again with the next avail->idx and, behind a
 * full barrier, in the first round without news. A driver that turns interrupts
 * on has either seen the published index, or is seen there to have turned them on.
 * Event words have lines of their own, which move only when the driver writes them:
 * those are read each time, without a barrier, and again behind one when there is no news.
 */
#include "model.h"

#include <errno.h>

/* ---- doorbells ---- */

void vnet_mute(struct vnet_queue *q)
{
	q->muted = true;
	if (q->packed) {
		LEAT_WRITE_ONCE(q->device->flags, leat_cpu_to_le16(VIRTIO_PACKED_EVENT_DISABLE));
		return;
	}
	if (q->event_idx) {
		q->quiet = (uint16_t)(q->seen - 1);
		LEAT_WRITE_ONCE(*VIRTIO_AVAIL_EVENT(q->used, q->size), leat_cpu_to_le16(q->quiet));
	}
	LEAT_WRITE_ONCE(q->used->flags,
			leat_cpu_to_le16(q->event_idx ? 0 : VIRTIO_USED_F_NO_NOTIFY));
}

/* The driver's word when the queue was polled, and no longer is. */
void vnet_unmute(struct vnet *v, struct vnet_queue *q)
{
	leat_le16 none = leat_cpu_to_le16(0);

	q->muted = false;
	q->kicked = true;
	q->quiet = (uint16_t)(q->seen - 1);	/* avail_event is written when it is looked */
	(void)vnet_device_write(v, q, q->packed ? offsetof(struct virtio_packed_event, flags) :
						  offsetof(struct virtio_used, flags),
				&none, sizeof(none));
}

void vnet_doorbell(struct vnet *v, uint64_t off)
{
	uint64_t index = off / VNET_DOORBELL;

	/* A queue that works by doorbell finds the word in the page. */
	if (index < v->nqueues && v->q[index].desc)
		v->mdev.stats.doorbells++;
}

void vnet_queue_kick(struct vnet *v, struct vnet_queue *q)
{
	char *page = v->mdev.mem[VNET_BAR];
	uint16_t *bell = (uint16_t *)(void *)(page + q->index * VNET_DOORBELL);

	if (LEAT_LIKELY(q->desc || !q->running))
		return;
	if (q->muted)
		vnet_unmute(v, q);
	/* With NOTIFICATION_DATA, too: the index is the low half (2.9). */
	if (leat_load_relaxed(bell) == VNET_NO_KICK)
		return;
	__atomic_exchange_n(bell, VNET_NO_KICK, __ATOMIC_SEQ_CST);
	v->mdev.stats.doorbells++;
	q->kicked = true;
}

/* ---- interrupts ---- */

bool vnet_silenced(struct vnet_queue *q)
{
	q->silent = leat_le16_to_cpu(LEAT_READ_ONCE(q->avail->flags)) & VIRTIO_AVAIL_F_NO_INTERRUPT;
	return q->silent;
}

/* Was the descriptor that the driver asked for among the last @q->since? */
static bool place_passed(const struct vnet_queue *q, uint16_t event)
{
	uint16_t now = q->at & 0x7fff, off = event & 0x7fff;

	if ((event ^ q->at) & 0x8000)
		off = (uint16_t)(off - q->size);	/* of the lap before */
	return virtio_event_passed(off, now, (uint16_t)(now - q->since));
}

static bool wanted_packed(const struct vnet_queue *q, const struct virtio_packed_event *e)
{
	switch (leat_le16_to_cpu(e->flags)) {
	case VIRTIO_PACKED_EVENT_DISABLE:
		return false;
	case VIRTIO_PACKED_EVENT_DESC:
		return !q->event_idx || place_passed(q, leat_le16_to_cpu(e->off_wrap));
	}
	return true;
}

static bool wanted_event(const struct vnet_queue *q, leat_le16 event)
{
	return virtio_event_passed(leat_le16_to_cpu(event), q->used_idx,
				   (uint16_t)(q->used_idx - q->since));
}

/* Does the driver want to hear of what was published? Of areas that we can point into. */
static bool wanted(struct vnet_queue *q)
{
	if (q->packed) {
		struct virtio_packed_event e;

		e.flags = LEAT_READ_ONCE(q->driver->flags);
		leat_dma_rmb();		/* written in this order by a driver that turns it on */
		e.off_wrap = LEAT_READ_ONCE(q->driver->off_wrap);
		return wanted_packed(q, &e);
	}
	if (q->event_idx)
		return wanted_event(q, LEAT_READ_ONCE(*VIRTIO_USED_EVENT(q->avail, q->size)));
	return !vnet_silenced(q);
}

/*
 * The same by messages. The driver's word is a hint (2.7.7.2): when it cannot be asked for
 * now, one interrupt too many does no harm.
 */
static bool wanted_by_message(struct vnet *v, struct vnet_queue *q)
{
	struct virtio_packed_event e;
	leat_le16 word;
	int err;

	if (q->packed) {
		err = vnet_driver_read(v, q, 0, &e, sizeof(e));
		return err ? err == -EAGAIN : wanted_packed(q, &e);
	}
	err = vnet_driver_read(v, q, q->event_idx ? VIRTIO_AVAIL_BYTES(q->size) - sizeof(word) :
						    offsetof(struct virtio_avail, flags),
			       &word, sizeof(word));
	if (err)
		return err == -EAGAIN;
	if (q->event_idx)
		return wanted_event(q, word);
	return !(leat_le16_to_cpu(word) & VIRTIO_AVAIL_F_NO_INTERRUPT);
}

static void tell(struct vnet *v, struct vnet_queue *q)
{
	q->since = 0;
	q->recheck = false;
	vnet_raise(v, q->vector, VIRTIO_ISR_QUEUE);
}

void vnet_queue_tell(struct vnet *v, struct vnet_queue *q, uint16_t n)
{
	/* Who sleeps has asked for one of the last @q->size. */
	q->since = LEAT_MIN((uint16_t)(q->since + n), q->size);
	if (!q->desc) {
		leat_dma_mb();		/* what was published before the driver's word */
		if (wanted_by_message(v, q))
			tell(v, q);
		else
			q->since = 0;
		return;
	}
	q->fresh = true;
	q->recheck = true;
	if (!(q->silent || !wanted(q)))
		tell(v, q);
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
	leat_dma_mb();		/* what was published before the driver's word */
	/* No longer polled: one interrupt too many does no harm. */
	if (!q->desc || wanted(q))
		tell(v, q);
	q->since = 0;
	return false;
}
