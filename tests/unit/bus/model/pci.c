// SPDX-License-Identifier: BSD-3-Clause
/*
 * pci.c - the configuration space that models present, seen by software that
 * enumerates it. Ids as in vfio_user/server_cases.c.
 */
#include <leat/model_pci.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CFG LEAT_MODEL_CONFIG

struct nic {
	struct leat_mdev mdev;
	struct leat_model_pci pci;
	unsigned int	resets;
};

/* What the next model is made of. */
static struct {
	uint64_t	bar[6], rom;
	struct leat_model_pci_desc desc;
	uint32_t	irqs[3];
	bool		express, flr, ext, msix, modest;
	uint32_t	table, pba;
} plan;

static int nic_init(struct leat_mdev *mdev, const struct leat_model_opt *opts)
{
	struct nic *nic = (struct nic *)mdev;
	uint8_t express[58] = { 0x02, 0x00, 0x01, 0, 0, plan.flr ? 0x10 : 0 };
	uint8_t may[58] = { [6] = 0xff, [7] = 0x7f };
	int err;

	(void)opts;
	for (unsigned int n = 0; n < 6; n++)
		mdev->region[n].size = plan.bar[n];
	mdev->region[6].size = plan.rom;
	memcpy(mdev->irqs, plan.irqs, sizeof(plan.irqs));
	err = leat_model_pci_init(&nic->pci, mdev, &plan.desc);
	if (!err && plan.express)
		err = leat_model_pci_add_cap(&nic->pci, 0x10, express, may, sizeof(express));
	if (err >= 0 && plan.msix)
		err = leat_model_pci_add_msix(&nic->pci, 0, plan.table, plan.pba);
	if (err >= 0 && plan.modest)
		err = leat_model_pci_add_power(&nic->pci);
	if (err >= 0 && plan.modest)
		err = leat_model_pci_add_msi(&nic->pci);
	if (err >= 0 && plan.modest)
		err = leat_model_pci_add_express(&nic->pci, plan.flr);
	if (err >= 0 && plan.ext) {
		err = leat_model_pci_add_ext_cap(&nic->pci, 3, 1, "\1\2\3\4\5\6\7\10", NULL, 8);
		if (err >= 0)
			err = leat_model_pci_add_ext_cap(&nic->pci, 0xb, 1, "vendor", "\377\0\0\0\0",
							 6);
	}
	if (err < 0)
		leat_model_pci_fini(&nic->pci);
	return err < 0 ? err : 0;
}

static void nic_fini(struct leat_mdev *mdev)
{
	leat_model_pci_fini(&((struct nic *)mdev)->pci);
}

static void nic_reset(struct leat_mdev *mdev)
{
	leat_model_pci_reset(&((struct nic *)mdev)->pci);
	((struct nic *)mdev)->resets++;
}

static int nic_access(struct leat_mdev *mdev, unsigned int region, uint64_t off, void *buf,
		      size_t len, bool write)
{
	struct nic *nic = (struct nic *)mdev;

	if (region == CFG)
		return leat_model_pci_config(&nic->pci, off, buf, len, write);
	return leat_model_pci_msix(&nic->pci, region, off, buf, len, write) ? 0 : -EINVAL;
}

static const struct leat_model nic_model = {
	.name = "nic", .size = sizeof(struct nic), .init = nic_init, .fini = nic_fini,
	.reset = nic_reset, .access = nic_access,
};

static bool pending(struct leat_mdev *mdev, unsigned int index, unsigned int vector)
{
	(void)mdev;
	return index == 2 && vector == 65;
}

static const struct leat_model_host host = { .pending = pending };

static struct leat_mdev *make(void)
{
	struct leat_mdev *mdev = NULL;

	assert_int_equal(leat_mdev_create(&nic_model, NULL, NULL, &host, NULL, NULL, &mdev), 0);
	return mdev;
}

static void refuse(int err)
{
	struct leat_mdev *mdev = NULL;

	assert_int_equal(leat_mdev_create(&nic_model, NULL, NULL, &host, NULL, NULL, &mdev), err);
	assert_null(mdev);
}

