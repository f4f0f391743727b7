// SPDX-License-Identifier: BSD-3-Clause
/*
 * kernel_vfio.c - containers and groups, with TYPE1v2.
 */
#include "kernel_state.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

/* ---- maps ---- */

static int map_type1(struct object *c, const struct vfio_iommu_type1_dma_map *a)
{
	struct table *t = c->table;
	struct map m = {
		.iova = a->iova, .len = a->size, .va = a->vaddr,
		.prot = (a->flags & VFIO_DMA_MAP_FLAG_READ ? IOMMU_IOAS_MAP_READABLE : 0) |
			(a->flags & VFIO_DMA_MAP_FLAG_WRITE ? IOMMU_IOAS_MAP_WRITEABLE : 0),
	};
	int err;

	if (!c->iommu || a->argsz < sizeof(*a))
		return -EINVAL;
	err = fake_check_map(t, &m);
	if (!err && t->nmaps >= fake.dma_limit)
		err = -ENOSPC;
	if (!err && !fake_is_there(m.va, m.len))
		err = -EFAULT;
	if (!err)
		err = fake_lock(m.len, false);
	if (!err)
		t->map[t->nmaps++] = m;
	return err;
}

static int unmap_type1(struct object *c, struct vfio_iommu_type1_dma_unmap *a)
{
	int64_t done;

	if (!c->iommu || !a->size || (a->iova | a->size) % PAGE)
		return -EINVAL;
	done = fake_unmap(c->table, a->iova, a->size);
	if (done < 0)
		return -EINVAL;
	a->size = (uint64_t)done;
	return 0;
}

/* ---- containers ---- */

struct answer {
	char		buf[4096];
	uint32_t	size;
	uint32_t	link;		/* where the offset of the next capability goes */
};

static void put_cap(struct answer *a, uint16_t id, void *cap, uint32_t size)
{
	struct vfio_info_cap_header head = { .id = id, .version = 1 };

	memcpy(cap, &head, sizeof(head));
	memcpy(a->buf + a->link, &a->size, sizeof(a->size));
	memcpy(a->buf + a->size, cap, size);
	a->link = a->size + (uint32_t)offsetof(struct vfio_info_cap_header, next);
	a->size = (a->size + size + 7) & ~7u;
}

/* As the kernel: MIGRATION, DMA_AVAIL, IOVA_RANGE. */
static void put_caps(struct answer *a, const struct object *c)
{
	struct vfio_iommu_type1_info_cap_migration migration = { .pgsize_bitmap = PAGE };
	struct vfio_iommu_type1_info_dma_avail avail = {
		.avail = fake.dma_limit - c->table->nmaps,
	};
	struct {
		struct vfio_info_cap_header head;
		uint32_t n, reserved;
		struct iommu_iova_range r[RANGES];
	} ranges = { .n = 0 };

	put_cap(a, VFIO_IOMMU_TYPE1_INFO_CAP_MIGRATION, &migration, sizeof(migration));
	put_cap(a, VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL, &avail, sizeof(avail));
	if (fake.coy)
		return;
	ranges.n = fake_ranges(fake_bits(c->table), ranges.r);
	put_cap(a, VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE, &ranges, 16 + ranges.n * 16);
}

static int get_info(const struct object *c, struct vfio_iommu_type1_info *out)
{
	struct answer a = {
		.size = sizeof(*out), .link = offsetof(struct vfio_iommu_type1_info, cap_offset),
	};
	struct vfio_iommu_type1_info info = {
		.flags = VFIO_IOMMU_INFO_PGSIZES | VFIO_IOMMU_INFO_CAPS,
		.iova_pgsizes = 0x40201000, .cap_offset = sizeof(info),
	};
	uint32_t room = out->argsz;

	if (!c->iommu || room < sizeof(info))
		return -EINVAL;
	if (fake.info) {
		memcpy(out, fake.info, room < fake.info_size ? room : fake.info_size);
		out->argsz = fake.info_size;
		return 0;
	}
	put_caps(&a, c);
	info.argsz = a.size;
	if (room < a.size)	/* only the struct, and how much there is */
		info.cap_offset = 0;
	memcpy(a.buf, &info, sizeof(info));
	memcpy(out, a.buf, room < a.size ? sizeof(info) : a.size);
	return 0;
}

static int extension(uintptr_t type)
{
	if (type == VFIO_NOIOMMU_IOMMU)
		return fake.noiommu;
	return fake.type1 && (type == VFIO_TYPE1_IOMMU || type == VFIO_TYPE1v2_IOMMU);
}

static int set_iommu(struct object *c, uintptr_t type)
{
	if (!c->table->members || c->iommu)
		return -EINVAL;
	if (!extension(type))
		return -ENODEV;
	if (type == VFIO_NOIOMMU_IOMMU && !fake.rawio)
		return -EPERM;
	if (type != VFIO_NOIOMMU_IOMMU && !fake.isolated)
		return -EPERM;
	c->iommu = (uint32_t)type;
	return 0;
}

int fake_container_ioctl(struct object *c, unsigned long request, void *arg)
{
	switch (request) {
	case VFIO_GET_API_VERSION:
		return fake.api;
	case VFIO_CHECK_EXTENSION:
		return extension((uintptr_t)arg);
	case VFIO_SET_IOMMU:
		return set_iommu(c, (uintptr_t)arg);
	case VFIO_IOMMU_GET_INFO:
		return get_info(c, arg);
	case VFIO_IOMMU_MAP_DMA:
		return map_type1(c, arg);
	case VFIO_IOMMU_UNMAP_DMA:
		return unmap_type1(c, arg);
	}
	return -EINVAL;
}

static int set_container(struct object *g, int fd)
{
	struct object *c = fake_of(fd, CONTAINER);

	if (!c)
		return -EBADF;
	if (g->in)
		return -EINVAL;
	if (g->noiommu && !fake.rawio)
		return -EPERM;
	if (c->iommu && !g->noiommu && !fake.isolated)
		return -EPERM;
	if (c->iommu && fake_conflicts(c->table, g->bits))
		return -EINVAL;
	g->in = c;
	c->table->members++;
	return 0;
}

int fake_unset_container(struct object *g)
{
	if (!g->in)
		return -EINVAL;
	if (!--g->in->table->members) {
		fake_empty(g->in->table);
		g->in->iommu = 0;
		if (!g->in->refs)
			fake_free(g->in);
	}
	g->in = NULL;
	return 0;
}

int fake_group_ioctl(struct object *g, unsigned long request, void *arg)
{
	struct vfio_group_status *status = arg;

	switch (request) {
	case VFIO_GROUP_GET_STATUS:
		status->flags = VFIO_GROUP_FLAGS_VIABLE |
				(g->in ? VFIO_GROUP_FLAGS_CONTAINER_SET : 0);
		return 0;
	case VFIO_GROUP_SET_CONTAINER:
		return set_container(g, *(int *)arg);
	case VFIO_GROUP_UNSET_CONTAINER:
		return fake_unset_container(g);
	}
	return -ENOTTY;
}
