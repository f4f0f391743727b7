// SPDX-License-Identifier: BSD-3-Clause
/*
 * chain.c - lists of capabilities, well made and not.
 */
#include "bus/vfio/chain.h"

#include "bus/vfio/abi.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define HEAD sizeof(struct vfio_info_cap_header)

static void put(char *buf, size_t at, uint16_t id, uint32_t next)
{
	struct vfio_info_cap_header head = { .id = id, .version = 1, .next = next };

	memcpy(buf + at, &head, sizeof(head));
}

static void finds_what_is_there(void **state)
{
	char buf[64] = { 0 };

	(void)state;
	put(buf, 32, 2, 8);		/* they need not ascend */
	put(buf, 8, 3, 51);		/* nor be aligned */
	put(buf, 51, 1, 0);
	assert_int_equal(leat_vfio_chain_find(buf, 64, 32, 2), 32);
	assert_int_equal(leat_vfio_chain_find(buf, 64, 32, 3), 8);
	assert_int_equal(leat_vfio_chain_find(buf, 64, 32, 1), 51);
	assert_int_equal(leat_vfio_chain_find(buf, 64, 32, 4), 0);
	assert_int_equal(leat_vfio_chain_find(buf, 64, 51, 2), 0);
	assert_int_equal(leat_vfio_chain_find(buf, 64, 0, 2), 0);
	assert_int_equal(leat_vfio_chain_find(NULL, 0, 0, 2), 0);
}

static void refuses_to_leave(void **state)
{
	char *buf = malloc(64);		/* exactly: a sanitizer sees a byte too far */

	(void)state;
	assert_non_null(buf);
	memset(buf, 0, 64);
	put(buf, 64 - HEAD, 1, 0);
	assert_int_equal(leat_vfio_chain_find(buf, 64, 64 - HEAD, 1), 64 - HEAD);
	for (uint32_t at = 64 - HEAD + 1; at < 80; at++)
		assert_int_equal(leat_vfio_chain_find(buf, 64, at, 1), -EPROTO);
	assert_int_equal(leat_vfio_chain_find(buf, 64, UINT32_MAX, 1), -EPROTO);
	assert_int_equal(leat_vfio_chain_find(buf, 64, UINT32_C(1) << 31, 1), -EPROTO);
	assert_int_equal(leat_vfio_chain_find(buf, HEAD - 1, 1, 1), -EPROTO);
	put(buf, 16, 2, 60);
	assert_int_equal(leat_vfio_chain_find(buf, 64, 16, 2), 16);
	assert_int_equal(leat_vfio_chain_find(buf, 64, 16, 1), -EPROTO);
	free(buf);
}

static void refuses_to_run_round(void **state)
{
	char buf[64] = { 0 };

	(void)state;
	put(buf, 16, 2, 16);
	assert_int_equal(leat_vfio_chain_find(buf, 64, 16, 1), -EPROTO);
	put(buf, 16, 2, 40);
	put(buf, 40, 3, 16);
	assert_int_equal(leat_vfio_chain_find(buf, 64, 16, 3), 40);
	assert_int_equal(leat_vfio_chain_find(buf, 64, 16, 1), -EPROTO);
}

/* Whatever the bytes are, the answer is one of the three, and within the buffer. */
static void survives_noise(void **state)
{
	uint32_t seed = 12345;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		size_t len = (size_t)round % 97;
		char *buf = malloc(len + 1);
		int at;

		assert_non_null(buf);
		for (size_t i = 0; i < len; i++) {
			seed = seed * 1664525 + 1013904223;
			/* small numbers are offsets that lead somewhere */
			buf[i] = (char)(seed >> 24 & (seed >> 16 & 1 ? 0x3f : 0));
		}
		at = leat_vfio_chain_find(buf, len, (uint32_t)(seed >> 20) % 97, 1);
		assert_true(at == -EPROTO || (at >= 0 && (!at || (size_t)at + HEAD <= len)));
		free(buf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_is_there),
		cmocka_unit_test(refuses_to_leave),
		cmocka_unit_test(refuses_to_run_round),
		cmocka_unit_test(survives_noise),
	};

	return cmocka_run_group_tests_name("bus/vfio/chain", tests, NULL, NULL);
}
