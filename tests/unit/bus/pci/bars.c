// SPDX-License-Identifier: BSD-3-Clause
/*
 * bars.c - BARs programmed as a PCI core would.
 */
#include "fake.h"

#include <leat/ctx.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static struct leat_ctx *ctx;

static int open_ctx(void **state)
{
	(void)state;
	return leat_ctx_open(NULL, &ctx);
}

static int close_ctx(void **state)
{
	(void)state;
	leat_ctx_close(ctx);
	return 0;
}

static uint64_t address(const struct fake_pci *f, unsigned int i)
{
	uint32_t low = fake_get32(f, LEAT_PCI_BAR(i));
	uint64_t addr = low & ~(low & LEAT_PCI_BAR_IO ? 0x3u : 0xfu);

	if (!(low & LEAT_PCI_BAR_IO) && (low & LEAT_PCI_BAR_64))
		addr |= (uint64_t)fake_get32(f, LEAT_PCI_BAR(i + 1)) << 32;
	return addr;
}

static uint16_t command(struct fake_pci *f)
{
	return leat_pci_read16(&f->dev, LEAT_PCI_COMMAND);
}

static void assert_apart(const struct fake_pci *f, unsigned int i, unsigned int k)
{
	uint64_t a = address(f, i), b = address(f, k);

	assert_true(a + f->dev.region[i].size <= b || b + f->dev.region[k].size <= a);
}

static void all_kinds(void **state)
{
	struct fake_pci f;

	(void)state;
	fake_init(&f, ctx);
	fake_bar(&f, 0, 0x20000, 0);
	fake_bar(&f, 1, 0x20, LEAT_PCI_BAR_IO);
	fake_bar(&f, 2, 0x4000, LEAT_PCI_BAR_64);
	fake_bar(&f, 4, UINT64_C(8) << 30, LEAT_PCI_BAR_64 | 0x8);
	assert_int_equal(leat_pci_enable(&f.dev), 0);
	assert_int_equal(command(&f), LEAT_PCI_COMMAND_MEM | LEAT_PCI_COMMAND_IO);
	for (unsigned int i = 0; i <= 4; i++) {
		if (i == 3)
			continue;
		assert_int_not_equal(address(&f, i), 0);
		assert_int_equal(address(&f, i) % f.dev.region[i].size, 0);
	}
	assert_in_range(address(&f, 1), 0x1000, 0xffff);
	assert_true(address(&f, 0) < UINT64_C(1) << 32);
	assert_true(address(&f, 4) >= UINT64_C(1) << 32);
	assert_apart(&f, 0, 2);
	assert_apart(&f, 0, 4);
	assert_apart(&f, 2, 4);
}

static void programmed_ones_stay(void **state)
{
	struct fake_pci f;

	(void)state;
	fake_init(&f, ctx);
	fake_bar(&f, 0, 0x1000, 0);
	fake_bar(&f, 1, 0x1000, 0);
	fake_put32(&f, LEAT_PCI_BAR(0), 0xe0000000);
	assert_int_equal(leat_pci_enable(&f.dev), 0);
	assert_int_equal(address(&f, 0), 0xe0000000);
	assert_int_not_equal(address(&f, 1), 0);
	assert_apart(&f, 0, 1);

	/* And when all is done nothing more is written. */
	f.writes = 0;
	assert_int_equal(leat_pci_enable(&f.dev), 0);
	assert_int_equal(f.writes, 0);

	/* Only decoding is missing: only that is added, bits of others are kept. */
	fake_put16(&f, LEAT_PCI_COMMAND, LEAT_PCI_COMMAND_INTX_OFF);
	assert_int_equal(leat_pci_enable(&f.dev), 0);
	assert_int_equal(f.writes, 1);
	assert_int_equal(command(&f), LEAT_PCI_COMMAND_MEM | LEAT_PCI_COMMAND_INTX_OFF);
}

static void a_hardwired_zero_needs_no_address(void **state)
{
	struct fake_pci f;

	(void)state;
	fake_init(&f, ctx);
	f.dev.region[0].size = 0x1000;
	assert_int_equal(leat_pci_enable(&f.dev), 0);
	assert_int_equal(address(&f, 0), 0);
	assert_int_equal(command(&f), LEAT_PCI_COMMAND_MEM);
}

