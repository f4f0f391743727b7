// SPDX-License-Identifier: BSD-3-Clause
/*
 * igb/irqs.c - interrupts (82576 sections 7.3 and 8.8).
 *
 * With MSI-X receive queues have vectors, each its bit in EICR and EIMS. A vector
 * clears its cause (EIAC) and masks itself (EIAM) when it fires, so that who shares
 * one with other queues has nothing to turn off: it fires once for whoever arms it.
 * Vector 0 is for the link. Otherwise there is one line for all; it fires once, too,
 * until ICR is read, which arming does. Polling costs nothing.
 */
#include "igb.h"

#include <leat/barrier.h>
#include <leat/driver/pci.h>

#include <errno.h>
#include <poll.h>

#define FIRE_MSEC    200
#define RX_CAUSES    (IGB_ICR_RXDW | IGB_ICR_RXDMT0 | IGB_ICR_RXO)

int leat_igb_irqs_open(struct igb *g)
{
	const struct leat_port_config *cfg = &g->port.cfg;
	unsigned int can = LEAT_PCI_CAN(LEAT_INTR_MSIX) | LEAT_PCI_CAN(LEAT_INTR_MSI) |
			   LEAT_PCI_CAN(LEAT_INTR_INTX);

	leat_pci_irqs_close(&g->irqs);
	return leat_pci_irqs_open(&g->irqs, g->port.dev, cfg->intr, can, cfg->rxqs);
}

static uint32_t vector_bit(const struct igb *g, unsigned int queue)
{
	return LEAT_BIT(leat_pci_irqs_vector(&g->irqs, queue));
}

/* Does anybody else wait for what this queue waits for? */
static bool shared(const struct igb *g)
{
	return g->irqs.nvectors - g->irqs.config < g->irqs.nqueues;
}

/* 7.3.1: who gets which vector. Without MSI-X all get bit 0, which nothing asks for. */
static void route(struct igb *g, bool msix)
{
	uint32_t ivar[8] = { 0 }, queues = 0;

	for (unsigned int q = 0; q < g->port.cfg.rxqs; q++) {
		unsigned int v = msix ? leat_pci_irqs_vector(&g->irqs, q) : 0;

		unsigned int hw = igb_hw_queue(g, q);

		ivar[IGB_IVAR_INDEX(hw)] |= (v | IGB_IVAR_VALID) << IGB_IVAR_RX(hw);
		queues |= LEAT_BIT(v);
	}
	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(ivar); i++)
		intel_write(&g->hw, IGB_IVAR(i), ivar[i]);
	intel_write(&g->hw, IGB_IVAR_MISC, msix && g->irqs.config ?
					   IGB_IVAR_VALID << IGB_IVAR_MISC_OTHER : 0);
	if (!msix)
		return;
	intel_write(&g->hw, IGB_EIAC, queues | (g->irqs.config ? LEAT_BIT(0) : 0));
	intel_write(&g->hw, IGB_EIAM, queues);
}

int leat_igb_irqs_on(struct igb *g)
{
	bool msix = g->irqs.kind == LEAT_INTR_MSIX;
	int err = leat_pci_irqs_on(&g->irqs);

	if (err == -ENOTSUP && g->port.cfg.intr == LEAT_INTR_AUTO)
		return 0;		/* nothing can signal us: poll */
	if (err)
		return err;
	intel_write(&g->hw, IGB_GPIE, IGB_GPIE_NSICR |
		    (msix || g->vfs.n ? IGB_GPIE_MSIX | IGB_GPIE_EIAME | IGB_GPIE_PBA : 0));
	for (unsigned int v = 0; v < LEAT_MAX(g->irqs.nvectors, 1u); v++)
		intel_write(&g->hw, IGB_EITR(v), IGB_EITR_USUAL);
	route(g, msix);
	return 0;
}

