// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_vf.c - the virtual function: its mailbox and the PF behind it, filters, traffic.
 */
#include "model_rig.h"

#include "drivers/intel/hw.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define MSIX 2

/* A message and its answer, by the book: take the memory, write, ask, wait, read, acknowledge. */
static uint32_t ask(struct rig *r, uint32_t word, uint32_t a, uint32_t b)
{
	uint32_t bits;

	rig_set(r, IGB_V2PMAILBOX, IGB_V2PMAILBOX_VFU);
	assert_true(rig_get(r, IGB_V2PMAILBOX) & IGB_V2PMAILBOX_VFU);
	rig_set(r, IGB_VF_VMBMEM, word);
	rig_set(r, IGB_VF_VMBMEM + 4, a);
	rig_set(r, IGB_VF_VMBMEM + 8, b);
	rig_set(r, IGB_V2PMAILBOX, IGB_V2PMAILBOX_REQ);
	bits = rig_get(r, IGB_V2PMAILBOX);
	assert_int_equal(bits & ~IGB_V2PMAILBOX_RSTD, IGB_V2PMAILBOX_PFSTS | IGB_V2PMAILBOX_PFACK);
	assert_int_equal(rig_get(r, IGB_V2PMAILBOX), 0);	/* cleared by reading */
	word = rig_get(r, IGB_VF_VMBMEM);
	rig_set(r, IGB_V2PMAILBOX, IGB_V2PMAILBOX_ACK);
	return word;
}

static void come_with(struct rig *r, const struct leat_model_opt *opts)
{
	rig_open(r, &leat_model_igbvf, opts);
	rig_start(r);
	rig_msix(r);
	rig_set(r, IGB_VTIVAR, IGB_IVAR_VALID | 1 | (IGB_IVAR_VALID | 2) << 8);
	rig_set(r, IGB_VTIVAR_MISC, IGB_IVAR_VALID);
	rig_set(r, IGB_VTEIMS, 7);
	rig_set(r, IGB_VTEIAC, 7);
	assert_int_equal(ask(r, IGB_MSG_RESET, 0, 0), IGB_MSG_RESET | IGB_MSG_ACK);
}

static void come(struct rig *r)
{
	come_with(r, NULL);
}

static void test_config(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, &leat_model_igbvf, NULL);
	assert_int_equal(rig_config(&r, 0, 4), 0x10ca8086);
	assert_true(rig_config(&r, rig_cap(&r, 0x10) + 4, 4) & LEAT_BIT(28));	/* FLR */
	assert_int_equal(rig_config(&r, rig_cap(&r, 0x11) + 2, 2) & 0x7ff, IGB_VF_VECTORS - 1);
	assert_int_equal(rig_config(&r, 0x3d, 1), 0);	/* no pin */
	rig_close(&r);
}

static void test_reset(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, &leat_model_igbvf, NULL);
	assert_int_equal(rig_get(&r, IGB_V2PMAILBOX), IGB_V2PMAILBOX_RSTD);
	assert_int_equal(rig_get(&r, IGB_V2PMAILBOX), 0);
	/* Before its reset a VF has nothing to say. */
	assert_int_equal(ask(&r, IGB_MSG_LPE, 2000, 0), IGB_MSG_LPE | IGB_MSG_NACK);
	assert_int_equal(ask(&r, IGB_MSG_RESET, 0, 0), IGB_MSG_RESET | IGB_MSG_ACK);
	assert_int_equal(rig_get(&r, IGB_VF_VMBMEM + 4), 0x00000002);
	assert_int_equal(rig_get(&r, IGB_VF_VMBMEM + 8), 0x0100);
	assert_int_equal(ask(&r, IGB_MSG_LPE, 2000, 0), IGB_MSG_LPE | IGB_MSG_ACK | IGB_MSG_CTS);
	assert_int_equal(ask(&r, IGB_MSG_LPE, 20000, 0), IGB_MSG_LPE | IGB_MSG_NACK | IGB_MSG_CTS);
	assert_int_equal(ask(&r, 0x77, 0, 0), 0x77 | IGB_MSG_NACK | IGB_MSG_CTS);
	rig_set(&r, IGB_VTCTRL, IGB_VTCTRL_RST);
	assert_int_equal(ask(&r, IGB_MSG_LPE, 2000, 0), IGB_MSG_LPE | IGB_MSG_NACK);
	rig_close(&r);
}

static bool gets(struct rig *r, const uint8_t *f, uint32_t len)
{
	uint32_t head = rig_get(r, IGB_QUEUE_ALIAS(IGB_RDH, 0));

	assert_int_equal(rig_deliver(r, f, len), 1);
	return rig_get(r, IGB_QUEUE_ALIAS(IGB_RDH, 0)) != head;
}

