// SPDX-License-Identifier: BSD-3-Clause
/*
 * rings.c - our rings beside the hand-written one, rte_ring and ck_ring.
 */
#include "loops.h"

#include <leat/ring.h>

#include <stdio.h>
#include <string.h>

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

static const struct bench_peer *const peers[] = { &bench_hand, &bench_dpdk, &bench_ck };

static void helper_init(void)
{
	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(peers); i++)
		if (!peers[i]->missing && peers[i]->helper_init)
			peers[i]->helper_init();
}

/* Enough that a round is some milliseconds. */
static uint64_t objs_at(unsigned int burst)
{
	return burst == 1 ? UINT64_C(1) << 19 : UINT64_C(1) << 21;
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

int main(int argc, char **argv)
{
	const struct bench_ring *singles[4] = { &spsc }, *multis[4] = { &mpmc };
	unsigned int nsingle = 1, nmulti = 1;
	bool two;

	bench_only = argc > 1 ? argv[1] : NULL;
	bench_find_cpus();
	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(peers); i++) {
		if (peers[i]->open && peers[i]->open()) {
			fprintf(stderr, "%s: did not start\n", peers[i]->name);
			return 1;
		}
		if (peers[i]->missing)
			printf("%s: %s\n", peers[i]->name, peers[i]->missing);
		if (peers[i]->spsc)
			singles[nsingle++] = peers[i]->spsc;
		if (peers[i]->mpmc)
			multis[nmulti++] = peers[i]->mpmc;
	}
	bench_print_machine();
	two = bench_open(helper_init);
	puts("\nRings of 1024: one producer, one consumer");
	compare(singles, nsingle, two);
	puts("\nRings of 1024: any number of both");
	compare(multis, nmulti, two);
	if (two)
		bench_close();
	return 0;
}
