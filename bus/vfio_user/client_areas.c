// SPDX-License-Identifier: BSD-3-Clause
/*
 * client_areas.c - which parts of a region can be mapped, out of the chain of
 * capabilities in a reply. Pure: bytes in, areas out; the bytes are the peer's.
 */
#include "client_state.h"

#include <leat/bits.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int one_area(uint64_t size, struct vfu_area **out, unsigned int *n)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	(*out)->len = size;
	*n = 1;
	return 0;
}

static const char *wrong_area(const struct vfu_sparse_area *a, uint64_t size, uint64_t page)
{
	if (a->offset > size || a->size > size - a->offset)
		return "an area reaches beyond the region";
	if (a->offset % page || a->size % page)
		return "an area is not made of whole pages";
	return NULL;
}

/* @at: the sparse capability's header; @len bytes from there on. */
static int sparse_areas(const char *at, size_t len, uint64_t size, uint64_t page,
			struct vfu_area **out, unsigned int *n, const char **why)
{
	struct vfu_sparse_cap cap;
	struct vfu_area *areas;

	*why = "the sparse capability is cut off";
	if (len < sizeof(cap))
		return -EPROTO;
	memcpy(&cap, at, sizeof(cap));
	if (cap.nr_areas > (len - sizeof(cap)) / sizeof(cap.area[0]))
		return -EPROTO;

	areas = calloc(cap.nr_areas + 1, sizeof(*areas));
	if (!areas)
		return -ENOMEM;
	for (uint32_t i = 0; i < cap.nr_areas; i++) {
		struct vfu_sparse_area a;

		memcpy(&a, at + sizeof(cap) + i * sizeof(a), sizeof(a));
		*why = wrong_area(&a, size, page);
		if (*why) {
			free(areas);
			return -EPROTO;
		}
		areas[i] = (struct vfu_area){ .off = a.offset, .len = a.size };
	}
	*out = areas;
	*n = cap.nr_areas;
	return 0;
}

int leat_vfu_areas(const void *reply, size_t len, uint64_t page, struct vfu_area **out,
		   unsigned int *n, const char **why)
{
	struct vfu_region_info info;
	struct vfu_region_cap cap;
	size_t steps = len / sizeof(cap);	/* more links than that are a loop */
	uint64_t at;

	memcpy(&info, reply, sizeof(info));
	for (at = info.flags & VFU_REGION_F_CAPS ? info.cap_offset : 0; at; at = cap.next) {
		*why = "its chain of capabilities leaves the reply";
		if (at < sizeof(info) || at > len || len - at < sizeof(cap))
			return -EPROTO;
		*why = "its chain of capabilities is a loop";
		if (!steps--)
			return -EPROTO;
		memcpy(&cap, (const char *)reply + at, sizeof(cap));
		if (cap.id == VFU_REGION_CAP_SPARSE)
			return sparse_areas((const char *)reply + at, len - at, info.size, page,
					    out, n, why);
	}
	return one_area(LEAT_ALIGN_DOWN(info.size, page), out, n);
}
