// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_chain.c - descriptor chains of any shape (virtio 1.2, 2.7.5 and 2.8.5), the slow way:
 * direct and indirect, in memory that we can point into or that only messages reach.
 *
 * The driver is not believed: a chain is at most as long as its queue, which also
 * ends loops; each descriptor is read once, checked, then used. -EAGAIN of a host
 * that has no time for a message goes back to the round, which comes again.
 */
#include "model.h"

#include <errno.h>
#include <string.h>

/* A table of descriptors: a split queue's own, or an indirect one. @desc NULL: by messages. */
struct table {
	const struct virtio_desc *desc;
	uint64_t	iova;
	uint32_t	n;
	bool		indirect;
};

/* A chain on its way. */
struct walk {
	struct table	t;
	struct vnet_seg	*segs;
	struct vnet_chain *out;
	int		n;
};

static int table_read(struct vnet *v, struct vnet_queue *q, const struct table *t, uint32_t i,
		      struct vnet_desc *out)
{
	struct virtio_desc copy;
	int err;

	if (i >= t->n)
		return vnet_break(v, "queue %u: descriptor %u in a table of %u", q->index, i, t->n);
	if (t->desc) {
		*out = vnet_desc_read(&t->desc[i]);
		return 0;
	}
	err = leat_mdev_read(&v->mdev, t->iova + sizeof(copy) * i, &copy, sizeof(copy));
	if (err == -EAGAIN)
		return err;
	if (err)
		return vnet_break(v, "queue %u: a descriptor cannot be read", q->index);
	*out = vnet_desc_read(&copy);
	return 0;
}

/*
 * 2.7.5.3, 2.8.7: the descriptor refers to a table and may stand in the ring only. In a
 * split ring it ends its chain; in a packed one it is the whole of it.
 */
static int table_enter(struct vnet *v, struct vnet_queue *q, const struct vnet_desc *d,
		       struct walk *w)
{
	struct table *t = &w->t;

	if (!(v->accepted & VIRTIO_F_INDIRECT_DESC) || t->indirect ||
	    (d->flags & VIRTIO_DESC_F_NEXT) || !d->len || d->len % sizeof(struct virtio_desc) ||
	    (q->packed && w->n))
		return vnet_break(v, "queue %u: an indirect descriptor that may not be", q->index);

	t->desc = leat_mdev_ptr(&v->mdev, d->addr, d->len, false);
	if ((uintptr_t)t->desc % sizeof(uint64_t))
		t->desc = NULL;		/* no way to read it in whole words */
	t->iova = d->addr;
	t->n = d->len / sizeof(struct virtio_desc);
	t->indirect = true;
	return 0;
}

static int add_piece(struct vnet *v, struct vnet_queue *q, const struct vnet_desc *d, struct walk *w)
{
	bool write = d->flags & VIRTIO_DESC_F_WRITE;

	if (!q->control && write != !!q->access)
		return vnet_break(v, "queue %u: piece %d of a chain is for the other direction",
				  q->index, w->n);
	if (w->n == q->size)
		return vnet_break(v, "queue %u: a chain longer than the queue", q->index);
	w->segs[w->n++] = (struct vnet_seg){
		d->addr, d->len ? leat_mdev_ptr(&v->mdev, d->addr, d->len, write) : NULL, d->len, write
	};
	w->out->bytes += d->len;
	return 0;
}

/* ---- split: descriptors name the next ---- */

/* The head of the chain at @pos. */
static int head_read(struct vnet *v, struct vnet_queue *q, uint16_t pos, uint16_t *head)
{
	leat_le16 word;
	int err = 0;

	if (q->desc)
		word = LEAT_READ_ONCE(q->avail->ring[pos & q->mask]);
	else
		err = vnet_driver_read(v, q, offsetof(struct virtio_avail, ring) +
				       sizeof(word) * (pos & q->mask), &word, sizeof(word));
	if (err)
		return err;
	*head = leat_le16_to_cpu(word);
	return 0;
}

