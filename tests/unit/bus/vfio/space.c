// SPDX-License-Identifier: BSD-3-Clause
/*
 * space.c - IOMMU domains: members come and go, ranges follow, memory is where it should be.
 */
#include "space_rig.h"

#include "bus/vfio/abi.h"
#include "bus/vfio/ranges.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

#define MEM ((size_t)1 << 20)
#define BIT64(n) (UINT64_C(1) << (n))

static void assert_ranges(const struct vfio_space *space, unsigned int bits)
{
	assert_int_equal(space->as.nranges, 2);
	assert_int_equal(space->as.ranges[0].first, 0);
	assert_int_equal(space->as.ranges[0].last, 0xfedfffff);
	assert_int_equal(space->as.ranges[1].first, 0xfef00000);
	assert_int_equal(space->as.ranges[1].last, BIT64(bits) - 1);
	assert_int_equal(space->as.page_size, 4096);
}

static void memory_is_where_core_put_it(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct leat_mem shared, rings;
		struct vfio_space *space;
		struct rig r;
		int fd;

		rig_init(&r, MEM);
		assert_int_equal(leat_mem_alloc(r.ctx, 4096, 64, &shared), 0);
		assert_false(fake_reads(shared.iova));
		space = open_space(&r, both_kinds[i], NULL, 48, &fd);
		assert_ranges(space, 48);
		assert_true(fake_reads(shared.iova) && fake_writes(shared.iova));
		assert_int_equal(fake_maps(), 1);
		assert_int_equal(fake_locked(), MEM);
		assert_int_equal(space->pinned, MEM);

		assert_int_equal(leat_aspace_alloc(&space->as, 4096, 64, &rings), 0);
		assert_true(fake_writes(rings.iova));
		leat_aspace_free(&space->as, &rings);
		assert_false(fake_reads(rings.iova));

		close_space(space, fd);
		assert_false(fake_reads(shared.iova));
		leat_mem_free(r.ctx, &shared);
		assert_int_equal(r.errors + r.warnings, 0);
		rig_fini(&r);
	}
}

static void type1_tells_its_pages_and_maps(void **state)
{
	struct vfio_space *space;
	struct rig r;
	int fd;

	(void)state;
	rig_init(&r, 0);
	space = open_space(&r, VFIO_GROUP, NULL, 39, &fd);
	assert_ranges(space, 39);
	assert_int_equal(space->as.pgsizes, 0x40201000);
	assert_int_equal(space->as.maps_left, 65535);
	close_space(space, fd);
	rig_fini(&r);
}

static void members_of_a_domain_see_one_map(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct vfio_space *a, *b;
		struct rig r;
		int fd[2];

		rig_init(&r, MEM);
		a = open_space(&r, both_kinds[i], "both", 48, &fd[0]);
		b = open_space(&r, both_kinds[i], "both", 39, &fd[1]);
		assert_ptr_equal(a, b);
		assert_string_equal(a->as.name, "domain both");
		assert_int_equal(fake_members(), 2);
		assert_int_equal(fake_maps(), 1);
		assert_int_equal(fake_locked(), MEM);
		assert_ranges(a, 39);		/* the narrowest */

		close_space(b, fd[1]);
		assert_ranges(a, 48);		/* and wide again */
		assert_int_equal(fake_maps(), 1);
		close_space(a, fd[0]);
		assert_null(leat_vfio_spaces(r.ctx));
		rig_fini(&r);
	}
}

/* A domain whose last member left takes new ones, as at first. */
static void a_domain_outlives_its_members(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct vfio_space *space;
		struct rig r;
		int fd;

		rig_init(&r, MEM);
		space = open_space(&r, both_kinds[i], NULL, 48, &fd);
		part(space, fd);
		close(fd);
		assert_int_equal(fake_maps(), 0);
		assert_false(space->ready);
		fd = new_member(both_kinds[i], 39);
		assert_int_equal(join(space, fd), 0);
		assert_int_equal(fake_maps(), 1);
		assert_ranges(space, 39);
		close_space(space, fd);
		assert_int_equal(r.errors + r.warnings, 0);
		rig_fini(&r);
	}
}

