// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_chain.c - descriptor chains of any shape (virtio 1.2, 2.7.5), the slow way:
 * direct and indirect, in memory that we can point into or that only messages reach.
 *
 * The driver is not believed: a chain is at most as long as its queue, which also
 * ends loops; each descriptor is read once, checked, then used. -EAGAIN of a host
 * that has no time for a message goes back to the round, which comes again.
 */
#include "model.h"

#include <errno.h>
#include <string.h>

/* A table of descriptors: the queue's own, or an indirect one. @desc NULL: by messages. */
struct table {
	const struct virtio_desc *desc;
	uint64_t	iova;
	uint32_t	n;
	bool		indirect;
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

/* 2.7.5.3: the descriptor refers to a table, ends its chain, and may stand in the ring only. */
static int table_enter(struct vnet *v, struct vnet_queue *q, const struct vnet_desc *d,
		       struct table *t)
{
	if (!(v->accepted & VIRTIO_F_INDIRECT_DESC) || t->indirect ||
	    (d->flags & VIRTIO_DESC_F_NEXT) || !d->len || d->len % sizeof(struct virtio_desc))
		return vnet_break(v, "queue %u: an indirect descriptor that may not be", q->index);

	t->desc = leat_mdev_ptr(&v->mdev, d->addr, d->len, false);
	if ((uintptr_t)t->desc % sizeof(uint64_t))
		t->desc = NULL;		/* no way to read it in whole words */
	t->iova = d->addr;
	t->n = d->len / sizeof(struct virtio_desc);
	t->indirect = true;
	return 0;
}

/* The head of the chain at @pos. */
static int head_read(struct vnet *v, struct vnet_queue *q, uint16_t pos, uint16_t *head)
{
	leat_le16 word;
	int err = 0;

	if (q->desc)
		word = LEAT_READ_ONCE(q->avail->ring[pos & q->mask]);
	else
		err = vnet_avail_read(v, q, offsetof(struct virtio_avail, ring) +
				      sizeof(word) * (pos & q->mask), &word);
	if (err)
		return err;
	*head = leat_le16_to_cpu(word);
	return 0;
}

int vnet_chain(struct vnet *v, struct vnet_queue *q, uint16_t pos, struct vnet_seg *segs,
	       uint16_t *head, uint64_t *bytes)
{
	struct table t = { q->desc, q->desc_iova, q->size, false };
	struct vnet_desc d = { 0, 0, 0, 0 };
	uint32_t at;
	int err, n = 0;

	err = head_read(v, q, pos, head);
	if (err)
		return err;
	*bytes = 0;
	at = *head;
	for (;;) {
		err = table_read(v, q, &t, at, &d);
		if (err)
			return err;
		if (d.flags & VIRTIO_DESC_F_INDIRECT) {
			if (table_enter(v, q, &d, &t))
				return -EINVAL;
			at = 0;
			continue;
		}
		if ((d.flags & VIRTIO_DESC_F_WRITE) != q->access)
			return vnet_break(v, "queue %u: descriptor %u is for the other direction",
					  q->index, at);
		if (n == q->size)
			return vnet_break(v, "queue %u: a chain longer than the queue", q->index);
		segs[n++] = (struct vnet_seg){
			d.addr, d.len ? leat_mdev_ptr(&v->mdev, d.addr, d.len, q->access) : NULL,
			d.len
		};
		*bytes += d.len;
		if (!(d.flags & VIRTIO_DESC_F_NEXT))
			return n;
		at = d.next;
	}
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
