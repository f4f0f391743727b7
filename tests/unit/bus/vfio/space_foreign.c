// SPDX-License-Identifier: BSD-3-Clause
/*
 * space_foreign.c - IOMMU domains in containers and iommufds that somebody else opened.
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

static void a_foreign_container_stays_as_it_is(void **state)
{
	int container, group;
	struct vfio_space *space;
	struct rig r;

	(void)state;
	rig_init(&r, MEM);
	container = fake_container();
	group = fake_group(48);
	assert_int_equal(ioctl(group, VFIO_GROUP_SET_CONTAINER, &container), 0);
	assert_int_equal(ioctl(container, VFIO_SET_IOMMU, (void *)VFIO_TYPE1v2_IOMMU), 0);
	fake.open_errno = EPERM;	/* nothing is opened */

	assert_int_equal(leat_vfio_space_get(r.ctx, VFIO_GROUP, NULL, container, ADDR, &space), 0);
	assert_int_equal(join(space, group), 0);
	assert_int_equal(fake_maps(), 1);
	part(space, group);
	leat_vfio_space_put(space);
	assert_int_equal(r.errors + r.warnings, 0);
	assert_int_equal(fake_maps(), 0);
	assert_int_equal(fake_members(), 1);	/* the launcher's */

	/* And once more, with the same. */
	assert_int_equal(leat_vfio_space_get(r.ctx, VFIO_GROUP, NULL, container, ADDR, &space), 0);
	assert_int_equal(join(space, group), 0);
	part(space, group);
	leat_vfio_space_put(space);
	close(group);
	close(container);
	rig_fini(&r);
}

static void a_foreign_container_may_be_bare(void **state)
{
	struct vfio_space *space;
	int container, group;
	struct rig r;

	(void)state;
	rig_init(&r, MEM);
	container = fake_container();
	group = fake_group(48);
	assert_int_equal(leat_vfio_space_get(r.ctx, VFIO_GROUP, NULL, container, ADDR, &space), 0);
	assert_int_equal(join(space, group), 0);
	assert_int_equal(fake_maps(), 1);
	close_space(space, group);
	close(container);
	rig_fini(&r);
}

/* Two domains on one container map the same addresses: said, and how to mend it. */
static void a_container_twice_needs_a_name(void **state)
{
	struct vfio_space *a, *b;
	int container, group[2];
	struct rig r;

	(void)state;
	rig_init(&r, MEM);
	container = fake_container();
	for (int i = 0; i < 2; i++)
		group[i] = fake_group(48);
	assert_int_equal(leat_vfio_space_get(r.ctx, VFIO_GROUP, NULL, container, ADDR, &a), 0);
	assert_int_equal(join(a, group[0]), 0);
	assert_int_equal(leat_vfio_space_get(r.ctx, VFIO_GROUP, NULL, container, ADDR, &b), 0);
	assert_int_equal(join(b, group[1]), -EEXIST);
	said(&r, "domain=NAME", NULL);
	assert_int_equal(fake_members(), 1);
	leat_vfio_space_put(b);
	close_space(a, group[0]);
	close(group[1]);
	close(container);
	rig_fini(&r);
}

static void a_foreign_iommufd_is_enough(void **state)
{
	struct vfio_space *space;
	struct rig r;
	int iommufd, fd;

	(void)state;
	rig_init(&r, MEM);
	iommufd = fake_iommufd();
	fd = fake_device(48);
	fake.open_errno = EPERM;
	for (int again = 0; again < 2; again++) {	/* the second time it is bound already */
		assert_int_equal(leat_vfio_space_get(r.ctx, VFIO_IOMMUFD, NULL, iommufd, ADDR,
						     &space), 0);
		assert_int_equal(join(space, fd), 0);
		assert_int_equal(fake_maps(), 1);
		part(space, fd);
		leat_vfio_space_put(space);
		assert_int_equal(fake_ioases(), 0);
	}
	assert_int_equal(r.errors + r.warnings, 0);

	/* Bound, but to another one. */
	close(iommufd);
	iommufd = fake_iommufd();
	assert_int_equal(leat_vfio_space_get(r.ctx, VFIO_IOMMUFD, NULL, iommufd, ADDR, &space), 0);
	assert_int_equal(join(space, fd), -ENOENT);
	said(&r, "another iommufd", NULL);
	leat_vfio_space_put(space);
	close(fd);
	close(iommufd);
	rig_fini(&r);
}

/* Two open files: what one has, cannot be copied to the other, nor is it opened for both. */
static void a_foreign_iommufd_is_not_ours(void **state)
{
	struct vfio_space *theirs, *ours;
	int iommufd, fd[2];
	struct rig r;

	(void)state;
	rig_init(&r, MEM);
	iommufd = fake_iommufd();
	fd[0] = fake_device(48);
	assert_int_equal(leat_vfio_space_get(r.ctx, VFIO_IOMMUFD, NULL, iommufd, ADDR, &theirs), 0);
	assert_int_equal(join(theirs, fd[0]), 0);
	fake.open_errno = ENOENT;
	assert_int_equal(leat_vfio_space_get(r.ctx, VFIO_IOMMUFD, NULL, -1, ADDR, &ours), -ENOENT);
	fake.open_errno = 0;
	r.errors = 0;
	ours = open_space(&r, VFIO_IOMMUFD, NULL, 48, &fd[1]);
	assert_int_equal(fake_called(IOMMU_IOAS_MAP), 2);
	assert_int_equal(fake_called(IOMMU_IOAS_COPY), 0);
	assert_int_equal(fake_locked(), 2 * MEM);
	close_space(theirs, fd[0]);
	close_space(ours, fd[1]);
	close(iommufd);
	rig_fini(&r);
}

static void what_is_no_container_is_refused(void **state)
{
	struct vfio_space *space;
	struct rig r;
	int fd;

	(void)state;
	rig_init(&r, 0);
	fd = fake_group(48);
	assert_int_equal(leat_vfio_space_get(r.ctx, VFIO_GROUP, NULL, fd, ADDR, &space), -ENOTTY);
	said(&r, "no container", NULL);
	assert_int_equal(leat_vfio_space_get(r.ctx, VFIO_IOMMUFD, NULL, fd, ADDR, &space), -ENOTTY);
	said(&r, "no iommufd", NULL);
	close(fd);
	assert_int_equal(leat_vfio_space_get(r.ctx, VFIO_GROUP, NULL, 777, ADDR, &space), -EBADF);
	said(&r, "descriptor 777", NULL);
	rig_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_foreign_container_stays_as_it_is),
		cmocka_unit_test(a_foreign_container_may_be_bare),
		cmocka_unit_test(a_container_twice_needs_a_name),
		cmocka_unit_test(a_foreign_iommufd_is_enough),
		cmocka_unit_test(a_foreign_iommufd_is_not_ours),
		cmocka_unit_test(what_is_no_container_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
