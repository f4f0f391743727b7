// SPDX-License-Identifier: BSD-3-Clause
/*
 * pool.c - where packets come from and go back to, alone and with threads.
 */
#include "core/pool/pool.h"

#include <leat/bits.h>
#include <leat/ctx.h>
#include <leat/pool.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT 600
#define BURST 32

/* The last line logged, and how many there were. */
struct world {
	struct leat_ctx	*ctx;
	struct leat_pool *pool;
	struct leat_pool_cache *cache;
	unsigned int	logged;
	char		line[LEAT_ERROR_LEN];
};

static void keep_line(void *arg, enum leat_log_level level, const char *message)
{
	struct world *w = arg;

	if (level > LEAT_LOG_WARNING)
		return;
	w->logged++;
	strncpy(w->line, message, sizeof(w->line) - 1);
}

static int setup(void **state)
{
	static struct world w;
	const struct leat_pool_config pool = { .count = COUNT };
	struct leat_ctx_config cfg = { .log = keep_line, .log_arg = &w,
				       .log_level = LEAT_LOG_WARNING, .page_size = 4096 };

	memset(&w, 0, sizeof(w));
	*state = &w;
	if (leat_ctx_open(&cfg, &w.ctx) || leat_pool_create(w.ctx, &pool, &w.pool))
		return -1;
	return leat_pool_cache_create(w.pool, 64, &w.cache);
}

/* Every packet is home, and nobody complained. */
static int teardown(void **state)
{
	struct world *w = *state;
	unsigned int home;

	leat_pool_cache_destroy(w->cache);
	home = leat_pool_available(w->pool);
	leat_pool_destroy(w->pool);
	leat_ctx_close(w->ctx);
	return home == COUNT && !w->logged ? 0 : -1;
}

static int by_address(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t)*(void *const *)a, y = (uintptr_t)*(void *const *)b;

	return (x > y) - (x < y);
}

/* All of them, sorted; the cache can give at most what it may hold in one call. */
static void take_all(struct world *w, struct leat_pkt **pkts)
{
	for (unsigned int n = 0; n < COUNT; n += BURST)
		assert_true(leat_pkt_alloc(w->cache, pkts + n, LEAT_MIN(BURST, COUNT - n)));
	assert_int_equal(leat_pkt_alloc(w->cache, pkts, 1), 0);
	qsort(pkts, COUNT, sizeof(pkts[0]), by_address);
}

static void expect_fresh(const struct leat_pkt *pkt, const struct leat_pool *pool)
{
	assert_ptr_equal(pkt->pool, pool);
	assert_null(pkt->next);
	assert_int_equal(pkt->off, LEAT_PKT_HEADROOM);
	assert_int_equal(pkt->len, 0);
	assert_int_equal(pkt->cap, LEAT_PKT_HEADROOM + leat_pool_buf_size(pool));
	assert_int_equal(pkt->nsegs, 1);
	assert_int_equal(pkt->refs, 1);
	assert_int_equal(pkt->total, 0);
	assert_int_equal(pkt->flags, 0);
}

static void buffers_are_apart(void **state)
{
	struct leat_pkt *pkts[COUNT];
	struct world *w = *state;

	take_all(w, pkts);
	for (unsigned int i = 0; i < COUNT; i++) {
		expect_fresh(pkts[i], w->pool);
		assert_int_equal((uintptr_t)pkts[i] % LEAT_CACHELINE, 0);
		assert_int_equal((uintptr_t)pkts[i]->buf % LEAT_CACHELINE, 0);
		assert_int_equal(pkts[i]->iova % LEAT_CACHELINE, 0);
		memset(pkts[i]->buf, (int)i, pkts[i]->cap);
	}
	for (unsigned int i = 1; i < COUNT; i++) {
		size_t apart = (size_t)((char *)pkts[i]->buf - (char *)pkts[i - 1]->buf);

		assert_ptr_not_equal(pkts[i], pkts[i - 1]);
		assert_int_equal(apart, pkts[i]->iova - pkts[i - 1]->iova);
		assert_int_equal(apart / LEAT_CACHELINE % 2, 1);
		assert_true(apart >= pkts[i]->cap);
	}
	leat_pkt_free_to(w->cache, pkts, COUNT);
}

