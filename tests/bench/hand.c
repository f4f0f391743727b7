// SPDX-License-Identifier: BSD-3-Clause
/*
 * hand.c - the hand-written ring that others are held against: one producer,
 * one consumer, all of a burst or nothing, a power of two known to the
 * compiler, storage that is static. What is left out is what a ring could save.
 */
#include "loops.h"

#include <string.h>

static struct hand {
	LEAT_ALIGNED(128) uint64_t head;
	uint64_t	seen_tail;
	LEAT_ALIGNED(128) uint64_t tail;
	uint64_t	seen_head;
	LEAT_ALIGNED(128) void *slot[BENCH_RING_SIZE];
} the_ring;

static inline unsigned int push(struct hand *r, void *const *objs, unsigned int n)
{
	uint64_t head = r->head, at = head % BENCH_RING_SIZE;

	if (head - r->seen_tail + n > BENCH_RING_SIZE) {
		r->seen_tail = leat_load_acquire(&r->tail);
		if (head - r->seen_tail + n > BENCH_RING_SIZE)
			return 0;
	}
	if (at + n <= BENCH_RING_SIZE)
		memcpy(&r->slot[at], objs, n * sizeof(void *));
	else
		for (unsigned int i = 0; i < n; i++)
			r->slot[(head + i) % BENCH_RING_SIZE] = objs[i];
	leat_store_release(&r->head, head + n);
	return n;
}

static inline unsigned int pop(struct hand *r, void **objs, unsigned int n)
{
	uint64_t tail = r->tail, at = tail % BENCH_RING_SIZE;

	if (r->seen_head - tail < n) {
		r->seen_head = leat_load_acquire(&r->head);
		if (r->seen_head - tail < n)
			return 0;
	}
	if (at + n <= BENCH_RING_SIZE)
		memcpy(objs, &r->slot[at], n * sizeof(void *));
	else
		for (unsigned int i = 0; i < n; i++)
			objs[i] = r->slot[(tail + i) % BENCH_RING_SIZE];
	leat_store_release(&r->tail, tail + n);
	return n;
}

static int create(void)
{
	memset(&the_ring, 0, sizeof(the_ring));
	return 0;
}

static void destroy(void)
{
}

BENCH_RING(hand, "hand-written SP/SC, bulk", &the_ring, create, destroy, push, pop)

const struct bench_peer bench_hand = { .name = "hand-written", .spsc = &hand };
