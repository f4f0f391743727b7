// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver_fake_ctrl.c - the fake device's control queue, in rings of either format,
 * written down from the specification (virtio 1.2, 2.7, 2.8 and 5.1.6.5): each command
 * becomes a line of text.
 */
#include "driver_fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* What a chain holds: bytes to read, and where the answer goes. */
struct command {
	uint8_t		data[2048];
	size_t		len;
	uint8_t		*ack;
};

uint16_t fake_ctrl_index(const struct fake *f)
{
	bool many = f->accepted & (VIRTIO_NET_F_MQ | VIRTIO_NET_F_RSS);

	return many ? (uint16_t)(2 * f->kind.pairs) : 2;
}

static void add_part(struct fake *f, struct command *c, uint64_t addr, uint32_t len, uint16_t flags)
{
	uint8_t *at = fake_ptr(f, addr, len);

	assert_null(c->ack);			/* nothing behind the answer */
	assert_int_not_equal(len, 0);
	if (flags & VIRTIO_DESC_F_WRITE) {
		assert_int_equal(len, 1);
		c->ack = at;
		return;
	}
	assert_true(c->len + len <= sizeof(c->data));
	memcpy(c->data + c->len, at, len);
	c->len += len;
}

static void tell(struct fake *f, const struct command *c)
{
	size_t at = strlen(f->told);

	assert_true(c->len >= 2 && c->ack);
	assert_true(at + 2 * c->len + 16 < sizeof(f->told));
	at += (size_t)sprintf(f->told + at, "%u.%u", c->data[0], c->data[1]);
	for (size_t i = 2; i < c->len; i++)
		at += (size_t)sprintf(f->told + at, "%s%02x", i == 2 ? " " : "", c->data[i]);
	sprintf(f->told + at, "\n");
}

/* Its line is the last one told. */
static uint8_t answer(const struct fake *f, const char *line)
{
	const char *not = f->kind.ctrl_refuse;

	return not && !strncmp(line, not, strlen(not)) ? VIRTIO_NET_ERR : f->kind.ctrl_answer;
}

static void obey(struct fake *f, struct command *c)
{
	const char *line = f->told + strlen(f->told);

	tell(f, c);
	*c->ack = answer(f, line);
}

static bool split_command(struct fake *f, struct fake_queue *q)
{
	struct command c = { .len = 0 };
	int head = fake_pop(f, q);
	struct virtio_desc *d;
	uint16_t id = (uint16_t)head;

	if (head < 0)
		return false;
	do {
		d = fake_desc(f, q, id);
		add_part(f, &c, leat_le64_to_cpu(d->addr), leat_le32_to_cpu(d->len),
			 leat_le16_to_cpu(d->flags));
		id = leat_le16_to_cpu(d->next);
	} while (leat_le16_to_cpu(d->flags) & VIRTIO_DESC_F_NEXT);
	obey(f, &c);
	fake_push(f, q, (uint32_t)head, 1);
	fake_publish(f, q);
	return true;
}

/* 2.8.1: available as its wrap counter says, used as the opposite. */
static bool packed_there(const struct fake *f, uint16_t flags)
{
	return !(flags & VIRTIO_PACKED_F_AVAIL) != f->ctrl_wrap &&
	       !(flags & VIRTIO_PACKED_F_USED) == f->ctrl_wrap;
}

static bool packed_command(struct fake *f, struct fake_queue *q)
{
	struct virtio_packed_desc *ring = fake_ptr(f, q->desc, 16u * q->size), *d;
	struct virtio_packed_desc *head = &ring[q->seen];
	struct command c = { .len = 0 };
	bool wrap = f->ctrl_wrap;
	uint16_t flags, id;

	do {
		d = &ring[q->seen];
		flags = leat_le16_to_cpu(d->flags);
		id = leat_le16_to_cpu(d->id);
		if (!packed_there(f, flags)) {
			assert_ptr_equal(d, head);	/* no chain is there by half */
			return false;
		}
		add_part(f, &c, leat_le64_to_cpu(d->addr), leat_le32_to_cpu(d->len), flags);
		if (++q->seen == q->size) {
			q->seen = 0;
			f->ctrl_wrap = !f->ctrl_wrap;
		}
	} while (flags & VIRTIO_DESC_F_NEXT);
	obey(f, &c);
	head->id = leat_cpu_to_le16(id);
	head->flags = leat_cpu_to_le16(wrap ? VIRTIO_PACKED_F_AVAIL | VIRTIO_PACKED_F_USED : 0);
	return true;
}

void fake_ctrl(struct fake *f)
{
	struct fake_queue *q = &f->q[fake_ctrl_index(f)];
	bool packed = f->accepted & VIRTIO_F_RING_PACKED;

	assert_true(q->enable);
	while (!f->kind.ctrl_silent && (packed ? packed_command(f, q) : split_command(f, q)))
		;
}
