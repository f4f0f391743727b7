// SPDX-License-Identifier: BSD-3-Clause
/*
 * sleeper.c - who sleeps without a queue: woken by the bell, by descriptors, by the
 * wish that a worker stands still. Sleeping on queues is tested with a driver.
 */
#include <leat/barrier.h>
#include <leat/clock.h>
#include <leat/ctx.h>
#include <leat/ring.h>
#include <leat/sleeper.h>
#include <leat/worker.h>

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#define GIVE_UP_NS UINT64_C(10000000000)
#define OBJECTS	   5000
#define SPIN_NS	   10000

struct taker {
	struct leat_spsc *ring;
	struct leat_sleeper *sleeper;
	unsigned int	got;		/* read by the other thread */
	unsigned int	plain;		/* both threads': TSan watches the handshake */
};

static int setup(void **state)
{
	return leat_ctx_open(NULL, (struct leat_ctx **)state);
}

static int teardown(void **state)
{
	leat_ctx_close(*state);
	return 0;
}

static bool take_all(struct taker *t)
{
	void *objs[32];
	unsigned int n = leat_spsc_pop(t->ring, objs, 32);

	t->plain++;
	leat_store_release(&t->got, t->got + n);
	return n;
}

static void take(struct leat_worker *w, void *arg)
{
	struct taker *t = arg;

	if (leat_sleeper_watch(t->sleeper, leat_worker_fd(w)))
		return;
	while (!leat_worker_stopping(w))
		if (leat_sleeper_arm(t->sleeper, take_all(t)))
			leat_sleeper_wait(t->sleeper, take_all(t));
}

static void until_got(struct taker *t, unsigned int n)
{
	uint64_t end = leat_now_ns() + GIVE_UP_NS;

	while (leat_load_acquire(&t->got) != n) {
		if (leat_now_ns() > end)
			fail_msg("object %u was not taken: nobody woke the worker", n);
		sched_yield();
	}
}

static void linger(uint64_t ns)
{
	uint64_t end = leat_now_ns() + ns;

	while (leat_now_ns() < end)
		sched_yield();
}

/* Each object a random while after the one before was taken; now and then a pause. */
static void give(struct taker *t, struct leat_worker *w)
{
	uint64_t random = 88172645463325252u;

	for (unsigned int i = 1; i <= OBJECTS; i++) {
		void *obj = &random;

		assert_int_equal(leat_spsc_push(t->ring, &obj, 1), 1);
		leat_sleeper_wake(t->sleeper);
		until_got(t, i);
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		linger(random % (3 * SPIN_NS));
		if (random % 16)
			continue;
		leat_worker_pause(w);
		t->plain++;
		leat_worker_resume(w);
	}
}

static void loses_no_wake_up(struct leat_ctx *ctx, uint64_t spin_ns)
{
	struct taker t = { .got = 0 };
	struct leat_worker *w;

	assert_int_equal(leat_spsc_create(64, &t.ring), 0);
	assert_int_equal(leat_sleeper_create(ctx, spin_ns, &t.sleeper), 0);
	assert_int_equal(leat_worker_start(ctx, &(struct leat_worker_config){
		.cpu = -1, .run = take, .arg = &t }, &w), 0);
	give(&t, w);
	while (!leat_sleeper_naps(t.sleeper))
		sched_yield();
	leat_worker_stop(w);
	leat_sleeper_destroy(t.sleeper);
	leat_spsc_destroy(t.ring);
}

static void hears_the_bell(void **state)
{
	loses_no_wake_up(*state, SPIN_NS);
}

static void hears_the_bell_at_once(void **state)
{
	loses_no_wake_up(*state, 0);
}

static void work_keeps_it_awake(void **state)
{
	struct leat_sleeper *s;

	assert_int_equal(leat_sleeper_create(*state, 0, &s), 0);
	assert_false(leat_sleeper_arm(s, true));
	assert_true(leat_sleeper_arm(s, false));
	leat_sleeper_wait(s, true);
	assert_int_equal(leat_sleeper_naps(s), 0);
	leat_sleeper_destroy(s);

	assert_int_equal(leat_sleeper_create(*state, UINT64_MAX, &s), 0);
	for (int i = 0; i < 100; i++)
		assert_false(leat_sleeper_arm(s, false));
	leat_sleeper_destroy(s);
	leat_sleeper_destroy(NULL);
}

static void wakes_by_a_descriptor(void **state)
{
	struct leat_sleeper *s;
	int fd = eventfd(1, EFD_CLOEXEC);

	assert_int_equal(leat_sleeper_create(*state, 0, &s), 0);
	assert_int_equal(leat_sleeper_watch(s, fd), 0);
	for (unsigned int i = 1; i < 4; i++) {
		assert_true(leat_sleeper_arm(s, false));
		leat_sleeper_wait(s, false);
		assert_int_equal(leat_sleeper_naps(s), i);
	}
	close(fd);
	assert_int_equal(leat_sleeper_watch(s, fd), -EBADF);
	leat_sleeper_destroy(s);
}

/* Rung while it was awake: that is no reason not to sleep. */
static void old_bells_are_forgotten(void **state)
{
	struct leat_sleeper *s;
	int fd = eventfd(0, EFD_CLOEXEC);
	const uint64_t one = 1;

	assert_int_equal(leat_sleeper_create(*state, 0, &s), 0);
	leat_sleeper_wake(s);
	assert_true(leat_sleeper_arm(s, false));
	leat_sleeper_wake(s);		/* this one wakes it */
	leat_sleeper_wait(s, false);
	assert_int_equal(leat_sleeper_naps(s), 1);
	assert_int_equal(leat_sleeper_watch(s, fd), 0);
	assert_true(leat_sleeper_arm(s, false));
	assert_int_equal(write(fd, &one, sizeof(one)), sizeof(one));
	leat_sleeper_wait(s, false);
	assert_int_equal(leat_sleeper_naps(s), 2);
	leat_sleeper_destroy(s);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(hears_the_bell, setup, teardown),
		cmocka_unit_test_setup_teardown(hears_the_bell_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(work_keeps_it_awake, setup, teardown),
		cmocka_unit_test_setup_teardown(wakes_by_a_descriptor, setup, teardown),
		cmocka_unit_test_setup_teardown(old_bells_are_forgotten, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
