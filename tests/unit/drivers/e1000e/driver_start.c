// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver_start.c - what the driver writes into an 82574 to reset and start it, in which order;
 * and that a failure anywhere leaves nothing behind.
 */
#include "driver_rig.h"

#include <leat/diag.h>
#include <leat/driver/pci.h>
#include <leat/filter.h>
#include <leat/models.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define START_RESET								\
	{ E1000E_IMC, 0xffffffff }, { INTEL_RCTL, 0 }, { INTEL_TCTL, 0x8 },	\
	{ INTEL_CTRL, 0x4 }, { INTEL_CTRL, 0x04000004 }, { E1000E_IMC, 0xffffffff }

static void a_start_follows_the_datasheet(void **state)
{
	static const struct trace_note hidden[] = {
		{ E1000E_RDBAL, 0 }, { E1000E_RDBAH, 0 }, { E1000E_TDBAL, 0 }, { E1000E_TDBAH, 0 }, { 0, 0 },
	};
	static const struct trace_note golden[] = {
		START_RESET,
		{ INTEL_CTRL_EXT, 0x10000000 }, { E1000E_GCR, 0x00400000 }, { E1000E_GCR2, 1 },
		{ E1000E_PBA, 20 },
		{ INTEL_VET, 0x8100 }, { INTEL_CTRL, 0 },
		{ INTEL_RFCTL, 0x80c0 },
		{ E1000E_RDTR, 0 }, { E1000E_RADV, 0 }, { E1000E_RSRPD, 0 }, { E1000E_PSRCTL, 0 },
		{ INTEL_RXCSUM, 0x2300 }, { INTEL_MRQC, 0 },
		{ E1000E_TIDV, 0 }, { E1000E_TADV, 0 }, { INTEL_TIPG, 0x602008 },
		{ INTEL_FCAL, 0x00c28001 }, { INTEL_FCAH, 0x0100 }, { INTEL_FCT, 0x8808 },
		{ INTEL_FCTTV, 0xffff }, { INTEL_FCRTL, 0x800047f8 }, { INTEL_FCRTH, 0x4800 },
		{ INTEL_CTRL, 0x40 },
		{ E1000E_EXTCNF_CTRL, 0x20 }, { INTEL_MDIC, 0x04240de1 }, { E1000E_EXTCNF_CTRL, 0 },
		{ E1000E_EXTCNF_CTRL, 0x20 }, { INTEL_MDIC, 0x04290200 }, { E1000E_EXTCNF_CTRL, 0 },
		{ E1000E_EXTCNF_CTRL, 0x20 }, { INTEL_MDIC, 0x04201340 }, { E1000E_EXTCNF_CTRL, 0 },
		{ E1000E_ITR, 196 }, { E1000E_IVAR, 0x00080009 }, { E1000E_EIAC, 0x00100000 },
		{ E1000E_EITR(0), 196 }, { E1000E_EITR(1), 196 }, { E1000E_EITR(2), 196 },
		{ E1000E_EITR(3), 196 }, { E1000E_EITR(4), 196 },
		{ E1000E_TDLEN, 512 }, { E1000E_TDH, 0 }, { E1000E_TDT, 0 }, { E1000E_TXDCTL, 0x0140011f },
		{ E1000E_RDLEN, 512 }, { E1000E_RDH, 0 }, { E1000E_RDT, 0 }, { E1000E_RXDCTL, 0x01010420 },
		{ E1000E_RDT, 24 },
		{ E1000E_IMS, 0x01000004 },
		{ INTEL_TCTL, 0x0103f0fa },
		{ INTEL_RAL(0), 0x12005452 }, { INTEL_RAH(0), 0x80005634 },
		{ INTEL_RCTL, 0x04408002 },
	};
	const struct leat_port_config cfg = { .no_start = true };
	struct nic *r = *state;
	unsigned int from;

	rig_open(r, &cfg);
	from = r->notes;
	assert_int_equal(leat_port_start(r->port), 0);
	trace_expect(r->note + from, r->notes - from, golden, LEAT_ARRAY_LEN(golden), hidden);
	assert_true(r->config[LEAT_PCI_COMMAND] & LEAT_PCI_COMMAND_MASTER);
}

static void a_stop_ends_it(void **state)
{
	struct nic *r = *state;
	unsigned int home = leat_pool_available(r->pool);

	rig_open(r, NULL);
	assert_true(leat_pool_available(r->pool) < home);
	leat_port_stop(r->port);
	assert_int_equal(*nic_reg(r, INTEL_RCTL), 0);
	assert_false(*nic_reg(r, INTEL_TCTL) & INTEL_TCTL_EN);
	assert_int_equal(*nic_reg(r, E1000E_IMS), 0);
	assert_int_equal(r->irq_count, 0);
	assert_false(r->config[LEAT_PCI_COMMAND] & LEAT_PCI_COMMAND_MASTER);
	nic_close(r);
	assert_int_equal(leat_pool_available(r->pool), home);
	assert_false(*nic_reg(r, INTEL_CTRL_EXT) & E1000E_CTRL_EXT_DRV_LOAD);
}

