// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_rig.h - the model of an 82574 between a wire that remembers and the smallest driver
 * that follows the datasheet: hand-built rings in plain memory, nothing of our own
 * driver.
 *
 * The memory is one stretch at RIG_IOVA, of the size asked for to the byte, so that the
 * sanitizer sees every access outside. With rig.by_message it is reached through the
 * host's dma() only.
 */
#ifndef MODEL_RIG_H
#define MODEL_RIG_H

#include <leat/model.h>
#include <leat/models.h>

#include "drivers/e1000e/regs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RIG_IOVA	UINT64_C(0x7f0000100000)
#define RIG_MEM		(4u << 20)
#define RIG_BUFS	(1u << 20)	/* buffers from here on, rings below */
#define RIG_RING(i)	((i) * 0x10000u) /* receive 0 and 1, transmit 0 and 1 */
#define RIG_SIZE	64		/* descriptors */
#define RIG_FRAMES	512

struct rig_frame {
	uint32_t	len;
	unsigned char	*data;
};

struct rig_wire {
	struct leat_wire wire;
	struct rig_frame frame[RIG_FRAMES];
	unsigned int	n, room;	/* taken; how many more it takes */
	bool		up;
};

struct rig {
	struct leat_mdev *mdev;
	struct rig_wire	*wire;
	char		*mem;
	bool		by_message;
	unsigned int	dma_ops;
	unsigned int	busy;		/* of 16 DMA reads, how many the host puts off... */
	unsigned int	put_off;	/* ...and has */
	unsigned int	raised[3][8];	/* by index and vector */
	unsigned int	errors;
	char		line[LEAT_ERROR_LEN];
	uint32_t	tail[4];	/* of the rings, as by RIG_RING */
	uint64_t	seed;
};

void rig_open(struct rig *r, const struct leat_model_opt *opts);
void rig_close(struct rig *r);
void rig_map(struct rig *r);

/* Registers of BAR 0; others by region. */
uint32_t rig_get(struct rig *r, uint32_t off);
void rig_set(struct rig *r, uint32_t off, uint32_t val);
uint64_t rig_read(struct rig *r, unsigned int region, uint64_t off, size_t len);
void rig_write(struct rig *r, unsigned int region, uint64_t off, uint64_t val, size_t len);

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

/* Steps until nothing moves; not for ever. */
void rig_run(struct rig *r);

/* A frame from the wire. True: it was taken. */
bool rig_deliver(struct rig *r, const void *frame, uint32_t len);
/* A frame to everybody of noise that @number decides. */
void rig_fill(unsigned char *p, uint32_t len, unsigned int number);
/* Ethernet, IPv4, TCP or UDP, all sums right; flow @flow. Returns its length. */
uint32_t rig_ip(unsigned char *p, bool udp, uint32_t payload, uint8_t flow);
uint32_t rig_random(struct rig *r, uint32_t below);

#endif