void leat_igb_irqs_off(struct igb *g)
{
	intel_write(&g->hw, IGB_EIMC, UINT32_MAX);
	intel_write(&g->hw, IGB_IMC, UINT32_MAX);
	leat_pci_irqs_off(&g->irqs);
}

/* ---- sleeping ---- */

static int arm_line(struct igb *g)
{
	(void)intel_read(&g->hw, IGB_ICR);	/* it takes the line back */
	intel_write(&g->hw, IGB_IMS, RX_CAUSES);
	return leat_pci_irqs_rearm(&g->irqs);
}

int leat_igb_rxq_arm(struct leat_rxq *q)
{
	struct igb *g = igb_of(q->port);
	int err = 0;

	if (!g->irqs.on)
		return -ENOTSUP;
	if (g->irqs.kind == LEAT_INTR_MSIX) {
		uint32_t bit = vector_bit(g, q->id);

		if (!shared(g))
			intel_write(&g->hw, IGB_EICR, bit);	/* one left from polling */
		intel_write(&g->hw, IGB_EIMS, bit);
	} else {
		err = arm_line(g);
	}
	if (err)
		return err;
	intel_flush(&g->hw);		/* what comes after this look interrupts */
	return leat_intel_rxq_news(q);
}

void leat_igb_rxq_disarm(struct leat_rxq *q)
{
	struct igb *g = igb_of(q->port);

	if (shared(g))
		return;
	if (g->irqs.kind == LEAT_INTR_MSIX)
		intel_write(&g->hw, IGB_EIMC, vector_bit(g, q->id));
	else
		intel_write(&g->hw, IGB_IMC, RX_CAUSES);
}

/* ---- testing ---- */

/* Has the device fire one vector; its descriptor must become readable. */
static bool fires(struct igb *g, unsigned int v)
{
	struct pollfd p = { .fd = g->irqs.event[v], .events = POLLIN };
	bool fired;

	leat_eventfd_drain(p.fd);
	if (g->irqs.kind == LEAT_INTR_MSIX) {
		intel_write(&g->hw, IGB_EIMS, LEAT_BIT(v));
		intel_write(&g->hw, IGB_EICS, LEAT_BIT(v));
	} else {
		intel_write(&g->hw, IGB_IMS, IGB_ICR_RXDW);
		intel_write(&g->hw, IGB_ICS, IGB_ICR_RXDW);
	}
	fired = poll(&p, 1, FIRE_MSEC) == 1;
	intel_write(&g->hw, IGB_EIMC, UINT32_MAX);
	if (g->irqs.kind != LEAT_INTR_MSIX) {
		intel_write(&g->hw, IGB_IMC, UINT32_MAX);
		(void)intel_read(&g->hw, IGB_ICR);
	}
	leat_eventfd_drain(p.fd);
	return fired && !leat_pci_irqs_rearm(&g->irqs);
}

static void fire_all(struct igb *g, struct leat_self_test *out)
{
	leat_intel_verdict(out, "interrupt", LEAT_TEST_PASSED, "%s", "");
	for (unsigned int v = 0; v < g->irqs.nvectors; v++) {
		if (fires(g, v))
			continue;
		leat_intel_verdict(out, "interrupt", LEAT_TEST_FAILED, "%s vector %u does not arrive",
				   leat_pci_irqs_name(g->irqs.kind), v);
		return;
	}
}

void leat_igb_irqs_test(struct igb *g, int (*on)(struct igb *), void (*off)(struct igb *),
			struct leat_self_test *out)
{
	if (on(g) || !g->irqs.on) {
		leat_intel_verdict(out, "interrupt", LEAT_TEST_SKIPPED, "nothing can signal us");
		return;
	}
	/* Messages are writes to memory, too; the device has no rings to reach for. */
	if (leat_pci_bus_master(g->port.dev, true))
		leat_intel_verdict(out, "interrupt", LEAT_TEST_SKIPPED, "it cannot be bus master");
	else
		fire_all(g, out);
	(void)leat_pci_bus_master(g->port.dev, false);
	off(g);
}
