// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_packed.c - a packed virtqueue as the device sees it (virtio 1.2, 2.8).
 *
 * One ring, written by both. Buffers are used in the order in which they came, so the place
 * of a used descriptor is that of its buffer's first. A burst's first used descriptor is
 * written last: the driver, who looks there first, finds all of them or none.
 */
#include "model_window.h"

#include <errno.h>

/* ---- available descriptors ---- */

static bool is_available(uint16_t flags, uint16_t at)
{
	bool wrap = at & 0x8000;

	return !!(flags & VIRTIO_PACKED_F_AVAIL) == wrap && !!(flags & VIRTIO_PACKED_F_USED) != wrap;
}

/* The second half: length, id, flags, read at once. */
static uint64_t rest_of(const struct virtio_packed_desc *d)
{
	return LEAT_SWAP64(LEAT_READ_ONCE(((const vnet_raw64 *)(const void *)d)[1]));
}

static uint64_t addr_of(const struct virtio_packed_desc *d)
{
	return LEAT_SWAP64(LEAT_READ_ONCE(((const vnet_raw64 *)(const void *)d)[0]));
}

int vnet_packed_read(struct vnet *v, struct vnet_queue *q, uint16_t at,
		     struct virtio_packed_desc *out)
{
	uint64_t off = sizeof(*out) * (at & 0x7fffu), rest;
	int err;

	if (q->desc) {
		const struct virtio_packed_desc *d = &q->ring[at & 0x7fff];

		rest = rest_of(d);
		leat_dma_rmb();		/* the flags before what they vouch for */
		*out = (struct virtio_packed_desc){
			leat_cpu_to_le64(addr_of(d)), leat_cpu_to_le32((uint32_t)rest),
			leat_cpu_to_le16((uint16_t)(rest >> 32)),
			leat_cpu_to_le16((uint16_t)(rest >> 48)),
		};
		return 0;
	}
	err = leat_mdev_read(&v->mdev, q->desc_iova + off, out, sizeof(*out));
	if (err && err != -EAGAIN)
		return vnet_break(v, "queue %u: a descriptor cannot be read", q->index);
	return err;
}

bool vnet_packed_there(struct vnet *v, struct vnet_queue *q, uint16_t at)
{
	struct virtio_packed_desc d;
	int err;

	if (!q->desc && !q->kicked)
		return false;
	err = vnet_packed_read(v, q, at, &d);
	if (err)
		return false;
	if (is_available(leat_le16_to_cpu(d.flags), at))
		return true;
	q->kicked = false;
	return false;
}

/*
 * A buffer that is neither of the ordinary shapes, or not to be pointed into: only where
 * it ends. False: broken, or not now.
 */
static bool walk(struct vnet *v, struct vnet_queue *q, struct vnet_slot *s, uint16_t *read)
{
	struct virtio_packed_desc d;
	unsigned int n = 0;

	s->cap = 0;
	do {
		if (n++ == q->size) {
			vnet_break(v, "queue %u: a chain longer than the queue", q->index);
			return false;
		}
		if (vnet_packed_read(v, q, *read, &d))
			return false;
		*read = vnet_place_add(q, *read, 1);
	} while (leat_le16_to_cpu(d.flags) & VIRTIO_DESC_F_NEXT);
	s->head = leat_le16_to_cpu(d.id);
	return true;
}

#define SHAPE (VIRTIO_DESC_F_NEXT | VIRTIO_DESC_F_WRITE | VIRTIO_DESC_F_INDIRECT)

static struct vnet_desc desc_of(uint64_t addr, uint64_t rest)
{
	return (struct vnet_desc){ addr, (uint32_t)rest, (uint16_t)(rest >> 48), 0 };
}

/* Header and data apart: the second descriptor carries the id. */
static bool parse_two(struct vnet *v, struct vnet_queue *q, struct vnet_slot *s,
		      const struct vnet_desc *hdr, uint16_t access)
{
	const struct virtio_packed_desc *d = &q->ring[vnet_place_add(q, s->at, 1) & 0x7fff];
	uint64_t rest = rest_of(d);
	struct vnet_desc data = desc_of(addr_of(d), rest);

	s->head = (uint16_t)(rest >> 32);
	return (data.flags & SHAPE) == access && vnet_shape_two(v, q, s, hdr, &data, access);
}

/*
 * The buffer at @q->read, whatever it is, which moves behind it. False: there is none, or it
 * is broken.
 */
static __attribute__((noinline)) bool parse(struct vnet *v, struct vnet_queue *q,
					    struct vnet_slot *s, uint16_t access)
{
	const struct virtio_packed_desc *raw = &q->ring[q->read & 0x7fff];
	uint64_t rest = rest_of(raw);
	uint16_t read = q->read;
	struct vnet_desc d;

