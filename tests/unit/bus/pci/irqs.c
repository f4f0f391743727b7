// SPDX-License-Identifier: BSD-3-Clause
/*
 * irqs.c - which interrupts are chosen, who gets which vector, how each kind is
 * turned on and off.
 */
#include "fake.h"

#include <leat/ctx.h>
#include <leat/driver/irqs.h>

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define MSIX_CAP 0x40
#define MSI_CAP	 0x60
#define ALL	 (LEAT_PCI_CAN(LEAT_INTR_MSIX) | LEAT_PCI_CAN(LEAT_INTR_MSI) | \
		  LEAT_PCI_CAN(LEAT_INTR_INTX))

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

/* A device with so many vectors of each kind, and the capabilities for them. */
static void make(struct fake_pci *f, unsigned int msix, unsigned int msi, unsigned int intx)
{
	fake_init(f, ctx);
	fake_bar(f, 2, FAKE_BAR_LEN, 0);
	f->dev.irqs[LEAT_IRQ_MSIX] = msix;
	f->dev.irqs[LEAT_IRQ_MSI] = msi;
	f->dev.irqs[LEAT_IRQ_INTX] = intx;
	fake_put16(f, LEAT_PCI_STATUS, LEAT_PCI_STATUS_CAPS);
	f->config[LEAT_PCI_CAPS] = MSIX_CAP;
	f->config[MSIX_CAP] = msix ? LEAT_PCI_CAP_MSIX : LEAT_PCI_CAP_PM;
	f->config[MSIX_CAP + 1] = MSI_CAP;
	fake_put16(f, MSIX_CAP + 2, (uint16_t)(msix ? msix - 1 : 0));
	f->mask[MSIX_CAP + 3] = 0xc0;
	fake_put32(f, MSIX_CAP + 4, 2);
	f->config[MSI_CAP] = msi ? LEAT_PCI_CAP_MSI : LEAT_PCI_CAP_PM;
	f->mask[MSI_CAP + 2] = 1;
}

static bool readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

/* ---- choosing ---- */

static void the_first_that_both_have(void **state)
{
	static const struct {
		unsigned int	msix, msi, intx, can;
		enum leat_intr	asked, kind;
	} cases[] = {
		{ 4, 1, 1, ALL, LEAT_INTR_AUTO, LEAT_INTR_MSIX },
		{ 0, 1, 1, ALL, LEAT_INTR_AUTO, LEAT_INTR_MSI },
		{ 0, 0, 1, ALL, LEAT_INTR_AUTO, LEAT_INTR_INTX },
		{ 0, 0, 0, ALL, LEAT_INTR_AUTO, LEAT_INTR_NONE },
		{ 0, 1, 1, LEAT_PCI_CAN(LEAT_INTR_INTX), LEAT_INTR_AUTO, LEAT_INTR_INTX },
		{ 4, 1, 1, 0, LEAT_INTR_AUTO, LEAT_INTR_NONE },
		{ 4, 1, 1, ALL, LEAT_INTR_MSI, LEAT_INTR_MSI },
		{ 4, 1, 1, ALL, LEAT_INTR_INTX, LEAT_INTR_INTX },
		{ 4, 1, 1, ALL, LEAT_INTR_NONE, LEAT_INTR_NONE },
	};
	struct leat_pci_irqs irqs;
	struct fake_pci f;

	(void)state;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(cases); i++) {
		make(&f, cases[i].msix, cases[i].msi, cases[i].intx);
		assert_int_equal(leat_pci_irqs_open(&irqs, &f.dev, cases[i].asked, cases[i].can, 1), 0);
		assert_int_equal(irqs.kind, cases[i].kind);
		assert_int_equal(f.nirq, 0);
		assert_int_equal(leat_pci_irqs_on(&irqs), 0);
		assert_int_equal(f.nirq, cases[i].kind != LEAT_INTR_NONE);
		assert_int_equal(leat_pci_irqs_fd(&irqs, 0) >= 0, cases[i].kind != LEAT_INTR_NONE);
		leat_pci_irqs_close(&irqs);
		leat_pci_irqs_close(&irqs);
		assert_int_equal(f.nirq, 2 * (cases[i].kind != LEAT_INTR_NONE));
	}
}

