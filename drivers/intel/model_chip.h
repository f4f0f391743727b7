// SPDX-License-Identifier: BSD-3-Clause
/*
 * intel/model_chip.h - what the models of Intel's controllers have in common around
 * their queues: NVM, PHY and link, semaphores, address filters, counters.
 *
 * All over a register file that the model owns: chip->reg, BAR 0 by 32-bit words. A
 * model forwards accesses that it does not know better to leat_intel_chip_get() and
 * leat_intel_chip_set().
 */
#ifndef INTEL_MODEL_CHIP_H
#define INTEL_MODEL_CHIP_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/model.h>

#include "model_frame.h"
#include "regs.h"

#define INTEL_CHIP_NVM_WORDS 128	/* further ones read as erased: 0xffff */

/* The PHYs: their registers 2 and 3, and how they tell the speed in register 17. */
#define INTEL_PHY_IGP	0x02a80391u	/* in the 82576 */
#define INTEL_PHY_BM	0x01410cb1u	/* in the 82574 */

struct intel_chip {
	/* the model's to fill in before leat_intel_chip_init() */
	struct leat_mdev *mdev;
	uint32_t	*reg;
	uint32_t	phy_id;
	unsigned int	rars;		/* receive addresses: 16 at INTEL_RAL(), the others at ral2 */
	uint32_t	ral2;		/* offset of RAL 16 */
	uint32_t	eecd;		/* what EECD reads besides the common bits: its size */
	uint16_t	device;		/* PCI id, for the NVM */
	uint8_t		mac[6];

	/* ours */
	uint16_t	nvm[INTEL_CHIP_NVM_WORDS];
	uint16_t	phy[32];
	bool		up;		/* the link, as last told */
	bool		link_lost;	/* since the PHY's status was read */
};

/* "mac=": a unicast address like 02:00:00:00:00:01. 0 or -EINVAL. */
int leat_intel_mac_parse(const char *text, uint8_t mac[6]);
/* The same NIC, the same address: locally administered, from its name. */
void leat_intel_mac_default(const char *name, uint8_t mac[6]);

/* The NVM's contents; resets follow. */
void leat_intel_chip_init(struct intel_chip *c);
/* After the model has cleared its registers. @phy: the PHY, too (not at CTRL.RST). */
void leat_intel_chip_reset(struct intel_chip *c, bool phy);

/* A register as the driver reads and writes it, with all that this leads to. */
uint32_t leat_intel_chip_get(struct intel_chip *c, uint32_t off);
void leat_intel_chip_set(struct intel_chip *c, uint32_t off, uint32_t val);

/* Look at the cable and at what the driver wants. True: the link went up or down. */
bool leat_intel_chip_link(struct intel_chip *c);
/* Does what is sent come back, by RCTL or in the PHY? */
bool leat_intel_chip_loops(const struct intel_chip *c);

/* Do the filters let a frame in? By address, and by VLAN if @f is tagged. */
bool leat_intel_chip_accepts(const struct intel_chip *c, const uint8_t *p,
			     const struct intel_frame *f);

/* Count a frame of @len bytes, CRC not included. */
void leat_intel_chip_count_rx(struct intel_chip *c, const uint8_t *p, uint32_t len);
void leat_intel_chip_count_tx(struct intel_chip *c, const uint8_t *p, uint32_t len);
/* Add to a counter, which does not wrap. */
void leat_intel_chip_count(struct intel_chip *c, enum intel_reg counter, uint32_t n);

#endif
