// SPDX-License-Identifier: BSD-3-Clause
/*
 * worker.c - threads where they should be, and standing still when told to.
 */
#include <leat/barrier.h>
#include <leat/ctx.h>
#include <leat/worker.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define CPUS 64

struct job {
	unsigned int	plain;		/* touched without atomics: TSan watches the handshake */
	unsigned int	rounds;		/* relaxed, for waiting */
	unsigned int	limit;		/* rounds before it returns by itself; 0: none */
	int		cpu;
	int		cpus;
	bool		signals;	/* one is not blocked */
	char		name[16];
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

static void poll_rounds(struct leat_worker *w, void *arg)
{
	struct job *j = arg;
	unsigned int n = 0;
	sigset_t blocked;
	cpu_set_t set;

	sched_getaffinity(0, sizeof(set), &set);
	j->cpus = CPU_COUNT(&set);
	j->cpu = sched_getcpu();
	pthread_getname_np(pthread_self(), j->name, sizeof(j->name));
	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	j->signals = !sigismember(&blocked, SIGINT) || !sigismember(&blocked, SIGTERM);
	while (!leat_worker_stopping(w) && !(j->limit && n == j->limit)) {
		j->plain++;
		leat_store_relaxed(&j->rounds, ++n);
		sched_yield();
	}
}

static void wait_rounds(struct job *j, unsigned int more)
{
	unsigned int from = leat_load_relaxed(&j->rounds);

	while (leat_load_relaxed(&j->rounds) - from < more)
		sched_yield();
}

static void runs_where_told(void **state)
{
	int cpus[CPUS];
	unsigned int n = leat_cpus_allowed(cpus, CPUS);

	assert_true(n > 0);
	for (unsigned int i = 0; i < n && i < CPUS; i++) {
		struct job job = { 0 };
		const struct leat_worker_config cfg = { .cpu = cpus[i], .run = poll_rounds,
							.arg = &job, .name = "fifteen letters" };
		struct leat_worker *w;

		assert_int_equal(leat_worker_start(*state, &cfg, &w), 0);
		wait_rounds(&job, 1);
		leat_worker_stop(w);
		assert_int_equal(job.cpu, cpus[i]);
		assert_int_equal(job.cpus, 1);
		assert_false(job.signals);
		assert_string_equal(job.name, "fifteen letters");
	}
}

static void runs_anywhere(void **state)
{
	struct job job = { .limit = 3 };
	const struct leat_worker_config cfg = { .cpu = -1, .run = poll_rounds, .arg = &job };
	struct leat_worker *w;

	assert_int_equal(leat_worker_start(*state, &cfg, &w), 0);
	leat_worker_pause(w);		/* returns although it may be over by itself */
	leat_worker_resume(w);
	leat_worker_stop(w);
	assert_int_equal(job.cpus, leat_cpus_allowed(NULL, 0));
	assert_string_equal(job.name, "leat");
	leat_worker_stop(NULL);
}

static void stands_still(void **state)
{
	struct job job = { 0 };
	const struct leat_worker_config cfg = { .cpu = -1, .run = poll_rounds, .arg = &job };
	struct leat_worker *w;

	assert_int_equal(leat_worker_start(*state, &cfg, &w), 0);
	for (int i = 0; i < 300; i++) {
		unsigned int seen;

		leat_worker_pause(w);
		seen = ++job.plain;	/* ours while it stands */
		sched_yield();
		assert_int_equal(job.plain, seen);
		leat_worker_resume(w);
		if (i % 3 == 0)
			wait_rounds(&job, 2);
	}
	assert_int_equal(job.plain - 300, (leat_worker_pause(w), job.rounds));
	leat_worker_stop(w);		/* while it is paused */
}

/* Asleep on its descriptor, it stands still and ends when told to. */
static void sleep_rounds(struct leat_worker *w, void *arg)
{
	struct pollfd fd = { .fd = leat_worker_fd(w), .events = POLLIN };
	struct job *j = arg;

	while (!leat_worker_stopping(w)) {
		j->plain++;
		leat_store_relaxed(&j->rounds, j->rounds + 1);
		poll(&fd, 1, -1);
	}
}

static void wakes_to_stand_still(void **state)
{
	struct job job = { 0 };
	const struct leat_worker_config cfg = { .cpu = -1, .run = sleep_rounds, .arg = &job };
	struct leat_worker *w;

	assert_int_equal(leat_worker_start(*state, &cfg, &w), 0);
	for (int i = 0; i < 300; i++) {
		unsigned int seen;

		leat_worker_pause(w);
		job.plain++;
		seen = job.rounds;
		leat_worker_resume(w);
		while (i % 2 && leat_load_relaxed(&job.rounds) == seen)
			sched_yield();		/* until it is about to sleep */
	}
	leat_worker_stop(w);
}

static void says_why_not(void **state)
{
	struct job job = { 0 };
	struct leat_worker_config cfg = { .cpu = 1 << 20, .run = poll_rounds, .arg = &job };
	struct leat_worker *w = NULL;

	assert_int_equal(leat_worker_start(*state, &cfg, &w), -EINVAL);
	assert_non_null(strstr(leat_ctx_error(*state), "CPU 1048576"));
	cfg = (struct leat_worker_config){ .cpu = -1, .run = poll_rounds, .name = "sixteen letters." };
	assert_int_equal(leat_worker_start(*state, &cfg, &w), -EINVAL);
	assert_non_null(strstr(leat_ctx_error(*state), "sixteen letters."));
	assert_null(w);
}

static void parses_lists(void **state)
{
	char why[LEAT_ERROR_LEN], text[64];
	int cpus[CPUS], out[CPUS];
	unsigned int n = leat_cpus_allowed(cpus, CPUS);

	(void)state;
	snprintf(text, sizeof(text), "%d,%d-%d", cpus[0], cpus[n - 1], cpus[n - 1]);
	assert_int_equal(leat_cpus_parse(text, out, 2, why), 2);
	assert_int_equal(out[0], cpus[0]);
	assert_int_equal(out[1], cpus[n - 1]);
	assert_int_equal(leat_cpus_parse(text, out, 1, why), -EINVAL);
	assert_non_null(strstr(why, "more than the 1"));
}

static void refuses_bad_lists(void **state)
{
	static const char *const bad[] = { "", ",", "1,", ",1", "a", "0x1", "-1", "1-", "3-1", " 0",
					   "0 ", "0--1", "+0", "0,,0", "99999999999999999999",
					   "0-99999999999999999999", "65536" };
	char why[LEAT_ERROR_LEN];
	int out[CPUS];

	(void)state;
	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(bad); i++) {
		why[0] = '\0';
		assert_int_equal(leat_cpus_parse(bad[i], out, CPUS, why), -EINVAL);
		assert_non_null(strstr(why, bad[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(runs_where_told, setup, teardown),
		cmocka_unit_test_setup_teardown(runs_anywhere, setup, teardown),
		cmocka_unit_test_setup_teardown(stands_still, setup, teardown),
		cmocka_unit_test_setup_teardown(wakes_to_stand_still, setup, teardown),
		cmocka_unit_test_setup_teardown(says_why_not, setup, teardown),
		cmocka_unit_test(parses_lists),
		cmocka_unit_test(refuses_bad_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