static int plain(void **state)
{
	(void)state;
	memset(&plan, 0, sizeof(plan));
	plan.desc = (struct leat_model_pci_desc){
		.vendor = 0x8086, .device = 0x10d3, .subvendor = 0x1234, .subdevice = 0x5678,
		.revision = 3, .class_code = 0x020000,
	};
	plan.bar[0] = 0x20000;
	plan.irqs[0] = 1;
	return 0;
}

static uint32_t get(struct leat_mdev *mdev, unsigned int region, uint64_t off, size_t len)
{
	uint32_t val = 0;

	assert_int_equal(leat_mdev_access(mdev, region, off, &val, len, false), 0);
	return val;
}

static void put(struct leat_mdev *mdev, unsigned int region, uint64_t off, uint32_t val, size_t len)
{
	assert_int_equal(leat_mdev_access(mdev, region, off, &val, len, true), 0);
}

static void test_header(void **state)
{
	struct leat_mdev *mdev = make();
	const struct leat_model_pci *pci = &((struct nic *)mdev)->pci;

	(void)state;
	assert_int_equal(mdev->region[CFG].size, 256);
	assert_int_equal(get(mdev, CFG, 0, 4), 0x10d38086);
	assert_int_equal(get(mdev, CFG, 8, 4), 0x02000003);
	assert_int_equal(get(mdev, CFG, 0x2c, 4), 0x56781234);
	assert_int_equal(get(mdev, CFG, 0x3d, 1), 1);
	assert_int_equal(get(mdev, CFG, 6, 2), 0);
	put(mdev, CFG, 0, 0xffffffff, 4);
	put(mdev, CFG, 8, 0xffffffff, 4);
	assert_int_equal(get(mdev, CFG, 0, 4), 0x10d38086);
	assert_int_equal(get(mdev, CFG, 8, 4), 0x02000003);
	put(mdev, CFG, 4, 0xffffffff, 4);
	assert_int_equal(get(mdev, CFG, 4, 4), 0x00000547);
	put(mdev, CFG, 0x3c, 0xffff, 2);
	assert_int_equal(get(mdev, CFG, 0x3c, 2), 0x01ff);
	assert_true(leat_model_pci_master(pci));
	assert_false(leat_model_pci_intx_on(pci));
	leat_mdev_reset(mdev);
	assert_int_equal(get(mdev, CFG, 4, 4), 0);
	assert_false(leat_model_pci_master(pci));
	assert_true(leat_model_pci_intx_on(pci));
	assert_false(leat_model_pci_msix_on(pci));
	leat_mdev_destroy(mdev);
}

/* Write ~0, read the mask, put an address back. */
static uint64_t size_bar(struct leat_mdev *mdev, unsigned int n, bool wide, uint32_t flags)
{
	uint64_t mask;

	put(mdev, CFG, 0x10 + 4 * n, 0xffffffff, 4);
	mask = get(mdev, CFG, 0x10 + 4 * n, 4);
	assert_int_equal(mask & (flags & 1 ? 3 : 0xf), flags);
	mask &= ~(uint64_t)(flags & 1 ? 3 : 0xf);
	if (wide) {
		put(mdev, CFG, 0x14 + 4 * n, 0xffffffff, 4);
		mask |= (uint64_t)get(mdev, CFG, 0x14 + 4 * n, 4) << 32;
	} else {
		mask |= UINT64_C(0xffffffff) << 32;
	}
	return ~mask + 1;
}

/* T05 */
static void test_bar_sizing(void **state)
{
	static const uint64_t wide[] = { 16, 4096, UINT64_C(1) << 31, UINT64_C(4) << 30,
					 UINT64_C(8) << 30, UINT64_C(16) << 30 };
	struct leat_mdev *mdev;

	(void)state;
	plan.bar[1] = 32;
	plan.desc.bar[1] = LEAT_MODEL_BAR_IO;
	plan.desc.bar[4] = LEAT_MODEL_BAR_64 | LEAT_MODEL_BAR_PREFETCH;
	plan.rom = 0x10000;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(wide); i++) {
		plan.bar[4] = wide[i];
		mdev = make();
		assert_true(size_bar(mdev, 4, true, 0xc) == wide[i]);
		assert_true(size_bar(mdev, 0, false, 0) == 0x20000);
		assert_true(size_bar(mdev, 1, false, 1) == 32);
		assert_int_equal(get(mdev, CFG, 0x18, 4), 0);
		put(mdev, CFG, 0x18, 0xffffffff, 4);
		assert_int_equal(get(mdev, CFG, 0x18, 4), 0);	/* no such BAR */
		put(mdev, CFG, 0x30, 0xffffffff, 4);
		assert_int_equal(get(mdev, CFG, 0x30, 4), 0xffff0001);
		put(mdev, CFG, 0x10, 0xfebd1234, 4);
		assert_int_equal(get(mdev, CFG, 0x10, 4), 0xfebc0000);
		leat_mdev_destroy(mdev);
	}
}

