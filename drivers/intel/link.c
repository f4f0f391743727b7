// SPDX-License-Identifier: BSD-3-Clause
/*
 * intel/link.c - speed, duplex and pause frames: negotiated by the PHY, or forced
 * (82574 section 3.2, 82576 section 3.5; IEEE 802.3 clauses 22, 28 and 40).
 *
 * 1000 Mbit/s are always negotiated (clause 40.5.1): forcing it means to offer
 * nothing else.
 */
#include "hw.h"

#include <errno.h>

#define ADVERTISE_SELECTOR 0x0001	/* IEEE 802.3 */
#define ADVERTISE_10_HALF  LEAT_BIT(5)
#define ADVERTISE_10_FULL  LEAT_BIT(6)
#define ADVERTISE_100_HALF LEAT_BIT(7)
#define ADVERTISE_100_FULL LEAT_BIT(8)
#define ADVERTISE_ALL	   (ADVERTISE_10_HALF | ADVERTISE_10_FULL | ADVERTISE_100_HALF | \
			    ADVERTISE_100_FULL)
#define ADVERTISE_PAUSES   (INTEL_PHY_ADVERTISE_PAUSE | INTEL_PHY_ADVERTISE_ASYM_PAUSE)
#define ADVERTISE_1000	   LEAT_BIT(9)		/* full duplex, in the 1000 control register */

#define PAUSE_TIME 0xffff	/* in units of 512 bit times: until told otherwise */

static const struct {
	uint32_t	mbit;
	uint32_t	ctrl;		/* INTEL_CTRL_SPEED */
	uint16_t	phy;
} speeds[] = {
	{ 10, 0, 0 },
	{ 100, 1, INTEL_PHY_CONTROL_SPEED_LOW },
	{ 1000, 2, INTEL_PHY_CONTROL_SPEED_HIGH },
};

/* What of 28B.2's bits stands for what we want. */
static uint16_t advertised_pauses(enum leat_flow_ctrl wish)
{
	switch (wish) {
	case LEAT_FLOW_NONE:
		return 0;
	case LEAT_FLOW_TX:
		return INTEL_PHY_ADVERTISE_ASYM_PAUSE;
	default:			/* who wants to receive only must offer both */
		return ADVERTISE_PAUSES;
	}
}

static void set_pauses(const struct intel_hw *hw, bool rx, bool tx)
{
	intel_update(hw, INTEL_CTRL, INTEL_CTRL_RFCE | INTEL_CTRL_TFCE,
		     (rx ? INTEL_CTRL_RFCE : 0) | (tx ? INTEL_CTRL_TFCE : 0));
}

/* Both ends' offers, IEEE 802.3 table 28B-3. */
void leat_intel_flow_ctrl_settle(struct intel_hw *hw)
{
	const uint16_t pause = INTEL_PHY_ADVERTISE_PAUSE, asym = INTEL_PHY_ADVERTISE_ASYM_PAUSE;
	const struct leat_port_config *cfg = &hw->port->cfg;
	uint16_t ours, theirs;

	if (cfg->speed && cfg->speed != 1000)
		return;			/* forced, and so are the pauses */
	if (leat_intel_phy_read(hw, INTEL_PHY_ADVERTISE, &ours) ||
	    leat_intel_phy_read(hw, INTEL_PHY_PARTNER, &theirs))
		return;
	if (ours & theirs & pause)
		set_pauses(hw, cfg->flow_ctrl != LEAT_FLOW_TX, cfg->flow_ctrl != LEAT_FLOW_RX);
	else if (ours & theirs & asym)
		set_pauses(hw, ours & pause, theirs & pause);
	else
		set_pauses(hw, false, false);
}

/* Where pause frames go, and when they are sent. */
static void write_pauses(const struct intel_hw *hw)
{
	bool none = hw->port->cfg.flow_ctrl == LEAT_FLOW_NONE;

	intel_write(hw, INTEL_FCAL, INTEL_FC_ADDR_LOW);
	intel_write(hw, INTEL_FCAH, INTEL_FC_ADDR_HIGH);
	intel_write(hw, INTEL_FCT, INTEL_FC_TYPE);
	intel_write(hw, INTEL_FCTTV, PAUSE_TIME);
	intel_write(hw, INTEL_FCRTL, none ? 0 : hw->pause_low | INTEL_FCRTL_XONE);
	intel_write(hw, INTEL_FCRTH, none ? 0 : hw->pause_high);
}