static void refuses_by_name(void **state)
{
	struct leat_pci_irqs irqs;
	struct fake_pci f;

	(void)state;
	make(&f, 4, 0, 1);
	assert_int_equal(leat_pci_irqs_open(&irqs, &f.dev, LEAT_INTR_MSI, ALL, 1), -ENOTSUP);
	assert_string_equal(leat_ctx_error(ctx),
			    "fake:0: interrupts: MSI asked for; the device has MSI-X, INTx, the driver "
			    "can use MSI-X, MSI, INTx: ask for one that both have, or leave intr at "
			    "LEAT_INTR_AUTO");
	assert_int_equal(leat_pci_irqs_fd(&irqs, 0), -1);
	leat_pci_irqs_close(&irqs);
	make(&f, 0, 0, 0);
	assert_int_equal(leat_pci_irqs_open(&irqs, &f.dev, LEAT_INTR_INTX,
					    LEAT_PCI_CAN(LEAT_INTR_MSIX), 1), -ENOTSUP);
	assert_non_null(strstr(leat_ctx_error(ctx), "the device has none, the driver can use MSI-X:"));
}

/* ---- vectors ---- */

static void vectors_as_far_as_they_go(void **state)
{
	struct leat_pci_irqs irqs;
	struct fake_pci f;

	(void)state;
	make(&f, 16, 0, 0);		/* plenty */
	assert_int_equal(leat_pci_irqs_open(&irqs, &f.dev, LEAT_INTR_AUTO, ALL, 4), 0);
	assert_true(irqs.config);
	assert_int_equal(irqs.nvectors, 5);
	assert_int_equal(leat_pci_irqs_vector(&irqs, 0), 1);
	assert_int_equal(leat_pci_irqs_vector(&irqs, 3), 4);
	leat_pci_irqs_close(&irqs);

	make(&f, 4, 0, 0);		/* none left for the configuration */
	assert_int_equal(leat_pci_irqs_open(&irqs, &f.dev, LEAT_INTR_AUTO, ALL, 4), 0);
	assert_false(irqs.config);
	assert_int_equal(irqs.nvectors, 4);
	assert_int_equal(leat_pci_irqs_vector(&irqs, 0), 0);
	assert_int_equal(leat_pci_irqs_fd(&irqs, 2), irqs.event[2]);
	leat_pci_irqs_close(&irqs);

	make(&f, 16, 0, 0);		/* the capability says fewer than the backend */
	fake_put16(&f, MSIX_CAP + 2, 1);
	assert_int_equal(leat_pci_irqs_open(&irqs, &f.dev, LEAT_INTR_AUTO, ALL, 1), 0);
	assert_int_equal(irqs.nvectors, 2);
	leat_pci_irqs_close(&irqs);
}

/* Two on one vector: each is woken, whether or not the other has drained. */
static void shared_vectors(void **state)
{
	struct leat_pci_irqs irqs;
	struct fake_pci f;

	(void)state;
	make(&f, 2, 0, 0);
	assert_int_equal(leat_pci_irqs_open(&irqs, &f.dev, LEAT_INTR_AUTO, ALL, 3), 0);
	assert_int_equal(irqs.nvectors, 2);
	assert_int_equal(leat_pci_irqs_event(&irqs, 0), leat_pci_irqs_event(&irqs, 2));
	assert_int_not_equal(leat_pci_irqs_event(&irqs, 0), leat_pci_irqs_event(&irqs, 1));
	for (int i = 0; i < 3; i++) {
		leat_eventfd_signal(irqs.event[0]);
		assert_true(readable(leat_pci_irqs_fd(&irqs, 0)));
		leat_eventfd_tap_drain(leat_pci_irqs_fd(&irqs, 0));
		assert_false(readable(leat_pci_irqs_fd(&irqs, 0)));
		assert_true(readable(leat_pci_irqs_fd(&irqs, 2)));
		assert_false(readable(leat_pci_irqs_fd(&irqs, 1)));
		leat_eventfd_tap_drain(leat_pci_irqs_fd(&irqs, 2));
		assert_false(readable(leat_pci_irqs_fd(&irqs, 2)));
	}
	leat_pci_irqs_close(&irqs);
}

/* ---- on and off ---- */

static void msi(void **state)
{
	struct leat_pci_irqs irqs;
	struct fake_pci f;

	(void)state;
	make(&f, 0, 4, 1);
	assert_int_equal(leat_pci_irqs_open(&irqs, &f.dev, LEAT_INTR_AUTO, ALL, 1), 0);
	assert_int_equal(leat_pci_irqs_on(&irqs), 0);
	assert_int_equal(f.irq[0].index, LEAT_IRQ_MSI);
	assert_int_equal(f.irq[0].count, 1);
	assert_int_equal(f.irq[0].fd, irqs.event[0]);
	assert_int_equal(f.config[MSI_CAP + 2], 1);
	leat_pci_irqs_close(&irqs);
	assert_int_equal(f.config[MSI_CAP + 2], 0);
	assert_int_equal(f.irq[1].count, 0);

	f.dev.owns_msix = true;		/* such a backend writes the capability itself */
	assert_int_equal(leat_pci_irqs_open(&irqs, &f.dev, LEAT_INTR_AUTO, ALL, 1), 0);
	assert_int_equal(leat_pci_irqs_on(&irqs), 0);
	assert_int_equal(f.config[MSI_CAP + 2], 0);
	leat_pci_irqs_close(&irqs);
}

