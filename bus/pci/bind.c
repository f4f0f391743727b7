// SPDX-License-Identifier: BSD-3-Clause
/*
 * bind.c - which kernel driver has a function, by driver_override: that names the
 * one driver that may have it, for this function alone and until it is cleared.
 *
 * Binding goes through the driver's own "bind" file, because it tells why a driver
 * would not; "drivers_probe", where the kernel chooses, tells nothing. When a step
 * fails we look at what is different now from before, and undo just that.
 */
#include "bus/pci/admin.h"
#include "bus/pci/scan.h"
#include "bus/pci/sysfs.h"

#include <leat/driver/core.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define LOOK_MS 50	/* how often we look whether it has left */

/* ---- steps ---- */

struct plan {
	struct leat_step step[LEAT_STEPS_MAX];
	unsigned int	n;
};

static void add_override(struct plan *p, const struct leat_pci_device *dev, const char *driver)
{
	struct leat_step *s = &p->step[p->n++];

	snprintf(s->path, sizeof(s->path), "/sys/bus/pci/devices/%s/driver_override", dev->address);
	snprintf(s->text, sizeof(s->text), "%s\n", driver);
}

/* @verb: "bind" or "unbind". */
static void add_driver(struct plan *p, const struct leat_pci_device *dev, const char *driver,
		       const char *verb)
{
	struct leat_step *s = &p->step[p->n++];

	snprintf(s->path, sizeof(s->path), "/sys/bus/pci/drivers/%s/%s", driver, verb);
	snprintf(s->text, sizeof(s->text), "%s\n", dev->address);
}

static void add_probe(struct plan *p, const struct leat_pci_device *dev)
{
	struct leat_step *s = &p->step[p->n++];

	snprintf(s->path, sizeof(s->path), "/sys/bus/pci/drivers_probe");
	snprintf(s->text, sizeof(s->text), "%s\n", dev->address);
}

/* Only where a program may have it open do we lose patience soon. */
static unsigned int time_for(const struct leat_pci_admin *admin, const struct leat_pci_device *dev)
{
	return leat_pci_is_user_driver(dev->driver) ? admin->patience_ms : admin->limit_ms;
}

struct state {
	char	driver[LEAT_PCI_NAME_LEN], override[LEAT_PCI_NAME_LEN];
};

static void look(const struct leat_pci_admin *admin, const struct leat_pci_device *dev,
		 struct state *now)
{
	leat_sysfs_link_at(admin->root, dev->address, "driver", now->driver, sizeof(now->driver));
	leat_sysfs_text_at(admin->root, dev->address, "driver_override", now->override,
			   sizeof(now->override));
	if (!strcmp(now->override, "(null)"))
		now->override[0] = '\0';
}

/* ---- back to what was before ---- */

static void restore(const struct leat_pci_admin *admin, struct leat_ctx *ctx, const char *what,
		    const struct leat_pci_device *dev)
{
	const struct leat_step *failed = NULL;
	struct plan p = { .n = 0 };
	struct state now;
	int err = 0;

	look(admin, dev, &now);
	if (strcmp(now.override, dev->override))
		add_override(&p, dev, dev->override);
	if (strcmp(now.driver, dev->driver)) {
		if (now.driver[0])
			add_driver(&p, dev, now.driver, "unbind");
		if (dev->driver[0])
			add_driver(&p, dev, dev->driver, "bind");
	}
	if (p.n)
		err = admin->run(admin, p.step, p.n, time_for(admin, dev), &failed);
	if (err)
		leat_log(ctx, LEAT_LOG_WARNING,
			 "%s: %s: it could not be put back as it was either: writing \"%.*s\" to "
			 "%s: %s", dev->address, what, (int)strcspn(failed->text, "\n"),
			 failed->text, failed->path, strerror(-err));
}

static int carry_out(const struct leat_pci_admin *admin, struct leat_ctx *ctx, const char *what,
		     const struct leat_pci_device *dev, const struct plan *p)
{
	const struct leat_step *failed = p->step;
	int err = admin->run(admin, p->step, p->n, time_for(admin, dev), &failed);

	if (!err)
		return 0;
	if (err != -ETIMEDOUT)		/* then it still goes on, and the lock is the kernel's */
		restore(admin, ctx, what, dev);
	return leat_admin_fail(admin, ctx, what, dev, err, failed);
}

