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
#include <string.h>

#include <leat/barrier.h>
#include <leat/compiler.h>

LEAT_BEGIN_DECLS

#define LEAT_RING_APART 128

/*
 * For the rings below: @n pointers between places that do not overlap. Bursts
 * known to the compiler become moves as wide as the CPU has; long ones are
 * the C library's, which knows the CPU better than the compiler was told.
 */
LEAT_INLINE void leat_ring_copy(void **__restrict__ dst, void *const *__restrict__ src,
				unsigned int n)
{
	unsigned int i = 0;

	if (__builtin_constant_p(n) || n >= 32) {
		memcpy(dst, src, n * sizeof(*dst));
		return;
	}
	for (; i + 4 <= n; i += 4)
		memcpy(dst + i, src + i, 4 * sizeof(*dst));
	if (n & 2) {		/* no loop for the last ones: compilers make it a call */
		memcpy(dst + i, src + i, 2 * sizeof(*dst));
		i += 2;
	}
	if (n & 1)
		dst[i] = src[i];
}

/* Do @n slots from @pos on cross the end? One never does, and the compiler may know that. */
LEAT_INLINE bool leat_ring_wraps(uint64_t mask, uint64_t pos, unsigned int n)
{
	return !(__builtin_constant_p(n) && n <= 1) && (pos & mask) + n > mask + 1;
}

/*
 * struct leat_spsc - pointers from one thread to one other.
 *
 * Positions run free and wrap; slot i is slot[i & mask]. Each side keeps how
 * far it may go by what it last saw of the other, and looks again only there,
 * so the two cache lines move once per lap, not once per packet. The layout is
 * ABI; the slots follow.
 */
struct leat_spsc {
	LEAT_ALIGNED(LEAT_RING_APART) uint32_t tail;	/* written by the producer */
	uint32_t	limit;				/* producer's: free up to here */

	LEAT_ALIGNED(LEAT_RING_APART) uint32_t head;	/* written by the consumer */
	uint32_t	filled;				/* consumer's: filled up to here */

	LEAT_ALIGNED(LEAT_RING_APART) uint32_t mask;	/* slots - 1 */
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

LEAT_INLINE void **leat_spsc_slots(struct leat_spsc *r)
{
	return (void **)(void *)(r + 1);
}

/* The producer thread. Returns how many of @objs were taken. */
LEAT_INLINE unsigned int leat_spsc_push(struct leat_spsc *r, void *const *objs, unsigned int n)
{
	uint32_t tail = r->tail, mask = r->mask;

	if (LEAT_UNLIKELY(r->limit - tail < n)) {
		/* P1: pairs with C2. Slots up to head have been read out. */
		uint32_t limit = leat_load_acquire(&r->head) + mask + 1;

		if (LEAT_UNLIKELY(limit - tail < n))
			return leat_spsc_push_rest(r, objs, limit - tail);
		r->limit = limit;
	}
	if (LEAT_UNLIKELY(leat_ring_wraps(mask, tail, n)))
		return leat_spsc_push_rest(r, objs, n);
	leat_ring_copy(leat_spsc_slots(r) + (tail & mask), objs, n);

	/* P2: pairs with C1. Publishes the slots just written. */
	leat_store_release(&r->tail, tail + n);
	return n;
}

/* The consumer thread. Returns how many were put into @objs. */
LEAT_INLINE unsigned int leat_spsc_pop(struct leat_spsc *r, void **objs, unsigned int n)
{
	uint32_t head = r->head, mask = r->mask;

	if (LEAT_UNLIKELY(r->filled - head < n)) {
		/* C1: pairs with P2. Slots up to tail have been written. */
		uint32_t filled = leat_load_acquire(&r->tail);

		if (LEAT_UNLIKELY(filled - head < n))
			return leat_spsc_pop_rest(r, objs, filled - head);
		r->filled = filled;
	}
	if (LEAT_UNLIKELY(leat_ring_wraps(mask, head, n)))
		return leat_spsc_pop_rest(r, objs, n);
	leat_ring_copy(objs, leat_spsc_slots(r) + (head & mask), n);

	/* C2: pairs with P1. The slots just read may be overwritten. */
	leat_store_release(&r->head, head + n);
	return n;
}

/*
 * struct leat_mpmc - pointers from any thread to any thread.
 *
 * Each side claims positions by moving @next, copies, and publishes in the
 * order of the claims by moving @done, which is apart because the other side
 * polls it: a claim is a locked instruction and must not wait for that line.
 * @seen is a side's stale copy of the other's @done, shared by its threads.
 * Positions are 64 bits wide and never wrap, so a claim cannot mistake one for
 * that of a lap ago. The layout is ABI; the slots follow.
 *
 * A thread that is interrupted between claim and publication makes later ones
 * of its side wait (they yield the CPU): poll on dedicated cores.
 */
struct leat_mpmc_side {
	LEAT_ALIGNED(LEAT_RING_APART) uint64_t next;	/* claimed up to here */
	uint64_t	seen;				/* copy of the other side's done */
	LEAT_ALIGNED(LEAT_RING_APART) uint64_t done;	/* good up to here, for the other side */
};

struct leat_mpmc {
	struct leat_mpmc_side prod, cons;
	LEAT_ALIGNED(LEAT_RING_APART) uint64_t mask;	/* slots - 1 */
};

/* @size slots, a power of two up to 2^30. 0, -EINVAL or -ENOMEM. Any thread. */
LEAT_API int leat_mpmc_create(unsigned int size, struct leat_mpmc **out);

/* Forgets what is still in it. NULL is fine. Nobody uses it any more. */
LEAT_API void leat_mpmc_destroy(struct leat_mpmc *r);

/* Pointers in it; a snapshot. Any thread. */
LEAT_API unsigned int leat_mpmc_count(const struct leat_mpmc *r);

/* For push and pop: a position to claim from, and what was seen of the other side. */
struct leat_mpmc_look {
	uint64_t	pos, seen;
};

/* The rest of push and pop, after a claim that failed: fewer, or across the end. */
LEAT_API unsigned int leat_mpmc_push_rest(struct leat_mpmc *r, void *const *objs, unsigned int n,
					  struct leat_mpmc_look look);
LEAT_API unsigned int leat_mpmc_pop_rest(struct leat_mpmc *r, void **objs, unsigned int n,
					 struct leat_mpmc_look look);

/* Until those who claimed before @pos have published. */
LEAT_API void leat_mpmc_wait(const struct leat_mpmc_side *side, uint64_t pos);

LEAT_INLINE void **leat_mpmc_slots(struct leat_mpmc *r)
{
	return (void **)(void *)(r + 1);
}

/*
 * leat_mpmc_claim - claim @n positions that lie in one stretch. Producers are
 * @ahead of the consumers by a ring's size, consumers by nothing. False: see
 * the rest, with what @look says now.
 */
LEAT_INLINE bool leat_mpmc_claim(struct leat_mpmc_side *mine, const struct leat_mpmc_side *other,
				 uint64_t mask, uint64_t ahead, unsigned int n,
				 struct leat_mpmc_look *look)
{
	/* M4: pairs with M5. The other side's done is at least what earlier claims relied on. */
	uint64_t pos = leat_load_acquire(&mine->next);
	uint64_t seen = leat_load_relaxed(&mine->seen);	/* M5 brings what it vouches for */
	bool news = false, good;

