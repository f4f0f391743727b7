// SPDX-License-Identifier: BSD-3-Clause
/*
 * pool.c - buffers in DMA memory, their descriptors in plain memory, and the
 * ring that all threads share.
 *
 * Buffers are an odd number of cache lines apart: at a multiple of 2048 bytes
 * their first lines would all fall on a few sets of the CPU's caches.
 */
#include "pool.h"

#include "core/mem/segment.h"

#include <leat/bits.h>
#include <leat/driver/core.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_DEFAULT	 8192
#define COUNT_MAX	 (1u << 24)
#define BUF_SIZE_DEFAULT 2048
#define BUF_SIZE_MAX	 (UINT16_MAX - LEAT_PKT_HEADROOM)

static size_t stride(const struct leat_pool *pool)
{
	size_t lines = (LEAT_PKT_HEADROOM + pool->buf_size + LEAT_CACHELINE - 1) / LEAT_CACHELINE;

	return (lines | 1) * LEAT_CACHELINE;
}

static unsigned int ring_size(unsigned int count)
{
	unsigned int size = 1;

	while (size < count)
		size *= 2;
	return size;
}

/* How many buffers the memory given has room for, at most as many as a pool can have. */
static unsigned int room(const struct leat_pool *pool)
{
	unsigned int n = 0;
	size_t off = leat_mem_piece(&pool->mem, 0, stride(pool));

	for (; off != SIZE_MAX && n < COUNT_MAX; n++)
		off = leat_mem_piece(&pool->mem, off + stride(pool), stride(pool));
	return n;
}

static int fit(struct leat_pool *pool, const struct leat_mem *mem)
{
	unsigned int most;

	pool->mem = *mem;
	pool->lent = true;
	most = room(pool);
	if (!pool->count)
		pool->count = most;
	if (pool->count && pool->count <= most)
		return 0;
	return leat_fail(pool->ctx, -EINVAL, "pool: the memory given has %zu bytes, room for %u "
			 "buffers of %u bytes (%zu with headroom), and %u are wanted: give more, or "
			 "ask for less", mem->len, most, pool->buf_size, stride(pool),
			 LEAT_MAX(pool->count, 1u));
}

/* Settle what is wanted; the rest of the pool is zero. */
static int pool_config(struct leat_pool *pool, const struct leat_pool_config *cfg)
{
	pool->count = cfg->count || cfg->mem ? cfg->count : COUNT_DEFAULT;
	pool->buf_size = cfg->buf_size ? cfg->buf_size : BUF_SIZE_DEFAULT;
	if (pool->count > COUNT_MAX)
		return leat_fail(pool->ctx, -EINVAL,
				 "pool: %u packets are more than a pool can have: ask for at "
				 "most %u", pool->count, COUNT_MAX);
	if (pool->buf_size > BUF_SIZE_MAX)
		return leat_fail(pool->ctx, -EINVAL,
				 "pool: buffers of %u bytes are too long for one segment: ask for "
				 "at most %u", pool->buf_size, BUF_SIZE_MAX);
	return cfg->mem ? fit(pool, cfg->mem) : 0;
}

static void pool_fill(struct leat_pool *pool)
{
	size_t apart = stride(pool), off = 0;

	pool->fresh.pool = pool;
	pool->fresh.off = LEAT_PKT_HEADROOM;
	pool->fresh.cap = (uint16_t)(LEAT_PKT_HEADROOM + pool->buf_size);
	pool->fresh.nsegs = 1;
	pool->fresh.refs = 1;
	for (unsigned int i = 0; i < pool->count; i++) {
		struct leat_pkt *pkt = &pool->pkts[i];

		off = leat_mem_piece(&pool->mem, off, apart);
		*pkt = pool->fresh;
		pkt->buf = (char *)pool->mem.va + off;
		pkt->iova = leat_mem_iova(&pool->mem, off);
		leat_pool_put(pool, &pkt, 1);
		off += apart;
	}
}

static int pool_memory(struct leat_pool *pool, const struct leat_mem_near *near)
{
	int err = leat_mpmc_create(ring_size(pool->count), &pool->ring);

	if (!err) {
		pool->pkts = aligned_alloc(LEAT_CACHELINE, pool->count * sizeof(*pool->pkts));
		err = pool->pkts ? 0 : -ENOMEM;
	}
	if (err)
		return leat_fail(pool->ctx, err, "pool: no memory for %u packet descriptors",
				 pool->count);
	if (pool->lent)
		return 0;
	return leat_mem_alloc_pieces(pool->ctx, near, pool->count, stride(pool), &pool->mem);
}

