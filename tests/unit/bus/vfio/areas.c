// SPDX-License-Identifier: BSD-3-Clause
/*
 * areas.c - which parts of a region can be mapped, out of answers well made and not.
 */
#include "bus/vfio/areas.h"

#include "bus/vfio/abi.h"

#include <leat/compiler.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define PAGE 4096

struct answer {
	struct vfio_region_info info;
	struct vfio_info_cap_header head;
	uint32_t nr_areas, reserved;
	struct vfio_region_sparse_mmap_area area[4];
};

static struct answer sparse(uint64_t size, uint32_t n)
{
	return (struct answer){
		.info = { .argsz = sizeof(struct answer), .size = size, .cap_offset = 32,
			  .flags = VFIO_REGION_INFO_FLAG_CAPS },
		.head = { .id = VFIO_REGION_INFO_CAP_SPARSE_MMAP, .version = 1 },
		.nr_areas = n,
	};
}

static int parse(const void *from, size_t len, struct vfio_areas *out, const char **why)
{
	void *copy = malloc(len);	/* exactly: a sanitizer sees a byte too far */
	int err;

	assert_non_null(copy);
	memcpy(copy, from, len);
	*why = "";
	err = leat_vfio_areas(copy, len, PAGE, out, why);
	free(copy);
	return err;
}

/* Start and end of each, 0 at the end. */
static void holds(struct vfio_areas *a, const uint64_t *want)
{
	for (unsigned int i = 0; i < a->n; i++, want += 2) {
		assert_int_equal(a->area[i].start, want[0]);
		assert_int_equal(a->area[i].end, want[1]);
	}
	assert_int_equal(want[1], 0);
	leat_vfio_areas_free(a);
	assert_null(a->area);
}

static void whole_regions(void **state)
{
	struct vfio_region_info info = { .size = 3 * PAGE };
	struct vfio_areas a;
	const char *why;

	(void)state;
	assert_int_equal(parse(&info, sizeof(info), &a, &why), 0);
	holds(&a, (uint64_t[]){ 0, 3 * PAGE, 0, 0 });

	/* The kernel keeps the rest of a small BAR's page free, or does not offer to map it. */
	info.size = 256;
	assert_int_equal(parse(&info, sizeof(info), &a, &why), 0);
	holds(&a, (uint64_t[]){ 0, PAGE, 0, 0 });

	/* An offset without the flag is none. */
	info.cap_offset = 7;
	assert_int_equal(parse(&info, sizeof(info), &a, &why), 0);
	holds(&a, (uint64_t[]){ 0, PAGE, 0, 0 });
}

static void sparse_regions(void **state)
{
	struct answer s = sparse(8 * PAGE, 3);
	struct vfio_areas a;
	const char *why;

	(void)state;
	s.area[0] = (struct vfio_region_sparse_mmap_area){ 6 * PAGE, 2 * PAGE };
	s.area[1] = (struct vfio_region_sparse_mmap_area){ 0, PAGE };
	s.area[2] = (struct vfio_region_sparse_mmap_area){ 2 * PAGE + 1, PAGE + 8 };
	assert_int_equal(parse(&s, sizeof(s), &a, &why), 0);
	holds(&a, (uint64_t[]){ 6 * PAGE, 8 * PAGE, 0, PAGE, 0, 0 });

	/* None of it. */
	s.nr_areas = 0;
	assert_int_equal(parse(&s, sizeof(s), &a, &why), 0);
	holds(&a, (uint64_t[]){ 0, 0 });
}

static void malformed_answers(void **state)
{
	struct answer s = sparse(8 * PAGE, 1);
	struct vfio_areas a = { 0 };
	const char *why;

	(void)state;
	s.area[0] = (struct vfio_region_sparse_mmap_area){ PAGE, 8 * PAGE };
	assert_int_equal(parse(&s, sizeof(s), &a, &why), -EPROTO);
	assert_string_equal(why, "a mappable area reaches beyond it");
	s.area[0] = (struct vfio_region_sparse_mmap_area){ 9 * PAGE, 0 };
	assert_int_equal(parse(&s, sizeof(s), &a, &why), -EPROTO);
	s.area[0] = (struct vfio_region_sparse_mmap_area){ PAGE, UINT64_MAX };
	assert_int_equal(parse(&s, sizeof(s), &a, &why), -EPROTO);

	s.nr_areas = 5;
	assert_int_equal(parse(&s, sizeof(s), &a, &why), -EPROTO);
	assert_string_equal(why, "the list of its mappable areas is cut off");
	s.nr_areas = UINT32_MAX;
	assert_int_equal(parse(&s, sizeof(s), &a, &why), -EPROTO);
	assert_int_equal(parse(&s, 40, &a, &why), -EPROTO);
	assert_string_equal(why, "the list of its mappable areas is cut off");

	s.head.id = 9;
	s.head.next = 32;
	assert_int_equal(parse(&s, sizeof(s), &a, &why), -EPROTO);
	assert_string_equal(why, "its list of capabilities leads nowhere");
	s.info.cap_offset = sizeof(s) - 4;
	assert_int_equal(parse(&s, sizeof(s), &a, &why), -EPROTO);
	assert_null(a.area);
}