static void alloc_resets_what_was_used(void **state)
{
	struct leat_pkt *pkts[BURST], *again[BURST];
	struct world *w = *state;

	assert_int_equal(leat_pkt_alloc(w->cache, pkts, BURST), BURST);
	for (unsigned int i = 0; i < BURST; i++) {
		assert_non_null(leat_pkt_append(pkts[i], 100));
		assert_non_null(leat_pkt_prepend(pkts[i], 14));
		pkts[i]->flags = UINT32_MAX;
		pkts[i]->user = i;
	}
	leat_pkt_free_to(w->cache, pkts, BURST);
	assert_int_equal(leat_pkt_alloc(w->cache, again, BURST), BURST);
	for (unsigned int i = 0; i < BURST; i++) {
		assert_ptr_equal(again[i], pkts[i]);	/* last in, first out */
		expect_fresh(again[i], w->pool);
		assert_int_equal(again[i]->user, i);
	}
	leat_pkt_free_to(w->cache, again, BURST);
}

static void all_or_none(void **state)
{
	struct leat_pkt *pkts[COUNT];
	struct world *w = *state;

	assert_int_equal(leat_pkt_alloc(w->cache, pkts, 0), 0);
	assert_int_equal(leat_pkt_alloc(w->cache, pkts, LEAT_POOL_CACHE_MAX + 1), 0);
	assert_int_equal(leat_pkt_alloc(w->cache, pkts, LEAT_POOL_CACHE_MAX), LEAT_POOL_CACHE_MAX);
	assert_int_equal(leat_pkt_alloc(w->cache, pkts + LEAT_POOL_CACHE_MAX,
					COUNT - LEAT_POOL_CACHE_MAX + 1), 0);
	assert_int_equal(leat_pkt_alloc(w->cache, pkts + LEAT_POOL_CACHE_MAX,
					COUNT - LEAT_POOL_CACHE_MAX), COUNT - LEAT_POOL_CACHE_MAX);
	leat_pkt_free_to(w->cache, pkts, COUNT);
	assert_true(w->cache->n <= w->cache->size);
}

static void cache_keeps_the_warm_ones(void **state)
{
	struct leat_pkt *pkts[96], *again[32];
	struct world *w = *state;

	assert_int_equal(leat_pkt_alloc(w->cache, pkts, 96), 96);
	assert_int_equal(w->cache->n, 32);	/* half of its size fetched beside them */
	leat_pkt_free_to(w->cache, pkts, 64);
	assert_int_equal(w->cache->n, 32);	/* 96 are over its size: half of that stays */
	assert_memory_equal(w->cache->pkts, pkts + 32, 32 * sizeof(pkts[0]));
	leat_pkt_free_to(w->cache, pkts + 64, 32);
	assert_int_equal(w->cache->n, 64);
	assert_int_equal(leat_pkt_alloc(w->cache, again, 32), 32);
	assert_memory_equal(again, pkts + 64, sizeof(again));
	leat_pkt_free_to(w->cache, again, 32);
}

/* @n segments in one packet. */
static struct leat_pkt *chain(struct leat_pool_cache *cache, unsigned int n)
{
	struct leat_pkt *segs[BURST];

	assert_int_equal(leat_pkt_alloc(cache, segs, n), n);
	for (unsigned int i = 1; i < n; i++)
		assert_int_equal(leat_pkt_chain(segs[0], segs[i]), 0);
	return segs[0];
}

/* Chains, strangers and shared packets, by each way home. */
static void frees_any_packet(void **state)
{
	const struct leat_pool_config cfg = { .count = 100, .buf_size = 500 };
	struct leat_pool_cache *foreign;
	struct world *w = *state;
	struct leat_pool *other;

	assert_int_equal(leat_pool_create(w->ctx, &cfg, &other), 0);
	assert_int_equal(leat_pool_cache_create(other, 0, &foreign), 0);
	for (int way = 0; way < 2; way++) {
		struct leat_pkt *pkts[5], *shared;

		pkts[0] = chain(w->cache, 1);
		pkts[1] = chain(w->cache, 20);
		pkts[2] = chain(foreign, 3);
		assert_int_equal(leat_pkt_chain(pkts[2], chain(w->cache, 2)), 0);
		pkts[3] = chain(foreign, 1);
		pkts[4] = shared = chain(w->cache, 2);
		shared->refs = 2;
		if (way)
			leat_pkt_free(pkts, 5);
		else
			leat_pkt_free_to(w->cache, pkts, 5);
		assert_int_equal(shared->refs, 1);
		assert_int_equal(leat_pool_available(w->pool) + w->cache->n, COUNT - 2);
		assert_int_equal(leat_pool_available(other) + foreign->n, 100);
		leat_pkt_free_to(w->cache, &shared, 1);
		assert_int_equal(leat_pool_available(w->pool) + w->cache->n, COUNT);
	}
	leat_pool_cache_destroy(foreign);
	leat_pool_destroy(other);
}

