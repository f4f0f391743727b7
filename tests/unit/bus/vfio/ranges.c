// SPDX-License-Identifier: BSD-3-Clause
/*
 * ranges.c - the kernel's answer to GET_INFO, true and forged.
 */
#include "bus/vfio/ranges.h"

#include "bus/vfio/abi.h"
#include "bus/vfio/chain.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What a q35 guest with intel-iommu,aw-bits=48 answered, to the byte. */
struct answer {
	struct vfio_iommu_type1_info info;
	struct vfio_iommu_type1_info_cap_migration migration;
	struct vfio_iommu_type1_info_dma_avail avail;
	uint32_t	pad;
	struct {
		struct vfio_info_cap_header header;
		uint32_t nr_iovas, reserved;
	} cap;
	struct vfio_iova_range r[2];
};
LEAT_STATIC_ASSERT(sizeof(struct answer) == 120, "no holes");

static struct answer golden(void)
{
	return (struct answer){
		.info = {
			.argsz = sizeof(struct answer),
			.flags = VFIO_IOMMU_INFO_PGSIZES | VFIO_IOMMU_INFO_CAPS,
			.iova_pgsizes = 0x40201000,
			.cap_offset = offsetof(struct answer, migration),
		},
		.migration = {
			.header = { 2, 1, offsetof(struct answer, avail) },
			.pgsize_bitmap = 4096, .max_dirty_bitmap_size = 256 << 20,
		},
		.avail = { .header = { 3, 1, offsetof(struct answer, cap) }, .avail = 65535 },
		.cap = { .header = { 1, 1, 0 }, .nr_iovas = 2 },
		.r = { { 0, 0xfedfffff }, { 0xfef00000, (UINT64_C(1) << 48) - 1 } },
	};
}

/* From memory that ends where the answer does, so that a look behind is seen. */
static int parse(const void *answer, size_t size, struct vfio_type1_look *look)
{
	void *copy = malloc(size ? size : 1);
	int err;

	assert_non_null(copy);
	memcpy(copy, answer, size);
	err = leat_vfio_type1_parse(copy, size, look);
	free(copy);
	return err;
}

static int parse_only(const struct answer *a)
{
	struct vfio_type1_look look;
	int err = parse(a, sizeof(*a), &look);

	if (err)
		assert_null(look.ranges);
	free(look.ranges);
	return err;
}

static void the_golden_answer_is_read(void **state)
{
	struct answer a = golden();
	struct vfio_type1_look look;

	(void)state;
	assert_int_equal(parse(&a, sizeof(a), &look), 0);
	assert_int_equal(look.pgsizes, 0x40201000);
	assert_int_equal(look.maps_left, 65535);
	assert_int_equal(look.nranges, 2);
	assert_int_equal(look.ranges[0].first, 0);
	assert_int_equal(look.ranges[0].last, 0xfedfffff);
	assert_int_equal(look.ranges[1].first, 0xfef00000);
	assert_int_equal(look.ranges[1].last, 0xffffffffffff);
	free(look.ranges);
}

static void what_is_not_told_is_open(void **state)
{
	struct answer a = golden();
	struct vfio_type1_look look;

	(void)state;
	a.info.flags = 0;
	assert_int_equal(parse(&a, sizeof(a), &look), 0);
	assert_int_equal(look.pgsizes, 0);
	assert_int_equal(look.maps_left, UINT32_MAX);
	assert_null(look.ranges);
	assert_int_equal(parse(&a, sizeof(a.info) - 1, &look), -EPROTO);

	a = golden();
	a.info.cap_offset = 0;
	assert_int_equal(parse(&a, sizeof(a), &look), 0);
	assert_null(look.ranges);
}

static void forged_answers_are_refused(void **state)
{
	struct answer a;

	(void)state;
	a = golden();
	a.avail.header.next = a.info.cap_offset;	/* a circle */
	assert_int_equal(parse_only(&a), -EPROTO);
	a = golden();
	a.migration.header.next = offsetof(struct answer, migration);
	assert_int_equal(parse_only(&a), -EPROTO);
	a = golden();
	a.info.cap_offset = sizeof(a);				/* behind the end */
	assert_int_equal(parse_only(&a), -EPROTO);
	a = golden();
	a.info.cap_offset = UINT32_MAX;
	assert_int_equal(parse_only(&a), -EPROTO);
	a = golden();
	a.avail.header.next = sizeof(a) - 8;			/* a header, and no more */
	a.r[1] = (struct vfio_iova_range){ .end = 1 };
	assert_int_equal(parse_only(&a), -EPROTO);
	a = golden();
	a.cap.nr_iovas = 3;					/* one more than there are */
	assert_int_equal(parse_only(&a), -EPROTO);
	a = golden();
	a.cap.nr_iovas = UINT32_MAX;
	assert_int_equal(parse_only(&a), -EPROTO);
	a = golden();
	a.cap.nr_iovas = 0;					/* no address at all */
	assert_int_equal(parse_only(&a), -EPROTO);
	a = golden();
	a.r[1].end = 0xfeefffff;				/* ends before it begins */
	assert_int_equal(parse_only(&a), -EPROTO);
}

