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
#include "phys.h"

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
		sum += p->lent ? 0 : p->seg.len;
	return sum;
}

/* After memory was taken: did it come from the node that somebody wants it from? */
static void check_node(struct leat_ctx *ctx, const struct leat_mem_wish *w,
		       const struct leat_mem_run *run)
{
	struct leat_mem_state *mem = leat_ctx_mem(ctx);
	int node;

	if (!w->node_for || mem->node_warned)
		return;
	node = leat_numa_of((char *)run->pseg->seg.va + run->off + run->len - 1);
	if (node < 0 || node == w->node)
		return;
	mem->node_warned = true;
	leat_log(ctx, LEAT_LOG_WARNING, "memory: node %d was asked for%s%s and has none to give: it "
		 "comes from node %d and is slower (numactl -H shows the nodes)", w->node,
		 *w->node_for ? ", as that of " : "", w->node_for, node);
}

static int lacking(struct leat_ctx *ctx, const struct leat_pseg *p, size_t len)
{
	char why[256], text[32];

	leat_huge_explain(p->seg.page_size, len, -ENOMEM, why, sizeof(why));
	return leat_fail(ctx, -ENOMEM, "memory: %s asked for: %s", leat_size_text(len, text), why);
}

/* The kernel's free pages are neighbours by chance only. */
static int scattered(struct leat_ctx *ctx, size_t len)
{
	char text[32];

	return leat_fail(ctx, -ENOMEM, "memory: %s in one piece asked for: no huge pages that are "
			 "neighbours in the machine make so much; reserve larger ones (hugepagesz=1G "
			 "hugepages=1 on the kernel's command line) and open the context with "
			 "page_size = 1 GiB, or ask for less", leat_size_text(len, text));
}

/* From a segment there is: of the right node, or @aside: of what was set aside at open. */
static int take_old(struct leat_ctx *ctx, struct leat_pseg *p, const struct leat_mem_wish *w,
		    bool aside, struct leat_mem_run **out)
{
	for (; p; p = p->next) {
		int err;

		if (aside ? !p->keep : p->node != w->node)
			continue;
		err = leat_run_take(p, w->need, w->align, !w->pieces, out);
		if (err != -ENOSPC)
			return err ? lacking(ctx, p, w->need) : 0;
	}
	return -ENOSPC;
}

/* ... or from a new one. */
static int take(struct leat_ctx *ctx, struct leat_pseg *list, const struct leat_mem_wish *w,
		struct leat_mem_run **out)
{
	struct leat_pseg *p;
	int err = take_old(ctx, list, w, false, out);

