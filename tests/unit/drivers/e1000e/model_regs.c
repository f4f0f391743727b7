// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_regs.c - the 82574 model as software finds it: on the bus, reset, its memory and PHY,
 * counters, and interrupts of all three kinds.
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

#define CFG LEAT_MODEL_CONFIG

static uint16_t nvm(struct rig *r, uint32_t word)
{
	rig_set(r, INTEL_EERD, LEAT_PUT(INTEL_EERD_ADDR, word) | INTEL_EERD_START);
	assert_true(rig_get(r, INTEL_EERD) & INTEL_EERD_DONE);
	return (uint16_t)LEAT_GET(INTEL_EERD_DATA, rig_get(r, INTEL_EERD));
}

static uint32_t mdic(uint32_t op, uint32_t reg)
{
	return LEAT_PUT(INTEL_MDIC_OP, op) | LEAT_PUT(INTEL_MDIC_PHY, 1u) | LEAT_PUT(INTEL_MDIC_REG, reg);
}

static uint16_t phy(struct rig *r, uint32_t reg)
{
	rig_set(r, INTEL_MDIC, mdic(INTEL_MDIC_OP_READ, reg));
	assert_int_equal(rig_get(r, INTEL_MDIC) & (INTEL_MDIC_READY | INTEL_MDIC_ERROR),
			 INTEL_MDIC_READY);
	return (uint16_t)rig_get(r, INTEL_MDIC);
}

static void phy_set(struct rig *r, uint32_t reg, uint16_t val)
{
	rig_set(r, INTEL_MDIC, mdic(INTEL_MDIC_OP_WRITE, reg) | val);
}

static void test_bus(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	assert_int_equal(rig_read(&r, CFG, 0, 4), 0x10d38086);
	assert_int_equal(rig_read(&r, CFG, 8, 4) >> 8, 0x020000);
	rig_write(&r, CFG, 0x10, UINT32_MAX, 4);
	rig_write(&r, CFG, 0x18, UINT32_MAX, 4);
	rig_write(&r, CFG, 0x1c, UINT32_MAX, 4);
	assert_int_equal(rig_read(&r, CFG, 0x10, 4), 0xfffe0000);
	assert_int_equal(rig_read(&r, CFG, 0x18, 4), 0xffffffe1);
	assert_int_equal(rig_read(&r, CFG, 0x1c, 4), 0xffffc000);
	assert_int_equal(rig_read(&r, CFG, rig_cap(&r, LEAT_PCI_CAP_MSIX) + 2, 2), 4);
	rig_cap(&r, 0x01);
	rig_cap(&r, 0x05);
	rig_cap(&r, 0x10);
	assert_int_equal(rig_read(&r, 1, 0x100, 4), UINT32_MAX);	/* erased flash */
	assert_int_equal(rig_read(&r, 3, 12, 4), 1);			/* a vector, masked */
	rig_close(&r);
}

/* Registers through I/O space, those in the mapped pages too. */
static void test_io_window(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_write(&r, 2, 0, INTEL_VET, 4);
	rig_write(&r, 2, 4, 0x88a8, 4);
	assert_int_equal(rig_get(&r, INTEL_VET), 0x88a8);
	rig_write(&r, 2, 0, E1000E_RDBAL, 4);
	rig_write(&r, 2, 4, 0x1000, 4);
	assert_int_equal(rig_read(&r, 2, 0, 4), E1000E_RDBAL);
	assert_int_equal(rig_read(&r, 2, 4, 4), 0x1000);
	assert_int_equal(rig_get(&r, E1000E_RDBAL), 0x1000);
	rig_write(&r, 2, 0, E1000E_BAR0_SIZE, 4);
	rig_write(&r, 2, 4, 1, 4);
	assert_int_equal(rig_read(&r, 2, 4, 4), 0);
	rig_close(&r);
}