static void too_many_ranges_are_refused(void **state)
{
	size_t n = VFIO_RANGES_MAX + 1, size = sizeof(struct answer) + n * 16;
	struct answer *a = calloc(1, size);
	struct vfio_type1_look look;

	(void)state;
	assert_non_null(a);
	*a = golden();
	a->cap.nr_iovas = (uint32_t)n;
	assert_int_equal(parse(a, size, &look), -E2BIG);
	a->cap.nr_iovas--;
	assert_int_equal(parse(a, size, &look), 0);
	assert_int_equal(look.nranges, 2);	/* the others say 0 to 0 */
	free(look.ranges);
	free(a);
}

static void ranges_are_sorted_and_joined(void **state)
{
	struct leat_iova_range r[] = {
		{ 100, 199 }, { 0, 9 }, { 200, 299 }, { 10, 19 }, { 150, 160 }, { 50, 50 },
		{ 1000, UINT64_MAX }, { 2000, 3000 }, { UINT64_MAX, UINT64_MAX },
	};
	struct leat_iova_range bad[] = { { 0, 9 }, { 6, 5 } };

	(void)state;
	assert_int_equal(leat_vfio_ranges_tidy(r, LEAT_ARRAY_LEN(r)), 4);
	assert_true(r[0].first == 0 && r[0].last == 19);
	assert_true(r[1].first == 50 && r[1].last == 50);
	assert_true(r[2].first == 100 && r[2].last == 299);
	assert_true(r[3].first == 1000 && r[3].last == UINT64_MAX);
	assert_int_equal(leat_vfio_ranges_tidy(bad, 2), -EPROTO);
	assert_int_equal(leat_vfio_ranges_tidy(bad, 0), 0);
}

static void a_range_holds_what_lies_in_it(void **state)
{
	static const struct leat_iova_range r[] = { { 0x1000, 0x2fff }, { 0x4000, UINT64_MAX } };
	struct leat_aspace as = { .ranges = r, .nranges = 2 };
	char text[64], small[8];

	(void)state;
	assert_true(leat_vfio_ranges_hold(&as, 0x1000, 0x2000));
	assert_false(leat_vfio_ranges_hold(&as, 0x1000, 0x2001));
	assert_false(leat_vfio_ranges_hold(&as, 0xfff, 2));
	assert_false(leat_vfio_ranges_hold(&as, 0x2000, 0x3000));	/* across the hole */
	assert_true(leat_vfio_ranges_hold(&as, UINT64_MAX, 1));
	assert_string_equal(leat_aspace_ranges(&as, text, sizeof(text)),
			    "0x1000-0x2fff, 0x4000-0xffffffffffffffff");
	assert_string_equal(leat_aspace_ranges(&as, small, sizeof(small)), "0x1000-");
	as.nranges = 0;
	assert_true(leat_vfio_ranges_hold(&as, 0, UINT64_MAX));
	assert_string_equal(leat_aspace_ranges(&as, text, sizeof(text)), "all");
}

static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

/* A few bytes of the answer, or its length, are wrong: never more than a refusal. */
static void no_answer_harms(void **state)
{
	uint32_t seed = 20260102, good = 0, bad = 0;

	(void)state;
	print_message("seed %u\n", seed);
	for (int i = 0; i < 200000; i++) {
		struct answer a = golden();
		size_t size = sizeof(a);
		struct vfio_type1_look look;
		int err;

		for (uint32_t n = next(&seed) % 4; n; n--) {
			uint32_t at = next(&seed) % sizeof(a);

			/* Small numbers are offsets and counts: those that hurt. */
			((unsigned char *)&a)[at] = (unsigned char)(next(&seed) % 2
				? next(&seed) : next(&seed) % 16 * 8);
		}
		if (next(&seed) % 4 == 0)
			size = next(&seed) % sizeof(a);
		err = parse(&a, size, &look);
		assert_true(err == 0 || err == -EPROTO || err == -E2BIG);
		if (err) {
			assert_null(look.ranges);
			bad++;
			continue;
		}
		good++;
		for (unsigned int k = 0; k < look.nranges; k++) {
			assert_true(look.ranges[k].first <= look.ranges[k].last);
			if (k)
				assert_true(look.ranges[k].first > look.ranges[k - 1].last + 1);
		}
		free(look.ranges);
	}
	assert_true(good > 1000 && bad > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_golden_answer_is_read),
		cmocka_unit_test(what_is_not_told_is_open),
		cmocka_unit_test(forged_answers_are_refused),
		cmocka_unit_test(too_many_ranges_are_refused),
		cmocka_unit_test(ranges_are_sorted_and_joined),
		cmocka_unit_test(a_range_holds_what_lies_in_it),
		cmocka_unit_test(no_answer_harms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
