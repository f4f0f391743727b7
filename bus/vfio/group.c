// SPDX-License-Identifier: BSD-3-Clause
/*
 * group.c - IOMMU groups. Order matters to the kernel: the group is put into a container
 * before it gives out devices, and its devices are closed before it leaves.
 */
#include "group.h"

#include "abi.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* "0000:01:00.0 vf_token=" and a UUID. */
#define NAME_LEN (LEAT_BDF_LEN + 10 + 37)

static struct vfio_group_node *first_group(struct leat_ctx *ctx)
{
	return leat_ctx_slot(ctx, LEAT_SLOT_VFIO_GROUPS)->data;
}

struct vfio_group_node *leat_vfio_group_find(struct leat_ctx *ctx, int number)
{
	struct vfio_group_node *g = first_group(ctx);

	while (g && (number < 0 || g->number != number))
		g = g->next;
	return g;
}

/* ---- a new group ---- */

/* Who is at fault? The kernel only says that it will not be. */
static int refuse_unviable(struct vfio_dev *v, const struct vfio_site *site)
{
	char who[LEAT_BDF_LEN + 80];

	if (site && leat_vfio_intruder(v->at.bdf, who, sizeof(who)))
		return leat_fail(v->dev.ctx, -EBUSY, "%s: group %d is not viable: it holds %s, which a "
				 "driver of the kernel's has; `leat bind %.12s`, or unbind it",
				 v->dev.addr, site->group, who, who);
	return leat_fail(v->dev.ctx, -EBUSY, "%s: its group is not viable: a member is in use, by the "
			 "kernel or by another program", v->dev.addr);
}

static int check_status(struct vfio_dev *v, int fd, const struct vfio_site *site)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };

	if (ioctl(fd, VFIO_GROUP_GET_STATUS, &status))
		return leat_fail(v->dev.ctx, -errno, "%s: VFIO_GROUP_GET_STATUS: %s%s", v->dev.addr,
				 strerror(errno), site ? "" : "; is group-fd a group's descriptor?");
	return status.flags & VFIO_GROUP_FLAGS_VIABLE ? 0 : refuse_unviable(v, site);
}

static const char *domain_of(const struct vfio_dev *v)
{
	return v->at.domain[0] ? v->at.domain : NULL;
}

/* @fd becomes the group's, whatever comes. */
static int new_group(struct vfio_dev *v, enum vfio_kind kind, const struct vfio_site *site, int fd,
		     dev_t id)
{
	struct vfio_group_node *g = calloc(1, sizeof(*g));
	int err = g ? check_status(v, fd, site) :
		      leat_fail(v->dev.ctx, -ENOMEM, "%s: open: out of memory", v->dev.addr);

	if (err)
		goto close_fd;
	*g = (struct vfio_group_node){ .fd = fd, .number = site ? site->group : -1, .id = id };
	err = leat_vfio_space_get(v->dev.ctx, kind, domain_of(v), v->at.container_fd, v->dev.addr,
				  &g->space);
	if (err)
		goto close_fd;
	err = leat_vfio_space_add_group(g->space, fd, v->dev.addr);
	if (err)
		goto put_space;
	g->next = first_group(v->dev.ctx);
	leat_ctx_slot(v->dev.ctx, LEAT_SLOT_VFIO_GROUPS)->data = g;
	v->group = g;
	return 0;

put_space:
	leat_vfio_space_put(g->space);
close_fd:
	free(g);
	close(fd);
	return err;
}

static void link_out(struct leat_ctx *ctx, struct vfio_group_node *g)
{
	struct vfio_group_node *before = first_group(ctx);

	if (before == g) {
		leat_ctx_slot(ctx, LEAT_SLOT_VFIO_GROUPS)->data = g->next;
	} else {
		while (before->next != g)
			before = before->next;
		before->next = g->next;
	}
}

static void close_group(struct leat_ctx *ctx, struct vfio_group_node *g)
{
	link_out(ctx, g);
	leat_vfio_space_remove_group(g->space, g->fd);
	close(g->fd);
	leat_vfio_space_put(g->space);
	free(g);
}

/* ---- one that is open ---- */

int leat_vfio_group_domain(const struct vfio_dev *v, const struct vfio_space *space,
			   const struct vfio_dev *other)
{
	const char *want = domain_of(v), *have = space->domain;

	if (!want || (have && !strcmp(want, have)))
		return 0;
	return leat_fail(v->dev.ctx, -EINVAL, "%s: its IOMMU group is in %s%s already, for %s, and "
			 "the hardware cannot tell the two apart: name the same domain for both, as "
			 "domain=%s", v->dev.addr, have ? "the domain " : "a domain without a name",
			 have ? have : "", other ? other->dev.addr : "another device",
			 have ? have : want);
}

