// SPDX-License-Identifier: BSD-3-Clause
/*
 * areas.h - which parts of a region can be mapped: whole pages, apart from each other or
 * not. Pure.
 */
#ifndef LEAT_VFIO_AREAS_H
#define LEAT_VFIO_AREAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vfio_area {
	uint64_t	start, end;	/* end: exclusive */
};

struct vfio_areas {
	struct vfio_area *area;
	unsigned int	n;
};

/*
 * leat_vfio_areas - those that an answer to GET_REGION_INFO names, of a region that can be
 * mapped: the sparse ones, or without such a list all of it, to the end of its last page.
 * @info holds @len bytes, a struct vfio_region_info at least. -ENOMEM, or -EPROTO with what
 * is wrong in @why.
 */
int leat_vfio_areas(const void *info, size_t len, uint64_t page, struct vfio_areas *out,
		    const char **why);

/* Take the pages that [start, end) touches out of all areas. -ENOMEM. */
int leat_vfio_areas_cut(struct vfio_areas *areas, uint64_t start, uint64_t end, uint64_t page);

/* Does one of them hold [start, end)? */
bool leat_vfio_areas_hold(const struct vfio_areas *areas, uint64_t start, uint64_t end);

/* Bytes in all of them. */
uint64_t leat_vfio_areas_len(const struct vfio_areas *areas);

void leat_vfio_areas_free(struct vfio_areas *areas);

#endif
