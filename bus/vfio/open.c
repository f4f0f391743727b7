// SPDX-License-Identifier: BSD-3-Clause
/*
 * open.c - the ways to a device of the kernel's VFIO, from the address to the descriptor;
 * what comes behind the descriptor is the same for all.
 */
#include "open.h"

#include "device.h"
#include "group.h"
#include "site.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void init(struct vfio_dev *v)
{
	v->fd = -1;
	v->number = -1;
	v->irqs.on = LEAT_IRQS;
	v->dev.owns_msix = true;
	for (int i = 0; i < VFIO_EVENTS; i++)
		v->event[i].fd = -1;
	pthread_mutex_init(&v->lock, NULL);
}

static void LEAT_PRINTF(2, 3) say_how(struct vfio_dev *v, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(v->dev.how, sizeof(v->dev.how), fmt, args);
	va_end(args);
}

static void find_node(struct vfio_dev *v)
{
	long long node;

	if (!leat_sysfs_number(v->at.bdf, "numa_node", &node) && node >= 0 && node < 1024)
		v->dev.node = (int)node;
}

/* ---- by character device ---- */

static int get_cdev(struct vfio_dev *v, const struct vfio_site *site)
{
	char who[LEAT_BDF_LEN + 80];
	int fd;

	if (!site) {
		fd = fcntl(v->at.device_fd, F_DUPFD_CLOEXEC, 0);
		return fd >= 0 ? fd : leat_fail(v->dev.ctx, -errno, "%s: device-fd=%d: %s",
						v->dev.addr, v->at.device_fd, strerror(errno));
	}
	/* Binding would be refused without a name. */
	if (leat_vfio_intruder(v->at.bdf, who, sizeof(who)))
		return leat_fail(v->dev.ctx, -EBUSY, "%s: its IOMMU group %d holds %s, which a driver of "
				 "the kernel's has; `leat bind %.12s`, or unbind it", v->dev.addr,
				 site->group, who, who);
	return leat_vfio_open_node(v->dev.ctx, v->dev.addr, site->cdev_node);
}

/* The context's devices that are attached by their character device. */
static struct leat_ctx_slot *cdevs(const struct vfio_dev *v)
{
	return leat_ctx_slot(v->dev.ctx, LEAT_SLOT_VFIO_CDEVS);
}

/* Another one of the same group; the kernel lets a group have one IOAS only. */
static struct vfio_dev *mate_of(const struct vfio_dev *v)
{
	struct vfio_dev *mate = cdevs(v)->data;

	while (mate && (v->number < 0 || mate->number != v->number))
		mate = mate->next;
	return mate;
}

static int get_space(struct vfio_dev *v)
{
	const struct vfio_dev *mate = mate_of(v);
	int err;

	if (!mate)
		return leat_vfio_space_get(v->dev.ctx, VFIO_IOMMUFD,
					   v->at.domain[0] ? v->at.domain : NULL,
					   v->at.iommu_fd, v->dev.addr, &v->space);
	err = leat_vfio_group_domain(v, mate->space, mate);
	if (err)
		return err;
	leat_vfio_space_hold(mate->space);
	v->space = mate->space;
	return 0;
}

static void list_cdev(struct vfio_dev *v)
{
	v->attached = true;
	v->next = cdevs(v)->data;
	cdevs(v)->data = v;
}

static void unlist_cdev(struct vfio_dev *v)
{
	struct vfio_dev *before = cdevs(v)->data;

	if (before == v) {
		cdevs(v)->data = v->next;
	} else {
		while (before->next != v)
			before = before->next;
		before->next = v->next;
	}
	v->attached = false;
}

static int open_cdev(struct vfio_dev *v, const struct vfio_site *site)
{
	int err;

	v->number = site ? site->group : -1;
	v->fd = get_cdev(v, site);
	if (v->fd < 0)
		return v->fd;
	err = get_space(v);
	if (!err)
		err = leat_vfio_space_add_device(v->space, v->fd, v->at.token[0] ?
						 v->at.token_bytes : NULL, v->dev.addr);
	if (!err)
		list_cdev(v);
	return err;
}

/* The device leaves its IOAS, is closed, and only then may the IOAS go. */
static void close_cdev(struct vfio_dev *v)
{
	if (v->attached) {
		leat_vfio_space_remove_device(v->space, v->fd);
		unlist_cdev(v);
	}
	if (v->fd >= 0)
		close(v->fd);
	if (v->space)
		leat_vfio_space_put(v->space);
	v->fd = -1;
	v->space = NULL;
}

/* ---- open and close, whichever way ---- */

static void vfio_close(struct leat_dev *dev)
{
	struct vfio_dev *v = vfio_dev(dev);

	if (v->fd >= 0)
		leat_vfio_quit(v);
	if (v->group)
		leat_vfio_group_leave(v);
	else
		close_cdev(v);
	pthread_mutex_destroy(&v->lock);
}

