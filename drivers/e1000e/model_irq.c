// SPDX-License-Identifier: BSD-3-Clause
/*
 * e1000e/model_irq.c - interrupt causes, masks and vectors (82574 sections 7.4, 10.2.4).
 *
 * A host whose VMM keeps the MSI-X capability to itself does not tell us which kind the driver
 * has chosen: IVAR does, which only drivers with MSI-X program. Without it both
 * other kinds are raised; the one that nobody asked for goes nowhere. Throttling
 * is stored and not done: drivers mask a cause until they have looked.
 */
#include "model.h"

/* Interrupt kinds as VFIO numbers them. */
#define IRQ_INTX 0
#define IRQ_MSI	 1
#define IRQ_MSIX 2

#define IVAR_ENTRY 4
#define IVAR_VALID 8u
#define IVAR_ANY   0x88888u

/* What the fifth vector is for. */
#define OTHER_CAUSES (E1000E_ICR_LSC | E1000E_ICR_RXO | EM_ICR_MDAC | EM_ICR_SRPD | EM_ICR_ACK | \
		      EM_ICR_MNG)

static bool msix(const struct em *v)
{
	return em_get(v, E1000E_IVAR) & IVAR_ANY;
}

uint32_t em_irq_queue(const struct em *v, const struct em_ring *r)
{
	if (!msix(v))
		return 0;
	return r->rx ? E1000E_ICR_RXQ(r->index) : E1000E_ICR_TXQ(r->index);
}

/* 7.4.5: what is signalled is cleared if EIAC says so, and masked, but with IAME. */
static void signal_one(struct em *v, uint32_t cause, unsigned int entry)
{
	uint32_t to = em_get(v, E1000E_IVAR) >> (IVAR_ENTRY * entry) & 0xf;
	uint32_t own = em_get(v, E1000E_EIAC) & cause;

	if ((to & IVAR_VALID) && (to & 7) < E1000E_VECTORS)
		leat_mdev_raise(&v->mdev, IRQ_MSIX, to & 7);
	if (em_get(v, INTEL_CTRL_EXT) & E1000E_CTRL_EXT_EIAME)
		*em_reg(v, E1000E_IAM) &= ~cause;
	*em_reg(v, E1000E_ICR) &= ~own;
	v->told &= ~own;
	if (!(em_get(v, INTEL_CTRL_EXT) & E1000E_CTRL_EXT_IAME))
		*em_reg(v, E1000E_IMS) &= ~own;
}

static void signal_msix(struct em *v, uint32_t news)
{
	static const uint32_t causes[] = {
		E1000E_ICR_RXQ(0), E1000E_ICR_RXQ(1), E1000E_ICR_TXQ(0), E1000E_ICR_TXQ(1),
		E1000E_ICR_OTHER,
	};

	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(causes); i++)
		if (news & causes[i])
			signal_one(v, causes[i], i);
}

static void signal_line(struct em *v, bool was_up)
{
	leat_mdev_raise(&v->mdev, IRQ_MSI, 0);
	if (!was_up && !leat_model_pci_msi_on(&v->pci) && leat_model_pci_intx_on(&v->pci))
		leat_mdev_raise(&v->mdev, IRQ_INTX, 0);
}

void em_irq_update(struct em *v)
{
	uint32_t *icr = em_reg(v, E1000E_ICR), pending, news;
	bool was_up;

	if (msix(v) && (*icr & OTHER_CAUSES))
		*icr |= E1000E_ICR_OTHER;
	pending = *icr & em_get(v, E1000E_IMS);
	v->told &= pending;
	was_up = v->told;
	news = pending & ~v->told;
	v->told |= news;
	if (!news)
		return;
	if (msix(v))
		signal_msix(v, news);
	else
		signal_line(v, was_up);
}

void em_irq_set(struct em *v, uint32_t causes)
{
	*em_reg(v, E1000E_ICR) |= causes & ~E1000E_ICR_ASSERTED;
	em_irq_update(v);
}

/* 10.2.4.7: an acknowledged interrupt masks by itself what IAM says. */
static void auto_mask(struct em *v)
{
	if (em_get(v, INTEL_CTRL_EXT) & E1000E_CTRL_EXT_IAME)
		*em_reg(v, E1000E_IMS) &= ~em_get(v, E1000E_IAM);
}

/* 10.2.4.1: reading clears if something is signalled, or nothing can be. */
uint32_t em_irq_read(struct em *v)
{
	uint32_t icr = em_get(v, E1000E_ICR), ims = em_get(v, E1000E_IMS);
	bool asserted = icr & ims;

	if (asserted)
		auto_mask(v);
	if (asserted || !ims)
		*em_reg(v, E1000E_ICR) = 0;
	em_irq_update(v);
	return asserted ? icr | E1000E_ICR_ASSERTED : icr;
}

void em_irq_ack(struct em *v, uint32_t val)
{
	if (em_get(v, E1000E_ICR) & em_get(v, E1000E_IMS))
		auto_mask(v);
	if (val & E1000E_ICR_OTHER)
		val |= OTHER_CAUSES;
	*em_reg(v, E1000E_ICR) &= ~val;
	em_irq_update(v);
}
