// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_tx.c - frames from a driver of the 82574 to the wire: each shape of descriptor, what the
 * device adds to them, and wires that take little at a time.
 */
#include "model_rig.h"

#include "drivers/intel/model_frame.h"

#include <leat/bits.h>
#include <leat/driver/pci.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TX   2			/* the ring */
#define DATA (E1000E_TXD_DATA | INTEL_TXD_IFCS)
#define LAST (INTEL_TXD_EOP | INTEL_TXD_RS)

static uint64_t buf(unsigned int i)
{
	return RIG_IOVA + RIG_BUFS + i * 0x4000ull;
}

static void put(struct rig *r, uint64_t iova, uint32_t cmd, uint32_t options)
{
	rig_put(r, TX, iova, (uint64_t)options << 32 | cmd);
}

static bool is_done(struct rig *r, uint32_t at)
{
	return LEAT_SWAP64(rig_desc(r, TX, at)[1]) >> 32 & INTEL_TXD_DONE;
}

static void context(struct rig *r, const struct e1000e_txc *c)
{
	uint64_t words[2];

	memcpy(words, c, sizeof(words));
	rig_put(r, TX, LEAT_SWAP64(words[0]), LEAT_SWAP64(words[1]));
}

static void expect(struct rig *r, unsigned int i, const void *frame, uint32_t len)
{
	assert_true(i < r->wire->n);
	assert_int_equal(r->wire->frame[i].len, len);
	assert_memory_equal(r->wire->frame[i].data, frame, len);
}

static void basic(bool by_message, uint32_t type)
{
	unsigned char f[4000];
	struct rig r;

	rig_open(&r, NULL);
	r.by_message = by_message;
	r.busy = by_message ? 4 : 0;
	rig_start(&r);
	for (unsigned int i = 0; i < 200; i++) {
		uint32_t len = 60 + i * 11;
		bool report = i % 3;

		rig_fill(f, len, i);
		memcpy(rig_at(&r, buf(i % RIG_SIZE)), f, len);
		put(&r, buf(i % RIG_SIZE), type | len | INTEL_TXD_EOP | (report ? INTEL_TXD_RS : 0), 0);
		rig_show(&r, TX);
		rig_run(&r);
		expect(&r, i, f, len);
		assert_int_equal(is_done(&r, i % RIG_SIZE), report);
		assert_int_equal(rig_get(&r, E1000E_TDH), (i + 1) % RIG_SIZE);
	}
	assert_int_equal(rig_get(&r, INTEL_GPTC), 200);
	assert_int_equal(r.mdev->stats.tx_frames, 200);
	assert_int_equal(r.mdev->stats.tx_dropped + r.errors, 0);
	rig_close(&r);
}

static void test_data(void **state)
{
	(void)state;
	basic(false, DATA);
}

static void test_legacy(void **state)
{
	(void)state;
	basic(false, INTEL_TXD_IFCS);
}

static void test_by_message(void **state)
{
	(void)state;
	basic(true, DATA);
}

/* In pieces, some of them empty; and not before the last one is there. */
static void test_pieces(void **state)
{
	static const uint32_t cut[] = { 1, 0, 13, 1000, 0, 486 };
	unsigned char f[1500];
	uint32_t off = 0;
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r);
	rig_fill(f, sizeof(f), 1);
	memcpy(rig_at(&r, buf(0)), f, sizeof(f));
	for (unsigned int i = 0; i < 6; i++) {
		put(&r, buf(0) + off, DATA | cut[i] | (i == 5 ? LAST : 0), 0);
		off += cut[i];
		rig_show(&r, TX);
		rig_run(&r);
		assert_int_equal(r.wire->n, i == 5);
		assert_int_equal(rig_get(&r, E1000E_TDH), i == 5 ? 6 : 0);
	}
	expect(&r, 0, f, sizeof(f));
	assert_false(is_done(&r, 0));
	assert_true(is_done(&r, 5));
	rig_close(&r);
}

static void test_short(void **state)
{
	unsigned char f[60] = { 0 };
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r);
	rig_fill(f, 20, 1);
	memcpy(rig_at(&r, buf(0)), f, 60);
	memset(rig_at(&r, buf(0)) + 20, 0xee, 40);
	put(&r, buf(0), DATA | 20 | LAST, 0);
	put(&r, buf(0), DATA | 13 | LAST, 0);		/* no frame at all */
	rig_show(&r, TX);
	rig_run(&r);
	assert_int_equal(r.wire->n, 1);
	expect(&r, 0, f, 60);
	assert_true(is_done(&r, 1));
	assert_int_equal(r.mdev->stats.tx_dropped, 1);
	rig_close(&r);
}