static void a_region_larger_than_its_mask_gets_the_room(void **state)
{
	struct fake_pci f;

	(void)state;
	fake_init(&f, ctx);
	fake_bar(&f, 0, 0x1000, 0);
	fake_bar(&f, 1, 0x1000, 0);
	f.dev.region[0].size = 0x2800;
	assert_int_equal(leat_pci_enable(&f.dev), 0);
	assert_int_equal(address(&f, 0) % 0x4000, 0);
	assert_apart(&f, 0, 1);
}

static void refuse(struct fake_pci *f, int err, const char *why)
{
	assert_int_equal(leat_pci_enable(&f->dev), err);
	assert_non_null(strstr(leat_ctx_error(ctx), why));
	assert_non_null(strstr(leat_ctx_error(ctx), "fake:0: "));
}

static void liars(void **state)
{
	struct fake_pci f;

	(void)state;
	fake_init(&f, ctx);
	fake_bar(&f, 0, 0x1000, 0);
	f.dev.region[0].size = UINT64_C(1) << 33;
	refuse(&f, -EPROTO, "BAR0: no room for the 8589934592 bytes");

	f.dev.region[0].size = UINT64_MAX;
	refuse(&f, -EPROTO, "BAR0: no room");

	fake_init(&f, ctx);
	fake_bar(&f, 5, 0x1000, LEAT_PCI_BAR_64);
	refuse(&f, -EPROTO, "BAR5 says it is 64 bits wide");

	fake_init(&f, ctx);
	fake_bar(&f, 0, 0x1000, LEAT_PCI_BAR_64);
	f.dev.region[1].size = 0x1000;
	refuse(&f, -EPROTO, "BAR0 says it is 64 bits wide");

	/* Its upper address bits are stuck. */
	fake_init(&f, ctx);
	fake_bar(&f, 0, 0x1000, 0);
	f.mask[LEAT_PCI_BAR(0) + 3] = 0;
	refuse(&f, -EPROTO, "does not keep its address");

	fake_init(&f, ctx);
	fake_put16(&f, LEAT_PCI_VENDOR, 0xffff);
	refuse(&f, -ENODEV, "all ones");
}

static void more_than_the_hole_holds(void **state)
{
	struct fake_pci f;

	(void)state;
	fake_init(&f, ctx);
	for (unsigned int i = 0; i < 6; i++)
		fake_bar(&f, i, UINT64_C(1) << 28, 0);
	refuse(&f, -EPROTO, "no room");
}

static void failures_are_passed_on(void **state)
{
	struct fake_pci f;

	(void)state;
	fake_init(&f, ctx);
	fake_bar(&f, 0, 0x1000, 0);
	f.write_err = -EIO;
	refuse(&f, -EIO, "configuration space: 4 bytes at 0x10 cannot be written: Input");
	f.dev.dead = true;
	assert_int_equal(leat_pci_enable(&f.dev), -ENODEV);
	assert_int_equal(leat_pci_bus_master(&f.dev, true), -ENODEV);
}

static void bus_master(void **state)
{
	struct fake_pci f;

	(void)state;
	fake_init(&f, ctx);
	fake_put16(&f, LEAT_PCI_COMMAND, LEAT_PCI_COMMAND_MEM);
	assert_int_equal(leat_pci_bus_master(&f.dev, false), 0);
	assert_int_equal(f.writes, 0);
	assert_int_equal(leat_pci_bus_master(&f.dev, true), 0);
	assert_int_equal(command(&f), LEAT_PCI_COMMAND_MEM | LEAT_PCI_COMMAND_MASTER);
	assert_int_equal(leat_pci_bus_master(&f.dev, false), 0);
	assert_int_equal(command(&f), LEAT_PCI_COMMAND_MEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_kinds),
		cmocka_unit_test(programmed_ones_stay),
		cmocka_unit_test(a_hardwired_zero_needs_no_address),
		cmocka_unit_test(a_region_larger_than_its_mask_gets_the_room),
		cmocka_unit_test(liars),
		cmocka_unit_test(more_than_the_hole_holds),
		cmocka_unit_test(failures_are_passed_on),
		cmocka_unit_test(bus_master),
	};

	return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
