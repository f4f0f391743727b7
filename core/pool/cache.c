// SPDX-License-Identifier: BSD-3-Clause
/*
 * cache.c - one thread's packets: a stack before the pool's ring.
 *
 * The stack keeps at most @size packets and exchanges about half of that with
 * the ring at a time; the packets that stay are always the ones used last.
 */
#include "pool.h"

#include <leat/bits.h>
#include <leat/driver/core.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_DEFAULT 256

/* What alloc resets: the middle of the descriptor's line, copied from pool->fresh. */
#define RESET_FROM offsetof(struct leat_pkt, pool)
#define RESET_TO   offsetof(struct leat_pkt, hash)

int leat_pool_cache_create(struct leat_pool *pool, unsigned int size, struct leat_pool_cache **out)
{
	struct leat_pool_cache *cache;

	if (size > LEAT_POOL_CACHE_MAX)
		return leat_fail(pool->ctx, -EINVAL,
				 "pool: a cache of %u packets is more than one can hold: ask for "
				 "at most %u", size, LEAT_POOL_CACHE_MAX);
	cache = aligned_alloc(LEAT_CACHELINE, sizeof(*cache));
	if (!cache)
		return leat_fail(pool->ctx, -ENOMEM, "pool: no memory for a cache");
	cache->pool = pool;
	cache->n = 0;
	cache->size = size ? size : SIZE_DEFAULT;
	cache->next = pool->caches;
	pool->caches = cache;
	*out = cache;
	return 0;
}

void leat_pool_cache_destroy(struct leat_pool_cache *cache)
{
	struct leat_pool_cache **link;

	if (!cache)
		return;
	leat_pool_put(cache->pool, cache->pkts, cache->n);
	for (link = &cache->pool->caches; *link != cache; link = &(*link)->next)
		;
	*link = cache->next;
	free(cache);
}

/* Out of the bottom of the stack, where the packets lie that were used longest ago. */
static void take_bottom(struct leat_pool_cache *cache, unsigned int n)
{
	cache->n -= n;
	memmove(cache->pkts, cache->pkts + n, cache->n * sizeof(cache->pkts[0]));
}

static void copy(struct leat_pkt **dst, struct leat_pkt *const *src, unsigned int n)
{
	leat_ring_copy((void **)dst, (void *const *)src, n);
}

/*
 * At least @n packets in the stack, if the pool has them. Those from the ring go
 * below those that were there, which are warm and so go out first.
 */
static LEAT_COLD bool refill(struct leat_pool_cache *cache, unsigned int n)
{
	struct leat_pkt *warm[LEAT_POOL_CACHE_MAX];
	unsigned int had = cache->n, got;

	if (n > LEAT_POOL_CACHE_MAX)
		return false;
	copy(warm, cache->pkts, had);
	got = leat_mpmc_pop(cache->pool->ring, (void **)cache->pkts, n - had + cache->size / 2);
	for (unsigned int i = 0; i < got; i++)
		leat_prefetch_write(cache->pkts[i]);
	copy(cache->pkts + got, warm, had);
	cache->n = had + got;
	return cache->n >= n;
}

/* Half of what alloc resets, in one register. */
typedef uint64_t wide __attribute__((vector_size(16), may_alias));
LEAT_STATIC_ASSERT(RESET_TO - RESET_FROM == 2 * sizeof(wide), "two moves a packet");
LEAT_STATIC_ASSERT(RESET_FROM % sizeof(wide) == 0, "aligned ones");

static wide *reset_part(struct leat_pkt *pkt)
{
	return (wide *)(void *)((char *)pkt + RESET_FROM);
}

unsigned int leat_pkt_alloc(struct leat_pool_cache *cache, struct leat_pkt **pkts, unsigned int n)
{
	wide *fresh = reset_part(&cache->pool->fresh);
	wide first = fresh[0], second = fresh[1];
	struct leat_pkt **top;

	if (LEAT_UNLIKELY(cache->n < n && !refill(cache, n)))
		return 0;
	cache->n -= n;
	top = cache->pkts + cache->n;
	LEAT_UNROLL
	for (unsigned int i = 0; i < n; i++) {
		wide *part = reset_part(top[i]);

		pkts[i] = top[i];
		part[0] = first;
		part[1] = second;
	}
	return n;
}

/* The stack would grow over its size: keep half of that, the packets used last. */
static LEAT_COLD void keep_some(struct leat_pool_cache *cache, struct leat_pkt *const *segs,
				unsigned int n)
{
	unsigned int excess = cache->n + n - cache->size / 2;
	unsigned int old = LEAT_MIN(excess, cache->n);
	unsigned int past = excess - old;

	leat_pool_put(cache->pool, cache->pkts, old);
	take_bottom(cache, old);
	leat_pool_put(cache->pool, segs, past);
	copy(cache->pkts + cache->n, segs + past, n - past);
	cache->n += n - past;
}

/* @n segments of the cache's own pool. */
static void keep(struct leat_pool_cache *cache, struct leat_pkt *const *segs, unsigned int n)
{
	if (LEAT_UNLIKELY(cache->n + n > cache->size)) {
		keep_some(cache, segs, n);
		return;
	}
	copy(cache->pkts + cache->n, segs, n);
	cache->n += n;
}

/* Packets of whatever kind: chains, other pools' segments, shared ones. */
static LEAT_COLD void free_any(struct leat_pool_cache *cache, struct leat_pkt *const *pkts,
			       unsigned int n)
{
	struct leat_bin strange = { .n = 0 };

	for (unsigned int i = 0; i < n; i++) {
		struct leat_pkt *seg = leat_pkt_release(pkts[i]) ? pkts[i] : NULL;

		while (seg) {
			struct leat_pkt *next = seg->next;

			if (seg->pool == cache->pool)
				keep(cache, &seg, 1);
			else
				leat_bin_add(&strange, seg);
			seg = next;
		}
	}
	leat_bin_empty(&strange);
}

/* pkt->nsegs and pkt->refs, which lie side by side, in one load. */
typedef uint16_t both __attribute__((may_alias));
#define BOTH_ONE 0x0101		/* each is 1, on every machine */
LEAT_STATIC_ASSERT(offsetof(struct leat_pkt, refs) == offsetof(struct leat_pkt, nsegs) + 1 &&
		   offsetof(struct leat_pkt, nsegs) % sizeof(both) == 0, "one aligned word");

/* One segment each, of the cache's pool, owned by nobody else? No branch in the loop. */
static bool all_plain(const struct leat_pool *pool, struct leat_pkt *const *pkts, unsigned int n)
{
	uintptr_t other = 0;
	unsigned int odd = 0;

	LEAT_UNROLL
	for (unsigned int i = 0; i < n; i++) {
		const struct leat_pkt *pkt = pkts[i];

		other |= (uintptr_t)pkt->pool ^ (uintptr_t)pool;
		/* K1: pairs with K2. */
		odd |= leat_load_acquire((const both *)(const void *)&pkt->nsegs) ^ BOTH_ONE;
	}
	return !other && !odd;
}

void leat_pkt_free_to(struct leat_pool_cache *cache, struct leat_pkt **pkts, unsigned int n)
{
	if (LEAT_LIKELY(all_plain(cache->pool, pkts, n)))
		keep(cache, pkts, n);
	else
		free_any(cache, pkts, n);
}
