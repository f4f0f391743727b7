// SPDX-License-Identifier: BSD-3-Clause
/*
 * loops.h - the work that rings are measured by, written once for all of them.
 *
 * Bursts are constants, as in programs, so each ring's inlines are compiled
 * for the burst: BENCH_RING() makes the functions of one ring at 1, 8, 32, 64.
 * @ring is a pointer to it, read once; PUSH(r, objs, n) and POP(r, objs, n).
 */
#ifndef LEAT_BENCH_LOOPS_H
#define LEAT_BENCH_LOOPS_H

#include "bench.h"

#include <leat/barrier.h>

#define BENCH_RING_SIZE 1024
#define BENCH_BURSTS	4

struct bench_ring {
	const char	*name;
	int		(*create)(void);
	void		(*destroy)(void);
	bench_fn	*alone[BENCH_BURSTS];	/* push and pop in turns, one thread */
	bench_fn	*produce[BENCH_BURSTS];
	bench_fn	*consume[BENCH_BURSTS];
};

extern const unsigned int bench_bursts[BENCH_BURSTS];	/* 1, 8, 32, 64 */

/* What is moved, and where it is put: each thread's own. */
extern void *bench_objs[64];
extern void *bench_got[2][64];

#define BENCH_LOOPS(id, ring, burst, PUSH, POP)					\
static void id##_alone_##burst(uint64_t objs)					\
{										\
	__typeof__(ring) const r = ring;					\
										\
	for (uint64_t i = 0; i < objs; i += burst) {				\
		PUSH(r, bench_objs, burst);					\
		POP(r, bench_got[0], burst);					\
		__asm__ volatile("" ::: "memory");				\
	}									\
}										\
static void id##_produce_##burst(uint64_t objs)					\
{										\
	__typeof__(ring) const r = ring;					\
	uint64_t left = objs;							\
										\
	while (left >= burst) {							\
		unsigned int n = PUSH(r, bench_objs, burst);			\
										\
		if (!n)								\
			leat_pause();						\
		left -= n;							\
	}									\
	while (left)								\
		left -= PUSH(r, bench_objs, 1);					\
}										\
static void id##_consume_##burst(uint64_t objs)					\
{										\
	__typeof__(ring) const r = ring;					\
	uint64_t left = objs;							\
										\
	while (left >= burst) {							\
		unsigned int n = POP(r, bench_got[1], burst);			\
										\
		if (!n)								\
			leat_pause();						\
		left -= n;							\
	}									\
	while (left)								\
		left -= POP(r, bench_got[1], 1);					\
}

#define BENCH_RING(id, text, ring, create_fn, destroy_fn, PUSH, POP)			\
BENCH_LOOPS(id, ring, 1, PUSH, POP)							\
BENCH_LOOPS(id, ring, 8, PUSH, POP)							\
BENCH_LOOPS(id, ring, 32, PUSH, POP)							\
BENCH_LOOPS(id, ring, 64, PUSH, POP)							\
static const struct bench_ring id = {						\
	.name = text, .create = create_fn, .destroy = destroy_fn,		\
	.alone = { id##_alone_1, id##_alone_8, id##_alone_32, id##_alone_64 },	\
	.produce = { id##_produce_1, id##_produce_8, id##_produce_32, id##_produce_64 }, \
	.consume = { id##_consume_1, id##_consume_8, id##_consume_32, id##_consume_64 }, \
};

/* Packets: 32 at a time, each thread through a cache of its own. */
struct bench_pool {
	const char	*name;
	bench_fn	*bulk;		/* allocate 32, free 32 */
	bench_fn	*single;	/* the same, one call a packet */
	bench_fn	*give;		/* allocate and hand over; the first thread */
	bench_fn	*take;		/* receive and free; the second thread */
};

/* A library to compare with. @missing says why it is not here, else NULL. */
struct bench_peer {
	const char	*name;
	const char	*missing;
	int		(*open)(void);
	void		(*helper_init)(void);	/* on the second thread; may be NULL */
	const struct bench_ring *spsc, *mpmc;
	const struct bench_pool *pool;
};

extern const struct bench_peer bench_hand, bench_dpdk, bench_ck;

#define BENCH_PEERS 3
extern const struct bench_peer *const bench_peers[BENCH_PEERS];

/* The measurements; @two: on two cores as well. */
void bench_rings(bool two);
void bench_pools(bool two);

#endif
