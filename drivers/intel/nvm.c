// SPDX-License-Identifier: BSD-3-Clause
/*
 * intel/nvm.c - the memory that keeps the address and the settings, a 16-bit word
 * at a time.
 */
#include "hw.h"

#include <errno.h>
#include <string.h>

#define READ_USEC 100000	/* a serial EEPROM takes some 50 us a word */

int leat_intel_nvm_word(const struct intel_hw *hw, unsigned int word, uint16_t *out)
{
	int err;

	intel_write(hw, INTEL_EERD, LEAT_PUT(INTEL_EERD_ADDR, word) | INTEL_EERD_START);
	err = leat_mmio_wait32(&hw->regs, INTEL_EERD, INTEL_EERD_DONE, INTEL_EERD_DONE, READ_USEC);
	if (err)
		return leat_fail(hw->port->ctx, err, "%s: read word 0x%x of its NVM: no answer; "
				 "reset the device", hw->port->name, word);
	*out = (uint16_t)LEAT_GET(INTEL_EERD_DATA, intel_read(hw, INTEL_EERD));
	return 0;
}

int leat_intel_nvm_read(const struct intel_hw *hw, uint32_t off, void *buf, size_t len)
{
	uint8_t *out = buf;

	if (off > hw->nvm_len || len > hw->nvm_len - off)
		return leat_fail(hw->port->ctx, -EINVAL, "%s: read %zu bytes of its NVM from %u on: "
				 "it has %u", hw->port->name, len, off, hw->nvm_len);
	for (; len; off++, len--) {
		uint16_t word = 0;
		int err = leat_intel_nvm_word(hw, off / 2, &word);

		if (err)
			return err;
		*out++ = (uint8_t)(word >> 8 * (off % 2));
	}
	return 0;
}

int leat_intel_nvm_check(const struct intel_hw *hw)
{
	uint16_t sum = 0;

	for (unsigned int i = 0; i <= INTEL_NVM_CHECKSUM; i++) {
		uint16_t word = 0;
		int err = leat_intel_nvm_word(hw, i, &word);

		if (err)
			return err;
		sum = (uint16_t)(sum + word);
	}
	return sum == INTEL_NVM_SUM ? 0 : -EBADMSG;
}

int leat_intel_mac_read(const struct intel_hw *hw, uint8_t mac[6])
{
	static const uint8_t zero[6];
	uint32_t low = intel_read(hw, INTEL_RAL(0)), high = intel_read(hw, INTEL_RAH(0));

	for (int i = 0; i < 4; i++)
		mac[i] = (uint8_t)(low >> 8 * i);
	mac[4] = (uint8_t)high;
	mac[5] = (uint8_t)(high >> 8);
	if ((high & INTEL_RAH_AV) && !(mac[0] & 1) && memcmp(mac, zero, sizeof(zero)))
		return 0;
	return leat_fail(hw->port->ctx, -EPROTO, "%s: its NVM holds no address of its own (%08x "
			 "%08x)", hw->port->name, low, high);
}
