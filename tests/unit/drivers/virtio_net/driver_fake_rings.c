// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver_fake_rings.c - the fake device's side of the rings, of split ones here,
 * written down from the specification (virtio 1.2, 2.7 and 5.1.6), not from the driver.
 */
#include "driver_fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

void *fake_ptr(struct fake *f, uint64_t iova, size_t len)
{
	for (unsigned int i = 0; i < f->nsegs; i++)
		if (iova >= f->seg[i].iova && iova + len <= f->seg[i].iova + f->seg[i].len)
			return (char *)f->seg[i].va + (iova - f->seg[i].iova);
	fail_msg("DMA of %zu bytes to 0x%llx, which is not mapped", len, (unsigned long long)iova);
	return NULL;
}

/* ---- chains ---- */

struct fake_chain *fake_chain(struct fake *f, const struct fake_queue *q, uint16_t id)
{
	assert_true(id < FAKE_QUEUE_MAX);
	return &f->chain[q - f->q < 2 ? q - f->q : 2][id];
}

void fake_chain_add(struct fake *f, struct fake_chain *c, uint64_t addr, uint32_t len,
		    uint16_t flags)
{
	assert_true(c->n < FAKE_CHAIN);
	c->part[c->n++] = (struct fake_part){ addr, len, flags & VIRTIO_DESC_F_WRITE };
	(void)fake_ptr(f, addr, len);
}

/* The table at @addr (2.7.5.3). */
static void read_table(struct fake *f, struct fake_chain *c, uint64_t addr, uint32_t len)
{
	struct virtio_desc *d = fake_ptr(f, addr, len);
	uint16_t i = 0, flags;

	assert_true(f->accepted & VIRTIO_F_INDIRECT_DESC);
	assert_int_equal(len % sizeof(*d), 0);
	do {
		assert_true(i < len / sizeof(*d));
		flags = leat_le16_to_cpu(d[i].flags);
		assert_int_equal(flags & ~(VIRTIO_DESC_F_NEXT | VIRTIO_DESC_F_WRITE), 0);
		fake_chain_add(f, c, leat_le64_to_cpu(d[i].addr), leat_le32_to_cpu(d[i].len), flags);
		i = leat_le16_to_cpu(d[i].next);
	} while (flags & VIRTIO_DESC_F_NEXT);
}

static void read_chain(struct fake *f, struct fake_queue *q, uint16_t head)
{
	struct fake_chain *c = fake_chain(f, q, head);
	uint16_t flags;

	c->n = c->slots = 0;
	do {
		struct virtio_desc *d = fake_desc(f, q, head);

		assert_true(c->slots++ < q->size);
		flags = leat_le16_to_cpu(d->flags);
		if (flags & VIRTIO_DESC_F_INDIRECT) {
			assert_int_equal(flags, VIRTIO_DESC_F_INDIRECT);
			read_table(f, c, leat_le64_to_cpu(d->addr), leat_le32_to_cpu(d->len));
		} else {
			fake_chain_add(f, c, leat_le64_to_cpu(d->addr), leat_le32_to_cpu(d->len),
				       flags);
		}
		head = leat_le16_to_cpu(d->next);
	} while (flags & VIRTIO_DESC_F_NEXT);
}

/* ---- split rings ---- */

struct virtio_desc *fake_desc(struct fake *f, struct fake_queue *q, uint16_t id)
{
	assert_true(id < q->size);
	assert_int_equal(q->desc % VIRTIO_DESC_ALIGN, 0);
	return fake_ptr(f, q->desc + 16u * id, 16);
}

static struct virtio_avail *avail(struct fake *f, struct fake_queue *q)
{
	assert_int_equal(q->driver % VIRTIO_AVAIL_ALIGN, 0);
	return fake_ptr(f, q->driver, VIRTIO_AVAIL_BYTES(q->size));
}

void fake_assert_fed(struct fake *f)
{
	bool ctrl = f->accepted & VIRTIO_NET_F_CTRL_VQ;

	for (unsigned int i = 0; i + 1 < f->kind.num_queues; i += 2)
		if (f->q[i].enable && !(ctrl && i == fake_ctrl_index(f)))
			assert_int_not_equal(leat_le16_to_cpu(avail(f, &f->q[i])->idx), 0);
}

struct virtio_used *fake_used(struct fake *f, struct fake_queue *q)
{
	assert_int_equal(q->device % VIRTIO_USED_ALIGN, 0);
	return fake_ptr(f, q->device, VIRTIO_USED_BYTES(q->size));
}

bool fake_packed(const struct fake *f)
{
	return f->accepted & VIRTIO_F_RING_PACKED;
}

void fake_hush(struct fake *f, struct fake_queue *q)
{
	if (fake_packed(f))
		fake_packed_hush(f, q);
	else if (f->kind.quiet)
		fake_used(f, q)->flags = leat_cpu_to_le16(VIRTIO_USED_F_NO_NOTIFY);
}

/* A device that has nothing left asks to be told of the next (2.7.10). */
static void ask(struct fake *f, struct fake_queue *q)
{
	if (f->accepted & VIRTIO_F_EVENT_IDX)
		*VIRTIO_AVAIL_EVENT(fake_used(f, q), q->size) = leat_cpu_to_le16(
			f->kind.quiet ? (uint16_t)(q->seen - 1) : q->seen);
}

int fake_pop(struct fake *f, struct fake_queue *q)
{
	struct virtio_avail *a;
	uint16_t head;

	if (fake_packed(f))
		return fake_packed_pop(f, q);
	a = avail(f, q);
	if (leat_le16_to_cpu(a->idx) == q->seen) {
		ask(f, q);
		return -1;
	}
	head = leat_le16_to_cpu(a->ring[q->seen++ % q->size]);
	assert_true(head < q->size);
	read_chain(f, q, head);
	return head;
}