	if (!is_available((uint16_t)(rest >> 48), read))
		return false;
	leat_dma_rmb();		/* the flags before what they vouch for */
	d = desc_of(addr_of(raw), rest);
	s->at = read;
	s->head = (uint16_t)(rest >> 32);
	if ((d.flags & SHAPE) == access && vnet_shape_far(v, q, s, d.addr, d.len, access)) {
		q->read = vnet_place_add(q, read, 1);
		return true;
	}
	if ((d.flags & SHAPE) == (access | VIRTIO_DESC_F_NEXT) && parse_two(v, q, s, &d, access)) {
		q->read = vnet_place_add(q, read, 2);
		return true;
	}
	if (!walk(v, q, s, &read))
		return false;
	q->read = read;
	return true;
}

/*
 * The descriptors of the next burst, which a driver that is ahead has written: for reading,
 * but where each will be written over when it is used.
 */
VNET_INLINE void call_in_next(const struct vnet_queue *q, uint16_t access)
{
	for (uint16_t i = 0; i < VNET_BURST; i += VNET_DESC_LINE) {
		const void *line = &q->ring[vnet_place_add(q, q->read, i) & 0x7fff];

		if (access)
			leat_prefetch_write(line);
		else
			leat_prefetch(line);
	}
}

/* Buffers of one descriptor within reach, as long as they last. */
VNET_INLINE void fill_ordinary(struct vnet_queue *q, uint16_t end, uint16_t access)
{
	const uint16_t known = SHAPE | VIRTIO_PACKED_F_AVAIL | VIRTIO_PACKED_F_USED;
	const struct virtio_packed_desc *ring = q->ring;
	const struct vnet_reach reach = vnet_reach(q);
	const uint16_t size = q->size;
	uint16_t at = q->read & 0x7fff, lap = q->read & 0x8000, pos;

	for (pos = q->parsed; pos != end; pos++) {
		uint16_t want = access | (lap ? VIRTIO_PACKED_F_AVAIL : VIRTIO_PACKED_F_USED);
		struct vnet_slot *s = vnet_slot(q, pos);
		uint64_t rest = rest_of(&ring[at]);

		if (((uint16_t)(rest >> 48) & known) != want)
			break;
		leat_dma_rmb();		/* the flags before what they vouch for */
		if (!vnet_shape_one(s, &reach, addr_of(&ring[at]), (uint32_t)rest, access))
			break;
		s->head = (uint16_t)(rest >> 32);
		s->at = lap | at;
		if (++at == size) {
			at = 0;
			lap ^= 0x8000;
		}
	}
	q->read = lap | at;
	q->parsed = pos;
}

VNET_INLINE void fill(struct vnet *v, struct vnet_queue *q, uint16_t end, uint16_t access)
{
	for (fill_ordinary(q, end, access); q->parsed != end; fill_ordinary(q, end, access)) {
		if (!parse(v, q, vnet_slot(q, q->parsed), access))
			return;
		q->parsed++;
	}
	call_in_next(q, access);
}

static void fill_by_message(struct vnet *v, struct vnet_queue *q, uint16_t end)
{
	while (q->parsed != end && vnet_packed_there(v, q, q->read)) {
		struct vnet_slot s = { .at = q->read };
		uint16_t read = q->read;

		if (!walk(v, q, &s, &read))
			return;
		*vnet_slot(q, q->parsed) = s;
		q->read = read;
		q->parsed++;
	}
}

void vnet_packed_fill(struct vnet *v, struct vnet_queue *q, uint16_t end)
{
	if (LEAT_UNLIKELY(!q->desc))
		fill_by_message(v, q, end);
	else if (q->access)
		fill(v, q, end, VIRTIO_DESC_F_WRITE);
	else
		fill(v, q, end, 0);
	q->seen = q->parsed;
}

/* ---- used descriptors ---- */

static int write_rest(struct vnet *v, struct vnet_queue *q, uint16_t at, uint64_t word)
{
	leat_le64 le = leat_cpu_to_le64(word);
	uint64_t off = sizeof(struct virtio_packed_desc) * (at & 0x7fffu) +
		       offsetof(struct virtio_packed_desc, len);

	if (leat_mdev_write(&v->mdev, q->desc_iova + off, &le, sizeof(le)))
		return vnet_break(v, "queue %u: its ring cannot be written", q->index);
	return 0;
}

int vnet_packed_used(struct vnet *v, struct vnet_queue *q, const struct vnet_done *d)
{
	if (q->desc || !d->ahead)
		vnet_packed_used_fast(q, d->ahead, d->at, d->head, d->len);
	else
		return write_rest(v, q, d->at, vnet_packed_word(d->at, d->head, d->len, q->access));
	return 0;
}

void vnet_packed_publish(struct vnet *v, struct vnet_queue *q)
{
	vnet_raw64 *raw;

	if (!q->desc) {		/* messages are in order */
		(void)write_rest(v, q, q->held_at, q->held);
		return;
	}
	leat_dma_wmb();		/* data and the burst's other descriptors before the first */
	raw = (vnet_raw64 *)(void *)&q->ring[q->held_at & 0x7fff];
	LEAT_WRITE_ONCE(raw[1], LEAT_SWAP64(q->held));
}
