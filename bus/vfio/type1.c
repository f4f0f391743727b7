// SPDX-License-Identifier: BSD-3-Clause
/*
 * type1.c - domains that are containers: groups are put in, the IOMMU is set with the first and
 * unset by the kernel with the last. TYPE1v2 for those behind an IOMMU, NOIOMMU for the others,
 * which share the ways but map nothing.
 */
#include "kind.h"

#include "abi.h"
#include "ranges.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define INFO_MAX (UINT32_C(1) << 20)	/* far more than VFIO_RANGES_MAX ranges take */

static const struct vfio_reason open_reasons[] = {
	{ ENOENT, "the kernel's VFIO is not there: modprobe vfio-pci" },
	{ ENODEV, "the kernel's VFIO is not there: modprobe vfio-pci" },
	{ ENXIO,  "the kernel's VFIO is not there: modprobe vfio-pci" },
	{ EACCES, "permission denied: chmod 666 /dev/vfio/vfio (what it lets do, the group's node "
		  "decides)" },
	{ EPERM,  "not permitted: in a container, pass the node in (docker --device)" },
	{ 0, NULL },
};

static const struct vfio_reason group_reasons[] = {
	{ EPERM,  "not permitted: the IOMMU does not remap interrupts, so the device could forge "
		  "them; switch interrupt remapping on (firmware; no intremap=off on the kernel's "
		  "command line), or take the risk: echo 1 > "
		  "/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts" },
	{ EBUSY,  "its group is in use: by a kernel driver of a device in it (leat devices), or "
		  "by another program (fuser -v /dev/vfio/* /dev/vfio/devices/*)" },
	{ EINVAL, "its group is in another container" },
	{ ENOSPC, "memory is mapped where the device cannot reach; give it a domain of its own, or "
		  "open it first" },
	{ ENODEV, "no IOMMU driver takes it: modprobe vfio_iommu_type1" },
	{ ENOTTY, "the descriptors are no container and group of VFIO" },
	{ 0, NULL },
};

static const struct vfio_reason noiommu_reasons[] = {
	{ EPERM,  "not permitted: without an IOMMU the device reaches all memory, and that takes "
		  "CAP_SYS_RAWIO; run as root" },
	{ EBUSY,  "it is in use by another program (fuser -v /dev/vfio/noiommu-*)" },
	{ EINVAL, "its group is in another container" },
	{ ENODEV, "no-IOMMU mode is off: echo 1 > "
		  "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode" },
	{ ENOTTY, "the descriptors are no container and group of VFIO" },
	{ 0, NULL },
};

static bool is_noiommu(const struct vfio_space *space)
{
	return space->kind == VFIO_NOIOMMU;
}

static uintptr_t iommu_type(const struct vfio_space *space)
{
	return is_noiommu(space) ? VFIO_NOIOMMU_IOMMU : VFIO_TYPE1v2_IOMMU;
}

static int open_container(struct vfio_space *space, const char *addr)
{
	int ret = leat_vfio_ioctl(space->fd, VFIO_GET_API_VERSION, NULL);

	if (ret < 0)
		return leat_fail(space->ctx, ret, "%s: open: descriptor %d is no container of "
				 "VFIO: %s", addr, space->fd, strerror(-ret));
	if (ret != VFIO_API_VERSION)
		return leat_fail(space->ctx, -ENOTSUP, "%s: open %s: the kernel speaks version %d "
				 "of VFIO, and only %d is known", addr, leat_vfio_kind(space)->node,
				 ret, VFIO_API_VERSION);
	ret = leat_vfio_ioctl(space->fd, VFIO_CHECK_EXTENSION, (void *)iommu_type(space));
	if (ret > 0)
		return 0;
	return leat_fail(space->ctx, -ENODEV, "%s: open %s: %s", addr, leat_vfio_kind(space)->node,
			 is_noiommu(space) ? leat_vfio_why(noiommu_reasons, -ENODEV) :
			 "there is no IOMMU driver of type 1 (v2): modprobe vfio_iommu_type1");
}

/* The container goes with its descriptor. */
static void close_container(struct vfio_space *space)
{
	(void)space;
}

/* ---- looking ---- */

/* What the kernel tells into @out, from malloc(), as long as it says. */
static int get_info(int fd, struct vfio_iommu_type1_info **out)
{
	uint32_t size = sizeof(**out);

	/* What it tells may have grown between two questions, but not for ever. */
	for (int tries = 0; tries < 8; tries++) {
		struct vfio_iommu_type1_info *info = calloc(1, size);
		uint32_t need;
		int err;

		if (!info)
			return -ENOMEM;
		info->argsz = size;
		err = leat_vfio_ioctl(fd, VFIO_IOMMU_GET_INFO, info);
		need = info->argsz;
		if (err >= 0 && need <= size) {
			info->argsz = size;
			*out = info;
			return 0;
		}
		free(info);
		if (err < 0)
			return err;
		if (need > INFO_MAX)
			return -E2BIG;
		size = need;
	}
	return -EPROTO;
}

/* Kernels before 5.4 tell no ranges: what any x86 IOMMU has, around the interrupts' window. */
static int assume(struct vfio_type1_look *look)
{
	look->ranges = calloc(2, sizeof(*look->ranges));
	if (!look->ranges)
		return -ENOMEM;
	look->nranges = 2;
	look->ranges[0] = (struct leat_iova_range){ 0, UINT64_C(0xfedfffff) };
	look->ranges[1] = (struct leat_iova_range){ UINT64_C(0xfef00000), UINT64_C(0x7fffffffff) };
	return 0;
}

