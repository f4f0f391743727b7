// SPDX-License-Identifier: BSD-3-Clause
/*
 * igb/model_irq.c - causes, masks and messages (82576, 7.3 and 8.8).
 *
 * With MSI-X each bit of EICR is a vector: it speaks when the bit and its mask come
 * together, once; EIAC takes the bit back then, EIAM the mask. Without, the causes of ICR
 * and EICR together are a level, which asserts INTx or sends the one MSI. A VF has the
 * first half only.
 */
#include "model.h"

#include <leat/clock.h>

/* Interrupt kinds as VFIO numbers them. */
#define IRQ_INTX	0
#define IRQ_MSI		1
#define IRQ_MSIX	2

static uint32_t *reg(struct igbm *n, uint32_t off)
{
	return &n->reg[off / 4];
}

static bool has_msix(struct igbm *n)
{
	return n->vf || (*reg(n, IGB_GPIE) & IGB_GPIE_MSIX);
}

static uint32_t bits_of_eicr(struct igbm *n)
{
	if (has_msix(n))
		return (1u << n->vectors) - 1;
	return IGB_EICR_QUEUES | IGB_EICR_TIMER | IGB_EICR_OTHER;
}

void igbm_irq_reset(struct igbm *n)
{
	n->told = 0;
	n->line = n->waiting = false;
	memset(n->next_ns, 0, sizeof(n->next_ns));
}

/* EITR: not more often than every so many microseconds. False: not yet. */
static bool may_speak(struct igbm *n, unsigned int vector)
{
	uint32_t us = LEAT_GET(IGB_EITR_INTERVAL, *reg(n, IGB_EITR(vector)));
	uint64_t now;

	if (!us)
		return true;
	now = leat_now_ns();
	if (now < n->next_ns[vector]) {
		n->waiting = true;
		return false;
	}
	n->next_ns[vector] = now + us * UINT64_C(1000);
	return true;
}

static void speak(struct igbm *n, unsigned int vector)
{
	uint32_t bit = 1u << vector;

	n->told |= bit;
	if (*reg(n, IGB_EIAC) & bit)
		*reg(n, IGB_EICR) &= ~bit;
	if ((n->vf || (*reg(n, IGB_GPIE) & IGB_GPIE_EIAME)) && (*reg(n, IGB_EIAM) & bit))
		*reg(n, IGB_EIMS) &= ~bit;
	leat_mdev_raise(&n->mdev, IRQ_MSIX, vector);
}

static void look_msix(struct igbm *n)
{
	uint32_t due;

	n->told &= *reg(n, IGB_EICR) & *reg(n, IGB_EIMS);
	due = *reg(n, IGB_EICR) & *reg(n, IGB_EIMS) & ~n->told;
	for (unsigned int v = 0; due && v < n->vectors; v++)
		if ((due >> v & 1) && may_speak(n, v))
			speak(n, v);
	n->told &= *reg(n, IGB_EICR) & *reg(n, IGB_EIMS);
}

static void look_line(struct igbm *n)
{
	bool level = (*reg(n, IGB_ICR) & *reg(n, IGB_IMS)) || (*reg(n, IGB_EICR) & *reg(n, IGB_EIMS));

	if (!level) {
		n->line = false;
		return;
	}
	if (n->line || !may_speak(n, 0))
		return;
	n->line = true;
	/* A host whose VMM keeps the capabilities to itself knows which of them is in use. */
	leat_mdev_raise(&n->mdev, IRQ_MSI, 0);
	if (!leat_model_pci_msi_on(&n->pci) && leat_model_pci_intx_on(&n->pci))
		leat_mdev_raise(&n->mdev, IRQ_INTX, 0);
}

void igbm_irq_look(struct igbm *n)
{
	n->waiting = false;
	if (has_msix(n))
		look_msix(n);
	else
		look_line(n);
}

/* A vector from IVAR or its like. */
static void cause(struct igbm *n, uint32_t entry)
{
	unsigned int vector = entry & 0x1f;

	if (entry & IGB_IVAR_VALID)
		*reg(n, IGB_EICR) |= (1u << vector) & bits_of_eicr(n);
}