static void test_reset(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, &(struct leat_model_opt[]){ { "mac", "02:11:22:33:44:55" }, { NULL, NULL } }[0]);
	rig_start(&r);
	rig_set(&r, INTEL_RAL(0), 0x12345678);
	rig_set(&r, E1000E_IMS, E1000E_ICR_LSC);
	rig_set(&r, INTEL_CTRL, rig_get(&r, INTEL_CTRL) | INTEL_CTRL_RST);
	assert_int_equal(rig_get(&r, INTEL_CTRL) & INTEL_CTRL_RST, 0);
	assert_int_equal(rig_get(&r, INTEL_RAL(0)), 0x33221102);
	assert_int_equal(rig_get(&r, INTEL_RAH(0)), INTEL_RAH_AV | 0x5544);
	assert_int_equal(rig_get(&r, INTEL_RCTL), 0);
	assert_int_equal(rig_get(&r, E1000E_IMS), 0);
	assert_int_equal(rig_get(&r, E1000E_RDBAL), 0);
	assert_int_equal(rig_get(&r, E1000E_RDLEN), 0);
	assert_true(rig_get(&r, INTEL_EECD) & INTEL_EECD_AUTO_RD);
	assert_false(leat_wire_ready(&r.wire->wire));
	rig_close(&r);
}

static void test_options(void **state)
{
	static const char *const wrong[] = { "", "02:00:00:00:00", "01:00:00:00:00:01",
					     "00:00:00:00:00:00", "02:00:00:00:00:01x" };
	static const struct leat_model_host silent = { .raise = NULL };
	struct leat_mdev *mdev;

	(void)state;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(wrong); i++) {
		const struct leat_model_opt opts[] = { { "mac", wrong[i] }, { NULL, NULL } };

		assert_int_equal(leat_mdev_create(&leat_model_e1000e, opts, "nic", &silent, NULL,
						  NULL, &mdev), -EINVAL);
	}
	assert_int_equal(leat_mdev_create(&leat_model_e1000e,
					  &(struct leat_model_opt[]){ { "mtu", "9000" }, { NULL, NULL } }[0],
					  "nic", &silent, NULL, NULL, &mdev), -EINVAL);
}

static void test_nvm(void **state)
{
	struct rig r;
	uint16_t sum = 0;

	(void)state;
	rig_open(&r, &(struct leat_model_opt[]){ { "mac", "02:11:22:33:44:55" }, { NULL, NULL } }[0]);
	for (uint32_t i = 0; i <= INTEL_NVM_CHECKSUM; i++)
		sum = (uint16_t)(sum + nvm(&r, i));
	assert_int_equal(sum, INTEL_NVM_SUM);
	assert_int_equal(nvm(&r, 0), 0x1102);
	assert_int_equal(nvm(&r, 2), 0x5544);
	assert_int_equal(nvm(&r, 0x3fff), 0xffff);
	rig_close(&r);
}

/* What Linux's driver looks for before it believes in a PHY. */
static void test_phy_and_link(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	assert_int_equal(phy(&r, INTEL_PHY_ID1), 0x0141);
	assert_int_equal(phy(&r, INTEL_PHY_ID2), 0x0cb1);
	assert_true(phy(&r, INTEL_PHY_STATUS) & INTEL_PHY_STATUS_LINK);
	assert_true(rig_get(&r, INTEL_STATUS) & INTEL_STATUS_LU);
	rig_set(&r, INTEL_MDIC, (mdic(INTEL_MDIC_OP_READ, 2) & ~INTEL_MDIC_PHY) |
				LEAT_PUT(INTEL_MDIC_PHY, 2u));
	assert_true(rig_get(&r, INTEL_MDIC) & INTEL_MDIC_ERROR);

	(void)rig_get(&r, E1000E_ICR);
	r.wire->up = false;
	leat_mdev_step(r.mdev);
	assert_int_equal(rig_get(&r, E1000E_ICR), E1000E_ICR_LSC);
	assert_false(rig_get(&r, INTEL_STATUS) & INTEL_STATUS_LU);
	r.wire->up = true;
	leat_mdev_step(r.mdev);
	assert_true(rig_get(&r, INTEL_STATUS) & INTEL_STATUS_LU);
	assert_false(phy(&r, INTEL_PHY_STATUS) & INTEL_PHY_STATUS_LINK);	/* latched */
	assert_true(phy(&r, INTEL_PHY_STATUS) & INTEL_PHY_STATUS_LINK);

	phy_set(&r, INTEL_PHY_CONTROL, INTEL_PHY_CONTROL_POWER_DOWN);
	assert_false(rig_get(&r, INTEL_STATUS) & INTEL_STATUS_LU);
	(void)rig_get(&r, E1000E_ICR);
	phy_set(&r, INTEL_PHY_CONTROL, INTEL_PHY_CONTROL_AUTONEG | INTEL_PHY_CONTROL_RESTART);
	assert_true(rig_get(&r, INTEL_STATUS) & INTEL_STATUS_LU);
	assert_int_equal(rig_get(&r, E1000E_ICR), E1000E_ICR_LSC);
	assert_false(phy(&r, INTEL_PHY_CONTROL) & INTEL_PHY_CONTROL_RESTART);
	rig_close(&r);
}

