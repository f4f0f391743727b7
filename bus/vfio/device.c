// SPDX-License-Identifier: BSD-3-Clause
/*
 * device.c - a device from its descriptor on: what the kernel says it is, made ready for a
 * driver, and reset.
 */
#include "device.h"

#include "abi.h"

#include <leat/bits.h>
#include <leat/driver/pci.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

/* The kernel answers EAGAIN while somebody else holds the device's lock: for a second at most. */
#define RESET_TRIES  100
#define RESET_NAP_NS 10000000

/* More than any device has; what the kernel says is believed that far. */
#define REGIONS_MAX 1024

static int get_info(struct vfio_dev *v)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };
	const char *addr = v->dev.addr;

	if (ioctl(v->fd, VFIO_DEVICE_GET_INFO, &info))
		return leat_fail(v->dev.ctx, -errno, "%s: VFIO_DEVICE_GET_INFO: %s", addr,
				 strerror(errno));
	if (!(info.flags & VFIO_DEVICE_FLAGS_PCI))
		return leat_fail(v->dev.ctx, -ENOTSUP, "%s: the kernel's VFIO has a %s there, not a PCI "
				 "device", addr, info.flags & VFIO_DEVICE_FLAGS_PLATFORM ?
				 "platform device" : "device of another kind");
	if (info.num_regions <= LEAT_REGION_CONFIG || info.num_regions > REGIONS_MAX)
		return leat_fail(v->dev.ctx, -EPROTO, "%s: the kernel speaks of %u regions; a PCI "
				 "device has 9 or a few more", addr, info.num_regions);
	v->dev.can_reset = info.flags & VFIO_DEVICE_FLAGS_RESET;
	v->nregions = info.num_regions;
	v->num_irqs = LEAT_MIN(info.num_irqs, (uint32_t)LEAT_IRQS);
	return 0;
}

/* Memory decodes; the bus is not mastered, whatever the last user left behind. */
static int enable(struct vfio_dev *v)
{
	uint16_t cmd = leat_pci_read16(&v->dev, LEAT_PCI_COMMAND), want;

	if (cmd == UINT16_MAX)
		return leat_vfio_look(v) ? -ENODEV :
			leat_fail(v->dev.ctx, -EIO, "%s: its command register cannot be read",
				  v->dev.addr);
	want = (uint16_t)((cmd | LEAT_PCI_COMMAND_MEM) & ~LEAT_PCI_COMMAND_MASTER);
	return cmd == want ? 0 : leat_pci_write16(&v->dev, LEAT_PCI_COMMAND, want);
}

int leat_vfio_setup(struct vfio_dev *v)
{
	static int (*const steps[])(struct vfio_dev *v) = {
		get_info, leat_vfio_get_regions, leat_vfio_hide_msix, leat_vfio_get_irqs, enable,
		leat_vfio_open_events,
	};
	int err = 0;

	for (size_t i = 0; i < LEAT_ARRAY_LEN(steps) && !err; i++)
		err = steps[i](v);
	return err;
}

void leat_vfio_quit(struct vfio_dev *v)
{
	if (v->open && !v->dev.dead)
		(void)leat_pci_bus_master(&v->dev, false);
	/* Somebody who passed us the descriptor keeps it open: nothing may stay bound. */
	leat_vfio_irqs_off(v);
	leat_vfio_close_events(v);
	leat_vfio_free_regions(v);
}

int leat_vfio_reset(struct leat_dev *dev)
{
	const struct timespec nap = { .tv_nsec = RESET_NAP_NS };
	struct vfio_dev *v = vfio_dev(dev);
	int err = -EAGAIN;

	if (leat_load_relaxed(&dev->dead))
		return -ENODEV;
	if (!dev->can_reset)
		return leat_fail(dev->ctx, -ENOTSUP, "%s: reset: the device has no reset of its own "
				 "that the kernel knows; its bus can be reset with all that share it",
				 dev->addr);
	for (int i = 0; i < RESET_TRIES && err == -EAGAIN; i++) {
		if (i)
			nanosleep(&nap, NULL);
		err = ioctl(v->fd, VFIO_DEVICE_RESET) ? -errno : 0;
	}
	if (!err)
		return leat_vfio_look(v);
	return leat_vfio_look(v) ? -ENODEV :
		leat_fail(dev->ctx, err, "%s: VFIO_DEVICE_RESET: %s", dev->addr, strerror(-err));
}
