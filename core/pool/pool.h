// SPDX-License-Identifier: BSD-3-Clause
/*
 * pool.h - what a pool is made of. Private to core.
 */
#ifndef LEAT_CORE_POOL_H
#define LEAT_CORE_POOL_H

#include <leat/ctx.h>
#include <leat/mem.h>
#include <leat/pool.h>
#include <leat/ring.h>

/*
 * struct leat_pool - packets at home are in @ring or in a cache.
 *
 * The ring has a slot for every packet, so whoever frees always finds room.
 */
struct leat_pool {
	LEAT_ALIGNED(LEAT_CACHELINE) struct leat_pkt fresh;	/* a packet as alloc leaves it */
	struct leat_mpmc *ring;
	struct leat_ctx	*ctx;
	struct leat_pkt	*pkts;		/* all of them, in plain memory */
	struct leat_mem	mem;		/* their buffers */
	bool		lent;		/* the memory is the application's */
	unsigned int	count, buf_size;
	struct leat_pool_cache *caches;	/* control thread */
	struct leat_pool *next;		/* of the context */
};

/*
 * leat_pool_make - leat_pool_create() for a port called @name on @node (LEAT_NODE(n)),
 * which is where its memory should come from unless the application says otherwise.
 */
int leat_pool_make(struct leat_ctx *ctx, unsigned int node, const char *name,
		   struct leat_pool **out);

/* Where the context keeps its pools; in ctx.c. */
struct leat_pool **leat_ctx_pools(struct leat_ctx *ctx);

/* Destroy the pools that are still open, with their caches. Control thread. */
void leat_pool_destroy_all(struct leat_ctx *ctx);

/* In a forked child: free the pools' memory, and say nothing about packets still out. */
void leat_pool_forget_all(struct leat_ctx *ctx);

/* Segments of the pool, each by itself, home into the ring. Any thread. */
void leat_pool_put(struct leat_pool *pool, struct leat_pkt *const *pkts, unsigned int n);

/*
 * struct leat_bin - segments on their way home without a cache, gathered so
 * that each pool's ring is touched once for many. The caller's storage, all
 * zeros at first; empty it at the end.
 */
#define LEAT_BIN_SIZE 32

struct leat_bin {
	struct leat_pool *pool;
	unsigned int	n;
	struct leat_pkt	*pkts[LEAT_BIN_SIZE];
};

void leat_bin_add(struct leat_bin *bin, struct leat_pkt *seg);
void leat_bin_empty(struct leat_bin *bin);

/* Let go of a packet; true for the last owner, who then frees the segments. */
LEAT_INLINE bool leat_pkt_release(struct leat_pkt *pkt)
{
	/* K1: pairs with K2. What other owners did with it is over. */
	if (leat_load_acquire(&pkt->refs) == 1)
		return true;
	/* K2: pairs with K1 and itself. What we did with it is over. */
	return !leat_sub(&pkt->refs, 1);
}

#endif
