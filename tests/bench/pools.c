// SPDX-License-Identifier: BSD-3-Clause
/*
 * pools.c - our packets beside pktmbuf: allocated with their fields reset, and
 * freed, 32 at a time.
 */
#include "loops.h"

#include <leat/ctx.h>
#include <leat/mem.h>
#include <leat/pool.h>
#include <leat/ring.h>

#include <stdio.h>

#define BURST 32
#define OBJS  (UINT64_C(1) << 18)

static struct leat_pool_cache *cache[2];	/* one for each thread */
static struct leat_spsc *lane;

static void bulk(uint64_t objs)
{
	struct leat_pkt *pkts[BURST];

	for (uint64_t i = 0; i < objs; i += BURST) {
		if (!leat_pkt_alloc(cache[0], pkts, BURST))
			return;
		leat_pkt_free_to(cache[0], pkts, BURST);
	}
}

static void single(uint64_t objs)
{
	struct leat_pkt *pkts[BURST];

	for (uint64_t i = 0; i < objs; i += BURST) {
		for (unsigned int j = 0; j < BURST; j++)
			leat_pkt_alloc(cache[0], &pkts[j], 1);
		for (unsigned int j = 0; j < BURST; j++)
			leat_pkt_free_to(cache[0], &pkts[j], 1);
	}
}

static void give(uint64_t objs)
{
	struct leat_pkt *pkts[BURST];

	for (uint64_t i = 0; i < objs; i += BURST) {
		unsigned int sent = 0;

		while (!leat_pkt_alloc(cache[0], pkts, BURST))
			leat_pause();
		while (sent < BURST)
			sent += leat_spsc_push(lane, (void *const *)pkts + sent, BURST - sent);
	}
}

static void take(uint64_t objs)
{
	struct leat_pkt *pkts[BURST];

	for (uint64_t i = 0; i < objs;) {
		unsigned int n = leat_spsc_pop(lane, (void **)pkts, BURST);

		leat_pkt_free_to(cache[1], pkts, n);
		i += n;
	}
}

static const struct bench_pool ours = { .name = "leat_pkt", .bulk = bulk, .single = single,
					.give = give, .take = take };

static const struct bench_pool *pool_of(unsigned int i)
{
	return i ? bench_peers[i - 1]->pool : &ours;
}

enum kind { BULK, SINGLE, ACROSS };

static void cell(const char *title, enum kind kind)
{
	struct bench_contender who[BENCH_CONTENDERS] = { 0 };
	unsigned int n = 0;

	for (unsigned int i = 0; i <= BENCH_PEERS; i++) {
		const struct bench_pool *pool = pool_of(i);

		if (!pool)
			continue;
		who[n].name = pool->name;
		who[n].work = kind == BULK ? pool->bulk : kind == SINGLE ? pool->single : pool->give;
		who[n].helper = kind == ACROSS ? pool->take : NULL;
		n++;
	}
	bench_cell(title, OBJS, who, n);
}

void bench_pools(bool two)
{
	struct leat_ctx_config cfg = { .mem_size = 0 };
	struct leat_mem_info mem;
	struct leat_pool *pool;
	struct leat_ctx *ctx;

	if (leat_ctx_open(&cfg, &ctx)) {
		fprintf(stderr, "%s\n", cfg.error);
		return;
	}
	if (leat_pool_create(ctx, NULL, &pool) || leat_pool_cache_create(pool, 0, &cache[0]) ||
	    leat_pool_cache_create(pool, 0, &cache[1]) ||
	    leat_spsc_create(BENCH_RING_SIZE, &lane)) {
		fprintf(stderr, "%s\n", leat_ctx_error(ctx));
		goto close;
	}
	leat_mem_info(ctx, &mem);
	printf("\nPackets, 32 at a time, with their fields reset; ours from %s (%zu KiB)\n",
	       mem.source, mem.page_size / 1024);
	cell("allocate and free, one thread", BULK);
	cell("a call a packet, one thread", SINGLE);
	if (two)
		cell("freed by another, two cores", ACROSS);
	leat_spsc_destroy(lane);
close:
	leat_ctx_close(ctx);
}
