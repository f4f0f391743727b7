// SPDX-License-Identifier: BSD-3-Clause
/*
 * e1000e/model_regs.c - the 82574's own registers with effects (chapter 10). Others are the
 * chip's that it shares with the 82576, or keep what is written.
 */
#include "model.h"

#include <errno.h>
#include <string.h>

/* ---- after a reset ---- */

void em_regs_reset(struct em *v, bool phy)
{
	static const struct { uint32_t off, val; } defaults[] = {
		{ INTEL_LEDCTL, 0x07061302 },
		{ E1000E_PBA, 0x00140014 },
	};

	memset(v->reg, 0, sizeof(v->reg));
	memset(v->mdev.mem[EM_BAR], 0, EM_QUEUES_LEN);
	leat_intel_chip_reset(&v->chip, phy);
	*em_reg(v, INTEL_CTRL) |= INTEL_CTRL_SLU;	/* 10.2.2.1: copper comes up by itself */
	(void)leat_intel_chip_link(&v->chip);
	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(defaults); i++)
		*em_reg(v, defaults[i].off) = defaults[i].val;
	for (unsigned int q = 0; q < E1000E_QUEUES; q++) {
		*em_shared(v, E1000E_QUEUE(E1000E_RXDCTL, q)) = leat_cpu_to_le32(0x00010000);
		*em_shared(v, E1000E_QUEUE(E1000E_TARC, q)) = leat_cpu_to_le32(0x00000403);
	}
}

/* ---- access ---- */

static uint32_t read_reg(struct em *v, uint32_t off)
{
	switch (off) {
	case E1000E_ICR:
		return em_irq_read(v);
	case E1000E_ICS:
		return em_get(v, E1000E_ICR);
	case E1000E_IMC:
		return 0;
	}
	return leat_intel_chip_get(&v->chip, off);
}

/* The link goes for a moment when it is negotiated again, and is there at once. */
static bool negotiates(uint32_t mdic)
{
	return LEAT_GET(INTEL_MDIC_OP, mdic) == INTEL_MDIC_OP_WRITE &&
	       LEAT_GET(INTEL_MDIC_REG, mdic) == INTEL_PHY_CONTROL &&
	       (mdic & (INTEL_PHY_CONTROL_RESET | INTEL_PHY_CONTROL_RESTART));
}

static void write_mdic(struct em *v, uint32_t val)
{
	leat_intel_chip_set(&v->chip, INTEL_MDIC, val);
	em_link_update(v);
	if (negotiates(val) && v->chip.up)
		em_irq_set(v, E1000E_ICR_LSC);
	if (val & INTEL_MDIC_IRQ)
		em_irq_set(v, EM_ICR_MDAC);
}

static void write_mask(struct em *v, uint32_t mask)
{
	*em_reg(v, E1000E_IMS) = mask;
	em_irq_update(v);
}

static void write_reg(struct em *v, uint32_t off, uint32_t val)
{
	switch (off) {
	case E1000E_ICR:
		em_irq_ack(v, val);
		return;
	case E1000E_ICS:
		em_irq_set(v, val);
		return;
	case E1000E_IMS:
		write_mask(v, em_get(v, E1000E_IMS) | (val & ~E1000E_ICR_ASSERTED));
		return;
	case E1000E_IMC:
		write_mask(v, em_get(v, E1000E_IMS) & ~val);
		return;
	case INTEL_MDIC:
		write_mdic(v, val);
		return;
	case INTEL_CTRL_EXT:		/* what clears itself */
		val &= ~(EM_CTRL_EXT_ASDCHK | EM_CTRL_EXT_EE_RST);
		break;
	}
	if (off == INTEL_CTRL && (val & INTEL_CTRL_RST)) {
		em_reset(v, false);
		return;
	}
	leat_intel_chip_set(&v->chip, off, val);
	if (off == INTEL_CTRL)
		em_link_update(v);
	if (off == INTEL_RCTL || off == INTEL_RFCTL)
		em_rings_stale(v);	/* descriptors may have another shape */
}

static bool is_shared(uint32_t off)
{
	return off - E1000E_QUEUE_PAGES < EM_QUEUES_LEN;
}

/* A store into the mapped pages that came by message: it is done; count those that ring. */
static void count_doorbell(struct em *v, uint32_t off)
{
	for (unsigned int q = 0; q < E1000E_QUEUES; q++)
		v->mdev.stats.doorbells += off == (uint32_t)E1000E_QUEUE(E1000E_RDT, q) ||
					   off == (uint32_t)E1000E_QUEUE(E1000E_TDT, q);
}

/* Registers are 32 bits wide (10.1.1): parts of one are read, but not written. */
int em_bar_access(struct em *v, uint64_t off, void *buf, size_t len, bool write)
{
	uint32_t at = (uint32_t)off & ~3u;
	char *p = buf;
	leat_le32 word;

	if (is_shared(at)) {
		if (write)
			count_doorbell(v, at);
		return 0;
	}
	if (len < 4) {
		if (write)
			return 0;
		word = leat_cpu_to_le32(read_reg(v, at));
		memcpy(buf, (char *)&word + (off - at), len);
		return 0;
	}
	for (; len >= 4; at += 4, p += 4, len -= 4) {
		memcpy(&word, p, sizeof(word));
		if (write)
			write_reg(v, at, leat_le32_to_cpu(word));
		else
			word = leat_cpu_to_le32(read_reg(v, at));
		if (!write)
			memcpy(p, &word, sizeof(word));
	}
	return 0;
}
