// SPDX-License-Identifier: BSD-3-Clause
/*
 * check.c - the checker finds all that can happen to a frame, and nothing that
 * did not happen.
 */
#include "fake.h"

#include "apps/nicd/gen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct gen_net net;
static struct leat_wire *a, *b;		/* what a generates b checks, and the other way round */

static struct leat_wire *open_gen(const char *opts)
{
	struct wire_house house = { .gens = &net };
	struct leat_wire *w;
	char text[128];
	struct wire_spec s = { .kind = &wire_gen, .arg = text };

	strcpy(text, opts);
	assert_int_equal(wire_gen.open(&s, &house, &w), 0);
	return w;
}

/* Two generators; @n frames of a's lie in fake. */
static void start(const char *opts, unsigned int n)
{
	fake_reset();
	assert_int_equal(gen_net_init(&net), 0);
	a = open_gen(opts);
	b = open_gen("size=64");
	assert_int_equal(gen_net_start(&net), 0);
	fake.room = n;
	while (fake.n < n)
		assert_int_not_equal(a->ops->poll(a), 0);
}

static void finish(void)
{
	a->ops->close(a);
	b->ops->close(b);
	gen_net_fini(&net);
	fake_reset();
}

static void send_frames(unsigned int first, unsigned int n)
{
	assert_int_equal(b->ops->send(b, &fake.frames[first], n), n);
}

static void more_frames(unsigned int n)
{
	unsigned int want = fake.n + n;

	fake.room = n;
	while (fake.n < want)
		assert_int_not_equal(a->ops->poll(a), 0);
}

static struct gen_verdict verdict(void)
{
	struct gen_verdict v;

	gen_net_verdict(&net, true, &v);
	return v;
}

static void clean_run(void **state)
{
	static const char *const opts[] = {
		"size=60", "size=61", "size=63", "size=64", "size=65", "size=71", "size=72",
		"size=73", "size=1514", "size=9018", "size=60-1514", "size=imix", "flows=5",
		"size=imix:flows=100",
	};

	(void)state;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(opts); i++) {
		struct gen_verdict v;

		start(opts[i], 1000);
		assert_int_equal(gen_net_missing(&net), 1000);
		send_frames(0, 1000);
		assert_int_equal(gen_net_missing(&net), 0);
		v = verdict();
		assert_true(v.clean && v.checked);
		assert_int_equal(v.sent, 1000);
		assert_int_equal(v.counts.packets, 1000);
		finish();
	}
}

static void nothing_checked_is_not_clean(void **state)
{
	(void)state;
	start("size=64", 0);
	assert_true(verdict().checked);
	assert_false(verdict().clean);
	finish();
}

static void gaps_and_tail_are_lost(void **state)
{
	struct gen_verdict v;

	(void)state;
	start("size=64", 100);
	send_frames(3, 7);	/* 3 before it */
	send_frames(20, 70);	/* 10 before it, and 10 behind it */
	v = verdict();
	assert_int_equal(v.counts.lost, 23);
	assert_int_equal(v.counts.reordered + v.counts.duplicated + v.counts.damaged, 0);
	assert_int_equal(v.counts.lost_at_restart, 0);
	assert_false(v.clean);
	finish();
}

static void all_lost(void **state)
{
	(void)state;
	start("size=64", 50);
	assert_int_equal(verdict().counts.lost, 50);
	finish();
}

static void late_ones_are_reordered_not_lost(void **state)
{
	struct gen_verdict v;

	(void)state;
	start("size=64", 100);
	send_frames(10, 80);
	send_frames(4, 1);
	send_frames(0, 4);
	send_frames(5, 5);
	send_frames(90, 10);
	v = verdict();
	assert_int_equal(v.counts.lost, 0);
	assert_int_equal(v.counts.reordered, 10);
	assert_int_equal(v.counts.duplicated, 0);
	assert_false(v.clean);
	finish();
}