static void any_sequence_loses_nothing(void **state)
{
	struct leat_pkt *held[COUNT];
	struct world *w = *state;
	uint64_t rnd = 88172645463325252;
	unsigned int n = 0;

	print_message("seed %llu\n", (unsigned long long)rnd);
	for (int round = 0; round < 20000; round++) {
		unsigned int want;

		rnd ^= rnd << 13;
		rnd ^= rnd >> 7;
		rnd ^= rnd << 17;
		want = (unsigned int)(rnd >> 8) % 100;
		if (rnd & 1) {
			unsigned int got = want <= COUNT - n ? want : 0;

			assert_int_equal(leat_pkt_alloc(w->cache, held + n, want), got);
			n += got;
		} else {
			want = LEAT_MIN(want, n);
			n -= want;
			if (rnd & 2)
				leat_pkt_free(held + n, want);
			else
				leat_pkt_free_to(w->cache, held + n, want);
		}
		assert_true(w->cache->n <= 2 * LEAT_POOL_CACHE_MAX);
		assert_int_equal(leat_pool_available(w->pool) + w->cache->n + n, COUNT);
	}
	leat_pkt_free_to(w->cache, held, n);
}

static void refuses_what_cannot_be(void **state)
{
	struct leat_pool_config cfg = { .count = (1u << 24) + 1 };
	struct leat_pool_cache *cache = NULL;
	struct leat_pool *pool = NULL;
	struct world *w = *state;

	assert_int_equal(leat_pool_create(w->ctx, &cfg, &pool), -EINVAL);
	assert_non_null(strstr(w->line, "16777217"));
	cfg = (struct leat_pool_config){ .count = 1, .buf_size = 65535 };
	assert_int_equal(leat_pool_create(w->ctx, &cfg, &pool), -EINVAL);
	assert_non_null(strstr(w->line, "65535"));
	assert_null(pool);
	assert_int_equal(leat_pool_cache_create(w->pool, LEAT_POOL_CACHE_MAX + 1, &cache), -EINVAL);
	assert_null(cache);
	assert_int_equal(w->logged, 3);
	w->logged = 0;
	cfg = (struct leat_pool_config){ .count = 1, .buf_size = 65535 - LEAT_PKT_HEADROOM };
	assert_int_equal(leat_pool_create(w->ctx, &cfg, &pool), 0);
	assert_int_equal(leat_pool_count(pool), 1);
	leat_pool_destroy(pool);
}

/* Both are the application's mistakes: said in one line, and nothing breaks. */
static void says_what_was_forgotten(void **state)
{
	const struct leat_pool_config cfg = { .count = 8 };
	struct world *w = *state;
	struct leat_pool_cache *cache;
	struct leat_pkt *pkts[2];
	struct leat_pool *pool;

	assert_int_equal(leat_pool_create(w->ctx, &cfg, &pool), 0);
	assert_int_equal(leat_pool_cache_create(pool, 4, &cache), 0);
	assert_int_equal(leat_pkt_alloc(cache, pkts, 2), 2);
	leat_pool_destroy(pool);
	assert_int_equal(w->logged, 1);
	assert_non_null(strstr(w->line, "2 of its 8"));

	assert_int_equal(leat_pool_create(w->ctx, &cfg, &pool), 0);
	assert_int_equal(leat_pool_cache_create(pool, 4, &cache), 0);
	assert_int_equal(leat_pkt_alloc(cache, pkts, 1), 1);
	leat_pool_cache_destroy(cache);
	leat_pkt_free(pkts, 1);
	leat_pkt_free(pkts, 1);
	assert_int_equal(w->logged, 2);
	assert_non_null(strstr(w->line, "freed once"));
	leat_pool_destroy(pool);
	w->logged = 0;
}

static void context_closes_its_pools(void **state)
{
	const struct leat_pool_config cfg = { .count = 8 };
	struct leat_pool_cache *cache;
	struct leat_pool *pool;
	struct leat_ctx *ctx;

	(void)state;
	assert_int_equal(leat_ctx_open(NULL, &ctx), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(leat_pool_create(ctx, &cfg, &pool), 0);
		assert_int_equal(leat_pool_cache_create(pool, 4, &cache), 0);
	}
	leat_ctx_close(ctx);	/* the leak checker sees the rest */
}

