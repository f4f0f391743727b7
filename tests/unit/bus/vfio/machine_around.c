// SPDX-License-Identifier: BSD-3-Clause
/*
 * machine_around.c - what surrounds the devices of the machine: sysfs in a folder of the
 * test's, and stubs of IOMMU domains.
 *
 * Wraps leat_sysfs_{text,link,number,each}, leat_path_text and
 * leat_vfio_space_{get,put,add_group,add_device,remove_group,remove_device,forget}.
 */
#include "machine_dev.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- sysfs ---- */

int __wrap_leat_sysfs_text(const char *bdf, const char *name, char *buf, size_t size)
{
	m.looks++;
	return leat_sysfs_text_at(m.tree.root, bdf, name, buf, size);
}

int __wrap_leat_sysfs_link(const char *bdf, const char *name, char *buf, size_t size)
{
	m.looks++;
	return leat_sysfs_link_at(m.tree.root, bdf, name, buf, size);
}

int __wrap_leat_sysfs_number(const char *bdf, const char *name, long long *out)
{
	m.looks++;
	return leat_sysfs_number_at(m.tree.root, bdf, name, out);
}

int __wrap_leat_sysfs_each(const char *bdf, const char *name, leat_sysfs_each_fn *each, void *arg)
{
	m.looks++;
	return leat_sysfs_each_at(m.tree.root, bdf, name, each, arg);
}

int __wrap_leat_path_text(const char *root, const char *path, char *buf, size_t size)
{
	m.looks++;
	assert_string_equal(root, "");
	return __real_leat_path_text(m.tree.root, path, buf, size);
}

/* ---- IOMMU domains ---- */

static struct vfio_space *spaces;

int __wrap_leat_vfio_space_get(struct leat_ctx *ctx, enum vfio_kind kind, const char *domain,
			       int fd, const char *addr, struct vfio_space **out)
{
	static const char *const names[] = { "group", "iommufd", "noiommu" };
	struct vfio_space *s = spaces;

	while (s && (!domain || !s->domain || strcmp(domain, s->domain)))
		s = s->next;
	if (!s) {
		if (machine_fails())
			return leat_fail(ctx, -EIO, "%s: no domain", addr);
		s = __real_calloc(1, sizeof(*s));
		*s = (struct vfio_space){
			.ctx = ctx, .kind = kind, .fd = fd, .next = spaces,
			.domain = domain ? strdup(domain) : NULL,
		};
		spaces = s;
		machine_trace("space:%s ", names[kind]);
	}
	s->users++;
	*out = s;
	return 0;
}

void __wrap_leat_vfio_space_put(struct vfio_space *space)
{
	struct vfio_space **at = &spaces;

	if (--space->users)
		return;
	assert_int_equal(space->members, 0);
	while (*at != space)
		at = &(*at)->next;
	*at = space->next;
	machine_trace("put ");
	free(space->domain);
	free(space);
}

static int enter(struct vfio_space *space, const char *addr, const char *what)
{
	if (machine_fails())
		return leat_fail(space->ctx, -EIO, "%s: not into this domain", addr);
	space->members++;
	machine_trace("%s ", what);
	return 0;
}

int __wrap_leat_vfio_space_add_group(struct vfio_space *space, int fd, const char *addr)
{
	assert_non_null(machine_path(fd));
	return enter(space, addr, "add-group");
}

int __wrap_leat_vfio_space_add_device(struct vfio_space *space, int fd, const uint8_t *token,
				      const char *addr)
{
	assert_non_null(machine_path(fd));
	return enter(space, addr, token ? "add-device-by-token" : "add-device");
}

void __wrap_leat_vfio_space_remove_group(struct vfio_space *space, int fd)
{
	assert_non_null(machine_path(fd));
	space->members--;
	machine_trace("remove-group ");
}

void __wrap_leat_vfio_space_remove_device(struct vfio_space *space, int fd)
{
	assert_non_null(machine_path(fd));
	space->members--;
	machine_trace("remove-device ");
}

void __wrap_leat_vfio_space_forget(struct leat_ctx *ctx)
{
	assert_ptr_equal(ctx, m.ctx);
	machine_trace("forget ");
	while (spaces) {
		struct vfio_space *next = spaces->next;

		free(spaces->domain);
		free(spaces);
		spaces = next;
	}
}

unsigned int machine_spaces(void)
{
	unsigned int n = 0;

	for (const struct vfio_space *s = spaces; s; s = s->next)
		n++;
	return n;
}