static void intx(void **state)
{
	struct leat_pci_irqs irqs;
	struct fake_pci f;

	(void)state;
	make(&f, 0, 0, 1);
	fake_put16(&f, LEAT_PCI_COMMAND, LEAT_PCI_COMMAND_INTX_OFF | LEAT_PCI_COMMAND_MEM);
	assert_int_equal(leat_pci_irqs_open(&irqs, &f.dev, LEAT_INTR_AUTO, ALL, 1), 0);
	assert_int_equal(leat_pci_irqs_on(&irqs), 0);
	assert_int_equal(leat_pci_read16(&f.dev, LEAT_PCI_COMMAND), LEAT_PCI_COMMAND_MEM);
	assert_int_equal(leat_pci_irqs_rearm(&irqs), 0);	/* never masked: nothing to do */
	assert_int_equal(f.nirq, 1);
	f.dev.irq_flags[LEAT_IRQ_INTX] = LEAT_IRQ_AUTOMASKED;
	assert_int_equal(leat_pci_irqs_rearm(&irqs), 0);
	assert_int_equal(f.nirq, 2);
	assert_int_equal(f.irq[1].action, LEAT_IRQ_UNMASK);
	leat_pci_irqs_close(&irqs);
	assert_int_equal(f.irq[2].count, 0);
}

static void failures(void **state)
{
	struct leat_pci_irqs irqs;
	struct fake_pci f;

	(void)state;
	for (enum leat_intr kind = LEAT_INTR_MSIX; kind <= LEAT_INTR_INTX; kind++) {
		make(&f, 4, 1, 1);
		fake_put16(&f, LEAT_PCI_COMMAND, LEAT_PCI_COMMAND_INTX_OFF);
		assert_int_equal(leat_pci_irqs_open(&irqs, &f.dev, kind, ALL, 1), 0);
		f.irq_err = -EMFILE;
		assert_int_equal(leat_pci_irqs_on(&irqs), -EMFILE);
		assert_false(irqs.on);
		f.irq_err = 0;
		f.write_err = -EPERM;		/* bound, and unbound again */
		assert_int_equal(leat_pci_irqs_on(&irqs), -EPERM);
		assert_true(f.nirq >= 2);
		f.write_err = 0;
		f.nirq = 0;
		leat_pci_irqs_close(&irqs);
		assert_int_equal(f.nirq, 0);
	}
}

/* A device without configuration space: descriptors that somebody else signals. */
static void no_pci_device(void **state)
{
	const unsigned int can = ALL | LEAT_PCI_CAN(LEAT_INTR_EVENT);
	struct leat_pci_irqs irqs;
	struct fake_pci f;

	(void)state;
	make(&f, 4, 1, 1);
	assert_int_equal(leat_pci_irqs_open(&irqs, &f.dev, LEAT_INTR_EVENT, can, 2), -ENOTSUP);
	f.dev.region[LEAT_REGION_CONFIG].size = 0;
	assert_int_equal(leat_pci_irqs_open(&irqs, &f.dev, LEAT_INTR_MSIX, can, 2), -ENOTSUP);
	assert_non_null(strstr(leat_ctx_error(ctx), "the device has eventfds"));
	assert_int_equal(leat_pci_irqs_open(&irqs, &f.dev, LEAT_INTR_AUTO, can, 2), 0);
	assert_int_equal(irqs.kind, LEAT_INTR_EVENT);
	assert_int_equal(irqs.nvectors, 3);
	assert_true(irqs.config);
	assert_int_equal(leat_pci_irqs_on(&irqs), 0);
	assert_true(irqs.on);
	leat_pci_irqs_close(&irqs);
	assert_int_equal(f.nirq, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_that_both_have),
		cmocka_unit_test(refuses_by_name),
		cmocka_unit_test(vectors_as_far_as_they_go),
		cmocka_unit_test(shared_vectors),
		cmocka_unit_test(msi),
		cmocka_unit_test(intx),
		cmocka_unit_test(failures),
		cmocka_unit_test(no_pci_device),
	};

	return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