static void test_filters(void **state)
{
	static const uint8_t multi[6] = { 0x01, 0x00, 0x5e, 0x01, 0x02, 0x03 };
	uint8_t f[62] = { 0 };
	struct rig r;

	(void)state;
	come(&r);
	for (unsigned int i = 0; i < 31; i++)
		rig_rx_data(&r, 0, RIG_BUFS + i * 4096);
	rig_rx_show(&r, 0);
	memcpy(f, rig_tcp4, sizeof(rig_tcp4));
	assert_true(gets(&r, f, 60));
	f[5] = 9;
	assert_false(gets(&r, f, 60));
	assert_int_equal(ask(&r, IGB_MSG_MAC | LEAT_PUT(IGB_MSG_INFO, 2u), 0x00000002, 0x0900),
			 IGB_MSG_MAC | LEAT_PUT(IGB_MSG_INFO, 2u) | IGB_MSG_ACK | IGB_MSG_CTS);
	assert_true(gets(&r, f, 60));
	ask(&r, IGB_MSG_MAC | LEAT_PUT(IGB_MSG_INFO, 1u), 0, 0);
	assert_false(gets(&r, f, 60));
	ask(&r, IGB_MSG_MAC, 0x00000002, 0x0900);
	assert_true(gets(&r, f, 60));
	assert_true(ask(&r, IGB_MSG_MAC, 1, 0) & IGB_MSG_NACK);

	memcpy(f, multi, 6);
	assert_false(gets(&r, f, 60));
	ask(&r, IGB_MSG_MULTICAST | LEAT_PUT(IGB_MSG_INFO, 2u), leat_intel_mcast_bit(multi) << 16, 0);
	assert_true(gets(&r, f, 60));
	f[5] = 0x77;
	assert_false(gets(&r, f, 60));
	ask(&r, IGB_MSG_PROMISC | LEAT_PUT(IGB_MSG_INFO, IGB_MSG_PROMISC_MULTI), 0, 0);
	assert_true(gets(&r, f, 60));
	memset(f, 0xff, 6);
	assert_true(gets(&r, f, 60));

	memcpy(f + 12, "\x81\x00\x00\x4d", 4);
	assert_false(gets(&r, f, 62));
	ask(&r, IGB_MSG_VLAN | LEAT_PUT(IGB_MSG_INFO, 1u), 77, 0);
	assert_true(gets(&r, f, 62));
	ask(&r, IGB_MSG_VLAN, 77, 0);
	assert_false(gets(&r, f, 62));
	rig_close(&r);
}

static void test_longest(void **state)
{
	uint8_t f[3000] = { 0 };
	struct rig r;

	(void)state;
	come(&r);
	for (unsigned int i = 0; i < 8; i++)
		rig_rx_data(&r, 0, RIG_BUFS + i * 4096);
	rig_rx_show(&r, 0);
	memcpy(f, rig_tcp4, 12);
	assert_false(gets(&r, f, sizeof(f)));
	ask(&r, IGB_MSG_LPE, sizeof(f) + 4, 0);
	assert_true(gets(&r, f, sizeof(f)));
	rig_close(&r);
}

/* Both ways, each with its vector; the counters do not clear. */
static void test_traffic(void **state)
{
	struct rig r;

	(void)state;
	come(&r);
	rig_rx_data(&r, 0, RIG_BUFS);
	rig_rx_show(&r, 0);
	assert_int_equal(rig_deliver(&r, rig_tcp4, sizeof(rig_tcp4)), 1);
	assert_memory_equal(r.mem + RIG_BUFS, rig_tcp4, sizeof(rig_tcp4));
	assert_int_equal(r.raised[MSIX][1], 1);
	rig_tx_data(&r, 0, RIG_BUFS, 60, INTEL_TXD_EOP | INTEL_TXD_RS, 0);
	rig_tx_show(&r, 0);
	rig_run(&r);
	assert_int_equal(r.wire->n, 1);
	assert_memory_equal(r.wire->frame[0].data, rig_tcp4, sizeof(rig_tcp4));
	assert_int_equal(r.raised[MSIX][2], 1);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(rig_get(&r, IGB_VFGPRC), 1);
		assert_int_equal(rig_get(&r, IGB_VFGOTC), 64);
	}
	rig_close(&r);
}

