// SPDX-License-Identifier: BSD-3-Clause
/*
 * ring.h - lock-free rings of pointers. The name carries the contract:
 *
 *   leat_spsc	one producer thread, one consumer thread
 *   leat_mpmc	any number of both
 *
 * All bursts, all partial, none fails: push and pop move as many as fit and
 * return how many.
 */
#ifndef LEAT_RING_H
#define LEAT_RING_H

#include <stdint.h>

#include <leat/barrier.h>
#include <leat/compiler.h>

LEAT_BEGIN_DECLS

/*
 * struct leat_spsc - pointers from one thread to one other.
 *
 * Positions run free and wrap; slot i is slot[i & mask]. Each side keeps a
 * stale copy of the other's position and rereads it only when it looks full
 * (or empty), so the two cache lines move once per lap, not once per packet.
 * The layout is ABI.
 */
struct leat_spsc {
	LEAT_ALIGNED(LEAT_CACHELINE) uint32_t tail;	/* written by the producer */
	uint32_t	seen_head;			/* producer's copy of head */

	LEAT_ALIGNED(LEAT_CACHELINE) uint32_t head;	/* written by the consumer */
	uint32_t	seen_tail;			/* consumer's copy of tail */

	LEAT_ALIGNED(LEAT_CACHELINE) uint32_t mask;
	void		**slot;
};

/* @size slots, a power of two up to 2^30. 0, -EINVAL or -ENOMEM. Any thread. */
LEAT_API int leat_spsc_create(unsigned int size, struct leat_spsc **out);
LEAT_API void leat_spsc_destroy(struct leat_spsc *r);

/* The producer thread. Returns how many of @objs were taken. */
LEAT_INLINE unsigned int leat_spsc_push(struct leat_spsc *r, void *const *objs, unsigned int n)
{
	uint32_t tail = r->tail;
	uint32_t room = r->mask + 1 - (tail - r->seen_head);

	if (LEAT_UNLIKELY(room < n)) {
		/* P1: pairs with C2. Slots up to head have been read out. */
		r->seen_head = leat_load_acquire(&r->head);
		room = r->mask + 1 - (tail - r->seen_head);
		n = n < room ? n : room;
	}
	for (unsigned int i = 0; i < n; i++)
		r->slot[(tail + i) & r->mask] = objs[i];

	/* P2: pairs with C1. Publishes the slots just written. */
	leat_store_release(&r->tail, tail + n);
	return n;
}

/* The consumer thread. Returns how many were put into @objs. */
LEAT_INLINE unsigned int leat_spsc_pop(struct leat_spsc *r, void **objs, unsigned int n)
{
	uint32_t head = r->head;
	uint32_t have = r->seen_tail - head;

	if (LEAT_UNLIKELY(have < n)) {
		/* C1: pairs with P2. Slots up to tail have been written. */
		r->seen_tail = leat_load_acquire(&r->tail);
		have = r->seen_tail - head;
		n = n < have ? n : have;
	}
	for (unsigned int i = 0; i < n; i++)
		objs[i] = r->slot[(head + i) & r->mask];

	/* C2: pairs with P1. The slots just read may be overwritten. */
	leat_store_release(&r->head, head + n);
	return n;
}

LEAT_END_DECLS

#endif
