// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_rig.h - the rig of Intel's models (../intel/model_rig.h) around those of the 82576 and
 * its virtual functions: their rings, with registers by their table.
 */
#ifndef IGB_MODEL_RIG_H
#define IGB_MODEL_RIG_H

#include "../intel/model_rig.h"

#include "drivers/igb/regs.h"

#define RIG_SIZE	32		/* descriptors of a ring */
#define IGB_MODEL_VECTORS 10

/* Without @opts it has an address that rig_tcp4 is for. */
void rig_open(struct rig *r, const struct leat_model *model, const struct leat_model_opt *opts);

uint64_t rig_config(struct rig *r, uint64_t off, size_t len);

/* MSI-X on, with a vector for each ring. */
void rig_msix(struct rig *r);
/* All of it: memory, bus mastering, filters open, both directions on, ring 0 of each. */
void rig_start(struct rig *r);
/* A ring at its place in memory, zeroed and turned on. */
void rig_rx_ring(struct rig *r, unsigned int i);
void rig_tx_ring(struct rig *r, unsigned int i);

uint64_t rig_iova(uint32_t off);
/* A descriptor into the ring, not yet shown. Buffers are places in r->mem. */
void rig_tx_data(struct rig *r, unsigned int i, uint32_t buf, uint32_t len, uint32_t cmd,
		 uint32_t status);
void rig_rx_data(struct rig *r, unsigned int i, uint32_t buf);
void rig_tx_show(struct rig *r, unsigned int i);
void rig_rx_show(struct rig *r, unsigned int i);

/* Ethernet, IPv4, TCP and four bytes of data: 58 bytes, sums right, to the model's address. */
extern const uint8_t rig_tcp4[58];

#endif