/* By the hash of a flow of both queues, if it was asked for. */
static void test_spread(void **state)
{
	uint8_t f[60] = { 0 };
	struct rig r;

	(void)state;
	come(&r);
	for (unsigned int q = 0; q < 2; q++) {
		rig_rx_ring(&r, q);
		for (unsigned int i = 0; i < 16; i++)
			rig_rx_data(&r, q, RIG_BUFS + (16 * q + i) * 2048);
		rig_rx_show(&r, q);
	}
	memcpy(f, rig_tcp4, sizeof(rig_tcp4));
	for (unsigned int flow = 0; flow < 16; flow++) {
		if (flow == 8)
			assert_true(ask(&r, IGB_MSG_QUEUES | LEAT_PUT(IGB_MSG_INFO, 2u), 0, 0) &
				    IGB_MSG_ACK);
		f[34] = (uint8_t)flow;
		assert_int_equal(rig_deliver(&r, f, sizeof(f)), 1);
		if (flow == 7)
			assert_int_equal(rig_get(&r, IGB_QUEUE_ALIAS(IGB_RDH, 0)), 8);
	}
	assert_in_range(rig_get(&r, IGB_QUEUE_ALIAS(IGB_RDH, 0)), 9, 15);
	assert_int_equal(rig_get(&r, IGB_QUEUE_ALIAS(IGB_RDH, 0)) +
			 rig_get(&r, IGB_QUEUE_ALIAS(IGB_RDH, 1)), 16);
	assert_true(leat_le32_to_cpu(r.rx[1].rxd[0].done.info) & INTEL_RXD_RSS_TYPE);
	rig_close(&r);
}

/* The frame leaves as it is? */
static bool leaves(struct rig *r, const uint8_t *f, uint32_t cmd)
{
	unsigned int before = r->wire->n;

	memcpy(r->mem + RIG_BUFS, f, 64);
	rig_tx_data(r, 0, RIG_BUFS, 64, INTEL_TXD_EOP | INTEL_TXD_RS | cmd, 0);
	rig_tx_show(r, 0);
	rig_run(r);
	return r->wire->n > before;
}

static void test_spoofing(void **state)
{
	static const struct leat_model_opt strict[] = {
		{ "mac", "02:00:00:00:00:01" }, { "spoofchk", "on" }, { NULL, NULL },
	};
	uint8_t f[64] = { 0 };
	struct rig r;

	(void)state;
	come_with(&r, strict);
	f[6] = 2;
	f[11] = 1;				/* its own address, 02:00:00:00:00:01 */
	assert_true(leaves(&r, f, 0));
	f[11] = 9;
	assert_false(leaves(&r, f, 0));
	ask(&r, IGB_MSG_MAC | LEAT_PUT(IGB_MSG_INFO, IGB_MSG_MAC_ADD), 0x00000002, 0x0900);
	assert_true(leaves(&r, f, 0));
	memcpy(f + 12, "\x81\0\0\x4d", 4);
	assert_false(leaves(&r, f, 0));
	ask(&r, IGB_MSG_VLAN | LEAT_PUT(IGB_MSG_INFO, 1u), 77, 0);
	assert_true(leaves(&r, f, 0));
	assert_int_equal(r.mdev->stats.tx_dropped, 2);
	rig_close(&r);
}

/* The link changes: the PF says so, when the mailbox is free and its last word was read. */
static void test_ping(void **state)
{
	struct rig r;

	(void)state;
	come(&r);
	assert_true(rig_get(&r, IGB_VTSTATUS) & INTEL_STATUS_LU);
	r.raised[MSIX][0] = 0;
	r.wire->up = false;
	rig_run(&r);
	assert_int_equal(r.raised[MSIX][0], 1);
	assert_false(rig_get(&r, IGB_VTSTATUS) & INTEL_STATUS_LU);
	assert_int_equal(rig_get(&r, IGB_V2PMAILBOX), IGB_V2PMAILBOX_PFSTS);
	assert_int_equal(rig_get(&r, IGB_VF_VMBMEM), IGB_MSG_CONTROL | IGB_MSG_CTS);
	r.wire->up = true;
	rig_run(&r);
	assert_int_equal(rig_get(&r, IGB_V2PMAILBOX), 0);
	rig_set(&r, IGB_V2PMAILBOX, IGB_V2PMAILBOX_ACK);
	assert_int_equal(rig_get(&r, IGB_V2PMAILBOX), IGB_V2PMAILBOX_PFSTS);
	assert_int_equal(r.raised[MSIX][0], 2);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_config),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_traffic),
		cmocka_unit_test(test_spread),
		cmocka_unit_test(test_spoofing),
		cmocka_unit_test(test_ping),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
