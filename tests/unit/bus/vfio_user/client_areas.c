// SPDX-License-Identifier: BSD-3-Clause
/*
 * client_areas.c - the chain of capabilities behind a region, tied in all ways.
 */
#include "bus/vfio_user/client_state.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#define PAGE 4096

struct reply {
	struct vfu_region_info info;
	struct vfu_region_cap other;
	struct {				/* a struct vfu_sparse_cap */
		struct vfu_region_cap cap;
		uint32_t nr_areas, reserved;
	} sparse;
	struct vfu_sparse_area area[4];
};

static struct reply good(void)
{
	struct reply r = {
		.info = { .argsz = sizeof(r), .flags = VFU_REGION_F_CAPS, .size = 8 * PAGE,
			  .cap_offset = offsetof(struct reply, other) },
		.other = { .id = 77, .next = offsetof(struct reply, sparse) },
		.sparse = { .cap = { .id = VFU_REGION_CAP_SPARSE, .version = 1 }, .nr_areas = 2 },
		.area = { { PAGE, PAGE }, { 6 * PAGE, 2 * PAGE } },
	};

	return r;
}

static int areas_of(const struct reply *r, struct vfu_area **out, unsigned int *n,
		    const char **why)
{
	return leat_vfu_areas(r, sizeof(*r), PAGE, out, n, why);
}

static void finds_the_areas(void **state)
{
	struct reply r = good();
	struct vfu_area *areas;
	const char *why;
	unsigned int n;

	(void)state;
	assert_int_equal(areas_of(&r, &areas, &n, &why), 0);
	assert_int_equal(n, 2);
	assert_int_equal(areas[1].off, 6 * PAGE);
	assert_int_equal(areas[1].len, 2 * PAGE);
	free(areas);

	r.sparse.nr_areas = 0;
	assert_int_equal(areas_of(&r, &areas, &n, &why), 0);
	assert_int_equal(n, 0);
	free(areas);
}

static void without_capabilities_it_is_all_one(void **state)
{
	struct reply r = good();
	struct vfu_area *areas;
	const char *why;
	unsigned int n;

	(void)state;
	r.info.flags = 0;
	r.info.size = 3 * PAGE + 17;
	assert_int_equal(areas_of(&r, &areas, &n, &why), 0);
	assert_int_equal(n, 1);
	assert_int_equal(areas[0].off, 0);
	assert_int_equal(areas[0].len, 3 * PAGE);
	free(areas);
}

static void refuse(const struct reply *r, const char *because)
{
	struct vfu_area *areas;
	const char *why = "";
	unsigned int n;

	assert_int_equal(areas_of(r, &areas, &n, &why), -EPROTO);
	assert_non_null(strstr(why, because));
}

static void liars(void **state)
{
	struct reply r;

	(void)state;
	r = good(), r.info.cap_offset = 8, refuse(&r, "leaves the reply");
	r = good(), r.info.cap_offset = sizeof(r) - 4, refuse(&r, "leaves the reply");
	r = good(), r.info.cap_offset = UINT32_MAX, refuse(&r, "leaves the reply");
	r = good(), r.other.next = sizeof(r), refuse(&r, "leaves the reply");
	r = good(), r.other.next = offsetof(struct reply, other), refuse(&r, "loop");
	r = good(), r.info.cap_offset = sizeof(r) - 8, r.area[3].size = VFU_REGION_CAP_SPARSE,
	refuse(&r, "cut off");
	r = good(), r.sparse.nr_areas = 5, refuse(&r, "cut off");
	r = good(), r.sparse.nr_areas = UINT32_MAX, refuse(&r, "cut off");
	r = good(), r.area[0].size = 8 * PAGE, refuse(&r, "beyond the region");
	r = good(), r.area[1].offset = UINT64_MAX - PAGE + 1, refuse(&r, "beyond the region");
	r = good(), r.area[1].size = UINT64_MAX - PAGE + 1, refuse(&r, "beyond the region");
	r = good(), r.area[0].offset = 8, refuse(&r, "whole pages");
	r = good(), r.area[0].size = 8, refuse(&r, "whole pages");
}

/* Whatever comes: areas inside the region, or a reason. */
static void random_bytes(void **state)
{
	unsigned int seed = (unsigned int)time(NULL);

	(void)state;
	print_message("seed %u\n", seed);
	srand(seed);
	for (int round = 0; round < 100000; round++) {
		struct reply r = good();
		size_t len = sizeof(r.info) + (size_t)rand() % (sizeof(r) - sizeof(r.info) + 1);
		char *copy = malloc(len);	/* so that ASan sees a step too far */
		struct vfu_area *areas;
		const char *why = NULL;
		unsigned int n;
		int err;

		for (int k = rand() % 4; k > 0; k--)
			((char *)&r)[(size_t)rand() % sizeof(r)] = (char)(rand() % 3 ? rand() % 64 : -1);
		memcpy(copy, &r, len);
		err = leat_vfu_areas(copy, len, PAGE, &areas, &n, &why);
		if (err) {
			assert_int_equal(err, -EPROTO);
			assert_non_null(why);
		} else {
			for (unsigned int i = 0; i < n; i++)
				assert_true(areas[i].off <= r.info.size &&
					    areas[i].len <= r.info.size - areas[i].off);
			free(areas);
		}
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_areas),
		cmocka_unit_test(without_capabilities_it_is_all_one),
		cmocka_unit_test(liars),
		cmocka_unit_test(random_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