static int walk_split(struct vnet *v, struct vnet_queue *q, uint16_t pos, struct walk *w)
{
	struct vnet_desc d = { 0, 0, 0, 0 };
	int err = head_read(v, q, pos, &w->out->head);
	uint32_t at = err ? 0 : w->out->head;

	w->t = (struct table){ q->desc, q->desc_iova, q->size, false };
	while (!err) {
		err = table_read(v, q, &w->t, at, &d);
		if (err)
			break;
		if (d.flags & VIRTIO_DESC_F_INDIRECT) {
			err = table_enter(v, q, &d, w);
			at = 0;
			continue;
		}
		err = add_piece(v, q, &d, w);
		if (!(d.flags & VIRTIO_DESC_F_NEXT))
			break;
		at = d.next;
	}
	return err;
}

/* ---- packed: descriptors follow each other ---- */

/* All of a table, one behind the other; of its flags only WRITE counts (2.8.7). */
static int walk_table(struct vnet *v, struct vnet_queue *q, const struct vnet_desc *d,
		      struct walk *w)
{
	int err = table_enter(v, q, d, w);

	for (uint32_t i = 0; !err && i < w->t.n; i++) {
		struct vnet_desc piece = { 0, 0, 0, 0 };

		err = table_read(v, q, &w->t, i, &piece);
		piece.flags = piece.next;	/* where packed descriptors have them (2.8.13) */
		if (!err)
			err = add_piece(v, q, &piece, w);
	}
	return err;
}

static int walk_packed(struct vnet *v, struct vnet_queue *q, uint16_t at, struct walk *w)
{
	struct virtio_packed_desc raw = { .len = leat_cpu_to_le32(0) };
	struct vnet_desc d = { .flags = VIRTIO_DESC_F_NEXT };
	int err = 0;

	while (!err && (d.flags & VIRTIO_DESC_F_NEXT)) {
		err = vnet_packed_read(v, q, at, &raw);
		if (err)
			break;
		d = (struct vnet_desc){ leat_le64_to_cpu(raw.addr), leat_le32_to_cpu(raw.len),
					leat_le16_to_cpu(raw.flags), 0 };
		err = d.flags & VIRTIO_DESC_F_INDIRECT ? walk_table(v, q, &d, w) :
							 add_piece(v, q, &d, w);
		at = vnet_place_add(q, at, 1);
	}
	w->out->head = leat_le16_to_cpu(raw.id);
	w->out->next = at;
	return err;
}

int vnet_chain(struct vnet *v, struct vnet_queue *q, const struct vnet_take *t,
	       struct vnet_seg *segs, struct vnet_chain *out)
{
	struct walk w = { .segs = segs, .out = out };
	int err;

	*out = (struct vnet_chain){ 0 };
	if (q->packed)
		err = walk_packed(v, q, t->at, &w);
	else
		err = walk_split(v, q, (uint16_t)(q->next + t->ahead), &w);
	return err ? err : w.n;
}

static int seg_copy(struct vnet *v, const struct vnet_seg *s, uint64_t off, void *buf,
		    uint32_t len, bool write)
{
	int err = 0;

	if (s->va && write)
		memmove(s->va + off, buf, len);	/* @buf may be the driver's, too */
	else if (s->va)
		memcpy(buf, s->va + off, len);
	else if (write)
		err = leat_mdev_write(&v->mdev, s->iova + off, buf, len);
	else
		err = leat_mdev_read(&v->mdev, s->iova + off, buf, len);
	if (err == -EAGAIN)
		return err;
	if (err)
		return vnet_break(v, "a buffer at 0x%llx+%u is not in memory that the device may %s",
				  (unsigned long long)(s->iova + off), len, write ? "write" : "read");
	return 0;
}

int vnet_segs_copy(struct vnet *v, const struct vnet_seg *segs, int nsegs, uint64_t off,
		   void *buf, uint32_t len, bool write)
{
	char *p = buf;

	for (int i = 0; i < nsegs && len; i++) {
		uint32_t part;
		int err;

		if (off >= segs[i].len) {
			off -= segs[i].len;
			continue;
		}
		part = LEAT_MIN(len, (uint32_t)(segs[i].len - off));
		err = seg_copy(v, &segs[i], off, p, part, write);
		if (err)
			return err;
		p += part;
		len -= part;
		off = 0;
	}
	return 0;
}
