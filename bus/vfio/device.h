// SPDX-License-Identifier: BSD-3-Clause
/*
 * device.h - a PCI device of the kernel's VFIO, and what the files behind it share.
 *
 * address.c	BDF[,option=value...] taken apart
 * site.c	how the device stands before it is opened; why it cannot be
 * group.c	IOMMU groups: one descriptor each, shared by their devices
 * open.c	the ways to a descriptor of the device; open, close, forget
 * device.c	what the kernel says it is; how it is made ready; reset
 * hot_reset.c	resetting it together with all that share its bus
 * regions.c	what it is made of: sizes and what of them can be mapped
 * areas.c	(pure) lists of mappable areas
 * access.c	registers: by pread and pwrite, or mapped
 * irqs.c	eventfds
 * events.c	what the device, or its end, has to say: error, removal, gone
 * feature.c	VFIO_DEVICE_FEATURE; asleep and awake
 *
 * From the descriptor on nothing knows which way it came. Control thread, except for the
 * accesses to registers, unmasking and firing interrupts, and hang_up.
 */
#ifndef LEAT_VFIO_DEVICE_H
#define LEAT_VFIO_DEVICE_H

#include <leat/driver/dev.h>

#include <pthread.h>

#include "address.h"
#include "areas.h"
#include "space.h"

struct vfio_group_node;

struct vfio_region {
	uint64_t	offset;		/* in the device's descriptor */
	struct vfio_areas map;		/* what of it can be mapped */
};

/* What was last bound, for the index that is on: a device has INTx, MSI or MSI-X. */
struct vfio_irqs {
	unsigned int	on;		/* LEAT_IRQ_INTX, _MSI or _MSIX; LEAT_IRQS: none */
	unsigned int	n;		/* vectors that the kernel has set up */
	int		*fds;		/* of each: the eventfd, the caller's; -1: none */
};

enum { VFIO_EVENT_ERR, VFIO_EVENT_REQ, VFIO_EVENT_FAULT, VFIO_EVENTS };

/* An eventfd of our own. */
struct vfio_event {
	int		fd;		/* -1: none */
	struct leat_watch watch;
	struct vfio_dev	*owner;
};

struct vfio_dev {
	struct leat_dev	dev;
	struct vfio_addr at;
	int		fd;
	struct vfio_group_node *group;	/* NULL: reached by its character device */
	int		number;		/* of the IOMMU group; -1: it was passed to us, and not told */
	struct vfio_dev	*next;		/* of the group; or, without, of the context's others without */
	struct vfio_space *space;	/* a group's device: the group's */
	bool		attached;	/* to its space, by iommufd */

	/* Held while windows come, go or are covered, and while the device dies. */
	pthread_mutex_t	lock;
	bool		open;		/* it was handed out */
	bool		asleep;		/* in low power: nothing reaches it */
	bool		faulted;	/* memory behind a window was not there */
	bool		told_refusal, told_asleep, told_removal;

	unsigned int	nregions;
	struct vfio_region *region;	/* nregions of them */
	struct leat_region *more;	/* behind dev.more */
	uint32_t	num_irqs;	/* indexes that the kernel knows */
	struct vfio_irqs irqs;
	struct vfio_event event[VFIO_EVENTS];
	struct leat_watch tick;		/* looks whether it is still there */
};

static inline struct vfio_dev *vfio_dev(struct leat_dev *dev)
{
	return LEAT_CONTAINER_OF(dev, struct vfio_dev, dev);
}

/* ---- device.c ---- */

/* Ask all about it, make it ready, look after it: from the descriptor to a device in use. */
int leat_vfio_setup(struct vfio_dev *v);
/* Quiet it, and undo whatever setup came to. The descriptor stays. */
void leat_vfio_quit(struct vfio_dev *v);
int leat_vfio_reset(struct leat_dev *dev);

/* ---- hot_reset.c ---- */

int leat_vfio_hot_reset(struct leat_dev *dev);

/* ---- regions.c ---- */

int leat_vfio_get_regions(struct vfio_dev *v);
void leat_vfio_free_regions(struct vfio_dev *v);
/* Take the pages with the MSI-X table and its pending bits out of what can be mapped. */
int leat_vfio_hide_msix(struct vfio_dev *v);

/* ---- access.c ---- */

int leat_vfio_region_read(struct leat_dev *dev, unsigned int region, uint64_t off, void *buf,
			  size_t len);
int leat_vfio_region_write(struct leat_dev *dev, unsigned int region, uint64_t off,
			   const void *buf, size_t len);
int leat_vfio_region_map(struct leat_dev *dev, struct leat_mmio *win);
void leat_vfio_region_unmap(struct leat_dev *dev, struct leat_mmio *win);
/* All ones where the registers were, and the registers again. Under the lock. */
void leat_vfio_cover(struct vfio_dev *v);
int leat_vfio_uncover(struct vfio_dev *v);

/* ---- irqs.c ---- */

int leat_vfio_get_irqs(struct vfio_dev *v);
int leat_vfio_irq_set(struct leat_dev *dev, unsigned int index, enum leat_irq_action action,
		      unsigned int start, unsigned int count, const int *fds);
/* One SET_IRQS as it is: flags are VFIO_IRQ_SET_*, @fds may be NULL. The ioctl's answer. */
int leat_vfio_set_irqs(struct vfio_dev *v, uint32_t flags, unsigned int index, unsigned int start,
		       unsigned int count, const int *fds);
void leat_vfio_irqs_off(struct vfio_dev *v);

/* ---- events.c ---- */

int leat_vfio_open_events(struct vfio_dev *v);
void leat_vfio_close_events(struct vfio_dev *v);
/*
 * leat_vfio_look - is it still there? If not this is its end: one line, windows covered,
 * dev.dead, LEAT_EVENT_GONE; -ENODEV. Any thread.
 */
int leat_vfio_look(struct vfio_dev *v);
void leat_vfio_hang_up(struct leat_dev *dev);

/* ---- feature.c ---- */

int leat_vfio_feature(struct leat_dev *dev, uint32_t feature, void *buf, size_t len);

#endif
