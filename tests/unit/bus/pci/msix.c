// SPDX-License-Identifier: BSD-3-Clause
/*
 * msix.c - MSI-X: capability, mask bits, and a table that is not there.
 */
#include "fake.h"

#include <leat/ctx.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define CAP   0x40
#define TABLE 0x800

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

static void make(struct fake_pci *f, uint32_t table)
{
	fake_init(f, ctx);
	fake_bar(f, 2, FAKE_BAR_LEN, 0);
	f->dev.irqs[LEAT_IRQ_MSIX] = 4;
	fake_put16(f, LEAT_PCI_STATUS, LEAT_PCI_STATUS_CAPS);
	f->config[LEAT_PCI_CAPS] = CAP;
	f->config[CAP] = LEAT_PCI_CAP_MSIX;
	fake_put16(f, CAP + 2, 3 | 0x4000);		/* four entries, all masked */
	f->mask[CAP + 3] = 0xc0;
	fake_put32(f, CAP + 4, table);
	for (unsigned int v = 0; v < 4; v++)
		f->bar[TABLE + 16 * v + 12] = 1;
}

static void binds_enables_unmasks(void **state)
{
	const int fds[] = { 7, -1 };
	struct fake_pci f;

	(void)state;
	make(&f, TABLE | 2);
	assert_int_equal(leat_pci_msix_bind(&f.dev, 1, 2, fds), 0);
	assert_int_equal(f.nirq, 1);
	assert_int_equal(f.irq[0].index, LEAT_IRQ_MSIX);
	assert_int_equal(f.irq[0].action, LEAT_IRQ_TRIGGER);
	assert_int_equal(f.irq[0].start, 1);
	assert_int_equal(f.irq[0].count, 2);
	assert_int_equal(leat_pci_read16(&f.dev, CAP + 2), 3 | 0x8000);
	/* Only the one that got an eventfd. */
	assert_int_equal(f.bar[TABLE + 12], 1);
	assert_int_equal(f.bar[TABLE + 16 + 12], 0);
	assert_int_equal(f.bar[TABLE + 32 + 12], 1);

	leat_pci_msix_off(&f.dev);
	assert_int_equal(leat_pci_read16(&f.dev, CAP + 2), 3);
	assert_int_equal(f.nirq, 2);
	assert_int_equal(f.irq[1].count, 0);
	assert_int_equal(f.irq[1].fd, -2);
}

/* A backend that keeps the table gets the eventfds; neither bit nor table is touched. */
static void leaves_the_table_to_its_owner(void **state)
{
	const int fds[] = { 7, -1 };
	struct fake_pci f;

	(void)state;
	make(&f, TABLE | 2);
	f.dev.owns_msix = true;
	assert_int_equal(leat_pci_msix_bind(&f.dev, 1, 2, fds), 0);
	leat_pci_msix_off(&f.dev);
	assert_int_equal(f.nirq, 2);
	assert_int_equal(f.irq[0].start, 1);
	assert_int_equal(f.irq[0].count, 2);
	assert_int_equal(f.irq[1].count, 0);
	assert_int_equal(f.writes, 0);
	assert_int_equal(f.bar[TABLE + 16 + 12], 1);
}

static void without_msix(void **state)
{
	const int fd = 7;
	struct fake_pci f;

	(void)state;
	make(&f, TABLE | 2);
	f.dev.irqs[LEAT_IRQ_MSIX] = 0;
	assert_int_equal(leat_pci_msix_bind(&f.dev, 0, 1, &fd), -ENOTSUP);
	f.dev.irqs[LEAT_IRQ_MSIX] = 4;
	f.config[CAP] = LEAT_PCI_CAP_PM;
	assert_int_equal(leat_pci_msix_bind(&f.dev, 0, 1, &fd), -ENOTSUP);
	leat_pci_msix_off(&f.dev);
	assert_int_equal(f.nirq, 0);
}

static void vectors_that_are_not_there(void **state)
{
	const int fds[5] = { 7, 7, 7, 7, 7 };
	struct fake_pci f;

	(void)state;
	make(&f, TABLE | 2);
	assert_int_equal(leat_pci_msix_bind(&f.dev, 0, 5, fds), -EINVAL);
	assert_string_equal(leat_ctx_error(ctx),
			    "fake:0: MSI-X: 5 vectors from 0 on asked for, the device has 4");
	assert_int_equal(leat_pci_msix_bind(&f.dev, UINT32_MAX, 2, fds), -EINVAL);
	/* The capability says fewer than the server. */
	fake_put16(&f, CAP + 2, 1);
	assert_int_equal(leat_pci_msix_bind(&f.dev, 2, 1, fds), -EINVAL);
	assert_int_equal(leat_pci_msix_bind(&f.dev, 2, 0, fds), 0);
	assert_int_equal(f.nirq, 0);
}

static void tables_that_are_not_there(void **state)
{
	static const uint32_t where[] = { TABLE | 1, TABLE | 6, TABLE | 7, FAKE_BAR_LEN | 2,
					  (FAKE_BAR_LEN - 8) | 2, 0xfffffff8 | 2 };
	const int fd = 7;
	struct fake_pci f;

	(void)state;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(where); i++) {
		make(&f, where[i]);
		assert_int_equal(leat_pci_msix_bind(&f.dev, 0, 1, &fd), -EPROTO);
		assert_non_null(strstr(leat_ctx_error(ctx), "MSI-X: the table is said to lie at"));
		assert_int_equal(f.nirq, 0);
	}
}

static void failures(void **state)
{
	const int fd = 7;
	struct fake_pci f;

	(void)state;
	make(&f, TABLE | 2);
	f.irq_err = -EMFILE;
	assert_int_equal(leat_pci_msix_bind(&f.dev, 0, 1, &fd), -EMFILE);
	assert_int_equal(leat_pci_read16(&f.dev, CAP + 2), 3 | 0x4000);

	/* The capability cannot be written: the vector is unbound again. */
	make(&f, TABLE | 2);
	f.write_err = -EPERM;
	assert_int_equal(leat_pci_msix_bind(&f.dev, 0, 1, &fd), -EPERM);
	assert_int_equal(f.nirq, 2);
	assert_int_equal(f.irq[1].start, 0);
	assert_int_equal(f.irq[1].fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(binds_enables_unmasks),
		cmocka_unit_test(leaves_the_table_to_its_owner),
		cmocka_unit_test(without_msix),
		cmocka_unit_test(vectors_that_are_not_there),
		cmocka_unit_test(tables_that_are_not_there),
		cmocka_unit_test(failures),
	};

	return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
