// SPDX-License-Identifier: BSD-3-Clause
/*
 * The allocator of device addresses against its contract, and a million random
 * operations against a model too simple to be wrong: an array with a flag for
 * each KiB of a small window of addresses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <leat/bits.h>

#include "core/mem/iova.h"

#define KIB UINT64_C(1024)
#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

#define RANGES(...) (const struct leat_iova_range[]){ __VA_ARGS__ }

static int place(struct leat_iova_map *map, const struct leat_aspace *as, uint64_t len,
		 uint64_t align, struct leat_iova_run *run)
{
	return leat_iova_place(map, as, NULL, len, align, 0, run);
}

static void starts_low_but_not_at_zero(void **state)
{
	struct leat_iova_map map = { 0 };
	struct leat_iova_run a, b;

	(void)state;
	assert_int_equal(place(&map, NULL, 4096, 64, &a), 0);
	assert_int_equal(a.first, 4096);
	assert_int_equal(a.last, 8191);
	assert_int_equal(place(&map, NULL, 2 * MIB, 2 * MIB, &b), 0);
	assert_int_equal(b.first, 2 * MIB);
}

static void leaves_a_guard(void **state)
{
	struct leat_iova_map map = { 0 };
	struct leat_iova_run a, b, c;

	(void)state;
	assert_int_equal(place(&map, NULL, 4096, 4096, &a), 0);
	assert_int_equal(place(&map, NULL, 4096, 4096, &b), 0);
	assert_int_equal(b.first, a.last + 1 + LEAT_IOVA_GUARD);
	assert_int_equal(place(&map, NULL, 4096, 4096, &c), 0);
	leat_iova_remove(&map, &b);
	assert_int_equal(place(&map, NULL, 4097, 4096, &b), 0);
	assert_true(b.first > c.last);
}

static void reuses_what_was_removed(void **state)
{
	struct leat_iova_map map = { 0 };
	struct leat_iova_run a, b, c;

	(void)state;
	assert_int_equal(place(&map, NULL, MIB, 4096, &a), 0);
	assert_int_equal(place(&map, NULL, MIB, 4096, &b), 0);
	leat_iova_remove(&map, &a);
	assert_int_equal(place(&map, NULL, MIB, 4096, &c), 0);
	assert_int_equal(c.first, 4096);
	leat_iova_remove(&map, &b);
	leat_iova_remove(&map, &c);
	assert_null(map.runs);
}

static void avoids_the_msi_window(void **state)
{
	struct leat_aspace as = {
		.ranges = RANGES({ 0xfed00000, 0xff200000 - 1 }),
		.nranges = 1,
	};
	struct leat_iova_map map = { 0 };
	struct leat_iova_run below, above, none;

	(void)state;
	assert_int_equal(place(&map, &as, MIB, 4096, &below), 0);
	assert_int_equal(below.first, 0xfed00000);
	assert_int_equal(place(&map, &as, MIB, 4096, &above), 0);
	assert_int_equal(above.first, 0xfef00000);
	assert_int_equal(place(&map, &as, 3 * MIB, 4096, &none), -ENOSPC);
}

static void avoids_the_msi_window_when_no_range_is_reported(void **state)
{
	struct leat_aspace as = { .dma_bits = 32 };
	struct leat_iova_map map = { 0 };
	struct leat_iova_run run[4];

	(void)state;
	for (int i = 0; i < 2; i++)	/* 0 and 3 GiB (MSI) are no good, 1 and 2 are */
		assert_int_equal(place(&map, &as, GIB - 4096, GIB, &run[i]), 0);
	assert_int_equal(run[0].first, GIB);
	assert_int_equal(run[1].first, 2 * GIB);
	assert_int_equal(place(&map, &as, GIB - 4096, GIB, &run[2]), -ENOSPC);
	as.dma_bits = 0;
	assert_int_equal(place(&map, &as, GIB, GIB, &run[2]), 0);
	assert_int_equal(run[2].first, 4 * GIB);
}

