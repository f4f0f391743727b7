// SPDX-License-Identifier: BSD-3-Clause
/*
 * scan.c - the PCI functions of this machine, from sysfs.
 *
 * While a function is being unbound from VFIO and a program still has it open, the
 * kernel holds that function's lock, and on many kernels whoever reads driver_override,
 * uevent or sriov_numvfs waits for the program. So whether it is in that state is found
 * out by other signs, and virtual functions are counted by their links.
 */
#include "bus/pci/scan.h"

#include "bus/pci/sysfs.h"

#include <leat/driver/core.h>
#include <leat/driver/driver.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char devices_path[] = "/sys/bus/pci/devices";

void *leat_list_add(void *array, unsigned int n, size_t size)
{
	char *more = realloc(array, (n + 1) * size);

	if (more)
		memset(more + n * size, 0, size);
	return more;
}

bool leat_pci_is_user_driver(const char *driver)
{
	return strstr(driver, "vfio") || strstr(driver, "uio_") || strstr(driver, "_uio") ||
	       !strcmp(driver, "pci-stub");
}

bool leat_pci_is_harmless(const char *driver, uint32_t class_code)
{
	return !driver[0] || strstr(driver, "vfio") || !strcmp(driver, "pci-stub") ||
	       class_code >> 8 == PCI_CLASS_BETWEEN_BUSES;
}

static unsigned int hex(const char *root, const char *bdf, const char *name)
{
	long long n;

	if (leat_sysfs_number_at(root, bdf, name, &n) || n < 0 || n > UINT32_MAX)
		return 0;
	return (unsigned int)n;
}

static void scan_ids(const char *root, struct leat_pci_device *dev)
{
	const char *bdf = dev->address;

	dev->vendor = (uint16_t)hex(root, bdf, "vendor");
	dev->device = (uint16_t)hex(root, bdf, "device");
	dev->subvendor = (uint16_t)hex(root, bdf, "subsystem_vendor");
	dev->subdevice = (uint16_t)hex(root, bdf, "subsystem_device");
	dev->class_code = hex(root, bdf, "class");
	dev->revision = (uint8_t)hex(root, bdf, "revision");
}

static int keep_vfio_name(void *arg, const char *name)
{
	struct leat_pci_device *dev = arg;

	if (strncmp(name, "vfio", 4) || strlen(name) >= sizeof(dev->cdev))
		return 0;
	memcpy(dev->cdev, name, strlen(name) + 1);
	return 1;
}

static bool others_are_vfios(const struct leat_pci_device *dev)
{
	for (unsigned int i = 0; i < dev->nmembers; i++)
		if (strstr(dev->members[i].driver, "vfio"))
			return true;
	return false;
}

/*
 * The driver's link goes when unbinding begins. What VFIO has made for the function goes
 * when that is done: its folder (from Linux 6.6 on, only the group's node). Where that
 * node is there for others, too, a function that is enabled tells: VFIO did that.
 */
bool leat_scan_is_leaving(const char *root, const struct leat_pci_device *dev)
{
	char path[PATH_MAX], driver[LEAT_PCI_NAME_LEN];

	if (!leat_sysfs_link_at(root, dev->address, "driver", driver, sizeof(driver)))
		return false;
	snprintf(path, sizeof(path), "%s/%s/vfio-dev", devices_path, dev->address);
	if (leat_path_exists(root, path))
		return true;
	snprintf(path, sizeof(path), "/sys/class/vfio/%s%d", dev->noiommu ? "noiommu-" : "",
		 dev->group);
	return dev->group >= 0 && leat_path_exists(root, path) &&
	       (!others_are_vfios(dev) || hex(root, dev->address, "enable"));
}

static void scan_drivers(const char *root, struct leat_pci_device *dev)
{
	char path[PATH_MAX];

	leat_sysfs_link_at(root, dev->address, "driver", dev->driver, sizeof(dev->driver));
	snprintf(path, sizeof(path), "%s/%s/vfio-dev", devices_path, dev->address);
	leat_path_each(root, path, keep_vfio_name, dev);
	dev->leaving = leat_scan_is_leaving(root, dev);
	if (dev->leaving)
		return;
	leat_sysfs_text_at(root, dev->address, "driver_override", dev->override,
			   sizeof(dev->override));
	if (!strcmp(dev->override, "(null)"))
		dev->override[0] = '\0';
}

static bool is_listed(const struct leat_pci_id *ids, uint16_t vendor, uint16_t device)
{
	for (; ids && ids->vendor; ids++)
		if ((ids->vendor == LEAT_PCI_ANY || ids->vendor == vendor) &&
		    (ids->device == LEAT_PCI_ANY || ids->device == device))
			return true;
	return false;
}

static const char *find_leat_driver(struct leat_ctx *ctx, const struct leat_pci_device *dev)
{
	const struct leat_driver *const *drivers = leat_ctx_drivers(ctx);

	for (; *drivers; drivers++)
		if (is_listed((*drivers)->ids, dev->vendor, dev->device))
			return (*drivers)->name;
	return NULL;
}

/* "8.0 GT/s PCIe" to 8000, "Unknown" to 0. */
static unsigned int link_speed(const char *root, const char *bdf, const char *name)
{
	char text[32];
	double gigatransfers;

	if (leat_sysfs_text_at(root, bdf, name, text, sizeof(text)))
		return 0;
	gigatransfers = strtod(text, NULL);
	return gigatransfers > 0 && gigatransfers < 1000 ? (unsigned int)(gigatransfers * 1000) : 0;
}

