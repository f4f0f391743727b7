// SPDX-License-Identifier: BSD-3-Clause
/*
 * segment.h - the DMA memory of one context.
 *
 * Everything here belongs to the control thread.
 */
#ifndef LEAT_CORE_SEGMENT_H
#define LEAT_CORE_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>

#include <leat/ctx.h>
#include <leat/mem.h>

#include "iova.h"

struct leat_pseg;

struct leat_mem_state {
	struct leat_pseg *shared;	/* segments that every space sees, oldest first */
	struct leat_aspace *spaces;	/* attached */
	struct leat_iova_map iova;	/* what is taken, by shared and private segments */
	size_t		page_size;	/* the only size allowed, or 0 */
	int		node;		/* where memory should come from; -1: anywhere */
	bool		node_asked;	/* the application named it */
	bool		node_warned;	/* said once that it came from elsewhere */
};

/* The context's, in ctx.c. */
struct leat_mem_state *leat_ctx_mem(struct leat_ctx *ctx);

/*
 * leat_mem_init - set cfg->mem_size aside, as cfg->page_size and cfg->node say.
 * The state must be all zeros. 0, or -EINVAL or -ENOMEM, logged.
 */
int leat_mem_init(struct leat_ctx *ctx, const struct leat_ctx_config *cfg);

/* Detaches what is still attached and gives every segment back. */
void leat_mem_fini(struct leat_ctx *ctx);

/*
 * leat_mem_alloc_on - leat_mem_alloc() from a node of the caller's choice:
 * LEAT_NODE(n), or 0 for the context's.
 */
int leat_mem_alloc_on(struct leat_ctx *ctx, unsigned int node, size_t len, size_t align,
		      struct leat_mem *out);

#endif
