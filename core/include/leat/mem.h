// SPDX-License-Identifier: BSD-3-Clause
/*
 * mem.h - memory that devices can reach.
 *
 * DMA memory comes in few and large segments, each behind a descriptor
 * (hugetlbfs, or a memfd sealed against shrinking), because a device in
 * another process must be handed that descriptor. A segment has one device
 * address (IOVA) in every address space; in a context of physical addresses
 * (LEAT_IOVA_PHYS) each stretch that is contiguous in the machine has one.
 */
#ifndef LEAT_MEM_H
#define LEAT_MEM_H

#include <stddef.h>
#include <stdint.h>

#include <leat/compiler.h>
#include <leat/ctx.h>

LEAT_BEGIN_DECLS

/* An address as the device sees it. Never a pointer; a physical one with LEAT_IOVA_PHYS only. */
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
 * there and the remedy in leat_ctx_error(). With LEAT_IOVA_PHYS more than a huge
 * page may not be there in one piece. Control thread.
 */
LEAT_API int leat_mem_alloc(struct leat_ctx *ctx, size_t len, size_t align, struct leat_mem *out);

/* Gives it back; no device may use it any more. Takes an all-zero @mem. Control thread. */
LEAT_API void leat_mem_free(struct leat_ctx *ctx, struct leat_mem *mem);

/*
 * leat_dma_map - show the application's own memory to every device of the context,
 * those that it opens later included. It stays the application's; it must stay
 * mapped, and the same, until leat_dma_unmap() or leat_ctx_close().
 *
 * @va and @len are multiples of 4096, or of the smallest page that some device's
 * IOMMU has. With LEAT_DMA_READ_ONLY devices may read it and not write to it: for
 * buffers that are only sent. A vfio-user peer gets at it by messages, which
 * leat_ctx_poll() answers: slowly, for there is no descriptor behind it. A program that forks takes memory that is shared
 * with its children (MAP_SHARED, or madvise(MADV_DONTFORK)).
 *
 * -EINVAL the alignment, with who demands it; -ENOSPC no device addresses are left;
 * -ENOTSUP with LEAT_IOVA_PHYS; or what a device's backend said, and then no device
 * sees it. Control thread.
 */
#define LEAT_DMA_READ_ONLY 1u

LEAT_API int leat_dma_map(struct leat_ctx *ctx, void *va, size_t len, unsigned int flags,
			  struct leat_mem *out);

/*
 * leat_dma_unmap - returns when no device can reach it any more. No pool lies in it
 * and no device uses it by then. Takes an all-zero @mem. Control thread.
 */
LEAT_API void leat_dma_unmap(struct leat_ctx *ctx, struct leat_mem *mem);

/*
 * leat_mem_iova - the device address of the byte at @off, which is less than
 * mem->len. For memory that was allocated or mapped it is mem->iova + @off. Any thread.
 */
LEAT_API leat_iova_t leat_mem_iova(const struct leat_mem *mem, size_t off);

/* What the context's memory is made of, for a banner; what was lent to it is not in it. */
struct leat_mem_info {
	size_t		len;		/* bytes in all segments */
	size_t		used;		/* bytes handed out */
	size_t		page_size;	/* smallest page among them */
	unsigned int	segs;
	const char	*source;	/* "hugetlbfs", "memfd, huge pages", "memfd" */
	int		node;		/* NUMA node it came from; -1: no preference was possible */
};

LEAT_API void leat_mem_info(const struct leat_ctx *ctx, struct leat_mem_info *out);

LEAT_END_DECLS

#endif
