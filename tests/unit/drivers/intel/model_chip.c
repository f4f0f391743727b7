// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_chip.c - NVM, PHY, link, filters and counters of the models.
 */
#include "drivers/intel/model_chip.h"

#include "drivers/intel/hw.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct bench {
	struct leat_mdev mdev;
	struct intel_chip chip;
	uint32_t	reg[0x8000];
};

static const uint8_t own[6] = { 0x02, 0x11, 0x22, 0x33, 0x44, 0x55 };

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	b->mdev.link_up = true;
	b->chip = (struct intel_chip){ .mdev = &b->mdev, .reg = b->reg, .phy_id = INTEL_PHY_IGP,
				       .rars = 24, .ral2 = 0x54e0, .device = 0x10c9 };
	memcpy(b->chip.mac, own, 6);
	leat_intel_chip_init(&b->chip);
	leat_intel_chip_reset(&b->chip, true);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

static uint16_t nvm(struct intel_chip *c, uint32_t word)
{
	leat_intel_chip_set(c, INTEL_EERD, INTEL_EERD_START | LEAT_PUT(INTEL_EERD_ADDR, word));
	assert_true(leat_intel_chip_get(c, INTEL_EERD) & INTEL_EERD_DONE);
	return (uint16_t)LEAT_GET(INTEL_EERD_DATA, leat_intel_chip_get(c, INTEL_EERD));
}

static void test_nvm(void **state)
{
	struct intel_chip *c = &((struct bench *)*state)->chip;
	uint16_t sum = 0;

	for (uint32_t i = 0; i <= INTEL_NVM_CHECKSUM; i++)
		sum = (uint16_t)(sum + nvm(c, i));
	assert_int_equal(sum, INTEL_NVM_SUM);
	assert_int_equal(nvm(c, 0), 0x1102);
	assert_int_equal(nvm(c, 2), 0x5544);
	assert_int_equal(nvm(c, 0x3fff), 0xffff);
	assert_int_equal(leat_intel_chip_get(c, INTEL_RAL(0)), 0x33221102);
	assert_int_equal(leat_intel_chip_get(c, INTEL_RAH(0)), INTEL_RAH_AV | 0x5544);
}

static uint32_t mdic(struct intel_chip *c, uint32_t op, uint32_t phy, uint32_t n, uint16_t val)
{
	leat_intel_chip_set(c, INTEL_MDIC, LEAT_PUT(INTEL_MDIC_OP, op) | LEAT_PUT(INTEL_MDIC_PHY, phy) |
			    LEAT_PUT(INTEL_MDIC_REG, n) | val);
	return leat_intel_chip_get(c, INTEL_MDIC);
}

static uint16_t phy(struct intel_chip *c, uint32_t n)
{
	uint32_t val = mdic(c, INTEL_MDIC_OP_READ, 1, n, 0);

	assert_int_equal(val & (INTEL_MDIC_READY | INTEL_MDIC_ERROR), INTEL_MDIC_READY);
	return (uint16_t)val;
}

static void test_phy(void **state)
{
	struct intel_chip *c = &((struct bench *)*state)->chip;

	assert_int_equal(phy(c, INTEL_PHY_ID1), 0x02a8);
	assert_true(mdic(c, INTEL_MDIC_OP_READ, 2, 0, 0) & INTEL_MDIC_ERROR);
	assert_true(mdic(c, 0, 1, 0, 0) & INTEL_MDIC_ERROR);

	/* Negotiated: the best that is advertised. */
	leat_intel_chip_set(c, INTEL_CTRL, INTEL_CTRL_SLU);
	assert_true(leat_intel_chip_link(c));
	assert_int_equal(leat_intel_chip_get(c, INTEL_STATUS) &
			 (INTEL_STATUS_LU | INTEL_STATUS_FD | INTEL_STATUS_SPEED),
			 INTEL_STATUS_LU | INTEL_STATUS_FD | 2 << 6);
	mdic(c, INTEL_MDIC_OP_WRITE, 1, INTEL_PHY_1000_CONTROL, 0);
	mdic(c, INTEL_MDIC_OP_WRITE, 1, INTEL_PHY_ADVERTISE, 0x0081);
	assert_int_equal(leat_intel_chip_get(c, INTEL_STATUS) & (INTEL_STATUS_FD | INTEL_STATUS_SPEED),
			 1 << 6);

	/* Pages: what is on others is not there. */
	mdic(c, INTEL_MDIC_OP_WRITE, 1, 20, 0x1234);
	mdic(c, INTEL_MDIC_OP_WRITE, 1, 31, 5 << 5);
	assert_int_equal(phy(c, 20), 0);
	mdic(c, INTEL_MDIC_OP_WRITE, 1, 31, 0);
	assert_int_equal(phy(c, 20), 0x1234);
	mdic(c, INTEL_MDIC_OP_WRITE, 1, INTEL_PHY_CONTROL, INTEL_PHY_CONTROL_RESET);
	assert_int_equal(phy(c, 20), 0);
}

