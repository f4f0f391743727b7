// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_frame.c - the headers of frames, and what the models compute over them.
 */
#include "drivers/intel/model_frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Ethernet, IPv4, TCP with four bytes of data; sums filled in by hand (RFC 1071). */
static const uint8_t tcp4[] = {
	0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2, 0x08, 0x00,
	0x45, 0, 0, 44, 0x12, 0x34, 0x40, 0, 64, 6, 0x14, 0x96, 10, 0, 0, 1, 10, 0, 0, 2,
	0x04, 0x00, 0x00, 0x50, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 0x19, 0x01, 0x00, 0xc8, 0x9a, 0, 0,
	'l', 'e', 'a', 't',
};

/* The same with the published key's first vector: 66.9.149.187:2794 to 161.142.100.80:1766. */
static const uint8_t vector4[] = { 66, 9, 149, 187, 161, 142, 100, 80 };
static const uint8_t vector_ports[] = { 2794 >> 8, 2794 & 255, 1766 >> 8, 1766 & 255 };
static const uint8_t key[LEAT_RSS_KEY_LEN] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67,
	0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb,
	0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30,
	0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

static void test_parse(void **state)
{
	struct intel_frame f;
	uint8_t p[64];

	(void)state;
	leat_intel_frame_parse(tcp4, sizeof(tcp4), &f);
	assert_int_equal(f.is, INTEL_IS_IPV4 | INTEL_IS_TCP);
	assert_int_equal(f.l3, 14);
	assert_int_equal(f.l4, 34);
	assert_int_equal(f.end, sizeof(tcp4));
	assert_int_equal(f.ethertype, 0x0800);
	assert_false(f.tagged);

	/* Padding behind the packet is not the packet. */
	memset(p, 0xff, sizeof(p));
	memcpy(p, tcp4, sizeof(tcp4));
	leat_intel_frame_parse(p, sizeof(p), &f);
	assert_int_equal(f.end, sizeof(tcp4));

	p[20] = 0x20;		/* more fragments */
	leat_intel_frame_parse(p, sizeof(p), &f);
	assert_int_equal(f.is, INTEL_IS_IPV4 | INTEL_IS_FRAGMENT);
	assert_int_equal(f.l4, 0);

	p[20] = 0;
	p[17] = 200;		/* longer than the frame */
	leat_intel_frame_parse(p, sizeof(p), &f);
	assert_int_equal(f.is, 0);
	assert_int_equal(f.l3, 0);
}

/* Cut anywhere, nothing outside is touched: the copy is as long as the frame. */
static void test_parse_cut(void **state)
{
	(void)state;
	for (uint32_t len = 0; len < sizeof(tcp4); len++) {
		uint8_t *p = malloc(len + 1);
		struct intel_frame f;

		memcpy(p, tcp4, len);
		leat_intel_frame_parse(p, len, &f);
		assert_int_equal(f.is, 0);
		free(p);
	}
}

static void test_parse_ipv6(void **state)
{
	uint8_t p[14 + 40 + 8 + 8] = { [12] = 0x86, [13] = 0xdd, [14] = 0x60, [19] = 16, [20] = 0 };
	struct intel_frame f;

	(void)state;
	p[54] = 17;		/* behind eight bytes of options: UDP */
	leat_intel_frame_parse(p, sizeof(p), &f);
	assert_int_equal(f.is, INTEL_IS_IPV6 | INTEL_IS_OPTIONS | INTEL_IS_UDP);
	assert_int_equal(f.l4, 62);

	p[55] = 200;		/* options longer than the packet */
	leat_intel_frame_parse(p, sizeof(p), &f);
	assert_int_equal(f.is, INTEL_IS_IPV6 | INTEL_IS_OPTIONS);

	p[20] = 44;
	leat_intel_frame_parse(p, sizeof(p), &f);
	assert_int_equal(f.is, INTEL_IS_IPV6 | INTEL_IS_OPTIONS | INTEL_IS_FRAGMENT);
}

static void test_sums(void **state)
{
	uint8_t p[sizeof(tcp4)];
	struct intel_frame f;

	(void)state;
	memcpy(p, tcp4, sizeof(p));
	leat_intel_frame_parse(p, sizeof(p), &f);
	assert_int_equal(leat_intel_check_ip(p, &f), INTEL_RIGHT);
	assert_int_equal(leat_intel_check_l4(p, &f), INTEL_RIGHT);
	p[22]--;		/* one hop on, without telling the sum */
	assert_int_equal(leat_intel_check_ip(p, &f), INTEL_WRONG);
	assert_int_equal(leat_intel_check_l4(p, &f), INTEL_RIGHT);
	p[56] ^= 1;
	assert_int_equal(leat_intel_check_l4(p, &f), INTEL_WRONG);

	p[23] = 17;
	p[40] = p[41] = 0;	/* UDP without a sum */
	leat_intel_frame_parse(p, sizeof(p), &f);
	assert_int_equal(f.is, INTEL_IS_IPV4 | INTEL_IS_UDP);
	assert_int_equal(leat_intel_check_l4(p, &f), INTEL_UNCHECKED);
}

