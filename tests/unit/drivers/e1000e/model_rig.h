// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_rig.h - the rig of Intel's models (../intel/model_rig.h) around that of an 82574: its
 * rings, and frames for them.
 */
#ifndef E1000E_MODEL_RIG_H
#define E1000E_MODEL_RIG_H

#include "../intel/model_rig.h"

#include "drivers/e1000e/regs.h"

#define RIG_RING(i)	((i) * 0x10000u) /* receive 0 and 1, transmit 0 and 1 */
#define RIG_SIZE	64		/* descriptors */

void rig_open(struct rig *r, const struct leat_model_opt *opts);

/* Map, bus master, both rings of queue 0, filters open; extended descriptors of 2 KiB; both on. */
void rig_start(struct rig *r);
/* Program a ring: 0, 1 receive; 2, 3 transmit. */
void rig_ring(struct rig *r, unsigned int i, uint32_t size);
void rig_tail(struct rig *r, unsigned int i, uint32_t tail);

/* Descriptor @at of ring @i, as two words. */
uint64_t *rig_desc(struct rig *r, unsigned int i, uint32_t at);
/* Put words behind what is there, not yet shown to the device. */
void rig_put(struct rig *r, unsigned int i, uint64_t first, uint64_t second);
void rig_show(struct rig *r, unsigned int i);
/* @n receive buffers of 2 KiB, at RIG_BUFS and on, one for each descriptor. */
void rig_post(struct rig *r, unsigned int ring, unsigned int n);
unsigned char *rig_at(struct rig *r, uint64_t iova);

/* A frame to everybody of noise that @number decides. */
void rig_fill(unsigned char *p, uint32_t len, unsigned int number);
/* Ethernet, IPv4, TCP or UDP, all sums right; flow @flow. Returns its length. */
uint32_t rig_ip(unsigned char *p, bool udp, uint32_t payload, uint8_t flow);

#endif
