// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver_start.c - what the igb driver writes into an 82576 to reset and start it, in which
 * order; and that a failure anywhere leaves nothing behind.
 */
#include "driver_nic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define START_RESET									\
	{ IGB_EIMC, 0xffffffff }, { IGB_IMC, 0xffffffff }, { INTEL_RCTL, 0 }, { INTEL_TCTL, 8 },	\
	{ INTEL_CTRL, 0x4 }, { INTEL_CTRL, 0x04000004 },				\
	{ IGB_EIMC, 0xffffffff }, { IGB_IMC, 0xffffffff }

/* Its PHY is shared: by the semaphore (4.7.1) the bit that says who has it, and back. */
#define PHY_BIT(bit) { INTEL_SWSM, 3 }, { INTEL_SW_FW_SYNC, bit }, { INTEL_SWSM, 0 }
#define PHY(mdic)    PHY_BIT(2), { INTEL_MDIC, mdic }, PHY_BIT(0)

static void a_start_follows_the_datasheet(void **state)
{
	static const struct trace_note hidden[] = {
		{ IGB_RDBAL, 0 }, { IGB_RDBAH, 0 }, { IGB_TDBAL, 0 }, { IGB_TDBAH, 0 }, { 0, 0 },
	};
	static const struct trace_note golden[] = {
		START_RESET,
		{ INTEL_CTRL, 0 }, { INTEL_CTRL_EXT, 0x10000000 }, { IGB_FCRTV, 0x8000 },
		{ INTEL_CTRL, 0 },
		{ IGB_RLPML, 1522 }, { INTEL_RXCSUM, 0x2b00 }, { INTEL_MRQC, 0 }, { INTEL_TIPG, 0x601008 },
		{ INTEL_FCAL, 0x00c28001 }, { INTEL_FCAH, 0x0100 }, { INTEL_FCT, 0x8808 },
		{ INTEL_FCTTV, 0xffff }, { INTEL_FCRTL, 0x8000e650 }, { INTEL_FCRTH, 0xe660 },
		{ INTEL_CTRL, 0x40 },
		PHY(0x04240de1), PHY(0x04290200), PHY(0x04201340),
		{ IGB_GPIE, 0xc0000011 }, { IGB_EITR(0), 196 }, { IGB_EITR(1), 196 },
		{ IGB_IVAR(0), 0x81 }, { IGB_IVAR(1), 0 }, { IGB_IVAR(2), 0 }, { IGB_IVAR(3), 0 },
		{ IGB_IVAR(4), 0 }, { IGB_IVAR(5), 0 }, { IGB_IVAR(6), 0 }, { IGB_IVAR(7), 0 },
		{ IGB_IVAR_MISC, 0x8000 }, { IGB_EIAC, 3 }, { IGB_EIAM, 2 },
		{ IGB_TXDCTL, 0 }, { IGB_TDLEN, 512 }, { IGB_TDH, 0 }, { IGB_TDT, 0 },
		{ IGB_TDWBAL, 0 }, { IGB_TDWBAH, 0 }, { IGB_TXDCTL, 0x02010108 },
		{ IGB_RXDCTL, 0 }, { IGB_RDLEN, 512 }, { IGB_RDH, 0 }, { IGB_RDT, 0 },
		{ IGB_SRRCTL, 0x02000002 }, { IGB_RXDCTL, 0x02010808 },
		{ IGB_IMS, 0x10000004 }, { IGB_EIMS, 1 },
		{ INTEL_TCTL, 0x0103f0fa },
		{ INTEL_RAL(0), 0x12005452 }, { INTEL_RAH(0), 0x80005634 },
		{ INTEL_RCTL, 0x04408002 }, { IGB_RDT, 24 },
	};
	const struct leat_port_config cfg = { .no_start = true, .rx_desc = 32, .tx_desc = 32 };
	struct nic *n = *state;
	unsigned int from;

	assert_int_equal(nic_open(n, &cfg), 0);
	from = n->notes;
	assert_int_equal(leat_port_start(n->port), 0);
	trace_expect(n->note + from, n->notes - from, golden, LEAT_ARRAY_LEN(golden), hidden);
}

static void a_failure_anywhere_leaves_nothing(void **state)
{
	nic_cut(*state, nic_open_two);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, nic_setup, nic_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_start_follows_the_datasheet),
		TEST(a_failure_anywhere_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
