// SPDX-License-Identifier: BSD-3-Clause
/*
 * intel/filter.c - which frames come in: exact addresses, a hash table for
 * multicasts, a bit for each VLAN.
 */
#include "hw.h"

static void write_address(const struct intel_hw *hw, unsigned int i, const uint8_t mac[6])
{
	uint32_t low = (uint32_t)mac[0] | (uint32_t)mac[1] << 8 | (uint32_t)mac[2] << 16 |
		       (uint32_t)mac[3] << 24;

	intel_write(hw, INTEL_RAL(i), low);
	intel_write(hw, INTEL_RAH(i), (uint32_t)mac[4] | (uint32_t)mac[5] << 8 | INTEL_RAH_AV |
		    hw->rah_more);
}

static void write_addresses(const struct intel_hw *hw)
{
	const struct leat_filter *f = &hw->port->filter;

	write_address(hw, 0, hw->port->mac);
	for (unsigned int i = 1; i < hw->rars; i++) {
		if (i <= f->nmacs) {
			write_address(hw, i, f->mac[i - 1]);
			continue;
		}
		intel_write(hw, INTEL_RAH(i), 0);	/* invalid first, for it is in use */
		intel_write(hw, INTEL_RAL(i), 0);
	}
}

/* The upper twelve bits of the address as it is sent (82574 10.2.5.10). */
unsigned int leat_intel_mcast_bit(const uint8_t mac[6])
{
	return (mac[4] >> 4 | (unsigned int)mac[5] << 4) & 0xfff;
}

static void write_multicasts(const struct intel_hw *hw)
{
	const struct leat_filter *f = &hw->port->filter;
	uint32_t table[INTEL_MTA_SIZE] = { 0 };

	for (unsigned int i = 0; i < f->nmcasts; i++) {
		unsigned int bit = leat_intel_mcast_bit(f->mcast[i]);

		table[bit / 32] |= LEAT_BIT(bit % 32);
	}
	for (unsigned int i = 0; i < INTEL_MTA_SIZE; i++)
		intel_write(hw, INTEL_MTA(i), table[i] | (hw->mta_more ? hw->mta_more[i] : 0));
}

static void write_vlans(const struct intel_hw *hw)
{
	const uint64_t *vids = hw->port->filter.vids;

	for (unsigned int i = 0; i < INTEL_VFTA_SIZE; i++)
		intel_write(hw, INTEL_VFTA(i), (uint32_t)(vids[i / 2] >> 32 * (i % 2)) |
			    (hw->vfta_more ? hw->vfta_more[i] : 0));
}

uint32_t leat_intel_filter_write(const struct intel_hw *hw)
{
	const struct leat_filter *f = &hw->port->filter;

	write_addresses(hw);
	write_multicasts(hw);
	write_vlans(hw);
	return (f->promisc ? INTEL_RCTL_UPE | INTEL_RCTL_MPE : 0) |
	       (f->allmulti ? INTEL_RCTL_MPE : 0) | (f->vlan && !f->promisc ? INTEL_RCTL_VFE : 0);
}
