// SPDX-License-Identifier: BSD-3-Clause
/*
 * bench.h - contenders measured in turns, in one run.
 *
 * A cell is one piece of work; every contender does it once a round, in turns,
 * so that what disturbs the machine disturbs them alike. Printed are cycles of
 * the CPU's timer per object (min, median, max of the rounds) and the median of
 * the ratios to the first contender within a round, which noise moves least.
 */
#ifndef LEAT_BENCH_H
#define LEAT_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#define BENCH_ROUNDS 11
#define BENCH_CONTENDERS 8

typedef void bench_fn(uint64_t objs);

/* @helper runs on the second CPU at the same time, or is NULL. Both move @objs objects. */
struct bench_contender {
	const char	*name;
	void		(*reset)(void);		/* before each round, not measured; may be NULL */
	bench_fn	*work;
	bench_fn	*helper;
};

/* If set, cells whose title does not contain it are left out. */
extern const char *bench_only;

/* The CPUs of the two threads, asked before a peer pins us. The second is -1 where there is one. */
extern int bench_cpu[2];
void bench_find_cpus(void);

/* Pins the caller and starts the helper. False, and says so, where there is one CPU only. */
bool bench_open(void (*helper_init)(void));
void bench_close(void);

/* CPU model, timer rate, commit: what a figure means nothing without. */
void bench_print_machine(void);

/* At the end: how much of the machine others used since then. */
void bench_print_noise(void);

/* Warm up, then measure in turns and print. */
void bench_cell(const char *title, uint64_t objs, const struct bench_contender *who,
		unsigned int n);

#endif
