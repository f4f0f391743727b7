// SPDX-License-Identifier: BSD-3-Clause
/*
 * areas.c - the parts of a region that can be mapped: read from the kernel's answer, less
 * the pages that nobody may touch.
 */
#include "areas.h"

#include "abi.h"
#include "chain.h"

#include <leat/bits.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int reserve(struct vfio_areas *areas, size_t n)
{
	areas->area = calloc(n, sizeof(*areas->area));
	areas->n = 0;
	return areas->area ? 0 : -ENOMEM;
}

/* What of it lies in whole pages; nothing may be left. */
static void add(struct vfio_areas *areas, uint64_t start, uint64_t end, uint64_t page)
{
	start = LEAT_ALIGN_UP(start, page);
	end = LEAT_ALIGN_DOWN(end, page);
	if (start < end)
		areas->area[areas->n++] = (struct vfio_area){ start, end };
}

static int sparse(const char *at, size_t len, uint64_t size, uint64_t page, struct vfio_areas *out,
		  const char **why)
{
	struct vfio_region_info_cap_sparse_mmap cap;
	struct vfio_region_sparse_mmap_area a;

	*why = "the list of its mappable areas is cut off";
	if (len < sizeof(cap))
		return -EPROTO;
	memcpy(&cap, at, sizeof(cap));
	if (cap.nr_areas > (len - sizeof(cap)) / sizeof(a))
		return -EPROTO;
	if (reserve(out, cap.nr_areas + 1))
		return -ENOMEM;
	for (uint32_t i = 0; i < cap.nr_areas; i++) {
		memcpy(&a, at + sizeof(cap) + i * sizeof(a), sizeof(a));
		if (a.offset > size || a.size > size - a.offset) {
			*why = "a mappable area reaches beyond it";
			leat_vfio_areas_free(out);
			return -EPROTO;
		}
		add(out, a.offset, a.offset + a.size, page);
	}
	return 0;
}

int leat_vfio_areas(const void *info, size_t len, uint64_t page, struct vfio_areas *out,
		    const char **why)
{
	struct vfio_region_info head;
	int at;

	memcpy(&head, info, sizeof(head));
	at = leat_vfio_chain_find(info, len, head.flags & VFIO_REGION_INFO_FLAG_CAPS ?
				  head.cap_offset : 0, VFIO_REGION_INFO_CAP_SPARSE_MMAP);
	if (at > 0)
		return sparse((const char *)info + at, len - (size_t)at, head.size, page, out, why);
	if (at < 0) {
		*why = "its list of capabilities leads nowhere";
		return at;
	}
	if (reserve(out, 1))
		return -ENOMEM;
	add(out, 0, LEAT_ALIGN_UP(head.size, page), page);
	return 0;
}

int leat_vfio_areas_cut(struct vfio_areas *areas, uint64_t start, uint64_t end, uint64_t page)
{
	struct vfio_areas left;

	if (!areas->n)
		return 0;
	if (reserve(&left, 2 * (size_t)areas->n))
		return -ENOMEM;
	start = LEAT_ALIGN_DOWN(start, page);
	end = LEAT_ALIGN_UP(end, page);
	for (unsigned int i = 0; i < areas->n; i++) {
		const struct vfio_area *a = &areas->area[i];

		add(&left, a->start, LEAT_MIN(a->end, start), page);
		add(&left, LEAT_MAX(a->start, end), a->end, page);
	}
	leat_vfio_areas_free(areas);
	*areas = left;
	return 0;
}

bool leat_vfio_areas_hold(const struct vfio_areas *areas, uint64_t start, uint64_t end)
{
	for (unsigned int i = 0; i < areas->n; i++)
		if (start >= areas->area[i].start && end <= areas->area[i].end)
			return true;
	return false;
}

uint64_t leat_vfio_areas_len(const struct vfio_areas *areas)
{
	uint64_t len = 0;

	for (unsigned int i = 0; i < areas->n; i++)
		len += areas->area[i].end - areas->area[i].start;
	return len;
}

void leat_vfio_areas_free(struct vfio_areas *areas)
{
	free(areas->area);
	*areas = (struct vfio_areas){ 0 };
}
