// SPDX-License-Identifier: BSD-3-Clause
/*
 * igb/model_regs.c - the registers of the 82576.
 *
 * Most of them are words that keep what is written. Those of the rings are shared
 * memory, and are found there under their older addresses, too.
 */
#include "model.h"

#define EEMNGCTL	0x01010		/* what the NVM configured is configured: */
#define EEMNGCTL_DONE	LEAT_BIT(18)
#define EECD_SIZE	2u		/* 2^(6 + 2) words */

uint32_t *igbm_reg(struct igbm *n, uint32_t off)
{
	uint32_t low = off & 0xff, queue = off >> 8 & 3, page = off & ~UINT32_C(0x3ff);

	if (n->vf)
		return off - IGBM_VF_MAP < IGBM_VF_MAP_LEN ?
		       (uint32_t *)n->mdev.mem[IGBM_BAR] + (off - IGBM_VF_MAP) / 4 : &n->reg[off / 4];
	if (low < 0x40 && page == 0x2800)
		off = IGB_QUEUE(IGB_RXQ_PAGE, queue) + low;
	else if (low < 0x40 && page == 0x3800)
		off = IGB_QUEUE(IGB_TXQ_PAGE, queue) + low;
	if (off - IGBM_MAP < IGBM_MAP_LEN)
		return (uint32_t *)n->mdev.mem[IGBM_BAR] + (off - IGBM_MAP) / 4;
	return &n->reg[off / 4];
}

static bool is_shared(const struct igbm *n, const uint32_t *r)
{
	return r < n->reg || r >= n->reg + IGB_BAR0_SIZE / 4;
}

uint32_t igbm_get(struct igbm *n, uint32_t off)
{
	uint32_t *r = igbm_reg(n, off), val;

	if (is_shared(n, r)) {
		val = leat_load_relaxed(r);
		return LEAT_SWAP32(val);
	}
	if (n->vf)
		return igbm_vf_get(n, off);
	if (igbm_irq_get(n, off, &val))
		return val;
	return leat_intel_chip_get(&n->chip, off);
}

static bool is_read_only(uint32_t off)
{
	static const struct {
		uint32_t off;
		bool read_only;
	} known[] = {
#define IS_RW false
#define IS_RO true
#define IS_RC true
#define IS_WO true
#define X(name, offset, access, what) { (offset), IS_##access },
		IGB_REGS(X)
#undef X
	};

	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(known); i++)
		if (known[i].off == off)
			return known[i].read_only;
	return false;
}

void igbm_set(struct igbm *n, uint32_t off, uint32_t val)
{
	uint32_t *r = igbm_reg(n, off);

	if (is_shared(n, r)) {
		leat_store_release(r, LEAT_SWAP32(val));
		return;
	}
	if (n->vf) {
		igbm_vf_set(n, off, val);
		return;
	}
	if (igbm_irq_set(n, off, val) || is_read_only(off))
		return;
	if (off == INTEL_CTRL && (val & INTEL_CTRL_RST)) {
		igbm_reset(n, false);
		return;
	}
	leat_intel_chip_set(&n->chip, off, val);
	if (off == INTEL_CTRL || off == INTEL_MDIC)
		igbm_link_look(n);
}

void igbm_reset(struct igbm *n, bool all)
{
	uint32_t swsm = n->reg[INTEL_SWSM / 4], sync = n->reg[INTEL_SW_FW_SYNC / 4];

	memset(n->reg, 0, sizeof(n->reg));
	n->reg[INTEL_SWSM / 4] = all ? 0 : swsm;
	n->reg[INTEL_SW_FW_SYNC / 4] = all ? 0 : sync;
	n->chip.eecd = LEAT_PUT(IGB_EECD_SIZE, EECD_SIZE);
	leat_intel_chip_reset(&n->chip, all);
	n->reg[INTEL_STATUS / 4] |= IGB_STATUS_PF_RST_DONE;
	n->reg[EEMNGCTL / 4] = EEMNGCTL_DONE;
	n->reg[INTEL_RXCSUM / 4] = INTEL_RXCSUM_IPOFL | INTEL_RXCSUM_TUOFL;
	n->reg[IGB_RXPBS / 4] = 64;
	n->reg[IGB_TXPBS / 4] = 40;
	n->reg[IGB_RLPML / 4] = IGB_FRAME_MAX;
	igbm_rings_reset(n);
	igbm_irq_reset(n);
}

void igbm_link_look(struct igbm *n)
{
	if (n->vf)
		igbm_vf_ping(n);
	else if (leat_intel_chip_link(&n->chip))
		igbm_irq_other(n, IGB_ICR_LSC);
}
