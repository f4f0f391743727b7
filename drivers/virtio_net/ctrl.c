// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/ctrl.c - the control queue (virtio 1.2, 5.1.6.5): one command at a
 * time, and its answer awaited.
 *
 * A command is a chain of three: class and command, its data, the device's answer.
 * The ring is of the format that was negotiated, and simple: with one command under way
 * nothing needs to be remembered. Descriptors are taken in ring order, as IN_ORDER wants
 * it. The area behind the rings holds what they point to. Control thread.
 */
#include "virtio_net.h"

#include <leat/barrier.h>
#include <leat/clock.h>

#include <errno.h>
#include <string.h>
#include <time.h>

#define SIZE	   4		/* descriptors, where we choose */
#define ANSWER_NS  UINT64_C(5000000000)
#define NAP_NS	   20000	/* the device may be a process on this very CPU */

/* A legacy device knows one address, and finds the used ring on the next page (2.7.2). */
#define PAGE VIRTIO_LEGACY_PAGE

/* In the area behind the rings. */
#define CMD_OFF	 0
#define ACK_OFF	 8
#define DATA_OFF 16
#define AREA	 (DATA_OFF + VIRTIO_CTRL_DATA_MAX)

#define NO_ANSWER UINT8_C(0xff)

struct part {
	leat_iova_t	iova;
	uint32_t	len;
	uint16_t	flags;
};

static void *at(const struct virtio_ctrl *c, size_t off)
{
	return (char *)c->mem.va + off;
}

static uint16_t wrapped(const struct virtio_ctrl *c, unsigned int pos)
{
	return (uint16_t)(pos % c->vq.size);
}

/* ---- split (2.7) ---- */

static void split_post(struct virtio_ctrl *c, const struct part *part, unsigned int n)
{
	struct virtio_desc *desc = at(c, 0);
	struct virtio_avail *avail = at(c, c->driver_off);

	for (unsigned int i = 0; i < n; i++)
		desc[wrapped(c, c->pos + i)] = (struct virtio_desc){
			.addr = leat_cpu_to_le64(part[i].iova),
			.len = leat_cpu_to_le32(part[i].len),
			.flags = leat_cpu_to_le16(part[i].flags),
			.next = leat_cpu_to_le16(i + 1 < n ? wrapped(c, c->pos + i + 1) : 0),
		};
	avail->ring[wrapped(c, c->given)] = leat_cpu_to_le16(c->pos);
	leat_dma_wmb();		/* VC1: the command before the index */
	c->given++;
	LEAT_WRITE_ONCE(avail->idx, leat_cpu_to_le16(c->given));
	c->pos = wrapped(c, c->pos + n);
}

static bool split_done(const struct virtio_ctrl *c)
{
	const struct virtio_used *used = at(c, c->device_off);

	return leat_le16_to_cpu(LEAT_READ_ONCE(used->idx)) == c->given;
}

/* ---- packed (2.8) ---- */

static uint16_t packed_flags(bool wrap)
{
	return wrap ? VIRTIO_PACKED_F_AVAIL : VIRTIO_PACKED_F_USED;
}

static void packed_post(struct virtio_ctrl *c, const struct part *part, unsigned int n)
{
	struct virtio_packed_desc *desc = at(c, 0);
	uint16_t head_flags = (uint16_t)(part[0].flags | packed_flags(c->wrap));

	for (unsigned int i = 0; i < n; i++) {
		bool wrap = c->wrap ^ (c->pos + i >= c->vq.size);
		struct virtio_packed_desc *d = &desc[wrapped(c, c->pos + i)];

		d->addr = leat_cpu_to_le64(part[i].iova);
		d->len = leat_cpu_to_le32(part[i].len);
		d->id = leat_cpu_to_le16(c->pos);
		if (i)
			d->flags = leat_cpu_to_le16((uint16_t)(part[i].flags | packed_flags(wrap)));
	}
	c->head = c->pos;
	c->head_wrap = c->wrap;
	leat_dma_wmb();		/* VC1 */
	LEAT_WRITE_ONCE(desc[c->head].flags, leat_cpu_to_le16(head_flags));
	c->wrap ^= c->pos + n >= c->vq.size;
	c->pos = wrapped(c, c->pos + n);
}

static bool packed_done(const struct virtio_ctrl *c)
{
	const struct virtio_packed_desc *desc = at(c, 0);
	const uint16_t both = VIRTIO_PACKED_F_AVAIL | VIRTIO_PACKED_F_USED;
	uint16_t flags = leat_le16_to_cpu(LEAT_READ_ONCE(desc[c->head].flags));

	return (flags & both) == (c->head_wrap ? both : 0);
}

/* ---- either ---- */

/* Where the next command will be, for a doorbell that tells (2.9). */
static uint16_t next_of(const struct virtio_ctrl *c)
{
	return (uint16_t)(c->packed ? c->pos | c->wrap << VIRTIO_PACKED_WRAP_BIT : c->given);
}

static void post(struct virtio_ctrl *c, size_t len)
{
	const leat_iova_t area = c->mem.iova + c->area_off;
	struct part part[3] = { { area + CMD_OFF, sizeof(struct virtio_net_ctrl), 0 } };
	unsigned int n = 1;

	if (len)
		part[n++] = (struct part){ area + DATA_OFF, (uint32_t)len, 0 };
	part[n++] = (struct part){ area + ACK_OFF, 1, VIRTIO_DESC_F_WRITE };
	for (unsigned int i = 0; i + 1 < n; i++)
		part[i].flags |= VIRTIO_DESC_F_NEXT;
	if (c->packed)
		packed_post(c, part, n);
	else
		split_post(c, part, n);
	leat_dma_mb();		/* VC2: the command before the doorbell, whatever that is */
	c->vq.ring(&c->vq, next_of(c));
}

