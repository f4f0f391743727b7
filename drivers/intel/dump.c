// SPDX-License-Identifier: BSD-3-Clause
/*
 * intel/dump.c - the registers that can be read without side effects, by name.
 */
#include "hw.h"

#include <stdio.h>

static const struct intel_reg_info common[] = {
#define X(name, offset, access, what) { #name, (offset), #access },
	INTEL_REGS(X)
#undef X
};

/* Reading WO gives nothing, reading RC takes something away. SWSM is taken by reading. */
static bool harmless(const struct intel_reg_info *reg)
{
	return reg->access[0] == 'R' && reg->access[1] != 'C' && reg->off != INTEL_SWSM;
}

unsigned int leat_intel_regs_add(const struct intel_hw *hw, const struct intel_reg_info *regs,
				 unsigned int nregs, struct leat_reg *out, unsigned int n,
				 unsigned int at)
{
	for (unsigned int i = 0; i < nregs; i++) {
		if (!harmless(&regs[i]))
			continue;
		if (at < n) {
			snprintf(out[at].name, sizeof(out[at].name), "%s", regs[i].name);
			out[at].off = regs[i].off;
			out[at].value = intel_read(hw, regs[i].off);
		}
		at++;
	}
	return at;
}

unsigned int leat_intel_queue_dump(const struct intel_hw *hw, const struct intel_reg_info *regs,
				   unsigned int nregs, unsigned int queue, uint32_t stride,
				   struct leat_reg *out, unsigned int n, unsigned int at)
{
	for (unsigned int i = 0; i < nregs; i++) {
		if (!harmless(&regs[i]))
			continue;
		if (at < n) {
			snprintf(out[at].name, sizeof(out[at].name), "%s%u", regs[i].name, queue);
			out[at].off = regs[i].off + stride * queue;
			out[at].value = intel_read(hw, out[at].off);
		}
		at++;
	}
	return at;
}

unsigned int leat_intel_regs_dump(const struct intel_hw *hw, const struct intel_reg_info *own,
			     unsigned int nown, struct leat_reg *out, unsigned int n)
{
	unsigned int at = leat_intel_regs_add(hw, common, LEAT_ARRAY_LEN(common), out, n, 0);

	return leat_intel_regs_add(hw, own, nown, out, n, at);
}
