// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver_fake_rings.c - the fake device's side of the split rings, written down
 * from the specification (virtio 1.2, 2.7 and 5.1.6), not from the driver.
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

struct virtio_used *fake_used(struct fake *f, struct fake_queue *q)
{
	assert_int_equal(q->device % VIRTIO_USED_ALIGN, 0);
	return fake_ptr(f, q->device, VIRTIO_USED_BYTES(q->size));
}

int fake_pop(struct fake *f, struct fake_queue *q)
{
	struct virtio_avail *a = avail(f, q);

	if (leat_le16_to_cpu(a->idx) == q->seen)
		return -1;
	return leat_le16_to_cpu(a->ring[q->seen++ % q->size]);
}

void fake_push(struct fake *f, struct fake_queue *q, uint32_t id, uint32_t len)
{
	struct virtio_used_elem *e = &fake_used(f, q)->ring[q->used++ % q->size];

	e->id = leat_cpu_to_le32(id);
	e->len = leat_cpu_to_le32(len);
}

void fake_publish(struct fake *f, struct fake_queue *q)
{
	fake_used(f, q)->idx = leat_cpu_to_le16(q->used);
}

size_t fake_gather(struct fake *f, struct fake_queue *q, uint16_t head, void *buf)
{
	size_t len = 0;

	for (unsigned int n = 0; n < q->size; n++) {
		struct virtio_desc *d = fake_desc(f, q, head);
		uint32_t part = leat_le32_to_cpu(d->len);

		assert_int_equal(leat_le16_to_cpu(d->flags) & ~VIRTIO_DESC_F_NEXT, 0);
		assert_int_not_equal(part, 0);	/* QEMU takes these for a broken driver */
		assert_true(len + part <= FAKE_FRAME_MAX);
		memcpy((char *)buf + len, fake_ptr(f, leat_le64_to_cpu(d->addr), part), part);
		len += part;
		if (!(leat_le16_to_cpu(d->flags) & VIRTIO_DESC_F_NEXT))
			return len;
		head = leat_le16_to_cpu(d->next);
	}
	fail_msg("the chain is longer than its queue");
	return 0;
}

size_t fake_scatter(struct fake *f, struct fake_queue *q, uint16_t head, const void *buf,
		    size_t len)
{
	struct virtio_desc *d = fake_desc(f, q, head);
	size_t room = leat_le32_to_cpu(d->len);

	assert_int_equal(leat_le16_to_cpu(d->flags), VIRTIO_DESC_F_WRITE);
	assert_true(room >= VIRTIO_NET_HDR_LEN);
	memcpy(fake_ptr(f, leat_le64_to_cpu(d->addr), room), buf, len < room ? len : room);
	return len < room ? len : room;
}

static void set_buffers(struct fake *f, struct fake_queue *q, uint16_t head, uint16_t n)
{
	leat_le16 v = leat_cpu_to_le16(n);

	memcpy((char *)fake_ptr(f, leat_le64_to_cpu(fake_desc(f, q, head)->addr),
				VIRTIO_NET_HDR_LEN) + offsetof(struct virtio_net_hdr, num_buffers),
	       &v, 2);
}

bool fake_deliver(struct fake *f, const void *frame, size_t len, uint8_t flags,
		  uint16_t csum_start, uint16_t csum_off)
{
	struct fake_queue *q = &f->q[0];
	uint16_t seen = q->seen, used = q->used, n = 0;
	char buf[FAKE_FRAME_MAX + VIRTIO_NET_HDR_LEN];
	struct virtio_net_hdr hdr = {
		.flags = flags, .csum_start = leat_cpu_to_le16(csum_start),
		.csum_offset = leat_cpu_to_le16(csum_off), .num_buffers = leat_cpu_to_le16(1),
	};
	size_t done = 0;
	int first = -1;

	memcpy(buf, &hdr, sizeof(hdr));
	memcpy(buf + sizeof(hdr), frame, len);
	len += sizeof(hdr);
	while (done < len) {
		int head = fake_pop(f, q);
		size_t part;

		if (head < 0 || (n && !(f->accepted & VIRTIO_NET_F_MRG_RXBUF))) {
			q->seen = seen;		/* 5.1.6.4: all of it, or nothing */
			q->used = used;
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

int fake_collect(struct fake *f, struct virtio_net_hdr *hdr, void *buf)
{
	char all[FAKE_FRAME_MAX];
	int head = fake_pop(f, &f->q[1]);
	size_t len;

	if (head < 0)
		return -1;
	len = fake_gather(f, &f->q[1], (uint16_t)head, all);
	assert_true(len >= sizeof(*hdr));
	memcpy(hdr, all, sizeof(*hdr));
	memcpy(buf, all + sizeof(*hdr), len - sizeof(*hdr));
	assert_int_equal(leat_le16_to_cpu(hdr->num_buffers), 0);	/* 5.1.6.2.1 */
	fake_push(f, &f->q[1], (uint32_t)head, 0);
	fake_publish(f, &f->q[1]);
	return (int)(len - sizeof(*hdr));
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
