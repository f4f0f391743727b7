// SPDX-License-Identifier: BSD-3-Clause
/*
 * space_rig.c - a context on the fake kernel.
 */
#include "space_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

const enum vfio_kind both_kinds[2] = { VFIO_GROUP, VFIO_IOMMUFD };

static void take_log(void *arg, enum leat_log_level level, const char *message)
{
	struct rig *r = arg;

	if (level == LEAT_LOG_ERROR) {
		r->errors++;
		snprintf(r->error, sizeof(r->error), "%s", message);
	}
	if (level == LEAT_LOG_WARNING) {
		r->warnings++;
		snprintf(r->warning, sizeof(r->warning), "%s", message);
	}
}

void rig_init(struct rig *r, size_t mem)
{
	struct leat_ctx_config cfg = {
		.mem_size = mem, .page_size = 4096, .log = take_log, .log_arg = r,
		.log_level = LEAT_LOG_WARNING,
	};

	fake_reset();
	*r = (struct rig){ 0 };
	assert_int_equal(leat_ctx_open(&cfg, &r->ctx), 0);
}

void rig_fini(struct rig *r)
{
	leat_ctx_close(r->ctx);
	assert_int_equal(fake_open_files(), 0);
	assert_int_equal(fake_maps(), 0);
	assert_int_equal(fake_locked(), 0);
}

int new_member(enum vfio_kind kind, unsigned int bits)
{
	if (kind == VFIO_IOMMUFD)
		return fake_device(bits);
	return kind == VFIO_GROUP ? fake_group(bits) : fake_noiommu_group();
}

int join(struct vfio_space *space, int fd)
{
	return space->kind == VFIO_IOMMUFD ? leat_vfio_space_add_device(space, fd, NULL, ADDR)
					   : leat_vfio_space_add_group(space, fd, ADDR);
}

void part(struct vfio_space *space, int fd)
{
	if (space->kind == VFIO_IOMMUFD)
		leat_vfio_space_remove_device(space, fd);
	else
		leat_vfio_space_remove_group(space, fd);
}

struct vfio_space *open_space(struct rig *r, enum vfio_kind kind, const char *domain,
			      unsigned int bits, int *fd)
{
	struct vfio_space *space;

	assert_int_equal(leat_vfio_space_get(r->ctx, kind, domain, -1, ADDR, &space), 0);
	*fd = new_member(kind, bits);
	assert_int_equal(join(space, *fd), 0);
	assert_int_equal(r->errors, 0);
	return space;
}

void close_space(struct vfio_space *space, int fd)
{
	part(space, fd);
	close(fd);
	leat_vfio_space_put(space);
}

void said(const struct rig *r, ...)
{
	va_list words;
	const char *word;

	va_start(words, r);
	while ((word = va_arg(words, const char *)))
		if (!strstr(r->error, word))
			fail_msg("\"%s\" does not say \"%s\"", r->error, word);
	va_end(words);
}