/* The wire takes one frame now and then; each comes once, in order, context and all. */
static void test_slow_wire(void **state)
{
	struct e1000e_txc c = { .l4_start = 34, .cmd = leat_cpu_to_le32(E1000E_TXC_DEXT) };
	unsigned char f[20][128];
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r);
	for (unsigned int i = 0; i < 20; i++) {
		uint32_t len = rig_ip(f[i], i & 1, 40, (uint8_t)i);
		uint32_t at = 34 + (i & 1 ? 6 : 16);
		unsigned char *p = rig_at(&r, buf(i));
		uint16_t s = leat_intel_sum(f[i] + 26, 8, f[i][23] + len - 34);

		memcpy(p, f[i], len);
		p[at] = (uint8_t)(s >> 8);
		p[at + 1] = (uint8_t)s;
		c.l4_sum = (uint8_t)at;
		c.cmd = leat_cpu_to_le32(E1000E_TXC_DEXT | (i & 1 ? 0 : E1000E_TXC_TCP));
		context(&r, &c);
		put(&r, buf(i), DATA | len | LAST, INTEL_TXD_TXSM);
	}
	r.wire->room = 0;
	rig_show(&r, TX);
	for (unsigned int i = 0; i < 20; i++) {
		uint32_t len = i & 1 ? 82 : 94;

		rig_run(&r);
		assert_int_equal(r.wire->n, i);
		r.wire->room = 1;
		rig_run(&r);
		expect(&r, i, f[i], len);
		assert_true(is_done(&r, 2 * i + 1));
		assert_int_equal(rig_get(&r, E1000E_TDH), 2 * i + 2);
	}
	rig_close(&r);
}

/* IP's and TCP's sums, by context and by the legacy command; one that points outside is not done. */
static void test_checksums(void **state)
{
	struct e1000e_txc c = {
		.ip_start = 14, .ip_sum = 24, .ip_end = leat_cpu_to_le16(33),
		.l4_start = 34, .l4_sum = 50, .cmd = leat_cpu_to_le32(E1000E_TXC_DEXT | E1000E_TXC_TCP),
	};
	unsigned char want[200], f[200];
	uint32_t len = rig_ip(want, false, 101, 1);
	uint16_t s = leat_intel_sum(want + 26, 8, 6 + 20 + 101);
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r);
	memcpy(f, want, len);
	f[24] = f[25] = 0;
	f[50] = (uint8_t)(s >> 8);
	f[51] = (uint8_t)s;
	memcpy(rig_at(&r, buf(0)), f, len);
	context(&r, &c);
	put(&r, buf(0), DATA | len | LAST, INTEL_TXD_IXSM | INTEL_TXD_TXSM);
	f[24] = want[24];
	f[25] = want[25];
	memcpy(rig_at(&r, buf(1)), f, len);
	put(&r, buf(1), len | LAST | INTEL_TXD_IFCS | LEAT_BIT(26) | 50u << 16, 34u << 8);
	put(&r, buf(1), len | LAST | INTEL_TXD_IFCS | LEAT_BIT(26) | 250u << 16, 34u << 8);
	rig_show(&r, TX);
	rig_run(&r);
	expect(&r, 0, want, len);
	expect(&r, 1, want, len);
	expect(&r, 2, f, len);
	assert_memory_equal(rig_at(&r, buf(1)), f, len);	/* the driver's copy is untouched */
	rig_close(&r);
}

static void test_vlan(void **state)
{
	unsigned char f[104];
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r);
	rig_fill(f, 100, 1);
	memcpy(rig_at(&r, buf(0)), f, 100);
	put(&r, buf(0), DATA | 100 | LAST | INTEL_TXD_VLE, 0x6123u << 16);
	rig_show(&r, TX);
	rig_run(&r);
	expect(&r, 0, f, 100);				/* not without CTRL.VME */
	rig_set(&r, INTEL_CTRL, rig_get(&r, INTEL_CTRL) | INTEL_CTRL_VME);
	put(&r, buf(0), DATA | 100 | LAST | INTEL_TXD_VLE, 0x6123u << 16);
	rig_show(&r, TX);
	rig_run(&r);
	memmove(f + 16, f + 12, 88);
	memcpy(f + 12, "\x81\x00\x61\x23", 4);
	expect(&r, 1, f, 104);
	rig_close(&r);
}

