// SPDX-License-Identifier: BSD-3-Clause
/*
 * irqs.c - interrupts as eventfds. The kernel keeps the MSI and MSI-X capabilities and their
 * tables; we say which eventfd each vector signals. A device has one kind on at a time.
 */
#include "device.h"

#include "abi.h"

#include <leat/bits.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

/* What PCI allows (MSI-X: 3.0, 6.8.2); more is not believed. */
#define VECTORS_MAX 2048

static const struct {
	const char *name;
	uint32_t most;
} kinds[LEAT_IRQS] = {
	[LEAT_IRQ_INTX] = { "INTx", 1 },
	[LEAT_IRQ_MSI] = { "MSI", 32 },
	[LEAT_IRQ_MSIX] = { "MSI-X", VECTORS_MAX },
	[LEAT_IRQ_ERR] = { "error", 1 },
	[LEAT_IRQ_REQ] = { "removal", 1 },
};

static bool is_kind_of_device(unsigned int index)
{
	return index <= LEAT_IRQ_MSIX;
}

int leat_vfio_set_irqs(struct vfio_dev *v, uint32_t flags, unsigned int index, unsigned int start,
		       unsigned int count, const int *fds)
{
	union {
		struct vfio_irq_set set;
		char bytes[sizeof(struct vfio_irq_set) + VECTORS_MAX * sizeof(int32_t)];
	} room;
	size_t len = fds ? count * sizeof(*fds) : 0;
	int n;

	room.set = (struct vfio_irq_set){
		.argsz = (uint32_t)(sizeof(room.set) + len), .index = index, .start = start,
		.count = count,
		.flags = flags | (fds ? VFIO_IRQ_SET_DATA_EVENTFD : VFIO_IRQ_SET_DATA_NONE),
	};
	if (len)
		memcpy(room.bytes + sizeof(room.set), fds, len);
	n = ioctl(v->fd, VFIO_DEVICE_SET_IRQS, &room);
	return n < 0 ? -errno : n;
}

static int get_irq(struct vfio_dev *v, unsigned int i)
{
	struct vfio_irq_info info = { .argsz = sizeof(info), .index = i };

	if (ioctl(v->fd, VFIO_DEVICE_GET_IRQ_INFO, &info)) {
		if (errno == EINVAL || errno == ENOTTY)
			return 0;	/* errors are reported by PCI Express only, say */
		return leat_fail(v->dev.ctx, -errno, "%s: VFIO_DEVICE_GET_IRQ_INFO of %s: %s",
				 v->dev.addr, kinds[i].name, strerror(errno));
	}
	if (info.flags & VFIO_IRQ_INFO_EVENTFD)
		v->dev.irqs[i] = LEAT_MIN(info.count, kinds[i].most);
	v->dev.irq_flags[i] = info.flags;
	return 0;
}

int leat_vfio_get_irqs(struct vfio_dev *v)
{
	int err = 0;

	for (unsigned int i = 0; i < v->num_irqs && !err; i++)
		err = get_irq(v, i);
	return err;
}

/* ---- bind ---- */

static int turn_off(struct vfio_dev *v, unsigned int index)
{
	int err;

	if (is_kind_of_device(index) && v->irqs.on != index)
		return 0;
	err = leat_vfio_set_irqs(v, VFIO_IRQ_SET_ACTION_TRIGGER, index, 0, 0, NULL);
	if (is_kind_of_device(index)) {
		v->irqs.on = LEAT_IRQS;
		v->irqs.n = 0;
	}
	return err < 0 ? leat_fail(v->dev.ctx, err, "%s: %s: turning it off: %s", v->dev.addr,
				   kinds[index].name, strerror(-err)) : 0;
}

void leat_vfio_irqs_off(struct vfio_dev *v)
{
	if (v->irqs.on != LEAT_IRQS)
		(void)leat_vfio_set_irqs(v, VFIO_IRQ_SET_ACTION_TRIGGER, v->irqs.on, 0, 0, NULL);
	free(v->irqs.fds);
	v->irqs = (struct vfio_irqs){ .on = LEAT_IRQS };
}

static int fail_bind(struct vfio_dev *v, unsigned int index, unsigned int start,
		     unsigned int count, int err)
{
	if (err > 0)
		return leat_fail(v->dev.ctx, -ENOSPC, "%s: %s: the machine has %d vectors left, %u are "
				 "asked for: use fewer queues", v->dev.addr, kinds[index].name, err,
				 start + count);
	return leat_fail(v->dev.ctx, err, "%s: %s: binding %u from %u on: %s%s", v->dev.addr,
			 kinds[index].name, count, start, strerror(-err), err == -EBUSY &&
			 index == LEAT_IRQ_INTX ? " (another device shares its line)" : "");
}

/* Room for vectors up to @end, those above what there is unbound. */
static int *widen(const struct vfio_irqs *irqs, unsigned int end)
{
	unsigned int n = LEAT_MAX(irqs->n, end);
	int *fds = malloc((n + 1) * sizeof(*fds));

	for (unsigned int i = 0; fds && i < n; i++)
		fds[i] = i < irqs->n ? irqs->fds[i] : -1;
	return fds;
}

/*
 * The kernel set up so many vectors and takes no more while they are on: all of them go
 * off and on again together. What was there is put back if that fails.
 */
