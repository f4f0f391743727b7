// SPDX-License-Identifier: BSD-3-Clause
/*
 * place.c - where in the devices' addresses a segment lies.
 *
 * Chosen addresses end as the CPU's do, in the largest superpage that the segment
 * was aligned for, so that page tables on both sides are short. Physical ones are
 * what they are: a space that cannot reach them cannot be helped.
 */
#include "place.h"

#include <errno.h>
#include <stdint.h>

#include <leat/bits.h>
#include <leat/driver/core.h>

#include "phys.h"
#include "pseg.h"
#include "segment.h"
#include "space.h"

#define SUPERPAGE ((size_t)2 << 20)	/* the small one; CPUs and IOMMUs have it */

/* Those who shall see @p: from here on, up to but without last_of(). */
static struct leat_aspace *first_of(const struct leat_mem_state *mem, const struct leat_pseg *p)
{
	return p->as ? p->as : mem->spaces;
}

static const struct leat_aspace *last_of(const struct leat_pseg *p)
{
	return p->as ? p->as->next : NULL;
}

static int choose(struct leat_ctx *ctx, struct leat_pseg *p, size_t least)
{
	struct leat_mem_state *mem = leat_ctx_mem(ctx);
	const struct leat_aspace *as = first_of(mem, p);
	const size_t align[] = { p->align, LEAT_MIN(p->align, SUPERPAGE), least };

	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(align); i++) {
		if (leat_iova_place(&mem->iova, as, last_of(p), p->seg.len,
				    LEAT_MAX(align[i], least), (uintptr_t)p->seg.va, &p->place))
			continue;
		p->align = LEAT_MAX(align[i], least);
		p->seg.iova = p->place.first;
		return 0;
	}
	return -EADDRNOTAVAIL;
}

static int find(struct leat_ctx *ctx, struct leat_pseg *p)
{
	int err = leat_phys_parts(ctx, p);

	for (struct leat_aspace *as = first_of(leat_ctx_mem(ctx), p); !err && as != last_of(p);
	     as = as->next)
		err = leat_space_check(ctx, as, p);
	return err;
}

int leat_pseg_show(struct leat_ctx *ctx, struct leat_pseg *p, size_t least)
{
	struct leat_mem_state *mem = leat_ctx_mem(ctx);
	int err = mem->phys ? find(ctx, p) : choose(ctx, p, least);

	if (err)
		return err;
	err = leat_space_map(first_of(mem, p), last_of(p), p);
	if (err)
		leat_iova_remove(&mem->iova, &p->place);
	return err;
}

int leat_pseg_no_room(struct leat_ctx *ctx, const struct leat_pseg *p)
{
	const struct leat_aspace *as = first_of(leat_ctx_mem(ctx), p);
	char text[32];

	return leat_fail(ctx, -ENOSPC, "memory: place %s for %s: no device addresses are left that "
			 "it can reach; ask for less", leat_size_text(p->seg.len, text),
			 as ? as->name : "any device");
}

void leat_pseg_hide(struct leat_ctx *ctx, struct leat_pseg *p)
{
	struct leat_mem_state *mem = leat_ctx_mem(ctx);

	leat_space_unmap(first_of(mem, p), last_of(p), p);
	leat_iova_remove(&mem->iova, &p->place);
}

/* The list that @p belongs in. */
static struct leat_pseg **home(struct leat_ctx *ctx, const struct leat_pseg *p)
{
	return p->as ? &p->as->priv : &leat_ctx_mem(ctx)->shared;
}

void leat_pseg_enlist(struct leat_ctx *ctx, struct leat_pseg *p)
{
	struct leat_pseg **link = home(ctx, p);

	while (*link)
		link = &(*link)->next;
	*link = p;
}

void leat_pseg_unlist(struct leat_ctx *ctx, struct leat_pseg *p)
{
	struct leat_pseg **link = home(ctx, p);

	while (*link != p)
		link = &(*link)->next;
	*link = p->next;
}
