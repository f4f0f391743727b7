// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_tx.c - from the driver to the wire: pieces, checksums, tags, segments, reports.
 */
#include "model_rig.h"

#include "drivers/intel/model_frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define MSIX	2
#define AT(i)	(RIG_BUFS + (i) * 0x20000)

static void context(struct rig *r, uint32_t mss, uint32_t tag)
{
	struct rig_ring *q = &r->tx[0];

	q->txc[q->next] = (struct igb_txc){
		.lens = leat_cpu_to_le32(LEAT_PUT(IGB_TXC_IP_LEN, 20u) | LEAT_PUT(IGB_TXC_MAC_LEN, 14u) |
					 LEAT_PUT(IGB_TXC_VLAN, tag)),
		.cmd = leat_cpu_to_le32(IGB_TXC | IGB_TXC_IPV4 | LEAT_PUT(IGB_TXC_L4, IGB_TXC_TCP)),
		.mss = leat_cpu_to_le32(LEAT_PUT(IGB_TXC_L4_LEN, 20u) | LEAT_PUT(IGB_TXC_MSS, mss)),
	};
	q->next = (q->next + 1) % RIG_SIZE;
}

static bool done(struct rig *r, uint32_t i)
{
	return leat_le32_to_cpu(r->tx[0].txd[i].status) & INTEL_TXD_DONE;
}

static void go(struct rig *r)
{
	rig_tx_show(r, 0);
	rig_run(r);
}

static void pieces(bool by_message)
{
	struct rig r;
	uint8_t f[300];

	rig_open(&r, &leat_model_igb, NULL);
	r.by_message = by_message;
	rig_start(&r);
	rig_msix(&r);
	rig_set(&r, IGB_EIMS, LEAT_BIT(2));
	for (unsigned int i = 0; i < sizeof(f); i++)
		f[i] = (uint8_t)(i * 3);
	memcpy(r.mem + AT(0), f, 300);
	memcpy(r.mem + AT(1), f + 100, 200);
	rig_tx_data(&r, 0, AT(0), 300, INTEL_TXD_EOP, 0);
	rig_tx_data(&r, 0, AT(0), 100, 0, 0);
	rig_tx_data(&r, 0, AT(1), 200, INTEL_TXD_EOP | INTEL_TXD_RS, 0);
	rig_tx_data(&r, 0, AT(0), 20, INTEL_TXD_EOP, 0);
	r.late = by_message;
	go(&r);
	assert_int_equal(r.wire->n, 3);
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(r.wire->frame[i].len, 300);
		assert_memory_equal(r.wire->frame[i].data, f, 300);
	}
	assert_int_equal(r.wire->frame[2].len, 60);
	assert_int_equal(r.wire->frame[2].data[59], 0);
	assert_false(done(&r, 0) || done(&r, 1) || done(&r, 3));
	assert_true(done(&r, 2));
	assert_int_equal(r.raised[MSIX][2], 1);
	assert_int_equal(rig_get(&r, IGB_QUEUE(IGB_TDH, 0)), 4);
	assert_int_equal(rig_get(&r, INTEL_GPTC), 3);
	assert_int_equal(r.errors, 0);
	rig_close(&r);
}

static void test_pieces(void **state)
{
	(void)state;
	pieces(false);
}

static void test_by_message(void **state)
{
	(void)state;
	pieces(true);
}

/* A packet whose end is not there yet waits for it. */
static void test_unfinished(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, &leat_model_igb, NULL);
	rig_start(&r);
	rig_tx_data(&r, 0, AT(0), 100, 0, 0);
	go(&r);
	assert_int_equal(r.wire->n, 0);
	rig_tx_data(&r, 0, AT(0), 100, INTEL_TXD_EOP, 0);
	go(&r);
	assert_int_equal(r.wire->n, 1);
	assert_int_equal(r.wire->frame[0].len, 200);
	rig_close(&r);
}

