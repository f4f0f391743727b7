// SPDX-License-Identifier: BSD-3-Clause
/*
 * ranges.c - which device addresses an IOMMU takes.
 */
#include "ranges.h"

#include "abi.h"
#include "chain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int by_first(const void *a, const void *b)
{
	const struct leat_iova_range *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

int leat_vfio_ranges_tidy(struct leat_iova_range *ranges, unsigned int n)
{
	unsigned int last = 0;

	for (unsigned int i = 0; i < n; i++)
		if (ranges[i].first > ranges[i].last)
			return -EPROTO;
	if (!n)
		return 0;
	qsort(ranges, n, sizeof(*ranges), by_first);
	for (unsigned int i = 1; i < n; i++) {
		struct leat_iova_range *r = &ranges[last];

		if (r->last == UINT64_MAX)
			break;
		if (ranges[i].first > r->last + 1)
			ranges[++last] = ranges[i];
		else if (ranges[i].last > r->last)
			r->last = ranges[i].last;
	}
	return (int)last + 1;
}

/* The capability at @at of the answer. */
static int parse_ranges(const char *info, size_t size, size_t at, struct vfio_type1_look *out)
{
	struct vfio_iommu_type1_info_cap_iova_range cap;
	struct vfio_iova_range r;
	int n;

	if (size - at < sizeof(cap))
		return -EPROTO;
	memcpy(&cap, info + at, sizeof(cap));
	at += sizeof(cap);
	if (!cap.nr_iovas || cap.nr_iovas > (size - at) / sizeof(r))
		return -EPROTO;
	if (cap.nr_iovas > VFIO_RANGES_MAX)
		return -E2BIG;
	out->ranges = calloc(cap.nr_iovas, sizeof(*out->ranges));
	if (!out->ranges)
		return -ENOMEM;
	for (unsigned int i = 0; i < cap.nr_iovas; i++) {
		memcpy(&r, info + at + i * sizeof(r), sizeof(r));
		out->ranges[i] = (struct leat_iova_range){ .first = r.start, .last = r.end };
	}
	n = leat_vfio_ranges_tidy(out->ranges, cap.nr_iovas);
	if (n < 0) {
		free(out->ranges);
		out->ranges = NULL;
		return n;
	}
	out->nranges = (unsigned int)n;
	return 0;
}

static int parse_avail(const char *info, size_t size, size_t at, struct vfio_type1_look *out)
{
	struct vfio_iommu_type1_info_dma_avail cap;

	if (size - at < sizeof(cap))
		return -EPROTO;
	memcpy(&cap, info + at, sizeof(cap));
	out->maps_left = cap.avail;
	return 0;
}

int leat_vfio_type1_parse(const void *buf, size_t size, struct vfio_type1_look *out)
{
	struct vfio_iommu_type1_info info;
	int at, err = 0;

	*out = (struct vfio_type1_look){ .maps_left = UINT32_MAX };
	if (size < sizeof(info))
		return -EPROTO;
	memcpy(&info, buf, sizeof(info));
	if (info.flags & VFIO_IOMMU_INFO_PGSIZES)
		out->pgsizes = info.iova_pgsizes;
	if (!(info.flags & VFIO_IOMMU_INFO_CAPS))
		return 0;

	at = leat_vfio_chain_find(buf, size, info.cap_offset, VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL);
	if (at > 0)
		err = parse_avail(buf, size, (size_t)at, out);
	if (at < 0 || err)
		return at < 0 ? at : err;
	at = leat_vfio_chain_find(buf, size, info.cap_offset,
				  VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE);
	if (at > 0)
		return parse_ranges(buf, size, (size_t)at, out);
	return at;
}

bool leat_vfio_ranges_hold(const struct leat_aspace *as, uint64_t iova, uint64_t len)
{
	for (unsigned int i = 0; i < as->nranges; i++)
		if (iova >= as->ranges[i].first && iova + (len - 1) <= as->ranges[i].last)
			return true;
	return !as->nranges;
}
