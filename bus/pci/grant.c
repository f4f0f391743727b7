// SPDX-License-Identifier: BSD-3-Clause
/*
 * grant.c - to whom VFIO's nodes of a function belong.
 */
#include "bus/pci/admin.h"

#include <leat/driver/core.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* 1: it is the user's now; 0: there is no such node. */
static int own(const struct leat_pci_admin *admin, struct leat_ctx *ctx,
	       const struct leat_pci_device *dev, const char *node, uid_t uid)
{
	char path[PATH_MAX];
	int err;

	snprintf(path, sizeof(path), "%s%s", admin->root, node);
	if (!chown(path, uid, (gid_t)-1))
		return 1;
	err = -errno;
	if (err == -ENOENT)
		return 0;
	return leat_fail(ctx, err, "%s: grant: %s: %s%s", dev->address, node, strerror(-err),
			 err == -EPERM ? " (run it as root)" : "");
}

int leat_pci_grant_at(const struct leat_pci_admin *admin, struct leat_ctx *ctx,
		      const char *address, uid_t uid)
{
	const struct leat_pci_device *dev = NULL;
	struct leat_devices all;
	char node[64];
	int group = 0, cdev = 0;
	int err = leat_admin_find(admin, ctx, "grant", address, &all, &dev);

	if (err)
		return err;
	if (dev->group >= 0) {
		snprintf(node, sizeof(node), "/dev/vfio/%s%d", dev->noiommu ? "noiommu-" : "",
			 dev->group);
		group = own(admin, ctx, dev, node, uid);
	}
	if (dev->cdev[0] && group >= 0) {
		snprintf(node, sizeof(node), "/dev/vfio/devices/%s", dev->cdev);
		cdev = own(admin, ctx, dev, node, uid);
	}
	if (group < 0 || cdev < 0)
		err = group < 0 ? group : cdev;
	else if (!group && !cdev)
		err = leat_fail(ctx, -ENODEV, "%s: grant: it has no VFIO node (sudo leat bind %s)",
				dev->address, dev->address);
	leat_devices_free(&all);
	return err;
}

int leat_pci_grant(struct leat_ctx *ctx, const char *address, uid_t uid)
{
	return leat_pci_grant_at(&leat_pci_admin, ctx, address, uid);
}
