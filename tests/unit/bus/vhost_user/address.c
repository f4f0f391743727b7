// SPDX-License-Identifier: BSD-3-Clause
/*
 * address.c - PATH[,server] to its parts.
 */
#include "bus/vhost_user/state.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void parts(void **state)
{
	static const struct {
		const char	*text, *path;
		bool		server;
	} cases[] = {
		{ "/run/a", "/run/a", false }, { "/run/a,server", "/run/a", true },
		{ "a,server=on", "a", true }, { "a,server=off", "a", false },
		{ "a,client", "a,client", false }, { "a,b,server", "a,b", true }, { "a,b", "a,b", false },
		{ "a,servers", "a,servers", false },
	};
	struct vhost_address at;
	const char *why;

	(void)state;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(cases); i++) {
		assert_int_equal(leat_vhost_parse(cases[i].text, &at, &why), 0);
		assert_string_equal(at.path, cases[i].path);
		assert_int_equal(at.server, cases[i].server);
		assert_null(why);
	}
}

static void options(void **state)
{
	const uint8_t mac[6] = { 0x52, 0x54, 0, 0x12, 0xab, 0xff };
	struct vhost_address at;
	const char *why;

	(void)state;
	assert_int_equal(leat_vhost_parse("a,packed=off,server,in_order=off,mac=52:54:00:12:ab:FF", &at,
					  &why), 0);
	assert_string_equal(at.path, "a");
	assert_true(at.server);
	assert_int_equal(at.masked, LEAT_BIT64(34) | LEAT_BIT64(35));
	assert_true(at.has_mac);
	assert_memory_equal(at.mac, mac, 6);
	assert_int_equal(leat_vhost_parse("a,mrg_rxbuf=on,event_idx,indirect_desc=off", &at, &why), 0);
	assert_int_equal(at.masked, LEAT_BIT64(28));
	assert_false(at.has_mac);

	/* What is no option is the path's. */
	assert_int_equal(leat_vhost_parse("a,packed=maybe", &at, &why), 0);
	assert_string_equal(at.path, "a,packed=maybe");
	assert_int_equal(leat_vhost_parse("a,mac=52:54:00:12:ab", &at, &why), 0);
	assert_string_equal(at.path, "a,mac=52:54:00:12:ab");
	assert_int_equal(leat_vhost_parse("a,mac=52:54:00:12:ab:ff:00", &at, &why), 0);
	assert_string_equal(at.path, "a,mac=52:54:00:12:ab:ff:00");
}

static void bounds(void **state)
{
	char text[LEAT_UNIX_PATH + 16];
	struct vhost_address at;
	const char *why;

	(void)state;
	memset(text, 'x', sizeof(text));
	strcpy(text + LEAT_UNIX_PATH - 1, ",server");
	assert_int_equal(leat_vhost_parse(text, &at, &why), 0);
	assert_int_equal(strlen(at.path), LEAT_UNIX_PATH - 1);
	memset(text, 'x', sizeof(text));
	text[LEAT_UNIX_PATH] = '\0';
	assert_int_equal(leat_vhost_parse(text, &at, &why), -EINVAL);
	assert_int_equal(leat_vhost_parse(",server", &at, &why), -EINVAL);
	assert_non_null(why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts),
		cmocka_unit_test(options),
		cmocka_unit_test(bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
