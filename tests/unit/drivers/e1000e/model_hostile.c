// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_hostile.c - drivers that lie to the 82574 model. Nothing moves, one line says why, and
 * a reset mends it. Then registers and descriptors of noise, under the sanitizer.
 */
#include "model_rig.h"


#include <leat/bits.h>
#include <leat/driver/pci.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DATA (E1000E_TXD_DATA | INTEL_TXD_IFCS | INTEL_TXD_EOP | INTEL_TXD_RS)

static void good_frame(struct rig *r)
{
	rig_fill(rig_at(r, RIG_IOVA + RIG_BUFS), 64, 1);
	rig_put(r, 2, RIG_IOVA + RIG_BUFS, DATA | 64);
	rig_show(r, 2);
}

static void absurd_length(struct rig *r)
{
	rig_set(r, E1000E_TDLEN, 0xffffffff);
	good_frame(r);
}

static void odd_length(struct rig *r)
{
	rig_set(r, E1000E_TDLEN, 24);
	good_frame(r);
}

static void no_length(struct rig *r)
{
	rig_set(r, E1000E_TDLEN, 0);
	good_frame(r);
}

static void tail_outside(struct rig *r)
{
	rig_tail(r, 2, RIG_SIZE);
}

static void head_outside(struct rig *r)
{
	good_frame(r);
	rig_set(r, E1000E_TDH, 5000);
}

static void ring_nowhere(struct rig *r)
{
	rig_set(r, E1000E_TDBAH, 0xdead);
	good_frame(r);
}

static void ring_over_the_edge(struct rig *r)
{
	uint64_t edge = RIG_IOVA + RIG_MEM - 64;

	rig_set(r, E1000E_TDBAL, (uint32_t)edge);
	rig_set(r, E1000E_TDH, 4);
	rig_tail(r, 2, 5);
}

static void buffer_nowhere(struct rig *r)
{
	rig_put(r, 2, 0x1000, DATA | 64);
	rig_show(r, 2);
}

static void buffer_over_the_edge(struct rig *r)
{
	rig_put(r, 2, RIG_IOVA + RIG_MEM - 63, DATA | 64);
	rig_show(r, 2);
}

static void ring_wraps_addresses(struct rig *r)
{
	rig_set(r, E1000E_TDBAL, 0xffffff80);
	rig_set(r, E1000E_TDBAH, 0xffffffff);
	good_frame(r);
}

static void (*const lies[])(struct rig *r) = {
	absurd_length, odd_length, no_length, tail_outside, head_outside, ring_nowhere,
	ring_over_the_edge, buffer_nowhere, buffer_over_the_edge, ring_wraps_addresses,
};

/* One line, nothing sent, and well again after a reset. */
static void test_lies(void **state)
{
	(void)state;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(lies); i++) {
		struct rig r;

		rig_open(&r, NULL);
		rig_start(&r);
		lies[i](&r);
		for (unsigned int k = 0; k < 5; k++)
			rig_run(&r);
		if (r.wire->n || r.errors != 1)
			fail_msg("lie %zu: %u frames, %u lines: %s", i, r.wire->n, r.errors, r.line);
		rig_set(&r, INTEL_CTRL, INTEL_CTRL_RST);
		rig_set(&r, INTEL_CTRL, INTEL_CTRL_SLU);
		rig_start(&r);
		good_frame(&r);
		rig_run(&r);
		assert_int_equal(r.wire->n, 1);
		assert_int_equal(r.errors, 1);
		rig_close(&r);
	}
}

/* The frame stays with the wire, whatever is wrong with the place it should go to. */
static void test_no_place_to_receive(void **state)
{
	static const uint64_t bad[] = { 0, 0x1000, RIG_IOVA + RIG_MEM - 10, UINT64_MAX - 10 };
	unsigned char f[64];

	(void)state;
	rig_fill(f, sizeof(f), 1);
	for (size_t i = 0; i < LEAT_ARRAY_LEN(bad); i++) {
		struct rig r;

		rig_open(&r, NULL);
		rig_start(&r);
		rig_put(&r, 0, bad[i], 0);
		rig_show(&r, 0);
		for (unsigned int k = 0; k < 3; k++)
			assert_false(rig_deliver(&r, f, sizeof(f)));
		assert_int_equal(r.errors, 1);
		assert_int_equal(rig_get(&r, E1000E_RDH), 0);
		rig_close(&r);
	}
}

/* Memory goes away under a running ring, and comes back. */
static void test_unmapped(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r);
	good_frame(&r);
	leat_mdev_dma_clear(r.mdev);
	rig_run(&r);
	assert_int_equal(r.wire->n, 0);
	rig_map(&r);
	rig_run(&r);
	assert_int_equal(r.wire->n, 1);
	rig_close(&r);
}

