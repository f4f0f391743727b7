// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_regs.c - configuration space, registers, resets and interrupts of the model.
 */
#include "model_rig.h"

#include <leat/driver/pci.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define INTX 0
#define MSI  1
#define MSIX 2

static void test_config(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, &leat_model_igb, NULL);
	assert_int_equal(rig_config(&r, 0, 4), 0x10c98086);
	assert_int_equal(rig_config(&r, 9, 3), 0x020000);
	assert_true(rig_cap(&r, 0x01));
	assert_true(rig_cap(&r, 0x05));
	assert_true(rig_config(&r, rig_cap(&r, 0x10) + 4, 4) & LEAT_BIT(28));	/* FLR */
	assert_int_equal(rig_config(&r, rig_cap(&r, 0x11) + 2, 2) & 0x7ff, IGB_MODEL_VECTORS - 1);
	rig_close(&r);
}

static void test_options(void **state)
{
	static const struct leat_model_opt bad[] = { { "mac", "01:00:00:00:00:01" }, { NULL, NULL } };
	struct leat_mdev *mdev;
	struct rig r;

	(void)state;
	rig_open(&r, &leat_model_igb, NULL);
	assert_int_equal(rig_get(&r, INTEL_RAL(0)), 0x00000002);
	assert_int_equal(rig_get(&r, INTEL_RAH(0)), INTEL_RAH_AV | 0x0100);
	assert_true(leat_mdev_create(&leat_model_igb, bad, "bad", r.mdev->host, &r, NULL, &mdev) < 0);
	assert_non_null(strstr(r.line, "unicast"));
	rig_close(&r);
}

/* Rings 0 to 3 are found at their older places, too; it is the same memory. */
static void test_aliases(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, &leat_model_igb, NULL);
	rig_set(&r, IGB_QUEUE_ALIAS(IGB_RDT, 3), 17);
	assert_int_equal(rig_get(&r, IGB_QUEUE(IGB_RDT, 3)), 17);
	rig_set(&r, IGB_QUEUE(IGB_TDBAL, 1), 0x1000);
	assert_int_equal(rig_get(&r, IGB_QUEUE_ALIAS(IGB_TDBAL, 1)), 0x1000);
	assert_int_equal(((uint32_t *)r.mdev->mem[0])[(IGB_QUEUE(IGB_TDBAL, 1) - IGB_RXQ_PAGE) / 4],
			 LEAT_SWAP32(UINT32_C(0x1000)));
	rig_close(&r);
}

static void test_reset(void **state)
{
	leat_le16 flr = leat_cpu_to_le16(0x8000);
	struct rig r;

	(void)state;
	rig_open(&r, &leat_model_igb, NULL);
	rig_start(&r);
	rig_set(&r, IGB_IMS, IGB_ICR_LSC);
	rig_set(&r, INTEL_VFTA(3), 5);
	rig_set(&r, INTEL_CTRL, INTEL_CTRL_RST);
	assert_int_equal(rig_get(&r, IGB_IMS), 0);
	assert_int_equal(rig_get(&r, INTEL_VFTA(3)), 0);
	assert_int_equal(rig_get(&r, INTEL_CTRL) & INTEL_CTRL_RST, 0);
	assert_int_equal(rig_get(&r, IGB_QUEUE(IGB_RDLEN, 0)), 0);
	assert_true(rig_get(&r, INTEL_EECD) & INTEL_EECD_AUTO_RD);
	assert_true(rig_config(&r, LEAT_PCI_COMMAND, 2) & LEAT_PCI_COMMAND_MASTER);

	assert_int_equal(leat_mdev_access(r.mdev, LEAT_MODEL_CONFIG, rig_cap(&r, 0x10) + 8, &flr, 2,
					  true), 0);
	assert_false(rig_config(&r, LEAT_PCI_COMMAND, 2) & LEAT_PCI_COMMAND_MASTER);
	rig_close(&r);
}

static void test_widths(void **state)
{
	uint64_t wide = UINT64_MAX;
	uint8_t narrow = 0xff;
	struct rig r;

	(void)state;
	rig_open(&r, &leat_model_igb, NULL);
	rig_set(&r, INTEL_MTA(0), 0x44332211);
	rig_set(&r, INTEL_MTA(1), 0x88776655);
	assert_int_equal(leat_mdev_access(r.mdev, 0, INTEL_MTA(0), &wide, 8, false), 0);
	assert_true(LEAT_SWAP64(wide) == UINT64_C(0x8877665544332211));
	assert_int_equal(leat_mdev_access(r.mdev, 0, INTEL_MTA(0) + 2, &narrow, 1, false), 0);
	assert_int_equal(narrow, 0x33);
	assert_true(leat_mdev_access(r.mdev, 0, INTEL_MTA(0), &narrow, 1, true) < 0);
	rig_close(&r);
}

/* ---- interrupts ---- */

