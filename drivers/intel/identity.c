// SPDX-License-Identifier: BSD-3-Clause
/*
 * intel/identity.c - what tells one NIC from another of its kind: the version of what its
 * NVM holds, and its light, for who stands before it.
 */
#include "hw.h"

#include <stdio.h>

/* Word 5 of the NVM (82574 6.1.1.6, 82576 6.2.5): major, minor in decimal digits, image. */
int leat_intel_firmware(const struct intel_hw *hw, char *buf, size_t size)
{
	uint16_t word;
	int err = leat_intel_nvm_word(hw, INTEL_NVM_VERSION, &word);

	if (!err)
		snprintf(buf, size, "%u.%02x-%u", word >> 12, word >> 4 & 0xffu, word & 0xfu);
	return err;
}

/* Its LEDs on, and blinking; what they meant before is kept (82574 10.2.2.9, 82576 8.2.9). */
void leat_intel_identify(struct intel_hw *hw, bool on)
{
	if (on == hw->identifies)
		return;
	if (on) {
		hw->leds = intel_read(hw, INTEL_LEDCTL);
		intel_write(hw, INTEL_LEDCTL, (hw->leds & ~INTEL_LEDCTL_LEDS) | INTEL_LEDCTL_BLINK);
	} else {
		intel_write(hw, INTEL_LEDCTL, hw->leds);
	}
	hw->identifies = on;
	intel_flush(hw);
}