/* Segmentation that makes no sense: dropped, reported as done. */
static void test_bad_segmentation(void **state)
{
	static const struct { uint8_t hdr_len, ip, l4; uint16_t mss; uint32_t len; } bad[] = {
		{ 54, 14, 34, 0, 1000 }, { 0, 14, 34, 100, 1000 }, { 54, 0, 34, 100, 1000 },
		{ 54, 14, 50, 100, 1000 }, { 54, 200, 34, 100, 1000 }, { 255, 14, 255, 100, 1000 },
		{ 54, 14, 34, 65535, 1000 }, { 54, 14, 34, 100, 54 }, { 54, 14, 34, 100, 0 },
	};

	(void)state;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(bad); i++) {
		struct e1000e_txc c = {
			.ip_start = bad[i].ip, .l4_start = bad[i].l4, .hdr_len = bad[i].hdr_len,
			.mss = leat_cpu_to_le16(bad[i].mss),
			.cmd = leat_cpu_to_le32(E1000E_TXC_DEXT | E1000E_TXC_TSE | E1000E_TXC_TCP |
						E1000E_TXC_IPV4),
		};
		uint64_t words[2];
		struct rig r;

		rig_open(&r, NULL);
		rig_start(&r);
		memcpy(words, &c, sizeof(c));
		rig_put(&r, 2, LEAT_SWAP64(words[0]), LEAT_SWAP64(words[1]));
		rig_put(&r, 2, RIG_IOVA + RIG_BUFS, DATA | E1000E_TXD_TSE | bad[i].len);
		rig_show(&r, 2);
		rig_run(&r);
		assert_int_equal(r.wire->n, 0);
		assert_int_equal(r.mdev->stats.tx_dropped, 1);
		assert_int_equal(rig_get(&r, E1000E_TDH), 2);
		good_frame(&r);
		rig_run(&r);
		assert_int_equal(r.wire->n, 1);
		rig_close(&r);
	}
}

/* A packet that is longer than anything, in a whole ring of the longest pieces. */
static void test_endless_packet(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r);
	for (unsigned int i = 0; i < RIG_SIZE - 2; i++)
		rig_put(&r, 2, RIG_IOVA, (DATA & ~INTEL_TXD_EOP) | 0xfffff);
	rig_show(&r, 2);
	rig_run(&r);
	assert_int_equal(rig_get(&r, E1000E_TDH), 0);
	rig_put(&r, 2, RIG_IOVA, DATA | 0xfffff);
	rig_show(&r, 2);
	rig_run(&r);
	assert_int_equal(r.wire->n, 0);
	assert_int_equal(r.mdev->stats.tx_dropped, 1);
	assert_int_equal(rig_get(&r, E1000E_TDH), RIG_SIZE - 1);
	rig_close(&r);
}

static uint64_t noise_address(struct rig *r)
{
	if (rig_random(r, 8))
		return RIG_IOVA + rig_random(r, RIG_MEM);
	return (uint64_t)rig_random(r, UINT32_MAX) << 32 | rig_random(r, UINT32_MAX);
}

static void noise(struct rig *r, bool by_message)
{
	static const uint32_t regs[] = {
		INTEL_RCTL, INTEL_TCTL, INTEL_RFCTL, INTEL_RXCSUM, INTEL_CTRL, INTEL_MRQC, INTEL_MDIC,
		E1000E_PSRCTL, E1000E_IVAR, E1000E_IMS, E1000E_EIAC, E1000E_ICS, INTEL_CTRL_EXT,
	};
	unsigned char f[2000] = { 0 };

	r->by_message = by_message;
	rig_start(r);
	rig_ring(r, 1, RIG_SIZE);
	rig_ring(r, 3, RIG_SIZE);
	for (unsigned int round = 0; round < 3000; round++) {
		unsigned int ring = rig_random(r, 4);

		for (unsigned int i = 0; i < 8; i++) {
			uint64_t *d = rig_desc(r, ring, rig_random(r, RIG_SIZE));

			d[0] = LEAT_SWAP64(noise_address(r));
			d[1] = (uint64_t)rig_random(r, UINT32_MAX) << 32 | rig_random(r, UINT32_MAX);
		}
		if (!rig_random(r, 4)) {
			uint32_t off = regs[rig_random(r, LEAT_ARRAY_LEN(regs))];

			rig_set(r, off, rig_random(r, UINT32_MAX) & ~INTEL_CTRL_RST);
		}
		if (!rig_random(r, 16))
			rig_start(r);
		rig_set(r, INTEL_RCTL, rig_get(r, INTEL_RCTL) | INTEL_RCTL_EN);
		rig_set(r, INTEL_TCTL, INTEL_TCTL_EN);
		rig_tail(r, ring, rig_random(r, RIG_SIZE + 1));
		for (unsigned int i = 0; i < 4; i++)
			leat_mdev_step(r->mdev);
		rig_deliver(r, f, rig_random(r, 2) ? rig_ip(f, round & 1, round % 1500, 1) : 60);
		if (r->wire->n > RIG_FRAMES / 2)
			while (r->wire->n)
				free(r->wire->frame[--r->wire->n].data);
	}
	assert_true(r->mdev->stats.tx_frames && r->mdev->stats.rx_frames);
}

static void test_noise(void **state)
{
	(void)state;
	for (int by_message = 0; by_message < 2; by_message++) {
		struct rig r;

		rig_open(&r, NULL);
		noise(&r, by_message);
		rig_close(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lies),	     cmocka_unit_test(test_no_place_to_receive),
		cmocka_unit_test(test_unmapped),     cmocka_unit_test(test_bad_segmentation),
		cmocka_unit_test(test_endless_packet), cmocka_unit_test(test_noise),
	};

	return cmocka_run_group_tests_name("drivers/e1000e/model_hostile", tests, NULL, NULL);
}