static void test_bars_refused(void **state)
{
	static const struct {
		uint64_t size, next;
		uint8_t type;
	} bad[] = {
		{ 4095, 0, 0 }, { 8, 0, 0 }, { 2, 0, LEAT_MODEL_BAR_IO }, { UINT64_C(1) << 32, 0, 0 },
		{ 4096, 4096, LEAT_MODEL_BAR_64 }, { 64, 0, LEAT_MODEL_BAR_64 | LEAT_MODEL_BAR_IO },
	};

	for (size_t i = 0; i < LEAT_ARRAY_LEN(bad); i++) {
		plain(state);
		plan.bar[0] = bad[i].size;
		plan.bar[1] = bad[i].next;
		plan.desc.bar[0] = bad[i].type;
		refuse(-EINVAL);
	}
	plain(state);
	plan.bar[5] = 4096;
	plan.desc.bar[5] = LEAT_MODEL_BAR_64;
	refuse(-EINVAL);
}

static uint32_t find_cap(struct leat_mdev *mdev, uint32_t id)
{
	uint32_t at = get(mdev, CFG, 0x34, 1);

	assert_int_equal(get(mdev, CFG, 6, 2), at ? 0x10 : 0);
	for (int i = 0; at && get(mdev, CFG, at, 1) != id; i++) {
		assert_true(i < 48 && at >= 0x40 && at % 4 == 0);
		at = get(mdev, CFG, at + 1, 1);
	}
	return at;
}

/* T04 */
static void test_flr(void **state)
{
	(void)state;
	plan.express = true;
	for (int declared = 0; declared < 2; declared++) {
		struct leat_mdev *mdev;
		struct nic *nic;
		uint32_t at;

		plan.flr = declared;
		mdev = make();
		nic = (struct nic *)mdev;
		at = find_cap(mdev, 0x10);
		assert_int_not_equal(at, 0);
		assert_int_equal(mdev->region[CFG].size, 4096);
		put(mdev, CFG, 4, 6, 2);
		put(mdev, CFG, at + 8, 0x7fff, 2);
		assert_int_equal(nic->resets, 1);
		put(mdev, CFG, at + 8, 0x8000, 2);
		assert_int_equal(nic->resets, declared ? 2 : 1);
		assert_int_equal(get(mdev, CFG, at + 8, 2) & 0x8000, 0);
		assert_int_equal(get(mdev, CFG, 4, 2), declared ? 0 : 6);
		put(mdev, CFG, at + 9, 0x80, 1);
		put(mdev, CFG, at + 8, 0x80000000, 4);	/* of the status register */
		assert_int_equal(nic->resets, declared ? 3 : 1);
		leat_mdev_destroy(mdev);
	}
}

