// SPDX-License-Identifier: BSD-3-Clause
/*
 * regions.c - what a device is made of, as the kernel tells it. The index in our tables is
 * the region's number, whatever the kernel leaves out.
 */
#include "device.h"

#include "abi.h"
#include "chain.h"

#include <leat/bits.h>
#include <leat/driver/pci.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* No BAR is larger: the physical addresses of today's machines have 52 bits. */
#define REGION_MAX (UINT64_C(1) << 52)
#define INFO_MAX   65536		/* no list of capabilities is longer */

#define MSIX_CONTROL	2		/* PCI 3.0, 6.8.2: offsets in the capability */
#define MSIX_TABLE	4
#define MSIX_PBA	8
#define MSIX_SIZE	0x07ffu		/* entries - 1 */
#define MSIX_BIR	0x7u
#define MSIX_ENTRY	16

static struct leat_region *region_of(struct vfio_dev *v, unsigned int i)
{
	return i < LEAT_REGIONS ? &v->dev.region[i] : &v->more[i - LEAT_REGIONS];
}

static int fail_memory(const struct vfio_dev *v)
{
	return leat_fail(v->dev.ctx, -ENOMEM, "%s: open: out of memory", v->dev.addr);
}

static int fail_info(const struct vfio_dev *v, unsigned int i, int err)
{
	return leat_fail(v->dev.ctx, err, "%s: VFIO_DEVICE_GET_REGION_INFO of region %u: %s",
			 v->dev.addr, i, strerror(-err));
}

/* The whole answer, with its capabilities; the caller frees it. A region that is not there: NULL. */
static int ask(struct vfio_dev *v, unsigned int i, struct vfio_region_info **out)
{
	uint32_t size = sizeof(**out);
	struct vfio_region_info *info = NULL;

	*out = NULL;
	for (int tries = 0; tries < 2; tries++) {
		free(info);
		info = calloc(1, size);
		if (!info)
			return fail_memory(v);
		info->argsz = size;
		info->index = i;
		if (ioctl(v->fd, VFIO_DEVICE_GET_REGION_INFO, info)) {
			int err = -errno;

			free(info);
			/* VGA of a device without, for one. */
			return err == -EINVAL && i != LEAT_REGION_CONFIG ? 0 :
			       fail_info(v, i, err);
		}
		if (info->argsz <= size || info->argsz > INFO_MAX)
			break;
		size = info->argsz;
	}
	info->argsz = LEAT_MIN(info->argsz, size);
	*out = info;
	return 0;
}

static void take_type(const struct vfio_region_info *info, struct leat_region *r)
{
	struct vfio_region_info_cap_type type;
	int at = leat_vfio_chain_find(info, info->argsz, info->cap_offset,
				      VFIO_REGION_INFO_CAP_TYPE);

	if (at <= 0 || info->argsz - (uint32_t)at < sizeof(type))
		return;
	memcpy(&type, (const char *)info + at, sizeof(type));
	r->type = type.type;
	r->subtype = type.subtype;
}

static bool has_cap(const struct vfio_region_info *info, uint16_t id)
{
	return leat_vfio_chain_find(info, info->argsz, info->cap_offset, id) > 0;
}

static int take_areas(struct vfio_dev *v, unsigned int i, const struct vfio_region_info *info)
{
	const char *why = NULL;
	int err = leat_vfio_areas(info, info->argsz, (uint64_t)sysconf(_SC_PAGESIZE),
				  &v->region[i].map, &why);

	if (err == -ENOMEM)
		return fail_memory(v);
	if (err)
		leat_log(v->dev.ctx, LEAT_LOG_WARNING, "%s: region %u is not mapped: %s", v->dev.addr,
			 i, why);
	return 0;
}

