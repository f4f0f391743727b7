// SPDX-License-Identifier: BSD-3-Clause
/*
 * abi.c - bus/vfio/abi.h says what the system's <linux/vfio.h> says.
 */
#include "abi_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void ours_is_the_systems(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; abi_ours[i].name; i++) {
		assert_string_equal(abi_ours[i].name, abi_systems[i].name);
		if (abi_ours[i].value != abi_systems[i].value)
			fail_msg("%s: %llu here, %llu in <linux/vfio.h>", abi_ours[i].name,
				 abi_ours[i].value, abi_systems[i].value);
	}
	assert_null(abi_systems[i].name);
	assert_true(i > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ours_is_the_systems),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
