// SPDX-License-Identifier: BSD-3-Clause
/*
 * site.c - how a device stands: see site.h. Nothing here changes anything.
 */
#include "site.h"

#include "bus/pci/scan.h"

#include <leat/driver/core.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IOMMU_NODE  "/dev/iommu"
#define VFIO_PCI    "/sys/bus/pci/drivers/vfio-pci"
#define DRIVER_LEN  64

/* Of the module vfio; built in or not, it is there. */
#define NOIOMMU_SWITCH "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode"

/* "vfio-pci", and the variants that some vendors' devices have: "mlx5_vfio_pci". */
static bool is_vfio(const char *driver)
{
	return strstr(driver, "vfio") != NULL;
}

static bool may_use(const char *path)
{
	return !faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS);
}

/* ---- the checks, in the order in which they can be mended ---- */

static int check_exists(struct leat_ctx *ctx, const char *addr, const char *bdf)
{
	long long vendor;

	if (leat_sysfs_number(bdf, "vendor", &vendor) != -ENOENT)
		return 0;
	if (access("/sys/bus/pci", F_OK))
		return leat_fail(ctx, -ENODEV, "%s: there is no /sys/bus/pci here: /sys is not "
				 "mounted, or the machine has no PCI bus", addr);
	return leat_fail(ctx, -ENODEV, "%s: there is no PCI device %s; `leat devices` lists those "
			 "there are", addr, bdf);
}

static int find_group(const char *bdf, struct vfio_site *out)
{
	char text[32], *end;

	if (leat_sysfs_link(bdf, "iommu_group", text, sizeof(text)))
		return -ENOENT;
	out->group = (int)strtol(text, &end, 10);
	if (end == text || *end)
		return -ENOENT;
	out->noiommu = !leat_sysfs_text(bdf, "iommu_group/name", text, sizeof(text)) &&
		       !strcmp(text, "vfio-noiommu");
	snprintf(out->group_node, sizeof(out->group_node), "/dev/vfio/%s%d",
		 out->noiommu ? "noiommu-" : "", out->group);
	return 0;
}

static int check_iommu(struct leat_ctx *ctx, const char *addr, const char *bdf, bool grouped,
		       const struct vfio_site *site)
{
	if (!grouped)
		return leat_fail(ctx, -ENOTSUP, "%s: no IOMMU group: the IOMMU is off or missing; turn "
				 "it on in the firmware (VT-d, AMD-Vi) and boot with intel_iommu=on "
				 "or amd_iommu=on", addr);
	if (site->noiommu)
		return leat_fail(ctx, -ENOTSUP, "%s: there is no IOMMU before this device; "
				 "noiommu:%s opens it all the same, as root, and then it can reach all "
				 "of the machine's memory", addr, bdf);
	return 0;
}

static bool noiommu_allowed(void)
{
	char text[8];

	return !leat_path_text("", NOIOMMU_SWITCH, text, sizeof(text)) &&
	       (text[0] == 'Y' || text[0] == '1');
}

static int check_no_iommu(struct leat_ctx *ctx, const char *addr, const char *bdf, bool grouped,
			  const struct vfio_site *site)
{
	if (grouped && !site->noiommu)
		return leat_fail(ctx, -ENOTSUP, "%s: an IOMMU stands before this device, so it cannot "
				 "be used without; open it as %s", addr, bdf);
	if (!grouped && !noiommu_allowed())
		return leat_fail(ctx, -ENOTSUP, "%s: the kernel does not allow it: `echo 1 > %s` (the "
				 "kernel needs CONFIG_VFIO_NOIOMMU), then `leat bind %s`", addr,
				 NOIOMMU_SWITCH, bdf);
	return 0;
}

static int check_driver(struct leat_ctx *ctx, const char *addr, const char *bdf)
{
	char driver[DRIVER_LEN];
	bool bound = !leat_sysfs_link(bdf, "driver", driver, sizeof(driver));

	if (bound && is_vfio(driver))
		return 0;
	if (access(VFIO_PCI, F_OK))
		return leat_fail(ctx, -ENODEV, "%s: the kernel's vfio-pci is not there: `modprobe "
				 "vfio-pci`, then `leat bind %s`", addr, bdf);
	if (bound)
		return leat_fail(ctx, -EBUSY, "%s: the kernel's driver %s has it: `leat bind %s` takes "
				 "it over", addr, driver, bdf);
	return leat_fail(ctx, -ENODEV, "%s: no driver has it: `leat bind %s` gives it to vfio-pci",
			 addr, bdf);
}

static bool take_cdev(const char *entry, void *arg)
{
	struct vfio_site *out = arg;

	snprintf(out->cdev_node, sizeof(out->cdev_node), "/dev/vfio/devices/%.24s", entry);
	return false;
}