static void take(struct vfio_space *space, const struct vfio_type1_look *look)
{
	free(space->ranges);
	space->ranges = look->ranges;
	space->as.ranges = look->ranges;
	space->as.nranges = look->nranges;
	space->as.pgsizes = look->pgsizes;
	space->as.maps_left = look->maps_left;
	space->as.page_size = look->pgsizes ? (size_t)(look->pgsizes & -look->pgsizes) : 4096;
}

static const struct vfio_reason look_reasons[] = {
	{ EPROTO, "the kernel's answer contradicts itself" },
	{ E2BIG,  "the IOMMU has more ranges of addresses than can be right" },
	{ 0, NULL },
};

static int look_at_type1(struct vfio_space *space, const char *addr)
{
	struct vfio_iommu_type1_info *info;
	struct vfio_type1_look look = { 0 };
	int err = get_info(space->fd, &info);

	if (!err) {
		err = leat_vfio_type1_parse(info, info->argsz, &look);
		free(info);
	}
	if (!err && !look.ranges)
		err = assume(&look);
	if (err)
		return leat_fail(space->ctx, err, "%s: ask for the IOMMU's ranges: %s", addr,
				 leat_vfio_why(look_reasons, err));
	take(space, &look);
	return 0;
}

static int look_at_nothing(struct vfio_space *space, const char *addr)
{
	(void)space;
	(void)addr;
	return 0;
}

/* ---- maps ---- */

static int map_type1(struct vfio_space *space, struct vfio_map *map)
{
	struct vfio_iommu_type1_dma_map arg = {
		.argsz = sizeof(arg), .iova = map->iova, .size = map->len,
		.vaddr = (uintptr_t)map->va,
		.flags = VFIO_DMA_MAP_FLAG_READ | (map->read_only ? 0 : VFIO_DMA_MAP_FLAG_WRITE),
	};

	return leat_vfio_ioctl(space->fd, VFIO_IOMMU_MAP_DMA, &arg);
}

static int unmap_type1(struct vfio_space *space, uint64_t iova, uint64_t len, uint64_t *done)
{
	struct vfio_iommu_type1_dma_unmap arg = {
		.argsz = sizeof(arg), .iova = iova, .size = len,
	};
	int err = leat_vfio_ioctl(space->fd, VFIO_IOMMU_UNMAP_DMA, &arg);

	*done = arg.size;
	return err;
}

static int map_nothing(struct vfio_space *space, struct vfio_map *map)
{
	(void)space;
	(void)map;
	return -ENOTSUP;
}

static int unmap_nothing(struct vfio_space *space, uint64_t iova, uint64_t len, uint64_t *done)
{
	(void)space;
	(void)iova;
	(void)len;
	*done = 0;
	return -ENOTSUP;
}

/* ---- groups ---- */

static bool in_container(int fd)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };

	return leat_vfio_ioctl(fd, VFIO_GROUP_GET_STATUS, &status) >= 0 &&
	       status.flags & VFIO_GROUP_FLAGS_CONTAINER_SET;
}

static int set_iommu(struct vfio_space *space)
{
	int err = leat_vfio_ioctl(space->fd, VFIO_SET_IOMMU, (void *)iommu_type(space));

	/* It was set before we got the container. */
	return err == -EINVAL && space->foreign ? 0 : err;
}

static int fail_group(struct vfio_space *space, int err, const char *addr, const char *what)
{
	return leat_fail(space->ctx, err, "%s: %s: %s", addr, what,
			 leat_vfio_why(is_noiommu(space) ? noiommu_reasons : group_reasons, err));
}

static int set_container(struct vfio_space *space, int fd)
{
	int err = leat_vfio_ioctl(fd, VFIO_GROUP_SET_CONTAINER, &space->fd);

	/* EINVAL is said of a group that is in a container, and of one that cannot join others. */
	return err == -EINVAL && space->members && !in_container(fd) ? -ENOSPC : err;
}

int leat_vfio_space_add_group(struct vfio_space *space, int fd, const char *addr)
{
	bool theirs = space->foreign && in_container(fd);
	int err = theirs ? 0 : set_container(space, fd);

	if (err)
		return fail_group(space, err, addr, "put its group into a container");
	if (!space->members)
		err = set_iommu(space);
	if (err) {
		fail_group(space, err, addr, "set the IOMMU");
		goto unset;
	}
	err = leat_vfio_space_enter(space, addr);
	if (err)
		goto unset;
	return 0;

unset:
	if (!theirs)
		leat_vfio_ioctl(fd, VFIO_GROUP_UNSET_CONTAINER, NULL);
	leat_vfio_space_left(space);
	return err;
}

void leat_vfio_space_remove_group(struct vfio_space *space, int fd)
{
	leat_vfio_space_leave(space);
	if (!space->foreign)
		leat_vfio_ioctl(fd, VFIO_GROUP_UNSET_CONTAINER, NULL);
	leat_vfio_space_left(space);
}

const struct vfio_kind_ops leat_vfio_group_kind = {
	.node = "/dev/vfio/vfio",
	.reasons = open_reasons,
	.open = open_container,
	.close = close_container,
	.look = look_at_type1,
	.map = map_type1,
	.unmap = unmap_type1,
};

const struct vfio_kind_ops leat_vfio_noiommu_kind = {
	.node = "/dev/vfio/vfio",
	.reasons = open_reasons,
	.open = open_container,
	.close = close_container,
	.look = look_at_nothing,
	.map = map_nothing,
	.unmap = unmap_nothing,
};