static void test_sctp(void **state)
{
	uint8_t p[14 + 20 + 12 + 4];
	struct intel_offload o = { .l3 = 14, .l4 = 34, .ipv4 = true, .l4_sum = true,
				   .l4_is = INTEL_IS_SCTP };
	struct intel_frame f;

	(void)state;
	assert_int_equal(leat_intel_crc32c((const uint8_t *)"123456789", 9), 0xe3069283);
	assert_int_equal(leat_intel_crc32((const uint8_t *)"123456789", 9), 0xcbf43926);
	memcpy(p, tcp4, 34);
	memset(p + 34, 0x5a, sizeof(p) - 34);
	p[17] = sizeof(p) - 14;
	p[23] = 132;
	assert_true(leat_intel_offload_fits(&o, sizeof(p)));
	leat_intel_offload_sums(p, sizeof(p), &o);
	leat_intel_frame_parse(p, sizeof(p), &f);
	assert_int_equal(f.is, INTEL_IS_IPV4 | INTEL_IS_SCTP);
	assert_int_equal(leat_intel_check_l4(p, &f), INTEL_RIGHT);
	p[49] ^= 0x80;
	assert_int_equal(leat_intel_check_l4(p, &f), INTEL_WRONG);
}

static void test_hash(void **state)
{
	uint8_t p[sizeof(tcp4)];
	struct intel_frame f;

	(void)state;
	memcpy(p, tcp4, sizeof(p));
	memcpy(p + 26, vector4, 8);
	memcpy(p + 34, vector_ports, 4);
	leat_intel_frame_parse(p, sizeof(p), &f);
	assert_int_equal(leat_intel_frame_hash(p, &f, true, key), 0x51ccc178);
	assert_int_equal(leat_intel_frame_hash(p, &f, false, key), 0x323e8fc2);
}

/* Checksums of frames, inserted, are those that stand there. */
static void test_insert(void **state)
{
	struct intel_offload o = { .l3 = 14, .l4 = 34, .ipv4 = true, .ip_sum = true, .l4_sum = true,
				   .l4_is = INTEL_IS_TCP };
	uint8_t p[sizeof(tcp4)];

	(void)state;
	memcpy(p, tcp4, sizeof(p));
	p[24] = 0xde;
	p[25] = 0xad;
	p[50] = 0x14;		/* 10.0.0.1 + 10.0.0.2 + 6 + 24 bytes */
	p[51] = 0x21;
	leat_intel_offload_sums(p, sizeof(p), &o);
	assert_memory_equal(p, tcp4, sizeof(p));

	for (uint32_t len = 0; len < 54; len++)
		assert_false(leat_intel_offload_fits(&o, len));
	assert_true(leat_intel_offload_fits(&o, 54));
}

static void test_segments(void **state)
{
	struct intel_offload o = { .l3 = 14, .l4 = 34, .header = 54, .mss = 100, .ipv4 = true,
				   .ip_sum = true, .l4_sum = true, .l4_is = INTEL_IS_TCP };
	uint8_t p[54 + 250], out[54 + 100];
	struct intel_frame f;

	(void)state;
	memcpy(p, tcp4, 54);
	p[50] = 0x14;		/* the pseudo header without length */
	p[51] = 0x09;
	p[47] |= 0x80;		/* CWR */
	for (uint32_t i = 54; i < sizeof(p); i++)
		p[i] = (uint8_t)(i * 7);
	assert_true(leat_intel_offload_fits(&o, sizeof(p)));
	assert_int_equal(leat_intel_segments(&o, sizeof(p)), 3);
	for (uint32_t i = 0; i < 3; i++) {
		uint32_t len = leat_intel_segment(p, sizeof(p), &o, i, out);

		assert_int_equal(len, i < 2 ? 154 : 104);
		leat_intel_frame_parse(out, len, &f);
		assert_int_equal(f.end, len);
		assert_int_equal(leat_intel_check_ip(out, &f), INTEL_RIGHT);
		assert_int_equal(leat_intel_check_l4(out, &f), INTEL_RIGHT);
		assert_int_equal(out[19], 0x34 + i);
		assert_int_equal(out[41], 1 + 100 * i);
		assert_int_equal(out[47], (i == 2 ? 0x19 : 0x10) | (i ? 0 : 0x80));
		assert_memory_equal(out + 54, p + 54 + 100 * i, len - 54);
	}
}

static void test_tags(void **state)
{
	uint8_t room[4 + sizeof(tcp4)], *p;
	struct intel_frame f;

	(void)state;
	memcpy(room + 4, tcp4, sizeof(tcp4));
	p = leat_intel_tag_put(room + 4, 0x8100, 0x2005);
	assert_ptr_equal(p, room);
	leat_intel_frame_parse(p, sizeof(room), &f);
	assert_true(f.tagged);
	assert_int_equal(f.tag, 0x2005);
	assert_int_equal(f.is, INTEL_IS_IPV4 | INTEL_IS_TCP);
	assert_int_equal(f.l4, 38);
	p = leat_intel_tag_take(p);
	assert_memory_equal(p, tcp4, sizeof(tcp4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_cut),
		cmocka_unit_test(test_parse_ipv6),
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_sctp),
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_insert),
		cmocka_unit_test(test_segments),
		cmocka_unit_test(test_tags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