static void keeps_to_the_address_width(void **state)
{
	static const uint8_t bits[] = { 32, 39, 48, 57, 63 };

	(void)state;
	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(bits); i++) {
		uint64_t end = LEAT_BIT64(bits[i]);
		struct leat_iova_range range = { end - 2 * MIB, UINT64_MAX };
		struct leat_aspace as = { .ranges = &range, .nranges = 1, .dma_bits = bits[i] };
		struct leat_iova_map map = { 0 };
		struct leat_iova_run run, none;

		assert_int_equal(place(&map, &as, 2 * MIB + 1, 4096, &none), -ENOSPC);
		assert_int_equal(place(&map, &as, 2 * MIB, 2 * MIB, &run), 0);
		assert_int_equal(run.last, end - 1);
		assert_int_equal(place(&map, &as, 4096, 4096, &none), -ENOSPC);
	}
}

static void reaches_the_last_address(void **state)
{
	struct leat_iova_range range = { UINT64_MAX - 2 * MIB + 1, UINT64_MAX };
	struct leat_aspace as = { .ranges = &range, .nranges = 1, .dma_bits = 64 };
	struct leat_iova_map map = { 0 };
	struct leat_iova_run run, none;

	(void)state;
	assert_int_equal(place(&map, &as, 2 * MIB, 2 * MIB, &run), 0);
	assert_int_equal(run.last, UINT64_MAX);
	assert_true(leat_iova_reaches(&as, &run));
	assert_int_equal(place(&map, &as, 64, 64, &none), -ENOSPC);
	leat_iova_remove(&map, &run);
	assert_int_equal(place(&map, &as, 2 * MIB + 1, 64, &none), -ENOSPC);
	assert_int_equal(place(&map, NULL, UINT64_MAX, 64, &none), -ENOSPC);
	assert_int_equal(place(&map, NULL, 4096, LEAT_BIT64(63), &run), 0);
	assert_int_equal(run.first, LEAT_BIT64(63));
	assert_int_equal(place(&map, NULL, 4096, LEAT_BIT64(63), &none), -ENOSPC);
}

static void intersects_spaces(void **state)
{
	struct leat_aspace wide = {
		.ranges = RANGES({ 0x0, 0x10ffff }, { 0x200000, 0x2fffff },
				 { 0x400000, UINT64_MAX }),
		.nranges = 3,
	};
	struct leat_aspace narrow = {
		.ranges = RANGES({ 0x100000, 0x27ffff }, { 0x300000, 0x43ffff }),
		.nranges = 2,
		.next = &wide,
	};
	struct leat_iova_map map = { 0 };
	struct leat_iova_run a, b, c, d;

	(void)state;
	assert_int_equal(place(&map, &narrow, 0x10000, 4096, &a), 0);
	assert_int_equal(a.first, 0x100000);
	assert_int_equal(place(&map, &narrow, 0x10000, 4096, &b), 0);
	assert_int_equal(b.first, 0x200000);
	assert_int_equal(place(&map, &narrow, 0x40000, 4096, &c), 0);
	assert_int_equal(c.first, 0x211000);
	assert_int_equal(place(&map, &narrow, 0x40000, 4096, &d), 0);
	assert_int_equal(d.first, 0x400000);

	/* Only the first of the list: what the others cannot reach does not matter. */
	leat_iova_remove(&map, &d);
	assert_int_equal(leat_iova_place(&map, &narrow, narrow.next, 0x40000, 4096, 0, &d), 0);
	assert_int_equal(d.first, 0x110000 + LEAT_IOVA_GUARD);
}

static void joins_ranges_that_touch(void **state)
{
	struct leat_aspace as = {
		.ranges = RANGES({ 0x100000, 0x17ffff }, { 0x180000, 0x1fffff }),
		.nranges = 2,
	};
	struct leat_iova_map map = { 0 };
	struct leat_iova_run run;

	(void)state;
	assert_int_equal(place(&map, &as, 0x100000, 0x100000, &run), 0);
	assert_int_equal(run.first, 0x100000);
	assert_true(leat_iova_reaches(&as, &run));
}

