// SPDX-License-Identifier: BSD-3-Clause
/*
 * ring.c - the same expectations of every ring, then threads against threads.
 */
#include <leat/bits.h>
#include <leat/ring.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define SEED	  UINT64_C(0x9e3779b97f4a7c15)
#define BURST_MAX 48

struct ring_ops {
	const char	*name;
	int		(*create)(unsigned int size, void **out);
	void		(*destroy)(void *r);
	unsigned int	(*push)(void *r, void *const *objs, unsigned int n);
	unsigned int	(*pop)(void *r, void **objs, unsigned int n);
	unsigned int	(*count)(const void *r);
	void		(*move)(void *r, uint64_t pos);		/* empty, at this position */
};

static int spsc_create(unsigned int size, void **out)
{
	return leat_spsc_create(size, (struct leat_spsc **)out);
}

static void spsc_destroy(void *r)
{
	leat_spsc_destroy(r);
}

static unsigned int spsc_push(void *r, void *const *objs, unsigned int n)
{
	return leat_spsc_push(r, objs, n);
}

static unsigned int spsc_pop(void *r, void **objs, unsigned int n)
{
	return leat_spsc_pop(r, objs, n);
}

static unsigned int spsc_count(const void *r)
{
	return leat_spsc_count(r);
}

static void spsc_move(void *r, uint64_t pos)
{
	struct leat_spsc *s = r;

	s->head = s->tail = s->limit = s->filled = (uint32_t)pos;
}

static int mpmc_create(unsigned int size, void **out)
{
	return leat_mpmc_create(size, (struct leat_mpmc **)out);
}

static void mpmc_destroy(void *r)
{
	leat_mpmc_destroy(r);
}

static unsigned int mpmc_push(void *r, void *const *objs, unsigned int n)
{
	return leat_mpmc_push(r, objs, n);
}

static unsigned int mpmc_pop(void *r, void **objs, unsigned int n)
{
	return leat_mpmc_pop(r, objs, n);
}

static unsigned int mpmc_count(const void *r)
{
	return leat_mpmc_count(r);
}

static void mpmc_move(void *r, uint64_t pos)
{
	struct leat_mpmc *m = r;

	m->prod.next = m->prod.done = m->prod.seen = pos;
	m->cons.next = m->cons.done = m->cons.seen = pos;
}

static const struct ring_ops all_ops[] = {
	{ "spsc", spsc_create, spsc_destroy, spsc_push, spsc_pop, spsc_count, spsc_move },
	{ "mpmc", mpmc_create, mpmc_destroy, mpmc_push, mpmc_pop, mpmc_count, mpmc_move },
};

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Objects are numbers made pointers, from 1 on. */
static void number(void **objs, unsigned int n, uintptr_t from)
{
	for (unsigned int i = 0; i < n; i++)
		objs[i] = (void *)(from + i);
}

static void expect_numbers(void *const *objs, unsigned int n, uintptr_t from)
{
	for (unsigned int i = 0; i < n; i++)
		assert_int_equal((uintptr_t)objs[i], from + i);
}

static void refuses_bad_sizes(void **state)
{
	static const unsigned int bad[] = { 0, 3, 1000, (1u << 30) + 1, 1u << 31, UINT32_MAX };
	const struct ring_ops *ops = *state;

	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(bad); i++) {
		void *r = &r;

		assert_int_equal(ops->create(bad[i], &r), -EINVAL);
		assert_ptr_equal(r, &r);
	}
	ops->destroy(NULL);
}

static void moves_what_fits(void **state)
{
	const struct ring_ops *ops = *state;
	void *in[40], *out[40], *r;

	assert_int_equal(ops->create(16, &r), 0);
	number(in, 40, 1);
	assert_int_equal(ops->pop(r, out, 8), 0);
	assert_int_equal(ops->push(r, in, 10), 10);
	assert_int_equal(ops->push(r, in + 10, 10), 6);
	assert_int_equal(ops->push(r, in + 16, 1), 0);
	assert_int_equal(ops->count(r), 16);
	assert_int_equal(ops->pop(r, out, 4), 4);
	assert_int_equal(ops->push(r, in + 16, 24), 4);
	assert_int_equal(ops->pop(r, out + 4, 36), 16);
	assert_int_equal(ops->pop(r, out, 1), 0);
	assert_int_equal(ops->push(r, in, 0), 0);
	assert_int_equal(ops->pop(r, out, 0), 0);
	assert_int_equal(ops->count(r), 0);
	expect_numbers(out, 20, 1);
	assert_int_equal(ops->push(r, in, UINT32_MAX), 16);
	assert_int_equal(ops->pop(r, out, UINT32_MAX), 16);
	ops->destroy(r);
}

