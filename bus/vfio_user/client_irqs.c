// SPDX-License-Identifier: BSD-3-Clause
/*
 * client_irqs.c - interrupts as eventfds, handed to the server.
 */
#include "client_state.h"

#include <leat/bits.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static int set_irqs(struct vfu_client *c, const struct vfu_irq_set *set, const int *fds,
		    unsigned int nfds, bool quiet)
{
	struct vfu_call call = {
		.cmd = VFU_SET_IRQS, .nout = 1, .fds = fds, .nfds = nfds, .quiet = quiet,
		.out = { vfu_iov(set, sizeof(*set)) },
	};

	snprintf(call.about, sizeof(call.about), " of index %u, vectors %u to %u", set->index,
		 set->start, set->start + set->count - !!set->count);
	return leat_vfu_command(c, &call);
}

/* A message binds all of its vectors or none: how many from @fds on are alike? */
static unsigned int run_length(const struct vfu_client *c, const int *fds, unsigned int n)
{
	unsigned int most = LEAT_MIN(c->peer.max_fds, (uint32_t)VFU_MAX_FDS);
	bool bound = fds[0] >= 0;
	unsigned int len = 1;

	while (len < n && (fds[len] >= 0) == bound && (!bound || len < most))
		len++;
	return len;
}

static int bind_vectors(struct vfu_client *c, unsigned int index, unsigned int start,
			unsigned int n, const int *fds)
{
	int err = 0;

	for (unsigned int i = 0, len; i < n && !err; i += len) {
		struct vfu_irq_set set = {
			.argsz = sizeof(set), .index = index, .start = start + i,
			.flags = VFU_IRQ_EVENTFD | VFU_IRQ_TRIGGER,
		};

		len = run_length(c, fds + i, n - i);
		set.count = len;
		err = set_irqs(c, &set, fds + i, fds[i] >= 0 ? len : 0, false);
		if (err || fds[i] < 0 || index > LEAT_IRQ_MSIX)
			continue;
		/* Some servers start masked, others know no masks: their refusal is no news. */
		set.flags = VFU_IRQ_NONE | VFU_IRQ_UNMASK;
		(void)set_irqs(c, &set, NULL, 0, true);
		if (leat_load_relaxed(&c->dev.dead))
			err = -ENODEV;
	}
	return err;
}

int leat_vfu_irq_set(struct leat_dev *dev, unsigned int index, enum leat_irq_action action,
		     unsigned int start, unsigned int count, const int *fds)
{
	static const uint32_t flags[] = {
		[LEAT_IRQ_TRIGGER] = VFU_IRQ_NONE | VFU_IRQ_TRIGGER,
		[LEAT_IRQ_MASK] = VFU_IRQ_NONE | VFU_IRQ_MASK,
		[LEAT_IRQ_UNMASK] = VFU_IRQ_NONE | VFU_IRQ_UNMASK,
	};
	struct vfu_client *c = vfu_client(dev);
	uint32_t have = index < LEAT_IRQS ? dev->irqs[index] : 0;
	struct vfu_irq_set set = {
		.argsz = sizeof(set), .flags = flags[action], .index = index, .start = start,
		.count = count,
	};

	if (!have || start > have || count > have - start)
		return leat_fail(dev->ctx, -EINVAL, "%s: interrupts of index %u: %u from %u on "
				 "asked for, the device has %u", dev->addr, index, count, start,
				 have);
	if (action != LEAT_IRQ_TRIGGER || !fds || !count)
		return set_irqs(c, &set, NULL, 0, false);
	if (!c->peer.max_fds)
		return leat_fail(dev->ctx, -ENOTSUP, "%s: the server takes no descriptors, so it "
				 "cannot signal interrupts; poll instead", dev->addr);
	return bind_vectors(c, index, start, count, fds);
}

/* ---- the device as a whole: error, removal ---- */

static void event_ready(struct leat_watch *w)
{
	struct vfu_event *e = LEAT_CONTAINER_OF(w, struct vfu_event, watch);
	struct leat_dev *dev = &e->client->dev;
	uint64_t n;

	if (read(e->fd, &n, sizeof(n)) == (ssize_t)sizeof(n) && dev->event)
		dev->event(dev, e->event);
}

static int open_event(struct vfu_client *c, struct vfu_event *e, unsigned int index)
{
	struct vfu_irq_set set = {
		.argsz = sizeof(set), .flags = VFU_IRQ_EVENTFD | VFU_IRQ_TRIGGER, .index = index,
		.count = 1,
	};

	if (!c->dev.irqs[index] || !c->peer.max_fds)
		return 0;
	e->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (e->fd < 0)
		return leat_fail(c->dev.ctx, -errno, "%s: eventfd: %s", c->dev.addr,
				 strerror(errno));
	e->client = c;
	/* Without it the device still works; it just cannot ask for anything. */
	if (set_irqs(c, &set, &e->fd, 1, true))
		return c->dev.dead ? -ENODEV : 0;
	e->watch = (struct leat_watch){ .fd = e->fd, .ready = event_ready };
	return leat_watch_add(c->dev.ctx, &e->watch);
}

int leat_vfu_open_events(struct vfu_client *c)
{
	int err;

	c->event[VFU_EVENT_ERR].event = LEAT_EVENT_ERROR;
	c->event[VFU_EVENT_REQ].event = LEAT_EVENT_REMOVAL;
	err = open_event(c, &c->event[VFU_EVENT_ERR], LEAT_IRQ_ERR);
	return err ? err : open_event(c, &c->event[VFU_EVENT_REQ], LEAT_IRQ_REQ);
}

void leat_vfu_close_events(struct vfu_client *c)
{
	for (int i = 0; i < VFU_EVENTS; i++) {
		leat_watch_remove(c->dev.ctx, &c->event[i].watch);
		if (c->event[i].fd >= 0)
			close(c->event[i].fd);
	}
}
