// SPDX-License-Identifier: BSD-3-Clause
/*
 * space_worlds.c - IOMMU domains where something is wrong: each says what, and what mends it.
 */
#include "space_rig.h"

#include "bus/vfio/abi.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

#define MEM ((size_t)1 << 20)

static void broken_open(struct rig *r, enum vfio_kind kind, int want, const char *word)
{
	struct vfio_space *space = NULL;

	assert_int_equal(leat_vfio_space_get(r->ctx, kind, NULL, -1, ADDR, &space), want);
	assert_null(space);
	assert_int_equal(r->errors, 1);
	said(r, ADDR, word, NULL);
	assert_int_equal(fake_open_files(), 0);
	rig_fini(r);
}

static void opens_that_fail_say_why(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, MEM);
	fake.open_errno = ENOENT;
	broken_open(&r, VFIO_GROUP, -ENOENT, "modprobe vfio-pci");
	rig_init(&r, MEM);
	fake.open_errno = EACCES;
	broken_open(&r, VFIO_GROUP, -EACCES, "chmod 666 /dev/vfio/vfio");
	rig_init(&r, MEM);
	fake.open_errno = ENOENT;
	broken_open(&r, VFIO_IOMMUFD, -ENOENT, "modprobe iommufd");
	rig_init(&r, MEM);
	fake.open_errno = EACCES;
	broken_open(&r, VFIO_IOMMUFD, -EACCES, "/dev/iommu: permission denied: chown");
	rig_init(&r, MEM);
	fake.api = 1;
	broken_open(&r, VFIO_GROUP, -ENOTSUP, "version 1");
	rig_init(&r, MEM);
	fake.type1 = false;
	broken_open(&r, VFIO_GROUP, -ENODEV, "modprobe vfio_iommu_type1");
	rig_init(&r, MEM);
	broken_open(&r, VFIO_NOIOMMU, -ENODEV, "enable_unsafe_noiommu_mode");
}

static void broken_join(struct rig *r, enum vfio_kind kind, int fd, int want, const char *word)
{
	struct vfio_space *space;

	assert_int_equal(leat_vfio_space_get(r->ctx, kind, NULL, -1, ADDR, &space), 0);
	assert_int_equal(join(space, fd), want);
	assert_int_equal(r->errors, 1);
	said(r, ADDR, word, NULL);
	assert_int_equal(space->members, 0);
	assert_int_equal(fake_maps(), 0);
	leat_vfio_space_put(space);
	close(fd);
	rig_fini(r);
}

static void joins_that_fail_say_why(void **state)
{
	struct vfio_device_bind_iommufd bind = { .argsz = 16 };
	struct rig r;
	int fd, other;

	(void)state;
	rig_init(&r, MEM);
	fake.isolated = false;
	broken_join(&r, VFIO_GROUP, fake_group(48), -EPERM, "echo 1 > /sys/module/vfio_iommu_type1"
		    "/parameters/allow_unsafe_interrupts");
	rig_init(&r, MEM);
	fake.isolated = false;
	broken_join(&r, VFIO_IOMMUFD, fake_device(48), -EPERM, "echo 1 > /sys/module/iommufd/"
		    "parameters/allow_unsafe_interrupts");
	rig_init(&r, MEM);
	fake.noiommu = true;
	broken_join(&r, VFIO_NOIOMMU, fake_noiommu_group(), -EPERM, "CAP_SYS_RAWIO");

	/* In somebody else's hands. */
	rig_init(&r, MEM);
	fd = fake_group(48);
	other = fake_container();
	assert_int_equal(ioctl(fd, VFIO_GROUP_SET_CONTAINER, &other), 0);
	close(other);
	broken_join(&r, VFIO_GROUP, fd, -EINVAL, "another container");
	rig_init(&r, MEM);
	fd = fake_device(48);
	bind.iommufd = fake_iommufd();
	assert_int_equal(ioctl(fd, VFIO_DEVICE_BIND_IOMMUFD, &bind), 0);
	close(bind.iommufd);
	broken_join(&r, VFIO_IOMMUFD, fd, -EBUSY, "another program has it open");

	/* What is no member at all. */
	rig_init(&r, MEM);
	broken_join(&r, VFIO_GROUP, fake_container(), -EINVAL, "container");
	rig_init(&r, MEM);
	broken_join(&r, VFIO_IOMMUFD, fake_group(48), -ENOTTY, "no device of VFIO");
}

static void tokens_need_a_new_kernel(void **state)
{
	static const uint8_t token[16] = { 1 };

	(void)state;
	for (int known = 0; known < 2; known++) {
		struct vfio_space *space;
		int fd = -1, want = known ? 0 : -EINVAL;
		struct rig r;

		rig_init(&r, MEM);
		fake.tokens = known;
		fd = fake_device(48);
		assert_int_equal(leat_vfio_space_get(r.ctx, VFIO_IOMMUFD, NULL, -1, ADDR, &space),
				 0);
		assert_int_equal(leat_vfio_space_add_device(space, fd, token, ADDR), want);
		assert_int_equal(r.errors, !known);
		if (known)
			part(space, fd);
		else
			said(&r, "6.17", "group:", NULL);
		close(fd);
		leat_vfio_space_put(space);
		rig_fini(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_that_fail_say_why),
		cmocka_unit_test(joins_that_fail_say_why),
		cmocka_unit_test(tokens_need_a_new_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
