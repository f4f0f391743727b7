// SPDX-License-Identifier: BSD-3-Clause
/*
 * group.h - IOMMU groups that a context has open. The kernel lets a group be opened once, so
 * its devices share the descriptor, and with it the domain.
 */
#ifndef LEAT_VFIO_GROUP_H
#define LEAT_VFIO_GROUP_H

#include <sys/types.h>

#include "device.h"
#include "site.h"

struct vfio_group_node {
	int		fd;
	int		number;		/* -1: it was passed to us, and not told */
	dev_t		id;		/* its node's: two descriptors of one group have the same */
	struct vfio_space *space;
	struct vfio_dev	*devs;		/* opened, by vfio_dev.next */
	struct vfio_group_node *next;	/* of the context */
};

/* The group of that number, if the context has it open; NULL otherwise. */
struct vfio_group_node *leat_vfio_group_find(struct leat_ctx *ctx, int number);

/*
 * leat_vfio_group_domain - may @v join @space, which @other, of the same IOMMU group, is in?
 * The domain that its address names decides. 0, or -EINVAL, logged, with what to name.
 */
int leat_vfio_group_domain(const struct vfio_dev *v, const struct vfio_space *space,
			   const struct vfio_dev *other);

/*
 * leat_vfio_group_join - make @v a device of its group, which is opened and put into its
 * domain with the first one, and get its descriptor. @site is NULL if the descriptors were
 * passed. Logged: -EBUSY, -EACCES, -EINVAL...
 */
int leat_vfio_group_join(struct vfio_dev *v, enum vfio_kind kind, const struct vfio_site *site);

/* Close the device's descriptor, and the group with its last device. Never joined: nothing. */
void leat_vfio_group_leave(struct vfio_dev *v);

/* As leave, in a forked child: closes our copy of the group's descriptor with its last device. */
void leat_vfio_group_forget(struct vfio_dev *v);

#endif
