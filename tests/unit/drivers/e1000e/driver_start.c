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

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static bool is_table(uint32_t off)
{
	return (off >= INTEL_MTA(0) && off < INTEL_MTA(INTEL_MTA_SIZE)) ||
	       (off >= INTEL_VFTA(0) && off < INTEL_VFTA(INTEL_VFTA_SIZE)) ||
	       (off >= INTEL_RAL(1) && off < INTEL_RAL(E1000E_RARS));
}

/* Of the tables only the first register, of the rings' memory no address: those vary. */
static bool is_told(uint32_t off, const uint32_t *hide, size_t n)
{
	if (is_table(off))
		return false;
	for (size_t i = 0; i < n; i++)
		if (hide[i] == off)
			return false;
	return true;
}

#define START_RESET								\
	{ E1000E_IMC, 0xffffffff }, { INTEL_RCTL, 0 }, { INTEL_TCTL, 0x8 },	\
	{ INTEL_CTRL, 0x4 }, { INTEL_CTRL, 0x04000004 }, { E1000E_IMC, 0xffffffff }

static void a_start_follows_the_datasheet(void **state)
{
	static const uint32_t hidden[] = { E1000E_RDBAL, E1000E_RDBAH, E1000E_TDBAL, E1000E_TDBAH };
	static const struct { uint32_t off, value; } golden[] = {
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
	struct rig *r = *state;
	unsigned int from, k = 0;

	rig_open(r, &cfg);
	from = r->notes;
	assert_int_equal(leat_port_start(r->port), 0);
	for (unsigned int i = from; i < r->notes; i++) {
		uint32_t off = r->note[i].off, value = r->note[i].value;

		if (!is_told(off, hidden, LEAT_ARRAY_LEN(hidden)))
			continue;
		if (k == LEAT_ARRAY_LEN(golden) || golden[k].off != off || golden[k].value != value)
			fail_msg("write %u is 0x%05x <- 0x%08x, should be 0x%05x <- 0x%08x", k, off,
				 value, golden[LEAT_MIN(k, LEAT_ARRAY_LEN(golden) - 1)].off,
				 golden[LEAT_MIN(k, LEAT_ARRAY_LEN(golden) - 1)].value);
		k++;
	}
	assert_int_equal(k, LEAT_ARRAY_LEN(golden));
	assert_true(r->config[LEAT_PCI_COMMAND] & LEAT_PCI_COMMAND_MASTER);
}

static void a_stop_ends_it(void **state)
{
	struct rig *r = *state;
	unsigned int home = leat_pool_available(r->pool);

	rig_open(r, NULL);
	assert_true(leat_pool_available(r->pool) < home);
	leat_port_stop(r->port);
	assert_int_equal(*rig_reg(r, INTEL_RCTL), 0);
	assert_false(*rig_reg(r, INTEL_TCTL) & INTEL_TCTL_EN);
	assert_int_equal(*rig_reg(r, E1000E_IMS), 0);
	assert_int_equal(r->irq_count, 0);
	assert_false(r->config[LEAT_PCI_COMMAND] & LEAT_PCI_COMMAND_MASTER);
	rig_close(r);
	assert_int_equal(leat_pool_available(r->pool), home);
	assert_false(*rig_reg(r, INTEL_CTRL_EXT) & E1000E_CTRL_EXT_DRV_LOAD);
}

static void what_is_asked_comes_into_the_registers(void **state)
{
	const struct leat_port_config cfg = {
		.mtu = 9000, .rxqs = 2, .txqs = 2, .offloads = LEAT_CAP_RX_VLAN,
		.flow_ctrl = LEAT_FLOW_NONE,
	};
	struct rig *r = *state;

	rig_open(r, &cfg);
	assert_int_equal(*rig_reg(r, E1000E_PBA), 26);
	assert_true(*rig_reg(r, INTEL_RCTL) & INTEL_RCTL_LPE);
	assert_true(*rig_reg(r, INTEL_CTRL) & INTEL_CTRL_VME);
	assert_int_equal(*rig_reg(r, INTEL_RXCSUM), INTEL_RXCSUM_PCSD);
	assert_int_equal(*rig_reg(r, INTEL_MRQC), 0x00170001);
	assert_int_equal(*rig_reg(r, INTEL_RETA(0)), 0x80008000);
	assert_int_equal(*rig_reg(r, E1000E_IVAR), 0x000800a9);
	assert_int_equal(*rig_reg(r, INTEL_FCRTH), 0);
	assert_int_equal(*rig_reg(r, E1000E_QUEUE(E1000E_RDLEN, 1)), 512);
	assert_int_equal(*rig_reg(r, E1000E_QUEUE(E1000E_TDLEN, 1)), 512);
	assert_int_equal(leat_port_promisc(r->port, true), 0);
	assert_true(*rig_reg(r, INTEL_RCTL) & INTEL_RCTL_UPE);
	assert_true(*rig_reg(r, INTEL_RCTL) & INTEL_RCTL_EN);
}

static void a_reset_that_never_ends_is_told(void **state)
{
	struct rig *r = *state;

	r->stuck = true;
	assert_int_equal(rig_try(r, NULL), -ETIMEDOUT);
	assert_non_null(strstr(r->last, "does not come back"));
	assert_int_equal(r->errors, 1);
}

/* ---- every failure ---- */

static unsigned int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void a_failure_anywhere_leaves_nothing(void **state)
{
	struct rig *r = *state;
	unsigned int home, segs, fds, k = 0, step = 1;
	int err;

	rig_open(r, NULL);
	rig_close(r);
	home = leat_pool_available(r->pool);
	segs = r->segs;
	fds = count_fds();
	do {
		r->notes = r->errors = 0;
		r->left = k += step;
		err = rig_try(r, NULL);
		r->left = r->left > 1 ? r->left : 1;
		rig_close(r);
		if (err && !r->errors)
			fail_msg("operation %u failed: no word of error %d", k, err);
		r->left = 0;
		if (leat_pool_available(r->pool) != home || r->segs != segs || count_fds() != fds)
			fail_msg("operation %u failed: %u packets of %u, %u segments of %u", k,
				 leat_pool_available(r->pool), home, r->segs, segs);
		rig_open(r, NULL);
		rig_close(r);
		r->notes = 0;
		step = k > 60 ? 7 : 1;		/* tables of hundreds of registers, all alike */
	} while (err && k < 5000);
	print_message("%u operations\n", k);
	assert_in_range(k, 300, 4999);
}

/* ---- self test ---- */

static void registers_and_interrupt_are_tested(void **state)
{
	const struct leat_port_config cfg = { .no_start = true };
	struct leat_self_test t[3];
	struct rig *r = *state;

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
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
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
