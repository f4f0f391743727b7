// SPDX-License-Identifier: BSD-3-Clause
/*
 * intel/rss.c - the key and the redirection table (82574 7.1.11, 82576 7.1.1.7).
 */
#include "hw.h"

/* Four bytes of @from as the device wants them: the first one lowest. */
static uint32_t word(const uint8_t *from)
{
	return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 |
	       (uint32_t)from[3] << 24;
}

void leat_intel_rss_write(const struct intel_hw *hw, unsigned int shift)
{
	const struct leat_rss *rss = &hw->port->rss;

	for (unsigned int i = 0; i < LEAT_RSS_KEY_LEN / 4; i++)
		intel_write(hw, INTEL_RSSRK(i), word(&rss->key[4 * i]));
	for (unsigned int i = 0; i < INTEL_RETA_ENTRIES / 4; i++)
		intel_write(hw, INTEL_RETA(i), word(&rss->reta[4 * i]) << shift);
}