/* EIAC takes the cause back, EIAM the mask, which the driver sets again. */
static void test_msix(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, &leat_model_igb, NULL);
	rig_start(&r);
	rig_msix(&r);
	rig_set(&r, IGB_EIAC, 0x6);
	rig_set(&r, IGB_EIAM, 0x6);
	rig_set(&r, IGB_EICS, LEAT_BIT(1));
	assert_int_equal(r.raised[MSIX][1], 0);
	rig_set(&r, IGB_EIMS, 0x7);		/* what waited comes now */
	assert_int_equal(r.raised[MSIX][1], 1);
	assert_int_equal(rig_get(&r, IGB_EIMS), 0x5);
	rig_set(&r, IGB_EICS, LEAT_BIT(1));
	assert_int_equal(r.raised[MSIX][1], 1);
	rig_set(&r, IGB_EIMS, LEAT_BIT(1));
	assert_int_equal(r.raised[MSIX][1], 2);

	/* A cause that is not cleared by itself speaks once, until it is. */
	rig_set(&r, IGB_EICS, LEAT_BIT(0));
	rig_set(&r, IGB_EICS, LEAT_BIT(0));
	assert_int_equal(r.raised[MSIX][0], 1);
	rig_set(&r, IGB_EICR, LEAT_BIT(0));
	rig_set(&r, IGB_EICS, LEAT_BIT(0));
	assert_int_equal(r.raised[MSIX][0], 2);
	assert_int_equal(rig_get(&r, IGB_EICR), LEAT_BIT(0));
	assert_int_equal(rig_get(&r, IGB_EICR), 0);
	assert_int_equal(r.raised[MSI][0] + r.raised[INTX][0], 0);
	rig_close(&r);
}

static void test_link(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, &leat_model_igb, NULL);
	rig_start(&r);
	rig_msix(&r);
	rig_set(&r, IGB_EIMS, 1);
	rig_set(&r, IGB_IMS, IGB_ICR_LSC);
	(void)rig_get(&r, IGB_ICR);
	(void)rig_get(&r, IGB_EICR);
	r.raised[MSIX][0] = 0;
	r.wire->up = false;
	rig_run(&r);
	assert_int_equal(r.raised[MSIX][0], 1);
	assert_int_equal(rig_get(&r, IGB_ICR), IGB_ICR_LSC | IGB_ICR_ASSERTED);
	assert_int_equal(rig_get(&r, IGB_ICR), 0);
	assert_false(rig_get(&r, INTEL_STATUS) & INTEL_STATUS_LU);
	(void)rig_get(&r, IGB_EICR);
	r.wire->up = true;
	rig_run(&r);
	assert_int_equal(r.raised[MSIX][0], 2);
	assert_true(rig_get(&r, INTEL_STATUS) & INTEL_STATUS_LU);
	rig_close(&r);
}

/* Without MSI-X a level: INTx once until ICR was read; IAM masks by the same read. */
static void test_intx(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, &leat_model_igb, NULL);
	rig_start(&r);
	(void)rig_get(&r, IGB_ICR);
	rig_set(&r, IGB_IAM, IGB_ICR_RXDW | IGB_ICR_LSC);
	rig_set(&r, IGB_IMS, IGB_ICR_RXDW | IGB_ICR_LSC);
	rig_set(&r, IGB_ICS, IGB_ICR_RXDW);
	rig_set(&r, IGB_ICS, IGB_ICR_LSC);
	assert_int_equal(r.raised[INTX][0], 1);
	assert_int_equal(rig_get(&r, IGB_ICR), IGB_ICR_RXDW | IGB_ICR_LSC | IGB_ICR_ASSERTED);
	assert_int_equal(rig_get(&r, IGB_IMS), 0);
	rig_set(&r, IGB_ICS, IGB_ICR_RXDW);
	assert_int_equal(r.raised[INTX][0], 1);
	rig_set(&r, IGB_IMS, IGB_ICR_RXDW);
	assert_int_equal(r.raised[INTX][0], 2);
	rig_close(&r);
}

static void test_msi(void **state)
{
	leat_le16 on = leat_cpu_to_le16(1);
	struct rig r;

	(void)state;
	rig_open(&r, &leat_model_igb, NULL);
	rig_start(&r);
	(void)rig_get(&r, IGB_ICR);
	assert_int_equal(leat_mdev_access(r.mdev, LEAT_MODEL_CONFIG, rig_cap(&r, 5) + 2, &on, 2, true), 0);
	r.raised[MSI][0] = 0;
	rig_set(&r, IGB_IMS, IGB_ICR_TXDW);
	rig_set(&r, IGB_ICS, IGB_ICR_TXDW);
	assert_int_equal(r.raised[MSI][0], 1);
	assert_int_equal(r.raised[INTX][0], 0);
	rig_close(&r);
}

/* 8 ms between two interrupts: the second waits, and comes. */
static void test_throttle(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, &leat_model_igb, NULL);
	rig_start(&r);
	rig_msix(&r);
	rig_set(&r, IGB_EITR(1), IGB_EITR_INTERVAL);
	rig_set(&r, IGB_EIAC, LEAT_BIT(1));
	rig_set(&r, IGB_EIMS, LEAT_BIT(1));
	rig_set(&r, IGB_EICS, LEAT_BIT(1));
	rig_set(&r, IGB_EICS, LEAT_BIT(1));
	rig_run(&r);
	assert_int_equal(r.raised[MSIX][1], 2);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_config),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_aliases),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_widths),
		cmocka_unit_test(test_msix),
		cmocka_unit_test(test_link),
		cmocka_unit_test(test_intx),
		cmocka_unit_test(test_msi),
		cmocka_unit_test(test_throttle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
