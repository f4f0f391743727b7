// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_rig_ring.c - the driver's half of split and packed rings, for tests of the
 * virtio-net model: by the letter of virtio 1.2, 2.7 and 2.8, and as simple as can be.
 */
#include "model_rig.h"

#include <leat/bits.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define AVAIL	VIRTIO_PACKED_F_AVAIL
#define USED	VIRTIO_PACKED_F_USED

static void drain(struct rig_queue *q);

/* ---- descriptors ---- */

static uint16_t split_chain(struct rig_queue *q, const struct rig_seg *segs, unsigned int n,
			    uint16_t flags)
{
	uint16_t head = q->free;

	for (unsigned int i = 0; i < n; i++) {
		uint16_t next = (uint16_t)((q->free + 1) % q->size);

		q->desc[q->free] = (struct virtio_desc){
			.addr = leat_cpu_to_le64(rig_iova(segs[i].off & ~RIG_WRITE)),
			.len = leat_cpu_to_le32(segs[i].len),
			.flags = leat_cpu_to_le16(flags | (segs[i].off & RIG_WRITE ? VIRTIO_DESC_F_WRITE : 0) |
						  (i + 1 < n ? VIRTIO_DESC_F_NEXT : 0)),
			.next = leat_cpu_to_le16(next),
		};
		q->free = next;
	}
	return head;
}

/* All but the flags, which stay what they were: those of a lap ago. */
static uint16_t packed_chain(struct rig_queue *q, const struct rig_seg *segs, unsigned int n,
			     uint16_t flags)
{
	uint16_t id = q->free;

	drain(q);
	for (unsigned int i = 0; i < n; i++) {
		struct virtio_packed_desc *d = &q->ring[q->free];

		d->addr = leat_cpu_to_le64(rig_iova(segs[i].off & ~RIG_WRITE));
		d->len = leat_cpu_to_le32(segs[i].len);
		d->id = leat_cpu_to_le16(i + 1 < n ? (uint16_t)~id : id);	/* only the last counts */
		q->flags[q->free] = (uint16_t)(flags | (i + 1 < n ? VIRTIO_DESC_F_NEXT : 0) |
					       (segs[i].off & RIG_WRITE ? VIRTIO_DESC_F_WRITE : 0) |
					       (q->wrap ? AVAIL : USED));
		q->hidden++;
		if (++q->free == q->size) {
			q->free = 0;
			q->wrap = !q->wrap;
		}
	}
	q->out[(q->out_first + q->out_n++) % 1024] = (struct rig_out){ id, (uint16_t)n };
	assert_true(q->out_n <= q->size);
	return id;
}

static bool is_rx(const struct rig *r, unsigned int queue)
{
	return !(queue & 1) && queue + 1 != r->nqueues;
}

static uint16_t chain(struct rig *r, unsigned int queue, const struct rig_seg *segs, unsigned int n,
		      uint16_t flags)
{
	struct rig_queue *q = &r->q[queue];

	flags |= is_rx(r, queue) ? VIRTIO_DESC_F_WRITE : 0;
	return q->packed ? packed_chain(q, segs, n, flags) : split_chain(q, segs, n, flags);
}

uint16_t rig_chain(struct rig *r, unsigned int queue, const struct rig_seg *segs, unsigned int n)
{
	return chain(r, queue, segs, n, 0);
}

uint16_t rig_indirect(struct rig *r, unsigned int queue, const struct rig_seg *segs, unsigned int n)
{
	struct rig_seg table = { LEAT_ALIGN_UP(rig_buf(r, 16 * n + 16), 16u), 16 * n };
	uint16_t flags = queue == RIG_RX ? VIRTIO_DESC_F_WRITE : 0;

	for (unsigned int i = 0; i < n; i++) {
		struct virtio_desc s = {
			leat_cpu_to_le64(rig_iova(segs[i].off & ~RIG_WRITE)), leat_cpu_to_le32(segs[i].len),
			leat_cpu_to_le16(flags | (i + 1 < n ? VIRTIO_DESC_F_NEXT : 0)),
			leat_cpu_to_le16((uint16_t)(i + 1)),
		};
		struct virtio_packed_desc p = { s.addr, s.len, leat_cpu_to_le16((uint16_t)~flags),
						leat_cpu_to_le16(flags) };

		memcpy(r->mem + table.off + 16 * i, r->q[queue].packed ? (void *)&p : &s, 16);
	}
	return chain(r, queue, &table, 1, VIRTIO_DESC_F_INDIRECT);
}

