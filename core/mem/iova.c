// SPDX-License-Identifier: BSD-3-Clause
/*
 * iova.c - choosing device addresses.
 *
 * First fit from below: a candidate address is pushed up past everything that
 * is in its way (page zero, the MSI window, holes between the ranges of each
 * space, what is taken) and aligned, until a round moves it no more. There are
 * few segments and few ranges, so no cleverer structure is worth its lines.
 */
#include "iova.h"

#include <errno.h>

#include <leat/bits.h>

/* Address 0 is never used: too many devices and drivers take it for "none". */
#define IOVA_LOWEST UINT64_C(4096)

/* On x86 writes to these addresses are interrupts, whatever an IOMMU maps there. */
#define MSI_FIRST UINT64_C(0xfee00000)
#define MSI_LAST  UINT64_C(0xfeefffff)

/*
 * Push *@at beyond [@first, @last] if the @len bytes from it touch those. False
 * when addresses end before that.
 */
static bool step_over(uint64_t *at, uint64_t len, uint64_t first, uint64_t last)
{
	uint64_t end = *at + (len - 1);

	if (end < *at)
		return false;
	if (end < first || *at > last)
		return true;
	if (last == UINT64_MAX)
		return false;
	*at = last + 1;
	return true;
}

static bool step_over_holes(uint64_t *at, uint64_t len, const struct leat_aspace *as)
{
	uint64_t hole = 0;	/* where the hole before the next range begins */

	if (as->dma_bits && as->dma_bits < 64 &&
	    !step_over(at, len, LEAT_BIT64(as->dma_bits), UINT64_MAX))
		return false;

	for (unsigned int i = 0; i < as->nranges; i++) {
		const struct leat_iova_range *r = &as->ranges[i];

		if (r->first > hole && !step_over(at, len, hole, r->first - 1))
			return false;
		if (r->last == UINT64_MAX)
			return true;
		hole = r->last + 1;
	}
	return !as->nranges || step_over(at, len, hole, UINT64_MAX);
}

static bool step_over_runs(uint64_t *at, uint64_t len, const struct leat_iova_run *run)
{
	for (; run; run = run->next) {
		uint64_t first = run->first - LEAT_MIN(run->first, LEAT_IOVA_GUARD);
		uint64_t last = run->last + LEAT_MIN(UINT64_MAX - run->last, LEAT_IOVA_GUARD);

		if (!step_over(at, len, first, last))
			return false;
	}
	return true;
}

/* Up to the next address that ends as @like does. */
static bool align_up(uint64_t *at, uint64_t align, uint64_t like)
{
	uint64_t up = *at + ((like - *at) & (align - 1));
	bool fits = up >= *at;

	*at = up;
	return fits;
}

/* One round: everything that may be in the way of *@at. */
static bool push_up(uint64_t *at, uint64_t len, uint64_t align, uint64_t like,
		    const struct leat_iova_map *map, const struct leat_aspace *as,
		    const struct leat_aspace *end)
{
	if (!align_up(at, align, like) || !step_over(at, len, MSI_FIRST, MSI_LAST) ||
	    !step_over_runs(at, len, map->runs))
		return false;
	for (; as != end; as = as->next)
		if (!step_over_holes(at, len, as))
			return false;
	return true;
}

static void insert(struct leat_iova_map *map, struct leat_iova_run *run)
{
	struct leat_iova_run **p = &map->runs;

	while (*p && (*p)->first < run->first)
		p = &(*p)->next;
	run->next = *p;
	*p = run;
}

int leat_iova_place(struct leat_iova_map *map, const struct leat_aspace *as,
		    const struct leat_aspace *end, uint64_t len, uint64_t align, uint64_t like,
		    struct leat_iova_run *run)
{
	uint64_t at = IOVA_LOWEST, before;

	for (const struct leat_aspace *p = as; p != end; p = p->next)
		align = LEAT_MAX(align, (uint64_t)p->page_size);
	do {
		before = at;
		if (!push_up(&at, len, align, like, map, as, end))
			return -ENOSPC;
	} while (at != before);

	run->first = at;
	run->last = at + (len - 1);
	insert(map, run);
	return 0;
}

void leat_iova_remove(struct leat_iova_map *map, struct leat_iova_run *run)
{
	struct leat_iova_run **p = &map->runs;

	while (*p && *p != run)
		p = &(*p)->next;
	if (*p)
		*p = run->next;
}

bool leat_iova_reaches(const struct leat_aspace *as, const struct leat_iova_run *run)
{
	uint64_t at = run->first, len = run->last - run->first + 1;

	if (as->page_size && ((run->first | len) & (as->page_size - 1)))
		return false;
	return step_over_holes(&at, len, as) && at == run->first;
}