/* 9.3: register 22 chooses the page, and is on each of them. */
static void test_phy_pages(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	phy_set(&r, 16, 0x0360);
	phy_set(&r, 22, 3);
	phy_set(&r, 16, 0x1234);
	assert_int_equal(phy(&r, 22), 3);
	assert_int_equal(phy(&r, INTEL_PHY_ID1), 0x0141);
	phy_set(&r, 22, 0);
	assert_int_equal(phy(&r, 16), 0x0360);
	rig_close(&r);
}

/* D3hot and back: as after a reset; asleep it takes nothing. */
static void test_sleep(void **state)
{
	struct rig r;
	uint32_t at;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r);
	at = rig_cap(&r, 0x01) + 4;
	assert_true(leat_wire_ready(&r.wire->wire));
	rig_write(&r, CFG, at, 3, 2);
	assert_false(leat_wire_ready(&r.wire->wire));
	assert_int_not_equal(rig_get(&r, INTEL_RCTL), 0);
	rig_write(&r, CFG, at, 0, 2);
	assert_int_equal(rig_get(&r, INTEL_RCTL), 0);
	rig_start(&r);
	assert_true(leat_wire_ready(&r.wire->wire));
	rig_write(&r, CFG, LEAT_PCI_COMMAND, LEAT_PCI_COMMAND_MEM, 2);
	assert_false(leat_wire_ready(&r.wire->wire));
	rig_close(&r);
}

static void test_widths(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_set(&r, INTEL_RAL(1), 0x44332211);
	rig_set(&r, INTEL_RAH(1), 0x88776655);
	assert_int_equal(rig_read(&r, 0, INTEL_RAL(1) + 1, 1), 0x22);
	assert_int_equal(rig_read(&r, 0, INTEL_RAL(1) + 2, 2), 0x4433);
	assert_true(rig_read(&r, 0, INTEL_RAL(1), 8) == UINT64_C(0x8877665544332211));
	rig_write(&r, 0, INTEL_RAL(1), 0, 1);
	assert_int_equal(rig_get(&r, INTEL_RAL(1)), 0x44332211);
	rig_write(&r, 0, INTEL_RAL(1), 5, 8);
	assert_int_equal(rig_get(&r, INTEL_RAL(1)), 5);
	assert_int_equal(rig_get(&r, INTEL_RAH(1)), 0);
	rig_close(&r);
}

static void test_counters(void **state)
{
	unsigned char f[1514];
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r);
	rig_post(&r, 0, 8);
	rig_fill(f, sizeof(f), 1);
	assert_true(rig_deliver(&r, f, 60));
	assert_true(rig_deliver(&r, f, sizeof(f)));
	assert_int_equal(rig_get(&r, INTEL_GPRC), 2);
	assert_int_equal(rig_get(&r, INTEL_GPRC), 0);
	assert_int_equal(rig_get(&r, INTEL_BPRC), 2);
	assert_int_equal(rig_get(&r, INTEL_PRC64), 1);
	assert_int_equal(rig_get(&r, INTEL_PRC1522), 1);
	assert_int_equal(rig_get(&r, INTEL_GORC), 64 + 1518);
	assert_int_equal(rig_get(&r, INTEL_GORC + 4), 0);
	assert_int_equal(rig_get(&r, INTEL_GORC), 0);
	rig_set(&r, INTEL_GPRC, 7);
	assert_int_equal(rig_get(&r, INTEL_GPRC), 0);
	rig_close(&r);
}

/* ---- interrupts ---- */

