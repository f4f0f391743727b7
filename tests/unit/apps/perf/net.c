// SPDX-License-Identifier: BSD-3-Clause
/*
 * net.c - frames taken apart, and sums.
 */
#include "apps/perf/net.h"

#include "frames.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void finds_layers(void **state)
{
	static const struct {
		int	version, vlan;
		uint8_t	proto;
		uint16_t type;
	} cases[] = {
		{ 4, 0, PROTO_UDP, TYPE_IP4 }, { 4, 1, PROTO_TCP, TYPE_IP4 }, { 6, 0, PROTO_TCP, TYPE_IP6 },
		{ 6, 1, PROTO_SCTP, TYPE_IP6 }, { 4, 0, PROTO_ICMP, TYPE_IP4 },
	};
	uint8_t frame[200];
	struct layers l;

	(void)state;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(cases); i++) {
		size_t len = frame_make(frame, cases[i].version, cases[i].proto, cases[i].vlan, 30);

		assert_true(net_parse(frame, (uint32_t)len, (uint32_t)len + 4, &l));	/* padded */
		assert_int_equal(l.type, cases[i].type);
		assert_int_equal(l.l3, frame_l3(cases[i].vlan));
		assert_int_equal(l.l4, frame_l4(cases[i].version, cases[i].vlan));
		assert_int_equal(l.end, len);
		assert_int_equal(l.proto, cases[i].proto);
		assert_false(l.fragment);
	}
	assert_true(net_parse(frame, (uint32_t)frame_make(frame, 0, 17, 0, 4), 60, &l));
	assert_true(l.l4 == 0 && l.type == 0x88b5 && l.end == 60);
}

static void knows_fragments(void **state)
{
	uint8_t frame[100];
	uint32_t len = (uint32_t)frame_make(frame, 4, PROTO_UDP, 0, 30);
	struct layers l;

	(void)state;
	frame[14 + IP4_FRAG] = 0x40;		/* "don't" is none */
	assert_true(net_parse(frame, len, len, &l) && !l.fragment && l.l4);
	frame[14 + IP4_FRAG] = 0x20;		/* the first: has the header */
	assert_true(net_parse(frame, len, len, &l) && l.fragment && l.l4);
	frame[14 + IP4_FRAG + 1] = 1;		/* another: has none */
	assert_true(net_parse(frame, len, len, &l) && l.fragment && !l.l4);
}

/* A frame of @len bytes in memory that ends there: a read beyond is an error to ASan. */
static bool parse_exactly(const uint8_t *frame, uint32_t len, uint32_t total, struct layers *l)
{
	uint8_t *copy = malloc(len ? len : 1);
	bool good;

	assert_non_null(copy);
	memcpy(copy, frame, len);
	good = net_parse(copy, len, total, l);
	free(copy);
	return good;
}

/* However short: refused, or with all of its headers there. */
static void believes_no_length(void **state)
{
	uint8_t frame[200];
	struct layers l;

	(void)state;
	for (int version = 4; version <= 6; version += 2) {
		for (int vlan = 0; vlan < 2; vlan++) {
			uint32_t len = (uint32_t)frame_make(frame, version, PROTO_TCP, vlan, 10);

			for (uint32_t cut = 0; cut < len; cut++) {
				assert_false(parse_exactly(frame, cut, cut, &l));
				assert_int_equal(parse_exactly(frame, cut, len, &l),
						 cut >= frame_l4(version, vlan));
			}
		}
	}
	frame_make(frame, 4, PROTO_TCP, 0, 10);
	frame[14] = 0x4f;				/* options up to 60 bytes: not there */
	assert_false(parse_exactly(frame, 64, 64, &l));
	frame[14] = 0x44;				/* a header shorter than the least */
	assert_false(parse_exactly(frame, 64, 64, &l));
	frame[14] = 0x65;				/* version 6 in IPv4's type */
	assert_false(parse_exactly(frame, 64, 64, &l));
	frame_make(frame, 4, PROTO_TCP, 0, 10);
	net_put16(frame + 14 + IP4_TOTAL, 19);		/* less than its header */
	assert_false(parse_exactly(frame, 64, 64, &l));
	net_put16(frame + 14 + IP4_TOTAL, 51);		/* a byte more than there is */
	assert_false(parse_exactly(frame, 64, 64, &l));
}

static void sums(void **state)
{
	static const uint8_t rfc1071[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };
	uint8_t frame[100];
	struct layers l;
	uint32_t len = (uint32_t)frame_make(frame, 4, PROTO_UDP, 0, 0);

	(void)state;
	assert_int_equal(net_fold(net_sum(rfc1071, 8, 0)), 0xddf2);	/* its section 3 */
	assert_int_equal(net_fold(net_sum(rfc1071, 7, 0)), 0xdcfb);
	assert_int_equal(net_fold(0x1ffff), 1);
	assert_true(net_parse(frame, len, len, &l));
	assert_int_equal(net_pseudo(frame, &l, 8), (0x0a00 + 1) + (0x0a00 + 2) + 17 + 8);
}

static void swaps_addresses(void **state)
{
	uint8_t frame[16] = { 1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16, 99, 98 };
	static const uint8_t want[16] = { 11, 12, 13, 14, 15, 16, 1, 2, 3, 4, 5, 6, 99, 98 };

	(void)state;
	net_swap_macs(frame);
	assert_memory_equal(frame, want, sizeof(want));
	net_swap(frame, frame + 6, 6);
	assert_int_equal(frame[0], 1);
	assert_int_equal(frame[11], 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_layers),
		cmocka_unit_test(knows_fragments),
		cmocka_unit_test(believes_no_length),
		cmocka_unit_test(sums),
		cmocka_unit_test(swaps_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
