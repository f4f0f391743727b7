// SPDX-License-Identifier: BSD-3-Clause
/*
 * intel/phy.c - the PHY's registers, through MDIC.
 */
#include "hw.h"

#include <errno.h>

#define MDIC_USEC 100000	/* a management frame takes 25.6 us; the PHY may be busy */
#define PHY_OWN	  1

static int lock(struct intel_hw *hw)
{
	return hw->phy_lock ? hw->phy_lock(hw) : 0;
}

static void unlock(struct intel_hw *hw)
{
	if (hw->phy_unlock)
		hw->phy_unlock(hw);
}

static int access_phy(struct intel_hw *hw, uint32_t mdic, unsigned int reg, uint16_t *out)
{
	int err = lock(hw);

	if (err)
		return err;
	intel_write(hw, INTEL_MDIC, mdic | LEAT_PUT(INTEL_MDIC_PHY, PHY_OWN) |
				    LEAT_PUT(INTEL_MDIC_REG, reg));
	err = leat_mmio_wait32(&hw->regs, INTEL_MDIC, INTEL_MDIC_READY, INTEL_MDIC_READY, MDIC_USEC);
	mdic = intel_read(hw, INTEL_MDIC);
	unlock(hw);
	if (!err && (mdic & INTEL_MDIC_ERROR))
		err = -EIO;
	if (err)
		return leat_fail(hw->port->ctx, err, "%s: register %u of the PHY: %s; reset the "
				 "device", hw->port->name, reg,
				 err == -EIO ? "it reports an error" : "no answer");
	*out = (uint16_t)LEAT_GET(INTEL_MDIC_DATA, mdic);
	return 0;
}

int leat_intel_phy_read(struct intel_hw *hw, unsigned int reg, uint16_t *out)
{
	return access_phy(hw, LEAT_PUT(INTEL_MDIC_OP, INTEL_MDIC_OP_READ), reg, out);
}

int leat_intel_phy_write(struct intel_hw *hw, unsigned int reg, uint16_t val)
{
	return access_phy(hw, LEAT_PUT(INTEL_MDIC_OP, INTEL_MDIC_OP_WRITE) | val, reg, &val);
}