static uint32_t ivar(struct igbm *n, const struct igbm_ring *q)
{
	uint32_t i = q->index;

	if (n->vf)
		return *reg(n, IGB_VTIVAR) >> (16 * i + (q->tx ? 8 : 0)) & 0xff;
	return *reg(n, IGB_IVAR(IGB_IVAR_INDEX(i))) >> (q->tx ? IGB_IVAR_TX(i) : IGB_IVAR_RX(i)) & 0xff;
}

void igbm_irq_ring(struct igbm *n, const struct igbm_ring *q)
{
	cause(n, ivar(n, q));
	if (!has_msix(n))
		*reg(n, IGB_ICR) |= q->tx ? IGB_ICR_TXDW : IGB_ICR_RXDW;
	igbm_irq_look(n);
}

void igbm_irq_other(struct igbm *n, uint32_t causes)
{
	uint32_t fresh;

	if (n->vf) {
		cause(n, *reg(n, IGB_VTIVAR_MISC) & 0xff);
		igbm_irq_look(n);
		return;
	}
	fresh = causes & *reg(n, IGB_IMS) & ~*reg(n, IGB_ICR);
	*reg(n, IGB_ICR) |= causes;
	if (fresh && has_msix(n))
		cause(n, *reg(n, IGB_IVAR_MISC) >> IGB_IVAR_MISC_OTHER & 0xff);
	igbm_irq_look(n);
}

/* 8.8.7: reading clears, if there was an interrupt or nothing is enabled, or if GPIE says so. */
static uint32_t icr_get(struct igbm *n)
{
	uint32_t icr = *reg(n, IGB_ICR), ims = *reg(n, IGB_IMS);
	bool asserted = icr & ims;

	if (asserted)
		*reg(n, IGB_IMS) &= ~*reg(n, IGB_IAM);
	if (asserted || !ims || (*reg(n, IGB_GPIE) & IGB_GPIE_NSICR))
		*reg(n, IGB_ICR) = 0;
	igbm_irq_look(n);
	return icr | (asserted ? IGB_ICR_ASSERTED : 0);
}

static uint32_t eicr_get(struct igbm *n)
{
	uint32_t val = *reg(n, IGB_EICR);

	*reg(n, IGB_EICR) = 0;
	igbm_irq_look(n);
	return val;
}

bool igbm_irq_get(struct igbm *n, uint32_t off, uint32_t *val)
{
	switch (off) {
	case IGB_ICR:
		*val = n->vf ? 0 : icr_get(n);
		return true;
	case IGB_EICR:
		*val = eicr_get(n);
		return true;
	case IGB_ICS:
	case IGB_IMC:
	case IGB_EICS:
	case IGB_EIMC:
		*val = 0;
		return true;
	}
	return false;
}

bool igbm_irq_set(struct igbm *n, uint32_t off, uint32_t val)
{
	switch (off) {
	case IGB_ICR:
		*reg(n, IGB_ICR) &= ~val;
		break;
	case IGB_ICS:
		igbm_irq_other(n, val & ~IGB_ICR_ASSERTED);
		break;
	case IGB_IMS:
		*reg(n, IGB_IMS) |= val;
		/* What waited for its mask. */
		if (has_msix(n) && (*reg(n, IGB_ICR) & val))
			cause(n, *reg(n, IGB_IVAR_MISC) >> IGB_IVAR_MISC_OTHER & 0xff);
		break;
	case IGB_IMC:
		*reg(n, IGB_IMS) &= ~val;
		break;
	case IGB_EICR:
		*reg(n, IGB_EICR) &= ~val;
		break;
	case IGB_EICS:
		*reg(n, IGB_EICR) |= val & bits_of_eicr(n);
		break;
	case IGB_EIMS:
		*reg(n, IGB_EIMS) |= val & bits_of_eicr(n);
		break;
	case IGB_EIMC:
		*reg(n, IGB_EIMS) &= ~val;
		break;
	default:
		return false;
	}
	igbm_irq_look(n);
	return true;
}
