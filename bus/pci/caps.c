// SPDX-License-Identifier: BSD-3-Clause
/*
 * caps.c - the two lists of capabilities, walked from their head each time
 * with a note of every place seen, so that no list, however tied, walks us
 * round: neither within a call nor from call to call. PCI 3.0, section 6.7;
 * PCI Express 3.0, section 7.9.
 */
#include <leat/driver/pci.h>

#define CAPS_FIRST	0x40		/* behind the predefined header */
#define EXT_FIRST	0x100
#define EXT_END		0x1000

/* One bit for each dword of configuration space. */
struct seen {
	uint32_t	word[EXT_END / 4 / 32];
};

static bool seen_before(struct seen *seen, uint16_t off)
{
	unsigned int slot = off / 4;
	uint32_t bit = UINT32_C(1) << slot % 32;
	bool before = seen->word[slot / 32] & bit;

	seen->word[slot / 32] |= bit;
	return before;
}

uint8_t leat_pci_cap(struct leat_dev *dev, uint8_t id, uint8_t prev)
{
	struct seen seen = { 0 };
	bool past = !prev;
	uint8_t off;

	if (!(leat_pci_read16(dev, LEAT_PCI_STATUS) & LEAT_PCI_STATUS_CAPS))
		return 0;

	off = leat_pci_read8(dev, LEAT_PCI_CAPS) & 0xfc;	/* low bits are reserved */
	while (off >= CAPS_FIRST && !seen_before(&seen, off)) {
		uint16_t head = leat_pci_read16(dev, off);

		if (head == UINT16_MAX)
			return 0;
		if (past && (head & 0xff) == id)
			return off;
		if (off == prev)
			past = true;
		off = (uint8_t)(head >> 8) & 0xfc;
	}
	return 0;
}

uint16_t leat_pci_ext_cap(struct leat_dev *dev, uint16_t id, uint16_t prev)
{
	struct seen seen = { 0 };
	bool past = !prev;
	uint16_t off = EXT_FIRST;

	while (off >= EXT_FIRST && !seen_before(&seen, off)) {
		uint32_t head = leat_pci_read32(dev, off);

		if (!head || head == UINT32_MAX)
			return 0;
		if (past && (head & 0xffff) == id)
			return off;
		if (off == prev)
			past = true;
		off = (uint16_t)(head >> 20) & 0xffc;
	}
	return 0;
}