void rig_avail(struct rig *r, unsigned int queue, uint16_t head)
{
	struct rig_queue *q = &r->q[queue];

	if (!q->packed)
		q->avail->ring[q->avail_idx % q->size] = leat_cpu_to_le16(head);
	q->avail_idx++;
}

void rig_publish(struct rig *r, unsigned int queue)
{
	struct rig_queue *q = &r->q[queue];

	if (!q->packed)
		q->avail->idx = leat_cpu_to_le16(q->avail_idx);
	while (q->hidden) {	/* the first one last */
		uint16_t at = (uint16_t)((q->shown + --q->hidden) % q->size);

		q->ring[at].flags = leat_cpu_to_le16(q->flags[at]);
	}
	q->shown = q->free;
}

uint16_t rig_add(struct rig *r, unsigned int queue, const struct rig_seg *segs, unsigned int n)
{
	uint16_t head = rig_chain(r, queue, segs, n);

	rig_avail(r, queue, head);
	rig_publish(r, queue);
	rig_kick(r, queue);
	return head;
}

/* ---- notifications and interrupts ---- */

bool rig_muted(struct rig *r, unsigned int queue)
{
	struct rig_queue *q = &r->q[queue];

	if (q->packed)
		return leat_le16_to_cpu(q->device->flags) == VIRTIO_PACKED_EVENT_DISABLE;
	if (q->event_idx)
		return !virtio_event_passed(leat_le16_to_cpu(*VIRTIO_AVAIL_EVENT(q->used, q->size)),
					    (uint16_t)(q->avail_idx + 1), q->told);
	return leat_le16_to_cpu(q->used->flags) & VIRTIO_USED_F_NO_NOTIFY;
}

static bool wants_kick(struct rig *r, struct rig_queue *q)
{
	if (!q->packed && q->event_idx)
		return virtio_event_passed(leat_le16_to_cpu(*VIRTIO_AVAIL_EVENT(q->used, q->size)),
					   q->avail_idx, q->told);
	return !rig_muted(r, q->index);
}

void rig_kick(struct rig *r, unsigned int queue)
{
	struct rig_queue *q = &r->q[queue];
	uint16_t next = (uint16_t)(q->packed ? q->free | q->wrap << VIRTIO_PACKED_WRAP_BIT :
					       q->avail_idx);

	if (wants_kick(r, q)) {
		if (r->features & VIRTIO_F_NOTIFICATION_DATA)
			rig_write(r, 0, q->notify, VIRTIO_NOTIFY_DATA(queue, next), 4);
		else
			rig_write(r, 0, q->notify, queue, 2);
	}
	q->told = q->avail_idx;
}

static void packed_suppress(struct rig_queue *q, bool yes)
{
	q->driver->off_wrap = leat_cpu_to_le16((uint16_t)(q->used_at |
							  q->used_wrap << VIRTIO_PACKED_WRAP_BIT));
	q->driver->flags = leat_cpu_to_le16(yes ? VIRTIO_PACKED_EVENT_DISABLE :
					    q->event_idx ? VIRTIO_PACKED_EVENT_DESC :
							   VIRTIO_PACKED_EVENT_ENABLE);
}

void rig_suppress(struct rig *r, unsigned int queue, bool yes)
{
	struct rig_queue *q = &r->q[queue];

	if (q->packed)
		packed_suppress(q, yes);
	else if (q->event_idx)
		*VIRTIO_USED_EVENT(q->avail, q->size) =
			leat_cpu_to_le16((uint16_t)(q->used_seen - (yes ? 0x4000 : 0)));
	else
		q->avail->flags = leat_cpu_to_le16(yes ? VIRTIO_AVAIL_F_NO_INTERRUPT : 0);
}

/* ---- used ---- */

static bool is_used(const struct rig_queue *q, uint16_t at, bool wrap)
{
	uint16_t flags = leat_le16_to_cpu(q->ring[at].flags);

	return !!(flags & AVAIL) == wrap && !!(flags & USED) == wrap;
}