/* Against a model that only counts, over the end of 32-bit positions. */
static void behaves_like_a_queue(void **state)
{
	const struct ring_ops *ops = *state;

	for (unsigned int size = 1; size <= 64; size *= 2) {
		uint64_t rnd = SEED + size;
		uintptr_t in = 1, out = 1;
		void *objs[BURST_MAX], *r;

		print_message("%s: size %u, seed %llx\n", ops->name, size, (unsigned long long)rnd);
		assert_int_equal(ops->create(size, &r), 0);
		ops->move(r, UINT64_C(0xffffff00));
		for (int round = 0; round < 20000; round++) {
			unsigned int n = (unsigned int)(next_random(&rnd) % BURST_MAX);
			unsigned int have = (unsigned int)(in - out);

			assert_int_equal(ops->count(r), have);
			if (next_random(&rnd) & 1) {
				number(objs, n, in);
				assert_int_equal(ops->push(r, objs, n), LEAT_MIN(n, size - have));
				in += LEAT_MIN(n, size - have);
			} else {
				assert_int_equal(ops->pop(r, objs, n), LEAT_MIN(n, have));
				expect_numbers(objs, LEAT_MIN(n, have), out);
				out += LEAT_MIN(n, have);
			}
		}
		assert_true(in > 0x200);
		ops->destroy(r);
	}
}

/* A claim lost to another thread is no reason to move fewer than fit. */
static void all_that_fits_after_a_lost_claim(void **state)
{
	struct leat_mpmc_look late;
	void *in[16], *out[16];
	struct leat_mpmc *m;

	(void)state;
	number(in, 16, 1);
	assert_int_equal(leat_mpmc_create(16, &m), 0);
	late = (struct leat_mpmc_look){ .pos = 0, .seen = 0 };	/* before the others came */
	assert_int_equal(leat_mpmc_push(m, in, 12), 12);
	assert_int_equal(leat_mpmc_pop(m, out, 10), 10);
	assert_int_equal(leat_mpmc_push_rest(m, in, 8, late), 8);
	assert_int_equal(leat_mpmc_count(m), 10);
	late = (struct leat_mpmc_look){ .pos = 0, .seen = 12 };
	assert_int_equal(leat_mpmc_pop_rest(m, out, 10, late), 10);
	expect_numbers(out, 2, 11);
	expect_numbers(out + 2, 8, 1);
	leat_mpmc_destroy(m);
}

/* Constant bursts take other paths through the compiler. */
static void constant_bursts(void **state)
{
	void *in[64], *out[64];
	struct leat_spsc *s;
	struct leat_mpmc *m;

	(void)state;
	number(in, 64, 1);
	assert_int_equal(leat_spsc_create(128, &s), 0);
	assert_int_equal(leat_mpmc_create(128, &m), 0);
	assert_int_equal(leat_spsc_push(s, in, 64), 64);
	assert_int_equal(leat_mpmc_push(m, in, 64), 64);
	assert_int_equal(leat_spsc_pop(s, out, 1), 1);
	expect_numbers(out, 1, 1);
	assert_int_equal(leat_spsc_pop(s, out, 8), 8);
	expect_numbers(out, 8, 2);
	assert_int_equal(leat_spsc_pop(s, out, 64), 55);
	expect_numbers(out, 55, 10);
	assert_int_equal(leat_mpmc_pop(m, out, 32), 32);
	expect_numbers(out, 32, 1);
	assert_int_equal(leat_mpmc_pop(m, out, 32), 32);
	expect_numbers(out, 32, 33);
	leat_spsc_destroy(s);
	leat_mpmc_destroy(m);
}

/* Each side on lines, and pairs of lines, of its own. */
static void sides_are_apart(void **state)
{
	struct leat_spsc *s;
	struct leat_mpmc *m;

	(void)state;
	assert_int_equal(leat_spsc_create(16, &s), 0);
	assert_int_equal(leat_mpmc_create(16, &m), 0);
	assert_int_equal((uintptr_t)s % LEAT_RING_APART, 0);
	assert_int_equal((uintptr_t)m % LEAT_RING_APART, 0);
	assert_true((uintptr_t)&s->head - (uintptr_t)&s->tail >= LEAT_RING_APART);
	assert_true((uintptr_t)leat_spsc_slots(s) - (uintptr_t)&s->head >= LEAT_RING_APART);
	assert_true((uintptr_t)&m->prod.done - (uintptr_t)&m->prod.seen >= LEAT_CACHELINE);
	assert_true((uintptr_t)&m->cons.next - (uintptr_t)&m->prod.done >= LEAT_RING_APART);
	assert_true((uintptr_t)leat_mpmc_slots(m) - (uintptr_t)&m->cons >= LEAT_RING_APART);
	leat_spsc_destroy(s);
	leat_mpmc_destroy(m);
}

