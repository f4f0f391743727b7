// SPDX-License-Identifier: BSD-3-Clause
/*
 * admin.c - finding the function that is meant, and saying what went wrong.
 */
#include "bus/pci/admin.h"

#include "bus/pci/scan.h"
#include "bus/pci/sysfs.h"

#include <leat/driver/core.h>

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_MS 2000
#define LIMIT_MS    30000

static int run(const struct leat_pci_admin *admin, const struct leat_step *steps, unsigned int n,
	       unsigned int timeout_ms, const struct leat_step **failed)
{
	return leat_steps_run(admin->root, steps, n, timeout_ms, failed);
}

static void nap(const struct leat_pci_admin *admin, unsigned int ms)
{
	(void)admin;
	poll(NULL, 0, (int)ms);
}

const struct leat_pci_admin leat_pci_admin = { "", PATIENCE_MS, LIMIT_MS, run, nap };

int leat_admin_find(const struct leat_pci_admin *admin, struct leat_ctx *ctx, const char *what,
		    const char *address, struct leat_devices *all,
		    const struct leat_pci_device **out)
{
	int err = leat_devices_scan_at(admin->root, ctx, LEAT_DEVICES_ALL, all);

	if (err)
		return err;
	*out = leat_devices_find(all, address);
	if (*out)
		return 0;
	leat_devices_free(all);
	return leat_fail(ctx, -ENODEV,
			 "%s: %s: no PCI function or network interface of that name (\"leat "
			 "devices --all\" lists them)", address, what);
}

/* ---- who has it open ---- */

#define CDEVS	"/dev/vfio/devices/vfio"
#define DELETED " (deleted)"

struct search {
	const char	*root;
	char		group[32];	/* paths of the nodes */
	char		cdev[48];
	bool		any_deleted;	/* the character device is gone, its name too */
	const char	*pid;
	char		*buf;
	size_t		size;
};

/* Newer kernels take a character device away before they wait for those who have it open. */
static bool is_cdev(const struct search *s, const char *node)
{
	size_t len = strlen(node), tail = strlen(DELETED);
	bool deleted = len > tail && !strcmp(node + len - tail, DELETED);

	if (s->any_deleted)
		return deleted && !strncmp(node, CDEVS, strlen(CDEVS));
	len -= deleted ? tail : 0;
	return len == strlen(s->cdev) && !strncmp(node, s->cdev, len);
}

static int is_held_by(void *arg, const char *fd)
{
	struct search *s = arg;
	char full[PATH_MAX], target[PATH_MAX];
	ssize_t len;

	snprintf(full, sizeof(full), "%s/proc/%s/fd/%s", s->root, s->pid, fd);
	len = readlink(full, target, sizeof(target) - 1);
	if (len < 0)
		return 0;
	target[len] = '\0';
	return !strcmp(target, s->group) || is_cdev(s, target);
}

static int look_at_process(void *arg, const char *pid)
{
	struct search *s = arg;
	char path[PATH_MAX], name[32];
	size_t used = strlen(s->buf);

	if (strspn(pid, "0123456789") != strlen(pid))
		return 0;
	s->pid = pid;
	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	if (leat_path_each(s->root, path, is_held_by, s) != 1)
		return 0;
	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	leat_path_text(s->root, path, name, sizeof(name));
	snprintf(s->buf + used, s->size - used, "%s%s (process %s)", used ? ", " : "", name, pid);
	return 0;
}

void leat_admin_holders(const char *root, const struct leat_pci_device *dev, char *buf, size_t size)
{
	struct search s = { .root = root, .buf = buf, .size = size };

	buf[0] = '\0';
	if (dev->group >= 0)
		snprintf(s.group, sizeof(s.group), "/dev/vfio/%s%d", dev->noiommu ? "noiommu-" : "",
			 dev->group);
	if (dev->cdev[0])
		snprintf(s.cdev, sizeof(s.cdev), "/dev/vfio/devices/%s", dev->cdev);
	s.any_deleted = dev->leaving && !dev->cdev[0];
	leat_path_each(root, "/proc", look_at_process, &s);
}

/* ---- words for errors ---- */

int leat_admin_late(const struct leat_pci_admin *admin, struct leat_ctx *ctx, const char *what,
		    const struct leat_pci_device *dev)
{
	char holders[256];

	if (!dev->leaving && !leat_pci_is_user_driver(dev->driver))
		return leat_fail(ctx, -EBUSY, "%s: %s: the kernel is still busy with it (it may say why: "
				 "sudo dmesg)", dev->address, what);
	leat_admin_holders(admin->root, dev, holders, sizeof(holders));
	return leat_fail(ctx, -EBUSY,
			 "%s: %s: still open in %s, which was asked to let go; the rest follows by "
			 "itself when it does (or end it)", dev->address, what,
			 holders[0] ? holders : "a program that cannot be seen from here");
}

int leat_admin_fail(const struct leat_pci_admin *admin, struct leat_ctx *ctx, const char *what,
		    const struct leat_pci_device *dev, int err, const struct leat_step *failed)
{
	const char *text = failed->text;

	switch (err) {
	case -ETIMEDOUT:
		return leat_admin_late(admin, ctx, what, dev);
	case -EACCES:
	case -EPERM:
		return leat_fail(ctx, err, "%s: %s: not permitted (run it as root: sudo leat %s ...)",
				 dev->address, what, what);
	case -EROFS:
		return leat_fail(ctx, err, "%s: %s: /sys cannot be written here (in a container? do "
				 "it outside)", dev->address, what);
	default:
		return leat_fail(ctx, err, "%s: %s: writing \"%.*s\" to %s: %s (the kernel may say "
				 "more: sudo dmesg)", dev->address, what,
				 (int)strcspn(text, "\n"), text, failed->path, strerror(-err));
	}
}
