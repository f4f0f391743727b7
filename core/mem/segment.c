// SPDX-License-Identifier: BSD-3-Clause
/*
 * segment.c - DMA memory handed out and taken back.
 *
 * A request goes to the first segment with room, of those that the right devices
 * see and that come from the right node; if there is none, to a new one. A
 * segment that was not set aside at open goes when its last run comes back.
 */
#include "segment.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <leat/bits.h>
#include <leat/driver/core.h>

#include "grow.h"
#include "numa.h"

#define MIB ((size_t)1 << 20)
#define GIB ((size_t)1 << 30)

#define SHARED_MIN  (16 * MIB)	/* nearly a pool of the usual size */
#define PRIVATE_MIN (2 * MIB)	/* a port's rings, in one huge page */
#define GROWTH_MAX  (256 * MIB)	/* from here on not more than is asked */
#define ALIGN_MAX   GIB

/* Runs begin on cache lines of their own. */
#define RUN_UNIT LEAT_CACHELINE

static const char *const source_text[LEAT_HUGE_SOURCES] = {
	[LEAT_HUGE_MOUNT] = "hugetlbfs",
	[LEAT_HUGE_MEMFD] = "memfd, huge pages",
	[LEAT_HUGE_NONE] = "memfd",
};

static size_t total(const struct leat_pseg *p)
{
	size_t sum = 0;

	for (; p; p = p->next)
		sum += p->seg.len;
	return sum;
}

/* After memory was taken: did it come from the node that the application named? */
static void check_node(struct leat_ctx *ctx, const struct leat_mem_wish *w,
		       const struct leat_mem_run *run)
{
	struct leat_mem_state *mem = leat_ctx_mem(ctx);
	int node;

	if (!w->node_asked || mem->node_warned)
		return;
	node = leat_numa_of((char *)run->pseg->seg.va + run->off + run->len - 1);
	if (node < 0 || node == w->node)
		return;
	mem->node_warned = true;
	leat_log(ctx, LEAT_LOG_WARNING, "memory: node %d was asked for and has none to give: it "
		 "comes from node %d and is slower (numactl -H shows the nodes)", w->node, node);
}

static int lacking(struct leat_ctx *ctx, const struct leat_pseg *p, size_t len)
{
	char why[256], text[32];

	leat_huge_explain(p->seg.page_size, len, -ENOMEM, why, sizeof(why));
	return leat_fail(ctx, -ENOMEM, "memory: %s asked for: %s", leat_size_text(len, text), why);
}

/* From a segment there is, or from a new one. */
static int take(struct leat_ctx *ctx, struct leat_pseg *list, const struct leat_mem_wish *w,
		struct leat_mem_run **out)
{
	struct leat_pseg *p;
	int err;

	for (p = list; p; p = p->next) {
		if (p->node != w->node)
			continue;
		err = leat_run_take(p, w->need, w->align, out);
		if (err != -ENOSPC)
			return err ? lacking(ctx, p, w->need) : 0;
	}
	err = leat_pseg_grow(ctx, w, &p);
	if (err)
		return err;
	err = leat_run_take(p, w->need, w->align, out);
	if (err) {
		lacking(ctx, p, w->need);
		leat_pseg_release(ctx, p);
	}
	return err;
}

static int alloc(struct leat_ctx *ctx, struct leat_pseg *list, struct leat_mem_wish *w, size_t len,
		 struct leat_mem *out)
{
	struct leat_mem_run *run;
	int err;

	if (!len || len > SIZE_MAX - RUN_UNIT || w->align < RUN_UNIT || w->align > ALIGN_MAX ||
	    !leat_is_pow2(w->align))
		return leat_fail(ctx, -EINVAL, "memory: allocate %zu bytes aligned to %zu: at "
				 "least one byte and a power of two from 64 to 1 GiB are possible",
				 len, w->align);
	w->need = LEAT_ALIGN_UP(len, RUN_UNIT);
	w->want = LEAT_MAX(w->as ? PRIVATE_MIN : SHARED_MIN, LEAT_MIN(total(list), GROWTH_MAX));
	w->want = LEAT_MAX(w->want, w->need);
	err = take(ctx, list, w, &run);
	if (err)
		return err;

	check_node(ctx, w, run);
	out->va = (char *)run->pseg->seg.va + run->off;
	out->iova = run->pseg->seg.iova + run->off;
	out->len = len;
	out->seg = run;
	return 0;
}

