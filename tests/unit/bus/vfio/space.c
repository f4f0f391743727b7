// SPDX-License-Identifier: BSD-3-Clause
/*
 * space.c - IOMMU domains: members come and go, ranges follow, memory is where it should be.
 */
#include "space_rig.h"

#include "bus/vfio/abi.h"

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

/* The kernel takes a group out of its container as soon as its last device is closed. */
static void the_last_device_unmaps_before_it_goes(void **state)
{
	struct vfio_space *space;
	struct rig r;
	int fd[2];

	(void)state;
	rig_init(&r, MEM);
	space = open_space(&r, VFIO_GROUP, "lan", 48, &fd[0]);
	assert_ptr_equal(open_space(&r, VFIO_GROUP, "lan", 48, &fd[1]), space);
	leat_vfio_space_last(space);	/* of its group, but not of the domain */
	assert_int_equal(fake_maps(), 1);
	close_space(space, fd[1]);

	leat_vfio_space_last(space);
	assert_int_equal(fake_maps(), 0);
	assert_int_equal(ioctl(fd[0], VFIO_GROUP_UNSET_CONTAINER), 0);
	close_space(space, fd[0]);
	assert_int_equal(r.errors + r.warnings, 0);
	rig_fini(&r);
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
	(void)state;
	for (int i = 0; i < 4; i++) {
		struct vfio_space *space;
		struct rig r;
		int fd, narrow;

		rig_init(&r, 8 * MEM);
		fake.careless = i >= 2;
		space = open_space(&r, both_kinds[i % 2], "lan", 48, &fd);
		narrow = new_member(both_kinds[i % 2], 22);
		assert_int_equal(join(space, narrow), -ENOSPC);
		assert_int_equal(r.errors, 1);
		if (fake.careless)
			said(&r, "domain lan", "(0-0x3fffff)", NULL);
		else
			said(&r, ADDR, "reach", "domain of its own", NULL);
		close(narrow);

		assert_int_equal(fake_members(), 1);
		assert_int_equal(fake_maps(), 1);
		assert_ranges(space, 48);
		close_space(space, fd);
		assert_int_equal(r.errors, 1);
		rig_fini(&r);
	}
}

/* Nobody translates: nothing is mapped, and the context must know. */
static void without_an_iommu_nothing_is_mapped(void **state)
{
	struct leat_ctx_config cfg = { .iova = LEAT_IOVA_PHYS };
	struct vfio_space *space;
	struct leat_ctx *chosen;
	struct rig r;
	int fd;

	(void)state;
	rig_init(&r, 0);
	fake.noiommu = true;
	fake.rawio = true;
	fd = fake_noiommu_group();
	assert_int_equal(leat_vfio_space_get(r.ctx, VFIO_NOIOMMU, NULL, -1, ADDR, &space), 0);
	assert_int_equal(join(space, fd), -EINVAL);
	said(&r, ADDR, "LEAT_IOVA_PHYS", NULL);
	assert_int_equal(fake_members(), 0);
	leat_vfio_space_put(space);

	chosen = r.ctx;
	assert_int_equal(leat_ctx_open(&cfg, &r.ctx), 0);
	assert_int_equal(leat_vfio_space_get(r.ctx, VFIO_NOIOMMU, NULL, -1, ADDR, &space), 0);
	assert_int_equal(join(space, fd), 0);
	assert_true(space->as.phys);
	assert_int_equal(fake_members(), 1);
	close_space(space, fd);
	assert_int_equal(fake_called(VFIO_IOMMU_MAP_DMA) + fake_called(VFIO_IOMMU_GET_INFO), 0);
	leat_ctx_close(chosen);
	rig_fini(&r);
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
	assert_int_equal(leat_vfio_space_get(r.ctx, VFIO_IOMMUFD, "lan", -1, ADDR, &other),
			 -EINVAL);
	assert_null(other);
	said(&r, ADDR, "lan", "group:", "iommufd:", NULL);
	close_space(space, fd);
	rig_fini(&r);
}

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
		cmocka_unit_test(the_last_device_unmaps_before_it_goes),
		cmocka_unit_test(ioases_lock_shared_memory_once),
		cmocka_unit_test(containers_count_each_for_itself),
		cmocka_unit_test(who_cannot_reach_stays_out),
		cmocka_unit_test(without_an_iommu_nothing_is_mapped),
		cmocka_unit_test(memory_out_of_reach_is_said_by_core),
		cmocka_unit_test(many_ranges_fit),
		cmocka_unit_test(a_kernel_without_ranges_is_x86),
		cmocka_unit_test(a_domain_has_one_kind),
		cmocka_unit_test(a_child_lets_go_and_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
