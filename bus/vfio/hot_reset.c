// SPDX-License-Identifier: BSD-3-Clause
/*
 * hot_reset.c - resetting a device by its slot or bus, together with all that share it. The
 * kernel wants a proof that those are all ours: the descriptors of their groups, or, for
 * character devices, that one iommufd has them all.
 */
#include "device.h"

#include "abi.h"
#include "group.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#define DEVICES_MAX 256			/* functions on a bus */

static void name(const struct vfio_pci_dependent_device *d, char bdf[LEAT_BDF_LEN])
{
	snprintf(bdf, LEAT_BDF_LEN, "%04x:%02x:%02x.%x", d->segment, d->bus, d->devfn >> 3,
		 d->devfn & 7u);
}

/* Who must go along. The caller frees it. */
static int ask(struct vfio_dev *v, struct vfio_pci_hot_reset_info **out)
{
	size_t size = sizeof(**out) + DEVICES_MAX * sizeof((*out)->devices[0]);
	int err;

	*out = calloc(1, size);
	if (!*out)
		return leat_fail(v->dev.ctx, -ENOMEM, "%s: hot reset: out of memory", v->dev.addr);
	(*out)->argsz = (uint32_t)size;
	if (!ioctl(v->fd, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, *out) && (*out)->count <= DEVICES_MAX)
		return 0;
	err = (*out)->count > DEVICES_MAX ? ENOSPC : errno;
	free(*out);
	if (err == ENODEV)
		return leat_fail(v->dev.ctx, -ENOTSUP, "%s: hot reset: neither its slot nor its bus can "
				 "be reset", v->dev.addr);
	return leat_fail(v->dev.ctx, -err, "%s: VFIO_DEVICE_GET_PCI_HOT_RESET_INFO: %s", v->dev.addr,
			 strerror(err));
}

static int refuse(struct vfio_dev *v, const struct vfio_pci_dependent_device *other)
{
	char bdf[LEAT_BDF_LEN], driver[64];

	name(other, bdf);
	return leat_fail(v->dev.ctx, -EPERM, "%s: hot reset: %s (%s) shares its bus and would be reset "
			 "too: open it here as well", v->dev.addr, bdf,
			 leat_vfio_driver_of(bdf, driver, sizeof(driver)));
}

static int group_fd(struct vfio_dev *v, const struct vfio_pci_dependent_device *d)
{
	struct vfio_group_node *g;
	char bdf[LEAT_BDF_LEN];

	name(d, bdf);
	if (!strcmp(bdf, v->at.bdf))
		return v->group->fd;
	g = leat_vfio_group_find(v->dev.ctx, (int)d->group_id);
	if (g)
		return g->fd;
	/* A group that was passed has no number; its devices have names. */
	for (const struct vfio_dev *dev = v->group->devs; dev; dev = dev->next)
		if (!strcmp(bdf, dev->at.bdf))
			return v->group->fd;
	return -1;
}

static void add_once(struct vfio_pci_hot_reset *reset, int fd)
{
	for (uint32_t i = 0; i < reset->count; i++)
		if (reset->group_fds[i] == fd)
			return;
	reset->group_fds[reset->count++] = fd;
}

/* The groups of all of them, each once. */
static int prove(struct vfio_dev *v, const struct vfio_pci_hot_reset_info *info,
		 struct vfio_pci_hot_reset *reset)
{
	for (uint32_t i = 0; i < info->count; i++) {
		const struct vfio_pci_dependent_device *d = &info->devices[i];
		int fd;

		if (info->flags & VFIO_PCI_HOT_RESET_FLAG_DEV_ID) {
			if (d->devid == VFIO_PCI_DEVID_NOT_OWNED)
				return refuse(v, d);
			continue;
		}
		fd = v->group ? group_fd(v, d) : -1;
		if (fd < 0)
			return refuse(v, d);
		add_once(reset, fd);
	}
	return 0;
}

/* Of @list those at @bdf, but for @v, which was asked for it. */
static void tell(const struct vfio_dev *v, struct vfio_dev *list, const char *bdf)
{
	for (; list; list = list->next) {
		if (list == v || strcmp(list->at.bdf, bdf) || leat_vfio_look(list))
			continue;
		leat_log(v->dev.ctx, LEAT_LOG_WARNING, "%s: it was reset together with %s, which "
			 "shares its bus: stop and start it", list->dev.addr, v->dev.addr);
		if (list->dev.event)
			list->dev.event(&list->dev, LEAT_EVENT_ERROR);
	}
}

/* The others were not asked: whoever drives them is to know. */
static void tell_neighbours(const struct vfio_dev *v, const struct vfio_pci_hot_reset_info *info)
{
	struct leat_ctx *ctx = v->dev.ctx;
	char bdf[LEAT_BDF_LEN];

	for (uint32_t i = 0; i < info->count; i++) {
		struct vfio_group_node *g = leat_ctx_slot(ctx, LEAT_SLOT_VFIO_GROUPS)->data;

		name(&info->devices[i], bdf);
		for (; g; g = g->next)
			tell(v, g->devs, bdf);
		tell(v, leat_ctx_slot(ctx, LEAT_SLOT_VFIO_CDEVS)->data, bdf);
	}
}

static int hot_reset(struct vfio_dev *v, const struct vfio_pci_hot_reset_info *info)
{
	union {
		char bytes[sizeof(struct vfio_pci_hot_reset) + DEVICES_MAX * sizeof(int32_t)];
		struct vfio_pci_hot_reset head;
	} room = { 0 };
	int err = prove(v, info, &room.head);

	if (err)
		return err;
	room.head.argsz = (uint32_t)(sizeof(room.head) + room.head.count * sizeof(int32_t));
	if (!ioctl(v->fd, VFIO_DEVICE_PCI_HOT_RESET, &room)) {
		tell_neighbours(v, info);
		return leat_vfio_look(v);
	}
	err = -errno;
	return leat_vfio_look(v) ? -ENODEV :
		leat_fail(v->dev.ctx, err, "%s: VFIO_DEVICE_PCI_HOT_RESET: %s", v->dev.addr,
			  strerror(-err));
}

int leat_vfio_hot_reset(struct leat_dev *dev)
{
	struct vfio_dev *v = vfio_dev(dev);
	struct vfio_pci_hot_reset_info *info;
	int err;

	if (leat_load_relaxed(&dev->dead))
		return -ENODEV;
	err = ask(v, &info);
	if (err)
		return err;
	err = hot_reset(v, info);
	free(info);
	return err;
}