static void give_back(struct leat_ctx *ctx, struct leat_mem *m)
{
	struct leat_mem_run *run = m->seg;
	struct leat_pseg *p;

	if (!run)
		return;
	p = run->pseg;
	leat_run_free(run);
	if (!p->used && !p->keep)
		leat_pseg_release(ctx, p);
	memset(m, 0, sizeof(*m));
}

int leat_mem_alloc_on(struct leat_ctx *ctx, unsigned int node, size_t len, size_t align,
		      struct leat_mem *out)
{
	struct leat_mem_state *mem = leat_ctx_mem(ctx);
	struct leat_mem_wish w = {
		.align = align,
		.node = node ? (int)node - 1 : mem->node,
		.node_asked = node || mem->node_asked,
	};

	return alloc(ctx, mem->shared, &w, len, out);
}

int leat_mem_alloc(struct leat_ctx *ctx, size_t len, size_t align, struct leat_mem *out)
{
	return leat_mem_alloc_on(ctx, 0, len, align, out);
}

void leat_mem_free(struct leat_ctx *ctx, struct leat_mem *m)
{
	give_back(ctx, m);
}

int leat_aspace_alloc(struct leat_aspace *as, size_t len, size_t align, struct leat_mem *out)
{
	struct leat_mem_state *mem = leat_ctx_mem(as->ctx);
	struct leat_mem_wish w = {
		.as = as,
		.align = align,
		.node = mem->node,
		.node_asked = mem->node_asked,
	};

	return alloc(as->ctx, as->priv, &w, len, out);
}

void leat_aspace_free(struct leat_aspace *as, struct leat_mem *m)
{
	give_back(as->ctx, m);
}

static void add_info(struct leat_mem_info *out, const struct leat_pseg *p)
{
	for (; p; p = p->next) {
		out->len += p->seg.len;
		out->used += p->used;
		out->segs++;
		if (out->page_size && out->page_size <= p->seg.page_size)
			continue;
		out->page_size = p->seg.page_size;
		out->source = source_text[p->source];
		out->node = p->seg.node;
	}
}

void leat_mem_info(const struct leat_ctx *ctx, struct leat_mem_info *out)
{
	/* Only read, but the accessor serves those who write, too. */
	const struct leat_mem_state *mem = leat_ctx_mem((struct leat_ctx *)(uintptr_t)ctx);

	*out = (struct leat_mem_info){ .source = "none", .node = -1 };
	add_info(out, mem->shared);
	for (const struct leat_aspace *as = mem->spaces; as; as = as->next)
		add_info(out, as->priv);
}

/* cfg->page_size as we keep it: 4096 stands for the machine's ordinary pages. */
static int set_page_size(struct leat_ctx *ctx, size_t page_size)
{
	struct leat_mem_state *mem = leat_ctx_mem(ctx);

	if (page_size && page_size != 4096 && page_size != 2 * MIB && page_size != GIB)
		return leat_fail(ctx, -EINVAL, "memory: pages of %zu bytes asked for: 4096, 2 MiB "
				 "(2097152) and 1 GiB (1073741824) are possible, or 0 for the best "
				 "there is", page_size);
	mem->page_size = page_size == 4096 ? leat_page_size() : page_size;
	return 0;
}

int leat_mem_init(struct leat_ctx *ctx, const struct leat_ctx_config *cfg)
{
	struct leat_mem_state *mem = leat_ctx_mem(ctx);
	struct leat_mem_wish w = {
		.need = cfg->mem_size,
		.want = cfg->mem_size,
		.align = RUN_UNIT,
		.node_asked = cfg->node != 0,
		.keep = true,
	};
	struct leat_pseg *p;
	int err = set_page_size(ctx, cfg->page_size);

	if (err)
		return err;
	w.node = cfg->node ? (int)cfg->node - 1 : leat_numa_here();
	mem->node = w.node;
	mem->node_asked = w.node_asked;
	return cfg->mem_size ? leat_pseg_grow(ctx, &w, &p) : 0;
}

void leat_mem_fini(struct leat_ctx *ctx)
{
	struct leat_mem_state *mem = leat_ctx_mem(ctx);

	while (mem->spaces)
		leat_aspace_detach(mem->spaces);
	while (mem->shared)
		leat_pseg_release(ctx, mem->shared);
}
