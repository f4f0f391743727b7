// SPDX-License-Identifier: BSD-3-Clause
/*
 * dev.c - devices by address: SCHEME:REST. The scheme picks the backend from a
 * table, the backend does the rest. The address of a PCI device has no scheme.
 */
#include <leat/driver/dev.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pci/sysfs.h"
#include "sim/sim.h"
#include "soft/soft.h"
#include "vfio/address.h"
#include "vfio/open.h"
#include "vfio_user/client.h"
#include "vhost_user/vhost.h"

static const struct scheme {
	const struct leat_dev_ops *ops;
	const char *rest;		/* what follows the colon, for messages; NULL: maybe nothing */
	bool	    pci;		/* names a PCI device of this machine */
} schemes[] = {
	{ &leat_vfio_user_ops, "PATH", false },
	{ &leat_vhost_user_ops, "PATH", false },
	{ &leat_sim_ops, "MODEL", false },
	{ &leat_soft_null_ops, NULL, false },
	{ &leat_soft_ring_ops, "NAME", false },
	{ &leat_soft_tap_ops, "INTERFACE", false },
	{ &leat_vfio_group_ops, "0000:01:00.0", true },
	{ &leat_vfio_iommufd_ops, "0000:01:00.0", true },
	{ &leat_vfio_noiommu_ops, "0000:01:00.0", true },
};

static const struct scheme *find_scheme(const char *addr)
{
	for (size_t i = 0; i < LEAT_ARRAY_LEN(schemes); i++) {
		size_t len = strlen(schemes[i].ops->scheme);

		if (!strncmp(addr, schemes[i].ops->scheme, len) && addr[len] == ':')
			return &schemes[i];
	}
	return NULL;
}

int leat_addr_node(const char *addr)
{
	const struct scheme *scheme = find_scheme(addr);
	const char *rest = scheme ? addr + strlen(scheme->ops->scheme) + 1 : addr;
	char text[LEAT_BDF_LEN + 1], bdf[LEAT_BDF_LEN];
	long long node = -1;

	if (scheme && !scheme->pci)
		return -1;
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(rest, ","), rest);
	if (leat_pci_parse(text, bdf) || leat_sysfs_number(bdf, "numa_node", &node) ||
	    node < 0 || node > INT_MAX)
		return -1;
	return (int)node;
}

static int fail_unknown(struct leat_ctx *ctx, const char *addr)
{
	char known[256] = "";
	size_t len = 0;

	for (size_t i = 0; i < LEAT_ARRAY_LEN(schemes) && len < sizeof(known); i++)
		len += (size_t)snprintf(known + len, sizeof(known) - len, ", %s:%s",
					schemes[i].ops->scheme,
					schemes[i].rest ? schemes[i].rest : "");
	return leat_fail(ctx, -EINVAL, "%s: no such kind of device; known: 0000:01:00.0 (PCI)%s", addr,
			 known);
}

/* The backend, and where its part of @addr begins. */
static const struct leat_dev_ops *find_ops(struct leat_ctx *ctx, const char *addr,
					   const char **rest)
{
	const struct scheme *scheme = find_scheme(addr);

	*rest = addr;
	if (!scheme && leat_vfio_is_address(addr))
		return &leat_vfio_auto_ops;
	if (!scheme) {
		fail_unknown(ctx, addr);
		return NULL;
	}
	*rest += strlen(scheme->ops->scheme) + 1;
	if (**rest || !scheme->rest)
		return scheme->ops;
	leat_fail(ctx, -EINVAL, "%s: nothing behind the colon; give %s:%s", addr,
		  scheme->ops->scheme, scheme->rest);
	return NULL;
}

int leat_dev_open(struct leat_ctx *ctx, const char *addr, struct leat_dev **out)
{
	const char *rest;
	const struct leat_dev_ops *ops = find_ops(ctx, addr, &rest);
	struct leat_dev *dev;
	int err;

	if (!ops)
		return -EINVAL;
	dev = calloc(1, ops->dev_size);
	if (!dev)
		return leat_fail(ctx, -ENOMEM, "%s: open: out of memory", addr);
	dev->ops = ops;
	dev->ctx = ctx;
	dev->node = -1;
	dev->addr = strdup(addr);
	if (!dev->addr) {
		err = leat_fail(ctx, -ENOMEM, "%s: open: out of memory", addr);
		goto free_dev;
	}

	err = dev->ops->open(dev, rest);
	if (err)
		goto free_addr;
	*out = dev;
	return 0;

free_addr:
	free(dev->addr);
free_dev:
	free(dev);
	return err;
}

void leat_dev_close(struct leat_dev *dev)
{
	if (!dev)
		return;
	dev->ops->close(dev);
	free(dev->addr);
	free(dev);
}

const char *leat_dev_rest(const struct leat_dev *dev)
{
	const char *colon = strchr(dev->addr, ':');

	return colon ? colon + 1 : dev->addr;
}

void leat_dev_forget(struct leat_dev *dev)
{
	if (!dev)
		return;
	if (dev->as)
		leat_aspace_forget(dev->as);
	if (dev->ops->forget)
		dev->ops->forget(dev);
	free(dev->addr);
	free(dev);
}

static int cannot(struct leat_dev *dev, const char *what)
{
	return leat_fail(dev->ctx, -ENOTSUP, "%s: %s: devices of this kind cannot", dev->addr, what);
}

int leat_dev_reset(struct leat_dev *dev)
{
	return dev->ops->reset ? dev->ops->reset(dev) : cannot(dev, "reset");
}

int leat_dev_hot_reset(struct leat_dev *dev)
{
	return dev->ops->hot_reset ? dev->ops->hot_reset(dev) : cannot(dev, "hot reset");
}

/* struct vfio_device_low_power_entry_with_wakeup */
struct wakeup {
	int32_t		fd;
	uint32_t	reserved;
};

int leat_dev_sleep(struct leat_dev *dev, int wakeup)
{
	struct wakeup w = { .fd = wakeup };

	if (!dev->ops->feature)
		return cannot(dev, "low power");
	if (wakeup < 0)
		return dev->ops->feature(dev, LEAT_FEATURE_SET | LEAT_FEATURE_LOW_POWER_ENTRY, NULL,
					 0);
	return dev->ops->feature(dev, LEAT_FEATURE_SET | LEAT_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP,
				 &w, sizeof(w));
}

int leat_dev_wake(struct leat_dev *dev)
{
	if (!dev->ops->feature)
		return cannot(dev, "low power");
	return dev->ops->feature(dev, LEAT_FEATURE_SET | LEAT_FEATURE_LOW_POWER_EXIT, NULL, 0);
}

const struct leat_region *leat_dev_region(const struct leat_dev *dev, unsigned int index)
{
	const struct leat_region *r = NULL;

	if (index < LEAT_REGIONS)
		r = &dev->region[index];
	else if (index - LEAT_REGIONS < dev->nmore)
		r = &dev->more[index - LEAT_REGIONS];
	return r && r->size ? r : NULL;
}

int leat_dev_find_region(const struct leat_dev *dev, uint32_t type, uint32_t subtype,
			 unsigned int *index)
{
	for (unsigned int i = 0; i < LEAT_REGIONS + dev->nmore; i++) {
		const struct leat_region *r = leat_dev_region(dev, i);

		if (r && r->type && r->type == type && r->subtype == subtype) {
			*index = i;
			return 0;
		}
	}
	return -ENOENT;
}