static void heeds_the_page_size_of_a_space(void **state)
{
	struct leat_aspace as = { .page_size = 65536 };
	struct leat_iova_map map = { 0 };
	struct leat_iova_run run, odd = { .first = 4096, .last = 4096 + 65535 };

	(void)state;
	assert_int_equal(place(&map, &as, 65536, 4096, &run), 0);
	assert_int_equal(run.first, 65536);
	assert_true(leat_iova_reaches(&as, &run));
	assert_false(leat_iova_reaches(&as, &odd));
}

static void says_what_a_space_reaches(void **state)
{
	struct leat_aspace as = {
		.ranges = RANGES({ 0x1000, 0xffff }, { 0x20000, 0x2ffff }),
		.nranges = 2,
		.dma_bits = 18,
	};
	static const struct {
		struct leat_iova_run	run;
		bool			reached;
	} cases[] = {
		{ { .first = 0x1000, .last = 0xffff }, true },
		{ { .first = 0x0fff, .last = 0xffff }, false },
		{ { .first = 0xffff, .last = 0x10000 }, false },
		{ { .first = 0x12000, .last = 0x12fff }, false },
		{ { .first = 0x8000, .last = 0x21000 }, false },
		{ { .first = 0x20000, .last = 0x2ffff }, true },
		{ { .first = 0x2f000, .last = 0x30000 }, false },
		{ { .first = 0x40000, .last = 0x40fff }, false },
		{ { .first = 0, .last = UINT64_MAX }, false },
	};

	(void)state;
	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(cases); i++)
		assert_int_equal(leat_iova_reaches(&as, &cases[i].run), cases[i].reached);
}

/* ---- against a model ---------------------------------------------------- */

#define OPERATIONS 1000000
#define WINDOW	   512		/* KiB that the model knows, from .base on */
#define SPACES	   3
#define RUNS	   24

struct model {
	uint64_t	base;		/* a multiple of the largest alignment */
	bool		usable[SPACES][WINDOW];
	bool		taken[WINDOW];
	struct leat_iova_range ranges[SPACES][4];
	struct leat_aspace as[SPACES];
	struct leat_aspace *list;
	struct leat_iova_map map;
	struct leat_iova_run run[RUNS];
	bool		placed[RUNS];
	uint64_t	random;
};

static uint32_t pick(struct model *m, uint32_t below)
{
	m->random ^= m->random << 13;
	m->random ^= m->random >> 7;
	m->random ^= m->random << 17;
	return (uint32_t)(m->random >> 32) % below;
}

/* A space of one to four random ranges, all inside the window. */
static void make_space(struct model *m, unsigned int s)
{
	unsigned int at = pick(m, 16), n = 0;

	memset(m->usable[s], 0, sizeof(m->usable[s]));
	for (; n < 4 && at < WINDOW; n++) {
		unsigned int len = 1 + pick(m, pick(m, 2) ? WINDOW : 64);

		len = LEAT_MIN(len, WINDOW - at);
		m->ranges[s][n].first = m->base + at * KIB;
		m->ranges[s][n].last = m->base + (at + len) * KIB - 1;
		memset(m->usable[s] + at, 1, len);
		at += len + pick(m, 32);
	}
	m->as[s] = (struct leat_aspace){ .ranges = m->ranges[s], .nranges = n };
}

/* A random subset, never empty, in the list. */
static void choose_spaces(struct model *m)
{
	unsigned int set = 1 + pick(m, (1u << SPACES) - 1);

	m->list = NULL;
	for (unsigned int s = 0; s < SPACES; s++) {
		if (!(set & 1u << s))
			continue;
		if (!pick(m, 4))
			make_space(m, s);
		m->as[s].next = m->list;
		m->list = &m->as[s];
	}
}

static bool model_allows(const struct model *m, unsigned int kib)
{
	uint64_t addr = m->base + kib * KIB;

	if (addr < 4096 || (addr >= 0xfee00000 && addr <= 0xfeefffff))
		return false;
	for (const struct leat_aspace *as = m->list; as; as = as->next)
		if (!m->usable[as - m->as][kib])
			return false;
	return true;
}

