// SPDX-License-Identifier: BSD-3-Clause
/*
 * mem.h - memory that devices can reach.
 *
 * DMA memory comes in few and large segments, each behind a descriptor
 * (hugetlbfs, or a memfd sealed against shrinking), because a device in
 * another process must be handed that descriptor. A segment has one device
 * address (IOVA) in every address space.
 */
#ifndef LEAT_MEM_H
#define LEAT_MEM_H

#include <stddef.h>
#include <stdint.h>

#include <leat/compiler.h>
#include <leat/ctx.h>

LEAT_BEGIN_DECLS

/* An address as the device sees it. Never a pointer, never a physical address. */
typedef uint64_t leat_iova_t;

/* A run of DMA memory, contiguous for CPU and device. */
struct leat_mem {
	void		*va;
	leat_iova_t	iova;
	size_t		len;		/* bytes */
	void		*seg;		/* ours: where it came from */
};

/*
 * leat_mem_alloc - zeroed DMA memory that every device of the context sees.
 *
 * @align is a power of two, at least 64. -ENOMEM with the sum asked, the sum
 * there and the remedy in leat_ctx_error(). Control thread.
 */
LEAT_API int leat_mem_alloc(struct leat_ctx *ctx, size_t len, size_t align, struct leat_mem *out);

/* Gives it back; no device may use it any more. Takes an all-zero @mem. Control thread. */
LEAT_API void leat_mem_free(struct leat_ctx *ctx, struct leat_mem *mem);

/* What the context's memory is made of, for a banner. */
struct leat_mem_info {
	size_t		len;		/* bytes in all segments */
	size_t		used;		/* bytes handed out */
	size_t		page_size;	/* smallest page among them */
	unsigned int	segs;
	const char	*source;	/* "hugetlbfs", "memfd, huge pages", "memfd" */
	int		node;		/* NUMA node, or -1: no preference was possible */
};

LEAT_API void leat_mem_info(const struct leat_ctx *ctx, struct leat_mem_info *out);

LEAT_END_DECLS

#endif