static void ioases_lock_shared_memory_once(void **state)
{
	struct vfio_space *space[3];
	struct leat_mem mem;
	struct rig r;
	int fd[3];

	(void)state;
	rig_init(&r, MEM);
	assert_int_equal(leat_mem_alloc(r.ctx, 64, 64, &mem), 0);
	for (int i = 0; i < 3; i++)
		space[i] = open_space(&r, VFIO_IOMMUFD, NULL, 48, &fd[i]);
	assert_int_equal(fake_ioases(), 3);
	assert_int_equal(fake_maps(), 3);
	assert_int_equal(fake_called(IOMMU_IOAS_MAP), 1);
	assert_int_equal(fake_called(IOMMU_IOAS_COPY), 2);
	assert_int_equal(fake_locked(), MEM);
	assert_int_equal(space[0]->pinned, MEM);
	assert_int_equal(space[1]->pinned + space[2]->pinned, 0);

	/* Whoever has it, it is counted: and once. */
	close_space(space[0], fd[0]);
	assert_int_equal(fake_locked(), MEM);
	assert_int_equal(space[1]->pinned + space[2]->pinned, MEM);
	assert_true(fake_writes(mem.iova));
	close_space(space[2], fd[2]);
	assert_int_equal(space[1]->pinned, MEM);
	close_space(space[1], fd[1]);
	assert_int_equal(fake_locked(), 0);
	leat_mem_free(r.ctx, &mem);
	rig_fini(&r);
}

static void containers_count_each_for_itself(void **state)
{
	struct vfio_space *space[2];
	struct rig r;
	int fd[2];

	(void)state;
	rig_init(&r, MEM);
	for (int i = 0; i < 2; i++)
		space[i] = open_space(&r, VFIO_GROUP, NULL, 48, &fd[i]);
	assert_int_equal(fake_locked(), 2 * MEM);
	close_space(space[0], fd[0]);
	close_space(space[1], fd[1]);
	rig_fini(&r);
}

/* Whether the kernel refuses or we do. */
static void who_cannot_reach_stays_out(void **state)
{
	static char page[8192];

	(void)state;
	for (int i = 0; i < 4; i++) {
		uintptr_t at = ((uintptr_t)page + 4095) & ~(uintptr_t)4095;
		struct vfio_map map = { .iova = BIT64(40), .len = 4096, .va = (void *)at };
		struct vfio_space *space;
		struct rig r;
		int fd, narrow;

		rig_init(&r, MEM);
		fake.careless = i >= 2;
		space = open_space(&r, both_kinds[i % 2], NULL, 48, &fd);
		assert_int_equal(leat_vfio_map(space, &map), 0);
		narrow = new_member(both_kinds[i % 2], 39);
		assert_int_equal(join(space, narrow), -ENOSPC);
		assert_int_equal(r.errors, 1);
		said(&r, ADDR, "reach", "domain of its own", NULL);
		close(narrow);

		assert_int_equal(fake_members(), 1);
		assert_int_equal(fake_maps(), 2);
		assert_ranges(space, 48);
		assert_int_equal(leat_vfio_unmap(space, map.iova, map.len), 0);
		close_space(space, fd);
		assert_int_equal(r.errors, 1);
		rig_fini(&r);
	}
}

/* Core places first, and then a device comes that reaches nothing there. */
static void memory_out_of_reach_is_said_by_core(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct vfio_space *space;
		struct rig r;
		int fd;

		rig_init(&r, (size_t)8 << 20);
		assert_int_equal(leat_vfio_space_get(r.ctx, both_kinds[i], NULL, -1, ADDR, &space),
				 0);
		fd = new_member(both_kinds[i], 22);
		assert_int_equal(join(space, fd), -ENOSPC);
		assert_int_equal(r.errors, 1);
		assert_int_equal(fake_members(), 0);
		close(fd);
		leat_vfio_space_put(space);
		rig_fini(&r);
	}
}

