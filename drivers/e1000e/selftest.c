// SPDX-License-Identifier: BSD-3-Clause
/*
 * e1000e/selftest.c - a stopped device tests itself: its registers, an interrupt, a
 * frame that its PHY sends back. It is reset before and after.
 *
 * The loopback has rings of its own, of a few descriptors in one small piece of
 * memory, and polls: of the port's queues nothing is touched.
 */
#include "e1000e.h"

#include <leat/barrier.h>
#include <leat/driver/aspace.h>
#include <leat/driver/pci.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define IRQ_MS	  200
#define FRAME_MS  1000
#define FRAME_LEN 512
#define LINK_USEC 500000
#define ETHERTYPE 0x88b5		/* IEEE 802, for local experiments */

/* The MAC interface's speed when the PHY has no link: page 2, register 21; 6: 1000 Mbit/s. */
#define PHY_PAGE	 22
#define PHY_MAC_CONTROL	 21
#define PHY_MAC_PAGE	 2
#define PHY_MAC_SPEED	 0x0007
#define PHY_MAC_1000	 0x0006

static void verdict(struct leat_self_test *t, enum leat_verdict v, const char *why, ...)
	LEAT_PRINTF(3, 4);

static void verdict(struct leat_self_test *t, enum leat_verdict v, const char *why, ...)
{
	va_list args;

	t->verdict = v;
	va_start(args, why);
	vsnprintf(t->why, sizeof(t->why), why, args);
	va_end(args);
}

/* ---- registers ---- */

static const struct {
	struct intel_reg_mask reg;
	uint32_t	count, stride;
} plain[] = {
	{ { INTEL_FCAL, 0xffffffff }, 1, 0 },
	{ { INTEL_FCAH, 0xffff }, 1, 0 },
	{ { INTEL_FCT, 0xffff }, 1, 0 },
	{ { INTEL_FCTTV, 0xffff }, 1, 0 },
	{ { INTEL_FCRTH, 0xfff8 }, 1, 0 },
	{ { INTEL_TIPG, 0x3fffffff }, 1, 0 },
	{ { E1000E_RDBAL, 0xfffffff0 }, E1000E_QUEUES, 0x100 },
	{ { E1000E_RDBAH, 0xffffffff }, E1000E_QUEUES, 0x100 },
	{ { E1000E_RDLEN, 0x000fff80 }, E1000E_QUEUES, 0x100 },
	{ { E1000E_TDBAL, 0xfffffff0 }, E1000E_QUEUES, 0x100 },
	{ { E1000E_TDBAH, 0xffffffff }, E1000E_QUEUES, 0x100 },
	{ { E1000E_TDLEN, 0x000fff80 }, E1000E_QUEUES, 0x100 },
	{ { INTEL_RAL(0), 0xffffffff }, E1000E_RARS - 1, 8 },
	{ { INTEL_RAH(0), 0x8000ffff }, E1000E_RARS - 1, 8 },
	{ { INTEL_MTA(0), 0xffffffff }, INTEL_MTA_SIZE, 4 },
	{ { INTEL_VFTA(0), 0xffffffff }, INTEL_VFTA_SIZE, 4 },
	{ { INTEL_RSSRK(0), 0xffffffff }, 10, 4 },
};

static int test_registers(struct e1000e *e, struct leat_self_test *t)
{
	for (size_t i = 0; i < LEAT_ARRAY_LEN(plain); i++) {
		struct intel_reg_mask reg = plain[i].reg;

		for (uint32_t k = 0; k < plain[i].count; k++, reg.off += plain[i].stride) {
			leat_intel_test_registers(&e->hw, &reg, 1, t);
			if (t->verdict != LEAT_TEST_PASSED)
				goto out;
		}
	}
out:
	return leat_e1000e_reset(e);
}

/* ---- an interrupt ---- */