static int check_twice(const struct vfio_dev *v, const struct vfio_group_node *g)
{
	for (const struct vfio_dev *other = g->devs; other; other = other->next)
		if (!strcmp(other->at.bdf, v->at.bdf))
			return leat_fail(v->dev.ctx, -EBUSY, "%s: it is open already, as %s",
					 v->dev.addr, other->dev.addr);
	return 0;
}

static int join_open(struct vfio_dev *v, enum vfio_kind kind, struct vfio_group_node *g)
{
	int err = check_twice(v, g);

	if (!err && g->space->kind != kind)
		err = leat_fail(v->dev.ctx, -EINVAL, "%s: its group is open already, %s an IOMMU",
				v->dev.addr, kind == VFIO_GROUP ? "without" : "with");
	if (!err)
		err = leat_vfio_group_domain(v, g->space, g->devs);
	if (!err)
		v->group = g;
	return err;
}

/* ---- the descriptors ---- */

static int duplicate(struct vfio_dev *v, const char *option, int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (copy < 0)
		return leat_fail(v->dev.ctx, -errno, "%s: %s=%d: %s", v->dev.addr, option, fd,
				 strerror(errno));
	return copy;
}

static int open_group(struct vfio_dev *v, enum vfio_kind kind, const struct vfio_site *site)
{
	struct vfio_group_node *g = first_group(v->dev.ctx);
	struct stat st = { 0 };
	int fd;

	if (site)
		fd = leat_vfio_open_node(v->dev.ctx, v->dev.addr, site->group_node);
	else
		fd = duplicate(v, "group-fd", v->at.group_fd);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st)) {
		int err = leat_fail(v->dev.ctx, -errno, "%s: fstat of the group: %s", v->dev.addr,
				    strerror(errno));

		close(fd);
		return err;
	}
	while (g && g->id != st.st_rdev)
		g = g->next;
	if (!g)
		return new_group(v, kind, site, fd, st.st_rdev);
	close(fd);
	return join_open(v, kind, g);
}

static int refuse_device(struct vfio_dev *v, int err)
{
	const char *addr = v->dev.addr;

	if (err == -EACCES || err == -EPERM)
		return leat_fail(v->dev.ctx, err, v->at.token[0] ?
				 "%s: this is not the VF token that the user of its physical function "
				 "has set" :
				 "%s: it is a virtual function whose physical function is in user "
				 "space: add ,token=UUID with the token set there", addr);
	if (err == -EINVAL && v->at.token[0])
		return leat_fail(v->dev.ctx, err, "%s: this device takes no token: leave token= out",
				 addr);
	if (err == -ENODEV)
		return leat_fail(v->dev.ctx, err, "%s: vfio-pci does not have it in this group; "
				 "`leat bind %s`?", addr, v->at.bdf);
	if (err == -EBUSY)
		return leat_fail(v->dev.ctx, err, "%s: another program has it open", addr);
	return leat_fail(v->dev.ctx, err, "%s: VFIO_GROUP_GET_DEVICE_FD: %s", addr, strerror(-err));
}

static int get_device(struct vfio_dev *v)
{
	char name[NAME_LEN];
	int fd;

	if (v->at.device_fd >= 0)
		return duplicate(v, "device-fd", v->at.device_fd);
	snprintf(name, sizeof(name), "%s%s%s", v->at.bdf, v->at.token[0] ? " vf_token=" : "",
		 v->at.token);
	fd = ioctl(v->group->fd, VFIO_GROUP_GET_DEVICE_FD, name);
	return fd < 0 ? refuse_device(v, -errno) : fd;	/* close-on-exec, by the kernel */
}

int leat_vfio_group_join(struct vfio_dev *v, enum vfio_kind kind, const struct vfio_site *site)
{
	struct vfio_group_node *g = leat_vfio_group_find(v->dev.ctx, site ? site->group : -1);
	int err = g ? join_open(v, kind, g) : open_group(v, kind, site);

	if (err)
		return err;
	v->fd = get_device(v);
	if (v->fd < 0) {
		err = v->fd;
		v->fd = -1;
		if (!v->group->devs)
			close_group(v->dev.ctx, v->group);
		v->group = NULL;
		return err;
	}
	v->space = v->group->space;
	v->next = v->group->devs;
	v->group->devs = v;
	return 0;
}

/* @v is not its device any more; is it empty now? */
static bool part(struct vfio_dev *v)
{
	struct vfio_dev **at = &v->group->devs;

	while (*at != v)
		at = &(*at)->next;
	*at = v->next;
	return !v->group->devs;
}

void leat_vfio_group_leave(struct vfio_dev *v)
{
	bool last;

	if (!v->group)
		return;
	last = part(v);
	if (last)
		leat_vfio_space_last(v->space);
	close(v->fd);
	v->fd = -1;
	if (last)
		close_group(v->dev.ctx, v->group);
	v->group = NULL;
}

void leat_vfio_group_forget(struct vfio_dev *v)
{
	if (!v->group || !part(v))
		return;
	link_out(v->dev.ctx, v->group);
	close(v->group->fd);
	free(v->group);
}