static void many_ranges_fit(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct vfio_space *space;
		struct rig r;
		int fd;

		rig_init(&r, MEM);
		fake.holes = 100;
		space = open_space(&r, both_kinds[i], NULL, 48, &fd);
		assert_int_equal(space->as.nranges, 102);
		for (unsigned int k = 1; k < 102; k++)
			assert_true(space->ranges[k].first > space->ranges[k - 1].last);
		close_space(space, fd);
		rig_fini(&r);
	}
}

static void a_kernel_without_ranges_is_x86(void **state)
{
	struct vfio_space *space;
	struct rig r;
	int fd;

	(void)state;
	rig_init(&r, MEM);
	fake.coy = true;
	space = open_space(&r, VFIO_GROUP, NULL, 48, &fd);
	assert_ranges(space, 39);
	assert_int_equal(space->as.maps_left, 65535);
	close_space(space, fd);
	rig_fini(&r);
}

static void a_domain_has_one_kind(void **state)
{
	struct vfio_space *space, *other = NULL;
	struct rig r;
	int fd;

	(void)state;
	rig_init(&r, 0);
	space = open_space(&r, VFIO_GROUP, "lan", 48, &fd);
	assert_int_equal(leat_vfio_space_get(r.ctx, VFIO_IOMMUFD, "lan", -1, ADDR, &other), -EINVAL);
	assert_null(other);
	said(&r, ADDR, "lan", "group:", "iommufd:", NULL);
	close_space(space, fd);
	rig_fini(&r);
}

/* ---- wrong worlds ---- */

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

/* ---- descriptors from somebody else ---- */

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

/* ---- */

static void a_child_lets_go_and_says_nothing(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct vfio_space *space;
		unsigned int calls;
		struct rig r;
		int fd;

		rig_init(&r, MEM);
		space = open_space(&r, both_kinds[i], NULL, 48, &fd);
		calls = fake_calls();
		leat_vfio_space_forget(r.ctx);
		assert_int_equal(fake_open_files(), 1);		/* the member's */
		assert_int_equal(space->fd, -1);
		assert_int_equal(fake_calls(), calls);
		assert_int_equal(fake_called(VFIO_IOMMU_UNMAP_DMA) + fake_called(IOMMU_IOAS_UNMAP),
				 0);
		leat_vfio_space_forget(r.ctx);
		close_space(space, fd);
		rig_fini(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_where_core_put_it),
		cmocka_unit_test(type1_tells_its_pages_and_maps),
		cmocka_unit_test(members_of_a_domain_see_one_map),
		cmocka_unit_test(a_domain_outlives_its_members),
		cmocka_unit_test(ioases_lock_shared_memory_once),
		cmocka_unit_test(containers_count_each_for_itself),
		cmocka_unit_test(who_cannot_reach_stays_out),
		cmocka_unit_test(memory_out_of_reach_is_said_by_core),
		cmocka_unit_test(many_ranges_fit),
		cmocka_unit_test(a_kernel_without_ranges_is_x86),
		cmocka_unit_test(a_domain_has_one_kind),
		cmocka_unit_test(opens_that_fail_say_why),
		cmocka_unit_test(joins_that_fail_say_why),
		cmocka_unit_test(tokens_need_a_new_kernel),
		cmocka_unit_test(a_foreign_container_stays_as_it_is),
		cmocka_unit_test(a_foreign_container_may_be_bare),
		cmocka_unit_test(a_container_twice_needs_a_name),
		cmocka_unit_test(a_foreign_iommufd_is_enough),
		cmocka_unit_test(a_foreign_iommufd_is_not_ours),
		cmocka_unit_test(what_is_no_container_is_refused),
		cmocka_unit_test(a_child_lets_go_and_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
