// SPDX-License-Identifier: BSD-3-Clause
/*
 * space.c - the IOMMU domains of a context: found by name, made, shared, given up.
 *
 * What is common to all kinds; what the kernel is asked differs by kind (kind.h), what is
 * mapped is in maps.c.
 */
#include "kind.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct vfio_kind_ops *const kinds[] = {
	[VFIO_GROUP] = &leat_vfio_group_kind,
	[VFIO_IOMMUFD] = &leat_vfio_iommufd_kind,
	[VFIO_NOIOMMU] = &leat_vfio_noiommu_kind,
};

const struct vfio_kind_ops *leat_vfio_kind(const struct vfio_space *space)
{
	return kinds[space->kind];
}

struct vfio_space *leat_vfio_spaces(struct leat_ctx *ctx)
{
	return leat_ctx_slot(ctx, LEAT_SLOT_VFIO)->data;
}

static void link_in(struct vfio_space *space)
{
	struct leat_ctx_slot *slot = leat_ctx_slot(space->ctx, LEAT_SLOT_VFIO);

	space->next = slot->data;
	slot->data = space;
}

static void link_out(struct vfio_space *space)
{
	struct leat_ctx_slot *slot = leat_ctx_slot(space->ctx, LEAT_SLOT_VFIO);
	struct vfio_space *s = slot->data;

	if (s == space) {
		slot->data = space->next;
		return;
	}
	while (s->next != space)
		s = s->next;
	s->next = space->next;
}

/* ---- opening ---- */

static struct vfio_space *find(struct leat_ctx *ctx, const char *domain)
{
	struct vfio_space *s = domain ? leat_vfio_spaces(ctx) : NULL;

	while (s && (!s->domain || strcmp(s->domain, domain)))
		s = s->next;
	return s;
}

/* The domains of one context that are IOASes are in one open file, if we opened it. */
static struct vfio_space *opened_before(const struct vfio_space *space)
{
	struct vfio_space *s = leat_vfio_spaces(space->ctx);

	if (space->kind != VFIO_IOMMUFD)
		return NULL;
	while (s && (s->kind != VFIO_IOMMUFD || s->foreign))
		s = s->next;
	return s;
}

static uint32_t new_file(const struct vfio_space *space)
{
	uint32_t file = 0;

	for (const struct vfio_space *s = leat_vfio_spaces(space->ctx); s; s = s->next)
		if (s->file > file)
			file = s->file;
	return file + 1;
}

static int duplicate(struct vfio_space *space, int fd, const char *addr)
{
	space->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (space->fd < 0) {
		int err = -errno;

		return leat_fail(space->ctx, err, "%s: duplicate descriptor %d: %s", addr, fd,
				 strerror(-err));
	}
	return 0;
}

static int open_node(struct vfio_space *space, const char *addr)
{
	const struct vfio_kind_ops *kind = leat_vfio_kind(space);

	space->fd = open(kind->node, O_RDWR | O_CLOEXEC);
	if (space->fd < 0) {
		int err = -errno;

		return leat_fail(space->ctx, err, "%s: open %s: %s", addr, kind->node,
				 leat_vfio_why(kind->reasons, err));
	}
	return 0;
}

/* From @fd, if that is not -1, from what we have open, or anew. */
static int open_file(struct vfio_space *space, int fd, const char *addr)
{
	const struct vfio_space *other = opened_before(space);

	space->file = other && fd < 0 ? other->file : new_file(space);
	if (fd >= 0)
		return duplicate(space, fd, addr);
	return other ? duplicate(space, other->fd, addr) : open_node(space, addr);
}

static char *name_of(const char *domain, const char *addr)
{
	char *name;

	return asprintf(&name, "%s%s", domain ? "domain " : "", domain ? domain : addr) < 0
	       ? NULL : name;
}

static struct vfio_space *new_space(struct leat_ctx *ctx, enum vfio_kind kind, const char *domain,
				    const char *addr)
{
	struct vfio_space *space = calloc(1, sizeof(*space));

	if (!space)
		return NULL;
	space->ctx = ctx;
	space->kind = kind;
	space->fd = -1;
	space->domain = domain ? strdup(domain) : NULL;
	space->name = name_of(domain, addr);
	space->as.ops = &leat_vfio_aspace_ops;
	space->as.name = space->name;
	space->as.page_size = 4096;
	space->as.maps_left = UINT32_MAX;
	space->as.phys = kind == VFIO_NOIOMMU;
	if (space->name && (space->domain || !domain))
		return space;
	free(space->name);
	free(space->domain);
	free(space);
	return NULL;
}

static void free_space(struct vfio_space *space)
{
	if (space->fd >= 0)
		close(space->fd);
	free(space->maps);
	free(space->ranges);
	free(space->name);
	free(space->domain);
	free(space);
}

int leat_vfio_space_get(struct leat_ctx *ctx, enum vfio_kind kind, const char *domain, int fd,
			const char *addr, struct vfio_space **out)
{
	struct vfio_space *space = find(ctx, domain);
	int err;

	if (space && space->kind != kind)
		return leat_fail(ctx, -EINVAL, "%s: domain %s is one of devices that are reached "
				 "in another way; name another one, or force the way (group:, "
				 "iommufd:)", addr, domain);
	if (space)
		goto done;

	space = new_space(ctx, kind, domain, addr);
	if (!space)
		return leat_fail(ctx, -ENOMEM, "%s: open: out of memory", addr);
	space->foreign = fd >= 0;
	err = open_file(space, fd, addr);
	if (!err)
		err = leat_vfio_kind(space)->open(space, addr);
	if (err) {
		free_space(space);
		return err;
	}
	link_in(space);
done:
	leat_vfio_space_hold(space);
	*out = space;
	return 0;
}

void leat_vfio_space_hold(struct vfio_space *space)
{
	space->users++;
}

void leat_vfio_space_put(struct vfio_space *space)
{
	if (!space || --space->users)
		return;
	leat_aspace_detach(&space->as);
	leat_vfio_kind(space)->close(space);
	link_out(space);
	free_space(space);
}

void leat_vfio_space_forget(struct leat_ctx *ctx)
{
	for (struct vfio_space *s = leat_vfio_spaces(ctx); s; s = s->next) {
		if (s->fd >= 0)
			close(s->fd);
		s->fd = -1;
	}
}

/* ---- members ---- */

int leat_vfio_space_enter(struct vfio_space *space, const char *addr)
{
	int err = leat_vfio_kind(space)->look(space, addr);

	if (!err)
		err = space->ready ? leat_aspace_recheck(&space->as)
				   : leat_aspace_attach(space->ctx, &space->as);
	if (err)
		return err;
	space->ready = true;
	space->members++;
	return 0;
}

void leat_vfio_space_leave(struct vfio_space *space)
{
	if (--space->members)
		return;
	leat_aspace_detach(&space->as);
	space->ready = false;
}

void leat_vfio_space_last(struct vfio_space *space)
{
	if (space->members == 1)
		leat_aspace_detach(&space->as);
}

void leat_vfio_space_left(struct vfio_space *space)
{
	if (space->members)
		leat_vfio_kind(space)->look(space, space->name);
}