static void test_line(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_set(&r, E1000E_ICS, E1000E_ICR_RXT0);
	assert_int_equal(r.raised[0][0], 0);
	rig_set(&r, E1000E_IMS, E1000E_ICR_RXT0 | E1000E_ICR_LSC);
	assert_int_equal(r.raised[0][0], 1);		/* it waited */
	assert_int_equal(r.raised[1][0], 1);		/* MSI, if anybody listens */
	rig_set(&r, E1000E_ICS, E1000E_ICR_LSC);
	assert_int_equal(r.raised[0][0], 1);		/* the line is up */
	assert_int_equal(rig_get(&r, E1000E_ICR),
			 E1000E_ICR_ASSERTED | E1000E_ICR_RXT0 | E1000E_ICR_LSC);
	assert_int_equal(rig_get(&r, E1000E_ICR), 0);
	rig_set(&r, E1000E_ICS, E1000E_ICR_LSC);
	assert_int_equal(r.raised[0][0], 2);
	rig_set(&r, E1000E_IMC, E1000E_ICR_LSC);
	assert_int_equal(rig_get(&r, E1000E_ICR), E1000E_ICR_LSC);	/* not signalled: stays... */
	assert_int_equal(rig_get(&r, E1000E_ICR), E1000E_ICR_LSC);
	rig_set(&r, E1000E_ICR, E1000E_ICR_LSC);			/* ...until it is acknowledged */
	assert_int_equal(rig_get(&r, E1000E_ICR), 0);
	assert_int_equal(r.raised[2][0], 0);
	rig_close(&r);
}

static void test_auto_mask(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_set(&r, E1000E_IAM, E1000E_ICR_RXT0);
	rig_set(&r, INTEL_CTRL_EXT, E1000E_CTRL_EXT_IAME);
	rig_set(&r, E1000E_IMS, E1000E_ICR_RXT0 | E1000E_ICR_LSC);
	rig_set(&r, E1000E_ICS, E1000E_ICR_RXT0);
	assert_true(rig_get(&r, E1000E_ICR) & E1000E_ICR_ASSERTED);
	assert_int_equal(rig_get(&r, E1000E_IMS), E1000E_ICR_LSC);
	rig_close(&r);
}

/* As Linux's driver does it: each cause clears and masks itself when it is signalled. */
static void test_msix(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_set(&r, E1000E_IVAR, E1000E_IVAR_RXQ(0, 0u) | E1000E_IVAR_TXQ(0, 1u) |
				 E1000E_IVAR_RXQ(1, 3u) | E1000E_IVAR_OTHER(2u));
	rig_set(&r, E1000E_EIAC, E1000E_ICR_RXQ(0) | E1000E_ICR_TXQ(0));
	rig_set(&r, E1000E_IMS, E1000E_ICR_RXQ(0) | E1000E_ICR_RXQ(1) | E1000E_ICR_TXQ(0) |
				E1000E_ICR_OTHER);
	rig_set(&r, E1000E_ICS, E1000E_ICR_RXQ(0) | E1000E_ICR_LSC);
	assert_int_equal(r.raised[2][0], 1);
	assert_int_equal(r.raised[2][2], 1);
	assert_int_equal(r.raised[2][1], 0);
	assert_int_equal(r.raised[0][0] + r.raised[1][0], 0);
	assert_int_equal(rig_get(&r, E1000E_IMS),
			 E1000E_ICR_RXQ(1) | E1000E_ICR_TXQ(0) | E1000E_ICR_OTHER);
	rig_set(&r, E1000E_ICS, E1000E_ICR_RXQ(0));	/* masked: waits */
	assert_int_equal(r.raised[2][0], 1);
	rig_set(&r, E1000E_IMS, E1000E_ICR_RXQ(0));
	assert_int_equal(r.raised[2][0], 2);
	rig_set(&r, E1000E_ICS, E1000E_ICR_RXQ(1));	/* clears nothing by itself: once */
	rig_set(&r, E1000E_ICS, E1000E_ICR_RXQ(1));
	assert_int_equal(r.raised[2][3], 1);
	rig_set(&r, E1000E_ICR, E1000E_ICR_RXQ(1));
	rig_set(&r, E1000E_ICS, E1000E_ICR_RXQ(1));
	assert_int_equal(r.raised[2][3], 2);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bus),	   cmocka_unit_test(test_io_window),
		cmocka_unit_test(test_reset),	   cmocka_unit_test(test_options),
		cmocka_unit_test(test_nvm),	   cmocka_unit_test(test_phy_and_link),
		cmocka_unit_test(test_phy_pages),
		cmocka_unit_test(test_sleep),	   cmocka_unit_test(test_widths),
		cmocka_unit_test(test_counters),   cmocka_unit_test(test_line),
		cmocka_unit_test(test_auto_mask),  cmocka_unit_test(test_msix),
	};

	return cmocka_run_group_tests_name("drivers/e1000e/model_regs", tests, NULL, NULL);
}
