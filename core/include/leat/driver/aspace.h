// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver/aspace.h - address spaces: who sees which memory at which address.
 * For bus and driver authors: may change in any minor release.
 *
 * Core picks one IOVA for a segment, good in every address space attached to
 * the context; a backend maps it there. Shared segments (packet buffers) are
 * replayed into a new space before leat_aspace_attach() returns; private ones
 * (a port's rings) exist in one space only.
 */
#ifndef LEAT_DRIVER_ASPACE_H
#define LEAT_DRIVER_ASPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/compiler.h>
#include <leat/ctx.h>
#include <leat/mem.h>

LEAT_BEGIN_DECLS

struct leat_aspace;

/* One stretch of DMA memory at one device address. Core's; backends read it. */
struct leat_seg {
	void		*va;
	leat_iova_t	iova;		/* an order, not a request */
	size_t		len;		/* multiple of page_size */
	bool		read_only;	/* the device may not write there */
	int		fd;		/* -1: memory of the application's, behind no descriptor */
	uint64_t	fd_off;
	size_t		page_size;
	int		node;		/* NUMA node that it came from, -1: none asked or unknown */
};

/* Inclusive bounds, as VFIO reports them. */
struct leat_iova_range {
	leat_iova_t	first, last;
};

struct leat_aspace_ops {
	/* Map @seg at @seg->iova, readable and writable by the device. 0 or -errno, logged. */
	int	(*dma_map)(struct leat_aspace *as, const struct leat_seg *seg);
	/* Returns when the device can no longer reach it. */
	void	(*dma_unmap)(struct leat_aspace *as, const struct leat_seg *seg);
};

/* Storage is the backend's, which fills the upper part before attaching. */
struct leat_aspace {
	const struct leat_aspace_ops *ops;
	const char	*name;		/* for messages: the device's address */
	const struct leat_iova_range *ranges;	/* usable, ascending, not overlapping */
	unsigned int	nranges;	/* 0: everything */
	uint8_t		dma_bits;	/* address width of the narrowest device; 0: 64 */
	size_t		page_size;	/* smallest page it can map; 0: 4096 */
	uint64_t	pgsizes;	/* a bit for each page size it knows; 0: not told */
	uint32_t	maps_left;	/* maps it had left at the last look; UINT32_MAX: no limit told */
	bool		phys;		/* nobody translates: its IOVAs are physical addresses */

	struct leat_ctx	*ctx;		/* core's, from here on */
	unsigned int	near;		/* LEAT_NODE(n) of its first port; 0: unknown */
	struct leat_aspace *next;
	struct leat_pseg *priv;		/* private segments */
};

/*
 * leat_aspace_attach - map all shared segments into @as and keep it up to date.
 * -ENOSPC if its ranges exclude a segment already placed (logged, with the
 * segment and the ranges); -EINVAL if it wants physical addresses (as->phys) and the
 * context chooses them; -errno of the first map that failed, all undone.
 */
LEAT_API int leat_aspace_attach(struct leat_ctx *ctx, struct leat_aspace *as);

/* Unmap everything, private segments included. Never attached: nothing. */
LEAT_API void leat_aspace_detach(struct leat_aspace *as);

/* In a forked child, instead of detach: nothing is unmapped, no op is called. */
LEAT_API void leat_aspace_forget(struct leat_aspace *as);

/*
 * leat_aspace_narrow - a device of @as has addresses of @dma_bits only (0, or more
 * than the space has: nothing to do). Later segments heed it, for as long as the
 * space is there. -ENOSPC (logged) if one lies beyond already; the space is as before.
 */
LEAT_API int leat_aspace_narrow(struct leat_aspace *as, unsigned int dma_bits);

/* The ranges of @as for messages, as many as fit into @size bytes: "0x0-0xfff, ..."; returns @buf. */
LEAT_API const char *leat_aspace_ranges(const struct leat_aspace *as, char *buf, size_t size);

/* After as->ranges shrank: is all that is mapped still inside? 0 or -ENOSPC, logged. */
LEAT_API int leat_aspace_recheck(struct leat_aspace *as);

/*
 * leat_aspace_alloc - zeroed memory that only the devices of @as see, for
 * descriptor rings. As leat_mem_alloc() otherwise.
 */
LEAT_API int leat_aspace_alloc(struct leat_aspace *as, size_t len, size_t align,
			       struct leat_mem *out);
/* Detached or forgotten: nothing, it has gone with the space. */
LEAT_API void leat_aspace_free(struct leat_aspace *as, struct leat_mem *mem);

/*
 * leat_aspace_least_page - bytes of the smallest page among the memory that the
 * devices of @as see now; what an IOMMU maps is contiguous for sure only so far.
 */
LEAT_API size_t leat_aspace_least_page(const struct leat_aspace *as);

LEAT_END_DECLS

#endif
