// SPDX-License-Identifier: BSD-3-Clause
/*
 * rings.c - our rings beside the hand-written one, rte_ring and ck_ring.
 */
#include "loops.h"

#include <leat/ring.h>

#include <stdio.h>

const unsigned int bench_bursts[BENCH_BURSTS] = { 1, 8, 32, 64 };
void *bench_objs[64], *bench_got[2][64];

static struct leat_spsc *one;
static struct leat_mpmc *many;

static int create_spsc(void)
{
	return leat_spsc_create(BENCH_RING_SIZE, &one);
}

static void destroy_spsc(void)
{
	leat_spsc_destroy(one);
}

static int create_mpmc(void)
{
	return leat_mpmc_create(BENCH_RING_SIZE, &many);
}

static void destroy_mpmc(void)
{
	leat_mpmc_destroy(many);
}

BENCH_RING(spsc, "leat_spsc", one, create_spsc, destroy_spsc, leat_spsc_push, leat_spsc_pop)
BENCH_RING(mpmc, "leat_mpmc", many, create_mpmc, destroy_mpmc, leat_mpmc_push, leat_mpmc_pop)

/* Rounds of some milliseconds, long enough that how they start does not matter. */
static uint64_t objs_at(unsigned int burst)
{
	return burst == 1 ? UINT64_C(1) << 18 : UINT64_C(1) << 20;
}

static void cells(const struct bench_ring *const *ring, unsigned int n, bool pair)
{
	struct bench_contender who[BENCH_CONTENDERS] = { 0 };
	char title[64];

	for (unsigned int b = 0; b < BENCH_BURSTS; b++) {
		for (unsigned int i = 0; i < n; i++) {
			who[i].name = ring[i]->name;
			who[i].work = pair ? ring[i]->produce[b] : ring[i]->alone[b];
			who[i].helper = pair ? ring[i]->consume[b] : NULL;
		}
		snprintf(title, sizeof(title), "burst %u, %s", bench_bursts[b],
			 pair ? "two cores" : "one thread");
		bench_cell(title, objs_at(bench_bursts[b]), who, n);
	}
}

static void compare(const struct bench_ring *const *ring, unsigned int n, bool two)
{
	for (unsigned int i = 0; i < n; i++) {
		if (ring[i]->create()) {
			fprintf(stderr, "%s: could not be made\n", ring[i]->name);
			return;
		}
	}
	cells(ring, n, false);
	if (two)
		cells(ring, n, true);
	for (unsigned int i = 0; i < n; i++)
		ring[i]->destroy();
}

/* Those of ours and of the peers that have the kind wanted. */
static void compare_kind(const char *title, const struct bench_ring *ours, bool multi, bool two)
{
	const struct bench_ring *ring[BENCH_CONTENDERS] = { ours };
	unsigned int n = 1;

	for (unsigned int i = 0; i < BENCH_PEERS; i++) {
		const struct bench_ring *its = multi ? bench_peers[i]->mpmc : bench_peers[i]->spsc;

		if (its)
			ring[n++] = its;
	}
	printf("\n%s\n", title);
	compare(ring, n, two);
}

void bench_rings(bool two)
{
	compare_kind("Rings of 1024: one producer, one consumer", &spsc, false, two);
	compare_kind("Rings of 1024: any number of both", &mpmc, true, two);
}