/* Allocated and written by one thread, read and freed by another, several times over. */
struct lane {
	struct leat_pool *pool;
	struct leat_pool_cache *out, *home;
	struct leat_spsc *ring;
	unsigned int	packets;
	unsigned int	wrong;
	unsigned int	id;
};

static void *lane_give(void *arg)
{
	struct lane *l = arg;
	struct leat_pkt *pkts[BURST];

	for (unsigned int sent = 0; sent < l->packets;) {
		unsigned int n = leat_pkt_alloc(l->out, pkts, 1 + sent % BURST), done;

		for (unsigned int i = 0; i < n; i++) {
			*(uint32_t *)leat_pkt_data(pkts[i]) = l->id + sent + i;
		}
		done = leat_spsc_push(l->ring, (void *const *)pkts, LEAT_MIN(n, l->packets - sent));
		leat_pkt_free_to(l->out, pkts + done, n - done);
		sent += done;
		if (!done)
			sched_yield();
	}
	return NULL;
}

static void *lane_take(void *arg)
{
	struct lane *l = arg;
	struct leat_pkt *pkts[BURST];

	for (unsigned int seen = 0; seen < l->packets;) {
		unsigned int n = leat_spsc_pop(l->ring, (void **)pkts, BURST);

		for (unsigned int i = 0; i < n; i++)
			l->wrong += *(uint32_t *)leat_pkt_data(pkts[i]) != l->id + seen + i;
		if (seen & 64)
			leat_pkt_free(pkts, n);
		else
			leat_pkt_free_to(l->home, pkts, n);
		seen += n;
		if (!n)
			sched_yield();
	}
	return NULL;
}

static void threads_share_a_pool(void **state)
{
	struct world *w = *state;
	struct lane lane[2] = { { .id = 1000 }, { .id = 5000000 } };
	pthread_t thread[4];

	for (int i = 0; i < 2; i++) {
		lane[i].packets = 60000;
		assert_int_equal(leat_pool_cache_create(w->pool, 48, &lane[i].out), 0);
		assert_int_equal(leat_pool_cache_create(w->pool, 32, &lane[i].home), 0);
		assert_int_equal(leat_spsc_create(128, &lane[i].ring), 0);
		assert_int_equal(pthread_create(&thread[2 * i], NULL, lane_give, &lane[i]), 0);
		assert_int_equal(pthread_create(&thread[2 * i + 1], NULL, lane_take, &lane[i]), 0);
	}
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(lane[i].wrong, 0);
		leat_pool_cache_destroy(lane[i].out);
		leat_pool_cache_destroy(lane[i].home);
		leat_spsc_destroy(lane[i].ring);
	}
}

/* One packet, several owners that let go of it at the same time. */
struct owner {
	struct leat_pool_cache *cache;
	struct leat_pkt	**pkts;
};

#define SHARED 200

static void *let_go(void *arg)
{
	struct owner *o = arg;

	for (unsigned int i = 0; i < SHARED; i++) {
		((volatile unsigned char *)leat_pkt_data(o->pkts[i]))[0];
		leat_pkt_free_to(o->cache, &o->pkts[i], 1);
	}
	return NULL;
}

static void owners_let_go_at_once(void **state)
{
	struct leat_pkt *pkts[SHARED];
	struct world *w = *state;
	struct owner owner[3];
	pthread_t thread[3];

	assert_int_equal(leat_pkt_alloc(w->cache, pkts, SHARED), SHARED);
	for (unsigned int i = 0; i < SHARED; i++)
		pkts[i]->refs = 3;
	for (int i = 0; i < 3; i++) {
		owner[i].pkts = pkts;
		assert_int_equal(leat_pool_cache_create(w->pool, 16, &owner[i].cache), 0);
		assert_int_equal(pthread_create(&thread[i], NULL, let_go, &owner[i]), 0);
	}
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	for (int i = 0; i < 3; i++)
		leat_pool_cache_destroy(owner[i].cache);
	assert_int_equal(leat_pool_available(w->pool) + w->cache->n, COUNT);
}

#define WITH_POOL(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_POOL(buffers_are_apart),
		WITH_POOL(alloc_resets_what_was_used),
		WITH_POOL(all_or_none),
		WITH_POOL(cache_keeps_the_warm_ones),
		WITH_POOL(frees_any_packet),
		WITH_POOL(any_sequence_loses_nothing),
		WITH_POOL(refuses_what_cannot_be),
		WITH_POOL(says_what_was_forgotten),
		cmocka_unit_test(context_closes_its_pools),
		WITH_POOL(threads_share_a_pool),
		WITH_POOL(owners_let_go_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
