// SPDX-License-Identifier: BSD-3-Clause
/*
 * main.c - rings and pools beside their peers, in one run. An argument leaves
 * only the cells whose title contains it: bench-rings "two cores".
 */
#include "loops.h"

#include <stdio.h>

const struct bench_peer *const bench_peers[BENCH_PEERS] = { &bench_hand, &bench_dpdk, &bench_ck };

static void helper_init(void)
{
	for (unsigned int i = 0; i < BENCH_PEERS; i++)
		if (bench_peers[i]->helper_init)
			bench_peers[i]->helper_init();
}

int main(int argc, char **argv)
{
	bool two;

	bench_only = argc > 1 ? argv[1] : NULL;
	bench_find_cpus();
	bench_print_machine();
	for (unsigned int i = 0; i < BENCH_PEERS; i++) {
		if (bench_peers[i]->missing)
			printf("%s: %s\n", bench_peers[i]->name, bench_peers[i]->missing);
		if (bench_peers[i]->open && bench_peers[i]->open()) {
			fprintf(stderr, "%s: did not start\n", bench_peers[i]->name);
			return 1;
		}
	}
	two = bench_open(helper_init);
	bench_rings(two);
	bench_pools(two);
	bench_print_noise();
	if (two)
		bench_close();
	return 0;
}
