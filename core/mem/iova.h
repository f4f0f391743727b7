// SPDX-License-Identifier: BSD-3-Clause
/*
 * iova.h - choosing device addresses: a pure allocator.
 *
 * It knows runs of addresses that are taken and address spaces that limit the
 * choice; it maps nothing, allocates nothing and logs nothing. Storage of a run
 * is the caller's.
 */
#ifndef LEAT_CORE_IOVA_H
#define LEAT_CORE_IOVA_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/driver/aspace.h>
#include <leat/mem.h>

/* No two runs are closer than this, so that a device that runs over hits nothing. */
#define LEAT_IOVA_GUARD UINT64_C(4096)

/* Inclusive bounds of what one segment takes. */
struct leat_iova_run {
	leat_iova_t	first, last;
	struct leat_iova_run *next;
};

/* All runs of a context, ascending. All zeros is an empty one. */
struct leat_iova_map {
	struct leat_iova_run *runs;
};

/*
 * leat_iova_place - take the lowest free @len bytes that every space in the list
 * from @as up to, but without, @end can reach, as far above a multiple of @align
 * as the address @like is: superpages want both addresses to end alike.
 *
 * @len is not 0, @align a power of two. Fills @run and links it in; -ENOSPC if
 * there is no such place.
 */
int leat_iova_place(struct leat_iova_map *map, const struct leat_aspace *as,
		    const struct leat_aspace *end, uint64_t len, uint64_t align, uint64_t like,
		    struct leat_iova_run *run);

void leat_iova_remove(struct leat_iova_map *map, struct leat_iova_run *run);

/* Do the ranges and the width of @as let its devices reach all of @run? */
bool leat_iova_reaches(const struct leat_aspace *as, const struct leat_iova_run *run);

#endif
