// SPDX-License-Identifier: BSD-3-Clause
/*
 * server_irq.c - interrupts: eventfds of the client, masks, what waits.
 */
#include "server.h"

#include <leat/driver/dev.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct srv_irq idle_irq = { .fd = -1 };

int leat_srv_irq_init(struct leat_server *srv)
{
	for (unsigned int i = 0; i < LEAT_MODEL_IRQS; i++) {
		uint32_t n = srv->mdev->irqs[i];

		if (!n)
			continue;
		srv->irq[i] = calloc(n, sizeof(struct srv_irq));
		if (!srv->irq[i])
			return leat_srv_fail(srv, -ENOMEM, "no memory for %u interrupt vectors", n);
		for (uint32_t v = 0; v < n; v++)
			srv->irq[i][v] = idle_irq;
	}
	return 0;
}

void leat_srv_irq_fini(struct leat_server *srv)
{
	for (unsigned int i = 0; i < LEAT_MODEL_IRQS; i++)
		free(srv->irq[i]);
}

static void bind_fd(struct srv_irq *irq, int fd)
{
	if (irq->fd >= 0)
		close(irq->fd);
	irq->fd = fd;
}

/* Unbind [start, start + count) and forget masks: the state of a fresh vector. */
static void unbind(struct leat_server *srv, unsigned int index, uint32_t start, uint32_t count)
{
	for (uint32_t v = start; v < start + count; v++) {
		bind_fd(&srv->irq[index][v], -1);
		srv->irq[index][v] = idle_irq;
	}
}

void leat_srv_irq_release(struct leat_server *srv)
{
	for (unsigned int i = 0; i < LEAT_MODEL_IRQS; i++)
		unbind(srv, i, 0, srv->mdev->irqs[i]);
}

void leat_srv_irq_forget_pending(struct leat_server *srv)
{
	for (unsigned int i = 0; i < LEAT_MODEL_IRQS; i++)
		for (uint32_t v = 0; v < srv->mdev->irqs[i]; v++)
			srv->irq[i][v].pending = srv->irq[i][v].held = false;
}

/*
 * The client owns the counter and can fill it: a write would then block, and
 * O_NONBLOCK on the shared description is the client's to change. So ask first;
 * a full counter has not been read, and its reader is due anyway.
 */
static void signal_fd(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	const uint64_t one = 1;

	if (poll(&p, 1, 0) == 1 && (p.revents & POLLOUT))
		if (write(fd, &one, sizeof(one)) < 0)
			return;		/* nothing that the client could not explain */
}

static void fire(struct srv_irq *irq)
{
	if (irq->fd < 0)
		return;
	if (irq->masked)
		irq->pending = true;
	else
		signal_fd(irq->fd);
}

/* INTx is a level in a world of edges: masked when it fires, as by the kernel's VFIO. */
static void fire_from_device(struct srv_irq *irq, unsigned int index)
{
	fire(irq);
	if (index == LEAT_IRQ_INTX && irq->fd >= 0)
		irq->masked = true;
}

void leat_srv_irq_raise(struct leat_mdev *mdev, unsigned int index, unsigned int vector)
{
	struct leat_server *srv = mdev->host_arg;
	struct srv_irq *irq = &srv->irq[index][vector];

	if (srv->unanswered)		/* it would overtake what it speaks of */
		irq->held = true;
	else
		fire_from_device(irq, index);
}

void leat_srv_irq_let_go(struct leat_server *srv)
{
	for (unsigned int i = 0; i < LEAT_MODEL_IRQS; i++)
		for (uint32_t v = 0; v < srv->mdev->irqs[i]; v++) {
			struct srv_irq *irq = &srv->irq[i][v];
			bool held = irq->held;

			irq->held = false;
			if (held)
				fire_from_device(irq, i);
		}
}

bool leat_srv_irq_pending(struct leat_mdev *mdev, unsigned int index, unsigned int vector)
{
	struct leat_server *srv = mdev->host_arg;

	return index < LEAT_MODEL_IRQS && vector < mdev->irqs[index] &&
	       srv->irq[index][vector].pending;
}

