// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_rig.h - a model of an Intel NIC between a wire that remembers and the smallest driver
 * that follows the datasheet: hand-built rings in plain memory, nothing of our own driver.
 * What chips have in common; the rest is in a model_rig.h of each.
 *
 * The memory is one stretch at RIG_IOVA, of the size asked for to the byte, so that the
 * sanitizer sees every access outside. With rig.by_message it is reached through the
 * host's dma() only.
 */
#ifndef INTEL_MODEL_RIG_H
#define INTEL_MODEL_RIG_H

#include <leat/bits.h>
#include <leat/model.h>
#include <leat/models.h>

#include "drivers/intel/regs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RIG_IOVA	UINT64_C(0x7f0000100000)
#define RIG_MEM		(4u << 20)
#define RIG_BUFS	(1u << 20)	/* buffers from here on, rings below */
#define RIG_FRAMES	512
#define RIG_QUEUES	16		/* of any chip */
#define RIG_VECTORS	10		/* likewise */

struct rig_frame {
	uint32_t	len;
	uint8_t		*data;
};

struct rig_wire {
	struct leat_wire wire;
	struct rig_frame frame[RIG_FRAMES];
	unsigned int	n, room;	/* taken; how many more it takes */
	bool		up;
};

struct rig_ring {
	union {
		void		*desc;
		struct intel_txd *txd;
		struct igb_txc	*txc;
		union intel_rxd	*rxd;
	};
	uint32_t	regs;		/* offset of its registers */
	uint32_t	next;		/* what the driver fills next */
	uint32_t	seen;
};

struct rig {
	struct leat_mdev *mdev;
	struct rig_wire	*wire;
	uint8_t		*mem;
	bool		by_message;
	unsigned int	dma_ops;
	unsigned int	busy;		/* of 16 DMA reads, how many the host puts off... */
	unsigned int	put_off;	/* ...and has */
	bool		late;		/* a DMA read is put off: the next... */
	unsigned int	late_after;	/* ...but for so many */
	struct rig_ring	rx[RIG_QUEUES], tx[RIG_QUEUES];
	unsigned int	vectors;	/* of MSI-X that there are */
	unsigned int	raised[3][RIG_VECTORS];	/* by index and vector */
	unsigned int	errors;
	char		line[LEAT_ERROR_LEN];
	uint64_t	seed;
};

/* A device of @model, attached, with @vectors of MSI-X. Its memory is not mapped. */
void rig_plug(struct rig *r, const struct leat_model *model, const struct leat_model_opt *opts,
	      unsigned int vectors);
void rig_close(struct rig *r);
void rig_map(struct rig *r);
/* Memory decoding and bus mastering on. */
void rig_master(struct rig *r);

/* Registers of BAR 0; others by region. */
uint32_t rig_get(struct rig *r, uint32_t off);
void rig_set(struct rig *r, uint32_t off, uint32_t val);
uint64_t rig_read(struct rig *r, unsigned int region, uint64_t off, size_t len);
void rig_write(struct rig *r, unsigned int region, uint64_t off, uint64_t val, size_t len);
/* Where a capability lies; fails the test if there is none. */
uint32_t rig_cap(struct rig *r, uint8_t id);

/*
 * Zero @size descriptors at offset @at of the memory, and tell the registers at @regs, which
 * lie as the chips have them: base, length, head, tail.
 */
void rig_ring_set(struct rig *r, struct rig_ring *q, uint32_t regs, uint32_t at, uint32_t size);
void rig_ring_tail(struct rig *r, const struct rig_ring *q, uint32_t tail);

/* Steps until nothing moves; not for ever. */
void rig_run(struct rig *r);
/* A frame from the wire, again while the host was busy. True: it was taken. */
bool rig_deliver(struct rig *r, const void *frame, uint32_t len);
uint32_t rig_random(struct rig *r, uint32_t below);

#endif
