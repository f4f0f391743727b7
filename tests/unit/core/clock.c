// SPDX-License-Identifier: BSD-3-Clause
/*
 * clock.c - the counter runs, and its rate is a CPU's.
 */
#include <leat/clock.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void time_runs_forward(void **state)
{
	uint64_t ns = leat_now_ns(), cycles = leat_cycles();

	(void)state;
	while (leat_now_ns() == ns)
		;
	assert_true(leat_now_ns() > ns);
	assert_true(leat_cycles() > cycles);
}

static void rate_is_plausible(void **state)
{
	uint64_t hz = leat_cycles_hz();

	(void)state;
	assert_in_range(hz, UINT64_C(1000000), UINT64_C(20000000000));
	/* Told or measured, two answers agree within a percent. */
	assert_in_range(leat_cycles_hz(), hz - hz / 100, hz + hz / 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_runs_forward),
		cmocka_unit_test(rate_is_plausible),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
