// SPDX-License-Identifier: BSD-3-Clause
/*
 * maps.c - one list of maps and unmaps, and the same answers whatever the kind of the domain.
 */
#include "space_rig.h"

#include "bus/vfio/abi.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define P UINT64_C(0x1000)
#define WINDOW UINT64_C(0xfee00000)
#define TOP (UINT64_C(1) << 48)

static char *memory;			/* 16 pages, and none behind */

enum { MAP, UNMAP };

static const struct step {
	int		op;
	uint64_t	iova, len;
	size_t		off;		/* in the memory */
	int		want;
	const char	*word;		/* of the sentence, where it fails */
	unsigned int	left;		/* maps there are then */
} steps[] = {
	{ UNMAP, 0x10000, P, 0, -ENOENT, NULL, 0 },
	{ MAP, 0x10000, 4 * P, 0, 0, NULL, 1 },
	{ MAP, 0x10000, 4 * P, 0, -EEXIST, "mapped within 0x10000-0x13fff already", 1 },
	{ MAP, 0x12000, P, 0, -EEXIST, "already", 1 },
	{ MAP, 0xf000, 2 * P, 0, -EEXIST, "already", 1 },
	{ MAP, 0xf000, 8 * P, 0, -EEXIST, "already", 1 },
	{ MAP, 0x14000, P, 0, 0, NULL, 2 },
	{ MAP, 0xf000, P, 0, 0, NULL, 3 },

	/* addresses that no device reaches */
	{ MAP, WINDOW, P, 0, -EINVAL, "0xfee00000-0xfee00fff does not lie in one of the IOMMU's "
	  "ranges (0-0xfedfffff, 0xfef00000-0xffffffffffff)", 3 },
	{ MAP, WINDOW - P, 2 * P, 0, -EINVAL, "ranges", 3 },
	{ MAP, TOP, P, 0, -EINVAL, "ranges", 3 },
	{ MAP, TOP - P, P, 0, 0, NULL, 4 },
	{ MAP, 0 - P, 2 * P, 0, -EINVAL, "before the last address", 4 },
	{ MAP, 0x20000, 0, 0, -EINVAL, "there must be some", 4 },

	/* parts of pages, and memory that is not there */
	{ MAP, 0x20800, P, 0, -EINVAL, "device address 0x20800 is no multiple", 4 },
	{ MAP, 0x20000, P, 0x10, -EINVAL, "memory address", 4 },
	{ MAP, 0x20000, P + 1, 0, -EINVAL, "length 0x1001", 4 },
	{ MAP, 0x20000, P, 16 * P, -EFAULT, "no memory there", 4 },

	/* taking away */
	{ UNMAP, 0x11000, P, 0, -EINVAL, NULL, 4 },
	{ UNMAP, 0x10000, 2 * P, 0, -EINVAL, NULL, 4 },
	{ UNMAP, 0x12000, 4 * P, 0, -EINVAL, NULL, 4 },
	{ UNMAP, 0x30000, P, 0, -ENOENT, NULL, 4 },
	{ UNMAP, 0x10000, 0, 0, -EINVAL, NULL, 4 },
	{ UNMAP, 0x10800, P, 0, -EINVAL, NULL, 4 },
	{ UNMAP, 0 - P, 2 * P, 0, -EINVAL, NULL, 4 },
	{ UNMAP, 0xf000, P, 0, 0, NULL, 3 },
	{ UNMAP, 0xf000, P, 0, -ENOENT, NULL, 3 },
	{ UNMAP, 0, 0x20000, 0, 0, NULL, 1 },		/* all within */
	{ UNMAP, TOP - P, P, 0, 0, NULL, 0 },
	{ MAP, 0x10000, 4 * P, 0, 0, NULL, 1 },		/* free again */
	{ UNMAP, 0x10000, 4 * P, 0, 0, NULL, 0 },
};

static int setup(void **state)
{
	char *all = mmap(NULL, 17 * P, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	memory = all;
	return all == MAP_FAILED || munmap(all + 16 * P, P);
}

static void do_step(struct rig *r, struct vfio_space *space, const struct step *s)
{
	struct vfio_map map = { .iova = s->iova, .len = s->len, .va = memory + s->off };
	unsigned int errors = r->errors;
	int got = s->op == MAP ? leat_vfio_map(space, &map)
			       : leat_vfio_unmap(space, s->iova, s->len);

	if (got != s->want || fake_maps() != s->left || space->nmaps != s->left)
		fail_msg("step %td: %d instead of %d, %u maps in the kernel, %u in the list "
			 "instead of %u", s - steps, got, s->want, fake_maps(), space->nmaps,
			 s->left);
	assert_int_equal(r->errors, errors + (s->op == MAP && s->want));
	if (s->word)
		said(r, ADDR, s->word, NULL);
}

static void both_kinds_answer_alike(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct vfio_space *space;
		struct rig r;
		int fd;

		rig_init(&r, 0);
		space = open_space(&r, both_kinds[i], NULL, 48, &fd);
		for (size_t k = 0; k < LEAT_ARRAY_LEN(steps); k++)
			do_step(&r, space, &steps[k]);
		assert_int_equal(space->pinned, 0);
		assert_int_equal(r.warnings, 0);
		close_space(space, fd);
		rig_fini(&r);
	}
}

