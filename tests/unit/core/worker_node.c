// SPDX-License-Identifier: BSD-3-Clause
/*
 * Workers near what they poll, on nodes that are made up: the first CPU of this
 * process is node 0, the others are node 1, and node 2 has memory only.
 */
#include <leat/ctx.h>
#include <leat/worker.h>

#include "core/worker/cpus.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define CPUS 256

static int cpus[CPUS];
static unsigned int ncpus;
static unsigned int warnings;
static char warning[LEAT_ERROR_LEN];

int __wrap_leat_node_cpulist(int node, char *text, size_t size);

int __wrap_leat_node_cpulist(int node, char *text, size_t size)
{
	switch (node) {
	case 0:		/* and one that is not ours */
		snprintf(text, size, "%d,60000-60001\n", cpus[0]);
		return 0;
	case 1:
		snprintf(text, size, ncpus > 1 ? "%d-%d\n" : "\n", cpus[0] + 1, cpus[0] + 8000);
		return 0;
	case 2:
		snprintf(text, size, "\n");
		return 0;
	default:
		return -ENOENT;
	}
}

static void listen(void *arg, enum leat_log_level level, const char *message)
{
	(void)arg;
	if (level != LEAT_LOG_WARNING)
		return;
	warnings++;
	snprintf(warning, sizeof(warning), "%s", message);
}

static int setup(void **state)
{
	struct leat_ctx_config cfg = { .log = listen, .log_level = LEAT_LOG_WARNING };

	ncpus = leat_cpus_allowed(cpus, CPUS);
	warnings = 0;
	return leat_ctx_open(&cfg, (struct leat_ctx **)state);
}

static int teardown(void **state)
{
	leat_ctx_close(*state);
	return 0;
}

static void look(struct leat_worker *w, void *arg)
{
	(void)w;
	sched_getaffinity(0, sizeof(cpu_set_t), arg);
}

/* Where a worker with that configuration may run. */
static cpu_set_t place(struct leat_ctx *ctx, int cpu, unsigned int node)
{
	struct leat_worker *w;
	cpu_set_t set;

	CPU_ZERO(&set);
	assert_int_equal(leat_worker_start(ctx, &(struct leat_worker_config){
		.cpu = cpu, .node = node, .run = look, .arg = &set }, &w), 0);
	leat_worker_stop(w);
	return set;
}

static void lists_the_cpus_of_a_node(void **state)
{
	int near[CPUS];

	(void)state;
	assert_int_equal(leat_cpus_near(0, near, CPUS), 1);
	assert_int_equal(near[0], cpus[0]);
	assert_int_equal(leat_cpus_near(1, near, CPUS), ncpus - 1);
	for (unsigned int i = 1; i < ncpus; i++)
		assert_int_equal(near[i - 1], cpus[i]);
	assert_int_equal(leat_cpus_near(0, NULL, 0), 1);
	assert_int_equal(leat_cpus_near(2, near, CPUS), 0);
	assert_int_equal(leat_cpus_near(3, near, CPUS), 0);
	assert_int_equal(leat_cpus_near(-1, near, CPUS), 0);
}

static void goes_to_the_node(void **state)
{
	cpu_set_t set = place(*state, -1, LEAT_NODE(0));

	assert_int_equal(CPU_COUNT(&set), 1);
	assert_true(CPU_ISSET(cpus[0], &set));
	set = place(*state, cpus[0], LEAT_NODE(0));
	assert_true(CPU_ISSET(cpus[0], &set));
	assert_int_equal(warnings, 0);
}

static void one_warning_for_a_distant_cpu(void **state)
{
	cpu_set_t set;

	for (unsigned int i = 0; i < 2; i++) {
		set = place(*state, cpus[0], LEAT_NODE(2));
		assert_true(CPU_ISSET(cpus[0], &set));
		assert_int_equal(CPU_COUNT(&set), 1);
	}
	assert_int_equal(warnings, 1);
	assert_non_null(strstr(warning, "node 2"));
	assert_non_null(strstr(warning, "none"));
}

static void a_named_cpu_stays(void **state)
{
	char list[16];
	cpu_set_t set;

	if (ncpus < 2) {
		print_message("one CPU only: none can be distant from the others\n");
		skip();
	}
	set = place(*state, cpus[1], LEAT_NODE(0));
	assert_true(CPU_ISSET(cpus[1], &set));
	assert_int_equal(warnings, 1);
	snprintf(list, sizeof(list), "process: %d;", cpus[0]);
	assert_non_null(strstr(warning, list));
}

static void nobody_knows_no_harm(void **state)
{
	cpu_set_t set = place(*state, -1, LEAT_NODE(7));

	assert_int_equal(CPU_COUNT(&set), ncpus);
	place(*state, -1, 0);
	assert_int_equal(warnings, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lists_the_cpus_of_a_node, setup, teardown),
		cmocka_unit_test_setup_teardown(goes_to_the_node, setup, teardown),
		cmocka_unit_test_setup_teardown(one_warning_for_a_distant_cpu, setup, teardown),
		cmocka_unit_test_setup_teardown(a_named_cpu_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(nobody_knows_no_harm, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
