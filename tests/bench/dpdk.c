// SPDX-License-Identifier: BSD-3-Clause
/*
 * dpdk.c - rte_ring and pktmbuf pools, as DPDK's documentation uses them.
 */
#include "loops.h"

#include <rte_eal.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include <stdio.h>

static struct rte_ring *ring;		/* measured */
static struct rte_ring *lane;		/* from who allocates to who frees */
static struct rte_mempool *pool;

static int create_spsc(void)
{
	ring = rte_ring_create("spsc", BENCH_RING_SIZE, SOCKET_ID_ANY,
			       RING_F_SP_ENQ | RING_F_SC_DEQ);
	return ring ? 0 : -1;
}

static int create_mpmc(void)
{
	ring = rte_ring_create("mpmc", BENCH_RING_SIZE, SOCKET_ID_ANY, 0);
	return ring ? 0 : -1;
}

static void destroy(void)
{
	rte_ring_free(ring);
}

#define PUSH(r, objs, n) rte_ring_enqueue_burst(r, objs, n, NULL)
#define POP(r, objs, n)  rte_ring_dequeue_burst(r, objs, n, NULL)

BENCH_RING(spsc, "rte_ring SP/SC", ring, create_spsc, destroy, PUSH, POP)
BENCH_RING(mpmc, "rte_ring MP/MC", ring, create_mpmc, destroy, PUSH, POP)

#define BURST 32

static void bulk(uint64_t objs)
{
	struct rte_mbuf *m[BURST];

	for (uint64_t i = 0; i < objs; i += BURST) {
		if (rte_pktmbuf_alloc_bulk(pool, m, BURST))
			return;
		rte_pktmbuf_free_bulk(m, BURST);
	}
}

static void single(uint64_t objs)
{
	struct rte_mbuf *m[BURST];

	for (uint64_t i = 0; i < objs; i += BURST) {
		for (unsigned int j = 0; j < BURST; j++)
			m[j] = rte_pktmbuf_alloc(pool);
		for (unsigned int j = 0; j < BURST; j++)
			rte_pktmbuf_free(m[j]);
	}
}

static void give(uint64_t objs)
{
	struct rte_mbuf *m[BURST];

	for (uint64_t i = 0; i < objs; i += BURST) {
		unsigned int sent = 0;

		while (rte_pktmbuf_alloc_bulk(pool, m, BURST))
			leat_pause();
		while (sent < BURST)
			sent += rte_ring_enqueue_burst(lane, (void **)m + sent, BURST - sent, NULL);
	}
}

static void take(uint64_t objs)
{
	struct rte_mbuf *m[BURST];

	for (uint64_t i = 0; i < objs;) {
		unsigned int n = rte_ring_dequeue_burst(lane, (void **)m, BURST, NULL);

		rte_pktmbuf_free_bulk(m, n);
		i += n;
	}
}

static const struct bench_pool packets = { .name = "rte_pktmbuf", .bulk = bulk, .single = single,
					   .give = give, .take = take };

/* The same pages as our side takes: huge ones where enough are free. */
static bool huge_pages(void)
{
	FILE *f = fopen("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "re");
	unsigned int n = 0;

	if (f) {
		if (fscanf(f, "%u", &n) != 1)
			n = 0;
		fclose(f);
	}
	return n >= 40;
}

static int open_dpdk(void)
{
	char cores[16];
	char *argv[] = { (char []){ "bench" }, (char []){ "-l" }, cores, (char []){ "--no-pci" },
			 (char []){ "-m" }, (char []){ "64" }, (char []){ "--no-telemetry" },
			 (char []){ "--log-level=4" },
			 huge_pages() ? (char []){ "--in-memory" } : (char []){ "--no-huge" },
			 NULL };

	snprintf(cores, sizeof(cores), "%d", bench_cpu[0]);
	printf("DPDK: %s\n", huge_pages() ? "on pages of 2 MiB" :
	       "on pages of 4 KiB, which costs its packets more than ours (see vm.nr_hugepages)");
	if (rte_eal_init((int)LEAT_ARRAY_LEN(argv) - 1, argv) < 0)
		return -1;
	pool = rte_pktmbuf_pool_create("packets", 8191, 256, 0, 2176, SOCKET_ID_ANY);
	lane = rte_ring_create("lane", BENCH_RING_SIZE, SOCKET_ID_ANY,
			       RING_F_SP_ENQ | RING_F_SC_DEQ);
	return pool && lane ? 0 : -1;
}

/* A thread of ours gets a mempool cache only if DPDK knows it. */
static void helper_init(void)
{
	rte_thread_register();
}

const struct bench_peer bench_dpdk = { .name = "DPDK", .open = open_dpdk,
				       .helper_init = helper_init, .spsc = &spsc, .mpmc = &mpmc,
				       .pool = &packets };