static int test_interrupt(struct e1000e *e, struct leat_self_test *t)
{
	int err;

	if (e->irqs.kind == LEAT_INTR_NONE) {
		verdict(t, LEAT_TEST_SKIPPED, "the port has no interrupts");
		return 0;
	}
	/* A message is a write to memory: without mastering the bus there is none. */
	err = leat_pci_bus_master(e->port.dev, true);
	if (err)
		return err;
	err = leat_e1000e_irqs_on(e);
	if (err || !e->irqs.on)
		verdict(t, LEAT_TEST_SKIPPED, "nothing here delivers %s",
				   leat_pci_irqs_name(e->irqs.kind));
	else if (!leat_e1000e_irqs_try(e, IRQ_MS))
		verdict(t, LEAT_TEST_FAILED, "%s was asked for and did not come within "
				   "%u ms", leat_pci_irqs_name(e->irqs.kind), IRQ_MS);
	leat_e1000e_irqs_off(e);
	(void)leat_pci_bus_master(e->port.dev, false);
	return 0;
}

/* ---- loopback ---- */

#define RING 8				/* descriptors: 128 bytes, the least there is (10.2.5.4) */

struct bench {
	union intel_rxd rx[RING];
	struct intel_txd tx[RING];
	uint8_t		out[FRAME_LEN];
	LEAT_ALIGNED(64) uint8_t in[16384];	/* the largest buffer that RCTL can tell of */
};

static void compose(const struct e1000e *e, uint8_t *frame)
{
	memcpy(frame, e->port.mac, 6);
	memcpy(frame + 6, e->port.mac, 6);
	frame[12] = ETHERTYPE >> 8;
	frame[13] = ETHERTYPE & 0xff;
	for (unsigned int i = 14; i < FRAME_LEN; i++)
		frame[i] = (uint8_t)(i * 7 + (i >> 8));
}

/* IEEE 802.3, 22.2.4.1.2, at 1000 Mbit/s; and the chip listens to nobody but us. */
static int loop_phy(struct e1000e *e)
{
	uint16_t mac = 0;
	int err;

	intel_update(&e->hw, INTEL_CTRL, INTEL_CTRL_SPEED,
		     LEAT_PUT(INTEL_CTRL_SPEED, 2u) | INTEL_CTRL_FRCSPD | INTEL_CTRL_FRCDPX |
		     INTEL_CTRL_FD | INTEL_CTRL_SLU);
	err = leat_intel_phy_write(&e->hw, PHY_PAGE, PHY_MAC_PAGE);
	if (!err)
		err = leat_intel_phy_read(&e->hw, PHY_MAC_CONTROL, &mac);
	if (!err)
		err = leat_intel_phy_write(&e->hw, PHY_MAC_CONTROL,
					   (uint16_t)((mac & ~PHY_MAC_SPEED) | PHY_MAC_1000));
	if (!err)
		err = leat_intel_phy_write(&e->hw, PHY_PAGE, 0);
	if (!err)
		err = leat_intel_phy_write(&e->hw, INTEL_PHY_CONTROL, INTEL_PHY_CONTROL_LOOPBACK |
					   INTEL_PHY_CONTROL_DUPLEX | INTEL_PHY_CONTROL_SPEED_HIGH);
	return err;
}

static void ring_up(struct e1000e *e, uint32_t low, leat_iova_t iova, uint32_t bytes)
{
	e1000e_queue_write(e, low, 0, (uint32_t)iova);
	e1000e_queue_write(e, low + 4, 0, (uint32_t)(iova >> 32));
	e1000e_queue_write(e, low + 8, 0, bytes);
	e1000e_queue_write(e, low + 0x10, 0, 0);
	e1000e_queue_write(e, low + 0x18, 0, 0);
}