/* The kernel shows vfio-dev/vfioN for every such device, and a number in it for the node. */
static void find_cdev(const char *bdf, struct vfio_site *out)
{
	char name[64], text[16];

	(void)leat_sysfs_each(bdf, "vfio-dev", take_cdev, out);
	if (!out->cdev_node[0])
		return;
	snprintf(name, sizeof(name), "vfio-dev%s/dev", strrchr(out->cdev_node, '/'));
	if (leat_sysfs_text(bdf, name, text, sizeof(text)))
		out->cdev_node[0] = '\0';
	else
		out->cdev_missing = access(out->cdev_node, F_OK) != 0;
}

int leat_vfio_site(struct leat_ctx *ctx, const char *addr, const struct vfio_addr *a,
		   enum vfio_way way, struct vfio_site *out)
{
	bool grouped;
	int err = check_exists(ctx, addr, a->bdf);

	*out = (struct vfio_site){ .group = -1 };
	if (err)
		return err;
	grouped = !find_group(a->bdf, out);
	if (way == VFIO_BY_NOIOMMU)
		err = check_no_iommu(ctx, addr, a->bdf, grouped, out);
	else
		err = check_iommu(ctx, addr, a->bdf, grouped, out);
	if (!err)
		err = check_driver(ctx, addr, a->bdf);
	if (!err)
		find_cdev(a->bdf, out);
	if (!err && way == VFIO_BY_IOMMUFD && !out->cdev_node[0])
		return leat_fail(ctx, -ENOTSUP, "%s: this kernel has no character devices for VFIO "
				 "(CONFIG_VFIO_DEVICE_CDEV, Linux 6.6): use group:%s, or plain %s",
				 addr, a->bdf, a->bdf);
	return err;
}

/* ---- the choice ---- */

enum vfio_way leat_vfio_choose(const struct vfio_site *site, const struct vfio_addr *a,
			       const char **why)
{
	bool group_is_ours = may_use(site->group_node);

	if (!site->cdev_node[0])
		*why = "the kernel has no character devices for VFIO";
	else if (access(IOMMU_NODE, F_OK))
		*why = "no /dev/iommu (kernel without IOMMUFD)";
	else if (site->cdev_missing)
		*why = "its character device is missing in /dev";
	else if (group_is_ours && !may_use(site->cdev_node))
		*why = "its character device is not permitted";
	else if (group_is_ours && !may_use(IOMMU_NODE))
		*why = "/dev/iommu is not permitted";
	else if (a->token[0])
		*why = "it takes the token on every kernel";
	else
		return VFIO_BY_IOMMUFD;
	return VFIO_BY_GROUP;
}

/* ---- nodes ---- */

static int fail_noiommu(struct leat_ctx *ctx, const char *addr, const char *path, int err)
{
	return leat_fail(ctx, err, "%s: %s: only root may open it (CAP_SYS_RAWIO): there is no IOMMU to "
			 "confine the device", addr, path);
}

int leat_vfio_open_node(struct leat_ctx *ctx, const char *addr, const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC), err = errno;

	if (fd >= 0)
		return fd;
	switch (err) {
	case ENOENT:
		return leat_fail(ctx, -err, "%s: %s is missing: the kernel has it, /dev does not; is "
				 "udev running, or was it left out of this container?", addr, path);
	case EACCES:
		if (strstr(path, "noiommu"))
			return fail_noiommu(ctx, addr, path, -err);
		return leat_fail(ctx, -err, "%s: %s: not permitted: `chown %u %s`, as root", addr, path,
				 (unsigned int)geteuid(), path);
	case EPERM:
		return fail_noiommu(ctx, addr, path, -err);
	case EBUSY:
		return leat_fail(ctx, -err, "%s: %s is in use: another program has a device of this "
				 "group open (`fuser -v /dev/vfio/* /dev/vfio/devices/*`)", addr, path);
	case ENODEV:
	case ENXIO:
		return leat_fail(ctx, -ENODEV, "%s: %s: its device went away just now", addr, path);
	default:
		return leat_fail(ctx, -err, "%s: open %s: %s", addr, path, strerror(err));
	}
}

/* ---- neighbours ---- */

struct search {
	char		*buf;
	size_t		size;
	bool		found;
};

static bool is_intruder(const char *entry, void *arg)
{
	struct search *s = arg;
	char driver[DRIVER_LEN] = "";
	long long class_code = 0;

	(void)leat_sysfs_link(entry, "driver", driver, sizeof(driver));
	(void)leat_sysfs_number(entry, "class", &class_code);
	if (leat_pci_is_harmless(driver, (uint32_t)class_code))
		return true;
	snprintf(s->buf, s->size, "%s (%s)", entry, driver);
	s->found = true;
	return false;
}

bool leat_vfio_intruder(const char *bdf, char *buf, size_t size)
{
	struct search s = { .buf = buf, .size = size };

	(void)leat_sysfs_each(bdf, "iommu_group/devices", is_intruder, &s);
	return s.found;
}

const char *leat_vfio_driver_of(const char *bdf, char *buf, size_t size)
{
	return leat_sysfs_link(bdf, "driver", buf, size) ? "no driver" : buf;
}
