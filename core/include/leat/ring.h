// SPDX-License-Identifier: BSD-3-Clause
/*
 * ring.h - lock-free rings of pointers. The name carries the contract:
 *
 *   leat_spsc	one producer thread, one consumer thread
 *   leat_mpmc	any number of both
 *
 * All bursts, all partial, none fails: push and pop move as many as fit and
 * return how many. The common case (enough there, not across the end) is
 * inline and copies with wide moves where the burst is a constant; the rest is
 * in core/ring/ring.c.
 *
 * What one side writes is 128 bytes away from what the other writes: CPUs
 * fetch cache lines in pairs. Barrier labels: doc/ordering.md.
 */
#ifndef LEAT_RING_H
#define LEAT_RING_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/barrier.h>
#include <leat/compiler.h>

LEAT_BEGIN_DECLS

#define LEAT_RING_APART 128

/* For the rings below: @n pointers between places that do not overlap. */
LEAT_INLINE void leat_ring_copy(void **__restrict__ dst, void *const *__restrict__ src,
				unsigned int n)
{
	unsigned int i = 0;

	for (; i + 4 <= n; i += 4) {
		dst[i] = src[i];
		dst[i + 1] = src[i + 1];
		dst[i + 2] = src[i + 2];
		dst[i + 3] = src[i + 3];
	}
	for (; i < n; i++)
		dst[i] = src[i];
}

/*
 * struct leat_spsc - pointers from one thread to one other.
 *
 * Positions run free and wrap; slot i is slot[i & mask]. Each side keeps a
 * stale copy of the other's position and rereads it only when it looks full
 * (or empty), so the two cache lines move once per lap, not once per packet.
 * The layout is ABI.
 */
struct leat_spsc {
	LEAT_ALIGNED(LEAT_RING_APART) uint32_t tail;	/* written by the producer */
	uint32_t	seen_head;			/* producer's copy of head */

	LEAT_ALIGNED(LEAT_RING_APART) uint32_t head;	/* written by the consumer */
	uint32_t	seen_tail;			/* consumer's copy of tail */

	LEAT_ALIGNED(LEAT_RING_APART) uint32_t size;	/* slots, a power of two */
	void		**slot;
};

/* @size slots, a power of two up to 2^30. 0, -EINVAL or -ENOMEM. Any thread. */
LEAT_API int leat_spsc_create(unsigned int size, struct leat_spsc **out);

/* Forgets what is still in it. NULL is fine. Nobody uses it any more. */
LEAT_API void leat_spsc_destroy(struct leat_spsc *r);

/* Pointers in it; a snapshot. Any thread. */
LEAT_API unsigned int leat_spsc_count(const struct leat_spsc *r);

/* The rest of push and pop: @n that fit, perhaps none, perhaps across the end. */
LEAT_API unsigned int leat_spsc_push_rest(struct leat_spsc *r, void *const *objs, unsigned int n);
LEAT_API unsigned int leat_spsc_pop_rest(struct leat_spsc *r, void **objs, unsigned int n);

/* The producer thread. Returns how many of @objs were taken. */
LEAT_INLINE unsigned int leat_spsc_push(struct leat_spsc *r, void *const *objs, unsigned int n)
{
	uint32_t tail = r->tail;
	uint32_t at = tail & (r->size - 1);
	uint32_t room = r->size - (tail - r->seen_head);

	if (LEAT_UNLIKELY(room < n)) {
		/* P1: pairs with C2. Slots up to head have been read out. */
		r->seen_head = leat_load_acquire(&r->head);
		room = r->size - (tail - r->seen_head);
	}
	if (LEAT_UNLIKELY(room < n || r->size - at < n))
		return leat_spsc_push_rest(r, objs, room < n ? room : n);
	leat_ring_copy(r->slot + at, objs, n);

	/* P2: pairs with C1. Publishes the slots just written. */
	leat_store_release(&r->tail, tail + n);
	return n;
}

/* The consumer thread. Returns how many were put into @objs. */
LEAT_INLINE unsigned int leat_spsc_pop(struct leat_spsc *r, void **objs, unsigned int n)
{
	uint32_t head = r->head;
	uint32_t at = head & (r->size - 1);
	uint32_t have = r->seen_tail - head;

	if (LEAT_UNLIKELY(have < n)) {
		/* C1: pairs with P2. Slots up to tail have been written. */
		r->seen_tail = leat_load_acquire(&r->tail);
		have = r->seen_tail - head;
	}
	if (LEAT_UNLIKELY(have < n || r->size - at < n))
		return leat_spsc_pop_rest(r, objs, have < n ? have : n);
	leat_ring_copy(objs, r->slot + at, n);

	/* C2: pairs with P1. The slots just read may be overwritten. */
	leat_store_release(&r->head, head + n);
	return n;
}

/*
 * struct leat_mpmc - pointers from any thread to any thread.
 *
 * Each side claims positions by moving @next, copies, and publishes in the
 * order of the claims by moving @done. @seen is that side's stale copy of the
 * other's @done, shared by the threads of the side. Positions are 64 bits wide
 * and never wrap, so a claim cannot mistake a position for one a lap ago. The
 * layout is ABI.
 *
 * A thread that is interrupted between claim and publication makes later ones
 * of its side wait (they yield the CPU): poll on dedicated cores.
 */
