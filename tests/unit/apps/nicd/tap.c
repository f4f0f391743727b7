// SPDX-License-Identifier: BSD-3-Clause
/*
 * tap.c - names that no interface can have. Real taps need root: tests/e2e.
 */
#include "fake.h"

#include <string.h>

static void impossible_names(void **state)
{
	static const char *const bad[] = { "", "sixteen-letters.", "a/b", "a b", "tap%d" };

	(void)state;
	fake_reset();
	for (size_t i = 0; i < LEAT_ARRAY_LEN(bad); i++) {
		struct leat_wire *w;
		char name[32];
		struct wire_spec s = { .kind = &wire_tap, .arg = name };

		strcpy(name, bad[i]);
		assert_true(wire_tap.open(&s, NULL, &w) < 0);
		fake_assert_said("an interface's name");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(impossible_names) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