/*
 * Threads. Objects are structs that producers write and consumers read without
 * atomics: if the ring does not order them, ThreadSanitizer says so. Number and
 * producer are checked: none lost, none twice, each producer's in order.
 */
#define THREADS_MAX 3
#define STRESS_SIZE 64

struct obj {
	unsigned int	producer;
	unsigned int	number;
};

struct side {
	const struct ring_ops *ops;
	void		*ring;
	struct obj	*objs;		/* the producer's own */
	unsigned int	id;
	unsigned int	each;		/* objects of each producer */
	unsigned int	*left;		/* shared by the consumers */
	unsigned int	seen[THREADS_MAX];	/* how many of each producer */
	unsigned int	disorder;
	uint64_t	rnd;
};

static void *produce(void *arg)
{
	struct side *s = arg;
	void *objs[BURST_MAX];
	unsigned int sent = 0;

	while (sent < s->each) {
		unsigned int n = 1 + (unsigned int)(next_random(&s->rnd) % BURST_MAX);
		unsigned int done;

		n = LEAT_MIN(n, s->each - sent);
		for (unsigned int i = 0; i < n; i++) {
			s->objs[sent + i] = (struct obj){ .producer = s->id, .number = sent + i };
			objs[i] = &s->objs[sent + i];
		}
		done = s->ops->push(s->ring, objs, n);
		sent += done;
		if (!done)
			sched_yield();
	}
	return NULL;
}

static void *consume(void *arg)
{
	struct side *s = arg;
	unsigned int last[THREADS_MAX] = { 0 };
	void *objs[BURST_MAX];

	while (leat_load_relaxed(s->left)) {
		unsigned int n = 1 + (unsigned int)(next_random(&s->rnd) % BURST_MAX);

		n = s->ops->pop(s->ring, objs, n);
		for (unsigned int i = 0; i < n; i++) {
			const struct obj *o = objs[i];

			s->disorder += s->seen[o->producer] && o->number <= last[o->producer];
			last[o->producer] = o->number;
			s->seen[o->producer]++;
		}
		if (n)
			leat_sub(s->left, n);
		else
			sched_yield();
	}
	return NULL;
}

static void stress(const struct ring_ops *ops, unsigned int producers, unsigned int consumers,
		   unsigned int each)
{
	struct side prod[THREADS_MAX], cons[THREADS_MAX];
	pthread_t thread[2 * THREADS_MAX];
	unsigned int left = producers * each;
	void *ring;

	print_message("%s: %u to %u, seed %llx\n", ops->name, producers, consumers,
		      (unsigned long long)SEED);
	assert_int_equal(ops->create(STRESS_SIZE, &ring), 0);
	for (unsigned int i = 0; i < consumers; i++) {
		cons[i] = (struct side){ .ops = ops, .ring = ring, .left = &left, .rnd = SEED + i };
		assert_int_equal(pthread_create(&thread[i], NULL, consume, &cons[i]), 0);
	}
	for (unsigned int i = 0; i < producers; i++) {
		prod[i] = (struct side){ .ops = ops, .ring = ring, .id = i, .each = each,
					 .objs = calloc(each, sizeof(struct obj)), .rnd = ~SEED - i };
		assert_non_null(prod[i].objs);
		assert_int_equal(pthread_create(&thread[consumers + i], NULL, produce, &prod[i]), 0);
	}
	for (unsigned int i = 0; i < producers + consumers; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);

	for (unsigned int p = 0; p < producers; p++) {
		unsigned int seen = 0;

		for (unsigned int c = 0; c < consumers; c++)
			seen += cons[c].seen[p];
		assert_int_equal(seen, each);
		free(prod[p].objs);
	}
	for (unsigned int c = 0; c < consumers; c++)
		assert_int_equal(cons[c].disorder, 0);
	assert_int_equal(ops->count(ring), 0);
	ops->destroy(ring);
}

static void threads_one_to_one(void **state)
{
	stress(*state, 1, 1, 300000);
}

static void threads_many_to_many(void **state)
{
	stress(*state, 3, 3, 100000);
	stress(*state, 3, 1, 50000);
	stress(*state, 1, 3, 50000);
}

#define WITH(test, i) { #test, test, NULL, NULL, (void *)(uintptr_t)&all_ops[i] }

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(refuses_bad_sizes, 0),
		WITH(refuses_bad_sizes, 1),
		WITH(moves_what_fits, 0),
		WITH(moves_what_fits, 1),
		WITH(behaves_like_a_queue, 0),
		WITH(behaves_like_a_queue, 1),
		cmocka_unit_test(all_that_fits_after_a_lost_claim),
		cmocka_unit_test(constant_bursts),
		cmocka_unit_test(sides_are_apart),
		WITH(threads_one_to_one, 0),
		WITH(threads_one_to_one, 1),
		WITH(threads_many_to_many, 1),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
