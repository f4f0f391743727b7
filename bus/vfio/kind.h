// SPDX-License-Identifier: BSD-3-Clause
/*
 * kind.h - how the kinds of IOMMU domains differ. Between space.c, maps.c and the kinds.
 */
#ifndef LEAT_VFIO_KIND_H
#define LEAT_VFIO_KIND_H

#include "reason.h"
#include "space.h"

/* One map of ours. */
struct vfio_map {
	uint64_t	iova, len;
	void		*va;
	bool		read_only;
	bool		pins;		/* it counts as locked; a copy of another IOAS's does not */
};

struct vfio_kind_ops {
	const char	*node;		/* what is opened */
	const struct vfio_reason *reasons;	/* why that may fail */

	/* Check what was opened; allocate. 0 or -errno, logged. */
	int	(*open)(struct vfio_space *space, const char *addr);
	/* Undo, before the descriptor is closed. */
	void	(*close)(struct vfio_space *space);
	/* Read ranges, page sizes and maps left into space->as. 0 or -errno, logged. */
	int	(*look)(struct vfio_space *space, const char *addr);
	/* The kernel's bare answers, 0 or -errno, not logged. @map->pins may be cleared. */
	int	(*map)(struct vfio_space *space, struct vfio_map *map);
	/* ...and here @done: bytes that are no longer mapped. */
	int	(*unmap)(struct vfio_space *space, uint64_t iova, uint64_t len, uint64_t *done);
};

extern const struct vfio_kind_ops leat_vfio_group_kind, leat_vfio_iommufd_kind,
	leat_vfio_noiommu_kind;

const struct vfio_kind_ops *leat_vfio_kind(const struct vfio_space *space);

/* The context's domains. */
struct vfio_space *leat_vfio_spaces(struct leat_ctx *ctx);

/*
 * leat_vfio_space_enter - after the kernel took a member in: read the ranges, check that all
 * that is mapped lies in them, or, if it is the first, attach to core. 0 or -errno, logged;
 * then the caller takes the member out again and calls leat_vfio_space_left().
 */
int leat_vfio_space_enter(struct vfio_space *space, const char *addr);

/* Before the kernel lets a member go: with the last one core unmaps everything. */
void leat_vfio_space_leave(struct vfio_space *space);

/* After: what the others can reach may be more now. */
void leat_vfio_space_left(struct vfio_space *space);

/* ---- maps.c ---- */

extern const struct leat_aspace_ops leat_vfio_aspace_ops;

/*
 * leat_vfio_map, leat_vfio_unmap - with the same results whatever the kind:
 * map: -EINVAL not whole pages, it wraps, or not within one range; -EEXIST overlaps a map;
 * -ENOMEM beyond the limit of locked memory; -ENOSPC no map left; logged.
 * unmap: every map within; -ENOENT there is none, -EINVAL one would be cut. Not logged.
 */
int leat_vfio_map(struct vfio_space *space, const struct vfio_map *map);
int leat_vfio_unmap(struct vfio_space *space, uint64_t iova, uint64_t len);

/* The map at just these addresses and bytes, or NULL. */
struct vfio_map *leat_vfio_map_find(struct vfio_space *space, uint64_t iova, uint64_t len);

/* Another IOAS of the same iommufd that has the same memory at the same addresses, or NULL. */
struct vfio_space *leat_vfio_map_peer(const struct vfio_space *space, const struct vfio_map *map);

#endif