/* 100 segments, of which the wire takes seven at a time. */
static void test_segments(void **state)
{
	struct e1000e_txc c = {
		.ip_start = 14, .ip_sum = 24, .ip_end = leat_cpu_to_le16(33), .l4_start = 34, .l4_sum = 50,
		.hdr_len = 54, .mss = leat_cpu_to_le16(100),
		.cmd = leat_cpu_to_le32(E1000E_TXC_DEXT | E1000E_TXC_TCP | E1000E_TXC_IPV4 |
					E1000E_TXC_TSE | 9950),
	};
	unsigned char f[10100];
	uint32_t len = rig_ip(f, false, 9950, 1);
	uint16_t s = leat_intel_sum(f + 26, 8, 6);
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r);
	f[50] = (uint8_t)(s >> 8);
	f[51] = (uint8_t)s;
	memcpy(rig_at(&r, buf(0)), f, len);
	context(&r, &c);
	put(&r, buf(0), DATA | E1000E_TXD_TSE | 54, INTEL_TXD_IXSM | INTEL_TXD_TXSM);
	put(&r, buf(0) + 54, DATA | E1000E_TXD_TSE | 9950 | LAST, 0);
	rig_show(&r, TX);
	r.wire->room = 0;
	while (!is_done(&r, 2)) {
		assert_true(r.wire->n < 100);
		r.wire->room = 7;
		rig_run(&r);
	}
	assert_int_equal(r.wire->n, 100);
	for (unsigned int i = 0; i < 100; i++) {
		const struct rig_frame *seg = &r.wire->frame[i];
		struct intel_frame h;

		leat_intel_frame_parse(seg->data, seg->len, &h);
		assert_int_equal(seg->len, 54 + (i < 99 ? 100 : 50));
		assert_int_equal(leat_intel_check_ip(seg->data, &h), INTEL_RIGHT);
		assert_int_equal(leat_intel_check_l4(seg->data, &h), INTEL_RIGHT);
		assert_memory_equal(seg->data + 54, f + 54 + 100 * i, seg->len - 54);
	}
	assert_int_equal(rig_get(&r, INTEL_TSCTC), 1);
	rig_close(&r);
}

static void test_two_queues(void **state)
{
	unsigned char f[64];
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r);
	rig_ring(&r, 3, RIG_SIZE);
	rig_fill(f, 64, 1);
	memcpy(rig_at(&r, buf(0)), f, 64);
	rig_set(&r, E1000E_IVAR, E1000E_IVAR_TXQ(0, 1u) | E1000E_IVAR_TXQ(1, 4u));
	rig_set(&r, E1000E_IMS, E1000E_ICR_TXQ(0) | E1000E_ICR_TXQ(1));
	rig_put(&r, 3, buf(0), DATA | 64 | LAST);
	rig_show(&r, 3);
	rig_run(&r);
	expect(&r, 0, f, 64);
	assert_int_equal(r.raised[2][4], 1);
	assert_int_equal(r.raised[2][1], 0);
	assert_int_equal(rig_get(&r, E1000E_QUEUE(E1000E_TDH, 1)), 1);
	rig_close(&r);
}

/* No cable, no carrier: it waits. Looped inside: it comes back. */
static void test_link_and_loop(void **state)
{
	unsigned char f[64];
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r);
	rig_fill(f, 64, 1);
	memcpy(rig_at(&r, buf(0)), f, 64);
	put(&r, buf(0), DATA | 64 | LAST, 0);
	r.wire->up = false;
	rig_show(&r, TX);
	rig_run(&r);
	assert_int_equal(r.wire->n, 0);
	assert_false(is_done(&r, 0));
	rig_put(&r, 0, buf(40), 0);
	rig_show(&r, 0);
	rig_set(&r, INTEL_RCTL, rig_get(&r, INTEL_RCTL) | LEAT_PUT(INTEL_RCTL_LBM, 1u));
	rig_run(&r);
	assert_true(is_done(&r, 0));
	assert_int_equal(r.wire->n, 0);
	assert_int_equal(r.mdev->stats.rx_frames, 1);
	assert_memory_equal(rig_at(&r, buf(40)), f, 64);
	rig_close(&r);
}

/* A driver that begins anew writes the head; what it left behind is forgotten. */
static void test_new_ring(void **state)
{
	unsigned char f[64];
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r);
	rig_fill(f, 64, 1);
	memcpy(rig_at(&r, buf(0)), f, 64);
	for (unsigned int i = 0; i < 3; i++)
		put(&r, buf(0), DATA | 64 | LAST, 0);
	put(&r, buf(0), DATA | 64, 0);		/* half a packet */
	rig_show(&r, TX);
	rig_run(&r);
	assert_int_equal(r.wire->n, 3);
	rig_ring(&r, TX, RIG_SIZE);
	put(&r, buf(0), DATA | 64 | LAST, 0);
	rig_show(&r, TX);
	rig_run(&r);
	assert_int_equal(r.wire->n, 4);
	expect(&r, 3, f, 64);
	assert_int_equal(rig_get(&r, E1000E_TDH), 1);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_data),	    cmocka_unit_test(test_legacy),
		cmocka_unit_test(test_by_message),  cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_short),	    cmocka_unit_test(test_slow_wire),
		cmocka_unit_test(test_checksums),   cmocka_unit_test(test_vlan),
		cmocka_unit_test(test_segments),    cmocka_unit_test(test_two_queues),
		cmocka_unit_test(test_link_and_loop), cmocka_unit_test(test_new_ring),
	};

	return cmocka_run_group_tests_name("drivers/e1000e/model_tx", tests, NULL, NULL);
}