static void test_link(void **state)
{
	struct bench *b = *state;
	struct intel_chip *c = &b->chip;

	leat_intel_chip_set(c, INTEL_CTRL, INTEL_CTRL_SLU);
	assert_true(leat_intel_chip_link(c));
	assert_false(leat_intel_chip_link(c));
	assert_true(phy(c, INTEL_PHY_STATUS) & INTEL_PHY_STATUS_LINK);
	b->mdev.link_up = false;
	assert_true(leat_intel_chip_link(c));
	assert_false(leat_intel_chip_get(c, INTEL_STATUS) & INTEL_STATUS_LU);
	b->mdev.link_up = true;
	assert_true(leat_intel_chip_link(c));
	assert_false(phy(c, INTEL_PHY_STATUS) & INTEL_PHY_STATUS_LINK);	/* latched */
	assert_true(phy(c, INTEL_PHY_STATUS) & INTEL_PHY_STATUS_LINK);
	mdic(c, INTEL_MDIC_OP_WRITE, 1, INTEL_PHY_CONTROL, INTEL_PHY_CONTROL_POWER_DOWN);
	assert_true(leat_intel_chip_link(c));

	assert_false(leat_intel_chip_loops(c));
	mdic(c, INTEL_MDIC_OP_WRITE, 1, INTEL_PHY_CONTROL, INTEL_PHY_CONTROL_LOOPBACK);
	assert_true(leat_intel_chip_loops(c));
}

static void test_semaphore(void **state)
{
	struct intel_chip *c = &((struct bench *)*state)->chip;

	assert_int_equal(leat_intel_chip_get(c, INTEL_SWSM), 0);
	assert_int_equal(leat_intel_chip_get(c, INTEL_SWSM), INTEL_SWSM_SMBI);
	leat_intel_chip_set(c, INTEL_SWSM, 0);
	assert_int_equal(leat_intel_chip_get(c, INTEL_SWSM), 0);
}

static bool accepts(struct intel_chip *c, const uint8_t mac[6], int vid)
{
	struct intel_frame f = { .tagged = vid >= 0, .tag = (uint16_t)(vid & 0xfff) };

	return leat_intel_chip_accepts(c, mac, &f);
}

static void test_filters(void **state)
{
	static const uint8_t other[6] = { 0x02, 0x11, 0x22, 0x33, 0x44, 0x56 };
	static const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	static const uint8_t multi[6] = { 0x01, 0x00, 0x5e, 0x01, 0x02, 0x03 };
	struct intel_chip *c = &((struct bench *)*state)->chip;
	unsigned int bit = leat_intel_mcast_bit(multi);

	assert_true(accepts(c, own, -1));
	assert_false(accepts(c, other, -1));
	assert_false(accepts(c, multi, -1));
	assert_false(accepts(c, broadcast, -1));
	c->reg[(0x54e0 + 8 * 7) / 4] = 0x33221102;		/* the last of them */
	c->reg[(0x54e4 + 8 * 7) / 4] = 0x5644 | INTEL_RAH_AV;
	assert_true(accepts(c, other, -1));

	c->reg[INTEL_MTA(bit / 32) / 4] = UINT32_C(1) << bit % 32;
	assert_true(accepts(c, multi, -1));
	c->reg[INTEL_RCTL / 4] = LEAT_PUT(INTEL_RCTL_MO, 3u);
	assert_false(accepts(c, multi, -1));
	c->reg[INTEL_MTA(0x302 / 32) / 4] = UINT32_C(1) << 0x302 % 32;
	assert_true(accepts(c, multi, -1));

	c->reg[INTEL_RCTL / 4] = INTEL_RCTL_BAM | INTEL_RCTL_VFE;
	assert_true(accepts(c, broadcast, -1));
	assert_false(accepts(c, broadcast, 77));
	c->reg[INTEL_VFTA(77 / 32) / 4] = UINT32_C(1) << 77 % 32;
	assert_true(accepts(c, broadcast, 77));
	assert_false(accepts(c, broadcast, 78));
	memset(c->reg + INTEL_MTA(0) / 4, 0, 4 * INTEL_MTA_SIZE);
	assert_false(accepts(c, multi, -1));
	c->reg[INTEL_RCTL / 4] = INTEL_RCTL_MPE;
	assert_true(accepts(c, multi, -1));
	memset(c->reg + 0x54e0 / 4, 0, 64);
	assert_false(accepts(c, other, -1));
	c->reg[INTEL_RCTL / 4] = INTEL_RCTL_UPE;
	assert_true(accepts(c, other, -1));
}

