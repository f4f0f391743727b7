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
	bool		phys;		/* device addresses are physical ones */
	int		node;		/* where memory should come from; -1: anywhere */
	bool		node_asked;	/* the application named it */
	bool		node_warned;	/* said once that it came from elsewhere */
};

/* Who a node is for: the application's word is kept to, a NIC's is a wish. */
struct leat_mem_near {
	unsigned int	node;		/* LEAT_NODE(n); 0: the context's */
	const char	*name;		/* of the NIC; NULL: the application named it */
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

/* In a forked child: as fini, and no device notices. */
void leat_mem_forget(struct leat_ctx *ctx);

/*
 * leat_mem_alloc_pieces - memory for @n pieces of @each bytes (a multiple of
 * LEAT_CACHELINE, at most LEAT_PHYS_UNIT) from a node. Every piece is contiguous for
 * devices, the whole need not be: leat_mem_piece() finds them.
 */
int leat_mem_alloc_pieces(struct leat_ctx *ctx, const struct leat_mem_near *near, size_t n,
			  size_t each, struct leat_mem *out);

/* The lowest offset from @off on where @len bytes are contiguous for devices; SIZE_MAX: none. */
size_t leat_mem_piece(const struct leat_mem *m, size_t off, size_t len);

/* May devices only read it? */
bool leat_mem_read_only(const struct leat_mem *m);

#endif