/* @site NULL: by descriptors that were passed. */
static int reach(struct vfio_dev *v, enum vfio_way way, const struct vfio_site *site)
{
	enum vfio_kind kind = way == VFIO_BY_NOIOMMU ? VFIO_NOIOMMU : VFIO_GROUP;

	v->dev.translated = way != VFIO_BY_NOIOMMU;
	return way == VFIO_BY_IOMMUFD ? open_cdev(v, site) : leat_vfio_group_join(v, kind, site);
}

static int finish(struct vfio_dev *v, int err)
{
	if (!err) {
		v->dev.as = &v->space->as;
		err = leat_vfio_setup(v);
	}
	if (err) {
		vfio_close(&v->dev);
		return err;
	}
	v->open = true;
	leat_log(v->dev.ctx, LEAT_LOG_INFO, "%s: opened by %s", v->dev.addr, v->dev.how);
	return 0;
}

/* By descriptors that somebody else opened: neither /dev nor /sys is looked at. */
static int open_passed(struct vfio_dev *v, enum vfio_way way)
{
	say_how(v, "%s: its descriptors were passed", way == VFIO_BY_IOMMUFD ? "iommufd" :
		way == VFIO_BY_GROUP ? "group" : "group without IOMMU");
	return finish(v, reach(v, way, NULL));
}

/* Which of the two, and why; @way is what the address says. */
static enum vfio_way settle(struct vfio_dev *v, enum vfio_way way, const struct vfio_site *site)
{
	const char *why = "asked for";

	if (way == VFIO_BY_CHOICE) {
		way = leat_vfio_choose(site, &v->at, &why);
		if (leat_vfio_group_find(v->dev.ctx, site->group)) {
			way = VFIO_BY_GROUP;
			why = "its group is open here already";
		} else if (way == VFIO_BY_IOMMUFD) {
			why = "the kernel has it";
		}
	}
	if (way == VFIO_BY_IOMMUFD)
		say_how(v, "iommufd, %s: %s", site->cdev_node, why);
	else
		say_how(v, "group %d%s: %s", site->group,
			way == VFIO_BY_NOIOMMU ? " without IOMMU" : "", why);
	return way;
}

static int open_way(struct leat_dev *dev, const char *rest, enum vfio_way way)
{
	struct vfio_dev *v = vfio_dev(dev);
	struct vfio_site site;
	int err = leat_vfio_address(dev->ctx, dev->addr, rest, way, &v->at);

	if (err)
		return err;
	init(v);
	if (leat_vfio_is_passed(&v->at))
		return open_passed(v, way);
	err = leat_vfio_site(dev->ctx, dev->addr, &v->at, way, &site);
	if (err)
		return finish(v, err);
	find_node(v);
	way = settle(v, way, &site);
	return finish(v, reach(v, way, &site));
}

static int open_auto(struct leat_dev *dev, const char *addr)
{
	return open_way(dev, addr, VFIO_BY_CHOICE);
}

static int open_group(struct leat_dev *dev, const char *addr)
{
	return open_way(dev, addr, VFIO_BY_GROUP);
}

static int open_iommufd(struct leat_dev *dev, const char *addr)
{
	return open_way(dev, addr, VFIO_BY_IOMMUFD);
}

static int open_noiommu(struct leat_dev *dev, const char *addr)
{
	return open_way(dev, addr, VFIO_BY_NOIOMMU);
}

/* In a forked child: no ioctl, no unmapping (the windows are not there), no lock. */
static void vfio_forget(struct leat_dev *dev)
{
	struct vfio_dev *v = vfio_dev(dev);

	if (v->fd >= 0)
		close(v->fd);
	leat_vfio_group_forget(v);
	for (int i = 0; i < VFIO_EVENTS; i++)
		leat_eventfd_close(v->event[i].fd);
	free(v->irqs.fds);
	leat_vfio_free_regions(v);
	leat_vfio_space_forget(dev->ctx);
}

#define VFIO_OPS(name, open_fn)							\
	{									\
		.scheme = name,							\
		.dev_size = sizeof(struct vfio_dev),				\
		.open = open_fn,						\
		.close = vfio_close,						\
		.reset = leat_vfio_reset,					\
		.region_read = leat_vfio_region_read,				\
		.region_write = leat_vfio_region_write,				\
		.region_map = leat_vfio_region_map,				\
		.region_unmap = leat_vfio_region_unmap,				\
		.irq_set = leat_vfio_irq_set,					\
		.hot_reset = leat_vfio_hot_reset,				\
		.feature = leat_vfio_feature,					\
		.hang_up = leat_vfio_hang_up,					\
		.forget = vfio_forget,						\
	}

const struct leat_dev_ops leat_vfio_auto_ops = VFIO_OPS("pci", open_auto);
const struct leat_dev_ops leat_vfio_group_ops = VFIO_OPS("group", open_group);
const struct leat_dev_ops leat_vfio_iommufd_ops = VFIO_OPS("iommufd", open_iommufd);
const struct leat_dev_ops leat_vfio_noiommu_ops = VFIO_OPS("noiommu", open_noiommu);
