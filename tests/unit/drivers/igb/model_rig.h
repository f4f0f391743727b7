// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_rig.h - a model of the 82576 between a wire that remembers and the smallest
 * driver: rings in plain memory, registers by their table, nothing of our own driver.
 */
#ifndef IGB_MODEL_RIG_H
#define IGB_MODEL_RIG_H

#include <leat/bits.h>
#include <leat/model.h>
#include <leat/models.h>

#include "drivers/igb/regs.h"

#include <stdbool.h>
#include <stdint.h>

#define RIG_IOVA	UINT64_C(0x7f0000100000)
#define RIG_MEM		(4u << 20)
#define RIG_BUFS	(1u << 20)	/* buffers from here on, rings below */
#define RIG_SIZE	32		/* descriptors of a ring */
#define RIG_FRAMES	256
#define RIG_VECTORS	10

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
		struct intel_txd	*txd;
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
	bool		busy;		/* a DMA read is put off: the next... */
	unsigned int	busy_after;	/* ...but for so many */
	bool		vf;
	struct rig_ring	rx[IGB_QUEUES], tx[IGB_QUEUES];
	unsigned int	raised[3][RIG_VECTORS];	/* by index and vector */
	unsigned int	errors;
	char		line[LEAT_ERROR_LEN];
};

void rig_open(struct rig *r, const struct leat_model *model, const struct leat_model_opt *opts);
void rig_close(struct rig *r);

uint32_t rig_get(struct rig *r, uint32_t off);
void rig_set(struct rig *r, uint32_t off, uint32_t val);
uint64_t rig_config(struct rig *r, uint64_t off, size_t len);
/* Where a capability lies. */
uint32_t rig_cap(struct rig *r, uint8_t id);

/* Memory mapped, bus mastering on. Then MSI-X on, with a vector for each ring. */
void rig_map(struct rig *r);
void rig_msix(struct rig *r);
/* The whole of it: filters open, both directions on, ring 0 of each. */
void rig_start(struct rig *r);
/* A ring at its place in memory, zeroed and turned on. */
void rig_rx_ring(struct rig *r, unsigned int i);
void rig_tx_ring(struct rig *r, unsigned int i);

uint64_t rig_iova(uint32_t off);
/* A descriptor into the ring, not yet shown. Buffers are places in r->mem. */
void rig_tx_data(struct rig *r, unsigned int i, uint32_t buf, uint32_t len, uint32_t cmd, uint32_t status);
void rig_rx_data(struct rig *r, unsigned int i, uint32_t buf);
void rig_tx_show(struct rig *r, unsigned int i);
void rig_rx_show(struct rig *r, unsigned int i);
/* Steps until nothing moves. */
void rig_run(struct rig *r);

/* Frames from the wire. Returns how many were taken. */
unsigned int rig_deliver(struct rig *r, const void *frame, uint32_t len);

/* Ethernet, IPv4, TCP and four bytes of data: 58 bytes, sums right, to the model's address. */
extern const uint8_t rig_tcp4[58];

#endif
