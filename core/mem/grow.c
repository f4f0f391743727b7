// SPDX-License-Identifier: BSD-3-Clause
/*
 * grow.c - a new segment: of what pages, how large, where.
 *
 * Segments are few and large, because vhost-user peers take eight: a new one is
 * at least as large as all before it (within bounds), or as what is asked. With
 * the page size left open, each segment tries the largest pages that it fills
 * at least once and falls back size by size.
 */
#include "grow.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <leat/bits.h>
#include <leat/driver/core.h>

#include "space.h"

#define MIB ((size_t)1 << 20)

#define SEGMENT_MAX   ((size_t)1 << 46) /* keeps sums from wrapping */
#define SEGMENT_ALIGN (2 * MIB)		/* CPUs and IOMMUs have superpages of this size */
#define WHY_LEN	      256

/* The list that @p belongs in. */
static struct leat_pseg **home(struct leat_mem_state *mem, const struct leat_pseg *p)
{
	return p->as ? &p->as->priv : &mem->shared;
}

/* Sizes to try for a segment of @len bytes, best first. 0: the one asked for is not there. */
static unsigned int page_sizes(const struct leat_mem_state *mem, size_t len,
			       size_t sizes[LEAT_HUGE_SIZES_MAX + 1])
{
	unsigned int n = 0, all = leat_huge_sizes(sizes);

	if (mem->page_size == leat_page_size())
		all = 0;
	for (unsigned int i = 0; i < all; i++)
		if (mem->page_size ? sizes[i] == mem->page_size : sizes[i] <= len)
			sizes[n++] = sizes[i];
	if (!mem->page_size || mem->page_size == leat_page_size())
		sizes[n++] = leat_page_size();
	return n;
}

/* What every segment must be a multiple of: a space may map nothing smaller. */
static size_t unit(const struct leat_mem_state *mem, size_t page_size)
{
	for (const struct leat_aspace *as = mem->spaces; as; as = as->next)
		page_size = LEAT_MAX(page_size, as->page_size);
	return page_size;
}

static int open_len(const struct leat_mem_state *mem, struct leat_pseg *p, size_t page_size,
		    size_t len, const struct leat_mem_wish *w)
{
	int err;

	p->seg.page_size = page_size;
	p->seg.len = LEAT_ALIGN_UP(len, unit(mem, page_size));
	p->align = LEAT_MAX(LEAT_MAX(page_size, SEGMENT_ALIGN), w->align);
	p->node = w->node;
	err = leat_pseg_open(p);
	if (err)
		return err;
	err = leat_pseg_back(p, w->need);
	if (err)
		leat_pseg_close(p);
	return err;
}

/* The best pages there are. Says in @why what was wrong with the better ones, or with all. */
static int open_best(const struct leat_mem_state *mem, struct leat_pseg *p,
		     const struct leat_mem_wish *w, char why[WHY_LEN])
{
	size_t sizes[LEAT_HUGE_SIZES_MAX + 1];
	unsigned int n = page_sizes(mem, w->want, sizes);
	int err = -ENOTSUP;

	if (!n)
		leat_huge_explain(mem->page_size, w->need, err, why, WHY_LEN);
	for (unsigned int i = 0; i < n; i++) {
		err = open_len(mem, p, sizes[i], w->want, w);
		if (err && w->want > w->need)
			err = open_len(mem, p, sizes[i], w->need, w);
		if (!err)
			return 0;
		leat_huge_explain(sizes[i], w->need, err, why, WHY_LEN);
	}
	return -ENOMEM;
}

/* A place that all who shall see it can reach; superpages if there is room for them. */
static int place(struct leat_ctx *ctx, struct leat_pseg *p, const struct leat_mem_wish *w)
{
	struct leat_mem_state *mem = leat_ctx_mem(ctx);
	const struct leat_aspace *as = p->as ? p->as : mem->spaces;
	const struct leat_aspace *end = p->as ? p->as->next : NULL;
	size_t least = LEAT_MAX(leat_page_size(), w->align);
	char text[32];

	if (leat_iova_place(&mem->iova, as, end, p->seg.len, p->align, &p->place)) {
		if (leat_iova_place(&mem->iova, as, end, p->seg.len, least, &p->place))
			return leat_fail(ctx, -ENOSPC, "memory: place %s for %s: no device "
					 "addresses are left that it can reach; ask for less",
					 leat_size_text(p->seg.len, text),
					 as ? as->name : "any device");
		p->align = least;
	}
	p->seg.iova = p->place.first;
	return 0;
}

static int show(struct leat_mem_state *mem, struct leat_pseg *p)
{
	return p->as ? p->as->ops->dma_map(p->as, &p->seg) : leat_space_map(mem->spaces, &p->seg);
}

static void hide(struct leat_mem_state *mem, struct leat_pseg *p)
{
	if (p->as)
		p->as->ops->dma_unmap(p->as, &p->seg);
	else
		leat_space_unmap(mem->spaces, NULL, &p->seg);
}

static void announce(struct leat_ctx *ctx, const struct leat_pseg *p, const char *why)
{
	const char *source = p->source == LEAT_HUGE_MOUNT ? "hugetlbfs" : "memfd";
	char len[32], page[32], node[32] = "";

	if (why[0] && p->source == LEAT_HUGE_NONE)
		source = why;
	if (p->seg.node >= 0)
		snprintf(node, sizeof(node), ", node %d", p->seg.node);
	leat_log(ctx, p->as ? LEAT_LOG_DEBUG : LEAT_LOG_INFO, "memory: %s in %s pages (%s)%s%s%s",
		 leat_size_text(p->seg.len, len), leat_size_text(p->seg.page_size, page),
		 source, node, p->as ? ", for " : "", p->as ? p->as->name : "");
}

static void append(struct leat_pseg **list, struct leat_pseg *p)
{
	while (*list)
		list = &(*list)->next;
	*list = p;
}

int leat_pseg_grow(struct leat_ctx *ctx, const struct leat_mem_wish *w, struct leat_pseg **out)
{
	struct leat_mem_state *mem = leat_ctx_mem(ctx);
	struct leat_pseg *p = calloc(1, sizeof(*p));
	char why[WHY_LEN] = "", text[32];
	int err = -ENOMEM;

	if (!p)
		return leat_fail(ctx, err, "memory: the process is out of memory; free some");
	p->as = w->as;
	p->keep = w->keep;
	if (w->need > SEGMENT_MAX)
		leat_huge_explain(leat_page_size(), w->need, err, why, WHY_LEN);
	else
		err = open_best(mem, p, w, why);
	if (err) {
		leat_fail(ctx, err, "memory: %s asked for: %s", leat_size_text(w->need, text), why);
		goto free_pseg;
	}
	err = place(ctx, p, w);
	if (err)
		goto close_pseg;
	err = show(mem, p);
	if (err)
		goto leave_place;

	append(home(mem, p), p);
	announce(ctx, p, why);
	*out = p;
	return 0;

leave_place:
	leat_iova_remove(&mem->iova, &p->place);
close_pseg:
	leat_pseg_close(p);
free_pseg:
	free(p);
	return err;
}

void leat_pseg_release(struct leat_ctx *ctx, struct leat_pseg *p)
{
	struct leat_mem_state *mem = leat_ctx_mem(ctx);
	struct leat_pseg **link = home(mem, p);

	while (*link != p)
		link = &(*link)->next;
	*link = p->next;
	hide(mem, p);
	leat_iova_remove(&mem->iova, &p->place);
	leat_pseg_close(p);
	free(p);
}
