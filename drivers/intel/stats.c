// SPDX-License-Identifier: BSD-3-Clause
/*
 * intel/stats.c - the device's counters, which reading clears: added up in 64 bits.
 * The 32-bit ones stick at their largest value, minutes away at full rate, so the
 * driver reads them now and then.
 */
#include "hw.h"

#include <stdio.h>

static const struct counter {
	uint32_t	off;
	unsigned int	bits;
	const char	*xstat;
} counters[INTEL_COUNTS] = {
#define X(name, offset, bits, xstat) { (offset), (bits), (xstat) },
	INTEL_COUNTERS(X)
#undef X
};

/* A device that is gone reads all ones, and has counted nothing. */
static bool is_gone(const struct intel_hw *hw)
{
	return intel_read(hw, INTEL_STATUS) == UINT32_MAX;
}

void leat_intel_counters_read(struct intel_hw *hw)
{
	if (is_gone(hw))
		return;
	for (unsigned int i = 0; i < INTEL_COUNTS; i++) {
		uint64_t value = intel_read(hw, counters[i].off);

		if (counters[i].bits == 64)
			value |= (uint64_t)intel_read(hw, counters[i].off + 4) << 32;
		hw->count[i] += value;
	}
}

void leat_intel_counters_clear(struct intel_hw *hw)
{
	for (unsigned int i = 0; i < INTEL_COUNTS; i++) {
		(void)intel_read(hw, counters[i].off);
		if (counters[i].bits == 64)
			(void)intel_read(hw, counters[i].off + 4);
	}
}

void leat_intel_stats(struct intel_hw *hw, struct leat_stats *out)
{
	leat_intel_counters_read(hw);
	out->rx_missed += hw->count[INTEL_COUNT_MPC];
	out->rx_errors += hw->count[INTEL_COUNT_CRCERRS] + hw->count[INTEL_COUNT_ALGNERRC] +
			  hw->count[INTEL_COUNT_RXERRC] + hw->count[INTEL_COUNT_RLEC] +
			  hw->count[INTEL_COUNT_CEXTERR];
	out->tx_errors += hw->count[INTEL_COUNT_ECOL] + hw->count[INTEL_COUNT_LATECOL];
}

unsigned int leat_intel_xstats(struct intel_hw *hw, struct leat_xstat *out, unsigned int n)
{
	leat_intel_counters_read(hw);
	for (unsigned int i = 0; i < INTEL_COUNTS && i < n; i++) {
		snprintf(out[i].name, sizeof(out[i].name), "%s", counters[i].xstat);
		out[i].value = hw->count[i];
	}
	return INTEL_COUNTS;
}