static void what_is_asked_comes_into_the_registers(void **state)
{
	const struct leat_port_config cfg = {
		.mtu = 9000, .rxqs = 2, .txqs = 2, .offloads = LEAT_CAP_RX_VLAN,
		.flow_ctrl = LEAT_FLOW_NONE,
	};
	struct nic *r = *state;

	rig_open(r, &cfg);
	assert_int_equal(*nic_reg(r, E1000E_PBA), 26);
	assert_true(*nic_reg(r, INTEL_RCTL) & INTEL_RCTL_LPE);
	assert_true(*nic_reg(r, INTEL_CTRL) & INTEL_CTRL_VME);
	assert_int_equal(*nic_reg(r, INTEL_RXCSUM), INTEL_RXCSUM_PCSD);
	assert_int_equal(*nic_reg(r, INTEL_MRQC), 0x00170001);
	assert_int_equal(*nic_reg(r, INTEL_RETA(0)), 0x80008000);
	assert_int_equal(*nic_reg(r, E1000E_IVAR), 0x000800a9);
	assert_int_equal(*nic_reg(r, INTEL_FCRTH), 0);
	assert_int_equal(*nic_reg(r, E1000E_QUEUE(E1000E_RDLEN, 1)), 512);
	assert_int_equal(*nic_reg(r, E1000E_QUEUE(E1000E_TDLEN, 1)), 512);
	assert_int_equal(leat_port_promisc(r->port, true), 0);
	assert_true(*nic_reg(r, INTEL_RCTL) & INTEL_RCTL_UPE);
	assert_true(*nic_reg(r, INTEL_RCTL) & INTEL_RCTL_EN);
}

static void a_reset_that_never_ends_is_told(void **state)
{
	struct nic *r = *state;

	r->no_reset = true;
	assert_int_equal(rig_try(r, NULL), -ETIMEDOUT);
	assert_non_null(strstr(r->last, "does not come back"));
	assert_int_equal(r->errors, 1);
}

/* ---- every failure ---- */

static int try_default(void *arg)
{
	return rig_try(arg, NULL);
}

static void a_failure_anywhere_leaves_nothing(void **state)
{
	nic_cut(*state, try_default);
}

/* ---- self test ---- */

static void registers_and_interrupt_are_tested(void **state)
{
	const struct leat_port_config cfg = { .no_start = true };
	struct leat_self_test t[3];
	struct nic *r = *state;

	rig_open(r, &cfg);
	assert_int_equal(leat_port_self_test(r->port, NULL, 0), 3);
	r->notes = 0;
	assert_int_equal(leat_port_self_test(r->port, t, 3), 3);
	assert_string_equal(t[0].name, "registers");
	assert_int_equal(t[0].verdict, LEAT_TEST_PASSED);
	assert_string_equal(t[1].name, "interrupt");
	assert_int_equal(t[1].verdict, LEAT_TEST_PASSED);
	assert_string_equal(t[2].name, "loopback");
	assert_int_equal(t[2].verdict, LEAT_TEST_FAILED);	/* memory sends nothing back */
	assert_non_null(strstr(t[2].why, "did not come back"));
	assert_false(r->config[LEAT_PCI_COMMAND] & LEAT_PCI_COMMAND_MASTER);
	assert_int_equal(leat_port_start(r->port), 0);
	assert_int_equal(leat_port_self_test(r->port, t, 3), -EBUSY);
}

static void the_model_passes_all(void **state)
{
	static const enum leat_intr by[] = { LEAT_INTR_MSIX, LEAT_INTR_MSI, LEAT_INTR_INTX };
	struct leat_ctx_config cfg = { .drivers = leat_drivers, .models = leat_models };
	struct leat_port_config port_cfg = { .no_start = true };
	struct leat_self_test t[3];
	struct leat_port *port;
	struct leat_ctx *ctx;

	(void)state;
	assert_int_equal(leat_ctx_open(&cfg, &ctx), 0);
	for (size_t i = 0; i < LEAT_ARRAY_LEN(by); i++) {
		port_cfg.intr = by[i];
		assert_int_equal(leat_port_open(ctx, "sim:e1000e,wire=loop", &port_cfg, &port), 0);
		assert_int_equal(leat_port_self_test(port, t, 3), 3);
		for (unsigned int k = 0; k < 3; k++)
			if (t[k].verdict != LEAT_TEST_PASSED)
				fail_msg("%s: %s", t[k].name, t[k].why);
		leat_port_close(port);
	}
	leat_ctx_close(ctx);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, nic_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_start_follows_the_datasheet),
		TEST(a_stop_ends_it),
		TEST(what_is_asked_comes_into_the_registers),
		TEST(a_reset_that_never_ends_is_told),
		TEST(a_failure_anywhere_leaves_nothing),
		TEST(registers_and_interrupt_are_tested),
		cmocka_unit_test(the_model_passes_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
