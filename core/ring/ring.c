// SPDX-License-Identifier: BSD-3-Clause
/*
 * ring.c - making rings, and what push and pop do when less fits than was
 * asked for or a burst crosses the end of the slots.
 */
#include <leat/ring.h>
#include <leat/bits.h>

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_MAX_SLOTS (UINT32_C(1) << 30)

/* Looks at a publication awaited before the CPU is offered to others. */
#define SPINS 256

/* Zeroed, aligned as a ring wants it, with @size slots behind @head bytes. */
static void *ring_alloc(size_t head, unsigned int size)
{
	size_t len = LEAT_ALIGN_UP(head + size * sizeof(void *), (size_t)LEAT_RING_APART);
	void *mem = aligned_alloc(LEAT_RING_APART, len);

	if (mem)
		memset(mem, 0, len);
	return mem;
}

static bool size_good(unsigned int size)
{
	return leat_is_pow2(size) && size <= SIZE_MAX_SLOTS;
}

/* @n pointers into the slots from position @pos on, around the end if need be. */
static void copy_in(void **slot, uint64_t mask, uint64_t pos, void *const *objs, unsigned int n)
{
	unsigned int at = (unsigned int)(pos & mask);
	unsigned int first = LEAT_MIN(n, (unsigned int)mask + 1 - at);

	leat_ring_copy(slot + at, objs, first);
	leat_ring_copy(slot, objs + first, n - first);
}

static void copy_out(void **objs, void *const *slot, uint64_t mask, uint64_t pos, unsigned int n)
{
	unsigned int at = (unsigned int)(pos & mask);
	unsigned int first = LEAT_MIN(n, (unsigned int)mask + 1 - at);

	leat_ring_copy(objs, slot + at, first);
	leat_ring_copy(objs + first, slot, n - first);
}

int leat_spsc_create(unsigned int size, struct leat_spsc **out)
{
	struct leat_spsc *r;

	if (!size_good(size))
		return -EINVAL;
	r = ring_alloc(sizeof(*r), size);
	if (!r)
		return -ENOMEM;
	r->mask = size - 1;
	*out = r;
	return 0;
}

void leat_spsc_destroy(struct leat_spsc *r)
{
	free(r);
}

unsigned int leat_spsc_count(const struct leat_spsc *r)
{
	/* As P1 and C1; head first, so that it is not the newer of the two. */
	uint32_t head = leat_load_acquire(&r->head);

	return LEAT_MIN(leat_load_acquire(&r->tail) - head, r->mask + 1);
}

/* Nothing is stored when nothing moved: the other side polls these lines. */
unsigned int leat_spsc_push_rest(struct leat_spsc *r, void *const *objs, unsigned int n)
{
	uint32_t tail = r->tail;

	if (!n)
		return 0;
	copy_in(leat_spsc_slots(r), r->mask, tail, objs, n);
	r->limit = tail + n;
	/* P2: pairs with C1. */
	leat_store_release(&r->tail, tail + n);
	return n;
}

unsigned int leat_spsc_pop_rest(struct leat_spsc *r, void **objs, unsigned int n)
{
	uint32_t head = r->head;

	if (!n)
		return 0;
	copy_out(objs, leat_spsc_slots(r), r->mask, head, n);
	r->filled = head + n;
	/* C2: pairs with P1. */
	leat_store_release(&r->head, head + n);
	return n;
}

int leat_mpmc_create(unsigned int size, struct leat_mpmc **out)
{
	struct leat_mpmc *r;

	if (!size_good(size))
		return -EINVAL;
	r = ring_alloc(sizeof(*r), size);
	if (!r)
		return -ENOMEM;
	r->mask = size - 1;
	*out = r;
	return 0;
}

void leat_mpmc_destroy(struct leat_mpmc *r)
{
	free(r);
}

unsigned int leat_mpmc_count(const struct leat_mpmc *r)
{
	/* As M1, consumers first. */
	uint64_t head = leat_load_acquire(&r->cons.done);

	return (unsigned int)LEAT_MIN(leat_load_acquire(&r->prod.done) - head, r->mask + 1);
}

void leat_mpmc_wait(const struct leat_mpmc_side *side, uint64_t pos)
{
	/* M3: pairs with M2. */
	for (unsigned int spins = 0; leat_load_acquire(&side->done) != pos; spins++) {
		if (spins < SPINS)
			leat_pause();
		else
			sched_yield();
	}
}

/*
 * Claim as many of @n positions as there are, perhaps none. What the caller saw
 * is as new as its position; where others claimed since, both are looked at again:
 * who knows that all fit (a pool, whose ring has a slot for each packet) gets all.
 */
static unsigned int claim_some(struct leat_mpmc_side *mine, const struct leat_mpmc_side *other,
			       uint64_t ahead, unsigned int n, struct leat_mpmc_look *look)
{
	for (;;) {
		int64_t room = (int64_t)(look->seen + ahead - look->pos);
		unsigned int got = room < (int64_t)n ? (unsigned int)LEAT_MAX(room, 0) : n;

		/* M5: pairs with M4 and itself. */
		if (!got || leat_cas(&mine->next, &look->pos, look->pos + got))
			return got;
		/* M1: pairs with M2. */
		look->seen = leat_load_acquire(&other->done);
	}
}

unsigned int leat_mpmc_push_rest(struct leat_mpmc *r, void *const *objs, unsigned int n,
				 struct leat_mpmc_look look)
{
	n = claim_some(&r->prod, &r->cons, r->mask + 1, n, &look);
	if (!n)
		return 0;
	copy_in(leat_mpmc_slots(r), r->mask, look.pos, objs, n);
	leat_mpmc_publish(&r->prod, look.pos, n);
	return n;
}

unsigned int leat_mpmc_pop_rest(struct leat_mpmc *r, void **objs, unsigned int n,
				struct leat_mpmc_look look)
{
	n = claim_some(&r->cons, &r->prod, 0, n, &look);
	if (!n)
		return 0;
	copy_out(objs, leat_mpmc_slots(r), r->mask, look.pos, n);
	leat_mpmc_publish(&r->cons, look.pos, n);
	return n;
}
