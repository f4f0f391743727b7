// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver_fake_packed.c - the fake device's side of packed rings, written down from the
 * specification (virtio 1.2, 2.8), not from the driver. Positions run free; what is pushed
 * shows when it is published, the first descriptor's flags last. With kind.batch only the
 * last of what is published has a used descriptor, where the first would have had it (2.8.11).
 */
#include "driver_fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

struct virtio_packed_desc *fake_packed_desc(struct fake *f, struct fake_queue *q, uint16_t pos)
{
	assert_int_equal(q->desc % VIRTIO_DESC_ALIGN, 0);
	return fake_ptr(f, q->desc + 16u * (pos % q->size), 16);
}

static bool wrap(const struct fake_queue *q, uint16_t pos)
{
	return pos / q->size % 2 == 0;		/* starts at 1 */
}

static struct virtio_packed_event *event(struct fake *f, uint64_t at)
{
	assert_int_equal(at % VIRTIO_PACKED_EVENT_ALIGN, 0);
	return fake_ptr(f, at, VIRTIO_PACKED_EVENT_BYTES);
}

void fake_packed_hush(struct fake *f, struct fake_queue *q)
{
	event(f, q->device)->flags = leat_cpu_to_le16(f->kind.quiet ? VIRTIO_PACKED_EVENT_DISABLE :
							VIRTIO_PACKED_EVENT_ENABLE);
}

/* With EVENT_IDX: to be told of one descriptor (2.8.14). */
static void ask(struct fake *f, struct fake_queue *q)
{
	struct virtio_packed_event *e = event(f, q->device);

	if (!(f->accepted & VIRTIO_F_EVENT_IDX) || f->kind.quiet)
		return;
	e->off_wrap = leat_cpu_to_le16((uint16_t)(q->seen % q->size |
				       wrap(q, q->seen) << VIRTIO_PACKED_WRAP_BIT));
	e->flags = leat_cpu_to_le16(VIRTIO_PACKED_EVENT_DESC);
}

static bool is_avail(struct fake *f, struct fake_queue *q, uint16_t pos)
{
	uint16_t flags = leat_le16_to_cpu(fake_packed_desc(f, q, pos)->flags);

	return !!(flags & VIRTIO_PACKED_F_AVAIL) == wrap(q, pos) &&
	       !!(flags & VIRTIO_PACKED_F_USED) != wrap(q, pos);
}

static void read_table(struct fake *f, struct fake_chain *c, uint64_t addr, uint32_t len)
{
	struct virtio_packed_desc *d = fake_ptr(f, addr, len);

	assert_true(f->accepted & VIRTIO_F_INDIRECT_DESC);
	assert_int_equal(len % sizeof(*d), 0);
	for (uint32_t i = 0; i < len / sizeof(*d); i++)
		fake_chain_add(f, c, leat_le64_to_cpu(d[i].addr), leat_le32_to_cpu(d[i].len),
			       leat_le16_to_cpu(d[i].flags));
}

int fake_packed_pop(struct fake *f, struct fake_queue *q)
{
	struct fake_chain c = { .n = 0 };
	uint16_t pos = q->seen, flags, id;

	if (!is_avail(f, q, pos)) {
		ask(f, q);
		return -1;
	}
	do {
		struct virtio_packed_desc *d = fake_packed_desc(f, q, pos++);

		assert_true(is_avail(f, q, (uint16_t)(pos - 1)));
		assert_true(c.slots++ < q->size);
		flags = leat_le16_to_cpu(d->flags);
		id = leat_le16_to_cpu(d->id);
		if (flags & VIRTIO_DESC_F_INDIRECT)
			read_table(f, &c, leat_le64_to_cpu(d->addr), leat_le32_to_cpu(d->len));
		else
			fake_chain_add(f, &c, leat_le64_to_cpu(d->addr), leat_le32_to_cpu(d->len),
				       flags);
	} while (flags & VIRTIO_DESC_F_NEXT);
	assert_true(id < q->size);
	*fake_chain(f, q, id) = c;
	q->seen = pos;
	return id;
}

void fake_packed_push(struct fake *f, struct fake_queue *q, uint32_t id, uint32_t len)
{
	uint16_t slots = id < q->size ? fake_chain(f, q, (uint16_t)id)->slots : 1;

	assert_true(q->pending < FAKE_QUEUE_MAX);
	slots = slots ? slots : 1;
	q->wait[q->pending++] = (struct fake_wait){ q->used, (uint16_t)id, len };
	q->used = (uint16_t)(q->used + slots);
}

static void write_used(struct fake *f, struct fake_queue *q, uint16_t pos,
		       const struct fake_wait *w)
{
	struct virtio_packed_desc *d = fake_packed_desc(f, q, pos);

	d->id = leat_cpu_to_le16(w->id);
	d->len = leat_cpu_to_le32(w->len);
	d->flags = leat_cpu_to_le16(wrap(q, pos) ? VIRTIO_PACKED_F_AVAIL | VIRTIO_PACKED_F_USED : 0);
}

void fake_packed_publish(struct fake *f, struct fake_queue *q)
{
	uint16_t n = q->pending;

	if (n && f->kind.batch)
		write_used(f, q, q->wait[0].pos, &q->wait[n - 1]);
	while (n-- && !f->kind.batch)
		write_used(f, q, q->wait[n].pos, &q->wait[n]);
	q->pending = 0;
}