static void pool_free(struct leat_pool *pool)
{
	free(pool->pkts);
	leat_mpmc_destroy(pool->ring);
	free(pool);
}

static int create(struct leat_ctx *ctx, const struct leat_pool_config *cfg,
		  const struct leat_mem_near *near, struct leat_pool **out)
{
	struct leat_pool *pool = aligned_alloc(LEAT_CACHELINE, sizeof(*pool));
	struct leat_pool **list = leat_ctx_pools(ctx);
	int err;

	if (!pool)
		return leat_fail(ctx, -ENOMEM, "pool: no memory for it");
	memset(pool, 0, sizeof(*pool));
	pool->ctx = ctx;
	err = pool_config(pool, cfg);
	if (!err)
		err = pool_memory(pool, near);
	if (err) {
		pool_free(pool);
		return err;
	}
	pool_fill(pool);
	pool->next = *list;
	*list = pool;
	*out = pool;
	return 0;
}

int leat_pool_create(struct leat_ctx *ctx, const struct leat_pool_config *cfg,
		     struct leat_pool **out)
{
	static const struct leat_pool_config defaults;
	const struct leat_mem_near near = { .node = cfg ? cfg->node : 0 };

	return create(ctx, cfg ? cfg : &defaults, &near, out);
}

int leat_pool_make(struct leat_ctx *ctx, unsigned int node, const char *name,
		   struct leat_pool **out)
{
	static const struct leat_pool_config defaults;
	const struct leat_mem_near near = { .node = node, .name = name };

	return create(ctx, &defaults, &near, out);
}

void leat_pool_destroy(struct leat_pool *pool)
{
	struct leat_pool **link;
	unsigned int home;

	if (!pool)
		return;
	while (pool->caches)
		leat_pool_cache_destroy(pool->caches);
	home = leat_mpmc_count(pool->ring);
	if (home < pool->count)
		leat_log(pool->ctx, LEAT_LOG_WARNING,
			 "pool: destroyed while %u of its %u packets were still out: free packets "
			 "and close ports first", pool->count - home, pool->count);
	for (link = leat_ctx_pools(pool->ctx); *link != pool; link = &(*link)->next)
		;
	*link = pool->next;
	if (!pool->lent)
		leat_mem_free(pool->ctx, &pool->mem);
	pool_free(pool);
}

void leat_pool_destroy_all(struct leat_ctx *ctx)
{
	while (*leat_ctx_pools(ctx))
		leat_pool_destroy(*leat_ctx_pools(ctx));
}

void leat_pool_forget_all(struct leat_ctx *ctx)
{
	struct leat_pool **list = leat_ctx_pools(ctx);

	while (*list) {
		struct leat_pool *pool = *list;

		*list = pool->next;
		while (pool->caches) {
			struct leat_pool_cache *cache = pool->caches;

			pool->caches = cache->next;
			free(cache);
		}
		pool_free(pool);
	}
}

unsigned int leat_pool_available(const struct leat_pool *pool)
{
	return leat_mpmc_count(pool->ring);
}

unsigned int leat_pool_count(const struct leat_pool *pool)
{
	return pool->count;
}

unsigned int leat_pool_buf_size(const struct leat_pool *pool)
{
	return pool->buf_size;
}

void leat_pool_put(struct leat_pool *pool, struct leat_pkt *const *pkts, unsigned int n)
{
	unsigned int done = leat_mpmc_push(pool->ring, (void *const *)pkts, n);

	/* A slot for every packet, and push takes all that fit: what is left was home already. */
	if (LEAT_UNLIKELY(done < n))
		leat_fail(pool->ctx, -EINVAL,
			  "pool: %u packets came home that were home already: a packet is freed "
			  "once", n - done);
}

void leat_bin_add(struct leat_bin *bin, struct leat_pkt *seg)
{
	if (bin->n == LEAT_BIN_SIZE || bin->pool != seg->pool)
		leat_bin_empty(bin);
	bin->pool = seg->pool;
	bin->pkts[bin->n++] = seg;
}

void leat_bin_empty(struct leat_bin *bin)
{
	if (bin->n)
		leat_pool_put(bin->pool, bin->pkts, bin->n);
	bin->n = 0;
}