	if (err == -ENOSPC && w->node_soft)
		err = take_old(ctx, list, w, true, out);
	if (err != -ENOSPC)
		return err;
	err = leat_pseg_grow(ctx, w, &p);
	if (err)
		return err;
	err = leat_run_take(p, w->need, w->align, !w->pieces, out);
	if (err) {
		err = err == -ENOSPC ? scattered(ctx, w->need) : lacking(ctx, p, w->need);
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
	out->len = len;
	out->seg = run;
	out->iova = leat_mem_iova(out, 0);
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

/* Settle the node: the application's word first, then the process's policy, then the NIC's node. */
static void choose_node(const struct leat_mem_state *mem, const struct leat_mem_near *near,
			struct leat_mem_wish *w)
{
	w->node = mem->node;
	w->node_for = mem->node_asked ? "" : NULL;
	if (!near->node || (near->name && (mem->node_asked || mem->node < 0)))
		return;
	w->node = (int)near->node - 1;
	w->node_for = near->name ? near->name : "";
	w->node_soft = near->name != NULL;
}

int leat_mem_alloc(struct leat_ctx *ctx, size_t len, size_t align, struct leat_mem *out)
{
	struct leat_mem_state *mem = leat_ctx_mem(ctx);
	const struct leat_mem_near anywhere = { .node = 0 };
	struct leat_mem_wish w = { .align = align };

	choose_node(mem, &anywhere, &w);
	return alloc(ctx, mem->shared, &w, len, out);
}

int leat_mem_alloc_pieces(struct leat_ctx *ctx, const struct leat_mem_near *near, size_t n,
			  size_t each, struct leat_mem *out)
{
	struct leat_mem_state *mem = leat_ctx_mem(ctx);
	struct leat_mem_wish w = { .align = RUN_UNIT, .pieces = true };
	size_t len = n * each;

	/* At worst every unit is a part of its own, with room for so many whole pieces. */
	if (mem->phys) {
		size_t per = LEAT_PHYS_UNIT / each;

		w.align = LEAT_PHYS_UNIT;
		len = n / per * LEAT_PHYS_UNIT + n % per * each;
	}
	choose_node(mem, near, &w);
	return alloc(ctx, mem->shared, &w, len, out);
}

void leat_mem_free(struct leat_ctx *ctx, struct leat_mem *m)
{
	give_back(ctx, m);
}

/* The part that @off lies in, and where @off is in it. */
static const struct leat_seg *part_of(const struct leat_mem *m, size_t off, size_t *at)
{
	const struct leat_mem_run *run = m->seg;
	size_t whole = (size_t)((const char *)m->va - (const char *)run->pseg->seg.va) + off;
	const struct leat_seg *part = leat_pseg_part(run->pseg, whole);

	*at = (size_t)((const char *)m->va + off - (const char *)part->va);
	return part;
}

leat_iova_t leat_mem_iova(const struct leat_mem *m, size_t off)
{
	size_t at;
	const struct leat_seg *part = part_of(m, off, &at);

	return part->iova + at;
}

size_t leat_mem_piece(const struct leat_mem *m, size_t off, size_t len)
{
	while (off <= m->len && m->len - off >= len) {
		size_t at, left = part_of(m, off, &at)->len - at;

		if (left >= len)
			return off;
		off += left;
	}
	return SIZE_MAX;
}

bool leat_mem_read_only(const struct leat_mem *m)
{
	const struct leat_mem_run *run = m->seg;

	return run->pseg->seg.read_only;
}

int leat_aspace_alloc(struct leat_aspace *as, size_t len, size_t align, struct leat_mem *out)
{
	const struct leat_mem_near near = { .node = as->near, .name = as->name };
	struct leat_mem_wish w = { .as = as, .align = align };

	choose_node(leat_ctx_mem(as->ctx), &near, &w);
	return alloc(as->ctx, as->priv, &w, len, out);
}

void leat_aspace_free(struct leat_aspace *as, struct leat_mem *m)
{
	if (as->ctx)
		give_back(as->ctx, m);
}

static size_t least_page(size_t least, const struct leat_pseg *p)
{
	for (; p; p = p->next)
		least = LEAT_MIN(least, p->seg.page_size);
	return least;
}

size_t leat_aspace_least_page(const struct leat_aspace *as)
{
	return least_page(least_page(GIB, leat_ctx_mem(as->ctx)->shared), as->priv);
}

static void add_info(struct leat_mem_info *out, const struct leat_pseg *p)
{
	for (; p; p = p->next) {
		if (p->lent)
			continue;
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

static int set_mode(struct leat_ctx *ctx, const struct leat_ctx_config *cfg)
{
	if (cfg->iova > LEAT_IOVA_PHYS)
		return leat_fail(ctx, -EINVAL, "memory: device addresses of kind %d asked for: "
				 "LEAT_IOVA_CHOSEN and LEAT_IOVA_PHYS are possible", (int)cfg->iova);
	if (cfg->iova == LEAT_IOVA_PHYS && cfg->page_size && cfg->page_size < LEAT_PHYS_UNIT)
		return leat_fail(ctx, -EINVAL, "memory: physical addresses asked for in pages of %zu "
				 "bytes, which the kernel moves about: leave page_size open and "
				 "reserve huge pages (sudo sysctl vm.nr_hugepages=64)",
				 cfg->page_size);
	leat_ctx_mem(ctx)->phys = cfg->iova == LEAT_IOVA_PHYS;
	return 0;
}

int leat_mem_init(struct leat_ctx *ctx, const struct leat_ctx_config *cfg)
{
	struct leat_mem_state *mem = leat_ctx_mem(ctx);
	struct leat_mem_wish w = {
		.need = cfg->mem_size,
		.want = cfg->mem_size,
		.align = RUN_UNIT,
		.pieces = true,
		.keep = true,
	};
	struct leat_pseg *p;
	int err = set_page_size(ctx, cfg->page_size);

	if (!err)
		err = set_mode(ctx, cfg);
	if (err)
		return err;
	w.node = cfg->node ? (int)cfg->node - 1 : leat_numa_here();
	mem->node = w.node;
	mem->node_asked = cfg->node != 0;
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

void leat_mem_forget(struct leat_ctx *ctx)
{
	struct leat_mem_state *mem = leat_ctx_mem(ctx);

	while (mem->spaces)
		leat_aspace_forget(mem->spaces);
	leat_pseg_forget(ctx, &mem->shared);
}