void fake_push(struct fake *f, struct fake_queue *q, uint32_t id, uint32_t len)
{
	struct virtio_used_elem *e;

	if (fake_packed(f)) {
		fake_packed_push(f, q, id, len);
		return;
	}
	e = &fake_used(f, q)->ring[(f->kind.batch ? q->told : q->used) % q->size];
	e->id = leat_cpu_to_le32(id);
	e->len = leat_cpu_to_le32(len);
	q->used++;
}

void fake_publish(struct fake *f, struct fake_queue *q)
{
	if (f->hold)
		return;
	if (fake_packed(f)) {
		fake_packed_publish(f, q);
		return;
	}
	fake_used(f, q)->idx = leat_cpu_to_le16(q->used);
	q->told = q->used;
}

/* ---- frames ---- */

size_t fake_gather(struct fake *f, struct fake_queue *q, uint16_t head, void *buf)
{
	const struct fake_chain *c = fake_chain(f, q, head);
	size_t len = 0;

	for (unsigned int i = 0; i < c->n; i++) {
		const struct fake_part *p = &c->part[i];

		assert_false(p->write);
		assert_int_not_equal(p->len, 0);	/* QEMU takes these for a broken driver */
		assert_true(len + p->len <= FAKE_FRAME_MAX);
		memcpy((char *)buf + len, fake_ptr(f, p->addr, p->len), p->len);
		len += p->len;
	}
	return len;
}

size_t fake_scatter(struct fake *f, struct fake_queue *q, uint16_t head, const void *buf,
		    size_t len)
{
	const struct fake_chain *c = fake_chain(f, q, head);
	size_t room = c->part[0].len;

	assert_int_equal(c->n, 1);
	assert_true(c->part[0].write);
	assert_true(room >= fake_hdr_len(f));
	memcpy(fake_ptr(f, c->part[0].addr, room), buf, len < room ? len : room);
	return len < room ? len : room;
}

static void set_buffers(struct fake *f, struct fake_queue *q, uint16_t head, uint16_t n)
{
	leat_le16 v = leat_cpu_to_le16(n);

	memcpy((char *)fake_ptr(f, fake_chain(f, q, head)->part[0].addr, VIRTIO_NET_HDR_LEN) +
	       offsetof(struct virtio_net_hdr, num_buffers), &v, 2);
}

size_t fake_hdr_len(const struct fake *f)
{
	return f->accepted & VIRTIO_NET_F_HASH_REPORT ? VIRTIO_NET_HDR_LEN_HASH : VIRTIO_NET_HDR_LEN;
}

bool fake_deliver_as(struct fake *f, const void *frame, size_t len,
		     const struct virtio_net_hdr_hash *hdr)
{
	struct fake_queue *q = &f->q[0];
	char buf[FAKE_FRAME_MAX + VIRTIO_NET_HDR_LEN_MAX];
	struct fake_queue before = { .seen = q->seen, .used = q->used };
	size_t done = 0;
	uint16_t n = 0;
	int first = -1;

	memcpy(buf, hdr, fake_hdr_len(f));
	memcpy(buf + fake_hdr_len(f), frame, len);
	len += fake_hdr_len(f);
	while (done < len) {
		int head = fake_pop(f, q);
		size_t part;

		if (head < 0 || (n && !(f->accepted & VIRTIO_NET_F_MRG_RXBUF))) {
			q->seen = before.seen;	/* 5.1.6.4: all of it, or nothing */
			q->used = before.used;
			q->pending = 0;
			return false;
		}
		first = n++ ? first : head;
		part = fake_scatter(f, q, (uint16_t)head, buf + done, len - done);
		fake_push(f, q, (uint32_t)head, (uint32_t)part);
		done += part;
	}
	set_buffers(f, q, (uint16_t)first, n);
	fake_publish(f, q);
	return true;
}

bool fake_deliver(struct fake *f, const void *frame, size_t len, uint8_t flags,
		  uint16_t csum_start, uint16_t csum_off)
{
	const struct virtio_net_hdr_hash hdr = {
		.hdr = { .flags = flags, .csum_start = leat_cpu_to_le16(csum_start),
			 .csum_offset = leat_cpu_to_le16(csum_off),
			 .num_buffers = leat_cpu_to_le16(1) },
	};

	return fake_deliver_as(f, frame, len, &hdr);
}

int fake_collect(struct fake *f, struct virtio_net_hdr *hdr, void *buf)
{
	char all[FAKE_FRAME_MAX];
	int head = fake_pop(f, &f->q[1]);
	size_t len;

	if (head < 0)
		return -1;
	len = fake_gather(f, &f->q[1], (uint16_t)head, all);
	assert_true(len >= fake_hdr_len(f));
	memcpy(hdr, all, sizeof(*hdr));
	memcpy(buf, all + fake_hdr_len(f), len - fake_hdr_len(f));
	assert_int_equal(leat_le16_to_cpu(hdr->num_buffers), 0);	/* 5.1.6.2.1 */
	fake_push(f, &f->q[1], (uint32_t)head, 0);
	fake_publish(f, &f->q[1]);
	return (int)(len - fake_hdr_len(f));
}

uint32_t fake_random(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*seed >> 33);
}

void fake_fill(void *buf, size_t len, uint32_t key)
{
	uint64_t seed = key;

	for (size_t i = 0; i < len; i++)
		((uint8_t *)buf)[i] = (uint8_t)fake_random(&seed);
}