static void twice_is_duplicated(void **state)
{
	struct gen_verdict v;

	(void)state;
	start("size=64", 100);
	send_frames(0, 100);
	send_frames(50, 10);
	send_frames(99, 1);
	v = verdict();
	assert_int_equal(v.counts.duplicated, 11);
	assert_int_equal(v.counts.lost + v.counts.reordered + v.counts.damaged, 0);
	assert_false(v.clean);
	finish();
}

/* Random order, losses and doubles, against a plain count of what came. */
static void random_order_adds_up(void **state)
{
	unsigned int seed = (unsigned int)time(NULL);

	(void)state;
	printf("seed %u\n", seed);
	for (int round = 0; round < 50; round++) {
		unsigned int came[500] = { 0 }, distinct = 0, sent = 0;
		struct gen_verdict v;

		start("size=64", 500);
		for (; sent < 600; sent++) {
			unsigned int i = (unsigned int)rand_r(&seed) % 500;

			distinct += !came[i]++;
			send_frames(i, 1);
		}
		v = verdict();
		assert_int_equal(v.counts.packets, sent);
		assert_int_equal(v.counts.lost, 500 - distinct);
		assert_int_equal(v.counts.duplicated, sent - distinct);
		finish();
	}
}

static void every_bit_counts(void **state)
{
	static const char *const opts[] = { "size=60", "size=64", "size=93", "size=60-130" };

	(void)state;
	for (size_t k = 0; k < LEAT_ARRAY_LEN(opts); k++) {
		unsigned int bits;

		start(opts[k], 1);
		bits = fake.frames[0].len * 8;
		for (unsigned int bit = 0; bit < bits; bit++) {
			struct gen *g = LEAT_CONTAINER_OF(b, struct gen, base);
			uint8_t copy[256];
			struct leat_frame f = fake.frames[0];

			memcpy(copy, f.data, f.len);
			copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
			f.data = copy;
			g->check.next[0] = 0;
			b->ops->send(b, &f, 1);
			assert_int_equal(g->check.counts.damaged + g->check.counts.foreign,
					 bit + 1);
		}
		finish();
	}
}

static void length_counts(void **state)
{
	struct leat_frame f;

	(void)state;
	start("size=80", 2);
	f = fake.frames[0];
	f.len--;
	b->ops->send(b, &f, 1);
	assert_int_equal(verdict().counts.damaged, 1);
	send_frames(1, 1);
	assert_int_equal(verdict().counts.lost, 0);	/* damaged, but here */
	f.len = 59;
	b->ops->send(b, &f, 1);
	f.len = 0;
	b->ops->send(b, &f, 1);
	assert_int_equal(verdict().counts.foreign, 2);
	finish();
}

static void foreign_frames_change_nothing(void **state)
{
	uint8_t other[64] = { 0xff };
	struct leat_frame f = { .data = other, .len = sizeof(other) };

	(void)state;
	start("size=64", 10);
	send_frames(0, 5);
	b->ops->send(b, &f, 1);
	send_frames(5, 5);
	assert_true(verdict().clean);
	assert_int_equal(verdict().counts.foreign, 1);
	finish();
}

static void died_with_the_driver(void **state)
{
	struct gen_verdict v;

	(void)state;
	start("size=64", 100);
	send_frames(0, 60);
	a->ops->attached(a, false);	/* 60 to 99 were under way */
	a->ops->attached(a, true);
	more_frames(100);
	send_frames(100, 100);
	v = verdict();
	assert_int_equal(v.counts.lost, 0);
	assert_int_equal(v.counts.lost_at_restart, 40);
	assert_true(v.clean);
	finish();
}

static void died_at_the_far_end(void **state)
{
	(void)state;
	start("size=64:flows=3", 90);
	send_frames(0, 30);
	b->ops->attached(b, false);
	more_frames(30);
	b->ops->attached(b, true);
	more_frames(30);
	send_frames(120, 30);
	assert_int_equal(verdict().counts.lost_at_restart, 90);
	assert_true(verdict().clean);
	finish();
}