static void bench_up(struct e1000e *e, struct bench *b, leat_iova_t iova)
{
	intel_write(&e->hw, INTEL_RFCTL, E1000E_RFCTL_EXTEN);
	ring_up(e, E1000E_RDBAL, iova + offsetof(struct bench, rx), sizeof(b->rx));
	ring_up(e, E1000E_TDBAL, iova + offsetof(struct bench, tx), sizeof(b->tx));
	e1000e_queue_write(e, E1000E_TXDCTL, 0, E1000E_TXDCTL_COUNT | E1000E_DCTL_GRAN);
	compose(e, b->out);
	b->rx[0].read.addr = leat_cpu_to_le64(iova + offsetof(struct bench, in));
	b->tx[0] = (struct intel_txd){
		.addr = leat_cpu_to_le64(iova + offsetof(struct bench, out)),
		.cmd = leat_cpu_to_le32(E1000E_TXD_DATA | INTEL_TXD_EOP | INTEL_TXD_IFCS |
					INTEL_TXD_RS | FRAME_LEN),
	};
}

static bool arrives(struct e1000e *e, const struct bench *b, unsigned int ms)
{
	const struct timespec nap = { .tv_nsec = 1000000 };

	for (; ms; ms--) {
		if (leat_le32_to_cpu(LEAT_READ_ONCE(b->rx[0].done.status)) & INTEL_RXD_DD) {
			leat_dma_rmb();
			return true;
		}
		if (e->port.stepped)
			e->port.end->step(e->port.dev);
		nanosleep(&nap, NULL);
	}
	return false;
}

static void exchange(struct e1000e *e, struct bench *b, struct leat_self_test *t)
{
	/* Not an error by itself: the frame tells. */
	(void)leat_mmio_wait32(&e->hw.regs, INTEL_STATUS, INTEL_STATUS_LU, INTEL_STATUS_LU,
			       LINK_USEC);
	leat_e1000e_go(e);
	e1000e_queue_write(e, E1000E_RDT, 0, 1);
	e1000e_queue_write(e, E1000E_TDT, 0, 1);
	if (!arrives(e, b, FRAME_MS))
		verdict(t, LEAT_TEST_FAILED, "a frame that was sent did not come back "
				   "within %u ms", FRAME_MS);
	else if (leat_le32_to_cpu(b->rx[0].done.status) & E1000E_RXD_BAD)
		verdict(t, LEAT_TEST_FAILED, "a frame came back with errors, status 0x%x",
				   leat_le32_to_cpu(b->rx[0].done.status));
	else if (leat_le16_to_cpu(b->rx[0].done.len) != FRAME_LEN ||
		 memcmp(b->in, b->out, FRAME_LEN))
		verdict(t, LEAT_TEST_FAILED, "a frame of %u bytes came back as another, "
				   "of %u", FRAME_LEN, leat_le16_to_cpu(b->rx[0].done.len));
	leat_e1000e_halt(e);
}

static int test_loopback(struct e1000e *e, struct leat_self_test *t)
{
	struct leat_mem mem;
	int err = leat_aspace_alloc(e->port.dev->as, sizeof(struct bench), 4096, &mem);

	if (err)
		return err;
	err = loop_phy(e);
	if (err)
		goto free_mem;
	bench_up(e, mem.va, mem.iova);
	err = leat_pci_bus_master(e->port.dev, true);
	if (err)
		goto free_mem;
	exchange(e, mem.va, t);
	(void)leat_pci_bus_master(e->port.dev, false);
free_mem:
	leat_aspace_free(e->port.dev->as, &mem);
	return err;
}

/* ---- all of them ---- */

static const struct {
	const char	*name;
	int		(*run)(struct e1000e *e, struct leat_self_test *t);
} tests[] = {
	{ "registers", test_registers },
	{ "interrupt", test_interrupt },
	{ "loopback", test_loopback },
};

int leat_e1000e_self_test(struct leat_port *port, struct leat_self_test *out, unsigned int n)
{
	struct e1000e *e = e1000e_of(port);

	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(tests); i++) {
		struct leat_self_test t;
		int err = leat_e1000e_reset(e);

		leat_intel_verdict(&t, tests[i].name, LEAT_TEST_PASSED, "%s", "");
		if (!err)
			err = tests[i].run(e, &t);
		if (err)
			return err;
		if (i < n)
			out[i] = t;
	}
	return leat_e1000e_reset(e) ? -ENODEV : (int)LEAT_ARRAY_LEN(tests);
}
