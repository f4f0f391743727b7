// SPDX-License-Identifier: BSD-3-Clause
/*
 * ck.c - Concurrency Kit's rings. They move one object a call.
 */
#include "loops.h"

#include <ck_ring.h>

static ck_ring_t ring;
static ck_ring_buffer_t buffer[BENCH_RING_SIZE];

static int create(void)
{
	ck_ring_init(&ring, BENCH_RING_SIZE);
	return 0;
}

static void destroy(void)
{
}

#define BENCH_CK(kind)								\
static inline unsigned int push_##kind(ck_ring_t *r, void *const *objs, unsigned int n) \
{										\
	unsigned int i = 0;							\
										\
	while (i < n && ck_ring_enqueue_##kind(r, buffer, objs[i]))		\
		i++;								\
	return i;								\
}										\
static inline unsigned int pop_##kind(ck_ring_t *r, void **objs, unsigned int n)	\
{										\
	unsigned int i = 0;							\
										\
	while (i < n && ck_ring_dequeue_##kind(r, buffer, &objs[i]))	\
		i++;								\
	return i;								\
}

BENCH_CK(spsc)
BENCH_CK(mpmc)
BENCH_RING(spsc, "ck_ring SP/SC, one by one", &ring, create, destroy, push_spsc, pop_spsc)
BENCH_RING(mpmc, "ck_ring MP/MC, one by one", &ring, create, destroy, push_mpmc, pop_mpmc)

const struct bench_peer bench_ck = { .name = "Concurrency Kit", .spsc = &spsc, .mpmc = &mpmc };
