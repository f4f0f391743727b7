// SPDX-License-Identifier: BSD-3-Clause
/*
 * ranges.h - which device addresses an IOMMU takes: from the kernel's words into an ascending
 * list. Pure: the words may be anything.
 */
#ifndef LEAT_VFIO_RANGES_H
#define LEAT_VFIO_RANGES_H

#include <leat/driver/aspace.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* More than these no answer may have; hardware has two to four. */
#define VFIO_RANGES_MAX 4096u

/* What VFIO_IOMMU_GET_INFO says. */
struct vfio_type1_look {
	struct leat_iova_range *ranges;	/* from malloc(), the caller's to free; NULL: not told */
	unsigned int	nranges;
	uint64_t	pgsizes;	/* 0: not told */
	uint32_t	maps_left;	/* UINT32_MAX: not told */
};

/*
 * leat_vfio_type1_parse - @size bytes beginning with struct vfio_iommu_type1_info.
 * -EPROTO it contradicts itself, -E2BIG more than VFIO_RANGES_MAX ranges, -ENOMEM.
 */
int leat_vfio_type1_parse(const void *info, size_t size, struct vfio_type1_look *out);

/*
 * leat_vfio_ranges_tidy - sort, and join what overlaps or touches. How many are left, or
 * -EPROTO if one ends before it begins.
 */
int leat_vfio_ranges_tidy(struct leat_iova_range *ranges, unsigned int n);

/* Do the ranges of @as hold all of [iova, iova + len)? @len is not 0 and it does not wrap. */
bool leat_vfio_ranges_hold(const struct leat_aspace *as, uint64_t iova, uint64_t len);

#endif