static struct vfio_areas whole(uint64_t size)
{
	struct vfio_region_info info = { .size = size };
	struct vfio_areas a;
	const char *why;

	assert_int_equal(leat_vfio_areas(&info, sizeof(info), PAGE, &a, &why), 0);
	return a;
}

static void cutting(void **state)
{
	static const struct { uint64_t from, to, left[6]; } cut[] = {
		{ 0, 16, { PAGE, 4 * PAGE, 0, 0 } },
		{ PAGE + 8, PAGE + 9, { 0, PAGE, 2 * PAGE, 4 * PAGE, 0, 0 } },
		{ PAGE, 2 * PAGE, { 0, PAGE, 2 * PAGE, 4 * PAGE, 0, 0 } },
		{ 2 * PAGE - 1, 2 * PAGE + 1, { 0, PAGE, 3 * PAGE, 4 * PAGE, 0, 0 } },
		{ 3 * PAGE, 9 * PAGE, { 0, 3 * PAGE, 0, 0 } },
		{ 4 * PAGE, 5 * PAGE, { 0, 4 * PAGE, 0, 0 } },
		{ 0, 4 * PAGE, { 0, 0 } },
	};

	(void)state;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(cut); i++) {
		struct vfio_areas a = whole(4 * PAGE);

		assert_int_equal(leat_vfio_areas_cut(&a, cut[i].from, cut[i].to, PAGE), 0);
		holds(&a, cut[i].left);
	}
}

static void cutting_again_and_nothing(void **state)
{
	struct vfio_areas a = whole(8 * PAGE), none = { 0 };

	(void)state;
	assert_int_equal(leat_vfio_areas_cut(&a, 2 * PAGE, 3 * PAGE, PAGE), 0);
	assert_int_equal(leat_vfio_areas_cut(&a, 5 * PAGE, 6 * PAGE, PAGE), 0);
	assert_int_equal(leat_vfio_areas_cut(&a, 2 * PAGE, 3 * PAGE, PAGE), 0);
	holds(&a, (uint64_t[]){ 0, 2 * PAGE, 3 * PAGE, 5 * PAGE, 6 * PAGE, 8 * PAGE, 0, 0 });
	assert_int_equal(leat_vfio_areas_cut(&none, 0, PAGE, PAGE), 0);
	holds(&none, (uint64_t[]){ 0, 0 });
}

static void holding(void **state)
{
	struct vfio_areas a = whole(4 * PAGE);

	(void)state;
	assert_int_equal(leat_vfio_areas_cut(&a, PAGE, 2 * PAGE, PAGE), 0);
	assert_true(leat_vfio_areas_hold(&a, 0, PAGE));
	assert_true(leat_vfio_areas_hold(&a, 2 * PAGE, 4 * PAGE));
	assert_true(leat_vfio_areas_hold(&a, 3 * PAGE, 4 * PAGE));
	assert_false(leat_vfio_areas_hold(&a, 0, 2 * PAGE));
	assert_false(leat_vfio_areas_hold(&a, PAGE, 3 * PAGE));
	assert_false(leat_vfio_areas_hold(&a, 0, 4 * PAGE));
	assert_false(leat_vfio_areas_hold(&a, 3 * PAGE, 5 * PAGE));
	leat_vfio_areas_free(&a);
	assert_false(leat_vfio_areas_hold(&a, 0, PAGE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_regions),
		cmocka_unit_test(sparse_regions),
		cmocka_unit_test(malformed_answers),
		cmocka_unit_test(cutting),
		cmocka_unit_test(cutting_again_and_nothing),
		cmocka_unit_test(holding),
	};

	return cmocka_run_group_tests_name("bus/vfio/areas", tests, NULL, NULL);
}