static int take(struct vfio_dev *v, unsigned int i, const struct vfio_region_info *info)
{
	struct leat_region *r = region_of(v, i);

	if (info->size > REGION_MAX)
		return leat_fail(v->dev.ctx, -EPROTO, "%s: the kernel gives region %u an absurd size: "
				 "0x%llx bytes", v->dev.addr, i, (unsigned long long)info->size);
	r->size = info->size;
	r->flags = info->flags & (LEAT_REGION_READ | LEAT_REGION_WRITE | LEAT_REGION_MMAP);
	v->region[i].offset = info->offset;
	if (info->flags & VFIO_REGION_INFO_FLAG_CAPS) {
		take_type(info, r);
		if (has_cap(info, VFIO_REGION_INFO_CAP_SPARSE_MMAP))
			r->flags |= LEAT_REGION_SPARSE;
		if (has_cap(info, VFIO_REGION_INFO_CAP_MSIX_MAPPABLE))
			r->flags |= LEAT_REGION_MSIX_MAPPABLE;
	}
	return info->size && (info->flags & VFIO_REGION_INFO_FLAG_MMAP) ?
	       take_areas(v, i, info) : 0;
}

static int get_region(struct vfio_dev *v, unsigned int i)
{
	struct vfio_region_info *info;
	int err = ask(v, i, &info);

	if (!err && info)
		err = take(v, i, info);
	free(info);
	return err;
}

int leat_vfio_get_regions(struct vfio_dev *v)
{
	unsigned int nmore = v->nregions > LEAT_REGIONS ? v->nregions - LEAT_REGIONS : 0;
	int err = 0;

	v->region = calloc(v->nregions, sizeof(*v->region));
	v->more = calloc(nmore + 1, sizeof(*v->more));
	if (!v->region || !v->more)
		return fail_memory(v);
	v->dev.more = v->more;
	v->dev.nmore = nmore;
	for (unsigned int i = 0; i < v->nregions && !err; i++)
		err = get_region(v, i);
	if (!err && v->dev.region[LEAT_REGION_CONFIG].size < 64)
		err = leat_fail(v->dev.ctx, -EPROTO, "%s: its configuration space has %llu bytes",
				v->dev.addr, (unsigned long long)
				v->dev.region[LEAT_REGION_CONFIG].size);
	return err;
}

void leat_vfio_free_regions(struct vfio_dev *v)
{
	for (unsigned int i = 0; v->region && i < v->nregions; i++)
		leat_vfio_areas_free(&v->region[i].map);
	free(v->region);
	free(v->more);
	v->region = NULL;
	v->more = NULL;
	v->dev.more = NULL;
	v->dev.nmore = 0;
}

/* @where: a dword of the capability, BAR and offset in one. */
static int hide(struct vfio_dev *v, uint32_t where, uint64_t len)
{
	unsigned int bar = where & MSIX_BIR;
	uint64_t start = where & ~MSIX_BIR;

	if (bar > LEAT_REGION_BAR5)
		return 0;
	return leat_vfio_areas_cut(&v->region[bar].map, start, start + len,
				   (uint64_t)sysconf(_SC_PAGESIZE)) ? fail_memory(v) : 0;
}

int leat_vfio_hide_msix(struct vfio_dev *v)
{
	uint8_t cap = leat_pci_cap(&v->dev, LEAT_PCI_CAP_MSIX, 0);
	uint32_t n;
	int err = 0;

	if (cap) {
		n = (leat_pci_read16(&v->dev, (uint16_t)(cap + MSIX_CONTROL)) & MSIX_SIZE) + 1;
		err = hide(v, leat_pci_read32(&v->dev, (uint16_t)(cap + MSIX_TABLE)),
			   n * MSIX_ENTRY);
		if (!err)
			err = hide(v, leat_pci_read32(&v->dev, (uint16_t)(cap + MSIX_PBA)),
				   (n + 63) / 64 * 8);
	}
	for (unsigned int i = 0; i < v->nregions; i++)
		region_of(v, i)->mapped = LEAT_MIN(leat_vfio_areas_len(&v->region[i].map),
						   region_of(v, i)->size);
	return err;
}