static bool model_fits(const struct model *m, unsigned int at, unsigned int len)
{
	const unsigned int guard = LEAT_IOVA_GUARD / KIB;

	if (at + len > WINDOW)
		return false;
	for (unsigned int i = at; i < at + len; i++)
		if (!model_allows(m, i))
			return false;
	for (unsigned int i = at < guard ? 0 : at - guard; i < at + len + guard && i < WINDOW; i++)
		if (m->taken[i])
			return false;
	return true;
}

/* The lowest place for @len KiB at @like KiB above multiples of @align KiB, or WINDOW. */
static unsigned int model_place(const struct model *m, unsigned int len, unsigned int align,
				unsigned int like)
{
	unsigned int at = like;

	while (at < WINDOW && !model_fits(m, at, len))
		at += align;
	return LEAT_MIN(at, (unsigned int)WINDOW);
}

static void mark(struct model *m, const struct leat_iova_run *run, bool taken)
{
	memset(m->taken + (run->first - m->base) / KIB, taken,
	       (run->last - run->first + 1) / KIB);
}

static void step(struct model *m)
{
	unsigned int i = pick(m, RUNS), len = 1 + pick(m, 48), align = 1u << pick(m, 6), at;
	unsigned int like = pick(m, 2) ? pick(m, align) : 0;
	int err;

	if (m->placed[i]) {
		leat_iova_remove(&m->map, &m->run[i]);
		mark(m, &m->run[i], false);
		m->placed[i] = false;
		return;
	}
	if (!pick(m, 64))
		choose_spaces(m);
	at = model_place(m, len, align, like);
	err = leat_iova_place(&m->map, m->list, NULL, len * KIB, align * KIB, like * KIB, &m->run[i]);
	if (at == WINDOW) {
		assert_int_equal(err, -ENOSPC);
		return;
	}
	assert_int_equal(err, 0);
	assert_int_equal(m->run[i].first, m->base + at * KIB);
	assert_int_equal(m->run[i].last, m->base + (at + len) * KIB - 1);
	for (const struct leat_aspace *as = m->list; as; as = as->next)
		assert_true(leat_iova_reaches(as, &m->run[i]));
	mark(m, &m->run[i], true);
	m->placed[i] = true;
}

static void agrees_with_a_naive_model(void **state)
{
	/* The bottom, both edges of the MSI window, the 4 GiB line, the very top. */
	static const uint64_t base[] = {
		0, 0xfee00000 - 416 * 1024, 0xfef00000 - 96 * 1024, 0x100000000 - 256 * 1024,
		-(uint64_t)WINDOW * KIB,
	};
	const char *given = getenv("LEAT_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);

	(void)state;
	printf("LEAT_SEED=%" PRIu64 "\n", seed);
	for (unsigned int b = 0; b < LEAT_ARRAY_LEN(base); b++) {
		struct model m = { .random = seed * 2 + 1, .base = base[b] };

		for (unsigned int s = 0; s < SPACES; s++)
			make_space(&m, s);
		choose_spaces(&m);
		for (unsigned int i = 0; i < OPERATIONS / LEAT_ARRAY_LEN(base); i++)
			step(&m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(starts_low_but_not_at_zero),
		cmocka_unit_test(leaves_a_guard),
		cmocka_unit_test(reuses_what_was_removed),
		cmocka_unit_test(avoids_the_msi_window),
		cmocka_unit_test(avoids_the_msi_window_when_no_range_is_reported),
		cmocka_unit_test(keeps_to_the_address_width),
		cmocka_unit_test(reaches_the_last_address),
		cmocka_unit_test(intersects_spaces),
		cmocka_unit_test(joins_ranges_that_touch),
		cmocka_unit_test(heeds_the_page_size_of_a_space),
		cmocka_unit_test(says_what_a_space_reaches),
		cmocka_unit_test(agrees_with_a_naive_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