static void test_counters(void **state)
{
	static const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct intel_chip *c = &((struct bench *)*state)->chip;

	leat_intel_chip_count_rx(c, own, 60);
	leat_intel_chip_count_rx(c, own, 61);
	leat_intel_chip_count_rx(c, broadcast, 123);
	leat_intel_chip_count_rx(c, broadcast, 124);
	leat_intel_chip_count_rx(c, own, 1019);
	leat_intel_chip_count_rx(c, own, 1020);
	assert_int_equal(leat_intel_chip_get(c, INTEL_PRC64), 1);
	assert_int_equal(leat_intel_chip_get(c, INTEL_PRC64), 0);
	assert_int_equal(leat_intel_chip_get(c, INTEL_PRC127), 2);
	assert_int_equal(leat_intel_chip_get(c, INTEL_PRC255), 1);
	assert_int_equal(leat_intel_chip_get(c, INTEL_PRC1023), 1);
	assert_int_equal(leat_intel_chip_get(c, INTEL_PRC1522), 1);
	assert_int_equal(leat_intel_chip_get(c, INTEL_GPRC), 6);
	assert_int_equal(leat_intel_chip_get(c, INTEL_BPRC), 2);
	assert_int_equal(leat_intel_chip_get(c, INTEL_GORC), 60 + 61 + 123 + 124 + 1019 + 1020 + 24);
	assert_int_equal(leat_intel_chip_get(c, INTEL_GORC + 4), 0);
	assert_int_equal(leat_intel_chip_get(c, INTEL_GORC), 0);

	c->reg[INTEL_TOT / 4] = UINT32_MAX;
	c->reg[INTEL_GPTC / 4] = UINT32_MAX;
	leat_intel_chip_count_tx(c, own, 60);
	assert_int_equal(leat_intel_chip_get(c, INTEL_TOT), 63);
	assert_int_equal(leat_intel_chip_get(c, INTEL_TOT + 4), 1);
	assert_int_equal(leat_intel_chip_get(c, INTEL_GPTC), UINT32_MAX);
}

static void test_mac(void **state)
{
	uint8_t a[6], b[6];

	(void)state;
	assert_int_equal(leat_intel_mac_parse("02:00:00:00:00:01", a), 0);
	assert_int_equal(leat_intel_mac_parse("01:00:00:00:00:01", a), -EINVAL);
	assert_int_equal(leat_intel_mac_parse("00:00:00:00:00:00", a), -EINVAL);
	assert_int_equal(leat_intel_mac_parse("02:00:00:00:00:01x", a), -EINVAL);
	leat_intel_mac_default("nic0", a);
	leat_intel_mac_default("nic1", b);
	assert_memory_not_equal(a, b, 6);
	assert_int_equal(a[0], 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nvm, setup, teardown),
		cmocka_unit_test_setup_teardown(test_phy, setup, teardown),
		cmocka_unit_test_setup_teardown(test_link, setup, teardown),
		cmocka_unit_test_setup_teardown(test_semaphore, setup, teardown),
		cmocka_unit_test_setup_teardown(test_filters, setup, teardown),
		cmocka_unit_test_setup_teardown(test_counters, setup, teardown),
		cmocka_unit_test(test_mac),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