static void unmask(struct srv_irq *irq, unsigned int index)
{
	bool pending = irq->pending;

	irq->masked = false;
	irq->pending = false;
	if (pending)
		fire_from_device(irq, index);
}

/* ---- SET_IRQS ---- */

static bool one_bit(uint32_t bits)
{
	return bits && !(bits & (bits - 1));
}

static bool is_off(const struct vfu_irq_set *set)
{
	return set->start == 0 && set->flags == (VFU_IRQ_TRIGGER | VFU_IRQ_NONE);
}

static bool range_is_valid(const struct leat_server *srv, const struct vfu_irq_set *set)
{
	uint32_t n = set->index < LEAT_MODEL_IRQS ? srv->mdev->irqs[set->index] : 0;

	if (set->start >= n || set->count > n - set->start)
		return false;
	if (set->index >= LEAT_IRQ_ERR &&
	    ((set->flags & VFU_IRQ_ACTION) != VFU_IRQ_TRIGGER || set->count > 1))
		return false;
	return set->count || is_off(set);
}

/*
 * An eventfd, or at least something that is no file, pipe or socket: a write to
 * those may block or raise SIGPIPE, which would be the server's end.
 */
static bool may_be_eventfd(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && (st.st_mode & S_IFMT) == 0;
}

static bool fds_are_valid(const struct vfu_irq_set *set, const struct vfu_msg *msg)
{
	if (msg->fds_lost)
		return false;
	if (msg->nfds && (!(set->flags & VFU_IRQ_EVENTFD) || msg->nfds != set->count))
		return false;
	for (unsigned int i = 0; i < msg->nfds; i++)
		if (!may_be_eventfd(msg->fds[i]))
			return false;
	return true;
}

static bool is_valid(const struct leat_server *srv, const struct vfu_msg *msg)
{
	const struct vfu_irq_set *set = msg->payload;
	uint32_t data = set->flags & VFU_IRQ_DATA, action = set->flags & VFU_IRQ_ACTION;

	return set->argsz == msg->len && one_bit(data) && one_bit(action) &&
	       !(set->flags & ~(VFU_IRQ_DATA | VFU_IRQ_ACTION)) &&
	       (data != VFU_IRQ_BOOL || msg->len - sizeof(*set) == set->count) &&
	       range_is_valid(srv, set) && fds_are_valid(set, msg);
}

static void trigger(struct srv_irq *irq, uint32_t data, struct vfu_msg *msg, uint32_t i)
{
	if (data != VFU_IRQ_EVENTFD) {
		fire(irq);
	} else if (msg->nfds) {
		bind_fd(irq, msg->fds[i]);
		msg->fds[i] = -1;
	} else {
		bind_fd(irq, -1);
		irq->pending = irq->held = false;
	}
}

int leat_srv_set_irqs(struct leat_server *srv, struct vfu_msg *msg, struct srv_reply *reply)
{
	const struct vfu_irq_set *set = msg->payload;
	const uint8_t *bools = (const uint8_t *)(set + 1);
	uint32_t data = set->flags & VFU_IRQ_DATA, action = set->flags & VFU_IRQ_ACTION;

	(void)reply;
	if (!is_valid(srv, msg))
		return -EINVAL;
	if (!set->count)
		unbind(srv, set->index, 0, srv->mdev->irqs[set->index]);
	for (uint32_t i = 0; i < set->count; i++) {
		struct srv_irq *irq = &srv->irq[set->index][set->start + i];

		if (data == VFU_IRQ_BOOL && !bools[i])
			continue;
		if (action == VFU_IRQ_TRIGGER)
			trigger(irq, data, msg, i);
		else if (data == VFU_IRQ_EVENTFD)
			continue;	/* resampling: the edges we send need none */
		else if (action == VFU_IRQ_MASK)
			irq->masked = true;
		else
			unmask(irq, set->index);
	}
	return 0;
}