struct leat_mpmc_side {
	LEAT_ALIGNED(LEAT_RING_APART) uint64_t next;	/* claimed up to here */
	uint64_t	done;				/* slots good up to here, for the other side */
	uint64_t	seen;				/* copy of the other side's done */
};

struct leat_mpmc {
	struct leat_mpmc_side prod, cons;
	LEAT_ALIGNED(LEAT_RING_APART) uint64_t size;	/* slots, a power of two */
	void		**slot;
};

/* @size slots, a power of two up to 2^30. 0, -EINVAL or -ENOMEM. Any thread. */
LEAT_API int leat_mpmc_create(unsigned int size, struct leat_mpmc **out);

/* Forgets what is still in it. NULL is fine. Nobody uses it any more. */
LEAT_API void leat_mpmc_destroy(struct leat_mpmc *r);

/* The rest of push and pop: fewer than asked for, or across the end. */
LEAT_API unsigned int leat_mpmc_push_rest(struct leat_mpmc *r, void *const *objs, unsigned int n);
LEAT_API unsigned int leat_mpmc_pop_rest(struct leat_mpmc *r, void **objs, unsigned int n);

/* Pointers in it; a snapshot. Any thread. */
LEAT_API unsigned int leat_mpmc_count(const struct leat_mpmc *r);

/* Until those who claimed before @pos have published. */
LEAT_API void leat_mpmc_wait(const struct leat_mpmc_side *side, uint64_t pos);

/*
 * leat_mpmc_room - for the rings below: how many positions @mine may claim at
 * @pos. Producers are @ahead of the consumers by a ring's size, consumers by
 * nothing. Wrong only where @pos is out of date, and then the claim fails.
 */
LEAT_INLINE int64_t leat_mpmc_room(struct leat_mpmc_side *mine, const struct leat_mpmc_side *other,
				   uint64_t ahead, uint64_t pos, unsigned int n)
{
	/* M3: pairs with M4. What a thread of our side saw, we may rely on. */
	int64_t room = (int64_t)(leat_load_acquire(&mine->seen) + ahead - pos);

	if (LEAT_UNLIKELY(room < (int64_t)n)) {
		/* M1: pairs with M2. Slots up to done were written (or read out). */
		uint64_t done = leat_load_acquire(&other->done);

		/* M4: pairs with M3. */
		leat_store_release(&mine->seen, done);
		room = (int64_t)(done + ahead - pos);
	}
	return room;
}

/* Claim @n positions from *@pos on that lie in one stretch; false: see the rest. */
LEAT_INLINE bool leat_mpmc_claim(struct leat_mpmc_side *mine, const struct leat_mpmc_side *other,
				 uint64_t size, uint64_t ahead, unsigned int n, uint64_t *pos)
{
	/* M6: pairs with M7. The other side's done is at least what that claim relied on. */
	*pos = leat_load_acquire(&mine->next);
	do {
		if (LEAT_UNLIKELY(size - (*pos & (size - 1)) < n))
			return false;
		if (LEAT_UNLIKELY(leat_mpmc_room(mine, other, ahead, *pos, n) < (int64_t)n))
			return false;
		/* M7: pairs with M6. */
	} while (LEAT_UNLIKELY(!leat_cas(&mine->next, pos, *pos + n)));
	return true;
}

LEAT_INLINE void leat_mpmc_publish(struct leat_mpmc_side *mine, uint64_t pos, unsigned int n)
{
	/* M5: pairs with M2. What we publish includes what was published before. */
	if (LEAT_UNLIKELY(leat_load_acquire(&mine->done) != pos))
		leat_mpmc_wait(mine, pos);

	/* M2: pairs with M1 and M5. Publishes the slots just copied. */
	leat_store_release(&mine->done, pos + n);
}

/* Any thread. Returns how many of @objs were taken. */
LEAT_INLINE unsigned int leat_mpmc_push(struct leat_mpmc *r, void *const *objs, unsigned int n)
{
	uint64_t size = r->size, pos;

	if (LEAT_UNLIKELY(!leat_mpmc_claim(&r->prod, &r->cons, size, size, n, &pos)))
		return leat_mpmc_push_rest(r, objs, n);
	leat_ring_copy(r->slot + (pos & (size - 1)), objs, n);
	leat_mpmc_publish(&r->prod, pos, n);
	return n;
}

/* Any thread. Returns how many were put into @objs. */
LEAT_INLINE unsigned int leat_mpmc_pop(struct leat_mpmc *r, void **objs, unsigned int n)
{
	uint64_t size = r->size, pos;

	if (LEAT_UNLIKELY(!leat_mpmc_claim(&r->cons, &r->prod, size, 0, n, &pos)))
		return leat_mpmc_pop_rest(r, objs, n);
	leat_ring_copy(objs, r->slot + (pos & (size - 1)), n);
	leat_mpmc_publish(&r->cons, pos, n);
	return n;
}

LEAT_END_DECLS

#endif
