// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_tx.c - frames from the driver to the wire.
 *
 * The ordinary frame (one descriptor, or one for the header and one for the
 * data, header all zero) is shown to the wire where it lies: its slot was read
 * and its lines called in while the burst before it was on the way. A burst that
 * starts with any other frame goes the slow way, which puts pieces together.
 * What the wire does not take stays on the ring and is read again.
 */
#include "model.h"

#include <errno.h>
#include <string.h>

/* Its first frame's buffer is the one at q->next. */
struct vnet_burst {
	struct leat_frame frame[VNET_BURST];
	uint16_t	head[VNET_BURST];
	unsigned int	n;
	bool		odd;		/* a header that is not all zero was among them */
};

typedef uint64_t __attribute__((may_alias, aligned(1))) any64;
typedef uint32_t __attribute__((may_alias, aligned(1))) any32;

/* A header that is not all zero, of which @first was read already. */
static bool header_odd(const struct vnet *v, const struct vnet_slot *s, uint64_t first,
		       struct leat_frame *f)
{
	uint32_t rest = LEAT_READ_ONCE(*(const any32 *)(const void *)(s->hdr + sizeof(first)));
	struct virtio_net_hdr h;

	memcpy(&h, &first, sizeof(first));
	memcpy((char *)&h + sizeof(first), &rest, sizeof(rest));
	return vnet_header_read(v, &h, f);
}

/* Frames from slots, as they come, until one is not ordinary. */
static void gather(struct vnet *v, struct vnet_queue *q, struct vnet_burst *b)
{
	unsigned int n = LEAT_MIN((unsigned int)(uint16_t)(q->parsed - q->next), VNET_BURST);
	unsigned int i;

	b->odd = false;
	for (i = 0; i < n; i++) {
		const struct vnet_slot *s = vnet_slot(q, (uint16_t)(q->next + i));
		struct leat_frame *f = &b->frame[i];
		uint64_t first;

		if (LEAT_UNLIKELY(!s->cap))
			break;
		*f = (struct leat_frame){ .data = s->data, .len = s->cap };
		first = LEAT_READ_ONCE(*(const any64 *)(const void *)s->hdr);
		if (LEAT_UNLIKELY(first)) {
			if (!header_odd(v, s, first, f))
				break;
			b->odd = true;
		}
		b->head[i] = s->head;
	}
	b->n = i;
}

/*
 * The chain at @t. 1: a frame; 0: not a frame that a wire takes, but *head holds
 * the chain; -ENOSPC: no room to put it together now; -EAGAIN: the host has no time
 * now; -EINVAL: broken.
 */
static int gather_chain(struct vnet *v, struct vnet_queue *q, const struct vnet_take *t,
			size_t *bounced, struct leat_frame *f, uint16_t *head)
{
	struct virtio_net_hdr h;
	struct vnet_chain c;
	uint32_t len;
	int err, n = vnet_chain(v, q, t, v->segs, &c);

	if (n < 0)
		return n;
	*head = c.head;
	if (c.bytes < (uint32_t)q->hdr_len + VNET_FRAME_MIN || c.bytes > (uint32_t)q->hdr_len + LEAT_FRAME_GSO_MAX)
		return 0;
	len = (uint32_t)c.bytes - q->hdr_len;
	if (sizeof(v->bounce) - *bounced < len)
		return -ENOSPC;
	err = vnet_segs_copy(v, v->segs, n, 0, &h, sizeof(h), false);
	if (!err)
		err = vnet_segs_copy(v, v->segs, n, q->hdr_len, v->bounce + *bounced, len, false);
	if (err)
		return err;

	*f = (struct leat_frame){ .data = v->bounce + *bounced, .len = len };
	*bounced += LEAT_ALIGN_UP(len, (uint32_t)LEAT_CACHELINE);
	return vnet_header_read(v, &h, f);
}

static void retire_split(struct vnet_queue *q, const uint16_t *head, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		vnet_split_used_fast(q, (uint16_t)i, head[i], 0);
}

