// SPDX-License-Identifier: BSD-3-Clause
/*
 * chip.h - a controller made of memory: registers that keep what is written, an NVM
 * behind EERD, a PHY behind MDIC, counters that reading clears. Every write is noted.
 */
#ifndef TEST_INTEL_CHIP_H
#define TEST_INTEL_CHIP_H

#include "drivers/intel/hw.h"

#include <leat/leat.h>

#define CHIP_BAR   0x20000
#define CHIP_NOTES 4096

struct chip_note {
	uint32_t	off, value;
};

struct chip {
	struct leat_dev	dev;
	uint32_t	reg[CHIP_BAR / 4];
	uint16_t	nvm[0x40];
	uint16_t	phy[32];
	bool		silent;		/* EERD and MDIC are never done */
	bool		phy_error;
	struct chip_note note[CHIP_NOTES];
	unsigned int	notes;

	struct leat_ctx	*ctx;
	struct leat_port port;
	struct intel_hw	hw;
};

/* For cmocka: *state is a struct chip, open, with an NVM whose checksum holds. */
int chip_setup(void **state);
int chip_teardown(void **state);

/* The last value written there; fails the test if there was none. */
uint32_t chip_written(const struct chip *c, uint32_t off);

#endif