static void test_sums_and_tag(void **state)
{
	uint8_t *f;
	struct rig r;

	(void)state;
	rig_open(&r, &leat_model_igb, NULL);
	rig_start(&r);
	memcpy(r.mem + AT(0), rig_tcp4, sizeof(rig_tcp4));
	r.mem[AT(0) + 24] = 0x55;
	r.mem[AT(0) + 50] = 0x14;
	r.mem[AT(0) + 51] = 0x21;
	context(&r, 0, 0x2005);
	rig_tx_data(&r, 0, AT(0), sizeof(rig_tcp4), INTEL_TXD_EOP | INTEL_TXD_VLE, INTEL_TXD_IXSM | INTEL_TXD_TXSM);
	go(&r);
	assert_int_equal(r.wire->n, 1);
	f = r.wire->frame[0].data;
	assert_int_equal(r.wire->frame[0].len, 62);
	assert_memory_equal(f, rig_tcp4, 12);
	assert_memory_equal(f + 12, "\x81\x00\x20\x05", 4);
	assert_memory_equal(f + 16, rig_tcp4 + 12, 46);
	rig_close(&r);
}

/* 40 segments through a wire that takes seven at a time: each once, in order. */
static void test_segments(void **state)
{
	const uint32_t mss = 1000, data = 40 * mss - 10;
	struct intel_frame f;
	struct rig r;

	(void)state;
	rig_open(&r, &leat_model_igb, NULL);
	rig_start(&r);
	memcpy(r.mem + AT(0), rig_tcp4, 54);
	r.mem[AT(0) + 50] = 0x14;
	r.mem[AT(0) + 51] = 0x09;
	for (uint32_t i = 0; i < data; i++)
		r.mem[AT(1) + i] = (uint8_t)(i / 250);
	context(&r, mss, 0);
	rig_tx_data(&r, 0, AT(0), 54, IGB_TXD_TSE, LEAT_PUT(IGB_TXD_PAYLEN, data) | INTEL_TXD_IXSM | INTEL_TXD_TXSM);
	rig_tx_data(&r, 0, AT(1), data, INTEL_TXD_EOP | INTEL_TXD_RS | IGB_TXD_TSE, 0);
	memcpy(r.mem + AT(2), rig_tcp4, sizeof(rig_tcp4));
	rig_tx_data(&r, 0, AT(2), sizeof(rig_tcp4), INTEL_TXD_EOP, 0);
	rig_tx_show(&r, 0);
	for (int i = 0; i < 6; i++) {
		r.wire->room = 7;
		rig_run(&r);
		assert_int_equal(done(&r, 2), i == 5);
	}
	assert_int_equal(r.wire->n, 41);
	for (uint32_t i = 0; i < 40; i++) {
		const struct rig_frame *w = &r.wire->frame[i];

		assert_int_equal(w->len, 54 + (i < 39 ? mss : mss - 10));
		leat_intel_frame_parse(w->data, w->len, &f);
		assert_int_equal(leat_intel_check_ip(w->data, &f), INTEL_RIGHT);
		assert_int_equal(leat_intel_check_l4(w->data, &f), INTEL_RIGHT);
		assert_memory_equal(w->data + 54, r.mem + AT(1) + i * mss, w->len - 54);
	}
	rig_close(&r);
}

static void test_head_write_back(void **state)
{
	struct rig r;
	leat_le32 head;

	(void)state;
	rig_open(&r, &leat_model_igb, NULL);
	rig_start(&r);
	rig_set(&r, IGB_QUEUE(IGB_TDWBAH, 0), (uint32_t)(rig_iova(AT(3)) >> 32));
	rig_set(&r, IGB_QUEUE(IGB_TDWBAL, 0), (uint32_t)rig_iova(AT(3)) | 1);
	rig_tx_data(&r, 0, AT(0), 100, INTEL_TXD_EOP, 0);
	go(&r);
	memcpy(&head, r.mem + AT(3), 4);
	assert_int_equal(leat_le32_to_cpu(head), 1);
	rig_close(&r);
}

/* Off and on again, the head back at the start: the ring is as new. */
static void test_restart(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, &leat_model_igb, NULL);
	rig_start(&r);
	for (int life = 0; life < 3; life++) {
		rig_tx_data(&r, 0, AT(0), 100, INTEL_TXD_EOP | INTEL_TXD_RS, 0);
		go(&r);
		assert_int_equal(r.wire->n, life + 1);
		rig_tx_ring(&r, 0);
	}
	rig_set(&r, INTEL_TCTL, 0);
	rig_tx_data(&r, 0, AT(0), 100, INTEL_TXD_EOP, 0);
	go(&r);
	assert_int_equal(r.wire->n, 3);
	rig_close(&r);
}