	do {
		if (LEAT_UNLIKELY((int64_t)(seen + ahead - pos) < (int64_t)n)) {
			/* M1: pairs with M2. Slots up to done were written (or read out). */
			seen = leat_load_acquire(&other->done);
			news = true;
		}
		good = LEAT_LIKELY((int64_t)(seen + ahead - pos) >= (int64_t)n &&
				   !leat_ring_wraps(mask, pos, n));
		/* M5: pairs with M4 and itself. What earlier claims saw, we rely on. */
	} while (LEAT_UNLIKELY(good && !leat_cas(&mine->next, &pos, pos + n)));
	if (news && good)
		leat_store_relaxed(&mine->seen, seen);	/* after the claim: see M5 */
	look->pos = pos;
	look->seen = seen;
	return good;
}

LEAT_INLINE void leat_mpmc_publish(struct leat_mpmc_side *mine, uint64_t pos, unsigned int n)
{
	/* M3: pairs with M2. What we publish includes what was published before. */
	if (LEAT_UNLIKELY(leat_load_acquire(&mine->done) != pos))
		leat_mpmc_wait(mine, pos);

	/* M2: pairs with M1 and M3. Publishes the slots just copied. */
	leat_store_release(&mine->done, pos + n);
}

/* Any thread. Returns how many of @objs were taken. */
LEAT_INLINE unsigned int leat_mpmc_push(struct leat_mpmc *r, void *const *objs, unsigned int n)
{
	struct leat_mpmc_look look;
	uint64_t mask = r->mask;

	if (LEAT_UNLIKELY(!leat_mpmc_claim(&r->prod, &r->cons, mask, mask + 1, n, &look)))
		return leat_mpmc_push_rest(r, objs, n, look);
	leat_ring_copy(leat_mpmc_slots(r) + (look.pos & mask), objs, n);
	leat_mpmc_publish(&r->prod, look.pos, n);
	return n;
}

/* Any thread. Returns how many were put into @objs. */
LEAT_INLINE unsigned int leat_mpmc_pop(struct leat_mpmc *r, void **objs, unsigned int n)
{
	struct leat_mpmc_look look;
	uint64_t mask = r->mask;

	if (LEAT_UNLIKELY(!leat_mpmc_claim(&r->cons, &r->prod, mask, 0, n, &look)))
		return leat_mpmc_pop_rest(r, objs, n, look);
	leat_ring_copy(objs, leat_mpmc_slots(r) + (look.pos & mask), n);
	leat_mpmc_publish(&r->cons, look.pos, n);
	return n;
}

LEAT_END_DECLS

#endif
