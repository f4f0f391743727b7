// SPDX-License-Identifier: BSD-3-Clause
/*
 * site.h - how a device stands before it is opened: what sysfs and /dev say of it. Finds
 * out why it cannot be opened, and says the first true cause with what mends it.
 */
#ifndef LEAT_VFIO_SITE_H
#define LEAT_VFIO_SITE_H

#include "address.h"

struct vfio_site {
	int		group;		/* its IOMMU group */
	bool		noiommu;	/* the group is one for devices without an IOMMU */
	char		group_node[32];	/* "/dev/vfio/12" */
	char		cdev_node[48];	/* "/dev/vfio/devices/vfio0"; "": the kernel has none for it */
	bool		cdev_missing;	/* the kernel has one, /dev does not */
};

/*
 * leat_vfio_site - look at @a->bdf, for somebody who wants it @way. All that can be known
 * without opening anything is checked. -ENODEV no such device, nobody has it, or no
 * vfio-pci; -EBUSY a driver of the kernel's has it; -ENOTSUP no IOMMU, or one where
 * noiommu was asked for. Logged.
 */
int leat_vfio_site(struct leat_ctx *ctx, const char *addr, const struct vfio_addr *a,
		   enum vfio_way way, struct vfio_site *out);

/*
 * leat_vfio_choose - the group or the character device, and @why in a few words.
 * VFIO_BY_GROUP or VFIO_BY_IOMMUFD.
 */
enum vfio_way leat_vfio_choose(const struct vfio_site *site, const struct vfio_addr *a,
			       const char **why);

/*
 * leat_vfio_open_node - a node of /dev. Returns the descriptor, or -errno: -EACCES,
 * -EPERM, -ENOENT, -EBUSY..., logged with the node and the remedy.
 */
int leat_vfio_open_node(struct leat_ctx *ctx, const char *addr, const char *path);

/*
 * leat_vfio_intruder - the member of the device's group that a driver of the kernel's has,
 * so that the group cannot be given away: "0000:02:01.0 (e1000)". false: there is none.
 */
bool leat_vfio_intruder(const char *bdf, char *buf, size_t size);

/* Who has @bdf: its driver's name, or "no driver". */
const char *leat_vfio_driver_of(const char *bdf, char *buf, size_t size);

#endif
