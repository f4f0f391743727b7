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

int leat_space_map(struct leat_aspace *as, const struct leat_seg *seg)
{
	for (struct leat_aspace *p = as; p; p = p->next) {
		int err = p->ops->dma_map(p, seg);

		if (err) {
			leat_space_unmap(as, p, seg);
			return err;
		}
	}
	return 0;
}

void leat_space_unmap(struct leat_aspace *as, const struct leat_aspace *end,
		      const struct leat_seg *seg)
{
	for (; as != end; as = as->next)
		as->ops->dma_unmap(as, seg);
}

/* The ranges of @as in words, as many as fit. */
static const char *ranges_text(const struct leat_aspace *as, char *buf, size_t size)
{
	size_t at = 0;

	snprintf(buf, size, "all");
	for (unsigned int i = 0; i < as->nranges && at < size; i++)
		at += (size_t)snprintf(buf + at, size - at, "%s%#" PRIx64 "-%#" PRIx64,
				       i ? ", " : "", as->ranges[i].first, as->ranges[i].last);
	return buf;
}

static int check_reach(struct leat_ctx *ctx, const struct leat_aspace *as)
{
	for (struct leat_pseg *p = leat_ctx_mem(ctx)->shared; p; p = p->next) {
		char text[160];

		if (leat_iova_reaches(as, &p->place))
			continue;
		return leat_fail(ctx, -ENOSPC, "%s: map memory: a segment lies at %#" PRIx64
				 "-%#" PRIx64 ", beyond its %d address bits or its ranges (%s); "
				 "open this device before any memory is set aside", as->name,
				 p->place.first, p->place.last, as->dma_bits ? as->dma_bits : 64,
				 ranges_text(as, text, sizeof(text)));
	}
	return 0;
}

/* All of the list from @p up to, but without, @end. */
static void unmap_list(struct leat_aspace *as, struct leat_pseg *p, const struct leat_pseg *end)
{
	for (; p != end; p = p->next)
		as->ops->dma_unmap(as, &p->seg);
}

int leat_aspace_attach(struct leat_ctx *ctx, struct leat_aspace *as)
{
	struct leat_mem_state *mem = leat_ctx_mem(ctx);
	int err = check_reach(ctx, as);

	if (err)
		return err;
	for (struct leat_pseg *p = mem->shared; p; p = p->next) {
		err = as->ops->dma_map(as, &p->seg);
		if (err) {
			unmap_list(as, mem->shared, p);
			return err;
		}
	}
	as->ctx = ctx;
	as->priv = NULL;
	as->next = mem->spaces;
	mem->spaces = as;
	return 0;
}

void leat_aspace_detach(struct leat_aspace *as)
{
	struct leat_aspace **link;
	struct leat_mem_state *mem;

	if (!as->ctx)
		return;
	mem = leat_ctx_mem(as->ctx);
	while (as->priv)
		leat_pseg_release(as->ctx, as->priv);
	unmap_list(as, mem->shared, NULL);

	link = &mem->spaces;
	while (*link != as)
		link = &(*link)->next;
	*link = as->next;
	as->next = NULL;
	as->ctx = NULL;
}