static void read_only_memory_cannot_be_written(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct leat_seg seg = {
			.va = memory, .iova = 0x10000, .len = P, .read_only = true, .fd = -1,
			.page_size = P,
		};
		struct vfio_space *space;
		struct rig r;
		int fd;

		rig_init(&r, 0);
		space = open_space(&r, both_kinds[i], NULL, 48, &fd);
		assert_int_equal(space->as.ops->dma_map(&space->as, &seg), 0);
		assert_true(fake_reads(seg.iova));
		assert_false(fake_writes(seg.iova));
		space->as.ops->dma_unmap(&space->as, &seg);
		assert_false(fake_reads(seg.iova));
		assert_int_equal(r.warnings, 0);

		/* The kernel calls this success; core hears of it. */
		space->as.ops->dma_unmap(&space->as, &seg);
		assert_int_equal(r.warnings, 1);
		assert_non_null(strstr(r.warning, "nothing was mapped there"));
		close_space(space, fd);
		rig_fini(&r);
	}
}

static void a_container_runs_out_of_maps(void **state)
{
	struct vfio_space *space;
	struct rig r;
	int fd;

	(void)state;
	rig_init(&r, 0);
	fake.dma_limit = 3;
	space = open_space(&r, VFIO_GROUP, NULL, 48, &fd);
	assert_int_equal(space->as.maps_left, 3);
	for (uint64_t k = 0; k < 4; k++) {
		struct vfio_map map = { .iova = (2 * k + 1) * P, .len = P, .va = memory };

		assert_int_equal(leat_vfio_map(space, &map), k < 3 ? 0 : -ENOSPC);
	}
	said(&r, ADDR, "dma_entry_limit", "larger pages", NULL);
	assert_int_equal(fake_maps(), 3);
	assert_int_equal(leat_vfio_unmap(space, 0, 16 * P), 0);
	close_space(space, fd);
	rig_fini(&r);
}

/* The list is found by halves: in any order of coming and going it says what the kernel says. */
static void the_list_follows_any_order(void **state)
{
	uint32_t seed = 20260101;

	(void)state;
	print_message("seed %u\n", seed);
	for (int i = 0; i < 2; i++) {
		struct vfio_space *space;
		struct rig r;
		int fd;

		rig_init(&r, 0);
		space = open_space(&r, both_kinds[i], NULL, 48, &fd);
		for (int k = 0; k < 20000; k++) {
			struct vfio_map map = { .va = memory };

			seed = seed * 1664525 + 1013904223;
			map.iova = (seed >> 28) * 4 * P;
			map.len = ((seed >> 24 & 7) + 1) * P;
			if (seed >> 20 & 1)
				leat_vfio_map(space, &map);
			else
				leat_vfio_unmap(space, map.iova, map.len);
			assert_int_equal(space->nmaps, fake_maps());
			assert_int_equal(space->pinned, fake_locked());
			for (unsigned int m = 1; m < space->nmaps; m++)
				assert_true(space->maps[m].iova > space->maps[m - 1].iova +
					    (space->maps[m - 1].len - 1));
		}
		if (space->nmaps)
			assert_int_equal(leat_vfio_unmap(space, 0, 80 * P), 0);
		assert_int_equal(fake_maps(), 0);
		close_space(space, fd);
		rig_fini(&r);
	}
}

/* ---- the limit of locked memory ---- */

#define KIB UINT64_C(1024)
#define MIB (KIB * KIB)

static char *big;			/* 4 MiB */

static int try_map(struct vfio_space *space, uint64_t iova, uint64_t len)
{
	struct vfio_map map = { .iova = iova, .len = len, .va = big };

	return leat_vfio_map(space, &map);
}

static void a_shortfall_is_told_in_bytes(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct vfio_space *space;
		struct rig r;
		int fd;

		rig_init(&r, 0);
		fake.limit = MIB;
		space = open_space(&r, both_kinds[i], NULL, 48, &fd);
		assert_int_equal(try_map(space, MIB, 512 * KIB), 0);
		assert_int_equal(try_map(space, 16 * MIB, 4 * MIB), -ENOMEM);
		said(&r, ADDR, "4194304 bytes must be locked", "524288 are", "makes 4718592",
		     "limit is 1048576", "\"ulimit -l 4608\"", "prlimit --memlock=4718592 --pid ",
		     "LimitMEMLOCK=4718592", NULL);
		/* It was not even asked. */
		assert_int_equal(fake_called(i ? IOMMU_IOAS_MAP : VFIO_IOMMU_MAP_DMA), 1);
		assert_int_equal(try_map(space, 16 * MIB, 512 * KIB), 0);	/* just */
		assert_int_equal(try_map(space, 32 * MIB, P), -ENOMEM);

		fake.spared = true;
		assert_int_equal(try_map(space, 32 * MIB, 4 * MIB), 0);
		assert_int_equal(leat_vfio_unmap(space, 0, 64 * MIB), 0);
		close_space(space, fd);
		rig_fini(&r);
	}
}