/* ---- bind ---- */

static int check_kind(struct leat_ctx *ctx, const struct leat_pci_device *dev, unsigned int flags)
{
	if (dev->class_code >> 8 == PCI_CLASS_BETWEEN_BUSES)
		return leat_fail(ctx, -EINVAL, "%s: bind: it is a bridge, which the kernel needs",
				 dev->address);
	if (dev->class_code >> 16 != PCI_CLASS_NETWORK && !(flags & LEAT_BIND_FORCE))
		return leat_fail(ctx, -EPERM,
				 "%s: bind: it is no network controller but of class %06x (leat bind "
				 "--force takes it all the same)", dev->address, dev->class_code);
	return 0;
}

static int check_use(struct leat_ctx *ctx, const struct leat_pci_device *dev, unsigned int flags)
{
	if (dev->leaving)
		return leat_fail(ctx, -EBUSY,
				 "%s: bind: it is about to leave its driver, as soon as a program "
				 "closes it (end that, then try again)", dev->address);
	if (dev->in_use[0] && !(flags & LEAT_BIND_FORCE))
		return leat_fail(ctx, -EBUSY,
				 "%s: bind: %s (take that away first, or leat bind --force takes it "
				 "all the same)", dev->address, dev->in_use);
	if (dev->vfs && !(flags & LEAT_BIND_FORCE))
		return leat_fail(ctx, -EBUSY,
				 "%s: bind: its %u virtual functions would go with its driver (leat "
				 "vfs %s 0 ends them, leat bind --force takes it all the same)",
				 dev->address, dev->vfs, dev->address);
	return 0;
}

static bool noiommu_is_on(const struct leat_pci_admin *admin)
{
	char text[8];

	return !leat_path_text(admin->root, "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode",
			       text, sizeof(text)) && text[0] == 'Y';
}

static int check_driver(const struct leat_pci_admin *admin, struct leat_ctx *ctx,
			const struct leat_pci_device *dev, const char *driver)
{
	char path[128];

	if (!driver[0] || strchr(driver, '/') || strlen(driver) >= LEAT_PCI_NAME_LEN)
		return leat_fail(ctx, -EINVAL, "%s: bind: '%s' is no driver's name (as vfio-pci)",
				 dev->address, driver);
	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/%s", driver);
	if (!leat_path_exists(admin->root, path))
		return leat_fail(ctx, -ENOENT,
				 "%s: bind: the kernel has no driver %s loaded (sudo modprobe %s)",
				 dev->address, driver, driver);
	if (strstr(driver, "vfio") && dev->group < 0 && !noiommu_is_on(admin))
		return leat_fail(ctx, -ENOTSUP,
				 "%s: bind: it is behind no IOMMU, which %s needs (switch the IOMMU "
				 "on in the firmware and boot with intel_iommu=on; without one and "
				 "unsafe: vfio.enable_unsafe_noiommu_mode=1)", dev->address, driver);
	return 0;
}

static int give(const struct leat_pci_admin *admin, struct leat_ctx *ctx,
		const struct leat_pci_device *dev, const char *driver)
{
	struct plan p = { .n = 0 };

	add_override(&p, dev, driver);
	if (dev->driver[0])
		add_driver(&p, dev, dev->driver, "unbind");
	add_driver(&p, dev, driver, "bind");
	return carry_out(admin, ctx, "bind", dev, &p);
}

/* VFIO opens a group only when no member is a kernel driver's. */
static void warn_group(struct leat_ctx *ctx, const struct leat_pci_device *dev)
{
	char who[160] = "", commands[160] = "";

	for (unsigned int i = 0; i < dev->nmembers; i++) {
		const struct leat_pci_member *m = &dev->members[i];
		size_t used = strlen(who), len = strlen(commands);

		if (!m->blocks)
			continue;
		snprintf(who + used, sizeof(who) - used, "%s%s (%s)", used ? ", " : "", m->address,
			 m->driver);
		snprintf(commands + len, sizeof(commands) - len, " %s", m->address);
	}
	if (who[0])
		leat_log(ctx, LEAT_LOG_WARNING,
			 "%s: IOMMU group %d is shared with %s: none of it can be opened until those "
			 "are given up too (sudo leat bind%s)", dev->address, dev->group, who, commands);
}