static int negotiate(struct intel_hw *hw)
{
	const struct leat_port_config *cfg = &hw->port->cfg;
	uint16_t offer = (uint16_t)(ADVERTISE_SELECTOR | advertised_pauses(cfg->flow_ctrl) |
				    (cfg->speed ? 0 : ADVERTISE_ALL));
	int err;

	intel_update(hw, INTEL_CTRL, INTEL_CTRL_FRCSPD | INTEL_CTRL_FRCDPX, INTEL_CTRL_SLU);
	err = leat_intel_phy_write(hw, INTEL_PHY_ADVERTISE, offer);
	if (!err)
		err = leat_intel_phy_write(hw, INTEL_PHY_1000_CONTROL, ADVERTISE_1000);
	if (!err)
		err = leat_intel_phy_write(hw, INTEL_PHY_CONTROL, INTEL_PHY_CONTROL_AUTONEG |
				      INTEL_PHY_CONTROL_RESTART | INTEL_PHY_CONTROL_DUPLEX |
				      INTEL_PHY_CONTROL_SPEED_HIGH);
	return err;
}

static int force(struct intel_hw *hw, uint32_t ctrl, uint16_t phy)
{
	const struct leat_port_config *cfg = &hw->port->cfg;
	bool full = !cfg->half_duplex;

	intel_update(hw, INTEL_CTRL, INTEL_CTRL_SPEED | INTEL_CTRL_FD,
		     LEAT_PUT(INTEL_CTRL_SPEED, ctrl) | (full ? INTEL_CTRL_FD : 0) |
		     INTEL_CTRL_FRCSPD | INTEL_CTRL_FRCDPX | INTEL_CTRL_SLU);
	set_pauses(hw, full && (cfg->flow_ctrl == LEAT_FLOW_RX || cfg->flow_ctrl == LEAT_FLOW_FULL),
		   full && (cfg->flow_ctrl == LEAT_FLOW_TX || cfg->flow_ctrl == LEAT_FLOW_FULL));
	return leat_intel_phy_write(hw, INTEL_PHY_CONTROL,
			       (uint16_t)(phy | (full ? INTEL_PHY_CONTROL_DUPLEX : 0)));
}

static int take_down(struct intel_hw *hw)
{
	int err = leat_intel_phy_write(hw, INTEL_PHY_CONTROL, INTEL_PHY_CONTROL_POWER_DOWN);

	if (!err)
		intel_update(hw, INTEL_CTRL, INTEL_CTRL_SLU, 0);
	return err;
}

int leat_intel_link_setup(struct intel_hw *hw)
{
	const struct leat_port_config *cfg = &hw->port->cfg;
	unsigned int i = 0;

	if (hw->port->link_down)
		return take_down(hw);
	write_pauses(hw);
	if (!cfg->speed)
		return negotiate(hw);
	while (i < LEAT_ARRAY_LEN(speeds) && speeds[i].mbit != cfg->speed)
		i++;
	if (i == LEAT_ARRAY_LEN(speeds) || (cfg->speed == 1000 && cfg->half_duplex))
		return leat_fail(hw->port->ctx, -EINVAL, "%s: %u Mbit/s %s duplex asked: there are "
				 "10 and 100, half and full, and 1000 full", hw->port->name,
				 cfg->speed, cfg->half_duplex ? "half" : "full");
	return cfg->speed == 1000 ? negotiate(hw) : force(hw, speeds[i].ctrl, speeds[i].phy);
}

void leat_intel_link_read(const struct intel_hw *hw, struct leat_link *out)
{
	uint32_t status = intel_read(hw, INTEL_STATUS);
	uint32_t speed = LEAT_GET(INTEL_STATUS_SPEED, status);

	if (status == UINT32_MAX || !(status & INTEL_STATUS_LU))
		return;
	out->up = true;
	out->full_duplex = status & INTEL_STATUS_FD;
	out->speed = speeds[LEAT_MIN(speed, 2u)].mbit;
}