/* ---- drivers that break the rules: nothing moves, one line says why ---- */

static void expect_broken(struct rig *r, const char *why)
{
	for (int i = 0; i < 3; i++)
		rig_run(r);
	assert_int_equal(r->errors, 1);
	assert_non_null(strstr(r->line, why));
	assert_int_equal(r->wire->n, 0);
	rig_close(r);
}

static void test_hostile(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, &leat_model_igb, NULL);
	rig_start(&r);
	rig_set(&r, IGB_QUEUE(IGB_TDT, 0), RIG_SIZE);
	expect_broken(&r, "its tail is 32");

	rig_open(&r, &leat_model_igb, NULL);
	rig_start(&r);
	rig_set(&r, IGB_QUEUE(IGB_TDH, 0), 100);
	expect_broken(&r, "its head is 100");

	rig_open(&r, &leat_model_igb, NULL);
	rig_start(&r);
	rig_set(&r, IGB_QUEUE(IGB_TDLEN, 0), 100);
	expect_broken(&r, "100 bytes long");

	rig_open(&r, &leat_model_igb, NULL);
	rig_start(&r);
	rig_tx_data(&r, 0, RIG_MEM - 50, 100, INTEL_TXD_EOP, 0);
	rig_tx_show(&r, 0);
	expect_broken(&r, "are not mapped");

	rig_open(&r, &leat_model_igb, NULL);
	rig_start(&r);
	r.tx[0].txd[0] = (struct intel_txd){ .cmd = leat_cpu_to_le32(INTEL_TXD_EOP | 100) };
	rig_set(&r, IGB_QUEUE(IGB_TDT, 0), 1);
	expect_broken(&r, "not an advanced one");

	rig_open(&r, &leat_model_igb, NULL);
	rig_start(&r);
	rig_set(&r, IGB_QUEUE(IGB_TDBAH, 0), 0xdead);
	rig_set(&r, IGB_QUEUE(IGB_TDT, 0), 1);
	expect_broken(&r, "are not mapped");

	rig_open(&r, &leat_model_igb, NULL);
	rig_start(&r);
	rig_set(&r, IGB_QUEUE(IGB_RXDCTL, 0), 0);
	rig_set(&r, IGB_QUEUE(IGB_SRRCTL, 0), 2);
	rig_set(&r, IGB_QUEUE(IGB_RXDCTL, 0), IGB_DCTL_ENABLE);
	expect_broken(&r, "SRRCTL");
}

/* Packets that are none are dropped, and the ring goes on. */
static void test_nonsense(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, &leat_model_igb, NULL);
	rig_start(&r);
	rig_tx_data(&r, 0, AT(0), 10, INTEL_TXD_EOP | INTEL_TXD_RS, 0);	/* no header */
	rig_tx_data(&r, 0, AT(0), 9725, INTEL_TXD_EOP | INTEL_TXD_RS, 0);	/* too long */
	rig_tx_data(&r, 0, AT(0), 100, INTEL_TXD_EOP | IGB_TXD_TSE, 0);	/* no context, no MSS */
	context(&r, 65535, 0);
	rig_tx_data(&r, 0, AT(0), 60000, INTEL_TXD_EOP | IGB_TXD_TSE, 0);	/* a segment too long */
	for (int i = 0; i < 6; i++)
		rig_tx_data(&r, 0, AT(0), 60000, i < 5 ? 0 : INTEL_TXD_EOP | INTEL_TXD_RS, 0);
	rig_tx_data(&r, 0, AT(0), 100, INTEL_TXD_EOP | INTEL_TXD_RS, 0);
	go(&r);
	assert_int_equal(r.mdev->stats.tx_dropped, 5);
	assert_int_equal(r.wire->n, 1);
	assert_true(done(&r, 0) && done(&r, 1) && done(&r, 10) && done(&r, 11));
	assert_int_equal(r.errors, 0);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_by_message),
		cmocka_unit_test(test_unfinished),
		cmocka_unit_test(test_sums_and_tag),
		cmocka_unit_test(test_segments),
		cmocka_unit_test(test_head_write_back),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