static void only_what_was_under_way_is_excused(void **state)
{
	struct gen_verdict v;

	(void)state;
	start("size=64", 50);
	send_frames(0, 30);
	a->ops->attached(a, false);
	a->ops->attached(a, true);
	more_frames(50);
	send_frames(60, 30);
	v = verdict();
	assert_int_equal(v.counts.lost_at_restart, 20);
	assert_int_equal(v.counts.lost, 20);	/* 50 to 59 and 90 to 99 */
	assert_false(v.clean);
	finish();
}

/* A third NIC's driver coming and going excuses nothing on this path. */
static void others_restarts_are_no_excuse(void **state)
{
	struct leat_wire *c;

	(void)state;
	fake_reset();
	assert_int_equal(gen_net_init(&net), 0);
	a = open_gen("size=64");
	b = open_gen("size=64");
	c = open_gen("size=64");
	assert_int_equal(gen_net_start(&net), 0);
	more_frames(64);
	send_frames(0, 10);
	c->ops->attached(c, true);
	send_frames(20, 44);
	assert_int_equal(verdict().counts.lost, 10);
	c->ops->close(c);
	finish();
}

/* NICs are closed one after the other, and each tells of its driver that leaves. */
static void closing_looks_at_nothing_freed(void **state)
{
	(void)state;
	start("size=64", 100);
	send_frames(0, 100);
	b->ops->attached(b, false);
	b->ops->close(b);
	a->ops->attached(a, false);
	a->ops->close(a);
	assert_true(verdict().clean);
	gen_net_fini(&net);
	fake_reset();
}

static void tail_at_the_end_is_excused_when_the_driver_left(void **state)
{
	(void)state;
	start("size=64", 100);
	send_frames(0, 60);
	b->ops->attached(b, false);
	assert_int_equal(verdict().counts.lost_at_restart, 40);
	assert_true(verdict().clean);
	finish();
}

/* Two programs: one generates, one checks; a key joins them. */
static void streams_from_outside(void **state)
{
	struct gen_net there;

	(void)state;
	fake_reset();
	assert_int_equal(gen_net_init(&net), 0);
	a = open_gen("key=9:mode=tx:size=60-100");
	b = open_gen("size=64:mode=tx");
	assert_int_equal(gen_net_start(&net), 0);
	assert_false(verdict().checked);
	assert_true(verdict().clean);
	more_frames(200);
	there = net;
	assert_int_equal(gen_net_init(&net), 0);
	a->ops->close(a);
	b->ops->close(b);
	a = open_gen("key=9:mode=rx:size=60-100");
	b = open_gen("mode=rx:key=9");
	assert_int_equal(gen_net_start(&net), 0);
	send_frames(0, 100);
	assert_true(verdict().clean);
	send_frames(110, 90);
	assert_int_equal(verdict().counts.lost, 10);
	gen_net_fini(&there);
	finish();
}

static void many_holes_stay_lost(void **state)
{
	struct gen_verdict v;

	(void)state;
	start("size=64", 4000);
	for (unsigned int i = 1; i < 4000; i += 2)
		send_frames(i, 1);
	v = verdict();
	assert_int_equal(v.counts.lost, 2000);
	send_frames(3998, 1);
	assert_int_equal(verdict().counts.lost, 1999);
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clean_run),
		cmocka_unit_test(nothing_checked_is_not_clean),
		cmocka_unit_test(gaps_and_tail_are_lost),
		cmocka_unit_test(all_lost),
		cmocka_unit_test(late_ones_are_reordered_not_lost),
		cmocka_unit_test(twice_is_duplicated),
		cmocka_unit_test(random_order_adds_up),
		cmocka_unit_test(every_bit_counts),
		cmocka_unit_test(length_counts),
		cmocka_unit_test(foreign_frames_change_nothing),
		cmocka_unit_test(died_with_the_driver),
		cmocka_unit_test(died_at_the_far_end),
		cmocka_unit_test(only_what_was_under_way_is_excused),
		cmocka_unit_test(others_restarts_are_no_excuse),
		cmocka_unit_test(closing_looks_at_nothing_freed),
		cmocka_unit_test(tail_at_the_end_is_excused_when_the_driver_left),
		cmocka_unit_test(streams_from_outside),
		cmocka_unit_test(many_holes_stay_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