static int rebind(struct vfio_dev *v, unsigned int index, unsigned int end, const int *fds)
{
	int err = leat_vfio_set_irqs(v, VFIO_IRQ_SET_ACTION_TRIGGER, index, 0, 0, NULL);

	if (err < 0)
		return err;
	err = leat_vfio_set_irqs(v, VFIO_IRQ_SET_ACTION_TRIGGER, index, 0, end, fds);
	if (err && leat_vfio_set_irqs(v, VFIO_IRQ_SET_ACTION_TRIGGER, index, 0, v->irqs.n,
				      v->irqs.fds)) {
		v->irqs.on = LEAT_IRQS;
		v->irqs.n = 0;
	}
	return err;
}

static bool all_unbound(const int *fds, unsigned int n)
{
	while (n && fds[n - 1] < 0)
		n--;
	return !n;
}

static int bind(struct vfio_dev *v, unsigned int index, unsigned int start, unsigned int count,
		const int *fds)
{
	bool more = v->irqs.on == index && start + count > v->irqs.n;
	unsigned int end = LEAT_MAX(v->irqs.n, start + count);
	int *whole, err;

	if (v->irqs.on != index && all_unbound(fds, count))
		return 0;
	whole = widen(&v->irqs, start + count);
	if (!whole)
		return leat_fail(v->dev.ctx, -ENOMEM, "%s: %s: out of memory", v->dev.addr,
				 kinds[index].name);
	memcpy(whole + start, fds, count * sizeof(*fds));
	if (more && (v->dev.irq_flags[index] & LEAT_IRQ_NORESIZE))
		err = rebind(v, index, end, whole);
	else
		err = leat_vfio_set_irqs(v, VFIO_IRQ_SET_ACTION_TRIGGER, index, start, count, fds);
	if (err) {
		free(whole);
		return fail_bind(v, index, start, count, err);
	}
	free(v->irqs.fds);
	v->irqs = (struct vfio_irqs){ .on = index, .n = end, .fds = whole };
	return 0;
}

/* Another kind is turned off first. */
static int bind_kind(struct vfio_dev *v, unsigned int index, unsigned int start,
		     unsigned int count, const int *fds)
{
	int err = 0;

	if (!is_kind_of_device(index)) {
		err = leat_vfio_set_irqs(v, VFIO_IRQ_SET_ACTION_TRIGGER, index, start, count, fds);
		return err ? fail_bind(v, index, start, count, err) : 0;
	}
	if (v->irqs.on != index && v->irqs.on != LEAT_IRQS && !all_unbound(fds, count))
		err = turn_off(v, v->irqs.on);
	return err ? err : bind(v, index, start, count, fds);
}

/* ---- fire, mask, unmask ---- */

static int act(struct vfio_dev *v, unsigned int index, uint32_t action, const char *verb,
	       unsigned int start, unsigned int count, const int *fds)
{
	const char *name = kinds[index].name;
	int err;

	if (is_kind_of_device(index) && v->irqs.on != index)
		return leat_fail(v->dev.ctx, -EINVAL, "%s: %s: nothing to %s: no eventfd is bound",
				 v->dev.addr, name, verb);
	err = leat_vfio_set_irqs(v, action, index, start, count, fds);
	if (err >= 0)
		return 0;
	if (err == -ENOTTY)
		return leat_fail(v->dev.ctx, -ENOTSUP, "%s: %s: the kernel cannot %s it%s; do it in the "
				 "device's own registers", v->dev.addr, name, verb,
				 fds ? " by an eventfd" : "");
	return leat_fail(v->dev.ctx, err, "%s: %s: cannot %s %u from %u on: %s", v->dev.addr, name,
			 verb, count, start, strerror(-err));
}

static int check(struct vfio_dev *v, unsigned int index, unsigned int start, unsigned int count)
{
	uint32_t have = index < LEAT_IRQS ? v->dev.irqs[index] : 0;

	if (leat_load_relaxed(&v->dev.dead))
		return -ENODEV;
	if (index >= LEAT_IRQS)
		return leat_fail(v->dev.ctx, -EINVAL, "%s: there are no interrupts of index %u",
				 v->dev.addr, index);
	if (!have)
		return leat_fail(v->dev.ctx, -ENOTSUP, "%s: the device has no %s interrupt",
				 v->dev.addr, kinds[index].name);
	if (start > have || count > have - start)
		return leat_fail(v->dev.ctx, -EINVAL, "%s: %s: %u from %u on asked for, the device has "
				 "%u", v->dev.addr, kinds[index].name, count, start, have);
	return 0;
}

int leat_vfio_irq_set(struct leat_dev *dev, unsigned int index, enum leat_irq_action action,
		      unsigned int start, unsigned int count, const int *fds)
{
	struct vfio_dev *v = vfio_dev(dev);
	int err = check(v, index, start, count);

	if (err)
		return err;
	if (!count)
		return action == LEAT_IRQ_TRIGGER ? turn_off(v, index) : 0;
	switch (action) {
	case LEAT_IRQ_MASK:
		return act(v, index, VFIO_IRQ_SET_ACTION_MASK, "mask", start, count, NULL);
	case LEAT_IRQ_UNMASK:
		return act(v, index, VFIO_IRQ_SET_ACTION_UNMASK, "unmask", start, count, fds);
	case LEAT_IRQ_TRIGGER:
	default:
		return fds ? bind_kind(v, index, start, count, fds) :
			     act(v, index, VFIO_IRQ_SET_ACTION_TRIGGER, "fire", start, count, NULL);
	}
}