static void a_container_counts_with_the_process(void **state)
{
	struct vfio_space *space;
	struct rig r;
	int fd;

	(void)state;
	rig_init(&r, 0);
	fake.limit = MIB;
	fake.by_process = 768 * KIB;		/* mlock(), or another context */
	space = open_space(&r, VFIO_GROUP, NULL, 48, &fd);
	assert_int_equal(try_map(space, MIB, 512 * KIB), -ENOMEM);
	said(&r, "786432 are", "makes 1310720", NULL);
	assert_int_equal(fake_called(VFIO_IOMMU_MAP_DMA), 0);
	assert_int_equal(try_map(space, MIB, 256 * KIB), 0);

	/* Where /proc cannot be read, our own count is what there is; the kernel's word is last. */
	fake.no_proc = true;
	assert_int_equal(try_map(space, 16 * MIB, MIB), -ENOMEM);
	said(&r, "262144 are", NULL);
	assert_int_equal(fake_called(VFIO_IOMMU_MAP_DMA), 1);
	assert_int_equal(try_map(space, 16 * MIB, 512 * KIB), -ENOMEM);
	said(&r, "524288 bytes", "262144 bytes of the 1048576 allowed", "ulimit -l", NULL);
	assert_int_equal(fake_called(VFIO_IOMMU_MAP_DMA), 2);
	close_space(space, fd);
	assert_int_equal(fake_locked(), 0);
	rig_fini(&r);
}

static void an_iommufd_counts_with_the_user(void **state)
{
	struct vfio_space *space;
	struct rig r;
	int fd;

	(void)state;
	rig_init(&r, 0);
	fake.limit = MIB;
	fake.by_process = 768 * KIB;		/* another account */
	fake.by_user = 512 * KIB;		/* by processes that we do not see */
	space = open_space(&r, VFIO_IOMMUFD, NULL, 48, &fd);
	assert_int_equal(try_map(space, MIB, 512 * KIB), 0);
	assert_int_equal(try_map(space, 16 * MIB, 256 * KIB), -ENOMEM);
	said(&r, "all processes of the user", "524288 bytes of the 1048576 allowed", NULL);
	assert_int_equal(leat_vfio_unmap(space, MIB, 512 * KIB), 0);
	close_space(space, fd);
	rig_fini(&r);
}

/* Copies of another IOAS's maps are free: no limit stops them. */
static void copies_need_no_room(void **state)
{
	struct vfio_space *space[2];
	struct rig r;
	int fd[2];

	(void)state;
	rig_init(&r, MIB);
	fake.limit = MIB;
	for (int i = 0; i < 2; i++)
		space[i] = open_space(&r, VFIO_IOMMUFD, NULL, 48, &fd[i]);
	assert_int_equal(fake_maps(), 2);
	for (int i = 0; i < 2; i++)
		close_space(space[i], fd[i]);
	rig_fini(&r);

	/* Containers have no such thing: the second device is refused, the first stays. */
	rig_init(&r, MIB);
	fake.limit = MIB;
	space[0] = open_space(&r, VFIO_GROUP, NULL, 48, &fd[0]);
	assert_int_equal(leat_vfio_space_get(r.ctx, VFIO_GROUP, NULL, -1, ADDR, &space[1]), 0);
	fd[1] = fake_group(48);
	assert_int_equal(join(space[1], fd[1]), -ENOMEM);
	said(&r, "1048576 are", "makes 2097152", NULL);
	assert_int_equal(fake_maps(), 1);
	close(fd[1]);
	leat_vfio_space_put(space[1]);
	close_space(space[0], fd[0]);
	rig_fini(&r);
}

static int setup_big(void **state)
{
	(void)state;
	big = mmap(NULL, 4 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return big == MAP_FAILED;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(both_kinds_answer_alike, setup),
		cmocka_unit_test_setup(read_only_memory_cannot_be_written, setup),
		cmocka_unit_test_setup(a_container_runs_out_of_maps, setup),
		cmocka_unit_test_setup(the_list_follows_any_order, setup),
		cmocka_unit_test_setup(a_shortfall_is_told_in_bytes, setup_big),
		cmocka_unit_test_setup(a_container_counts_with_the_process, setup_big),
		cmocka_unit_test_setup(an_iommufd_counts_with_the_user, setup_big),
		cmocka_unit_test(copies_need_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