/* In order, one descriptor speaks for all before it: the last one's id, the first one's place. */
static void retire_packed(struct vnet_queue *q, const uint16_t *head, unsigned int n)
{
	if (q->in_order) {
		vnet_packed_used_fast(q, 0, q->at, head[n - 1], 0);
		return;
	}
	for (unsigned int i = 0; i < n; i++)
		vnet_packed_used_fast(q, (uint16_t)i, vnet_place(q, (uint16_t)(q->next + i)),
				      head[i], 0);
}

/* False: broken. */
static bool retire_slowly(struct vnet *v, struct vnet_queue *q, const uint16_t *head, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct vnet_done d = { (uint16_t)i, vnet_place(q, (uint16_t)(q->next + i)), head[i], 0 };

		if (vnet_used_put(v, q, &d))
			return false;
	}
	return true;
}

static void retire(struct vnet *v, struct vnet_queue *q, const uint16_t *head, unsigned int n)
{
	struct vnet_take all = { (uint16_t)n, vnet_place(q, (uint16_t)(q->next + n)) };

	if (LEAT_UNLIKELY(!q->desc)) {
		if (!retire_slowly(v, q, head, n))
			return;
	} else if (q->packed) {
		retire_packed(q, head, n);
	} else {
		retire_split(q, head, n);
	}
	vnet_used_publish(v, q, &all);
}

/* The slow way: a burst of frames of any shape; those that are none are dropped here. */
static void gather_any(struct vnet *v, struct vnet_queue *q, struct vnet_burst *b)
{
	size_t bounced = 0;

	b->n = 0;
	b->odd = true;
	while (b->n < VNET_BURST && q->running) {
		uint16_t pos = (uint16_t)(q->next + b->n);
		struct vnet_take t = { (uint16_t)b->n, 0 };
		int r;

		if (pos == q->parsed)
			return;
		t.at = vnet_place(q, pos);
		r = gather_chain(v, q, &t, &bounced, &b->frame[b->n], &b->head[b->n]);
		if (r > 0) {
			b->n++;
			continue;
		}
		q->kicked |= r == -EAGAIN;
		if (r < 0 || b->n)
			return;		/* broken, or later */
		v->mdev.stats.tx_dropped++;
		retire(v, q, b->head, 1);
	}
}

/* To the wire; a NIC with no cable loses them. */
static unsigned int send(struct vnet *v, const struct vnet_burst *b)
{
	struct leat_wire *w = v->mdev.wire;

	if (LEAT_LIKELY(w && !b->odd))
		return w->ops->send(w, b->frame, b->n);
	if (w)
		return leat_wire_send(w, b->frame, b->n);
	v->mdev.stats.tx_dropped += b->n;
	return b->n;
}

static void retire_sent(struct vnet *v, struct vnet_queue *q, const struct vnet_burst *b,
			unsigned int sent)
{
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < sent; i++)
		bytes += b->frame[i].len;
	v->mdev.stats.tx_frames += sent;
	v->mdev.stats.tx_bytes += bytes;
	retire(v, q, b->head, sent);
}

unsigned int vnet_tx(struct vnet *v, struct vnet_queue *q)
{
	struct vnet_burst b;
	unsigned int sent;

	if ((uint16_t)(q->seen - q->next) < VNET_TX_AHEAD && !vnet_queue_look(v, q))
		return 0;
	if (!q->packed && q->next == q->seen)
		return 0;
	vnet_window_fill(v, q, q->next);
	if (LEAT_UNLIKELY(q->next == q->seen || !q->running))
		return 0;
	gather(v, q, &b);
	if (LEAT_UNLIKELY(!b.n))
		gather_any(v, q, &b);
	if (!b.n)
		return 0;
	sent = send(v, &b);
	if (LEAT_UNLIKELY(v->learns))
		vnet_flows_learn(v, q->index / 2, b.frame, sent);
	/* The wire may have led back here: a loop, and buffers that broke the device. */
	if (sent && q->running)
		retire_sent(v, q, &b, sent);
	return sent;
}