static int answered(struct virtio_net *net)
{
	const struct timespec nap = { .tv_nsec = NAP_NS };
	const struct virtio_ctrl *c = &net->ctrl;
	struct leat_dev *dev = net->port.dev;
	uint64_t end = leat_now_ns() + ANSWER_NS;

	for (;;) {
		bool last = leat_now_ns() >= end;	/* before the look: a long nap is no timeout */

		if (leat_load_relaxed(&dev->dead))
			return -ENODEV;
		if (c->packed ? packed_done(c) : split_done(c))
			break;
		if (last)
			return -ETIMEDOUT;
		if (dev->step)
			dev->step(dev);
		nanosleep(&nap, NULL);
	}
	leat_dma_rmb();		/* VC3: that it is done before the answer */
	return 0;
}

static int ctrl_lost(struct virtio_net *net, const char *what, int err)
{
	if (err == -ENODEV)
		return err;		/* said by the backend */
	net->ctrl.lost = true;
	return leat_fail(net->port.ctx, err, "%s: %s: the device does not answer on its control "
			 "queue: stop and start the port", net->port.name, what);
}

int leat_virtio_ctrl(struct virtio_net *net, uint8_t class, uint8_t cmd, const void *data,
		     size_t len, const char *what)
{
	const struct virtio_net_ctrl head = { class, cmd };
	struct virtio_ctrl *c = &net->ctrl;
	uint8_t *area = at(c, c->area_off);
	int err;

	if (c->lost)
		return ctrl_lost(net, what, -EIO);
	memcpy(area + CMD_OFF, &head, sizeof(head));
	if (len)
		memcpy(area + DATA_OFF, data, len);
	area[ACK_OFF] = NO_ANSWER;
	post(c, len);
	err = answered(net);
	if (err)
		return ctrl_lost(net, what, err);
	if (LEAT_READ_ONCE(area[ACK_OFF]) == VIRTIO_NET_OK)
		return 0;
	return leat_fail(net->port.ctx, -EIO, "%s: %s: the device refuses (control command %u, %u): "
			 "see what it was started with", net->port.name, what, class, cmd);
}

/* ---- the queue's life ---- */

/* Behind the last pair that the device has; the third one if several were not negotiated (5.1.2). */
static uint16_t ctrl_index(const struct virtio_net *net)
{
	bool many = net->vd->features & (VIRTIO_NET_F_MQ | VIRTIO_NET_F_RSS);

	return (uint16_t)(2 * (many ? net->device_pairs : 1));
}

/* Descriptors of the queue; 0: too few, logged. A legacy device's are as many as it says. */
static uint16_t ctrl_size(struct virtio_net *net)
{
	uint16_t max = net->vd->ops->queue_max(net->vd, ctrl_index(net));

	if (max >= SIZE)
		return net->vd->features & VIRTIO_F_VERSION_1 ? SIZE : max;
	leat_log(net->port.ctx, LEAT_LOG_ERROR,
		 "%s: the control queue, the device's %u, can have %u descriptors; the driver needs "
		 "%u", net->port.name, ctrl_index(net), max, SIZE);
	return 0;
}

static int ctrl_memory(struct virtio_net *net)
{
	struct virtio_ctrl *c = &net->ctrl;
	const uint16_t size = c->vq.size;
	size_t end = VIRTIO_DESC_BYTES(size) + VIRTIO_AVAIL_BYTES(size);
	int err;

	c->driver_off = VIRTIO_DESC_BYTES(size);
	c->device_off = LEAT_ALIGN_UP(end, (size_t)PAGE);
	c->area_off = LEAT_ALIGN_UP(c->device_off + VIRTIO_USED_BYTES(size), (size_t)16);
	err = leat_aspace_alloc(net->port.dev->as, c->area_off + AREA, PAGE, &c->mem);
	if (err)
		return err;
	memset(c->mem.va, 0, c->mem.len);
	c->vq = (struct leat_virtio_queue){
		.index = ctrl_index(net), .size = size, .vector = LEAT_VIRTIO_NO_VECTOR,
		.desc = c->mem.iova, .driver = c->mem.iova + c->driver_off,
		.device = c->mem.iova + c->device_off,
	};
	return 0;
}

/* Answers are waited for, not signalled. */
static void ctrl_no_interrupts(struct virtio_ctrl *c)
{
	leat_le16 *driver = at(c, c->driver_off);

	if (c->packed)
		driver[1] = leat_cpu_to_le16(VIRTIO_PACKED_EVENT_DISABLE);
	else
		driver[0] = leat_cpu_to_le16(VIRTIO_AVAIL_F_NO_INTERRUPT);
}

int leat_virtio_ctrl_on(struct virtio_net *net)
{
	struct virtio_ctrl *c = &net->ctrl;
	int err;

	*c = (struct virtio_ctrl){ .wrap = true };
	if (!(net->vd->features & VIRTIO_NET_F_CTRL_VQ))
		return 0;
	c->packed = net->vd->features & VIRTIO_F_RING_PACKED;
	c->vq.size = ctrl_size(net);
	err = c->vq.size ? ctrl_memory(net) : -EPROTO;
	if (err)
		return err;
	ctrl_no_interrupts(c);
	err = net->vd->ops->queue_enable(net->vd, &c->vq);
	if (err)
		leat_virtio_ctrl_off(net);
	return err;
}

void leat_virtio_ctrl_off(struct virtio_net *net)
{
	if (net->ctrl.mem.va)
		leat_aspace_free(net->port.dev->as, &net->ctrl.mem);
	net->ctrl.mem = (struct leat_mem){ 0 };
}
