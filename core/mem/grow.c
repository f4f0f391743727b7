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

#include "numa.h"
#include "phys.h"
#include "place.h"

#define MIB ((size_t)1 << 20)

#define SEGMENT_MAX   ((size_t)1 << 46) /* keeps sums from wrapping */
#define SEGMENT_ALIGN (2 * MIB)		/* CPUs and IOMMUs have superpages of this size */
#define WHY_LEN	      256

/* May pages of @size make a segment of @len bytes? */
static bool suits(const struct leat_mem_state *mem, size_t size, size_t len)
{
	if (mem->phys && size < LEAT_PHYS_UNIT)
		return false;
	return mem->page_size ? size == mem->page_size : size <= len;
}

/* Sizes to try for a segment of @len bytes, best first. 0: the one asked for is not there. */
static unsigned int page_sizes(const struct leat_mem_state *mem, size_t len,
			       size_t sizes[LEAT_HUGE_SIZES_MAX + 1])
{
	unsigned int n = 0, all = leat_huge_sizes(sizes);

	if (mem->page_size == leat_page_size())
		all = 0;
	for (unsigned int i = 0; i < all; i++)
		if (suits(mem, sizes[i], len))
			sizes[n++] = sizes[i];
	if (!mem->phys && (!mem->page_size || mem->page_size == leat_page_size()))
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

/* Where it came from, of which the wish says nothing; where it was split, the wrong place. */
static void note_node(struct leat_pseg *p)
{
	char *va = p->seg.va;
	int node;

	if (p->seg.node < 0 || !p->backed)
		return;
	node = leat_numa_of(va);
	if (node == p->node)
		node = leat_numa_of(va + p->backed - 1);
	p->seg.node = node;
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

/* What is wrong, and with physical addresses what that has to do with huge pages. */
static int fail(struct leat_ctx *ctx, int err, size_t len, const char *why)
{
	const char *only = leat_ctx_mem(ctx)->phys ? " in huge pages, for ordinary ones have no "
			   "lasting physical address" : "";
	char text[32];

	return leat_fail(ctx, err, "memory: %s asked for%s: %s", leat_size_text(len, text), only, why);
}

/* Memory and addresses for it. -EADDRNOTAVAIL: no room among the addresses, not logged. */
static int make(struct leat_ctx *ctx, struct leat_pseg *p, const struct leat_mem_wish *w,
		char why[WHY_LEN])
{
	int err = -ENOMEM;

	*p = (struct leat_pseg){ .as = w->as, .keep = w->keep };
	if (w->need > SEGMENT_MAX)
		leat_huge_explain(leat_page_size(), w->need, err, why, WHY_LEN);
	else
		err = open_best(leat_ctx_mem(ctx), p, w, why);
	if (err)
		return fail(ctx, err, w->need, why);
	err = leat_pseg_show(ctx, p, LEAT_MAX(leat_page_size(), w->align));
	if (err)
		leat_pseg_close(p);
	return err;
}

int leat_pseg_grow(struct leat_ctx *ctx, const struct leat_mem_wish *w, struct leat_pseg **out)
{
	struct leat_mem_wish modest = *w;
	struct leat_pseg *p = calloc(1, sizeof(*p));
	char why[WHY_LEN] = "";
	int err;

	if (!p)
		return leat_fail(ctx, -ENOMEM, "memory: the process is out of memory; free some");
	modest.want = w->need;
	err = make(ctx, p, w, why);
	if (err == -EADDRNOTAVAIL)
		err = make(ctx, p, &modest, why);
	if (err == -EADDRNOTAVAIL)
		err = leat_pseg_no_room(ctx, p);
	if (err)
		goto free_pseg;

	leat_pseg_enlist(ctx, p);
	note_node(p);
	announce(ctx, p, why);
	*out = p;
	return 0;

free_pseg:
	free(p);
	return err;
}

void leat_pseg_release(struct leat_ctx *ctx, struct leat_pseg *p)
{
	leat_pseg_unlist(ctx, p);
	leat_pseg_hide(ctx, p);
	leat_pseg_close(p);
	free(p);
}

void leat_pseg_forget(struct leat_ctx *ctx, struct leat_pseg **list)
{
	while (*list) {
		struct leat_pseg *p = *list;

		*list = p->next;
		leat_iova_remove(&leat_ctx_mem(ctx)->iova, &p->place);
		leat_pseg_close(p);
		free(p);
	}
}
