// SPDX-License-Identifier: BSD-3-Clause
/*
 * pool.h - equal buffers and their packet descriptors.
 *
 * A pool is shared by all threads through a lock-free ring. Each thread puts a
 * cache of its own before it; the cache is a stack, so what was freed last,
 * and is still in the CPU's caches, is taken next.
 */
#ifndef LEAT_POOL_H
#define LEAT_POOL_H

#include <stdint.h>

#include <leat/compiler.h>
#include <leat/ctx.h>
#include <leat/pkt.h>

LEAT_BEGIN_DECLS

struct leat_mem;
struct leat_pool;

/* Zero in a field means "choose well". */
struct leat_pool_config {
	unsigned int	count;		/* packets; 0: 8192 */
	unsigned int	buf_size;	/* bytes of data room behind the headroom; 0: 2048 */
	unsigned int	node;		/* LEAT_NODE(n) */

	/*
	 * Memory for the buffers, from leat_dma_map() or leat_mem_alloc(); it stays the
	 * caller's and stays mapped until the pool is destroyed. Then 0 in @count is as
	 * many as it has room for. NULL: the context's memory.
	 */
	const struct leat_mem *mem;
};

/*
 * leat_pool_create - make a pool. @cfg may be NULL.
 *
 * -ENOMEM with what is needed and what is there in leat_ctx_error(); -EINVAL
 * for more than 2^24 packets, a buffer over 65535 bytes, or more of them than
 * cfg->mem has room for. Packets in memory that devices may only read can be sent but
 * not received into: no port takes such a pool as its own. Control thread.
 */
LEAT_API int leat_pool_create(struct leat_ctx *ctx, const struct leat_pool_config *cfg,
			      struct leat_pool **out);

/* Every packet must be back; caches still there are destroyed too. NULL is fine. Control thread. */
LEAT_API void leat_pool_destroy(struct leat_pool *pool);

/* Packets in the pool's ring, those in caches not counted. Any thread; a snapshot. */
LEAT_API unsigned int leat_pool_available(const struct leat_pool *pool);

LEAT_API unsigned int leat_pool_count(const struct leat_pool *pool);
LEAT_API unsigned int leat_pool_buf_size(const struct leat_pool *pool);

/*
 * struct leat_pool_cache - one thread's packets of one pool.
 *
 * Used by one thread at a time. Several queues polled by the same thread
 * should share one, so that what one frees the other takes. The layout is ABI.
 */
#define LEAT_POOL_CACHE_MAX 512

struct leat_pool_cache {
	struct leat_pool *pool;
	uint32_t	n;		/* packets in @pkts */
	uint32_t	size;		/* kept at most */
	struct leat_pool_cache *next;	/* of the pool; control thread */
	LEAT_ALIGNED(LEAT_CACHELINE) struct leat_pkt *pkts[2 * LEAT_POOL_CACHE_MAX];
};

/* @size packets kept (at most LEAT_POOL_CACHE_MAX; 0: 256). Control thread. */
LEAT_API int leat_pool_cache_create(struct leat_pool *pool, unsigned int size,
				    struct leat_pool_cache **out);

/* Its packets go back to the pool. NULL is fine. Control thread, its owner done with it. */
LEAT_API void leat_pool_cache_destroy(struct leat_pool_cache *cache);

/*
 * leat_pkt_alloc - take @n fresh packets: one segment, no data, the headroom
 * before it, no flags; @user as it was left. All @n or none: returns @n or 0.
 * The thread that owns @cache. @n is at most LEAT_POOL_CACHE_MAX.
 */
LEAT_API unsigned int leat_pkt_alloc(struct leat_pool_cache *cache, struct leat_pkt **pkts,
				     unsigned int n);

/*
 * leat_pkt_free_to - give packets back through @cache: whole chains, packets
 * of other pools and shared ones included. The thread that owns @cache.
 */
LEAT_API void leat_pkt_free_to(struct leat_pool_cache *cache, struct leat_pkt **pkts,
			       unsigned int n);

LEAT_END_DECLS

#endif
