// SPDX-License-Identifier: BSD-3-Clause
/*
 * space.c - address spaces and the segments they see.
 */
#include "space.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <leat/driver/core.h>

#include "grow.h"
#include "pseg.h"

/* The first @n parts of @p out of @as. */
static void unmap_parts(struct leat_aspace *as, const struct leat_pseg *p, unsigned int n)
{
	while (n)
		as->ops->dma_unmap(as, &p->part[--n]);
}

static int map_parts(struct leat_aspace *as, const struct leat_pseg *p)
{
	for (unsigned int i = 0; i < p->nparts; i++) {
		int err = as->ops->dma_map(as, &p->part[i]);

		if (err) {
			unmap_parts(as, p, i);
			return err;
		}
	}
	return 0;
}

int leat_space_map(struct leat_aspace *as, const struct leat_aspace *end,
		   const struct leat_pseg *p)
{
	for (struct leat_aspace *at = as; at != end; at = at->next) {
		int err = map_parts(at, p);

		if (err) {
			leat_space_unmap(as, at, p);
			return err;
		}
	}
	return 0;
}

void leat_space_unmap(struct leat_aspace *as, const struct leat_aspace *end,
		      const struct leat_pseg *p)
{
	for (; as != end; as = as->next)
		unmap_parts(as, p, p->nparts);
}

const char *leat_aspace_ranges(const struct leat_aspace *as, char *buf, size_t size)
{
	size_t at = 0;

	snprintf(buf, size, "all");
	for (unsigned int i = 0; i < as->nranges && at < size; i++)
		at += (size_t)snprintf(buf + at, size - at, "%s%#" PRIx64 "-%#" PRIx64,
				       i ? ", " : "", as->ranges[i].first, as->ranges[i].last);
	return buf;
}

static unsigned int width(const struct leat_aspace *as)
{
	return as->dma_bits ? as->dma_bits : 64;
}

static int fail_beyond(struct leat_ctx *ctx, const struct leat_aspace *as, const struct leat_seg *seg)
{
	bool phys = leat_ctx_mem(ctx)->phys;
	char text[160];

	if (as->page_size && ((seg->iova | seg->len) & (as->page_size - 1)))
		return leat_fail(ctx, -ENOSPC, "%s: map memory: it maps pages of %zu bytes, and a "
				 "segment at %#" PRIx64 " is not made of such; open this device "
				 "before any memory is set aside", as->name, as->page_size,
				 seg->iova);
	return leat_fail(ctx, -ENOSPC, "%s: map memory: a segment lies at %s%#" PRIx64 "-%#" PRIx64
			 ", beyond its %u address bits or its ranges (%s); %s", as->name,
			 phys ? "the physical addresses " : "", seg->iova,
			 seg->iova + (seg->len - 1), width(as),
			 leat_aspace_ranges(as, text, sizeof(text)),
			 phys ? "it needs an IOMMU in this machine" :
				"open this device before any memory is set aside");
}

int leat_space_check(struct leat_ctx *ctx, const struct leat_aspace *as,
		     const struct leat_pseg *p)
{
	for (unsigned int i = 0; i < p->nparts; i++) {
		const struct leat_seg *seg = &p->part[i];
		const struct leat_iova_run run = {
			.first = seg->iova, .last = seg->iova + (seg->len - 1),
		};

		if (!leat_iova_reaches(as, &run))
			return fail_beyond(ctx, as, seg);
	}
	return 0;
}

static int check_list(struct leat_ctx *ctx, const struct leat_aspace *as, const struct leat_pseg *p)
{
	int err = 0;

	for (; p && !err; p = p->next)
		err = leat_space_check(ctx, as, p);
	return err;
}

/* All of the list from @p up to, but without, @end. */
static void unmap_list(struct leat_aspace *as, struct leat_pseg *p, const struct leat_pseg *end)
{
	for (; p != end; p = p->next)
		unmap_parts(as, p, p->nparts);
}

int leat_aspace_attach(struct leat_ctx *ctx, struct leat_aspace *as)
{
	struct leat_mem_state *mem = leat_ctx_mem(ctx);
	int err;

	if (as->phys && !mem->phys)
		return leat_fail(ctx, -EINVAL, "%s: map memory: nobody translates this device's "
				 "addresses; open the context with leat_ctx_config.iova = "
				 "LEAT_IOVA_PHYS", as->name);
	err = check_list(ctx, as, mem->shared);
	for (struct leat_pseg *p = mem->shared; p && !err; p = p->next) {
		err = map_parts(as, p);
		if (err)
			unmap_list(as, mem->shared, p);
	}
	if (err)
		return err;
	as->ctx = ctx;
	as->priv = NULL;
	as->next = mem->spaces;
	mem->spaces = as;
	return 0;
}

static void unlink_space(struct leat_aspace *as)
{
	struct leat_aspace **link = &leat_ctx_mem(as->ctx)->spaces;

	while (*link != as)
		link = &(*link)->next;
	*link = as->next;
	as->next = NULL;
	as->ctx = NULL;
}

void leat_aspace_detach(struct leat_aspace *as)
{
	if (!as->ctx)
		return;
	while (as->priv)
		leat_pseg_release(as->ctx, as->priv);
	unmap_list(as, leat_ctx_mem(as->ctx)->shared, NULL);
	unlink_space(as);
}

void leat_aspace_forget(struct leat_aspace *as)
{
	if (!as->ctx)
		return;
	leat_pseg_forget(as->ctx, &as->priv);
	unlink_space(as);
}

int leat_aspace_recheck(struct leat_aspace *as)
{
	int err;

	if (!as->ctx)
		return 0;
	err = check_list(as->ctx, as, leat_ctx_mem(as->ctx)->shared);
	return err ? err : check_list(as->ctx, as, as->priv);
}

int leat_aspace_narrow(struct leat_aspace *as, unsigned int dma_bits)
{
	uint8_t before = as->dma_bits;
	int err;

	if (!dma_bits || dma_bits >= width(as))
		return 0;
	as->dma_bits = (uint8_t)dma_bits;
	err = leat_aspace_recheck(as);
	if (err)
		as->dma_bits = before;
	return err;
}
