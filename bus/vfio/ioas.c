// SPDX-License-Identifier: BSD-3-Clause
/*
 * ioas.c - domains that are an IO address space of iommufd: character devices are bound to the
 * open /dev/iommu and attached to the IOAS.
 *
 * An IOAS takes maps before any device is attached, but tells the true ranges only after; so
 * nothing is mapped before (leat_vfio_space_enter()).
 */
#include "kind.h"

#include "abi.h"
#include "ranges.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NO_UNSAFE "switch interrupt remapping on (firmware; no intremap=off on the kernel's "	\
	"command line), or take the risk: echo 1 > "						\
	"/sys/module/iommufd/parameters/allow_unsafe_interrupts"

static const struct vfio_reason open_reasons[] = {
	{ ENOENT, "the kernel's iommufd is not there: modprobe iommufd, or use the device's group "
		  "(group:ADDRESS)" },
	{ ENODEV, "the kernel's iommufd is not there: modprobe iommufd, or use the device's group "
		  "(group:ADDRESS)" },
	{ ENXIO,  "the kernel's iommufd is not there: modprobe iommufd, or use the device's group "
		  "(group:ADDRESS)" },
	{ EACCES, "permission denied: chown the node to your user (what it lets do, the device's "
		  "node decides)" },
	{ EPERM,  "not permitted: in a container, pass the node in (docker --device)" },
	{ 0, NULL },
};

static const struct vfio_reason bind_reasons[] = {
	{ EPERM,  "not permitted: the IOMMU does not remap interrupts, so the device could forge "
		  "them; " NO_UNSAFE },
	{ EACCES, "permission denied: its physical function is in user space, and demands the "
		  "token that was set there (,token=UUID)" },
	{ EBUSY,  "it is in use: by a kernel driver of a device in its group (leat devices), or "
		  "by another program (fuser -v /dev/vfio/* /dev/vfio/devices/*)" },
	{ EINVAL, "another program has it open (fuser -v /dev/vfio/devices/*), or its DMA is not "
		  "coherent with the caches" },
	{ ENODEV, "the device is gone" },
	{ ENOTTY, "the descriptors are no device of VFIO and no iommufd" },
	{ 0, NULL },
};

static const struct vfio_reason attach_reasons[] = {
	{ EPERM,  "not permitted: the IOMMU does not remap interrupts; " NO_UNSAFE },
	{ EBUSY,  "another program has attached a device of its group to other memory (fuser -v "
		  "/dev/vfio/devices/*)" },
	{ EINVAL, "its IOMMU cannot share what another one of this domain uses; give it a domain "
		  "of its own" },
	{ ENOENT, "the descriptor is bound to another iommufd" },
	{ EADDRINUSE, "memory is mapped where the device cannot reach; give it a domain of its "
		      "own, or open it first" },
	{ 0, NULL },
};

static int open_ioas(struct vfio_space *space, const char *addr)
{
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	int err = leat_vfio_ioctl(space->fd, IOMMU_IOAS_ALLOC, &alloc);

	if (err)
		return leat_fail(space->ctx, err, "%s: allocate an IOAS: %s", addr, err == -ENOTTY ?
				 "the descriptor is no iommufd" : strerror(-err));
	space->ioas = alloc.out_ioas_id;
	return 0;
}

static void close_ioas(struct vfio_space *space)
{
	struct iommu_destroy destroy = { .size = sizeof(destroy), .id = space->ioas };

	leat_vfio_ioctl(space->fd, IOMMU_DESTROY, &destroy);
}

/* ---- looking ---- */

/* @n ranges at most; -EMSGSIZE and how many there are if they are more. */
static int ask(struct vfio_space *space, struct iommu_iova_range *ranges, uint32_t *n,
	       uint64_t *align)
{
	struct iommu_ioas_iova_ranges arg = {
		.size = sizeof(arg), .ioas_id = space->ioas, .num_iovas = *n,
		.allowed_iovas = (uintptr_t)ranges,
	};
	int err = leat_vfio_ioctl(space->fd, IOMMU_IOAS_IOVA_RANGES, &arg);

	if (!err && arg.num_iovas > *n)
		return -EPROTO;
	*n = arg.num_iovas;
	*align = arg.out_iova_alignment;
	return err;
}

/* All of them, into @out, from malloc(). Returns how many, or -errno. */
static int ask_all(struct vfio_space *space, struct leat_iova_range **out, uint64_t *align)
{
	LEAT_STATIC_ASSERT(sizeof(struct iommu_iova_range) == sizeof(struct leat_iova_range),
			   "both are first and last");
	uint32_t n = 8, room;
	int err = -EMSGSIZE;

	for (int tries = 0; err == -EMSGSIZE && tries < 8; tries++) {
		struct leat_iova_range *ranges = calloc(n ? n : 1, sizeof(*ranges));

		if (!ranges)
			return -ENOMEM;
		room = n;
		err = ask(space, (struct iommu_iova_range *)ranges, &n, align);
		if (!err && n) {
			*out = ranges;
			return leat_vfio_ranges_tidy(ranges, n);
		}
		free(ranges);
		if (n > VFIO_RANGES_MAX)
			return -E2BIG;
		if (err == -EMSGSIZE && n <= room)
			return -EPROTO;
	}
	return err ? err : -EPROTO;
}

static const struct vfio_reason look_reasons[] = {
	{ EPROTO, "the kernel's answer contradicts itself" },
	{ E2BIG,  "the IOMMU has more ranges of addresses than can be right" },
	{ 0, NULL },
};

