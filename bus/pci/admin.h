// SPDX-License-Identifier: BSD-3-Clause
/*
 * admin.h - what bind.c, sriov.c and grant.c share: how the kernel is spoken to,
 * and how its answers are put into words.
 */
#ifndef LEAT_BUS_PCI_ADMIN_H
#define LEAT_BUS_PCI_ADMIN_H

#include "bus/pci/steps.h"

#include <leat/devices.h>

/* How the kernel is reached; tests bring one of their own. */
struct leat_pci_admin {
	const char	*root;		/* before /sys, /proc and /dev */
	unsigned int	patience_ms;	/* for a program that has the function open */
	unsigned int	limit_ms;	/* for drivers of the kernel's to come and go */
	int		(*run)(const struct leat_pci_admin *admin, const struct leat_step *steps,
			       unsigned int n, unsigned int timeout_ms,
			       const struct leat_step **failed);	/* as leat_steps_run() */
	void		(*pause)(const struct leat_pci_admin *admin, unsigned int ms);
};

extern const struct leat_pci_admin leat_pci_admin;

int leat_pci_bind_at(const struct leat_pci_admin *admin, struct leat_ctx *ctx, const char *address,
		     const char *driver, unsigned int flags);
int leat_pci_unbind_at(const struct leat_pci_admin *admin, struct leat_ctx *ctx,
		       const char *address);
int leat_pci_vfs_at(const struct leat_pci_admin *admin, struct leat_ctx *ctx, const char *address,
		    unsigned int n);
int leat_pci_grant_at(const struct leat_pci_admin *admin, struct leat_ctx *ctx,
		      const char *address, uid_t uid);

/* Scan and find @address; -ENODEV logged as @what's. @all is the caller's to free after success. */
int leat_admin_find(const struct leat_pci_admin *admin, struct leat_ctx *ctx, const char *what,
		    const char *address, struct leat_devices *all,
		    const struct leat_pci_device **out);

/* Log that @dev is not done in time, naming who has it open. Returns -EBUSY. */
int leat_admin_late(const struct leat_pci_admin *admin, struct leat_ctx *ctx, const char *what,
		    const struct leat_pci_device *dev);

/* Log why steps for @dev failed. Returns @err; after -ETIMEDOUT as leat_admin_late(). */
int leat_admin_fail(const struct leat_pci_admin *admin, struct leat_ctx *ctx, const char *what,
		    const struct leat_pci_device *dev, int err, const struct leat_step *failed);

/* Who has the VFIO nodes of @dev open: "leat-fwd (process 71)", or "" if none is seen. */
void leat_admin_holders(const char *root, const struct leat_pci_device *dev, char *buf,
			size_t size);

#endif