/* What software may change in them, and what the model hears of it. */
static void test_modest_caps(void **state)
{
	struct leat_mdev *mdev;
	const struct leat_model_pci *pci;
	uint32_t at;

	(void)state;
	plan.modest = true;
	plan.irqs[1] = 4;
	mdev = make();
	pci = &((struct nic *)mdev)->pci;

	at = find_cap(mdev, 0x01);
	assert_int_equal(get(mdev, CFG, at + 2, 2), 2);
	assert_false(leat_model_pci_asleep(pci));
	put(mdev, CFG, at + 4, 0xffff, 2);
	assert_int_equal(get(mdev, CFG, at + 4, 2), 0x0103);
	assert_true(leat_model_pci_asleep(pci));
	put(mdev, CFG, at + 4, 0, 2);
	assert_false(leat_model_pci_asleep(pci));

	at = find_cap(mdev, 0x05);
	assert_int_equal(get(mdev, CFG, at + 2, 2), 0x0084);
	put(mdev, CFG, at + 4, 0xffffffff, 4);
	put(mdev, CFG, at + 12, 0x4021, 2);
	assert_int_equal(get(mdev, CFG, at + 4, 4), 0xfffffffc);
	assert_int_equal(get(mdev, CFG, at + 12, 2), 0x4021);
	assert_false(leat_model_pci_msi_on(pci));
	put(mdev, CFG, at + 2, 0xffff, 2);
	assert_int_equal(get(mdev, CFG, at + 2, 2), 0x00f5);
	assert_true(leat_model_pci_msi_on(pci));
	leat_mdev_reset(mdev);
	assert_false(leat_model_pci_msi_on(pci));
	leat_mdev_destroy(mdev);
}

static void test_express(void **state)
{
	(void)state;
	plan.modest = true;
	plan.irqs[1] = 1;
	for (int declared = 0; declared < 2; declared++) {
		struct leat_mdev *mdev;
		uint32_t at;

		plan.flr = declared;
		mdev = make();
		at = find_cap(mdev, 0x10);
		assert_int_equal(mdev->region[CFG].size, 4096);
		assert_int_equal(get(mdev, CFG, at + 2, 2), 1);
		assert_int_equal(get(mdev, CFG, at + 4, 4) >> 28, declared);
		put(mdev, CFG, at + 8, 0x8000, 2);
		assert_int_equal(((struct nic *)mdev)->resets, declared ? 2 : 1);
		put(mdev, CFG, at + 16, 0x0003, 2);
		assert_int_equal(get(mdev, CFG, at + 16, 4), 0x10110003);
		leat_mdev_destroy(mdev);
	}
}

static void test_msi_refused(void **state)
{
	static const uint32_t wrong[] = { 0, 3, 64 };

	(void)state;
	plan.modest = true;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		plan.irqs[1] = wrong[i];
		refuse(-EINVAL);
	}
}

/* T07 */
static void test_ext_caps(void **state)
{
	struct leat_mdev *mdev;
	uint32_t header, next;

	(void)state;
	plan.ext = true;
	mdev = make();
	assert_int_equal(mdev->region[CFG].size, 4096);
	header = get(mdev, CFG, 0x100, 4);
	assert_int_equal(header & 0xfffff, 0x10003);
	assert_int_equal(get(mdev, CFG, 0x104, 4), 0x04030201);
	next = header >> 20;
	assert_int_equal(next, 0x10c);
	assert_int_equal(get(mdev, CFG, next, 4), 0x1000b);
	put(mdev, CFG, 0x100, 0xffffffff, 4);
	put(mdev, CFG, 0x104, 0xffffffff, 4);
	put(mdev, CFG, next + 4, 0x20202020, 4);
	assert_int_equal(get(mdev, CFG, 0x100, 4), header);
	assert_int_equal(get(mdev, CFG, 0x104, 4), 0x04030201);
	assert_int_equal(get(mdev, CFG, next + 4, 4), 0x646e6520);
	leat_mdev_destroy(mdev);
}