static int look_at_ioas(struct vfio_space *space, const char *addr)
{
	struct leat_iova_range *ranges = NULL;
	uint64_t align = 0;
	long page = sysconf(_SC_PAGESIZE);
	int n = ask_all(space, &ranges, &align);

	if (n >= 0 && (align & (align - 1) || align > (uint64_t)page))
		n = -EPROTO;
	if (n < 0) {
		free(ranges);
		return leat_fail(space->ctx, n, "%s: ask for the IOMMU's ranges: %s", addr,
				 leat_vfio_why(look_reasons, n));
	}
	free(space->ranges);
	space->ranges = ranges;
	space->as.ranges = ranges;
	space->as.nranges = (unsigned int)n;
	/* What is finer than a page is of no use: memory comes in pages. */
	space->as.page_size = (size_t)page;
	return 0;
}

/* ---- maps ---- */

static uint32_t map_flags(const struct vfio_map *map)
{
	return IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE |
	       (map->read_only ? 0 : IOMMU_IOAS_MAP_WRITEABLE);
}

static int copy_ioas(struct vfio_space *space, const struct vfio_space *from,
		     const struct vfio_map *map)
{
	struct iommu_ioas_copy arg = {
		.size = sizeof(arg), .flags = map_flags(map), .length = map->len,
		.dst_ioas_id = space->ioas, .dst_iova = map->iova,
		.src_ioas_id = from->ioas, .src_iova = map->iova,
	};

	return leat_vfio_ioctl(space->fd, IOMMU_IOAS_COPY, &arg);
}

static int map_ioas(struct vfio_space *space, struct vfio_map *map)
{
	const struct vfio_space *from = leat_vfio_map_peer(space, map);
	struct iommu_ioas_map arg = {
		.size = sizeof(arg), .flags = map_flags(map), .ioas_id = space->ioas,
		.user_va = (uintptr_t)map->va, .length = map->len, .iova = map->iova,
	};

	/* What another IOAS of ours has, is locked already; a copy does not count again. */
	return from ? copy_ioas(space, from, map)
		    : leat_vfio_ioctl(space->fd, IOMMU_IOAS_MAP, &arg);
}

static int unmap_ioas(struct vfio_space *space, uint64_t iova, uint64_t len, uint64_t *done)
{
	struct iommu_ioas_unmap arg = {
		.size = sizeof(arg), .ioas_id = space->ioas, .iova = iova, .length = len,
	};
	int err = leat_vfio_ioctl(space->fd, IOMMU_IOAS_UNMAP, &arg);

	*done = arg.length;
	return err;
}

/* ---- devices ---- */

static int bind(struct vfio_space *space, int fd, const uint8_t *token, const char *addr)
{
	struct vfio_device_bind_iommufd arg = {
		.argsz = offsetof(struct vfio_device_bind_iommufd, token_uuid_ptr),
		.iommufd = space->fd,
	};
	int err;

	if (token) {
		arg.argsz = sizeof(arg);
		arg.flags = VFIO_DEVICE_BIND_FLAG_TOKEN;
		arg.token_uuid_ptr = (uintptr_t)token;
	}
	err = leat_vfio_ioctl(fd, VFIO_DEVICE_BIND_IOMMUFD, &arg);
	/* A descriptor of somebody else's may be bound already; attaching will tell. */
	if (!err || (err == -EINVAL && space->foreign && !token))
		return 0;
	if (err == -EINVAL && token)
		return leat_fail(space->ctx, err, "%s: bind to the iommufd: the kernel takes no "
				 "tokens there before Linux 6.17; use the device's group "
				 "(group:ADDRESS)", addr);
	/* The kernel's word for a character device that is open elsewhere. */
	return leat_fail(space->ctx, err == -EINVAL ? -EBUSY : err, "%s: bind to the iommufd: %s",
			 addr, leat_vfio_why(bind_reasons, err));
}

static int attach(struct vfio_space *space, int fd, const char *addr)
{
	struct vfio_device_attach_iommufd_pt arg = { .argsz = sizeof(arg), .pt_id = space->ioas };
	int err = leat_vfio_ioctl(fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &arg);

	if (!err)
		return 0;
	return leat_fail(space->ctx, err == -EADDRINUSE ? -ENOSPC : err, "%s: attach to the IOAS: "
			 "%s", addr, leat_vfio_why(attach_reasons, err));
}

static void detach(int fd)
{
	struct vfio_device_detach_iommufd_pt arg = { .argsz = sizeof(arg) };

	leat_vfio_ioctl(fd, VFIO_DEVICE_DETACH_IOMMUFD_PT, &arg);
}

int leat_vfio_space_add_device(struct vfio_space *space, int fd, const uint8_t *token,
			       const char *addr)
{
	int err = bind(space, fd, token, addr);

	if (!err)
		err = attach(space, fd, addr);
	if (err)
		return err;
	err = leat_vfio_space_enter(space, addr);
	if (err) {
		detach(fd);
		leat_vfio_space_left(space);
	}
	return err;
}

void leat_vfio_space_remove_device(struct vfio_space *space, int fd)
{
	leat_vfio_space_leave(space);
	detach(fd);
	leat_vfio_space_left(space);
}

const struct vfio_kind_ops leat_vfio_iommufd_kind = {
	.node = "/dev/iommu",
	.reasons = open_reasons,
	.open = open_ioas,
	.close = close_ioas,
	.look = look_at_ioas,
	.map = map_ioas,
	.unmap = unmap_ioas,
};
