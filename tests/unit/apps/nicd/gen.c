// SPDX-License-Identifier: BSD-3-Clause
/*
 * gen.c - what the generator makes: valid frames, in order, all of them.
 */
#include "fake.h"

#include "apps/nicd/csum.h"
#include "apps/nicd/gen.h"

#include <string.h>

static struct gen_net net;

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

static int setup(void **state)
{
	(void)state;
	fake_reset();
	return gen_net_init(&net);
}

static int teardown(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < net.ngens; i++)
		net.gens[i]->base.ops->close(&net.gens[i]->base);
	gen_net_fini(&net);
	fake_reset();
	return 0;
}

static unsigned int be16(const uint8_t *p)
{
	return (unsigned int)(p[0] << 8 | p[1]);
}

static void assert_valid(const struct leat_frame *f)
{
	const uint8_t *p = f->data;

	assert_in_range(f->len, FRAME_MIN, LEAT_FRAME_MAX);
	assert_int_equal(p[0] & 1, 0);			/* unicast */
	assert_int_equal(be16(p + 12), 0x0800);
	assert_int_equal(p[14], 0x45);
	assert_int_equal(be16(p + 16), f->len - 14);
	assert_int_equal(p[23], 17);
	assert_int_equal(csum_sum(p + 14, 20), 0xffff);
	assert_int_equal(be16(p + 38), f->len - 34);
	assert_int_equal(f->flags, 0);
}

static void poll_all(struct leat_wire *w, unsigned int want)
{
	for (unsigned int i = 0; fake.n < want && i < want; i++)
		w->ops->poll(w);
	assert_int_equal(fake.n, want);
}

static void frames_are_valid(void **state)
{
	static const struct {
		const char *opts;
		uint32_t lo, hi;
	} runs[] = {
		{ "size=60:count=200", 60, 60 },
		{ "size=64:count=200", 64, 64 },
		{ "size=65:count=200", 65, 65 },
		{ "size=60-1514:count=200", 60, 1514 },
		{ "size=imix:count=200:flows=7", 60, 1514 },
		{ "size=16384:count=200", 16384, 16384 },
	};
	struct leat_wire *w[LEAT_ARRAY_LEN(runs)];

	(void)state;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(runs); i++)
		w[i] = open_gen(runs[i].opts);
	assert_int_equal(gen_net_start(&net), 0);
	for (size_t i = 0; i < LEAT_ARRAY_LEN(runs); i++) {
		fake_reset();
		poll_all(w[i], 200);
		assert_int_equal(w[i]->ops->poll(w[i]), 0);	/* the count is reached */
		assert_true(wire_gen.done(w[i]));
		for (unsigned int k = 0; k < fake.n; k++) {
			assert_valid(&fake.frames[k]);
			assert_in_range(fake.frames[k].len, runs[i].lo, runs[i].hi);
		}
	}
}

static void numbers_follow_each_other(void **state)
{
	struct leat_wire *w = open_gen("flows=3:mode=tx:seed=5");

	(void)state;
	assert_int_equal(gen_net_start(&net), 0);
	poll_all(w, 640);
	for (unsigned int i = 0; i < fake.n; i++) {
		const uint8_t *p = fake.frames[i].data;
		uint64_t word = frame_load(p + 40);

		assert_int_equal(frame_key(word), net.key);
		assert_int_equal(frame_stream(word), i % 3);
		assert_int_equal(frame_load(p + FRAME_SEQ), i / 3);
	}
}

static void what_is_refused_waits(void **state)
{
	struct leat_wire *w = open_gen("count=1000");
	unsigned int taken = 0, round = 0;

	(void)state;
	assert_int_equal(gen_net_start(&net), 0);
	fake.ready = false;
	assert_int_equal(w->ops->poll(w), 0);
	fake.ready = true;
	while (taken < 1000) {
		unsigned int room = round++ % 130;

		fake.room = room;
		taken += w->ops->poll(w);
		assert_true(fake.room == 0 || taken == 1000 || room - fake.room >= GEN_BATCH);
	}
	assert_int_equal(fake.n, 1000);
	for (unsigned int i = 0; i < fake.n; i++)
		assert_int_equal(frame_load((const uint8_t *)fake.frames[i].data + FRAME_SEQ), i);
}

static void stops_when_told(void **state)
{
	struct leat_wire *w = open_gen("size=64");

	(void)state;
	assert_int_equal(gen_net_start(&net), 0);
	assert_int_not_equal(w->ops->poll(w), 0);
	net.stopping = true;
	assert_int_equal(w->ops->poll(w), 0);
}

/* The clock is real, so only what must hold however fast it goes. */
static void rate_holds_back(void **state)
{
	struct leat_wire *w = open_gen("rate=1");

	(void)state;
	assert_int_equal(gen_net_start(&net), 0);
	for (int i = 0; i < 1000; i++)
		w->ops->poll(w);
	assert_in_range(fake.n, 0, GEN_BATCH);
}

static void one_key_for_all(void **state)
{
	struct wire_house house = { .gens = &net };
	struct leat_wire *w;
	char text[] = "key=6";
	struct wire_spec s = { .kind = &wire_gen, .arg = text };

	(void)state;
	open_gen("size=64");
	open_gen("key=5");
	assert_int_equal(net.key, 5);
	assert_true(wire_gen.open(&s, &house, &w) < 0);
	fake_assert_said("share one");
}

static void room_for_so_many(void **state)
{
	struct wire_house house = { .gens = &net };
	struct leat_wire *w;
	char text[] = "flows=3";
	struct wire_spec s = { .kind = &wire_gen, .arg = text };

	(void)state;
	open_gen("flows=32768");
	open_gen("flows=32766");
	assert_true(wire_gen.open(&s, &house, &w) < 0);
	fake_assert_said("there is room for");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(frames_are_valid),	     TEST(numbers_follow_each_other),
		TEST(what_is_refused_waits), TEST(stops_when_told),
		TEST(rate_holds_back),	     TEST(one_key_for_all),
		TEST(room_for_so_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