/* How many buffers a used descriptor speaks for: one, or in order all up to its own. */
static unsigned int covers(const struct rig_queue *q, uint16_t id, unsigned int from)
{
	unsigned int n = 1;

	while (q->in_order && from + n <= q->out_n && q->out[(q->out_first + from + n - 1) % 1024].id != id)
		n++;
	assert_int_equal(q->out[(q->out_first + from + n - 1) % 1024].id, id);
	return n;
}

static void step(const struct rig_queue *q, uint16_t *at, bool *wrap, uint16_t descs)
{
	*at = (uint16_t)(*at + descs);
	if (*at >= q->size) {
		*at = (uint16_t)(*at - q->size);
		*wrap = !*wrap;
	}
}

static unsigned int packed_count(const struct rig_queue *q)
{
	unsigned int n = q->covered, seen = q->covered;
	uint16_t at = q->used_at;
	bool wrap = q->used_wrap;

	for (unsigned int i = 0; i < seen; i++)
		step(q, &at, &wrap, q->out[(q->out_first + i) % 1024].descs);
	while (n < q->out_n && is_used(q, at, wrap)) {
		unsigned int k = covers(q, leat_le16_to_cpu(q->ring[at].id), n);

		for (; k; k--, n++)
			step(q, &at, &wrap, q->out[(q->out_first + n) % 1024].descs);
	}
	return n;
}

static bool packed_used(struct rig_queue *q, uint32_t *id, uint32_t *len)
{
	struct rig_out *o = &q->out[q->out_first % 1024];

	if (!q->covered) {
		if (!q->out_n || !is_used(q, q->used_at, q->used_wrap))
			return false;
		q->covered = covers(q, leat_le16_to_cpu(q->ring[q->used_at].id), 0);
		q->covered_len = leat_le32_to_cpu(q->ring[q->used_at].len);
	}
	*id = o->id;
	*len = --q->covered ? 0 : q->covered_len;
	step(q, &q->used_at, &q->used_wrap, o->descs);
	q->out_first++;
	q->out_n--;
	return true;
}

/* Room for more: what is used is taken from the ring, and remembered. */
static void drain(struct rig_queue *q)
{
	uint32_t id, len;

	while (q->got_n < 1024 && packed_used(q, &id, &len)) {
		q->got[(q->got_first + q->got_n) % 1024].id = id;
		q->got[(q->got_first + q->got_n++) % 1024].len = len;
	}
}

static bool packed_take(struct rig_queue *q, uint32_t *id, uint32_t *len)
{
	drain(q);
	if (!q->got_n)
		return false;
	*id = q->got[q->got_first % 1024].id;
	*len = q->got[q->got_first++ % 1024].len;
	q->got_n--;
	return true;
}

unsigned int rig_used_count(struct rig *r, unsigned int queue)
{
	struct rig_queue *q = &r->q[queue];

	if (q->packed)
		return q->got_n + packed_count(q);
	return (uint16_t)(leat_le16_to_cpu(q->used->idx) - q->used_seen);
}

bool rig_used(struct rig *r, unsigned int queue, uint32_t *id, uint32_t *len)
{
	struct rig_queue *q = &r->q[queue];
	struct virtio_used_elem *e = &q->used->ring[q->used_seen % q->size];

	if (q->packed)
		return packed_take(q, id, len);
	if (!rig_used_count(r, queue))
		return false;
	q->used_seen++;
	*id = leat_le32_to_cpu(e->id);
	*len = leat_le32_to_cpu(e->len);
	return true;
}

/* ---- commands ---- */

uint8_t rig_command(struct rig *r, unsigned int class, unsigned int cmd, const void *data,
		    uint32_t len)
{
	unsigned int queue = r->nqueues - 1;
	struct rig_seg segs[3] = {
		{ rig_buf(r, 2), 2 }, { rig_buf(r, len), len }, { rig_buf(r, 1) | RIG_WRITE, 1 },
	};
	uint32_t id, written;
	char *ack;

	r->mem[segs[0].off] = (char)class;
	r->mem[segs[0].off + 1] = (char)cmd;
	if (len)
		memcpy(r->mem + segs[1].off, data, len);
	ack = &r->mem[segs[2].off & ~RIG_WRITE];
	*ack = 0x55;
	rig_add(r, queue, segs, 3);
	rig_run(r);
	assert_true(rig_used(r, queue, &id, &written));
	assert_int_equal(written, 1);
	return (uint8_t)*ack;
}