int leat_pci_bind_at(const struct leat_pci_admin *admin, struct leat_ctx *ctx, const char *address,
		     const char *driver, unsigned int flags)
{
	const struct leat_pci_device *dev = NULL;
	struct leat_devices all;
	int err = leat_admin_find(admin, ctx, "bind", address, &all, &dev);

	if (err)
		return err;
	if (!driver)
		driver = "vfio-pci";
	if (strcmp(dev->driver, driver)) {
		err = check_kind(ctx, dev, flags);
		if (!err)
			err = check_use(ctx, dev, flags);
		if (!err)
			err = check_driver(admin, ctx, dev, driver);
		if (!err)
			err = give(admin, ctx, dev, driver);
	}
	if (!err && strstr(driver, "vfio"))
		warn_group(ctx, dev);
	leat_devices_free(&all);
	return err;
}

int leat_pci_bind(struct leat_ctx *ctx, const char *address, const char *driver, unsigned int flags)
{
	return leat_pci_bind_at(&leat_pci_admin, ctx, address, driver, flags);
}

/* ---- unbind ---- */

/* Somebody has unbound it already, and the kernel waits for a program. */
static bool has_left(const struct leat_pci_admin *admin, const struct leat_pci_device *dev)
{
	for (unsigned int ms = 0; leat_scan_is_leaving(admin->root, dev); ms += LOOK_MS) {
		if (ms >= admin->patience_ms)
			return false;
		admin->pause(admin, LOOK_MS);
	}
	return true;
}

/* A driver of the kernel's keeps it: at most the override goes, so that the kernel chooses again. */
static int take_back(const struct leat_pci_admin *admin, struct leat_ctx *ctx,
		     const struct leat_pci_device *dev)
{
	bool keeps = dev->driver[0] && !leat_pci_is_user_driver(dev->driver);
	struct plan p = { .n = 0 };

	if (dev->leaving && !has_left(admin, dev))
		return leat_admin_late(admin, ctx, "unbind", dev);
	if (dev->vfs && !keeps)
		return leat_fail(ctx, -EBUSY,
				 "%s: unbind: its %u virtual functions would go with its driver (leat "
				 "vfs %s 0 ends them)", dev->address, dev->vfs, dev->address);
	if (dev->override[0] || dev->leaving)
		add_override(&p, dev, "");
	if (dev->driver[0] && !keeps)
		add_driver(&p, dev, dev->driver, "unbind");
	if (!keeps)
		add_probe(&p, dev);
	return p.n ? carry_out(admin, ctx, "unbind", dev, &p) : 0;
}

static void warn_unless_the_kernels(const struct leat_pci_admin *admin, struct leat_ctx *ctx,
			    const struct leat_pci_device *dev)
{
	char alias[128];
	struct state now;

	look(admin, dev, &now);
	if (!now.driver[0]) {
		leat_sysfs_text_at(admin->root, dev->address, "modalias", alias, sizeof(alias));
		leat_log(ctx, LEAT_LOG_WARNING,
			 "%s: unbind: no driver of the kernel's takes it (sudo modprobe %s loads one, "
			 "if there is one)", dev->address, alias);
	} else if (leat_pci_is_user_driver(now.driver)) {
		leat_log(ctx, LEAT_LOG_WARNING,
			 "%s: unbind: %s took it again, because it was told to take all of its kind "
			 "(echo %04x %04x | sudo tee /sys/bus/pci/drivers/%s/remove_id)", dev->address,
			 now.driver, dev->vendor, dev->device, now.driver);
	}
}

int leat_pci_unbind_at(const struct leat_pci_admin *admin, struct leat_ctx *ctx, const char *address)
{
	const struct leat_pci_device *dev = NULL;
	struct leat_devices all;
	int err = leat_admin_find(admin, ctx, "unbind", address, &all, &dev);

	if (err)
		return err;
	err = take_back(admin, ctx, dev);
	if (!err)
		warn_unless_the_kernels(admin, ctx, dev);
	leat_devices_free(&all);
	return err;
}

int leat_pci_unbind(struct leat_ctx *ctx, const char *address)
{
	return leat_pci_unbind_at(&leat_pci_admin, ctx, address);
}