static void test_msix(void **state)
{
	struct leat_mdev *mdev;
	struct nic *nic;
	uint32_t at;

	(void)state;
	plan.msix = plan.express = true;
	plan.irqs[2] = 70;
	plan.table = 0x10000;
	plan.pba = 0x18000;
	mdev = make();
	nic = (struct nic *)mdev;
	at = find_cap(mdev, 0x11);
	assert_int_not_equal(at, 0);
	assert_int_equal(get(mdev, CFG, at + 2, 2), 69);
	assert_int_equal(get(mdev, CFG, at + 4, 4), 0x10000);
	assert_int_equal(get(mdev, CFG, at + 8, 4), 0x18000);
	put(mdev, CFG, at + 2, 0xffff, 2);
	assert_int_equal(get(mdev, CFG, at + 2, 2), 0xc045);
	assert_true(leat_model_pci_msix_on(&nic->pci));

	assert_int_equal(get(mdev, 0, 0x10000 + 69 * 16 + 12, 4), 1);
	put(mdev, 0, 0x10000 + 69 * 16, 0xfee00000, 4);
	put(mdev, 0, 0x10000 + 69 * 16 + 12, 0xfffffffe, 4);
	assert_int_equal(get(mdev, 0, 0x10000 + 69 * 16, 4), 0xfee00000);
	assert_int_equal(get(mdev, 0, 0x10000 + 69 * 16 + 12, 4), 0);
	assert_int_equal(get(mdev, 0, 0x18000, 4), 0);
	put(mdev, 0, 0x18008, 0, 4);
	assert_int_equal(get(mdev, 0, 0x18008, 4), 2);	/* vector 65 */

	/* Its neighbours are the model's own. */
	assert_false(leat_model_pci_msix(&nic->pci, 0, 0xfff8, &at, 4, false));
	assert_false(leat_model_pci_msix(&nic->pci, 0, 0x10000 + 70 * 16, &at, 4, false));
	assert_false(leat_model_pci_msix(&nic->pci, 0, 0x18010, &at, 4, false));
	assert_false(leat_model_pci_msix(&nic->pci, 1, 0x10000, &at, 4, false));
	leat_mdev_reset(mdev);
	assert_int_equal(get(mdev, 0, 0x10000 + 69 * 16, 4), 0);
	assert_int_equal(get(mdev, 0, 0x10000 + 69 * 16 + 12, 4), 1);
	assert_false(leat_model_pci_msix_on(&nic->pci));
	leat_mdev_destroy(mdev);
}

static void test_msix_refused(void **state)
{
	static const struct {
		uint32_t nvec, table, pba;
	} bad[] = {
		{ 0, 0, 0x8000 }, { 2049, 0, 0x10000 }, { 4, 0x1ffd0, 0 }, { 4, 4, 0x8000 },
		{ 65, 0, 0x1fff8 }, { 1, 0xfffffff8, 0 },
	};

	for (size_t i = 0; i < LEAT_ARRAY_LEN(bad); i++) {
		plain(state);
		plan.msix = true;
		plan.irqs[2] = bad[i].nvec;
		plan.table = bad[i].table;
		plan.pba = bad[i].pba;
		refuse(-EINVAL);
	}
}

/* A list that is full says so. */
static void test_full(void **state)
{
	static const char body[4096];
	struct leat_mdev *mdev = make();
	struct leat_model_pci *pci = &((struct nic *)mdev)->pci;
	int n = 0;

	(void)state;
	assert_int_equal(leat_model_pci_add_cap(pci, 9, body, NULL, 191), -ENOSPC);
	while (leat_model_pci_add_cap(pci, 9, body, body, 6) > 0)
		n++;
	assert_int_equal(n, 24);
	assert_int_equal(leat_model_pci_add_cap(pci, 9, body, NULL, 0), -ENOSPC);
	assert_int_equal(leat_model_pci_add_ext_cap(pci, 1, 1, body, NULL, 4096), -ENOSPC);
	assert_int_equal(leat_model_pci_add_ext_cap(pci, 1, 1, body, NULL, 3836), 0x100);
	assert_int_equal(leat_model_pci_add_ext_cap(pci, 1, 1, body, NULL, 0), -ENOSPC);
	leat_mdev_destroy(mdev);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_header, plain),
		cmocka_unit_test_setup(test_bar_sizing, plain),
		cmocka_unit_test_setup(test_bars_refused, plain),
		cmocka_unit_test_setup(test_flr, plain),
		cmocka_unit_test_setup(test_modest_caps, plain),
		cmocka_unit_test_setup(test_express, plain),
		cmocka_unit_test_setup(test_msi_refused, plain),
		cmocka_unit_test_setup(test_ext_caps, plain),
		cmocka_unit_test_setup(test_msix, plain),
		cmocka_unit_test_setup(test_msix_refused, plain),
		cmocka_unit_test_setup(test_full, plain),
	};

	return cmocka_run_group_tests_name("bus/model/pci", tests, NULL, NULL);
}
