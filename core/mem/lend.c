// SPDX-License-Identifier: BSD-3-Clause
/*
 * lend.c - the application's own memory, shown to devices.
 *
 * It becomes a segment like any other, with one run that is in use; but nobody
 * made it here and nobody frees it.
 */
#include "segment.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include <leat/bits.h>
#include <leat/driver/core.h>

#include "place.h"
#include "pseg.h"

#define MIB ((size_t)1 << 20)
#define GIB ((size_t)1 << 30)

/* What devices can map at all; no IOMMU has smaller pages. */
#define PAGE_LEAST ((size_t)4096)

static int check_pages(struct leat_ctx *ctx, const void *va, size_t len)
{
	const char *who = "devices";
	size_t page = PAGE_LEAST;

	for (const struct leat_aspace *as = leat_ctx_mem(ctx)->spaces; as; as = as->next) {
		if (as->page_size <= page)
			continue;
		page = as->page_size;
		who = as->name;
	}
	if (((uintptr_t)va | len) & (page - 1))
		return leat_fail(ctx, -EINVAL, "memory: map %zu bytes at %p: %s can map pages of "
				 "%zu bytes: begin and end at multiples of that", len, va, who,
				 page);
	return 0;
}

static int check(struct leat_ctx *ctx, const void *va, size_t len, unsigned int flags)
{
	if (leat_ctx_mem(ctx)->phys)
		return leat_fail(ctx, -ENOTSUP, "memory: map %zu bytes at %p: where devices use "
				 "physical addresses only the library's own memory has one that "
				 "stays; use leat_mem_alloc()", len, va);
	if (!va || !len || (uintptr_t)va + len < (uintptr_t)va || flags & ~LEAT_DMA_READ_ONLY)
		return leat_fail(ctx, -EINVAL, "memory: map %zu bytes at %p with flags %#x: no such "
				 "memory, or no such flag", len, va, flags);
	return check_pages(ctx, va, len);
}

/* The largest superpage that may lie wholly inside. */
static size_t superpage(size_t len)
{
	return len >= GIB ? GIB : len >= 2 * MIB ? 2 * MIB : PAGE_LEAST;
}

static int lend(struct leat_ctx *ctx, struct leat_pseg *p)
{
	int err = leat_pseg_runs(p);

	if (err)
		return leat_fail(ctx, err, "memory: the process is out of memory; free some");
	p->runs->used = true;
	p->used = p->seg.len;
	err = leat_pseg_show(ctx, p, PAGE_LEAST);
	if (err == -EADDRNOTAVAIL)
		err = leat_pseg_no_room(ctx, p);
	if (err)
		leat_pseg_close(p);
	else
		leat_pseg_enlist(ctx, p);
	return err;
}

int leat_dma_map(struct leat_ctx *ctx, void *va, size_t len, unsigned int flags,
		 struct leat_mem *out)
{
	struct leat_pseg *p;
	int err = check(ctx, va, len, flags);

	if (err)
		return err;
	p = calloc(1, sizeof(*p));
	if (!p)
		return leat_fail(ctx, -ENOMEM, "memory: the process is out of memory; free some");
	p->seg = (struct leat_seg){
		.va = va, .len = len, .read_only = flags & LEAT_DMA_READ_ONLY, .fd = -1,
		.page_size = PAGE_LEAST, .node = -1,
	};
	p->part = &p->seg;
	p->nparts = 1;
	p->lent = true;
	p->node = -1;
	p->align = superpage(len);
	err = lend(ctx, p);
	if (err)
		goto free_pseg;

	*out = (struct leat_mem){ .va = va, .iova = p->seg.iova, .len = len, .seg = p->runs };
	return 0;

free_pseg:
	free(p);
	return err;
}

void leat_dma_unmap(struct leat_ctx *ctx, struct leat_mem *m)
{
	leat_mem_free(ctx, m);
}
