// SPDX-License-Identifier: BSD-3-Clause
/*
 * sriov.c - how many virtual functions a function has: single root I/O
 * virtualization, PCI Express 5.0, chapter 9.
 */
#include "bus/pci/admin.h"
#include "bus/pci/scan.h"
#include "bus/pci/sysfs.h"

#include <leat/driver/core.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void set_number(struct leat_step *step, const struct leat_pci_device *dev, unsigned int n)
{
	snprintf(step->path, sizeof(step->path), "/sys/bus/pci/devices/%s/sriov_numvfs",
		 dev->address);
	snprintf(step->text, sizeof(step->text), "%u\n", n);
}

/* vfio-pci makes virtual functions only when its module was told so. */
static bool vfio_may(const struct leat_pci_admin *admin)
{
	char text[8];

	return leat_path_text(admin->root, "/sys/module/vfio_pci/parameters/enable_sriov", text,
			      sizeof(text)) || text[0] == 'Y';
}

static int check(const struct leat_pci_admin *admin, struct leat_ctx *ctx,
		 const struct leat_pci_device *dev, unsigned int n)
{
	if (!dev->vfs_max)
		return leat_fail(ctx, -ENOTSUP, "%s: vfs: it cannot have virtual functions%s%s",
				 dev->address, dev->pf[0] ? ": it is one itself, of " : "", dev->pf);
	if (n > dev->vfs_max)
		return leat_fail(ctx, -ERANGE, "%s: vfs: %u asked for, %u is the most it can have",
				 dev->address, n, dev->vfs_max);
	if (!dev->driver[0])
		return leat_fail(ctx, -ENOTSUP,
				 "%s: vfs: it has no driver, which has to make them (leat unbind %s "
				 "gives it the kernel's, leat bind %s vfio-pci)", dev->address,
				 dev->address, dev->address);
	if (!strcmp(dev->driver, "vfio-pci") && n && !vfio_may(admin))
		return leat_fail(ctx, -ENOTSUP,
				 "%s: vfs: vfio-pci makes none unless told to (echo 1 | sudo tee "
				 "/sys/module/vfio_pci/parameters/enable_sriov)", dev->address);
	return 0;
}

/* The virtual function that a program has open, which keeps them all; NULL: none that we see. */
static const struct leat_pci_device *kept_open(const struct leat_pci_admin *admin,
					       const struct leat_devices *all,
					       const struct leat_pci_device *dev)
{
	char holders[64];

	for (unsigned int i = 0; i < dev->vfs; i++) {
		const struct leat_pci_device *vf = leat_devices_find(all, dev->vf[i]);

		if (!vf)
			continue;
		leat_admin_holders(admin->root, vf, holders, sizeof(holders));
		if (holders[0])
			return vf;
	}
	return NULL;
}

/* From one number to another the kernel goes by way of none. */
static int change(const struct leat_pci_admin *admin, struct leat_ctx *ctx,
		  const struct leat_devices *all, const struct leat_pci_device *dev, unsigned int n)
{
	const struct leat_pci_device *kept = kept_open(admin, all, dev);
	const struct leat_step *failed = NULL, *ignored;
	struct leat_step steps[2], back;
	unsigned int nsteps = 0;
	int err;

	if (dev->vfs)
		set_number(&steps[nsteps++], dev, 0);
	if (n)
		set_number(&steps[nsteps++], dev, n);
	err = admin->run(admin, steps, nsteps, kept ? admin->patience_ms : admin->limit_ms, &failed);
	if (!err)
		return 0;
	if (err == -ENOENT)
		return leat_fail(ctx, -ENOTSUP, "%s: vfs: its driver %s cannot make virtual functions",
				 dev->address, dev->driver);
	if (err != -ETIMEDOUT && dev->vfs && failed == &steps[1]) {
		set_number(&back, dev, dev->vfs);
		admin->run(admin, &back, 1, admin->limit_ms, &ignored);
	}
	return leat_admin_fail(admin, ctx, "vfs", err == -ETIMEDOUT && kept ? kept : dev, err,
			       failed);
}

int leat_pci_vfs_at(const struct leat_pci_admin *admin, struct leat_ctx *ctx, const char *address,
		    unsigned int n)
{
	const struct leat_pci_device *dev = NULL;
	struct leat_devices all;
	int err = leat_admin_find(admin, ctx, "vfs", address, &all, &dev);

	if (err)
		return err;
	err = check(admin, ctx, dev, n);
	if (!err && n != dev->vfs)
		err = change(admin, ctx, &all, dev, n);
	leat_devices_free(&all);
	return err;
}

int leat_pci_vfs(struct leat_ctx *ctx, const char *address, unsigned int n)
{
	return leat_pci_vfs_at(&leat_pci_admin, ctx, address, n);
}