static unsigned int link_width(const char *root, const char *bdf, const char *name)
{
	unsigned int lanes = hex(root, bdf, name);

	return lanes <= 32 ? lanes : 0;	/* 255: the kernel does not know */
}

static void scan_place(const char *root, struct leat_pci_device *dev)
{
	const char *bdf = dev->address;
	long long node;

	dev->node = -1;
	if (!leat_sysfs_number_at(root, bdf, "numa_node", &node) && node >= 0 && node <= INT_MAX)
		dev->node = (int)node;
	dev->link_speed = link_speed(root, bdf, "current_link_speed");
	dev->link_speed_max = link_speed(root, bdf, "max_link_speed");
	dev->link_width = link_width(root, bdf, "current_link_width");
	dev->link_width_max = link_width(root, bdf, "max_link_width");
	leat_sysfs_text_at(root, bdf, "reset_method", dev->resets, sizeof(dev->resets));
}

static int scan_vfs(const char *root, struct leat_pci_device *dev)
{
	char name[32], vf[LEAT_PCI_ADDRESS_LEN];

	leat_sysfs_link_at(root, dev->address, "physfn", dev->pf, sizeof(dev->pf));
	dev->vfs_max = hex(root, dev->address, "sriov_totalvfs");
	for (unsigned int i = 0; i < dev->vfs_max; i++) {
		void *more;

		snprintf(name, sizeof(name), "virtfn%u", i);
		if (leat_sysfs_link_at(root, dev->address, name, vf, sizeof(vf)))
			break;
		more = leat_list_add(dev->vf, dev->vfs, sizeof(*dev->vf));
		if (!more)
			return -ENOMEM;
		dev->vf = more;
		memcpy(dev->vf[dev->vfs++], vf, sizeof(vf));
	}
	return 0;
}

static int scan_one(const char *root, struct leat_ctx *ctx, struct leat_pci_device *dev)
{
	int err;

	dev->leat_driver = find_leat_driver(ctx, dev);
	scan_place(root, dev);
	err = leat_scan_group(root, dev);
	scan_drivers(root, dev);
	if (!err)
		err = scan_vfs(root, dev);
	if (!err)
		err = leat_scan_netifs(root, dev);
	return err;
}

struct scan {
	const char	*root;
	struct leat_ctx	*ctx;
	unsigned int	flags;
	struct leat_devices *out;
};

static void free_device(struct leat_pci_device *dev)
{
	for (unsigned int i = 0; i < dev->nnetifs; i++)
		free(dev->netifs[i].addrs);
	free(dev->netifs);
	free(dev->members);
	free(dev->reserved);
	free(dev->vf);
}

static int add_device(void *arg, const char *name)
{
	struct scan *scan = arg;
	struct leat_devices *out = scan->out;
	struct leat_pci_device *more, *dev;
	char bdf[LEAT_BDF_LEN];

	if (leat_pci_parse(name, bdf))
		return 0;
	more = leat_list_add(out->dev, out->n, sizeof(*out->dev));
	if (!more)
		return -ENOMEM;
	out->dev = more;
	dev = &more[out->n];
	memcpy(dev->address, bdf, sizeof(bdf));
	scan_ids(scan->root, dev);
	if (dev->class_code >> 16 != PCI_CLASS_NETWORK && !(scan->flags & LEAT_DEVICES_ALL))
		return 0;
	out->n++;
	return scan_one(scan->root, scan->ctx, dev);
}

static int by_address(const void *a, const void *b)
{
	const struct leat_pci_device *x = a, *y = b;

	return strcmp(x->address, y->address);
}

int leat_devices_scan_at(const char *root, struct leat_ctx *ctx, unsigned int flags,
			 struct leat_devices *out)
{
	struct scan scan = { root, ctx, flags, out };
	int err;

	*out = (struct leat_devices){ 0 };
	err = leat_path_each(root, devices_path, add_device, &scan);
	if (!err)
		err = leat_scan_addrs(out);
	if (err == -ENOENT)
		return 0;	/* a machine without PCI */
	if (err) {
		leat_devices_free(out);
		return leat_fail(ctx, err, "%s: scan: %s", devices_path, strerror(-err));
	}
	if (out->n)
		qsort(out->dev, out->n, sizeof(*out->dev), by_address);
	leat_scan_routes(root, out);
	for (unsigned int i = 0; i < out->n; i++)
		leat_scan_uses(&out->dev[i]);
	return 0;
}

int leat_devices_scan(struct leat_ctx *ctx, unsigned int flags, struct leat_devices *out)
{
	return leat_devices_scan_at("", ctx, flags, out);
}

void leat_devices_free(struct leat_devices *devices)
{
	for (unsigned int i = 0; i < devices->n; i++)
		free_device(&devices->dev[i]);
	free(devices->dev);
	*devices = (struct leat_devices){ 0 };
}

static bool has_netif(const struct leat_pci_device *dev, const char *name)
{
	for (unsigned int i = 0; i < dev->nnetifs; i++)
		if (!strcmp(dev->netifs[i].name, name))
			return true;
	return false;
}

const struct leat_pci_device *leat_devices_find(const struct leat_devices *devices,
						const char *address)
{
	char bdf[LEAT_BDF_LEN];
	bool is_bdf = !leat_pci_parse(address, bdf);

	for (unsigned int i = 0; i < devices->n; i++) {
		const struct leat_pci_device *dev = &devices->dev[i];

		if (is_bdf ? !strcmp(dev->address, bdf) : has_netif(dev, address))
			return dev;
	}
	return NULL;
}
