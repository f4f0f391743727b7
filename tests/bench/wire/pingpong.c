// SPDX-License-Identifier: BSD-3-Clause
/*
 * pingpong.c - one cache line from core to core and back: bench-pingpong CPU CPU.
 *
 * Every figure between two cores hangs on it, and on a virtual machine it
 * changes by itself: about 280 cycles within a core complex, 860 across.
 */
#include <leat/leat.h>

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#define TURNS UINT64_C(300000)

static LEAT_ALIGNED(2 * LEAT_CACHELINE) uint64_t ball;

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void wait_for(uint64_t v)
{
	while (leat_load_acquire(&ball) != v)
		;
}

static void *far_end(void *arg)
{
	pin(*(const int *)arg);
	for (uint64_t i = 1; i <= TURNS; i++) {
		wait_for(2 * i - 1);
		leat_store_release(&ball, 2 * i);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	int far_cpu = argc == 3 ? atoi(argv[2]) : -1;
	pthread_t thread;
	uint64_t start;

	if (far_cpu < 0 || far_cpu == atoi(argv[1])) {
		printf("line ping-pong: needs two CPUs\n");
		return 0;
	}
	pin(atoi(argv[1]));
	if (pthread_create(&thread, NULL, far_end, &far_cpu))
		return 1;
	start = leat_cycles();
	for (uint64_t i = 1; i <= TURNS; i++) {
		leat_store_release(&ball, 2 * i - 1);
		wait_for(2 * i);
	}
	printf("line ping-pong: %.0f cycles round trip\n",
	       (double)(leat_cycles() - start) / (double)TURNS);
	pthread_join(thread, NULL);
	return 0;
}
